/* Explain: which objects and fields something came from, and what was refused on the way and why.
 */
#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "resolve/table.h"

struct step {
    uint32_t depth, severity, line, column;
    svcr_text source, kind, namespace_, name; /* borrowed from the table */
    char field[SVCR_SPOT_MAX];
    uint32_t field_size;
    uint32_t text, text_size;        /* in the explanation's texts */
    svcr_text diag_field, diag_text; /* of a diagnostic: borrowed from it */
};

/* So many services are explained; each once, however many parents it has. */
enum { SERVICES_MAX = 256 };

struct svcroute_explanation {
    struct svcroute_table *table; /* referenced */
    const struct svcroute_service *seen[SERVICES_MAX];
    size_t num_seen;
    struct step *steps;
    size_t num, capacity;
    struct svcr_buffer texts;
    int error;
};

/* ---- steps ---- */

static struct step *step_add(struct svcroute_explanation *explanation, uint32_t depth)
{
    void *steps = explanation->steps;
    int error = svcr_array_reserve(explanation->table->context, &steps, &explanation->capacity,
                                   explanation->num + 1, sizeof(struct step));
    explanation->steps = steps;
    if (error != 0) {
        explanation->error = error;
        return NULL;
    }
    struct step *step = &explanation->steps[explanation->num++];
    *step = (struct step){.depth = depth, .text = (uint32_t)explanation->texts.size};
    return step;
}

/* A fact about an object, at a place in it. */
static struct step *step_object(struct svcroute_explanation *explanation, uint32_t depth,
                                const struct svcr_object *object, struct svcr_position at)
{
    struct step *step = step_add(explanation, depth);
    if (step == NULL) {
        return NULL;
    }
    const char *kind = svcroute_kind_name(object->kind);
    struct svcr_owner owner = svcr_owner_of(object);
    step->kind = (svcr_text){kind, strlen(kind)};
    step->namespace_ = owner.namespace_;
    step->name = owner.name;
    step->line = at.line;
    step->column = at.column;
    if (object->source != NULL) {
        step->source = (svcr_text){object->source->text, object->source->size};
    }
    return step;
}

static void step_spot(struct step *step, struct svcr_spot spot, const char *field)
{
    if (step != NULL) {
        step->field_size = (uint32_t)svcr_spot_text(spot, field, step->field).size;
    }
}

/* Ends a step: its text is what was added to the buffer since it began. */
static void step_end(struct svcroute_explanation *explanation, struct step *step)
{
    if (step != NULL) {
        step->text_size = (uint32_t)explanation->texts.size - step->text;
    }
}

static void step_diag(struct svcroute_explanation *explanation, uint32_t depth,
                      const struct svcr_diag *diag)
{
    struct step *step = step_add(explanation, depth);
    if (step == NULL) {
        return;
    }
    step->severity = diag->severity;
    step->line = diag->line;
    step->column = diag->column;
    step->source = diag->source;
    step->kind = diag->kind;
    step->namespace_ = diag->namespace_;
    step->name = diag->name;
    step->diag_field = diag->field;
    step->diag_text = diag->text;
}

/* ---- services ---- */

static struct svcr_position position_of(const struct svcr_tree_service *service)
{
    uint32_t place = service->reference != NULL ? service->reference->place
                                                : svcr_object_meta(service->object)->place;
    return svcr_object_position(service->object, place, 0);
}

