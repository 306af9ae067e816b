/* Streams that remember failures, escapes for terminals, and the tool's own messages. */
#include "output.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

void output_init(struct output *out, FILE *file)
{
    const char *terminal = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    bool shown = isatty(fileno(file)) == 1;
    memset(out, 0, sizeof *out);
    out->file = file;
    out->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    out->ascii = shown && !out->unicode;
    out->colour = shown && (no_colour == NULL || no_colour[0] == '\0') &&
                  (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void output_bytes(struct output *out, const char *data, size_t size)
{
    if (out->error == 0 && size > 0 && fwrite(data, 1, size, out->file) != size) {
        out->error = errno != 0 ? errno : EIO;
    }
}

void output_string(struct output *out, const char *text)
{
    output_bytes(out, text, strlen(text));
}

void output_format(struct output *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (out->error == 0 && vfprintf(out->file, format, arguments) < 0) {
        out->error = errno != 0 ? errno : EIO;
    }
    va_end(arguments);
}

void output_pad(struct output *out, size_t columns)
{
    static const char blanks[] = "                                ";
    for (size_t part; columns > 0; columns -= part) {
        part = columns < sizeof blanks - 1 ? columns : sizeof blanks - 1;
        output_bytes(out, blanks, part);
    }
}

void output_style(struct output *out, enum style style)
{
    if (out->colour) {
        output_format(out, "\033[%dm", (int)style);
    }
}

void output_plain(struct output *out)
{
    if (out->colour) {
        output_string(out, "\033[0m");
    }
}

int output_close(struct output *out)
{
    if (out->error == 0 && fflush(out->file) != 0) {
        out->error = errno != 0 ? errno : EIO;
    }
    if (out->error != 0 && out->error != EPIPE) {
        complain("standard output", strerror(out->error));
    }
    return out->error;
}

/* ---- text from outside -------------------------------------------------------------------- */

uint32_t utf8_next(const char **at, const char *end)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)*at;
    uint32_t character = byte[0];
    ptrdiff_t more = character < 0x80             ? 0
                     : (character & 0xe0) == 0xc0 ? 1
                     : (character & 0xf0) == 0xe0 ? 2
                     : (character & 0xf8) == 0xf0 ? 3
                                                  : -1;
    *at += 1;
    if (more < 0 || end - (const char *)byte <= more) {
        return more == 0 ? character : UINT32_MAX;
    }
    if (more > 0) {
        character &= 0x3fU >> more;
    }
    for (ptrdiff_t i = 1; i <= more; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            return UINT32_MAX;
        }
        character = character << 6 | (byte[i] & 0x3fU);
    }
    if (character < least[more] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff)) {
        return UINT32_MAX;
    }
    *at += more;
    return character;
}

bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x61c ||
           character == 0x200e || character == 0x200f ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

/* The escape for a character, or for a byte that is none; its size, 0 if it may be shown. */
static int escape(const struct output *out, uint32_t character, unsigned char byte, char into[16])
{
    switch (character) {
    case '\n':
        return snprintf(into, 16, "\\n");
    case '\r':
        return snprintf(into, 16, "\\r");
    case '\t':
        return snprintf(into, 16, "\\t");
    case UINT32_MAX:
        return snprintf(into, 16, "\\x%02x", byte);
    default:
        break;
    }
    if (!is_control(character) && (character < 0x80 || !out->ascii)) {
        return 0;
    }
    return snprintf(into, 16, character < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)character);
}

/* One walk for both: `out` is written to only if `write`. */
static size_t walk_text(struct output *write, const struct output *out, struct svcroute_text text)
{
    size_t columns = 0;
    const char *end = text.size > 0 ? text.data + text.size : text.data;
    const char *shown = text.data; /* what follows is not written yet */
    for (const char *at = text.data; at != end;) {
        char escaped[16];
        const char *start = at;
        uint32_t character = utf8_next(&at, end);
        int size = escape(out, character, (unsigned char)*start, escaped);
        if (size == 0) {
            columns++;
            continue;
        }
        columns += (size_t)size;
        if (write != NULL) {
            output_bytes(write, shown, (size_t)(start - shown));
            output_bytes(write, escaped, (size_t)size);
        }
        shown = at;
    }
    if (write != NULL && shown != end) {
        output_bytes(write, shown, (size_t)(end - shown));
    }
    return columns;
}

size_t output_text(struct output *out, struct svcroute_text text)
{
    return walk_text(out, out, text);
}

size_t output_width(const struct output *out, struct svcroute_text text)
{
    return walk_text(NULL, out, text);
}

struct svcroute_text text_of(const char *string)
{
    return (struct svcroute_text){string, string != NULL ? strlen(string) : 0};
}

bool text_equal(struct svcroute_text a, struct svcroute_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int text_compare(struct svcroute_text a, struct svcroute_text b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

void complain(const char *subject, const char *text)
{
    struct output out;
    progress_clear();
    output_init(&out, stderr);
    output_string(&out, "svcroute: ");
    if (subject != NULL) {
        output_text(&out, text_of(subject));
        output_string(&out, ": ");
    }
    output_text(&out, text_of(text));
    output_string(&out, "\n");
}
