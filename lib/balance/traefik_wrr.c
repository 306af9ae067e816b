/* Weighted round robin as the reference has it (profile traefik-v3; behaviour section 8, the
 * conformance data's wrr.json): earliest deadline first, in doubles, to the last bit.
 *
 * Children with a weight above 0 stand in a binary heap (an array; parent of i is (i-1)/2; only a
 * strictly smaller deadline moves). A pick swaps first and last, sifts the first down over the
 * rest, takes the last off, `current` becomes its deadline, to which 1/weight is added, and it is
 * sifted up again; and so on until the child taken is usable: the turns of those passed over move
 * on. Where nobody is usable nothing moves.
 *
 * Bounds of our own. Nobody usable is found out beforehand, where the reference loops for ever.
 * After 4n + 4096 moves (heavy children down, a light one up; or weights so large that adding
 * 1/weight changes nothing) the usable child with the smallest deadline is taken and those with
 * earlier ones are set 1/weight behind it. Children that the caller excludes, which the reference
 * knows nothing of, are laid aside for the pick and keep their deadlines.
 *
 * Over an update a child keeps its deadline; if its weight changed, the rest of its turn is
 * stretched accordingly. A late child starts at current + 1/weight, as the reference has it.
 *
 * Steps: at most 4n + 4096 heap operations of log2(n); usually one. */
#include "balance/traefik.h"

struct svcr_scheduler {
    double current;
    uint32_t num, capacity; /* children in the heap, of the shape */
    bool phase;
    double deadlines[]; /* by child; the heap of children stands behind them */
};

enum { MOVES_BASE = 4096, MOVES_EACH = 4 };

static inline uint32_t *heap_of(struct svcr_scheduler *scheduler)
{
    return (uint32_t *)(void *)(scheduler->deadlines + scheduler->capacity);
}

static inline const uint32_t *const_heap_of(const struct svcr_scheduler *scheduler)
{
    return (const uint32_t *)(const void *)(scheduler->deadlines + scheduler->capacity);
}

static void sift_up(struct svcr_scheduler *scheduler, uint32_t at)
{
    uint32_t *heap = heap_of(scheduler), moving = heap[at];
    double deadline = scheduler->deadlines[moving];

    while (at > 0 && deadline < scheduler->deadlines[heap[(at - 1) / 2]]) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moving;
}

