/* Getters of services, their children and servers. */
#include <svcroute/error.h>

#include "base/memory.h"
#include "resolve/table.h"

/* Checks the arguments that all info getters share; `first`: size of the first release. */
static int check(const void *handle, const void *info, size_t first)
{
    return handle == NULL || info == NULL ? SVCROUTE_ERR_INVALID : svcr_struct_check(info, first);
}

static const struct svcr_traefik_service *tree_of(const struct svcr_tree_service *service)
{
    return (const struct svcr_traefik_service *)(const void *)service->object;
}

int svcroute_service_get_info(const struct svcroute_service *handle,
                              struct svcroute_service_info *info)
{
    int error = check(handle, info, SVCR_SIZE_UP_TO(struct svcroute_service_info, depth));
    if (error != 0) {
        return error;
    }
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    bool balancer = service->type == SVCROUTE_SERVICE_LOAD_BALANCER;
    struct svcroute_service_info own = {
        .flush_interval = service->flush_interval,
        .max_body_size = -1,
        .max_request_body_bytes = -1,
        .name = handle->entry.name,
        .base_name = service->base_name,
        .namespace_ = service->namespace_,
        .object = service->name,
        .port = service->port,
        .servers_transport = service->servers_transport,
        .kind = service->kind,
        .type = service->type,
        .strategy = service->strategy,
        .pass_host_header = balancer && service->reference->pass_host_header != SVCR_FALSE ? 1 : 0,
        .num_servers = balancer ? service->backend->num_servers : 0,
        .num_children = service->num_children,
        .num_middlewares = service->num_middlewares,
        .has_cookie = service->cookie != NULL,
        .has_health_check = service->has_health,
        .has_passive_check = service->has_passive,
        .own_of_route = service->own_of_route,
        .depth = service->depth,
    };
    if (service->type == SVCROUTE_SERVICE_MIRRORING) {
        const struct svcr_optional *limit = &tree_of(service)->max_body_size;
        own.mirror_body = tree_of(service)->mirror_body;
        own.max_body_size = limit->given ? limit->value : -1;
        own.max_body_size_given = limit->given;
    } else if (service->type == SVCROUTE_SERVICE_FAILOVER) {
        const struct svcr_optional *limit = &tree_of(service)->max_request_body;
        own.num_error_status = tree_of(service)->error_status.num;
        own.max_request_body_bytes = limit->given ? limit->value : -1;
        own.max_request_body_given = limit->given;
    }
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

int svcroute_service_get_child(const struct svcroute_table *table,
                               const struct svcroute_service *handle, size_t index,
                               struct svcroute_child_info *info)
{
    int error = table == NULL
                    ? SVCROUTE_ERR_INVALID
                    : check(handle, info, SVCR_SIZE_UP_TO(struct svcroute_child_info, reserved));
    if (error != 0) {
        return error;
    }
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    if (index >= service->num_children) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_child *child = &service->children[index];
    struct svcroute_child_info own = {
        .weight = child->role == SVCROUTE_CHILD_MEMBER ? child->weight : 0,
        .percent = child->role == SVCROUTE_CHILD_MIRROR ? child->percent : 0,
        .service = svcr_child_service(table, child),
        .role = child->role,
    };
    own.name = own.service != NULL ? own.service->entry.name : child->name;
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

/* "[host]" or "host" between "://" and the last ":". */
static svcr_text host_of(svcr_text url)
{
    const char *start = (const char *)memchr(url.data, ':', url.size) + 3;
    const char *end = url.data + url.size;
    while (end[-1] != ':') {
        end--;
    }
    end--;
    bool brackets = end - start >= 2 && *start == '[' && end[-1] == ']';
    return (svcr_text){start + (brackets ? 1 : 0), (size_t)(end - start) - (brackets ? 2 : 0)};
}

static const struct svcr_server *server_at(const struct svcroute_service *handle, size_t index)
{
    const struct svcr_backend *backend = svcr_entry_service(handle)->backend;
    return backend != NULL && index < backend->num_servers ? &backend->servers[index] : NULL;
}

int svcroute_service_get_server(const struct svcroute_service *handle, size_t index,
                                struct svcroute_server_info *info)
{
    int error = check(handle, info, SVCR_SIZE_UP_TO(struct svcroute_server_info, reserved));
    const struct svcr_server *server = error == 0 ? server_at(handle, index) : NULL;
    if (server == NULL) {
        return error != 0 ? error : SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_backend *backend = svcr_entry_service(handle)->backend;
    const struct svcr_object *object = backend->objects[server->object];
    struct svcroute_server_info own = {
        .scheme = svcr_scheme_text((enum svcr_scheme)backend->view.scheme),
        .url = {backend->texts + server->url, server->url_size},
        .address = {(const char *)server->address->bytes, server->address->size},
        .port = server->port,
        .fenced = server->fenced,
        .occurrence = server->occurrence,
    };
    own.host = host_of(own.url);
    if (server->endpoint != NULL) {
        own.node = svcr_object_text(object, server->endpoint->node_name);
        own.zone = svcr_object_text(object, server->endpoint->zone);
        own.num_hints = server->endpoint->hints.num;
    }
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

struct svcroute_text svcroute_server_get_hint(const struct svcroute_service *handle, size_t index,
                                              size_t hint)
{
    const struct svcr_server *server = handle != NULL ? server_at(handle, index) : NULL;
    if (server == NULL || server->endpoint == NULL || hint >= server->endpoint->hints.num) {
        return SVCR_TEXT_ABSENT;
    }
    const struct svcr_object *object = svcr_entry_service(handle)->backend->objects[server->object];
    const struct svcr_str *hints = svcr_object_items(object, server->endpoint->hints);
    return svcr_object_text(object, hints[hint]);
}

struct svcroute_text svcroute_service_get_middleware(const struct svcroute_service *handle,
                                                     size_t index)
{
    bool there = handle != NULL && index < svcr_entry_service(handle)->num_middlewares;
    return there ? svcr_entry_service(handle)->middlewares[index] : SVCR_TEXT_ABSENT;
}

struct svcroute_text svcroute_service_get_error_status(const struct svcroute_service *handle,
                                                       size_t index)
{
    if (handle == NULL || svcr_entry_service(handle)->type != SVCROUTE_SERVICE_FAILOVER) {
        return SVCR_TEXT_ABSENT;
    }
    const struct svcr_traefik_service *object = tree_of(svcr_entry_service(handle));
    const struct svcr_str *items = svcr_object_items(object, object->error_status);
    return index < object->error_status.num ? svcr_object_text(object, items[index])
                                            : SVCR_TEXT_ABSENT;
}

int svcroute_service_get_cookie(const struct svcroute_service *handle,
                                struct svcroute_cookie_info *info)
{
    int error = check(handle, info, SVCR_SIZE_UP_TO(struct svcroute_cookie_info, http_only));
    const struct svcr_cookie *cookie = error == 0 ? svcr_entry_service(handle)->cookie : NULL;
    if (cookie == NULL) {
        return error != 0 ? error : SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_object *object = svcr_entry_service(handle)->object;
    struct svcroute_cookie_info own = {
        .max_age = cookie->max_age,
        .name = svcr_object_text(object, cookie->name),
        .path = cookie->path.offset != 0 ? svcr_object_text(object, cookie->path) : SVCR_TEXT("/"),
        .domain = svcr_object_text(object, cookie->domain),
        .same_site = svcr_object_text(object, cookie->same_site),
        .secure = cookie->secure,
        .http_only = cookie->http_only,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

int svcroute_service_get_health_check(const struct svcroute_service *handle,
                                      struct svcroute_health_check_info *info)
{
    int error =
        check(handle, info, SVCR_SIZE_UP_TO(struct svcroute_health_check_info, num_headers));
    if (error != 0) {
        return error;
    }
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    if (!service->has_health) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_object *object = service->object;
    const struct svcr_health_check *health = &service->reference->health;
    struct svcroute_health_check_info own = {
        .interval = service->interval,
        .unhealthy_interval = service->unhealthy_interval,
        .timeout = service->timeout,
        .status = health->status,
        .port = health->port,
        .scheme = svcr_object_text(object, health->scheme),
        .mode = svcr_object_text(object, health->mode),
        .path = svcr_object_text(object, health->path),
        .method = svcr_object_text(object, health->method),
        .hostname = svcr_object_text(object, health->hostname),
        .follow_redirects = health->follow_redirects != SVCR_FALSE,
        .num_headers = health->headers.num,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

int svcroute_service_get_health_header(const struct svcroute_service *handle, size_t index,
                                       struct svcroute_text *name, struct svcroute_text *value)
{
    if (handle == NULL || name == NULL || value == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    if (!service->has_health || index >= service->reference->health.headers.num) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_header *headers =
        svcr_object_items(service->object, service->reference->health.headers);
    *name = svcr_object_text(service->object, headers[index].name);
    *value = svcr_object_text(service->object, headers[index].value);
    return 0;
}

int svcroute_service_get_passive_check(const struct svcroute_service *handle,
                                       struct svcroute_passive_check_info *info)
{
    int error = check(handle, info,
                      SVCR_SIZE_UP_TO(struct svcroute_passive_check_info, max_failed_attempts));
    if (error != 0) {
        return error;
    }
    const struct svcr_tree_service *service = svcr_entry_service(handle);
    if (!service->has_passive) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    struct svcroute_passive_check_info own = {
        .failure_window = service->failure_window,
        .max_failed_attempts = service->max_failed_attempts,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}
