/* Random objects of a small world whose names meet, as JSON, which is YAML too; and a model of what
 * a store must hold. */
#ifndef RANDOM_CLUSTER_H
#define RANDOM_CLUSTER_H

#include "resolve_support.h"

#define PICK(dice, list) ((list)[dice_roll(dice, sizeof(list) / sizeof((list)[0]))])

enum { MODEL_MAX = 256 }; /* names of objects there are */

/* ---- documents ---- */

static const char *const namespaces[] = {"a", "a", "a-b", "a-b", "c"};
static const char *const names[] = {"b", "b-c", "b.c", "x", "b-2", "x-80"};

struct writing {
    struct dice *dice;
    struct picture out;
};

static inline void add_reference(struct writing *writing, bool mirror)
{
    static const char *const kinds[] = {"Service", "TraefikService", "TraefikService", "", "Other"};
    static const char *const others[] = {"x@file", "a-b@kubernetescrd", "a-b-x@kubernetescrd"};
    static const char *const ports[] = {"80", "80", "80", "81", "443", "0", "\"web\"", "\"80\""};
    static const char *const extras[] = {
        "\"scheme\":\"https\"",
        "\"scheme\":\"gopher\"",
        "\"strategy\":\"p2c\"",
        "\"strategy\":\"RoundRobin\"",
        "\"strategy\":\"worst\"",
        "\"nativeLB\":true",
        "\"nativeLB\":false",
        "\"nodePortLB\":true",
        "\"passHostHeader\":false",
        "\"serversTransport\":\"t\"",
        "\"serversTransport\":\"t@file\"",
        "\"middlewares\":[{\"name\":\"m\"},{\"name\":\"n\",\"namespace\":\"c\"}]",
        "\"sticky\":{\"cookie\":{\"name\":\"s\"}}",
        "\"sticky\":{\"cookie\":{\"name\":\"s\",\"path\":\"/\"}}",
        "\"sticky\":{\"cookie\":{\"secure\":true,\"path\":\"\"}}",
        "\"healthCheck\":{\"path\":\"/up\",\"interval\":\"5s\",\"headers\":{\"h\":\"v\"}}",
        "\"healthCheck\":{\"interval\":\"soon\"}",
        "\"passiveHealthCheck\":{\"failureWindow\":3}",
        "\"responseForwarding\":{\"flushInterval\":\"-1\"}",
        "\"responseForwarding\":{\"flushInterval\":\"never\"}",
    };
    struct dice *dice = writing->dice;
    struct picture *out = &writing->out;
    const char *kind = PICK(dice, kinds);
    if (kind[0] == 'O' && !dice_once_in(dice, 5)) {
        kind = "Service";
    }
    picture_add(out, "\"name\":\"%s\"",
                dice_once_in(dice, 12) ? PICK(dice, others) : PICK(dice, names));
    if (kind[0] != '\0') {
        picture_add(out, ",\"kind\":\"%s\"", kind);
    }
    if (dice_once_in(dice, 4)) {
        picture_add(out, ",\"namespace\":\"%s\"", PICK(dice, namespaces));
    }
    if (!dice_once_in(dice, 8)) {
        picture_add(out, ",\"port\":%s", PICK(dice, ports));
    }
    if (dice_once_in(dice, 4)) {
        picture_add(out, ",\"weight\":%d", (int)dice_roll(dice, 5) - 1);
    }
    if (mirror && !dice_once_in(dice, 3)) {
        picture_add(out, ",\"percent\":%d", (int)dice_roll(dice, 12) * 10 - 5);
    }
    if (dice_once_in(dice, 3)) {
        picture_add(out, ",%s", PICK(dice, extras));
    }
}

static inline void add_references(struct writing *writing, uint32_t num, bool mirrors)
{
    picture_add(&writing->out, "[");
    for (uint32_t i = 0; i < num; i++) {
        picture_add(&writing->out, i == 0 ? "{" : ",{");
        add_reference(writing, mirrors);
        picture_add(&writing->out, "}");
    }
    picture_add(&writing->out, "]");
}

