/* The tree: nodes in one array, in the order of a walk that visits a parent before its children. A
 * map is followed by key, value, key, value; a list by its elements. A node that has children says
 * how many nodes it covers, so that a walk can step over it. Positions are those of the source. */
#ifndef SVCR_NODE_H
#define SVCR_NODE_H

#include <svcroute/document.h>
#include <svcroute/error.h>

#include "base/arena.h"
#include "base/text.h"

struct svcroute_node {
    uint8_t kind;  /* enum svcroute_node_kind */
    uint8_t flags; /* SVCR_NODE_* */
    uint16_t reserved;
    uint32_t line, column; /* from 1 */
    uint32_t size;         /* bytes of text; children of a list, entries of a map */
    union {
        const char
            *text; /* scalars: "true", the number, the characters; in the arena or the source */
        uint64_t
            extent; /* lists and maps: number of nodes covered, this one included; 0 while open */
    } as;
};

enum {
    SVCR_NODE_KEY = 1,   /* a key of a map; its kind is SVCROUTE_NODE_STRING */
    SVCR_NODE_TRUE = 2,  /* a boolean that is true */
    SVCR_NODE_MERGE = 4, /* the key << of YAML, gone when its map is closed */
    /* Strings that are values, see trail.h: the characters stand in the source one behind another,
     */
    SVCR_NODE_BARE = 8,    /* from the node's position on, */
    SVCR_NODE_QUOTED = 16, /* or behind a quote; */
    SVCR_NODE_TRACED = 32  /* or a struct svcr_origin stands ahead of the text */
};

/* A container that is being filled. */
struct svcr_open {
    size_t node;
    size_t first_key; /* its keys in svcroute_document.keys begin here */
    size_t anchor;    /* YAML: 1 + index of its anchor, 0 if it has none */
    size_t inner;     /* YAML: index of the first anchor inside it */
    uint32_t entries;
    uint32_t height; /* levels of containers below it so far */
    bool has_key;    /* in a map: a key waits for its value */
    bool merges;     /* YAML: one of its keys is << */
};

/* A key of an open map, kept for the search for duplicates (tree.c). */
struct svcr_key {
    uint64_t word; /* of its text: keys that differ here differ */
    size_t node;
};

struct svcroute_document {
    struct svcroute_context *context; /* referenced */
    svcr_text source;                 /* inside `bytes`, or borrowed from an internal reader */
    struct svcroute_node *nodes;      /* own; its capacity is kept over resets */
    size_t num, capacity;
    size_t room;              /* nodes that may be there before svcr_tree_grow() is asked */
    size_t taken;             /* nodes that left ahead of the end; they count for the limit */
    struct svcr_arena texts;  /* texts that are not in the source */
    struct svcr_bytes *bytes; /* the text that nodes and source point into, referenced; or NULL */
    int error;                /* first error of the builder */
    uint32_t line, column;    /* for the builder's next node */
    struct svcr_open
        *open; /* containers being filled, innermost last; room for the depth allowed */
    size_t num_open, open_capacity;
    struct svcr_key *keys; /* keys of all open maps, those of the innermost last */
    size_t num_keys, key_capacity;
    uint32_t *slots; /* hash table for the keys of one large map, between calls without content */
    size_t slot_capacity;
};

/* Steps. The first child of a container with size > 0 is node + 1. */
static inline const struct svcroute_node *svcr_node_after(const struct svcroute_node *node)
{
    return node + (node->kind >= SVCROUTE_NODE_LIST ? node->as.extent : 1);
}

static inline svcr_text svcr_node_text(const struct svcroute_node *node)
{
    return (svcr_text){node->as.text, node->size};
}

/* An integer's value; false if the node is none or it does not fit. From JSON only an integer
 * without fraction and exponent is one; YAML's numbers were brought into that form by the reader.
 */
bool svcr_node_integer(const struct svcroute_node *node, int64_t *value);

#endif
