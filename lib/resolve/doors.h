/* Doors: the entry points at which an IngressRoute's routes are asked. */
#ifndef SVCR_DOORS_H
#define SVCR_DOORS_H

#include "resolve/block.h"

struct svcr_resolver;

/* An object's entry points in order, for binary search, where they are many; shared by its routes.
 */
struct svcr_doors {
    struct svcr_block head;
    uint32_t num;
    const svcr_text *names[]; /* in the same block, texts borrowed from the object */
};

/* *out NULL: they are few; one reference is the caller's. false: the run ends. */
bool svcr_doors_make(struct svcr_resolver *resolver, struct svcr_doors **out);
/* Whether a route's object names an entry point; one that names none is not asked. */
bool svcr_route_has_door(const struct svcr_route *route, svcr_text wanted);

#endif
