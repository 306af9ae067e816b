/**
 * @file
 * The context: allocator, log hook, limits and hash seed of everything made from it.
 *
 * A context never changes after it was made and may be shared by any number of threads. Every
 * object holds a reference to its context, so that objects may be freed in any order.
 */
#ifndef SVCROUTE_CONTEXT_H
#define SVCROUTE_CONTEXT_H

#include <svcroute/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Shared surroundings of all other objects; opaque. */
struct svcroute_context;

/** How loud a log message is; ordered from loud to quiet. */
enum svcroute_log_level {
    SVCROUTE_LOG_ERROR = 1, /**< something was refused or lost */
    SVCROUTE_LOG_WARN = 2,  /**< something is probably not meant */
    SVCROUTE_LOG_INFO = 3,  /**< what a person may want to know */
    SVCROUTE_LOG_DEBUG = 4  /**< what a developer may want to know */
};

/**
 * The host's allocator, copied by svcroute_context_new(). All three functions are required. They
 * may be called from every thread that calls into the library, and must not call back into it.
 * Memory that libyaml and OpenSSL allocate for themselves comes from malloc() all the same: neither
 * has a hook for one caller alone.
 */
struct svcroute_allocator {
    uint32_t size;  /**< sizeof(struct svcroute_allocator) */
    uint32_t flags; /**< 0 */
    void *user;     /**< given back as the first argument */
    /** Gives `size` bytes (> 0), aligned as malloc() aligns, or NULL. */
    void *(*allocate)(void *user, size_t size);
    /** Grows or shrinks what allocate() gave, from `old_size` to `new_size` (> 0); NULL: unchanged. */
    void *(*resize)(void *user, void *memory, size_t old_size, size_t new_size);
    /** Takes back `size` bytes; `memory` is never NULL. */
    void (*release)(void *user, void *memory, size_t size);
};

/** The host's log hook, copied by svcroute_context_new(). */
struct svcroute_log {
    uint32_t size;  /**< sizeof(struct svcroute_log) */
    uint32_t flags; /**< 0 */
    void *user;     /**< given back as the first argument */
    /**
     * Takes one finished message without a line break, valid during the call only. May be called
     * from every thread that calls into the library, and must not call back into it.
     */
    void (*message)(void *user, uint32_t level, const char *text, size_t size);
    uint32_t level;    /**< the quietest enum svcroute_log_level wanted; 0 = SVCROUTE_LOG_WARN */
    uint32_t reserved; /**< 0 */
};

/** Limits and seed. A member that is 0 has its default. Set up by svcroute_context_options_init(). */
struct svcroute_context_options {
    uint32_t size;        /**< sizeof(struct svcroute_context_options) */
    uint32_t flags;       /**< 0 */
    uint64_t hash_seed;   /**< seed of the hash tables: random and secret where documents come from
                               tenants; 0 = a fixed seed, for reproducible runs */
    uint64_t input_bytes; /**< bytes of one load, reader or watch frame; default 1 GiB */
    uint64_t nodes;       /**< nodes of one document, what aliases repeat included; default 64 Mi.
                               All aliases of one input may repeat 512 Ki nodes, and 2 more for each
                               of its bytes */
    uint32_t depth;       /**< nesting of maps and lists in a document; default 100, at most 1,000 */
    uint32_t aliases;     /**< uses of anchors in one document; default 10,000 */
    uint32_t objects;     /**< objects in a store; default 4,000,000 */
    uint32_t endpoints;   /**< endpoint addresses of one object; default 1,000,000 */
    uint32_t diags;       /**< diagnostics kept in one list; the rest is counted; default 10,000 */
    uint32_t nesting;     /**< levels of services below a route; default 64, at most 1,000 */
};

/**
 * Fills `options` with zeros (all defaults) and its size.
 * @param options written; `size` bytes; NULL is allowed and does nothing
 * @param size sizeof(struct svcroute_context_options) of the caller
 *
 * Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API void svcroute_context_options_init(struct svcroute_context_options *options,
                                                size_t size);

/**
 * Makes a context with one reference.
 * @param out gets the context, NULL on failure
 * @param options limits and seed, copied; NULL = all defaults
 * @param allocator copied; NULL = malloc(), realloc(), free()
 * @param log copied; NULL = silence
 *
 * Errors: SVCROUTE_ERR_NOMEM; SVCROUTE_ERR_INVALID (`out` NULL, a function missing, a limit over its
 * maximum, an unknown log level); SVCROUTE_ERR_STRUCT_SIZE; SVCROUTE_ERR_STRUCT_NEW (unknown flags too);
 * SVCROUTE_ERR_CRYPTO (no SHA-256 to be had from the digest library). Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_context_new(struct svcroute_context **out,
                                      const struct svcroute_context_options *options,
                                      const struct svcroute_allocator *allocator,
                                      const struct svcroute_log *log);

/** Takes one more reference and gives the context back; NULL gives NULL. Any thread. Since 0.1. */
SVCROUTE_API struct svcroute_context *svcroute_context_ref(struct svcroute_context *context);

/** Gives back one reference; the last frees the context. NULL is allowed. Any thread. Since 0.1. */
SVCROUTE_API void svcroute_context_unref(struct svcroute_context *context);

#ifdef __cplusplus
}
#endif

#endif
