/* Entities: edges, members in order, the list of changes. */
#include "store_tools.h"

static const char shop[] = "apiVersion: traefik.io/v1alpha1\n"
                           "kind: IngressRoute\n"
                           "metadata: {name: web, namespace: shop}\n"
                           "spec:\n"
                           "  parentRefs: [{name: top, namespace: edge}]\n"
                           "  routes:\n"
                           "  - match: Host(`a`)\n"
                           "    services:\n"
                           "    - {name: cart, port: 80, nodePortLB: true}\n"
                           "    - {name: split, kind: TraefikService, namespace: other}\n"
                           "    - {name: far@file, kind: TraefikService}\n"
                           "---\n"
                           "apiVersion: traefik.io/v1alpha1\n"
                           "kind: TraefikService\n"
                           "metadata: {name: split, namespace: other}\n"
                           "spec: {weighted: {services: [{name: cart, namespace: shop, port: 80}, "
                           "{name: split, kind: TraefikService}]}}\n";

START_TEST(edges_lead_to_names)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(load(&world, shop), 0);
    check_store(world.store);
    struct svcr_entity *web = entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "shop", "web");
    struct svcr_entity *split = entity_of(&world, SVCROUTE_KIND_TRAEFIK_SERVICE, "other", "split");
    struct svcr_entity *cart = entity_of(&world, SVCROUTE_KIND_SERVICE, "shop", "cart");
    struct svcr_entity *top = entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "edge", "top");
    ck_assert(web && split && cart && top);
    ck_assert_uint_eq(web->num_edges, 5);
    ck_assert_ptr_eq(web->edges[0].to, cart);
    ck_assert_ptr_eq(web->edges[1].to, split);
    ck_assert_ptr_null(web->edges[2].to);
    ck_assert_ptr_eq(web->edges[3].to, top);
    ck_assert_ptr_eq(web->edges[4].to, world.store->all_nodes);
    ck_assert_uint_eq(split->num_edges, 2);
    ck_assert_ptr_eq(split->edges[1].to, split);
    ck_assert_ptr_null(cart->object);
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_SERVICE, "shop", "split"));
    /* Names that nothing refers to any more are gone, but for the list of changes. */
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_INGRESS_ROUTE,
                                           text_of("shop"), text_of("web")),
                     0);
    check_store(world.store);
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "edge", "top"));
    ck_assert_ptr_eq(entity_of(&world, SVCROUTE_KIND_SERVICE, "shop", "cart"), cart);
    ck_assert(web->kept);
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                                           text_of("other"), text_of("split")),
                     0);
    check_store(world.store);
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_SERVICE, "shop", "cart"));
    ck_assert_uint_eq(world.store->num_entities, 3); /* all Nodes, web, split */
    /* And come back. */
    ck_assert_int_eq(load(&world, shop), 0);
    check_store(world.store);
    ck_assert_uint_eq(world.store->num_changes_kept, 0);
    world_close(&world);
}
END_TEST

START_TEST(edges_follow_the_object)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(load(&world, shop), 0);
    ck_assert_int_eq(
        load(&world, "apiVersion: traefik.io/v1alpha1\n"
                     "kind: TraefikService\n"
                     "metadata: {name: split, namespace: other}\n"
                     "spec: {mirroring: {name: cart, port: 80, mirrors: [{name: b, port: 80}]}}\n"),
        0);
    check_store(world.store);
    struct svcr_entity *split = entity_of(&world, SVCROUTE_KIND_TRAEFIK_SERVICE, "other", "split");
    ck_assert_uint_eq(split->num_edges, 2);
    ck_assert_ptr_eq(split->edges[0].to, entity_of(&world, SVCROUTE_KIND_SERVICE, "other", "cart"));
    ck_assert_ptr_eq(split->edges[1].to, entity_of(&world, SVCROUTE_KIND_SERVICE, "other", "b"));
    struct svcr_entity *cart = entity_of(&world, SVCROUTE_KIND_SERVICE, "shop", "cart");
    ck_assert_ptr_eq(cart->referrers->from,
                     entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "shop", "web"));
    ck_assert_ptr_null(cart->referrers->next);
    ck_assert_ptr_eq(split->referrers->from,
                     entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "shop", "web"));
    ck_assert_ptr_null(split->referrers->next);
    world_close(&world);
}
END_TEST

/* One slice as JSON; created NULL: absent. */
static int put_slice(struct world *world, const char *name, const char *service,
                     const char *created)
{
    char text[512], label[128] = "", time[128] = "";
    if (service)
        snprintf(label, sizeof(label), ",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}",
                 service);
    if (created)
        snprintf(time, sizeof(time), ",\"creationTimestamp\":\"%s\"", created);
    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
             "\"name\":\"%s\"%s%s},\"addressType\":\"IPv4\"}",
             name, label, time);
    return load_as(world, text, "slices");
}

