/* The rules of routes: compiled with the route that has them, and indexed with the table. */
#ifndef SVCR_RULES_H
#define SVCR_RULES_H

#include <svcroute/match.h>

#include "resolve/table.h"
#include "rule/index.h"

struct svcr_resolver;

/* Compiles the rule of a route of the unit being made, or takes over what the previous version of
 * the unit has. *program stays NULL if the rule cannot be used, which has been reported. One
 * reference is the caller's. false: the run ends. */
bool svcr_rule_compile(struct svcr_resolver *resolver, const struct svcr_rule *rule, uint32_t index,
                       struct svcr_program **program);
/* Brings the table's index from one version of a group of routes to the next; either may be NULL.
 */
bool svcr_rules_follow(struct svcr_resolver *resolver, struct svcr_group *older,
                       struct svcr_group *newer);

/* Routes whose parents are of many IngressRoutes are found in this scope, whoever is asked for; one
 * that speaks for all of its object is also where svcr_parents_scope() says of each of those. */
#define SVCR_SCOPE_MANY SVCR_TEXT("*")
/* Marks of candidates. */
enum {
    SVCR_MARK_TLS = 1,       /* the route has `tls` */
    SVCR_MARK_ANY_ENTRY = 2, /* it names no entry points */
    SVCR_MARK_SERVICE = 4,   /* it has a service */
};
/* What the index knows of a route; `holder` is the group that it is an entry of. */
struct svcr_candidate svcr_candidate_of(const struct svcroute_route *route,
                                        struct svcr_group *holder);
/* Puts a candidate in the place of its older version; either may be NULL, or have no program. 0 or
 * SVCROUTE_ERR_NOMEM; after a failure the index can be cleared and nothing else. */
int svcr_rules_replace(struct svcroute_context *context, struct svcr_index *index,
                       const struct svcr_candidate *older, const struct svcr_candidate *newer);
/* match.c: the candidate of the route that a request takes, in an index of a table's routes: below
 * `parent` unless that is NULL, behind `after` unless that is. Codes as svcroute_table_match(). */
int svcr_rules_find(const struct svcroute_table *table, const struct svcr_index *index,
                    const struct svcroute_route *parent, const struct svcr_candidate *after,
                    const struct svcroute_match_request *request,
                    const struct svcr_candidate **found);
/* match.c: whether a route leads to a service, or else to routes below it: only then requests take
 * it. */
bool svcr_route_leads_on(const struct svcroute_table *table,
                         const struct svcr_candidate *candidate);
/* match.c: whether there are routes below it. */
bool svcr_route_is_parent(const struct svcroute_table *table, const struct svcr_route *route);

#endif
