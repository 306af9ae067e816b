/**
 * @file
 * The table: what the objects of a store mean under a policy. Routes lead to services, services to other
 * services or to servers.
 *
 * A table never changes and holds all it needs; any number of threads may read one. Handles of routes and
 * services, and all texts that getters give, live as long as the caller holds a reference to the table.
 */
#ifndef SVCROUTE_TABLE_H
#define SVCROUTE_TABLE_H

#include <svcroute/diag.h>
#include <svcroute/policy.h>
#include <svcroute/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The result of resolving; opaque, counted. */
struct svcroute_table;
/** One route of a table ("router" in Traefik's words); opaque, borrowed from the table. */
struct svcroute_route;
/** One service of a table; opaque, borrowed from the table. */
struct svcroute_service;

/* ---- making ------------------------------------------------------------------------------- */

/**
 * Resolves what a store holds.
 * @param out gets a table with one reference, NULL on failure
 * @param store read during the call only
 * @param policy copied; NULL = a policy that denies, profile default
 * @param previous an older table of the same store: what did not change is shared with it and costs nothing;
 *        NULL, or a table of another store or policy: everything is resolved. The result is the same
 * @param diags gets what this call found anew; NULL is allowed. svcroute_table_get_diags() gives all
 *
 * What cannot be resolved is absent from the table and has a diagnostic; that is no error of the call. Errors:
 * SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID (`out` or `store` NULL), SVCROUTE_ERR_CRYPTO. Rules are compiled here, which
 * uses up to 96 KiB of stack where they hold regular expressions. Since 0.1.
 */
SVCROUTE_API int svcroute_resolve(struct svcroute_table **out, struct svcroute_store *store,
                                  const struct svcroute_policy *policy,
                                  struct svcroute_table *previous, struct svcroute_diags *diags);

/** Takes one more reference and gives the table back; NULL gives NULL. Any thread. Since 0.1. */
SVCROUTE_API struct svcroute_table *svcroute_table_ref(struct svcroute_table *table);

/** Gives back one reference; the last frees the table. NULL is allowed. Any thread. Since 0.1. */
SVCROUTE_API void svcroute_table_unref(struct svcroute_table *table);

/** enum svcroute_profile under which the table was made. Does not allocate. Since 0.1. */
SVCROUTE_API uint32_t svcroute_table_get_profile(const struct svcroute_table *table);

/** svcroute_store_get_version() of the store when the table was made. Does not allocate. Since 0.1. */
SVCROUTE_API uint64_t svcroute_table_get_store_version(const struct svcroute_table *table);

/** Number of routes. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_table_num_routes(const struct svcroute_table *table);

/** Number of services of all types. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_table_num_services(const struct svcroute_table *table);

/**
 * Adds all current diagnostics of the table to a list, in the order of the objects (IngressRoutes, then
 * TraefikServices, each by namespace and name): the same after a full and an incremental resolve.
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_table_get_diags(const struct svcroute_table *table,
                                          struct svcroute_diags *diags);

/* ---- finding ------------------------------------------------------------------------------ */

/** The route of this name, NULL if there is none. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_route *
svcroute_table_find_route(const struct svcroute_table *table, struct svcroute_text name);

/** The service of this name, NULL if there is none. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_service *
svcroute_table_find_service(const struct svcroute_table *table, struct svcroute_text name);

/**
 * The route that an IngressRoute's rule became.
 * @param table the table
 * @param namespace_ of the IngressRoute; empty = "default"
 * @param name of the IngressRoute (or its generateName)
 * @param match the rule text, to the letter
 * @param index 0; 1 and up for repetitions of the same text in one object
 *
 * NULL if there is none. Does not allocate. Since 0.1.
 */
SVCROUTE_API const struct svcroute_route *
svcroute_table_find_route_of(const struct svcroute_table *table, struct svcroute_text namespace_,
                             struct svcroute_text name, struct svcroute_text match, size_t index);

/**
 * The service that a TraefikService, or a child of kind Service, became.
 * @param table the table
 * @param out gets the service, NULL unless 0 is returned
 * @param kind SVCROUTE_KIND_TRAEFIK_SERVICE or SVCROUTE_KIND_SERVICE
 * @param namespace_ of the object; empty = "default"
 * @param name of the object
 * @param port as the reference wrote it, "80" or "http"; empty = none (and for a TraefikService)
 * @param index 0; 1 and up for references with other settings
 *
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_table_find_service_of(const struct svcroute_table *table,
                                                const struct svcroute_service **out, uint32_t kind,
                                                struct svcroute_text namespace_,
                                                struct svcroute_text name, struct svcroute_text port,
                                                size_t index);

/** All routes or all services of a table, sorted by name as bytes; opaque, holds its table. */
struct svcroute_listing;

