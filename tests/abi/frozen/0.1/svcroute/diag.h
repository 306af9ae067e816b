/**
 * @file
 * Diagnostics: what is wrong in the documents, where, and what would mend it.
 */
#ifndef SVCROUTE_DIAG_H
#define SVCROUTE_DIAG_H

#include <svcroute/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of diagnostics; opaque. One thread at a time. */
struct svcroute_diags;

/** How bad it is. */
enum svcroute_severity {
    SVCROUTE_SEVERITY_INFO = 1,    /**< nothing is lost */
    SVCROUTE_SEVERITY_WARNING = 2, /**< works, but probably not as meant */
    SVCROUTE_SEVERITY_ERROR = 3    /**< an object, a route, a service or a server was lost */
};

/**
 * One diagnostic. Filled by svcroute_diags_get(); its texts live as long as the list (and at least
 * until svcroute_diags_clear()).
 */
struct svcroute_diag_info {
    uint32_t size;                  /**< set by the caller to sizeof(struct svcroute_diag_info) */
    uint32_t flags;                 /**< 0 */
    uint32_t id;                    /**< stable number of the kind of diagnostic; docs/diagnostics.md */
    uint32_t severity;              /**< enum svcroute_severity */
    uint32_t line;                  /**< from 1; 0 = unknown */
    uint32_t column;                /**< in characters, from 1; 0 = unknown */
    struct svcroute_text id_name;   /**< stable name of the same, such as "port-not-found" */
    struct svcroute_text source;    /**< name of the input as the host gave it; may be empty */
    struct svcroute_text kind;      /**< of the object, such as "IngressRoute"; may be empty */
    struct svcroute_text namespace_; /**< of the object; may be empty */
    struct svcroute_text name;      /**< of the object; may be empty */
    struct svcroute_text field;     /**< path such as "spec.routes[0].services[1].port"; may be empty */
    struct svcroute_text text;      /**< finished sentence, with the way out where there is one */
};

/**
 * Makes an empty list.
 * @param out gets the list, NULL on failure; freed by svcroute_diags_free()
 * @param context referenced
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID (an argument is NULL). Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_diags_new(struct svcroute_diags **out, struct svcroute_context *context);

/** Frees a list; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_diags_free(struct svcroute_diags *diags);

/** Empties a list and its counters. Since 0.1. */
SVCROUTE_API void svcroute_diags_clear(struct svcroute_diags *diags);

/** Number of diagnostics in the list. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_diags_num(const struct svcroute_diags *diags);

/**
 * Number of diagnostics of one severity that came, those included that the limit of the context or
 * a lack of memory kept out of the list. Does not allocate. Since 0.1.
 */
SVCROUTE_API uint64_t svcroute_diags_num_severity(const struct svcroute_diags *diags,
                                                  uint32_t severity);

/** Number of diagnostics that are counted but not kept. Does not allocate. Since 0.1. */
SVCROUTE_API uint64_t svcroute_diags_num_dropped(const struct svcroute_diags *diags);

/**
 * Tells one diagnostic.
 * @param diags the list
 * @param index from 0, in the order of coming
 * @param info filled up to its `size`
 *
 * Errors: SVCROUTE_ERR_NOT_FOUND (no such index), SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_INVALID.
 * Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_diags_get(const struct svcroute_diags *diags, size_t index,
                                    struct svcroute_diag_info *info);

/** Number of kinds of diagnostics that this release knows, retired ones included. Since 0.1. */
SVCROUTE_API size_t svcroute_diag_num_ids(void);

/**
 * One row of the registry of kinds.
 * @param index from 0 to svcroute_diag_num_ids() - 1
 * @param id gets the stable number; NULL allowed
 * @param severity gets the usual severity; NULL allowed
 * @param name gets the stable name; NULL allowed
 * @param summary gets a sentence on the meaning; NULL allowed
 *
 * Errors: SVCROUTE_ERR_NOT_FOUND. Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_diag_get_id(size_t index, uint32_t *id, uint32_t *severity,
                                      struct svcroute_text *name, struct svcroute_text *summary);

#ifdef __cplusplus
}
#endif

#endif
