/* Power of two choices (profile default): two different usable children at random, the one with
 * fewer requests in flight wins (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 1996).
 *
 * The first is drawn among all children until a usable one comes, the second among the others in
 * the same way. So the pair is uniform over the ordered pairs of different usable children, whoever
 * else is down or excluded, and the winner of a tie is the first of a random order, which is a fair
 * coin. When draws keep meeting children that cannot be had, one pass over all of them takes a
 * random pair instead (reservoir sampling, Vitter's algorithm R, 1985); that pass needs no count of
 * the usable children, which other threads may change meanwhile. A child without requests of its
 * own (a service) counts none.
 *
 * Steps: two draws when all are usable, at most 48 draws and one pass. No state. */
#include "balance/draw.h"

static void sample_two(const struct svcr_shape *shape, const struct svcr_choice *choice,
                       uint32_t *first, uint32_t *second)
{
    uint32_t pair[2] = {SVCR_NOBODY, SVCR_NOBODY}, num = 0;

    for (uint32_t i = 0; i < shape->num; i++) {
        if (!svcr_member_usable(&shape->members[i], choice)) {
            continue;
        }
        uint32_t place = num < 2 ? num : svcr_random_below(choice->random, num + 1);

        num++;
        if (place < 2) {
            pair[place] = i;
        }
    }
    /* The pair is random, its order is not yet. */
    uint32_t swap = num > 1 && (svcr_random_next(choice->random) >> 63) != 0;

    *first = pair[swap];
    *second = pair[1 - swap];
}

void svcr_draw_two(const struct svcr_shape *shape, const struct svcr_choice *choice,
                   uint32_t *first, uint32_t *second)
{
    *second = SVCR_NOBODY;
    *first = svcr_draw(shape, choice);
    if (*first != SVCR_NOBODY) {
        *second = svcr_draw_other(shape, choice, *first);
    }
    if (*second == SVCR_NOBODY) {
        sample_two(shape, choice, first, second);
    }
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    const struct svcr_member *members = shape->members;
    uint32_t first, second;

    (void)scheduler;
    svcr_draw_two(shape, choice, &first, &second);
    if (second == SVCR_NOBODY ||
        svcr_member_inflight(&members[first]) <= svcr_member_inflight(&members[second])) {
        return first;
    }
    return second;
}

const struct svcr_strategy svcr_p2c = {"p2c", svcr_stateless_size, svcr_stateless_open,
                                       svcr_stateless_carry, pick};
