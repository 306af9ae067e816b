/* A million requests that look for their route, with everything that a rule can look at. */
#include <stdio.h>
#include <string.h>

#include "quiet.h"

enum { REQUESTS = 1000000, SELDOM = 4096, LONG = 3000 };

/* ---- routes ---- */

enum { PLAIN, REGEXP, QUERY, HEADER, ENCODED, NET, SLOW, BYTES, PARENT, DEEP, NUM_ROUTES, NONE };

static const struct {
    const char *name, *match, *parent; /* without a service: a parent */
    bool service;
} routes[NUM_ROUTES] = {
    [PLAIN] = {"plain", "Host(`a.example`) && PathPrefix(`/`)", NULL, true},
    [REGEXP] = {"regexp", "Host(`a.example`) && PathRegexp(`^/users/[0-9]+(/[a-z]+)*$`)", NULL,
                true},
    [QUERY] = {"query", "Host(`a.example`) && Query(`q`, `a b`) && QueryRegexp(`page`, `^[0-9]+$`)",
               NULL, true},
    [HEADER] = {"header",
                "HostRegexp(`^[a-z]+[.]b[.]example$`) && HeaderRegexp(`accept`, `(html|json)`) && "
                "!Method(`POST`)",
                NULL, true},
    [ENCODED] = {"encoded", "Host(`a.example`) && Path(`/caf\xc3\xa9 b%2Fc`)", NULL, true},
    [NET] = {"net", "Host(`a.example`) && (ClientIP(`10.0.0.0/8`) || ClientIP(`2001:db8::/32`))",
             NULL, true},
    /* Too many ways for an engine that tries them all. */
    [SLOW] = {"slow", "Host(`slow.example`) && PathRegexp(`^/(a|a?)+$`)", NULL, true},
    /* Found in bytes that are no text. */
    [BYTES] = {"bytes", "Host(`a.example`) && PathRegexp(`^/x.[x-z]$`)", NULL, true},
    [PARENT] = {"parent", "Host(`p.example`)", NULL, false},
    [DEEP] = {"deep", "Header(`X-Role`, `staff`)", "parent", true},
};

struct svcroute_text matches_documents(void)
{
    static char text[8192];
    size_t used = 0;
    for (size_t i = 0; i < NUM_ROUTES; i++) {
        used += (size_t)snprintf(
            text + used, sizeof(text) - used,
            "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: %s}\n"
            "spec:\n  routes: [{kind: Rule, match: '%s'%s}]\n%s%s%s",
            routes[i].name, routes[i].match,
            routes[i].service ? ", services: [{name: a, port: 80}]" : "",
            routes[i].parent ? "  parentRefs: [{name: " : "",
            routes[i].parent ? routes[i].parent : "", routes[i].parent ? "}]\n" : "");
    }
    return (struct svcroute_text){text, used};
}

/* ---- requests ---- */

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct svcroute_text headers[] = {TEXT("Cookie"), TEXT("a=b; c=d"),
                                               TEXT("Accept"), TEXT("text/html;q=1, */*"),
                                               TEXT("x-role"), TEXT("staff")};

static const struct {
    struct svcroute_text host, target, client;
    uint32_t num_headers, route, below; /* NONE: no route */
} requests[] = {
    {TEXT("a.example"), TEXT("/"), TEXT("192.0.2.1"), 3, PLAIN, NONE},
    {TEXT("A.example.:443"), TEXT("/users/12/%6frders?q=a"), TEXT(""), 0, REGEXP, NONE},
    {TEXT("a.example"), TEXT("/users/12a"), TEXT("192.0.2.1:80"), 0, PLAIN, NONE},
    {TEXT("a.example"), TEXT("/?x=%zz&page=1&q=a+b;page=2"), TEXT(""), 3, QUERY, NONE},
    {TEXT("a.example"), TEXT("/?q=a%20b&page=x"), TEXT(""), 3, PLAIN, NONE},
    {TEXT("x.b.example:8080"), TEXT("/any"), TEXT("[::1]:80"), 2, HEADER, NONE},
    {TEXT("x.b.example"), TEXT("/any"), TEXT("[::1]:80"), 1, NONE, NONE},
    {TEXT("a.example"), TEXT("/x/..//caf%c3%A9%20b%2fc"), TEXT(""), 0, ENCODED, NONE},
    {TEXT("a.example"), TEXT("http://a.example/caf\xc3\xa9%20b%2Fc"), TEXT(""), 0, ENCODED, NONE},
    {TEXT("a.example"), TEXT("/caf%C3%A9%20b/c"), TEXT(""), 0, PLAIN, NONE},
    {TEXT("a.example"), TEXT("/n"), TEXT("10.200.1.2"), 3, NET, NONE},
    {TEXT("a.example"), TEXT("/n"), TEXT("[2001:db8::1%1]:9"), 0, NET, NONE},
    {TEXT("a.example"), TEXT("/x%FFy"), TEXT(""), 0, BYTES, NONE},
    {TEXT("a.example"), TEXT("/x%C3y%FF"), TEXT(""), 0, PLAIN, NONE},
    {TEXT("slow.example"), TEXT("/aaaaaaaa"), TEXT(""), 0, SLOW, NONE},
    {TEXT("p.example"), TEXT("/{a|b}"), TEXT(""), 3, PARENT, DEEP},
    {TEXT("p.example"), TEXT("/"), TEXT(""), 2, PARENT, NONE},
    {TEXT("nobody.example"), TEXT("*"), TEXT(""), 3, NONE, NONE},
};

