/* Clusters of routes that make work for whoever looks for one: many that share a host, a path or
 * neither, many that match and lead nowhere, and products of lists that each are short. Every stage
 * is measured at n and at 4n, and the answer has to be right. */
#include <stdio.h>

#include "matching.h"

#define BYTES_PER_BYTE 96
#define BYTES_AT_ALL ((uint64_t)24 << 20)
#define CHAIN 100 /* runners-up that are asked for */

enum stage { RESOLVE, MATCH, NEXT, LINT, TOUCH, BALANCE, NUM_STAGES };

static const char *const stage_names[NUM_STAGES] = {"resolve", "match",       "match next",
                                                    "lint",    "incremental", "update"};

struct shape {
    const char *name;
    void (*make)(struct input *input, size_t n);
    size_t n;
    const char *path;        /* of the request, whose host is "h" */
    const char *entry_point; /* NULL: none */
    const char *found;       /* the IngressRoute of the route that it takes; NULL: none */
    const char *child;       /* and of the one below that; NULL: none is asked for */
    unsigned rounds;         /* requests in one measurement */
};

/* ---- clusters ---- */

/* One more route of an object; `more` stands behind the rule. */
__attribute__((format(printf, 4, 5))) static void route(struct input *input, size_t i,
                                                        const char *more, const char *format, ...)
{
    char rule[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rule, sizeof(rule), format, arguments);
    va_end(arguments);
    add_text(input, i != 0 ? ",{\"match\":" : "{\"match\":");
    add_json(input, rule, strlen(rule));
    add_text(input, more);
    add_text(input, "}");
}

/* The route that is to be found, alone in its object, behind all others. */
static void winner(struct input *input, const char *rule)
{
    add_object(input, "win", "");
    route(input, 0, ",\"priority\":1" TO_WEB, "%s", rule);
    add_text(input, OBJECT_END);
}

#define MANY(function, format)                                                                     \
    static void function(struct input *input, size_t n)                                            \
    {                                                                                              \
        add_object(input, "r", "");                                                                \
        for (size_t i = 0; i < n; i++) {                                                           \
            route(input, i, TO_WEB, format, i);                                                    \
        }                                                                                          \
        add_text(input, OBJECT_END);                                                               \
        winner(input, "Host(`h`)");                                                                \
    }

MANY(one_host, "Host(`h`) && Path(`/%zu`)")
MANY(one_path, "Host(`h%zu`) && Path(`/x`)")
MANY(one_place, "Host(`h`) && PathPrefix(`/`) && Method(`M%zu`)")
MANY(paths_alone, "PathPrefix(`/x/%zu`)")
MANY(wildcards, "Host(`*.h%zu`)")
MANY(path_regexps, "PathRegexp(`^/a[b-d]{2}%zu$`)")
MANY(host_regexps, "HostRegexp(`^[a-z]+[.]h%zu$`)")
MANY(free_regexps, "PathRegexp(`(q|r)%zu`)")
MANY(headers, "Header(`X-Team`, `%zu`)")
MANY(queries, "Query(`team`, `%zu`)")
MANY(clients, "ClientIP(`10.0.%zu.0/24`) && Host(`i`)")
MANY(negations, "Host(`h`) && !PathPrefix(`/`) && !Path(`/%zu`)")

/* /a, /aa, /aaa and so on, beginning anew at 300 letters. */
static void nested_prefixes(struct input *input, size_t n)
{
    char letters[301];
    memset(letters, 'a', sizeof(letters));
    add_object(input, "r", "");
    for (size_t i = 0; i < n; i++) {
        route(input, i, ",\"priority\":7" TO_WEB, "Method(`M%zu`) && PathPrefix(`/%.*s`)", i,
              (int)(i % 300 + 1), letters);
    }
    add_text(input, OBJECT_END);
    winner(input, "PathPrefix(`/aaa`)");
}

