/* The rules of a pick on whole documents: trees of services, cookies, failovers, mirrors, the same
 * request again, and how requests end. */
#include "balance_support.h"

#define SECOND UINT64_C(1000000000)

/* ---- picks ---- */

static struct svcroute_pick *pick_make(struct scene *scene)
{
    struct svcroute_pick *pick = NULL;
    ck_assert_int_eq(svcroute_pick_new(&pick, scene->world.context), 0);
    return pick;
}

static struct svcroute_pick_info info_of(const struct svcroute_pick *pick)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_pick_get_info(pick, &info), 0);
    return info;
}

static const char *host_of_pick(const struct svcroute_pick *pick)
{
    static char text[64];
    snprintf(text, sizeof(text), "%.*s", SVCR_ARG(info_of(pick).host));
    return text;
}

static void finish_with(struct svcroute_pick *pick, uint32_t kind, uint32_t status, uint64_t now)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = kind, .status = status};
    ck_assert_int_eq(svcroute_pick_finish(pick, &outcome, now), 0);
}

/* Picks; "-": nobody, "413": the body is too large. */
static const char *pick_into(struct scene *scene, uint64_t handle,
                             const struct svcroute_request *request, struct svcroute_pick *pick)
{
    int error = svcroute_picker_pick(scene->picker, handle, request, pick, 0);
    if (error == SVCROUTE_ERR_BODY_TOO_LARGE) {
        return "413";
    }
    ck_assert(error == 0 || error == SVCROUTE_ERR_NO_SERVER);
    return error == 0 ? host_of_pick(pick) : "-";
}

/* The same request again after `status`; the codes of errors as text. */
static const char *next_after(struct scene *scene, struct svcroute_pick *pick, uint32_t status)
{
    finish_with(pick, status != 0 ? SVCROUTE_OUTCOME_STATUS : SVCROUTE_OUTCOME_CONNECT, status, 0);
    int error = svcroute_picker_pick_next(scene->picker, NULL, pick, 0);
    ck_assert(error == 0 || error == SVCROUTE_ERR_NO_SERVER || error == SVCROUTE_ERR_ALL_TRIED);
    return error == 0 ? host_of_pick(pick) : error == SVCROUTE_ERR_NO_SERVER ? "-" : "all";
}

static void admin_all(struct scene *scene, const char *service, uint32_t admin)
{
    uint64_t id = 0;
    for (size_t i = 0;
         svcroute_balancer_find_server(scene->balancer, text_of(service), i, &id) == 0; i++) {
        ck_assert_int_eq(svcroute_balancer_set_admin(scene->balancer, id, admin, 0), 0);
    }
}

/* The names in the cookies that a pick sets: "t=... a=...". */
static const char *cookie_names(const struct svcroute_pick *pick)
{
    static char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0;; i++) {
        char cookie[512];
        size_t size = sizeof(cookie);
        int error = svcroute_pick_copy_cookie(pick, i, cookie, &size);
        if (error == SVCROUTE_ERR_NOT_FOUND) {
            return text;
        }
        ck_assert_int_eq(error, 0);
        const char *end = memchr(cookie, '=', size);
        ck_assert_ptr_nonnull(end);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", (int)(end - cookie),
                                 cookie);
    }
}

/* Services a, b, c, d of 2 servers each: 10.1 to 10.4. */
static void say_four(struct script *script)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    for (unsigned i = 0; i < 4; i++) {
        say_service(script, names[i], i + 1, 2, 0);
    }
}

/* ---- references by the provider's name ---- */

