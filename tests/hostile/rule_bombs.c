/* Rules that try to cost more than their text is worth: long ones, deep ones, products, and what is
 * no rule at all. Each is compiled, asked and held against others at n and at 4n. */
#include <stdio.h>

#include "matching.h"

#define BYTES_PER_BYTE 64
#define BYTES_AT_ALL ((uint64_t)24 << 20) /* products have a budget that is a constant */

enum verdict { BAD, GOOD };
enum stage { RESOLVE, MATCH, LINT, NUM_STAGES };

static const char *const stage_names[NUM_STAGES] = {"resolve", "match", "lint"};

struct bomb {
    const char *name;
    void (*make)(struct input *rule, size_t n);
    size_t n;
    enum verdict verdict;
    const char *yes, *no; /* paths of requests to "h": it matches, it does not; NULL: no such */
};

/* ---- one long thing ---- */

static void around(struct input *rule, const char *ahead, const char *text, const char *behind,
                   size_t n)
{
    add_text(rule, ahead);
    input_repeat(rule, text, n);
    add_text(rule, behind);
}

static void long_host(struct input *rule, size_t n)
{
    around(rule, "Host(`", "a", "`) || Path(`/x`)", n);
}

static void long_labels(struct input *rule, size_t n)
{
    around(rule, "Host(`*", ".a", "`) || Path(`/x`)", n);
}

static void dots(struct input *rule, size_t n)
{
    around(rule, "Host(`h", ".", "`) || Path(`/x`)", n);
}

static void long_path(struct input *rule, size_t n)
{
    around(rule, "PathPrefix(`/", "a/", "`) || Path(`/x`)", n);
}

static void long_header(struct input *rule, size_t n)
{
    around(rule, "Header(`", "X-a", "`, `", n);
    around(rule, "", "b", "`) || Path(`/x`)", n);
}

static void long_method(struct input *rule, size_t n)
{
    around(rule, "Method(`", "\xc4\xb1x", "`) || Path(`/x`)", n);
}

static void long_query(struct input *rule, size_t n)
{
    around(rule, "Query(`", "a%", "`) || Path(`/x`)", n);
}

static void escapes(struct input *rule, size_t n)
{
    around(rule, "Host(\"", "\\x61\\u00e9", "\") || Path(`/x`)", n); /* not ASCII */
}

static void good_escapes(struct input *rule, size_t n)
{
    around(rule, "Path(\"/", "\\x61\\142\\n", "\") || Path(`/x`)", n);
}

static void carriage_returns(struct input *rule, size_t n)
{
    around(rule, "Path(`/x", "\r", "`)", n);
}

static void long_address(struct input *rule, size_t n)
{
    around(rule, "ClientIP(`", "1", "`)", n);
}

static void long_network(struct input *rule, size_t n)
{
    around(rule, "ClientIP(`10.0.0.0/", "0", "8`) || Path(`/x`)", n);
}

static void long_name(struct input *rule, size_t n)
{
    around(rule, "", "Host", "(`h`)", n);
}

static void long_number(struct input *rule, size_t n)
{
    around(rule, "Host(", "1", ")", n);
}

static void values(struct input *rule, size_t n)
{
    around(rule, "Host(`a`", ",`a`", ")", n);
}

static void open_quote(struct input *rule, size_t n)
{
    around(rule, "Host(`", "a", "", n);
}

static void open_comment(struct input *rule, size_t n)
{
    around(rule, "Host(`h`) /*", "/*", "", n);
}

static void comments(struct input *rule, size_t n)
{
    around(rule, "Path(`/x`) && ", "/**/", "Host(`h`)", n);
}

static void line_comments(struct input *rule, size_t n)
{
    around(rule, "Path(`/x`) && ", "//line a:1\n", "Host(`h`)", n);
}

static void line_orders(struct input *rule, size_t n)
{
    around(rule, "//line ", ":1", "\nPath(`/x`)", n);
}

static void line_breaks(struct input *rule, size_t n)
{
    around(rule, "Path(`/x`) && ", "\n", "Host(`h`)", n);
}

static void byte_order_marks(struct input *rule, size_t n)
{
    around(rule, "", "\xef\xbb\xbf", "Host(`h`)", n);
}

/* ---- many ---- */

static void joined(struct input *rule, const char *format, const char *sign, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_text(rule, i != 0 ? sign : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        input_print(rule, format, i);
#pragma GCC diagnostic pop
    }
}

#define JOINED(function, format, sign)                                                             \
    static void function(struct input *rule, size_t n)                                             \
    {                                                                                              \
        joined(rule, format, sign, n);                                                             \
        add_text(rule, " || Path(`/x`)");                                                          \
    }