/* Equal priorities, and long names that differ in their last letters alone. */
static void long_names(struct input *input, size_t n)
{
    char name[201];
    memset(name, 'n', sizeof(name));
    for (size_t i = 0; i < n; i++) {
        snprintf(name + 190, sizeof(name) - 190, "%zu", 100000 + i);
        add_object(input, name, "");
        route(input, 0, ",\"priority\":7" TO_WEB, "Host(`h`) && Path(`/y`)");
        add_text(input, OBJECT_END);
    }
    winner(input, "Host(`h`)");
}

/* Half of the routes match and lead nowhere, the other half would lead somewhere. */
static void dead_ends(struct input *input, size_t n)
{
    add_object(input, "r", "");
    for (size_t i = 0; i < n; i++) {
        route(input, i, ",\"priority\":9", "PathPrefix(`/`) && !Method(`A%zu`)", i);
        route(input, 1, ",\"priority\":7" TO_WEB, "Host(`h`) && Method(`M%zu`)", i);
    }
    add_text(input, OBJECT_END);
    winner(input, "Host(`h`)");
}

/* All routes are for entry points that are not the one asked for. */
static void entry_points(struct input *input, size_t n)
{
    struct input spec = {NULL, 0, 0};
    add_text(&spec, "\"entryPoints\":[\"e\"");
    for (size_t i = 0; i < n; i++) {
        input_print(&spec, ",\"e%zu\"", 100000 + i);
    }
    input_add(&spec, "],", 3);
    add_object(input, "r", spec.data);
    for (size_t i = 0; i < n; i++) {
        route(input, i, TO_WEB, "Host(`h`) && !Path(`/%zu`)", i);
    }
    add_text(input, OBJECT_END);
    winner(input, "Host(`h`)");
    input_free(&spec);
}

/* 32 hosts times 32 paths, in each rule. */
static void products(struct input *input, size_t n)
{
    struct input rule = {NULL, 0, 0};
    for (int i = 0; i < 32; i++) {
        input_print(&rule, "%sHost(`h%d`)", i != 0 ? "||" : "(", i);
    }
    for (int i = 0; i < 32; i++) {
        input_print(&rule, "%sPath(`/%d`)", i != 0 ? "||" : ")&&(", i);
    }
    input_add(&rule, ")", 1);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "r%zu", i);
        add_rule(input, name, rule.data, rule.size);
    }
    winner(input, "Host(`h`)");
    input_free(&rule);
}

/* Rules that can be true and false in a million ways. */
static void many_ways(struct input *input, size_t n)
{
    add_object(input, "r", "");
    for (size_t i = 0; i < n; i++) {
        struct input rule = {NULL, 0, 0};
        add_text(&rule, "Host(`h`)");
        for (size_t j = 0; j < 20; j++) {
            input_print(&rule, "&&(Query(`a`,`%zu`)||Query(`b`,`%zu`))", j, i + j);
        }
        add_text(input, i != 0 ? ",{\"match\":" : "{\"match\":");
        add_json(input, rule.data, rule.size);
        add_text(input, TO_WEB "}");
        input_free(&rule);
    }
    add_text(input, OBJECT_END);
    winner(input, "Host(`h`)");
}

/* ---- parents ---- */

/* An object of n routes that may be parents; the first takes "/p0". */
static void parent(struct input *input, const char *name, size_t n)
{
    add_object(input, name, "");
    for (size_t i = 0; i < n; i++) {
        route(input, i, "", "PathPrefix(`/p%zu`)", i);
    }
    add_text(input, OBJECT_END);
}

