/* The tree of a regular expression: what its reader builds, and what PCRE2's pattern and the
 * automaton are made from.
 *
 * Only whether a text matches counts, so groups capture nothing and leave no node behind, and what
 * matches the same texts is joined: (?:a+)* is a*, (a|b) is [ab]. Each node knows the measures by
 * which Go's regexp/syntax limits expressions, of the tree that Go would have built. */
#ifndef SVCR_REGEX_TREE_H
#define SVCR_REGEX_TREE_H

#include "base/arena.h"
#include "rule/regex_class.h"
#include "rule/syntax.h"

enum svcr_regex_op {
    SVCR_REGEX_SET = 1, /* one character of `ranges`; none: never matches */
    SVCR_REGEX_EMPTY,
    SVCR_REGEX_BEGIN_TEXT,
    SVCR_REGEX_END_TEXT,
    SVCR_REGEX_BEGIN_LINE,
    SVCR_REGEX_END_LINE,
    SVCR_REGEX_WORD_BOUNDARY,
    SVCR_REGEX_NO_WORD_BOUNDARY,
    SVCR_REGEX_CONCAT,    /* children in a row, two or more */
    SVCR_REGEX_ALTERNATE, /* one of the children, of which there are two or more */
    SVCR_REGEX_REPEAT,    /* the child from min to max times */
};

struct svcr_regex_node {
    uint8_t op;    /* enum svcr_regex_op */
    bool lazy;     /* REPEAT: fewer first */
    bool literal;  /* a text for Go: literals that stand side by side are one node */
    bool folded;   /* that literal's case does not count */
    bool closed;   /* a node stands between this and its parent for Go, such as a capture */
    int16_t min;   /* REPEAT; at most 1000 */
    int16_t max;   /* -1: no end */
    int16_t height; /* Go's measures: levels, */
    uint32_t copies; /* copies of the innermost thing that nested repetitions make, */
    uint64_t size;   /* instructions */
    uint32_t num_ranges;
    const struct svcr_range *ranges; /* SET: tidy */
    struct svcr_range own;           /* what a set of one range points to */
    struct svcr_regex_node *child, *next, *parent;
    uint32_t start; /* for whoever makes a program of the tree */
};

/* Go's limits. */
enum { SVCR_REGEX_HEIGHT_MAX = 1000, SVCR_REGEX_COPIES_MAX = 1000 };
#define SVCR_REGEX_SIZE_MAX (UINT64_C(128) * 1024 * 1024 / 40)

/* These give NULL when out of memory. */
struct svcr_regex_node *svcr_regex_node_new(struct svcr_arena *arena, enum svcr_regex_op op);
/* Copies a tidy set's ranges. */
struct svcr_regex_node *svcr_regex_set_new(struct svcr_arena *arena, const struct svcr_class *set);
/* Children linked by `next`; none gives EMPTY, a single one itself. */
struct svcr_regex_node *svcr_regex_concat_new(struct svcr_arena *arena,
                                              struct svcr_regex_node *children);
/* At least one child. Neighbours that are sets become one, by means of `set`. */
struct svcr_regex_node *svcr_regex_alternate_new(struct svcr_arena *arena,
                                                 struct svcr_regex_node *children,
                                                 struct svcr_class *set);
/* Takes `child`, and may give it back changed. `counted`: written with braces. */
struct svcr_regex_node *svcr_regex_repeat_new(struct svcr_arena *arena,
                                              struct svcr_regex_node *child, int min, int max,
                                              bool counted);
/* Parentheses that capture, around a node. */
void svcr_regex_capture(struct svcr_regex_node *node);

/* The text of a tree that is nothing but a text, perhaps with \A ahead of it and \z behind it: adds
 * it to `text`. False: it is another; `text` may have got something all the same. */
bool svcr_regex_literal(const struct svcr_regex_node *root, struct svcr_buffer *text, bool *begins,
                        bool *ends);
/* The longest text that stands in every match, as far as the tree shows it at once: `part` of what
 * is added to `text`; of size 0: none. */
svcr_text svcr_regex_required(const struct svcr_regex_node *root, struct svcr_buffer *text);
/* Writes a tree for PCRE2, which is to be run with UTF, DOTALL, MULTILINE and ALT_CIRCUMFLEX and
 * LF as newline. PCRE2 takes some 700 bytes of stack for each group inside another: false, if there
 * are more than SVCR_REGEX_GROUPS_MAX. */
enum { SVCR_REGEX_GROUPS_MAX = 64 };
bool svcr_regex_write(const struct svcr_regex_node *root, struct svcr_buffer *out);

#endif
