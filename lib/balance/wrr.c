/* Weighted round robin in exact proportions (profile default).
 *
 * Weights that differ. Time runs in laps; in every lap a child of weight w has w turns, at the
 * moments (2c + 1) / 2w for c = 0 .. w-1. The next pick goes to the child with the earliest turn,
 * the first child on a tie: earliest deadline first over Webster's (Sainte-Lague's) grid, which
 * puts a child's turns in the middle of their spans instead of crowding the light children at the
 * end of a lap. Since the turns of a child are fixed points, the sequence has the period
 * sum(weights) / gcd, and EVERY window of that many picks holds each child exactly in proportion,
 * also over the usable children alone while that set does not change: time jumps over the turns of
 * the others.
 *
 * A moment is a lap and floor(2^64 (2c + 1) / 2w). Two fractions with denominators 2v, 2w that
 * differ do so by at least 1 / 2vw, so for weights below 2^31 their floors differ too and 64 bits
 * compare exactly; for larger weights equal floors are decided by multiplying crosswise in 128
 * bits. c is read back from the moment as floor(moment * w): the middle of a span of 1/w is more
 * than a rounding error away from its ends. So 16 bytes a child are the whole state, in a binary
 * heap.
 *
 * Between picks the state is one moment (`now`, with the child that took it): everybody's next turn
 * is the first of its grid after it. The exceptions are owed turns: a child that could have been
 * picked but was excluded by the caller keeps its turn in the past, one turn at most, and takes it
 * as soon as nobody excludes it (16 children at most, since a pick excludes no more). A child that
 * is down, drained or fenced leaves the order: its turns pass. It comes back at the next of its
 * turns, without a burst.
 *
 * Carrying over. A new shape goes on at the same moment; children new to it have their first turn
 * within one span of their own. Nobody is starved, however often updates come: the moment never
 * goes back, and it passes no turn of a usable child without giving it. (99:1 with an update every
 * 50 picks: a lap still takes 100 picks, the light child is picked at half of every lap.) Only a
 * child whose own weight changes in step with the picks could be missed.
 *
 * Weights that are equal. All turns of a lap fall on one moment and the order is that of the
 * children: a rotating position is the whole state, nothing per child.
 *
 * Steps: a pick looks at each child at most once and moves each at most once; usually at one, with
 * a sift of log2(n). If more than 16 children in a row turn out unusable, one pass over the heap
 * and one rebuilding of it, O(n). */
#include "balance/strategy.h"
#include "balance/turn.h"

enum { OWED_MAX = SVCR_EXCLUDED_MAX, SKIPS_MAX = 16 };

#define LAPS_MAX (UINT64_C(1) << 31)

struct svcr_scheduler {
    struct turn now;   /* the latest turn taken, or a moment without a child */
    int64_t weight;    /* of the child that took it; 0: the fraction is the exact moment */
    uint32_t position; /* equal weights: who is next */
    uint32_t num;      /* equal weights: owed turns; else turns in the heap */
    bool moved;        /* equal weights: `position` tells the moment, else `now` does */
    bool huge;         /* some weight is at least HUGE_WEIGHT */
    bool phase;        /* as given to open() */
    uint32_t owed[OWED_MAX];
};

/* The heap stands behind the struct. */
static inline struct turn *turns_of(struct svcr_scheduler *scheduler)
{
    return (struct turn *)(void *)(scheduler + 1);
}

static inline const struct turn *const_turns_of(const struct svcr_scheduler *scheduler)
{
    return (const struct turn *)(const void *)(scheduler + 1);
}

/* ---- order -------------------------------------------------------------------------------- */

/* Which of two turns comes first. `huge`: the members if some weight is huge, else NULL. */
static inline bool before(const struct turn *a, const struct turn *b,
                          const struct svcr_member *huge)
{
    if (__builtin_expect(huge != NULL, 0)) {
        return before_exactly(a, huge[index_of(a)].weight, b, huge[index_of(b)].weight);
    }
    return svcr_wide_below(a->word, b->word);
}

