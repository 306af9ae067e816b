/* Picking on real documents: strategies, trees, cookies, failover, mirrors, the same request again.
 */
#include "balance_support.h"

static void check_even(const unsigned *counts, unsigned num, unsigned each)
{
    for (unsigned i = 0; i < num; i++) {
        ck_assert_uint_eq(counts[i], each);
    }
}

static void say_pair(struct script *script, const char *tree)
{
    say_service(script, "a", 1, 2, 0);
    say_service(script, "b", 2, 3, 0);
    say_tree(script, "t", tree);
}

#define WEIGHTED                                                                                   \
    "{weighted: {services: [{name: a, port: 80, weight: 3}, {name: b, port: 80, weight: 1}]}}"

START_TEST(one_service_is_shared_out)
{
    struct script script = {0};
    struct scene scene;
    unsigned counts[3];
    say_pair(&script, WEIGHTED);
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-b-80");
    ck_assert_uint_eq(pick_many(&scene, handle, 300, 2, 3, counts), 0);
    check_even(counts, 3, 100);
    uint64_t tree = handle_of(&scene, "default-t");
    ck_assert_uint_eq(pick_many(&scene, tree, 400, 1, 2, counts), 100);
    check_even(counts, 2, 150);
    uint64_t none = 77;
    ck_assert_int_eq(svcroute_picker_find_service(scene.picker, SVCR_TEXT("nothing"), &none),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_uint_eq(none, 0);
    ck_assert_str_eq(pick_once(&scene, 0, NULL, 0), "gone");
    ck_assert_str_eq(pick_once(&scene, handle + 1000, NULL, 0), "gone");
    ck_assert_str_eq(pick_once(&scene, handle + (UINT64_C(1) << 32), NULL, 0), "gone");
    scene_close(&scene);
}
END_TEST

START_TEST(routes_lead_to_their_service)
{
    struct script script = {0};
    struct scene scene;
    uint64_t handle = 0;
    say_pair(&script, WEIGHTED);
    say_route(&script, "web", "{kind: TraefikService, name: t}");
    say_route(&script, "one", "{name: b, port: 80}");
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    struct svcroute_text names[2];
    size_t num = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct svcroute_route *route = svcroute_table_find_route_of(
            scene.table, SVCR_TEXT("default"), text_of(i == 0 ? "web" : "one"),
            text_of(i == 0 ? "Host(`web.example`)" : "Host(`one.example`)"), 0);
        ck_assert_ptr_nonnull(route);
        names[num++] = route_info(scene.table, route).name;
    }
    ck_assert_int_eq(svcroute_picker_find_route(scene.picker, names[0], &handle), 0);
    ck_assert_ptr_nonnull(strstr("10.1.0.1 10.1.0.2", pick_once(&scene, handle, NULL, 0)));
    ck_assert_int_eq(svcroute_picker_find_route(scene.picker, names[1], &handle), 0);
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.2.0.1");
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.2.0.2");
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.2.0.3");
    scene_close(&scene);
}
END_TEST

static uint64_t server_of(struct scene *scene, const char *service, size_t index)
{
    uint64_t id = 0;
    ck_assert_int_eq(svcroute_balancer_find_server(scene->balancer, text_of(service), index, &id),
                     0);
    return id;
}

static void admin(struct scene *scene, const char *service, size_t index, uint32_t what)
{
    ck_assert_int_eq(
        svcroute_balancer_set_admin(scene->balancer, server_of(scene, service, index), what, 0), 0);
}

START_TEST(children_without_servers_are_passed_over)
{
    struct script script = {0};
    struct scene scene;
    unsigned counts[3];
    say_pair(&script, WEIGHTED);
    scene_open(&scene, &script, "", 0);
    uint64_t tree = handle_of(&scene, "default-t");
    admin(&scene, "default-a-80", 0, SVCROUTE_ADMIN_DOWN);
    ck_assert_uint_eq(pick_many(&scene, tree, 40, 1, 2, counts), 10);
    ck_assert_uint_eq(counts[0], 0);
    admin(&scene, "default-a-80", 1, SVCROUTE_ADMIN_DOWN);
    ck_assert_uint_eq(pick_many(&scene, tree, 30, 2, 3, counts), 0);
    check_even(counts, 3, 10);
    for (size_t i = 0; i < 3; i++) {
        admin(&scene, "default-b-80", i, SVCROUTE_ADMIN_DOWN);
    }
    ck_assert_str_eq(pick_once(&scene, tree, NULL, 0), "-");
    admin(&scene, "default-b-80", 1, SVCROUTE_ADMIN_AUTO);
    ck_assert_str_eq(pick_once(&scene, tree, NULL, 0), "10.2.0.2");
    scene_close(&scene);
}
END_TEST

