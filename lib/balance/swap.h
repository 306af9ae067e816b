/* An update under way: everything is made and reserved here before anything is changed. */
#ifndef SVCR_SWAP_H
#define SVCR_SWAP_H

#include "balance/core.h"
#include "base/arena.h"

/* Names of groups that differ, for those who wait. */
struct svcr_news {
    struct svcr_news *next;
    svcr_text name;
};

struct svcr_swap {
    struct svcroute_balancer *balancer;
    struct svcroute_context *context;
    struct svcroute_table *table; /* to come */
    struct svcr_arena arena;      /* scratch */
    struct svcr_plan *plan;       /* to come: the names; owned */
    bool renamed;                 /* the plan differs from the present one */
    bool rerouted;                /* some route takes other requests than before, or tells of
                                     other things to do with them, such as middlewares */
    /* Pools that may get another layout, children below their parents: by depth of their service,
     * 0 (on a cycle) first, routes last. Linked by next_staged. */
    struct svcr_pool **levels;
    uint32_t num_levels;
    uint32_t lowest;           /* no level before it has a pool */
    struct svcr_pool *leaving; /* linked by next_staged */
    size_t num_leaving;
    size_t num_new_peers;
    size_t num_missing; /* children that are not there, of the layouts made */
    struct svcr_news *news;
    bool has_checks; /* some layout has checks, which need timers */
    bool rekeyed;    /* values of cookies are not what they were */
    int error;
};

/* Finds what differs between the balancer's table and the one to come: the pools that leave, those
 * to look at, new ones among them, and the names. False: swap->error says why. */
bool svcr_swap_compare(struct svcr_swap *swap);
/* Makes pool->staged from pool->entry; children must have theirs. False: swap->error. */
bool svcr_swap_node(struct svcr_swap *swap, struct svcr_pool *pool);

/* Of members by id, wherever one id stands several times in order: map[i] is the place of newer's
 * member i in `older`, or SVCR_NOBODY. 0 or SVCROUTE_ERR_NOMEM. */
int svcr_layout_map(struct svcr_arena *scratch, const struct svcr_shape *older,
                    const struct svcr_shape *newer, uint32_t *map);

#endif
