/* Updates: what is carried over, what is told, what is kept alive, and nothing lost when memory
 * ends.
 */
#include "balance_support.h"

/* ---- scenes ---- */

static void say_web(struct script *script, const char *settings, unsigned num, unsigned fenced)
{
    char tree[256];
    say_service(script, "a", 1, num, fenced);
    snprintf(tree, sizeof(tree), "{weighted: {services: [{name: a, port: 80%s}]}}", settings);
    say_tree(script, "t", tree);
}

static uint64_t server_at(struct scene *scene, const char *service, size_t index)
{
    uint64_t id = 0;
    int error = svcroute_balancer_find_server(scene->balancer, text_of(service), index, &id);
    ck_assert(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
    return error == 0 ? id : 0;
}

static struct svcroute_server_stats stats_of(struct scene *scene, uint64_t server)
{
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_get_server_stats(scene->balancer, server, &stats), 0);
    return stats;
}

/* The events that wait, as text. */
static struct picture events_of(struct scene *scene)
{
    static const char *const kinds[] = {"?",    "probe", "cancelled",  "up",
                                        "down", "gone",  "service-up", "service-down"};
    struct picture out = {0};
    struct svcroute_event event = {.size = sizeof(event)};
    int error;
    while ((error = svcroute_balancer_next_event(scene->balancer, &event)) == 0) {
        picture_add(&out, "%s %.*s %.*s %u;", kinds[event.kind], SVCR_ARG(event.service),
                    SVCR_ARG(event.url), event.reason);
    }
    ck_assert_int_eq(error, SVCROUTE_ERR_END);
    picture_add(&out, "%s", "");
    return out;
}

#define ck_assert_events(scene, expected)                                                          \
    do {                                                                                           \
        struct picture events_ = events_of(scene);                                                 \
        ck_assert_str_eq(events_.data, expected);                                                  \
        picture_free(&events_);                                                                    \
    } while (0)

/* ---- carrying over ---- */

START_TEST(servers_keep_their_ids)
{
    struct script script = {0};
    struct scene scene;
    uint64_t ids[4];
    say_web(&script, "", 3, 0);
    scene_open(&scene, &script, "empty", 0);
    for (size_t i = 0; i < 3; i++) {
        ids[i] = server_at(&scene, "default-a-80", i);
        ck_assert_uint_ne(ids[i], 0);
    }
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, ids[2], SVCROUTE_ADMIN_DOWN, 5),
                     0);
    ck_assert_events(&scene, "down default-a-80 http://10.1.0.3:80 3;");
    uint64_t handle = handle_of(&scene, "default-a-80");
    say_web(&script, "", 4, 1);
    scene_load(&scene, &script);
    scene_update(&scene, 10);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(server_at(&scene, "default-a-80", i), ids[i]);
    }
    ids[3] = server_at(&scene, "default-a-80", 3);
    ck_assert_uint_eq(stats_of(&scene, ids[2]).admin, SVCROUTE_ADMIN_DOWN);
    ck_assert_uint_eq(stats_of(&scene, ids[2]).since, 5);
    ck_assert_uint_eq(stats_of(&scene, ids[3]).since, 10);
    ck_assert_uint_eq(handle_of(&scene, "default-a-80"), handle);
    unsigned counts[4];
    ck_assert_uint_eq(pick_many(&scene, handle, 40, 1, 4, counts), 0);
    ck_assert_uint_eq(counts[0] + counts[2], 0); /* fenced, and down */
    ck_assert_uint_eq(counts[1], 20);
    ck_assert_uint_eq(stats_of(&scene, ids[1]).picks, 20);
    ck_assert_uint_eq(stats_of(&scene, ids[1]).in_flight, 0);
    say_web(&script, "", 1, 0);
    scene_load(&scene, &script);
    scene_update(&scene, 20);
    ck_assert_events(&scene, "gone default-a-80 http://10.1.0.2:80 0;gone default-a-80 "
                             "http://10.1.0.3:80 0;gone default-a-80 http://10.1.0.4:80 0;");
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_get_server_stats(scene.balancer, ids[1], &stats),
                     SVCROUTE_ERR_NOT_FOUND);
    say_web(&script, "", 2, 0);
    scene_load(&scene, &script);
    scene_update(&scene, 30);
    uint64_t again = server_at(&scene, "default-a-80", 1);
    ck_assert(again != ids[1] && again != ids[2] && again != ids[3]);
    ck_assert_uint_lt((uint32_t)again, 4); /* a slot that was given back */
    scene_close(&scene);
}
END_TEST

