/* The library as an nginx module uses it: the master reads the documents and resolves them, each
 * worker process makes a balancer and a picker of its own after the fork, and each request goes
 * through nginx's order of calls: the access phase, which finds the route, create_request, which
 * writes the clean path, peer init, get, free, get again, the log phase, which reads the address
 * when all is over, and the end of the request's pool, which may come without any of these.
 * The pick lies in the pool, whose memory is aligned as a pointer is. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"
#include "world.h"

enum { PROCESSES = 4, REQUESTS = 60 };

/* ---- what nginx gives a module ---- */

struct pool {
    char *block;
    size_t used, size;
    void (*cleanup)(void *data);
    void *data;
};

static void pool_open(struct pool *pool)
{
    *pool = (struct pool){.size = 16384, .block = malloc(16384)};
    must(pool->block ? 0 : SVCROUTE_ERR_NOMEM, "pool");
}

/* Aligned as a pointer, and on purpose no better. */
static void *pool_take(struct pool *pool, size_t size)
{
    pool->used = (pool->used + 15) / 16 * 16 + 8;
    void *memory = pool->block + pool->used;
    pool->used += size;
    must(pool->used <= pool->size ? 0 : SVCROUTE_ERR_NOMEM, "room in the pool");
    return memory;
}

static void pool_destroy(struct pool *pool)
{
    if (pool->cleanup) {
        pool->cleanup(pool->data);
    }
    memset(pool->block, 0xdd, pool->size);
    free(pool->block);
}

enum { PEER_FAILED = 1, PEER_OK = 2 };
enum { NGINX_OK = 0, NGINX_BUSY = -3 };
enum { HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_TOO_LONG = 414 };

/* Of ngx_http_request_t what the module looks at. nginx has lower-cased the host and cut its port
 * off; `unparsed_uri` is as it came. */
struct incoming {
    const char *method_name, *unparsed_uri, *server, *addr_text;
    const char *headers[8]; /* names and values by turns, NULL at the end */
};

/* The module's context of one request, from its pool. */
struct context {
    uint64_t handle;
    struct svcroute_match_request question;
    struct svcroute_text line; /* what create_request writes */
};

/* ---- the module: configuration and process ---- */

struct module {
    struct svcroute_context *context;
    struct svcroute_table *table; /* made by the master */
    char route[96];
    struct svcroute_balancer *balancer; /* of this process */
    struct svcroute_picker *picker;
};

static void init_module(struct module *module, struct stream *stream)
{
    struct svcroute_store *store;
    struct svcroute_watch *watch;
    must(svcroute_context_new(&module->context, NULL, &world_allocator, NULL), "context");
    must(svcroute_store_new(&store, module->context), "store");
    must(svcroute_watch_new(&watch, store, NULL), "watch");
    must(svcroute_watch_feed(watch, stream->text, stream->size, NULL, NULL), "documents");
    must(svcroute_resolve(&module->table, store, NULL, NULL, NULL), "resolve");
    svcroute_watch_free(watch);
    svcroute_store_free(store);
    /* Without a picker: as nginx -t would, to tell where a request would go. */
    const struct svcroute_match_request question = {
        .size = sizeof(question), .host = text_of("web.example"), .path = text_of("/")};
    const struct svcroute_route *route;
    struct svcroute_route_info info = {.size = sizeof(info)};
    must(svcroute_table_match(module->table, &question, &route), "the route");
    must(svcroute_route_get_info(module->table, route, &info), "the route");
    check(text_is(info.ingress_route, "web"), "the route of /");
    text_copy(module->route, sizeof(module->route), info.name);
}

/* Each process has a seed of its own: all of them would go the same way otherwise. */
static void init_process(struct module *module, uint64_t seed)
{
    struct svcroute_balancer_options options;
    svcroute_balancer_options_init(&options, sizeof(options));
    options.seed = seed;
    must(svcroute_balancer_new(&module->balancer, module->table, &options, world_now()),
         "balancer");
    must(svcroute_picker_new(&module->picker, module->balancer, world_now()), "picker");
}

static void exit_process(struct module *module)
{
    svcroute_balancer_free(module->balancer);
    svcroute_picker_free(module->picker);
}

