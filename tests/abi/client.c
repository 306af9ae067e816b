/* A program that uses every part of the interface as a host would, in the common subset of C and
 * C++: built against the frozen headers, and against an installed tree. */
#include "world.h"

static int same(struct svcroute_text a, const char *b)
{
    return a.size == strlen(b) && (a.size == 0 || memcmp(a.data, b, a.size) == 0);
}

static void check_versions(void)
{
    /* The library may be newer than the headers, never older. */
    CHECK(svcroute_version_number() >= SVCROUTE_VERSION_NUMBER);
    CHECK(strlen(svcroute_version_text()) >= 5);
    CHECK(strcmp(svcroute_error_name(SVCROUTE_ERR_NOMEM), "SVCROUTE_ERR_NOMEM") == 0);
    CHECK(svcroute_error_text(SVCROUTE_ERR_NOMEM)[0] != '\0');
    CHECK(strcmp(svcroute_kind_name(SVCROUTE_KIND_NODE), "Node") == 0);
    CHECK(svcroute_kind_find("Node", 4) == SVCROUTE_KIND_NODE);
}

static void check_registry(void)
{
    uint32_t id, severity;
    struct svcroute_text name, summary;

    for (size_t i = 0; i < svcroute_diag_num_ids(); i++) {
        CHECK(svcroute_diag_get_id(i, &id, &severity, &name, &summary) == 0);
        CHECK(name.size > 0 && summary.size > 0);
    }
}

/* {"kind": "Node", ...}, said call by call and applied. */
static void check_builder(struct world *world)
{
    struct svcroute_document *document;
    static const char *const pairs[][2] = {{"apiVersion", "v1"}, {"kind", "Node"}};
    int64_t value = 0;

    NEED(svcroute_document_new(&document, world->context, text("built")) == 0);
    svcroute_document_begin_map(document);
    for (size_t i = 0; i < 2; i++) {
        svcroute_document_key(document, pairs[i][0], strlen(pairs[i][0]));
        svcroute_document_string(document, pairs[i][1], strlen(pairs[i][1]));
    }
    svcroute_document_key(document, "metadata", 8);
    svcroute_document_begin_map(document);
    svcroute_document_key(document, "name", 4);
    svcroute_document_string(document, "node-1", 6);
    svcroute_document_key(document, "generation", 10);
    svcroute_document_integer(document, 7);
    svcroute_document_end(document);
    CHECK(svcroute_document_end(document) == 0);
    CHECK(svcroute_document_get_error(document) == 0);

    const struct svcroute_node *root = svcroute_document_get_root(document);
    CHECK(svcroute_node_get_kind(root) == SVCROUTE_NODE_MAP && svcroute_node_num(root) == 3);
    const struct svcroute_node *metadata = svcroute_node_find(root, "metadata", 8);
    CHECK(svcroute_node_get_integer(svcroute_node_find(metadata, "generation", 10), &value) == 0);
    CHECK(value == 7);
    CHECK(svcroute_store_apply(world->store, document, NULL, NULL, NULL) == 0);
    CHECK(svcroute_store_num(world->store, SVCROUTE_KIND_NODE) == 1);
    CHECK(svcroute_document_end(document) == SVCROUTE_ERR_SEQUENCE);
    svcroute_document_free(document);
    CHECK(svcroute_store_remove(world->store, SVCROUTE_KIND_NODE, text(""), text("node-1")) == 0);
}

static void check_reader(struct world *world)
{
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    int num = 0, code;

    NEED(svcroute_reader_new(&reader, world->context, documents, sizeof documents - 1,
                             text("world.yaml"), SVCROUTE_FORMAT_AUTO) == 0);
    while ((code = svcroute_reader_next(reader, &document, world->diags)) == 0) {
        const struct svcroute_node *root = svcroute_document_get_root(document);
        CHECK(svcroute_node_get_line(root) > 0 && svcroute_node_get_column(root) > 0);
        svcroute_document_free(document);
        num++;
    }
    CHECK(code == SVCROUTE_ERR_END && document == NULL);
    CHECK(num == 5);
    svcroute_reader_free(reader);
}

static void check_watch_and_relist(struct world *world)
{
    static const char event[] =
        "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":"
        "{\"name\":\"node-2\",\"resourceVersion\":\"41\"}}}\n";
    struct svcroute_watch *watch;
    struct svcroute_relist *relist;
    uint64_t removed = 0;

    NEED(svcroute_watch_new(&watch, world->store, NULL) == 0);
    CHECK(svcroute_watch_feed(watch, event, 20, NULL, NULL) == 0);
    CHECK(svcroute_watch_feed(watch, event + 20, sizeof event - 21, NULL, NULL) == 0);
    CHECK(same(svcroute_watch_get_resource_version(watch), "41"));
    CHECK(svcroute_watch_restart(watch, text("42")) == 0);
    svcroute_watch_free(watch);
    CHECK(svcroute_store_num(world->store, SVCROUTE_KIND_NODE) == 1);

    NEED(svcroute_relist_begin(&relist, world->store, SVCROUTE_KIND_NODE, text("")) == 0);
    CHECK(svcroute_relist_commit(relist, &removed) == 0);
    CHECK(removed == 1 && svcroute_store_num(world->store, SVCROUTE_KIND_NODE) == 0);
}

