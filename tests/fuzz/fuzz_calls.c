/* Sequences of calls. Two bytes of an input are one call: what to call, and with what. The clock
 * goes on and back, allocations fail, and objects are freed in any order; whatever happens, codes
 * are among those that the headers name, a pick can be looked at until it is cleared, a server's
 * requests in flight are those of the picks, and nothing is left in the end. */
#include "balance.h"

#define PICKERS 3
#define PICKS 6
#define PROBES 16

/* ---- memory that fails when told so ---- */

static struct {
    size_t blocks;
    size_t fail_in; /* allocations; 0: never */
    bool after;     /* and all behind it */
    bool failed;
} memory;

static bool fails(void)
{
    bool now = memory.fail_in == 1;
    if (memory.fail_in > 1 || (now && !memory.after)) {
        memory.fail_in--;
    }
    memory.failed |= now;
    return now;
}

static void *allocate(void *user, size_t size)
{
    (void)user;
    void *block = fails() ? NULL : malloc(size);
    memory.blocks += block != NULL;
    return block;
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return fails() ? NULL : realloc(block, new_size);
}

static void release(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    memory.blocks--;
    free(block);
}

/* Made once: OpenSSL takes its time. */
static struct svcroute_context *context_get(void)
{
    static struct svcroute_context *context;
    static const struct svcroute_allocator allocator = {
        .size = sizeof(allocator), .allocate = allocate, .resize = resize, .release = release};
    if (context == NULL) {
        MUST(svcroute_context_new(&context, NULL, &allocator, NULL) == 0);
    }
    return context;
}

/* ---- what there is to load ---- */

#define SERVICE(name)                                                                              \
    "apiVersion: v1\nkind: Service\nmetadata: {name: " name "}\nspec: {ports: [{port: "            \
    "80}]}\n---\n"
#define SLICE(name, endpoints)                                                                     \
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " name                 \
    ", labels: {kubernetes.io/service-name: " name                                                 \
    "}}\naddressType: IPv4\nports: [{name: '', port: 80}]\n"                                       \
    "endpoints: [" endpoints "]\n---\n"
#define UP(n) "{addresses: [10.0.0." #n "]},"
#define TERMINATING(n)                                                                             \
    "{addresses: [10.0.0." #n "], conditions: {ready: false, serving: true, terminating: true}},"
#define TREE(name, spec)                                                                           \
    "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: " name "}\nspec: "    \
    "{" spec "}\n---\n"
#define ROUTE(name, services)                                                                      \
    "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: " name "}\nspec: "      \
    "{routes: [{match: Path(`/`), services: [" services "]}]}\n---\n"
#define CHECK                                                                                      \
    "healthCheck: {path: /h, interval: 5s, unhealthyInterval: 2s, timeout: 1s, headers: {a: b}}"
#define PASSIVE "passiveHealthCheck: {failureWindow: 10s, maxFailedAttempts: 2}"
#define AWAY                                                                                       \
    "apiVersion: v1\nkind: Service\nmetadata: {name: away}\n"                                      \
    "spec: {type: ExternalName, externalName: example.com, ports: [{port: 80}]}\n---\n"

