/* Structs that carry their size, seen by a caller with newer headers (larger), with older ones
 * (smaller than the first release had it: refused) and with today's. One row for each public
 * struct; tests/abi/structs.py sees to it that none is missing. */
#include "world.h"

#define MOST 4096 /* the largest size that is believed */

static struct world world;

/* ---- what is filled by the library -------------------------------------------------------- */

static const struct svcroute_service *find(const char *name)
{
    return svcroute_table_find_service(world.table, text(name));
}

static const struct svcroute_service *own_service(void)
{
    static const char match[] = "Host(`shop.example`)";
    return svcroute_route_get_service(
        world.table,
        svcroute_table_find_route_of(world.table, text("shop"), text("web"), text(match), 0));
}

static int diag_info(void *info)
{
    return svcroute_diags_get(world.diags, 0, info);
}

static int load_result(void *result)
{
    return svcroute_store_load(world.store, documents, sizeof documents - 1, NULL, result, NULL);
}

static int object_info(void *info)
{
    return svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text("shop"), text("web"), info);
}

static int route_info(void *info)
{
    const struct svcroute_route *route = svcroute_table_find_route_of(
        world.table, text("shop"), text("web"), text("Host(`shop.example`)"), 0);
    return svcroute_route_get_info(world.table, route, info);
}

static int service_info(void *info)
{
    return svcroute_service_get_info(find("shop-both"), info);
}

static int child_info(void *info)
{
    return svcroute_service_get_child(world.table, find("shop-both"), 0, info);
}

static int cookie_info(void *info)
{
    return svcroute_service_get_cookie(own_service(), info);
}

static int health_check_info(void *info)
{
    return svcroute_service_get_health_check(find("shop-partner-443"), info);
}

static int passive_check_info(void *info)
{
    return svcroute_service_get_passive_check(own_service(), info);
}

static int server_info(void *info)
{
    return svcroute_service_get_server(own_service(), 1, info);
}

static int step_info(void *info)
{
    return svcroute_explanation_get(world.explanation, 0, info);
}

static int change_info(void *info)
{
    struct svcroute_changes *changes;
    int code = svcroute_changes_new(&changes, world.table, world.next);
    if (code == 0)
        code = svcroute_changes_next(changes, info);
    svcroute_changes_free(changes);
    return code;
}

/* ---- the balancer's ---- */

static const char mirrored[] =
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: TraefikService\n"
    "metadata: {name: m}\n"
    "spec: {mirroring: {name: a, port: 80, mirrors: [{name: a, port: 80, percent: 100}]}}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{name: http, port: "
    "80}]}}\n"
    "---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,\n"
    " metadata: {name: a-1, labels: {kubernetes.io/service-name: a}},\n"
    " ports: [{name: http, port: 80}], endpoints: [{addresses: [10.1.0.1]}]}\n";

static struct running {
    struct svcroute_store *store;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick, *other;
    uint64_t server, handle;
} running;

static void running_make(void)
{
    struct svcroute_context *context = world.context;
    NEED(svcroute_store_new(&running.store, context) == 0);
    NEED(svcroute_store_load(running.store, mirrored, sizeof mirrored - 1, NULL, NULL, NULL) == 0);
    NEED(svcroute_resolve(&running.table, running.store, world.policy, NULL, NULL) == 0);
    NEED(svcroute_balancer_new(&running.balancer, running.table, NULL, 0) == 0);
    NEED(svcroute_picker_new(&running.picker, running.balancer, 0) == 0);
    NEED(svcroute_pick_new(&running.pick, context) == 0);
    NEED(svcroute_pick_new(&running.other, context) == 0);
    NEED(svcroute_balancer_find_server(running.balancer, text("default-a-80"), 0,
                                       &running.server) == 0);
    NEED(svcroute_picker_find_service(running.picker, text("default-m"), &running.handle) == 0);
    NEED(svcroute_picker_pick(running.picker, running.handle, NULL, running.pick, 0) == 0);
}

