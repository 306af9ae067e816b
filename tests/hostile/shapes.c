/* Clusters by shape. Each is JSON, one object a line. */
#include <stdio.h>

#include "scaling.h"

#define ALL 8   /* stages */
#define FIRST 3 /* up to the listing: what follows writes out what is shared */

#define ROUTE_HEAD "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":"
#define TREE_HEAD                                                                                  \
    "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"TraefikService\",\"metadata\":"
#define SERVICE_HEAD "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":"
#define SLICE_HEAD                                                                                 \
    "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":"

static void add(struct input *input, const char *text)
{
    input_add(input, text, strlen(text));
}

/* ---- objects ---- */

static void service(struct input *input, const char *name)
{
    input_print(input,
                SERVICE_HEAD "{\"name\":\"%s\"},\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":"
                             "[{\"name\":\"web\",\"port\":80}]}}\n",
                name);
}

/* A slice of `service` with one endpoint. */
static void slice(struct input *input, const char *name, size_t number, const char *to)
{
    input_print(input,
                SLICE_HEAD
                "{\"name\":\"%s%zu\",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}},"
                "\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"web\",\"port\":8080}],"
                "\"endpoints\":[{\"addresses\":[\"10.%zu.%zu.%zu\"]}]}\n",
                name, number, to, 1 + (number >> 16), number >> 8 & 255, number & 255);
}

static void route_to(struct input *input, const char *name, size_t number, const char *to)
{
    input_print(input,
                ROUTE_HEAD "{\"name\":\"%s%zu\"},\"spec\":{\"routes\":[{\"match\":\"PathPrefix(`/"
                           "%zu`)\",\"services\":[{\"name\":\"%s\",\"port\":80}]}]}}\n",
                name, number, number, to);
}

static void web(struct input *input)
{
    service(input, "web");
    slice(input, "web", 0, "web");
}

static void touch_web(struct input *input, size_t n)
{
    (void)n;
    slice(input, "web", 77, "web");
}

static void touch_other(struct input *input, size_t n)
{
    (void)n;
    slice(input, "other", 77, "other");
}

static void touch_route(struct input *input, size_t n)
{
    (void)n;
    route_to(input, "touched", 1, "web");
}

/* A name of 17 parts that `number` picks separators for; all of them are one name once normalized.
 */
static void meeting_name(char *name, size_t number)
{
    for (size_t i = 0; i < 17; i++, number >>= 1) {
        *name++ = 'x';
        *name++ = number & 1 ? '.' : '-';
    }
    *name++ = 'x';
    *name = '\0';
}

/* ---- servers ---- */

static void one_slice(struct input *input, size_t n)
{
    service(input, "web");
    add(input, SLICE_HEAD "{\"name\":\"web0\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},"
                          "\"ports\":[{\"name\":\"web\",\"port\":8080}],\"endpoints\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%s{\"addresses\":[\"10.%zu.%zu.%zu\"],\"zone\":\"z%zu\"}", i ? "," : "",
                    i >> 16, i >> 8 & 255, i & 255, i % 7);
    }
    add(input, "]}\n");
    route_to(input, "r", 0, "web");
}

static void repeated_addresses(struct input *input, size_t n)
{
    service(input, "web");
    add(input, SLICE_HEAD "{\"name\":\"web0\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},"
                          "\"ports\":[{\"name\":\"web\",\"port\":8080}],\"endpoints\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%s{\"addresses\":[\"10.0.0.1\"]}", i ? "," : "");
    }
    add(input, "]}\n");
    route_to(input, "r", 0, "web");
}

static void bad_addresses(struct input *input, size_t n)
{
    service(input, "web");
    add(input, SLICE_HEAD "{\"name\":\"web0\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},"
                          "\"ports\":[{\"name\":\"web\",\"port\":8080}],\"endpoints\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%s{\"addresses\":[\"127.%zu.%zu.%zu\"]}", i ? "," : "", i >> 16,
                    i >> 8 & 255, i & 255);
    }
    add(input, "]}\n");
    route_to(input, "r", 0, "web");
}

