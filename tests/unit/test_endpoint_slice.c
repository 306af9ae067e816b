/* Every field of an EndpointSlice that is read; times; limits; what is stored once. */
#include <stdio.h>

#include "kube_support.h"

#define KIND "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
#define HEAD                                                                                       \
    KIND "metadata: {name: s, namespace: ns, labels: {kubernetes.io/service-name: web, app: x}}\n"

static const char full_yaml[] = KIND
    "metadata:\n"                                 /* 3 */
    "  name: web-1\n"                             /* 4 */
    "  namespace: ns\n"                           /* 5 */
    "  creationTimestamp: 2024-02-29T12:34:56Z\n" /* 6 */
    "  labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: x}\n" /* 7
                                                                                                */
    "addressType: IPv4\n"                                                    /* 8 */
    "ports:\n"                                                               /* 9 */
    "- {name: '', port: 8080, protocol: TCP, appProtocol: http}\n"           /* 10 */
    "- {port: 1}\n"                                                          /* 11 */
    "- {name: https}\n"                                                      /* 12 */
    "endpoints:\n"                                                           /* 13 */
    "- addresses: [10.0.0.1, 10.0.0.2]\n"                                    /* 14 */
    "  conditions: {ready: true, serving: true, terminating: false}\n"       /* 15 */
    "  nodeName: node-a\n"                                                   /* 16 */
    "  zone: z1\n"                                                           /* 17 */
    "  hostname: h\n"                                                        /* 18 */
    "  targetRef: {kind: Pod, name: p}\n"                                    /* 19 */
    "  deprecatedTopology: {a: b}\n"                                         /* 20 */
    "  hints: {forZones: [{name: z1}, {name: z2}], forNodes: [{name: x}]}\n" /* 21 */
    "- addresses:\n"                                                         /* 22 */
    "  - 2001:db8::1\n"                                                      /* 23 */
    "  conditions: {serving: false, terminating: true, ready: }\n"           /* 24 */
    "  nodeName: node-a\n"                                                   /* 25 */
    "  zone: z1\n"                                                           /* 26 */
    "- conditions: {}\n";                                                    /* 27 */

static const char full_json[] =
    "{\"addressType\":\"IPv4\",\"apiVersion\":\"discovery.k8s.io/"
    "v1\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"],"
    "\"conditions\":{\"ready\":true,\"serving\":true,\"terminating\":false},\"hints\":{"
    "\"forZones\":[{\"name\":\"z1\"},{\"name\":\"z2\"}]},"
    "\"nodeName\":\"node-a\",\"targetRef\":{},\"zone\":\"z1\"},{\"addresses\":[\"2001:db8::1\"],"
    "\"conditions\":{\"ready\":null,\"serving\":false,"
    "\"terminating\":true},\"nodeName\":\"node-a\",\"zone\":\"z1\"},{}],\"kind\":\"EndpointSlice\","
    "\"metadata\":{\"creationTimestamp\":"
    "\"2024-02-29T12:34:56Z\",\"labels\":{\"kubernetes.io/"
    "service-name\":\"web\"},\"name\":\"web-1\",\"namespace\":\"ns\"},\"ports\":["
    "{\"name\":\"\",\"port\":8080,\"protocol\":\"TCP\"},{\"name\":null,\"port\":1},{\"name\":"
    "\"https\",\"port\":null}]}";

