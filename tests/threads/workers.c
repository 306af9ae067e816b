/* Who picks, and who ends what others picked. */
#include "threads.h"

#include <string.h>
#include <time.h>

struct tally tallies[NUM_STEADY];

/* ---- the end of a request ---- */

static bool is_failure(const struct svcroute_outcome *outcome)
{
    return outcome->kind == SVCROUTE_OUTCOME_STATUS ? outcome->status >= 500
                                                    : outcome->kind != SVCROUTE_OUTCOME_CLIENT;
}

static struct svcroute_outcome outcome_of(const struct slot *slot, struct random *random)
{
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = 200};
    if (random_one_in(random, slot->leaf == LEAF_SPARE ? 2 : 8)) {
        outcome.kind = random_one_in(random, 2) ? SVCROUTE_OUTCOME_STATUS
                                                : SVCROUTE_OUTCOME_STATUS + random_below(random, 5);
        outcome.status = 503;
    }
    return outcome;
}

static void count_failure(const struct slot *slot, const struct svcroute_outcome *outcome)
{
    if (slot->steady && is_failure(outcome)) {
        atomic_fetch_add_explicit(&tallies[slot->leaf].failures, 1, memory_order_relaxed);
    }
}

static void report(struct slot *slot, struct random *random)
{
    struct svcroute_outcome outcome = outcome_of(slot, random);
    count_failure(slot, &outcome);
    slot->reported = true;
    check(CHECK_END, svcroute_pick_report(slot->pick, &outcome, now_ns()) == 0);
    check(CHECK_END, svcroute_pick_report(slot->pick, &outcome, now_ns()) == SVCROUTE_ERR_STATE);
}

static void finish(struct slot *slot, struct random *random)
{
    struct svcroute_outcome outcome = outcome_of(slot, random);
    bool tell = !slot->reported && !random_one_in(random, 8);
    if (tell) {
        count_failure(slot, &outcome);
    }
    check(CHECK_END, svcroute_pick_finish(slot->pick, tell ? &outcome : NULL, now_ns()) == 0);
    check(CHECK_END, svcroute_pick_finish(slot->pick, NULL, now_ns()) == SVCROUTE_ERR_STATE);
}

/* Reads all that a pick lends. */
static void look(struct slot *slot)
{
    char cookie[256];
    size_t size = sizeof(cookie);
    struct svcroute_pick_info info = {.size = sizeof(info)};
    uint32_t leaf = 0;
    uint32_t server = 0;
    check(CHECK_OWN, svcroute_pick_get_info(slot->pick, &info) == 0 && info.url.size > 10 &&
                         info.service.size > 8);
    bool external = !host_read(info.host, &leaf, &server);
    check(CHECK_OWN, external ? slot->leaf == NUM_LEAVES : leaf == slot->leaf);
    for (uint32_t i = 0; i < info.num_cookies; i++) {
        size = sizeof(cookie);
        check(CHECK_COOKIE, svcroute_pick_copy_cookie(slot->pick, i, cookie, &size) == 0);
    }
    svcroute_pick_wants_fallback(slot->pick, 503);
}

static void give(struct slot *slot, enum owner owner)
{
    if (owner == OWNER_NOBODY) {
        svcroute_pick_clear(slot->pick);
        slot->num_tried = 0;
    }
    atomic_store_explicit(&slot->owner, owner, memory_order_release);
}

/* ---- the finisher ---- */

static void finisher_step(struct slot *slot, struct random *random)
{
    look(slot);
    if (random_one_in(random, 4)) { /* a long one */
        return;
    }
    if (!slot->reported && random_one_in(random, 2)) {
        report(slot, random);
        return;
    }
    if (random_one_in(random, 8)) { /* given up */
        give(slot, OWNER_NOBODY);
        return;
    }
    finish(slot, random);
    if (random_one_in(random, 4)) {
        look(slot);
    }
    give(slot, random_one_in(random, 4) ? OWNER_ANY : OWNER_NOBODY);
}

