/**
 * @file
 * Documents: parsed trees of maps, lists and scalars, read from bytes or built call by call.
 *
 * A document read from YAML has its scalars typed as the Kubernetes API server types them: `yes` is a
 * boolean, `80` an integer, `"80"` a string.
 */
#ifndef SVCROUTE_DOCUMENT_H
#define SVCROUTE_DOCUMENT_H

#include <svcroute/context.h>
#include <svcroute/diag.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One document: a tree with positions; opaque. One thread at a time; reading: any number. */
struct svcroute_document;

/** Reads a stream of documents from bytes; opaque. One thread at a time. */
struct svcroute_reader;

/** One node of a document; opaque, owned by its document, valid until that changes or is freed. */
struct svcroute_node;

/** What a node is. */
enum svcroute_node_kind {
    SVCROUTE_NODE_NULL = 0,
    SVCROUTE_NODE_BOOLEAN = 1,
    SVCROUTE_NODE_INTEGER = 2, /**< a whole number of any size; its text is exact */
    SVCROUTE_NODE_NUMBER = 3,  /**< any other number */
    SVCROUTE_NODE_STRING = 4,
    SVCROUTE_NODE_LIST = 5,
    SVCROUTE_NODE_MAP = 6
};

/** How bytes are to be read. */
enum svcroute_format {
    SVCROUTE_FORMAT_AUTO = 0, /**< JSON if the first byte that is no blank is '{' or '[', else YAML */
    SVCROUTE_FORMAT_YAML = 1, /**< YAML 1.1 as Kubernetes reads it, documents separated by "---" */
    SVCROUTE_FORMAT_JSON = 2  /**< RFC 8259 to the letter; values follow each other, blanks between */
};

/* ---- reader ------------------------------------------------------------------------------- */

/**
 * Makes a reader over a copy of the bytes.
 * @param out gets the reader, NULL on failure
 * @param context referenced
 * @param bytes copied; a BOM at the start is skipped; NULL is allowed if `size` is 0
 * @param size number of bytes
 * @param source name used in diagnostics, copied
 * @param format enum svcroute_format
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_LIMIT (more than
 * `input_bytes`, or than 4 GiB). Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_reader_new(struct svcroute_reader **out, struct svcroute_context *context,
                                     const void *bytes, size_t size, struct svcroute_text source,
                                     uint32_t format);

/** Frees a reader; documents that it gave live on. NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_reader_free(struct svcroute_reader *reader);

/**
 * Reads the next document.
 * @param reader the reader
 * @param out gets a document owned by the caller (svcroute_document_free()), NULL unless 0 is returned
 * @param diags gets what is wrong; NULL is allowed
 *
 * Returns 0 or: SVCROUTE_ERR_END after the last one; SVCROUTE_ERR_SYNTAX (the rest of a YAML stream
 * is lost, since its documents cannot be told apart any more; JSON goes on at the next line that
 * begins with '{' or '['; so call again until SVCROUTE_ERR_END); SVCROUTE_ERR_REJECTED (this document breaks a rule, such as a
 * duplicate key; the next call goes on behind it); SVCROUTE_ERR_LIMIT (depth, nodes or aliases; goes on
 * behind it where that can be found, else the stream ends); SVCROUTE_ERR_NOMEM (the reader stands where
 * it stood for JSON; a YAML stream is lost). Since 0.1.
 */
SVCROUTE_API int svcroute_reader_next(struct svcroute_reader *reader, struct svcroute_document **out,
                                      struct svcroute_diags *diags);

/* ---- builder ------------------------------------------------------------------------------ */

/**
 * Makes an empty document, to be filled by the calls below: one value, which may be a map or a list.
 *
 * Every call returns 0 or an error, and the first error sticks: later calls return it again and
 * change nothing, until svcroute_document_reset(). So a binding may check the last call alone.
 * Errors of each: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_SEQUENCE (a value without a key in a map, a key
 * outside a map, an end without a begin, a second root), SVCROUTE_ERR_LIMIT (depth, nodes),
 * SVCROUTE_ERR_INVALID (text that is not UTF-8, a key given twice, a number that is none).
 *
 * @param out gets the document, NULL on failure
 * @param context referenced
 * @param source name used in diagnostics, copied
 *
 * Errors of this call: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_document_new(struct svcroute_document **out,
                                       struct svcroute_context *context,
                                       struct svcroute_text source);

/** Frees a document; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_document_free(struct svcroute_document *document);

/** Empties a document, forgets its error and keeps its memory for the next filling. Since 0.1. */
SVCROUTE_API void svcroute_document_reset(struct svcroute_document *document);

/** Opens a map; its entries follow as key, value, key, value; closed by svcroute_document_end(). */
SVCROUTE_API int svcroute_document_begin_map(struct svcroute_document *document);

