/* Active checks: what is sent to a server, and what its answer means. Sending, and following
 * redirects, is the host's part.
 *
 * A plan is what the probes of all servers of a service have in common, judged and encoded once: a
 * server's URL is scheme, host and port alone, so the path resolves to the same text against each.
 * A plan whose configuration no request can be made of is broken: its servers are always down.
 *
 * A gRPC probe is the call grpc.health.v1.Health/Check with an empty service name, over HTTP/2
 * without TLS: POST to the probe's target, content-type application/grpc, te: trailers, and as body
 * the five bytes 00 00 00 00 00. The serving status of the answer (field 1 of the message; 1 is
 * SERVING) is what svcr_probe_judge() gets as status; a gRPC status other than OK, like no answer,
 * is a failure. */
#ifndef SVCR_PROBE_H
#define SVCR_PROBE_H

#include "base/text.h"

struct svcr_probe_header {
    svcr_text name, value;
};

/* healthCheck as configured; borrowed, nothing of it is trusted. */
struct svcr_probe_settings {
    svcr_text scheme, mode, path, method, hostname;
    int64_t port;                                  /* 0: the server's */
    int64_t status;                                /* expected; 0: 200 to 399 */
    int64_t interval, unhealthy_interval, timeout; /* nanoseconds; 0 and less: 30 s, 30 s, 5 s */
    bool follow_redirects;
    uint32_t num_headers;
    const struct svcr_probe_header *headers;
};

/* Immutable. */
struct svcr_probe_plan {
    bool broken; /* no request can be made of it */
    bool grpc;
    bool follow_redirects;
    int64_t status;
    uint64_t interval, unhealthy_interval, timeout; /* nanoseconds, above 0 */
    svcr_text scheme;                               /* lower case; empty: the server's */
    svcr_text port;                                 /* empty: the server's */
    svcr_text hostname;                             /* Host header; empty: from the server's URL */
    svcr_text method;
    svcr_text target; /* of the request line */
    svcr_text
        tail; /* what the URL has behind the port: target and fragment; no path if none is given */
    uint32_t num_headers;
    struct svcr_probe_header *headers; /* names in canonical spelling */
    struct svcr_buffer texts;          /* where these texts live */
    size_t bytes;
};

/* One server's probe. */
struct svcr_probe {
    svcr_text url;
    svcr_text scheme;
    svcr_text connect; /* host:port as in the URL; the port may be missing (gRPC: be empty) */
    svcr_text host;    /* Host header */
};

/* 0 also for a plan that is broken. SVCROUTE_ERR_NOMEM. */
int svcr_probe_plan_new(struct svcr_probe_plan **out, struct svcroute_context *context,
                        const struct svcr_probe_settings *settings);
void svcr_probe_plan_free(struct svcr_probe_plan *plan, struct svcroute_context *context);

/* Composes a probe into `buffer`, whose former content goes; the texts live there.
 * SVCROUTE_ERR_REJECTED: no request can be made, the server is down (always with a broken plan).
 * SVCROUTE_ERR_NOMEM. */
int svcr_probe_compose(struct svcr_probe *probe, struct svcr_buffer *buffer,
                       const struct svcr_probe_plan *plan, svcr_text server_url);

/* True if a final status means up. */
bool svcr_probe_judge(const struct svcr_probe_plan *plan, int64_t status);

#endif
