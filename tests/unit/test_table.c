/* The getters of tables, routes and services: what each tells, beyond the last, for NULL, for
 * structs of other sizes; listings and looking up. */
#include "resolve_support.h"

static const char full[] =
    "kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: ns}\n"
    "spec: {ports: [{name: web, port: 80}]}\n---\n"
    "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: s-1, namespace: ns, "
    "labels: {kubernetes.io/service-name: s}}\nports: [{name: web, port: 8080}]\n"
    "endpoints: [{addresses: [10.1.0.1], nodeName: node1, zone: z1, hints: {forZones: [{name: za}, "
    "{name: zb}]}}, {addresses: ['fd00::2'], conditions: {terminating: true}}]\n---\n"
    "kind: Service\napiVersion: v1\nmetadata: {name: e, namespace: ns}\n"
    "spec: {type: ExternalName, externalName: example.com, ports: [{port: 443}]}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: parent, namespace: ns}\n"
    "spec: {routes: [{match: up}, {match: up2}]}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r, namespace: ns}\n"
    "spec:\n  entryPoints: [web, secure]\n  parentRefs: [{name: parent}]\n"
    "  tls: {certResolver: cr, options: {name: o}, domains: [{main: m.com, sans: [a.com, b.com]}, "
    "{main: n.com}]}\n"
    "  routes:\n"
    "  - {match: one, priority: 42, syntax: v3, middlewares: [{name: m}, {name: x@file}],\n"
    "     observability: {accessLogs: false, metrics: true, traceVerbosity: detailed},\n"
    "     services: [{name: s, port: web}]}\n"
    "  - {match: three, services: [{kind: TraefikService, name: f@file}]}\n"
    "  - {match: four, services: [{name: s, port: 80, weight: 3}, {kind: TraefikService, name: "
    "mir}]}\n"
    "---\n"
    "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: mir, namespace: ns}\n"
    "spec: {mirroring: {name: e, port: 443, strategy: leasttime, passHostHeader: false, "
    "responseForwarding: {flushInterval: 250ms}, serversTransport: tr, middlewares: [{name: q}], "
    "sticky: {cookie: {name: ck, path: /p, domain: d.com, sameSite: strict, maxAge: 60, secure: "
    "true,"
    " httpOnly: true}}, healthCheck: {path: /up, scheme: http, mode: grpc, method: POST, hostname: "
    "hh, "
    "port: 99, status: 201, interval: 1s, unhealthyInterval: 2s, timeout: 3s, followRedirects: "
    "false, "
    "headers: {B: two, A: one}}, passiveHealthCheck: {failureWindow: 7, maxFailedAttempts: 5}, "
    "maxBodySize: 1000, mirrorBody: false, mirrors: [{name: s, port: web, percent: 35}]}}\n---\n"
    "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: fo, namespace: ns}\n"
    "spec: {failover: {service: {kind: TraefikService, name: mir}, fallback: {name: s, port: 80}, "
    "errors: {status: ['500', 502-504], maxRequestBodyBytes: 77}}}\n";

static struct svcroute_table *full_table(struct world *world)
{
    return table_of(world, full, "external");
}

static const struct svcroute_route *route_of(const struct svcroute_table *table, const char *match)
{
    const struct svcroute_route *route =
        svcroute_table_find_route_of(table, SVCR_TEXT("ns"), SVCR_TEXT("r"), text_of(match), 0);
    ck_assert_ptr_nonnull(route);
    return route;
}

