/* The store: loading, counts, what a failed call leaves, looking and walking. */
#include "store_tools.h"

#include <svcroute/document.h>

static const char two[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: a, resourceVersion: '7'}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
    "metadata:\n  name: web\n  namespace: shop\n"
    "spec: {routes: [{match: Host(`x`), services: [{name: a, port: 80}]}]}\n";

START_TEST(kinds)
{
    static const char *const names[] = {
        "", "IngressRoute", "TraefikService", "Service", "EndpointSlice", "Endpoints", "Node"};
    for (uint32_t kind = 0; kind < 7; kind++) {
        ck_assert_str_eq(svcroute_kind_name(kind), names[kind]);
        ck_assert_uint_eq(svcroute_kind_find(names[kind], strlen(names[kind])), kind);
    }
    ck_assert_str_eq(svcroute_kind_name(7), "");
    ck_assert_str_eq(svcroute_kind_name(UINT32_MAX), "");
    ck_assert_uint_eq(svcroute_kind_find("service", 7), 0);
    ck_assert_uint_eq(svcroute_kind_find("Services", 8), 0);
    ck_assert_uint_eq(svcroute_kind_find("Services", 7), SVCROUTE_KIND_SERVICE);
    ck_assert_uint_eq(svcroute_kind_find(NULL, 0), 0);
}
END_TEST

START_TEST(load_and_look)
{
    struct world world;
    struct svcroute_object_info info = {.size = sizeof(info)};
    world_open(&world);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 1);
    ck_assert_int_eq(load(&world, two), 0);
    ck_assert_uint_eq(world.result.documents, 2);
    ck_assert_result(world.result, 2, 0, 0, 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 2);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 2);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_SERVICE), 1);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NODE), 0);
    ck_assert_uint_eq(svcroute_store_num(world.store, 99), 0);
    char *content = picture(world.store, true);
    ck_assert_str_eq(content, "IngressRoute shop/web v test.yaml:5:1\n"
                              "Service default/a v7 test.yaml:1:1\n");
    free(content);
    ck_assert_int_eq(
        svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("a"), &info),
        0);
    ck_assert(svcr_text_same(info.namespace_, text_of("default")));
    ck_assert(svcr_text_same(info.resource_version, text_of("7")));
    ck_assert_uint_eq(info.kind, SVCROUTE_KIND_SERVICE);
    ck_assert_int_eq(svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text_of("shop"),
                                        text_of("a"), &info),
                     SVCROUTE_ERR_NOT_FOUND); /* the route names it, but it is not there */
    ck_assert_int_eq(svcroute_store_get(world.store, 0, text_of(""), text_of("a"), &info),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("b")),
        SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_NODE, text_of(""), text_of("")),
        SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("a")), 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 3);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 1);
    check_store(world.store);
    world_close(&world);
}
END_TEST

/* What "unchanged" is: the same content, whatever the resourceVersion and the place. */
START_TEST(unchanged)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(load(&world, two), 0);
    ck_assert_int_eq(load(&world, two), 0);
    ck_assert_result(world.result, 0, 2, 0, 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 2);
    /* Another resourceVersion: told by the store, but no change. */
    ck_assert_int_eq(
        load(&world, "apiVersion: v1\nkind: Service\nmetadata: {name: a, resourceVersion: '8'}\n"),
        0);
    ck_assert_result(world.result, 0, 1, 0, 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 2);
    char *content = picture(world.store, true);
    ck_assert_str_eq(content, "IngressRoute shop/web v test.yaml:5:1\n"
                              "Service default/a v8 test.yaml:1:1\n");
    free(content);
    /* Another place: later diagnostics must name it, so it is a change for them. */
    ck_assert_int_eq(
        load(&world,
             "\n\napiVersion: v1\nkind: Service\nmetadata: {name: a, resourceVersion: '8'}\n"),
        0);
    ck_assert_result(world.result, 0, 1, 0, 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 3);
    ck_assert_int_eq(
        load_as(&world,
                "\n\napiVersion: v1\nkind: Service\nmetadata: {name: a, resourceVersion: '8'}\n",
                "b"),
        0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 4);
    content = picture(world.store, true);
    ck_assert_str_eq(content,
                     "IngressRoute shop/web v test.yaml:5:1\nService default/a v8 b:3:1\n");
    free(content);
    /* Other content. */
    ck_assert_int_eq(
        load_as(&world,
                "\n\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort}\n",
                "b"),
        0);
    ck_assert_result(world.result, 1, 0, 0, 0);
    ck_assert_uint_eq(svcroute_store_get_version(world.store), 5);
    check_store(world.store);
    world_close(&world);
}
END_TEST

