/* What profile traefik-v3 does where nobody is below a service: who answers instead, and what is
 * left of the pick. */
#include "balance_support.h"

static struct svcroute_pick *pick_make(struct scene *scene)
{
    struct svcroute_pick *pick = NULL;
    ck_assert_int_eq(svcroute_pick_new(&pick, scene->world.context), 0);
    return pick;
}

/* Services a, b, c, d of 2 servers each: 10.1 to 10.4. */
static void say_four(struct script *script)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    for (unsigned i = 0; i < 4; i++) {
        say_service(script, names[i], i + 1, 2, 0);
    }
}

static void take_down(struct scene *scene, const char *service)
{
    uint64_t id = 0;
    for (size_t i = 0;
         svcroute_balancer_find_server(scene->balancer, text_of(service), i, &id) == 0; i++) {
        ck_assert_int_eq(svcroute_balancer_set_admin(scene->balancer, id, SVCROUTE_ADMIN_DOWN, 0),
                         0);
    }
}

/* Picks from a service and tells who, how many cookies and which mirrors: "10.1.0.1 1 +b +c". */
static const char *tell(struct scene *scene, const char *service,
                        const struct svcroute_request *request, struct svcroute_pick *pick)
{
    static char text[256];
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_mirror_info mirror = {.size = sizeof(mirror)};
    int error = svcroute_picker_pick(scene->picker, handle_of(scene, service), request, pick, 0);
    const char *code = error == SVCROUTE_ERR_NO_SERVER        ? "503"
                       : error == SVCROUTE_ERR_BODY_TOO_LARGE ? "413"
                                                              : "?";
    if (svcroute_pick_get_info(pick, &info) != 0) {
        ck_assert_int_ne(error, 0);
        ck_assert_int_eq(svcroute_pick_get_mirror(pick, 0, &mirror), SVCROUTE_ERR_STATE);
        return strcpy(text, code);
    }
    ck_assert_int_eq(error == 0, info.server != 0);
    int size = error == 0
                   ? snprintf(text, sizeof(text), "%.*s %u", SVCR_ARG(info.host), info.num_cookies)
                   : snprintf(text, sizeof(text), "%s %u", code, info.num_cookies);
    for (uint32_t i = 0; i < info.num_mirrors; i++) {
        ck_assert_int_eq(svcroute_pick_get_mirror(pick, i, &mirror), 0);
        size += snprintf(text + size, sizeof(text) - (size_t)size, " +%c", /* default-b-80 */
                         mirror.service.data[8]);
    }
    ck_assert_int_eq(svcroute_pick_get_mirror(pick, info.num_mirrors, &mirror),
                     SVCROUTE_ERR_NOT_FOUND);
    return text;
}

static const char *tell_once(struct scene *scene, const char *service)
{
    struct svcroute_pick *pick = pick_make(scene);
    const char *text = tell(scene, service, NULL, pick);
    svcroute_pick_free(pick);
    return text;
}

#define MIRRORED                                                                                   \
    "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 100}, {name: c, "      \
    "port: 80, percent: 50}]}}"

