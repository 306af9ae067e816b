/* The grammar of rules: trees and values of good ones, place and text of what is wrong with bad
 * ones. The expectations follow the Go Programming Language Specification and the grammar of
 * behaviour section 11, by hand. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule/syntax.h"

#include "failing_allocator.h"

static struct svcroute_context *context;
static struct failing_allocator memory;
static struct svcr_arena arena;

static void setup(void)
{
    context = failing_context(&memory);
    svcr_arena_init(&arena, context);
}

static void teardown(void)
{
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
    ck_assert_uint_eq(memory.live, 0);
}

/* ---- trees as text: Name(value,value), !x, (a & b & c), (a | b) ---- */

static char dump_text[4096];

static void dump_bytes(svcr_text text)
{
    size_t at = strlen(dump_text);

    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool plain = byte > 0x20 && byte < 0x7f && byte != '\\';

        at += (size_t)snprintf(dump_text + at, sizeof(dump_text) - at, plain ? "%c" : "\\%02x",
                               (unsigned)byte);
    }
}

static void dump_expr(const struct svcr_expr *expr)
{
    uint32_t num_calls = 0;

    if (expr->kind == SVCR_EXPR_CALL) {
        ck_assert_uint_eq(expr->num_calls, 1);
        ck_assert_ptr_null(expr->child);
        dump_bytes(expr->name);
        strcat(dump_text, "(");
        for (uint32_t i = 0; i < expr->num_arguments; i++) {
            strcat(dump_text, i > 0 ? "," : "");
            dump_bytes(expr->arguments[i].value);
        }
        strcat(dump_text, ")");
        return;
    }
    strcat(dump_text, expr->kind == SVCR_EXPR_NOT ? "!" : "(");
    for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
        dump_expr(child);
        num_calls += child->num_calls;
        if (child->next != NULL) {
            strcat(dump_text, expr->kind == SVCR_EXPR_AND ? " & " : " | ");
        }
    }
    strcat(dump_text, expr->kind == SVCR_EXPR_NOT ? "" : ")");
    ck_assert_uint_eq(expr->num_calls, num_calls);
}

static int parse(const char *rule, size_t size, struct svcr_expr **out,
                 struct svcr_rule_fault *fault)
{
    /* A copy of that size alone, so that reading beyond it is seen. */
    char *copy = malloc(size > 0 ? size : 1);
    struct svcr_expr *expr;
    int status;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, rule, size);
    memset(fault, 0, sizeof(*fault));
    fault->offset = UINT32_MAX;
    status = svcr_rule_parse(&arena, (svcr_text){copy, size}, &expr, fault);
    dump_text[0] = '\0';
    if (status == SVCROUTE_OK && size < 2000) {
        dump_expr(expr);
    }
    ck_assert((expr != NULL) == (status == SVCROUTE_OK));
    if (status == SVCROUTE_ERR_SYNTAX) {
        const char *end = memchr(fault->text, 0, sizeof(fault->text));
        size_t length = end != NULL ? (size_t)(end - fault->text) : sizeof(fault->text);

        ck_assert_uint_le(fault->offset, size);
        ck_assert_uint_gt(length, 0);
        ck_assert_uint_lt(length, sizeof(fault->text));
        ck_assert(svcr_utf8_valid(fault->text, length));
    }
    *out = NULL; /* it borrows from the copy */
    free(copy);
    return status;
}

/* ---- good rules ---- */

#define BOM "\xef\xbb\xbf"

