/* YAML scalars: what a text, a tag and quotes make of them, as values and as keys; judging fields.
 */
#include "document_support.h"
#include "document/scalar.h"
#include "failing_allocator.h"

#define TAG "tag:yaml.org,2002:"

enum { STRING, INTEGER, NUMBER, TRUE_, FALSE_, NOTHING, REFUSED };

static const struct {
    const char *yaml, *tag;
    int kind;
    const char *text; /* NULL: the same */
    const char *key;  /* NULL: the same; "!": refused */
} rows[] = {
    /* words */
    {"y", "", TRUE_, "true", "true"},
    {"Yes", "", TRUE_, "true", "true"},
    {"YES", "", TRUE_, "true", "true"},
    {"yEs", "", STRING, NULL, NULL},
    {"On", "", TRUE_, "true", "true"},
    {"n", "", FALSE_, "false", "false"},
    {"OFF", "", FALSE_, "false", "false"},
    {"offf", "", STRING, NULL, NULL},
    {"falsee", "", STRING, NULL, NULL},
    {"~", "", NOTHING, "null", "!"},
    {"~~", "", STRING, NULL, NULL},
    {"Null", "", NOTHING, "null", "!"},
    {"nulL", "", STRING, NULL, NULL},
    {"", "", NOTHING, "null", "!"},
    {"http", "", STRING, NULL, NULL},
    {"=", "", STRING, NULL, NULL},
    {"<<", "", STRING, NULL, NULL},
    /* integers */
    {"80", "", INTEGER, NULL, NULL},
    {"0", "", INTEGER, NULL, NULL},
    {"+0", "", INTEGER, "0", "0"},
    {"-0", "", INTEGER, "0", "0"},
    {"-1_000", "", INTEGER, "-1000", "-1000"},
    {"1__0_", "", INTEGER, "10", "10"},
    {"-_1", "", INTEGER, "-1", "-1"},
    {"+_", "", STRING, NULL, NULL},
    {"_1", "", STRING, NULL, NULL},
    {"-", "", STRING, NULL, NULL},
    {"+", "", STRING, NULL, NULL},
    {"00", "", INTEGER, "0", "0"},
    {"010", "", INTEGER, "8", "8"},
    {"0_10", "", INTEGER, "8", "8"},
    {"-0777", "", INTEGER, "-511", "-511"},
    {"08", "", INTEGER, "8", "8"},
    {"018", "", INTEGER, "18", "18"},
    {"0x1f", "", INTEGER, "31", "31"},
    {"-0XfF", "", INTEGER, "-255", "-255"},
    {"0x", "", STRING, NULL, NULL},
    {"0x_", "", STRING, NULL, NULL},
    {"0xg", "", STRING, NULL, NULL},
    {"0x-1", "", STRING, NULL, NULL},
    {"0o17", "", INTEGER, "15", "15"},
    {"0o8", "", STRING, NULL, NULL},
    {"0b101", "", INTEGER, "5", "5"},
    {"0b-101", "", INTEGER, "-5", "-5"}, /* a quirk of the reference */
    {"0b+1", "", INTEGER, "1", "1"},
    {"0B-1", "", STRING, NULL, NULL},
    {"-0b-1", "", STRING, NULL, NULL},
    {"0b-", "", STRING, NULL, NULL},
    {"0b2", "", STRING, NULL, NULL},
    {"9223372036854775807", "", INTEGER, NULL, NULL},
    {"-9223372036854775808", "", INTEGER, NULL, NULL},
    {"9223372036854775808", "", INTEGER, NULL, "!"},
    {"18446744073709551615", "", INTEGER, NULL, "!"},
    {"0xffffffffffffffff", "", INTEGER, "18446744073709551615", "!"},
    {"18446744073709551616", "", INTEGER, "18446744073709552000", "1.8446744e+19"},
    {"-9223372036854775809", "", INTEGER, "-9223372036854776000", "-9.223372e+18"},
    {"+9223372036854775808", "", INTEGER, "9223372036854776000", "9.223372e+18"},
    {"0x10000000000000000", "", STRING, NULL, NULL},
    {"-0xffffffffffffffff", "", STRING, NULL, NULL},
    {"1a", "", STRING, NULL, NULL},
    {"1:30", "", STRING, NULL, NULL},
    {"10.0.0.1", "", STRING, NULL, NULL},
    {"2001-12-14", "", STRING, NULL, NULL},
    /* floats */
    {"1.5", "", NUMBER, NULL, NULL},
    {"80.0", "", INTEGER, "80", "80"},
    {"8e1", "", INTEGER, "80", "80"},
    {"1e6", "", INTEGER, "1000000", "1e+06"},
    {"1e21", "", NUMBER, "1e+21", "1e+21"},
    {".5", "", NUMBER, "0.5", "0.5"},
    {"-.5", "", NUMBER, "-0.5", "-0.5"},
    {"._5", "", STRING, NULL, NULL},
    {"-._5", "", NUMBER, "-0.5", "-0.5"},
    {".5_0", "", STRING, NULL, NULL},
    {"0.5_0", "", NUMBER, "0.5", "0.5"},
    {"5.", "", INTEGER, "5", "5"},
    {".", "", STRING, NULL, NULL},
    {"-.", "", STRING, NULL, NULL},
    {".e1", "", STRING, NULL, NULL},
    {"1e", "", STRING, NULL, NULL},
    {"1e+", "", STRING, NULL, NULL},
    {"1e5.", "", STRING, NULL, NULL},
    {"1.5.", "", STRING, NULL, NULL},
    {"1e400", "", STRING, NULL, NULL},
    {"1e-400", "", INTEGER, "0", "0"},
    {"-0.0", "", INTEGER, "-0", "-0"},
    {"123456.7", "", NUMBER, NULL, NULL},
    {"0.1234567891", "", NUMBER, NULL, "0.12345679"},
    {".inf", "", REFUSED, NULL, ".inf"},
    {"+.Inf", "", REFUSED, NULL, ".inf"},
    {"-.INF", "", REFUSED, NULL, "-.inf"},
    {".iNF", "", STRING, NULL, NULL},
    {".nan", "", REFUSED, NULL, ".nan"},
    {".NAN", "", REFUSED, NULL, ".nan"},
    {".Nan", "", STRING, NULL, NULL},
    {"-.nan", "", STRING, NULL, NULL},
    {"inf", "", STRING, NULL, NULL},
    /* in quotes: the tag column is "q" */
    {"80", "q", STRING, NULL, NULL},
    {"yes", "q", STRING, NULL, NULL},
    {"", "q", STRING, NULL, NULL},
    /* tags */
    {"80", TAG "str", STRING, NULL, NULL},
    {"", TAG "str", STRING, NULL, NULL},
    {"80", TAG "int", INTEGER, NULL, NULL},
    {"8_0", TAG "int", INTEGER, "80", "80"},
    {"80.0", TAG "int", REFUSED, NULL, "!"},
    {"x", TAG "int", REFUSED, NULL, "!"},
    {"", TAG "int", REFUSED, NULL, "!"},
    {"1", TAG "float", INTEGER, NULL, NULL},
    {"1.50", TAG "float", NUMBER, "1.5", "1.5"},
    {"0x10", TAG "float", INTEGER, "16", "16"},
    {"9007199254740993", TAG "float", INTEGER, "9007199254740992", "9.007199e+15"},
    {"9223372036854775808", TAG "float", REFUSED, NULL, "!"},
    {".inf", TAG "float", REFUSED, NULL, ".inf"},
    {"yes", TAG "float", REFUSED, NULL, "!"},
    {"on", TAG "bool", TRUE_, "true", "true"},
    {"1", TAG "bool", REFUSED, NULL, "!"},
    {"", TAG "null", NOTHING, "null", "!"},
    {"x", TAG "null", REFUSED, NULL, "!"},
    {"aGVsbG8=", TAG "binary", STRING, "hello", "hello"},
    {"aGVs\nbG8h", TAG "binary", STRING, "hello!", "hello!"},
    {"aA==", TAG "binary", STRING, "h", "h"},
    {"aB==\n", TAG "binary", STRING, "h", "h"},
    {"", TAG "binary", STRING, "", ""},
    {"aGVsbG8", TAG "binary", REFUSED, NULL, "!"},
    {"aGVsbG8==", TAG "binary", REFUSED, NULL, "!"},
    {"a===", TAG "binary", REFUSED, NULL, "!"},
    {"aA==aA==", TAG "binary", REFUSED, NULL, "!"},
    {"aA=A", TAG "binary", REFUSED, NULL, "!"},
    {"a b=", TAG "binary", REFUSED, NULL, "!"},
    {"a-_=", TAG "binary", REFUSED, NULL, "!"},
    {"/w==", TAG "binary", REFUSED, NULL, "!"}, /* byte 0xff */
};

