/* Installing a table: swap everything, then commit, which cannot fail.
 *
 * Staging makes layouts for the pools that differ, reserves room for new slots, timers and events
 * and writes the mail; it touches nothing that anybody sees. Committing swaps layouts, gives new
 * servers their slots and puts the mail into the pickers' boxes. The cost of both is the difference
 * between the tables, and the parents and children of what differs. */
#include "balance/update.h"

#include <svcroute/error.h>

#include "balance/health.h"
#include "base/memory.h"

struct update {
    struct svcr_swap swap;
    struct svcr_pool *done, **done_end; /* looked at, children first */
    size_t num_changed;                 /* of these: with another layout */
};

/* ---- staging ---- */

static struct svcr_plan *plan_share(struct svcr_plan *plan, struct svcroute_table *table)
{
    struct svcr_plan *copy = svcr_zalloc(plan->context, sizeof(*copy));
    if (copy != NULL) {
        svcr_refs_init(&copy->refs);
        copy->context = svcroute_context_ref(plan->context);
        copy->table = svcroute_table_ref(table);
        copy->routes = svcr_trie_share(&plan->routes);
        copy->rules = svcr_index_share(&plan->rules);
        copy->services = svcr_trie_share(&plan->services);
    }
    return copy;
}

/* True if a layout says nothing but what the older one says. */
static bool layout_same(const struct svcr_swap *swap, const struct svcr_layout *a,
                        const struct svcr_layout *b)
{
    bool same = a != NULL && !(swap->rekeyed && a->sticky != NULL) && a->type == b->type &&
                a->shape.num == b->shape.num && a->refused == b->refused &&
                svcr_text_same(a->name, b->name) &&
                (a->service == b->service ||
                 (a->service != NULL && svcr_tree_service_equal(a->service, b->service)));
    for (uint32_t i = 0; same && i < a->shape.num; i++) {
        same = a->shape.members[i].id == b->shape.members[i].id &&
               a->shape.members[i].weight == b->shape.members[i].weight &&
               svcr_text_same(a->shape.members[i].name, b->shape.members[i].name);
    }
    for (uint32_t i = 0; same && i < a->num_mirrors; i++) {
        same = a->percents[i] == b->percents[i];
    }
    return same;
}

static bool stage_pool(struct update *update, struct svcr_pool *pool)
{
    struct svcr_swap *swap = &update->swap;
    *update->done_end = pool;
    update->done_end = &pool->next_staged;
    pool->next_staged = NULL;
    if (!svcr_swap_node(swap, pool)) {
        return false;
    }
    if (layout_same(swap, pool->layout, pool->staged)) {
        svcr_layout_unref(pool->staged);
        pool->staged = NULL;
    } else {
        update->num_changed++;
    }
    return true;
}

static bool stage_levels(struct update *update)
{
    struct svcr_swap *swap = &update->swap;
    while (swap->lowest < swap->num_levels) {
        struct svcr_pool *pool = swap->levels[swap->lowest];
        if (pool == NULL) {
            swap->lowest++;
            continue;
        }
        swap->levels[swap->lowest] = pool->next_staged;
        if (!stage_pool(update, pool)) {
            return false;
        }
    }
    return true;
}

static bool stage_room(struct update *update)
{
    struct svcr_swap *swap = &update->swap;
    struct svcroute_balancer *balancer = swap->balancer;
    struct svcroute_context *context = swap->context;
    size_t peers = balancer->peers.num + swap->num_new_peers;
    int error = svcr_slots_reserve(context, &balancer->peers, swap->num_new_peers);
    error = error != 0 ? error : svcr_bits_reserve(context, &balancer->probes, peers);
    error = error != 0 ? error : svcr_bits_reserve(context, &balancer->told_peers, peers);
    error =
        error != 0 ? error : svcr_bits_reserve(context, &balancer->told_pools, balancer->pools.num);
    if (error == 0 && (swap->has_checks || balancer->timers->capacity != 0)) {
        /* One for each pool's probes and each server's ejection. */
        error = svcr_timers_reserve(context, balancer->timers, balancer->pools.num + peers);
    }
    if (error == 0) {
        error = svcr_waiting_reserve(context, &balancer->waiting,
                                     balancer->waiting.num + swap->num_missing);
    }
    swap->error = error;
    return error == 0;
}

