/* Where in the source the bytes of a decoded scalar stand: making trails and following them.
 *
 * A trail is made by going over the source as its reader did, step by step with the text that the
 * reader made of it. For YAML the steps are those of libyaml's scanner (scan_flow_scalar,
 * scan_plain_scalar and scan_block_scalar in its scanner.c): which breaks count, which become a
 * blank and which are dropped. A character that comes from several (an escape, a break that became
 * a blank) stands where these begin.
 *
 * The text says how long the source is: nothing here looks for the end of a plain or block scalar,
 * and nothing depends on chomping or on an indentation that is given as a number. */
#include "document/trail.h"

struct walk {
    const char *at, *end; /* in the source */
    uint32_t line, column;
    svcr_text text;
    size_t done; /* bytes of the text that have their place */
    /* Where the next character stands if the source does not deviate. */
    uint32_t next_line, next_column;
    size_t last; /* offset of the last point */
    struct svcr_buffer *trail;
};

/* ---- characters ---------------------------------------------------------------------------- */

#define ONES UINT64_C(0x0101010101010101)

static inline bool begins(char c)
{
    return ((uint8_t)c & 0xc0) != 0x80;
}

/* Of the eight bytes at `at`. */
static inline size_t count_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t inner = (word >> 7) & ~(word >> 6) & ONES;
    return 8 - (size_t)(inner * ONES >> 56);
}

size_t svcr_trail_count(const char *data, size_t size)
{
    size_t count = 0;
    for (; size >= 8; size -= 8, data += 8) {
        count += count_word(data);
    }
    for (; size > 0; size--) {
        count += begins(*data++);
    }
    return count;
}

const char *svcr_trail_skip(const char *at, const char *end, size_t num)
{
    while (num >= 8 && end - at >= 8) {
        num -= count_word(at);
        at += 8;
    }
    while (at < end && (num > 0 || !begins(*at))) {
        num -= begins(*at++);
    }
    return at;
}

