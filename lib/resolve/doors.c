/* Entry points of IngressRoutes. Nearly all name one or two, which are looked through. Of long
 * lists a sorted one is kept: a request may ask every route of the object, and routes times entry
 * points would be a square of what somebody wrote. */
#include "resolve/doors.h"

#include <svcroute/error.h>

#include "resolve/resolver.h"
#include "resolve/sort.h"

enum { FEW = 16 };

static int name_order(const void *a, const void *b)
{
    return svcr_text_compare(*(const svcr_text *)a, *(const svcr_text *)b);
}

bool svcr_doors_make(struct svcr_resolver *resolver, struct svcr_doors **out)
{
    const struct svcr_ingress_route *object = (const void *)resolver->object;
    const struct svcr_str *items = svcr_object_items(object, object->entry_points);
    uint32_t num = object->entry_points.num;
    struct svcr_doors *doors;
    *out = NULL;
    if (num <= FEW) {
        return true;
    }
    const void **scratch = svcr_arena_zalloc(&resolver->unit_arena, num, sizeof(*scratch));
    doors = svcr_block_new(resolver->context, &svcr_doors_kind,
                           sizeof(*doors) + num * (sizeof(*doors->names) + sizeof(svcr_text)));
    *out = doors;
    if (scratch == NULL || doors == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    svcr_text *texts = (svcr_text *)(void *)(doors->names + num);
    for (uint32_t i = 0; i < num; i++) {
        texts[i] = svcr_object_text(object, items[i]);
        doors->names[i] = &texts[i];
    }
    doors->num = num;
    svcr_sort((const void **)doors->names, scratch, num, name_order);
    return true;
}

static bool is_among(const struct svcr_doors *doors, svcr_text wanted)
{
    uint32_t low = 0, high = doors->num;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = svcr_text_compare(*doors->names[middle], wanted);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

bool svcr_route_has_door(const struct svcr_route *route, svcr_text wanted)
{
    const struct svcr_ingress_route *object = (const void *)route->object;
    if (route->doors != NULL) {
        return is_among(route->doors, wanted);
    }
    const struct svcr_str *names = svcr_object_items(object, object->entry_points);
    bool found = false;
    for (uint32_t i = 0; !found && i < object->entry_points.num; i++) {
        found = svcr_text_same(svcr_object_text(object, names[i]), wanted);
    }
    return found;
}
