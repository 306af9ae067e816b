/* Durations as Go and Traefik read and write them. */
#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"

#define BAD SVCR_DURATION_BAD
#define OVER SVCR_DURATION_OVERFLOW

static const struct {
    const char *text;
    int64_t nanoseconds;
    const char *canonical;
} good[] = {
    {"0", 0, "0s"},
    {"-0", 0, "0s"},
    {"+007", INT64_C(7000000000), "7s"},
    {"-30", INT64_C(-30000000000), "-30s"},
    {"9223372036", INT64_C(9223372036000000000), "2562047h47m16s"},
    {"1ns", 1, "1ns"},
    {"999ns", 999, "999ns"},
    {"1us", 1000, "1\xc2\xb5s"},
    {"1\xc2\xb5s", 1000, "1\xc2\xb5s"},
    {"1\xce\xbcs", 1000, "1\xc2\xb5s"},
    {"999999ns", 999999, "999.999\xc2\xb5s"},
    {"1ms", 1000000, "1ms"},
    {"1000500ns", 1000500, "1.0005ms"},
    {"999999999ns", 999999999, "999.999999ms"},
    {"1s", INT64_C(1000000000), "1s"},
    {"59.999999999s", INT64_C(59999999999), "59.999999999s"},
    {"60s", INT64_C(60000000000), "1m0s"},
    {"1h", INT64_C(3600000000000), "1h0m0s"},
    {"1h30m", INT64_C(5400000000000), "1h30m0s"},
    {"-1.5h", INT64_C(-5400000000000), "-1h30m0s"},
    {".5s", 500000000, "500ms"},
    {"5.s", INT64_C(5000000000), "5s"},
    {"1h1h", INT64_C(7200000000000), "2h0m0s"},
    {"0.9ns", 0, "0s"},
    {"0.99999999999999999999s", INT64_C(1000000000), "1s"},
    {"0.000000000000000000000000000000000000000001h", 0, "0s"},
    /* Digits that no longer fit are dropped before the scale is known: 1e-9 s all the same. */
    {"0.00000000100000000000000000000000000000000s", 1, "1ns"},
    {"9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s"},
    {"-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s"},
    {"-4611686018427387904ns4611686018427387904ns", INT64_MIN, "-2562047h47m16.854775808s"},
    {"2562047h47m16.854775807s", INT64_MAX, "2562047h47m16.854775807s"},
};

START_TEST(durations_are_read_and_written)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        svcr_text text = {good[i].text, strlen(good[i].text)};
        char out[SVCR_DURATION_TEXT_MAX];

        for (int wrap = 0; wrap < 2; wrap++) {
            int64_t got = 12345;

            ck_assert_msg(svcr_duration_parse(text, wrap, &got) == SVCR_DURATION_OK, "%s",
                          good[i].text);
            ck_assert_msg(got == good[i].nanoseconds, "%s: %" PRId64, good[i].text, got);
        }
        ck_assert_uint_eq(svcr_duration_format(good[i].nanoseconds, out),
                          strlen(good[i].canonical));
        ck_assert_mem_eq(out, good[i].canonical, strlen(good[i].canonical));
    }
}
END_TEST

static const struct {
    const char *text;
    enum svcr_duration_result plain, wrapped;
} refused[] = {
    {"", BAD, BAD},
    {"+", BAD, BAD},
    {"-", BAD, BAD},
    {"+-1s", BAD, BAD},
    {".", BAD, BAD},
    {".s", BAD, BAD},
    {"s", BAD, BAD},
    {"1.5", BAD, BAD},
    {"5.", BAD, BAD},
    {"1d", BAD, BAD},
    {"1S", BAD, BAD},
    {"1 s", BAD, BAD},
    {" 1s", BAD, BAD},
    {"1s ", BAD, BAD},
    {"1s1", BAD, BAD},
    {"1h-1m", BAD, BAD},
    {"1..2s", BAD, BAD},
    {"1_000", BAD, BAD},
    {"0x10", BAD, BAD},
    {"1e3s", BAD, BAD},
    {"\xd9\xa1s", BAD, BAD},
    {"1\xb5s", BAD, BAD},
    {"1\xc2\xb5", BAD, BAD},
    {"9223372036854775808", OVER, BAD},
    {"-9223372036854775809", OVER, BAD},
    {"99999999999999999999", OVER, BAD},
    {"9223372036854775808ns", OVER, BAD},
    {"-9223372036854775809ns", OVER, BAD},
    {"99999999999999999999s", OVER, BAD},
    {"20000000000000000000ns", OVER, BAD}, /* modulo 2^64 it would fit */
    {"18446744073709551617ns", OVER, BAD},
    {"2562047h47m16.854775808s", OVER, BAD},
    {"2562048h", OVER, BAD},
    {"-9223372036854775808ns1ns", OVER, BAD},
    /* Too large and not even a duration. */
    {"99999999999999999999x", BAD, BAD},
    {"99999999999999999999s1", BAD, BAD},
    {"2562048h5d", BAD, BAD},
    {"99999999999999999999.", BAD, BAD},
};

