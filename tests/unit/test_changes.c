/* Changes between two tables: what counts as one, in which order they come, NULL tables, tables of
 * two contexts, memory. The random events of the suite "incremental" compare them with the getters.
 */
#include "resolve_support.h"

#define SERVICE_S                                                                                  \
    "---\nkind: Service\napiVersion: v1\nmetadata: {name: s}\n"                                    \
    "spec: {type: ExternalName, externalName: e.com, ports: [{port: 80}]}\n"
#define TREE(name, spec)                                                                           \
    "---\nkind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: " name           \
    "}\nspec: {" spec "}\n"
#define WEIGHTED(name, reference) TREE(name, "weighted: {services: [" reference "]}")
#define FAILOVER(rest)                                                                             \
    TREE("f", "failover: {service: {kind: TraefikService, name: a@file}, fallback: {kind: "        \
              "TraefikService, name: b@file}" rest "}")
#define ROUTE(rest)                                                                                \
    "---\nkind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r}\nspec: {" rest  \
    "}\n"

static const char before[] = SERVICE_S WEIGHTED("w", "{name: s, port: 80}") FAILOVER("")
    ROUTE("routes: [{match: m, services: [{kind: TraefikService, name: w}]}]");

/* One object is loaded on top of `before`; the differences as "+name", "-name" or "~name". */
static const struct row {
    const char *text, *changes;
} rows[] = {
    {WEIGHTED("w", "{name: s, port: 80}"), ""},
    {"\n\n" WEIGHTED("w", "{name: s, port: 80, weight: 1}"), ""}, /* as without */
    {WEIGHTED("w", "{name: s, port: 80, weight: 2}"), "~default-w"},
    {WEIGHTED("w", "{name: s, port: 80, kind: Service, namespace: default}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, strategy: wrr}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, strategy: p2c}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, scheme: http}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, scheme: https}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, passHostHeader: true}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, passHostHeader: false}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, sticky: {}}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, sticky: {cookie: {}}}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, healthCheck: {}}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, passiveHealthCheck: {}}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, middlewares: [{name: m}]}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, serversTransport: t}"), "~default-s-80"},
    {WEIGHTED("w", "{name: s, port: 80, responseForwarding: {flushInterval: 100ms}}"), ""},
    {WEIGHTED("w", "{name: s, port: 80, responseForwarding: {flushInterval: 1s}}"),
     "~default-s-80"},
    {WEIGHTED("w", "{name: s}"), "+default-s -default-s-80 ~default-w"},
    {WEIGHTED("w", "{name: s, port: 80}, {name: gone, port: 80}"), ""},
    {WEIGHTED("w", "{kind: TraefikService, name: f}"), "-default-s-80 ~default-w"},
    {TREE("w", "highestRandomWeight: {services: [{name: s, port: 80}]}"), "~default-w"},
    {WEIGHTED("w", "{name: gone}"), "-R -default-s-80 -default-w"},
    {FAILOVER(", errors: {}"), ""},
    {FAILOVER(", errors: {status: ['500']}"), "~default-f"},
    {FAILOVER(", errors: {maxRequestBodyBytes: -1}"), "~default-f"},
    {"---\nkind: Service\napiVersion: v1\nmetadata: {name: s}\n"
     "spec: {type: ExternalName, externalName: f.com, ports: [{port: 80}]}\n",
     "~default-s-80"},
    {"---\nkind: Service\napiVersion: v1\nmetadata: {name: s}\n"
     "spec: {type: ExternalName, externalName: e.com, ports: [{port: 80, protocol: TCP}]}\n",
     ""},
    {"---\nkind: Service\napiVersion: v1\nmetadata: {name: s}\n"
     "spec: {type: ExternalName, externalName: e.com, ports: [{name: https, port: 80}]}\n",
     "~default-s-80"},
    {"---\nkind: Service\napiVersion: v1\nmetadata: {name: other}\nspec: {}\n", ""},
    {ROUTE("routes: [{match: m, kind: Rule, services: [{kind: TraefikService, name: w}]}]"), ""},
    {ROUTE("routes: [{match: m, priority: 5, services: [{kind: TraefikService, name: w}]}]"), "~R"},
    {ROUTE("routes: [{match: m, services: [{kind: TraefikService, name: f}]}]"), "~R"},
    {ROUTE("routes: [{match: m, syntax: v2, services: [{kind: TraefikService, name: w}]}]"), "~R"},
    {ROUTE("routes: [{match: m, observability: {}, services: [{kind: TraefikService, name: w}]}]"),
     "~R"},
    {ROUTE("routes: [{match: '', services: []}, {match: m, services: [{kind: TraefikService, name: "
           "w}]}]"),
     "~R"}, /* its place in the object */
    {ROUTE("tls: {}, routes: [{match: m, services: [{kind: TraefikService, name: w}]}]"), "~R"},
    {ROUTE("entryPoints: [e], routes: [{match: m, services: [{kind: TraefikService, name: w}]}]"),
     "~R"},
    {ROUTE("routes: [{match: m, middlewares: [{name: q}], services: [{kind: TraefikService, name: "
           "w}]}]"),
     "~R"},
    {ROUTE("routes: [{match: m, services: [{name: s, port: 80}]}]"), "~R +R"},
    {ROUTE("routes: []"), "-R"},
};

