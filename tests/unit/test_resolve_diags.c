/* Diagnostics of resolving: for each id of references, ports, servers, settings, routes and trees a
 * small input, and every diagnostic that it has to give: id, name, severity, object, place, path,
 * and a part of the text, which names the way out where something was refused. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <svcroute/svcroute.h>

#include "base/diag.h"

enum { IN_DEFAULT = 1, IN_TRAEFIK = 2, IN_BOTH = 3 }; /* profiles */

/* Bits of the policy beside the switches. */
enum {
    CROSS = 1 << SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE,
    EXTERNAL = 1 << SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME,
    EMPTY = 1 << SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES,
    CHECKS = 1 << SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS,
    NO_NODES = 1 << SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE,
    NO_PROVIDERS = 1 << 16,
    WATCH_DEFAULT = 1 << 17,
    NEST_2 = 1 << 18,
};

#define HEAD(kind, name, version)                                                                  \
    "apiVersion: " version "\nkind: " kind "\nmetadata: {name: " name ", namespace: default}\n"
/* Lines 1 to 7; what follows is the list of a route's services, from line 8 on. */
#define ROUTE                                                                                      \
    HEAD("IngressRoute", "r", "traefik.io/v1alpha1")                                               \
    "spec:\n  routes:\n  - match: Path(`/`)\n    services:\n"
/* Lines 1 to 5; the route is in line 6. */
#define ROUTES HEAD("IngressRoute", "r", "traefik.io/v1alpha1") "spec:\n  routes:\n"
/* Lines 1 to 4; what follows is the spec, from line 5 on. */
#define TREE(name) HEAD("TraefikService", name, "traefik.io/v1alpha1") "spec:\n"
/* An ExternalName Service in lines 1 to 5 with a route to it in lines 6 to 13. */
#define LEADS_TO(host)                                                                             \
    HEAD("Service", "loc", "v1")                                                                   \
    "spec: {type: ExternalName, externalName: " host "}\n---\n" ROUTE                              \
    "    - {name: loc, port: 80}\n"

#define LOST "705 route-unavailable error IngressRoute default/r 6:5 spec.routes[0]|left out\n"

/* What the inputs lead to; it follows them, so that their lines count from 1. */
static const char world[] = "---\n" HEAD(
    "Service", "web",
    "v1") "spec: {ports: [{name: http, port: 80}]}\n"
          "---\n" HEAD(
              "Service", "two",
              "v1") "spec: {ports: [{name: http, port: 80}, {name: alt, port: 81}]}\n"
                    "---\n" HEAD(
                        "Service", "bare",
                        "v1") "spec: {ports: [{name: http, port: 80}]}\n"
                              "---\n" HEAD(
                                  "Service", "ext",
                                  "v1") "spec: {type: ExternalName, externalName: up.example.org, "
                                        "ports: [{port: 80}]}\n"
                                        "---\n" HEAD(
                                            "Service", "np",
                                            "v1") "spec: {type: NodePort, ports: [{name: http, "
                                                  "port: 80, nodePort: 30080}]}\n"
                                                  "---\napiVersion: discovery.k8s.io/v1\nkind: "
                                                  "EndpointSlice\n"
                                                  "metadata: {name: web-1, namespace: default, "
                                                  "labels: {kubernetes.io/service-name: web}}\n"
                                                  "addressType: IPv4\nports: [{name: http, port: "
                                                  "8080}]\nendpoints: [{addresses: [10.0.0.1]}]\n"
                                                  "---\napiVersion: v1\nkind: Service\nmetadata: "
                                                  "{name: web, namespace: apps}\n"
                                                  "spec: {ports: [{name: http, port: 80}]}\n";

struct row {
    unsigned profiles, policy;
    const char *input;
    const char
        *expected; /* lines "NUMBER NAME SEVERITY KIND OBJECT LINE:COLUMN PATH|PART OF THE TEXT" */
};

