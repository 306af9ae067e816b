/* parentRefs of IngressRoutes: routes that are asked only behind others. */
#ifndef SVCR_PARENTS_H
#define SVCR_PARENTS_H

#include "resolve/block.h"

struct svcr_resolver;
struct svcroute_table;

/* Finds the parents of all routes of the object being made; *out NULL: it has none; one reference
 * is the caller's. *good becomes false if the object is to be skipped, which has been reported. An
 * object without routes is no parent. false: the run ends. */
bool svcr_parents_make(struct svcr_resolver *resolver, struct svcr_parents **out, bool *good);
/* The same objects, in the same order. */
bool svcr_parents_same(const struct svcr_parents *a, const struct svcr_parents *b);

/* Whether the routes of an IngressRoute are among the parents. */
bool svcr_parents_have(const struct svcr_parents *parents, const struct svcr_object *object);
/* Whether all parents are in the table. Takes what it costs from *looks; what is left when those
 * are spent counts as there. */
bool svcr_parents_there(const struct svcroute_table *table, const struct svcr_parents *parents,
                        uint32_t *looks);
/* Where the routes below those of an IngressRoute are found in an index. */
svcr_text svcr_parents_scope(const struct svcr_object *object);

#endif
