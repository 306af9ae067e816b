/* Comparing routes and services: same tuple, made of the same, or telling the same. */
#include "resolve/block.h"
#include "resolve/parents.h"

#include "base/context.h"
#include "base/hash.h"
#include "kube/entity.h"

static bool child_same(const struct svcr_child *a, const struct svcr_child *b)
{
    return a->kind == b->kind && a->role == b->role && a->weight == b->weight &&
           a->percent == b->percent && svcr_text_same(a->name, b->name) &&
           svcr_text_same(a->namespace_, b->namespace_) && svcr_text_same(a->target, b->target);
}

static bool texts_same(const svcr_text *a, uint32_t num_a, const svcr_text *b, uint32_t num_b)
{
    bool same = num_a == num_b;
    for (uint32_t i = 0; same && i < num_a; i++) {
        same = svcr_text_same(a[i], b[i]);
    }
    return same;
}

static bool str_same(const struct svcr_object *a, struct svcr_str of_a, const struct svcr_object *b,
                     struct svcr_str of_b)
{
    return (of_a.offset == 0) == (of_b.offset == 0) &&
           svcr_text_same(svcr_object_text(a, of_a), svcr_object_text(b, of_b));
}

static bool strs_same(const struct svcr_object *a, struct svcr_list of_a,
                      const struct svcr_object *b, struct svcr_list of_b)
{
    const struct svcr_str *strs_a = svcr_object_items(a, of_a);
    const struct svcr_str *strs_b = svcr_object_items(b, of_b);
    bool same = of_a.num == of_b.num;
    for (uint32_t i = 0; same && i < of_a.num; i++) {
        same = str_same(a, strs_a[i], b, strs_b[i]);
    }
    return same;
}

static bool cookie_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    const struct svcr_cookie *left = a->cookie;
    const struct svcr_cookie *right = b->cookie;
    if (left == NULL || right == NULL) {
        return left == right;
    }
    bool path_left = left->path.offset != 0;
    bool path_right = right->path.offset != 0;
    svcr_text default_path = SVCR_TEXT("/");
    return left->max_age == right->max_age && left->secure == right->secure &&
           left->http_only == right->http_only &&
           svcr_text_same(svcr_object_text(a->object, left->name),
                          svcr_object_text(b->object, right->name)) &&
           svcr_text_same(svcr_object_text(a->object, left->same_site),
                          svcr_object_text(b->object, right->same_site)) &&
           svcr_text_same(svcr_object_text(a->object, left->domain),
                          svcr_object_text(b->object, right->domain)) &&
           svcr_text_same(path_left ? svcr_object_text(a->object, left->path) : default_path,
                          path_right ? svcr_object_text(b->object, right->path) : default_path);
}

static bool headers_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    struct svcr_list of_a = a->reference->health.headers;
    struct svcr_list of_b = b->reference->health.headers;
    const struct svcr_header *left = svcr_object_items(a->object, of_a);
    const struct svcr_header *right = svcr_object_items(b->object, of_b);
    bool same = of_a.num == of_b.num;
    for (uint32_t i = 0; same && i < of_a.num; i++) {
        same = str_same(a->object, left[i].name, b->object, right[i].name) &&
               str_same(a->object, left[i].value, b->object, right[i].value);
    }
    return same;
}

static bool health_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    if (!a->has_health || !b->has_health) {
        return a->has_health == b->has_health;
    }
    const struct svcr_health_check *left = &a->reference->health;
    const struct svcr_health_check *right = &b->reference->health;
    return a->interval == b->interval && a->unhealthy_interval == b->unhealthy_interval &&
           a->timeout == b->timeout && left->status == right->status && left->port == right->port &&
           (left->follow_redirects == SVCR_FALSE) == (right->follow_redirects == SVCR_FALSE) &&
           svcr_text_same(svcr_object_text(a->object, left->scheme),
                          svcr_object_text(b->object, right->scheme)) &&
           svcr_text_same(svcr_object_text(a->object, left->mode),
                          svcr_object_text(b->object, right->mode)) &&
           svcr_text_same(svcr_object_text(a->object, left->path),
                          svcr_object_text(b->object, right->path)) &&
           svcr_text_same(svcr_object_text(a->object, left->method),
                          svcr_object_text(b->object, right->method)) &&
           svcr_text_same(svcr_object_text(a->object, left->hostname),
                          svcr_object_text(b->object, right->hostname)) &&
           headers_same(a, b);
}

/* The scheme, nativeLB and nodePortLB are settings too, told by the servers alone. */
static bool view_same(const struct svcr_backend *a, const struct svcr_backend *b)
{
    return a == b || (a->view.mode == b->view.mode && a->view.scheme == b->view.scheme);
}