static void explain_backend(struct svcroute_explanation *explanation, uint32_t depth,
                            const struct svcr_backend *backend)
{
    static const char *const modes[] = {
        [SVCR_BACKEND_EXTERNAL_NAME] = "its external name is the only server",
        [SVCR_BACKEND_CLUSTER_IP] = "nativeLB: its cluster IP is the only server",
        [SVCR_BACKEND_NODES] = "nodePortLB: every internal address of a Node is a server",
        [SVCR_BACKEND_ENDPOINTS] = "its endpoints are the servers",
    };
    uint32_t seen = 0; /* servers: they come in the order of their objects */
    for (uint32_t i = 0; i < backend->num_objects; i++) {
        const struct svcr_object *object = backend->objects[i];
        uint32_t place = svcr_object_meta(object)->place;
        uint32_t first = seen;
        while (seen < backend->num_servers && backend->servers[seen].object == i) {
            seen++;
        }
        struct step *step = step_object(explanation, depth + (i == 0 ? 0 : 1), object,
                                        svcr_object_position(object, place, 0));
        if (i == 0) {
            svcr_buffer_add_string(&explanation->texts, modes[backend->view.mode]);
            svcr_buffer_printf(&explanation->texts, "; %u in all, scheme %.*s",
                               backend->num_servers,
                               SVCR_ARG(svcr_scheme_text((enum svcr_scheme)backend->view.scheme)));
        } else {
            svcr_buffer_printf(&explanation->texts, "gives %u of them", seen - first);
        }
        step_end(explanation, step);
    }
    for (uint32_t i = 0; i < backend->num_diags; i++) {
        step_diag(explanation, depth + 1, backend->diags[i]);
    }
}

/* True the first time that it is asked for a service, while there is room to remember it. */
static bool first_time(struct svcroute_explanation *explanation,
                       const struct svcroute_service *handle)
{
    for (size_t i = 0; i < explanation->num_seen; i++) {
        if (explanation->seen[i] == handle) {
            return false;
        }
    }
    if (explanation->num_seen == SERVICES_MAX) {
        return false;
    }
    explanation->seen[explanation->num_seen++] = handle;
    return true;
}

/* Where a service is written, and what type it is. */
static void explain_head(struct svcroute_explanation *explanation, uint32_t depth,
                         const struct svcroute_service *handle)
{
    static const char *const types[] = {
        [SVCROUTE_SERVICE_LOAD_BALANCER] = "load balancer",
        [SVCROUTE_SERVICE_WEIGHTED] = "weighted",
        [SVCROUTE_SERVICE_MIRRORING] = "mirroring",
        [SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT] = "highest random weight",
        [SVCROUTE_SERVICE_FAILOVER] = "failover",
    };
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    struct step *step = step_object(explanation, depth, service->object, position_of(service));
    step_spot(step, service->spot, "");
    svcr_buffer_printf(&explanation->texts, "writes the service %.*s (%s)",
                       SVCR_ARG(handle->entry.name), types[service->type]);
    if (service->num_children != 0) {
        svcr_buffer_printf(&explanation->texts, " over %u %s", service->num_children,
                           service->num_children == 1 ? "child" : "children");
    }
    step_end(explanation, step);
}

/* A service and what it leads to. Recursion: no deeper than SERVICES_MAX, since each is explained
 * once. */
static void explain_service(struct svcroute_explanation *explanation, uint32_t depth,
                            const struct svcroute_service *handle)
{
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    explain_head(explanation, depth, handle);
    if (!first_time(explanation, handle)) {
        return;
    }
    if (service->backend != NULL) {
        explain_backend(explanation, depth + 1, service->backend);
    }
    for (uint32_t i = 0; i < service->num_children; i++) {
        const struct svcr_child *child = &service->children[i];
        const struct svcroute_service *there = svcr_child_service(explanation->table, child);
        if (there != NULL) {
            explain_service(explanation, depth + 1, there);
            continue;
        }
        struct step *step =
            step_object(explanation, depth + 1, service->object, position_of(service));
        svcr_buffer_printf(&explanation->texts, "leads on to %.*s, which is not part of this table",
                           SVCR_ARG(child->name));
        step_end(explanation, step);
    }
}

