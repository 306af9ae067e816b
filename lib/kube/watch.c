/* Watch: the lines of a watch stream, cut anywhere, made into changes of a store. */
#include <svcroute/error.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/memory.h"
#include "document/reader.h"
#include "kube/load.h"

/* A buffer for half lines that grew beyond this is not kept. */
#define PART_KEPT 1048576
/* Bytes of the API server's own message that a diagnostic shows. */
#define MESSAGE_SHOWN 300

struct svcroute_watch {
    struct svcroute_context *context; /* referenced */
    struct svcroute_store *store;     /* referenced */
    struct svcr_stage stage;
    char *source;
    size_t source_size;
    bool strict;
    bool skipping;           /* up to the next line break */
    bool over;               /* the stream is lost until a restart */
    uint32_t line;           /* number of the line that comes next or is half there */
    struct svcr_buffer part; /* half a line */
    char *version;           /* last resourceVersion */
    size_t version_size, version_capacity;
};

/* One call of feed. */
struct feeding {
    struct svcroute_watch *watch;
    struct svcr_load load;
    size_t largest; /* line of this call */
};

/* ---- life ---- */

int svcroute_watch_new(struct svcroute_watch **out, struct svcroute_store *store,
                       const struct svcroute_load_options *options)
{
    struct svcroute_load_options own;
    if (!out) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    int error = svcr_load_options(&own, options);
    if (error || !store) {
        return error ? error : SVCROUTE_ERR_INVALID;
    }
    struct svcroute_watch *watch = svcr_zalloc(store->context, sizeof(*watch));
    if (!watch) {
        return SVCROUTE_ERR_NOMEM;
    }
    watch->context = svcroute_context_ref(store->context);
    watch->store = svcr_store_ref(store);
    watch->strict = own.flags & SVCROUTE_LOAD_STRICT;
    watch->line = 1;
    svcr_stage_init(&watch->stage, store, true);
    svcr_buffer_init(&watch->part, watch->context);
    if (own.source.size) {
        watch->source = svcr_alloc(watch->context, own.source.size);
        if (!watch->source) {
            svcroute_watch_free(watch);
            return SVCROUTE_ERR_NOMEM;
        }
        memcpy(watch->source, own.source.data, own.source.size);
        watch->source_size = own.source.size;
    }
    *out = watch;
    return 0;
}

static void part_drop(struct svcroute_watch *watch)
{
    svcr_buffer_free(&watch->part);
    svcr_buffer_init(&watch->part, watch->context);
}

void svcroute_watch_free(struct svcroute_watch *watch)
{
    if (!watch) {
        return;
    }
    struct svcroute_context *context = watch->context;
    svcr_stage_free(&watch->stage);
    svcroute_store_free(watch->store);
    svcr_buffer_free(&watch->part);
    svcr_release(context, watch->source, watch->source_size);
    svcr_release(context, watch->version, watch->version_capacity);
    svcr_release(context, watch, sizeof(*watch));
    svcroute_context_unref(context);
}

struct svcroute_text svcroute_watch_get_resource_version(const struct svcroute_watch *watch)
{
    return watch ? (svcr_text){watch->version, watch->version_size} : SVCR_TEXT_ABSENT;
}

static int version_reserve(struct svcroute_watch *watch, size_t size)
{
    void *version = watch->version;
    int error = svcr_array_reserve(watch->context, &version, &watch->version_capacity, size, 1);
    watch->version = version;
    return error;
}

/* Room was reserved. An empty one says nothing. */
static void version_set(struct svcroute_watch *watch, svcr_text version)
{
    if (version.size) {
        memcpy(watch->version, version.data, version.size);
        watch->version_size = version.size;
    }
}

int svcroute_watch_restart(struct svcroute_watch *watch, struct svcroute_text resource_version)
{
    if (!watch || (!resource_version.data && resource_version.size)) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = version_reserve(watch, resource_version.size);
    if (error) {
        return error;
    }
    version_set(watch, resource_version);
    part_drop(watch);
    watch->skipping = false;
    watch->over = false;
    watch->line = 1;
    return 0;
}

/* ---- events ---- */

static svcr_text source_of(const struct svcroute_watch *watch)
{
    return (svcr_text){watch->source, watch->source_size};
}

/* Counts and reports a line that is no event. */
static void refuse(struct feeding *feeding, const struct svcroute_node *at, const char *why)
{
    struct svcr_place place = {.source = source_of(feeding->watch),
                               .line = at ? at->line : feeding->watch->line,
                               .column = at ? at->column : 1};
    svcr_diags_add(feeding->load.diags, SVCR_DIAG_BAD_EVENT, 0, &place, "%s; it is skipped", why);
    feeding->load.result.rejected++;
}

static svcr_text string_of(const struct svcroute_node *map, const char *key)
{
    const struct svcroute_node *node = svcroute_node_find(map, key, strlen(key));
    return node && node->kind == SVCROUTE_NODE_STRING ? svcr_node_text(node) : SVCR_TEXT_ABSENT;
}