START_TEST(slots_wait_until_the_host_knows)
{
    struct script script = {0};
    struct scene scene;
    say_web(&script, "", 1, 0);
    scene_open(&scene, &script, "empty", 0);
    uint64_t first = server_at(&scene, "default-a-80", 0);
    say_service(&script, "a", 3, 1, 0); /* another address */
    scene_load(&scene, &script);
    scene_update(&scene, 1);
    uint64_t second = server_at(&scene, "default-a-80", 0);
    ck_assert_uint_ne((uint32_t)second, (uint32_t)first);
    ck_assert_events(&scene, "gone default-a-80 http://10.1.0.1:80 0;");
    say_service(&script, "a", 4, 1, 0);
    scene_load(&scene, &script);
    scene_update(&scene, 2);
    uint64_t third = server_at(&scene, "default-a-80", 0);
    ck_assert_uint_eq((uint32_t)third, (uint32_t)first);
    ck_assert_uint_ne(third, first);
    scene_close(&scene);
}
END_TEST

/* A changed setting pairs the service with what it was: same servers, same handle. */
START_TEST(settings_change_and_servers_stay)
{
    struct script script = {0};
    struct scene scene;
    static const char *const settings[] = {
        "",
        ", strategy: p2c",
        ", sticky: {cookie: {name: x}}",
        ", sticky: {cookie: {name: other}}, strategy: leasttime",
        ", passHostHeader: false, passiveHealthCheck: {maxFailedAttempts: 3}",
        ", strategy: hrw",
    };
    for (int traefik = 0; traefik < 2; traefik++) {
        say_web(&script, settings[0], 2, 0);
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        uint64_t id = server_at(&scene, "default-a-80", 1);
        uint64_t handle = handle_of(&scene, "default-a-80");
        for (size_t i = 1; i < sizeof(settings) / sizeof(settings[0]); i++) {
            say_web(&script, settings[i], 2, 0);
            scene_load(&scene, &script);
            scene_update(&scene, i);
            ck_assert_uint_eq(handle_of(&scene, "default-a-80"), handle);
            ck_assert_uint_eq(server_at(&scene, "default-a-80", 1), id);
            ck_assert_int_eq(strncmp(pick_once(&scene, handle, NULL, i), "10.1.0.", 7), 0);
        }
        scene_close(&scene);
    }
}
END_TEST

START_TEST(handles_say_gone)
{
    struct script script = {0};
    struct scene scene;
    say_web(&script, "", 2, 0);
    say_service(&script, "b", 2, 1, 0);
    scene_open(&scene, &script, "empty", 0);
    uint64_t handle = handle_of(&scene, "default-t");
    struct svcroute_picker *late = NULL;
    ck_assert_int_eq(svcroute_picker_new(&late, scene.balancer, 0), 0);
    ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                           SVCR_TEXT("default"), SVCR_TEXT("t")),
                     0);
    scene_update(&scene, 1);
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
    ck_assert(svcroute_picker_stale(late));
    struct svcroute_picker *mine = scene.picker;
    scene.picker = late; /* it has not heard of it */
    ck_assert_str_ne(pick_once(&scene, handle, NULL, 0), "gone");
    say_tree(&script, "u", "{weighted: {services: [{name: b, port: 80}]}}");
    scene_load(&scene, &script);
    scene_update(&scene, 2);
    ck_assert(!svcroute_picker_stale(late));
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-u"), NULL, 0), "10.2.0.1");
    scene.picker = mine;
    svcroute_picker_free(late);
    scene_close(&scene);
}
END_TEST

