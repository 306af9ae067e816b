/* The persistent radix tree of paths; see path_tree.h.
 *
 * Paths are bounded, so the depth is; all walks are loops all the same, but for the one that frees.
 * A node is one piece of memory: children, their first bytes, which memchr() searches, and the
 * label. It is never resized: another shape is another node, to which the old one's references go
 * over if it had one owner only. Nodes without a queue have two children or more. */
#include "rule/path_tree.h"

#include <svcroute/error.h>

#include "base/memory.h"

struct svcr_path_node {
    svcr_refs refs;
    uint16_t num;   /* of children, at most 256 */
    uint16_t label; /* bytes of the label */
    struct svcr_queue queue;
    struct svcr_path_node *children[];
    /* then the first bytes of the children's labels, in order; then the label */
};

/* ---- nodes -------------------------------------------------------------------------------- */

static inline size_t node_bytes(uint32_t num, size_t label)
{
    return sizeof(struct svcr_path_node) + num * (sizeof(struct svcr_path_node *) + 1) + label;
}

static inline char *node_firsts(const struct svcr_path_node *node)
{
    return (char *)(node->children + node->num);
}

static inline char *node_label(const struct svcr_path_node *node)
{
    return node_firsts(node) + node->num;
}

static void node_unref(struct svcroute_context *context, struct svcr_path_node *node)
{
    if (!svcr_refs_drop(&node->refs)) {
        return;
    }
    svcr_queue_clear(context, &node->queue);
    for (uint32_t i = 0; i < node->num; i++) { /* recursion: by the bytes of a path */
        node_unref(context, node->children[i]);
    }
    svcr_release(context, node, node_bytes(node->num, node->label));
}

/* A node without a queue whose children and first bytes are for the caller to fill in. The label is
 * that of two texts. */
static struct svcr_path_node *node_new(struct svcroute_context *context, uint32_t num, svcr_text a,
                                       svcr_text b)
{
    struct svcr_path_node *node = svcr_alloc(context, node_bytes(num, a.size + b.size));
    if (node == NULL) {
        return NULL;
    }
    svcr_refs_init(&node->refs);
    node->num = (uint16_t)num;
    node->label = (uint16_t)(a.size + b.size);
    node->queue.root = NULL;
    char *label = node_label(node);
    if (a.size > 0) {
        memcpy(label, a.data, a.size);
    }
    if (b.size > 0) {
        memcpy(label + a.size, b.data, b.size);
    }
    return node;
}

static struct svcr_path_node *leaf_new(struct svcroute_context *context, svcr_text label,
                                       const struct svcr_candidate *candidate)
{
    bool added;
    struct svcr_path_node *leaf = node_new(context, 0, label, SVCR_TEXT_ABSENT);
    if (leaf != NULL && svcr_queue_add(context, &leaf->queue, candidate, &added) != 0) {
        node_unref(context, leaf);
        return NULL;
    }
    return leaf;
}

/* The caller's reference to a node goes; its queue and children live on elsewhere. */
static void node_spend(struct svcroute_context *context, struct svcr_path_node *node)
{
    if (svcr_refs_sole(&node->refs)) {
        svcr_release(context, node, node_bytes(node->num, node->label));
        return;
    }
    (void)svcr_queue_share(&node->queue);
    for (uint32_t i = 0; i < node->num; i++) {
        svcr_refs_take(&node->children[i]->refs);
    }
    node_unref(context, node);
}

/* Makes *at a node with the same queue and children and another label. */
static int node_relabel(struct svcroute_context *context, struct svcr_path_node **at, svcr_text a,
                        svcr_text b)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *other = node_new(context, node->num, a, b);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    other->queue = node->queue;
    memcpy(other->children, node->children, node->num * sizeof(struct svcr_path_node *));
    memcpy(node_firsts(other), node_firsts(node), node->num);
    node_spend(context, node);
    *at = other;
    return 0;
}

static svcr_text node_text(const struct svcr_path_node *node)
{
    return (svcr_text){node_label(node), node->label};
}

/* Makes *at a node that nobody else owns. */
static int node_own(struct svcroute_context *context, struct svcr_path_node **at)
{
    return svcr_refs_sole(&(*at)->refs)
               ? 0
               : node_relabel(context, at, node_text(*at), SVCR_TEXT_ABSENT);
}