START_TEST(test_route)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    const struct svcroute_route *route = route_of(table, "one");
    struct svcroute_route_info info = route_info(table, route);
    ck_assert_text(info.name, "ns-r-7692c3ad3540bb803c02"); /* of SHA-256("one") */
    ck_assert_text(info.namespace_, "ns");
    ck_assert_text(info.ingress_route, "r");
    ck_assert_text(info.rule, "one");
    ck_assert_text(info.rule_syntax, "v3");
    ck_assert(svcr_text_same(info.service, info.name));
    ck_assert_text(info.cert_resolver, "cr");
    ck_assert_text(info.tls_options, "ns-o");
    ck_assert_text(info.trace_verbosity, "detailed");
    ck_assert_int_eq(info.priority, 42);
    ck_assert_int_eq(info.effective_priority, 42);
    ck_assert_uint_eq(info.index, 0);
    ck_assert_uint_eq(info.num_entry_points, 2);
    ck_assert_uint_eq(info.num_middlewares, 2);
    ck_assert_uint_eq(info.num_parents, 2);
    ck_assert_uint_eq(info.num_tls_domains, 2);
    ck_assert_uint_eq(info.has_tls, 1);
    ck_assert_uint_eq(info.has_observability, 1);
    ck_assert_uint_eq(info.access_logs, SVCROUTE_FALSE);
    ck_assert_uint_eq(info.metrics, SVCROUTE_TRUE);
    ck_assert_uint_eq(info.tracing, SVCROUTE_ABSENT);
    ck_assert_text(svcroute_route_get_entry_point(route, 1), "secure");
    ck_assert_text(svcroute_route_get_middleware(route, 0), "ns-m");
    ck_assert_text(svcroute_route_get_middleware(route, 1), "x@file");
    const struct svcroute_route *parent =
        svcroute_table_find_route(table, svcroute_route_get_parent(table, route, 1));
    ck_assert_text(route_info(table, parent).rule, "up2");
    size_t sans = 9;
    ck_assert_text(svcroute_route_get_tls_domain(route, 0, &sans), "m.com");
    ck_assert_uint_eq(sans, 2);
    ck_assert_text(svcroute_route_get_tls_san(route, 0, 1), "b.com");
    ck_assert_text(svcroute_route_get_tls_domain(route, 1, NULL), "n.com");

    route = route_of(table, "three"); /* of another provider */
    info = route_info(table, route);
    ck_assert_text(info.service, "f@file");
    ck_assert_ptr_null(svcroute_route_get_service(table, route));
    ck_assert_int_eq(info.priority, 0);
    ck_assert_int_eq(info.effective_priority, 5);
    ck_assert_uint_eq(info.index, 1);
    ck_assert_uint_eq(info.num_middlewares, 0);
    ck_assert_uint_eq(info.has_observability, 0);
    ck_assert_ptr_null(info.rule_syntax.data);

    route = parent; /* without a service, tls and parents */
    info = route_info(table, route);
    ck_assert_uint_eq(info.service.size, 0);
    ck_assert_uint_eq(info.has_tls, 0);
    ck_assert_uint_eq(info.num_parents, 0);
    ck_assert_ptr_null(svcroute_route_get_service(table, route));
    table_close(&world, table);
}
END_TEST

