/* The builder: a document made call by call. The first error sticks. */
#include "document/decimal.h"
#include "document/scalar.h"
#include "document/syntax.h"
#include "document/tree.h"

static int fail(struct svcroute_document *document, int error)
{
    document->error = error;
    return error;
}

static struct svcr_open *innermost(struct svcroute_document *document)
{
    return document->num_open > 0 ? &document->open[document->num_open - 1] : NULL;
}

static bool is_map(const struct svcroute_document *document, const struct svcr_open *open)
{
    return document->nodes[open->node].kind == SVCROUTE_NODE_MAP;
}

/* Appends a node where a value may stand. */
static int add_value(struct svcroute_document *document, uint32_t kind, struct svcroute_node **out)
{
    if (document == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (document->error != SVCROUTE_OK) {
        return document->error;
    }
    struct svcr_open *open = innermost(document);
    if (open == NULL ? document->num > 0 : is_map(document, open) && !open->has_key) {
        return fail(document, SVCROUTE_ERR_SEQUENCE);
    }
    int status = svcr_tree_add(document, kind, document->line, document->column, out);
    if (status != SVCROUTE_OK) {
        return fail(document, status);
    }
    if (open != NULL) {
        open->entries++;
        open->has_key = false;
    }
    return SVCROUTE_OK;
}

/* Copies a text into the document for a node that was just added. */
static int set_text(struct svcroute_document *document, struct svcroute_node *node, uint32_t kind,
                    const char *data, size_t size)
{
    char *copy = svcr_arena_copy(&document->texts, data, size);
    int status = copy == NULL ? SVCROUTE_ERR_NOMEM
                              : svcr_scalar_set_text(node, kind, (svcr_text){copy, size});
    return status == SVCROUTE_OK ? SVCROUTE_OK : fail(document, status);
}

static int begin(struct svcroute_document *document, uint32_t kind)
{
    struct svcroute_node *node;
    int status = add_value(document, kind, &node);
    if (status == SVCROUTE_OK) {
        status = svcr_tree_open(document);
        if (status != SVCROUTE_OK) {
            return fail(document, status);
        }
    }
    return status;
}

int svcroute_document_begin_map(struct svcroute_document *document)
{
    return begin(document, SVCROUTE_NODE_MAP);
}

int svcroute_document_begin_list(struct svcroute_document *document)
{
    return begin(document, SVCROUTE_NODE_LIST);
}

int svcroute_document_end(struct svcroute_document *document)
{
    if (document == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (document->error != SVCROUTE_OK) {
        return document->error;
    }
    struct svcr_open *open = innermost(document);
    if (open == NULL || open->has_key) {
        return fail(document, SVCROUTE_ERR_SEQUENCE);
    }
    if (is_map(document, open)) {
        size_t first, second;
        int status = svcr_tree_find_duplicate(document, &first, &second);
        if (status != SVCROUTE_OK) {
            return fail(document, status == SVCROUTE_ERR_REJECTED ? SVCROUTE_ERR_INVALID : status);
        }
    }
    svcr_tree_close(document);
    return SVCROUTE_OK;
}

int svcroute_document_key(struct svcroute_document *document, const char *data, size_t size)
{
    if (document == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (document->error != SVCROUTE_OK) {
        return document->error;
    }
    struct svcr_open *open = innermost(document);
    if (open == NULL || !is_map(document, open) || open->has_key) {
        return fail(document, SVCROUTE_ERR_SEQUENCE);
    }
    if ((data == NULL && size > 0) || !svcr_utf8_valid(data, size)) {
        return fail(document, SVCROUTE_ERR_INVALID);
    }
    struct svcroute_node *node;
    int status =
        svcr_tree_add(document, SVCROUTE_NODE_STRING, document->line, document->column, &node);
    if (status != SVCROUTE_OK) {
        return fail(document, status);
    }
    node->flags = SVCR_NODE_KEY;
    status = set_text(document, node, SVCROUTE_NODE_STRING, data, size);
    if (status != SVCROUTE_OK) {
        return status;
    }
    status = svcr_tree_add_key(document, node);
    if (status != SVCROUTE_OK) {
        return fail(document, status);
    }
    open->has_key = true;
    return SVCROUTE_OK;
}

int svcroute_document_string(struct svcroute_document *document, const char *data, size_t size)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_STRING, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if ((data == NULL && size > 0) || !svcr_utf8_valid(data, size)) {
        return fail(document, SVCROUTE_ERR_INVALID);
    }
    return set_text(document, node, SVCROUTE_NODE_STRING, data, size);
}

int svcroute_document_integer(struct svcroute_document *document, int64_t value)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_INTEGER, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    char text[24];
    char *at = text + sizeof text;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    return set_text(document, node, SVCROUTE_NODE_INTEGER, at, (size_t)(text + sizeof text - at));
}

int svcroute_document_number(struct svcroute_document *document, const char *data, size_t size)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_NUMBER, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    bool whole;
    if (data == NULL || size == 0 || svcr_json_number(data, data + size, &whole) != data + size) {
        return fail(document, SVCROUTE_ERR_INVALID);
    }
    return set_text(document, node, whole ? SVCROUTE_NODE_INTEGER : SVCROUTE_NODE_NUMBER, data,
                    size);
}

int svcroute_document_double(struct svcroute_document *document, double value)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_NUMBER, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (!(value - value == 0)) { /* NaN and the infinities */
        return fail(document, SVCROUTE_ERR_INVALID);
    }
    char text[SVCR_DECIMAL_MAX];
    size_t size = svcr_decimal_format(value, SVCR_DECIMAL_JSON, text);
    bool whole;
    (void)svcr_json_number(text, text + size, &whole);
    return set_text(document, node, whole ? SVCROUTE_NODE_INTEGER : SVCROUTE_NODE_NUMBER, text,
                    size);
}

int svcroute_document_boolean(struct svcroute_document *document, bool value)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_BOOLEAN, &node);
    if (status == SVCROUTE_OK) {
        svcr_scalar_set_boolean(node, value);
    }
    return status;
}

int svcroute_document_null(struct svcroute_document *document)
{
    struct svcroute_node *node;
    int status = add_value(document, SVCROUTE_NODE_NULL, &node);
    if (status == SVCROUTE_OK) {
        svcr_scalar_set_null(node);
    }
    return status;
}

int svcroute_document_set_position(struct svcroute_document *document, uint32_t line,
                                   uint32_t column)
{
    if (document == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (document->error == SVCROUTE_OK) {
        document->line = line;
        document->column = column;
    }
    return document->error;
}

int svcroute_document_get_error(const struct svcroute_document *document)
{
    if (document == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (document->error != SVCROUTE_OK) {
        return document->error;
    }
    return document->num == 0 || document->num_open > 0 ? SVCROUTE_ERR_SEQUENCE : SVCROUTE_OK;
}