static int resolve(struct svcr_arena *arena, size_t i, bool key, struct svcroute_node *node)
{
    bool quoted = strcmp(rows[i].tag, "q") == 0, unknown = true;
    struct svcr_yaml_scalar scalar = {.text = {rows[i].yaml, strlen(rows[i].yaml)},
                                      .tag = {rows[i].tag, quoted ? 0 : strlen(rows[i].tag)},
                                      .plain = rows[i].tag[0] == '\0',
                                      .key = key};
    const char *why = NULL;
    int status;

    memset(node, 0, sizeof(*node));
    status = svcr_scalar_resolve(node, arena, &scalar, &unknown, &why);
    ck_assert(status == SVCROUTE_ERR_NOMEM || !unknown);
    ck_assert((status == SVCROUTE_ERR_REJECTED) == (why != NULL));
    return status;
}

static void check_text(size_t i, const struct svcroute_node *node, const char *wanted)
{
    wanted = wanted ? wanted : rows[i].yaml;
    ck_assert_msg(node->size == strlen(wanted) && memcmp(node->as.text, wanted, node->size) == 0,
                  "row %zu, %s: %.*s", i, rows[i].yaml, (int)node->size, node->as.text);
}

START_TEST(texts_and_tags_say_what_a_scalar_is)
{
    static const uint8_t kinds[] = {
        [STRING] = SVCROUTE_NODE_STRING,  [INTEGER] = SVCROUTE_NODE_INTEGER,
        [NUMBER] = SVCROUTE_NODE_NUMBER,  [TRUE_] = SVCROUTE_NODE_BOOLEAN,
        [FALSE_] = SVCROUTE_NODE_BOOLEAN, [NOTHING] = SVCROUTE_NODE_NULL};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;

    svcr_arena_init(&arena, context);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcroute_node node;
        int status = resolve(&arena, i, false, &node);

        ck_assert_msg(status == (rows[i].kind == REFUSED ? SVCROUTE_ERR_REJECTED : 0),
                      "row %zu, %s: %d", i, rows[i].yaml, status);
        if (status == 0) {
            ck_assert_msg(node.kind == kinds[rows[i].kind], "row %zu, %s: kind %d", i, rows[i].yaml,
                          node.kind);
            ck_assert_int_eq(node.flags, rows[i].kind == TRUE_ ? SVCR_NODE_TRUE : 0);
            check_text(i, &node, rows[i].text);
        }
    }
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(keys_become_text)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;

    svcr_arena_init(&arena, context);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcroute_node node;
        int status = resolve(&arena, i, true, &node);
        bool refused = rows[i].key && strcmp(rows[i].key, "!") == 0;

        ck_assert_msg(status == (refused ? SVCROUTE_ERR_REJECTED : 0), "row %zu, %s: %d", i,
                      rows[i].yaml, status);
        if (status == 0) {
            ck_assert_int_eq(node.kind, SVCROUTE_NODE_STRING);
            check_text(i, &node, rows[i].key);
        }
    }
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t failures = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int key = 0; key < 2; key++) {
            struct svcroute_node node;
            struct svcr_arena arena;

            svcr_arena_init(&arena, context);
            failing_allocator_arm(&allocator, 1, true);
            int status = resolve(&arena, i, key != 0, &node);

            failures += status == SVCROUTE_ERR_NOMEM;
            ck_assert_int_eq(status == SVCROUTE_ERR_NOMEM, allocator.calls > 0);
            failing_allocator_arm(&allocator, 0, false);
            svcr_arena_clear(&arena);
        }
    }
    ck_assert_uint_gt(failures, 60);
    svcroute_context_unref(context);
}
END_TEST

