/* health.json: probes and their answers, and what failures of real requests do. What takes time is
 * asked of a whole balancer, in runtime_health_time.c. */
#include "runtime.h"
#include "runtime_health.h"

#include <stdlib.h>

#include <svcroute/error.h>
#include <svcroute/store.h>
#include <svcroute/table.h>

#include "balance/passive.h"
#include "balance/probe.h"

#define MILLISECOND INT64_C(1000000)

enum { HEADERS_MAX = 16, HOPS_MAX = 9 };

static uint64_t moment(const struct svcroute_node *map, const char *key)
{
    return (uint64_t)(runtime_integer(map, key, 0) * MILLISECOND);
}

static struct svcr_probe_plan *make_plan(struct svcroute_context *context,
                                         const struct svcr_probe_settings *settings)
{
    struct svcr_probe_plan *plan = NULL;

    if (svcr_probe_plan_new(&plan, context, settings) != SVCROUTE_OK) {
        abort();
    }
    return plan;
}

/* ---- probes ---- */

/* Splits "Name: value". */
static uint32_t read_headers(const struct svcroute_node *list, struct svcr_probe_header *headers)
{
    const struct svcroute_node *item;
    uint32_t num = 0;

    for (item = svcroute_node_first(list); item && num < HEADERS_MAX;
         item = svcroute_node_next(list, item)) {
        svcr_text line = svcroute_node_get_text(item);
        const char *colon = memchr(line.data, ':', line.size);
        size_t size = (size_t)(colon - line.data);

        headers[num++] =
            (struct svcr_probe_header){{line.data, size}, {colon + 2, line.size - size - 2}};
    }
    return num;
}