/* ---- equal tables ---- */

static void record(struct scene *scene, uint64_t handle, struct picture *out, unsigned num)
{
    for (unsigned i = 0; i < num; i++) {
        char key[32];
        struct svcroute_request request = {.size = sizeof(request)};
        request.key = (svcr_text){key, (size_t)snprintf(key, sizeof(key), "key %u", i % 7)};
        picture_add(out, "%s ", pick_once(scene, handle, &request, i * 1000000));
    }
}

/* The same documents, loaded again under another resourceVersion. */
START_TEST(equal_tables_change_nothing)
{
    static const char *const strategies[] = {"wrr", "p2c", "hrw", "leasttime"};
    for (int i = 0; i < 8; i++) {
        struct picture pictures[2] = {{0}, {0}};
        for (int update = 0; update < 2; update++) {
            struct script script = {0};
            struct scene scene;
            char tree[300];
            snprintf(tree, sizeof(tree),
                     "{weighted: {services: [{name: a, port: 80, weight: 3, strategy: %s}, {name: "
                     "b, port: 80, weight: 2}]}}",
                     strategies[i % 4]);
            for (int round = 0; round < 2; round++) {
                say_service(&script, "a", 1, 5, 2);
                say_service(&script, "b", 2, 3, 0);
                say_tree(&script, "t", tree);
                if (round == 0) {
                    scene_open(&scene, &script, i < 4 ? "" : "traefik", 0);
                    record(&scene, handle_of(&scene, "default-t"), &pictures[update], 33);
                }
            }
            if (update == 1) {
                struct svcroute_table *table = scene.table;
                svcroute_store_free(scene.world.store);
                ck_assert_int_eq(svcroute_store_new(&scene.world.store, scene.world.context), 0);
                scene_load(&scene, &script);
                scene.table = NULL;
                scene_resolve(&scene);
                ck_assert_ptr_ne(table, scene.table);
                ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 0), 0);
                ck_assert(!svcroute_picker_stale(scene.picker));
                svcroute_table_unref(table);
                ck_assert_events(&scene, "");
            }
            free(script.text);
            record(&scene, handle_of(&scene, "default-t"), &pictures[update], 40);
            scene_close(&scene);
        }
        check_picture(&pictures[0], &pictures[1], strategies[i % 4]);
        picture_free(&pictures[0]);
        picture_free(&pictures[1]);
    }
}
END_TEST

/* An update elsewhere does not change whose turn it is either. */
START_TEST(turns_go_on_over_updates)
{
    struct script script = {0};
    struct scene scene;
    unsigned counts[2] = {0, 0};
    say_web(&script, "", 2, 0);
    say_service(&script, "b", 2, 1, 0);
    say_tree(&script, "u",
             "{weighted: {services: [{name: a, port: 80, weight: 99}, {name: b, port: 80, weight: "
             "1}]}}");
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-u");
    for (unsigned i = 0; i < 2000;
         i++) { /* a light child gets its 1 % although all changes often */
        if (i % 50 == 0) {
            say_web(&script, "", 2 + i / 50 % 3, 0);
            scene_load(&scene, &script);
            scene_update(&scene, i);
        }
        counts[strncmp(pick_once(&scene, handle, NULL, i), "10.2.", 5) == 0 ? 1 : 0]++;
    }
    ck_assert_uint_eq(counts[0] + counts[1], 2000);
    ck_assert_uint_ge(counts[1], 18);
    ck_assert_uint_le(counts[1], 22);
    scene_close(&scene);
}
END_TEST

/* ---- lives ---- */

