/* Which services of a tree are up, who learns of it, and who is refused.
 *
 * A service is up while one of its children is; a failover while main or fallback is; mirroring is
 * what its main is. In the default profile every parent knows that of every child. In traefik-v3 a
 * parent knows it where its own healthCheck is set, which needs children that report; a failover
 * also follows a main that reports. What a parent does not know counts as up.
 *
 * Telling: a service tells a change of its own status, once, since all that one event changes moves
 * in one direction; a failover tells every change of a child that it follows, whether or not that
 * changes its own status; mirroring passes on every word of its main. So a pass from the leaves up,
 * in order of the nodes, finds status and number of tellings without events: the sum of nodes and
 * edges in steps, where telling one by one would double on every failover whose sides are one
 * service. */
#include "balance/tree.h"

/* A failover's main is followed if it reports, its fallback if the failover has a healthCheck. */
static bool follows(const struct svcr_tree_node *nodes, uint32_t parent, uint32_t place,
                    bool traefik)
{
    const struct svcr_tree_node *node = &nodes[parent];

    if (node->children[place] >= parent) {
        return false;
    }
    if (!traefik) {
        return true;
    }
    if (node->kind == SVCR_TREE_FAILOVER && place == 0) {
        return nodes[node->children[0]].reports;
    }
    return node->check;
}

bool svcr_tree_child_up(const struct svcr_tree_node *nodes, uint32_t parent, uint32_t place,
                        bool traefik)
{
    uint32_t child = nodes[parent].children[place];

    if (follows(nodes, parent, place, traefik)) {
        return nodes[child].up;
    }
    return traefik || child < parent;
}

/* How many children have to report. */
static uint32_t num_reporters(const struct svcr_tree_node *node)
{
    if (node->check) {
        return node->kind == SVCR_TREE_MIRRORING ? 1 : node->num_children;
    }
    return node->kind == SVCR_TREE_FAILOVER && !node->errors ? 1 : 0;
}

void svcr_tree_judge(struct svcr_tree_node *nodes, uint32_t num, bool traefik)
{
    for (uint32_t i = 0; i < num; i++) {
        struct svcr_tree_node *node = &nodes[i];

        node->refused = false;
        node->up = true;
        node->told = 0;
        for (uint32_t place = 0;
             traefik && node->kind != SVCR_TREE_SERVERS && place < node->num_children; place++) {
            uint32_t child = node->children[place];

            if (child >= i || nodes[child].refused ||
                (place < num_reporters(node) && !nodes[child].reports)) {
                node->refused = true;
            }
        }
        node->reports = !node->refused && (node->check || !traefik);
    }
}

static bool is_up(const struct svcr_tree_node *nodes, uint32_t at, bool traefik)
{
    const struct svcr_tree_node *node = &nodes[at];
    uint32_t num =
        node->kind == SVCR_TREE_MIRRORING && node->num_children > 0 ? 1 : node->num_children;

    if (node->kind == SVCR_TREE_SERVERS) {
        return node->num_usable > 0;
    }
    for (uint32_t place = 0; place < num; place++) {
        if (svcr_tree_child_up(nodes, at, place, traefik)) {
            return true;
        }
    }
    return false;
}

void svcr_tree_update(struct svcr_tree_node *nodes, uint32_t num, bool traefik, bool *was_up)
{
    for (uint32_t i = 0; i < num; i++) {
        struct svcr_tree_node *node = &nodes[i];

        was_up[i] = node->up;
        node->up = is_up(nodes, i, traefik);
        node->told = node->up != was_up[i];
        if (node->kind == SVCR_TREE_FAILOVER) {
            node->told = 0;
            for (uint32_t place = 0; place < node->num_children; place++) {
                uint32_t child = node->children[place];

                node->told += follows(nodes, i, place, traefik) && nodes[child].up != was_up[child];
            }
        } else if (node->kind == SVCR_TREE_MIRRORING && node->num_children > 0 &&
                   follows(nodes, i, 0, traefik)) {
            node->told = nodes[node->children[0]].told;
        }
    }
}