/** What a listing lists. */
enum svcroute_listing_of { SVCROUTE_LISTING_ROUTES = 1, SVCROUTE_LISTING_SERVICES = 2 };

/**
 * Lists.
 * @param out gets the listing, NULL on failure; freed by svcroute_listing_free()
 * @param table referenced
 * @param of enum svcroute_listing_of
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_listing_new(struct svcroute_listing **out, struct svcroute_table *table,
                                      uint32_t of);
/** Frees a listing; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_listing_free(struct svcroute_listing *listing);
/** Number of rows. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_listing_num(const struct svcroute_listing *listing);
/** A row of a listing of routes; NULL if there is none. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_route *
svcroute_listing_get_route(const struct svcroute_listing *listing, size_t index);
/** A row of a listing of services; NULL if there is none. Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_service *
svcroute_listing_get_service(const struct svcroute_listing *listing, size_t index);

/* ---- routes ------------------------------------------------------------------------------- */

/** An optional boolean in info structs. */
enum svcroute_optional { SVCROUTE_ABSENT = 0, SVCROUTE_FALSE = 1, SVCROUTE_TRUE = 2 };

/** A route; filled by svcroute_route_get_info() up to the caller's `size`. */
struct svcroute_route_info {
    uint32_t size;                        /**< set by the caller */
    uint32_t flags;                       /**< 0 */
    int64_t priority;                     /**< as written; 0 = none */
    int64_t effective_priority;           /**< what counts: 0 becomes the bytes of the rule */
    struct svcroute_text name;            /**< unique in the table */
    struct svcroute_text namespace_;      /**< of the IngressRoute */
    struct svcroute_text ingress_route;   /**< its name, or generateName */
    struct svcroute_text rule;            /**< match text */
    struct svcroute_text rule_syntax;     /**< may be absent */
    struct svcroute_text service;         /**< name of its service; empty = none */
    struct svcroute_text cert_resolver;   /**< tls.certResolver */
    struct svcroute_text tls_options;     /**< tls.options as a reference */
    struct svcroute_text trace_verbosity; /**< observability.traceVerbosity */
    uint32_t index;                       /**< place in spec.routes */
    uint32_t num_entry_points;            /**< svcroute_route_get_entry_point() */
    uint32_t num_middlewares;             /**< svcroute_route_get_middleware() */
    uint32_t num_parents;                 /**< svcroute_route_get_parent() */
    uint32_t num_tls_domains;             /**< svcroute_route_get_tls_domain() */
    uint32_t has_tls;                     /**< 1: `tls` is given */
    uint32_t has_observability;           /**< 1: `observability` is given */
    uint32_t access_logs;                 /**< enum svcroute_optional */
    uint32_t metrics;                     /**< enum svcroute_optional */
    uint32_t tracing;                     /**< enum svcroute_optional */
    uint32_t matchable;                   /**< 0: its rule cannot be used and no request takes it; a diagnostic says why */
    uint32_t reserved;                    /**< 0 */
};

/** Errors: SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_route_get_info(const struct svcroute_table *table,
                                         const struct svcroute_route *route,
                                         struct svcroute_route_info *info);
/** An entry point, in order; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_route_get_entry_point(const struct svcroute_route *route,
                                                                 size_t index);
/** A middleware's full name, in order; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_route_get_middleware(const struct svcroute_route *route,
                                                                size_t index);
/** A parent route's name, in order; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_route_get_parent(const struct svcroute_table *table,
                                                            const struct svcroute_route *route,
                                                            size_t index);
/** tls.domains[index].main; `num_sans` (NULL allowed) gets the number of its sans. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_route_get_tls_domain(const struct svcroute_route *route,
                                                                size_t index, size_t *num_sans);
/** tls.domains[index].sans[san]; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_route_get_tls_san(const struct svcroute_route *route,
                                                             size_t index, size_t san);
/** The service that a route leads to; NULL if it has none or one of another provider ("svc@file"). Does not allocate. Since 0.1. */
SVCROUTE_API const struct svcroute_service *
svcroute_route_get_service(const struct svcroute_table *table, const struct svcroute_route *route);

/* ---- services ----------------------------------------------------------------------------- */

