/* The life of a document: made, emptied, freed; and of the bytes that it points into. */
#include "document/bytes.h"
#include "document/reader.h"

#include "base/memory.h"

struct svcr_bytes *svcr_bytes_new(struct svcroute_context *context, svcr_text source,
                                  svcr_text text)
{
    size_t total = 0;
    if (!svcr_size_add(source.size, text.size, &total) ||
        !svcr_size_add(total, sizeof(struct svcr_bytes), &total)) {
        return NULL;
    }
    struct svcr_bytes *bytes = svcr_alloc(context, total);
    if (bytes == NULL) {
        return NULL;
    }
    svcr_refs_init(&bytes->refs);
    bytes->total = total;
    bytes->source = (svcr_text){bytes->data, source.size};
    bytes->text = (svcr_text){bytes->data + source.size, text.size};
    if (source.size > 0) {
        memcpy(bytes->data, source.data, source.size);
    }
    if (text.size > 0) {
        memcpy(bytes->data + source.size, text.data, text.size);
    }
    return bytes;
}

struct svcr_bytes *svcr_bytes_ref(struct svcr_bytes *bytes)
{
    svcr_refs_take(&bytes->refs);
    return bytes;
}

void svcr_bytes_unref(struct svcroute_context *context, struct svcr_bytes *bytes)
{
    if (bytes != NULL && svcr_refs_drop(&bytes->refs)) {
        svcr_release(context, bytes, bytes->total);
    }
}

void svcr_document_init(struct svcroute_document *document, struct svcroute_context *context)
{
    *document = (struct svcroute_document){.context = svcroute_context_ref(context)};
    svcr_arena_init(&document->texts, context);
}

void svcr_document_clear(struct svcroute_document *document)
{
    struct svcroute_context *context = document->context;
    svcr_release(context, document->nodes, document->capacity * sizeof *document->nodes);
    svcr_release(context, document->open, document->open_capacity * sizeof *document->open);
    svcr_release(context, document->keys, document->key_capacity * sizeof *document->keys);
    svcr_release(context, document->slots, document->slot_capacity * sizeof *document->slots);
    svcr_arena_clear(&document->texts);
    svcr_bytes_unref(context, document->bytes);
    svcroute_context_unref(context);
    *document = (struct svcroute_document){0};
}

int svcroute_document_new(struct svcroute_document **out, struct svcroute_context *context,
                          struct svcroute_text source)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (context == NULL || (source.data == NULL && source.size > 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_document *document = svcr_alloc(context, sizeof *document);
    if (document == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct svcr_bytes *bytes = svcr_bytes_new(context, source, SVCR_TEXT_ABSENT);
    if (bytes == NULL) {
        svcr_release(context, document, sizeof *document);
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_document_init(document, context);
    document->bytes = bytes;
    document->source = bytes->source;
    *out = document;
    return SVCROUTE_OK;
}

void svcroute_document_free(struct svcroute_document *document)
{
    if (document == NULL) {
        return;
    }
    struct svcroute_context *context = svcroute_context_ref(document->context);
    svcr_document_clear(document);
    svcr_release(context, document, sizeof *document);
    svcroute_context_unref(context);
}

void svcroute_document_reset(struct svcroute_document *document)
{
    if (document == NULL) {
        return;
    }
    document->num = 0;
    document->taken = 0;
    document->num_open = 0;
    document->num_keys = 0;
    document->error = SVCROUTE_OK;
    document->line = 0;
    document->column = 0;
    svcr_arena_reset(&document->texts);
}
