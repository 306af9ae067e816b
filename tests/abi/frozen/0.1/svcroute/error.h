/**
 * @file
 * What a call did: 0, or one of these negative codes. What is wrong in the documents is said by
 * diagnostics (svcroute/diag.h), never by a code.
 */
#ifndef SVCROUTE_ERROR_H
#define SVCROUTE_ERROR_H

#include <svcroute/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Codes of all calls that can fail. A value keeps its meaning for ever. */
enum svcroute_error {
    SVCROUTE_OK = 0,               /**< the call did what it says */
    SVCROUTE_ERR_NOMEM = -1,       /**< out of memory; nothing changed */
    SVCROUTE_ERR_INVALID = -2,     /**< an argument is outside its range */
    SVCROUTE_ERR_STRUCT_SIZE = -3, /**< a struct's `size` is below the first release's or absurd */
    SVCROUTE_ERR_STRUCT_NEW =
        -4,                      /**< a struct from newer headers asks for what is not known here */
    SVCROUTE_ERR_LIMIT = -5,     /**< a limit of the context was reached; nothing changed */
    SVCROUTE_ERR_SYNTAX = -6,    /**< the bytes are no YAML or JSON; a diagnostic says where */
    SVCROUTE_ERR_SEQUENCE = -7,  /**< a builder's calls came in an order that makes no tree */
    SVCROUTE_ERR_STATE = -8,     /**< the object is not in a state that allows this call */
    SVCROUTE_ERR_NOT_FOUND = -9, /**< there is no such thing */
    SVCROUTE_ERR_END = -10,      /**< nothing more comes; not a fault */
    SVCROUTE_ERR_REJECTED = -11, /**< this one object was refused; a diagnostic says why */
    SVCROUTE_ERR_START_OVER = -12, /**< a watch ended with 410 or ERROR: list again, then watch */
    SVCROUTE_ERR_SPACE = -13,      /**< the caller's buffer is too small */
    SVCROUTE_ERR_CRYPTO = -14,     /**< the digest library failed */
    SVCROUTE_ERR_SCOPE = -15,      /**< the object is outside a relist's kind or namespace */
    SVCROUTE_ERR_NO_SERVER = -16,  /**< no server can take the request: answer 503 */
    SVCROUTE_ERR_GONE = -17,       /**< the route or service of this handle is no more */
    SVCROUTE_ERR_BODY_TOO_LARGE = -18, /**< the body is longer than a failover keeps: answer 413 */
    SVCROUTE_ERR_ALL_TRIED = -19,      /**< every server that could take the request was tried */
    SVCROUTE_ERR_BAD_REQUEST = -20 /**< no HTTP parser lets such a request through: answer 400 */
};

/**
 * The name of a code, "SVCROUTE_ERR_NOMEM"; for a number that is none, "SVCROUTE_ERR_UNKNOWN".
 * Terminated by NUL, valid for ever. Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API const char *svcroute_error_name(int code);

/**
 * One sentence for people, without a full stop. May change between releases: compare codes, not
 * texts. Terminated by NUL, valid for ever. Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API const char *svcroute_error_text(int code);

#ifdef __cplusplus
}
#endif

#endif
