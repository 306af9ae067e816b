/* YAML: documents, styles, anchors and aliases, merge keys, tags, limits, what libyaml must not
 * see, the stream behind a fault, cost, out of memory. */
#include <stdlib.h>

#include "document_support.h"
#include "failing_allocator.h"

#define ROW(text, outcome)                                                                         \
    {                                                                                              \
        text, sizeof(text) - 1, outcome                                                            \
    }

struct row {
    const char *text;
    size_t size;
    const char *outcome;
};

static struct outcome out;
static struct svcroute_context *context;

static void set_up(void)
{
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), 0);
}

static void tear_down(void)
{
    svcroute_context_unref(context);
}

static void check_rows(const struct row *rows, size_t num, bool strict)
{
    for (size_t i = 0; i < num; i++) {
        char *block = malloc(rows[i].size > 0 ? rows[i].size : 1);

        memcpy(block, rows[i].text, rows[i].size);
        outcome_read(&out, context, block, rows[i].size, SVCROUTE_FORMAT_YAML, strict);
        ck_assert_msg(strcmp(out.text, rows[i].outcome) == 0, "%s\ngives %s, expected %s",
                      rows[i].text, out.text, rows[i].outcome);
        free(block);
    }
}

#define CHECK_ROWS(rows, strict) check_rows(rows, sizeof(rows) / sizeof(rows[0]), strict)

START_TEST(styles_and_streams)
{
    static const struct row rows[] = {
        ROW("a: 1\nb: [x, {c: d}]\n", "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}]}"),
        ROW("- a\n-  - b\n   - c\n- d: e\n  f: g\n",
            "[\"a\",[\"b\",\"c\"],{\"d\":\"e\",\"f\":\"g\"}]"),
        ROW("a:\n- 1\n- 2\nb: ~\n", "{\"a\":[1,2],\"b\":null}"),
        ROW("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\x0ay\\x0a\",\"b\":\"x y\"}"),
        ROW("a: 'it''s'\nb: \"\\t\\x41\\u00e9\\U0001F600\"\n",
            "{\"a\":\"it's\",\"b\":\"\\x09A\xc3\xa9\xf0\x9f\x98\x80\"}"),
        ROW("a: b # c\n# d\n", "{\"a\":\"b\"}"),
        ROW("a: 1\r\nb:\r\n  - 2\r\n", "{\"a\":1,\"b\":[2]}"),
        ROW("\xef\xbb\xbf"
            "a: 1\n",
            "{\"a\":1}"),
        ROW("? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}"),
        ROW("a: !!map {b: !!seq [!!str 1]}\n", "{\"a\":{\"b\":[\"1\"]}}"),
        ROW("a: ! {b: ! [c]}\n", "{\"a\":{\"b\":[\"c\"]}}"),
        ROW("%YAML 1.1\n---\na: 1\n", "{\"a\":1}"),
        ROW("a\n", "\"a\""),
        ROW("--- 80\n--- \"80\"\n", "80 | \"80\""),
        ROW("a: 1\n---\nb: 2\n...\n---\nc: 3\n", "{\"a\":1} | {\"b\":2} | {\"c\":3}"),
        ROW("", ""),
        ROW("# only\n", ""),
        ROW("---\n---\n# c\n---\na: 1\n---\n", "{\"a\":1}"),
        ROW("--- ~\n--- ''\n--- !!null\n--- &a\n", "null | \"\" | null | null"),
        ROW("{}\n---\n[]\n", "{} | []"),
        ROW("a: {b: , c: }\n", "{\"a\":{\"b\":null,\"c\":null}}"),
        ROW("80: x\n0x10: x\nyes: z\n1.50: w\n",
            "{\"80\":\"x\",\"16\":\"x\",\"true\":\"z\",\"1.5\":\"w\"}"),
        ROW("\"a\": 1\n'': 2\n", "{\"a\":1,\"\":2}"),
        ROW("a: \"x\\0y\"\n", "{\"a\":\"x\\x00y\"}"),
    };

    CHECK_ROWS(rows, false);
}
END_TEST