START_TEST(picks_outlive_servers)
{
    for (unsigned order = 0; order < 6; order++) {
        struct script script = {0};
        struct scene scene;
        struct svcroute_pick *pick = NULL;
        struct svcroute_pick_info info = {.size = sizeof(info)};
        say_web(&script, ", sticky: {cookie: {name: x}}", 3, 0);
        scene_open(&scene, &script, "empty", SVCROUTE_BALANCER_NO_PHASE);
        ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
        ck_assert_int_eq(
            svcroute_picker_pick(scene.picker, handle_of(&scene, "default-t"), NULL, pick, 0), 0);
        for (unsigned i = 1; i < 4; i++) {
            say_web(&script, "", 3 - i, 0);
            scene_load(&scene, &script);
            scene_update(&scene, i);
        }
        ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), SVCR_TEXT("t")),
                         0);
        scene_update(&scene, 5);
        for (unsigned i = 0; i < 3; i++) { /* ends in every order */
            static const char orders[6][4] = {"pbs", "psb", "bps", "bsp", "spb", "sbp"};
            switch (orders[order][i]) {
            case 'p':
                ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
                ck_assert_text(info.url, "http://10.1.0.1:80");
                ck_assert_uint_eq(info.num_cookies, 1);
                svcroute_pick_free(pick);
                break;
            case 'b':
                svcroute_balancer_free(scene.balancer);
                break;
            default:
                svcroute_picker_free(scene.picker);
                break;
            }
        }
        table_close(&scene.world, scene.table);
    }
}
END_TEST

/* Garbage goes as soon as the last pick that could see it is cleared, not before and not later. */
START_TEST(memory_goes_with_the_last_pick)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_pick *picks[3];
    say_web(&script, "", 8, 0);
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-t");
    int64_t blocks[4];
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(svcroute_pick_new(&picks[i], scene.world.context), 0);
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, picks[i], 0), 0);
        say_web(&script, "", 7 - i, 0);
        scene_load(&scene, &script);
        scene_update(&scene, i);
    }
    while (svcroute_balancer_next_event(
               scene.balancer, &(struct svcroute_event){.size = sizeof(struct svcroute_event)}) ==
           0) {
    }
    blocks[0] = scene.world.memory.blocks;
    svcroute_pick_clear(picks[1]); /* an older one may look at the same */
    blocks[1] = scene.world.memory.blocks;
    ck_assert_int_eq(blocks[1], blocks[0]);
    svcroute_pick_clear(picks[0]);
    blocks[2] = scene.world.memory.blocks;
    ck_assert_int_lt(blocks[2], blocks[1]);
    svcroute_pick_clear(picks[2]);
    blocks[3] = scene.world.memory.blocks;
    ck_assert_int_lt(blocks[3], blocks[2]);
    for (unsigned i = 0; i < 3; i++) {
        svcroute_pick_free(picks[i]);
    }
    scene_close(&scene);
}
END_TEST

/* A picker that never looks: its box does not grow without end, and what it finds is the latest. */
START_TEST(mail_that_nobody_takes_stays_small)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_picker *idle = NULL;
    say_web(&script, "", 4, 0);
    scene_open(&scene, &script, "", 0);
    ck_assert_int_eq(svcroute_picker_new(&idle, scene.balancer, 0), 0);
    uint64_t handle = handle_of(&scene, "default-t");
    int64_t most = 0;
    for (unsigned i = 0; i < 600; i++) {
        say_web(&script, "", 1 + i % 5, 0);
        scene_load(&scene, &script);
        scene_update(&scene, i);
        struct svcroute_event event = {.size = sizeof(event)};
        while (svcroute_balancer_next_event(scene.balancer, &event) == 0) {
        }
        if (i == 200) {
            most = scene.world.memory.bytes;
        }
    }
    ck_assert_int_lt(scene.world.memory.bytes, most + most / 4 + 40000);
    struct svcroute_picker *mine = scene.picker;
    scene.picker = idle;
    ck_assert_int_eq(svcroute_picker_refresh(idle, 700), 0);
    unsigned counts[5];
    ck_assert_uint_eq(pick_many(&scene, handle, 50, 1, 5, counts), 0);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(counts[i], 10);
    }
    scene.picker = mine;
    svcroute_picker_free(idle);
    scene_close(&scene);
}
END_TEST