static bool stage_mail(struct update *update)
{
    struct svcr_swap *swap = &update->swap;
    size_t num = update->num_changed + swap->num_leaving;
    if (num == 0 && !swap->renamed && !swap->rerouted) {
        return true;
    }
    const struct svcr_slots *pools = &swap->balancer->pools;
    for (struct svcroute_picker *at = swap->balancer->pickers; at != NULL; at = at->next) {
        bool unread = atomic_load_explicit(&at->mail, memory_order_relaxed) != NULL;
        bool whole = unread && svcr_mail_is_full(pools, at->mailed, num);
        at->prepared = svcr_mail_new(swap->context, swap->plan, whole ? pools->num : num);
        if (at->prepared == NULL) {
            swap->error = SVCROUTE_ERR_NOMEM;
            return false;
        }
        at->prepared->whole = whole;
    }
    return true;
}

static void pool_forget(struct svcr_swap *swap, struct svcr_pool *pool)
{
    svcr_layout_unref(pool->staged);
    pool->staged = NULL;
    pool->entry = NULL;
    bool made = (pool->flags & SVCR_POOL_NEW) != 0;
    pool->flags &= (uint8_t) ~(SVCR_POOL_WORK | SVCR_POOL_LEAVING | SVCR_POOL_NEW);
    if (made) {
        svcr_slots_give(&swap->balancer->pools, pool->slot);
        svcr_pool_unref(swap->context, pool);
    }
}

static void pools_forget(struct svcr_swap *swap, struct svcr_pool *pool)
{
    while (pool != NULL) {
        struct svcr_pool *next = pool->next_staged;
        pool_forget(swap, pool);
        pool = next;
    }
}

static void rollback(struct update *update)
{
    struct svcr_swap *swap = &update->swap;
    pools_forget(swap, update->done);
    pools_forget(swap, swap->leaving);
    for (uint32_t i = 0; swap->levels != NULL && i < swap->num_levels; i++) {
        pools_forget(swap, swap->levels[i]);
    }
    for (struct svcroute_picker *at = swap->balancer->pickers; at != NULL; at = at->next) {
        svcr_mail_free(swap->context, at->prepared);
        at->prepared = NULL;
    }
}

/* ---- committing ---- */

static void links_cut(struct svcroute_balancer *balancer, struct svcr_layout *layout)
{
    for (uint32_t i = 0; layout != NULL && layout->links != NULL && i < layout->shape.num; i++) {
        struct svcr_link *link = &layout->links[i];
        if (link->back != NULL) {
            *link->back = link->next;
            if (link->next != NULL) {
                link->next->back = link->back;
            }
            link->back = NULL;
            balancer->waiting.num -= link->child == NULL ? 1 : 0;
        }
    }
}

static void links_tie(struct svcroute_balancer *balancer, struct svcr_layout *layout)
{
    for (uint32_t i = 0; layout->links != NULL && i < layout->shape.num; i++) {
        struct svcr_link *link = &layout->links[i];
        if (link->child == NULL) {
            svcr_waiting_add(balancer->core->context, &balancer->waiting, layout, i);
            continue;
        }
        link->next = link->child->parents;
        link->back = &link->child->parents;
        if (link->next != NULL) {
            link->next->back = &link->next;
        }
        link->child->parents = link;
    }
}

static void peer_leave(struct svcroute_balancer *balancer, struct svcr_peer *peer,
                       struct svcr_layout *layout, uint32_t index)
{
    svcr_peer_change(peer, 0, SVCR_RAW_GONE);
    peer->gone = svcr_layout_ref(layout);
    peer->index = index;
    svcr_bits_add(&balancer->told_peers, peer->slot);
}

