/* Rules of routes: compiling them, with what is wrong reported at the character, and keeping the
 * table's index in step with its routes. */
#include "resolve/rules.h"

#include <svcroute/error.h>

#include "resolve/parents.h"
#include "resolve/resolver.h"

/* Of many parents: IngressRoutes under each of which a route is indexed. */
enum { HOMES_FEW = 4 };

/* ---- compiling ---- */

/* The program of the same rule of the same object, made before. */
static struct svcr_program *program_before(const struct svcr_resolver *resolver, uint32_t index)
{
    const struct svcr_unit *before = resolver->before;
    if (before == NULL || before->object != resolver->object) {
        return NULL;
    }
    uint32_t low = 0;
    uint32_t high = before->num_routes; /* routes stand in the order of their rules */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (before->routes[middle]->index == index) {
            return before->routes[middle]->program;
        }
        low = before->routes[middle]->index < index ? middle + 1 : low;
        high = before->routes[middle]->index < index ? high : middle;
    }
    return NULL;
}

static void report_rule(struct svcr_resolver *resolver, enum svcr_diag_id id,
                        struct svcr_position at, uint32_t index, const char *field,
                        const char *text)
{
    char path[SVCR_SPOT_MAX];
    svcr_report(resolver, id, 0, resolver->object, at,
                svcr_spot_text((struct svcr_spot){SVCR_SPOT_ROUTE, index, 0}, field, path), "%s",
                text);
}

/* A route with parents gets its requests from them (as in the reference). */
static bool settings_good(struct svcr_resolver *resolver, const struct svcr_rule *rule,
                          uint32_t index)
{
    const struct svcr_ingress_route *object =
        (const struct svcr_ingress_route *)(const void *)resolver->object;
    const char *what = object->parent_refs.num == 0    ? NULL
                       : object->tls.given             ? "tls"
                       : rule->observability.given     ? "observability"
                       : object->entry_points.num != 0 ? "entry points"
                                                       : NULL;
    if (what == NULL) {
        return true;
    }
    char path[SVCR_SPOT_MAX];
    svcr_report(resolver, SVCR_DIAG_CHILD_ROUTE_SETTINGS, 0, resolver->object,
                svcr_object_position(resolver->object, rule->place, 0),
                svcr_spot_text((struct svcr_spot){SVCR_SPOT_ROUTE, index, 0}, "", path),
                "a route with parents cannot have %s of its own, so no request takes it; its "
                "parents' count",
                what);
    return false;
}

bool svcr_rule_compile(struct svcr_resolver *resolver, const struct svcr_rule *rule, uint32_t index,
                       struct svcr_program **program)
{
    *program = NULL;
    if (svcr_allows(resolver, SVCROUTE_POLICY_IGNORE_RULES)) {
        return true;
    }
    svcr_text syntax = svcr_object_text(resolver->object, rule->syntax);
    if (svcr_text_same(syntax, SVCR_TEXT("v2"))) {
        report_rule(resolver, SVCR_DIAG_RULE_SYNTAX_V2,
                    svcr_object_position(resolver->object, rule->place, SVCR_RULE_SYNTAX), index,
                    "syntax",
                    "rules of syntax v2 cannot be matched; leave `syntax` out and write v3: one "
                    "value for each matcher, joined by ||, and HostRegexp(`^.+\\.example\\.com$`) "
                    "in place of {name:pattern}");
        return resolver->error == 0;
    }
    if (!settings_good(resolver, rule, index) || resolver->error != 0) {
        return resolver->error == 0;
    }
    *program = svcr_block_ref(program_before(resolver, index));
    if (*program != NULL) {
        return true;
    }
    struct svcr_rule_fault fault;
    int error = svcr_program_make(program, resolver->context,
                                  svcr_object_text(resolver->object, rule->match), &fault);
    if (error == SVCROUTE_ERR_SYNTAX) {
        report_rule(resolver, SVCR_DIAG_RULE_SYNTAX,
                    svcr_rule_match_position(resolver->object, rule, fault.offset), index, "match",
                    fault.text);
        return resolver->error == 0;
    }
    return error == 0 || svcr_fail(resolver, error);
}

/* ---- indexing ---- */

