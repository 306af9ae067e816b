/* Checks of documents that the targets of both readers make. */
#ifndef FUZZ_DOCUMENT_H
#define FUZZ_DOCUMENT_H

#include "fuzz.h"

/* A document must be walkable to its end, each node counted once. Recursion: as deep as the limit
 * of the context allows documents to be. */
static inline void fuzz_walk(const struct svcroute_node *node)
{
    uint32_t kind = svcroute_node_get_kind(node);
    size_t num = 0;
    if (kind != SVCROUTE_NODE_LIST && kind != SVCROUTE_NODE_MAP) {
        struct svcroute_text text = svcroute_node_get_text(node);
        int64_t integer;
        double number;
        MUST(text.data != NULL || text.size == 0);
        (void)svcroute_node_get_integer(node, &integer);
        (void)svcroute_node_get_double(node, &number);
        return;
    }
    for (const struct svcroute_node *child = svcroute_node_first(node); child != NULL;
         child = svcroute_node_next(node, child)) {
        const struct svcroute_node *value = child;
        MUST(svcroute_node_get_line(child) != 0 && svcroute_node_get_column(child) != 0);
        if (kind == SVCROUTE_NODE_MAP) {
            struct svcroute_text key = svcroute_node_get_text(child);
            value = svcroute_node_get_value(child);
            MUST(svcroute_node_find(node, key.data, key.size) == value);
        }
        fuzz_walk(value);
        num++;
    }
    MUST(num == svcroute_node_num(node));
}

/* Repeats a node in a builder's document. Recursion as above. */
static inline void fuzz_rebuild(struct svcroute_document *document,
                                const struct svcroute_node *node)
{
    struct svcroute_text text = svcroute_node_get_text(node);
    switch (svcroute_node_get_kind(node)) {
    case SVCROUTE_NODE_NULL:
        svcroute_document_null(document);
        return;
    case SVCROUTE_NODE_BOOLEAN:
        svcroute_document_boolean(document, svcroute_node_get_boolean(node));
        return;
    case SVCROUTE_NODE_INTEGER:
    case SVCROUTE_NODE_NUMBER:
        svcroute_document_number(document, text.data, text.size);
        return;
    case SVCROUTE_NODE_STRING:
        svcroute_document_string(document, text.data, text.size);
        return;
    default:
        break;
    }
    bool map = svcroute_node_get_kind(node) == SVCROUTE_NODE_MAP;
    (void)(map ? svcroute_document_begin_map(document) : svcroute_document_begin_list(document));
    for (const struct svcroute_node *child = svcroute_node_first(node); child != NULL;
         child = svcroute_node_next(node, child)) {
        if (map) {
            struct svcroute_text key = svcroute_node_get_text(child);
            svcroute_document_key(document, key.data, key.size);
        }
        fuzz_rebuild(document, map ? svcroute_node_get_value(child) : child);
    }
    svcroute_document_end(document);
}

/* What loading bytes comes to, and what it comes to document by document, through readers alone or
 * through readers and a builder: that must be the same. */
struct fuzz_outcome {
    struct svcroute_load_result result;
    size_t objects[SVCROUTE_KIND_NODE + 1];
};

static inline void fuzz_count(struct fuzz_outcome *outcome, struct svcroute_store *store)
{
    for (uint32_t kind = 0; kind <= SVCROUTE_KIND_NODE; kind++) {
        outcome->objects[kind] = svcroute_store_num(store, kind);
    }
}

static inline int fuzz_load(struct svcroute_context *context, struct input input, uint32_t format,
                            bool strict, struct fuzz_outcome *outcome)
{
    struct svcroute_load_options options = fuzz_load_options(format, strict);
    struct svcroute_store *store;
    struct svcroute_diags *diags;
    *outcome = (struct fuzz_outcome){.result = {.size = sizeof(outcome->result)}};
    MUST(svcroute_store_new(&store, context) == 0 && svcroute_diags_new(&diags, context) == 0);
    int error =
        svcroute_store_load(store, input.text, input.size, &options, &outcome->result, diags);
    fuzz_check_diags(diags);
    MUST(outcome->result.rejected == 0 || svcroute_diags_num(diags) != 0 ||
         svcroute_diags_num_dropped(diags) != 0);
    if (error == 0) { /* the same again changes nothing */
        uint64_t version = svcroute_store_get_version(store);
        MUST(svcroute_store_load(store, input.text, input.size, &options, NULL, NULL) == 0);
        MUST(svcroute_store_get_version(store) == version);
    } else {
        MUST(svcroute_store_num(store, SVCROUTE_KIND_NONE) == 0);
    }
    fuzz_count(outcome, store);
    svcroute_diags_free(diags);
    svcroute_store_free(store);
    return error;
}

