/* The graph of TraefikServices: circles, diamonds, long chains, the limit of nesting, and what of
 * it an incremental run has to look at. */
#include <time.h>

#include "resolve_support.h"

static void add_tree(struct picture *text, const char *name, const char *services)
{
    picture_add(text,
                "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: %s},"
                " spec: {weighted: {services: [%s]}}}\n",
                name, services);
}

#define TO(name) "{kind: TraefikService, name: " name "}"
#define LEAF "{kind: TraefikService, name: x@file}"

static uint32_t depth_of(const struct svcroute_table *table, const char *name)
{
    return service_info(service_named(table, name)).depth;
}

static bool has(const struct svcroute_table *table, const char *name)
{
    return svcroute_table_find_service(table, text_of(name)) != NULL;
}

/* a -> b -> c -> a, d alone on itself; p leads to a and to a leaf, q to a alone. */
static void add_circles(struct picture *text)
{
    add_tree(text, "a", TO("b"));
    add_tree(text, "b", TO("c") "," LEAF);
    add_tree(text, "c", TO("a"));
    add_tree(text, "d", LEAF "," TO("d"));
    add_tree(text, "p", TO("a") "," LEAF);
    add_tree(text, "q", TO("a"));
    add_tree(text, "r", TO("q") "," TO("p"));
}

START_TEST(test_circles)
{
    struct picture text = {0};
    struct world world;
    struct svcroute_diag_info diag;
    add_circles(&text);
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(svcroute_table_num_services(table), 2); /* p and r */
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, &diag), 4);
    ck_assert_text(diag.name, "d");
    ck_assert_uint_eq(diag.severity, SVCROUTE_SEVERITY_ERROR);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CHILD_UNAVAILABLE, NULL), 3);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_NO_CHILD, NULL), 1);
    ck_assert_uint_eq(depth_of(table, "default-p"), 2);
    ck_assert_uint_eq(depth_of(table, "default-r"), 3);
    ck_assert_uint_eq(service_info(service_named(table, "default-r")).num_children, 1);

    /* The circle opens at one place: all of it is there, also what did not change. */
    ck_assert_int_eq(load(&world,
                          "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: "
                          "{name: c}, spec: {weighted: {services: [" LEAF "]}}}"),
                     0);
    struct svcroute_table *open = resolve_with(&world, "", table);
    ck_assert_uint_eq(svcroute_table_num_services(open), 6);
    ck_assert_uint_eq(depth_of(open, "default-c"), 2);
    ck_assert_uint_eq(depth_of(open, "default-b"), 3);
    ck_assert_uint_eq(depth_of(open, "default-a"), 4);
    ck_assert_uint_eq(depth_of(open, "default-p"), 5);
    ck_assert_uint_eq(depth_of(open, "default-r"), 6);
    ck_assert(!has(open, "default-d"));
    svcroute_table_unref(table);

    /* And shuts again. */
    ck_assert_int_eq(load(&world,
                          "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: "
                          "{name: c}, spec: {weighted: {services: [" TO("a") "]}}}"),
                     0);
    table = resolve_with(&world, "", open);
    ck_assert_uint_eq(svcroute_table_num_services(table), 2);
    ck_assert_uint_eq(depth_of(table, "default-r"), 3);
    svcroute_table_unref(open);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

/* A member of two circles says which way leads back: when that one leads elsewhere, to a circle of
 * its own, the other is named. */
START_TEST(test_two_circles)
{
    struct picture text = {0};
    struct world world;
    struct svcroute_diag_info diag;
    add_tree(&text, "a", TO("b") "," TO("c"));
    add_tree(&text, "b", TO("a") "," TO("d"));
    add_tree(&text, "c", TO("a"));
    add_tree(&text, "d", TO("b"));
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), 4);
    ck_assert_int_eq(load(&world,
                          "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, "
                          "metadata: {name: b}, spec: {weighted: {services: [" TO("d") "]}}}"),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    svcroute_diags_clear(world.diags);
    ck_assert_int_eq(svcroute_table_get_diags(next, world.diags), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), 4);
    diag = (struct svcroute_diag_info){.size = sizeof(diag)};
    ck_assert_int_eq(svcroute_diags_get(world.diags, 0, &diag), 0);
    ck_assert_text(diag.name, "a");
    ck_assert(text_has(diag.text, "through \"c\""));
    svcroute_table_unref(table);
    picture_free(&text);
    table_close(&world, next);
}
END_TEST

/* traefik-v3: members are exported; their depth says that they are on a circle. */
START_TEST(test_circles_of_the_reference)
{
    struct picture text = {0};
    struct world world;
    add_circles(&text);
    struct svcroute_table *table = table_of(&world, text.data, "traefik");
    ck_assert_uint_eq(svcroute_table_num_services(table), 7);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), 4);
    static const char *const members[] = {"default-a", "default-b", "default-c", "default-d"};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(depth_of(table, members[i]), 0);
    }
    ck_assert_uint_eq(depth_of(table, "default-q"), 2);
    ck_assert_uint_eq(service_info(service_named(table, "default-b")).num_children, 2);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