START_TEST(positions)
{
    static const char text[] = "# c\na: \xc3\xa9 # d\n\xc3\xa9\xc3\xa9:\n  - 'q'\n  - {b: yes}\n";
    static const uint32_t places[][2] = {{2, 1}, {2, 1}, {2, 4}, {3, 1}, {4, 3},
                                         {4, 5}, {5, 5}, {5, 6}, {5, 9}};
    struct svcroute_document document;
    struct svcr_reader *reader;

    svcr_document_init(&document, context);
    ck_assert_int_eq(svcr_reader_open(&reader, context, text, sizeof(text) - 1, SVCR_TEXT(""),
                                      SVCROUTE_FORMAT_AUTO, false, 1),
                     0);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), 0);
    ck_assert_uint_eq(document.num, sizeof(places) / sizeof(places[0]));
    for (size_t i = 0; i < document.num; i++) {
        ck_assert_msg(document.nodes[i].line == places[i][0] &&
                          document.nodes[i].column == places[i][1],
                      "node %zu: %u:%u", i, document.nodes[i].line, document.nodes[i].column);
    }
    svcr_reader_close(reader);
    svcr_document_clear(&document);
}
END_TEST

START_TEST(a_first_line_can_be_given)
{
    struct svcroute_document document;
    struct svcroute_diags *diags;
    struct svcr_reader *reader;
    struct svcroute_diag_info info = {.size = sizeof(info)};

    ck_assert_int_eq(svcroute_diags_new(&diags, context), 0);
    svcr_document_init(&document, context);
    svcr_reader_open(&reader, context, "a: 1\n---\na: [\x01]\n", 17, SVCR_TEXT(""),
                     SVCROUTE_FORMAT_YAML, false, 100);
    ck_assert_int_eq(svcr_reader_read(reader, &document, diags), 0);
    ck_assert_uint_eq(document.nodes[1].line, 100);
    ck_assert_int_eq(svcr_reader_read(reader, &document, diags), SVCROUTE_ERR_SYNTAX);
    ck_assert_int_eq(svcroute_diags_get(diags, 0, &info), 0);
    ck_assert_uint_eq(info.line, 102);
    ck_assert_uint_eq(info.column, 5);
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcroute_diags_free(diags);
}
END_TEST

START_TEST(anchors_and_aliases)
{
    static const struct row rows[] = {
        ROW("a: &x 1\nb: *x\n", "{\"a\":1,\"b\":1}"),
        ROW("a: &x [1, {b: c}]\nd: [*x, *x]\n",
            "{\"a\":[1,{\"b\":\"c\"}],\"d\":[[1,{\"b\":\"c\"}],[1,{\"b\":\"c\"}]]}"),
        ROW("- &x 1\n- *x\n- &x two\n- *x\n", "[1,1,\"two\",\"two\"]"),
        ROW("- &x\n- *x\n", "[null,null]"),
        ROW("- &x yes\n- *x\n", "[true,true]"),
        ROW("- &x k\n- *x : v\n", "[\"k\",{\"k\":\"v\"}]"),
        ROW("- &x 80\n- {*x : v}\n", "[80,{\"80\":\"v\"}]"),
        ROW("- &x yes\n- {*x : v}\n", "[true,{\"true\":\"v\"}]"),
        ROW("- &x 1.5\n- {*x : v}\n", "rejected bad-key@2:4"),
        ROW("- &x ~\n- {*x : v}\n", "rejected bad-key@2:4"),
        ROW("- &x 9223372036854775808\n- {*x : v}\n", "rejected bad-key@2:4"),
        ROW("- &x [1]\n- {*x : v}\n", "rejected bad-key@2:4"),
        ROW("&k a: *k\n", "{\"a\":\"a\"}"),
        ROW("&k 0x50: *k\n", "rejected bad-key@1:1"), /* the kind of the key is gone */
        ROW("a: *x\n", "rejected unknown-alias@1:4"),
        ROW("a: &x {b: *x}\n", "rejected unknown-alias@1:11"),
        ROW("&x [[*x]]\n", "rejected unknown-alias@1:6"),
        ROW("a: &x 1\n---\nb: *x\n---\nc: 3\n",
            "{\"a\":1} | rejected unknown-alias@3:4 | {\"c\":3}"),
        ROW("a: *x\nb: *y\nc: &z [*z]\n---\nd: 1\n", "rejected unknown-alias@1:4 | {\"d\":1}"),
        ROW("- &a [1]\n- &b [*a, *a]\n- &c [*b, *b]\n- *c\n",
            "[[1],[[1],[1]],[[[1],[1]],[[1],[1]]],[[[1],[1]],[[1],[1]]]]"),
    };
    static const char text[] = "a: &x {k: v}\nb: *x\n";
    struct svcroute_document document;
    struct svcr_reader *reader;

    CHECK_ROWS(rows, false);

    /* The copy stands where the alias does, what is inside it where it was written. */
    svcr_document_init(&document, context);
    svcr_reader_open(&reader, context, text, sizeof(text) - 1, SVCR_TEXT(""), SVCROUTE_FORMAT_YAML,
                     false, 1);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), 0);
    const struct svcroute_node *copy = svcroute_node_find(document.nodes, "b", 1);
    ck_assert_uint_eq(svcroute_node_get_line(copy), 2);
    ck_assert_uint_eq(svcroute_node_get_column(copy), 4);
    ck_assert_uint_eq(svcroute_node_get_line(svcroute_node_first(copy)), 1);
    ck_assert_uint_eq(svcroute_node_get_column(svcroute_node_first(copy)), 8);
    svcr_reader_close(reader);
    svcr_document_clear(&document);
}
END_TEST

