/* Anchors of rules: by hand, and against requests that the rules match. Expectations after
 * behaviour section 11 (hosts) and the description in program.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule/program.h"

#include "failing_allocator.h"

static struct svcroute_context *context;
static struct failing_allocator memory;
static struct svcr_rule_fault fault;
static uint64_t random_state;

static void setup(void)
{
    context = failing_context(&memory);
    random_state = 1;
}

static void teardown(void)
{
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

static struct svcr_program *compiled(const char *rule)
{
    struct svcr_program *program;
    int status = svcr_program_make(&program, context, (svcr_text){rule, strlen(rule)}, &fault);

    ck_assert_msg(status == SVCROUTE_OK, "%.200s: %s", rule, fault.text);
    ck_assert_uint_ge(program->num_anchors, 1);
    ck_assert_uint_le(program->num_anchors, SVCR_ANCHORS_MAX);
    return program;
}

/* ---- by hand ------------------------------------------------------------------------------- */

/* "host path, host path"; "-" is any host. */
static const struct {
    const char *rule, *anchors;
} anchors[] = {
    {"Host(`A.Example`)", "a.example"},
    {"Host(`a.example..`)", "a.example"},
    {"Host(`*.Example.com.`)", "*.example.com"},
    {"Host(`a.*.b`)", "a.*.b"},
    {"Host(`.a`)", ".a"},
    {"Host(`*`)", "-"},
    {"Host(`*.`)", "-"},
    {"Host(`.`)", "-"},
    {"Host(`**`)", "-"},
    {"Host(`*x.y`)", "-"},
    {"Path(`/X`)", "- /X"},
    {"PathPrefix(`/x%2F/`)", "- /x%2F/"},
    {"Method(`GET`)", "-"},
    {"Query(`a`)", "-"},
    {"Header(`Host`, `a`)", "-"},
    {"ClientIP(`::1`)", "-"},
    {"Host(`a`) && PathPrefix(`/x`)", "a /x"},
    {"PathPrefix(`/x`) && Method(`A`) && Host(`a`)", "a /x"},
    {"Host(`a`) && PathPrefix(`/x`) && Path(`/x/y`)", "a /x/y"},
    {"Path(`/x/y`) && PathPrefix(`/x`)", "- /x/y"},
    {"Host(`a`) && !Path(`/x`)", "a"},
    {"!Host(`a`)", "-"},
    {"!!Host(`a`)", "a"},
    {"!(!Host(`a`) || !Path(`/x`))", "a /x"},
    {"!(!Host(`a`) && !Host(`b`))", "a, b"},
    {"!(Host(`a`) && Host(`b`))", "-"},
    {"Host(`b`) || Host(`a`)", "a, b"},
    {"Host(`a`) || Host(`A`) || Host(`a.`)", "a"},
    {"PathPrefix(`/x`) || Path(`/x/y`) || Path(`/xy`) || Path(`/w`)", "- /w, - /x"},
    {"Path(`/b`) || Path(`/a`) || Path(`/b`)", "- /a, - /b"},
    {"Host(`a`) && Path(`/x/y`) || PathPrefix(`/x`)", "- /x"},
    {"Host(`a`) && Path(`/y`) || PathPrefix(`/x`) || Host(`a`)", "- /x, a"},
    {"Host(`a`) || Method(`GET`)", "-"},
    {"Host(`a`) || Path(`/x`)", "- /x, a"},
    {"(Host(`b`) || Host(`a`)) && (Path(`/y`) || Path(`/x`))", "a /x, a /y, b /x, b /y"},
    {"(Host(`a`) || Path(`/y`)) && (Host(`b`) || Path(`/x`))", "a /x, b /y"},
    {"Host(`*.c`) && Host(`a.c`)", "a.c"},
    {"Host(`a.c`) && Host(`*.c`)", "a.c"},
    {"Host(`*.c`) && (Host(`a.c`) || Host(`a.b.c`) || Host(`c`))", "a.c"},
    {"Host(`*.c`) && Host(`*.C`)", "*.c"},
    {"Host(`*`) && Host(`a`)", "a"},
    {"Host(`a`) && Host(`b`)", "a"}, /* nothing matches: either does */
    {"Path(`/x`) && Path(`/y`)", "- /x"},
    {"Host(`a`) && (Host(`b`) || Host(`c`) && Path(`/`))", "a"},
};

static void anchors_text(const struct svcr_anchor *list, uint32_t num, char *out, size_t room)
{
    size_t size = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < num; i++) {
        bool any = list[i].host.size == 0, path = list[i].path.size > 0;

        size += (size_t)snprintf(out + size, room - size, "%s%.*s%s%.*s", i > 0 ? ", " : "",
                                 any ? 1 : (int)list[i].host.size, any ? "-" : list[i].host.data,
                                 path ? " " : "", SVCR_ARG(list[i].path));
        ck_assert_uint_lt(size, room);
    }
}