/* Only the type that counts makes edges, and only references that are allowed. */
START_TEST(test_no_edge)
{
    struct world world;
    struct svcroute_table *table = table_of(
        &world,
        "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: a}, spec: {"
        "weighted: {services: [" LEAF "]}, highestRandomWeight: {services: [" TO(
            "a") "]}}}\n---\n"
                 "{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: b}, "
                 "spec: {"
                 "weighted: {services: [" LEAF
                 ", {kind: TraefikService, name: c, namespace: other}]}}}\n---\n"
                 "{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: c, "
                 "namespace: other}"
                 ", spec: {weighted: {services: [{kind: TraefikService, name: b, namespace: "
                 "default}, " LEAF "]}}}\n",
        "");
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_SEVERAL_TYPES, NULL), 1);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CROSS_NAMESPACE, NULL), 2);
    ck_assert_uint_eq(svcroute_table_num_services(table), 3);
    struct svcroute_table *cross = resolve_with(&world, "cross", table);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), 2);
    ck_assert_uint_eq(svcroute_table_num_services(cross), 1);
    svcroute_table_unref(cross);
    table_close(&world, table);
}
END_TEST

/* A child that goes or is refused is told to its parents in the same step. */
START_TEST(test_child_goes)
{
    static const char *const profiles[] = {"", "traefik"};
    for (size_t i = 0; i < 2; i++) {
        struct picture text = {0};
        struct world world;
        add_tree(&text, "z", LEAF);
        add_tree(&text, "a", TO("z") "," LEAF);
        add_tree(&text, "m", TO("a"));
        struct svcroute_table *table = table_of(&world, text.data, profiles[i]);
        ck_assert_uint_eq(svcroute_diags_num(world.diags), 0);
        ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                               SVCR_TEXT("default"), SVCR_TEXT("z")),
                         0);
        struct svcroute_table *next = resolve_with(&world, profiles[i], table);
        struct svcroute_diag_info diag;
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_TRAEFIK_SERVICE_MISSING, &diag), 1);
        ck_assert_text(diag.name, "a");
        ck_assert_uint_eq(service_info(service_named(next, "default-a")).num_children,
                          i == 0 ? 1 : 2);
        svcroute_table_unref(table);
        picture_free(&text);
        table_close(&world, next);
    }
}
END_TEST

/* A chain s0 -> s1 -> ... -> leaf. */
static void add_chain(struct picture *text, uint32_t length, bool leaves)
{
    for (uint32_t i = 0; i < length; i++) {
        char name[16], to[96];
        snprintf(name, sizeof(name), "s%u", i);
        snprintf(to, sizeof(to), "{kind: TraefikService, name: %s%u}%s",
                 i + 1 < length ? "s" : "x@file", i + 1, leaves ? "," LEAF : "");
        add_tree(text, name, to);
    }
}

/* The limit counts levels of services; what is over it is no child for those above. */
START_TEST(test_nesting)
{
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof(options));
    options.nesting = 5;
    for (int leaves = 0; leaves < 2; leaves++) {
        struct picture text = {0};
        struct world world;
        struct svcroute_diag_info diag;
        add_chain(&text, 12, leaves != 0);
        world_open_with(&world, &options);
        ck_assert_int_eq(load(&world, text.data), 0);
        struct svcroute_table *table = resolve_with(&world, "", NULL);
        /* Without leaves of their own, all above the first that is too deep are without a child;
         * with them, the one above begins again. */
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_NESTING, &diag),
                          leaves != 0 ? 2 : 1);
        ck_assert_text(diag.name, "s7");
        ck_assert_uint_eq(svcroute_table_num_services(table), leaves != 0 ? 10 : 4);
        ck_assert_uint_eq(depth_of(table, "default-s11"), 2);
        ck_assert_uint_eq(depth_of(table, "default-s8"), 5);
        ck_assert(!has(table, "default-s7"));
        ck_assert(has(table, "default-s6") == (leaves != 0));
        if (leaves != 0) {
            ck_assert_uint_eq(depth_of(table, "default-s6"), 2);
            ck_assert_uint_eq(depth_of(table, "default-s3"), 5);
            ck_assert(!has(table, "default-s2"));
            ck_assert_uint_eq(depth_of(table, "default-s0"), 3);
        }
        struct svcroute_table *reference = resolve_with(&world, "traefik", NULL);
        ck_assert_uint_eq(svcroute_table_num_services(reference), 12);
        ck_assert_uint_eq(depth_of(reference, "default-s0"), 13);
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_NESTING, NULL), 8);
        svcroute_table_unref(reference);
        picture_free(&text);
        table_close(&world, table);
    }
}
END_TEST

