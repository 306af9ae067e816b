/* Settling names: what names.c, which says when, and group.c, which makes groups, share. */
#ifndef SVCR_NAMES_H
#define SVCR_NAMES_H

#include "resolve/resolver.h"

struct svcr_change { /* of one claim */
    struct svcr_change *next;
    struct svcr_claim claim; /* borrowed */
};

struct svcr_pending { /* one group to be made anew */
    struct svcr_pending *next, *chain;
    uint64_t hash;
    svcr_text name;
    struct svcr_change *added, *removed;
    uint32_t num_added, num_removed;
    struct svcr_group *before; /* referenced; NULL: nobody wrote the name */
    struct svcr_group *after;  /* borrowed from the trie; NULL: nobody writes the name */
};

struct svcr_arrival { /* of a name "<base>-<k>" that nobody wrote before */
    struct svcr_arrival *next;
    svcr_text name;
};

struct svcr_settling {
    struct svcr_resolver *resolver;
    struct svcr_trie *trie;
    size_t *num_entries;
    bool routes;                   /* or services */
    struct svcr_pending **buckets; /* NULL while there are no pendings */
    size_t mask, num;
    struct svcr_pending *first, **last; /* in the order of their coming */
    struct svcr_arrival *arrivals;
};

struct svcr_shape { /* of a group to be made */
    const struct svcr_claim **claims;
    uint32_t *entry_of;  /* per claim */
    uint32_t *claim_of;  /* per entry: the claim whose thing it stands for */
    uint32_t *suffix_of; /* per entry; 0: none */
    uint32_t num_claims, num_entries;
};

/* Base name of a route or service, whichever is being settled. */
static inline svcr_text svcr_thing_name(const struct svcr_settling *settling,
                                        const struct svcr_block *thing)
{
    return settling->routes ? ((const struct svcr_route *)(const void *)thing)->base_name
                            : ((const struct svcr_tree_service *)(const void *)thing)->base_name;
}

/* Who claims a pending name after the changes, and which of the claims share an entry. */
bool svcr_shape_make(struct svcr_settling *settling, const struct svcr_pending *pending,
                     struct svcr_shape *shape);
/* Says which claims of a shape have lost the name. */
void svcr_shape_report(struct svcr_settling *settling, const struct svcr_pending *pending,
                       const struct svcr_shape *shape);
/* Makes the group of a shape and puts it into the trie; the diagnostics in unit_diags become its
 * own. */
bool svcr_group_put(struct svcr_settling *settling, struct svcr_pending *pending,
                    const struct svcr_shape *shape);

#endif
