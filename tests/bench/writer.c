/* Writing of documents in several forms. */
#include "writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void writer_init(struct writer *writer, enum form form)
{
    *writer = (struct writer){.form = form};
}

void writer_free(struct writer *writer)
{
    free(writer->data);
    *writer = (struct writer){0};
}

void writer_clear(struct writer *writer)
{
    writer->size = writer->documents = writer->depth = 0;
}

static void add(struct writer *writer, const char *data, size_t size)
{
    if (writer->capacity - writer->size < size) {
        writer->capacity = writer->capacity * 2 + size + 4096;
        writer->data = realloc(writer->data, writer->capacity);
        if (writer->data == NULL) {
            fputs("bench: out of memory\n", stderr);
            exit(2);
        }
    }
    memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

void put_raw(struct writer *writer, const char *text)
{
    add(writer, text, strlen(text));
}

static bool is_yaml(const struct writer *writer)
{
    return writer->form == FORM_YAML;
}

/* What stands ahead of an entry of the innermost map or list. In YAML an item of a list begins with
 * "- ", and the first entry of a map that is such an item stands behind it on the same line. */
static void ahead(struct writer *writer, const char *key)
{
    unsigned level = writer->depth - 1;
    unsigned num = writer->num[level]++;
    if (!is_yaml(writer)) {
        if (num != 0) {
            put_raw(writer, ",");
        }
        if (key != NULL) {
            put_raw(writer, "\"");
            put_raw(writer, key);
            put_raw(writer, "\":");
        }
        return;
    }
    bool behind_dash = num == 0 && level > 0 && writer->in_list[level - 1];
    if (!behind_dash) {
        unsigned indent = 0;
        for (unsigned i = 0; i < level; i++) { /* a list stands as deep as its key */
            indent += writer->in_list[i] || !writer->in_list[i + 1] ? 2 : 0;
        }
        for (; indent > 0; indent--) {
            add(writer, " ", 1);
        }
    }
    if (writer->in_list[level]) {
        put_raw(writer, "- ");
    } else {
        put_raw(writer, key);
        put_raw(writer, ":");
    }
}

static void open(struct writer *writer, bool list)
{
    if (!is_yaml(writer)) {
        put_raw(writer, list ? "[" : "{");
    }
    writer->in_list[writer->depth] = list;
    writer->num[writer->depth] = 0;
    writer->depth++;
}

void put_begin(struct writer *writer)
{
    if (writer->form == FORM_JSON) {
        put_raw(writer, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":"
                        "{\"resourceVersion\":\"\"},\"items\":[");
    }
}

void put_end(struct writer *writer)
{
    if (writer->form == FORM_JSON) {
        put_raw(writer, "]}\n");
    }
}

void put_document(struct writer *writer)
{
    if (writer->documents++ != 0 && writer->form != FORM_LINES) {
        put_raw(writer, is_yaml(writer) ? "---\n" : ",");
    }
    open(writer, false);
}

void put_document_end(struct writer *writer)
{
    writer->depth--;
    if (!is_yaml(writer)) {
        put_raw(writer, writer->form == FORM_LINES ? "}\n" : "}");
    }
}

static void put_container(struct writer *writer, const char *key, bool list)
{
    bool item = writer->in_list[writer->depth - 1];
    ahead(writer, key);
    if (is_yaml(writer) && !item) {
        put_raw(writer, "\n");
    }
    open(writer, list);
}

void put_map(struct writer *writer, const char *key)
{
    put_container(writer, key, false);
}

void put_list(struct writer *writer, const char *key)
{
    put_container(writer, key, true);
}

void put_close(struct writer *writer)
{
    writer->depth--;
    if (!is_yaml(writer)) {
        put_raw(writer, writer->in_list[writer->depth] ? "]" : "}");
    }
}

static void put_scalar(struct writer *writer, const char *key, const char *text, const char *quote)
{
    ahead(writer, key);
    if (is_yaml(writer) && key != NULL) {
        put_raw(writer, " ");
    }
    put_raw(writer, quote);
    put_raw(writer, text);
    put_raw(writer, quote);
    if (is_yaml(writer)) {
        put_raw(writer, "\n");
    }
}

void put_text(struct writer *writer, const char *key, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* As kubectl does: quotes only where a plain scalar would not be text. */
    bool plain = is_yaml(writer) && strspn(text, "0123456789.:TZ-") != strlen(text);
    const char *yaml_quote = strchr(text, '.') != NULL && strchr(text, ':') == NULL ? "" : "\"";
    put_scalar(writer, key, text, plain ? "" : is_yaml(writer) ? yaml_quote : "\"");
}

void put_number(struct writer *writer, const char *key, long long value)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", value);
    put_scalar(writer, key, text, "");
}

void put_bool(struct writer *writer, const char *key, bool value)
{
    put_scalar(writer, key, value ? "true" : "false", "");
}
