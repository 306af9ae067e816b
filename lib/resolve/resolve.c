/* Resolving: which units have to be made anew, in which order, and the new table that they make.
 *
 * A full run makes every unit. An incremental one starts from the previous table and from the
 * store's list of changes: changed objects, and the units whose references lead to a changed one.
 * TraefikServices are made children first, since in the default profile parents depend on what
 * became of their children; so what leads up to a changed one is looked at as well, but made anew
 * only if a child's standing has changed. */
#include "resolve/resolver.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "resolve/sort.h"
#include "resolve/table.h"

/* ---- collecting work ---- */

static bool is_unit(const struct svcr_entity *entity)
{
    return entity->kind == SVCROUTE_KIND_INGRESS_ROUTE ||
           entity->kind == SVCROUTE_KIND_TRAEFIK_SERVICE;
}

/* The work of an entity, made on first use; NULL: the run ends. */
static struct svcr_work *work_get(struct svcr_resolver *resolver, struct svcr_entity *entity)
{
    struct svcr_work *work = entity->mark;
    if (work != NULL) {
        return work;
    }
    work = svcr_arena_zalloc(&resolver->arena, 1, sizeof(*work));
    if (work == NULL || !svcr_list_add(resolver, &resolver->works, work)) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    work->entity = entity;
    struct svcr_owner owner = svcr_owner_of_entity(entity);
    work->previous = svcr_unit_find(resolver->previous, &owner);
    entity->mark = work;
    return work;
}

static bool work_due(struct svcr_resolver *resolver, struct svcr_entity *entity)
{
    struct svcr_work *work = work_get(resolver, entity);
    if (work != NULL) {
        work->due = true;
    }
    return work != NULL;
}

/* Makes work of the units that refer to an entity. `kind` restricts them; 0: both kinds. */
static bool referrers_due(struct svcr_resolver *resolver, const struct svcr_entity *entity)
{
    for (const struct svcr_edge *edge = entity->referrers; edge != NULL; edge = edge->next) {
        if (is_unit(edge->from) && !work_due(resolver, edge->from)) {
            return false;
        }
    }
    return true;
}

static bool collect_all(struct svcr_resolver *resolver)
{
    struct svcr_entity *entity = NULL;
    while ((entity = svcr_store_next(resolver->store, entity)) != NULL) {
        if (is_unit(entity) && entity->object != NULL && !work_due(resolver, entity)) {
            return false;
        }
    }
    return true;
}

/* Members of cycles are looked at again whenever a TraefikService changes: taking one reference
 * away may free members that no longer lead to the changed one. */
static bool collect_cycle(void *user, struct svcr_block *block)
{
    struct svcr_resolver *resolver = user;
    const struct svcr_unit *unit = (const struct svcr_unit *)(void *)block;
    if (!unit->on_cycle) {
        return true;
    }
    struct svcr_entity *entity = svcr_store_find(resolver->store, unit->owner->kind,
                                                 unit->owner->namespace_, unit->owner->name);
    return entity == NULL || work_due(resolver, entity);
}

static bool collect_changes(struct svcr_resolver *resolver)
{
    bool tree_changed = false;
    struct svcr_entity *entity = resolver->store->newest;
    for (; entity != NULL && entity->changed > resolver->previous->version;
         entity = entity->older) {
        if (is_unit(entity) && !work_due(resolver, entity)) {
            return false;
        }
        if (entity->kind == SVCROUTE_KIND_TRAEFIK_SERVICE) {
            tree_changed = true;
        } else if (!referrers_due(resolver, entity)) {
            return false;
        }
    }
    if (tree_changed && resolver->previous->num_cycles != 0) {
        svcr_trie_walk(&resolver->previous->units, collect_cycle, resolver);
    }
    return resolver->error == 0;
}

/* Adds the TraefikServices that lead to one that is work already; the list grows while it is
 * walked. */
