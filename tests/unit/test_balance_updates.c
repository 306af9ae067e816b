/* What updates carry over and what they do not, on whole documents; who lives how long. */
#include "balance_support.h"

#define SECOND UINT64_C(1000000000)

static uint64_t server_at(struct scene *scene, const char *service, size_t index)
{
    uint64_t id = 0;
    ck_assert_int_eq(svcroute_balancer_find_server(scene->balancer, text_of(service), index, &id),
                     0);
    return id;
}

static struct svcroute_server_stats stats_of(struct scene *scene, uint64_t server)
{
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_get_server_stats(scene->balancer, server, &stats), 0);
    return stats;
}

/* The events that wait, as text: kind, service, last part of the URL's host. */
static const char *events_of(struct scene *scene)
{
    static const char *const kinds[] = {"?",    "probe", "cancelled",  "up",
                                        "down", "gone",  "service-up", "service-down"};
    static char text[1024];
    struct svcroute_event event = {.size = sizeof(event)};
    int error;
    text[0] = '\0';
    while ((error = svcroute_balancer_next_event(scene->balancer, &event)) == 0) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s %.*s %.*s;", kinds[event.kind],
                 SVCR_ARG(event.service), SVCR_ARG(event.url));
    }
    ck_assert_int_eq(error, SVCROUTE_ERR_END);
    return text;
}

/* Serves one request; how it ended; returns the host. */
static const char *serve(struct scene *scene, uint64_t handle, uint32_t status, uint64_t now)
{
    static char host[64];
    static struct svcroute_pick pick;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = status};
    ck_assert_int_eq(svcroute_picker_pick(scene->picker, handle, NULL, &pick, now), 0);
    ck_assert_int_eq(svcroute_pick_get_info(&pick, &info), 0);
    snprintf(host, sizeof(host), "%.*s", SVCR_ARG(info.host));
    ck_assert_int_eq(svcroute_pick_finish(&pick, &outcome, now), 0);
    svcroute_pick_clear(&pick);
    return host;
}

static void say_used(struct script *script, const char *name, unsigned net, unsigned num,
                     const char *settings)
{
    char tree[400], other[16];
    say_service(script, name, net, num, 0);
    snprintf(tree, sizeof(tree), "{weighted: {services: [{name: %s, port: 80%s}]}}", name,
             settings);
    snprintf(other, sizeof(other), "use-%s", name);
    say_tree(script, other, tree);
}

/* ---- equal tables ---- */

static const char *const trees[] = {
    "{weighted: {services: [{name: a, port: 80, weight: 3, strategy: %s}, {name: b, port: 80, "
    "weight: 2}]}}",
    "{weighted: {services: [{name: a, port: 80, strategy: %s, sticky: {cookie: {}}}, {name: b, "
    "port: 80}], sticky: {cookie: {name: x}}}}",
    "{highestRandomWeight: {services: [{name: a, port: 80, weight: 3, strategy: %s}, {name: b, "
    "port: 80, weight: 2}]}}",
    "{mirroring: {name: a, port: 80, strategy: %s, mirrors: [{name: b, port: 80, percent: 30}]}}",
    "{failover: {service: {name: a, port: 80, strategy: %s}, fallback: {name: b, port: 80}, "
    "errors: {status: ['500']}}}",
    "{weighted: {services: [{name: a, port: 80, strategy: %s, passiveHealthCheck: "
    "{maxFailedAttempts: 2}}]}}",
};

static void say_tree_of(struct script *script, size_t tree, const char *strategy)
{
    char text[400];
    say_service(script, "a", 1, 5, 2);
    say_service(script, "b", 2, 3, 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), trees[tree], strategy);
#pragma GCC diagnostic pop
    say_tree(script, "t", text);
}

/* Servers and numbers of mirrors of many picks, of which some are still open. */
static void record(struct scene *scene, struct picture *out, unsigned from)
{
    static struct svcroute_pick picks[8];
    uint64_t handle = handle_of(scene, "default-t");
    for (unsigned i = from; i < from + 40; i++) {
        char key[32];
        struct svcroute_pick *pick = &picks[i % 8];
        struct svcroute_pick_info info = {.size = sizeof(info)};
        struct svcroute_request request = {.size = sizeof(request)};
        struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                           .kind = SVCROUTE_OUTCOME_STATUS,
                                           .status = i % 5 == 0 ? 500 : 200};
        request.key = (svcr_text){key, (size_t)snprintf(key, sizeof(key), "key %u", i % 7)};
        ck_assert_int_eq(svcroute_picker_pick(scene->picker, handle, &request, pick, i * 1000000),
                         0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        picture_add(out, "%.*s+%u ", SVCR_ARG(info.host), info.num_mirrors);
        if (i % 3 != 0) {
            ck_assert_int_eq(svcroute_pick_finish(pick, &outcome, i * 1000000 + i % 11 * 1000), 0);
        }
        svcroute_pick_clear(&picks[(i + 1) % 8]);
    }
    for (unsigned i = 0; i < 8; i++) {
        svcroute_pick_clear(&picks[i]);
    }
}

