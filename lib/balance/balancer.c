/* Life of a balancer, and what its host says of servers. */
#include "balance/core.h"
#include "balance/health.h"
#include "balance/update.h"

#include <svcroute/error.h>

#include "base/memory.h"

void svcroute_balancer_options_init(struct svcroute_balancer_options *options, size_t size)
{
    if (options != NULL && size >= sizeof(uint32_t) && size <= UINT32_MAX) {
        memset(options, 0, size);
        options->size = (uint32_t)size;
    }
}

static int options_read(struct svcroute_balancer_options *own,
                        const struct svcroute_balancer_options *options)
{
    int error = svcr_struct_read(own, sizeof(*own), options,
                                 SVCR_SIZE_UP_TO(struct svcroute_balancer_options, reserved),
                                 SVCROUTE_BALANCER_NO_PHASE | SVCROUTE_BALANCER_EJECT_LAST);
    if (error == 0 && (own->initial_health > SVCROUTE_INITIAL_UNKNOWN || own->reserved != 0)) {
        error = SVCROUTE_ERR_INVALID;
    }
    return error;
}

static struct svcr_core *core_new(struct svcroute_context *context, bool traefik, bool eject_last)
{
    struct svcr_core *core = svcr_zalloc(context, sizeof(*core));
    if (core != NULL) {
        svcr_refs_init(&core->refs);
        core->context = svcroute_context_ref(context);
        core->traefik = traefik;
        core->eject_last = traefik || eject_last;
    }
    return core;
}

static struct svcr_plan *plan_new(struct svcroute_context *context)
{
    struct svcr_plan *plan = svcr_zalloc(context, sizeof(*plan));
    if (plan != NULL) {
        svcr_refs_init(&plan->refs);
        plan->context = svcroute_context_ref(context);
    }
    return plan;
}

/* Everything but the table; NULL when out of memory. */
static struct svcroute_balancer *balancer_make(struct svcroute_context *context, bool traefik,
                                               const struct svcroute_balancer_options *options)
{
    struct svcroute_balancer *balancer = svcr_zalloc(context, sizeof(*balancer));
    struct svcr_core *core =
        core_new(context, traefik, (options->flags & SVCROUTE_BALANCER_EJECT_LAST) != 0);
    struct svcr_plan *plan = plan_new(context);
    struct svcr_timers *timers = svcr_zalloc(context, sizeof(*timers));
    if (balancer == NULL || core == NULL || plan == NULL || timers == NULL) {
        svcr_release(context, timers, sizeof(*timers));
        svcr_plan_unref(plan);
        svcr_core_unref(core);
        svcr_release(context, balancer, sizeof(*balancer));
        return NULL;
    }
    balancer->core = core;
    balancer->plan = plan;
    balancer->timers = timers;
    balancer->options = *options;
    balancer->pools.first_free = SVCR_NOBODY;
    balancer->peers.first_free = SVCR_NOBODY;
    svcr_buffer_init(&balancer->event_text, context);
    return balancer;
}

int svcroute_balancer_new(struct svcroute_balancer **out, struct svcroute_table *table,
                          const struct svcroute_balancer_options *options, uint64_t now)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    struct svcroute_balancer_options own;
    int error = table == NULL ? SVCROUTE_ERR_INVALID : options_read(&own, options);
    if (error != 0) {
        return error;
    }
    bool traefik = table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3;
    struct svcroute_balancer *balancer = balancer_make(table->context, traefik, &own);
    if (balancer == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    balancer->now = now;
    error = svcr_update(balancer, table);
    if (error != 0) {
        svcroute_balancer_free(balancer);
        return error;
    }
    *out = balancer;
    return 0;
}

static void peers_free(struct svcroute_balancer *balancer)
{
    struct svcroute_context *context = balancer->core->context;
    for (size_t i = 0; i < balancer->peers.num; i++) {
        struct svcr_peer *peer = balancer->peers.items[i].thing;
        if (peer != NULL) {
            svcr_peer_forget(peer);
            svcr_peer_unref(context, peer);
        }
    }
    svcr_release(context, balancer->peers.items,
                 balancer->peers.capacity * sizeof(*balancer->peers.items));
}

static void pools_free(struct svcroute_balancer *balancer)
{
    struct svcroute_context *context = balancer->core->context;
    for (size_t i = 0; i < balancer->pools.num; i++) {
        struct svcr_pool *pool = balancer->pools.items[i].thing;
        if (pool != NULL) {
            svcr_layout_unref(pool->layout);
            svcr_pool_unref(context, pool);
        }
    }
    svcr_release(context, balancer->pools.items,
                 balancer->pools.capacity * sizeof(*balancer->pools.items));
}

static void bits_free(struct svcroute_context *context, struct svcr_bits *bits)
{
    svcr_release(context, bits->words, bits->num * sizeof(*bits->words));
}

void svcroute_balancer_free(struct svcroute_balancer *balancer)
{
    if (balancer == NULL) {
        return;
    }
    struct svcr_core *core = balancer->core;
    struct svcroute_context *context = core->context;
    for (struct svcroute_picker *at = balancer->pickers; at != NULL; at = at->next) {
        at->balancer = NULL;
    }
    svcr_layout_unref(balancer->event_layout);
    pools_free(balancer);
    peers_free(balancer);
    bits_free(context, &balancer->probes);
    bits_free(context, &balancer->told_peers);
    bits_free(context, &balancer->told_pools);
    svcr_release(context, (void *)balancer->waiting.buckets,
                 balancer->waiting.num_buckets * sizeof(*balancer->waiting.buckets));
    svcr_buffer_free(&balancer->event_text);
    svcr_release(context, (void *)balancer->timers->heap,
                 balancer->timers->capacity * sizeof(struct svcr_timer *));
    svcr_release(context, balancer->timers, sizeof(*balancer->timers));
    svcr_plan_unref(balancer->plan);
    svcroute_table_unref(balancer->table);
    svcr_release(context, balancer, sizeof(*balancer));
    svcr_core_unref(core);
}

