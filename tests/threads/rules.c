/* Routes of the test, and a model of which one takes what. A rule's state is a byte: the lower four
 * bits say which text, the upper ones which priority; all priorities of a table differ. */
#include "threads.h"

#include <stdio.h>
#include <string.h>

bool with_regexps = true;

/* ---- questions ---- */

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct svcroute_text header_a[] = {TEXT("Accept"), TEXT("*/*"), TEXT("x-a"),
                                                TEXT("1")};

struct svcroute_match_request question_of(uint32_t question)
{
    static const struct {
        struct svcroute_text host, path, query, method, client;
        bool header;
    } known[NUM_QUESTIONS] = {
        {TEXT("m.example"), TEXT("/a/b"), {NULL, 0}, TEXT("GET"), TEXT("192.0.2.1"), false},
        {TEXT("M.example:80"), TEXT("/b/x%20y"), TEXT("q=1"), TEXT("GET"), TEXT("192.0.2.1"), true},
        {TEXT("x.example"), TEXT("/a"), TEXT("p=q"), TEXT("POST"), TEXT("[::1]:80"), true},
        {TEXT("other.test"), TEXT("/b"), {NULL, 0}, TEXT("POST"), TEXT("10.1.2.3:4000"), false},
        {TEXT("m.example"), TEXT("/c"), TEXT("q=11"), TEXT("GET"), TEXT("192.0.2.1"), false},
        {TEXT("nobody.test"), TEXT("/zz"), {NULL, 0}, TEXT("GET"), {NULL, 0}, false},
        {TEXT("p.example"), TEXT("/a/b"), TEXT("x=%&q=%31"), TEXT("GET"), TEXT("192.0.2.1"), true},
    };
    struct svcroute_match_request request = {.size = sizeof(request)};
    request.host = known[question].host;
    request.path = known[question].path;
    request.query = known[question].query;
    request.method = known[question].method;
    request.client = known[question].client;
    request.headers = known[question].header ? header_a : NULL;
    request.num_headers = known[question].header ? 2 : 0;
    return request;
}

/* ---- rules ---- */

/* Texts, and the questions that each takes, as bits. */
static const struct {
    const char *text;
    uint32_t takes;
    bool regexp;
} texts[] = {
    {NULL, 0, false},
    {"Host(`m.example`) && PathPrefix(`/a`)", 1U << 0, false},
    {"PathRegexp(`^/a(/[a-z]+)*$`)", 1U << 0 | 1U << 2 | 1U << 6, true},
    {"HostRegexp(`^[a-z]+[.]example$`) && Query(`q`, `1`)", 1U << 1 | 1U << 6, true},
    {"Host(`*.example`) && Header(`X-A`, `1`)", 1U << 1 | 1U << 2 | 1U << 6, false},
    {"PathPrefix(`/b`) && !Method(`POST`)", 1U << 1, false},
    {"ClientIP(`10.0.0.0/8`) || Path(`/c`)", 1U << 3 | 1U << 4, false},
    {"Path(`/b/x y`) || (Host(`x.example`) && !QueryRegexp(`p`, `^[^q]`))", 1U << 1 | 1U << 2,
     true},
};

enum { NUM_TEXTS = sizeof(texts) / sizeof(texts[0]), PARENT_PRIORITY = 1000000 };

static const char parent_text[] = "Host(`p.example`)";

static uint32_t state_of(uint64_t state, uint32_t rule)
{
    return (uint32_t)(state >> (8 * rule)) & 255;
}

static const char *text_of(uint64_t state, uint32_t rule)
{
    return texts[state_of(state, rule) & 15].text;
}

struct svcroute_text rule_text(uint64_t state, uint32_t rule)
{
    const char *text = text_of(state, rule);
    return (struct svcroute_text){text, text != NULL ? strlen(text) : 0};
}

static uint32_t priority_of(uint64_t state, uint32_t rule)
{
    return 100 + (state_of(state, rule) >> 4) * NUM_RULES + rule;
}

bool rule_takes(uint64_t state, uint32_t rule, uint32_t question)
{
    uint32_t text = state_of(state, rule) & 15;
    return (texts[text].takes >> question & 1) != 0 && (with_regexps || !texts[text].regexp);
}

bool rule_is_regexp(uint64_t state, uint32_t rule)
{
    return rule < NUM_RULES && texts[state_of(state, rule) & 15].regexp;
}

uint64_t rules_change(uint64_t state, struct random *random, uint32_t rule)
{
    uint64_t text = random_below(random, NUM_TEXTS);
    uint64_t byte = text != 0 ? text | (uint64_t)random_below(random, 16) << 4 : 0;
    return (state & ~(UINT64_C(255) << (8 * rule))) | byte << (8 * rule);
}

