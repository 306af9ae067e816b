/* The index on real rules: random ones of all matchers over small alphabets, so that hits are
 * common, and random requests as hosts give them, in both profiles. The answer must be that of
 * running every program in the order of candidates: what anchors promise and what the index makes
 * of them is one here. */
#include "rule/index.h"

#include "candidate_support.h"

enum { RULES = 120, REQUESTS = 160, VERSIONS = 3 };

#define PICK(dice, list) ((list)[dice_roll(dice, sizeof(list) / sizeof((list)[0]))])

/* ---- rules as text ---- */

static void add_matcher(struct picture *out, struct dice *dice)
{
    static const char *const regexps[] = {
        "HostRegexp(`^[ab]\\.a$`)",   "HostRegexp(`b`)",       "HostRegexp(`^$`)",
        "PathRegexp(`^/a(/|$)`)",     "PathRegexp(`b`)",       "PathRegexp(`^/[ab]/?$`)",
        "HeaderRegexp(`X`, `^[12]`)", "QueryRegexp(`q`, `1`)",
    };
    static const char *const others[] = {
        "Method(`GET`)",        "Method(`post`)",         "Header(`X`, `1`)",
        "Header(`x`, `2`)",     "Query(`q`, `1`)",        "Query(`q`)",
        "ClientIP(`10.0.0.1`)", "ClientIP(`10.0.0.0/8`)", "ClientIP(`::1`)",
    };
    static const char *const hosts[] = {"a",     "b",    "a.a",   "b.a",   "B.a", "a.b.a", "*.a",
                                        "*.b.a", "*.A",  "*.",    "*",     "a.",  "b.a.",  "*.a.",
                                        "*b",    "a..a", "*.a.a", "c.b.a", "a*a"};
    static const char *const paths[] = {"/",      "/a", "/b",     "/a/",  "/a/b",     "/ab",
                                        "/a/b/a", "/A", "/a%2Fb", "/a b", "/\xc3\xa4"};
    static const char *const host_names[] = {"Host", "Host", "host", "HOST"};
    static const char *const path_names[] = {"Path", "PathPrefix", "PathPrefix", "pathprefix"};
    uint32_t roll = dice_roll(dice, 100);
    if (roll < 40) {
        picture_add(out, "%s(`%s`)", PICK(dice, host_names), PICK(dice, hosts));
    } else if (roll < 75) {
        picture_add(out, "%s(`%s`)", PICK(dice, path_names), PICK(dice, paths));
    } else if (roll < 85 && svcr_regex_available()) {
        picture_add(out, "%s", PICK(dice, regexps));
    } else {
        picture_add(out, "%s", PICK(dice, others));
    }
}

static void add_rule(struct picture *out, struct dice *dice, int depth)
{
    uint32_t roll = dice_roll(dice, 100);
    if (depth == 0 || roll < 30) {
        add_matcher(out, dice);
    } else if (roll < 38) {
        picture_add(out, "!");
        add_rule(out, dice, 0);
    } else if (roll < 44) {
        picture_add(out, "!(");
        add_rule(out, dice, depth - 1);
        picture_add(out, ")");
    } else {
        const char *operator= roll<80 ? " && " : " || ";
        uint32_t num = 2 + dice_roll(dice, 2);
        picture_add(out, "(");
        for (uint32_t i = 0; i < num; i++) {
            picture_add(out, "%s", i == 0 ? "" : operator);
            add_rule(out, dice, depth - 1);
        }
        picture_add(out, ")");
    }
}

/* ---- requests ---- */

struct request {
    struct svcroute_match_request given;
    svcr_text headers[2];
    struct svcr_subject subject;
    char path[32];
};

static svcr_text random_text(struct dice *dice, const char *const *list, uint32_t num)
{
    return text_of(list[dice_roll(dice, num)]);
}
#define RANDOM_TEXT(dice, list) random_text(dice, list, sizeof(list) / sizeof((list)[0]))

static void random_path(struct request *request, struct dice *dice)
{
    static const char *const parts[] = {"/a",      "/a",        "/b", "/ab", "/",
                                        "/%61",    "/a%2Fb",    "/A", "b",   "/a%20b",
                                        "/%C3%A4", "/\xc3\xa4", "|"};
    size_t size = 0;
    for (uint32_t num = 1 + dice_roll(dice, 3); num > 0; num--) {
        const char *part = size == 0 ? PICK(dice, ((const char *const[]){"/a", "/b", "/a/b", "/"}))
                                     : PICK(dice, parts);
        if (size == 0 && dice_once_in(dice, 6)) {
            continue;
        }
        size += (size_t)snprintf(request->path + size, sizeof(request->path) - size, "%s", part);
    }
    request->given.path = (svcr_text){request->path, size};
}

/* Fills a request that an HTTP parser lets through. */
static void request_fill(struct request *request, struct dice *dice, bool traefik)
{
    static const char *const hosts[] = {"a",     "b",      "a.a",   "b.a",   "B.A:80", "a.b.a",
                                        "x.a",   "x.b.a",  "a.",    "b.a.",  "b.a..",  "x.a.",
                                        "a:1:2", "",       "[::1]", "c.b.a", "x",      ".a",
                                        "a..a",  "a.a.:8", "*.a",   "*b",    "x.a.a"};
    static const char *const methods[] = {"GET", "POST", "post", ""};
    static const char *const queries[] = {"", "q=1", "q=2", "q", "a=b&q=%31"};
    static const char *const clients[] = {"", "10.0.0.1", "10.1.2.3:99", "[::1]:5",
                                          "::ffff:10.0.0.1"};
    static const char *const values[] = {"1", "2", "12", "3"};
    do {
        memset(&request->given, 0, sizeof(request->given));
        request->given.size = sizeof(request->given);
        request->given.method = RANDOM_TEXT(dice, methods);
        request->given.host = RANDOM_TEXT(dice, hosts);
        request->given.query = RANDOM_TEXT(dice, queries);
        request->given.client = RANDOM_TEXT(dice, clients);
        random_path(request, dice);
        if (dice_once_in(dice, 2)) {
            request->headers[0] = text_of("X");
            request->headers[1] = RANDOM_TEXT(dice, values);
            request->given.headers = request->headers;
            request->given.num_headers = 1;
        }
    } while (svcr_subject_make(&request->subject, &request->given, traefik) != 0);
}

