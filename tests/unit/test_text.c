/* Comparison, UTF-8, and the growing buffer. */
#include <check.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

#include "failing_allocator.h"

static svcr_text text(const char *string)
{
    return (svcr_text){string, strlen(string)};
}

START_TEST(texts_compare_as_bytes)
{
    ck_assert_int_lt(svcr_text_compare(text("a"), text("ab")), 0);
    ck_assert_int_gt(svcr_text_compare(text("b"), text("ab")), 0);
    ck_assert_int_eq(svcr_text_compare(text("ab"), text("ab")), 0);
    ck_assert_int_lt(svcr_text_compare(SVCR_TEXT_ABSENT, text("a")), 0);
    ck_assert_int_eq(svcr_text_compare(SVCR_TEXT_ABSENT, text("")), 0);
    ck_assert_int_gt(svcr_text_compare(text("\xc3\xa9"), text("z")), 0);
    ck_assert_int_lt(svcr_text_compare((svcr_text){"a\0a", 3}, (svcr_text){"a\0b", 3}), 0);
    ck_assert(svcr_text_same(SVCR_TEXT_ABSENT, text("")));
    ck_assert(!svcr_text_same((svcr_text){"a\0a", 3}, (svcr_text){"a\0b", 3}));
    ck_assert(svcr_text_starts(text("https"), text("http")));
    ck_assert(svcr_text_starts(text("a"), SVCR_TEXT_ABSENT));
    ck_assert(!svcr_text_starts(text("htt"), text("http")));
    ck_assert(svcr_text_same_nocase(text("LocalHost"), text("lOCALhOST")));
    ck_assert(!svcr_text_same_nocase(text("a"), text("ab")));
    /* 0x40 and 0x60, 0x5b and 0x7b differ by the bit of the case, but are no letters. */
    ck_assert(!svcr_text_same_nocase(text("@"), text("`")));
    ck_assert(!svcr_text_same_nocase(text("["), text("{")));
    ck_assert(!svcr_text_same_nocase(text("\xc3\x89"), text("\xc3\xa9")));
}
END_TEST

START_TEST(cuts_keep_characters_whole)
{
    svcr_text e = text("a\xe2\x82\xac"); /* a, euro sign */

    ck_assert_uint_eq(svcr_text_cut(e, 9).size, 4);
    ck_assert_uint_eq(svcr_text_cut(e, 4).size, 4);
    ck_assert_uint_eq(svcr_text_cut(e, 3).size, 1);
    ck_assert_uint_eq(svcr_text_cut(e, 2).size, 1);
    ck_assert_uint_eq(svcr_text_cut(e, 1).size, 1);
    ck_assert_uint_eq(svcr_text_cut(e, 0).size, 0);
    ck_assert_uint_eq(svcr_text_cut(text("\x80\x80\x80"), 2).size, 0);
    ck_assert_uint_eq(svcr_text_cut(SVCR_TEXT_ABSENT, 5).size, 0);
}
END_TEST

static const struct {
    const char *bytes;
    uint32_t character; /* 0: malformed */
} sequences[] = {
    {"\x01", 1},
    {"\x7f", 0x7f},
    {"\xc2\x80", 0x80},
    {"\xdf\xbf", 0x7ff},
    {"\xe0\xa0\x80", 0x800},
    {"\xed\x9f\xbf", 0xd7ff},
    {"\xee\x80\x80", 0xe000},
    {"\xef\xbf\xbf", 0xffff},
    {"\xf0\x90\x80\x80", 0x10000},
    {"\xf4\x8f\xbf\xbf", 0x10ffff},
    {"\x80", 0}, /* continuation alone */
    {"\xbf", 0},
    {"\xc0\x80", 0}, /* overlong */
    {"\xc1\xbf", 0},
    {"\xe0\x80\x80", 0},
    {"\xe0\x9f\xbf", 0},
    {"\xf0\x80\x80\x80", 0},
    {"\xf0\x8f\xbf\xbf", 0},
    {"\xed\xa0\x80", 0}, /* surrogates */
    {"\xed\xbf\xbf", 0},
    {"\xf4\x90\x80\x80", 0}, /* beyond the last */
    {"\xf5\x80\x80\x80", 0},
    {"\xff", 0},
    {"\xfe", 0},
    {"\xc3", 0}, /* cut */
    {"\xe2\x82", 0},
    {"\xe2", 0},
    {"\xf0\x9f\x98", 0},
    {"\xc3"
     "a",
     0},
    {"\xe2\x28\xa1", 0},
    {"\xe2\x82"
     "a",
     0},
    {"\xf0\x9f\x98"
     "a",
     0},
};

