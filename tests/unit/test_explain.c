/* Explanations: of routes, services and objects by every name that they have; what was refused. */
#include "resolve_support.h"

static const char text[] =
    "kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: a}\n"
    "spec: {ports: [{name: web, port: 80}]}\n---\n"
    "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: s-1, namespace: a, "
    "labels: {kubernetes.io/service-name: s}}\nports: [{name: web, port: 8080}]\n"
    "endpoints: [{addresses: [10.1.0.1, 'fd00:0::2']}]\n---\n"
    "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: both, namespace: a}\n"
    "spec: {weighted: {services: [{name: s, port: 80}, {name: gone, port: 80}]}}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: both, namespace: a}\n"
    "spec:\n  routes:\n  - {match: m, services: [{kind: TraefikService, name: both}]}\n"
    "  - {match: m, services: [{name: s, port: 80}]}\n"
    "  - {match: q, services: [{name: gone, port: 80}]}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {generateName: gen-, "
    "namespace: "
    "a}\nspec: {routes: [{match: m, services: [{name: s, port: 80}]}]}\n";

/* Steps that mention something. */
static size_t mentions(struct svcroute_table *table, const char *name, const char *part)
{
    struct svcroute_explanation *explanation = NULL;
    size_t num = 0;
    ck_assert_int_eq(svcroute_table_explain(&explanation, table, text_of(name)), 0);
    ck_assert_uint_gt(svcroute_explanation_num(explanation), 0);
    for (size_t i = 0; i < svcroute_explanation_num(explanation); i++) {
        struct svcroute_step_info step = {.size = sizeof(step)};
        ck_assert_int_eq(svcroute_explanation_get(explanation, i, &step), 0);
        ck_assert(i > 0 || step.depth == 0);
        ck_assert_uint_gt(step.text.size, 0);
        ck_assert_uint_gt(step.kind.size, 0);
        ck_assert_text(step.namespace_, "a");
        ck_assert_uint_gt(step.name.size, 0);
        ck_assert_text(step.source, "test.yaml");
        ck_assert_uint_gt(step.line, 0);
        num += text_has(step.text, part) ? 1 : 0;
    }
    svcroute_explanation_free(explanation);
    return num;
}

START_TEST(test_names)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, text, "");
    /* A route: itself, its service, the servers behind it and the one that was refused. */
    ck_assert_uint_eq(mentions(table, "a-both-62c66a7a5dd70c314661", "which leads to a-both"), 1);
    ck_assert_uint_ge(mentions(table, "a-both-62c66a7a5dd70c314661", "canonical"), 1);
    /* A service that no route needs to lead to. */
    ck_assert_uint_eq(mentions(table, "a-s-80", "its endpoints are the servers; 1 in all"), 1);
    ck_assert_uint_eq(mentions(table, "a-s-80", "gives 1 of them"), 1);
    /* Both objects of that name, or the one of a kind. */
    ck_assert_uint_eq(mentions(table, "a/both", "writes 2 routes and "), 1);
    ck_assert_uint_eq(mentions(table, "a/both", "writes 0 routes and "), 1);
    ck_assert_uint_eq(mentions(table, "IngressRoute a/both", "writes 0 routes and "), 0);
    ck_assert_uint_eq(mentions(table, "TraefikService a/both", "writes 2 routes and "), 0);
    ck_assert_uint_eq(mentions(table, "TraefikService a/both", "Service \"gone\""), 1);
    ck_assert_uint_ge(mentions(table, "IngressRoute a/both", "Service \"gone\""), 1);
    /* Each route of an object once, also those with one match. */
    ck_assert_uint_eq(
        mentions(table, "IngressRoute a/both", "writes the route a-both-62c66a7a5dd70c314661,"), 1);
    ck_assert_uint_eq(
        mentions(table, "IngressRoute a/both", "writes the route a-both-62c66a7a5dd70c314661-2,"),
        1);
    ck_assert_uint_eq(mentions(table, "a-both-62c66a7a5dd70c314661-2", "is that of"), 1);
    /* An object that has a generateName alone. */
    ck_assert_uint_eq(mentions(table, "a/gen-", "writes the route a-gen-62c66a7a5dd70c314661"), 1);
    table_close(&world, table);
}
END_TEST

START_TEST(test_not_found)
{
    static const char *const names[] = {
        "",       "a",           "a/",           "/",        "a/nothing",
        "b/both", "Node a/both", "IngressRoute", "a-both-2", "TraefikService a/gen-",
        " a/both"};
    struct world world;
    struct svcroute_table *table = table_of(&world, text, "");
    struct svcroute_explanation *explanation = (struct svcroute_explanation *)&world;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ck_assert_msg(svcroute_table_explain(&explanation, table, text_of(names[i])) ==
                          SVCROUTE_ERR_NOT_FOUND,
                      "%s", names[i]);
        ck_assert_ptr_null(explanation);
    }
    table_close(&world, table);
}
END_TEST

START_TEST(test_arguments)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, text, "");
    struct svcroute_explanation *explanation = NULL;
    struct svcroute_step_info step = {.size = sizeof(step)};
    ck_assert_int_eq(svcroute_table_explain(NULL, table, SVCR_TEXT("a/both")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_explain(&explanation, NULL, SVCR_TEXT("a/both")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_explain(&explanation, table, (svcr_text){NULL, 2}),
                     SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(svcroute_explanation_num(NULL), 0);
    svcroute_explanation_free(NULL);
    int error = SVCROUTE_ERR_NOMEM;
    uint64_t n = 1;
    for (; error != 0; n++) {
        int64_t blocks = world.memory.blocks;
        world.memory.calls = 0;
        world.memory.fail_at = n;
        world.memory.and_after = n % 2 == 0;
        error = svcroute_table_explain(&explanation, table, SVCR_TEXT("a/both"));
        world.memory.fail_at = 0;
        if (error != 0) {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            ck_assert_ptr_null(explanation);
            ck_assert_int_eq(world.memory.blocks, blocks);
        }
    }
    ck_assert_uint_gt(n, 5);
    size_t num = svcroute_explanation_num(explanation);
    ck_assert_int_eq(svcroute_explanation_get(explanation, num, &step), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_explanation_get(NULL, 0, &step), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_explanation_get(explanation, 0, NULL), SVCROUTE_ERR_INVALID);
    step.size = sizeof(step) - 8;
    ck_assert_int_eq(svcroute_explanation_get(explanation, 0, &step), SVCROUTE_ERR_STRUCT_SIZE);
    svcroute_table_unref(table); /* the explanation holds it */
    step.size = sizeof(step);
    for (size_t i = 0; i < num; i++) {
        ck_assert_int_eq(svcroute_explanation_get(explanation, i, &step), 0);
        ck_assert_uint_gt(step.name.size, 0);
    }
    svcroute_explanation_free(explanation);
    world_close(&world);
}
END_TEST

Suite *suite_explain(void)
{
    Suite *suite = suite_create("explain");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_names);
    tcase_add_test(all, test_not_found);
    tcase_add_test(all, test_arguments);
    suite_add_tcase(suite, all);
    return suite;
}
