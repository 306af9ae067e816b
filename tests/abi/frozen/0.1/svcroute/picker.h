/**
 * @file
 * Pickers and picks: which server gets this request.
 *
 * A picker belongs to one worker thread; it is made and freed on the driver's thread. A pick is one request's choice; it
 * may be reported, finished and cleared on any thread, one at a time.
 */
#ifndef SVCROUTE_PICKER_H
#define SVCROUTE_PICKER_H

#include <svcroute/balancer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Scheduler of one worker; opaque. One thread. */
struct svcroute_picker;

/** One request's choice; opaque, used again and again. */
struct svcroute_pick;

/**
 * Makes a picker that sees the balancer's present table. Driver's thread.
 * @param out gets the picker, NULL on failure
 * @param balancer may be freed before the picker
 * @param now time in nanoseconds
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_new(struct svcroute_picker **out,
                                     struct svcroute_balancer *balancer, uint64_t now);

/** Frees a picker; picks that it made live on. Driver's thread, when its own no longer uses it. NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_picker_free(struct svcroute_picker *picker);

/** True if an update waits in the mailbox. One load; does not allocate. Since 0.1. */
SVCROUTE_API bool svcroute_picker_stale(const struct svcroute_picker *picker);

/**
 * Takes the newest update, if there is one. Cost: the difference. Errors, keeping the old plan:
 * SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_refresh(struct svcroute_picker *picker, uint64_t now);

/**
 * Starts a picker's chance anew: its random numbers, and the places that its strategies start at (with
 * SVCROUTE_BALANCER_NO_PHASE again the first). For a process that forks with pickers: its copies go on alike, pick for
 * pick, until each has a seed of its own. Pickers of one balancer differ with the same seed too. Turns that a strategy
 * kept are forgotten; counts of mirrors, and what is shared of servers, stay. Cost: what the picker sees.
 * Errors: SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_seed(struct svcroute_picker *picker, uint64_t seed);

/**
 * Finds a route or service by name and gives a handle, good for as long as the balancer has it (over updates too);
 * 0 is no handle.
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_find_route(const struct svcroute_picker *picker,
                                            struct svcroute_text name, uint64_t *handle);
/** As svcroute_picker_find_route(), for services. Since 0.1. */
SVCROUTE_API int svcroute_picker_find_service(const struct svcroute_picker *picker,
                                              struct svcroute_text name, uint64_t *handle);

/** What is known of a request; read during the call only. */
struct svcroute_request {
    uint32_t size;                       /**< sizeof(struct svcroute_request) */
    uint32_t flags;                      /**< enum svcroute_request_flag */
    uint64_t body_size;                  /**< with SVCROUTE_REQUEST_BODY_KNOWN: bytes */
    struct svcroute_text client;         /**< client address as text, for highest random weight; may be empty */
    struct svcroute_text key;            /**< used instead of `client` if not empty */
    const struct svcroute_text *cookies; /**< values of the Cookie header lines; NULL if there are none */
    const uint64_t *excluded;            /**< ids of servers that must not be picked, at most 16; NULL if none */
    uint32_t num_cookies;                /**< number of lines */
    uint32_t num_excluded;               /**< number of ids */
};

/** Flags of struct svcroute_request. */
enum svcroute_request_flag {
    SVCROUTE_REQUEST_BODY_KNOWN = 1 /**< body_size says how long the body is */
};

