/* Where the bytes of a rule's match stand: every style of YAML and JSON by hand, and thousands of
 * texts of a writer that notes where it puts each byte. */
#include "document/trail.h"
#include "inside_writer.h"
#include "kube_support.h"

#define END UINT32_MAX

/* ---- by hand ---- */

struct expected {
    uint32_t offset, line, column;
};

struct row {
    const char *source; /* of the match, with what follows it */
    const char *text;
    struct expected at[16]; /* ends with line 0 */
};

static const struct svcr_rule *rule_of(const struct svcr_object *object, size_t index)
{
    const struct svcr_ingress_route *route = (const void *)object;
    ck_assert_uint_lt(index, route->rules.num);
    return (const struct svcr_rule *)svcr_object_items(object, route->rules) + index;
}

static void check_inside(const struct svcr_object *object, size_t index, uint32_t offset,
                         uint32_t line, uint32_t column, const char *what)
{
    struct svcr_position at = svcr_rule_match_position(object, rule_of(object, index), offset);
    if (at.line != line || at.column != column) { /* a check costs more than the rest */
        ck_abort_msg("%s\nrule %zu, byte %u: %u:%u, not %u:%u", what, index, offset, at.line,
                     at.column, line, column);
    }
}

static void check_row(const char *head, const struct row *row, const char *tail)
{
    char text[2000];
    struct kube kube;
    kube_begin(&kube);
    snprintf(text, sizeof(text), "%s%s%s", head, row->source, tail);
    struct svcr_object *object = kube_decode(&kube, text); /* an unknown tag is told of */
    ck_assert_ptr_nonnull(object);
    CHECK_STR(object, rule_of(object, 0)->match, row->text);
    for (const struct expected *at = row->at; at->line > 0; at++) {
        uint32_t offset = at->offset == END ? rule_of(object, 0)->match.size : at->offset;
        check_inside(object, 0, offset, at->line, at->column, row->source);
    }
    svcr_object_unref(object);
    kube_end(&kube);
}

/* Line 6, and the match begins in column 12. */
static const char yaml_head[] = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
                                "metadata: {name: a}\nspec:\n  routes:\n  - match: ";

#define E_ACUTE "\xc3\xa9"

