/* The persistent B+-tree of candidates; see queue.h.
 *
 * Design: after Comer, "The Ubiquitous B-Tree" (1979), made persistent by counting nodes. A node is
 * never resized: a change in the number of its elements lays them out in a scratch first and cuts
 * that into one or two new nodes, which does for insertion, removal, and neighbours that share or
 * merge. Then the old node is spent: its elements' references go over to the new ones if it had one
 * owner only, else they are taken anew.
 *
 * The copies of first candidates above the leaves hold no references. They stay valid because each
 * is renewed whenever something changed below it, and what does not change below it holds one. */
#include "rule/queue.h"

#include <svcroute/error.h>

#include "base/memory.h"

enum {
    FAN = 16,
    HALF = FAN / 2,
    NONE = FAN, /* no element */
};

struct svcr_queue_node {
    svcr_refs refs;
    uint16_t num;
    uint16_t level; /* 0: a leaf. Below 16, as 2 * HALF^15 candidates fit into no memory */
    /* then `num` candidates in a leaf, `num` struct child above */
};

struct child {
    struct svcr_candidate first; /* in it or below it */
    struct svcr_queue_node *node;
};

_Static_assert(sizeof(struct svcr_queue_node) % _Alignof(struct child) == 0,
               "elements are aligned");
_Static_assert(offsetof(struct child, first) == 0, "an element begins with a candidate");

int svcr_candidate_compare(const struct svcr_candidate *a, const struct svcr_candidate *b)
{
    if (a->priority != b->priority) {
        return a->priority > b->priority ? -1 : 1;
    }
    if (a->length != b->length) {
        return a->length > b->length ? -1 : 1;
    }
    int order = svcr_text_compare(a->name, b->name);
    return order != 0
               ? order
               : (int)(a->marks / SVCR_CANDIDATE_SECOND) - (int)(b->marks / SVCR_CANDIDATE_SECOND);
}

/* ---- elements ----------------------------------------------------------------------------- */

static inline size_t element_bytes(uint32_t level)
{
    return level == 0 ? sizeof(struct svcr_candidate) : sizeof(struct child);
}

static inline const struct svcr_candidate *element(const struct svcr_queue_node *node, uint32_t i)
{
    const char *elements = (const char *)(node + 1);
    return (const void *)(elements + i * element_bytes(node->level));
}

static inline struct svcr_candidate *leaf_candidates(struct svcr_queue_node *leaf)
{
    return (void *)(leaf + 1);
}

static inline struct child *node_children(struct svcr_queue_node *node)
{
    return (void *)(node + 1);
}

static inline struct svcr_queue_node *node_child(const struct svcr_queue_node *node, uint32_t i)
{
    return ((const struct child *)(const void *)element(node, i))->node;
}

static inline size_t node_bytes(uint32_t level, uint32_t num)
{
    return sizeof(struct svcr_queue_node) + num * element_bytes(level);
}

static void element_ref(struct svcr_queue_node *node, uint32_t i)
{
    if (node->level == 0) {
        svcr_block_ref(element(node, i)->holder);
    } else {
        svcr_refs_take(&node_child(node, i)->refs);
    }
}

static void node_unref(struct svcroute_context *context, struct svcr_queue_node *node)
{
    if (!svcr_refs_drop(&node->refs)) {
        return;
    }
    for (uint32_t i = 0; i < node->num; i++) { /* recursion: by levels, which are few */
        if (node->level == 0) {
            svcr_block_unref(context, element(node, i)->holder);
        } else {
            node_unref(context, node_child(node, i));
        }
    }
    svcr_release(context, node, node_bytes(node->level, node->num));
}

/* ---- nodes from elements ------------------------------------------------------------------ */

/* Elements of one level, of two nodes at most. */
struct scratch {
    uint32_t level, num;
    struct child room[2 * FAN]; /* candidates lie closer in it */
};

static void scratch_add(struct scratch *scratch, const void *elements, uint32_t num)
{
    size_t bytes = element_bytes(scratch->level);
    memcpy((char *)scratch->room + scratch->num * bytes, elements, num * bytes);
    scratch->num += num;
}

