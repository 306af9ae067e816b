/* Regular expressions that other engines explode at: those that are large once they are compiled,
 * and those that take a power of the text's size, or worse, to match. */
#include <stdio.h>

#include "matching.h"

#define BYTES_PER_BYTE 256
#define BYTES_AT_ALL ((uint64_t)4 << 20)

/* EITHER: it may be too large for what matches it, which Go's limits do not tell. */
enum verdict { BAD, GOOD, EITHER };

static void around(struct input *input, const char *ahead, const char *text, const char *behind,
                   size_t n)
{
    add_text(input, ahead);
    input_repeat(input, text, n);
    add_text(input, behind);
}

/* A cluster of one rule PathRegexp(`pattern`). */
static void make_cluster(struct matching *matching, struct svcroute_context *context,
                         const struct input *pattern, size_t *size)
{
    struct input rule = {NULL, 0, 0}, input = {NULL, 0, 0};
    add_text(&rule, "PathRegexp(`");
    input_add(&rule, pattern->data, pattern->size);
    add_text(&rule, "`)");
    add_web(&input);
    add_rule(&input, "r", rule.data, rule.size);
    *size = input.size;
    matching_init(matching, context, SVCROUTE_PROFILE_DEFAULT);
    matching_load(matching, &input);
    input_free(&rule);
    input_free(&input);
}

/* ---- large when compiled ---- */

struct pattern {
    const char *name;
    const char *ahead, *repeated, *behind; /* the pattern is this, with n of the middle one */
    size_t n;
    enum verdict verdict;
    const char *yes, *no; /* paths */
};

/* Up to 64 KiB at 4n. */
static const struct pattern patterns[] = {
    {"letters", "", "a", "", 16000, EITHER, NULL, "/a"},
    {"letters that may be left out", "^/", "a?", "$", 8000, EITHER, NULL, "/b"},
    {"letters in groups", "", "(a)", "", 5000, GOOD, NULL, "/a"},
    {"letters of any case", "(?i)", "k", "", 15000, EITHER, NULL, "/k"},
    {"points", "", ".", "", 16000, EITHER, NULL, "/a"},
    {"stars", "^/", "a*", "$", 8000, EITHER, NULL, "/b"},
    {"lazy stars", "^/", "a*?", "$", 5000, EITHER, NULL, "/b"},
    {"repetition of a repetition", "a", "**", "", 8000, BAD, NULL, NULL},
    {"counted repetition", "", "a{1000}", "", 2000, EITHER, NULL, "/a"},
    {"counted repetition twice", "a{1000}", "{1000}", "", 2000, BAD, NULL, NULL},
    {"counted repetition in another", "(", "b", "a{1000}){1000}", 100, BAD, NULL, NULL},
    {"counted repetition up to the limit", "(((", "b", "a{10}){10}){10}$", 10, EITHER, NULL, "/"},
    {"optional repetition", "^/(", "b?", "a{0,30}){0,30}$", 1, GOOD, "/a", "/c"},
    {"repeated text", "(", "b", "){1000}", 4000, BAD, NULL, NULL},
    {"groups inside each other", "", "(", "", 16000, BAD, NULL, NULL},
    {"groups that capture nothing", "", "(?:", "", 5000, BAD, NULL, NULL},
    {"groups that close nothing", "a", ")", "", 16000, BAD, NULL, NULL},
    {"flags", "", "(?i)", "a", 4000, GOOD, "/A", "/b"},
    {"alternatives", "^/(?:a", "|b", ")$", 8000, GOOD, "/b", "/c"},
    {"empty alternatives", "^/x(?:", "|", ")$", 16000, GOOD, "/x", "/y"},
    {"alternatives of words", "^/(?:x", "|ab?c", ")$", 3000, EITHER, "/ac", "/y"},
    {"alternatives of groups", "^/(?:x", "|(?:ab)+", ")$", 2000, EITHER, "/abab", "/a"},
    {"classes", "^/", "[a-z]", "$", 3000, EITHER, NULL, "/a"},
    {"negated classes", "^/", "[^a]", "$", 4000, GOOD, NULL, "/a"},
    {"one large class", "^/[", "a-z0-9", "]$", 2600, GOOD, "/k", "/K"},
    {"one large class of any case", "(?i)^/[", "a-z0-9", "]$", 2600, GOOD, "/K", "/-"},
    {"open class", "[", "a", "", 16000, BAD, NULL, NULL},
    {"brackets in a class", "[", "[", "", 16000, BAD, NULL, NULL},
    {"classes with names", "^/[", "[:alpha:]", "]$", 1700, GOOD, "/k", "/1"},
    {"letters of Unicode", "^/", "\\pL", "$", 5000, BAD, NULL, NULL},
    {"a class of letters of Unicode", "^/[", "\\pL", "]$", 5000, BAD, NULL, NULL},
    {"some letters of Unicode", "^/", "\\pL", "?$", 12, GOOD, NULL, "/1"},
    {"all characters of any case", "(?i)^/[", "\\x{0}-\\x{10ffff}", "]$", 900, GOOD, "/K", "/"},
    {"word boundaries", "^/", "\\b", "x$", 8000, GOOD, "/x", "/y"},
    {"contradicting boundaries", "", "\\b\\B", "x", 4000, GOOD, NULL, "/x"},
    {"anchors", "", "^", "/x$", 16000, GOOD, "/x", "/y"},
    {"quoted text", "\\Q", "a", "\\E", 16000, EITHER, NULL, "/a"},
    {"escapes", "", "\\x{61}", "", 2600, GOOD, NULL, "/a"},
    {"bad escapes", "", "\\k", "", 8000, BAD, NULL, NULL},
};

