/* Servers: what stands behind a Kubernetes Service, seen through one port and scheme (behaviour
 * section 6).
 *
 * A backend is made once for each view and run, however many references look that way; the views
 * made so far hang on the Service's entity. */
#include "resolve/resolver.h"
#include "resolve/table.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"

enum { PAIRWISE_MAX = 16 }; /* up to this many addresses, comparing each with each is fastest */

struct build {
    struct svcr_resolver *resolver;
    struct svcr_view view;
    const struct svcr_service *service;
    svcr_text port_name;
    struct svcr_server *servers;
    svcr_text *keys; /* what a server must not share with another: its address, or its URL */
    uint64_t *words; /* of the keys: those that differ here differ */
    uint32_t *set;   /* indices + 1 into servers, by hash of the key; NULL: compare pairwise */
    size_t set_mask;
    uint32_t num, capacity;
    struct svcr_list_of objects;      /* in the arena of the unit: fixed capacity */
    char port_text[SVCR_INTEGER_MAX]; /* the port written last */
    size_t port_size;
    int32_t port;
    bool scheme_needed;
};

static bool build_open(struct build *build, uint32_t servers, uint32_t objects)
{
    struct svcr_arena *arena = &build->resolver->unit_arena;
    build->capacity = servers;
    build->servers = svcr_arena_alloc(arena, ((size_t)servers + 1) * sizeof(*build->servers));
    build->keys = svcr_arena_alloc(arena, ((size_t)servers + 1) * sizeof(*build->keys));
    build->words = svcr_arena_alloc(arena, ((size_t)servers + 1) * sizeof(*build->words));
    build->objects.items = svcr_arena_alloc(arena, ((size_t)objects + 1) * sizeof(void *));
    if (servers > PAIRWISE_MAX) {
        size_t size = 64;
        while (size < (size_t)servers * 2) {
            size *= 2;
        }
        build->set_mask = size - 1;
        build->set = svcr_arena_zalloc(arena, size, sizeof(*build->set));
    }
    if (build->servers == NULL || build->keys == NULL || build->words == NULL ||
        build->objects.items == NULL || (servers > PAIRWISE_MAX && build->set == NULL)) {
        return svcr_fail(build->resolver, SVCROUTE_ERR_NOMEM);
    }
    build->resolver->text.size = 0;
    build->objects.items[build->objects.num++] = (void *)(uintptr_t)&build->service->head;
    return true;
}

struct site { /* where an address or a port is written; its path is made only to be shown */
    const struct svcr_object *object;
    struct svcr_position at;
    struct svcr_spot spot;
    const char *field;
};

__attribute__((format(printf, 4, 5))) static void report_site(struct build *build,
                                                              enum svcr_diag_id id,
                                                              const struct site *site,
                                                              const char *format, ...)
{
    char path[SVCR_SPOT_MAX];
    va_list arguments;
    va_start(arguments, format);
    svcr_vreport(build->resolver, id, 0, site->object, site->at,
                 svcr_spot_text(site->spot, site->field, path), format, arguments);
    va_end(arguments);
}

/* Refuses what a server must not be in the default profile (design section 6). */
static bool address_good(struct build *build, const struct site *site, svcr_text text,
                         const struct svcr_address *address)
{
    struct svcr_quoted quoted;
    if (build->resolver->traefik) {
        return true;
    }
    if (address->size == 0 && !address->valid_name) {
        report_site(build, SVCR_DIAG_BAD_HOST, site,
                    "%s is neither an IP address nor a host name; the server is left out",
                    svcr_quote(&quoted, text));
        return false;
    }
    if (!address->canonical) {
        char canonical[SVCR_ADDRESS_TEXT_MAX]; /* an IPv4 address has no other form */
        size_t size = svcr_address_format_ipv6(address->bytes, canonical);
        report_site(build, SVCR_DIAG_ADDRESS_NOT_CANONICAL, site,
                    "%s is not written in its canonical form, %.*s; the server is left out",
                    svcr_quote(&quoted, text), (int)size, canonical);
        return false;
    }
    if (address->local && !svcr_allows(build->resolver, SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES)) {
        report_site(
            build, SVCR_DIAG_LOCAL_ADDRESS, site,
            "%s is a local address; the server is left out; allow local addresses to use it",
            svcr_quote(&quoted, text));
        return false;
    }
    return true;
}

