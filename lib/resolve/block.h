/* Blocks: the immutable, counted pieces of which tables are made and which tables share.
 *
 *   table -> units   (by kind, namespace, name of an IngressRoute or TraefikService)
 *         -> routes  (by name)  -> group -> route
 *         -> services (by name) -> group -> service -> backend
 *
 * A unit is all that one object came to: its routes, its services, its diagnostics. Units, routes
 * and services hang in three persistent tries (trie.h). A name that several units write has one
 * group, in which it is settled who keeps it (names.c). A backend is the list of servers behind a
 * Kubernetes Service, seen through one port and scheme; all services that look at it that way share
 * it.
 *
 * Blocks borrow texts from the objects of the store that they came from and hold a reference to
 * these. */
#ifndef SVCR_RESOLVE_BLOCK_H
#define SVCR_RESOLVE_BLOCK_H

#include <svcroute/table.h>

#include "base/block.h"
#include "base/diag.h"
#include "kube/object.h"
#include "rule/program.h"

extern const struct svcr_block_kind svcr_owner_kind, svcr_backend_kind, svcr_service_kind,
    svcr_route_kind, svcr_doors_kind, svcr_parents_kind, svcr_unit_kind, svcr_group_kind;

/* Packing texts behind a block's struct, whose size made room for them. */
struct svcr_pack {
    char *at;
};
/* Copies a text there; an absent one stays absent. */
svcr_text svcr_pack_text(struct svcr_pack *pack, svcr_text text);

/* Hash of the names by which groups hang in tries. */
uint64_t svcr_name_hash(const struct svcroute_context *context, svcr_text name);

/* Name of an object that makes a unit, shared by all versions of the unit and its claims. */
struct svcr_owner {
    struct svcr_block head;
    uint32_t kind;  /* enum svcroute_kind */
    bool generated; /* `name` is the generateName of an IngressRoute that has no name */
    svcr_text namespace_, name;
};

/* Hash of the owners by which units hang in their trie. */
uint64_t svcr_owner_hash(const struct svcroute_context *context, const struct svcr_owner *owner);
/* Order of objects: kind, namespace, generated names first, name. */
int svcr_owner_compare(const struct svcr_owner *a, const struct svcr_owner *b);

/* Where a reference stands in its object. */
enum svcr_spot_kind {
    SVCR_SPOT_ROUTE = 1,         /* spec.routes[i] */
    SVCR_SPOT_ROUTE_SERVICE,     /* spec.routes[i].services[j] */
    SVCR_SPOT_WEIGHTED,          /* spec.weighted.services[j] */
    SVCR_SPOT_MIRRORING,         /* spec.mirroring */
    SVCR_SPOT_MIRROR,            /* spec.mirroring.mirrors[j] */
    SVCR_SPOT_HRW,               /* spec.highestRandomWeight.services[j] */
    SVCR_SPOT_FAILOVER_SERVICE,  /* spec.failover.service */
    SVCR_SPOT_FAILOVER_FALLBACK, /* spec.failover.fallback */
    SVCR_SPOT_SPEC,              /* spec */
    SVCR_SPOT_PARENT,            /* spec.parentRefs[i] */
    SVCR_SPOT_TLS_OPTIONS,       /* spec.tls.options */
    SVCR_SPOT_SERVICE_PORT,      /* spec.ports[i] */
    SVCR_SPOT_NODE_ADDRESS,      /* status.addresses[i] */
    SVCR_SPOT_ENDPOINT,          /* endpoints[i].addresses[j] */
    SVCR_SPOT_ENDPOINT_PORT,     /* ports[j] */
    SVCR_SPOT_SUBSET,            /* subsets[i].addresses[j] */
    SVCR_SPOT_SUBSET_PORT,       /* subsets[i].ports[j] */
};

struct svcr_spot {
    uint32_t kind;
    uint32_t i, j;
};

#define SVCR_SPOT_MAX 160
/* Writes the path of a spot, with `.field` behind it if field is not "". Returns text in `out`. */
svcr_text svcr_spot_text(struct svcr_spot spot, const char *field, char out[SVCR_SPOT_MAX]);

/* ---- backend ---- */

