/* Every field of an IngressRoute, from YAML and from JSON, with positions, types and edges. */
#include <stdio.h>

#include "kube_support.h"

#define HEAD "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"

static const char full_yaml[] = HEAD
    "metadata:\n"                                                                       /* 3 */
    "  name: shop\n"                                                                    /* 4 */
    "  generateName: shop-\n"                                                           /* 5 */
    "  namespace: apps\n"                                                               /* 6 */
    "  annotations:\n"                                                                  /* 7 */
    "    other: x\n"                                                                    /* 8 */
    "    kubernetes.io/ingress.class: old\n"                                            /* 9 */
    "spec:\n"                                                                           /* 10 */
    "  ingressClassName: inner\n"                                                       /* 11 */
    "  entryPoints: [web, websecure]\n"                                                 /* 12 */
    "  parentRefs:\n"                                                                   /* 13 */
    "  - name: top\n"                                                                   /* 14 */
    "    namespace: edge\n"                                                             /* 15 */
    "  - {name: beside}\n"                                                              /* 16 */
    "  tls:\n"                                                                          /* 17 */
    "    certResolver: acme\n"                                                          /* 18 */
    "    secretName: cert\n"                                                            /* 19 */
    "    options: {name: strict, namespace: infra}\n"                                   /* 20 */
    "    store: {name: default}\n"                                                      /* 21 */
    "    domains:\n"                                                                    /* 22 */
    "    - main: a.example.com\n"                                                       /* 23 */
    "      sans: [b.example.com, c.example.com]\n"                                      /* 24 */
    "    - {sans: []}\n"                                                                /* 25 */
    "  routes:\n"                                                                       /* 26 */
    "  - match: Host(`a.example.com`)\n"                                                /* 27 */
    "    kind: Rule\n"                                                                  /* 28 */
    "    priority: 9223372036854775807\n"                                               /* 29 */
    "    syntax: v3\n"                                                                  /* 30 */
    "    middlewares: [{name: strip, namespace: mw}, {name: a@file}]\n"                 /* 31 */
    "    observability: {accessLogs: true, metrics: false, traceVerbosity: detailed}\n" /* 32 */
    "    services:\n"                                                                   /* 33 */
    "    - name: web\n"                                                                 /* 34 */
    "      kind: Service\n"                                                             /* 35 */
    "      namespace: back\n"                                                           /* 36 */
    "      port: 80\n"                                                                  /* 37 */
    "      scheme: https\n"                                                             /* 38 */
    "      strategy: p2c\n"                                                             /* 39 */
    "      weight: 0\n"                                                                 /* 40 */
    "      passHostHeader: false\n"                                                     /* 41 */
    "      responseForwarding: {flushInterval: 1ms}\n"                                  /* 42 */
    "      serversTransport: tr\n"                                                      /* 43 */
    "      sticky:\n"                                                                   /* 44 */
    "        cookie: {name: c, secure: true, httpOnly: true, sameSite: lax, maxAge: -1, path: /p, "
    "domain: d.example.com}\n"                                                /* 45 */
    "      nativeLB: true\n"                                                  /* 46 */
    "      nodePortLB: true\n"                                                /* 47 */
    "      healthCheck:\n"                                                    /* 48 */
    "        scheme: http\n"                                                  /* 49 */
    "        mode: grpc\n"                                                    /* 50 */
    "        path: /ok\n"                                                     /* 51 */
    "        method: HEAD\n"                                                  /* 52 */
    "        hostname: h.example.com\n"                                       /* 53 */
    "        status: 204\n"                                                   /* 54 */
    "        port: 8080\n"                                                    /* 55 */
    "        interval: 10\n"                                                  /* 56 */
    "        unhealthyInterval: 2s\n"                                         /* 57 */
    "        timeout: '3'\n"                                                  /* 58 */
    "        followRedirects: false\n"                                        /* 59 */
    "        headers: {X-B: two, X-A: one, X-C: }\n"                          /* 60 */
    "      passiveHealthCheck: {failureWindow: 5s, maxFailedAttempts: 3}\n"   /* 61 */
    "      middlewares: [{name: m1}]\n"                                       /* 62 */
    "    - {name: tree, kind: TraefikService, port: '80', nativeLB: false}\n" /* 63 */
    "  - match: Path(`/x`)\n"                                                 /* 64 */
    "    services: [{name: up@file, kind: TraefikService}]\n";                /* 65 */

