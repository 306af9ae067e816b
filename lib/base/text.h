/* Text: comparison, UTF-8, and a growing buffer with a sticking error. */
#ifndef SVCR_TEXT_H
#define SVCR_TEXT_H

#include <stdarg.h>
#include <string.h>

#include <svcroute/context.h>

typedef struct svcroute_text svcr_text; /* shorthand inside the library only */

#define SVCR_TEXT(literal) ((svcr_text){(literal), sizeof(literal) - 1})
#define SVCR_TEXT_ABSENT ((svcr_text){NULL, 0})
/* Arguments of "%.*s", for formatting only: what is longer than any message is cut. */
#define SVCR_ARG(text)                                                                             \
    (int)((text).size < 65536 ? (text).size : 65536), (text).data ? (text).data : ""

static inline bool svcr_text_same(svcr_text a, svcr_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A word that differs for most texts that differ: both ends of the text and its size. */
static inline uint64_t svcr_text_word(svcr_text text)
{
    uint64_t first = text.size, last;
    if (text.size >= 8) {
        memcpy(&first, text.data, 8);
        memcpy(&last, text.data + text.size - 8, 8);
        return (first ^ (last << 29 | last >> 35)) + text.size;
    }
    for (size_t i = 0; i < text.size; i++) {
        first = first << 8 | (uint8_t)text.data[i];
    }
    return first;
}

/* As bytes; a prefix comes first. <0, 0, >0. */
int svcr_text_compare(svcr_text a, svcr_text b);
bool svcr_text_starts(svcr_text text, svcr_text prefix);
/* ASCII alone, here and below: no locale. */
static inline char svcr_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
/* The value of a hexadecimal digit, or -1. */
static inline int svcr_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char letter = svcr_lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}
bool svcr_text_same_nocase(svcr_text a, svcr_text b);

/* The first `max` bytes at most, without cutting a character of UTF-8 in two. */
svcr_text svcr_text_cut(svcr_text text, size_t max);
/* One line for people in the caller's memory: what does not fit is cut and ends in "...", control
 * characters become blanks; terminated. Returns its size. `capacity` is at least 8. */
__attribute__((format(printf, 3, 0))) size_t
svcr_text_vformat(char *out, size_t capacity, const char *format, va_list arguments);

/* True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). Fast on ASCII.
 */
bool svcr_utf8_valid(const char *data, size_t size);
/* Decodes one character: its number of bytes, or 0 if it is malformed or size is 0. */
size_t svcr_utf8_decode(const char *data, size_t size, uint32_t *character);
/* Writes 1 to 4 bytes. */
size_t svcr_utf8_encode(uint32_t character, char out[4]);

/* A growing buffer. After a failed allocation `failed` stays true and further additions do nothing.
 */
struct svcr_buffer {
    struct svcroute_context *context;
    char *data;
    size_t size, capacity;
    bool failed;
};

void svcr_buffer_init(struct svcr_buffer *buffer, struct svcroute_context *context);
void svcr_buffer_free(struct svcr_buffer *buffer);
void svcr_buffer_add(struct svcr_buffer *buffer, const char *data, size_t size);
void svcr_buffer_add_text(struct svcr_buffer *buffer, svcr_text text);
void svcr_buffer_add_string(struct svcr_buffer *buffer, const char *string); /* up to its NUL */
void svcr_buffer_add_char(struct svcr_buffer *buffer, char c);
void svcr_buffer_add_integer(struct svcr_buffer *buffer, int64_t value);
/* Writes an integer in decimal, without a NUL; gives its number of bytes. */
#define SVCR_INTEGER_MAX 20
size_t svcr_integer_write(char out[SVCR_INTEGER_MAX], int64_t value);
/* Locale-free as long as no floating point is formatted, which is forbidden here. */
__attribute__((format(printf, 2, 3))) void svcr_buffer_printf(struct svcr_buffer *buffer,
                                                              const char *format, ...);
/* Room for `size` more bytes at data + size, for the caller to fill and count; NULL when out of
 * memory. */
char *svcr_buffer_reserve(struct svcr_buffer *buffer, size_t size);
static inline svcr_text svcr_buffer_text(const struct svcr_buffer *buffer)
{
    return (svcr_text){buffer->data, buffer->size};
}

#endif
