/* Cuts a rule's text into tokens.
 *
 * The lexical grammar is that of the Go Programming Language Specification ("Lexical elements"),
 * reduced to what a rule can hold, with two habits of its reference implementation: a byte order
 * mark is passed over at the very start, and a comment that sets the line number must set one. */
#include "rule/syntax_scan.h"

#include <svcroute/error.h>

#include "base/normalize.h"

enum { BYTE_ORDER_MARK = 0xfeff, LINE_NUMBER_MAX = 1 << 30 };

static uint32_t character_at(const struct svcr_scanner *scanner, uint32_t at, uint32_t *size)
{
    uint32_t character = 0;
    *size =
        (uint32_t)svcr_utf8_decode(scanner->text.data + at, scanner->text.size - at, &character);
    return character;
}

int svcr_scanner_init(struct svcr_scanner *scanner, struct svcr_arena *arena, svcr_text text,
                      struct svcr_rule_fault *fault)
{
    uint32_t size;
    *scanner = (struct svcr_scanner){.arena = arena, .fault = fault, .text = text};
    if (text.size > INT32_MAX) {
        return svcr_rule_fail(fault, 0, "the rule is longer than 2 GiB");
    }
    for (uint32_t at = 0; at < text.size; at += size) {
        if ((uint8_t)(text.data[at] - 1) < 0x7f) {
            size = 1;
            continue;
        }
        uint32_t character = character_at(scanner, at, &size);
        if (size == 0) {
            return svcr_rule_fail(fault, at, "the rule is not UTF-8: byte 0x%02x",
                                  (unsigned)(uint8_t)text.data[at]);
        }
        if (character == 0) {
            return svcr_rule_fail(fault, at, "the rule holds a NUL byte");
        }
        if (character == BYTE_ORDER_MARK) {
            if (at > 0) {
                return svcr_rule_fail(fault, at,
                                      "a byte order mark (U+FEFF) may stand at the start only");
            }
            scanner->at = size;
        }
    }
    return SVCROUTE_OK;
}

/* ---- comments ------------------------------------------------------------------------------ */

/* The number behind the last ":" of a text, as Go's strconv.ParseUint reads it. */
struct line_number {
    bool colon, ok;
    size_t start; /* of the digits */
    int64_t value;
};

static struct line_number line_number(svcr_text text)
{
    struct line_number number = {.start = text.size};
    uint64_t value = 0;
    while (number.start > 0 && text.data[number.start - 1] != ':') {
        number.start--;
    }
    number.colon = number.start > 0;
    number.ok = number.colon && number.start < text.size;
    for (size_t i = number.start; i < text.size && number.ok; i++) {
        uint8_t digit = (uint8_t)(text.data[i] - '0');
        number.ok = digit <= 9 && !__builtin_mul_overflow(value, 10, &value) &&
                    !__builtin_add_overflow(value, digit, &value);
    }
    number.value = (int64_t)value;
    return number;
}

/* Go takes a comment "//line file:12:3" for an order to count lines from there, and refuses one
 * that it cannot follow. `comment` is without its end. */
static int check_line_comment(struct svcr_scanner *scanner, uint32_t offset, svcr_text comment)
{
    const svcr_text order = SVCR_TEXT("line ");
    svcr_text text = {comment.data + 2, comment.size - 2};
    struct line_number before = {0};
    bool ok;
    if (!svcr_text_starts(text, order)) {
        return SVCROUTE_OK;
    }
    text.data += order.size;
    text.size -= order.size;
    struct line_number last = line_number(text);
    if (!last.colon) {
        return SVCROUTE_OK;
    }
    if (last.ok) {
        before = line_number((svcr_text){text.data, last.start - 1});
    }
    ok = last.ok && last.value != 0 && last.value <= LINE_NUMBER_MAX &&
         (!before.ok || (before.value != 0 && before.value <= LINE_NUMBER_MAX));
    return ok ? SVCROUTE_OK
              : svcr_rule_fail(scanner->fault, offset,
                               "a comment that begins with \"line \" must end in a line number; "
                               "put a blank ahead of \"line\"");
}

/* Passes over the comment that begins here. */
static int skip_comment(struct svcr_scanner *scanner)
{
    const char *data = scanner->text.data;
    uint32_t size = (uint32_t)scanner->text.size, start = scanner->at, at = start + 2;
    bool block = data[start + 1] == '*';
    svcr_text comment = {data + start, 0};
    if (block) {
        while (at + 1 < size && (data[at] != '*' || data[at + 1] != '/')) {
            if (data[at] == '\n' && scanner->may_end && !scanner->has_break) {
                scanner->has_break = true;
                scanner->break_at = at;
            }
            at++;
        }
        if (at + 1 >= size) {
            return svcr_rule_fail(scanner->fault, start,
                                  "the comment that begins here has no end (*/)");
        }
        comment.size = at - start;
        at += 2;
    } else {
        while (at < size && data[at] != '\n') {
            at++;
        }
        comment.size = at - start - (data[at - 1] == '\r');
    }
    scanner->at = at;
    if (block || start == 0 || data[start - 1] == '\n') {
        return check_line_comment(scanner, start, comment);
    }
    return SVCROUTE_OK;
}