static void exit_module(struct module *module)
{
    svcroute_table_unref(module->table);
    svcroute_context_unref(module->context);
}

/* ---- the module: one request ---- */

struct peer {
    struct module *module;
    struct context *context;
    struct svcroute_pick *pick;
    struct svcroute_request known;
    unsigned tries;
    const char *name; /* what nginx shows as $upstream_addr: the texts of the pick */
    size_t name_size;
};

/* From r->headers_in.headers, whose parts are strewn over the pool. */
static const struct svcroute_text *headers_of(const struct incoming *incoming, struct pool *pool,
                                              uint32_t *num)
{
    struct svcroute_text *headers = pool_take(
        pool, sizeof(incoming->headers) / sizeof(incoming->headers[0]) * sizeof(*headers));
    for (*num = 0; incoming->headers[(size_t)*num * 2]; ++*num) {
        headers[(size_t)*num * 2] = text_of(incoming->headers[(size_t)*num * 2]);
        headers[(size_t)*num * 2 + 1] = text_of(incoming->headers[(size_t)*num * 2 + 1]);
    }
    return headers;
}

/* The access phase: 0, or the status that nginx answers by itself. */
static unsigned access_phase(struct module *module, const struct incoming *incoming,
                             struct pool *pool, struct context **context)
{
    struct svcroute_target target = {.size = sizeof(target)};
    *context = pool_take(pool, sizeof(**context));
    **context = (struct context){.question = {.size = sizeof((*context)->question)}};
    struct svcroute_match_request *question = &(*context)->question;
    if (svcroute_target_read(text_of(incoming->unparsed_uri), &target) != 0) {
        return HTTP_BAD_REQUEST;
    }
    char *path = pool_take(pool, 3 * target.path.size + 1);
    if (svcroute_path_clean(target.path, 0, path, 3 * target.path.size + 1, &question->path.size) !=
        0) {
        return HTTP_BAD_REQUEST;
    }
    question->path.data = path;
    question->query = target.query;
    question->method = text_of(incoming->method_name);
    question->host = text_of(incoming->server);
    question->client = text_of(incoming->addr_text);
    question->headers = headers_of(incoming, pool, &question->num_headers);
    int code = svcroute_picker_match(module->picker, question, &(*context)->handle);
    return code == 0                        ? 0
           : code == SVCROUTE_ERR_NOT_FOUND ? HTTP_NOT_FOUND
           : code == SVCROUTE_ERR_LIMIT     ? HTTP_TOO_LONG
                                            : HTTP_BAD_REQUEST;
}

/* u->create_request: the path that the rules saw, not r->unparsed_uri. */
static void create_request(struct context *context, struct pool *pool)
{
    const struct svcroute_match_request *question = &context->question;
    static struct http_text text;
    static struct http_head lines;
    lines.num_lines = question->num_headers;
    memcpy(lines.lines, question->headers,
           (size_t)question->num_headers * 2 * sizeof(lines.lines[0]));
    http_write(&text, question->method, question->path, question->query, question->host, &lines);
    char *line = pool_take(pool, text.size);
    memcpy(line, text.bytes, text.size);
    context->line = (struct svcroute_text){line, text.size};
}

static void clean(void *data)
{
    svcroute_pick_clear(data);
}

/* peer.init: memory from the pool, and a cleanup that holds whatever happens. */
static struct peer *peer_init(struct module *module, struct context *context, struct pool *pool)
{
    struct peer *peer = pool_take(pool, sizeof(*peer));
    *peer =
        (struct peer){.module = module,
                      .context = context,
                      .known = {.size = sizeof(peer->known), .client = context->question.client}};
    peer->pick = svcroute_pick_init(pool_take(pool, svcroute_pick_size()));
    pool->cleanup = clean;
    pool->data = peer->pick;
    return peer;
}