static inline void fuzz_add(struct svcroute_load_result *sum,
                            const struct svcroute_load_result *part)
{
    sum->documents += part->documents;
    sum->accepted += part->accepted;
    sum->unchanged += part->unchanged;
    sum->rejected += part->rejected;
    sum->ignored += part->ignored;
}

static inline int fuzz_apply(struct svcroute_store *store, struct svcroute_context *context,
                             const struct svcroute_document *document, bool rebuild, bool strict,
                             struct svcroute_load_result *result)
{
    struct svcroute_load_options options = fuzz_load_options(0, strict);
    struct svcroute_document *copy = NULL;
    if (rebuild) {
        MUST(svcroute_document_new(&copy, context, options.source) == 0);
        fuzz_rebuild(copy, svcroute_document_get_root(document));
        MUST(svcroute_document_get_error(copy) == 0);
    }
    int error = svcroute_store_apply(store, copy != NULL ? copy : document, &options, result, NULL);
    svcroute_document_free(copy);
    return error;
}

/* Document by document; gives the number of documents that could not be read. */
static inline int fuzz_load_each(struct svcroute_context *context, struct input input,
                                 uint32_t format, bool strict, bool rebuild,
                                 struct fuzz_outcome *outcome)
{
    struct svcroute_text source = {"input", 5};
    struct svcroute_reader *reader;
    struct svcroute_store *store;
    int error = 0;
    *outcome = (struct fuzz_outcome){.result = {.size = sizeof(outcome->result)}};
    MUST(svcroute_store_new(&store, context) == 0);
    MUST(svcroute_reader_new(&reader, context, input.text, input.size, source, format) == 0);
    for (;;) {
        struct svcroute_load_result part = {.size = sizeof(part)};
        struct svcroute_document *document;
        int read = svcroute_reader_next(reader, &document, NULL);
        if (read == SVCROUTE_ERR_END) {
            break;
        }
        if (read != 0) {
            MUST(document == NULL && read != SVCROUTE_ERR_NOMEM);
            part.documents = part.rejected = 1;
        } else {
            fuzz_walk(svcroute_document_get_root(document));
            int applied = fuzz_apply(store, context, document, rebuild, strict, &part);
            MUST(applied == (part.rejected != 0 ? SVCROUTE_ERR_REJECTED : 0) ||
                 applied == SVCROUTE_ERR_LIMIT);
            error = applied == SVCROUTE_ERR_LIMIT ? applied : error;
            svcroute_document_free(document);
        }
        fuzz_add(&outcome->result, &part);
    }
    fuzz_count(outcome, store);
    svcroute_reader_free(reader);
    svcroute_store_free(store);
    return error;
}

static inline void fuzz_check_same(const struct fuzz_outcome *a, const struct fuzz_outcome *b)
{
    MUST(a->result.documents == b->result.documents);
    MUST(a->result.rejected == b->result.rejected);
    MUST(a->result.ignored == b->result.ignored);
    MUST(a->result.accepted + a->result.unchanged == b->result.accepted + b->result.unchanged);
    MUST(memcmp(a->objects, b->objects, sizeof(a->objects)) == 0);
}

/* The whole check of one input; without strictness, which tells unknown tags in the reader too. */
static inline void fuzz_both_ways(struct input input, uint32_t format)
{
    bool tight = (input.options & 1) != 0;
    bool strict = (input.options & 2) != 0;
    bool rebuild = (input.options & 4) != 0;
    struct svcroute_context *context = fuzz_context(tight);
    struct fuzz_outcome whole, each;
    int error = fuzz_load(context, input, format, strict, &whole);
    int other = fuzz_load_each(context, input, format, strict, rebuild, &each);
    MUST(error == 0 || error == SVCROUTE_ERR_LIMIT);
    if (error == 0 && other == 0 && !(strict && format != SVCROUTE_FORMAT_JSON)) {
        fuzz_check_same(&whole, &each);
    }
    svcroute_context_unref(context);
}

#endif
