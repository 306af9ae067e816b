/* The persistent radix tree of paths; see path_tree.h.
 *
 * Paths are bounded, so the depth is; all walks are loops all the same, but for the one that frees.
 * A node is one piece of memory: what hangs there, children, their first bytes, which memchr()
 * searches, and the label. It is never resized: another shape is another node, to which the old
 * one's references go over if it had one owner only. Nodes with nothing have two children or more.
 */
#include "rule/path_tree.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* What hangs at a node. */
enum has { HAS_NOTHING, HAS_ONE, HAS_QUEUE };

struct svcr_path_node {
    svcr_refs refs;
    uint16_t num;  /* of children, at most 256 */
    uint8_t label; /* bytes of the label */
    uint8_t has;   /* enum has */
    /* then a candidate or a queue; the children; the first bytes of their labels, in order; the
     * label */
};

_Static_assert(SVCR_ANCHOR_PATH_MAX <= UINT8_MAX, "a label is part of a path");
_Static_assert(sizeof(struct svcr_path_node) % _Alignof(struct svcr_candidate) == 0,
               "what follows a node is aligned");

/* ---- nodes -------------------------------------------------------------------------------- */

static inline size_t has_bytes(uint8_t has)
{
    return has == HAS_ONE     ? sizeof(struct svcr_candidate)
           : has == HAS_QUEUE ? sizeof(struct svcr_queue)
                              : 0;
}

static inline struct svcr_candidate *node_one(const struct svcr_path_node *node)
{
    return (void *)(node + 1);
}

static inline struct svcr_queue *node_queue(const struct svcr_path_node *node)
{
    return (void *)(node + 1);
}

static inline struct svcr_path_node **node_children(const struct svcr_path_node *node)
{
    return (void *)((char *)(node + 1) + has_bytes(node->has));
}

static inline char *node_firsts(const struct svcr_path_node *node)
{
    return (char *)(node_children(node) + node->num);
}

static inline svcr_text node_label(const struct svcr_path_node *node)
{
    return (svcr_text){node_firsts(node) + node->num, node->label};
}

static inline size_t node_bytes(uint8_t has, uint32_t num, size_t label)
{
    return sizeof(struct svcr_path_node) + has_bytes(has) +
           num * (sizeof(struct svcr_path_node *) + 1) + label;
}

static void node_release(struct svcroute_context *context, struct svcr_path_node *node)
{
    svcr_release(context, node, node_bytes(node->has, node->num, node->label));
}

static void node_drop(struct svcroute_context *context, const struct svcr_path_node *node)
{
    if (node->has == HAS_ONE) {
        svcr_block_unref(context, node_one(node)->holder);
    } else if (node->has == HAS_QUEUE) {
        svcr_queue_clear(context, node_queue(node));
    }
}

static void node_unref(struct svcroute_context *context, struct svcr_path_node *node)
{
    if (!svcr_refs_drop(&node->refs)) {
        return;
    }
    node_drop(context, node);
    for (uint32_t i = 0; i < node->num; i++) { /* recursion: by the bytes of a path */
        node_unref(context, node_children(node)[i]);
    }
    node_release(context, node);
}

/* A node whose children and first bytes are for the caller to fill in. What hangs there is copied
 * from `what` without taking references. The label is that of two texts. */
static struct svcr_path_node *node_new(struct svcroute_context *context, uint8_t has,
                                       const void *what, uint32_t num, svcr_text a, svcr_text b)
{
    struct svcr_path_node *node = svcr_alloc(context, node_bytes(has, num, a.size + b.size));
    if (node == NULL) {
        return NULL;
    }
    svcr_refs_init(&node->refs);
    node->num = (uint16_t)num;
    node->label = (uint8_t)(a.size + b.size);
    node->has = has;
    if (has != HAS_NOTHING) {
        memcpy(node + 1, what, has_bytes(has));
    }
    char *label = node_firsts(node) + num;
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
    struct svcr_path_node *leaf = node_new(context, HAS_ONE, candidate, 0, label, SVCR_TEXT_ABSENT);
    if (leaf != NULL) {
        svcr_block_ref(candidate->holder);
    }
    return leaf;
}

/* The caller's reference to a node goes; its children, and what hangs there if that is `kept`, live
 * on elsewhere. */
static void node_spend(struct svcroute_context *context, struct svcr_path_node *node, bool kept)
{
    if (svcr_refs_sole(&node->refs)) {
        if (!kept) {
            node_drop(context, node);
        }
        node_release(context, node);
        return;
    }
    if (kept && node->has == HAS_ONE) {
        svcr_block_ref(node_one(node)->holder);
    } else if (kept && node->has == HAS_QUEUE) {
        (void)svcr_queue_share(node_queue(node));
    }
    for (uint32_t i = 0; i < node->num; i++) {
        svcr_refs_take(&node_children(node)[i]->refs);
    }
    node_unref(context, node);
}