/** What kind of tree node a service is. */
enum svcroute_service_type {
    SVCROUTE_SERVICE_LOAD_BALANCER = 1,         /**< has servers */
    SVCROUTE_SERVICE_WEIGHTED = 2,              /**< children with weights */
    SVCROUTE_SERVICE_MIRRORING = 3,             /**< a main child, and mirrors with percentages */
    SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT = 4, /**< children with weights */
    SVCROUTE_SERVICE_FAILOVER = 5               /**< a main child and a fallback */
};

/** How a load balancer chooses. */
enum svcroute_strategy {
    SVCROUTE_STRATEGY_WRR = 1,
    SVCROUTE_STRATEGY_P2C = 2,
    SVCROUTE_STRATEGY_HRW = 3,
    SVCROUTE_STRATEGY_LEASTTIME = 4
};

/** A service; filled by svcroute_service_get_info() up to the caller's `size`. */
struct svcroute_service_info {
    uint32_t size;                          /**< set by the caller */
    uint32_t flags;                         /**< 0 */
    int64_t flush_interval;                 /**< responseForwarding, in nanoseconds; negative = at once */
    int64_t max_body_size;                  /**< mirroring: bytes; -1 = no limit */
    int64_t max_request_body_bytes;         /**< failover: bytes; -1 = no limit */
    struct svcroute_text name;              /**< unique in the table */
    struct svcroute_text base_name;         /**< the name before a suffix kept it unique; cookie names are made from it */
    struct svcroute_text namespace_;        /**< of the Service or TraefikService; of the IngressRoute for a route's own weighted service */
    struct svcroute_text object;            /**< its name */
    struct svcroute_text port;              /**< as the reference wrote it; absent = not given */
    struct svcroute_text servers_transport; /**< full name; absent = not given */
    uint32_t kind;                          /**< enum svcroute_kind of that object */
    uint32_t type;                          /**< enum svcroute_service_type */
    uint32_t strategy;                      /**< enum svcroute_strategy, of a load balancer; else 0 */
    uint32_t pass_host_header;              /**< 0 or 1, of a load balancer */
    uint32_t num_servers;                   /**< svcroute_service_get_server() */
    uint32_t num_children;                  /**< svcroute_service_get_child() */
    uint32_t num_middlewares;               /**< svcroute_service_get_middleware() */
    uint32_t num_error_status;              /**< failover: svcroute_service_get_error_status() */
    uint32_t has_cookie;                    /**< 1: sticky; svcroute_service_get_cookie() */
    uint32_t has_health_check;              /**< 1: svcroute_service_get_health_check() */
    uint32_t has_passive_check;             /**< 1: svcroute_service_get_passive_check() */
    uint32_t mirror_body;                   /**< enum svcroute_optional as written; absent works as true */
    uint32_t max_body_size_given;           /**< 1: written in the document */
    uint32_t max_request_body_given;        /**< 1: written in the document */
    uint32_t own_of_route;                  /**< 1: a route's own service, named like the route */
    uint32_t depth;                         /**< levels below, 1 for a load balancer; 0 = on a cycle */
};

/** A child of a service. */
struct svcroute_child_info {
    uint32_t size;             /**< set by the caller */
    uint32_t flags;            /**< 0 */
    int64_t weight;            /**< weighted, highestRandomWeight; 0 and less: never picked */
    int64_t percent;           /**< of a mirror */
    struct svcroute_text name; /**< name of the service; with "@" it belongs to another provider */
    const struct svcroute_service *service; /**< NULL: another provider's, or not there (traefik-v3) */
#if UINTPTR_MAX <= 0xffffffffu
    uint32_t pointer_padding; /**< 0 */
#endif
    uint32_t role;     /**< enum svcroute_child_role */
    uint32_t reserved; /**< 0 */
};

/** What a child is to its parent. */
enum svcroute_child_role {
    SVCROUTE_CHILD_MEMBER = 1,  /**< of a weighted or highestRandomWeight service */
    SVCROUTE_CHILD_MAIN = 2,    /**< of a mirroring or failover service */
    SVCROUTE_CHILD_MIRROR = 3,  /**< gets copies */
    SVCROUTE_CHILD_FALLBACK = 4 /**< serves when main does not */
};

/** sticky.cookie, as configured. */
struct svcroute_cookie_info {
    uint32_t size;                  /**< set by the caller */
    uint32_t flags;                 /**< 0 */
    int64_t max_age;                /**< seconds; 0 = not sent */
    struct svcroute_text name;      /**< as written; absent or empty: derived from the service's name */
    struct svcroute_text path;      /**< "/" when not written */
    struct svcroute_text domain;    /**< as written */
    struct svcroute_text same_site; /**< as written */
    uint32_t secure;                /**< 0 or 1 */
    uint32_t http_only;             /**< 0 or 1 */
};