/* ---- the lot ---- */

struct lot {
    struct memory memory;
    struct svcroute_context *context;
    struct svcr_candidate candidates[RULES]; /* by their order */
    struct request requests[REQUESTS];
    bool matches[RULES][REQUESTS];
};

static int by_order(const void *a, const void *b)
{
    return svcr_candidate_compare(a, b);
}

static void candidate_fill(struct lot *lot, struct dice *dice, uint32_t i)
{
    struct svcr_program *program = NULL;
    struct svcr_rule_fault fault;
    struct picture text = {0};
    do {
        text.size = 0;
        add_rule(&text, dice, (int)dice_roll(dice, 4));
    } while (svcr_program_make(&program, lot->context, (svcr_text){text.data, text.size}, &fault) !=
             0);
    int64_t priority = dice_once_in(dice, 4) ? (int64_t)dice_roll(dice, 60) : (int64_t)text.size;
    lot->candidates[i] =
        candidate_make(lot->context, priority, (uint32_t)text.size, i, program, NULL);
    picture_free(&text);
}

static struct lot *lot_make(struct dice *dice, bool traefik)
{
    static struct lot lot;
    lot.context = make_context(&lot.memory, NULL);
    for (uint32_t i = 0; i < RULES; i++) {
        candidate_fill(&lot, dice, i);
    }
    qsort(lot.candidates, RULES, sizeof(lot.candidates[0]), by_order);
    for (uint32_t r = 0; r < REQUESTS; r++) {
        request_fill(&lot.requests[r], dice, traefik);
        for (uint32_t i = 0; i < RULES; i++) {
            lot.matches[i][r] =
                svcr_program_run(lot.candidates[i].program, &lot.requests[r].subject, NULL);
        }
    }
    return &lot;
}

static void lot_end(struct lot *lot)
{
    for (uint32_t i = 0; i < RULES; i++) {
        svcr_block_unref(lot->context, lot->candidates[i].holder);
    }
    svcroute_context_unref(lot->context);
    memory_check_empty(&lot->memory);
}

struct version {
    struct svcr_index index;
    bool there[RULES];
};

/* All requests, from the first candidate or from behind any. Gives how many find something. */
static uint32_t version_check(struct lot *lot, const struct version *version, struct dice *dice)
{
    uint32_t num_found = 0;
    for (uint32_t r = 0; r < REQUESTS; r++) {
        uint32_t first = dice_once_in(dice, 4) ? 1 + dice_roll(dice, RULES) : 0;
        struct svcr_search search = {.after = first > 0 ? &lot->candidates[first - 1] : NULL};
        uint32_t i = first;
        while (i < RULES && !(version->there[i] && lot->matches[i][r])) {
            i++;
        }
        const struct svcr_candidate *found =
            svcr_index_find(lot->context, &version->index, &lot->requests[r].subject, &search);
        must((found != NULL) == (i < RULES));
        if (found != NULL) {
            must(svcr_text_same(found->name, lot->candidates[i].name));
            num_found++;
        }
    }
    return num_found;
}

/* Sets of rules from none to all and back, in versions. */
static void run(int seed, bool traefik)
{
    struct dice dice = {UINT64_C(0x9a1e5) + (uint64_t)seed};
    struct lot *lot = lot_make(&dice, traefik);
    static struct version versions[VERSIONS];
    uint32_t steps = getenv("SVCROUTE_TEST_SLOW") != NULL ? 20 : 250;
    uint32_t found = 0;
    memset(versions, 0, sizeof(versions));
    for (uint32_t step = 0; step < steps; step++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        const struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        if (version != other && dice_once_in(&dice, 5)) {
            svcr_index_clear(lot->context, &version->index);
            *version = *other;
            version->index = svcr_index_share(&other->index);
        }
        for (uint32_t changes = dice_roll(&dice, 12); changes > 0; changes--) {
            uint32_t i = dice_roll(&dice, RULES);
            bool add = dice_roll(&dice, steps) >= step / 2;
            must_int_eq((add ? svcr_index_add : svcr_index_remove)(
                            lot->context, &version->index, SVCR_TEXT(""), &lot->candidates[i]),
                        0);
            version->there[i] = add;
        }
        found += version_check(lot, &versions[step % VERSIONS], &dice);
    }
    must_uint_lt(steps * REQUESTS / 3, found); /* else this would say little */
    for (uint32_t v = 0; v < VERSIONS; v++) {
        svcr_index_clear(lot->context, &versions[v].index);
    }
    lot_end(lot);
}

START_TEST(test_default)
{
    run(2 * _i, false);
}
END_TEST

START_TEST(test_traefik)
{
    run(2 * _i + 1, true);
}
END_TEST

Suite *suite_index_rules(void)
{
    Suite *suite = suite_create("index_rules");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_default, 0, 12);
    tcase_add_loop_test(all, test_traefik, 0, 12);
    suite_add_tcase(suite, all);
    return suite;
}
