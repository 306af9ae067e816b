/* Relists: what they replace, what they leave, and what happens when they fail. */
#include "store_tools.h"

#define SERVICE(namespace_, name, type)                                                            \
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"namespace\":\"" namespace_        \
    "\",\"name\":\"" name "\"},\"spec\":{\"type\":\"" type "\"}}\n"
#define NODE(name)                                                                                 \
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" name "\"}}\n"

static const char cluster[] = SERVICE("a", "one", "ClusterIP") SERVICE("a", "two", "ClusterIP")
    SERVICE("b", "one", "ClusterIP") NODE("n1") NODE("n2");

static struct svcroute_relist *begin(struct world *world, uint32_t kind, const char *namespace_)
{
    struct svcroute_relist *relist;
    ck_assert_int_eq(svcroute_relist_begin(&relist, world->store, kind, text_of(namespace_)), 0);
    return relist;
}

static int stage(struct world *world, struct svcroute_relist *relist, const char *text)
{
    struct svcroute_load_options options = {.size = sizeof(options), .source = text_of("list")};
    world->result = (struct svcroute_load_result){.size = sizeof(world->result)};
    return svcroute_relist_load(relist, text, strlen(text), &options, &world->result, world->diags);
}

static void check_content(const struct world *world, const char *expected)
{
    char *content = picture(world->store, false);
    ck_assert_str_eq(content, expected);
    free(content);
    check_store(world->store);
}

START_TEST(scopes)
{
    static const struct {
        uint32_t kind;
        const char *namespace_, *text, *content;
        uint64_t removed;
    } cases[] = {
        {SVCROUTE_KIND_SERVICE, "", "", "Node /n1\nNode /n2\n", 3},
        {SVCROUTE_KIND_SERVICE, "a",
         SERVICE("a", "two", "NodePort") SERVICE("a", "three", "ClusterIP"),
         "Node /n1\nNode /n2\nService a/three\nService a/two\nService b/one\n", 1},
        {SVCROUTE_KIND_NONE, "", SERVICE("b", "one", "ClusterIP"), "Service b/one\n", 4},
        {SVCROUTE_KIND_NONE, "b", NODE("n3"), "Node /n3\nService a/one\nService a/two\n", 3},
        {SVCROUTE_KIND_NODE, "b", NODE("n2"),
         "Node /n2\nService a/one\nService a/two\nService b/one\n", 1},
        {SVCROUTE_KIND_ENDPOINTS, "", "",
         "Node /n1\nNode /n2\nService a/one\nService a/two\nService b/one\n", 0},
        {SVCROUTE_KIND_SERVICE, "nowhere", "",
         "Node /n1\nNode /n2\nService a/one\nService a/two\nService b/one\n", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;
        uint64_t removed = 99;
        world_open(&world);
        ck_assert_int_eq(load(&world, cluster), 0);
        struct svcroute_relist *relist = begin(&world, cases[i].kind, cases[i].namespace_);
        ck_assert_int_eq(stage(&world, relist, cases[i].text), 0);
        ck_assert_uint_eq(world.result.rejected, 0);
        check_content(&world, "Node /n1\nNode /n2\nService a/one\nService a/two\nService b/one\n");
        ck_assert_uint_eq(world.store->version, 2);
        ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
        ck_assert_uint_eq(removed, cases[i].removed);
        check_content(&world, cases[i].content);
        world_close(&world);
    }
}
END_TEST

START_TEST(outsiders)
{
    struct world world;
    struct svcroute_diag_info diag;
    world_open(&world);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_SERVICE, "a");
    ck_assert_int_eq(stage(&world, relist, cluster), 0);
    ck_assert_result(world.result, 2, 0, 3, 0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_OUT_OF_SCOPE, &diag), 3);
    ck_assert(svcr_text_same(diag.name, text_of("n2")));
    ck_assert_uint_eq(diag.line, 5);
    ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
    check_content(&world, "Service a/one\nService a/two\n");
    world_close(&world);
}
END_TEST