/** healthCheck with its defaults. */
struct svcroute_health_check_info {
    uint32_t size;                 /**< set by the caller */
    uint32_t flags;                /**< 0 */
    int64_t interval;              /**< nanoseconds */
    int64_t unhealthy_interval;    /**< nanoseconds */
    int64_t timeout;               /**< nanoseconds */
    int64_t status;                /**< expected; 0 = 200 to 399 */
    int64_t port;                  /**< 0 = the server's */
    struct svcroute_text scheme;   /**< as written */
    struct svcroute_text mode;     /**< as written; empty works as http */
    struct svcroute_text path;     /**< as written */
    struct svcroute_text method;   /**< as written */
    struct svcroute_text hostname; /**< as written */
    uint32_t follow_redirects;     /**< 0 or 1 */
    uint32_t num_headers;          /**< svcroute_service_get_health_header() */
};

/** passiveHealthCheck with its defaults. */
struct svcroute_passive_check_info {
    uint32_t size;               /**< set by the caller */
    uint32_t flags;              /**< 0 */
    int64_t failure_window;      /**< nanoseconds */
    int64_t max_failed_attempts; /**< as written, 1 when absent */
};

/** A server. Its identity inside a service is (url, occurrence). */
struct svcroute_server_info {
    uint32_t size;                /**< set by the caller */
    uint32_t flags;               /**< 0 */
    struct svcroute_text scheme;  /**< "http", "https" or "h2c" */
    struct svcroute_text host;    /**< without brackets */
    struct svcroute_text url;     /**< scheme://host:port */
    struct svcroute_text address; /**< bytes in network order, 4 or 16; 0 for a name */
    struct svcroute_text node;    /**< nodeName of the endpoint; may be absent */
    struct svcroute_text zone;    /**< zone of the endpoint; may be absent */
    int64_t port;                 /**< as configured; traefik-v3 passes on what is no port */
    uint32_t fenced;              /**< 1: terminating; takes no new client */
    uint32_t occurrence;          /**< 0; n for the n-th repetition of the same url in this service */
    uint32_t num_hints;           /**< svcroute_server_get_hint() */
    uint32_t reserved;            /**< 0 */
};

/** Errors: SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_info(const struct svcroute_service *service,
                                           struct svcroute_service_info *info);
/** Errors: SVCROUTE_ERR_NOT_FOUND (no such index), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_child(const struct svcroute_table *table,
                                            const struct svcroute_service *service, size_t index,
                                            struct svcroute_child_info *info);
/** Errors: SVCROUTE_ERR_NOT_FOUND (no such index), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_server(const struct svcroute_service *service, size_t index,
                                             struct svcroute_server_info *info);
/** hints.forZones[hint].name of a server's endpoint; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_server_get_hint(const struct svcroute_service *service,
                                                           size_t server, size_t hint);
/** A middleware's full name, in order; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text
svcroute_service_get_middleware(const struct svcroute_service *service, size_t index);
/** An item of failover.errors.status as written; absent beyond the last. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text
svcroute_service_get_error_status(const struct svcroute_service *service, size_t index);
/** Errors: SVCROUTE_ERR_NOT_FOUND (not sticky), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_cookie(const struct svcroute_service *service,
                                             struct svcroute_cookie_info *info);
/** Errors: SVCROUTE_ERR_NOT_FOUND (none), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_health_check(const struct svcroute_service *service,
                                                   struct svcroute_health_check_info *info);
/** A header of the health check, sorted by name. Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_health_header(const struct svcroute_service *service,
                                                    size_t index, struct svcroute_text *name,
                                                    struct svcroute_text *value);
/** Errors: SVCROUTE_ERR_NOT_FOUND (none), SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_service_get_passive_check(const struct svcroute_service *service,
                                                    struct svcroute_passive_check_info *info);

/* ---- export ------------------------------------------------------------------------------- */

/** A finished text of a table; opaque. */
struct svcroute_export;

/** Forms of an export. */
enum svcroute_export_format { SVCROUTE_EXPORT_JSON = 1, SVCROUTE_EXPORT_YAML = 2 };