static inline void add_ingress_route(struct writing *writing)
{
    static const char *const matches[] = {
        "Host(`a`)",         "Host(`b`)",
        "Path(`/`)",         "Path(`/`)",
        "Host(`a`, `b`)",    "Host(`a`) && PathPrefix(`/x`) || Host(`*.b`)",
        "!PathPrefix(`/x`)", ""};
    static const char *const rests[] = {
        "\"entryPoints\":[\"web\"],",
        "\"ingressClassName\":\"traefik\",",
        "\"ingressClassName\":\"other\",",
        "\"tls\":{\"certResolver\":\"r\",\"domains\":[{\"main\":\"m\",\"sans\":[\"s\"]}]},",
        "\"tls\":{\"options\":{\"name\":\"o\"}},",
        "\"tls\":{\"options\":{\"name\":\"o\",\"namespace\":\"c\"}},",
        "\"parentRefs\":[{\"name\":\"x\"}],",
        "\"parentRefs\":[{\"name\":\"b\"},{\"name\":\"x\",\"namespace\":\"a\"}],",
    };
    static const char *const route_rests[] = {"\"priority\":7,",
                                              "\"kind\":\"Rule\",",
                                              "\"kind\":\"Law\",",
                                              "\"middlewares\":[{\"name\":\"m\"}],",
                                              "\"middlewares\":[{\"name\":\"m@file\"}],",
                                              "\"observability\":{\"metrics\":false},",
                                              "\"syntax\":\"v2\","};
    struct dice *dice = writing->dice;
    uint32_t num = dice_roll(dice, 4);
    picture_add(&writing->out, "\"spec\":{%s%s\"routes\":[",
                dice_once_in(dice, 3) ? PICK(dice, rests) : "",
                dice_once_in(dice, 9) ? "\"x-unknown\":1," : "");
    for (uint32_t i = 0; i < num; i++) {
        picture_add(&writing->out, "%s{%s\"match\":\"%s\",\"services\":", i == 0 ? "" : ",",
                    dice_once_in(dice, 4) ? PICK(dice, route_rests) : "", PICK(dice, matches));
        add_references(writing, dice_once_in(dice, 9) ? 0 : 1 + dice_roll(dice, 3) / 2, false);
        picture_add(&writing->out, "}");
    }
    picture_add(&writing->out, "]}");
}

static inline void add_type(struct writing *writing, uint32_t type)
{
    struct dice *dice = writing->dice;
    struct picture *out = &writing->out;
    switch (type) {
    case 0:
        picture_add(out, "\"weighted\":{\"services\":");
        add_references(writing, dice_roll(dice, 4), false);
        picture_add(out, "%s}",
                    dice_once_in(dice, 4) ? ",\"sticky\":{\"cookie\":{\"httpOnly\":true}}" : "");
        break;
    case 1:
        picture_add(out, "\"mirroring\":{");
        add_reference(writing, false);
        picture_add(out, "%s,\"mirrors\":", dice_once_in(dice, 3) ? ",\"maxBodySize\":5" : "");
        add_references(writing, dice_roll(dice, 3), true);
        picture_add(out, "}");
        break;
    case 2:
        picture_add(out, "\"highestRandomWeight\":{\"services\":");
        add_references(writing, dice_roll(dice, 3), false);
        picture_add(out, "}");
        break;
    default:
        picture_add(out, "\"failover\":{");
        if (!dice_once_in(dice, 9)) {
            picture_add(out, "\"service\":{");
            add_reference(writing, false);
            picture_add(out, "},");
        }
        if (dice_once_in(dice, 2)) {
            picture_add(out, "\"errors\":{\"status\":[\"%s\"]},",
                        dice_once_in(dice, 5) ? "5xx" : "500-599");
        }
        picture_add(out, "\"fallback\":{");
        add_reference(writing, false);
        picture_add(out, "}}");
    }
}

static inline void add_traefik_service(struct writing *writing)
{
    uint32_t type = dice_roll(writing->dice, 4);
    picture_add(&writing->out, "\"spec\":{");
    if (!dice_once_in(writing->dice, 15)) {
        add_type(writing, type);
        if (dice_once_in(writing->dice, 15)) {
            picture_add(&writing->out, ",");
            add_type(writing, (type + 1) % 4);
        }
    }
    picture_add(&writing->out, "}");
}

static inline void add_service(struct writing *writing)
{
    static const char *const types[] = {
        "",
        "",
        "\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.9\",",
        "\"clusterIP\":\"10.0.0.1\",",
        "\"clusterIP\":\"None\",",
        "\"type\":\"ExternalName\",\"externalName\":\"example.com\",",
        "\"type\":\"ExternalName\",\"externalName\":\"localhost\","};
    static const char *const ports[] = {"{\"name\":\"web\",\"port\":80}",
                                        "{\"name\":\"web\",\"port\":80}",
                                        "{\"port\":80}",
                                        "{\"name\":\"https\",\"port\":81,\"nodePort\":30081}",
                                        "{\"name\":\"s\",\"port\":443}",
                                        "{\"name\":\"web\",\"port\":80,\"nodePort\":30080}"};
    struct dice *dice = writing->dice;
    picture_add(&writing->out, "\"spec\":{%s\"ports\":[", PICK(dice, types));
    if (!dice_once_in(dice, 9)) {
        picture_add(&writing->out, "%s", PICK(dice, ports));
        if (dice_once_in(dice, 3)) {
            picture_add(&writing->out, ",%s", PICK(dice, ports));
        }
    }
    picture_add(&writing->out, "]}");
}

static const char *const addresses[] = {"10.1.0.1", "10.1.0.2",    "10.1.0.3", "fd00::1",
                                        "10.1.0.4", "10.1.00.005", "127.0.0.1"};

