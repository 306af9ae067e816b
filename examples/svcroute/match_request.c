/* The request of `svcroute match`: from METHOD, URL and headers to what rules look at. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "memory.h"

__attribute__((format(printf, 3, 4))) static bool refuse(struct asked *asked, uint32_t status,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    asked->refusal.status = status;
    vsnprintf(asked->refusal.why, sizeof asked->refusal.why, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool same_letters(struct svcroute_text text, const char *lower)
{
    bool same = text.size == strlen(lower);
    for (size_t i = 0; same && i < text.size; i++) {
        char byte = text.data[i];
        same = (byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) == lower[i];
    }
    return same;
}

static struct svcroute_text behind(struct svcroute_text text, size_t size)
{
    return (struct svcroute_text){text.data + size, text.size - size};
}

/* ---- headers ------------------------------------------------------------------------------ */

/* "Name: value", blanks around the value left out. */
static bool split_header(const char *line, struct svcroute_text *name, struct svcroute_text *value)
{
    const char *colon = strchr(line, ':');
    if (colon == NULL || colon == line) {
        complain(line, "is no header; -H needs 'Name: value'");
        return false;
    }
    *name = (struct svcroute_text){line, (size_t)(colon - line)};
    *value = text_of(colon + 1);
    while (value->size > 0 && is_blank(value->data[0])) {
        *value = behind(*value, 1);
    }
    while (value->size > 0 && is_blank(value->data[value->size - 1])) {
        value->size--;
    }
    for (size_t i = 0; i < name->size; i++) {
        if ((unsigned char)name->data[i] <= ' ' || (unsigned char)name->data[i] >= 0x7f) {
            complain(line, "is no header; the name holds a blank, or what no name may hold");
            return false;
        }
    }
    return true;
}

/* A balancer reads the cookies of one text. */
static void add_cookies(struct asked *asked, struct svcroute_text value)
{
    size_t old = asked->cookies.size, between = old > 0 ? 2 : 0;
    char *bytes = memory_new(old + between + value.size + 1, 1);
    if (old > 0) {
        memcpy(bytes, asked->cookie_bytes, old);
        memcpy(bytes + old, "; ", between);
    }
    if (value.size > 0) {
        memcpy(bytes + old + between, value.data, value.size);
    }
    free(asked->cookie_bytes);
    asked->cookie_bytes = bytes;
    asked->cookies = (struct svcroute_text){bytes, old + between + value.size};
}

/* The Host header is kept apart, as no rule finds it among the headers; one that is given replaces
 * that of the URL, as with curl. */
static bool read_headers(struct asked *asked, const struct values *lines)
{
    bool host = false;
    asked->headers = memory_new(2 * lines->num, sizeof *asked->headers);
    asked->request.headers = asked->headers;
    for (size_t i = 0; i < lines->num; i++) {
        struct svcroute_text name, value;
        if (!split_header(lines->items[i], &name, &value)) {
            return false;
        }
        if (same_letters(name, "host")) {
            if (host) {
                refuse(asked, 400, "a request has one Host header, not several");
            }
            host = true;
            asked->request.host = value;
            continue;
        }
        if (same_letters(name, "cookie")) {
            add_cookies(asked, value);
        }
        asked->headers[2 * asked->request.num_headers] = name;
        asked->headers[2 * asked->request.num_headers + 1] = value;
        asked->request.num_headers++;
    }
    return true;
}

/* ---- URL ---------------------------------------------------------------------------------- */

/* What stands behind "://"; absent for a scheme that is none of those that routes are for. */
static struct svcroute_text behind_scheme(const char *url, uint32_t *flags)
{
    static const struct {
        const char *name;
        uint32_t flags;
    } schemes[] = {
        {"http", SVCROUTE_MATCH_PLAIN},
        {"https", SVCROUTE_MATCH_TLS},
        {"ws", SVCROUTE_MATCH_PLAIN},
        {"wss", SVCROUTE_MATCH_TLS},
    };
    const char *colon = strstr(url, "://");
    struct svcroute_text scheme = {url, colon != NULL ? (size_t)(colon - url) : 0};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (same_letters(scheme, schemes[i].name)) {
            *flags = schemes[i].flags;
            return text_of(colon + 3);
        }
    }
    return (struct svcroute_text){NULL, 0};
}

