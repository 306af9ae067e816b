/* Every field of a Service that is read. */
#include "kube_support.h"

#define HEAD "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"

static const char full_yaml[] = HEAD "spec:\n"                                      /* 4 */
                                     "  type: NodePort\n"                           /* 5 */
                                     "  clusterIP: 172.20.0.10\n"                   /* 6 */
                                     "  externalName: api.example.com\n"            /* 7 */
                                     "  ports:\n"                                   /* 8 */
                                     "  - name: http\n"                             /* 9 */
                                     "    port: 80\n"                               /* 10 */
                                     "    targetPort: web\n"                        /* 11 */
                                     "    nodePort: 30080\n"                        /* 12 */
                                     "    protocol: TCP\n"                          /* 13 */
                                     "    appProtocol: http\n"                      /* 14 */
                                     "  - {port: -2147483648, targetPort: 8443}\n"; /* 15 */

static const char full_json[] =
    "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":"
    "[{\"name\":\"http\",\"protocol\":\"TCP\","
    "\"appProtocol\":\"http\",\"port\":80,\"targetPort\":\"web\",\"nodePort\":30080},{\"port\":-"
    "2147483648}],\"externalName\":\"api.example.com\","
    "\"clusterIP\":\"172.20.0.10\",\"type\":\"NodePort\"}}";

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_service *service = (const void *)object;
    const struct svcr_service_port *ports = svcr_object_items(object, service->ports);
    static const uint8_t address[4] = {172, 20, 0, 10};
    CHECK_STR(object, service->type, "NodePort");
    CHECK_STR(object, service->cluster_ip, "172.20.0.10");
    CHECK_STR(object, service->external_name, "api.example.com");
    ck_assert_uint_eq(service->cluster_address.size, 4);
    ck_assert_mem_eq(service->cluster_address.bytes, address, 4);
    ck_assert_uint_eq(service->external_address.size, 0);
    ck_assert_uint_eq(service->external_address.valid_name, 1);
    ck_assert_uint_eq(service->ports.num, 2);
    CHECK_STR(object, ports[0].name, "http");
    CHECK_STR(object, ports[0].protocol, "TCP");
    CHECK_STR(object, ports[0].app_protocol, "http");
    ck_assert_int_eq(ports[0].port, 80);
    ck_assert_int_eq(ports[0].node_port, 30080);
    CHECK_STR(object, ports[1].name, NULL);
    ck_assert_int_eq(ports[1].port, INT32_MIN);
    CHECK_AT(object, service->place, 0, 5, 3);
    CHECK_AT(object, service->place, SVCR_SERVICE_TYPE, 5, 9);
    CHECK_AT(object, service->place, SVCR_SERVICE_CLUSTER_IP, 6, 14);
    CHECK_AT(object, service->place, SVCR_SERVICE_EXTERNAL_NAME, 7, 17);
    CHECK_AT(object, service->place, SVCR_SERVICE_PORTS, 9, 3);
    CHECK_AT(object, ports[0].place, 0, 9, 5);
    CHECK_AT(object, ports[1].place, 0, 15, 5);
    ck_assert_uint_eq(svcr_object_num_edges(object), 0);

    struct svcr_object *json = kube_must(&kube, full_json);
    ck_assert(svcr_object_same(object, json));
    svcr_object_unref(object);
    svcr_object_unref(json);
    kube_end(&kube);
}
END_TEST

START_TEST(test_without_spec)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, HEAD "spec: \n");
    const struct svcr_service *service = (const void *)object;
    CHECK_STR(object, service->type, NULL);
    ck_assert_uint_eq(service->ports.num, 0);
    ck_assert_uint_eq(service->cluster_address.size, 0);
    CHECK_AT(object, service->place, SVCR_SERVICE_PORTS, 1, 1);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_wrong)
{
    static const struct bad rows[] = {
        {HEAD "spec: {clusterIP: 10}", SVCR_DIAG_WRONG_TYPE, 4, 19, "spec.clusterIP",
         "(write \"10\")"},
        {HEAD "spec: {externalName: \"a\\nb\"}", SVCR_DIAG_CONTROL_CHARACTER, 4, 22,
         "spec.externalName", "control"},
        {HEAD "spec: {ports: [{port: '80'}]}", SVCR_DIAG_WRONG_TYPE, 4, 23, "spec.ports[0].port",
         "expected an integer of 32 bits, found text \"80\" (write it without quotes)"},
        {HEAD "spec: {ports: [{nodePort: 2147483648}]}", SVCR_DIAG_OUT_OF_RANGE, 4, 27,
         "spec.ports[0].nodePort", "does not fit"},
        {HEAD "spec: {ports: {port: 80}}", SVCR_DIAG_WRONG_TYPE, 4, 15, "spec.ports", "a list"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"},\"spec\":{"
         "\"ports\":[{\"port\":80.0}]}}",
         SVCR_DIAG_WRONG_TYPE, 1, 86, "spec.ports[0].port", "80.0"},
        {HEAD "spec: {ports: [{appProtocol: 1}]}", SVCR_DIAG_WRONG_TYPE, 4, 30,
         "spec.ports[0].appProtocol", "integer 1"},
    };
    CHECK_BAD(rows);
}
END_TEST

Suite *suite_service_object(void)
{
    const TTest *tests[] = {test_every_field, test_without_spec, test_wrong};
    return one_case("service_object", tests, sizeof(tests) / sizeof(tests[0]));
}
