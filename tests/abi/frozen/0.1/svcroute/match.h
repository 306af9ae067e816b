/**
 * @file
 * Matching: which route does a request take, by the rules of the IngressRoutes (docs/rules.md).
 *
 * A host reads the request line, cleans the path once with svcroute_path_clean() (and forwards what
 * that gives, so that rules and servers see the same path), and asks svcroute_picker_match(), or
 * svcroute_table_match() if it has no balancer.
 */
#ifndef SVCROUTE_MATCH_H
#define SVCROUTE_MATCH_H

#include <svcroute/picker.h>
#include <svcroute/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- request line ------------------------------------------------------------------------- */

/** Forms of a request target (RFC 9112, section 3.2). */
enum svcroute_target_form {
    SVCROUTE_TARGET_ORIGIN = 1, /**< /path?query */
    /** http://host/path?query; its authority replaces the Host header */
    SVCROUTE_TARGET_ABSOLUTE = 2,
    SVCROUTE_TARGET_AUTHORITY = 3, /**< host:port, of CONNECT */
    SVCROUTE_TARGET_ASTERISK = 4   /**< "*", of OPTIONS */
};

/** The parts of a request target; filled by svcroute_target_read() up to the caller's `size`. */
struct svcroute_target {
    uint32_t size;                  /**< set by the caller */
    uint32_t flags;                 /**< 0 */
    struct svcroute_text authority; /**< "host:port"; absent in origin and asterisk form */
    struct svcroute_text path;  /**< as received; "*" in asterisk form, empty in authority form */
    struct svcroute_text query; /**< what follows "?"; absent if there is none */
    uint32_t form;              /**< enum svcroute_target_form */
    uint32_t reserved;          /**< 0 */
};

/**
 * Takes a request target apart.
 * @param target as it stands in the request line; the parts are borrowed from it
 * @param out gets the parts; its `size` is set by the caller
 *
 * User information in front of a host ("user@host") is left out of the authority. The path is
 * looked at by svcroute_path_clean(). Errors: SVCROUTE_ERR_BAD_REQUEST (answer 400: a blank or
 * control byte, none of the forms, no or no well-formed host in absolute and authority form),
 * SVCROUTE_ERR_INVALID, SVCROUTE_ERR_STRUCT_SIZE. Does not allocate. Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_target_read(struct svcroute_text target, struct svcroute_target *out);

/** What svcroute_path_clean() lets through; without it, a path that holds such a character encoded,
 * or in need of being encoded, is refused. */
enum svcroute_path_flag {
    SVCROUTE_PATH_ALLOW_SLASH = 1,        /**< %2F */
    SVCROUTE_PATH_ALLOW_BACKSLASH = 2,    /**< %5C */
    SVCROUTE_PATH_ALLOW_NUL = 4,          /**< %00 */
    SVCROUTE_PATH_ALLOW_SEMICOLON = 8,    /**< %3B */
    SVCROUTE_PATH_ALLOW_PERCENT = 16,     /**< %25 */
    SVCROUTE_PATH_ALLOW_QUESTION = 32,    /**< %3F */
    SVCROUTE_PATH_ALLOW_HASH = 64,        /**< %23 */
    SVCROUTE_PATH_ALLOW_CHARACTERS = 127, /**< all of these */
    /** a path with a byte that is not legal ("|", "{", "\"") is decoded as a whole first, so that
     * %2F in it becomes "/"; without it such a byte alone is encoded (profile default) */
    SVCROUTE_PATH_DECODE = 128,
    /** what the reference does unless told otherwise (profile traefik-v3) */
    SVCROUTE_PATH_ALLOW_ALL = 255
};