static const struct {
    const char *rule, *tree;
} good[] = {
    {"Host(`a`)", "Host(a)"},
    {"Host(\"a\")", "Host(a)"},
    {" \t\r\nHost \t\r( \t\r\n`a`) ", "Host(a)"},
    {"Host(`a`)\n", "Host(a)"},
    {"Host(`a`)\n\n\r\n \n", "Host(a)"},
    {"Header(`k`,`v`)", "Header(k,v)"},
    {"Any_1\xc3\xa9(`a`, \"b\",\n`c`)", "Any_1\\c3\\a9(a,b,c)"},
    {"_()", "_()"},
    {"f(`a`,)", "f(a)"},
    {"f(`a`,\n)", "f(a)"},
    {"f(`a`...)", "f(a)"},
    {"f(`a`,`b` ...,)", "f(a,b)"},
    {"f(`a`...\n,\n)", "f(a)"},
    {"f(``,\"\")", "f(,)"},
    /* Operators: "!" before "&&" before "||"; chains are flat. */
    {"a() && b() && c()", "(a() & b() & c())"},
    {"a() || b() || c()", "(a() | b() | c())"},
    {"a() || b() && c()", "(a() | (b() & c()))"},
    {"a() && b() || c()", "((a() & b()) | c())"},
    {"a() || b() && c() || d() && e()", "(a() | (b() & c()) | (d() & e()))"},
    {"(a() || b()) && c()", "((a() | b()) & c())"},
    {"a() && (b() && c())", "(a() & (b() & c()))"},
    {"!a() && b()", "(!a() & b())"},
    {"!(a() && b())", "!(a() & b())"},
    {"!!a()", "!!a()"},
    {"! ! ( ( ! a() ) )", "!!!a()"},
    {"((a()))", "a()"},
    {"a()&&b()||!c()", "((a() & b()) | !c())"},
    /* Line breaks behind what cannot end an expression. */
    {"a() &&\nb() ||\n!\nc()", "((a() & b()) | !c())"},
    {"(\na() && (\nb()))", "(a() & b())"},
    /* Comments: blanks, but a line break in or behind one is one. */
    {"// c\na()", "a()"},
    {"a() // c", "a()"},
    {"a() // c\n// d\n/* e */", "a()"},
    {"a()/**/&&/* && b() */b()", "(a() & b())"},
    {"a() /* x\ny */", "a()"},
    {"a() /* x\ny */\n // z\n", "a()"},
    {"/* x\ny */ a()", "a()"},
    {"a() && /* x\ny */ b()", "(a() & b())"},
    {"a() && // x\n b()", "(a() & b())"},
    {"a() /* ** / // */ && b()", "(a() & b())"},
    {"f(/* c */`a`/* d */,// e\n`b`/**/)", "f(a,b)"},
    {"f(`// a`,\"/* b\")", "f(//\\20a,/*\\20b)"},
    /* A byte order mark at the very start. */
    {BOM "a()", "a()"},
    {BOM "\n// c\na()\n", "a()"},
    {"// caf\xc3\xa9 \xef\xbf\xbd\na()", "a()"},
    /* Texts. */
    {"f(`\\x41\\`)", "f(\\5cx41\\5c)"},
    {"f(`a\nb\tc\"'`)", "f(a\\0ab\\09c\"')"},
    {"f(`a\r\nb\r\r`,`\r`)", "f(a\\0ab,)"},
    {"f(\"a\rb\tc`'\")", "f(a\\0db\\09c`')"},
    {"f(\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\")", "f(\\07\\08\\0c\\0a\\0d\\09\\0b\\5c\")"},
    {"f(\"\\x41\\xfF\\x00\")", "f(A\\ff\\00)"},
    {"f(\"\\101\\377\\000\")", "f(A\\ff\\00)"},
    {"f(\"\\1011\\x411\\u00411\")", "f(A1A1A1)"},
    {"f(\"\\u00e9\\u20AC\\ud7ff\\ue000\")", "f(\\c3\\a9\\e2\\82\\ac\\ed\\9f\\bf\\ee\\80\\80)"},
    {"f(\"\\U0001F600\\U0010ffff\\ufeff\\ufffd\")",
     "f(\\f0\\9f\\98\\80\\f4\\8f\\bf\\bf\\ef\\bb\\bf\\ef\\bf\\bd)"},
    {"f(\"a\\\\\")", "f(a\\5c)"},
    {"f(\"\xc3\xa9\\n\xe2\x82\xac\")", "f(\\c3\\a9\\0a\\e2\\82\\ac)"},
    /* Comments that set a line number, or do not look like it. */
    {"//line a.go:12\na()", "a()"},
    {"//line a.go:12:1073741824\r\na()", "a()"},
    {"/*line :1*/ a()", "a()"},
    {"//line a\na() // line b:0", "a()"},
    {" //line a:0\na()", "a()"},
    {"a() //line a:0", "a()"},
    {BOM "//line a:0\na()", "a()"},
    {"//Line a:0\n/*line*/ a()", "a()"},
    {"/*line a:9223372036854775808*/ a()", "a()"},
};