enum svcr_backend_mode {
    SVCR_BACKEND_EXTERNAL_NAME = 1,
    SVCR_BACKEND_CLUSTER_IP,
    SVCR_BACKEND_NODES,
    SVCR_BACKEND_ENDPOINTS,
};

enum svcr_scheme { SVCR_SCHEME_BAD = 0, SVCR_SCHEME_HTTP, SVCR_SCHEME_HTTPS, SVCR_SCHEME_H2C };
svcr_text svcr_scheme_text(enum svcr_scheme scheme);

/* What a backend is a view of; with the Service it is the backend's key. */
struct svcr_view {
    uint32_t mode;   /* enum svcr_backend_mode */
    uint32_t scheme; /* enum svcr_scheme */
    int32_t port;    /* number of the Service port, or the reference's own */
    uint32_t index;  /* of the Service port; UINT32_MAX: the reference's own */
};

struct svcr_server {
    const struct svcr_address *address;   /* in one of the backend's objects */
    const struct svcr_endpoint *endpoint; /* in `object`; NULL: not from endpoints */
    uint32_t url, url_size;               /* in the backend's texts */
    int32_t port;
    uint32_t occurrence; /* n-th repetition of its URL */
    uint32_t object;     /* index into the backend's objects */
    uint8_t fenced;
    uint8_t reserved[3];
};

struct svcr_backend {
    struct svcr_block head;
    struct svcr_view view;
    uint32_t num_servers, num_objects, num_diags;
    bool scheme_needed; /* with SVCR_SCHEME_BAD: some slice has a usable port, so the scheme is an
                           error */
    struct svcr_object *
        *objects; /* referenced: the Service first, then slices, Endpoints or Nodes */
    struct svcr_server *servers;
    struct svcr_diag **diags; /* referenced */
    const char *texts;
};

/* ---- service ---- */

enum svcr_child_kind {
    SVCR_CHILD_OWN = 1,         /* a service block of the same unit */
    SVCR_CHILD_TRAEFIK_SERVICE, /* another unit's, by (namespace, name) */
    SVCR_CHILD_PROVIDER,        /* a name with "@", or one that stands for a name of the export */
};

struct svcr_child {
    uint32_t kind; /* enum svcr_child_kind; 0: there is no child */
    uint32_t role; /* enum svcroute_child_role */
    int64_t weight, percent;
    svcr_text name;                    /* base name, or the other provider's name */
    svcr_text namespace_, target;      /* of a TraefikService */
    struct svcr_tree_service *service; /* SVCR_CHILD_OWN: referenced */
    uint32_t written;                  /* SVCR_CHILD_OWN: its index among the unit's services */
    uint32_t reserved;
};

struct svcr_tree_service {
    struct svcr_block head; /* hash of base_name */
    svcr_text base_name;
    struct svcr_object *object; /* that holds the reference, or is the TraefikService; referenced */
    const struct svcr_reference *reference; /* of a load balancer, in `object` */
    const struct svcr_cookie *cookie;       /* in `object`; NULL: not sticky */
    struct svcr_backend *backend;           /* of a load balancer; referenced */
    svcr_text namespace_, name, port;       /* of what it stands for */
    svcr_text servers_transport;            /* absent or full */
    const svcr_text *middlewares;
    struct svcr_child *children;
    uint32_t num_middlewares, num_children;
    uint32_t kind, type, strategy; /* enum svcroute_kind, _service_type, _strategy */
    struct svcr_spot spot;
    uint32_t depth;    /* 0: on a cycle */
    bool own_of_route; /* named like the route */
    bool has_health, has_passive;
    bool wrong; /* traefik-v3: exported, but refused when handlers are built */
    int64_t flush_interval, interval, unhealthy_interval, timeout;
    int64_t failure_window, max_failed_attempts;
};

/* What a balancer makes use of; more is told. */
enum { SVCR_TREE_MIRRORS_MAX = 64, SVCR_TREE_ATTEMPTS_MAX = 1024 };

/* ---- route ---- */

/* The IngressRoutes whose routes are parents, shared by the routes of one object. */
struct svcr_parents {
    struct svcr_block head; /* hash of the objects' addresses */
    uint32_t num;           /* of their routes */
    uint32_t num_objects, num_homes;
    bool by_name;                           /* profile traefik-v3: a name leads to whoever has it */
    const struct svcr_parent *const *homes; /* where they are many: each object once, in the order
                                               of owners */
    struct svcr_parent {
        struct svcr_object *object; /* referenced */
        uint32_t first;             /* index of its first route among all */
    } items[];
};

