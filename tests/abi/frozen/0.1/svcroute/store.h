/**
 * @file
 * The store: the Kubernetes objects that the host knows of, typed and checked.
 *
 * Kinds: IngressRoute and TraefikService (traefik.io/v1alpha1), Service, Endpoints and Node (v1),
 * EndpointSlice (discovery.k8s.io/v1), and lists of them. Everything else is ignored. An object that
 * cannot be read is rejected alone: neither its neighbours nor what was stored before suffers.
 */
#ifndef SVCROUTE_STORE_H
#define SVCROUTE_STORE_H

#include <svcroute/document.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The current objects; opaque. One thread at a time. */
struct svcroute_store;

/** A replacement of everything of one kind, staged until it is committed; opaque. */
struct svcroute_relist;

/** Decoder of one watch stream; opaque. One thread at a time. */
struct svcroute_watch;

/** The kinds that a store keeps. */
enum svcroute_kind {
    SVCROUTE_KIND_NONE = 0,
    SVCROUTE_KIND_INGRESS_ROUTE = 1,
    SVCROUTE_KIND_TRAEFIK_SERVICE = 2,
    SVCROUTE_KIND_SERVICE = 3,
    SVCROUTE_KIND_ENDPOINT_SLICE = 4,
    SVCROUTE_KIND_ENDPOINTS = 5,
    SVCROUTE_KIND_NODE = 6
};

/** "IngressRoute" and so on, terminated by NUL; "" for a number that is no kind. Since 0.1. */
SVCROUTE_API const char *svcroute_kind_name(uint32_t kind);

/** The kind with this name, SVCROUTE_KIND_NONE if there is none. Since 0.1. */
SVCROUTE_API uint32_t svcroute_kind_find(const char *data, size_t size);

/** Options of svcroute_store_load(), svcroute_store_apply() and their like. */
struct svcroute_load_options {
    uint32_t size;               /**< sizeof(struct svcroute_load_options) */
    uint32_t flags;              /**< enum svcroute_load_flag */
    struct svcroute_text source; /**< name of the input in diagnostics, copied; may be empty */
    uint32_t format;             /**< enum svcroute_format, for bytes */
    uint32_t reserved;           /**< 0 */
};

/** Flags of struct svcroute_load_options. */
enum svcroute_load_flag {
    SVCROUTE_LOAD_STRICT = 1 /**< fields that no known schema has are errors and reject the object */
};

/** What a load found; filled up to the caller's `size`. Objects inside lists count one by one. */
struct svcroute_load_result {
    uint32_t size;      /**< set by the caller to sizeof(struct svcroute_load_result) */
    uint32_t flags;     /**< 0 */
    uint64_t documents; /**< documents read, good or bad */
    uint64_t accepted;  /**< objects stored, new or changed */
    uint64_t unchanged; /**< objects equal to what was stored, whatever their resourceVersion */
    uint64_t rejected;  /**< objects or documents refused; each with a diagnostic */
    uint64_t ignored;   /**< objects of other kinds, groups or versions */
};

/**
 * Makes an empty store.
 * @param out gets the store, NULL on failure
 * @param context referenced
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_store_new(struct svcroute_store **out, struct svcroute_context *context);

/** Frees a store; tables made from it live on, and so do its watches and relists. NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_store_free(struct svcroute_store *store);

/**
 * Reads all documents of some bytes and stores their objects. Objects that are not named stay.
 * @param store the store
 * @param bytes read during the call only
 * @param size number of bytes
 * @param options NULL = defaults
 * @param result filled even on failure; NULL is allowed
 * @param diags gets what is wrong; NULL is allowed
 *
 * Returns 0 when the stream was read to its end, whatever was rejected on the way (a syntax error
 * that makes the rest unreadable counts as one rejected document). Errors, each with the store as it was before the
 * call: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_LIMIT (input_bytes, objects), SVCROUTE_ERR_INVALID,
 * SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_STRUCT_NEW, SVCROUTE_ERR_CRYPTO. Of two documents with the same kind,
 * namespace and name the later wins, with a diagnostic. Since 0.1.
 */
SVCROUTE_API int svcroute_store_load(struct svcroute_store *store, const void *bytes, size_t size,
                                     const struct svcroute_load_options *options,
                                     struct svcroute_load_result *result,
                                     struct svcroute_diags *diags);

/**
 * Stores the objects of one document (one object, or a list of them), as svcroute_store_load() does.
 * The document is read during the call only. `options->source` and `format` are not looked at.
 *
 * Returns 0, or SVCROUTE_ERR_REJECTED if any object of it was refused (the others are stored), or the
 * errors of svcroute_store_load(), or SVCROUTE_ERR_SEQUENCE for a document that is not complete. Since 0.1.
 */
SVCROUTE_API int svcroute_store_apply(struct svcroute_store *store,
                                      const struct svcroute_document *document,
                                      const struct svcroute_load_options *options,
                                      struct svcroute_load_result *result,
                                      struct svcroute_diags *diags);

/**
 * Removes one object. An empty namespace means "default" (for a Node: none).
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_store_remove(struct svcroute_store *store, uint32_t kind,
                                       struct svcroute_text namespace_, struct svcroute_text name);

/** Where an object came from; texts live until the store changes. */
struct svcroute_object_info {
    uint32_t size;                         /**< set by the caller */
    uint32_t flags;                        /**< 0 */
    struct svcroute_text namespace_;       /**< empty for a Node */
    struct svcroute_text name;             /**< empty for an IngressRoute with a generateName only */
    struct svcroute_text resource_version; /**< as the document had it; may be empty */
    struct svcroute_text source;           /**< name of the input */
    uint32_t kind;                         /**< enum svcroute_kind */
    uint32_t line;                         /**< of the document, from 1; 0 = unknown */
    uint32_t column;                       /**< from 1; 0 = unknown */
    uint32_t reserved;                     /**< 0 */
};