START_TEST(good_rules_give_their_trees)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct svcr_rule_fault fault;
        struct svcr_expr *expr;
        int status = parse(good[i].rule, strlen(good[i].rule), &expr, &fault);

        ck_assert_msg(status == SVCROUTE_OK, "%s: %s", good[i].rule, fault.text);
        ck_assert_msg(strcmp(dump_text, good[i].tree) == 0, "%s: %s", good[i].rule, dump_text);
    }
}
END_TEST

/* ---- bad rules ---- */

#define R(literal) literal, sizeof(literal) - 1

static const struct {
    const char *rule;
    size_t size;
    uint32_t offset;
    const char *says; /* a part of the text */
} bad[] = {
    {R(""), 0, "empty"},
    {R(" \n"), 2, "empty"},
    {R("// c"), 4, "empty"},
    {R("Host"), 4, "missing behind Host"},
    {R("Host\n(`a`)"), 4, "line break"},
    {R("Host /*\n*/ (`a`)"), 7, "line break"},
    {R("Host(`a`"), 8, "\")\" is missing at the end"},
    {R("Host(`a`\n)"), 8, "comma"},
    {R("Host(`a` // c\n)"), 13, "comma"},
    {R("Host(`a` /* c\n*/)"), 13, "comma"},
    {R("f(`a`\n,`b`)"), 5, "comma"},
    {R("f(`a` `b`)"), 6, "\",\""},
    {R("f(,)"), 2, "value"},
    {R("f(`a`,,`b`)"), 6, "value"},
    {R("f(...)"), 2, "value"},
    {R("f(`a`...,`b`)"), 9, "\")\""},
    {R("f(`a`..)"), 5, "\")\""},
    {R("f(`a`....)"), 8, "\")\""},
    {R("f(`a`+`b`)"), 5, "joined"},
    {R("f((`a`))"), 2, "parentheses"},
    {R("f(a.example)"), 2, "quote"},
    {R("f(12)"), 2, "quote"},
    {R("f(g(`a`))"), 2, "quote"},
    {R("f(!`a`)"), 2, "value"},
    {R("f(\xe2\x80\x9c"
       "a\xe2\x80\x9d)"),
     2, "(U+201C)"},
    {R("f\xef\xbc\x88`a`)"), 1, "missing behind f"},
    {R("(f)(`a`)"), 2, "missing behind f"},
    {R("f(`a`)(`b`)"), 6, "\"||\""},
    {R("f(`a`).g"), 6, "ahead of ."},
    {R("f.g(`a`)"), 1, "missing behind f"},
    {R("f(`a`))"), 6, "closes nothing"},
    {R("(f(`a`)"), 7, "\")\" is missing at the end"},
    {R("(f(`a`)\n)"), 7, "line break"},
    {R("(f(`a`) g(`b`))"), 8, "\")\" is missing ahead of g"},
    {R("()"), 1, "matcher"},
    {R("f(`a`) g(`b`)"), 7, "ahead of g"},
    {R("f(`a`)\n&& g(`b`)"), 7, "line before"},
    {R("f(`a`)\n\n // c\n || g(`b`)"), 15, "line before"},
    {R("f(`a`)\ng(`b`)"), 7, "ahead of g"},
    {R("f(`a`) & g(`b`)"), 7, "write &&"},
    {R("f(`a`) | g(`b`)"), 7, "write ||"},
    {R("f(`a`) And g(`b`)"), 7, "write &&"},
    {R("f(`a`) OR g(`b`)"), 7, "write ||"},
    {R("f(`a`), g(`b`)"), 6, "write ||"},
    {R("f(`a`);"), 6, "semicolon"},
    {R("f(`a`) == g(`b`)"), 7, "ahead of =="},
    {R("f(`a`) != g(`b`)"), 7, "ahead of !="},
    {R("f(`a`) ! g(`b`)"), 7, "ahead of !"},
    {R("f(`a`)\xc2\xa0"), 6, "(U+00A0)"},
    {R("f(`a`) &&"), 9, "matcher"},
    {R("f(`a`) &&\n"), 10, "matcher"},
    {R("&& f(`a`)"), 0, "matcher"},
    {R("f(`a`) && && g(`b`)"), 10, "matcher"},
    {R("f(`a`) || )"), 10, "matcher"},
    {R("f(`a`) &&& g(`b`)"), 9, "matcher"},
    {R("!"), 1, "matcher"},
    {R("-f(`a`)"), 0, "matcher"},
    {R("#f(`a`)"), 0, "matcher"},
    {R("1"), 0, "matcher"},
    {R("1f(`a`)"), 0, "matcher"},
    {R("`a`"), 0, "alone"},
    {R("f(`a`) && \"x\""), 10, "alone"},
    {R("true"), 4, "missing behind true"},
    /* Quotes. */
    {R("f(`a)"), 2, "closing back-quote"},
    {R("f(\"a)"), 2, "closing double quote"},
    {R("f(\"a\n\")"), 2, "on its line"},
    {R("f(\"a\\\n\")"), 2, "on its line"},
    {R("f(\"a\\"), 2, "closing double quote"},
    {R("f(\"a\\\""), 2, "closing double quote"},
    {R("f('a')"), 2, "single"},
    {R("'f'(`a`)"), 0, "single"},
    {R("f(\"a\\w\")"), 4, "\\w is no escape"},
    {R("f(\"\\\xc3\xa9\")"), 3, "\\\xc3\xa9 is no escape"},
    {R("f(\"\\'\")"), 3, "escape"},
    {R("f(\"\\x4\")"), 3, "2 hexadecimal"},
    {R("f(\"\\xg1\")"), 3, "2 hexadecimal"},
    {R("f(\"\\08\")"), 3, "3 octal"},
    {R("f(\"ab\\400\")"), 5, "\\400 is no byte"},
    {R("f(\"\\u123\")"), 3, "4 hexadecimal"},
    {R("f(\"\\U1234567\")"), 3, "8 hexadecimal"},
    {R("f(\"\\ud800\")"), 3, "\\ud800 is no Unicode character"},
    {R("f(\"\\udfff\")"), 3, "\\udfff is no Unicode character"},
    {R("f(\"\\U00110000\")"), 3, "\\U00110000 is no Unicode character"},
    {R("f(\"\\Uffffffff\")"), 3, "\\Uffffffff is no Unicode character"},
    /* Comments. */
    {R("a() /* c"), 4, "no end"},
    {R("/*/ a()"), 0, "no end"},
    {R("//line a:0\na()"), 0, "line number"},
    {R("a() &&\n//line a:b\r\nb()"), 7, "line number"},
    {R("a() /*line a:1:0*/"), 4, "line number"},
    {R("a() /*line a:0:1*/"), 4, "line number"},
    {R("//line a:\na()"), 0, "line number"},
    {R("//line a:+1\na()"), 0, "line number"},
    {R("//line a:1073741825\na()"), 0, "line number"},
    {R("//line a:1073741825:1\na()"), 0, "line number"},
    {R("//line a:18446744073709551616\na()"), 0, "line number"},
    {R("//line http://a\na()"), 0, "line number"},
    /* Bytes, wherever they stand. */
    {R("f(`a`) \0"), 7, "NUL"},
    {R("f(`\0`)"), 3, "NUL"},
    {R("f(\"\xff\")"), 3, "0xff"},
    {R("f(`a`) // \xed\xa0\x80"), 10, "0xed"},
    {R("f(`\xc3`)"), 3, "0xc3"},
    {R("f(`a`)" BOM), 6, "start only"},
    {R("f(`" BOM "`)"), 3, "start only"},
    {R(BOM BOM "f(`a`)"), 3, "start only"},
    {R("f\v(`a`)"), 1, "missing behind f"},
};