static int take_error(struct feeding *feeding, const struct svcroute_node *status,
                      const struct svcroute_node *at)
{
    struct svcroute_watch *watch = feeding->watch;
    struct svcr_place place = {.source = source_of(watch), .line = at->line, .column = at->column};
    const struct svcroute_node *code = svcroute_node_find(status, "code", 4);
    svcr_text message = string_of(status, "message");
    int64_t number = 0;
    if (code) {
        svcr_node_integer(code, &number);
    }
    if (message.size == 0) {
        message = SVCR_TEXT("no reason given");
    }
    if (message.size > MESSAGE_SHOWN) {
        message.size = MESSAGE_SHOWN;
        while (message.size && ((unsigned char)message.data[message.size] & 0xc0) == 0x80) {
            message.size--; /* not inside a character */
        }
    }
    svcr_diags_add(feeding->load.diags, SVCR_DIAG_WATCH_ERROR, 0, &place,
                   "the API server ended the watch: %.*s (code %lld); list again, then watch from "
                   "the list's resourceVersion",
                   SVCR_ARG(message), (long long)number);
    svcr_log(watch->context, SVCROUTE_LOG_WARN, "watch %.*s starts over: code %lld",
             SVCR_ARG(place.source), (long long)number);
    return SVCROUTE_ERR_START_OVER;
}

static int commit(struct feeding *feeding)
{
    int error = svcr_stage_commit(&feeding->watch->stage, feeding->load.diags);
    svcr_stage_clear(&feeding->watch->stage);
    return error;
}

static int take_object(struct feeding *feeding, const struct svcroute_node *node)
{
    struct svcroute_load_result *result = &feeding->load.result;
    enum svcr_decoded what;
    struct svcr_object *object;
    struct svcr_object_name name;
    bool unchanged;
    int error = svcr_decode_object(feeding->watch->store->decoder, node, SVCR_TEXT_ABSENT,
                                   SVCR_TEXT_ABSENT, &what, &object, &name);
    if (error) {
        return error;
    }
    if (what != SVCR_DECODED_OBJECT) {
        *(what == SVCR_DECODED_IGNORED ? &result->ignored : &result->rejected) += 1;
        return 0;
    }
    error = svcr_stage_put(&feeding->watch->stage, object, &unchanged, feeding->load.diags);
    if (!error) {
        error = commit(feeding);
    }
    if (!error) {
        *(unchanged ? &result->unchanged : &result->accepted) += 1;
    }
    return error;
}

/* A removal needs kind and name; whatever else is wrong with the object goes with it. */
static int take_removal(struct feeding *feeding, const struct svcroute_node *node)
{
    struct svcroute_store *store = feeding->watch->store;
    struct svcr_load *load = &feeding->load;
    enum svcr_decoded what;
    struct svcr_object *object = NULL;
    struct svcr_object_name name;
    svcr_decoder_set(store->decoder, load->source, false, NULL);
    int error = svcr_decode_object(store->decoder, node, SVCR_TEXT_ABSENT, SVCR_TEXT_ABSENT, &what,
                                   &object, &name);
    svcr_decoder_set(store->decoder, load->source, load->strict, load->diags);
    if (error) {
        return error;
    }
    if (what == SVCR_DECODED_IGNORED) {
        load->result.ignored++;
        return 0;
    }
    bool named =
        what == SVCR_DECODED_OBJECT || (name.kind != SVCROUTE_KIND_NONE && name.name.size != 0);
    if (!named) {
        refuse(feeding, node, "a DELETED event does not say which object");
        return 0;
    }
    struct svcr_entity_key key =
        what == SVCR_DECODED_OBJECT
            ? svcr_object_key(object)
            : (struct svcr_entity_key){name.kind, false,
                                       svcr_namespace_of(name.kind, name.namespace_), name.name};
    struct svcr_entity *entity =
        svcr_entity_find(store, &key, svcr_entity_key_hash(store->context, &key));
    if (what == SVCR_DECODED_OBJECT) {
        svcr_object_unref(object);
    }
    if (!entity || !entity->object) {
        load->result.unchanged++;
        return 0;
    }
    error = svcr_stage_remove(&feeding->watch->stage, entity);
    if (!error) {
        error = commit(feeding);
    }
    load->result.accepted += !error;
    return error;
}