START_TEST(anchors_are_what_requests_have)
{
    for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++) {
        struct svcr_program *program = compiled(anchors[i].rule);
        char text[512];

        anchors_text(program->anchors, program->num_anchors, text, sizeof(text));
        ck_assert_msg(strcmp(text, anchors[i].anchors) == 0, "%s: %s", anchors[i].rule, text);
        svcr_block_unref(context, program);
    }
}
END_TEST

/* ---- anchors against requests -------------------------------------------------------------- */

static const char *const rule_hosts[] = {"a.x", "b.x",   "a.x.", "*.x", "*.X.", "*.",
                                         "*",   "**",    "x",    "x..", ".x",   "*.b.x",
                                         "..",  "*.x..", "*..x", "*a.x"};
static const char *const request_hosts[] = {"a.x", "b.x",   "a.x.", "x",    "x.",    ".x", "",
                                            "*.x", ".",     "..",   "*",    "a.b.x", "a.", "a..",
                                            "x..", "a.x..", "..x",  "b..x", "*a.x",  "**"};
static const char *const rule_paths[] = {"/", "/p", "/p/q", "/pq", "/q"};
static const char *const request_paths[] = {"/", "/p", "/p/q", "/pq", "/q", "*", "", "/p/q/r"};
#define PICK(list) list[draw(sizeof(list) / sizeof(list[0]))]

/* Equal, but for one dot at the end of either. */
static bool equal_but_dot(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);

    return strcmp(a, b) == 0 || (m == n + 1 && a[n] == '.' && strncmp(a, b, n) == 0) ||
           (n == m + 1 && b[m] == '.' && strncmp(a, b, m) == 0);
}

static void starred(const char *host, char *out)
{
    const char *dot = strchr(host, '.');

    sprintf(out, "*%s", dot != NULL ? dot : "");
}

static bool host_matches(const char *rule, const char *host)
{
    char lower[32], star[32];
    size_t size = strlen(rule);

    for (size_t i = 0; i <= size; i++) {
        lower[i] = (char)(rule[i] >= 'A' && rule[i] <= 'Z' ? rule[i] + 32 : rule[i]);
    }
    starred(host, star);
    if (host[0] == '\0') {
        return false;
    }
    return strcmp(lower, "*") == 0 || equal_but_dot(lower, lower[0] == '*' ? star : host);
}

/* A random rule of hosts, paths and methods, and what it says of a request. */
static size_t random_match(char *out, uint32_t depth, const char *host, const char *path,
                           bool *matches)
{
    uint32_t kind = depth == 0 ? draw(3) : draw(8);
    bool every = draw(2);
    size_t size = 0;

    if (kind == 0) {
        const char *rule = PICK(rule_hosts);

        *matches = host_matches(rule, host);
        return (size_t)sprintf(out, "Host(`%s`)", rule);
    }
    if (kind == 1) {
        const char *rule = PICK(rule_paths);
        bool whole = draw(2);

        *matches = whole ? strcmp(path, rule) == 0 : strncmp(path, rule, strlen(rule)) == 0;
        return (size_t)sprintf(out, "%s(`%s`)", whole ? "Path" : "PathPrefix", rule);
    }
    if (kind == 2) {
        *matches = draw(2);
        return (size_t)sprintf(out, "Method(`A`)");
    }
    if (kind == 3) {
        size = (size_t)sprintf(out, "!");
        size += random_match(out + size, 0, host, path, matches);
        *matches = !*matches;
        return size;
    }
    *matches = every;
    for (uint32_t i = 0; i < 2 + draw(2); i++) {
        bool one, negated = draw(6) == 0;

        size += (size_t)sprintf(out + size, "%s%s(",
                                i == 0  ? ""
                                : every ? "&&"
                                        : "||",
                                negated ? "!" : "");
        size += random_match(out + size, depth - 1, host, path, &one);
        size += (size_t)sprintf(out + size, ")");
        *matches = every ? *matches && one != negated : *matches || one != negated;
    }
    return size;
}

/* Whether a request is looked up at an anchor: under its host without dots at the end, that with
 * "*" for its first label, and no host. */
static bool fits(const struct svcr_anchor *anchor, const char *host, const char *path)
{
    char cut[32], star[32];

    strcpy(cut, host);
    while (cut[0] != '\0' && cut[strlen(cut) - 1] == '.') {
        cut[strlen(cut) - 1] = '\0';
    }
    starred(cut, star);
    return (anchor->host.size == 0 || same(anchor->host, cut) || same(anchor->host, star)) &&
           svcr_text_starts((svcr_text){path, strlen(path)}, anchor->path);
}

