/* Turns of weighted round robin: exact moments of time (the argument stands in wrr.c). */
#ifndef SVCR_TURN_H
#define SVCR_TURN_H

#include "balance/wide.h"

/* Weights from here on need the crosswise comparison. */
#define HUGE_WEIGHT (INT64_C(1) << 31)

/* 32 bits of lap, 64 of a moment in it (in 2^-64, rounded down), 32 of the child's index: one
 * number of 128 bits that compares as turns do. The word of a moment without a child has index
 * SVCR_NOBODY and so stands behind all turns then. */
struct turn {
    struct svcr_wide word;
};

/* floor(2^63 odd / weight) for odd < 2 weight: the moment of a turn. */
static inline uint64_t fraction_of(uint64_t odd, uint64_t weight)
{
    uint64_t whole = (UINT64_C(1) << 63) / weight, rest = (UINT64_C(1) << 63) % weight;

    if (weight < (uint64_t)HUGE_WEIGHT) {
        return odd * whole + odd * rest / weight;
    }
    /* odd * rest / weight by long division: 64 steps, for weights that hardly exist. The remainder
     * stays below the weight and so below 2^63. */
    struct svcr_wide product = svcr_wide_multiply(odd, rest);
    uint64_t quotient = 0, left = product.high;

    for (int bit = 63; bit >= 0; bit--) {
        left = (left << 1) | ((product.low >> bit) & 1);
        quotient <<= 1;
        if (left >= weight) {
            left -= weight;
            quotient |= 1;
        }
    }
    return odd * whole + quotient;
}

static inline uint32_t lap_of(const struct turn *turn)
{
    return (uint32_t)(turn->word.high >> 32);
}

static inline uint32_t index_of(const struct turn *turn)
{
    return (uint32_t)turn->word.low;
}

static inline uint64_t moment_of(const struct turn *turn)
{
    return turn->word.high << 32 | turn->word.low >> 32;
}

static inline struct turn turn_at(uint32_t lap, uint64_t moment, uint32_t index)
{
    return (struct turn){{(uint64_t)lap << 32 | moment >> 32, moment << 32 | index}};
}

static inline struct turn with_index(struct turn turn, uint32_t index)
{
    return turn_at(lap_of(&turn), moment_of(&turn), index);
}

/* Which turn of its lap this is, from 0. */
static inline uint64_t count_of(const struct turn *turn, int64_t weight)
{
    return svcr_wide_multiply(moment_of(turn), (uint64_t)weight).high;
}

static inline struct turn turn_make(uint32_t lap, uint64_t count, int64_t weight, uint32_t index)
{
    if (count >= (uint64_t)weight) {
        count = 0;
        lap++;
    }
    return turn_at(lap, fraction_of(2 * count + 1, (uint64_t)weight), index);
}

/* Which of two turns comes first where a weight is huge: equal floors of moments are decided
 * exactly. A weight of 0 is that of a moment without a child. */
static inline bool before_exactly(const struct turn *a, int64_t a_weight, const struct turn *b,
                                  int64_t b_weight)
{
    if (lap_of(a) == lap_of(b) && moment_of(a) == moment_of(b) && a_weight > 0 && b_weight > 0) {
        struct svcr_wide left =
            svcr_wide_multiply(2 * count_of(a, a_weight) + 1, (uint64_t)b_weight);
        struct svcr_wide right =
            svcr_wide_multiply(2 * count_of(b, b_weight) + 1, (uint64_t)a_weight);

        if (svcr_wide_below(left, right) || svcr_wide_below(right, left)) {
            return svcr_wide_below(left, right);
        }
    }
    return svcr_wide_below(a->word, b->word);
}

#endif
