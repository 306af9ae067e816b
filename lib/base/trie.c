/* The persistent map of blocks; see trie.h. */
#include "base/trie.h"

#include <svcroute/error.h>

#include <string.h>

#include "base/memory.h"

enum {
    BITS = 5,
    FAN = 1 << BITS,
    LAST_SHIFT = 60, /* beyond it no bits are left: such a node lists blocks of equal hash */
};

struct svcr_trie_node {
    svcr_refs refs;
    uint32_t map; /* bit i: slot for fragment i is there; in a list: the number of slots */
    uintptr_t slots[];
};

/* A slot is a block, or a node with the lowest bit set. */
static inline bool slot_is_node(uintptr_t slot)
{
    return (slot & 1U) != 0;
}

static inline struct svcr_trie_node *slot_node(uintptr_t slot)
{
    return (struct svcr_trie_node *)(slot & ~(uintptr_t)1); // NOLINT(performance-no-int-to-ptr)
}

static inline struct svcr_block *slot_block(uintptr_t slot)
{
    return (struct svcr_block *)slot; // NOLINT(performance-no-int-to-ptr)
}

static inline uint32_t num_slots(const struct svcr_trie_node *node, unsigned shift)
{
    return shift >= LAST_SHIFT ? node->map : (uint32_t)__builtin_popcount(node->map);
}

static inline size_t node_bytes(uint32_t num)
{
    return sizeof(struct svcr_trie_node) + num * sizeof(uintptr_t);
}

static void node_unref(struct svcroute_context *context, struct svcr_trie_node *node,
                       unsigned shift)
{
    if (!svcr_refs_drop(&node->refs)) {
        return;
    }
    uint32_t num = num_slots(node, shift);
    for (uint32_t i = 0; i < num; i++) { /* recursion: at most 64 / BITS levels */
        if (slot_is_node(node->slots[i])) {
            node_unref(context, slot_node(node->slots[i]), shift + BITS);
        } else {
            svcr_block_unref(context, slot_block(node->slots[i]));
        }
    }
    svcr_release(context, node, node_bytes(num));
}

/* The node with room for `extra` more slots at the end, owned by nobody else; NULL when out of
 * memory. The reference to the old one is used up on success. */
static struct svcr_trie_node *node_own(struct svcroute_context *context,
                                       struct svcr_trie_node *node, unsigned shift, uint32_t extra)
{
    uint32_t num = num_slots(node, shift);
    if (svcr_refs_sole(&node->refs)) {
        return extra == 0 ? node
                          : svcr_resize(context, node, node_bytes(num), node_bytes(num + extra));
    }
    struct svcr_trie_node *copy = svcr_alloc(context, node_bytes(num + extra));
    if (copy == NULL) {
        return NULL;
    }
    svcr_refs_init(&copy->refs);
    copy->map = node->map;
    for (uint32_t i = 0; i < num; i++) {
        copy->slots[i] = node->slots[i];
        if (slot_is_node(copy->slots[i])) {
            svcr_refs_take(&slot_node(copy->slots[i])->refs);
        } else {
            svcr_block_ref(slot_block(copy->slots[i]));
        }
    }
    node_unref(context, node, shift);
    return copy;
}

static inline uint32_t fragment(uint64_t hash, unsigned shift)
{
    return (uint32_t)(hash >> shift) & (FAN - 1);
}

static inline uint32_t slot_index(const struct svcr_trie_node *node, uint32_t bit)
{
    return (uint32_t)__builtin_popcount(node->map & (bit - 1));
}

struct svcr_block *svcr_trie_get(const struct svcr_trie *trie, uint64_t hash,
                                 svcr_trie_match *match, const void *key)
{
    const struct svcr_trie_node *node = trie->root;
    for (unsigned shift = 0; node != NULL; shift += BITS) {
        if (shift >= LAST_SHIFT) {
            for (uint32_t i = 0; i < node->map; i++) {
                if (match(slot_block(node->slots[i]), key)) {
                    return slot_block(node->slots[i]);
                }
            }
            return NULL;
        }
        uint32_t bit = 1U << fragment(hash, shift);
        if ((node->map & bit) == 0) {
            return NULL;
        }
        uintptr_t slot = node->slots[slot_index(node, bit)];
        if (!slot_is_node(slot)) {
            struct svcr_block *block = slot_block(slot);
            return block->hash == hash && match(block, key) ? block : NULL;
        }
        node = slot_node(slot);
    }
    return NULL;
}

