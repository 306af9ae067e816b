/* Helpers that all steps of a run share: errors, lists, diagnostics. */
#include "resolve/resolver.h"

#include <svcroute/error.h>

#include "base/memory.h"

bool svcr_fail(struct svcr_resolver *resolver, int error)
{
    if (resolver->error == 0) {
        resolver->error = error;
    }
    return false;
}

bool svcr_list_add(struct svcr_resolver *resolver, struct svcr_list_of *list, void *item)
{
    if (list->num == list->capacity) {
        void *items = list->items;
        int error = svcr_array_reserve(resolver->context, &items, &list->capacity, list->num + 1,
                                       sizeof(*list->items));
        if (error != 0) {
            return svcr_fail(resolver, error);
        }
        list->items = items;
    }
    list->items[list->num++] = item;
    return true;
}

void svcr_list_free(struct svcr_resolver *resolver, struct svcr_list_of *list)
{
    svcr_release(resolver->context, list->items, list->capacity * sizeof(*list->items));
    *list = (struct svcr_list_of){0};
}

void svcr_vreport(struct svcr_resolver *resolver, enum svcr_diag_id id, uint32_t severity,
                  const struct svcr_object *object, struct svcr_position at, svcr_text field,
                  const char *format, va_list arguments)
{
    struct svcr_place place = svcr_object_place(object);
    place.line = at.line;
    place.column = at.column;
    place.field = field;
    struct svcr_diag *diag =
        svcr_diag_vnew(resolver->context, id, severity, &place, format, arguments);
    if (diag == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    } else if (!svcr_list_add(resolver, resolver->report, diag)) {
        svcr_diag_unref(resolver->context, diag);
    }
}

void svcr_report(struct svcr_resolver *resolver, enum svcr_diag_id id, uint32_t severity,
                 const struct svcr_object *object, struct svcr_position at, svcr_text field,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    svcr_vreport(resolver, id, severity, object, at, field, format, arguments);
    va_end(arguments);
}

void svcr_report_reference(struct svcr_resolver *resolver, enum svcr_diag_id id,
                           const struct svcr_reference *reference, struct svcr_spot spot,
                           uint32_t field, const char *path, const char *format, ...)
{
    char buffer[SVCR_SPOT_MAX];
    va_list arguments;
    va_start(arguments, format);
    svcr_vreport(resolver, id, 0, resolver->object,
                 svcr_object_position(resolver->object, reference->place, field),
                 svcr_spot_text(spot, path, buffer), format, arguments);
    va_end(arguments);
}

void svcr_report_weight(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                        struct svcr_spot spot)
{
    if (reference->weight.given && reference->weight.value <= 0) {
        svcr_report_reference(resolver, SVCR_DIAG_WEIGHT_ZERO, reference, spot, SVCR_REF_WEIGHT,
                              "weight", "a child with weight 0 or less is never picked");
    }
}

bool svcr_unit_write(struct svcr_resolver *resolver, struct svcr_tree_service *service)
{
    if (svcr_list_add(resolver, &resolver->services, service)) {
        return true;
    }
    svcr_block_unref(resolver->context, service);
    return false;
}

void svcr_unit_unwrite(struct svcr_resolver *resolver, size_t num)
{
    while (resolver->services.num > num) {
        svcr_block_unref(resolver->context, resolver->services.items[--resolver->services.num]);
    }
}

svcr_text svcr_unit_text(struct svcr_resolver *resolver)
{
    svcr_text text = {NULL, resolver->text.size};
    if (!resolver->text.failed) {
        text.data =
            svcr_arena_copy(&resolver->unit_arena, resolver->text.data, resolver->text.size);
    }
    if (text.data == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    return text;
}