static const char *const documents[] = {
    SERVICE("a") SERVICE("b") SLICE("a", UP(1) UP(2) UP(3)) SLICE("b", UP(4)) AWAY,
    SLICE("a", UP(1) UP(2)),
    SLICE("a", UP(3) UP(2) UP(1) UP(5) TERMINATING(6)),
    SLICE("a", ""),
    SLICE("b", UP(4) UP(4) UP(7)),
    SLICE("b", TERMINATING(4)),
    ROUTE("r", "{name: a, port: 80}"),
    ROUTE("r", "{name: a, port: 80, strategy: p2c, sticky: {cookie: {name: c}}}"),
    ROUTE("r", "{name: a, port: 80, strategy: hrw}, {name: b, port: 80, weight: 3}"),
    ROUTE("r", "{name: a, port: 80, strategy: leasttime, " PASSIVE "}"),
    ROUTE("r", "{name: away, port: 80, " CHECK "}"),
    ROUTE("r", "{kind: TraefikService, name: t}"),
    ROUTE("q", "{kind: TraefikService, name: u}"),
    TREE("t", "weighted: {sticky: {cookie: {}}, services: [{name: a, port: 80, weight: 2}, {name: "
              "b, port: 80, " PASSIVE "}, {kind: TraefikService, name: u}]}"),
    TREE("t", "weighted: {services: [{name: b, port: 80}, {name: a, port: 80, weight: 5}]}"),
    TREE("t", "highestRandomWeight: {services: [{name: b, port: 80}, {name: a, port: 80}]}"),
    TREE("t", "mirroring: {name: a, port: 80, maxBodySize: 5, mirrors: [{name: b, port: 80, "
              "percent: 50}, {kind: TraefikService, name: u, percent: 100}]}"),
    TREE("t", "failover: {service: {name: a, port: 80, " PASSIVE
              "}, fallback: {kind: TraefikService, name: u}, errors: {status: ['500-599'], "
              "maxRequestBodyBytes: 9}}"),
    TREE("u", "weighted: {services: [{name: away, port: 80, " CHECK "}, {name: b, port: 80}]}"),
    TREE("u",
         "failover: {service: {name: away, port: 80, " CHECK "}, fallback: {name: b, port: 80}}"),
    TREE("u", "weighted: {services: [{kind: TraefikService, name: t}, {name: none, port: 80}]}"),
};
#define NUM_DOCUMENTS (sizeof(documents) / sizeof(documents[0]))

#define PARTS_MAX 5

/* All of them read once; document i has its parts in parsed[i], up to NULL. */
static struct svcroute_document *parsed[NUM_DOCUMENTS][PARTS_MAX + 1];

static void parse(struct svcroute_context *context)
{
    for (size_t i = 0; i < NUM_DOCUMENTS && parsed[i][0] == NULL; i++) {
        struct svcroute_reader *reader;
        size_t num = 0;
        MUST(svcroute_reader_new(&reader, context, documents[i], strlen(documents[i]),
                                 FUZZ_TEXT("calls"), SVCROUTE_FORMAT_YAML) == 0);
        while (num < PARTS_MAX && svcroute_reader_next(reader, &parsed[i][num], NULL) == 0) {
            num++;
        }
        MUST(num > 0);
        svcroute_reader_free(reader);
    }
}

/* ---- the state of a run ---- */

struct run {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *pickers[PICKERS];
    struct svcroute_pick *picks[PICKS];
    bool open[PICKS];
    uint64_t servers[PICKS]; /* as ids of the balancers `owners`, which are numbered */
    unsigned owners[PICKS], picker_owners[PICKERS], owner_now;
    bool traefik;
    uint64_t probes[PROBES];
    unsigned num_probes;
    char cookie[256]; /* the latest */
    size_t cookie_size;
    uint64_t now, server; /* the latest that was seen */
};

/* Out of memory is an answer only when memory failed. */
static bool nomem(int error)
{
    MUST(error != SVCROUTE_ERR_NOMEM || memory.failed);
    return error == SVCROUTE_ERR_NOMEM;
}

static struct svcroute_text name_of(unsigned what)
{
    static const struct svcroute_text names[] = {
        {"default-t", 9}, {"default-u", 9}, {"default-a-80", 12}, {"default-b-80", 12}};
    return names[what % 4];
}

