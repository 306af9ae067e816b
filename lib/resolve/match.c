/* Matching by a table: which of its routes does a request take.
 *
 * The index (lib/rule) finds rules; here it is settled which routes take part at all. As in the
 * reference a route with parents is asked only behind one of them and brings no entry points, tls
 * or observability of its own; a route leads either to a service or to routes below it. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "base/context.h"
#include "base/memory.h"
#include "resolve/doors.h"
#include "resolve/parents.h"
#include "resolve/rules.h"
#include "resolve/table.h"

/* Many parents that were looked for, which routes of one object share. */
struct seen {
    const struct svcr_parents *last;
    bool there;
    uint32_t looks; /* still to be had */
};

struct asking {
    const struct svcroute_table *table;
    const struct svcroute_route *parent; /* NULL: routes without parents */
    svcr_text entry_point;
    uint32_t flags; /* enum svcroute_match_flag */
    struct seen *seen;
};

/* ---- which routes take part ---- */

/* A route without parents. Most are settled by marks: each further look costs a fetch from memory.
 */
static bool root_fits(const struct asking *asking, const struct svcr_candidate *candidate)
{
    uint32_t unwanted =
        (candidate->marks & SVCR_MARK_TLS) != 0 ? SVCROUTE_MATCH_PLAIN : SVCROUTE_MATCH_TLS;
    return (asking->flags & unwanted) == 0 &&
           (asking->entry_point.size == 0 || (candidate->marks & SVCR_MARK_ANY_ENTRY) != 0 ||
            svcr_route_has_door(svcr_entry_route(candidate->route), asking->entry_point));
}

/* A route with parents: all of them must be there, and one is the route that was found. Where they
 * are many, whether they are there is asked once the rule matches. */
static bool child_fits(const struct asking *asking, const struct svcr_route *route)
{
    bool found = false;
    if (svcr_parents_many(route->parents)) {
        return svcr_parents_have(asking->table, route->parents, svcr_entry_route(asking->parent));
    }
    for (uint32_t i = 0; i < route->parents->num; i++) {
        const struct svcroute_route *parent = svcr_parent_route(asking->table, route->parents, i);
        if (parent == NULL) {
            return false;
        }
        found = found || parent == asking->parent;
    }
    return found;
}

static bool many_there(const struct asking *asking, const struct svcr_parents *parents)
{
    struct seen *seen = asking->seen;
    if (seen->last != parents) {
        seen->there = svcr_parents_there(asking->table, parents, &seen->looks);
        seen->last = parents;
    }
    return seen->there;
}

/* What one request may cost in these. */
enum { PARENT_LOOKS_MAX = 65536, REFUSED_LOOKS_MAX = 4096 };

/* Profile traefik-v3: a service that the reference does not build takes all above it down. What is
 * left after so many looks counts as good. */
static bool service_refused(const struct svcroute_table *table,
                            const struct svcroute_service *handle, uint32_t levels, uint32_t *looks)
{
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    bool refused = service->wrong || service->depth == 0;
    for (uint32_t i = 0; !refused && levels != 0 && i < service->num_children && *looks != 0; i++) {
        const struct svcr_child *child = &service->children[i];
        const struct svcroute_service *below = svcr_child_service(table, child);
        --*looks;
        refused = below != NULL ? service_refused(table, below, levels - 1, looks)
                                : child->kind != SVCR_CHILD_PROVIDER;
    }
    return refused;
}

bool svcr_route_is_parent(const struct svcroute_table *table, const struct svcr_route *route)
{
    const struct svcr_index *index = &table->rules;
    struct svcr_writers writers = svcr_writers_of(table, route);
    const struct svcr_object *object;
    uint64_t key;
    bool found = svcr_index_has_scope(table->context, index, svcr_route_scope(table, route));
    while (!found && (object = svcr_writers_next(&writers)) != NULL) {
        found = svcr_index_has_scope(table->context, index,
                                     svcr_parents_scope(table->context, object, &key));
    }
    return found;
}

bool svcr_route_leads_on(const struct svcroute_table *table, const struct svcr_candidate *candidate)
{
    bool service = (candidate->marks & SVCR_MARK_SERVICE) != 0;
    bool traefik = table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3;
    if (service && !traefik && !svcr_index_has_scopes(&table->rules)) {
        return true;
    }
    const struct svcr_route *route = svcr_entry_route(candidate->route);
    bool parent = svcr_route_is_parent(table, route);
    if (!traefik || !service || parent) {
        return service != parent;
    }
    const struct svcroute_service *below = svcr_child_service(table, &route->child);
    uint32_t looks = REFUSED_LOOKS_MAX;
    return below == NULL ? route->child.kind == SVCR_CHILD_PROVIDER
                         : !service_refused(table, below, table->context->limits.nesting, &looks);
}

static bool allow(const void *user, const struct svcr_candidate *candidate)
{
    const struct asking *asking = user;
    return asking->parent != NULL ? child_fits(asking, svcr_entry_route(candidate->route))
                                  : root_fits(asking, candidate);
}

static bool accept(const void *user, const struct svcr_candidate *candidate)
{
    const struct asking *asking = user;
    const struct svcr_parents *parents = svcr_entry_route(candidate->route)->parents;
    return svcr_route_leads_on(asking->table, candidate) &&
           (parents == NULL || !svcr_parents_many(parents) || many_there(asking, parents));
}

