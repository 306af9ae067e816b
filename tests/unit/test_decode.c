/* Documents and what all objects have in common: shape, identity, metadata, strictness, reports. */
#include "kube_support.h"

#include <stdio.h>

#define SERVICE "apiVersion: v1\nkind: Service\n"

static enum svcr_decoded shape_of(struct kube *kube, const char *text,
                                  struct svcr_document_shape *shape)
{
    return svcr_decode_shape(kube->decoder, kube_read(kube, text, strlen(text)), shape);
}

START_TEST(test_shapes)
{
    static const struct {
        const char *text;
        enum svcr_decoded what;
        bool list;
        uint32_t items;
        const char *kind, *version;
    } rows[] = {
        {SERVICE, SVCR_DECODED_OBJECT, false, 0, "", ""},
        {"apiVersion: v1\nkind: List\nitems: [1, 2]", SVCR_DECODED_OBJECT, true, 2, "", ""},
        {"apiVersion: v1\nkind: List\nitems:", SVCR_DECODED_OBJECT, true, 0, "", ""},
        {"apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}", SVCR_DECODED_OBJECT, true,
         0, "", ""},
        {"{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\",\"items\":[{}]}", SVCR_DECODED_OBJECT,
         true, 1, "Service", "v1"},
        {"{\"items\":[],\"kind\":\"EndpointSliceList\",\"apiVersion\":\"discovery.k8s.io/v1\"}",
         SVCR_DECODED_OBJECT, true, 0, "EndpointSlice", "discovery.k8s.io/v1"},
        {"{\"kind\":\"EndpointsList\",\"apiVersion\":\"v1\"}", SVCR_DECODED_OBJECT, true, 0,
         "Endpoints", "v1"},
        {"{\"kind\":\"NodeList\",\"apiVersion\":\"v1\"}", SVCR_DECODED_OBJECT, true, 0, "Node",
         "v1"},
        {"{\"kind\":\"IngressRouteList\",\"apiVersion\":\"traefik.io/v1alpha1\"}",
         SVCR_DECODED_OBJECT, true, 0, "IngressRoute", "traefik.io/v1alpha1"},
        {"{\"kind\":\"TraefikServiceList\",\"apiVersion\":\"traefik.io/v1alpha1\"}",
         SVCR_DECODED_OBJECT, true, 0, "TraefikService", "traefik.io/v1alpha1"},
        /* No lists of ours: decoding says what becomes of them. */
        {"{\"kind\":\"IngressRouteList\",\"apiVersion\":\"traefik.containo.us/v1alpha1\"}",
         SVCR_DECODED_OBJECT, false, 0, "", ""},
        {"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[]}", SVCR_DECODED_OBJECT, false, 0,
         "", ""},
        {"{\"kind\":\"v1\",\"apiVersion\":\"v1\"}", SVCR_DECODED_OBJECT, false, 0, "", ""},
        {"{\"kind\":\"List\",\"apiVersion\":\"example.com/v1\"}", SVCR_DECODED_OBJECT, false, 0, "",
         ""},
        {"- 1", SVCR_DECODED_REJECTED, false, 0, "", ""},
        {"text", SVCR_DECODED_REJECTED, false, 0, "", ""},
        {"{\"kind\":\"List\"}", SVCR_DECODED_REJECTED, false, 0, "", ""},
        {"{\"kind\":\"\",\"apiVersion\":\"v1\"}", SVCR_DECODED_REJECTED, false, 0, "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        struct svcr_document_shape shape;
        kube_begin(&kube);
        ck_assert_msg(shape_of(&kube, rows[i].text, &shape) == rows[i].what, "row %zu", i);
        ck_assert_uint_eq(svcroute_diags_num(kube.diags), rows[i].what == SVCR_DECODED_REJECTED);
        ck_assert_msg(shape.list == rows[i].list, "row %zu", i);
        ck_assert_uint_eq(shape.items ? shape.items->size : 0, rows[i].items);
        ck_assert(text_is(shape.item_kind, rows[i].kind));
        ck_assert(text_is(shape.item_version, rows[i].version));
        kube_end(&kube);
    }
}
END_TEST

START_TEST(test_shape_reports)
{
    struct kube kube;
    struct svcr_document_shape shape;
    kube_begin(&kube);
    ck_assert_int_eq(shape_of(&kube, "apiVersion: v1\nkind: List\nitems: {a: 1}", &shape),
                     SVCR_DECODED_REJECTED);
    CHECK_DIAG(&kube, 0, WRONG_TYPE, ERROR, 3, 8, "items", "expected a list, found a map");
    ck_assert_int_eq(shape_of(&kube, "apiVersion: v1\nkind: List\nmore: 1", &shape),
                     SVCR_DECODED_OBJECT);
    CHECK_DIAG(&kube, 1, UNKNOWN_FIELD, INFO, 3, 1, "more", "ignored");
    ck_assert_int_eq(shape_of(&kube, "apiVersion: 1\nkind: List", &shape), SVCR_DECODED_REJECTED);
    CHECK_DIAG(&kube, 2, WRONG_TYPE, ERROR, 1, 13, "apiVersion", "found integer 1 (write \"1\")");
    ck_assert_int_eq(shape_of(&kube, "apiVersion: v1", &shape), SVCR_DECODED_REJECTED);
    CHECK_DIAG(&kube, 3, NOT_AN_OBJECT, ERROR, 1, 1, "", "no kind");
    kube_end(&kube);
}
END_TEST

START_TEST(test_items_of_typed_list)
{
    struct kube kube;
    struct svcr_object *object;
    enum svcr_decoded what;
    kube_begin(&kube);
    const struct svcroute_node *node = kube_read(&kube, "{\"metadata\":{\"name\":\"a\"}}",
                                                 strlen("{\"metadata\":{\"name\":\"a\"}}"));
    ck_assert_int_eq(svcr_decode_object(kube.decoder, node, SVCR_TEXT("Service"), SVCR_TEXT("v1"),
                                        &what, &object, &kube.name),
                     0);
    ck_assert_int_eq(what, SVCR_DECODED_OBJECT);
    ck_assert_int_eq(object->kind, SVCROUTE_KIND_SERVICE);
    svcr_object_unref(object);
    /* Without the list's word there is no object. */
    ck_assert_ptr_null(kube_decode_node(&kube, node));
    ck_assert_int_eq(kube.what, SVCR_DECODED_REJECTED);
    CHECK_DIAG(&kube, 0, NOT_AN_OBJECT, ERROR, 1, 1, "", "no kind");
    ck_assert(text_is(kube.name.name, "a"));
    kube_end(&kube);
}
END_TEST

START_TEST(test_other_kinds_and_versions)
{
    static const struct {
        const char *kind, *version;
        bool warns;
    } rows[] = {
        {"Pod", "v1", false},
        {"Middleware", "traefik.io/v1alpha1", false},
        {"Middleware", "traefik.containo.us/v1alpha1", false},
        {"PodList", "v1", false},
        {"service", "v1", false},
        {"IngressRouteTCP", "traefik.io/v1alpha1", false},
        {"IngressRoute", "traefik.containo.us/v1alpha1", true},
        {"IngressRouteList", "traefik.containo.us/v1alpha1", true},
        {"TraefikService", "traefik.io/v1", true},
        {"EndpointSlice", "discovery.k8s.io/v1beta1", true},
        {"EndpointSlice", "v1", true},
        {"Service", "serving.knative.dev/v1", true},
        {"Node", "v2", true},
        {"Endpoints", "V1", true},
        {"List", "v2", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        char text[256];
        kube_begin(&kube);
        snprintf(text, sizeof(text), "kind: %s\napiVersion: %s\nmetadata: {name: [1]}\n",
                 rows[i].kind, rows[i].version);
        ck_assert_ptr_null(kube_decode(&kube, text));
        ck_assert_msg(kube.what == SVCR_DECODED_IGNORED, "row %zu", i);
        ck_assert_msg(svcroute_diags_num(kube.diags) == rows[i].warns, "row %zu", i);
        if (rows[i].warns) {
            CHECK_DIAG(&kube, 0, IGNORED_VERSION, WARNING, 2, 13, "apiVersion", rows[i].version);
        }
        kube_end(&kube);
    }
}
END_TEST

START_TEST(test_lists_inside_lists)
{
    static const struct bad rows[] = {
        {"apiVersion: v1\nkind: List\nitems: []\n", SVCR_DIAG_NOT_AN_OBJECT, 1, 1, "",
         "inside a list"},
        {"apiVersion: v1\nkind: ServiceList\nitems: []\n", SVCR_DIAG_NOT_AN_OBJECT, 1, 1, "",
         "inside a list"},
        {"[]", SVCR_DIAG_NOT_AN_OBJECT, 1, 1, "", "is a map"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_metadata)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object =
        kube_must(&kube, "# about\nkind: Service\nspec: {}\nmetadata: {namespace: apps, name: web, "
                         "resourceVersion: '17'}\napiVersion: v1\n");
    const struct svcr_meta *meta = svcr_object_meta(object);
    CHECK_STR(object, meta->name, "web");
    CHECK_STR(object, meta->namespace_, "apps");
    CHECK_STR(object, object->resource_version, "17");
    CHECK_AT(object, meta->place, 0, 2, 1);
    ck_assert_uint_eq(object->kind, SVCROUTE_KIND_SERVICE);
    ck_assert_ptr_eq(object->context, kube.context);
    ck_assert_ptr_eq(object->source, kube.source);
    ck_assert_uint_eq(kube.name.kind, SVCROUTE_KIND_SERVICE);
    ck_assert(text_is(kube.name.namespace_, "apps") && text_is(kube.name.name, "web"));
    svcr_object_unref(object);

    static const char *const defaults[] = {
        SERVICE "metadata: {name: web}",
        SERVICE "metadata: {name: web, namespace: }",
        SERVICE "metadata: {namespace: '', name: web}",
        SERVICE "metadata: {namespace: default, name: web}",
    };
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        object = kube_must(&kube, defaults[i]);
        CHECK_STR(object, svcr_object_meta(object)->namespace_, "default");
        CHECK_STR(object, object->resource_version, NULL);
        ck_assert(text_is(kube.name.namespace_, "default"));
        svcr_object_unref(object);
        check_same(defaults[0], defaults[i], true);
    }
    kube_end(&kube);
}
END_TEST

START_TEST(test_bad_metadata)
{
    static const struct bad rows[] = {
        {SERVICE, SVCR_DIAG_BAD_NAME, 1, 1, "metadata.name", "no name"},
        {SERVICE "metadata: {namespace: a}", SVCR_DIAG_BAD_NAME, 1, 1, "metadata.name", "no name"},
        {SERVICE "metadata:\n  name: ''\n", SVCR_DIAG_BAD_NAME, 4, 9, "metadata.name", "no name"},
        {SERVICE "metadata: {generateName: a-}", SVCR_DIAG_BAD_NAME, 1, 1, "metadata.name",
         "no name"},
        {SERVICE "metadata:\n  name: 123\n", SVCR_DIAG_WRONG_TYPE, 4, 9, "metadata.name",
         "expected text, found integer 123 (write \"123\")"},
        {SERVICE "metadata:\n  name: yes\n", SVCR_DIAG_WRONG_TYPE, 4, 9, "metadata.name",
         "expected text, found boolean true"},
        {SERVICE "metadata:\n  name: \"a\\nb\"\n", SVCR_DIAG_CONTROL_CHARACTER, 4, 9,
         "metadata.name", "control"},
        {SERVICE "metadata: {name: a, namespace: \"b\\x7f\"}\n", SVCR_DIAG_CONTROL_CHARACTER, 3, 32,
         "metadata.namespace", "control"},
        {SERVICE "metadata: {name: a, namespace: 1.5}\n", SVCR_DIAG_WRONG_TYPE, 3, 32,
         "metadata.namespace", "found number 1.5"},
        {SERVICE "metadata: []\n", SVCR_DIAG_WRONG_TYPE, 3, 11, "metadata",
         "expected a map, found a list"},
        {SERVICE "metadata: {name: a, resourceVersion: 5}\n", SVCR_DIAG_WRONG_TYPE, 3, 38,
         "metadata.resourceVersion", "(write \"5\")"},
        {SERVICE "metadata: {name: a, labels: {x: 1}}\n", SVCR_DIAG_WRONG_TYPE, 3, 33,
         "metadata.labels[\"x\"]", "expected text"},
        {SERVICE "metadata: {name: a, labels: [x]}\n", SVCR_DIAG_WRONG_TYPE, 3, 29,
         "metadata.labels", "expected a map of texts, found a list"},
        {SERVICE "metadata:\n  name: a\n  annotations:\n    a.b/c: {}\n", SVCR_DIAG_WRONG_TYPE, 6,
         12, "metadata.annotations[\"a.b/c\"]", "found a map"},
        {"apiVersion: v1\nkind: [Service]\nmetadata: {name: a}", SVCR_DIAG_WRONG_TYPE, 2, 7, "kind",
         "found a list"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_report_names_the_object)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcroute_diag_info info = {.size = sizeof(info)};
    /* The wrong field stands before the name. */
    ck_assert_ptr_null(kube_decode(
        &kube, "spec: {type: 1}\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"));
    ck_assert_int_eq(svcroute_diags_get(kube.diags, 0, &info), 0);
    ck_assert(text_is(info.kind, "Service") && text_is(info.namespace_, "default") &&
              text_is(info.name, "web"));
    ck_assert(text_is(info.source, "t.yaml"));
    CHECK_DIAG(&kube, 0, WRONG_TYPE, ERROR, 1, 14, "spec.type", "integer 1");
    ck_assert_uint_eq(kube.name.kind, SVCROUTE_KIND_SERVICE);
    ck_assert(text_is(kube.name.name, "web"));
    /* A wrong apiVersion type still tells kind and name. */
    ck_assert_ptr_null(
        kube_decode(&kube, "apiVersion: 1\nkind: Node\nmetadata: {name: no-1, namespace: x}\n"));
    ck_assert_int_eq(kube.what, SVCR_DECODED_REJECTED);
    ck_assert_uint_eq(kube.name.kind, SVCROUTE_KIND_NODE);
    ck_assert(text_is(kube.name.name, "no-1") && kube.name.namespace_.size == 0);
    kube_end(&kube);
}
END_TEST

START_TEST(test_all_wrong_fields_are_told)
{
    struct kube kube;
    kube_begin(&kube);
    ck_assert_ptr_null(kube_decode(
        &kube, SERVICE "metadata:\n  name: a\nspec:\n  type: []\n  clusterIP: 1\n"
                       "  ports:\n  - port: x\n  - 5\n  - {name: 80, port: 3000000000}\n"));
    ck_assert_uint_eq(svcroute_diags_num(kube.diags), 6);
    CHECK_DIAG(&kube, 0, WRONG_TYPE, ERROR, 6, 9, "spec.type", "expected text, found a list");
    CHECK_DIAG(&kube, 1, WRONG_TYPE, ERROR, 7, 14, "spec.clusterIP", "(write \"1\")");
    CHECK_DIAG(&kube, 2, WRONG_TYPE, ERROR, 9, 11, "spec.ports[0].port",
               "expected an integer of 32 bits, found text \"x\"");
    CHECK_DIAG(&kube, 3, WRONG_TYPE, ERROR, 10, 5, "spec.ports[1]",
               "expected a map, found integer 5");
    CHECK_DIAG(&kube, 4, WRONG_TYPE, ERROR, 11, 12, "spec.ports[2].name", "(write \"80\")");
    CHECK_DIAG(&kube, 5, OUT_OF_RANGE, ERROR, 11, 22, "spec.ports[2].port",
               "integer 3000000000, which does not fit");
    kube_end(&kube);
}
END_TEST

START_TEST(test_reports_are_bounded)
{
    struct kube kube;
    kube_begin(&kube);
    char *text = malloc(200000), *at = text;
    at += sprintf(at, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},"
                      "\"spec\":{\"ports\":[");
    for (int i = 0; i < 1000; i++) {
        at += sprintf(at, "%s{\"port\":\"x\",\"odd%d\":1}", i ? "," : "", i);
    }
    sprintf(at, "]}}");
    ck_assert_ptr_null(kube_decode(&kube, text));
    ck_assert_uint_eq(svcroute_diags_num_severity(kube.diags, SVCROUTE_SEVERITY_ERROR), 100);
    ck_assert_uint_eq(svcroute_diags_num_severity(kube.diags, SVCROUTE_SEVERITY_INFO), 100);
    free(text);
    kube_end(&kube);
}
END_TEST

START_TEST(test_unknown_fields)
{
    static const char text[] = SERVICE "metadata: {name: a, Namespace: b}\nspec:\n  Type: x\n  "
                                       "ports: [{port: 1, odd: {a: [1]}}]\nwhat: 1\n";
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_decode(&kube, text);
    ck_assert_ptr_nonnull(object);
    ck_assert_uint_eq(svcroute_diags_num(kube.diags), 4);
    CHECK_DIAG(&kube, 0, UNKNOWN_FIELD, INFO, 7, 1, "what", "ignored");
    CHECK_DIAG(&kube, 1, UNKNOWN_FIELD, INFO, 3, 21, "metadata.Namespace", "ignored");
    CHECK_DIAG(&kube, 2, UNKNOWN_FIELD, INFO, 5, 3, "spec.Type", "ignored");
    CHECK_DIAG(&kube, 3, UNKNOWN_FIELD, INFO, 6, 21, "spec.ports[0].odd", "ignored");
    const struct svcr_service *service = (const void *)object;
    CHECK_STR(object, service->type, NULL);
    svcr_object_unref(object);

    svcroute_diags_clear(kube.diags);
    svcr_decoder_set(kube.decoder, kube.source, true, kube.diags);
    ck_assert_ptr_null(kube_decode(&kube, text));
    ck_assert_int_eq(kube.what, SVCR_DECODED_REJECTED);
    ck_assert_uint_eq(svcroute_diags_num(kube.diags), 4);
    CHECK_DIAG(&kube, 3, UNKNOWN_FIELD, ERROR, 6, 21, "spec.ports[0].odd", "strict");
    kube_end(&kube);
}
END_TEST

START_TEST(test_unknown_key_is_shown_safely)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_decode(
        &kube, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"},"
               "\"a\\n\\u001b[31mb\":1,"
               "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\":1}");
    ck_assert_ptr_nonnull(object);
    CHECK_DIAG(&kube, 0, UNKNOWN_FIELD, INFO, 1, 58, "a??[31mb", "");
    struct svcroute_diag_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_diags_get(kube.diags, 1, &info), 0);
    ck_assert_uint_eq(info.field.size, 64 + 3);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_known_fields_are_silent)
{
    struct kube kube;
    kube_begin(&kube);
    svcr_decoder_set(kube.decoder, kube.source, true, kube.diags);
    struct svcr_object *object =
        kube_must(&kube, "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: b\n  "
                         "uid: u\n  resourceVersion: '1'\n"
                         "  generation: 1\n  creationTimestamp: nonsense\n  deletionTimestamp: x\n "
                         " deletionGracePeriodSeconds: 1\n"
                         "  labels: {a: b, c: }\n  annotations: {a: 'yes'}\n  ownerReferences: "
                         "[]\n  finalizers: []\n  managedFields: []\n"
                         "  generateName: x\n  selfLink: x\n"
                         "spec:\n  selector: {}\n  sessionAffinity: None\n  sessionAffinityConfig: "
                         "{}\n  ipFamilies: []\n  ipFamilyPolicy: x\n"
                         "  clusterIPs: []\n  externalIPs: []\n  loadBalancerIP: x\n  "
                         "loadBalancerClass: x\n  loadBalancerSourceRanges: []\n"
                         "  externalTrafficPolicy: x\n  internalTrafficPolicy: x\n  "
                         "healthCheckNodePort: 1\n  publishNotReadyAddresses: true\n"
                         "  allocateLoadBalancerNodePorts: true\n  trafficDistribution: x\n"
                         "status: {loadBalancer: {}}\n");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_same_content)
{
    static const char base[] = SERVICE
        "metadata: {name: a, resourceVersion: '1'}\nspec: {type: ClusterIP, clusterIP: 10.0.0.1}\n";
    check_same(base,
               "spec: {clusterIP: 10.0.0.1, type: ClusterIP, externalName: ''}\nkind: "
               "Service\nmetadata: {resourceVersion: '22', "
               "labels: {x: z}, namespace: default, name: a}\napiVersion: v1\nstatus: {}\n",
               true);
    check_same(base,
               "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":"
               "{\"type\":\"ClusterIP\","
               "\"clusterIP\":\"10.0.0.1\",\"ports\":[]}}",
               true);
    check_same(base, SERVICE "metadata: {name: a}\nspec: {type: ClusterIP, clusterIP: 10.0.0.2}\n",
               false);
    check_same(base, SERVICE "metadata: {name: b}\nspec: {type: ClusterIP, clusterIP: 10.0.0.1}\n",
               false);
    check_same(SERVICE "metadata: {name: a}", SERVICE "metadata: {name: a}\nspec: {}\n", true);
    check_same(SERVICE "metadata: {name: a}", SERVICE "metadata: {name: a}\nspec: {ports: [{}]}\n",
               false);
}
END_TEST