/* In traefik-v3 the parent's choice stands: one in four goes to the empty child. */
START_TEST(traefik_children_without_servers_answer_503)
{
    struct script script = {0};
    struct scene scene;
    unsigned counts[3];
    say_pair(&script, WEIGHTED);
    scene_open(&scene, &script, "traefik", 0);
    uint64_t tree = handle_of(&scene, "default-t");
    for (size_t i = 0; i < 3; i++) {
        admin(&scene, "default-b-80", i, SVCROUTE_ADMIN_DOWN);
    }
    ck_assert_uint_eq(pick_many(&scene, tree, 40, 1, 2, counts), 10);
    check_even(counts, 2, 15);
    scene_close(&scene);
}
END_TEST

START_TEST(fenced_servers_come_last)
{
    struct script script = {0};
    struct scene scene;
    unsigned counts[3];
    for (int traefik = 0; traefik < 2; traefik++) {
        say_service(&script, "a", 1, 3, 5);
        say_service(&script, "f", 2, 2, 3);
        say_tree(&script, "t",
                 "{weighted: {services: [{name: a, port: 80}, {name: f, port: 80}]}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        ck_assert_uint_eq(pick_many(&scene, handle_of(&scene, "default-a-80"), 10, 1, 3, counts),
                          0);
        ck_assert_uint_eq(counts[1], 10);
        ck_assert_uint_eq(pick_many(&scene, handle_of(&scene, "default-f-80"), 10, 2, 2, counts),
                          traefik ? 10 : 0);
        scene_close(&scene);
    }
}
END_TEST

/* ---- cookies ---- */

#define STICKY                                                                                     \
    "{weighted: {services: [{name: a, port: 80, sticky: {cookie: {name: lb}}}, {name: b, port: "   \
    "80, sticky: {cookie: {name: lb}}}], sticky: {cookie: {name: tree}}}}"

struct jar {
    char line[256];
    size_t size;
    unsigned num;
};

/* Puts the name=value parts of a pick's cookies into one Cookie line. */
static void jar_fill(struct jar *jar, const struct svcroute_pick *pick)
{
    char text[256];
    size_t size = sizeof(text);
    jar->num = 0;
    while (svcroute_pick_copy_cookie(pick, jar->num, text, &size) == 0) {
        size_t end = 0;
        while (end < size && text[end] != ';') {
            end++;
        }
        jar->size += (size_t)snprintf(jar->line + jar->size, sizeof(jar->line) - jar->size,
                                      "%s%.*s", jar->size != 0 ? "; " : "", (int)end, text);
        jar->num++;
        size = sizeof(text);
    }
}