START_TEST(merge_keys)
{
    static const struct row rows[] = {
        ROW("a: &x {b: 1, c: 2}\nd: {<<: *x, e: 3}\n",
            "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":1,\"c\":2,\"e\":3}}"),
        ROW("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n",
            "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"c\":2,\"b\":3}}"),
        ROW("a: &x {b: 1, c: 2}\nd: {b: 3, <<: *x}\n",
            "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":3,\"c\":2}}"),
        ROW("{<<: [{a: 1, b: 1}, {a: 2, c: 2}], c: [3]}", "{\"a\":1,\"b\":1,\"c\":[3]}"),
        ROW("{<<: [], a: 1}", "{\"a\":1}"),
        ROW("{<<: {}}", "{}"),
        ROW("{<<: {a: 1}, <<: {a: 2, b: 2}}", "{\"a\":1,\"b\":2}"),
        ROW("{<<: {<<: {a: 1, b: [x, {y: z}]}, c: 2}, b: 3}", "{\"a\":1,\"c\":2,\"b\":3}"),
        ROW("{!!merge <<: {a: 1}}", "{\"a\":1}"),
        ROW("{'<<': {a: 1}}", "{\"<<\":{\"a\":1}}"),
        ROW("{!!str <<: {a: 1}}", "{\"<<\":{\"a\":1}}"),
        ROW("- <<\n", "[\"<<\"]"),
        ROW("<<: 1\n", "rejected merge-key@1:5"),
        ROW("<<: [{a: 1},\n  [b]]\n", "rejected merge-key@2:3"),
        ROW("<<: ~\n---\na: 1\n", "rejected merge-key@1:5 | {\"a\":1}"),
        ROW("{<<: {a: 1}, b: 1, b: 2}", "rejected duplicate-key@1:20"),
        /* anchors inside what a merge moves or leaves out */
        ROW("a: {<<: &x {b: 1}, c: &y [2]}\nd: [*x, *y]\n",
            "{\"a\":{\"b\":1,\"c\":[2]},\"d\":[{\"b\":1},[2]]}"),
        ROW("a: {<<: {b: &x [&y 1, 2]}, b: &z 3}\nd: [*x, *y, *z]\n",
            "{\"a\":{\"b\":3},\"d\":[[1,2],1,3]}"),
        ROW("a: {<<: {b: 0}, c: {<<: {d: 0}, e: &x {f: &y 1}}, g: &z 2}\nh: [*x, *y, *z]\n",
            "{\"a\":{\"b\":0,\"c\":{\"d\":0,\"e\":{\"f\":1}},\"g\":2},\"h\":[{\"f\":1},1,2]}"),
        ROW("a: &m {<<: {b: 0}, c: &x 1}\nd: [*m, *x]\n",
            "{\"a\":{\"b\":0,\"c\":1},\"d\":[{\"b\":0,\"c\":1},1]}"),
    };

    CHECK_ROWS(rows, false);
}
END_TEST

