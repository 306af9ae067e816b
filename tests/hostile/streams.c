/* Scaling of what comes in pieces: watch events, chunks, relists, removals, documents that are
 * built. */
#include "growth.h"

#include <stdio.h>

#include "scaling.h"

#define TEXT(literal) ((struct svcroute_text){literal, sizeof(literal) - 1})

struct stream {
    struct input input;
    size_t n, chunk;
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_watch *watch;
    struct svcroute_diags *diags;
};

static void must(int error, const char *what)
{
    if (error) {
        printf("%s\n", svcroute_error_name(error));
        give_up(what);
    }
}

static struct stream *make(struct svcroute_context *context, size_t n)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        give_up("out of memory");
    }
    stream->n = n;
    stream->chunk = SIZE_MAX;
    stream->context = context;
    must(svcroute_store_new(&stream->store, context), "store");
    must(svcroute_watch_new(&stream->watch, stream->store, NULL), "watch");
    must(svcroute_diags_new(&stream->diags, context), "diags");
    return stream;
}

static void end(void *user)
{
    struct stream *stream = user;
    svcroute_diags_free(stream->diags);
    svcroute_watch_free(stream->watch);
    svcroute_store_free(stream->store);
    input_free(&stream->input);
    free(stream);
}

static void feed(void *user)
{
    struct stream *stream = user;
    for (size_t at = 0; at < stream->input.size;) {
        size_t left = stream->input.size - at;
        size_t size = left < stream->chunk ? left : stream->chunk;
        must(svcroute_watch_feed(stream->watch, stream->input.data + at, size, NULL, stream->diags),
             "feed");
        at += size;
    }
}

/* ---- events ---- */

static void event(struct input *input, const char *type, size_t number)
{
    input_print(input,
                "{\"type\":\"%s\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Service\","
                "\"metadata\":{\"name\":"
                "\"s%zu\",\"resourceVersion\":\"%zu\"}}}\n",
                type, number, number);
}

static void *begin_added(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    for (size_t i = 0; i < n; i++) {
        event(&stream->input, "ADDED", i);
    }
    return stream;
}

static void *begin_flapping(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    for (size_t i = 0; i < n; i++) {
        event(&stream->input, i % 2 ? "DELETED" : "ADDED", i / 2);
    }
    return stream;
}

static void *begin_bookmarks(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    for (size_t i = 0; i < n; i++) {
        event(&stream->input, "BOOKMARK", i);
    }
    return stream;
}

static void *begin_bad_events(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    input_repeat(&stream->input, "{\"type\":\n", n);
    return stream;
}

static void slice_event(struct input *input, size_t number)
{
    input_print(input,
                "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":"
                "\"EndpointSlice\",\"metadata\":{\"name\":\"s%zu\",\"labels\":{\"kubernetes.io/"
                "service-name\":\"web\"}},\"addressType\":\"IPv4\"}}\n",
                number);
}

static void *begin_slices(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    for (size_t i = n; i-- > 0;) {
        slice_event(&stream->input, 1000000 + i);
    }
    return stream;
}

/* One long line, a few bytes at a time. */
static void *begin_chunks(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    input_print(&stream->input, "{\"type\":\"ADDED\",\"object\":{\"x\":\"");
    input_repeat(&stream->input, "abcdefgh", n);
    input_print(&stream->input, "\"}}\n");
    stream->chunk = 7;
    return stream;
}

/* ---- relists and removals ---- */

static void *begin_relist(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = begin_added(context, n, user);
    feed(stream);
    stream->input.size = 0;
    for (size_t i = 0; i < n; i++) {
        input_print(
            &stream->input,
            "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s%zu\"}}\n",
            n / 2 + i);
    }
    return stream;
}

static void relist(void *user)
{
    struct stream *stream = user;
    struct svcroute_relist *relist;
    uint64_t removed;
    must(svcroute_relist_begin(&relist, stream->store, SVCROUTE_KIND_SERVICE, TEXT("default")),
         "relist");
    must(svcroute_relist_load(relist, stream->input.data, stream->input.size, NULL, NULL, NULL),
         "relist load");
    must(svcroute_relist_commit(relist, &removed), "relist commit");
    check(removed == stream->n / 2, "relist", "%llu removed", (unsigned long long)removed);
}

/* Each line a call of its own, so that rewinding and judging may not look at all that is staged. */
static void relist_in_pieces(void *user)
{
    struct stream *stream = user;
    struct svcroute_relist *relist;
    must(svcroute_relist_begin(&relist, stream->store, SVCROUTE_KIND_SERVICE, TEXT("default")),
         "relist");
    const char *at = stream->input.data, *stop = at + stream->input.size;
    while (at < stop) {
        const char *next = (const char *)memchr(at, '\n', (size_t)(stop - at)) + 1;
        must(svcroute_relist_load(relist, at, (size_t)(next - at), NULL, NULL, NULL),
             "relist load");
        at = next;
    }
    must(svcroute_relist_commit(relist, NULL), "relist commit");
}

static void remove_all(void *user)
{
    struct stream *stream = user;
    char name[32];
    for (size_t i = 0; i < stream->n; i++) {
        int size = snprintf(name, sizeof(name), "s%zu", i);
        must(svcroute_store_remove(stream->store, SVCROUTE_KIND_SERVICE, TEXT(""),
                                   (struct svcroute_text){name, (size_t)size}),
             "remove");
    }
}

