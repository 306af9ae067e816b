/* The store: its life, its public calls, the names of its kinds. */
#include "kube/store.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "document/reader.h"
#include "kube/load.h"

/* ---- kinds ---- */

static const char *const kind_names[] = {
    [SVCROUTE_KIND_NONE] = "",
    [SVCROUTE_KIND_INGRESS_ROUTE] = "IngressRoute",
    [SVCROUTE_KIND_TRAEFIK_SERVICE] = "TraefikService",
    [SVCROUTE_KIND_SERVICE] = "Service",
    [SVCROUTE_KIND_ENDPOINT_SLICE] = "EndpointSlice",
    [SVCROUTE_KIND_ENDPOINTS] = "Endpoints",
    [SVCROUTE_KIND_NODE] = "Node",
};

const char *svcroute_kind_name(uint32_t kind)
{
    return kind <= SVCROUTE_KIND_NODE ? kind_names[kind] : "";
}

uint32_t svcroute_kind_find(const char *data, size_t size)
{
    uint32_t kind = SVCROUTE_KIND_NODE;
    while (kind != SVCROUTE_KIND_NONE && !(data && strlen(kind_names[kind]) == size &&
                                           memcmp(kind_names[kind], data, size) == 0)) {
        kind--;
    }
    return kind;
}

svcr_text svcr_namespace_of(uint32_t kind, svcr_text namespace_)
{
    if (namespace_.size == 0) {
        return kind == SVCROUTE_KIND_NODE ? SVCR_TEXT("") : SVCR_TEXT("default");
    }
    return namespace_;
}

/* ---- life ---- */

struct svcr_store_identity *svcr_store_identity_ref(struct svcr_store_identity *identity)
{
    svcr_refs_take(&identity->refs);
    return identity;
}

void svcr_store_identity_unref(struct svcroute_context *context,
                               struct svcr_store_identity *identity)
{
    if (identity && svcr_refs_drop(&identity->refs)) {
        svcr_release(context, identity, sizeof(*identity));
    }
}

static int store_fill(struct svcroute_store *store)
{
    struct svcr_entity_key all_nodes = {SVCROUTE_KIND_NODE, false, SVCR_TEXT(""), SVCR_TEXT("")};
    store->identity = svcr_alloc(store->context, sizeof(*store->identity));
    if (!store->identity) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_refs_init(&store->identity->refs);
    store->all_nodes =
        svcr_entity_add(store, &all_nodes, svcr_entity_key_hash(store->context, &all_nodes));
    if (!store->all_nodes) {
        return SVCROUTE_ERR_NOMEM;
    }
    return svcr_decoder_new(&store->decoder, store->context);
}

int svcroute_store_new(struct svcroute_store **out, struct svcroute_context *context)
{
    if (!out) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (!context) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_store *store = svcr_zalloc(context, sizeof(*store));
    if (!store) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_refs_init(&store->refs);
    store->context = svcroute_context_ref(context);
    store->version = 1;
    svcr_document_init(&store->document, context);
    svcr_stage_init(&store->stage, store, false);
    int error = store_fill(store);
    if (error) {
        svcroute_store_free(store);
        return error;
    }
    *out = store;
    return 0;
}

struct svcroute_store *svcr_store_ref(struct svcroute_store *store)
{
    svcr_refs_take(&store->refs);
    return store;
}

void svcroute_store_free(struct svcroute_store *store)
{
    if (!store || !svcr_refs_drop(&store->refs)) {
        return;
    }
    struct svcroute_context *context = store->context;
    svcr_stage_free(&store->stage);
    svcr_document_clear(&store->document);
    svcr_decoder_free(store->decoder);
    svcr_source_unref(context, store->source);
    while (store->num_entities) {
        struct svcr_entity *entity = store->entities[store->num_entities - 1];
        svcr_object_unref(entity->object);
        svcr_release(context, entity->edges, entity->num_edges * sizeof(*entity->edges));
        svcr_entity_drop(store, entity);
    }
    svcr_release(context, store->entities, store->entities_capacity * sizeof(*store->entities));
    svcr_release(context, store->buckets, store->num_buckets * sizeof(*store->buckets));
    svcr_store_identity_unref(context, store->identity);
    svcr_release(context, store, sizeof(*store));
    svcroute_context_unref(context);
}

/* ---- changes ---- */