/* Everyone who writes a service, and what was said about the name. */
static bool explain_service_name(struct svcroute_explanation *explanation, svcr_text name)
{
    const struct svcroute_table *table = explanation->table;
    const struct svcroute_service *handle = svcroute_table_find_service(table, name);
    if (handle == NULL) {
        return false;
    }
    explain_service(explanation, 0, handle);
    const struct svcr_group *group =
        svcr_group_find(table, &table->services, svcr_entry_service(handle)->base_name);
    for (uint32_t i = 0; group != NULL && i < group->num_diags; i++) {
        step_diag(explanation, 1, group->diags[i]);
    }
    return true;
}

/* ---- routes and objects ---- */

static void explain_route(struct svcroute_explanation *explanation, uint32_t depth,
                          const struct svcroute_route *handle)
{
    const struct svcroute_table *table = explanation->table;
    const struct svcr_route *route = svcr_entry_route(handle);
    struct step *step =
        step_object(explanation, depth, route->object,
                    svcr_object_position(route->object, route->rule->place, SVCR_RULE_MATCH));
    step_spot(step, (struct svcr_spot){SVCR_SPOT_ROUTE, route->index, 0}, "");
    svcr_buffer_printf(&explanation->texts, "writes the route %.*s", SVCR_ARG(handle->entry.name));
    if (route->child.kind != 0) {
        svcr_buffer_printf(&explanation->texts, ", which leads to %.*s",
                           SVCR_ARG(svcr_child_name(table, &route->child)));
    } else {
        svcr_buffer_add_string(&explanation->texts, ", which has no service");
    }
    step_end(explanation, step);
    const struct svcroute_service *service = svcr_child_service(table, &route->child);
    if (service != NULL) {
        explain_service(explanation, depth + 1, service);
    }
}

static bool explain_route_name(struct svcroute_explanation *explanation, svcr_text name)
{
    const struct svcroute_table *table = explanation->table;
    const struct svcroute_route *handle = svcroute_table_find_route(table, name);
    if (handle == NULL) {
        return false;
    }
    explain_route(explanation, 0, handle);
    const struct svcr_group *group =
        svcr_group_find(table, &table->routes, svcr_entry_route(handle)->base_name);
    for (uint32_t i = 0; group != NULL && i < group->num_diags; i++) {
        step_diag(explanation, 1, group->diags[i]);
    }
    return true;
}

static bool explain_object(struct svcroute_explanation *explanation, const struct svcr_owner *owner)
{
    const struct svcroute_table *table = explanation->table;
    const struct svcr_unit *unit = svcr_unit_find(table, owner);
    if (unit == NULL) {
        return false;
    }
    uint32_t place = svcr_object_meta(unit->object)->place;
    struct step *step =
        step_object(explanation, 0, unit->object, svcr_object_position(unit->object, place, 0));
    svcr_buffer_printf(&explanation->texts, "writes %u route%s and %u service%s", unit->num_routes,
                       unit->num_routes == 1 ? "" : "s", unit->num_services,
                       unit->num_services == 1 ? "" : "s");
    if (owner->kind == SVCROUTE_KIND_INGRESS_ROUTE &&
        !svcr_class_matches(table->policy,
                            (const struct svcr_ingress_route *)(void *)unit->object)) {
        svcr_buffer_add_string(&explanation->texts, ", as its ingress class is not the one wanted");
    }
    step_end(explanation, step);
    for (uint32_t i = 0; i < unit->num_diags; i++) {
        step_diag(explanation, 1, unit->diags[i]);
    }
    for (uint32_t i = 0; i < unit->num_routes; i++) {
        const struct svcroute_route *handle = svcr_route_handle(table, unit->routes[i]);
        if (handle != NULL) {
            explain_route(explanation, 1, handle);
        }
    }
    const struct svcroute_service *service = NULL;
    if (owner->kind == SVCROUTE_KIND_TRAEFIK_SERVICE) {
        int error = svcroute_table_find_service_of(table, &service, owner->kind, owner->namespace_,
                                                   owner->name, SVCR_TEXT_ABSENT, 0);
        if (error == 0) {
            explain_service(explanation, 1, service);
        } else if (error != SVCROUTE_ERR_NOT_FOUND) {
            explanation->error = error;
        }
    }
    return true;
}