/**
 * Tells of one object; an empty namespace means "default" (for a Node: none).
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_store_get(const struct svcroute_store *store, uint32_t kind,
                                    struct svcroute_text namespace_, struct svcroute_text name,
                                    struct svcroute_object_info *info);

/** Number of objects of a kind; SVCROUTE_KIND_NONE: of all kinds. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_store_num(const struct svcroute_store *store, uint32_t kind);

/**
 * Walks over the objects, in no fixed order: start with `*cursor == 0` and call until
 * SVCROUTE_ERR_END. A change of the store ends the walk (SVCROUTE_ERR_STATE).
 * @param store the store
 * @param kind only this kind; SVCROUTE_KIND_NONE: all
 * @param cursor the place; 0 at the start, then left alone by the caller
 * @param info filled up to its `size`
 *
 * Other errors: SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_store_iterate(const struct svcroute_store *store, uint32_t kind,
                                        uint64_t *cursor, struct svcroute_object_info *info);

/** Goes up by each call that changed anything, the place of an object included; from 1. Does not allocate. Since 0.1. */
SVCROUTE_API uint64_t svcroute_store_get_version(const struct svcroute_store *store);

/* ---- relist ------------------------------------------------------------------------------- */

/**
 * Begins to replace all objects of a kind: what is loaded or applied before the commit is staged,
 * and the commit removes what was not named. Nothing changes before the commit.
 * @param out gets the relist, NULL on failure; ended by commit or abort
 * @param store referenced; other calls may change it meanwhile
 * @param kind the kind, or SVCROUTE_KIND_NONE for all kinds
 * @param namespace_ the namespace, or empty for all; ignored for Nodes
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_relist_begin(struct svcroute_relist **out, struct svcroute_store *store,
                                       uint32_t kind, struct svcroute_text namespace_);

/** As svcroute_store_load(), staged. An object outside the scope is rejected with a diagnostic. Since 0.1. */
SVCROUTE_API int svcroute_relist_load(struct svcroute_relist *relist, const void *bytes, size_t size,
                                      const struct svcroute_load_options *options,
                                      struct svcroute_load_result *result,
                                      struct svcroute_diags *diags);

/** As svcroute_store_apply(), staged. An object outside the scope is rejected with a diagnostic. Since 0.1. */
SVCROUTE_API int svcroute_relist_apply(struct svcroute_relist *relist,
                                       const struct svcroute_document *document,
                                       const struct svcroute_load_options *options,
                                       struct svcroute_load_result *result,
                                       struct svcroute_diags *diags);

/**
 * Makes the store hold, inside the scope, exactly what was staged (an object whose document was rejected
 * keeps what was stored before), and frees the relist. If something was rejected whose kind and name could
 * not be read, nothing is removed, since it may have been any object.
 * @param relist freed on success
 * @param removed gets the number of objects removed; NULL is allowed
 *
 * Errors, with the store and the relist as before: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_LIMIT. Since 0.1.
 */
SVCROUTE_API int svcroute_relist_commit(struct svcroute_relist *relist, uint64_t *removed);

/** Drops what was staged and frees the relist; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_relist_abort(struct svcroute_relist *relist);

/* ---- watch -------------------------------------------------------------------------------- */

/**
 * Makes a decoder of the JSON lines that the API server sends on a watch: ADDED, MODIFIED, DELETED,
 * BOOKMARK, ERROR.
 * @param out gets the decoder, NULL on failure
 * @param store gets the objects; referenced
 * @param options source name and strictness, copied; NULL = defaults
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_STRUCT_NEW. Since 0.1.
 */
SVCROUTE_API int svcroute_watch_new(struct svcroute_watch **out, struct svcroute_store *store,
                                    const struct svcroute_load_options *options);

/** Frees a decoder; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_watch_free(struct svcroute_watch *watch);

/**
 * Takes the next bytes of the stream, cut anywhere; every complete line is applied at once. A line that
 * is no event, or longer than `input_bytes`, is skipped with a diagnostic; the next one is read as usual. An
 * object with the content that is stored already counts as unchanged and leaves the stored one in its place, position
 * included; so does the removal of an object that is not there.
 * @param watch the decoder
 * @param bytes read during the call only
 * @param size number of bytes
 * @param result counts of this call; NULL is allowed
 * @param diags gets what is wrong; NULL is allowed
 *
 * Errors: SVCROUTE_ERR_START_OVER (an ERROR event, as with code 410; all later bytes are
 * refused with the same code until svcroute_watch_restart()); SVCROUTE_ERR_NOMEM and SVCROUTE_ERR_LIMIT
 * (the line that failed is not applied and what followed it in this call is not read, so later bytes are refused
 * with SVCROUTE_ERR_START_OVER: list again and restart); SVCROUTE_ERR_INVALID; SVCROUTE_ERR_STRUCT_SIZE. Since 0.1.
 */
SVCROUTE_API int svcroute_watch_feed(struct svcroute_watch *watch, const void *bytes, size_t size,
                                     struct svcroute_load_result *result,
                                     struct svcroute_diags *diags);

/** The last resourceVersion seen, empty before the first; valid until the next feed. Since 0.1. */
SVCROUTE_API struct svcroute_text
svcroute_watch_get_resource_version(const struct svcroute_watch *watch);

/**
 * Forgets half a line and an ERROR, for a new connection.
 * @param watch the decoder
 * @param resource_version the version that the new watch starts from, as a list gave it; copied; empty
 *        keeps the last one seen
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_watch_restart(struct svcroute_watch *watch,
                                        struct svcroute_text resource_version);

#ifdef __cplusplus
}
#endif

#endif