bool rule_write(uint64_t state, uint32_t rule, char *text, size_t size)
{
    static const char head[] =
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: "
        "{name: %s, namespace: default}\nspec:\n";
    char name[] = "m0";
    if (rule != ROUTE_PARENT && text_of(state, rule) == NULL) {
        return false;
    }
    name[1] = (char)('0' + rule);
    size_t used = (size_t)snprintf(text, size, head, rule == ROUTE_PARENT ? "p" : name);
    if (rule == ROUTE_PARENT) {
        snprintf(text + used, size - used,
                 "  routes: [{match: '%s', kind: Rule, priority: %u, middlewares: [{name: w}]}]\n",
                 parent_text, PARENT_PRIORITY);
        return true;
    }
    snprintf(text + used, size - used,
             "%s  routes: [{match: '%s', kind: Rule, priority: %u, services: [{kind: "
             "TraefikService, name: l%u}]}]\n",
             rule < NUM_ROOTS ? "" : "  parentRefs: [{name: p}]\n", text_of(state, rule),
             priority_of(state, rule), rule % NUM_STEADY);
    return true;
}

bool rules_open(struct svcroute_context *context)
{
    struct svcroute_store *store = NULL;
    struct svcroute_table *table = NULL;
    static const char regexp[] =
        "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r}\n"
        "spec: {routes: [{match: 'PathRegexp(`^/a?$`)', kind: Rule}]}\n";
    const struct svcroute_text name = {"r", 1}, match = {"PathRegexp(`^/a?$`)", 19};
    struct svcroute_route_info info = {.size = sizeof(info)};
    bool good = svcroute_store_new(&store, context) == 0 &&
                svcroute_store_load(store, regexp, sizeof(regexp) - 1, NULL, NULL, NULL) == 0 &&
                svcroute_resolve(&table, store, NULL, NULL, NULL) == 0 &&
                svcroute_route_get_info(table,
                                        svcroute_table_find_route_of(
                                            table, (struct svcroute_text){NULL, 0}, name, match, 0),
                                        &info) == 0;
    with_regexps = info.matchable != 0;
    svcroute_table_unref(table);
    svcroute_store_free(store);
    return good;
}

/* ---- the model ---- */

/* The one with the highest priority below another, of some rules. */
static uint32_t best(uint64_t state, uint32_t question, uint32_t begin, uint32_t end,
                     uint32_t below)
{
    uint32_t found = ROUTE_NONE;
    for (uint32_t i = begin; i < end; i++) {
        if (rule_takes(state, i, question) && priority_of(state, i) < below &&
            (found == ROUTE_NONE || priority_of(state, i) > priority_of(state, found))) {
            found = i;
        }
    }
    return found;
}

/* A route with neither a service nor routes below it takes nothing. */
static bool has_children(uint64_t state)
{
    bool has = false;
    for (uint32_t i = NUM_ROOTS; i < NUM_RULES; i++) {
        has = has || (text_of(state, i) != NULL && (with_regexps || !rule_is_regexp(state, i)));
    }
    return has;
}

uint32_t rules_next(uint64_t state, uint32_t question, uint32_t after)
{
    if (after == ROUTE_NONE && question == QUESTION_PARENT && has_children(state)) {
        return ROUTE_PARENT;
    }
    uint32_t below = after < NUM_RULES ? priority_of(state, after) : UINT32_MAX;
    return best(state, question, 0, NUM_ROOTS, below);
}

uint32_t rules_below(uint64_t state, uint32_t question)
{
    return best(state, question, NUM_ROOTS, NUM_RULES, UINT32_MAX);
}

static bool is(struct svcroute_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

bool route_read(const struct svcroute_table *table, const struct svcroute_route *route,
                uint64_t state, uint32_t *found)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    char name[] = "m0";
    *found = ROUTE_NONE;
    if (route == NULL) {
        return true;
    }
    if (svcroute_route_get_info(table, route, &info) != 0) {
        return false;
    }
    if (is(info.ingress_route, "p")) {
        *found = ROUTE_PARENT;
        return is(info.rule, parent_text) && info.priority == PARENT_PRIORITY;
    }
    for (uint32_t i = 0; i < NUM_RULES; i++) {
        name[1] = (char)('0' + i);
        if (is(info.ingress_route, name)) {
            *found = i;
            return text_of(state, i) != NULL && is(info.rule, text_of(state, i)) &&
                   info.priority == priority_of(state, i);
        }
    }
    return false;
}
