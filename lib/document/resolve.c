/* What a YAML scalar is: YAML 1.1 as Kubernetes clients read it.
 *
 * They use go-yaml v2 (resolve.go there is the source of the facts below), turn the result into
 * JSON, and decode that. So a plain scalar is null, a truth value, an integer (decimal, 0x, 0o, 0b,
 * or octal behind a leading zero), a floating-point number, or text. Base-60 numbers and timestamps
 * are text. Underscores count nothing behind a first digit or sign. A number that fits no double is
 * text. A float becomes the shortest text of its double, and is an integer where that text has
 * neither fraction nor exponent. */
#include "document/decimal.h"
#include "document/scalar.h"

enum shape { SHAPE_NULL, SHAPE_BOOLEAN, SHAPE_INTEGER, SHAPE_FLOAT, SHAPE_SPECIAL, SHAPE_TEXT };

struct reading {
    enum shape shape;
    bool value;     /* of a boolean */
    bool is_signed; /* an integer that fits 64 bits with sign */
    svcr_text text; /* a number as JSON has it; a special's name */
    char digits[SVCR_DECIMAL_MAX];
};

struct word {
    svcr_text text; /* spelled as here, with a capital, or all in capitals */
    uint8_t shape;
    bool value;
};

static const struct word words[] = {
    {{"y", 1}, SHAPE_BOOLEAN, true},    {{"n", 1}, SHAPE_BOOLEAN, false},
    {{"yes", 3}, SHAPE_BOOLEAN, true},  {{"no", 2}, SHAPE_BOOLEAN, false},
    {{"on", 2}, SHAPE_BOOLEAN, true},   {{"off", 3}, SHAPE_BOOLEAN, false},
    {{"true", 4}, SHAPE_BOOLEAN, true}, {{"false", 5}, SHAPE_BOOLEAN, false},
    {{"null", 4}, SHAPE_NULL, false},   {{"~", 1}, SHAPE_NULL, false},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static char upper(char c)
{
    return is_lower(c) ? (char)(c - 32) : c;
}

/* "word", "Word" or "WORD". */
static bool spells(svcr_text text, svcr_text word)
{
    if (text.size != word.size) {
        return false;
    }
    bool lower = true, capital = true, all = true;
    for (size_t i = 0; i < word.size; i++) {
        char c = text.data[i];
        lower = lower && c == word.data[i];
        capital = capital && c == (i == 0 ? upper(word.data[i]) : word.data[i]);
        all = all && c == upper(word.data[i]);
    }
    return lower || capital || all;
}

static void read_word(svcr_text text, struct reading *out)
{
    char first = (char)(text.data[0] | 0x20);
    if (text.size > 5 || (first != 'y' && first != 'n' && first != 't' && first != 'f' &&
                          first != 'o' && first != '~')) {
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (spells(text, words[i].text)) {
            out->shape = (enum shape)words[i].shape;
            out->value = words[i].value;
            return;
        }
    }
}

/* .inf with or without sign, .nan; ".NaN" is spelled unlike the others. */
static bool read_special(svcr_text text, struct reading *out)
{
    if (text.size > 5) {
        return false;
    }
    bool negative = text.data[0] == '-';
    svcr_text rest = text;
    if (negative || text.data[0] == '+') {
        rest = (svcr_text){text.data + 1, text.size - 1};
    }
    if (rest.size != 4 || rest.data[0] != '.') {
        return false;
    }
    svcr_text name = {rest.data + 1, 3};
    bool none = rest.size == text.size &&
                (svcr_text_same(name, SVCR_TEXT("nan")) || svcr_text_same(name, SVCR_TEXT("NaN")) ||
                 svcr_text_same(name, SVCR_TEXT("NAN")));
    if (!none && !spells(name, SVCR_TEXT("inf"))) {
        return false;
    }
    out->shape = SHAPE_SPECIAL;
    out->text = none ? SVCR_TEXT(".nan") : negative ? SVCR_TEXT("-.inf") : SVCR_TEXT(".inf");
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* Takes a base's prefix off the digits. */
static unsigned take_base(svcr_text *digits)
{
    if (digits->size == 0 || digits->data[0] != '0') {
        return 10;
    }
    unsigned base = 8;
    size_t prefix = 1;
    if (digits->size >= 3) {
        char letter = upper(digits->data[1]);
        base = letter == 'X' ? 16 : letter == 'B' ? 2 : 8;
        prefix = letter == 'X' || letter == 'B' || letter == 'O' ? 2 : 1;
    }
    *digits = (svcr_text){digits->data + prefix, digits->size - prefix};
    return base;
}

static bool read_digits(svcr_text digits, unsigned base, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < digits.size; i++) {
        char c = upper(digits.data[i]);
        unsigned digit = is_digit(c)            ? (unsigned)(c - '0')
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit >= base || __builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, digit, &sum)) {
            return false;
        }
    }
    *value = sum;
    return true;
}