/* The handle of a route or of a service; 0: it is not there. */
static uint64_t handle_of(const struct run *run, const struct svcroute_picker *picker,
                          unsigned what)
{
    uint64_t handle = 0;
    if ((what & 4) == 0 || run->table == NULL) {
        int error = svcroute_picker_find_service(picker, name_of(what), &handle);
        MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
        return handle;
    }
    const struct svcroute_route *route = svcroute_table_find_route_of(
        run->table, FUZZ_TEXT("default"), what & 1 ? FUZZ_TEXT("q") : FUZZ_TEXT("r"),
        FUZZ_TEXT("Path(`/`)"), 0);
    struct svcroute_route_info info = {.size = sizeof(info)};
    if (route != NULL && svcroute_route_get_info(run->table, route, &info) == 0) {
        int error = svcroute_picker_find_route(picker, info.name, &handle);
        MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
    }
    return handle;
}

/* ---- store, table, balancer, pickers ---- */

static void call_load(struct run *run, unsigned what)
{
    struct svcroute_document *const *parts = parsed[what % NUM_DOCUMENTS];
    for (size_t i = 0; parts[i] != NULL; i++) {
        int error = svcroute_store_apply(run->store, parts[i], NULL, NULL, NULL);
        MUST(error == 0 || nomem(error));
    }
}

static void call_remove(struct run *run, unsigned what)
{
    static const struct {
        uint32_t kind;
        const char *name;
    } objects[] = {{SVCROUTE_KIND_SERVICE, "a"},         {SVCROUTE_KIND_SERVICE, "b"},
                   {SVCROUTE_KIND_ENDPOINT_SLICE, "a"},  {SVCROUTE_KIND_ENDPOINT_SLICE, "b"},
                   {SVCROUTE_KIND_TRAEFIK_SERVICE, "t"}, {SVCROUTE_KIND_TRAEFIK_SERVICE, "u"},
                   {SVCROUTE_KIND_INGRESS_ROUTE, "r"},   {SVCROUTE_KIND_INGRESS_ROUTE, "q"}};
    struct svcroute_text name = {objects[what % 8].name, 1};
    int error =
        svcroute_store_remove(run->store, objects[what % 8].kind, FUZZ_TEXT("default"), name);
    MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND || nomem(error));
}

static void call_resolve(struct run *run, unsigned what)
{
    struct svcroute_table *table;
    int error =
        svcroute_resolve(&table, run->store, run->policy, what & 1 ? run->table : NULL, NULL);
    MUST((error == 0) == (table != NULL) && (error == 0 || nomem(error)));
    if (table != NULL) {
        svcroute_table_unref(run->table);
        run->table = table;
    }
}

static void call_balancer(struct run *run, unsigned what)
{
    struct svcroute_balancer_options options;
    if (run->table == NULL) {
        return;
    }
    if (run->balancer != NULL) {
        int error = svcroute_balancer_update(run->balancer, run->table, run->now);
        MUST(error == 0 || nomem(error));
        return;
    }
    svcroute_balancer_options_init(&options, sizeof(options));
    options.seed = what;
    options.initial_health = what % 3;
    options.flags = what >> 4 & 3;
    options.rise = what >> 6 & 1;
    int error = svcroute_balancer_new(&run->balancer, run->table, &options, run->now);
    MUST((error == 0) == (run->balancer != NULL) && (error == 0 || nomem(error)));
    run->owner_now++;
}

static void call_balancer_free(struct run *run)
{
    svcroute_balancer_free(run->balancer);
    run->balancer = NULL;
    run->num_probes = 0;
}

static void call_picker(struct run *run, unsigned what)
{
    struct svcroute_picker **picker = &run->pickers[what % PICKERS];
    if (*picker != NULL && what & 0x80) {
        svcroute_picker_free(*picker);
        *picker = NULL;
    } else if (*picker != NULL) {
        int error = svcroute_picker_refresh(*picker, run->now);
        MUST(error == 0 || nomem(error));
        MUST(svcroute_picker_stale(*picker) == (error != 0));
    } else if (run->balancer != NULL) {
        int error = svcroute_picker_new(picker, run->balancer, run->now);
        run->picker_owners[what % PICKERS] = run->owner_now;
        MUST((error == 0) == (*picker != NULL) && (error == 0 || nomem(error)));
    }
}

