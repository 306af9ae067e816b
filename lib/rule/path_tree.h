/* Candidates by the beginnings of paths: which of them begin a given path?
 *
 * A persistent radix tree over bytes (Morrison, "PATRICIA", 1968): a node stands for the path made
 * of the labels down to it, and exists because candidates hang there or because paths part there.
 * Most nodes have one candidate, which lies in the node; with more a queue hangs there. Nodes are
 * counted; a change copies the shared ones on its way from the root and works in place on the
 * others. */
#ifndef SVCR_PATH_TREE_H
#define SVCR_PATH_TREE_H

#include "rule/queue.h"

struct svcr_path_node;

/* NULL: empty. */
struct svcr_path_tree {
    struct svcr_path_node *root;
};

/* Paths longer than SVCR_ANCHOR_PATH_MAX are for the caller to cut. */

/* Adds a candidate at a path, or puts it in the place of one with the same order there (then *added
 * is false). 0 or SVCROUTE_ERR_NOMEM; after a failure the tree can be cleared and nothing else. */
int svcr_path_tree_add(struct svcroute_context *context, struct svcr_path_tree *tree,
                       svcr_text path, const struct svcr_candidate *candidate, bool *added);
/* Removes a candidate that is there. Codes as above. */
int svcr_path_tree_remove(struct svcroute_context *context, struct svcr_path_tree *tree,
                          svcr_text path, const struct svcr_candidate *candidate);
struct svcr_path_tree svcr_path_tree_share(const struct svcr_path_tree *tree);
void svcr_path_tree_clear(struct svcroute_context *context, struct svcr_path_tree *tree);

/* Whether a candidate with the same order is at exactly this path. */
bool svcr_path_tree_has(const struct svcr_path_tree *tree, svcr_text path,
                        const struct svcr_candidate *candidate);

enum { SVCR_PATH_NODES_MAX = SVCR_ANCHOR_PATH_MAX + 1 };
/* The nodes with candidates at all beginnings of a path, the shortest first; gives their number.
 * Borrowed. */
uint32_t svcr_path_tree_find(const struct svcr_path_tree *tree, svcr_text path,
                             const struct svcr_path_node *nodes[SVCR_PATH_NODES_MAX]);
/* As svcr_queue_after(), at such a node. */
struct svcr_run svcr_path_node_after(const struct svcr_path_node *node,
                                     const struct svcr_candidate *after);
/* If a candidate is all that the tree holds, at one path: that one, else NULL. Borrowed. */
const struct svcr_candidate *svcr_path_tree_only(const struct svcr_path_tree *tree);

#endif
