/* The table's insides. */
#ifndef SVCR_TABLE_H
#define SVCR_TABLE_H

#include <stdatomic.h>

#include "base/trie.h"
#include "kube/store.h"
#include "resolve/block.h"
#include "resolve/policy.h"
#include "rule/index.h"

struct svcroute_table {
    svcr_refs refs;
    struct svcroute_context *context;     /* referenced */
    struct svcr_store_identity *identity; /* of the store; referenced */
    uint64_t version;                     /* of the store */
    struct svcroute_policy *policy;       /* own copy */
    struct svcr_trie units;               /* struct svcr_unit by owner */
    struct svcr_trie routes, services;    /* struct svcr_group by base name */
    struct svcr_index rules;              /* entries of the routes' groups by what they match */
    size_t num_routes, num_services;      /* entries of the groups */
    size_t num_cycles;                    /* units on a cycle */
};

bool svcr_unit_match(const struct svcr_block *unit,
                     const void *owner); /* const struct svcr_owner * */
bool svcr_group_match(const struct svcr_block *group, const void *name); /* const svcr_text * */
bool svcr_group_same_key(const struct svcr_block *a, const struct svcr_block *b);

/* The unit of an object; NULL if there is none, or no table. */
struct svcr_unit *svcr_unit_find(const struct svcroute_table *table,
                                 const struct svcr_owner *owner);
/* What the unit of an object or an entity is found by; borrowed from it. */
struct svcr_owner svcr_owner_of(const struct svcr_object *object);
struct svcr_owner svcr_owner_of_entity(const struct svcr_entity *entity);
struct svcr_group *svcr_group_find(const struct svcroute_table *table, const struct svcr_trie *trie,
                                   svcr_text name);
/* The entry with this (final) name, NULL if there is none. */
const struct svcr_entry *svcr_entry_find(const struct svcroute_table *table,
                                         const struct svcr_trie *trie, svcr_text name);
/* Goes through the entries of two versions of a group, either of which may be NULL, in the order of
 * their suffixes: those of one name together, else one of the two is NULL. False at the end. */
struct svcr_entry_pairs {
    const struct svcr_group *older, *newer;
    uint32_t num_older, num_newer; /* gone through */
};
bool svcr_entry_pairs_next(struct svcr_entry_pairs *pairs, const struct svcr_entry **older,
                           const struct svcr_entry **newer);
/* Adds the diagnostics of a unit and of the servers behind its services. */
void svcr_unit_put_diags(const struct svcr_unit *unit, struct svcroute_diags *diags);
/* True if there are any. */
bool svcr_unit_speaks(const struct svcr_unit *unit);
/* The entry that a child leads to; NULL: another provider's, or not there. */
const struct svcroute_service *svcr_child_service(const struct svcroute_table *table,
                                                  const struct svcr_child *child);
/* The name under which a child is known. */
svcr_text svcr_child_name(const struct svcroute_table *table, const struct svcr_child *child);
/* What a unit's route is to users of the table; NULL: another has taken its name (traefik-v3). */
const struct svcroute_route *svcr_route_handle(const struct svcroute_table *table,
                                               const struct svcr_route *route);
/* Whether an IngressRoute's class is the one that the policy wants (behaviour section 2). */
bool svcr_class_matches(const struct svcroute_policy *policy,
                        const struct svcr_ingress_route *object);
/* The route that a parent reference leads to; NULL: it is not there. */
const struct svcroute_route *svcr_parent_route(const struct svcroute_table *table,
                                               const struct svcr_parents *parents, uint32_t index);
/* Its name before a suffix kept it apart from others, whether it is there or not. */
svcr_text svcr_parent_base_name(const struct svcr_parents *parents, uint32_t index);
/* The scope (rule/index.h) of those that have this parent, and of those below a route. Unlike a
 * base name it is no other object's, but in profile traefik-v3. */
svcr_text svcr_parent_scope(const struct svcr_parents *parents, uint32_t index);
svcr_text svcr_route_scope(const struct svcroute_table *table, const struct svcr_route *route);
/* The name of the route that a parent reference leads to. */
svcr_text svcr_parent_name(const struct svcroute_table *table, const struct svcr_parents *parents,
                           uint32_t index);

/* All entries of a trie of groups, sorted by name; NULL when out of memory (num 0: a valid
 * pointer). */
const struct svcr_entry **svcr_entries_sorted(const struct svcroute_table *table,
                                              const struct svcr_trie *trie, size_t num);

#endif
