/* Typed objects: counting, comparison, sources. */
#include "kube_support.h"

#define SLICE(metadata)                                                                            \
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: " metadata                    \
    "\nendpoints: [{addresses: [10.0.0.1]}]\n"

START_TEST(test_references_are_counted)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, SLICE("{name: a}"));
    size_t blocks = kube.memory.blocks;
    ck_assert_ptr_eq(svcr_object_ref(object), object);
    svcr_object_unref(object);
    ck_assert_uint_eq(kube.memory.blocks, blocks);
    svcr_object_unref(object);
    ck_assert_uint_eq(kube.memory.blocks, blocks - 1);
    svcr_object_unref(NULL);
    kube_end(&kube);
}
END_TEST

START_TEST(test_same_and_identical)
{
    static const struct {
        const char *text;
        bool same, identical;
    } rows[] = {
        {SLICE("{name: a, resourceVersion: '1'}"), true, true},
        {SLICE("{name: a, resourceVersion: '2'}"), true, false},
        {SLICE("{name: a}"), true, false},
        {"\n" SLICE("{name: a, resourceVersion: '1'}"), true, false},
        {SLICE("{name: b, resourceVersion: '1'}"), false, false},
        {"apiVersion: v1\nkind: Node\nmetadata: {name: a, resourceVersion: '1'}\n", false, false},
    };
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *first = kube_must(&kube, rows[0].text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcr_object *other = kube_must(&kube, rows[i].text);
        ck_assert_msg(svcr_object_same(first, other) == rows[i].same, "row %zu", i);
        ck_assert_msg(svcr_object_same(other, first) == rows[i].same, "row %zu", i);
        ck_assert_msg(svcr_object_identical(first, other) == rows[i].identical, "row %zu", i);
        svcr_object_unref(other);
    }
    svcr_object_unref(first);
    kube_end(&kube);
}
END_TEST

START_TEST(test_sources)
{
    static const struct {
        const char *name; /* NULL: none */
        bool identical;
    } rows[] = {
        {"t.yaml", true}, {"u.yaml", false}, {"t.yaml2", false}, {"", false}, {NULL, false}};
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *first = kube_must(&kube, SLICE("{name: a}"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcr_source *source = NULL;
        if (rows[i].name) {
            svcr_text name = {rows[i].name, strlen(rows[i].name)};
            ck_assert_int_eq(svcr_source_new(&source, kube.context, name), 0);
        }
        svcr_decoder_set(kube.decoder, source, false, kube.diags);
        svcr_source_unref(kube.context,
                          source); /* the decoder has its own, and so has the object */
        struct svcr_object *other = kube_must(&kube, SLICE("{name: a}"));
        svcr_decoder_set(kube.decoder, NULL, false, NULL);
        ck_assert(svcr_object_same(first, other));
        ck_assert_msg(svcr_object_identical(first, other) == rows[i].identical, "row %zu", i);
        ck_assert_msg(svcr_object_identical(other, first) == rows[i].identical, "row %zu", i);
        svcr_object_unref(other);
        svcr_decoder_set(kube.decoder, kube.source, false, kube.diags);
    }
    svcr_object_unref(first);
    ck_assert_ptr_null(svcr_source_ref(NULL));
    kube_end(&kube);
}
END_TEST

START_TEST(test_source_out_of_memory)
{
    struct kube kube;
    struct svcr_source *source;
    kube_begin(&kube);
    kube.memory.fail_at = kube.memory.calls + 1;
    ck_assert_int_eq(svcr_source_new(&source, kube.context, SVCR_TEXT("x")), SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(source);
    struct svcr_decoder *decoder;
    kube.memory.fail_at = kube.memory.calls + 1;
    ck_assert_int_eq(svcr_decoder_new(&decoder, kube.context), SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(decoder);
    svcr_decoder_free(NULL);
    kube_end(&kube);
}
END_TEST

Suite *suite_object(void)
{
    const TTest *tests[] = {test_references_are_counted, test_same_and_identical, test_sources,
                            test_source_out_of_memory};
    return one_case("object", tests, sizeof(tests) / sizeof(tests[0]));
}
