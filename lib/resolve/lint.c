/* Warnings about rules that are valid, each for itself, and yet look like a mistake. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "base/memory.h"
#include "resolve/doors.h"
#include "resolve/rules.h"
#include "resolve/sort.h"
#include "resolve/table.h"
#include "rule/logic.h"

/* Routes ahead of one that are held against it, if SVCR_LOGIC_LOOKS_MAX for all of them suffice. */
enum { AHEAD_MAX = 64 };

struct lint {
    const struct svcroute_table *table;
    struct svcroute_diags *diags;
    int error;
};

__attribute__((format(printf, 4, 5))) static void warn(struct lint *lint, enum svcr_diag_id id,
                                                       const struct svcroute_route *handle,
                                                       const char *format, ...)
{
    const struct svcr_route *route = svcr_entry_route(handle);
    struct svcr_position at =
        svcr_object_position(route->object, route->rule->place, SVCR_RULE_MATCH);
    char path[SVCR_SPOT_MAX];
    struct svcr_place place = svcr_object_place(route->object);
    place.line = at.line;
    place.column = at.column;
    place.field =
        svcr_spot_text((struct svcr_spot){SVCR_SPOT_ROUTE, route->index, 0}, "match", path);
    va_list arguments;
    va_start(arguments, format);
    struct svcr_diag *diag = svcr_diag_vnew(lint->table->context, id, 0, &place, format, arguments);
    va_end(arguments);
    if (diag == NULL) {
        lint->error = SVCROUTE_ERR_NOMEM;
        return;
    }
    svcr_diags_put(lint->diags, diag);
    svcr_diag_unref(lint->table->context, diag);
}

/* ---- looking around ---- */

/* Every connection that `narrow` may see, `wide` sees too. Takes from *looks what it costs; too
 * much to look at counts as no. */
static bool sees_all(const struct svcr_route *wide, const struct svcr_route *narrow,
                     uint32_t *looks)
{
    const struct svcr_ingress_route *a = svcr_route_object(wide);
    const struct svcr_ingress_route *b = svcr_route_object(narrow);
    const struct svcr_str *some = svcr_object_items(b, b->entry_points);
    bool sees =
        a->tls.given == b->tls.given && (a->entry_points.num == 0 || b->entry_points.num != 0);
    for (uint32_t i = 0; sees && a != b && a->entry_points.num != 0 && i < b->entry_points.num;
         i++) {
        sees = *looks != 0 && svcr_route_has_door(wide, svcr_object_text(b, some[i]));
        *looks -= *looks != 0 ? 1 : 0;
    }
    return sees;
}

/* A route without parents that goes ahead of this one and takes all its requests. */
static const struct svcroute_route *shadow_of(const struct lint *lint,
                                              const struct svcr_candidate *own)
{
    const struct svcroute_table *table = lint->table;
    struct svcr_subject subject; /* the index looks at host and path alone */
    struct svcr_search search = {.skip_programs = true};
    /* Paths begin with "/", whether a rule says so or not. */
    svcr_text path = own->program->anchors[0].path;
    subject.host = own->program->anchors[0].host;
    subject.path = path.size != 0 ? path : SVCR_TEXT("/");
    uint32_t looks = SVCR_LOGIC_LOOKS_MAX;
    for (int i = 0; i < AHEAD_MAX && looks != 0; i++) {
        const struct svcr_candidate *ahead =
            svcr_index_find(table->context, &table->rules, &subject, &search);
        if (ahead == NULL || svcr_candidate_compare(ahead, own) >= 0) {
            return NULL;
        }
        const struct svcr_route *route = svcr_entry_route(ahead->route);
        if (sees_all(route, svcr_entry_route(own->route), &looks) &&
            svcr_program_implies(own->program, ahead->program, &looks) &&
            svcr_route_leads_on(table, ahead)) {
            return ahead->route;
        }
        search.after = ahead;
    }
    return NULL;
}

/* ---- one route ---- */

