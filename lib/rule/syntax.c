/* Reads a rule: recursive descent over its tokens.
 *
 *     rule     = either [ line break ] .
 *     either   = both { "||" both } .
 *     both     = operand { "&&" operand } .
 *     operand  = "!" operand | "(" either ")" | name "(" [ values ] ")" .
 *     values   = value { "," value } [ "..." ] [ "," ] .
 *
 * This is the part of Go's expressions (The Go Programming Language Specification, "Expressions")
 * that the reference gives a meaning; "..." is read and means nothing, as there. Parentheses and
 * "!" alone make the reading deeper, and they are counted. */
#include "rule/syntax.h"

#include <stdio.h>

#include <svcroute/error.h>

#include "rule/syntax_scan.h"

struct parser {
    struct svcr_scanner scanner;
    struct svcr_token token; /* the next one */
    uint32_t end;            /* of the one before */
    uint32_t depth;
    bool broken; /* a line break was passed over where the rule may end */
};

int svcr_rule_fail(struct svcr_rule_fault *fault, uint32_t offset, const char *format, ...)
{
    va_list arguments;
    size_t step;
    fault->offset = offset;
    va_start(arguments, format);
    size_t size = svcr_text_vformat(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < size; i += step) {
        uint32_t character;
        step = svcr_utf8_decode(fault->text + i, size - i, &character);
        if (step == 0) {
            fault->text[i] = '?';
            step = 1;
        }
    }
    return SVCROUTE_ERR_SYNTAX;
}

static int next(struct parser *parser)
{
    parser->end = parser->token.offset + parser->token.size;
    return svcr_scanner_next(&parser->scanner, &parser->token);
}

static bool at(const struct parser *parser, enum svcr_token_kind kind)
{
    return parser->token.kind == kind;
}

static bool at_other(const struct parser *parser, char c)
{
    return at(parser, SVCR_TOKEN_OTHER) && parser->token.value.data[0] == c;
}

/* ---- faults -------------------------------------------------------------------------------- */

static const char rule_break[] =
    "a line break cannot stand here: break a rule after \"&&\", \"||\", \"!\", \"(\" or \",\"";

static int fail_here(struct parser *parser, const char *text)
{
    return svcr_rule_fail(parser->scanner.fault, parser->token.offset, "%s", text);
}

/* The next token for people; a character that may look like another one with its number. */
static const char *show_found(const struct parser *parser, char out[80])
{
    const struct svcr_token *token = &parser->token;
    svcr_text found = {parser->scanner.text.data + token->offset, token->size};
    uint32_t character;
    if (at(parser, SVCR_TOKEN_OTHER) && (uint8_t)found.data[0] >= 0x80) {
        svcr_utf8_decode(found.data, found.size, &character);
        snprintf(out, 80, "%.*s (U+%04X)", SVCR_ARG(found), (unsigned)character);
    } else {
        snprintf(out, 80, "%.*s%s", SVCR_ARG(svcr_text_cut(found, 40)),
                 found.size > 40 ? "..." : "");
    }
    return out;
}

/* `missing` is what belongs here. */
static int fail_found(struct parser *parser, const char *missing)
{
    char found[80];
    if (at(parser, SVCR_TOKEN_END)) {
        return svcr_rule_fail(parser->scanner.fault, parser->token.offset,
                              "%s is missing at the end", missing);
    }
    return svcr_rule_fail(parser->scanner.fault, parser->token.offset, "%s is missing ahead of %s",
                          missing, show_found(parser, found));
}

static bool at_word(const struct parser *parser, svcr_text word)
{
    return at(parser, SVCR_TOKEN_NAME) && svcr_text_same_nocase(parser->token.value, word);
}

/* What other systems write for an operator: what to write here, or NULL. */
static const char *meant_operator(const struct parser *parser)
{
    if (at_other(parser, '&') || at_word(parser, SVCR_TEXT("and"))) {
        return "&&";
    }
    if (at_other(parser, '|') || at_word(parser, SVCR_TEXT("or")) || at(parser, SVCR_TOKEN_COMMA)) {
        return "||";
    }
    return NULL;
}

/* A matcher's call, "!" or "(" belongs here. */
static int fail_operand(struct parser *parser)
{
    if (at(parser, SVCR_TOKEN_END) && parser->end == 0) {
        return fail_here(parser, "the rule is empty; write for example Host(`example.com`)");
    }
    if (at(parser, SVCR_TOKEN_TEXT)) {
        return fail_here(parser, "a value alone says nothing; write a matcher around it, for "
                                 "example Host(`example.com`)");
    }
    return fail_found(parser, "a matcher, for example Host(`example.com`),");
}