START_TEST(test_beyond)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    const struct svcroute_route *route = route_of(table, "one");
    const struct svcroute_service *service = svcroute_route_get_service(table, route);
    struct svcroute_child_info child = {.size = sizeof(child)};
    struct svcroute_server_info server = {.size = sizeof(server)};
    size_t sans = 9;
    ck_assert_ptr_null(svcroute_route_get_entry_point(route, 2).data);
    ck_assert_ptr_null(svcroute_route_get_entry_point(NULL, 0).data);
    ck_assert_ptr_null(svcroute_route_get_middleware(route, 2).data);
    ck_assert_ptr_null(svcroute_route_get_middleware(NULL, 0).data);
    ck_assert_ptr_null(svcroute_route_get_parent(table, route, 2).data);
    ck_assert_ptr_null(svcroute_route_get_parent(NULL, route, 0).data);
    ck_assert_ptr_null(svcroute_route_get_parent(table, NULL, 0).data);
    ck_assert_ptr_null(svcroute_route_get_tls_domain(route, 2, &sans).data);
    ck_assert_uint_eq(sans, 0);
    ck_assert_ptr_null(svcroute_route_get_tls_domain(NULL, 0, &sans).data);
    ck_assert_ptr_null(svcroute_route_get_tls_san(route, 0, 2).data);
    ck_assert_ptr_null(svcroute_route_get_tls_san(route, 1, 0).data);
    ck_assert_ptr_null(svcroute_route_get_tls_san(route, 2, 0).data);
    ck_assert_ptr_null(svcroute_route_get_tls_san(NULL, 0, 0).data);
    ck_assert_ptr_null(svcroute_route_get_service(NULL, route));
    ck_assert_ptr_null(svcroute_route_get_service(table, NULL));
    ck_assert_int_eq(svcroute_service_get_child(table, service, 0, &child), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_server(service, 2, &server), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_server(service_named(table, "ns-mir"), 0, &server),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_ptr_null(svcroute_server_get_hint(service, 0, 2).data);
    ck_assert_ptr_null(svcroute_server_get_hint(service, 2, 0).data);
    ck_assert_ptr_null(svcroute_server_get_hint(NULL, 0, 0).data);
    ck_assert_ptr_null(svcroute_server_get_hint(service_named(table, "ns-e-443"), 0, 0).data);
    ck_assert_ptr_null(svcroute_service_get_middleware(service, 0).data);
    ck_assert_ptr_null(svcroute_service_get_middleware(NULL, 0).data);
    ck_assert_ptr_null(svcroute_service_get_error_status(service, 0).data);
    ck_assert_ptr_null(svcroute_service_get_error_status(service_named(table, "ns-fo"), 2).data);
    ck_assert_ptr_null(svcroute_service_get_error_status(NULL, 0).data);
    table_close(&world, table);
}
END_TEST

START_TEST(test_load_balancers)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    const struct svcroute_service *own = svcroute_route_get_service(table, route_of(table, "one"));
    struct svcroute_service_info info = service_info(own);
    ck_assert_text(info.namespace_, "ns");
    ck_assert_text(info.object, "s");
    ck_assert_text(info.port, "web");
    ck_assert_uint_eq(info.kind, SVCROUTE_KIND_SERVICE);
    ck_assert_uint_eq(info.type, SVCROUTE_SERVICE_LOAD_BALANCER);
    ck_assert_uint_eq(info.strategy, SVCROUTE_STRATEGY_WRR);
    ck_assert_uint_eq(info.own_of_route, 1);
    ck_assert_uint_eq(info.pass_host_header, 1);
    ck_assert_uint_eq(info.num_servers, 2);
    ck_assert_uint_eq(info.depth, 1);
    ck_assert_int_eq(info.flush_interval, 100000000);
    ck_assert_int_eq(info.max_body_size, -1);
    ck_assert_int_eq(info.max_request_body_bytes, -1);
    ck_assert_uint_eq(info.has_cookie + info.has_health_check + info.has_passive_check, 0);
    struct svcroute_server_info server = {.size = sizeof(server)};
    ck_assert_int_eq(svcroute_service_get_server(own, 0, &server), 0);
    ck_assert_text(server.url, "http://10.1.0.1:8080");
    ck_assert_text(server.scheme, "http");
    ck_assert_text(server.host, "10.1.0.1");
    ck_assert_text(server.node, "node1");
    ck_assert_text(server.zone, "z1");
    ck_assert_int_eq(server.port, 8080);
    ck_assert_uint_eq(server.address.size, 4);
    ck_assert_mem_eq(server.address.data, "\x0a\x01\x00\x01", 4);
    ck_assert_uint_eq(server.fenced, 0);
    ck_assert_uint_eq(server.num_hints, 2);
    ck_assert_text(svcroute_server_get_hint(own, 0, 1), "zb");
    ck_assert_int_eq(svcroute_service_get_server(own, 1, &server), 0);
    ck_assert_text(server.url, "http://[fd00::2]:8080");
    ck_assert_text(server.host, "fd00::2");
    ck_assert_uint_eq(server.address.size, 16);
    ck_assert_uint_eq(server.fenced, 1);
    ck_assert_ptr_null(server.node.data);

    const struct svcroute_service *external = service_named(table, "ns-e-443");
    info = service_info(external);
    ck_assert_text(info.port, "443");
    ck_assert_uint_eq(info.own_of_route, 0);
    ck_assert_uint_eq(info.strategy, SVCROUTE_STRATEGY_LEASTTIME);
    ck_assert_uint_eq(info.pass_host_header, 0);
    ck_assert_int_eq(info.flush_interval, 250000000);
    ck_assert_text(info.servers_transport, "ns-tr");
    ck_assert_text(svcroute_service_get_middleware(external, 0), "ns-q");
    ck_assert_int_eq(svcroute_service_get_server(external, 0, &server), 0);
    ck_assert_text(server.url, "https://example.com:443");
    ck_assert_uint_eq(server.address.size, 0);
    table_close(&world, table);
}
END_TEST