/* A route's own weighted service is a level too. */
START_TEST(test_nesting_of_routes)
{
    struct svcroute_context_options options;
    struct picture text = {0};
    struct world world;
    svcroute_context_options_init(&options, sizeof(options));
    options.nesting = 4;
    add_chain(&text, 3, false);
    picture_add(&text,
                "---\n{kind: IngressRoute, apiVersion: traefik.io/v1alpha1, metadata: {name: r},"
                " spec: {routes: [{match: one, services: [" TO(
                    "s0") "]},"
                          "{match: two, services: [" TO("s1") "," LEAF "]},"
                                                              "{match: three, services: [" TO(
                                                                  "s0") "," LEAF "]}]}}\n");
    world_open_with(&world, &options);
    ck_assert_int_eq(load(&world, text.data), 0);
    struct svcroute_table *table = resolve_with(&world, "", NULL);
    struct svcroute_diag_info diag;
    ck_assert_uint_eq(svcroute_table_num_routes(table), 2);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_NESTING, &diag), 1);
    ck_assert_text(diag.name, "r");
    ck_assert_ptr_null(
        svcroute_table_find_route_of(table, SVCR_TEXT(""), SVCR_TEXT("r"), SVCR_TEXT("three"), 0));
    const struct svcroute_route *two =
        svcroute_table_find_route_of(table, SVCR_TEXT(""), SVCR_TEXT("r"), SVCR_TEXT("two"), 0);
    ck_assert_uint_eq(service_info(svcroute_route_get_service(table, two)).depth, 4);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

static double seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Twenty levels of which each refers to the next twice, thrice over: a million paths, 120 edges. */
START_TEST(test_diamonds)
{
    struct picture text = {0};
    struct world world;
    for (uint32_t i = 0; i < 20; i++) {
        for (uint32_t side = 0; side < 3; side++) {
            char name[16], to[160];
            snprintf(name, sizeof(name), "d%u-%u", i, side);
            snprintf(to, sizeof(to),
                     "{kind: TraefikService, name: d%u-0},{kind: TraefikService, name: d%u-1},"
                     "{kind: TraefikService, name: d%u-2}",
                     i + 1, i + 1, i + 1);
            add_tree(&text, name, i + 1 < 20 ? to : LEAF);
        }
    }
    double start = seconds();
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(svcroute_table_num_services(table), 60);
    ck_assert_uint_eq(depth_of(table, "default-d0-0"), 21);
    ck_assert(seconds() - start < 5);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

/* No recursion: a chain of a hundred thousand, and the same shut to a circle. */
START_TEST(test_long_chain)
{
    bool slow = getenv("SVCROUTE_TEST_SLOW") != NULL;
    uint32_t length = slow ? 5000 : 100000;
    struct picture text = {0};
    struct world world;
    add_chain(&text, length, false);
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(svcroute_table_num_services(table),
                      63); /* and the leaf: the limit of nesting */
    struct svcroute_table *reference = resolve_with(&world, "traefik", NULL);
    ck_assert_uint_eq(svcroute_table_num_services(reference), length);
    ck_assert_uint_eq(depth_of(reference, "default-s0"), length + 1);
    char last[160];
    snprintf(
        last, sizeof(last),
        "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: s%u}, spec: "
        "{weighted: {services: [" TO("s0") "]}}}",
        length - 1);
    ck_assert_int_eq(load(&world, last), 0);
    struct svcroute_table *circle = resolve_with(&world, "", table);
    ck_assert_uint_eq(svcroute_table_num_services(circle), 0);
    struct svcroute_table *other = resolve_with(&world, "traefik", reference);
    ck_assert_uint_eq(svcroute_table_num_services(other), length);
    ck_assert_uint_eq(depth_of(other, "default-s7"), 0);
    svcroute_table_unref(circle);
    svcroute_table_unref(other);
    svcroute_table_unref(reference);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

/* All to all: the cost is that of the edges. */
START_TEST(test_dense)
{
    enum { NUM = 120 };
    struct picture text = {0}, to = {0};
    struct world world;
    for (uint32_t i = 0; i < NUM; i++) {
        picture_add(&to, "%s{kind: TraefikService, name: n%u}", i == 0 ? "" : ",", i);
    }
    for (uint32_t i = 0; i < NUM; i++) {
        picture_add(&text,
                    "---\n{kind: TraefikService, apiVersion: traefik.io/v1alpha1, metadata: {name: "
                    "n%u}, spec: {highestRandomWeight: {services: [",
                    i);
        picture_add_bytes(&text, to.data, to.size);
        picture_add(&text, "]}}}\n");
    }
    struct svcroute_table *table = table_of(&world, text.data, "");
    ck_assert_uint_eq(svcroute_table_num_services(table), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_CYCLE, NULL), NUM);
    picture_free(&text);
    picture_free(&to);
    table_close(&world, table);
}
END_TEST

Suite *suite_graph(void)
{
    Suite *suite = suite_create("graph");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_circles);
    tcase_add_test(all, test_two_circles);
    tcase_add_test(all, test_circles_of_the_reference);
    tcase_add_test(all, test_no_edge);
    tcase_add_test(all, test_child_goes);
    tcase_add_test(all, test_nesting);
    tcase_add_test(all, test_nesting_of_routes);
    tcase_add_test(all, test_diamonds);
    tcase_add_test(all, test_long_chain);
    tcase_add_test(all, test_dense);
    suite_add_tcase(suite, all);
    return suite;
}