static struct svcroute_node node_of(uint32_t kind, const char *text)
{
    struct svcroute_node node = {.kind = (uint8_t)kind, .size = (uint32_t)strlen(text)};

    node.as.text = text;
    if (kind == SVCROUTE_NODE_BOOLEAN) {
        node.flags = text[0] == 't' ? SVCR_NODE_TRUE : 0;
    }
    return node;
}

START_TEST(integers_are_judged_by_range)
{
    static const struct {
        const char *text;
        int judged32, judged64;
        int64_t value;
    } integers[] = {
        {"0", 0, 0, 0},
        {"-0", 0, 0, 0},
        {"80", 0, 0, 80},
        {"2147483647", 0, 0, 2147483647},
        {"2147483648", SVCR_JUDGED_RANGE, 0, 2147483648},
        {"-2147483648", 0, 0, -2147483648},
        {"-2147483649", SVCR_JUDGED_RANGE, 0, -2147483649},
        {"4294967296", SVCR_JUDGED_RANGE, 0, 4294967296},
        {"9223372036854775807", SVCR_JUDGED_RANGE, 0, INT64_MAX},
        {"-9223372036854775808", SVCR_JUDGED_RANGE, 0, INT64_MIN},
        {"9223372036854775808", SVCR_JUDGED_RANGE, SVCR_JUDGED_RANGE, 0},
        {"-9223372036854775809", SVCR_JUDGED_RANGE, SVCR_JUDGED_RANGE, 0},
        {"18446744073709551616", SVCR_JUDGED_RANGE, SVCR_JUDGED_RANGE, 0},
        {"100000000000000000000000000", SVCR_JUDGED_RANGE, SVCR_JUDGED_RANGE, 0},
    };

    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        struct svcroute_node node = node_of(SVCROUTE_NODE_INTEGER, integers[i].text);
        int32_t narrow = 7, port = 7;
        int64_t wide = 7;
        bool is_text = true;
        svcr_text text;

        ck_assert_int_eq((int)svcr_judge_int32(&node, &narrow), integers[i].judged32);
        ck_assert_int_eq((int)svcr_judge_int64(&node, &wide), integers[i].judged64);
        ck_assert_int_eq((int)svcr_judge_int_or_text(&node, &is_text, &port, &text),
                         integers[i].judged32);
        ck_assert_int_eq(narrow, integers[i].judged32 ? 0 : integers[i].value);
        ck_assert_int_eq(port, narrow);
        ck_assert_int_eq(wide, integers[i].judged64 ? 0 : integers[i].value);
        ck_assert(!is_text);
    }
}
END_TEST

