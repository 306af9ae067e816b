/* Staging an update: what differs between two tables, in terms of pools.
 *
 * The tries of the two tables give the names whose groups differ. An entry that is there under the
 * same name with the same tuple keeps its pool. What is left on both sides is paired by tuple (a
 * name may have moved), then by where it stands: the same object refers to the same (kind,
 * namespace, name, port), so only settings changed. Services without a partner come and go.
 *
 * Parents of what leaves or bears another name now have to be looked at, although nothing in their
 * own documents changed, and so do those that wait for a name that appeared or changed hands. */
#include "balance/swap.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"
#include "resolve/rules.h"

/* One entry that lost its partner of the same name. */
struct single {
    struct single *next;      /* in the list of its side */
    struct single *chain;     /* with the same key in the table of partners */
    struct svcr_group *group; /* of the entry */
    const struct svcr_entry *entry;
    struct svcr_pool *pool; /* of an old one; of a new one: when found */
    bool paired;
};

struct comparing {
    struct svcr_swap *swap;
    bool routes;
    struct single *old, **old_end;
    struct single *new, **new_end;
    size_t num_old, num_new;
};

static bool fail(struct svcr_swap *swap, int error)
{
    swap->error = error;
    return false;
}

static const struct svcr_tree_service *service_of(const struct svcr_entry *entry)
{
    return svcr_entry_service((const void *)entry);
}

/* ---- lists of pools ---- */

/* Puts a pool among those to look at; `entry` NULL: look it up in the table to come. */
static void add(struct svcr_swap *swap, struct svcr_pool *pool, const struct svcr_entry *entry)
{
    if ((pool->flags & (SVCR_POOL_WORK | SVCR_POOL_LEAVING)) != 0) {
        return;
    }
    if (entry == NULL) {
        entry = svcr_entry_find(swap->table,
                                pool->route ? &swap->table->routes : &swap->table->services,
                                pool->layout->name);
    }
    uint32_t level = pool->route ? swap->num_levels - 1 : service_of(entry)->depth;
    if (level >= swap->num_levels) {
        level = swap->num_levels - 1;
    }
    pool->flags |= SVCR_POOL_WORK;
    pool->entry = entry;
    pool->next_staged = swap->levels[level];
    swap->levels[level] = pool;
    swap->lowest = level < swap->lowest ? level : swap->lowest;
}

static void add_parents(struct svcr_swap *swap, const struct svcr_pool *pool)
{
    for (const struct svcr_link *link = pool->parents; link != NULL; link = link->next) {
        add(swap, link->parent, NULL);
    }
}

static void leave(struct svcr_swap *swap, struct svcr_pool *pool)
{
    pool->flags |= SVCR_POOL_LEAVING;
    pool->next_staged = swap->leaving;
    swap->leaving = pool;
    swap->num_leaving++;
}

static struct svcr_pool *pool_make(struct svcr_swap *swap, bool route)
{
    struct svcr_slots *slots = &swap->balancer->pools;
    struct svcr_pool *pool = svcr_pool_new(swap->context);
    swap->error = pool == NULL ? SVCROUTE_ERR_NOMEM : svcr_slots_reserve(swap->context, slots, 1);
    if (swap->error != 0) {
        svcr_pool_unref(swap->context, pool);
        return NULL;
    }
    pool->route = route;
    /* In traefik-v3 nobody gets in until all below is known to be right: a circle never is. */
    atomic_init(&pool->state, swap->balancer->core->traefik ? SVCR_STATE_REFUSED : 0);
    pool->flags = SVCR_POOL_NEW;
    pool->slot = svcr_slots_take(slots, pool);
    pool->generation = slots->items[pool->slot].generation;
    return pool;
}

/* ---- names ---- */

static struct svcr_trie *names(struct svcr_swap *swap, bool routes)
{
    return routes ? &swap->plan->routes : &swap->plan->services;
}

static bool name_put(struct svcr_swap *swap, const struct svcr_pool *pool, svcr_text name)
{
    swap->renamed = true;
    swap->error = svcr_label_put(swap->context, names(swap, pool->route), name,
                                 svcr_handle(pool->slot, pool->generation));
    return swap->error == 0;
}

