/* Hosts of rules and requests: dots at the end, and "*" for a first label. */
#ifndef SVCR_HOST_H
#define SVCR_HOST_H

#include "base/text.h"

static inline svcr_text svcr_host_without_dots(svcr_text host)
{
    while (host.size > 0 && host.data[host.size - 1] == '.') {
        host.size--;
    }
    return host;
}

/* What follows the first label; empty if nothing does. */
static inline svcr_text svcr_host_behind_label(svcr_text host)
{
    const char *dot = host.size > 0 ? memchr(host.data, '.', host.size) : NULL;
    return dot != NULL ? (svcr_text){dot, host.size - (size_t)(dot - host.data)} : SVCR_TEXT("");
}

/* "*" and "*.rest"; what else begins with "*" is a name that no host has. */
static inline bool svcr_host_is_wildcard(svcr_text host)
{
    return host.size > 0 && host.data[0] == '*' && (host.size == 1 || host.data[1] == '.');
}

#endif
