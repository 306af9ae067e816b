/* One usable child drawn at random, in a few steps. */
#ifndef SVCR_DRAW_H
#define SVCR_DRAW_H

#include "balance/strategy.h"

/* Draws before it pays to look at all children instead: with half of many down, one pick of 2^24
 * gets there. */
static inline uint32_t svcr_draws_max(uint32_t num)
{
    return num < 32 ? 4 : 24;
}

/* A usable child, each as likely as any other; SVCR_NOBODY if svcr_draws_max() draws met none,
 * which says nothing about which children are usable: whoever then draws among all usable ones has
 * no bias either. */
static inline uint32_t svcr_draw(const struct svcr_shape *shape, const struct svcr_choice *choice)
{
    for (uint32_t draws = svcr_draws_max(shape->num); draws > 0 && shape->num > 0; draws--) {
        uint32_t drawn = svcr_random_below(choice->random, shape->num);

        if (svcr_member_usable(&shape->members[drawn], choice)) {
            return drawn;
        }
    }
    return SVCR_NOBODY;
}

/* The same, but not child `first`. */
static inline uint32_t svcr_draw_other(const struct svcr_shape *shape,
                                       const struct svcr_choice *choice, uint32_t first)
{
    for (uint32_t draws = svcr_draws_max(shape->num); draws > 0 && shape->num > 1; draws--) {
        uint32_t drawn = svcr_random_below(choice->random, shape->num - 1);

        drawn += drawn >= first;
        if (svcr_member_usable(&shape->members[drawn], choice)) {
            return drawn;
        }
    }
    return SVCR_NOBODY;
}

/* Two different usable children, all ordered pairs alike; *second is SVCR_NOBODY if there is one
 * usable child, both are if there is none. Steps: 2 svcr_draws_max() + num. */
void svcr_draw_two(const struct svcr_shape *shape, const struct svcr_choice *choice,
                   uint32_t *first, uint32_t *second);

static inline uint32_t svcr_member_inflight(const struct svcr_member *member)
{
    return member->live != NULL ? svcr_live_inflight(member->live) : 0;
}

#endif
