/* Services: from one reference to what it leads to, a load balancer with its servers or a service
 * of another unit or provider. */
#include "resolve/resolver.h"
#include "resolve/table.h"

#include <stdio.h>

#include <svcroute/error.h>

#include "base/memory.h"
#include "resolve/port.h"

struct svcr_tree_service *svcr_tree_service_pack(struct svcr_resolver *resolver,
                                                 const struct svcr_tree_service *draft)
{
    size_t children = draft->num_children * sizeof(*draft->children);
    size_t middlewares = draft->num_middlewares * sizeof(*draft->middlewares);
    bool own = draft->own_of_route; /* has the name of the route, which is in the object */
    size_t texts =
        (own ? 0 : draft->base_name.size) + draft->port.size + draft->servers_transport.size;
    for (uint32_t i = 0; i < draft->num_children; i++) {
        texts += draft->children[i].name.size;
    }
    for (uint32_t i = 0; i < draft->num_middlewares; i++) {
        texts += draft->middlewares[i].size;
    }
    struct svcr_tree_service *service = svcr_block_new(
        resolver->context, &svcr_service_kind, sizeof(*service) + children + middlewares + texts);
    if (service == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    struct svcr_block head = service->head;
    *service = *draft;
    service->head = head;
    struct svcr_pack pack = {(char *)(service + 1) + children + middlewares};
    service->children = draft->num_children != 0 ? (void *)(service + 1) : NULL;
    svcr_text *names = (void *)((char *)(service + 1) + children);
    service->middlewares = draft->num_middlewares != 0 ? names : NULL;
    if (!own) {
        service->base_name = svcr_pack_text(&pack, draft->base_name);
    }
    service->port = svcr_pack_text(&pack, draft->port);
    service->servers_transport = svcr_pack_text(&pack, draft->servers_transport);
    for (uint32_t i = 0; i < draft->num_middlewares; i++) {
        names[i] = svcr_pack_text(&pack, draft->middlewares[i]);
    }
    for (uint32_t i = 0; i < draft->num_children; i++) {
        service->children[i] = draft->children[i];
        service->children[i].name = svcr_pack_text(&pack, draft->children[i].name);
        svcr_block_ref(service->children[i].service);
    }
    svcr_object_ref(service->object);
    svcr_block_ref(service->backend);
    service->head.hash = svcr_name_hash(resolver->context, service->base_name);
    return service;
}

/* ---- kind Service ---- */

static svcr_text port_written(struct svcr_resolver *resolver,
                              const struct svcr_reference *reference, char digits[16])
{
    if (svcr_port_absent(&reference->port)) {
        return SVCR_TEXT_ABSENT;
    }
    if (reference->port.kind == SVCR_VALUE_TEXT) {
        return svcr_object_text(resolver->object, reference->port.text);
    }
    size_t at = 16;
    int64_t value = reference->port.integer;
    uint64_t rest = value < 0 ? (uint64_t)-value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    return (svcr_text){digits + at, 16 - at};
}

/* Lists the ports of a Service for a message: "80 (http), 443 (https)". */
static const char *ports_listed(const struct svcr_service *service, char out[160])
{
    const struct svcr_service_port *ports = svcr_object_items(service, service->ports);
    size_t size = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < service->ports.num && size < 120; i++) {
        struct svcr_quoted quoted;
        svcr_text name = svcr_object_text(service, ports[i].name);
        const char *shown = name.size != 0 ? svcr_quote(&quoted, name) : "unnamed";
        int added = snprintf(out + size, 160 - size, "%s%d (%.24s)", i == 0 ? "" : ", ",
                             (int)ports[i].port, shown);
        size += added > 0 ? (size_t)added : 0;
    }
    return service->ports.num == 0 ? "none" : out;
}