START_TEST(bad_rules_say_where_and_what)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct svcr_rule_fault fault;
        struct svcr_expr *expr;

        ck_assert_msg(parse(bad[i].rule, bad[i].size, &expr, &fault) == SVCROUTE_ERR_SYNTAX, "%s",
                      bad[i].rule);
        ck_assert_msg(fault.offset == bad[i].offset, "%s: %u: %s", bad[i].rule,
                      (unsigned)fault.offset, fault.text);
        ck_assert_msg(strstr(fault.text, bad[i].says) != NULL, "%s: %s", bad[i].rule, fault.text);
    }
}
END_TEST

/* ---- places ---- */

START_TEST(nodes_and_arguments_say_where_they_stand)
{
    /*                   0         1         2         3         4
                         0123456789012345678901234567890123456789012345 */
    const char rule[] = " Host (`a` , \"\\x41\") && !( f(``) || (g()) ) // c";
    struct svcr_rule_fault fault;
    struct svcr_expr *expr;
    const struct svcr_expr *host, *not, *either;

    ck_assert_int_eq(svcr_rule_parse(&arena, SVCR_TEXT(rule), &expr, &fault), SVCROUTE_OK);
    ck_assert_uint_eq(expr->kind, SVCR_EXPR_AND);
    ck_assert_uint_eq(expr->offset, 1);
    ck_assert_uint_eq(expr->size, 42);
    host = expr->child;
    ck_assert_uint_eq(host->offset, 1);
    ck_assert_uint_eq(host->size, 19);
    ck_assert_ptr_eq(host->name.data, rule + 1);
    ck_assert_uint_eq(host->arguments[0].offset, 7);
    ck_assert_uint_eq(host->arguments[0].size, 3);
    ck_assert_ptr_eq(host->arguments[0].value.data, rule + 8);
    ck_assert_uint_eq(host->arguments[1].offset, 13);
    ck_assert_uint_eq(host->arguments[1].size, 6);
    not = host->next;
    ck_assert_uint_eq(not ->kind, SVCR_EXPR_NOT);
    ck_assert_uint_eq(not ->offset, 24);
    ck_assert_uint_eq(not ->size, 19);
    either = not ->child;
    ck_assert_uint_eq(either->kind, SVCR_EXPR_OR);
    ck_assert_uint_eq(either->offset, 27);
    ck_assert_uint_eq(either->size, 14);
    ck_assert_uint_eq(either->child->offset, 27);
    ck_assert_uint_eq(either->child->size, 5);
    ck_assert_uint_eq(either->child->next->offset, 37);
    ck_assert_uint_eq(either->child->next->size, 3);
    ck_assert_uint_eq(expr->num_calls, 3);
}
END_TEST

