/* What the tests of the decoders share: a context whose allocator can fail, and a document decoded
 * from text. */
#ifndef KUBE_SUPPORT_H
#define KUBE_SUPPORT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

#include "base/diag.h"
#include "document/reader.h"
#include "kube/decode.h"

struct failing { /* an allocator that counts its blocks, and fails at `fail_at` (from 1; 0: never)
                  */
    size_t calls, fail_at;
    bool from_then_on;
    size_t blocks, bytes;
};

static inline bool failing_now(struct failing *failing)
{
    failing->calls++;
    return failing->fail_at != 0 && (failing->from_then_on ? failing->calls >= failing->fail_at
                                                           : failing->calls == failing->fail_at);
}

static void *failing_allocate(void *user, size_t size)
{
    struct failing *failing = user;
    void *memory = failing_now(failing) ? NULL : malloc(size);
    if (memory) {
        memset(memory, 0xa5, size); /* nobody may rely on what fresh memory holds */
    }
    failing->blocks += memory != NULL;
    failing->bytes += memory ? size : 0;
    return memory;
}

static void *failing_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    struct failing *failing = user;
    void *grown = failing_now(failing) ? NULL : realloc(memory, new_size);
    if (grown && new_size > old_size) {
        memset((char *)grown + old_size, 0xa5, new_size - old_size);
    }
    failing->bytes += grown ? new_size - old_size : 0;
    return grown;
}

static void failing_release(void *user, void *memory, size_t size)
{
    struct failing *failing = user;
    free(memory);
    failing->blocks--;
    failing->bytes -= size;
}

struct kube {
    struct failing memory;
    struct svcroute_context *context;
    struct svcroute_diags *diags;
    struct svcr_decoder *decoder;
    struct svcr_source *source;
    struct svcroute_document document;
    struct svcr_object_name name; /* of the last object */
    enum svcr_decoded what;
    int error;
};

static inline void kube_begin_with(struct kube *kube,
                                   const struct svcroute_context_options *options)
{
    memset(kube, 0, sizeof(*kube));
    struct svcroute_allocator allocator = {.size = sizeof(allocator),
                                           .user = &kube->memory,
                                           .allocate = failing_allocate,
                                           .resize = failing_resize,
                                           .release = failing_release};
    ck_assert_int_eq(svcroute_context_new(&kube->context, options, &allocator, NULL), 0);
    ck_assert_int_eq(svcroute_diags_new(&kube->diags, kube->context), 0);
    ck_assert_int_eq(svcr_source_new(&kube->source, kube->context, SVCR_TEXT("t.yaml")), 0);
    ck_assert_int_eq(svcr_decoder_new(&kube->decoder, kube->context), 0);
    svcr_decoder_set(kube->decoder, kube->source, false, kube->diags);
    svcr_document_init(&kube->document, kube->context);
}

static inline void kube_begin(struct kube *kube)
{
    kube_begin_with(kube, NULL);
}

/* Everything that was allocated has to be gone. */
static inline void kube_end(struct kube *kube)
{
    kube->memory.fail_at = 0;
    svcr_document_clear(&kube->document);
    svcr_decoder_free(kube->decoder);
    svcr_source_unref(kube->context, kube->source);
    svcroute_diags_free(kube->diags);
    svcroute_context_unref(kube->context);
    ck_assert_uint_eq(kube->memory.blocks, 0);
    ck_assert_uint_eq(kube->memory.bytes, 0);
}

/* Reads the first document of a text; the text has to outlive what is done with its root. */
static inline const struct svcroute_node *kube_read(struct kube *kube, const char *text,
                                                    size_t size)
{
    struct svcr_reader *reader;
    ck_assert_int_eq(svcr_reader_open(&reader, kube->context, text, size, SVCR_TEXT("t.yaml"),
                                      SVCROUTE_FORMAT_AUTO, false, 1),
                     0);
    int error = svcr_reader_read(reader, &kube->document, kube->diags);
    ck_assert_msg(error == 0, "cannot read: %s", text);
    svcr_reader_close(reader);
    return &kube->document.nodes[0];
}

static inline struct svcr_object *kube_decode_node(struct kube *kube,
                                                   const struct svcroute_node *node)
{
    struct svcr_object *object;
    kube->error = svcr_decode_object(kube->decoder, node, SVCR_TEXT_ABSENT, SVCR_TEXT_ABSENT,
                                     &kube->what, &object, &kube->name);
    ck_assert((object != NULL) == (kube->error == 0 && kube->what == SVCR_DECODED_OBJECT));
    return object;
}

