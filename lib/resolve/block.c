/* Blocks of the table: what each kind gives back when it goes, texts, names and owners. */
#include "resolve/block.h"

#include <stdio.h>

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"

static void diags_drop(struct svcroute_context *context, struct svcr_diag **diags, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        svcr_diag_unref(context, diags[i]);
    }
}

static void backend_drop(struct svcroute_context *context, void *block)
{
    struct svcr_backend *backend = block;
    for (uint32_t i = 0; i < backend->num_objects; i++) {
        svcr_object_unref(backend->objects[i]);
    }
    diags_drop(context, backend->diags, backend->num_diags);
}

static void service_drop(struct svcroute_context *context, void *block)
{
    struct svcr_tree_service *service = block;
    for (uint32_t i = 0; i < service->num_children; i++) {
        svcr_block_unref(context, service->children[i].service);
    }
    svcr_block_unref(context, service->backend);
    svcr_object_unref(service->object);
}

static void unit_drop(struct svcroute_context *context, void *block)
{
    struct svcr_unit *unit = block;
    for (uint32_t i = 0; i < unit->num_routes; i++) {
        svcr_block_unref(context, unit->routes[i]);
    }
    for (uint32_t i = 0; i < unit->num_services; i++) {
        svcr_block_unref(context, unit->services[i]);
    }
    diags_drop(context, unit->diags, unit->num_diags);
    svcr_block_unref(context, unit->owner);
    svcr_object_unref(unit->object);
}

static void group_drop(struct svcroute_context *context, void *block)
{
    struct svcr_group *group = block;
    for (uint32_t i = 0; i < group->num_claims; i++) {
        svcr_block_unref(context, group->claims[i].thing);
        svcr_block_unref(context, group->claims[i].owner);
    }
    diags_drop(context, group->diags, group->num_diags);
}

static void route_drop(struct svcroute_context *context, void *block)
{
    struct svcr_route *route = block;
    svcr_block_unref(context, route->child.service);
    svcr_block_unref(context, route->doors);
    svcr_block_unref(context, route->parents);
    svcr_block_unref(context, route->program);
    svcr_object_unref(route->object);
}

static void parents_drop(struct svcroute_context *context, void *block)
{
    struct svcr_parents *parents = block;
    (void)context;
    for (uint32_t i = 0; i < parents->num_objects; i++) {
        svcr_object_unref(parents->items[i].object);
    }
}

/* Recursion: a unit or group leads to routes and services, these to own services, these to
 * backends; a service's own children have no children of their own. */
const struct svcr_block_kind svcr_owner_kind = {NULL};
const struct svcr_block_kind svcr_backend_kind = {backend_drop};
const struct svcr_block_kind svcr_service_kind = {service_drop};
const struct svcr_block_kind svcr_route_kind = {route_drop};
const struct svcr_block_kind svcr_doors_kind = {NULL};
const struct svcr_block_kind svcr_parents_kind = {parents_drop};
const struct svcr_block_kind svcr_unit_kind = {unit_drop};
const struct svcr_block_kind svcr_group_kind = {group_drop};

svcr_text svcr_spot_text(struct svcr_spot spot, const char *field, char out[SVCR_SPOT_MAX])
{
    int size = 0;
    switch ((enum svcr_spot_kind)spot.kind) {
    case SVCR_SPOT_ROUTE:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.routes[%u]", spot.i);
        break;
    case SVCR_SPOT_ROUTE_SERVICE:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.routes[%u].services[%u]", spot.i, spot.j);
        break;
    case SVCR_SPOT_WEIGHTED:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.weighted.services[%u]", spot.j);
        break;
    case SVCR_SPOT_MIRRORING:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.mirroring");
        break;
    case SVCR_SPOT_MIRROR:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.mirroring.mirrors[%u]", spot.j);
        break;
    case SVCR_SPOT_HRW:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.highestRandomWeight.services[%u]", spot.j);
        break;
    case SVCR_SPOT_FAILOVER_SERVICE:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.failover.service");
        break;
    case SVCR_SPOT_FAILOVER_FALLBACK:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.failover.fallback");
        break;
    case SVCR_SPOT_SPEC:
        size = snprintf(out, SVCR_SPOT_MAX, "spec");
        break;
    case SVCR_SPOT_PARENT:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.parentRefs[%u]", spot.i);
        break;
    case SVCR_SPOT_TLS_OPTIONS:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.tls.options");
        break;
    case SVCR_SPOT_SERVICE_PORT:
        size = snprintf(out, SVCR_SPOT_MAX, "spec.ports[%u]", spot.i);
        break;
    case SVCR_SPOT_NODE_ADDRESS:
        size = snprintf(out, SVCR_SPOT_MAX, "status.addresses[%u]", spot.i);
        break;
    case SVCR_SPOT_ENDPOINT:
        size = snprintf(out, SVCR_SPOT_MAX, "endpoints[%u].addresses[%u]", spot.i, spot.j);
        break;
    case SVCR_SPOT_ENDPOINT_PORT:
        size = snprintf(out, SVCR_SPOT_MAX, "ports[%u]", spot.j);
        break;
    case SVCR_SPOT_SUBSET:
        size = snprintf(out, SVCR_SPOT_MAX, "subsets[%u].addresses[%u]", spot.i, spot.j);
        break;
    case SVCR_SPOT_SUBSET_PORT:
        size = snprintf(out, SVCR_SPOT_MAX, "subsets[%u].ports[%u]", spot.i, spot.j);
        break;
    }
    if (field[0] != '\0') {
        size += snprintf(out + size, SVCR_SPOT_MAX - (size_t)size, ".%s", field);
    }
    return (svcr_text){out, (size_t)size < SVCR_SPOT_MAX ? (size_t)size : SVCR_SPOT_MAX - 1};
}

svcr_text svcr_scheme_text(enum svcr_scheme scheme)
{
    switch (scheme) {
    case SVCR_SCHEME_HTTP:
        return SVCR_TEXT("http");
    case SVCR_SCHEME_HTTPS:
        return SVCR_TEXT("https");
    case SVCR_SCHEME_H2C:
        return SVCR_TEXT("h2c");
    case SVCR_SCHEME_BAD:
        break;
    }
    return SVCR_TEXT("");
}

svcr_text svcr_pack_text(struct svcr_pack *pack, svcr_text text)
{
    svcr_text copy = {text.data != NULL ? pack->at : NULL, text.size};
    if (text.size != 0) {
        memcpy(pack->at, text.data, text.size);
        pack->at += text.size;
    }
    return copy;
}

uint64_t svcr_name_hash(const struct svcroute_context *context, svcr_text name)
{
    return svcr_hash(context->hash_seed, name.data, name.size);
}

uint64_t svcr_owner_hash(const struct svcroute_context *context, const struct svcr_owner *owner)
{
    uint64_t hash = svcr_hash_mix(context->hash_seed, owner->kind * 2 + owner->generated);
    hash = svcr_hash(hash, owner->namespace_.data, owner->namespace_.size);
    return svcr_hash(hash, owner->name.data, owner->name.size);
}

int svcr_owner_compare(const struct svcr_owner *a, const struct svcr_owner *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int order = svcr_text_compare(a->namespace_, b->namespace_);
    if (order == 0 && a->generated != b->generated) {
        return a->generated ? -1 : 1;
    }
    return order != 0 ? order : svcr_text_compare(a->name, b->name);
}
