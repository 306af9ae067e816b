/* Blocks: immutable, counted pieces of memory that structures share. Persistent maps (trie.h) hold
 * them; which kinds there are is up to the rooms that make them. */
#ifndef SVCR_BLOCK_H
#define SVCR_BLOCK_H

#include <svcroute/context.h>

#include "base/refs.h"

/* What a kind of block does when its last reference goes: gives back what it holds. The block's own
 * memory is not its concern. */
struct svcr_block_kind {
    void (*drop)(struct svcroute_context *context, void *block); /* NULL: it holds nothing */
};

/* At the start of every block. */
struct svcr_block {
    svcr_refs refs;
    uint32_t bytes;
    const struct svcr_block_kind *kind;
    uint64_t hash; /* of the key, for blocks that hang in a trie */
};

/* Takes the size of a block and zeroes all of it; NULL when out of memory, or above 4 GiB. */
void *svcr_block_new(struct svcroute_context *context, const struct svcr_block_kind *kind,
                     size_t bytes);
void *svcr_block_ref(void *block); /* NULL gives NULL */
void svcr_block_unref(struct svcroute_context *context, void *block);

#endif
