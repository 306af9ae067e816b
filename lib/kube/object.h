/* Typed objects: what the decoders make of a document and the rest of the library reads.
 *
 * An object is one block of memory: a header, then its content, then the positions of its fields, then what
 * it takes to find the characters inside of some (inside.c), which is nothing for most objects.
 * Content refers to itself by offsets from the block's start, holds no pointer and no padding that is
 * not zero; so a block can be moved while it grows, and two objects with the same content are equal
 * byte by byte, wherever they stood in their files. Everything is immutable once it is stored. */
#ifndef SVCR_OBJECT_H
#define SVCR_OBJECT_H

#include <svcroute/store.h>

#include "base/address.h"
#include "base/refs.h"
#include "base/text.h"

struct svcr_str { /* text; offset 0: absent (and size 0) */
    uint32_t offset, size;
};

struct svcr_list { /* array of structs or of svcr_str, aligned to 8 */
    uint32_t offset, num;
};

struct svcr_position {
    uint32_t line, column; /* 0: not in the document */
};

/* Name of an input, shared by the objects that came from it. */
struct svcr_source {
    svcr_refs refs;
    uint32_t size;
    char text[];
};

/* 0 or SVCROUTE_ERR_NOMEM. */
int svcr_source_new(struct svcr_source **out, struct svcroute_context *context, svcr_text name);
struct svcr_source *svcr_source_ref(struct svcr_source *source); /* NULL gives NULL */
void svcr_source_unref(struct svcroute_context *context, struct svcr_source *source);

struct svcr_object {
    svcr_refs refs;
    uint8_t kind; /* enum svcroute_kind */
    uint8_t form; /* of the first rule's match, see inside.c: a place like the positions, and no content */
    uint8_t reserved[2];
    struct svcroute_context *context; /* borrowed from the store or table that holds the object */
    struct svcr_source *source;       /* referenced; may be NULL */
    uint32_t content_end;             /* content: from sizeof(struct svcr_object) to here */
    uint32_t bytes;                   /* of the block */
    uint32_t positions;               /* offset of the array of struct svcr_position */
    uint32_t num_positions;
    struct svcr_str resource_version; /* at the very end, since it does not count as content */
    /* content follows */
};

static inline svcr_text svcr_object_text(const void *object, struct svcr_str str)
{
    return (svcr_text){str.offset ? (const char *)object + str.offset : NULL, str.size};
}

static inline const void *svcr_object_items(const void *object, struct svcr_list list)
{
    return (const char *)object + list.offset;
}

/* "Place" of a decoded struct: its first position is the struct's own, the one behind it that of field 0
 * of its descriptor, and so on. A field that is not in the document has the struct's own position. Place 0 is
 * that of the object itself; a struct that is not in the document has it too. */
static inline struct svcr_position svcr_object_position(const struct svcr_object *object,
                                                        uint32_t place, uint32_t field)
{
    const struct svcr_position *all =
        (const struct svcr_position *)(const void *)((const char *)object + object->positions);
    if (place == 0 || all[place + field].line == 0) {
        return all[place];
    }
    return all[place + field];
}

enum svcr_tri { SVCR_ABSENT = 0, SVCR_FALSE = 1, SVCR_TRUE = 2 }; /* optional boolean, one byte */

enum svcr_value_kind { SVCR_VALUE_ABSENT = 0, SVCR_VALUE_INTEGER = 1, SVCR_VALUE_TEXT = 2 };

struct svcr_int_or_text { /* a port or a duration; null counts as absent */
    uint32_t kind;        /* enum svcr_value_kind */
    int32_t integer;
    struct svcr_str text;
};

struct svcr_optional { /* optional 64-bit integer */
    int64_t value;
    uint32_t given;
    uint32_t reserved;
};

/* Names and namespaces are as written; an absent namespace of an object is "default" already ("" for a
 * Node), that of a reference is absent. */

struct svcr_name_ref { /* middleware, parentRef, tls.options, tls.store */
    struct svcr_str name, namespace_;
    uint32_t given; /* the map is there (for those that are no list items) */
    uint32_t place;
};
enum { SVCR_NAME_REF_NAME = 1, SVCR_NAME_REF_NAMESPACE };