static const char full_json[] =
    "{\"kind\":\"IngressRoute\",\"spec\":{\"routes\":[{\"services\":[{\"middlewares\":[{\"name\":"
    "\"m1\"}],"
    "\"passiveHealthCheck\":{\"maxFailedAttempts\":3,\"failureWindow\":\"5s\"},\"healthCheck\":{"
    "\"headers\":{\"X-A\":\"one\",\"X-B\":\"two\",\"X-C\":null},"
    "\"followRedirects\":false,\"timeout\":\"3\",\"unhealthyInterval\":\"2s\",\"interval\":10,"
    "\"port\":8080,\"status\":204,\"hostname\":\"h.example.com\","
    "\"method\":\"HEAD\",\"path\":\"/"
    "ok\",\"mode\":\"grpc\",\"scheme\":\"http\"},\"nodePortLB\":true,\"nativeLB\":true,\"sticky\":{"
    "\"cookie\":{"
    "\"domain\":\"d.example.com\",\"path\":\"/"
    "p\",\"maxAge\":-1,\"sameSite\":\"lax\",\"httpOnly\":true,\"secure\":true,\"name\":\"c\"}},"
    "\"serversTransport\":\"tr\",\"responseForwarding\":{\"flushInterval\":\"1ms\"},"
    "\"passHostHeader\":false,\"weight\":0,\"strategy\":\"p2c\","
    "\"scheme\":\"https\",\"port\":80,\"namespace\":\"back\",\"kind\":\"Service\",\"name\":\"web\"}"
    ",{\"nativeLB\":false,\"port\":\"80\","
    "\"kind\":\"TraefikService\",\"name\":\"tree\"}],\"observability\":{\"traceVerbosity\":"
    "\"detailed\",\"metrics\":false,\"accessLogs\":true,\"tracing\":null},"
    "\"middlewares\":[{\"namespace\":\"mw\",\"name\":\"strip\"},{\"name\":\"a@file\"}],\"syntax\":"
    "\"v3\",\"priority\":9223372036854775807,\"kind\":\"Rule\","
    "\"match\":\"Host(`a.example.com`)\"},{\"services\":[{\"kind\":\"TraefikService\",\"name\":"
    "\"up@file\"}],\"match\":\"Path(`/x`)\"}],"
    "\"tls\":{\"domains\":[{\"sans\":[\"b.example.com\",\"c.example.com\"],\"main\":\"a.example."
    "com\"},{}],\"store\":{\"name\":\"default\"},"
    "\"options\":{\"namespace\":\"infra\",\"name\":\"strict\"},\"secretName\":\"cert\","
    "\"certResolver\":\"acme\"},"
    "\"parentRefs\":[{\"namespace\":\"edge\",\"name\":\"top\"},{\"name\":\"beside\"}],"
    "\"entryPoints\":[\"web\",\"websecure\"],\"ingressClassName\":\"inner\"},"
    "\"metadata\":{\"annotations\":{\"kubernetes.io/"
    "ingress.class\":\"old\"},\"namespace\":\"apps\",\"name\":\"shop\",\"generateName\":\"shop-\"},"
    "\"apiVersion\":\"traefik.io/v1alpha1\"}";

static void check_head(const struct svcr_ingress_route *route)
{
    const struct svcr_str *points = svcr_object_items(route, route->entry_points);
    const struct svcr_name_ref *parents = svcr_object_items(route, route->parent_refs);
    const struct svcr_tls *tls = &route->tls;
    const struct svcr_tls_domain *domains = svcr_object_items(route, tls->domains);

    CHECK_STR(route, route->meta.name, "shop");
    CHECK_STR(route, route->meta.namespace_, "apps");
    CHECK_STR(route, route->generate_name, "shop-");
    CHECK_STR(route, route->class_annotation, "old");
    CHECK_STR(route, route->class_name, "inner");
    ck_assert_uint_eq(route->entry_points.num, 2);
    CHECK_STR(route, points[0], "web");
    CHECK_STR(route, points[1], "websecure");
    ck_assert_uint_eq(route->parent_refs.num, 2);
    CHECK_STR(route, parents[0].name, "top");
    CHECK_STR(route, parents[0].namespace_, "edge");
    CHECK_STR(route, parents[1].name, "beside");
    CHECK_STR(route, parents[1].namespace_, NULL);

    ck_assert_uint_eq(tls->given, 1);
    CHECK_STR(route, tls->cert_resolver, "acme");
    CHECK_STR(route, tls->secret_name, "cert");
    ck_assert_uint_eq(tls->options.given, 1);
    CHECK_STR(route, tls->options.name, "strict");
    CHECK_STR(route, tls->options.namespace_, "infra");
    ck_assert_uint_eq(tls->store.given, 1);
    CHECK_STR(route, tls->store.name, "default");
    ck_assert_uint_eq(tls->domains.num, 2);
    CHECK_STR(route, domains[0].main, "a.example.com");
    ck_assert_uint_eq(domains[0].sans.num, 2);
    CHECK_STR(route, ((const struct svcr_str *)svcr_object_items(route, domains[0].sans))[1],
              "c.example.com");
    CHECK_STR(route, domains[1].main, NULL);
    ck_assert_uint_eq(domains[1].sans.num, 0);
    ck_assert_uint_eq(domains[1].sans.offset, 0);
}

