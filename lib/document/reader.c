/* Readers: which form the bytes have, the two kinds of reader, and the public one over a copy. */
#include "document/reader.h"

#include "base/context.h"
#include "base/memory.h"
#include "document/bytes.h"
#include "document/syntax.h"

struct svcr_reader {
    struct svcr_input input;
    struct svcr_yaml *yaml; /* NULL: JSON */
    struct svcr_json json;
};

struct svcroute_reader {
    struct svcroute_context *context;
    struct svcr_bytes *bytes;
    struct svcr_reader *reader;
};

static bool looks_like_json(const char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size &&
           (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\n' || bytes[at] == '\r')) {
        at++;
    }
    return at < size && (bytes[at] == '{' || bytes[at] == '[');
}

int svcr_reader_open(struct svcr_reader **out, struct svcroute_context *context, const char *bytes,
                     size_t size, svcr_text source, uint32_t format, bool strict,
                     uint32_t first_line)
{
    *out = NULL;
    if (size > context->limits.input_bytes || size > UINT32_MAX) {
        return SVCROUTE_ERR_LIMIT;
    }
    struct svcr_reader *reader = svcr_zalloc(context, sizeof *reader);
    if (reader == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    bytes = size > 0 ? bytes : "";
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    reader->input = (struct svcr_input){.context = svcroute_context_ref(context),
                                        .bytes = bytes,
                                        .size = size,
                                        .source = source,
                                        .first_line = first_line,
                                        .strict = strict};
    if (format == SVCROUTE_FORMAT_JSON ||
        (format == SVCROUTE_FORMAT_AUTO && looks_like_json(bytes, size))) {
        svcr_json_open(&reader->json, &reader->input);
    } else {
        int status = svcr_yaml_open(&reader->yaml, &reader->input);
        if (status != SVCROUTE_OK) {
            svcr_reader_close(reader);
            return status;
        }
    }
    *out = reader;
    return SVCROUTE_OK;
}

void svcr_reader_close(struct svcr_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    struct svcroute_context *context = reader->input.context;
    svcr_yaml_close(reader->yaml);
    svcr_release(context, reader, sizeof *reader);
    svcroute_context_unref(context);
}

void svcr_reader_offer_items(struct svcr_reader *reader, svcr_take_item *take, void *user)
{
    reader->input.take = take;
    reader->input.user = user;
}

int svcr_reader_read(struct svcr_reader *reader, struct svcroute_document *document,
                     struct svcroute_diags *diags)
{
    svcroute_document_reset(document);
    document->source = reader->input.source;
    return reader->yaml != NULL ? svcr_yaml_read(reader->yaml, document, diags)
                                : svcr_json_read(&reader->json, &reader->input, document, diags);
}

/* ---- public -------------------------------------------------------------------------------- */

int svcroute_reader_new(struct svcroute_reader **out, struct svcroute_context *context,
                        const void *bytes, size_t size, struct svcroute_text source,
                        uint32_t format)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (context == NULL || (bytes == NULL && size > 0) ||
        (source.data == NULL && source.size > 0) || format > SVCROUTE_FORMAT_JSON) {
        return SVCROUTE_ERR_INVALID;
    }
    if (size > context->limits.input_bytes) {
        return SVCROUTE_ERR_LIMIT;
    }
    struct svcroute_reader *reader = svcr_zalloc(context, sizeof *reader);
    if (reader == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    reader->context = svcroute_context_ref(context);
    reader->bytes = svcr_bytes_new(context, source, (svcr_text){bytes, size});
    int status = SVCROUTE_ERR_NOMEM;
    if (reader->bytes != NULL) {
        status = svcr_reader_open(&reader->reader, context, reader->bytes->text.data, size,
                                  reader->bytes->source, format, false, 1);
    }
    if (status != SVCROUTE_OK) {
        svcroute_reader_free(reader);
        return status;
    }
    *out = reader;
    return SVCROUTE_OK;
}

void svcroute_reader_free(struct svcroute_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    struct svcroute_context *context = reader->context;
    svcr_reader_close(reader->reader);
    svcr_bytes_unref(context, reader->bytes);
    svcr_release(context, reader, sizeof *reader);
    svcroute_context_unref(context);
}

int svcroute_reader_next(struct svcroute_reader *reader, struct svcroute_document **out,
                         struct svcroute_diags *diags)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (reader == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_document *document = svcr_alloc(reader->context, sizeof *document);
    if (document == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_document_init(document, reader->context);
    document->bytes = svcr_bytes_ref(reader->bytes);
    int status = svcr_reader_read(reader->reader, document, diags);
    if (status != SVCROUTE_OK) {
        svcroute_document_free(document);
        return status;
    }
    *out = document;
    return SVCROUTE_OK;
}