/* ---- the driver ---- */

static void call_events(struct run *run, unsigned what)
{
    struct svcroute_event event = {.size = sizeof(event)};
    if (run->balancer == NULL) {
        return;
    }
    for (unsigned i = 0; i < what % 8 && svcroute_balancer_next_event(run->balancer, &event) == 0;
         i++) {
        MUST(event.kind >= SVCROUTE_EVENT_PROBE && event.kind <= SVCROUTE_EVENT_SERVICE_DOWN);
        fuzz_touch(event.service);
        fuzz_touch(event.url);
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            struct svcroute_text name, value;
            fuzz_touch(event.method);
            fuzz_touch(event.host);
            fuzz_touch(event.target);
            MUST(event.num_headers == 0 || svcroute_balancer_get_probe_header(
                                               run->balancer, event.server, 0, &name, &value) == 0);
            run->probes[run->num_probes++ % PROBES] = event.probe;
        }
        run->server = event.server != 0 ? event.server : run->server;
    }
}

static void call_report_probe(struct run *run, unsigned what)
{
    uint32_t outcome = SVCROUTE_PROBE_STATUS + (what >> 4 & 3) % 3;
    if (run->balancer == NULL || run->num_probes == 0) {
        return;
    }
    uint64_t probe = run->probes[what % (run->num_probes < PROBES ? run->num_probes : PROBES)];
    int error = svcroute_balancer_report_probe(run->balancer, probe, outcome,
                                               what & 0x80 ? 200 : 503, run->now);
    MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
}

static void call_advance(struct run *run)
{
    if (run->balancer != NULL) {
        svcroute_balancer_advance(run->balancer, run->now);
        MUST(!svcroute_balancer_needs_advance(run->balancer));
    }
}

static void call_admin(struct run *run, unsigned what)
{
    uint64_t server = run->server;
    if (run->balancer == NULL) {
        return;
    }
    if (what & 4) {
        int error =
            svcroute_balancer_find_server(run->balancer, name_of(2 + what % 2), what >> 4, &server);
        MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
    }
    int error = svcroute_balancer_set_admin(run->balancer, server, what & 3, run->now);
    MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
}

/* ---- picks ---- */

static void noted(struct run *run, unsigned i, unsigned picker)
{
    struct svcroute_pick_info info = fuzz_pick_look(run->picks[i]);
    run->open[i] = true;
    run->servers[i] = run->server = info.server;
    run->owners[i] = run->picker_owners[picker];
    if (info.num_cookies > 0) {
        run->cookie_size = sizeof(run->cookie);
        MUST(svcroute_pick_copy_cookie(run->picks[i], 0, run->cookie, &run->cookie_size) == 0);
        run->cookie_size = fuzz_cookie_pair(run->cookie, run->cookie_size).size;
    }
}

static bool picked_or_not(int error)
{
    MUST(error == 0 || error == SVCROUTE_ERR_NO_SERVER || error == SVCROUTE_ERR_GONE ||
         error == SVCROUTE_ERR_BODY_TOO_LARGE || error == SVCROUTE_ERR_STATE);
    return error == 0;
}

static struct svcroute_request request_make(struct run *run, unsigned what,
                                            struct svcroute_text *cookie)
{
    struct svcroute_request request = {.size = sizeof(request)};
    *cookie = (struct svcroute_text){run->cookie, run->cookie_size};
    if (what & 8) {
        request.cookies = cookie;
        request.num_cookies = 1;
    }
    if (what & 16) {
        request.excluded = &run->server;
        request.num_excluded = 1;
    }
    if (what & 32) {
        request.flags = SVCROUTE_REQUEST_BODY_KNOWN;
        request.body_size = what >> 3;
    }
    request.client = what & 64 ? FUZZ_TEXT("192.0.2.1:1234") : FUZZ_TEXT("");
    return request;
}