/* Of a rule's beginnings only these are rules: up to its first operator, with a blank or comment
 * behind, and the whole. */
START_TEST(beginnings_of_a_rule_are_refused)
{
    const char rule[] = "Host(`a`) /**/ && (Path(\"\\u002fx\") || !Query(`q`,`1`))";
    struct svcr_rule_fault fault;
    struct svcr_expr *expr;

    for (size_t size = 0; size < sizeof(rule); size++) {
        bool whole =
            size == 9 || size == 10 || size == 14 || size == 15 || size == sizeof(rule) - 1;

        ck_assert_msg((parse(rule, size, &expr, &fault) == SVCROUTE_OK) == whole, "%.*s", (int)size,
                      rule);
    }
}
END_TEST

/* ---- large rules ---- */

static char *repeat(const char *part, size_t times, const char *middle, const char *end)
{
    size_t size = strlen(part) * times + strlen(middle) + strlen(end) * times + 1;
    char *text = malloc(size), *at = text;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < times; i++, at += strlen(part)) {
        memcpy(at, part, strlen(part));
    }
    at += sprintf(at, "%s", middle);
    for (size_t i = 0; i < times; i++, at += strlen(end)) {
        memcpy(at, end, strlen(end));
    }
    *at = '\0';
    return text;
}

