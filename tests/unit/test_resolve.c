/* svcroute_resolve() itself: previous tables of all sorts, what it reports anew, arguments, memory,
 * servers and their settings in both profiles. */
#include "resolve_support.h"

static const char cluster[] =
    "kind: Service\napiVersion: v1\nmetadata: {name: s}\n"
    "spec: {clusterIP: 10.0.0.1, ports: [{name: web, port: 80}, {name: https, port: 443}]}\n---\n"
    "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: s-1, labels: "
    "{kubernetes.io/service-name: s}}\nports: [{name: web, port: 8080}]\n"
    "endpoints: [{addresses: [10.1.0.1]}, {addresses: [10.1.0.2], conditions: {serving: false}},"
    " {addresses: [10.1.0.3], conditions: {terminating: true, ready: false}}]\n---\n"
    "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: w}\n"
    "spec: {weighted: {services: [{name: s, port: 80}, {name: missing, port: 80}]}}\n---\n"
    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r}\n"
    "spec: {routes: [{match: one, services: [{kind: TraefikService, name: w}]},"
    " {match: two, services: [{name: s, port: web}, {name: s, port: 443}]}]}\n";

START_TEST(test_arguments)
{
    struct world world;
    struct svcroute_table *table = (struct svcroute_table *)&world;
    world_open(&world);
    ck_assert_int_eq(svcroute_resolve(NULL, world.store, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_resolve(&table, NULL, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(table);
    ck_assert_int_eq(svcroute_resolve(&table, world.store, NULL, NULL, NULL), 0);
    ck_assert_uint_eq(svcroute_table_get_profile(table), SVCROUTE_PROFILE_DEFAULT);
    ck_assert_uint_eq(svcroute_table_get_store_version(table),
                      svcroute_store_get_version(world.store));
    ck_assert_int_eq(svcroute_table_get_diags(table, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_table_get_diags(NULL, world.diags), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(svcroute_table_ref(NULL));
    svcroute_table_unref(NULL);
    ck_assert_uint_eq(svcroute_table_num_routes(NULL), 0);
    ck_assert_uint_eq(svcroute_table_num_services(NULL), 0);
    ck_assert_uint_eq(svcroute_table_get_profile(NULL), 0);
    ck_assert_uint_eq(svcroute_table_get_store_version(NULL), 0);
    table_close(&world, table);
}
END_TEST

/* The same table comes back while nothing changed; another store's or policy's is no help. */
START_TEST(test_previous)
{
    struct world world, other;
    struct svcroute_table *table = table_of(&world, cluster, "");
    struct svcroute_table *elsewhere = table_of(&other, cluster, "");
    struct svcroute_table *again = resolve_with(&world, "", table);
    ck_assert_ptr_eq(again, table);
    ck_assert_uint_eq(svcroute_diags_num(world.diags), 0);
    svcroute_table_unref(again);

    struct picture expected = export_picture(table, SVCROUTE_EXPORT_JSON);
    again = resolve_with(&world, "", elsewhere);
    ck_assert_ptr_ne(again, elsewhere);
    struct picture got = export_picture(again, SVCROUTE_EXPORT_JSON);
    check_picture(&expected, &got, "with another store's table");
    ck_assert_uint_gt(svcroute_diags_num(world.diags), 0); /* everything is new */
    picture_free(&got);
    svcroute_table_unref(again);

    again = resolve_with(&world, "cross", table);
    ck_assert_ptr_ne(again, table);
    svcroute_table_unref(again);
    picture_free(&expected);

    /* Tables live on without their store. */
    svcroute_store_free(other.store);
    other.store = NULL;
    got = export_picture(elsewhere, SVCROUTE_EXPORT_JSON);
    ck_assert_uint_gt(got.size, 100);
    picture_free(&got);
    table_close(&other, elsewhere);
    table_close(&world, table);
}
END_TEST

/* Older than the list of changes: a full run with the same result. */
START_TEST(test_older_than_changes)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, cluster, "");
    for (uint32_t i = 0; i < SVCR_CHANGES_KEPT_MAX + 100; i++) {
        char text[160];
        snprintf(text, sizeof(text),
                 "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x%u\"}}", i);
        ck_assert_int_eq(load(&world, text), 0);
        snprintf(text, sizeof(text), "x%u", i);
        ck_assert_int_eq(
            svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, SVCR_TEXT(""), text_of(text)),
            0);
    }
    ck_assert_uint_gt(world.store->floor, svcroute_table_get_store_version(table));
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_ENDPOINT_SLICE, SVCR_TEXT(""),
                                           SVCR_TEXT("s-1")),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    struct svcroute_table *full = resolve_with(&world, "", NULL);
    struct picture a = export_picture(next, SVCROUTE_EXPORT_JSON);
    struct picture b = export_picture(full, SVCROUTE_EXPORT_JSON);
    check_picture(&a, &b, "older than the list of changes");
    picture_free(&a);
    picture_free(&b);
    svcroute_table_unref(next);
    svcroute_table_unref(full);
    table_close(&world, table);
}
END_TEST

/* Only what is new is reported, and all of it is listed. */
START_TEST(test_reports_what_is_new)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, cluster, "");
    struct svcroute_diag_info diag;
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_SERVICE_MISSING, &diag), 1);
    ck_assert_text(diag.field, "spec.weighted.services[1].name");
    ck_assert_int_eq(load(&world, "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: "
                                  "{name: q}\nspec: {routes: [{match: x, kind: Law}]}\n"),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_SERVICE_MISSING, NULL), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_ROUTE_KIND, NULL), 1);
    svcroute_diags_clear(world.diags);
    ck_assert_int_eq(svcroute_table_get_diags(next, world.diags), 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_SERVICE_MISSING, NULL), 1);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_ROUTE_KIND, NULL), 1);
    size_t num = svcroute_diags_num(world.diags);
    ck_assert_int_eq(svcroute_table_get_diags(next, world.diags), 0); /* not repeated */
    ck_assert_uint_eq(svcroute_diags_num(world.diags), num);
    svcroute_table_unref(table);
    table_close(&world, next);
}
END_TEST

