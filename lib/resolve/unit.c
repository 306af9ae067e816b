/* Units: all that one object came to, packed; a unit that comes out as it was is taken over from
 * the previous table, and so is every part of it. */
#include "resolve/resolver.h"
#include "resolve/table.h"

#include <svcroute/error.h>

#include "base/memory.h"

static bool unit_begin(struct svcr_resolver *resolver, struct svcr_work *work)
{
    struct svcr_object *object = work->entity->object;
    const struct svcr_meta *meta = svcr_object_meta(object);
    resolver->entity = work->entity;
    resolver->object = object;
    resolver->before = work->previous;
    resolver->namespace_ = svcr_object_text(object, meta->namespace_);
    resolver->name = svcr_object_text(object, meta->name);
    if (object->kind == SVCROUTE_KIND_INGRESS_ROUTE && resolver->name.size == 0) {
        const struct svcr_ingress_route *route = (const void *)object;
        resolver->name = svcr_object_text(object, route->generate_name);
    }
    resolver->report = &resolver->unit_diags;
    resolver->child_depth = 0;
    resolver->child_mirrors = 0;
    svcr_arena_reset(&resolver->unit_arena);
    return work->previous == NULL || svcr_backend_seed(resolver, work->previous);
}

/* Empties what the steps have filled and no unit has taken over. */
static void unit_end(struct svcr_resolver *resolver)
{
    for (size_t i = 0; i < resolver->routes.num; i++) {
        svcr_block_unref(resolver->context, resolver->routes.items[i]);
    }
    svcr_unit_unwrite(resolver, 0);
    for (size_t i = 0; i < resolver->unit_diags.num; i++) {
        svcr_diag_unref(resolver->context, resolver->unit_diags.items[i]);
    }
    for (size_t i = 0; i < resolver->backend_diags.num; i++) {
        svcr_diag_unref(resolver->context, resolver->backend_diags.items[i]);
    }
    resolver->routes.num = resolver->unit_diags.num = resolver->backend_diags.num = 0;
}