/* The elements `from` up to `to` of a node. */
static void scratch_add_node(struct scratch *scratch, const struct svcr_queue_node *node,
                             uint32_t from, uint32_t to)
{
    scratch_add(scratch, element(node, from), to - from);
}

static struct svcr_queue_node *node_new(struct svcroute_context *context, uint32_t level,
                                        const void *elements, uint32_t num)
{
    struct svcr_queue_node *node = svcr_alloc(context, node_bytes(level, num));
    if (node != NULL) {
        svcr_refs_init(&node->refs);
        node->num = (uint16_t)num;
        node->level = (uint16_t)level;
        memcpy(node + 1, elements, num * element_bytes(level));
    }
    return node;
}

/* One node, and a second one (else NULL) where one does not hold all. */
static int scratch_cut(struct svcroute_context *context, const struct scratch *scratch,
                       struct svcr_queue_node **one, struct svcr_queue_node **two)
{
    uint32_t num = scratch->num <= FAN ? scratch->num : scratch->num / 2;
    *two = NULL;
    *one = node_new(context, scratch->level, scratch->room, num);
    if (*one != NULL && num < scratch->num) {
        const char *rest = (const char *)scratch->room + num * element_bytes(scratch->level);
        *two = node_new(context, scratch->level, rest, scratch->num - num);
        if (*two == NULL) {
            svcr_release(context, *one, node_bytes(scratch->level, num));
            *one = NULL;
        }
    }
    return *one != NULL ? 0 : SVCROUTE_ERR_NOMEM;
}

/* The caller's reference to a node goes; its elements live on elsewhere, except for one (or NONE).
 */
static void node_spend(struct svcroute_context *context, struct svcr_queue_node *node,
                       uint32_t except)
{
    if (svcr_refs_sole(&node->refs)) {
        if (except != NONE) { /* only a leaf loses an element this way */
            svcr_block_unref(context, element(node, except)->holder);
        }
        svcr_release(context, node, node_bytes(node->level, node->num));
        return;
    }
    for (uint32_t i = 0; i < node->num; i++) {
        if (i != except) {
            element_ref(node, i);
        }
    }
    node_unref(context, node);
}

/* Makes *at a node that nobody else owns. */
static int node_own(struct svcroute_context *context, struct svcr_queue_node **at)
{
    struct svcr_queue_node *node = *at;
    if (svcr_refs_sole(&node->refs)) {
        return 0;
    }
    *at = node_new(context, node->level, node + 1, node->num);
    if (*at == NULL) {
        *at = node;
        return SVCROUTE_ERR_NOMEM;
    }
    node_spend(context, node, NONE);
    return 0;
}

/* ---- search ------------------------------------------------------------------------------- */

