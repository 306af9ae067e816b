/* Scenarios: the store, relists, watch streams. */
#include "oom.h"

static const struct svcroute_load_options options = {.size = sizeof(options),
                                                     .source = {"input", 5}};

static void nothing(struct world *world)
{
    (void)world;
}

static int make_store(struct world *world)
{
    return svcroute_store_new(&world->store, world->context);
}

static int load(struct world *world, struct svcroute_text bytes)
{
    return svcroute_store_load(world->store, bytes.data, bytes.size, &options, NULL, world->diags);
}

static void begin_empty(struct world *world)
{
    must(make_store(world), "store");
    must(svcroute_diags_new(&world->diags, world->context), "diags");
}

static void begin_full(struct world *world)
{
    begin_empty(world);
    must(load(world, cluster_yaml), "load");
}

/* ---- load, apply, remove ---- */

static int load_yaml(struct world *world)
{
    return load(world, cluster_yaml);
}

static int load_json(struct world *world)
{
    return load(world, cluster_json);
}

static int load_change(struct world *world)
{
    return load(world, cluster_change);
}

static int load_faults(struct world *world)
{
    return load(world, cluster_faults);
}

/* Enough objects for every table to grow. */
static int load_many(struct world *world)
{
    static char text[100 * 90];
    if (text[0] == '\0') {
        char *at = text;
        for (int i = 0; i < 100; i++) {
            static const char line[] =
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s00\"}}\n";
            memcpy(at, line, sizeof(line) - 1);
            at[sizeof(line) - 7] = (char)('0' + i / 10);
            at[sizeof(line) - 6] = (char)('0' + i % 10);
            at += sizeof(line) - 1;
        }
    }
    return load(world, (struct svcroute_text){text, strlen(text)});
}

static void begin_document(struct world *world)
{
    struct svcroute_reader *reader;
    begin_full(world);
    must(svcroute_reader_new(&reader, world->context, cluster_json.data, cluster_json.size,
                             TEXT("built"), SVCROUTE_FORMAT_JSON),
         "reader");
    must(svcroute_reader_next(reader, &world->document, NULL), "document");
    svcroute_reader_free(reader);
}

static int apply(struct world *world)
{
    return svcroute_store_apply(world->store, world->document, &options, NULL, world->diags);
}

static int remove_slice(struct world *world)
{
    return svcroute_store_remove(world->store, SVCROUTE_KIND_ENDPOINT_SLICE, NOTHING,
                                 TEXT("web-1"));
}

static int remove_route(struct world *world)
{
    return svcroute_store_remove(world->store, SVCROUTE_KIND_INGRESS_ROUTE, TEXT("default"),
                                 TEXT("shop"));
}

/* ---- relist ---- */

static int begin_relist(struct world *world)
{
    return svcroute_relist_begin(&world->relist, world->store, SVCROUTE_KIND_NONE, TEXT("default"));
}

static void begin_staging(struct world *world)
{
    begin_document(world);
    must(begin_relist(world), "relist");
}

static int relist_load(struct world *world)
{
    return svcroute_relist_load(world->relist, cluster_change.data, cluster_change.size, &options,
                                NULL, world->diags);
}

static int relist_load_faults(struct world *world)
{
    return svcroute_relist_load(world->relist, cluster_faults.data, cluster_faults.size, &options,
                                NULL, world->diags);
}

static int relist_apply(struct world *world)
{
    int error = svcroute_relist_apply(world->relist, world->document, &options, NULL, world->diags);
    return error == SVCROUTE_ERR_REJECTED ? SVCROUTE_OK : error; /* one is outside the namespace */
}

static void begin_staged(struct world *world)
{
    begin_staging(world);
    must(relist_load(world), "relist load");
    must(relist_apply(world), "relist apply");
}

static int relist_commit(struct world *world)
{
    uint64_t removed;
    int error = svcroute_relist_commit(world->relist, &removed);
    if (error == SVCROUTE_OK) {
        world->relist = NULL;
        world->noted = removed;
    }
    return error;
}

/* The store changes between staging and commit, so all is judged again. */
static void begin_stale(struct world *world)
{
    begin_staged(world);
    must(load(world, cluster_json), "load");
    must(remove_slice(world), "remove");
}

/* ---- watch ---- */

static int make_watch(struct world *world)
{
    return svcroute_watch_new(&world->watch, world->store, &options);
}

