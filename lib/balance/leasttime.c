/* Least time (profile default): of two usable children drawn at random the one whose next answer is
 * expected sooner.
 *
 * Expected time = decaying average of the time to the first byte * (1 + requests in flight) /
 * weight, as the latency-aware balancers of Finagle and Linkerd have it. Two choices instead of the
 * best of all: with stale averages a unique best child would draw the whole crowd until the
 * averages change (herding); a random pair limits what any child can get to the share of pairs that
 * it is in (Mitzenmacher, "How Useful Is Old Information?", 2000).
 *
 * The sooner one wins with odds of the fourth power of the ratio: 16 to 1 at twice the time,
 * but 1.5 to 1 at a tenth more. Always taking the sooner one would let a few samples' noise decide
 * for good: whoever looks a little slower is not asked, and so keeps looking slower.
 *
 * The average halves its memory every HALF_LIFE: a sample that comes dt after the one before has
 * the part 1 - 2^(-dt / HALF_LIFE), at least 1 / 2^MIN_PART_SHIFT, so that many samples at one
 * reading of a coarse clock count too. 2^-x is made of shifts and a straight line within each
 * halving. Two atomic words: whoever exchanges the time of the last sample owns the time since
 * then; the average is changed by compare and swap. Failures and missing answers come in as samples
 * too (a penalty that the caller sets): a child that answers errors fast does not look fast. In
 * flight counts at any latency, since an average is at least one nanosecond.
 *
 * A child that is not asked has no samples. Its average fades towards the mean of the others with
 * the same half-life, so that one bad day is not for ever; a child without any sample stands at
 * that mean. The mean is the scheduler's own: a moving average over the children that it met in
 * pairs, which are a uniform sample of the usable ones.
 *
 * Weights: children are drawn in proportion to them (sums in the scheduler, binary search), besides
 * dividing the expected time; equal weights need no sums.
 *
 * Steps: two draws when all are usable, log2(n) each with weights that differ; at most 48 draws and
 * one pass. */
#include "balance/draw.h"
#include "balance/wide.h"

#define HALF_LIFE UINT64_C(5000000000)
#define LATENCY_MAX (UINT64_C(1) << 42) /* over an hour */

enum { MIN_PART_SHIFT = 7, MEAN_SHIFT = 4, PART_BITS = 16 };

struct svcr_scheduler {
    uint64_t mean;   /* of the children met, ns; 0: none had a sample yet */
    uint64_t sums[]; /* weights that differ: of the weights up to each child */
};

/* 2^(-elapsed / HALF_LIFE) in 2^-PART_BITS. */
static uint64_t remaining(uint64_t elapsed)
{
    uint64_t halvings = elapsed / HALF_LIFE, rest = elapsed % HALF_LIFE;

    if (halvings > PART_BITS) {
        return 0;
    }
    return ((UINT64_C(1) << PART_BITS) - (rest << (PART_BITS - 1)) / HALF_LIFE) >> halvings;
}

/* `from` moved towards `to` by `part` in 2^-PART_BITS. */
static inline uint64_t move(uint64_t from, uint64_t to, uint64_t part)
{
    return to >= from ? from + (((to - from) * part) >> PART_BITS)
                      : from - (((from - to) * part) >> PART_BITS);
}