/* peer.get: the first time and each time that nginx goes to another server. */
static int peer_get(struct peer *peer, struct svcroute_text *address)
{
    struct module *module = peer->module;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    int code = peer->tries == 0 ? svcroute_picker_pick(module->picker, peer->context->handle,
                                                       &peer->known, peer->pick, world_now())
                                : svcroute_picker_pick_next(module->picker, &peer->known,
                                                            peer->pick, world_now());
    if (code) {
        check(code == SVCROUTE_ERR_ALL_TRIED || code == SVCROUTE_ERR_NO_SERVER, "get ends with %s",
              svcroute_error_name(code));
        return NGINX_BUSY;
    }
    peer->tries++;
    must(svcroute_pick_get_info(peer->pick, &info), "info");
    check(info.address.size == 4 && info.port == 80, "an address for connect(): %zu bytes, port %u",
          info.address.size, info.port);
    peer->name = info.url.data;
    peer->name_size = info.url.size;
    *address = info.url;
    return NGINX_OK;
}

/* peer.free: after each try. */
static void peer_free(struct peer *peer, const struct svcroute_outcome *outcome, unsigned state)
{
    must(svcroute_pick_finish(peer->pick, outcome, world_now()), "free");
    check((state == PEER_FAILED) ==
              (outcome->kind != SVCROUTE_OUTCOME_STATUS || outcome->status >= 500),
          "state");
}

/* ---- nginx: requests ---- */

enum ending { WHOLE, ABORTED_BEFORE_GET, ABORTED_BEFORE_FREE };

static const struct incoming to_web = {.method_name = "GET",
                                       .unparsed_uri = "/x/../%63art//?page=1",
                                       .server = "web.example",
                                       .addr_text = "192.0.2.1"};

static void request(struct module *module, enum ending ending, unsigned *asked_bad)
{
    struct pool pool;
    struct svcroute_text address;
    struct context *context;
    struct sight sight = {.target = ""};
    pool_open(&pool);
    check(access_phase(module, &to_web, &pool, &context) == 0, "a route");
    create_request(context, &pool);
    struct peer *peer = peer_init(module, context, &pool);
    unsigned status = 502;
    while (ending != ABORTED_BEFORE_GET && peer->tries < 3 &&
           peer_get(peer, &address) == NGINX_OK) {
        struct svcroute_outcome outcome = world_ask(address, context->line, &sight);
        if (ending == ABORTED_BEFORE_FREE) {
            break;
        }
        bool good = outcome.kind == SVCROUTE_OUTCOME_STATUS && outcome.status < 500;
        *asked_bad += !good;
        peer_free(peer, &outcome, good ? PEER_OK : PEER_FAILED);
        if (good) {
            status = outcome.status;
            break;
        }
    }
    /* The log phase comes after the last free, and wants the address of the last server. */
    if (ending == WHOLE) {
        struct svcroute_text name = {peer->name, peer->name_size};
        check(status == 200 && peer->tries <= 2, "status %u after %u tries", status, peer->tries);
        check(world_find(name) != NULL && world_find(name)->behaviour == ANSWERS,
              "$upstream_addr is %.*s", (int)name.size, name.data);
        check(strcmp(sight.target, "/cart/?page=1") == 0, "the server sees %s", sight.target);
    }
    pool_destroy(&pool);
}

