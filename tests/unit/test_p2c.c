/* Power of two choices of the default profile. */
#include "strategy_support.h"

/* How often each of `num` children is met first and second, as a pair: loads decide who is seen. */
START_TEST(pairs_are_uniform)
{
    enum { NUM = 6, ROUNDS = 60000 };
    /* With loads 0, 1, 2 ... child k wins the pairs with those above it: (NUM - 1 - k) of 15. */
    uint32_t counts[NUM] = {0};
    struct kids kids;
    double sum = 0;

    kids_init(&kids, &svcr_p2c, NUM, NULL, true);
    for (uint32_t i = 0; i < NUM; i++) {
        kids_load(&kids, i, i);
    }
    for (int i = 0; i < ROUNDS; i++) {
        counts[kids_pick(&kids)]++;
    }
    for (uint32_t i = 0; i + 1 < NUM; i++) {
        double expected = ROUNDS * (double)(NUM - 1 - i) / 15, off = counts[i] - expected;

        sum += off * off / expected;
    }
    ck_assert_uint_eq(counts[NUM - 1], 0);
    ck_assert_msg(sum < 33, "chi-square %g", sum); /* 4 degrees of freedom, 10^-6 */
    kids_free(&kids);
}
END_TEST

/* All loads alike: every usable child as often, whatever stands beside it. */
static void check_even(struct kids *kids, const bool *usable, uint32_t num_usable)
{
    uint32_t *counts = calloc(kids->shape.num, sizeof(*counts)), rounds = num_usable * 4000;
    double sum = 0, sigma = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t picked = kids_pick(kids);

        ck_assert_uint_lt(picked, kids->shape.num);
        ck_assert(usable[picked]);
        counts[picked]++;
    }
    for (uint32_t i = 0; i < kids->shape.num; i++) {
        double off = counts[i] - 4000.0;

        sum += usable[i] ? off * off / 4000 : 0;
    }
    for (double guess = 1; sigma * sigma < 2 * num_usable; guess += 0.01) {
        sigma = guess; /* square root, without libm */
    }
    ck_assert_msg(sum < num_usable + 6 * sigma, "chi-square %g of %u", sum, num_usable);
    free(counts);
}

START_TEST(ties_are_fair_whoever_is_down)
{
    static const uint32_t sizes[] = {2, 3, 10, 31, 32, 100};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (uint32_t keep = 1; keep <= 5; keep++) { /* one of `keep` is up */
            bool usable[100] = {false};
            uint32_t num = 0;
            struct kids kids;

            kids_init(&kids, &svcr_p2c, sizes[i], NULL, true);
            for (uint32_t k = 0; k < sizes[i]; k++) {
                usable[k] = k % keep == 0;
                kids_down(&kids, k, !usable[k]);
                num += usable[k];
            }
            check_even(&kids, usable, num);
            kids_free(&kids);
        }
    }
}
END_TEST

START_TEST(few_of_many_are_found)
{
    enum { NUM = 1000 };
    bool usable[NUM] = {false};
    struct kids kids;

    kids_init(&kids, &svcr_p2c, NUM, NULL, true);
    for (uint32_t i = 0; i < NUM; i++) {
        usable[i] = i == 3 || i == 500 || i == 999;
        kids_down(&kids, i, !usable[i]);
    }
    check_even(&kids, usable, 3);
    kids_exclude(&kids, 500);
    usable[500] = false;
    check_even(&kids, usable, 2);
    kids_load(&kids, 3, 2);
    kids_load(&kids, 999, 1);
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 999);
    }
    kids_exclude(&kids, 999);
    ck_assert_uint_eq(kids_pick(&kids), 3);
    kids_down(&kids, 3, true);
    ck_assert_uint_eq(kids_pick(&kids), SVCR_NOBODY);
    kids_free(&kids);
}
END_TEST

START_TEST(the_less_loaded_of_two_wins)
{
    struct kids kids;

    kids_init(&kids, &svcr_p2c, 2, NULL, true);
    kids_load(&kids, 0, 8);
    kids_load(&kids, 1, 7);
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 1);
    }
    atomic_fetch_add(&kids.kids[0].live.load, SVCR_LOAD_FINISHED);
    atomic_fetch_add(&kids.kids[0].live.load, SVCR_LOAD_FINISHED);
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 0);
    }
    kids.members[0].live = NULL; /* a service counts none */
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(kids_pick(&kids), 0);
    }
    kids_free(&kids);
}
END_TEST

START_TEST(nothing_is_kept)
{
    static const int64_t weights[] = {1, 2, 3};

    check_carry_changes_nothing(&svcr_p2c, 5, NULL);
    check_carry_changes_nothing(&svcr_p2c, 3, weights);
    ck_assert_uint_eq(svcr_p2c.size(&(struct svcr_shape){.num = 1000, .equal = true}), 0);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_p2c);
}
END_TEST

Suite *suite_p2c(void)
{
    Suite *suite = suite_create("p2c");
    TCase *tcase = case_of("p2c");

    tcase_add_test(tcase, pairs_are_uniform);
    tcase_add_test(tcase, ties_are_fair_whoever_is_down);
    tcase_add_test(tcase, few_of_many_are_found);
    tcase_add_test(tcase, the_less_loaded_of_two_wins);
    tcase_add_test(tcase, nothing_is_kept);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
