/* Bytes of request targets and what stands for what in a path (RFC 3986): which bytes are legal,
 * which stay encoded, and the path that rules compare. */
#ifndef SVCR_PATH_H
#define SVCR_PATH_H

#include "base/text.h"

/* Classes of bytes, bits of svcr_octets[]. */
enum {
    SVCR_OCTET_PATH = 1,       /* legal in a path as it is; "%" is none of them */
    SVCR_OCTET_KEPT = 2,       /* stays as it is when a decoded path is encoded again */
    SVCR_OCTET_UNRESERVED = 4, /* encoded or not, it means the same */
    SVCR_OCTET_RESERVED = 8,   /* encoded, it means something else: rules see it encoded */
    SVCR_OCTET_VISIBLE = 16,   /* neither blank nor control byte */
    SVCR_OCTET_HOST = 32,      /* legal in a Host header */
    SVCR_OCTET_NAME = 64,      /* and nothing to be done about it: no capital, colon or bracket */
    SVCR_OCTET_TOKEN = 128,    /* of methods and header names */
};
extern const uint8_t svcr_octets[256];

static inline bool svcr_octet_is(char c, unsigned classes)
{
    return (svcr_octets[(uint8_t)c] & classes) != 0;
}

/* The classes that all bytes of a text share. */
unsigned svcr_octets_shared(svcr_text text);

/* The path that path matchers compare, from a path as received or cleaned (behaviour section 11):
 * into `out`, or borrowed from `path` where nothing is to be changed. 3 * path.size bytes are
 * always enough. Errors: SVCROUTE_ERR_BAD_REQUEST: bad "%", a blank or a control byte;
 * SVCROUTE_ERR_LIMIT: `capacity` is too small. */
int svcr_path_route(svcr_text path, bool traefik, char *out, size_t capacity, svcr_text *routing);

#endif