struct svcr_cookie { /* sticky.cookie */
    struct svcr_str name, same_site, path, domain;
    int64_t max_age; /* seconds */
    uint8_t secure, http_only; /* 0 or 1 */
    uint8_t given;             /* sticky.cookie is there; false also for `sticky: {}` */
    uint8_t reserved;
    uint32_t place;
};
enum { SVCR_COOKIE_NAME = 1, SVCR_COOKIE_SAME_SITE, SVCR_COOKIE_PATH, SVCR_COOKIE_DOMAIN, SVCR_COOKIE_MAX_AGE,
       SVCR_COOKIE_SECURE, SVCR_COOKIE_HTTP_ONLY };

struct svcr_header { /* healthCheck.headers: sorted by name as bytes */
    struct svcr_str name, value;
};

struct svcr_health_check {
    struct svcr_str scheme, mode, path, method, hostname;
    int64_t status, port;
    struct svcr_int_or_text interval, unhealthy_interval, timeout;
    struct svcr_list headers;  /* struct svcr_header */
    uint8_t follow_redirects;  /* enum svcr_tri; spelled followRedirects or followRedirect */
    uint8_t given;
    uint8_t reserved[2];
    uint32_t place;
};
enum { SVCR_HEALTH_SCHEME = 1, SVCR_HEALTH_MODE, SVCR_HEALTH_PATH, SVCR_HEALTH_METHOD, SVCR_HEALTH_HOSTNAME,
       SVCR_HEALTH_STATUS, SVCR_HEALTH_PORT, SVCR_HEALTH_INTERVAL, SVCR_HEALTH_UNHEALTHY_INTERVAL,
       SVCR_HEALTH_TIMEOUT, SVCR_HEALTH_HEADERS, SVCR_HEALTH_FOLLOW_REDIRECTS };

struct svcr_passive_check {
    struct svcr_int_or_text failure_window;
    struct svcr_optional max_failed_attempts;
    uint32_t given;
    uint32_t place;
};
enum { SVCR_PASSIVE_WINDOW = 1, SVCR_PASSIVE_ATTEMPTS };

struct svcr_reference { /* "LoadBalancerSpec": route service, weighted child, mirror, failover side */
    struct svcr_str kind, name, namespace_, scheme, strategy, servers_transport, flush_interval;
    struct svcr_int_or_text port;
    struct svcr_optional weight;
    int64_t percent; /* mirrors only; absent = 0 */
    struct svcr_cookie cookie;
    struct svcr_health_check health;
    struct svcr_passive_check passive;
    struct svcr_list middlewares; /* struct svcr_name_ref */
    uint8_t pass_host_header;     /* enum svcr_tri */
    uint8_t native_lb;            /* enum svcr_tri */
    uint8_t node_port_lb;         /* 0 or 1 */
    uint8_t given;                /* for failover.service and failover.fallback */
    uint32_t edge;                /* index into the object's references, see svcr_object_num_edges() */
    uint32_t place;
    uint32_t reserved;
};
enum { SVCR_REF_KIND = 1, SVCR_REF_NAME, SVCR_REF_NAMESPACE, SVCR_REF_SCHEME, SVCR_REF_STRATEGY,
       SVCR_REF_SERVERS_TRANSPORT, SVCR_REF_RESPONSE_FORWARDING, SVCR_REF_PORT, SVCR_REF_WEIGHT, SVCR_REF_PERCENT,
       SVCR_REF_STICKY, SVCR_REF_HEALTH_CHECK, SVCR_REF_PASSIVE_HEALTH_CHECK, SVCR_REF_MIDDLEWARES,
       SVCR_REF_PASS_HOST_HEADER, SVCR_REF_NATIVE_LB, SVCR_REF_NODE_PORT_LB };

struct svcr_observability {
    struct svcr_str trace_verbosity;
    uint8_t given;
    uint8_t access_logs, metrics, tracing; /* enum svcr_tri */
    uint32_t reserved;
};