START_TEST(cookies_lead_back)
{
    struct script script = {0};
    struct scene scene;
    say_pair(&script, STICKY);
    scene_open(&scene, &script, "", 0);
    uint64_t tree = handle_of(&scene, "default-t");
    struct svcroute_pick *pick = NULL;
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    for (unsigned i = 0; i < 10; i++) {
        struct jar jar = {0};
        struct svcroute_pick_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, tree, NULL, pick, 0), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        uint64_t server = info.server;
        ck_assert_uint_eq(info.num_cookies, 2);
        jar_fill(&jar, pick);
        ck_assert_uint_eq(jar.num, 2);
        ck_assert_int_eq(strncmp(jar.line, "tree=", 5), 0);
        ck_assert_ptr_nonnull(strstr(jar.line, "; lb="));
        svcroute_pick_clear(pick);
        struct svcroute_text line = {jar.line, jar.size};
        struct svcroute_request request = {
            .size = sizeof(request), .cookies = &line, .num_cookies = 1};
        for (unsigned j = 0; j < 5; j++) {
            ck_assert_int_eq(svcroute_picker_pick(scene.picker, tree, &request, pick, 0), 0);
            ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
            ck_assert_uint_eq(info.server, server);
            ck_assert_uint_eq(info.num_cookies, 0);
            ck_assert_uint_eq(info.why, SVCROUTE_WHY_COOKIE);
            svcroute_pick_clear(pick);
        }
        /* exclusion beats stickiness; the server that comes instead is told by a cookie */
        request.excluded = &server;
        request.num_excluded = 1;
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, tree, &request, pick, 0), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        ck_assert_uint_ne(info.server, server);
        ck_assert_uint_eq(info.num_cookies, 1);
        svcroute_pick_clear(pick);
    }
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* Of http://10.1.0.1:80 and http://10.1.0.2:80; computed by Python's hashlib and hmac. */
#define SECRET "0123456789abcdef"
#define NEWER "a-newer-secret-of-27-bytes!"
static const char *const unkeyed_values[] = {"d7427171547550d7", "c9409ca30fd566c5"};
static const char *const keyed_values[] = {"e3e2e2a79544be9643a6bdbbdb95fe7f",
                                           "fa3fd4ab7165586b667b932c30a4dd76"};
static const char *const newer_values[] = {"8e2d011955e29eaf231a488c77d94b98",
                                           "e5113fe671c8ecf6bb8f9e5b25c13adb"};

/* Picks from default-a-80 with a cookie of this value (NULL: without); it must lead to server
 * `index` (2: it must lead nowhere), and a cookie be set with the value that the server picked has
 * in `sent` (NULL: none). */
static void pick_with_value(struct scene *scene, const char *value, unsigned index,
                            const char *const *sent)
{
    char line[64];
    char text[256];
    size_t size = sizeof(text);
    struct svcroute_pick *pick = NULL;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_request request = {.size = sizeof(request)};
    snprintf(line, sizeof(line), "lb=%s", value != NULL ? value : "");
    struct svcroute_text cookie = {line, strlen(line)};
    request.cookies = &cookie;
    request.num_cookies = value != NULL ? 1 : 0;
    ck_assert_int_eq(svcroute_pick_new(&pick, scene->world.context), 0);
    ck_assert_int_eq(
        svcroute_picker_pick(scene->picker, handle_of(scene, "default-a-80"), &request, pick, 0),
        0);
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    unsigned picked = text_equals(info.host, "10.1.0.1") ? 0 : 1;
    ck_assert_uint_eq(info.why == SVCROUTE_WHY_COOKIE, index < 2);
    ck_assert(index == 2 || picked == index);
    ck_assert_uint_eq(info.num_cookies, sent != NULL ? 1 : 0);
    if (sent != NULL) {
        ck_assert_int_eq(svcroute_pick_copy_cookie(pick, 0, text, &size), 0);
        size_t expected = (size_t)snprintf(line, sizeof(line), "lb=%s;", sent[picked]);
        ck_assert_uint_gt(size, expected);
        ck_assert_mem_eq(text, line, expected);
    }
    svcroute_pick_free(pick);
}

static void change_policy(struct scene *scene, const char *profile, const char *words)
{
    static char policy[128];
    snprintf(policy, sizeof(policy), "%s%s", profile, words);
    scene->policy = policy;
    scene_update(scene, 0);
    scene_resolve(scene); /* the same again is no news, nor is it to who has no cookies */
    ck_assert_int_eq(svcroute_balancer_update(scene->balancer, scene->table, 0), 0);
    ck_assert(!svcroute_picker_stale(scene->picker));
}

