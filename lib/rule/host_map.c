/* The persistent map of hosts; see host_map.h.
 *
 * Design: a trie over the hash's bits as in base/trie.h, but wide nodes with all their slots above
 * buckets that hold hosts themselves. What has no more hosts than fit into a bucket is a bucket,
 * what has more is a node: so the shape is a function of the content. Nodes and buckets are
 * counted; a change copies the shared ones on its way from the root. A bucket is as large as what
 * it holds and never resized: one more or less is another bucket. */
#include "rule/host_map.h"

#include <svcroute/error.h>

#include "base/memory.h"

enum {
    BITS = 5,
    FAN = 1 << BITS,
    BUCKET_MAX = 8,
};

struct bucket {
    svcr_refs refs;
    uint32_t num; /* 1 or more */
    struct svcr_host hosts[];
};

struct node {
    svcr_refs refs;
    uint32_t num; /* of hosts below it */
    uintptr_t slots[FAN];
};

/* A slot is 0, a bucket, or a node with the lowest bit set. */
static inline bool slot_is_node(uintptr_t slot)
{
    return (slot & 1U) != 0;
}

static inline struct node *slot_node(uintptr_t slot)
{
    return (struct node *)(slot & ~(uintptr_t)1); // NOLINT(performance-no-int-to-ptr)
}

static inline struct bucket *slot_bucket(uintptr_t slot)
{
    return (struct bucket *)slot; // NOLINT(performance-no-int-to-ptr)
}

static inline size_t bucket_bytes(uint32_t num)
{
    return sizeof(struct bucket) + num * sizeof(struct svcr_host);
}

/* Keys that differ do so in one of 63 bits, which ends the way down at the 13th level. */
static inline uintptr_t *node_slot(struct node *node, uint64_t key, unsigned shift)
{
    return &node->slots[key >> (shift + 1) & (FAN - 1)];
}

/* ---- references --------------------------------------------------------------------------- */

static void host_ref(const struct svcr_host *host)
{
    if (svcr_host_has_paths(host)) {
        (void)svcr_path_tree_share(&host->has.paths);
    } else {
        svcr_block_ref(host->has.only.holder);
    }
}

static void host_unref(struct svcroute_context *context, struct svcr_host *host)
{
    if (svcr_host_has_paths(host)) {
        svcr_path_tree_clear(context, &host->has.paths);
    } else {
        svcr_block_unref(context, host->has.only.holder);
    }
}

static void slot_ref(uintptr_t slot)
{
    if (slot != 0) {
        svcr_refs_take(slot_is_node(slot) ? &slot_node(slot)->refs : &slot_bucket(slot)->refs);
    }
}

static void slot_unref(struct svcroute_context *context, uintptr_t slot)
{
    if (slot == 0) {
        return;
    }
    if (!slot_is_node(slot)) {
        struct bucket *bucket = slot_bucket(slot);
        if (svcr_refs_drop(&bucket->refs)) {
            for (uint32_t i = 0; i < bucket->num; i++) {
                host_unref(context, &bucket->hosts[i]);
            }
            svcr_release(context, bucket, bucket_bytes(bucket->num));
        }
        return;
    }
    struct node *node = slot_node(slot);
    if (svcr_refs_drop(&node->refs)) {
        for (uint32_t i = 0; i < FAN; i++) { /* recursion: by levels */
            slot_unref(context, node->slots[i]);
        }
        svcr_release(context, node, sizeof(*node));
    }
}

/* ---- buckets ------------------------------------------------------------------------------ */

static struct bucket *bucket_new(struct svcroute_context *context, const struct svcr_host *hosts,
                                 uint32_t num)
{
    struct bucket *bucket = svcr_alloc(context, bucket_bytes(num));
    if (bucket != NULL) {
        svcr_refs_init(&bucket->refs);
        bucket->num = num;
        memcpy(bucket->hosts, hosts, num * sizeof(*hosts));
    }
    return bucket;
}

/* The caller's reference to a bucket goes; its hosts live on elsewhere, except for one (or NULL).
 */
static void bucket_spend(struct svcroute_context *context, struct bucket *bucket,
                         struct svcr_host *except)
{
    if (svcr_refs_sole(&bucket->refs)) {
        if (except != NULL) {
            host_unref(context, except);
        }
        svcr_release(context, bucket, bucket_bytes(bucket->num));
        return;
    }
    for (uint32_t i = 0; i < bucket->num; i++) {
        if (&bucket->hosts[i] != except) {
            host_ref(&bucket->hosts[i]);
        }
    }
    slot_unref(context, (uintptr_t)bucket);
}