/* The request target of a URL, always with http, since a target is no more than its parts here. */
static struct svcroute_text target_of(struct asked *asked, struct svcroute_text rest)
{
    static const char scheme[] = "http://";
    const char *hash = memchr(rest.data, '#', rest.size);
    if (hash != NULL) {
        asked->fragment = behind(rest, (size_t)(hash - rest.data));
        rest.size -= asked->fragment.size;
    }
    asked->target = memory_new(sizeof scheme + rest.size, 1);
    memcpy(asked->target, scheme, sizeof scheme - 1);
    memcpy(asked->target + sizeof scheme - 1, rest.data, rest.size);
    return text_of(asked->target);
}

/* True if an authority, up to the path, is not in ASCII alone. */
static bool is_foreign(struct svcroute_text rest)
{
    bool foreign = false;
    for (size_t i = 0; !foreign && i < rest.size && strchr("/?#", rest.data[i]) == NULL; i++) {
        foreign = (unsigned char)rest.data[i] >= 0x80;
    }
    return foreign;
}

static bool read_url(struct asked *asked, const char *method, const char *url)
{
    struct svcroute_target target = {.size = sizeof target};
    struct svcroute_text text = text_of(url);
    struct svcroute_text rest = behind_scheme(url, &asked->request.flags);
    if (rest.data != NULL) {
        text = target_of(asked, rest);
    } else if (url[0] != '/' && strcmp(url, "*") != 0 && strcmp(method, "CONNECT") != 0) {
        complain(url, "is no URL; it begins with http:// or https://, or is a path with its / "
                      "(and -H 'Host: NAME')");
        return false;
    }
    if (svcroute_target_read(text, &target) != 0) {
        refuse(asked, 400,
               rest.data != NULL && is_foreign(rest)
                   ? "the host holds characters that are not ASCII; write it as xn--..."
                   : "no request can have this target: there is a blank or control byte in it, or "
                     "its host is none");
        asked->received = text;
        return true;
    }
    asked->request.host = target.authority;
    asked->request.query = target.query;
    asked->received = target.path;
    return true;
}

/* ---- path --------------------------------------------------------------------------------- */

static const struct {
    const char *name, *escape;
    uint32_t flag;
} characters[] = {
    {"slash", "%2F", SVCROUTE_PATH_ALLOW_SLASH},
    {"backslash", "%5C", SVCROUTE_PATH_ALLOW_BACKSLASH},
    {"nul", "%00", SVCROUTE_PATH_ALLOW_NUL},
    {"semicolon", "%3B", SVCROUTE_PATH_ALLOW_SEMICOLON},
    {"percent", "%25", SVCROUTE_PATH_ALLOW_PERCENT},
    {"question", "%3F", SVCROUTE_PATH_ALLOW_QUESTION},
    {"hash", "%23", SVCROUTE_PATH_ALLOW_HASH},
};

enum { NUM_CHARACTERS = sizeof characters / sizeof characters[0] };

static bool allow_item(struct svcroute_text item, uint32_t all, uint32_t *allow)
{
    if (item.size == 0 || same_letters(item, "none")) {
        return true;
    }
    if (same_letters(item, "all")) {
        *allow |= all;
        return true;
    }
    for (size_t i = 0; i < NUM_CHARACTERS; i++) {
        if (same_letters(item, characters[i].name)) {
            *allow |= characters[i].flag;
            return true;
        }
    }
    complain("--allow-encoded", "knows slash, backslash, nul, semicolon, percent, question, hash, "
                                "all and none");
    return false;
}