static void check_rules(const struct svcr_ingress_route *route)
{
    /* printf '%s' 'Host(`a.example.com`)' | sha256sum */
    static const char digest[] = "629990b524bf9a1a8d27";
    const struct svcr_rule *rules = svcr_object_items(route, route->rules);
    const struct svcr_name_ref *middlewares = svcr_object_items(route, rules[0].middlewares);
    ck_assert_uint_eq(route->rules.num, 2);
    CHECK_STR(route, rules[0].kind, "Rule");
    CHECK_STR(route, rules[0].match, "Host(`a.example.com`)");
    CHECK_STR(route, rules[0].syntax, "v3");
    ck_assert_int_eq(rules[0].priority, INT64_MAX);
    svcr_text router = svcr_object_text(route, rules[0].router);
    ck_assert_uint_ge(router.size, sizeof(digest));
    ck_assert_mem_eq(router.data + router.size - (sizeof(digest) - 1), digest, sizeof(digest) - 1);
    ck_assert_uint_eq(rules[0].middlewares.num, 2);
    CHECK_STR(route, middlewares[0].name, "strip");
    CHECK_STR(route, middlewares[0].namespace_, "mw");
    CHECK_STR(route, middlewares[1].name, "a@file");
    ck_assert_uint_eq(rules[0].observability.given, 1);
    ck_assert_uint_eq(rules[0].observability.access_logs, SVCR_TRUE);
    ck_assert_uint_eq(rules[0].observability.metrics, SVCR_FALSE);
    ck_assert_uint_eq(rules[0].observability.tracing, SVCR_ABSENT);
    CHECK_STR(route, rules[0].observability.trace_verbosity, "detailed");
    ck_assert_uint_eq(rules[0].services.num, 2);
    CHECK_STR(route, rules[1].kind, NULL);
    ck_assert_int_eq(rules[1].priority, 0);
    ck_assert_uint_eq(rules[1].observability.given, 0);
    svcr_text other = svcr_object_text(route, rules[1].router);
    ck_assert(!svcr_text_same(router, other));
}

static void check_health(const void *object, const struct svcr_health_check *health)
{
    const struct svcr_header *headers = svcr_object_items(object, health->headers);
    ck_assert_uint_eq(health->given, 1);
    CHECK_STR(object, health->scheme, "http");
    CHECK_STR(object, health->mode, "grpc");
    CHECK_STR(object, health->path, "/ok");
    CHECK_STR(object, health->method, "HEAD");
    CHECK_STR(object, health->hostname, "h.example.com");
    ck_assert_int_eq(health->status, 204);
    ck_assert_int_eq(health->port, 8080);
    ck_assert_uint_eq(health->interval.kind, SVCR_VALUE_INTEGER);
    ck_assert_int_eq(health->interval.integer, 10);
    ck_assert_uint_eq(health->unhealthy_interval.kind, SVCR_VALUE_TEXT);
    CHECK_STR(object, health->unhealthy_interval.text, "2s");
    ck_assert_uint_eq(health->timeout.kind, SVCR_VALUE_TEXT);
    CHECK_STR(object, health->timeout.text, "3");
    ck_assert_uint_eq(health->follow_redirects, SVCR_FALSE);
    ck_assert_uint_eq(health->headers.num, 3);
    CHECK_STR(object, headers[0].name, "X-A");
    CHECK_STR(object, headers[0].value, "one");
    CHECK_STR(object, headers[1].name, "X-B");
    CHECK_STR(object, headers[1].value, "two");
    CHECK_STR(object, headers[2].name, "X-C");
    CHECK_STR(object, headers[2].value, NULL);
}

