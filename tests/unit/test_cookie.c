/* Cookie headers that are read, and Set-Cookie headers that are written. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance/cookie.h"

#include "failing_allocator.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static svcr_text text_of(const char *string)
{
    return string ? (svcr_text){string, strlen(string)} : SVCR_TEXT_ABSENT;
}

static void reads(const char *line, const char *value)
{
    size_t size = strlen(line);
    char *exact = malloc(size ? size : 1); /* so that reading beyond it is noticed */
    svcr_text text = {exact, size}, found;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, line, size);
    found = svcr_cookie_find(&text, 1, SVCR_TEXT("lb"));
    ck_assert_msg(svcr_text_same(found, text_of(value)) && !found.data == !value, "%s: %.*s", line,
                  SVCR_ARG(found));
    free(exact);
}

START_TEST(cookies_are_found)
{
    static const char *const rows[][2] = {
        {"lb=v", "v"},
        {"", NULL},
        {"a=1; lb=v; b=2", "v"},
        {"a=1;lb=v", "v"},
        {";; ;lb=v;", "v"},
        {"\t lb \t=v \t", "v"},
        {"lb= v", " v"},
        {"lb=v w", "v w"},
        {"lb", ""},
        {"lb=", ""},
        {"lb ; lb=v", ""},
        {"lb==v=", "=v="},
        {"lb=\"v\"", "v"},
        {"lb=\"\"", ""},
        {"lb=\" v \"", " v "},
        {"lb=\"", NULL},
        {"lb=\"v", NULL},
        {"lb=\"\"v\"\"", NULL},
        {"lb=a\\b; lb=v", "v"},
        {"lb=a\x7f; lb=v", "v"},
        {"lb=a\x01; lb=v", "v"},
        {"lb=\xc3\xa9; lb=v", "v"},
        {"lb=v\tw; lb=x", "x"},
        {"lb=first; lb=second", "first"},
        {"lbx=v; xlb=v; LB=v; l b=v; l=b", NULL},
        {"=lb; ==; =", NULL},
        {"a=1, lb=v", NULL},
        {"x lb=v", NULL},
        {"a=lb=v", NULL},
        {"a=\"; lb=v; \"", "v"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reads(rows[i][0], rows[i][1]);
    }
}
END_TEST

START_TEST(lines_are_read_in_order)
{
    svcr_text lines[] = {text_of("a=1"), SVCR_TEXT_ABSENT, text_of("lb=\x01; lbb=2"),
                         text_of("lb=v"), text_of("lb=w")};

    ck_assert(svcr_text_same(svcr_cookie_find(lines, 5, SVCR_TEXT("lb")), text_of("v")));
    ck_assert(svcr_text_same(svcr_cookie_find(lines, 5, SVCR_TEXT("a")), text_of("1")));
    ck_assert_ptr_null(svcr_cookie_find(lines, 3, SVCR_TEXT("lb")).data);
    ck_assert_ptr_null(svcr_cookie_find(NULL, 0, SVCR_TEXT("lb")).data);
}
END_TEST

/* 3,000 cookies, empty parts counted, are read; one more, in whichever line, is too much. */
START_TEST(too_many_cookies_are_none)
{
    char *line = malloc(8000);
    svcr_text lines[2] = {{line, 0}, {"x=1", 3}};

    ck_assert_ptr_nonnull(line);
    memcpy(line, "lb=v", 4);
    for (size_t filled = 0; filled < 2; filled++) { /* ";;;", then ";a;a;a" */
        for (size_t num = 2998; num <= 3002; num++) {
            size_t step = filled + 1, size = 4;

            for (size_t i = 1; i < num; i++, size += step) {
                memcpy(line + size, ";a", step);
            }
            lines[0].size = size;
            ck_assert_int_eq(svcr_cookie_find(lines, 1, SVCR_TEXT("lb")).data != NULL,
                             num <= SVCR_COOKIES_MAX);
            ck_assert_int_eq(svcr_cookie_find(lines, 2, SVCR_TEXT("lb")).data != NULL,
                             num < SVCR_COOKIES_MAX);
        }
    }
    free(line);
}
END_TEST

static struct svcr_cookie_recipe *recipe_of(struct svcroute_context *context,
                                            const struct svcr_cookie_settings *settings)
{
    struct svcr_cookie_recipe *recipe = NULL;

    ck_assert_int_eq(svcr_cookie_recipe_new(&recipe, context, settings), SVCROUTE_OK);
    return recipe;
}

static void writes(struct svcroute_context *context, const struct svcr_cookie_settings *settings,
                   const char *expected)
{
    struct svcr_cookie_recipe *recipe = recipe_of(context, settings);
    char out[1024];
    size_t size = svcr_cookie_write(out, sizeof(out), recipe, SVCR_TEXT("v"));

    ck_assert_msg(size == strlen(expected) && memcmp(out, expected, size) == 0, "%.*s, not %s",
                  (int)size, out, expected);
    svcr_cookie_recipe_free(recipe, context);
}

START_TEST(attributes_stand_in_order)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_cookie_settings settings = {
        .name = SVCR_TEXT("lb"),
        .path = SVCR_TEXT("/p"),
        .domain = SVCR_TEXT(".example.com"),
        .same_site = SVCR_TEXT("sTrIcT"),
        .max_age = 3600,
        .secure = true,
        .http_only = true,
    };

    writes(context, &settings,
           "lb=v; Path=/p; Domain=example.com; Max-Age=3600; HttpOnly; Secure; SameSite=Strict");
    settings.max_age = INT64_MAX;
    settings.http_only = false;
    settings.same_site = SVCR_TEXT("lax ");
    writes(context, &settings,
           "lb=v; Path=/p; Domain=example.com; Max-Age=9223372036854775807; Secure");
    settings.max_age = INT64_MIN;
    settings.secure = false;
    settings.domain = SVCR_TEXT("10.1.2.3");
    settings.same_site = SVCR_TEXT("NONE");
    writes(context, &settings, "lb=v; Path=/p; Domain=10.1.2.3; Max-Age=0; SameSite=None");
    writes(context, &(struct svcr_cookie_settings){.name = SVCR_TEXT("lb")}, "lb=v");
    svcroute_context_unref(context);
}
END_TEST

