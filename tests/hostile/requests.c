/* Requests that are as large as requests may be, or larger: read, cleaned and matched at n and at
 * 4n, by a cluster that looks at everything in them. */
#include <stdio.h>

#include "matching.h"

enum part { TARGET, HOST, QUERY, CLIENT, METHOD, HEADERS, VALUE };

struct request {
    const char *name;
    enum part part;
    const char *ahead, *repeated, *behind; /* the part is this, with n of the middle one */
    size_t n;
    int error;         /* of matching at n */
    int large;         /* and at 4n */
    const char *found; /* the IngressRoute, where it is 0 at n */
};

#define FOUND SVCROUTE_OK
#define NONE SVCROUTE_ERR_NOT_FOUND
#define REFUSED SVCROUTE_ERR_BAD_REQUEST
#define LIMIT SVCROUTE_ERR_LIMIT

/* Paths of up to 32,768 bytes are looked at. */
static const struct request requests[] = {
    {"points", TARGET, "/", "%2e/", "end", 2000, FOUND, FOUND, "end"},
    {"points of the upper case", TARGET, "/", "%2E/", "end", 2000, FOUND, FOUND, "end"},
    {"two points", TARGET, "/", "../", "end", 2500, FOUND, FOUND, "end"},
    {"two points, encoded", TARGET, "/", "%2e%2E/", "end", 1150, FOUND, FOUND, "end"},
    {"down and up", TARGET, "/", "a/../", "end", 1600, FOUND, FOUND, "end"},
    {"slashes", TARGET, "/", "/", "end", 8000, FOUND, FOUND, "end"},
    {"points and slashes", TARGET, "/", ".//", "end", 2500, FOUND, FOUND, "end"},
    {"segments", TARGET, "/", "a/", "end", 4000, NONE, NONE, NULL},
    {"letters", TARGET, "/", "a", "", 8000, NONE, NONE, NULL},
    {"a path that is too long", TARGET, "/", "a", "", 40000, LIMIT, LIMIT, NULL},
    {"letters, encoded", TARGET, "/", "%61", "", 2500, NONE, NONE, NULL},
    {"percents, encoded", TARGET, "/", "%25", "", 2500, NONE, NONE, NULL},
    {"bytes that are not legal", TARGET, "/", "|", "", 2500, NONE, NONE, NULL},
    {"bytes beyond ASCII", TARGET, "/", "\xc3\xa9", "", 1250, NONE, NONE, NULL},
    {"bytes that are not UTF-8", TARGET, "/", "\xff", "", 2500, NONE, NONE, NULL},
    {"a bad escape at the end", TARGET, "/", "%2e/", "%2", 2000, REFUSED, REFUSED, NULL},
    {"a control at the end", TARGET, "/", "a", "\x01", 8000, REFUSED, REFUSED, NULL},
    {"a long authority", TARGET, "http://", "a.", "/end", 100, FOUND, FOUND, "end"},
    {"an authority that is too long", TARGET, "http://", "a.", "/end", 4000, LIMIT, LIMIT, NULL},
    {"user information", TARGET, "http://", "u", "@h/end", 8000, FOUND, FOUND, "end"},
    {"colons", TARGET, "http://h", ":", "/end", 8000, REFUSED, REFUSED, NULL},
    {"labels of a host", HOST, "", "a.", "hosts", 120, FOUND, FOUND, "hosts"},
    {"a host that is too long", HOST, "", "a.", "hosts", 4000, LIMIT, LIMIT, NULL},
    {"dots", HOST, "h", ".", "", 250, NONE, NONE, NULL},
    {"colons of a host", HOST, "h", ":", "", 250, NONE, NONE, NULL},
    {"brackets", HOST, "", "[", "", 250, NONE, NONE, NULL},
    {"pairs", QUERY, "", "a=1&", "team=blue", 2000, FOUND, FOUND, "query"},
    {"pairs with semicolons", QUERY, "", "a=1;", "team=blue", 2000, FOUND, FOUND, "query"},
    {"pairs of that name", QUERY, "", "team=&", "team=blue", 1350, FOUND, FOUND, "query"},
    {"pairs for an expression", QUERY, "", "page=b&", "page=1", 1150, FOUND, FOUND, "page"},
    {"pairs with bad escapes", QUERY, "", "team=%&", "team=blue", 1150, FOUND, FOUND, "query"},
    {"more pairs than are read", QUERY, "", "&", "team=blue", 8000, FOUND, NONE, "query"},
    {"a long value", QUERY, "page=", "%61", "1", 2500, FOUND, FOUND, "page"},
    {"a long name", QUERY, "", "a", "=1", 8000, NONE, NONE, NULL},
    {"a query that is too long", QUERY, "", "a=1&", "team=blue", 10000, LIMIT, LIMIT, NULL},
    {"a long client", CLIENT, "10.0.0.1", "1", "", 250000, NONE, NONE, NULL},
    {"colons of a client", CLIENT, "10.0.0.1", ":", "", 250000, NONE, NONE, NULL},
    {"a long zone", CLIENT, "fe80::1%", "z", "", 250000, FOUND, FOUND, "client"},
    {"a long method", METHOD, "", "M", "", 250000, NONE, NONE, NULL},
    {"a long method with a blank", METHOD, "", "M", " ", 250000, REFUSED, REFUSED, NULL},
    {"header lines", HEADERS, "", "X-Other", "X-Team", 10000, FOUND, FOUND, "header"},
    {"header lines of that name", HEADERS, "", "X-Team", "X-Team", 10000, FOUND, FOUND, "header"},
    {"header lines for an expression", HEADERS, "", "X-Page", "X-Team", 10000, FOUND, FOUND,
     "header"},
    {"a long value of a header", VALUE, "", "a", "", 250000, NONE, NONE, NULL},
    {"a long value with a digit", VALUE, "", "a", "1", 100000, FOUND, FOUND, "line"},
};

