/* What each matcher compares, and the way through a program. The run is compiled in here with
 * regular expressions of the test's own, which tell what they were asked and can give up. */
#define svcr_regex_match run_regex_match
#define svcr_test_run run_test_run
#define svcr_program_run run_program_run
#include "rule/run.c"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

#define TEXT(string) ((svcr_text){(string), strlen(string)})

/* Matches one text, gives up at another, and notes all that it is asked, each in brackets. */
struct svcr_regex {
    const char *yes, *gives_up;
};
static char asked[512];

enum svcr_regex_answer svcr_regex_match(const struct svcr_regex *regex, svcr_text text)
{
    size_t used = strlen(asked);

    snprintf(asked + used, sizeof(asked) - used, "[%.*s]", SVCR_ARG(text));
    if (regex->gives_up != NULL && svcr_text_same(text, TEXT(regex->gives_up))) {
        return SVCR_REGEX_GAVE_UP;
    }
    return answer_of(regex->yes != NULL && svcr_text_same(text, TEXT(regex->yes)));
}

static struct svcr_subject subject;

static void make(const struct svcroute_match_request *request, bool traefik)
{
    memset(&subject, 0xee, sizeof(subject));
    ck_assert_int_eq(svcr_subject_make(&subject, request, traefik), 0);
    asked[0] = '\0';
}

static void make_for(const char *host, const char *path, const char *query, bool traefik)
{
    struct svcroute_match_request request = {
        .size = sizeof(request), .host = TEXT(host), .path = TEXT(path), .query = TEXT(query)};

    make(&request, traefik);
}

static enum svcr_regex_answer run(enum svcr_matcher matcher, const char *key, const char *value)
{
    struct svcr_test test = {.matcher = matcher, .key = TEXT(key), .value = TEXT(value)};

    return svcr_test_run(&test, &subject);
}

static enum svcr_regex_answer run_regex(enum svcr_matcher matcher, const char *key, const char *yes,
                                        const char *gives_up)
{
    struct svcr_regex regex = {yes, gives_up};
    struct svcr_test test = {.matcher = matcher, .key = TEXT(key), .regex = &regex};

    return svcr_test_run(&test, &subject);
}

/* ---- host ---- */

static const struct {
    const char *host, *value;
    bool match;
} host_rows[] = {
    {"example.com", "example.com", true},
    {"EXAMPLE.com:80", "example.com", true},
    {"example.com.", "example.com", true},
    {"example.com", "example.com.", true},
    {"example.com.", "example.com.", true},
    {"example.com..", "example.com.", true},
    {"example.com..", "example.com", false},
    {"example.com", "example.com..", false},
    {"example.org", "example.com", false},
    {"a.example.com", "example.com", false},
    {"example.co", "example.com", false},
    {"", "example.com", false},
    {"[::1]:80", "::1", true},
    {"[::1]", "[::1]", false},
    {"example.com:80", "example.com:80", false},
    {"a:80:90", "a", false},
    {"a:80:90", "a:80", false},
    {"", "*", true},
    {":80", "*", true},
    {"a.b.c", "*", true},
    {"a:80:90", "*", true},
    {"a.example.com", "*.example.com", true},
    {".example.com", "*.example.com", true},
    {"*.example.com", "*.example.com", true},
    {"a.example.com.", "*.example.com", true},
    {"a.example.com", "*.example.com.", true},
    {"example.com", "*.example.com", false},
    {"a.b.example.com", "*.example.com", false},
    {"a.xexample.com", "*.example.com", false},
    {"localhost", "*.", true},
    {"localhost.", "*.", true},
    {"localhost..", "*.", true},
    {"a.b", "*.", false},
    {"", "*.", false},
    {".", "*.", true},
    {"[::1]", "*.", true},
    {"ax", "*x", false},
    {"x", "*x", false},
    {"a.b", "**", false},
    {"ab", "**", false},
    {".", ".", true},
    {"a", ".", false},
    {"*.c.example.com", "*.*.example.com", false},
    {"a.b.c", "a.*.c", false},
    {"a.*.c", "a.*.c", true},
};