static void set_integer(struct reading *out, uint64_t value, bool negative)
{
    char *at = out->digits + sizeof out->digits;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    if (negative) {
        *--at = '-';
    }
    out->shape = SHAPE_INTEGER;
    out->text = (svcr_text){at, (size_t)(out->digits + sizeof out->digits - at)};
}

/* `text` begins with a digit or a sign, and has no underscore. */
static bool read_integer(svcr_text text, struct reading *out)
{
    bool negative = text.data[0] == '-';
    bool has_sign = negative || text.data[0] == '+';
    svcr_text digits = {text.data + has_sign, text.size - has_sign};
    if (digits.size == 0) {
        return false;
    }
    unsigned base = take_base(&digits);
    /* Go's parser is asked a second time for what stands behind "0b", and takes a sign there. */
    if (base == 2 && !has_sign && text.data[1] == 'b' && digits.size > 1 &&
        (digits.data[0] == '-' || digits.data[0] == '+')) {
        has_sign = true;
        negative = digits.data[0] == '-';
        digits = (svcr_text){digits.data + 1, digits.size - 1};
    }
    uint64_t value;
    if (!read_digits(digits, base, &value)) {
        return false;
    }
    out->is_signed = value <= INT64_MAX + (uint64_t)negative;
    if (!out->is_signed && has_sign) {
        return false;
    }
    set_integer(out, value, negative && value > 0);
    return true;
}

static size_t skip_digits(svcr_text text, size_t at)
{
    while (at < text.size && is_digit(text.data[at])) {
        at++;
    }
    return at;
}

/* [+-](.digits | digits[.[digits]])[e[+-]digits] */
static bool is_float(svcr_text text)
{
    size_t begin = text.data[0] == '-' || text.data[0] == '+' ? 1 : 0;
    size_t whole = skip_digits(text, begin);
    size_t at = whole;
    if (at < text.size && text.data[at] == '.') {
        at = skip_digits(text, whole + 1);
        if (whole == begin && at == whole + 1) {
            return false;
        }
    } else if (whole == begin) {
        return false;
    }
    if (at == text.size) {
        return true;
    }
    if (text.data[at] != 'e' && text.data[at] != 'E') {
        return false;
    }
    at++;
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+')) {
        at++;
    }
    size_t end = skip_digits(text, at);
    return end > at && end == text.size;
}

/* A number that fits no double stays text. */
static void read_float(svcr_text text, struct reading *out)
{
    size_t size = svcr_decimal_rewrite(text, out->digits);
    if (size > 0) {
        out->shape = SHAPE_FLOAT;
        out->text = (svcr_text){out->digits, size};
    }
}

/* The text without underscores: itself, or a copy in the arena. */
static int strip(svcr_text *text, struct svcr_arena *arena)
{
    if (memchr(text->data, '_', text->size) == NULL) {
        return SVCROUTE_OK;
    }
    char *copy = svcr_arena_alloc(arena, text->size);
    if (copy == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    size_t size = 0;
    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] != '_') {
            copy[size++] = text->data[i];
        }
    }
    *text = (svcr_text){copy, size};
    return SVCROUTE_OK;
}