static size_t char_size(char lead)
{
    uint8_t c = (uint8_t)lead;
    return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes of the line break at `at`; 0: there is none. Only the two of 3 bytes come into the text as
 * they are, the others become "\n". */
static size_t break_size(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    if (left >= 2 && memcmp(at, "\r\n", 2) == 0) {
        return 2;
    }
    if (left >= 1 && (*at == '\n' || *at == '\r')) {
        return 1;
    }
    if (left >= 2 && memcmp(at, "\xc2\x85", 2) == 0) {
        return 2;
    }
    bool wide =
        left >= 3 && (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0);
    return wide ? 3 : 0;
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool at_break(const struct walk *w)
{
    return w->at < w->end && break_size(w->at, w->end) > 0;
}

static bool at_blank(const struct walk *w)
{
    return w->at < w->end && is_blank(*w->at);
}

static void step(struct walk *w)
{
    size_t size = char_size(*w->at), left = (size_t)(w->end - w->at);
    w->at += size < left ? size : left;
    w->column++;
}

static void step_break(struct walk *w)
{
    w->at += break_size(w->at, w->end);
    w->line++;
    w->column = 1;
}

static char *add_number(char *out, uint32_t number)
{
    for (; number >= 0x80; number >>= 7) {
        *out++ = (char)(0x80 | (number & 0x7f));
    }
    *out++ = (char)number;
    return out;
}

/* What the text has at `done` stands here: a point if nobody would expect it. */
static void place(struct walk *w, uint32_t line, uint32_t column)
{
    if (line == w->next_line && column == w->next_column) {
        return;
    }
    char point[15], *end = add_number(point, (uint32_t)(w->done - w->last));
    end = add_number(end, line - w->next_line);
    end = add_number(end, line == w->next_line ? column - w->next_column : column);
    svcr_buffer_add(w->trail, point, (size_t)(end - point));
    w->last = w->done;
    w->next_line = line;
    w->next_column = column;
}

/* The next character of the text stands here. */
static void put(struct walk *w, uint32_t line, uint32_t column)
{
    size_t left = w->text.size - w->done;
    if (left == 0) {
        return;
    }
    place(w, line, column);
    size_t size = char_size(w->text.data[w->done]);
    w->done += size < left ? size : left;
    w->next_column++;
}

static void put_here(struct walk *w)
{
    put(w, w->line, w->column);
}

/* One character that stands for itself, or as many of ASCII as follow each other: none below
 * `first`, no `quote`, no backslash. */
static void put_run(struct walk *w, uint8_t first, char quote)
{
    size_t left = w->text.size - w->done, num = 0;
    if (left > (size_t)(w->end - w->at)) {
        left = (size_t)(w->end - w->at);
    }
    while (num < left && (uint8_t)w->at[num] >= first && (uint8_t)w->at[num] < 0x7f &&
           w->at[num] != quote && w->at[num] != '\\') {
        num++;
    }
    if (num == 0) {
        put_here(w);
        step(w);
        return;
    }
    place(w, w->line, w->column);
    w->at += num;
    w->done += num;
    w->column += (uint32_t)num;
    w->next_column = w->column;
}

/* ---- plain and quoted ---------------------------------------------------------------------- */

/* Blanks and breaks between two words. Without a break, or behind an escaped one, they are what
 * they are; else the blanks count nothing, and the first break does if another follows or it is a
 * wide one. */
static void walk_blanks(struct walk *w, bool escaped)
{
    const uint32_t line = w->line, column = w->column;
    uint32_t blanks = 0, fold_line = line, fold_column = column;
    bool broken = escaped, folds = false, wide = false;
    for (; at_blank(w) || at_break(w);) {
        if (is_blank(*w->at)) {
            blanks += !broken;
            step(w);
            continue;
        }
        if (!broken) {
            broken = folds = true;
            blanks = 0;
            wide = break_size(w->at, w->end) == 3;
            fold_line = wide ? w->line : line;
            fold_column = wide ? w->column : column;
        } else {
            if (folds && wide) {
                put(w, fold_line, fold_column);
            }
            folds = false;
            put_here(w);
        }
        step_break(w);
    }
    if (folds) {
        put(w, fold_line, fold_column);
    }
    for (uint32_t i = 0; i < blanks; i++) {
        put(w, line, column + i);
    }
}

/* Number of characters of an escape, which is all ASCII. */
static size_t escape_size(const struct walk *w, enum svcr_style style)
{
    switch (w->end - w->at > 1 ? w->at[1] : 'n') {
    case 'x':
        return 4;
    case 'u': {
        bool pair = style == SVCR_STYLE_JSON && w->end - w->at >= 12 && (w->at[2] | 0x20) == 'd' &&
                    memchr("89abAB", w->at[3], 6) != NULL;
        return pair ? 12 : 6;
    }
    case 'U':
        return 10;
    default:
        return 2;
    }
}

static void walk_escape(struct walk *w, enum svcr_style style)
{
    if (style == SVCR_STYLE_DOUBLE && break_size(w->at + 1, w->end) > 0) {
        step(w);
        step_break(w);
        walk_blanks(w, true);
        return;
    }
    put_here(w);
    for (size_t i = escape_size(w, style); i > 0 && w->at < w->end; i--) {
        step(w);
    }
}

static void walk_flow(struct walk *w, enum svcr_style style)
{
    const char quote = style == SVCR_STYLE_SINGLE ? '\'' : style == SVCR_STYLE_PLAIN ? '\0' : '"';
    const bool backslashes = style == SVCR_STYLE_DOUBLE || style == SVCR_STYLE_JSON;
    if (quote && w->at < w->end) {
        step(w);
    }
    while (w->at < w->end && (quote || w->done < w->text.size)) {
        if (quote && *w->at == quote) {
            if (style != SVCR_STYLE_SINGLE || w->end - w->at < 2 || w->at[1] != quote) {
                return;
            }
            put_here(w);
            step(w);
            step(w);
        } else if (backslashes && *w->at == '\\') {
            walk_escape(w, style);
        } else if (style != SVCR_STYLE_JSON && (at_blank(w) || at_break(w))) {
            walk_blanks(w, false);
        } else {
            put_run(w, style == SVCR_STYLE_JSON ? ' ' : ' ' + 1, quote);
        }
    }
}

/* ---- block scalars ------------------------------------------------------------------------- */

static void step_indentation(struct walk *w, uint32_t indent)
{
    while (w->at < w->end && *w->at == ' ' && w->column <= indent) {
        step(w);
    }
}

/* Columns ahead of the content, found by the first line of the text that is not empty: empty lines
 * ahead of it come into the text one for one, and of this line's blanks only the indentation does
 * not. */
static uint32_t find_indent(const struct walk *start)
{
    struct walk walk = *start, *w = &walk;
    const char *text = w->text.data, *end = text + w->text.size;
    size_t size = 0;
    for (; text < end && (size = break_size(text, end)) > 0; text += size) {
        step_indentation(w, UINT32_MAX);
        if (!at_break(w)) {
            return UINT32_MAX;
        }
        step_break(w);
    }
    uint32_t own = 0;
    for (; text < end && *text == ' '; text++) {
        own++;
    }
    step_indentation(w, UINT32_MAX);
    return text == end && own == 0 ? UINT32_MAX : w->column - 1 < own ? 0 : w->column - 1 - own;
}

/* Steps over empty lines; gives their number. */
static size_t skip_empty(struct walk *w, uint32_t indent)
{
    size_t num = 0;
    step_indentation(w, indent);
    for (; at_break(w); num++) {
        step_break(w);
        step_indentation(w, indent);
    }
    return num;
}

static void put_empty(struct walk *w, uint32_t indent)
{
    while (w->done < w->text.size) {
        step_indentation(w, indent);
        if (!at_break(w)) {
            return;
        }
        put_here(w);
        step_break(w);
    }
}

static void walk_block(struct walk *w, bool folded)
{
    while (w->at < w->end && !at_break(w)) {
        step(w);
    }
    if (w->at < w->end) {
        step_break(w);
    }
    const uint32_t indent = find_indent(w);
    put_empty(w, indent);
    while (w->done < w->text.size && w->at < w->end && w->column == indent + 1) {
        bool indented = is_blank(*w->at);
        while (w->at < w->end && !at_break(w)) {
            put_run(w, ' ', '\\');
        }
        if (w->at == w->end || w->done == w->text.size) {
            return;
        }
        const struct walk fold = *w;
        step_break(w);
        struct walk ahead = *w;
        size_t empty = skip_empty(&ahead, indent);
        bool folds = folded && w->at - fold.at < 3 && !indented && ahead.at < ahead.end &&
                     ahead.column == indent + 1 && !is_blank(*ahead.at);
        if (!folds || empty == 0) {
            put(w, fold.line, fold.column);
        }
        put_empty(w, indent);
    }
}

/* ---- trails -------------------------------------------------------------------------------- */

char *svcr_trail_alloc(struct svcr_arena *arena, const struct svcr_origin *origin, size_t size)
{
    char *block = svcr_arena_alloc(arena, sizeof *origin + size);
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, origin, sizeof *origin);
    return block + sizeof *origin;
}

static bool is_name(char c)
{
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Steps over anchor and tag and what stands between them and the scalar. A blank ends a tag,
 * anything but a letter or digit an anchor: libyaml lets a colon follow at once. */
static void skip_properties(struct walk *w)
{
    while (w->at < w->end) {
        const char first = *w->at;
        if (at_break(w)) {
            step_break(w);
        } else if (first == '&') {
            do {
                step(w);
            } while (w->at < w->end && is_name(*w->at));
        } else if (first == '!' || first == '#') {
            while (w->at < w->end && !at_break(w) && (first == '#' || !at_blank(w))) {
                step(w);
            }
        } else if (at_blank(w)) {
            step(w);
        } else {
            return;
        }
    }
}

static void walk_source(const struct svcroute_node *node, const struct svcr_origin *origin,
                        struct svcr_buffer *trail)
{
    struct walk walk = {.at = origin->at,
                        .end = origin->at + origin->left,
                        .line = node->line,
                        .column = node->column,
                        .text = svcr_node_text(node),
                        .next_line = node->line,
                        .next_column = node->column,
                        .trail = trail};
    bool quoted = *origin->at == '"' || *origin->at == '\'';
    svcr_buffer_add_char(trail, quoted ? SVCR_FORM_QUOTED : SVCR_FORM_BARE);
    walk.next_column += quoted;
    skip_properties(&walk);
    switch ((enum svcr_style)origin->style) {
    case SVCR_STYLE_LITERAL:
    case SVCR_STYLE_FOLDED:
        walk_block(&walk, origin->style == SVCR_STYLE_FOLDED);
        break;
    default:
        walk_flow(&walk, (enum svcr_style)origin->style);
        break;
    }
    place(&walk, walk.line, walk.column);
}

void svcr_trail_make(const struct svcroute_node *node, struct svcr_buffer *trail)
{
    struct svcr_origin origin;
    if ((node->flags & SVCR_NODE_TRACED) == 0) {
        svcr_buffer_add_char(trail, (node->flags & SVCR_NODE_QUOTED) != 0 ? SVCR_FORM_QUOTED
                                    : (node->flags & SVCR_NODE_BARE) != 0 ? SVCR_FORM_BARE
                                                                          : SVCR_FORM_SPOT);
        return;
    }
    memcpy(&origin, node->as.text - sizeof origin, sizeof origin);
    if (origin.style == SVCR_STYLE_TRAIL) {
        svcr_buffer_add(trail, origin.at, origin.left);
    } else {
        walk_source(node, &origin, trail);
    }
}

int svcr_trail_keep(struct svcroute_node *node, struct svcr_arena *arena)
{
    struct svcr_buffer trail;
    svcr_buffer_init(&trail, arena->context);
    svcr_trail_make(node, &trail);
    const char *copy = trail.failed ? NULL : svcr_arena_copy(arena, trail.data, trail.size);
    if (copy != NULL) {
        struct svcr_origin origin = {copy, (uint32_t)trail.size, SVCR_STYLE_TRAIL};
        memcpy((char *)node->as.text - sizeof origin, &origin, sizeof origin);
    }
    svcr_buffer_free(&trail);
    return copy != NULL ? SVCROUTE_OK : SVCROUTE_ERR_NOMEM;
}

/* ---- following ----------------------------------------------------------------------------- */

static uint32_t take_number(svcr_text *trail)
{
    uint32_t number = 0;
    for (unsigned shift = 0; trail->size > 0; shift += 7) {
        uint8_t byte = (uint8_t)*trail->data++;
        trail->size--;
        number |= (uint32_t)(byte & 0x7f) << (shift & 31);
        if (byte < 0x80) {
            break;
        }
    }
    return number;
}

/* Characters between two offsets; the first is not inside one. */
static uint32_t count_between(svcr_text text, size_t from, size_t to)
{
    if (to >= text.size) {
        return (uint32_t)svcr_trail_count(text.data + from, text.size - from);
    }
    return from == to ? 0 : (uint32_t)svcr_trail_count(text.data + from + 1, to - from);
}

void svcr_trail_follow(svcr_text trail, svcr_text text, uint32_t offset, uint32_t *line,
                       uint32_t *column)
{
    uint32_t form = take_number(&trail);
    if (form == SVCR_FORM_SPOT) {
        return;
    }
    size_t from = 0;
    *column += form == SVCR_FORM_QUOTED;
    while (trail.size > 0) {
        size_t to = from + take_number(&trail);
        uint32_t lines = take_number(&trail), columns = take_number(&trail);
        if (to > offset) {
            break;
        }
        *line += lines;
        *column = lines > 0 ? columns : *column + count_between(text, from, to) + columns;
        from = to;
    }
    *column += from < text.size ? count_between(text, from, offset) : 0;
}
