/* The syntax of regular expressions: what is accepted, what is refused and where, and limits. What
 * is said of RE2's syntax is from the documentation of Go's regexp/syntax and its own lists of
 * valid and invalid expressions. */
#include "regex_support.h"

/* Reads an expression, and compiles it where there is PCRE2: both must say the same. */
static int compile(svcr_text pattern, struct svcr_rule_fault *fault)
{
    struct svcr_regex *regex = (void *)&regex;
    struct svcr_regex_node *tree;
    struct svcr_rule_fault second;
    struct svcr_arena arena;
    int status, again;

    svcr_arena_init(&arena, context);
    memset(fault, 0, sizeof(*fault));
    status = svcr_regex_parse(&arena, pattern, &tree, fault);
    svcr_arena_clear(&arena);
    again = svcr_regex_new(&regex, context, pattern, &second);
    if (svcr_regex_available()) {
        ck_assert_msg(again == status, "%.*s: %d, %d", SVCR_ARG(pattern), status, again);
        ck_assert(status == SVCROUTE_OK ||
                  (second.offset == fault->offset && strcmp(second.text, fault->text) == 0));
    } else {
        ck_assert_int_eq(again, SVCROUTE_ERR_SYNTAX);
        ck_assert_ptr_nonnull(strstr(second.text, "PCRE2"));
    }
    ck_assert((regex != NULL) == (again == SVCROUTE_OK));
    svcr_regex_free(context, regex);
    return status;
}

/* ---- syntax ---- */

