/* Events, probes, ejections: what the driver hears and does. */
#include "balance_support.h"

#define SECOND UINT64_C(1000000000)

static void say_external(struct script *script, const char *health)
{
    say(script, "---\napiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: default}\n"
                "spec: {type: ExternalName, externalName: far.example, ports: [{port: 80}]}\n");
    char tree[400];
    snprintf(tree, sizeof(tree), "{weighted: {services: [{name: x, port: 80%s}]}}", health);
    say_tree(script, "t", tree);
}

#define CHECKED ", healthCheck: {path: /ok, interval: 10s, timeout: 2s, headers: {X-A: b}}"
#define CHECKED_OFTEN ", healthCheck: {path: /ok, interval: 4s, timeout: 2s, headers: {X-A: b}}"

static struct svcroute_event next(struct scene *scene)
{
    struct svcroute_event event = {.size = sizeof(event)};
    int error = svcroute_balancer_next_event(scene->balancer, &event);
    ck_assert(error == 0 || error == SVCROUTE_ERR_END);
    if (error != 0) {
        event.kind = 0;
    }
    return event;
}

/* Goes on to the next deadline; returns the time. */
static uint64_t go_on(struct scene *scene)
{
    uint64_t now = svcroute_balancer_next_deadline(scene->balancer);
    ck_assert_uint_ne(now, UINT64_MAX);
    svcroute_balancer_advance(scene->balancer, now);
    return now;
}

START_TEST(probes_are_asked_for_and_answered)
{
    struct script script = {0};
    struct scene scene;
    svcr_text name, value;
    say_external(&script, CHECKED);
    scene_open(&scene, &script, "external", 0);
    uint64_t handle = handle_of(&scene, "default-x-80");
    ck_assert_uint_eq(next(&scene).kind, 0);
    uint64_t now = go_on(&scene);
    ck_assert_uint_le(now, 10 * SECOND);
    struct svcroute_event event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
    ck_assert_text(event.url, "http://far.example:80/ok");
    ck_assert_text(event.host, "far.example:80");
    ck_assert_text(event.authority, "far.example:80");
    ck_assert_text(event.target, "/ok");
    ck_assert_text(event.method, "GET");
    ck_assert_text(event.scheme, "http");
    ck_assert_text(event.service, "default-x-80");
    ck_assert_uint_eq(event.timeout, 2 * SECOND);
    ck_assert_uint_eq(event.num_headers, 1);
    ck_assert_uint_eq(event.follow_redirects, 1);
    ck_assert_int_eq(
        svcroute_balancer_get_probe_header(scene.balancer, event.server, 0, &name, &value), 0);
    ck_assert_text(name, "X-A");
    ck_assert_text(value, "b");
    ck_assert_int_eq(
        svcroute_balancer_get_probe_header(scene.balancer, event.server, 1, &name, &value),
        SVCROUTE_ERR_NOT_FOUND);
    ck_assert_uint_eq(next(&scene).kind, 0);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, event.probe + 1,
                                                    SVCROUTE_PROBE_STATUS, 200, now),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, event.probe,
                                                    SVCROUTE_PROBE_STATUS, 500, now),
                     0);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, event.probe,
                                                    SVCROUTE_PROBE_STATUS, 500, now),
                     SVCROUTE_ERR_NOT_FOUND);
    event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_SERVER_DOWN);
    ck_assert_uint_eq(event.reason, SVCROUTE_DOWN_ACTIVE);
    ck_assert_text(event.url, "http://far.example:80");
    event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_SERVICE_DOWN);
    event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_SERVICE_DOWN);
    ck_assert_uint_eq(next(&scene).kind, 0);
    ck_assert_str_eq(pick_once(&scene, handle, NULL, now), "-");
    now = go_on(&scene);
    event = next(&scene);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, event.probe,
                                                    SVCROUTE_PROBE_STATUS, 204, now),
                     0);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_UP);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVICE_UP);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVICE_UP);
    ck_assert_str_eq(pick_once(&scene, handle, NULL, now), "far.example");
    scene_close(&scene);
}
END_TEST

START_TEST(probes_without_an_answer_count_as_failed)
{
    struct script script = {0};
    struct scene scene;
    say_external(&script, CHECKED);
    scene_open(&scene, &script, "external", 0);
    uint64_t now = go_on(&scene);
    struct svcroute_event event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), now + 3 * SECOND);
    now = go_on(&scene);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, event.probe,
                                                    SVCROUTE_PROBE_STATUS, 200, now),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_DOWN);
    scene_close(&scene);
}
END_TEST