/* An object of n routes below the objects PARENT0, PARENT1, ... or, `num` times, below one. */
static void children(struct input *input, const char *name, size_t n, const char *above, size_t num,
                     bool numbered)
{
    struct input spec = {NULL, 0, 0};
    for (size_t i = 0; i < num; i++) {
        add_text(&spec, i != 0 ? "," : "\"parentRefs\":[");
        if (numbered) {
            input_print(&spec, "{\"name\":\"%s%zu\"}", above, i);
        } else {
            input_print(&spec, "{\"name\":\"%s\"}", above);
        }
    }
    input_add(&spec, "],", 3);
    add_object(input, name, spec.data);
    for (size_t i = 0; i < n; i++) {
        route(input, i, TO_WEB, "Path(`/c%zu`) || Path(`/p0/x%zu`)", i, i);
    }
    add_text(input, OBJECT_END);
    input_free(&spec);
}

static void lowest(struct input *input, const char *above)
{
    char spec[64];
    snprintf(spec, sizeof(spec), "\"parentRefs\":[{\"name\":\"%s\"}],", above);
    add_object(input, "low", spec);
    route(input, 0, ",\"priority\":1" TO_WEB, "PathPrefix(`/p0`)");
    add_text(input, OBJECT_END);
}

static void many_below_many(struct input *input, size_t n)
{
    parent(input, "p", n);
    children(input, "c", n, "p", 1, false);
    lowest(input, "p");
}

static void same_parent(struct input *input, size_t n)
{
    parent(input, "p", n);
    children(input, "c", n, "p", n, false);
    lowest(input, "p");
}

static void numbered_parents(struct input *input, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "p%zu", i);
        add_object(input, name, "");
        route(input, 0, "", "PathPrefix(`/p%zu`)", i);
        add_text(input, OBJECT_END);
    }
}

static void many_parents(struct input *input, size_t n)
{
    numbered_parents(input, n);
    children(input, "c", n, "p", n, true);
    lowest(input, "p0");
}

/* A route with n parents takes what comes from the first of them. */
static void one_below_many(struct input *input, size_t n)
{
    numbered_parents(input, n);
    children(input, "low", 1, "p", n, true);
}

/* The same, and others in two objects: each matches, and has n parents of which the last is none of
 * the table, since its class is another. */
static void orphans(struct input *input, size_t n)
{
    numbered_parents(input, n);
    char name[32];
    snprintf(name, sizeof(name), "p%zu", n);
    add_object(input, name, "\"ingressClassName\":\"other\",");
    route(input, 0, "", "PathPrefix(`/p`)");
    add_text(input, OBJECT_END);
    for (int i = 0; i < 2; i++) {
        struct input spec = {NULL, 0, 0};
        add_text(&spec, "\"parentRefs\":[{\"name\":\"p0\"}");
        for (size_t j = 1; j <= n; j++) {
            input_print(&spec, ",{\"name\":\"p%zu\"}", j);
        }
        input_add(&spec, "],", 3);
        add_object(input, i != 0 ? "d" : "c", spec.data);
        for (size_t j = 0; j < n; j++) {
            route(input, j, TO_WEB, "PathPrefix(`/p0`) || Path(`/%zu`)", j);
        }
        add_text(input, OBJECT_END);
        input_free(&spec);
    }
    lowest(input, "p0");
}

/* Each is the parent of the next one, and the last of the first. */
static void circle(struct input *input, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[32], spec[64];
        snprintf(name, sizeof(name), "c%zu", i);
        snprintf(spec, sizeof(spec), "\"parentRefs\":[{\"name\":\"c%zu\"}],", (i + 1) % n);
        add_object(input, name, spec);
        route(input, 0, "", "PathPrefix(`/`)");
        add_text(input, OBJECT_END);
    }
}

static void own_parents(struct input *input, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[32], spec[64];
        snprintf(name, sizeof(name), "c%zu", i);
        snprintf(spec, sizeof(spec), "\"parentRefs\":[{\"name\":\"c%zu\"}],", i);
        add_object(input, name, spec);
        route(input, 0, TO_WEB, "PathPrefix(`/`)");
        add_text(input, OBJECT_END);
    }
    winner(input, "Host(`h`)");
}

/* ---- running ---- */

