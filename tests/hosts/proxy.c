/* The driver of the proxy: documents in, tables out, events, and the lives of its workers. */
#include "proxy.h"

#include <sched.h>
#include <string.h>

/* ---- driver: tables ---- */

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

void proxy_open(struct proxy *proxy)
{
    struct svcroute_balancer_options options;
    *proxy = (struct proxy){.round = 0};
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
