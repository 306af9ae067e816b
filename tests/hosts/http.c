/* Reads and writes heads of HTTP/1.1 requests (RFC 9112), strictly: what is not well-formed is not
 * for guessing. */
#include "http.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

/* ---- reading ---- */

static bool is_token(struct svcroute_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c))) {
            return false;
        }
    }
    return text.size > 0;
}

static bool is_value(struct svcroute_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < ' ' && c != '\t') || c == 127) {
            return false;
        }
    }
    return true;
}

static struct svcroute_text trim(struct svcroute_text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* What stands ahead of the next `mark`, which is taken too. False if there is none. */
static bool take(struct svcroute_text *rest, const char *mark, struct svcroute_text *part)
{
    size_t size = strlen(mark);
    for (size_t i = 0; i + size <= rest->size; i++) {
        if (memcmp(rest->data + i, mark, size) == 0) {
            *part = (struct svcroute_text){rest->data, i};
            *rest = (struct svcroute_text){rest->data + i + size, rest->size - i - size};
            return true;
        }
    }
    return false;
}

bool http_read(struct http_head *head, struct svcroute_text text)
{
    struct svcroute_text line, name;
    *head = (struct http_head){.num_lines = 0};
    if (!take(&text, "\r\n", &line) || !take(&line, " ", &head->method) ||
        !take(&line, " ", &head->target) || !text_is(line, "HTTP/1.1") || !is_token(head->method)) {
        return false;
    }
    for (;;) {
        if (!take(&text, "\r\n", &line)) {
            return false;
        }
        if (line.size == 0) {
            return text.size == 0;
        }
        if (head->num_lines == HTTP_LINES || !take(&line, ":", &name) || !is_token(name) ||
            !is_value(line)) {
            return false;
        }
        head->lines[2 * head->num_lines] = name;
        head->lines[2 * head->num_lines + 1] = trim(line);
        head->num_lines++;
    }
}

bool http_same_name(struct svcroute_text name, const char *other)
{
    bool same = name.size == strlen(other);
    for (size_t i = 0; same && i < name.size; i++) {
        same = (name.data[i] | 0x20) == (other[i] | 0x20);
    }
    return same;
}

struct svcroute_text http_find(const struct http_head *head, const char *name, uint32_t *num)
{
    struct svcroute_text found = {NULL, 0};
    uint32_t all = 0;
    for (uint32_t i = head->num_lines; i-- > 0;) {
        if (http_same_name(head->lines[(size_t)i * 2], name)) {
            found = head->lines[(size_t)i * 2 + 1];
            all++;
        }
    }
    if (num) {
        *num = all;
    }
    return found;
}

void http_remove(struct http_head *head, const char *name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < head->num_lines; i++) {
        if (!http_same_name(head->lines[(size_t)i * 2], name)) {
            head->lines[(size_t)kept * 2] = head->lines[(size_t)i * 2];
            head->lines[(size_t)kept * 2 + 1] = head->lines[(size_t)i * 2 + 1];
            kept++;
        }
    }
    head->num_lines = kept;
}

void http_add(struct http_head *head, const char *name, struct svcroute_text value)
{
    if (ensure(head->num_lines < HTTP_LINES, "no room for a header line")) {
        head->lines[(size_t)head->num_lines * 2] = text_of(name);
        head->lines[(size_t)head->num_lines * 2 + 1] = value;
        head->num_lines++;
    }
}

/* ---- writing ---- */

void http_say(struct http_text *text, const char *format, ...)
{
    size_t room = sizeof(text->bytes) - text->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->bytes + text->size, room, format, arguments);
    va_end(arguments);
    if (ensure(size >= 0 && (size_t)size < room, "a head has no room")) {
        text->size += (size_t)size;
    }
}

void http_write(struct http_text *text, struct svcroute_text method, struct svcroute_text path,
                struct svcroute_text query, struct svcroute_text host,
                const struct http_head *lines)
{
    text->size = 0;
    http_say(text, "%.*s %.*s%s%.*s HTTP/1.1\r\nHost: %.*s\r\n", (int)method.size, method.data,
             (int)path.size, path.data, query.data ? "?" : "", (int)query.size,
             query.data ? query.data : "", (int)host.size, host.data ? host.data : "");
    for (uint32_t i = 0; i < lines->num_lines; i++) {
        struct svcroute_text name = lines->lines[(size_t)i * 2],
                             value = lines->lines[(size_t)i * 2 + 1];
        http_say(text, "%.*s: %.*s\r\n", (int)name.size, name.data, (int)value.size, value.data);
    }
    http_say(text, "\r\n");
}
