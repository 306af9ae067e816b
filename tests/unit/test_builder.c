/* The builder: trees, texts, positions, wrong sequences, sticking errors, limits, out of memory. */
#include <math.h>

#include "document_support.h"
#include "failing_allocator.h"

static struct outcome out;
static struct svcroute_context *context;
static struct svcroute_document *document;

static void set_up(void)
{
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_document_new(&document, context, SVCR_TEXT("host")), 0);
}

static void tear_down(void)
{
    svcroute_document_free(document);
    svcroute_context_unref(context);
}

static const char *shown(const struct svcroute_document *of)
{
    const struct svcroute_node *root = svcroute_document_get_root(of);

    out.size = 0;
    out.text[0] = '\0';
    ck_assert_int_eq(svcroute_document_get_error(of), 0);
    ck_assert_ptr_nonnull(root);
    ck_assert_uint_eq(check_tree(root, false), of->num);
    outcome_node(&out, root);
    return out.text;
}

/* Makes calls as a text says, a letter each; gives the first code that is not 0. */
static int make(struct svcroute_document *of, const char *calls)
{
    int first = 0;

    for (; *calls; calls++) {
        int code = SVCROUTE_ERR_INVALID;

        switch (*calls) {
        case '{':
            code = svcroute_document_begin_map(of);
            break;
        case '[':
            code = svcroute_document_begin_list(of);
            break;
        case '.':
            code = svcroute_document_end(of);
            break;
        case 's':
            code = svcroute_document_string(of, "text", 4);
            break;
        case '1':
            code = svcroute_document_integer(of, 1);
            break;
        case 'x':
            code = svcroute_document_number(of, "1.50", 4);
            break;
        case 'd':
            code = svcroute_document_double(of, 2.5);
            break;
        case 't':
            code = svcroute_document_boolean(of, true);
            break;
        case '0':
            code = svcroute_document_null(of);
            break;
        default: /* a capital letter is a key */
            code = svcroute_document_key(of, calls, 1);
            break;
        }
        first = first ? first : code;
    }
    return first;
}

START_TEST(calls_make_trees)
{
    static const struct {
        const char *calls, *tree;
    } rows[] = {
        {"s", "\"text\""},
        {"0", "null"},
        {"{.", "{}"},
        {"[.", "[]"},
        {"{As.", "{\"A\":\"text\"}"},
        {"{A{B[1t0.Cx.D[.Ed.", "{\"A\":{\"B\":[1,true,null],\"C\":~1.50},\"D\":[],\"E\":~2.5}"},
        {"[[[.[..1.", "[[[],[]],1]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(make(document, rows[i].calls), 0);
        ck_assert_str_eq(shown(document), rows[i].tree);
        svcroute_document_reset(document);
    }
}
END_TEST

START_TEST(wrong_sequences_are_refused_and_stick)
{
    static const char *const rows[] = {"A",     ".",   "{1",   "{s", "{[",   "{{",
                                       "{AB",   "{A.", "[A",   "11", "{.{",  "[.1",
                                       "{A1..", "[.A", "{A[B", "1.", "[1.A", "{A1.B"};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(make(document, rows[i]) == SVCROUTE_ERR_SEQUENCE, "%s", rows[i]);
        ck_assert_int_eq(svcroute_document_get_error(document), SVCROUTE_ERR_SEQUENCE);
        ck_assert_ptr_null(svcroute_document_get_root(document));
        size_t num = document->num;
        for (const char *call = "{[.s1xdt0K"; *call; call++) {
            const char one[2] = {*call, '\0'};
            ck_assert_int_eq(make(document, one), SVCROUTE_ERR_SEQUENCE);
        }
        ck_assert_int_eq(svcroute_document_set_position(document, 1, 1), SVCROUTE_ERR_SEQUENCE);
        ck_assert_uint_eq(document->num, num);
        svcroute_document_reset(document);
    }
    ck_assert_int_eq(make(document, "{A1."), 0);
    ck_assert_str_eq(shown(document), "{\"A\":1}");
}
END_TEST