START_TEST(test_yaml)
{
    static const struct row rows[] = {
        /* Plain, on one line and on several. */
        {"Host(`" E_ACUTE "`) && x\n",
         "Host(`" E_ACUTE "`) && x",
         {{0, 6, 12}, {5, 6, 17}, {6, 6, 18}, {7, 6, 18}, {8, 6, 19}, {END, 6, 26}}},
        {"Host(`a`) &&  \n        Path(`/b`)\n\n \n      x\n",
         "Host(`a`) && Path(`/b`)\n\nx",
         {{0, 6, 12},
          {11, 6, 23},
          {12, 6, 24},
          {13, 7, 9},
          {22, 7, 18},
          {23, 8, 1},
          {24, 9, 2},
          {25, 10, 7},
          {END, 10, 8}}},
        {"a\t b # c\n", "a\t b", {{1, 6, 13}, {2, 6, 14}, {3, 6, 15}, {END, 6, 16}}},
        /* Single quotes. */
        {"'ab'\n", "ab", {{0, 6, 13}, {1, 6, 14}, {END, 6, 15}}},
        {"'a''b  \n\n   c '\n",
         "a'b\nc ",
         {{0, 6, 13}, {1, 6, 14}, {2, 6, 16}, {3, 7, 1}, {4, 8, 4}, {5, 8, 5}, {END, 8, 6}}},
        {"'''a'''\n", "'a'", {{0, 6, 13}, {1, 6, 15}, {2, 6, 16}, {END, 6, 18}}},
        {"'a\n  '\n", "a ", {{0, 6, 13}, {1, 6, 14}, {END, 7, 3}}},
        /* Double quotes. */
        {"\"Host(`a`)\" # c\n", "Host(`a`)", {{0, 6, 13}, {8, 6, 21}, {END, 6, 22}}},
        {"\"a\\t\\u00e9\\x41 \\\n     b\\\"\"\n",
         "a\t" E_ACUTE "A b\"",
         {{0, 6, 13},
          {1, 6, 14},
          {2, 6, 16},
          {3, 6, 16},
          {4, 6, 22},
          {5, 6, 26},
          {6, 7, 6},
          {7, 7, 7},
          {END, 7, 9}}},
        {"\"\\U0001f600z\\n\"\n",
         "\xf0\x9f\x98\x80z\n",
         {{0, 6, 13}, {3, 6, 13}, {4, 6, 23}, {5, 6, 24}, {END, 6, 26}}},
        /* As many characters in the source as bytes in the text. */
        {"\"\\_b\"\n",
         "\xc2\xa0"
         "b",
         {{0, 6, 13}, {1, 6, 13}, {2, 6, 15}, {END, 6, 16}}},
        {"! " E_ACUTE E_ACUTE "\n", E_ACUTE E_ACUTE, {{0, 6, 14}, {2, 6, 15}, {END, 6, 16}}},
        {"\"a\\\n\n  b\"\n", "a\nb", {{1, 7, 1}, {2, 8, 3}, {END, 8, 4}}},
        {"\"\\ a\n  b\"\n", " a b", {{0, 6, 13}, {1, 6, 15}, {2, 6, 16}, {3, 7, 3}, {END, 7, 4}}},
        {"\"\"\n", NULL, {{0, 6, 13}}},
        {"''\n", NULL, {{0, 6, 13}}},
        /* Block scalars. */
        {"|\n      Host(`a`) &&\n        x\n",
         "Host(`a`) &&\n  x\n",
         {{0, 7, 7}, {11, 7, 18}, {12, 7, 19}, {13, 8, 7}, {15, 8, 9}, {16, 8, 10}, {END, 9, 1}}},
        {"|-\r\n      a\r\n      b\r\n\r\n    kind: Rule\r\n",
         "a\nb",
         {{0, 7, 7}, {1, 7, 8}, {2, 8, 7}, {END, 8, 8}}},
        {"|\n      ab", "ab", {{0, 7, 7}, {1, 7, 8}, {END, 7, 9}}},
        {"|+2\n        a\n\n",
         "  a\n\n",
         {{0, 7, 7}, {2, 7, 9}, {3, 7, 10}, {4, 8, 1}, {END, 9, 1}}},
        {"|3-\n          \n       b\n",
         "   \nb",
         {{0, 7, 8}, {2, 7, 10}, {3, 7, 11}, {4, 8, 8}, {END, 8, 9}}},
        {">-  # c\n\n       a\n       b\n\n       c\n",
         "\na b\nc",
         {{0, 7, 1}, {1, 8, 8}, {2, 8, 9}, {3, 9, 8}, {4, 10, 1}, {5, 11, 8}, {END, 11, 9}}},
        {">\n      Host(`a`) &&\n      x\n    kind: Rule\n",
         "Host(`a`) && x\n",
         {{0, 7, 7}, {12, 7, 19}, {13, 8, 7}, {14, 8, 8}, {END, 9, 1}}},
        {">+\n      a\n       b\n      c\n\n",
         "a\n b\nc\n\n",
         {{1, 7, 8},
          {2, 8, 7},
          {3, 8, 8},
          {4, 8, 9},
          {5, 9, 7},
          {6, 9, 8},
          {7, 10, 1},
          {END, 11, 1}}},
        {"|\n      a\xe2\x80\xa8      b\n",
         "a\xe2\x80\xa8"
         "b\n",
         {{1, 7, 8}, {3, 7, 8}, {4, 8, 7}, {5, 8, 8}, {END, 9, 1}}},
        /* Tags and anchors. */
        {"&x !!str # t\n      \"b\"\n", "b", {{0, 7, 8}, {END, 7, 9}}},
        {"!!str 12\n", "12", {{0, 6, 18}, {1, 6, 19}, {END, 6, 20}}},
        {"&x |\n      a\n", "a\n", {{0, 7, 7}, {1, 7, 8}, {END, 8, 1}}},
        {"!<tag:yaml.org,2002:str> 'a'\n", "a", {{0, 6, 38}, {END, 6, 39}}},
        {"&x:y z\n", ":y z", {{0, 6, 14}, {1, 6, 15}, {END, 6, 18}}}, /* libyaml allows it */
        {"!!binary aGk=\n", "hi", {{0, 6, 12}, {1, 6, 12}, {END, 6, 12}}},
        {"~\n", NULL, {{0, 6, 5}}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(yaml_head, &rows[i], "");
    }
}
END_TEST

START_TEST(test_json)
{
    static const char head[] =
        "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\n"
        "\"metadata\":{\"name\":\"a\"},\"spec\":{\"routes\":[{\n\"match\":";
    static const struct row rows[] = {
        {"\"Host(`" E_ACUTE "`)\"",
         "Host(`" E_ACUTE "`)",
         {{0, 3, 10}, {6, 3, 16}, {7, 3, 16}, {8, 3, 17}, {END, 3, 19}}},
        {"\"a \\u0026\\u0026 b\\\"\\/\\ud83d\\ude00.\"",
         "a && b\"/\xf0\x9f\x98\x80.",
         {{0, 3, 10},
          {1, 3, 11},
          {2, 3, 12},
          {3, 3, 18},
          {4, 3, 24},
          {5, 3, 25},
          {6, 3, 26},
          {7, 3, 28},
          {8, 3, 30},
          {11, 3, 30},
          {12, 3, 42},
          {END, 3, 43}}},
        /* Line breaks of YAML are none of JSON. */
        {"\"a\xe2\x80\xa8\xc2\x85"
         "b\\n\"",
         "a\xe2\x80\xa8\xc2\x85"
         "b\n",
         {{0, 3, 10}, {1, 3, 11}, {3, 3, 11}, {4, 3, 12}, {6, 3, 13}, {7, 3, 14}, {END, 3, 16}}},
        {"\n  \"\\u00e9b\"", E_ACUTE "b", {{0, 4, 4}, {1, 4, 4}, {2, 4, 10}, {END, 4, 11}}},
        {"\"\"", NULL, {{0, 3, 10}}},
        {"null", NULL, {{0, 2, 43}}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(head, &rows[i], "}]}}");
    }
}
END_TEST

/* An alias of the text has its own position; an alias of the rule leads to the text of the rule. */
START_TEST(test_aliases)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object =
        kube_must(&kube, "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
                         "metadata: {name: a}\nspec:\n  routes:\n"
                         "  - match: &m 'a''b'\n"         /* 6 */
                         "  - match: *m\n"                /* 7 */
                         "  - &r\n    match: \"x\\ty\"\n" /* 8 */
                         "  - *r\n"                       /* 10 */
                         "  - <<: *r\n    kind: Rule\n"   /* 11 */
                         "  - match: plain\n");           /* 13 */
    static const struct {
        size_t rule;
        struct expected at;
    } rows[] = {
        {0, {0, 6, 16}}, {0, {2, 6, 19}}, {1, {0, 7, 12}},  {1, {2, 7, 12}},  {1, {3, 7, 12}},
        {2, {0, 9, 13}}, {2, {2, 9, 16}}, {3, {0, 9, 13}},  {3, {2, 9, 16}},  {3, {3, 9, 17}},
        {4, {1, 9, 14}}, {4, {2, 9, 16}}, {5, {0, 13, 12}}, {5, {5, 13, 17}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_inside(object, rows[i].rule, rows[i].at.offset, rows[i].at.line, rows[i].at.column,
                     "");
    }
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

/* A source that is far longer than its text is gone over once, however often it is repeated. */
START_TEST(test_long_sources)
{
    static char text[40000];
    struct kube kube;
    kube_begin(&kube);
    int size = snprintf(text, sizeof(text), "%s'a%1000s\n%9s''b'\n  - match: \"\\x41%20sb\"\n",
                        yaml_head, "", "", "");
    const struct svcroute_node *root = kube_read(&kube, text, (size_t)size);
    uint32_t num[2] = {0, 0};
    for (size_t i = 0; i < kube.document.num; i++) {
        if (root[i].flags & SVCR_NODE_TRACED) {
            struct svcr_origin origin;
            memcpy(&origin, root[i].as.text - sizeof(origin), sizeof(origin));
            num[origin.style == SVCR_STYLE_TRAIL]++;
        }
    }
    ck_assert_uint_eq(num[0], 1);
    ck_assert_uint_eq(num[1], 1);
    struct svcr_object *object = kube_decode_node(&kube, root);
    CHECK_STR(object, rule_of(object, 0)->match, "a 'b");
    check_inside(object, 0, 0, 6, 13, "");
    check_inside(object, 0, 1, 6, 14, "");
    check_inside(object, 0, 2, 7, 10, "");
    check_inside(object, 0, 3, 7, 12, "");
    check_inside(object, 0, 4, 7, 13, "");
    check_inside(object, 1, 1, 8, 17, "");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

static void build(struct kube *kube, const char *match, bool with_positions)
{
    struct svcroute_document *d = &kube->document;
    svcroute_document_reset(d);
#define POSITION(line, column)                                                                     \
    (with_positions ? svcroute_document_set_position(d, line, column) : 0)
#define KEY(name) svcroute_document_key(d, name, strlen(name))
#define STRING(name) svcroute_document_string(d, name, strlen(name))
    POSITION(3, 1), svcroute_document_begin_map(d);
    KEY("apiVersion"), STRING("traefik.io/v1alpha1"), KEY("kind"), STRING("IngressRoute");
    KEY("metadata"), svcroute_document_begin_map(d), KEY("name"), STRING("a");
    svcroute_document_end(d), KEY("spec"), svcroute_document_begin_map(d), KEY("routes");
    svcroute_document_begin_list(d);
    POSITION(4, 5), svcroute_document_begin_map(d), KEY("match"), POSITION(7, 70), STRING(match);
    svcroute_document_end(d);
    svcroute_document_end(d), svcroute_document_end(d), svcroute_document_end(d);
    ck_assert_int_eq(svcroute_document_get_error(d), 0);
}

START_TEST(test_built_documents)
{
    struct kube kube;
    kube_begin(&kube);
    build(&kube, "a\n" E_ACUTE, true);
    struct svcr_object *object = kube_decode_node(&kube, kube.document.nodes);
    for (uint32_t offset = 0; offset <= 4; offset++) {
        check_inside(object, 0, offset, 7, 70, "");
    }
    svcr_object_unref(object);
    build(&kube, "abc", false);
    object = kube_decode_node(&kube, kube.document.nodes);
    check_inside(object, 0, 2, 0, 0, "");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

/* ---- what it costs, and what it is part of ---- */

static size_t extra(struct kube *kube, const char *rules)
{
    char text[2000];
    snprintf(text, sizeof(text), "%.*s%s", (int)(sizeof(yaml_head) - 1 - 12), yaml_head, rules);
    struct svcr_object *object = kube_must(kube, text);
    size_t bytes =
        object->bytes - object->positions - object->num_positions * sizeof(struct svcr_position);
    svcr_object_unref(object);
    return bytes;
}

START_TEST(test_memory)
{
    struct kube kube;
    kube_begin(&kube);
    ck_assert_uint_eq(extra(&kube, "\n  - match: ab\n  - match: " E_ACUTE "\n"), 0);
    ck_assert_uint_eq(extra(&kube, "\n  - match: 'ab'\n  - match: \"a\"\n"), 0);
    ck_assert_uint_eq(extra(&kube, "\n  - kind: Rule\n"), 0);
    /* The number of trails, one entry, and its form. */
    ck_assert_uint_eq(extra(&kube, "\n  - match: 'ab'\n  - match: \"a\"\n  - match: b\n"),
                      4 + 8 + 1);
    /* Two points. */
    ck_assert_uint_eq(extra(&kube, "\n  - match: \"a\\tb\\n\"\n"), 4 + 8 + 1 + 2 * 3);
    kube_end(&kube);
}
END_TEST

START_TEST(test_comparison)
{
    static const struct {
        const char *rules; /* all with the same positions of their fields */
        bool same, same_place;
    } rows[] = {
        {"'ab'\n  - match: c\n", true, true},        {"\"ab\"\n  - match: c\n", true, true},
        {" ab\n  - match: c\n", true, false},        {"&x ab\n  - match: c\n", true, false},
        {"\"a\\x62\"\n  - match: c\n", true, false}, {"'ab'\n  - match: \"c\"\n", true, false},
        {"'ax'\n  - match: c\n", false, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        char text[2][1000];
        kube_begin(&kube);
        snprintf(text[0], sizeof(text[0]), "%s%s", yaml_head, rows[0].rules);
        snprintf(text[1], sizeof(text[1]), "%s%s", yaml_head, rows[i].rules);
        struct svcr_object *a = kube_must(&kube, text[0]), *b = kube_must(&kube, text[1]);
        ck_assert_msg(svcr_object_same(a, b) == rows[i].same, "row %zu", i);
        ck_assert_msg(svcr_object_same_place(a, b) == rows[i].same_place, "row %zu", i);
        ck_assert_msg(svcr_object_same_place(b, a) == rows[i].same_place, "row %zu", i);
        ck_assert_msg(svcr_object_identical(a, b) == (rows[i].same && rows[i].same_place),
                      "row %zu", i);
        svcr_object_unref(a);
        svcr_object_unref(b);
        kube_end(&kube);
    }
}
END_TEST

/* The form of a match is all that differs here. */
START_TEST(test_form_is_compared)
{
    struct kube kube;
    char text[2][1000];
    kube_begin(&kube);
    snprintf(text[0], sizeof(text[0]), "%sab\n", yaml_head);
    snprintf(text[1], sizeof(text[1]), "%s'ab'\n", yaml_head);
    struct svcr_object *a = kube_must(&kube, text[0]), *b = kube_must(&kube, text[1]);
    ck_assert(svcr_object_same(a, b));
    ck_assert(!svcr_object_same_place(a, b));
    ck_assert(!svcr_object_identical(a, b));
    svcr_object_unref(a);
    svcr_object_unref(b);
    kube_end(&kube);
}
END_TEST

static const char rich[] = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
                           "metadata: {name: a, resourceVersion: '3'}\nspec:\n  routes:\n"
                           "  - match: \"a\\tb\"\n  - match: c\n"
                           "  - match: '                                              "
                           "                                                          "
                           "                                                          "
                           "                                                          "
                           "                                                          "
                           "\n  d'\n  - match: |\n      e\n\n      f\n  - match: \"g\\nh\"\n";

static void run_out_of_memory(bool from_then_on)
{
    bool reached = true;
    for (size_t fail_at = 1; reached; fail_at++) {
        struct kube kube;
        struct svcr_reader *reader;
        struct svcr_object *object = NULL;
        kube_begin(&kube);
        kube.memory.calls = 0;
        kube.memory.fail_at = fail_at;
        kube.memory.from_then_on = from_then_on;
        int error = svcr_reader_open(&reader, kube.context, rich, sizeof(rich) - 1,
                                     SVCR_TEXT("t.yaml"), SVCROUTE_FORMAT_YAML, false, 1);
        if (error == 0) {
            error = svcr_reader_read(reader, &kube.document, NULL);
        }
        if (error == 0) {
            object = kube_decode_node(&kube, kube.document.nodes);
            error = kube.error;
        }
        reached = kube.memory.calls >= fail_at;
        ck_assert_int_eq(error, reached ? SVCROUTE_ERR_NOMEM : 0);
        kube.memory.fail_at = 0;
        svcr_reader_close(reader);
        svcr_object_unref(object);
        object = kube_must(&kube, rich);
        check_inside(object, 0, 2, 6, 16, "");
        check_inside(object, 1, 0, 7, 12, "");
        check_inside(object, 2, 1, 9, 3, "");
        check_inside(object, 3, 3, 13, 7, "");
        check_inside(object, 4, 2, 14, 16, "");
        svcr_object_unref(object);
        kube_end(&kube);
    }
}

START_TEST(test_out_of_memory)
{
    run_out_of_memory(false);
    run_out_of_memory(true);
}
END_TEST

/* ---- at random ---- */

static struct inside_writer writer;

static void check_written(struct kube *kube, uint64_t seed)
{
    ck_assert_uint_lt(writer.size, sizeof(writer.bytes));
    size_t size = writer.size - 1;
    char *bytes = malloc(size); /* so that a step too far is seen */
    memcpy(bytes, writer.bytes, size);
    struct svcr_object *object = kube_decode_node(kube, kube_read(kube, bytes, size));
    ck_assert_msg(object != NULL, "seed %llu", (unsigned long long)seed);
    free(bytes);
    for (size_t i = 0; i < writer.num; i++) {
        const struct written *rule = &writer.rules[i];
        svcr_text text = svcr_object_text(object, rule_of(object, i)->match);
        ck_assert_msg(svcr_text_same(text, (svcr_text){rule->text, rule->size}),
                      "seed %llu: rule %zu is %.*s\n%s", (unsigned long long)seed, i,
                      SVCR_ARG(text), writer.bytes);
        struct svcr_position field =
            svcr_object_position(object, rule_of(object, i)->place, SVCR_RULE_MATCH);
        ck_assert_msg(field.line == rule->field.line && field.column == rule->field.column,
                      "seed %llu: rule %zu", (unsigned long long)seed, i);
        for (uint32_t offset = 0; offset <= rule->size; offset++) {
            check_inside(object, i, offset, rule->spots[offset].line, rule->spots[offset].column,
                         writer.bytes);
        }
    }
    svcr_object_unref(object);
    svcroute_diags_clear(kube->diags);
}

static void run_written(void (*write)(struct inside_writer *, uint64_t), uint64_t seeds)
{
    struct kube kube;
    kube_begin(&kube);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        write(&writer, seed);
        check_written(&kube, seed);
    }
    kube_end(&kube);
}

START_TEST(test_written_yaml)
{
    run_written(write_yaml, 4000);
}
END_TEST

START_TEST(test_written_json)
{
    run_written(write_json, 2000);
}
END_TEST

Suite *suite_inside(void)
{
    const TTest *tests[] = {
        test_yaml,
        test_json,
        test_aliases,
        test_long_sources,
        test_built_documents,
        test_memory,
        test_comparison,
        test_form_is_compared,
        test_out_of_memory,
        test_written_yaml,
        test_written_json,
    };
    return one_case("inside", tests, sizeof(tests) / sizeof(tests[0]));
}