START_TEST(cookies_with_secrets)
{
    static const char *const profiles[] = {"", "traefik "};
    for (size_t p = 0; p < 2; p++) {
        struct script script = {0};
        struct scene scene;
        say_pair(&script, STICKY);
        scene_open(&scene, &script, profiles[p], 0);
        pick_with_value(&scene, NULL, 2, unkeyed_values);
        for (unsigned i = 0; i < 2; i++) {
            change_policy(&scene, profiles[p], "");
            pick_with_value(&scene, unkeyed_values[i], i, NULL);
            pick_with_value(&scene, keyed_values[i], 2, unkeyed_values);
            change_policy(&scene, profiles[p], "oldkey:" SECRET);
            pick_with_value(&scene, keyed_values[i], i, unkeyed_values);
            change_policy(&scene, profiles[p], "key:" SECRET " unkeyed");
            pick_with_value(&scene, NULL, 2, keyed_values);
            pick_with_value(&scene, keyed_values[i], i, NULL);
            pick_with_value(&scene, unkeyed_values[i], i, keyed_values);
            change_policy(&scene, profiles[p], "key:" SECRET " oldkey:" NEWER);
            pick_with_value(&scene, newer_values[i], i, keyed_values);
            pick_with_value(&scene, unkeyed_values[i], 2, keyed_values);
            change_policy(&scene, profiles[p], "key:" NEWER " oldkey:" SECRET);
            pick_with_value(&scene, keyed_values[i], i, newer_values);
            change_policy(&scene, profiles[p], "key:" NEWER);
            pick_with_value(&scene, newer_values[i], i, NULL);
            pick_with_value(&scene, keyed_values[i], 2, newer_values);
        }
        scene_close(&scene);
    }
}
END_TEST

START_TEST(cookies_reach_draining_servers)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_pick *pick = NULL;
    struct jar jar = {0};
    struct svcroute_pick_info info = {.size = sizeof(info)};
    say_pair(&script, STICKY);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-a-80");
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    uint64_t server = info.server;
    jar_fill(&jar, pick);
    svcroute_pick_clear(pick);
    struct svcroute_text line = {jar.line, jar.size};
    struct svcroute_request request = {.size = sizeof(request), .cookies = &line, .num_cookies = 1};
    static const struct {
        uint32_t admin;
        bool new_client, old_client;
    } cases[] = {{SVCROUTE_ADMIN_DRAIN, false, true},
                 {SVCROUTE_ADMIN_DOWN, false, false},
                 {SVCROUTE_ADMIN_UP, true, true}};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, server, cases[i].admin, 0), 0);
        bool met = false;
        for (unsigned j = 0; j < 4; j++) {
            ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
            ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
            met = met || info.server == server;
            svcroute_pick_clear(pick);
        }
        ck_assert_int_eq(met, cases[i].new_client);
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        ck_assert_int_eq(info.server == server, cases[i].old_client);
        svcroute_pick_clear(pick);
    }
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* ---- failover and the same request again ---- */

static void finish_with(struct svcroute_pick *pick, uint32_t kind, uint32_t status)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = kind, .status = status};
    ck_assert_int_eq(svcroute_pick_finish(pick, &outcome, 0), 0);
}

static const char *host_of_pick(const struct svcroute_pick *pick)
{
    static char text[64];
    struct svcroute_pick_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    snprintf(text, sizeof(text), "%.*s", SVCR_ARG(info.host));
    return text;
}

START_TEST(another_server_until_all_were_tried)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_pick *pick = NULL;
    say_pair(&script, WEIGHTED);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(
        svcroute_picker_pick(scene.picker, handle_of(&scene, "default-t"), NULL, pick, 0), 0);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), SVCROUTE_ERR_STATE);
    bool seen[5] = {false};
    for (unsigned i = 0;; i++) {
        unsigned net = 0, host = 0;
        ck_assert_int_eq(sscanf(host_of_pick(pick), "10.%u.0.%u", &net, &host), 2);
        unsigned server = (net == 1 ? 0 : 2) + host - 1;
        ck_assert_uint_lt(server, 5);
        ck_assert(!seen[server]);
        seen[server] = true;
        finish_with(pick, SVCROUTE_OUTCOME_CONNECT, 0);
        int error = svcroute_picker_pick_next(scene.picker, NULL, pick, 0);
        ck_assert_int_eq(error, i < 4 ? 0 : SVCROUTE_ERR_ALL_TRIED);
        if (i == 4) {
            break;
        }
    }
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE);
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

#define FAILOVER                                                                                   \
    "{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: {status: "   \
    "['500-504', '429'], maxRequestBodyBytes: 100}}}"

