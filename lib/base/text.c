/* Text: comparison, UTF-8, formatting, and the growing buffer. */
#include "base/text.h"

#include <stdio.h>

#include "base/memory.h"

int svcr_text_compare(svcr_text a, svcr_text b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;

    if (order == 0) {
        return (a.size > b.size) - (a.size < b.size);
    }
    return order;
}

bool svcr_text_starts(svcr_text text, svcr_text prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

bool svcr_text_same_nocase(svcr_text a, svcr_text b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (svcr_lower(a.data[i]) != svcr_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

svcr_text svcr_text_cut(svcr_text text, size_t max)
{
    if (text.size > max) {
        /* Back over the bytes that continue a character, to its first byte. */
        while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80) {
            max--;
        }
        text.size = max;
    }
    return text;
}

size_t svcr_text_vformat(char *out, size_t capacity, const char *format, va_list arguments)
{
    static const char more[] = "...";
    int length = vsnprintf(out, capacity, format, arguments);
    size_t size = length < 0 ? 0 : (size_t)length;

    if (size >= capacity) {
        size = svcr_text_cut((svcr_text){out, capacity - 1}, capacity - sizeof(more)).size;
        memcpy(out + size, more, sizeof(more));
        size += sizeof(more) - 1;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f) {
            out[i] = ' ';
        }
    }
    return size;
}

static inline bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Well-formed sequences after table 3-7 of the Unicode Standard: the second byte of some lead bytes
 * has a narrower range, which rules out overlong forms, surrogates and what lies beyond U+10FFFF.
 */
size_t svcr_utf8_decode(const char *data, size_t size, uint32_t *character)
{
    const unsigned char *p = (const unsigned char *)data;
    uint32_t lead;

    if (size == 0) {
        return 0;
    }
    lead = p[0];
    if (lead < 0x80) {
        *character = lead;
        return 1;
    }
    if (lead < 0xc2 || size < 2 || !continues(p[1])) {
        return 0;
    }
    if (lead < 0xe0) {
        *character = (lead & 0x1f) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if (size < 3 || !continues(p[2])) {
        return 0;
    }
    if (lead < 0xf0) {
        *character = (lead & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        return *character < 0x800 || (*character & 0xf800) == 0xd800 ? 0 : 3;
    }
    if (lead > 0xf4 || size < 4 || !continues(p[3])) {
        return 0;
    }
    *character = (lead & 0x07) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    return *character < 0x10000 || *character > 0x10ffff ? 0 : 4;
}

size_t svcr_utf8_encode(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xc0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xe0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3f));
        out[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3f));
    out[2] = (char)(0x80 | (character >> 6 & 0x3f));
    out[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

static inline uint64_t high_bits(const char *data)
{
    uint64_t word;

    memcpy(&word, data, sizeof(word));
    return word & UINT64_C(0x8080808080808080);
}

/* Number of ASCII bytes at the start, at least up to the block of 8 that holds another one. */
static size_t ascii_prefix(const char *data, size_t size)
{
    size_t at = 0;

    while (size - at >= 32 && !(high_bits(data + at) | high_bits(data + at + 8) |
                                high_bits(data + at + 16) | high_bits(data + at + 24))) {
        at += 32;
    }
    while (size - at >= 8 && !high_bits(data + at)) {
        at += 8;
    }
    while (at < size && (unsigned char)data[at] < 0x80) {
        at++;
    }
    return at;
}

bool svcr_utf8_valid(const char *data, size_t size)
{
    size_t at = 0;

    while (at < size) {
        at += ascii_prefix(data + at, size - at);
        while (at < size && (unsigned char)data[at] >= 0x80) {
            uint32_t character;
            size_t step = svcr_utf8_decode(data + at, size - at, &character);

            if (step == 0) {
                return false;
            }
            at += step;
        }
    }
    return true;
}

void svcr_buffer_init(struct svcr_buffer *buffer, struct svcroute_context *context)
{
    *buffer = (struct svcr_buffer){.context = context};
}

void svcr_buffer_free(struct svcr_buffer *buffer)
{
    svcr_release(buffer->context, buffer->data, buffer->capacity);
    svcr_buffer_init(buffer, buffer->context);
}

static bool grow(struct svcr_buffer *buffer, size_t size)
{
    size_t need, capacity = buffer->capacity;
    char *data;

    if (buffer->failed || !svcr_size_add(buffer->size, size, &need)) {
        buffer->failed = true;
        return false;
    }
    if (!svcr_size_add(capacity, capacity, &capacity) || capacity < need) {
        capacity = need;
    }
    if (capacity < 64) {
        capacity = 64;
    }
    data = svcr_resize(buffer->context, buffer->data, buffer->capacity, capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

char *svcr_buffer_reserve(struct svcr_buffer *buffer, size_t size)
{
    if ((buffer->failed || size > buffer->capacity - buffer->size || !buffer->data) &&
        !grow(buffer, size)) {
        return NULL;
    }
    return buffer->data + buffer->size;
}

void svcr_buffer_add(struct svcr_buffer *buffer, const char *data, size_t size)
{
    if (size > 0) {
        char *end = svcr_buffer_reserve(buffer, size);

        if (end) {
            memcpy(end, data, size);
            buffer->size += size;
        }
    }
}

void svcr_buffer_add_text(struct svcr_buffer *buffer, svcr_text text)
{
    svcr_buffer_add(buffer, text.data, text.size);
}

void svcr_buffer_add_string(struct svcr_buffer *buffer, const char *string)
{
    svcr_buffer_add(buffer, string, strlen(string));
}

void svcr_buffer_add_char(struct svcr_buffer *buffer, char c)
{
    char *end = svcr_buffer_reserve(buffer, 1);

    if (end) {
        *end = c;
        buffer->size++;
    }
}

size_t svcr_integer_write(char out[SVCR_INTEGER_MAX], int64_t value)
{
    char digits[SVCR_INTEGER_MAX];
    size_t at = sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

void svcr_buffer_add_integer(struct svcr_buffer *buffer, int64_t value)
{
    char text[SVCR_INTEGER_MAX];

    svcr_buffer_add(buffer, text, svcr_integer_write(text, value));
}

void svcr_buffer_printf(struct svcr_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    char *end;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    end = svcr_buffer_reserve(buffer, (size_t)length + 1);
    if (end) {
        va_start(arguments, format);
        vsnprintf(end, (size_t)length + 1, format, arguments);
        va_end(arguments);
        buffer->size += (size_t)length;
    }
}