void *finisher_run(void *workers)
{
    struct worker *all = workers;
    struct random random = {99};
    struct timespec pause = {.tv_nsec = 100000};
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        if (atomic_load_explicit(&storm, memory_order_relaxed)) {
            nanosleep(&pause, NULL);
        }
        for (uint32_t i = 0; i < NUM_WORKERS * NUM_SLOTS; i++) {
            struct slot *slot = &all[i % NUM_WORKERS].slots[i / NUM_WORKERS];
            if (atomic_load_explicit(&slot->owner, memory_order_acquire) == OWNER_FINISHER) {
                finisher_step(slot, &random);
            }
        }
    }
    return NULL;
}

/* ---- picking ---- */

static struct slot *slot_take(struct worker *worker)
{
    uint32_t first = random_below(&worker->random, NUM_SLOTS);
    for (uint32_t i = 0; i < NUM_SLOTS; i++) {
        struct slot *slot = &worker->slots[(first + i) % NUM_SLOTS];
        if (atomic_load_explicit(&slot->owner, memory_order_acquire) == OWNER_NOBODY) {
            atomic_store_explicit(&slot->owner, OWNER_WORKER, memory_order_relaxed);
            return slot;
        }
    }
    return NULL;
}

/* Notes and judges what was picked. */
static void picked(struct worker *worker, struct slot *slot)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    uint32_t server = 0;
    slot->reported = false;
    check(CHECK_OWN, svcroute_pick_get_info(slot->pick, &info) == 0);
    if (!host_read(info.host, &slot->leaf, &server)) {
        check(CHECK_OWN, slot->target == TARGET_PROBED && info.host.size == 10);
        slot->leaf = NUM_LEAVES;
        slot->steady = false;
    } else {
        check(CHECK_OWN, (target_leaves(slot->target) >> slot->leaf & 1) != 0);
        slot->steady = slot->leaf < NUM_STEADY && server == 0;
        if (worker->first != 0) {
            check(CHECK_LIVE,
                  history_has(worker->first, history_begun(), slot->leaf, 1U << server));
        }
    }
    if (slot->steady) {
        atomic_fetch_add_explicit(&tallies[slot->leaf].picks, 1, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < slot->num_tried; i++) {
        check(CHECK_AGAIN, slot->tried[i] != info.server);
    }
    if (slot->num_tried < MAX_TRIED) {
        slot->tried[slot->num_tried++] = info.server;
    }
    if (slot->target < NUM_LEAVES && info.why == SVCROUTE_WHY_COOKIE) {
        check(CHECK_COOKIE, server == worker->jar[slot->target].server);
    }
    size_t size = sizeof(worker->jar[0].text);
    if (slot->target < NUM_LEAVES && info.num_cookies != 0 &&
        svcroute_pick_copy_cookie(slot->pick, 0, worker->jar[slot->target].text, &size) == 0) {
        const char *end = memchr(worker->jar[slot->target].text, ';', size);
        worker->jar[slot->target].size =
            end != NULL ? (size_t)(end - worker->jar[slot->target].text) : size;
        worker->jar[slot->target].server = server;
    }
}

static void mirror(struct worker *worker, const struct slot *slot)
{
    struct svcroute_mirror_info info = {.size = sizeof(info)};
    if (svcroute_pick_get_mirror(slot->pick, 0, &info) != 0) {
        return;
    }
    struct slot *copy = slot_take(worker);
    if (copy == NULL) {
        return;
    }
    int error =
        svcroute_picker_pick_mirror(worker->picker, slot->pick, 0, NULL, copy->pick, now_ns());
    copy->target = TARGET_LEAF + 2;
    copy->passing = slot->passing;
    if (check(CHECK_MIRROR, error == 0)) {
        picked(worker, copy);
        give(copy, OWNER_FINISHER);
    }
}