static const struct row references[] = {
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80}\n", ""},
    {IN_BOTH, 0, ROUTE "    - {kind: Job, name: web, port: 80}\n",
     "401 reference-kind error IngressRoute default/r 8:14 spec.routes[0].services[0].kind|write "
     "Service or TraefikService\n" LOST},
    {IN_DEFAULT, 0, ROUTE "    - {port: 80}\n",
     "402 reference-name error IngressRoute default/r 8:7 spec.routes[0].services[0].name|write "
     "the name\n" LOST},
    {IN_TRAEFIK, 0, ROUTE "    - {port: 80}\n",
     "406 service-missing error IngressRoute default/r 8:7 "
     "spec.routes[0].services[0].name|\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {name: web, namespace: apps, port: 80}\n",
     "403 cross-namespace error IngressRoute default/r 8:30 "
     "spec.routes[0].services[0].namespace|allow cross-namespace references\n" LOST},
    {IN_DEFAULT, 0, ROUTE "    - {kind: TraefikService, name: t@kubernetescrd}\n",
     "403 cross-namespace error IngressRoute default/r 8:36 "
     "spec.routes[0].services[0].name|allow cross-namespace references\n" LOST},
    {IN_BOTH, 0,
     ROUTES
     "  - {match: Path(`/`), services: [{name: web, port: 80}], middlewares: [{name: a}, {name: b, "
     "namespace: apps}]}\n",
     "403 cross-namespace error IngressRoute default/r 6:91 "
     "spec.routes[0].middlewares[1].name|allow cross-namespace references\n" LOST},
    {IN_BOTH, 0,
     HEAD("IngressRoute", "r",
          "traefik.io/v1alpha1") "spec:\n  tls: {options: {name: o, namespace: apps}}\n  routes:\n"
                                 "  - {match: Path(`/`), services: [{name: web, port: 80}]}\n",
     "403 cross-namespace error IngressRoute default/r 5:25 spec.tls.options.name|allow "
     "cross-namespace references\n"
     "705 route-unavailable error IngressRoute default/r 7:5 spec.routes[0]|tls.options\n"},
    {IN_BOTH, NO_PROVIDERS, ROUTE "    - {kind: TraefikService, name: a@file}\n",
     "404 cross-provider error IngressRoute default/r 8:36 spec.routes[0].services[0].name|add the "
     "namespace to the cross-provider namespaces\n" LOST},
    {IN_BOTH, NO_PROVIDERS, ROUTE "    - {name: web, port: 80, serversTransport: a@file}\n",
     "404 cross-provider error IngressRoute default/r 8:47 "
     "spec.routes[0].services[0].serversTransport|cross-provider namespaces\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {kind: TraefikService, name: a@file, namespace: x}\n",
     "405 namespace-ignored warning IngressRoute default/r 8:55 "
     "spec.routes[0].services[0].namespace|has no effect\n"},
    {IN_BOTH, 0, ROUTE "    - {name: gone, port: 80}\n",
     "406 service-missing error IngressRoute default/r 8:14 "
     "spec.routes[0].services[0].name|\"gone\" in namespace default\n" LOST},
    {IN_DEFAULT, 0, ROUTE "    - {kind: TraefikService, name: gone}\n",
     "407 traefikservice-missing error IngressRoute default/r 8:36 "
     "spec.routes[0].services[0].name|\"gone\" in namespace default\n" LOST},
    {IN_TRAEFIK, 0, ROUTE "    - {kind: TraefikService, name: gone}\n",
     "407 traefikservice-missing warning IngressRoute default/r 8:36 "
     "spec.routes[0].services[0].name|\"gone\" in namespace default\n"},
    {IN_BOTH, CROSS | WATCH_DEFAULT, ROUTE "    - {name: web, namespace: apps, port: 80}\n",
     "408 namespace-not-watched error IngressRoute default/r 8:30 "
     "spec.routes[0].services[0].namespace|add the namespace to the watched ones\n" LOST},
    {IN_BOTH, 0,
     HEAD("IngressRoute", "r",
          "traefik.io/v1alpha1") "spec:\n  parentRefs: [{name: p}]\n  routes: [{match: Path(`/`), "
                                 "services: [{name: web, port: 80}]}]\n",
     "409 parent-missing error IngressRoute default/r 5:23 spec.parentRefs[0].name|all routes are "
     "left out\n"},
    {IN_BOTH, 0,
     HEAD("IngressRoute", "r", "traefik.io/v1alpha1") "spec:\n  parentRefs: [{name: p, namespace: "
                                                      "apps}]\n  routes: [{match: Path(`/`)}]\n",
     "403 cross-namespace error IngressRoute default/r 5:23 spec.parentRefs[0].name|allow "
     "cross-namespace references\n"},
    {IN_BOTH, 0, ROUTE "    - {name: web@file, port: 80}\n",
     "410 service-name-at error IngressRoute default/r 8:14 spec.routes[0].services[0].name|write "
     "kind: TraefikService\n" LOST},
};