START_TEST(a_large_merge)
{
    struct svcr_buffer buffer;
    struct svcroute_document document;
    struct svcr_reader *reader;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, "a: &x\n");
    for (int i = 0; i < 1000; i++) {
        svcr_buffer_printf(&buffer, "  k%d: [%d]\n", i, i);
    }
    svcr_buffer_add_string(&buffer, "b:\n  k500: own\n  <<: [*x, *x]\n  z: 1\n");
    svcr_document_init(&document, context);
    svcr_reader_open(&reader, context, buffer.data, buffer.size, SVCR_TEXT(""),
                     SVCROUTE_FORMAT_YAML, false, 1);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), 0);
    const struct svcroute_node *map = svcroute_node_find(document.nodes, "b", 1);
    ck_assert_uint_eq(svcroute_node_num(map), 1001);
    ck_assert(svcr_text_same(svcroute_node_get_text(svcroute_node_find(map, "k500", 4)),
                             SVCR_TEXT("own")));
    ck_assert_uint_eq(svcroute_node_num(svcroute_node_find(map, "k999", 4)), 1);
    ck_assert_uint_eq(svcroute_node_get_kind(svcroute_node_find(map, "z", 1)),
                      SVCROUTE_NODE_INTEGER);
    ck_assert_uint_eq(check_tree(document.nodes, false), document.num);
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcr_buffer_free(&buffer);
}
END_TEST

START_TEST(faults_of_a_document_leave_the_next_one)
{
    static const struct row rows[] = {
        ROW("a: 1\nb: 2\na: 3\n---\nc: 1\n", "rejected duplicate-key@3:1 | {\"c\":1}"),
        ROW("- {x: 1, \"x\": 2}\n", "rejected duplicate-key@1:10"),
        ROW("yes: 1\ntrue: 2\n", "rejected duplicate-key@2:1"),
        ROW("1: a\n0x1: b\n", "rejected duplicate-key@2:1"),
        ROW("? [a]\n: b\n---\nc: 1\n", "rejected bad-key@1:3 | {\"c\":1}"),
        ROW("? {a: b}\n: [c, {d: e}]\n---\nc: 1\n", "rejected bad-key@1:3 | {\"c\":1}"),
        ROW("~: 1\n", "rejected bad-key@1:1"),
        ROW("{18446744073709551615: 1}", "rejected bad-key@1:2"),
        ROW("a: .inf\n---\nb: 1\n", "rejected bad-scalar@1:4 | {\"b\":1}"),
        ROW("a: !!int x\n", "rejected bad-scalar@1:4"),
        ROW("a: !!binary \"***\"\n", "rejected bad-scalar@1:4"),
        ROW("a: !x {}\n---\nb: 1\n", "rejected collection-tag@1:4 | {\"b\":1}"),
        ROW("a: !!set {b}\n", "rejected collection-tag@1:4"),
        ROW("a: !!seq {}\n", "rejected collection-tag@1:4"),
        ROW("a: !!map []\n", "rejected collection-tag@1:4"),
        ROW("a: !!str []\n", "rejected collection-tag@1:4"),
        ROW("a: !foo 80\n", "{\"a\":\"80\"} unknown-tag@1:4"),
        ROW("a: !!timestamp 2001-01-01\n", "{\"a\":\"2001-01-01\"} unknown-tag@1:4"),
        ROW("!foo 80: 1\n", "{\"80\":1} unknown-tag@1:1"),
        ROW("a: !<tag:yaml.org,2002:int> 0x10\n", "{\"a\":16}"),
    };
    static const struct row strict[] = {
        ROW("a: !foo 80\n---\nb: 1\n", "rejected unknown-tag@1:4 | {\"b\":1}"),
        ROW("a: !!int 80\n", "{\"a\":80}"),
    };

    CHECK_ROWS(rows, false);
    CHECK_ROWS(strict, true);
}
END_TEST