static void peer_arrive(struct svcroute_balancer *balancer, struct svcr_layout *layout, uint32_t i)
{
    struct svcr_peer *peer = layout->peers[i];
    peer->slot = svcr_slots_take(&balancer->peers, peer);
    peer->id = svcr_handle(peer->slot, balancer->peers.items[peer->slot].generation);
    peer->since = balancer->now;
    svcr_refs_take(&peer->refs); /* by the slot */
    ((struct svcr_member *)(void *)(layout + 1))[i].id = peer->id;
    atomic_fetch_add_explicit(&peer->pool->usable, 1, memory_order_acq_rel);
}

static void peers_commit(struct svcroute_balancer *balancer, struct svcr_layout *layout,
                         struct svcr_layout *older)
{
    const struct svcr_server *servers = layout->service->backend->servers;
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        struct svcr_peer *peer = layout->peers[i];
        if (peer->id == 0) {
            peer_arrive(balancer, layout, i);
        }
        peer->index = i;
        if (svcr_live_has_samples(&peer->live)) {
            svcr_samples_begin(&peer->live);
        }
        svcr_peer_change(peer, SVCR_STATE_FENCED, servers[i].fenced ? SVCR_STATE_FENCED : 0);
    }
    for (uint32_t i = 0; older != NULL && older->peers != NULL && i < older->shape.num; i++) {
        struct svcr_peer *peer = older->peers[i];
        if (peer->index >= layout->shape.num || layout->peers[peer->index] != peer) {
            peer_leave(balancer, peer, older, i);
        }
    }
}

static void pool_commit(struct svcroute_balancer *balancer, struct svcr_pool *pool)
{
    struct svcr_layout *layout = pool->staged;
    struct svcr_layout *older = pool->layout;
    links_cut(balancer, older);
    links_tie(balancer, layout);
    if (layout->peers != NULL) {
        peers_commit(balancer, layout, older);
        svcr_health_commit(balancer, layout, older);
    }
    pool->layout = layout;
    pool->staged = NULL;
    for (uint32_t i = 0; layout->peers != NULL && i < layout->shape.num; i++) {
        svcr_peer_look(balancer, layout->peers[i]); /* checks may have come or gone */
    }
    svcr_layout_unref(older);
}

static void count_children(struct svcr_pool *pool)
{
    uint32_t usable = 0;
    struct svcr_layout *layout = pool->layout;
    pool->refusals = 0;
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        struct svcr_link *link = &layout->links[i];
        uint32_t state = SVCR_STATE_EMPTY | SVCR_STATE_REFUSED; /* of who is not there */
        if (link->child != NULL) {
            state = atomic_load_explicit(&link->child->state, memory_order_relaxed);
        }
        link->counted = link->counts && (state & SVCR_STATE_EMPTY) == 0;
        link->refuses = (state & SVCR_STATE_REFUSED) != 0;
        usable += link->counted ? 1 : 0;
        pool->refusals += link->refuses ? 1 : 0;
    }
    atomic_store_explicit(&pool->usable, usable, memory_order_relaxed);
}

static void pool_leave(struct svcroute_balancer *balancer, struct svcr_pool *pool)
{
    struct svcr_layout *layout = pool->layout;
    links_cut(balancer, layout);
    if (layout->peers != NULL) {
        svcr_health_leave(balancer, layout);
    }
    for (uint32_t i = 0; layout->peers != NULL && i < layout->shape.num; i++) {
        peer_leave(balancer, layout->peers[i], layout, i);
    }
    svcr_bits_remove(&balancer->told_pools, pool->slot);
    svcr_slots_give(&balancer->pools, pool->slot);
    pool->layout = NULL;
    svcr_layout_unref(layout);
}

static void write_changes(const struct update *update, struct svcr_mail *mail)
{
    for (struct svcr_pool *pool = update->done; pool != NULL; pool = pool->next_staged) {
        if (pool->staged != NULL) {
            svcr_mail_add(mail, pool->slot, pool->generation, pool->staged);
        }
    }
    for (struct svcr_pool *pool = update->swap.leaving; pool != NULL; pool = pool->next_staged) {
        svcr_mail_add(mail, pool->slot, pool->generation, NULL);
    }
}

