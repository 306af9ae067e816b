/* What a reverse proxy does by rules: which route a request takes, what it forwards, and what an
 * update of rules changes. Expected answers follow from docs/rules.md, by hand. */
#include "proxy.h"

#include <string.h>

static struct proxy *proxy;
static struct stream *stream;

/* ---- documents ---- */

#define ROUTE(match, service)                                                                      \
    "{\"match\":\"" match "\",\"kind\":\"Rule\",\"services\":[{\"name\":\"" service                \
    "\",\"port\":80}]}"
#define PARENT(match, middlewares)                                                                 \
    "{\"match\":\"" match "\",\"kind\":\"Rule\",\"middlewares\":[" middlewares "]}"
#define SPEC(routes) "{\"routes\":[" routes "]}"
#define SPEC_WITH(routes, more) "{\"routes\":[" routes "]," more "}"
#define NAME(name) "{\"name\":\"" name "\"}"

static void say(const char *type, const char *name, const char *spec)
{
    stream_rules(stream, type, name, spec);
}

static void feed(void)
{
    proxy_feed(proxy, stream, 700);
    proxy_turn(proxy);
}

/* ---- rows of requests and answers ---- */

struct row {
    struct request request;
    unsigned status;
    const char *route;  /* the one that takes it, for 200 and what middlewares answer */
    const char *target; /* what the server sees, for 200 */
    const char *host, *role;
    unsigned levels;
};

/* Requests (their members) and what becomes of them. */
#define ANSWERED(by_proxy, last_route, ...)                                                        \
    {                                                                                              \
        .request = {__VA_ARGS__}, .status = by_proxy, .route = last_route                          \
    }
#define TAKEN(by_route, seen, ...)                                                                 \
    {                                                                                              \
        .request = {__VA_ARGS__}, .status = 200, .route = by_route, .target = seen                 \
    }
#define TAKEN_AS(by_route, seen, seen_host, ...)                                                   \
    {                                                                                              \
        .request = {__VA_ARGS__}, .status = 200, .route = by_route, .target = seen,                \
        .host = seen_host                                                                          \
    }
#define TAKEN_BELOW(by_route, seen, seen_role, num_levels, ...)                                    \
    {                                                                                              \
        .request = {__VA_ARGS__}, .status = 200, .route = by_route, .target = seen,                \
        .role = seen_role, .levels = num_levels                                                    \
    }

static const struct row *rows;
static size_t num_rows;

static void serve_rows(struct worker *worker)
{
    for (size_t i = 0; i < num_rows; i++) {
        const struct row *row = &rows[i];
        const char *what = row->request.text ? row->request.text : row->request.target;
        struct answer answer = worker_serve(worker, &row->request);
        check(answer.status == row->status, "row %zu, %.60s: %u, not %u", i, what ? what : "/",
              answer.status, row->status);
        check(strcmp(answer.route, row->route ? row->route : "") == 0,
              "row %zu, %.60s: route %s, not %s", i, what ? what : "/", answer.route, row->route);
        if (row->target) {
            check(strcmp(answer.sight.target, row->target) == 0,
                  "row %zu: the server sees %s, not %s", i, answer.sight.target, row->target);
        }
        check(!row->host || strcmp(answer.sight.host, row->host) == 0,
              "row %zu: the server sees host %s", i, answer.sight.host);
        check(!row->role || strcmp(answer.sight.role, row->role) == 0,
              "row %zu: the server sees role %s", i, answer.sight.role);
        check(!row->levels || answer.levels == row->levels, "row %zu: %u levels", i, answer.levels);
    }
}

#define RUN_ROWS(table) run_rows(table, sizeof(table) / sizeof((table)[0]))

static void run_rows(const struct row *table, size_t num)
{
    rows = table;
    num_rows = num;
    proxy_run(proxy, serve_rows);
}

/* ---- hosts, paths, headers, and what is refused ---- */

static char long_path[5001], long_host[1101];