/* "default-x@kubernetescrd" leads to the TraefikService x, however deep that is. */
START_TEST(the_provider_s_own_name_leads_to_any_depth)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_four(&script);
        say_tree(&script, "p",
                 "{weighted: {services: [{kind: TraefikService, name: "
                 "default-w@kubernetescrd}]}}");
        say_tree(&script, "u", "{weighted: {services: [{name: a, port: 80}]}}");
        say_tree(&script, "v", "{weighted: {services: [{kind: TraefikService, name: u}]}}");
        say_tree(&script, "w", "{weighted: {services: [{kind: TraefikService, name: v}]}}");
        say_route(&script, "r", "{kind: TraefikService, name: p}");
        scene_open(&scene, &script, traefik ? "traefik cross at:default" : "cross at:default",
                   SVCROUTE_BALANCER_NO_PHASE);
        ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-p"), NULL, 0), "10.1.0.1");
        /* what is below goes and comes */
        ck_assert_int_eq(svcroute_store_remove(scene.world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), SVCR_TEXT("u")),
                         0);
        scene_update(&scene, 1);
        ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-p"), NULL, 0), "-");
        say_tree(&script, "u", "{weighted: {services: [{name: b, port: 80}]}}");
        scene_load(&scene, &script);
        scene_update(&scene, 2);
        ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-p"), NULL, 0), "10.2.0.1");
        scene_close(&scene);
    }
}
END_TEST

/* A circle that only such names close is seen by no one but the pick. */
START_TEST(hidden_circles_end)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_four(&script);
        say_tree(&script, "s",
                 "{weighted: {services: [{kind: TraefikService, name: default-s@kubernetescrd}]}}");
        say_tree(&script, "p",
                 "{weighted: {services: [{kind: TraefikService, name: default-q@kubernetescrd}, "
                 "{kind: TraefikService, name: default-m@kubernetescrd}]}}");
        say_tree(&script, "q",
                 "{weighted: {services: [{kind: TraefikService, name: default-p@kubernetescrd}, "
                 "{kind: TraefikService, name: default-f@kubernetescrd}]}}");
        say_tree(&script, "m",
                 "{mirroring: {kind: TraefikService, name: default-q@kubernetescrd, mirrors: "
                 "[{kind: TraefikService, name: default-p@kubernetescrd, percent: 100}]}}");
        say_tree(&script, "f",
                 "{failover: {service: {kind: TraefikService, name: default-p@kubernetescrd}, "
                 "fallback: {kind: TraefikService, name: default-m@kubernetescrd}, errors: "
                 "{status: ['500']}}}");
        say_tree(&script, "good",
                 "{weighted: {services: [{kind: TraefikService, name: default-s@kubernetescrd}, "
                 "{name: a, port: 80}]}}");
        scene_open(&scene, &script, traefik ? "traefik cross at:default" : "cross at:default",
                   SVCROUTE_BALANCER_NO_PHASE);
        static const char *const names[] = {"default-s", "default-p", "default-q", "default-m",
                                            "default-f"};
        for (size_t round = 0; round < 2; round++) {
            for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                ck_assert_str_eq(pick_once(&scene, handle_of(&scene, names[i]), NULL, 0), "-");
            }
            ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-good"), NULL, 0),
                             traefik      ? "-"
                             : round == 0 ? "10.1.0.1"
                                          : "10.1.0.2");
            svcroute_balancer_advance(scene.balancer, 1);
            scene_update(&scene, 1);
        }
        scene_close(&scene);
    }
}
END_TEST

/* ---- failovers ---- */

#define INNER                                                                                      \
    "{failover: {service: {name: a, port: 80, sticky: {cookie: {name: inner}}}, fallback: {name: " \
    "b, port: 80, sticky: {cookie: {name: fall}}}, errors: {status: ['500'], "                     \
    "maxRequestBodyBytes: 100}}}"
#define OUTER                                                                                      \
    "{failover: {service: {kind: TraefikService, name: inner}, fallback: {name: c, port: 80}, "    \
    "errors: {status: ['500-503'], maxRequestBodyBytes: 50}}}"

static void say_nested(struct script *script)
{
    say_four(script);
    say_tree(script, "inner", INNER);
    say_tree(script, "outer", OUTER);
    say_tree(script, "top",
             "{weighted: {services: [{kind: TraefikService, name: outer}], sticky: {cookie: {name: "
             "top}}}}");
}

