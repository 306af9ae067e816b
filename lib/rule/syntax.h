/* Rule text -> tree: the grammar of a router's rule (behaviour section 11). What the matchers mean
 * is program.h's concern; here a call is a name and its arguments. */
#ifndef SVCR_SYNTAX_H
#define SVCR_SYNTAX_H

#include "base/arena.h"
#include "base/text.h"

enum svcr_expr_kind {
    SVCR_EXPR_CALL = 1, /* a matcher: name(arguments) */
    SVCR_EXPR_NOT,      /* one child */
    SVCR_EXPR_AND,      /* two children or more, in the order of writing */
    SVCR_EXPR_OR,
};

struct svcr_argument {
    svcr_text value;       /* quotes and escapes resolved */
    uint32_t offset, size; /* in the rule's text, quotes included */
};

struct svcr_expr {
    uint32_t kind;          /* enum svcr_expr_kind */
    uint32_t offset, size;  /* in the rule's text */
    uint32_t num_calls;     /* in it, itself included */
    uint32_t num_arguments; /* of a call */
    svcr_text name;         /* of a call, as written */
    const struct svcr_argument *arguments;
    struct svcr_expr *child; /* the first; NULL: a call */
    struct svcr_expr *next;  /* sibling */
};

/* What is wrong with a rule, and where. */
struct svcr_rule_fault {
    uint32_t offset; /* byte in the rule's text; its size: at the end */
    char text[192];  /* one finished line for people */
};

/* Parentheses and "!" inside each other; more is a fault. */
enum { SVCR_RULE_DEPTH_MAX = 256 };

/* Reads a rule. The tree lies in the arena and borrows from `text`; a chain of "&&" or "||" is one
 * node, so that a tree is nowhere deeper than three times SVCR_RULE_DEPTH_MAX and some. Errors:
 * SVCROUTE_ERR_SYNTAX, with `fault` filled; SVCROUTE_ERR_NOMEM. */
int svcr_rule_parse(struct svcr_arena *arena, svcr_text text, struct svcr_expr **out,
                    struct svcr_rule_fault *fault);
/* Fills a fault, in UTF-8 whatever the arguments hold; gives SVCROUTE_ERR_SYNTAX. */
__attribute__((format(printf, 3, 4))) int svcr_rule_fail(struct svcr_rule_fault *fault,
                                                         uint32_t offset, const char *format, ...);

#endif
