/* What active checks send, and what answers mean. Paths as Go's net/url resolves and writes them.
 */
#include <check.h>
#include <string.h>

#include "balance/probe.h"

#include "failing_allocator.h"

static svcr_text text_of(const char *string)
{
    return string ? (svcr_text){string, strlen(string)} : SVCR_TEXT_ABSENT;
}

static struct svcr_probe_plan *plan_of(struct svcroute_context *context,
                                       const struct svcr_probe_settings *settings)
{
    struct svcr_probe_plan *plan = NULL;

    ck_assert_int_eq(svcr_probe_plan_new(&plan, context, settings), SVCROUTE_OK);
    return plan;
}

static void is_text(svcr_text text, const char *expected)
{
    ck_assert_msg(svcr_text_same(text, text_of(expected)), "%.*s, not %s", SVCR_ARG(text),
                  expected);
}

/* `url` NULL: refused. */
static void composes(struct svcroute_context *context, const struct svcr_probe_settings *settings,
                     const char *server, const char *url, const char *connect, const char *host)
{
    struct svcr_probe_plan *plan = plan_of(context, settings);
    struct svcr_buffer buffer;
    struct svcr_probe probe;
    int status;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, "what was there before");
    status = svcr_probe_compose(&probe, &buffer, plan, text_of(server));
    ck_assert_msg(status == (url ? SVCROUTE_OK : SVCROUTE_ERR_REJECTED), "%s: %d", server, status);
    if (url) {
        is_text(probe.url, url);
        is_text(probe.connect, connect);
        is_text(probe.host, host);
        ck_assert(svcr_text_starts(probe.url, probe.scheme));
        ck_assert_int_eq(probe.url.data[probe.scheme.size], ':');
    }
    svcr_buffer_free(&buffer);
    svcr_probe_plan_free(plan, context);
}