START_TEST(inner_failovers_come_first)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_nested(&script);
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        struct svcroute_pick *pick = pick_make(&scene);
        uint64_t handle = handle_of(&scene, "default-top");
        ck_assert_str_eq(pick_into(&scene, handle, NULL, pick), "10.1.0.1");
        ck_assert_int_eq(info_of(pick).keep_body, 50); /* what both can keep */
        ck_assert_str_eq(cookie_names(pick), "top inner ");
        ck_assert(svcroute_pick_wants_fallback(pick, 500));
        ck_assert(svcroute_pick_wants_fallback(pick, 503)); /* the outer one */
        ck_assert(!svcroute_pick_wants_fallback(pick, 504));
        ck_assert_str_eq(next_after(&scene, pick, 500), "10.2.0.1");
        /* what was sent along from outside the failover stays, main's goes with its answer */
        ck_assert_str_eq(cookie_names(pick), "top fall ");
        ck_assert_int_eq(info_of(pick).keep_body, 50);
        ck_assert(svcroute_pick_wants_fallback(pick, 500));
        ck_assert_str_eq(next_after(&scene, pick, 0), "10.2.0.2"); /* another one of the fallback */
        ck_assert_str_eq(cookie_names(pick), "top fall ");
        ck_assert_str_eq(next_after(&scene, pick, 500), "10.3.0.1");
        ck_assert_str_eq(cookie_names(pick), "top ");
        ck_assert_uint_eq(info_of(pick).keeps_body, 0);
        ck_assert(!svcroute_pick_wants_fallback(pick, 500));
        ck_assert_str_eq(next_after(&scene, pick, 500), "10.3.0.2");
        ck_assert_str_eq(next_after(&scene, pick, 500), "all");
        svcroute_pick_clear(pick);
        /* a status that only the outer one lists */
        ck_assert_int_eq(strncmp(pick_into(&scene, handle, NULL, pick), "10.1.", 5), 0);
        ck_assert_int_eq(strncmp(next_after(&scene, pick, 502), "10.3.", 5), 0);
        ck_assert_uint_eq(info_of(pick).why, SVCROUTE_WHY_FALLBACK);
        svcroute_pick_clear(pick);
        /* an inner fallback without a server answers 503, which the outer one lists */
        admin_all(&scene, "default-b-80", SVCROUTE_ADMIN_DOWN);
        ck_assert_int_eq(strncmp(pick_into(&scene, handle, NULL, pick), "10.1.", 5), 0);
        ck_assert_int_eq(strncmp(next_after(&scene, pick, 500), "10.3.", 5), 0);
        svcroute_pick_clear(pick);
        admin_all(&scene, "default-c-80", SVCROUTE_ADMIN_DOWN);
        ck_assert_int_eq(strncmp(pick_into(&scene, handle, NULL, pick), "10.1.", 5), 0);
        ck_assert_str_eq(next_after(&scene, pick, 500), "-");
        ck_assert_str_eq(cookie_names(pick), "top inner "); /* as it was */
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* Which body is too large is known before main is called, wherever the failover is. */
START_TEST(bodies_are_judged_before_main)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_request request = {
        .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = 60};
    say_nested(&script);
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    struct svcroute_pick *pick = pick_make(&scene);
    uint64_t handle = handle_of(&scene, "default-top");
    ck_assert_str_eq(pick_into(&scene, handle, &request, pick), "413");
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE); /* it stays clear */
    ck_assert_str_eq(pick_into(&scene, handle_of(&scene, "default-inner"), &request, pick),
                     "10.1.0.1");
    svcroute_pick_clear(pick);
    request.flags = 0; /* unknown: it is the host's to count */
    ck_assert_str_eq(pick_into(&scene, handle, &request, pick), "10.1.0.2");
    svcroute_pick_clear(pick);
    /* nobody in main: no limit applies */
    request.flags = SVCROUTE_REQUEST_BODY_KNOWN;
    admin_all(&scene, "default-a-80", SVCROUTE_ADMIN_DOWN);
    admin_all(&scene, "default-b-80", SVCROUTE_ADMIN_DOWN);
    ck_assert_str_eq(pick_into(&scene, handle, &request, pick), "10.3.0.1");
    ck_assert_uint_eq(info_of(pick).why, SVCROUTE_WHY_FALLBACK);
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* ---- cookies ---- */