static bool port_good(struct build *build, const struct site *site, int32_t port)
{
    if (build->resolver->traefik || (port >= 1 && port <= 65535)) {
        return true;
    }
    report_site(build, SVCR_DIAG_PORT_RANGE, site,
                "port %d is outside 1 to 65535; what it leads to is left out", port);
    return false;
}

/* The port of the Service that the view looks through. */
static bool service_port_good(struct build *build, const char *field)
{
    const struct svcr_object *object = &build->service->head;
    if (build->view.index == UINT32_MAX) { /* the reference's own, judged there */
        return true;
    }
    const struct svcr_service_port *ports = svcr_object_items(object, build->service->ports);
    struct site site = {object,
                        svcr_object_position(object, ports[build->view.index].place, 0),
                        {SVCR_SPOT_SERVICE_PORT, build->view.index, 0},
                        field};
    return port_good(build, &site, build->view.port);
}

struct candidate {
    svcr_text text;
    const struct svcr_address *address;
    const struct svcr_endpoint *endpoint;
    int32_t port;
    bool fenced;
    bool once; /* an address that is there already is passed over */
};

/* How many servers have this address (and, unless it may be used once only, this port) already. The
 * one that is about to be added as number build->num counts from now on. */
static uint32_t key_seen(struct build *build, const struct candidate *candidate, uint64_t word)
{
    svcr_text key = candidate->text;
    int32_t port = candidate->port;
    bool once = candidate->once;
    uint32_t seen = 0;
    if (build->set == NULL) {
        for (uint32_t i = 0; i < build->num; i++) {
            if (build->words[i] == word && (once || build->servers[i].port == port) &&
                svcr_text_same(build->keys[i], key)) {
                seen++;
            }
        }
        return seen;
    }
    uint64_t hash = svcr_hash(build->resolver->context->hash_seed + (once ? 0 : (uint64_t)port),
                              key.data, key.size);
    size_t at = hash & build->set_mask;
    while (build->set[at] != 0) {
        uint32_t index = build->set[at] - 1;
        if ((once || build->servers[index].port == port) &&
            svcr_text_same(build->keys[index], key)) {
            seen = build->servers[index].occurrence + 1;
            break;
        }
        at = (at + 1) & build->set_mask;
    }
    if (seen == 0 || !once) { /* the slot follows the latest, which knows how many came before it */
        build->set[at] = build->num + 1;
    }
    return seen;
}

