/* Highest random weight of the default profile: the frozen vectors, and which keys move. */
#include "balance/hrw.h"

#include "hrw_golden.h"
#include "strategy_support.h"

static svcr_text text_of(const char *string)
{
    return (svcr_text){string, strlen(string)};
}

static void set_key(struct kids *kids, char *key, size_t size, uint32_t number)
{
    int length = snprintf(key, size, "10.%u.%u.%u", (unsigned)(number >> 16),
                          (unsigned)(number >> 8 & 255), (unsigned)(number & 255));

    kids->choice.key = (svcr_text){key, (size_t)length};
}

START_TEST(draws_are_frozen)
{
    for (size_t i = 0; i < sizeof(draws) / sizeof(*draws); i++) {
        uint64_t hash = svcr_hrw_name_hash(text_of(draws[i].name));
        uint64_t draw = svcr_hrw_draw(text_of(draws[i].key), hash);

        ck_assert_msg(draw == draws[i].draw, "row %zu", i);
        ck_assert_uint_eq(svcr_hrw_cost(draw), draws[i].cost);
    }
}
END_TEST

START_TEST(costs_are_frozen)
{
    for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
        ck_assert_msg(svcr_hrw_cost(costs[i].draw) == costs[i].cost, "row %zu", i);
    }
    /* By hand: u = 1, 1/2, 2^-64. */
    ck_assert_uint_eq(svcr_hrw_cost(UINT64_MAX), 0);
    ck_assert_uint_eq(svcr_hrw_cost((UINT64_C(1) << 63) - 1), UINT64_C(1) << 57);
    ck_assert_uint_eq(svcr_hrw_cost(0), UINT64_C(1) << 63);
}
END_TEST

START_TEST(choices_are_frozen)
{
    char key[32];

    for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
        struct kids kids;

        kids_init(&kids, &svcr_hrw, 8, choices[i].weights, false);
        for (uint32_t k = 0; k < 32; k++) {
            set_key(&kids, key, sizeof(key), 1 << 16 | k);
            ck_assert_msg((int)kids_pick(&kids) == choices[i].winners[k] - '0', "row %zu, key %s",
                          i, key);
        }
        kids_free(&kids);
    }
}
END_TEST

/* What the doubles must leave to the integers: all comparisons by the frozen rule. */
static uint32_t choose_exactly(const struct kids *kids)
{
    const struct svcr_member *members = kids->members;
    uint32_t best = SVCR_NOBODY;
    uint64_t best_draw = 0;

    for (uint32_t i = 0; i < kids->shape.num; i++) {
        uint64_t draw = svcr_hrw_draw(kids->choice.key, members[i].name_hash);
        __extension__ unsigned __int128 mine, other;

        if (best == SVCR_NOBODY) {
            best = i;
            best_draw = draw;
            continue;
        }
        __extension__ typedef unsigned __int128 wide;
        mine = (wide)svcr_hrw_cost(draw) * (uint64_t)members[best].weight;
        other = (wide)svcr_hrw_cost(best_draw) * (uint64_t)members[i].weight;
        if (mine < other || (mine == other && draw > best_draw)) {
            best = i;
            best_draw = draw;
        }
    }
    return best;
}

START_TEST(doubles_never_decide_what_is_close)
{
    static const int64_t rows[][4] = {
        {INT64_C(1) << 62, (INT64_C(1) << 62) - 1, (INT64_C(1) << 62) + 1, INT64_C(1) << 62},
        {1, INT64_MAX, 2, INT64_MAX - 1},
        {1000000007, 1000000007, 1000000008, 1000000006},
        {3, 1, 4, 1},
    };
    char key[32];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (uint32_t alike = 0; alike < 2; alike++) { /* names with one hash: weights decide */
            struct kids kids;

            kids_init(&kids, &svcr_hrw, 4, rows[i], false);
            for (uint32_t k = 0; alike && k < 4; k++) {
                kids.members[k].name_hash = 77;
            }
            for (uint32_t k = 0; k < 3000; k++) {
                set_key(&kids, key, sizeof(key), k);
                ck_assert_uint_eq(kids_pick(&kids), choose_exactly(&kids));
            }
            kids_free(&kids);
        }
    }
}
END_TEST

START_TEST(unequal_company_changes_no_choice_between_equals)
{
    int64_t weights[9] = {5, 5, 5, 5, 5, 5, 5, 5, 0};
    struct kids equal, unequal;
    char key[32];

    kids_init(&equal, &svcr_hrw, 8, weights, false);
    kids_init(&unequal, &svcr_hrw, 9, weights, false);
    ck_assert(equal.shape.equal && !unequal.shape.equal);
    for (uint32_t i = 0; i < 5000; i++) {
        set_key(&equal, key, sizeof(key), i);
        set_key(&unequal, key, sizeof(key), i);
        ck_assert_uint_eq(kids_pick(&equal), kids_pick(&unequal));
    }
    kids_free(&equal);
    kids_free(&unequal);
}
END_TEST

START_TEST(only_keys_of_a_child_that_left_move)
{
    static const int64_t weights[] = {1, 2, 3, 4, 5, 6};
    uint32_t moved = 0;
    struct kids kids;
    char key[32];

    for (int equal = 0; equal < 2; equal++) {
        kids_init(&kids, &svcr_hrw, 6, equal ? NULL : weights, false);
        for (uint32_t i = 0; i < 6000; i++) {
            uint32_t before, after;

            set_key(&kids, key, sizeof(key), i);
            before = kids_pick(&kids);
            kids_down(&kids, 2, true);
            after = kids_pick(&kids);
            ck_assert_uint_ne(after, 2);
            ck_assert(before == 2 || after == before);
            moved += before == 2;
            kids_down(&kids, 2, false);
            ck_assert_uint_eq(kids_pick(&kids), before);
            kids_exclude(&kids, before);
            ck_assert_uint_ne(kids_pick(&kids), before);
            kids.choice.num_excluded = 0;
        }
        kids_free(&kids);
    }
    ck_assert_uint_gt(moved, 1000 + 857 - 200); /* 1/6 and 3/21 of 6000 */
    ck_assert_uint_lt(moved, 1000 + 857 + 200);
}
END_TEST

START_TEST(nothing_is_kept)
{
    static const int64_t weights[] = {1, 2, 3};

    check_carry_changes_nothing(&svcr_hrw, 5, NULL);
    check_carry_changes_nothing(&svcr_hrw, 3, weights);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_hrw);
}
END_TEST

Suite *suite_hrw(void)
{
    Suite *suite = suite_create("hrw");
    TCase *tcase = case_of("hrw");

    tcase_add_test(tcase, draws_are_frozen);
    tcase_add_test(tcase, costs_are_frozen);
    tcase_add_test(tcase, choices_are_frozen);
    tcase_add_test(tcase, doubles_never_decide_what_is_close);
    tcase_add_test(tcase, unequal_company_changes_no_choice_between_equals);
    tcase_add_test(tcase, only_keys_of_a_child_that_left_move);
    tcase_add_test(tcase, nothing_is_kept);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
