/* Two workers, two askers, a finisher, a driver and a prober at one balancer: for ThreadSanitizer,
 * and for what it cannot see. Arguments: seconds to run, profile (default or traefik-v3), seed. The
 * last line is "N passed, N failed". */
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Atomic bool over, storm;
bool traefik;

static _Atomic uint64_t good_checks[NUM_CHECKS], bad_checks[NUM_CHECKS];

static const char *check_names[NUM_CHECKS] = {
    [CHECK_PICKED] = "a pick finds a server, whatever is updated",
    [CHECK_LIVE] = "its server is in a table that was live during the call",
    [CHECK_OWN] = "its server is below what was picked from",
    [CHECK_SPARE] = "the last usable server is never ejected",
    [CHECK_COMING] = "what comes and goes is there or gone as the tables say",
    [CHECK_AGAIN] = "picking again gives a server that was not tried",
    [CHECK_MIRROR] = "mirrors find a server",
    [CHECK_COOKIE] = "a cookie leads to the server that set it",
    [CHECK_END] = "each pick is reported and finished once",
    [CHECK_UPDATE] = "updates succeed",
    [CHECK_REFRESH] = "refreshes succeed",
    [CHECK_PICKER] = "pickers come and go",
    [CHECK_PROBE] = "answers of probes are taken, or were cancelled",
    [CHECK_ADMIN] = "servers that are there can be told about",
    [CHECK_ROUTE] = "a request takes the route of a table that was live",
    [CHECK_SAME] = "picker, handle and table say the same of a request",
    [CHECK_CHILD] = "routes below a route are found",
    [CHECK_REGEX] = "so are those with regular expressions",
    [CHECK_SHARED] = "a table that threads share goes on to say what it said",
    [CHECK_FLIGHT] = "in the end nothing is in flight",
    [CHECK_COUNTS] = "in the end each server counted its picks and failures",
    [CHECK_MEMORY] = "in the end no memory is left",
};

bool check(enum check check, bool good)
{
    atomic_fetch_add_explicit(good ? &good_checks[check] : &bad_checks[check], 1,
                              memory_order_relaxed);
    if (!good) {
        atomic_store_explicit(&over, true, memory_order_relaxed);
    }
    return good;
}

uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

/* ---- memory: counted, and overwritten when it is given back ---- */

static _Atomic uint64_t blocks, bytes;

static void *allocate(void *user, size_t size)
{
    (void)user;
    void *memory = malloc(size);
    if (memory != NULL) {
        atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
    }
    return memory;
}

static void *resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user;
    void *moved = realloc(memory, new_size);
    if (moved != NULL) {
        atomic_fetch_add_explicit(&bytes, new_size - old_size, memory_order_relaxed);
    }
    return moved;
}

static void release(void *user, void *memory, size_t size)
{
    (void)user;
    memset(memory, 0xdd, size);
    free(memory);
    atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&bytes, size, memory_order_relaxed);
}

/* ---- the run ---- */

static struct driver driver;
static struct worker workers[NUM_WORKERS];
static struct asker askers[NUM_ASKERS];

static void worker_open(struct worker *worker, uint32_t number, uint64_t seed)
{
    worker->all = workers;
    worker->random.state = seed + number;
    check(CHECK_PICKER, svcroute_picker_new(&worker->picker, driver.balancer, now_ns()) == 0);
    for (uint32_t target = 0; target < NUM_TARGETS; target++) {
        struct svcroute_text name = target_name(&driver.cluster, target);
        int error =
            target == TARGET_ROUTE
                ? svcroute_picker_find_route(worker->picker, name, &worker->handles[target])
                : svcroute_picker_find_service(worker->picker, name, &worker->handles[target]);
        if (error != 0) {
            printf("there is no %.*s\n", (int)name.size, name.data);
            exit(1);
        }
    }
    for (uint32_t i = 0; i < NUM_SLOTS; i++) {
        struct slot *slot = &worker->slots[i];
        if (i % 2 == 0) {
            slot->memory = aligned_alloc(16, (svcroute_pick_size() + 15) / 16 * 16);
            slot->pick = svcroute_pick_init(slot->memory);
        } else if (svcroute_pick_new(&slot->pick, driver.context) != 0) {
            exit(1);
        }
    }
}

