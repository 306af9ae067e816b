/* What a world answers, as one number: store, tables and all that was made from them. */
#include "oom.h"

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (hash ^ size) * UINT64_C(0x100000001b3);
}

static uint64_t mix_text(uint64_t hash, struct svcroute_text text)
{
    return mix(hash, text.data, text.size);
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    return mix(hash, &number, sizeof(number));
}

/* Objects come in no fixed order. */
static uint64_t store_answers(const struct svcroute_store *store)
{
    uint64_t sum = mix_number(svcroute_store_num(store, SVCROUTE_KIND_NONE),
                              svcroute_store_get_version(store));
    uint64_t cursor = 0;
    struct svcroute_object_info info = {.size = sizeof(info)};
    while (svcroute_store_iterate(store, SVCROUTE_KIND_NONE, &cursor, &info) == SVCROUTE_OK) {
        uint64_t hash = mix_number(info.kind, info.line);
        hash = mix_text(mix_text(hash, info.namespace_), info.name);
        sum += mix_text(mix_text(hash, info.resource_version), info.source);
        must(svcroute_store_get(store, info.kind, info.namespace_,
                                info.name.size > 0 ? info.name : NOTHING, &info),
             "an object that iterate shows is not there");
    }
    return sum;
}

static uint64_t diags_answers(uint64_t hash, const struct svcroute_diags *diags)
{
    struct svcroute_diag_info info = {.size = sizeof(info)};
    for (size_t i = 0; svcroute_diags_get(diags, i, &info) == SVCROUTE_OK; i++) {
        hash = mix_text(mix_number(hash, info.id), info.text);
        hash = mix_text(mix_text(hash, info.name), info.field);
        hash = mix_number(mix_number(hash, info.line), info.column);
    }
    return hash;
}

static uint64_t table_answers(const struct world *world, const struct svcroute_table *table)
{
    struct svcroute_export *text;
    struct svcroute_diags *diags;
    must(svcroute_table_export(&text, table, SVCROUTE_EXPORT_JSON), "export");
    must(svcroute_diags_new(&diags, world->context), "diags");
    must(svcroute_table_get_diags(table, diags), "table's diags");
    uint64_t hash = mix_text(svcroute_table_num_routes(table), svcroute_export_get_text(text));
    hash = mix_number(hash, svcroute_table_num_services(table));
    hash = diags_answers(hash, diags);
    hash = mix_number(hash, matching_answers(table));
    svcroute_diags_free(diags);
    svcroute_export_free(text);
    return hash;
}

static uint64_t document_answers(const struct svcroute_document *document)
{
    const struct svcroute_node *root = svcroute_document_get_root(document);
    const struct svcroute_node *node = svcroute_node_first(root);
    uint64_t hash = mix_number(svcroute_node_get_kind(root), svcroute_node_num(root));
    for (; node != NULL; node = svcroute_node_next(root, node)) {
        hash =
            mix_text(mix_number(hash, svcroute_node_get_line(node)), svcroute_node_get_text(node));
        hash = mix_text(hash, svcroute_node_get_text(svcroute_node_get_value(node)));
    }
    return hash;
}

static uint64_t changes_answers(struct svcroute_changes *changes)
{
    uint64_t hash = svcroute_changes_num(changes);
    struct svcroute_change_info info = {.size = sizeof(info)};
    while (svcroute_changes_next(changes, &info) == SVCROUTE_OK) {
        hash = mix_text(mix_number(hash, info.change), info.name);
    }
    return hash;
}

static uint64_t explanation_answers(const struct svcroute_explanation *explanation)
{
    uint64_t hash = 1;
    struct svcroute_step_info info = {.size = sizeof(info)};
    for (size_t i = 0; svcroute_explanation_get(explanation, i, &info) == SVCROUTE_OK; i++) {
        hash = mix_text(mix_number(mix_text(hash, info.text), info.depth), info.field);
    }
    return hash;
}