/* True if a child's turn is still to come. */
static inline bool after_now(const struct svcr_scheduler *scheduler, const struct turn *turn,
                             int64_t weight)
{
    if (__builtin_expect(weight >= HUGE_WEIGHT || scheduler->weight >= HUGE_WEIGHT, 0)) {
        return before_exactly(&scheduler->now, scheduler->weight, turn, weight);
    }
    return svcr_wide_below(scheduler->now.word, turn->word);
}

/* The first turn of a child that is still to come: that of the span in which we are, or the next.
 */
static struct turn next_turn(const struct svcr_scheduler *scheduler, int64_t weight, uint32_t index)
{
    uint64_t count = count_of(&scheduler->now, weight);
    struct turn turn = turn_make(lap_of(&scheduler->now), count, weight, index);

    if (!after_now(scheduler, &turn, weight)) {
        turn = turn_make(lap_of(&scheduler->now), count + 1, weight, index);
    }
    return turn;
}

/* ---- heap --------------------------------------------------------------------------------- */

static void sift_up(struct turn *turns, uint32_t at, const struct svcr_member *huge)
{
    struct turn moving = turns[at];

    while (at > 0 && before(&moving, &turns[(at - 1) / 2], huge)) {
        turns[at] = turns[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    turns[at] = moving;
}

/* Down to a leaf, always to the earlier child, then up again: the turn after the one just taken
 * mostly belongs near the leaves, and a choice between two children needs no branch. */
static inline void sift_down(struct turn *turns, uint32_t num, uint32_t at,
                             const struct svcr_member *huge)
{
    struct turn moving = turns[at];
    uint32_t top = at, child = 2 * at + 1;

    for (; child + 1 < num; child = 2 * at + 1) {
        child += before(&turns[child + 1], &turns[child], huge);
        turns[at] = turns[child];
        at = child;
    }
    if (child < num) {
        turns[at] = turns[child];
        at = child;
    }
    while (at > top && before(&moving, &turns[(at - 1) / 2], huge)) {
        turns[at] = turns[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    turns[at] = moving;
}

static void heapify(struct turn *turns, uint32_t num, const struct svcr_member *huge)
{
    for (uint32_t at = num / 2; at-- > 0;) {
        sift_down(turns, num, at, huge);
    }
}

/* ---- picking ------------------------------------------------------------------------------ */

/* True if nothing but the caller's exclusion keeps a child from its turn. */
static bool only_excluded(const struct svcr_member *member, const struct svcr_choice *choice)
{
    struct svcr_choice open = *choice;

    open.num_excluded = 0;
    return choice->num_excluded > 0 && svcr_member_usable(member, &open) &&
           !svcr_member_usable(member, choice);
}

/* Moves time to a turn that is being taken and gives the child's next one. */
static inline struct turn take(struct svcr_scheduler *scheduler, const struct turn *turn,
                               int64_t weight)
{
    if (!after_now(scheduler, turn, weight)) {
        return next_turn(scheduler, weight, index_of(turn)); /* it was owed */
    }
    scheduler->now = *turn;
    scheduler->weight = weight;
    return turn_make(lap_of(turn), count_of(turn, weight) + 1, weight, index_of(turn));
}

/* The earliest turn of a usable child among turns[0 .. num-1], which need not be a heap. */
static uint32_t find_usable(const struct turn *turns, uint32_t num, const struct svcr_shape *shape,
                            const struct svcr_choice *choice, const struct svcr_member *huge)
{
    uint32_t best = SVCR_NOBODY;

    for (uint32_t i = 0; i < num; i++) {
        if ((best == SVCR_NOBODY || before(&turns[i], &turns[best], huge)) &&
            svcr_member_usable(&shape->members[index_of(&turns[i])], choice)) {
            best = i;
        }
    }
    return best;
}

/* The first child in order cannot be had: takes such ones off the heap, behind its end, until one
 * can. */
static uint32_t pick_behind(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                            const struct svcr_choice *choice)
{
    const struct svcr_member *members = shape->members, *huge = scheduler->huge ? members : NULL;
    struct turn *turns = turns_of(scheduler), chosen;
    uint32_t left = scheduler->num, at = 0;
    bool scan = false;

    while (left > 0 && !svcr_member_usable(&members[index_of(&turns[0])], choice)) {
        if (scheduler->num - left == SKIPS_MAX) {
            scan = true;
            break;
        }
        chosen = turns[0];
        turns[0] = turns[--left];
        turns[left] = chosen;
        if (left > 0) {
            sift_down(turns, left, 0, huge);
        }
    }
    if (scan || left == 0) {
        at = find_usable(turns, left, shape, choice, huge);
    }
    if (at == SVCR_NOBODY) {
        heapify(turns, scheduler->num, huge);
        return SVCR_NOBODY;
    }
    chosen = turns[at];
    turns[at] = take(scheduler, &chosen, members[index_of(&chosen)].weight);
    for (uint32_t i = scan ? 0 : left; i < scheduler->num; i++) { /* their turns pass */
        const struct svcr_member *member = &members[index_of(&turns[i])];

        if (!after_now(scheduler, &turns[i], member->weight) && !only_excluded(member, choice)) {
            turns[i] = next_turn(scheduler, member->weight, index_of(&turns[i]));
        }
    }
    if (scan) {
        heapify(turns, scheduler->num, huge);
        return index_of(&chosen);
    }
    sift_down(turns, left, 0, huge);
    for (; left < scheduler->num; left++) {
        sift_up(turns, left, huge);
    }
    return index_of(&chosen);
}

/* Laps have 32 bits: takes 2^31 off them all. */
static void rebase(struct svcr_scheduler *scheduler, const struct svcr_member *members)
{
    struct turn *turns = turns_of(scheduler);

    scheduler->now.word.high -= LAPS_MAX << 32;
    for (uint32_t i = 0; i < scheduler->num;
         i++) { /* an owed turn may be older: its time is over */
        turns[i].word.high -=
            lap_of(&turns[i]) >= LAPS_MAX ? LAPS_MAX << 32 : (uint64_t)lap_of(&turns[i]) << 32;
    }
    heapify(turns, scheduler->num, scheduler->huge ? members : NULL);
}

static uint32_t pick_turn(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                          const struct svcr_choice *choice)
{
    struct turn *turns = turns_of(scheduler);

    if (__builtin_expect(lap_of(&scheduler->now) >= LAPS_MAX, 0)) {
        rebase(scheduler, shape->members);
    }
    uint32_t index = scheduler->num > 0 ? index_of(&turns[0]) : SVCR_NOBODY;

    if (index == SVCR_NOBODY || !svcr_member_usable(&shape->members[index], choice)) {
        return pick_behind(scheduler, shape, choice);
    }
    turns[0] = take(scheduler, &turns[0], shape->members[index].weight);
    sift_down(turns, scheduler->num, 0, scheduler->huge ? shape->members : NULL);
    return index;
}

static inline uint32_t following(uint32_t at, uint32_t num)
{
    return at + 1 < num ? at + 1 : 0;
}

static inline uint32_t pass_to(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                               uint32_t at)
{
    scheduler->position = following(at, shape->num);
    scheduler->moved = true;
    /* The next pick's first question, asked early. */
    __builtin_prefetch((const void *)shape->members[scheduler->position].state);
    return at;
}

static bool is_owed(const struct svcr_scheduler *scheduler, uint32_t index)
{
    for (uint32_t i = 0; i < scheduler->num; i++) {
        if (scheduler->owed[i] == index) {
            return true;
        }
    }
    return false;
}

/* A child that is owed a turn and can take it; who is down loses it. */
static uint32_t pick_owed(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                          const struct svcr_choice *choice)
{
    uint32_t kept = 0, picked = SVCR_NOBODY;

    for (uint32_t i = 0; i < scheduler->num; i++) {
        const struct svcr_member *member = &shape->members[scheduler->owed[i]];

        if (picked == SVCR_NOBODY && svcr_member_usable(member, choice)) {
            picked = scheduler->owed[i];
        } else if (picked != SVCR_NOBODY || only_excluded(member, choice)) {
            scheduler->owed[kept++] = scheduler->owed[i];
        }
    }
    scheduler->num = kept;
    return picked;
}

static uint32_t pick_next_position(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                                   const struct svcr_choice *choice)
{
    uint32_t at = scheduler->position, picked = pick_owed(scheduler, shape, choice), steps = 0;

    if (picked != SVCR_NOBODY) {
        return picked;
    }
    while (steps < shape->num && !svcr_member_usable(&shape->members[at], choice)) {
        at = following(at, shape->num);
        steps++;
    }
    if (steps == shape->num) {
        return SVCR_NOBODY;
    }
    if (choice->num_excluded > 0) {
        for (uint32_t i = scheduler->position; i != at; i = following(i, shape->num)) {
            if (scheduler->num < OWED_MAX && only_excluded(&shape->members[i], choice) &&
                !is_owed(scheduler, i)) {
                scheduler->owed[scheduler->num++] = i;
            }
        }
    }
    return pass_to(scheduler, shape, at);
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    if (!shape->equal) {
        return pick_turn(scheduler, shape, choice);
    }
    if (scheduler->num == 0 && shape->num > 0 &&
        svcr_member_usable(&shape->members[scheduler->position], choice)) {
        return pass_to(scheduler, shape, scheduler->position);
    }
    return pick_next_position(scheduler, shape, choice);
}

/* ---- opening and carrying ----------------------------------------------------------------- */

static size_t size(const struct svcr_shape *shape)
{
    return sizeof(struct svcr_scheduler) + (shape->equal ? 0 : shape->num * sizeof(struct turn));
}

/* Sets the moment behind a random turn of the lap, so that each place of the sequence is a start as
 * likely as any other. */
static void set_phase(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                      struct svcr_random *random)
{
    uint64_t sum = 0, drawn;
    /* Huge weights lose their last bits, so that the sum fits. */
    int shift = scheduler->huge && shape->num > 1 ? 32 - __builtin_clz(shape->num - 1) : 0;

    for (uint32_t i = 0; i < shape->num; i++) {
        sum += shape->members[i].weight > 0 ? (uint64_t)shape->members[i].weight >> shift : 0;
    }
    if (sum == 0) {
        return;
    }
    drawn = svcr_wide_multiply(svcr_random_next(random), sum).high;
    for (uint32_t i = 0; i < shape->num; i++) {
        int64_t weight = shape->members[i].weight;
        uint64_t part = weight > 0 ? (uint64_t)weight >> shift : 0;

        if (drawn < part) {
            scheduler->now = turn_make(1, drawn << shift, weight, i);
            scheduler->weight = weight;
            return;
        }
        drawn -= part;
    }
}

/* Puts everybody's next turn into the heap, or an owed one: `owed` lists turns with indices of the
 * older shape. */
static void fill(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 const uint32_t *old_index, const struct turn *owed, uint32_t num_owed)
{
    struct turn *turns = turns_of(scheduler);

    for (uint32_t i = 0; i < shape->num; i++) {
        if (shape->members[i].weight <= 0) {
            continue;
        }
        struct turn *turn = &turns[scheduler->num++];

        *turn = next_turn(scheduler, shape->members[i].weight, i);
        for (uint32_t k = 0; k < num_owed; k++) {
            if (index_of(&owed[k]) == old_index[i]) {
                *turn = with_index(owed[k], i);
            }
        }
    }
    heapify(turns, scheduler->num, scheduler->huge ? shape->members : NULL);
}

static bool has_huge(const struct svcr_shape *shape)
{
    for (uint32_t i = 0; i < shape->num; i++) {
        if (shape->members[i].weight >= HUGE_WEIGHT) {
            return true;
        }
    }
    return false;
}

static void open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase)
{
    scheduler->phase = phase;
    scheduler->now = turn_at(0, UINT64_MAX, SVCR_NOBODY); /* turns begin in lap 1 */
    scheduler->moved = true;
    if (shape->equal) {
        scheduler->position = phase && shape->num > 0 ? svcr_random_below(random, shape->num) : 0;
        return;
    }
    scheduler->huge = has_huge(shape);
    if (phase) {
        set_phase(scheduler, shape, random);
    }
    fill(scheduler, shape, NULL, NULL, 0);
}

/* The place in a new order of children that corresponds to `position` in an older one: behind those
 * who have had their turn in this round. */
static uint32_t carry_position(uint32_t position, uint32_t older_num, uint32_t num,
                               const uint32_t *old_index)
{
    uint32_t passed = 0, first = SVCR_NOBODY;

    for (uint32_t i = 0; i < num; i++) {
        if (old_index[i] == SVCR_NOBODY) {
            continue;
        }
        if (old_index[i] < position) {
            passed = i + 1;
        } else if (first == SVCR_NOBODY) {
            first = i;
        }
    }
    if (passed > 0) {
        return passed < num ? passed : 0;
    }
    if (first != SVCR_NOBODY) {
        return first < position ? first : position;
    }
    return (uint32_t)((uint64_t)position * num / older_num);
}

static void carry_equal(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                        const struct svcr_scheduler *from, const struct svcr_shape *older,
                        const uint32_t *old_index)
{
    if (!older->equal) {
        scheduler->position =
            (uint32_t)svcr_wide_multiply(moment_of(&scheduler->now), shape->num).high;
        return;
    }
    scheduler->moved = from->moved;
    scheduler->position = carry_position(from->position, older->num, shape->num, old_index);
    for (uint32_t k = 0; k < from->num; k++) {
        for (uint32_t i = 0; i < shape->num; i++) {
            if (old_index[i] == from->owed[k]) {
                scheduler->owed[scheduler->num++] = i;
                break;
            }
        }
    }
}

static void carry_turns(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                        const struct svcr_scheduler *from, const struct svcr_shape *older,
                        const uint32_t *old_index)
{
    struct turn owed[OWED_MAX];
    const struct turn *turns = const_turns_of(from);
    uint32_t num_owed = 0;

    for (uint32_t i = 0; !older->equal && i < from->num && num_owed < OWED_MAX; i++) {
        if (!after_now(from, &turns[i], older->members[index_of(&turns[i])].weight)) {
            owed[num_owed++] = turns[i];
        }
    }
    scheduler->huge = has_huge(shape);
    scheduler->now = with_index(scheduler->now, SVCR_NOBODY);
    for (uint32_t i = 0; index_of(&from->now) != SVCR_NOBODY && i < shape->num; i++) {
        if (old_index[i] == index_of(&from->now)) {
            scheduler->now = with_index(scheduler->now, i);
        }
    }
    fill(scheduler, shape, old_index, owed, num_owed);
}

static void carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random)
{
    if (older->num == 0) {
        open(scheduler, shape, random, from->phase);
        return;
    }
    scheduler->phase = from->phase;
    scheduler->now = from->now;
    scheduler->weight = from->weight;
    if (older->equal && from->moved) {
        scheduler->now = turn_at(1, UINT64_MAX / older->num * from->position, SVCR_NOBODY);
        scheduler->weight = 0;
    }
    if (shape->equal) {
        carry_equal(scheduler, shape, from, older, old_index);
    } else {
        carry_turns(scheduler, shape, from, older, old_index);
    }
}

const struct svcr_strategy svcr_wrr = {"wrr", size, open, carry, pick};
