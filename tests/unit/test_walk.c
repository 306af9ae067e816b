/* The public reader and the walk over what it gives. */
#include "document_support.h"
#include "failing_allocator.h"

static struct svcroute_context *context;

static void set_up(void)
{
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), 0);
}

static void tear_down(void)
{
    svcroute_context_unref(context);
}

static struct svcroute_document *read_one(const char *text, uint32_t format)
{
    struct svcroute_reader *reader;
    struct svcroute_document *document, *more;

    ck_assert_int_eq(
        svcroute_reader_new(&reader, context, text, strlen(text), SVCR_TEXT("in"), format), 0);
    ck_assert_int_eq(svcroute_reader_next(reader, &document, NULL), 0);
    ck_assert_int_eq(svcroute_reader_next(reader, &more, NULL), SVCROUTE_ERR_END);
    ck_assert_ptr_null(more);
    svcroute_reader_free(reader);
    return document;
}

static const struct svcroute_node *find(const struct svcroute_node *map, const char *key)
{
    return svcroute_node_find(map, key, strlen(key));
}

static void check_text(const struct svcroute_node *node, uint32_t kind, const char *text)
{
    svcr_text got = svcroute_node_get_text(node);

    ck_assert_uint_eq(svcroute_node_get_kind(node), kind);
    ck_assert(svcr_text_same(got, (svcr_text){text, strlen(text)}));
    ck_assert_ptr_nonnull(got.data);
}

