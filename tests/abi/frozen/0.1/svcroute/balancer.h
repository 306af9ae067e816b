/**
 * @file
 * The balancer: run-time state of every server and service of a table, and what the driver does with it.
 *
 * One thread drives: it calls everything in this file but svcroute_balancer_needs_advance(). Worker threads pick with
 * pickers (svcroute/picker.h). The loop of the driver:
 *
 *     now = the host's clock
 *     svcroute_balancer_advance(balancer, now)
 *     while svcroute_balancer_next_event(balancer, &event) == 0: act on it (send a probe, log, ...)
 *     sleep until svcroute_balancer_next_deadline(balancer), or until a worker saw needs_advance, or until the driver
 *         called svcroute_balancer_report_probe(), _set_admin() or _update() itself
 *
 * Those three are the driver's own, so they raise no svcroute_balancer_needs_advance(): what they do is done when they
 * return, but they make events, and another deadline, as svcroute_balancer_advance() does. After each of the four the
 * events are to be taken and the deadline is to be asked for anew.
 *
 * Times are nanoseconds of any clock that does not run backwards by its own; only differences count, and one that goes
 * back is taken for the last one seen by the object (balancer, picker, pick) and counted
 * (svcroute_balancer_get_stats()). UINT64_MAX means never.
 */
#ifndef SVCROUTE_BALANCER_H
#define SVCROUTE_BALANCER_H

#include <svcroute/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Run-time state of a table; opaque. One driver thread. */
struct svcroute_balancer;

/** What a server with an active health check is before its first answer. */
enum svcroute_initial_health {
    SVCROUTE_INITIAL_UP = 0,  /**< up until a check says otherwise */
    SVCROUTE_INITIAL_DOWN = 1,   /**< down until checks answered well, `rise` times */
    SVCROUTE_INITIAL_UNKNOWN = 2 /**< down until the first answer, which decides alone */
};

/** Flags of struct svcroute_balancer_options. */
enum svcroute_balancer_flag {
    SVCROUTE_BALANCER_NO_PHASE = 1, /**< every picker starts at the first server, in the order of the table */
    SVCROUTE_BALANCER_EJECT_LAST = 2 /**< passive checks may take down the last usable server of a service, and nobody
                                          is then sent to it; always so in traefik-v3 */
};

/** Options; a member that is 0 has its default. Set up by svcroute_balancer_options_init(). */
struct svcroute_balancer_options {
    uint32_t size;           /**< sizeof(struct svcroute_balancer_options) */
    uint32_t flags;          /**< enum svcroute_balancer_flag */
    uint64_t seed;           /**< of all chance: pickers, phases, the spread of probes; the same seed, calls and times
                                  give the same picks; hosts give a random one */
    uint32_t initial_health; /**< enum svcroute_initial_health; traefik-v3: always up */
    uint32_t rise;           /**< good probes in a row that bring a server up; default 1 */
    uint32_t fall;           /**< bad probes in a row that take a server down; default 1 */
    uint32_t reserved;       /**< 0 */
};

/** Fills `options` with zeros (all defaults) and its size; NULL does nothing. Any thread. Since 0.1. */
SVCROUTE_API void svcroute_balancer_options_init(struct svcroute_balancer_options *options,
                                                 size_t size);

/**
 * Makes a balancer.
 * @param out gets the balancer, NULL on failure
 * @param table first table, referenced; its profile is the balancer's for ever
 * @param options copied; NULL = defaults
 * @param now time in nanoseconds
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_CRYPTO, SVCROUTE_ERR_STRUCT_SIZE,
 * SVCROUTE_ERR_STRUCT_NEW. Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_new(struct svcroute_balancer **out, struct svcroute_table *table,
                                       const struct svcroute_balancer_options *options,
                                       uint64_t now);

/** Frees a balancer; pickers and picks that are left keep what they need. NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_balancer_free(struct svcroute_balancer *balancer);

/**
 * Installs another table. Cost: the difference to the one before. State follows the server (URL and, if it stands there
 * several times, which of them) within its service; a service follows its tuple, or its object where only settings
 * changed. Each picker finds the new plan in its mailbox. Makes events (who is gone, probes cancelled, up and down).
 *
 * Errors, with everything as before: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_CRYPTO, SVCROUTE_ERR_INVALID (another profile than
 * before, or NULL), SVCROUTE_ERR_LIMIT (all 2^31 slots are taken). Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_update(struct svcroute_balancer *balancer,
                                          struct svcroute_table *table, uint64_t now);

/** Runs what is due: health checks, returns of ejected servers, word to parents. Does not allocate. Since 0.1. */
SVCROUTE_API void svcroute_balancer_advance(struct svcroute_balancer *balancer, uint64_t now);