static struct svcr_pool *pool_named(struct svcr_swap *swap, bool routes, svcr_text name)
{
    struct svcr_plan *plan = swap->balancer->plan;
    uint64_t handle =
        svcr_label_find(swap->context, routes ? &plan->routes : &plan->services, name);
    return svcr_slots_find(&swap->balancer->pools, handle);
}

/* ---- groups that differ ---- */

static bool single_add(struct comparing *comparing, struct svcr_group *group,
                       const struct svcr_entry *entry, bool old)
{
    struct svcr_swap *swap = comparing->swap;
    struct single *single = svcr_arena_alloc(&swap->arena, sizeof(*single));
    if (single == NULL) {
        return fail(swap, SVCROUTE_ERR_NOMEM);
    }
    *single = (struct single){.group = group, .entry = entry};
    if (old) {
        single->pool = pool_named(swap, comparing->routes, entry->name);
        *comparing->old_end = single;
        comparing->old_end = &single->next;
        comparing->num_old++;
    } else {
        *comparing->new_end = single;
        comparing->new_end = &single->next;
        comparing->num_new++;
    }
    return true;
}

static const struct svcroute_route *route_of(const struct svcr_entry *entry)
{
    return (const struct svcroute_route *)(const void *)entry;
}

/* Brings the plan's index from one version of a route to the next; either may be NULL. */
static bool index_replace(struct svcr_swap *swap, struct svcr_group *old_group,
                          const struct svcr_entry *older, struct svcr_group *new_group,
                          const struct svcr_entry *newer, const struct svcr_pool *pool)
{
    struct svcr_candidate old, new;
    if (older != NULL) {
        old = svcr_candidate_of(route_of(older), old_group);
    }
    if (newer != NULL) {
        new = svcr_candidate_of(route_of(newer), new_group);
        new.handle = svcr_handle(pool->slot, pool->generation);
    }
    int error = svcr_rules_replace(swap->context, &swap->plan->rules, older != NULL ? &old : NULL,
                                   newer != NULL ? &new : NULL);
    return error == 0 || fail(swap, error);
}

/* Two entries of one name. */
static bool meet(struct comparing *comparing, struct svcr_group *old_group,
                 const struct svcr_entry *older, struct svcr_group *new_group,
                 const struct svcr_entry *newer)
{
    struct svcr_swap *swap = comparing->swap;
    bool same =
        comparing->routes || svcr_tree_service_same_tuple(service_of(older), service_of(newer));
    if (!same) {
        return single_add(comparing, old_group, older, true) &&
               single_add(comparing, new_group, newer, false);
    }
    struct svcr_pool *pool = pool_named(swap, comparing->routes, newer->name);
    if (comparing->routes) {
        const struct svcr_route *a = svcr_entry_route(route_of(older));
        const struct svcr_route *b = svcr_entry_route(route_of(newer));
        swap->rerouted = swap->rerouted || !svcr_route_takes_same(a, b) || !svcr_route_equal(a, b);
        if (!index_replace(swap, old_group, older, new_group, newer, pool)) {
            return false;
        }
    }
    /* Where a route or a parent leads is seen when its layout is made. */
    if (comparing->routes || service_of(newer)->type != SVCROUTE_SERVICE_LOAD_BALANCER ||
        !svcr_tree_service_equal(service_of(older), service_of(newer))) {
        add(swap, pool, newer);
    }
    return true;
}

/* Notes a group's name if somebody may wait for it. */
static bool news_add(struct svcr_swap *swap, svcr_text name)
{
    struct svcr_news *news = svcr_arena_alloc(&swap->arena, sizeof(*news));
    if (news == NULL) {
        return fail(swap, SVCROUTE_ERR_NOMEM);
    }
    *news = (struct svcr_news){swap->news, name};
    swap->news = news;
    return true;
}