START_TEST(bad_neighbours)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(
        load(&world,
             "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort}\n"),
        0);
    ck_assert_int_eq(load(&world,
                          "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: 5}\n"
                          "---\nkind: Service\nkind: Service\n"
                          "---\n[1, 2]\n"
                          "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                          "---\napiVersion: v1\nkind: Service\nmetadata: {name: b}\n"),
                     0);
    ck_assert_uint_eq(world.result.documents, 5);
    ck_assert_result(world.result, 1, 0, 3, 1);
    char *content = picture(world.store, false);
    ck_assert_str_eq(content, "Service default/a\nService default/b\n");
    free(content);
    /* What cannot be read at all ends a YAML stream; what came before it stays. */
    ck_assert_int_eq(
        load(&world, "apiVersion: v1\nkind: Service\nmetadata: {name: c}\n---\n{a: [\n---\nx: y\n"),
        0);
    ck_assert_uint_eq(world.result.accepted, 1);
    ck_assert_uint_ge(world.result.rejected, 1);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of("default"), text_of("c")),
        0);
    /* JSON goes on at the next line. */
    ck_assert_int_eq(load(&world, "{\"a\":tru}\n{\"apiVersion\":\"v1\",\"kind\":\"Service\","
                                  "\"metadata\":{\"name\":\"d\"}}\n"),
                     0);
    ck_assert_result(world.result, 1, 0, 1, 0);
    check_store(world.store);
    world_close(&world);
}
END_TEST

START_TEST(lists)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(
        load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":["
                     "{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":5}},{\"metadata\":{"
                     "\"name\":\"b\"}}]}\n"
                     "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["
                     "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}},"
                     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"n\"}}]}\n"
                     "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}\n"
                     "{\"apiVersion\":\"v1\",\"kind\":\"List\"}"),
        0);
    ck_assert_uint_eq(world.result.documents, 4);
    ck_assert_result(world.result, 3, 0, 1, 1);
    char *content = picture(world.store, false);
    ck_assert_str_eq(content, "Node /n\nService default/a\nService default/b\n");
    free(content);
    check_store(world.store);
    world_close(&world);
}
END_TEST

START_TEST(duplicates)
{
    struct world world;
    struct svcroute_diag_info diag;
    world_open(&world);
    ck_assert_int_eq(
        load(&world, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
                     "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: "
                     "default}\nspec: {type: NodePort}\n"
                     "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: other}\n"
                     "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n"),
        0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_DUPLICATE_OBJECT, &diag), 1);
    ck_assert_uint_eq(diag.line, 5);
    ck_assert_uint_eq(diag.column, 1);
    ck_assert(text_has(diag.text, "line 1, column 1"));
    ck_assert(svcr_text_same(diag.name, text_of("a")));
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 3);
    char *content = picture(world.store, true);
    ck_assert_str_eq(content,
                     "Endpoints default/a v test.yaml:14:1\nService default/a v test.yaml:5:1\n"
                     "Service other/a v test.yaml:10:1\n");
    free(content);
    check_store(world.store);
    /* Many, so that the index of names is asked. */
    char *text = malloc(40000);
    size_t used = 0;
    for (unsigned i = 0; i < 200; i++)
        used += (size_t)sprintf(text + used,
                                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                "\"name\":\"s%u\",\"resourceVersion\":\"%u\"}}\n",
                                i % 150, i);
    svcroute_diags_clear(world.diags);
    ck_assert_int_eq(load_as(&world, text, "many"), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_DUPLICATE_OBJECT, NULL), 50);
    ck_assert_uint_eq(world.result.accepted + world.result.unchanged, 200);
    struct svcroute_object_info info = {.size = sizeof(info)};
    ck_assert_int_eq(
        svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("s49"), &info),
        0);
    ck_assert(svcr_text_same(info.resource_version, text_of("199")));
    ck_assert_uint_eq(info.line, 200);
    free(text);
    check_store(world.store);
    world_close(&world);
}
END_TEST

