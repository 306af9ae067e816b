/* What regular expressions match, long texts, and memory. All answers are by hand. */
#include "base/normalize.h"

#include "failing_allocator.h"
#include "regex_support.h"

/* ---- matching ---- */

enum { NO = SVCR_REGEX_NO, YES = SVCR_REGEX_YES };

static const struct {
    svcr_text pattern, text;
    int answer;
} matches[] = {
    {T(""), T(""), YES},
    {T(""), T("abc"), YES},
    {T("b"), T("abc"), YES},
    {T("bc"), T("abc"), YES},
    {T("cb"), T("abc"), NO},
    {T("abcd"), T("abc"), NO},
    {T("aab"), T("aaab"), YES},
    {T("^abc"), T("abcd"), YES},
    {T("^abc"), T("xabc"), NO},
    {T("abc$"), T("xabc"), YES},
    {T("abc$"), T("abcx"), NO},
    {T("^abc$"), T("abc"), YES},
    {T("^abc$"), T("abcc"), NO},
    {T("^abc$"), T("abc\n"), NO}, /* the end of the text, not of a line */
    {T("^a(bc)$"), T("abc"), YES},
    {T("^$"), T(""), YES},
    {T("^$"), T("a"), NO},
    {T("$^"), T(""), YES},
    {T("^$^$"), T(""), YES},
    {T("a^b"), T("ab"), NO},
    {T("^^a"), T("a"), YES},
    {T("b$a"), T("ba"), NO},
    {T("^/api/v[0-9]+/users/[0-9]+$"), T("/api/v1/users/42"), YES},
    {T("^/api/v[0-9]+/users/[0-9]+$"), T("/api/v/users/42"), NO},
    {T("^(/[a-z0-9]+)+$"), T("/a/b/c1"), YES},
    {T("^(/[a-z0-9]+)+$"), T("/a//c1"), NO},
    {T("\\.(css|js|png)$"), T("/x/index.css"), YES},
    {T("\\.(css|js|png)$"), T("/x/index.cssx"), NO},
    {T("\\.(css|js)$"), T("/a.css/b.js"), YES},
    {T("\\.(css|js)$"), T("/a.css/b.jsx"), NO},
    {T("^ab?$|^cd?$"), T("cd"), YES},
    {T("^ab?$|^cd?$"), T("xcd"), NO},
    {T("^ab?|cd?$"), T("xcd"), YES},
    {T("(?:^|x)ab?$"), T("yxa"), YES},
    {T("(?:^|x)ab?$"), T("yxab"), YES},
    {T("(?:^|x)ab?$"), T("yab"), NO},
    {T("(^)*ab?$"), T("yab"), YES},
    {T("(?m)^ab?$"), T("x\nab"), YES},
    {T("\\Bab?"), T("a-xa"), YES},
    {T("\xc3\xa9+|a$"), T("\xc3\xa1\xc3\xa9"), YES},
    {T("\xc3\xa9+|b$"), T("\xc3\xa1\xc2\xa9"), NO},
    /* What must be there: never more than the expression says. */
    {T("foo[0-9]bar"), T("xfoo7bar"), YES},
    {T("foo(x|y)bar"), T("fooybar"), YES},
    {T("foo(x|y)bar"), T("foobar"), NO},
    {T("fo+bar"), T("fooobar"), YES},
    {T("ab?c"), T("ac"), YES},
    {T("ab*cd"), T("xacd"), YES},
    {T("x(?:ab)+y[0-9]"), T("xababy1"), YES},
    {T("x(?:ab)+y[0-9]"), T("xy1"), NO},
    {T("x(?:a(?:b)+){2}y[0-9]"), T("xabbaby1"), YES},
    {T("(?:ab){2,}|c[0-9]"), T("c7"), YES},
    {T("(?i)foo[0-9]BAR"), T("FOO7bar"), YES},
    {T("a\\bb[0-9]"), T("ab1"), NO},
    {T("fo\\B(?:)o[0-9]"), T("foo1"), YES},
    {T("^[ab]\\."), T("b.example"), YES},
    {T("^[ab]\\."), T("c.example"), NO},
    {T("(foo|)b*bar"), T("bbar"), YES},
    {T("(1|)b*1"), T("1"), YES},
    {T("(?:ab|[ab]|\\B)c*[ab]"), T("ab"), YES},
    {T("[\\w]*[CA]X*B"), T("ABC"), YES},
    {T("\\/([^\\/]+)\\/\\d+"), T("/A/B/0"), YES},
    {T("^(?:a?b?\?)*$"), T("ab"), YES},
    {T("^(|a)*$"), T("aaa"), YES},
    {T("^(|a)+$"), T("aab"), NO},
    {T("^(a|b|ab)*c$"), T("abbac"), YES},
    {T("^(a*)*$"), T("aaa"), YES},
    {T("^(a*)+b$"), T("aab"), YES},
    {T("^(?:a{2}){2}$"), T("aaaa"), YES},
    {T("^(?:a{2}){2}$"), T("aaa"), NO},
    {T("^a{2,3}$"), T("aaaa"), NO},
    {T("^a{2,3}$"), T("aaa"), YES},
    {T("^a{2,}$"), T("a"), NO},
    {T("^a{0}b$"), T("b"), YES},
    {T("^a{0}b$"), T("ab"), NO},
    {T("^(a{0,2}){3}$"), T("aaaaaa"), YES},
    {T("^(a{0,2}){3}$"), T("aaaaaaa"), NO},
    {T("^(a+){2}$"), T("a"), NO},
    {T("^(a{2,3})*$"), T("a"), NO},
    {T("^(a{2,3})*$"), T("aaaaa"), YES},
    {T("^(a{3}){0,2}$"), T("aaa"), YES},
    {T("^(a{3})?$"), T("aa"), NO},
    {T("^(?:(a|b){1,2}c){2}$"), T("abcac"), YES},
    {T("a{,2}"), T("aa"), NO},
    {T("a{,2}"), T("xa{,2}"), YES},
    {T("^a{01}$"), T("a{01}"), YES},
    {T("^a{1,01}$"), T("a{1,01}"), YES},
    {T("^a{2"), T("a{2"), YES},
    {T("^x*?$"), T("xxx"), YES},
    {T("(?U)^x*$"), T("xxx"), YES},
    {T("^(?U:a+?)b"), T("aab"), YES},
    /* What a repetition belongs to. */
    {T("^ab*$"), T("abb"), YES},
    {T("^ab*$"), T("abab"), NO},
    {T("^(?:ab)*$"), T("abab"), YES},
    {T("^\\Qab\\E*$"), T("abb"), YES},
    {T("^a(?i)*$"), T("aa"), YES},
    {T("^a*(?i)*b$"), T("aaB"), YES},
    {T("^a\\Q\\E+$"), T("aaa"), YES},
    {T("^a|b*$"), T("bb"), YES},
    {T("^\xc3\xa9*$"), T("\xc3\xa9\xc3\xa9"), YES},
    /* Dots and lines. */
    {T("^.$"), T("a"), YES},
    {T("^.$"), T("\n"), NO},
    {T("^.$"), T("\r"), YES},
    {T("^.$"), T("\0"), YES},
    {T("^.$"), T("\xe2\x80\xa8"), YES}, /* U+2028 */
    {T("^.$"), T("\xf0\x9f\x98\x80"), YES},
    {T("^.$"), T("ab"), NO},
    {T("(?s)^.$"), T("\n"), YES},
    {T("(?s:.)(?-s:.)"), T("\n\n"), NO},
    {T("^[^a]$"), T("\n"), YES},
    {T("a.b"), T("a\nb"), NO},
    {T("(?m)^b$"), T("a\nb\nc"), YES},
    {T("^b$"), T("a\nb\nc"), NO},
    {T("(?m)a$"), T("a\r\n"), NO},
    {T("(?m)\\n^$"), T("a\n"), YES}, /* a line begins behind the last "\n" too */
    {T("(?m)^$"), T("a\n"), YES},
    {T("(?m)^$"), T("a\nb"), NO},
    {T("(?m)\\Ab"), T("a\nb"), NO},
    {T("(?m)a\\z"), T("a\nb"), NO},
    {T("(?m:^)b(?-m:$)"), T("a\nb"), YES},
    {T("(?m:^b)"), T("a\rb"), NO},
    {T("(?m)(?:^)*b"), T("ab"), YES},
    {T("(?:^)+b"), T("ab"), NO},
    {T("(?:$){2}"), T("ab"), YES},
    /* Words are ASCII. */
    {T("\\bfoo\\b"), T("/foo/"), YES},
    {T("\\bfoo\\b"), T("foo_"), NO},
    {T("\\bfoo\\b"),
     T("\xc3\xa9"
       "foo\xc3\xa9"),
     YES},
    {T("\\B"), T(""), YES},
    {T("\\b"), T(""), NO},
    {T("\\b"), T("-"), NO},
    {T("\\B"), T("a"), NO},
    {T("\\B"), T("ab"), YES},
    {T("^\\w+$"), T("aZ09_"), YES},
    {T("\\w"), T("\xc3\xa9\xd9\xa1-"), NO},
    {T("^\\W$"), T("\xc3\xa9"), YES},
    {T("\\d"), T("\xd9\xa1"), NO}, /* ARABIC-INDIC DIGIT ONE */
    {T("^\\s{5}$"), T("\t\n\f\r "), YES},
    {T("\\s"), T("\v\xc2\xa0"), NO},
    {T("^[[:space:]]{6}$"), T("\t\n\v\f\r "), YES},
    {T("[[:space:]]"), T("\xc2\xa0"), NO},
    {T("^[[:word:]]$"), T("_"), YES},
    {T("^[[:^word:]]$"), T("-"), YES},
    {T("^[^[:^digit:]]$"), T("7"), YES},
    {T("^[[:ascii:]]$"), T("\0"), YES},
    {T("[[:ascii:]]"), T("\xc2\x80"), NO},
    {T("^[[:cntrl:]]{3}$"), T("\0\x1f\x7f"), YES},
    {T("[[:cntrl:]]"), T(" \xc2\x80"), NO},
    {T("^[[:punct:]]+$"), T("!/:@[`{~"), YES},
    {T("[[:punct:]]"), T(" 0Aa"), NO},
    {T("^[[:graph:]]$"), T(" "), NO},
    {T("^[[:print:]]$"), T(" "), YES},
    {T("^[[:blank:]]+$"), T("\t "), YES},
    {T("^[[:xdigit:]]+$"), T("09afAF"), YES},
    {T("[[:xdigit:]]"), T("gG"), NO},
    /* Classes. */
    {T("^[]a]+$"), T("a]"), YES},
    {T("^[^]a]$"), T("]"), NO},
    {T("^[a-]+$"), T("-a"), YES},
    {T("[a-]"), T("b"), NO},
    {T("^[a-c-e]+$"), T("b-e"), YES},
    {T("[a-c-e]"), T("d"), NO},
    {T("^[\\d-z]+$"), T("5-z"), YES},
    {T("[\\d-z]"), T("a"), NO},
    {T("^[\\^a]$"), T("^"), YES},
    {T("^[a^]$"), T("^"), YES},
    {T("^[\\W\\d]+$"), T("7-\xc3\xa9"), YES},
    {T("[^\\W\\d]"), T("7-"), NO},
    {T("^[^\\n]$"), T("\r"), YES},
    {T("[^\\x00-\\x{10FFFF}]"), T("a\0\xff"), NO},
    {T("a|[^\\x00-\\x{10FFFF}]*b"), T("b"), YES},
    {T("^[\\x00-\\x{10FFFF}]$"), T("\xf4\x8f\xbf\xbf"), YES},
    {T("^[^\\x{0}-\\x{10FFFE}]$"), T("\xf4\x8f\xbf\xbf"), YES},
    {T("^[\\x{D7FF}-\\x{E000}]+$"), T("\xed\x9f\xbf\xee\x80\x80"), YES},
    {T("^[\\x{D800}-\\x{E000}]$"), T("\xee\x80\x80"), YES},
    {T("[\\x{D800}-\\x{DFFF}]"), T("\xed\xa0\x80\xef\xbf\xbd"), NO},
    {T("\\x{D800}"), T("\xed\xa0\x80"), NO},
    {T("x\\x{D800}?y"), T("xy"), YES},
    {T("^[^\\x{D800}]$"), T("a"), YES},
    {T("^[ -~]+$"), T("[]^-\\&~ "), YES},
    {T("^[.*+?{}()|$]+$"), T("$|)(}{?+*."), YES},
    {T("^[a&&b]+$"), T("a&b"), YES},
    {T("^[[.a.]]$"), T("a]"), YES},
    {T("^[[a]$"), T("["), YES},
    /* Escapes. */
    {T("^\\.\\*\\\\\\/\\-\\_$"), T(".*\\/-_"), YES},
    {T("^\\a\\f\\n\\r\\t\\v$"), T("\x07\x0c\n\r\t\x0b"), YES},
    {T("^\\0\\07\\12\\123\\0123$"), T("\0\x07\nS\n3"), YES},
    {T("^\\1234$"), T("S4"), YES},
    {T("^\\08$"),
     T("\0"
       "8"),
     YES},
    {T("^\\777$"), T("\xc7\xbf"), YES}, /* U+01FF */
    {T("^\\x41\\xe9\\x{1F600}$"), T("A\xc3\xa9\xf0\x9f\x98\x80"), YES},
    {T("\\xe9"), T("\xe9"), NO},
    {T("^\\Q.*\\d[\\E$"), T(".*\\d["), YES},
    {T("^\\Qa|b"), T("a|b"), YES},
    {T("^\\Q\\\\E$"), T("\\"), YES},
    {T("^x#y z$"), T("x#y z"), YES},
    {T("^a\0b$"), T("a\0b"), YES},
    /* Unicode. */
    {T("^\\pL+$"), T("a\xc3\xa9\xce\xb1\xe4\xb8\xad"), YES},
    {T("\\pL"), T("1-\xc2\xb2"), NO},
    {T("^\\PL$"), T("1"), YES},
    {T("^\\p{Greek}+$"), T("\xce\xb1\xce\xa9"), YES},
    {T("\\p{Greek}"), T("a\xd0\xb0"), NO},
    {T("^\\p{^Greek}$"), T("a"), YES},
    {T("^\\P{^Greek}$"), T("\xce\xb1"), YES},
    {T("^\\p{Lu}\\p{Ll}\\p{Nd}\\p{Zs}\\p{Sc}$"), T("Aa1 $"), YES},
    {T("^[\\p{Lu}\\d]+$"), T("A1"), YES},
    {T("\\p{^Any}"), T("a"), NO},
    {T("^\\p{Any}$"), T("\n"), YES},
    {T("^\\p{Co}$"), T("\xee\x80\x80"), YES},
    {T("^\\p{Cn}$"), T("\xcd\xb8"), YES}, /* U+0378, unassigned */
    {T("^\\p{Assigned}$"), T("\xcd\xb8"), NO},
    {T("^\\pC$"), T("\xcd\xb8"), YES}, /* since Go 1.25 */
    /* Without case. */
    {T("(?i)^/API/$"), T("/api/"), YES},
    {T("(?i)^straSSe$"),
     T("stra\xc3\x9f"
       "e"),
     NO},
    {T("^(?i:a)b$"), T("AB"), NO},
    {T("^(?i:a)b$"), T("Ab"), YES},
    {T("^(?i)a(?-i)b$"), T("AB"), NO},
    {T("(?i)(?:a(?-i))b$"), T("AB"), YES},
    {T("^((?i)a)b$"), T("AB"), NO},
    {T("(?i)^[k]$"), T("\xe2\x84\xaa"), YES}, /* KELVIN SIGN */
    {T("(?i)^s$"), T("\xc5\xbf"), YES},       /* LATIN SMALL LETTER LONG S */
    {T("(?i)^\xc5\xbf$"), T("S"), YES},
    {T("(?i)^\\w$"), T("\xc5\xbf"), YES},
    {T("(?i)^\\W$"), T("\xe2\x84\xaa"), NO},
    {T("(?i)^[^k]$"), T("\xe2\x84\xaa"), NO},
    {T("(?i)^[^K-S]$"), T("\xc5\xbf"), NO},
    {T("(?i)^[[:lower:]]+$"), T("aZ\xc5\xbf"), YES},
    {T("(?i)^\\p{Lu}$"), T("a"), YES},
    {T("(?i)^\\P{Lu}$"), T("a"), NO},
    {T("(?i)^\xce\xa3+$"), T("\xcf\x83\xcf\x82\xce\xa3"), YES}, /* sigma, final sigma */
    {T("(?i)^\xc2\xb5$"), T("\xce\xbc"), YES},                  /* MICRO SIGN, mu */
    {T("(?i)^i$"), T("\xc4\xb0"), NO},                          /* I WITH DOT ABOVE */
    {T("(?i)^\xc3\x9f$"), T("\xe1\xba\x9e"), YES},              /* sharp s, capital sharp s */
    {T("(?i)^\\x{10400}$"), T("\xf0\x90\x90\xa8"), YES},        /* DESERET */
    {T("(?i)^[a-\\x{1E943}]$"), T("Z"), YES},
    {T("(?i)^1-2$"), T("1-2"), YES},
    /* Bytes that are not UTF-8 are U+FFFD, one each. */
    {T("^.$"), T("\xff"), YES},
    {T("^.$"), T("\xff\xfe"), NO},
    {T("^..$"), T("\xe2\x82"), YES},
    {T("^...$"), T("\xed\xa0\x80"), YES},
    {T("^..$"), T("\xc0\x80"), YES},
    {T("^[^a]$"), T("\x80"), YES},
    {T("^\\x{FFFD}$"), T("\xff"), YES},
    {T("^\\x{FFFD}$"), T("\xef\xbf\xbd"), YES},
    {T("\xef\xbf\xbd"), T("a\xc3"), YES},
    {T("^[\\x{FFFD}]{4}$"), T("\xf0\x9f\x98\xff"), YES},
    {T("^a.b$"),
     T("a\xff"
       "b"),
     YES},
    {T("^\xc3\xa9$"), T("\xe9"), NO},
    {T("\xc3\xa9"), T("\xff\xc3\xa9\xff"), YES},
    {T("b\\z"),
     T("\xc3"
       "b"),
     YES},
    {T("\\bb"),
     T("\xff"
       "b"),
     YES},
    {T("\\pL"), T("\xe9"), NO},
    {T("^/caf.$"), T("/caf\xe9"), YES},
};