/* What a text is when nothing but the text says so. */
static int read_implicit(svcr_text text, struct svcr_arena *arena, struct reading *out)
{
    out->shape = SHAPE_TEXT;
    out->text = text;
    if (text.size == 0) {
        out->shape = SHAPE_NULL;
        return SVCROUTE_OK;
    }
    char c = text.data[0];
    if (c != '.' && c != '-' && c != '+' && !is_digit(c)) {
        read_word(text, out);
        return SVCROUTE_OK;
    }
    if (read_special(text, out)) {
        return SVCROUTE_OK;
    }
    svcr_text plain = text;
    if (c != '.') {
        int status = strip(&plain, arena);
        if (status != SVCROUTE_OK) {
            return status;
        }
        if (read_integer(plain, out)) {
            return SVCROUTE_OK;
        }
    }
    if (is_float(plain)) {
        read_float(plain, out);
    }
    return SVCROUTE_OK;
}

/* ---- tags ---------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (is_lower(c)) {
        return c - 'a' + 26;
    }
    return is_digit(c) ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, with padding; line breaks count nothing. What is left over in the last digit is not
 * looked at. */
static bool decode_base64(svcr_text text, char *out, size_t *size)
{
    uint32_t group = 0;
    size_t digits = 0, padding = 0;
    *size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '\n' || c == '\r') {
            continue;
        }
        int value = base64_value(c);
        if (c == '=' && digits % 4 >= 2) {
            padding++;
            value = 0;
        } else if (value < 0 || padding > 0) {
            return false;
        }
        group = group << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            for (size_t k = 0; k < 3 - padding; k++) {
                out[(*size)++] = (char)(group >> (16 - 8 * k) & 0xff);
            }
        }
    }
    return digits % 4 == 0;
}

static int set_binary(struct svcroute_node *node, struct svcr_arena *arena, svcr_text text,
                      const char **why)
{
    char *data = svcr_arena_alloc(arena, text.size + 3);
    size_t size;
    if (data == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (!decode_base64(text, data, &size)) {
        *why = "the text behind !!binary is not base64";
        return SVCROUTE_ERR_REJECTED;
    }
    if (!svcr_utf8_valid(data, size)) {
        *why = "the bytes behind !!binary are not UTF-8";
        return SVCROUTE_ERR_REJECTED;
    }
    return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING, (svcr_text){data, size});
}

static int set_copy(struct svcroute_node *node, uint32_t kind, struct svcr_arena *arena,
                    svcr_text text)
{
    char *copy = svcr_arena_copy(arena, text.data, text.size);
    return copy == NULL ? SVCROUTE_ERR_NOMEM
                        : svcr_scalar_set_text(node, kind, (svcr_text){copy, text.size});
}

static int set_number(struct svcroute_node *node, struct svcr_arena *arena, svcr_text given,
                      svcr_text text)
{
    uint32_t kind = SVCROUTE_NODE_INTEGER;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '.' || text.data[i] == 'e') {
            kind = SVCROUTE_NODE_NUMBER;
        }
    }
    if (svcr_text_same(given, text)) {
        return svcr_scalar_set_text(node, kind, given);
    }
    return set_copy(node, kind, arena, text);
}

static int set_value(struct svcroute_node *node, struct svcr_arena *arena, svcr_text given,
                     const struct reading *reading, const char **why)
{
    switch (reading->shape) {
    case SHAPE_NULL:
        svcr_scalar_set_null(node);
        return SVCROUTE_OK;
    case SHAPE_BOOLEAN:
        svcr_scalar_set_boolean(node, reading->value);
        return SVCROUTE_OK;
    case SHAPE_INTEGER:
    case SHAPE_FLOAT:
        return set_number(node, arena, given, reading->text);
    case SHAPE_SPECIAL:
        *why = "infinity and NaN have no form in JSON; put the text in quotes";
        return SVCROUTE_ERR_REJECTED;
    case SHAPE_TEXT:
        break;
    }
    return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING, given);
}

