/* Who keeps a name that several write: suffixes in the default profile, the last in traefik-v3
 * (sections 2 and 12 of the behaviour). */
#include "resolve_support.h"

#define TREE(namespace_, name, services)                                                           \
    "---\nkind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: " name           \
    ", namespace: " namespace_ "}\nspec: {weighted: {services: [" services "]}}\n"
#define FILE_TREE(namespace_, name) TREE(namespace_, name, "{name: x@file, kind: TraefikService}")
#define EXTERNAL(namespace_, name)                                                                 \
    "---\nkind: Service\napiVersion: v1\nmetadata: {name: " name ", namespace: " namespace_ "}\n"  \
    "spec: {type: ExternalName, externalName: " name ".example.com, ports: [{port: 80}]}\n"
#define ROUTE(namespace_, name, routes)                                                            \
    "---\nkind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: " name             \
    ", namespace: " namespace_ "}\nspec: {routes: [" routes "]}\n"

/* The name of the service that a TraefikService became; "" if there is none. */
static svcr_text tree_name(const struct svcroute_table *table, const char *namespace_,
                           const char *name)
{
    const struct svcroute_service *service = NULL;
    int error =
        svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                       text_of(namespace_), text_of(name), SVCR_TEXT_ABSENT, 0);
    ck_assert(error == 0 || error == SVCROUTE_ERR_NOT_FOUND);
    return error == 0 ? service_info(service).name : SVCR_TEXT("");
}

static svcr_text child_name(const struct svcroute_table *table, const char *name, size_t index)
{
    struct svcroute_child_info child = {.size = sizeof(child)};
    ck_assert_int_eq(svcroute_service_get_child(table, service_named(table, name), index, &child),
                     0);
    if (child.service != NULL) {
        ck_assert(svcr_text_same(service_info(child.service).name, child.name));
    }
    return child.name;
}

/* Three objects whose names join alike, in the order of (namespace, name) as bytes. */
START_TEST(test_suffixes)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world, FILE_TREE("a-b", "c") FILE_TREE("a", "b-c") FILE_TREE("a", "b.c"), "");
    ck_assert_uint_eq(svcroute_table_num_services(table), 3);
    ck_assert_text(tree_name(table, "a", "b-c"), "a-b-c"); /* '-' is less than '.' */
    ck_assert_text(tree_name(table, "a", "b.c"), "a-b-c-2");
    ck_assert_text(tree_name(table, "a-b", "c"), "a-b-c-3");
    struct svcroute_service_info info = service_info(service_named(table, "a-b-c-3"));
    ck_assert_text(info.base_name, "a-b-c");
    ck_assert_text(info.namespace_, "a-b");
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("a-b-c-1")));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("a-b-c-4")));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("a-b-c-02")));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("a-b-c-")));
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_NAME_MEETS, NULL), 2);
    table_close(&world, table);
}
END_TEST

/* A name in use is skipped, and is given back when it is free again; the one who had it keeps it.
 */
START_TEST(test_skipping)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 FILE_TREE("a-b", "c") FILE_TREE("a", "b-c") FILE_TREE("a", "b-c-2")
                     FILE_TREE("a", "b-c-4") FILE_TREE("a", "b.c"),
                 "");
    ck_assert_text(tree_name(table, "a", "b-c"), "a-b-c");
    ck_assert_text(tree_name(table, "a", "b-c-2"), "a-b-c-2");
    ck_assert_text(tree_name(table, "a", "b-c-4"), "a-b-c-4");
    ck_assert_text(tree_name(table, "a", "b.c"), "a-b-c-3");
    ck_assert_text(tree_name(table, "a-b", "c"), "a-b-c-5");

    /* The base name goes; then "-2" is free. */
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                           SVCR_TEXT("a"), SVCR_TEXT("b-c-2")),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    ck_assert_text(tree_name(next, "a", "b.c"), "a-b-c-2");
    ck_assert_text(tree_name(next, "a-b", "c"), "a-b-c-3");
    ck_assert_text(tree_name(table, "a-b", "c"), "a-b-c-5");
    svcroute_table_unref(table);

    /* And comes back. */
    ck_assert_int_eq(load(&world, FILE_TREE("a", "b-c-3")), 0);
    table = resolve_with(&world, "", next);
    ck_assert_text(tree_name(table, "a", "b-c-3"), "a-b-c-3");
    ck_assert_text(tree_name(table, "a", "b.c"), "a-b-c-2");
    ck_assert_text(tree_name(table, "a-b", "c"), "a-b-c-5");
    svcroute_table_unref(next);
    table_close(&world, table);
}
END_TEST

