/* Counts of mirrors and limits of bodies, beyond their vectors. */
#include "balance/mirror.h"
#include "strategy_support.h"

START_TEST(mirrors_never_drift)
{
    static const int64_t percents[] = {0, 1, 33, 99, 100};
    uint64_t counts[6] = {0}, copies[5] = {0};

    for (uint64_t request = 1; request <= 10000; request++) {
        uint64_t due = svcr_mirror_count(counts, percents, 5);

        for (uint32_t i = 0; i < 5; i++) {
            copies[i] += due >> i & 1;
            /* ceil(T P / 100) */
            ck_assert_uint_eq(copies[i], (request * (uint64_t)percents[i] + 99) / 100);
        }
    }
    counts[0] = UINT64_MAX / 200; /* far later, halved: 100 % is still all, 0 % none */
    counts[1] = 0;
    counts[5] = UINT64_MAX / 200;
    for (int i = 0; i < 10; i++) {
        uint64_t due = svcr_mirror_count(counts, percents, 5);

        ck_assert_uint_eq(due & 17, 16);
    }
    ck_assert_uint_lt(counts[0], UINT64_MAX / 300);
}
END_TEST

START_TEST(bodies_have_limits)
{
    ck_assert_int_eq(svcr_mirror_limit(true, 0), 0);
    ck_assert_int_eq(svcr_mirror_limit(true, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(svcr_mirror_limit(true, -1), SVCR_NO_BODY_LIMIT);
    ck_assert_int_eq(svcr_mirror_limit(true, INT64_MIN), SVCR_NO_BODY_LIMIT);
    ck_assert_int_eq(svcr_mirror_limit(false, 5), SVCR_NO_BODY_LIMIT);
    ck_assert_uint_eq(svcr_mirror_fit(5, SVCR_NO_BODY_LIMIT, UINT64_MAX), 5);
    ck_assert_uint_eq(svcr_mirror_fit(5, 0, 0), 5);
    ck_assert_uint_eq(svcr_mirror_fit(5, 0, 1), 0);
    ck_assert_uint_eq(svcr_mirror_fit(5, 10, 10), 5);
    ck_assert_uint_eq(svcr_mirror_fit(5, 10, 11), 0);
    ck_assert_uint_eq(svcr_mirror_fit(5, INT64_MAX, UINT64_MAX), 0);
}
END_TEST

Suite *suite_mirror(void)
{
    Suite *suite = suite_create("mirror");
    TCase *tcase = case_of("mirror");

    tcase_add_test(tcase, mirrors_never_drift);
    tcase_add_test(tcase, bodies_have_limits);
    suite_add_tcase(suite, tcase);
    return suite;
}