START_TEST(no_match_is_without_an_anchor)
{
    uint32_t matched = 0, narrow = 0, useless = 0;

    for (int round = 0; round < 200000; round++) {
        const char *host = PICK(request_hosts), *path = PICK(request_paths);
        struct svcr_program *program;
        char rule[2048];
        bool matches, found = false;

        random_match(rule, 3, host, path, &matches);
        program = compiled(rule);
        for (uint32_t i = 0; i < program->num_anchors; i++) {
            const struct svcr_anchor *anchor = &program->anchors[i];

            found = found || fits(anchor, host, path);
            narrow += anchor->host.size > 0 || anchor->path.size > 1;
        }
        ck_assert_msg(found || !matches, "%s: %s %s", rule, host, path);
        matched += matches;
        useless += found && !matches;
        svcr_block_unref(context, program);
    }
    ck_assert_uint_gt(matched, 60000);
    ck_assert_uint_gt(narrow, 60000);
    ck_assert_uint_gt(200000 - matched - useless, 20000); /* those that the index spares */
}
END_TEST

/* ---- large rules --------------------------------------------------------------------------- */

/* Adds "word(`begin0000end`) || word(`begin0001end`) ..." in parentheses. */
static char *add_many(char *at, const char *word, const char *begin, uint32_t num, const char *end)
{
    at += sprintf(at, "(");
    for (uint32_t i = 0; i < num; i++) {
        at += sprintf(at, "%s%s(`%s%04u%s`)", i > 0 ? " || " : "", word, begin, (unsigned)i, end);
    }
    return at + sprintf(at, ")");
}

/* Every host of add_many(), or any, and the first and last path, or any, have an anchor. */
static void check_many(const struct svcr_program *program, uint32_t hosts, const char *domain,
                       uint32_t paths)
{
    for (uint32_t i = 0; i < hosts || i == 0; i++) {
        char host[32] = "other", path[32] = "/";

        if (hosts > 0) {
            snprintf(host, sizeof(host), "h%04u%s", (unsigned)i, domain);
        }
        for (int last = 0; last < 2; last++) {
            bool found = false;

            if (paths > 0) {
                snprintf(path, sizeof(path), "/p/%04u/", (unsigned)(last ? paths - 1 : 0));
            }
            for (uint32_t j = 0; j < program->num_anchors; j++) {
                found = found || fits(&program->anchors[j], host, path);
            }
            ck_assert_msg(found, "%s %s", host, path);
        }
    }
}

START_TEST(too_many_anchors_become_wider_ones)
{
    static const struct {
        uint32_t hosts, paths, num; /* of the rule; of its anchors */
        const char *first, *domain;
    } shapes[] = {
        {SVCR_ANCHORS_MAX, 0, SVCR_ANCHORS_MAX, "h0000", ""},
        {SVCR_ANCHORS_MAX + 1, 0, 1, "-", ""},
        {SVCR_ANCHORS_MAX, 0, SVCR_ANCHORS_MAX, "h0000.a.b", ".a.b"},
        {SVCR_ANCHORS_MAX + 1, 0, 1, "*.a.b", ".a.b"},
        {0, SVCR_ANCHORS_MAX, SVCR_ANCHORS_MAX, "- /p/0000", ""},
        {0, SVCR_ANCHORS_MAX + 1, 1, "- /p/", ""},
        {1, SVCR_ANCHORS_MAX, SVCR_ANCHORS_MAX, "h0000 /p/0000", ""},
        {1, 1025, 1, "h0000 /p/", ""},
        {32, 32, 1024, "h0000 /p/0000", ""},
        {33, 32, 33, "h0000.a /p/00", ".a"},
        {33, 32, 33, "h0000 /p/00", ""}, /* each host with what 0000 to 0031 begin with */
        {300, 300, 300, "h0000", ""},    /* too many pairs to look at: the hosts alone */
        {2000, 2, 2, "- /p/0000", ""},
        {2000, 2, 2, "*.a /p/0000", ".a"},
    };
    char *rule = malloc(1 << 20), *at, text[64];

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct svcr_program *program;

        for (int swap = 0; swap < 2; swap++) {
            at = rule;
            for (int side = 0; side < 2; side++) {
                if ((side == swap ? shapes[i].hosts : shapes[i].paths) == 0) {
                    continue;
                }
                at += at > rule ? sprintf(at, " && ") : 0;
                at = side == swap ? add_many(at, "Host", "h", shapes[i].hosts, shapes[i].domain)
                                  : add_many(at, "PathPrefix", "/p/", shapes[i].paths, "");
            }
            program = compiled(rule);
            ck_assert_msg(program->num_anchors == shapes[i].num, "%u and %u: %u", shapes[i].hosts,
                          shapes[i].paths, program->num_anchors);
            anchors_text(program->anchors, 1, text, sizeof(text));
            ck_assert_str_eq(text, shapes[i].first);
            check_many(program, shapes[i].hosts, shapes[i].domain, shapes[i].paths);
            svcr_block_unref(context, program);
        }
    }
    free(rule);
}
END_TEST

