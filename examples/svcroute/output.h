/* Writing for people and programs: a stream that remembers its first failure, and text from
 * documents that cannot play tricks on a terminal. */
#ifndef SVCROUTE_TOOL_OUTPUT_H
#define SVCROUTE_TOOL_OUTPUT_H

#include <stdio.h>

#include <svcroute/api.h>

struct output {
    FILE *file;
    int error;    /* errno of the first failure; nothing more is written after it */
    bool colour;  /* a terminal that shows colours, and NO_COLOR is not set */
    bool unicode; /* the locale's characters are UTF-8 */
    bool ascii;   /* a terminal where bytes over 0x7f may be control characters */
};

/* Colours and the like; SGR numbers. */
enum style { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_RED = 31, STYLE_YELLOW = 33, STYLE_CYAN = 36 };

void output_init(struct output *out, FILE *file);
void output_bytes(struct output *out, const char *data, size_t size);
void output_string(struct output *out, const char *text);
__attribute__((format(printf, 2, 3))) void output_format(struct output *out, const char *format,
                                                         ...);
void output_pad(struct output *out, size_t columns);

/* Text that came from outside: control characters, bytes that are no UTF-8 and characters that turn
 * the direction of writing are shown as escapes. Gives the number of columns used. */
size_t output_text(struct output *out, struct svcroute_text text);
/* The columns that output_text() would use. */
size_t output_width(const struct output *out, struct svcroute_text text);

/* Both do nothing without colour. */
void output_style(struct output *out, enum style style);
void output_plain(struct output *out);

/* Writes out what is buffered. 0, or errno of the first failure, which is reported on standard
 * error unless the reader of a pipe has gone. */
int output_close(struct output *out);

/* Reads one character of UTF-8 and moves `*at` behind it; UINT32_MAX, one byte further, if there is
 * none. */
uint32_t utf8_next(const char **at, const char *end);
/* Characters that act instead of being seen. */
bool is_control(uint32_t character);

struct svcroute_text text_of(const char *string); /* NULL: absent */
bool text_equal(struct svcroute_text a, struct svcroute_text b);
int text_compare(struct svcroute_text a, struct svcroute_text b); /* as bytes */

/* "svcroute: subject: text" on standard error; `subject` NULL: none. */
void complain(const char *subject, const char *text);

#endif