/* NULL: ignored or rejected, see kube->what. */
static inline struct svcr_object *kube_decode(struct kube *kube, const char *text)
{
    struct svcr_object *object = kube_decode_node(kube, kube_read(kube, text, strlen(text)));
    ck_assert_int_eq(kube->error, 0);
    return object;
}

/* The same, where the object must be a good one without a word said. */
static inline struct svcr_object *kube_must(struct kube *kube, const char *text)
{
    struct svcr_object *object = kube_decode(kube, text);
    if (object == NULL || svcroute_diags_num(kube->diags) > 0) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        svcroute_diags_get(kube->diags, 0, &info);
        ck_abort_msg("%.*s: %.*s", SVCR_ARG(info.field), SVCR_ARG(info.text));
    }
    return object;
}

static inline bool text_is(svcr_text text, const char *expected)
{
    return text.size == strlen(expected) &&
           memcmp(text.data ? text.data : "", expected, text.size) == 0;
}

/* Absent and "" are told apart: NULL stands for absent. */
static inline void check_str(const void *object, struct svcr_str str, const char *expected,
                             const char *file, int line)
{
    svcr_text text = svcr_object_text(object, str);
    bool right =
        expected ? str.offset != 0 && text_is(text, expected) : str.offset == 0 && str.size == 0;
    ck_assert_msg(right, "%s:%d: \"%.*s\" is not \"%s\"", file, line, SVCR_ARG(text),
                  expected ? expected : "(absent)");
}
#define CHECK_STR(object, str, expected) check_str((object), (str), (expected), __FILE__, __LINE__)

static inline void check_position(const void *object, uint32_t place, uint32_t field,
                                  uint32_t at_line, uint32_t at_column, const char *file, int line)
{
    struct svcr_position at = svcr_object_position(object, place, field);
    ck_assert_msg(at.line == at_line && at.column == at_column, "%s:%d: at %u:%u, not %u:%u", file,
                  line, at.line, at.column, at_line, at_column);
}
#define CHECK_AT(object, place, field, line, column)                                               \
    check_position((object), (place), (field), (line), (column), __FILE__, __LINE__)

static inline void check_diag(struct kube *kube, size_t index, enum svcr_diag_id id,
                              uint32_t severity, uint32_t at_line, uint32_t at_column,
                              const char *field, const char *part, const char *file, int line)
{
    struct svcroute_diag_info info = {.size = sizeof(info)};
    ck_assert_msg(svcroute_diags_get(kube->diags, index, &info) == 0, "%s:%d: no diagnostic %zu",
                  file, line, index);
    char text[512];
    size_t size = info.text.size < sizeof(text) ? info.text.size : sizeof(text) - 1;
    memcpy(text, info.text.data, size);
    text[size] = '\0';
    ck_assert_msg(info.id == id && info.severity == severity && info.line == at_line &&
                      info.column == at_column && text_is(info.field, field) &&
                      strstr(text, part) != NULL,
                  "%s:%d: got id %u, severity %u, %u:%u, %.*s: %s", file, line, info.id,
                  info.severity, info.line, info.column, SVCR_ARG(info.field), text);
}
#define CHECK_DIAG(kube, index, id, severity, line, column, field, part)                           \
    check_diag((kube), (index), SVCR_DIAG_##id, SVCROUTE_SEVERITY_##severity, (line), (column),    \
               (field), (part), __FILE__, __LINE__)

/* One document with one thing wrong. */
struct bad {
    const char *text;
    enum svcr_diag_id id;
    uint32_t line, column;
    const char *field, *part;
};

static inline void check_bad(const struct bad *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct kube kube;
        kube_begin(&kube);
        ck_assert_ptr_null(kube_decode(&kube, rows[i].text));
        ck_assert_int_eq(kube.what, SVCR_DECODED_REJECTED);
        ck_assert_msg(svcroute_diags_num(kube.diags) == 1, "row %zu: %zu diagnostics", i,
                      svcroute_diags_num(kube.diags));
        check_diag(&kube, 0, rows[i].id, SVCROUTE_SEVERITY_ERROR, rows[i].line, rows[i].column,
                   rows[i].field, rows[i].part, "row", (int)i);
        kube_end(&kube);
    }
}
#define CHECK_BAD(rows) check_bad((rows), sizeof(rows) / sizeof((rows)[0]))

/* Two texts that mean the same object, whatever they look like. */
static inline void check_same(const char *a, const char *b, bool expected)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *first = kube_must(&kube, a);
    struct svcr_object *second = kube_must(&kube, b);
    ck_assert_int_eq(svcr_object_same(first, second), expected);
    svcr_object_unref(first);
    svcr_object_unref(second);
    kube_end(&kube);
}

static inline Suite *one_case(const char *name, const TTest *const *tests, size_t num)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (size_t i = 0; i < num; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}

#endif