/* What references of kind Service say beside their target. */
static bool settings_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    return a->strategy == b->strategy && a->flush_interval == b->flush_interval &&
           (a->reference->pass_host_header == SVCR_FALSE) ==
               (b->reference->pass_host_header == SVCR_FALSE) &&
           a->has_passive == b->has_passive && a->failure_window == b->failure_window &&
           a->max_failed_attempts == b->max_failed_attempts &&
           svcr_text_same(a->servers_transport, b->servers_transport) &&
           texts_same(a->middlewares, a->num_middlewares, b->middlewares, b->num_middlewares) &&
           cookie_same(a, b) && health_same(a, b);
}

static bool children_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    bool same = a->num_children == b->num_children;
    for (uint32_t i = 0; same && i < a->num_children; i++) {
        same = child_same(&a->children[i], &b->children[i]);
    }
    return same;
}

/* As children_same(), and own children are the same services. */
static bool members_same(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    bool same = children_same(a, b);
    for (uint32_t i = 0; same && i < a->num_children; i++) {
        const struct svcr_tree_service *left = a->children[i].service;
        const struct svcr_tree_service *right = b->children[i].service;
        same = left == right ||
               (left != NULL && right != NULL && svcr_tree_service_same_tuple(left, right));
    }
    return same;
}

/* The rule text of the route whose own service this is. */
static svcr_text own_match(const struct svcr_tree_service *service)
{
    const struct svcr_ingress_route *object = (const void *)service->object;
    const struct svcr_rule *rules = svcr_object_items(object, object->rules);
    return svcr_object_text(object, rules[service->spot.i].match);
}

bool svcr_tree_service_same_tuple(const struct svcr_tree_service *a,
                                  const struct svcr_tree_service *b)
{
    if (a == b) {
        return true;
    }
    bool same = a->kind == b->kind && a->type == b->type && a->own_of_route == b->own_of_route &&
                svcr_text_same(a->namespace_, b->namespace_) && svcr_text_same(a->name, b->name) &&
                (a->port.data == NULL) == (b->port.data == NULL) &&
                svcr_text_same(a->port, b->port);
    if (same && a->own_of_route) { /* also of the same object and rule */
        struct svcr_entity_key left = svcr_object_key(a->object);
        struct svcr_entity_key right = svcr_object_key(b->object);
        same = svcr_entity_key_same(&left, &right) && svcr_text_same(own_match(a), own_match(b));
    }
    if (same && a->type == SVCROUTE_SERVICE_LOAD_BALANCER) {
        /* Port 0 and "" are as if none were written. */
        bool port = a->port.data == NULL || a->reference->port.kind == b->reference->port.kind;
        return port && view_same(a->backend, b->backend) && settings_same(a, b);
    }
    return same && (!a->own_of_route || members_same(a, b));
}

static void hash_text(uint64_t *hash, svcr_text text)
{
    *hash = svcr_hash(*hash, text.data, text.size);
}

static void hash_number(uint64_t *hash, int64_t number)
{
    *hash = svcr_hash_mix(*hash, (uint64_t)number);
}

static void hash_cookie(uint64_t *hash, const struct svcr_tree_service *service)
{
    const struct svcr_cookie *cookie = service->cookie;
    if (cookie == NULL) {
        return;
    }
    hash_text(hash, svcr_object_text(service->object, cookie->name));
    hash_text(hash, svcr_object_text(service->object, cookie->same_site));
    hash_text(hash, svcr_object_text(service->object, cookie->domain));
    hash_number(hash, cookie->max_age);
    hash_number(hash, cookie->secure * 2 + cookie->http_only);
    hash_text(hash, cookie->path.offset != 0 ? svcr_object_text(service->object, cookie->path)
                                             : SVCR_TEXT("/"));
}

static void hash_health(uint64_t *hash, const struct svcr_tree_service *service)
{
    const struct svcr_health_check *health = &service->reference->health;
    if (!service->has_health) {
        return;
    }
    hash_number(hash, service->interval);
    hash_number(hash, service->unhealthy_interval);
    hash_number(hash, service->timeout);
    hash_number(hash, health->status);
    hash_number(hash, health->port);
    hash_text(hash, svcr_object_text(service->object, health->path));
    hash_text(hash, svcr_object_text(service->object, health->method));
    hash_text(hash, svcr_object_text(service->object, health->mode));
    hash_text(hash, svcr_object_text(service->object, health->scheme));
    hash_text(hash, svcr_object_text(service->object, health->hostname));
    const struct svcr_header *headers = svcr_object_items(service->object, health->headers);
    for (uint32_t i = 0; i < health->headers.num; i++) {
        hash_text(hash, svcr_object_text(service->object, headers[i].name));
        hash_text(hash, svcr_object_text(service->object, headers[i].value));
    }
}

