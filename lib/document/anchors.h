/* The anchors of one YAML document: names and the nodes that they stand for. */
#ifndef SVCR_ANCHORS_H
#define SVCR_ANCHORS_H

#include "document/node.h"

struct svcr_anchor {
    uint64_t hash;
    svcr_text name;
    size_t node;     /* in the document, or in `saved` */
    uint32_t height; /* levels of containers; 0 for a scalar */
    bool is_saved;
};

struct svcr_anchors {
    struct svcroute_context *context;
    struct svcr_anchor *items; /* in the order of their nodes */
    size_t num, capacity;
    uint32_t *slots; /* 1 + index of the latest anchor of a name; open addressing */
    size_t mask, slot_capacity;
    struct svcroute_node *saved; /* copies of what a merge has moved */
    size_t num_saved, saved_capacity;
};

void svcr_anchors_init(struct svcr_anchors *anchors, struct svcroute_context *context);
void svcr_anchors_free(struct svcr_anchors *anchors);
/* Forgets all; keeps the memory. */
void svcr_anchors_reset(struct svcr_anchors *anchors);

/* Enters an anchor for the node; a later one of the same name takes its place. The name lives as
 * long as the document. SVCROUTE_ERR_NOMEM. Its index is num - 1. */
int svcr_anchors_add(struct svcr_anchors *anchors, svcr_text name, size_t node);
/* NULL if there is none. */
const struct svcr_anchor *svcr_anchors_find(const struct svcr_anchors *anchors, svcr_text name);
const struct svcroute_node *svcr_anchors_node(const struct svcr_anchors *anchors,
                                              const struct svcr_anchor *anchor,
                                              const struct svcroute_document *document);
/* Copies what the anchors from index `first` on stand for, since these nodes are about to move:
 * SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_LIMIT (nodes). */
int svcr_anchors_save(struct svcr_anchors *anchors, const struct svcroute_document *document,
                      size_t first);

#endif