/* A base name that looks like a suffixed one has suffixes of its own. */
START_TEST(test_cascade)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 FILE_TREE("a", "x") FILE_TREE("a", "x.") FILE_TREE("a", "x-2")
                     FILE_TREE("a", "x.2") FILE_TREE("a", "x-2-2"),
                 "");
    ck_assert_text(tree_name(table, "a", "x"), "a-x");
    ck_assert_text(tree_name(table, "a", "x."), "a-x-3");
    ck_assert_text(tree_name(table, "a", "x-2"), "a-x-2");
    ck_assert_text(tree_name(table, "a", "x.2"), "a-x-2-3");
    ck_assert_text(tree_name(table, "a", "x-2-2"), "a-x-2-2");
    ck_assert_text(service_info(service_named(table, "a-x-2-3")).base_name, "a-x-2");
    table_close(&world, table);
}
END_TEST

/* References of the export follow the one they mean, whoever keeps the plain name. */
START_TEST(test_references_follow)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 FILE_TREE("a", "b-c") FILE_TREE("a-b", "c")
                     TREE("a-b", "w", "{name: c, kind: TraefikService}")
                         TREE("a", "w", "{name: b-c, kind: TraefikService}"),
                 "");
    ck_assert_text(child_name(table, "a-b-w", 0), "a-b-c-2");
    ck_assert_text(child_name(table, "a-w", 0), "a-b-c");
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                           SVCR_TEXT("a"), SVCR_TEXT("b-c")),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    ck_assert_text(child_name(next, "a-b-w", 0), "a-b-c");
    ck_assert_ptr_null(svcroute_table_find_service(next, SVCR_TEXT("a-w")));

    /* The parent's own objects are the same, but it tells another name: that is a change. */
    struct svcroute_changes *changes = NULL;
    struct svcroute_change_info info = {.size = sizeof(info)};
    static const struct {
        const char *name;
        uint32_t change;
    } expected[] = {
        {"a-b-c", SVCROUTE_CHANGE_ALTERED}, /* another object has it now */
        {"a-b-c-2", SVCROUTE_CHANGE_REMOVED},
        {"a-b-w", SVCROUTE_CHANGE_ALTERED},
        {"a-w", SVCROUTE_CHANGE_REMOVED},
    };
    ck_assert_int_eq(svcroute_changes_new(&changes, table, next), 0);
    ck_assert_uint_eq(svcroute_changes_num(changes), 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(svcroute_changes_next(changes, &info), 0);
        ck_assert_text(info.name, expected[i].name);
        ck_assert_uint_eq(info.change, expected[i].change);
        ck_assert_uint_eq(info.of, SVCROUTE_LISTING_SERVICES);
    }
    svcroute_changes_free(changes);
    svcroute_table_unref(table);
    table_close(&world, next);
}
END_TEST

/* One Service with one port and the same settings is one service, whoever refers to it; other
 * settings, or the port written otherwise, make another. */
START_TEST(test_tuples)
{
    struct world world;
    struct svcroute_table *table = table_of(
        &world,
        EXTERNAL("a", "s") TREE("a", "v", "{name: s, port: 80}") TREE(
            "a", "w",
            "{name: s, port: 80, weight: 7}, {name: s, port: 80, sticky: {cookie: {}}}, "
            "{name: s, port: 80, sticky: {cookie: {path: /}}}, {name: s, port: 80, scheme: https}, "
            "{name: s}, {name: s, port: 80, strategy: RoundRobin}"),
        "external");
    ck_assert_uint_eq(svcroute_table_num_services(table), 2 + 4);
    ck_assert_text(child_name(table, "a-v", 0), "a-s-80");
    ck_assert_text(child_name(table, "a-w", 0), "a-s-80");
    ck_assert_text(child_name(table, "a-w", 1), "a-s-80-2");
    ck_assert_text(child_name(table, "a-w", 2), "a-s-80-2"); /* "/" is the default path */
    ck_assert_text(child_name(table, "a-w", 3), "a-s-80-3");
    ck_assert_text(child_name(table, "a-w", 4),
                   "a-s"); /* without a port: another tuple, another name */
    ck_assert_text(child_name(table, "a-w", 5), "a-s-80");
    const struct svcroute_service *service = NULL;
    for (size_t i = 0; i < 4; i++) {
        int error =
            svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_SERVICE, SVCR_TEXT("a"),
                                           SVCR_TEXT("s"), SVCR_TEXT("80"), i);
        ck_assert_int_eq(error, i < 3 ? 0 : SVCROUTE_ERR_NOT_FOUND);
    }
    table_close(&world, table);
}
END_TEST

