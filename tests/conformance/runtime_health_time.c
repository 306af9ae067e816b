/* health.json through a balancer, its driver and its host: probes over time, and failures of
 * requests. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime_health.h"
#include "runtime_world.h"

#define MILLISECOND INT64_C(1000000)

enum { EVENTS_MAX = 256 };

static uint64_t moment(const struct svcroute_node *map, const char *key)
{
    return (uint64_t)(runtime_integer(map, key, 0) * MILLISECOND);
}

/* One server under a check, in flow style. */
static const char *open_with(struct world *world, const char *check)
{
    world_say_external(world, SVCR_TEXT("h"), SVCR_TEXT("h.example"));
    world_say_tree(world, SVCR_TEXT("t"));
    world_say(world, "{weighted: {services: [{name: h, port: 80, %s}]}}\n", check);
    return world_open(world);
}

static bool is_up(const struct world *world)
{
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    uint64_t server = 0;

    if (svcroute_balancer_find_server(world->balancer, SVCR_TEXT("default-h-80"), 0, &server) !=
            0 ||
        svcroute_balancer_get_server_stats(world->balancer, server, &stats) != 0) {
        abort();
    }
    return stats.up != 0;
}

/* ---- probes ---- */

/* A probe on its way, as the server will have it answered. */
struct probe {
    uint64_t id; /* 0: none */
    uint64_t at;
    uint32_t outcome, status;
};

/* The server changes its ways: what it does with a probe that starts now. */
static void begin(struct probe *probe, const struct svcroute_node *case_,
                  const struct svcroute_event *event, uint64_t now)
{
    const struct svcroute_node *list = runtime_find(case_, "server"), *item, *last = NULL;
    uint64_t latency = moment(case_, "latency_ms");

    for (item = svcroute_node_first(list); item; item = svcroute_node_next(list, item)) {
        last = moment(item, "from_ms") <= now ? item : last;
    }
    *probe = (struct probe){event->probe, now + latency, SVCROUTE_PROBE_STATUS, 200};
    if (last != NULL) {
        probe->status = (uint32_t)runtime_integer(last, "status", 0);
        probe->outcome = runtime_is(last, "answer", "status") ? SVCROUTE_PROBE_STATUS
                         : runtime_is(last, "answer", "hang") ? SVCROUTE_PROBE_TIMEOUT
                                                              : SVCROUTE_PROBE_FAILED;
        probe->at = probe->outcome == SVCROUTE_PROBE_TIMEOUT ? now + event->timeout : probe->at;
    }
}

static bool takes(const struct svcroute_node *list, const struct svcroute_node **item,
                  uint64_t found)
{
    int64_t value;

    *item = *item ? svcroute_node_next(list, *item) : svcroute_node_first(list);
    return *item && svcroute_node_get_integer(*item, &value) == 0 &&
           (uint64_t)(value * MILLISECOND) == found;
}

static bool takes_result(const struct svcroute_node *list, const struct svcroute_node **item,
                         uint64_t now, bool up)
{
    *item = *item ? svcroute_node_next(list, *item) : svcroute_node_first(list);
    return *item && moment(*item, "ms") == now && runtime_flag(*item, "up") == up;
}

static const char *run(struct world *world, const struct svcroute_node *case_)
{
    const struct svcroute_node *probes = runtime_find(case_, "probes_ms"), *started = NULL;
    const struct svcroute_node *results = runtime_find(case_, "results"), *result = NULL;
    uint64_t until = moment(case_, "until_ms"), now = 0;
    size_t num_probes = 0, num_results = 0;
    struct probe probe = {.at = UINT64_MAX};

    for (;;) {
        struct svcroute_event event = {.size = sizeof(event)};
        uint64_t due = svcroute_balancer_next_deadline(world->balancer);

        now = probe.id != 0 && probe.at < due ? probe.at : due;
        if (now > until) {
            break;
        }
        if (probe.id != 0 && probe.at == now) {
            if (svcroute_balancer_report_probe(world->balancer, probe.id, probe.outcome,
                                               probe.status, now) != 0 ||
                !takes_result(results, &result, now, is_up(world))) {
                return "a result";
            }
            probe.id = 0;
            num_results++;
        }
        svcroute_balancer_advance(world->balancer, now);
        while (svcroute_balancer_next_event(world->balancer, &event) == 0) {
            if (event.kind == SVCROUTE_EVENT_PROBE) {
                begin(&probe, case_, &event, now);
                num_probes++;
                if (!takes(probes, &started, now)) {
                    return "a probe";
                }
            }
        }
    }
    return num_probes == svcroute_node_num(probes) && num_results == svcroute_node_num(results)
               ? NULL
               : "too few";
}

