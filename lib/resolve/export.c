/* Export: a table in the form of Traefik's dynamic configuration. Members stand in the order of
 * their keys as bytes; what is false, 0, "" or empty is left out, except where the reference tells
 * "given" from "absent". */
#include <svcroute/error.h>

#include "base/context.h"
#include "base/duration.h"
#include "base/memory.h"
#include "resolve/table.h"
#include "resolve/writer.h"

struct svcroute_export {
    struct svcroute_context *context; /* referenced */
    struct svcr_buffer text;
};

static void write_duration(struct svcr_writer *writer, const char *key, int64_t nanoseconds)
{
    char text[SVCR_DURATION_TEXT_MAX];
    size_t size = svcr_duration_format(nanoseconds, text);
    svcr_writer_text(writer, key, (svcr_text){text, size});
}

static void write_text(struct svcr_writer *writer, const char *key, svcr_text text)
{
    if (text.size != 0) {
        svcr_writer_text(writer, key, text);
    }
}

static void write_integer(struct svcr_writer *writer, const char *key, int64_t value)
{
    if (value != 0) {
        svcr_writer_integer(writer, key, value);
    }
}

static void write_true(struct svcr_writer *writer, const char *key, bool value)
{
    if (value) {
        svcr_writer_boolean(writer, key, true);
    }
}

static void write_tri(struct svcr_writer *writer, const char *key, uint8_t value)
{
    if (value != SVCR_ABSENT) {
        svcr_writer_boolean(writer, key, value == SVCR_TRUE);
    }
}

static void write_strs(struct svcr_writer *writer, const char *key,
                       const struct svcr_object *object, struct svcr_list list)
{
    const struct svcr_str *items = svcr_object_items(object, list);
    if (list.num == 0) {
        return;
    }
    svcr_writer_begin(writer, key, true);
    for (uint32_t i = 0; i < list.num; i++) {
        svcr_writer_text(writer, NULL, svcr_object_text(object, items[i]));
    }
    svcr_writer_end(writer);
}

static void write_texts(struct svcr_writer *writer, const char *key, const svcr_text *texts,
                        uint32_t num)
{
    if (num == 0) {
        return;
    }
    svcr_writer_begin(writer, key, true);
    for (uint32_t i = 0; i < num; i++) {
        svcr_writer_text(writer, NULL, texts[i]);
    }
    svcr_writer_end(writer);
}

/* ---- routers ---- */

static void write_observability(struct svcr_writer *writer, const struct svcr_route *route)
{
    const struct svcr_observability *seen = &route->rule->observability;
    if (!seen->given) {
        return;
    }
    svcr_writer_begin(writer, "observability", false);
    write_tri(writer, "accessLogs", seen->access_logs);
    write_tri(writer, "metrics", seen->metrics);
    write_text(writer, "traceVerbosity", svcr_object_text(route->object, seen->trace_verbosity));
    write_tri(writer, "tracing", seen->tracing);
    svcr_writer_end(writer);
}

static void write_tls(struct svcr_writer *writer, const struct svcr_route *route)
{
    const struct svcr_ingress_route *object = (const void *)route->object;
    const struct svcr_tls *tls = &object->tls;
    const struct svcr_tls_domain *domains = svcr_object_items(object, tls->domains);
    if (!tls->given) {
        return;
    }
    svcr_writer_begin(writer, "tls", false);
    write_text(writer, "certResolver", svcr_object_text(object, tls->cert_resolver));
    if (tls->domains.num != 0) {
        svcr_writer_begin(writer, "domains", true);
        for (uint32_t i = 0; i < tls->domains.num; i++) {
            svcr_writer_begin(writer, NULL, false);
            write_text(writer, "main", svcr_object_text(object, domains[i].main));
            write_strs(writer, "sans", route->object, domains[i].sans);
            svcr_writer_end(writer);
        }
        svcr_writer_end(writer);
    }
    write_text(writer, "options", route->tls_options);
    svcr_writer_end(writer);
}

