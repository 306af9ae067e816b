/* Texts in quotes, inside a rule: raw ones in back-quotes, where only carriage returns vanish, and
 * interpreted ones in double quotes, with the escapes of the Go Programming Language Specification
 * ("String literals"). */
#include "rule/syntax_scan.h"

#include <svcroute/error.h>

/* ---- raw ----------------------------------------------------------------------------------- */

static int take_raw(struct svcr_scanner *scanner, struct svcr_token *token)
{
    const char *first = scanner->text.data + scanner->at + 1;
    size_t size = scanner->text.size - scanner->at - 1;
    const char *end = memchr(first, '`', size);
    if (end == NULL) {
        return svcr_rule_fail(scanner->fault, scanner->at,
                              "the value that begins here has no closing back-quote (`)");
    }
    size = (size_t)(end - first);
    scanner->at += (uint32_t)size + 2;
    token->kind = SVCR_TOKEN_TEXT;
    token->value = (svcr_text){first, size};
    if (size == 0 || memchr(first, '\r', size) == NULL) {
        return SVCROUTE_OK;
    }
    char *out = svcr_arena_alloc(scanner->arena, size);
    if (out == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    token->value = (svcr_text){out, 0};
    for (size_t i = 0; i < size; i++) {
        if (first[i] != '\r') {
            out[token->value.size++] = first[i];
        }
    }
    return SVCROUTE_OK;
}

/* ---- interpreted --------------------------------------------------------------------------- */

/* The place of the closing quote, or of what is there instead; whether there are escapes. */
static uint32_t find_end(const struct svcr_scanner *scanner, bool *escapes)
{
    const char *data = scanner->text.data;
    uint32_t at = scanner->at + 1, size = (uint32_t)scanner->text.size;
    *escapes = false;
    while (at < size && data[at] != '"' && data[at] != '\n') {
        if (data[at] == '\\') {
            *escapes = true;
            at += at + 1 < size && data[at + 1] != '\n';
        }
        at++;
    }
    return at;
}

/* An escape of digits: `num` of them in a base, up to `max`, behind `skip` bytes. */
struct number_escape {
    uint32_t skip, num, base, max;
};

static bool number_escape(char letter, struct number_escape *escape)
{
    switch (letter) {
    case 'x':
        *escape = (struct number_escape){2, 2, 16, 0xff};
        return true;
    case 'u':
        *escape = (struct number_escape){2, 4, 16, 0x10ffff};
        return true;
    case 'U':
        *escape = (struct number_escape){2, 8, 16, 0x10ffff};
        return true;
    default:
        *escape = (struct number_escape){1, 3, 8, 0xff};
        return letter >= '0' && letter <= '7';
    }
}

/* Reads the escape at `at`, a backslash, which has digits; adds what it stands for. */
static int take_number(struct svcr_scanner *scanner, const struct number_escape *escape,
                       uint32_t *at, char *out, size_t *size)
{
    const char *data = scanner->text.data;
    uint32_t first = *at + escape->skip, value = 0;
    for (uint32_t i = 0; i < escape->num; i++) {
        /* The closing quote, which is no digit, stops this inside the text. */
        uint32_t digit = (uint32_t)svcr_hex_digit(data[first + i]); /* none: a great number */
        if (digit >= escape->base) {
            return svcr_rule_fail(scanner->fault, *at, "the escape %.*s needs %u %s digits",
                                  (int)escape->skip, data + *at, (unsigned)escape->num,
                                  escape->base == 16 ? "hexadecimal" : "octal");
        }
        value = value * escape->base + digit;
    }
    *at = first + escape->num;
    if (value > escape->max || (value >= 0xd800 && value <= 0xdfff)) {
        uint32_t length = escape->skip + escape->num;
        return svcr_rule_fail(scanner->fault, *at - length, "the escape %.*s is no %s", (int)length,
                              data + *at - length,
                              escape->max == 0xff ? "byte" : "Unicode character");
    }
    if (escape->max == 0xff) {
        out[(*size)++] = (char)value;
    } else {
        *size += svcr_utf8_encode(value, out + *size);
    }
    return SVCROUTE_OK;
}

static int take_escape(struct svcr_scanner *scanner, uint32_t *at, char *out, size_t *size)
{
    static const char letters[] = "abfnrtv\\\"", values[] = "\a\b\f\n\r\t\v\\\"";
    const char *data = scanner->text.data;
    char letter = data[*at + 1];
    const char *simple = memchr(letters, letter, sizeof(letters) - 1);
    struct number_escape number;
    uint32_t character;
    if (simple != NULL) {
        out[(*size)++] = values[simple - letters];
        *at += 2;
        return SVCROUTE_OK;
    }
    if (number_escape(letter, &number)) {
        return take_number(scanner, &number, at, out, size);
    }
    size_t length = svcr_utf8_decode(data + *at + 1, scanner->text.size - *at - 1, &character);
    return svcr_rule_fail(scanner->fault, *at,
                          "\\%.*s is no escape; write \\\\%.*s, or put the value between "
                          "back-quotes, where backslashes stay",
                          (int)length, data + *at + 1, (int)length, data + *at + 1);
}

static int take_interpreted(struct svcr_scanner *scanner, struct svcr_token *token)
{
    const char *data = scanner->text.data;
    bool escapes;
    uint32_t at = scanner->at + 1, end = find_end(scanner, &escapes);
    size_t size = 0;
    if (end == scanner->text.size || data[end] == '\n') {
        return svcr_rule_fail(
            scanner->fault, scanner->at, "the value that begins here has no closing double quote%s",
            end < scanner->text.size ? " on its line; write \\n, or use back-quotes" : "");
    }
    scanner->at = end + 1;
    token->kind = SVCR_TOKEN_TEXT;
    token->value = (svcr_text){data + at, end - at};
    if (!escapes) {
        return SVCROUTE_OK;
    }
    /* An escape never stands for more bytes than it has. */
    char *out = svcr_arena_alloc(scanner->arena, end - at);
    if (out == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    while (at < end) {
        int status = SVCROUTE_OK;
        if (data[at] == '\\') {
            status = take_escape(scanner, &at, out, &size);
        } else {
            out[size++] = data[at++];
        }
        if (status != SVCROUTE_OK) {
            return status;
        }
    }
    token->value = (svcr_text){out, size};
    return SVCROUTE_OK;
}

int svcr_scanner_quoted(struct svcr_scanner *scanner, struct svcr_token *token)
{
    char quote = scanner->text.data[scanner->at];
    if (quote == '`') {
        return take_raw(scanner, token);
    }
    if (quote == '"') {
        return take_interpreted(scanner, token);
    }
    return svcr_rule_fail(scanner->fault, scanner->at,
                          "values stand between back-quotes or double quotes, not single ones");
}