static bool collect_upward(struct svcr_resolver *resolver)
{
    for (size_t i = 0; i < resolver->works.num; i++) {
        const struct svcr_work *work = resolver->works.items[i];
        const struct svcr_edge *edge = work->entity->referrers;
        for (; edge != NULL && work->entity->kind == SVCROUTE_KIND_TRAEFIK_SERVICE;
             edge = edge->next) {
            if (edge->from->kind == SVCROUTE_KIND_TRAEFIK_SERVICE &&
                work_get(resolver, edge->from) == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* ---- making ---- */

/* Carries a unit over into the new table. */
static int put_unit(struct svcr_resolver *resolver, const struct svcr_work *work)
{
    struct svcroute_table *table = resolver->table;
    table->num_cycles -= work->previous != NULL && work->previous->on_cycle ? 1 : 0;
    table->num_cycles += work->made != NULL && work->made->on_cycle ? 1 : 0;
    if (work->made != NULL) {
        return svcr_trie_put(resolver->context, &table->units, &work->made->head, svcr_unit_match,
                             work->made->owner);
    }
    return svcr_trie_remove(resolver->context, &table->units, work->previous->head.hash,
                            svcr_unit_match, work->previous->owner);
}

/* Makes a unit and does all that is to be done with it while it is in the caches. */
static bool make_work(struct svcr_resolver *resolver, struct svcr_work *work)
{
    if (!svcr_unit_make(resolver, work)) {
        return false;
    }
    if (work->made == work->previous) {
        return true;
    }
    int error = put_unit(resolver, work);
    svcr_block_unref(resolver->context, work->made); /* the table has it now */
    if (error != 0) {
        return svcr_fail(resolver, error);
    }
    bool speaks = work->made != NULL && svcr_unit_speaks(work->made);
    return (!speaks || svcr_list_add(resolver, &resolver->speaking, work)) &&
           svcr_names_gather(resolver, work);
}

static bool standing_same(const struct svcr_unit *a, const struct svcr_unit *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->available == b->available && a->depth == b->depth && a->mirrors == b->mirrors;
}

static bool make_tree_work(struct svcr_resolver *resolver, struct svcr_work *work)
{
    bool was_on_cycle = work->previous != NULL && work->previous->on_cycle;
    if (!work->due && work->on_cycle == was_on_cycle) {
        work->done = true;
        work->made = work->previous;
        return true;
    }
    return make_work(resolver, work) &&
           (standing_same(work->previous, work->made) || referrers_due(resolver, work->entity));
}

static bool make_works(struct svcr_resolver *resolver)
{
    struct svcr_list_of order = {0};
    bool good = collect_upward(resolver) && svcr_graph_order(resolver, &order);
    for (size_t i = 0; good && i < order.num; i++) {
        good = make_tree_work(resolver, order.items[i]);
    }
    svcr_list_free(resolver, &order);
    for (size_t i = 0; good && i < resolver->works.num; i++) {
        struct svcr_work *work = resolver->works.items[i];
        if (work->entity->kind == SVCROUTE_KIND_INGRESS_ROUTE) {
            good = make_work(resolver, work);
        }
    }
    return good;
}

/* ---- diagnostics ---- */

static int work_order(const void *a, const void *b)
{
    return svcr_entity_compare(((const struct svcr_work *)a)->entity,
                               ((const struct svcr_work *)b)->entity);
}

void svcr_unit_put_diags(const struct svcr_unit *unit, struct svcroute_diags *diags)
{
    for (uint32_t i = 0; i < unit->num_diags; i++) {
        svcr_diags_put(diags, unit->diags[i]);
    }
    for (uint32_t i = 0; i < unit->num_services; i++) {
        const struct svcr_backend *backend = unit->services[i]->backend;
        for (uint32_t j = 0; backend != NULL && j < backend->num_diags; j++) {
            svcr_diags_put(diags, backend->diags[j]);
        }
    }
}

/* Hands over what the units made anew have to say, in the order of the objects. */
static bool hand_over_diags(struct svcr_resolver *resolver)
{
    size_t num = resolver->speaking.num;
    const void **works = svcr_arena_zalloc(&resolver->arena, 2 * num + 1, sizeof(*works));
    if (works == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    for (size_t i = 0; i < num; i++) {
        works[i] = resolver->speaking.items[i];
    }
    svcr_sort(works, works + num, num, work_order);
    for (size_t i = 0; i < num; i++) {
        svcr_unit_put_diags(((const struct svcr_work *)works[i])->made, resolver->diags);
    }
    return true;
}

bool svcr_unit_speaks(const struct svcr_unit *unit)
{
    bool speaks = unit->num_diags != 0;
    for (uint32_t i = 0; !speaks && i < unit->num_services; i++) {
        speaks = unit->services[i]->backend != NULL && unit->services[i]->backend->num_diags != 0;
    }
    return speaks;
}

static struct svcroute_table *table_new(struct svcroute_store *store,
                                        const struct svcroute_policy *policy)
{
    struct svcroute_table *table = svcr_zalloc(store->context, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    svcr_refs_init(&table->refs);
    table->context = svcroute_context_ref(store->context);
    table->identity = svcr_store_identity_ref(store->identity);
    table->version = store->version;
    table->policy = svcr_policy_copy(store->context, policy);
    if (table->policy == NULL) {
        svcroute_table_unref(table);
        return NULL;
    }
    return table;
}

/* Whether a table can be brought up to date, or everything has to be made. */
static bool can_continue(const struct svcroute_table *previous, const struct svcroute_store *store,
                         const struct svcroute_policy *policy)
{
    return previous != NULL && previous->identity == store->identity &&
           previous->version >= store->floor && svcr_policy_same(previous->policy, policy);
}

static void resolver_close(struct svcr_resolver *resolver)
{
    for (size_t i = 0; i < resolver->works.num; i++) {
        const struct svcr_work *work = resolver->works.items[i];
        work->entity->mark = NULL;
    }
    for (size_t i = 0; i < resolver->unit_diags.num; i++) {
        svcr_diag_unref(resolver->context, resolver->unit_diags.items[i]);
    }
    svcr_backend_forget(resolver);
    svcr_names_close(resolver);
    svcr_list_free(resolver, &resolver->works);
    svcr_list_free(resolver, &resolver->speaking);
    svcr_list_free(resolver, &resolver->routes);
    svcr_list_free(resolver, &resolver->services);
    svcr_list_free(resolver, &resolver->unit_diags);
    svcr_list_free(resolver, &resolver->backend_diags);
    svcr_buffer_free(&resolver->text);
    svcr_arena_clear(&resolver->unit_arena);
    svcr_arena_clear(&resolver->arena);
}

static int run(struct svcroute_table *table, struct svcroute_store *store,
               const struct svcroute_table *previous, struct svcroute_diags *diags)
{
    struct svcr_resolver resolver = {
        .context = store->context,
        .store = store,
        .policy = table->policy,
        .previous = previous,
        .table = table,
        .diags = diags,
        .traefik = table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3,
    };
    svcr_arena_init(&resolver.arena, store->context);
    svcr_arena_init(&resolver.unit_arena, store->context);
    svcr_buffer_init(&resolver.text, store->context);
    if (previous != NULL) {
        table->units = svcr_trie_share(&previous->units);
        table->routes = svcr_trie_share(&previous->routes);
        table->services = svcr_trie_share(&previous->services);
        table->rules = svcr_index_share(&previous->rules);
        table->num_routes = previous->num_routes;
        table->num_services = previous->num_services;
        table->num_cycles = previous->num_cycles;
    }
    bool good = svcr_names_open(&resolver) &&
                (previous != NULL ? collect_changes(&resolver) : collect_all(&resolver)) &&
                make_works(&resolver) && hand_over_diags(&resolver) && svcr_names_settle(&resolver);
    svcr_log(store->context, SVCROUTE_LOG_DEBUG, "resolved %zu objects: %zu routes, %zu services",
             resolver.works.num, table->num_routes, table->num_services);
    resolver_close(&resolver);
    return good ? 0 : resolver.error;
}

int svcroute_resolve(struct svcroute_table **out, struct svcroute_store *store,
                     const struct svcroute_policy *policy, struct svcroute_table *previous,
                     struct svcroute_diags *diags)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (store == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_table *table = table_new(store, policy);
    if (table == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (!can_continue(previous, store, table->policy)) {
        previous = NULL;
    } else if (previous->version == store->version) {
        svcroute_table_unref(table);
        *out = svcroute_table_ref(previous);
        return 0;
    }
    int error = run(table, store, previous, diags);
    if (error != 0) {
        svcroute_table_unref(table);
        return error;
    }
    *out = table;
    return 0;
}