static void running_free(void)
{
    svcroute_balancer_free(running.balancer);
    svcroute_picker_free(running.picker);
    svcroute_table_unref(running.table);
    svcroute_store_free(running.store);
    svcroute_pick_free(running.pick);
    svcroute_pick_free(running.other);
}

static int event(void *info)
{
    struct svcroute_event other = {.size = sizeof other};
    svcroute_balancer_set_admin(running.balancer, running.server, SVCROUTE_ADMIN_AUTO, 1);
    while (svcroute_balancer_next_event(running.balancer, &other) == 0)
        continue;
    svcroute_balancer_set_admin(running.balancer, running.server, SVCROUTE_ADMIN_DOWN, 1);
    return svcroute_balancer_next_event(running.balancer, info);
}

static int server_stats(void *info)
{
    return svcroute_balancer_get_server_stats(running.balancer, running.server, info);
}

static int balancer_stats(void *info)
{
    return svcroute_balancer_get_stats(running.balancer, info);
}

static int pick_info(void *info)
{
    return svcroute_pick_get_info(running.pick, info);
}

static int mirror_info(void *info)
{
    return svcroute_pick_get_mirror(running.pick, 0, info);
}

/* ---- matching ---- */

static int target(void *info)
{
    return svcroute_target_read(text("http://a.example/x?q"), info);
}

static int match_with(const void *request, void *info)
{
    struct svcroute_listing *listing;
    NEED(svcroute_listing_new(&listing, world.table, SVCROUTE_LISTING_ROUTES) == 0);
    int code =
        svcroute_route_match(world.table, svcroute_listing_get_route(listing, 0), request, info);
    svcroute_listing_free(listing);
    return code;
}

static int match_info(void *info)
{
    struct svcroute_match_request request = {
        .size = sizeof request, .host = text("a.example"), .path = text("/")};
    return match_with(&request, info);
}

static const struct {
    const char *name;
    size_t size;
    int (*fill)(void *info);
} outputs[] = {
#define OUTPUT(name)                                                                               \
    {                                                                                              \
#name, sizeof(struct svcroute_##name), name                                                \
    }
    OUTPUT(diag_info),   OUTPUT(load_result),       OUTPUT(object_info),
    OUTPUT(route_info),  OUTPUT(service_info),      OUTPUT(child_info),
    OUTPUT(cookie_info), OUTPUT(health_check_info), OUTPUT(passive_check_info),
    OUTPUT(server_info), OUTPUT(step_info),         OUTPUT(change_info),
    OUTPUT(event),       OUTPUT(server_stats),      OUTPUT(pick_info),
    OUTPUT(mirror_info), OUTPUT(balancer_stats),    OUTPUT(target),
    OUTPUT(match_info),
};

static void set_size(unsigned char *bytes, size_t size)
{
    uint32_t given = (uint32_t)size;
    memcpy(bytes, &given, sizeof given);
}

static uint32_t get_size(const unsigned char *bytes)
{
    uint32_t given;
    memcpy(&given, bytes, sizeof given);
    return given;
}

static int all(const unsigned char *bytes, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return 0;
    return 1;
}

static void check_output(const char *name, size_t size, int (*fill)(void *info))
{
    static unsigned char exact[2 * MOST], other[2 * MOST];
    int before = failed;

    memset(exact, 0xa5, sizeof exact);
    set_size(exact, size);
    CHECK(fill(exact) == 0);
    CHECK(get_size(exact) == size);
    CHECK(all(exact + size, sizeof exact - size, 0xa5));

    for (size_t more = 4; size + more <= MOST; more *= 4) {
        memset(other, 0xa5, sizeof other);
        set_size(other, size + more);
        CHECK(fill(other) == 0);
        CHECK(get_size(other) == size + more);
        /* What this library does not know reads as zero, never as what stood there before. */
        CHECK(all(other + size, more, 0));
        CHECK(all(other + size + more, 64, 0xa5));
        if (strcmp(name, "load_result") != 0)
            CHECK(memcmp(other + 4, exact + 4, size - 4) == 0);
    }

    const size_t bad[] = {0, 4, 8, size - 8, size - 4, size - 1, MOST + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(other, 0xa5, sizeof other);
        set_size(other, bad[i]);
        CHECK(fill(other) == SVCROUTE_ERR_STRUCT_SIZE);
        CHECK(all(other + 4, sizeof other - 4, 0xa5));
    }
    if (failed != before)
        printf("     (struct svcroute_%s)\n", name);
}

