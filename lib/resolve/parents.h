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

/* More of them than a route is indexed under one by one. */
enum { SVCR_PARENTS_FEW = 8 };
static inline bool svcr_parents_many(const struct svcr_parents *parents)
{
    return parents->num > SVCR_PARENTS_FEW;
}

/* Of many: whether a route of a table is one of them. */
bool svcr_parents_have(const struct svcroute_table *table, const struct svcr_parents *parents,
                       const struct svcr_route *route);
/* Of many: whether all are in the table. Takes what it costs from *looks; what is left when those
 * are spent counts as there. */
bool svcr_parents_there(const struct svcroute_table *table, const struct svcr_parents *parents,
                        uint32_t *looks);
/* The scope of routes below those of an IngressRoute that have many parents: the hash of its name,
 * for which the caller has room. */
svcr_text svcr_parents_scope(const struct svcroute_context *context,
                             const struct svcr_object *object, uint64_t *key);

/* The IngressRoutes that a route of a table is one of: its own, or in profile traefik-v3 all that
 * wrote its name. */
struct svcr_writers {
    const struct svcr_object *only;
    const struct svcr_group *group; /* NULL: the only one */
    uint32_t num;                   /* claims gone through */
};
struct svcr_writers svcr_writers_of(const struct svcroute_table *table,
                                    const struct svcr_route *route);
/* NULL at the end. */
const struct svcr_object *svcr_writers_next(struct svcr_writers *writers);

#endif