START_TEST(hosts_compare)
{
    for (size_t i = 0; i < sizeof(host_rows) / sizeof(host_rows[0]); i++) {
        for (int traefik = 0; traefik < 2; traefik++) {
            make_for(host_rows[i].host, "/", "", traefik);
            ck_assert_msg(run(SVCR_MATCHER_HOST, "", host_rows[i].value) ==
                              answer_of(host_rows[i].match),
                          "%s and %s", host_rows[i].host, host_rows[i].value);
        }
    }
}
END_TEST

START_TEST(expressions_see_the_host)
{
    make_for("A.example.COM.:80", "/", "", false);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "a.example.com.", NULL),
                     SVCR_REGEX_YES);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "", NULL), SVCR_REGEX_NO);
    ck_assert_str_eq(asked, "[a.example.com.][a.example.com.]");
    make_for("a:80:90", "/", "", false);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "a:80:90", NULL), SVCR_REGEX_YES);
    make_for("", "/", "", false);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "", NULL), SVCR_REGEX_YES);

    /* The reference tries the empty text as well. */
    make_for("a", "/", "", true);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "a", NULL), SVCR_REGEX_YES);
    ck_assert_str_eq(asked, "[a]");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "", NULL), SVCR_REGEX_YES);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "b", NULL), SVCR_REGEX_NO);
    ck_assert_str_eq(asked, "[a][a][][a][]");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", "", "a"), SVCR_REGEX_GAVE_UP);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HOST_REGEXP, "", NULL, ""), SVCR_REGEX_GAVE_UP);
}
END_TEST

/* ---- path and method ---- */

START_TEST(paths_and_methods_compare)
{
    struct svcroute_match_request request = {.size = sizeof(request)};

    request.path = TEXT("/f%6Fo%2Fx%20y");
    make(&request, true);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH, "", "/foo%2Fx y"), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH, "", "/foo%2Fx"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH, "", "/foo%2Fx y/"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH_PREFIX, "", "/fo"), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH_PREFIX, "", "/foo%2Fx y"), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH_PREFIX, "", "/foo/"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_PATH_PREFIX, "", "/foo%2Fx yz"), SVCR_REGEX_NO);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_PATH_REGEXP, "", "/foo%2Fx y", NULL), SVCR_REGEX_YES);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_PATH_REGEXP, "", NULL, "/foo%2Fx y"),
                     SVCR_REGEX_GAVE_UP);
    ck_assert_str_eq(asked, "[/foo%2Fx y][/foo%2Fx y]");
    ck_assert_int_eq(run(SVCR_MATCHER_METHOD, "", "GET"), SVCR_REGEX_YES);
    request.method = TEXT("get");
    make(&request, true);
    ck_assert_int_eq(run(SVCR_MATCHER_METHOD, "", "GET"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(0, "", ""), SVCR_REGEX_NO);
}
END_TEST

/* ---- headers ---- */

START_TEST(headers_compare_line_by_line)
{
    static const struct svcroute_text headers[] = {
        {"Host", 4},        {"a", 1},  {"x-teST", 6}, {"one", 3},    {"X-Test", 6},
        {"two, three", 10}, {NULL, 6}, {"a", 1},      {"X-None", 6}, {NULL, 0},
        {"X-Bad", 5},       {NULL, 3}, {"X-Test", 6}, {"", 0},
    };
    struct svcroute_match_request request = {
        .size = sizeof(request), .headers = headers, .num_headers = 7};

    make(&request, true);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Test", "one"), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "x-test", "two, three"), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-TEST", ""), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Test", "One"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Test", "two"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Test", "one, two, three"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X_Test", "one"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Tes", "one"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-None", ""), SVCR_REGEX_YES);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Bad", ""), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "Host", "a"), SVCR_REGEX_NO);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "hOST", "a"), SVCR_REGEX_NO);

    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "host", "a", NULL), SVCR_REGEX_NO);
    ck_assert_str_eq(asked, "");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "X-Bad", "", NULL), SVCR_REGEX_NO);
    ck_assert_str_eq(asked, "");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "x-Test", "", NULL), SVCR_REGEX_YES);
    ck_assert_str_eq(asked, "[one][two, three][]");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "X-Test", "two, three", NULL),
                     SVCR_REGEX_YES);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "X-Test", "two, three", "one"),
                     SVCR_REGEX_GAVE_UP);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_HEADER_REGEXP, "X-Test", "four", NULL), SVCR_REGEX_NO);
    request.num_headers = 0;
    request.headers = NULL;
    make(&request, true);
    ck_assert_int_eq(run(SVCR_MATCHER_HEADER, "X-Test", ""), SVCR_REGEX_NO);
}
END_TEST

