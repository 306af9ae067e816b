/* Rule text -> tokens, as Go's scanner cuts them: comments, texts in quotes, and line breaks that
 * end an expression. What no rule can hold is one kind of token, for the parser to refuse. */
#ifndef SVCR_SYNTAX_SCAN_H
#define SVCR_SYNTAX_SCAN_H

#include "rule/syntax.h"

enum svcr_token_kind {
    SVCR_TOKEN_END = 1,
    SVCR_TOKEN_NAME,
    SVCR_TOKEN_TEXT, /* in back-quotes or double quotes */
    SVCR_TOKEN_OPEN,
    SVCR_TOKEN_CLOSE,
    SVCR_TOKEN_COMMA,
    SVCR_TOKEN_DOTS, /* "..." */
    SVCR_TOKEN_AND,
    SVCR_TOKEN_OR,
    SVCR_TOKEN_NOT,
    SVCR_TOKEN_BREAK, /* a line break where an expression may end; others are blanks */
    SVCR_TOKEN_OTHER,
};

struct svcr_token {
    uint32_t kind;         /* enum svcr_token_kind */
    uint32_t offset, size; /* in the rule's text */
    svcr_text value;       /* TEXT: quotes and escapes resolved; NAME, OTHER: as written */
};

struct svcr_scanner {
    struct svcr_arena *arena; /* values of texts that are not as written */
    struct svcr_rule_fault *fault;
    svcr_text text; /* shorter than 2 GiB */
    uint32_t at;
    uint32_t break_at; /* of a line break inside the comment just passed */
    bool has_break;    /* there is one, and it is a token */
    bool may_end;      /* the last token was one that can end an expression */
};

/* Checks the bytes of the whole text. 0 or SVCROUTE_ERR_SYNTAX. */
int svcr_scanner_init(struct svcr_scanner *scanner, struct svcr_arena *arena, svcr_text text,
                      struct svcr_rule_fault *fault);
/* 0, SVCROUTE_ERR_SYNTAX with the fault filled, or SVCROUTE_ERR_NOMEM. */
int svcr_scanner_next(struct svcr_scanner *scanner, struct svcr_token *token);
/* A text in quotes that begins at the scanner's place. */
int svcr_scanner_quoted(struct svcr_scanner *scanner, struct svcr_token *token);

#endif