START_TEST(generated_names)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(
        load(&world,
             "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {generateName: a-}\n"
             "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {generateName: "
             "b-}\n"
             "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {generateName: "
             "b-, namespace: x}\n"
             "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: a-}\n"),
        0);
    ck_assert_result(world.result, 4, 0, 0, 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_DUPLICATE_OBJECT, NULL), 0);
    char *content = picture(world.store, false);
    ck_assert_str_eq(
        content,
        "IngressRoute default/\nIngressRoute default/\nIngressRoute default/a-\nIngressRoute x/\n");
    free(content);
    check_store(world.store);
    struct svcr_entity *named = entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "default", "a-");
    ck_assert(named && named->object && !named->generated);
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "default", "b-"));
    ck_assert_int_eq(
        load(&world,
             "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {generateName: a-}\n"
             "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {generateName: "
             "a-}\n"),
        0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_DUPLICATE_OBJECT, NULL), 1);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 4);
    world_close(&world);
}
END_TEST

START_TEST(limits)
{
    struct world world;
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof(options));
    options.objects = 2;
    options.input_bytes = 300;
    options.depth = 5;
    world_open_with(&world, &options);
    ck_assert_int_eq(
        load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"}}"),
        0);
    char *before = picture(world.store, true);
    /* Two new ones do not fit beside it; three do not even fit alone. */
    static const char *const many[] = {
        "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[{\"metadata\":{\"name\":\"b\"}}"
        ",{\"metadata\":{\"name\":\"c\"}}]}",
        "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[{\"metadata\":{\"name\":\"a\"},"
        "\"spec\":{\"type\":\"NodePort\"}},"
        "{\"metadata\":{\"name\":\"c\"}},{\"metadata\":{\"name\":\"d\"}}]}"};
    for (size_t i = 0; i < 2; i++) {
        svcroute_diags_clear(world.diags);
        ck_assert_int_eq(load(&world, many[i]), SVCROUTE_ERR_LIMIT);
        ck_assert_uint_eq(world.result.accepted, 0);
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_OBJECTS, NULL), 1);
        char *after = picture(world.store, true);
        ck_assert_str_eq(before, after);
        free(after);
        ck_assert_uint_eq(svcroute_store_get_version(world.store), 2);
        check_store(world.store);
    }
    /* The same name again and again needs no room; nor does an old one. */
    ck_assert_int_eq(load(&world,
                          "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[{"
                          "\"metadata\":{\"name\":\"b\"}},{\"metadata\":{\"name\":\"b\"}},"
                          "{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":\"b\"}}]}"),
                     0);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 2);
    check_store(world.store);
    /* Input: one byte more than allowed. */
    char text[302];
    memset(text, ' ', 301);
    text[301] = 0;
    svcroute_diags_clear(world.diags);
    ck_assert_int_eq(load(&world, text), SVCROUTE_ERR_LIMIT);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_INPUT, NULL), 1);
    text[300] = 0;
    ck_assert_int_eq(load(&world, text), 0);
    /* A limit of one document costs that document only. */
    ck_assert_int_eq(load(&world,
                          "{\"a\":[[[[[1]]]]]}\n{\"apiVersion\":\"v1\",\"kind\":\"Service\","
                          "\"metadata\":{\"name\":\"a\"},\"spec\":{\"type\":\"NodePort\"}}"),
                     0);
    ck_assert_result(world.result, 1, 0, 1, 0);
    free(before);
    world_close(&world);
}
END_TEST