static void check_references(const struct svcr_ingress_route *route)
{
    const struct svcr_rule *rules = svcr_object_items(route, route->rules);
    const struct svcr_reference *web = svcr_object_items(route, rules[0].services), *tree = web + 1;
    ck_assert_uint_eq(web->given, 1);
    CHECK_STR(route, web->kind, "Service");
    CHECK_STR(route, web->name, "web");
    CHECK_STR(route, web->namespace_, "back");
    ck_assert_uint_eq(web->port.kind, SVCR_VALUE_INTEGER);
    ck_assert_int_eq(web->port.integer, 80);
    CHECK_STR(route, web->scheme, "https");
    CHECK_STR(route, web->strategy, "p2c");
    ck_assert_uint_eq(web->weight.given, 1);
    ck_assert_int_eq(web->weight.value, 0);
    ck_assert_uint_eq(web->pass_host_header, SVCR_FALSE);
    CHECK_STR(route, web->flush_interval, "1ms");
    CHECK_STR(route, web->servers_transport, "tr");
    ck_assert_uint_eq(web->cookie.given, 1);
    CHECK_STR(route, web->cookie.name, "c");
    CHECK_STR(route, web->cookie.same_site, "lax");
    CHECK_STR(route, web->cookie.path, "/p");
    CHECK_STR(route, web->cookie.domain, "d.example.com");
    ck_assert_int_eq(web->cookie.max_age, -1);
    ck_assert_uint_eq(web->cookie.secure, 1);
    ck_assert_uint_eq(web->cookie.http_only, 1);
    ck_assert_uint_eq(web->native_lb, SVCR_TRUE);
    ck_assert_uint_eq(web->node_port_lb, 1);
    check_health(route, &web->health);
    ck_assert_uint_eq(web->passive.given, 1);
    CHECK_STR(route, web->passive.failure_window.text, "5s");
    ck_assert_uint_eq(web->passive.max_failed_attempts.given, 1);
    ck_assert_int_eq(web->passive.max_failed_attempts.value, 3);
    ck_assert_uint_eq(web->middlewares.num, 1);
    ck_assert_int_eq(web->percent, 0);

    CHECK_STR(route, tree->kind, "TraefikService");
    ck_assert_uint_eq(tree->port.kind, SVCR_VALUE_TEXT);
    CHECK_STR(route, tree->port.text, "80");
    ck_assert_uint_eq(tree->native_lb, SVCR_FALSE);
    ck_assert_uint_eq(tree->pass_host_header, SVCR_ABSENT);
    ck_assert_uint_eq(tree->weight.given, 0);
    ck_assert_uint_eq(tree->cookie.given, 0);
    ck_assert_uint_eq(tree->health.given, 0);
    ck_assert_uint_eq(tree->passive.given, 0);
    ck_assert_uint_eq(tree->health.place, 0);
}

START_TEST(test_every_field)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *yaml = kube_must(&kube, full_yaml);
    struct svcr_object *json = kube_must(&kube, full_json);
    check_head((const void *)yaml);
    check_rules((const void *)yaml);
    check_references((const void *)yaml);
    check_references((const void *)json);
    ck_assert(svcr_object_same(yaml, json));
    ck_assert(!svcr_object_identical(yaml, json));
    svcr_object_unref(yaml);
    svcr_object_unref(json);
    kube_end(&kube);
}
END_TEST

START_TEST(test_positions)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_ingress_route *route = (const void *)object;
    const struct svcr_rule *rules = svcr_object_items(route, route->rules);
    const struct svcr_reference *web = svcr_object_items(route, rules[0].services), *tree = web + 1;
    const struct svcr_name_ref *parents = svcr_object_items(route, route->parent_refs);
    CHECK_AT(route, route->meta.place, 0, 1, 1);
    CHECK_AT(route, rules[0].place, 0, 27, 5);
    CHECK_AT(route, rules[0].place, SVCR_RULE_MATCH, 27, 12);
    CHECK_AT(route, rules[0].place, SVCR_RULE_PRIORITY, 29, 15);
    CHECK_AT(route, rules[0].place, SVCR_RULE_SERVICES, 34, 5);
    CHECK_AT(route, rules[0].place, SVCR_RULE_OBSERVABILITY, 32, 20);
    CHECK_AT(route, rules[1].place, SVCR_RULE_KIND, 64, 5); /* not there: the route's own */
    CHECK_AT(route, web->place, 0, 34, 7);
    CHECK_AT(route, web->place, SVCR_REF_KIND, 35, 13);
    CHECK_AT(route, web->place, SVCR_REF_NAME, 34, 13);
    CHECK_AT(route, web->place, SVCR_REF_PORT, 37, 13);
    CHECK_AT(route, web->place, SVCR_REF_WEIGHT, 40, 15);
    CHECK_AT(route, web->place, SVCR_REF_PERCENT, 34, 7);
    CHECK_AT(route, web->place, SVCR_REF_STICKY, 45, 9);
    CHECK_AT(route, web->place, SVCR_REF_NODE_PORT_LB, 47, 19);
    CHECK_AT(route, web->place, SVCR_REF_NATIVE_LB, 46, 17);
    CHECK_AT(route, web->cookie.place, SVCR_COOKIE_HTTP_ONLY, 45, 51);
    CHECK_AT(route, web->health.place, SVCR_HEALTH_SCHEME, 49, 17);
    CHECK_AT(route, web->health.place, SVCR_HEALTH_TIMEOUT, 58, 18);
    CHECK_AT(route, web->health.place, SVCR_HEALTH_FOLLOW_REDIRECTS, 59, 26);
    CHECK_AT(route, web->passive.place, SVCR_PASSIVE_ATTEMPTS, 61, 66);
    CHECK_AT(route, tree->place, 0, 63, 7);
    CHECK_AT(route, tree->place, SVCR_REF_PORT, 63, 48);
    CHECK_AT(route, tree->health.place, SVCR_HEALTH_STATUS, 1,
             1); /* no such struct: the object's */
    CHECK_AT(route, parents[0].place, SVCR_NAME_REF_NAMESPACE, 15, 16);
    CHECK_AT(route, parents[1].place, SVCR_NAME_REF_NAMESPACE, 16, 5);
    CHECK_AT(route, route->tls.place, SVCR_TLS_OPTIONS, 20, 14);
    CHECK_AT(route, route->tls.options.place, SVCR_NAME_REF_NAMESPACE, 20, 40);
    CHECK_AT(route, route->tls.place, SVCR_TLS_DOMAINS, 23, 5);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

