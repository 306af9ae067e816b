/* What the YAML reader notes of where a scalar's text stands in the input: see trail.h. */
#ifndef SVCR_EXTENT_H
#define SVCR_EXTENT_H

#include "document/trail.h"

/* The input, of which libyaml counts characters. */
struct svcr_extents {
    const char *begin, *end;
    size_t narrow;    /* so many bytes at the beginning are a character each */
    const char *byte; /* where character number `index` begins; further on than `narrow` */
    size_t index;
};

/* A scalar with its tag and anchor. */
struct svcr_extent {
    size_t begin, end; /* characters of the input */
    uint32_t style;    /* enum svcr_style */
    bool one_line;
};

void svcr_extents_init(struct svcr_extents *extents, const char *bytes, size_t size, size_t narrow);

/* The flag for the node of a scalar with this text. Whether the source is the text as it is, in
 * quotes or not, is seen by their numbers of characters: tag and anchor, and everything else that
 * is not in the text, make the source longer. */
static inline uint8_t svcr_extents_flag(const struct svcr_extents *extents,
                                        const struct svcr_extent *extent, svcr_text text)
{
    if (!extent->one_line || extent->style > SVCR_STYLE_DOUBLE) {
        return SVCR_NODE_TRACED;
    }
    size_t width = extent->end - extent->begin, num = text.size;
    /* In ASCII alone, only an escape makes a character that has more than a byte. */
    if (extent->style == SVCR_STYLE_DOUBLE || extent->end > extents->narrow) {
        num = svcr_trail_count(text.data, text.size);
    }
    if (extent->style == SVCR_STYLE_PLAIN) {
        /* Nothing behind a tag stands nowhere. */
        return num == width || num == 0 ? SVCR_NODE_BARE : SVCR_NODE_TRACED;
    }
    return num + 2 == width ? SVCR_NODE_QUOTED : SVCR_NODE_TRACED;
}

/* Copies the text of a scalar that gets the flag SVCR_NODE_TRACED; it begins behind those that were
 * copied before. NULL when out of memory. */
char *svcr_extents_copy(struct svcr_extents *extents, struct svcr_arena *arena,
                        const struct svcr_extent *extent, svcr_text text);
/* Aliases repeat a text but not its source: one that is far longer than its text is gone over at
 * once, so that the cost of a repetition is that of the text. SVCROUTE_ERR_NOMEM. */
int svcr_extents_keep(const struct svcr_extent *extent, struct svcr_arena *arena,
                      struct svcroute_node *node);

#endif