START_TEST(texts_match)
{
    for (size_t i = 0; i < LENGTH(matches); i++) {
        enum svcr_regex_answer answer = match(matches[i].pattern, matches[i].text);

        ck_assert_msg((int)answer == matches[i].answer, "%.*s on %.*s: %d",
                      SVCR_ARG(matches[i].pattern), SVCR_ARG(matches[i].text), answer);
    }
}
END_TEST
START_TEST(what_pcre2_cannot_take_matches_all_the_same)
{
    svcr_text deep = nested("(?:a", "b", "|c)*", 300), text = repeated("", "a", 300, "!");

    /* More than PCRE2's code may have, and more levels than its stack ought to. */
    ck_assert_int_eq(match(SVCR_TEXT("^(?:\\pL\\d){100}$"), SVCR_TEXT("\xc3\xa9"
                                                                      "1")),
                     SVCR_REGEX_NO);
    ck_assert_int_eq(match(SVCR_TEXT("(?:\\pL\\d){100}|x$"), SVCR_TEXT("ax")), SVCR_REGEX_YES);
    ck_assert_int_eq(match(deep, text), SVCR_REGEX_YES);
    free((void *)deep.data);
    free((void *)text.data);
}
END_TEST

/* ---- characters ---- */

/* The answers for all texts of one character; every byte that is not UTF-8 is one too. */
static void check_characters(const char *pattern, bool (*has)(uint32_t character))
{
    struct svcr_regex_node *tree;
    struct svcr_rule_fault fault;
    struct svcr_automaton *automaton;
    struct svcr_arena arena;
    bool slow = getenv("SVCROUTE_TEST_SLOW") != NULL;

    svcr_arena_init(&arena, context);
    ck_assert_int_eq(svcr_regex_parse(&arena, (svcr_text){pattern, strlen(pattern)}, &tree, &fault),
                     SVCROUTE_OK);
    ck_assert_int_eq(svcr_automaton_new(&automaton, context, tree), SVCROUTE_OK);
    svcr_arena_clear(&arena);
    for (uint32_t c = 0; c <= SVCR_CHARACTER_MAX; c += slow && c > 0x3000 ? 97 : 1) {
        char bytes[4];
        svcr_text text = {bytes, 0};

        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        text.size = svcr_utf8_encode(c, bytes);
        ck_assert_msg((svcr_automaton_match(automaton, text) == SVCR_REGEX_YES) == has(c),
                      "%s: U+%04X", pattern, c);
    }
    svcr_automaton_free(context, automaton);
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_not_word(uint32_t c)
{
    return !(is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

static bool is_not_line(uint32_t c)
{
    return c != '\n';
}

static bool is_not_letter_or_number(uint32_t c)
{
    return !svcr_is_letter_or_number(c);
}

/* a-z with case folded: the two others are LONG S and KELVIN SIGN. */
static bool is_latin_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == 0x17f || c == 0x212a;
}

static bool is_not_latin_letter(uint32_t c)
{
    return !is_latin_letter(c);
}

START_TEST(classes_have_the_right_characters)
{
    check_characters("\\d", is_digit);
    check_characters("[^[:^digit:]]", is_digit);
    check_characters("\\W", is_not_word);
    check_characters("[^\\w]", is_not_word);
    check_characters(".", is_not_line);
    check_characters("[^\n]", is_not_line);
    check_characters("(?i)[a-z]", is_latin_letter);
    check_characters("(?i)[[:upper:]]", is_latin_letter);
    check_characters("(?i)[^A-Z]", is_not_latin_letter);
    check_characters("(?i)[[:^alpha:]]", is_not_latin_letter);
    check_characters("[\\pL\\pN]", svcr_is_letter_or_number); /* a table of its own */
    check_characters("\\p{Letter}|\\p{Nd}|\\p{Nl}|\\p{No}", svcr_is_letter_or_number);
    check_characters("[^\\pL\\pN]", is_not_letter_or_number);
    check_characters("[\\pM\\pP\\pS\\pZ\\pC]", is_not_letter_or_number);
}
END_TEST

/* ---- long texts ---- */

static void check_long(const char *pattern, svcr_text text, enum svcr_regex_answer expected)
{
    enum svcr_regex_answer answer = match((svcr_text){pattern, strlen(pattern)}, text);

    ck_assert_msg(answer == expected, "%s on %zu bytes: %d", pattern, text.size, answer);
    free((void *)text.data);
}

/* Each of these takes a backtracking matcher a time that nobody waits for. */
START_TEST(no_expression_takes_exponential_time)
{
    static const char *const patterns[] = {
        "^(a|aa)+$",        "^(a+)+$",       "^(a|a?)+$",
        "^(a*)*$",          "^((a|b)*a?)+$", "^(.*)(.*)(.*)(.*)(.*)$",
        "^(a?a?a?)*$",      "(x+x+)+y|^a+$", "^([a-z]+)*$",
        "^(a|b|ab)*(bc)?$", "^(\\w+\\s?)*$", "^(a{0,30}){0,30}[a-c]*$",
    };

    for (size_t i = 0; i < LENGTH(patterns); i++) {
        for (size_t n = 20; n <= 32000; n = n * 3 + 1) {
            check_long(patterns[i], repeated("", "a", n, ""), SVCR_REGEX_YES);
            check_long(patterns[i], repeated("", "a", n, "!a!"),
                       strstr(patterns[i], ".*") != NULL ? SVCR_REGEX_YES : SVCR_REGEX_NO);
        }
    }
    check_long("[a-z]*[a-z]*[a-z]*[0-9/]", repeated("", "a", 32000, ""), SVCR_REGEX_NO);
    check_long("[a-z]*[a-z]*[a-z]*[0-9/]", repeated("", "a", 32000, "/"), SVCR_REGEX_YES);
    check_long("^(a?){30}a{30}$", repeated("", "a", 30, ""), SVCR_REGEX_YES);
    check_long("^(a?){30}a{30}$", repeated("", "a", 61, ""), SVCR_REGEX_NO);
    check_long("^(/[a-z0-9]+)+$", repeated("", "/abc1", 6000, ""), SVCR_REGEX_YES);
    check_long("^(/[a-z0-9]+)+$", repeated("", "/abc1", 6000, "/"), SVCR_REGEX_NO);
    check_long("aaab$|aac$", repeated("", "a", 32000, "b"), SVCR_REGEX_YES);
    check_long("(foo|bar)[0-9]", repeated("", "foo-bar-", 4000, "bar7"), SVCR_REGEX_YES);
}
END_TEST

START_TEST(limits_make_it_give_up)
{
    svcr_text text = repeated("", "a", 32000, ""), bad = repeated("\xff", "a", 10, "");
    svcr_text large = repeated("^.", "[ab]{1000}", 5, "");

    /* Five hundred places at once for each of 32,000 characters. */
    ck_assert_int_eq(match(SVCR_TEXT("(a?){500}a{500}[bc]"), text), SVCR_REGEX_GAVE_UP);
    /* Too large for an automaton, and nothing else takes bytes that are not UTF-8. */
    ck_assert_int_eq(match(large, bad), SVCR_REGEX_GAVE_UP);
    if (svcr_regex_available()) {
        text.size = 5001;
        ck_assert_int_eq(match(large, text), SVCR_REGEX_YES);
        text.size = 5000;
        ck_assert_int_eq(match(large, text), SVCR_REGEX_NO);
    }
    free((void *)text.data);
    free((void *)bad.data);
    free((void *)large.data);
}
END_TEST

/* ---- memory ---- */

static const char *const kinds[] = {
    "^/literal$",
    "literal",
    "^/api/v[0-9]+/users/[0-9]+$",
    "(foo|b[^a]r|\\pL)+x?baz",
    "(?i)^(stra(ss|\xc3\x9f)e|[a-zk]{2,5})*$",
    "a{1000}",
    "(?:(?:\\pL\\d){20}/)+", /* without machine code */
};

/* Compiles while the n-th allocation fails; true: it was not reached. */
static bool compile_with_failure(struct failing_allocator *allocator, const char *pattern, size_t n,
                                 bool after)
{
    struct svcr_regex *regex = (void *)&regex;
    struct svcr_rule_fault fault;
    size_t live = allocator->live;
    int status;
    bool reached;

    failing_allocator_arm(allocator, n, after);
    status = svcr_regex_new(&regex, context, (svcr_text){pattern, strlen(pattern)}, &fault);
    reached = allocator->calls >= n;
    failing_allocator_arm(allocator, 0, false);
    ck_assert_int_eq(status, reached ? SVCROUTE_ERR_NOMEM : SVCROUTE_OK);
    ck_assert((regex == NULL) == reached);
    svcr_regex_free(context, regex);
    ck_assert_uint_eq(allocator->live, live);
    return !reached;
}

/* In place of the context of the other tests. */
static void use_failing(struct failing_allocator *allocator)
{
    svcroute_context_unref(context);
    context = failing_context(allocator);
}

static void use_failing_no_more(struct failing_allocator *allocator)
{
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator->live, 0);
    setup();
}

START_TEST(running_out_of_memory_loses_nothing)
{
    struct failing_allocator allocator;

    if (!svcr_regex_available()) {
        return;
    }
    use_failing(&allocator);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        for (int after = 0; after < 2; after++) {
            size_t n = 1;

            while (!compile_with_failure(&allocator, kinds[i], n, after != 0)) {
                n++;
            }
            ck_assert_uint_gt(n, 3);
        }
    }
    use_failing_no_more(&allocator);
}
END_TEST

