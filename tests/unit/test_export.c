/* The export: bytes by hand in both formats, every field, texts that YAML takes badly, and YAML
 * that reads back to what JSON says. */
#include <svcroute/document.h>

#include "random_cluster.h"

static const char small[] =
    "kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: ns}\n"
    "spec: {type: ExternalName, externalName: 'fd00::1', ports: [{port: 80}]}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r, namespace: ns}\n"
    "spec: {entryPoints: [web], routes: [{match: m, priority: 3, services: [{name: s, port: "
    "80}]}]}\n"
    "---\nkind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: w, namespace: "
    "ns}\n"
    "spec: {weighted: {}}\n";

#define ROUTE_NAME "ns-r-62c66a7a5dd70c314661"

START_TEST(test_json)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, small, "external traefik");
    struct picture text = export_picture(table, SVCROUTE_EXPORT_JSON);
    ck_assert_str_eq(
        text.data,
        "{\"http\":{\"routers\":{\"" ROUTE_NAME "\":{\"entryPoints\":[\"web\"],\"priority\":3,"
        "\"rule\":\"m\",\"service\":\"" ROUTE_NAME "\"}},\"services\":{\"" ROUTE_NAME
        "\":{\"loadBalancer\":{\"passHostHeader\":true,\"responseForwarding\":{\"flushInterval\":"
        "\"100ms\"},\"servers\":[{\"url\":\"http://[fd00::1]:80\"}],\"strategy\":\"wrr\"}},"
        "\"ns-w\":{\"weighted\":{}}}}}\n");
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

START_TEST(test_yaml)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, small, "external traefik");
    struct picture text = export_picture(table, SVCROUTE_EXPORT_YAML);
    ck_assert_str_eq(text.data, "\"http\":\n"
                                "  \"routers\":\n"
                                "    \"" ROUTE_NAME "\":\n"
                                "      \"entryPoints\":\n"
                                "        - \"web\"\n"
                                "      \"priority\": 3\n"
                                "      \"rule\": \"m\"\n"
                                "      \"service\": \"" ROUTE_NAME "\"\n"
                                "  \"services\":\n"
                                "    \"" ROUTE_NAME "\":\n"
                                "      \"loadBalancer\":\n"
                                "        \"passHostHeader\": true\n"
                                "        \"responseForwarding\":\n"
                                "          \"flushInterval\": \"100ms\"\n"
                                "        \"servers\":\n"
                                "          - \"url\": \"http://[fd00::1]:80\"\n"
                                "        \"strategy\": \"wrr\"\n"
                                "    \"ns-w\":\n"
                                "      \"weighted\": {}\n");
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

START_TEST(test_empty)
{
    struct world world;
    world_open(&world);
    struct svcroute_table *table = resolve_with(&world, "", NULL);
    struct picture json = export_picture(table, SVCROUTE_EXPORT_JSON);
    struct picture yaml = export_picture(table, SVCROUTE_EXPORT_YAML);
    ck_assert_str_eq(json.data, "{\"http\":{\"routers\":{},\"services\":{}}}\n");
    ck_assert_str_eq(yaml.data, "\"http\":\n  \"routers\": {}\n  \"services\": {}\n");
    picture_free(&json);
    picture_free(&yaml);
    table_close(&world, table);
}
END_TEST

/* ---- both formats say the same ---- */

static struct svcroute_document *read_one(struct world *world, const struct picture *text,
                                          uint32_t format)
{
    struct svcroute_reader *reader = NULL;
    struct svcroute_document *document = NULL, *more = NULL;
    svcroute_diags_clear(world->diags);
    ck_assert_int_eq(svcroute_reader_new(&reader, world->context, text->data, text->size,
                                         SVCR_TEXT("export"), format),
                     0);
    int error = svcroute_reader_next(reader, &document, world->diags);
    if (error != 0) {
        struct picture why = diags_picture(world->diags);
        ck_abort_msg("format %u: %s\n%s", format, why.data, text->data);
    }
    ck_assert_int_eq(svcroute_reader_next(reader, &more, world->diags), SVCROUTE_ERR_END);
    svcroute_reader_free(reader);
    return document;
}

static void check_nodes(const struct svcroute_node *a, const struct svcroute_node *b)
{
    uint32_t kind = svcroute_node_get_kind(a);
    ck_assert_uint_eq(kind, svcroute_node_get_kind(b));
    ck_assert_uint_eq(svcroute_node_num(a), svcroute_node_num(b));
    if (kind != SVCROUTE_NODE_MAP && kind != SVCROUTE_NODE_LIST) {
        svcr_text left = svcroute_node_get_text(a);
        svcr_text right = svcroute_node_get_text(b);
        ck_assert_msg(svcr_text_same(left, right), "\"%.*s\" is not \"%.*s\"", SVCR_ARG(left),
                      SVCR_ARG(right));
        return;
    }
    const struct svcroute_node *left = svcroute_node_first(a);
    const struct svcroute_node *right = svcroute_node_first(b);
    for (; left != NULL; left = svcroute_node_next(a, left), right = svcroute_node_next(b, right)) {
        ck_assert_ptr_nonnull(right);
        if (kind == SVCROUTE_NODE_MAP) {
            ck_assert(svcr_text_same(svcroute_node_get_text(left), svcroute_node_get_text(right)));
            check_nodes(svcroute_node_get_value(left), svcroute_node_get_value(right));
        } else {
            check_nodes(left, right);
        }
    }
}