static const struct shape shapes[] = {
    {"routes of one host", one_host, 2500, "/x", NULL, "win", NULL, 2000},
    {"hosts with one path", one_path, 2500, "/x", NULL, "win", NULL, 2000},
    {"routes of one place", one_place, 2500, "/x", NULL, "win", NULL, 40},
    {"paths without host", paths_alone, 2500, "/x/1", NULL, "r", NULL, 2000},
    {"wildcards", wildcards, 2500, "/x", NULL, "win", NULL, 2000},
    {"regular expressions of paths", path_regexps, 1000, "/abcd", NULL, "win", NULL, 40},
    {"regular expressions of hosts", host_regexps, 1000, "/x", NULL, "win", NULL, 40},
    {"unanchored regular expressions", free_regexps, 500, "/qrqrqrqr", NULL, "win", NULL, 20},
    {"headers", headers, 2500, "/x", NULL, "win", NULL, 40},
    {"queries", queries, 2500, "/x", NULL, "win", NULL, 40},
    {"clients", clients, 250, "/x", NULL, "win", NULL, 400},
    {"negations", negations, 2500, "/x", NULL, "win", NULL, 40},
    {"nested prefixes", nested_prefixes, 1000, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, "win", NULL,
     400},
    {"long names", long_names, 1000, "/y", NULL, "n", NULL, 2000},
    {"dead ends", dead_ends, 1000, "/x", NULL, "win", NULL, 20},
    {"entry points", entry_points, 1000, "/x", "f", "win", NULL, 20},
    {"products", products, 50, "/x", NULL, "win", NULL, 2000},
    {"many ways", many_ways, 50, "/x", NULL, "win", NULL, 200},
    {"routes below the routes of one object", many_below_many, 1000, "/p0/x", NULL, "p", "low",
     400},
    {"one parent again and again", same_parent, 500, "/p0/x", NULL, "p", "low", 400},
    {"routes below many objects", many_parents, 500, "/p0/x", NULL, "p0", "low", 40},
    {"a route below many objects", one_below_many, 2500, "/p0/x0", NULL, "p0", "low", 40},
    {"routes with a parent that is not there", orphans, 250, "/p0", NULL, "p0", "low", 20},
    {"circle of parents", circle, 1000, "/x", NULL, NULL, NULL, 2000},
    {"parents of themselves", own_parents, 1000, "/x", NULL, "win", NULL, 2000},
};

struct run {
    const struct shape *shape;
    enum stage stage;
    uint32_t profile;
};

struct state {
    const struct run *run;
    struct matching matching;
    struct svcroute_match_request request;
    const struct svcroute_route *route, *child;
    int error;
};

static void *begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct state *state = calloc(1, sizeof(*state));
    struct input input = {NULL, 0, 0};
    if (state == NULL) {
        give_up("out of memory");
    }
    state->run = user;
    state->request = request_of("h", state->run->shape->path);
    if (state->run->shape->entry_point != NULL) {
        state->request.entry_point = text_of(state->run->shape->entry_point);
    }
    matching_init(&state->matching, context, state->run->profile);
    add_web(&input);
    state->run->shape->make(&input, n);
    matching_load(&state->matching, &input);
    input_free(&input);
    if (state->run->stage > RESOLVE) {
        matching_resolve(&state->matching);
        svcroute_diags_clear(state->matching.diags);
    }
    if (state->run->stage >= TOUCH) {
        struct input touch = {NULL, 0, 0};
        if (state->run->stage == BALANCE) {
            matching_balance(&state->matching, 1);
        }
        add_rule(&touch, "another", "Host(`h`) && Path(`/z`)", 23);
        matching_load(&state->matching, &touch);
        input_free(&touch);
        if (state->run->stage == BALANCE) {
            matching_resolve(&state->matching);
        }
    }
    return state;
}

