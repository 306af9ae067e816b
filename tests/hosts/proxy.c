/* The loops of the proxy: the driver's, and a worker's for each request. */
#include "proxy.h"

#include <sched.h>
#include <string.h>

/* ---- driver: tables ---- */

static void learn_routes(struct proxy *proxy)
{
    for (unsigned i = 0; i < proxy->num_hosts; i++) {
        char match[96] = "Host(`";
        strcat(strcat(match, proxy->hosts[i]), "`)");
        char name[64] = "";
        strncat(name, proxy->hosts[i], strcspn(proxy->hosts[i], "."));
        const struct svcroute_route *route = svcroute_table_find_route_of(
            proxy->table, text_of("shop"), text_of(name), text_of(match), 0);
        struct svcroute_route_info info = {.size = sizeof(info)};
        if (route && !proxy->known[i]) {
            must(svcroute_route_get_info(proxy->table, route, &info), "a route");
            text_copy(proxy->routes[i], sizeof(proxy->routes[i]), info.name);
            atomic_store(&proxy->known[i], true);
        }
    }
}

/* Makes the table of what the store says now, and lets the balancer have it. */
static void install(struct proxy *proxy)
{
    struct svcroute_table *table;
    must(svcroute_resolve(&table, proxy->store, proxy->policy, proxy->table, NULL), "resolve");
    svcroute_table_unref(proxy->table);
    proxy->table = table;
    proxy->version = svcroute_store_get_version(proxy->store);
    if (proxy->balancer) {
        must(svcroute_balancer_update(proxy->balancer, table, world_now()), "update");
    }
    learn_routes(proxy);
}

void proxy_read(struct proxy *proxy, const char *bytes, size_t size)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    must(svcroute_watch_feed(proxy->watch, bytes, size, &result, NULL), "watch");
    ensure(result.rejected == 0, "an event was rejected");
    if (svcroute_store_get_version(proxy->store) != proxy->version) {
        install(proxy);
    }
}

void proxy_feed(struct proxy *proxy, struct stream *stream, size_t most)
{
    for (size_t offset = 0, size; offset < stream->size; offset += size) {
        size = 1 + (offset * 7 + stream->version) % most;
        size = size < stream->size - offset ? size : stream->size - offset;
        proxy_read(proxy, stream->text + offset, size);
    }
    stream->size = 0;
}

/* ---- driver: events ---- */

static void answer_probe(struct proxy *proxy, const struct svcroute_event *probe)
{
    char url[96];
    text_copy(url, sizeof(url), probe->scheme);
    strcat(url, "://");
    text_copy(url + strlen(url), sizeof(url) - strlen(url), probe->authority);
    struct world_server *server = world_find(text_of(url));
    if (!ensure(server != NULL, "a probe of %s", url)) {
        return;
    }
    atomic_fetch_add(&server->probes, 1);
    if (!proxy->mute) {
        uint32_t outcome = server->behaviour == ANSWERS ? SVCROUTE_PROBE_STATUS
                           : server->behaviour == HANGS ? SVCROUTE_PROBE_TIMEOUT
                                                        : SVCROUTE_PROBE_FAILED;
        must(svcroute_balancer_report_probe(proxy->balancer, probe->probe, outcome, server->status,
                                            world_now()),
             "the report of a probe");
    }
}

static void take_event(struct proxy *proxy, const struct svcroute_event *event)
{
    if (proxy->num_seen < MAX_SEEN) {
        struct seen *seen = &proxy->seen[proxy->num_seen++];
        *seen = (struct seen){.kind = event->kind,
                              .reason = event->reason,
                              .server = event->server,
                              .probe = event->probe};
        text_copy(seen->url, sizeof(seen->url), event->url);
        text_copy(seen->service, sizeof(seen->service), event->service);
    }
    if (event->kind == SVCROUTE_EVENT_PROBE) {
        answer_probe(proxy, event);
    }
}

void proxy_turn(struct proxy *proxy)
{
    struct svcroute_event event = {.size = sizeof(event)};
    svcroute_balancer_advance(proxy->balancer, world_now());
    while (svcroute_balancer_next_event(proxy->balancer, &event) == 0) {
        take_event(proxy, &event);
    }
}

void proxy_turn_for(struct proxy *proxy, uint64_t duration)
{
    for (uint64_t step = 50 * MILLISECOND; duration >= step; duration -= step) {
        world_wait(step);
        proxy_turn(proxy);
    }
}

const struct seen *proxy_saw(const struct proxy *proxy, uint32_t kind, const char *what)
{
    for (unsigned i = proxy->num_seen; i-- > 0;) {
        const struct seen *seen = &proxy->seen[i];
        if (seen->kind == kind && (strstr(seen->url, what) || strstr(seen->service, what))) {
            return seen;
        }
    }
    return NULL;
}

void proxy_forget(struct proxy *proxy)
{
    proxy->num_seen = 0;
}

/* ---- driver: workers ---- */

