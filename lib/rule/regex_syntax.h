/* Regular expression -> tree: the syntax of Go 1.26's regexp.Compile, neither more nor less. */
#ifndef SVCR_REGEX_SYNTAX_H
#define SVCR_REGEX_SYNTAX_H

#include "rule/regex_tree.h"

/* Longer expressions are refused. Go has no such limit. */
enum { SVCR_REGEX_PATTERN_MAX = 65536 };
/* Ranges of characters that the classes of an expression may add in all; a use of \pL adds some 2000,
 * neighbours not yet joined. Go's limit is higher. */
enum { SVCR_REGEX_RANGES_MAX = 131072 };

/* Reads an expression. The tree lies in the arena. Errors: SVCROUTE_ERR_SYNTAX with `fault` filled;
 * SVCROUTE_ERR_NOMEM. */
int svcr_regex_parse(struct svcr_arena *arena, svcr_text pattern, struct svcr_regex_node **out,
                     struct svcr_rule_fault *fault);

/* ---- between the parts of the reader ---- */

enum {
    SVCR_REGEX_FOLD = 1,     /* (?i) */
    SVCR_REGEX_LINES = 2,    /* (?m): ^ and $ at lines */
    SVCR_REGEX_DOT_ALL = 4,  /* (?s): "." matches "\n" */
    SVCR_REGEX_UNGREEDY = 8, /* (?U): x* is x*?, x*? is x* */
};

struct svcr_regex_reader {
    struct svcr_arena *arena;
    svcr_text text; /* well-formed UTF-8 */
    size_t at;
    unsigned flags;
    bool no_posix;          /* no ":]" comes any more */
    struct svcr_class set;  /* the class that is being read, */
    struct svcr_class part; /* and a part of it */
    struct svcr_rule_fault *fault;
};

/* The byte `ahead` of where the reader stands; -1: behind the end. */
static inline int svcr_regex_peek(const struct svcr_regex_reader *reader, size_t ahead)
{
    return ahead < reader->text.size - reader->at
               ? (unsigned char)reader->text.data[reader->at + ahead]
               : -1;
}
/* Takes one character; there must be one. */
uint32_t svcr_regex_take(struct svcr_regex_reader *reader);
/* Says what is wrong with the text from `start` to where the reader stands. */
int svcr_regex_fail(struct svcr_regex_reader *reader, size_t start, const char *what);

/* At a backslash: one character's escape. */
int svcr_regex_read_escape(struct svcr_regex_reader *reader, uint32_t *character);
/* At a backslash: adds what \d, \pL and their like stand for to `set`. *found: whether it is one of
 * them; if not nothing is taken. */
int svcr_regex_read_group(struct svcr_regex_reader *reader, bool *found);
/* At "[": makes `set` what the class has, tidy. */
int svcr_regex_read_class(struct svcr_regex_reader *reader);

#endif