START_TEST(same_list_again)
{
    struct world world;
    uint64_t removed = 99;
    world_open(&world);
    ck_assert_int_eq(load_as(&world, cluster, "list"), 0);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_NONE, "");
    ck_assert_int_eq(stage(&world, relist, cluster), 0);
    ck_assert_result(world.result, 0, 5, 0, 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 0);
    ck_assert_uint_eq(world.store->version, 2);
    relist = begin(&world, SVCROUTE_KIND_NONE, "");
    ck_assert_int_eq(stage(&world, relist, cluster), 0);
    svcroute_relist_abort(relist);
    svcroute_relist_abort(NULL);
    ck_assert_uint_eq(world.store->version, 2);
    world_close(&world);
}
END_TEST

/* A refused object is not a missing one. */
START_TEST(refused_objects_stay)
{
    struct world world;
    uint64_t removed = 99;
    world_open(&world);
    ck_assert_int_eq(load(&world, cluster), 0);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_SERVICE, "");
    ck_assert_int_eq(stage(&world, relist,
                           "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                           "\"namespace\":\"a\",\"name\":\"one\"},\"spec\":{\"type\":1}}\n"
                           "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                           "\"namespace\":\"a\",\"name\":\"new\"},\"spec\":{\"type\":1}}\n"),
                     0);
    ck_assert_result(world.result, 0, 0, 2, 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 2);
    check_content(&world, "Node /n1\nNode /n2\nService a/one\n");
    /* One whose name nobody can know may be any of them. */
    static const char *const unknown[] = {
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":7}}\n", "[]\n",
        "{\"a\n", "{\"a\":1,\"a\":2}\n"};
    for (size_t i = 0; i < 4; i++) {
        relist = begin(&world, SVCROUTE_KIND_NONE, "");
        ck_assert_int_eq(stage(&world, relist, unknown[i]), 0);
        ck_assert_uint_eq(world.result.rejected, 1);
        ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
        ck_assert_uint_eq(removed, 0);
        check_content(&world, "Node /n1\nNode /n2\nService a/one\n");
    }
    world_close(&world);
}
END_TEST

/* The store may change between begin and commit: the relist wins, judged by what is stored then. */
START_TEST(store_changes_meanwhile)
{
    struct world world;
    uint64_t removed = 99;
    world_open(&world);
    ck_assert_int_eq(load_as(&world, cluster, "list"), 0);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_SERVICE, "");
    ck_assert_int_eq(
        stage(&world, relist, SERVICE("a", "one", "ClusterIP") SERVICE("a", "two", "NodePort")), 0);
    ck_assert_result(world.result, 1, 1, 0, 0);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of("a"), text_of("one")), 0);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of("a"), text_of("two")), 0);
    for (unsigned i = 0; i < 5000; i++) { /* enough for the names to leave the list of changes */
        char text[128], name[16];
        snprintf(name, sizeof(name), "x%u", i);
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\"}}",
                 name);
        ck_assert_int_eq(load(&world, text), 0);
        ck_assert_int_eq(
            svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of(name)),
            0);
    }
    ck_assert_ptr_null(entity_of(&world, SVCROUTE_KIND_SERVICE, "a", "one"));
    ck_assert_int_eq(stage(&world, relist, SERVICE("a", "three", "NodePort")), 0);
    ck_assert_int_eq(load(&world, SERVICE("a", "three", "NodePort") SERVICE("c", "c", "NodePort")),
                     0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 2);
    check_content(&world, "Node /n1\nNode /n2\nService a/one\nService a/three\nService a/two\n");
    world_close(&world);
}
END_TEST

/* The same without a change behind the last load. */
START_TEST(store_changes_between_loads)
{
    struct world world;
    world_open(&world);
    ck_assert_int_eq(load_as(&world, cluster, "list"), 0);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_SERVICE, "a");
    ck_assert_int_eq(stage(&world, relist, SERVICE("a", "one", "ClusterIP")), 0);
    ck_assert_result(world.result, 0, 1, 0, 0);
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_SERVICE, text_of("a"), text_of("one")), 0);
    ck_assert_int_eq(stage(&world, relist, SERVICE("a", "three", "ClusterIP")), 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
    check_content(&world, "Node /n1\nNode /n2\nService a/one\nService a/three\nService b/one\n");
    world_close(&world);
}
END_TEST