static void run(double seconds)
{
    pthread_t threads[NUM_WORKERS + 2 + NUM_ASKERS];
    pthread_create(&threads[NUM_WORKERS], NULL, finisher_run, workers);
    pthread_create(&threads[NUM_WORKERS + 1], NULL, prober_run, &driver);
    for (uint32_t i = 0; i < NUM_WORKERS; i++) {
        pthread_create(&threads[i], NULL, worker_run, &workers[i]);
    }
    for (uint32_t i = 0; i < NUM_ASKERS; i++) {
        pthread_create(&threads[NUM_WORKERS + 2 + i], NULL, asker_run, &askers[i]);
    }
    driver_run(&driver, seconds);
    atomic_store(&over, true);
    for (uint32_t i = 0; i < NUM_WORKERS + 2 + NUM_ASKERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Half of the picks outlive the balancer, whichever thread left them. */
static void picks_end(uint32_t half)
{
    for (uint32_t i = half; i < NUM_WORKERS * NUM_SLOTS; i += 2) {
        struct slot *slot = &workers[i / NUM_SLOTS].slots[i % NUM_SLOTS];
        svcroute_pick_clear(slot->pick);
        if (slot->memory == NULL) {
            svcroute_pick_free(slot->pick);
        }
        free(slot->memory);
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < NUM_WORKERS * NUM_SLOTS; i++) { /* for the counts */
        struct slot *slot = &workers[i / NUM_SLOTS].slots[i % NUM_SLOTS];
        svcroute_pick_finish(slot->pick, NULL, now_ns());
    }
    if (atomic_load(&bad_checks[CHECK_ADMIN]) == 0) {
        driver_count(&driver);
    }
    picks_end(0);
    svcroute_picker_free(workers[0].picker);
    svcroute_balancer_free(driver.balancer);
    for (uint32_t i = 0; i < NUM_WORKERS; i++) {
        svcroute_picker_free(atomic_load(&workers[i].offered));
        svcroute_picker_free(atomic_load(&workers[i].retired));
    }
    svcroute_picker_free(workers[1].picker);
    cluster_close(&driver.cluster);
    for (uint32_t i = 0; i < NUM_ASKERS; i++) {
        shared_free(atomic_load(&askers[i].offered));
        shared_free(askers[i].shared);
        svcroute_diags_free(askers[i].diags);
    }
    picks_end(1);
    svcroute_context_unref(driver.context);
    check(CHECK_MEMORY, atomic_load(&blocks) == 0 && atomic_load(&bytes) == 0);
}

static int tell(void)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < NUM_CHECKS; i++) {
        uint64_t good = atomic_load(&good_checks[i]);
        uint64_t bad = atomic_load(&bad_checks[i]);
        bool holds = good != 0 && bad == 0;
        passed += holds ? 1 : 0;
        printf("%-4s %-60s %llu times%s\n", holds ? "ok" : "FAIL", check_names[i],
               (unsigned long long)good, bad != 0 ? ", then not" : "");
    }
    printf("%llu updates, %llu events, %llu pickers\n", (unsigned long long)driver.updates,
           (unsigned long long)driver.events, (unsigned long long)driver.pickers);
    printf("%u passed, %u failed\n", passed, NUM_CHECKS - passed);
    return passed == NUM_CHECKS ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct svcroute_allocator allocator = {
        .size = sizeof(allocator), .allocate = allocate, .resize = resize, .release = release};
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : now_ns();
    traefik = argc > 2 && strcmp(argv[2], "traefik-v3") == 0;
    if (traefik) {
        check_names[CHECK_PICKED] = "a pick finds a server that cannot be ejected";
        check_names[CHECK_SPARE] = "servers that were ejected return";
    }
    printf("seed %llu\n", (unsigned long long)seed);
    if (svcroute_context_new(&driver.context, NULL, &allocator, NULL) != 0) {
        return 1;
    }
    driver.workers = workers;
    driver.askers = askers;
    for (uint32_t i = 0; i < NUM_ASKERS; i++) {
        askers[i].random.state = seed + 200 + i;
        if (svcroute_diags_new(&askers[i].diags, driver.context) != 0) {
            return 1;
        }
    }
    driver.random.state = seed + 100;
    if (!rules_open(driver.context)) {
        return 1;
    }
    cluster_open(&driver.cluster, driver.context, seed);
    history_begin(driver.cluster.table_members, driver.cluster.table_rules);
    if (svcroute_balancer_new(&driver.balancer, driver.cluster.table, NULL, now_ns()) != 0) {
        return 1;
    }
    history_end();
    for (uint32_t i = 0; i < NUM_WORKERS; i++) {
        worker_open(&workers[i], i, seed);
    }
    run(seconds);
    close_all();
    return tell();
}