enum { NUM_REQUESTS = sizeof(requests) / sizeof(requests[0]) };

static uint64_t handles[NUM_ROUTES + 2]; /* 0: of NONE, and of rules that cannot be used */
static char path_long[LONG + 1];

void matches_open(struct scene *scene)
{
    for (size_t i = 0; i < NUM_ROUTES; i++) {
        struct svcroute_text none = {NULL, 0}, name = {routes[i].name, strlen(routes[i].name)},
                             match = {routes[i].match, strlen(routes[i].match)};
        struct svcroute_route_info info = {.size = sizeof(info)};
        must(svcroute_route_get_info(
                 scene->table, svcroute_table_find_route_of(scene->table, none, name, match, 0),
                 &info),
             routes[i].name);
        handles[i] = 0;
        if (info.matchable != 0) { /* always so in builds with PCRE2 */
            must(svcroute_picker_find_route(scene->picker, info.name, &handles[i]), routes[i].name);
        }
    }
    memset(path_long, 'a', LONG);
    path_long[0] = '/';
}

static bool is_route(const struct scene *scene, int error, uint64_t handle, uint32_t expected)
{
    return handle == (expected == NONE ? 0 : handles[expected]) &&
           error == (expected == NONE ? SVCROUTE_ERR_NOT_FOUND : 0) &&
           (svcroute_picker_get_route(scene->picker, handle) != NULL) == (error == 0);
}

/* What tools ask besides. */
static bool look_around(const struct scene *scene, const struct svcroute_match_request *request,
                        uint64_t handle)
{
    const struct svcroute_route *route, *next;
    struct svcroute_match_info info = {.size = sizeof(info)};
    return svcroute_table_match(scene->table, request, &route) == 0 &&
           route == svcroute_picker_get_route(scene->picker, handle) &&
           svcroute_route_match(scene->table, route, request, &info) == 0 && info.matched == 1 &&
           (svcroute_table_match_next(scene->table, route, request, &next) == 0) == (next != NULL);
}

static bool request_run(const struct scene *scene, uint32_t number, uint32_t which)
{
    char path[256];
    uint64_t handle = 0, below = 0;
    struct svcroute_target target = {.size = sizeof(target)};
    struct svcroute_match_request request = {.size = sizeof(request),
                                             .host = requests[which].host,
                                             .client = requests[which].client,
                                             .headers = headers,
                                             .num_headers = requests[which].num_headers};
    if (svcroute_target_read(requests[which].target, &target) != 0 ||
        svcroute_path_clean(target.path, SVCROUTE_PATH_ALLOW_SLASH, path, sizeof(path),
                            &request.path.size) != 0) {
        return false;
    }
    request.path.data = path;
    request.query = target.query;
    int error = svcroute_picker_match(scene->picker, &request, &handle);
    bool good = is_route(scene, error, handle, requests[which].route);
    if (good && requests[which].route == PARENT) {
        error = svcroute_picker_match_child(scene->picker, handle, &request, &below);
        good = is_route(scene, error, below, requests[which].below);
    }
    return good && (number % 16 != 0 || handle == 0 || look_around(scene, &request, handle));
}

/* A path that no limit of steps would let an engine finish that tries all ways. */
static bool long_run(const struct scene *scene, bool takes)
{
    uint64_t handle = 0;
    struct svcroute_match_request request = {
        .size = sizeof(request), .host = TEXT("slow.example"), .path = {path_long, LONG}};
    path_long[LONG - 1] = takes ? 'a' : 'b';
    int error = svcroute_picker_match(scene->picker, &request, &handle);
    return is_route(scene, error, handle, takes ? SLOW : NONE);
}

bool matches_run(struct scene *scene)
{
    bool good = true;
    for (uint32_t i = 0; i < REQUESTS && good; i++) {
        uint32_t which = i % NUM_REQUESTS;
        if (requests[which].route == NONE || handles[requests[which].route] != 0) {
            good = request_run(scene, i, which);
        }
        if (i % SELDOM == 0 && handles[SLOW] != 0) {
            good = good && long_run(scene, i % (2 * SELDOM) != 0);
        }
    }
    return good;
}
