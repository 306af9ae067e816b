/* The library as an nginx module uses it: the master reads the documents and resolves them, each
 * worker process makes a balancer and a picker of its own after the fork, and each request goes
 * through nginx's order of calls: peer init, get, free, get again, the log phase, which reads the
 * address when all is over, and the end of the request's pool, which may come without any of these.
 * The pick lies in the pool, whose memory is aligned as a pointer is. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- the module: configuration and process ---- */

struct module {
    struct svcroute_context *context;
    struct svcroute_table *table; /* made by the master */
    char route[96];
    struct svcroute_balancer *balancer; /* of this process */
    struct svcroute_picker *picker;
    uint64_t handle;
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
    const struct svcroute_route *route = svcroute_table_find_route_of(
        module->table, text_of("shop"), text_of("web"), text_of("Host(`web.example`)"), 0);
    struct svcroute_route_info info = {.size = sizeof(info)};
    must(svcroute_route_get_info(module->table, route, &info), "the route");
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
    must(svcroute_picker_find_route(module->picker, text_of(module->route), &module->handle),
         "route");
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
    struct svcroute_pick *pick;
    struct svcroute_request known;
    unsigned tries;
    const char *name; /* what nginx shows as $upstream_addr: the texts of the pick */
    size_t name_size;
};

static void clean(void *data)
{
    svcroute_pick_clear(data);
}

/* peer.init: memory from the pool, and a cleanup that holds whatever happens. */
static struct peer *peer_init(struct module *module, struct pool *pool)
{
    struct peer *peer = pool_take(pool, sizeof(*peer));
    *peer = (struct peer){.module = module,
                          .known = {.size = sizeof(peer->known), .client = text_of("192.0.2.1")}};
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
    int code = peer->tries == 0 ? svcroute_picker_pick(module->picker, module->handle, &peer->known,
                                                       peer->pick, world_now())
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

static void request(struct module *module, enum ending ending, unsigned *asked_bad)
{
    struct pool pool;
    struct svcroute_text address;
    pool_open(&pool);
    struct peer *peer = peer_init(module, &pool);
    unsigned status = 502;
    while (ending != ABORTED_BEFORE_GET && peer->tries < 3 &&
           peer_get(peer, &address) == NGINX_OK) {
        struct svcroute_outcome outcome = world_send(address);
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
    }
    pool_destroy(&pool);
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
    serve(module);
    /* Everything is given back while a request still holds its pick, in an order that is all wrong.
     */
    struct pool pool;
    struct svcroute_text address;
    pool_open(&pool);
    check(peer_get(peer_init(module, &pool), &address) == NGINX_OK, "a last request");
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

int main(void)
{
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
    check(svcroute_table_num_routes(module.table) == 1, "the master's table");
    exit_module(&module);
    check(world_bytes() == 0, "%lld bytes are left", (long long)world_bytes());
    return check_close();
}
