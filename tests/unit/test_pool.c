/* Servers and the count of the usable ones, by one thread and by two at once. */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "balance/core.h"

#include "failing_allocator.h"

enum { SERVERS = 3 };

struct scene {
    struct failing_allocator allocator;
    struct svcroute_context *context;
    struct svcr_pool *pool;
    struct svcr_peer *peers[SERVERS];
};

static void scene_open(struct scene *scene, uint32_t num)
{
    scene->context = failing_context(&scene->allocator);
    scene->pool = svcr_pool_new(scene->context);
    ck_assert_ptr_nonnull(scene->pool);
    for (uint32_t i = 0; i < SERVERS; i++) {
        scene->peers[i] = i < num ? svcr_peer_new(scene->context, scene->pool) : NULL;
        ck_assert(i >= num || scene->peers[i] != NULL);
    }
    atomic_store(&scene->pool->usable, num);
}

static void scene_close(struct scene *scene)
{
    for (uint32_t i = 0; i < SERVERS; i++) {
        svcr_peer_unref(scene->context, scene->peers[i]);
    }
    svcr_pool_unref(scene->context, scene->pool);
    svcroute_context_unref(scene->context);
    ck_assert_uint_eq(scene->allocator.live, 0);
}

static uint32_t usable(const struct scene *scene)
{
    return atomic_load(&scene->pool->usable);
}

static uint32_t state(const struct scene *scene, uint32_t i)
{
    return atomic_load(&scene->peers[i]->live.state);
}

static uint32_t num_up(const struct scene *scene)
{
    uint32_t up = 0;
    for (uint32_t i = 0; i < SERVERS; i++) {
        up += scene->peers[i] != NULL && svcr_state_counts(state(scene, i)) ? 1 : 0;
    }
    return up;
}

START_TEST(the_count_follows_the_states)
{
    struct scene scene;
    scene_open(&scene, 2);
    struct svcr_peer *peer = scene.peers[0];
    ck_assert(svcr_peer_change(peer, 0, SVCR_RAW_ACTIVE));
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert(!svcr_peer_change(peer, 0, SVCR_RAW_ACTIVE));
    ck_assert(svcr_peer_change(peer, 0, SVCR_STATE_DOWN_ADMIN)); /* down twice counts once */
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert(svcr_peer_change(peer, SVCR_RAW_ACTIVE, 0));
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert(svcr_peer_change(peer, SVCR_STATE_DOWN_ADMIN, 0));
    ck_assert_uint_eq(usable(&scene), 2);
    ck_assert(svcr_peer_change(peer, 0, SVCR_STATE_FENCED)); /* still there for the last resort */
    ck_assert_uint_eq(usable(&scene), 2);
    ck_assert(svcr_peer_change(peer, 0, SVCR_STATE_FORCED_UP | SVCR_RAW_ACTIVE));
    ck_assert_uint_eq(usable(&scene), 2);
    ck_assert(svcr_peer_change(peer, SVCR_STATE_FORCED_UP, 0));
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert(svcr_peer_change(peer, SVCR_RAW_ACTIVE, SVCR_RAW_GONE));
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert_uint_eq(num_up(&scene), 1);
    scene_close(&scene);
}
END_TEST

START_TEST(the_last_one_is_not_ejected)
{
    struct scene scene;
    scene_open(&scene, 3);
    svcr_peer_change(scene.peers[2], 0, SVCR_STATE_DOWN_ADMIN);
    ck_assert(svcr_peer_eject_spare(scene.peers[0]));
    ck_assert_uint_eq(state(&scene, 0), SVCR_RAW_PASSIVE | SVCR_STATE_DOWN_PASSIVE);
    ck_assert_uint_eq(usable(&scene), 1);
    ck_assert(!svcr_peer_eject_spare(scene.peers[1]));
    ck_assert_uint_eq(state(&scene, 1), 0);
    ck_assert_uint_eq(usable(&scene), 1);
    svcr_peer_change(scene.peers[2], SVCR_STATE_DOWN_ADMIN, SVCR_STATE_FORCED_UP);
    ck_assert(svcr_peer_eject_spare(scene.peers[2])); /* noted, but the host's word covers it */
    ck_assert_uint_eq(usable(&scene), 2);
    ck_assert_uint_eq(state(&scene, 2), SVCR_RAW_PASSIVE | SVCR_STATE_FORCED_UP);
    scene_close(&scene);
}
END_TEST

/* ---- two threads ---- */

struct race { /* two threads that go through rounds side by side */
    struct scene scene;
    void (*step)(struct race *race, uint32_t thread);
    uint32_t rounds;
    _Atomic uint32_t arrived;
    bool ejected[2];
};

static uint32_t rounds(uint32_t fast)
{
    return getenv("SVCROUTE_TEST_SLOW") != NULL ? fast / 20 : fast;
}