#define STICKY_TWO                                                                                 \
    "{weighted: {services: [{name: a, port: 80, weight: 100, sticky: {cookie: {name: a}}}, "       \
    "{name: "                                                                                      \
    "b, port: 80, weight: 1, sticky: {cookie: {name: b}}}], sticky: {cookie: {name: t}}}}"

/* Takes the cookies of a pick over into a Cookie header. */
static size_t jar_fill(const struct svcroute_pick *pick, char *line, size_t room)
{
    size_t used = 0;
    for (size_t i = 0;; i++) {
        char cookie[512];
        size_t size = sizeof(cookie);
        if (svcroute_pick_copy_cookie(pick, i, cookie, &size) != 0) {
            return used;
        }
        const char *end = memchr(cookie, ';', size);
        ck_assert_ptr_nonnull(end);
        used += (size_t)snprintf(line + used, room - used, "%s%.*s", i == 0 ? "" : "; ",
                                 (int)(end - cookie), cookie);
    }
}

START_TEST(nested_cookies_lead_to_one_server)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        char line[512];
        say_four(&script);
        say_tree(&script, "t", STICKY_TWO);
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        struct svcroute_pick *pick = pick_make(&scene);
        uint64_t handle = handle_of(&scene, "default-t");
        do { /* the light child */
            svcroute_pick_clear(pick);
        } while (strncmp(pick_into(&scene, handle, NULL, pick), "10.2.", 5) != 0);
        char host[64];
        snprintf(host, sizeof(host), "%s", host_of_pick(pick));
        ck_assert_str_eq(cookie_names(pick), "t b ");
        struct svcroute_text text = {line, jar_fill(pick, line, sizeof(line))};
        struct svcroute_request request = {
            .size = sizeof(request), .cookies = &text, .num_cookies = 1};
        for (unsigned i = 0; i < 9; i++) {
            svcroute_pick_clear(pick);
            ck_assert_str_eq(pick_into(&scene, handle, &request, pick), host);
            ck_assert_str_eq(cookie_names(pick), "");
            ck_assert_uint_eq(info_of(pick).why, SVCROUTE_WHY_COOKIE);
        }
        /* exclusion beats stickiness, also in the same request again */
        finish_with(pick, SVCROUTE_OUTCOME_CONNECT, 0, 0);
        ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, &request, pick, 0), 0);
        ck_assert_int_eq(strncmp(host_of_pick(pick), "10.2.", 5), 0);
        ck_assert_str_ne(host_of_pick(pick), host);
        ck_assert_str_eq(cookie_names(pick), "b ");
        svcroute_pick_clear(pick);
        /* one of the two cookies alone leads as far as it goes */
        text.size = (size_t)((const char *)memchr(line, ';', text.size) - line);
        ck_assert_int_eq(strncmp(pick_into(&scene, handle, &request, pick), "10.2.", 5), 0);
        ck_assert_str_eq(cookie_names(pick), "b ");
        svcroute_pick_clear(pick);
        /* nobody in the child that the cookie means */
        admin_all(&scene, "default-b-80", SVCROUTE_ADMIN_DOWN);
        ck_assert_str_eq(pick_into(&scene, handle, &request, pick), traefik ? "-" : "10.1.0.1");
        if (!traefik) {
            ck_assert_str_eq(cookie_names(pick), "t a ");
        }
        svcroute_pick_clear(pick);
        /* and in none: a cookie is set in traefik-v3 all the same */
        admin_all(&scene, "default-a-80", SVCROUTE_ADMIN_DOWN);
        ck_assert_str_eq(pick_into(&scene, handle, NULL, pick), "-");
        size_t size = 0;
        ck_assert_int_eq(svcroute_pick_copy_cookie(pick, 0, NULL, &size),
                         traefik ? 0 : SVCROUTE_ERR_STATE);
        if (traefik) {
            ck_assert_str_eq(cookie_names(pick), "t ");
            ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE);
            ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 0),
                             SVCROUTE_ERR_STATE);
        }
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* ---- the same request again ---- */