static void sift_down(struct svcr_scheduler *scheduler, uint32_t at)
{
    uint32_t *heap = heap_of(scheduler), moving = heap[at], num = scheduler->num;
    const double *deadlines = scheduler->deadlines;
    double deadline = deadlines[moving];

    for (uint32_t child = 2 * at + 1; child < num; child = 2 * at + 1) {
        if (child + 1 < num && deadlines[heap[child + 1]] < deadlines[heap[child]]) {
            child++;
        }
        if (!(deadlines[heap[child]] < deadline)) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void push(struct svcr_scheduler *scheduler, uint32_t child)
{
    heap_of(scheduler)[scheduler->num] = child;
    sift_up(scheduler, scheduler->num++);
}

static uint32_t pop(struct svcr_scheduler *scheduler)
{
    uint32_t *heap = heap_of(scheduler), first = heap[0];

    heap[0] = heap[--scheduler->num];
    if (scheduler->num > 0) {
        sift_down(scheduler, 0);
    }
    return first;
}

/* A child that was popped has its turn. */
static void turn(struct svcr_scheduler *scheduler, const struct svcr_shape *shape, uint32_t child)
{
    scheduler->current = scheduler->deadlines[child];
    scheduler->deadlines[child] += 1 / (double)shape->members[child].weight;
    push(scheduler, child);
}

static bool is_excluded(const struct svcr_member *member, const struct svcr_choice *choice)
{
    for (uint32_t i = 0; i < choice->num_excluded; i++) {
        if (choice->excluded[i] == member->id) {
            return true;
        }
    }
    return false;
}

/* The usable child with the smallest deadline, the first in the heap's array on a tie. */
static uint32_t find_usable(const struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                            const struct svcr_choice *choice)
{
    const uint32_t *heap = const_heap_of(scheduler);
    uint32_t best = SVCR_NOBODY;

    for (uint32_t i = 0; i < scheduler->num; i++) {
        if ((best == SVCR_NOBODY || scheduler->deadlines[heap[i]] < scheduler->deadlines[best]) &&
            svcr_member_usable(&shape->members[heap[i]], choice)) {
            best = heap[i];
        }
    }
    return best;
}

/* The end of a pick that took too long. */
static uint32_t jump(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    const uint32_t *heap = heap_of(scheduler);
    uint32_t best = find_usable(scheduler, shape, choice);

    if (best == SVCR_NOBODY) {
        return SVCR_NOBODY;
    }
    scheduler->current = scheduler->deadlines[best];
    for (uint32_t i = 0; i < scheduler->num; i++) {
        if (heap[i] == best || scheduler->deadlines[heap[i]] < scheduler->current) {
            scheduler->deadlines[heap[i]] =
                scheduler->current + 1 / (double)shape->members[heap[i]].weight;
        }
    }
    for (uint32_t at = scheduler->num / 2; at-- > 0;) {
        sift_down(scheduler, at);
    }
    return best;
}

static uint32_t pick_behind(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                            const struct svcr_choice *choice)
{
    uint32_t aside[SVCR_EXCLUDED_MAX], num_aside = 0, picked = SVCR_NOBODY;
    uint64_t moves = (uint64_t)MOVES_EACH * scheduler->num + MOVES_BASE;

    while (picked == SVCR_NOBODY && scheduler->num > 0 && moves-- > 0) {
        uint32_t child = pop(scheduler);
        const struct svcr_member *member = &shape->members[child];

        if (num_aside < SVCR_EXCLUDED_MAX && is_excluded(member, choice)) {
            aside[num_aside++] = child;
            continue;
        }
        turn(scheduler, shape, child);
        picked = svcr_member_usable(member, choice) ? child : SVCR_NOBODY;
    }
    if (picked == SVCR_NOBODY) {
        picked = jump(scheduler, shape, choice);
    }
    while (num_aside > 0) {
        push(scheduler, aside[--num_aside]);
    }
    return picked;
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    if (scheduler->num == 0) {
        return SVCR_NOBODY;
    }
    if (svcr_member_usable(&shape->members[heap_of(scheduler)[0]], choice)) {
        uint32_t child = pop(scheduler);

        turn(scheduler, shape, child);
        return child;
    }
    if (find_usable(scheduler, shape, choice) == SVCR_NOBODY) {
        return SVCR_NOBODY;
    }
    return pick_behind(scheduler, shape, choice);
}

static size_t size(const struct svcr_shape *shape)
{
    return sizeof(struct svcr_scheduler) + shape->num * (sizeof(double) + sizeof(uint32_t));
}

static void open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase)
{
    uint32_t *heap;

    scheduler->capacity = shape->num;
    scheduler->phase = phase;
    heap = heap_of(scheduler);
    for (uint32_t i = 0; i < shape->num; i++) {
        heap[i] = i;
    }
    for (uint32_t i = shape->num; phase && i > 1; i--) { /* the reference's random order */
        uint32_t other = svcr_random_below(random, i), child = heap[i - 1];

        heap[i - 1] = heap[other];
        heap[other] = child;
    }
    /* The heap grows over the list that it is made of, never past the place that is read. */
    for (uint32_t i = 0; i < shape->num; i++) {
        int64_t weight = shape->members[heap[i]].weight;

        if (weight > 0) {
            scheduler->deadlines[heap[i]] = scheduler->current + 1 / (double)weight;
            push(scheduler, heap[i]);
        }
    }
}

/* True if the older children stand unchanged at the head of the new ones. */
static bool only_added(const struct svcr_shape *shape, const struct svcr_shape *older,
                       const uint32_t *old_index)
{
    for (uint32_t i = 0; i < older->num; i++) {
        if (i >= shape->num || old_index[i] != i ||
            shape->members[i].weight != older->members[i].weight) {
            return false;
        }
    }
    return true;
}

/* The deadline of a child in a new shape. */
static double carried_deadline(const struct svcr_scheduler *from, const struct svcr_shape *older,
                               uint32_t before, int64_t weight)
{
    int64_t old_weight = before != SVCR_NOBODY ? older->members[before].weight : 0;

    if (old_weight <= 0) {
        return from->current + 1 / (double)weight;
    }
    if (old_weight == weight) {
        return from->deadlines[before];
    }
    return from->current +
           (from->deadlines[before] - from->current) * (double)old_weight / (double)weight;
}

static void carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random)
{
    uint32_t kept = 0;

    if (older->num == 0) {
        open(scheduler, shape, random, from->phase);
        return;
    }
    scheduler->capacity = shape->num;
    scheduler->current = from->current;
    scheduler->phase = from->phase;
    if (only_added(shape, older, old_index)) { /* the heap as it is */
        kept = older->num;
        scheduler->num = from->num;
        memcpy(scheduler->deadlines, from->deadlines, kept * sizeof(double));
        memcpy(heap_of(scheduler), const_heap_of(from), from->num * sizeof(uint32_t));
    }
    for (uint32_t i = kept; i < shape->num; i++) {
        int64_t weight = shape->members[i].weight;

        if (weight > 0) {
            scheduler->deadlines[i] = carried_deadline(from, older, old_index[i], weight);
            push(scheduler, i);
        }
    }
}

double svcr_traefik_wrr_deadline(const struct svcr_scheduler *scheduler, uint32_t place,
                                 uint32_t *child)
{
    *child = const_heap_of(scheduler)[place];
    return scheduler->deadlines[*child];
}

double svcr_traefik_wrr_current(const struct svcr_scheduler *scheduler)
{
    return scheduler->current;
}

uint32_t svcr_traefik_wrr_num(const struct svcr_scheduler *scheduler)
{
    return scheduler->num;
}

const struct svcr_strategy svcr_traefik_wrr = {"traefik-wrr", size, open, carry, pick};