static int bucket_own(struct svcroute_context *context, uintptr_t *at)
{
    struct bucket *bucket = slot_bucket(*at);
    if (svcr_refs_sole(&bucket->refs)) {
        return 0;
    }
    struct bucket *copy = bucket_new(context, bucket->hosts, bucket->num);
    if (copy == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    bucket_spend(context, bucket, NULL);
    *at = (uintptr_t)copy;
    return 0;
}

static struct svcr_host *bucket_find(struct bucket *bucket, uint64_t key)
{
    for (uint32_t i = 0; i < bucket->num; i++) {
        if (svcr_host_is(&bucket->hosts[i], key)) {
            return &bucket->hosts[i];
        }
    }
    return NULL;
}

/* ---- nodes -------------------------------------------------------------------------------- */

static int node_own(struct svcroute_context *context, uintptr_t *at)
{
    struct node *node = slot_node(*at);
    if (svcr_refs_sole(&node->refs)) {
        return 0;
    }
    struct node *copy = svcr_alloc(context, sizeof(*copy));
    if (copy == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_refs_init(&copy->refs);
    copy->num = node->num;
    for (uint32_t i = 0; i < FAN; i++) {
        copy->slots[i] = node->slots[i];
        slot_ref(copy->slots[i]);
    }
    slot_unref(context, *at);
    *at = (uintptr_t)copy | 1U;
    return 0;
}

/* Frees a node that was to be made of hosts that still belong elsewhere. If there is a node below,
 * all hosts are there, so it was the last to be made: what there is are buckets. */
static void node_unmake(struct svcroute_context *context, struct node *node)
{
    for (uint32_t i = 0; i < FAN; i++) {
        struct bucket *bucket = slot_bucket(node->slots[i]);
        if (bucket != NULL) {
            svcr_release(context, bucket, bucket_bytes(bucket->num));
        }
    }
    svcr_release(context, node, sizeof(*node));
}

/* A bucket of hosts, or the nodes that they need; without taking references. 0 when out of memory.
 * At most one host more than fits into a bucket. */
static uintptr_t slot_make(struct svcroute_context *context, const struct svcr_host *hosts,
                           uint32_t num, unsigned shift)
{
    if (num <= BUCKET_MAX) {
        return (uintptr_t)bucket_new(context, hosts, num);
    }
    struct node *node = svcr_zalloc(context, sizeof(*node));
    if (node == NULL) {
        return 0;
    }
    svcr_refs_init(&node->refs);
    node->num = num;
    for (uint32_t i = 0; i < num; i++) {
        struct svcr_host together[BUCKET_MAX + 1];
        uint32_t num_together = 0;
        uintptr_t *slot = node_slot(node, hosts[i].key, shift);
        for (uint32_t j = 0; j < num; j++) {
            if (node_slot(node, hosts[j].key, shift) == slot) {
                together[num_together++] = hosts[j];
            }
        }
        if (*slot == 0) { /* recursion: by levels */
            *slot = slot_make(context, together, num_together, shift + BITS);
            if (*slot == 0) {
                node_unmake(context, node);
                return 0;
            }
        }
    }
    return (uintptr_t)node | 1U;
}

/* ---- the map ------------------------------------------------------------------------------ */

const struct svcr_host *svcr_host_map_get(const struct svcr_host_map *map, uint64_t hash)
{
    uintptr_t slot = map->root;
    for (unsigned shift = 0; slot_is_node(slot); shift += BITS) {
        slot = *node_slot(slot_node(slot), hash, shift);
    }
    return slot == 0 ? NULL : bucket_find(slot_bucket(slot), hash);
}

/* Into a bucket, or into what takes its place. */
static int bucket_add(struct svcroute_context *context, uintptr_t *at, const struct svcr_host *host,
                      unsigned shift)
{
    struct bucket *bucket = slot_bucket(*at);
    struct svcr_host hosts[BUCKET_MAX + 1];
    memcpy(hosts, bucket->hosts, bucket->num * sizeof(*hosts));
    hosts[bucket->num] = *host;
    uintptr_t slot = slot_make(context, hosts, bucket->num + 1, shift);
    if (slot == 0) {
        return SVCROUTE_ERR_NOMEM;
    }
    bucket_spend(context, bucket, NULL);
    *at = slot;
    return 0;
}

int svcr_host_map_add(struct svcroute_context *context, struct svcr_host_map *map, uint64_t hash,
                      const struct svcr_candidate *only)
{
    struct svcr_host host = {.key = hash & ~UINT64_C(1), .has.only = *only};
    uintptr_t *at = &map->root;
    unsigned shift = 0;
    int error = 0;
    for (; slot_is_node(*at); shift += BITS) {
        error = node_own(context, at);
        if (error != 0) {
            return error;
        }
        slot_node(*at)->num++;
        at = node_slot(slot_node(*at), hash, shift);
    }
    if (*at == 0) {
        *at = slot_make(context, &host, 1, shift);
        error = *at == 0 ? SVCROUTE_ERR_NOMEM : 0;
    } else {
        error = bucket_add(context, at, &host, shift);
    }
    if (error == 0) {
        host_ref(&host);
    }
    return error;
}

int svcr_host_map_own(struct svcroute_context *context, struct svcr_host_map *map, uint64_t hash,
                      struct svcr_host **host)
{
    uintptr_t *at = &map->root;
    int error = 0;
    for (unsigned shift = 0; slot_is_node(*at) && error == 0; shift += BITS) {
        error = node_own(context, at);
        at = error == 0 ? node_slot(slot_node(*at), hash, shift) : at;
    }
    error = error == 0 ? bucket_own(context, at) : error;
    if (error == 0) {
        *host = bucket_find(slot_bucket(*at), hash);
    }
    return error;
}

/* ---- removing ----------------------------------------------------------------------------- */

/* A bucket that loses its last host becomes 0. */
static int bucket_remove(struct svcroute_context *context, uintptr_t *at, uint64_t key)
{
    struct bucket *bucket = slot_bucket(*at);
    struct bucket *smaller = NULL;
    struct svcr_host *gone = bucket_find(bucket, key);
    if (bucket->num > 1) {
        struct svcr_host hosts[BUCKET_MAX];
        uint32_t i = (uint32_t)(gone - bucket->hosts);
        memcpy(hosts, bucket->hosts, i * sizeof(*hosts));
        memcpy(hosts + i, gone + 1, (bucket->num - i - 1) * sizeof(*hosts));
        smaller = bucket_new(context, hosts, bucket->num - 1);
        if (smaller == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
    }
    bucket_spend(context, bucket, gone);
    *at = (uintptr_t)smaller;
    return 0;
}

/* Gathers the hosts below a slot but for one, without taking references. */
static uint32_t slot_gather(uintptr_t slot, uint64_t except, struct svcr_host *hosts)
{
    uint32_t num = 0;
    if (slot == 0) {
        return 0;
    }
    if (slot_is_node(slot)) {
        for (uint32_t i = 0; i < FAN; i++) { /* recursion: by levels */
            num += slot_gather(slot_node(slot)->slots[i], except, hosts + num);
        }
        return num;
    }
    for (uint32_t i = 0; i < slot_bucket(slot)->num; i++) {
        if (!svcr_host_is(&slot_bucket(slot)->hosts[i], except)) {
            hosts[num++] = slot_bucket(slot)->hosts[i];
        }
    }
    return num;
}

/* A node whose hosts but for one fit into a bucket becomes that. */
static int node_fold(struct svcroute_context *context, uintptr_t *at, uint64_t key)
{
    struct svcr_host hosts[BUCKET_MAX];
    uint32_t num = slot_gather(*at, key, hosts);
    struct bucket *bucket = bucket_new(context, hosts, num);
    if (bucket == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < num; i++) {
        host_ref(&hosts[i]);
    }
    slot_unref(context, *at);
    *at = (uintptr_t)bucket;
    return 0;
}

int svcr_host_map_remove(struct svcroute_context *context, struct svcr_host_map *map, uint64_t hash)
{
    uintptr_t *at = &map->root;
    for (unsigned shift = 0; slot_is_node(*at); shift += BITS) {
        if (slot_node(*at)->num == BUCKET_MAX + 1) {
            return node_fold(context, at, hash);
        }
        int error = node_own(context, at);
        if (error != 0) {
            return error;
        }
        slot_node(*at)->num--;
        at = node_slot(slot_node(*at), hash, shift);
    }
    return bucket_remove(context, at, hash);
}

struct svcr_host_map svcr_host_map_share(const struct svcr_host_map *map)
{
    slot_ref(map->root);
    return *map;
}

void svcr_host_map_clear(struct svcroute_context *context, struct svcr_host_map *map)
{
    slot_unref(context, map->root);
    map->root = 0;
}