static void check_order(const struct world *world, const char *service, const char *expected)
{
    char names[256] = "";
    const struct svcr_entity *owner = entity_of(world, SVCROUTE_KIND_SERVICE, "default", service);
    for (uint32_t i = 0; owner && i < owner->num_slices; i++) {
        svcr_text name = svcr_entity_name(owner->slices[i]);
        strncat(names, name.data, name.size);
        strcat(names, " ");
    }
    ck_assert_str_eq(names, expected);
    check_store(world->store);
}

START_TEST(slices_are_ordered)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(put_slice(&world, "m", "a", "2024-01-02T00:00:00Z"), 0);
    check_order(&world, "a", "m ");
    ck_assert_int_eq(put_slice(&world, "z", "a", "2024-01-01T00:00:00Z"), 0);
    ck_assert_int_eq(put_slice(&world, "y", "a", NULL), 0);
    ck_assert_int_eq(put_slice(&world, "b", "a", "2024-01-02T00:00:00Z"), 0);
    ck_assert_int_eq(put_slice(&world, "x", "a", NULL), 0);
    check_order(&world, "a", "x y z b m ");
    /* To another Service, to none, and back. */
    ck_assert_int_eq(put_slice(&world, "z", "b", "2024-01-01T00:00:00Z"), 0);
    check_order(&world, "a", "x y b m ");
    check_order(&world, "b", "z ");
    ck_assert_int_eq(put_slice(&world, "z", NULL, NULL), 0);
    check_order(&world, "b", "");
    ck_assert_int_eq(put_slice(&world, "z", "a", "2025-01-01T00:00:00Z"), 0);
    check_order(&world, "a", "x y b m z ");
    /* A new time moves it. */
    ck_assert_int_eq(put_slice(&world, "m", "a", NULL), 0);
    check_order(&world, "a", "m x y b z ");
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_ENDPOINT_SLICE, text_of(""), text_of("y")),
        0);
    check_order(&world, "a", "m x b z ");
    world_close(&world);
}
END_TEST

static void add_slice(char *text, size_t *used, unsigned number, unsigned service, unsigned second)
{
    *used += (size_t)sprintf(
        text + *used,
        "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":"
        "\"s%u\",\"labels\":{\"kubernetes.io/service-name\":\"v%u\"},\"creationTimestamp\":"
        "\"2024-01-01T00:00:%02uZ\"}}\n",
        number, service, second);
}

/* Many slices that come, move, change and go in each call, among few Services. */
START_TEST(slices_in_bulk)
{
    struct world world;
    uint32_t random = 12345;
    char *text = malloc(100000);
    world_open(&world);
    for (int round = 0; round < 60; round++) {
        size_t used = 0;
        unsigned num = round % 3 == 0 ? 300 : (unsigned)round % 3;
        for (unsigned i = 0; i < num; i++) {
            random = random * 1664525u + 1013904223u;
            add_slice(text, &used, (random >> 8) % 200, (random >> 16) % 3, (random >> 20) % 6);
        }
        text[used] = 0;
        ck_assert_int_eq(load(&world, text), 0);
        check_store(world.store);
        if (round % 7 == 6) {
            struct svcroute_relist *relist;
            used = 0;
            for (unsigned i = 0; i < 100; i++)
                add_slice(text, &used, i * 2, i % 3, i % 5);
            ck_assert_int_eq(svcroute_relist_begin(&relist, world.store,
                                                   SVCROUTE_KIND_ENDPOINT_SLICE, text_of("")),
                             0);
            ck_assert_int_eq(svcroute_relist_load(relist, text, used, NULL, NULL, NULL), 0);
            ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
            check_store(world.store);
            ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_ENDPOINT_SLICE), 100);
        }
    }
    free(text);
    world_close(&world);
}
END_TEST

START_TEST(nodes_are_ordered)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(
        load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n2\"}}\n"
                     "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n10\"}}\n"
                     "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}}\n"),
        0);
    check_store(world.store);
    ck_assert_uint_eq(world.store->num_nodes, 3);
    static const char *const names[] = {"n1", "n10", "n2"};
    for (size_t i = 0; i < 3; i++)
        ck_assert(svcr_text_same(svcr_entity_name(world.store->nodes[i]), text_of(names[i])));
    ck_assert_uint_eq(world.store->all_nodes->changed, world.store->version);
    ck_assert_int_eq(
        load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}"),
        0);
    ck_assert_uint_eq(world.store->all_nodes->changed, world.store->version - 1);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_NODE, text_of(""), text_of("n10")), 0);
    ck_assert_uint_eq(world.store->all_nodes->changed, world.store->version);
    check_store(world.store);
    ck_assert_uint_eq(world.store->num_nodes, 2);
    world_close(&world);
}
END_TEST