static const struct row ports[] = {
    {IN_DEFAULT, 0, ROUTE "    - {name: web}\n", ""},
    {IN_TRAEFIK, 0, ROUTE "    - {name: web}\n",
     "501 port-missing error IngressRoute default/r 8:7 spec.routes[0].services[0].port|write the "
     "port\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {name: two}\n",
     "501 port-missing error IngressRoute default/r 8:7 spec.routes[0].services[0].port|80 "
     "(\"http\"), 81 (\"alt\")\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 81}\n",
     "502 port-not-found error IngressRoute default/r 8:25 spec.routes[0].services[0].port|it has: "
     "80 (\"http\")\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: \"80\"}\n",
     "502 port-not-found error IngressRoute default/r 8:25 spec.routes[0].services[0].port|no port "
     "named \"80\"\n" LOST},
    {IN_BOTH, EXTERNAL, ROUTE "    - {name: ext, port: 80}\n", ""},
    {IN_BOTH, EXTERNAL, ROUTE "    - {name: ext, port: 81}\n",
     "503 port-differs warning IngressRoute default/r 8:25 spec.routes[0].services[0].port|80\n"},
    {IN_DEFAULT, EXTERNAL, ROUTE "    - {name: ext, port: 70000}\n",
     "504 port-range error IngressRoute default/r 8:25 spec.routes[0].services[0].port|outside 1 "
     "to 65535\n" LOST},
    {IN_TRAEFIK, EXTERNAL, ROUTE "    - {name: ext, port: 70000}\n",
     "503 port-differs warning IngressRoute default/r 8:25 spec.routes[0].services[0].port|\n"},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80, scheme: ftp}\n",
     "505 bad-scheme error IngressRoute default/r 8:37 spec.routes[0].services[0].scheme|write "
     "http, https or h2c\n" LOST},
};