/* The place of the child that begins with a byte; NULL: none. */
static inline struct svcr_path_node **node_child(struct svcr_path_node *node, char first)
{
    const char *firsts = node_firsts(node);
    const char *at = memchr(firsts, first, node->num);
    return at == NULL ? NULL : &node->children[at - firsts];
}

/* ---- adding ------------------------------------------------------------------------------- */

/* Makes *at a node that has one more child, whose reference it takes on success. */
static int child_add(struct svcroute_context *context, struct svcr_path_node **at,
                     struct svcr_path_node *child)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *other =
        node_new(context, node->num + 1U, node_text(node), SVCR_TEXT_ABSENT);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    const char *firsts = node_firsts(node);
    char first = *node_label(child);
    uint32_t i = 0;
    while (i < node->num && (uint8_t)firsts[i] < (uint8_t)first) {
        i++;
    }
    other->queue = node->queue;
    memcpy(other->children, node->children, i * sizeof(struct svcr_path_node *));
    memcpy(other->children + i + 1, node->children + i,
           (node->num - i) * sizeof(struct svcr_path_node *));
    memcpy(node_firsts(other), firsts, i);
    memcpy(node_firsts(other) + i + 1, firsts + i, node->num - i);
    other->children[i] = child;
    node_firsts(other)[i] = first;
    node_spend(context, node);
    *at = other;
    return 0;
}

/* Puts a node without a queue between *at and what is above it, for the first `size` bytes of its
 * label. */
static int node_part(struct svcroute_context *context, struct svcr_path_node **at, size_t size)
{
    svcr_text label = node_text(*at);
    svcr_text lower = {label.data + size, label.size - size};
    struct svcr_path_node *upper =
        node_new(context, 1, (svcr_text){label.data, size}, SVCR_TEXT_ABSENT);
    if (upper == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *node_firsts(upper) = *lower.data;
    if (node_relabel(context, at, lower, SVCR_TEXT_ABSENT) != 0) {
        svcr_release(context, upper, node_bytes(1, size));
        return SVCROUTE_ERR_NOMEM;
    }
    upper->children[0] = *at;
    *at = upper;
    return 0;
}

static size_t common_size(svcr_text a, svcr_text b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size]) {
        size++;
    }
    return size;
}

int svcr_path_tree_add(struct svcroute_context *context, struct svcr_path_tree *tree,
                       svcr_text path, const struct svcr_candidate *candidate, bool *added)
{
    struct svcr_path_node **at = &tree->root;
    *added = true;
    if (tree->root == NULL) {
        tree->root = leaf_new(context, path, candidate);
        return tree->root != NULL ? 0 : SVCROUTE_ERR_NOMEM;
    }
    for (;;) {
        size_t common = common_size(node_text(*at), path);
        int error = common < (*at)->label ? node_part(context, at, common) : 0;
        path = (svcr_text){path.data + common, path.size - common};
        if (error == 0 && path.size > 0 && node_child(*at, *path.data) == NULL) {
            break; /* it gets another shape, so there is no need to own it */
        }
        error = error == 0 ? node_own(context, at) : error;
        if (error != 0) {
            return error;
        }
        if (path.size == 0) {
            return svcr_queue_add(context, &(*at)->queue, candidate, added);
        }
        at = node_child(*at, *path.data);
    }
    struct svcr_path_node *leaf = leaf_new(context, path, candidate);
    if (leaf == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    int error = child_add(context, at, leaf);
    if (error != 0) {
        node_unref(context, leaf);
    }
    return error;
}

/* ---- removing ----------------------------------------------------------------------------- */

/* Makes *at, which nobody else owns, a node without its child `i`. */
static int child_remove(struct svcroute_context *context, struct svcr_path_node **at, uint32_t i)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *child = node->children[i];
    struct svcr_path_node *other =
        node_new(context, node->num - 1U, node_text(node), SVCR_TEXT_ABSENT);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    uint32_t behind = node->num - i - 1U;
    other->queue = node->queue;
    memcpy(other->children, node->children, i * sizeof(struct svcr_path_node *));
    memcpy(other->children + i, node->children + i + 1, behind * sizeof(struct svcr_path_node *));
    memcpy(node_firsts(other), node_firsts(node), i);
    memcpy(node_firsts(other) + i, node_firsts(node) + i + 1, behind);
    node_unref(context, child);
    svcr_release(context, node, node_bytes(node->num, node->label));
    *at = other;
    return 0;
}