JOINED(hosts, "Host(`h%zu`)", "||")
JOINED(wildcards, "Host(`*.h%zu`)", "||")
JOINED(paths, "Path(`/%zu`)", "||")
JOINED(prefixes, "PathPrefix(`/%zu/`)", "||")
JOINED(headers, "Header(`X-Team`,`%zu`)", "||")
JOINED(queries, "Query(`team`,`%zu`)", "||")
JOINED(clients, "ClientIP(`10.%zu::/32`)", "||") /* bad */
JOINED(methods, "Method(`M%zu`)", "||")
JOINED(chain, "!Method(`M%zu`)", "&&")
JOINED(path_chain, "!PathPrefix(`/y/%zu`)", "&&")
JOINED(regexps, "PathRegexp(`^/y/[a-c]+%zu$`)", "||")
JOINED(pairs, "(Host(`h%zu`) && PathPrefix(`/y`))", "||")
JOINED(signs, "!!Host(`h%zu`)", "||")

static void missing_signs(struct input *rule, size_t n)
{
    input_repeat(rule, "Host(`h`) ", n);
}

static void only_signs(struct input *rule, size_t n)
{
    input_repeat(rule, "&&", n);
}

/* Contradictions and repetitions, for those who look for them. */
static void contradictions(struct input *rule, size_t n)
{
    joined(rule, "(Query(`a`,`%zu`)||Query(`b`,`c`))", "&&", 14);
    add_text(rule, " && Path(`/a`)");
    input_repeat(rule, "&&!Path(`/b`)", n);
    add_text(rule, " && Path(`/c`)");
}

/* ---- deep ---- */

static void parentheses(struct input *rule, size_t n)
{
    input_repeat(rule, "(", n);
    add_text(rule, "Path(`/x`)");
    input_repeat(rule, ")", n);
}

static void open_parentheses(struct input *rule, size_t n)
{
    input_repeat(rule, "(", n);
}

static void negations(struct input *rule, size_t n)
{
    around(rule, "", "!", "Path(`/x`)", n);
}

static void both(struct input *rule, size_t n)
{
    input_repeat(rule, "!(", n);
    add_text(rule, "Path(`/x`)");
    input_repeat(rule, ")", n);
}

static void closing(struct input *rule, size_t n)
{
    around(rule, "Host(`h`)", ")", "", n);
}

/* Nearly as deep as may be: 250 parentheses around n alternatives, and one more alternative on each
 * level; then "!" as often, so that "&&" and "||" change places. */
static void deep_alternatives(struct input *rule, size_t n)
{
    input_repeat(rule, "(", 250);
    joined(rule, "Host(`h%zu`)", "||", n);
    input_repeat(rule, "||Path(`/x`))", 250);
}

static void deep_chain(struct input *rule, size_t n)
{
    input_repeat(rule, "!(", 125);
    joined(rule, "Host(`h%zu`)", "||", n);
    input_repeat(rule, "||Path(`/x`))", 124);
    add_text(rule, "&&PathPrefix(`/`))");
}

static void many_deep(struct input *rule, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_text(rule, i != 0 ? "||" : "");
        input_repeat(rule, "(", 200);
        input_print(rule, "Host(`h%zu`)", i);
        input_repeat(rule, ")", 200);
    }
    add_text(rule, "||Path(`/x`)");
}

/* ---- products ---- */

/* n sums of nine each; the sums of "&&" have hosts and paths by turns. */
static void sums(struct input *rule, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_text(rule, i != 0 ? "&&(" : "(");
        for (size_t j = 0; j < 8; j++) {
            input_print(rule, i % 2 != 0 ? "PathPrefix(`/%zu`)||" : "Host(`h%zu.example`)||",
                        i * 8 + j);
        }
        add_text(rule, "Path(`/x`))");
    }
}

/* Two sums of n. */
static void large_sums(struct input *rule, size_t n)
{
    add_text(rule, "(Path(`/x`)||");
    joined(rule, "Host(`h%zu`)", "||", n);
    add_text(rule, ")&&(Path(`/x`)||");
    joined(rule, "PathPrefix(`/%zu`)", "||", n);
    add_text(rule, ")");
}

/* Sums that cannot be true at once, so that nothing is left of each product. */
static void empty_sums(struct input *rule, size_t n)
{
    add_text(rule, "Path(`/x`)||((");
    joined(rule, "Host(`a%zu`)", "||", n);
    add_text(rule, ")&&(");
    joined(rule, "Host(`b%zu`)", "||", n);
    add_text(rule, "))");
}