static void *worker_main(void *user)
{
    struct worker *worker = user;
    struct proxy *proxy = worker->proxy;
    pthread_mutex_lock(&proxy->lock);
    for (;;) {
        proxy->resting++;
        pthread_cond_broadcast(&proxy->changed);
        while (worker->round == proxy->round && !proxy->over) {
            pthread_cond_wait(&proxy->changed, &proxy->lock);
        }
        if (proxy->over) {
            break;
        }
        worker->round = proxy->round;
        pthread_mutex_unlock(&proxy->lock);
        proxy->job(worker);
        pthread_mutex_lock(&proxy->lock);
    }
    pthread_mutex_unlock(&proxy->lock);
    return NULL;
}

void proxy_start(struct proxy *proxy, void (*job)(struct worker *worker))
{
    pthread_mutex_lock(&proxy->lock);
    while (proxy->resting < WORKERS) {
        pthread_cond_wait(&proxy->changed, &proxy->lock);
    }
    proxy->resting = 0;
    proxy->job = job;
    proxy->round++;
    pthread_cond_broadcast(&proxy->changed);
    pthread_mutex_unlock(&proxy->lock);
}

bool proxy_busy(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    bool busy = proxy->resting < WORKERS;
    pthread_mutex_unlock(&proxy->lock);
    return busy;
}

void proxy_wait(struct proxy *proxy)
{
    while (proxy_busy(proxy)) {
        if (svcroute_balancer_needs_advance(proxy->balancer)) {
            proxy_turn(proxy);
        }
        sched_yield();
    }
    proxy_turn(proxy);
}

void proxy_run(struct proxy *proxy, void (*job)(struct worker *worker))
{
    proxy_start(proxy, job);
    proxy_wait(proxy);
}

/* ---- driver: life ---- */

void proxy_open(struct proxy *proxy, const char *const *hosts, unsigned num_hosts)
{
    struct svcroute_balancer_options options;
    *proxy = (struct proxy){.hosts = hosts, .num_hosts = num_hosts};
    must(svcroute_context_new(&proxy->context, NULL, &world_allocator, NULL), "context");
    must(svcroute_store_new(&proxy->store, proxy->context), "store");
    must(svcroute_watch_new(&proxy->watch, proxy->store, NULL), "watch");
    must(svcroute_policy_new(&proxy->policy, proxy->context), "policy");
    must(svcroute_policy_set_switch(proxy->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true),
         "policy");
    install(proxy);
    svcroute_balancer_options_init(&options, sizeof(options));
    options.seed = 42;
    must(svcroute_balancer_new(&proxy->balancer, proxy->table, &options, world_now()), "balancer");
    pthread_mutex_init(&proxy->lock, NULL);
    pthread_cond_init(&proxy->changed, NULL);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker *worker = &proxy->workers[i];
        worker->proxy = proxy;
        worker->index = i;
        must(svcroute_picker_new(&worker->picker, proxy->balancer, world_now()), "picker");
        must(svcroute_pick_new(&worker->pick, proxy->context), "pick");
        must(svcroute_pick_new(&worker->copy, proxy->context), "pick");
        must(pthread_create(&worker->thread, NULL, worker_main, worker), "thread");
    }
}

void proxy_close(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->over = true;
    pthread_cond_broadcast(&proxy->changed);
    pthread_mutex_unlock(&proxy->lock);
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(proxy->workers[i].thread, NULL);
    }
    svcroute_context_unref(proxy->context);
    svcroute_store_free(proxy->store);
    svcroute_watch_free(proxy->watch);
    svcroute_policy_free(proxy->policy);
    svcroute_table_unref(proxy->table);
    svcroute_balancer_free(proxy->balancer);
    for (unsigned i = 0; i < WORKERS; i++) {
        svcroute_picker_free(proxy->workers[i].picker);
        svcroute_pick_free(proxy->workers[i].pick);
        svcroute_pick_free(proxy->workers[i].copy);
    }
    pthread_cond_destroy(&proxy->changed);
    pthread_mutex_destroy(&proxy->lock);
}

/* ---- workers ---- */

/* A request as the library wants to know it. The texts are the caller's. */
static struct svcroute_request known_of(const struct request *request,
                                        const struct svcroute_text *cookie)
{
    struct svcroute_request known = {.size = sizeof(known), .client = text_of("192.0.2.7")};
    if (request->body != BODY_UNKNOWN) {
        known.flags |= SVCROUTE_REQUEST_BODY_KNOWN;
        known.body_size = request->body;
    }
    if (cookie->data) {
        known.cookies = cookie;
        known.num_cookies = 1;
    }
    if (request->excluded) {
        known.excluded = &request->excluded;
        known.num_excluded = 1;
    }
    return known;
}

static struct svcroute_text cookie_of(const struct request *request)
{
    return request->cookie ? text_of(request->cookie) : (struct svcroute_text){NULL, 0};
}

static int find(struct worker *worker, unsigned host)
{
    if (!atomic_load(&worker->proxy->known[host])) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    return svcroute_picker_find_route(worker->picker, text_of(worker->proxy->routes[host]),
                                      &worker->handles[host]);
}