START_TEST(picks_do_not_allocate)
{
    struct script script = {0};
    struct scene scene;
    say_web(&script, ", sticky: {cookie: {name: x}}", 5, 4);
    say_service(&script, "b", 2, 3, 0);
    say_tree(&script, "m",
             "{mirroring: {kind: TraefikService, name: t, mirrors: [{name: b, port: 80, percent: "
             "50}]}}");
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-m");
    uint64_t calls = scene.world.memory.calls;
    unsigned counts[5];
    ck_assert_uint_eq(pick_many(&scene, handle, 10000, 1, 5, counts), 0);
    ck_assert_uint_eq(scene.world.memory.calls, calls);
    scene_close(&scene);
}
END_TEST

START_TEST(profiles_do_not_mix)
{
    struct script script = {0};
    struct scene scene;
    say_web(&script, "", 2, 0);
    scene_open(&scene, &script, "", 0);
    struct svcroute_table *other = resolve_with(&scene.world, "traefik", NULL);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, other, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, NULL, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_balancer_update(NULL, other, 0), SVCROUTE_ERR_INVALID);
    ck_assert_str_ne(pick_once(&scene, handle_of(&scene, "default-t"), NULL, 0), "-");
    svcroute_table_unref(other);
    scene_close(&scene);
}
END_TEST

/* ---- memory that ends ---- */

#define BEFORE ", sticky: {cookie: {name: x}}, passiveHealthCheck: {maxFailedAttempts: 3}"

/* A Service that is checked, every `seconds`. */
static void say_checked(struct script *script, unsigned seconds, const char *host)
{
    char tree[256];
    say(script,
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: default}\n"
        "spec: {type: ExternalName, externalName: %s, ports: [{port: 80}]}\n",
        host);
    snprintf(tree, sizeof(tree),
             "{weighted: {services: [{name: x, port: 80, healthCheck: {path: /, interval: %us, "
             "headers: {A: b}}}]}}",
             seconds);
    say_tree(script, "c", tree);
}

static void say_before(struct script *script)
{
    say_checked(script, 5, "far.example");
    say_web(script, BEFORE, 4, 0);
    say_service(script, "b", 2, 2, 0);
    say_tree(script, "f",
             "{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: "
             "{status: ['500']}}}");
    say_tree(script, "m",
             "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 10}]}}");
    say_route(script, "r", "{kind: TraefikService, name: m}");
}

static void say_after(struct script *script)
{
    say_checked(script, 6, "farther-away.example");
    say_web(script, ", sticky: {cookie: {name: other}}, passiveHealthCheck: {maxFailedAttempts: 4}",
            6, 1);
    say_service(script, "b", 3, 2, 0);
    say_tree(script, "g",
             "{weighted: {services: [{name: a, port: 80}, {name: b, port: 80}], "
             "sticky: {cookie: {}}}}");
    say_tree(script, "m",
             "{mirroring: {name: b, port: 80, mirrors: [{name: a, port: 80, percent: 20}, {name: "
             "b, port: 80, percent: 30}]}}");
    say_route(script, "r", "{kind: TraefikService, name: g}");
}