static void write_parents(struct svcr_writer *writer, const struct svcroute_table *table,
                          const struct svcr_parents *parents)
{
    if (parents == NULL || parents->num == 0) {
        return;
    }
    svcr_writer_begin(writer, "parentRefs", true);
    for (uint32_t i = 0; i < parents->num; i++) {
        svcr_writer_text(writer, NULL, svcr_parent_name(table, parents, i));
    }
    svcr_writer_end(writer);
}

static void write_route(struct svcr_writer *writer, const struct svcroute_table *table,
                        const struct svcr_entry *entry)
{
    const struct svcr_route *route = svcr_entry_route((const void *)entry);
    const struct svcr_ingress_route *object = (const void *)route->object;
    svcr_writer_begin_named(writer, entry->name);
    write_strs(writer, "entryPoints", route->object, object->entry_points);
    write_texts(writer, "middlewares", route->middlewares, route->num_middlewares);
    write_observability(writer, route);
    write_parents(writer, table, route->parents);
    write_integer(writer, "priority", route->rule->priority);
    write_text(writer, "rule", svcr_object_text(object, route->rule->match));
    write_text(writer, "ruleSyntax", svcr_object_text(object, route->rule->syntax));
    write_text(writer, "service", svcr_child_name(table, &route->child));
    write_tls(writer, route);
    svcr_writer_end(writer);
}

/* ---- load balancers ---- */

static void write_sticky(struct svcr_writer *writer, const struct svcr_tree_service *service)
{
    const struct svcr_cookie *cookie = service->cookie;
    const struct svcr_object *object = service->object;
    if (cookie == NULL) {
        return;
    }
    svcr_writer_begin(writer, "sticky", false);
    svcr_writer_begin(writer, "cookie", false);
    write_text(writer, "domain", svcr_object_text(object, cookie->domain));
    write_true(writer, "httpOnly", cookie->http_only != 0);
    write_integer(writer, "maxAge", cookie->max_age);
    write_text(writer, "name", svcr_object_text(object, cookie->name));
    svcr_writer_text(writer, "path",
                     cookie->path.offset != 0 ? svcr_object_text(object, cookie->path)
                                              : SVCR_TEXT("/"));
    write_text(writer, "sameSite", svcr_object_text(object, cookie->same_site));
    write_true(writer, "secure", cookie->secure != 0);
    svcr_writer_end(writer);
    svcr_writer_end(writer);
}

static void write_health_check(struct svcr_writer *writer, const struct svcr_tree_service *service)
{
    const struct svcr_object *object = service->object;
    if (!service->has_health) {
        return;
    }
    const struct svcr_health_check *health = &service->reference->health;
    const struct svcr_header *headers = svcr_object_items(object, health->headers);
    svcr_writer_begin(writer, "healthCheck", false);
    svcr_writer_boolean(writer, "followRedirects", health->follow_redirects != SVCR_FALSE);
    if (health->headers.num != 0) {
        svcr_writer_begin(writer, "headers", false);
        for (uint32_t i = 0; i < health->headers.num; i++) {
            svcr_writer_named_text(writer, svcr_object_text(object, headers[i].name),
                                   svcr_object_text(object, headers[i].value));
        }
        svcr_writer_end(writer);
    }
    write_text(writer, "hostname", svcr_object_text(object, health->hostname));
    write_duration(writer, "interval", service->interval);
    write_text(writer, "method", svcr_object_text(object, health->method));
    write_text(writer, "mode", svcr_object_text(object, health->mode));
    write_text(writer, "path", svcr_object_text(object, health->path));
    write_integer(writer, "port", health->port);
    write_text(writer, "scheme", svcr_object_text(object, health->scheme));
    write_integer(writer, "status", health->status);
    write_duration(writer, "timeout", service->timeout);
    write_duration(writer, "unhealthyInterval", service->unhealthy_interval);
    svcr_writer_end(writer);
}

static void write_servers(struct svcr_writer *writer, const struct svcr_backend *backend)
{
    if (backend->num_servers == 0) {
        return;
    }
    svcr_writer_begin(writer, "servers", true);
    for (uint32_t i = 0; i < backend->num_servers; i++) {
        const struct svcr_server *server = &backend->servers[i];
        svcr_writer_begin(writer, NULL, false);
        write_true(writer, "fenced", server->fenced != 0);
        svcr_writer_text(writer, "url",
                         (svcr_text){backend->texts + server->url, server->url_size});
        svcr_writer_end(writer);
    }
    svcr_writer_end(writer);
}