/* ---- query ---- */

static const struct {
    const char *query, *key, *value;
    bool match, bare; /* with ";" as a separator, and as what drops a pair */
} query_rows[] = {
    {"", "a", "", false, false},
    {"a", "a", "", true, true},
    {"a=", "a", "", true, true},
    {"a=1", "a", "", false, false},
    {"a=1", "a", "1", true, true},
    {"A=1", "a", "1", false, false},
    {"a=2&a=1", "a", "1", true, true},
    {"a=2&a=1", "a", "2", true, true},
    {"b&a", "a", "", true, true},
    {"&&a=1&&", "a", "1", true, true},
    {"=1", "a", "1", false, false},
    {"a=10", "a", "1", false, false},
    {"a=1", "a", "10", false, false},
    {"ab=1", "a", "1", false, false},
    {"a=1", "ab", "1", false, false},
    {"a==1", "a", "=1", true, true},
    {"a=b=c", "a", "b=c", true, true},
    {"a%3D1", "a=1", "", true, true},
    {"a=1+2", "a", "1 2", true, true},
    {"a=1%202", "a", "1 2", true, true},
    {"a=1%2B2", "a", "1+2", true, true},
    {"a+b=1", "a b", "1", true, true},
    {"%61=%31", "a", "1", true, true},
    {"a=%c3%A9", "a", "\xc3\xa9", true, true},
    {"a=\xc3\xa9", "a", "\xc3\xa9", true, true},
    {"a=%FF", "a", "\xff", true, true},
    {"a=%31", "a", "%31", false, false},
    {"a=%zz&b=2", "b", "2", true, true},
    {"a=%zz", "a", "", false, false},
    {"a=%zz", "a", "%zz", false, false},
    {"a=1%", "a", "1", false, false},
    {"a=1%3", "a", "1", false, false},
    {"a%=1", "a", "1", false, false},
    {"a=%&a=1", "a", "1", true, true},
    {"?a=1", "?a", "1", true, true},
    {"a=1#f", "a", "1#f", true, true},
    {"a=x%26y", "a", "x&y", true, true},
    {"a[]=1", "a[]", "1", true, true},
    {"a=1;b=2", "a", "1", true, false},
    {"a=1;b=2", "b", "2", true, false},
    {"b=2;a=1&c", "c", "", true, true},
    {"a;b", "b", "", true, false},
    {"a=1;b=2", "a", "1;b=2", false, false},
    {"a=1%3Bb=2", "a", "1;b=2", true, true},
    {";;a=1", "a", "1", true, false},
    {"a=1&;", "a", "1", true, true},
};

START_TEST(queries_compare_decoded)
{
    for (size_t i = 0; i < sizeof(query_rows) / sizeof(query_rows[0]); i++) {
        for (int bare = 0; bare < 2; bare++) {
            make_for("a", "/", query_rows[i].query, true);
            subject.query_semicolons = !bare;
            ck_assert_msg(run(SVCR_MATCHER_QUERY, query_rows[i].key, query_rows[i].value) ==
                              answer_of(bare ? query_rows[i].bare : query_rows[i].match),
                          "%d: %s of %s", bare, query_rows[i].key, query_rows[i].query);
        }
    }
}
END_TEST

/* Texts that go on behind their end. */
START_TEST(queries_end_where_they_end)
{
    struct svcroute_match_request request = {.size = sizeof(request), .query = {"a=%31", 4}};
    struct svcr_test test = {.matcher = SVCR_MATCHER_QUERY, .key = {"ab", 1}, .value = {"12", 1}};

    make(&request, true);
    ck_assert_int_eq(svcr_test_run(&test, &subject), SVCR_REGEX_NO);
    request.query.size = 5;
    make(&request, true);
    ck_assert_int_eq(svcr_test_run(&test, &subject), SVCR_REGEX_YES);
    request.query = TEXT("a=12");
    make(&request, true);
    ck_assert_int_eq(svcr_test_run(&test, &subject), SVCR_REGEX_NO);
    request.query = (svcr_text){"ab=1", 1};
    make(&request, true);
    ck_assert_int_eq(svcr_test_run(&test, &subject), SVCR_REGEX_NO);
    test.value.size = 0;
    ck_assert_int_eq(svcr_test_run(&test, &subject), SVCR_REGEX_YES);
}
END_TEST

