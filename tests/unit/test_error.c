/* Names and texts of error codes, and the version. */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <svcroute/error.h>
#include <svcroute/version.h>

static const struct {
    int code, number;
    const char *name;
} codes[] = {
    {SVCROUTE_OK, 0, "SVCROUTE_OK"},
    {SVCROUTE_ERR_NOMEM, -1, "SVCROUTE_ERR_NOMEM"},
    {SVCROUTE_ERR_INVALID, -2, "SVCROUTE_ERR_INVALID"},
    {SVCROUTE_ERR_STRUCT_SIZE, -3, "SVCROUTE_ERR_STRUCT_SIZE"},
    {SVCROUTE_ERR_STRUCT_NEW, -4, "SVCROUTE_ERR_STRUCT_NEW"},
    {SVCROUTE_ERR_LIMIT, -5, "SVCROUTE_ERR_LIMIT"},
    {SVCROUTE_ERR_SYNTAX, -6, "SVCROUTE_ERR_SYNTAX"},
    {SVCROUTE_ERR_SEQUENCE, -7, "SVCROUTE_ERR_SEQUENCE"},
    {SVCROUTE_ERR_STATE, -8, "SVCROUTE_ERR_STATE"},
    {SVCROUTE_ERR_NOT_FOUND, -9, "SVCROUTE_ERR_NOT_FOUND"},
    {SVCROUTE_ERR_END, -10, "SVCROUTE_ERR_END"},
    {SVCROUTE_ERR_REJECTED, -11, "SVCROUTE_ERR_REJECTED"},
    {SVCROUTE_ERR_START_OVER, -12, "SVCROUTE_ERR_START_OVER"},
    {SVCROUTE_ERR_SPACE, -13, "SVCROUTE_ERR_SPACE"},
    {SVCROUTE_ERR_CRYPTO, -14, "SVCROUTE_ERR_CRYPTO"},
    {SVCROUTE_ERR_SCOPE, -15, "SVCROUTE_ERR_SCOPE"},
    {SVCROUTE_ERR_NO_SERVER, -16, "SVCROUTE_ERR_NO_SERVER"},
    {SVCROUTE_ERR_GONE, -17, "SVCROUTE_ERR_GONE"},
    {SVCROUTE_ERR_BODY_TOO_LARGE, -18, "SVCROUTE_ERR_BODY_TOO_LARGE"},
    {SVCROUTE_ERR_ALL_TRIED, -19, "SVCROUTE_ERR_ALL_TRIED"},
    {SVCROUTE_ERR_BAD_REQUEST, -20, "SVCROUTE_ERR_BAD_REQUEST"},
};

START_TEST(codes_have_names_and_texts)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const char *text = svcroute_error_text(codes[i].code);

        ck_assert_int_eq(codes[i].code, codes[i].number);
        ck_assert_str_eq(svcroute_error_name(codes[i].code), codes[i].name);
        ck_assert_uint_gt(strlen(text), 5);
        ck_assert_int_ne(text[strlen(text) - 1], '.');
        for (size_t before = 0; before < i; before++) {
            ck_assert_str_ne(text, svcroute_error_text(codes[before].code));
        }
    }
}
END_TEST

START_TEST(other_numbers_are_unknown)
{
    const int others[] = {1, 2, -21, -22, -1000, INT_MAX, INT_MIN, INT_MIN + 1};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_str_eq(svcroute_error_name(others[i]), "SVCROUTE_ERR_UNKNOWN");
        ck_assert_str_eq(svcroute_error_text(others[i]), "unknown error");
    }
}
END_TEST

START_TEST(number_and_text_of_the_version_agree)
{
    uint32_t number = svcroute_version_number();
    char text[32];

    ck_assert_uint_eq(number, SVCROUTE_VERSION_NUMBER);
    snprintf(text, sizeof(text), "%u.%u.%u", number / 1000000, number / 1000 % 1000, number % 1000);
    ck_assert_str_eq(svcroute_version_text(), text);
}
END_TEST

Suite *suite_error(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("error");

    tcase_add_test(tests, codes_have_names_and_texts);
    tcase_add_test(tests, other_numbers_are_unknown);
    tcase_add_test(tests, number_and_text_of_the_version_agree);
    suite_add_tcase(suite, tests);
    return suite;
}