static void try_update(uint64_t n, bool after, bool *done)
{
    struct script script = {0};
    struct scene scene;
    say_before(&script);
    scene_open(&scene, &script, "external", 0);
    svcroute_balancer_advance(scene.balancer, 5000000000);
    struct svcroute_event event = {.size = sizeof(event)};
    ck_assert_int_eq(svcroute_balancer_next_event(scene.balancer, &event), 0);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
    uint64_t handle = handle_of(&scene, "default-f");
    say_after(&script);
    scene_load(&scene, &script);
    scene_resolve(&scene);
    struct memory *memory = &scene.world.memory;
    memory->calls = 0;
    memory->fail_at = n;
    memory->and_after = after;
    int error = svcroute_balancer_update(scene.balancer, scene.table, 1);
    ck_assert(error == 0 || error == SVCROUTE_ERR_NOMEM);
    ck_assert_int_eq(svcroute_picker_stale(scene.picker), error == 0);
    int refreshed = svcroute_picker_refresh(scene.picker, 1);
    ck_assert(refreshed == 0 || (error == 0 && refreshed == SVCROUTE_ERR_NOMEM));
    ck_assert_int_eq(svcroute_picker_stale(scene.picker), refreshed != 0);
    /* everything works on, under the old plan or the new one */
    ck_assert_str_ne(pick_once(&scene, handle, NULL, 1), "-");
    ck_assert_str_ne(pick_once(&scene, handle, NULL, 1), "gone");
    bool failed = memory->calls >= n;
    memory->fail_at = 0;
    *done = !failed;
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 2), 0);
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 2), 0);
    uint64_t calls = memory->calls; /* telling what is due does not allocate */
    svcroute_balancer_advance(scene.balancer, 20000000000);
    ck_assert_int_eq(svcroute_balancer_next_event(scene.balancer, &event), 0);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
    ck_assert_text(event.url, "http://farther-away.example:80/");
    ck_assert_uint_eq(memory->calls, calls);
    unsigned counts[2];
    uint64_t g = handle_of(&scene, "default-g");
    ck_assert_uint_eq(pick_many(&scene, g, 40, 3, 2, counts), 20);
    ck_assert_uint_eq(counts[0], 10);
    scene_close(&scene);
}

START_TEST(updates_survive_the_end_of_memory)
{
    for (int after = 0; after < 2; after++) {
        bool done = false;
        uint64_t n = 1;
        for (; !done; n++) {
            try_update(n, after == 1, &done);
        }
        ck_assert_uint_gt(n, 40);
    }
}
END_TEST

START_TEST(nothing_is_half_made)
{
    struct script script = {0};
    struct world world;
    struct svcroute_balancer *balancer = NULL;
    struct svcroute_picker *picker = NULL;
    struct svcroute_pick *pick = NULL;
    say_before(&script);
    struct svcroute_table *table = table_of(&world, script.text, "external");
    free(script.text);
    int64_t blocks = world.memory.blocks;
    for (uint64_t n = 1;; n++) {
        world.memory.calls = 0;
        world.memory.fail_at = n;
        int error = svcroute_balancer_new(&balancer, table, NULL, 0);
        if (error == 0) {
            error = svcroute_picker_new(&picker, balancer, 0);
        }
        if (error == 0) {
            error = svcroute_pick_new(&pick, world.context);
        }
        svcroute_pick_free(pick);
        svcroute_picker_free(picker);
        svcroute_balancer_free(balancer);
        ck_assert_int_eq(world.memory.blocks, blocks);
        if (error == 0) {
            ck_assert_uint_gt(n, 40);
            break;
        }
        ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
        balancer = NULL;
        picker = NULL;
    }
    world.memory.fail_at = 0;
    table_close(&world, table);
}
END_TEST

Suite *suite_balancer(void);
Suite *suite_balancer(void)
{
    Suite *suite = suite_create("balancer");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, servers_keep_their_ids);
    tcase_add_test(all, slots_wait_until_the_host_knows);
    tcase_add_test(all, settings_change_and_servers_stay);
    tcase_add_test(all, handles_say_gone);
    tcase_add_test(all, equal_tables_change_nothing);
    tcase_add_test(all, turns_go_on_over_updates);
    tcase_add_test(all, picks_outlive_servers);
    tcase_add_test(all, memory_goes_with_the_last_pick);
    tcase_add_test(all, mail_that_nobody_takes_stays_small);
    tcase_add_test(all, picks_do_not_allocate);
    tcase_add_test(all, profiles_do_not_mix);
    tcase_add_test(all, updates_survive_the_end_of_memory);
    tcase_add_test(all, nothing_is_half_made);
    suite_add_tcase(suite, all);
    return suite;
}