static void many_slices(struct input *input, size_t n)
{
    service(input, "web");
    for (size_t i = 0; i < n; i++) {
        slice(input, "web", i, "web");
    }
    route_to(input, "r", 0, "web");
}

static void many_nodes(struct input *input, size_t n)
{
    add(input,
        SERVICE_HEAD "{\"name\":\"web\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,"
                     "\"nodePort\":30080}]}}\n");
    add(input,
        ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"match\":\"Host(`a`)\",\"services\":"
                   "[{\"name\":\"web\",\"port\":80,\"nodePortLB\":true}]}]}}\n");
    for (size_t i = 0; i < n; i++) {
        input_print(
            input,
            "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n%zu\"},\"status\":"
            "{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"10.%zu.%zu.%zu\"}]}}\n",
            i, i >> 16, i >> 8 & 255, i & 255);
    }
}

static void many_ports(struct input *input, size_t n)
{
    add(input, SERVICE_HEAD "{\"name\":\"web\"},\"spec\":{\"ports\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "{\"name\":\"p%zu\",\"port\":%zu},", i, 1000 + i);
    }
    add(input, "{\"name\":\"web\",\"port\":80}]}}\n");
    slice(input, "web", 0, "web");
    route_to(input, "r", 0, "web");
}

/* ---- routes ---- */

static void many_routes(struct input *input, size_t n)
{
    web(input);
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input,
                    "%s{\"match\":\"Path(`/%zu`)\",\"services\":[{\"name\":\"web\",\"port\":80}]}",
                    i ? "," : "", i);
    }
    add(input, "]}}\n");
}

static void equal_routes(struct input *input, size_t n)
{
    web(input);
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input,
                    "%s{\"match\":\"Path(`/`)\",\"services\":[{\"name\":\"web\",\"port\":80}]}",
                    i ? "," : "");
    }
    add(input, "]}}\n");
}

/* Rules with one text, each over two references that no other rule has like that. */
static void equal_pairs(struct input *input, size_t n)
{
    web(input);
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input,
                    "%s{\"match\":\"Path(`/`)\",\"services\":[{\"name\":\"web\",\"port\":80},"
                    "{\"name\":\"web\",\"port\":80,\"responseForwarding\":{\"flushInterval\":"
                    "\"%zums\"}}]}",
                    i ? "," : "", i);
    }
    add(input, "]}}\n");
}

static void many_objects(struct input *input, size_t n)
{
    web(input);
    for (size_t i = 0; i < n; i++) {
        route_to(input, "r", i, "web");
    }
}

static void many_services(struct input *input, size_t n)
{
    char name[32];
    web(input);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "s%zu", i);
        service(input, name);
        slice(input, name, i, name);
        route_to(input, "r", i, name);
    }
}

static void missing_services(struct input *input, size_t n)
{
    char name[32];
    web(input);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "s%zu", i);
        route_to(input, "r", i, i % 2 ? name : "none");
    }
}

static void long_lists(struct input *input, size_t n)
{
    web(input);
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"entryPoints\":[");
    input_repeat(input, "\"web\",", n);
    add(input, "\"web\"],\"tls\":{\"domains\":[{\"main\":\"a\",\"sans\":[");
    input_repeat(input, "\"b\",", n);
    add(input, "\"b\"]}");
    input_repeat(input, ",{\"main\":\"c\"}", n);
    add(input, "]},\"routes\":[{\"match\":\"Host(`a`)\",\"middlewares\":[");
    input_repeat(input, "{\"name\":\"m\"},", n);
    add(input, "{\"name\":\"m\"}],\"services\":[{\"name\":\"web\",\"port\":80}]}]}}\n");
}

/* ---- references ---- */

static void references(struct input *input, size_t n, bool differ)
{
    web(input);
    add(input, ROUTE_HEAD
        "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"match\":\"Host(`a`)\",\"services\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(
            input,
            "%s{\"name\":\"web\",\"port\":80,\"responseForwarding\":{\"flushInterval\":\"%zums\"}}",
            i ? "," : "", differ ? i : 1);
    }
    add(input, "]}]}}\n");
}