/**
 * When svcroute_balancer_advance() has something to do by itself; a time that has passed: now; UINT64_MAX: never. It
 * holds until the next call of svcroute_balancer_advance(), _update(), _report_probe() or _set_admin(). Does not
 * allocate. Since 0.1.
 */
SVCROUTE_API uint64_t svcroute_balancer_next_deadline(const struct svcroute_balancer *balancer);

/**
 * True if a finished request left work for the driver: what calls of the driver itself leave (events) is not told here.
 * One load; any thread. Since 0.1.
 */
SVCROUTE_API bool svcroute_balancer_needs_advance(const struct svcroute_balancer *balancer);

/** What an event says. */
enum svcroute_event_kind {
    SVCROUTE_EVENT_PROBE = 1,           /**< send a health check and report its answer */
    SVCROUTE_EVENT_PROBE_CANCELLED = 2, /**< the answer is not wanted any more */
    SVCROUTE_EVENT_SERVER_UP = 3,
    SVCROUTE_EVENT_SERVER_DOWN = 4,
    SVCROUTE_EVENT_SERVER_GONE = 5, /**< no table has it any more; its slot is free once this was pulled */
    SVCROUTE_EVENT_SERVICE_UP = 6,
    SVCROUTE_EVENT_SERVICE_DOWN = 7
};

/** Why a server is down. */
enum svcroute_down_reason {
    SVCROUTE_DOWN_ACTIVE = 1,  /**< active health check */
    SVCROUTE_DOWN_PASSIVE = 2, /**< failed requests */
    SVCROUTE_DOWN_ADMIN = 3    /**< svcroute_balancer_set_admin() */
};

/**
 * One event; filled up to the caller's `size`. Texts live until the next call of svcroute_balancer_next_event(),
 * svcroute_balancer_update() or svcroute_balancer_free().
 */
struct svcroute_event {
    uint32_t size;                /**< set by the caller */
    uint32_t flags;               /**< 0 */
    uint64_t server;              /**< id of the server; 0: none */
    uint64_t probe;               /**< id of the probe, for the report; 0: none */
    uint64_t timeout;             /**< of a probe, nanoseconds from now */
    struct svcroute_text service; /**< name of the service */
    struct svcroute_text url;     /**< of the server; of a probe: what to ask for */
    struct svcroute_text method;  /**< of a probe */
    struct svcroute_text host;    /**< of a probe: the Host header */
    struct svcroute_text authority; /**< of a probe: "host:port" to connect to */
    struct svcroute_text scheme;  /**< of a probe */
    struct svcroute_text target;  /**< of a probe: the request line's target */
    uint32_t kind;                /**< enum svcroute_event_kind */
    uint32_t slot;                /**< of the server */
    uint32_t reason;              /**< enum svcroute_down_reason; 0: none */
    uint32_t grpc;                /**< 1: the probe is a grpc.health.v1.Health/Check call */
    uint32_t follow_redirects;    /**< 1: follow 301, 302, 303, 307, 308, nine at most */
    uint32_t num_headers;         /**< svcroute_balancer_get_probe_header() */
};

