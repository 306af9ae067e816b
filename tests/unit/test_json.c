/* JSON: the parsing suite, positions, limits, the stream, cost of large maps, out of memory. */
#include <stdlib.h>

#include "document_support.h"
#include "failing_allocator.h"

#define Y(name, text, tree) {"y_" #name, text, sizeof(text) - 1, tree},
#define N(name, text, place) {"n_" #name, text, sizeof(text) - 1, "syntax json-syntax@" place},
#define U(name, text, place) {"n_" #name, text, sizeof(text) - 1, "syntax not-utf8@" place},
#define I(name, text, outcome) {"i_" #name, text, sizeof(text) - 1, outcome},

static const struct {
    const char *name, *text;
    size_t size;
    const char *outcome;
} rows[] = {
#include "json_suite.h"
};

#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

static struct outcome out;

static struct svcroute_context *new_context(uint32_t depth, uint64_t nodes)
{
    struct svcroute_context_options options;
    struct svcroute_context *context;

    svcroute_context_options_init(&options, sizeof(options));
    options.depth = depth;
    options.nodes = nodes;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), SVCROUTE_OK);
    return context;
}

/* The bytes stand at the end of a block of their own, so that a sanitizer sees a read behind them.
 */
START_TEST(the_suite)
{
    struct svcroute_context *context = new_context(0, 0);
    char *block = malloc(rows[_i].size > 0 ? rows[_i].size : 1);

    ck_assert_uint_ge(NUM_ROWS, 250);
    memcpy(block, rows[_i].text, rows[_i].size);
    const char *got =
        outcome_read(&out, context, block, rows[_i].size, SVCROUTE_FORMAT_JSON, false);
    ck_assert_msg(strcmp(got, rows[_i].outcome) == 0, "%s: %s gives %s, expected %s", rows[_i].name,
                  rows[_i].text, got, rows[_i].outcome);
    free(block);
    svcroute_context_unref(context);
}
END_TEST

static const char *read_text(struct svcroute_context *context, const char *text)
{
    return outcome_read(&out, context, text, strlen(text), SVCROUTE_FORMAT_JSON, false);
}

START_TEST(depth_has_a_limit_and_the_stream_goes_on)
{
    struct svcroute_context *context = new_context(3, 0);

    ck_assert_str_eq(read_text(context, "[[[1]]] {\"a\":{\"b\":[]}}"),
                     "[[[1]]] | {\"a\":{\"b\":[]}}");
    ck_assert_str_eq(read_text(context, "[[[[1]]]] [2]"), "limit limit-depth@1:4 | [2]");
    ck_assert_str_eq(read_text(context, "{\"a\":[[{\"]}\\\"\":[\"x\\\\\"]}]],\n\"b\":1}\n[2, x]"),
                     "limit limit-depth@1:8 | syntax json-syntax@3:5");
    ck_assert_str_eq(read_text(context, "[[[[1]]"), "limit limit-depth@1:4");
    ck_assert_str_eq(read_text(context, "[[[[\"a"), "limit limit-depth@1:4");
    ck_assert_str_eq(read_text(context, "[[[[\"\xc3\xa9\"]]]] x"),
                     "limit limit-depth@1:4 | syntax json-syntax@1:13");
    svcroute_context_unref(context);
}
END_TEST

START_TEST(nodes_have_a_limit)
{
    struct svcroute_context *context = new_context(0, 5);

    ck_assert_str_eq(read_text(context, "[1,2,3,4]"), "[1,2,3,4]");
    ck_assert_str_eq(read_text(context, "[1,2,3,4,5]\n[6]"), "limit limit-nodes@1:10 | [6]");
    ck_assert_str_eq(read_text(context, "{\"a\":1,\"b\":2}"), "{\"a\":1,\"b\":2}");
    ck_assert_str_eq(read_text(context, "{\"a\":1,\"b\":2,\"c]\":3} 7"),
                     "limit limit-nodes@1:14 | 7");
    svcroute_context_unref(context);
}
END_TEST

static void check_place(const struct svcroute_node *node, uint32_t line, uint32_t column)
{
    ck_assert_uint_eq(svcroute_node_get_line(node), line);
    ck_assert_uint_eq(svcroute_node_get_column(node), column);
}