START_TEST(sixteen_are_remembered)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        say_service(&script, "a", 1, 20, 0);
        say_tree(&script, "t", "{weighted: {services: [{name: a, port: 80}]}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        struct svcroute_pick *pick = pick_make(&scene);
        uint64_t seen[20] = {0};
        pick_into(&scene, handle_of(&scene, "default-t"), NULL, pick);
        for (unsigned i = 0; i < 16; i++) {
            seen[i] = info_of(pick).server;
            for (unsigned j = 0; j < i; j++) {
                ck_assert_uint_ne(seen[i], seen[j]);
            }
            const char *next = next_after(&scene, pick, 503);
            ck_assert_int_eq(strcmp(next, "all") == 0, i == 15);
        }
        ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 0), SVCROUTE_ERR_STATE);
        ck_assert_uint_eq(info_of(pick).server, seen[15]); /* what it was */
        svcroute_pick_clear(pick);
        /* tried and excluded together */
        uint64_t ids[16];
        for (unsigned i = 0; i < 16; i++) {
            ids[i] = seen[i];
        }
        struct svcroute_request request = {
            .size = sizeof(request), .excluded = ids, .num_excluded = 15};
        ck_assert_str_ne(pick_into(&scene, handle_of(&scene, "default-t"), &request, pick), "-");
        for (unsigned i = 0; i < 15; i++) {
            ck_assert_uint_ne(info_of(pick).server, ids[i]);
        }
        finish_with(pick, SVCROUTE_OUTCOME_RESET, 0, 0);
        ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, &request, pick, 0), 0);
        for (unsigned i = 0; i < 15; i++) {
            ck_assert_uint_ne(info_of(pick).server, ids[i]);
        }
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* Excluding a server does not cost it its turn. */
START_TEST(excluded_servers_keep_their_turn)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_tree(&script, "t", "{weighted: {services: [{name: a, port: 80}]}}");
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    uint64_t handle = handle_of(&scene, "default-a-80"), id = 0;
    ck_assert_int_eq(
        svcroute_balancer_find_server(scene.balancer, SVCR_TEXT("default-a-80"), 0, &id), 0);
    struct svcroute_request request = {.size = sizeof(request), .excluded = &id, .num_excluded = 1};
    ck_assert_str_eq(pick_once(&scene, handle, &request, 0), "10.1.0.2");
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.1.0.1");
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.1.0.1"); /* owed, then its own */
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 0), "10.1.0.2");
    scene_close(&scene);
}
END_TEST

/* ---- mirrors ---- */