static void check_endpoints(const struct svcr_endpoint_slice *slice)
{
    static const uint8_t v4[4] = {10, 0, 0, 2};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const struct svcr_endpoint *endpoints = svcr_object_items(slice, slice->endpoints);
    const struct svcr_endpoint_address *first = svcr_object_items(slice, endpoints[0].addresses);
    const struct svcr_endpoint_address *second = svcr_object_items(slice, endpoints[1].addresses);
    const struct svcr_str *hints = svcr_object_items(slice, endpoints[0].hints);
    ck_assert_uint_eq(slice->endpoints.num, 3);
    ck_assert_uint_eq(endpoints[0].addresses.num, 2);
    CHECK_STR(slice, first[0].text, "10.0.0.1");
    CHECK_STR(slice, first[1].text, "10.0.0.2");
    ck_assert_uint_eq(first[1].parsed.size, 4);
    ck_assert_uint_eq(first[1].parsed.canonical, 1);
    ck_assert_mem_eq(first[1].parsed.bytes, v4, 4);
    ck_assert_uint_eq(endpoints[0].ready, SVCR_TRUE);
    ck_assert_uint_eq(endpoints[0].serving, SVCR_TRUE);
    ck_assert_uint_eq(endpoints[0].terminating, SVCR_FALSE);
    CHECK_STR(slice, endpoints[0].node_name, "node-a");
    CHECK_STR(slice, endpoints[0].zone, "z1");
    ck_assert_uint_eq(endpoints[0].hints.num, 2);
    CHECK_STR(slice, hints[0], "z1");
    CHECK_STR(slice, hints[1], "z2");
    ck_assert_uint_eq(endpoints[1].addresses.num, 1);
    CHECK_STR(slice, second[0].text, "2001:db8::1");
    ck_assert_uint_eq(second[0].parsed.size, 16);
    ck_assert_mem_eq(second[0].parsed.bytes, v6, 16);
    ck_assert_uint_eq(endpoints[1].ready, SVCR_ABSENT);
    ck_assert_uint_eq(endpoints[1].serving, SVCR_FALSE);
    ck_assert_uint_eq(endpoints[1].terminating, SVCR_TRUE);
    ck_assert_uint_eq(endpoints[1].node_name.offset, endpoints[0].node_name.offset);
    ck_assert_uint_eq(endpoints[1].zone.offset, hints[0].offset);
    ck_assert_uint_eq(endpoints[2].addresses.num, 0);
}

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    svcr_decoder_set(kube.decoder, kube.source, true, kube.diags);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_endpoint_slice *slice = (const void *)object;
    const struct svcr_endpoint_port *ports = svcr_object_items(slice, slice->ports);
    CHECK_STR(slice, slice->meta.name, "web-1");
    CHECK_STR(slice, slice->service, "web");
    CHECK_STR(slice, slice->address_type, "IPv4");
    ck_assert_int_eq(slice->created, 1709210096); /* date -u -d 2024-02-29T12:34:56Z +%s */
    ck_assert_uint_eq(slice->ports.num, 3);
    CHECK_STR(slice, ports[0].name, "");
    CHECK_STR(slice, ports[0].protocol, "TCP");
    ck_assert_int_eq(ports[0].port, 8080);
    CHECK_STR(slice, ports[1].name, NULL);
    CHECK_STR(slice, ports[2].name, "https");
    ck_assert_int_eq(ports[2].port, 0);
    check_endpoints(slice);
    const struct svcr_endpoint *endpoints = svcr_object_items(slice, slice->endpoints);
    const struct svcr_endpoint_address *first = svcr_object_items(slice, endpoints[0].addresses);
    CHECK_AT(object, first[0].place, 0, 14, 15);
    CHECK_AT(object, first[1].place, 0, 14, 25);

    struct svcr_object *json = kube_must(&kube, full_json);
    check_endpoints((const void *)json);
    ck_assert(svcr_object_same(object, json));
    svcr_object_unref(object);
    svcr_object_unref(json);
    kube_end(&kube);
}
END_TEST

START_TEST(test_edges)
{
    struct kube kube;
    struct svcr_edge_target target;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, HEAD);
    ck_assert_uint_eq(svcr_object_num_edges(object), 1);
    svcr_object_edge(object, 0, &target);
    ck_assert_uint_eq(target.kind, SVCROUTE_KIND_SERVICE);
    ck_assert(text_is(target.namespace_, "ns") && text_is(target.name, "web"));
    svcr_object_unref(object);

    static const char *const alone[] = {
        KIND "metadata: {name: s}\n",
        KIND "metadata: {name: s, labels: {Kubernetes.io/service-name: web}}\n",
        KIND "metadata: {name: s, labels: {kubernetes.io/service-name: }}\n",
        KIND "metadata: {name: s, labels: {kubernetes.io/service-name: ''}}\n",
    };
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        object = kube_must(&kube, alone[i]);
        ck_assert_uint_eq(svcr_object_num_edges(object), 0);
        svcr_object_unref(object);
    }
    kube_end(&kube);
}
END_TEST

START_TEST(test_times)
{
    static const struct {
        const char *text;
        int64_t seconds; /* date -u -d TEXT +%s */
    } rows[] = {
        {"'1970-01-01T00:00:00Z'", 0},
        {"2000-02-29T23:59:59Z", 951868799},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2100-03-01T00:00:00Z", 4107542400},
        {"1969-12-31T23:59:59Z", -1},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"0000-01-01T00:00:00Z", -62167219200},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2024-05-17T08:30:00.123456789Z", 1715934600},
        {"2024-05-17T10:30:00+02:00", 1715934600},
        {"2024-05-17T02:45:00.5-05:45", 1715934600},
        {"null", INT64_MIN},
        {"", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        char text[256];
        kube_begin(&kube);
        snprintf(text, sizeof(text), KIND "metadata:\n  name: s\n  creationTimestamp: %s\n",
                 rows[i].text);
        struct svcr_object *object = kube_must(&kube, text);
        int64_t created = ((const struct svcr_endpoint_slice *)(const void *)object)->created;
        ck_assert_msg(created == rows[i].seconds, "%s: %lld", rows[i].text, (long long)created);
        svcr_object_unref(object);
        kube_end(&kube);
    }
    check_same(KIND "metadata: {name: s}\n", KIND "metadata: {name: s, creationTimestamp: }\n",
               true);
}
END_TEST

