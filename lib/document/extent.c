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

/* Whether the source is the text as it is, in quotes or not. Tag and anchor, and everything else
 * that is not in the text, make the source longer; so it is enough to compare numbers of
 * characters. */
static bool is_straight(const struct svcr_extents *extents, const struct svcr_extent *extent,
                        svcr_text text)
{
    if (!extent->one_line || extent->style > SVCR_STYLE_DOUBLE) {
        return false;
    }
    if (extent->style == SVCR_STYLE_PLAIN && text.size == 0) {
        return true; /* behind a tag at best; there is no character to stand anywhere */
    }
    /* Only an escape makes a character beyond ASCII of one that is not. */
    bool narrow = extent->style != SVCR_STYLE_DOUBLE && extent->end <= extents->narrow;
    size_t size = narrow ? text.size : svcr_trail_count(text.data, text.size);
    return extent->end - extent->begin == size + (extent->style == SVCR_STYLE_PLAIN ? 0 : 2);
}

char *svcr_extents_copy(struct svcr_extents *extents, struct svcr_arena *arena,
                        const struct svcr_extent *extent, svcr_text text, uint8_t *form)
{
    if (is_straight(extents, extent, text)) {
        *form = extent->style == SVCR_STYLE_PLAIN ? SVCR_NODE_BARE : SVCR_NODE_QUOTED;
        return svcr_arena_copy(arena, text.data, text.size);
    }
    const char *at = byte_at(extents, extent->begin);
    struct svcr_origin origin = {at, (uint32_t)(extents->end - at), extent->style};
    char *copy = svcr_trail_alloc(arena, &origin, text.size);
    if (copy != NULL && text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    *form = SVCR_NODE_TRACED;
    return copy;
}

/* Aliases repeat a text but not its source: one that is far longer than its text is gone over only
 * once, so that the cost of a repetition is that of its text. */
static bool is_long(const struct svcr_extent *extent, size_t size)
{
    return (extent->end - extent->begin) / 16 > size + 16;
}

int svcr_extents_set(const struct svcr_extent *extent, struct svcr_arena *arena, uint8_t form,
                     struct svcroute_node *node)
{
    node->flags |= form;
    return form == SVCR_NODE_TRACED && is_long(extent, node->size) ? svcr_trail_keep(node, arena)
                                                                   : SVCROUTE_OK;
}