struct svcr_rule { /* spec.routes[] of an IngressRoute */
    struct svcr_str kind, match, syntax;
    int64_t priority;
    struct svcr_list services;    /* struct svcr_reference */
    struct svcr_list middlewares; /* struct svcr_name_ref */
    struct svcr_observability observability;
    struct svcr_str router; /* its router's name (behaviour section 2), also where match is empty */
    uint32_t place;
    uint32_t own_size; /* of a text that begins with `router` and is no other object's */
};
enum { SVCR_RULE_KIND = 1, SVCR_RULE_MATCH, SVCR_RULE_SYNTAX, SVCR_RULE_PRIORITY, SVCR_RULE_SERVICES,
       SVCR_RULE_MIDDLEWARES, SVCR_RULE_OBSERVABILITY };

/* Where the byte `offset` of a rule's match, as decoded, stands in its document; offset = its size: just
 * behind the last character, which is the closing quote if there is one. A byte inside a character has the
 * character's position, one of an escape that of the backslash; a line break that YAML turned into a blank
 * stands where the line ends. In a document that the host built, and where the match is an alias, all
 * bytes have the position of the field (inside.c). */
struct svcr_position svcr_rule_match_position(const struct svcr_object *object,
                                              const struct svcr_rule *rule, uint32_t offset);

struct svcr_tls_domain {
    struct svcr_str main;
    struct svcr_list sans; /* struct svcr_str */
};

struct svcr_tls {
    struct svcr_str cert_resolver, secret_name;
    struct svcr_name_ref options, store;
    struct svcr_list domains; /* struct svcr_tls_domain */
    uint32_t given;
    uint32_t place;
};
enum { SVCR_TLS_CERT_RESOLVER = 1, SVCR_TLS_SECRET_NAME, SVCR_TLS_OPTIONS, SVCR_TLS_STORE, SVCR_TLS_DOMAINS };

struct svcr_meta { /* metadata of every kind */
    struct svcr_str name, namespace_;
    uint32_t place; /* of the object itself: 0 */
    uint32_t reserved;
};

struct svcr_ingress_route {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_str generate_name;
    struct svcr_str class_annotation; /* kubernetes.io/ingress.class */
    struct svcr_str class_name;       /* spec.ingressClassName; "" is given */
    struct svcr_list entry_points;    /* struct svcr_str */
    struct svcr_list rules;           /* struct svcr_rule */
    struct svcr_list parent_refs;     /* struct svcr_name_ref; edge = num of service references + index */
    struct svcr_tls tls;
    uint32_t num_references; /* service references of all rules: edges 0 .. num_references - 1 */
    uint32_t uses_nodes;     /* some reference has nodePortLB */
    uint32_t references;     /* array of uint32_t: offset of the reference by edge */
    uint32_t reserved;
};

/* Types of a TraefikService that are given, one bit each, in the order in which they are looked for. */
enum { SVCR_TYPE_WEIGHTED = 1, SVCR_TYPE_MIRRORING = 2, SVCR_TYPE_HIGHEST_RANDOM_WEIGHT = 4, SVCR_TYPE_FAILOVER = 8 };

struct svcr_traefik_service {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_list weighted;       /* struct svcr_reference */
    struct svcr_cookie sticky;       /* of weighted */
    struct svcr_reference mirroring; /* main */
    struct svcr_list mirrors;        /* struct svcr_reference with percent */
    struct svcr_optional max_body_size;
    struct svcr_list highest_random_weight; /* struct svcr_reference */
    struct svcr_reference failover_service, failover_fallback;
    struct svcr_list error_status; /* struct svcr_str */
    struct svcr_optional max_request_body;
    uint8_t mirror_body;  /* enum svcr_tri */
    uint8_t types;        /* SVCR_TYPE_* */
    uint8_t errors_given; /* failover.errors is there */
    uint8_t reserved;
    uint32_t num_references; /* edges, in the order weighted, mirroring, mirrors, highestRandomWeight, failover service, fallback */
    uint32_t uses_nodes;
    uint32_t spec_place;     /* positions: spec, then weighted, mirroring, highestRandomWeight, failover */
    uint32_t error_status_place; /* one position for each item */
    uint32_t errors_place;       /* of failover.errors */
    uint32_t references;         /* array of uint32_t: offset of the reference by edge */
    uint32_t spare;              /* 0 */
};

