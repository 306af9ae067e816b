/* The driver and the prober. */
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- pipes: one thread puts, one takes ---- */

static bool pipe_put(struct pipe *pipe, uint64_t item)
{
    uint32_t tail = atomic_load_explicit(&pipe->tail, memory_order_relaxed);
    if (tail - atomic_load_explicit(&pipe->head, memory_order_acquire) == NUM_PROBES) {
        return false;
    }
    atomic_store_explicit(&pipe->items[tail % NUM_PROBES], item, memory_order_relaxed);
    atomic_store_explicit(&pipe->tail, tail + 1, memory_order_release);
    return true;
}

static bool pipe_take(struct pipe *pipe, uint64_t *item)
{
    uint32_t head = atomic_load_explicit(&pipe->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&pipe->tail, memory_order_acquire)) {
        return false;
    }
    *item = atomic_load_explicit(&pipe->items[head % NUM_PROBES], memory_order_relaxed);
    atomic_store_explicit(&pipe->head, head + 1, memory_order_release);
    return true;
}

/* Some checks take long, of some nothing is heard again. */
void *prober_run(void *user)
{
    struct driver *driver = user;
    struct random random = {5};
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        uint64_t probe = 0;
        bool there = pipe_take(&driver->wanted, &probe);
        if (!there || random_one_in(&random, 4)) {
            struct timespec pause = {.tv_nsec = 1000 * (long)random_below(&random, 2000)};
            nanosleep(&pause, NULL);
        }
        if (there && !random_one_in(&random, 8)) {
            pipe_put(&driver->answered, probe);
        }
    }
    return NULL;
}

/* ---- the driver ---- */

static void hear(struct driver *driver)
{
    struct svcroute_event event = {.size = sizeof(event)};
    while (svcroute_balancer_next_event(driver->balancer, &event) == 0) {
        driver->events++;
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            check(CHECK_PROBE, event.probe != 0 && event.url.size != 0);
            pipe_put(&driver->wanted, event.probe);
        }
    }
}

