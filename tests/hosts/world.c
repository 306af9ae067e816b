/* The world of the hosts: servers, clock, memory, documents and checks. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

/* ---- checks ---- */

static atomic_uint passed, failed;

static void complain(const char *format, va_list arguments)
{
    char line[512];
    vsnprintf(line, sizeof(line), format, arguments);
    if (atomic_fetch_add(&failed, 1) < 50) {
        printf("FAIL %s\n", line);
    }
}

bool check(bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (good) {
        atomic_fetch_add(&passed, 1);
    } else {
        complain(format, arguments);
    }
    va_end(arguments);
    return good;
}

bool ensure(bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!good) {
        complain(format, arguments);
    }
    va_end(arguments);
    return good;
}

void must(int code, const char *what)
{
    if (code != 0) {
        printf("FAIL %s: %s\n%u passed, %u failed\n", what, svcroute_error_name(code), passed,
               failed + 1);
        fflush(stdout);
        _Exit(1);
    }
}

void check_add(unsigned more_passed, unsigned more_failed)
{
    atomic_fetch_add(&passed, more_passed);
    atomic_fetch_add(&failed, more_failed);
}

unsigned check_passed(void)
{
    return passed;
}

unsigned check_failed(void)
{
    return failed;
}

int check_close(void)
{
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

/* ---- clock ---- */

static _Atomic uint64_t now = 1000 * SECOND;

uint64_t world_now(void)
{
    return now;
}

void world_wait(uint64_t duration)
{
    now += duration;
}

/* ---- servers ---- */

static struct world_server servers[64];
static size_t num_servers;

struct world_server *world_server(const char *url)
{
    struct world_server *server = world_find(text_of(url));
    if (!server && num_servers < sizeof(servers) / sizeof(servers[0])) {
        server = &servers[num_servers++];
        server->url = url;
        server->status = 200;
    }
    return server;
}

struct world_server *world_find(struct svcroute_text url)
{
    for (size_t i = 0; i < num_servers; i++) {
        if (text_is(url, servers[i].url)) {
            return &servers[i];
        }
    }
    return NULL;
}

struct svcroute_outcome world_send(struct svcroute_text url)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome)};
    struct world_server *server = world_find(url);
    if (!ensure(server != NULL, "there is no %.*s", (int)url.size, url.data)) {
        outcome.kind = SVCROUTE_OUTCOME_CONNECT;
        return outcome;
    }
    atomic_fetch_add(&server->requests, 1);
    switch (atomic_load(&server->behaviour)) {
    case ANSWERS:
        outcome.kind = SVCROUTE_OUTCOME_STATUS;
        outcome.status = server->status;
        outcome.first_byte = 3 * MILLISECOND;
        break;
    case REFUSES:
        outcome.kind = SVCROUTE_OUTCOME_CONNECT;
        break;
    case RESETS:
        outcome.kind = SVCROUTE_OUTCOME_RESET;
        break;
    default:
        outcome.kind = SVCROUTE_OUTCOME_TIMEOUT;
    }
    return outcome;
}

