/* Which of a table's routes take part in matching, and in which order: entry points, tls,
 * priorities, names, routes below others, rules that cannot be used; and what updates change of it.
 */
#include <svcroute/match.h>

#include "balance_support.h"

/* ---- documents and requests ---- */

/* An IngressRoute: `spec` stands ahead of its routes, each of which has a rule and more, in flow
 * style. */
static void say_rules(struct script *script, const char *name, const char *spec, const char *routes)
{
    say(script,
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: %s, namespace: "
        "default}\nspec: {%s routes: [%s]}\n",
        name, spec, routes);
}

#define TO_S "services: [{name: s, port: 80}]"

struct ask {
    const char *method, *host, *path, *query, *client, *entry_point;
    uint32_t flags;
};

static struct svcroute_match_request request_of(const struct ask *ask)
{
    return (struct svcroute_match_request){
        .size = sizeof(struct svcroute_match_request),
        .flags = ask->flags,
        .method = ask->method != NULL ? text_of(ask->method) : SVCR_TEXT_ABSENT,
        .host = text_of(ask->host),
        .path = text_of(ask->path),
        .query = ask->query != NULL ? text_of(ask->query) : SVCR_TEXT_ABSENT,
        .client = ask->client != NULL ? text_of(ask->client) : SVCR_TEXT_ABSENT,
        .entry_point = ask->entry_point != NULL ? text_of(ask->entry_point) : SVCR_TEXT_ABSENT,
    };
}

/* The IngressRoute and the index of the route that an answer means, as "name/index"; "404" for
 * none. */
static const char *told(const struct svcroute_table *table, int error,
                        const struct svcroute_route *route, char out[64])
{
    if (error != 0) {
        ck_assert_int_eq(error, SVCROUTE_ERR_NOT_FOUND);
        ck_assert_ptr_null(route);
        return "404";
    }
    struct svcroute_route_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_route_get_info(table, route, &info), 0);
    snprintf(out, 64, "%.*s/%u", SVCR_ARG(info.ingress_route), info.index);
    return out;
}

/* The winner and all runners-up, joined by blanks. */
static void check_chain(const struct svcroute_table *table, struct ask ask, const char *expected)
{
    struct svcroute_match_request request = request_of(&ask);
    const struct svcroute_route *route = NULL;
    char line[512] = "", one[64];
    int error = svcroute_table_match(table, &request, &route);
    while (error == 0) {
        size_t size = strlen(line);
        snprintf(line + size, sizeof(line) - size, "%s%s", size != 0 ? " " : "",
                 told(table, error, route, one));
        error = svcroute_table_match_next(table, route, &request, &route);
    }
    ck_assert_int_eq(error, SVCROUTE_ERR_NOT_FOUND);
    ck_assert_ptr_null(route);
    ck_assert_str_eq(line, expected);
}

static struct svcroute_table *table_of_script(struct world *world, struct script *script,
                                              const char *policy)
{
    struct svcroute_table *table = table_of(world, script->text, policy);
    free(script->text);
    *script = (struct script){0};
    return table;
}

/* ---- order ---- */

START_TEST(test_order)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    /* The length of the text counts where no priority is given: 9, 15, 25. */
    say_rules(&script, "a", "",
              "{match: Host(`h`), " TO_S "}, {match: PathPrefix(`/`), " TO_S "},"
              "{match: 'Host(`h`) && Path(`/xyz`)', " TO_S "}");
    say_rules(&script, "b", "", "{match: Host(`h`) , priority: 15, " TO_S "}");
    say_rules(&script, "c", "",
              "{match: Method(`GET`), priority: -3, " TO_S "},"
              "{match: 'Path(`/xyz`) || Path(`/z`)', priority: 1000, " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    /* a/1 and b/0 both have 15: the longer text first. */
    check_chain(table, (struct ask){.host = "h", .path = "/xyz"}, "c/1 a/2 a/1 b/0 a/0 c/0");
    check_chain(table, (struct ask){.host = "H:80", .path = "/"}, "a/1 b/0 a/0 c/0");
    check_chain(table, (struct ask){.host = "i", .path = "/z", .method = "POST"}, "c/1 a/1");
    check_chain(table, (struct ask){.host = "i", .path = "*", .method = "POST"}, "");
    table_close(&world, table);
}
END_TEST

