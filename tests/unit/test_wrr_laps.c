/* Weighted round robin after 2^31 laps, which no test can wait for: the source is included, to set
 * the lap. */
#define svcr_wrr wrr_inside
#include "balance/wrr.c"

#include "strategy_support.h"

START_TEST(laps_are_taken_back)
{
    static const int64_t weights[] = {3, 2, 1};
    struct kids kids;
    uint32_t before[60];

    kids_init(&kids, &wrr_inside, 3, weights, false);
    for (int i = 0; i < 60; i++) {
        before[i] = kids_pick(&kids);
    }
    kids_open(&kids, false);
    /* The same place in the order, three laps before they are taken back. */
    kids.scheduler->now = turn_at((uint32_t)LAPS_MAX - 3, UINT64_MAX, SVCR_NOBODY);
    for (uint32_t i = 0; i < 3; i++) {
        struct turn *turn = &turns_of(kids.scheduler)[i];

        *turn = turn_at((uint32_t)LAPS_MAX - 2, moment_of(turn), index_of(turn));
    }
    for (int i = 0; i < 60; i++) {
        ck_assert_uint_eq(kids_pick(&kids), before[i]);
    }
    ck_assert_uint_lt(lap_of(&kids.scheduler->now), 20);
    kids_free(&kids);
}
END_TEST

Suite *suite_wrr_laps(void)
{
    Suite *suite = suite_create("wrr_laps");
    TCase *tcase = case_of("wrr_laps");

    tcase_add_test(tcase, laps_are_taken_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