/* A node at `shift` that holds two blocks with different keys; takes no references. */
static struct svcr_trie_node *node_of_two(struct svcroute_context *context, unsigned shift,
                                          struct svcr_block *a, struct svcr_block *b)
{
    uint32_t at_a = fragment(a->hash, shift);
    uint32_t at_b = fragment(b->hash, shift);
    bool together = shift < LAST_SHIFT && at_a == at_b;
    struct svcr_trie_node *node = svcr_alloc(context, node_bytes(together ? 1 : 2));
    if (node == NULL) {
        return NULL;
    }
    svcr_refs_init(&node->refs);
    if (together) {
        struct svcr_trie_node *below = node_of_two(context, shift + BITS, a, b);
        if (below == NULL) {
            svcr_release(context, node, node_bytes(1));
            return NULL;
        }
        node->map = 1U << at_a;
        node->slots[0] = (uintptr_t)below | 1U;
        return node;
    }
    bool a_first = shift >= LAST_SHIFT || at_a < at_b;
    node->map = shift >= LAST_SHIFT ? 2 : 1U << at_a | 1U << at_b;
    node->slots[0] = (uintptr_t)(a_first ? a : b);
    node->slots[1] = (uintptr_t)(a_first ? b : a);
    return node;
}

struct put {
    struct svcroute_context *context;
    struct svcr_block *block;
    svcr_trie_match *match;
    const void *key;
    bool keep; /* one with that key stays */
    bool added;
    struct svcr_block *there; /* the one that stays */
};

static int node_put(struct put *put, uintptr_t *at, unsigned shift);

