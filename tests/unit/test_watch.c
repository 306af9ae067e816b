/* Watch streams: framing, events, resynchronising, starting over. */
#include "store_tools.h"

#define EVENT(type, kind_version, kind, meta, rest)                                                \
    "{\"type\":\"" type "\",\"object\":{\"apiVersion\":\"" kind_version "\",\"kind\":\"" kind      \
    "\",\"metadata\":{" meta "}" rest "}}\n"
#define SERVICE(type, name, version, rest)                                                         \
    EVENT(type, "v1", "Service", "\"name\":\"" name "\",\"resourceVersion\":\"" version "\"", rest)

static struct svcroute_watch *watch_new(struct world *world)
{
    struct svcroute_load_options options = {.size = sizeof(options), .source = text_of("stream")};
    struct svcroute_watch *watch;
    ck_assert_int_eq(svcroute_watch_new(&watch, world->store, &options), 0);
    return watch;
}

static int feed(struct world *world, struct svcroute_watch *watch, const char *text)
{
    world->result = (struct svcroute_load_result){.size = sizeof(world->result)};
    return svcroute_watch_feed(watch, text, strlen(text), &world->result, world->diags);
}

static void check_version(const struct svcroute_watch *watch, const char *expected)
{
    ck_assert(svcr_text_same(svcroute_watch_get_resource_version(watch), text_of(expected)));
}

static void check_content(const struct world *world, const char *expected)
{
    char *content = picture(world->store, false);
    ck_assert_str_eq(content, expected);
    free(content);
    check_store(world->store);
}

START_TEST(events)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    check_version(watch, "");
    ck_assert_int_eq(feed(&world, watch, SERVICE("ADDED", "a", "10", "")), 0);
    ck_assert_result(world.result, 1, 0, 0, 0);
    check_version(watch, "10");
    check_content(&world, "Service default/a\n");
    ck_assert_uint_eq(world.store->version, 2);
    /* The same content costs nothing, wherever in the stream it stands. */
    ck_assert_int_eq(feed(&world, watch, SERVICE("MODIFIED", "a", "11", "")), 0);
    ck_assert_result(world.result, 0, 1, 0, 0);
    ck_assert_uint_eq(world.store->version, 2);
    check_version(watch, "11");
    ck_assert_int_eq(
        feed(&world, watch, SERVICE("MODIFIED", "a", "12", ",\"spec\":{\"type\":\"NodePort\"}")),
        0);
    ck_assert_result(world.result, 1, 0, 0, 0);
    ck_assert_uint_eq(world.store->version, 3);
    struct svcroute_object_info info = {.size = sizeof(info)};
    ck_assert_int_eq(
        svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("a"), &info),
        0);
    ck_assert_uint_eq(info.line, 3);
    ck_assert_uint_eq(info.column, 29);
    ck_assert(svcr_text_same(info.source, text_of("stream")));
    /* Bookmarks of any kind, ignored and refused objects move the version too. */
    ck_assert_int_eq(
        feed(&world, watch, EVENT("BOOKMARK", "v1", "Pod", "\"resourceVersion\":\"20\"", "")), 0);
    ck_assert_result(world.result, 0, 0, 0, 0);
    check_version(watch, "20");
    ck_assert_int_eq(
        feed(&world, watch,
             EVENT("ADDED", "v1", "Pod", "\"name\":\"p\",\"resourceVersion\":\"21\"", "")),
        0);
    ck_assert_result(world.result, 0, 0, 0, 1);
    check_version(watch, "21");
    ck_assert_int_eq(feed(&world, watch, SERVICE("MODIFIED", "a", "22", ",\"spec\":{\"type\":7}")),
                     0);
    ck_assert_result(world.result, 0, 0, 1, 0);
    check_version(watch, "22");
    check_content(&world, "Service default/a\n");
    ck_assert_int_eq(
        feed(&world, watch, EVENT("BOOKMARK", "v1", "Pod", "\"resourceVersion\":\"\"", "")), 0);
    check_version(watch, "22");
    /* Removals. */
    ck_assert_int_eq(feed(&world, watch,
                          SERVICE("DELETED", "other", "23", "")
                              SERVICE("DELETED", "a", "24", ",\"spec\":{\"type\":7}")),
                     0);
    ck_assert_result(world.result, 1, 1, 0, 0);
    ck_assert_uint_eq(world.result.documents, 2);
    check_content(&world, "");
    check_version(watch, "24");
    ck_assert_int_eq(feed(&world, watch, EVENT("DELETED", "v1", "Pod", "\"name\":\"p\"", "")), 0);
    ck_assert_result(world.result, 0, 0, 0, 1);
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

