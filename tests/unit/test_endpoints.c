/* Every field of legacy Endpoints that is read. */
#include "kube_support.h"

#define HEAD "apiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: ns}\n"

static const char full_yaml[] =
    HEAD "subsets:\n"                                                                  /* 4 */
         "- addresses:\n"                                                              /* 5 */
         "  - {ip: 10.0.0.1, nodeName: node-a, hostname: h, targetRef: {kind: Pod}}\n" /* 6 */
         "  - ip: '::1'\n"                                                             /* 7 */
         "    nodeName: node-a\n"                                                      /* 8 */
         "  notReadyAddresses: [{ip: 10.0.0.9}]\n"                                     /* 9 */
         "  ports:\n"                                                                  /* 10 */
         "  - {name: http, port: 8080, protocol: TCP, appProtocol: x}\n"               /* 11 */
         "  - port: 81\n"                                                              /* 12 */
         "- ports: [{name: '', port: 82}]\n";                                          /* 13 */

static const char full_json[] =
    "{\"subsets\":[{\"ports\":[{\"protocol\":\"TCP\",\"port\":8080,\"name\":\"http\"},{\"port\":81,"
    "\"name\":\"\"}],\"notReadyAddresses\":"
    "[{\"ip\":\"10.0.0.9\"}],\"addresses\":[{\"nodeName\":\"node-a\",\"ip\":\"10.0.0.1\"},{\"ip\":"
    "\"::1\",\"nodeName\":\"node-a\"}]},"
    "{\"ports\":[{\"port\":82}]}],\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\"},\"kind\":"
    "\"Endpoints\",\"apiVersion\":\"v1\"}";

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    svcr_decoder_set(kube.decoder, kube.source, true, kube.diags);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_endpoints *endpoints = (const void *)object;
    const struct svcr_subset *subsets = svcr_object_items(object, endpoints->subsets);
    const struct svcr_endpoint *ready = svcr_object_items(object, subsets[0].addresses);
    const struct svcr_endpoint *late = svcr_object_items(object, subsets[0].not_ready);
    const struct svcr_endpoint_port *ports = svcr_object_items(object, subsets[0].ports);
    const struct svcr_endpoint_address *address;
    ck_assert_uint_eq(endpoints->subsets.num, 2);
    ck_assert_uint_eq(subsets[0].addresses.num, 2);
    ck_assert_uint_eq(ready[0].addresses.num, 1);
    address = svcr_object_items(object, ready[0].addresses);
    CHECK_STR(object, address->text, "10.0.0.1");
    ck_assert_uint_eq(address->parsed.size, 4);
    CHECK_AT(object, address->place, 0, 6, 10);
    CHECK_STR(object, ready[0].node_name, "node-a");
    address = svcr_object_items(object, ready[1].addresses);
    CHECK_STR(object, address->text, "::1");
    ck_assert_uint_eq(address->parsed.size, 16);
    ck_assert_uint_eq(address->parsed.local, 1);
    ck_assert_uint_eq(ready[1].node_name.offset, ready[0].node_name.offset);
    ck_assert_uint_eq(subsets[0].not_ready.num, 1);
    address = svcr_object_items(object, late[0].addresses);
    CHECK_STR(object, address->text, "10.0.0.9");
    CHECK_STR(object, late[0].node_name, NULL);
    ck_assert_uint_eq(subsets[0].ports.num, 2);
    CHECK_STR(object, ports[0].name, "http");
    CHECK_STR(object, ports[0].protocol, "TCP");
    ck_assert_int_eq(ports[0].port, 8080);
    CHECK_STR(object, ports[1].name, ""); /* no name is the empty one */
    ck_assert_uint_eq(subsets[1].addresses.num, 0);

    struct svcr_edge_target target;
    ck_assert_uint_eq(svcr_object_num_edges(object), 1);
    svcr_object_edge(object, 0, &target);
    ck_assert_uint_eq(target.kind, SVCROUTE_KIND_SERVICE);
    ck_assert(text_is(target.namespace_, "ns") && text_is(target.name, "web"));

    struct svcr_object *json = kube_must(&kube, full_json);
    ck_assert(svcr_object_same(object, json));
    svcr_object_unref(object);
    svcr_object_unref(json);
    kube_end(&kube);
}
END_TEST

START_TEST(test_wrong)
{
    static const struct bad rows[] = {
        {HEAD "subsets: {}", SVCR_DIAG_WRONG_TYPE, 4, 10, "subsets", "a list"},
        {HEAD "subsets: [{addresses: [10.0.0.1]}]", SVCR_DIAG_WRONG_TYPE, 4, 24,
         "subsets[0].addresses[0]", "expected a map, found text \"10.0.0.1\""},
        {HEAD "subsets: [{addresses: [{ip: 1}]}]", SVCR_DIAG_WRONG_TYPE, 4, 29,
         "subsets[0].addresses[0].ip", "integer 1"},
        {HEAD "subsets: [{notReadyAddresses: [{ip: \"\\t\"}]}]", SVCR_DIAG_CONTROL_CHARACTER, 4, 37,
         "subsets[0].notReadyAddresses[0].ip", "control"},
        {HEAD "subsets: [{ports: [{port: x}]}]", SVCR_DIAG_WRONG_TYPE, 4, 27,
         "subsets[0].ports[0].port", "text \"x\""},
        {HEAD "subsets: [{ports: [{name: no}]}]", SVCR_DIAG_WRONG_TYPE, 4, 27,
         "subsets[0].ports[0].name", "boolean false"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_limit)
{
    struct svcroute_context_options options;
    struct kube kube;
    svcroute_context_options_init(&options, sizeof(options));
    options.endpoints = 2;
    kube_begin_with(&kube, &options);
    ck_assert_ptr_null(kube_decode(
        &kube,
        HEAD "subsets: [{addresses: [{ip: a}, {ip: b}, {ip: c}], notReadyAddresses: [{ip: d}]}]"));
    ck_assert_uint_eq(svcroute_diags_num(kube.diags), 1);
    CHECK_DIAG(&kube, 0, LIMIT_ENDPOINTS, ERROR, 4, 47, "subsets[0].addresses[2].ip",
               "more than 2");
    kube_end(&kube);
}
END_TEST

Suite *suite_endpoints(void)
{
    const TTest *tests[] = {test_every_field, test_wrong, test_limit};
    return one_case("endpoints", tests, sizeof(tests) / sizeof(tests[0]));
}