/**
 * Cleans a path as Traefik's entry point does before any rule sees it: escapes in upper case,
 * unreserved characters decoded, empty segments, "." and ".." removed, bytes that are not legal
 * encoded (behaviour of the reference, RFC 3986 sections 5.2.4 and 6.2.2).
 * @param path as received, without the query
 * @param allow enum svcroute_path_flag, or 0: a path whose meaning depends on who decodes it is
 * refused
 * @param out gets the clean path, not terminated; must not overlap `path`; NULL with capacity 0
 * asks for the size
 * @param capacity of `out`; 3 * path.size + 1 bytes are always enough
 * @param size gets the size of the clean path, also with SVCROUTE_ERR_SPACE
 *
 * "" becomes "/", and "*" stays what it is. Errors: SVCROUTE_ERR_BAD_REQUEST (answer 400: a bad
 * "%", a blank or control byte, a raw "#", no "/" in front, or what is not allowed),
 * SVCROUTE_ERR_SPACE (`out` is as it was), SVCROUTE_ERR_INVALID. Does not allocate. Any thread.
 * Since 0.1.
 */
SVCROUTE_API int svcroute_path_clean(struct svcroute_text path, uint32_t allow, char *out,
                                     size_t capacity, size_t *size);

/* ---- matching ----------------------------------------------------------------------------- */

/** Flags of struct svcroute_match_request. Without either, a route's `tls` is not looked at. */
enum svcroute_match_flag {
    SVCROUTE_MATCH_TLS = 1,  /**< the connection is encrypted: only routes with `tls` */
    SVCROUTE_MATCH_PLAIN = 2 /**< it is not: only routes without `tls` */
};

/** What rules look at in a request; read during the call only. */
struct svcroute_match_request {
    uint32_t size;               /**< sizeof(struct svcroute_match_request) */
    uint32_t flags;              /**< enum svcroute_match_flag */
    struct svcroute_text method; /**< "GET"; empty counts as "GET" */
    struct svcroute_text host;   /**< the Host header or :authority, with or without a port */
    struct svcroute_text path;   /**< from svcroute_path_clean(), or as received */
    struct svcroute_text query;  /**< as received, without "?"; may be absent */
    /** address, with or without a port; may be empty: no ClientIP matches */
    struct svcroute_text client;
    /** name of the entry point; empty: entry points are not looked at */
    struct svcroute_text entry_point;
    /** names and values by turns, one pair for each header line; NULL if none */
    const struct svcroute_text *headers;
    uint32_t num_headers; /**< pairs */
    uint32_t reserved;    /**< 0 */
};

/**
 * Finds the route that a request takes: of all routes of the entry point without parents, the one
 * with the highest priority whose rule matches. Equal priorities: the longer rule text first, then
 * the name as bytes.
 * @param table the table
 * @param request the request
 * @param route gets the route, NULL unless 0 is returned; lives as long as the table
 *
 * A route without a service leads to child routes: run its middlewares, then ask
 * svcroute_table_match_child().
 *
 * Errors: SVCROUTE_ERR_NOT_FOUND (answer 404), SVCROUTE_ERR_BAD_REQUEST (answer 400: what no HTTP
 * parser lets through: a blank in method, host or query, a byte that is not ASCII in the host, a
 * control byte or bad "%" in the path), SVCROUTE_ERR_LIMIT (host above 1,024 bytes, or path and
 * query together above 32,768: answer 414), SVCROUTE_ERR_INVALID (a parameter is NULL, or a text or
 * `headers` is NULL that is not empty), SVCROUTE_ERR_STRUCT_SIZE, SVCROUTE_ERR_STRUCT_NEW. Does not
 * allocate. Uses 36 KiB of stack, and up to 80 KiB where a rule has a regular expression. Any
 * thread. Since 0.1.
 */
SVCROUTE_API int svcroute_table_match(const struct svcroute_table *table,
                                      const struct svcroute_match_request *request,
                                      const struct svcroute_route **route);

/**
 * The same among the routes that name `parent`, a route of this table, in parentRefs; the request
 * is what the parent's middlewares made of it. Errors, stack, threads: as svcroute_table_match().
 * Since 0.1.
 */
SVCROUTE_API int svcroute_table_match_child(const struct svcroute_table *table,
                                            const struct svcroute_route *parent,
                                            const struct svcroute_match_request *request,
                                            const struct svcroute_route **route);