/* Requests, and the IngressRoute that takes each, or the status of the access phase. */
static void ask_for_routes(struct module *module)
{
    static char long_host[1101];
    const char *by_regexp = world_has_regexps() ? "users" : "web";
    const struct {
        struct incoming incoming;
        const char *route;
        unsigned status;
    } rows[] = {
        {{"GET", "/", "web.example", "192.0.2.1", {NULL}}, "web", 0},
        {{"GET", "http://web.example/", "web.example", "192.0.2.1", {NULL}}, "web", 0},
        {{"GET", "/api/v1", "web.example", "192.0.2.1", {NULL}}, "api", 0},
        {{"GET", "//a/.%2e/api", "web.example", "192.0.2.1", {NULL}}, "api", 0},
        {{"POST", "/api", "web.example", "192.0.2.1", {NULL}}, "web", 0},
        {{"GET", "/", "web.example", "10.1.2.3", {NULL}}, "near", 0},
        {{"GET", "/", "web.example", "192.0.2.1", {"a", "b", "x-beta", "1", NULL}}, "beta", 0},
        {{"GET", "/", "web.example", "192.0.2.1", {"X-Beta", "12", NULL}}, "web", 0},
        {{"GET", "/?beta", "web.example", "192.0.2.1", {NULL}}, "beta", 0},
        {{"GET", "/users/12a", "web.example", "192.0.2.1", {NULL}}, "web", 0},
        {{"GET", "/users/12", "web.example", "192.0.2.1", {NULL}}, by_regexp, 0},
        {{"GET", "/", "other.example", "192.0.2.1", {NULL}}, NULL, HTTP_NOT_FOUND},
        {{"OPTIONS", "*", "other.example", "192.0.2.1", {NULL}}, NULL, HTTP_NOT_FOUND},
        {{"GET", "/%2e%2fapi", "web.example", "192.0.2.1", {NULL}}, NULL, HTTP_BAD_REQUEST},
        {{"GET", "/%", "web.example", "192.0.2.1", {NULL}}, NULL, HTTP_BAD_REQUEST},
        {{"GET", "web", "web.example", "192.0.2.1", {NULL}}, NULL, HTTP_BAD_REQUEST},
        {{"GET", "/?a b", "web.example", "192.0.2.1", {NULL}}, NULL, HTTP_BAD_REQUEST},
        {{"GET", "/", long_host, "192.0.2.1", {NULL}}, NULL, HTTP_TOO_LONG},
    };
    memset(long_host, 'a', sizeof(long_host) - 1);
    uint64_t before = world_allocations();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pool pool;
        struct context *context;
        struct svcroute_route_info info = {.size = sizeof(info)};
        pool_open(&pool);
        unsigned status = access_phase(module, &rows[i].incoming, &pool, &context);
        const struct svcroute_route *route =
            svcroute_picker_get_route(module->picker, context->handle);
        check(status == rows[i].status && (route != NULL) == (status == 0), "row %zu: %u", i,
              status);
        if (route) {
            must(svcroute_route_get_info(svcroute_picker_get_table(module->picker), route, &info),
                 "a route");
            check(rows[i].route && text_is(info.ingress_route, rows[i].route),
                  "row %zu: route %.*s", i, (int)info.ingress_route.size, info.ingress_route.data);
        }
        pool_destroy(&pool);
    }
    check(world_allocations() == before, "finding routes allocates");
}

static void serve(struct module *module)
{
    const struct svcroute_service *service;
    uint64_t servers[3];
    struct svcroute_service_info info = {.size = sizeof(info)};
    service = svcroute_table_find_service(module->table, text_of(module->route));
    must(svcroute_service_get_info(service, &info), "service");
    check(info.num_servers == 3, "%u servers", info.num_servers);
    for (unsigned i = 0; i < 3; i++) {
        must(svcroute_balancer_find_server(module->balancer, info.name, i, &servers[i]),
             "a server's id");
    }
    unsigned asked_bad = 0;
    uint64_t before = world_allocations();
    for (unsigned i = 0; i < REQUESTS; i++) {
        request(module, WHOLE, &asked_bad);
    }
    for (unsigned i = 0; i < 10; i++) {
        request(module, ABORTED_BEFORE_GET, &asked_bad);
        request(module, ABORTED_BEFORE_FREE, &asked_bad);
    }
    check(world_allocations() == before, "a request allocates");
    /* One of three refuses. All three take turns, and the second try of a request is a turn too:
     * every other request begins with the bad one. */
    check(asked_bad + 1 >= REQUESTS / 2 && asked_bad <= REQUESTS / 2 + 1,
          "the bad one was asked %u times", asked_bad);
    uint64_t picks = 0, failures = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct svcroute_server_stats stats = {.size = sizeof(stats)};
        must(svcroute_balancer_get_server_stats(module->balancer, servers[i], &stats),
             "statistics");
        check(stats.in_flight == 0, "server %u has %u in flight", i, stats.in_flight);
        picks += stats.picks;
        failures += stats.failures;
    }
    check(picks == REQUESTS + asked_bad + 10, "%u picks", (unsigned)picks);
    check(failures == asked_bad, "%u failures: a client that goes away is none",
          (unsigned)failures);
}

/* ---- master and workers ---- */

/* What a process tells the master: checks, and the server that its first request went to. */
struct word {
    unsigned passed, failed, first;
};