START_TEST(iterate)
{
    struct world world;
    struct svcroute_object_info info = {.size = sizeof(info)};
    uint64_t cursor = 0;
    world_open(&world);
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, &cursor, &info), SVCROUTE_ERR_END);
    ck_assert_int_eq(load(&world, two), 0);
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, &cursor, &info), SVCROUTE_ERR_STATE);
    cursor = 0;
    ck_assert_int_eq(svcroute_store_iterate(world.store, SVCROUTE_KIND_SERVICE, &cursor, &info), 0);
    ck_assert(svcr_text_same(info.name, text_of("a")));
    ck_assert_int_eq(svcroute_store_iterate(world.store, SVCROUTE_KIND_SERVICE, &cursor, &info),
                     SVCROUTE_ERR_END);
    ck_assert_int_eq(svcroute_store_iterate(world.store, SVCROUTE_KIND_SERVICE, &cursor, &info),
                     SVCROUTE_ERR_END);
    cursor = 0;
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, &cursor, &info), 0);
    ck_assert_int_eq(svcroute_store_remove(world.store, info.kind, info.namespace_, info.name), 0);
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, &cursor, &info), SVCROUTE_ERR_STATE);
    ck_assert_int_eq(svcroute_store_iterate(world.store, 99, &cursor, &info), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, NULL, &info), SVCROUTE_ERR_INVALID);
    info.size = 4;
    ck_assert_int_eq(svcroute_store_iterate(world.store, 0, &cursor, &info),
                     SVCROUTE_ERR_STRUCT_SIZE);
    world_close(&world);
}
END_TEST