static void check_everything(const char *text, uint32_t format)
{
    struct svcroute_document *document = read_one(text, format);
    const struct svcroute_node *root = svcroute_document_get_root(document), *at;
    static const char *const keys[] = {"s", "i", "f", "t", "z", "l", "m", "big"};
    size_t i = 0;
    int64_t integer = 5;
    double number = 5;

    ck_assert_uint_eq(svcroute_node_num(root), 8);
    for (at = svcroute_node_first(root); at; at = svcroute_node_next(root, at)) {
        check_text(at, SVCROUTE_NODE_STRING, keys[i]);
        ck_assert_ptr_eq(svcroute_node_get_value(at), find(root, keys[i]));
        ck_assert_uint_eq(svcroute_node_get_line(at), ++i + 1);
    }
    ck_assert_uint_eq(i, 8);
    check_text(find(root, "s"), SVCROUTE_NODE_STRING, "caf\xc3\xa9");
    check_text(find(root, "i"), SVCROUTE_NODE_INTEGER, "-80");
    check_text(find(root, "f"), SVCROUTE_NODE_NUMBER, "2.5");
    check_text(find(root, "t"), SVCROUTE_NODE_BOOLEAN, "true");
    check_text(find(root, "z"), SVCROUTE_NODE_NULL, "null");
    check_text(find(root, "l"), SVCROUTE_NODE_LIST, "");
    check_text(find(root, "m"), SVCROUTE_NODE_MAP, "");
    ck_assert(svcroute_node_get_boolean(find(root, "t")));
    ck_assert(!svcroute_node_get_boolean(find(root, "i")));
    ck_assert_int_eq(svcroute_node_get_integer(find(root, "i"), &integer), 0);
    ck_assert_int_eq(integer, -80);
    ck_assert_int_eq(svcroute_node_get_integer(find(root, "f"), &integer), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_node_get_integer(find(root, "s"), &integer), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_node_get_integer(find(root, "big"), &integer),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_node_get_integer(find(root, "i"), NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_node_get_double(find(root, "f"), &number), 0);
    ck_assert(number >= 2.5 && number <= 2.5);
    ck_assert_int_eq(svcroute_node_get_double(find(root, "i"), &number), 0);
    ck_assert(number >= -80 && number <= -80);
    ck_assert_int_eq(svcroute_node_get_double(find(root, "big"), &number), 0);
    ck_assert(number >= 0x1p64 && number <= 0x1p64);
    ck_assert_int_eq(svcroute_node_get_double(find(root, "s"), &number), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_node_get_double(find(root, "f"), NULL), SVCROUTE_ERR_INVALID);

    const struct svcroute_node *list = find(root, "l");
    ck_assert_uint_eq(svcroute_node_num(list), 3);
    at = svcroute_node_first(list);
    ck_assert_uint_eq(svcroute_node_get_kind(at), SVCROUTE_NODE_LIST);
    ck_assert_ptr_null(svcroute_node_get_value(at));
    ck_assert_ptr_null(svcroute_node_first(at));
    at = svcroute_node_next(list, at);
    ck_assert_uint_eq(svcroute_node_get_kind(at), SVCROUTE_NODE_MAP);
    check_text(find(at, "x"), SVCROUTE_NODE_INTEGER, "1");
    at = svcroute_node_next(list, at);
    check_text(at, SVCROUTE_NODE_STRING, "end");
    ck_assert_ptr_null(svcroute_node_next(list, at));
    ck_assert_ptr_null(svcroute_node_first(find(root, "m")));
    ck_assert_ptr_null(find(root, "S"));
    ck_assert_ptr_null(find(root, "x"));
    ck_assert_ptr_null(find(list, "x"));
    svcroute_document_free(document);
}

START_TEST(a_json_document_can_be_walked)
{
    check_everything(
        "{\n\"s\": \"caf\xc3\xa9\",\n\"i\": -80,\n\"f\": 2.5,\n\"t\": true,\n\"z\": null,\n"
        "\"l\": [[], {\"x\": 1}, \"end\"],\n\"m\": {},\n\"big\": 18446744073709551615}",
        SVCROUTE_FORMAT_AUTO);
}
END_TEST

START_TEST(a_yaml_document_can_be_walked)
{
    check_everything("---\ns: caf\xc3\xa9\ni: -80\nf: 2.50\nt: yes\nz: ~\n"
                     "l: [[], {x: 1}, end]\nm: {}\nbig: 18446744073709551615\n",
                     SVCROUTE_FORMAT_AUTO);
}
END_TEST

START_TEST(nothing_answers_for_nothing)
{
    int64_t integer;
    double number;

    ck_assert_uint_eq(svcroute_node_get_kind(NULL), SVCROUTE_NODE_NULL);
    ck_assert_uint_eq(svcroute_node_num(NULL), 0);
    check_text(NULL, SVCROUTE_NODE_NULL, "null");
    ck_assert(!svcroute_node_get_boolean(NULL));
    ck_assert_int_eq(svcroute_node_get_integer(NULL, &integer), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_node_get_double(NULL, &number), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_uint_eq(svcroute_node_get_line(NULL), 0);
    ck_assert_uint_eq(svcroute_node_get_column(NULL), 0);
    ck_assert_ptr_null(svcroute_node_first(NULL));
    ck_assert_ptr_null(svcroute_node_next(NULL, NULL));
    ck_assert_ptr_null(svcroute_node_get_value(NULL));
    ck_assert_ptr_null(svcroute_node_find(NULL, "a", 1));
}
END_TEST

START_TEST(steps_from_the_wrong_place_lead_nowhere)
{
    struct svcroute_document *document = read_one("[1, {\"a\": 2}]", SVCROUTE_FORMAT_JSON);
    const struct svcroute_node *list = svcroute_document_get_root(document);
    const struct svcroute_node *one = svcroute_node_first(list);
    const struct svcroute_node *map = svcroute_node_next(list, one);

    ck_assert_ptr_null(svcroute_node_next(list, NULL));
    ck_assert_ptr_null(svcroute_node_next(one, one));
    ck_assert_ptr_null(svcroute_node_find(map, NULL, 1));
    ck_assert_ptr_null(svcroute_node_find(map, NULL, 0));
    ck_assert_ptr_nonnull(svcroute_node_find(map, "a", 1));
    svcroute_document_free(document);
}
END_TEST

START_TEST(documents_outlive_reader_and_context)
{
    char text[] = "{\"a\":\"one\"} {\"a\":\"two\"}", source[] = "name";
    struct svcroute_reader *reader;
    struct svcroute_document *one, *two;
    struct svcroute_context *own;

    ck_assert_int_eq(svcroute_context_new(&own, NULL, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_reader_new(&reader, own, text, strlen(text), (svcr_text){source, 4},
                                         SVCROUTE_FORMAT_AUTO),
                     0);
    svcroute_context_unref(own);
    memset(text, 'x', sizeof(text) - 1);
    memset(source, 'x', sizeof(source) - 1);
    ck_assert_int_eq(svcroute_reader_next(reader, &one, NULL), 0);
    ck_assert_int_eq(svcroute_reader_next(reader, &two, NULL), 0);
    svcroute_reader_free(reader);
    check_text(find(svcroute_document_get_root(one), "a"), SVCROUTE_NODE_STRING, "one");
    ck_assert(svcr_text_same(one->source, SVCR_TEXT("name")));
    svcroute_document_free(one);
    check_text(find(svcroute_document_get_root(two), "a"), SVCROUTE_NODE_STRING, "two");
    ck_assert(svcr_text_same(two->source, SVCR_TEXT("name")));
    ck_assert_int_eq(svcroute_document_null(two), SVCROUTE_ERR_SEQUENCE);
    ck_assert_ptr_null(svcroute_document_get_root(two));
    svcroute_document_reset(two);
    ck_assert_int_eq(svcroute_document_null(two), 0);
    check_text(svcroute_document_get_root(two), SVCROUTE_NODE_NULL, "null");
    svcroute_document_free(two);
}
END_TEST

START_TEST(the_form_is_found_out)
{
    static const struct {
        const char *text;
        uint32_t format;
        const char *outcome;
    } rows[] = {
        {" \t\r\n{\"a\":1}", SVCROUTE_FORMAT_AUTO, "{\"a\":1}"},
        {"\xef\xbb\xbf[1]", SVCROUTE_FORMAT_AUTO, "[1]"},
        {"{a: 1}", SVCROUTE_FORMAT_AUTO, "syntax json-syntax@1:2"},
        {"{a: 1}", SVCROUTE_FORMAT_YAML, "{\"a\":1}"},
        {"a: 1", SVCROUTE_FORMAT_AUTO, "{\"a\":1}"},
        {"a: 1", SVCROUTE_FORMAT_JSON, "syntax json-syntax@1:1"},
        {"# {\na: 1", SVCROUTE_FORMAT_AUTO, "{\"a\":1}"},
        {"\xef\xbb\xbf"
         "a: 1",
         SVCROUTE_FORMAT_AUTO, "{\"a\":1}"},
        {"80", SVCROUTE_FORMAT_AUTO, "80"},
        {"", SVCROUTE_FORMAT_AUTO, ""},
        {"", SVCROUTE_FORMAT_YAML, ""},
        {"\xef\xbb\xbf", SVCROUTE_FORMAT_YAML, ""},
    };
    static struct outcome out;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_str_eq(
            outcome_read(&out, context, rows[i].text, strlen(rows[i].text), rows[i].format, false),
            rows[i].outcome);
    }
    ck_assert_str_eq(outcome_read(&out, context, NULL, 0, SVCROUTE_FORMAT_AUTO, false), "");
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    struct svcroute_context_options options;
    struct svcroute_context *small;
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    const svcr_text none = SVCR_TEXT("");

    ck_assert_int_eq(svcroute_reader_new(NULL, context, "", 0, none, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_reader_new(&reader, NULL, "", 0, none, 0), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(reader);
    ck_assert_int_eq(svcroute_reader_new(&reader, context, NULL, 1, none, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_reader_new(&reader, context, "", 0, none, 3), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_reader_new(&reader, context, "", 0, (svcr_text){NULL, 1}, 0),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_reader_new(&reader, context, NULL, 0, none, 0), 0);
    ck_assert_int_eq(svcroute_reader_next(reader, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_reader_next(NULL, &document, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(document);
    ck_assert_int_eq(svcroute_reader_next(reader, &document, NULL), SVCROUTE_ERR_END);
    svcroute_reader_free(reader);
    svcroute_reader_free(NULL);
    svcr_reader_close(NULL);

    svcroute_context_options_init(&options, sizeof(options));
    options.input_bytes = 4;
    ck_assert_int_eq(svcroute_context_new(&small, &options, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_reader_new(&reader, small, "[123]", 5, none, 0), SVCROUTE_ERR_LIMIT);
    ck_assert_ptr_null(reader);
    ck_assert_int_eq(svcroute_reader_new(&reader, small, "[12]", 4, none, 0), 0);
    svcroute_reader_free(reader);
    svcroute_context_unref(small);
}
END_TEST

START_TEST(out_of_memory_is_clean)
{
    static const char *const texts[] = {
        "{\"a\": [\"\\u0041\", 1]}",
        "a: &x [0x10, b]\nc: *x\nd: {<<: {e: &y 1_0}, f: !!binary aA==}\n"};
    struct failing_allocator allocator;
    struct svcroute_context *failing = failing_context(&allocator);
    size_t before = allocator.live, failures = 0;

    for (size_t i = 0; i < 4; i++) {
        for (size_t n = 1;; n++) {
            const char *text = texts[i / 2];
            struct svcroute_reader *reader = NULL;
            struct svcroute_document *document = NULL;

            failing_allocator_arm(&allocator, n, i % 2 != 0);
            int code = svcroute_reader_new(&reader, failing, text, strlen(text), SVCR_TEXT("x"), 0);

            if (code == 0) {
                code = svcroute_reader_next(reader, &document, NULL);
                ck_assert_int_eq(code == 0, document != NULL);
            }
            failing_allocator_arm(&allocator, 0, false);
            svcroute_reader_free(reader);
            if (code == 0) {
                ck_assert_uint_eq(svcroute_node_num(svcroute_document_get_root(document)),
                                  i < 2 ? 1 : 3);
            }
            svcroute_document_free(document);
            ck_assert_uint_eq(allocator.live, before);
            if (code == 0) {
                break;
            }
            ck_assert_int_eq(code, SVCROUTE_ERR_NOMEM);
            failures++;
        }
    }
    ck_assert_uint_gt(failures, 40);
    svcroute_context_unref(failing);
}
END_TEST

Suite *suite_walk(void);

Suite *suite_walk(void)
{
    Suite *suite = suite_create("walk");
    TCase *tcase = tcase_create("walk");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_json_document_can_be_walked);
    tcase_add_test(tcase, a_yaml_document_can_be_walked);
    tcase_add_test(tcase, nothing_answers_for_nothing);
    tcase_add_test(tcase, steps_from_the_wrong_place_lead_nowhere);
    tcase_add_test(tcase, documents_outlive_reader_and_context);
    tcase_add_test(tcase, the_form_is_found_out);
    tcase_add_test(tcase, bad_arguments_are_refused);
    tcase_add_test(tcase, out_of_memory_is_clean);
    suite_add_tcase(suite, tcase);
    return suite;
}