static void scene_site(void)
{
    static const char site[] = "site.example";
    static const struct row table[] = {
        TAKEN_AS("site", "/", site, .host = site),
        TAKEN_AS("api", "/api/v1?page=1", "SITE.example:8080", .host = "SITE.example:8080",
                 .target = "/x/../api//v1?page=1"),
        TAKEN("api", "/api/caf%C3%A9?", .host = site, .target = "/%61p%69/caf\xc3\xa9?"),
        TAKEN("site", "/api", .host = site, .target = "/api", .method = "POST"),
        TAKEN_AS("api", "/api", site, .host = "other.example", .target = "http://site.example/api"),
        TAKEN_AS("site", "/?a", site, .host = "other.example", .target = "http://u@site.example?a"),
        TAKEN("site", "/A/~%7B%7C%7D", .host = site, .target = "/A/%7e{|}"),
        TAKEN("page", "/?a=b&page=%32", .host = site, .target = "/?a=b&page=%32"),
        TAKEN("site", "/", .host = site, .target = "/", .lines = "X-Version: 2, 3\r\n"),
        TAKEN("near", "/", .host = site, .client = "10.9.8.7"),
        TAKEN("near", "/", .host = site, .client = "[::ffff:10.9.8.7]:4000"),
        TAKEN("site", "/", .host = site, .lines = "X-Forwarded-Host: admin\r\n"),
        ANSWERED(404, NULL, .host = "nobody.example"),
        ANSWERED(404, NULL, .host = site, .target = "*", .method = "OPTIONS"),
        ANSWERED(404, NULL, .host = "nobody.example", .target = "http://b.nobody.example/"),
        ANSWERED(501, NULL, .host = site, .target = "site.example:443", .method = "CONNECT"),
        ANSWERED(400, NULL, .host = site, .target = "/a%2Fb"),
        ANSWERED(400, NULL, .host = site, .target = "/a\\b"),
        ANSWERED(400, NULL, .host = site, .target = "/%00"),
        ANSWERED(400, NULL, .host = site, .target = "/%2561"),
        ANSWERED(400, NULL, .host = site, .target = "/%zz"),
        ANSWERED(400, NULL, .host = site, .target = "/#x"),
        ANSWERED(400, NULL, .host = site, .target = "/a b"),
        ANSWERED(400, NULL, .host = site, .target = "index"),
        ANSWERED(400, NULL, .host = site, .target = "http:///"),
        ANSWERED(400, NULL, .host = ""),
        ANSWERED(400, NULL, .host = site, .lines = "Host: other.example\r\n"),
        ANSWERED(400, NULL, .host = "site example"),
        ANSWERED(400, NULL, .host = "s\xc3\xaft\xc3\xa9.example"),
        ANSWERED(400, NULL, .host = site, .method = "G(T"),
        ANSWERED(400, NULL, .host = site, .lines = "X-A : b\r\n"),
        ANSWERED(400, NULL, .host = site, .lines = "X-A: b\x01\r\n"),
        ANSWERED(400, NULL, .text = "GET / HTTP/1.1\r\nHost: site.example\r\n"),
        ANSWERED(400, NULL, .text = "GET / HTTP/1.0\r\nHost: site.example\r\n\r\n"),
        ANSWERED(400, NULL, .text = ""),
        ANSWERED(414, NULL, .host = site, .target = long_path),
        ANSWERED(414, NULL, .host = long_host)};
    static const struct row with_regexps[] = {
        TAKEN("blank", "/a%20b", .host = site, .target = "/a%20b"),
        TAKEN("two", "/", .host = site, .target = "/", .lines = "Accept: a\r\nX-Version:  2 \r\n"),
        TAKEN("many", "/", .host = "a1.site.example")};
    memset(long_path, '/', 1);
    memset(long_path + 1, 'a', sizeof(long_path) - 2);
    memset(long_host, 'a', sizeof(long_host) - 1);
    say("ADDED", "site", SPEC(ROUTE("Host(`site.example`) && PathPrefix(`/`)", "front")));
    say("ADDED", "api",
        SPEC(ROUTE("Host(`site.example`) && PathPrefix(`/api`) && Method(`GET`)", "back")));
    say("ADDED", "blank",
        SPEC(ROUTE("Host(`site.example`) && Path(`/a b`) && PathRegexp(`^/[a-z ]+$`)", "back")));
    say("ADDED", "page",
        SPEC(ROUTE("Host(`site.example`) && Query(`page`, `2`) && PathPrefix(`/`)", "back")));
    say("ADDED", "two",
        SPEC(ROUTE("Host(`site.example`) && HeaderRegexp(`x-version`, `^2$`)", "back")));
    say("ADDED", "near",
        SPEC(ROUTE("Host(`site.example`) && ClientIP(`10.0.0.0/8`) && Path(`/`)", "back")));
    say("ADDED", "forged",
        SPEC(ROUTE("Host(`site.example`) && Header(`X-Forwarded-Host`, `admin`)", "back")));
    say("ADDED", "many", SPEC(ROUTE("HostRegexp(`^[a-z][0-9]+\\\\.site\\\\.example$`)", "back")));
    feed();
    RUN_ROWS(table);
    if (world_has_regexps()) {
        RUN_ROWS(with_regexps);
    }
}