struct svcr_doors;

struct svcr_route {
    struct svcr_block head;     /* hash of base_name */
    svcr_text base_name;        /* in `object` */
    struct svcr_object *object; /* IngressRoute; referenced */
    const struct svcr_rule *rule;
    uint32_t index; /* of the rule */
    uint32_t num_middlewares;
    const svcr_text *middlewares;
    svcr_text tls_options;
    struct svcr_doors *doors;     /* NULL: its object names few entry points; referenced */
    struct svcr_parents *parents; /* NULL: none; referenced */
    struct svcr_program *program; /* of the rule; NULL: it cannot be used; referenced */
    bool speaks_for_all;          /* the first of its object's routes that has a program */
    struct svcr_child child;      /* kind 0: no service */
};

/* ---- unit ---- */

struct svcr_unit {
    struct svcr_block head;     /* hash of the owner */
    struct svcr_owner *owner;   /* referenced */
    struct svcr_object *object; /* referenced */
    uint32_t num_routes, num_services, num_diags;
    uint32_t depth;   /* of a TraefikService's own service */
    uint32_t mirrors; /* the most that are on a path down from it */
    bool available;   /* a TraefikService that others may use */
    bool on_cycle;
    struct svcr_route **routes;          /* referenced, in order */
    struct svcr_tree_service **services; /* referenced, in the order of writing */
    struct svcr_diag **diags;            /* referenced */
};

/* ---- group ---- */

/* One writer of a name. */
struct svcr_claim {
    struct svcr_owner *owner; /* referenced */
    struct svcr_block *thing; /* struct svcr_route or svcr_tree_service; referenced */
    uint32_t place;           /* order inside the owner's unit */
    uint32_t entry; /* index of the entry that it is part of; UINT32_MAX: lost (traefik-v3) */
};

/* What users of a table get a handle of. Routes and services look alike here. */
struct svcr_entry {
    struct svcr_block *thing; /* of the first claim (traefik-v3: the last); borrowed from it */
    svcr_text name;           /* unique */
};

struct svcroute_route {
    struct svcr_entry entry;
};

struct svcroute_service {
    struct svcr_entry entry;
};

struct svcr_group {
    struct svcr_block head; /* hash of name */
    svcr_text name;         /* base name; borrowed from the first claim's thing */
    uint32_t num_claims, num_entries, num_diags;
    struct svcr_claim *claims;
    struct svcr_entry *entries;
    struct svcr_diag **diags; /* names that meet; referenced */
};

static inline const struct svcr_route *svcr_entry_route(const struct svcroute_route *route)
{
    return (const struct svcr_route *)(const void *)route->entry.thing;
}

static inline const struct svcr_ingress_route *svcr_route_object(const struct svcr_route *route)
{
    return (const struct svcr_ingress_route *)(const void *)route->object;
}

static inline const struct svcr_tree_service *
svcr_entry_service(const struct svcroute_service *service)
{
    return (const struct svcr_tree_service *)(const void *)service->entry.thing;
}

/* Same key of a tuple: two references that make one service (design section 6). */
bool svcr_tree_service_same_tuple(const struct svcr_tree_service *a,
                                  const struct svcr_tree_service *b);
/* Equal for equal tuples. */
uint64_t svcr_tree_service_tuple_hash(const struct svcroute_context *context,
                                      const struct svcr_tree_service *service);
/* Made of the very same objects with the same result: one can stand for the other. */
bool svcr_tree_service_identical(const struct svcr_tree_service *a,
                                 const struct svcr_tree_service *b);
bool svcr_route_identical(const struct svcr_route *a, const struct svcr_route *b);
/* Tell the same to users, whatever the objects; children and parents, whose names a table gives,
 * are not looked at. */
bool svcr_tree_service_equal(const struct svcr_tree_service *a, const struct svcr_tree_service *b);
bool svcr_route_equal(const struct svcr_route *a, const struct svcr_route *b);
/* Take the same requests, if their names and what they lead to are the same. */
bool svcr_route_takes_same(const struct svcr_route *a, const struct svcr_route *b);

#endif