static char *put(char *at, const char *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

/* Writes the URL of a server behind what resolver->text holds; most servers of a backend have the
 * port of the one before. */
static void write_url(struct build *build, const struct candidate *candidate)
{
    struct svcr_buffer *text = &build->resolver->text;
    svcr_text scheme = svcr_scheme_text((enum svcr_scheme)build->view.scheme);
    svcr_text address = candidate->text;
    bool brackets = candidate->address->size != 4 && address.size != 0 &&
                    memchr(address.data, ':', address.size) != NULL;
    if (candidate->port != build->port || build->port_size == 0) {
        build->port = candidate->port;
        build->port_size = svcr_integer_write(build->port_text, candidate->port);
    }
    size_t size = scheme.size + 3 + address.size + (brackets ? 2 : 0) + 1 + build->port_size;
    char *at = svcr_buffer_reserve(text, size);
    if (at == NULL) { /* the buffer remembers */
        return;
    }
    at = put(at, scheme.data, scheme.size);
    at = put(at, "://[", brackets ? 4 : 3);
    at = address.size != 0 ? put(at, address.data, address.size) : at;
    at = brackets ? put(at, "]:", 2) : put(at, ":", 1);
    put(at, build->port_text, build->port_size);
    text->size += size;
}

/* Adds a server; its URL goes to resolver->text. */
static void server_add(struct build *build, const struct candidate *candidate)
{
    struct svcr_buffer *text = &build->resolver->text;
    uint64_t word = svcr_text_word(candidate->text);
    uint32_t seen = key_seen(build, candidate, word);
    if (seen != 0 && candidate->once) {
        return;
    }
    struct svcr_server *server = &build->servers[build->num];
    *server = (struct svcr_server){
        .address = candidate->address,
        .endpoint = candidate->endpoint,
        .url = (uint32_t)text->size,
        .port = candidate->port,
        .occurrence = seen,
        .object = (uint32_t)build->objects.num - 1,
        .fenced = candidate->fenced,
    };
    write_url(build, candidate);
    server->url_size = (uint32_t)text->size - server->url;
    build->keys[build->num] = candidate->text;
    build->words[build->num] = word;
    build->num++;
}

/* ---- one address: ExternalName and cluster IP ---- */

static bool build_single(struct build *build, bool external)
{
    const struct svcr_service *service = build->service;
    if (!build_open(build, 1, 1)) {
        return false;
    }
    struct candidate candidate = {
        .text = svcr_object_text(service, external ? service->external_name : service->cluster_ip),
        .address = external ? &service->external_address : &service->cluster_address,
        .port = build->view.port,
    };
    uint32_t field = external ? SVCR_SERVICE_EXTERNAL_NAME : SVCR_SERVICE_CLUSTER_IP;
    struct site site = {&service->head,
                        svcr_object_position(&service->head, service->place, field),
                        {SVCR_SPOT_SPEC, 0, 0},
                        external ? "externalName" : "clusterIP"};
    if (service_port_good(build, "port") &&
        address_good(build, &site, candidate.text, candidate.address)) {
        server_add(build, &candidate);
    }
    return true;
}

/* ---- Nodes ---- */

static void node_servers(struct build *build, const struct svcr_node *node)
{
    const struct svcr_node_address *addresses = svcr_object_items(node, node->addresses);
    build->objects.items[build->objects.num++] = (void *)(uintptr_t)&node->head;
    for (uint32_t i = 0; i < node->addresses.num; i++) {
        if (!svcr_text_same(svcr_object_text(node, addresses[i].type), SVCR_TEXT("InternalIP"))) {
            continue;
        }
        struct candidate candidate = {
            .text = svcr_object_text(node, addresses[i].address.text),
            .address = &addresses[i].address.parsed,
            .port = build->view.port,
        };
        struct site site = {&node->head,
                            svcr_object_position(&node->head, addresses[i].address.place, 0),
                            {SVCR_SPOT_NODE_ADDRESS, i, 0},
                            "address"};
        if (address_good(build, &site, candidate.text, candidate.address)) {
            server_add(build, &candidate);
        }
    }
}

static bool build_nodes(struct build *build)
{
    const struct svcroute_store *store = build->resolver->store;
    uint32_t addresses = 0;
    for (size_t i = 0; i < store->num_nodes; i++) {
        addresses += ((const struct svcr_node *)(void *)store->nodes[i]->object)->addresses.num;
    }
    if (!build_open(build, addresses, (uint32_t)store->num_nodes + 1)) {
        return false;
    }
    if (!service_port_good(build, "nodePort")) {
        return true;
    }
    for (size_t i = 0; i < store->num_nodes; i++) {
        node_servers(build, (const struct svcr_node *)(void *)store->nodes[i]->object);
    }
    return true;
}

/* ---- EndpointSlices ---- */

/* The value of the first port with the Service port's name, which has to be good; 0: there is none.
 * A slice port without a name matches nothing; legacy Endpoints leave out the name that is "". */
static int32_t endpoint_port(struct build *build, const struct svcr_object *object,
                             struct svcr_list list, struct svcr_spot spot)
{
    bool legacy = spot.kind == SVCR_SPOT_SUBSET_PORT;
    const struct svcr_endpoint_port *ports = svcr_object_items(object, list);
    for (uint32_t i = 0; i < list.num; i++) {
        if ((legacy || ports[i].name.offset != 0) &&
            svcr_text_same(svcr_object_text(object, ports[i].name), build->port_name)) {
            struct site site = {object,
                                svcr_object_position(object, svcr_object_meta(object)->place, 0),
                                spot, "port"};
            site.spot.j = i;
            bool good = ports[i].port == 0 || port_good(build, &site, ports[i].port);
            return good ? ports[i].port : 0;
        }
    }
    return 0;
}

static void endpoint_servers(struct build *build, const struct svcr_object *object,
                             const struct svcr_endpoint *endpoint, int32_t port,
                             struct svcr_spot spot)
{
    bool once = spot.kind == SVCR_SPOT_ENDPOINT;
    const struct svcr_endpoint_address *addresses = svcr_object_items(object, endpoint->addresses);
    for (uint32_t i = 0; i < endpoint->addresses.num; i++) {
        struct candidate candidate = {
            .text = svcr_object_text(object, addresses[i].text),
            .address = &addresses[i].parsed,
            .endpoint = endpoint,
            .port = port,
            .fenced = endpoint->terminating == SVCR_TRUE,
            .once = once,
        };
        struct site site = {object, svcr_object_position(object, addresses[i].place, 0), spot,
                            once ? "" : "ip"};
        site.spot.j = once ? i : spot.j;
        if (address_good(build, &site, candidate.text, candidate.address)) {
            server_add(build, &candidate);
        }
    }
}

static void slice_servers(struct build *build, const struct svcr_endpoint_slice *slice)
{
    const struct svcr_endpoint *endpoints = svcr_object_items(slice, slice->endpoints);
    int32_t port = endpoint_port(build, &slice->head, slice->ports,
                                 (struct svcr_spot){SVCR_SPOT_ENDPOINT_PORT, 0, 0});
    build->objects.items[build->objects.num++] = (void *)(uintptr_t)&slice->head;
    if (port == 0) {
        return;
    }
    build->scheme_needed = true;
    for (uint32_t i = 0; i < slice->endpoints.num; i++) {
        if (endpoints[i].serving != SVCR_FALSE) {
            endpoint_servers(build, &slice->head, &endpoints[i], port,
                             (struct svcr_spot){SVCR_SPOT_ENDPOINT, i, 0});
        }
    }
}

static uint32_t slice_addresses(const struct svcr_endpoint_slice *slice)
{
    const struct svcr_endpoint *endpoints = svcr_object_items(slice, slice->endpoints);
    uint32_t num = 0;
    for (uint32_t i = 0; i < slice->endpoints.num; i++) {
        num += endpoints[i].addresses.num;
    }
    return num;
}

static bool build_slices(struct build *build, const struct svcr_entity *entity)
{
    uint32_t addresses = 0;
    for (uint32_t i = 0; i < entity->num_slices; i++) {
        addresses += slice_addresses((const void *)entity->slices[i]->object);
    }
    if (!build_open(build, addresses, entity->num_slices + 1)) {
        return false;
    }
    for (uint32_t i = 0; i < entity->num_slices; i++) {
        slice_servers(build, (const void *)entity->slices[i]->object);
    }
    return true;
}

/* ---- legacy Endpoints ---- */

static void subset_servers(struct build *build, const struct svcr_endpoints *endpoints,
                           const struct svcr_subset *subset, uint32_t index)
{
    const struct svcr_endpoint *addresses = svcr_object_items(endpoints, subset->addresses);
    int32_t port = endpoint_port(build, &endpoints->head, subset->ports,
                                 (struct svcr_spot){SVCR_SPOT_SUBSET_PORT, index, 0});
    if (port == 0) {
        return;
    }
    build->scheme_needed = true;
    for (uint32_t i = 0; i < subset->addresses.num; i++) {
        endpoint_servers(build, &endpoints->head, &addresses[i], port,
                         (struct svcr_spot){SVCR_SPOT_SUBSET, index, i});
    }
}

static bool build_endpoints(struct build *build, const struct svcr_endpoints *endpoints)
{
    const struct svcr_subset *subsets = svcr_object_items(endpoints, endpoints->subsets);
    uint32_t addresses = 0;
    for (uint32_t i = 0; i < endpoints->subsets.num; i++) {
        addresses += subsets[i].addresses.num;
    }
    if (!build_open(build, addresses, 2)) {
        return false;
    }
    build->objects.items[build->objects.num++] = (void *)(uintptr_t)&endpoints->head;
    svcr_report(build->resolver, SVCR_DIAG_LEGACY_ENDPOINTS, 0, &endpoints->head,
                svcr_object_position(&endpoints->head, endpoints->meta.place, 0), SVCR_TEXT(""),
                "serves its Service, which has no EndpointSlice");
    for (uint32_t i = 0; i < endpoints->subsets.num; i++) {
        subset_servers(build, endpoints, &subsets[i], i);
    }
    return true;
}

/* ---- packing ---- */

static struct svcr_backend *backend_pack(struct build *build)
{
    struct svcr_resolver *resolver = build->resolver;
    const struct svcr_list_of *diags = &resolver->backend_diags;
    size_t objects = build->objects.num * sizeof(void *);
    size_t servers = build->num * sizeof(struct svcr_server);
    size_t records = diags->num * sizeof(void *);
    if (resolver->text.failed || resolver->text.size > UINT32_MAX) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    struct svcr_backend *backend =
        svcr_block_new(resolver->context, &svcr_backend_kind,
                       sizeof(*backend) + objects + servers + records + resolver->text.size);
    if (backend == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    char *at = (char *)(backend + 1);
    backend->view = build->view;
    backend->scheme_needed = build->scheme_needed;
    backend->objects = (struct svcr_object **)(void *)at;
    backend->servers = (struct svcr_server *)(void *)(at + objects);
    backend->diags = (struct svcr_diag **)(void *)(at + objects + servers);
    backend->texts = at + objects + servers + records;
    for (size_t i = 0; i < build->objects.num; i++) {
        backend->objects[i] = svcr_object_ref(build->objects.items[i]);
    }
    for (size_t i = 0; i < diags->num; i++) { /* the references move over */
        backend->diags[i] = diags->items[i];
    }
    backend->num_objects = (uint32_t)build->objects.num;
    backend->num_servers = build->num;
    backend->num_diags = (uint32_t)diags->num;
    resolver->backend_diags.num = 0;
    if (build->num != 0) {
        memcpy(backend->servers, build->servers, servers);
        memcpy(at + objects + servers + records, resolver->text.data, resolver->text.size);
    }
    return backend;
}

static struct svcr_backend *backend_make(struct svcr_resolver *resolver, struct svcr_entity *entity,
                                         struct svcr_view view)
{
    struct build build = {
        .resolver = resolver,
        .view = view,
        .service = (const struct svcr_service *)(void *)entity->object,
        .scheme_needed = true,
    };
    if (view.index != UINT32_MAX) {
        const struct svcr_service_port *ports =
            svcr_object_items(build.service, build.service->ports);
        build.port_name = svcr_object_text(build.service, ports[view.index].name);
    }
    struct svcr_list_of *report = resolver->report;
    resolver->report = &resolver->backend_diags;
    bool built = false;
    switch ((enum svcr_backend_mode)view.mode) {
    case SVCR_BACKEND_EXTERNAL_NAME:
        built = build_single(&build, true);
        break;
    case SVCR_BACKEND_CLUSTER_IP:
        built = build_single(&build, false);
        break;
    case SVCR_BACKEND_NODES:
        built = build_nodes(&build);
        break;
    case SVCR_BACKEND_ENDPOINTS:
        build.scheme_needed = false;
        built = entity->num_slices == 0 && entity->endpoints != NULL &&
                        entity->endpoints->object != NULL
                    ? build_endpoints(&build, (const void *)entity->endpoints->object)
                    : build_slices(&build, entity);
        break;
    }
    resolver->report = report;
    return built && resolver->error == 0 ? backend_pack(&build) : NULL;
}

static bool view_same(const struct svcr_view *a, const struct svcr_view *b)
{
    return a->mode == b->mode && a->scheme == b->scheme && a->port == b->port &&
           a->index == b->index;
}

/* Hangs a backend on its Service's entity for the rest of the run; takes a reference of its own. */
static bool memo_add(struct svcr_resolver *resolver, struct svcr_entity *entity,
                     struct svcr_backend *backend)
{
    struct svcr_memo *memo = svcr_arena_alloc(&resolver->arena, sizeof(*memo));
    if (memo == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    if (entity->mark == NULL && !svcr_list_add(resolver, &resolver->memos, entity)) {
        return false;
    }
    memo->next = entity->mark;
    memo->backend = svcr_block_ref(backend);
    entity->mark = memo;
    return true;
}

static struct svcr_backend *memo_find(const struct svcr_entity *entity,
                                      const struct svcr_view *view)
{
    for (const struct svcr_memo *memo = entity->mark; memo != NULL; memo = memo->next) {
        if (view_same(&memo->backend->view, view)) {
            return memo->backend;
        }
    }
    return NULL;
}

struct svcr_backend *svcr_backend_get(struct svcr_resolver *resolver, struct svcr_entity *service,
                                      struct svcr_view view)
{
    struct svcr_backend *backend = memo_find(service, &view);
    if (backend != NULL) {
        return svcr_block_ref(backend);
    }
    backend = backend_make(resolver, service, view);
    if (backend != NULL && !memo_add(resolver, service, backend)) {
        svcr_block_unref(resolver->context, backend);
        return NULL;
    }
    return backend;
}

bool svcr_backend_seed(struct svcr_resolver *resolver, const struct svcr_unit *previous)
{
    uint64_t version = svcroute_table_get_store_version(resolver->previous);
    for (uint32_t i = 0; i < previous->num_services; i++) {
        struct svcr_backend *backend = previous->services[i]->backend;
        if (backend == NULL) {
            continue;
        }
        const struct svcr_object *object = backend->objects[0];
        const struct svcr_meta *meta = svcr_object_meta(object);
        struct svcr_entity *entity = svcr_store_find(resolver->store, SVCROUTE_KIND_SERVICE,
                                                     svcr_object_text(object, meta->namespace_),
                                                     svcr_object_text(object, meta->name));
        bool nodes = backend->view.mode == SVCR_BACKEND_NODES;
        if (entity == NULL || entity->object != object || entity->changed > version ||
            (nodes && resolver->store->all_nodes->changed > version) ||
            memo_find(entity, &backend->view) != NULL) {
            continue;
        }
        if (!memo_add(resolver, entity, backend)) {
            return false;
        }
    }
    return true;
}

void svcr_backend_forget(struct svcr_resolver *resolver)
{
    for (size_t i = 0; i < resolver->memos.num; i++) {
        struct svcr_entity *entity = resolver->memos.items[i];
        for (struct svcr_memo *memo = entity->mark; memo != NULL; memo = memo->next) {
            svcr_block_unref(resolver->context, memo->backend);
        }
        entity->mark = NULL;
    }
    svcr_list_free(resolver, &resolver->memos);
}
