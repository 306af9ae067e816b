/* The anchors of one YAML document. A document may have thousands of them, so names are found
 * through a hash table with the context's seed. */
#include "document/anchors.h"

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"

void svcr_anchors_init(struct svcr_anchors *anchors, struct svcroute_context *context)
{
    *anchors = (struct svcr_anchors){.context = context};
}

void svcr_anchors_free(struct svcr_anchors *anchors)
{
    struct svcroute_context *context = anchors->context;
    svcr_release(context, anchors->items, anchors->capacity * sizeof *anchors->items);
    svcr_release(context, anchors->slots, anchors->slot_capacity * sizeof *anchors->slots);
    svcr_release(context, anchors->saved, anchors->saved_capacity * sizeof *anchors->saved);
}

void svcr_anchors_reset(struct svcr_anchors *anchors)
{
    anchors->num = 0;
    anchors->num_saved = 0;
    anchors->mask = 0; /* the next anchor empties the table */
}

static uint32_t *find_slot(const struct svcr_anchors *anchors, uint64_t hash, svcr_text name)
{
    for (size_t at = (size_t)hash & anchors->mask;; at = (at + 1) & anchors->mask) {
        uint32_t slot = anchors->slots[at];
        if (slot == 0) {
            return &anchors->slots[at];
        }
        const struct svcr_anchor *anchor = &anchors->items[slot - 1];
        if (anchor->hash == hash && svcr_text_same(anchor->name, name)) {
            return &anchors->slots[at];
        }
    }
}

/* Makes the table at least twice as large as the number of anchors, and fills it again. */
static int rebuild_slots(struct svcr_anchors *anchors)
{
    size_t size = 16;
    while (size < anchors->num * 4) {
        size *= 2;
    }
    void *items = anchors->slots;
    int status = svcr_array_reserve(anchors->context, &items, &anchors->slot_capacity, size,
                                    sizeof *anchors->slots);
    anchors->slots = items;
    if (status != SVCROUTE_OK) {
        return status;
    }
    memset(anchors->slots, 0, size * sizeof *anchors->slots);
    anchors->mask = size - 1;
    for (size_t i = 0; i < anchors->num; i++) {
        const struct svcr_anchor *anchor = &anchors->items[i];
        *find_slot(anchors, anchor->hash, anchor->name) = (uint32_t)(i + 1);
    }
    return SVCROUTE_OK;
}

int svcr_anchors_add(struct svcr_anchors *anchors, svcr_text name, size_t node)
{
    void *items = anchors->items;
    int status = svcr_array_reserve(anchors->context, &items, &anchors->capacity, anchors->num + 1,
                                    sizeof *anchors->items);
    anchors->items = items;
    if (status == SVCROUTE_OK && (anchors->num + 1) * 2 > anchors->mask) {
        status = rebuild_slots(anchors);
    }
    if (status != SVCROUTE_OK) {
        return status;
    }
    uint64_t hash = svcr_hash(anchors->context->hash_seed, name.data, name.size);
    anchors->items[anchors->num++] = (struct svcr_anchor){.hash = hash, .name = name, .node = node};
    *find_slot(anchors, hash, name) = (uint32_t)anchors->num;
    return SVCROUTE_OK;
}

const struct svcr_anchor *svcr_anchors_find(const struct svcr_anchors *anchors, svcr_text name)
{
    if (anchors->num == 0) {
        return NULL;
    }
    uint64_t hash = svcr_hash(anchors->context->hash_seed, name.data, name.size);
    uint32_t slot = *find_slot(anchors, hash, name);
    return slot == 0 ? NULL : &anchors->items[slot - 1];
}

const struct svcroute_node *svcr_anchors_node(const struct svcr_anchors *anchors,
                                              const struct svcr_anchor *anchor,
                                              const struct svcroute_document *document)
{
    return (anchor->is_saved ? anchors->saved : document->nodes) + anchor->node;
}

/* Copies the nodes of one anchor; `extent` of them. */
static int save(struct svcr_anchors *anchors, const struct svcroute_document *document,
                struct svcr_anchor *anchor, size_t extent)
{
    uint64_t limit = anchors->context->limits.nodes;
    size_t num = anchors->num_saved + extent;
    if (num > limit) {
        return SVCROUTE_ERR_LIMIT;
    }
    void *items = anchors->saved;
    int status = svcr_array_reserve(anchors->context, &items, &anchors->saved_capacity, num,
                                    sizeof *anchors->saved);
    anchors->saved = items;
    if (status != SVCROUTE_OK) {
        return status;
    }
    memcpy(anchors->saved + anchors->num_saved, document->nodes + anchor->node,
           extent * sizeof *anchors->saved);
    anchors->num_saved = num;
    return SVCROUTE_OK;
}

int svcr_anchors_save(struct svcr_anchors *anchors, const struct svcroute_document *document,
                      size_t first)
{
    size_t begin = 0, end = 0; /* nodes of the last copy, */
    size_t copy = 0;           /* and where it went */
    for (size_t i = first; i < anchors->num; i++) {
        struct svcr_anchor *anchor = &anchors->items[i];
        if (anchor->is_saved) {
            continue;
        }
        if (anchor->node >= end) {
            const struct svcroute_node *root = &document->nodes[anchor->node];
            copy = anchors->num_saved;
            begin = anchor->node;
            end = begin + (size_t)(svcr_node_after(root) - root);
            int status = save(anchors, document, anchor, end - begin);
            if (status != SVCROUTE_OK) {
                return status;
            }
        }
        anchor->node = copy + (anchor->node - begin);
        anchor->is_saved = true;
    }
    return SVCROUTE_OK;
}