/* Ten routes whose names differ in a number at the end alone: names compare as bytes. */
START_TEST(test_names_break_ties)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    struct script routes = {0};
    for (int i = 0; i < 11; i++) {
        say(&routes, "%s{match: Host(`h`), " TO_S "}", i != 0 ? ", " : "");
    }
    say_rules(&script, "a", "", routes.text);
    free(routes.text);
    struct svcroute_table *table = table_of_script(&world, &script, "");
    /* base, base-10, base-11, base-2 ... base-9 */
    check_chain(table, (struct ask){.host = "h", .path = "/"},
                "a/0 a/9 a/10 a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8");
    table_close(&world, table);
    /* In traefik-v3 the last one has the name, and nobody else a route. */
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "a", "", "{match: Host(`h`), " TO_S "}, {match: Host(`h`), " TO_S "}");
    table = table_of_script(&world, &script, "traefik");
    check_chain(table, (struct ask){.host = "h", .path = "/"}, "a/1");
    table_close(&world, table);
}
END_TEST

/* ---- who takes part ---- */

START_TEST(test_doors)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "any", "", "{match: PathPrefix(`/`), " TO_S "}");
    say_rules(&script, "web", "entryPoints: [web],",
              "{match: PathPrefix(`/`), priority: 20, " TO_S "}");
    say_rules(&script, "two", "entryPoints: [other, web], tls: {},",
              "{match: PathPrefix(`/`), priority: 30, " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    struct ask ask = {.host = "h", .path = "/"};
    check_chain(table, ask, "two/0 web/0 any/0");
    ask.entry_point = "web";
    check_chain(table, ask, "two/0 web/0 any/0");
    ask.entry_point = "other";
    check_chain(table, ask, "two/0 any/0");
    ask.entry_point = "we";
    check_chain(table, ask, "any/0");
    ask.entry_point = "web";
    ask.flags = SVCROUTE_MATCH_TLS;
    check_chain(table, ask, "two/0");
    ask.flags = SVCROUTE_MATCH_PLAIN;
    check_chain(table, ask, "web/0 any/0");
    table_close(&world, table);
}
END_TEST

/* Rules that cannot be used: their routes stay, without requests; neighbours are as before. */
START_TEST(test_unusable)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    say(&script, "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: bad, "
                 "namespace: "
                 "default}\nspec:\n  routes:\n  - match: Host(`h`) && Hots(`h`)\n    " TO_S "\n"
                 "  - match: Host(`h`)\n    " TO_S "\n"
                 "  - match: Path(`/v2/{x}`)\n    syntax: v2\n    " TO_S "\n");
    size_t line = 1;
    for (const char *at = strstr(script.text, "Hots"); at-- != script.text;) {
        line += *at == '\n' ? 1 : 0;
    }
    struct svcroute_table *table = table_of_script(&world, &script, "");
    ck_assert_uint_eq(svcroute_table_num_routes(table), 3);
    check_chain(table, (struct ask){.host = "h", .path = "/v2/{x}"}, "bad/1");
    unsigned seen = 0;
    for (size_t i = 0; i < svcroute_diags_num(world.diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_diags_get(world.diags, i, &info), 0);
        if (info.id == SVCR_DIAG_RULE_SYNTAX) {
            ck_assert_text(info.field, "spec.routes[0].match");
            ck_assert_uint_eq(info.line, line);
            ck_assert_uint_eq(info.column, 12 + strlen("Host(`h`) && "));
            seen |= 1;
        } else if (info.id == SVCR_DIAG_RULE_SYNTAX_V2) {
            ck_assert_text(info.field, "spec.routes[2].syntax");
            seen |= 2;
        }
    }
    ck_assert_uint_eq(seen, 3);
    const struct svcroute_route *route = svcroute_table_find_route_of(
        table, text_of("default"), text_of("bad"), text_of("Host(`h`) && Hots(`h`)"), 0);
    struct svcroute_route_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_route_get_info(table, route, &info), 0);
    ck_assert_uint_eq(info.matchable, 0);
    struct ask ask = {.host = "h", .path = "/"};
    struct svcroute_match_request request = request_of(&ask);
    struct svcroute_match_info why = {.size = sizeof(why)};
    ck_assert_int_eq(svcroute_route_match(table, route, &request, &why), SVCROUTE_ERR_NOT_FOUND);
    table_close(&world, table);
}
END_TEST

