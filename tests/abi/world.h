/* A small cluster and everything that can be made from it, for the programs of this folder. They
 * see the public headers alone, and are compiled with today's and with the frozen ones. */
#ifndef ABI_WORLD_H
#define ABI_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

static int passed, failed;

#define CHECK(condition)                                                                           \
    ((condition) ? (void)passed++                                                                  \
                 : (void)(failed++, printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition)))

/* What the rest cannot go on without. */
#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("FAIL %s:%d: %s\n%d passed, %d failed\n", __FILE__, __LINE__, #condition,       \
                   passed, failed + 1);                                                            \
            exit(1);                                                                               \
        }                                                                                          \
        passed++;                                                                                  \
    } while (0)

static const char documents[] =
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: web, namespace: shop}\n"
    "spec:\n"
    "  entryPoints: [websecure]\n"
    "  routes:\n"
    "  - match: Host(`shop.example`)\n"
    "    kind: Rule\n"
    "    services:\n"
    "    - {name: web, port: 80, sticky: {cookie: {name: seat}}, passiveHealthCheck: "
    "{maxFailedAttempts: 3}}\n"
    "  - match: Host(`both.example`)\n"
    "    kind: Rule\n"
    "    services:\n"
    "    - {name: both, kind: TraefikService}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: TraefikService\n"
    "metadata: {name: both, namespace: shop}\n"
    "spec:\n"
    "  weighted:\n"
    "    services:\n"
    "    - {name: web, port: 80, weight: 3}\n"
    "    - {name: partner, port: 443, weight: 1, healthCheck: {path: /up, interval: 10s}}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},\n"
    " spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: partner, namespace: shop},\n"
    " spec: {type: ExternalName, externalName: partner.example, ports: [{port: 443}]}}\n"
    "---\n"
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}\n"
    "addressType: IPv4\n"
    "ports: [{name: http, port: 8080}]\n"
    "endpoints:\n"
    "- {addresses: [10.1.0.1], conditions: {ready: true}}\n"
    "- {addresses: [10.1.0.2], conditions: {ready: true}}\n";

/* With a reference that leads nowhere: it gives a diagnostic, and a change. */
static const char broken[] = "apiVersion: traefik.io/v1alpha1\n"
                             "kind: TraefikService\n"
                             "metadata: {name: both, namespace: shop}\n"
                             "spec:\n"
                             "  weighted:\n"
                             "    services:\n"
                             "    - {name: web, port: 80, weight: 3}\n"
                             "    - {name: gone, port: 80, weight: 1}\n";

struct world {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_diags *diags;
    struct svcroute_table *table, *next;
    struct svcroute_listing *services;
    struct svcroute_explanation *explanation;
};

static struct svcroute_text text(const char *string)
{
    struct svcroute_text made = {string, strlen(string)};
    return made;
}

static void world_make(struct world *world)
{
    memset(world, 0, sizeof *world);
    NEED(svcroute_context_new(&world->context, NULL, NULL, NULL) == 0);
    NEED(svcroute_store_new(&world->store, world->context) == 0);
    NEED(svcroute_policy_new(&world->policy, world->context) == 0);
    NEED(svcroute_policy_set_switch(world->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true) == 0);
    NEED(svcroute_diags_new(&world->diags, world->context) == 0);
    NEED(svcroute_store_load(world->store, documents, sizeof documents - 1, NULL, NULL,
                             world->diags) == 0);
    NEED(svcroute_diags_num_severity(world->diags, SVCROUTE_SEVERITY_ERROR) == 0);
    NEED(svcroute_resolve(&world->table, world->store, world->policy, NULL, world->diags) == 0);
    NEED(svcroute_diags_num_severity(world->diags, SVCROUTE_SEVERITY_ERROR) == 0);
    NEED(svcroute_listing_new(&world->services, world->table, SVCROUTE_LISTING_SERVICES) == 0);
    NEED(svcroute_table_explain(&world->explanation, world->table, text("shop-both")) == 0);
    NEED(svcroute_store_load(world->store, broken, sizeof broken - 1, NULL, NULL, NULL) == 0);
    NEED(svcroute_resolve(&world->next, world->store, world->policy, world->table, world->diags) ==
         0);
    NEED(svcroute_diags_num(world->diags) > 0);
}

/* In an order that a garbage collector might choose: each object holds what it needs. */
static void world_free(struct world *world)
{
    svcroute_context_unref(world->context);
    svcroute_policy_free(world->policy);
    svcroute_store_free(world->store);
    svcroute_table_unref(world->table);
    svcroute_table_unref(world->next);
    svcroute_explanation_free(world->explanation);
    svcroute_listing_free(world->services);
    svcroute_diags_free(world->diags);
}

static int closing_line(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

#endif