/* A node without a queue that has one child gives way to it; nobody else owns the node. */
static int node_collapse(struct svcroute_context *context, struct svcr_path_node **at)
{
    struct svcr_path_node *node = *at;
    if (node->queue.root != NULL || node->num != 1) {
        return 0;
    }
    struct svcr_path_node **child = &node->children[0];
    int error = node_relabel(context, child, node_text(node), node_text(*child));
    if (error == 0) {
        *at = *child;
        svcr_release(context, node, node_bytes(1, node->label));
    }
    return error;
}

int svcr_path_tree_remove(struct svcroute_context *context, struct svcr_path_tree *tree,
                          svcr_text path, const struct svcr_candidate *candidate)
{
    struct svcr_path_node **above = NULL;
    struct svcr_path_node **at = &tree->root;
    for (;;) {
        int error = node_own(context, at);
        if (error != 0) {
            return error;
        }
        path = (svcr_text){path.data + (*at)->label, path.size - (*at)->label};
        if (path.size == 0) {
            break;
        }
        above = at;
        at = node_child(*at, *path.data);
    }
    int error = svcr_queue_remove(context, &(*at)->queue, candidate);
    if (error != 0 || (*at)->queue.root != NULL) {
        return error;
    }
    if ((*at)->num > 0) {
        return node_collapse(context, at);
    }
    if (above == NULL) {
        node_unref(context, tree->root);
        tree->root = NULL;
        return 0;
    }
    error = child_remove(context, above, (uint32_t)(at - (*above)->children));
    return error != 0 ? error : node_collapse(context, above);
}

/* ---- the whole ---------------------------------------------------------------------------- */

struct svcr_path_tree svcr_path_tree_share(const struct svcr_path_tree *tree)
{
    if (tree->root != NULL) {
        svcr_refs_take(&tree->root->refs);
    }
    return *tree;
}

void svcr_path_tree_clear(struct svcroute_context *context, struct svcr_path_tree *tree)
{
    if (tree->root != NULL) {
        node_unref(context, tree->root);
    }
    tree->root = NULL;
}

/* Down one node: takes its label off the path; false if the path does not begin with it. */
static inline bool node_step(const struct svcr_path_node *node, svcr_text *path)
{
    if (path->size < node->label || memcmp(path->data, node_label(node), node->label) != 0) {
        return false;
    }
    *path = (svcr_text){path->data + node->label, path->size - node->label};
    return true;
}

/* The node below one that a path leads to; NULL: none. */
static inline struct svcr_path_node *node_below(struct svcr_path_node *node, svcr_text path)
{
    struct svcr_path_node **child = path.size == 0 ? NULL : node_child(node, *path.data);
    return child == NULL ? NULL : *child;
}

uint32_t svcr_path_tree_find(const struct svcr_path_tree *tree, svcr_text path,
                             const struct svcr_queue *queues[SVCR_PATH_QUEUES_MAX])
{
    struct svcr_path_node *node = tree->root;
    uint32_t num = 0;
    for (; node != NULL && node_step(node, &path); node = node_below(node, path)) {
        if (node->queue.root != NULL) {
            queues[num++] = &node->queue;
        }
    }
    return num;
}

const struct svcr_queue *svcr_path_tree_get(const struct svcr_path_tree *tree, svcr_text path)
{
    struct svcr_path_node *node = tree->root;
    for (; node != NULL && node_step(node, &path); node = node_below(node, path)) {
        if (path.size == 0) {
            return node->queue.root == NULL ? NULL : &node->queue;
        }
    }
    return NULL;
}

const struct svcr_candidate *svcr_path_tree_only(const struct svcr_path_tree *tree, svcr_text *path)
{
    *path = node_text(tree->root);
    return svcr_queue_after(&tree->root->queue, NULL).first;
}