/* Every allocation fails in turn, alone and with all behind it: nothing is lost, nothing stays. */
static void check_memory(bool step, bool and_after)
{
    struct world world;
    struct svcroute_table *table = table_of(&world, cluster, "external");
    struct svcroute_policy *policy = policy_of(world.context, "external at:x watch:default");
    struct picture before = export_picture(table, SVCROUTE_EXPORT_JSON);
    struct svcroute_table *previous = NULL, *next = NULL;
    ck_assert_int_eq(svcroute_resolve(&previous, world.store, policy, NULL, NULL), 0);
    ck_assert_int_eq(load(&world, "kind: TraefikService\napiVersion: traefik.io/v1alpha1\n"
                                  "metadata: {name: w}\nspec: {weighted: {services: [{name: s, "
                                  "port: 443}, {name: s, port: 80, scheme: h2c}]}}\n"),
                     0);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, SVCR_TEXT(""), SVCR_TEXT("s")),
        0);
    ck_assert_int_eq(load(&world,
                          "kind: Service\napiVersion: v1\nmetadata: {name: s}\nspec: {type: "
                          "ExternalName, externalName: e, ports: [{name: web, port: 80}, "
                          "{port: 443}]}\n"),
                     0);
    uint64_t n = 1;
    for (int error = SVCROUTE_ERR_NOMEM; error != 0; n++) {
        int64_t blocks = world.memory.blocks;
        world.memory.calls = 0;
        world.memory.fail_at = n;
        world.memory.and_after = and_after;
        error = svcroute_resolve(&next, world.store, policy, step ? previous : NULL, NULL);
        world.memory.fail_at = 0;
        if (error != 0) {
            ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
            ck_assert_ptr_null(next);
            ck_assert_int_eq(world.memory.blocks, blocks);
            check_store(world.store);
        }
    }
    ck_assert_uint_gt(n, 20);
    ck_assert_uint_eq(svcroute_table_num_services(next),
                      3 + 2); /* those of w, and of route two: its own and s:web */
    struct picture after = export_picture(table, SVCROUTE_EXPORT_JSON);
    check_picture(&before, &after, "the older table");
    picture_free(&before);
    picture_free(&after);
    svcroute_policy_free(policy);
    svcroute_table_unref(previous);
    svcroute_table_unref(next);
    table_close(&world, table);
}

