/* Writing one value as JSON or as YAML: the caller says what comes, the writer how it looks. */
#ifndef SVCR_WRITER_H
#define SVCR_WRITER_H

#include "base/text.h"

enum { SVCR_WRITER_DEPTH = 16 };

struct svcr_writer {
    struct svcr_buffer text;
    bool yaml;
    bool list[SVCR_WRITER_DEPTH];    /* the open container is a list */
    bool started[SVCR_WRITER_DEPTH]; /* it has a member */
    unsigned depth;
    bool after_dash; /* YAML: the next key stands on the line of its list's "-" */
};

void svcr_writer_init(struct svcr_writer *writer, struct svcroute_context *context, bool yaml);
/* `key` NULL: an element of a list, or the root. */
void svcr_writer_begin(struct svcr_writer *writer, const char *key, bool list);
void svcr_writer_begin_named(struct svcr_writer *writer, svcr_text key);
void svcr_writer_end(struct svcr_writer *writer);
void svcr_writer_text(struct svcr_writer *writer, const char *key, svcr_text value);
void svcr_writer_named_text(struct svcr_writer *writer, svcr_text key, svcr_text value);
void svcr_writer_integer(struct svcr_writer *writer, const char *key, int64_t value);
void svcr_writer_boolean(struct svcr_writer *writer, const char *key, bool value);
void svcr_writer_finish(struct svcr_writer *writer); /* the line break at the end */

#endif