static void check_edge(const struct svcr_object *object, uint32_t index, uint32_t kind,
                       const char *namespace_, const char *name)
{
    struct svcr_edge_target target;
    svcr_object_edge(object, index, &target);
    ck_assert_uint_eq(target.kind, kind);
    ck_assert_msg(kind == SVCROUTE_KIND_NONE ||
                      (text_is(target.namespace_, namespace_) && text_is(target.name, name)),
                  "edge %u leads to %.*s/%.*s", index, SVCR_ARG(target.namespace_),
                  SVCR_ARG(target.name));
}

START_TEST(test_edges)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, full_yaml);
    const struct svcr_ingress_route *route = (const void *)object;
    ck_assert_uint_eq(route->num_references, 3);
    ck_assert_uint_eq(route->uses_nodes, 1);
    ck_assert_uint_eq(svcr_object_num_edges(object), 6);
    check_edge(object, 0, SVCROUTE_KIND_SERVICE, "back", "web");
    check_edge(object, 1, SVCROUTE_KIND_TRAEFIK_SERVICE, "apps", "tree");
    check_edge(object, 2, SVCROUTE_KIND_NONE, "", "");
    check_edge(object, 3, SVCROUTE_KIND_INGRESS_ROUTE, "edge", "top");
    check_edge(object, 4, SVCROUTE_KIND_INGRESS_ROUTE, "apps", "beside");
    check_edge(object, 5, SVCROUTE_KIND_NODE, "", "");
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(svcr_object_reference(object, i)->edge, i);
    }
    CHECK_STR(object, svcr_object_reference(object, 2)->name, "up@file");
    svcr_object_unref(object);

    /* A kind that is none counts as Service, and so does "@" in a Service's name. */
    object = kube_must(&kube, HEAD "metadata: {name: r}\nspec: {routes: [{match: a}, {services: "
                                   "[]}, {services: [{name: a@file}, "
                                   "{kind: Wrong, name: b}, null]}]}\n");
    ck_assert_uint_eq(svcr_object_num_edges(object), 3);
    check_edge(object, 0, SVCROUTE_KIND_SERVICE, "default", "a@file");
    check_edge(object, 1, SVCROUTE_KIND_SERVICE, "default", "b");
    check_edge(object, 2, SVCROUTE_KIND_SERVICE, "default", "");
    svcr_object_unref(object);

    object = kube_must(&kube, HEAD "metadata: {name: r}\nspec: {}\n");
    ck_assert_uint_eq(svcr_object_num_edges(object), 0);
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_absent_null_and_empty)
{
    static const char plain[] =
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w}]}]}\n";
    static const char *const same[] = {
        HEAD "metadata: {name: r, annotations: , labels: null, generateName: ''}\nspec:\n  "
             "ingressClassName:\n  entryPoints:\n  tls: ~\n"
             "  parentRefs: []\n  routes: [{match: a, kind: '', priority: 0, syntax: , "
             "middlewares: [], observability: , services: [{name: w, "
             "port: , sticky: , healthCheck: null, weight: null, passHostHeader: ~, "
             "responseForwarding: {}}]}]\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, sticky: {}, "
             "nodePortLB: false, kind: ''}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, sticky: "
             "{cookie: null}, scheme: ''}]}]}\n",
    };
    static const char *const other[] = {
        HEAD "metadata: {name: r}\nspec: {ingressClassName: '', routes: [{match: a, services: "
             "[{name: w}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {tls: {}, routes: [{match: a, services: [{name: w}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, observability: {}, services: [{name: "
             "w}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, port: 0}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, port: ''}]}]}\n",
        HEAD
        "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, weight: 0}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, healthCheck: "
             "{}}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, passHostHeader: "
             "true}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{match: a, services: [{name: w, sticky: "
             "{cookie: {}}}]}]}\n",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        check_same(plain, same[i], true);
    }
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        check_same(plain, other[i], false);
    }
    check_same(
        HEAD
        "metadata: {name: r}\nspec: {routes: [{services: [{sticky: {cookie: {path: ''}}}]}]}\n",
        HEAD "metadata: {name: r}\nspec: {routes: [{services: [{sticky: {cookie: {}}}]}]}\n",
        false);
}
END_TEST

