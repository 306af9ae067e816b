/* Plans of active checks and the probes made of them. Nothing that a document says can begin
 * another header line or another request: methods, schemes and header names are tokens, hosts and
 * header values are judged byte by byte, and what cannot be sent as it is breaks the plan. */
#include "balance/probe.h"

#include <svcroute/error.h>

#include "base/memory.h"
#include "balance/probe_path.h"

#define SECOND INT64_C(1000000000)

#define GRPC_TARGET "/grpc.health.v1.Health/Check"

/* ---- judging bytes ---- */

static bool is_letter(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(unsigned char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool is_token(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (!is_letter(c) && !is_digit(c) && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c))) {
            return false;
        }
    }
    return text.size > 0;
}

static bool is_scheme(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (!is_letter(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.'))) {
            return false;
        }
    }
    return text.size > 0;
}

/* What may stand in a Host header. */
static bool is_host_text(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (!is_letter(c) && !is_digit(c) && (c == 0 || !strchr("!$%&'()*+,-.:;=[]_~", c))) {
            return false;
        }
    }
    return true;
}

static bool is_header_value(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void lower(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    }
}

/* ---- plans ---- */

/* Room for all texts is made ahead, so that they stay where they are put. */
static size_t room_for(const struct svcr_probe_settings *settings)
{
    size_t room = 64 + sizeof(GRPC_TARGET); /* a number, "/", "http", "POST" */

    room += settings->scheme.size + settings->method.size + settings->hostname.size;
    room += 3 * settings->path.size; /* all bytes escaped */
    for (uint32_t i = 0; i < settings->num_headers; i++) {
        room += settings->headers[i].name.size + settings->headers[i].value.size;
    }
    return room;
}

static char *end_of(struct svcr_probe_plan *plan)
{
    return plan->texts.data + plan->texts.size;
}

static svcr_text add(struct svcr_probe_plan *plan, svcr_text text)
{
    svcr_text added = {end_of(plan), text.size};

    svcr_buffer_add_text(&plan->texts, text);
    return added;
}

static uint64_t or_default(int64_t given, int64_t otherwise)
{
    return (uint64_t)(given > 0 ? given : otherwise);
}

/* Headers that the message itself decides, not the configuration. */
static bool is_framing(svcr_text name)
{
    return svcr_text_same_nocase(name, SVCR_TEXT("host")) ||
           svcr_text_same_nocase(name, SVCR_TEXT("content-length")) ||
           svcr_text_same_nocase(name, SVCR_TEXT("transfer-encoding")) ||
           svcr_text_same_nocase(name, SVCR_TEXT("trailer"));
}

/* Words of a name begin in upper case and go on in lower case. */
static svcr_text add_header_name(struct svcr_probe_plan *plan, svcr_text name)
{
    char *at = end_of(plan);
    svcr_text added = add(plan, name);

    lower(at, name.size);
    for (size_t i = 0; i < name.size; i++) {
        if ((i == 0 || at[i - 1] == '-') && at[i] >= 'a' && at[i] <= 'z') {
            at[i] = (char)(at[i] - 32);
        }
    }
    return added;
}