START_TEST(removal_of_a_generated_name)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    ck_assert_int_eq(
        feed(&world, watch,
             EVENT("ADDED", "traefik.io/v1alpha1", "IngressRoute", "\"generateName\":\"x-\"", "")),
        0);
    check_content(&world, "IngressRoute default/\n");
    ck_assert_int_eq(feed(&world, watch,
                          EVENT("DELETED", "traefik.io/v1alpha1", "IngressRoute",
                                "\"generateName\":\"x-\"", "")),
                     0);
    check_content(&world, "");
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

START_TEST(bad_lines)
{
    static const char *const bad[] = {
        "nonsense\n",
        "{\"type\":\"ADDED\",\"object\":\n",
        "[]\n",
        "5\n",
        "{}\n",
        "{\"type\":\"ADDED\"}\n",
        "{\"type\":\"ADDED\",\"object\":[]}\n",
        "{\"type\":\"added\",\"object\":{}}\n",
        "{\"type\":5,\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"type\":\"ADDED\",\"object\":{}}\n",
        ("{\"type\":\"DELETED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Service\","
         "\"metadata\":"
         "{\"name\":1}}}\n"),
        "\"\xff\"\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct world world;
        struct svcroute_diag_info diag;
        world_open(&world);
        struct svcroute_watch *watch = watch_new(&world);
        char text[1000];
        snprintf(text, sizeof(text), "%s%s%s", SERVICE("ADDED", "a", "1", ""), bad[i],
                 SERVICE("ADDED", "b", "2", ""));
        ck_assert_int_eq(feed(&world, watch, text), 0);
        ck_assert_result(world.result, 2, 0, 1, 0);
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_BAD_EVENT, &diag), 1);
        ck_assert_uint_eq(diag.line, 2);
        ck_assert(svcr_text_same(diag.source, text_of("stream")));
        check_content(&world, "Service default/a\nService default/b\n");
        check_version(watch, "2");
        svcroute_watch_free(watch);
        world_close(&world);
    }
}
END_TEST

START_TEST(blank_lines_and_cr)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    ck_assert_int_eq(feed(&world, watch, "\n\r\n  \t\n\r\n"), 0);
    ck_assert_uint_eq(world.result.documents, 0);
    ck_assert_int_eq(
        feed(&world, watch,
             "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"}}}\r\n"),
        0);
    check_version(watch, "5");
    ck_assert_uint_eq(svcroute_diags_num(world.diags), 0);
    /* A line that does not end yet is not read yet. */
    ck_assert_int_eq(
        feed(&world, watch,
             "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"6\"}}}\r"),
        0);
    check_version(watch, "5");
    ck_assert_int_eq(feed(&world, watch, "\n"), 0);
    check_version(watch, "6");
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

START_TEST(start_over)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{}"
         ",\"message\":\"too old\",\"code\":410}}\n",
         "too old (code 410)"},
        {"{\"type\":\"ERROR\",\"object\":{\"code\":500}}\n", "no reason given (code 500)"},
        {"{\"type\":\"ERROR\"}\n", "(code 0)"},
        {"{\"type\":\"ERROR\",\"object\":\"x\"}\n", "(code 0)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;
        struct svcroute_diag_info diag;
        char text[1000];
        world_open(&world);
        struct svcroute_watch *watch = watch_new(&world);
        snprintf(text, sizeof(text), "%s%s%s", SERVICE("ADDED", "a", "1", ""), cases[i].line,
                 SERVICE("ADDED", "b", "2", ""));
        ck_assert_int_eq(feed(&world, watch, text), SVCROUTE_ERR_START_OVER);
        ck_assert_result(world.result, 1, 0, 0, 0);
        ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_WATCH_ERROR, &diag), 1);
        ck_assert(text_has(diag.text, cases[i].text));
        ck_assert_uint_eq(diag.line, 2);
        check_content(&world, "Service default/a\n");
        check_version(watch, "1");
        ck_assert_int_eq(feed(&world, watch, SERVICE("ADDED", "c", "3", "")),
                         SVCROUTE_ERR_START_OVER);
        ck_assert_int_eq(feed(&world, watch, ""), SVCROUTE_ERR_START_OVER);
        check_content(&world, "Service default/a\n");
        ck_assert_int_eq(svcroute_watch_restart(watch, text_of("")), 0);
        check_version(watch, "1");
        ck_assert_int_eq(svcroute_watch_restart(watch, text_of("100")), 0);
        check_version(watch, "100");
        ck_assert_int_eq(feed(&world, watch, SERVICE("ADDED", "d", "101", "")), 0);
        check_content(&world, "Service default/a\nService default/d\n");
        check_version(watch, "101");
        svcroute_watch_free(watch);
        world_close(&world);
    }
}
END_TEST

