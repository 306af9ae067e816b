/* Who waits for a child that is not there, and what an update costs where many do. */
#include "balance_support.h"

enum { MANY = 500 };

/* `num` TraefikServices that have a child of another provider beside one that is there. */
static void open_with(struct scene *scene, unsigned num, const char *policy)
{
    struct script script = {0};
    char name[32], spec[128];
    say_service(&script, "a", 1, 2, 0);
    say_service(&script, "b", 2, 2, 0);
    say_tree(&script, "t", "{weighted: {services: [{name: a, port: 80}, {name: b, port: 80}]}}");
    for (unsigned i = 0; i < num; i++) {
        snprintf(name, sizeof(name), "w%u", i);
        snprintf(spec, sizeof(spec),
                 "{weighted: {services: [{name: b, port: 80}, {kind: TraefikService, name: "
                 "x%u@file}]}}",
                 i);
        say_tree(&script, name, spec);
    }
    scene_open(scene, &script, policy, SVCROUTE_BALANCER_NO_PHASE);
}

/* Allocations of an update after service a got other servers. */
static size_t cost_of_update(struct scene *scene, unsigned servers)
{
    struct script script = {0};
    say_service(&script, "a", 1, servers, 0);
    scene_load(scene, &script);
    scene_resolve(scene);
    size_t before = scene->world.memory.calls;
    ck_assert_int_eq(svcroute_balancer_update(scene->balancer, scene->table, 1), 0);
    size_t calls = scene->world.memory.calls - before;
    ck_assert_int_eq(svcroute_picker_refresh(scene->picker, 1), 0);
    return calls;
}

/* Whoever is looked at gets a layout, which is an allocation at least: what others there are that
 * wait for another provider costs not a single one. */
START_TEST(other_providers_cost_nothing)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct scene few, many;
        open_with(&few, 0, traefik ? "traefik cross" : "cross");
        open_with(&many, MANY, traefik ? "traefik cross" : "cross");
        ck_assert_uint_eq(many.balancer->waiting.num, MANY);
        for (unsigned servers = 3; servers < 6; servers++) {
            ck_assert_uint_eq(cost_of_update(&many, servers), cost_of_update(&few, servers));
        }
        ck_assert_uint_eq(many.balancer->waiting.num, MANY);
        ck_assert_str_eq(pick_once(&many, handle_of(&many, "default-w7"), NULL, 2),
                         traefik ? "-" : "10.2.0.1");
        scene_close(&few);
        scene_close(&many);
    }
}
END_TEST

/* Those who wait for a name of the table's own are found by it, and nobody else is touched. */
START_TEST(who_waits_is_found)
{
    struct script script = {0};
    struct scene scene;
    char name[32], spec[160];
    say_service(&script, "a", 1, 2, 0);
    say_service(&script, "b", 2, 2, 0);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "w%u", i);
        snprintf(spec, sizeof(spec),
                 "{weighted: {services: [{kind: TraefikService, name: "
                 "default-v%u@kubernetescrd}, {kind: TraefikService, name: v%u@file}]}}",
                 i % 100, i);
        say_tree(&script, name, spec);
    }
    scene_open(&scene, &script, "cross at:default", SVCROUTE_BALANCER_NO_PHASE);
    ck_assert_uint_eq(scene.balancer->waiting.num, 2 * MANY);
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-w7"), NULL, 0), "-");
    for (unsigned round = 0; round < 3; round++) {
        say_tree(&script, "v7",
                 round % 2 == 0 ? "{weighted: {services: [{name: a, port: 80}]}}"
                                : "{mirroring: {name: b, port: 80, mirrors: []}}");
        scene_load(&scene, &script);
        scene_update(&scene, 1);
        ck_assert_uint_eq(scene.balancer->waiting.num, 2 * MANY - 5);
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(name, sizeof(name), "default-w%u", i);
            const char *host = pick_once(&scene, handle_of(&scene, name), NULL, 1);
            ck_assert_int_eq(host[0] != '-', i % 100 == 7);
            ck_assert(i % 100 != 7 || host[3] == (round % 2 == 0 ? '1' : '2'));
        }
        ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), SVCR_TEXT("v7")),
                         0);
        scene_update(&scene, 2);
        ck_assert_uint_eq(scene.balancer->waiting.num, 2 * MANY);
        ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-w7"), NULL, 2), "-");
    }
    /* and those who go wait no more */
    for (unsigned i = 0; i < MANY; i++) {
        svcr_text gone = {name, (size_t)snprintf(name, sizeof(name), "w%u", i)};
        ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), gone),
                         0);
    }
    scene_update(&scene, 3);
    ck_assert_uint_eq(scene.balancer->waiting.num, 0);
    scene_close(&scene);
}
END_TEST

/* Out of memory while the table grows: nobody is lost. */
START_TEST(growing_may_fail)
{
    struct scene scene;
    struct script script = {0};
    char name[32], spec[128];
    open_with(&scene, 10, "cross at:default");
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "y%u", i);
        snprintf(spec, sizeof(spec),
                 "{weighted: {services: [{kind: TraefikService, name: "
                 "default-z@kubernetescrd}, {name: a, port: 80}]}}");
        say_tree(&script, name, spec);
    }
    scene_load(&scene, &script);
    scene_resolve(&scene);
    int error = SVCROUTE_ERR_NOMEM;
    for (size_t fail_at = 1; error != 0; fail_at++) {
        scene.world.memory.fail_at = scene.world.memory.calls + fail_at;
        error = svcroute_balancer_update(scene.balancer, scene.table, 1);
        scene.world.memory.fail_at = 0;
        ck_assert(error == 0 || error == SVCROUTE_ERR_NOMEM);
        ck_assert_uint_eq(scene.balancer->waiting.num, error == 0 ? 50 : 10);
    }
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 1), 0);
    say_tree(&script, "z", "{weighted: {services: [{name: b, port: 80}]}}");
    scene_load(&scene, &script);
    scene_update(&scene, 2);
    ck_assert_uint_eq(scene.balancer->waiting.num, 10);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "default-y%u", i);
        unsigned there = 0;
        for (unsigned k = 0; k < 2; k++) { /* in turn */
            there += pick_once(&scene, handle_of(&scene, name), NULL, 3)[3] == '2';
        }
        ck_assert_uint_eq(there, 1);
    }
    scene_close(&scene);
}
END_TEST

Suite *suite_waiting(void);
Suite *suite_waiting(void)
{
    Suite *suite = suite_create("waiting");
    TCase *all = tcase_create("all");
    tcase_add_test(all, other_providers_cost_nothing);
    tcase_add_test(all, who_waits_is_found);
    tcase_add_test(all, growing_may_fail);
    suite_add_tcase(suite, all);
    return suite;
}