static void children_copy(struct svcr_path_node *to, uint32_t to_at,
                          const struct svcr_path_node *from, uint32_t from_at, uint32_t num)
{
    memcpy(node_children(to) + to_at, node_children(from) + from_at,
           num * sizeof(struct svcr_path_node *));
    memcpy(node_firsts(to) + to_at, node_firsts(from) + from_at, num);
}

/* Makes *at a node with the same children and another label. */
static int node_relabel(struct svcroute_context *context, struct svcr_path_node **at, svcr_text a,
                        svcr_text b)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *other = node_new(context, node->has, node + 1, node->num, a, b);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    children_copy(other, 0, node, 0, node->num);
    node_spend(context, node, true);
    *at = other;
    return 0;
}

/* Makes *at a node at which something else hangs; takes over its reference on success. */
static int node_rehang(struct svcroute_context *context, struct svcr_path_node **at, uint8_t has,
                       const void *what)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *other =
        node_new(context, has, what, node->num, node_label(node), SVCR_TEXT_ABSENT);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    children_copy(other, 0, node, 0, node->num);
    node_spend(context, node, false);
    *at = other;
    return 0;
}

/* Makes *at a node that nobody else owns. */
static int node_own(struct svcroute_context *context, struct svcr_path_node **at)
{
    return svcr_refs_sole(&(*at)->refs)
               ? 0
               : node_relabel(context, at, node_label(*at), SVCR_TEXT_ABSENT);
}

/* The place of the child that begins with a byte; NULL: none. */
static inline struct svcr_path_node **node_child(struct svcr_path_node *node, char first)
{
    const char *firsts = node_firsts(node);
    const char *at = memchr(firsts, first, node->num);
    return at == NULL ? NULL : &node_children(node)[at - firsts];
}

/* ---- adding ------------------------------------------------------------------------------- */

/* Makes *at a node that has one more child, whose reference it takes on success. */
static int child_add(struct svcroute_context *context, struct svcr_path_node **at,
                     struct svcr_path_node *child)
{
    struct svcr_path_node *node = *at;
    struct svcr_path_node *other =
        node_new(context, node->has, node + 1, node->num + 1U, node_label(node), SVCR_TEXT_ABSENT);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    char first = *node_label(child).data;
    uint32_t i = 0;
    while (i < node->num && (uint8_t)node_firsts(node)[i] < (uint8_t)first) {
        i++;
    }
    children_copy(other, 0, node, 0, i);
    children_copy(other, i + 1, node, i, node->num - i);
    node_children(other)[i] = child;
    node_firsts(other)[i] = first;
    node_spend(context, node, true);
    *at = other;
    return 0;
}

/* Puts a node with nothing between *at and what is above it, for the first `size` bytes of its
 * label. */
