/* Pools and peers: their life, and the state of a server. */
#include "balance/core.h"

#include "base/memory.h"

struct svcr_pool *svcr_pool_new(struct svcroute_context *context)
{
    struct svcr_pool *pool = svcr_zalloc(context, sizeof(*pool));
    if (pool != NULL) {
        svcr_refs_init(&pool->refs);
        atomic_init(&pool->ejected_until, UINT64_MAX);
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
        svcr_release(context, atomic_load(&peer->live.samples), sizeof(struct svcr_samples));
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

/* A pool's count of usable servers never says more than there are, so that who ejects one while the
 * count says that another is left can trust it, whatever other threads do at that moment: the count
 * goes down before a server's state says so, and up after it. In between it may say less, and a
 * server that could be spared stays. Who took a place off the count for nothing, because another
 * thread was faster, puts it back and says that there was a change: the driver, who may have seen
 * the count too low, looks again. */

/* Gives the state what `clear` and `set` make of it; `placed`: a place is off the count already. */
static bool state_change(struct svcr_peer *peer, uint32_t clear, uint32_t set, bool placed)
{
    _Atomic uint32_t *usable = &peer->pool->usable;
    uint32_t before = atomic_load_explicit(&peer->live.state, memory_order_relaxed);
    uint32_t after;
    bool leaves;
    do {
        after = state_of((before & ~clear) | set);
        leaves = svcr_state_counts(before) && !svcr_state_counts(after);
        if (leaves && !placed) {
            atomic_fetch_sub_explicit(usable, 1, memory_order_acq_rel);
            placed = true;
        }
    } while (after != before &&
             !atomic_compare_exchange_weak_explicit(&peer->live.state, &before, after,
                                                    memory_order_acq_rel, memory_order_relaxed));
    bool arrives = !svcr_state_counts(before) && svcr_state_counts(after);
    uint32_t back = (arrives ? 1U : 0U) + (placed && !leaves ? 1U : 0U);
    if (back != 0) {
        atomic_fetch_add_explicit(usable, back, memory_order_acq_rel);
    }
    return after != before || back != 0;
}

bool svcr_peer_change(struct svcr_peer *peer, uint32_t clear, uint32_t set)
{
    return state_change(peer, clear, set, false);
}

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
    return state_change(peer, 0, SVCR_RAW_PASSIVE, true);
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
