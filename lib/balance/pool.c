/* Pools and peers: their life, and the state of a server. */
#include "balance/core.h"

#include "base/memory.h"

struct svcr_pool *svcr_pool_new(struct svcroute_context *context)
{
    struct svcr_pool *pool = svcr_zalloc(context, sizeof(*pool));
    if (pool != NULL) {
        svcr_refs_init(&pool->refs);
    }
    return pool;
}

void svcr_pool_unref(struct svcroute_context *context, struct svcr_pool *pool)
{
    if (pool != NULL && svcr_refs_drop(&pool->refs)) {
        svcr_release(context, pool, sizeof(*pool));
    }
}

struct svcr_peer *svcr_peer_new(struct svcroute_context *context, struct svcr_pool *pool)
{
    struct svcr_peer *peer = svcr_zalloc(context, sizeof(*peer));
    if (peer != NULL) {
        svcr_refs_init(&peer->refs);
        svcr_refs_take(&pool->refs);
        peer->pool = pool;
    }
    return peer;
}

void svcr_peer_unref(struct svcroute_context *context, struct svcr_peer *peer)
{
    if (peer != NULL && svcr_refs_drop(&peer->refs)) {
        svcr_release(context, peer->live.samples, sizeof(*peer->live.samples));
        svcr_pool_unref(context, peer->pool);
        svcr_release(context, peer, sizeof(*peer));
    }
}

void svcr_peer_forget(struct svcr_peer *peer)
{
    struct svcr_layout *layout = peer->gone;
    peer->gone = NULL;
    svcr_layout_unref(layout);
}

void svcr_core_unref(struct svcr_core *core)
{
    if (core == NULL || !svcr_refs_drop(&core->refs)) {
        return;
    }
    struct svcroute_context *context = core->context;
    struct svcr_peer *peer = atomic_load_explicit(&core->marked, memory_order_acquire);
    while (peer != NULL) { /* left by those who finished after the balancer was freed */
        struct svcr_peer *next = peer->next_marked;
        svcr_peer_unref(context, peer);
        peer = next;
    }
    svcr_release(context, core, sizeof(*core));
    svcroute_context_unref(context);
}

/* The state word that follows from its causes. */
static uint32_t state_of(uint32_t word)
{
    uint32_t raw = word & (SVCR_RAW_ACTIVE | SVCR_RAW_PASSIVE | SVCR_RAW_GONE);
    uint32_t state = word & (SVCR_STATE_DOWN_ADMIN | SVCR_STATE_DRAIN | SVCR_STATE_FENCED |
                             SVCR_STATE_FORCED_UP);
    if ((state & SVCR_STATE_FORCED_UP) == 0) {
        state |= (raw >> SVCR_RAW_SHIFT) & (SVCR_STATE_DOWN_ACTIVE | SVCR_STATE_DOWN_PASSIVE);
    }
    return raw | state;
}

bool svcr_peer_change(struct svcr_peer *peer, uint32_t clear, uint32_t set)
{
    uint32_t before = atomic_load_explicit(&peer->live.state, memory_order_relaxed);
    uint32_t after;
    do {
        after = state_of((before & ~clear) | set);
        if (after == before) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&peer->live.state, &before, after,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (svcr_state_counts(before) && !svcr_state_counts(after)) {
        atomic_fetch_sub_explicit(&peer->pool->usable, 1, memory_order_acq_rel);
    } else if (!svcr_state_counts(before) && svcr_state_counts(after)) {
        atomic_fetch_add_explicit(&peer->pool->usable, 1, memory_order_acq_rel);
    }
    return true;
}

/* Two threads may eject two servers at once: each first takes its place off the count, and only
 * while another place is left. Who then finds that its server did not count puts the place back. */
bool svcr_peer_eject_spare(struct svcr_peer *peer)
{
    _Atomic uint32_t *usable = &peer->pool->usable;
    uint32_t left = atomic_load_explicit(usable, memory_order_relaxed);
    do {
        if (left <= 1) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(usable, &left, left - 1, memory_order_acq_rel,
                                                    memory_order_relaxed));
    uint32_t before = atomic_load_explicit(&peer->live.state, memory_order_relaxed);
    uint32_t after;
    do {
        after = state_of(before | SVCR_RAW_PASSIVE);
    } while (!atomic_compare_exchange_weak_explicit(&peer->live.state, &before, after,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (!svcr_state_counts(before) || svcr_state_counts(after)) {
        atomic_fetch_add_explicit(usable, 1, memory_order_acq_rel);
    }
    return true;
}

void svcr_peer_mark(struct svcr_core *core, struct svcr_peer *peer)
{
    if (atomic_exchange_explicit(&peer->marked, 1, memory_order_acq_rel) != 0) {
        return; /* on the stack already; the driver looks at it after it has cleared the mark */
    }
    svcr_refs_take(&peer->refs);
    struct svcr_peer *head = atomic_load_explicit(&core->marked, memory_order_relaxed);
    do {
        peer->next_marked = head;
    } while (!atomic_compare_exchange_weak_explicit(&core->marked, &head, peer,
                                                    memory_order_release, memory_order_relaxed));
}