START_TEST(expressions_see_decoded_values)
{
    make_for("A", "/%41", "a=1&b=x&a=%41+%zz&%61=%41+b&a&a=c&a=d+&a=%65", true);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_QUERY_REGEXP, "a", NULL, NULL), SVCR_REGEX_NO);
    ck_assert_str_eq(asked, "[1][A b][][c][d ][e]");
    ck_assert_int_eq(run_regex(SVCR_MATCHER_QUERY_REGEXP, "a", "A b", NULL), SVCR_REGEX_YES);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_QUERY_REGEXP, "a", "c", ""), SVCR_REGEX_GAVE_UP);
    ck_assert_int_eq(run_regex(SVCR_MATCHER_QUERY_REGEXP, "c", "c", NULL), SVCR_REGEX_NO);
    /* Values are decoded behind host and path. */
    ck_assert(svcr_text_same(subject.host, TEXT("a")));
    ck_assert(svcr_text_same(subject.path, TEXT("/A")));
}
END_TEST

/* Go reads no query with more than 10,000 pairs. */
START_TEST(queries_of_too_many_pairs_have_none)
{
    char *query = malloc(12000);

    for (size_t separators = 9999; separators <= 10000; separators++) {
        bool read = separators == 9999;

        for (int semicolon = 0; semicolon < 2; semicolon++) {
            memset(query, semicolon ? ';' : '&', separators);
            memcpy(query + separators, "a=1", 4);
            make_for("a", "/", query, true);
            ck_assert_int_eq(run(SVCR_MATCHER_QUERY, "a", "1"), answer_of(read));
            ck_assert_int_eq(run_regex(SVCR_MATCHER_QUERY_REGEXP, "a", "1", NULL), answer_of(read));
        }
    }
    free(query);
}
END_TEST

/* ---- client ---- */