/* Copies are due whatever main answers. In the default profile nothing is left of such a pick. */
START_TEST(mirrors_without_a_server)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_four(&script);
        say_tree(&script, "m", MIRRORED);
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        struct svcroute_pick *pick = pick_make(&scene), *copy = pick_make(&scene);
        ck_assert_str_eq(tell_once(&scene, "default-m"), "10.1.0.1 0 +b +c");
        take_down(&scene, "default-a-80");
        /* the counts go on: the half is not due this time */
        ck_assert_str_eq(tell(&scene, "default-m", NULL, pick), traefik ? "503 0 +b" : "503");
        int error = svcroute_picker_pick_mirror(scene.picker, pick, 0, NULL, copy, 0);
        ck_assert_int_eq(error, traefik ? 0 : SVCROUTE_ERR_STATE);
        struct svcroute_pick_info info = {.size = sizeof(info)};
        if (traefik) {
            ck_assert_int_eq(svcroute_pick_get_info(copy, &info), 0);
            ck_assert_text(info.host, "10.2.0.1");
            ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
            ck_assert_ptr_null(info.host.data);
            ck_assert_uint_eq(info.why, 0);
            ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, 1, NULL, copy, 0),
                             SVCROUTE_ERR_STATE);
            svcroute_pick_clear(copy);
            ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, 1, NULL, copy, 0),
                             SVCROUTE_ERR_NOT_FOUND);
            /* it is no request that could end, or be tried again */
            ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE);
            ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0),
                             SVCROUTE_ERR_STATE);
            ck_assert(!svcroute_pick_wants_fallback(pick, 503));
            ck_assert_ptr_null(svcroute_pick_get_middleware(pick, 0).data);
        }
        svcroute_pick_clear(pick);
        ck_assert_str_eq(tell(&scene, "default-m", NULL, pick), traefik ? "503 0 +b +c" : "503");
        svcroute_pick_free(copy);
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* A copy outlives what it was made from, an update and its picker. */
START_TEST(such_a_pick_holds_what_it_shows)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_tree(&script, "m", MIRRORED);
    scene_open(&scene, &script, "traefik", SVCROUTE_BALANCER_NO_PHASE);
    struct svcroute_pick *pick = pick_make(&scene);
    struct svcroute_mirror_info info = {.size = sizeof(info)};
    take_down(&scene, "default-a-80");
    ck_assert_str_eq(tell(&scene, "default-m", NULL, pick), "503 0 +b +c");
    say_tree(&script, "m", "{mirroring: {name: a, port: 80, mirrors: []}}");
    scene_load(&scene, &script);
    scene_update(&scene, 1);
    svcroute_picker_free(scene.picker);
    scene.picker = NULL;
    ck_assert_int_eq(svcroute_pick_get_mirror(pick, 1, &info), 0);
    ck_assert_text(info.service, "default-c-80");
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* A main whose service has nobody answers 503: that is listed or not. Its cookies go with its
 * answer, its mirrors get their copies. */
START_TEST(a_main_without_servers_answers)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_tree(&script, "w",
             "{weighted: {services: [{name: a, port: 80}], sticky: {cookie: {name: w}}}}");
    say_tree(&script, "m",
             "{mirroring: {kind: TraefikService, name: w, mirrors: [{name: c, port: 80, percent: "
             "100}]}}");
    say_tree(&script, "v",
             "{weighted: {services: [{name: d, port: 80}], sticky: {cookie: {name: v}}}}");