START_TEST(test_generated_names)
{
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(&kube, HEAD "metadata: {generateName: shop-}\n");
    const struct svcr_ingress_route *route = (const void *)object;
    CHECK_STR(object, route->meta.name, NULL);
    CHECK_STR(object, route->generate_name, "shop-");
    CHECK_STR(object, route->meta.namespace_, "default");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_follow_redirect_spellings)
{
    static const struct {
        const char *text;
        uint8_t value;
        uint32_t column;
    } rows[] = {
        {"{followRedirect: false}", SVCR_FALSE, 81},
        {"{followRedirects: true}", SVCR_TRUE, 82},
        {"{followRedirect: false, followRedirects: true}", SVCR_TRUE, 105},
        {"{followRedirects: false, followRedirect: true}", SVCR_FALSE, 82},
        {"{followRedirects: null, followRedirect: true}", SVCR_TRUE, 104},
        {"{}", SVCR_ABSENT, 64},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kube kube;
        char text[512];
        kube_begin(&kube);
        snprintf(text, sizeof(text),
                 HEAD "metadata: {name: r}\nspec: {routes: [{services: [{name: web, port: 80, "
                      "healthCheck: %s}]}]}\n",
                 rows[i].text);
        struct svcr_object *object = kube_must(&kube, text);
        const struct svcr_reference *reference = svcr_object_reference(object, 0);
        ck_assert_msg(reference->health.follow_redirects == rows[i].value, "row %zu", i);
        CHECK_AT(object, reference->health.place, SVCR_HEALTH_FOLLOW_REDIRECTS, 4, rows[i].column);
        svcr_object_unref(object);
        kube_end(&kube);
    }
}
END_TEST

#define ROUTE(fields) HEAD "metadata: {name: r}\nspec:\n  routes:\n  - " fields
#define REFERENCE(fields) ROUTE("services:\n    - name: x\n    - " fields)