/* "namespace/name", with "Kind " ahead where that is needed. */
static bool explain_object_name(struct svcroute_explanation *explanation, svcr_text text)
{
    static const uint32_t kinds[] = {SVCROUTE_KIND_INGRESS_ROUTE, SVCROUTE_KIND_TRAEFIK_SERVICE};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        const char *kind = svcroute_kind_name(kinds[i]);
        svcr_text rest = text;
        size_t size = strlen(kind);
        bool named = svcr_text_starts(text, (svcr_text){kind, size}) && text.size > size &&
                     text.data[size] == ' ';
        if (named) {
            rest = (svcr_text){text.data + size + 1, text.size - size - 1};
        }
        const char *slash = rest.size != 0 ? memchr(rest.data, '/', rest.size) : NULL;
        if (slash == NULL) {
            continue;
        }
        size_t before = (size_t)(slash - rest.data);
        struct svcr_owner owner = {.kind = kinds[i],
                                   .namespace_ = {rest.data, before},
                                   .name = {slash + 1, rest.size - before - 1}};
        found = explain_object(explanation, &owner) || found;
        owner.generated = kinds[i] == SVCROUTE_KIND_INGRESS_ROUTE; /* by its generateName */
        found = (owner.generated && explain_object(explanation, &owner)) || found;
    }
    return found;
}

/* ---- public ---- */

int svcroute_table_explain(struct svcroute_explanation **out, struct svcroute_table *table,
                           struct svcroute_text name)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (table == NULL || (name.data == NULL && name.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_explanation *explanation = svcr_zalloc(table->context, sizeof(*explanation));
    if (explanation == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    explanation->table = svcroute_table_ref(table);
    svcr_buffer_init(&explanation->texts, table->context);
    bool found = explain_route_name(explanation, name);
    found = explain_service_name(explanation, name) || found;
    found = explain_object_name(explanation, name) || found;
    int error = explanation->error;
    if (error == 0 && explanation->texts.failed) {
        error = SVCROUTE_ERR_NOMEM;
    }
    if (error == 0 && !found) {
        error = SVCROUTE_ERR_NOT_FOUND;
    }
    if (error != 0) {
        svcroute_explanation_free(explanation);
        return error;
    }
    *out = explanation;
    return 0;
}

void svcroute_explanation_free(struct svcroute_explanation *explanation)
{
    if (explanation == NULL) {
        return;
    }
    struct svcroute_table *table = explanation->table;
    svcr_buffer_free(&explanation->texts);
    svcr_release(table->context, explanation->steps, explanation->capacity * sizeof(struct step));
    svcr_release(table->context, explanation, sizeof(*explanation));
    svcroute_table_unref(table);
}

size_t svcroute_explanation_num(const struct svcroute_explanation *explanation)
{
    return explanation != NULL ? explanation->num : 0;
}

int svcroute_explanation_get(const struct svcroute_explanation *explanation, size_t index,
                             struct svcroute_step_info *info)
{
    int error = explanation == NULL || info == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_step_info, text));
    if (error != 0) {
        return error;
    }
    if (index >= explanation->num) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct step *step = &explanation->steps[index];
    bool diag = step->severity != 0;
    struct svcroute_step_info own = {
        .depth = step->depth,
        .severity = step->severity,
        .line = step->line,
        .column = step->column,
        .source = step->source,
        .kind = step->kind,
        .namespace_ = step->namespace_,
        .name = step->name,
        .field = diag ? step->diag_field : (svcr_text){step->field, step->field_size},
        .text = diag ? step->diag_text
                     : (svcr_text){explanation->texts.data + step->text, step->text_size},
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}