START_TEST(mirrors_of_mirrors)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_tree(&script, "low",
             "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 100}]}}");
    say_tree(&script, "high",
             "{mirroring: {kind: TraefikService, name: low, mirrorBody: false, maxBodySize: 5, "
             "mirrors: [{kind: TraefikService, name: low, percent: 100}, {name: c, port: 80, "
             "percent: 0}, {name: d, port: 80, percent: 100}]}}");
    scene_open(&scene, &script, "", SVCROUTE_BALANCER_NO_PHASE);
    struct svcroute_pick *pick = pick_make(&scene), *copy = pick_make(&scene);
    struct svcroute_mirror_info info = {.size = sizeof(info)};
    struct svcroute_request request = {
        .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = 9};
    ck_assert_str_eq(pick_into(&scene, handle_of(&scene, "default-high"), &request, pick),
                     "10.1.0.1");
    ck_assert_uint_eq(info_of(pick).num_mirrors, 3); /* outermost first */
    static const char *const names[] = {"default-low", "default-d-80", "default-b-80"};
    static const char *const hosts[] = {"10.1.0.2", "10.4.0.1", "10.2.0.1"};
    static const unsigned further[] = {1, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(svcroute_pick_get_mirror(pick, i, &info), 0);
        ck_assert_text(info.service, names[i]);
        ck_assert_uint_eq(info.copy_body, i == 2);
        ck_assert_int_eq(info.max_body, -1);
        ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, i, NULL, copy, 0), 0);
        ck_assert_str_eq(host_of_pick(copy), hosts[i]);
        ck_assert_uint_eq(info_of(copy).num_mirrors, further[i]);
        ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, i, NULL, copy, 0),
                         SVCROUTE_ERR_STATE);
        svcroute_pick_clear(copy);
    }
    ck_assert_int_eq(svcroute_pick_get_mirror(pick, 3, &info), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, 0, NULL, pick, 0),
                     SVCROUTE_ERR_INVALID);
    finish_with(pick, SVCROUTE_OUTCOME_STATUS, 200, 0);
    ck_assert_int_eq(svcroute_picker_pick_mirror(scene.picker, pick, 2, NULL, copy, 0), 0);
    svcroute_pick_free(pick);
    svcroute_pick_free(copy);
    scene_close(&scene);
}
END_TEST

static void say_many_mirrors(struct script *script, const char *name, const char *main,
                             unsigned num)
{
    char tree[4000];
    int size = snprintf(tree, sizeof(tree), "{mirroring: {%s, mirrors: [", main);
    for (unsigned i = 0; i < num; i++) {
        size += snprintf(tree + size, sizeof(tree) - (size_t)size,
                         "{name: b, port: 80, percent: 100}, ");
    }
    snprintf(tree + size, sizeof(tree) - (size_t)size, "]}}");
    say_tree(script, name, tree);
}

static bool told_of_mirrors(struct scene *scene)
{
    struct picture diags = table_diags_picture(scene->table, scene->world.context);
    bool told = diags.data != NULL && strstr(diags.data, "spec.mirroring.mirrors") != NULL;
    picture_free(&diags);
    return told;
}

/* 64 mirrors at most are due on one path, and the table says so, whichever object made it more. */
START_TEST(there_are_not_too_many_mirrors)
{
    struct script script = {0};
    struct scene scene;
    say_four(&script);
    say_many_mirrors(&script, "low", "name: a, port: 80", 34);
    say_many_mirrors(&script, "high", "kind: TraefikService, name: low", 30);
    scene_open(&scene, &script, "", 0);
    struct svcroute_pick *pick = pick_make(&scene);
    for (unsigned round = 0; round < 4; round++) {
        ck_assert_int_eq(told_of_mirrors(&scene), round % 2);
        pick_into(&scene, handle_of(&scene, "default-high"), NULL, pick);
        ck_assert_uint_eq(info_of(pick).num_mirrors, 64);
        svcroute_pick_clear(pick);
        say_many_mirrors(&script, "low", "name: a, port: 80", round % 2 == 0 ? 36 : 34);
        scene_load(&scene, &script);
        scene_update(&scene, round);
    }
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* ---- ends of requests ---- */

static struct svcroute_server_stats stats_at(struct scene *scene, const char *service, size_t index)
{
    uint64_t id = 0;
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_find_server(scene->balancer, text_of(service), index, &id),
                     0);
    ck_assert_int_eq(svcroute_balancer_get_server_stats(scene->balancer, id, &stats), 0);
    return stats;
}