START_TEST(duplicates_over_loads)
{
    struct world world;
    struct svcroute_diag_info diag;
    world_open(&world);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_NONE, "");
    ck_assert_int_eq(stage(&world, relist, SERVICE("a", "one", "ClusterIP")), 0);
    ck_assert_int_eq(svcroute_relist_load(relist, SERVICE("a", "one", "NodePort"),
                                          strlen(SERVICE("a", "one", "NodePort")), NULL, NULL,
                                          world.diags),
                     0);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_DUPLICATE_OBJECT, &diag), 1);
    ck_assert(text_has(diag.text, "line 1, column 1 of list"));
    /* Refused later: the one that was good stays. */
    ck_assert_int_eq(stage(&world, relist,
                           "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"
                           "\"namespace\":\"a\",\"name\":\"one\"},\"spec\":{\"type\":1}}\n"),
                     0);
    ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
    const struct svcr_entity *one = entity_of(&world, SVCROUTE_KIND_SERVICE, "a", "one");
    const struct svcr_service *service = (const void *)one->object;
    ck_assert(svcr_text_same(svcr_object_text(service, service->type), text_of("NodePort")));
    check_content(&world, "Service a/one\n");
    world_close(&world);
}
END_TEST

START_TEST(limit_of_objects)
{
    struct world world;
    struct svcroute_context_options options;
    uint64_t removed = 99;
    svcroute_context_options_init(&options, sizeof(options));
    options.objects = 5;
    world_open_with(&world, &options);
    ck_assert_int_eq(load(&world, cluster), 0);
    /* Those that go make room for those that come. */
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_SERVICE, "");
    ck_assert_int_eq(stage(&world, relist,
                           SERVICE("c", "1", "NodePort") SERVICE("c", "2", "NodePort")
                               SERVICE("c", "3", "NodePort")),
                     0);
    /* A call that reaches the limit leaves no trace, not even where it put something in the place
     * of something staged before. */
    ck_assert_int_eq(stage(&world, relist,
                           SERVICE("c", "1", "ClusterIP") SERVICE("c", "4", "NodePort")
                               SERVICE("c", "5", "NodePort") SERVICE("c", "6", "NodePort")),
                     SVCROUTE_ERR_LIMIT);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 3);
    check_content(&world, "Node /n1\nNode /n2\nService c/1\nService c/2\nService c/3\n");
    const struct svcr_service *service =
        (const void *)entity_of(&world, SVCROUTE_KIND_SERVICE, "c", "1")->object;
    ck_assert(svcr_text_same(svcr_object_text(service, service->type), text_of("NodePort")));
    /* One too many: nothing changes, and the relist can still be ended. */
    relist = begin(&world, SVCROUTE_KIND_SERVICE, "");
    ck_assert_int_eq(stage(&world, relist,
                           SERVICE("d", "1", "NodePort") SERVICE("d", "2", "NodePort")
                               SERVICE("d", "3", "NodePort") SERVICE("d", "4", "NodePort")),
                     0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), SVCROUTE_ERR_LIMIT);
    check_content(&world, "Node /n1\nNode /n2\nService c/1\nService c/2\nService c/3\n");
    ck_assert_int_eq(
        svcroute_store_remove(world.store, SVCROUTE_KIND_NODE, text_of(""), text_of("n1")), 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 3);
    check_content(&world, "Node /n2\nService d/1\nService d/2\nService d/3\nService d/4\n");
    world_close(&world);
}
END_TEST

/* A failed load of many items takes back exactly its own, index of names included. */
START_TEST(rewind_of_many)
{
    struct world world;
    char *text = malloc(200000);
    world_open(&world);
    struct svcroute_relist *relist = begin(&world, SVCROUTE_KIND_NONE, "");
    size_t used = 0;
    for (unsigned i = 0; i < 100; i++)
        used += (size_t)sprintf(text + used, SERVICE("a", "s%u", "ClusterIP"), i);
    ck_assert_int_eq(stage(&world, relist, text), 0);
    used = 0;
    for (unsigned i = 50; i < 250; i++)
        used += (size_t)sprintf(text + used, SERVICE("a", "s%u", "NodePort"), i % 200);
    for (uint64_t n = 1; n < 600; n += 7) {
        world.memory.calls = 0;
        world.memory.fail_at = n;
        int error = stage(&world, relist, text);
        world.memory.fail_at = 0;
        if (!error)
            break;
        ck_assert_int_eq(error, SVCROUTE_ERR_NOMEM);
        ck_assert_uint_lt(n, 590);
    }
    svcroute_relist_abort(relist);
    relist = begin(&world, SVCROUTE_KIND_NONE, "");
    char *first = malloc(50000);
    used = 0;
    for (unsigned i = 0; i < 100; i++)
        used += (size_t)sprintf(first + used, SERVICE("a", "s%u", "ClusterIP"), i);
    ck_assert_int_eq(stage(&world, relist, first), 0);
    world.memory.calls = 0;
    world.memory.fail_at = 150;
    world.memory.and_after = true;
    ck_assert_int_eq(stage(&world, relist, text), SVCROUTE_ERR_NOMEM);
    world.memory.fail_at = 0;
    /* Were a name lost from the index, the commit would miss it and take the object away. */
    ck_assert_int_eq(load(&world, text), 0);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 200);
    ck_assert_int_eq(svcroute_relist_commit(relist, NULL), 0);
    check_store(world.store);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 100);
    for (unsigned i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "s%u", i);
        const struct svcr_service *service =
            (const void *)entity_of(&world, SVCROUTE_KIND_SERVICE, "a", name)->object;
        ck_assert(svcr_text_same(svcr_object_text(service, service->type), text_of("ClusterIP")));
    }
    free(first);
    free(text);
    world_close(&world);
}
END_TEST