START_TEST(test_why)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "a", "", "{match: 'Host(`h`) && (Path(`/x`) || !Method(`GET`))', " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    static const struct {
        struct ask ask;
        const char *matcher;
        uint32_t matched;
    } rows[] = {
        {{.host = "i", .path = "/x"}, "Host(`h`)", 0},
        {{.host = "h", .path = "/x"}, "Path(`/x`)", 1},
        {{.host = "h", .path = "/y"}, "Method(`GET`)", 0},
        {{.host = "h", .path = "/y", .method = "PUT"}, "Method(`GET`)", 1},
    };
    const struct svcroute_route *route =
        svcroute_table_find_route_of(table, text_of("default"), text_of("a"),
                                     text_of("Host(`h`) && (Path(`/x`) || !Method(`GET`))"), 0);
    ck_assert_ptr_nonnull(route);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcroute_match_request request = request_of(&rows[i].ask);
        struct svcroute_match_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_route_match(table, route, &request, &info), 0);
        ck_assert_uint_eq(info.matched, rows[i].matched);
        ck_assert_text(info.matcher, rows[i].matcher);
        struct svcroute_route_info of = {.size = sizeof(of)};
        ck_assert_int_eq(svcroute_route_get_info(table, route, &of), 0);
        ck_assert_ptr_eq(of.rule.data + info.offset, info.matcher.data);
    }
    table_close(&world, table);
}
END_TEST

/* ---- routes below others ---- */

static const char *child_of(const struct svcroute_table *table, struct ask ask, char out[64])
{
    struct svcroute_match_request request = request_of(&ask);
    const struct svcroute_route *parent = NULL, *route = NULL;
    ck_assert_int_eq(svcroute_table_match(table, &request, &parent), 0);
    int error = svcroute_table_match_child(table, parent, &request, &route);
    return told(table, error, route, out);
}

START_TEST(test_children)
{
    struct script script = {0};
    struct world world;
    char out[64];
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "up", "", "{match: Host(`h`)}, {match: Host(`i`)}");
    say_rules(&script, "low", "parentRefs: [{name: up}],",
              "{match: Path(`/x`), " TO_S "}, {match: PathPrefix(`/`), priority: 1, " TO_S "}");
    /* A route without service or children; one that has both; children with settings of their own.
     */
    say_rules(&script, "end", "", "{match: Host(`end`)}");
    say_rules(&script, "both", "", "{match: Host(`both`), " TO_S "}");
    say_rules(&script, "of-both", "parentRefs: [{name: both}],", "{match: Path(`/x`), " TO_S "}");
    say_rules(&script, "lone", "", "{match: Host(`lone`)}");
    say_rules(&script, "set", "parentRefs: [{name: lone}], entryPoints: [web],",
              "{match: Path(`/x`), " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    check_chain(table, (struct ask){.host = "h", .path = "/x"}, "up/0");
    check_chain(table, (struct ask){.host = "j", .path = "/x"}, "");
    check_chain(table, (struct ask){.host = "end", .path = "/x"}, "");
    check_chain(table, (struct ask){.host = "both", .path = "/x"}, "");
    check_chain(table, (struct ask){.host = "lone", .path = "/x"}, "");
    ck_assert_str_eq(child_of(table, (struct ask){.host = "h", .path = "/x"}, out), "low/0");
    ck_assert_str_eq(child_of(table, (struct ask){.host = "i", .path = "/x"}, out), "low/0");
    ck_assert_str_eq(child_of(table, (struct ask){.host = "i", .path = "/y"}, out), "low/1");
    ck_assert_str_eq(child_of(table, (struct ask){.host = "i", .path = "*"}, out), "404");
    table_close(&world, table);
}
END_TEST

/* Names of objects that join alike: what is below one is not below the other. In traefik-v3, where
 * names decide, it is. */