START_TEST(a_request_fails_once)
{
    struct script script = {0};
    struct scene scene;
    say_service(&script, "a", 1, 1, 0);
    say_tree(&script, "t", "{weighted: {services: [{name: a, port: 80}]}}");
    scene_open(&scene, &script, "", 0);
    uint64_t handle = handle_of(&scene, "default-a-80");
    struct svcroute_pick *pick = pick_make(&scene);
    static const struct { /* kind and status that are reported, then finished with; 0: nothing */
        uint32_t reported, status, finished;
        unsigned failures;
    } cases[] = {
        {0, 0, SVCROUTE_OUTCOME_CLIENT, 0},
        {0, 0, SVCROUTE_OUTCOME_CONNECT, 1},
        {0, 0, SVCROUTE_OUTCOME_TIMEOUT, 1},
        {0, 0, SVCROUTE_OUTCOME_RESET, 1},
        {0, 0, 0, 0}, /* cleared unfinished: given up by the client */
        {SVCROUTE_OUTCOME_STATUS, 499, 0, 0},
        {SVCROUTE_OUTCOME_STATUS, 200, SVCROUTE_OUTCOME_STATUS, 0},
        {SVCROUTE_OUTCOME_STATUS, 200, SVCROUTE_OUTCOME_CLIENT, 0},
        {SVCROUTE_OUTCOME_STATUS, 200, SVCROUTE_OUTCOME_RESET, 1},
        {SVCROUTE_OUTCOME_STATUS, 500, SVCROUTE_OUTCOME_RESET, 1},
        {SVCROUTE_OUTCOME_TIMEOUT, 0, SVCROUTE_OUTCOME_TIMEOUT, 1},
        {SVCROUTE_OUTCOME_STATUS, 500, 0, 1},
    };
    uint64_t failures = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct svcroute_outcome outcome = {
            .size = sizeof(outcome), .kind = cases[i].reported, .status = cases[i].status};
        ck_assert_str_eq(pick_into(&scene, handle, NULL, pick), "10.1.0.1");
        ck_assert_uint_eq(stats_at(&scene, "default-a-80", 0).in_flight, 1);
        if (cases[i].reported != 0) {
            ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 1), 0);
            ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 1), SVCROUTE_ERR_STATE);
        }
        if (cases[i].finished != 0) {
            finish_with(pick, cases[i].finished, 200, 2);
            ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 2), SVCROUTE_ERR_STATE);
            ck_assert_int_eq(svcroute_pick_report(pick, &outcome, 2),
                             cases[i].reported != 0 ? SVCROUTE_ERR_STATE : SVCROUTE_ERR_INVALID);
        }
        svcroute_pick_clear(pick);
        ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 3), SVCROUTE_ERR_STATE);
        failures += cases[i].failures;
        struct svcroute_server_stats stats = stats_at(&scene, "default-a-80", 0);
        ck_assert_msg(stats.failures == failures, "case %zu: %u failures", i,
                      (unsigned)stats.failures);
        ck_assert_uint_eq(stats.in_flight, 0);
        ck_assert_uint_eq(stats.picks, i + 1);
    }
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

/* Time heals without the driver as well: what picks go by is the state of the servers. */
START_TEST(a_host_that_never_advances)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        unsigned counts[2] = {0, 0};
        say_service(&script, "a", 1, 2, 0);
        say_tree(&script, "t",
                 "{weighted: {services: [{name: a, port: 80, passiveHealthCheck: {failureWindow: "
                 "10s, maxFailedAttempts: 1}}]}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        uint64_t handle = handle_of(&scene, "default-a-80");
        struct svcroute_pick *pick = pick_make(&scene);
        for (unsigned i = 0; i < 2; i++) {
            int error = svcroute_picker_pick(scene.picker, handle, NULL, pick, SECOND);
            ck_assert_int_eq(error, 0);
            finish_with(pick, SVCROUTE_OUTCOME_STATUS, 500, SECOND);
            svcroute_pick_clear(pick);
        }
        /* both failed; in the default profile the last one stays */
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 2 * SECOND), traefik ? "-" : "10.1.0.2");
        ck_assert_str_eq(pick_once(&scene, handle, NULL, 10 * SECOND), traefik ? "-" : "10.1.0.2");
        for (unsigned i = 0; i < 10; i++) {
            const char *host = pick_once(&scene, handle, NULL, 11 * SECOND + i);
            ck_assert_str_ne(host, "-");
            counts[host[7] - '1']++;
        }
        ck_assert_uint_eq(counts[0], 5);
        ck_assert_uint_eq(counts[1], 5);
        svcroute_pick_free(pick);
        scene_close(&scene);
    }
}
END_TEST