static const struct row servers[] = {
    {IN_BOTH, 0, ROUTE "    - {name: ext, port: 80}\n",
     "506 external-name-refused error IngressRoute default/r 8:14 "
     "spec.routes[0].services[0].name|allow ExternalName services\n" LOST},
    {IN_BOTH, EMPTY, ROUTE "    - {name: web, port: 80, nativeLB: true}\n",
     "507 no-cluster-ip error IngressRoute default/r 8:39 "
     "spec.routes[0].services[0].nativeLB|nativeLB: false\n" LOST},
    {IN_BOTH, EMPTY, ROUTE "    - {name: np, port: 80, nodePortLB: true}\n",
     "508 no-node-address error IngressRoute default/r 8:40 "
     "spec.routes[0].services[0].nodePortLB|nodePortLB: false\n" LOST},
    {IN_BOTH, EMPTY | NO_NODES, ROUTE "    - {name: np, port: 80, nodePortLB: true}\n",
     "509 cluster-scope-disabled error IngressRoute default/r 8:40 "
     "spec.routes[0].services[0].nodePortLB|cluster-scoped resources are disabled; enable "
     "them\n" LOST},
    {IN_BOTH, 0, ROUTE "    - {name: bare, port: 80}\n",
     "510 no-servers error IngressRoute default/r 8:14 spec.routes[0].services[0].name|allow empty "
     "services\n" LOST},
    {IN_BOTH, EMPTY, ROUTE "    - {name: bare, port: 80}\n", ""},
#define NONE_LEFT                                                                                  \
    "510 no-servers error IngressRoute default/r 13:14 spec.routes[0].services[0].name|\n"         \
    "705 route-unavailable error IngressRoute default/r 11:5 spec.routes[0]|\n"
    {IN_TRAEFIK, EXTERNAL, LEADS_TO("localhost"), ""},
    {IN_DEFAULT, EXTERNAL, LEADS_TO("localhost"),
     "511 local-address error Service default/loc 4:42 spec.externalName|allow local "
     "addresses\n" NONE_LEFT},
    {IN_DEFAULT, EXTERNAL | EMPTY, LEADS_TO("localhost"),
     "511 local-address error Service default/loc 4:42 spec.externalName|allow local addresses\n"},
    {IN_DEFAULT, EXTERNAL, LEADS_TO("'FD00:0::1'"),
     "512 address-not-canonical error Service default/loc 4:42 spec.externalName|canonical form, "
     "fd00::1;\n" NONE_LEFT},
    {IN_DEFAULT, EXTERNAL, LEADS_TO("a b"),
     "513 bad-host error Service default/loc 4:42 spec.externalName|\"a b\"\n" NONE_LEFT},
    {IN_TRAEFIK, EXTERNAL, LEADS_TO("'FD00:0::1'"), ""},
    {IN_TRAEFIK, EXTERNAL, LEADS_TO("a b"), ""},
    /* of an endpoint, a subset and a Node: the other servers stay */
    {IN_DEFAULT, 0,
     "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
     "metadata: {name: b-1, namespace: default, labels: {kubernetes.io/service-name: bare}}\n"
     "addressType: IPv4\nports: [{name: http, port: 8080}]\n"
     "endpoints: [{addresses: [10.0.0.2]}, {addresses: [10.0.0.3, 127.0.0.1]}]\n---\n" ROUTE
     "    - {name: bare, port: 80}\n",
     "511 local-address error EndpointSlice default/b-1 6:61 endpoints[1].addresses[1]|allow local "
     "addresses\n"},
    {IN_DEFAULT, 0,
     HEAD("Endpoints", "bare", "v1") "subsets: [{addresses: [{ip: 10.0.0.2}, {ip: 127.0.0.1}], "
                                     "ports: [{name: http, port: 1}]}]\n"
                                     "---\n" ROUTE "    - {name: bare, port: 80}\n",
     "515 legacy-endpoints info Endpoints default/bare 1:1 |no EndpointSlice\n"
     "511 local-address error Endpoints default/bare 4:45 subsets[0].addresses[1].ip|allow local "
     "addresses\n"},
    {IN_DEFAULT, 0,
     "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
     "status: {addresses: [{type: InternalIP, address: 10.0.0.2}, {type: InternalIP, address: "
     "'::1'}]}\n---\n" ROUTE "    - {name: np, port: 80, nodePortLB: true}\n",
     "511 local-address error Node /n1 4:89 status.addresses[1].address|allow local addresses\n"},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80, healthCheck: {}}\n",
     "514 health-check-kind error IngressRoute default/r 8:42 "
     "spec.routes[0].services[0].healthCheck|passiveHealthCheck\n" LOST},
    {IN_DEFAULT, 0, ROUTE "    - {name: np, port: 80, nodePortLB: true, healthCheck: {}}\n",
     "514 health-check-kind error IngressRoute default/r 8:59 "
     "spec.routes[0].services[0].healthCheck|allow health checks of Services of every type\n" LOST},
    {IN_TRAEFIK, CHECKS, ROUTE "    - {name: web, port: 80, healthCheck: {}}\n",
     "514 health-check-kind error IngressRoute default/r 8:42 "
     "spec.routes[0].services[0].healthCheck|only; remove it or use passiveHealthCheck\n" LOST},
    {IN_DEFAULT, CHECKS, ROUTE "    - {name: web, port: 80, healthCheck: {}}\n", ""},
    {IN_BOTH, CHECKS, ROUTE "    - {name: ext, port: 80, healthCheck: {}}\n",
     "506 external-name-refused error IngressRoute default/r 8:14 "
     "spec.routes[0].services[0].name|allow ExternalName services\n" LOST},
    {IN_BOTH, 0,
     HEAD("Endpoints", "bare", "v1") "subsets: [{addresses: [{ip: 10.0.0.9}], ports: [{name: http, "
                                     "port: 1}]}]\n---\n" ROUTE "    - {name: bare, port: 80}\n",
     "515 legacy-endpoints info Endpoints default/bare 1:1 |no EndpointSlice\n"},
};