/**
 * The runner-up: the route that would be found were `route` and all ahead of it not there. For
 * tools.
 * @param table the table
 * @param route from svcroute_table_match() or from this call, of the same request
 * @param request the request
 * @param next gets the route, NULL unless 0 is returned; lives as long as the table
 *
 * Errors, stack, threads: as svcroute_table_match(). Since 0.1.
 */
SVCROUTE_API int svcroute_table_match_next(const struct svcroute_table *table,
                                           const struct svcroute_route *route,
                                           const struct svcroute_match_request *request,
                                           const struct svcroute_route **next);

/** What one rule says of a request; filled by svcroute_route_match() up to the caller's `size`. */
struct svcroute_match_info {
    uint32_t size;  /**< set by the caller */
    uint32_t flags; /**< 0 */
    /** the part of the rule's text that settled it: what was looked at last; lives as long as the
     * table */
    struct svcroute_text matcher;
    uint32_t matched; /**< 1: the rule matches, else 0 */
    uint32_t offset;  /**< of `matcher` in the rule's text, in bytes */
};

/**
 * Runs one route's rule alone; entry point and `tls` are not looked at. For tools that say why.
 * @param table the table
 * @param route a route of it
 * @param request the request
 * @param info filled if 0 is returned; its `size` is set by the caller
 *
 * A rule that does not match is no error. Errors: SVCROUTE_ERR_NOT_FOUND (the rule could not be
 * read, and a diagnostic says why, or the policy ignores rules), and otherwise as
 * svcroute_table_match(); so are stack and threads. Does not allocate. Since 0.1.
 */
SVCROUTE_API int svcroute_route_match(const struct svcroute_table *table,
                                      const struct svcroute_route *route,
                                      const struct svcroute_match_request *request,
                                      struct svcroute_match_info *info);

/**
 * Adds what looks like a mistake among rules that are all valid: routes that no request can reach,
 * rules that match always or never, hosts without a route for "/". Cost grows with the number of
 * routes; for tools, not for every update.
 * @param table the table
 * @param diags gets the warnings; those that were found stay in it when the call fails
 *
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID (a parameter is NULL). Uses up to 48 KiB of
 * stack. Any thread, the list being one thread's at a time. Since 0.1.
 */
SVCROUTE_API int svcroute_table_lint(const struct svcroute_table *table,
                                     struct svcroute_diags *diags);

/**
 * svcroute_table_match() for a picker's plan, as a handle for svcroute_picker_pick().
 * @param picker the worker's picker
 * @param request the request
 * @param handle gets the route's handle, 0 unless 0 is returned
 *
 * Errors and stack: as svcroute_table_match(). Does not allocate. The picker's thread. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_match(const struct svcroute_picker *picker,
                                       const struct svcroute_match_request *request,
                                       uint64_t *handle);

/**
 * svcroute_table_match_child() for a picker's plan; `parent` and `*handle` as
 * svcroute_picker_match() gives them. Errors, stack, threads: as svcroute_picker_match(), and
 * SVCROUTE_ERR_GONE: the parent is no more, or no route. Since 0.1.
 */
SVCROUTE_API int svcroute_picker_match_child(const struct svcroute_picker *picker, uint64_t parent,
                                             const struct svcroute_match_request *request,
                                             uint64_t *handle);

/**
 * The route of a handle, for its getters together with svcroute_picker_get_table(); one without a
 * service leads to child routes. Borrowed, until the next refresh. NULL: the handle is no route's,
 * its route is no more, or `picker` is NULL. Does not allocate. The picker's thread. Since 0.1.
 */
SVCROUTE_API const struct svcroute_route *
svcroute_picker_get_route(const struct svcroute_picker *picker, uint64_t handle);

/**
 * The table of the picker's plan, for getters of the route that was found;
 * borrowed, until the next refresh. NULL gives NULL. The picker's thread. Since 0.1.
 */
SVCROUTE_API struct svcroute_table *svcroute_picker_get_table(const struct svcroute_picker *picker);

#ifdef __cplusplus
}
#endif

#endif