static void answer(struct driver *driver)
{
    uint64_t probe = 0;
    while (pipe_take(&driver->answered, &probe)) {
        uint32_t outcome =
            random_one_in(&driver->random, 4) ? SVCROUTE_PROBE_FAILED : SVCROUTE_PROBE_STATUS;
        int error = svcroute_balancer_report_probe(driver->balancer, probe, outcome, 200, now_ns());
        check(CHECK_PROBE, error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
    }
}

/* The servers of a leaf in the present table. */
static uint32_t leaf_servers(const struct driver *driver, uint32_t leaf,
                             const struct svcroute_service **service, char name[32])
{
    struct svcroute_service_info info = {.size = sizeof(info)};
    snprintf(name, 32, "default-s%u-80", leaf);
    *service = svcroute_table_find_service(driver->cluster.table,
                                           (struct svcroute_text){name, strlen(name)});
    return *service != NULL && svcroute_service_get_info(*service, &info) == 0 ? info.num_servers
                                                                               : 0;
}

/* Id of a server; its number in the leaf is told. */
static uint64_t server_at(const struct driver *driver, const struct svcroute_service *service,
                          const char *name, uint32_t index, uint32_t *number)
{
    struct svcroute_server_info info = {.size = sizeof(info)};
    uint32_t leaf = 0;
    uint64_t id = 0;
    bool good = svcroute_service_get_server(service, index, &info) == 0 &&
                host_read(info.host, &leaf, number) &&
                svcroute_balancer_find_server(
                    driver->balancer, (struct svcroute_text){name, strlen(name)}, index, &id) == 0;
    check(CHECK_ADMIN, good && id != 0);
    return id;
}

static void administrate(struct driver *driver)
{
    const struct svcroute_service *service = NULL;
    char name[32];
    uint32_t leaf = random_below(&driver->random, NUM_STEADY);
    uint32_t num = leaf_servers(driver, leaf, &service, name);
    uint32_t number = 0;
    if (!check(CHECK_ADMIN, num != 0)) {
        return;
    }
    uint64_t id = server_at(driver, service, name, random_below(&driver->random, num), &number);
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    check(CHECK_ADMIN, svcroute_balancer_get_server_stats(driver->balancer, id, &stats) == 0);
    if (number != 0) {
        check(CHECK_ADMIN,
              svcroute_balancer_set_admin(driver->balancer, id, random_below(&driver->random, 4),
                                          now_ns()) == 0);
    }
}

/* Gives a worker another picker, and frees the one that it had. */
static void picker_change(struct driver *driver)
{
    struct worker *worker = &driver->workers[random_below(&driver->random, NUM_WORKERS)];
    svcroute_picker_free(atomic_exchange_explicit(&worker->retired, NULL, memory_order_acquire));
    struct svcroute_picker *fresh = NULL;
    check(CHECK_PICKER, svcroute_picker_new(&fresh, driver->balancer, now_ns()) == 0);
    driver->pickers++;
    if (random_one_in(&driver->random, 2)) {
        svcroute_picker_free(fresh); /* nobody had it */
        return;
    }
    /* One that the worker has not taken yet comes back. */
    svcroute_picker_free(atomic_exchange_explicit(&worker->offered, fresh, memory_order_acq_rel));
}

/* Lets askers have the table too; one that nobody took comes back. */
static void share(struct driver *driver, struct asker *asker)
{
    struct shared *fresh = malloc(sizeof(*fresh));
    if (fresh == NULL) {
        abort();
    }
    *fresh =
        (struct shared){svcroute_table_ref(driver->cluster.table), driver->cluster.table_rules};
    shared_free(atomic_exchange_explicit(&asker->offered, fresh, memory_order_acq_rel));
}

static void install(struct driver *driver)
{
    history_begin(driver->cluster.table_members, driver->cluster.table_rules);
    check(CHECK_UPDATE,
          svcroute_balancer_update(driver->balancer, driver->cluster.table, now_ns()) == 0);
    history_end();
    driver->updates++;
    for (uint32_t i = 0; i < NUM_ASKERS; i++) {
        share(driver, &driver->askers[i]);
    }
}

static void update(struct driver *driver)
{
    cluster_change(&driver->cluster);
    install(driver);
    for (uint32_t flips = random_below(&driver->random, 16); flips > 8; flips--) {
        cluster_flip(&driver->cluster);
        install(driver);
    }
}

static void advance(struct driver *driver)
{
    if (svcroute_balancer_needs_advance(driver->balancer) ||
        svcroute_balancer_next_deadline(driver->balancer) <= now_ns()) {
        svcroute_balancer_advance(driver->balancer, now_ns());
    }
    hear(driver);
    answer(driver);
}

static void let_storm(struct driver *driver)
{
    struct timespec pause = {.tv_nsec = 200000};
    uint64_t end = now_ns() + UINT64_C(20000000);
    atomic_store_explicit(&storm, true, memory_order_relaxed);
    while (now_ns() < end) {
        advance(driver);
        nanosleep(&pause, NULL);
    }
    atomic_store_explicit(&storm, false, memory_order_relaxed);
}

void driver_run(struct driver *driver, double seconds)
{
    uint64_t start = now_ns();
    uint64_t end = start + (uint64_t)(seconds * 1e9);
    uint64_t told = start;
    for (uint64_t now = start; now < end && !atomic_load(&over); now = now_ns()) {
        if (random_one_in(&driver->random, 2)) {
            update(driver);
        }
        if (random_one_in(&driver->random, 4)) {
            administrate(driver);
        }
        if (random_one_in(&driver->random, 32)) {
            picker_change(driver);
        }
        if (random_one_in(&driver->random, 64)) {
            let_storm(driver);
        }
        for (uint32_t i = 0; i < 8; i++) {
            advance(driver);
        }
        if (now - told > UINT64_C(10000000000)) {
            told = now;
            fprintf(stderr, "%.0f of %.0f s, %llu updates\n", (double)(now - start) / 1e9, seconds,
                    (unsigned long long)driver->updates);
        }
    }
}

void driver_count(struct driver *driver)
{
    for (uint32_t leaf = 0; leaf < NUM_LEAVES; leaf++) {
        const struct svcroute_service *service = NULL;
        char name[32];
        uint32_t num = leaf_servers(driver, leaf, &service, name);
        for (uint32_t i = 0; i < num; i++) {
            struct svcroute_server_stats stats = {.size = sizeof(stats)};
            uint32_t number = 0;
            uint64_t id = server_at(driver, service, name, i, &number);
            svcroute_balancer_get_server_stats(driver->balancer, id, &stats);
            check(CHECK_FLIGHT, stats.in_flight == 0);
            if (leaf < NUM_STEADY && number == 0) {
                check(CHECK_COUNTS, stats.picks == atomic_load(&tallies[leaf].picks));
                check(CHECK_COUNTS, stats.failures == atomic_load(&tallies[leaf].failures));
            }
        }
    }
}