START_TEST(errors_of_syntax_end_the_stream)
{
    static const struct row rows[] = {
        ROW("a: 1\n---\nb: [1\n---\nc: 1\n", "{\"a\":1} | syntax yaml-syntax@4:1"),
        ROW("a: b: c\n", "syntax yaml-syntax@1:5"),
        ROW("a: `b`\n", "syntax yaml-syntax@1:4"),
        ROW("a:\n\t- b\n", "syntax yaml-syntax@2:1"),
        ROW("a: \"b\n", "syntax yaml-syntax@2:1"),
        ROW("a: \"\\ud83d\\ude00\"\n", "syntax yaml-syntax@1:7"),
        ROW("%YAML 9.0\n---\na: 1\n", "syntax yaml-syntax@1:1"),
        ROW("]\n", "syntax yaml-syntax@1:1"),
    };

    CHECK_ROWS(rows, false);
}
END_TEST

START_TEST(what_libyaml_must_not_see)
{
    static const struct row rows[] = {
        /* tag directives, behind every kind of line break */
        ROW("%TAG ! tag:x,2000:\n---\na: 1\n", "syntax tag-directive@1:1"),
        ROW("a: 1\n...\n%TAG !e! tag:x:\n---\nb: 1\n", "{\"a\":1} | syntax tag-directive@3:1"),
        ROW("# c\r%TAG !e! tag:x:\r---\rb: 1\r", "syntax tag-directive@2:1"),
        ROW("# c\xc2\x85%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@2:1"),
        ROW("# c\xe2\x80\xa8%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@2:1"),
        ROW("# c\xe2\x80\xa9%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@2:1"),
        ROW("\xef\xbb\xbf%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@1:1"),
        ROW("\xef\xbb\xbf\xef\xbb\xbf%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@1:2"),
        ROW("%YAML 1.1\n%TAG !e! tag:x:\n--- b\n", "syntax tag-directive@2:1"),
        ROW("a: x%TAG y\nb: ' %TAG'\n", "{\"a\":\"x%TAG y\",\"b\":\" %TAG\"}"),
        /* not UTF-8 */
        ROW("a: \xff\n", "syntax not-utf8@1:4"),
        ROW("a: 1\n---\nb: \xc3\xa9\xe4\xb8\n---\nc: 1\n", "{\"a\":1} | syntax not-utf8@3:5"),
        ROW("a: \"x\xed\xa0\x80\"\n", "syntax not-utf8@1:6"),
        ROW("\xff\xfe"
            "a\0:\0 \0"
            "1\0",
            "syntax not-utf8@1:1"),
        ROW("\xfe\xff\0a\0:\0 \0"
            "1",
            "syntax not-utf8@1:1"),
        ROW("# \xc0\xaf\na: 1\n", "syntax not-utf8@1:3"),
        /* control characters */
        ROW("a: \0\n", "syntax yaml-syntax@1:4"),
        ROW("a: 1\n--- \nb: x\x01y\n", "{\"a\":1} | syntax yaml-syntax@3:5"),
        ROW("a: \x7f\n", "syntax yaml-syntax@1:4"),
        ROW("a: \x1b[0m\n", "syntax yaml-syntax@1:4"),
        ROW("a: \xc2\x80\n", "syntax yaml-syntax@1:4"),
        ROW("a: \xc2\x9f\n", "syntax yaml-syntax@1:4"),
        ROW("a: \xef\xbf\xbe\n", "syntax yaml-syntax@1:4"),
        ROW("a: \xef\xbf\xbf\n", "syntax yaml-syntax@1:4"),
        ROW("a: \xc2\xa0x\n", "{\"a\":\"\xc2\xa0x\"}"),
        ROW("a: \xf4\x8f\xbf\xbf\n", "{\"a\":\"\xf4\x8f\xbf\xbf\"}"),
        /* what stands ahead of the offence is whole or not given */
        ROW("a: 1\n--- |\n ---x\n %TAG\nb\x01\n", "{\"a\":1} | syntax yaml-syntax@5:2"),
        ROW("a: [1\n---\nb: \xff\n", "syntax not-utf8@3:4"),
        ROW("a: 1: 2\n---\nb: \xff\n", "syntax yaml-syntax@1:5"),
        ROW("a: 1\n---x: 2\n\xff", "syntax not-utf8@3:1"),
        ROW("a: 1\n...\nb\xff", "{\"a\":1} | syntax not-utf8@3:2"),
    };

    CHECK_ROWS(rows, false);
}
END_TEST