START_TEST(test_wrong_types)
{
    static const struct bad rows[] = {
        {HEAD "metadata: {name: r}\nspec: {routes: {}}", SVCR_DIAG_WRONG_TYPE, 4, 16, "spec.routes",
         "expected a list, found a map"},
        {HEAD "metadata: {name: r}\nspec: 5", SVCR_DIAG_WRONG_TYPE, 4, 7, "spec", "expected a map"},
        {HEAD "metadata: {name: r}\nspec: {entryPoints: [web, on]}", SVCR_DIAG_WRONG_TYPE, 4, 27,
         "spec.entryPoints[1]", "boolean true"},
        {HEAD "metadata: {name: r}\nspec: {entryPoints: web}", SVCR_DIAG_WRONG_TYPE, 4, 21,
         "spec.entryPoints", "expected a list, found text \"web\""},
        {HEAD "metadata: {name: r}\nspec: {tls: {domains: [{sans: [1]}]}}", SVCR_DIAG_WRONG_TYPE, 4,
         32, "spec.tls.domains[0].sans[0]", "(write \"1\")"},
        {HEAD "metadata: {name: r}\nspec: {parentRefs: [{name: {}}]}", SVCR_DIAG_WRONG_TYPE, 4, 28,
         "spec.parentRefs[0].name", "a map"},
        {HEAD "metadata: {name: r, annotations: {kubernetes.io/ingress.class: 1}}\n",
         SVCR_DIAG_WRONG_TYPE, 3, 64, "metadata.annotations[\"kubernetes.io/ingress.class\"]",
         "(write \"1\")"},
        {ROUTE("priority: '5'"), SVCR_DIAG_WRONG_TYPE, 6, 15, "spec.routes[0].priority",
         "(write it without quotes)"},
        {ROUTE("priority: 9223372036854775808"), SVCR_DIAG_OUT_OF_RANGE, 6, 15,
         "spec.routes[0].priority", "does not fit"},
        {ROUTE("priority: 1.5"), SVCR_DIAG_WRONG_TYPE, 6, 15, "spec.routes[0].priority",
         "number 1.5"},
        {ROUTE("match: 1"), SVCR_DIAG_WRONG_TYPE, 6, 12, "spec.routes[0].match", "integer 1"},
        {ROUTE("observability: {metrics: 'true'}"), SVCR_DIAG_WRONG_TYPE, 6, 30,
         "spec.routes[0].observability.metrics",
         "expected true or false, found text \"true\" (write it without quotes)"},
        {REFERENCE("port: 2147483648"), SVCR_DIAG_OUT_OF_RANGE, 8, 13,
         "spec.routes[0].services[1].port", "does not fit"},
        {REFERENCE("port: true"), SVCR_DIAG_WRONG_TYPE, 8, 13, "spec.routes[0].services[1].port",
         "integer of 32 bits or text"},
        {REFERENCE("port: [80]"), SVCR_DIAG_WRONG_TYPE, 8, 13, "spec.routes[0].services[1].port",
         "found a list"},
        {REFERENCE("weight: heavy"), SVCR_DIAG_WRONG_TYPE, 8, 15,
         "spec.routes[0].services[1].weight", "text \"heavy\""},
        {REFERENCE("passHostHeader: 1"), SVCR_DIAG_WRONG_TYPE, 8, 23,
         "spec.routes[0].services[1].passHostHeader", "integer 1"},
        {REFERENCE("responseForwarding: {flushInterval: 100}"), SVCR_DIAG_WRONG_TYPE, 8, 43,
         "spec.routes[0].services[1].responseForwarding.flushInterval", "(write \"100\")"},
        {REFERENCE("sticky: {cookie: {maxAge: 1h}}"), SVCR_DIAG_WRONG_TYPE, 8, 33,
         "spec.routes[0].services[1].sticky.cookie.maxAge", "text \"1h\""},
        {REFERENCE("sticky: true"), SVCR_DIAG_WRONG_TYPE, 8, 15,
         "spec.routes[0].services[1].sticky", "expected a map"},
        {REFERENCE("healthCheck: {status: '200'}"), SVCR_DIAG_WRONG_TYPE, 8, 29,
         "spec.routes[0].services[1].healthCheck.status", "without quotes"},
        {REFERENCE("healthCheck: {interval: 1.5}"), SVCR_DIAG_WRONG_TYPE, 8, 31,
         "spec.routes[0].services[1].healthCheck.interval", "number 1.5"},
        {REFERENCE("healthCheck: {followRedirect: 1}"), SVCR_DIAG_WRONG_TYPE, 8, 37,
         "spec.routes[0].services[1].healthCheck.followRedirect", "true or false"},
        {REFERENCE("healthCheck: {headers: [a]}"), SVCR_DIAG_WRONG_TYPE, 8, 30,
         "spec.routes[0].services[1].healthCheck.headers", "a map of texts"},
        {REFERENCE("healthCheck: {headers: {X-A: 1}}"), SVCR_DIAG_WRONG_TYPE, 8, 36,
         "spec.routes[0].services[1].healthCheck.headers[\"X-A\"]", "(write \"1\")"},
        {REFERENCE("passiveHealthCheck: {maxFailedAttempts: 1.5}"), SVCR_DIAG_WRONG_TYPE, 8, 47,
         "spec.routes[0].services[1].passiveHealthCheck.maxFailedAttempts", "number 1.5"},
        {REFERENCE("middlewares: [{name: 1}]"), SVCR_DIAG_WRONG_TYPE, 8, 28,
         "spec.routes[0].services[1].middlewares[0].name", "integer 1"},
    };
    CHECK_BAD(rows);
}
END_TEST