static void call_pick(struct run *run, unsigned call, unsigned what)
{
    unsigned i = (call >> 5 & 7) % PICKS;
    struct svcroute_picker *picker = run->pickers[i % PICKERS];
    struct svcroute_text cookie;
    struct svcroute_request request = request_make(run, what, &cookie);
    if (picker == NULL) {
        return;
    }
    uint64_t excluded = run->server;
    int error = svcroute_picker_pick(picker, handle_of(run, picker, what), &request, run->picks[i],
                                     run->now);
    if (picked_or_not(error)) {
        noted(run, i, i % PICKERS);
        MUST(request.num_excluded == 0 || run->servers[i] != excluded);
    }
}

static void call_pick_next(struct run *run, unsigned call, unsigned what)
{
    unsigned i = (call >> 5 & 7) % PICKS;
    struct svcroute_picker *picker = run->pickers[what % PICKERS];
    struct svcroute_text cookie;
    struct svcroute_request request = request_make(run, what, &cookie);
    if (picker == NULL) {
        return;
    }
    uint64_t before = run->servers[i];
    bool was_open = run->open[i];
    int error = svcroute_picker_pick_next(picker, &request, run->picks[i], run->now);
    if (error == SVCROUTE_ERR_ALL_TRIED) {
        return;
    }
    if (picked_or_not(error)) {
        MUST(!was_open);
        MUST(fuzz_pick_look(run->picks[i]).server != before ||
             run->owners[i] != run->picker_owners[what % PICKERS]);
        noted(run, i, what % PICKERS);
    }
}

static void call_pick_mirror(struct run *run, unsigned call, unsigned what)
{
    unsigned i = (call >> 5 & 7) % PICKS;
    struct svcroute_picker *picker = run->pickers[what % PICKERS];
    unsigned into = (what >> 3 & 7) % PICKS;
    if (picker == NULL) {
        return;
    }
    int error = svcroute_picker_pick_mirror(picker, run->picks[i], what >> 6 & 1, NULL,
                                            run->picks[into], run->now);
    if (error != SVCROUTE_ERR_NOT_FOUND && error != SVCROUTE_ERR_INVALID && picked_or_not(error)) {
        noted(run, into, what % PICKERS);
    }
}

static void call_end(struct run *run, unsigned call, unsigned what)
{
    unsigned i = (call >> 5 & 7) % PICKS;
    struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                       .first_byte = (uint64_t)(what >> 4) * 10000000,
                                       .kind = SVCROUTE_OUTCOME_STATUS + what % 5,
                                       .status = what & 8 ? 200 : 503};
    if (what & 64) {
        int error = svcroute_pick_report(run->picks[i], &outcome, run->now);
        MUST(error == (run->open[i] ? error : SVCROUTE_ERR_STATE));
        MUST(error == 0 || error == SVCROUTE_ERR_STATE);
        return;
    }
    int error = svcroute_pick_finish(run->picks[i], what & 128 ? NULL : &outcome, run->now);
    MUST(error == (run->open[i] ? 0 : SVCROUTE_ERR_STATE));
    run->open[i] = false;
}

static void call_clear(struct run *run, unsigned call)
{
    unsigned i = (call >> 5 & 7) % PICKS;
    svcroute_pick_clear(run->picks[i]);
    run->open[i] = false;
    run->servers[i] = 0;
}

/* What a server has in flight are its open picks; those of a cookie do not count where the
 * reference's least time chooses. */