/* All pools as they will be, and the slots of those that are gone. */
static void write_whole(const struct svcr_slots *pools, struct svcr_mail *mail)
{
    for (uint32_t i = 0; i < pools->num; i++) {
        const struct svcr_pool *pool = pools->items[i].thing;
        bool leaves = pool == NULL || (pool->flags & SVCR_POOL_LEAVING) != 0;
        svcr_mail_add(mail, i, pools->items[i].generation,
                      leaves                 ? NULL
                      : pool->staged != NULL ? pool->staged
                                             : pool->layout);
    }
}

static void write_mail(struct update *update)
{
    struct svcroute_balancer *balancer = update->swap.balancer;
    for (struct svcroute_picker *at = balancer->pickers; at != NULL; at = at->next) {
        if (at->prepared != NULL && at->prepared->whole) {
            write_whole(&balancer->pools, at->prepared);
        } else if (at->prepared != NULL) {
            write_changes(update, at->prepared);
        }
    }
}

static void send_mail(struct svcroute_balancer *balancer)
{
    for (struct svcroute_picker *at = balancer->pickers; at != NULL; at = at->next) {
        if (at->prepared != NULL) {
            svcr_mail_put(at, at->prepared);
            at->prepared = NULL;
        }
    }
}

static void commit_pools(struct update *update)
{
    struct svcroute_balancer *balancer = update->swap.balancer;
    for (struct svcr_pool *pool = update->done; pool != NULL; pool = pool->next_staged) {
        bool changed = pool->staged != NULL;
        if (changed) {
            pool_commit(balancer, pool);
        }
        pool->flags &= (uint8_t) ~(SVCR_POOL_WORK | SVCR_POOL_NEW);
        pool->entry = NULL;
        if (changed && pool->layout->children != NULL) {
            count_children(pool);
        }
        if (changed) { /* its children are finished: they come first */
            svcr_pool_look(balancer, pool);
        }
    }
    for (struct svcr_pool *pool = update->swap.leaving; pool != NULL;) {
        struct svcr_pool *next = pool->next_staged;
        pool_leave(balancer, pool);
        svcr_pool_unref(balancer->core->context, pool);
        pool = next;
    }
}

static void commit(struct update *update)
{
    struct svcr_swap *swap = &update->swap;
    struct svcroute_balancer *balancer = swap->balancer;
    struct svcroute_table *older = balancer->table;
    balancer->table = svcroute_table_ref(swap->table);
    write_mail(update);
    commit_pools(update);
    struct svcr_plan *plan = balancer->plan;
    balancer->plan = swap->plan;
    swap->plan = plan;
    send_mail(balancer);
    svcroute_table_unref(older);
}

int svcr_update(struct svcroute_balancer *balancer, struct svcroute_table *table)
{
    struct svcroute_context *context = balancer->core->context;
    struct update update = {.swap = {.balancer = balancer,
                                     .context = context,
                                     .table = table,
                                     .num_levels = context->limits.nesting + 2}};
    struct svcr_swap *swap = &update.swap;
    update.done_end = &update.done;
    svcr_arena_init(&swap->arena, context);
    swap->levels = svcr_arena_zalloc(&swap->arena, swap->num_levels, sizeof(*swap->levels));
    swap->plan = plan_share(balancer->plan, table);
    swap->error = swap->levels == NULL || swap->plan == NULL ? SVCROUTE_ERR_NOMEM : 0;
    if (swap->error == 0 && svcr_swap_compare(swap) && stage_levels(&update) &&
        stage_room(&update) && stage_mail(&update)) {
        commit(&update);
    } else {
        rollback(&update);
    }
    svcr_plan_unref(swap->plan);
    svcr_arena_clear(&swap->arena);
    return swap->error;
}
