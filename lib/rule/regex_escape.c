/* Escapes and classes of regular expressions: \x{41}, \d, \p{Greek}, [a-z[:^digit:]]. */
#include "rule/regex_syntax.h"

#include <svcroute/error.h>

static bool is_octal(int byte)
{
    return byte >= '0' && byte <= '7';
}

static int hex_value(uint32_t character)
{
    if (character >= '0' && character <= '9') {
        return (int)(character - '0');
    }
    character |= 0x20;
    return character >= 'a' && character <= 'f' ? (int)(character - 'a' + 10) : -1;
}

static bool is_word(uint32_t character)
{
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z');
}

/* Behind "\x": two digits, or any number of them in braces. */
static bool read_hex(struct svcr_regex_reader *reader, uint32_t *character)
{
    size_t digits = 0;
    bool braces = svcr_regex_peek(reader, 0) == '{';
    *character = 0;
    reader->at += braces;
    while (svcr_regex_peek(reader, 0) != -1) {
        uint32_t c = svcr_regex_take(reader);
        if (braces && c == '}') {
            return digits > 0;
        }
        int value = hex_value(c);
        if (value < 0) {
            return false;
        }
        *character = *character * 16 + (uint32_t)value;
        if (*character > SVCR_CHARACTER_MAX) {
            return false;
        }
        digits++;
        if (!braces && digits == 2) {
            return true;
        }
    }
    return false;
}

int svcr_regex_read_escape(struct svcr_regex_reader *reader, uint32_t *character)
{
    static const char letters[] = "a\af\fn\nr\rt\tv\v";
    size_t start = reader->at++;
    if (svcr_regex_peek(reader, 0) == -1) {
        return svcr_regex_fail(reader, start, "trailing backslash at end of expression");
    }
    uint32_t c = svcr_regex_take(reader);
    if (c < 0x80 && !is_word(c)) {
        *character = c;
        return SVCROUTE_OK;
    }
    /* A single digit other than 0 would refer to a group. */
    if (c == '0' || (c >= '1' && c <= '7' && is_octal(svcr_regex_peek(reader, 0)))) {
        *character = c - '0';
        for (int i = 1; i < 3 && is_octal(svcr_regex_peek(reader, 0)); i++) {
            *character = *character * 8 + svcr_regex_take(reader) - '0';
        }
        return SVCROUTE_OK;
    }
    if (c == 'x' && read_hex(reader, character)) {
        return SVCROUTE_OK;
    }
    for (size_t i = 0; letters[i] != '\0'; i += 2) {
        if (c == (unsigned char)letters[i]) {
            *character = (unsigned char)letters[i + 1];
            return SVCROUTE_OK;
        }
    }
    return svcr_regex_fail(reader, start, "invalid escape sequence");
}

/* Adds `part` to `set`; with its opposite if it is negated. */
static void add_part(struct svcr_regex_reader *reader, bool negated)
{
    struct svcr_class *part = &reader->part;
    if (reader->flags & SVCR_REGEX_FOLD) {
        svcr_class_fold(part);
    }
    svcr_class_tidy(part);
    if (negated) {
        svcr_class_negate(part);
    }
    for (size_t i = 0; i < part->num; i++) {
        svcr_class_add(&reader->set, part->ranges[i].first, part->ranges[i].last);
    }
    reader->set.failed |= part->failed;
    reader->set.too_many |= part->too_many;
}

/* Ranges as pairs of characters. */
static void set_part(struct svcr_regex_reader *reader, const char *pairs)
{
    svcr_class_clear(&reader->part);
    for (size_t i = 0; pairs[i] != '\0'; i += 2) {
        svcr_class_add(&reader->part, (unsigned char)pairs[i], (unsigned char)pairs[i + 1]);
    }
}

/* Behind "\p" or "\P". */
static int read_property(struct svcr_regex_reader *reader, size_t start, bool negated)
{
    size_t from = reader->at, to;
    if (svcr_regex_peek(reader, 0) == '{') {
        const char *end = memchr(reader->text.data + from, '}', reader->text.size - from);
        from++;
        to = end != NULL ? (size_t)(end - reader->text.data) : reader->text.size;
        reader->at = end != NULL ? to + 1 : to;
        if (end == NULL) {
            return svcr_regex_fail(reader, start, "invalid character class range");
        }
    } else {
        if (svcr_regex_peek(reader, 0) != -1) {
            svcr_regex_take(reader);
        }
        to = reader->at;
    }
    if (from < to && reader->text.data[from] == '^') {
        negated = !negated;
        from++;
    }
    svcr_text name = (svcr_text){reader->text.data + from, to - from};
    svcr_class_clear(&reader->part);
    if (!svcr_class_add_property(&reader->part, name)) {
        return svcr_regex_fail(reader, start, "invalid character class range");
    }
    add_part(reader, negated);
    return SVCROUTE_OK;
}

