/* Weighted round robin of the default profile: exact proportions, and what keeps them. */
#include "strategy_support.h"

/* Every window of `window` picks holds each child `shares` times; `picks` picks are looked at. */
static void check_windows(struct kids *kids, const int64_t *shares, uint32_t window, uint32_t picks)
{
    uint32_t *ring = calloc(window, sizeof(*ring));
    int64_t *counts = calloc(kids->shape.num, sizeof(*counts));

    for (uint32_t i = 0; i < picks; i++) {
        uint32_t picked = kids_pick(kids);

        ck_assert_uint_lt(picked, kids->shape.num);
        if (i >= window) {
            counts[ring[i % window]]--;
        }
        ring[i % window] = picked;
        counts[picked]++;
        for (uint32_t k = 0; i + 1 >= window && k < kids->shape.num; k++) {
            ck_assert_msg(counts[k] == shares[k], "pick %u: child %u came %d times, not %d", i, k,
                          (int)counts[k], (int)shares[k]);
        }
    }
    free(ring);
    free(counts);
}

START_TEST(equal_children_take_turns)
{
    struct kids kids;
    int64_t ones[7] = {1, 1, 1, 1, 1, 1, 1};
    bool seen[7] = {false};

    kids_init(&kids, &svcr_wrr, 7, NULL, false);
    ck_assert(kids.shape.equal);
    ck_assert_uint_lt(svcr_wrr.size(&kids.shape), 160); /* nothing per child */
    for (uint32_t i = 0; i < 21; i++) {
        ck_assert_uint_eq(kids_pick(&kids), i % 7);
    }
    check_windows(&kids, ones, 7, 100);
    for (int i = 0; i < 200; i++) { /* a random start */
        kids_open(&kids, true);
        seen[kids_pick(&kids)] = true;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert(seen[i]);
    }
    kids_free(&kids);
}
END_TEST

static const struct {
    uint32_t num;
    int64_t weights[8], shares[8];
    uint32_t window;
} mixes[] = {
    {2, {1, 2}, {1, 2}, 3},
    {2, {99, 1}, {99, 1}, 100},
    {3, {5, 1, 1}, {5, 1, 1}, 7},
    {3, {50, 30, 20}, {5, 3, 2}, 10},
    {4, {0, 3, -2, 4}, {0, 3, 0, 4}, 7},
    {5, {7, 11, 13, 17, 19}, {7, 11, 13, 17, 19}, 67},
    {3, {6000000000, 9000000000, 3000000000}, {2, 3, 1}, 6},
    {3, {INT64_MAX / 4 * 4 / 2, INT64_MAX / 4 * 4, INT64_MAX / 4 * 4 / 4}, {2, 4, 1}, 7},
    {8, {1, 1, 1, 1, 1, 1, 1, 2}, {1, 1, 1, 1, 1, 1, 1, 2}, 9},
};

START_TEST(every_window_is_exact)
{
    for (size_t i = 0; i < sizeof(mixes) / sizeof(*mixes); i++) {
        for (int phase = 0; phase < 4; phase++) {
            struct kids kids;

            kids_init(&kids, &svcr_wrr, mixes[i].num, mixes[i].weights, phase > 0);
            ck_assert(!kids.shape.equal);
            for (int skip = 0; skip < phase; skip++) {
                kids_open(&kids, true);
            }
            check_windows(&kids, mixes[i].shares, mixes[i].window, mixes[i].window * 10 + 50);
            kids_free(&kids);
        }
    }
}
END_TEST

/* Webster's order by comparing all turns, the slow way. */
static uint32_t next_by_comparing(const int64_t *weights, uint64_t *taken, uint32_t num)
{
    uint32_t best = SVCR_NOBODY;

    for (uint32_t i = 0; i < num; i++) {
        /* (2 taken + 1) / weight; products stay below 2^64 */
        if (best == SVCR_NOBODY || (2 * taken[i] + 1) * (uint64_t)weights[best] <
                                       (2 * taken[best] + 1) * (uint64_t)weights[i]) {
            best = i;
        }
    }
    taken[best]++;
    return best;
}