static const struct row settings[] = {
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80, strategy: best}\n",
     "601 bad-strategy error IngressRoute default/r 8:39 spec.routes[0].services[0].strategy|write "
     "wrr, p2c, hrw or leasttime\n" LOST},
    {IN_TRAEFIK, 0, ROUTE "    - {name: web, port: 80, strategy: RoundRobin}\n",
     "602 old-strategy warning IngressRoute default/r 8:39 "
     "spec.routes[0].services[0].strategy|write wrr\n"},
    {IN_DEFAULT, 0, ROUTE "    - {name: web, port: 80, strategy: RoundRobin}\n", ""},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80, passiveHealthCheck: {failureWindow: soon}}\n",
     "603 bad-duration error IngressRoute default/r 8:65 "
     "spec.routes[0].services[0].passiveHealthCheck.failureWindow|\"soon\"\n" LOST},
    {IN_BOTH, 0,
     ROUTE "    - {name: web, port: 80, passiveHealthCheck: {maxFailedAttempts: 1025}}\n",
     "609 too-many-attempts warning IngressRoute default/r 8:69 "
     "spec.routes[0].services[0].passiveHealthCheck.maxFailedAttempts|works as 1024\n"},
    {IN_BOTH, 0,
     ROUTE "    - {name: web, port: 80, passiveHealthCheck: {maxFailedAttempts: 1024}}\n", ""},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80, responseForwarding: {flushInterval: soon}}\n",
     "603 bad-duration error IngressRoute default/r 8:49 "
     "spec.routes[0].services[0].responseForwarding.flushInterval|\"soon\"\n" LOST},
    {IN_BOTH, EXTERNAL, ROUTE "    - {name: ext, port: 80, healthCheck: {timeout: soon}}\n",
     "603 bad-duration error IngressRoute default/r 8:52 "
     "spec.routes[0].services[0].healthCheck.timeout|\"soon\"\n" LOST},
    {IN_DEFAULT, 0,
     ROUTE "    - {name: web, port: 80, passiveHealthCheck: {failureWindow: '99999999999'}}\n",
     "604 duration-overflow error IngressRoute default/r 8:65 "
     "spec.routes[0].services[0].passiveHealthCheck.failureWindow|\"99999999999\"\n" LOST},
    {IN_TRAEFIK, 0,
     ROUTE "    - {name: web, port: 80, passiveHealthCheck: {failureWindow: '99999999999'}}\n", ""},
    {IN_BOTH, 0,
     TREE("t") "  mirroring:\n    name: web\n    port: 80\n    mirrors:\n"
               "    - {name: web, port: 80, percent: 101}\n",
     "605 bad-percent error TraefikService default/t 9:38 spec.mirroring.mirrors[0].percent|101 is "
     "outside 0 to 100\n"},
    {IN_BOTH, 0,
     TREE("t") "  failover:\n    service: {name: web, port: 80}\n    fallback: {name: web, port: "
               "80}\n    errors: {status: ['500', '5xx']}\n",
     "606 bad-status error TraefikService default/t 8:30 spec.failover.errors.status[1]|\"5xx\"\n"},
    {IN_TRAEFIK, 0,
     TREE("t") "  failover: {service: {name: web, port: 80}, fallback: {name: web, port: 80}}\n",
     "607 failover-needs-check error TraefikService default/t 5:3 spec.failover|healthCheck\n"},
    {IN_DEFAULT, 0,
     TREE("t") "  failover: {service: {name: web, port: 80}, fallback: {name: web, port: 80}}\n",
     ""},
    {IN_BOTH, 0, TREE("t") "  weighted:\n    services:\n    - {name: web, port: 80, weight: 0}\n",
     "608 weight-zero info TraefikService default/t 7:37 spec.weighted.services[0].weight|never "
     "picked\n"},
    {IN_BOTH, 0, ROUTE "    - {name: web, port: 80}\n    - {name: web, port: 80, weight: -1}\n",
     "608 weight-zero info IngressRoute default/r 9:37 spec.routes[0].services[1].weight|never "
     "picked\n"},
};

