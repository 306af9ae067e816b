/* parentRefs: the IngressRoutes whose routes are parents, and what is asked of them.
 *
 * All routes of an object have the same parents, and all routes of a parent are that alike. Few
 * parents are what a route is indexed under, one by one. Where they are many that would be a square
 * of what somebody wrote, routes times parents, and what is indexed and asked of goes by objects.
 */
#include "resolve/parents.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"
#include "resolve/resolver.h"
#include "resolve/sort.h"
#include "resolve/table.h"

/* ---- making ---- */

/* The IngressRoute that a parentRef leads to; NULL: refused, and reported. */
static struct svcr_object *parent_find(struct svcr_resolver *resolver, uint32_t index)
{
    const struct svcr_ingress_route *object = (const void *)resolver->object;
    const struct svcr_name_ref *ref =
        (const struct svcr_name_ref *)svcr_object_items(object, object->parent_refs) + index;
    struct svcr_question question = {
        .sort = SVCR_REFERENCE_PARENT,
        .asked = resolver->namespace_,
        .home = resolver->namespace_,
        .name = svcr_object_text(object, ref->name),
        .namespace_ = svcr_object_text(object, ref->namespace_),
    };
    struct svcr_answer answer = svcr_reference_judge(resolver->policy, &question);
    struct svcr_position at = svcr_object_position(&object->head, ref->place, SVCR_NAME_REF_NAME);
    struct svcr_spot spot = {SVCR_SPOT_PARENT, index, 0};
    struct svcr_quoted quoted;
    char path[SVCR_SPOT_MAX];
    if (answer.refused != 0) {
        svcr_report(resolver, answer.refused, 0, &object->head, at,
                    svcr_spot_text(spot, "name", path),
                    "the reference to the parent %s is not allowed, so all routes are left out; %s",
                    svcr_quote(&quoted, question.name), svcr_reference_remedy(answer.refused));
        return NULL;
    }
    struct svcr_entity *entity = resolver->entity->edges[object->num_references + index].to;
    if (entity == NULL || entity->object == NULL || !svcr_watched(resolver, answer.namespace_)) {
        svcr_report(resolver, SVCR_DIAG_PARENT_MISSING, 0, &object->head, at,
                    svcr_spot_text(spot, "name", path),
                    "there is no IngressRoute %s in namespace %.*s, so all routes are left out",
                    svcr_quote(&quoted, question.name), SVCR_ARG(answer.namespace_));
        return NULL;
    }
    return entity->object;
}

/* Adds one more parent. */
static bool parent_add(struct svcr_resolver *resolver, struct svcr_parents *parents,
                       struct svcr_object *object)
{
    uint32_t rules = ((const struct svcr_ingress_route *)(void *)object)->rules.num;
    if (rules != 0) {
        parents->items[parents->num_objects++] =
            (struct svcr_parent){svcr_object_ref(object), parents->num};
        parents->head.hash = svcr_hash_mix(parents->head.hash, (uintptr_t)object);
    }
    return !__builtin_add_overflow(parents->num, rules, &parents->num) ||
           svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
}

static int home_order(const void *a, const void *b)
{
    struct svcr_owner left = svcr_owner_of(((const struct svcr_parent *)a)->object);
    struct svcr_owner right = svcr_owner_of(((const struct svcr_parent *)b)->object);
    return svcr_owner_compare(&left, &right);
}