START_TEST(arguments)
{
    struct world world;
    struct svcroute_load_options options = {.size = sizeof(options)};
    struct svcroute_load_result result = {.size = 4};
    struct svcroute_store *store = (void *)1;
    world_open(&world);
    ck_assert_int_eq(svcroute_store_new(NULL, world.context), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_store_new(&store, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(store);
    ck_assert_int_eq(svcroute_store_load(NULL, "", 0, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_store_load(world.store, NULL, 1, NULL, NULL, NULL),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_store_load(world.store, NULL, 0, NULL, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_store_load(world.store, "", 0, NULL, &result, NULL),
                     SVCROUTE_ERR_STRUCT_SIZE);
    options.format = 3;
    ck_assert_int_eq(svcroute_store_load(world.store, "", 0, &options, NULL, NULL),
                     SVCROUTE_ERR_INVALID);
    options.format = 0;
    options.flags = 2;
    ck_assert_int_eq(svcroute_store_load(world.store, "", 0, &options, NULL, NULL),
                     SVCROUTE_ERR_STRUCT_NEW);
    options.flags = 0;
    options.size = 3;
    ck_assert_int_eq(svcroute_store_load(world.store, "", 0, &options, NULL, NULL),
                     SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_store_apply(world.store, NULL, NULL, NULL, NULL),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_store_remove(world.store, 0, text_of(""), text_of("a")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(svcroute_store_num(NULL, 0), 0);
    ck_assert_uint_eq(svcroute_store_get_version(NULL), 0);
    svcroute_store_free(NULL);
    world_close(&world);
}
END_TEST

static void string(struct svcroute_document *document, const char *key, const char *value)
{
    ck_assert_int_eq(svcroute_document_key(document, key, strlen(key)), 0);
    ck_assert_int_eq(svcroute_document_string(document, value, strlen(value)), 0);
}

START_TEST(apply)
{
    struct world world;
    struct svcroute_document *document;
    struct svcroute_load_result result = {.size = sizeof(result)};
    struct svcroute_load_options strict = {.size = sizeof(strict), .flags = SVCROUTE_LOAD_STRICT};
    world_open(&world);
    ck_assert_int_eq(svcroute_document_new(&document, world.context, text_of("host")), 0);
    ck_assert_int_eq(svcroute_store_apply(world.store, document, NULL, NULL, NULL),
                     SVCROUTE_ERR_SEQUENCE);
    svcroute_document_begin_map(document);
    string(document, "apiVersion", "v1");
    string(document, "kind", "Service");
    ck_assert_int_eq(svcroute_store_apply(world.store, document, NULL, NULL, NULL),
                     SVCROUTE_ERR_SEQUENCE);
    svcroute_document_key(document, "metadata", 8);
    svcroute_document_begin_map(document);
    string(document, "name", "built");
    string(document, "fancy", "field");
    svcroute_document_end(document);
    svcroute_document_end(document);
    ck_assert_int_eq(svcroute_store_apply(world.store, document, &strict, &result, world.diags),
                     SVCROUTE_ERR_REJECTED);
    ck_assert_result(result, 0, 0, 1, 0);
    ck_assert_int_eq(svcroute_store_apply(world.store, document, NULL, &result, world.diags), 0);
    ck_assert_result(result, 1, 0, 0, 0);
    ck_assert_int_eq(svcroute_store_apply(world.store, document, NULL, &result, world.diags), 0);
    ck_assert_result(result, 0, 1, 0, 0);
    svcroute_document_free(document);
    char *content = picture(world.store, true);
    ck_assert_str_eq(content, "Service default/built v host:0:0\n");
    free(content);
    check_store(world.store);
    world_close(&world);
}
END_TEST

/* ---- a lack of memory ---- */

static const char change[] =
    "{\"apiVersion\":\"traefik.io/"
    "v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},"
    "\"spec\":{\"routes\":[{\"match\":\"Host(`y`)\",\"services\":[{\"name\":\"b\",\"port\":1},{"
    "\"name\":\"c\",\"port\":1,\"nodePortLB\":true}]}]}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"type\":"
    "\"NodePort\"}}\n"
    "{\"apiVersion\":\"discovery.k8s.io/"
    "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s1\",\"labels\":{\"kubernetes.io/"
    "service-name\":\"new\"}}}\n"
    "{\"apiVersion\":\"discovery.k8s.io/"
    "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s2\",\"labels\":{\"kubernetes.io/"
    "service-name\":\"new\"}}}\n"
    "{\"apiVersion\":\"discovery.k8s.io/"
    "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s3\",\"labels\":{\"kubernetes.io/"
    "service-name\":\"a\"}}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"e\"}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n2\"}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"type\":"
    "\"LoadBalancer\"}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[{\"metadata\":{\"name\":\"l1\"}},{"
    "\"metadata\":{\"name\":\"l2\"}},{\"metadata\":{\"name\":\"l3\"}}]}\n";

static void fail_each(bool and_after)
{
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct world world;
        world_open(&world);
        ck_assert_int_eq(load(&world, two), 0);
        ck_assert_int_eq(load(&world,
                              "{\"apiVersion\":\"discovery.k8s.io/"
                              "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s1\","
                              "\"labels\":{\"kubernetes.io/service-name\":\"a\"}}}\n"),
                         0);
        char *before = picture(world.store, true);
        uint64_t version = world.store->version;
        const struct svcr_entity *newest = world.store->newest;
        world.memory.calls = 0;
        world.memory.fail_at = n;
        world.memory.and_after = and_after;
        int error = load(&world, change);
        world.memory.fail_at = 0;
        check_store(world.store);
        if (error) {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            char *after = picture(world.store, true);
            ck_assert_str_eq(before, after);
            free(after);
            ck_assert_uint_eq(world.store->version, version);
            ck_assert_ptr_eq(world.store->newest, newest);
            ck_assert_int_eq(load(&world, change), 0);
        } else {
            done = world.memory.calls < n;
        }
        ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 11);
        check_store(world.store);
        free(before);
        world_close(&world);
        ck_assert_uint_lt(n, 5000);
    }
}

START_TEST(no_memory)
{
    fail_each(false);
    fail_each(true);
}
END_TEST

START_TEST(no_memory_to_make_one)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    int error = SVCROUTE_ERR_NOMEM;
    for (uint64_t n = 1; error; n++) {
        struct svcroute_store *store = (void *)1;
        memory.calls = 0;
        memory.fail_at = n;
        error = svcroute_store_new(&store, context);
        if (error) {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            ck_assert_ptr_null(store);
        }
        svcroute_store_free(store);
    }
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

START_TEST(no_memory_to_remove)
{
    for (uint64_t n = 1; n < 4; n++) {
        struct world world;
        world_open(&world);
        ck_assert_int_eq(load(&world, two), 0);
        world.memory.calls = 0;
        world.memory.fail_at = n;
        int error = svcroute_store_remove(world.store, SVCROUTE_KIND_INGRESS_ROUTE, text_of("shop"),
                                          text_of("web"));
        world.memory.fail_at = 0;
        ck_assert(error == 0 || error == SVCROUTE_ERR_NOMEM);
        ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), error ? 2 : 1);
        check_store(world.store);
        world_close(&world);
    }
}
END_TEST

/* ---- growth ---- */

/* Loads n slices of one Service in one call, takes away every second one and then all; gives the
 * allocations that it took. */
static uint64_t cost_of_slices(unsigned num)
{
    struct world world;
    struct svcroute_relist *relist;
    char *text = malloc((size_t)num * 200);
    size_t used = 0;
    world_open(&world);
    for (unsigned i = 0; i < num; i++)
        used += (size_t)sprintf(text + used,
                                "{\"apiVersion\":\"discovery.k8s.io/"
                                "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s%u\","
                                "\"labels\":{\"kubernetes.io/service-name\":\"a\"}}}\n",
                                i * 7919 % num);
    world.memory.calls = 0;
    ck_assert_int_eq(load(&world, text), 0);
    ck_assert_uint_eq(entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "a")->num_slices, num);
    check_store(world.store);
    ck_assert_int_eq(
        svcroute_relist_begin(&relist, world.store, SVCROUTE_KIND_ENDPOINT_SLICE, text_of("")), 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 0);
    check_store(world.store);
    uint64_t calls = world.memory.calls;
    free(text);
    world_close(&world);
    return calls;
}

START_TEST(slices_of_one_service_scale)
{
    uint64_t small = cost_of_slices(5000);
    uint64_t large = cost_of_slices(20000);
    ck_assert_uint_le(large, 4 * small + small / 4);
    cost_of_slices(100000); /* in the time of a test: its cost would be 400 times that of 5,000 */
}
END_TEST

/* Memory that stays behind a large load is what its objects need. */
START_TEST(large_input_leaves_no_scratch)
{
    struct world world;
    char *text = malloc(4000000);
    size_t used =
        (size_t)sprintf(text, "{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[");
    world_open(&world);
    for (unsigned i = 0; i < 20000; i++)
        used +=
            (size_t)sprintf(text + used, "%s{\"metadata\":{\"name\":\"s%u\"}}", i ? "," : "", i);
    sprintf(text + used, "]}");
    ck_assert_int_eq(load(&world, text), 0);
    int64_t full = world.memory.bytes;
    ck_assert_int_eq(load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                  "\"name\":\"s1\"},\"spec\":{\"type\":\"NodePort\"}}"),
                     0);
    ck_assert_int_lt(llabs(world.memory.bytes - full), 20000);
    ck_assert_int_lt(full, 20000 * 450);
    ck_assert_ptr_null(world.store->stage.index);
    free(text);
    world_close(&world);
}
END_TEST

Suite *suite_store(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("store");
    tcase_add_test(tests, kinds);
    tcase_add_test(tests, load_and_look);
    tcase_add_test(tests, unchanged);
    tcase_add_test(tests, bad_neighbours);
    tcase_add_test(tests, lists);
    tcase_add_test(tests, duplicates);
    tcase_add_test(tests, generated_names);
    tcase_add_test(tests, limits);
    tcase_add_test(tests, iterate);
    tcase_add_test(tests, arguments);
    tcase_add_test(tests, apply);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, no_memory_to_make_one);
    tcase_add_test(tests, no_memory_to_remove);
    tcase_add_test(tests, slices_of_one_service_scale);
    tcase_add_test(tests, large_input_leaves_no_scratch);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