START_TEST(probes_survive_updates_or_are_cancelled)
{
    struct script script = {0};
    struct scene scene;
    say_external(&script, CHECKED);
    scene_open(&scene, &script, "external", 0);
    uint64_t now = go_on(&scene);
    struct svcroute_event event = next(&scene);
    say_external(&script, CHECKED_OFTEN);
    scene_load(&scene, &script);
    scene_update(&scene, now);
    ck_assert_int_eq(
        svcroute_balancer_report_probe(scene.balancer, event.probe, SVCROUTE_PROBE_FAILED, 0, now),
        0);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_DOWN);
    while (next(&scene).kind != 0) {
    }
    now = go_on(&scene); /* down goes on over updates as well */
    event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
    uint64_t probe = event.probe;
    say_external(&script, ""); /* no check any more: it is up */
    scene_load(&scene, &script);
    scene_update(&scene, now);
    event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE_CANCELLED);
    ck_assert_uint_eq(event.probe, probe);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_UP);
    ck_assert_int_eq(
        svcroute_balancer_report_probe(scene.balancer, probe, SVCROUTE_PROBE_STATUS, 200, now),
        SVCROUTE_ERR_NOT_FOUND);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), UINT64_MAX);
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-x-80"), NULL, now),
                     "far.example");
    scene_close(&scene);
}
END_TEST

START_TEST(initial_health_is_an_option)
{
    for (uint32_t initial = SVCROUTE_INITIAL_UP; initial <= SVCROUTE_INITIAL_UNKNOWN; initial++) {
        struct script script = {0};
        struct scene scene;
        struct svcroute_balancer_options options;
        struct svcroute_balancer *balancer = NULL;
        svcroute_balancer_options_init(&options, sizeof(options));
        options.initial_health = initial;
        options.rise = 2;
        say_external(&script, CHECKED);
        scene_open(&scene, &script, "external", 0);
        ck_assert_int_eq(svcroute_balancer_new(&balancer, scene.table, &options, 0), 0);
        svcroute_picker_free(scene.picker);
        svcroute_balancer_free(scene.balancer);
        scene.balancer = balancer;
        ck_assert_int_eq(svcroute_picker_new(&scene.picker, balancer, 0), 0);
        uint64_t handle = handle_of(&scene, "default-x-80");
        bool up = initial == SVCROUTE_INITIAL_UP;
        ck_assert_int_eq(strcmp(pick_once(&scene, handle, NULL, 0), "-") != 0, up);
        for (unsigned answers = 1; answers <= 2; answers++) {
            struct svcroute_event event = {0};
            uint64_t now = go_on(&scene);
            do {
                event = next(&scene);
                ck_assert_uint_ne(event.kind, 0);
            } while (event.kind != SVCROUTE_EVENT_PROBE);
            ck_assert_int_eq(svcroute_balancer_report_probe(balancer, event.probe,
                                                            SVCROUTE_PROBE_STATUS, 200, now),
                             0);
            up = up || initial == SVCROUTE_INITIAL_UNKNOWN || answers == 2;
            ck_assert_int_eq(strcmp(pick_once(&scene, handle, NULL, now), "-") != 0, up);
        }
        scene_close(&scene);
    }
}
END_TEST

/* ---- failures of requests ---- */

static void say_watched(struct script *script, unsigned num, const char *passive)
{
    char tree[300];
    say_service(script, "a", 1, num, 0);
    snprintf(tree, sizeof(tree), "{weighted: {services: [{name: a, port: 80%s}]}}", passive);
    say_tree(script, "t", tree);
}

#define PASSIVE ", passiveHealthCheck: {failureWindow: 10s, maxFailedAttempts: 2}"

/* Picks and finishes with an outcome; returns the last part of the server's address. */
static unsigned serve(struct scene *scene, uint64_t handle, uint32_t kind, uint32_t status,
                      uint64_t now)
{
    unsigned host = 0;
    struct svcroute_pick *pick = NULL;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = kind, .status = status};
    ck_assert_int_eq(svcroute_pick_new(&pick, scene->world.context), 0);
    ck_assert_int_eq(svcroute_picker_pick(scene->picker, handle, NULL, pick, now), 0);
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    host = (unsigned)(info.host.data[info.host.size - 1] - '0');
    ck_assert_int_eq(svcroute_pick_report(pick, &outcome, now), 0);
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, now), 0);
    svcroute_pick_free(pick);
    return host;
}