START_TEST(equal_tables_are_no_update)
{
    static const char *const strategies[] = {"wrr", "p2c", "hrw", "leasttime"};
    for (size_t i = 0; i < 2 * 4 * sizeof(trees) / sizeof(trees[0]); i++) {
        struct picture pictures[2] = {{0}, {0}};
        bool traefik = i % 2 != 0;
        for (int update = 0; update < 2; update++) {
            struct script script = {0};
            struct scene scene;
            say_tree_of(&script, i / 8, strategies[i / 2 % 4]);
            scene_open(&scene, &script, traefik ? "traefik" : "", 0);
            record(&scene, &pictures[update], 0);
            for (unsigned round = 0; update == 1 && round < 2; round++) {
                struct svcroute_table *table = scene.table;
                svcroute_store_free(scene.world.store);
                ck_assert_int_eq(svcroute_store_new(&scene.world.store, scene.world.context), 0);
                say_tree_of(&script, i / 8, strategies[i / 2 % 4]);
                scene_load(&scene, &script);
                scene.table = NULL; /* made anew */
                scene_resolve(&scene);
                ck_assert_ptr_ne(table, scene.table);
                ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 0), 0);
                ck_assert(!svcroute_picker_stale(scene.picker));
                ck_assert_str_eq(events_of(&scene), "");
                svcroute_table_unref(table);
            }
            record(&scene, &pictures[update], 40);
            scene_close(&scene);
        }
        check_picture(&pictures[0], &pictures[1], trees[i / 8]);
        picture_free(&pictures[0]);
        picture_free(&pictures[1]);
    }
}
END_TEST

/* ---- what is carried over ---- */

START_TEST(settings_reset_what_they_define)
{
    static const char *const settings[] = {
        "passiveHealthCheck: {failureWindow: 10s, maxFailedAttempts: 3}, sticky: {cookie: {name: "
        "x}}",
        "passiveHealthCheck: {failureWindow: 10s, maxFailedAttempts: 3}, sticky: {cookie: {name: "
        "z}}",
        "passiveHealthCheck: {failureWindow: 10s, maxFailedAttempts: 3}, passHostHeader: false",
        "passiveHealthCheck: {failureWindow: 20s, maxFailedAttempts: 3}, strategy: p2c",
    };
    struct script script = {0};
    struct scene scene;
    char text[400];
    snprintf(text, sizeof(text), ", %s", settings[0]);
    say_used(&script, "a", 1, 2, text);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-a-80"),
             first = server_at(&scene, "default-a-80", 0),
             second = server_at(&scene, "default-a-80", 1);
    /* only the first one serves */
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, second, SVCROUTE_ADMIN_DRAIN, 0),
                     0);
    struct svcroute_pick *open = NULL;
    ck_assert_int_eq(svcroute_pick_new(&open, scene.world.context), 0);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, open, 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), ", %s", settings[i]);
        say_used(&script, "a", 1, 2, text);
        scene_load(&scene, &script);
        scene_update(&scene, i * SECOND);
        ck_assert_uint_eq(server_at(&scene, "default-a-80", 0), first);
        ck_assert_uint_eq(handle_of(&scene, "default-a-80"), handle);
        ck_assert_uint_eq(stats_of(&scene, first).in_flight, 1);
        ck_assert_uint_eq(stats_of(&scene, first).failures, i);
        ck_assert_uint_eq(stats_of(&scene, second).admin, SVCROUTE_ADMIN_DRAIN);
        ck_assert_str_eq(events_of(&scene), "");
        if (i < 2) {
            ck_assert_str_eq(serve(&scene, handle, 500, i * SECOND), "10.1.0.1");
        } else if (i == 2) { /* the third failure: it counts the first two */
            ck_assert_int_eq(
                svcroute_balancer_set_admin(scene.balancer, second, SVCROUTE_ADMIN_AUTO, 0), 0);
            ck_assert_int_eq(svcroute_pick_finish(
                                 open,
                                 &(struct svcroute_outcome){.size = sizeof(struct svcroute_outcome),
                                                            .kind = SVCROUTE_OUTCOME_RESET},
                                 2 * SECOND),
                             0);
            svcroute_balancer_advance(scene.balancer, 2 * SECOND);
            ck_assert_str_eq(events_of(&scene), "down default-a-80 http://10.1.0.1:80;");
            ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), 12 * SECOND);
            break;
        }
    }
    snprintf(text, sizeof(text), ", %s", settings[3]);
    say_used(&script, "a", 1, 2, text);
    scene_load(&scene, &script);
    scene_update(&scene, 3 * SECOND);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), 12 * SECOND);
    ck_assert_uint_eq(stats_of(&scene, first).since, 2 * SECOND);
    ck_assert_str_eq(serve(&scene, handle, 200, 3 * SECOND), "10.1.0.2");
    svcroute_balancer_advance(scene.balancer, 12 * SECOND);
    ck_assert_str_eq(events_of(&scene), "up default-a-80 http://10.1.0.1:80;");
    svcroute_pick_free(open);
    scene_close(&scene);
}
END_TEST