START_TEST(utf8_is_told_from_what_is_not)
{
    char padded[128];

    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        const char *bytes = sequences[i].bytes;
        size_t size = strlen(bytes);
        uint32_t character = 0;
        char encoded[4];

        if (sequences[i].character) {
            ck_assert_uint_eq(svcr_utf8_decode(bytes, size, &character), size);
            ck_assert_uint_eq(character, sequences[i].character);
            ck_assert_uint_eq(svcr_utf8_encode(character, encoded), size);
            ck_assert_mem_eq(encoded, bytes, size);
        } else {
            ck_assert_uint_eq(svcr_utf8_decode(bytes, size, &character), 0);
        }
        /* Anywhere in a run of ASCII, whose fast path must not step over it. */
        for (size_t at = 0; at <= 80; at++) {
            memset(padded, 'x', sizeof(padded));
            memcpy(padded + at, bytes, size);
            ck_assert_int_eq(svcr_utf8_valid(padded, 100), sequences[i].character != 0);
            ck_assert_int_eq(svcr_utf8_valid(padded, at + size), sequences[i].character != 0);
        }
    }
    ck_assert(svcr_utf8_valid(NULL, 0));
    ck_assert(svcr_utf8_valid("a\0b", 3));
    ck_assert_uint_eq(svcr_utf8_decode("a", 0, &(uint32_t){0}), 0);
}
END_TEST

START_TEST(every_character_goes_round)
{
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        uint32_t back = 0;
        char bytes[4];
        size_t size = svcr_utf8_encode(c, bytes);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;

        if (svcr_utf8_decode(bytes, size, &back) != (surrogate ? 0 : size) ||
            (!surrogate && back != c)) {
            ck_abort_msg("U+%04X", c);
        }
    }
}
END_TEST

START_TEST(buffers_grow)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_buffer buffer;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add(&buffer, NULL, 0);
    ck_assert_ptr_null(buffer.data);
    svcr_buffer_add_string(&buffer, "a");
    svcr_buffer_add_text(&buffer, text("bc"));
    svcr_buffer_add_text(&buffer, SVCR_TEXT_ABSENT);
    svcr_buffer_add_char(&buffer, ' ');
    svcr_buffer_add_integer(&buffer, 0);
    svcr_buffer_add_integer(&buffer, -1);
    svcr_buffer_add_integer(&buffer, INT64_MAX);
    svcr_buffer_add_integer(&buffer, INT64_MIN);
    svcr_buffer_printf(&buffer, " %s=%d %.*s", "x", 5, SVCR_ARG(text("tail")));
    ck_assert(svcr_text_same(svcr_buffer_text(&buffer),
                             text("abc 0-19223372036854775807-9223372036854775808 x=5 tail")));
    for (int i = 0; i < 10000; i++) {
        svcr_buffer_printf(&buffer, "%d", i % 10);
    }
    ck_assert_uint_eq(buffer.size, 10055);
    ck_assert_int_eq(buffer.data[10054], '9');
    ck_assert(!buffer.failed);
    svcr_buffer_free(&buffer);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

START_TEST(a_failed_buffer_stays_failed)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_buffer buffer;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, "kept");
    failing_allocator_arm(&allocator, 1, false);
    ck_assert_ptr_null(svcr_buffer_reserve(&buffer, 1000));
    ck_assert(buffer.failed);
    /* Memory is back and there is room, yet a gap in the text must not come about. */
    svcr_buffer_add_string(&buffer, "x");
    svcr_buffer_add_char(&buffer, 'x');
    svcr_buffer_add_integer(&buffer, 1);
    svcr_buffer_printf(&buffer, "%d", 1);
    ck_assert(svcr_text_same(svcr_buffer_text(&buffer), text("kept")));
    svcr_buffer_free(&buffer);
    ck_assert(!buffer.failed);
    ck_assert_ptr_null(svcr_buffer_reserve(&buffer, SIZE_MAX));
    svcr_buffer_free(&buffer);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

Suite *suite_text(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");

    tcase_add_test(tests, texts_compare_as_bytes);
    tcase_add_test(tests, cuts_keep_characters_whole);
    tcase_add_test(tests, utf8_is_told_from_what_is_not);
    tcase_add_test(tests, every_character_goes_round);
    tcase_add_test(tests, buffers_grow);
    tcase_add_test(tests, a_failed_buffer_stays_failed);
    suite_add_tcase(suite, tests);
    return suite;
}