struct compile {
    const struct pattern *pattern;
    struct matching matching;
    size_t size;
};

static void *compile_begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct compile *compile = calloc(1, sizeof(*compile));
    struct input text = {NULL, 0, 0};
    if (compile == NULL) {
        give_up("out of memory");
    }
    compile->pattern = user;
    around(&text, compile->pattern->ahead, compile->pattern->repeated, compile->pattern->behind, n);
    make_cluster(&compile->matching, context, &text, &compile->size);
    input_free(&text);
    return compile;
}

static void compile_act(void *user)
{
    struct compile *compile = user;
    matching_resolve(&compile->matching);
}

static int ask(const struct matching *matching, const char *path)
{
    struct svcroute_match_request request = request_of("h", path);
    const struct svcroute_route *route;
    return svcroute_table_match(matching->table, &request, &route);
}

static void compile_end(void *user)
{
    struct compile *compile = user;
    const struct pattern *pattern = compile->pattern;
    size_t faults = matching_count(&compile->matching, "rule-syntax");
    check(pattern->verdict == EITHER || faults == (pattern->verdict == BAD ? 1 : 0), pattern->name,
          "%zu faults", faults);
    if (pattern->yes != NULL && faults == 0) {
        int error = ask(&compile->matching, pattern->yes);
        check(error == SVCROUTE_OK, pattern->name, "%s: %s", pattern->yes,
              svcroute_error_name(error));
    }
    if (pattern->no != NULL) {
        int error = ask(&compile->matching, pattern->no);
        check(error == SVCROUTE_ERR_NOT_FOUND, pattern->name, "%s: %s", pattern->no,
              svcroute_error_name(error));
    }
    matching_free(&compile->matching);
    free(compile);
}

static void check_memory(const struct pattern *pattern, size_t n)
{
    struct counting counting;
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct compile *compile = compile_begin(context, n, pattern);
    uint64_t allowed = BYTES_PER_BYTE * compile->size + BYTES_AT_ALL, before = counting.live_bytes;
    counting_restart(&counting);
    compile_act(compile);
    check(counting.peak - before <= allowed, pattern->name, "%llu bytes held for a pattern of %zu",
          (unsigned long long)(counting.peak - before), compile->size);
    compile_end(compile);
    svcroute_context_unref(context);
}

static void run_patterns(void)
{
    static const struct work work = {compile_begin, compile_act, compile_end};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        size_t n = sized(patterns[i].n);
        check_memory(&patterns[i], n);
        check_memory(&patterns[i], 4 * n);
        check_growth(patterns[i].name, &work, n, &patterns[i]);
    }
}

/* ---- slow when matched ---- */

struct subject {
    const char *name, *pattern;
    const char *ahead, *repeated, *behind; /* the path is this, with n of the middle one */
    size_t n;                              /* up to 32 KiB at 4n */
    bool found;
};

