/* JSON (RFC 8259) without blanks, and YAML in block style whose scalars are those of JSON: a JSON
 * string is a YAML double-quoted scalar as well, so no text can be taken for something else. What
 * YAML takes for a line break or refuses (U+0080 to U+009F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF)
 * is escaped in both. */
#include "resolve/writer.h"

/* A YAML key of more than 1024 bytes needs a "?" ahead of it; escapes make six bytes of one. */
enum { SIMPLE_KEY_MAX = 1000 / 6 };

void svcr_writer_init(struct svcr_writer *writer, struct svcroute_context *context, bool yaml)
{
    *writer = (struct svcr_writer){.yaml = yaml};
    svcr_buffer_init(&writer->text, context);
}

static bool escapes(uint32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
           c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void add_escaped(struct svcr_buffer *out, uint32_t c)
{
    switch (c) {
    case '"':
    case '\\':
        svcr_buffer_add_char(out, '\\');
        svcr_buffer_add_char(out, (char)c);
        break;
    case '\n':
        svcr_buffer_add_string(out, "\\n");
        break;
    case '\t':
        svcr_buffer_add_string(out, "\\t");
        break;
    case '\r':
        svcr_buffer_add_string(out, "\\r");
        break;
    default:
        svcr_buffer_printf(out, "\\u%04x", (unsigned)c);
    }
}

static void add_quoted(struct svcr_buffer *out, svcr_text text)
{
    size_t plain = 0;
    svcr_buffer_add_char(out, '"');
    for (size_t i = 0; i < text.size;) {
        uint32_t c = (unsigned char)text.data[i];
        size_t size = c < 0x80 ? 1 : svcr_utf8_decode(text.data + i, text.size - i, &c);
        size = size == 0 ? 1 : size;
        if (escapes(c)) {
            svcr_buffer_add(out, text.data + plain, i - plain);
            add_escaped(out, c);
            plain = i + size;
        }
        i += size;
    }
    if (plain < text.size) { /* an absent text has no bytes to point at */
        svcr_buffer_add(out, text.data + plain, text.size - plain);
    }
    svcr_buffer_add_char(out, '"');
}

static void line_break(struct svcr_writer *writer)
{
    svcr_buffer_add_char(&writer->text, '\n');
    for (unsigned i = 1; i < writer->depth; i++) {
        svcr_buffer_add_string(&writer->text, "  ");
    }
}

/* What stands ahead of a member: separator, place, key. */
static void begin_member(struct svcr_writer *writer, svcr_text key)
{
    struct svcr_buffer *out = &writer->text;
    if (writer->depth == 0) {
        return;
    }
    bool list = writer->list[writer->depth - 1];
    bool first = !writer->started[writer->depth - 1];
    writer->started[writer->depth - 1] = true;
    if (!writer->yaml) {
        svcr_buffer_add(out, ",", first ? 0 : 1);
    } else if (writer->after_dash) {
        writer->after_dash = false;
    } else if (out->size != 0) {
        line_break(writer);
    }
    if (writer->yaml && list) {
        svcr_buffer_add_string(out, "- ");
    } else if (!list) {
        bool explicit = writer->yaml && key.size > SIMPLE_KEY_MAX;
        svcr_buffer_add_string(out, explicit ? "? " : "");
        add_quoted(out, key);
        if (explicit) {
            line_break(writer);
        }
        svcr_buffer_add_char(out, ':');
    }
}

/* A scalar behind its key. */
static void begin_scalar(struct svcr_writer *writer, svcr_text key)
{
    begin_member(writer, key);
    if (writer->yaml && writer->depth != 0 && !writer->list[writer->depth - 1]) {
        svcr_buffer_add_char(&writer->text, ' ');
    }
}

static svcr_text key_text(const char *key)
{
    return key != NULL ? (svcr_text){key, strlen(key)} : SVCR_TEXT_ABSENT;
}

static void begin(struct svcr_writer *writer, svcr_text key, bool list)
{
    begin_member(writer, key);
    bool in_list = writer->depth != 0 && writer->list[writer->depth - 1];
    writer->list[writer->depth] = list;
    writer->started[writer->depth] = false;
    writer->depth++;
    if (!writer->yaml) {
        svcr_buffer_add_char(&writer->text, list ? '[' : '{');
    } else if (in_list) {
        writer->after_dash = true;
    }
}

void svcr_writer_begin(struct svcr_writer *writer, const char *key, bool list)
{
    begin(writer, key_text(key), list);
}

void svcr_writer_begin_named(struct svcr_writer *writer, svcr_text key)
{
    begin(writer, key, false);
}

void svcr_writer_end(struct svcr_writer *writer)
{
    writer->depth--;
    bool list = writer->list[writer->depth];
    if (!writer->yaml) {
        svcr_buffer_add_char(&writer->text, list ? ']' : '}');
    } else if (!writer->started[writer->depth]) {
        svcr_buffer_add(&writer->text, " ", writer->after_dash || writer->depth == 0 ? 0 : 1);
        svcr_buffer_add_string(&writer->text, list ? "[]" : "{}");
        writer->after_dash = false;
    }
}

void svcr_writer_named_text(struct svcr_writer *writer, svcr_text key, svcr_text value)
{
    begin_scalar(writer, key);
    add_quoted(&writer->text, value);
}

void svcr_writer_text(struct svcr_writer *writer, const char *key, svcr_text value)
{
    svcr_writer_named_text(writer, key_text(key), value);
}

void svcr_writer_integer(struct svcr_writer *writer, const char *key, int64_t value)
{
    begin_scalar(writer, key_text(key));
    svcr_buffer_add_integer(&writer->text, value);
}

void svcr_writer_boolean(struct svcr_writer *writer, const char *key, bool value)
{
    begin_scalar(writer, key_text(key));
    svcr_buffer_add_string(&writer->text, value ? "true" : "false");
}

void svcr_writer_finish(struct svcr_writer *writer)
{
    svcr_buffer_add_char(&writer->text, '\n');
}
