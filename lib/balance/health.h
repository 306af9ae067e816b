/* Checks of servers: active probes, windows of failures, and the timers of both. */
#ifndef SVCR_HEALTH_H
#define SVCR_HEALTH_H

#include "balance/passive.h"
#include "balance/probe.h"
#include "balance/schedule.h"
#include "balance/swap.h"

/* Something that is due at some time; the driver's. */
struct svcr_timer {
    uint64_t at;
    uint32_t place; /* in the heap, from 1; 0: not there */
    bool of_window; /* part of a svcr_window, else of a svcr_health */
};

struct svcr_timers { /* a binary heap, the earliest on top */
    struct svcr_timer **heap;
    size_t num, capacity;
};

/* Room for `num` timers in all. 0 or SVCROUTE_ERR_NOMEM. */
int svcr_timers_reserve(struct svcroute_context *context, struct svcr_timers *timers, size_t num);
/* Sets a timer, which may be set already; SVCR_NEVER takes it out. */
void svcr_timers_set(struct svcr_timers *timers, struct svcr_timer *timer, uint64_t at);
/* What is due at `now`, taken out; NULL: nothing. */
struct svcr_timer *svcr_timers_due(struct svcr_timers *timers, uint64_t now);

/* Failures of one server, shared by the layouts that have it under the same rule. */
struct svcr_window {
    struct svcr_timer timer; /* the end of its server's ejection */
    svcr_refs refs;
    size_t bytes;
    struct svcr_peer *peer; /* borrowed: whoever has the window has the peer */
};

static inline struct svcr_passive *svcr_window_passive(struct svcr_window *window)
{
    return (struct svcr_passive *)(void *)(window + 1);
}

/* The checks of one layout. Threads read `windows` and `rule`; the rest is the driver's. */
struct svcr_health {
    struct svcr_timer timer;
    size_t bytes;
    uint32_t num; /* servers */
    bool passive;
    struct svcr_passive_rule rule;
    struct svcr_window **windows;   /* by server; referenced; NULL without passive checks */
    struct svcr_pool *pool;         /* borrowed */
    struct svcr_probe_plan *plan;   /* owned; NULL: no active check */
    struct svcr_schedule *schedule; /* owned, with `plan` */
    uint64_t *probes;               /* by server: its probe on the way; 0: none */
    const uint32_t *map;            /* during an update: servers' places in the layout before */
};

/* Makes layout->health, with what the pool's present layout knows; map: its servers' places there.
 */
bool svcr_health_stage(struct svcr_swap *swap, struct svcr_layout *layout, const uint32_t *map);
void svcr_health_free(struct svcr_health *health, struct svcroute_context *context);
/* The layout of pool is now `layout`, it was `older` (NULL: none); map as above. Cannot fail. */
void svcr_health_commit(struct svcroute_balancer *balancer, struct svcr_layout *layout,
                        struct svcr_layout *older);
/* The layout is no longer anybody's. */
void svcr_health_leave(struct svcroute_balancer *balancer, struct svcr_layout *layout);
/* A server leaves its pool, or the check of it: its probe is not wanted. */
void svcr_health_cancel(struct svcroute_balancer *balancer, struct svcr_peer *peer, uint64_t probe);
/* A request that server `index` of a layout had: good, or not. Any thread. */
void svcr_health_passive(struct svcr_core *core, const struct svcr_layout *layout, uint32_t index,
                         bool failure, uint64_t now);
/* Notes that the server of a window is out, and until when. Any thread. */
void svcr_eject_for(struct svcr_window *window, const struct svcr_passive_rule *rule, uint64_t now);
/* Lets in whose time is over. Any thread. */
void svcr_eject_end(struct svcr_core *core, const struct svcr_layout *layout, uint64_t now);
/* True if it is time for svcr_eject_end(). */
static inline bool svcr_eject_ends(const struct svcr_layout *layout, uint64_t now)
{
    return layout->health != NULL && layout->health->passive &&
           atomic_load_explicit(&layout->pool->ejected_until, memory_order_relaxed) <= now;
}
/* The driver looks at a peer whose state may have changed: events, parents, timers. */
void svcr_peer_look(struct svcroute_balancer *balancer, struct svcr_peer *peer);
/* The same for a pool whose count of usable ones may have changed. */
void svcr_pool_look(struct svcroute_balancer *balancer, struct svcr_pool *pool);

#endif