/* What pairs cost is bounded for the whole rule: 200 x 300 of them leave no room for as many again,
 * so that the second half is found by its hosts alone. */
START_TEST(pairs_have_a_budget)
{
    char *rule = malloc(1 << 20), *at = rule, text[64];
    struct svcr_program *program;

    at = add_many(at, "Host", "h", 200, "");
    at += sprintf(at, " && ");
    at = add_many(at, "Path", "/p/", 300, "");
    at += sprintf(at, " || ");
    at = add_many(at, "Host", "i", 200, "");
    at += sprintf(at, " && ");
    add_many(at, "Path", "/q/", 300, "");
    program = compiled(rule);
    ck_assert_uint_eq(program->num_anchors, 400);
    anchors_text(program->anchors, 1, text, sizeof(text));
    ck_assert_str_eq(text, "h0000 /p/0");
    anchors_text(program->anchors + 200, 1, text, sizeof(text));
    ck_assert_str_eq(text, "i0000");
    svcr_block_unref(context, program);
    free(rule);
}
END_TEST

/* Of few matchers many anchors come, on either side of "||". */
START_TEST(pairs_may_be_more_than_matchers)
{
    char *rule = malloc(1 << 20), *at = rule, text[64];
    struct svcr_program *program;

    for (int half = 0; half < 2; half++) {
        at += sprintf(at, half ? " || " : "");
        at = add_many(at, "Host", half ? "i" : "h", 10, "");
        at += sprintf(at, " && ");
        at = add_many(at, "Path", "/p/", 50, "");
    }
    program = compiled(rule);
    ck_assert_uint_eq(program->num_anchors, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "%c%04u /p/%04u", i < 500 ? 'h' : 'i',
                 (unsigned)(i % 500 / 50), (unsigned)(i % 50));
        anchors_text(program->anchors + i, 1, text, sizeof(text));
        ck_assert_str_eq(text, wanted);
    }
    svcr_block_unref(context, program);
    free(rule);
}
END_TEST

START_TEST(long_paths_are_cut)
{
    char rule[512], path[200];
    struct svcr_program *program;

    memset(path, 'a', sizeof(path));
    path[0] = '/';
    sprintf(rule, "Path(`%.200s`) && PathPrefix(`%.150s`)", path, path);
    program = compiled(rule);
    ck_assert_uint_eq(program->num_anchors, 1);
    ck_assert_uint_eq(program->anchors[0].path.size, SVCR_ANCHOR_PATH_MAX);
    ck_assert_int_eq(memcmp(program->anchors[0].path.data, path, SVCR_ANCHOR_PATH_MAX), 0);
    ck_assert_uint_eq(program->tests[0].value.size, 200);
    svcr_block_unref(context, program);
}
END_TEST

/* Anchors that come from one long host and many paths share its text. */
START_TEST(anchors_share_their_texts)
{
    char *rule = malloc(1 << 20), *at = rule;
    struct svcr_program *program;

    at += sprintf(at, "Host(`");
    memset(at, 'a', 100000);
    at += 100000;
    at += sprintf(at, "`) && ");
    add_many(at, "Path", "/", 1000, "");
    program = compiled(rule);
    ck_assert_uint_eq(program->num_anchors, 1000);
    ck_assert_uint_lt(program->head.bytes, 400000);
    ck_assert_uint_eq(program->anchors[999].host.size, 100000);
    svcr_block_unref(context, program);
    free(rule);
}
END_TEST

Suite *suite_anchor(void);
Suite *suite_anchor(void)
{
    Suite *suite = suite_create("anchor");
    TCase *tcase = tcase_create("rules");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, anchors_are_what_requests_have);
    tcase_add_test(tcase, too_many_anchors_become_wider_ones);
    tcase_add_test(tcase, pairs_have_a_budget);
    tcase_add_test(tcase, pairs_may_be_more_than_matchers);
    tcase_add_test(tcase, long_paths_are_cut);
    tcase_add_test(tcase, anchors_share_their_texts);
    tcase_add_test(tcase, no_match_is_without_an_anchor);
    suite_add_tcase(suite, tcase);
    return suite;
}