START_TEST(fields_take_their_own_type_and_null)
{
    struct svcroute_node list = {.kind = SVCROUTE_NODE_LIST};
    list.as.extent = 1;
    const struct {
        struct svcroute_node node;
        int as_string, as_int, as_bool, as_either;
    } cases[] = {
        {node_of(SVCROUTE_NODE_STRING, "80"), 0, 2, 2, 0},
        {node_of(SVCROUTE_NODE_INTEGER, "80"), 2, 0, 2, 0},
        {node_of(SVCROUTE_NODE_NUMBER, "80.0"), 2, 2, 2, 2},
        {node_of(SVCROUTE_NODE_NUMBER, "8e1"), 2, 2, 2, 2},
        {node_of(SVCROUTE_NODE_BOOLEAN, "true"), 2, 2, 0, 2},
        {node_of(SVCROUTE_NODE_BOOLEAN, "false"), 2, 2, 0, 2},
        {node_of(SVCROUTE_NODE_NULL, "null"), 1, 1, 1, 1},
        {list, 2, 2, 2, 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct svcroute_node *node = &cases[i].node;
        svcr_text text = SVCR_TEXT("x"), either = SVCR_TEXT("x");
        int32_t narrow = 7, port = 7;
        int64_t wide = 7;
        bool truth = true, is_text = true;

        ck_assert_int_eq((int)svcr_judge_string(node, &text), cases[i].as_string);
        ck_assert_int_eq((int)svcr_judge_int32(node, &narrow), cases[i].as_int);
        ck_assert_int_eq((int)svcr_judge_int64(node, &wide), cases[i].as_int);
        ck_assert_int_eq((int)svcr_judge_bool(node, &truth), cases[i].as_bool);
        ck_assert_int_eq((int)svcr_judge_int_or_text(node, &is_text, &port, &either),
                         cases[i].as_either);
        ck_assert_int_eq(truth, i == 4);
        ck_assert_int_eq(is_text, i == 0);
        ck_assert(svcr_text_same(text, i == 0 ? SVCR_TEXT("80") : SVCR_TEXT_ABSENT));
        ck_assert(svcr_text_same(either, text));
        ck_assert_int_eq(narrow, i == 1 ? 80 : 0);
        ck_assert_int_eq(port, narrow);
        ck_assert_int_eq(wide, narrow);
    }
}
END_TEST

Suite *suite_scalar(void);

Suite *suite_scalar(void)
{
    Suite *suite = suite_create("scalar");
    TCase *tcase = tcase_create("scalar");

    tcase_add_test(tcase, texts_and_tags_say_what_a_scalar_is);
    tcase_add_test(tcase, keys_become_text);
    tcase_add_test(tcase, no_memory_is_an_error);
    tcase_add_test(tcase, integers_are_judged_by_range);
    tcase_add_test(tcase, fields_take_their_own_type_and_null);
    suite_add_tcase(suite, tcase);
    return suite;
}
