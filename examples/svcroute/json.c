/* A small writer of JSON. */
#include "json.h"

#include <inttypes.h>

static void line(struct json *json)
{
    output_string(json->out, "\n");
    output_pad(json->out, 2 * (size_t)json->depth);
}

/* What stands between the last value and the next. */
static void separate(struct json *json)
{
    if (json->has_key) {
        json->has_key = false;
        return;
    }
    if (json->filled) {
        output_string(json->out, ",");
    }
    if (json->depth > 0) {
        line(json);
    }
    json->filled = true;
}

void json_begin(struct json *json, char bracket)
{
    separate(json);
    output_bytes(json->out, &bracket, 1);
    json->depth++;
    json->filled = false;
}

void json_end(struct json *json, char bracket)
{
    json->depth--;
    if (json->filled) {
        line(json);
    }
    output_bytes(json->out, &bracket, 1);
    json->filled = true;
    if (json->depth == 0) {
        output_string(json->out, "\n");
    }
}

static void write_character(struct output *out, uint32_t character, const char *bytes, size_t size)
{
    if (character == UINT32_MAX) {
        output_string(out, "\xef\xbf\xbd");
    } else if (character == '"' || character == '\\') {
        output_format(out, "\\%c", (char)character);
    } else if (character == '\n') {
        output_string(out, "\\n");
    } else if (is_control(character)) {
        output_format(out, "\\u%04" PRIx32, character);
    } else {
        output_bytes(out, bytes, size);
    }
}

static void write_text(struct output *out, struct svcroute_text text)
{
    output_string(out, "\"");
    const char *end = text.size > 0 ? text.data + text.size : text.data;
    for (const char *at = text.data; at != end;) {
        const char *start = at;
        uint32_t character = utf8_next(&at, end);
        write_character(out, character, start, (size_t)(at - start));
    }
    output_string(out, "\"");
}

void json_key(struct json *json, const char *key)
{
    separate(json);
    write_text(json->out, text_of(key));
    output_string(json->out, ": ");
    json->has_key = true;
}

void json_text(struct json *json, struct svcroute_text text)
{
    separate(json);
    write_text(json->out, text);
}

void json_number(struct json *json, uint64_t number)
{
    separate(json);
    output_format(json->out, "%" PRIu64, number);
}

void json_integer(struct json *json, int64_t number)
{
    separate(json);
    output_format(json->out, "%" PRId64, number);
}

void json_member(struct json *json, const char *key, struct svcroute_text text)
{
    if (text.size > 0) {
        json_key(json, key);
        json_text(json, text);
    }
}

void json_member_number(struct json *json, const char *key, uint64_t number)
{
    if (number > 0) {
        json_key(json, key);
        json_number(json, number);
    }
}

void json_boolean(struct json *json, bool value)
{
    separate(json);
    output_string(json->out, value ? "true" : "false");
}
