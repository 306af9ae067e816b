/* Rules compiled: names and values of matchers, what is refused, and jumps against an evaluator of
 * trees. Expectations after behaviour section 11 and the descriptions in program.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule/program.h"

#include "failing_allocator.h"

static struct svcroute_context *context;
static struct failing_allocator memory;
static struct svcr_arena arena;
static struct svcr_rule_fault fault;
static uint64_t random_state;

static void setup(void)
{
    context = failing_context(&memory);
    svcr_arena_init(&arena, context);
    random_state = 1;
}

static void teardown(void)
{
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
    ck_assert_uint_eq(memory.live, 0);
}

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static bool same(svcr_text text, const char *string)
{
    return svcr_text_same(text, (svcr_text){string, strlen(string)});
}

/* Compiles from a copy that is gone when the program is used. */
static int compile(const char *rule, struct svcr_program **program)
{
    size_t size = strlen(rule);
    char *copy = malloc(size + 1);
    int status;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, rule, size);
    status = svcr_program_make(program, context, (svcr_text){copy, size}, &fault);
    memset(copy, 'x', size);
    free(copy);
    ck_assert((*program == NULL) == (status != SVCROUTE_OK));
    return status;
}

/* ---- names --------------------------------------------------------------------------------- */

static const char *const names[] = {
    [SVCR_MATCHER_HOST] = "Host",
    [SVCR_MATCHER_HOST_REGEXP] = "HostRegexp",
    [SVCR_MATCHER_PATH] = "Path",
    [SVCR_MATCHER_PATH_PREFIX] = "PathPrefix",
    [SVCR_MATCHER_PATH_REGEXP] = "PathRegexp",
    [SVCR_MATCHER_METHOD] = "Method",
    [SVCR_MATCHER_HEADER] = "Header",
    [SVCR_MATCHER_HEADER_REGEXP] = "HeaderRegexp",
    [SVCR_MATCHER_QUERY] = "Query",
    [SVCR_MATCHER_QUERY_REGEXP] = "QueryRegexp",
    [SVCR_MATCHER_CLIENT_IP] = "ClientIP",
};
enum { NUM_NAMES = sizeof(names) / sizeof(names[0]) };

/* As written, and in every other way to case the letters: all lower, all upper, the first upper. */
START_TEST(names_are_known_in_four_cases)
{
    for (size_t i = 1; i < NUM_NAMES; i++) {
        size_t size = strlen(names[i]);
        unsigned found = 0;

        ck_assert_str_eq(svcr_matcher_name((enum svcr_matcher)i), names[i]);
        for (uint32_t upper = 0; upper < 1u << size; upper++) {
            char name[16], lower[16];
            bool wanted = upper == 0 || upper == 1 || upper == (1u << size) - 1;

            for (size_t j = 0; j <= size; j++) {
                lower[j] = (char)(names[i][j] >= 'A' && names[i][j] <= 'Z' ? names[i][j] + 32
                                                                           : names[i][j]);
                name[j] = (char)(j < size && upper >> j & 1 ? lower[j] - 32 : lower[j]);
            }
            wanted = wanted || strcmp(name, names[i]) == 0;
            ck_assert_msg(svcr_matcher_find((svcr_text){name, size}) == (wanted ? i : 0), "%s",
                          name);
            found += wanted;
        }
        ck_assert_uint_ge(found, 3);
    }
    ck_assert_int_eq(svcr_matcher_find(SVCR_TEXT("")), 0);
    ck_assert_int_eq(svcr_matcher_find(SVCR_TEXT("Hos")), 0);
    ck_assert_int_eq(svcr_matcher_find(SVCR_TEXT("Hosts")), 0);
}
END_TEST

/* ---- values -------------------------------------------------------------------------------- */

#define V4(a) "\0\0\0\0\0\0\0\0\0\0\xff\xff" a

