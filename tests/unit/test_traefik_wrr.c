/* Weighted round robin of profile traefik-v3, beyond its vectors: bounds, exclusion, updates. */
#include "strategy_support.h"

START_TEST(a_heavy_child_that_is_down_ends_by_the_bound)
{
    /* One turn of the light child is 10^9 of the heavy one: 4 * 2 + 4096 moves, then a jump. */
    static const int64_t weights[] = {1000000000, 1};
    struct kids kids;
    uint32_t child, heavy = 0;
    double deadline;

    kids_init(&kids, &svcr_traefik_wrr, 2, weights, false);
    kids_down(&kids, 0, true);
    ck_assert_uint_eq(kids_pick(&kids), 1);
    ck_assert(svcr_traefik_wrr_current(kids.scheduler) >= 1 &&
              svcr_traefik_wrr_current(kids.scheduler) <= 1);
    deadline = svcr_traefik_wrr_deadline(kids.scheduler, 0, &child);
    ck_assert_uint_eq(child, 0); /* set just behind */
    ck_assert(deadline > 1 && deadline < 1.00000001);
    for (int i = 0; i < 10; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 1);
    }
    kids_down(&kids, 0, false); /* it comes back without a burst beyond its weight */
    for (int i = 0; i < 1000; i++) {
        heavy += kids_pick(&kids) == 0;
    }
    ck_assert_uint_eq(heavy, 1000);
    kids_free(&kids);
}
END_TEST

START_TEST(weights_too_large_to_move_end_too)
{
    static const int64_t weights[] = {1, INT64_MAX, 1};
    struct kids kids;

    kids_init(&kids, &svcr_traefik_wrr, 3, weights, false);
    for (int i = 0; i < 10; i++) { /* 1 / weight is lost in the deadline */
        ck_assert_uint_eq(kids_pick(&kids), 1);
    }
    kids_down(&kids, 1, true);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    ck_assert_uint_eq(kids_pick(&kids), 2);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_free(&kids);
}
END_TEST

START_TEST(an_excluded_child_keeps_its_deadline)
{
    struct kids kids;

    kids_init(&kids, &svcr_traefik_wrr, 3, NULL, false);
    kids_exclude(&kids, 0);
    ck_assert_uint_eq(kids_pick(&kids), 2); /* by the shape of the heap */
    ck_assert_uint_eq(kids_pick(&kids), 1);
    kids.choice.num_excluded = 0;
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_free(&kids);
}
END_TEST

START_TEST(a_random_order_starts_everywhere)
{
    uint32_t counts[4] = {0};
    struct kids kids;

    kids_init(&kids, &svcr_traefik_wrr, 4, NULL, true);
    for (int i = 0; i < 4000; i++) {
        kids_open(&kids, true);
        counts[kids_pick(&kids)]++;
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_gt(counts[i], 850);
        ck_assert_uint_lt(counts[i], 1150);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(turns_survive_updates)
{
    static const int64_t before[] = {1, 1, 1, 1}, after[] = {1, 2};
    struct kids kids, next;
    unsigned seen = 0;

    kids_init(&kids, &svcr_traefik_wrr, 4, before, false);
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(kids_pick(&kids), i == 0 ? 0 : 3);
    }
    /* ids 1 .. 4: 1 and 2 have deadline 1, 3 has 2, the late one 1 + 1. */
    kids_init_at(&next, &svcr_traefik_wrr, 4, before, false, 1);
    kids_carry(&next, &kids);
    ck_assert_uint_le(kids_pick(&next), 1);
    ck_assert_uint_le(kids_pick(&next), 1);
    for (int i = 0; i < 4; i++) { /* then all have 2 */
        seen |= 1U << kids_pick(&next);
    }
    ck_assert_uint_eq(seen, 15);
    kids_free(&next);
    /* Half of a turn is left: it stays half of a turn when the weight doubles. */
    kids_init(&kids, &svcr_traefik_wrr, 2, after, false);
    ck_assert_uint_eq(kids_pick(&kids), 1);
    kids_init(&next, &svcr_traefik_wrr, 2, before, false);
    kids_carry(&next, &kids);
    for (uint32_t place = 0; place < 2; place++) {
        uint32_t child;
        double deadline = svcr_traefik_wrr_deadline(next.scheduler, place, &child);

        ck_assert(child == 0 ? deadline >= 1 && deadline <= 1 : deadline >= 1.5 && deadline <= 1.5);
    }
    kids_free(&next);
}
END_TEST

START_TEST(an_equal_shape_changes_nothing)
{
    static const int64_t weights[] = {5, 3, 1, 0, 7};

    check_carry_changes_nothing(&svcr_traefik_wrr, 5, NULL);
    check_carry_changes_nothing(&svcr_traefik_wrr, 5, weights);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_traefik_wrr);
}
END_TEST

Suite *suite_traefik_wrr(void)
{
    Suite *suite = suite_create("traefik_wrr");
    TCase *tcase = case_of("traefik_wrr");

    tcase_add_test(tcase, a_heavy_child_that_is_down_ends_by_the_bound);
    tcase_add_test(tcase, weights_too_large_to_move_end_too);
    tcase_add_test(tcase, an_excluded_child_keeps_its_deadline);
    tcase_add_test(tcase, a_random_order_starts_everywhere);
    tcase_add_test(tcase, turns_survive_updates);
    tcase_add_test(tcase, an_equal_shape_changes_nothing);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