static const struct {
    const char *client, *network; /* 16 bytes */
    uint8_t bits;
    bool match;
} client_rows[] = {
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff"
#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    {"10.0.0.1:1", MAPPED "\x0a\0\0\x01", 128, true},
    {"10.0.0.2:1", MAPPED "\x0a\0\0\x01", 128, false},
    {"[::ffff:10.0.0.1]:1", MAPPED "\x0a\0\0\x01", 128, true},
    {"10.1.2.3", MAPPED "\x0a\0\0\0", 104, true},
    {"11.1.2.3", MAPPED "\x0a\0\0\0", 104, false},
    {"10.127.255.255", MAPPED "\x0a\0\0\0", 105, true},
    {"10.128.0.0", MAPPED "\x0a\0\0\0", 105, false},
    {"10.0.0.3", MAPPED "\x0a\0\0\x02", 127, true},
    {"10.0.0.4", MAPPED "\x0a\0\0\x02", 127, false},
    {"10.0.0.1", MAPPED "\0\0\0\0", 96, true},
    {"::1", MAPPED "\0\0\0\0", 96, false},
    /* A network of IPv6, however wide, holds no IPv4 address. */
    {"10.0.0.1", ZEROS, 0, false},
    {"10.0.0.1", ZEROS, 80, false},
    {"10.0.0.1", "\0\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\0", 95, false},
    {"::1", ZEROS, 0, true},
    {"[2001:db8::5]:443", ZEROS, 0, true},
    {"[::10.0.0.1]:1", ZEROS, 96, true},
    {"[2001:db8::5]:443", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 32, true},
    {"[2001:db9::5]:443", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 32, false},
    {"[2001:db9::5]:443", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 31, true},
    {"fe80::1%eth0", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0", 10, true},
    {"", ZEROS, 0, false},
    {"@", MAPPED "\0\0\0\0", 96, false},
    {"::", ZEROS, 129, false},
};

START_TEST(clients_are_in_networks)
{
    for (size_t i = 0; i < sizeof(client_rows) / sizeof(client_rows[0]); i++) {
        struct svcroute_match_request request = {.size = sizeof(request),
                                                 .client = TEXT(client_rows[i].client)};
        struct svcr_test test = {.matcher = SVCR_MATCHER_CLIENT_IP,
                                 .value = {client_rows[i].network, 16},
                                 .bits = client_rows[i].bits};

        make(&request, true);
        ck_assert_msg(svcr_test_run(&test, &subject) == answer_of(client_rows[i].match), "row %zu",
                      i);
    }
}
END_TEST

/* ---- programs ---- */

enum { YES = SVCR_TEST_YES, NO = SVCR_TEST_NO };

static bool run_tests(const struct svcr_test *tests, uint32_t num, int wanted_last)
{
    struct svcr_program program = {.num_tests = num, .tests = tests};
    const struct svcr_test *decided = NULL;
    bool matches = svcr_program_run(&program, &subject, &decided);

    ck_assert_int_eq(svcr_program_run(&program, &subject, NULL), matches);
    if (wanted_last >= 0) {
        ck_assert_int_eq(decided - tests, wanted_last);
    }
    return matches;
}

/* (A && B) || !C, for all that the three can be. */
START_TEST(programs_take_their_ways)
{
    for (int bits = 0; bits < 8; bits++) {
        bool a = bits & 1, b = bits & 2, c = bits & 4;
        const struct svcr_test tests[] = {
            {.matcher = SVCR_MATCHER_HOST,
             .value = TEXT(a ? "a" : "x"),
             .on_true = 1,
             .on_false = 2},
            {.matcher = SVCR_MATCHER_PATH,
             .value = TEXT(b ? "/" : "/x"),
             .on_true = YES,
             .on_false = 2},
            {.matcher = SVCR_MATCHER_METHOD,
             .value = TEXT(c ? "GET" : "X"),
             .on_true = NO,
             .on_false = YES},
        };

        make_for("a", "/", "", true);
        ck_assert_int_eq(run_tests(tests, 3, a && b ? 1 : 2), (a && b) || !c);
    }
}
END_TEST

START_TEST(who_gives_up_does_not_match)
{
    struct svcr_regex regex = {.gives_up = "/"};
    struct svcr_test tests[] = {
        {.matcher = SVCR_MATCHER_PATH_REGEXP, .regex = &regex, .on_true = NO, .on_false = YES},
        {.matcher = SVCR_MATCHER_HOST, .value = TEXT("a"), .on_true = YES, .on_false = NO},
    };

    make_for("a", "/", "", false);
    ck_assert(!run_tests(tests, 2, 0)); /* !A */
    tests[0].on_true = YES;
    tests[0].on_false = 1;
    ck_assert(!run_tests(tests, 2, 0)); /* A || B */
    make_for("a", "/x", "", false);
    ck_assert(run_tests(tests, 2, 1));
}
END_TEST

START_TEST(runs_end)
{
    const struct svcr_test tests[] = {
        {.matcher = SVCR_MATCHER_HOST, .value = TEXT("a"), .on_true = 1, .on_false = NO},
        {.matcher = SVCR_MATCHER_HOST, .value = TEXT("a"), .on_true = 0, .on_false = NO},
    };

    make_for("a", "/", "", true);
    ck_assert(!run_tests(tests, 2, -1));
    ck_assert(!run_tests(tests, 0, -1));
}
END_TEST

Suite *suite_run(void)
{
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");

    tcase_add_test(tests, hosts_compare);
    tcase_add_test(tests, expressions_see_the_host);
    tcase_add_test(tests, paths_and_methods_compare);
    tcase_add_test(tests, headers_compare_line_by_line);
    tcase_add_test(tests, queries_compare_decoded);
    tcase_add_test(tests, queries_end_where_they_end);
    tcase_add_test(tests, expressions_see_decoded_values);
    tcase_add_test(tests, queries_of_too_many_pairs_have_none);
    tcase_add_test(tests, clients_are_in_networks);
    tcase_add_test(tests, programs_take_their_ways);
    tcase_add_test(tests, who_gives_up_does_not_match);
    tcase_add_test(tests, runs_end);
    suite_add_tcase(suite, tests);
    return suite;
}