/* ---- applications ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* Decodes all escapes once; true if there was one. */
static bool decode(char *text)
{
    char *to = text;
    bool any = false;
    for (const char *from = text; *from; from++) {
        if (*from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            *to++ = (char)(hex(from[1]) * 16 + hex(from[2]));
            from += 2;
            any = true;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return any;
}

/* Takes away empty segments, "." and ".."; both slashes separate. */
static void resolve_dots(char *path)
{
    char segments[512];
    char *to = path;
    text_copy(segments, sizeof(segments), text_of(path));
    for (char *at = segments; at;) {
        size_t size = strcspn(at, "/\\");
        char *next = at[size] ? at + size + 1 : NULL;
        at[size] = '\0';
        if (strcmp(at, "..") == 0) {
            while (to > path && *--to != '/') {
            }
        } else if (size > 0 && strcmp(at, ".") != 0) {
            *to++ = '/';
            memmove(to, at, size);
            to += size;
        }
        at = next;
    }
    if (to == path) {
        *to++ = '/';
    }
    *to = '\0';
}

static void look_at(struct svcroute_text text, struct sight *sight)
{
    struct http_head head;
    uint32_t num_hosts;
    if (!ensure(http_read(&head, text), "a server cannot read %.*s", (int)text.size, text.data)) {
        return;
    }
    text_copy(sight->method, sizeof(sight->method), head.method);
    text_copy(sight->target, sizeof(sight->target), head.target);
    text_copy(sight->path, sizeof(sight->path), head.target);
    sight->path[strcspn(sight->path, "?")] = '\0';
    while (decode(sight->path)) {
    }
    resolve_dots(sight->path);
    text_copy(sight->host, sizeof(sight->host), http_find(&head, "Host", &num_hosts));
    ensure(num_hosts == 1, "a server gets %u Host lines", num_hosts);
    text_copy(sight->role, sizeof(sight->role), http_find(&head, "X-Role", NULL));
    sight->num_lines = head.num_lines;
}

struct svcroute_outcome world_ask(struct svcroute_text url, struct svcroute_text head,
                                  struct sight *sight)
{
    struct svcroute_outcome outcome = world_send(url);
    if (outcome.kind == SVCROUTE_OUTCOME_STATUS) {
        look_at(head, sight);
    }
    return outcome;
}

/* ---- memory ---- */

static _Atomic int64_t bytes;
static _Atomic uint64_t allocations;

static void *world_allocate(void *user, size_t size)
{
    (void)user;
    bytes += (int64_t)size;
    allocations++;
    return malloc(size);
}

static void *world_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user;
    bytes += (int64_t)new_size - (int64_t)old_size;
    allocations++;
    return realloc(memory, new_size);
}

static void world_release(void *user, void *memory, size_t size)
{
    (void)user;
    bytes -= (int64_t)size;
    free(memory);
}

const struct svcroute_allocator world_allocator = {.size = sizeof(world_allocator),
                                                   .allocate = world_allocate,
                                                   .resize = world_resize,
                                                   .release = world_release};

int64_t world_bytes(void)
{
    return bytes;
}

uint64_t world_allocations(void)
{
    return allocations;
}

/* ---- documents ---- */

static void stream_add(struct stream *stream, const char *format, ...)
{
    size_t room = sizeof(stream->text) - stream->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(stream->text + stream->size, room, format, arguments);
    va_end(arguments);
    if (ensure(size >= 0 && (size_t)size < room, "the stream has no room")) {
        stream->size += (size_t)size;
    }
}

void stream_event(struct stream *stream, const char *type, const char *api, const char *kind,
                  const char *name, const char *metadata, const char *rest)
{
    stream_add(stream,
               "{\"type\":\"%s\",\"object\":{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{"
               "\"name\":\"%s\",\"namespace\":\"shop\",\"resourceVersion\":\"%u\"%s}%s}}\n",
               type, api, kind, name, ++stream->version, metadata, rest);
}

void stream_service(struct stream *stream, const char *type, const char *name)
{
    stream_event(stream, type, "v1", "Service", name, "",
                 ",\"spec\":{\"ports\":[{\"name\":\"http\",\"port\":80}]}");
}

void stream_slice(struct stream *stream, const char *type, const char *name, const char *addresses)
{
    char slice[64], label[128],
        rest[2048] =
            ",\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":80}],\"endpoints\":[";
    snprintf(slice, sizeof(slice), "%s-1", name);
    snprintf(label, sizeof(label), ",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}", name);
    size_t used = strlen(rest);
    for (const char *separator = ""; *addresses; separator = ",") {
        int size = (int)strcspn(addresses, " ");
        used += (size_t)snprintf(rest + used, sizeof(rest) - used, "%s{\"addresses\":[\"%.*s\"]}",
                                 separator, size, addresses);
        addresses += size + (addresses[size] == ' ');
    }
    snprintf(rest + used, sizeof(rest) - used, "]");
    stream_event(stream, type, "discovery.k8s.io/v1", "EndpointSlice", slice, label, rest);
}

void stream_route(struct stream *stream, const char *type, const char *name, const char *host,
                  const char *services)
{
    char spec[1024];
    snprintf(spec, sizeof(spec),
             "{\"routes\":[{\"match\":\"Host(`%s`)\",\"kind\":\"Rule\",\"services\":[%s]}]}", host,
             services);
    stream_rules(stream, type, name, spec);
}

void stream_rules(struct stream *stream, const char *type, const char *name, const char *spec)
{
    char rest[2048];
    int size = snprintf(rest, sizeof(rest), ",\"spec\":%s", spec);
    ensure(size > 0 && (size_t)size < sizeof(rest), "an IngressRoute has no room");
    stream_event(stream, type, "traefik.io/v1alpha1", "IngressRoute", name, "", rest);
}

bool world_has_regexps(void)
{
    static const char route[] =
        "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r}\n"
        "spec: {routes: [{match: 'PathRegexp(`^/a?$`)', kind: Rule}]}\n";
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_table *table;
    struct svcroute_route_info info = {.size = sizeof(info)};
    must(svcroute_context_new(&context, NULL, NULL, NULL), "context");
    must(svcroute_store_new(&store, context), "store");
    must(svcroute_store_load(store, route, sizeof(route) - 1, NULL, NULL, NULL), "a rule");
    must(svcroute_resolve(&table, store, NULL, NULL, NULL), "resolve");
    must(svcroute_route_get_info(table,
                                 svcroute_table_find_route_of(table, text_of(""), text_of("r"),
                                                              text_of("PathRegexp(`^/a?$`)"), 0),
                                 &info),
         "a route");
    svcroute_table_unref(table);
    svcroute_store_free(store);
    svcroute_context_unref(context);
    return info.matchable != 0;
}

struct svcroute_text text_of(const char *text)
{
    return (struct svcroute_text){text, strlen(text)};
}

bool text_is(struct svcroute_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

void text_copy(char *to, size_t size, struct svcroute_text text)
{
    size_t num = text.size < size - 1 ? text.size : size - 1;
    if (num) {
        memcpy(to, text.data, num);
    }
    to[num] = '\0';
}