/**
 * Picks a server. Allocates nothing and takes no lock. Each service below the handle is entered once at most and each of
 * its children looked at three times at most; in profile traefik-v3 a service that stands on both sides of failovers is
 * entered again for each main that is left because nobody was there, for 16 of them at most.
 * @param picker the worker's picker
 * @param handle of a route or service
 * @param request NULL = nothing known
 * @param pick a clear pick; filled
 * @param now time in nanoseconds
 *
 * Errors, the pick staying clear: SVCROUTE_ERR_NO_SERVER (503), SVCROUTE_ERR_GONE (the handle's route or service is no
 * more), SVCROUTE_ERR_BODY_TOO_LARGE (413: a failover keeps the body up to a limit), SVCROUTE_ERR_STATE (the pick is in
 * use), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_STRUCT_NEW.
 *
 * In profile traefik-v3 a sticky service sets its cookie even when nobody is below it, and mirrors get their copies
 * whatever the client is answered. So there, after SVCROUTE_ERR_NO_SERVER and SVCROUTE_ERR_BODY_TOO_LARGE, the pick is not
 * clear if there are cookies or mirrors: svcroute_pick_get_info() counts them (its server is 0),
 * svcroute_pick_copy_cookie(), svcroute_pick_get_mirror() and svcroute_picker_pick_mirror() work as always, and
 * svcroute_pick_clear() is due when the copies are on their way. A host that wants neither clears the pick at once; one
 * that serves profile default alone need not. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_pick(struct svcroute_picker *picker, uint64_t handle,
                                      const struct svcroute_request *request,
                                      struct svcroute_pick *pick, uint64_t now);

/**
 * Picks again for the same request after its pick was finished: the fallback, if the answer's status is listed by the
 * innermost failover, else another server, never one that was tried (16 are remembered). Mirrors are not counted again.
 * Errors, the pick staying finished: SVCROUTE_ERR_ALL_TRIED, SVCROUTE_ERR_NO_SERVER, SVCROUTE_ERR_GONE,
 * SVCROUTE_ERR_STATE, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_pick_next(struct svcroute_picker *picker,
                                           const struct svcroute_request *request,
                                           struct svcroute_pick *pick, uint64_t now);

/**
 * Picks the server for a mirror that is due, into a pick of its own. The first pick may be finished, or without a server
 * (svcroute_picker_pick()), but not clear.
 * Errors: SVCROUTE_ERR_NOT_FOUND (no such mirror is due), and those of svcroute_picker_pick(). Since 0.1.
 */
SVCROUTE_API int svcroute_picker_pick_mirror(struct svcroute_picker *picker,
                                             const struct svcroute_pick *pick, size_t index,
                                             const struct svcroute_request *request,
                                             struct svcroute_pick *mirror, uint64_t now);

/* ---- picks -------------------------------------------------------------------------------- */

/** Makes a clear pick. Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Any thread. Since 0.1. */
SVCROUTE_API int svcroute_pick_new(struct svcroute_pick **out, struct svcroute_context *context);
/** Clears and frees a pick of svcroute_pick_new(); NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_pick_free(struct svcroute_pick *pick);
/** Bytes of a pick in the host's own memory, which is aligned to 8. Does not allocate; any thread. Since 0.1. */
SVCROUTE_API size_t svcroute_pick_size(void);
/**
 * Makes a clear pick of svcroute_pick_size() bytes of the host's; svcroute_pick_clear() before they go. NULL gives
 * NULL. Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API struct svcroute_pick *svcroute_pick_init(void *memory);

/** Why this server. */
enum svcroute_why {
    SVCROUTE_WHY_STRATEGY = 1,    /**< the strategy chose */
    SVCROUTE_WHY_COOKIE = 2,      /**< the client's cookie said so */
    SVCROUTE_WHY_ONLY_ONE = 3,    /**< no other can be used */
    SVCROUTE_WHY_FALLBACK = 4,    /**< a failover left its main */
    SVCROUTE_WHY_LAST_RESORT = 5  /**< only terminating servers are left, or ejected ones */
};

/**
 * What was picked; texts live until the pick is cleared. Without a server (profile traefik-v3, svcroute_picker_pick())
 * all is 0 or absent but `num_cookies` and `num_mirrors`.
 */
struct svcroute_pick_info {
    uint32_t size;                          /**< set by the caller */
    uint32_t flags;                         /**< 0 */
    uint64_t server;                        /**< id, never used again; 0: none */
    int64_t flush_interval;                 /**< nanoseconds; negative = at once */
    int64_t keep_body;                      /**< bytes of the body to keep for the fallback; -1 = all; 0 = none */
    struct svcroute_text service;           /**< name of the load balancer */
    struct svcroute_text scheme;            /**< http, https or h2c */
    struct svcroute_text host;              /**< without brackets */
    struct svcroute_text url;               /**< scheme://host:port */
    struct svcroute_text address;           /**< bytes, 4 or 16; empty for a name */
    struct svcroute_text node;              /**< may be absent */
    struct svcroute_text zone;              /**< may be absent */
    struct svcroute_text servers_transport; /**< may be absent */
    uint32_t slot;                          /**< dense number of the server */
    uint32_t port;                          /**< 1 to 65535 */
    uint32_t pass_host_header;              /**< 0 or 1 */
    uint32_t why;                           /**< enum svcroute_why */
    uint32_t num_cookies;                   /**< svcroute_pick_copy_cookie() */
    uint32_t num_mirrors;                   /**< svcroute_pick_get_mirror() */
    uint32_t num_middlewares;               /**< svcroute_pick_get_middleware() */
    uint32_t keeps_body;                    /**< 1: a failover may need the body again */
};

