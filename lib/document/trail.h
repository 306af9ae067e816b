/* Where in the source the bytes of a decoded scalar stand.
 *
 * Most scalars stand on one line as they are, perhaps behind a quote; then a position and the text
 * tell everything, and readers only note which of the two it is. Of a text that deviates (escapes,
 * several lines, a tag ahead of it) they note where its source begins, and whoever wants to know
 * more has a trail made of it.
 *
 * A trail is one byte, enum svcr_form, and then the points at which the text does not go on one
 * column further: for each the bytes of text since the last one, the lines, and the columns: those
 * too far, or on another line the column itself. The numbers are in groups of seven bits, the
 * lowest first. */
#ifndef SVCR_TRAIL_H
#define SVCR_TRAIL_H

#include "document/node.h"

enum svcr_form {
    SVCR_FORM_SPOT = 0,   /* built by the host, or an alias: all bytes have the node's position */
    SVCR_FORM_BARE = 1,   /* the first character has the node's position, */
    SVCR_FORM_QUOTED = 2, /* or stands one column behind it */
};

enum svcr_style {
    SVCR_STYLE_PLAIN = 1,
    SVCR_STYLE_SINGLE = 2,
    SVCR_STYLE_DOUBLE = 3,
    SVCR_STYLE_LITERAL = 4,
    SVCR_STYLE_FOLDED = 5,
    SVCR_STYLE_JSON = 6,
    SVCR_STYLE_TRAIL = 7, /* the source is a trail that was made already */
};

/* What stands ahead of the text of a node with SVCR_NODE_TRACED. */
struct svcr_origin {
    const char *at; /* the byte at the node's position */
    uint32_t left;  /* from there to the end of the input */
    uint32_t style; /* enum svcr_style */
};

/* Room for a text with its origin ahead of it; gives where the text goes, NULL when out of memory.
 */
char *svcr_trail_alloc(struct svcr_arena *arena, const struct svcr_origin *origin, size_t size);

/* Adds the trail of a string. Takes time in proportion to its text and source. */
void svcr_trail_make(const struct svcroute_node *node, struct svcr_buffer *trail);
/* Makes the trail of a node with SVCR_NODE_TRACED once for all its copies: SVCROUTE_ERR_NOMEM. */
int svcr_trail_keep(struct svcroute_node *node, struct svcr_arena *arena);

/* Moves a position from that of the node to that of the byte `offset` of the text (its size: just
 * behind the last character). A byte inside a character has the character's position. */
void svcr_trail_follow(svcr_text trail, svcr_text text, uint32_t offset, uint32_t *line,
                       uint32_t *column);

/* Number of characters that begin in these bytes of UTF-8. */
size_t svcr_trail_count(const char *data, size_t size);
/* The byte at which a character begins, the `num`th from `at` on (0: the first); `end` if there are
 * not so many. `at` is not inside a character. */
const char *svcr_trail_skip(const char *at, const char *end, size_t num);

#endif