static void fail_each(bool and_after)
{
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct world world;
        struct svcroute_relist *relist;
        uint64_t removed;
        world_open(&world);
        ck_assert_int_eq(load(&world, cluster), 0);
        world.memory.calls = 0;
        world.memory.fail_at = n;
        world.memory.and_after = and_after;
        int error =
            svcroute_relist_begin(&relist, world.store, SVCROUTE_KIND_SERVICE, text_of("a"));
        if (error) {
            ck_assert_ptr_null(relist);
        } else {
            const char *text = SERVICE("a", "new", "NodePort") SERVICE("a", "new2", "NodePort");
            error = stage(&world, relist, text);
            if (error) {
                world.memory.fail_at = 0;
                ck_assert_int_eq(stage(&world, relist, text), 0);
            }
            error = svcroute_relist_commit(relist, &removed);
            if (error) {
                world.memory.fail_at = 0;
                check_content(&world,
                              "Node /n1\nNode /n2\nService a/one\nService a/two\nService b/one\n");
                ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
            }
            ck_assert_uint_eq(removed, 2);
            check_content(&world,
                          "Node /n1\nNode /n2\nService a/new\nService a/new2\nService b/one\n");
            done = world.memory.calls < n;
        }
        ck_assert(error == 0 || error == SVCROUTE_ERR_NOMEM);
        world.memory.fail_at = 0;
        world_close(&world);
    }
}

START_TEST(no_memory)
{
    fail_each(false);
    fail_each(true);
}
END_TEST

START_TEST(arguments)
{
    struct world world;
    struct svcroute_relist *relist = (void *)1;
    world_open(&world);
    ck_assert_int_eq(svcroute_relist_begin(NULL, world.store, 0, text_of("")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_relist_begin(&relist, NULL, 0, text_of("")), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(relist);
    ck_assert_int_eq(svcroute_relist_begin(&relist, world.store, 7, text_of("")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_relist_begin(&relist, world.store, 0, (svcr_text){NULL, 3}),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_relist_load(NULL, "", 0, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_relist_apply(NULL, NULL, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_relist_commit(NULL, NULL), SVCROUTE_ERR_INVALID);
    /* A relist may outlive its store as far as its end goes. */
    relist = begin(&world, SVCROUTE_KIND_NONE, "a");
    ck_assert_int_eq(stage(&world, relist, SERVICE("a", "one", "ClusterIP")), 0);
    svcroute_store_free(world.store);
    world.store = NULL;
    svcroute_relist_abort(relist);
    world_close(&world);
}
END_TEST

Suite *suite_relist(void)
{
    Suite *suite = suite_create("relist");
    TCase *tests = tcase_create("relist");
    tcase_add_test(tests, scopes);
    tcase_add_test(tests, outsiders);
    tcase_add_test(tests, same_list_again);
    tcase_add_test(tests, refused_objects_stay);
    tcase_add_test(tests, store_changes_meanwhile);
    tcase_add_test(tests, store_changes_between_loads);
    tcase_add_test(tests, duplicates_over_loads);
    tcase_add_test(tests, limit_of_objects);
    tcase_add_test(tests, rewind_of_many);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, arguments);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
