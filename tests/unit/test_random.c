/* Random numbers: the published generator, bounds without bias. */
#include "strategy_support.h"

START_TEST(generator_is_the_published_one)
{
    /* By the authors' reference code, from the state 1, 2, 3, 4. */
    static const uint64_t wanted[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
                                      UINT64_C(1216172134540287360)};
    struct svcr_random random = {{1, 2, 3, 4}};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        ck_assert_uint_eq(svcr_random_next(&random), wanted[i]);
    }
}
END_TEST

START_TEST(seeds_are_spread_by_splitmix64)
{
    struct svcr_random random;

    svcr_random_seed(&random, 0);
    ck_assert_uint_eq(random.state[0], UINT64_C(0xe220a8397b1dcdaf));
    ck_assert_uint_eq(random.state[3], UINT64_C(0xf88bb8a8724c81ec));
    ck_assert_uint_eq(svcr_random_next(&random), UINT64_C(0x99ec5f36cb75f2b4));
    svcr_random_seed(&random, 1);
    ck_assert_uint_eq(svcr_random_next(&random), UINT64_C(0xb3f2af6d0fc710c5));
}
END_TEST

/* Chi-square with bound - 1 degrees of freedom, against a limit that chance passes once in 10^6. */
static void check_uniform(uint32_t bound, double limit)
{
    struct svcr_random random;
    uint32_t counts[64] = {0};
    double expected = 10000, sum = 0;

    svcr_random_seed(&random, bound);
    for (uint32_t i = 0; i < bound * 10000; i++) {
        uint32_t drawn = svcr_random_below(&random, bound);

        ck_assert_uint_lt(drawn, bound);
        counts[drawn]++;
    }
    for (uint32_t i = 0; i < bound; i++) {
        double off = counts[i] - expected;

        sum += off * off / expected;
    }
    ck_assert_msg(sum < limit, "bound %u: chi-square %g", bound, sum);
}

START_TEST(bounded_numbers_are_uniform)
{
    check_uniform(2, 24);
    check_uniform(3, 28);
    check_uniform(7, 39);
    check_uniform(64, 131);
}
END_TEST

START_TEST(bounds_hold_at_the_ends)
{
    struct svcr_random random;
    uint32_t most = 0, upper = 0;

    svcr_random_seed(&random, 5);
    for (int i = 0; i < 100000; i++) {
        uint32_t drawn = svcr_random_below(&random, UINT32_MAX), half;

        ck_assert_uint_eq(svcr_random_below(&random, 1), 0);
        ck_assert_uint_lt(drawn, UINT32_MAX);
        most = drawn > most ? drawn : most;
        /* 3 * 2^30: without rejection the numbers divisible by 3 come twice as often. */
        half = svcr_random_below(&random, UINT32_C(3) << 30);
        upper += half % 3 == 0;
    }
    ck_assert_uint_gt(most, UINT32_MAX - UINT32_MAX / 1000);
    ck_assert_uint_gt(upper, 33333 - 900);
    ck_assert_uint_lt(upper, 33333 + 900);
}
END_TEST

Suite *suite_random(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = case_of("random");

    tcase_add_test(tcase, generator_is_the_published_one);
    tcase_add_test(tcase, seeds_are_spread_by_splitmix64);
    tcase_add_test(tcase, bounded_numbers_are_uniform);
    tcase_add_test(tcase, bounds_hold_at_the_ends);
    suite_add_tcase(suite, tcase);
    return suite;
}
