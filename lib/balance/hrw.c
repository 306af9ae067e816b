/* Highest random weight (profile default): every child draws a number from the key and its own
 * name, the best one wins. Whoever leaves takes its own keys along and no others (Thaler and
 * Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996); shares follow the weights by
 * the logarithm method (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005):
 * with u uniform in 0 .. 1, -ln(u) / w is exponential with rate w, and the smallest of such numbers
 * is child i's with probability w_i / sum(w).
 *
 * The draw is svcr_hash_mix(svcr_hash(KEY_SEED, key), svcr_hash(NAME_SEED, name)). FROZEN: which
 * server a key reaches is part of the ABI; tests hold hash, logarithm and choices against a second
 * implementation (tests/sim/hrw_golden.py).
 *
 * Equal weights: the greatest draw wins, no logarithm. Else the cost of a draw d is -log2((d + 1) /
 * 2^64) (the base does not matter) as an integer in units of 2^-57, made by squaring bit by bit; a
 * child with cost a and weight v comes before one with b and w if a * w < b * v in 128 bits, or if
 * these are equal and its draw is greater. Integers, so that every machine makes the same choice,
 * which libm's logarithm does not promise. But most comparisons are clear in doubles already: those
 * decide, with a margin beyond all errors of doubles and integers, and what is left to the integers
 * is one comparison in 10^12. -ln(1 - g) is at least g, so a child that loses with g alone needs no
 * logarithm at all: some ln(n) are taken a pick.
 *
 * Steps: n draws of one multiplication each; a child's state is looked at only when it would win.
 * No state. */
#include "balance/hrw.h"

#include <math.h>

#include "balance/wide.h"
#include "base/hash.h"

#define NAME_SEED UINT64_C(0x8d1f0c5e92b7a463)
#define KEY_SEED UINT64_C(0x41c6a7d30b9e582f)
/* The keys of svcr_hash_mix(). */
#define MIX_A UINT64_C(0x6a09e667f3bcc909)
#define MIX_B UINT64_C(0xbb67ae8584caa73b)

uint64_t svcr_hrw_name_hash(svcr_text name)
{
    return svcr_hash(NAME_SEED, name.data, name.size);
}

/* svcr_hash_mix(), in place: it is the whole cost of a child. */
static inline uint64_t mix(uint64_t key, uint64_t name)
{
    struct svcr_wide product = svcr_wide_multiply(key ^ MIX_A, name ^ MIX_B);

    return product.high ^ product.low;
}

uint64_t svcr_hrw_draw(svcr_text key, uint64_t name_hash)
{
    return mix(svcr_hash(KEY_SEED, key.data, key.size), name_hash);
}

enum { FRACTION_BITS = 57 };

uint64_t svcr_hrw_cost(uint64_t draw)
{
    if (draw == UINT64_MAX) {
        return 0;
    }
    int zeros = __builtin_clzll(draw + 1);
    uint64_t m = (draw + 1) << zeros, fraction = 0; /* m / 2^63 in 1 .. 2 */

    for (int i = 0; i < FRACTION_BITS; i++) {
        struct svcr_wide square = svcr_wide_multiply(m, m); /* of that, in 1 .. 4 */
        uint64_t two = square.high >> 63;

        m = two ? square.high : (square.high << 1) | (square.low >> 63);
        fraction = (fraction << 1) | two;
    }
    return ((uint64_t)(zeros + 1) << FRACTION_BITS) - fraction;
}

struct bid {
    uint32_t child;
    uint64_t draw, weight;
    double rate;   /* -ln(u) / weight */
    double margin; /* relative to `rate`, and the error of the integers per weight */
};

static bool wins_exactly(uint64_t draw, uint64_t weight, const struct bid *best)
{
    struct svcr_wide mine = svcr_wide_multiply(svcr_hrw_cost(draw), best->weight);
    struct svcr_wide other = svcr_wide_multiply(svcr_hrw_cost(best->draw), weight);

    if (svcr_wide_below(mine, other) || svcr_wide_below(other, mine)) {
        return svcr_wide_below(mine, other);
    }
    return draw > best->draw;
}

/* True if a draw comes before the best one so far. `gap` is 1 - u. Errors: of a double's rate, some
 * 2^-51 of it; of an integer's, 2^-56 / weight. */
static inline bool wins(uint64_t draw, uint64_t weight, double gap, const struct bid *best,
                        double *rate, double *margin)
{
    double divisor = 1 / (double)weight;

    *rate = -log1p(-gap) * divisor;
    *margin = *rate * 0x1p-44 + divisor * 0x1p-52;
    if (*rate + *margin < best->rate - best->margin) {
        return true;
    }
    if (*rate - *margin > best->rate + best->margin) {
        return false;
    }
    return wins_exactly(draw, weight, best);
}

static uint32_t pick_weighted(const struct svcr_shape *shape, const struct svcr_choice *choice,
                              uint64_t key)
{
    struct bid best = {.child = SVCR_NOBODY, .rate = HUGE_VAL};
    double limit = HUGE_VAL; /* who is above it has lost */

    for (uint32_t i = 0; i < shape->num; i++) {
        const struct svcr_member *member = &shape->members[i];
        uint64_t draw = mix(key, member->name_hash), weight = (uint64_t)member->weight;
        /* A signed conversion, which takes no branch. */
        double gap = (double)(int64_t)((UINT64_MAX - draw) >> 1) * 0x1p-63, rate, margin;

        if (gap > limit * (double)member->weight + 0x1p-50 || member->weight <= 0) {
            continue;
        }
        if (wins(draw, weight, gap, &best, &rate, &margin) && svcr_member_usable(member, choice)) {
            best = (struct bid){i, draw, weight, rate, margin};
            limit = rate + 2 * margin;
        }
    }
    return best.child;
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    uint64_t key = svcr_hash(KEY_SEED, choice->key.data, choice->key.size), best_hash = 0;
    uint32_t best = SVCR_NOBODY;

    (void)scheduler;
    if (!shape->equal) {
        return pick_weighted(shape, choice, key);
    }
    for (uint32_t i = 0; i < shape->num; i++) {
        uint64_t hash = mix(key, shape->members[i].name_hash);

        if ((hash > best_hash || best == SVCR_NOBODY) &&
            svcr_member_usable(&shape->members[i], choice)) {
            best = i;
            best_hash = hash;
        }
    }
    return best;
}

const struct svcr_strategy svcr_hrw = {"hrw", svcr_stateless_size, svcr_stateless_open,
                                       svcr_stateless_carry, pick};