static void write_load_balancer(struct svcr_writer *writer, const struct svcr_tree_service *service)
{
    static const char *const strategies[] = {"", "wrr", "p2c", "hrw", "leasttime"};
    const char *strategy = strategies[service->strategy];
    svcr_writer_begin(writer, "loadBalancer", false);
    write_health_check(writer, service);
    svcr_writer_boolean(writer, "passHostHeader",
                        service->reference->pass_host_header != SVCR_FALSE);
    if (service->has_passive) {
        svcr_writer_begin(writer, "passiveHealthCheck", false);
        write_duration(writer, "failureWindow", service->failure_window);
        svcr_writer_integer(writer, "maxFailedAttempts", service->max_failed_attempts);
        svcr_writer_end(writer);
    }
    svcr_writer_begin(writer, "responseForwarding", false);
    write_duration(writer, "flushInterval", service->flush_interval);
    svcr_writer_end(writer);
    write_servers(writer, service->backend);
    write_text(writer, "serversTransport", service->servers_transport);
    write_sticky(writer, service);
    svcr_writer_text(writer, "strategy", (svcr_text){strategy, strlen(strategy)});
    svcr_writer_end(writer);
}

/* ---- services with children ---- */

static void write_members(struct svcr_writer *writer, const struct svcroute_table *table,
                          const struct svcr_tree_service *service, const char *key)
{
    svcr_writer_begin(writer, key, false);
    if (service->num_children != 0) {
        svcr_writer_begin(writer, "services", true);
        for (uint32_t i = 0; i < service->num_children; i++) {
            svcr_writer_begin(writer, NULL, false);
            svcr_writer_text(writer, "name", svcr_child_name(table, &service->children[i]));
            svcr_writer_integer(writer, "weight", service->children[i].weight);
            svcr_writer_end(writer);
        }
        svcr_writer_end(writer);
    }
    write_sticky(writer, service);
    svcr_writer_end(writer);
}

/* The child of a role; NULL: there is none. */
static const struct svcr_child *child_of(const struct svcr_tree_service *service, uint32_t role)
{
    for (uint32_t i = 0; i < service->num_children; i++) {
        if (service->children[i].role == role) {
            return &service->children[i];
        }
    }
    return NULL;
}

static void write_child(struct svcr_writer *writer, const struct svcroute_table *table,
                        const struct svcr_tree_service *service, const char *key, uint32_t role)
{
    const struct svcr_child *child = child_of(service, role);
    if (child != NULL) {
        write_text(writer, key, svcr_child_name(table, child));
    }
}

static void write_mirroring(struct svcr_writer *writer, const struct svcroute_table *table,
                            const struct svcr_tree_service *service)
{
    const struct svcr_traefik_service *object = (const void *)service->object;
    bool started = false;
    svcr_writer_begin(writer, "mirroring", false);
    if (object->max_body_size.given) {
        svcr_writer_integer(writer, "maxBodySize", object->max_body_size.value);
    }
    write_tri(writer, "mirrorBody", object->mirror_body);
    for (uint32_t i = 0; i < service->num_children; i++) {
        const struct svcr_child *child = &service->children[i];
        if (child->role != SVCROUTE_CHILD_MIRROR) {
            continue;
        }
        if (!started) {
            svcr_writer_begin(writer, "mirrors", true);
            started = true;
        }
        svcr_writer_begin(writer, NULL, false);
        svcr_writer_text(writer, "name", svcr_child_name(table, child));
        svcr_writer_integer(writer, "percent", child->percent);
        svcr_writer_end(writer);
    }
    if (started) {
        svcr_writer_end(writer);
    }
    write_child(writer, table, service, "service", SVCROUTE_CHILD_MAIN);
    svcr_writer_end(writer);
}