/* Passes over blanks and comments, up to a token or a line break that is one. */
static int skip_blanks(struct svcr_scanner *scanner)
{
    const char *data = scanner->text.data;
    while (scanner->at < scanner->text.size && !scanner->has_break) {
        uint32_t at = scanner->at;
        int status;
        if (data[at] == ' ' || data[at] == '\t' || data[at] == '\r' ||
            (data[at] == '\n' && !scanner->may_end)) {
            scanner->at++;
        } else if (data[at] == '/' && at + 1 < scanner->text.size &&
                   (data[at + 1] == '/' || data[at + 1] == '*')) {
            status = skip_comment(scanner);
            if (status != SVCROUTE_OK) {
                return status;
            }
        } else {
            break;
        }
    }
    return SVCROUTE_OK;
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* Bytes of the character at `at` if it may stand in a name, else 0. */
static uint32_t name_character(const struct svcr_scanner *scanner, uint32_t at)
{
    uint32_t size;
    if (at == scanner->text.size) {
        return 0;
    }
    if (scanner->text.data[at] == '_') {
        return 1;
    }
    uint32_t character = character_at(scanner, at, &size);
    return svcr_is_letter_or_number(character) ? size : 0;
}

/* Names and numbers alike; no rule holds a number. */
static void take_word(struct svcr_scanner *scanner, struct svcr_token *token)
{
    uint8_t first = (uint8_t)(scanner->text.data[scanner->at] - '0');
    uint32_t step;
    while ((step = name_character(scanner, scanner->at)) > 0) {
        scanner->at += step;
    }
    token->kind = first <= 9 ? SVCR_TOKEN_OTHER : SVCR_TOKEN_NAME;
}

static const struct {
    const char *text;
    uint32_t kind;
} signs[] = {
    {"...", SVCR_TOKEN_DOTS}, {"&&", SVCR_TOKEN_AND},   {"||", SVCR_TOKEN_OR},
    {"!=", SVCR_TOKEN_OTHER}, {"==", SVCR_TOKEN_OTHER}, {"(", SVCR_TOKEN_OPEN},
    {")", SVCR_TOKEN_CLOSE},  {",", SVCR_TOKEN_COMMA},  {"!", SVCR_TOKEN_NOT},
};

static void take_sign(struct svcr_scanner *scanner, struct svcr_token *token)
{
    svcr_text rest = {scanner->text.data + scanner->at, scanner->text.size - scanner->at};
    uint32_t size;
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        svcr_text sign = {signs[i].text, strlen(signs[i].text)};
        if (svcr_text_starts(rest, sign)) {
            token->kind = signs[i].kind;
            scanner->at += (uint32_t)sign.size;
            return;
        }
    }
    character_at(scanner, scanner->at, &size);
    scanner->at += size;
    token->kind = SVCR_TOKEN_OTHER;
}

int svcr_scanner_next(struct svcr_scanner *scanner, struct svcr_token *token)
{
    int status = skip_blanks(scanner);
    if (status != SVCROUTE_OK) {
        return status;
    }
    *token = (struct svcr_token){.kind = SVCR_TOKEN_END, .offset = scanner->at};
    if (scanner->has_break) {
        *token = (struct svcr_token){SVCR_TOKEN_BREAK, scanner->break_at, 1, SVCR_TEXT_ABSENT};
        scanner->has_break = false;
        scanner->may_end = false;
        return SVCROUTE_OK;
    }
    if (scanner->at == scanner->text.size) {
        return SVCROUTE_OK;
    }
    char c = scanner->text.data[scanner->at];
    if (c == '\n') {
        scanner->at++;
        token->kind = SVCR_TOKEN_BREAK;
    } else if (c == '`' || c == '"' || c == '\'') {
        status = svcr_scanner_quoted(scanner, token);
    } else if (name_character(scanner, scanner->at) > 0) {
        take_word(scanner, token);
    } else {
        take_sign(scanner, token);
    }
    token->size = scanner->at - token->offset;
    if (token->kind != SVCR_TOKEN_TEXT) {
        token->value = (svcr_text){scanner->text.data + token->offset, token->size};
    }
    scanner->may_end = token->kind == SVCR_TOKEN_NAME || token->kind == SVCR_TOKEN_TEXT ||
                       token->kind == SVCR_TOKEN_CLOSE;
    return status;
}