static inline void add_slice(struct writing *writing)
{
    static const char *const ports[] = {
        "{\"name\":\"web\",\"port\":8080}", "{\"name\":\"web\",\"port\":8080}",
        "{\"name\":\"\",\"port\":8081}", "{\"port\":8082}", "{\"name\":\"https\",\"port\":8443}"};
    static const char *const conditions[] = {"", "", "", "\"serving\":false",
                                             "\"terminating\":true"};
    struct dice *dice = writing->dice;
    uint32_t num = dice_roll(dice, 4);
    picture_add(&writing->out, "\"addressType\":\"IPv4\",\"ports\":[%s,%s],\"endpoints\":[",
                PICK(dice, ports), PICK(dice, ports));
    for (uint32_t i = 0; i < num; i++) {
        picture_add(&writing->out, "%s{\"addresses\":[\"%s\"],\"conditions\":{%s}%s}",
                    i == 0 ? "" : ",", PICK(dice, addresses), PICK(dice, conditions),
                    dice_once_in(dice, 4) ? ",\"nodeName\":\"n\",\"zone\":\"z\"" : "");
    }
    picture_add(&writing->out, "]");
}

static inline void add_endpoints(struct writing *writing)
{
    picture_add(&writing->out,
                "\"subsets\":[{\"addresses\":[{\"ip\":\"%s\"},{\"ip\":\"%s\"}],\"ports\":[{"
                "\"name\":\"web\",\"port\":%u}]}]",
                PICK(writing->dice, addresses), PICK(writing->dice, addresses),
                9000 + dice_roll(writing->dice, 2));
}

static inline void add_node(struct writing *writing)
{
    picture_add(&writing->out, "\"status\":{\"addresses\":[{\"type\":\"%s\",\"address\":\"%s\"}]}",
                dice_once_in(writing->dice, 5) ? "Hostname" : "InternalIP",
                PICK(writing->dice, addresses));
}

static inline const char *api_version(uint32_t kind)
{
    if (kind <= SVCROUTE_KIND_TRAEFIK_SERVICE) {
        return "traefik.io/v1alpha1";
    }
    return kind == SVCROUTE_KIND_ENDPOINT_SLICE ? "discovery.k8s.io/v1" : "v1";
}

/* ---- the model: what each object's document is ---- */

struct model_item {
    char key[64]; /* kind, namespace, name */
    uint32_t kind;
    const char *namespace_, *name;
    bool generated;
    bool watched; /* `text` is a line of a watch */
    char *text;   /* NULL: there is no such object */
};

struct model {
    struct model_item items[MODEL_MAX];
    size_t num;
};

static inline struct model_item *model_item(struct model *model, uint32_t kind,
                                            const char *namespace_, const char *name,
                                            bool generated)
{
    char key[sizeof(model->items[0].key)];
    snprintf(key, sizeof(key), "%u %s/%s%s", kind, namespace_, name, generated ? "*" : "");
    for (size_t i = 0; i < model->num; i++) {
        if (strcmp(model->items[i].key, key) == 0) {
            return &model->items[i];
        }
    }
    must_uint_lt(model->num, MODEL_MAX);
    struct model_item *item = &model->items[model->num++];
    *item = (struct model_item){
        .kind = kind, .namespace_ = namespace_, .name = name, .generated = generated};
    memcpy(item->key, key, sizeof(key));
    return item;
}

/* One random object as JSON, which is YAML too. */
static inline struct model_item *random_object(struct dice *dice, struct model *model,
                                               struct picture *text, uint32_t kind)
{
    struct writing writing = {.dice = dice};
    struct picture *out = &writing.out;
    const char *namespace_ = PICK(dice, namespaces);
    const char *name = PICK(dice, names);
    bool node = kind == SVCROUTE_KIND_NODE;
    bool generated = kind == SVCROUTE_KIND_INGRESS_ROUTE && dice_once_in(dice, 6);
    picture_add(out, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"%s\":\"%s\"",
                svcroute_kind_name(kind), api_version(kind), generated ? "generateName" : "name",
                name);
    if (!node) {
        picture_add(out, ",\"namespace\":\"%s\"", namespace_);
    }
    if (kind == SVCROUTE_KIND_ENDPOINT_SLICE) {
        picture_add(out, ",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}", PICK(dice, names));
        if (dice_once_in(dice, 3)) {
            picture_add(out, ",\"creationTimestamp\":\"2024-01-01T00:00:0%uZ\"",
                        dice_roll(dice, 3));
        }
    }
    picture_add(out, ",\"resourceVersion\":\"%u\"},", dice_roll(dice, 1000));
    switch (kind) {
    case SVCROUTE_KIND_INGRESS_ROUTE:
        add_ingress_route(&writing);
        break;
    case SVCROUTE_KIND_TRAEFIK_SERVICE:
        add_traefik_service(&writing);
        break;
    case SVCROUTE_KIND_SERVICE:
        add_service(&writing);
        break;
    case SVCROUTE_KIND_ENDPOINT_SLICE:
        add_slice(&writing);
        break;
    case SVCROUTE_KIND_ENDPOINTS:
        add_endpoints(&writing);
        break;
    default:
        add_node(&writing);
    }
    picture_add(out, "}");
    *text = writing.out;
    return model_item(model, kind, node ? "" : namespace_, name, generated);
}

static inline void model_put(struct model_item *item, struct picture *text, bool watched)
{
    free(item->text);
    item->text = text->data;
    item->watched = watched;
    *text = (struct picture){0};
}

#endif