static void check_formats(struct world *world, const struct svcroute_table *table)
{
    struct picture json = export_picture(table, SVCROUTE_EXPORT_JSON);
    struct picture yaml = export_picture(table, SVCROUTE_EXPORT_YAML);
    struct svcroute_document *a = read_one(world, &json, SVCROUTE_FORMAT_JSON);
    struct svcroute_document *b = read_one(world, &yaml, SVCROUTE_FORMAT_YAML);
    check_nodes(svcroute_document_get_root(a), svcroute_document_get_root(b));
    svcroute_document_free(a);
    svcroute_document_free(b);
    picture_free(&json);
    picture_free(&yaml);
}

/* Texts that a rule may hold: line breaks of all sorts, what libyaml refuses, quotes, blanks. */
START_TEST(test_texts)
{
    static const char *const texts[] = {
        "a\\nb\\r\\n\\tc", "\\u0085",     "x \\u0085 y", "\\u0080\\u009f", "\\u2028",
        "a \\u2029 b",     "\\ufeffrule", "\\uffff",     "\\ufffe",        "\\ud83d\\ude00",
        "\\\"q\\\" \\\\",  " lead",       "trail ",      "\\u00e9\\u4e2d", "- x: {y}",
        "# no comment",    "null",        "1",           "\\udbff\\udfff", "%s",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world world;
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"kind\":\"IngressRoute\",\"apiVersion\":\"traefik.io/v1alpha1\",\"metadata\":"
                 "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"match\":\"%s\"}]}}",
                 texts[i]);
        struct svcroute_table *table = table_of(&world, text, "");
        ck_assert_uint_eq(svcroute_table_num_routes(table), 1);
        check_formats(&world, table);
        table_close(&world, table);
    }
}
END_TEST

/* Names beyond what libyaml takes as a simple key. */
START_TEST(test_long_names)
{
    for (size_t size = 100; size < 3000; size += 180) {
        struct picture text = {0};
        struct world world;
        picture_add(&text, "{\"kind\":\"TraefikService\",\"apiVersion\":\"traefik.io/v1alpha1\","
                           "\"metadata\":{\"name\":\"");
        for (size_t i = 0; i < size; i++) {
            picture_add(&text, "n");
        }
        picture_add(&text, "\"},\"spec\":{\"weighted\":{\"services\":[{\"kind\":\"TraefikService\","
                           "\"name\":\"x@file\"}]}}}");
        struct svcroute_table *table = table_of(&world, text.data, "");
        ck_assert_uint_eq(svcroute_table_num_services(table), 1);
        check_formats(&world, table);
        picture_free(&text);
        table_close(&world, table);
    }
}
END_TEST

/* Random clusters, in both profiles. */
START_TEST(test_random)
{
    struct dice dice = {UINT64_C(0xe89a) + (uint64_t)_i};
    struct world world;
    struct model model = {.num = 0};
    world_open(&world);
    for (int i = 0; i < 60; i++) {
        struct picture json = {0};
        random_object(&dice, &model, &json, 1 + dice_roll(&dice, 6));
        ck_assert_int_eq(load(&world, json.data), 0);
        picture_free(&json);
    }
    struct svcroute_table *table = resolve_with(
        &world, _i % 2 ? "cross external empty local" : "cross external traefik", NULL);
    check_formats(&world, table);
    table_close(&world, table);
}
END_TEST

