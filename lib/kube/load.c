/* Loading: bytes or a document, through reader and decoder, to staged objects. */
#include "kube/load.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/memory.h"
#include "document/reader.h"

/* Inputs up to this size leave the document's memory for the next one. */
#define SMALL_INPUT 65536

/* ---- one call's surroundings ---- */

int svcr_load_options(struct svcroute_load_options *own, const struct svcroute_load_options *given)
{
    int error =
        svcr_struct_read(own, sizeof(*own), given, sizeof(*own), (uint32_t)SVCROUTE_LOAD_STRICT);
    if (error) {
        return error;
    }
    bool fits = own->format <= SVCROUTE_FORMAT_JSON && own->reserved == 0 &&
                (own->source.data || own->source.size == 0) && own->source.size <= UINT32_MAX / 2;
    return fits ? 0 : SVCROUTE_ERR_INVALID;
}

/* Inputs often have the same name again and again; the last one is shared by all its objects. */
static int source_get(struct svcroute_store *store, svcr_text name)
{
    struct svcr_source *last = store->source;
    if (last && svcr_text_same((svcr_text){last->text, last->size}, name)) {
        return 0;
    }
    struct svcr_source *source;
    int error = svcr_source_new(&source, store->context, name);
    if (!error) {
        svcr_source_unref(store->context, last);
        store->source = source;
    }
    return error;
}

int svcr_load_begin(struct svcr_load *load, svcr_text source)
{
    int error = source_get(load->store, source);
    if (!error) {
        load->source = load->store->source;
        svcr_decoder_set(load->store->decoder, load->source, load->strict, load->diags);
    }
    return error;
}

void svcr_load_end(struct svcr_load *load, size_t size)
{
    struct svcroute_store *store = load->store;
    svcr_decoder_set(store->decoder, NULL, false, NULL);
    if (size > SMALL_INPUT) {
        svcr_document_clear(&store->document);
        svcr_document_init(&store->document, store->context);
    }
}

/* ---- objects ---- */

static bool in_scope(const struct svcr_load *load, uint32_t kind, svcr_text namespace_)
{
    return (load->kind == SVCROUTE_KIND_NONE || load->kind == kind) &&
           (load->namespace_.size == 0 || kind == SVCROUTE_KIND_NODE ||
            svcr_text_same(load->namespace_, namespace_));
}

static void reject_outsider(struct svcr_load *load, const struct svcr_object *object)
{
    struct svcr_place place = svcr_object_place(object);
    svcr_text kind = load->kind ? (svcr_text){svcroute_kind_name(load->kind),
                                              strlen(svcroute_kind_name(load->kind))}
                                : SVCR_TEXT("any kind");
    svcr_diags_add(load->diags, SVCR_DIAG_OUT_OF_SCOPE, 0, &place,
                   "the relist is of %.*s in %s%.*s and does not take this object", SVCR_ARG(kind),
                   load->namespace_.size ? "namespace " : "all namespaces",
                   SVCR_ARG(load->namespace_));
    load->result.rejected++;
}

static int take_object(struct svcr_load *load, struct svcr_object *object)
{
    struct svcr_entity_key key = svcr_object_key(object);
    if (!in_scope(load, key.kind, key.namespace_)) {
        reject_outsider(load, object);
        svcr_object_unref(object);
        return 0;
    }
    bool unchanged;
    int error = svcr_stage_put(load->stage, object, &unchanged, load->diags);
    if (!error && unchanged) {
        load->result.unchanged++;
    } else if (!error) {
        load->result.accepted++;
    }
    return error;
}

/* What was stored under the name of a refused object stays. */
static int take_refusal(struct svcr_load *load, const struct svcr_object_name *name)
{
    load->result.rejected++;
    if (name->kind == SVCROUTE_KIND_NONE || name->name.size == 0) {
        load->unnamed = true;
        return 0;
    }
    struct svcr_entity_key key = {name->kind, false,
                                  svcr_namespace_of(name->kind, name->namespace_), name->name};
    return svcr_stage_keep(load->stage, &key);
}

