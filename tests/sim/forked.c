/* A process that forks with a live balancer: pickers, open picks, an update under way to a picker,
 * a probe on its way. Parent and child both go on: they pick, update, hear and free. From the same
 * state and by the same calls they do the same, until a picker has a seed of its own; and nothing
 * is left in either.
 *
 * Prints `N passed, N failed`. */
#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <svcroute/svcroute.h>

enum { OPEN = 48, ROUNDS = 400, TARGETS = 6, SERVERS = 7 };

static const char *const targets[TARGETS] = {"default-a-80", "default-b-80", "default-t",
                                             "default-m",    "default-f",    "default-h"};

/* What a process comes to, told to the parent through a pipe. */
struct tale {
    uint64_t trace; /* of all that it was answered */
    uint32_t passed, failed;
};

static struct tale tale;

static void check(bool good, const char *what)
{
    tale.passed += good ? 1 : 0;
    tale.failed += good ? 0 : 1;
    if (!good && tale.failed <= 10) {
        printf("FAIL %s\n", what);
    }
}

static void note(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        tale.trace = (tale.trace ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
    }
}

/* ---- memory ---- */

static size_t blocks;

static void *allocate(void *user, size_t size)
{
    void *memory = malloc(size);
    (void)user;
    blocks += memory != NULL ? 1 : 0;
    return memory;
}

static void *resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return realloc(memory, new_size);
}

static void release(void *user, void *memory, size_t size)
{
    (void)user;
    memset(memory, 0xdd, size);
    free(memory);
    blocks--;
}

/* ---- the cluster ---- */

static struct world {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *pickers[2];
    struct svcroute_pick *open[OPEN];
    uint64_t probe, random;
} world;

static uint32_t roll(uint32_t below)
{
    world.random = world.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((world.random >> 33) % below);
}

static void must(int error)
{
    if (error != 0) {
        printf("error %d\n", error);
        abort();
    }
}

static void load(const char *text, size_t size)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    must(svcroute_store_load(world.store, text, size, NULL, &result, NULL));
    must((int)result.rejected);
}

/* A Service with some servers. */
static void load_service(char name, uint32_t servers)
{
    char text[2048];
    int size = snprintf(
        text, sizeof(text),
        "apiVersion: v1\nkind: Service\nmetadata: {name: %c}\nspec: {ports: [{port: 80, name: "
        "web}]}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: %c-1, "
        "labels: {kubernetes.io/service-name: %c}}\naddressType: IPv4\nports: [{name: web, port: "
        "80}]\nendpoints: [",
        name, name, name);
    for (uint32_t i = 0; i < SERVERS; i++) {
        if (servers >> i & 1) {
            size += snprintf(text + size, sizeof(text) - (size_t)size,
                             "{addresses: [10.0.%d.%u]}, ", name - 'a', i + 1);
        }
    }
    size += snprintf(text + size, sizeof(text) - (size_t)size, "]\n");
    load(text, (size_t)size);
}

static void resolve(void)
{
    struct svcroute_table *table = NULL;
    must(svcroute_resolve(&table, world.store, world.policy, world.table, NULL));
    svcroute_table_unref(world.table);
    world.table = table;
}

#define TREE(name, spec)                                                                           \
    "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: " name           \
    "}\nspec: {" spec "}\n"
#define PASSIVE ", passiveHealthCheck: {failureWindow: 1s, maxFailedAttempts: 2}"
#define A "name: a, port: 80, strategy: wrr, sticky: {cookie: {name: x}}" PASSIVE
#define B "name: b, port: 80, strategy: p2c"