START_TEST(failures_eject_and_time_brings_back)
{
    struct script script = {0};
    struct scene scene;
    say_watched(&script, 2, PASSIVE);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-a-80");
    ck_assert_uint_eq(serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 500, 0), 1);
    ck_assert_uint_eq(serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 200, 0), 2);
    ck_assert(!svcroute_balancer_needs_advance(scene.balancer));
    ck_assert_uint_eq(serve(&scene, handle, SVCROUTE_OUTCOME_CONNECT, 0, 1 * SECOND), 1);
    ck_assert(svcroute_balancer_needs_advance(scene.balancer));
    for (unsigned i = 0; i < 5; i++) { /* the last one stays, whatever it answers */
        ck_assert_uint_eq(serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 500, 2 * SECOND), 2);
    }
    svcroute_balancer_advance(scene.balancer, 3 * SECOND);
    ck_assert(!svcroute_balancer_needs_advance(scene.balancer));
    struct svcroute_event event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_SERVER_DOWN);
    ck_assert_uint_eq(event.reason, SVCROUTE_DOWN_PASSIVE);
    ck_assert_text(event.url, "http://10.1.0.1:80");
    ck_assert_uint_eq(next(&scene).kind, 0);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), 11 * SECOND);
    say_watched(&script, 3, PASSIVE); /* ejections are carried over */
    scene_load(&scene, &script);
    scene_update(&scene, 4 * SECOND);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), 11 * SECOND);
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_uint_ne(serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 200, 5 * SECOND), 1);
    }
    svcroute_balancer_advance(scene.balancer, 11 * SECOND);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_UP);
    bool back = false;
    for (unsigned i = 0; i < 3; i++) {
        back = back || serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 200, 12 * SECOND) == 1;
    }
    ck_assert(back);
    scene_close(&scene);
}
END_TEST

START_TEST(the_last_one_goes_if_asked_for)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_watched(&script, 1, PASSIVE);
        scene_open(&scene, &script, traefik ? "traefik" : "",
                   traefik ? 0 : SVCROUTE_BALANCER_EJECT_LAST);
        uint64_t handle = handle_of(&scene, "default-a-80");
        serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 500, 0);
        serve(&scene, handle, SVCROUTE_OUTCOME_STATUS, 500, 0);
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "-");
        svcroute_balancer_advance(scene.balancer, 0);
        ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_DOWN);
        ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVICE_DOWN);
        /* without the check there is nothing that would bring it back */
        say_watched(&script, 1, "");
        scene_load(&scene, &script);
        scene_update(&scene, 1);
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 1), "10.1.0.1");
        ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_UP);
        scene_close(&scene);
    }
}
END_TEST

START_TEST(changes_that_cancel_out_are_not_told)
{
    struct script script = {0};
    struct scene scene;
    uint64_t id = 0;
    say_watched(&script, 2, "");
    scene_open(&scene, &script, "", 0);
    ck_assert_int_eq(
        svcroute_balancer_find_server(scene.balancer, SVCR_TEXT("default-a-80"), 0, &id), 0);
    svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_DOWN, 1);
    svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_AUTO, 2);
    ck_assert_uint_eq(next(&scene).kind, 0);
    svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_DOWN, 3);
    svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_UP, 4);
    svcroute_balancer_set_admin(scene.balancer, id, SVCROUTE_ADMIN_DOWN, 5);
    ck_assert_uint_eq(next(&scene).kind, SVCROUTE_EVENT_SERVER_DOWN);
    ck_assert_uint_eq(next(&scene).kind, 0);
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, id, 4, 5), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, id + (UINT64_C(1) << 32), 0, 5),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_balancer_next_event(scene.balancer, NULL), SVCROUTE_ERR_INVALID);
    scene_close(&scene);
}
END_TEST

/* A clock that runs back is taken for the last time seen. */
START_TEST(clocks_that_run_back_do_no_harm)
{
    struct script script = {0};
    struct scene scene;
    say_external(&script, CHECKED);
    scene_open(&scene, &script, "external", 0);
    uint64_t now = go_on(&scene);
    struct svcroute_event event = next(&scene);
    ck_assert_int_eq(
        svcroute_balancer_report_probe(scene.balancer, event.probe, SVCROUTE_PROBE_STATUS, 200, 0),
        0);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), now + 10 * SECOND);
    svcroute_balancer_advance(scene.balancer, 1);
    ck_assert_uint_eq(next(&scene).kind, 0);
    scene_close(&scene);
}
END_TEST

Suite *suite_events(void);
Suite *suite_events(void)
{
    Suite *suite = suite_create("events");
    TCase *all = tcase_create("all");
    tcase_add_test(all, probes_are_asked_for_and_answered);
    tcase_add_test(all, probes_without_an_answer_count_as_failed);
    tcase_add_test(all, probes_survive_updates_or_are_cancelled);
    tcase_add_test(all, initial_health_is_an_option);
    tcase_add_test(all, failures_eject_and_time_brings_back);
    tcase_add_test(all, the_last_one_goes_if_asked_for);
    tcase_add_test(all, changes_that_cancel_out_are_not_told);
    tcase_add_test(all, clocks_that_run_back_do_no_harm);
    suite_add_tcase(suite, all);
    return suite;
}