START_TEST(nodes_know_where_they_stand)
{
    static const char text[] = "{\"a\": 1}\n"
                               "{\r\n"
                               "\t\"\xc3\xa9\xe4\xb8\xad\": [true, \"\xf0\x9f\x98\x80\", null,\n"
                               "          -2.5, {}]}";
    struct svcroute_context *context = new_context(0, 0);
    struct svcroute_document document;
    struct svcr_reader *reader;

    svcr_document_init(&document, context);
    ck_assert_int_eq(svcr_reader_open(&reader, context, text, sizeof(text) - 1, SVCR_TEXT(""),
                                      SVCROUTE_FORMAT_AUTO, false, 10),
                     SVCROUTE_OK);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), SVCROUTE_OK);
    check_place(&document.nodes[0], 10, 1);
    check_place(&document.nodes[1], 10, 2);
    check_place(&document.nodes[2], 10, 7);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), SVCROUTE_OK);
    ck_assert_uint_eq(document.num, 8);
    check_place(&document.nodes[0], 11, 1);
    check_place(&document.nodes[1], 12, 2);
    check_place(&document.nodes[2], 12, 8);
    check_place(&document.nodes[3], 12, 9);
    check_place(&document.nodes[4], 12, 15);
    check_place(&document.nodes[5], 12, 20);
    check_place(&document.nodes[6], 13, 11);
    check_place(&document.nodes[7], 13, 17);
    ck_assert_ptr_eq(document.nodes[6].as.text, strstr(text, "-2.5"));
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcroute_context_unref(context);
}
END_TEST

/* A map of `num` keys, the last one equal to that of number `twin` if that is less. */
static char *make_map(size_t num, size_t twin, size_t *size)
{
    char *text = malloc(num * 32 + 8);
    char *at = text;

    *at++ = '{';
    for (size_t i = 0; i < num; i++) {
        at += sprintf(at, "%s\"kubernetes.io/%06zu\":0", i > 0 ? ",\n" : "",
                      i + 1 == num && twin < num ? twin : i);
    }
    *at++ = '}';
    *size = (size_t)(at - text);
    return text;
}

START_TEST(duplicates_are_found_in_maps_of_any_size)
{
    struct svcroute_context *context = new_context(0, 0);

    for (size_t num = 2; num < 70; num++) {
        for (size_t twin = 0; twin + 1 < num; twin += 1 + num / 9) {
            char expected[64];
            size_t size;
            char *text = make_map(num, twin, &size);

            snprintf(expected, sizeof(expected), "rejected duplicate-key@%zu:1", num);
            ck_assert_str_eq(outcome_read(&out, context, text, size, SVCROUTE_FORMAT_JSON, false),
                             expected);
            free(text);
        }
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(a_huge_map_costs_little)
{
    struct svcroute_context *context = new_context(0, 0);
    struct svcroute_document document;
    struct svcr_reader *reader;
    size_t size;
    char *text = make_map(500000, SIZE_MAX, &size); /* pairwise it would take minutes */

    svcr_document_init(&document, context);
    svcr_reader_open(&reader, context, text, size, SVCR_TEXT(""), SVCROUTE_FORMAT_JSON, false, 1);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), SVCROUTE_OK);
    ck_assert_uint_eq(svcroute_node_num(document.nodes), 500000);
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcroute_context_unref(context);
    free(text);
}
END_TEST

START_TEST(a_reader_goes_on_behind_out_of_memory)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t before = allocator.live, size;
    char *map = make_map(40, SIZE_MAX, &size);
    char text[2000];
    size_t length =
        (size_t)snprintf(text, sizeof(text), "[\"\\u0041\", 1]\n%.*s\n", (int)size, map);
    size_t failures = 0;

    for (int after = 0; after < 2; after++) {
        for (size_t n = 1;; n++) {
            struct svcroute_document document;
            struct svcr_reader *reader;
            int code, documents = 0;

            svcr_document_init(&document, context);
            failing_allocator_arm(&allocator, n, after != 0);
            code = svcr_reader_open(&reader, context, text, length, SVCR_TEXT(""),
                                    SVCROUTE_FORMAT_JSON, false, 1);
            bool failed = code == SVCROUTE_ERR_NOMEM;

            while (!failed || code == SVCROUTE_OK) {
                code = svcr_reader_read(reader, &document, NULL);
                failed = failed || code == SVCROUTE_ERR_NOMEM;
                if (code == SVCROUTE_ERR_NOMEM) {
                    failing_allocator_arm(&allocator, 0, false);
                    code = svcr_reader_read(reader, &document, NULL);
                }
                if (code != SVCROUTE_OK) {
                    break;
                }
                documents++;
            }
            failing_allocator_arm(&allocator, 0, false);
            if (reader != NULL) {
                ck_assert_int_eq(code, SVCROUTE_ERR_END);
                ck_assert_int_eq(documents, 2);
            }
            svcr_reader_close(reader);
            svcr_document_clear(&document);
            ck_assert_uint_eq(allocator.live, before);
            if (!failed) {
                break;
            }
            failures++;
        }
    }
    ck_assert_uint_gt(failures, 10);
    free(map);
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_json(void);

Suite *suite_json(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = tcase_create("json");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_suite, 0, (int)NUM_ROWS);
    tcase_add_test(tcase, depth_has_a_limit_and_the_stream_goes_on);
    tcase_add_test(tcase, nodes_have_a_limit);
    tcase_add_test(tcase, nodes_know_where_they_stand);
    tcase_add_test(tcase, duplicates_are_found_in_maps_of_any_size);
    tcase_add_test(tcase, a_huge_map_costs_little);
    tcase_add_test(tcase, a_reader_goes_on_behind_out_of_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