static int load_object(struct svcr_load *load, const struct svcroute_node *node, svcr_text kind,
                       svcr_text version)
{
    enum svcr_decoded what;
    struct svcr_object *object;
    struct svcr_object_name name;
    int error =
        svcr_decode_object(load->store->decoder, node, kind, version, &what, &object, &name);
    if (error) {
        return error;
    }
    switch (what) {
    case SVCR_DECODED_OBJECT:
        return take_object(load, object);
    case SVCR_DECODED_REJECTED:
        return take_refusal(load, &name);
    case SVCR_DECODED_IGNORED:
        load->result.ignored++;
        break;
    }
    return 0;
}

/* Objects of a list that are taken while the rest of the list is still being read. */
struct taking {
    struct svcr_load *load;
    struct svcr_list_ahead list;
    uint64_t num; /* taken of the document at hand */
    int error;    /* fails the whole call */
    /* What was there before the document. */
    size_t staged;
    struct svcroute_load_result result;
    bool unnamed;
};

static bool take_item(void *user, const struct svcroute_document *document,
                      const struct svcroute_node *item)
{
    struct taking *taking = user;
    if (taking->error) {
        return true; /* whatever follows; no need to keep it */
    }
    if ((taking->num == 0 && !svcr_decode_ahead(document->nodes, &taking->list)) ||
        (taking->list.named && !svcr_decode_names_itself(item))) {
        return false;
    }
    taking->num++;
    taking->error =
        load_object(taking->load, item, taking->list.item_kind, taking->list.item_version);
    return true;
}

static void taking_begin(struct taking *taking, struct svcr_load *load)
{
    *taking = (struct taking){
        .load = load,
        .staged = load->stage->num,
        .result = load->result,
        .unnamed = load->unnamed,
    };
}

/* Takes back what was taken of a document that is no list in the end. */
static void taking_undo(struct taking *taking)
{
    svcr_stage_rewind(taking->load->stage, taking->staged);
    taking->load->result = taking->result;
    taking->load->unnamed = taking->unnamed;
}

static int load_root(struct svcr_load *load, const struct svcroute_node *root,
                     struct taking *taking)
{
    struct svcr_document_shape shape;
    enum svcr_decoded what = svcr_decode_shape(load->store->decoder, root, &shape);
    if (what != SVCR_DECODED_OBJECT || !shape.list) {
        taking_undo(taking);
    }
    load->result.documents++;
    if (what == SVCR_DECODED_REJECTED) {
        load->result.rejected++;
        load->unnamed = true;
        return 0;
    }
    if (what == SVCR_DECODED_IGNORED) {
        load->result.ignored++;
        return 0;
    }
    if (!shape.list) {
        return load_object(load, root, SVCR_TEXT_ABSENT, SVCR_TEXT_ABSENT);
    }
    int error = 0;
    const struct svcroute_node *item = shape.items ? shape.items + 1 : NULL;
    for (uint32_t i = 0; shape.items && i < shape.items->size && !error; i++) {
        error = load_object(load, item, shape.item_kind, shape.item_version);
        item = svcr_node_after(item);
    }
    return error;
}

int svcr_load_root(struct svcr_load *load, const struct svcroute_node *root)
{
    struct taking nothing;
    taking_begin(&nothing, load);
    return load_root(load, root, &nothing);
}

/* Reads one document. 0, SVCROUTE_ERR_END behind the last one, or what fails the whole call. */
static int load_next(struct svcr_load *load, struct svcr_reader *reader, struct taking *taking)
{
    taking_begin(taking, load);
    int error = svcr_reader_read(reader, &load->store->document, load->diags);
    if (taking->error) {
        return taking->error;
    }
    if (error == SVCROUTE_ERR_SYNTAX || error == SVCROUTE_ERR_REJECTED ||
        error == SVCROUTE_ERR_LIMIT) {
        taking_undo(taking);
        load->result.documents++;
        load->result.rejected++;
        load->unnamed = true;
        return 0;
    }
    return error ? error : load_root(load, load->store->document.nodes, taking);
}