/* How many elements stand ahead of a candidate or have its order. */
static uint32_t node_count(const struct svcr_queue_node *node,
                           const struct svcr_candidate *candidate)
{
    uint32_t from = 0;
    uint32_t to = node->num;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (svcr_candidate_compare(element(node, middle), candidate) <= 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* The child below which a candidate is, or would be. */
static uint32_t node_find(const struct svcr_queue_node *node,
                          const struct svcr_candidate *candidate)
{
    uint32_t count = node_count(node, candidate);
    return count == 0 ? 0 : count - 1;
}

struct svcr_run svcr_queue_after(const struct svcr_queue *queue, const struct svcr_candidate *after)
{
    const struct svcr_queue_node *node = queue->root;
    const struct svcr_queue_node *behind = NULL; /* what comes behind the node */
    if (node == NULL) {
        return (struct svcr_run){NULL, 0};
    }
    while (node->level > 0) {
        uint32_t i = after == NULL ? 0 : node_find(node, after);
        behind = i + 1 < node->num ? node_child(node, i + 1) : behind;
        node = node_child(node, i);
    }
    uint32_t skipped = after == NULL ? 0 : node_count(node, after);
    if (skipped == node->num) {
        if (behind == NULL) {
            return (struct svcr_run){NULL, 0};
        }
        for (node = behind; node->level > 0;) {
            node = node_child(node, 0);
        }
        skipped = 0;
    }
    return (struct svcr_run){element(node, skipped), node->num - skipped};
}

const struct svcr_candidate *svcr_queue_get(const struct svcr_queue *queue,
                                            const struct svcr_candidate *candidate)
{
    const struct svcr_queue_node *node = queue->root;
    if (node == NULL) {
        return NULL;
    }
    while (node->level > 0) {
        node = node_child(node, node_find(node, candidate));
    }
    const struct svcr_candidate *there = element(node, node_find(node, candidate));
    return svcr_candidate_compare(there, candidate) == 0 ? there : NULL;
}

/* ---- adding ------------------------------------------------------------------------------- */

/* Puts an element into a node at `i`; *split gets what no longer fits. Takes no reference of the
 * element's. */
static int element_add(struct svcroute_context *context, struct svcr_queue_node **at, uint32_t i,
                       const void *added, struct svcr_queue_node **split)
{
    struct svcr_queue_node *node = *at;
    struct svcr_queue_node *one;
    struct scratch scratch;
    scratch.level = node->level;
    scratch.num = 0;
    scratch_add_node(&scratch, node, 0, i);
    scratch_add(&scratch, added, 1);
    scratch_add_node(&scratch, node, i, node->num);
    int error = scratch_cut(context, &scratch, &one, split);
    if (error == 0) {
        node_spend(context, node, NONE);
        *at = one;
    }
    return error;
}

static int leaf_add(struct svcroute_context *context, struct svcr_queue_node **at,
                    const struct svcr_candidate *candidate, bool *added,
                    struct svcr_queue_node **split)
{
    uint32_t count = node_count(*at, candidate);
    int error;
    *added = count == 0 || svcr_candidate_compare(element(*at, count - 1), candidate) != 0;
    if (*added) {
        error = element_add(context, at, count, candidate, split);
        if (error == 0) {
            svcr_block_ref(candidate->holder);
        }
        return error;
    }
    error = node_own(context, at);
    if (error == 0) {
        struct svcr_candidate *there = &leaf_candidates(*at)[count - 1];
        struct svcr_block *gone = there->holder;
        svcr_block_ref(candidate->holder);
        *there = *candidate;
        svcr_block_unref(context, gone);
    }
    return error;
}

static void child_set(struct child *child, struct svcr_queue_node *node)
{
    child->first = *element(node, 0);
    child->node = node;
}

static int node_add(struct svcroute_context *context, struct svcr_queue_node **at,
                    const struct svcr_candidate *candidate, bool *added,
                    struct svcr_queue_node **split)
{
    struct svcr_queue_node *below = NULL;
    struct child extra;
    *split = NULL;
    if ((*at)->level == 0) {
        return leaf_add(context, at, candidate, added, split);
    }
    int error = node_own(context, at);
    if (error != 0) {
        return error;
    }
    uint32_t i = node_find(*at, candidate);
    struct child *child = &node_children(*at)[i];
    error = node_add(context, &child->node, candidate, added, &below);
    if (error != 0) {
        return error;
    }
    child_set(child, child->node);
    if (below == NULL) {
        return 0;
    }
    child_set(&extra, below);
    error = element_add(context, at, i + 1, &extra, split);
    if (error != 0) {
        node_unref(context, below);
    }
    return error;
}

int svcr_queue_add(struct svcroute_context *context, struct svcr_queue *queue,
                   const struct svcr_candidate *candidate, bool *added)
{
    struct svcr_queue_node *split;
    struct child both[2];
    if (queue->root == NULL) {
        queue->root = node_new(context, 0, candidate, 1);
        *added = queue->root != NULL;
        if (*added) {
            svcr_block_ref(candidate->holder);
        }
        return *added ? 0 : SVCROUTE_ERR_NOMEM;
    }
    int error = node_add(context, &queue->root, candidate, added, &split);
    if (error != 0 || split == NULL) {
        return error;
    }
    child_set(&both[0], queue->root);
    child_set(&both[1], split);
    struct svcr_queue_node *root = node_new(context, queue->root->level + 1U, both, 2);
    if (root == NULL) {
        node_unref(context, split);
        return SVCROUTE_ERR_NOMEM;
    }
    queue->root = root;
    return 0;
}

/* ---- removing ----------------------------------------------------------------------------- */

/* Children `i` and `i` + 1 of a node nobody else owns share what they have, or become one. */
static int children_even(struct svcroute_context *context, struct svcr_queue_node **at, uint32_t i)
{
    struct svcr_queue_node *node = *at;
    struct svcr_queue_node *left = node_child(node, i);
    struct svcr_queue_node *right = node_child(node, i + 1);
    struct svcr_queue_node *one;
    struct svcr_queue_node *two;
    struct scratch scratch;
    scratch.level = left->level;
    scratch.num = 0;
    scratch_add_node(&scratch, left, 0, left->num);
    scratch_add_node(&scratch, right, 0, right->num);
    int error = scratch_cut(context, &scratch, &one, &two);
    if (error != 0) {
        return error;
    }
    if (two != NULL) {
        child_set(&node_children(node)[i + 1], two);
    } else {
        scratch.level = node->level;
        scratch.num = 0;
        scratch_add_node(&scratch, node, 0, i + 1);
        scratch_add_node(&scratch, node, i + 2, node->num);
        *at = node_new(context, node->level, scratch.room, scratch.num);
        if (*at == NULL) {
            *at = node;
            svcr_release(context, one, node_bytes(one->level, one->num));
            return SVCROUTE_ERR_NOMEM;
        }
        svcr_release(context, node, node_bytes(node->level, node->num));
    }
    node_spend(context, left, NONE);
    node_spend(context, right, NONE);
    child_set(&node_children(*at)[i], one);
    return 0;
}

/* A leaf that loses its last candidate becomes NULL. */
static int leaf_remove(struct svcroute_context *context, struct svcr_queue_node **at, uint32_t i)
{
    struct svcr_queue_node *leaf = *at;
    struct svcr_queue_node *smaller = NULL;
    if (leaf->num > 1) {
        struct scratch scratch;
        scratch.level = 0;
        scratch.num = 0;
        scratch_add_node(&scratch, leaf, 0, i);
        scratch_add_node(&scratch, leaf, i + 1, leaf->num);
        smaller = node_new(context, 0, scratch.room, scratch.num);
        if (smaller == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
    }
    node_spend(context, leaf, i);
    *at = smaller;
    return 0;
}

static int node_remove(struct svcroute_context *context, struct svcr_queue_node **at,
                       const struct svcr_candidate *candidate)
{
    uint32_t i = node_find(*at, candidate);
    if ((*at)->level == 0) {
        return leaf_remove(context, at, i);
    }
    int error = node_own(context, at);
    if (error != 0) {
        return error;
    }
    struct child *child = &node_children(*at)[i];
    error = node_remove(context, &child->node, candidate);
    if (error != 0) {
        return error;
    }
    child_set(child, child->node);
    return child->node->num < HALF ? children_even(context, at, i == 0 ? 0 : i - 1) : 0;
}

int svcr_queue_remove(struct svcroute_context *context, struct svcr_queue *queue,
                      const struct svcr_candidate *candidate)
{
    int error = node_remove(context, &queue->root, candidate);
    struct svcr_queue_node *root = queue->root;
    if (error == 0 && root != NULL && root->level > 0 && root->num == 1) {
        queue->root = node_child(root, 0); /* it has HALF elements or more: no further one */
        svcr_release(context, root, node_bytes(root->level, 1));
    }
    return error;
}

struct svcr_queue svcr_queue_share(const struct svcr_queue *queue)
{
    if (queue->root != NULL) {
        svcr_refs_take(&queue->root->refs);
    }
    return *queue;
}

void svcr_queue_clear(struct svcroute_context *context, struct svcr_queue *queue)
{
    if (queue->root != NULL) {
        node_unref(context, queue->root);
    }
    queue->root = NULL;
}