static void check_in_flight(const struct run *run)
{
    for (int i = 0; i < PICKS && run->balancer != NULL; i++) {
        struct svcroute_server_stats stats = {.size = sizeof(stats)};
        unsigned open = 0;
        if (!run->open[i] || run->owners[i] != run->owner_now) {
            continue;
        }
        for (int j = 0; j < PICKS; j++) {
            open += run->open[j] && run->servers[j] == run->servers[i] &&
                    run->owners[j] == run->owners[i];
        }
        int error = svcroute_balancer_get_server_stats(run->balancer, run->servers[i], &stats);
        MUST(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
        MUST(error != 0 || stats.in_flight == open || (run->traefik && stats.in_flight < open));
        MUST(stats.picks >= stats.in_flight);
    }
}

/* ---- the run ---- */

static void call_clock(struct run *run, unsigned what)
{
    static const uint64_t steps[] = {1, 1000000, 50000000, 1000000000, 3000000000, 60000000000};
    uint64_t step = steps[what % 6];
    run->now = what & 128 ? (run->now > step ? run->now - step : 0) : run->now + step * (what >> 4);
}

static void call(struct run *run, unsigned call, unsigned what)
{
    switch (call & 31) {
    case 0:
        memory.fail_in = what & 127;
        memory.after = what >= 128;
        break;
    case 1:
        memory.fail_in = 0;
        break;
    case 2:
    case 3:
        call_load(run, what);
        break;
    case 4:
        call_remove(run, what);
        break;
    case 5:
    case 6:
        call_resolve(run, what);
        break;
    case 7:
    case 8:
        call_balancer(run, what);
        break;
    case 9:
        call_balancer_free(run);
        break;
    case 10:
    case 11:
    case 12:
        call_picker(run, what);
        break;
    case 13:
        call_clock(run, what);
        break;
    case 14:
        call_events(run, what);
        break;
    case 15:
        call_report_probe(run, what);
        break;
    case 16:
    case 17:
        call_advance(run);
        break;
    case 18:
        call_admin(run, what);
        break;
    case 19:
    case 20:
    case 21:
    case 22:
        call_pick(run, call, what);
        break;
    case 23:
    case 24:
        call_pick_next(run, call, what);
        break;
    case 25:
        call_pick_mirror(run, call, what);
        break;
    case 26:
        call_clear(run, call);
        break;
    default:
        call_end(run, call, what);
        break;
    }
    check_in_flight(run);
}

static void run_open(struct run *run, unsigned options)
{
    *run = (struct run){.context = context_get(), .now = 1000, .traefik = (options & 1) != 0};
    memory.fail_in = 0;
    memory.failed = false;
    MUST(svcroute_store_new(&run->store, run->context) == 0);
    MUST(svcroute_policy_new(&run->policy, run->context) == 0);
    MUST(svcroute_policy_set_profile(run->policy, options & 1) == 0);
    MUST(svcroute_policy_set_switch(run->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true) == 0);
    MUST(svcroute_policy_set_switch(run->policy, SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES,
                                    (options & 2) != 0) == 0);
    for (int i = 0; i < PICKS; i++) {
        MUST(svcroute_pick_new(&run->picks[i], run->context) == 0);
    }
}

static void run_close(struct run *run, unsigned options)
{
    for (int round = 0; round < 4; round++) { /* in one of four orders */
        switch (((unsigned)round + options) & 3) {
        case 0:
            svcroute_balancer_free(run->balancer);
            break;
        case 1:
            svcroute_table_unref(run->table);
            break;
        case 2:
            for (int i = 0; i < PICKERS; i++) {
                svcroute_picker_free(run->pickers[i]);
            }
            break;
        default:
            for (int i = 0; i < PICKS; i++) {
                svcroute_pick_free(run->picks[i]);
            }
            break;
        }
    }
    svcroute_policy_free(run->policy);
    svcroute_store_free(run->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct run run;
    memory.fail_in = 0;
    parse(context_get());
    size_t blocks = memory.blocks;
    run_open(&run, input.options);
    for (size_t i = 0; i + 1 < input.size; i += 2) {
        call(&run, (unsigned char)input.text[i], (unsigned char)input.text[i + 1]);
    }
    memory.fail_in = 0;
    run_close(&run, input.options >> 8);
    MUST(memory.blocks == blocks);
    return 0;
}
