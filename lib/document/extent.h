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

/* Copies the text of a scalar, whose extent begins behind those that were asked for before; *form
 * is the flag for its node. NULL when out of memory. */
char *svcr_extents_copy(struct svcr_extents *extents, struct svcr_arena *arena,
                        const struct svcr_extent *extent, svcr_text text, uint8_t *form);
/* Gives the flag to the node of that text: SVCROUTE_ERR_NOMEM. */
int svcr_extents_set(const struct svcr_extent *extent, struct svcr_arena *arena, uint8_t form,
                     struct svcroute_node *node);

#endif
