/* Which services of a tree are up, who learns of it, and who is refused (behaviour sections 8, 10
 * and 13, tree.json). */
#ifndef SVCR_TREE_H
#define SVCR_TREE_H

#include "balance/strategy.h"

enum svcr_tree_kind {
    SVCR_TREE_SERVERS = 0,
    SVCR_TREE_WEIGHTED = 1,  /* weighted round robin or highest random weight */
    SVCR_TREE_MIRRORING = 2, /* children: main, mirrors */
    SVCR_TREE_FAILOVER = 3,  /* children: main, fallback */
};

struct svcr_tree_node {
    enum svcr_tree_kind kind;
    bool check;  /* servers: an active check; else the service's own healthCheck switch */
    bool errors; /* failover: errors.status is given */
    uint32_t num_children;
    const uint32_t *children; /* indices of nodes, smaller than the node's own; else the child is
                                 not there, or on a cycle */
    uint32_t num_usable;      /* servers: how many can be used now */

    bool refused;  /* answers nothing */
    bool reports;  /* tells parents what becomes of it */
    bool up;       /* as told last; everybody starts up */
    uint32_t told; /* how many times the last update made it tell */
};

/* Sets `refused`, `reports` and `up`, before anything happened. In the default profile nobody is
 * refused and all report. */
void svcr_tree_judge(struct svcr_tree_node *nodes, uint32_t num, bool traefik);
/* What a service thinks of one of its children. */
bool svcr_tree_child_up(const struct svcr_tree_node *nodes, uint32_t parent, uint32_t place,
                        bool traefik);
/* Goes from the leaves up after `num_usable` of some changed; `was_up` has room for `num`. */
void svcr_tree_update(struct svcr_tree_node *nodes, uint32_t num, bool traefik, bool *was_up);

#endif