START_TEST(test_scratch_starts_clean)
{
    /* What an earlier, larger object left in the scratch memory must not show in a later one. */
    struct kube kube;
    kube_begin(&kube);
    static const char small[] =
        SERVICE "metadata: {name: abc}\nspec: {ports: [{name: x}, {name: v, port: 2}]}\n";
    struct svcr_object *first = kube_must(&kube, small);
    char *text = malloc(100000), *at = text;
    at += sprintf(at, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"b\"},"
                      "\"spec\":{\"ports\":[");
    for (int i = 0; i < 500; i++) {
        at += sprintf(at, "%s{\"port\":65535,\"nodePort\":65535,\"name\":\"%0100d\"}", i ? "," : "",
                      i);
    }
    sprintf(at, "]}}");
    svcr_object_unref(kube_must(&kube, text));
    free(text);
    struct svcr_object *again = kube_must(&kube, small);
    ck_assert(svcr_object_identical(first, again));
    ck_assert_uint_ne(first->content_end % 8, 0);
    for (uint32_t i = first->content_end; i < first->positions; i++) {
        ck_assert_uint_eq(((const uint8_t *)first)[i], 0);
    }
    svcr_object_unref(first);
    svcr_object_unref(again);
    kube_end(&kube);
}
END_TEST

static const char rich[] = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: "
                           "r, resourceVersion: '9'}\nspec:\n  entryPoints: [a, b]\n  odd: 1\n"
                           "  routes:\n  - match: Host(`a`)\n    services:\n    - {name: x, port: "
                           "80, healthCheck: {headers: {b: c, a: d}}}\n"
                           "    - {name: v, nodePortLB: true, middlewares: [{name: m}]}\n  tls: "
                           "{domains: [{main: a, sans: [b, c]}]}\n";

