/* What hangs at the hosts of one scope: a persistent map from hashes of hosts.
 *
 * Hosts are told apart by their hashes alone. Two that share one share what hangs there, which is
 * right all the same: whether a candidate is for a request is up to its program.
 *
 * Most hosts have one candidate, and a search among many hosts costs what it costs to fetch memory.
 * So that candidate lies in the map itself, in a bucket with those of a few other hosts: one fetch
 * behind nodes that few enough share to stay close. */
#ifndef SVCR_HOST_MAP_H
#define SVCR_HOST_MAP_H

#include "rule/path_tree.h"

struct svcr_host {
    uint64_t key; /* the hash, but for the lowest bit: set if there are `paths` */
    union {
        struct svcr_candidate only;  /* at all its paths; owns a reference to its holder */
        struct svcr_path_tree paths; /* owned */
    } has;
};

static inline bool svcr_host_has_paths(const struct svcr_host *host)
{
    return (host->key & 1U) != 0;
}

static inline bool svcr_host_is(const struct svcr_host *host, uint64_t hash)
{
    return (host->key ^ hash) <= 1;
}

/* 0: empty. Owned by whoever holds it. */
struct svcr_host_map {
    uintptr_t root;
};

/* NULL: nothing there. Borrowed from the map. */
const struct svcr_host *svcr_host_map_get(const struct svcr_host_map *map, uint64_t hash);
/* Adds a candidate at a host where nothing is. 0 or SVCROUTE_ERR_NOMEM; after a failure of this and
 * the following the map can be cleared and nothing else. */
int svcr_host_map_add(struct svcroute_context *context, struct svcr_host_map *map, uint64_t hash,
                      const struct svcr_candidate *only);
/* Gives what hangs at a host, where something is, to be changed in this version of the map alone;
 * until the map's next change. */
int svcr_host_map_own(struct svcroute_context *context, struct svcr_host_map *map, uint64_t hash,
                      struct svcr_host **host);
/* Removes what hangs at a host, where something is. */
int svcr_host_map_remove(struct svcroute_context *context, struct svcr_host_map *map,
                         uint64_t hash);
struct svcr_host_map svcr_host_map_share(const struct svcr_host_map *map);
void svcr_host_map_clear(struct svcroute_context *context, struct svcr_host_map *map);

#endif