static bool has_header(const struct svcroute_node *list, svcr_text name, svcr_text value)
{
    const struct svcroute_node *item;

    for (item = svcroute_node_first(list); item; item = svcroute_node_next(list, item)) {
        svcr_text line = svcroute_node_get_text(item);

        if (line.size == name.size + 2 + value.size &&
            memcmp(line.data, name.data, name.size) == 0 &&
            memcmp(line.data + name.size, ": ", 2) == 0 &&
            memcmp(line.data + name.size + 2, value.data, value.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Each header is among those sent, and no other is but the length that a client adds itself. */
static bool same_headers(const struct svcroute_node *list, const struct svcr_probe_plan *plan)
{
    bool length = svcr_text_same(plan->method, SVCR_TEXT("POST")) ||
                  svcr_text_same(plan->method, SVCR_TEXT("PUT")) ||
                  svcr_text_same(plan->method, SVCR_TEXT("PATCH"));

    for (uint32_t i = 0; i < plan->num_headers; i++) {
        if (!has_header(list, plan->headers[i].name, plan->headers[i].value)) {
            return false;
        }
    }
    return svcroute_node_num(list) == plan->num_headers + length &&
           (!length || has_header(list, SVCR_TEXT("Content-Length"), SVCR_TEXT("0")));
}

static const char *check_probe(const struct svcroute_node *case_,
                               const struct svcr_probe_plan *plan, const struct svcr_probe *probe,
                               struct svcr_buffer *line)
{
    svcr_buffer_add_text(line, plan->method);
    svcr_buffer_add_char(line, ' ');
    svcr_buffer_add_text(line, plan->target);
    svcr_buffer_add_string(line, " HTTP/1.1");
    return !svcr_text_same(probe->url, runtime_text(case_, "url"))                ? "url"
           : !svcr_text_same(probe->connect, runtime_text(case_, "connect"))      ? "connect"
           : !svcr_text_same(probe->host, runtime_text(case_, "host_header"))     ? "host"
           : !svcr_text_same(plan->method, runtime_text(case_, "request_method")) ? "method"
           : !svcr_text_same(svcr_buffer_text(line), runtime_text(case_, "request_line"))
               ? "request line"
           : !same_headers(runtime_find(case_, "sent_headers"), plan) ? "headers"
                                                                      : NULL;
}

static void judge_probe(struct runner *runner, struct svcroute_context *context,
                        const struct svcroute_node *case_, const char *name)
{
    struct svcr_probe_header headers[HEADERS_MAX];
    struct svcr_probe_settings settings = {
        .scheme = runtime_text(case_, "scheme"),
        .path = runtime_text(case_, "path"),
        .method = runtime_text(case_, "method"),
        .hostname = runtime_text(case_, "hostname"),
        .port = runtime_integer(case_, "port", 0),
        .headers = headers,
        .num_headers = read_headers(runtime_find(case_, "headers"), headers),
    };
    struct svcr_probe_plan *plan = make_plan(context, &settings);
    struct svcr_buffer buffer, line;
    struct svcr_probe probe;
    const char *wrong = NULL;
    int status;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_init(&line, context);
    status = svcr_probe_compose(&probe, &buffer, plan, runtime_text(case_, "server"));
    if (runtime_flag(case_, "error")) {
        wrong = status == SVCROUTE_ERR_REJECTED ? NULL : "not refused";
    } else {
        wrong = status != SVCROUTE_OK ? "refused" : check_probe(case_, plan, &probe, &line);
    }
    if (wrong) {
        runner_fail(runner, name, "%s: %.*s", wrong, SVCR_ARG(probe.url));
    } else {
        runner_pass(runner);
    }
    svcr_buffer_free(&line);
    svcr_buffer_free(&buffer);
    svcr_probe_plan_free(plan, context);
}

static void judge_grpc_address(struct runner *runner, struct svcroute_context *context,
                               const struct svcroute_node *case_, const char *name)
{
    struct svcr_probe_settings settings = {.mode = SVCR_TEXT("grpc"),
                                           .port = runtime_integer(case_, "port", 0)};
    struct svcr_probe_plan *plan = make_plan(context, &settings);
    struct svcr_buffer buffer;
    struct svcr_probe probe;

    svcr_buffer_init(&buffer, context);
    if (svcr_probe_compose(&probe, &buffer, plan, runtime_text(case_, "server")) != SVCROUTE_OK ||
        !svcr_text_same(probe.connect, runtime_text(case_, "address"))) {
        runner_fail(runner, name, "address %.*s", SVCR_ARG(probe.connect));
    } else {
        runner_pass(runner);
    }
    svcr_buffer_free(&buffer);
    svcr_probe_plan_free(plan, context);
}

/* ---- answers ---- */

/* The one Location that is no URL has a bracket that never closes. */
static bool is_url(svcr_text text)
{
    return !memchr(text.data, '[', text.size) || memchr(text.data, ']', text.size);
}

/* Plays the host, whose part it is to follow redirects (struct svcroute_event): those with a
 * Location, nine at most; `requests` counts what it sends. Gives the last status; 0: none. */
static int64_t follow(const struct svcroute_node *case_, const struct svcr_probe_plan *plan,
                      int64_t *requests)
{
    const struct svcroute_node *list = runtime_find(case_, "redirects");
    const struct svcroute_node *item = svcroute_node_first(list);

    for (uint32_t hops = 0;; hops++, item = svcroute_node_next(list, item)) {
        int64_t status = runtime_integer(case_, item ? "redirect_code" : "final_status", 0);
        bool redirects = (status >= 301 && status <= 303) || status == 307 || status == 308;

        ++*requests;
        if (!plan->follow_redirects || !redirects || !item) {
            return status;
        }
        if (hops == HOPS_MAX || !is_url(svcroute_node_get_text(item))) {
            return 0;
        }
    }
}

static void judge_answer(struct runner *runner, struct svcroute_context *context,
                         const struct svcroute_node *case_, const char *name)
{
    struct svcr_probe_settings settings = {
        .status = runtime_integer(case_, "expected_status", 0),
        .follow_redirects = runtime_flag(case_, "follow_redirects"),
    };
    struct svcr_probe_plan *plan = make_plan(context, &settings);
    int64_t requests = 0;
    int64_t status = follow(case_, plan, &requests);
    bool up = status != 0 && svcr_probe_judge(plan, status);

    if (up == runtime_flag(case_, "up") && requests == runtime_integer(case_, "requests", 0)) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "up %d after %d requests", up, (int)requests);
    }
    svcr_probe_plan_free(plan, context);
}

/* An answer is the name of a serving status, or how the call failed: then nothing is judged. */
static void judge_grpc(struct runner *runner, struct svcroute_context *context,
                       const struct svcroute_node *case_, const char *name)
{
    static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    struct svcr_probe_settings settings = {.mode = SVCR_TEXT("grpc"),
                                           .scheme = runtime_text(case_, "scheme")};
    struct svcr_probe_plan *plan = make_plan(context, &settings);
    bool up = false;

    for (int i = 0; i < 4; i++) {
        if (runtime_is(case_, "answer", names[i])) {
            up = !plan->broken && svcr_probe_judge(plan, i);
        }
    }
    if (up == runtime_flag(case_, "up")) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "up %d", up);
    }
    svcr_probe_plan_free(plan, context);
}