/* ---- what is read by the library ---------------------------------------------------------- */

static int context_options(const void *options)
{
    struct svcroute_context *context;
    int code = svcroute_context_new(&context, options, NULL, NULL);
    CHECK((code == 0) == (context != NULL));
    svcroute_context_unref(context);
    return code;
}

static int allocator(const void *given)
{
    struct svcroute_context *context;
    int code = svcroute_context_new(&context, NULL, given, NULL);
    CHECK((code == 0) == (context != NULL));
    svcroute_context_unref(context);
    return code;
}

static int log_hook(const void *given)
{
    struct svcroute_context *context;
    int code = svcroute_context_new(&context, NULL, NULL, given);
    CHECK((code == 0) == (context != NULL));
    svcroute_context_unref(context);
    return code;
}

static int load_options(const void *options)
{
    return svcroute_store_load(world.store, documents, sizeof documents - 1, options, NULL, NULL);
}

static int watch_options(const void *options)
{
    struct svcroute_watch *watch;
    int code = svcroute_watch_new(&watch, world.store, options);
    CHECK((code == 0) == (watch != NULL));
    svcroute_watch_free(watch);
    return code;
}

static int balancer_options(const void *options)
{
    struct svcroute_balancer *balancer;
    int code = svcroute_balancer_new(&balancer, running.table, options, 0);
    CHECK((code == 0) == (balancer != NULL));
    svcroute_balancer_free(balancer);
    return code;
}

static int request(const void *given)
{
    svcroute_balancer_set_admin(running.balancer, running.server, SVCROUTE_ADMIN_UP, 1);
    int code = svcroute_picker_pick(running.picker, running.handle, given, running.other, 0);
    svcroute_pick_clear(running.other);
    return code;
}

static int match_request(const void *given)
{
    struct svcroute_match_info info = {.size = sizeof info};
    return match_with(given, &info);
}

static int outcome(const void *given)
{
    svcroute_balancer_set_admin(running.balancer, running.server, SVCROUTE_ADMIN_UP, 1);
    CHECK(svcroute_picker_pick(running.picker, running.handle, NULL, running.other, 0) == 0);
    int code = svcroute_pick_report(running.other, given, 0);
    CHECK(svcroute_pick_finish(running.other, given, 0) == code);
    svcroute_pick_clear(running.other);
    return code;
}

static void *host_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *host_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    return realloc(memory, new_size);
}

static void host_release(void *user, void *memory, size_t size)
{
    (void)user, (void)size;
    free(memory);
}

static void host_message(void *user, uint32_t level, const char *data, size_t size)
{
    (void)user, (void)level, (void)data, (void)size;
}

