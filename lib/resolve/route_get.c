/* Getters of routes. */
#include <svcroute/error.h>

#include "base/memory.h"
#include "resolve/table.h"

int svcroute_route_get_info(const struct svcroute_table *table, const struct svcroute_route *handle,
                            struct svcroute_route_info *info)
{
    int error =
        table == NULL || handle == NULL || info == NULL
            ? SVCROUTE_ERR_INVALID
            : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_route_info, reserved));
    if (error != 0) {
        return error;
    }
    const struct svcr_route *route = svcr_entry_route(handle);
    const struct svcr_ingress_route *object = svcr_route_object(route);
    const struct svcr_rule *rule = route->rule;
    const struct svcr_observability *seen = &rule->observability;
    svcr_text name = svcr_object_text(object, object->meta.name);
    struct svcroute_route_info own = {
        .priority = rule->priority,
        .effective_priority = rule->priority != 0 ? rule->priority : (int64_t)rule->match.size,
        .name = handle->entry.name,
        .namespace_ = svcr_object_text(object, object->meta.namespace_),
        .ingress_route = name.size != 0 ? name : svcr_object_text(object, object->generate_name),
        .rule = svcr_object_text(object, rule->match),
        .rule_syntax = svcr_object_text(object, rule->syntax),
        .service = svcr_child_name(table, &route->child),
        .cert_resolver = svcr_object_text(object, object->tls.cert_resolver),
        .tls_options = route->tls_options,
        .trace_verbosity = svcr_object_text(object, seen->trace_verbosity),
        .index = route->index,
        .num_entry_points = object->entry_points.num,
        .num_middlewares = route->num_middlewares,
        .num_parents = route->parents != NULL ? route->parents->num : 0,
        .num_tls_domains = object->tls.domains.num,
        .has_tls = object->tls.given,
        .has_observability = seen->given,
        .access_logs = seen->access_logs,
        .metrics = seen->metrics,
        .tracing = seen->tracing,
        .matchable = route->program != NULL,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

struct svcroute_text svcroute_route_get_entry_point(const struct svcroute_route *handle,
                                                    size_t index)
{
    if (handle == NULL) {
        return SVCR_TEXT_ABSENT;
    }
    const struct svcr_ingress_route *object = svcr_route_object(svcr_entry_route(handle));
    const struct svcr_str *items = svcr_object_items(object, object->entry_points);
    return index < object->entry_points.num ? svcr_object_text(object, items[index])
                                            : SVCR_TEXT_ABSENT;
}

struct svcroute_text svcroute_route_get_middleware(const struct svcroute_route *handle,
                                                   size_t index)
{
    bool there = handle != NULL && index < svcr_entry_route(handle)->num_middlewares;
    return there ? svcr_entry_route(handle)->middlewares[index] : SVCR_TEXT_ABSENT;
}

struct svcroute_text svcroute_route_get_parent(const struct svcroute_table *table,
                                               const struct svcroute_route *handle, size_t index)
{
    const struct svcr_parents *parents = handle != NULL ? svcr_entry_route(handle)->parents : NULL;
    bool there = table != NULL && parents != NULL && index < parents->num;
    return there ? svcr_parent_name(table, parents, (uint32_t)index) : SVCR_TEXT_ABSENT;
}

static const struct svcr_tls_domain *domain_at(const struct svcr_ingress_route *object,
                                               size_t index)
{
    const struct svcr_tls_domain *domains = svcr_object_items(object, object->tls.domains);
    return index < object->tls.domains.num ? &domains[index] : NULL;
}

struct svcroute_text svcroute_route_get_tls_domain(const struct svcroute_route *handle,
                                                   size_t index, size_t *num_sans)
{
    const struct svcr_tls_domain *domain = NULL;
    if (handle != NULL) {
        domain = domain_at(svcr_route_object(svcr_entry_route(handle)), index);
    }
    if (num_sans != NULL) {
        *num_sans = domain != NULL ? domain->sans.num : 0;
    }
    return domain != NULL ? svcr_object_text(svcr_entry_route(handle)->object, domain->main)
                          : SVCR_TEXT_ABSENT;
}

struct svcroute_text svcroute_route_get_tls_san(const struct svcroute_route *handle, size_t index,
                                                size_t san)
{
    const struct svcr_tls_domain *domain = NULL;
    if (handle != NULL) {
        domain = domain_at(svcr_route_object(svcr_entry_route(handle)), index);
    }
    if (domain == NULL || san >= domain->sans.num) {
        return SVCR_TEXT_ABSENT;
    }
    const struct svcr_object *object = svcr_entry_route(handle)->object;
    const struct svcr_str *sans = svcr_object_items(object, domain->sans);
    return svcr_object_text(object, sans[san]);
}

const struct svcroute_service *svcroute_route_get_service(const struct svcroute_table *table,
                                                          const struct svcroute_route *handle)
{
    return table != NULL && handle != NULL
               ? svcr_child_service(table, &svcr_entry_route(handle)->child)
               : NULL;
}
