/* The path of a health check: a reference of RFC 3986 (section 4.1) without scheme and authority,
 * resolved against a URL that has no path (section 5.2), as the reference proxy does it.
 *
 * Which bytes stay: a path or fragment that has only bytes that are legal there stays as it is;
 * otherwise it is decoded and encoded anew, and then fewer bytes stay. A query stays as it is. */
#include "balance/probe_path.h"

enum class {
    LEGAL_PATH = 1,     /* in a path that is sent as it is */
    PLAIN_PATH = 2,     /* in one that is encoded anew */
    LEGAL_FRAGMENT = 4, /* the same of a fragment */
    PLAIN_FRAGMENT = 8,
};

static unsigned class_of(unsigned char c)
{
    if ((unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10) {
        return LEGAL_PATH | PLAIN_PATH | LEGAL_FRAGMENT | PLAIN_FRAGMENT;
    }
    if (c != 0 && strchr("-_.~$&+,/:;=@", c)) {
        return LEGAL_PATH | PLAIN_PATH | LEGAL_FRAGMENT | PLAIN_FRAGMENT;
    }
    if (c != 0 && strchr("!()*", c)) {
        return LEGAL_PATH | LEGAL_FRAGMENT | PLAIN_FRAGMENT;
    }
    if (c != 0 && strchr("'[]%", c)) {
        return LEGAL_PATH | LEGAL_FRAGMENT;
    }
    return c == '?' ? LEGAL_FRAGMENT | PLAIN_FRAGMENT : 0;
}

static bool escapes_are_good(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '%' && (text.size - i < 3 || svcr_hex_digit(text.data[i + 1]) < 0 ||
                                    svcr_hex_digit(text.data[i + 2]) < 0)) {
            return false;
        }
    }
    return true;
}

static void add_encoded(struct svcr_buffer *buffer, svcr_text text, unsigned legal, unsigned plain)
{
    static const char digits[] = "0123456789ABCDEF";
    bool good = true;

    for (size_t i = 0; i < text.size && good; i++) {
        good = (class_of((unsigned char)text.data[i]) & legal) != 0;
    }
    if (good) {
        svcr_buffer_add_text(buffer, text);
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '%') {
            c = (unsigned char)(svcr_hex_digit(text.data[i + 1]) * 16 +
                                svcr_hex_digit(text.data[i + 2]));
            i += 2;
        }
        if (class_of(c) & plain) {
            svcr_buffer_add_char(buffer, (char)c);
        } else {
            const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

            svcr_buffer_add(buffer, escape, sizeof(escape));
        }
    }
}

/* Takes the dot segments out of the path behind the "/" at `start`, in place: what is kept is never
 * longer than what was read. Segments are kept with a "/" ahead of them, except for the first and
 * one that comes after "..", when nothing is left to take along; so a path that began with "/" has
 * two now, and one goes. */
static void remove_dots(struct svcr_buffer *buffer, size_t start)
{
    char *floor = buffer->data + start + 1, *out = floor;
    const char *at = floor, *end = buffer->data + buffer->size;
    bool first = true, dots;

    for (;;) {
        const char *stop = memchr(at, '/', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);

        dots = (size == 1 && at[0] == '.') || (size == 2 && at[0] == '.' && at[1] == '.');
        if (dots && size == 2) {
            while (out > floor && out[-1] != '/') {
                out--;
            }
            out -= out > floor;
            first = out == floor;
        } else {
            if (!dots) {
                if (!first) {
                    *out++ = '/';
                }
                memmove(out, at, size);
                out += size;
            }
            first = false;
        }
        if (!stop) {
            break;
        }
        at = stop + 1;
    }
    if (dots) {
        *out++ = '/';
    }
    if (out > floor && *floor == '/') {
        memmove(floor, floor + 1, (size_t)(out - floor) - 1);
        out--;
    }
    buffer->size = (size_t)(out - buffer->data);
}

/* "//", then what could be a host: anything but another "/". Just "//" names nobody. */
static bool has_host(svcr_text path)
{
    return path.size > 2 && path.data[0] == '/' && path.data[1] == '/' && path.data[2] != '/';
}

/* A first segment with ":" would be read as a scheme. */
static bool has_scheme(svcr_text path)
{
    for (size_t i = 0; i < path.size && path.data[i] != '/'; i++) {
        if (path.data[i] == ':') {
            return true;
        }
    }
    return false;
}

static svcr_text cut_at(svcr_text *text, char mark)
{
    const char *at = text->size ? memchr(text->data, mark, text->size) : NULL;
    svcr_text rest = SVCR_TEXT_ABSENT;

    if (at) {
        rest = (svcr_text){at, (size_t)(text->data + text->size - at)};
        text->size = (size_t)(at - text->data);
    }
    return rest;
}

static bool has_control(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

bool svcr_probe_path_add(struct svcr_buffer *buffer, svcr_text path, size_t *target, bool *has_path)
{
    svcr_text fragment = cut_at(&path, '#'), query = cut_at(&path, '?');
    size_t start = buffer->size;

    if (has_control(path) || has_control(query) || has_host(path) || has_scheme(path) ||
        !escapes_are_good(path) || !escapes_are_good(fragment)) {
        return false;
    }
    if (path.size == 2 && path.data[0] == '/' && path.data[1] == '/') {
        path.size = 0;
    }
    *has_path = path.size > 0;
    svcr_buffer_add_char(buffer, '/');
    add_encoded(buffer, path, LEGAL_PATH, PLAIN_PATH);
    if (*has_path && !buffer->failed) {
        remove_dots(buffer, start);
    }
    svcr_buffer_add_text(buffer, query);
    *target = buffer->size - start;
    if (fragment.size > 1) { /* a "#" alone is not kept */
        svcr_buffer_add_char(buffer, '#');
        fragment = (svcr_text){fragment.data + 1, fragment.size - 1};
        add_encoded(buffer, fragment, LEGAL_FRAGMENT, PLAIN_FRAGMENT);
    }
    return true;
}