/** Errors: SVCROUTE_ERR_STATE (clear), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_pick_get_info(const struct svcroute_pick *pick,
                                        struct svcroute_pick_info *info);

/**
 * Composes a Set-Cookie value.
 * @param pick the pick
 * @param index from 0
 * @param buffer gets the text without a NUL; NULL asks for the size
 * @param size in: bytes of the buffer; out: bytes of the text
 *
 * Errors: SVCROUTE_ERR_SPACE, SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_STATE, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_pick_copy_cookie(const struct svcroute_pick *pick, size_t index,
                                           char *buffer, size_t *size);

/** A mirror that is due. */
struct svcroute_mirror_info {
    uint32_t size;                /**< set by the caller */
    uint32_t flags;               /**< 0 */
    int64_t max_body;             /**< a longer body is not copied at all; -1 = no limit */
    struct svcroute_text service; /**< name of the mirror's service */
    uint32_t copy_body;           /**< 0: the copy has an empty body */
    uint32_t reserved;            /**< 0 */
};
/** Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_STATE, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Since 0.1. */
SVCROUTE_API int svcroute_pick_get_mirror(const struct svcroute_pick *pick, size_t index,
                                          struct svcroute_mirror_info *info);
/** A middleware of the services on the chosen path, outermost first; absent beyond the last. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_pick_get_middleware(const struct svcroute_pick *pick,
                                                               size_t index);
/** True if the innermost failover wants its fallback for an answer with this status. Does not allocate. Since 0.1. */
SVCROUTE_API bool svcroute_pick_wants_fallback(const struct svcroute_pick *pick, uint32_t status);

/** How a request went. */
enum svcroute_outcome_kind {
    SVCROUTE_OUTCOME_STATUS = 1,  /**< answered with `status` */
    SVCROUTE_OUTCOME_CONNECT = 2, /**< never reached the server */
    SVCROUTE_OUTCOME_TIMEOUT = 3, /**< no answer in time */
    SVCROUTE_OUTCOME_RESET = 4,   /**< reached the server, no status came */
    SVCROUTE_OUTCOME_CLIENT = 5   /**< given up by the client; not the server's fault */
};

/** An outcome; read during the call only. */
struct svcroute_outcome {
    uint32_t size;       /**< sizeof(struct svcroute_outcome) */
    uint32_t flags;      /**< 0 */
    uint64_t first_byte; /**< nanoseconds from sending to the first byte; 0: measure from pick to report */
    uint32_t kind;       /**< enum svcroute_outcome_kind */
    uint32_t status;     /**< HTTP status, of SVCROUTE_OUTCOME_STATUS */
};

/**
 * Reports the head of the answer, once; the request goes on. Any thread. Errors: SVCROUTE_ERR_STATE (clear, reported or
 * finished already), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_STRUCT_NEW. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_pick_report(struct svcroute_pick *pick,
                                      const struct svcroute_outcome *outcome, uint64_t now);

/**
 * Ends the request, once. Any thread.
 * @param pick the pick; what it returned stays valid until it is cleared
 * @param outcome NULL: as reported; if nothing was: given up by the client
 * @param now time in nanoseconds
 *
 * Errors, nothing changed: as svcroute_pick_report(). Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_pick_finish(struct svcroute_pick *pick,
                                      const struct svcroute_outcome *outcome, uint64_t now);

/** Makes the pick clear; one that is not finished counts as given up by the client. NULL is allowed. Any thread. Since 0.1. */
SVCROUTE_API void svcroute_pick_clear(struct svcroute_pick *pick);

#ifdef __cplusplus
}
#endif

#endif