static void meet(struct race *race, uint32_t meeting)
{
    atomic_fetch_add(&race->arrived, 1);
    for (uint32_t spins = 0; atomic_load(&race->arrived) < 2 * meeting; spins++) {
        if (spins % 256 == 255) {
            sched_yield();
        }
    }
}

static void *other_thread(void *user)
{
    struct race *race = user;
    for (uint32_t i = 0; i < race->rounds; i++) {
        meet(race, 2 * i + 1);
        race->step(race, 1);
        meet(race, 2 * i + 2);
    }
    return NULL;
}

/* Runs `step` on two threads at once, `reset` before and `check` after each time. */
static void run(struct race *race, void (*step)(struct race *race, uint32_t thread),
                void (*reset)(struct race *race), void (*check)(const struct race *race))
{
    pthread_t thread;
    race->step = step;
    atomic_store(&race->arrived, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, race), 0);
    for (uint32_t i = 0; i < race->rounds; i++) {
        race->ejected[0] = race->ejected[1] = false;
        reset(race);
        meet(race, 2 * i + 1);
        step(race, 0);
        meet(race, 2 * i + 2);
        check(race);
    }
    pthread_join(thread, NULL);
}

/* Lets everybody in. Nobody else runs. */
static void all_in(struct race *race)
{
    for (uint32_t i = 0; i < SERVERS && race->scene.peers[i] != NULL; i++) {
        svcr_peer_change(race->scene.peers[i], SVCR_RAW_PASSIVE | SVCR_STATE_DOWN_ADMIN, 0);
    }
}

/* Check writes a record for each assertion that holds, so these are one each. */
static void check_count(const struct race *race, bool good)
{
    if (!good || usable(&race->scene) != num_up(&race->scene)) {
        ck_abort_msg("%d %d, %u count and %u are up", race->ejected[0], race->ejected[1],
                     usable(&race->scene), num_up(&race->scene));
    }
}

static void eject_own(struct race *race, uint32_t thread)
{
    race->ejected[thread] = svcr_peer_eject_spare(race->scene.peers[thread]);
}

static void one_is_out(const struct race *race)
{
    check_count(race, race->ejected[0] != race->ejected[1] && num_up(&race->scene) == 1);
}

START_TEST(two_threads_eject_at_once)
{
    struct race race = {.rounds = rounds(40000)};
    scene_open(&race.scene, 2);
    run(&race, eject_own, all_in, one_is_out);
    scene_close(&race.scene);
}
END_TEST

/* Who sees that a server is down must find it off the count. */
static void eject_when_other_is_down(struct race *race, uint32_t thread)
{
    if (thread == 0) {
        svcr_peer_change(race->scene.peers[0], 0, SVCR_STATE_DOWN_ADMIN);
        return;
    }
    for (uint32_t spins = 0; svcr_state_counts(state(&race->scene, 0)); spins++) {
        if (spins % 256 == 255) {
            sched_yield();
        }
    }
    race->ejected[1] = svcr_peer_eject_spare(race->scene.peers[1]);
}

static void the_other_stays(const struct race *race)
{
    check_count(race, !race->ejected[1] && num_up(&race->scene) == 1);
}

START_TEST(a_server_that_is_down_spares_nobody)
{
    struct race race = {.rounds = rounds(40000)};
    scene_open(&race.scene, 2);
    run(&race, eject_when_other_is_down, all_in, the_other_stays);
    scene_close(&race.scene);
}
END_TEST

/* One of three is ejected by both, or taken down by the host meanwhile: it counts once. */
static void eject_same(struct race *race, uint32_t thread)
{
    race->ejected[thread] = svcr_peer_eject_spare(race->scene.peers[0]);
}

static void eject_and_change(struct race *race, uint32_t thread)
{
    race->ejected[thread] = thread == 0
                                ? svcr_peer_change(race->scene.peers[0], 0, SVCR_STATE_DOWN_ADMIN)
                                : svcr_peer_eject_spare(race->scene.peers[0]);
}

static void change_same(struct race *race, uint32_t thread)
{
    race->ejected[thread] = svcr_peer_change(race->scene.peers[0], 0, SVCR_RAW_PASSIVE);
}

static void two_are_left(const struct race *race)
{
    check_count(race, (race->ejected[0] || race->ejected[1]) && num_up(&race->scene) == 2);
}

START_TEST(one_server_counts_once)
{
    struct race race = {.rounds = rounds(20000)};
    scene_open(&race.scene, 3);
    run(&race, eject_same, all_in, two_are_left);
    run(&race, eject_and_change, all_in, two_are_left);
    run(&race, change_same, all_in, two_are_left);
    scene_close(&race.scene);
}
END_TEST

Suite *suite_pool(void)
{
    Suite *suite = suite_create("pool");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, the_count_follows_the_states);
    tcase_add_test(all, the_last_one_is_not_ejected);
    tcase_add_test(all, two_threads_eject_at_once);
    tcase_add_test(all, a_server_that_is_down_spares_nobody);
    tcase_add_test(all, one_server_counts_once);
    return suite;
}
