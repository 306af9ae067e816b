/* Typed objects: counting, comparison, and the references that they hold. */
#include "kube/object.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"

/* ---- sources ---- */

int svcr_source_new(struct svcr_source **out, struct svcroute_context *context, svcr_text name)
{
    *out = NULL;
    if (name.size > UINT32_MAX - sizeof(struct svcr_source)) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct svcr_source *source = svcr_alloc(context, sizeof(*source) + name.size);
    if (source == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_refs_init(&source->refs);
    source->size = (uint32_t)name.size;
    if (name.size > 0) {
        memcpy(source->text, name.data, name.size);
    }
    *out = source;
    return 0;
}

struct svcr_source *svcr_source_ref(struct svcr_source *source)
{
    if (source) {
        svcr_refs_take(&source->refs);
    }
    return source;
}

void svcr_source_unref(struct svcroute_context *context, struct svcr_source *source)
{
    if (source && svcr_refs_drop(&source->refs)) {
        svcr_release(context, source, sizeof(*source) + source->size);
    }
}

/* ---- objects ---- */

struct svcr_object *svcr_object_ref(struct svcr_object *object)
{
    svcr_refs_take(&object->refs);
    return object;
}

void svcr_object_unref(struct svcr_object *object)
{
    if (object && svcr_refs_drop(&object->refs)) {
        svcr_source_unref(object->context, object->source);
        svcr_release(object->context, object, object->bytes);
    }
}

bool svcr_object_same(const struct svcr_object *a, const struct svcr_object *b)
{
    return a == b || (a->kind == b->kind && a->content_end == b->content_end &&
                      memcmp(a + 1, b + 1, a->content_end - sizeof(*a)) == 0);
}

static bool same_source(const struct svcr_source *a, const struct svcr_source *b)
{
    return a == b || (a && b && a->size == b->size && memcmp(a->text, b->text, a->size) == 0);
}

bool svcr_object_identical(const struct svcr_object *a, const struct svcr_object *b)
{
    return a == b || (a->bytes == b->bytes && a->form == b->form && svcr_object_same(a, b) &&
                      same_source(a->source, b->source) &&
                      memcmp((const char *)a + a->content_end, (const char *)b + b->content_end,
                             a->bytes - a->content_end) == 0);
}

bool svcr_object_same_place(const struct svcr_object *a, const struct svcr_object *b)
{
    uint32_t size = a->bytes - a->resource_version.size - a->positions;
    return a->num_positions == b->num_positions && a->form == b->form &&
           b->bytes - b->resource_version.size - b->positions == size &&
           memcmp((const char *)a + a->positions, (const char *)b + b->positions, size) == 0 &&
           same_source(a->source, b->source);
}

/* ---- references ---- */

static const struct svcr_ingress_route *as_route(const struct svcr_object *object)
{
    return (const struct svcr_ingress_route *)(const void *)object;
}

static const struct svcr_traefik_service *as_traefik_service(const struct svcr_object *object)
{
    return (const struct svcr_traefik_service *)(const void *)object;
}

static const struct svcr_endpoint_slice *as_slice(const struct svcr_object *object)
{
    return (const struct svcr_endpoint_slice *)(const void *)object;
}

uint32_t svcr_object_num_edges(const struct svcr_object *object)
{
    switch (object->kind) {
    case SVCROUTE_KIND_INGRESS_ROUTE: {
        const struct svcr_ingress_route *route = as_route(object);
        return route->num_references + route->parent_refs.num + route->uses_nodes;
    }
    case SVCROUTE_KIND_TRAEFIK_SERVICE: {
        const struct svcr_traefik_service *service = as_traefik_service(object);
        return service->num_references + service->uses_nodes;
    }
    case SVCROUTE_KIND_ENDPOINT_SLICE:
        return as_slice(object)->service.size > 0;
    case SVCROUTE_KIND_ENDPOINTS:
        return 1;
    default:
        return 0;
    }
}

const struct svcr_reference *svcr_object_reference(const struct svcr_object *object, uint32_t index)
{
    uint32_t references = object->kind == SVCROUTE_KIND_INGRESS_ROUTE
                              ? as_route(object)->references
                              : as_traefik_service(object)->references;
    const char *block = (const char *)object;
    const uint32_t *offsets = (const uint32_t *)(const void *)(block + references);
    return (const struct svcr_reference *)(const void *)(block + offsets[index]);
}

static svcr_text or_own(const struct svcr_object *object, struct svcr_str namespace_)
{
    return svcr_object_text(object, namespace_.size > 0 ? namespace_
                                                        : svcr_object_meta(object)->namespace_);
}

static void reference_edge(const struct svcr_object *object, uint32_t index,
                           struct svcr_edge_target *out)
{
    const struct svcr_reference *reference = svcr_object_reference(object, index);
    svcr_text kind = svcr_object_text(object, reference->kind);
    out->kind = SVCROUTE_KIND_SERVICE;
    out->name = svcr_object_text(object, reference->name);
    out->namespace_ = or_own(object, reference->namespace_);
    if (svcr_text_same(kind, SVCR_TEXT("TraefikService"))) {
        bool leads_away = out->name.size > 0 && memchr(out->name.data, '@', out->name.size);
        out->kind = leads_away ? SVCROUTE_KIND_NONE : SVCROUTE_KIND_TRAEFIK_SERVICE;
    }
}

static void parent_edge(const struct svcr_object *object, uint32_t index,
                        struct svcr_edge_target *out)
{
    const struct svcr_name_ref *parents = svcr_object_items(object, as_route(object)->parent_refs);
    out->kind = SVCROUTE_KIND_INGRESS_ROUTE;
    out->name = svcr_object_text(object, parents[index].name);
    out->namespace_ = or_own(object, parents[index].namespace_);
}

void svcr_object_edge(const struct svcr_object *object, uint32_t index,
                      struct svcr_edge_target *out)
{
    uint32_t references = 0, parents = 0;
    if (object->kind == SVCROUTE_KIND_INGRESS_ROUTE) {
        references = as_route(object)->num_references;
        parents = as_route(object)->parent_refs.num;
    } else if (object->kind == SVCROUTE_KIND_TRAEFIK_SERVICE) {
        references = as_traefik_service(object)->num_references;
    } else {
        const struct svcr_meta *meta = svcr_object_meta(object);
        bool slice = object->kind == SVCROUTE_KIND_ENDPOINT_SLICE;
        out->kind = SVCROUTE_KIND_SERVICE;
        out->namespace_ = svcr_object_text(object, meta->namespace_);
        out->name = svcr_object_text(object, slice ? as_slice(object)->service : meta->name);
        return;
    }
    if (index < references) {
        reference_edge(object, index, out);
    } else if (index - references < parents) {
        parent_edge(object, index - references, out);
    } else {
        *out = (struct svcr_edge_target){SVCROUTE_KIND_NODE, {NULL, 0}, {NULL, 0}};
    }
}
