/* A request as rules see it: made once per call from what the host gives, in the caller's memory,
 * so that no matcher has to normalise anything again. */
#ifndef SVCR_SUBJECT_H
#define SVCR_SUBJECT_H

#include <svcroute/match.h>

#include "base/text.h"

enum { SVCR_HOST_MAX = 1024, SVCR_TARGET_MAX = 32768 };

enum svcr_client_state {
    SVCR_CLIENT_UNREAD = 0,
    SVCR_CLIENT_KNOWN,
    SVCR_CLIENT_UNKNOWN,
};

struct svcr_subject {
    svcr_text method;
    svcr_text host;  /* lower case, port and brackets off, dots at the end kept; may be empty. With
                        two colons ("a:80:90") it is the whole text, which no name equals */
    svcr_text path;  /* the routing path, decoded as the profile has it */
    svcr_text query; /* as received, without "?" */
    const struct svcroute_text *headers; /* names and values by turns, as given */
    uint32_t num_headers;                /* pairs */
    bool traefik;                        /* profile traefik-v3 */
    bool query_semicolons;               /* ";" separates pairs like "&"; else a pair that holds one
                                            counts as absent. True from svcr_subject_make() */
    uint8_t client_state;                /* enum svcr_client_state */
    uint8_t client[16];                  /* when known; IPv4 in its mapped form */
    svcr_text client_text;               /* as given */
    size_t scratch_used; /* of `scratch`, by host and path; what is left has room for the query */
    char scratch[SVCR_HOST_MAX + SVCR_TARGET_MAX];
};

/* Reads a request (already copied to the present size). Borrows from it. Errors:
 * SVCROUTE_ERR_BAD_REQUEST: what an HTTP parser refuses; SVCROUTE_ERR_LIMIT: host, or path and
 * query together, are longer than the scratch; SVCROUTE_ERR_INVALID. Does not allocate, and does
 * not touch more of the scratch than it needs. */
int svcr_subject_make(struct svcr_subject *subject, const struct svcroute_match_request *request,
                      bool traefik);

/* The client's address, 16 bytes, or NULL if it is not known. Its text is read at the first call:
 * few rules ask. */
const uint8_t *svcr_subject_client(struct svcr_subject *subject);

#endif