/** Opens a list; its elements follow; closed by svcroute_document_end(). */
SVCROUTE_API int svcroute_document_begin_list(struct svcroute_document *document);

/** Closes the innermost open map or list. Here a key that a map has twice is found. */
SVCROUTE_API int svcroute_document_end(struct svcroute_document *document);

/** Names the next entry of the open map; the text is copied. */
SVCROUTE_API int svcroute_document_key(struct svcroute_document *document, const char *data,
                                       size_t size);

/** Adds a string; the text is copied. */
SVCROUTE_API int svcroute_document_string(struct svcroute_document *document, const char *data,
                                          size_t size);

/** Adds an integer. */
SVCROUTE_API int svcroute_document_integer(struct svcroute_document *document, int64_t value);

/** Adds a number given as text in the form of JSON, kept exactly; the text is copied. */
SVCROUTE_API int svcroute_document_number(struct svcroute_document *document, const char *data,
                                          size_t size);

/** Adds a double; one with a whole value is an integer. NaN and infinities: SVCROUTE_ERR_INVALID. */
SVCROUTE_API int svcroute_document_double(struct svcroute_document *document, double value);

/** Adds a boolean. */
SVCROUTE_API int svcroute_document_boolean(struct svcroute_document *document, bool value);

/** Adds a null. */
SVCROUTE_API int svcroute_document_null(struct svcroute_document *document);

/**
 * Sets the position of the next key, value or begin; later ones keep it until it is set again.
 * @param document the document
 * @param line from 1; 0 = unknown
 * @param column in characters, from 1; 0 = unknown
 */
SVCROUTE_API int svcroute_document_set_position(struct svcroute_document *document, uint32_t line,
                                                uint32_t column);

/**
 * The sticking error, or 0; SVCROUTE_ERR_SEQUENCE if nothing was added or something is still open.
 * Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_document_get_error(const struct svcroute_document *document);

/* ---- walk --------------------------------------------------------------------------------- */

/** The root of a complete document, else NULL. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_node *
svcroute_document_get_root(const struct svcroute_document *document);

/** What a node is: enum svcroute_node_kind; NULL counts as null. Does not allocate. Since 0.1. */
SVCROUTE_API uint32_t svcroute_node_get_kind(const struct svcroute_node *node);

/** Number of elements of a list or entries of a map; else 0. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_node_num(const struct svcroute_node *node);

/**
 * Text of a node: a string's characters, a number's exact text in the form of JSON, "true", "false",
 * "null"; empty for lists and maps. Valid as long as the node. Does not allocate. Since 0.1.
 */
SVCROUTE_API struct svcroute_text svcroute_node_get_text(const struct svcroute_node *node);

/** The value of a boolean; else false. Does not allocate. Since 0.1. */
SVCROUTE_API bool svcroute_node_get_boolean(const struct svcroute_node *node);

/**
 * The value of an integer.
 * Errors: SVCROUTE_ERR_NOT_FOUND (not an integer, or outside 64 bits with sign),
 * SVCROUTE_ERR_INVALID (`value` NULL). Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_node_get_integer(const struct svcroute_node *node, int64_t *value);

/**
 * The value of an integer or number, rounded to the nearest double.
 * Errors: SVCROUTE_ERR_NOT_FOUND (not a number), SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_node_get_double(const struct svcroute_node *node, double *value);

/** Line of a node, from 1; 0 = unknown. Does not allocate. Since 0.1. */
SVCROUTE_API uint32_t svcroute_node_get_line(const struct svcroute_node *node);

/** Column of a node in characters, from 1; 0 = unknown. Does not allocate. Since 0.1. */
SVCROUTE_API uint32_t svcroute_node_get_column(const struct svcroute_node *node);

/** First element of a list, first key of a map; NULL if there is none. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_node *svcroute_node_first(const struct svcroute_node *container);

/**
 * What follows `child` in `container`: the next element, or for a map the next key (`child` being a
 * key); NULL at the end. Does not allocate, one step. Since 0.1.
 */
SVCROUTE_API const struct svcroute_node *svcroute_node_next(const struct svcroute_node *container,
                                                            const struct svcroute_node *child);

/** The value that belongs to a key that svcroute_node_first() or _next() gave. Since 0.1. */
SVCROUTE_API const struct svcroute_node *svcroute_node_get_value(const struct svcroute_node *key);

/** The value of a map's entry; NULL if there is none. Steps: the entries. Since 0.1. */
SVCROUTE_API const struct svcroute_node *svcroute_node_find(const struct svcroute_node *map,
                                                            const char *key, size_t size);

#ifdef __cplusplus
}
#endif

#endif