START_TEST(test_control_characters)
{
    static const struct bad rows[] = {
        {REFERENCE("namespace: \"a\\0\""), SVCR_DIAG_CONTROL_CHARACTER, 8, 18,
         "spec.routes[0].services[1].namespace", "control"},
        {REFERENCE("name: \"0123456789abcde\\x1f\""), SVCR_DIAG_CONTROL_CHARACTER, 8, 13,
         "spec.routes[0].services[1].name", "control"},
        {REFERENCE("scheme: \"\\x7fhttp-and-more\""), SVCR_DIAG_CONTROL_CHARACTER, 8, 15,
         "spec.routes[0].services[1].scheme", "control"},
        {REFERENCE("port: \"a\\tb\""), SVCR_DIAG_CONTROL_CHARACTER, 8, 13,
         "spec.routes[0].services[1].port", "control"},
        {REFERENCE("sticky: {cookie: {path: \"/\\r\\nx\"}}"), SVCR_DIAG_CONTROL_CHARACTER, 8, 31,
         "spec.routes[0].services[1].sticky.cookie.path", "control"},
        {REFERENCE("sticky: {cookie: {domain: \"a\\n\"}}"), SVCR_DIAG_CONTROL_CHARACTER, 8, 33,
         "spec.routes[0].services[1].sticky.cookie.domain", "control"},
        {REFERENCE("healthCheck: {hostname: \"a\\n\"}"), SVCR_DIAG_CONTROL_CHARACTER, 8, 31,
         "spec.routes[0].services[1].healthCheck.hostname", "control"},
        {REFERENCE("healthCheck: {headers: {X: \"a\\r\"}}"), SVCR_DIAG_CONTROL_CHARACTER, 8, 34,
         "spec.routes[0].services[1].healthCheck.headers[\"X\"]", "control"},
        {REFERENCE("healthCheck: {headers: {\"X\\n\": a}}"), SVCR_DIAG_CONTROL_CHARACTER, 8, 31,
         "spec.routes[0].services[1].healthCheck.headers[\"X?\"]", "control"},
        {HEAD "metadata: {name: r}\nspec: {entryPoints: [\"a\\eb\"]}", SVCR_DIAG_CONTROL_CHARACTER,
         4, 22, "spec.entryPoints[0]", "control"},
        {ROUTE("match: \"a\\0\""), SVCR_DIAG_CONTROL_CHARACTER, 6, 12, "spec.routes[0].match",
         "control"},
    };
    CHECK_BAD(rows);
    /* Rules may have several lines, header values tabs, durations are judged elsewhere; names are
     * UTF-8. */
    struct kube kube;
    kube_begin(&kube);
    struct svcr_object *object = kube_must(
        &kube, ROUTE("match: \"Host(`a`) ||\\r\\n\\tHost(`b`) || Host(`c`)\"\n    services:\n    - "
                     "{name: s\303\251ance-\303\251t\303\251-\303\251, healthCheck: "
                     "{interval: \"1s\\n\", headers: {X: \"a\\tb\"}}, responseForwarding: "
                     "{flushInterval: \"\\n\"}}\n"));
    const struct svcr_reference *reference = svcr_object_reference(object, 0);
    CHECK_STR(object, reference->flush_interval, "\n");
    CHECK_STR(object, reference->health.interval.text, "1s\n");
    svcr_object_unref(object);
    kube_end(&kube);
}
END_TEST

START_TEST(test_many_headers_are_sorted)
{
    struct kube kube;
    kube_begin(&kube);
    char *text = malloc(100000), *at = text;
    at += sprintf(
        at,
        "{\"apiVersion\":\"traefik.io/"
        "v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":{\"name\":\"r\"},\"spec\":{\"routes\":[{"
        "\"services\":[{\"healthCheck\":{\"headers\":{");
    for (unsigned i = 0; i < 1000; i++) {
        at += sprintf(at, "%s\"H%03u\":\"%u\"", i ? "," : "", i * 617 % 1000,
                      i); /* 617 and 1000 have no common factor */
    }
    sprintf(at, "}}}]}]}}");
    struct svcr_object *object = kube_must(&kube, text);
    const struct svcr_reference *reference = svcr_object_reference(object, 0);
    const struct svcr_header *headers = svcr_object_items(object, reference->health.headers);
    ck_assert_uint_eq(reference->health.headers.num, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "H%03u", i);
        CHECK_STR(object, headers[i].name, name);
        unsigned written =
            (unsigned)strtoul(svcr_object_text(object, headers[i].value).data, NULL, 10);
        ck_assert_uint_eq(written * 617 % 1000, i);
    }
    svcr_object_unref(object);
    free(text);
    kube_end(&kube);
}
END_TEST

Suite *suite_ingress_route(void)
{
    const TTest *tests[] = {
        test_every_field,           test_positions,          test_edges,
        test_absent_null_and_empty, test_generated_names,    test_follow_redirect_spellings,
        test_wrong_types,           test_control_characters, test_many_headers_are_sorted,
    };
    return one_case("ingress_route", tests, sizeof(tests) / sizeof(tests[0]));
}