static int node_part(struct svcroute_context *context, struct svcr_path_node **at, size_t size)
{
    svcr_text label = node_label(*at);
    svcr_text lower = {label.data + size, label.size - size};
    struct svcr_path_node *upper =
        node_new(context, HAS_NOTHING, NULL, 1, (svcr_text){label.data, size}, SVCR_TEXT_ABSENT);
    if (upper == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *node_firsts(upper) = *lower.data;
    if (node_relabel(context, at, lower, SVCR_TEXT_ABSENT) != 0) {
        node_release(context, upper);
        return SVCROUTE_ERR_NOMEM;
    }
    *node_children(upper) = *at;
    *at = upper;
    return 0;
}

/* Where one candidate hangs another one joins it. */
static int node_add_second(struct svcroute_context *context, struct svcr_path_node **at,
                           const struct svcr_candidate *candidate)
{
    struct svcr_queue queue = {NULL};
    bool added;
    int error = svcr_queue_add(context, &queue, node_one(*at), &added);
    if (error == 0) {
        error = svcr_queue_add(context, &queue, candidate, &added);
    }
    if (error == 0) {
        error = node_rehang(context, at, HAS_QUEUE, &queue);
    }
    if (error != 0) {
        svcr_queue_clear(context, &queue);
    }
    return error;
}

static int node_add(struct svcroute_context *context, struct svcr_path_node **at,
                    const struct svcr_candidate *candidate, bool *added)
{
    int error;
    if ((*at)->has == HAS_NOTHING) {
        error = node_rehang(context, at, HAS_ONE, candidate);
        if (error == 0) {
            svcr_block_ref(candidate->holder);
        }
        return error;
    }
    if ((*at)->has == HAS_ONE && svcr_candidate_compare(node_one(*at), candidate) != 0) {
        return node_add_second(context, at, candidate);
    }
    error = node_own(context, at);
    if (error != 0) {
        return error;
    }
    if ((*at)->has == HAS_QUEUE) {
        return svcr_queue_add(context, node_queue(*at), candidate, added);
    }
    struct svcr_block *gone = node_one(*at)->holder;
    svcr_block_ref(candidate->holder);
    *node_one(*at) = *candidate;
    svcr_block_unref(context, gone);
    *added = false;
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
        size_t common = common_size(node_label(*at), path);
        int error = common < (*at)->label ? node_part(context, at, common) : 0;
        if (error != 0) {
            return error;
        }
        path = (svcr_text){path.data + common, path.size - common};
        if (path.size == 0) {
            return node_add(context, at, candidate, added);
        }
        if (node_child(*at, *path.data) == NULL) {
            break;
        }
        error = node_own(context, at);
        if (error != 0) {
            return error;
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
    struct svcr_path_node *other =
        node_new(context, node->has, node + 1, node->num - 1U, node_label(node), SVCR_TEXT_ABSENT);
    if (other == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    children_copy(other, 0, node, 0, i);
    children_copy(other, i, node, i + 1, node->num - i - 1U);
    node_unref(context, node_children(node)[i]);
    node_release(context, node);
    *at = other;
    return 0;
}

/* A node with nothing that has one child gives way to it; nobody else owns the node. */
static int node_collapse(struct svcroute_context *context, struct svcr_path_node **at)
{
    struct svcr_path_node *node = *at;
    if (node->has != HAS_NOTHING || node->num != 1) {
        return 0;
    }
    struct svcr_path_node **child = node_children(node);
    int error = node_relabel(context, child, node_label(node), node_label(*child));
    if (error == 0) {
        *at = *child;
        node_release(context, node);
    }
    return error;
}

/* Where several candidates hang, at a node that nobody else owns, one goes. */
static int node_remove(struct svcroute_context *context, struct svcr_path_node **at,
                       const struct svcr_candidate *candidate)
{
    int error = svcr_queue_remove(context, node_queue(*at), candidate);
    if (error != 0) {
        return error;
    }
    struct svcr_run left = svcr_queue_after(node_queue(*at), NULL);
    if (left.num > 1) {
        return 0;
    }
    struct svcr_candidate one = *left.first;
    svcr_block_ref(one.holder);
    error = node_rehang(context, at, HAS_ONE, &one);
    if (error != 0) {
        svcr_block_unref(context, one.holder);
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
    if ((*at)->has == HAS_QUEUE) {
        return node_remove(context, at, candidate);
    }
    if ((*at)->num > 0) {
        int error = node_rehang(context, at, HAS_NOTHING, NULL);
        return error != 0 ? error : node_collapse(context, at);
    }
    if (above == NULL) {
        svcr_path_tree_clear(context, tree);
        return 0;
    }
    int error = child_remove(context, above, (uint32_t)(at - node_children(*above)));
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
    svcr_text label = node_label(node);
    if (path->size < label.size || memcmp(path->data, label.data, label.size) != 0) {
        return false;
    }
    *path = (svcr_text){path->data + label.size, path->size - label.size};
    return true;
}

/* The node below one that a path leads to; NULL: none. */
static inline struct svcr_path_node *node_below(struct svcr_path_node *node, svcr_text path)
{
    struct svcr_path_node **child = path.size == 0 ? NULL : node_child(node, *path.data);
    return child == NULL ? NULL : *child;
}

uint32_t svcr_path_tree_find(const struct svcr_path_tree *tree, svcr_text path,
                             const struct svcr_path_node *nodes[SVCR_PATH_NODES_MAX])
{
    struct svcr_path_node *node = tree->root;
    uint32_t num = 0;
    for (; node != NULL && node_step(node, &path); node = node_below(node, path)) {
        if (node->has != HAS_NOTHING) {
            nodes[num++] = node;
        }
    }
    return num;
}

struct svcr_run svcr_path_node_after(const struct svcr_path_node *node,
                                     const struct svcr_candidate *after)
{
    if (node->has == HAS_QUEUE) {
        return svcr_queue_after(node_queue(node), after);
    }
    const struct svcr_candidate *one = node_one(node);
    return (struct svcr_run){one, after == NULL || svcr_candidate_compare(one, after) > 0 ? 1 : 0};
}

bool svcr_path_tree_has(const struct svcr_path_tree *tree, svcr_text path,
                        const struct svcr_candidate *candidate)
{
    struct svcr_path_node *node = tree->root;
    for (; node != NULL && node_step(node, &path); node = node_below(node, path)) {
        if (path.size == 0) {
            return node->has == HAS_QUEUE
                       ? svcr_queue_get(node_queue(node), candidate) != NULL
                       : node->has == HAS_ONE &&
                             svcr_candidate_compare(node_one(node), candidate) == 0;
        }
    }
    return false;
}

const struct svcr_candidate *svcr_path_tree_only(const struct svcr_path_tree *tree)
{
    return tree->root != NULL && tree->root->num == 0 && tree->root->has == HAS_ONE
               ? node_one(tree->root)
               : NULL;
}