static bool differ(void *user, struct svcr_block *older, struct svcr_block *newer)
{
    struct comparing *comparing = user;
    struct svcr_group *a = (struct svcr_group *)(void *)older;
    struct svcr_group *b = (struct svcr_group *)(void *)newer;
    struct svcr_entry_pairs pairs = {a, b, 0, 0};
    const struct svcr_entry *left, *right;
    bool waited = comparing->swap->balancer->waiting.num != 0 && !comparing->routes;
    bool good = !waited || b == NULL || news_add(comparing->swap, b->name);
    while (good && svcr_entry_pairs_next(&pairs, &left, &right)) {
        good = left != NULL && right != NULL ? meet(comparing, a, left, b, right)
               : left != NULL                ? single_add(comparing, a, left, true)
                                             : single_add(comparing, b, right, false);
    }
    return good;
}

/* ---- pairing ---- */

struct pairing {
    uint64_t (*hash)(const struct svcroute_context *context, const struct svcr_tree_service *of);
    bool (*same)(const struct svcr_tree_service *a, const struct svcr_tree_service *b);
};

static uint64_t tuple_hash(const struct svcroute_context *context,
                           const struct svcr_tree_service *service)
{
    /* Equal tuples have equal base names; with them routes' own services spread. */
    return svcr_hash_mix(svcr_tree_service_tuple_hash(context, service), service->head.hash);
}

/* Name of the object that a reference stands in; one that has only a generated name has none. */
static svcr_text owner_name(const struct svcr_tree_service *service)
{
    return svcr_object_text(service->object, svcr_object_meta(service->object)->name);
}

static svcr_text owner_namespace(const struct svcr_tree_service *service)
{
    return svcr_object_text(service->object, svcr_object_meta(service->object)->namespace_);
}

static void hash_text(uint64_t *hash, svcr_text text)
{
    *hash = svcr_hash(*hash, text.data, text.size);
}

static uint64_t place_hash(const struct svcroute_context *context,
                           const struct svcr_tree_service *service)
{
    uint64_t hash = context->hash_seed + service->object->kind;
    hash_text(&hash, owner_namespace(service));
    hash_text(&hash, owner_name(service));
    hash = svcr_hash_mix(hash, service->type * 16 + service->kind);
    hash_text(&hash, service->namespace_);
    hash_text(&hash, service->name);
    hash_text(&hash, service->port);
    return hash;
}

static bool place_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    return a->object->kind == b->object->kind && a->type == b->type && a->kind == b->kind &&
           a->own_of_route == b->own_of_route && svcr_text_same(a->namespace_, b->namespace_) &&
           svcr_text_same(a->name, b->name) && svcr_text_same(a->port, b->port) &&
           svcr_text_same(owner_namespace(a), owner_namespace(b)) &&
           svcr_text_same(owner_name(a), owner_name(b));
}

/* Where in the table the singles of one key are, or would be. */
static struct single **key_slot(struct single **table, size_t size, uint64_t hash,
                                const struct pairing *pairing,
                                const struct svcr_tree_service *service)
{
    size_t at = hash & (size - 1);
    while (table[at] != NULL && !pairing->same(service_of(table[at]->entry), service)) {
        at = (at + 1) & (size - 1);
    }
    return &table[at];
}

/* Pairs what is left, the n-th of a key with the n-th. A slot's first single stays in it for its
 * key; who was paired is taken out of the chain behind it. */
static bool pair(struct comparing *comparing, const struct pairing *pairing)
{
    struct svcr_swap *swap = comparing->swap;
    size_t size = 4;
    while (size < 2 * comparing->num_old) {
        size *= 2;
    }
    struct single **table = svcr_arena_zalloc(&swap->arena, size, sizeof(*table));
    struct single **ends = svcr_arena_zalloc(&swap->arena, size, sizeof(*ends));
    if (table == NULL || ends == NULL) {
        return fail(swap, SVCROUTE_ERR_NOMEM);
    }
    for (struct single *old = comparing->old; old != NULL; old = old->next) {
        if (old->paired) {
            continue;
        }
        const struct svcr_tree_service *service = service_of(old->entry);
        uint64_t hash = pairing->hash(swap->context, service);
        struct single **slot = key_slot(table, size, hash, pairing, service);
        old->chain = NULL;
        if (*slot == NULL) {
            *slot = old;
        } else {
            ends[slot - table]->chain = old;
        }
        ends[slot - table] = old;
    }
    for (struct single *new = comparing->new; new != NULL; new = new->next) {
        const struct svcr_tree_service *service = service_of(new->entry);
        if (new->paired) {
            continue;
        }
        uint64_t hash = pairing->hash(swap->context, service);
        struct single **slot = key_slot(table, size, hash, pairing, service);
        struct single *old = *slot != NULL && (*slot)->paired ? (*slot)->chain : *slot;
        if (old == NULL) {
            continue;
        }
        if (old != *slot) {
            (*slot)->chain = old->chain;
        }
        old->paired = new->paired = true;
        new->pool = old->pool;
    }
    return true;
}