/* The differences as one text; the route's name is shown as R. */
static struct picture changes_picture(struct svcroute_table *older, struct svcroute_table *newer)
{
    static const char marks[] = {0, '+', '-', '~'};
    struct svcroute_changes *changes = NULL;
    struct svcroute_change_info info = {.size = sizeof(info)};
    struct picture out = {0};
    ck_assert_int_eq(svcroute_changes_new(&changes, older, newer), 0);
    picture_add(&out, "%s", "");
    while (svcroute_changes_next(changes, &info) == 0) {
        bool route = text_has(info.name, "default-r-");
        picture_add(&out, "%s%c%.*s", out.size == 0 ? "" : " ", marks[info.change],
                    SVCR_ARG(route ? SVCR_TEXT("R") : info.name));
    }
    ck_assert_int_eq(svcroute_changes_next(changes, &info), SVCROUTE_ERR_END);
    ck_assert_int_eq(svcroute_changes_next(changes, &info), SVCROUTE_ERR_END);
    svcroute_changes_free(changes);
    return out;
}

START_TEST(test_rows)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world world;
        struct svcroute_table *table = table_of(&world, before, "external");
        ck_assert_int_eq(load(&world, rows[i].text), 0);
        ck_assert_uint_eq(world.result.rejected, 0);
        struct svcroute_table *step = resolve_with(&world, "external", table);
        struct svcroute_table *full = resolve_with(&world, "external", NULL);
        struct picture got = changes_picture(table, step);
        ck_assert_msg(strcmp(got.data, rows[i].changes) == 0, "%s: %s, not %s", rows[i].text,
                      got.data, rows[i].changes);
        picture_free(&got);
        got = changes_picture(table, full); /* nothing shared */
        ck_assert_str_eq(got.data, rows[i].changes);
        picture_free(&got);
        got = changes_picture(step, full);
        ck_assert_str_eq(got.data, "");
        picture_free(&got);
        svcroute_table_unref(full);
        svcroute_table_unref(step);
        table_close(&world, table);
    }
}
END_TEST

START_TEST(test_all_and_nothing)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, before, "external");
    static const char *const expected[] = {"+R +default-f +default-s-80 +default-w",
                                           "-R -default-f -default-s-80 -default-w", ""};
    struct picture got[3] = {changes_picture(NULL, table), changes_picture(table, NULL),
                             changes_picture(table, table)};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(got[i].data, expected[i]);
        picture_free(&got[i]);
    }
    table_close(&world, table);
}
END_TEST

/* The same objects under another seed of hashes are the same. */
START_TEST(test_two_contexts)
{
    struct world world, other;
    struct svcroute_context_options options;
    struct svcroute_table *table = table_of(&world, before, "external");
    svcroute_context_options_init(&options, sizeof(options));
    options.hash_seed = 12345;
    world_open_with(&other, &options);
    ck_assert_int_eq(load(&other, before), 0);
    struct svcroute_table *same = resolve_with(&other, "external", NULL);
    struct picture got = changes_picture(table, same);
    ck_assert_str_eq(got.data, "");
    picture_free(&got);
    ck_assert_int_eq(load(&other, FAILOVER(", errors: {status: ['500']}")), 0);
    struct svcroute_table *altered = resolve_with(&other, "external", same);
    got = changes_picture(table, altered);
    ck_assert_str_eq(got.data, "~default-f");
    picture_free(&got);
    svcroute_table_unref(altered);
    table_close(&other, same);
    table_close(&world, table);
}
END_TEST

START_TEST(test_arguments)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, before, "external");
    struct svcroute_changes *changes = (struct svcroute_changes *)&world;
    struct svcroute_change_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_changes_new(NULL, table, table), SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(svcroute_changes_num(NULL), 0);
    ck_assert_int_eq(svcroute_changes_next(NULL, &info), SVCROUTE_ERR_INVALID);
    svcroute_changes_free(NULL);
    int error = SVCROUTE_ERR_NOMEM;
    for (uint64_t n = 1; error != 0; n++) {
        int64_t blocks = world.memory.blocks;
        world.memory.calls = 0;
        world.memory.fail_at = n;
        error = svcroute_changes_new(&changes, NULL, table);
        world.memory.fail_at = 0;
        if (error != 0) {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            ck_assert_ptr_null(changes);
            ck_assert_int_eq(world.memory.blocks, blocks);
        }
    }
    ck_assert_uint_eq(svcroute_changes_num(changes), 4);
    ck_assert_int_eq(svcroute_changes_next(changes, NULL), SVCROUTE_ERR_INVALID);
    info.size -= 8;
    ck_assert_int_eq(svcroute_changes_next(changes, &info), SVCROUTE_ERR_STRUCT_SIZE);
    info.size += 8;
    svcroute_table_unref(table); /* held by the changes */
    ck_assert_int_eq(svcroute_changes_next(changes, &info), 0);
    ck_assert_uint_eq(info.of, SVCROUTE_LISTING_ROUTES);
    ck_assert_ptr_nonnull(info.new_route);
    ck_assert_ptr_null(info.old_route);
    ck_assert_ptr_null(info.new_service);
    ck_assert_int_eq(svcroute_changes_next(changes, &info), 0);
    ck_assert_uint_eq(info.of, SVCROUTE_LISTING_SERVICES);
    ck_assert_ptr_null(info.new_route);
    ck_assert_text(service_info(info.new_service).name, "default-f");
    svcroute_changes_free(changes);
    world_close(&world);
}
END_TEST

/* Both tables NULL: no context to make anything from. */
START_TEST(test_no_table)
{
    struct svcroute_changes *changes = NULL;
    ck_assert_int_eq(svcroute_changes_new(&changes, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(changes);
}
END_TEST

Suite *suite_changes(void)
{
    Suite *suite = suite_create("changes");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_rows);
    tcase_add_test(all, test_all_and_nothing);
    tcase_add_test(all, test_two_contexts);
    tcase_add_test(all, test_arguments);
    tcase_add_test(all, test_no_table);
    suite_add_tcase(suite, all);
    return suite;
}