/* Which mirrors of `num` picks were due: letters of the services' names. */
static const char *mirrors_of(struct scene *scene, unsigned num)
{
    static char text[64];
    static struct svcroute_pick pick;
    size_t used = 0;
    for (unsigned i = 0; i < num; i++) {
        struct svcroute_mirror_info info = {.size = sizeof(info)};
        ck_assert_int_eq(
            svcroute_picker_pick(scene->picker, handle_of(scene, "default-m"), NULL, &pick, 0), 0);
        for (size_t m = 0; svcroute_pick_get_mirror(&pick, m, &info) == 0; m++) {
            text[used++] = info.service.data[8];
        }
        text[used++] = '.';
        svcroute_pick_clear(&pick);
    }
    text[used] = '\0';
    return text;
}

static void say_mirrors(struct script *script, const char *mirrors)
{
    static const char *const names[] = {"a", "b", "c"};
    char tree[400];
    for (unsigned i = 0; i < 3; i++) {
        say_service(script, names[i], i + 1, 2, 0);
    }
    snprintf(tree, sizeof(tree), "{mirroring: {name: a, port: 80, mirrors: [%s]}}", mirrors);
    say_tree(script, "m", tree);
}

START_TEST(counts_of_mirrors_go_on)
{
    struct script script = {0};
    struct scene scene;
    say_mirrors(&script, "{name: b, port: 80, percent: 40}");
    scene_open(&scene, &script, "", 0);
    ck_assert_str_eq(mirrors_of(&scene, 5), "b..b...");
    ck_assert_str_eq(mirrors_of(&scene, 1), "b."); /* T = 6 */
    say_mirrors(&script, "{name: c, port: 80, percent: 10}, {name: b, port: 80, percent: 40}");
    scene_load(&scene, &script);
    scene_update(&scene, 1);
    /* b has ceil(0.4 T) copies after T requests, 3 so far; c has its 10 % from now on, so it stands
     * at ceil(0.6) and is due at T = 11 */
    ck_assert_str_eq(mirrors_of(&scene, 5), ".b...cb.");
    for (unsigned i = 0; i < 3; i++) { /* nothing but elsewhere */
        say_used(&script, "d", 9, i + 1, "");
        scene_load(&scene, &script);
        scene_update(&scene, i + 2);
        ck_assert_str_eq(mirrors_of(&scene, 1), i == 1 ? "b." : ".");
    }
    say_mirrors(&script, "{name: b, port: 80, percent: 100}");
    scene_load(&scene, &script);
    scene_update(&scene, 9);
    ck_assert_str_eq(mirrors_of(&scene, 3), "b.b.b.");
    scene_close(&scene);
}
END_TEST

/* Counts which of 10.1.0.1 to 10.1.0.4 serve `num` requests, one each millisecond, 10 ms each. */
static void serve_many(struct scene *scene, uint64_t handle, unsigned from, unsigned num,
                       unsigned counts[4])
{
    static struct svcroute_pick pick;
    memset(counts, 0, 4 * sizeof(*counts));
    for (unsigned i = from; i < from + num; i++) {
        uint64_t now = i * UINT64_C(1000000);
        struct svcroute_pick_info info = {.size = sizeof(info)};
        struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                           .kind = SVCROUTE_OUTCOME_STATUS,
                                           .status = 200,
                                           .first_byte = 10000000};
        ck_assert_int_eq(svcroute_picker_pick(scene->picker, handle, NULL, &pick, now), 0);
        ck_assert_int_eq(svcroute_pick_get_info(&pick, &info), 0);
        unsigned last = (unsigned)(info.host.data[info.host.size - 1] - '1');
        ck_assert_uint_lt(last, 4);
        counts[last]++;
        ck_assert_int_eq(svcroute_pick_finish(&pick, &outcome, now), 0);
        svcroute_pick_clear(&pick);
    }
}