START_TEST(depth_has_a_cap)
{
    static const struct {
        const char *begin, *end;
        size_t levels, first; /* of each, and where its first one stands */
    } shapes[] = {
        {"(", ")", 1, 0}, {"!", "", 1, 0}, {"!(", ")", 2, 0}, {"a() && (b() || ", ")", 1, 7}};

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        size_t most = SVCR_RULE_DEPTH_MAX / shapes[i].levels;

        for (size_t times = most; times <= most + 1; times++) {
            char *rule = repeat(shapes[i].begin, times, "f(`a`)", shapes[i].end);
            struct svcr_rule_fault fault;
            struct svcr_expr *expr;
            int status = svcr_rule_parse(&arena, (svcr_text){rule, strlen(rule)}, &expr, &fault);

            ck_assert_int_eq(status, times == most ? SVCROUTE_OK : SVCROUTE_ERR_SYNTAX);
            if (status != SVCROUTE_OK) {
                ck_assert_uint_eq(fault.offset, strlen(shapes[i].begin) * most + shapes[i].first);
                ck_assert_ptr_nonnull(strstr(fault.text, "256"));
            }
            free(rule);
        }
    }
}
END_TEST

START_TEST(depth_ends_with_its_parentheses)
{
    char *rule = repeat("!(a()) && ", 1000, "b()", "");
    struct svcr_rule_fault fault;
    struct svcr_expr *expr;

    ck_assert_int_eq(svcr_rule_parse(&arena, (svcr_text){rule, strlen(rule)}, &expr, &fault),
                     SVCROUTE_OK);
    free(rule);
}
END_TEST

/* A chain is one node however long, and needs no depth. */
START_TEST(long_chains_are_flat)
{
    static const char *const operators[] = {" || ", " && "};

    for (int i = 0; i < 2; i++) {
        char part[64], *rule;
        struct svcr_rule_fault fault;
        struct svcr_expr *expr;
        uint32_t num = 0;

        snprintf(part, sizeof(part), "PathPrefix(\"/a\\x62c\")%s", operators[i]);
        rule = repeat(part, 40000, "f(`a`)", "");
        ck_assert_uint_gt(strlen(rule), 1000000 - 10000);
        ck_assert_int_eq(svcr_rule_parse(&arena, (svcr_text){rule, strlen(rule)}, &expr, &fault),
                         SVCROUTE_OK);
        ck_assert_uint_eq(expr->kind, i == 0 ? SVCR_EXPR_OR : SVCR_EXPR_AND);
        ck_assert_uint_eq(expr->num_calls, 40001);
        for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
            ck_assert_uint_eq(child->kind, SVCR_EXPR_CALL);
            num++;
        }
        ck_assert_uint_eq(num, 40001);
        free(rule);
    }
}
END_TEST

