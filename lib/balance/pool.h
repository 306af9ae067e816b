/* The balancer's own structures.
 *
 *   balancer (driver's thread)          pickers (a thread each)
 *     pools: one for each service         seats: one for each pool, as the picker sees it
 *       peers: one for each server          layout: the shape that it sees now
 *       layout: its present shape             scheduler: turns of its own
 *     mail  ---- one slot a picker ---->  refresh
 *
 * A pool lives as long as its service, over all tables; a peer as long as its server in that
 * service. A layout says what a pool looks like in one table; it never changes once it was
 * published. A route is a pool too, with one child: its service. */
#ifndef SVCR_POOL_H
#define SVCR_POOL_H

#include "balance/strategy.h"
#include "base/refs.h"
#include "resolve/table.h"

struct svcr_pool;
struct svcr_health;        /* health.h */
struct svcr_range;         /* failover.h */
struct svcr_sticky;        /* sticky.h */
struct svcr_cookie_recipe; /* cookie.h */
struct svcr_core;

/* Bits of a peer's state word beyond enum svcr_state, which holds what picks go by. These are what
 * it is computed from: a host's word can cover what checks say. */
enum {
    SVCR_RAW_SHIFT = 16,
    SVCR_RAW_ACTIVE = SVCR_STATE_DOWN_ACTIVE << SVCR_RAW_SHIFT,
    SVCR_RAW_PASSIVE = SVCR_STATE_DOWN_PASSIVE << SVCR_RAW_SHIFT,
    SVCR_RAW_GONE = 1 << 30, /* no table has it any more; it counts for nobody */

    SVCR_STATE_DOWN = SVCR_STATE_DOWN_ACTIVE | SVCR_STATE_DOWN_PASSIVE | SVCR_STATE_DOWN_ADMIN,
    SVCR_STATE_CLOSED = SVCR_STATE_DOWN | SVCR_STATE_DRAIN, /* to new clients */
};

/* One server of one service, at run time. */
struct svcr_peer {
    svcr_refs refs;
    uint32_t slot; /* dense among the peers of a balancer */
    uint64_t id;   /* never used again; 0: not yet published */
    struct svcr_live live;
    struct svcr_pool *pool;        /* referenced */
    struct svcr_peer *next_marked; /* in the core's stack of peers with work for the driver */
    _Atomic uint32_t marked;
    _Atomic uint32_t failures;
    /* The driver's: */
    uint64_t since;           /* when it came to be what the host was told last */
    uint64_t cancelled;       /* a probe that the host has yet to hear is not wanted; 0: none */
    struct svcr_layout *gone; /* referenced: the last layout that had it, from its leaving until
                                 the host was told */
    uint32_t index;           /* in the pool's layout, or in `gone` */
    uint8_t told;             /* enum svcroute_down_reason; 0: up */
    uint8_t admin;            /* enum svcroute_admin */
    uint8_t reason;           /* enum svcroute_down_reason, as the driver saw it last */
    uint8_t reserved;
};
_Static_assert(sizeof(struct svcr_peer) <= 128, "what threads share of a server stays small");

/* A child of a pool's present layout; the driver's. */
struct svcr_link {
    struct svcr_pool *parent, *child; /* child NULL: not there */
    struct svcr_link *next, **back;   /* among the links that lead to the child, or wait for one */
    bool counts;                      /* the child's state is part of the parent's */
    bool counted;                     /* the child is among the parent's `usable` */
    bool refuses;                     /* the child is among the parent's `refusals` */
};

/* One service or route, at run time. */
struct svcr_pool {
    svcr_refs refs;
    uint32_t slot, generation;      /* its handle */
    _Atomic uint32_t state;         /* SVCR_STATE_EMPTY: what parents pass over; _REFUSED */
    _Atomic uint32_t usable;        /* servers, or children, that take requests */
    _Atomic uint64_t ejected_until; /* when the first ejected server may be let in again */
    bool route;
    bool told_down;
    uint8_t flags;               /* SVCR_POOL_* */
    struct svcr_layout *layout;  /* referenced: the present one */
    struct svcr_link *parents;   /* links that lead here */
    uint32_t refusals;           /* traefik-v3: children that are refused or not there */
    struct svcr_pool *next_look; /* in the list of those whose state is looked at */
    bool looked;
    /* During an update: */
    struct svcr_layout *staged; /* the layout to come */
    struct svcr_pool *next_staged;
    const struct svcr_entry *entry; /* in the table to come */
};