START_TEST(matching_allocates_nothing)
{
    struct failing_allocator allocator;
    static const char *const texts[] = {"/literal", "/api/v1/users/42", "STRASSE", "x\xffy", ""};

    if (!svcr_regex_available()) {
        return;
    }
    use_failing(&allocator);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct svcr_regex *regex;
        struct svcr_rule_fault fault;
        svcr_text text = repeated("", "a", 20000, "!");

        ck_assert_int_eq(
            svcr_regex_new(&regex, context, (svcr_text){kinds[i], strlen(kinds[i])}, &fault),
            SVCROUTE_OK);
        failing_allocator_arm(&allocator, 1, true);
        for (size_t k = 0; k < LENGTH(texts); k++) {
            svcr_regex_match(regex, (svcr_text){texts[k], strlen(texts[k])});
        }
        svcr_regex_match(regex, text);
        svcr_regex_match(regex, SVCR_TEXT_ABSENT);
        ck_assert_uint_eq(allocator.calls, 0);
        failing_allocator_arm(&allocator, 0, false);
        svcr_regex_free(context, regex);
        free((void *)text.data);
    }
    svcr_regex_free(context, NULL);
    use_failing_no_more(&allocator);
}
END_TEST

Suite *suite_regex_match(void)
{
    Suite *suite = suite_create("regex_match");
    TCase *tests = tcase_create("regex_match");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, texts_match);
    tcase_add_test(tests, what_pcre2_cannot_take_matches_all_the_same);
    tcase_add_test(tests, classes_have_the_right_characters);
    tcase_add_test(tests, no_expression_takes_exponential_time);
    tcase_add_test(tests, limits_make_it_give_up);
    tcase_add_test(tests, running_out_of_memory_loses_nothing);
    tcase_add_test(tests, matching_allocates_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