static const svcr_text accepted[] = {
    T(""),
    T("a"),
    T("a."),
    T("a.b.c"),
    T("abc"),
    T("a|^"),
    T("a|b"),
    T("(a)|b"),
    T("a*"),
    T("a+"),
    T("a?"),
    T("a{2}"),
    T("a{2,3}"),
    T("a{2,}"),
    T("a*?"),
    T("a+?"),
    T("a??"),
    T("a{2}?"),
    T("a{2,3}?"),
    T("a{2,}?"),
    T("a{0}"),
    T("a{0,0}"),
    T("a{1000}"),
    T("a{0,1000}"),
    /* Braces that are no repetition are themselves. */
    T("x{1001"),
    T("x{9876543210"),
    T("x{9876543210,"),
    T("x{2,1"),
    T("x{1,9876543210"),
    T("{"),
    T("}"),
    T("a{,2}"),
    T("{,2}"),
    T("a{01}"),
    T("a{1,01}"),
    T("a{-1}"),
    T("a{ 1}"),
    T("a{}"),
    T("a{,}"),
    T("a*{"),
    /* Nothing is something, where it is not repeated. */
    T("|"),
    T("|x|"),
    T("()"),
    T("(|a)*"),
    T("(?:)"),
    T("(?:)*"),
    T("()*"),
    T("a||b"),
    T("(|)"),
    T("."),
    T("^"),
    T("$"),
    T("^*"),
    T("$+"),
    T("\\b?"),
    T("\\A{2}"),
    T("(?m)^*"),
    /* Escapes. */
    T("\\|"),
    T("\\("),
    T("\\)"),
    T("\\*"),
    T("\\+"),
    T("\\?"),
    T("\\."),
    T("\\^"),
    T("\\$"),
    T("\\\\"),
    T("\\-"),
    T("\\_"),
    T("\\{"),
    T("\\ "),
    T("\\/"),
    T("\\a\\f\\n\\r\\t\\v"),
    T("\\0"),
    T("\\01"),
    T("\\012"),
    T("\\08"),
    T("\\12"),
    T("\\123"),
    T("\\777"),
    T("\\1234"),
    T("\\x41"),
    T("\\xfF"),
    T("\\x{0}"),
    T("\\x{41}"),
    T("\\x{000000000000041}"),
    T("\\x{10FFFF}"),
    T("\\x{10ffff}"),
    T("\\x{D800}"),
    T("\\A\\z\\b\\B"),
    T("\\d\\D\\s\\S\\w\\W"),
    T("\\Q+|*?{[\\E"),
    T("\\Q+\\E+"),
    T("\\Qab\\E+"),
    T("\\Q\\\\E"),
    T("\\Q\\\\\\E"),
    T("\\Q"),
    T("\\Qab"),
    T("\\Q\\E"),
    T("\\Q\\Qa\\E"),
    T("a\\Q\\E*"),
    T("\\Q\xc3\xa9\\E*"),
    /* Unicode. */
    T("\\pL"),
    T("\\PL"),
    T("\\p{L}"),
    T("\\pN\\pZ"),
    T("\\p{Greek}"),
    T("\\P{Greek}"),
    T("\\p{^Greek}"),
    T("\\P{^Greek}"),
    T("[\\p{Braille}]"),
    T("\\p{Lu}"),
    T("\\p{lu}"),
    T("\\p{Uppercase_Letter}"),
    T("\\p{upper case-let ter}"),
    T("\\p{__upper case-let ter}"),
    T("\\p{Any}"),
    T("\\p{^Any}"),
    T("(?i)\\p{ascii}"),
    T("\\p{Assigned}"),
    T("\\p{LC}"),
    T("\\p{digit}"),
    T("\\p{HAN}"),
    T("\xc3\xa9*"),
    T("[\xce\xb1-\xce\xb5\xe2\x98\xba]"),
    T("\xef\xbf\xbd"),
    /* Classes. */
    T("[a]"),
    T("[ace]"),
    T("[a-z]"),
    T("[^a]"),
    T("[]a]"),
    T("[^]a]"),
    T("[-a]"),
    T("[a-]"),
    T("[--a]"),
    T("[a-b-c]"),
    T("[\\d-z]"),
    T("[\\d-]"),
    T("[\\]]"),
    T("[\\-a]"),
    T("[[]"),
    T("[[a]"),
    T("[a[:digit:]b]"),
    T("[[:^alpha:]]"),
    T("[^[:lower:]]"),
    T("[[:word:]]"),
    T("[[:foo]"),
    T("[[:]"),
    T("[:alpha:]"),
    T("[\\012-\\234]\\141"),
    T("[\\x{41}-\\x7a]"),
    T("[^\\\\]"),
    T("[\\s\\S]a"),
    T("[^\\s\\S]"),
    T("[.*+?{}()|^$]"),
    T("[\\.\\*]"),
    T("[a&&b]"),
    T("[#-.]"),
    T("[\\pL-a]"),
    T("[\\Wa]"),
    /* Groups and flags. */
    T("(?:ab)(?:cd)"),
    T("(?P<name>a)"),
    T("(?<name>a)"),
    T("(?P<n>a)(?P<n>b)"),
    T("(?P<1_a>a)"),
    T("(?i)a"),
    T("(?i:a)"),
    T("(?imsU)a"),
    T("(?i-s:a)"),
    T("(?-s)."),
    T("(?ii)a"),
    T("(?)"),
    T("(?-i)"),
    T("(?i-i)a"),
    T("a(?i)*"),
    T("a*(?i)*"),
    T("a*(?i)?"),
    T("(?U)a*?"),
    T("(?s).^"),
    T("x#y z"),
    T("a\nb"),
    T("a\0b"),
    T("\"'`~!@%&=;:,<>"),
};

START_TEST(what_go_accepts_is_accepted)
{
    for (size_t i = 0; i < LENGTH(accepted); i++) {
        struct svcr_rule_fault fault;

        ck_assert_msg(compile(accepted[i], &fault) == SVCROUTE_OK, "%.*s: %s",
                      SVCR_ARG(accepted[i]), fault.text);
    }
}
END_TEST

#define PAREN "missing closing )"
#define UNEXPECTED "unexpected )"
#define BRACKET "missing closing ]"
#define ARGUMENT "missing argument to repetition operator"
#define NESTED "invalid nested repetition operator"
#define COUNT "invalid repeat count"
#define RANGE "invalid character class range"
#define ESCAPE "invalid escape sequence"
#define NAME "invalid named capture"
#define PERL "invalid or unsupported Perl syntax"
#define UTF8 "invalid UTF-8"