/**
 * Writes a table in the form of Traefik's dynamic configuration,
 * `{"http":{"routers":{...},"services":{...}}}`: keys sorted by bytes, one line break at the end.
 * @param out gets the text, NULL on failure; freed by svcroute_export_free()
 * @param table the table
 * @param format enum svcroute_export_format
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_table_export(struct svcroute_export **out,
                                       const struct svcroute_table *table, uint32_t format);
/** The text, valid as long as the export. Does not allocate. Since 0.1. */
SVCROUTE_API struct svcroute_text svcroute_export_get_text(const struct svcroute_export *text);
/** Frees an export; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_export_free(struct svcroute_export *text);

/* ---- explain ------------------------------------------------------------------------------ */

/** Why something is as it is: a list of steps; opaque, holds its table. */
struct svcroute_explanation;

/** One step of an explanation. */
struct svcroute_step_info {
    uint32_t size;                   /**< set by the caller */
    uint32_t flags;                  /**< 0 */
    uint32_t depth;                  /**< indentation, from 0 */
    uint32_t severity;               /**< enum svcroute_severity of a diagnostic; 0 = a plain fact */
    uint32_t line;                   /**< from 1; 0 = unknown */
    uint32_t column;                 /**< from 1; 0 = unknown */
    struct svcroute_text source;     /**< input's name; may be empty */
    struct svcroute_text kind;       /**< object that this step is about */
    struct svcroute_text namespace_; /**< of that object */
    struct svcroute_text name;       /**< of that object */
    struct svcroute_text field;      /**< path in it; may be empty */
    struct svcroute_text text;       /**< what follows from it */
};

/**
 * Explains a route, a service or an object: which objects and fields it came from, and what was refused
 * on the way and why.
 * @param out gets the explanation, NULL unless 0 is returned; freed by svcroute_explanation_free()
 * @param table referenced
 * @param name name of a route or service of the table, or "namespace/name" of an IngressRoute or
 *        TraefikService ("Kind namespace/name" where both exist)
 *
 * Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_table_explain(struct svcroute_explanation **out,
                                        struct svcroute_table *table, struct svcroute_text name);
/** Frees an explanation; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_explanation_free(struct svcroute_explanation *explanation);
/** Number of steps. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_explanation_num(const struct svcroute_explanation *explanation);
/** Errors: SVCROUTE_ERR_NOT_FOUND, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1. */
SVCROUTE_API int svcroute_explanation_get(const struct svcroute_explanation *explanation,
                                          size_t index, struct svcroute_step_info *info);

/* ---- changes ------------------------------------------------------------------------------ */

/** The differences of two tables; opaque, holds both. */
struct svcroute_changes;

/** What happened. */
enum svcroute_change { SVCROUTE_CHANGE_ADDED = 1, SVCROUTE_CHANGE_REMOVED = 2, SVCROUTE_CHANGE_ALTERED = 3 };

/** One difference. */
struct svcroute_change_info {
    uint32_t size;                              /**< set by the caller */
    uint32_t flags;                             /**< 0 */
    struct svcroute_text name;                  /**< of the route or service */
    const struct svcroute_route *old_route;     /**< in the older table; NULL if added, or a service */
    const struct svcroute_route *new_route;     /**< in the newer table; NULL if removed, or a service */
    const struct svcroute_service *old_service; /**< in the older table; NULL if added, or a route */
    const struct svcroute_service *new_service; /**< in the newer table; NULL if removed, or a route */
    uint32_t change;                            /**< enum svcroute_change */
    uint32_t of;                                /**< enum svcroute_listing_of */
};

/**
 * Compares two tables; what they share is stepped over. Routes and services are compared by name and by
 * everything that their getters tell; a service whose child altered is not altered itself.
 * @param out gets the differences, NULL on failure; freed by svcroute_changes_free()
 * @param older referenced; NULL = an empty table
 * @param newer referenced; NULL = an empty table
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID (`out` NULL, or both tables). Since 0.1.
 */
SVCROUTE_API int svcroute_changes_new(struct svcroute_changes **out, struct svcroute_table *older,
                                      struct svcroute_table *newer);
/** Frees differences; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_changes_free(struct svcroute_changes *changes);
/** Number of differences. Does not allocate. Since 0.1. */
SVCROUTE_API size_t svcroute_changes_num(const struct svcroute_changes *changes);
/**
 * Tells the next difference: routes first, each sort by name.
 * Errors: SVCROUTE_ERR_END, SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_changes_next(struct svcroute_changes *changes,
                                       struct svcroute_change_info *info);

#ifdef __cplusplus
}
#endif

#endif