static void match(struct state *state)
{
    const struct svcroute_table *table = state->matching.table;
    for (unsigned i = 0; i < state->run->shape->rounds; i++) {
        state->error = svcroute_table_match(table, &state->request, &state->route);
        if (state->error == 0 && state->run->shape->child != NULL) {
            state->error =
                svcroute_table_match_child(table, state->route, &state->request, &state->child);
        }
    }
}

static void act(void *user)
{
    struct state *state = user;
    struct matching *matching = &state->matching;
    switch (state->run->stage) {
    case RESOLVE:
    case TOUCH:
        matching_resolve(matching);
        break;
    case MATCH:
        match(state);
        break;
    case NEXT:
        state->error = svcroute_table_match(matching->table, &state->request, &state->route);
        for (int i = 0; i < CHAIN && state->error == 0; i++) {
            state->error = svcroute_table_match_next(matching->table, state->route, &state->request,
                                                     &state->route);
        }
        break;
    case LINT:
        state->error = svcroute_table_lint(matching->table, matching->diags);
        break;
    case BALANCE:
        matching_balance(matching, 2);
        break;
    case NUM_STAGES:
        break;
    }
}

/* Whether a route is of this IngressRoute, or of one whose name begins so. */
static bool is_of(const struct state *state, const struct svcroute_route *route, const char *name)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    return (route == NULL) == (name == NULL) &&
           (route == NULL ||
            (svcroute_route_get_info(state->matching.table, route, &info) == SVCROUTE_OK &&
             info.ingress_route.size >= strlen(name) &&
             memcmp(info.ingress_route.data, name, strlen(name)) == 0));
}

static void end(void *user)
{
    struct state *state = user;
    const struct shape *shape = state->run->shape;
    if (state->run->stage == MATCH) {
        check(state->error == (shape->found != NULL ? SVCROUTE_OK : SVCROUTE_ERR_NOT_FOUND),
              shape->name, "%s", svcroute_error_name(state->error));
        check(is_of(state, state->route, shape->found) && is_of(state, state->child, shape->child),
              shape->name, "another route is found");
    }
    if (state->run->stage == BALANCE) {
        uint64_t handle;
        int error = svcroute_picker_match(state->matching.picker, &state->request, &handle);
        check(error == (shape->found != NULL ? SVCROUTE_OK : SVCROUTE_ERR_NOT_FOUND), shape->name,
              "the picker gives %s", svcroute_error_name(error));
    }
    matching_free(&state->matching);
    free(state);
}

/* What a table may hold at a time, its making included. */
static void check_memory(const struct run *run, size_t n)
{
    struct counting counting;
    struct input input = {NULL, 0, 0};
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct state *state = begin(context, n, run);
    run->shape->make(&input, n);
    counting_restart(&counting);
    act(state);
    check(counting.peak <= BYTES_PER_BYTE * input.size + BYTES_AT_ALL, run->shape->name,
          "%llu bytes held for documents of %zu", (unsigned long long)counting.peak, input.size);
    input_free(&input);
    end(state);
    svcroute_context_unref(context);
}

static void run_shape(const struct shape *shape, uint32_t profile)
{
    static const struct work work = {begin, act, end};
    for (enum stage stage = RESOLVE; stage < NUM_STAGES; stage++) {
        struct run run = {shape, stage, profile};
        char name[160];
        snprintf(name, sizeof(name), "%s, %s, %s", shape->name, stage_names[stage],
                 profile == SVCROUTE_PROFILE_DEFAULT ? "default" : "traefik-v3");
        if (stage == RESOLVE) {
            check_memory(&run, 4 * sized(shape->n));
        }
        /* Warnings look at everything in an order of their own; of more, what grows most is the
         * time to fetch it. */
        size_t n = stage == LINT && shape->n > 1000 ? 1000 : shape->n;
        check_growth(name, &work, sized(n), &run);
    }
}

void run_rule_shapes(void)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        run_shape(&shapes[i], SVCROUTE_PROFILE_DEFAULT);
        run_shape(&shapes[i], SVCROUTE_PROFILE_TRAEFIK_V3);
    }
}