/* The default written out is the default, however many services there are of one name. */
START_TEST(test_many_tuples)
{
    struct picture text = {0};
    struct world world;
    picture_add(&text, EXTERNAL("a", "s") "---\nkind: TraefikService\napiVersion: "
                                          "traefik.io/v1alpha1\nmetadata: {name: w, namespace: a}\n"
                                          "spec:\n  weighted:\n    services:\n");
    for (uint32_t i = 0; i < 60; i++) {
        picture_add(&text,
                    "    - {name: s, port: 80, sticky: {cookie: {name: c%u}}}\n"
                    "    - {name: s, port: 80, passHostHeader: true, strategy: wrr, scheme: http, "
                    "sticky: {cookie: {name: c%u, path: /, maxAge: 0, secure: false}}}\n",
                    i, i);
    }
    struct svcroute_table *table = table_of(&world, text.data, "external");
    ck_assert_uint_eq(svcroute_table_num_services(table), 1 + 60);
    for (uint32_t i = 0; i < 60; i++) {
        ck_assert(
            svcr_text_same(child_name(table, "a-w", 2 * i), child_name(table, "a-w", 2 * i + 1)));
    }
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

/* A TraefikService's name can be that of a child: both stay, and each is found as what it is. */
START_TEST(test_tree_meets_child)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 EXTERNAL("a", "s") TREE("a", "s-80", "{name: s, port: 80}")
                     TREE("a", "z", "{name: s-80, kind: TraefikService}"),
                 "external");
    ck_assert_text(child_name(table, "a-s-80-2", 0), "a-s-80"); /* children stand ahead */
    ck_assert_text(child_name(table, "a-z", 0), "a-s-80-2");
    ck_assert_text(tree_name(table, "a", "s-80"), "a-s-80-2");
    ck_assert_uint_eq(service_info(service_named(table, "a-s-80")).type,
                      SVCROUTE_SERVICE_LOAD_BALANCER);
    table_close(&world, table);
}
END_TEST

#define HASH_M "62c66a7a5dd70c314661" /* SHA-256 of "m", 10 bytes */

/* Routes: two of one object with the same match, then another object whose name joins alike. */
START_TEST(test_routes)
{
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 EXTERNAL("a", "s") EXTERNAL("a-b", "s")
                     ROUTE("a-b", "c", "{match: m, services: [{name: s, port: 80}]}")
                         ROUTE("a", "b-c",
                               "{match: m, services: [{name: s, port: 80}]},"
                               "{match: m, services: [{name: s, port: 80}]},"
                               "{match: m, services: [{name: s, port: 80, scheme: https}]}"),
                 "external");
    static const char *const names[] = {"a-b-c-" HASH_M, "a-b-c-" HASH_M "-2",
                                        "a-b-c-" HASH_M "-3"};
    static const char *const services[] = {"a-b-c-" HASH_M, "a-b-c-" HASH_M, "a-b-c-" HASH_M "-2"};
    ck_assert_uint_eq(svcroute_table_num_routes(table), 4);
    ck_assert_uint_eq(svcroute_table_num_services(table), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct svcroute_route *route = svcroute_table_find_route_of(
            table, SVCR_TEXT("a"), SVCR_TEXT("b-c"), SVCR_TEXT("m"), i);
        ck_assert_ptr_nonnull(route);
        ck_assert_text(route_info(table, route).name, names[i]);
        ck_assert_text(route_info(table, route).service, services[i]);
        ck_assert_uint_eq(route_info(table, route).index, i);
    }
    const struct svcroute_route *other =
        svcroute_table_find_route_of(table, SVCR_TEXT("a-b"), SVCR_TEXT("c"), SVCR_TEXT("m"), 0);
    ck_assert_text(route_info(table, other).name, "a-b-c-" HASH_M "-4");
    ck_assert_text(route_info(table, other).service, "a-b-c-" HASH_M "-3");
    ck_assert_ptr_null(
        svcroute_table_find_route_of(table, SVCR_TEXT("a"), SVCR_TEXT("b-c"), SVCR_TEXT("m"), 3));
    table_close(&world, table);
}
END_TEST

/* Two objects without a name whose generateNames join alike are two: their services as well. */
START_TEST(test_generated)
{
#define GENERATED(name)                                                                            \
    "---\nkind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {generateName: " name     \
    ", namespace: a}\nspec: {routes: [{match: m, services: [{name: s, port: 80}]}]}\n"
    struct world world;
    struct svcroute_table *table =
        table_of(&world,
                 EXTERNAL("a", "s") GENERATED("b-") GENERATED("b.") GENERATED("b")
                     ROUTE("a", "b", "{match: m, services: [{name: s, port: 80}]}"),
                 "external");
    ck_assert_uint_eq(svcroute_table_num_routes(table), 4);
    ck_assert_uint_eq(svcroute_table_num_services(table), 4);
    static const char *const names[] = {"b", "b-", "b."}; /* ahead of objects with a name */
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        const struct svcroute_route *route = svcroute_table_find_route_of(
            table, SVCR_TEXT("a"), text_of(names[i]), SVCR_TEXT("m"), i == 0 ? 1 : 0);
        ck_assert_ptr_nonnull(route);
        snprintf(name, sizeof(name), i == 0 ? "a-b-" HASH_M : "a-b-" HASH_M "-%zu", i + 1);
        ck_assert_text(route_info(table, route).name, name);
        ck_assert_text(route_info(table, route).service, name);
        ck_assert_text(route_info(table, route).ingress_route, names[i]);
    }
    const struct svcroute_route *named =
        svcroute_table_find_route_of(table, SVCR_TEXT("a"), SVCR_TEXT("b"), SVCR_TEXT("m"), 0);
    ck_assert_text(route_info(table, named).name, "a-b-" HASH_M "-4");
    struct svcroute_diag_info diag;
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_NAME_MEETS, &diag), 6);
    table_close(&world, table);
}
END_TEST