/* A whole expression was read, and neither an operator follows nor the end. */
static int fail_operator(struct parser *parser)
{
    const struct svcr_token *token = &parser->token;
    const char *meant = meant_operator(parser);
    if (parser->broken && (at(parser, SVCR_TOKEN_AND) || at(parser, SVCR_TOKEN_OR))) {
        return svcr_rule_fail(parser->scanner.fault, token->offset,
                              "the line break ahead of %.*s ends the rule; put %.*s at the end of "
                              "the line before",
                              SVCR_ARG(token->value), SVCR_ARG(token->value));
    }
    if (meant != NULL) {
        return svcr_rule_fail(parser->scanner.fault, token->offset, "write %s instead of %.*s",
                              meant, SVCR_ARG(token->value));
    }
    if (at(parser, SVCR_TOKEN_BREAK)) {
        return fail_here(parser, rule_break);
    }
    if (at(parser, SVCR_TOKEN_CLOSE)) {
        return fail_here(parser, "this ) closes nothing");
    }
    if (at_other(parser, ';')) {
        return fail_here(parser, "a rule does not end in a semicolon; leave it out");
    }
    return fail_found(parser, parser->depth > 0 ? "\"&&\", \"||\" or \")\"" : "\"&&\" or \"||\"");
}

/* A value in quotes belongs here. */
static int fail_value(struct parser *parser)
{
    if (at(parser, SVCR_TOKEN_NAME) ||
        (at(parser, SVCR_TOKEN_OTHER) && (uint8_t)(parser->token.value.data[0] - '0') <= 9)) {
        return fail_here(parser, "values stand between back-quotes (`) or double quotes (\")");
    }
    if (at(parser, SVCR_TOKEN_OPEN)) {
        return fail_here(parser, "a value stands without parentheses around it");
    }
    return fail_found(parser, "a value in quotes");
}

/* Behind a value. */
static int fail_comma(struct parser *parser)
{
    if (at(parser, SVCR_TOKEN_BREAK)) {
        return fail_here(parser,
                         "a line break cannot stand here: put a comma ahead of it, or \")\" "
                         "on the same line");
    }
    if (at_other(parser, '+')) {
        return fail_here(parser, "values cannot be joined with +; write one value");
    }
    return fail_found(parser, "\",\" or \")\"");
}

/* ---- tree ---------------------------------------------------------------------------------- */

static struct svcr_expr *expr_new(struct parser *parser, uint32_t kind, uint32_t offset)
{
    struct svcr_expr *expr = svcr_arena_zalloc(parser->scanner.arena, 1, sizeof(*expr));
    if (expr != NULL) {
        expr->kind = kind;
        expr->offset = offset;
    }
    return expr;
}