/* A server that is new gets its share, neither nothing nor everything. */
START_TEST(new_servers_join_quietly)
{
    static const char *const strategies[] = {"wrr", "p2c", "leasttime"};
    for (size_t i = 0; i < 6; i++) {
        struct script script = {0};
        struct scene scene;
        char settings[64];
        unsigned counts[4];
        bool traefik = i % 2 != 0;
        snprintf(settings, sizeof(settings), ", strategy: %s", strategies[i / 2]);
        say_used(&script, "a", 1, 3, settings);
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        uint64_t handle = handle_of(&scene, "default-a-80");
        serve_many(&scene, handle, 0, 1000, counts);
        say_used(&script, "a", 1, 4, settings);
        scene_load(&scene, &script);
        scene_update(&scene, SECOND);
        if (traefik && i / 2 == 2) { /* score 0 draws everything: the reference's fault, copied */
            scene_close(&scene);
            continue;
        }
        serve_many(&scene, handle, 1000, 80, counts);
        ck_assert_msg(counts[3] >= 8 && counts[3] <= 35, "%s: %u of 80", settings, counts[3]);
        if (i < 2) {
            ck_assert_uint_eq(counts[3], 20);
        }
        scene_close(&scene);
    }
}
END_TEST

/* A cookie means a server, wherever and whenever that is there. */
START_TEST(cookies_stay_good)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        char cookie[256], host[64];
        size_t size = sizeof(cookie);
        static struct svcroute_pick pick;
        struct svcroute_pick_info info = {.size = sizeof(info)};
        say_used(&script, "a", 1, 3, ", sticky: {cookie: {name: x}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        uint64_t handle = handle_of(&scene, "default-a-80");
        do { /* the last one */
            svcroute_pick_clear(&pick);
            ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, &pick, 0), 0);
            ck_assert_int_eq(svcroute_pick_get_info(&pick, &info), 0);
            snprintf(host, sizeof(host), "%.*s", SVCR_ARG(info.host));
        } while (strcmp(host, "10.1.0.3") != 0);
        ck_assert_int_eq(svcroute_pick_copy_cookie(&pick, 0, cookie, &size), 0);
        svcroute_pick_clear(&pick);
        struct svcroute_text line = {cookie, (size_t)((char *)memchr(cookie, ';', size) - cookie)};
        struct svcroute_request request = {
            .size = sizeof(request), .cookies = &line, .num_cookies = 1};
        static const struct {
            const char *settings;
            unsigned num;
            bool there;
        } cases[] = {
            {", sticky: {cookie: {name: x}}", 5, true},
            {", sticky: {cookie: {name: x, secure: true}}, strategy: p2c", 4, true},
            {", sticky: {cookie: {name: z}}", 4, false}, /* another name */
            {", sticky: {cookie: {name: x}}", 2, false}, /* it is gone */
            {", sticky: {cookie: {name: x}}", 3, true},  /* and here again */
            {"", 3, false},
            {", sticky: {cookie: {name: x}}, strategy: leasttime", 3, true},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            say_used(&script, "a", 1, cases[i].num, cases[i].settings);
            scene_load(&scene, &script);
            scene_update(&scene, i);
            unsigned hits = 0;
            for (unsigned j = 0; j < 12; j++) {
                hits += strcmp(pick_once(&scene, handle, &request, i), host) == 0;
            }
            ck_assert_msg(cases[i].there ? hits == 12 : hits < 12, "case %zu: %u", i, hits);
        }
        scene_close(&scene);
    }
}
END_TEST