static void write_failover(struct svcr_writer *writer, const struct svcroute_table *table,
                           const struct svcr_tree_service *service)
{
    const struct svcr_traefik_service *object = (const void *)service->object;
    svcr_writer_begin(writer, "failover", false);
    svcr_writer_begin(writer, "errors", false);
    if (object->max_request_body.given) {
        svcr_writer_integer(writer, "maxRequestBodyBytes", object->max_request_body.value);
    }
    write_strs(writer, "status", service->object, object->error_status);
    svcr_writer_end(writer);
    write_child(writer, table, service, "fallback", SVCROUTE_CHILD_FALLBACK);
    write_child(writer, table, service, "service", SVCROUTE_CHILD_MAIN);
    svcr_writer_end(writer);
}

static void write_service(struct svcr_writer *writer, const struct svcroute_table *table,
                          const struct svcr_entry *entry)
{
    const struct svcr_tree_service *service = svcr_entry_service((const void *)entry);
    svcr_writer_begin_named(writer, entry->name);
    switch ((enum svcroute_service_type)service->type) {
    case SVCROUTE_SERVICE_LOAD_BALANCER:
        write_load_balancer(writer, service);
        break;
    case SVCROUTE_SERVICE_WEIGHTED:
        write_members(writer, table, service, "weighted");
        break;
    case SVCROUTE_SERVICE_MIRRORING:
        write_mirroring(writer, table, service);
        break;
    case SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT:
        write_members(writer, table, service, "highestRandomWeight");
        break;
    case SVCROUTE_SERVICE_FAILOVER:
        write_failover(writer, table, service);
        break;
    }
    write_texts(writer, "middlewares", service->middlewares, service->num_middlewares);
    svcr_writer_end(writer);
}

/* ---- the whole ---- */

static bool write_all(struct svcr_writer *writer, const struct svcroute_table *table,
                      const char *key, const struct svcr_trie *trie, size_t num,
                      void (*write)(struct svcr_writer *, const struct svcroute_table *,
                                    const struct svcr_entry *))
{
    const struct svcr_entry **entries = svcr_entries_sorted(table, trie, num);
    if (entries == NULL) {
        return false;
    }
    svcr_writer_begin(writer, key, false);
    for (size_t i = 0; i < num && !writer->text.failed; i++) {
        write(writer, table, entries[i]);
    }
    svcr_writer_end(writer);
    svcr_release(table->context, (void *)entries, (num + 1) * sizeof(*entries));
    return !writer->text.failed;
}

int svcroute_table_export(struct svcroute_export **out, const struct svcroute_table *table,
                          uint32_t format)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (table == NULL || (format != SVCROUTE_EXPORT_JSON && format != SVCROUTE_EXPORT_YAML)) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcr_writer writer;
    svcr_writer_init(&writer, table->context, format == SVCROUTE_EXPORT_YAML);
    svcr_writer_begin(&writer, NULL, false);
    svcr_writer_begin(&writer, "http", false);
    bool good =
        write_all(&writer, table, "routers", &table->routes, table->num_routes, write_route) &&
        write_all(&writer, table, "services", &table->services, table->num_services, write_service);
    svcr_writer_end(&writer);
    svcr_writer_end(&writer);
    svcr_writer_finish(&writer);
    struct svcroute_export *text = good ? svcr_zalloc(table->context, sizeof(*text)) : NULL;
    if (text == NULL || writer.text.failed) {
        svcr_release(table->context, text, sizeof(*text));
        svcr_buffer_free(&writer.text);
        return SVCROUTE_ERR_NOMEM;
    }
    text->context = svcroute_context_ref(table->context);
    text->text = writer.text;
    *out = text;
    return 0;
}

struct svcroute_text svcroute_export_get_text(const struct svcroute_export *text)
{
    return text != NULL ? svcr_buffer_text(&text->text) : SVCR_TEXT_ABSENT;
}

void svcroute_export_free(struct svcroute_export *text)
{
    if (text == NULL) {
        return;
    }
    struct svcroute_context *context = text->context;
    svcr_buffer_free(&text->text);
    svcr_release(context, text, sizeof(*text));
    svcroute_context_unref(context);
}
