/* Request targets: their forms, their parts, and what is none. */
#include <check.h>
#include <string.h>

#include <svcroute/error.h>
#include <svcroute/match.h>

#include "base/text.h"

enum {
    ORIGIN = SVCROUTE_TARGET_ORIGIN,
    ABSOLUTE = SVCROUTE_TARGET_ABSOLUTE,
    AUTHORITY = SVCROUTE_TARGET_AUTHORITY,
    ASTERISK = SVCROUTE_TARGET_ASTERISK,
};

static const struct {
    const char *target;
    uint32_t form;
    const char *authority, *path, *query; /* NULL: absent */
} good[] = {
    {"/", ORIGIN, NULL, "/", NULL},
    {"/a/b?c=d?e", ORIGIN, NULL, "/a/b", "c=d?e"},
    {"/a?", ORIGIN, NULL, "/a", ""},
    {"/?/", ORIGIN, NULL, "/", "/"},
    {"//host/a", ORIGIN, NULL, "//host/a", NULL},
    {"/http://host/", ORIGIN, NULL, "/http://host/", NULL},
    {"/a#b?c#d", ORIGIN, NULL, "/a#b", "c#d"},
    {"/%zz\xc3\xa9\xff", ORIGIN, NULL, "/%zz\xc3\xa9\xff", NULL},
    {"*", ASTERISK, NULL, "*", NULL},
    {"http://example.com", ABSOLUTE, "example.com", "", NULL},
    {"http://example.com/", ABSOLUTE, "example.com", "/", NULL},
    {"http://example.com/a/b?c", ABSOLUTE, "example.com", "/a/b", "c"},
    {"http://example.com?c/d", ABSOLUTE, "example.com", "", "c/d"},
    {"HTTPS://Example.COM:8080//x", ABSOLUTE, "Example.COM:8080", "//x", NULL},
    {"http://example.com:/", ABSOLUTE, "example.com:", "/", NULL},
    {"h2+c-x.1://a", ABSOLUTE, "a", "", NULL},
    {"http://[::1]/", ABSOLUTE, "[::1]", "/", NULL},
    {"http://[2001:db8::1]:443/x", ABSOLUTE, "[2001:db8::1]:443", "/x", NULL},
    {"http://[::ffff:10.0.0.1]", ABSOLUTE, "[::ffff:10.0.0.1]", "", NULL},
    {"http://10.0.0.1:80", ABSOLUTE, "10.0.0.1:80", "", NULL},
    {"http://a_b~!$&'()*+,;=c/", ABSOLUTE, "a_b~!$&'()*+,;=c", "/", NULL},
    {"http://user@host/", ABSOLUTE, "host", "/", NULL},
    {"http://u%41:p:w@[::1]:1/", ABSOLUTE, "[::1]:1", "/", NULL},
    {"http://@host/", ABSOLUTE, "host", "/", NULL},
    {"http://host/a@b", ABSOLUTE, "host", "/a@b", NULL},
    {"example.com:80", AUTHORITY, "example.com:80", "", NULL},
    {"example.com:", AUTHORITY, "example.com:", "", NULL},
    {"[::1]:443", AUTHORITY, "[::1]:443", "", NULL},
    {"http:80", AUTHORITY, "http:80", "", NULL},
};

static void ck_part(const char *target, const char *what, svcr_text got, const char *wanted)
{
    if (wanted == NULL) {
        ck_assert_msg(got.data == NULL && got.size == 0, "%s: %s is there", target, what);
        return;
    }
    ck_assert_msg(got.data != NULL && svcr_text_same(got, (svcr_text){wanted, strlen(wanted)}),
                  "%s: %s is %.*s", target, what, SVCR_ARG(got));
    ck_assert_msg(got.data >= target && got.data + got.size <= target + strlen(target),
                  "%s: %s is not borrowed", target, what);
}