START_TEST(long_message)
{
    struct world world;
    struct svcroute_diag_info diag;
    char text[2000] = "{\"type\":\"ERROR\",\"object\":{\"message\":\"";
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    for (int i = 0; i < 400; i++)
        strcat(text, i ? "\u00e9" : "x");
    strcat(text, "\"}}\n");
    ck_assert_int_eq(feed(&world, watch, text), SVCROUTE_ERR_START_OVER);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_WATCH_ERROR, &diag), 1);
    ck_assert(text_has(diag.text, "\u00e9 (code 0)"));
    ck_assert_uint_lt(diag.text.size, 500);
    ck_assert(svcr_utf8_valid(diag.text.data, diag.text.size));
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

START_TEST(restart_forgets_half_a_line)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    ck_assert_int_eq(feed(&world, watch, "\n\n{\"type\":"), 0);
    ck_assert_int_eq(svcroute_watch_restart(watch, text_of("")), 0);
    ck_assert_int_eq(feed(&world, watch, SERVICE("ADDED", "a", "1", "")), 0);
    ck_assert_result(world.result, 1, 0, 0, 0);
    struct svcroute_object_info info = {.size = sizeof(info)};
    ck_assert_int_eq(
        svcroute_store_get(world.store, SVCROUTE_KIND_SERVICE, text_of(""), text_of("a"), &info),
        0);
    ck_assert_uint_eq(info.line, 1);
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

/* A stream with everything in it, and one oversized line; lines over 400 bytes are too long here.
 */
static const char stream[] = SERVICE("ADDED", "a", "1", "") EVENT(
    "ADDED", "traefik.io/v1alpha1", "IngressRoute", "\"name\":\"r\",\"namespace\":\"x\"",
    ",\"spec\":{\"routes\":[{\"match\":\"Host(`\\u00e9.example`)\",\"services\":[{\"name\":\"a\","
    "\"port\":80}]}]}") "\r\n"
                        "{broken\n" EVENT(
                            "ADDED", "discovery.k8s.io/v1", "EndpointSlice",
                            "\"name\":\"s1\",\"labels\":{\"kubernetes.io/service-name\":\"a\"}",
                            "") "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":"
                                "\"Service\",\"metadata\":{\"name\":\"long\",\"annotations\":{"
                                "\"x\":\""
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "\"}}}}\r\n" EVENT("ADDED", "v1", "Node", "\"name\":\"n1\"", "")
                                    EVENT("ADDED", "v1", "Pod",
                                          "\"name\":\"p\",\"resourceVersion\":\"7\"", "")
                                        SERVICE("ADDED", "b", "8", "")
                                            SERVICE("MODIFIED", "a", "9",
                                                    ",\"spec\":{\"type\":\"NodePort\"}")
                                                SERVICE("DELETED", "b", "10", "")
                                                    EVENT("BOOKMARK", "v1", "Service",
                                                          "\"resourceVersion\":\"11\"", "")
                                                        SERVICE("ADDED", "half", "12", "");