static bool port_reported(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                          struct svcr_spot spot, const struct svcr_service *service,
                          const struct svcr_port *port, svcr_text written)
{
    char listed[160];
    struct svcr_quoted quoted;
    if (port->refused == SVCR_DIAG_PORT_MISSING) {
        svcr_report_reference(resolver, port->refused, reference, spot, SVCR_REF_PORT, "port",
                              "no port is given, and the Service's ports (%s) do not settle it; "
                              "write the port",
                              ports_listed(service, listed));
    } else if (port->refused == SVCR_DIAG_PORT_RANGE) {
        svcr_report_reference(resolver, port->refused, reference, spot, SVCR_REF_PORT, "port",
                              "port %s is outside 1 to 65535", svcr_quote(&quoted, written));
    } else if (port->refused != 0) {
        svcr_report_reference(resolver, port->refused, reference, spot, SVCR_REF_PORT, "port",
                              "the Service has no port %s%s; it has: %s",
                              reference->port.kind == SVCR_VALUE_TEXT ? "named " : "",
                              svcr_quote(&quoted, written), ports_listed(service, listed));
    } else if (port->differs) {
        svcr_report_reference(resolver, SVCR_DIAG_PORT_DIFFERS, reference, spot, SVCR_REF_PORT,
                              "port",
                              "port %s is none of the ExternalName Service's (%s); it is used all "
                              "the same",
                              svcr_quote(&quoted, written), ports_listed(service, listed));
    }
    return port->refused == 0;
}

/* The page has healthCheck for ExternalName Services, and the reference refuses it elsewhere. */
static bool health_check_good(struct svcr_resolver *resolver,
                              const struct svcr_reference *reference, struct svcr_spot spot,
                              bool external)
{
    bool allowed = !resolver->traefik && svcr_allows(resolver, SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS);
    if (!reference->health.given || external || allowed) {
        return true;
    }
    svcr_report_reference(
        resolver, SVCR_DIAG_HEALTH_CHECK_KIND, reference, spot, SVCR_REF_HEALTH_CHECK,
        "healthCheck", "healthCheck works for Services of type ExternalName only; %s",
        resolver->traefik ? "remove it or use passiveHealthCheck"
                          : "allow health checks of Services of every type, remove it, or use "
                            "passiveHealthCheck");
    return false;
}

/* Which of the four ways leads to the servers; 0: refused, and reported. */
static uint32_t mode_find(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                          struct svcr_spot spot, const struct svcr_service *service)
{
    svcr_text type = svcr_object_text(service, service->type);
    bool external = svcr_text_same(type, SVCR_TEXT("ExternalName"));
    if (!health_check_good(resolver, reference, spot, external)) {
        return 0;
    }
    if (external) {
        if (!svcr_allows(resolver, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME)) {
            svcr_report_reference(resolver, SVCR_DIAG_EXTERNAL_NAME_REFUSED, reference, spot,
                                  SVCR_REF_NAME, "name",
                                  "the Service is of type ExternalName; allow ExternalName "
                                  "services to use it");
            return 0;
        }
        return SVCR_BACKEND_EXTERNAL_NAME;
    }
    /* The reference forgets its option below a TraefikService. */
    bool by_default =
        svcr_allows(resolver, SVCROUTE_POLICY_NATIVE_LB_BY_DEFAULT) &&
        !(resolver->traefik && resolver->object->kind == SVCROUTE_KIND_TRAEFIK_SERVICE);
    if (reference->native_lb == SVCR_TRUE || (reference->native_lb == SVCR_ABSENT && by_default)) {
        svcr_text address = svcr_object_text(service, service->cluster_ip);
        if (address.size != 0 && !svcr_text_same(address, SVCR_TEXT("None"))) {
            return SVCR_BACKEND_CLUSTER_IP;
        }
        svcr_report_reference(resolver, SVCR_DIAG_NO_CLUSTER_IP, reference, spot,
                              SVCR_REF_NATIVE_LB, "nativeLB",
                              "nativeLB needs a cluster IP, which the Service has not; set "
                              "nativeLB: false to use its endpoints");
        return 0;
    }
    if (!reference->node_port_lb || !svcr_text_same(type, SVCR_TEXT("NodePort"))) {
        return SVCR_BACKEND_ENDPOINTS;
    }
    if (svcr_allows(resolver, SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE)) {
        svcr_report_reference(resolver, SVCR_DIAG_CLUSTER_SCOPE_DISABLED, reference, spot,
                              SVCR_REF_NODE_PORT_LB, "nodePortLB",
                              "nodePortLB needs Nodes, and cluster-scoped resources are "
                              "disabled; enable them, or set nodePortLB: false");
        return 0;
    }
    return SVCR_BACKEND_NODES;
}