static void equal_references(struct input *input, size_t n)
{
    references(input, n, false);
}

static void other_references(struct input *input, size_t n)
{
    references(input, n, true);
}

static void missing_references(struct input *input, size_t n)
{
    web(input);
    add(input, TREE_HEAD "{\"name\":\"t\"},\"spec\":{\"weighted\":{\"services\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%s{\"name\":\"none\",\"port\":80}", i ? "," : "");
    }
    add(input, "]}}}\n");
}

static void mirrors(struct input *input, size_t n)
{
    web(input);
    add(input, TREE_HEAD
        "{\"name\":\"t\"},\"spec\":{\"mirroring\":{\"name\":\"web\",\"port\":80,\"mirrors\":[");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%s{\"name\":\"web\",\"port\":80,\"percent\":1}", i ? "," : "");
    }
    add(input, "]}}}\n");
}

static void headers(struct input *input, size_t n)
{
    add(input,
        SERVICE_HEAD "{\"name\":\"web\"},\"spec\":{\"type\":\"ExternalName\",\"externalName\":"
                     "\"example.com\"}}\n");
    add(input,
        ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"match\":\"Host(`a`)\",\"services\":"
                   "[{\"name\":\"web\",\"port\":80,\"healthCheck\":{\"headers\":{\"X\":\"y\"");
    for (size_t i = 0; i < n; i++) {
        input_print(input, ",\"h%zu\":\"v\"", i * 7919 % n);
    }
    add(input, "}}}]}]}}\n");
}

static void states(struct input *input, size_t n)
{
    web(input);
    add(input, TREE_HEAD
        "{\"name\":\"t\"},\"spec\":{\"failover\":{\"service\":{\"name\":\"web\",\"port\":80},"
        "\"fallback\":{\"name\":\"web\",\"port\":80},\"errors\":{\"status\":[\"500\"");
    input_repeat(input, ",\"500-504\"", n);
    add(input, "]}}}}\n");
}

/* ---- trees ---- */

static void tree(struct input *input, const char *name, size_t number, const char *first, size_t to,
                 const char *second, size_t also)
{
    input_print(input,
                TREE_HEAD "{\"name\":\"%s%zu\"},\"spec\":{\"weighted\":{\"services\":[{\"kind\":"
                          "\"TraefikService\",\"name\":\"%s%zu\"},{\"kind\":\"TraefikService\","
                          "\"name\":\"%s%zu\"}]}}}\n",
                name, number, first, to, second, also);
}

static void leaf(struct input *input, const char *name, size_t number)
{
    input_print(input,
                TREE_HEAD
                "{\"name\":\"%s%zu\"},\"spec\":{\"weighted\":{\"services\":[{\"name\":\"web\","
                "\"port\":80}]}}}\n",
                name, number);
}

static void chain(struct input *input, size_t n)
{
    web(input);
    for (size_t i = 0; i < n; i++) {
        tree(input, "t", i, "t", i + 1, "t", i + 1);
    }
    leaf(input, "t", n);
}

static void cycle(struct input *input, size_t n)
{
    web(input);
    for (size_t i = 0; i < n; i++) {
        tree(input, "t", i, "t", (i + 1) % n, "web", 0);
    }
}

static void small_cycles(struct input *input, size_t n)
{
    web(input);
    for (size_t i = 0; i < n; i++) {
        tree(input, "t", i, "t", i ^ 1, "t", i);
    }
}

/* Twenty levels of two nodes, each of which leads to both below: a million paths for 80 edges. */
static void diamonds(struct input *input, size_t n)
{
    char name[32];
    web(input);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "d%zu-", i);
        for (size_t level = 0; level < 20; level++) {
            tree(input, name, 2 * level, name, 2 * level + 2, name, 2 * level + 3);
            tree(input, name, 2 * level + 1, name, 2 * level + 2, name, 2 * level + 3);
        }
        leaf(input, name, 40);
        leaf(input, name, 41);
    }
    input_print(input,
                ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"match\":\"Host(`a`)\","
                           "\"services\":[{\"kind\":\"TraefikService\",\"name\":\"d0-0\"}]}]}}\n");
}

