/* Highest random weight (profile default): every child draws a number from the key and its own
 * name, the best one wins. Whoever leaves takes its own keys along and no others (Thaler and
 * Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996); shares follow the weights by
 * the logarithm method (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005): u
 * uniform in 0 .. 1, -ln(u) / w is exponential with rate w, and the smallest of such numbers is
 * child i's with probability w_i / sum(w).
 *
 * The hash is svcr_hash_mix(svcr_hash(KEY_SEED, key), svcr_hash(NAME_SEED, name)), h. FROZEN: which
 * server a key reaches is part of the ABI; tests hold hash, logarithm and choices against a second
 * implementation.
 *
 * Equal weights: the greatest h wins, no logarithm. Else, with u = (h + 1) / 2^64, the cost is
 * -log2(u) (the base does not matter) as an integer in units of 2^-57, made by squaring bit by bit:
 * integers give the same choice on every machine, which libm's logarithm does not promise. Costs a,
 * b are compared as a * w_b < b * w_a in 128 bits; equal ones by h, so that equal weights in
 * unequal company choose as ever. -log2(1 - g) is at least g / ln 2 > 23/16 g: whoever cannot win
 * even at that bound needs no logarithm, so it is computed some ln(n) times a pick.
 *
 * Steps: n hashes of one multiplication each; a child's state is looked at only when it would win.
 * No state. */
#include "balance/strategy.h"
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

/* True if a * b < c * d. */
static inline bool product_below(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return svcr_wide_below(svcr_wide_multiply(a, b), svcr_wide_multiply(c, d));
}

enum { FRACTION_BITS = 57 };

/* -log2((hash + 1) / 2^64) in 2^-57. */
static uint64_t cost_of(uint64_t hash)
{
    if (hash == UINT64_MAX) {
        return 0;
    }
    int zeros = __builtin_clzll(hash + 1);
    uint64_t m = (hash + 1) << zeros, fraction = 0;

    for (int i = 0; i < FRACTION_BITS; i++) {
        struct svcr_wide square = svcr_wide_multiply(m, m); /* of m / 2^63, in 1 .. 4 */
        uint64_t two = square.high >> 63;

        m = two ? square.high : (square.high << 1) | (square.low >> 63);
        fraction = (fraction << 1) | two;
    }
    return ((uint64_t)(zeros + 1) << FRACTION_BITS) - fraction;
}

/* At most cost_of(hash). */
static inline uint64_t cost_at_least(uint64_t hash)
{
    uint64_t gap = UINT64_MAX - hash;

    return (gap >> (64 - FRACTION_BITS)) + (gap >> (66 - FRACTION_BITS)) +
           (gap >> (67 - FRACTION_BITS)) + (gap >> (68 - FRACTION_BITS));
}

static uint32_t pick_weighted(const struct svcr_shape *shape, const struct svcr_choice *choice,
                              uint64_t key)
{
    uint32_t best = SVCR_NOBODY;
    uint64_t best_cost = 0, best_weight = 0, best_hash = 0;

    for (uint32_t i = 0; i < shape->num; i++) {
        const struct svcr_member *member = &shape->members[i];
        uint64_t hash = mix(key, member->name_hash), weight = (uint64_t)member->weight;
        uint64_t cost;

        if (member->weight <= 0) {
            continue;
        }
        if (best != SVCR_NOBODY &&
            product_below(best_cost, weight, cost_at_least(hash), best_weight)) {
            continue;
        }
        cost = cost_of(hash);
        if (best != SVCR_NOBODY && !product_below(cost, best_weight, best_cost, weight) &&
            (product_below(best_cost, weight, cost, best_weight) || hash <= best_hash)) {
            continue;
        }
        if (svcr_member_usable(member, choice)) {
            best = i;
            best_cost = cost;
            best_weight = weight;
            best_hash = hash;
        }
    }
    return best;
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