static const struct {
    const char *rule;
    enum svcr_matcher matcher;
    const char *key;
    const char *value;
    size_t size; /* of the value; 0: as a string */
    uint8_t bits;
} values[] = {
    {"Host(`A.Example.COM.`)", SVCR_MATCHER_HOST, "", "a.example.com.", 0, 0},
    {"Host(`*`)", SVCR_MATCHER_HOST, "", "*", 0, 0},
    {"host(\" A[\\x5a]\")", SVCR_MATCHER_HOST, "", " a[z]", 0, 0},
    {"Path(`/A%2f\xc3\xa9`)", SVCR_MATCHER_PATH, "", "/A%2f\xc3\xa9", 0, 0},
    {"PathPrefix(`/`)", SVCR_MATCHER_PATH_PREFIX, "", "/", 0, 0},
    {"Method(`Get`)", SVCR_MATCHER_METHOD, "", "GET", 0, 0},
    {"Method(`x-a~1`)", SVCR_MATCHER_METHOD, "", "X-A~1", 0, 0},
    /* The two letters beyond ASCII whose upper case is not. */
    {"Method(`l\xc4\xb1\xc5\xbft`)", SVCR_MATCHER_METHOD, "", "LIST", 0, 0},
    {"Header(`x-forwarded-FOR`, `A b`)", SVCR_MATCHER_HEADER, "X-Forwarded-For", "A b", 0, 0},
    {"Header(`etag_x.1-a`, `1`)", SVCR_MATCHER_HEADER, "Etag_x.1-A", "1", 0, 0},
    {"Header(`-x--Y-`, `1`)", SVCR_MATCHER_HEADER, "-X--Y-", "1", 0, 0},
    {"Header(`x y`, `1`)", SVCR_MATCHER_HEADER, "x y", "1", 0, 0},
    {"Header(`x-\xc3\xa9`, `1`)", SVCR_MATCHER_HEADER, "x-\xc3\xa9", "1", 0, 0},
    {"Query(`Ab`, `Cd`)", SVCR_MATCHER_QUERY, "Ab", "Cd", 0, 0},
    {"Query(`a`)", SVCR_MATCHER_QUERY, "a", "", 0, 0},
    {"QueryRegexp(`a`)", SVCR_MATCHER_QUERY, "a", "", 0, 0},
    {"ClientIP(`10.1.2.3`)", SVCR_MATCHER_CLIENT_IP, "", V4("\x0a\x01\x02\x03"), 16, 128},
    {"ClientIP(`10.1.2.3/8`)", SVCR_MATCHER_CLIENT_IP, "", V4("\x0a\x01\x02\x03"), 16, 104},
    {"ClientIP(`0.0.0.0/00`)", SVCR_MATCHER_CLIENT_IP, "", V4("\0\0\0\0"), 16, 96},
    {"ClientIP(`::/0`)", SVCR_MATCHER_CLIENT_IP, "", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0},
    {"ClientIP(`::FFFF:10.0.0.1`)", SVCR_MATCHER_CLIENT_IP, "", V4("\x0a\0\0\x01"), 16, 128},
    {"ClientIP(`::ffff:0:0/96`)", SVCR_MATCHER_CLIENT_IP, "", V4("\0\0\0\0"), 16, 96},
    {"ClientIP(`2001:db8::5/032`)", SVCR_MATCHER_CLIENT_IP, "",
     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05", 16, 32},
};

START_TEST(values_are_what_is_compared)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct svcr_program *program;
        const struct svcr_test *test;
        svcr_text value = {values[i].value,
                           values[i].size > 0 ? values[i].size : strlen(values[i].value)};

        ck_assert_msg(compile(values[i].rule, &program) == SVCROUTE_OK, "%s: %s", values[i].rule,
                      fault.text);
        ck_assert_uint_eq(program->num_tests, 1);
        test = program->tests;
        ck_assert_msg(test->matcher == values[i].matcher, "%s", values[i].rule);
        ck_assert_msg(same(test->key, values[i].key), "%s", values[i].rule);
        ck_assert_msg(svcr_text_same(test->value, value), "%s", values[i].rule);
        ck_assert_uint_eq(test->bits, values[i].bits);
        ck_assert_uint_eq(test->offset, 0);
        ck_assert_uint_eq(test->size, strlen(values[i].rule));
        ck_assert_ptr_null(test->regex);
        ck_assert_int_eq(test->on_true, SVCR_TEST_YES);
        ck_assert_int_eq(test->on_false, SVCR_TEST_NO);
        svcr_block_unref(context, program);
    }
}
END_TEST