/* ---- settings ---- */

static void judge_intervals(struct runner *runner, struct svcroute_context *context,
                            const struct svcroute_node *case_, const char *name)
{
    int64_t interval = runtime_integer(case_, "interval_ms", 0);
    struct svcr_probe_settings settings = {
        .interval = interval * MILLISECOND,
        .unhealthy_interval = runtime_integer(case_, "unhealthy_ms", interval) * MILLISECOND,
        .timeout = runtime_integer(case_, "timeout_ms", 0) * MILLISECOND,
    };
    struct svcr_probe_plan *plan = make_plan(context, &settings);

    if (plan->interval == moment(case_, "used_interval_ms") &&
        plan->unhealthy_interval == moment(case_, "used_unhealthy_ms") &&
        plan->timeout == moment(case_, "used_timeout_ms")) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "used %llu, %llu, %llu ns", (unsigned long long)plan->interval,
                    (unsigned long long)plan->unhealthy_interval,
                    (unsigned long long)plan->timeout);
    }
    svcr_probe_plan_free(plan, context);
}

static const char bare_check[] =
    "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r, namespace: shop}\n"
    "spec:\n  routes:\n  - {match: 'Host(`h`)', kind: Rule, services: [{name: s, port: 80, "
    "healthCheck: {}}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\n"
    "spec: {type: ExternalName, externalName: h.example.com, ports: [{port: 80}]}\n";

static struct svcroute_table *resolve_bare_check(struct svcroute_context *context)
{
    struct svcroute_table *table = NULL;
    struct svcroute_store *store = NULL;
    struct svcroute_policy *policy = NULL;

    if (svcroute_store_new(&store, context) == SVCROUTE_OK &&
        svcroute_policy_new(&policy, context) == SVCROUTE_OK &&
        svcroute_policy_set_profile(policy, SVCROUTE_PROFILE_TRAEFIK_V3) == SVCROUTE_OK &&
        svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true) ==
            SVCROUTE_OK &&
        svcroute_store_load(store, bare_check, sizeof(bare_check) - 1, NULL, NULL, NULL) ==
            SVCROUTE_OK) {
        (void)svcroute_resolve(&table, store, policy, NULL, NULL);
    }
    svcroute_policy_free(policy);
    svcroute_store_free(store);
    return table;
}

/* What a healthCheck that says nothing comes to in a table, and what a plan makes of that. */
static void judge_defaults(struct runner *runner, struct svcroute_context *context,
                           const struct svcroute_node *case_, const char *name)
{
    struct svcroute_table *table = resolve_bare_check(context);
    struct svcroute_health_check_info info = {.size = sizeof(info)};
    const struct svcroute_service *service = NULL;
    struct svcroute_listing *listing = NULL;
    struct svcr_probe_plan *plan;

    if (table && svcroute_listing_new(&listing, table, SVCROUTE_LISTING_SERVICES) == SVCROUTE_OK) {
        service = svcroute_listing_get_service(listing, 0);
    }
    if (!service || svcroute_service_get_health_check(service, &info) != SVCROUTE_OK) {
        runner_fail(runner, name, "no health check");
    } else {
        plan = make_plan(context, &(struct svcr_probe_settings){.mode = info.mode});
        if (info.interval == (int64_t)moment(case_, "interval_ms") &&
            info.timeout == (int64_t)moment(case_, "timeout_ms") &&
            (info.unhealthy_interval != info.interval) == runtime_flag(case_, "unhealthy_set") &&
            info.follow_redirects == (uint32_t)runtime_flag(case_, "follow_redirects") &&
            svcr_text_same(info.method, runtime_text(case_, "method")) &&
            svcr_text_same(info.path, runtime_text(case_, "path")) &&
            runtime_is(case_, "mode", plan->grpc ? "grpc" : "http")) {
            runner_pass(runner);
        } else {
            runner_fail(runner, name, "other defaults");
        }
        svcr_probe_plan_free(plan, context);
    }
    svcroute_listing_free(listing);
    svcroute_table_unref(table);
}

/* ---- passive ---- */