static const struct row routes[] = {
    {IN_BOTH, 0, ROUTES "  - {match: 'Path(`/`) & Host(`h`)', services: [{name: web, port: 80}]}\n",
     "707 rule-syntax error IngressRoute default/r 6:24 spec.routes[0].match|&\n"},
    {IN_BOTH, 0, ROUTES "  - {match: Path(`/`), syntax: v2, services: [{name: web, port: 80}]}\n",
     "708 rule-syntax-v2 error IngressRoute default/r 6:32 spec.routes[0].syntax|v3\n"},
    {IN_BOTH, 0,
     ROUTES "  - match: Path(`/`)\n    services: [{name: web, port: 80}]\n"
            "    observability: {metrics: true}\n  parentRefs: [{name: r}]\n",
     "709 child-route-settings error IngressRoute default/r 6:5 spec.routes[0]|observability\n"},
    {IN_BOTH, 0, ROUTES "  - {match: Path(`/`), kind: Exact, services: [{name: web, port: 80}]}\n",
     "701 route-kind error IngressRoute default/r 6:30 spec.routes[0].kind|write Rule\n"},
    {IN_BOTH, 0, ROUTES "  - {kind: Rule, services: [{name: web, port: 80}]}\n",
     "702 route-match-empty error IngressRoute default/r 6:5 spec.routes[0].match|needs a match\n"},
    {IN_BOTH, 0,
     "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
     "metadata: {name: r, namespace: default, annotations: {kubernetes.io/ingress.class: "
     "traefik}}\nspec: {routes: [{match: Path(`/`), services: [{name: web, port: 80}]}]}\n",
     "703 class-annotation warning IngressRoute default/r 1:1 metadata.annotations|write "
     "spec.ingressClassName\n"},
#define TWICE                                                                                      \
    "  - {match: Path(`/`), services: [{name: web, port: 80}]}\n"                                  \
    "  - {match: Path(`/`), services: [{name: web, port: 80}]}\n"
    /* ea3e18f6ac2df301c2eb are the first 20 digits of the SHA-256 of "M" */
    {IN_DEFAULT, 0, ROUTES TWICE,
     "704 name-meets warning IngressRoute default/r 7:13 spec.routes[1]|this one is called "
     "default-r-ea3e18f6ac2df301c2eb-2\n"},
    {IN_TRAEFIK, 0, ROUTES TWICE,
     "704 name-meets warning IngressRoute default/r 6:13 spec.routes[0]|takes the place of this "
     "one\n"},
    {IN_BOTH, 0, ROUTES "  - {match: Path(`/`), services: []}\n",
     "706 route-without-service info IngressRoute default/r 6:5 spec.routes[0]|parent of others\n"},
    {IN_DEFAULT, 0, ROUTE "    - {name: web, port: 80}\n    - {name: gone, port: 80}\n",
     "406 service-missing error IngressRoute default/r 9:14 spec.routes[0].services[1].name|\n"},
    {IN_TRAEFIK, 0, ROUTE "    - {name: web, port: 80}\n    - {name: gone, port: 80}\n",
     "406 service-missing error IngressRoute default/r 9:14 "
     "spec.routes[0].services[1].name|\n" LOST},
};

#define TWO_TREES                                                                                  \
    TREE("t")                                                                                      \
    "  weighted:\n    services:\n    - {name: u, kind: TraefikService}\n"                          \
    "    - {name: web, port: 80}\n---\n" TREE(                                                     \
        "u") "  weighted: {services: [{name: gone, port: 80}]}\n"

#define FOUR                                                                                       \
    "{name: web, port: 80}, {name: web, port: 80}, {name: web, port: 80}, {name: web, port: 80}"
#define THIRTY_TWO FOUR ", " FOUR ", " FOUR ", " FOUR ", " FOUR ", " FOUR ", " FOUR ", " FOUR
/* t: 32 mirrors and what `also` says, around u with 32 more. */
#define MIRRORS(also)                                                                              \
    TREE("t")                                                                                      \
    "  mirroring: {name: u, kind: TraefikService, mirrors: [" THIRTY_TWO also                      \
    "]}\n---\n" TREE("u") "  mirroring: {name: web, port: 80, mirrors: [" THIRTY_TWO "]}\n"

