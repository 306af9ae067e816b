/* Queues of candidates against sorted lists: random additions, replacements and removals in shared
 * versions, at sizes of one leaf and of several levels. */
#include "candidate_support.h"

enum { UNIVERSE = 700, VERSIONS = 4 };

/* By number: priorities, lengths and names that are often equal in what comes first. The number's
 * digits are the name, so "10" goes ahead of "9". */
static int64_t priority_of(uint32_t i)
{
    static const int64_t priorities[] = {0, 5, -3, INT64_MAX, INT64_MIN, 5, 5, 1};
    return priorities[i * 7 % 8];
}

static uint32_t length_of(uint32_t i)
{
    static const uint32_t lengths[] = {10, 11, 10, UINT32_MAX, 0};
    return lengths[i * 11 % 5];
}

static struct svcr_candidate candidate_of(struct svcroute_context *context, uint32_t i,
                                          const void *route)
{
    return candidate_make(context, priority_of(i), length_of(i), i, NULL, route);
}

/* The order as the specification words it, on numbers and texts of its own. */
static int number_order(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    char names[2][16];
    if (priority_of(i) != priority_of(j)) {
        return priority_of(i) > priority_of(j) ? -1 : 1;
    }
    if (length_of(i) != length_of(j)) {
        return length_of(i) > length_of(j) ? -1 : 1;
    }
    snprintf(names[0], sizeof(names[0]), "%u", i);
    snprintf(names[1], sizeof(names[1]), "%u", j);
    return strcmp(names[0], names[1]);
}

struct orders {
    uint32_t sorted[UNIVERSE]; /* numbers, by order */
    uint32_t rank[UNIVERSE];   /* where a number is in there */
};

static void orders_fill(struct orders *orders)
{
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        orders->sorted[i] = i;
    }
    qsort(orders->sorted, UNIVERSE, sizeof(uint32_t), number_order);
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        orders->rank[orders->sorted[i]] = i;
    }
}

struct version {
    struct svcr_queue queue;
    const void *routes[UNIVERSE]; /* NULL: not there */
};

static void version_add(struct svcroute_context *context, struct version *version, uint32_t i,
                        const void *route)
{
    bool added;
    struct svcr_candidate candidate = candidate_of(context, i, route);
    must_int_eq(svcr_queue_add(context, &version->queue, &candidate, &added), 0);
    must(added == (version->routes[i] == NULL));
    version->routes[i] = route;
    svcr_block_unref(context, candidate.holder);
}

static void version_remove(struct svcroute_context *context, struct version *version, uint32_t i)
{
    struct svcr_candidate candidate = candidate_of(context, i, NULL);
    const struct svcr_candidate *there = svcr_queue_get(&version->queue, &candidate);
    must((there != NULL) == (version->routes[i] != NULL));
    if (there != NULL) {
        must_int_eq(svcr_queue_remove(context, &version->queue, &candidate), 0);
        version->routes[i] = NULL;
    }
    svcr_block_unref(context, candidate.holder);
}

/* All that comes behind a rank. */
static void check_from(const struct version *version, const struct orders *orders,
                       struct svcr_run run, uint32_t rank)
{
    for (;; rank++) {
        while (rank < UNIVERSE && version->routes[orders->sorted[rank]] == NULL) {
            rank++;
        }
        if (rank == UNIVERSE) {
            must_uint_eq(run.num, 0);
            return;
        }
        must(run.num > 0);
        must_uint_eq(candidate_name(run.first), orders->sorted[rank]);
        must_ptr_eq(run.first->route, version->routes[orders->sorted[rank]]);
        run = run.num > 1 ? (struct svcr_run){run.first + 1, run.num - 1}
                          : svcr_queue_after(&version->queue, run.first);
    }
}

static void version_check(struct svcroute_context *context, const struct version *version,
                          const struct orders *orders, struct dice *dice)
{
    uint32_t i = dice_roll(dice, UNIVERSE);
    struct svcr_candidate candidate = candidate_of(context, i, NULL);
    check_from(version, orders, svcr_queue_after(&version->queue, NULL), 0);
    check_from(version, orders, svcr_queue_after(&version->queue, &candidate), orders->rank[i] + 1);
    const struct svcr_candidate *there = svcr_queue_get(&version->queue, &candidate);
    must_ptr_eq(there == NULL ? NULL : there->route, version->routes[i]);
    svcr_block_unref(context, candidate.holder);
}

