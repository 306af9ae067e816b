/* Two pickers, one who finishes their requests, and a driver who updates, probes and listens, all
 * at once: for ThreadSanitizer. Beyond its reports this program fails if a pick finds nobody (every
 * table has servers for every service, and the last usable one of a service must never be ejected),
 * or if it finds a server that no table had.
 *
 * Arguments: seconds to run. The last line is "N passed, N failed". */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <svcroute/svcroute.h>

enum { WORKERS = 2, RING = 64, TABLES = 4 };

static atomic_bool over;
static _Atomic uint64_t checks, failures;

static bool check(bool good, const char *what)
{
    atomic_fetch_add(&checks, 1);
    if (!good && atomic_fetch_add(&failures, 1) < 20) {
        printf("FAIL %s\n", what);
    }
    return good;
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ---- documents ---- */

/* Variant `v` of the cluster: servers come and go, settings change, a service comes and goes. */
static size_t documents(char *out, size_t size, unsigned v)
{
    size_t used = (size_t)snprintf(
        out, size,
        "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: t}\n"
        "spec: {weighted: {services: [{name: a, port: 80, weight: %u, strategy: %s, "
        "passiveHealthCheck: {failureWindow: 1ms, maxFailedAttempts: 2}}, {name: b, port: "
        "80%s}]%s}}\n"
        "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: f}\n"
        "spec: {failover: {service: {kind: TraefikService, name: t}, fallback: {name: x, port: 80, "
        "healthCheck: {path: /, interval: 2s, timeout: 1s}}, errors: {status: ['503']}}}\n"
        "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: m}\n"
        "spec: {mirroring: {kind: TraefikService, name: f, mirrors: [{name: a, port: 80, percent: "
        "10}]}}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {type: ExternalName, "
        "externalName: far.example, ports: [{port: 80}]}\n",
        v + 1, v % 2 ? "p2c" : "wrr", v == 3 ? ", strategy: leasttime" : "",
        v > 1 ? ", sticky: {cookie: {name: s}}" : "");
    for (unsigned s = 0; s < 2; s++) {
        used += (size_t)snprintf(
            out + used, size - used,
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: %c}\n"
            "spec: {ports: [{port: 80, name: web}]}\n---\n"
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
            "metadata: {name: %c-1, labels: {kubernetes.io/service-name: %c}}\n"
            "ports: [{name: web, port: 80}]\nendpoints:\n",
            'a' + s, 'a' + s, 'a' + s);
        for (unsigned i = 0; i < 2 + (v + s) % 3; i++) {
            used += (size_t)snprintf(out + used, size - used, "- {addresses: [10.%u.0.%u]}\n",
                                     s + 1, (i + v / 2) % 5 + 1);
        }
    }
    return used;
}

static struct svcroute_table *make_table(struct svcroute_context *context,
                                         struct svcroute_store *store,
                                         struct svcroute_policy *policy, unsigned v)
{
    static char text[8192];
    struct svcroute_table *table = NULL;
    (void)context;
    size_t size = documents(text, sizeof(text), v);
    if (svcroute_store_load(store, text, size, NULL, NULL, NULL) != 0 ||
        svcroute_resolve(&table, store, policy, NULL, NULL) != 0) {
        abort();
    }
    return table;
}

/* ---- requests ---- */

struct ring { /* picks from one worker to the finisher, and back */
    _Atomic(struct svcroute_pick *) there[RING];
    struct svcroute_pick *picks[RING];
    struct svcroute_picker *picker;
    uint64_t seed;
};

static bool known(struct svcroute_text host)
{
    unsigned a = 0, b = 0;
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)host.size, host.data);
    return strcmp(text, "far.example") == 0 ||
           (sscanf(text, "10.%u.0.%u", &a, &b) == 2 && a >= 1 && a <= 2 && b >= 1 && b <= 5);
}

static uint32_t roll(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((*seed >> 33) % below);
}

static void request(struct ring *ring, unsigned place, const uint64_t *handles)
{
    struct svcroute_pick *pick = ring->picks[place];
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_request asked = {.size = sizeof(asked)};
    uint64_t now = now_ns();
    int error =
        svcroute_picker_pick(ring->picker, handles[roll(&ring->seed, 4)], &asked, pick, now);
    if (!check(error == 0, "a pick finds nobody")) {
        svcroute_pick_clear(pick);
        return;
    }
    check(svcroute_pick_get_info(pick, &info) == 0 && known(info.host), "an unknown server");
    if (roll(&ring->seed, 4) == 0) {
        struct svcroute_outcome outcome = {
            .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = 500};
        check(svcroute_pick_finish(pick, &outcome, now) == 0, "finish");
        error = svcroute_picker_pick_next(ring->picker, NULL, pick, now);
        check(error == 0 || error == SVCROUTE_ERR_ALL_TRIED || error == SVCROUTE_ERR_GONE ||
                  error == SVCROUTE_ERR_NO_SERVER,
              "pick_next");
    }
    atomic_store_explicit(&ring->there[place], pick, memory_order_release);
}