START_TEST(regular_expressions_are_compiled)
{
    const char *const rules[] = {"HostRegexp(`^a\\.b$`)", "PathRegexp(\"^/\\u00e9\\\\d\")",
                                 "HeaderRegexp(`x-t`, `^1`)", "QueryRegexp(`q`, `^1`)"};
    const char *const patterns[] = {"^a\\.b$", "^/\xc3\xa9\\d", "^1", "^1"};

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct svcr_program *program;
        int status = compile(rules[i], &program);

        if (!svcr_regex_available()) {
            ck_assert_int_eq(status, SVCROUTE_ERR_SYNTAX);
            continue;
        }
        ck_assert_msg(status == SVCROUTE_OK, "%s: %s", rules[i], fault.text);
        ck_assert(same(program->tests[0].value, patterns[i]));
        ck_assert_ptr_nonnull(program->tests[0].regex);
        ck_assert(i != 2 || same(program->tests[0].key, "X-T"));
        svcr_block_unref(context, program);
    }
}
END_TEST

/* ---- refused ------------------------------------------------------------------------------- */

static const struct {
    const char *rule;
    uint32_t first, last; /* where the fault may be said to be */
    const char *says;
} bad[] = {
    {"Foo(`x`)", 0, 0, "HostRegexp, Path,"},
    {"Path(`/`) && hOST(`a`)", 13, 13, "write Host"},
    {"PathPrefx(`/`)", 0, 0, "write PathPrefix"},
    {"PahtPrefix(`/`)", 0, 0, "write PathPrefix"},
    {"H\xc3\xb4st(`a`)", 0, 0, "Host,"},
    {"Headers(`a`, `b`)", 0, 0, "write Header"},
    {"HostSNI(`a`)", 0, 0, "TCP"},
    {"PathPrefixStrip(`/x`)", 0, 0, "stripPrefix"},
    {"Averyveryveryveryverylongnamethatnobodywouldgiveamatchereverinitslife(`a`)", 0, 0, "Host,"},
    {"Host()", 5, 5, "Host(`example.com`)"},
    {"Host(`a`, `b`)", 10, 10, "||"},
    {"Path(`/a`, `/b`)", 11, 11, "||"},
    {"Method(`A`,`B`)", 11, 11, "||"},
    {"ClientIP(`::1`,`::2`)", 15, 15, "||"},
    {"Header(`a`)", 10, 10, "name and a value"},
    {"Header()", 7, 7, "name and a value"},
    {"HeaderRegexp(`a`)", 16, 16, "name and a value"},
    {"Header(`a`, `b`, `c`)", 17, 17, "one value"},
    {"Query()", 6, 6, "a name"},
    {"Query(`a`,`b`,`c`)", 14, 14, "one value"},
    {"QueryRegexp(`a`,`b`,`c`)", 20, 20, "one value"},
    {"Host(``)", 5, 5, "empty"},
    {"Host(`\r`)", 5, 5, "empty"},
    {"Header(``, `a`)", 7, 7, "empty name"},
    {"Header(`a`, \"\")", 12, 12, "empty value"},
    {"Query(`a`, ``)", 11, 11, "leave it out"},
    {"PathRegexp(``)", 11, 11, "empty"},
    {"Host(`a.b\xc3\xbc"
     "cher`)",
     9, 9, "ASCII"},
    {"Host(\"\\xff\")", 5, 5, "ASCII"},
    {"HostRegexp(`a\xc3\xbc`)", 13, 13, "ASCII"},
    {"Path(`foo`)", 5, 5, "`/foo`"},
    {"Path(`*`)", 5, 5, "begins"},
    {"Method(`A`) || PathPrefix(\"x\")", 26, 26, "begins"},
    {"ClientIP(`localhost`)", 10, 10, "no IP address"},
    {"ClientIP(`10.0.0`)", 10, 10, "no IP address"},
    {"ClientIP(`10.0.0.256`)", 10, 10, "no IP address"},
    {"ClientIP(`010.0.0.1`)", 10, 10, "no IP address"},
    {"ClientIP(` ::1`)", 10, 10, "no IP address"},
    {"ClientIP(`[::1]`)", 10, 10, "no IP address"},
    {"ClientIP(`1::2::3`)", 10, 10, "no IP address"},
    {"ClientIP(`1:2:3:4:5:6:7::8:9`)", 10, 10, "no IP address"},
    {"ClientIP(`/8`)", 10, 10, "no IP address"},
    {"ClientIP(`fe80::1%eth0`)", 17, 17, "zone"},
    {"ClientIP(`fe80::1%eth0/64`)", 17, 17, "zone"},
    {"ClientIP(`10.0.0.0/33`)", 19, 19, "0 to 32"},
    {"ClientIP(`10.0.0.0/`)", 19, 19, "0 to 32"},
    {"ClientIP(`10.0.0.0/-1`)", 19, 19, "0 to 32"},
    {"ClientIP(`10.0.0.0/8/8`)", 19, 19, "0 to 32"},
    {"ClientIP(`10.0.0.0/:`)", 19, 19, "0 to 32"},
    {"ClientIP(`10.0.0.0/4294967304`)", 19, 19, "0 to 32"},
    {"ClientIP(`::1/129`)", 14, 14, "0 to 128"},
    {"Path(`/`) && PathRegexp(`ab(`)", 25, 28, ""},
    {"HostRegexp(\"a\\x5b\")", 11, 11, ""}, /* behind an escape: the value's beginning */
    {"HeaderRegexp(`[`, `[`)", 19, 20, ""},
    {"PathRegexp(`a`) && PathRegexp(`*`) && Path(`/`)", 31, 32, ""},
};

