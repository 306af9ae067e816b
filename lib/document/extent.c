/* What the YAML reader notes of where a scalar's text stands in the input. */
#include "document/extent.h"

void svcr_extents_init(struct svcr_extents *extents, const char *bytes, size_t size, size_t narrow)
{
    *extents = (struct svcr_extents){.begin = bytes,
                                     .end = bytes + size,
                                     .narrow = narrow,
                                     .byte = bytes + narrow,
                                     .index = narrow};
}

static const char *byte_at(struct svcr_extents *extents, size_t index)
{
    if (index <= extents->narrow) {
        return extents->begin + index;
    }
    extents->byte = svcr_trail_skip(extents->byte, extents->end, index - extents->index);
    extents->index = index;
    return extents->byte;
}

char *svcr_extents_copy(struct svcr_extents *extents, struct svcr_arena *arena,
                        const struct svcr_extent *extent, svcr_text text)
{
    const char *at = byte_at(extents, extent->begin);
    struct svcr_origin origin = {at, (uint32_t)(extents->end - at), extent->style};
    char *copy = svcr_trail_alloc(arena, &origin, text.size);
    if (copy != NULL && text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return copy;
}

int svcr_extents_keep(const struct svcr_extent *extent, struct svcr_arena *arena,
                      struct svcroute_node *node)
{
    bool is_long = (extent->end - extent->begin) / 16 > (size_t)node->size + 16;
    return is_long ? svcr_trail_keep(node, arena) : SVCROUTE_OK;
}