START_TEST(test_against_model)
{
    static const char routes[3];
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct dice dice = {UINT64_C(0x90e0e) + (uint64_t)_i};
    struct orders orders;
    static struct version versions[VERSIONS];
    uint32_t numbers = _i % 3 == 0 ? 1 + dice_roll(&dice, 20) : 1 + dice_roll(&dice, UNIVERSE);
    orders_fill(&orders);
    memset(versions, 0, sizeof(versions));
    uint32_t adds = 50;
    for (int step = 0; step < 6000; step++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        uint32_t roll = dice_roll(&dice, 100);
        uint32_t i = dice_roll(&dice, numbers);
        if (step % 500 == 0) { /* times of growth and of decline */
            adds = adds == 70 ? 20 : 70;
        }
        if (roll < adds) {
            version_add(context, version, i, &routes[dice_roll(&dice, 3)]);
        } else if (roll < 90) {
            version_remove(context, version, i);
        } else if (roll < 91 && version != other) {
            svcr_queue_clear(context, &version->queue);
            *version = *other;
            version->queue = svcr_queue_share(&other->queue);
        } else {
            version_check(context, version, &orders, &dice);
        }
    }
    for (size_t v = 0; v < VERSIONS; v++) {
        version_check(context, &versions[v], &orders, &dice);
        svcr_queue_clear(context, &versions[v].queue);
    }
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

START_TEST(test_order)
{
    static const struct {
        int64_t priority;
        uint32_t length;
        const char *name;
    } rows[] = {
        /* in their order */
        {INT64_MAX, 0, "z"},  {7, 9, ""},     {7, 9, "A"},         {7, 9, "a"},
        {7, 9, "aa"},         {7, 9, "b"},    {7, 9, "\xc3"},      {7, 8, "a"},
        {0, UINT32_MAX, "a"}, {-1, 100, "a"}, {INT64_MIN, 1, "a"},
    };
    enum { NUM = sizeof(rows) / sizeof(rows[0]) };
    struct svcr_candidate candidates[NUM] = {0};
    for (size_t i = 0; i < NUM; i++) {
        candidates[i].priority = rows[i].priority;
        candidates[i].length = rows[i].length;
        candidates[i].name = text_of(rows[i].name);
    }
    for (size_t i = 0; i < NUM; i++) {
        for (size_t j = 0; j < NUM; j++) {
            int order = svcr_candidate_compare(&candidates[i], &candidates[j]);
            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}
END_TEST

/* A hundred thousand, in their order, against it and mixed: what one costs to keep, and what a
 * change in a shared version costs, does not grow with how many there are. */
START_TEST(test_many)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_queue queue = {NULL};
    uint32_t num = getenv("SVCROUTE_TEST_SLOW") != NULL ? 10000 : 100000;
    bool added;
    struct svcr_candidate one = candidate_make(context, 0, 0, 0, NULL, NULL);
    int64_t at_rest = memory.bytes;
    for (uint32_t i = 0; i < num; i++) {
        uint32_t mixed = (uint32_t)((uint64_t)i * 7919 % num);
        one.priority = _i == 0 ? (int64_t)i : _i == 1 ? -(int64_t)i : (int64_t)mixed;
        must_int_eq(svcr_queue_add(context, &queue, &one, &added), 0);
        must(added);
    }
    must_int_ge(80 * (int64_t)num, memory.bytes - at_rest);
    must_uint_lt(memory.calls, (uint64_t)num * 3);
    int64_t before = memory.bytes;
    uint64_t calls = memory.calls;
    struct svcr_queue other = svcr_queue_share(&queue);
    one.priority = num / 2;
    one.length = 1;
    must_int_eq(svcr_queue_add(context, &other, &one, &added), 0);
    must_uint_lt(memory.calls - calls, 20);
    must_int_ge(8 * 1024, memory.bytes - before);
    svcr_queue_clear(context, &queue);
    uint32_t left = 0;
    int64_t last = INT64_MAX;
    for (struct svcr_run run = svcr_queue_after(&other, NULL); run.num > 0;
         run = svcr_queue_after(&other, &run.first[run.num - 1])) {
        for (size_t i = 0; i < run.num; i++, left++) {
            must(run.first[i].priority <= last);
            last = run.first[i].priority;
        }
    }
    must_uint_eq(left, num + 1);
    for (uint32_t i = 0; i < num; i++) {
        one.priority = (int64_t)((uint64_t)i * 7907 % num) * (_i == 1 ? -1 : 1);
        one.length = 0;
        must_int_eq(svcr_queue_remove(context, &other, &one), 0);
    }
    one = *svcr_queue_after(&other, NULL).first;
    must_uint_eq(one.length, 1);
    must_int_ge(100, memory.bytes - at_rest);
    must_int_eq(svcr_queue_remove(context, &other, &one), 0);
    must_ptr_null(other.root);
    must_int_eq(memory.bytes, at_rest);
    svcr_block_unref(context, one.holder);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* Most queues: as small as can be. */
START_TEST(test_one)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct version version = {{NULL}, {NULL}};
    must_uint_eq(svcr_queue_after(&version.queue, NULL).num, 0);
    must_ptr_null(svcr_queue_share(&version.queue).root);
    struct svcr_candidate candidate = candidate_of(context, 0, NULL);
    int64_t at_rest = memory.bytes;
    bool added;
    must_ptr_null(svcr_queue_get(&version.queue, &candidate));
    must_uint_eq(svcr_queue_after(&version.queue, &candidate).num, 0);
    must_int_eq(svcr_queue_add(context, &version.queue, &candidate, &added), 0);
    must_int_ge(72, memory.bytes - at_rest);
    must_uint_eq(svcr_queue_after(&version.queue, NULL).num, 1);
    must_uint_eq(svcr_queue_after(&version.queue, &candidate).num, 0);
    svcr_block_unref(context, candidate.holder);
    svcr_queue_clear(context, &version.queue);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* Whatever allocation fails, the other version stays as it was and the failed one can be cleared.
 * Sizes around those at which leaves and nodes split and merge. */
START_TEST(test_out_of_memory)
{
    static const uint32_t sizes[] = {0, 1, 8, 9, 16, 17, 18, 24, 144, 145, 250, 600};
    static const char route;
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct dice dice = {UINT64_C(0x00f3e) + (uint64_t)_i};
    static struct version base;
    struct orders orders;
    orders_fill(&orders);
    memset(&base, 0, sizeof(base));
    for (uint32_t i = 0; i < sizes[_i]; i++) {
        version_add(context, &base, i, &route);
    }
    for (uint32_t op = 0; op < 60; op++) {
        uint32_t i = op % 2 == 0 ? dice_roll(&dice, UNIVERSE) : dice_roll(&dice, sizes[_i] + 1);
        struct svcr_candidate candidate = candidate_of(context, i, &orders);
        bool there = svcr_queue_get(&base.queue, &candidate) != NULL;
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            struct svcr_queue queue = svcr_queue_share(&base.queue);
            bool added;
            memory.calls = 0;
            memory.fail_at = (n + 1) / 2;
            memory.and_after = n % 2 != 0;
            error = there && op % 4 == 1 ? svcr_queue_remove(context, &queue, &candidate)
                                         : svcr_queue_add(context, &queue, &candidate, &added);
            must(error == 0 || error == SVCROUTE_ERR_NOMEM);
            must((error == 0) == (memory.calls < memory.fail_at));
            memory.fail_at = 0;
            svcr_queue_clear(context, &queue);
            must_uint_lt(n, 40);
        }
        svcr_block_unref(context, candidate.holder);
        version_check(context, &base, &orders, &dice);
    }
    svcr_queue_clear(context, &base.queue);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

Suite *suite_queue(void)
{
    Suite *suite = suite_create("queue");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_against_model, 0, 15);
    tcase_add_test(all, test_order);
    tcase_add_loop_test(all, test_many, 0, 3);
    tcase_add_test(all, test_one);
    tcase_add_loop_test(all, test_out_of_memory, 0, 12);
    suite_add_tcase(suite, all);
    return suite;
}
