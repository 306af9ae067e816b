/* Names as Traefik writes them: runs of letters and numbers, joined with "-". */
#include "base/normalize.h"

#include "base/memory.h"
#include "base/unicode_table.h"

bool svcr_is_letter_or_number(uint32_t character)
{
    size_t low = 0, high = sizeof(letter_edges) / sizeof(letter_edges[0]);

    if (character < 0x80) {
        return (character >= '0' && character <= '9') ||
               ((character | 0x20) >= 'a' && (character | 0x20) <= 'z');
    }
    /* The number of edges up to this character: odd inside a run. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (letter_edges[middle] <= character) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low & 1;
}

/* ASCII letters and digits. */
static const bool keeps[128] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['A'] = true, ['B'] = true,
    ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
    ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true,
    ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true,
    ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true,
    ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true,
    ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true,
    ['y'] = true, ['z'] = true,
};

/* Ends a run of letters and numbers; a "-" at the very end goes away when the name is finished. */
static inline char *split(const char *begin, char *end)
{
    if (end != begin && end[-1] != '-') {
        *end++ = '-';
    }
    return end;
}

/* Adds one part and the split behind it; never more bytes than the part has, plus one. */
static char *put_part(const char *begin, char *end, svcr_text part)
{
    size_t at = 0;

    while (at < part.size) {
        unsigned char byte = (unsigned char)part.data[at];
        uint32_t character;
        size_t step;

        if (byte < 0x80) {
            if (keeps[byte]) {
                *end++ = (char)byte;
            } else {
                end = split(begin, end);
            }
            at++;
            continue;
        }
        step = svcr_utf8_decode(part.data + at, part.size - at, &character);
        if (step > 0 && svcr_is_letter_or_number(character)) {
            memcpy(end, part.data + at, step);
            end += step;
        } else {
            end = split(begin, end);
        }
        at += step > 0 ? step : 1; /* a malformed byte splits, and what follows it is read afresh */
    }
    return split(begin, end);
}

void svcr_normalize(struct svcr_buffer *buffer, const svcr_text *parts, size_t num)
{
    size_t room = num;
    char *begin, *end;

    for (size_t i = 0; i < num; i++) {
        if (!svcr_size_add(room, parts[i].size, &room)) {
            buffer->failed = true;
            return;
        }
    }
    begin = svcr_buffer_reserve(buffer, room);
    if (!begin) {
        return;
    }
    end = begin;
    for (size_t i = 0; i < num; i++) {
        end = put_part(begin, end, parts[i]);
    }
    if (end != begin && end[-1] == '-') {
        end--;
    }
    buffer->size += (size_t)(end - begin);
}