/* Lists each object once, in the order of their names. */
static bool homes_list(struct svcr_resolver *resolver, struct svcr_parents *parents)
{
    const void **homes = (const void **)(void *)(parents->items + parents->num_objects);
    const void **scratch =
        svcr_arena_zalloc(&resolver->unit_arena, parents->num_objects, sizeof(*scratch));
    if (scratch == NULL) {
        return parents->num_objects == 0 || svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    for (uint32_t i = 0; i < parents->num_objects; i++) {
        homes[i] = &parents->items[i];
    }
    svcr_sort(homes, scratch, parents->num_objects, home_order);
    for (uint32_t i = 0; i < parents->num_objects; i++) {
        if (i == 0 || home_order(homes[i], homes[parents->num_homes - 1]) != 0) {
            homes[parents->num_homes++] = homes[i];
        }
    }
    parents->homes = (const struct svcr_parent *const *)homes;
    return true;
}

/* Those of the previous version of the unit, where nothing changed: its routes may stay, then. */
static struct svcr_parents *parents_before(const struct svcr_resolver *resolver)
{
    const struct svcr_unit *before = resolver->before;
    return before != NULL && before->num_routes != 0 ? before->routes[0]->parents : NULL;
}

bool svcr_parents_make(struct svcr_resolver *resolver, struct svcr_parents **out, bool *good)
{
    uint32_t num = ((const struct svcr_ingress_route *)(void *)resolver->object)->parent_refs.num;
    struct svcr_parents *before = parents_before(resolver), *parents;
    *out = NULL;
    if (num == 0) {
        return true;
    }
    parents = svcr_block_new(resolver->context, &svcr_parents_kind,
                             sizeof(*parents) +
                                 num * (sizeof(parents->items[0]) + sizeof(*parents->homes)));
    if (parents == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    *out = parents;
    parents->by_name = resolver->traefik;
    bool going = true;
    for (uint32_t i = 0; i < num && going; i++) {
        struct svcr_object *object = parent_find(resolver, i);
        *good = *good && object != NULL;
        going = object == NULL || parent_add(resolver, parents, object);
    }
    if (going && *good && svcr_parents_same(parents, before)) {
        svcr_block_unref(resolver->context, parents);
        *out = svcr_block_ref(before);
    } else if (going && *good && svcr_parents_many(parents)) {
        going = homes_list(resolver, parents);
    }
    return going && resolver->error == 0;
}

bool svcr_parents_same(const struct svcr_parents *a, const struct svcr_parents *b)
{
    bool same = a == b || (a != NULL && b != NULL && a->num_objects == b->num_objects &&
                           a->head.hash == b->head.hash);
    for (uint32_t i = 0; same && a != b && i < a->num_objects; i++) {
        same = a->items[i].object == b->items[i].object;
    }
    return same;
}

/* ---- asking ---- */

/* Whether an IngressRoute is among the objects. */
static bool has_home(const struct svcr_parents *parents, const struct svcr_object *object)
{
    struct svcr_owner owner = svcr_owner_of(object);
    uint32_t low = 0, high = parents->num_homes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct svcr_owner there = svcr_owner_of(parents->homes[middle]->object);
        int order = svcr_owner_compare(&there, &owner);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

bool svcr_parents_have(const struct svcroute_table *table, const struct svcr_parents *parents,
                       const struct svcr_route *route)
{
    struct svcr_writers writers = svcr_writers_of(table, route);
    const struct svcr_object *object;
    bool found = false;
    while (!found && (object = svcr_writers_next(&writers)) != NULL) {
        found = has_home(parents, object);
    }
    return found;
}

bool svcr_parents_there(const struct svcroute_table *table, const struct svcr_parents *parents,
                        uint32_t *looks)
{
    for (uint32_t i = 0; i < parents->num_homes; i++) {
        const struct svcr_parent *home = parents->homes[i];
        uint32_t rules = ((const struct svcr_ingress_route *)(const void *)home->object)->rules.num;
        for (uint32_t j = 0; j < rules; j++) {
            if (*looks == 0) {
                return true;
            }
            --*looks;
            if (svcr_parent_route(table, parents, home->first + j) == NULL) {
                return false;
            }
        }
    }
    return true;
}

svcr_text svcr_parents_scope(const struct svcroute_context *context,
                             const struct svcr_object *object, uint64_t *key)
{
    struct svcr_owner owner = svcr_owner_of(object);
    *key = svcr_owner_hash(context, &owner);
    return (svcr_text){(const char *)key, sizeof(*key)};
}

struct svcr_writers svcr_writers_of(const struct svcroute_table *table,
                                    const struct svcr_route *route)
{
    bool traefik = table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3;
    return (struct svcr_writers){
        .only = route->object,
        .group = traefik ? svcr_group_find(table, &table->routes, route->base_name) : NULL,
    };
}

const struct svcr_object *svcr_writers_next(struct svcr_writers *writers)
{
    const struct svcr_group *group = writers->group;
    if (group == NULL) {
        const struct svcr_object *only = writers->only;
        writers->only = NULL;
        return only;
    }
    return writers->num < group->num_claims
               ? ((const struct svcr_route *)(const void *)group->claims[writers->num++].thing)
                     ->object
               : NULL;
}