START_TEST(what_matchers_do_not_take_is_refused)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct svcr_program *program;

        ck_assert_msg(compile(bad[i].rule, &program) == SVCROUTE_ERR_SYNTAX, "%s", bad[i].rule);
        ck_assert_uint_gt(strlen(fault.text), 0);
        if (bad[i].says[0] == '\0' && !svcr_regex_available()) {
            continue;
        }
        ck_assert_msg(fault.offset >= bad[i].first && fault.offset <= bad[i].last, "%s: %u: %s",
                      bad[i].rule, (unsigned)fault.offset, fault.text);
        ck_assert_msg(strstr(fault.text, bad[i].says) != NULL, "%s: %s", bad[i].rule, fault.text);
    }
}
END_TEST

/* ---- jumps --------------------------------------------------------------------------------- */

/* Where a run goes from each test: one letter for each of true and false, "1" and "0" the ends,
 * "b" the second test. */
static const struct {
    const char *rule, *jumps;
} jumps[] = {
    {"Method(`A`)", "10"},
    {"!Method(`A`)", "01"},
    {"!!Method(`A`)", "10"},
    {"Method(`A`) && Method(`B`)", "b0 10"},
    {"Method(`A`) || Method(`B`)", "1b 10"},
    {"!(Method(`A`) && Method(`B`))", "b1 01"},
    {"!(Method(`A`) || Method(`B`))", "0b 01"},
    {"Method(`A`) && Method(`B`) || Method(`C`)", "bc 1c 10"},
    {"Method(`A`) || Method(`B`) && Method(`C`)", "1b c0 10"},
    {"(Method(`A`) || Method(`B`)) && Method(`C`)", "cb c0 10"},
    {"!(Method(`A`) || Method(`B`)) && Method(`C`)", "0b 0c 10"},
    {"Method(`A`) && !(Method(`B`) && Method(`C`)) && Method(`D`)", "b0 cd 0d 10"},
    {"(Method(`A`) && Method(`B`) || Method(`C`)) && (Method(`D`) || !Method(`E`))",
     "bc dc d0 1e 01"},
};