START_TEST(test_settings)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    const struct svcroute_service *service = service_named(table, "ns-e-443");
    const struct svcroute_service *plain =
        svcroute_route_get_service(table, route_of(table, "one"));
    struct svcroute_cookie_info cookie = {.size = sizeof(cookie)};
    struct svcroute_health_check_info health = {.size = sizeof(health)};
    struct svcroute_passive_check_info passive = {.size = sizeof(passive)};
    svcr_text name, value;
    ck_assert_int_eq(svcroute_service_get_cookie(service, &cookie), 0);
    ck_assert_text(cookie.name, "ck");
    ck_assert_text(cookie.path, "/p");
    ck_assert_text(cookie.domain, "d.com");
    ck_assert_text(cookie.same_site, "strict");
    ck_assert_int_eq(cookie.max_age, 60);
    ck_assert_uint_eq(cookie.secure, 1);
    ck_assert_uint_eq(cookie.http_only, 1);
    ck_assert_int_eq(svcroute_service_get_health_check(service, &health), 0);
    ck_assert_text(health.path, "/up");
    ck_assert_text(health.scheme, "http");
    ck_assert_text(health.mode, "grpc");
    ck_assert_text(health.method, "POST");
    ck_assert_text(health.hostname, "hh");
    ck_assert_int_eq(health.interval, 1000000000);
    ck_assert_int_eq(health.unhealthy_interval, 2000000000);
    ck_assert_int_eq(health.timeout, INT64_C(3000000000));
    ck_assert_int_eq(health.status, 201);
    ck_assert_int_eq(health.port, 99);
    ck_assert_uint_eq(health.follow_redirects, 0);
    ck_assert_uint_eq(health.num_headers, 2);
    ck_assert_int_eq(svcroute_service_get_health_header(service, 0, &name, &value), 0);
    ck_assert_text(name, "A");
    ck_assert_text(value, "one");
    ck_assert_int_eq(svcroute_service_get_health_header(service, 2, &name, &value),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_health_header(plain, 0, &name, &value),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_health_header(service, 0, NULL, &value),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_service_get_health_header(service, 0, &name, NULL),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_service_get_health_header(NULL, 0, &name, &value),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_service_get_passive_check(service, &passive), 0);
    ck_assert_int_eq(passive.failure_window, INT64_C(7000000000));
    ck_assert_int_eq(passive.max_failed_attempts, 5);
    ck_assert_int_eq(svcroute_service_get_cookie(plain, &cookie), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_health_check(plain, &health), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_service_get_passive_check(plain, &passive), SVCROUTE_ERR_NOT_FOUND);
    table_close(&world, table);
}
END_TEST

static void check_child(const struct svcroute_table *table, const char *name, size_t index,
                        const char *child_name, uint32_t role, int64_t weight, int64_t percent)
{
    struct svcroute_child_info child = {.size = sizeof(child)};
    ck_assert_int_eq(svcroute_service_get_child(table, service_named(table, name), index, &child),
                     0);
    ck_assert_text(child.name, child_name);
    ck_assert_uint_eq(child.role, role);
    ck_assert_int_eq(child.weight, weight);
    ck_assert_int_eq(child.percent, percent);
    ck_assert_ptr_eq(child.service, svcroute_table_find_service(table, child.name));
}