static void run_out_of_memory(bool from_then_on)
{
    for (size_t fail_at = 1;; fail_at++) {
        struct kube kube;
        kube_begin(&kube);
        const struct svcroute_node *root = kube_read(&kube, rich, sizeof(rich) - 1);
        kube.memory.calls = 0;
        kube.memory.fail_at = fail_at;
        kube.memory.from_then_on = from_then_on;
        struct svcr_object *object = kube_decode_node(&kube, root);
        bool reached = kube.memory.calls >= fail_at;
        if (object == NULL) {
            ck_assert_int_eq(kube.error, SVCROUTE_ERR_NOMEM);
        }
        kube.memory.fail_at = 0;
        struct svcr_object *again = kube_decode_node(&kube, root);
        ck_assert_ptr_nonnull(again);
        if (object) {
            ck_assert(svcr_object_identical(object, again));
        }
        svcr_object_unref(object);
        svcr_object_unref(again);
        kube_end(&kube);
        if (!reached) {
            ck_assert_uint_gt(fail_at, 5);
            return;
        }
    }
}

START_TEST(test_out_of_memory)
{
    run_out_of_memory(false);
    run_out_of_memory(true);
}
END_TEST

START_TEST(test_objects_outlive_decoder_and_document)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_decode(&kube, rich);
    svcr_document_clear(&kube.document);
    svcr_decoder_free(kube.decoder);
    kube.decoder = NULL;
    svcr_source_unref(kube.context, kube.source);
    kube.source = NULL;
    ck_assert_uint_eq(object->source->size, 6);
    CHECK_STR(object, svcr_object_meta(object)->name, "r");
    CHECK_STR(object, object->resource_version, "9");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_built_documents)
{
    /* A builder knows no positions and its numbers are YAML's. */
    struct kube kube;
    kube_begin(&kube);
    struct svcroute_document *d;
    ck_assert_int_eq(svcroute_document_new(&d, kube.context, SVCR_TEXT("built")), 0);
#define KEY(name) svcroute_document_key(d, name, strlen(name))
#define STRING(name) svcroute_document_string(d, name, strlen(name))
    svcroute_document_begin_map(d);
    KEY("apiVersion"), STRING("v1"), KEY("kind"), STRING("Service");
    KEY("metadata"), svcroute_document_begin_map(d), KEY("name"), STRING("w"),
        svcroute_document_end(d);
    KEY("spec"), svcroute_document_begin_map(d), KEY("ports"), svcroute_document_begin_list(d);
    svcroute_document_begin_map(d), KEY("port"), svcroute_document_double(d, 80.0),
        svcroute_document_end(d);
    svcroute_document_end(d), svcroute_document_end(d), svcroute_document_end(d);
    ck_assert_int_eq(svcroute_document_get_error(d), 0);
    struct svcr_object *object = kube_decode_node(&kube, svcroute_document_get_root(d));
    ck_assert_ptr_nonnull(object);
    const struct svcr_service *service = (const void *)object;
    const struct svcr_service_port *ports = svcr_object_items(object, service->ports);
    ck_assert_int_eq(ports[0].port, 80);
    CHECK_AT(object, ports[0].place, 0, 0, 0);
    svcr_object_unref(object);
    svcroute_document_free(d);
    kube_end(&kube);
}
END_TEST

Suite *suite_decode(void)
{
    const TTest *tests[] = {
        test_shapes,
        test_shape_reports,
        test_items_of_typed_list,
        test_other_kinds_and_versions,
        test_lists_inside_lists,
        test_metadata,
        test_bad_metadata,
        test_report_names_the_object,
        test_all_wrong_fields_are_told,
        test_reports_are_bounded,
        test_unknown_fields,
        test_unknown_key_is_shown_safely,
        test_known_fields_are_silent,
        test_same_content,
        test_scratch_starts_clean,
        test_out_of_memory,
        test_objects_outlive_decoder_and_document,
        test_built_documents,
    };
    return one_case("decode", tests, sizeof(tests) / sizeof(tests[0]));
}