START_TEST(test_namesakes)
{
    static const char rules[] =
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: "
        "{name: %s, namespace: %s}\nspec: {%s routes: [{match: %s, %s}]}\n";
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    /* default/r-x has a service; default-r/x has its rule, and somebody below. */
    say(&script, rules, "r-x", "default", "", "Host(`h`)", TO_S);
    say(&script, rules, "x", "default-r", "", "Host(`h`)", "services: []");
    say(&script, rules, "low", "default-r", "parentRefs: [{name: x}],", "Path(`/x`)",
        "services: [{name: s@file, kind: TraefikService}]");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    check_chain(table, (struct ask){.host = "h", .path = "/x"}, "r-x/0 x/0");
    table_close(&world, table);
    /* Two rules of one object that are alike are one parent in traefik-v3. */
    char out[64];
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "up", "", "{match: Host(`h`)}, {match: Host(`h`)}");
    say_rules(&script, "low", "parentRefs: [{name: up}],", "{match: Path(`/x`), " TO_S "}");
    table = table_of_script(&world, &script, "traefik");
    check_chain(table, (struct ask){.host = "h", .path = "/x"}, "up/1");
    ck_assert_str_eq(child_of(table, (struct ask){.host = "h", .path = "/x"}, out), "low/0");
    table_close(&world, table);
}
END_TEST

/* traefik-v3: a route whose service the reference would not build is passed over. */
START_TEST(test_refused)
{
    static const char *const profiles[] = {"traefik", ""};
    for (size_t i = 0; i < 2; i++) {
        struct script script = {0};
        struct world world;
        say_service(&script, "s", 1, 1, 0);
        say_tree(&script, "w", "{weighted: {services: [{name: m, kind: TraefikService}]}}");
        say_tree(&script, "m",
                 "{mirroring: {name: s, port: 80, mirrors: [{name: s, port: 80, percent: 101}]}}");
        say_rules(&script, "a", "",
                  "{match: 'Host(`h`) || Host(`i`)', priority: 50, services: [{name: w, kind: "
                  "TraefikService}]},"
                  "{match: Host(`h`), " TO_S "}, {match: PathPrefix(`/`), " TO_S "}");
        struct svcroute_table *table = table_of_script(&world, &script, profiles[i]);
        check_chain(table, (struct ask){.host = "h", .path = "/"}, "a/2 a/1");
        table_close(&world, table);
    }
}
END_TEST

/* ---- pickers ---- */

static uint64_t picked(const struct scene *scene, const char *host)
{
    struct ask ask = {.host = host, .path = "/"};
    struct svcroute_match_request request = request_of(&ask);
    uint64_t handle = 1;
    int error = svcroute_picker_match(scene->picker, &request, &handle);
    ck_assert_int_eq(error, handle != 0 ? 0 : SVCROUTE_ERR_NOT_FOUND);
    return handle;
}

START_TEST(test_picker)
{
    struct script script = {0};
    struct scene scene = {0};
    say_service(&script, "s", 1, 2, 0);
    say_rules(&script, "a", "", "{match: Host(`h`), " TO_S "}, {match: Host(`i`), " TO_S "}");
    scene_open(&scene, &script, "", 0);
    uint64_t h = picked(&scene, "h");
    uint64_t i = picked(&scene, "i");
    ck_assert_uint_ne(h, 0);
    ck_assert_uint_ne(i, 0);
    ck_assert_uint_ne(h, i);
    ck_assert_uint_eq(picked(&scene, "j"), 0);
    /* What an update changes of a rule's reach alone is told to pickers, too. */
    say_rules(&script, "a", "", "{match: Host(`h`), " TO_S "}, {match: Host(`i`), " TO_S "}");
    say_rules(&script, "b", "", "{match: PathPrefix(`/`), priority: 1000, " TO_S "}");
    scene_load(&scene, &script);
    scene_resolve(&scene);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 1), 0);
    ck_assert_uint_eq(picked(&scene, "h"), h);
    ck_assert(svcroute_picker_stale(scene.picker));
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 1), 0);
    uint64_t b = picked(&scene, "h");
    ck_assert(b != h && b != 0);
    say_rules(&script, "b", "", "{match: PathPrefix(`/`), priority: 1, " TO_S "}");
    scene_load(&scene, &script);
    scene_resolve(&scene);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 2), 0);
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 2), 0);
    ck_assert_uint_eq(picked(&scene, "h"), h);
    ck_assert_uint_eq(picked(&scene, "j"), b);
    scene_close(&scene);
}
END_TEST

/* What else a host does with requests of a route is told to pickers, too: nobody else asks a table
 * that is not the newest. */
