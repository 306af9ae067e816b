/* Names as Traefik writes them. */
#include <check.h>
#include <string.h>

#include "base/normalize.h"

#include "failing_allocator.h"

static void check_name(const svcr_text *parts, size_t num, const char *expected)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_buffer buffer;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, "before-");
    svcr_normalize(&buffer, parts, num);
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.size, 7 + strlen(expected));
    ck_assert_mem_eq(buffer.data, "before-", 7);
    ck_assert_mem_eq(buffer.data + 7, expected, strlen(expected));
    svcr_buffer_free(&buffer);
    svcroute_context_unref(context);
}

static const struct {
    const char *text, *name;
} rows[] = {
    {"", ""},
    {"-", ""},
    {"---", ""},
    {"web", "web"},
    {"-web-", "web"},
    {"a--b", "a-b"},
    {"a.b/c_d@e", "a-b-c-d-e"},
    {"09azAZ", "09azAZ"},
    {"/:@[`{", ""},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"e\xcc\x81"
     "a",
     "e-a"},                          /* combining acute: a mark */
    {"\xd9\xa1", "\xd9\xa1"},         /* Arabic-Indic digit: Nd */
    {"\xe2\x85\xa7", "\xe2\x85\xa7"}, /* Roman numeral: Nl */
    {"\xc2\xbd", "\xc2\xbd"},         /* one half: No */
    {"a\xf0\x9f\x98\x80"
     "b",
     "a-b"},                                  /* emoji: So */
    {"\xf0\xb2\x8e\xaf", "\xf0\xb2\x8e\xaf"}, /* U+323AF: new in 15.0 */
    {"\xf0\xb2\x8e\xb0", ""},                 /* U+323B0: not assigned */
    {"a\xff"
     "b",
     "a-b"},
    {"a\xe4\xb8"
     "b",
     "a-b"},                              /* a cut character, then a letter */
    {"\xe4\xe4\xb8\xad", "\xe4\xb8\xad"}, /* the second byte starts afresh */
    {"\xed\xa0\x80", ""},
    {"\xc3\xa9\xc3", "\xc3\xa9"},
};

START_TEST(names_are_split_and_joined)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_name(&(svcr_text){rows[i].text, strlen(rows[i].text)}, 1, rows[i].name);
    }
    check_name(&(svcr_text){"a\0b", 3}, 1, "a-b");
    check_name(NULL, 0, "");
}
END_TEST

START_TEST(parts_are_joined_first)
{
    check_name((svcr_text[]){SVCR_TEXT("default"), SVCR_TEXT("web"), SVCR_TEXT("80")}, 3,
               "default-web-80");
    check_name((svcr_text[]){SVCR_TEXT("default"), SVCR_TEXT_ABSENT}, 2, "default");
    check_name((svcr_text[]){SVCR_TEXT(""), SVCR_TEXT("web")}, 2, "web");
    check_name((svcr_text[]){SVCR_TEXT("a-"), SVCR_TEXT("-b")}, 2, "a-b");
    check_name((svcr_text[]){SVCR_TEXT("-"), SVCR_TEXT("."), SVCR_TEXT("")}, 3, "");
    /* Bytes of one character do not meet across a joint. */
    check_name((svcr_text[]){SVCR_TEXT("a\xc3"), SVCR_TEXT("\xa9"
                                                           "b")},
               2, "a-b");
}
END_TEST

START_TEST(letters_and_numbers_only)
{
    static const uint32_t members[] = {'0',     '9',     'A',     'Z',     'a',    'z',    0xaa,
                                       0xb2,    0xb3,    0xb5,    0xb9,    0xba,   0xbc,   0xbe,
                                       0xc0,    0x660,   0x4e00,  0x9fff,  0xac00, 0xd7a3, 0x1e900,
                                       0x1fbf0, 0x1fbf9, 0x20000, 0x31350, 0x323af};
    static const uint32_t others[] = {
        0,      '-',     '/',     ':',     '@',      '[',      '`',       '{',    0x7f,
        0x80,   0xa0,    0xab,    0xb0,    0xb4,     0xb6,     0xbb,      0xbf,   0xd7,
        0xf7,   0x300,   0x345,   0x378,   0x200d,   0xd7a4,   0xd800,    0xe000, 0xfeff,
        0xfffd, 0x1f600, 0x323b0, 0xe0100, 0x10ffff, 0x110000, UINT32_MAX};
    size_t num = 0;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        ck_assert_msg(svcr_is_letter_or_number(members[i]), "U+%04X", members[i]);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_msg(!svcr_is_letter_or_number(others[i]), "U+%04X", others[i]);
    }
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        num += svcr_is_letter_or_number(c);
    }
    /* DerivedGeneralCategory-15.0.0: L has 136,104 characters, N has 1,831. */
    ck_assert_uint_eq(num, 136104 + 1831);
}
END_TEST

START_TEST(out_of_memory_is_noted)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_buffer buffer;

    svcr_buffer_init(&buffer, context);
    failing_allocator_arm(&allocator, 1, true);
    svcr_normalize(&buffer, &SVCR_TEXT("web"), 1);
    ck_assert(buffer.failed);
    ck_assert_uint_eq(buffer.size, 0);
    svcr_buffer_free(&buffer);
    svcr_normalize(&buffer, (svcr_text[]){{"", SIZE_MAX}, {"", 1}}, 2);
    ck_assert(buffer.failed);
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_normalize(void)
{
    Suite *suite = suite_create("normalize");
    TCase *tests = tcase_create("normalize");

    tcase_add_test(tests, names_are_split_and_joined);
    tcase_add_test(tests, parts_are_joined_first);
    tcase_add_test(tests, letters_and_numbers_only);
    tcase_add_test(tests, out_of_memory_is_noted);
    suite_add_tcase(suite, tests);
    return suite;
}