int svcr_load_bytes(struct svcr_load *load, const char *bytes, size_t size, uint32_t format)
{
    struct svcroute_context *context = load->store->context;
    svcr_text source = {load->source->text, load->source->size};
    if (size > context->limits.input_bytes) {
        struct svcr_place place = {.source = source};
        svcr_diags_add(load->diags, SVCR_DIAG_LIMIT_INPUT, 0, &place,
                       "the input is larger than %llu bytes (limit \"input_bytes\" of the context)",
                       (unsigned long long)context->limits.input_bytes);
        return SVCROUTE_ERR_LIMIT;
    }
    struct svcr_reader *reader;
    struct taking taking;
    int error = svcr_reader_open(&reader, context, bytes, size, source, format, load->strict, 1);
    if (error) {
        return error;
    }
    svcr_reader_offer_items(reader, take_item, &taking);
    while (!error) {
        error = load_next(load, reader, &taking);
    }
    svcr_reader_close(reader);
    return error == SVCROUTE_ERR_END ? 0 : error;
}

/* ---- whole calls ---- */

static int conclude(struct svcr_load *load, int error, int (*commit)(struct svcr_load *load),
                    struct svcroute_load_result *result)
{
    if (!error) {
        error = commit(load);
    }
    if (error) {
        load->result.accepted = 0; /* nothing was stored */
    }
    if (result) {
        svcr_struct_write(result, &load->result, sizeof(load->result));
    }
    if (load->source) {
        svcr_log(
            load->store->context, SVCROUTE_LOG_DEBUG,
            "load of %.*s: %llu documents, %llu objects accepted, %llu unchanged, "
            "%llu rejected, %llu ignored (%s)",
            (int)load->source->size, load->source->text, (unsigned long long)load->result.documents,
            (unsigned long long)load->result.accepted, (unsigned long long)load->result.unchanged,
            (unsigned long long)load->result.rejected, (unsigned long long)load->result.ignored,
            svcroute_error_name(error));
    }
    return error;
}

/* Reads the options and checks the result that a call is given. */
static int read_arguments(struct svcroute_load_options *own,
                          const struct svcroute_load_options *options,
                          const struct svcroute_load_result *result)
{
    int error = svcr_load_options(own, options);
    if (!error && result) {
        error = svcr_struct_check(result, SVCR_SIZE_UP_TO(struct svcroute_load_result, ignored));
    }
    return error;
}

int svcr_load_stream(struct svcr_load *load, const void *bytes, size_t size,
                     const struct svcroute_load_options *options,
                     int (*commit)(struct svcr_load *load), struct svcroute_load_result *result)
{
    struct svcroute_load_options own;
    int error = read_arguments(&own, options, result);
    if (error || (!bytes && size)) {
        return error ? error : SVCROUTE_ERR_INVALID;
    }
    load->strict = own.flags & SVCROUTE_LOAD_STRICT;
    error = svcr_load_begin(load, own.source);
    if (!error) {
        error = svcr_load_bytes(load, bytes, size, own.format);
    }
    svcr_load_end(load, size);
    return conclude(load, error, commit, result);
}

int svcr_load_document(struct svcr_load *load, const struct svcroute_document *document,
                       const struct svcroute_load_options *options,
                       int (*commit)(struct svcr_load *load), struct svcroute_load_result *result)
{
    struct svcroute_load_options own;
    int error = read_arguments(&own, options, result);
    if (!error) {
        error = document ? svcroute_document_get_error(document) : SVCROUTE_ERR_INVALID;
    }
    if (error) {
        return error;
    }
    load->strict = own.flags & SVCROUTE_LOAD_STRICT;
    error = svcr_load_begin(load, document->source);
    if (!error) {
        error = svcr_load_root(load, document->nodes);
    }
    svcr_load_end(load, 0);
    error = conclude(load, error, commit, result);
    return !error && load->result.rejected ? SVCROUTE_ERR_REJECTED : error;
}
