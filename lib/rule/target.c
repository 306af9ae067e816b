/* Request targets taken apart (RFC 9112 section 3.2, RFC 3986 section 3.2), as far as a proxy needs
 * it: authority, path and query. What HTTP forbids in an authority is refused, as two readers of
 * one line must not see two hosts in it. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "base/address.h"
#include "base/memory.h"
#include "rule/path.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The bytes of "scheme://" at the start; 0 if it does not start so. */
static size_t scheme_size(svcr_text target)
{
    size_t at = 0;
    while (at < target.size && (is_letter(target.data[at]) ||
                                (at > 0 && (is_digit(target.data[at]) || target.data[at] == '+' ||
                                            target.data[at] == '-' || target.data[at] == '.')))) {
        at++;
    }
    return at > 0 && target.size - at >= 3 && memcmp(target.data + at, "://", 3) == 0 ? at + 3 : 0;
}

/* ":" and digits; or nothing, unless a port is needed. */
static bool is_port(svcr_text text, bool needed)
{
    if (text.size == 0) {
        return !needed;
    }
    for (size_t i = 1; i < text.size; i++) {
        if (!is_digit(text.data[i])) {
            return false;
        }
    }
    return text.data[0] == ':';
}

/* The bytes of a name without escapes, or of an IPv6 address in brackets without a zone, ahead of
 * the port; 0: there is none, or it is not well-formed. */
static size_t host_size(svcr_text text)
{
    size_t size = 0;
    if (text.size > 0 && text.data[0] == '[') {
        const char *close = memchr(text.data, ']', text.size);
        struct svcr_address address;
        if (close == NULL) {
            return 0;
        }
        size = (size_t)(close - text.data) + 1;
        svcr_address_parse((svcr_text){text.data + 1, size - 2}, &address);
        return address.size == 16 ? size : 0;
    }
    while (size < text.size && text.data[size] != ':') {
        if (!svcr_octet_is(text.data[size], SVCR_OCTET_HOST) || text.data[size] == '%' ||
            text.data[size] == '[' || text.data[size] == ']') {
            return 0;
        }
        size++;
    }
    return size;
}

static bool is_authority(svcr_text text, bool port_needed)
{
    size_t host = host_size(text);
    return host > 0 && is_port((svcr_text){text.data + host, text.size - host}, port_needed);
}

/* Whether what stands ahead of an "@" may be there (RFC 3986 section 3.2.1). */
static bool is_user(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '%') {
            if (text.size - i < 3 || svcr_hex_digit(text.data[i + 1]) < 0 ||
                svcr_hex_digit(text.data[i + 2]) < 0) {
                return false;
            }
        } else if (!svcr_octet_is(text.data[i], SVCR_OCTET_HOST) || text.data[i] == '[' ||
                   text.data[i] == ']') {
            return false;
        }
    }
    return true;
}

/* Leaves out user information. */
static bool read_authority(svcr_text text, svcr_text *authority)
{
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != '@') {
        at--;
    }
    *authority = (svcr_text){text.data + at, text.size - at};
    return (at == 0 || is_user((svcr_text){text.data, at - 1})) && is_authority(*authority, false);
}

/* Cuts `rest` at its first "?". */
static void cut_query(svcr_text *rest, svcr_text *query)
{
    const char *mark = rest->size > 0 ? memchr(rest->data, '?', rest->size) : NULL;
    if (mark != NULL) {
        size_t size = (size_t)(mark - rest->data);
        *query = (svcr_text){mark + 1, rest->size - size - 1};
        rest->size = size;
    }
}

static bool read_absolute(svcr_text rest, struct svcroute_target *out)
{
    size_t size;
    out->form = SVCROUTE_TARGET_ABSOLUTE;
    cut_query(&rest, &out->query);
    const char *slash = rest.size > 0 ? memchr(rest.data, '/', rest.size) : NULL;
    size = slash != NULL ? (size_t)(slash - rest.data) : rest.size;
    out->path = (svcr_text){rest.data + size, rest.size - size};
    return read_authority((svcr_text){rest.data, size}, &out->authority);
}

static bool read_target(svcr_text target, struct svcroute_target *out)
{
    if (target.size == 0 || (svcr_octets_shared(target) & SVCR_OCTET_VISIBLE) == 0) {
        return false;
    }
    if (target.data[0] == '/') {
        out->form = SVCROUTE_TARGET_ORIGIN;
        cut_query(&target, &out->query);
        out->path = target;
        return true;
    }
    if (svcr_text_same(target, SVCR_TEXT("*"))) {
        out->form = SVCROUTE_TARGET_ASTERISK;
        out->path = target;
        return true;
    }
    size_t scheme = scheme_size(target);
    if (scheme > 0) {
        return read_absolute((svcr_text){target.data + scheme, target.size - scheme}, out);
    }
    /* Only a port tells a host from anything else. */
    out->form = SVCROUTE_TARGET_AUTHORITY;
    out->authority = target;
    out->path = (svcr_text){target.data + target.size, 0};
    return is_authority(target, true);
}

int svcroute_target_read(struct svcroute_text target, struct svcroute_target *out)
{
    const size_t first = SVCR_SIZE_UP_TO(struct svcroute_target, reserved);
    struct svcroute_target own = {.size = 0};
    if (out == NULL || (target.data == NULL && target.size > 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = svcr_struct_check(out, first);
    if (error != 0) {
        return error;
    }
    if (!read_target(target, &own)) {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    svcr_struct_write(out, &own, sizeof(own));
    return 0;
}