/**
 * Takes the next event; coalesced to the latest state, first probes, then servers, then services. There is one to take,
 * at most, for each probe wanted, one for each probe cancelled, one for each server and one for each service, however
 * long nobody takes them: they wait in a bit each, and nothing is lost but states in between. A server that is gone is
 * the exception: it keeps its slot and its service's last list of servers, less than half a kilobyte for each server in
 * the list, which is shared by all that went in the same update, until its event was taken. So a host whose servers come
 * and go has to take events. svcroute_balancer_get_stats() counts who waits.
 * Errors: SVCROUTE_ERR_END (none is left), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_next_event(struct svcroute_balancer *balancer,
                                              struct svcroute_event *event);

/** A header that a probe of this server sends. Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID. Since 0.1. */
SVCROUTE_API int svcroute_balancer_get_probe_header(const struct svcroute_balancer *balancer,
                                                    uint64_t server, size_t index,
                                                    struct svcroute_text *name,
                                                    struct svcroute_text *value);

/** What a probe came to. */
enum svcroute_probe_outcome {
    SVCROUTE_PROBE_STATUS = 1,  /**< answered; `status` says what (for gRPC: 1 SERVING, else not) */
    SVCROUTE_PROBE_FAILED = 2,  /**< no connection, or it broke */
    SVCROUTE_PROBE_TIMEOUT = 3  /**< nothing within the timeout */
};

/**
 * Reports a probe's answer. What it says of the server holds at once, for picks and parents; the events of it, and the
 * time of the next probe, are there when the call returns: take events and ask for the deadline again.
 * Errors: SVCROUTE_ERR_NOT_FOUND (no such probe is outstanding: cancelled, or too late), SVCROUTE_ERR_INVALID. Does
 * not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_report_probe(struct svcroute_balancer *balancer, uint64_t probe,
                                                uint32_t outcome, uint32_t status, uint64_t now);

/** What the host itself knows of a server. */
enum svcroute_admin {
    SVCROUTE_ADMIN_AUTO = 0,  /**< checks decide */
    SVCROUTE_ADMIN_DRAIN = 1, /**< only clients with its cookie */
    SVCROUTE_ADMIN_DOWN = 2,  /**< nobody */
    SVCROUTE_ADMIN_UP = 3     /**< up, whatever checks say */
};

/**
 * Sets it, at once; kept over updates. Makes events, like svcroute_balancer_report_probe().
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_set_admin(struct svcroute_balancer *balancer, uint64_t server,
                                             uint32_t admin, uint64_t now);

/** Statistics of a balancer; filled up to the caller's `size`. */
struct svcroute_balancer_stats {
    uint32_t size;             /**< set by the caller */
    uint32_t flags;            /**< 0 */
    uint64_t clock_steps_back; /**< calls of the balancer, its pickers and their picks, since it was made, with a time
                                    before the last one of the same object, which was used instead */
    uint32_t num_servers;      /**< servers of all services of the present table */
    uint32_t num_gone;         /**< servers that left, and whose event SVCROUTE_EVENT_SERVER_GONE waits to be taken */
    uint32_t num_slots;        /**< slots of servers are below this; it never becomes less */
    uint32_t num_pickers;      /**< pickers that are there */
};

/**
 * Cost: in proportion to num_slots. Errors: SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate.
 * Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_get_stats(const struct svcroute_balancer *balancer,
                                             struct svcroute_balancer_stats *stats);

/** Statistics of a server; filled up to the caller's `size`. */
struct svcroute_server_stats {
    uint32_t size;      /**< set by the caller */
    uint32_t flags;     /**< 0 */
    uint64_t picks;     /**< requests that it was chosen for */
    uint64_t failures;  /**< of these, answers from 500 up and requests without an answer */
    uint64_t latency;   /**< decaying mean time to first byte, nanoseconds; 0: no sample */
    uint64_t since;     /**< time at which it came to be up or down */
    uint32_t in_flight; /**< picked and not finished */
    uint32_t up;        /**< 1: takes new requests */
    uint32_t admin;     /**< enum svcroute_admin */
    uint32_t reason;    /**< enum svcroute_down_reason; 0: not down */
};

/** Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_balancer_get_server_stats(const struct svcroute_balancer *balancer,
                                                    uint64_t server,
                                                    struct svcroute_server_stats *stats);

/**
 * The id of a server of a service, by its place in the table (svcroute_service_get_server()).
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_balancer_find_server(const struct svcroute_balancer *balancer,
                                               struct svcroute_text service, size_t index,
                                               uint64_t *server);

#ifdef __cplusplus
}
#endif

#endif