static void check_store(struct world *world)
{
    struct svcroute_object_info info;
    uint64_t cursor = 0;
    size_t num = 0;

    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    while (svcroute_store_iterate(world->store, SVCROUTE_KIND_NONE, &cursor, &info) == 0) {
        CHECK(info.kind != SVCROUTE_KIND_NONE && same(info.namespace_, "shop"));
        num++;
    }
    CHECK(num == 5 && num == svcroute_store_num(world->store, SVCROUTE_KIND_NONE));
    CHECK(svcroute_store_get_version(world->store) > 1);
}

static void check_tree(struct world *world)
{
    const struct svcroute_service *both =
        svcroute_table_find_service(world->table, text("shop-both"));
    struct svcroute_service_info info;
    struct svcroute_child_info child;
    struct svcroute_server_info server;

    NEED(both != NULL);
    info.size = sizeof info;
    CHECK(svcroute_service_get_info(both, &info) == 0);
    CHECK(info.type == SVCROUTE_SERVICE_WEIGHTED && info.num_children == 2 &&
          info.num_servers == 0);
    CHECK(same(info.name, "shop-both") && same(info.object, "both"));

    child.size = sizeof child;
    CHECK(svcroute_service_get_child(world->table, both, 0, &child) == 0);
    CHECK(same(child.name, "shop-web-80") && child.weight == 3 &&
          child.role == SVCROUTE_CHILD_MEMBER);
    NEED(child.service != NULL);

    server.size = sizeof server;
    CHECK(svcroute_service_get_server(child.service, 1, &server) == 0);
    CHECK(same(server.url, "http://10.1.0.2:8080") && server.port == 8080);
    CHECK(server.address.size == 4 && memcmp(server.address.data, "\x0a\x01\x00\x02", 4) == 0);
    CHECK(svcroute_service_get_server(child.service, 2, &server) == SVCROUTE_ERR_NOT_FOUND);

    CHECK(svcroute_service_get_child(world->table, both, 1, &child) == 0);
    CHECK(same(child.name, "shop-partner-443"));
    CHECK(svcroute_service_get_server(child.service, 0, &server) == 0);
    CHECK(same(server.url, "https://partner.example:443") && server.address.size == 0);
    CHECK(svcroute_service_get_child(world->table, both, 2, &child) == SVCROUTE_ERR_NOT_FOUND);
}

static void check_routes(struct world *world)
{
    struct svcroute_listing *listing;
    struct svcroute_route_info info;

    NEED(svcroute_listing_new(&listing, world->table, SVCROUTE_LISTING_ROUTES) == 0);
    CHECK(svcroute_listing_num(listing) == 2 && svcroute_table_num_routes(world->table) == 2);
    for (size_t i = 0; i < svcroute_listing_num(listing); i++) {
        const struct svcroute_route *route = svcroute_listing_get_route(listing, i);
        info.size = sizeof info;
        CHECK(svcroute_route_get_info(world->table, route, &info) == 0);
        CHECK(svcroute_table_find_route(world->table, info.name) == route);
        CHECK(svcroute_route_get_service(world->table, route) != NULL);
        CHECK(same(svcroute_route_get_entry_point(route, 0), "websecure"));
        CHECK(svcroute_route_get_entry_point(route, 1).data == NULL);
        CHECK(info.priority == 0 && info.effective_priority == (int64_t)info.rule.size);
    }
    svcroute_listing_free(listing);
}

static void check_results(struct world *world)
{
    static const uint32_t formats[] = {SVCROUTE_EXPORT_JSON, SVCROUTE_EXPORT_YAML};
    struct svcroute_export *export_ = NULL;
    struct svcroute_changes *changes;
    struct svcroute_change_info change;
    struct svcroute_diag_info diag;

    for (size_t i = 0; i < 2; i++) {
        CHECK(svcroute_table_export(&export_, world->table, formats[i]) == 0);
        CHECK(svcroute_export_get_text(export_).size > 100);
        svcroute_export_free(export_);
    }
    CHECK(svcroute_explanation_num(world->explanation) > 0);

    NEED(svcroute_changes_new(&changes, world->table, world->next) == 0);
    CHECK(svcroute_changes_num(changes) > 0);
    change.size = sizeof change;
    while (svcroute_changes_next(changes, &change) == 0)
        CHECK(change.of == SVCROUTE_LISTING_SERVICES && change.name.size > 0);
    svcroute_changes_free(changes);

    diag.size = sizeof diag;
    CHECK(svcroute_diags_get(world->diags, 0, &diag) == 0);
    CHECK(diag.text.size > 0 && same(diag.namespace_, "shop"));
    CHECK(svcroute_diags_num_dropped(world->diags) == 0);
}

static void check_address(void)
{
    static const uint8_t local[4] = {127, 0, 0, 1}, remote[4] = {10, 0, 0, 1};

    CHECK(svcroute_address_is_local(local, 4));
    CHECK(!svcroute_address_is_local(remote, 4));
}

int main(void)
{
    struct world world;

    check_versions();
    check_registry();
    check_address();
    world_make(&world);
    check_builder(&world);
    check_watch_and_relist(&world);
    check_store(&world);
    check_routes(&world);
    check_tree(&world);
    check_results(&world);
    svcroute_diags_clear(world.diags);
    check_reader(&world);
    CHECK(svcroute_diags_num(world.diags) == 0);
    world_free(&world);
    return closing_line();
}