static void process_main(struct module *module, unsigned number, int to)
{
    unsigned passed = check_passed(), failed = check_failed(), ignored = 0;
    int64_t shared = world_bytes();
    struct word word = {0};
    init_process(module, 1000 + number);
    world_server("http://10.0.0.1:80")->behaviour = ANSWERS;
    request(module, WHOLE, &ignored);
    for (unsigned i = 1; i <= 3; i++) {
        char url[] = "http://10.0.0.0:80";
        url[14] = (char)('0' + i);
        word.first = world_server(url)->requests ? i : word.first;
    }
    exit_process(module);
    check(world_bytes() == shared, "a process leaves %lld bytes",
          (long long)(world_bytes() - shared));

    world_server("http://10.0.0.1:80")->behaviour = REFUSES;
    init_process(module, 2000 + number);
    ask_for_routes(module);
    serve(module);
    /* Everything is given back while a request still holds its pick, in an order that is all wrong.
     */
    struct pool pool;
    struct svcroute_text address;
    struct context *context;
    pool_open(&pool);
    check(access_phase(module, &to_web, &pool, &context) == 0, "a last route");
    check(peer_get(peer_init(module, context, &pool), &address) == NGINX_OK, "a last request");
    exit_module(module);
    exit_process(module);
    check(world_find(address) != NULL, "its address is still there");
    pool_destroy(&pool);
    check(world_bytes() == 0, "%lld bytes are left", (long long)world_bytes());
    word.passed = check_passed() - passed;
    word.failed = check_failed() - failed;
    fflush(stdout);
    _exit(write(to, &word, sizeof(word)) == (ssize_t)sizeof(word) ? 0 : 1);
}

#define SPEC(match)                                                                                \
    "{\"routes\":[{\"match\":\"Host(`web.example`) && " match                                      \
    "\",\"kind\":\"Rule\",\"services\":[{\"name\":\"web\",\"port\":80}]}]}"

int main(void)
{
    static const struct {
        const char *name, *spec;
    } others[] = {{"api", SPEC("PathPrefix(`/api`) && Method(`GET`)")},
                  {"near", SPEC("ClientIP(`10.0.0.0/8`)")},
                  {"beta", SPEC("(Header(`X-Beta`, `1`) || Query(`beta`))")},
                  {"users", SPEC("PathRegexp(`^/users/[0-9]+$`)")}};
    static struct stream stream;
    static struct module module;
    int ends[2];
    unsigned starts[4] = {0};
    world_server("http://10.0.0.1:80");
    world_server("http://10.0.0.2:80");
    world_server("http://10.0.0.3:80");
    stream_service(&stream, "ADDED", "web");
    stream_slice(&stream, "ADDED", "web", "10.0.0.1 10.0.0.2 10.0.0.3");
    stream_route(&stream, "ADDED", "web", "web.example", "{\"name\":\"web\",\"port\":80}");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        stream_rules(&stream, "ADDED", others[i].name, others[i].spec);
    }
    init_module(&module, &stream);
    must(pipe(ends), "pipe");
    fflush(stdout);
    for (unsigned i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        must(child < 0, "fork");
        if (child == 0) {
            close(ends[0]);
            process_main(&module, i, ends[1]);
        }
    }
    close(ends[1]);
    struct word word;
    unsigned words = 0;
    while (read(ends[0], &word, sizeof(word)) == (ssize_t)sizeof(word)) {
        check_add(word.passed, word.failed);
        starts[word.first & 3]++;
        words++;
    }
    int status, clean_ends = 0;
    while (wait(&status) > 0) {
        clean_ends += status == 0;
    }
    check(words == PROCESSES && clean_ends == PROCESSES, "%u of %d processes had their say", words,
          PROCESSES);
    check(starts[0] == 0 && starts[1] < PROCESSES && starts[2] < PROCESSES && starts[3] < PROCESSES,
          "all processes start with the same server");
    /* The master's copy is untouched by what the processes did. */
    check(svcroute_table_num_routes(module.table) == 5, "the master's table");
    exit_module(&module);
    check(world_bytes() == 0, "%lld bytes are left", (long long)world_bytes());
    return check_close();
}
