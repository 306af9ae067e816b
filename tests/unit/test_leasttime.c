/* Least time of the default profile. */
#include "strategy_support.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static uint64_t latency(const struct kids *kids, uint32_t at)
{
    return atomic_load(&kids->kids[at].live.latency);
}

static void check_near(uint64_t value, uint64_t wanted)
{
    ck_assert_msg(value > wanted - wanted / 500 && value < wanted + wanted / 500, "%llu, not %llu",
                  (unsigned long long)value, (unsigned long long)wanted);
}

START_TEST(averages_decay)
{
    struct svcr_live live = {.state = 0};

    svcr_latency_add(&live, 10 * MS, 100 * SECOND);
    ck_assert_uint_eq(atomic_load(&live.latency), 10 * MS); /* the first counts whole */
    svcr_latency_add(&live, 20 * MS, 105 * SECOND);         /* one half-life later: half */
    check_near(atomic_load(&live.latency), 15 * MS);
    svcr_latency_add(&live, 31 * MS, 115 * SECOND); /* two: three quarters */
    check_near(atomic_load(&live.latency), 27 * MS);
    svcr_latency_add(&live, 1000 * MS, 115 * SECOND); /* at the same moment: 1/128 */
    check_near(atomic_load(&live.latency), 27 * MS + 973 * MS / 128);
    svcr_latency_add(&live, 5 * MS, 1000 * SECOND); /* what was is forgotten */
    check_near(atomic_load(&live.latency), 5 * MS);
    svcr_latency_add(&live, 0, 2000 * SECOND); /* never 0, which says nothing is known */
    ck_assert_uint_eq(atomic_load(&live.latency), 1);
    svcr_latency_add(&live, UINT64_MAX, 3000 * SECOND); /* capped */
    check_near(atomic_load(&live.latency), UINT64_C(1) << 42);
    svcr_latency_add(&live, 1, 10); /* a clock that goes back counts as no time */
    ck_assert_uint_eq(atomic_load(&live.latency_at), 3000 * SECOND);
    ck_assert_uint_gt(atomic_load(&live.latency), UINT64_C(1) << 41);
}
END_TEST

START_TEST(the_faster_of_two_wins_until_it_is_busy)
{
    struct kids kids;

    kids_init(&kids, &svcr_leasttime, 2, NULL, true);
    kids.choice.now = SECOND;
    svcr_latency_add(&kids.kids[0].live, 100, SECOND); /* below one millisecond */
    svcr_latency_add(&kids.kids[1].live, 350, SECOND);
    for (uint32_t busy = 0; busy < 8; busy++) {
        kids_load(&kids, 0, busy);
        for (int i = 0; i < 50; i++) { /* 100 (1 + busy) against 350 */
            ck_assert_uint_eq(kids_pick(&kids), busy < 3 ? 0 : 1);
        }
    }
    kids_free(&kids);
}
END_TEST

START_TEST(children_without_samples_stand_at_the_mean)
{
    uint32_t counts[3] = {0};
    struct kids kids;

    kids_init(&kids, &svcr_leasttime, 3, NULL, true);
    kids.choice.now = SECOND;
    svcr_latency_add(&kids.kids[0].live, 10 * MS, SECOND);
    svcr_latency_add(&kids.kids[1].live, 90 * MS, SECOND);
    for (int i = 0; i < 200; i++) { /* finds the mean, some 50 ms */
        kids_pick(&kids);
    }
    for (int i = 0; i < 3000; i++) {
        counts[kids_pick(&kids)]++;
    }
    /* 0 wins both its pairs, 2 wins against 1: two thirds, one third, nothing. */
    ck_assert_uint_gt(counts[0], 1850);
    ck_assert_uint_gt(counts[2], 850);
    ck_assert_uint_eq(counts[1], 0);
    kids_load(&kids, 2, 1); /* some 100 ms: behind 1 now */
    memset(counts, 0, sizeof(counts));
    for (int i = 0; i < 3000; i++) {
        counts[kids_pick(&kids)]++;
    }
    ck_assert_uint_gt(counts[0], 1850);
    ck_assert_uint_gt(counts[1], counts[2]);
    kids_free(&kids);
}
END_TEST

START_TEST(nobody_is_slow_for_ever)
{
    struct kids kids;

    kids_init(&kids, &svcr_leasttime, 2, NULL, true);
    svcr_latency_add(&kids.kids[0].live, 10 * MS, SECOND);
    svcr_latency_add(&kids.kids[1].live, 5000 * MS, SECOND); /* a penalty */
    kids.choice.now = 2 * SECOND;
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 0);
    }
    for (uint64_t now = 2; now < 200; now++) { /* 0 answers on, 1 is not asked */
        svcr_latency_add(&kids.kids[0].live, 10 * MS, now * SECOND);
        kids.choice.now = now * SECOND;
        kids_pick(&kids);
    }
    kids_load(&kids, 0, 1); /* now a second request in flight is enough */
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 1);
    }
    ck_assert_uint_eq(latency(&kids, 1), 5000 * MS); /* a pick writes nothing */
    kids_free(&kids);
}
END_TEST

START_TEST(weights_count)
{
    static const int64_t weights[] = {8, 1, 1, 0, 2};
    uint32_t counts[5] = {0};
    struct kids kids;

    kids_init(&kids, &svcr_leasttime, 2, weights, true);
    kids_load(&kids, 0, 7);
    kids_load(&kids, 1, 1);
    for (int i = 0; i < 50; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 0); /* 8 / 8 against 2 / 1 */
    }
    kids_load(&kids, 0, 16);
    for (int i = 0; i < 50; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 1); /* 17 / 8 against 2 / 1 */
    }
    kids_free(&kids);
    kids_init(&kids, &svcr_leasttime, 5, weights, true);
    for (int i = 0; i < 12000; i++) { /* each request stays: shares follow the weights */
        uint32_t picked = kids_pick(&kids);

        counts[picked]++;
        atomic_fetch_add(&kids.kids[picked].live.load, SVCR_LOAD_PICKED);
    }
    ck_assert_uint_eq(counts[3], 0);
    ck_assert_uint_gt(counts[0], 7600);
    ck_assert_uint_lt(counts[0], 8400);
    ck_assert_uint_gt(counts[1], 900);
    ck_assert_uint_lt(counts[1], 1100);
    ck_assert_uint_gt(counts[4], 1800);
    kids_free(&kids);
}
END_TEST

START_TEST(an_equal_shape_changes_nothing)
{
    static const int64_t weights[] = {1, 2, 3};

    check_carry_changes_nothing(&svcr_leasttime, 5, NULL);
    check_carry_changes_nothing(&svcr_leasttime, 3, weights);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_leasttime);
}
END_TEST

Suite *suite_leasttime(void)
{
    Suite *suite = suite_create("leasttime");
    TCase *tcase = case_of("leasttime");

    tcase_add_test(tcase, averages_decay);
    tcase_add_test(tcase, the_faster_of_two_wins_until_it_is_busy);
    tcase_add_test(tcase, children_without_samples_stand_at_the_mean);
    tcase_add_test(tcase, nobody_is_slow_for_ever);
    tcase_add_test(tcase, weights_count);
    tcase_add_test(tcase, an_equal_shape_changes_nothing);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