int svcr_regex_read_group(struct svcr_regex_reader *reader, bool *found)
{
    size_t start = reader->at;
    const char *pairs;
    int letter = svcr_regex_peek(reader, 1);
    *found = true;
    switch (letter) {
    case 'p':
    case 'P':
        reader->at += 2;
        return read_property(reader, start, letter == 'P');
    case 'd':
    case 'D':
        pairs = "09";
        break;
    case 's':
    case 'S':
        pairs = "\t\n\f\r  "; /* no \v */
        break;
    case 'w':
    case 'W':
        pairs = "09AZ__az";
        break;
    default:
        *found = false;
        return SVCROUTE_OK;
    }
    reader->at += 2;
    set_part(reader, pairs);
    add_part(reader, letter < 'a');
    return SVCROUTE_OK;
}

/* Inside of a class, at "[:": *found if a ":]" follows, however far. */
static int read_posix(struct svcr_regex_reader *reader, bool *found)
{
    static const struct {
        const char *name, *pairs;
    } rows[] = {
        {"alnum", "09AZaz"},
        {"alpha", "AZaz"},
        {"ascii", "\x01\x7f"},
        {"blank", "\t\t  "},
        {"cntrl", "\x01\x1f\x7f\x7f"},
        {"digit", "09"},
        {"graph", "!~"},
        {"lower", "az"},
        {"print", " ~"},
        {"punct", "!/:@[`{~"},
        {"space", "\t\r  "},
        {"upper", "AZ"},
        {"word", "09AZaz__"},
        {"xdigit", "09AFaf"},
    };
    size_t start = reader->at, end = start + 2;
    while (!reader->no_posix && end + 1 < reader->text.size &&
           !(reader->text.data[end] == ':' && reader->text.data[end + 1] == ']')) {
        end++;
    }
    *found = !reader->no_posix && end + 1 < reader->text.size;
    if (!*found) {
        reader->no_posix = true; /* or looking for it again and again would cost a square */
        return SVCROUTE_OK;
    }
    reader->at = end + 2;
    bool negated = reader->text.data[start + 2] == '^';
    svcr_text name =
        (svcr_text){reader->text.data + start + 2 + negated, end - start - 2 - negated};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (svcr_text_same(name, (svcr_text){rows[i].name, strlen(rows[i].name)})) {
            set_part(reader, rows[i].pairs);
            if (rows[i].pairs[0] == '\x01') { /* pairs end at a zero, so it cannot stand in them */
                svcr_class_add(&reader->part, 0, 1);
            }
            add_part(reader, negated);
            return SVCROUTE_OK;
        }
    }
    return svcr_regex_fail(reader, start, "invalid character class range");
}

static int read_class_character(struct svcr_regex_reader *reader, size_t start, uint32_t *character)
{
    if (svcr_regex_peek(reader, 0) == -1) {
        return svcr_regex_fail(reader, start, "missing closing ]");
    }
    if (svcr_regex_peek(reader, 0) == '\\') {
        return svcr_regex_read_escape(reader, character);
    }
    *character = svcr_regex_take(reader);
    return SVCROUTE_OK;
}

/* One character, or a range of them. */
static int read_range(struct svcr_regex_reader *reader, size_t start)
{
    size_t from = reader->at;
    uint32_t first;
    int status = read_class_character(reader, start, &first);
    if (status != SVCROUTE_OK) {
        return status;
    }
    uint32_t last = first;
    if (svcr_regex_peek(reader, 0) == '-' && svcr_regex_peek(reader, 1) != -1 &&
        svcr_regex_peek(reader, 1) != ']') {
        reader->at++;
        status = read_class_character(reader, start, &last);
        if (status != SVCROUTE_OK) {
            return status;
        }
        if (last < first) {
            return svcr_regex_fail(reader, from, "invalid character class range");
        }
    }
    svcr_class_add(&reader->set, first, last);
    return SVCROUTE_OK;
}

int svcr_regex_read_class(struct svcr_regex_reader *reader)
{
    size_t start = reader->at++;
    bool negated = svcr_regex_peek(reader, 0) == '^';
    svcr_class_clear(&reader->set);
    reader->at += negated;
    /* "]" is itself where it comes first. */
    for (bool first = true; first || svcr_regex_peek(reader, 0) != ']'; first = false) {
        bool found = false;
        int status = SVCROUTE_OK;
        if (svcr_regex_peek(reader, 0) == '[' && svcr_regex_peek(reader, 1) == ':' &&
            svcr_regex_peek(reader, 2) != -1) {
            status = read_posix(reader, &found);
        } else if (svcr_regex_peek(reader, 0) == '\\') {
            status = svcr_regex_read_group(reader, &found);
        }
        if (status == SVCROUTE_OK && !found) {
            status = read_range(reader, start);
        }
        if (status != SVCROUTE_OK) {
            return status;
        }
        if (reader->set.failed || reader->set.too_many) {
            return SVCROUTE_OK; /* for the caller to see */
        }
    }
    reader->at++;
    svcr_class_tidy(&reader->set);
    if (reader->flags & SVCR_REGEX_FOLD) {
        svcr_class_fold(&reader->set);
        svcr_class_tidy(&reader->set);
    }
    if (negated) {
        svcr_class_negate(&reader->set);
    }
    return SVCROUTE_OK;
}