static struct svcroute_context *limited(uint32_t depth, uint64_t nodes, uint32_t aliases)
{
    struct svcroute_context_options options;
    struct svcroute_context *made;

    svcroute_context_options_init(&options, sizeof(options));
    options.depth = depth;
    options.nodes = nodes;
    options.aliases = aliases;
    ck_assert_int_eq(svcroute_context_new(&made, &options, NULL, NULL), 0);
    return made;
}

START_TEST(limits)
{
    static const struct row depth[] = {
        ROW("[[[1]]]\n", "[[[1]]]"),
        ROW("[[[[1]]]]\n--- a\n", "limit limit-depth@1:4 | \"a\""),
        ROW("a: {b: {c: {}}}\n--- a\n", "limit limit-depth@1:12 | \"a\""),
        ROW("[[[[[[[[1]]]]]]]]\n--- a\n", "limit limit-depth@1:4"),
        /* an alias brings its levels along */
        ROW("- &a [1]\n- [*a]\n", "[[1],[[1]]]"),
        ROW("- &a [1]\n- &b [*a]\n- [*b]\n--- a\n", "limit limit-depth@3:4 | \"a\""),
        ROW("- &a [1]\n- [[*a]]\n", "limit limit-depth@2:5"),
        ROW("- &a {<<: {b: [1]}}\n- {c: *a}\n", "limit limit-depth@1:15"),
    };
    static const struct row nodes[] = {
        ROW("[1,2,3,4,5,6,7]", "[1,2,3,4,5,6,7]"),
        ROW("[1,2,3,4,5,6,7,8]\n--- [a]\n", "limit limit-nodes@1:16 | [\"a\"]"),
        ROW("- &a [1]\n- *a\n- *a\n", "[[1],[1],[1]]"),
        ROW("- &a [1]\n- *a\n- *a\n- *a\n--- [a]\n", "limit limit-nodes@4:3 | [\"a\"]"),
        ROW("- &a [1,2,3]\n- *a\n", "limit limit-nodes@2:3"),
    };
    static const struct row aliases[] = {
        ROW("- &a 1\n- *a\n- *a\n--- [&a 1, *a, *a]\n", "[1,1,1] | [1,1,1]"),
        ROW("- &a 1\n- *a\n- *a\n- *a\n--- a\n", "limit limit-aliases@4:3 | \"a\""),
    };
    struct svcroute_context *kept = context;

    context = limited(3, 0, 0);
    CHECK_ROWS(depth, false);
    svcroute_context_unref(context);
    context = limited(0, 8, 0);
    CHECK_ROWS(nodes, false);
    svcroute_context_unref(context);
    context = limited(0, 0, 2);
    CHECK_ROWS(aliases, false);
    svcroute_context_unref(context);
    context = kept;
}
END_TEST

/* Each level repeats the one before ten times: a billion nodes, of which none may be made. */
START_TEST(a_bomb_meets_the_limit)
{
    struct svcr_buffer buffer;
    struct svcroute_context *kept = context;

    context = limited(0, 100000, 0);
    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, "l0: &l0 x\n");
    for (int i = 1; i < 10; i++) {
        svcr_buffer_printf(&buffer, "l%d: &l%d [", i, i);
        for (int k = 0; k < 10; k++) {
            svcr_buffer_printf(&buffer, "%s*l%d", k > 0 ? "," : "", i - 1);
        }
        svcr_buffer_add_string(&buffer, "]\n");
    }
    svcr_buffer_add_string(&buffer, "---\na: 1\n");
    outcome_read(&out, context, buffer.data, buffer.size, SVCROUTE_FORMAT_YAML, false);
    ck_assert_str_eq(out.text, "limit limit-nodes@6:38 | {\"a\":1}");
    svcr_buffer_free(&buffer);
    svcroute_context_unref(context);
    context = kept;
}
END_TEST

