/* A request as rules see it: made once per call from what the host gives, in the caller's memory,
 * so that no matcher has to normalise anything again. */
#ifndef SVCR_SUBJECT_H
#define SVCR_SUBJECT_H

#include <svcroute/match.h>

#include "base/text.h"

enum { SVCR_HOST_MAX = 1024, SVCR_TARGET_MAX = 32768 };

struct svcr_subject {
    svcr_text method;
    svcr_text
        host; /* lower case, port and brackets off; what no name equals is empty with host_none */
    svcr_text path;                      /* the routing path, decoded as the profile has it */
    svcr_text query;                     /* as received, without "?" */
    const struct svcroute_text *headers; /* names and values by turns, as given */
    uint32_t num_headers;                /* pairs */
    bool host_none;                      /* the Host header can equal no name (two colons) */
    bool client_known;
    bool traefik;        /* profile traefik-v3 */
    uint8_t client[16];  /* an IPv4 address is in its IPv4-mapped form */
    size_t scratch_used; /* of `scratch`, by host and path; the rest is for queries */
    char scratch[SVCR_HOST_MAX + SVCR_TARGET_MAX];
};

/* Reads a request (already copied to the present size). Borrows from it. Errors:
 * SVCROUTE_ERR_BAD_REQUEST: what an HTTP parser refuses; SVCROUTE_ERR_LIMIT: host, or path and
 * query together, are longer than the scratch; SVCROUTE_ERR_INVALID. Does not allocate, and does
 * not touch more of the scratch than it needs. */
int svcr_subject_make(struct svcr_subject *subject, const struct svcroute_match_request *request,
                      bool traefik);

/* The path that path matchers compare, from a path as received (behaviour section 11): into `out`,
 * which has room for path.size bytes, or borrowed from `path` where nothing is decoded. False: bad
 * "%" or a control byte. */
bool svcr_path_route(svcr_text path, bool traefik, char *out, svcr_text *routing);

#endif