START_TEST(changes_mark_services)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(put_slice(&world, "s", "a", NULL), 0);
    struct svcr_entity *a = entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "a");
    ck_assert_uint_eq(a->changed, 2);
    ck_assert_int_eq(put_slice(&world, "s", "b", NULL), 0);
    struct svcr_entity *b = entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "b");
    ck_assert_uint_eq(b->changed, 3);
    ck_assert_uint_eq(a->changed, 3); /* kept for the list, or else nobody would know */
    ck_assert(a->kept && !b->kept);
    ck_assert_int_eq(
        load(&world,
             "{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"b\"}}"),
        0);
    ck_assert_uint_eq(b->changed, 4);
    ck_assert_ptr_eq(b->endpoints, entity_of(&world, SVCROUTE_KIND_ENDPOINTS, "default", "b"));
    check_store(world.store);
    ck_assert_int_eq(svcroute_store_remove(world.store, SVCROUTE_KIND_ENDPOINTS, text_of("default"),
                                           text_of("b")),
                     0);
    ck_assert_uint_eq(b->changed, 5);
    ck_assert_ptr_null(b->endpoints);
    check_store(world.store);
    /* The newest first. */
    ck_assert_uint_eq(world.store->newest->changed, 5);
    ck_assert_uint_eq(world.store->oldest->changed, 3);
    world_close(&world);
}
END_TEST

START_TEST(changes_are_bounded)
{
    struct world world;
    char text[256], name[32];
    world_open(&world);
    ck_assert_int_eq(
        load(&world,
             "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"stays\"}}"),
        0);
    unsigned num = SVCR_CHANGES_KEPT_MAX + 10;
    for (unsigned i = 0; i < num; i++) {
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s%u\"}}", i);
        ck_assert_int_eq(load(&world, text), 0);
        snprintf(name, sizeof(name), "s%u", i);
        ck_assert_int_eq(
            svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of(name)),
            0);
    }
    check_store(world.store);
    /* Version 2 stored what stays; s<i> was last changed by version 2i + 4. Ten were dropped, and
     * what stays is older than they, so it left the list too, and nothing else. */
    ck_assert_uint_eq(world.store->num_changes_kept, SVCR_CHANGES_KEPT_MAX);
    ck_assert_uint_eq(world.store->floor, 2 * 9 + 4);
    ck_assert_uint_eq(world.store->oldest->changed, 2 * 10 + 4);
    struct svcr_entity *stays = entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "stays");
    ck_assert_uint_eq(stays->changed, 0);
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "s9"));
    ck_assert_ptr_nonnull(entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "s10"));
    ck_assert_int_eq(load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                  "\"name\":\"stays\"},\"spec\":{\"type\":\"NodePort\"}}"),
                     0);
    ck_assert_ptr_eq(world.store->newest, stays);
    check_store(world.store);
    world_close(&world);
}
END_TEST

START_TEST(order_of_entities)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(load(&world, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                  "\"name\":\"b\",\"namespace\":\"a\"}}\n"
                                  "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                  "\"name\":\"ab\",\"namespace\":\"a\"}}\n"
                                  "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                                  "\"name\":\"a\",\"namespace\":\"ab\"}}\n"
                                  "{\"apiVersion\":\"traefik.io/"
                                  "v1alpha1\",\"kind\":\"TraefikService\",\"metadata\":{\"name\":"
                                  "\"z\",\"namespace\":\"z\"}}\n"),
                     0);
    const struct svcr_entity *order[] = {
        entity_of(&world, SVCROUTE_KIND_TRAEFIK_SERVICE, "z", "z"),
        entity_of(&world, SVCROUTE_KIND_SERVICE, "a", "ab"),
        entity_of(&world, SVCROUTE_KIND_SERVICE, "a", "b"),
        entity_of(&world, SVCROUTE_KIND_SERVICE, "ab", "a"),
    };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            int way = svcr_entity_compare(order[i], order[j]);
            ck_assert_int_eq((way > 0) - (way < 0), (i > j) - (i < j));
        }
    world_close(&world);
}
END_TEST

Suite *suite_entity(void)
{
    Suite *suite = suite_create("entity");
    TCase *tests = tcase_create("entity");
    tcase_add_test(tests, edges_lead_to_names);
    tcase_add_test(tests, edges_follow_the_object);
    tcase_add_test(tests, slices_are_ordered);
    tcase_add_test(tests, slices_in_bulk);
    tcase_add_test(tests, nodes_are_ordered);
    tcase_add_test(tests, changes_mark_services);
    tcase_add_test(tests, changes_are_bounded);
    tcase_add_test(tests, order_of_entities);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