struct svcr_service_port {
    struct svcr_str name, protocol, app_protocol;
    int32_t port, node_port;
    uint32_t place;
    uint32_t reserved;
};

struct svcr_service {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_str type, cluster_ip, external_name;
    struct svcr_list ports; /* struct svcr_service_port */
    struct svcr_address external_address, cluster_address; /* of external_name and cluster_ip */
    uint8_t reserved[4];
    uint32_t place; /* of spec; fields SVCR_SERVICE_* */
};
enum { SVCR_SERVICE_TYPE = 1, SVCR_SERVICE_CLUSTER_IP, SVCR_SERVICE_EXTERNAL_NAME, SVCR_SERVICE_PORTS };

struct svcr_endpoint_port {
    struct svcr_str name; /* absent and "" differ in a slice; in a subset an absent one is "" */
    struct svcr_str protocol;
    int32_t port; /* absent = 0 */
    uint32_t reserved;
};

struct svcr_endpoint_address {
    struct svcr_str text;
    struct svcr_address parsed;
    uint32_t place; /* one position: of the text */
};

struct svcr_endpoint { /* of a slice; and of a subset, one for each address */
    struct svcr_list addresses; /* struct svcr_endpoint_address */
    struct svcr_str node_name, zone;
    struct svcr_list hints; /* struct svcr_str: hints.forZones[].name */
    uint8_t ready, serving, terminating; /* enum svcr_tri */
    uint8_t reserved[5];
};

struct svcr_endpoint_slice {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_str service;      /* label kubernetes.io/service-name; absent: belongs to none */
    struct svcr_str address_type;
    int64_t created; /* seconds since 1970; INT64_MIN: absent */
    struct svcr_list ports;     /* struct svcr_endpoint_port */
    struct svcr_list endpoints; /* struct svcr_endpoint */
};

struct svcr_subset {
    struct svcr_list addresses;     /* struct svcr_endpoint with one address each, node_name set */
    struct svcr_list not_ready;     /* the same */
    struct svcr_list ports;         /* struct svcr_endpoint_port */
};

struct svcr_endpoints {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_list subsets; /* struct svcr_subset */
};

struct svcr_node_address {
    struct svcr_str type;
    struct svcr_endpoint_address address;
};

struct svcr_node {
    struct svcr_object head;
    struct svcr_meta meta;
    struct svcr_list addresses; /* struct svcr_node_address */
};

/* Every kind has its metadata right behind the header. */
static inline const struct svcr_meta *svcr_object_meta(const struct svcr_object *object)
{
    return (const struct svcr_meta *)(const void *)(object + 1);
}

struct svcr_object *svcr_object_ref(struct svcr_object *object);
void svcr_object_unref(struct svcr_object *object);
/* Same kind and content; positions, source and resourceVersion do not count. */
bool svcr_object_same(const struct svcr_object *a, const struct svcr_object *b);
/* The same, positions and source included. */
bool svcr_object_identical(const struct svcr_object *a, const struct svcr_object *b);
/* The same places in the same source. */
bool svcr_object_same_place(const struct svcr_object *a, const struct svcr_object *b);

/* References of an object, for the store's index. An edge without a target (a name with "@" of kind
 * TraefikService) gives kind SVCROUTE_KIND_NONE. A reference of kind "" or unknown counts as Service. */
struct svcr_edge_target {
    uint32_t kind; /* SVCROUTE_KIND_SERVICE, _TRAEFIK_SERVICE, _INGRESS_ROUTE, _NODE (all of them) or _NONE */
    svcr_text namespace_, name;
};
/* IngressRoute: references, parentRefs, then one for all Nodes if uses_nodes; TraefikService: references,
 * then Nodes likewise; EndpointSlice and Endpoints: their Service (a slice without the label: none); other kinds: 0. */
uint32_t svcr_object_num_edges(const struct svcr_object *object);
void svcr_object_edge(const struct svcr_object *object, uint32_t index, struct svcr_edge_target *out);
/* The reference with this edge index (which is below num_references). */
const struct svcr_reference *svcr_object_reference(const struct svcr_object *object, uint32_t index);

#endif