static void hash_settings(uint64_t *hash, const struct svcr_tree_service *service)
{
    hash_number(hash, service->backend->view.mode * 8 + service->backend->view.scheme);
    hash_number(hash, service->strategy * 2 +
                          (service->reference->pass_host_header == SVCR_FALSE ? 1 : 0));
    hash_number(hash, service->flush_interval);
    hash_number(hash, service->failure_window);
    hash_number(hash, service->max_failed_attempts);
    hash_text(hash, service->servers_transport);
    for (uint32_t i = 0; i < service->num_middlewares; i++) {
        hash_text(hash, service->middlewares[i]);
    }
    hash_cookie(hash, service);
    hash_health(hash, service);
}

/* What sets a route's own service apart: its object, its rule, and for several rules with one text
 * what they lead to. */
static void hash_own(uint64_t *hash, const struct svcr_tree_service *service)
{
    struct svcr_entity_key object = svcr_object_key(service->object);
    hash_text(hash, object.namespace_);
    hash_text(hash, object.name);
    hash_text(hash, own_match(service));
    for (uint32_t i = 0; i < service->num_children; i++) {
        const struct svcr_child *child = &service->children[i];
        hash_text(hash, child->name);
        hash_number(hash, child->weight);
        if (child->service != NULL && child->service->type == SVCROUTE_SERVICE_LOAD_BALANCER) {
            hash_settings(hash, child->service);
        }
    }
}

uint64_t svcr_tree_service_tuple_hash(const struct svcroute_context *context,
                                      const struct svcr_tree_service *service)
{
    uint64_t hash = context->hash_seed;
    hash_text(&hash, service->namespace_);
    hash_text(&hash, service->name);
    hash_text(&hash, service->port);
    hash_number(&hash, service->type * 16 + service->kind);
    if (service->own_of_route) {
        hash_own(&hash, service);
    }
    if (service->type == SVCROUTE_SERVICE_LOAD_BALANCER) {
        hash_settings(&hash, service);
    }
    return hash;
}

/* The same view of the same objects comes to the same servers and diagnostics. */
static bool backend_identical(const struct svcr_backend *a, const struct svcr_backend *b)
{
    return a == b || (a != NULL && b != NULL && a->head.bytes == b->head.bytes &&
                      memcmp(&a->view, &b->view, sizeof(a->view)) == 0 &&
                      a->num_objects == b->num_objects && a->num_servers == b->num_servers &&
                      memcmp(a->objects, b->objects, a->num_objects * sizeof(*a->objects)) == 0);
}

bool svcr_tree_service_identical(const struct svcr_tree_service *a,
                                 const struct svcr_tree_service *b)
{
    /* Settings are a function of the object, the policy and the backend; children of what they lead
     * to. */
    bool same = a->object == b->object && a->reference == b->reference && a->type == b->type &&
                a->kind == b->kind && a->depth == b->depth && a->wrong == b->wrong &&
                a->spot.kind == b->spot.kind && a->spot.i == b->spot.i && a->spot.j == b->spot.j &&
                a->own_of_route == b->own_of_route && svcr_text_same(a->base_name, b->base_name) &&
                backend_identical(a->backend, b->backend) && children_same(a, b);
    for (uint32_t i = 0; same && i < a->num_children; i++) {
        same = a->children[i].service == b->children[i].service;
    }
    return same;
}

bool svcr_route_identical(const struct svcr_route *a, const struct svcr_route *b)
{
    return a->object == b->object && a->index == b->index &&
           a->speaks_for_all == b->speaks_for_all && svcr_parents_same(a->parents, b->parents) &&
           a->child.service == b->child.service && child_same(&a->child, &b->child);
}

static bool hints_same(const struct svcr_backend *a, const struct svcr_server *left,
                       const struct svcr_backend *b, const struct svcr_server *right)
{
    if (left->endpoint == NULL || right->endpoint == NULL) {
        return left->endpoint == right->endpoint;
    }
    const struct svcr_object *of_a = a->objects[left->object];
    const struct svcr_object *of_b = b->objects[right->object];
    return str_same(of_a, left->endpoint->node_name, of_b, right->endpoint->node_name) &&
           str_same(of_a, left->endpoint->zone, of_b, right->endpoint->zone) &&
           strs_same(of_a, left->endpoint->hints, of_b, right->endpoint->hints);
}