START_TEST(unfinished_documents_have_no_root)
{
    static const char *const rows[] = {"", "{", "[", "{A", "{A1", "[[.", "{A[."};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(make(document, rows[i]), 0);
        ck_assert_int_eq(svcroute_document_get_error(document), SVCROUTE_ERR_SEQUENCE);
        ck_assert_ptr_null(svcroute_document_get_root(document));
        svcroute_document_reset(document);
    }
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    static const char *const numbers[] = {"",   "-",  "+1",  "01",  "1.",  ".5",   "1e",  "0x1",
                                          " 1", "1 ", "1,0", "NaN", "inf", "1.5.", "1_0", "--1"};
    static const double doubles[] = {(double)INFINITY, -(double)INFINITY, (double)NAN};
    struct svcroute_document *other;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ck_assert_msg(svcroute_document_number(document, numbers[i], strlen(numbers[i])) ==
                          SVCROUTE_ERR_INVALID,
                      "%s", numbers[i]);
        ck_assert_int_eq(svcroute_document_get_error(document), SVCROUTE_ERR_INVALID);
        svcroute_document_reset(document);
    }
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        ck_assert_int_eq(svcroute_document_double(document, doubles[i]), SVCROUTE_ERR_INVALID);
        svcroute_document_reset(document);
    }
    ck_assert_int_eq(svcroute_document_string(document, "a\xff", 2), SVCROUTE_ERR_INVALID);
    svcroute_document_reset(document);
    ck_assert_int_eq(svcroute_document_string(document, NULL, 1), SVCROUTE_ERR_INVALID);
    svcroute_document_reset(document);
    ck_assert_int_eq(svcroute_document_number(document, NULL, 0), SVCROUTE_ERR_INVALID);
    svcroute_document_reset(document);
    ck_assert_int_eq(svcroute_document_begin_map(document), 0);
    ck_assert_int_eq(svcroute_document_key(document, "\xc0\x80", 2), SVCROUTE_ERR_INVALID);
    svcroute_document_reset(document);
    ck_assert_int_eq(svcroute_document_begin_map(document), 0);
    ck_assert_int_eq(svcroute_document_key(document, NULL, 3), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(make(NULL, "{"), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(make(NULL, "K"), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(make(NULL, "."), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(make(NULL, "s"), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_document_set_position(NULL, 1, 1), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_document_get_error(NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(svcroute_document_get_root(NULL));
    svcroute_document_reset(NULL);
    svcroute_document_free(NULL);
    ck_assert_int_eq(svcroute_document_new(NULL, context, SVCR_TEXT("")), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_document_new(&other, NULL, SVCR_TEXT("")), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(svcroute_document_new(&other, context, (svcr_text){NULL, 1}),
                     SVCROUTE_ERR_INVALID);
}
END_TEST

START_TEST(numbers_have_their_text)
{
    static const struct {
        double value;
        const char *tree;
    } doubles[] = {
        {0, "0"},
        {-0.0, "-0"},
        {80, "80"},
        {-3, "-3"},
        {0.5, "~0.5"},
        {1e20, "100000000000000000000"},
        {1e21, "~1e+21"},
        {1e-7, "~1e-7"},
        {9007199254740992, "9007199254740992"},
        {0.1, "~0.1"},
        {2147483647, "2147483647"},
    };
    static const struct {
        int64_t value;
        const char *tree;
    } integers[] = {{0, "0"},
                    {-1, "-1"},
                    {10, "10"},
                    {INT64_MAX, "9223372036854775807"},
                    {INT64_MIN, "-9223372036854775808"}};
    static const struct {
        const char *text, *tree;
    } numbers[] = {
        {"80", "80"},      {"80.0", "~80.0"},
        {"8e1", "~8e1"},   {"-0", "-0"},
        {"1E+2", "~1E+2"}, {"123456789012345678901234567890", "123456789012345678901234567890"}};

    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        ck_assert_int_eq(svcroute_document_double(document, doubles[i].value), 0);
        ck_assert_str_eq(shown(document), doubles[i].tree);
        svcroute_document_reset(document);
    }
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        int64_t value;

        ck_assert_int_eq(svcroute_document_integer(document, integers[i].value), 0);
        ck_assert_str_eq(shown(document), integers[i].tree);
        ck_assert_int_eq(svcroute_node_get_integer(svcroute_document_get_root(document), &value),
                         0);
        ck_assert_int_eq(value, integers[i].value);
        svcroute_document_reset(document);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ck_assert_int_eq(
            svcroute_document_number(document, numbers[i].text, strlen(numbers[i].text)), 0);
        ck_assert_str_eq(shown(document), numbers[i].tree);
        svcroute_document_reset(document);
    }
}
END_TEST

START_TEST(texts_are_copied)
{
    char text[] = "caf\xc3\xa9\0x", key[] = "key";

    ck_assert_int_eq(svcroute_document_begin_map(document), 0);
    ck_assert_int_eq(svcroute_document_key(document, key, 3), 0);
    ck_assert_int_eq(svcroute_document_string(document, text, sizeof(text) - 1), 0);
    ck_assert_int_eq(svcroute_document_key(document, NULL, 0), 0);
    ck_assert_int_eq(svcroute_document_string(document, NULL, 0), 0);
    ck_assert_int_eq(svcroute_document_end(document), 0);
    memset(text, '-', sizeof(text));
    memset(key, '-', sizeof(key));
    ck_assert_str_eq(shown(document), "{\"key\":\"caf\xc3\xa9\\x00x\",\"\":\"\"}");
    ck_assert(svcr_text_same(document->source, SVCR_TEXT("host")));
}
END_TEST

START_TEST(positions_stay_until_they_are_set_again)
{
    const struct svcroute_node *root, *key;

    ck_assert_int_eq(make(document, "{"), 0);
    ck_assert_int_eq(svcroute_document_set_position(document, 7, 3), 0);
    ck_assert_int_eq(make(document, "A1B"), 0);
    ck_assert_int_eq(svcroute_document_set_position(document, 8, 9), 0);
    ck_assert_int_eq(make(document, "1."), 0);
    root = svcroute_document_get_root(document);
    ck_assert_uint_eq(svcroute_node_get_line(root), 0);
    ck_assert_uint_eq(svcroute_node_get_column(root), 0);
    key = svcroute_node_first(root);
    ck_assert_uint_eq(svcroute_node_get_line(key), 7);
    ck_assert_uint_eq(svcroute_node_get_line(svcroute_node_get_value(key)), 7);
    ck_assert_uint_eq(svcroute_node_get_column(svcroute_node_get_value(key)), 3);
    key = svcroute_node_next(root, key);
    ck_assert_uint_eq(svcroute_node_get_column(key), 3);
    ck_assert_uint_eq(svcroute_node_get_line(svcroute_node_get_value(key)), 8);
    ck_assert_uint_eq(svcroute_node_get_column(svcroute_node_get_value(key)), 9);
    svcroute_document_reset(document);
    ck_assert_int_eq(make(document, "1"), 0);
    ck_assert_uint_eq(svcroute_node_get_line(svcroute_document_get_root(document)), 0);
}
END_TEST

START_TEST(a_key_given_twice_is_refused)
{
    ck_assert_int_eq(make(document, "{A1B1A1."), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(svcroute_document_get_root(document));
    svcroute_document_reset(document);
    ck_assert_int_eq(make(document, "{A{A1.B{A1.."), 0);
    svcroute_document_reset(document);
    ck_assert_int_eq(make(document, "{A1B{C1C1."), SVCROUTE_ERR_INVALID);
    svcroute_document_reset(document);
    ck_assert_int_eq(make(document, "{A1B1C1D1E1F1G1H1I1J1K1L1M1N1O1P1Q1R1S1T1."), 0);
    svcroute_document_reset(document);
    ck_assert_int_eq(make(document, "{A1B1C1D1E1F1G1H1I1J1K1L1M1N1O1P1Q1R1S1A1."),
                     SVCROUTE_ERR_INVALID);
}
END_TEST

START_TEST(limits_hold)
{
    struct svcroute_context_options options;
    struct svcroute_context *small;
    struct svcroute_document *limited;

    svcroute_context_options_init(&options, sizeof(options));
    options.depth = 2;
    options.nodes = 4;
    ck_assert_int_eq(svcroute_context_new(&small, &options, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_document_new(&limited, small, SVCR_TEXT("")), 0);
    ck_assert_int_eq(make(limited, "[[.."), 0);
    svcroute_document_reset(limited);
    ck_assert_int_eq(make(limited, "[[["), SVCROUTE_ERR_LIMIT);
    ck_assert_int_eq(make(limited, "."), SVCROUTE_ERR_LIMIT);
    svcroute_document_reset(limited);
    ck_assert_int_eq(make(limited, "[111."), 0);
    svcroute_document_reset(limited);
    ck_assert_int_eq(make(limited, "[1111"), SVCROUTE_ERR_LIMIT);
    svcroute_document_reset(limited);
    ck_assert_int_eq(make(limited, "{A1BC"), SVCROUTE_ERR_SEQUENCE);
    svcroute_document_reset(limited);
    ck_assert_int_eq(make(limited, "{A1B1"), SVCROUTE_ERR_LIMIT);
    svcroute_document_free(limited);
    svcroute_context_unref(small);
}
END_TEST

START_TEST(out_of_memory_sticks_until_reset)
{
    struct failing_allocator allocator;
    struct svcroute_context *failing = failing_context(&allocator);
    size_t before = allocator.live, failures = 0;
    const char *calls = "{A{B[1t0s.Cx.DsE1F1G1H1I1J1K1L1M1N1O1P1Q1R1S1T1U1Z[ssssssss..";
    for (int after = 0; after < 2; after++) {
        for (size_t n = 1;; n++) {
            struct svcroute_document *one;

            failing_allocator_arm(&allocator, n, after != 0);
            int code = svcroute_document_new(&one, failing, SVCR_TEXT("host"));

            if (code == 0) {
                code = make(one, calls);
                ck_assert_int_eq(svcroute_document_get_error(one), code);
                failing_allocator_arm(&allocator, 0, false);
                svcroute_document_reset(one);
                ck_assert_int_eq(make(one, calls), 0);
                shown(one);
            } else {
                ck_assert_ptr_null(one);
            }
            failing_allocator_arm(&allocator, 0, false);
            svcroute_document_free(one);
            ck_assert_uint_eq(allocator.live, before);
            if (code == 0) {
                break;
            }
            ck_assert_int_eq(code, SVCROUTE_ERR_NOMEM);
            failures++;
        }
    }
    ck_assert_uint_gt(failures, 12);
    svcroute_context_unref(failing);
}
END_TEST

Suite *suite_builder(void);

Suite *suite_builder(void)
{
    Suite *suite = suite_create("builder");
    TCase *tcase = tcase_create("builder");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, calls_make_trees);
    tcase_add_test(tcase, wrong_sequences_are_refused_and_stick);
    tcase_add_test(tcase, unfinished_documents_have_no_root);
    tcase_add_test(tcase, bad_arguments_are_refused);
    tcase_add_test(tcase, numbers_have_their_text);
    tcase_add_test(tcase, texts_are_copied);
    tcase_add_test(tcase, positions_stay_until_they_are_set_again);
    tcase_add_test(tcase, a_key_given_twice_is_refused);
    tcase_add_test(tcase, limits_hold);
    tcase_add_test(tcase, out_of_memory_sticks_until_reset);
    suite_add_tcase(suite, tcase);
    return suite;
}