static void look_at_all(void *user)
{
    struct stream *stream = user;
    struct svcroute_object_info info = {.size = sizeof(info)};
    uint64_t cursor = 0;
    size_t num = 0;
    while (svcroute_store_iterate(stream->store, SVCROUTE_KIND_NONE, &cursor, &info) ==
           SVCROUTE_OK) {
        num += svcroute_store_get(stream->store, info.kind, info.namespace_, info.name, &info) ==
               SVCROUTE_OK;
    }
    check(num == stream->n, "iterate", "%zu objects", num);
}

/* ---- incremental resolving of a long history ---- */

/* n events, a resolve after each: what nobody asks for any more must not be looked at again. */
static void resolve_each(void *user)
{
    struct stream *stream = user;
    struct svcroute_table *table = NULL;
    const char *at = stream->input.data, *stop = at + stream->input.size;
    while (at < stop) {
        struct svcroute_table *next;
        const char *end_of_line = (const char *)memchr(at, '\n', (size_t)(stop - at)) + 1;
        must(svcroute_watch_feed(stream->watch, at, (size_t)(end_of_line - at), NULL, NULL),
             "feed");
        must(svcroute_resolve(&next, stream->store, NULL, table, NULL), "resolve");
        svcroute_table_unref(table);
        table = next;
        at = end_of_line;
    }
    svcroute_table_unref(table);
}

static void *begin_routes(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    for (size_t i = 0; i < n; i++) {
        input_print(
            &stream->input,
            "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":"
            "\"IngressRoute\",\"metadata\":{\"name\":\"r%zu\"},\"spec\":{\"routes\":[{\"match\":"
            "\"Host(`a`)\",\"services\":[{\"name\":\"s%zu\",\"port\":80}]}]}}}\n",
            i, i % 10);
    }
    return stream;
}

/* ---- builder and reader ---- */

static void build(void *user)
{
    struct stream *stream = user;
    struct svcroute_document *document;
    char key[32];
    must(svcroute_document_new(&document, stream->context, TEXT("built")), "document");
    (void)svcroute_document_begin_map(document);
    for (size_t i = 0; i < stream->n; i++) {
        (void)svcroute_document_key(document, key, (size_t)snprintf(key, sizeof(key), "k%zu", i));
        (void)svcroute_document_begin_list(document);
        (void)svcroute_document_number(document, "1.5", 3);
        (void)svcroute_document_double(document, 1e300);
        (void)svcroute_document_end(document);
    }
    must(svcroute_document_end(document), "build");
    must(svcroute_document_get_error(document), "build");
    svcroute_document_free(document);
}

static void *begin_plain(struct svcroute_context *context, size_t n, const void *user)
{
    (void)user;
    return make(context, n);
}

static void *begin_documents(struct svcroute_context *context, size_t n, const void *user)
{
    struct stream *stream = make(context, n);
    (void)user;
    input_repeat(&stream->input, "{\"a\":[1,2,{\"b\":null}]}\n", n);
    return stream;
}

static void read_and_walk(void *user)
{
    struct stream *stream = user;
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    size_t num = 0;
    must(svcroute_reader_new(&reader, stream->context, stream->input.data, stream->input.size,
                             TEXT("read"), SVCROUTE_FORMAT_AUTO),
         "reader");
    while (svcroute_reader_next(reader, &document, NULL) == SVCROUTE_OK) {
        const struct svcroute_node *root = svcroute_document_get_root(document);
        const struct svcroute_node *list = svcroute_node_get_value(svcroute_node_first(root));
        const struct svcroute_node *item = svcroute_node_first(list);
        for (; item != NULL; item = svcroute_node_next(list, item)) {
            num++;
        }
        svcroute_document_free(document);
    }
    svcroute_reader_free(reader);
    check(num == 3 * stream->n, "walk", "%zu items", num);
}

static const struct {
    const char *name;
    struct work work;
    size_t n;
} streams[] = {
    {"watch, new objects", {begin_added, feed, end}, 5000},
    {"watch, objects that come and go", {begin_flapping, feed, end}, 5000},
    {"watch, bookmarks", {begin_bookmarks, feed, end}, 10000},
    {"watch, lines that are no events", {begin_bad_events, feed, end}, 10000},
    {"watch, slices of one Service", {begin_slices, feed, end}, 2500},
    {"watch, one line in pieces", {begin_chunks, feed, end}, 50000},
    {"watch, a resolve after each", {begin_added, resolve_each, end}, 2500},
    {"watch, routes, a resolve after each", {begin_routes, resolve_each, end}, 1000},
    {"watch, flapping, a resolve after each", {begin_flapping, resolve_each, end}, 2500},
    {"relist", {begin_relist, relist, end}, 5000},
    {"relist in pieces", {begin_relist, relist_in_pieces, end}, 2500},
    {"removals", {begin_relist, remove_all, end}, 5000},
    {"iterate and get", {begin_relist, look_at_all, end}, 10000},
    {"builder", {begin_plain, build, end}, 10000},
    {"reader and walk", {begin_documents, read_and_walk, end}, 10000},
};

void run_streams(void)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        check_growth(streams[i].name, &streams[i].work, sized(streams[i].n), NULL);
    }
}