START_TEST(test_trees)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    struct svcroute_service_info info = service_info(service_named(table, "ns-mir"));
    ck_assert_uint_eq(info.type, SVCROUTE_SERVICE_MIRRORING);
    ck_assert_uint_eq(info.kind, SVCROUTE_KIND_TRAEFIK_SERVICE);
    ck_assert_uint_eq(info.strategy, 0);
    ck_assert_uint_eq(info.pass_host_header, 0);
    ck_assert_uint_eq(info.mirror_body, SVCROUTE_FALSE);
    ck_assert_int_eq(info.max_body_size, 1000);
    ck_assert_uint_eq(info.max_body_size_given, 1);
    ck_assert_uint_eq(info.num_children, 2);
    ck_assert_uint_eq(info.depth, 2);
    ck_assert_ptr_null(info.port.data);
    check_child(table, "ns-mir", 0, "ns-e-443", SVCROUTE_CHILD_MAIN, 0, 0);
    check_child(table, "ns-mir", 1, "ns-s-web", SVCROUTE_CHILD_MIRROR, 0, 35);
    info = service_info(service_named(table, "ns-fo"));
    ck_assert_uint_eq(info.type, SVCROUTE_SERVICE_FAILOVER);
    ck_assert_uint_eq(info.num_error_status, 2);
    ck_assert_int_eq(info.max_request_body_bytes, 77);
    ck_assert_uint_eq(info.max_request_body_given, 1);
    ck_assert_uint_eq(info.depth, 3);
    ck_assert_text(svcroute_service_get_error_status(service_named(table, "ns-fo"), 1), "502-504");
    check_child(table, "ns-fo", 0, "ns-mir", SVCROUTE_CHILD_MAIN, 0, 0);
    check_child(table, "ns-fo", 1, "ns-s-80", SVCROUTE_CHILD_FALLBACK, 0, 0);
    const struct svcroute_service *four =
        svcroute_route_get_service(table, route_of(table, "four"));
    info = service_info(four);
    ck_assert_uint_eq(info.type, SVCROUTE_SERVICE_WEIGHTED);
    ck_assert_uint_eq(info.kind, SVCROUTE_KIND_INGRESS_ROUTE);
    ck_assert_uint_eq(info.own_of_route, 1);
    ck_assert_text(info.object, "r");
    ck_assert_uint_eq(info.depth, 3);
    struct svcroute_child_info child = {.size = sizeof(child)};
    ck_assert_int_eq(svcroute_service_get_child(table, four, 0, &child), 0);
    ck_assert_int_eq(child.weight, 3);
    ck_assert_int_eq(svcroute_service_get_child(table, four, 1, &child), 0);
    ck_assert_int_eq(child.weight, 1);
    table_close(&world, table);
}
END_TEST

/* ---- struct sizes ---- */

union any_info {
    uint32_t size;
    struct svcroute_route_info route;
    struct svcroute_service_info service;
    struct svcroute_child_info child;
    struct svcroute_server_info server;
    struct svcroute_cookie_info cookie;
    struct svcroute_health_check_info health;
    struct svcroute_passive_check_info passive;
    unsigned char bytes[512];
};

static int get(const struct svcroute_table *table, int which, const void *handle,
               union any_info *info)
{
    switch (which) {
    case 0:
        return svcroute_route_get_info(table, handle, (void *)info);
    case 1:
        return svcroute_service_get_info(handle, (void *)info);
    case 2:
        return svcroute_service_get_child(table, handle, 0, (void *)info);
    case 3:
        return svcroute_service_get_server(handle, 0, (void *)info);
    case 4:
        return svcroute_service_get_cookie(handle, (void *)info);
    case 5:
        return svcroute_service_get_health_check(handle, (void *)info);
    default:
        return svcroute_service_get_passive_check(handle, (void *)info);
    }
}

