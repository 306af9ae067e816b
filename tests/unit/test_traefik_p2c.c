/* Power of two choices of profile traefik-v3: the quick draws are distributed as the reference's.
 */
#include "strategy_support.h"

enum { NUM = 40, ROUNDS = 200000 };

/* Winners over all pairs of draws, equally likely: what the seam, which the vectors hold, says. */
static void count_pairs(const struct kids *kids, double *expected)
{
    uint32_t usable = svcr_traefik_num_usable(&kids->shape, &kids->choice);

    for (uint32_t a = 0; a < usable; a++) {
        for (uint32_t b = 0; b < usable; b++) {
            uint32_t winner = svcr_traefik_p2c_choose(&kids->shape, &kids->choice, a, b);

            expected[winner] += (double)ROUNDS / usable / usable;
        }
    }
}

static void check_distribution(struct kids *kids)
{
    double expected[NUM] = {0}, sum = 0;
    uint32_t counts[NUM] = {0};

    count_pairs(kids, expected);
    for (int i = 0; i < ROUNDS; i++) {
        counts[kids_pick(kids)]++;
    }
    for (uint32_t i = 0; i < kids->shape.num; i++) {
        double off = counts[i] - expected[i];

        if (expected[i] > 0) {
            sum += off * off / expected[i];
        } else {
            ck_assert_uint_eq(counts[i], 0);
        }
    }
    ck_assert_msg(sum < 95, "chi-square %g", sum); /* 39 degrees of freedom, 10^-6 */
}

START_TEST(draws_are_distributed_as_the_reference_does_it)
{
    struct kids kids;

    kids_init(&kids, &svcr_traefik_p2c, NUM, NULL, false);
    for (uint32_t i = 0; i < NUM; i++) {
        kids_load(&kids, i, i * 7 % 5);
    }
    check_distribution(&kids);
    for (uint32_t i = 0; i < NUM; i++) { /* neighbours of those down meet more often */
        kids_down(&kids, i, i % 3 != 0);
    }
    check_distribution(&kids);
    for (uint32_t i = 0; i < NUM; i++) { /* by counting: draws are in vain */
        kids_down(&kids, i, i > 2);
    }
    check_distribution(&kids);
    kids_free(&kids);
}
END_TEST

START_TEST(few_children)
{
    struct kids kids;

    kids_init(&kids, &svcr_traefik_p2c, 2, NULL, false);
    kids_load(&kids, 0, 3);
    for (int i = 0; i < 100; i++) { /* equal draws meet the other one: the lighter always wins */
        ck_assert_uint_eq(kids_pick(&kids), 1);
    }
    kids_exclude(&kids, 1);
    ck_assert_uint_eq(kids_pick(&kids), 0);
    kids_down(&kids, 0, true);
    ck_assert_uint_eq(kids_pick(&kids), SVCR_NOBODY);
    kids_free(&kids);
}
END_TEST

START_TEST(nothing_is_kept)
{
    check_carry_changes_nothing(&svcr_traefik_p2c, 5, NULL);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_traefik_p2c);
}
END_TEST

Suite *suite_traefik_p2c(void)
{
    Suite *suite = suite_create("traefik_p2c");
    TCase *tcase = case_of("traefik_p2c");

    tcase_add_test(tcase, draws_are_distributed_as_the_reference_does_it);
    tcase_add_test(tcase, few_children);
    tcase_add_test(tcase, nothing_is_kept);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