START_TEST(failover_by_status)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_pick *pick = NULL;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    say_pair(&script, FAILOVER);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-t");
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
    ck_assert_str_eq(host_of_pick(pick), "10.1.0.1");
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    ck_assert_uint_eq(info.keeps_body, 1);
    ck_assert_int_eq(info.keep_body, 100);
    ck_assert(svcroute_pick_wants_fallback(pick, 500));
    ck_assert(svcroute_pick_wants_fallback(pick, 429));
    ck_assert(!svcroute_pick_wants_fallback(pick, 505));
    ck_assert(!svcroute_pick_wants_fallback(pick, 200));
    finish_with(pick, SVCROUTE_OUTCOME_STATUS, 503);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), 0);
    ck_assert_str_eq(host_of_pick(pick), "10.2.0.1");
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    ck_assert_uint_eq(info.why, SVCROUTE_WHY_FALLBACK);
    ck_assert_uint_eq(info.keeps_body, 0);
    ck_assert(!svcroute_pick_wants_fallback(pick, 500));
    /* within the fallback: another server of it */
    finish_with(pick, SVCROUTE_OUTCOME_STATUS, 503);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), 0);
    ck_assert_str_eq(host_of_pick(pick), "10.2.0.2");
    svcroute_pick_clear(pick);
    /* a status that is not listed: another server of main */
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
    const char *first = host_of_pick(pick);
    ck_assert_str_eq(first, "10.1.0.2");
    finish_with(pick, SVCROUTE_OUTCOME_STATUS, 505);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), 0);
    ck_assert_str_eq(host_of_pick(pick), "10.1.0.1");
    svcroute_pick_clear(pick);
    struct svcroute_request request = {
        .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = 101};
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0),
                     SVCROUTE_ERR_BODY_TOO_LARGE);
    request.body_size = 100;
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0), 0);
    svcroute_pick_clear(pick);
    admin(&scene, "default-a-80", 0, SVCROUTE_ADMIN_DOWN);
    admin(&scene, "default-a-80", 1, SVCROUTE_ADMIN_DOWN);
    request.body_size = 101; /* main is down: no limit applies */
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0), 0);
    ck_assert_int_eq(strncmp(host_of_pick(pick), "10.2.", 5), 0);
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* ---- mirrors ---- */

#define MIRRORING                                                                                  \
    "{mirroring: {name: a, port: 80, maxBodySize: 10, mirrors: [{name: b, port: 80, percent: "     \
    "50}]}}"

START_TEST(mirrors_are_due_by_percent)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_pick *pick = NULL;
    struct svcroute_pick *copy = NULL;
    unsigned due = 0;
    say_pair(&script, MIRRORING);
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-t");
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    ck_assert_int_eq(svcroute_pick_new(&copy, scene.world.context), 0);
    for (unsigned i = 0; i < 100; i++) {
        struct svcroute_mirror_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
        ck_assert_int_eq(strncmp(host_of_pick(pick), "10.1.", 5), 0);
        int error = svcroute_picker_pick_mirror(scene.picker, pick, 0, NULL, copy, 0);
        ck_assert_int_eq(svcroute_pick_get_mirror(pick, 0, &info), error);
        if (error == 0) {
            due++;
            ck_assert_int_eq(strncmp(host_of_pick(copy), "10.2.", 5), 0);
            ck_assert_int_eq(info.max_body, 10);
            ck_assert_uint_eq(info.copy_body, 1);
            ck_assert_text(info.service, "default-b-80");
            svcroute_pick_clear(copy);
        } else {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOT_FOUND);
        }
        svcroute_pick_finish(pick, NULL, 0);
        ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0), 0);
        svcroute_pick_clear(pick);
    }
    ck_assert_uint_eq(due, 50);
    struct svcroute_request request = {
        .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = 11};
    due = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct svcroute_pick_info info = {.size = sizeof(info)};
        request.body_size = i < 10 ? 11 : 10;
        ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0), 0);
        ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
        due += info.num_mirrors;
        ck_assert(i >= 10 || due == 0);
        svcroute_pick_clear(pick);
    }
    ck_assert_uint_eq(due, 5);
    svcroute_pick_free(pick);
    svcroute_pick_free(copy);
    scene_close(&scene);
}
END_TEST

/* ---- highest random weight ---- */