static svcr_text trim(svcr_text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (svcr_text){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

static void add_headers(struct svcr_probe_plan *plan, const struct svcr_probe_settings *settings)
{
    for (uint32_t i = 0; i < settings->num_headers; i++) {
        const struct svcr_probe_header *header = &settings->headers[i];

        if (!is_token(header->name) || !is_header_value(header->value)) {
            plan->broken = true;
        } else if (!is_framing(header->name)) {
            plan->headers[plan->num_headers++] = (struct svcr_probe_header){
                add_header_name(plan, header->name), add(plan, trim(header->value))};
        }
    }
}

static void add_target(struct svcr_probe_plan *plan, svcr_text path)
{
    char *start = end_of(plan);
    size_t target = 0;
    bool has_path = true;

    if (!svcr_probe_path_add(&plan->texts, path, &target, &has_path)) {
        plan->broken = true;
    } else if (plan->grpc) { /* a path says nothing here, but must be one */
        plan->target = plan->tail = add(plan, SVCR_TEXT(GRPC_TARGET));
    } else {
        plan->target = (svcr_text){start, target};
        start += !has_path;
        plan->tail = (svcr_text){start, (size_t)(end_of(plan) - start)};
    }
}

static void add_http(struct svcr_probe_plan *plan, const struct svcr_probe_settings *settings)
{
    char *scheme = end_of(plan);

    plan->broken |= settings->scheme.size > 0 && !is_scheme(settings->scheme);
    plan->broken |= settings->method.size > 0 && !is_token(settings->method);
    plan->scheme = add(plan, settings->scheme);
    lower(scheme, settings->scheme.size);
    plan->method = add(plan, settings->method.size ? settings->method : SVCR_TEXT("GET"));
    plan->follow_redirects = settings->follow_redirects;
}

/* Without TLS only, and no spelling but these. */
static void add_grpc(struct svcr_probe_plan *plan, const struct svcr_probe_settings *settings)
{
    plan->broken |= settings->scheme.size > 0 &&
                    !svcr_text_same(settings->scheme, SVCR_TEXT("http")) &&
                    !svcr_text_same(settings->scheme, SVCR_TEXT("h2c"));
    plan->scheme = add(plan, settings->scheme.size ? settings->scheme : SVCR_TEXT("http"));
    plan->method = add(plan, SVCR_TEXT("POST"));
}

static void fill(struct svcr_probe_plan *plan, const struct svcr_probe_settings *settings)
{
    plan->grpc = svcr_text_same(settings->mode, SVCR_TEXT("grpc"));
    plan->status = settings->status;
    plan->interval = or_default(settings->interval, 30 * SECOND);
    plan->unhealthy_interval = or_default(settings->unhealthy_interval, 30 * SECOND);
    plan->timeout = or_default(settings->timeout, 5 * SECOND);
    plan->broken = settings->port < 0 || !is_host_text(settings->hostname);
    if (plan->grpc) {
        add_grpc(plan, settings);
    } else {
        add_http(plan, settings);
    }
    if (settings->port > 0) {
        plan->port.data = end_of(plan);
        svcr_buffer_add_integer(&plan->texts, settings->port);
        plan->port.size = (size_t)(end_of(plan) - plan->port.data);
    }
    plan->hostname = add(plan, settings->hostname);
    add_target(plan, settings->path);
    add_headers(plan, settings);
}

int svcr_probe_plan_new(struct svcr_probe_plan **out, struct svcroute_context *context,
                        const struct svcr_probe_settings *settings)
{
    size_t bytes =
        sizeof(struct svcr_probe_plan) + settings->num_headers * sizeof(struct svcr_probe_header);
    struct svcr_probe_plan *plan = svcr_zalloc(context, bytes);

    *out = NULL;
    if (!plan) {
        return SVCROUTE_ERR_NOMEM;
    }
    plan->bytes = bytes;
    plan->headers = (struct svcr_probe_header *)(plan + 1);
    svcr_buffer_init(&plan->texts, context);
    if (!svcr_buffer_reserve(&plan->texts, room_for(settings))) {
        svcr_probe_plan_free(plan, context);
        return SVCROUTE_ERR_NOMEM;
    }
    fill(plan, settings);
    *out = plan;
    return SVCROUTE_OK;
}

void svcr_probe_plan_free(struct svcr_probe_plan *plan, struct svcroute_context *context)
{
    if (plan) {
        svcr_buffer_free(&plan->texts);
        svcr_release(context, plan, plan->bytes);
    }
}

/* ---- probes ---- */

/* Parts of "scheme://host:port". */
struct parts {
    svcr_text scheme, host, port; /* host without brackets */
    size_t zone; /* where "%25" and a zone begin in it; its size if there is none */
    bool brackets;
};

static bool split_host(svcr_text authority, struct parts *parts)
{
    const char *end = authority.data + authority.size, *stop;

    if (authority.size > 0 && authority.data[0] == '[') {
        stop = memchr(authority.data, ']', authority.size);
        if (!stop) {
            return false;
        }
        parts->brackets = true;
        parts->host = (svcr_text){authority.data + 1, (size_t)(stop - authority.data - 1)};
        stop++;
    } else {
        stop = memchr(authority.data, ':', authority.size);
        stop = stop ? stop : end;
        parts->host = (svcr_text){authority.data, (size_t)(stop - authority.data)};
    }
    if (stop < end) {
        if (*stop != ':') {
            return false;
        }
        parts->port = (svcr_text){stop + 1, (size_t)(end - stop - 1)};
    }
    for (size_t i = 0; i < parts->port.size; i++) {
        if (!is_digit((unsigned char)parts->port.data[i])) {
            return false;
        }
    }
    return parts->host.size > 0 && is_host_text(parts->host);
}

static bool split(svcr_text url, struct parts *parts)
{
    const char *mark = url.size ? memchr(url.data, ':', url.size) : NULL;
    svcr_text rest;

    *parts = (struct parts){0};
    if (!mark) {
        return false;
    }
    parts->scheme = (svcr_text){url.data, (size_t)(mark - url.data)};
    rest = (svcr_text){mark, url.size - parts->scheme.size};
    if (!svcr_text_starts(rest, SVCR_TEXT("://")) || !is_scheme(parts->scheme) ||
        !split_host((svcr_text){rest.data + 3, rest.size - 3}, parts)) {
        return false;
    }
    mark = memchr(parts->host.data, '%', parts->host.size);
    parts->zone = mark ? (size_t)(mark - parts->host.data) : parts->host.size;
    if (mark) { /* an address in brackets, "%25", then the zone, in which nothing is escaped */
        svcr_text zone = {mark, parts->host.size - parts->zone};

        return parts->brackets && svcr_text_starts(zone, SVCR_TEXT("%25")) && zone.size > 3 &&
               !memchr(zone.data + 1, '%', zone.size - 1);
    }
    return true;
}

/* How a zone is written: as in a URL, as in an address, not at all. */
enum zone { ZONE_URL, ZONE_ADDRESS, ZONE_NONE };

static void add_authority(struct svcr_buffer *buffer, const struct svcr_probe_plan *plan,
                          const struct parts *parts, enum zone zone)
{
    svcr_text port = plan->port.size ? plan->port : parts->port;

    if (parts->brackets) {
        svcr_buffer_add_char(buffer, '[');
    }
    svcr_buffer_add(buffer, parts->host.data, zone == ZONE_URL ? parts->host.size : parts->zone);
    if (zone == ZONE_ADDRESS && parts->zone < parts->host.size) {
        svcr_buffer_add_char(buffer, '%');
        svcr_buffer_add(buffer, parts->host.data + parts->zone + 3,
                        parts->host.size - parts->zone - 3);
    }
    if (parts->brackets) {
        svcr_buffer_add_char(buffer, ']');
    }
    if (port.size > 0 || (plan->grpc && zone == ZONE_ADDRESS)) {
        svcr_buffer_add_char(buffer, ':');
        svcr_buffer_add_text(buffer, port);
    }
}

int svcr_probe_compose(struct svcr_probe *probe, struct svcr_buffer *buffer,
                       const struct svcr_probe_plan *plan, svcr_text server_url)
{
    struct parts parts;
    size_t scheme, url, connect;

    *probe = (struct svcr_probe){0};
    if (plan->broken || !split(server_url, &parts)) {
        return SVCROUTE_ERR_REJECTED;
    }
    buffer->size = 0;
    svcr_buffer_add_text(buffer, plan->scheme.size ? plan->scheme : parts.scheme);
    scheme = buffer->size;
    if (!buffer->failed) {
        lower(buffer->data, scheme);
    }
    svcr_buffer_add_string(buffer, "://");
    add_authority(buffer, plan, &parts, ZONE_URL);
    svcr_buffer_add_text(buffer, plan->tail);
    url = buffer->size;
    add_authority(buffer, plan, &parts, ZONE_ADDRESS);
    connect = buffer->size;
    if (plan->hostname.size > 0) {
        svcr_buffer_add_text(buffer, plan->hostname);
    } else {
        add_authority(buffer, plan, &parts, ZONE_NONE);
    }
    if (buffer->failed) {
        return SVCROUTE_ERR_NOMEM;
    }
    probe->url = (svcr_text){buffer->data, url};
    probe->scheme = (svcr_text){buffer->data, scheme};
    probe->connect = (svcr_text){buffer->data + url, connect - url};
    probe->host = (svcr_text){buffer->data + connect, buffer->size - connect};
    return SVCROUTE_OK;
}

/* ---- answers ---- */

bool svcr_probe_judge(const struct svcr_probe_plan *plan, int64_t status)
{
    if (plan->grpc) {
        return status == 1; /* SERVING */
    }
    return plan->status != 0 ? status == plan->status : status >= 200 && status < 400;
}
