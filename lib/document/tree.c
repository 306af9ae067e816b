/* Filling a document: growth within the limits, duplicate keys, merging. */
#include "document/tree.h"

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"

enum {
    PAIRWISE = 16 /* keys up to which comparing each with each is cheaper than a hash table */
};

/* Says how many nodes there may be before memory or limit have to be looked at. */
static void set_room(struct svcroute_document *document)
{
    uint64_t limit = document->context->limits.nodes - document->taken;
    document->room = document->capacity < limit ? document->capacity : (size_t)limit;
}

int svcr_tree_reserve(struct svcroute_document *document, size_t num)
{
    uint64_t limit = document->context->limits.nodes - document->taken;
    if (document->num > limit || num > limit - document->num) {
        return SVCROUTE_ERR_LIMIT;
    }
    void *items = document->nodes;
    int status = svcr_array_reserve(document->context, &items, &document->capacity,
                                    document->num + num, sizeof *document->nodes);
    document->nodes = items;
    set_room(document);
    return status;
}

void svcr_tree_take(struct svcroute_document *document, size_t first)
{
    document->taken += document->num - first;
    document->num = first;
    document->open[document->num_open - 1].entries--;
    set_room(document);
}

int svcr_tree_grow(struct svcroute_document *document)
{
    return svcr_tree_reserve(document, 1);
}

int svcr_tree_grow_keys(struct svcroute_document *document)
{
    void *items = document->keys;
    int status = svcr_array_reserve(document->context, &items, &document->key_capacity,
                                    document->num_keys + 1, sizeof *document->keys);
    document->keys = items;
    return status;
}

int svcr_tree_open(struct svcroute_document *document)
{
    size_t depth = document->context->limits.depth;
    if (document->num_open >= depth) {
        return SVCROUTE_ERR_LIMIT;
    }
    if (document->open_capacity < depth) {
        void *items = document->open;
        int status = svcr_array_reserve(document->context, &items, &document->open_capacity, depth,
                                        sizeof *document->open);
        document->open = items;
        if (status != 0) {
            return status;
        }
    }
    size_t node = document->num - 1;
    document->nodes[node].size = 0;
    document->nodes[node].as.extent = 0;
    document->open[document->num_open++] =
        (struct svcr_open){.node = node, .first_key = document->num_keys};
    return 0;
}

/* ---- duplicate keys -----------------------------------------------------------------------
 *
 * A small map compares the words of its keys pairwise: they lie beside each other, and few maps
 * have more than ten. A large one goes through a hash table with open addressing and linear
 * probing, at most half full, whose hash has the context's seed, so that nobody can prepare
 * collisions. The table is made when the map ends, so nested maps never need two at once. */

static bool same_text(const struct svcroute_document *document, size_t a, size_t b)
{
    return svcr_text_same(svcr_node_text(&document->nodes[a]), svcr_node_text(&document->nodes[b]));
}

static bool find_pairwise(const struct svcroute_document *document, const struct svcr_key *keys,
                          size_t num, size_t *first, size_t *second)
{
    for (size_t i = 1; i < num; i++) {
        for (size_t j = 0; j < i; j++) {
            if (__builtin_expect(keys[i].word == keys[j].word, 0) &&
                same_text(document, keys[i].node, keys[j].node)) {
                *first = keys[j].node;
                *second = keys[i].node;
                return true;
            }
        }
    }
    return false;
}

/* Empties the table and makes it large enough for `num` keys. */
static int prepare_slots(struct svcroute_document *document, size_t num, size_t *mask)
{
    size_t want = 64;
    while (want / 2 < num) {
        want *= 2;
    }
    void *items = document->slots;
    int status = svcr_array_reserve(document->context, &items, &document->slot_capacity, want,
                                    sizeof *document->slots);
    document->slots = items;
    if (status == 0) {
        memset(document->slots, 0, want * sizeof *document->slots);
        *mask = want - 1;
    }
    return status;
}

/* The slot of a text in the table: that of the equal key, or the empty one where it belongs. */
static uint32_t *find_slot(const struct svcroute_document *document, size_t mask,
                           const struct svcr_key *keys, svcr_text text)
{
    size_t at = (size_t)svcr_hash(document->context->hash_seed, text.data, text.size) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t slot = document->slots[at];
        if (slot == 0 ||
            svcr_text_same(text, svcr_node_text(&document->nodes[keys[slot - 1].node]))) {
            return &document->slots[at];
        }
    }
}

int svcr_tree_find_duplicate(struct svcroute_document *document, size_t *first, size_t *second)
{
    size_t from = document->open[document->num_open - 1].first_key;
    size_t num = document->num_keys - from;
    if (num < 2) {
        return 0; /* and there may be no array yet */
    }
    const struct svcr_key *keys = document->keys + from;
    if (__builtin_expect(num <= PAIRWISE, 1)) {
        return find_pairwise(document, keys, num, first, second) ? SVCROUTE_ERR_REJECTED : 0;
    }
    size_t mask = 0;
    int status = prepare_slots(document, num, &mask);
    if (status != 0) {
        return status;
    }
    for (size_t i = 0; i < num; i++) {
        uint32_t *slot =
            find_slot(document, mask, keys, svcr_node_text(&document->nodes[keys[i].node]));
        if (*slot != 0) {
            *first = keys[*slot - 1].node;
            *second = keys[i].node;
            return SVCROUTE_ERR_REJECTED;
        }
        *slot = (uint32_t)(i + 1);
    }
    return 0;
}