START_TEST(keys_stay_with_their_server)
{
    struct script script = {0};
    struct scene scene;
    for (int traefik = 0; traefik < 2; traefik++) {
        say_service(&script, "a", 1, 5, 0);
        say_tree(&script, "t", "{weighted: {services: [{name: a, port: 80, strategy: hrw}]}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", 0);
        uint64_t handle = handle_of(&scene, "default-t");
        unsigned used = 0;
        for (unsigned i = 0; i < 50; i++) {
            char client[32];
            char first[64];
            unsigned host = 0;
            struct svcroute_request request = {.size = sizeof(request)};
            request.client =
                (svcr_text){client, (size_t)snprintf(client, sizeof(client), "192.0.2.%u", i)};
            snprintf(first, sizeof(first), "%s", pick_once(&scene, handle, &request, 0));
            ck_assert_str_eq(pick_once(&scene, handle, &request, 0), first);
            ck_assert_int_eq(sscanf(first, "10.1.0.%u", &host), 1);
            used |= 1U << host;
        }
        ck_assert_int_ge(__builtin_popcount(used), 3);
        scene_close(&scene);
    }
}
END_TEST

/* ---- every mixture ---- */

enum { MIXED = 6 };

/* Puts each server up (0), down (1) or on its way out (2). */
static void mix(struct scene *scene, struct svcr_pool *pool, unsigned states)
{
    (void)scene;
    for (unsigned i = 0; i < MIXED; i++, states /= 3) {
        svcr_peer_change(pool->layout->peers[i], SVCR_STATE_DOWN_ADMIN | SVCR_STATE_FENCED,
                         states % 3 == 0   ? 0
                         : states % 3 == 1 ? (uint32_t)SVCR_STATE_DOWN_ADMIN
                                           : (uint32_t)SVCR_STATE_FENCED);
    }
}

static void check_mixture(struct scene *scene, struct svcr_pool *pool, unsigned states,
                          unsigned excluded, bool traefik)
{
    uint64_t ids[MIXED];
    struct svcroute_request request = {.size = sizeof(request), .excluded = ids};
    unsigned open = 0;
    unsigned fenced = 0;
    unsigned host = 0;
    request.key = SVCR_TEXT("192.0.2.77");
    for (unsigned i = 0, rest = states; i < MIXED; i++, rest /= 3) {
        bool out = excluded >> i & 1;
        open |= rest % 3 == 0 && !out ? 1U << i : 0;
        fenced |= rest % 3 == 2 && !out ? 1U << i : 0;
        if (out) {
            ids[request.num_excluded++] = pool->layout->peers[i]->id;
        }
    }
    unsigned allowed = open != 0 || traefik ? open : fenced;
    const char *found =
        pick_once(scene, svcr_handle(pool->slot, pool->generation), &request, states);
    if (sscanf(found, "10.1.0.%u", &host) != 1) {
        ck_assert_msg(allowed == 0, "nobody, states %u excluded %u", states, excluded);
    } else {
        ck_assert_msg(allowed >> (host - 1) & 1, "%s, states %u excluded %u", found, states,
                      excluded);
    }
}

START_TEST(every_mixture_of_servers)
{
    static const char *const strategies[] = {"wrr", "p2c", "hrw", "leasttime"};
    for (int i = 0; i < 8; i++) {
        struct script script = {0};
        struct scene scene;
        char tree[200];
        say_service(&script, "a", 1, MIXED, 0);
        snprintf(tree, sizeof(tree), "{weighted: {services: [{name: a, port: 80, strategy: %s}]}}",
                 strategies[i % 4]);
        say_tree(&script, "t", tree);
        scene_open(&scene, &script, i < 4 ? "" : "traefik", 0);
        struct svcr_pool *pool =
            svcr_slots_find(&scene.balancer->pools, handle_of(&scene, "default-a-80"));
        for (unsigned states = 0; states < 729; states++) {
            mix(&scene, pool, states);
            for (unsigned excluded = states % 3; excluded < 64; excluded += 3) {
                check_mixture(&scene, pool, states, excluded, i >= 4);
            }
        }
        scene_close(&scene);
    }
}
END_TEST

/* ---- what traefik-v3 refuses ---- */