/* ---- all together ---- */

/* Names and pools of the entries that have no partner of the same name. */
static bool singles_settle(struct comparing *comparing)
{
    struct svcr_swap *swap = comparing->swap;
    for (struct single *old = comparing->old; old != NULL; old = old->next) {
        swap->renamed = true;
        swap->error =
            svcr_label_remove(swap->context, names(swap, comparing->routes), old->entry->name);
        if (swap->error != 0) {
            return false;
        }
        if (comparing->routes && !index_replace(swap, old->group, old->entry, NULL, NULL, NULL)) {
            return false;
        }
        if (!old->paired) {
            leave(swap, old->pool);
        }
    }
    for (struct single *new = comparing->new; new != NULL; new = new->next) {
        struct svcr_pool *pool = new->pool != NULL ? new->pool : pool_make(swap, comparing->routes);
        if (pool == NULL) {
            return false;
        }
        add(swap, pool, new->entry);
        if (!name_put(swap, pool, new->entry->name) ||
            (comparing->routes && !index_replace(swap, NULL, NULL, new->group, new->entry, pool))) {
            return false;
        }
    }
    return true;
}

static bool compare(struct svcr_swap *swap, bool routes, struct comparing *comparing)
{
    static const struct svcr_trie nothing;
    static const struct pairing by_tuple = {tuple_hash, svcr_tree_service_same_tuple};
    static const struct pairing by_place = {place_hash, place_same};
    const struct svcroute_table *a = swap->balancer->table;
    const struct svcroute_table *b = swap->table;
    *comparing = (struct comparing){.swap = swap, .routes = routes};
    comparing->old_end = &comparing->old;
    comparing->new_end = &comparing->new;
    const struct svcr_trie *older = a == NULL ? &nothing : routes ? &a->routes : &a->services;
    if (!svcr_trie_compare(older, routes ? &b->routes : &b->services, svcr_group_same_key, differ,
                           comparing)) {
        return false;
    }
    bool both = comparing->old != NULL && comparing->new != NULL;
    return (routes || !both || (pair(comparing, &by_tuple) && pair(comparing, &by_place))) &&
           singles_settle(comparing);
}

/* Other secrets are other values of cookies, wherever there are cookies. */
static void compare_secrets(struct svcr_swap *swap)
{
    const struct svcr_slots *pools = &swap->balancer->pools;
    const struct svcroute_table *older = swap->balancer->table;
    swap->rekeyed = older != NULL && !svcr_policy_same_cookies(older->policy, swap->table->policy);
    for (size_t i = 0; swap->rekeyed && i < pools->num; i++) {
        struct svcr_pool *pool = pools->items[i].thing;
        if (pool != NULL && pool->layout != NULL && pool->layout->sticky != NULL) {
            add(swap, pool, NULL);
        }
    }
}

bool svcr_swap_compare(struct svcr_swap *swap)
{
    struct comparing services;
    struct comparing routes;
    if (!compare(swap, false, &services) || !compare(swap, true, &routes)) {
        return false;
    }
    for (const struct svcr_pool *pool = swap->leaving; pool != NULL; pool = pool->next_staged) {
        add_parents(swap, pool);
    }
    for (const struct single *new = services.new; new != NULL; new = new->next) {
        if (new->pool != NULL) { /* under another name now */
            add_parents(swap, new->pool);
        }
    }
    const struct svcr_waiting *waiting = &swap->balancer->waiting;
    for (const struct svcr_news *news = swap->news; news != NULL; news = news->next) {
        const struct svcr_link *link = svcr_waiting_find(swap->context, waiting, news->name);
        for (; link != NULL; link = svcr_waiting_next(link, news->name)) {
            add(swap, link->parent, NULL);
        }
    }
    compare_secrets(swap);
    return true;
}