/* Every field that there is, in the order of the keys. */
START_TEST(test_all_fields)
{
    struct world world;
    struct svcroute_table *table = table_of(
        &world,
        "kind: Service\napiVersion: v1\nmetadata: {name: s}\n"
        "spec: {type: ExternalName, externalName: example.com, ports: [{port: 80}]}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: m}\nspec: "
        "{mirroring:"
        " {name: s, port: 80, strategy: p2c, passHostHeader: false, serversTransport: t, sticky: "
        "{cookie: {name: c, domain: d, httpOnly: true, maxAge: -1, sameSite: lax, secure: true}},"
        " healthCheck: {path: /h, mode: http, method: HEAD, hostname: x, port: 81, scheme: https,"
        " status: 204, interval: 2s, timeout: 3, followRedirects: false, headers: {b: '2', a: "
        "'1'}},"
        " passiveHealthCheck: {maxFailedAttempts: 0}, middlewares: [{name: q}],"
        " responseForwarding: {flushInterval: '-1ms'}, maxBodySize: 0, mirrorBody: false,"
        " mirrors: [{kind: TraefikService, name: x@file, percent: 0}]}}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: f}\nspec: "
        "{failover:"
        " {service: {kind: TraefikService, name: a@file}, fallback: {kind: TraefikService, name: "
        "b@file}, errors: {status: ['500-504', '404'], maxRequestBodyBytes: 0}}}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: h}\nspec: {"
        "highestRandomWeight: {services: [{kind: TraefikService, name: a@file, weight: 0}]}}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: w}\nspec: "
        "{weighted:"
        " {services: [{kind: TraefikService, name: a@file}], sticky: {cookie: {path: ''}}}}\n",
        "external");
    struct picture text = export_picture(table, SVCROUTE_EXPORT_JSON);
    ck_assert_str_eq(
        text.data,
        "{\"http\":{\"routers\":{},\"services\":{"
        "\"default-f\":{\"failover\":{\"errors\":{\"maxRequestBodyBytes\":0,\"status\":[\"500-"
        "504\","
        "\"404\"]},\"fallback\":\"b@file\",\"service\":\"a@file\"}},"
        "\"default-h\":{\"highestRandomWeight\":{\"services\":[{\"name\":\"a@file\",\"weight\":0}]}"
        "},"
        "\"default-m\":{\"mirroring\":{\"maxBodySize\":0,\"mirrorBody\":false,\"mirrors\":[{"
        "\"name\":"
        "\"x@file\",\"percent\":0}],\"service\":\"default-s-80\"}},"
        "\"default-s-80\":{\"loadBalancer\":{\"healthCheck\":{\"followRedirects\":false,"
        "\"headers\":{"
        "\"a\":\"1\",\"b\":\"2\"},\"hostname\":\"x\",\"interval\":\"2s\",\"method\":\"HEAD\","
        "\"mode\":"
        "\"http\",\"path\":\"/"
        "h\",\"port\":81,\"scheme\":\"https\",\"status\":204,\"timeout\":\"3s\","
        "\"unhealthyInterval\":\"2s\"},\"passHostHeader\":false,\"passiveHealthCheck\":{"
        "\"failureWindow\":\"10s\",\"maxFailedAttempts\":0},\"responseForwarding\":{"
        "\"flushInterval\":"
        "\"-1ms\"},\"servers\":[{\"url\":\"http://example.com:80\"}],\"serversTransport\":"
        "\"default-t\",\"sticky\":{\"cookie\":{\"domain\":\"d\",\"httpOnly\":true,\"maxAge\":-1,"
        "\"name\":\"c\",\"path\":\"/"
        "\",\"sameSite\":\"lax\",\"secure\":true}},\"strategy\":\"p2c\"},"
        "\"middlewares\":[\"default-q\"]},"
        "\"default-w\":{\"weighted\":{\"services\":[{\"name\":\"a@file\",\"weight\":1}],\"sticky\":"
        "{"
        "\"cookie\":{\"path\":\"\"}}}}}}}\n");
    check_formats(&world, table);
    picture_free(&text);
    table_close(&world, table);
}
END_TEST

START_TEST(test_arguments)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, small, "external");
    struct svcroute_export *export = (struct svcroute_export *)&world;
    ck_assert_int_eq(svcroute_table_export(NULL, table, 1), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_export(&export, NULL, 1), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(export);
    ck_assert_int_eq(svcroute_table_export(&export, table, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_export(&export, table, 3), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(svcroute_export_get_text(NULL).data);
    svcroute_export_free(NULL);
    for (uint32_t format = 1; format <= 2; format++) { /* each allocation fails in turn */
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            int64_t blocks = world.memory.blocks;
            world.memory.calls = 0;
            world.memory.fail_at = n;
            error = svcroute_table_export(&export, table, format);
            world.memory.fail_at = 0;
            if (error != 0) {
                ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
                ck_assert_ptr_null(export);
                ck_assert_int_eq(world.memory.blocks, blocks);
            }
        }
        svcroute_table_unref(svcroute_table_ref(table));
        svcroute_export_free(export);
    }
    table_close(&world, table);
}
END_TEST

Suite *suite_export(void)
{
    Suite *suite = suite_create("export");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_json);
    tcase_add_test(all, test_yaml);
    tcase_add_test(all, test_empty);
    tcase_add_test(all, test_texts);
    tcase_add_test(all, test_long_names);
    tcase_add_loop_test(all, test_random, 0, 12);
    tcase_add_test(all, test_all_fields);
    tcase_add_test(all, test_arguments);
    suite_add_tcase(suite, all);
    return suite;
}