static const struct {
    svcr_text pattern;
    uint32_t offset;
    const char *what;
} refused[] = {
    {T("("), 1, PAREN},
    {T("(a"), 2, PAREN},
    {T("(a|b|"), 5, PAREN},
    {T("(?P<name>a"), 10, PAREN},
    {T("(?i:"), 4, PAREN},
    {T(")"), 0, UNEXPECTED},
    {T("a)"), 1, UNEXPECTED},
    {T("(a))"), 3, UNEXPECTED},
    {T("a|b|)"), 4, UNEXPECTED},
    {T("[a-z"), 0, BRACKET},
    {T("b[]"), 1, BRACKET},
    {T("[^]"), 0, BRACKET},
    {T("[[:word:]"), 0, BRACKET},
    {T("[a-"), 0, BRACKET},
    {T("[a-z)"), 0, BRACKET},
    {T("*"), 0, ARGUMENT},
    {T("+a"), 0, ARGUMENT},
    {T("?"), 0, ARGUMENT},
    {T("{2}"), 0, ARGUMENT},
    {T("a|*"), 2, ARGUMENT},
    {T("(*)"), 1, ARGUMENT},
    {T("(|*)"), 2, ARGUMENT},
    {T("(?i)*"), 4, ARGUMENT},
    {T("\\Q\\E*"), 4, ARGUMENT},
    {T("a**"), 1, NESTED},
    {T("a++"), 1, NESTED},
    {T("a?*"), 1, NESTED},
    {T("ba*+"), 2, NESTED},
    {T("a*?*"), 1, NESTED},
    {T("a???"), 1, NESTED},
    {T("x{2}{3}"), 1, NESTED},
    {T("x{2}?{3}"), 1, NESTED},
    {T("a{1}*"), 1, NESTED},
    {T("a{1001}"), 1, COUNT},
    {T("a{1001,}"), 1, COUNT},
    {T("a{1,1001}"), 1, COUNT},
    {T("a{32767}"), 1, COUNT},
    {T("a{1,32767}"), 1, COUNT},
    {T("a{1,65535}"), 1, COUNT},
    {T("a{1,4294967297}"), 1, COUNT},
    {T("a{100000}"), 1, COUNT},
    {T("a{18446744073709551617}"), 1, COUNT},
    {T("a{1,9876543210}"), 1, COUNT},
    {T("a{2,1}"), 1, COUNT},
    {T("(a{33}){33}"), 7, COUNT},
    {T("((((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})"), 47, COUNT},
    {T("[z-a]"), 1, RANGE},
    {T("[a-Z]"), 1, RANGE},
    {T("(?i)[a-Z]"), 5, RANGE},
    {T("[[:foo:]]"), 1, RANGE},
    {T("[[:Alpha:]]"), 1, RANGE},
    {T("[[::]]"), 1, RANGE},
    {T("\\p{Nope}"), 0, RANGE},
    {T("a\\p{}"), 1, RANGE},
    {T("\\p{^}"), 0, RANGE},
    {T("\\p{^^Greek}"), 0, RANGE},
    {T("\\p"), 0, RANGE},
    {T("\\pX"), 0, RANGE},
    {T("\\p\xc3\xa9"), 0, RANGE},
    {T("\\p{Greek"), 0, RANGE},
    {T("\\p{Greeks}"), 0, RANGE},
    {T("\\p{Gree}"), 0, RANGE},
    {T("\\p{Uppercase_Letter_And_Many_Other_Characters}"), 0, RANGE},
    {T("\\"), 0, "trailing backslash at end of expression"},
    {T("[\\"), 1, "trailing backslash at end of expression"},
    {T("\\1"), 0, ESCAPE},
    {T("(a)\\1"), 3, ESCAPE},
    {T("\\8"), 0, ESCAPE},
    {T("\\18"), 0, ESCAPE},
    {T("\\Z"), 0, ESCAPE},
    {T("\\G"), 0, ESCAPE},
    {T("\\K"), 0, ESCAPE},
    {T("\\C"), 0, ESCAPE},
    {T("\\R"), 0, ESCAPE},
    {T("\\X"), 0, ESCAPE},
    {T("\\N"), 0, ESCAPE},
    {T("\\h"), 0, ESCAPE},
    {T("\\e"), 0, ESCAPE},
    {T("\\cA"), 0, ESCAPE},
    {T("\\u0041"), 0, ESCAPE},
    {T("\\E"), 0, ESCAPE},
    {T("\\Qa\\Eb\\E"), 6, ESCAPE},
    {T("\\g{1}"), 0, ESCAPE},
    {T("\\k<n>"), 0, ESCAPE},
    {T("\\\xc3\xa9"), 0, ESCAPE},
    {T("\\x"), 0, ESCAPE},
    {T("\\x4"), 0, ESCAPE},
    {T("\\x4g"), 0, ESCAPE},
    {T("\\x{}"), 0, ESCAPE},
    {T("\\x{41"), 0, ESCAPE},
    {T("\\x{4g}"), 0, ESCAPE},
    {T("\\x{110000}"), 0, ESCAPE},
    {T("\\x{100000041}"), 0, ESCAPE},
    {T("[\\b]"), 1, ESCAPE},
    {T("[\\A]"), 1, ESCAPE},
    {T("[\\Qa\\E]"), 1, ESCAPE},
    {T("[a-\\d]"), 3, ESCAPE},
    {T("[a-\\pL]"), 3, ESCAPE},
    {T("(?P<name"), 0, NAME},
    {T("(?P<x y>a)"), 0, NAME},
    {T("(?P<>a)"), 0, NAME},
    {T("a(?<n!>a)"), 1, NAME},
    {T("(?<n\xc3\xa9>a)"), 0, NAME},
    {T("(?<n"), 0, NAME},
    {T("(?"), 0, PERL},
    {T("(?i"), 0, PERL},
    {T("(?P<"), 0, PERL},
    {T("(?<"), 0, PERL},
    {T("(?=a)"), 0, PERL},
    {T("(?!a)"), 0, PERL},
    {T("(?>a)"), 0, PERL},
    {T("(?|a)"), 0, PERL},
    {T("(?#a)"), 0, PERL},
    {T("(?'n'a)"), 0, PERL},
    {T("(?P=n)"), 0, PERL},
    {T("(?P>n)"), 0, PERL},
    {T("(?R)"), 0, PERL},
    {T("(?1)"), 0, PERL},
    {T("(?x)a"), 0, PERL},
    {T("(?a)"), 0, PERL},
    {T("(?-)"), 0, PERL},
    {T("(?i-)"), 0, PERL},
    {T("(?-i-s)"), 0, PERL},
    {T("(?i-:a)"), 0, PERL},
    {T("(?\xc3\xa9)"), 0, PERL},
    {T("(?\0)"), 0, PERL},
    {T("(*UTF)a"), 1, ARGUMENT},
    {T("\xff"), 0, UTF8},
    {T("a[\xff]"), 2, UTF8},
    {T("\\\xff"), 1, UTF8},
    {T("\\Q\xc3\\E"), 2, UTF8},
    {T("\xed\xa0\x80"), 0, UTF8},
    {T("\xc0\x80"), 0, UTF8},
};