void runtime_health_timing(struct runner *runner, struct svcroute_context *context,
                           const struct svcroute_node *case_, const char *name)
{
    long long interval = runtime_integer(case_, "interval_ms", 0);
    struct world world;
    const char *wrong;
    char check[256];

    snprintf(check, sizeof(check),
             "healthCheck: {path: /, interval: %lldms, unhealthyInterval: %lldms, timeout: %lldms}",
             interval, (long long)runtime_integer(case_, "unhealthy_ms", interval),
             (long long)runtime_integer(case_, "timeout_ms", 0));
    world_init(&world, context);
    wrong = open_with(&world, check);
    wrong = wrong != NULL ? wrong : run(&world, case_);
    if (wrong != NULL) {
        runner_fail(runner, name, "%s", wrong);
    } else {
        runner_pass(runner);
    }
    world_close(&world);
}

/* ---- requests ---- */

/* How a request ends: what the vectors call silent reached the server and got no status. */
static struct svcroute_outcome outcome_of(const struct svcroute_node *event)
{
    return (struct svcroute_outcome){
        .size = sizeof(struct svcroute_outcome),
        .kind = runtime_is(event, "event", "not_reached") ? SVCROUTE_OUTCOME_CONNECT
                                                          : SVCROUTE_OUTCOME_STATUS,
        .status = (uint32_t)runtime_integer(event, "status", 0),
    };
}

/* All requests are on their way from the start, so that they may end while the server is out. */
static const char *end_requests(struct world *world, const struct svcroute_node *events,
                                struct svcroute_pick **picks)
{
    const struct svcroute_node *event;
    size_t i = 0;

    for (event = svcroute_node_first(events); event; event = svcroute_node_next(events, event)) {
        struct svcroute_outcome outcome = outcome_of(event);
        uint64_t now = moment(event, "ms");

        svcroute_balancer_advance(world->balancer, now);
        if (!runtime_is(event, "event", "look") &&
            svcroute_pick_finish(picks[i], &outcome, now) != 0) {
            return "a request does not end";
        }
        i++;
        svcroute_balancer_advance(world->balancer, now);
        if (is_up(world) != runtime_flag(event, "up")) {
            return "up or down, in a balancer";
        }
    }
    return NULL;
}

const char *runtime_health_ejects(struct svcroute_context *context,
                                  const struct svcroute_node *case_)
{
    const struct svcroute_node *events = runtime_find(case_, "events");
    struct svcroute_pick *picks[EVENTS_MAX] = {NULL};
    size_t num = svcroute_node_num(events);
    const char *wrong;
    struct world world;
    char check[128];

    if (runtime_flag(case_, "active_check")) {
        return NULL;
    }
    snprintf(check, sizeof(check),
             "passiveHealthCheck: {failureWindow: %lldms, "
             "maxFailedAttempts: %lld}",
             (long long)runtime_integer(case_, "window_ms", 0),
             (long long)runtime_integer(case_, "max_failed", 1));
    world_init(&world, context);
    wrong = num > EVENTS_MAX ? "too many events" : open_with(&world, check);
    for (size_t i = 0; wrong == NULL && i < num; i++) {
        if (svcroute_pick_new(&picks[i], context) != 0 ||
            svcroute_picker_pick(world.picker, world_handle(&world, "default-h-80"), NULL, picks[i],
                                 0) != 0) {
            wrong = "a request does not begin";
        }
    }
    wrong = wrong != NULL ? wrong : end_requests(&world, events, picks);
    for (size_t i = 0; i < num && i < EVENTS_MAX; i++) {
        svcroute_pick_free(picks[i]);
    }
    world_close(&world);
    return wrong;
}