/* ---- the calls ---- */

/* Reads a request, and what rules look at in it, which borrows from `own`. */
static int request_read(const struct svcroute_table *table, struct svcroute_match_request *own,
                        const struct svcroute_match_request *request, struct svcr_subject *subject)
{
    int error = request == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_read(own, sizeof(*own), request,
                                       SVCR_SIZE_UP_TO(struct svcroute_match_request, reserved),
                                       SVCROUTE_MATCH_TLS | SVCROUTE_MATCH_PLAIN);
    if (error == 0 && own->headers == NULL && own->num_headers != 0) {
        error = SVCROUTE_ERR_INVALID;
    }
    bool traefik = table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3;
    return error == 0 ? svcr_subject_make(subject, own, traefik) : error;
}

/* In a scope, what goes ahead of the best so far. */
static void find_better(const struct svcr_index *index, struct svcr_subject *subject,
                        struct svcr_search *search, const struct svcroute_table *table,
                        svcr_text scope, const struct svcr_candidate **best)
{
    search->scope = scope;
    const struct svcr_candidate *found = svcr_index_find(table->context, index, subject, search);
    if (found != NULL && (*best == NULL || svcr_candidate_compare(found, *best) < 0)) {
        *best = found;
    }
}

/* Among the routes below one. */
static const struct svcr_candidate *find_below(const struct svcr_route *parent,
                                               const struct svcr_index *index,
                                               struct svcr_subject *subject,
                                               struct svcr_search *search,
                                               const struct svcroute_table *table)
{
    struct svcr_writers writers = svcr_writers_of(table, parent);
    const struct svcr_candidate *best = NULL;
    const struct svcr_object *object;
    uint64_t key;
    find_better(index, subject, search, table, svcr_route_scope(table, parent), &best);
    while ((object = svcr_writers_next(&writers)) != NULL) {
        find_better(index, subject, search, table, svcr_parents_scope(table->context, object, &key),
                    &best);
    }
    find_better(index, subject, search, table, SVCR_SCOPE_MANY, &best);
    return best;
}

int svcr_rules_find(const struct svcroute_table *table, const struct svcr_index *index,
                    const struct svcroute_route *parent, const struct svcr_candidate *after,
                    const struct svcroute_match_request *request,
                    const struct svcr_candidate **found)
{
    struct svcroute_match_request own;
    struct svcr_subject subject;
    int error = request_read(table, &own, request, &subject);
    if (error != 0) {
        return error;
    }
    struct seen seen = {.looks = PARENT_LOOKS_MAX};
    struct asking asking = {table, parent, own.entry_point, own.flags, &seen};
    struct svcr_search search = {
        .after = after,
        .allow = allow,
        .accept = accept,
        .user = &asking,
    };
    *found = parent == NULL ? svcr_index_find(table->context, index, &subject, &search)
                            : find_below(svcr_entry_route(parent), index, &subject, &search, table);
    return *found != NULL ? 0 : SVCROUTE_ERR_NOT_FOUND;
}

static int match(const struct svcroute_table *table, const struct svcroute_route *parent,
                 const struct svcroute_route *after, const struct svcroute_match_request *request,
                 const struct svcroute_route **route)
{
    const struct svcr_candidate *found = NULL;
    struct svcr_candidate behind;
    if (route == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *route = NULL;
    if (table == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (after != NULL) {
        behind = svcr_candidate_of(after, NULL);
    }
    int error = svcr_rules_find(table, &table->rules, parent, after != NULL ? &behind : NULL,
                                request, &found);
    *route = error == 0 ? found->route : NULL;
    return error;
}

int svcroute_table_match(const struct svcroute_table *table,
                         const struct svcroute_match_request *request,
                         const struct svcroute_route **route)
{
    return match(table, NULL, NULL, request, route);
}

int svcroute_table_match_child(const struct svcroute_table *table,
                               const struct svcroute_route *parent,
                               const struct svcroute_match_request *request,
                               const struct svcroute_route **route)
{
    return match(parent != NULL ? table : NULL, parent, NULL, request, route);
}

int svcroute_table_match_next(const struct svcroute_table *table,
                              const struct svcroute_route *route,
                              const struct svcroute_match_request *request,
                              const struct svcroute_route **next)
{
    return match(route != NULL ? table : NULL, NULL, route, request, next);
}

int svcroute_route_match(const struct svcroute_table *table, const struct svcroute_route *handle,
                         const struct svcroute_match_request *request,
                         struct svcroute_match_info *info)
{
    struct svcroute_match_request own;
    struct svcr_subject subject;
    int error = table == NULL || handle == NULL || info == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_match_info, offset));
    error = error == 0 ? request_read(table, &own, request, &subject) : error;
    if (error != 0) {
        return error;
    }
    const struct svcr_route *route = svcr_entry_route(handle);
    if (route->program == NULL) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_test *decided = NULL;
    struct svcroute_match_info answer = {
        .matched = svcr_program_run(route->program, &subject, &decided) ? 1 : 0,
        .offset = decided->offset,
    };
    svcr_text rule = svcr_object_text(route->object, route->rule->match);
    answer.matcher = (svcr_text){rule.data + decided->offset, decided->size};
    svcr_struct_write(info, &answer, sizeof(answer));
    return 0;
}
