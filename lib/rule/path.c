/* Paths of requests: the clean form that is forwarded, and the form that rules compare.
 *
 * A path is a row of characters, each one byte or an escape "%XX" of one. What becomes of a
 * character depends on whether the path holds a byte that is not legal in it. Profile traefik-v3
 * does what the reference does (net/url of Go, behaviour section 11): such a path is decoded as a
 * whole and encoded again, so that "%2F" in it turns into "/". Profile default encodes that byte
 * and leaves the others alone.
 *
 * Cleaning walks over a path from its end to its beginning (RFC 3986 section 5.2.4 the other way
 * round): a ".." met there takes away the next segment that is a name, so nothing written is ever
 * taken back, and the size can be found without writing. Backwards, too, an escape is told from its
 * hexadecimal digits: the byte two places ahead of a digit is "%" only there. */
#include "rule/path.h"

#include <svcroute/error.h>
#include <svcroute/match.h>

/* Rows of 16; the bits are in path.h. */
const uint8_t svcr_octets[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xf9, 0x10, 0x98, 0xfb, 0xf8, 0xfb, 0xf9, 0x79, 0x79, 0xf9, 0xfb, 0x7b, 0xf7, 0xf7, 0x1b,
    0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0x3b, 0x7b, 0x10, 0x7b, 0x10, 0x18,
    0x1b, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7,
    0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0xb7, 0x39, 0x10, 0x39, 0x90, 0xf7,
    0x90, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7,
    0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0xf7, 0x10, 0x90, 0x10, 0xf7, 0x00,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
};

unsigned svcr_octets_shared(svcr_text text)
{
    const uint8_t *at = (const uint8_t *)text.data;
    unsigned even = 255, odd = 255;
    size_t i = 0;
    for (; i + 4 <= text.size; i += 4) {
        even &= (unsigned)svcr_octets[at[i]] & svcr_octets[at[i + 2]];
        odd &= (unsigned)svcr_octets[at[i + 1]] & svcr_octets[at[i + 3]];
    }
    for (; i < text.size; i++) {
        even &= svcr_octets[at[i]];
    }
    return even & odd;
}

