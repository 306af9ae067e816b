/* Trees of services, mirrors and failover, beyond their vectors. */
#include "balance/failover.h"
#include "balance/mirror.h"
#include "balance/tree.h"
#include "strategy_support.h"

START_TEST(default_profile_tells_everybody)
{
    static const uint32_t both[] = {0, 1}, top[] = {2, 4}, gone[] = {SVCR_NOBODY, 0};
    struct svcr_tree_node nodes[] = {
        {.kind = SVCR_TREE_SERVERS, .num_usable = 1},
        {.kind = SVCR_TREE_SERVERS, .num_usable = 1},
        {.kind = SVCR_TREE_WEIGHTED, .num_children = 2, .children = both},
        {.kind = SVCR_TREE_MIRRORING, .num_children = 2, .children = both},
        {.kind = SVCR_TREE_FAILOVER, .num_children = 2, .children = gone},
        {.kind = SVCR_TREE_FAILOVER, .num_children = 2, .children = top},
    };
    static const struct {
        uint32_t a, b;
        bool up[6];
    } rows[] = {
        {1, 1, {true, true, true, true, true, true}},
        {0, 1, {false, true, true, false, false, true}},
        {0, 0, {false, false, false, false, false, false}},
        {3, 0, {true, false, true, true, true, true}},
    };
    bool was_up[6];

    svcr_tree_judge(nodes, 6, false);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert(!nodes[i].refused && nodes[i].reports);
    }
    for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
        nodes[0].num_usable = rows[row].a;
        nodes[1].num_usable = rows[row].b;
        svcr_tree_update(nodes, 6, false, was_up);
        for (uint32_t i = 0; i < 6; i++) {
            ck_assert_msg(nodes[i].up == rows[row].up[i], "row %zu, node %u", row, i);
        }
    }
    ck_assert(!svcr_tree_child_up(nodes, 4, 0, false)); /* a child that is not there */
    ck_assert_uint_eq(nodes[2].told, 1);
}
END_TEST

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

START_TEST(failover_reads_its_ranges)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t from, to;
    } rows[] = {
        {"500", true, 500, 500},
        {"500-504", true, 500, 504},
        {"504-500", true, 504, 500},
        {"500-502-x", true, 500, 502},
        {"+503", true, 503, 503},
        {"+", false, 0, 0},
        {"", false, 0, 0},
        {"-", false, 0, 0},
        {"500-", false, 0, 0},
        {"-500", false, 0, 0},
        {"5 0", false, 0, 0},
        {"9223372036854775808", false, 0, 0},
        {"1-9223372036854775807", true, 1, UINT32_MAX},
        {"18446744073709551617", false, 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct svcr_range range = {0, 0};
        bool good =
            svcr_failover_read_range((svcr_text){rows[i].text, strlen(rows[i].text)}, &range);

        ck_assert_msg(good == rows[i].good, "\"%s\"", rows[i].text);
        ck_assert(!good || (range.from == rows[i].from && range.to == rows[i].to));
    }
}
END_TEST

Suite *suite_tree(void)
{
    Suite *suite = suite_create("tree");
    TCase *tcase = case_of("tree");

    tcase_add_test(tcase, default_profile_tells_everybody);
    tcase_add_test(tcase, mirrors_never_drift);
    tcase_add_test(tcase, failover_reads_its_ranges);
    suite_add_tcase(suite, tcase);
    return suite;
}