START_TEST(test_memory)
{
    check_memory(false, false);
    check_memory(false, true);
    check_memory(true, false);
    check_memory(true, true);
}
END_TEST

/* One route to a Service, under the policies; the URLs of its servers, "-" if there is no service.
 */
static const struct servers_row {
    const char *service, *others, *reference, *words, *urls;
} servers_rows[] = {
    {"ports: [{name: web, port: 80}]", "", "port: 80", "", "-"},
    {"ports: [{name: web, port: 80}]", "", "port: 80", "empty", ""},
    {"type: ExternalName, externalName: e.com, ports: [{port: 80}]", "", "port: 80", "", "-"},
    {"type: ExternalName, externalName: e.com, ports: [{port: 80}]", "", "port: 80", "external",
     "http://e.com:80"},
    {"type: ExternalName, externalName: localhost, ports: [{port: 80}]", "", "port: 80", "external",
     "-"},
    {"type: ExternalName, externalName: localhost, ports: [{port: 80}]", "", "port: 80",
     "external empty", ""},
    {"type: ExternalName, externalName: localhost, ports: [{port: 80}]", "", "port: 80",
     "external local", "http://localhost:80"},
    {"type: ExternalName, externalName: localhost, ports: [{port: 80}]", "", "port: 80",
     "external traefik", "http://localhost:80"},
    {"type: ExternalName, externalName: 'fd00:0::1', ports: [{port: 80}]", "", "port: 80",
     "external", "-"},
    {"type: ExternalName, externalName: 'fd00:0::1', ports: [{port: 80}]", "", "port: 80",
     "external traefik", "http://[fd00:0::1]:80"},
    {"type: ExternalName, externalName: e.com, clusterIP: 10.0.0.1, ports: [{port: 80}]", "",
     "port: 80, nativeLB: true", "external", "http://e.com:80"},
    {"clusterIP: 10.0.0.1, ports: [{port: 80}]", "", "port: 80, nativeLB: true", "",
     "http://10.0.0.1:80"},
    {"clusterIP: None, ports: [{port: 80}]", "", "port: 80, nativeLB: true", "empty", "-"},
    {"clusterIP: 10.0.0.1, ports: [{port: 80}]", "", "port: 80", "native", "http://10.0.0.1:80"},
    {"clusterIP: 10.0.0.1, ports: [{port: 80}]", "", "port: 80, nativeLB: false", "native", "-"},
    {"clusterIP: 127.0.0.9, ports: [{port: 80}]", "", "port: 80", "native", "-"},
    {"type: NodePort, ports: [{port: 80, nodePort: 30080}]", "", "port: 80, nodePortLB: true",
     "empty", "-"},
    {"type: NodePort, ports: [{port: 80, nodePort: 30080}]", "NODES", "port: 80, nodePortLB: true",
     "", "http://10.9.0.1:30080 http://10.9.0.2:30080 http://10.9.0.1:30080"},
    {"type: NodePort, ports: [{port: 80, nodePort: 30080}]", "NODES", "port: 80, nodePortLB: true",
     "nonodes empty", "-"},
    {"ports: [{port: 80}]", "NODES", "port: 80, nodePortLB: true", "empty", ""},
    {"type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30080}]", "NODES",
     "port: 80, nodePortLB: true, nativeLB: true", "", "http://10.0.0.1:80"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80", "",
     "http://10.1.0.1:8080 http://[fd00::2]:8080 http://10.1.0.3:8080"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, scheme: h2c", "",
     "h2c://10.1.0.1:8080 h2c://[fd00::2]:8080 h2c://10.1.0.3:8080"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, scheme: ftp", "empty", "-"},
    {"ports: [{name: other, port: 80}]", "SLICES", "port: 80, scheme: ftp", "empty traefik", ""},
    {"ports: [{port: 443}]", "SLICES", "port: 443", "", "https://10.1.0.4:8443"},
    {"ports: [{name: web, port: 80}]", "ENDPOINTS", "port: 80", "",
     "http://10.2.0.1:9090 http://10.2.0.1:9091 http://10.2.0.2:9091"},
    {"ports: [{name: web, port: 80}]", "ENDPOINTS", "port: 80", "traefik",
     "http://10.2.0.1:9090 http://10.2.0.1:9091 http://10.2.0.2:9091"},
    {"ports: [{name: web, port: 80}]", "SLICES ENDPOINTS", "port: 80", "",
     "http://10.1.0.1:8080 http://[fd00::2]:8080 http://10.1.0.3:8080"},
    {"ports: [{name: web, port: 80}]", "EMPTY_SLICE ENDPOINTS", "port: 80", "empty", ""},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, healthCheck: {path: /}", "", "-"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, healthCheck: {path: /}", "checks",
     "http://10.1.0.1:8080 http://[fd00::2]:8080 http://10.1.0.3:8080"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, healthCheck: {path: /}",
     "checks traefik", "-"},
    {"ports: [{name: web, port: 80}]", "ENDPOINTS", "port: 80, healthCheck: {}", "checks",
     "http://10.2.0.1:9090 http://10.2.0.1:9091 http://10.2.0.2:9091"},
    {"ports: [{name: web, port: 80}]", "", "port: 80, healthCheck: {}", "checks", "-"},
    {"ports: [{name: web, port: 80}]", "", "port: 80, healthCheck: {}", "checks empty", ""},
    {"clusterIP: 10.0.0.1, ports: [{port: 80}]", "", "port: 80, nativeLB: true, healthCheck: {}",
     "checks", "http://10.0.0.1:80"},
    {"clusterIP: 10.0.0.1, ports: [{port: 80}]", "", "port: 80, nativeLB: true, healthCheck: {}",
     "", "-"},
    {"type: NodePort, ports: [{port: 80, nodePort: 30080}]", "NODES",
     "port: 80, nodePortLB: true, healthCheck: {}", "checks",
     "http://10.9.0.1:30080 http://10.9.0.2:30080 http://10.9.0.1:30080"},
    {"type: NodePort, ports: [{port: 80, nodePort: 30080}]", "NODES",
     "port: 80, nodePortLB: true, healthCheck: {}", "checks traefik", "-"},
    {"type: ExternalName, externalName: e.com, ports: [{port: 80}]", "",
     "port: 80, healthCheck: {}", "external", "http://e.com:80"},
    {"type: ExternalName, externalName: e.com, ports: [{port: 80}]", "",
     "port: 80, healthCheck: {}", "checks", "-"},
    {"ports: [{name: web, port: 80}]", "SLICES", "port: 80, strategy: x", "", "-"},
};