START_TEST(what_go_refuses_is_refused)
{
    for (size_t i = 0; i < LENGTH(refused); i++) {
        struct svcr_rule_fault fault;

        ck_assert_msg(compile(refused[i].pattern, &fault) == SVCROUTE_ERR_SYNTAX, "%.*s",
                      SVCR_ARG(refused[i].pattern));
        ck_assert_msg(strstr(fault.text, refused[i].what) != NULL &&
                          fault.offset == refused[i].offset,
                      "%.*s: %u: %s", SVCR_ARG(refused[i].pattern), fault.offset, fault.text);
    }
}
END_TEST

START_TEST(faults_are_lines_for_people)
{
    struct svcr_rule_fault fault;
    svcr_text big = repeated("[", "\xc3\xa9", 100, "");

    ck_assert_int_eq(compile(SVCR_TEXT("a\\Zb"), &fault), SVCROUTE_ERR_SYNTAX);
    ck_assert_str_eq(fault.text, "regular expression: invalid escape sequence: `\\Z`");
    ck_assert_int_eq(compile(SVCR_TEXT("(a"), &fault), SVCROUTE_ERR_SYNTAX);
    ck_assert_str_eq(fault.text, "regular expression: missing closing )");
    ck_assert_int_eq(compile(SVCR_TEXT("[\na"), &fault), SVCROUTE_ERR_SYNTAX);
    ck_assert_str_eq(fault.text, "regular expression: missing closing ]: `[ a`");
    ck_assert_int_eq(compile(big, &fault), SVCROUTE_ERR_SYNTAX);
    ck_assert_uint_lt(strlen(fault.text), 120);
    ck_assert(svcr_utf8_valid(fault.text, strlen(fault.text)));
    ck_assert_ptr_nonnull(strstr(fault.text, "...`"));
    free((void *)big.data);
}
END_TEST

