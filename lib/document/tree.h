/* Filling a document: what the JSON reader, the YAML reader and the builder share. All of them
 * append nodes, keep a stack of open containers, and look for duplicate keys when a map ends. */
#ifndef SVCR_TREE_H
#define SVCR_TREE_H

#include "base/diag.h"
#include "document/node.h"

/* Makes room for one more node: SVCROUTE_ERR_NOMEM or SVCROUTE_ERR_LIMIT (nodes). */
int svcr_tree_grow(struct svcroute_document *document);
/* Makes room for `num` more nodes. */
int svcr_tree_reserve(struct svcroute_document *document, size_t num);
/* Takes the last element of the innermost open list out again: its nodes from `first` on. They still
 * count for the limit. */
void svcr_tree_take(struct svcroute_document *document, size_t first);
/* Makes room for one more key: SVCROUTE_ERR_NOMEM. */
int svcr_tree_grow_keys(struct svcroute_document *document);

/* Appends a node; only kind and position are set. */
static inline int svcr_tree_add(struct svcroute_document *document, uint32_t kind, uint32_t line,
                                uint32_t column, struct svcroute_node **out)
{
    if (__builtin_expect(document->num == document->room, 0)) {
        int status = svcr_tree_grow(document);
        if (status != 0) {
            return status;
        }
    }
    struct svcroute_node *node = &document->nodes[document->num++];
    node->kind = (uint8_t)kind;
    node->flags = 0;
    node->reserved = 0;
    node->line = line;
    node->column = column;
    *out = node;
    return 0;
}

static inline uint64_t svcr_tree_load(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Notes a node of the innermost open map as one of its keys. */
static inline int svcr_tree_add_key(struct svcroute_document *document,
                                    const struct svcroute_node *node)
{
    if (__builtin_expect(document->num_keys == document->key_capacity, 0)) {
        int status = svcr_tree_grow_keys(document);
        if (status != 0) {
            return status;
        }
    }
    struct svcr_key *key = &document->keys[document->num_keys++];
    key->word = svcr_text_word(svcr_node_text(node));
    key->node = (size_t)(node - document->nodes);
    return 0;
}

/* Opens a container at the last node. SVCROUTE_ERR_LIMIT (depth), SVCROUTE_ERR_NOMEM. */
int svcr_tree_open(struct svcroute_document *document);

/* Closes the innermost container: counts, extent, height of its parent. Its keys have been checked.
 */
static inline void svcr_tree_close(struct svcroute_document *document)
{
    struct svcr_open *top = &document->open[--document->num_open];
    struct svcroute_node *node = &document->nodes[top->node];
    node->size = top->entries;
    node->as.extent = document->num - top->node;
    document->num_keys = top->first_key;
    if (document->num_open > 0 && top[-1].height <= top->height) {
        top[-1].height = top->height + 1;
    }
}

/* Looks for two equal keys in the innermost open map. 0: there are none; SVCROUTE_ERR_REJECTED:
 * *first and *second are nodes, and no pair ends earlier; SVCROUTE_ERR_NOMEM. */
int svcr_tree_find_duplicate(struct svcroute_document *document, size_t *first, size_t *second);

void svcr_tree_report_duplicate(const struct svcroute_document *document,
                                struct svcroute_diags *diags, size_t first, size_t second);

/* Puts what the << entries of the innermost open map lead to in their place; keys given there win,
 * then the earlier ones. Its own keys have been checked. SVCROUTE_ERR_REJECTED: *fault is a node
 * that is no map; SVCROUTE_ERR_NOMEM. */
int svcr_tree_merge(struct svcroute_document *document, size_t *fault);

#endif