static int set_key(struct svcroute_node *node, struct svcr_arena *arena, svcr_text given,
                   const struct reading *reading, const char **why)
{
    char text[SVCR_DECIMAL_MAX];
    double value;
    switch (reading->shape) {
    case SHAPE_NULL:
        *why = "null cannot be a key; put the text in quotes";
        return SVCROUTE_ERR_REJECTED;
    case SHAPE_BOOLEAN:
        return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING,
                                    reading->value ? SVCR_TEXT("true") : SVCR_TEXT("false"));
    case SHAPE_INTEGER:
        if (!reading->is_signed) {
            *why = "a key does not fit 64 bits with sign; put the text in quotes";
            return SVCROUTE_ERR_REJECTED;
        }
        return set_copy(node, SVCROUTE_NODE_STRING, arena, reading->text);
    case SHAPE_FLOAT:
        (void)svcr_decimal_parse(reading->text, &value);
        return set_copy(node, SVCROUTE_NODE_STRING, arena,
                        (svcr_text){text, svcr_decimal_format(value, SVCR_DECIMAL_KEY, text)});
    case SHAPE_SPECIAL:
        return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING, reading->text);
    case SHAPE_TEXT:
        break;
    }
    return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING, given);
}

/* Holds what a text is against what its tag says. */
static bool fits_tag(struct reading *reading, svcr_text tag)
{
    if (svcr_text_same(tag, SVCR_TEXT("float")) && reading->shape == SHAPE_INTEGER &&
        reading->is_signed) {
        char digits[SVCR_DECIMAL_MAX];
        memcpy(digits, reading->text.data, reading->text.size);
        read_float((svcr_text){digits, reading->text.size}, reading);
    }
    return (svcr_text_same(tag, SVCR_TEXT("int")) && reading->shape == SHAPE_INTEGER) ||
           (svcr_text_same(tag, SVCR_TEXT("float")) &&
            (reading->shape == SHAPE_FLOAT || reading->shape == SHAPE_SPECIAL)) ||
           (svcr_text_same(tag, SVCR_TEXT("bool")) && reading->shape == SHAPE_BOOLEAN) ||
           (svcr_text_same(tag, SVCR_TEXT("null")) && reading->shape == SHAPE_NULL);
}

int svcr_scalar_resolve(struct svcroute_node *node, struct svcr_arena *arena,
                        const struct svcr_yaml_scalar *scalar, bool *unknown_tag, const char **why)
{
    static const svcr_text own = {"tag:yaml.org,2002:", 18};
    svcr_text text = scalar->text;
    struct reading reading;
    reading.shape = SHAPE_TEXT;
    reading.text = text;
    *unknown_tag = false;
    if (scalar->tag.size == 0) {
        int status = scalar->plain ? read_implicit(text, arena, &reading) : SVCROUTE_OK;
        if (status != SVCROUTE_OK) {
            return status;
        }
    } else {
        bool known = svcr_text_starts(scalar->tag, own);
        svcr_text tag = {scalar->tag.data + own.size, known ? scalar->tag.size - own.size : 0};
        if (svcr_text_same(tag, SVCR_TEXT("binary"))) {
            return set_binary(node, arena, text, why);
        }
        if (svcr_text_same(tag, SVCR_TEXT("int")) || svcr_text_same(tag, SVCR_TEXT("float")) ||
            svcr_text_same(tag, SVCR_TEXT("bool")) || svcr_text_same(tag, SVCR_TEXT("null"))) {
            int status = read_implicit(text, arena, &reading);
            if (status != SVCROUTE_OK) {
                return status;
            }
            if (!fits_tag(&reading, tag)) {
                *why = "the text is not what its tag says";
                return SVCROUTE_ERR_REJECTED;
            }
        } else {
            *unknown_tag = !svcr_text_same(tag, SVCR_TEXT("str"));
        }
    }
    return scalar->key ? set_key(node, arena, text, &reading, why)
                       : set_value(node, arena, text, &reading, why);
}
