/* Every field of a TraefikService, its types and the order of its edges. */
#include "kube_support.h"

#define HEAD                                                                                       \
    "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: t, namespace: ns}\n"

static const char full_yaml[] =
    HEAD "spec:\n"                                               /* 4 */
         "  failover:\n"                                         /* 5 */
         "    fallback: {name: spare, kind: TraefikService}\n"   /* 6 */
         "    errors:\n"                                         /* 7 */
         "      maxRequestBodyBytes: 0\n"                        /* 8 */
         "      status:\n"                                       /* 9 */
         "      - '500'\n"                                       /* 10 */
         "      - 502-504\n"                                     /* 11 */
         "    service: {name: main, port: http}\n"               /* 12 */
         "  highestRandomWeight:\n"                              /* 13 */
         "    services:\n"                                       /* 14 */
         "    - {name: h1, weight: 3}\n"                         /* 15 */
         "  mirroring:\n"                                        /* 16 */
         "    mirrors:\n"                                        /* 17 */
         "    - {name: m1, percent: 50, nodePortLB: true}\n"     /* 18 */
         "    - {name: m2, percent: -1}\n"                       /* 19 */
         "    name: main\n"                                      /* 20 */
         "    namespace: other\n"                                /* 21 */
         "    port: 8080\n"                                      /* 22 */
         "    mirrorBody: false\n"                               /* 23 */
         "    maxBodySize: -1\n"                                 /* 24 */
         "    sticky: {cookie: {name: mc}}\n"                    /* 25 */
         "  weighted:\n"                                         /* 26 */
         "    sticky:\n"                                         /* 27 */
         "      cookie: {name: wc, path: ''}\n"                  /* 28 */
         "    services:\n"                                       /* 29 */
         "    - {name: w1, port: 80, weight: 0}\n"               /* 30 */
         "    - {name: w2, kind: TraefikService, weight: -3}\n"; /* 31 */

static const char full_json[] =
    "{\"apiVersion\":\"traefik.io/"
    "v1alpha1\",\"kind\":\"TraefikService\",\"metadata\":{\"name\":\"t\",\"namespace\":\"ns\"},"
    "\"spec\":{"
    "\"weighted\":{\"services\":[{\"name\":\"w1\",\"port\":80,\"weight\":0},{\"kind\":"
    "\"TraefikService\",\"name\":\"w2\",\"weight\":-3}],"
    "\"sticky\":{\"cookie\":{\"name\":\"wc\",\"path\":\"\"}}},"
    "\"mirroring\":{\"name\":\"main\",\"namespace\":\"other\",\"port\":8080,\"sticky\":{\"cookie\":"
    "{\"name\":\"mc\"}},\"mirrorBody\":false,"
    "\"maxBodySize\":-1,\"mirrors\":[{\"name\":\"m1\",\"percent\":50,\"nodePortLB\":true},{"
    "\"name\":\"m2\",\"percent\":-1}]},"
    "\"highestRandomWeight\":{\"services\":[{\"name\":\"h1\",\"weight\":3}]},"
    "\"failover\":{\"service\":{\"name\":\"main\",\"port\":\"http\"},\"fallback\":{\"name\":"
    "\"spare\",\"kind\":\"TraefikService\"},"
    "\"errors\":{\"status\":[\"500\",\"502-504\"],\"maxRequestBodyBytes\":0}}}}";