/* ---- entry points ---- */

static void scene_doors(void)
{
    static const char host[] = "door.example";
    static const struct row table[] = {
        TAKEN("door", "/", .host = host, .entry_point = "web"),
        TAKEN("door-secure", "/", .host = host, .entry_point = "websecure", .tls = true),
        TAKEN("door-any", "/", .host = host, .entry_point = "websecure"),
        ANSWERED(404, NULL, .host = host, .entry_point = "web", .tls = true),
        TAKEN("door-any", "/", .host = host, .entry_point = "admin"),
        TAKEN("door-any", "/x", .host = host, .entry_point = "admin", .target = "/x"),
        TAKEN("door-any", "/", .host = host, .entry_point = "we"),
        TAKEN("door", "/", .host = host)};
    say("ADDED", "door",
        SPEC_WITH(ROUTE("Host(`door.example`) && Path(`/`)", "front"),
                  "\"entryPoints\":[\"web\"]"));
    say("ADDED", "door-secure",
        SPEC_WITH(ROUTE("Host(`door.example`)", "front"),
                  "\"entryPoints\":[\"x\",\"websecure\"],\"tls\":{}"));
    say("ADDED", "door-any", SPEC(ROUTE("Host(`door.example`)", "back")));
    feed();
    RUN_ROWS(table);
}

/* ---- routes below routes ---- */

static void scene_children(void)
{
    static const char host[] = "tree.example";
    static const struct row table[] = {
        TAKEN_BELOW("staff", "/orders", "staff", 2, .host = host, .target = "/v1/orders",
                    .lines = "Authorization: staff\r\n"),
        TAKEN_BELOW("anyone", "/orders?a=b", "", 2, .host = host, .target = "/v1/./orders?a=b",
                    .lines = "X-Role: staff\r\n"),
        TAKEN_BELOW("anyone", "/", "", 2, .host = host, .target = "/v1/"),
        ANSWERED(403, "deep", .host = host, .target = "/v1/deep/end"),
        TAKEN_BELOW("deepest", "/deep/end", "guest", 3, .host = host, .target = "/v1/deep/end",
                    .lines = "Authorization: guest\r\n"),
        /* No child takes it, and there is no way back: the last route is the parent. */
        ANSWERED(404, "deep", .host = host, .target = "/v1/deep/else",
                 .lines = "Authorization: guest\r\n"),
        ANSWERED(404, NULL, .host = host, .target = "/orders", .lines = "X-Role: staff\r\n"),
        ANSWERED(404, NULL, .host = host, .target = "/v1/orders",
                 .lines = "Authorization: staff\r\n", .tls = true)};
    say("ADDED", "strip",
        SPEC(PARENT("Host(`tree.example`) && PathPrefix(`/v1/`)", NAME("who") "," NAME("strip"))));
    say("ADDED", "staff",
        SPEC_WITH(ROUTE("Header(`X-Role`, `staff`) && PathPrefix(`/orders`)", "back"),
                  "\"parentRefs\":[" NAME("strip") "]"));
    say("ADDED", "anyone",
        SPEC_WITH(ROUTE("PathPrefix(`/`)", "front"), "\"parentRefs\":[" NAME("strip") "]"));
    say("ADDED", "deep",
        SPEC_WITH(PARENT("PathPrefix(`/deep`)", NAME("members")),
                  "\"parentRefs\":[" NAME("strip") "]"));
    say("ADDED", "deepest",
        SPEC_WITH(ROUTE("Path(`/deep/end`)", "back"), "\"parentRefs\":[" NAME("deep") "]"));
    feed();
    RUN_ROWS(table);
}