/* Two levels of n, all of whose nodes lead to one of two in the middle. */
static void hourglass(struct input *input, size_t n)
{
    web(input);
    leaf(input, "m", 0);
    leaf(input, "m", 1);
    for (size_t i = 0; i < n; i++) {
        tree(input, "a", i, "b", i, "b", (i + 1) % n);
        tree(input, "b", i, "m", 0, "m", 1);
    }
}

/* ---- names that meet ---- */

static void meeting_trees(struct input *input, size_t n)
{
    char name[40];
    web(input);
    for (size_t i = 0; i < n; i++) {
        meeting_name(name, i);
        input_print(input,
                    TREE_HEAD
                    "{\"name\":\"%s\"},\"spec\":{\"weighted\":{\"services\":[{\"name\":\"web\","
                    "\"port\":80}]}}}\n",
                    name);
    }
}

static void meeting_routes(struct input *input, size_t n)
{
    char name[40];
    web(input);
    for (size_t i = 0; i < n; i++) {
        meeting_name(name, i);
        input_print(input,
                    ROUTE_HEAD "{\"name\":\"%s\"},\"spec\":{\"routes\":[{\"match\":\"Host(`a`)\","
                               "\"services\":[{\"name\":\"web\",\"port\":80}]}]}}\n",
                    name);
    }
}

static void meeting_children(struct input *input, size_t n)
{
    char name[40];
    web(input);
    for (size_t i = 0; i < n; i++) {
        meeting_name(name, i);
        service(input, name);
    }
    add(input, TREE_HEAD "{\"name\":\"t\"},\"spec\":{\"weighted\":{\"services\":[");
    for (size_t i = 0; i < n; i++) {
        meeting_name(name, i);
        input_print(input, "%s{\"name\":\"%s\",\"port\":80}", i ? "," : "", name);
    }
    add(input, "]}}}\n");
}

static void touch_meeting(struct input *input, size_t n)
{
    char name[40];
    meeting_name(name, n);
    input_print(input,
                TREE_HEAD
                "{\"name\":\"%s\"},\"spec\":{\"weighted\":{\"services\":[{\"name\":\"web\","
                "\"port\":80}]}}}\n",
                name);
}

/* ---- parents ---- */

static void parents_of_one(struct input *input, size_t n)
{
    web(input);
    route_to(input, "p", 0, "web");
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"parentRefs\":[");
    input_repeat(input, "{\"name\":\"p0\"},", n);
    add(input,
        "{\"name\":\"p0\"}],\"routes\":[{\"match\":\"Host(`a`)\",\"services\":[{\"name\":\"web\","
        "\"port\":80}]}]}}\n");
}

static void children_of_one(struct input *input, size_t n)
{
    web(input);
    route_to(input, "p", 0, "web");
    for (size_t i = 0; i < n; i++) {
        input_print(input,
                    ROUTE_HEAD
                    "{\"name\":\"c%zu\"},\"spec\":{\"parentRefs\":[{\"name\":\"p0\"}],"
                    "\"routes\":[{\"match\":\"Host(`a`)\",\"services\":[{\"name\":\"web\","
                    "\"port\":80}]}]}}\n",
                    i);
    }
}

static void chain_of_parents(struct input *input, size_t n)
{
    web(input);
    for (size_t i = 0; i < n; i++) {
        input_print(input,
                    ROUTE_HEAD
                    "{\"name\":\"c%zu\"},\"spec\":{\"parentRefs\":[{\"name\":\"c%zu\"}],"
                    "\"routes\":[{\"match\":\"Host(`a`)\",\"services\":[{\"name\":\"web\","
                    "\"port\":80}]}]}}\n",
                    i, i + 1);
    }
    route_to(input, "c", n, "web");
}

/* ---- faults ---- */