static char jump_letter(int32_t jump)
{
    return jump == SVCR_TEST_YES ? '1' : jump == SVCR_TEST_NO ? '0' : (char)('a' + jump);
}

START_TEST(jumps_are_short)
{
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        struct svcr_program *program;
        char text[128] = "";

        ck_assert_int_eq(compile(jumps[i].rule, &program), SVCROUTE_OK);
        for (uint32_t j = 0; j < program->num_tests; j++) {
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%c%c", j > 0 ? " " : "",
                     jump_letter(program->tests[j].on_true),
                     jump_letter(program->tests[j].on_false));
            /* In the order of writing. */
            ck_assert_uint_eq((unsigned char)program->tests[j].value.data[0], 'A' + j);
        }
        ck_assert_msg(strcmp(text, jumps[i].jumps) == 0, "%s: %s", jumps[i].rule, text);
        svcr_block_unref(context, program);
    }
}
END_TEST

/* A random rule: calls of Method, each with a letter of its own that stands for nothing. */
static size_t random_rule(char *out, uint32_t depth, uint32_t *num)
{
    uint32_t kind = depth == 0 ? 0 : draw(5);
    size_t size = 0;

    if (kind <= 1 || *num > 20) {
        (*num)++;
        return (size_t)sprintf(out, "Method(`M`)");
    }
    if (kind == 2) {
        out[size++] = '!';
    }
    out[size++] = '(';
    size += random_rule(out + size, depth - 1, num);
    for (uint32_t more = kind == 2 ? draw(2) : 1 + draw(3); more > 0; more--) {
        size += (size_t)sprintf(out + size, draw(2) ? " && " : " || ");
        size += random_rule(out + size, depth - 1, num);
    }
    out[size++] = ')';
    out[size] = '\0';
    return size;
}

/* Evaluates as C would, and says which test was looked at last. */
static bool evaluate(const struct svcr_expr *expr, uint32_t *next, uint64_t truth, uint32_t *last,
                     bool asked)
{
    bool value;

    if (expr->kind == SVCR_EXPR_CALL) {
        value = truth >> *next & 1;
        *last = asked ? *next : *last;
        (*next)++;
        return value;
    }
    if (expr->kind == SVCR_EXPR_NOT) {
        return !evaluate(expr->child, next, truth, last, asked);
    }
    value = expr->kind == SVCR_EXPR_AND;
    for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
        bool settled = value != (expr->kind == SVCR_EXPR_AND);
        bool one = evaluate(child, next, truth, last, asked && !settled);

        value = settled ? value : one;
    }
    return value;
}