/* A clock that runs back makes no server fast, and moves no time. */
START_TEST(clocks_run_back)
{
    struct script script = {0};
    struct scene scene;
    static struct svcroute_pick pick;
    struct svcroute_outcome good = {
        .size = sizeof(good), .kind = SVCROUTE_OUTCOME_STATUS, .status = 200};
    say_used(&script, "a", 1, 1, ", strategy: leasttime");
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-a-80"), id = server_at(&scene, "default-a-80", 0);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, &pick, 10 * SECOND), 0);
    ck_assert_int_eq(svcroute_pick_finish(&pick, &good, 9 * SECOND), 0);
    svcroute_pick_clear(&pick);
    ck_assert_uint_eq(stats_of(&scene, id).latency, 0); /* nothing was measured */
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, &pick, 5 * SECOND), 0);
    ck_assert_int_eq(svcroute_pick_finish(&pick, &good, 11 * SECOND), 0);
    svcroute_pick_clear(&pick);
    ck_assert_uint_eq(stats_of(&scene, id).latency, SECOND); /* from 10 s on */
    svcroute_balancer_advance(scene.balancer, 20 * SECOND);
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_DOWN, 3), 0);
    ck_assert_uint_eq(stats_of(&scene, id).since, 20 * SECOND);
    scene_close(&scene);
}
END_TEST

/* ---- active checks and failovers ---- */

/* Goes on to the next deadline, answers every probe and returns the time. */
static uint64_t probe_all(struct scene *scene, uint32_t status)
{
    struct svcroute_event event = {.size = sizeof(event)};
    uint64_t now = svcroute_balancer_next_deadline(scene->balancer);
    ck_assert_uint_ne(now, UINT64_MAX);
    svcroute_balancer_advance(scene->balancer, now);
    while (svcroute_balancer_next_event(scene->balancer, &event) == 0) {
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            ck_assert_int_eq(svcroute_balancer_report_probe(scene->balancer, event.probe,
                                                            SVCROUTE_PROBE_STATUS, status, now),
                             0);
        }
    }
    return now;
}

START_TEST(failovers_follow_checks)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say(&script,
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: default}\n"
            "spec: {type: ExternalName, externalName: far.example, ports: [{port: 80}]}\n");
        say_service(&script, "b", 2, 1, 0);
        say_tree(&script, "f",
                 "{failover: {service: {name: x, port: 80, healthCheck: {path: /, interval: 10s}}, "
                 "fallback: {name: b, port: 80}}}");
        say_tree(&script, "w",
                 "{weighted: {services: [{name: x, port: 80, healthCheck: {path: /, "
                 "interval: 10s}}, {name: b, port: 80}]}}");
        scene_open(&scene, &script, traefik ? "traefik external" : "external",
                   SVCROUTE_BALANCER_NO_PHASE);
        uint64_t f = handle_of(&scene, "default-f"), w = handle_of(&scene, "default-w");
        ck_assert_str_eq(serve(&scene, f, 200, 0), "far.example");
        uint64_t now = probe_all(&scene, 200);
        ck_assert_str_eq(serve(&scene, f, 200, now), "far.example");
        now = probe_all(&scene, 500);
        ck_assert_str_eq(serve(&scene, f, 200, now), "10.2.0.1");
        unsigned none = 0;
        for (unsigned i = 0; i < 4; i++) { /* in traefik-v3 a weighted parent learns nothing */
            none += strcmp(pick_once(&scene, w, NULL, now), "-") == 0;
        }
        ck_assert_uint_eq(none, traefik ? 2 : 0);
        scene_update(&scene, now); /* and it stays so */
        ck_assert_str_eq(serve(&scene, f, 200, now), "10.2.0.1");
        now = probe_all(&scene, 204);
        ck_assert_str_eq(serve(&scene, f, 200, now), "far.example");
        scene_close(&scene);
    }
}
END_TEST

/* ---- identities ---- */

/* One service or several: another service under the same name. */
START_TEST(names_that_change_their_nature)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        uint64_t route = 0;
        say_service(&script, "a", 1, 1, 0);
        say_service(&script, "b", 2, 1, 0);
        say_route(&script, "r", "{name: a, port: 80}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        const struct svcroute_route *found = svcroute_table_find_route_of(
            scene.table, SVCR_TEXT("default"), SVCR_TEXT("r"), SVCR_TEXT("Host(`r.example`)"), 0);
        struct svcroute_route_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_route_get_info(scene.table, found, &info), 0);
        char name[64];
        snprintf(name, sizeof(name), "%.*s", SVCR_ARG(info.name));
        ck_assert_int_eq(svcroute_picker_find_route(scene.picker, text_of(name), &route), 0);
        uint64_t handle = handle_of(&scene, name), id = server_at(&scene, name, 0);
        ck_assert_str_eq(serve(&scene, route, 200, 0), "10.1.0.1");
        /* several services: the name is a weighted service's */
        say_route(&script, "r", "{name: a, port: 80}\n    - {name: b, port: 80}");
        scene_load(&scene, &script);
        scene_update(&scene, 1);
        char expected[128];
        snprintf(expected, sizeof(expected), "gone %s http://10.1.0.1:80;", name);
        ck_assert_str_eq(events_of(&scene), expected);
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
        ck_assert_uint_ne(handle_of(&scene, name), handle);
        ck_assert_str_eq(serve(&scene, route, 200, 0), "10.1.0.1"); /* the route is the same */
        ck_assert_str_eq(serve(&scene, route, 200, 0), "10.2.0.1");
        /* and back: the old handle is nobody's for ever */
        say_route(&script, "r", "{name: b, port: 80}");
        scene_load(&scene, &script);
        scene_update(&scene, 2);
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
        ck_assert_uint_ne(server_at(&scene, name, 0), id);
        ck_assert_str_eq(serve(&scene, route, 200, 0), "10.2.0.1");
        scene_close(&scene);
    }
}
END_TEST

