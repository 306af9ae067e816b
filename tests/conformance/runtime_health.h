/* The vectors of health.json that a balancer is driven through. */
#ifndef CONFORMANCE_RUNTIME_HEALTH_H
#define CONFORMANCE_RUNTIME_HEALTH_H

#include "runtime.h"

/* When probes start, and what becomes of their server. */
runtime_judge runtime_health_timing;
/* Whether failed requests take the server of a passive case out, and when it returns; NULL, or what
 * is wrong. Cases with an active check are none of these. */
const char *runtime_health_ejects(struct svcroute_context *context,
                                  const struct svcroute_node *case_);

#endif