#define SIDES "service: {kind: TraefikService, name: m}, fallback: {kind: TraefikService, name: v}"
    say_tree(&script, "listed", "{failover: {" SIDES ", errors: {status: ['503']}}}");
    say_tree(&script, "other", "{failover: {" SIDES ", errors: {status: ['500']}}}");
    say_tree(&script, "both",
             "{failover: {service: {kind: TraefikService, name: other}, fallback: {name: b, port: "
             "80}, errors: {status: ['500-599']}}}");
    scene_open(&scene, &script, "traefik", SVCROUTE_BALANCER_NO_PHASE);
    ck_assert_str_eq(tell_once(&scene, "default-listed"), "10.1.0.1 1 +c");
    take_down(&scene, "default-a-80");
    ck_assert_str_eq(tell_once(&scene, "default-listed"), "10.4.0.1 1 +c");
    ck_assert_str_eq(tell_once(&scene, "default-other"), "503 1 +c");
    ck_assert_str_eq(tell_once(&scene, "default-both"), "10.2.0.1 0 +c");
    /* the pick that fell back has no failover to leave any more */
    struct svcroute_pick *pick = pick_make(&scene);
    struct svcroute_pick_info info = {.size = sizeof(info)};
    tell(&scene, "default-listed", NULL, pick);
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    ck_assert_uint_eq(info.why, SVCROUTE_WHY_FALLBACK);
    ck_assert_uint_eq(info.keeps_body, 0);
    ck_assert(!svcroute_pick_wants_fallback(pick, 503));
    svcroute_pick_clear(pick);
    take_down(&scene, "default-d-80");
    ck_assert_str_eq(tell(&scene, "default-listed", NULL, pick), "503 1 +c"); /* of the fallback */
    char cookie[256];
    size_t size = sizeof(cookie);
    ck_assert_int_eq(svcroute_pick_copy_cookie(pick, 0, cookie, &size), 0);
    ck_assert_int_eq(strncmp(cookie, "v=", 2), 0);
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* 413 is an answer too. In the default profile, too, it may be listed by a failover around. */
START_TEST(a_body_too_large_answers)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        struct svcroute_request request = {
            .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = 9};
        say_four(&script);
        say_tree(&script, "inner",
                 "{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: "
                 "{status: ['500'], maxRequestBodyBytes: 5}}}");
        say_tree(&script, "m",
                 "{mirroring: {kind: TraefikService, name: inner, mirrors: [{name: c, port: 80, "
                 "percent: 100}]}}");
        say_tree(&script, "listed",
                 "{failover: {service: {kind: TraefikService, name: inner}, fallback: {name: d, "
                 "port: 80}, errors: {status: ['413']}}}");
        say_tree(&script, "other",
                 "{failover: {service: {kind: TraefikService, name: inner}, fallback: {name: d, "
                 "port: 80}, errors: {status: ['503']}}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        struct svcroute_pick *pick = pick_make(&scene);
        ck_assert_str_eq(tell(&scene, "default-inner", &request, pick), "413");
        ck_assert_str_eq(tell(&scene, "default-m", &request, pick), traefik ? "413 0 +c" : "413");
        svcroute_pick_clear(pick);
        ck_assert_str_eq(tell(&scene, "default-other", &request, pick), "413");
        ck_assert_str_eq(tell(&scene, "default-listed", &request, pick), "10.4.0.1 0");
        svcroute_pick_clear(pick);
        request.body_size = 5;
        ck_assert_str_eq(tell(&scene, "default-listed", &request, pick), "10.1.0.1 0");
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* A service on both sides is asked twice, and the second time it may choose somebody else; so the
 * reference's clients get an answer each time. */
START_TEST(both_sides_are_asked)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_tree(&script, "w", "{weighted: {services: [{name: a, port: 80}, {name: b, port: 80}]}}");
    say_tree(&script, "f",
             "{failover: {service: {kind: TraefikService, name: w}, fallback: {kind: "
             "TraefikService, name: w}, errors: {status: ['503']}}}");
    scene_open(&scene, &script, "traefik", SVCROUTE_BALANCER_NO_PHASE);
    take_down(&scene, "default-a-80");
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_str_eq(tell_once(&scene, "default-f"), i % 2 == 0 ? "10.2.0.1 0" : "10.2.0.2 0");
    }
    take_down(&scene, "default-b-80");
    ck_assert_str_eq(tell_once(&scene, "default-f"), "503");
    scene_close(&scene);
}
END_TEST