static int commit(struct svcr_load *load)
{
    return svcr_stage_commit(load->stage, load->diags);
}

int svcroute_store_load(struct svcroute_store *store, const void *bytes, size_t size,
                        const struct svcroute_load_options *options,
                        struct svcroute_load_result *result, struct svcroute_diags *diags)
{
    if (!store) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcr_load load = {.store = store, .stage = &store->stage, .diags = diags};
    int error = svcr_load_stream(&load, bytes, size, options, commit, result);
    svcr_stage_clear(&store->stage);
    return error;
}

int svcroute_store_apply(struct svcroute_store *store, const struct svcroute_document *document,
                         const struct svcroute_load_options *options,
                         struct svcroute_load_result *result, struct svcroute_diags *diags)
{
    if (!store) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcr_load load = {.store = store, .stage = &store->stage, .diags = diags};
    int error = svcr_load_document(&load, document, options, commit, result);
    svcr_stage_clear(&store->stage);
    return error;
}

static bool is_kind(uint32_t kind)
{
    return kind != SVCROUTE_KIND_NONE && kind <= SVCROUTE_KIND_NODE;
}

static bool is_text(struct svcroute_text text)
{
    return text.data || text.size == 0;
}

static struct svcr_entity *find(const struct svcroute_store *store, uint32_t kind,
                                svcr_text namespace_, svcr_text name)
{
    struct svcr_entity *entity =
        svcr_store_find(store, kind, svcr_namespace_of(kind, namespace_), name);
    return entity && entity->object ? entity : NULL;
}

int svcroute_store_remove(struct svcroute_store *store, uint32_t kind,
                          struct svcroute_text namespace_, struct svcroute_text name)
{
    if (!store || !is_kind(kind) || !is_text(namespace_) || !is_text(name)) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcr_entity *entity = find(store, kind, namespace_, name);
    if (!entity) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    int error = svcr_stage_remove(&store->stage, entity);
    if (!error) {
        error = svcr_stage_commit(&store->stage, NULL);
    }
    svcr_stage_clear(&store->stage);
    return error;
}

/* ---- looking ---- */

static void tell(const struct svcr_object *object, struct svcroute_object_info *info)
{
    struct svcr_place place = svcr_object_place(object);
    struct svcroute_object_info own = {
        .namespace_ = place.namespace_,
        .name = svcr_object_text(object, svcr_object_meta(object)->name),
        .resource_version = svcr_object_text(object, object->resource_version),
        .source = place.source,
        .kind = object->kind,
        .line = place.line,
        .column = place.column,
    };
    svcr_struct_write(info, &own, sizeof(own));
}

int svcroute_store_get(const struct svcroute_store *store, uint32_t kind,
                       struct svcroute_text namespace_, struct svcroute_text name,
                       struct svcroute_object_info *info)
{
    if (!store || !info || !is_kind(kind) || !is_text(namespace_) || !is_text(name)) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_object_info, reserved));
    if (error) {
        return error;
    }
    const struct svcr_entity *entity = find(store, kind, namespace_, name);
    if (!entity) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    tell(entity->object, info);
    return 0;
}

size_t svcroute_store_num(const struct svcroute_store *store, uint32_t kind)
{
    return store && kind <= SVCROUTE_KIND_NODE ? store->num_objects[kind] : 0;
}

/* The cursor: low bits of the store's version, then the index of the next entity + 1. */
int svcroute_store_iterate(const struct svcroute_store *store, uint32_t kind, uint64_t *cursor,
                           struct svcroute_object_info *info)
{
    if (!store || !cursor || !info || kind > SVCROUTE_KIND_NODE) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_object_info, reserved));
    if (error) {
        return error;
    }
    uint64_t version = store->version << 32;
    if (*cursor && (*cursor ^ version) >> 32) {
        return SVCROUTE_ERR_STATE;
    }
    size_t index = *cursor ? (size_t)(uint32_t)*cursor - 1 : 0;
    for (; index < store->num_entities; index++) {
        const struct svcr_entity *entity = store->entities[index];
        if (entity->object && (kind == SVCROUTE_KIND_NONE || kind == entity->kind)) {
            *cursor = version | (index + 2);
            tell(entity->object, info);
            return 0;
        }
    }
    *cursor = version | (index + 1);
    return SVCROUTE_ERR_END;
}

uint64_t svcroute_store_get_version(const struct svcroute_store *store)
{
    return store ? store->version : 0;
}
