/* Least time of profile traefik-v3, beyond its vectors. */
#include "strategy_support.h"

static bool is(double value, double wanted)
{
    return value >= wanted && value <= wanted;
}

START_TEST(the_last_hundred_samples_count)
{
    struct svcr_samples samples = {.num = 0};
    struct svcr_live live = {.samples = &samples};

    atomic_flag_clear(&samples.lock);
    ck_assert(is(svcr_samples_average(&live), 0));
    for (int i = 1; i <= 100; i++) {
        svcr_samples_add(&live, i);
    }
    ck_assert(is(svcr_samples_average(&live), 50.5));
    for (int i = 0; i < 50; i++) { /* 1 .. 50 leave */
        svcr_samples_add(&live, 1000);
    }
    ck_assert(is(svcr_samples_average(&live), (51 + 100) / 2.0 * 0.5 + 500));
    ck_assert_uint_eq(samples.num, SVCR_SAMPLES);
}
END_TEST

START_TEST(the_smallest_score_wins)
{
    static const int64_t weights[] = {1, 4, 2};
    struct kids kids;

    kids_init(&kids, &svcr_traefik_leasttime, 3, weights, false);
    svcr_samples_add(&kids.kids[0].live, 30);
    svcr_samples_add(&kids.kids[1].live, 140); /* 35 */
    svcr_samples_add(&kids.kids[2].live, 80);  /* 40 */
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_load(&kids, 0, 1); /* 60 */
    ck_assert_uint_eq(kids_pick(&kids), 1);
    kids_down(&kids, 1, true);
    ck_assert_uint_eq(kids_pick(&kids), 2);
    kids_exclude(&kids, 2);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    ck_assert(is(svcr_traefik_leasttime_current(kids.scheduler), 1.75)); /* no deadline moved */
    ck_assert(is(svcr_traefik_leasttime_score(&kids.members[1]), 35));
    kids_free(&kids);
}
END_TEST

START_TEST(ties_take_turns)
{
    uint32_t counts[4] = {0};
    static const int64_t weights[] = {1, 1, 2};
    struct kids kids;

    kids_init(&kids, &svcr_traefik_leasttime, 3, weights, false);
    for (int i = 0; i < 400; i++) {
        counts[kids_pick(&kids)]++;
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_ge(counts[i], 99);
        ck_assert_uint_le(counts[i], 101);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(late_children_are_staggered_too)
{
    static const int64_t two[] = {1, 2}, four[] = {1, 4, 1, 2};
    struct kids kids, next;

    kids_init(&kids, &svcr_traefik_leasttime, 2, two, false); /* deadlines 1, 1.5 */
    kids_init(&next, &svcr_traefik_leasttime, 4, four, false);
    kids_carry(&next, &kids);
    ck_assert(is(svcr_traefik_leasttime_deadline(next.scheduler, 0), 1));
    ck_assert(is(svcr_traefik_leasttime_deadline(next.scheduler, 1), 1.5));
    ck_assert(is(svcr_traefik_leasttime_deadline(next.scheduler, 2), 2.5));
    ck_assert(is(svcr_traefik_leasttime_deadline(next.scheduler, 3), 3));
    ck_assert(is(svcr_traefik_leasttime_current(next.scheduler), 3));
    kids_free(&next);
}
END_TEST

START_TEST(an_equal_shape_changes_nothing)
{
    static const int64_t weights[] = {5, 3, 1, 0, 7};

    check_carry_changes_nothing(&svcr_traefik_leasttime, 5, NULL);
    check_carry_changes_nothing(&svcr_traefik_leasttime, 5, weights);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_traefik_leasttime);
}
END_TEST

Suite *suite_traefik_leasttime(void)
{
    Suite *suite = suite_create("traefik_leasttime");
    TCase *tcase = case_of("traefik_leasttime");

    tcase_add_test(tcase, the_last_hundred_samples_count);
    tcase_add_test(tcase, the_smallest_score_wins);
    tcase_add_test(tcase, ties_take_turns);
    tcase_add_test(tcase, late_children_are_staggered_too);
    tcase_add_test(tcase, an_equal_shape_changes_nothing);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
