/* Lists of JSON whose items are taken while the list is still being read: what comes of them must
 * not depend on the order of the list's keys, nor survive a list that turns out to be wrong. */
#include "store_tools.h"

#define ONE "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"one\"}}"
#define TWO "{\"metadata\":{\"name\":\"two\"},\"kind\":\"Service\",\"apiVersion\":\"v1\"}"
#define BARE "{\"metadata\":{\"name\":\"bare\"}}"
#define VERSION "\"apiVersion\":\"v1\""
#define LIST "\"kind\":\"List\""
#define BOTH "Service default/one\nService default/two\n"

struct row {
    const char *text, *content;
    uint64_t documents, accepted, rejected, ignored;
    bool strict;
};

static const struct row rows[] = {
    /* Every order of the keys, with more behind the items. */
    {"{" VERSION "," LIST ",\"items\":[" ONE "," TWO "]}", BOTH, 1, 2, 0, 0, false},
    {"{" LIST "," VERSION ",\"items\":[" ONE "," TWO "],\"metadata\":{}}", BOTH, 1, 2, 0, 0, false},
    {"{" VERSION ",\"items\":[" ONE "," TWO "]," LIST "}", BOTH, 1, 2, 0, 0, false},
    {"{\"items\":[" ONE "," TWO "]," VERSION "," LIST "}", BOTH, 1, 2, 0, 0, false},
    {"{" LIST ",\"items\":[" ONE "," TWO "]," VERSION "}", BOTH, 1, 2, 0, 0, false},
    /* Typed lists say what their items are, ahead of them or behind. */
    {"{" VERSION ",\"kind\":\"ServiceList\",\"items\":[" BARE "," ONE "]}",
     "Service default/bare\nService default/one\n", 1, 2, 0, 0, false},
    {"{" VERSION ",\"items\":[" ONE "," BARE "," TWO "],\"kind\":\"ServiceList\"}",
     "Service default/bare\n" BOTH, 1, 3, 0, 0, false},
    /* An item that is nothing harms nobody. */
    {"{" VERSION "," LIST ",\"items\":[" ONE "," BARE ",7,[],{}," TWO "]}", BOTH, 1, 2, 4, 0,
     false},
    {"{" VERSION ",\"items\":[" ONE ",7,[]," BARE "," TWO "]," LIST "}", BOTH, 1, 2, 3, 0, false},
    {"{" VERSION "," LIST ",\"items\":[]}", "", 1, 0, 0, 0, false},
    {"{" VERSION "," LIST ",\"items\":null}", "", 1, 0, 0, 0, false},
    {"{" VERSION "," LIST ",\"items\":" ONE "}", "", 1, 0, 1, 0, false},
    /* No list in the end. */
    {"{" VERSION ",\"items\":[" ONE "," TWO "],\"kind\":\"Pod\"}", "", 1, 0, 0, 1, false},
    {"{" VERSION ",\"kind\":\"Pod\",\"items\":[" ONE "," TWO "]}", "", 1, 0, 0, 1, false},
    {"{" VERSION ",\"items\":[" ONE "," TWO "]}", "", 1, 0, 1, 0, false},
    {"{" VERSION ",\"items\":[" ONE "," TWO "],\"kind\":7}", "", 1, 0, 1, 0, false},
    {"{" VERSION ",\"items\":[" ONE "],\"kind\":\"Service\",\"metadata\":{\"name\":\"own\"}}",
     "Service default/own\n", 1, 1, 0, 0, false},
    {"{\"apiVersion\":\"v2\"," LIST ",\"items\":[" ONE "]}", "", 1, 0, 0, 1, false},
    {"[{" VERSION "," LIST ",\"items\":[" ONE "]}]", "", 1, 0, 1, 0, false},
    {"{\"spec\":{\"items\":[" ONE "]}," VERSION "," LIST "}", "", 1, 0, 0, 0, false},
    /* Faults behind the items take all of the document back, and no other. */
    {ONE "\n{" VERSION "," LIST ",\"items\":[" TWO "]", "Service default/one\n", 2, 1, 1, 0, false},
    {ONE "\n{" VERSION "," LIST ",\"items\":[" TWO "," TWO ",]}", "Service default/one\n", 2, 1, 1,
     0, false},
    {"{" VERSION "," LIST ",\"items\":[" TWO "]," VERSION "}\n" ONE, "Service default/one\n", 2, 1,
     1, 0, false},
    {"{" VERSION "," LIST ",\"items\":[" ONE "],\"items\":[" TWO "]}", "", 1, 0, 1, 0, false},
    {"{" VERSION "," LIST ",\"items\":[" ONE ",{\"a\":1,\"a\":2}," TWO "]}", "", 1, 0, 1, 0, false},
    {"{" VERSION "," LIST ",\"items\":[" ONE "],\"other\":1}", "Service default/one\n", 1, 1, 0, 0,
     false},
    {"{" VERSION "," LIST ",\"items\":[" ONE "],\"other\":1}", "", 1, 0, 1, 0, true},
};