void svcr_tree_report_duplicate(const struct svcroute_document *document,
                                struct svcroute_diags *diags, size_t first, size_t second)
{
    const struct svcroute_node *key = &document->nodes[second];
    const struct svcroute_node *earlier = &document->nodes[first];
    struct svcr_place place = {
        .source = document->source, .line = key->line, .column = key->column};
    struct svcr_quoted quoted;
    svcr_diags_add(diags, SVCR_DIAG_DUPLICATE_KEY, 0, &place,
                   "key %s is given twice in one map, first in line %u, column %u",
                   svcr_quote(&quoted, svcr_node_text(key)), (unsigned)earlier->line,
                   (unsigned)earlier->column);
}

/* ---- merging ------------------------------------------------------------------------------
 *
 * The value of << is a map or a list of maps (https://yaml.org/type/merge.html). When its map ends,
 * these values are ordinary nodes behind the key <<. Leaving out that key, the headers of list and
 * maps, and the entries whose keys are known already makes the merged map; every step only moves
 * nodes towards the front, so it is done in place and costs one pass. */

struct merging {
    struct svcroute_document *document;
    size_t first_key; /* of the map */
    size_t mask;
    size_t read, write; /* nodes */
    size_t entries;
};

/* Counts the entries that the << values bring in, at most; checks that they are maps. */
static int count_merged(const struct svcroute_node *value, const struct svcroute_node *nodes,
                        size_t *num, size_t *fault)
{
    if (value->kind == SVCROUTE_NODE_MAP) {
        *num += value->size;
        return 0;
    }
    *fault = (size_t)(value - nodes);
    if (value->kind != SVCROUTE_NODE_LIST) {
        return SVCROUTE_ERR_REJECTED;
    }
    const struct svcroute_node *item = value + 1;
    for (uint32_t i = 0; i < value->size; i++, item = svcr_node_after(item)) {
        if (item->kind != SVCROUTE_NODE_MAP) {
            *fault = (size_t)(item - nodes);
            return SVCROUTE_ERR_REJECTED;
        }
        *num += item->size;
    }
    return 0;
}

/* Moves key and value at `read` to `write`. */
static void keep_entry(struct merging *m)
{
    struct svcroute_node *nodes = m->document->nodes;
    size_t size = (size_t)(svcr_node_after(&nodes[m->read + 1]) - &nodes[m->read]);
    memmove(&nodes[m->write], &nodes[m->read], size * sizeof *nodes);
    m->read += size;
    m->write += size;
    m->entries++;
}

static void skip_entry(struct merging *m)
{
    const struct svcroute_node *nodes = m->document->nodes;
    m->read = (size_t)(svcr_node_after(&nodes[m->read + 1]) - nodes);
}

/* Takes the entries of the map at `read`. Room for their keys was made before. */
static void take_map(struct merging *m)
{
    struct svcroute_document *document = m->document;
    uint32_t left = document->nodes[m->read++].size;
    for (; left > 0; left--) {
        const struct svcr_key *keys = document->keys + m->first_key;
        svcr_text text = svcr_node_text(&document->nodes[m->read]);
        uint32_t *slot = find_slot(document, m->mask, keys, text);
        if (*slot != 0) {
            skip_entry(m);
            continue;
        }
        document->keys[document->num_keys++].node = m->write;
        *slot = (uint32_t)(document->num_keys - m->first_key);
        keep_entry(m);
    }
}

static void take_merged(struct merging *m)
{
    const struct svcroute_node *value = &m->document->nodes[++m->read];
    if (value->kind == SVCROUTE_NODE_MAP) {
        take_map(m);
        return;
    }
    uint32_t left = value->size;
    for (m->read++; left > 0; left--) {
        take_map(m);
    }
}

/* Makes room for all keys that there may be and enters the map's own ones into the table. */
static int prepare_merging(struct merging *m, size_t own, size_t merged)
{
    struct svcroute_document *document = m->document;
    void *items = document->keys;
    int status = svcr_array_reserve(document->context, &items, &document->key_capacity,
                                    document->num_keys + merged, sizeof *document->keys);
    document->keys = items;
    if (status == 0) {
        status = prepare_slots(document, own + merged, &m->mask);
    }
    for (size_t i = 0; status == 0 && i < own; i++) {
        const struct svcr_key *keys = document->keys + m->first_key;
        *find_slot(document, m->mask, keys, svcr_node_text(&document->nodes[keys[i].node])) =
            (uint32_t)(i + 1);
    }
    return status;
}

int svcr_tree_merge(struct svcroute_document *document, size_t *fault)
{
    struct svcr_open *top = &document->open[document->num_open - 1];
    const struct svcroute_node *nodes = document->nodes;
    size_t merged = 0;
    for (size_t at = top->node + 1; at < document->num;
         at = (size_t)(svcr_node_after(&nodes[at + 1]) - nodes)) {
        if ((nodes[at].flags & SVCR_NODE_MERGE) != 0) {
            int status = count_merged(&nodes[at + 1], nodes, &merged, fault);
            if (status != 0) {
                return status;
            }
        }
    }
    struct merging m = {.document = document,
                        .first_key = top->first_key,
                        .read = top->node + 1,
                        .write = top->node + 1};
    int status = prepare_merging(&m, document->num_keys - top->first_key, merged);
    if (status != 0) {
        return status;
    }
    /* A key moves to the front with its entry; the table finds it through its record. */
    size_t own = top->first_key;
    while (m.read < document->num) {
        if ((nodes[m.read].flags & SVCR_NODE_MERGE) != 0) {
            take_merged(&m);
        } else {
            document->keys[own++].node = m.write;
            keep_entry(&m);
        }
    }
    document->num = m.write;
    top->entries = (uint32_t)m.entries;
    return 0;
}