START_TEST(trees_change_their_type)
{
    static const char *const types[] = {
        "{weighted: {services: [{name: a, port: 80}, {name: b, port: 80}]}}",
        "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 100}]}}",
        ("{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: "
         "{status: "
         "['500']}}}"),
        "{highestRandomWeight: {services: [{name: a, port: 80}]}}",
    };
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_service(&script, "a", 1, 2, 0);
        say_service(&script, "b", 2, 2, 0);
        say_tree(&script, "t", types[0]);
        say_tree(&script, "p", "{weighted: {services: [{kind: TraefikService, name: t}]}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        uint64_t id = server_at(&scene, "default-a-80", 1), parent = handle_of(&scene, "default-p");
        for (unsigned i = 0; i < 16; i++) {
            say_tree(&script, "t", types[(i * 7 + i / 4) % 4]);
            scene_load(&scene, &script);
            scene_update(&scene, i);
            ck_assert_uint_eq(server_at(&scene, "default-a-80", 1), id);
            ck_assert_uint_eq(handle_of(&scene, "default-p"), parent);
            ck_assert_str_ne(pick_once(&scene, parent, NULL, i), "-");
            ck_assert_str_ne(pick_once(&scene, handle_of(&scene, "default-t"), NULL, i), "-");
            ck_assert_ptr_null(strstr(events_of(&scene), "default-a-80"));
        }
        scene_close(&scene);
    }
}
END_TEST

/* Slots of services are used again; handles are not, also for pickers that slept meanwhile. */
START_TEST(sleepers_wake_to_another_world)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_picker *sleeper = NULL;
    say_used(&script, "a", 1, 2, "");
    say_used(&script, "keep", 7, 1, "");
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    ck_assert_int_eq(svcroute_picker_new(&sleeper, scene.balancer, 0), 0);
    uint64_t handle = handle_of(&scene, "default-a-80"),
             keep = handle_of(&scene, "default-keep-80");
    for (unsigned i = 0; i < 5; i++) {
        static const char *const names[] = {"a", "b"};
        char old[16];
        snprintf(old, sizeof(old), "use-%s", names[i % 2]);
        ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), text_of(old)),
                         0);
        scene_update(&scene, 2 * i);
        say_used(&script, names[1 - i % 2], 2 + i, 2, "");
        scene_load(&scene, &script);
        scene_update(&scene, 2 * i + 1);
        events_of(&scene);
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
    }
    struct svcroute_picker *awake = scene.picker;
    scene.picker = sleeper;
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.1.0.1"); /* as it knows it */
    ck_assert_int_eq(svcroute_picker_refresh(sleeper, 0), 0);
    ck_assert(!svcroute_picker_stale(sleeper));
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "gone");
    ck_assert_str_eq(pick_once(&scene, keep, NULL, 0), "10.7.0.1");
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-b-80"), NULL, 0), "10.6.0.1");
    ck_assert_int_eq(svcroute_picker_find_service(sleeper, SVCR_TEXT("default-a-80"), &handle),
                     SVCROUTE_ERR_NOT_FOUND);
    scene.picker = awake;
    svcroute_picker_free(sleeper);
    scene_close(&scene);
}
END_TEST