START_TEST(order_is_that_of_exact_fractions)
{
    static const struct {
        uint32_t num;
        int64_t weights[6];
    } rows[] = {
        {6, {1, 2, 3, 4, 5, 6}},
        {3, {1000003, 999983, 7}},
        {4, {INT64_C(1) << 31, (INT64_C(1) << 31) - 1, (INT64_C(1) << 31) + 1, 3}},
        {3, {(INT64_C(1) << 46), (INT64_C(1) << 46) + 1, (INT64_C(1) << 46) - 1}},
        {3, {(INT64_C(1) << 46) + 1, (INT64_C(1) << 46) + 3, (INT64_C(1) << 46) + 5}},
        {2, {(INT64_C(1) << 46), 1}},
        {5, {INT64_C(3) << 40, INT64_C(5) << 39, 12345678901, 10, 1}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t taken[6] = {0};
        struct kids kids;

        kids_init(&kids, &svcr_wrr, rows[i].num, rows[i].weights, false);
        for (int k = 0; k < 20000; k++) {
            uint32_t wanted = next_by_comparing(rows[i].weights, taken, rows[i].num);

            ck_assert_msg(kids_pick(&kids) == wanted, "row %zu, pick %d", i, k);
        }
        kids_free(&kids);
    }
}
END_TEST

START_TEST(phases_start_everywhere)
{
    static const int64_t weights[] = {1, 2, 3, 4};
    uint32_t counts[4] = {0};
    struct kids kids;

    kids_init(&kids, &svcr_wrr, 4, weights, false);
    for (int i = 0; i < 10000; i++) {
        kids_open(&kids, true);
        counts[kids_pick(&kids)]++;
    }
    for (uint32_t i = 0; i < 4; i++) { /* five sigma: 5 sqrt(10^4 p (1 - p)) < 250 */
        ck_assert_uint_gt(counts[i], 1000 * (i + 1) - 250);
        ck_assert_uint_lt(counts[i], 1000 * (i + 1) + 250);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(a_child_that_is_down_passes_without_debt)
{
    static const int64_t weights[] = {5, 3, 2}, without[] = {5, 0, 2}, ones[] = {1, 1, 1, 1},
                         three[] = {1, 1, 0, 1};
    struct kids kids;

    kids_init(&kids, &svcr_wrr, 3, weights, true);
    for (int i = 0; i < 5; i++) {
        check_windows(&kids, weights, 10, 33);
        kids_down(&kids, 1, true);
        check_windows(&kids, without, 7, 50);
        kids_down(&kids, 1, false);
    }
    kids_free(&kids);
    kids_init(&kids, &svcr_wrr, 4, NULL, true);
    for (int i = 0; i < 5; i++) {
        check_windows(&kids, ones, 4, 33);
        kids_down(&kids, 2, true);
        check_windows(&kids, three, 3, 50);
        kids_down(&kids, 2, false);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(most_children_down)
{
    enum { NUM = 300 };
    int64_t weights[NUM], shares[NUM] = {0};
    struct kids kids;

    for (uint32_t i = 0; i < NUM; i++) {
        weights[i] = 1 + i % 7;
    }
    kids_init(&kids, &svcr_wrr, NUM, weights, true);
    for (uint32_t i = 0; i < NUM; i++) {
        kids_down(&kids, i, i % 100 != 50);
    }
    shares[50] = weights[50]; /* 2, 4, 6 */
    shares[150] = weights[150];
    shares[250] = weights[250];
    check_windows(&kids, shares, (uint32_t)(shares[50] + shares[150] + shares[250]), 200);
    for (uint32_t i = 0; i < NUM; i++) {
        kids_down(&kids, i, true);
    }
    ck_assert_uint_eq(kids_pick(&kids), SVCR_NOBODY);
    for (uint32_t i = 0; i < NUM; i++) {
        kids_down(&kids, i, false);
        shares[i] = weights[i];
    }
    check_windows(&kids, shares, 1197, 3000); /* 42 * 28 + 21 */
    kids_free(&kids);
}
END_TEST

START_TEST(an_excluded_child_keeps_its_turn)
{
    static const int64_t weights[] = {2, 1, 1};
    struct kids kids;
    uint32_t counts[4] = {0};

    kids_init(&kids, &svcr_wrr, 4, NULL, false);
    kids_exclude(&kids, 0);
    kids_exclude(&kids, 1);
    ck_assert_uint_eq(kids_pick(&kids), 2);
    kids.choice.num_excluded = 0;
    ck_assert_uint_eq(kids_pick(&kids), 0); /* what they were owed */
    ck_assert_uint_eq(kids_pick(&kids), 1);
    ck_assert_uint_eq(kids_pick(&kids), 3);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_exclude(&kids, 1);
    for (int i = 0; i < 300; i++) { /* one turn is owed, not a hundred */
        ck_assert_uint_ne(kids_pick(&kids), 1);
    }
    kids.choice.num_excluded = 0;
    for (int i = 0; i < 40; i++) {
        counts[kids_pick(&kids)]++;
    }
    ck_assert_uint_ge(counts[1], 10);
    ck_assert_uint_le(counts[1], 11);
    kids_free(&kids);

    kids_init(&kids, &svcr_wrr, 3, weights, false); /* turns at 1/4, 3/4; 1/2; 1/2 */
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_exclude(&kids, 1);
    ck_assert_uint_eq(kids_pick(&kids), 2);
    kids.choice.num_excluded = 0;
    ck_assert_uint_eq(kids_pick(&kids), 1);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_exclude(&kids, 0);
    for (int i = 0; i < 50; i++) {
        ck_assert_uint_ne(kids_pick(&kids), 0);
    }
    kids.choice.num_excluded = 0;
    memset(counts, 0, sizeof(counts));
    for (int i = 0; i < 40; i++) {
        counts[kids_pick(&kids)]++;
    }
    ck_assert_uint_ge(counts[0], 20);
    ck_assert_uint_le(counts[0], 21);
    kids_free(&kids);
}
END_TEST

START_TEST(an_equal_shape_changes_nothing)
{
    static const int64_t weights[] = {5, 3, 1, 1, 7}, huge[] = {INT64_MAX, INT64_MAX - 1, 77};

    check_carry_changes_nothing(&svcr_wrr, 5, NULL);
    check_carry_changes_nothing(&svcr_wrr, 5, weights);
    check_carry_changes_nothing(&svcr_wrr, 3, huge);
    check_carry_changes_nothing(&svcr_wrr, 1, NULL);
}
END_TEST

START_TEST(equal_children_come_and_go)
{
    struct kids kids, next;

    kids_init(&kids, &svcr_wrr, 6, NULL, false); /* ids 0 .. 5 */
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(kids_pick(&kids), i);
    }
    kids_init_at(&next, &svcr_wrr, 6, NULL, false, 2); /* ids 2 .. 7: 3 is next */
    kids_carry(&next, &kids);
    for (uint32_t i = 1; i < 6; i++) {
        ck_assert_uint_eq(kids_pick(&next), i);
    }
    ck_assert_uint_eq(kids_pick(&next), 0);
    ck_assert_uint_eq(kids_pick(&next), 1);             /* ids 2, 3 had their turn */
    kids_init_at(&kids, &svcr_wrr, 3, NULL, false, 50); /* all others: the place is kept */
    kids_carry(&kids, &next);
    ck_assert_uint_eq(kids_pick(&kids), 1);
    kids_free(&kids);
    kids_init_at(&kids, &svcr_wrr, 4, NULL, false, 10);
    kids_pick(&kids);
    kids_pick(&kids);
    kids_init_at(&next, &svcr_wrr, 7, NULL, false, 7); /* three new ones ahead of all */
    kids_carry(&next, &kids);
    ck_assert_uint_eq(kids_pick(&next), 5); /* id 12 is still next */
    kids_free(&next);
    kids_init(&kids, &svcr_wrr, 0, NULL, true);
    ck_assert_uint_eq(kids_pick(&kids), SVCR_NOBODY);
    kids_init(&next, &svcr_wrr, 4, NULL, true);
    kids_carry(&next, &kids);
    ck_assert_uint_lt(kids_pick(&next), 4);
    kids_free(&next);
}
END_TEST

START_TEST(a_new_child_joins_without_a_burst)
{
    static const int64_t before[] = {4, 4, 1}, after[] = {4, 4, 1, 3};
    struct kids kids, next;

    for (uint32_t skip = 0; skip < 20; skip++) {
        uint32_t fresh = 0;

        kids_init(&kids, &svcr_wrr, 3, before, false);
        for (uint32_t i = 0; i < skip; i++) {
            kids_pick(&kids);
        }
        kids_init(&next, &svcr_wrr, 4, after, false);
        kids_carry(&next, &kids);
        for (uint32_t i = 0; i < 12; i++) {
            fresh += kids_pick(&next) == 3;
            ck_assert_uint_le(fresh, 1 + (i + 1) * 3 / 12 + 1);
        }
        ck_assert_uint_eq(fresh, 3);
        check_windows(&next, after, 12, 60);
        kids_free(&next);
    }
}
END_TEST

START_TEST(weights_appear_and_vanish)
{
    static const int64_t weights[] = {3, 1, 1}, ones[] = {1, 1, 1};
    struct kids kids, next;
    uint32_t counts[3] = {0};

    kids_init(&kids, &svcr_wrr, 3, NULL, true);
    for (int i = 0; i < 900; i++) { /* three picks with equal weights, five with others */
        bool equal = i % 2 == 0;

        for (int k = 0; k < (equal ? 3 : 5); k++) {
            counts[kids_pick(&kids)]++;
        }
        kids_init(&next, &svcr_wrr, 3, equal ? weights : ones, true);
        kids_carry(&next, &kids);
        kids = next;
    }
    ck_assert_uint_gt(counts[0], 1700); /* 450 (1 + 3) = 1800 */
    ck_assert_uint_lt(counts[0], 1900);
    ck_assert_uint_gt(counts[1], 800);
    ck_assert_uint_gt(counts[2], 800);
    kids_free(&kids);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_wrr);
}
END_TEST

Suite *suite_wrr(void)
{
    Suite *suite = suite_create("wrr");
    TCase *tcase = case_of("wrr");

    tcase_add_test(tcase, equal_children_take_turns);
    tcase_add_test(tcase, every_window_is_exact);
    tcase_add_test(tcase, order_is_that_of_exact_fractions);
    tcase_add_test(tcase, phases_start_everywhere);
    tcase_add_test(tcase, a_child_that_is_down_passes_without_debt);
    tcase_add_test(tcase, most_children_down);
    tcase_add_test(tcase, an_excluded_child_keeps_its_turn);
    tcase_add_test(tcase, an_equal_shape_changes_nothing);
    tcase_add_test(tcase, equal_children_come_and_go);
    tcase_add_test(tcase, a_new_child_joins_without_a_burst);
    tcase_add_test(tcase, weights_appear_and_vanish);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
