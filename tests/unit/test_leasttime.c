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

/* How many of 10,000 picks come to each child. */
static void count(struct kids *kids, uint32_t *counts)
{
    memset(counts, 0, kids->shape.num * sizeof(*counts));
    for (int i = 0; i < 10000; i++) {
        counts[kids_pick(kids)]++;
    }
}

/* Five sigma: at most 250. */
static void check_share(uint32_t number, double share)
{
    ck_assert_msg(number > 10000 * share - 250 && number < 10000 * share + 250, "%u, not %g",
                  number, 10000 * share);
}

START_TEST(the_faster_of_two_wins_until_it_is_busy)
{
    /* By 100 (1 + busy) against 350: odds of the fourth power. */
    static const double shares[] = {0.9934, 0.9037, 0.6495, 0.3696, 0.1936};
    struct kids kids;
    uint32_t counts[2];

    kids_init(&kids, &svcr_leasttime, 2, NULL, true);
    kids.choice.now = SECOND;
    svcr_latency_add(&kids.kids[0].live, 100, SECOND); /* below one millisecond */
    svcr_latency_add(&kids.kids[1].live, 350, SECOND);
    for (uint32_t busy = 0; busy < 5; busy++) {
        kids_load(&kids, 0, busy);
        count(&kids, counts);
        check_share(counts[0], shares[busy]);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(children_without_samples_stand_at_the_mean)
{
    uint32_t counts[3];
    struct kids kids;

    kids_init(&kids, &svcr_leasttime, 3, NULL, true);
    count(&kids, counts); /* nobody has a sample: a fair share each */
    check_share(counts[0], 1.0 / 3);
    check_share(counts[1], 1.0 / 3);
    kids_load(&kids, 1, 1); /* 16 to 1 in its two pairs of three */
    count(&kids, counts);
    check_share(counts[1], 2.0 / 3 / 17);
    kids_load(&kids, 1, 0);
    kids.choice.now = SECOND;
    svcr_latency_add(&kids.kids[0].live, 10 * MS, SECOND);
    svcr_latency_add(&kids.kids[1].live, 90 * MS, SECOND);
    count(&kids, counts); /* 2 stands at some 50 ms: loses to 0, wins over 1 */
    ck_assert_uint_gt(counts[0], 6200);
    ck_assert_uint_gt(counts[2], 2600);
    ck_assert_uint_lt(counts[1], 700);
    kids_free(&kids);
}
END_TEST

START_TEST(nobody_is_slow_for_ever)
{
    struct kids kids;
    uint32_t counts[2];

    kids_init(&kids, &svcr_leasttime, 2, NULL, true);
    svcr_latency_add(&kids.kids[0].live, 10 * MS, SECOND);
    svcr_latency_add(&kids.kids[1].live, 5000 * MS, SECOND); /* a penalty */
    kids.choice.now = 2 * SECOND;
    count(&kids, counts);
    ck_assert_uint_eq(counts[1], 0);
    for (uint64_t now = 2; now < 200; now++) { /* 0 answers on, 1 is not asked */
        svcr_latency_add(&kids.kids[0].live, 10 * MS, now * SECOND);
        kids.choice.now = now * SECOND;
        kids_pick(&kids);
    }
    count(&kids, counts); /* and stands at the mean again, which is that of 0 */
    ck_assert_uint_gt(counts[1], 4500);
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
    kids_load(&kids, 0, 7); /* 8 / 8 against 2 / 1 */
    kids_load(&kids, 1, 1);
    count(&kids, counts);
    check_share(counts[0], 16.0 / 17);
    kids_load(&kids, 0, 31); /* 32 / 8 against 2 / 1 */
    count(&kids, counts);
    check_share(counts[0], 1.0 / 17);
    kids_free(&kids);
    kids_init(&kids, &svcr_leasttime, 5, weights, true);
    memset(counts, 0, sizeof(counts));
    for (int i = 0; i < 12000; i++) { /* each request stays: shares near 8, 1, 1, 2 of 12 */
        uint32_t picked = kids_pick(&kids);

        counts[picked]++;
        atomic_fetch_add(&kids.kids[picked].live.load, SVCR_LOAD_PICKED);
    }
    ck_assert_uint_eq(counts[3], 0);
    ck_assert_uint_gt(counts[0], 7000);
    ck_assert_uint_lt(counts[0], 8400);
    ck_assert_uint_gt(counts[1], 900);
    ck_assert_uint_lt(counts[1], 1400);
    ck_assert_uint_gt(counts[4], 1800);
    ck_assert_uint_lt(counts[4], 2600);
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