/* Memory grows with the text, also where arguments are many or texts are decoded. */
START_TEST(memory_is_linear)
{
    static const struct {
        const char *begin, *middle, *end;
    } shapes[] = {{"f(`a`) || ", "f(`a`)", ""},
                  {"f(`a`) && g(`b`) || ", "f(`a`)", ""},
                  {"", "f(`a`", ",\"\\x41\""},
                  {"/* c */", "f(`a`)", ""},
                  {"", "f(`", "a\r"}};

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        size_t bytes[2];

        for (int large = 0; large < 2; large++) {
            char *rule =
                repeat(shapes[i].begin, large ? 80000 : 20000, shapes[i].middle, shapes[i].end);
            struct svcr_rule_fault fault;
            struct svcr_expr *expr;

            svcr_arena_clear(&arena);
            svcr_rule_parse(&arena, (svcr_text){rule, strlen(rule)}, &expr, &fault);
            bytes[large] = memory.live_bytes;
            ck_assert_uint_le(bytes[large], strlen(rule) * 40 + 10000);
            free(rule);
        }
        ck_assert_uint_le(bytes[1], bytes[0] * 5);
    }
}
END_TEST

START_TEST(out_of_memory_is_a_code)
{
    char *rule = repeat("!(f(`a\r`, \"\\x41\") && g()) || ", 60, "f(`a`,`b`,`c`,`d`,`e`)", "");
    size_t n = 0;
    int status;

    do {
        struct svcr_rule_fault fault;
        struct svcr_expr *expr;

        failing_allocator_arm(&memory, ++n, false);
        status = svcr_rule_parse(&arena, (svcr_text){rule, strlen(rule)}, &expr, &fault);
        ck_assert_int_eq(status, memory.calls < n ? SVCROUTE_OK : SVCROUTE_ERR_NOMEM);
        ck_assert((expr == NULL) == (status != SVCROUTE_OK));
        svcr_arena_clear(&arena);
    } while (status != SVCROUTE_OK);
    ck_assert_uint_gt(n, 4);
    failing_allocator_arm(&memory, 0, false);
    free(rule);
}
END_TEST

/* ---- noise ---- */

START_TEST(noise_is_read_to_its_fault)
{
    static const char *const parts[] = {"f",  "(",  ")",    "`",  "\"", "&&",  "||", "!", ",",
                                        "\n", "/*", "*/",   "//", "\\", "x41", "a",  " ", "...",
                                        "\r", "u",  "\xc3", "\0", "'",  "_",   "&",  BOM, "\xa9"};
    uint64_t state = 12345;

    for (int round = 0; round < 200000; round++) {
        char rule[64];
        size_t size = 0;
        struct svcr_rule_fault fault;
        struct svcr_expr *expr;

        for (int i = 0; i < 16; i++) {
            const char *part;

            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            part = parts[(state >> 33) % (sizeof(parts) / sizeof(parts[0]))];
            memcpy(rule + size, part, *part != '\0' ? strlen(part) : 1);
            size += *part != '\0' ? strlen(part) : 1;
        }
        parse(rule, size, &expr, &fault);
        svcr_arena_reset(&arena);
    }
}
END_TEST

Suite *suite_syntax(void);
Suite *suite_syntax(void)
{
    Suite *suite = suite_create("syntax");
    TCase *tcase = tcase_create("rules");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, good_rules_give_their_trees);
    tcase_add_test(tcase, bad_rules_say_where_and_what);
    tcase_add_test(tcase, nodes_and_arguments_say_where_they_stand);
    tcase_add_test(tcase, beginnings_of_a_rule_are_refused);
    tcase_add_test(tcase, depth_has_a_cap);
    tcase_add_test(tcase, depth_ends_with_its_parentheses);
    tcase_add_test(tcase, long_chains_are_flat);
    tcase_add_test(tcase, memory_is_linear);
    tcase_add_test(tcase, out_of_memory_is_a_code);
    tcase_add_test(tcase, noise_is_read_to_its_fault);
    suite_add_tcase(suite, tcase);
    return suite;
}
