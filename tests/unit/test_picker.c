/* Chance of pickers: seeds, and pickers that are to start anew. */
#include "balance_support.h"

enum { TIMES = 60 };

/* Six services, one of each strategy and kind, 10.1 to 10.6. */
static void say_all(struct script *script)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    for (unsigned i = 0; i < 6; i++) {
        say_service(script, names[i], i + 1, 9, 0);
    }
    say_tree(script, "t",
             "{weighted: {services: [{name: a, port: 80, weight: 3}, {name: b, port: 80, strategy: "
             "p2c, weight: 2}, {name: c, port: 80, strategy: leasttime}]}}");
    say_tree(script, "m",
             "{mirroring: {kind: TraefikService, name: t, mirrors: [{name: d, port: 80, percent: "
             "34}]}}");
}

/* A run of picks: hosts and mirrors. */
static void run(struct svcroute_picker *picker, uint64_t handle, struct svcroute_context *context,
                char text[TIMES * 8])
{
    struct svcroute_pick *pick = NULL;
    ck_assert_int_eq(svcroute_pick_new(&pick, context), 0);
    for (unsigned i = 0; i < TIMES; i++) {
        struct svcroute_pick_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_picker_pick(picker, handle, NULL, pick, 0), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        snprintf(text + i * 4, 5, "%c%c%c ", info.host.data[3], info.host.data[7],
                 info.num_mirrors != 0 ? '+' : '-');
        struct svcroute_outcome client = {.size = sizeof(client), .kind = SVCROUTE_OUTCOME_CLIENT};
        ck_assert_int_eq(svcroute_pick_finish(pick, &client, 0), 0);
        svcroute_pick_clear(pick);
    }
    svcroute_pick_free(pick);
}

START_TEST(seeds_decide)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        char first[TIMES * 8], second[TIMES * 8], other[TIMES * 8];
        say_all(&script);
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        struct svcroute_context *context = scene.world.context;
        uint64_t handle = handle_of(&scene, "default-t");
        /* from here on it is decided again, whatever was before */
        ck_assert_int_eq(svcroute_picker_seed(scene.picker, 7), 0);
        run(scene.picker, handle, context, first);
        size_t calls = scene.world.memory.calls;
        ck_assert_int_eq(svcroute_picker_seed(scene.picker, 7), 0);
        ck_assert_uint_eq(scene.world.memory.calls, calls);
        run(scene.picker, handle, context, second);
        ck_assert_str_eq(first, second);
        ck_assert_int_eq(svcroute_picker_seed(scene.picker, 8), 0);
        run(scene.picker, handle, context, other);
        ck_assert_str_ne(first, other);
        ck_assert_str_ne(first, second + 4); /* not the same a turn later */
        /* two pickers are two, with one seed */
        struct svcroute_picker *twin = NULL;
        ck_assert_int_eq(svcroute_picker_new(&twin, scene.balancer, 0), 0);
        ck_assert_int_eq(svcroute_picker_seed(twin, 7), 0);
        run(twin, handle, context, other);
        ck_assert_str_ne(first, other);
        svcroute_picker_free(twin);
        ck_assert_int_eq(svcroute_picker_seed(NULL, 7), SVCROUTE_ERR_INVALID);
        scene_close(&scene);
    }
}
END_TEST

/* With 9 servers in turn, 180 seeds start at each of them. */
START_TEST(seeds_start_anywhere)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        unsigned counts[9] = {0};
        say_all(&script);
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        uint64_t handle = handle_of(&scene, "default-a-80");
        for (unsigned seed = 0; seed < 180; seed++) {
            ck_assert_int_eq(svcroute_picker_seed(scene.picker, seed), 0);
            counts[pick_once(&scene, handle, NULL, 0)[7] - '1']++;
        }
        for (unsigned i = 0; i < 9; i++) { /* 20 +- 4.2; less than 4 has a chance below 10^-5 */
            ck_assert_uint_ge(counts[i], 4);
        }
        scene_close(&scene);
    }
}
END_TEST

/* Without a phase a picker starts at the first server again; what is counted goes on. */
START_TEST(counts_stay)
{
    struct script script = {0};
    struct scene scene;
    unsigned copies = 0;
    say_all(&script);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-m");
    uint64_t leaf = handle_of(&scene, "default-a-80");
    char text[TIMES * 8];
    for (unsigned round = 0; round < 10; round++) {
        ck_assert_int_eq(svcroute_picker_seed(scene.picker, round), 0);
        ck_assert_str_eq(pick_once(&scene, leaf, NULL, 0), "10.1.0.1");
        run(scene.picker, handle, scene.world.context, text);
        for (unsigned i = 0; i < TIMES; i++) {
            copies += text[4 * i + 2] == '+';
        }
    }
    ck_assert_uint_eq(copies, (10 * TIMES * 34 + 99) / 100);
    scene_close(&scene);
}
END_TEST

Suite *suite_picker(void);
Suite *suite_picker(void)
{
    Suite *suite = suite_create("picker");
    TCase *all = tcase_create("all");
    tcase_add_test(all, seeds_decide);
    tcase_add_test(all, seeds_start_anywhere);
    tcase_add_test(all, counts_stay);
    suite_add_tcase(suite, all);
    return suite;
}