static void check_fields(const struct svcr_traefik_service *service)
{
    const struct svcr_reference *weighted = svcr_object_items(service, service->weighted);
    const struct svcr_reference *mirrors = svcr_object_items(service, service->mirrors);
    const struct svcr_reference *highest =
        svcr_object_items(service, service->highest_random_weight);
    const struct svcr_str *status = svcr_object_items(service, service->error_status);

    ck_assert_uint_eq(service->types, SVCR_TYPE_WEIGHTED | SVCR_TYPE_MIRRORING |
                                          SVCR_TYPE_HIGHEST_RANDOM_WEIGHT | SVCR_TYPE_FAILOVER);
    ck_assert_uint_eq(service->weighted.num, 2);
    CHECK_STR(service, weighted[0].name, "w1");
    ck_assert_uint_eq(weighted[0].weight.given, 1);
    ck_assert_int_eq(weighted[0].weight.value, 0);
    CHECK_STR(service, weighted[1].kind, "TraefikService");
    ck_assert_int_eq(weighted[1].weight.value, -3);
    ck_assert_uint_eq(service->sticky.given, 1);
    CHECK_STR(service, service->sticky.name, "wc");
    CHECK_STR(service, service->sticky.path, "");

    CHECK_STR(service, service->mirroring.name, "main");
    CHECK_STR(service, service->mirroring.namespace_, "other");
    ck_assert_int_eq(service->mirroring.port.integer, 8080);
    CHECK_STR(service, service->mirroring.cookie.name, "mc");
    ck_assert_uint_eq(service->mirror_body, SVCR_FALSE);
    ck_assert_uint_eq(service->max_body_size.given, 1);
    ck_assert_int_eq(service->max_body_size.value, -1);
    ck_assert_uint_eq(service->mirrors.num, 2);
    CHECK_STR(service, mirrors[0].name, "m1");
    ck_assert_int_eq(mirrors[0].percent, 50);
    ck_assert_int_eq(mirrors[1].percent, -1);

    ck_assert_uint_eq(service->highest_random_weight.num, 1);
    ck_assert_int_eq(highest[0].weight.value, 3);
    ck_assert_uint_eq(service->failover_service.given, 1);
    CHECK_STR(service, service->failover_service.name, "main");
    CHECK_STR(service, service->failover_service.port.text, "http");
    ck_assert_uint_eq(service->failover_fallback.given, 1);
    CHECK_STR(service, service->failover_fallback.name, "spare");
    ck_assert_uint_eq(service->errors_given, 1);
    ck_assert_uint_eq(service->error_status.num, 2);
    CHECK_STR(service, status[0], "500");
    CHECK_STR(service, status[1], "502-504");
    ck_assert_uint_eq(service->max_request_body.given, 1);
    ck_assert_int_eq(service->max_request_body.value, 0);
}

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *yaml = kube_must(&kube, full_yaml);
    struct svcr_object *json = kube_must(&kube, full_json);
    check_fields((const void *)yaml);
    check_fields((const void *)json);
    ck_assert(svcr_object_same(yaml, json));
    svcr_object_unref(yaml);
    svcr_object_unref(json);
    kube_end(&kube);
}
END_TEST

