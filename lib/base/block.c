/* Blocks: making, counting and freeing them. */
#include "base/block.h"

#include "base/memory.h"

void *svcr_block_new(struct svcroute_context *context, const struct svcr_block_kind *kind,
                     size_t bytes)
{
    struct svcr_block *block = bytes <= UINT32_MAX ? svcr_zalloc(context, bytes) : NULL;
    if (block != NULL) {
        svcr_refs_init(&block->refs);
        block->kind = kind;
        block->bytes = (uint32_t)bytes;
    }
    return block;
}

void *svcr_block_ref(void *block)
{
    if (block != NULL) {
        svcr_refs_take(&((struct svcr_block *)block)->refs);
    }
    return block;
}

void svcr_block_unref(struct svcroute_context *context, void *pointer)
{
    struct svcr_block *block = pointer;
    if (block == NULL || !svcr_refs_drop(&block->refs)) {
        return;
    }
    if (block->kind->drop != NULL) {
        block->kind->drop(context, pointer);
    }
    svcr_release(context, block, block->bytes);
}