START_TEST(test_struct_sizes)
{
    static const size_t sizes[] = {
        sizeof(struct svcroute_route_info),        sizeof(struct svcroute_service_info),
        sizeof(struct svcroute_child_info),        sizeof(struct svcroute_server_info),
        sizeof(struct svcroute_cookie_info),       sizeof(struct svcroute_health_check_info),
        sizeof(struct svcroute_passive_check_info)};
    struct world world;
    struct svcroute_table *table = full_table(&world);
    for (int which = 0; which < 7; which++) {
        const void *handle = which == 0   ? (const void *)route_of(table, "one")
                             : which == 2 ? (const void *)service_named(table, "ns-mir")
                                          : (const void *)service_named(table, "ns-e-443");
        union any_info info, larger;
        memset(&info, 0xee, sizeof(info));
        info.size = (uint32_t)sizes[which] - 8;
        ck_assert_int_eq(get(table, which, handle, &info), SVCROUTE_ERR_STRUCT_SIZE);
        info.size = 0;
        ck_assert_int_eq(get(table, which, handle, &info), SVCROUTE_ERR_STRUCT_SIZE);
        info.size = 5000;
        ck_assert_int_eq(get(table, which, handle, &info), SVCROUTE_ERR_STRUCT_SIZE);
        ck_assert_uint_eq(info.bytes[sizes[which] - 1], 0xee);
        info.size = (uint32_t)sizes[which];
        ck_assert_int_eq(get(table, which, handle, &info), 0);
        ck_assert_uint_eq(info.size, sizes[which]);
        ck_assert_uint_eq(info.bytes[sizes[which]], 0xee); /* not a byte beyond */
        memset(&larger, 0xee, sizeof(larger));
        larger.size = (uint32_t)sizes[which] + 16;
        ck_assert_int_eq(get(table, which, handle, &larger), 0);
        ck_assert_uint_eq(larger.size, sizes[which] + 16);
        ck_assert_mem_eq(info.bytes + 4, larger.bytes + 4, sizes[which] - 4);
        ck_assert_int_eq(get(table, which, NULL, &info), SVCROUTE_ERR_INVALID);
        ck_assert_int_eq(get(table, which, handle, NULL), SVCROUTE_ERR_INVALID);
    }
    struct svcroute_child_info child = {.size = sizeof(child)};
    ck_assert_int_eq(svcroute_service_get_child(NULL, service_named(table, "ns-mir"), 0, &child),
                     SVCROUTE_ERR_INVALID);
    struct svcroute_route_info route = {.size = sizeof(route)};
    ck_assert_int_eq(svcroute_route_get_info(NULL, route_of(table, "one"), &route),
                     SVCROUTE_ERR_INVALID);
    table_close(&world, table);
}
END_TEST

/* ---- finding and listing ---- */

START_TEST(test_finding)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    const struct svcroute_service *service = (const struct svcroute_service *)&world;
    svcr_text ns = SVCR_TEXT("ns");
    ck_assert_ptr_null(svcroute_table_find_route(NULL, ns));
    ck_assert_ptr_null(svcroute_table_find_service(NULL, ns));
    ck_assert_ptr_null(svcroute_table_find_route(table, SVCR_TEXT_ABSENT));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("")));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("2")));
    ck_assert_ptr_null(svcroute_table_find_service(table, SVCR_TEXT("-2")));
    ck_assert_ptr_null(svcroute_table_find_route_of(NULL, ns, ns, ns, 0));
    ck_assert_ptr_null(
        svcroute_table_find_route_of(table, ns, SVCR_TEXT("r"), SVCR_TEXT("none"), 0));
    ck_assert_ptr_null(
        svcroute_table_find_route_of(table, ns, SVCR_TEXT("r"), SVCR_TEXT("one"), 1));
    ck_assert_ptr_null(
        svcroute_table_find_route_of(table, SVCR_TEXT(""), SVCR_TEXT("r"), SVCR_TEXT("one"), 0));
    ck_assert_int_eq(svcroute_table_find_service_of(table, NULL, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT("80"), 0),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_NODE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT("80"), 0),
                     SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(service);
    ck_assert_int_eq(svcroute_table_find_service_of(NULL, &service, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT("80"), 0),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT("web"), 0),
                     0);
    ck_assert_ptr_eq(service, service_named(table, "ns-s-web"));
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT(""), 0),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                                    ns, SVCR_TEXT("fo"), SVCR_TEXT_ABSENT, 0),
                     0);
    ck_assert_ptr_eq(service, service_named(table, "ns-fo"));
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("fo"), SVCR_TEXT_ABSENT, 0),
                     SVCROUTE_ERR_NOT_FOUND);
    world.memory.calls = 0;
    world.memory.fail_at = 1;
    ck_assert_int_eq(svcroute_table_find_service_of(table, &service, SVCROUTE_KIND_SERVICE, ns,
                                                    SVCR_TEXT("s"), SVCR_TEXT("web"), 0),
                     SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(service);
    world.memory.fail_at = 0;
    table_close(&world, table);
}
END_TEST