/* Whether the servers found will do. */
static bool backend_good(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                         struct svcr_spot spot, const struct svcr_backend *backend)
{
    struct svcr_quoted quoted;
    if (backend->view.scheme == SVCR_SCHEME_BAD && backend->scheme_needed) {
        svcr_report_reference(
            resolver, SVCR_DIAG_BAD_SCHEME, reference, spot, SVCR_REF_SCHEME, "scheme",
            "scheme %s is unknown; write http, https or h2c",
            svcr_quote(&quoted, svcr_object_text(resolver->object, reference->scheme)));
        return false;
    }
    if (backend->num_servers != 0) {
        return true;
    }
    if (backend->view.mode == SVCR_BACKEND_NODES) {
        svcr_report_reference(resolver, SVCR_DIAG_NO_NODE_ADDRESS, reference, spot,
                              SVCR_REF_NODE_PORT_LB, "nodePortLB",
                              "no Node has an address of type InternalIP that may be used; set "
                              "nodePortLB: false to use the Service's endpoints");
        return false;
    }
    if (svcr_allows(resolver, SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES)) {
        return true;
    }
    svcr_report_reference(resolver, SVCR_DIAG_NO_SERVERS, reference, spot, SVCR_REF_NAME, "name",
                          "the Service has no endpoint that can be used; allow empty services to "
                          "keep it");
    return false;
}

/* What was wrong with servers is said by the backend; one that is dropped hands this on to the
 * unit. */
static bool backend_diags_keep(struct svcr_resolver *resolver, const struct svcr_backend *backend)
{
    for (uint32_t i = 0; i < backend->num_diags; i++) {
        struct svcr_diag *diag = svcr_diag_ref(backend->diags[i]);
        if (!svcr_list_add(resolver, resolver->report, diag)) {
            svcr_diag_unref(resolver->context, diag);
            return false;
        }
    }
    return true;
}

/* The backend of a reference, and its settings, into the draft; *good false: reported. */
static bool draft_fill(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                       struct svcr_spot spot, struct svcr_entity *entity,
                       struct svcr_tree_service *draft, bool *good)
{
    const struct svcr_service *service = (const struct svcr_service *)(void *)entity->object;
    struct svcr_port port =
        svcr_port_find(service, resolver->object, &reference->port, resolver->traefik);
    uint32_t mode = 0;
    *good = port_reported(resolver, reference, spot, service, &port, draft->port);
    if (*good) {
        mode = mode_find(resolver, reference, spot, service);
        *good = mode != 0;
    }
    bool settings = true;
    if (!svcr_settings_read(resolver, reference, spot, draft, &settings)) {
        return false;
    }
    if (*good) {
        struct svcr_view view = {
            .mode = mode,
            .scheme =
                svcr_scheme_find(svcr_object_text(resolver->object, reference->scheme), &port),
            .port = mode == SVCR_BACKEND_NODES ? port.node_port : port.number,
            .index = port.index,
        };
        draft->backend = svcr_backend_get(resolver, entity, view);
        if (draft->backend == NULL) {
            return false;
        }
        *good = backend_good(resolver, reference, spot, draft->backend);
        if (!*good && !backend_diags_keep(resolver, draft->backend)) {
            return false;
        }
    }
    *good = *good && settings;
    return resolver->error == 0;
}