int svcroute_balancer_update(struct svcroute_balancer *balancer, struct svcroute_table *table,
                             uint64_t now)
{
    if (balancer == NULL || table == NULL ||
        (table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3) != balancer->core->traefik) {
        return SVCROUTE_ERR_INVALID;
    }
    svcr_clock(balancer, now);
    return table == balancer->table ? 0 : svcr_update(balancer, table);
}

int svcroute_balancer_get_stats(const struct svcroute_balancer *balancer,
                                struct svcroute_balancer_stats *stats)
{
    int error = balancer == NULL || stats == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_check(
                          stats, SVCR_SIZE_UP_TO(struct svcroute_balancer_stats, num_pickers));
    if (error != 0) {
        return error;
    }
    struct svcroute_balancer_stats own = {
        .clock_steps_back =
            atomic_load_explicit(&balancer->core->clock_steps_back, memory_order_relaxed),
        .num_slots = (uint32_t)balancer->peers.num,
    };
    for (size_t i = 0; i < balancer->peers.num; i++) {
        const struct svcr_peer *peer = balancer->peers.items[i].thing;
        if (peer != NULL && svcr_peer_is_gone(peer)) {
            own.num_gone++;
        } else if (peer != NULL) {
            own.num_servers++;
        }
    }
    for (const struct svcroute_picker *at = balancer->pickers; at != NULL; at = at->next) {
        own.num_pickers++;
    }
    svcr_struct_write(stats, &own, sizeof(own));
    return 0;
}

/* ---- servers ---- */

static struct svcr_peer *peer_find(const struct svcroute_balancer *balancer, uint64_t server)
{
    struct svcr_peer *peer = svcr_slots_find(&balancer->peers, server);
    return peer != NULL && !svcr_peer_is_gone(peer) ? peer : NULL;
}

int svcroute_balancer_set_admin(struct svcroute_balancer *balancer, uint64_t server, uint32_t admin,
                                uint64_t now)
{
    static const uint32_t states[] = {
        [SVCROUTE_ADMIN_AUTO] = 0,
        [SVCROUTE_ADMIN_DRAIN] = SVCR_STATE_DRAIN,
        [SVCROUTE_ADMIN_DOWN] = SVCR_STATE_DOWN_ADMIN,
        [SVCROUTE_ADMIN_UP] = SVCR_STATE_FORCED_UP,
    };
    if (balancer == NULL || admin > SVCROUTE_ADMIN_UP) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcr_peer *peer = peer_find(balancer, server);
    if (peer == NULL) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    svcr_clock(balancer, now);
    peer->admin = (uint8_t)admin;
    svcr_peer_change(peer, SVCR_STATE_DRAIN | SVCR_STATE_DOWN_ADMIN | SVCR_STATE_FORCED_UP,
                     states[admin]);
    svcr_peer_look(balancer, peer);
    return 0;
}

int svcroute_balancer_get_server_stats(const struct svcroute_balancer *balancer, uint64_t server,
                                       struct svcroute_server_stats *stats)
{
    int error =
        balancer == NULL || stats == NULL
            ? SVCROUTE_ERR_INVALID
            : svcr_struct_check(stats, SVCR_SIZE_UP_TO(struct svcroute_server_stats, reason));
    const struct svcr_peer *peer = error == 0 ? peer_find(balancer, server) : NULL;
    if (peer == NULL) {
        return error != 0 ? error : SVCROUTE_ERR_NOT_FOUND;
    }
    uint64_t load = svcr_live_load(&peer->live);
    uint32_t state = atomic_load_explicit(&peer->live.state, memory_order_relaxed);
    uint32_t in_flight = (uint32_t)(load & 0xffffff);
    struct svcroute_server_stats own = {
        .picks = (load >> 24) + in_flight,
        .failures = atomic_load_explicit(&peer->failures, memory_order_relaxed),
        .latency = svcr_live_latency(&peer->live),
        .since = peer->since,
        .in_flight = in_flight,
        .up = svcr_state_counts(state),
        .admin = peer->admin,
        .reason = (state & SVCR_STATE_DOWN_ADMIN) != 0     ? SVCROUTE_DOWN_ADMIN
                  : (state & SVCR_STATE_DOWN_ACTIVE) != 0  ? SVCROUTE_DOWN_ACTIVE
                  : (state & SVCR_STATE_DOWN_PASSIVE) != 0 ? SVCROUTE_DOWN_PASSIVE
                                                           : 0,
    };
    svcr_struct_write(stats, &own, sizeof(own));
    return 0;
}

int svcroute_balancer_find_server(const struct svcroute_balancer *balancer,
                                  struct svcroute_text service, size_t index, uint64_t *server)
{
    if (balancer == NULL || server == NULL || (service.data == NULL && service.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    uint64_t handle = svcr_label_find(balancer->core->context, &balancer->plan->services, service);
    const struct svcr_pool *pool = svcr_slots_find(&balancer->pools, handle);
    if (pool == NULL || pool->layout->peers == NULL || index >= pool->layout->shape.num) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    *server = pool->layout->peers[index]->id;
    return 0;
}