static bool read_allowed(const struct values *lists, uint32_t profile, uint32_t *allow)
{
    bool traefik = profile == SVCROUTE_PROFILE_TRAEFIK_V3;
    uint32_t all = traefik ? SVCROUTE_PATH_ALLOW_ALL : SVCROUTE_PATH_ALLOW_CHARACTERS;
    *allow = traefik && lists->num == 0 ? all : 0;
    for (size_t i = 0; i < lists->num; i++) {
        const char *at = lists->items[i];
        for (size_t size; *at != '\0'; at += size + (at[size] == ',')) {
            size = strcspn(at, ",");
            if (!allow_item((struct svcroute_text){at, size}, all, allow)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_clean(struct svcroute_text path, uint32_t allow)
{
    size_t size;
    return svcroute_path_clean(path, allow, NULL, 0, &size) != SVCROUTE_ERR_BAD_REQUEST;
}

/* Which permission it would take is found by trying. */
static void refuse_path(struct asked *asked, uint32_t allow)
{
    char needed[96] = "", option[96] = "";
    if (!is_clean(asked->received, SVCROUTE_PATH_ALLOW_ALL)) {
        refuse(
            asked, 400,
            "no request can have this path: a \"%%\" is not followed by two hex digits, or there "
            "is a blank, a control byte or a \"#\" in it");
        return;
    }
    for (size_t i = 0; i < NUM_CHARACTERS; i++) {
        if ((allow & characters[i].flag) == 0 &&
            !is_clean(asked->received, SVCROUTE_PATH_ALLOW_ALL & ~characters[i].flag)) {
            size_t used = strlen(needed), filled = strlen(option);
            snprintf(needed + used, sizeof needed - used, "%s%s", used > 0 ? ", " : "",
                     characters[i].escape);
            snprintf(option + filled, sizeof option - filled, "%s%s", filled > 0 ? "," : "",
                     characters[i].name);
        }
    }
    refuse(asked, 400,
           "the path holds %s, whose meaning depends on who decodes it; a proxy that wants it says "
           "so, as --allow-encoded=%s does here",
           needed, option);
}

static void clean_path(struct asked *asked, uint32_t allow)
{
    size_t size = 0, room = 3 * asked->received.size + 2;
    asked->path = memory_new(room, 1);
    if (svcroute_path_clean(asked->received, allow, asked->path, room, &size) != 0) {
        refuse_path(asked, allow);
        return;
    }
    asked->request.path = (struct svcroute_text){asked->path, size};
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool read_method(struct asked *asked, const char *method)
{
    if (strchr(method, '/') != NULL || method[0] == '\0') {
        complain(method, "is no method; it goes ahead of the URL: svcroute match GET URL");
        return false;
    }
    for (const char *at = method; *at != '\0'; at++) {
        if (*at >= 'a' && *at <= 'z') {
            complain(method, "methods tell upper case from lower; most servers know this one in "
                             "upper case only");
            break;
        }
    }
    asked->request.method = text_of(method);
    return true;
}

bool asked_read(struct asked *asked, const struct options *options, uint32_t profile)
{
    uint32_t allow = 0;
    memset(asked, 0, sizeof *asked);
    asked->request.size = sizeof asked->request;
    asked->request.client = text_of(options->client);
    asked->request.entry_point = text_of(options->entry_point);
    bool understood = read_method(asked, options->operands[0]) &&
                      read_allowed(&options->encoded, profile, &allow) &&
                      read_url(asked, options->operands[0], options->operands[1]) &&
                      read_headers(asked, &options->headers);
    if (understood && asked->refusal.status == 0) {
        clean_path(asked, allow);
    }
    return understood;
}

void asked_free(struct asked *asked)
{
    free(asked->target);
    free(asked->path);
    free(asked->cookie_bytes);
    free(asked->headers);
}