/* Room for one argument more; its place doubles, so that many cost no more than they are. */
static int add_argument(struct parser *parser, struct svcr_expr *call)
{
    struct svcr_argument *arguments = (struct svcr_argument *)call->arguments;
    uint32_t num = call->num_arguments;
    if ((num & (num - 1)) == 0) {
        arguments = svcr_arena_zalloc(parser->scanner.arena, num == 0 ? 1 : (size_t)num * 2,
                                      sizeof(*arguments));
        if (arguments == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        if (num > 0) {
            memcpy(arguments, call->arguments, num * sizeof(*arguments));
        }
        call->arguments = arguments;
    }
    arguments[num] =
        (struct svcr_argument){parser->token.value, parser->token.offset, parser->token.size};
    call->num_arguments = num + 1;
    return SVCROUTE_OK;
}

/* Behind "(", up to and with ")". */
static int parse_arguments(struct parser *parser, struct svcr_expr *call)
{
    bool last = false;
    int status = SVCROUTE_OK;
    while (status == SVCROUTE_OK && !last && !at(parser, SVCR_TOKEN_CLOSE)) {
        if (!at(parser, SVCR_TOKEN_TEXT)) {
            return fail_value(parser);
        }
        status = add_argument(parser, call);
        if (status == SVCROUTE_OK) {
            status = next(parser);
        }
        if (status == SVCROUTE_OK && at(parser, SVCR_TOKEN_DOTS)) {
            last = true;
            status = next(parser);
        }
        if (status == SVCROUTE_OK && at(parser, SVCR_TOKEN_COMMA)) {
            status = next(parser);
        } else {
            last = true;
        }
    }
    if (status != SVCROUTE_OK) {
        return status;
    }
    return at(parser, SVCR_TOKEN_CLOSE) ? next(parser) : fail_comma(parser);
}

static int parse_call(struct parser *parser, struct svcr_expr **out)
{
    struct svcr_expr *call = expr_new(parser, SVCR_EXPR_CALL, parser->token.offset);
    if (call == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    call->name = parser->token.value;
    call->num_calls = 1;
    int status = next(parser);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (!at(parser, SVCR_TOKEN_OPEN)) {
        svcr_text name = svcr_text_cut(call->name, 40);
        if (at(parser, SVCR_TOKEN_BREAK)) {
            return fail_here(parser, rule_break);
        }
        return svcr_rule_fail(parser->scanner.fault, parser->token.offset,
                              "\"(\" is missing behind %.*s; write for example "
                              "Host(`example.com`)",
                              SVCR_ARG(name));
    }
    status = next(parser);
    if (status == SVCROUTE_OK) {
        status = parse_arguments(parser, call);
    }
    call->size = parser->end - call->offset;
    *out = call;
    return status;
}

static int parse_chain(struct parser *parser, uint32_t kind, struct svcr_expr **out);

static int parse_operand(struct parser *parser, struct svcr_expr **out);

static int parse_not(struct parser *parser, struct svcr_expr **out)
{
    struct svcr_expr *expr = expr_new(parser, SVCR_EXPR_NOT, parser->token.offset);
    int status = expr != NULL ? next(parser) : SVCROUTE_ERR_NOMEM;
    if (status == SVCROUTE_OK) {
        status = parse_operand(parser, &expr->child);
    }
    if (status == SVCROUTE_OK) {
        expr->num_calls = expr->child->num_calls;
        expr->size = parser->end - expr->offset;
        *out = expr;
    }
    return status;
}

static int parse_parentheses(struct parser *parser, struct svcr_expr **out)
{
    int status = next(parser);
    if (status == SVCROUTE_OK) {
        status = parse_chain(parser, SVCR_EXPR_OR, out);
    }
    if (status == SVCROUTE_OK) {
        status = at(parser, SVCR_TOKEN_CLOSE) ? next(parser) : fail_operator(parser);
    }
    return status;
}

static int parse_operand(struct parser *parser, struct svcr_expr **out)
{
    if (at(parser, SVCR_TOKEN_NAME)) {
        return parse_call(parser, out);
    }
    if (!at(parser, SVCR_TOKEN_NOT) && !at(parser, SVCR_TOKEN_OPEN)) {
        return fail_operand(parser);
    }
    if (parser->depth == SVCR_RULE_DEPTH_MAX) {
        return svcr_rule_fail(parser->scanner.fault, parser->token.offset,
                              "more than %d parentheses and \"!\" inside each other",
                              SVCR_RULE_DEPTH_MAX);
    }
    parser->depth++;
    int status =
        at(parser, SVCR_TOKEN_NOT) ? parse_not(parser, out) : parse_parentheses(parser, out);
    parser->depth--;
    return status;
}

/* One operand, or more of them with the operator of `kind` between, as one node. */
static int parse_chain(struct parser *parser, uint32_t kind, struct svcr_expr **out)
{
    enum svcr_token_kind sign = kind == SVCR_EXPR_OR ? SVCR_TOKEN_OR : SVCR_TOKEN_AND;
    uint32_t offset = parser->token.offset, num_calls = 0, num = 0;
    struct svcr_expr *first = NULL, **link = &first;
    for (;;) {
        int status = kind == SVCR_EXPR_OR ? parse_chain(parser, SVCR_EXPR_AND, link)
                                          : parse_operand(parser, link);
        if (status != SVCROUTE_OK) {
            return status;
        }
        num_calls += (*link)->num_calls;
        link = &(*link)->next;
        num++;
        if (!at(parser, sign)) {
            break;
        }
        status = next(parser);
        if (status != SVCROUTE_OK) {
            return status;
        }
    }
    *out = first;
    if (num > 1) {
        struct svcr_expr *chain = expr_new(parser, kind, offset);
        if (chain == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        chain->size = parser->end - offset;
        chain->num_calls = num_calls;
        chain->child = first;
        *out = chain;
    }
    return SVCROUTE_OK;
}

int svcr_rule_parse(struct svcr_arena *arena, svcr_text text, struct svcr_expr **out,
                    struct svcr_rule_fault *fault)
{
    struct parser parser = {.depth = 0};
    struct svcr_expr *expr = NULL;
    int status = svcr_scanner_init(&parser.scanner, arena, text, fault);
    *out = NULL;
    if (status == SVCROUTE_OK) {
        status = next(&parser);
    }
    if (status == SVCROUTE_OK) {
        status = parse_chain(&parser, SVCR_EXPR_OR, &expr);
    }
    if (status == SVCROUTE_OK && at(&parser, SVCR_TOKEN_BREAK)) {
        parser.broken = true;
        status = next(&parser);
    }
    if (status == SVCROUTE_OK && !at(&parser, SVCR_TOKEN_END)) {
        status = fail_operator(&parser);
    }
    if (status == SVCROUTE_OK) {
        *out = expr;
    }
    return status;
}