/* Servers and what is known of them, and what the first picker finds. Nothing here moves a turn. */
static uint64_t balancer_answers(const struct world *world)
{
    struct svcroute_table *table = world->next != NULL ? world->next : world->table;
    struct svcroute_listing *listing;
    uint64_t hash = svcroute_balancer_next_deadline(world->balancer);
    must(svcroute_listing_new(&listing, table, SVCROUTE_LISTING_SERVICES), "listing");
    for (size_t i = 0; i < svcroute_listing_num(listing); i++) {
        struct svcroute_service_info info = {.size = sizeof(info)};
        uint64_t server, handle;
        must(svcroute_service_get_info(svcroute_listing_get_service(listing, i), &info), "service");
        for (size_t j = 0;
             svcroute_balancer_find_server(world->balancer, info.name, j, &server) == 0; j++) {
            struct svcroute_server_stats stats = {.size = sizeof(stats)};
            must(svcroute_balancer_get_server_stats(world->balancer, server, &stats), "stats");
            stats.picks = 0;
            hash = mix(mix_number(hash, server), &stats, sizeof(stats));
        }
        hash = mix_number(hash, world->pickers[0] == NULL ||
                                    svcroute_picker_find_service(world->pickers[0], info.name,
                                                                 &handle) == SVCROUTE_OK);
    }
    svcroute_listing_free(listing);
    return hash;
}

static uint64_t pick_answers(const struct svcroute_pick *pick)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    int error = svcroute_pick_get_info(pick, &info);
    uint64_t hash = mix_number(1, (uint64_t)error);
    if (error == SVCROUTE_OK) {
        hash = mix_text(mix_text(mix_number(hash, info.server), info.url), info.service);
        hash = mix_number(mix_number(hash, info.why), info.num_mirrors);
    }
    return hash;
}

uint64_t world_answers(const struct world *world)
{
    uint64_t hash = mix_number(1, world->noted);
    hash = mix_number(hash, world->store != NULL ? store_answers(world->store) : 0);
    hash = mix_number(hash, world->table != NULL ? table_answers(world, world->table) : 0);
    hash = mix_number(hash, world->next != NULL ? table_answers(world, world->next) : 0);
    hash = mix_number(hash, world->document != NULL ? document_answers(world->document) : 0);
    hash = mix_number(hash, world->changes != NULL ? changes_answers(world->changes) : 0);
    hash =
        mix_number(hash, world->explanation != NULL ? explanation_answers(world->explanation) : 0);
    hash = mix_number(hash, world->listing != NULL ? svcroute_listing_num(world->listing) : 0);
    hash = mix_number(hash, (world->policy != NULL ? 2u : 0u) + (world->relist != NULL ? 1u : 0u));
    hash = mix_number(hash, world->balancer != NULL ? balancer_answers(world) : 0);
    for (int i = 0; i < 2; i++) {
        const struct svcroute_picker *picker = world->pickers[i];
        hash = mix_number(hash, picker != NULL ? 1u + svcroute_picker_stale(picker) : 0u);
        hash = mix_number(hash, picker != NULL ? picker_matching_answers(picker) : 0);
    }
    for (int i = 0; i < 3; i++) {
        hash = mix_number(hash, world->picks[i] != NULL ? pick_answers(world->picks[i]) : 0);
    }
    if (world->text != NULL) {
        hash = mix_text(hash, svcroute_export_get_text(world->text));
    }
    return world->watch != NULL ? mix_text(hash, svcroute_watch_get_resource_version(world->watch))
                                : hash;
}

void world_free(struct world *world)
{
    struct svcroute_context *context = world->context;
    svcroute_balancer_free(world->balancer);
    for (int i = 0; i < 2; i++) {
        svcroute_picker_free(world->pickers[i]);
    }
    for (int i = 0; i < 3; i++) {
        svcroute_pick_free(world->picks[i]);
    }
    svcroute_changes_free(world->changes);
    svcroute_explanation_free(world->explanation);
    svcroute_export_free(world->text);
    svcroute_listing_free(world->listing);
    svcroute_table_unref(world->next);
    svcroute_table_unref(world->table);
    svcroute_policy_free(world->policy);
    svcroute_relist_abort(world->relist);
    svcroute_watch_free(world->watch);
    svcroute_store_free(world->store);
    svcroute_document_free(world->document);
    svcroute_reader_free(world->reader);
    svcroute_diags_free(world->diags);
    svcroute_context_unref(world->other);
    *world = (struct world){.context = context};
}