static const struct row trees[] = {
    {IN_BOTH, 0, TREE("t") "  weighted: {services: [{name: t, kind: TraefikService}]}\n",
     "801 cycle error TraefikService default/t 5:3 spec|through \"t\"; take one reference\n"},
    {IN_BOTH, 0,
     TREE("t") "  weighted: {services: [{name: u, kind: TraefikService}]}\n---\n" TREE(
         "u") "  weighted: {services: [{name: web, port: 80}, {name: t, kind: TraefikService}]}\n",
     "801 cycle error TraefikService default/t 5:3 spec|through \"u\"\n"
     "801 cycle error TraefikService default/u 11:3 spec|through \"t\"\n"},
    {IN_BOTH, 0, HEAD("TraefikService", "t", "traefik.io/v1alpha1") "spec: {}\n",
     "802 no-type error TraefikService default/t 4:7 spec|weighted, mirroring, "
     "highestRandomWeight or failover\n"},
    {IN_BOTH, 0, TREE("t") "  failover: {}\n  weighted: {services: [{name: web, port: 80}]}\n",
     "803 several-types warning TraefikService default/t 5:3 spec|only the first counts\n"},
    {IN_DEFAULT, 0, TWO_TREES,
     "804 child-unavailable warning TraefikService default/t 7:14 "
     "spec.weighted.services[0].name|\"u\"\n"
     "406 service-missing error TraefikService default/u 14:32 spec.weighted.services[0].name|\n"
     "805 no-child error TraefikService default/u 14:3 spec|no child is left\n"},
    {IN_TRAEFIK, 0, TWO_TREES,
     "406 service-missing error TraefikService default/u 14:32 spec.weighted.services[0].name|\n"},
    {IN_DEFAULT, 0,
     TREE("t") "  mirroring: {name: gone, port: 80, mirrors: [{name: web, port: 80}]}\n",
     "406 service-missing error TraefikService default/t 5:21 spec.mirroring.name|\n"
     "805 no-child error TraefikService default/t 5:3 spec|the mirrored service\n"},
    {IN_DEFAULT, 0, TREE("t") "  failover: {service: {name: web, port: 80}}\n",
     "402 reference-name error TraefikService default/t 5:3 spec.failover.fallback|\n"},
    {IN_BOTH, NEST_2,
     TREE("t") "  weighted: {services: [{name: u, kind: TraefikService}]}\n---\n" TREE(
         "u") "  weighted: {services: [{name: web, port: 80}]}\n",
     "806 limit-nesting error TraefikService default/t 5:3 spec|more than 2 levels\n"},
    {IN_BOTH, 0, MIRRORS(""), ""},
    {IN_BOTH, 0, MIRRORS(", {name: web, port: 80}"),
     "807 too-many-mirrors warning TraefikService default/t 5:3 spec.mirroring.mirrors|65 "
     "mirrors\n"},
    /* the mirrors of a mirror are on another path */
    {IN_BOTH, 0,
     TREE("t") "  mirroring: {name: web, port: 80, mirrors: [{name: u, kind: "
               "TraefikService}, " THIRTY_TWO "]}\n---\n" TREE(
                   "u") "  mirroring: {name: web, port: 80, mirrors: [" THIRTY_TWO "]}\n",
     ""},
};

/* ---- running a row ---- */

static struct svcroute_text text(const char *string)
{
    return (struct svcroute_text){string, strlen(string)};
}

static struct svcroute_policy *make_policy(struct svcroute_context *context, const struct row *row,
                                           uint32_t profile)
{
    struct svcroute_policy *policy;
    ck_assert_int_eq(svcroute_policy_new(&policy, context), 0);
    ck_assert_int_eq(svcroute_policy_set_profile(policy, profile), 0);
    for (uint32_t i = SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE;
         i <= SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS; i++) {
        ck_assert_int_eq(svcroute_policy_set_switch(policy, i, (row->policy >> i & 1U) != 0), 0);
    }
    if ((row->policy & NO_PROVIDERS) != 0) {
        ck_assert_int_eq(svcroute_policy_add_cross_provider_namespace(policy, text("")), 0);
    }
    if ((row->policy & WATCH_DEFAULT) != 0) {
        ck_assert_int_eq(svcroute_policy_add_namespace(policy, text("default")), 0);
    }
    return policy;
}

#define ARG(t) (int)(t).size, (t).data

/* A diagnostic as a row spells it, up to the "|". */
static void spell(const struct svcroute_diag_info *info, char out[1024])
{
    static const char *const severities[] = {"", "info", "warning", "error"};
    ck_assert_uint_le(info->severity, 3);
    snprintf(out, 1024, "%u %.*s %s %.*s %.*s/%.*s %u:%u %.*s|", info->id, ARG(info->id_name),
             severities[info->severity], ARG(info->kind), ARG(info->namespace_), ARG(info->name),
             info->line, info->column, ARG(info->field));
}

static bool contains(struct svcroute_text text, const char *part, size_t size)
{
    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.data + i, part, size) == 0) {
            return true;
        }
    }
    return false;
}