/* The byte that an escape stands for, or -1: it is none, or cut off. */
static int escaped_byte(svcr_text path, size_t at)
{
    if (path.size - at < 3) {
        return -1;
    }
    int high = svcr_hex_digit(path.data[at + 1]);
    int low = svcr_hex_digit(path.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static void put_escape(char *out, uint8_t byte)
{
    out[0] = '%';
    out[1] = "0123456789ABCDEF"[byte >> 4];
    out[2] = "0123456789ABCDEF"[byte & 15];
}

/* ---- the path that rules compare ---- */

/* Whether a path has a byte that is not legal; false as well where the caller finds out itself that
 * it is bad. */
static bool has_odd_byte(svcr_text path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (!svcr_octet_is(path.data[i], SVCR_OCTET_PATH) && path.data[i] != '%') {
            return true;
        }
    }
    return false;
}

/* How one character of the path is written for rules: encoded or not. */
static bool stays_encoded(bool traefik, bool odd, bool escape, uint8_t byte, char last_digit)
{
    unsigned classes = svcr_octets[byte];
    if (traefik && odd) {
        return (classes & SVCR_OCTET_RESERVED) != 0 && (classes & SVCR_OCTET_KEPT) == 0;
    }
    if (!escape) {
        /* Not legal, so it was encoded first. */
        return (classes & SVCR_OCTET_RESERVED) != 0 && (classes & SVCR_OCTET_PATH) == 0;
    }
    /* The reference knows the escapes of reserved characters by their capitals alone. */
    return (classes & SVCR_OCTET_RESERVED) != 0 && !(traefik && last_digit >= 'a');
}

int svcr_path_route(svcr_text path, bool traefik, char *out, size_t capacity, svcr_text *routing)
{
    unsigned shared = svcr_octets_shared(path);
    size_t used = 0;
    *routing = path;
    if ((shared & SVCR_OCTET_PATH) != 0) {
        return 0;
    }
    if ((shared & SVCR_OCTET_VISIBLE) == 0) {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    bool odd = has_odd_byte(path);
    for (size_t i = 0; i < path.size; i++) {
        bool escape = path.data[i] == '%';
        int byte = escape ? escaped_byte(path, i) : (uint8_t)path.data[i];
        if (byte < 0) {
            return SVCROUTE_ERR_BAD_REQUEST;
        }
        i += escape ? 2 : 0;
        bool encoded = stays_encoded(traefik, odd, escape, (uint8_t)byte, path.data[i]);
        size_t size = encoded ? 3 : 1;
        if (capacity - used < size) {
            return SVCROUTE_ERR_LIMIT;
        }
        if (encoded) {
            put_escape(out + used, (uint8_t)byte);
        } else {
            out[used] = (char)byte;
        }
        used += size;
    }
    *routing = (svcr_text){used > 0 ? out : "", used};
    return 0;
}

/* ---- the clean path ---- */

static uint32_t allowing_flag(int byte)
{
    switch (byte) {
    case '/':
        return SVCROUTE_PATH_ALLOW_SLASH;
    case '\\':
        return SVCROUTE_PATH_ALLOW_BACKSLASH;
    case '\0':
        return SVCROUTE_PATH_ALLOW_NUL;
    case ';':
        return SVCROUTE_PATH_ALLOW_SEMICOLON;
    case '%':
        return SVCROUTE_PATH_ALLOW_PERCENT;
    case '?':
        return SVCROUTE_PATH_ALLOW_QUESTION;
    case '#':
        return SVCROUTE_PATH_ALLOW_HASH;
    default:
        return 0;
    }
}

/* Whether there is anything to clean in a path that has only legal bytes and begins with "/". */
static bool is_clean(svcr_text path)
{
    unsigned awkward = 0;
    for (size_t i = 1; i < path.size; i++) {
        awkward |= (unsigned)(path.data[i - 1] == '/') &
                   ((unsigned)(path.data[i] == '/') | (unsigned)(path.data[i] == '.'));
    }
    return awkward == 0;
}

/* Checks a path for all that is refused. *odd: it has a byte that is not legal. */
static int check_path(svcr_text path, uint32_t allow, bool *odd)
{
    *odd = false;
    if (path.data[0] != '/') {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    for (size_t i = 0; i < path.size; i++) {
        bool escape = path.data[i] == '%';
        int byte = escape ? escaped_byte(path, i) : (uint8_t)path.data[i];
        if (byte < 0 || byte == (escape ? -1 : '#')) {
            return SVCROUTE_ERR_BAD_REQUEST;
        }
        if (escape) {
            i += 2;
        } else if (svcr_octet_is(path.data[i], SVCR_OCTET_PATH)) {
            continue;
        } else if (svcr_octet_is(path.data[i], SVCR_OCTET_VISIBLE)) {
            *odd = true;
        } else {
            return SVCROUTE_ERR_BAD_REQUEST;
        }
        if ((allowing_flag(byte) & ~allow) != 0) {
            return SVCROUTE_ERR_BAD_REQUEST;
        }
    }
    return 0;
}

/* A checked path on its way from the end to the beginning, and what is written of it. */
struct walk {
    svcr_text path;
    size_t left;  /* bytes not yet looked at */
    bool decoded; /* the path counts as decoded */
    char *out;    /* where the byte behind the next one written lies; NULL: count only */
    size_t size;  /* bytes written */
};

struct character {
    uint8_t byte;
    bool encoded;   /* it will be written as an escape */
    bool separator; /* "/" between segments */
};

/* Takes the last character of what is left. */
static inline struct character take(struct walk *walk)
{
    bool escape = walk->left >= 3 && walk->path.data[walk->left - 3] == '%';
    struct character character;
    walk->left -= escape ? 3 : 1;
    character.byte = (uint8_t)(escape ? escaped_byte(walk->path, walk->left)
                                      : (uint8_t)walk->path.data[walk->left]);
    character.encoded = !svcr_octet_is((char)character.byte, walk->decoded ? SVCR_OCTET_KEPT
                                                             : escape      ? SVCR_OCTET_UNRESERVED
                                                                           : SVCR_OCTET_PATH);
    character.separator = character.byte == '/' && (walk->decoded || !escape);
    return character;
}

static inline void put(struct walk *walk, struct character character)
{
    size_t size = character.encoded ? 3 : 1;
    walk->size += size;
    if (walk->out == NULL) {
        return;
    }
    walk->out -= size;
    if (character.encoded) {
        put_escape(walk->out, character.byte);
    } else {
        *walk->out = (char)character.byte;
    }
}

static const struct character slash = {.byte = '/', .separator = true};

struct segment {
    unsigned dots; /* the number of its characters if all are ".", else 3 */
    size_t size;   /* as written, with the "/" ahead of it */
};

/* Walks over the last segment of what is left and the "/" ahead of it. */
static struct segment skip_segment(struct walk *walk)
{
    struct segment segment = {0, 0};
    struct character character;
    do {
        character = take(walk);
        segment.size += character.encoded ? 3 : 1;
        if (!character.separator) {
            segment.dots = character.byte == '.' && segment.dots < 3 ? segment.dots + 1 : 3;
        }
    } while (!character.separator);
    return segment;
}

static void write_segment(struct walk *walk)
{
    struct character character;
    do {
        character = take(walk);
        put(walk, character);
    } while (!character.separator);
}

/* Writes the clean path so that it ends ahead of `end`, or NULL to count only; gives its size. */
static size_t write_clean(svcr_text path, bool decoded, char *end)
{
    struct walk walk = {.path = path, .left = path.size, .decoded = decoded, .out = end};
    bool ends_open = take(&walk).separator; /* a "/" at the end stays, whatever goes ahead of it */
    size_t parents = 0;
    walk.left = path.size;
    while (walk.left > 0) {
        size_t start = walk.left;
        struct segment segment = skip_segment(&walk);
        if (segment.dots == 2) {
            parents++;
        } else if (segment.dots > 2 && parents > 0) {
            parents--;
        } else if (segment.dots > 2) {
            if (walk.size == 0 && ends_open) {
                put(&walk, slash);
            }
            if (end != NULL) {
                walk.left = start;
                write_segment(&walk);
            } else {
                walk.size += segment.size;
            }
        }
    }
    if (walk.size == 0) {
        put(&walk, slash);
    }
    return walk.size;
}

static int copy_out(svcr_text path, char *out, size_t capacity, size_t *size)
{
    *size = path.size;
    if (capacity < path.size) {
        return SVCROUTE_ERR_SPACE;
    }
    memcpy(out, path.data, path.size);
    return 0;
}

int svcroute_path_clean(struct svcroute_text path, uint32_t allow, char *out, size_t capacity,
                        size_t *size)
{
    bool odd;
    if (size == NULL || (out == NULL && capacity > 0) || (path.data == NULL && path.size > 0) ||
        path.size > SIZE_MAX / 4 || (allow & ~(uint32_t)SVCROUTE_PATH_ALLOW_ALL) != 0) {
        return SVCROUTE_ERR_INVALID;
    }
    *size = 0;
    if (path.size == 0) {
        return copy_out(SVCR_TEXT("/"), out, capacity, size);
    }
    if (svcr_text_same(path, SVCR_TEXT("*")) ||
        (path.data[0] == '/' && (svcr_octets_shared(path) & SVCR_OCTET_PATH) != 0 &&
         is_clean(path))) {
        return copy_out(path, out, capacity, size);
    }
    int error = check_path(path, allow, &odd);
    if (error != 0) {
        return error;
    }
    odd = odd && (allow & SVCROUTE_PATH_DECODE) != 0;
    *size = write_clean(path, odd, NULL);
    if (capacity < *size) {
        return SVCROUTE_ERR_SPACE;
    }
    write_clean(path, odd, out + *size);
    return 0;
}