static bool takes_result(const struct svcroute_node *list, const struct svcroute_node **item,
                         uint64_t now, bool up)
{
    *item = *item ? svcroute_node_next(list, *item) : svcroute_node_first(list);
    return *item && moment(*item, "ms") == now && runtime_flag(*item, "up") == up;
}

/* A server and what its balancer is told of it. */
struct watched {
    struct svcr_passive *window;
    struct svcr_passive_rule rule;
    const struct svcroute_node *changes, *change; /* to be told, told last */
    size_t told;
    bool up, wrong;
};

static void tell(struct watched *watched, uint64_t now, bool up)
{
    watched->up = up;
    watched->told++;
    if (!takes_result(watched->changes, &watched->change, now, up)) {
        watched->wrong = true;
    }
}

/* Lets the server in if its time is over. */
static void pass_time(struct watched *watched, uint64_t now)
{
    uint64_t until = svcr_passive_until(watched->window);

    if (until != 0 && until <= now) {
        tell(watched, until, true);
        svcr_passive_in(watched->window);
    }
}

/* False: an event that nobody knows. */
static bool happen(struct watched *watched, const struct svcroute_node *event, uint64_t now)
{
    bool reached = !runtime_is(event, "event", "not_reached");

    if (runtime_is(event, "event", "active_up")) {
        tell(watched, now, true);
        svcr_passive_in(watched->window);
        return true;
    }
    if (runtime_is(event, "event", "look")) {
        return true;
    }
    if (!runtime_is(event, "event", "answer") && !runtime_is(event, "event", "silent") && reached) {
        return false;
    }
    if (!svcr_passive_is_failure(reached, runtime_integer(event, "status", 0))) {
        svcr_passive_good(watched->window);
    } else if (svcr_passive_bad(watched->window, &watched->rule, now)) {
        tell(watched, now, false);
        svcr_passive_out(watched->window, &watched->rule, now);
        pass_time(watched, now); /* a window of 0 is over at once */
    }
    return true;
}

static const char *run_passive(const struct svcroute_node *case_, struct watched *watched)
{
    const struct svcroute_node *events = runtime_find(case_, "events"), *event;

    for (event = svcroute_node_first(events); event; event = svcroute_node_next(events, event)) {
        uint64_t now = moment(event, "ms");
        size_t before;

        pass_time(watched, now);
        before = watched->told;
        if (!happen(watched, event, now)) {
            return "unknown event";
        }
        if (watched->up != runtime_flag(event, "up")) {
            return "up or down";
        }
        if (watched->told - before != (size_t)runtime_integer(event, "told", 0)) {
            return "told or not";
        }
    }
    pass_time(watched, moment(case_, "until_ms"));
    return watched->wrong || watched->told != svcroute_node_num(watched->changes) ? "changes"
                                                                                  : NULL;
}

static void judge_passive(struct runner *runner, struct svcroute_context *context,
                          const struct svcroute_node *case_, const char *name)
{
    struct watched watched = {
        .rule = {.window = runtime_integer(case_, "window_ms", 0) * MILLISECOND,
                 .attempts = svcr_passive_attempts(runtime_integer(case_, "max_failed", 1)),
                 .active = runtime_flag(case_, "active_check")},
        .changes = runtime_find(case_, "changes"),
        .up = true,
    };
    const char *wrong;

    watched.window = malloc(svcr_passive_size(watched.rule.attempts));
    if (!watched.window) {
        abort();
    }
    svcr_passive_init(watched.window, watched.rule.attempts);
    wrong = run_passive(case_, &watched);
    wrong = wrong ? wrong : runtime_health_ejects(context, case_);
    if (wrong) {
        runner_fail(runner, name, "%s", wrong);
    } else {
        runner_pass(runner);
    }
    free(watched.window);
}

void runtime_health(struct runner *runner, struct svcroute_context *context,
                    const struct svcroute_node *case_, const char *name)
{
    static const struct {
        const char *kind;
        runtime_judge *judge;
    } judges[] = {
        {"probe", judge_probe},
        {"grpc_address", judge_grpc_address},
        {"answer", judge_answer},
        {"grpc", judge_grpc},
        {"intervals", judge_intervals},
        {"defaults", judge_defaults},
        {"timing", runtime_health_timing},
        {"passive", judge_passive},
    };

    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (runtime_is(case_, "kind", judges[i].kind)) {
            judges[i].judge(runner, context, case_, name);
            return;
        }
    }
    runner_fail(runner, name, "unknown kind");
}