/* ---- paths that are not what they seem ---- */

enum { ATTACKS = 5000 };

static atomic_uint let_in, kept_out, refused, reached;

static void attack(struct worker *worker)
{
    static const char *const pieces[] = {
        "/",   "/",   "/",         "admin", "admin", "%61dmin", "Admin", "x",
        "..",  "..",  ".",         "%2e%2", "%2E.",  "%2f",     "%2F",   "\\",
        "%5c", "%25", "%2561dmin", "%00",   "%3b",   ";",       "|",     "{",
        "\"",  "?",   "%3f",       "#",     "%",     "//",      "e",     "\xc3\xa9"};
    uint32_t chance = 7 + worker->index;
    for (unsigned n = 0; n < ATTACKS; n++) {
        char target[200] = "/";
        for (unsigned i = 0; i < 2 + n % 7; i++) {
            chance = chance * 1664525 + 1013904223;
            strcat(target, pieces[(chance >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        const struct request request = {.host = "guard.example", .target = target};
        struct answer answer = worker_serve(worker, &request);
        bool admin = answer.status == 200 && strncmp(answer.sight.path, "/admin", 6) == 0;
        reached += admin;
        let_in += answer.status == 200;
        kept_out += answer.status == 403;
        refused += answer.status == 400;
        ensure(!admin || worker->proxy->allow, "%s reaches %s", target, answer.sight.path);
        ensure(answer.status == 200 || answer.status == 403 || answer.status == 400, "%s: %u",
               target, answer.status);
        ensure(answer.status != 200 || strcmp(answer.route, "guard") == 0, "%s: route %s", target,
               answer.route);
    }
}

static void run_attacks(uint32_t allow)
{
    let_in = kept_out = refused = reached = 0;
    proxy->allow = allow;
    proxy_run(proxy, attack);
    proxy->allow = 0;
}

static void scene_attacks(void)
{
    static const char admin[] =
        "{\"routes\":[{\"match\":\"Host(`guard.example`) && "
        "PathPrefix(`/admin`)\",\"kind\":\"Rule\","
        "\"middlewares\":[{\"name\":\"who\"},{\"name\":\"members\"}],\"services\":[{\"name\":"
        "\"back\",\"port\":80}]}]}";
    static const struct row allowed[] = {
        TAKEN("guard", "/x%2F..%2Fadmin", .host = "guard.example", .target = "/x%2F..%2Fadmin"),
        ANSWERED(403, "guard-admin", .host = "guard.example", .target = "/%61dmin")};
    say("ADDED", "guard", SPEC(ROUTE("Host(`guard.example`)", "back")));
    say("ADDED", "guard-admin", admin);
    feed();
    run_attacks(0);
    check(let_in > 500 && kept_out > 50 && refused > 2000, "%u let in, %u kept out, %u refused",
          let_in, kept_out, refused);
    check(reached == 0, "%u requests reached what they must not", reached);
    /* Where all characters are allowed, applications that decode more than the rules do are. */
    run_attacks(SVCROUTE_PATH_ALLOW_ALL);
    check(reached > 0, "attacks that would work");
    proxy->allow = SVCROUTE_PATH_ALLOW_SLASH;
    RUN_ROWS(allowed);
    proxy->allow = 0;
}

/* ---- updates of rules alone ---- */

/* The same service below other rules; in each step, which route takes / and which takes /a. */
static const struct step {
    const char *spec, *root, *a;
    unsigned status_a;
} steps[] = {
#define TURN(match) ROUTE("Host(`turn.example`) && " match, "back")
    {SPEC(TURN("Path(`/a`)")), "other", "turn", 200},
    {SPEC(TURN("Path(`/`)")), "turn", "other", 200},
    {SPEC(TURN("Path(`/b`)")), "other", "other", 200},
    {SPEC(TURN("PathPrefix(`/`)")), "turn", "turn", 200},
    /* Settings beside the rule's text. */
    {"{\"routes\":[{\"match\":\"Host(`turn.example`) && "
     "PathPrefix(`/`)\",\"kind\":\"Rule\",\"priority\":1,"
     "\"services\":[{\"name\":\"back\",\"port\":80}]}]}",
     "other", "other", 200},
    {SPEC(TURN("PathPrefix(`/`)")), "turn", "turn", 200},
    {SPEC_WITH(TURN("PathPrefix(`/`)"), "\"entryPoints\":[\"elsewhere\"]"), "other", "other", 200},
    {SPEC_WITH(TURN("PathPrefix(`/`)"), "\"entryPoints\":[\"web\"]"), "turn", "turn", 200},
    {SPEC_WITH(TURN("PathPrefix(`/`)"), "\"tls\":{}"), "other", "other", 200},
    {SPEC(TURN("PathPrefix(`/`)")), "turn", "turn", 200},
    {SPEC_WITH(TURN("PathPrefix(`/`)"), "\"parentRefs\":[{\"name\":\"strip\"}]"), "other", "other",
     200},
    {SPEC(TURN("Path(`/`")), "other", "other", 200}, /* a rule that cannot be read */
    {SPEC(TURN("Path(`/a`)")), "other", "turn", 200},
    /* Middlewares alone: whoever goes on without them lets everybody in. */
    {"{\"routes\":[{\"match\":\"Host(`turn.example`) && Path(`/a`)\",\"kind\":\"Rule\","
     "\"middlewares\":[{\"name\":\"members\"}],\"services\":[{\"name\":\"back\",\"port\":80}]}]}",
     "other", "turn", 403},
    {SPEC(TURN("Path(`/a`)")), "other", "turn", 200}};

enum { NUM_STEPS = sizeof(steps) / sizeof(steps[0]) };

static unsigned step;
static uint64_t back_server;
static const struct request to_root = {.host = "turn.example", .entry_point = "web"};
static const struct request to_a = {.host = "turn.example", .target = "/a", .entry_point = "web"};

/* What a worker that has not heard of the update yet goes on with. */
static void look_back(struct worker *worker)
{
    struct exchange exchange;
    const struct step *before = &steps[step - 1];
    check(svcroute_picker_stale(worker->picker), "step %u: rules alone are an update too", step);
    worker_read(worker, &to_root, &exchange);
    check(worker_match(worker, &exchange) == 0 && strcmp(exchange.route, before->root) == 0,
          "step %u: the rules of before: %s", step, exchange.route);
    worker_read(worker, &to_a, &exchange);
    unsigned status = worker_match(worker, &exchange);
    check((status ? status : 200) == before->status_a && strcmp(exchange.route, before->a) == 0,
          "step %u: the rules of before: %u, %s", step, status, exchange.route);
}

static void take_step(struct worker *worker)
{
    const struct step *now = &steps[step];
    struct answer root = worker_serve(worker, &to_root), a = worker_serve(worker, &to_a);
    check(root.status == 200 && strcmp(root.route, now->root) == 0, "step %u: %u, %s", step,
          root.status, root.route);
    check(a.status == now->status_a && strcmp(a.route, now->a) == 0, "step %u: %u, %s for /a", step,
          a.status, a.route);
    if (strcmp(now->a, "turn") == 0 && a.status == 200) {
        check(a.server == back_server || !back_server, "step %u: the server is another", step);
        back_server = step ? back_server : a.server;
    }
}

static void scene_steps(void)
{
    say("ADDED", "other", SPEC(ROUTE("Host(`turn.example`)", "front")));
    say("ADDED", "turn", steps[0].spec);
    feed();
    back_server = 0;
    step = 0;
    proxy_run(proxy, take_step);
    for (step = 1; step < NUM_STEPS; step++) {
        say("MODIFIED", "turn", steps[step].spec);
        feed();
        proxy_run(proxy, look_back);
        proxy_run(proxy, take_step);
    }
}

/* ---- updates of rules under load ---- */

static atomic_bool turning;
static atomic_uint turns_seen, shown[WORKERS];

/* Of two requests in one view of the table exactly one is taken, as that table has the rule. */
static void watch_turns(struct worker *worker)
{
    static const char *const matches[] = {"Host(`flip.example`) && Path(`/a`)",
                                          "Host(`flip.example`) && !Path(`/a`)"};
    const struct request requests[] = {{.host = "flip.example", .target = "/a"},
                                       {.host = "flip.example", .target = "/b"}};
    struct exchange exchanges[2];
    unsigned last = 2;
    ensure(worker_read(worker, &requests[0], &exchanges[0]) == 0 &&
               worker_read(worker, &requests[1], &exchanges[1]) == 0,
           "heads");
    do {
        worker_refresh(worker);
        unsigned status[] = {worker_match(worker, &exchanges[0]),
                             worker_match(worker, &exchanges[1])};
        unsigned taken = status[0] == 0 ? 0 : 1;
        const struct svcroute_route *route =
            svcroute_table_find_route_of(svcroute_picker_get_table(worker->picker), text_of("shop"),
                                         text_of("flip"), text_of(matches[taken]), 0);
        ensure(status[taken] == 0 && status[1 - taken] == 404, "of two rules, %u and %u", status[0],
               status[1]);
        ensure(route && route == svcroute_picker_get_route(worker->picker, exchanges[taken].handle),
               "another route than the table has");
        turns_seen += last != taken;
        last = taken;
        shown[worker->index] = taken;
        struct answer answer = worker_serve(worker, &requests[taken]);
        ensure(answer.status == 200 || answer.status == 404, "under load: %u", answer.status);
    } while (turning);
}

static void scene_turns(void)
{
    say("ADDED", "flip", SPEC(ROUTE("Host(`flip.example`) && Path(`/a`)", "back")));
    feed();
    turning = true;
    turns_seen = 0;
    proxy_start(proxy, watch_turns);
    for (unsigned i = 0; i < 300; i++) {
        say("MODIFIED", "flip",
            i % 2 ? SPEC(ROUTE("Host(`flip.example`) && Path(`/a`)", "back"))
                  : SPEC(ROUTE("Host(`flip.example`) && !Path(`/a`)", "back")));
        feed();
        while (shown[i / 2 % WORKERS] == i % 2 && proxy_busy(proxy)) {
        }
    }
    turning = false;
    proxy_wait(proxy);
    check(turns_seen >= 150, "%u turns were seen", turns_seen);
}

/* ---- a request that waits between its route and its server ---- */

static struct exchange waiting[WORKERS];
static const struct request late = {.host = "late.example"};

static void begin_waiting(struct worker *worker)
{
    check(worker_route(worker, &late, &waiting[worker->index]) == 0, "a route to wait at");
}

static int pick_late(struct worker *worker)
{
    struct exchange *exchange = &waiting[worker->index];
    worker_refresh(worker);
    int code = svcroute_picker_pick(worker->picker, exchange->handle, &exchange->known,
                                    worker->pick, world_now());
    svcroute_pick_clear(worker->pick);
    return code;
}

static void go_on_waiting(struct worker *worker)
{
    check(pick_late(worker) == 0, "other services below the same route");
}

static void end_waiting(struct worker *worker)
{
    check(pick_late(worker) == SVCROUTE_ERR_GONE, "a route that went meanwhile");
    check(!svcroute_picker_get_route(worker->picker, waiting[worker->index].handle),
          "the route of a handle that is gone");
    check(worker_match(worker, &waiting[worker->index]) == 404, "asked again");
}

static void come_again(struct worker *worker)
{
    uint64_t handle = waiting[worker->index].handle;
    begin_waiting(worker);
    check(waiting[worker->index].handle != handle && pick_late(worker) == 0, "there again");
}

static void scene_late(void)
{
    say("ADDED", "late", SPEC(ROUTE("Host(`late.example`)", "front")));
    feed();
    proxy_run(proxy, begin_waiting);
    say("MODIFIED", "late", SPEC(ROUTE("Host(`late.example`)", "back")));
    feed();
    proxy_run(proxy, go_on_waiting);
    say("DELETED", "late", SPEC(ROUTE("Host(`late.example`)", "back")));
    feed();
    proxy_run(proxy, end_waiting);
    say("ADDED", "late", SPEC(ROUTE("Host(`late.example`)", "back")));
    feed();
    proxy_run(proxy, come_again);
}

/* ---- a route without servers ---- */

static uint64_t lonely_server;

static void learn_lonely(struct worker *worker)
{
    const struct request request = {.host = "void.example", .target = "/x"};
    struct answer answer = worker_serve(worker, &request);
    check(answer.status == 200 && strcmp(answer.route, "lonely") == 0, "%u by %s", answer.status,
          answer.route);
    if (worker->index == 0) {
        lonely_server = answer.server;
    }
}

static void scene_void(void)
{
    static const struct row unavailable[] = {
        ANSWERED(503, "lonely", .host = "void.example", .target = "/x"),
        TAKEN("void", "/y", .host = "void.example", .target = "/y")};
    static const struct row left_out[] = {
        TAKEN("void", "/x", .host = "void.example", .target = "/x")};
    stream_service(stream, "ADDED", "lonely");
    stream_slice(stream, "ADDED", "lonely", "10.0.6.2");
    say("ADDED", "lonely", SPEC(ROUTE("Host(`void.example`) && PathPrefix(`/x`)", "lonely")));
    say("ADDED", "void", SPEC(ROUTE("Host(`void.example`)", "front")));
    feed();
    proxy_run(proxy, learn_lonely);
    must(svcroute_balancer_set_admin(proxy->balancer, lonely_server, SVCROUTE_ADMIN_DOWN,
                                     world_now()),
         "down");
    /* It was found, and the request does not go on to the next route. */
    RUN_ROWS(unavailable);
    must(svcroute_balancer_set_admin(proxy->balancer, lonely_server, SVCROUTE_ADMIN_AUTO,
                                     world_now()),
         "auto");
    proxy_run(proxy, learn_lonely);
    /* Without endpoints there is no service, and so no route that could be found. */
    stream_slice(stream, "MODIFIED", "lonely", "");
    feed();
    RUN_ROWS(left_out);
}

void scenes_of_rules(struct proxy *served, struct stream *documents)
{
    proxy = served;
    stream = documents;
    stream_service(stream, "ADDED", "front");
    stream_service(stream, "ADDED", "back");
    stream_slice(stream, "ADDED", "front", "10.0.6.1");
    stream_slice(stream, "ADDED", "back", "10.0.6.2");
    scene_site();
    scene_doors();
    scene_children();
    scene_attacks();
    scene_steps();
    scene_turns();
    scene_late();
    scene_void();
}