/* Every expected line is one of the diagnostics, and there are no others. */
static void compare(const struct row *row, uint32_t profile, const struct svcroute_diags *diags)
{
    size_t lines = 0;
    bool found_all = true;
    char all[8192] = "";
    size_t size = 0;
    for (size_t i = 0; i < svcroute_diags_num(diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        char line[1024];
        ck_assert_int_eq(svcroute_diags_get(diags, i, &info), 0);
        spell(&info, line);
        size += (size_t)snprintf(all + size, sizeof(all) - size, "%s%.*s\n", line, ARG(info.text));
        ck_assert_uint_lt(size, sizeof(all));
    }
    for (const char *at = row->expected; *at != '\0'; at = strchr(at, '\n') + 1, lines++) {
        const char *part = strchr(at, '|') + 1;
        bool found = false;
        for (size_t i = 0; i < svcroute_diags_num(diags) && !found; i++) {
            struct svcroute_diag_info info = {.size = sizeof(info)};
            char line[1024];
            ck_assert_int_eq(svcroute_diags_get(diags, i, &info), 0);
            spell(&info, line);
            found = strlen(line) == (size_t)(part - at) &&
                    memcmp(line, at, (size_t)(part - at)) == 0 &&
                    contains(info.text, part, (size_t)(strchr(part, '\n') - part));
        }
        found_all = found_all && found;
    }
    ck_assert_msg(found_all && lines == svcroute_diags_num(diags),
                  "profile %u of\n%s\nexpected:\n%s\ngot:\n%s", profile, row->input, row->expected,
                  all);
}

static void run_row(const struct row *row, uint32_t profile)
{
    struct svcroute_context_options options;
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_diags *diags;
    struct svcroute_table *table;
    char input[8192];
    int size = snprintf(input, sizeof(input), "%s%s", row->input, world);
    ck_assert_int_lt(size, (int)sizeof(input));
    svcroute_context_options_init(&options, sizeof(options));
    options.nesting = (row->policy & NEST_2) != 0 ? 2 : 0;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_diags_new(&diags, context), 0);
    ck_assert_int_eq(svcroute_store_new(&store, context), 0);
    ck_assert_int_eq(svcroute_store_load(store, input, (size_t)size, NULL, NULL, diags), 0);
    ck_assert_msg(svcroute_diags_num(diags) == 0, "cannot load:\n%s", row->input);
    struct svcroute_policy *policy = make_policy(context, row, profile);
    ck_assert_int_eq(svcroute_resolve(&table, store, policy, NULL, diags), 0);
    compare(row, profile, diags);
    svcroute_table_unref(table);
    svcroute_policy_free(policy);
    svcroute_store_free(store);
    svcroute_diags_free(diags);
    svcroute_context_unref(context);
}

static void run_rows(const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if ((rows[i].profiles & IN_DEFAULT) != 0) {
            run_row(&rows[i], SVCROUTE_PROFILE_DEFAULT);
        }
        if ((rows[i].profiles & IN_TRAEFIK) != 0) {
            run_row(&rows[i], SVCROUTE_PROFILE_TRAEFIK_V3);
        }
    }
}

#define ROWS(table)                                                                                \
    START_TEST(test_##table)                                                                       \
    {                                                                                              \
        run_rows(table, sizeof(table) / sizeof((table)[0]));                                       \
    }                                                                                              \
    END_TEST
ROWS(references)
ROWS(ports)
ROWS(servers)
ROWS(settings)
ROWS(routes)
ROWS(trees)

/* Every id of resolving has a row, so that a new one is not forgotten. */
static bool has_row(const char *number, const struct row *rows, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        for (const char *at = rows[i].expected; *at != '\0'; at = strchr(at, '\n') + 1) {
            if (strncmp(at, number, 4) == 0) {
                return true;
            }
        }
    }
    return false;
}

#define HAS(table) has_row(number, table, sizeof(table) / sizeof((table)[0]))
START_TEST(test_every_id)
{
    for (size_t i = 0; i < svcroute_diag_num_ids(); i++) {
        uint32_t id;
        char number[16];
        ck_assert_int_eq(svcroute_diag_get_id(i, &id, NULL, NULL, NULL), 0);
        /* What rules are warned of together is test_match.c's. */
        if (id < 400 || id >= 900 || (id >= 710 && id <= 714)) {
            continue;
        }
        snprintf(number, sizeof(number), "%u ", id);
        ck_assert_msg(HAS(references) || HAS(ports) || HAS(servers) || HAS(settings) ||
                          HAS(routes) || HAS(trees),
                      "no row for %s", number);
    }
}
END_TEST

Suite *suite_resolve_diags(void);

Suite *suite_resolve_diags(void)
{
    Suite *suite = suite_create("resolve_diags");
    TCase *tests = tcase_create("rows");
    tcase_add_test(tests, test_references);
    tcase_add_test(tests, test_ports);
    tcase_add_test(tests, test_servers);
    tcase_add_test(tests, test_settings);
    tcase_add_test(tests, test_routes);
    tcase_add_test(tests, test_trees);
    tcase_add_test(tests, test_every_id);
    suite_add_tcase(suite, tests);
    return suite;
}