/* What comes out of the stream when it is cut after every `step` bytes; 0: at random places. */
static char *outcome(size_t step, uint32_t random)
{
    struct world world;
    struct svcroute_context_options options;
    struct svcroute_load_result sum = {0};
    svcroute_context_options_init(&options, sizeof(options));
    options.input_bytes = 400;
    world_open_with(&world, &options);
    struct svcroute_watch *watch = watch_new(&world);
    size_t size = sizeof(stream) - 2; /* the last line break is missing */
    for (size_t at = 0; at < size;) {
        struct svcroute_load_result result = {.size = sizeof(result)};
        random = random * 1664525u + 1013904223u;
        size_t length = step ? step : (random >> 16) % 90;
        length = length > size - at ? size - at : length;
        char *exact = malloc(length ? length : 1); /* so that a step over its end is seen */
        memcpy(exact, stream + at, length);
        ck_assert_int_eq(svcroute_watch_feed(watch, exact, length, &result, world.diags), 0);
        free(exact);
        sum.documents += result.documents;
        sum.accepted += result.accepted;
        sum.rejected += result.rejected;
        sum.ignored += result.ignored;
        at += length;
    }
    char *content = picture(world.store, true);
    char *whole = malloc(strlen(content) + 4000);
    int used = sprintf(
        whole, "%s%d documents, %d accepted, %d rejected, %d ignored, version %.*s, store %d\n",
        content, (int)sum.documents, (int)sum.accepted, (int)sum.rejected, (int)sum.ignored,
        SVCR_ARG(svcroute_watch_get_resource_version(watch)), (int)world.store->version);
    for (size_t i = 0; i < svcroute_diags_num(world.diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        svcroute_diags_get(world.diags, i, &info);
        used +=
            sprintf(whole + used, "%u:%u %.*s\n", info.line, info.column, SVCR_ARG(info.id_name));
    }
    check_store(world.store);
    free(content);
    svcroute_watch_free(watch);
    world_close(&world);
    return whole;
}

START_TEST(cut_anywhere)
{
    char *whole = outcome(sizeof(stream), 0);
    ck_assert_str_eq(whole, "EndpointSlice default/s1 v stream:5:26\n"
                            "IngressRoute x/r v stream:2:26\n"
                            "Node /n1 v stream:7:26\n"
                            "Service default/a v9 stream:10:29\n"
                            "11 documents, 7 accepted, 2 rejected, 1 ignored, version 11, store 8\n"
                            "4:2 json-syntax\n"
                            "4:1 bad-event\n"
                            "6:1 bad-event\n");
    for (size_t step = 1; step < 40; step++) {
        char *cut = outcome(step, 0);
        ck_assert_str_eq(cut, whole);
        free(cut);
    }
    for (uint32_t seed = 1; seed < 200; seed++) {
        char *cut = outcome(0, seed * 2654435761u);
        ck_assert_str_eq(cut, whole);
        free(cut);
    }
    free(whole);
}
END_TEST

/* A line that is all in one piece is read where it lies. */
START_TEST(whole_lines_are_not_copied)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    ck_assert_int_eq(
        feed(&world, watch, SERVICE("ADDED", "a", "10", "") SERVICE("ADDED", "a", "11", "")), 0);
    int64_t before = world.memory.bytes;
    size_t size = 1000000;
    char *line = malloc(size + 200);
    int used = sprintf(line, "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":"
                             "\"Pod\",\"metadata\":{\"name\":\"");
    memset(line + used, 'x', size);
    strcpy(line + used + size, "\"}}}\n");
    ck_assert_int_eq(feed(&world, watch, line), 0);
    ck_assert_result(world.result, 0, 0, 0, 1);
    ck_assert_int_lt(world.memory.bytes - before, 50000);
    /* In two pieces it is, but not for long. */
    size_t half = size / 2;
    ck_assert_int_eq(svcroute_watch_feed(watch, line, half, NULL, NULL), 0);
    ck_assert_int_ge(world.memory.bytes - before, 400000);
    ck_assert_int_eq(svcroute_watch_feed(watch, line + half, strlen(line) - half, NULL, NULL), 0);
    ck_assert_int_lt(world.memory.bytes - before, 2000000);
    free(line);
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

/* A half line that grows by bytes costs a logarithm of allocations. */
START_TEST(half_lines_scale)
{
    struct world world;
    world_open(&world);
    struct svcroute_watch *watch = watch_new(&world);
    world.memory.calls = 0;
    for (unsigned i = 0; i < 200000; i++)
        ck_assert_int_eq(svcroute_watch_feed(watch, "x", 1, NULL, NULL), 0);
    ck_assert_uint_lt(world.memory.calls, 60);
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

START_TEST(limit_of_objects)
{
    struct world world;
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof(options));
    options.objects = 1;
    world_open_with(&world, &options);
    struct svcroute_watch *watch = watch_new(&world);
    ck_assert_int_eq(feed(&world, watch,
                          SERVICE("ADDED", "a", "1", "") SERVICE("ADDED", "b", "2", "")
                              SERVICE("DELETED", "a", "3", "")),
                     SVCROUTE_ERR_LIMIT);
    ck_assert_uint_eq(num_diags(world.diags, SVCR_DIAG_LIMIT_OBJECTS, NULL), 1);
    check_content(&world, "Service default/a\n");
    check_version(watch, "1");
    /* Events are lost, so later ones make no sense. */
    ck_assert_int_eq(feed(&world, watch, SERVICE("DELETED", "a", "3", "")),
                     SVCROUTE_ERR_START_OVER);
    ck_assert_int_eq(svcroute_watch_restart(watch, text_of("")), 0);
    ck_assert_int_eq(feed(&world, watch, SERVICE("DELETED", "a", "3", "")), 0);
    check_content(&world, "");
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

static void fail_each(bool and_after)
{
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct world world;
        struct svcroute_watch *watch;
        world_open(&world);
        world.memory.calls = 0;
        world.memory.fail_at = n;
        world.memory.and_after = and_after;
        struct svcroute_load_options options = {.size = sizeof(options),
                                                .source = text_of("stream")};
        int error = svcroute_watch_new(&watch, world.store, &options);
        if (error) {
            ck_assert_ptr_null(watch);
        } else {
            for (size_t at = 0; at < sizeof(stream) - 1 && !error; at += 50) {
                size_t left = sizeof(stream) - 1 - at;
                error = svcroute_watch_feed(watch, stream + at, left < 50 ? left : 50, NULL,
                                            world.diags);
            }
            done = world.memory.calls < n;
            ck_assert(!done || !error);
        }
        ck_assert(error == 0 || error == SVCROUTE_ERR_NOMEM);
        world.memory.fail_at = 0;
        check_store(world.store);
        if (error && watch) {
            ck_assert_int_eq(feed(&world, watch, "\n"), SVCROUTE_ERR_START_OVER);
            ck_assert_int_eq(svcroute_watch_restart(watch, text_of("")), 0);
            ck_assert_int_eq(feed(&world, watch, stream), 0);
        } else if (error) {
            watch = watch_new(&world);
            ck_assert_int_eq(feed(&world, watch, stream), 0);
        }
        check_version(watch, "12");
        check_content(&world, "EndpointSlice default/s1\nIngressRoute x/r\nNode /n1\nService "
                              "default/a\nService default/half\nService default/long\n");
        svcroute_watch_free(watch);
        world_close(&world);
        ck_assert_uint_lt(n, 2000);
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
    struct svcroute_watch *watch = (void *)1;
    struct svcroute_load_options options = {.size = 1};
    struct svcroute_load_result result = {.size = 1};
    world_open(&world);
    ck_assert_int_eq(svcroute_watch_new(NULL, world.store, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_watch_new(&watch, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(watch);
    ck_assert_int_eq(svcroute_watch_new(&watch, world.store, &options), SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_watch_feed(NULL, "", 0, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_watch_restart(NULL, text_of("")), SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(svcroute_watch_get_resource_version(NULL).size, 0);
    svcroute_watch_free(NULL);
    ck_assert_int_eq(svcroute_watch_new(&watch, world.store, NULL), 0);
    ck_assert_int_eq(svcroute_watch_feed(watch, NULL, 1, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_watch_feed(watch, NULL, 0, NULL, NULL), 0);
    ck_assert_int_eq(svcroute_watch_feed(watch, "", 0, &result, NULL), SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_watch_restart(watch, (svcr_text){NULL, 1}), SVCROUTE_ERR_INVALID);
    /* A decoder may outlive its store as far as its end goes. */
    svcroute_store_free(world.store);
    world.store = NULL;
    svcroute_watch_free(watch);
    world_close(&world);
}
END_TEST

Suite *suite_watch(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    tcase_add_test(tests, events);
    tcase_add_test(tests, removal_of_a_generated_name);
    tcase_add_test(tests, bad_lines);
    tcase_add_test(tests, blank_lines_and_cr);
    tcase_add_test(tests, start_over);
    tcase_add_test(tests, long_message);
    tcase_add_test(tests, restart_forgets_half_a_line);
    tcase_add_test(tests, cut_anywhere);
    tcase_add_test(tests, whole_lines_are_not_copied);
    tcase_add_test(tests, half_lines_scale);
    tcase_add_test(tests, limit_of_objects);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, arguments);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