/* A finished pick goes on to other servers, by whichever worker finds it. */
static bool again(struct worker *worker, struct slot *slot)
{
    int error = svcroute_picker_pick_next(worker->picker, NULL, slot->pick, now_ns());
    check(CHECK_AGAIN,
          error == 0 || error == SVCROUTE_ERR_ALL_TRIED || error == SVCROUTE_ERR_NO_SERVER ||
              (error == SVCROUTE_ERR_GONE && (slot->target == LEAF_COMING || slot->passing)));
    if (error != 0) {
        return false;
    }
    picked(worker, slot);
    return true;
}

/* What becomes of an open pick. */
static void go_on(struct worker *worker, struct slot *slot)
{
    struct random *random = &worker->random;
    if (random_one_in(random, 4)) {
        report(slot, random);
    }
    if (random_one_in(random, 3)) {
        give(slot, OWNER_FINISHER);
        return;
    }
    finish(slot, random);
    while (random_one_in(random, 2) && again(worker, slot)) {
        if (random_one_in(random, 3)) {
            give(slot, OWNER_FINISHER);
            return;
        }
        finish(slot, random);
    }
    give(slot, OWNER_NOBODY);
}

static int pick(struct worker *worker, struct slot *slot, uint64_t handle)
{
    static const char *const clients[] = {"192.0.2.1", "192.0.2.77", "2001:db8::1", "198.51.100.9"};
    const char *client = clients[random_below(&worker->random, 4)];
    struct svcroute_text cookie = {NULL, 0};
    struct svcroute_request request = {
        .size = sizeof(request), .client = {client, strlen(client)}, .cookies = &cookie};
    if (slot->target < NUM_LEAVES && worker->jar[slot->target].size != 0) {
        cookie =
            (struct svcroute_text){worker->jar[slot->target].text, worker->jar[slot->target].size};
        request.num_cookies = random_below(&worker->random, 2);
    }
    return svcroute_picker_pick(worker->picker, handle, &request, slot->pick, now_ns());
}

/* The leaf that comes and goes: by an old handle it is there or gone, by a new one it is there. */
static int pick_coming(struct worker *worker, struct slot *slot)
{
    uint64_t *handle = &worker->handles[LEAF_COMING];
    if (*handle != 0 && random_one_in(&worker->random, 2)) {
        int error = pick(worker, slot, *handle);
        check(CHECK_COMING, error == 0 || error == SVCROUTE_ERR_GONE);
        return error;
    }
    int error =
        svcroute_picker_find_service(worker->picker, target_name(NULL, LEAF_COMING), handle);
    if (error == 0) {
        error = pick(worker, slot, *handle);
        check(CHECK_COMING, error == 0);
    } else if (worker->first != 0) {
        check(CHECK_COMING, error == SVCROUTE_ERR_NOT_FOUND &&
                                history_lacks(worker->first, history_begun(), LEAF_COMING));
    }
    return error;
}

/* True if a pick had to take one that is ejected: nobody else is there. */
static bool last_resort(const struct slot *slot)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    return svcroute_pick_get_info(slot->pick, &info) == 0 && info.why == SVCROUTE_WHY_LAST_RESORT;
}

/* A pick looks at one server after the other, and while it does so one may return and the other be
 * ejected. But who is ejected stays so for some time: two picks in a row cannot both be misled. */
static void look_for_spare(struct worker *worker, const struct slot *slot, uint64_t start)
{
    if (traefik) {
        return;
    }
    bool gone = last_resort(slot);
    struct slot *second = gone ? slot_take(worker) : NULL;
    if (second != NULL) {
        second->target = LEAF_SPARE;
        gone = pick(worker, second, worker->handles[LEAF_SPARE]) == 0 && last_resort(second);
        gone = gone && now_ns() - start < EJECTED / 2;
        give(second, OWNER_NOBODY);
    }
    check(CHECK_SPARE, !gone || second == NULL);
}

/* In traefik-v3 the last server may be ejected, and a parent does not pass over one that is down;
 * then nobody is found, but not for ever. */
static bool may_fail(const struct slot *slot)
{
    return traefik && (slot->target == LEAF_SPARE || slot->target == TARGET_PROBED);
}