/* Puts into a slot that is taken by a block: in its place, or beside it one level down. */
static int slot_put(struct put *put, uintptr_t *slot, unsigned shift)
{
    struct svcr_block *there = slot_block(*slot);
    if (there->hash == put->block->hash && put->match(there, put->key)) {
        if (put->keep) {
            put->there = there;
            return 0;
        }
        *slot = (uintptr_t)svcr_block_ref(put->block);
        svcr_block_unref(put->context, there);
        return 0;
    }
    struct svcr_trie_node *node = node_of_two(put->context, shift + BITS, there, put->block);
    if (node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_block_ref(put->block);
    put->added = true;
    *slot = (uintptr_t)node | 1U;
    return 0;
}

static int list_put(struct put *put, uintptr_t *at)
{
    struct svcr_trie_node *node = slot_node(*at);
    uint32_t i = 0;
    while (i < node->map && !put->match(slot_block(node->slots[i]), put->key)) {
        i++;
    }
    bool added = i == node->map;
    if (!added && put->keep) {
        put->there = slot_block(node->slots[i]);
        return 0;
    }
    node = node_own(put->context, node, LAST_SHIFT, added ? 1 : 0);
    if (node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *at = (uintptr_t)node | 1U;
    if (added) {
        node->map++;
        put->added = true;
    } else {
        svcr_block_unref(put->context, slot_block(node->slots[i]));
    }
    node->slots[i] = (uintptr_t)svcr_block_ref(put->block);
    return 0;
}

static int node_put(struct put *put, uintptr_t *at, unsigned shift)
{
    if (shift >= LAST_SHIFT) {
        return list_put(put, at);
    }
    struct svcr_trie_node *node = slot_node(*at);
    uint32_t bit = 1U << fragment(put->block->hash, shift);
    bool free_slot = (node->map & bit) == 0;
    node = node_own(put->context, node, shift, free_slot ? 1 : 0);
    if (node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *at = (uintptr_t)node | 1U;
    uint32_t index = slot_index(node, bit);
    if (free_slot) {
        uint32_t num = num_slots(node, shift);
        memmove(node->slots + index + 1, node->slots + index, (num - index) * sizeof(uintptr_t));
        node->slots[index] = (uintptr_t)svcr_block_ref(put->block);
        node->map |= bit;
        put->added = true;
        return 0;
    }
    return slot_is_node(node->slots[index]) ? node_put(put, &node->slots[index], shift + BITS)
                                            : slot_put(put, &node->slots[index], shift);
}

static int trie_put(struct put *put, struct svcr_trie *trie)
{
    if (trie->root == NULL) {
        trie->root = svcr_zalloc(put->context, node_bytes(0));
        if (trie->root == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        svcr_refs_init(&trie->root->refs);
    }
    uintptr_t root = (uintptr_t)trie->root | 1U;
    int error = node_put(put, &root, 0);
    trie->root = slot_node(root);
    trie->num += put->added ? 1 : 0;
    return error;
}

int svcr_trie_put(struct svcroute_context *context, struct svcr_trie *trie,
                  struct svcr_block *block, svcr_trie_match *match, const void *key)
{
    struct put put = {.context = context, .block = block, .match = match, .key = key};
    return trie_put(&put, trie);
}

int svcr_trie_add(struct svcroute_context *context, struct svcr_trie *trie,
                  struct svcr_block *block, svcr_trie_match *match, const void *key,
                  struct svcr_block **there)
{
    struct put put = {.context = context, .block = block, .match = match, .key = key, .keep = true};
    int error = trie_put(&put, trie);
    *there = put.there;
    return error;
}

/* Takes slot `index` out of a node that is owned by nobody else; NULL when out of memory: shrinking
 * may fail too, and a node's size follows from its map, so then the slot has to stay. */
static struct svcr_trie_node *slot_drop(struct svcroute_context *context,
                                        struct svcr_trie_node *node, unsigned shift, uint32_t index,
                                        uint32_t bit)
{
    uint32_t num = num_slots(node, shift);
    uintptr_t gone = node->slots[index];
    size_t behind = (num - index - 1) * sizeof(uintptr_t);
    memmove(node->slots + index, node->slots + index + 1, behind);
    struct svcr_trie_node *smaller =
        svcr_resize(context, node, node_bytes(num), node_bytes(num - 1));
    if (smaller == NULL) {
        memmove(node->slots + index + 1, node->slots + index, behind);
        node->slots[index] = gone;
    } else if (shift >= LAST_SHIFT) {
        smaller->map--;
    } else {
        smaller->map &= ~bit;
    }
    return smaller;
}

/* Below a removal: a node left with one block gives way to that block, which keeps the shape a
 * function of the content. */
static void slot_collapse(struct svcroute_context *context, uintptr_t *slot, unsigned shift)
{
    struct svcr_trie_node *node = slot_node(*slot);
    if (num_slots(node, shift) == 1 && !slot_is_node(node->slots[0])) {
        *slot = node->slots[0];
        svcr_release(context, node, node_bytes(1));
    }
}

/* Removes a block that is known to be there. */
static int node_remove(struct svcroute_context *context, uintptr_t *at, unsigned shift,
                       uint64_t hash, const struct svcr_block *block)
{
    struct svcr_trie_node *node = node_own(context, slot_node(*at), shift, 0);
    if (node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *at = (uintptr_t)node | 1U;
    uint32_t bit = 0;
    uint32_t index = 0;
    if (shift >= LAST_SHIFT) {
        while (slot_block(node->slots[index]) != block) {
            index++;
        }
    } else {
        bit = 1U << fragment(hash, shift);
        index = slot_index(node, bit);
    }
    if (slot_is_node(node->slots[index])) {
        int error = node_remove(context, &node->slots[index], shift + BITS, hash, block);
        if (error == 0) {
            slot_collapse(context, &node->slots[index], shift + BITS);
        }
        return error;
    }
    struct svcr_block *gone = slot_block(node->slots[index]);
    node = slot_drop(context, node, shift, index, bit);
    if (node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_block_unref(context, gone);
    *at = (uintptr_t)node | 1U;
    return 0;
}

int svcr_trie_remove(struct svcroute_context *context, struct svcr_trie *trie, uint64_t hash,
                     svcr_trie_match *match, const void *key)
{
    const struct svcr_block *block = svcr_trie_get(trie, hash, match, key);
    if (block == NULL) {
        return 0;
    }
    uintptr_t root = (uintptr_t)trie->root | 1U;
    int error = node_remove(context, &root, 0, hash, block);
    trie->root = slot_node(root);
    trie->num -= error == 0 ? 1 : 0;
    return error;
}

struct svcr_trie svcr_trie_share(const struct svcr_trie *trie)
{
    if (trie->root != NULL) {
        svcr_refs_take(&trie->root->refs);
    }
    return *trie;
}

void svcr_trie_clear(struct svcroute_context *context, struct svcr_trie *trie)
{
    if (trie->root != NULL) {
        node_unref(context, trie->root, 0);
    }
    *trie = (struct svcr_trie){0};
}

static bool node_walk(const struct svcr_trie_node *node, unsigned shift, svcr_trie_visit *visit,
                      void *user)
{
    uint32_t num = num_slots(node, shift);
    for (uint32_t i = 0; i < num; i++) {
        uintptr_t slot = node->slots[i];
        if (slot_is_node(slot) ? !node_walk(slot_node(slot), shift + BITS, visit, user)
                               : !visit(user, slot_block(slot))) {
            return false;
        }
    }
    return true;
}

bool svcr_trie_walk(const struct svcr_trie *trie, svcr_trie_visit *visit, void *user)
{
    return trie->root == NULL || node_walk(trie->root, 0, visit, user);
}

struct compare {
    svcr_trie_same_key *same_key;
    svcr_trie_differ *differ;
    void *user;
    /* Of a block that stands against a node: the one with its key, taken out while walking. */
    const struct svcr_block *single;
    struct svcr_block *partner;
    bool single_is_old;
};

static bool compare_visit(void *user, struct svcr_block *block)
{
    struct compare *compare = user;
    if (compare->single != NULL && compare->partner == NULL &&
        compare->same_key(compare->single, block)) {
        compare->partner = block;
        return true;
    }
    return compare->single_is_old ? compare->differ(compare->user, NULL, block)
                                  : compare->differ(compare->user, block, NULL);
}

/* A slot of one version against nothing. */
static bool slot_alone(struct compare *compare, uintptr_t slot, unsigned shift, bool slot_is_old)
{
    compare->single = NULL;
    compare->single_is_old = !slot_is_old;
    return slot_is_node(slot) ? node_walk(slot_node(slot), shift + BITS, compare_visit, compare)
                              : compare_visit(compare, slot_block(slot));
}

/* A block of one version against a node of the other. */
static bool block_against_node(struct compare *compare, struct svcr_block *block,
                               const struct svcr_trie_node *node, unsigned shift, bool block_is_old)
{
    compare->single = block;
    compare->single_is_old = block_is_old;
    compare->partner = NULL;
    if (!node_walk(node, shift, compare_visit, compare)) {
        return false;
    }
    struct svcr_block *partner = compare->partner;
    compare->single = NULL;
    if (partner == block) {
        return true;
    }
    return block_is_old ? compare->differ(compare->user, block, partner)
                        : compare->differ(compare->user, partner, block);
}

static bool node_compare(struct compare *compare, const struct svcr_trie_node *older,
                         const struct svcr_trie_node *newer, unsigned shift);

static bool slot_compare(struct compare *compare, uintptr_t older, uintptr_t newer, unsigned shift)
{
    if (older == newer) {
        return true;
    }
    if (slot_is_node(older) && slot_is_node(newer)) {
        return node_compare(compare, slot_node(older), slot_node(newer), shift + BITS);
    }
    if (slot_is_node(newer)) {
        return block_against_node(compare, slot_block(older), slot_node(newer), shift + BITS, true);
    }
    if (slot_is_node(older)) {
        return block_against_node(compare, slot_block(newer), slot_node(older), shift + BITS,
                                  false);
    }
    if (compare->same_key(slot_block(older), slot_block(newer))) {
        return compare->differ(compare->user, slot_block(older), slot_block(newer));
    }
    return compare->differ(compare->user, slot_block(older), NULL) &&
           compare->differ(compare->user, NULL, slot_block(newer));
}

/* Two lists of equal hash: a handful at the most, so each against each. */
static bool list_compare(struct compare *compare, const struct svcr_trie_node *older,
                         const struct svcr_trie_node *newer)
{
    for (uint32_t side = 0; side < 2; side++) {
        const struct svcr_trie_node *mine = side == 0 ? older : newer;
        const struct svcr_trie_node *other = side == 0 ? newer : older;
        for (uint32_t i = 0; i < mine->map; i++) {
            struct svcr_block *block = slot_block(mine->slots[i]);
            struct svcr_block *partner = NULL;
            for (uint32_t j = 0; j < other->map && partner == NULL; j++) {
                struct svcr_block *candidate = slot_block(other->slots[j]);
                partner = compare->same_key(block, candidate) ? candidate : NULL;
            }
            bool go_on = true;
            if (side == 0 && partner != block) {
                go_on = compare->differ(compare->user, block, partner);
            } else if (side == 1 && partner == NULL) {
                go_on = compare->differ(compare->user, NULL, block);
            }
            if (!go_on) {
                return false;
            }
        }
    }
    return true;
}

static bool node_compare(struct compare *compare, const struct svcr_trie_node *older,
                         const struct svcr_trie_node *newer, unsigned shift)
{
    if (shift >= LAST_SHIFT) {
        return list_compare(compare, older, newer);
    }
    for (uint32_t map = older->map | newer->map; map != 0; map &= map - 1) {
        uint32_t bit = map & (~map + 1);
        uintptr_t a = (older->map & bit) != 0 ? older->slots[slot_index(older, bit)] : 0;
        uintptr_t b = (newer->map & bit) != 0 ? newer->slots[slot_index(newer, bit)] : 0;
        bool go_on = true;
        if (a == 0) {
            go_on = slot_alone(compare, b, shift, false);
        } else if (b == 0) {
            go_on = slot_alone(compare, a, shift, true);
        } else {
            go_on = slot_compare(compare, a, b, shift);
        }
        if (!go_on) {
            return false;
        }
    }
    return true;
}

bool svcr_trie_compare(const struct svcr_trie *older, const struct svcr_trie *newer,
                       svcr_trie_same_key *same_key, svcr_trie_differ *differ, void *user)
{
    static const struct svcr_trie_node nothing; /* an empty node */
    struct compare compare = {.same_key = same_key, .differ = differ, .user = user};
    const struct svcr_trie_node *a = older->root != NULL ? older->root : &nothing;
    const struct svcr_trie_node *b = newer->root != NULL ? newer->root : &nothing;
    return a == b || node_compare(&compare, a, b, 0);
}