static const struct {
    const char *name, *text;
} extra_objects[] = {
    {"NODES", "---\nkind: Node\napiVersion: v1\nmetadata: {name: b}\nstatus: {addresses: [{type: "
              "InternalIP, address: 10.9.0.1}]}\n"
              "---\nkind: Node\napiVersion: v1\nmetadata: {name: a}\nstatus: {addresses: [{type: "
              "Hostname, address: h}, {type: InternalIP, address: 10.9.0.1}, {type: InternalIP, "
              "address: 10.9.0.2}]}\n"},
    {"SLICES",
     "---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: late, "
     "creationTimestamp: '2024-01-01T00:00:01Z', labels: {kubernetes.io/service-name: s}}\n"
     "ports: [{name: web, port: 8080}]\n"
     "endpoints: [{addresses: [10.1.0.3, 10.1.0.1]}, {addresses: [10.1.0.9], conditions: {serving: "
     "false}}]\n"
     "---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: early, labels: "
     "{kubernetes.io/service-name: s}}\nports: [{port: 1}, {name: web, port: 8080}, {name: web, "
     "port: 2}]\nendpoints: [{addresses: [10.1.0.1, 'fd00::2'], conditions: {ready: false}}]\n"
     "---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: unnamed, "
     "creationTimestamp: '2024-01-01T00:00:02Z', labels: {kubernetes.io/service-name: s}}\n"
     "ports: [{name: '', port: 8443}]\nendpoints: [{addresses: [10.1.0.4]}]\n"},
    {"EMPTY_SLICE",
     "---\nkind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: e, "
     "labels: {kubernetes.io/service-name: s}}\nports: []\nendpoints: []\n"},
    {"ENDPOINTS",
     "---\nkind: Endpoints\napiVersion: v1\nmetadata: {name: s}\nsubsets: [{addresses: "
     "[{ip: 10.2.0.1}], notReadyAddresses: [{ip: 10.2.0.8}], ports: [{name: web, port: "
     "9090}]}, {addresses: [{ip: 10.2.0.1}, {ip: 10.2.0.2}], ports: [{name: web, port: "
     "9091}]}]\n"},
};