START_TEST(paths_are_resolved)
{
    static const struct {
        const char *path, *target, *tail; /* tail NULL: the same */
    } rows[] = {
        {"", "/", ""},
        {"/", "/", NULL},
        {".", "/", NULL},
        {"..", "/", NULL},
        {"a", "/a", NULL},
        {"a/", "/a/", NULL},
        {"a/.", "/a/", NULL},
        {"a/..", "/", NULL},
        {"/a/b/../c", "/a/c", NULL},
        {"/a/b/..", "/a/", NULL},
        {"/a/./b/.", "/a/b/", NULL},
        {"/../../x", "/x", NULL},
        {"/a//b", "/a//b", NULL},
        {"/a//../b", "/a/b", NULL},
        {"///x", "///x", NULL},
        {"//", "/", ""},
        {"//?a", "/?a", "?a"},
        {"/a/..//b", "/b", NULL},
        {"/..//x", "/x", NULL},
        {"/a/b/..//c", "/a//c", NULL},
        {"...", "/...", NULL},
        {"/.a/..b/c.", "/.a/..b/c.", NULL},
        {"?", "/?", "?"},
        {"?x=/../", "/?x=/../", "?x=/../"},
        {"/a?b?c", "/a?b?c", NULL},
        {"/a?b=\"<>{}|\\^` \xc3\xa9%zz", "/a?b=\"<>{}|\\^` \xc3\xa9%zz", NULL},
        {"#", "/", ""},
        {"/a#", "/a", NULL},
        {"/a#b?c#d", "/a", "/a#b?c%23d"},
        {"#a b%20", "/", "#a%20b%20"},
        {"/-_.~$&+,:;=@!'()*[]%2f", "/-_.~$&+,:;=@!'()*[]%2f", NULL},
        {"/\xff!'()*[]%2f%41", "/%FF%21%27%28%29%2A%5B%5D/A", NULL}, /* decoded, encoded anew */
        {"/x/%2e%2e/y", "/x/%2e%2e/y", NULL},
        {"/x/%2e%2e/ y", "/%20y", NULL},
        {"/a|b", "/a%7Cb", NULL},
        {"a?b:c", "/a?b:c", NULL},
        {"/a:b", "/a:b", NULL},
        {"./a:b", "/a:b", NULL},
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct svcr_probe_plan *plan =
            plan_of(context, &(struct svcr_probe_settings){.path = text_of(rows[i].path)});

        ck_assert_msg(!plan->broken, "%s", rows[i].path);
        is_text(plan->target, rows[i].target);
        is_text(plan->tail, rows[i].tail ? rows[i].tail : rows[i].target);
        svcr_probe_plan_free(plan, context);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(what_no_request_can_be_made_of)
{
    static const char *const paths[] = {"http://h/", "//h/x",  "//h",     "mailto:x", ":80",
                                        "a:b/c",     "/%",     "/%4",     "/%zz",     "#%zz",
                                        "/a\nb",     "/a\x7f", "?a\r\nb", "//@"};
    static const struct svcr_probe_settings broken[] = {
        {.port = -1},
        {.scheme = {"a b", 3}},
        {.scheme = {"1http", 5}},
        {.scheme = {"http:", 5}},
        {.scheme = {"http\n", 5}},
        {.method = {"PO ST", 5}},
        {.method = {"GET\r\nX:", 7}},
        {.hostname = {"h\r\nX: y", 7}},
        {.hostname = {"h/x", 3}},
        {.hostname = {"h\0x", 3}},
        {.hostname = {"h x", 3}},
        {.mode = {"grpc", 4}, .scheme = {"https", 5}},
        {.mode = {"grpc", 4}, .scheme = {"HTTP", 4}},
        {.mode = {"grpc", 4}, .port = -1},
        {.mode = {"grpc", 4}, .path = {"//other/x", 9}},
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        composes(context, &(struct svcr_probe_settings){.path = text_of(paths[i])}, "http://h:80",
                 NULL, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        composes(context, &broken[i], "http://h:80", NULL, NULL, NULL);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(servers_are_addressed)
{
    static const char *const bad[] = {"",
                                      "h:80",
                                      "http:/h",
                                      "http://",
                                      "http://:80",
                                      "http://h:8x",
                                      "http://h:80/",
                                      "http://[::1",
                                      "http://[::1]80",
                                      "http://[fe80::1%eth0]:80",
                                      "http://[fe80::1%25]:80",
                                      "http://h%25x:80",
                                      "http://a b:80",
                                      "http://h\n:80",
                                      "1http://h:80"};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_probe_settings settings = {.path = SVCR_TEXT("/p")};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        composes(context, &settings, bad[i], NULL, NULL, NULL);
    }
    composes(context, &settings, "http://h", "http://h/p", "h", "h");
    composes(context, &settings, "H2C://h:1", "h2c://h:1/p", "h:1", "h:1");
    composes(context, &settings, "https://[::1]", "https://[::1]/p", "[::1]", "[::1]");
    composes(context, &settings, "http://[fe80::1%25e]:2", "http://[fe80::1%25e]:2/p",
             "[fe80::1%e]:2", "[fe80::1]:2");
    settings.port = INT64_MAX;
    settings.scheme = SVCR_TEXT("HttpS");
    composes(context, &settings, "http://[fe80::1%25e]:2",
             "https://[fe80::1%25e]:9223372036854775807/p", "[fe80::1%e]:9223372036854775807",
             "[fe80::1]:9223372036854775807");
    settings.hostname = SVCR_TEXT("a.b:9");
    settings.port = 7;
    composes(context, &settings, "http://h", "https://h:7/p", "h:7", "a.b:9");
    svcroute_context_unref(context);
}
END_TEST

START_TEST(grpc_calls_the_health_service)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_probe_settings settings = {.mode = SVCR_TEXT("grpc"),
                                           .path = SVCR_TEXT("/x"),
                                           .method = SVCR_TEXT("GET"),
                                           .status = 200,
                                           .follow_redirects = true};
    struct svcr_probe_plan *plan = plan_of(context, &settings);

    is_text(plan->method, "POST");
    is_text(plan->target, "/grpc.health.v1.Health/Check");
    ck_assert(plan->grpc && !plan->follow_redirects);
    ck_assert(svcr_probe_judge(plan, 1));
    ck_assert(!svcr_probe_judge(plan, 200) && !svcr_probe_judge(plan, 0) &&
              !svcr_probe_judge(plan, 2) && !svcr_probe_judge(plan, 3));
    svcr_probe_plan_free(plan, context);
    composes(context, &settings, "https://h:1", "http://h:1/grpc.health.v1.Health/Check", "h:1",
             "h:1");
    settings.scheme = SVCR_TEXT("h2c");
    composes(context, &settings, "https://[::1]", "h2c://[::1]/grpc.health.v1.Health/Check",
             "[::1]:", "[::1]");
    settings.port = 5;
    composes(context, &settings, "https://[::1]", "h2c://[::1]:5/grpc.health.v1.Health/Check",
             "[::1]:5", "[::1]:5");
    settings.mode = SVCR_TEXT("GRPC"); /* any other mode is http */
    plan = plan_of(context, &settings);
    ck_assert(!plan->grpc);
    svcr_probe_plan_free(plan, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(headers_are_written_once)
{
    static const struct svcr_probe_header given[] = {
        {{"x-lower", 7}, {" a\tb \t", 6}},
        {{"HOST", 4}, {"x", 1}},
        {{"content-Length", 14}, {"9", 1}},
        {{"Transfer-Encoding", 17}, {"chunked", 7}},
        {{"tRAILER", 7}, {"x", 1}},
        {{"X-A--b!C", 8}, {"\xc3\xa9", 2}},
        {{"-a", 2}, {"", 0}},
    };
    static const struct svcr_probe_header bad[] = {
        {{"x y", 3}, {"a", 1}},   {{"", 0}, {"a", 1}},     {{"x:", 2}, {"a", 1}},
        {{"x", 1}, {"a\nb", 3}},  {{"x", 1}, {"a\rb", 3}}, {{"x", 1}, {"a\r\nY:z", 6}},
        {{"x", 1}, {"a\0b", 3}},  {{"x", 1}, {"\x7f", 1}}, {{"x\xc3\xa9", 3}, {"a", 1}},
        {{"host", 4}, {"\n", 1}},
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_probe_plan *plan =
        plan_of(context, &(struct svcr_probe_settings){.headers = given, .num_headers = 7});

    ck_assert(!plan->broken);
    ck_assert_uint_eq(plan->num_headers, 3);
    is_text(plan->headers[0].name, "X-Lower");
    is_text(plan->headers[0].value, "a\tb");
    is_text(plan->headers[1].name, "X-A--B!c");
    is_text(plan->headers[1].value, "\xc3\xa9");
    is_text(plan->headers[2].name, "-A");
    is_text(plan->headers[2].value, "");
    svcr_probe_plan_free(plan, context);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        plan =
            plan_of(context, &(struct svcr_probe_settings){.headers = &bad[i], .num_headers = 1});
        ck_assert_msg(plan->broken, "%zu", i);
        svcr_probe_plan_free(plan, context);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(answers_are_judged)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_probe_settings settings = {.follow_redirects = true};
    struct svcr_probe_plan *any = plan_of(context, &settings), *exact;

    settings.status = 503;
    exact = plan_of(context, &settings);
    for (int64_t status = 0; status < 700; status++) {
        ck_assert_int_eq(svcr_probe_judge(any, status), status / 100 == 2 || status / 100 == 3);
        ck_assert_int_eq(svcr_probe_judge(exact, status), status == 503);
    }
    ck_assert(!svcr_probe_judge(any, -200) && !svcr_probe_judge(any, INT64_MAX));
    svcr_probe_plan_free(any, context);
    svcr_probe_plan_free(exact, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(out_of_memory)
{
    static const struct svcr_probe_header header = {{"x", 1}, {"y", 1}};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_probe_settings settings = {
        .path = SVCR_TEXT("/\xff"), .port = 9, .headers = &header, .num_headers = 1};
    size_t live = allocator.live;

    for (int after = 0; after < 2; after++) {
        for (size_t n = 1;; n++) {
            struct svcr_probe_plan *plan = (void *)context;
            struct svcr_buffer buffer;
            struct svcr_probe probe;
            int status;

            svcr_buffer_init(&buffer, context);
            failing_allocator_arm(&allocator, n, after);
            status = svcr_probe_plan_new(&plan, context, &settings);
            if (status == SVCROUTE_OK) {
                status = svcr_probe_compose(&probe, &buffer, plan, SVCR_TEXT("http://h:80"));
            } else {
                ck_assert_ptr_null(plan);
            }
            svcr_probe_plan_free(plan, context);
            svcr_buffer_free(&buffer);
            ck_assert_uint_eq(allocator.live, live);
            if (status == SVCROUTE_OK) {
                ck_assert_uint_gt(n, 3); /* plan, its texts, the buffer */
                break;
            }
            ck_assert_int_eq(status, SVCROUTE_ERR_NOMEM);
        }
    }
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_probe(void)
{
    Suite *suite = suite_create("probe");
    TCase *tests = tcase_create("probe");

    tcase_add_test(tests, paths_are_resolved);
    tcase_add_test(tests, what_no_request_can_be_made_of);
    tcase_add_test(tests, servers_are_addressed);
    tcase_add_test(tests, grpc_calls_the_health_service);
    tcase_add_test(tests, headers_are_written_once);
    tcase_add_test(tests, answers_are_judged);
    tcase_add_test(tests, out_of_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