static void unknown_fields(struct input *input, size_t n)
{
    web(input);
    add(input, SERVICE_HEAD "{\"name\":\"a\"}");
    for (size_t i = 0; i < n; i++) {
        input_print(input, ",\"f%zu\":1", i);
    }
    add(input, "}\n");
}

static void faulty_routes(struct input *input, size_t n)
{
    web(input);
    add(input, ROUTE_HEAD "{\"name\":\"r\"},\"spec\":{\"routes\":[{\"kind\":\"Rool\"}");
    for (size_t i = 0; i < n; i++) {
        input_print(
            input, ",{\"match\":\"Host(`a%zu`)\",\"services\":[{\"name\":\"web\",\"port\":\"x\"}]}",
            i);
    }
    add(input, "]}}\n");
}

const struct shape shapes[] = {
    {"endpoints of one slice", one_slice, touch_web, 5000, "default/r0", false, ALL},
    {"one address again and again", repeated_addresses, touch_web, 5000, "default/r0", false, ALL},
    {"local addresses", bad_addresses, touch_web, 5000, "default/r0", false, ALL},
    {"slices of one Service", many_slices, touch_web, 2500, "default/r0", false, ALL},
    {"Nodes", many_nodes, touch_web, 2500, "default/r", false, ALL},
    {"ports of one Service", many_ports, touch_web, 5000, "default/r0", false, ALL},
    {"routes of one IngressRoute", many_routes, touch_route, 2500, "default/r", false, ALL},
    {"routes with one match", equal_routes, touch_route, 2500, "default/r", false, ALL},
    {"pairs with one match", equal_pairs, touch_route, 1500, "default/r", false, ALL},
    {"IngressRoutes of one Service", many_objects, touch_web, 2500, "default/r0", false, ALL},
    {"one IngressRoute of many", many_objects, touch_route, 2500, "default/r0", true, ALL},
    {"Services", many_services, touch_other, 2500, "default/r0", true, ALL},
    {"missing Services", missing_services, touch_other, 2500, "default/r0", true, ALL},
    {"long lists in one IngressRoute", long_lists, touch_web, 5000, "default/r", false, ALL},
    {"references to one Service", equal_references, touch_web, 2500, "default/r", false, ALL},
    {"references with other settings", other_references, touch_web, 2500, "default/r", false, ALL},
    {"references to nothing", missing_references, touch_web, 2500, "default/t", false, ALL},
    {"mirrors", mirrors, touch_web, 2500, "default/t", false, ALL},
    {"headers of a health check", headers, touch_web, 5000, "default/r", false, ALL},
    {"states of a failover", states, touch_web, 5000, "default/t", false, ALL},
    {"chain of TraefikServices", chain, touch_web, 1000, "default/t0", false, ALL},
    {"cycle of TraefikServices", cycle, touch_web, 1000, "default/t0", false, ALL},
    {"cycles of two", small_cycles, touch_route, 1000, "default/t0", true, ALL},
    {"diamonds of 20 levels", diamonds, touch_web, 40, "default/r", false, ALL},
    {"hourglass", hourglass, touch_web, 1000, "default/a0", false, ALL},
    {"TraefikServices with one name", meeting_trees, touch_meeting, 1500, "default/t0", false, ALL},
    {"IngressRoutes with one name", meeting_routes, touch_route, 1500, "default/t0", false, ALL},
    {"children with one name", meeting_children, touch_web, 1500, "default/t", false, ALL},
    {"parentRefs of one IngressRoute", parents_of_one, touch_web, 2500, "default/r", false, ALL},
    {"children of one parent", children_of_one, touch_route, 2500, "default/c0", true, ALL},
    {"chain of parents", chain_of_parents, touch_route, 2500, "default/c0", true, ALL},
    {"unknown fields", unknown_fields, touch_web, 5000, "default/a", false, FIRST},
    {"routes with faults", faulty_routes, touch_web, 2500, "default/r", false, ALL},
};
const size_t num_shapes = sizeof(shapes) / sizeof(shapes[0]);