static void begin_watch(struct world *world)
{
    begin_full(world);
    must(make_watch(world), "watch");
}

static const char added[] = "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"discovery.k8s.io/"
                            "v1\",\"kind\":\"EndpointSlice\",\"metadata\":"
                            "{\"name\":\"web-3\",\"resourceVersion\":\"1007\",\"labels\":{"
                            "\"kubernetes.io/service-name\":\"web\"}},"
                            "\"ports\":[{\"name\":\"http\",\"port\":8080}],\"endpoints\":[{"
                            "\"addresses\":[\"10.1.7.7\"]}]}}\n";
static const char deleted[] = "{\"type\":\"DELETED\",\"object\":{\"apiVersion\":\"traefik.io/"
                              "v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":"
                              "{\"name\":\"shop\",\"resourceVersion\":\"1008\"}}}\n";
static const char stream[] =
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"1009\"}}}\n"
    "no event\n"
    "{\"type\":\"MODIFIED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
    "\"name\":\"x\","
    "\"resourceVersion\":\"1010\"}}}\n";

static int feed(struct world *world, const char *bytes, size_t size)
{
    return svcroute_watch_feed(world->watch, bytes, size, NULL, world->diags);
}

static int feed_added(struct world *world)
{
    return feed(world, added, sizeof(added) - 1);
}

static int feed_deleted(struct world *world)
{
    return feed(world, deleted, sizeof(deleted) - 1);
}

static int feed_pieces(struct world *world)
{
    int error = SVCROUTE_OK;
    for (size_t at = 0; error == SVCROUTE_OK && at < sizeof(stream) - 1; at += 10) {
        size_t left = sizeof(stream) - 1 - at;
        error = feed(world, stream + at, left < 10 ? left : 10);
    }
    return error;
}

static int restart(struct world *world)
{
    return svcroute_watch_restart(world->watch, TEXT("a version that is longer than all before"));
}

/* After a failure bytes are refused until a restart. */
static void start_over(struct world *world)
{
    if (feed(world, "\n", 1) != SVCROUTE_ERR_START_OVER) {
        give_up("a watch goes on behind a lost line");
    }
    must(svcroute_watch_restart(world->watch, NOTHING), "restart");
}

static void begin_error(struct world *world)
{
    begin_watch(world);
    if (feed(world, "{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n", 40) !=
        SVCROUTE_ERR_START_OVER) {
        give_up("no end after ERROR");
    }
}

const struct scenario store_scenarios[] = {
    {"store_new", nothing, make_store, NULL, 0},
    {"store_load, YAML", begin_empty, load_yaml, NULL, SCENARIO_CRYPTO},
    {"store_load, JSON", begin_empty, load_json, NULL, SCENARIO_CRYPTO},
    {"store_load, the same again", begin_full, load_yaml, NULL, SCENARIO_CRYPTO},
    {"store_load, changes", begin_full, load_change, NULL, SCENARIO_CRYPTO},
    {"store_load, faults", begin_full, load_faults, NULL, SCENARIO_CRYPTO},
    {"store_load, many", begin_full, load_many, NULL, 0},
    {"store_apply", begin_document, apply, NULL, 0},
    {"store_remove, slice", begin_full, remove_slice, NULL, 0},
    {"store_remove, route", begin_full, remove_route, NULL, 0},
    {"relist_begin", begin_full, begin_relist, NULL, 0},
    {"relist_load", begin_staging, relist_load, NULL, SCENARIO_CRYPTO},
    {"relist_load, faults", begin_staging, relist_load_faults, NULL, SCENARIO_CRYPTO},
    {"relist_apply", begin_staging, relist_apply, NULL, 0},
    {"relist_commit", begin_staged, relist_commit, NULL, 0},
    {"relist_commit, stale", begin_stale, relist_commit, NULL, 0},
    {"watch_new", begin_full, make_watch, NULL, 0},
    {"watch_feed, ADDED", begin_watch, feed_added, start_over, 0},
    {"watch_feed, DELETED", begin_watch, feed_deleted, start_over, 0},
    {"watch_feed, pieces", begin_watch, feed_pieces, start_over, SCENARIO_PARTS},
    {"watch_restart", begin_error, restart, NULL, 0},
};
const size_t num_store_scenarios = sizeof(store_scenarios) / sizeof(store_scenarios[0]);
