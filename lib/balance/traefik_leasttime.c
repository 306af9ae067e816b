/* Least time as the reference has it (profile traefik-v3; behaviour section 8, leasttime.json):
 * score = average time to first byte of the last 100 samples in whole milliseconds * (1 + in
 * flight) / weight, the smallest wins; equal scores are settled by earliest deadline. Deadlines
 * start staggered (current += 1/weight at each child), move only for the winner of a tie, and are
 * doubles, added to repeatedly.
 *
 * The average is published as the bits of a double in svcr_live.latency whenever a sample comes, so
 * that a pick reads one line of memory per child and takes no lock. A late child goes on
 * staggering; over an update a child keeps its deadline, and if its weight changed, its distance to
 * `current` is stretched.
 *
 * Steps: n. */
#include "balance/draw.h"
#include "balance/traefik.h"

struct svcr_scheduler {
    double current;
    bool phase;
    double deadlines[]; /* by child */
};

static struct svcr_samples *samples_lock(struct svcr_live *live)
{
    struct svcr_samples *samples = atomic_load_explicit(&live->samples, memory_order_acquire);

    while (atomic_flag_test_and_set_explicit(&samples->lock, memory_order_acquire)) {
    }
    return samples;
}

static void samples_unlock(struct svcr_samples *samples)
{
    atomic_flag_clear_explicit(&samples->lock, memory_order_release);
}

void svcr_samples_begin(struct svcr_live *live)
{
    struct svcr_samples *samples = samples_lock(live);

    if (samples->num == 0) {
        atomic_store_explicit(&live->latency, 0, memory_order_relaxed);
    }
    samples_unlock(samples);
}

void svcr_samples_add(struct svcr_live *live, int64_t milliseconds)
{
    struct svcr_samples *samples = samples_lock(live);
    double average;
    uint64_t bits;

    if (samples->num < SVCR_SAMPLES) {
        samples->num++;
    } else {
        samples->sum -= samples->values[samples->next];
    }
    samples->values[samples->next] = milliseconds;
    samples->sum += milliseconds;
    samples->next = (samples->next + 1) % SVCR_SAMPLES;
    average = (double)samples->sum / (double)samples->num;
    memcpy(&bits, &average, sizeof(bits));
    atomic_store_explicit(&live->latency, bits, memory_order_relaxed);
    samples_unlock(samples);
}

double svcr_samples_average(const struct svcr_live *live)
{
    uint64_t bits = atomic_load_explicit(&live->latency, memory_order_relaxed);
    double average;

    memcpy(&average, &bits, sizeof(average));
    return average;
}

uint64_t svcr_live_latency(const struct svcr_live *live)
{
    double nanoseconds = svcr_live_has_samples(live) ? svcr_samples_average(live) * 1e6 : -1;

    if (nanoseconds < 0) {
        return atomic_load_explicit(&live->latency, memory_order_relaxed);
    }
    return nanoseconds < 0x1p63 ? (uint64_t)nanoseconds : UINT64_MAX;
}

double svcr_traefik_leasttime_score(const struct svcr_member *member)
{
    if (member->live == NULL) {
        return 0;
    }
    return svcr_samples_average(member->live) * (1.0 + svcr_member_inflight(member)) /
           (double)member->weight;
}

static size_t size(const struct svcr_shape *shape)
{
    return sizeof(struct svcr_scheduler) + shape->num * sizeof(double);
}

/* The turn of a child that joins. */
static void join(struct svcr_scheduler *scheduler, const struct svcr_shape *shape, uint32_t child)
{
    int64_t weight = shape->members[child].weight;

    if (weight > 0) {
        scheduler->current += 1 / (double)weight;
        scheduler->deadlines[child] = scheduler->current;
    }
}

static void open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase)
{
    /* The reference adds them in a random order; a cyclic one starts at every child just as likely.
     */
    uint32_t start = phase && shape->num > 0 ? svcr_random_below(random, shape->num) : 0;

    scheduler->phase = phase;
    for (uint32_t i = start; i < shape->num; i++) {
        join(scheduler, shape, i);
    }
    for (uint32_t i = 0; i < start; i++) {
        join(scheduler, shape, i);
    }
}

static void carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random)
{
    if (older->num == 0) {
        open(scheduler, shape, random, from->phase);
        return;
    }
    scheduler->current = from->current;
    scheduler->phase = from->phase;
    for (uint32_t i = 0; i < shape->num; i++) {
        uint32_t before = old_index[i];
        int64_t weight = shape->members[i].weight;
        int64_t old_weight = before != SVCR_NOBODY ? older->members[before].weight : 0;

        if (weight <= 0) {
            continue;
        }
        if (old_weight <= 0) {
            join(scheduler, shape, i);
        } else if (old_weight == weight) {
            scheduler->deadlines[i] = from->deadlines[before];
        } else {
            double rest = from->deadlines[before] - from->current;

            scheduler->deadlines[i] = from->current + rest * (double)old_weight / (double)weight;
        }
    }
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    double *deadlines = scheduler->deadlines, best_score = 0;
    uint32_t best = SVCR_NOBODY;
    bool tie = false;

    for (uint32_t i = 0; i < shape->num; i++) {
        const struct svcr_member *member = &shape->members[i];
        double score;

        if (!svcr_member_usable(member, choice)) {
            continue;
        }
        score = svcr_traefik_leasttime_score(member);
        if (best == SVCR_NOBODY || score < best_score) {
            best = i;
            best_score = score;
            tie = false;
        } else if (!(score > best_score)) {
            tie = true;
            best = deadlines[i] < deadlines[best] ? i : best;
        }
    }
    if (tie) {
        deadlines[best] += 1 / (double)shape->members[best].weight;
        if (deadlines[best] > scheduler->current) {
            scheduler->current = deadlines[best];
        }
    }
    return best;
}

double svcr_traefik_leasttime_deadline(const struct svcr_scheduler *scheduler, uint32_t child)
{
    return scheduler->deadlines[child];
}

double svcr_traefik_leasttime_current(const struct svcr_scheduler *scheduler)
{
    return scheduler->current;
}

const struct svcr_strategy svcr_traefik_leasttime = {"traefik-leasttime", size, open, carry, pick};