static bool service_make(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                         struct svcr_spot spot, svcr_text own_name,
                         const struct svcr_answer *answer, struct svcr_child *child)
{
    struct svcr_entity *entity = resolver->entity->edges[reference->edge].to;
    struct svcr_quoted quoted;
    if (entity == NULL || entity->object == NULL) {
        svcr_report_reference(resolver, SVCR_DIAG_SERVICE_MISSING, reference, spot, SVCR_REF_NAME,
                              "name", "there is no Service %s in namespace %.*s",
                              svcr_quote(&quoted, answer->name), SVCR_ARG(answer->namespace_));
        return true;
    }
    char digits[16];
    struct svcr_tree_service draft = {
        .object = resolver->object,
        .reference = reference,
        .namespace_ = answer->namespace_,
        .name = answer->name,
        .port = port_written(resolver, reference, digits),
        .kind = SVCROUTE_KIND_SERVICE,
        .type = SVCROUTE_SERVICE_LOAD_BALANCER,
        .spot = spot,
        .depth = 1,
        .own_of_route = own_name.size != 0,
        .base_name = own_name,
    };
    bool good = false;
    bool go_on = draft_fill(resolver, reference, spot, entity, &draft, &good);
    if (go_on && good && own_name.size == 0) {
        resolver->text.size = 0;
        svcr_reference_name(&resolver->text, SVCR_REFERENCE_SERVICE, answer, draft.port);
        draft.base_name = svcr_unit_text(resolver);
        go_on = draft.base_name.data != NULL;
    }
    if (go_on && good) {
        child->service = svcr_tree_service_pack(resolver, &draft);
        go_on = child->service != NULL && svcr_unit_write(resolver, child->service);
        child->kind = SVCR_CHILD_OWN;
        child->written = (uint32_t)resolver->services.num - 1;
        child->name = go_on ? child->service->base_name : SVCR_TEXT_ABSENT;
    }
    svcr_block_unref(resolver->context, draft.backend);
    return go_on;
}

/* ---- kind TraefikService ---- */

/* The unit that a TraefikService has in the new table, as far as it is made; else its present one.
 */
static const struct svcr_unit *unit_of(const struct svcr_resolver *resolver,
                                       const struct svcr_entity *entity)
{
    const struct svcr_work *work = entity->mark;
    if (work != NULL) {
        return work->done ? work->made : NULL;
    }
    struct svcr_owner owner = svcr_owner_of_entity(entity);
    return svcr_unit_find(resolver->previous, &owner);
}

static bool traefik_service_child(struct svcr_resolver *resolver,
                                  const struct svcr_reference *reference, struct svcr_spot spot,
                                  const struct svcr_answer *answer, struct svcr_child *child)
{
    const struct svcr_entity *entity = resolver->entity->edges[reference->edge].to;
    struct svcr_quoted quoted;
    bool there =
        entity != NULL && entity->object != NULL && svcr_watched(resolver, answer->namespace_);
    if (!there) {
        char path[SVCR_SPOT_MAX];
        svcr_report(resolver, SVCR_DIAG_TRAEFIK_SERVICE_MISSING,
                    resolver->traefik ? SVCROUTE_SEVERITY_WARNING : 0, resolver->object,
                    svcr_object_position(resolver->object, reference->place, SVCR_REF_NAME),
                    svcr_spot_text(spot, "name", path),
                    "there is no TraefikService %s in namespace %.*s",
                    svcr_quote(&quoted, answer->name), SVCR_ARG(answer->namespace_));
        return resolver->traefik;
    }
    const struct svcr_unit *unit = unit_of(resolver, entity);
    if (!resolver->traefik && (unit == NULL || !unit->available)) {
        svcr_report_reference(resolver, SVCR_DIAG_CHILD_UNAVAILABLE, reference, spot, SVCR_REF_NAME,
                              "name", "TraefikService %s cannot be used; see what is said of it",
                              svcr_quote(&quoted, answer->name));
        return false;
    }
    if (unit != NULL && unit->depth > resolver->child_depth) {
        resolver->child_depth = unit->depth;
    }
    /* A mirror is a request of its own. */
    if (unit != NULL && child->role != SVCROUTE_CHILD_MIRROR &&
        unit->mirrors > resolver->child_mirrors) {
        resolver->child_mirrors = unit->mirrors;
    }
    child->kind = SVCR_CHILD_TRAEFIK_SERVICE;
    child->namespace_ = answer->namespace_;
    child->target = answer->name;
    return true;
}