/* traefik-v3: one stays. TraefikServices after IngressRoutes, then the greatest (namespace, name),
 * then the later in the object. */
START_TEST(test_last_stays)
{
    struct world world;
    struct svcroute_table *table = table_of(
        &world,
        EXTERNAL("a", "s") FILE_TREE("a", "b-c") FILE_TREE("a-b", "c") FILE_TREE("a", "b.c") TREE(
            "a", "w",
            "{name: b-c, kind: TraefikService}, {name: s, port: 80, weight: 1}, "
            "{name: s, port: 80, scheme: https}")
            ROUTE("a", "r",
                  "{match: m, priority: 1, services: []}, {match: m, priority: 2, services: []}"),
        "external traefik");
    ck_assert_text(service_info(service_named(table, "a-b-c")).namespace_, "a-b");
    ck_assert_uint_eq(svcroute_table_num_services(table), 3);
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("a-b-c-2")));
    ck_assert_text(child_name(table, "a-w", 0), "a-b-c");
    struct svcroute_server_info server = {.size = sizeof(server)};
    ck_assert_int_eq(svcroute_service_get_server(service_named(table, "a-s-80"), 0, &server), 0);
    ck_assert_text(server.url, "https://s.example.com:80");
    ck_assert_uint_eq(svcroute_table_num_routes(table), 1);
    ck_assert_int_eq(route_info(table, route_named(table, "a-r-" HASH_M)).priority, 2);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_NAME_MEETS, NULL), 2 + 1 + 1);
    table_close(&world, table);
}
END_TEST

/* Many of one name, and many suffixed base names between them: each has its own. */
START_TEST(test_many)
{
    enum { NUM = 3000 };
    struct picture text = {0};
    struct world world;
    for (uint32_t i = 0; i < NUM; i++) { /* twelve places for "-" or "." give 4096 names alike */
        char name[32];
        for (uint32_t j = 0; j < 12; j++) {
            name[2 * j] = 'x';
            name[2 * j + 1] = (i >> j & 1) != 0 ? '.' : '-';
        }
        name[24] = 'x';
        name[25] = '\0';
        picture_add(&text,
                    "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: "
                    "{name: %s}, spec: {weighted: {services: [{name: y@file, kind: "
                    "TraefikService}]}}}\n",
                    name);
        picture_add(&text,
                    "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: "
                    "{name: w%u}, spec: {weighted: {services: [{name: %s, kind: "
                    "TraefikService}]}}}\n",
                    i, name);
        if (i % 3 == 0) {
            picture_add(&text,
                        "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: "
                        "{name: x-x-x-x-x-x-x-x-x-x-x-x-x-%u}, spec: {weighted: {services: "
                        "[{name: y@file, kind: TraefikService}]}}}\n",
                        i + 2);
        }
    }
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(svcroute_table_num_services(table), 2 * NUM + NUM / 3);
    for (uint32_t i = 0; i < NUM; i++) {
        char name[16];
        snprintf(name, sizeof(name), "default-w%u", i);
        struct svcroute_child_info child = {.size = sizeof(child)};
        ck_assert_int_eq(svcroute_service_get_child(table, service_named(table, name), 0, &child),
                         0);
        ck_assert_ptr_nonnull(child.service);
        ck_assert_ptr_eq(svcroute_table_find_service(table, child.name), child.service);
    }
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

Suite *suite_names(void)
{
    Suite *suite = suite_create("names");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_suffixes);
    tcase_add_test(all, test_skipping);
    tcase_add_test(all, test_cascade);
    tcase_add_test(all, test_references_follow);
    tcase_add_test(all, test_tuples);
    tcase_add_test(all, test_many_tuples);
    tcase_add_test(all, test_tree_meets_child);
    tcase_add_test(all, test_routes);
    tcase_add_test(all, test_generated);
    tcase_add_test(all, test_last_stays);
    tcase_add_test(all, test_many);
    suite_add_tcase(suite, all);
    return suite;
}