static const char *const rules[][2] = {
    {"end", "Path(`/end`)"},
    {"hosts", "Host(`a.a.hosts`) || HostRegexp(`^(a\\.)+hosts$`)"},
    {"query", "Query(`team`, `blue`)"},
    {"page", "QueryRegexp(`page`, `^a*[0-9]$`)"},
    {"client", "ClientIP(`fe80::/10`)"},
    {"method", "Method(`PUT`) && PathPrefix(`/`)"},
    {"header", "Header(`X-Team`, `blue`)"},
    {"line", "HeaderRegexp(`X-Page`, `[0-9]$`)"},
};

struct state {
    const struct request *request;
    size_t n;
    struct matching matching;
    struct input part;
    struct svcroute_text *headers;
    size_t num_headers;
    char *clean;
    const struct svcroute_route *route;
    int error;
};

static void make_part(struct state *state)
{
    const struct request *request = state->request;
    size_t n = state->n;
    add_text(&state->part, request->ahead);
    if (request->part != HEADERS) {
        input_repeat(&state->part, request->repeated, n);
        add_text(&state->part, request->behind);
        return;
    }
    state->num_headers = n + 1;
    state->headers = calloc(state->num_headers, 2 * sizeof(*state->headers));
    for (size_t i = 0; state->headers != NULL && i <= n; i++) {
        state->headers[2 * i] = text_of(i < n ? request->repeated : request->behind);
        state->headers[2 * i + 1] = text_of(i < n ? "green" : "blue");
    }
}

static void *begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct state *state = calloc(1, sizeof(*state));
    struct input input = {NULL, 0, 0};
    if (state == NULL) {
        give_up("out of memory");
    }
    state->request = user;
    state->n = n;
    matching_init(&state->matching, context, SVCROUTE_PROFILE_DEFAULT);
    add_web(&input);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        add_rule(&input, rules[i][0], rules[i][1], strlen(rules[i][1]));
    }
    matching_load(&state->matching, &input);
    matching_resolve(&state->matching);
    input_free(&input);
    make_part(state);
    state->clean = malloc(3 * state->part.size + 1);
    if (state->clean == NULL) {
        give_up("out of memory");
    }
    return state;
}

/* As a host does: the target is taken apart, the path cleaned. */
static int read_target(struct state *state, struct svcroute_text text,
                       struct svcroute_match_request *request)
{
    struct svcroute_target target = {.size = sizeof(target)};
    size_t size;
    int error = svcroute_target_read(text, &target);
    if (error == 0) {
        error = svcroute_path_clean(target.path, SVCROUTE_PATH_ALLOW_ALL, state->clean,
                                    3 * text.size + 1, &size);
    }
    if (error == 0) {
        request->host = target.authority.size > 0 ? target.authority : request->host;
        request->path = (struct svcroute_text){state->clean, size};
    }
    return error;
}

static void act(void *user)
{
    struct state *state = user;
    struct svcroute_match_request request = request_of("h", "/");
    struct svcroute_text part = {state->part.data, state->part.size};
    struct svcroute_text header[2] = {text_of("X-Page"), part};
    state->error = 0;
    switch (state->request->part) {
    case TARGET:
        state->error = read_target(state, part, &request);
        break;
    case HOST:
        request.host = part;
        break;
    case QUERY:
        request.query = part;
        break;
    case CLIENT:
        request.client = part;
        break;
    case METHOD:
        request.method = part;
        break;
    case HEADERS:
        request.headers = state->headers;
        request.num_headers = (uint32_t)state->num_headers;
        break;
    case VALUE:
        request.headers = header;
        request.num_headers = 1;
        break;
    }
    if (state->error == 0) {
        state->error = svcroute_table_match(state->matching.table, &request, &state->route);
    }
}

static void end(void *user)
{
    struct state *state = user;
    const struct request *request = state->request;
    struct svcroute_route_info info = {.size = sizeof(info)};
    int expected = state->n > sized(request->n) ? request->large : request->error;
    bool without = matching_count(&state->matching, "rule-syntax") > 0; /* regular expressions */
    check(without || state->error == expected, request->name, "%s at %zu",
          svcroute_error_name(state->error), state->n);
    if (state->error == 0 && svcroute_route_get_info(state->matching.table, state->route, &info)) {
        give_up("no info of a route");
    }
    check(without || state->error != 0 || request->found == NULL ||
              (info.ingress_route.size == strlen(request->found) &&
               memcmp(info.ingress_route.data, request->found, info.ingress_route.size) == 0),
          request->name, "another route: %.*s", (int)info.ingress_route.size,
          info.ingress_route.data);
    matching_free(&state->matching);
    input_free(&state->part);
    free(state->headers);
    free(state->clean);
    free(state);
}

void run_requests(void)
{
    static const struct work work = {begin, act, end};
    bool slow = sized(1000) < 1000;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        /* What depends on the size is not the same for less of it. */
        if (!slow || (requests[i].error != LIMIT && requests[i].error == requests[i].large)) {
            check_growth(requests[i].name, &work, sized(requests[i].n), &requests[i]);
        }
    }
}