struct svcr_candidate svcr_candidate_of(const struct svcroute_route *route,
                                        struct svcr_group *holder)
{
    const struct svcr_rule *rule = svcr_entry_route(route)->rule;
    const struct svcr_ingress_route *object = svcr_route_object(svcr_entry_route(route));
    /* While names move from one group to another, "x-2" may be in the index as the second "x" and
     * as itself. */
    bool suffixed = route->entry.name.size != svcr_entry_route(route)->base_name.size;
    return (struct svcr_candidate){
        .priority = rule->priority != 0 ? rule->priority : (int64_t)rule->match.size,
        .length = rule->match.size,
        .marks = (object->tls.given ? SVCR_MARK_TLS : 0U) |
                 (object->entry_points.num == 0 ? SVCR_MARK_ANY_ENTRY : 0U) |
                 (svcr_entry_route(route)->child.kind != 0 ? SVCR_MARK_SERVICE : 0U) |
                 (suffixed ? SVCR_CANDIDATE_SECOND : 0U),
        .name = route->entry.name,
        .program = svcr_entry_route(route)->program,
        .route = route,
        .holder = (struct svcr_block *)holder,
    };
}

typedef int change_index(struct svcroute_context *context, struct svcr_index *index,
                         svcr_text scope, const struct svcr_candidate *candidate);

/* Adds or removes a candidate wherever requests may come from: at the table's door, or from its
 * parents. */
static int change(struct svcroute_context *context, struct svcr_index *index,
                  const struct svcr_candidate *candidate, change_index *step)
{
    const struct svcr_route *route = svcr_entry_route(candidate->route);
    const struct svcr_parents *parents = route->parents;
    if (parents == NULL) {
        return step(context, index, SVCR_TEXT_ABSENT, candidate);
    }
    bool many = svcr_parents_many(parents);
    bool scattered = parents->num_homes > HOMES_FEW;
    int error = scattered ? step(context, index, SVCR_SCOPE_MANY, candidate) : 0;
    for (uint32_t i = 0; error == 0 && !many && i < parents->num; i++) {
        error = step(context, index, svcr_parent_scope(parents, i), candidate);
    }
    for (uint32_t i = 0;
         error == 0 && (!scattered || route->speaks_for_all) && i < parents->num_homes; i++) {
        uint64_t key;
        error = step(context, index, svcr_parents_scope(context, parents->homes[i]->object, &key),
                     candidate);
    }
    return error;
}

/* The index has nothing to forget of a candidate whose successor takes the very places. */
static bool takes_places(const struct svcr_candidate *newer, const struct svcr_candidate *older)
{
    return newer->program == older->program && svcr_candidate_compare(newer, older) == 0 &&
           svcr_entry_route(newer->route)->parents == svcr_entry_route(older->route)->parents &&
           svcr_entry_route(newer->route)->speaks_for_all ==
               svcr_entry_route(older->route)->speaks_for_all;
}

int svcr_rules_replace(struct svcroute_context *context, struct svcr_index *index,
                       const struct svcr_candidate *older, const struct svcr_candidate *newer)
{
    bool add = newer != NULL && newer->program != NULL;
    bool remove = older != NULL && older->program != NULL && !(add && takes_places(newer, older));
    int error = remove ? change(context, index, older, svcr_index_remove) : 0;
    return error == 0 && add ? change(context, index, newer, svcr_index_add) : error;
}

bool svcr_rules_follow(struct svcr_resolver *resolver, struct svcr_group *older,
                       struct svcr_group *newer)
{
    struct svcr_entry_pairs pairs = {older, newer, 0, 0};
    const struct svcr_entry *left, *right;
    int error = 0;
    while (error == 0 && svcr_entry_pairs_next(&pairs, &left, &right)) {
        struct svcr_candidate gone, come;
        if (left != NULL) {
            gone = svcr_candidate_of((const void *)left, older);
        }
        if (right != NULL) {
            come = svcr_candidate_of((const void *)right, newer);
        }
        error = svcr_rules_replace(resolver->context, &resolver->table->rules,
                                   left != NULL ? &gone : NULL, right != NULL ? &come : NULL);
    }
    return error == 0 || svcr_fail(resolver, error);
}