static bool traefik_service_make(struct svcr_resolver *resolver,
                                 const struct svcr_reference *reference, struct svcr_spot spot,
                                 const struct svcr_answer *answer, struct svcr_child *child)
{
    struct svcr_child found = *child;
    if (answer->provider) {
        found.kind = SVCR_CHILD_PROVIDER;
        if (answer->local) {
            found.namespace_ = answer->namespace_;
            found.target = answer->name;
        }
    } else if (traefik_service_child(resolver, reference, spot, answer, &found)) {
        if (found.kind == 0) { /* traefik-v3: the target need not exist */
            found.kind = SVCR_CHILD_TRAEFIK_SERVICE;
            found.namespace_ = answer->namespace_;
            found.target = answer->name;
        }
    } else {
        return resolver->error == 0;
    }
    resolver->text.size = 0;
    svcr_reference_name(&resolver->text, SVCR_REFERENCE_TRAEFIK_SERVICE, answer, SVCR_TEXT_ABSENT);
    found.name = svcr_unit_text(resolver);
    *child = found;
    return found.name.data != NULL;
}

/* ---- both ---- */

static enum svcr_reference_sort sort_of(svcr_text kind)
{
    if (kind.size == 0 || svcr_text_same(kind, SVCR_TEXT("Service"))) {
        return SVCR_REFERENCE_SERVICE;
    }
    return svcr_text_same(kind, SVCR_TEXT("TraefikService")) ? SVCR_REFERENCE_TRAEFIK_SERVICE : 0;
}

struct svcr_answer svcr_child_judge(const struct svcr_resolver *resolver,
                                    const struct svcr_object *object,
                                    const struct svcr_reference *reference,
                                    enum svcr_reference_sort *sort)
{
    svcr_text home = svcr_object_text(object, svcr_object_meta(object)->namespace_);
    struct svcr_question question = {
        .sort = sort_of(svcr_object_text(object, reference->kind)),
        .asked = home,
        .home = home,
        .name = svcr_object_text(object, reference->name),
        .namespace_ = svcr_object_text(object, reference->namespace_),
    };
    *sort = question.sort;
    if (*sort == 0) {
        return (struct svcr_answer){.refused = SVCR_DIAG_REFERENCE_KIND};
    }
    return svcr_reference_judge(resolver->policy, &question);
}

bool svcr_child_make(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                     struct svcr_spot spot, svcr_text own_name, struct svcr_child *child)
{
    enum svcr_reference_sort sort;
    struct svcr_answer answer = svcr_child_judge(resolver, resolver->object, reference, &sort);
    struct svcr_quoted quoted;
    svcr_text name = svcr_object_text(resolver->object, reference->name);
    if (answer.refused == SVCR_DIAG_REFERENCE_KIND) {
        svcr_report_reference(
            resolver, answer.refused, reference, spot, SVCR_REF_KIND, "kind",
            "kind %s is unknown; write Service or TraefikService",
            svcr_quote(&quoted, svcr_object_text(resolver->object, reference->kind)));
    } else if (answer.refused != 0) {
        bool other = answer.refused == SVCR_DIAG_NOT_WATCHED ||
                     (answer.refused == SVCR_DIAG_CROSS_NAMESPACE && !answer.provider);
        svcr_report_reference(
            resolver, answer.refused, reference, spot, other ? SVCR_REF_NAMESPACE : SVCR_REF_NAME,
            other ? "namespace" : "name", "the reference to %s is not allowed; %s",
            svcr_quote(&quoted, name), svcr_reference_remedy(answer.refused));
    } else {
        if (answer.namespace_ignored) {
            svcr_report_reference(
                resolver, SVCR_DIAG_NAMESPACE_IGNORED, reference, spot, SVCR_REF_NAMESPACE,
                "namespace", "the namespace beside %s has no effect", svcr_quote(&quoted, name));
        }
        return sort == SVCR_REFERENCE_SERVICE
                   ? service_make(resolver, reference, spot, own_name, &answer, child)
                   : traefik_service_make(resolver, reference, spot, &answer, child);
    }
    return resolver->error == 0;
}