static void *work(void *user)
{
    struct ring *ring = user;
    static const char *const names[] = {"default-t", "default-f", "default-m", "default-a-80-2"};
    uint64_t handles[4];
    for (unsigned i = 0; i < 4; i++) {
        struct svcroute_text name = {names[i], strlen(names[i])};
        check(svcroute_picker_find_service(ring->picker, name, &handles[i]) == 0, names[i]);
    }
    for (unsigned place = 0; !atomic_load(&over); place = (place + 1) % RING) {
        if (svcroute_picker_stale(ring->picker)) {
            check(svcroute_picker_refresh(ring->picker, now_ns()) == 0, "refresh");
        }
        if (atomic_load_explicit(&ring->there[place], memory_order_acquire) == NULL) {
            request(ring, place, handles);
        }
    }
    return NULL;
}

static void *finish(void *user)
{
    struct ring *rings = user;
    uint64_t seed = 7;
    while (!atomic_load(&over)) {
        for (unsigned i = 0; i < WORKERS * RING; i++) {
            struct ring *ring = &rings[i / RING];
            struct svcroute_pick *pick =
                atomic_load_explicit(&ring->there[i % RING], memory_order_acquire);
            if (pick == NULL || roll(&seed, 3) == 0) {
                continue;
            }
            struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                               .kind = SVCROUTE_OUTCOME_STATUS,
                                               .status = roll(&seed, 8) == 0 ? 200 : 500};
            svcroute_pick_report(pick, &outcome, now_ns());
            if (roll(&seed, 2) == 0) {
                svcroute_pick_finish(pick, NULL, now_ns());
            }
            svcroute_pick_clear(pick);
            atomic_store_explicit(&ring->there[i % RING], NULL, memory_order_release);
        }
    }
    return NULL;
}

/* ---- the driver ---- */

static void drive(struct svcroute_balancer *balancer, struct svcroute_table **tables,
                  double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    uint64_t seed = 3;
    for (unsigned i = 0; now_ns() < end; i++) {
        struct svcroute_event event = {.size = sizeof(event)};
        check(svcroute_balancer_update(balancer, tables[roll(&seed, TABLES)], now_ns()) == 0,
              "update");
        for (unsigned j = 0; j < 50; j++) {
            if (svcroute_balancer_needs_advance(balancer) ||
                svcroute_balancer_next_deadline(balancer) <= now_ns()) {
                svcroute_balancer_advance(balancer, now_ns());
            }
            while (svcroute_balancer_next_event(balancer, &event) == 0) {
                check(event.kind != SVCROUTE_EVENT_SERVICE_DOWN || event.service.data[8] != 'a',
                      "the last server was ejected");
                if (event.kind == SVCROUTE_EVENT_PROBE) {
                    svcroute_balancer_report_probe(balancer, event.probe, SVCROUTE_PROBE_STATUS,
                                                   roll(&seed, 2) ? 200 : 500, now_ns());
                }
            }
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        }
    }
}

int main(int argc, char **argv)
{
    static struct ring rings[WORKERS];
    struct svcroute_context *context = NULL;
    struct svcroute_store *store = NULL;
    struct svcroute_policy *policy = NULL;
    struct svcroute_table *tables[TABLES];
    struct svcroute_balancer *balancer = NULL;
    pthread_t threads[WORKERS + 1];
    if (svcroute_context_new(&context, NULL, NULL, NULL) != 0 ||
        svcroute_store_new(&store, context) != 0 || svcroute_policy_new(&policy, context) != 0) {
        return 1;
    }
    svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true);
    for (unsigned i = 0; i < TABLES; i++) {
        tables[i] = make_table(context, store, policy, i);
    }
    check(svcroute_balancer_new(&balancer, tables[0], NULL, now_ns()) == 0, "new");
    for (unsigned i = 0; i < WORKERS; i++) {
        rings[i].seed = i;
        check(svcroute_picker_new(&rings[i].picker, balancer, now_ns()) == 0, "picker");
        for (unsigned j = 0; j < RING; j++) {
            check(svcroute_pick_new(&rings[i].picks[j], context) == 0, "pick");
        }
        pthread_create(&threads[i], NULL, work, &rings[i]);
    }
    pthread_create(&threads[WORKERS], NULL, finish, rings);
    drive(balancer, tables, argc > 1 ? atof(argv[1]) : 2);
    atomic_store(&over, true);
    for (unsigned i = 0; i < WORKERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    svcroute_balancer_free(balancer);
    for (unsigned i = 0; i < WORKERS; i++) {
        svcroute_picker_free(rings[i].picker);
        for (unsigned j = 0; j < RING; j++) {
            svcroute_pick_free(rings[i].picks[j]);
        }
    }
    for (unsigned i = 0; i < TABLES; i++) {
        svcroute_table_unref(tables[i]);
    }
    svcroute_policy_free(policy);
    svcroute_store_free(store);
    svcroute_context_unref(context);
    uint64_t failed = atomic_load(&failures);
    printf("%llu passed, %llu failed\n", (unsigned long long)(atomic_load(&checks) - failed),
           (unsigned long long)failed);
    return failed != 0;
}