/* Turns are the same whether each update is seen or only what they come to. */
START_TEST(updates_may_be_skipped)
{
    struct script script = {0};
    struct scene scenes[2];
    for (unsigned s = 0; s < 2; s++) {
        say_used(&script, "a", 1, 4, "");
        scene_open(&scenes[s], &script, "", SVCROUTE_BALANCER_NO_PHASE);
        ck_assert_str_eq(serve(&scenes[s], handle_of(&scenes[s], "default-a-80"), 200, 0),
                         "10.1.0.1");
        for (unsigned i = 0; i < 3; i++) {
            say_used(&script, "a", 1, 5 + i, "");
            scene_load(&scenes[s], &script);
            scene_resolve(&scenes[s]);
            ck_assert_int_eq(svcroute_balancer_update(scenes[s].balancer, scenes[s].table, i), 0);
            if (s == 0) {
                ck_assert_int_eq(svcroute_picker_refresh(scenes[s].picker, i), 0);
            }
        }
        ck_assert_int_eq(svcroute_picker_stale(scenes[s].picker), s);
        ck_assert_int_eq(svcroute_picker_refresh(scenes[s].picker, 3), 0);
    }
    for (unsigned i = 0; i < 14; i++) {
        char host[64];
        snprintf(host, sizeof(host), "%s",
                 serve(&scenes[0], handle_of(&scenes[0], "default-a-80"), 200, 0));
        ck_assert_str_eq(serve(&scenes[1], handle_of(&scenes[1], "default-a-80"), 200, 0), host);
    }
    scene_close(&scenes[0]);
    scene_close(&scenes[1]);
}
END_TEST

/* A refresh that fails changes nothing, however often, and the next one makes good for it. */
START_TEST(refreshes_fail_and_succeed)
{
    struct script script = {0};
    struct scene scene;
    say_mirrors(&script, "{name: b, port: 80, percent: 40}");
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    struct memory *memory = &scene.world.memory;
    ck_assert_str_eq(mirrors_of(&scene, 2), "b..");
    uint64_t handle = handle_of(&scene, "default-m");
    for (unsigned i = 0; i < 3; i++) {
        say_service(&script, "a", 1, 3 + i, 0);
        char mirrors[100];
        snprintf(mirrors, sizeof(mirrors),
                 "{name: b, port: 80, percent: 40}, {name: c, port: 80, percent: %u}", 10 + i);
        say_mirrors(&script, mirrors);
        scene_load(&scene, &script);
        scene_resolve(&scene);
        ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, i), 0);
        for (unsigned n = 1; n < 6; n++) {
            memory->calls = 0;
            memory->fail_at = n;
            memory->and_after = n % 2 == 0;
            int error = svcroute_picker_refresh(scene.picker, i);
            memory->fail_at = 0;
            if (error == 0) {
                break;
            }
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            ck_assert(svcroute_picker_stale(scene.picker));
            ck_assert_str_ne(pick_once(&scene, handle, NULL, 0), "-");
        }
        if (i == 1) {
            ck_assert_int_eq(svcroute_picker_refresh(scene.picker, i), 0);
        }
    }
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 9), 0);
    unsigned counts[3], copies = 0;
    ck_assert_uint_eq(pick_many(&scene, handle, 30, 1, 2, counts), 0);
    ck_assert_uint_eq(counts[0], 15);
    for (unsigned i = 0; i < 10; i++) {
        copies += mirrors_of(&scene, 1)[0] == 'b';
    }
    ck_assert_uint_eq(copies, 4);
    scene_close(&scene);
}
END_TEST

/* ---- lives ---- */