/* ---- parents ---- */

/* What parents know: at once by trying, after advance() by looking; traefik-v3 never. */
START_TEST(parents_learn_from_the_driver)
{
    for (int traefik = 0; traefik < 2; traefik++) {
        struct script script = {0};
        struct scene scene;
        struct svcroute_event event = {.size = sizeof(event)};
        char heard[512] = "";
        say_four(&script);
        say_tree(&script, "t",
                 "{weighted: {services: [{name: a, port: 80}, {name: b, port: 80}]}}");
        say_tree(&script, "u", "{weighted: {services: [{kind: TraefikService, name: t}]}}");
        say_tree(&script, "m",
                 "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 1}]}}");
        say_tree(&script, "f",
                 "{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: "
                 "{status: ['500']}}}");
        scene_open(&scene, &script, traefik ? "traefik" : "", SVCROUTE_BALANCER_NO_PHASE);
        admin_all(&scene, "default-a-80", SVCROUTE_ADMIN_DOWN);
        svcroute_balancer_advance(scene.balancer, 1);
        unsigned none = 0;
        for (unsigned i = 0; i < 8; i++) {
            none += strcmp(pick_once(&scene, handle_of(&scene, "default-u"), NULL, 0), "-") == 0;
        }
        ck_assert_uint_eq(none, traefik ? 4 : 0);
        ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-m"), NULL, 0), "-");
        ck_assert_int_eq(strcmp(pick_once(&scene, handle_of(&scene, "default-f"), NULL, 0), "-") ==
                             0,
                         traefik); /* its main has no check: nobody knows */
        admin_all(&scene, "default-b-80", SVCROUTE_ADMIN_DOWN);
        while (svcroute_balancer_next_event(scene.balancer, &event) == 0) {
            snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%u%.*s ", event.kind,
                     event.kind > 5 ? (int)event.service.size - 7 : 0, event.service.data + 7);
        }
        ck_assert_int_eq(strncmp(heard, "4 4 4 4 7", 9), 0); /* servers first, then services */
        ck_assert_ptr_nonnull(strstr(heard, "7-a-80"));
        ck_assert_ptr_nonnull(strstr(heard, "7-b-80"));
        ck_assert_ptr_nonnull(strstr(heard, "7-u"));
        ck_assert_ptr_nonnull(strstr(heard, "7-f"));
        admin_all(&scene, "default-a-80", SVCROUTE_ADMIN_AUTO);
        ck_assert_str_ne(pick_once(&scene, handle_of(&scene, "default-f"), NULL, 0), "-");
        scene_close(&scene);
    }
}
END_TEST

Suite *suite_balance_rules(void);
Suite *suite_balance_rules(void)
{
    Suite *suite = suite_create("balance_rules");
    TCase *all = tcase_create("all");
    tcase_add_test(all, the_provider_s_own_name_leads_to_any_depth);
    tcase_add_test(all, hidden_circles_end);
    tcase_add_test(all, inner_failovers_come_first);
    tcase_add_test(all, bodies_are_judged_before_main);
    tcase_add_test(all, nested_cookies_lead_to_one_server);
    tcase_add_test(all, sixteen_are_remembered);
    tcase_add_test(all, excluded_servers_keep_their_turn);
    tcase_add_test(all, mirrors_of_mirrors);
    tcase_add_test(all, there_are_not_too_many_mirrors);
    tcase_add_test(all, a_request_fails_once);
    tcase_add_test(all, a_host_that_never_advances);
    tcase_add_test(all, parents_learn_from_the_driver);
    suite_add_tcase(suite, all);
    return suite;
}
