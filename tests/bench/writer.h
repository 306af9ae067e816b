/* Writes documents as text, in one of three forms, from the same calls: the generator describes a
 * cluster once. */
#ifndef BENCH_WRITER_H
#define BENCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>

enum form {
    FORM_YAML,  /* a stream of documents in block style, as kubectl prints them */
    FORM_JSON,  /* one List, without blanks, as the API server sends it */
    FORM_LINES, /* one object a line */
};

#define DEPTH_MAX 16

struct writer {
    enum form form;
    char *data;
    size_t size, capacity;
    unsigned depth;
    bool in_list[DEPTH_MAX];
    unsigned num[DEPTH_MAX]; /* entries so far */
    size_t documents;
};

void writer_init(struct writer *writer, enum form form);
void writer_free(struct writer *writer);
/* Forgets what was written and keeps the memory. */
void writer_clear(struct writer *writer);

/* A document is a map; put_begin() and put_end() stand around all documents. */
void put_begin(struct writer *writer);
void put_end(struct writer *writer);
void put_document(struct writer *writer);
void put_document_end(struct writer *writer);

/* In a list the key is NULL. Texts must need no escapes. */
void put_map(struct writer *writer, const char *key);
void put_list(struct writer *writer, const char *key);
void put_close(struct writer *writer);
__attribute__((format(printf, 3, 4))) void put_text(struct writer *writer, const char *key,
                                                    const char *format, ...);
void put_number(struct writer *writer, const char *key, long long value);
void put_bool(struct writer *writer, const char *key, bool value);

/* Bytes as they are. */
void put_raw(struct writer *writer, const char *text);

#endif