START_TEST(runs_agree_with_trees)
{
    static char rule[4096];
    uint32_t decided[2] = {0};

    for (int round = 0; round < 100000; round++) {
        struct svcr_program *program;
        struct svcr_expr *expr;
        uint32_t num = 0;
        uint64_t truth = draw(1u << 31) | (uint64_t)draw(1u << 31) << 31;
        svcr_text text;

        text = (svcr_text){rule, random_rule(rule, 4, &num)};
        ck_assert_int_eq(svcr_rule_parse(&arena, text, &expr, &fault), SVCROUTE_OK);
        ck_assert_int_eq(svcr_program_make(&program, context, text, &fault), SVCROUTE_OK);
        ck_assert_uint_eq(program->num_tests, num);
        for (int again = 0; again < 4; again++, truth = truth * 5 + draw(1u << 31)) {
            uint32_t next = 0, last = 0;
            bool wanted = evaluate(expr, &next, truth, &last, true);
            int32_t at = 0, before = 0;

            ck_assert_uint_eq(next, num);
            while (at >= 0) {
                before = at;
                at = truth >> at & 1 ? program->tests[at].on_true : program->tests[at].on_false;
                ck_assert(at < 0 || (at > before && (uint32_t)at < num));
            }
            ck_assert_msg(at == (wanted ? SVCR_TEST_YES : SVCR_TEST_NO), "%s", rule);
            ck_assert_msg((uint32_t)before == last, "%s", rule);
            decided[wanted]++;
        }
        svcr_block_unref(context, program);
        svcr_arena_reset(&arena);
    }
    ck_assert_uint_gt(decided[0], 40000);
    ck_assert_uint_gt(decided[1], 40000);
}
END_TEST

/* ---- size, memory -------------------------------------------------------------------------- */

START_TEST(ten_thousand_alternatives_are_one_program)
{
    static const char *const operators[] = {" || ", " && "};
    char *rule = malloc(1 << 21);

    for (int i = 0; i < 2; i++) {
        char *at = rule;
        struct svcr_program *program;

        for (unsigned j = 0; j < 20000; j++) {
            at += sprintf(at, "%sHost(`a%05u.example.org`) && PathPrefix(`/%05u/`)",
                          j > 0 ? operators[i] : "", j, j);
        }
        ck_assert_int_gt(at - rule, 1000000);
        ck_assert_msg(compile(rule, &program) == SVCROUTE_OK, "%s", fault.text);
        ck_assert_uint_eq(program->num_tests, 40000);
        ck_assert_uint_eq(program->num_anchors, 1);
        ck_assert_uint_lt(program->head.bytes, 6000000);
        svcr_block_unref(context, program);
    }
    free(rule);
}
END_TEST

/* Each allocation fails once, and from then on; nothing is left behind. */
START_TEST(out_of_memory_is_a_code)
{
    const char *rule = svcr_regex_available()
                           ? "(Host(`A`) || Host(`b`)) && (Path(\"/\\x41\") || Header(`x`,`1`)) || "
                             "HostRegexp(`^a`) && !PathRegexp(`b$`) && ClientIP(`::1`)"
                           : "(Host(`A`) || Host(`b`)) && (Path(\"/\\x41\") || Header(`x`,`1`)) || "
                             "ClientIP(`::1`)";

    for (int after = 0; after < 2; after++) {
        size_t n = 0, live = memory.live;
        int status;

        do {
            struct svcr_program *program;

            failing_allocator_arm(&memory, ++n, after);
            status = compile(rule, &program);
            ck_assert_int_eq(status, memory.calls < n ? SVCROUTE_OK : SVCROUTE_ERR_NOMEM);
            svcr_block_unref(context, program);
            ck_assert_uint_eq(memory.live, live);
        } while (status != SVCROUTE_OK);
        ck_assert_uint_gt(n, 2);
    }
    failing_allocator_arm(&memory, 0, false);
}
END_TEST

Suite *suite_program(void);
Suite *suite_program(void)
{
    Suite *suite = suite_create("program");
    TCase *tcase = tcase_create("rules");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, names_are_known_in_four_cases);
    tcase_add_test(tcase, values_are_what_is_compared);
    tcase_add_test(tcase, regular_expressions_are_compiled);
    tcase_add_test(tcase, what_matchers_do_not_take_is_refused);
    tcase_add_test(tcase, jumps_are_short);
    tcase_add_test(tcase, runs_agree_with_trees);
    tcase_add_test(tcase, ten_thousand_alternatives_are_one_program);
    tcase_add_test(tcase, out_of_memory_is_a_code);
    suite_add_tcase(suite, tcase);
    return suite;
}