static void check_input(const char *name, const void *valid, size_t size, int (*give)(const void *))
{
    static unsigned char bytes[2 * MOST];
    int before = failed;

    for (size_t more = 0; size + more <= MOST; more = more ? more * 4 : 4) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, valid, size);
        set_size(bytes, size + more);
        memset(bytes + size + more, 0xa5, 64); /* not the struct's any more */
        CHECK(give(bytes) == 0);
        if (more > 0) {
            bytes[size] = 1;
            CHECK(give(bytes) == SVCROUTE_ERR_STRUCT_NEW);
            bytes[size] = 0;
            bytes[size + more - 1] = 0x80;
            CHECK(give(bytes) == SVCROUTE_ERR_STRUCT_NEW);
        }
    }

    /* Flags that this library does not know. */
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, valid, size);
    bytes[7] = 0x80;
    int code = give(bytes);
    CHECK(code == SVCROUTE_ERR_STRUCT_NEW || code == SVCROUTE_ERR_INVALID);
    bytes[7] = 0;

    const size_t bad[] = {0, 4, 8, size - 8, size - 4, size - 1, MOST + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set_size(bytes, bad[i]);
        CHECK(give(bytes) == SVCROUTE_ERR_STRUCT_SIZE);
    }
    if (failed != before)
        printf("     (struct svcroute_%s)\n", name);
}

static void check_inputs(void)
{
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof options);
    CHECK(options.size == sizeof options);
    CHECK(all((unsigned char *)&options + 4, sizeof options - 4, 0));
    check_input("context_options", &options, sizeof options, context_options);

    struct svcroute_allocator memory = {sizeof memory, 0,           NULL,
                                        host_allocate, host_resize, host_release};
    check_input("allocator", &memory, sizeof memory, allocator);

    struct svcroute_log log = {sizeof log, 0, NULL, host_message, SVCROUTE_LOG_DEBUG, 0};
    check_input("log", &log, sizeof log, log_hook);

    struct svcroute_load_options load;
    memset(&load, 0, sizeof load);
    load.size = sizeof load;
    load.source = text("here.yaml");
    check_input("load_options", &load, sizeof load, load_options);
    check_input("load_options", &load, sizeof load, watch_options);

    struct svcroute_balancer_options balancing;
    svcroute_balancer_options_init(&balancing, sizeof balancing);
    CHECK(balancing.size == sizeof balancing);
    CHECK(all((unsigned char *)&balancing + 4, sizeof balancing - 4, 0));
    check_input("balancer_options", &balancing, sizeof balancing, balancer_options);

    struct svcroute_request asked = {.size = sizeof asked, .key = text("key")};
    check_input("request", &asked, sizeof asked, request);

    struct svcroute_match_request matched = {
        .size = sizeof matched, .host = text("a.example"), .path = text("/")};
    check_input("match_request", &matched, sizeof matched, match_request);

    struct svcroute_outcome ended = {
        .size = sizeof ended, .kind = SVCROUTE_OUTCOME_STATUS, .status = 200};
    check_input("outcome", &ended, sizeof ended, outcome);
}

/* An init function writes the caller's bytes and no more, whichever release the caller comes from.
 */
static void check_init(void)
{
    unsigned char bytes[256];
    size_t size = sizeof(struct svcroute_context_options);

    for (size_t given = size - 8; given <= size + 32; given += 8) {
        memset(bytes, 0xa5, sizeof bytes);
        svcroute_context_options_init((struct svcroute_context_options *)(void *)bytes, given);
        CHECK(get_size(bytes) == given);
        CHECK(all(bytes + 4, given - 4, 0));
        CHECK(all(bytes + given, sizeof bytes - given, 0xa5));
    }
    svcroute_context_options_init(NULL, size);
    size = sizeof(struct svcroute_balancer_options);
    for (size_t given = size - 8; given <= size + 32; given += 8) {
        memset(bytes, 0xa5, sizeof bytes);
        svcroute_balancer_options_init((struct svcroute_balancer_options *)(void *)bytes, given);
        CHECK(get_size(bytes) == given);
        CHECK(all(bytes + 4, given - 4, 0));
        CHECK(all(bytes + given, sizeof bytes - given, 0xa5));
    }
    svcroute_balancer_options_init(NULL, size);
}

int main(void)
{
    world_make(&world);
    running_make();
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        check_output(outputs[i].name, outputs[i].size, outputs[i].fill);
    check_inputs();
    check_init();
    world_free(&world);
    running_free();
    return closing_line();
}