static const char trees[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: e}\nspec: {type: ExternalName, externalName: "
    "e.example, ports: [{port: 80}]}\n" TREE("t", "weighted: {services: [{" A ", weight: 3}, {" B
                                                  ", weight: 2}, {name: c, port: 80, "
                                                  "strategy: leasttime}]}")
        TREE("m",
             "mirroring: {kind: TraefikService, name: t, mirrors: [{" B ", percent: 40}, {name: "
             "d, port: 80, strategy: hrw, percent: 70}]}")
            TREE("f",
                 "failover: {service: {name: e, port: 80, healthCheck: {path: /, interval: 1s}}, "
                 "fallback: {kind: TraefikService, name: t}, errors: {status: ['500-599']}}")
                TREE("h",
                     "highestRandomWeight: {services: [{" A "}, {kind: TraefikService, name: f}]}");

static uint64_t handle_of(const struct svcroute_picker *picker, const char *name)
{
    uint64_t handle = 0;
    must(svcroute_picker_find_service(picker, (struct svcroute_text){name, strlen(name)}, &handle));
    return handle;
}

/* ---- what both do ---- */

static int pick_into(struct svcroute_picker *picker, struct svcroute_pick *pick, uint64_t now)
{
    const char *clients[] = {"192.0.2.1", "192.0.2.2", "198.51.100.77"};
    const char *client = clients[roll(3)];
    struct svcroute_request request = {.size = sizeof(request), .client = {client, strlen(client)}};
    return svcroute_picker_pick(picker, handle_of(picker, targets[roll(TARGETS)]), &request, pick,
                                now);
}

/* Notes what a pick shows. */
static void look(const struct svcroute_pick *pick)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    char cookie[256];
    if (svcroute_pick_get_info(pick, &info) != 0) {
        return;
    }
    note(info.url.data, info.url.size);
    note(&info.num_mirrors, sizeof(info.num_mirrors));
    for (uint32_t i = 0; i < info.num_cookies; i++) {
        size_t size = sizeof(cookie);
        check(svcroute_pick_copy_cookie(pick, i, cookie, &size) == 0, "a cookie");
        note(cookie, size);
    }
}

static void end(struct svcroute_picker *picker, struct svcroute_pick *pick, uint64_t now)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                       .kind = SVCROUTE_OUTCOME_STATUS,
                                       .status = roll(4) == 0 ? 500 : 200,
                                       .first_byte = 1 + roll(50000000)};
    int error = svcroute_pick_finish(pick, &outcome, now);
    if (error == 0 && roll(2) == 0) {
        error = svcroute_picker_pick_next(picker, NULL, pick, now);
        note(&error, sizeof(error));
        look(pick);
    }
    svcroute_pick_clear(pick);
}

static void drive(uint64_t now)
{
    struct svcroute_event event = {.size = sizeof(event)};
    svcroute_balancer_advance(world.balancer, now);
    while (svcroute_balancer_next_event(world.balancer, &event) == 0) {
        note(&event.kind, sizeof(event.kind));
        note(event.service.data, event.service.size);
        note(&event.server, sizeof(event.server));
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            world.probe = event.probe;
        }
    }
    if (world.probe != 0 && roll(3) != 0) {
        int error = svcroute_balancer_report_probe(world.balancer, world.probe,
                                                   SVCROUTE_PROBE_STATUS, 200 + 300 * roll(2), now);
        note(&error, sizeof(error));
        world.probe = 0;
    }
}

static void update(uint64_t now)
{
    load_service((char)('a' + roll(4)), 1 + roll((1U << SERVERS) - 1));
    resolve();
    check(svcroute_balancer_update(world.balancer, world.table, now) == 0, "an update");
    check(svcroute_picker_refresh(world.pickers[roll(2)], now) == 0, "a refresh");
}

static void live(uint32_t rounds, uint64_t now)
{
    struct svcroute_pick *pick = NULL;
    must(svcroute_pick_new(&pick, world.context));
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t at = roll(OPEN);
        now += roll(20000000);
        for (uint32_t i = 0; i < 2; i++) {
            int error = pick_into(world.pickers[i], pick, now);
            note(&error, sizeof(error));
            look(pick);
            end(world.pickers[i], pick, now);
        }
        look(world.open[at]); /* it may be from before the fork */
        end(world.pickers[at % 2], world.open[at], now);
        pick_into(world.pickers[(at + 1) % 2], world.open[at], now);
        if (round % 16 == 0) {
            update(now);
        }
        drive(now);
    }
    svcroute_pick_free(pick);
}