START_TEST(refused_with_all_above)
{
    struct script script = {0};
    struct scene scene;
    say_service(&script, "a", 1, 2, 0);
    say_tree(&script, "low",
             "{weighted: {services: [{name: a, port: 80}, {name: later, kind: "
             "TraefikService}]}}");
    say_tree(&script, "high",
             "{weighted: {services: [{name: a, port: 80}, {name: low, kind: "
             "TraefikService}]}}");
    say_tree(&script, "round",
             "{weighted: {services: [{name: a, port: 80}, {name: round, kind: "
             "TraefikService}]}}");
    say_route(&script, "r", "{kind: TraefikService, name: high}");
    scene_open(&scene, &script, "traefik", 0);
    static const char *const names[] = {"default-low", "default-high"};
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-round"), NULL, 0), "-");
    ck_assert_str_ne(pick_once(&scene, handle_of(&scene, "default-a-80"), NULL, 0), "-");
    for (unsigned turn = 0; turn < 4; turn++) {
        bool there = turn % 2 == 1;
        if (there) {
            say_tree(&script, "later", "{weighted: {services: [{name: a, port: 80}]}}");
            scene_load(&scene, &script);
        } else if (turn > 0) {
            ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                                   SVCR_TEXT("default"), SVCR_TEXT("later")),
                             0);
        }
        scene_update(&scene, turn);
        for (unsigned i = 0; i < 2; i++) {
            uint64_t handle = 0;
            int error = svcroute_picker_find_service(scene.picker, text_of(names[i]), &handle);
            const char *found = error == 0 ? pick_once(&scene, handle, NULL, 0) : "-";
            ck_assert_int_eq(strncmp(found, "10.1.0.", 7) == 0, there);
        }
    }
    scene_close(&scene);
}
END_TEST

/* ---- misuse ---- */

START_TEST(misuse_is_an_error)
{
    struct script script = {0};
    struct scene scene;
    say_pair(&script, WEIGHTED);
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-t");
    void *memory = malloc(svcroute_pick_size());
    struct svcroute_pick *pick = svcroute_pick_init(memory);
    struct svcroute_pick_info info = {.size = sizeof(info)};
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = 6};
    struct svcroute_request request = {.size = sizeof(request), .num_excluded = 17};
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(svcroute_picker_pick(NULL, handle, NULL, pick, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0),
                     SVCROUTE_ERR_INVALID);
    request = (struct svcroute_request){.size = sizeof(request), .flags = 4};
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0),
                     SVCROUTE_ERR_STRUCT_NEW);
    request = (struct svcroute_request){.size = 4};
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, &request, pick, 0),
                     SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), 0);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 0), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 0), SVCROUTE_ERR_INVALID);
    outcome.kind = SVCROUTE_OUTCOME_STATUS;
    outcome.status = 200;
    ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 0), 0);
    ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 0), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), 0);
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    svcroute_pick_clear(pick);
    svcroute_pick_clear(pick);
    svcroute_pick_clear(NULL);
    svcroute_pick_free(NULL);
    free(memory);
    scene_close(&scene);
}
END_TEST

Suite *suite_pick(void);
Suite *suite_pick(void)
{
    Suite *suite = suite_create("pick");
    TCase *all = tcase_create("all");
    tcase_add_test(all, one_service_is_shared_out);
    tcase_add_test(all, routes_lead_to_their_service);
    tcase_add_test(all, children_without_servers_are_passed_over);
    tcase_add_test(all, traefik_children_without_servers_answer_503);
    tcase_add_test(all, fenced_servers_come_last);
    tcase_add_test(all, cookies_lead_back);
    tcase_add_test(all, cookies_with_secrets);
    tcase_add_test(all, cookies_reach_draining_servers);
    tcase_add_test(all, another_server_until_all_were_tried);
    tcase_add_test(all, failover_by_status);
    tcase_add_test(all, mirrors_are_due_by_percent);
    tcase_add_test(all, keys_stay_with_their_server);
    tcase_add_test(all, every_mixture_of_servers);
    tcase_add_test(all, refused_with_all_above);
    tcase_add_test(all, misuse_is_an_error);
    tcase_set_timeout(all, 120);
    suite_add_tcase(suite, all);
    return suite;
}