/* "y ahead": what no match is without stands there, in the wrong place. */
static const struct subject subjects[] = {
    {"(a+)+", "^/(a+)+$", "/", "a", "!", 8000, false},
    {"(a+)+, found", "^/(a+)+$", "/", "a", "", 8000, true},
    {"(a|a)*", "^/(a|a)*$", "/", "a", "!", 8000, false},
    {"(a|aa)+", "^/(a|aa)+$", "/", "a", "!", 8000, false},
    {"(a|a?)+", "^/(a|a?)+$", "/", "a", "!", 8000, false},
    {"([a-zA-Z]+)*", "^/([a-zA-Z]+)*$", "/", "aB", "!", 4000, false},
    {"(x+x+)+y", "(x+x+)+y", "/", "x", "", 8000, false},
    {"(x+x+)+y, y ahead", "(x+x+)+y", "/y", "x", "", 8000, false},
    {"(x+x+)+y, found", "(x+x+)+y", "/", "x", "y", 8000, true},
    {"(.*)*", "(.*)*y$", "/", "x", "", 8000, false},
    {"(.*)*, y ahead", "(.*)*y$", "/y", "x", "", 8000, false},
    {"(.*a){12}", "(.*a){12}b$", "/", "a", "", 8000, false},
    {"(.*a){12}, b ahead", "(.*a){12}b$", "/b", "a", "", 8000, false},
    {".*.*.*=", ".*.*.*=.*y", "/", "x", "=", 8000, false},
    {"seven stars", "x*x*x*x*x*x*x*y", "/", "x", "", 8000, false},
    {"seven plusses", "x+x+x+x+x+x+x+y", "/y", "x", "", 8000, false},
    {"seven points", "(?s)(?:x.*x.*x.*x.*x.*x.*x.*y)$", "/y", "x", "", 8000, false},
    {"stars in a chain", "^/.*(?:x.*)*(?:x.*)*(?:x.*)*y$", "/y", "x", "", 8000, false},
    {"words", "^/((?:\\w+-)+\\w+)+$", "/", "ab-", "!", 2600, false},
    {"optional letters", "^/(a?){50}a{50}$", "/", "a", "", 8000, false},
    {"many optional letters", "(a?){500}b", "/", "a", "", 8000, false},
    {"many optional letters, b ahead", "c(a?){500}b", "/b", "ca", "", 4000, false},
    {"up to a thousand", "^/a{0,1000}b", "/", "a", "", 8000, false},
    {"a thousand, anywhere", "a{1000}b", "/", "a", "", 8000, false},
    {"a thousand, b ahead", "a{0,1000}a{1000}b", "/b", "a", "", 8000, false},
    {"any of a class, anywhere", "[a-f]{200}[g-z]$", "/", "a", "", 8000, false},
    {"back from each end", "a.{100}b$", "/", "a", "", 8000, false},
    {"hundreds of alternatives", "(?:a{1,9}|a{2,8}b|a{3,7}c){40}d", "/d", "a", "", 8000, false},
    {"word boundaries", "(?:\\b\\w+\\b.?)+!$", "/", "ab.", "", 2600, false},
    {"lazy", "^/(?:a*?)*?b$", "/", "a", "", 8000, false},
    {"any case", "(?i)^/(K+)+$", "/", "k", "!", 8000, false},
    {"letters of Unicode", "^/(\\pL+)+$", "/", "%C3%A9", "!", 1300, false},
    {"alternatives in a row", "^/(?:a|b|ab)+c$", "/", "ab", "", 4000, false},
    {"a literal, sought", "xxxxxxxxxxxxxxxxy", "/", "x", "", 8000, false},
    {"empty", "^/(?:a|(?:))+$", "/", "a", "!", 8000, false},
};

struct attempt {
    const struct subject *subject;
    struct matching matching;
    struct input path;
    int error;
};

static void *attempt_begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    struct input pattern = {NULL, 0, 0};
    size_t size;
    if (attempt == NULL) {
        give_up("out of memory");
    }
    attempt->subject = user;
    add_text(&pattern, attempt->subject->pattern);
    make_cluster(&attempt->matching, context, &pattern, &size);
    matching_resolve(&attempt->matching);
    around(&attempt->path, attempt->subject->ahead, attempt->subject->repeated,
           attempt->subject->behind, n);
    input_free(&pattern);
    return attempt;
}

static void attempt_act(void *user)
{
    struct attempt *attempt = user;
    struct svcroute_match_request request = request_of("h", "");
    const struct svcroute_route *route;
    request.path = (struct svcroute_text){attempt->path.data, attempt->path.size};
    attempt->error = svcroute_table_match(attempt->matching.table, &request, &route);
}

static void attempt_end(void *user)
{
    struct attempt *attempt = user;
    check(attempt->error == (attempt->subject->found ? SVCROUTE_OK : SVCROUTE_ERR_NOT_FOUND),
          attempt->subject->name, "%s", svcroute_error_name(attempt->error));
    input_free(&attempt->path);
    matching_free(&attempt->matching);
    free(attempt);
}

static void run_subjects(void)
{
    static const struct work work = {attempt_begin, attempt_act, attempt_end};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        check_growth(subjects[i].name, &work, sized(subjects[i].n), &subjects[i]);
    }
}

void run_regex_bombs(void)
{
    if (matching_has_regexps()) {
        run_patterns();
        run_subjects();
    }
}