static struct svcr_owner *owner_get(struct svcr_resolver *resolver, const struct svcr_work *work)
{
    if (work->previous != NULL) {
        return svcr_block_ref(work->previous->owner);
    }
    struct svcr_owner key = svcr_owner_of_entity(work->entity);
    struct svcr_owner *owner = svcr_block_new(resolver->context, &svcr_owner_kind,
                                              sizeof(*owner) + key.namespace_.size + key.name.size);
    if (owner == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    struct svcr_pack pack = {(char *)(owner + 1)};
    owner->kind = key.kind;
    owner->generated = key.generated;
    owner->namespace_ = svcr_pack_text(&pack, key.namespace_);
    owner->name = svcr_pack_text(&pack, key.name);
    owner->head.hash = svcr_owner_hash(resolver->context, owner);
    return owner;
}

/* A child whose service gave way to the previous one follows it. */
static void child_follow(struct svcr_resolver *resolver, struct svcr_child *child)
{
    struct svcr_tree_service *stays =
        child->kind == SVCR_CHILD_OWN ? resolver->services.items[child->written] : NULL;
    if (stays != child->service) {
        svcr_block_unref(resolver->context, child->service);
        child->service = svcr_block_ref(stays);
    }
}

/* Puts a part of the previous unit in the place of a new one that is just like it. Children stand
 * before their parents, so these refer to the parts that stay by the time they are looked at. */
static void reuse_parts(struct svcr_resolver *resolver, const struct svcr_unit *previous)
{
    struct svcr_list_of *services = &resolver->services;
    struct svcr_list_of *routes = &resolver->routes;
    for (size_t i = 0; i < services->num && i < previous->num_services; i++) {
        struct svcr_tree_service *made = services->items[i];
        for (uint32_t j = 0; j < made->num_children; j++) {
            child_follow(resolver, &made->children[j]);
        }
        if (svcr_tree_service_identical(made, previous->services[i])) {
            svcr_block_unref(resolver->context, made);
            services->items[i] = svcr_block_ref(previous->services[i]);
        }
    }
    for (size_t i = 0; i < routes->num && i < previous->num_routes; i++) {
        struct svcr_route *made = routes->items[i];
        child_follow(resolver, &made->child);
        if (svcr_route_identical(made, previous->routes[i])) {
            svcr_block_unref(resolver->context, made);
            routes->items[i] = svcr_block_ref(previous->routes[i]);
        }
    }
}

/* Packs what the steps have filled; their references move over. */
static struct svcr_unit *unit_pack(struct svcr_resolver *resolver, struct svcr_work *work,
                                   bool available)
{
    size_t num = resolver->routes.num + resolver->services.num + resolver->unit_diags.num;
    struct svcr_owner *owner = owner_get(resolver, work);
    struct svcr_unit *unit = owner != NULL ? svcr_block_new(resolver->context, &svcr_unit_kind,
                                                            sizeof(*unit) + num * sizeof(void *))
                                           : NULL;
    if (unit == NULL) {
        svcr_block_unref(resolver->context, owner);
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    void **at = (void **)(void *)(unit + 1);
    unit->head.hash = owner->head.hash;
    unit->owner = owner;
    unit->object = svcr_object_ref(resolver->object);
    unit->available = available;
    unit->on_cycle = work->on_cycle;
    unit->depth = work->on_cycle ? 0 : resolver->child_depth + 1;
    unit->mirrors = resolver->child_mirrors;
    unit->routes = (struct svcr_route **)(void *)at;
    for (size_t i = 0; i < resolver->routes.num; i++) {
        unit->routes[unit->num_routes++] = resolver->routes.items[i];
    }
    unit->services = (struct svcr_tree_service **)(void *)(at + unit->num_routes);
    for (size_t i = 0; i < resolver->services.num; i++) {
        unit->services[unit->num_services++] = resolver->services.items[i];
    }
    unit->diags = (struct svcr_diag **)(void *)(at + unit->num_routes + unit->num_services);
    for (size_t i = 0; i < resolver->unit_diags.num; i++) {
        unit->diags[unit->num_diags++] = resolver->unit_diags.items[i];
    }
    resolver->routes.num = resolver->services.num = resolver->unit_diags.num = 0;
    return unit;
}

static bool diag_same(const struct svcr_diag *a, const struct svcr_diag *b)
{
    return a == b ||
           (a->id == b->id && a->severity == b->severity && a->line == b->line &&
            a->column == b->column && a->hash == b->hash && svcr_text_same(a->source, b->source) &&
            svcr_text_same(a->field, b->field) && svcr_text_same(a->text, b->text));
}

static bool unit_same(const struct svcr_unit *a, const struct svcr_unit *b)
{
    bool same = a->object == b->object && a->num_routes == b->num_routes &&
                a->num_services == b->num_services && a->num_diags == b->num_diags &&
                a->depth == b->depth && a->mirrors == b->mirrors && a->available == b->available &&
                a->on_cycle == b->on_cycle;
    for (uint32_t i = 0; same && i < a->num_routes; i++) {
        same = a->routes[i] == b->routes[i];
    }
    for (uint32_t i = 0; same && i < a->num_services; i++) {
        same = a->services[i] == b->services[i];
    }
    for (uint32_t i = 0; same && i < a->num_diags; i++) {
        same = diag_same(a->diags[i], b->diags[i]);
    }
    return same;
}

bool svcr_unit_make(struct svcr_resolver *resolver, struct svcr_work *work)
{
    const struct svcr_object *object = work->entity->object;
    work->done = true;
    if (object == NULL || !svcr_watched(resolver, svcr_entity_namespace(work->entity))) {
        return true;
    }
    bool available = false;
    bool made = unit_begin(resolver, work) && (object->kind == SVCROUTE_KIND_INGRESS_ROUTE
                                                   ? svcr_routes_make(resolver)
                                                   : svcr_tree_make(resolver, work, &available));
    if (made) {
        if (work->previous != NULL) {
            reuse_parts(resolver, work->previous);
        }
        work->made = unit_pack(resolver, work, available);
        if (work->made != NULL && work->previous != NULL && unit_same(work->made, work->previous)) {
            svcr_block_unref(resolver->context, work->made);
            work->made = work->previous;
        }
    }
    unit_end(resolver);
    return resolver->error == 0;
}
