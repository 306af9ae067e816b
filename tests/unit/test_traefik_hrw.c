/* Highest random weight of profile traefik-v3: the shortcuts change no answer. */
#include "strategy_support.h"

/* Score by score, as behaviour section 8 has it. */
static uint32_t choose_slowly(const struct kids *kids)
{
    uint32_t best = SVCR_NOBODY;
    double best_score = 0;

    for (uint32_t i = 0; i < kids->shape.num; i++) {
        const struct svcr_member *member = &kids->members[i];
        uint64_t hash = svcr_traefik_hrw_hash(kids->choice.key, member->name);
        double score = svcr_traefik_hrw_score(hash, member->weight);

        if (svcr_member_usable(member, &kids->choice) && score > best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

START_TEST(shortcuts_change_no_answer)
{
    struct svcr_random random;

    svcr_random_seed(&random, 9);
    for (uint32_t num = 0; num < 40; num++) {
        int64_t weights[40];
        struct kids kids;

        for (uint32_t i = 0; i < num; i++) {
            weights[i] = num % 3 == 0 ? 1 : (int64_t)svcr_random_below(&random, 6);
        }
        kids_init(&kids, &svcr_traefik_hrw, num, weights, false);
        for (uint32_t i = 0; i < num; i++) { /* names of many lengths and beginnings */
            kids.members[i].name.data += num % 2 == 0 ? 0 : svcr_random_below(&random, 4);
            kids.members[i].name.size = 2 + svcr_random_below(&random, 14);
        }
        kids_open(&kids, false);
        for (int k = 0; k < 300; k++) {
            char key[32];

            kids.choice.key.data = key;
            kids.choice.key.size = (size_t)snprintf(key, sizeof(key), "10.1.%u.%u",
                                                    (unsigned)svcr_random_below(&random, 256),
                                                    (unsigned)svcr_random_below(&random, 256));
            if (num > 0) {
                kids_down(&kids, svcr_random_below(&random, num), k % 3 == 0);
            }
            ck_assert_uint_eq(kids_pick(&kids), choose_slowly(&kids));
        }
        kids_free(&kids);
    }
}
END_TEST

START_TEST(keys_are_hosts)
{
    static const char *const rows[][2] = {
        {"192.0.2.7:9135", "192.0.2.7"},
        {"192.0.2.7", "192.0.2.7"},
        {":80", ""},
        {"[::1]:1", "::1"},
        {"::1", "::1"},
        {"[::1]", "[::1]"},
        {"[::1]:", "::1"},
        {"a:b:c", "a:b:c"},
        {"[a]b:1", "[a]b:1"},
        {"[[a]:1", "[[a]:1"},
        {"[a]]:1", "[a]]:1"},
        {"a]:1", "a]:1"},
        {"a:[1", "a:[1"},
        {"", ""},
        {"[", "["},
        {"[a]:1:2", "[a]:1:2"},
        {":", ""},
        {"[]:1", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        svcr_text key = svcr_traefik_hrw_key((svcr_text){rows[i][0], strlen(rows[i][0])});

        ck_assert_msg(key.size == strlen(rows[i][1]) && memcmp(key.data, rows[i][1], key.size) == 0,
                      "\"%s\"", rows[i][0]);
    }
}
END_TEST

START_TEST(nothing_that_matters_is_kept)
{
    static const int64_t weights[] = {1, 2, 3};

    check_carry_changes_nothing(&svcr_traefik_hrw, 5, NULL);
    check_carry_changes_nothing(&svcr_traefik_hrw, 3, weights);
}
END_TEST

START_TEST(all_mixtures_end)
{
    check_all_mixtures(&svcr_traefik_hrw);
}
END_TEST

Suite *suite_traefik_hrw(void)
{
    Suite *suite = suite_create("traefik_hrw");
    TCase *tcase = case_of("traefik_hrw");

    tcase_add_test(tcase, shortcuts_change_no_answer);
    tcase_add_test(tcase, keys_are_hosts);
    tcase_add_test(tcase, nothing_that_matters_is_kept);
    tcase_add_test(tcase, all_mixtures_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
