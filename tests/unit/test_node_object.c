/* Nodes: a name without a namespace, and addresses. */
#include "kube_support.h"

#define HEAD "apiVersion: v1\nkind: Node\nmetadata: {name: node-a, namespace: ignored}\n"

static const char full_yaml[] = HEAD "spec: {podCIDR: 10.0.0.0/24}\n"                 /* 4 */
                                     "status:\n"                                      /* 5 */
                                     "  addresses:\n"                                 /* 6 */
                                     "  - {type: InternalIP, address: 192.168.0.7}\n" /* 7 */
                                     "  - address: node-a\n"                          /* 8 */
                                     "    type: Hostname\n"                           /* 9 */
                                     "  - type: InternalIP\n"                         /* 10 */
                                     "  capacity: {}\n  allocatable: {}\n  phase: x\n  conditions: "
                                     "[]\n  daemonEndpoints: {}\n  nodeInfo: {}\n  images: []\n"
                                     "  volumesInUse: []\n  volumesAttached: []\n  config: {}\n  "
                                     "runtimeHandlers: []\n  features: {}\n";

static const char full_json[] =
    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"node-a\"},\"status\":{"
    "\"addresses\":[{\"type\":\"InternalIP\",\"address\":"
    "\"192.168.0.7\"},{\"type\":\"Hostname\",\"address\":\"node-a\"},{\"type\":\"InternalIP\","
    "\"address\":null}]}}";

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    svcr_decoder_set(kube.decoder, kube.source, true, kube.diags);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_node *node = (const void *)object;
    const struct svcr_node_address *addresses = svcr_object_items(object, node->addresses);
    CHECK_STR(object, node->meta.name, "node-a");
    CHECK_STR(object, node->meta.namespace_, NULL);
    ck_assert_uint_eq(kube.name.namespace_.size, 0);
    ck_assert_uint_eq(node->addresses.num, 3);
    CHECK_STR(object, addresses[0].type, "InternalIP");
    CHECK_STR(object, addresses[0].address.text, "192.168.0.7");
    ck_assert_uint_eq(addresses[0].address.parsed.size, 4);
    CHECK_AT(object, addresses[0].address.place, 0, 7, 33);
    CHECK_STR(object, addresses[1].type, "Hostname");
    CHECK_STR(object, addresses[1].address.text, "node-a");
    ck_assert_uint_eq(addresses[1].address.parsed.size, 0);
    CHECK_AT(object, addresses[1].address.place, 0, 8, 14);
    CHECK_STR(object, addresses[2].address.text, NULL);
    ck_assert_uint_eq(addresses[2].type.offset, addresses[0].type.offset);
    ck_assert_uint_eq(svcr_object_num_edges(object), 0);

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
        {HEAD "status: []", SVCR_DIAG_WRONG_TYPE, 4, 9, "status", "a map"},
        {HEAD "status: {addresses: [{address: 10}]}", SVCR_DIAG_WRONG_TYPE, 4, 32,
         "status.addresses[0].address", "(write \"10\")"},
        {HEAD "status: {addresses: [{type: [a]}]}", SVCR_DIAG_WRONG_TYPE, 4, 29,
         "status.addresses[0].type", "a list"},
        {HEAD "status: {addresses: [{address: \"\\0\"}]}", SVCR_DIAG_CONTROL_CHARACTER, 4, 32,
         "status.addresses[0].address", "control"},
        {"apiVersion: v1\nkind: Node\nmetadata: {generateName: a}\n", SVCR_DIAG_BAD_NAME, 1, 1,
         "metadata.name", "no name"},
    };
    CHECK_BAD(rows);
}
END_TEST

Suite *suite_node_object(void)
{
    const TTest *tests[] = {test_every_field, test_wrong};
    return one_case("node_object", tests, sizeof(tests) / sizeof(tests[0]));
}