START_TEST(test_picker_middlewares)
{
    struct script script = {0};
    struct scene scene = {0};
    say_service(&script, "s", 1, 2, 0);
    say_rules(&script, "a", "", "{match: Host(`h`), middlewares: [{name: m}], " TO_S "}");
    scene_open(&scene, &script, "", 0);
    uint64_t h = picked(&scene, "h");
    say_rules(&script, "a", "", "{match: Host(`h`), middlewares: [{name: auth}], " TO_S "}");
    scene_load(&scene, &script);
    scene_resolve(&scene);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, 1), 0);
    ck_assert(svcroute_picker_stale(scene.picker));
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 1), 0);
    ck_assert_uint_eq(picked(&scene, "h"), h);
    ck_assert_text(svcroute_route_get_middleware(svcroute_picker_get_route(scene.picker, h), 0),
                   "default-auth");
    scene_close(&scene);
}
END_TEST

/* A picker's way to routes below others, and to what is told of routes. */
START_TEST(test_picker_children)
{
    struct script script = {0};
    struct scene scene = {0};
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "up", "", "{match: Host(`h`)}");
    say_rules(&script, "low", "parentRefs: [{name: up}],", "{match: Path(`/`), " TO_S "}");
    scene_open(&scene, &script, "", 0);
    struct ask ask = {.host = "h", .path = "/"};
    struct svcroute_match_request request = request_of(&ask);
    uint64_t up = picked(&scene, "h"), low = 0;
    struct svcroute_route_info info = {.size = sizeof(info)};
    struct svcroute_table *table = svcroute_picker_get_table(scene.picker);
    const struct svcroute_route *route = svcroute_picker_get_route(scene.picker, up);
    ck_assert_int_eq(svcroute_route_get_info(table, route, &info), 0);
    ck_assert_text(info.ingress_route, "up");
    ck_assert_uint_eq(info.service.size, 0);
    ck_assert_int_eq(svcroute_picker_match_child(scene.picker, up, &request, &low), 0);
    route = svcroute_picker_get_route(scene.picker, low);
    ck_assert_int_eq(svcroute_route_get_info(table, route, &info), 0);
    ck_assert_text(info.ingress_route, "low");
    ck_assert_uint_ne(info.service.size, 0);
    /* Of a handle that is none, or a service's. */
    uint64_t service = 0;
    ck_assert_int_eq(svcroute_picker_find_service(scene.picker, info.service, &service), 0);
    ck_assert_ptr_null(svcroute_picker_get_route(scene.picker, service));
    ck_assert_ptr_null(svcroute_picker_get_route(scene.picker, 0));
    ck_assert_int_eq(svcroute_picker_match_child(scene.picker, service, &request, &low),
                     SVCROUTE_ERR_GONE);
    ck_assert_uint_eq(low, 0);
    scene_close(&scene);
}
END_TEST

/* A host that routes by itself: routes are there, and none is matched. */
START_TEST(test_ignored)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "a", "", "{match: Host(`h`), " TO_S "}, {match: nonsense, " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "unruly");
    ck_assert_uint_eq(svcroute_table_num_routes(table), 2);
    ck_assert_uint_eq(svcroute_diags_num(world.diags), 0);
    check_chain(table, (struct ask){.host = "h", .path = "/"}, "");
    table_close(&world, table);
}
END_TEST

/* ---- warnings ---- */