void svcr_latency_add(struct svcr_live *live, uint64_t latency, uint64_t now)
{
    uint64_t sample = latency < 1 ? 1 : latency > LATENCY_MAX ? LATENCY_MAX : latency;
    uint64_t before = atomic_load_explicit(&live->latency_at, memory_order_relaxed);
    uint64_t part = UINT64_C(1) << (PART_BITS - MIN_PART_SHIFT), average, moved;

    while (before < now &&
           !atomic_compare_exchange_weak_explicit(&live->latency_at, &before, now,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    if (before < now) {
        uint64_t fresh = (UINT64_C(1) << PART_BITS) - remaining(now - before);

        part = fresh > part ? fresh : part;
    }
    average = atomic_load_explicit(&live->latency, memory_order_relaxed);
    do {
        moved = average == 0 ? sample : move(average, sample, part);
    } while (!atomic_compare_exchange_weak_explicit(&live->latency, &average, moved > 0 ? moved : 1,
                                                    memory_order_relaxed, memory_order_relaxed));
}

/* What a child's average says now; 0: nothing. Counts it into the mean. */
static uint64_t meet(struct svcr_scheduler *scheduler, const struct svcr_member *member,
                     uint64_t now)
{
    uint64_t latency, at;

    if (member->live == NULL) {
        return 0;
    }
    latency = atomic_load_explicit(&member->live->latency, memory_order_relaxed);
    if (latency == 0) {
        return 0;
    }
    at = atomic_load_explicit(&member->live->latency_at, memory_order_relaxed);
    if (scheduler->mean == 0) {
        scheduler->mean = latency;
    }
    if (now > at) {
        latency = move(scheduler->mean, latency, remaining(now - at));
    }
    scheduler->mean = move(scheduler->mean, latency, UINT64_C(1) << (PART_BITS - MEAN_SHIFT));
    return latency;
}

static double expected(const struct svcr_scheduler *scheduler, const struct svcr_member *member,
                       uint64_t latency)
{
    uint64_t mean = scheduler->mean > 0 ? scheduler->mean : 1;

    return (double)(latency > 0 ? latency : mean) * (1.0 + svcr_member_inflight(member)) /
           (double)member->weight;
}

/* True with probability other^4 / (time^4 + other^4). */
static bool wins(struct svcr_random *random, double time, double other)
{
    double mine = time * time * time * time, theirs = other * other * other * other;

    return (double)(svcr_random_next(random) >> 11) * 0x1p-53 * (mine + theirs) < theirs;
}

static size_t size(const struct svcr_shape *shape)
{
    return sizeof(struct svcr_scheduler) + (shape->equal ? 0 : shape->num * sizeof(uint64_t));
}

static void open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase)
{
    uint64_t sum = 0;

    (void)random;
    (void)phase;
    for (uint32_t i = 0; !shape->equal && i < shape->num; i++) {
        int64_t weight = shape->members[i].weight;

        /* Below 2^31 each, so that the sum fits. */
        sum += weight <= 0 ? 0 : weight > INT32_MAX ? INT32_MAX : (uint64_t)weight;
        scheduler->sums[i] = sum;
    }
}

static void carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random)
{
    (void)older;
    (void)old_index;
    open(scheduler, shape, random, false);
    scheduler->mean = from->mean;
}

/* A usable child in proportion to the weights, not `other`; SVCR_NOBODY after some draws in vain.
 */
static uint32_t draw_by_weight(const struct svcr_scheduler *scheduler,
                               const struct svcr_shape *shape, const struct svcr_choice *choice,
                               uint32_t other)
{
    uint64_t sum = shape->num > 0 ? scheduler->sums[shape->num - 1] : 0;

    for (uint32_t draws = svcr_draws_max(shape->num); draws > 0 && sum > 0; draws--) {
        uint64_t drawn = svcr_wide_multiply(svcr_random_next(choice->random), sum).high;
        uint32_t low = 0, high = shape->num - 1;

        while (low < high) {
            uint32_t middle = low + (high - low) / 2;

            if (scheduler->sums[middle] > drawn) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        if (low != other && svcr_member_usable(&shape->members[low], choice)) {
            return low;
        }
    }
    return SVCR_NOBODY;
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    const struct svcr_member *members = shape->members;
    uint32_t first = SVCR_NOBODY, second = SVCR_NOBODY;
    uint64_t latency, other;

    if (!shape->equal) {
        first = draw_by_weight(scheduler, shape, choice, SVCR_NOBODY);
        if (first != SVCR_NOBODY) {
            second = draw_by_weight(scheduler, shape, choice, first);
        }
    }
    if (second == SVCR_NOBODY) {
        svcr_draw_two(shape, choice, &first, &second);
    }
    if (second == SVCR_NOBODY) {
        return first;
    }
    latency = meet(scheduler, &members[first], choice->now);
    other = meet(scheduler, &members[second], choice->now);
    return wins(choice->random, expected(scheduler, &members[first], latency),
                expected(scheduler, &members[second], other))
               ? first
               : second;
}

const struct svcr_strategy svcr_leasttime = {"leasttime", size, open, carry, pick};