START_TEST(test_bad_times)
{
    static const char *const rows[] = {
        "2024-05-17",
        "2024-05-17 08:30:00Z",
        "2024-05-17T08:30:00",
        "2024-05-17T08:30Z",
        "2024-5-17T08:30:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00z",
        "2024-01-01T00:00:00+1:00",
        "2024-01-01T00:00:00+01:60",
        "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00+",
        "-024-01-01T00:00:00Z",
        "",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), KIND "metadata:\n  name: s\n  creationTimestamp: '%s'\n",
                 rows[i]);
        const struct bad bad = {text, SVCR_DIAG_BAD_TIME,           5,
                                22,   "metadata.creationTimestamp", "RFC 3339"};
        check_bad(&bad, 1);
    }
}
END_TEST

START_TEST(test_wrong)
{
    static const struct bad rows[] = {
        {HEAD "endpoints: [{addresses: [10.1]}]", SVCR_DIAG_WRONG_TYPE, 4, 26,
         "endpoints[0].addresses[0]", "number 10.1"},
        {HEAD "endpoints: [{}, {addresses: 10.0.0.1}]", SVCR_DIAG_WRONG_TYPE, 4, 29,
         "endpoints[1].addresses", "a list"},
        {HEAD "endpoints: [{addresses: [\"10.0.0.1\\n\"]}]", SVCR_DIAG_CONTROL_CHARACTER, 4, 26,
         "endpoints[0].addresses[0]", "control"},
        {HEAD "endpoints: [{conditions: {serving: maybe}}]", SVCR_DIAG_WRONG_TYPE, 4, 36,
         "endpoints[0].conditions.serving", "text \"maybe\""},
        {HEAD "endpoints: [{hints: {forZones: [a]}}]", SVCR_DIAG_WRONG_TYPE, 4, 33,
         "endpoints[0].hints.forZones[0]", "expected a map"},
        {HEAD "endpoints: [{nodeName: 1}]", SVCR_DIAG_WRONG_TYPE, 4, 24, "endpoints[0].nodeName",
         "(write \"1\")"},
        {HEAD "ports: [{port: http}]", SVCR_DIAG_WRONG_TYPE, 4, 16, "ports[0].port",
         "text \"http\""},
        {HEAD "ports: [{name: 80}]", SVCR_DIAG_WRONG_TYPE, 4, 16, "ports[0].name", "integer 80"},
        {HEAD "addressType: 4", SVCR_DIAG_WRONG_TYPE, 4, 14, "addressType", "integer 4"},
        {KIND "metadata: {name: s, creationTimestamp: 5}", SVCR_DIAG_WRONG_TYPE, 3, 40,
         "metadata.creationTimestamp", "expected text"},
        {KIND "metadata: {name: s, labels: {kubernetes.io/service-name: 80}}", SVCR_DIAG_WRONG_TYPE,
         3, 58, "metadata.labels[\"kubernetes.io/service-name\"]", "(write \"80\")"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_limit)
{
    struct svcroute_context_options options;
    struct kube kube;
    svcroute_context_options_init(&options, sizeof(options));
    options.endpoints = 3;
    kube_begin_with(&kube, &options);
    struct svcr_object *object =
        kube_must(&kube, HEAD "endpoints: [{addresses: [a, b]}, {addresses: [c]}]");
    svcr_object_unref(object);
    ck_assert_ptr_null(kube_decode(
        &kube, HEAD "endpoints: [{addresses: [a, b]}, {addresses: [c, d]}, {addresses: [e]}]"));
    ck_assert_uint_eq(svcroute_diags_num(kube.diags), 1);
    CHECK_DIAG(&kube, 0, LIMIT_ENDPOINTS, ERROR, 4, 46, "endpoints[1].addresses", "more than 3");
    /* The next object counts from 0 again. */
    svcroute_diags_clear(kube.diags);
    object = kube_must(&kube, HEAD "endpoints: [{addresses: [a, b, c]}]");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_memory_for_an_endpoint)
{
    struct kube kube;
    kube_begin(&kube);
    char *text = malloc(1000000), *at = text;
    at += sprintf(at,
                  "{\"apiVersion\":\"discovery.k8s.io/"
                  "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s\"},\"endpoints\":[");
    for (unsigned i = 0; i < 1000; i++) {
        at += sprintf(at,
                      "%s{\"addresses\":[\"10.100.%u.%u\"],\"conditions\":{\"ready\":true},"
                      "\"nodeName\":\"node-%u\",\"zone\":\"zone-%u\"}",
                      i ? "," : "", i / 250, i % 250, i / 100, i % 3);
    }
    sprintf(at, "]}");
    struct svcr_object *object = kube_must(&kube, text);
    ck_assert_uint_le(object->bytes, 110 * 1000);
    svcr_object_unref(object);
    free(text);
    kube_end(&kube);
}
END_TEST

Suite *suite_endpoint_slice(void)
{
    const TTest *tests[] = {
        test_every_field,           test_edges, test_times, test_bad_times, test_wrong, test_limit,
        test_memory_for_an_endpoint};
    return one_case("endpoint_slice", tests, sizeof(tests) / sizeof(tests[0]));
}