START_TEST(targets_have_parts)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *target = good[i].target;
        struct svcroute_target out;

        memset(&out, 0xee, sizeof(out));
        out.size = sizeof(out);
        ck_assert_msg(svcroute_target_read((svcr_text){target, strlen(target)}, &out) == 0, "%s",
                      target);
        ck_assert_uint_eq(out.size, sizeof(out));
        ck_assert_uint_eq(out.flags, 0);
        ck_assert_uint_eq(out.form, good[i].form);
        ck_assert_uint_eq(out.reserved, 0);
        ck_part(target, "authority", out.authority, good[i].authority);
        ck_part(target, "path", out.path, good[i].path);
        ck_part(target, "query", out.query, good[i].query);
    }
}
END_TEST

static const char *const refused[] = {
    "",
    /* No form. */
    "a",
    "a/b",
    "**",
    "*/",
    "?a",
    "example.com",
    "[::1]",
    "example.com/",
    "1http://host/",
    "+x://host/",
    "ht_tp://host/",
    "://host/",
    /* Schemes without an authority. */
    "http:/path",
    "http:path",
    "mailto:me",
    /* Blanks and control bytes anywhere. */
    "/a b",
    " /a",
    "/a ",
    "/a\tb",
    "/a?b c",
    "/a\x01",
    "/a\x7f",
    "http://host /",
    /* Hosts. */
    "http://",
    "http:///a",
    "http://?a",
    "http://:80/",
    "http://user@/",
    "http://user@:80/",
    "http://a:b/",
    "http://a:80:90/",
    "http://::1/",
    "http://[::1/",
    "http://[]/",
    "http://[::1]x/",
    "http://[::1]:x/",
    "http://[::1]80/",
    "http://a[::1]/",
    "http://[10.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[a]/",
    "http://a]/",
    "http://%41/",
    "http://a%c3%a9/",
    "http://\xc3\xa9/",
    "http://a<b/",
    "http://a\\b/",
    "http://a#b/",
    "http://a\"/",
    "http://a@b@c/",
    "http://u[@host/",
    "http://u%4@host/",
    "http://u%zz@host/",
    "http://u\"@host/",
    "example.com:80/",
    "example.com:80?a",
    "example.com:http",
    "a:80:90",
    ":80",
    "user@host:80",
    "[::1]:80:90",
};

START_TEST(others_are_refused)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct svcroute_target out, before;

        memset(&out, 0xee, sizeof(out));
        out.size = sizeof(out);
        before = out;
        ck_assert_msg(svcroute_target_read((svcr_text){refused[i], strlen(refused[i])}, &out) ==
                          SVCROUTE_ERR_BAD_REQUEST,
                      "%s", refused[i]);
        ck_assert_mem_eq(&out, &before, sizeof(out));
    }
    ck_assert_int_eq(
        svcroute_target_read((svcr_text){"/\0", 2},
                             &(struct svcroute_target){.size = sizeof(struct svcroute_target)}),
        SVCROUTE_ERR_BAD_REQUEST);
}
END_TEST

START_TEST(wrong_calls_are_told)
{
    struct svcroute_target out = {.size = sizeof(out)};

    ck_assert_int_eq(svcroute_target_read(SVCR_TEXT("/"), NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_target_read((svcr_text){NULL, 1}, &out), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_target_read(SVCR_TEXT_ABSENT, &out), SVCROUTE_ERR_BAD_REQUEST);
    out.size = sizeof(out) - 1;
    ck_assert_int_eq(svcroute_target_read(SVCR_TEXT("/"), &out), SVCROUTE_ERR_STRUCT_SIZE);
    out.size = 0;
    ck_assert_int_eq(svcroute_target_read(SVCR_TEXT("/"), &out), SVCROUTE_ERR_STRUCT_SIZE);
}
END_TEST

Suite *suite_target(void)
{
    Suite *suite = suite_create("target");
    TCase *tests = tcase_create("target");

    tcase_add_test(tests, targets_have_parts);
    tcase_add_test(tests, others_are_refused);
    tcase_add_test(tests, wrong_calls_are_told);
    suite_add_tcase(suite, tests);
    return suite;
}
