/* Ranges of statuses and who serves, beyond their vectors. */
#include "balance/failover.h"
#include "strategy_support.h"

START_TEST(ranges_are_read)
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

START_TEST(ranges_say_who_is_left)
{
    static const struct svcr_range ranges[] = {
        {500, 504}, {101, 101}, {0, 100}, {150, 150}, {9, 8}};

    for (uint32_t status = 0; status < 700; status++) {
        bool listed = status == 101 || (status >= 500 && status <= 504);
        ck_assert_msg(svcr_failover_wants_fallback(ranges, 5, status) == listed, "%u", status);
        ck_assert(!svcr_failover_wants_fallback(ranges, 0, status));
    }
}
END_TEST

START_TEST(sides_decide)
{
    static const struct {
        bool main, fallback;
        uint32_t ranges;
        int64_t limit;
        uint64_t body;
        enum svcr_failover_way way;
    } rows[] = {
        {true, true, 0, 5, 6, SVCR_FAILOVER_MAIN},
        {true, false, 0, 0, 6, SVCR_FAILOVER_MAIN},
        {true, true, 1, -1, 6, SVCR_FAILOVER_EITHER},
        {true, false, 1, 6, 6, SVCR_FAILOVER_EITHER},
        {true, true, 1, 5, 6, SVCR_FAILOVER_TOO_LARGE},
        {true, true, 1, 5, UINT64_MAX, SVCR_FAILOVER_EITHER}, /* not known yet */
        {false, true, 1, 5, 6, SVCR_FAILOVER_FALLBACK},
        {false, false, 1, 5, 6, SVCR_FAILOVER_NOBODY},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_msg(svcr_failover_decide(rows[i].main, rows[i].fallback, rows[i].ranges,
                                           rows[i].limit, rows[i].body) == rows[i].way,
                      "row %zu", i);
    }
}
END_TEST

Suite *suite_failover(void)
{
    Suite *suite = suite_create("failover");
    TCase *tcase = case_of("failover");

    tcase_add_test(tcase, ranges_are_read);
    tcase_add_test(tcase, ranges_say_who_is_left);
    tcase_add_test(tcase, sides_decide);
    suite_add_tcase(suite, tcase);
    return suite;
}