/* n products of 32 times 32. */
static void many_products(struct input *rule, size_t n)
{
    add_text(rule, "Path(`/x`)");
    for (size_t i = 0; i < n; i++) {
        add_text(rule, "||((");
        for (size_t j = 0; j < 32; j++) {
            input_print(rule, j != 0 ? "||Host(`h%zu`)" : "Host(`h%zu`)", i * 32 + j);
        }
        add_text(rule, ")&&(");
        for (size_t j = 0; j < 32; j++) {
            input_print(rule, j != 0 ? "||Path(`/y%zu`)" : "Path(`/y%zu`)", i * 32 + j);
        }
        add_text(rule, "))");
    }
}

/* Twenty levels, each with a sum and a product. */
static void levels(struct input *rule, size_t n)
{
    input_repeat(rule, "((", 20);
    joined(rule, "Host(`h%zu`)", "||", n);
    for (int i = 0; i < 20; i++) {
        input_print(rule, ")&&(PathPrefix(`/a%d`)||PathPrefix(`/x`))||Path(`/x`))", i);
    }
}

static const struct bomb bombs[] = {
    {"long host", long_host, 250000, GOOD, "/x", "/y"},
    {"many labels", long_labels, 125000, GOOD, "/x", "/y"},
    {"dots behind a host", dots, 250000, GOOD, "/x", "/y"},
    {"long path", long_path, 125000, GOOD, "/x", "/y"},
    {"long header", long_header, 60000, GOOD, "/x", "/y"},
    {"long method", long_method, 80000, GOOD, "/x", "/y"},
    {"long query", long_query, 125000, GOOD, "/x", "/y"},
    {"escapes", escapes, 25000, BAD, NULL, NULL},
    {"escapes in a path", good_escapes, 25000, GOOD, "/x", "/y"},
    {"carriage returns", carriage_returns, 250000, GOOD, "/x", "/y"},
    {"long address", long_address, 250000, BAD, NULL, NULL},
    {"long length of a network", long_network, 250000, GOOD, "/x", "/y"},
    {"long name", long_name, 60000, BAD, NULL, NULL},
    {"long number", long_number, 250000, BAD, NULL, NULL},
    {"many values", values, 60000, BAD, NULL, NULL},
    {"open quote", open_quote, 250000, BAD, NULL, NULL},
    {"open comment", open_comment, 125000, BAD, NULL, NULL},
    {"comments", comments, 60000, GOOD, "/x", "/y"},
    {"comments at lines' ends", line_comments, 25000, GOOD, "/x", "/y"},
    {"numbers of a line", line_orders, 125000, GOOD, "/x", "/y"},
    {"line breaks", line_breaks, 250000, GOOD, "/x", "/y"},
    {"byte order marks", byte_order_marks, 80000, BAD, NULL, NULL},
    {"hosts", hosts, 12500, GOOD, "/x", "/y"},
    {"wildcards", wildcards, 12500, GOOD, "/x", "/y"},
    {"paths", paths, 12500, GOOD, "/x", "/y"},
    {"prefixes", prefixes, 12500, GOOD, "/x", "/y"},
    {"headers", headers, 12500, GOOD, "/x", "/y"},
    {"queries", queries, 12500, GOOD, "/x", "/y"},
    {"no addresses", clients, 12500, BAD, NULL, NULL},
    {"methods", methods, 12500, GOOD, "/x", "/y"},
    {"chain", chain, 12500, GOOD, "/y", NULL},
    {"chain of paths", path_chain, 12500, GOOD, "/x", "/y/7"},
    {"regular expressions", regexps, 1000, GOOD, "/x", "/y"},
    {"pairs", pairs, 12500, GOOD, "/x", "/y"},
    {"twice not", signs, 12500, GOOD, "/x", "/y"},
    {"no signs between", missing_signs, 25000, BAD, NULL, NULL},
    {"signs alone", only_signs, 125000, BAD, NULL, NULL},
    {"contradictions", contradictions, 12500, GOOD, NULL, "/a"},
    {"parentheses", parentheses, 125000, BAD, NULL, NULL},
    {"open parentheses", open_parentheses, 250000, BAD, NULL, NULL},
    {"negations", negations, 250000, BAD, NULL, NULL},
    {"parentheses and negations", both, 80000, BAD, NULL, NULL},
    {"closing parentheses", closing, 250000, BAD, NULL, NULL},
    {"alternatives in parentheses", deep_alternatives, 12500, GOOD, "/x", "/y"},
    {"alternatives in negations", deep_chain, 12500, GOOD, "/y", NULL},
    {"alternatives of many parentheses", many_deep, 500, GOOD, "/x", "/y"},
    {"sums", sums, 1000, GOOD, "/x", "/1"},
    {"large sums", large_sums, 6000, GOOD, "/x", "/y"},
    {"sums that exclude each other", empty_sums, 6000, GOOD, "/x", "/y"},
    {"products", many_products, 100, GOOD, "/x", "/y1"},
    {"levels", levels, 6000, GOOD, "/x", "/y"},
};