START_TEST(orders_and_faults)
{
    const struct row *row = &rows[_i];
    struct world world;
    world_open(&world);
    struct svcroute_load_options options = {.size = sizeof(options),
                                            .flags = row->strict ? SVCROUTE_LOAD_STRICT : 0};
    struct svcroute_load_result result = {.size = sizeof(result)};
    ck_assert_int_eq(
        svcroute_store_load(world.store, row->text, strlen(row->text), &options, &result, NULL), 0);
    char *content = picture(world.store, false);
    ck_assert_msg(strcmp(content, row->content) == 0, "row %d: %s", _i, content);
    free(content);
    ck_assert_msg(result.documents == row->documents && result.accepted == row->accepted &&
                      result.rejected == row->rejected && result.ignored == row->ignored,
                  "row %d: %d documents, %d accepted, %d rejected, %d ignored", _i,
                  (int)result.documents, (int)result.accepted, (int)result.rejected,
                  (int)result.ignored);
    check_store(world.store);
    world_close(&world);
}
END_TEST

/* A relist stages the items of a list that fails under nobody's name, so it must remove nothing. */
START_TEST(relist_of_half_a_list)
{
    static const char half[] = "{" VERSION "," LIST ",\"items\":[" TWO;
    struct world world;
    struct svcroute_relist *relist;
    uint64_t removed = 99;
    world_open(&world);
    ck_assert_int_eq(load(&world, ONE), 0);
    ck_assert_int_eq(
        svcroute_relist_begin(&relist, world.store, SVCROUTE_KIND_SERVICE, text_of("")), 0);
    ck_assert_int_eq(svcroute_relist_load(relist, half, strlen(half), NULL, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_relist_commit(relist, &removed), 0);
    ck_assert_uint_eq(removed, 0);
    char *content = picture(world.store, false);
    ck_assert_str_eq(content, "Service default/one\n");
    free(content);
    world_close(&world);
}
END_TEST

/* Nodes of items that were taken count for the limit all the same. */
START_TEST(limit_of_nodes)
{
    static const char text[] = "{" VERSION "," LIST ",\"items\":[" ONE "," ONE "," TWO "]}";
    /* The list has 7 nodes, an item 9. */
    for (uint64_t nodes = 7 + 3 * 9 - 2; nodes <= 7 + 3 * 9 + 1; nodes++) {
        struct svcroute_context_options options = {.size = sizeof(options), .nodes = nodes};
        struct world world;
        bool fits = nodes >= 7 + 3 * 9;
        world_open_with(&world, &options);
        ck_assert_int_eq(load(&world, text), 0);
        ck_assert_uint_eq(world.result.rejected, fits ? 0 : 1);
        ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), fits ? 2 : 0);
        world_close(&world);
    }
}
END_TEST

/* Running out of memory, or of objects, at an item fails the call and leaves the store alone. */
START_TEST(failures)
{
    static const char text[] = "{" VERSION "," LIST ",\"items\":[" ONE "," TWO "]}";
    bool done = false;
    for (uint64_t at = 1; !done; at++) {
        struct world world;
        world_open(&world);
        world.memory.fail_at = world.memory.calls + at;
        int error = svcroute_store_load(world.store, text, strlen(text), NULL, NULL, NULL);
        done = world.memory.calls < world.memory.fail_at;
        world.memory.fail_at = 0;
        ck_assert_int_eq(error, done ? 0 : SVCROUTE_ERR_NOMEM);
        ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), done ? 2 : 0);
        check_store(world.store);
        world_close(&world);
    }
    struct svcroute_context_options options = {.size = sizeof(options), .objects = 1};
    struct world world;
    world_open_with(&world, &options);
    ck_assert_int_eq(load(&world, text), SVCROUTE_ERR_LIMIT);
    ck_assert_uint_eq(svcroute_store_num(world.store, SVCROUTE_KIND_NONE), 0);
    world_close(&world);
}
END_TEST

/* A list as long as one likes needs no more memory to be read than its objects need in the end. */
START_TEST(memory_of_a_long_list)
{
    static const char item[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"},"
        "\"spec\":[1,2,3,4,5,6,7,8,9]}";
    const size_t num = 20000;
    char *text = malloc(num * sizeof(item) + 64);
    struct world world;
    ck_assert(text != NULL);
    size_t size = (size_t)sprintf(text, "{" VERSION ",\"items\":[");
    for (size_t i = 0; i < num; i++) {
        size += (size_t)sprintf(text + size, "%s%s", i == 0 ? "" : ",", item);
    }
    size += (size_t)sprintf(text + size, "]," LIST "}");
    world_open(&world);
    uint64_t calls = world.memory.calls;
    ck_assert_int_eq(svcroute_store_load(world.store, text, size, NULL, NULL, NULL), 0);
    ck_assert_uint_lt(world.memory.calls - calls, 30); /* nothing that grows with the list */
    world_close(&world);
    free(text);
}
END_TEST

Suite *suite_ahead(void)
{
    Suite *suite = suite_create("ahead");
    TCase *tcase = tcase_create("ahead");
    tcase_add_loop_test(tcase, orders_and_faults, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, relist_of_half_a_list);
    tcase_add_test(tcase, limit_of_nodes);
    tcase_add_test(tcase, failures);
    tcase_add_test(tcase, memory_of_a_long_list);
    suite_add_tcase(suite, tcase);
    return suite;
}