START_TEST(many_anchors_cost_little)
{
    struct svcr_buffer buffer;
    struct svcroute_document document;
    struct svcr_reader *reader;

    svcr_buffer_init(&buffer, context);
    for (int i = 0; i < 20000; i++) {
        svcr_buffer_printf(&buffer, "- &anchor%d %d\n", i, i);
    }
    for (int i = 0; i < 10000; i++) {
        svcr_buffer_printf(&buffer, "- *anchor%d\n", 2 * i);
    }
    svcr_document_init(&document, context);
    svcr_reader_open(&reader, context, buffer.data, buffer.size, SVCR_TEXT(""),
                     SVCROUTE_FORMAT_YAML, false, 1);
    ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), 0);
    ck_assert_uint_eq(document.num, 30001);
    for (int64_t i = 0; i < 10000; i++) {
        int64_t value;
        ck_assert_int_eq(svcroute_node_get_integer(&document.nodes[20001 + i], &value), 0);
        ck_assert_int_eq(value, 2 * i);
    }
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcr_buffer_free(&buffer);
}
END_TEST

START_TEST(out_of_memory_ends_the_stream_cleanly)
{
    static const char text[] = "a: &x {b: 1, c: [&y 2, 0x3]}\nd: {<<: *x, e: *y, f: &z g}\nh: *z\n"
                               "---\n{i: 1, j: 1, k: 1, l: 1, m: 1, n: 1, o: 1, p: 1, q: 1, r: 1,"
                               " s: 1, t: 1, u: 1, v: 1, w: 1, x: 1, z: 1, !!binary YQ==: 1}\n";
    struct failing_allocator allocator;
    struct svcroute_context *failing = failing_context(&allocator);
    size_t before = allocator.live, failures = 0;

    for (int after = 0; after < 2; after++) {
        for (size_t n = 1;; n++) {
            struct svcroute_document document;
            struct svcr_reader *reader;
            int code, documents = 0;

            svcr_document_init(&document, failing);
            failing_allocator_arm(&allocator, n, after != 0);
            code = svcr_reader_open(&reader, failing, text, sizeof(text) - 1, SVCR_TEXT(""),
                                    SVCROUTE_FORMAT_YAML, false, 1);
            while (code == 0) {
                code = svcr_reader_read(reader, &document, NULL);
                documents += code == 0;
            }
            failing_allocator_arm(&allocator, 0, false);
            if (reader != NULL) {
                ck_assert_int_eq(svcr_reader_read(reader, &document, NULL), SVCROUTE_ERR_END);
            }
            svcr_reader_close(reader);
            svcr_document_clear(&document);
            ck_assert_uint_eq(allocator.live, before);
            if (code == SVCROUTE_ERR_END) {
                ck_assert_int_eq(documents, 2);
                break;
            }
            ck_assert_int_eq(code, SVCROUTE_ERR_NOMEM);
            failures++;
        }
    }
    ck_assert_uint_gt(failures, 16);
    svcroute_context_unref(failing);
}
END_TEST

Suite *suite_yaml(void);

Suite *suite_yaml(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tcase = tcase_create("yaml");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, styles_and_streams);
    tcase_add_test(tcase, positions);
    tcase_add_test(tcase, a_first_line_can_be_given);
    tcase_add_test(tcase, anchors_and_aliases);
    tcase_add_test(tcase, merge_keys);
    tcase_add_test(tcase, a_large_merge);
    tcase_add_test(tcase, faults_of_a_document_leave_the_next_one);
    tcase_add_test(tcase, errors_of_syntax_end_the_stream);
    tcase_add_test(tcase, what_libyaml_must_not_see);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, a_bomb_meets_the_limit);
    tcase_add_test(tcase, many_anchors_cost_little);
    tcase_add_test(tcase, out_of_memory_ends_the_stream_cleanly);
    suite_add_tcase(suite, tcase);
    return suite;
}