START_TEST(test_lint)
{
    static const struct {
        const char *routes; /* of which the last is looked at */
        uint32_t id;        /* 0: nothing is said of it */
    } rows[] = {
        {"{match: Host(`h`), " TO_S "}", 0},
        {"{match: 'Host(`h`) && Host(`i`)', " TO_S "}", SVCR_DIAG_RULE_NEVER},
        {"{match: 'Host(`h`) && Path(`/a`) && PathPrefix(`/b`)', " TO_S "}", SVCR_DIAG_RULE_NEVER},
        {"{match: 'Host(`h`) && Path(`/a`) && PathPrefix(`/a`)', " TO_S "}",
         SVCR_DIAG_HOST_WITHOUT_ROOT},
        {"{match: 'Method(`GET`) || !Method(`GET`)', " TO_S "}", SVCR_DIAG_RULE_ALWAYS},
        {"{match: 'Host(`*`)', " TO_S "}", SVCR_DIAG_RULE_ALWAYS},
        {"{match: PathPrefix(`/`), " TO_S "}", 0},
        {"{match: 'Host(`h`) && PathPrefix(`/a`)', priority: 9, " TO_S "}",
         SVCR_DIAG_HOST_WITHOUT_ROOT},
        {"{match: Host(`h`), priority: 50, " TO_S "},"
         "{match: 'Host(`h`) && PathPrefix(`/a`)', " TO_S "}",
         SVCR_DIAG_RULE_SHADOWED},
        {"{match: Host(`h`), " TO_S "}, {match: 'Host(`h`) && PathPrefix(`/a`)', " TO_S "}", 0},
        {"{match: PathPrefix(`/`), priority: 50, " TO_S "}, {match: Host(`h`), " TO_S "}",
         SVCR_DIAG_RULE_SHADOWED},
        {"{match: 'Host(`*.h`)', priority: 50, " TO_S "}, {match: Host(`a.h`), " TO_S "}",
         SVCR_DIAG_RULE_SHADOWED},
        {"{match: 'Host(`a.h`)', priority: 50, " TO_S "}, {match: Host(`*.h`), " TO_S "}", 0},
        {"{match: 'Host(`h`) && Method(`GET`)', priority: 50, " TO_S "}, {match: Host(`h`), " TO_S
         "}",
         0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct script script = {0};
        struct world world;
        say_service(&script, "s", 1, 1, 0);
        say_rules(&script, "a", "", rows[i].routes);
        struct svcroute_table *table = table_of_script(&world, &script, "");
        svcroute_diags_clear(world.diags);
        ck_assert_int_eq(svcroute_table_lint(table, world.diags), 0);
        uint32_t id = 0;
        for (size_t j = 0; j < svcroute_diags_num(world.diags); j++) {
            struct svcroute_diag_info info = {.size = sizeof(info)};
            char last[64];
            ck_assert_int_eq(svcroute_diags_get(world.diags, j, &info), 0);
            snprintf(last, sizeof(last), "spec.routes[%u].match",
                     (unsigned)svcroute_table_num_routes(table) - 1);
            id = text_equals(info.field, last) ? info.id : id;
        }
        ck_assert_msg(id == rows[i].id, "row %zu: %u", i, id);
        table_close(&world, table);
    }
}
END_TEST

/* ---- arguments ---- */

START_TEST(test_arguments)
{
    struct script script = {0};
    struct world world;
    say_service(&script, "s", 1, 1, 0);
    say_rules(&script, "a", "", "{match: Host(`h`), " TO_S "}");
    struct svcroute_table *table = table_of_script(&world, &script, "");
    struct ask ask = {.host = "h", .path = "/"};
    struct svcroute_match_request request = request_of(&ask);
    const struct svcroute_route *route = NULL;
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), 0);
    ck_assert_ptr_nonnull(route);
    ck_assert_int_eq(svcroute_table_match(NULL, &request, &route), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(route);
    ck_assert_int_eq(svcroute_table_match(table, NULL, &route), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_match(table, &request, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_match_child(table, NULL, &request, &route),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_match_next(table, NULL, &request, &route),
                     SVCROUTE_ERR_INVALID);
    request.flags = 4;
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), SVCROUTE_ERR_STRUCT_NEW);
    request.flags = 0;
    request.num_headers = 1;
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), SVCROUTE_ERR_INVALID);
    request.num_headers = 0;
    request.size = 8;
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), SVCROUTE_ERR_STRUCT_SIZE);
    request.size = sizeof(request);
    request.host = text_of("a b");
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), SVCROUTE_ERR_BAD_REQUEST);
    ck_assert_ptr_null(route);
    static char long_path[40000];
    memset(long_path, 'a', sizeof(long_path));
    long_path[0] = '/';
    request.host = text_of("h");
    request.path = (svcr_text){long_path, sizeof(long_path)};
    ck_assert_int_eq(svcroute_table_match(table, &request, &route), SVCROUTE_ERR_LIMIT);
    table_close(&world, table);
}
END_TEST

Suite *suite_match(void)
{
    Suite *suite = suite_create("match");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_order);
    tcase_add_test(all, test_names_break_ties);
    tcase_add_test(all, test_doors);
    tcase_add_test(all, test_unusable);
    tcase_add_test(all, test_why);
    tcase_add_test(all, test_children);
    tcase_add_test(all, test_namesakes);
    tcase_add_test(all, test_refused);
    tcase_add_test(all, test_picker);
    tcase_add_test(all, test_picker_middlewares);
    tcase_add_test(all, test_picker_children);
    tcase_add_test(all, test_ignored);
    tcase_add_test(all, test_lint);
    tcase_add_test(all, test_arguments);
    suite_add_tcase(suite, all);
    return suite;
}