enum {
    SVCR_POOL_WORK = 1,    /* among those that an update looks at */
    SVCR_POOL_NEW = 2,     /* made by the update under way */
    SVCR_POOL_LEAVING = 4, /* no longer there after it */
};

/* What a pool looks like in one table; immutable, shared by the pickers. */
struct svcr_layout {
    svcr_refs refs;
    uint32_t type; /* enum svcroute_service_type; 0: a route */
    size_t bytes;
    struct svcroute_context *context;     /* referenced */
    struct svcr_pool *pool;               /* referenced */
    struct svcr_tree_service *service;    /* referenced; NULL: a route */
    const struct svcr_strategy *strategy; /* among servers or members; else NULL */
    struct svcr_shape shape;              /* servers or children */
    struct svcr_peer **peers;             /* referenced, by member; NULL: not a load balancer */
    struct svcr_pool **children;          /* referenced, by member; an entry may be NULL */
    struct svcr_link *links;              /* by member; the driver's */
    struct svcr_sticky *sticky;           /* owned; NULL: not sticky */
    struct svcr_cookie_recipe *recipe;    /* owned, with `sticky` */
    struct svcr_range *ranges;            /* owned: statuses that a failover drops */
    struct svcr_health *health;           /* owned; NULL: no checks */
    int64_t max_body;                     /* of a failover's request, or a mirror's; -1: any */
    uint32_t num_ranges;
    int64_t *percents; /* owned: of the mirrors, which are children 1 and on */
    uint32_t num_mirrors;
    bool unreadable; /* a failover's status or a mirror's percentage says nothing */
    bool refused;    /* nobody gets in: it is wrong itself */
    /* Who knows that nobody is left below: a parent that hears passes over its children that tell.
     * In profile default all do. In traefik-v3 a load balancer with an active check tells, and
     * nobody hears but a failover, of its main (behaviour section 10). */
    bool tells;
    bool hears;
    svcr_text name;
};

void svcr_layout_unref(struct svcr_layout *layout);
static inline struct svcr_layout *svcr_layout_ref(struct svcr_layout *layout)
{
    if (layout != NULL) {
        svcr_refs_take(&layout->refs);
    }
    return layout;
}

/* A fresh pool with one reference, NULL when out of memory. */
struct svcr_pool *svcr_pool_new(struct svcroute_context *context);
void svcr_pool_unref(struct svcroute_context *context, struct svcr_pool *pool);
struct svcr_peer *svcr_peer_new(struct svcroute_context *context, struct svcr_pool *pool);
void svcr_peer_unref(struct svcroute_context *context, struct svcr_peer *peer);
/* The host knows that a peer is gone: its last layout, which has the peer, is let go. */
void svcr_peer_forget(struct svcr_peer *peer);

/* Sets and clears bits of a peer's state word (SVCR_RAW_*, _DOWN_ADMIN, _DRAIN, _FENCED,
 * _FORCED_UP) and keeps its pool's count; false if the driver has nothing to look at. Any thread.
 */
bool svcr_peer_change(struct svcr_peer *peer, uint32_t clear, uint32_t set);
/* Sets SVCR_RAW_PASSIVE, unless the pool may have no other usable server. False: it stays. Any
 * thread. */
bool svcr_peer_eject_spare(struct svcr_peer *peer);
/* Puts a peer on the stack of those that the driver has to look at. Any thread. */
void svcr_peer_mark(struct svcr_core *core, struct svcr_peer *peer);

/* True if no table has the server any more. */
static inline bool svcr_peer_is_gone(const struct svcr_peer *peer)
{
    return (atomic_load_explicit(&peer->live.state, memory_order_relaxed) & SVCR_RAW_GONE) != 0;
}

/* True if a server with this state word is one of its service's usable ones; fenced ones are,
 * because they serve when nothing else is left. */
static inline bool svcr_state_counts(uint32_t state)
{
    return (state & (SVCR_STATE_CLOSED | SVCR_RAW_GONE)) == 0;
}

#endif