/* ---- running ---- */

struct run {
    const struct bomb *bomb;
    enum stage stage;
};

struct state {
    const struct run *run;
    struct matching matching;
    size_t size; /* of the documents */
    int yes, no; /* what matching gave */
};

static void *begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct state *state = calloc(1, sizeof(*state));
    struct input rule = {NULL, 0, 0}, input = {NULL, 0, 0};
    if (state == NULL) {
        give_up("out of memory");
    }
    state->run = user;
    state->run->bomb->make(&rule, n);
    add_web(&input);
    add_rule(&input, "r", rule.data, rule.size);
    add_rule(&input, "other", "Host(`other`)", 13);
    state->size = input.size;
    matching_init(&state->matching, context, SVCROUTE_PROFILE_DEFAULT);
    matching_load(&state->matching, &input);
    if (state->run->stage > RESOLVE) {
        matching_resolve(&state->matching);
    }
    input_free(&rule);
    input_free(&input);
    return state;
}

static int ask(const struct state *state, const char *path, unsigned times)
{
    struct svcroute_match_request request = request_of("h", path != NULL ? path : "/");
    const struct svcroute_route *route;
    int error = 0;
    while (times-- > 0) {
        error = svcroute_table_match(state->matching.table, &request, &route);
    }
    return error;
}

static void act(void *user)
{
    struct state *state = user;
    const struct bomb *bomb = state->run->bomb;
    switch (state->run->stage) {
    case RESOLVE:
        matching_resolve(&state->matching);
        break;
    case MATCH:
        state->yes = ask(state, bomb->yes, 10);
        state->no = ask(state, bomb->no, 10);
        break;
    case LINT:
        svcroute_diags_clear(state->matching.diags);
        if (svcroute_table_lint(state->matching.table, state->matching.diags) != SVCROUTE_OK) {
            give_up("lint");
        }
        break;
    case NUM_STAGES:
        break;
    }
}

static void end(void *user)
{
    struct state *state = user;
    const struct bomb *bomb = state->run->bomb;
    bool without = bomb->make == regexps && !matching_has_regexps();
    if (state->run->stage == RESOLVE) {
        size_t faults = matching_count(&state->matching, "rule-syntax");
        check(faults == (bomb->verdict == BAD || without ? 1 : 0), bomb->name,
              "%zu faults of rules", faults);
        check(svcroute_table_num_routes(state->matching.table) == 2, bomb->name, "%zu routes",
              svcroute_table_num_routes(state->matching.table));
    }
    if (state->run->stage == MATCH) {
        struct svcroute_match_request request = request_of("other", "/z");
        const struct svcroute_route *route;
        check(bomb->yes == NULL || without || state->yes == SVCROUTE_OK, bomb->name, "%s for %s",
              svcroute_error_name(state->yes), bomb->yes);
        check((bomb->no == NULL && bomb->verdict == GOOD) || state->no == SVCROUTE_ERR_NOT_FOUND,
              bomb->name, "%s for %s", svcroute_error_name(state->no), bomb->no);
        check(svcroute_table_match(state->matching.table, &request, &route) == SVCROUTE_OK,
              bomb->name, "its neighbour is not found");
    }
    matching_free(&state->matching);
    free(state);
}

static void check_memory(const struct run *run, size_t n)
{
    struct counting counting;
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct state *state = begin(context, n, run);
    uint64_t allowed = BYTES_PER_BYTE * state->size + BYTES_AT_ALL, before = counting.live_bytes;
    counting_restart(&counting);
    act(state);
    check(counting.peak - before <= allowed, run->bomb->name, "%llu bytes held for a rule of %zu",
          (unsigned long long)(counting.peak - before), state->size);
    end(state);
    svcroute_context_unref(context);
}

void run_rule_bombs(void)
{
    static const struct work work = {begin, act, end};
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        for (enum stage stage = RESOLVE; stage < NUM_STAGES; stage++) {
            struct run run = {&bombs[i], stage};
            size_t n = sized(bombs[i].n);
            char name[160];
            snprintf(name, sizeof(name), "%s, %s", bombs[i].name, stage_names[stage]);
            if (stage == RESOLVE) {
                check_memory(&run, n);
                check_memory(&run, 4 * n);
            }
            check_growth(name, &work, n, &run);
        }
    }
}