static int take_event(struct feeding *feeding, const struct svcroute_node *root)
{
    feeding->load.result.documents++;
    const struct svcroute_node *object =
        root->kind == SVCROUTE_NODE_MAP ? svcroute_node_find(root, "object", 6) : NULL;
    if (root->kind != SVCROUTE_NODE_MAP) {
        refuse(feeding, root, "a line of a watch stream is no map");
        return 0;
    }
    svcr_text type = string_of(root, "type");
    if (svcr_text_same(type, SVCR_TEXT("ERROR"))) {
        return take_error(feeding, object, root);
    }
    bool added =
        svcr_text_same(type, SVCR_TEXT("ADDED")) || svcr_text_same(type, SVCR_TEXT("MODIFIED"));
    bool deleted = svcr_text_same(type, SVCR_TEXT("DELETED"));
    if (!added && !deleted && !svcr_text_same(type, SVCR_TEXT("BOOKMARK"))) {
        refuse(feeding, root,
               "an event's type is none of ADDED, MODIFIED, DELETED, BOOKMARK, ERROR");
        return 0;
    }
    if (!object || object->kind != SVCROUTE_NODE_MAP) {
        refuse(feeding, root, "an event has no object");
        return 0;
    }
    const struct svcroute_node *metadata = svcroute_node_find(object, "metadata", 8);
    svcr_text version = string_of(metadata, "resourceVersion");
    int error = version_reserve(feeding->watch, version.size);
    if (!error && added) {
        error = take_object(feeding, object);
    } else if (!error && deleted) {
        error = take_removal(feeding, object);
    }
    if (!error) {
        version_set(feeding->watch, version);
    }
    return error;
}

/* ---- lines ---- */

static int take_line(struct feeding *feeding, const char *line, size_t size)
{
    struct svcroute_watch *watch = feeding->watch;
    struct svcroute_store *store = watch->store;
    while (size && (line[size - 1] == '\r' || line[size - 1] == ' ' || line[size - 1] == '\t')) {
        size--;
    }
    if (size == 0) {
        return 0;
    }
    feeding->largest = size > feeding->largest ? size : feeding->largest;
    struct svcr_reader *reader;
    int error = svcr_reader_open(&reader, watch->context, line, size, source_of(watch),
                                 SVCROUTE_FORMAT_JSON, watch->strict, watch->line);
    if (error) {
        return error;
    }
    for (;;) {
        error = svcr_reader_read(reader, &store->document, feeding->load.diags);
        if (error == SVCROUTE_ERR_SYNTAX || error == SVCROUTE_ERR_REJECTED ||
            error == SVCROUTE_ERR_LIMIT) {
            feeding->load.result.documents++;
            refuse(feeding, NULL, "a line of a watch stream cannot be read");
            continue;
        }
        if (!error) {
            error = take_event(feeding, store->document.nodes);
        }
        if (error) {
            break;
        }
    }
    svcr_reader_close(reader);
    return error == SVCROUTE_ERR_END ? 0 : error;
}

static int take_part(struct feeding *feeding, const char *bytes, size_t size, bool ends)
{
    struct svcr_buffer *part = &feeding->watch->part;
    svcr_buffer_add(part, bytes, size);
    if (part->failed) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (!ends) {
        return 0;
    }
    int error = take_line(feeding, part->data, part->size);
    part->size = 0;
    if (part->capacity > PART_KEPT) {
        part_drop(feeding->watch);
    }
    return error;
}

static int take_bytes(struct feeding *feeding, const char *bytes, size_t size)
{
    struct svcroute_watch *watch = feeding->watch;
    uint64_t limit = watch->context->limits.input_bytes;
    int error = 0;
    while (size && !error) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size;
        if (!watch->skipping && length > limit - watch->part.size) {
            watch->skipping = true;
            part_drop(watch);
            feeding->load.result.documents++;
            refuse(
                feeding, NULL,
                "a line of a watch stream is longer than the limit \"input_bytes\" of the context");
        } else if (!watch->skipping && end && watch->part.size == 0) {
            error = take_line(feeding, bytes, length); /* all of it is here: nothing to copy */
        } else if (!watch->skipping) {
            error = take_part(feeding, bytes, length, end);
        }
        if (end) {
            watch->skipping = false;
            watch->line += watch->line < UINT32_MAX;
            length++;
        }
        bytes += length;
        size -= length;
    }
    return error;
}

int svcroute_watch_feed(struct svcroute_watch *watch, const void *bytes, size_t size,
                        struct svcroute_load_result *result, struct svcroute_diags *diags)
{
    if (!watch || (!bytes && size)) {
        return SVCROUTE_ERR_INVALID;
    }
    int error =
        result ? svcr_struct_check(result, SVCR_SIZE_UP_TO(struct svcroute_load_result, ignored))
               : 0;
    if (error) {
        return error;
    }
    struct feeding feeding = {.watch = watch,
                              .load = {.store = watch->store,
                                       .stage = &watch->stage,
                                       .diags = diags,
                                       .strict = watch->strict}};
    if (watch->over) {
        error = SVCROUTE_ERR_START_OVER;
    } else if (size) {
        error = svcr_load_begin(&feeding.load, source_of(watch));
        if (!error) {
            error = take_bytes(&feeding, bytes, size);
        }
        svcr_load_end(&feeding.load, feeding.largest);
    }
    if (error) {
        /* What followed in these bytes is lost, so no later ones make sense. */
        watch->over = true;
        part_drop(watch);
    }
    if (result) {
        svcr_struct_write(result, &feeding.load.result, sizeof(feeding.load.result));
    }
    return error;
}
