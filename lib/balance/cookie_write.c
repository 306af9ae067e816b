/* Composing Set-Cookie headers. Whatever the configuration says, what comes out is a token, "=",
 * the value and attributes of printable ASCII without a semicolon of their own: nobody can begin
 * another attribute or header line. */
#include "balance/cookie.h"

#include <svcroute/error.h>

#include "base/address.h"
#include "base/digest.h"
#include "base/memory.h"

static bool is_letter(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(unsigned char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool is_token(unsigned char c)
{
    return is_letter(c) || is_digit(c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Each character that a token may not have becomes "_"; a byte that is not UTF-8 is one. */
static void add_token(struct svcr_buffer *buffer, svcr_text text)
{
    size_t at = 0;

    while (at < text.size) {
        uint32_t character;
        size_t step = svcr_utf8_decode(text.data + at, text.size - at, &character);
        bool kept = step == 1 && is_token((unsigned char)text.data[at]);

        svcr_buffer_add_char(buffer, kept ? text.data[at] : '_');
        at += step ? step : 1;
    }
}

static int add_derived(struct svcr_buffer *buffer, svcr_text service)
{
    struct svcr_buffer input;
    uint8_t digest[20];
    int status;

    svcr_buffer_init(&input, buffer->context);
    svcr_buffer_add_string(&input, "_TRAEFIK_BACKEND_");
    svcr_buffer_add_text(&input, service);
    status = input.failed ? SVCROUTE_ERR_NOMEM
                          : svcr_sha1(buffer->context, input.data, input.size, digest);
    svcr_buffer_free(&input);
    if (status == SVCROUTE_OK) {
        svcr_buffer_add_char(buffer, '_');
        for (size_t i = 0; i < 5; i++) {
            unsigned nibble = i % 2 ? digest[i / 2] & 15u : digest[i / 2] >> 4;

            svcr_buffer_add_char(buffer, "0123456789abcdef"[nibble]);
        }
    }
    return status;
}

static void add_path(struct svcr_buffer *buffer, svcr_text path, bool traefik)
{
    size_t before = buffer->size, start;

    if (path.size == 0) {
        return;
    }
    svcr_buffer_add_string(buffer, "; Path=");
    start = buffer->size;
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];

        if (c >= 0x20 && c <= 0x7e && c != ';') {
            svcr_buffer_add_char(buffer, c);
        }
    }
    if (buffer->size == start && !traefik) {
        buffer->size = before;
    }
}

/* Labels of 1 to 63 letters, digits and inner "-", at least one letter in all; one trailing dot is
 * allowed. */
static bool is_domain_name(svcr_text name)
{
    bool letter = false;
    size_t label = 0;

    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];

        if (c == '.') {
            if (label == 0 || label > 63 || name.data[i - 1] == '-') {
                return false;
            }
            label = 0;
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && (c != '-' || label == 0)) {
            return false;
        }
        letter = letter || is_letter(c);
        label++;
    }
    return letter && label <= 63 && name.data[name.size - 1] != '-';
}

static void add_domain(struct svcr_buffer *buffer, svcr_text domain)
{
    struct svcr_address address;

    svcr_address_parse(domain, &address);
    if (address.size != 4) {
        if (domain.size > 255) { /* a leading dot counts */
            return;
        }
        if (domain.size > 0 && domain.data[0] == '.') {
            domain = (svcr_text){domain.data + 1, domain.size - 1};
        }
        if (!is_domain_name(domain)) {
            return;
        }
    }
    svcr_buffer_add_string(buffer, "; Domain=");
    svcr_buffer_add_text(buffer, domain);
}

static void add_attributes(struct svcr_buffer *buffer, const struct svcr_cookie_settings *settings)
{
    static const struct {
        svcr_text given;
        const char *sent;
    } same_site[] = {
        {{"none", 4}, "; SameSite=None"},
        {{"lax", 3}, "; SameSite=Lax"},
        {{"strict", 6}, "; SameSite=Strict"},
    };

    add_path(buffer, settings->path, settings->traefik);
    add_domain(buffer, settings->domain);
    if (settings->max_age != 0) {
        svcr_buffer_add_string(buffer, "; Max-Age=");
        svcr_buffer_add_integer(buffer, settings->max_age > 0 ? settings->max_age : 0);
    }
    if (settings->http_only) {
        svcr_buffer_add_string(buffer, "; HttpOnly");
    }
    if (settings->secure) {
        svcr_buffer_add_string(buffer, "; Secure");
    }
    for (size_t i = 0; i < sizeof(same_site) / sizeof(same_site[0]); i++) {
        if (svcr_text_same_nocase(settings->same_site, same_site[i].given)) {
            svcr_buffer_add_string(buffer, same_site[i].sent);
        }
    }
}

int svcr_cookie_recipe_new(struct svcr_cookie_recipe **out, struct svcroute_context *context,
                           const struct svcr_cookie_settings *settings)
{
    struct svcr_cookie_recipe *recipe = NULL;
    struct svcr_buffer buffer;
    size_t name_size, bytes;
    int status = SVCROUTE_OK;

    *out = NULL;
    svcr_buffer_init(&buffer, context);
    if (settings->name.size > 0) {
        add_token(&buffer, settings->name);
    } else {
        status = add_derived(&buffer, settings->service);
    }
    name_size = buffer.size;
    add_attributes(&buffer, settings);
    if (status == SVCROUTE_OK) {
        bytes = sizeof(*recipe) + buffer.size;
        recipe = buffer.failed ? NULL : svcr_alloc(context, bytes);
        status = recipe ? SVCROUTE_OK : SVCROUTE_ERR_NOMEM;
    }
    if (status == SVCROUTE_OK) {
        char *text = (char *)(recipe + 1);

        memcpy(text, buffer.data, buffer.size);
        recipe->name = (svcr_text){text, name_size};
        recipe->attributes = (svcr_text){text + name_size, buffer.size - name_size};
        recipe->bytes = bytes;
        *out = recipe;
    }
    svcr_buffer_free(&buffer);
    return status;
}

void svcr_cookie_recipe_free(struct svcr_cookie_recipe *recipe, struct svcroute_context *context)
{
    if (recipe) {
        svcr_release(context, recipe, recipe->bytes);
    }
}

size_t svcr_cookie_write(char *out, size_t size, const struct svcr_cookie_recipe *recipe,
                         svcr_text value)
{
    size_t need = recipe->name.size + 1 + value.size + recipe->attributes.size;

    if (out && size >= need) {
        memcpy(out, recipe->name.data, recipe->name.size);
        out += recipe->name.size;
        *out++ = '=';
        if (value.size > 0) {
            memcpy(out, value.data, value.size);
            out += value.size;
        }
        memcpy(out, recipe->attributes.data, recipe->attributes.size);
    }
    return need;
}