/* Failovers of failovers, the same on both sides: the reference asks the innermost 2^n times. */
START_TEST(asking_again_ends)
{
    enum { LEVELS = 15 };
    struct script script = {0};
    struct scene scene;
    char name[32], spec[256];
    say_four(&script);
    say_tree(&script, "m0",
             "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 100}]}}");
    for (unsigned i = 1; i <= LEVELS; i++) {
        snprintf(name, sizeof(name), "m%u", i);
        snprintf(spec, sizeof(spec),
                 "{failover: {service: {kind: TraefikService, name: m%u}, fallback: {kind: "
                 "TraefikService, name: m%u}, errors: {status: ['503']}}}",
                 i - 1, i - 1);
        say_tree(&script, name, spec);
    }
    scene_open(&scene, &script, "traefik", SVCROUTE_BALANCER_NO_PHASE);
    take_down(&scene, "default-a-80");
    struct svcroute_pick *pick = pick_make(&scene);
    struct svcroute_pick_info info = {.size = sizeof(info)};
    static const unsigned levels[] = {0, 1, 2, 3, LEVELS};
    static const unsigned asked[] = {1, 2, 4, 8, 17}; /* each brings a copy */
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "default-m%u", levels[i]);
        ck_assert_int_eq(strncmp(tell(&scene, name, NULL, pick), "503", 3), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        ck_assert_uint_eq(info.num_mirrors, asked[i]);
        svcroute_pick_clear(pick);
    }
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* Answers after some milliseconds. */
static void answer_after(struct scene *scene, const char *service, uint64_t milliseconds)
{
    struct svcroute_pick *pick = pick_make(scene);
    struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                       .kind = SVCROUTE_OUTCOME_STATUS,
                                       .status = 200,
                                       .first_byte = milliseconds * 1000000};
    ck_assert_int_eq(svcroute_picker_pick(scene->picker, handle_of(scene, service), NULL, pick, 0),
                     0);
    ck_assert_int_eq(svcroute_pick_finish(pick, &outcome, 0), 0);
    svcroute_pick_free(pick);
}

static struct svcroute_server_stats stats_of(struct scene *scene, uint64_t id)
{
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_get_server_stats(scene->balancer, id, &stats), 0);
    return stats;
}

/* Another strategy is no other server: least time finds room for its samples where the server is,
 * and time to first byte is told in nanoseconds, whoever keeps it. */
START_TEST(strategies_change_and_servers_stay)
{
    static const char *const strategies[] = {"wrr", "leasttime", "p2c", "leasttime"};
    struct script script = {0};
    struct scene scene;
    uint64_t id = 0;
    for (unsigned i = 0; i < 4; i++) {
        char spec[128];
        snprintf(spec, sizeof(spec), "{weighted: {services: [{name: a, port: 80, strategy: %s}]}}",
                 strategies[i]);
        say_service(&script, "a", 1, 1, 0);
        say_tree(&script, "t", spec);
        if (i == 0) {
            scene_open(&scene, &script, "traefik", SVCROUTE_BALANCER_NO_PHASE);
            ck_assert_int_eq(
                svcroute_balancer_find_server(scene.balancer, SVCR_TEXT("default-a-80"), 0, &id),
                0);
        } else {
            scene_load(&scene, &script);
            scene_update(&scene, i);
        }
        ck_assert_uint_eq(stats_of(&scene, id).picks, 64 * i);
        if (i == 1) { /* what wrr had seen is no sample */
            ck_assert_uint_eq(stats_of(&scene, id).latency, 0);
        }
        for (unsigned k = 0; k < 64; k++) {
            answer_after(&scene, "default-t", 20);
        }
        ck_assert_uint_eq(stats_of(&scene, id).latency, 20000000);
    }
    for (unsigned k = 0; k < 100; k++) {
        answer_after(&scene, "default-t", 30);
    }
    ck_assert_uint_eq(stats_of(&scene, id).latency, 30000000);
    scene_close(&scene);
}
END_TEST

Suite *suite_balance_traefik(void);
Suite *suite_balance_traefik(void)
{
    Suite *suite = suite_create("balance_traefik");
    TCase *all = tcase_create("all");
    tcase_add_test(all, mirrors_without_a_server);
    tcase_add_test(all, such_a_pick_holds_what_it_shows);
    tcase_add_test(all, a_main_without_servers_answers);
    tcase_add_test(all, a_body_too_large_answers);
    tcase_add_test(all, both_sides_are_asked);
    tcase_add_test(all, asking_again_ends);
    tcase_add_test(all, strategies_change_and_servers_stay);
    suite_add_tcase(suite, all);
    return suite;
}