START_TEST(test_positions)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_traefik_service *service = (const void *)object;
    const struct svcr_reference *mirrors = svcr_object_items(service, service->mirrors);
    CHECK_AT(object, service->spec_place, 0, 5, 3);
    CHECK_AT(object, service->spec_place, 1, 27, 5);
    CHECK_AT(object, service->spec_place, 2, 17, 5);
    CHECK_AT(object, service->spec_place, 3, 14, 5);
    CHECK_AT(object, service->spec_place, 4, 6, 5);
    CHECK_AT(object, service->mirroring.place, 0, 17, 5);
    CHECK_AT(object, service->mirroring.place, SVCR_REF_NAME, 20, 11);
    CHECK_AT(object, service->mirroring.place, SVCR_REF_PORT, 22, 11);
    CHECK_AT(object, mirrors[0].place, SVCR_REF_PERCENT, 18, 27);
    CHECK_AT(object, mirrors[0].place, SVCR_REF_NODE_PORT_LB, 18, 43);
    CHECK_AT(object, service->failover_fallback.place, 0, 6, 15);
    CHECK_AT(object, service->sticky.place, SVCR_COOKIE_PATH, 28, 32);
    CHECK_AT(object, service->errors_place, 0, 8, 7);
    CHECK_AT(object, service->error_status_place, 0, 10, 9);
    CHECK_AT(object, service->error_status_place, 1, 11, 9);
    svcr_object_unref(object);

    /* Without a spec there are positions all the same. */
    object = kube_must(&kube, HEAD);
    service = (const void *)object;
    ck_assert_uint_eq(service->types, 0);
    CHECK_AT(object, service->spec_place, 0, 1, 1);
    CHECK_AT(object, service->spec_place, 4, 1, 1);
    CHECK_AT(object, service->errors_place, 0, 1, 1);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_edges)
{
    static const char *const names[] = {"w1", "w2", "main", "m1", "m2", "h1", "main", "spare"};
    static const char *const namespaces[] = {"ns", "ns", "other", "ns", "ns", "ns", "ns", "ns"};
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_traefik_service *service = (const void *)object;
    ck_assert_uint_eq(service->num_references, 8);
    ck_assert_uint_eq(service->uses_nodes, 1);
    ck_assert_uint_eq(svcr_object_num_edges(object), 9);
    for (uint32_t i = 0; i < 9; i++) {
        struct svcr_edge_target target;
        svcr_object_edge(object, i, &target);
        if (i == 8) {
            ck_assert_uint_eq(target.kind, SVCROUTE_KIND_NODE);
            break;
        }
        ck_assert(text_is(target.name, names[i]) && text_is(target.namespace_, namespaces[i]));
        ck_assert_uint_eq(target.kind,
                          i == 1 || i == 7 ? SVCROUTE_KIND_TRAEFIK_SERVICE : SVCROUTE_KIND_SERVICE);
        ck_assert_uint_eq(svcr_object_reference(object, i)->edge, i);
    }
    ck_assert_ptr_eq(svcr_object_reference(object, 2), &service->mirroring);
    ck_assert_ptr_eq(svcr_object_reference(object, 7), &service->failover_fallback);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_types)
{
    static const struct {
        const char *spec;
        unsigned types;
        uint32_t references;
    } rows[] = {
        {"{}", 0, 0},
        {"{weighted: , mirroring: ~, highestRandomWeight: null}", 0, 0},
        {"{weighted: {}}", SVCR_TYPE_WEIGHTED, 0},
        {"{weighted: {services: }}", SVCR_TYPE_WEIGHTED, 0},
        {"{mirroring: {}}", SVCR_TYPE_MIRRORING, 1},
        {"{highestRandomWeight: {services: []}}", SVCR_TYPE_HIGHEST_RANDOM_WEIGHT, 0},
        {"{failover: {}}", SVCR_TYPE_FAILOVER, 0},
        {"{failover: {fallback: {}}}", SVCR_TYPE_FAILOVER, 1},
        {"{failover: {errors: {}}, mirroring: {name: x}}", SVCR_TYPE_FAILOVER | SVCR_TYPE_MIRRORING,
         1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        char text[256] = HEAD "spec: ";
        kube_begin(&kube);
        struct svcr_object *object = kube_must(&kube, strcat(text, rows[i].spec));
        const struct svcr_traefik_service *service = (const void *)object;
        ck_assert_msg(service->types == rows[i].types, "row %zu", i);
        ck_assert_msg(svcr_object_num_edges(object) == rows[i].references, "row %zu", i);
        ck_assert_uint_eq(service->errors_given, i == 8);
        svcr_object_unref(object);
        kube_end(&kube);
    }
}
END_TEST

START_TEST(test_wrong)
{
    static const struct bad rows[] = {
        {HEAD "spec: {weighted: []}", SVCR_DIAG_WRONG_TYPE, 4, 18, "spec.weighted",
         "expected a map, found a list"},
        {HEAD "spec: {weighted: {services: [{weight: '1'}]}}", SVCR_DIAG_WRONG_TYPE, 4, 39,
         "spec.weighted.services[0].weight", "without quotes"},
        {HEAD "spec: {mirroring: {mirrorBody: no-thanks}}", SVCR_DIAG_WRONG_TYPE, 4, 32,
         "spec.mirroring.mirrorBody", "true or false"},
        {HEAD "spec: {mirroring: {maxBodySize: 1Mi}}", SVCR_DIAG_WRONG_TYPE, 4, 33,
         "spec.mirroring.maxBodySize", "text \"1Mi\""},
        {HEAD "spec: {mirroring: {mirrors: [{percent: 10.5}]}}", SVCR_DIAG_WRONG_TYPE, 4, 40,
         "spec.mirroring.mirrors[0].percent", "10.5"},
        {HEAD "spec: {mirroring: {port: {}}}", SVCR_DIAG_WRONG_TYPE, 4, 26, "spec.mirroring.port",
         "a map"},
        {HEAD "spec: {failover: {errors: {status: [500]}}}", SVCR_DIAG_WRONG_TYPE, 4, 37,
         "spec.failover.errors.status[0]", "(write \"500\")"},
        {HEAD "spec: {failover: {errors: {maxRequestBodyBytes: x}}}", SVCR_DIAG_WRONG_TYPE, 4, 49,
         "spec.failover.errors.maxRequestBodyBytes", "text \"x\""},
        {HEAD "spec: {failover: {fallback: x}}", SVCR_DIAG_WRONG_TYPE, 4, 29,
         "spec.failover.fallback", "a map"},
        {HEAD "spec: {highestRandomWeight: {services: {}}}", SVCR_DIAG_WRONG_TYPE, 4, 40,
         "spec.highestRandomWeight.services", "a list"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_percent_belongs_to_mirrors)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object =
        kube_decode(&kube, HEAD "spec: {weighted: {services: [{percent: x}]}}");
    ck_assert_ptr_nonnull(object);
    CHECK_DIAG(&kube, 0, UNKNOWN_FIELD, INFO, 4, 31, "spec.weighted.services[0].percent", "");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

Suite *suite_traefik_service(void)
{
    const TTest *tests[] = {test_every_field, test_positions, test_edges,
                            test_types,       test_wrong,     test_percent_belongs_to_mirrors};
    return one_case("traefik_service", tests, sizeof(tests) / sizeof(tests[0]));
}
