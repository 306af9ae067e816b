/* A cluster written for one case, and the balancer that the library makes of it in profile
 * traefik-v3: what judges of whole services ask. */
#ifndef CONFORMANCE_RUNTIME_WORLD_H
#define CONFORMANCE_RUNTIME_WORLD_H

#include <svcroute/svcroute.h>

#include "base/text.h"

struct world {
    struct svcroute_context *context;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick; /* for use by the judge */
    struct svcr_buffer text;    /* documents, as they are said */
};

void world_init(struct world *world, struct svcroute_context *context);
/* Adds to the documents: YAML. */
__attribute__((format(printf, 2, 3))) void world_say(struct world *world, const char *format, ...);
/* A text in double quotes. */
void world_say_quoted(struct world *world, svcr_text text);
/* A Service of type ExternalName that leads to `host`; its server is http://host:80. */
void world_say_external(struct world *world, svcr_text name, svcr_text host);
/* A TraefikService whose spec follows. */
void world_say_tree(struct world *world, svcr_text name);
/* Resolves the documents and makes a balancer and a picker, at time 0. NULL, or what went wrong. */
const char *world_open(struct world *world);
/* Another picker, which has seen nothing yet. NULL, or what went wrong. */
const char *world_renew(struct world *world);
void world_close(struct world *world);

/* A service by its full name; 0: there is none. */
uint64_t world_handle(const struct world *world, const char *name);
/* Says that all servers of a service are up or down. */
void world_set(struct world *world, const char *name, bool up);

#endif
