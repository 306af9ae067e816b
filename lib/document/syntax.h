/* The two readers behind svcr_reader. Both keep where they stand between documents. */
#ifndef SVCR_SYNTAX_H
#define SVCR_SYNTAX_H

#include "base/diag.h"
#include "document/reader.h"

/* The input of a reader. */
struct svcr_input {
    struct svcroute_context *context;
    const char *bytes; /* without a BOM */
    size_t size;
    svcr_text source;
    uint32_t first_line;
    bool strict;
    svcr_take_item *take; /* NULL: nobody takes items ahead of the end */
    void *user;
};

/* ---- JSON ---------------------------------------------------------------------------------- */

struct svcr_json {
    const char *at;         /* the next byte */
    const char *line_start; /* so that at - line_start is the number of characters ahead of it */
    uint32_t line;
};

void svcr_json_open(struct svcr_json *json, const struct svcr_input *input);
int svcr_json_read(struct svcr_json *json, const struct svcr_input *input,
                   struct svcroute_document *document, struct svcroute_diags *diags);

/* The end of the number at `at`, as far as the text is one; `at` itself if there is none. *whole:
 * it has neither fraction nor exponent. */
const char *svcr_json_number(const char *at, const char *end, bool *whole);

/* The end of the string whose first character is at `at`, so a closing quote, or NULL: then *fault
 * is where and *why what is wrong (*why NULL: not UTF-8). *wide counts the bytes that begin no
 * character up to there. */
const char *svcr_json_string(const char *at, const char *end, size_t *wide, bool *escapes,
                             const char **fault, const char **why);
/* Writes the characters of a string that svcr_json_string() has accepted; gives their number of
 * bytes, which is less than that of the text. */
size_t svcr_json_unescape(const char *at, const char *end, char *out);

/* ---- YAML ---------------------------------------------------------------------------------- */

struct svcr_yaml;

int svcr_yaml_open(struct svcr_yaml **out, const struct svcr_input *input);
void svcr_yaml_close(struct svcr_yaml *yaml);
int svcr_yaml_read(struct svcr_yaml *yaml, struct svcroute_document *document,
                   struct svcroute_diags *diags);

/* Something in the input that libyaml must not see. */
struct svcr_offence {
    enum svcr_diag_id id; /* 0: there is none */
    const char *text;
    uint32_t line, column;
    size_t cut;        /* what is ahead of it ends here: with the last document that is whole */
    uint32_t cut_line; /* the line that begins there */
    size_t narrow;     /* in any case: so many bytes at the beginning are characters each */
};

void svcr_yaml_find_offence(const struct svcr_input *input, struct svcr_offence *offence);

#endif