START_TEST(others_are_refused)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        svcr_text text = {refused[i].text, strlen(refused[i].text)};
        int64_t got;

        ck_assert_msg(svcr_duration_parse(text, false, &got) == refused[i].plain, "%s",
                      refused[i].text);
        ck_assert_msg(svcr_duration_parse(text, true, &got) == refused[i].wrapped, "%s",
                      refused[i].text);
    }
    ck_assert_int_eq(svcr_duration_parse((svcr_text){"1s\0", 3}, true, &(int64_t){0}), BAD);
    ck_assert_int_eq(svcr_duration_parse(SVCR_TEXT_ABSENT, true, &(int64_t){0}), BAD);
}
END_TEST

START_TEST(seconds_wrap_only_if_asked_to)
{
    static const struct {
        const char *text;
        int64_t seconds, wrapped;
    } rows[] = {
        /* The product modulo 2^64; the first three are in the reference's data. */
        {"9223372037", INT64_C(9223372037), INT64_C(-9223372036709551616)},
        {"-9223372036854775808", INT64_MIN, 0},
        {"-9223372037", INT64_C(-9223372037), INT64_C(9223372036709551616)},
        {"9223372036854775807", INT64_MAX, INT64_C(-1000000000)},
        {"18446744074", INT64_C(18446744074), INT64_C(290448384)},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        svcr_text text = {rows[i].text, strlen(rows[i].text)};
        int64_t got = 1;

        ck_assert_int_eq(svcr_duration_parse(text, false, &got), OVER);
        ck_assert_int_eq(svcr_duration_seconds(rows[i].seconds, false, &got), OVER);
        ck_assert_int_eq(got, 1);
        ck_assert_int_eq(svcr_duration_parse(text, true, &got), SVCR_DURATION_OK);
        ck_assert_int_eq(got, rows[i].wrapped);
        ck_assert_int_eq(svcr_duration_seconds(rows[i].seconds, true, &got), SVCR_DURATION_OK);
        ck_assert_int_eq(got, rows[i].wrapped);
    }
    /* Two parts of exactly 2^63 cancel each other in the reference's 64 bits. */
    for (int wrap = 0; wrap < 2; wrap++) {
        int64_t got = 1;

        ck_assert_int_eq(svcr_duration_parse(
                             SVCR_TEXT("9223372036854775808ns9223372036854775808ns"), wrap, &got),
                         wrap ? SVCR_DURATION_OK : OVER);
        ck_assert_int_eq(got, wrap ? 0 : 1);
    }
}
END_TEST

START_TEST(what_is_written_reads_the_same)
{
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < 100000; i++) {
        char out[SVCR_DURATION_TEXT_MAX];
        int64_t value, back = 0;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        value = (int64_t)state >> (i % 64);
        ck_assert_int_eq(
            svcr_duration_parse((svcr_text){out, svcr_duration_format(value, out)}, false, &back),
            SVCR_DURATION_OK);
        ck_assert_int_eq(back, value);
    }
}
END_TEST

Suite *suite_duration(void)
{
    Suite *suite = suite_create("duration");
    TCase *tests = tcase_create("duration");

    tcase_add_test(tests, durations_are_read_and_written);
    tcase_add_test(tests, others_are_refused);
    tcase_add_test(tests, seconds_wrap_only_if_asked_to);
    tcase_add_test(tests, what_is_written_reads_the_same);
    suite_add_tcase(suite, tests);
    return suite;
}