START_TEST(test_servers)
{
    for (size_t i = 0; i < sizeof(servers_rows) / sizeof(servers_rows[0]); i++) {
        const struct servers_row *row = &servers_rows[i];
        struct picture text = {0}, urls = {0};
        struct world world;
        picture_add(&text,
                    "kind: Service\napiVersion: v1\nmetadata: {name: s}\nspec: {%s}\n---\n"
                    "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r}\n"
                    "spec: {routes: [{match: m, services: [{name: s, %s}]}]}\n",
                    row->service, row->reference);
        for (size_t j = 0; j < sizeof(extra_objects) / sizeof(extra_objects[0]); j++) {
            const char *at = strstr(row->others, extra_objects[j].name);
            if (at != NULL) {
                picture_add(&text, "%s", extra_objects[j].text);
            }
        }
        struct svcroute_table *table = table_of(&world, text.data, row->words);
        const struct svcroute_route *route =
            svcroute_table_find_route_of(table, SVCR_TEXT(""), SVCR_TEXT("r"), SVCR_TEXT("m"), 0);
        const struct svcroute_service *service =
            route != NULL ? svcroute_route_get_service(table, route) : NULL;
        if (service == NULL) {
            ck_assert_uint_eq(svcroute_table_num_services(table), 0);
            picture_add(&urls, "-");
        }
        for (uint32_t j = 0; service != NULL && j < service_info(service).num_servers; j++) {
            struct svcroute_server_info server = {.size = sizeof(server)};
            ck_assert_int_eq(svcroute_service_get_server(service, j, &server), 0);
            picture_add(&urls, "%s%.*s", j == 0 ? "" : " ", SVCR_ARG(server.url));
        }
        ck_assert_msg(strcmp(urls.size != 0 ? urls.data : "", row->urls) == 0,
                      "row %zu (%s; %s): %s, not %s", i, row->service, row->words, urls.data,
                      row->urls);
        picture_free(&text);
        picture_free(&urls);
        table_close(&world, table);
    }
}
END_TEST

/* A name of this provider with a namespace never leads to another namespace whose names join alike.
 */
START_TEST(test_local_provider)
{
    struct world world;
    static const char text[] =
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: c, namespace: "
        "a-b}\n"
        "spec: {weighted: {services: [{kind: TraefikService, name: x@file}]}}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: w, namespace: a}\n"
        "spec: {weighted: {services: [{kind: TraefikService, name: b-c@kubernetescrd, namespace: a}"
        "]}}\n";
    struct svcroute_table *table = table_of(&world, text, "");
    struct svcroute_child_info child = {.size = sizeof(child)};
    ck_assert_int_eq(svcroute_service_get_child(table, service_named(table, "a-w"), 0, &child), 0);
    ck_assert_ptr_null(child.service);
    ck_assert_int_eq(load(&world,
                          "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: "
                          "{name: b-c, namespace: a}\nspec: {weighted: {services: [{kind: "
                          "TraefikService, name: x@file}]}}\n"),
                     0);
    struct svcroute_table *next = resolve_with(&world, "", table);
    ck_assert_int_eq(svcroute_service_get_child(next, service_named(next, "a-w"), 0, &child), 0);
    ck_assert_ptr_nonnull(child.service);
    ck_assert_text(service_info(child.service).namespace_, "a");
    svcroute_table_unref(table);
    table_close(&world, next);
}
END_TEST

Suite *suite_resolve(void)
{
    Suite *suite = suite_create("resolve");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_arguments);
    tcase_add_test(all, test_previous);
    tcase_add_test(all, test_older_than_changes);
    tcase_add_test(all, test_reports_what_is_new);
    tcase_add_test(all, test_memory);
    tcase_add_test(all, test_servers);
    tcase_add_test(all, test_local_provider);
    suite_add_tcase(suite, all);
    return suite;
}