static void open_world(uint32_t profile)
{
    struct svcroute_allocator allocator = {
        .size = sizeof(allocator), .allocate = allocate, .resize = resize, .release = release};
    world = (struct world){.random = 1};
    must(svcroute_context_new(&world.context, NULL, &allocator, NULL));
    must(svcroute_store_new(&world.store, world.context));
    must(svcroute_policy_new(&world.policy, world.context));
    must(svcroute_policy_set_profile(world.policy, profile));
    must(svcroute_policy_set_switch(world.policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true));
    for (char name = 'a'; name <= 'd'; name++) {
        load_service(name, (1U << SERVERS) - 1);
    }
    load(trees, sizeof(trees) - 1);
    resolve();
    must(svcroute_balancer_new(&world.balancer, world.table, NULL, 0));
    for (uint32_t i = 0; i < 2; i++) {
        must(svcroute_picker_new(&world.pickers[i], world.balancer, 0));
    }
    for (uint32_t i = 0; i < OPEN; i++) {
        must(svcroute_pick_new(&world.open[i], world.context));
    }
}

/* Frees in one of two orders. */
static void close_world(bool balancer_first)
{
    if (balancer_first) {
        svcroute_balancer_free(world.balancer);
    }
    svcroute_picker_free(world.pickers[0]);
    for (uint32_t i = 0; i < OPEN; i += 2) {
        svcroute_pick_free(world.open[i]);
    }
    svcroute_picker_free(world.pickers[1]);
    if (!balancer_first) {
        svcroute_balancer_free(world.balancer);
    }
    svcroute_table_unref(world.table);
    svcroute_store_free(world.store);
    svcroute_policy_free(world.policy);
    for (uint32_t i = 1; i < OPEN; i += 2) {
        svcroute_pick_free(world.open[i]);
    }
    svcroute_context_unref(world.context);
    check(blocks == 0, "memory is left");
}

/* ---- processes ---- */

/* Forks; the child goes on (with a seed of its own unless that is 0), and its tale comes back. */
static struct tale child_lives(uint64_t seed, uint64_t now)
{
    int ends[2];
    struct tale told = {.failed = 1};
    int status = 0;
    must(pipe(ends));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        tale = (struct tale){0};
        for (uint32_t i = 0; seed != 0 && i < 2; i++) {
            check(svcroute_picker_seed(world.pickers[i], seed) == 0, "a seed");
        }
        live(ROUNDS, now);
        close_world(true);
        if (write(ends[1], &tale, sizeof(tale)) != (ssize_t)sizeof(tale)) {
            abort();
        }
        close(ends[0]);
        close(ends[1]);
        exit(tale.failed != 0); /* sanitizers look at what is left */
    }
    close(ends[1]);
    check(child > 0 && read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told), "a child");
    close(ends[0]);
    check(waitpid(child, &status, 0) == child && status == 0, "a child's end");
    tale.passed += told.passed;
    tale.failed += told.failed;
    return told;
}

static void run(uint32_t profile)
{
    struct tale before;
    open_world(profile);
    live(ROUNDS, 0);
    update(UINT64_C(10000000000)); /* in the box of one of the pickers */
    world.random = 7;
    struct tale alike = child_lives(0, UINT64_C(10000000000));
    struct tale again = child_lives(0, UINT64_C(10000000000));
    struct tale first = child_lives(3, UINT64_C(10000000000));
    struct tale other = child_lives(4, UINT64_C(10000000000));
    before = tale;
    tale.trace = 0;
    live(ROUNDS, UINT64_C(10000000000));
    check(alike.trace == tale.trace && again.trace == tale.trace, "the same calls, the same picks");
    check(first.trace != tale.trace && other.trace != tale.trace && first.trace != other.trace,
          "other seeds, other picks");
    check(tale.passed > before.passed, "the parent goes on");
    close_world(false);
}

int main(void)
{
    run(SVCROUTE_PROFILE_DEFAULT);
    run(SVCROUTE_PROFILE_TRAEFIK_V3);
    printf("%u passed, %u failed\n", tale.passed, tale.failed);
    return tale.failed != 0;
}