static void lint_route(struct lint *lint, const struct svcroute_route *handle)
{
    const struct svcr_route *route = svcr_entry_route(handle);
    struct svcr_quoted quoted;
    if (route->program == NULL) {
        return;
    }
    if (svcr_program_never(route->program)) {
        warn(lint, SVCR_DIAG_RULE_NEVER, handle, "no request matches this rule");
        return;
    }
    if (svcr_program_always(route->program)) {
        warn(lint, SVCR_DIAG_RULE_ALWAYS, handle,
             "every request matches this rule; PathPrefix(`/`) says so where it is meant");
    }
    if (route->child.kind != 0 && svcr_route_is_parent(lint->table, route)) {
        warn(lint, SVCR_DIAG_PARENT_WITH_SERVICE, handle,
             "the route has a service and others name it as their parent; no request takes it");
        return;
    }
    if (route->parents == NULL) {
        struct svcr_candidate own = svcr_candidate_of(handle, NULL);
        const struct svcroute_route *shadow = shadow_of(lint, &own);
        if (shadow != NULL) {
            warn(lint, SVCR_DIAG_RULE_SHADOWED, handle,
                 "no request reaches this route: route %s goes ahead and takes all of them",
                 svcr_quote(&quoted, shadow->entry.name));
        }
    }
}

/* ---- hosts ---- */

struct use { /* of a host */
    svcr_text host;
    const struct svcroute_route *route;
};

static int use_order(const void *a, const void *b)
{
    const struct use *left = a;
    const struct use *right = b;
    int order = svcr_text_compare(left->host, right->host);
    return order != 0 ? order
                      : svcr_text_compare(left->route->entry.name, right->route->entry.name);
}

static bool has_root(const struct lint *lint, const struct use *use)
{
    const struct svcroute_table *table = lint->table;
    struct svcr_subject subject;
    struct svcr_search search = {.skip_programs = true};
    subject.host = use->host;
    subject.path = SVCR_TEXT("/");
    return svcr_index_find(table->context, &table->rules, &subject, &search) != NULL;
}

/* Fills `uses`, unless that is NULL, with the hosts that routes without parents name; their number.
 */
static size_t uses_list(const struct svcr_entry *const *routes, size_t num, struct use *uses)
{
    size_t num_uses = 0;
    for (size_t i = 0; i < num; i++) {
        const struct svcroute_route *handle = (const void *)routes[i];
        const struct svcr_route *route = svcr_entry_route(handle);
        bool counts =
            route->program != NULL && route->parents == NULL && !svcr_program_never(route->program);
        for (uint32_t j = 0; counts && j < route->program->num_anchors; j++) {
            svcr_text host = route->program->anchors[j].host;
            if (host.size != 0) {
                if (uses != NULL) {
                    uses[num_uses] = (struct use){host, handle};
                }
                num_uses++;
            }
        }
    }
    return num_uses;
}

static void lint_hosts(struct lint *lint, const struct svcr_entry *const *routes, size_t num)
{
    struct svcroute_context *context = lint->table->context;
    size_t num_uses = uses_list(routes, num, NULL);
    size_t room = num_uses + 1;
    struct use *uses = svcr_zalloc(context, room * sizeof(*uses));
    const void **sorted = svcr_zalloc(context, 2 * room * sizeof(*sorted));
    if (uses != NULL && sorted != NULL) {
        uses_list(routes, num, uses);
        for (size_t i = 0; i < num_uses; i++) {
            sorted[i] = &uses[i];
        }
        svcr_sort(sorted, sorted + num_uses, num_uses, use_order);
        svcr_text before = SVCR_TEXT_ABSENT;
        for (size_t i = 0; i < num_uses; i++) {
            const struct use *use = sorted[i];
            struct svcr_quoted quoted;
            if (!svcr_text_same(use->host, before) && !has_root(lint, use)) {
                warn(lint, SVCR_DIAG_HOST_WITHOUT_ROOT, use->route,
                     "no route takes the path / of host %s", svcr_quote(&quoted, use->host));
            }
            before = use->host;
        }
    }
    lint->error = uses != NULL && sorted != NULL ? lint->error : SVCROUTE_ERR_NOMEM;
    svcr_release(context, uses, room * sizeof(*uses));
    svcr_release(context, (void *)sorted, 2 * room * sizeof(*sorted));
}

int svcroute_table_lint(const struct svcroute_table *table, struct svcroute_diags *diags)
{
    if (table == NULL || diags == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    size_t num = table->num_routes;
    const struct svcr_entry **routes = svcr_entries_sorted(table, &table->routes, num);
    if (routes == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct lint lint = {.table = table, .diags = diags};
    for (size_t i = 0; i < num && lint.error == 0; i++) {
        lint_route(&lint, (const struct svcroute_route *)(const void *)routes[i]);
    }
    lint_hosts(&lint, routes, num);
    svcr_release(table->context, (void *)routes, (num + 1) * sizeof(*routes));
    return lint.error;
}
