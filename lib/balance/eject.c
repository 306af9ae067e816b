/* Ejections: servers that requests failed at are taken out, and let in again when their time is
 * over.
 *
 * The driver lets them in by its timers. A host whose driver sleeps, or that has none, must not
 * lose them: a pool knows when the first of its ejections ends, and a pick that comes later ends
 * what is over. One pick does so, whoever exchanges that time. */
#include "balance/health.h"

static void note_until(struct svcr_pool *pool, uint64_t until)
{
    uint64_t first = atomic_load_explicit(&pool->ejected_until, memory_order_relaxed);
    while (until < first &&
           !atomic_compare_exchange_weak_explicit(&pool->ejected_until, &first, until,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

void svcr_eject_for(struct svcr_window *window, const struct svcr_passive_rule *rule, uint64_t now)
{
    struct svcr_passive *passive = svcr_window_passive(window);
    svcr_passive_out(passive, rule, now);
    note_until(window->peer->pool, svcr_passive_until(passive));
}

void svcr_eject_end(struct svcr_core *core, const struct svcr_layout *layout, uint64_t now)
{
    const struct svcr_health *health = layout->health;
    _Atomic uint64_t *first = &layout->pool->ejected_until;
    uint64_t due = atomic_load_explicit(first, memory_order_relaxed);
    if (due > now || !atomic_compare_exchange_strong_explicit(
                         first, &due, SVCR_NEVER, memory_order_acquire, memory_order_relaxed)) {
        return;
    }
    for (uint32_t i = 0; i < health->num; i++) {
        struct svcr_passive *passive = svcr_window_passive(health->windows[i]);
        uint64_t until = svcr_passive_until(passive);
        if (until > now) {
            note_until(layout->pool, until);
        } else if (until != 0) {
            svcr_peer_change(layout->peers[i], SVCR_RAW_PASSIVE, 0);
            svcr_passive_in(passive);
            svcr_peer_mark(core, layout->peers[i]);
        }
    }
}

void svcr_health_passive(struct svcr_core *core, const struct svcr_layout *layout, uint32_t index,
                         bool failure, uint64_t now)
{
    const struct svcr_health *health = layout->health;
    struct svcr_peer *peer = layout->peers[index];
    struct svcr_window *window = health->windows[index];
    struct svcr_passive *passive = svcr_window_passive(window);
    if (!failure) {
        svcr_passive_good(passive);
        return;
    }
    if (!svcr_passive_bad(passive, &health->rule, now)) {
        return;
    }
    bool out = core->eject_last ? svcr_peer_change(peer, 0, SVCR_RAW_PASSIVE)
                                : svcr_peer_eject_spare(peer);
    if (out) {
        svcr_eject_for(window, &health->rule, now);
        svcr_peer_mark(core, peer);
    }
}