static bool servers_equal(const struct svcr_backend *a, const struct svcr_backend *b)
{
    if (a == b || a == NULL || b == NULL) {
        return a == b;
    }
    bool same = a->num_servers == b->num_servers;
    for (uint32_t i = 0; same && i < a->num_servers; i++) {
        const struct svcr_server *left = &a->servers[i];
        const struct svcr_server *right = &b->servers[i];
        same = left->fenced == right->fenced && left->url_size == right->url_size &&
               memcmp(a->texts + left->url, b->texts + right->url, left->url_size) == 0 &&
               hints_same(a, left, b, right);
    }
    return same;
}

static bool failover_equal(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    const struct svcr_traefik_service *left = (const void *)a->object;
    const struct svcr_traefik_service *right = (const void *)b->object;
    if (a->type == SVCROUTE_SERVICE_MIRRORING) {
        return left->mirror_body == right->mirror_body &&
               left->max_body_size.given == right->max_body_size.given &&
               left->max_body_size.value == right->max_body_size.value;
    }
    return a->type != SVCROUTE_SERVICE_FAILOVER ||
           (left->max_request_body.given == right->max_request_body.given &&
            left->max_request_body.value == right->max_request_body.value &&
            strs_same(a->object, left->error_status, b->object, right->error_status));
}

bool svcr_tree_service_equal(const struct svcr_tree_service *a, const struct svcr_tree_service *b)
{
    if (a == b) {
        return true;
    }
    bool same = a->type == b->type && a->kind == b->kind && a->depth == b->depth &&
                a->wrong == b->wrong && a->own_of_route == b->own_of_route &&
                svcr_text_same(a->namespace_, b->namespace_) && svcr_text_same(a->name, b->name) &&
                svcr_text_same(a->port, b->port) && cookie_same(a, b) &&
                servers_equal(a->backend, b->backend);
    if (same && a->type == SVCROUTE_SERVICE_LOAD_BALANCER) {
        return settings_same(a, b);
    }
    return same && failover_equal(a, b);
}

static bool tls_equal(const struct svcr_ingress_route *a, const struct svcr_ingress_route *b)
{
    const struct svcr_tls_domain *left = svcr_object_items(a, a->tls.domains);
    const struct svcr_tls_domain *right = svcr_object_items(b, b->tls.domains);
    bool same = a->tls.given == b->tls.given && a->tls.domains.num == b->tls.domains.num &&
                str_same(&a->head, a->tls.cert_resolver, &b->head, b->tls.cert_resolver);
    for (uint32_t i = 0; same && i < a->tls.domains.num; i++) {
        same = str_same(&a->head, left[i].main, &b->head, right[i].main) &&
               strs_same(&a->head, left[i].sans, &b->head, right[i].sans);
    }
    return same;
}

/* The name, or generateName, that a route tells of its object. */
static svcr_text route_object(const struct svcr_ingress_route *object)
{
    return svcr_object_key(&object->head).name;
}

bool svcr_route_equal(const struct svcr_route *a, const struct svcr_route *b)
{
    if (a == b) {
        return true;
    }
    const struct svcr_ingress_route *left = (const void *)a->object;
    const struct svcr_ingress_route *right = (const void *)b->object;
    const struct svcr_observability *seen = &a->rule->observability;
    const struct svcr_observability *other = &b->rule->observability;
    bool same =
        svcr_text_same(svcr_object_text(a->object, left->meta.namespace_),
                       svcr_object_text(b->object, right->meta.namespace_)) &&
        svcr_text_same(route_object(left), route_object(right)) && a->index == b->index &&
        a->rule->priority == b->rule->priority &&
        str_same(a->object, a->rule->match, b->object, b->rule->match) &&
        str_same(a->object, a->rule->syntax, b->object, b->rule->syntax) &&
        strs_same(a->object, left->entry_points, b->object, right->entry_points) &&
        texts_same(a->middlewares, a->num_middlewares, b->middlewares, b->num_middlewares) &&
        svcr_text_same(a->tls_options, b->tls_options) && tls_equal(left, right) &&
        seen->given == other->given && seen->access_logs == other->access_logs &&
        seen->metrics == other->metrics && seen->tracing == other->tracing &&
        str_same(a->object, seen->trace_verbosity, b->object, other->trace_verbosity);
    return same;
}

bool svcr_route_takes_same(const struct svcr_route *a, const struct svcr_route *b)
{
    if (a == b) {
        return true;
    }
    const struct svcr_ingress_route *left = (const void *)a->object;
    const struct svcr_ingress_route *right = (const void *)b->object;
    return (a->program == NULL) == (b->program == NULL) &&
           svcr_parents_same(a->parents, b->parents) &&
           (a->child.kind == 0) == (b->child.kind == 0) && left->tls.given == right->tls.given &&
           a->rule->priority == b->rule->priority &&
           str_same(a->object, a->rule->match, b->object, b->rule->match) &&
           strs_same(a->object, left->entry_points, b->object, right->entry_points);
}