/* All orders in which a host can let go of everything. */
START_TEST(everything_ends_in_any_order)
{
    enum { PICK, PICKER, BALANCER, TABLE, STORE, CONTEXT, NUM };
    for (unsigned order = 0; order < 720; order++) {
        struct script script = {0};
        struct scene scene;
        struct svcroute_pick *pick = NULL;
        struct svcroute_pick_info info = {.size = sizeof(info)};
        unsigned left[NUM] = {PICK, PICKER, BALANCER, TABLE, STORE, CONTEXT};
        unsigned number = order;
        say_used(&script, "a", 1, 2,
                 ", sticky: {cookie: {name: x}}, passiveHealthCheck: {maxFailedAttempts: 1}");
        scene_open(&scene, &script, "", 0);
        svcroute_diags_free(scene.world.diags);
        ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
        ck_assert_int_eq(
            svcroute_picker_pick(scene.picker, handle_of(&scene, "default-use-a"), NULL, pick, 0),
            0);
        if (order % 2 == 0) { /* what the pick shows is gone, or not even that was heard */
            say_service(&script, "a", 2, 2, 0);
            ck_assert_int_eq(svcroute_store_load(scene.world.store, script.text, script.size, NULL,
                                                 &scene.world.result, NULL),
                             0);
            free(script.text);
            struct svcroute_table *table = scene.table;
            struct svcroute_policy *policy = policy_of(scene.world.context, "");
            ck_assert_int_eq(svcroute_resolve(&scene.table, scene.world.store, policy, table, NULL),
                             0);
            svcroute_policy_free(policy);
            svcroute_table_unref(table);
            ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 1), 0);
            if (order % 4 == 0) {
                ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 1), 0);
            }
        }
        for (unsigned num = NUM; num > 0; num--) {
            unsigned at = number % num, what = left[at];
            number /= num;
            left[at] = left[num - 1];
            switch (what) {
            case PICK:
                ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
                ck_assert_int_eq(strncmp(info.url.data, "http://10.1.0.", 14), 0);
                ck_assert_int_eq(svcroute_pick_finish(pick,
                                                      &(struct svcroute_outcome){
                                                          .size = sizeof(struct svcroute_outcome),
                                                          .kind = SVCROUTE_OUTCOME_CONNECT},
                                                      1),
                                 0);
                svcroute_pick_free(pick);
                break;
            case PICKER:
                svcroute_picker_free(scene.picker);
                break;
            case BALANCER:
                svcroute_balancer_free(scene.balancer);
                break;
            case TABLE:
                svcroute_table_unref(scene.table);
                break;
            case STORE:
                svcroute_store_free(scene.world.store);
                break;
            default:
                svcroute_context_unref(scene.world.context);
                break;
            }
        }
        ck_assert_int_eq(scene.world.memory.blocks, 0);
    }
}
END_TEST

/* Pickers come and go while updates pass. */
START_TEST(pickers_come_and_go)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_picker *pickers[5] = {NULL};
    struct svcroute_pick *picks[5] = {NULL};
    say_used(&script, "a", 1, 2, "");
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-a-80");
    for (unsigned i = 0; i < 60; i++) {
        unsigned at = i * 3 % 5;
        if (i % 4 != 3) {
            svcroute_picker_free(pickers[at]);
            ck_assert_int_eq(svcroute_picker_new(&pickers[at], scene.balancer, i), 0);
            ck_assert(!svcroute_picker_stale(pickers[at]));
        } else if (pickers[at] != NULL) {
            ck_assert_int_eq(svcroute_picker_refresh(pickers[at], i), 0);
        }
        svcroute_pick_free(picks[at]); /* often of a picker that is no more */
        picks[at] = NULL;
        ck_assert_int_eq(svcroute_pick_new(&picks[at], scene.world.context), 0);
        if (pickers[at] != NULL) {
            ck_assert_int_eq(svcroute_picker_pick(pickers[at], handle, NULL, picks[at], i), 0);
        }
        if (i % 7 == 0) { /* a request goes on with another worker */
            unsigned other = (at + 2) % 5;
            ck_assert_int_eq(svcroute_pick_finish(picks[at], NULL, i), 0);
            if (pickers[other] != NULL) {
                ck_assert_int_eq(svcroute_picker_pick_next(pickers[other], NULL, picks[at], i), 0);
            }
        }
        say_used(&script, "a", 1, 2 + i % 3, "");
        scene_load(&scene, &script);
        scene_resolve(&scene);
        ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, i), 0);
        events_of(&scene);
    }
    for (unsigned i = 0; i < 5; i++) {
        svcroute_picker_free(pickers[i]);
        svcroute_pick_free(picks[i]);
    }
    scene_close(&scene);
}
END_TEST

Suite *suite_balance_updates(void);
Suite *suite_balance_updates(void)
{
    Suite *suite = suite_create("balance_updates");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, equal_tables_are_no_update);
    tcase_add_test(all, settings_reset_what_they_define);
    tcase_add_test(all, counts_of_mirrors_go_on);
    tcase_add_test(all, new_servers_join_quietly);
    tcase_add_test(all, cookies_stay_good);
    tcase_add_test(all, clocks_run_back);
    tcase_add_test(all, failovers_follow_checks);
    tcase_add_test(all, names_that_change_their_nature);
    tcase_add_test(all, trees_change_their_type);
    tcase_add_test(all, sleepers_wake_to_another_world);
    tcase_add_test(all, updates_may_be_skipped);
    tcase_add_test(all, refreshes_fail_and_succeed);
    tcase_add_test(all, everything_ends_in_any_order);
    tcase_add_test(all, pickers_come_and_go);
    suite_add_tcase(suite, all);
    return suite;
}