int worker_pick(struct worker *worker, const struct request *request, struct svcroute_pick *pick)
{
    struct svcroute_text cookie = cookie_of(request);
    struct svcroute_request known = known_of(request, &cookie);
    if (svcroute_picker_stale(worker->picker)) {
        must(svcroute_picker_refresh(worker->picker, world_now()), "refresh");
    }
    /* A handle is kept until it says that its route is gone; there may be a new one under the old
     * name. */
    uint64_t *handle = &worker->handles[request->host];
    int code = *handle ? svcroute_picker_pick(worker->picker, *handle, &known, pick, world_now())
                       : SVCROUTE_ERR_GONE;
    if (code == SVCROUTE_ERR_GONE) {
        *handle = 0;
        code = find(worker, request->host);
        if (code == 0) {
            code = svcroute_picker_pick(worker->picker, *handle, &known, pick, world_now());
        }
    }
    return code;
}

static unsigned status_of(int code)
{
    switch (code) {
    case SVCROUTE_ERR_NOT_FOUND:
    case SVCROUTE_ERR_GONE:
        return 404;
    case SVCROUTE_ERR_BODY_TOO_LARGE:
        return 413;
    case SVCROUTE_ERR_NO_SERVER:
        return 503;
    case SVCROUTE_ERR_ALL_TRIED:
        return 502;
    default:
        check(false, "a pick ends with %s", svcroute_error_name(code));
        return 500;
    }
}

/* Copies of a request go out when its answer is through; nobody waits for theirs. */
static void send_copies(struct worker *worker, const struct request *request, uint32_t num,
                        struct answer *answer)
{
    struct svcroute_text cookie = cookie_of(request);
    struct svcroute_request known = known_of(request, &cookie);
    for (uint32_t i = 0; i < num; i++) {
        struct svcroute_mirror_info mirror = {.size = sizeof(mirror)};
        must(svcroute_pick_get_mirror(worker->pick, i, &mirror), "a mirror");
        if (mirror.max_body >= 0 && request->body > (uint64_t)mirror.max_body) {
            continue;
        }
        if (svcroute_picker_pick_mirror(worker->picker, worker->pick, i, &known, worker->copy,
                                        world_now()) != 0) {
            continue;
        }
        struct svcroute_pick_info info = {.size = sizeof(info)};
        must(svcroute_pick_get_info(worker->copy, &info), "the pick of a mirror");
        struct svcroute_outcome outcome = world_send(info.url);
        must(svcroute_pick_finish(worker->copy, &outcome, world_now()), "the end of a copy");
        svcroute_pick_clear(worker->copy);
        answer->copies++;
    }
}

static void tell(struct worker *worker, const struct svcroute_pick_info *info,
                 struct answer *answer)
{
    size_t size = sizeof(answer->cookie) - 1;
    answer->why = info->why;
    answer->server = info->server;
    answer->keep_body = info->keeps_body ? info->keep_body : 0;
    answer->num_cookies = info->num_cookies;
    text_copy(answer->url, sizeof(answer->url), info->url);
    answer->cookie[0] = '\0';
    if (info->num_cookies) {
        must(svcroute_pick_copy_cookie(worker->pick, 0, answer->cookie, &size), "a cookie");
        answer->cookie[size] = '\0';
    }
}

/* Sends the request to the server of the pick. True: the answer goes to the client. */
static bool try_server(struct worker *worker, const struct svcroute_pick_info *info,
                       struct answer *answer)
{
    struct svcroute_outcome outcome = world_send(info->url);
    answer->tries++;
    if (outcome.kind != SVCROUTE_OUTCOME_STATUS) {
        must(svcroute_pick_finish(worker->pick, &outcome, world_now()), "the end of a failed try");
        answer->status = 502;
        return false;
    }
    answer->status = outcome.status;
    bool elsewhere = svcroute_pick_wants_fallback(worker->pick, outcome.status);
    must(svcroute_pick_report(worker->pick, &outcome, world_now()), "the head of the answer");
    must(svcroute_pick_finish(worker->pick, NULL, world_now()), "the end of the answer");
    return !elsewhere;
}

struct answer worker_serve(struct worker *worker, const struct request *request)
{
    struct answer answer = {0};
    struct svcroute_text cookie = cookie_of(request);
    struct svcroute_request known = known_of(request, &cookie);
    uint64_t tried[TRIES];
    uint32_t num_mirrors = 0;
    int code = worker_pick(worker, request, worker->pick);
    if (code) {
        answer.status = status_of(code);
        return answer;
    }
    do {
        struct svcroute_pick_info info = {.size = sizeof(info)};
        must(svcroute_pick_get_info(worker->pick, &info), "a pick");
        if (answer.tries == 0) {
            num_mirrors = info.num_mirrors;
        }
        for (unsigned i = 0; i < answer.tries; i++) {
            ensure(tried[i] != info.server, "%s is tried again", answer.url);
        }
        tried[answer.tries] = info.server;
        tell(worker, &info, &answer);
        if (try_server(worker, &info, &answer) || answer.tries == TRIES) {
            break;
        }
        code = svcroute_picker_pick_next(worker->picker, &known, worker->pick, world_now());
    } while (code == 0);
    send_copies(worker, request, num_mirrors, &answer);
    svcroute_pick_clear(worker->pick);
    return answer;
}