START_TEST(test_listing)
{
    struct world world;
    struct svcroute_table *table = full_table(&world);
    struct svcroute_listing *listing = (struct svcroute_listing *)&world;
    ck_assert_int_eq(svcroute_listing_new(NULL, table, 1), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_listing_new(&listing, NULL, 1), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(listing);
    ck_assert_int_eq(svcroute_listing_new(&listing, table, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_listing_new(&listing, table, 3), SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(svcroute_listing_num(NULL), 0);
    ck_assert_ptr_null(svcroute_listing_get_route(NULL, 0));
    ck_assert_ptr_null(svcroute_listing_get_service(NULL, 0));
    svcroute_listing_free(NULL);

    ck_assert_int_eq(svcroute_listing_new(&listing, table, SVCROUTE_LISTING_ROUTES), 0);
    svcroute_table_unref(svcroute_table_ref(table));
    ck_assert_uint_eq(svcroute_listing_num(listing), 5);
    ck_assert_uint_eq(svcroute_table_num_routes(table), 5);
    for (size_t i = 0; i < 5; i++) {
        const struct svcroute_route *route = svcroute_listing_get_route(listing, i);
        svcr_text name = route_info(table, route).name;
        ck_assert_ptr_eq(svcroute_table_find_route(table, name), route);
        ck_assert_ptr_null(svcroute_listing_get_service(listing, i));
        if (i > 0) {
            svcr_text before = route_info(table, svcroute_listing_get_route(listing, i - 1)).name;
            ck_assert_int_lt(svcr_text_compare(before, name), 0);
        }
    }
    ck_assert_ptr_null(svcroute_listing_get_route(listing, 5));
    svcroute_listing_free(listing);

    int error = SVCROUTE_ERR_NOMEM;
    for (uint64_t n = 1; error != 0; n++) {
        world.memory.calls = 0;
        world.memory.fail_at = n;
        error = svcroute_listing_new(&listing, table, SVCROUTE_LISTING_SERVICES);
        world.memory.fail_at = 0;
        ck_assert(error == 0 || (error == SVCROUTE_ERR_NOMEM && listing == NULL));
    }
    /* the routes' own of one and four, fo, mir, e:443, s:web, s:80; the listing holds its table */
    ck_assert_uint_eq(svcroute_listing_num(listing), 7);
    svcroute_table_unref(table);
    ck_assert_ptr_null(svcroute_listing_get_route(listing, 0));
    ck_assert_ptr_null(svcroute_listing_get_service(listing, 7));
    ck_assert_text(service_info(svcroute_listing_get_service(listing, 0)).name, "ns-e-443");
    svcroute_listing_free(listing);
    world_close(&world);
}
END_TEST

Suite *suite_table(void)
{
    Suite *suite = suite_create("table");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_route);
    tcase_add_test(all, test_beyond);
    tcase_add_test(all, test_load_balancers);
    tcase_add_test(all, test_settings);
    tcase_add_test(all, test_trees);
    tcase_add_test(all, test_struct_sizes);
    tcase_add_test(all, test_finding);
    tcase_add_test(all, test_listing);
    suite_add_tcase(suite, all);
    return suite;
}