static bool found(struct worker *worker, const struct slot *slot, int error)
{
    bool nobody = error == SVCROUTE_ERR_NO_SERVER && may_fail(slot);
    check(CHECK_PICKED, error == 0 || nobody);
    if (slot->target == LEAF_SPARE && traefik && worker->nobody && error == 0) {
        check(CHECK_SPARE, true);
    }
    worker->nobody = slot->target == LEAF_SPARE ? nobody : worker->nobody;
    return error == 0;
}

static void request_in_storm(struct worker *worker)
{
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = 500};
    struct slot *slot = slot_take(worker);
    uint64_t start = now_ns();
    if (slot == NULL) {
        return;
    }
    slot->target = LEAF_SPARE;
    slot->passing = false;
    if (found(worker, slot, pick(worker, slot, worker->handles[LEAF_SPARE]))) {
        look_for_spare(worker, slot, start);
        check(CHECK_END, svcroute_pick_finish(slot->pick, &outcome, now_ns()) == 0);
    }
    give(slot, OWNER_NOBODY);
}

static void request(struct worker *worker)
{
    struct slot *slot = slot_take(worker);
    if (slot == NULL) {
        return;
    }
    int error;
    uint64_t start = now_ns();
    slot->target = random_below(&worker->random, NUM_TARGETS);
    uint64_t route = random_one_in(&worker->random, 3) ? worker_match(worker, &slot->target) : 0;
    slot->passing = route != 0;
    if (route != 0) {
        error = pick(worker, slot, route);
        found(worker, slot, error);
    } else if (slot->target == LEAF_COMING) {
        error = pick_coming(worker, slot);
    } else {
        error = pick(worker, slot, worker->handles[slot->target]);
        found(worker, slot, error);
    }
    if (error != 0) {
        give(slot, OWNER_NOBODY);
        return;
    }
    if (slot->target == LEAF_SPARE) {
        look_for_spare(worker, slot, start);
    }
    picked(worker, slot);
    mirror(worker, slot);
    go_on(worker, slot);
}

/* Takes up a pick that the finisher has finished. */
static void take_up(struct worker *worker)
{
    uint32_t at = random_below(&worker->random, NUM_WORKERS * NUM_SLOTS);
    struct slot *slot = &worker->all[at % NUM_WORKERS].slots[at / NUM_WORKERS];
    uint32_t any = OWNER_ANY;
    if (atomic_compare_exchange_strong_explicit(&slot->owner, &any, OWNER_WORKER,
                                                memory_order_acquire, memory_order_relaxed)) {
        if (again(worker, slot)) {
            go_on(worker, slot);
        } else {
            give(slot, OWNER_NOBODY);
        }
    }
}

static void change_picker(struct worker *worker)
{
    if (atomic_load_explicit(&worker->offered, memory_order_relaxed) == NULL ||
        atomic_load_explicit(&worker->retired, memory_order_relaxed) != NULL) {
        return;
    }
    struct svcroute_picker *next =
        atomic_exchange_explicit(&worker->offered, NULL, memory_order_acquire);
    uint64_t handle = 0;
    if (next == NULL) { /* the driver took it back */
        return;
    }
    atomic_store_explicit(&worker->retired, worker->picker, memory_order_release);
    worker->picker = next;
    check(CHECK_PICKER,
          svcroute_picker_find_service(next, target_name(NULL, TARGET_TREE), &handle) == 0 &&
              handle == worker->handles[TARGET_TREE]);
}

void *worker_run(void *user)
{
    struct worker *worker = user;
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        /* Asking orders this thread after the driver, so it is done now and then only. */
        worker->first = random_one_in(&worker->random, 8) ? history_done() : 0;
        change_picker(worker);
        if (worker->first != 0 || svcroute_picker_stale(worker->picker) ||
            random_one_in(&worker->random, 8)) {
            check(CHECK_REFRESH, svcroute_picker_refresh(worker->picker, now_ns()) == 0);
        }
        if (atomic_load_explicit(&storm, memory_order_relaxed)) {
            request_in_storm(worker);
        } else {
            request(worker);
            take_up(worker);
        }
    }
    return NULL;
}