/* ---- limits ---- */

static void check_limit(svcr_text pattern, const char *what)
{
    struct svcr_rule_fault fault;
    int status = compile(pattern, &fault);

    ck_assert_msg(status == (what != NULL ? SVCROUTE_ERR_SYNTAX : SVCROUTE_OK), "%.40s: %s",
                  pattern.data, fault.text);
    ck_assert_msg(what == NULL || strstr(fault.text, what) != NULL, "%.40s: %s", pattern.data,
                  fault.text);
    free((void *)pattern.data);
}

START_TEST(limits_are_those_of_go)
{
    const char *deep = "expression nests too deeply", *large = "expression too large";

    /* Levels of the tree: captures and repetitions are some, other groups are none. */
    check_limit(nested("(", "", ")", 999), NULL);
    check_limit(nested("(", "", ")", 1000), deep);
    check_limit(nested("(?:", "", ")*", 999), NULL);
    check_limit(nested("(?:", "", ")*", 1000), deep);
    check_limit(nested("(?:", "", ")", 5000), NULL);
    check_limit(nested("(?:a", "b", ")*", 500), NULL); /* a row and a repetition each */
    check_limit(nested("(?:a", "b", ")*", 501), deep);
    check_limit(nested("(?:[ab]c|", "d", ")*", 499), NULL);
    check_limit(nested("(?:[ab]c|", "d", ")*", 500), deep);
    check_limit(repeated("(", "|", 12345, ")"), NULL);
    check_limit(repeated("a", "(?i)*", 999, ""), NULL);
    check_limit(repeated("a", "(?i)*", 1000, ""), deep);
    /* Instructions. */
    check_limit(repeated("(", "(xx?)", 1000, "){1000}"), large);
    check_limit(repeated("", "(xx?){1000}", 1000, ""), large);
    check_limit(repeated("", "x{1000}", 3360, ""), large);
    /* Copies. */
    check_limit(repeated("(a{31}){32}", "", 0, ""), NULL);
    check_limit(repeated("(((a{10}){10}){10}){1}", "", 0, ""), NULL);
    check_limit(repeated("(a{0}){1000}(a*){1000}(a{0,}){1000}", "", 0, ""), NULL);
    check_limit(repeated("(a{1,}){1000}", "", 0, ""), NULL);
    check_limit(repeated("(a{500}b{400}){2}", "", 0, ""), NULL);
    check_limit(repeated("(a{0,501}){2}", "", 0, ""), COUNT);
    check_limit(repeated("(a{501,}){2}", "", 0, ""), COUNT);
    /* The library's own: bytes, and characters in classes. */
    check_limit(repeated("^", "a", 65535, ""), NULL);
    check_limit(repeated("^", "a", 65536, ""), "longer than 65536 bytes");
    check_limit(repeated("", "\\pL", 50, ""), NULL);
    check_limit(repeated("", "\\pL", 20000, ""), large);
    check_limit(repeated("(?i)[", "\\pL", 20000, "]"), large);
    check_limit(repeated("(?i)[", "a-\xf0\x9e\xa4\xa2", 8000, "]"), NULL);
    check_limit(repeated("(?i)", "[a-\xf0\x9e\xa4\xa2]", 6000, ""), large);
    check_limit(repeated("", "[[:", 20000, ""), BRACKET);
}
END_TEST

Suite *suite_regex(void)
{
    Suite *suite = suite_create("regex");
    TCase *tests = tcase_create("regex");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_go_accepts_is_accepted);
    tcase_add_test(tests, what_go_refuses_is_refused);
    tcase_add_test(tests, faults_are_lines_for_people);
    tcase_add_test(tests, limits_are_those_of_go);
    suite_add_tcase(suite, tests);
    return suite;
}