START_TEST(names_are_tokens)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_cookie_settings settings = {.service = SVCR_TEXT("default-web-80@kubernetescrd")};
    static const struct {
        svcr_text given;
        const char *name;
    } rows[] = {
        {{"", 0}, "_7afb2=v"}, /* SHA-1 by Python's hashlib */
        {{"a;b=c", 5}, "a_b_c=v"},
        {{"!#$%&'*+-.^_`|~", 15}, "!#$%&'*+-.^_`|~=v"},
        {{"a\0b", 3}, "a_b=v"},
        {{"\xf0\x9f\x98\x80z", 5}, "_z=v"}, /* one character */
        {{"\xf0\x9f\x98z", 4}, "___z=v"},   /* three bytes that are none */
        {{"\xed\xa0\x80", 3}, "___=v"},     /* a surrogate */
        {{"\xc0\xaf", 2}, "__=v"},          /* overlong */
        {{"\"()[]{}/\\<>?@,: \t\r\n\x7f", 20}, "____________________=v"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        settings.name = rows[i].given;
        writes(context, &settings, rows[i].name);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(a_path_of_which_nothing_is_left)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_cookie_settings settings = {.name = SVCR_TEXT("lb"),
                                            .path = SVCR_TEXT(";\n\xc3\xa9")};

    writes(context, &settings, "lb=v");
    settings.secure = true;
    writes(context, &settings, "lb=v; Secure");
    settings.traefik = true;
    writes(context, &settings, "lb=v; Path=; Secure");
    settings.path = SVCR_TEXT("");
    writes(context, &settings, "lb=v; Secure");
    settings.path = SVCR_TEXT("/a;b\r\nc\x7f\x1f\x80 ~");
    writes(context, &settings, "lb=v; Path=/abc ~; Secure");
    svcroute_context_unref(context);
}
END_TEST

START_TEST(domains_are_judged)
{
    static const char *const good[] = {"a",       "A1-b.c",       LABEL_63 ".x",
                                       "1.a",     "example.com.", ".example.com",
                                       "1.2.3.4", "255.0.0.1"};
    static const char *const bad[] = {
        "",
        ".",
        "..a",
        "a..",
        "a..b",
        "-a",
        "a-",
        "a-.b",
        "a.-b",
        "1.2.3",
        "1",
        "1.2.3.04",
        "256.1.1.1",
        ".1.2.3.4",
        "1.2.3.4.",
        "::1",
        "a_b",
        "a b",
        " a",
        "a;b",
        "a\r\nb",
        "a" LABEL_63,
        "x.a" LABEL_63,
        "a" LABEL_63 ".x",
        "a:80",
        "*.a.com",
        "\xc3\xa9.com",
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    char name[300], expected[400];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(expected, sizeof(expected), "lb=v; Domain=%s", good[i] + (good[i][0] == '.'));
        writes(context,
               &(struct svcr_cookie_settings){.name = SVCR_TEXT("lb"), .domain = text_of(good[i])},
               expected);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        writes(context,
               &(struct svcr_cookie_settings){.name = SVCR_TEXT("lb"), .domain = text_of(bad[i])},
               "lb=v");
    }
    for (size_t size = 254; size <= 257; size++) { /* "a.a.a", or with a dot ahead ".a.a" */
        for (size_t dot = 0; dot < 2; dot++) {
            struct svcr_cookie_settings settings = {.name = SVCR_TEXT("lb"),
                                                    .domain = {name, size}};

            for (size_t i = 0; i < size; i++) {
                name[i] = i % 2 == dot ? 'a' : '.';
            }
            snprintf(expected, sizeof(expected), "lb=v; Domain=%.*s", (int)(size - dot),
                     name + dot);
            writes(context, &settings, size > 255 ? "lb=v" : expected);
        }
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(a_buffer_is_filled_or_left)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_cookie_recipe *recipe = recipe_of(
        context, &(struct svcr_cookie_settings){.name = SVCR_TEXT("lb"), .path = SVCR_TEXT("/")});
    char out[20];

    memset(out, '#', sizeof(out));
    ck_assert_uint_eq(svcr_cookie_write(NULL, 0, recipe, SVCR_TEXT("abc")), 14);
    ck_assert_uint_eq(svcr_cookie_write(NULL, 99, recipe, SVCR_TEXT("abc")), 14);
    ck_assert_uint_eq(svcr_cookie_write(out, 13, recipe, SVCR_TEXT("abc")), 14);
    ck_assert_int_eq(out[0], '#');
    failing_allocator_arm(&allocator, 1, true);
    ck_assert_uint_eq(svcr_cookie_write(out, 14, recipe, SVCR_TEXT("abc")), 14);
    ck_assert_mem_eq(out, "lb=abc; Path=/######", 20);
    ck_assert_uint_eq(svcr_cookie_write(out, 20, recipe, SVCR_TEXT_ABSENT), 11);
    ck_assert_mem_eq(out, "lb=; Path=/", 11);
    svcr_cookie_recipe_free(recipe, context);
    svcroute_context_unref(context);
}
END_TEST

/* Every byte, in every setting: no other attribute, no other line. */
START_TEST(nothing_is_injected)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);

    for (int c = 0; c < 256; c++) {
        char evil[] = "/x?Max-Age=1";
        struct svcr_cookie_settings settings;
        struct svcr_cookie_recipe *recipe;
        size_t semicolons = 0;

        evil[2] = (char)c;
        settings = (struct svcr_cookie_settings){.name = {evil, 12},
                                                 .path = {evil, 12},
                                                 .domain = {evil, 12},
                                                 .same_site = {evil, 12},
                                                 .secure = true,
                                                 .traefik = c % 2 == 0};
        recipe = recipe_of(context, &settings);
        ck_assert_ptr_null(memchr(recipe->name.data, ';', recipe->name.size));
        ck_assert_ptr_null(memchr(recipe->name.data, '=', recipe->name.size));
        for (size_t i = 0; i < recipe->name.size; i++) {
            ck_assert(recipe->name.data[i] > ' ' && recipe->name.data[i] < 0x7f);
        }
        for (size_t i = 0; i < recipe->attributes.size; i++) {
            ck_assert(recipe->attributes.data[i] >= ' ' && recipe->attributes.data[i] < 0x7f);
            semicolons += recipe->attributes.data[i] == ';';
        }
        ck_assert_uint_eq(semicolons, 2); /* Path and Secure */
        svcr_cookie_recipe_free(recipe, context);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(out_of_memory)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_cookie_settings settings[2] = {
        {.name = SVCR_TEXT("a name"), .path = SVCR_TEXT("/"), .domain = SVCR_TEXT("a.b")},
        {.service = SVCR_TEXT("x"), .path = SVCR_TEXT("/"), .max_age = 1}};
    size_t live = allocator.live;

    for (size_t i = 0; i < 2; i++) {
        for (int after = 0; after < 2; after++) {
            for (size_t n = 1;; n++) {
                struct svcr_cookie_recipe *recipe = (void *)context;
                int status;

                failing_allocator_arm(&allocator, n, after);
                status = svcr_cookie_recipe_new(&recipe, context, &settings[i]);
                svcr_cookie_recipe_free(recipe, context);
                ck_assert_uint_eq(allocator.live, live);
                if (status == SVCROUTE_OK) {
                    ck_assert_uint_gt(n, 2);
                    break;
                }
                ck_assert_int_eq(status, SVCROUTE_ERR_NOMEM);
                ck_assert_ptr_null(recipe);
            }
        }
    }
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_cookie(void)
{
    Suite *suite = suite_create("cookie");
    TCase *tests = tcase_create("cookie");

    tcase_add_test(tests, cookies_are_found);
    tcase_add_test(tests, lines_are_read_in_order);
    tcase_add_test(tests, too_many_cookies_are_none);
    tcase_add_test(tests, attributes_stand_in_order);
    tcase_add_test(tests, names_are_tokens);
    tcase_add_test(tests, a_path_of_which_nothing_is_left);
    tcase_add_test(tests, domains_are_judged);
    tcase_add_test(tests, a_buffer_is_filled_or_left);
    tcase_add_test(tests, nothing_is_injected);
    tcase_add_test(tests, out_of_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
