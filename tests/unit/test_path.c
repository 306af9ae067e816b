/* Clean paths and the paths that rules compare: by hand, and against a model that follows the
 * description of the reference's steps one after the other, forwards, with all the room it wants.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <svcroute/error.h>
#include <svcroute/match.h>

#include "rule/path.h"

enum { ROOM = 1024 };
enum { CHARACTERS = SVCROUTE_PATH_ALLOW_CHARACTERS, ALL = SVCROUTE_PATH_ALLOW_ALL };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
static const char unreserved[] = LETTERS DIGITS "-_.~";
static const char legal[] = LETTERS DIGITS "-_.~$&+,/:;=@!'()*[]";
static const char kept[] = LETTERS DIGITS "-_.~$&+,/:;=@";
static const char reserved[] = ":/?#[]@!$&'()*+,;=%";
static const char in_hosts[] = LETTERS DIGITS "-_.~!$&'()*+,;=:[]%";
static const char in_tokens[] = LETTERS DIGITS "!#$%&'*+-.^_`|~";

static bool among(int byte, const char *set)
{
    return byte > 0 && byte < 128 && strchr(set, byte) != NULL;
}

START_TEST(bytes_have_their_classes)
{
    for (int byte = 0; byte < 256; byte++) {
        bool plain = among(byte, in_hosts) && !among(byte, ":[]") && !(byte >= 'A' && byte <= 'Z');
        unsigned wanted = (among(byte, legal) ? SVCR_OCTET_PATH : 0u) |
                          (among(byte, kept) ? SVCR_OCTET_KEPT : 0u) |
                          (among(byte, unreserved) ? SVCR_OCTET_UNRESERVED : 0u) |
                          (among(byte, reserved) ? SVCR_OCTET_RESERVED : 0u) |
                          (byte > ' ' && byte != 0x7f ? SVCR_OCTET_VISIBLE : 0u) |
                          (among(byte, in_hosts) ? SVCR_OCTET_HOST : 0u) |
                          (plain ? SVCR_OCTET_NAME : 0u) |
                          (among(byte, in_tokens) ? SVCR_OCTET_TOKEN : 0u);

        ck_assert_msg(svcr_octets[byte] == wanted, "byte %d has classes %u, not %u", byte,
                      svcr_octets[byte], wanted);
    }
    /* One byte that lacks a class, wherever it stands. */
    for (size_t size = 1; size < 20; size++) {
        for (size_t at = 0; at < size; at++) {
            char text[20];

            memset(text, 'a', sizeof(text));
            ck_assert((svcr_octets_shared((svcr_text){text, size}) & SVCR_OCTET_PATH) != 0);
            text[at] = '|';
            ck_assert((svcr_octets_shared((svcr_text){text, size}) & SVCR_OCTET_PATH) == 0);
            ck_assert((svcr_octets_shared((svcr_text){text, size}) & SVCR_OCTET_VISIBLE) != 0);
        }
    }
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = c != 0 && c < 128 ? strchr(digits, c) : NULL;

        ck_assert_int_eq(svcr_hex_digit((char)c), found != NULL ? (found - digits) % 16 : -1);
    }
}
END_TEST

/* ---- by hand ---- */

/* A clean path, as text; "!" if it is refused. */
static const char *cleaned(svcr_text path, uint32_t allow)
{
    static char out[ROOM];
    size_t size = 0;
    int code = svcroute_path_clean(path, allow, out, sizeof(out) - 1, &size);

    if (code != 0) {
        ck_assert_int_eq(code, SVCROUTE_ERR_BAD_REQUEST);
        return "!";
    }
    out[size] = '\0';
    return out;
}

static const char *routing(svcr_text path, bool traefik)
{
    static char out[ROOM];
    svcr_text made;
    int code = svcr_path_route(path, traefik, out, sizeof(out) - 1, &made);

    if (code != 0) {
        ck_assert_int_eq(code, SVCROUTE_ERR_BAD_REQUEST);
        return "!";
    }
    memmove(out, made.data, made.size);
    out[made.size] = '\0';
    return out;
}

static const struct {
    const char *path, *all, *characters; /* NULL: the same */
} clean_rows[] = {
    {"", "/", NULL},
    {"/", "/", NULL},
    {"*", "*", NULL},
    {"/foo", "/foo", NULL},
    {"/foo/", "/foo/", NULL},
    {"//", "/", NULL},
    {"///foo//bar///", "/foo/bar/", NULL},
    {"/.", "/", NULL},
    {"/..", "/", NULL},
    {"/./", "/", NULL},
    {"/../", "/", NULL},
    {"/...", "/...", NULL},
    {"/.a", "/.a", NULL},
    {"/a.", "/a.", NULL},
    {"/..a/..", "/", NULL},
    {"/foo/.", "/foo", NULL},
    {"/foo/./", "/foo/", NULL},
    {"/foo/..", "/", NULL},
    {"/foo/../", "/", NULL},
    {"/foo/bar/..", "/foo", NULL},
    {"/foo/bar/../", "/foo/", NULL},
    {"/a/b/c/../../d", "/a/d", NULL},
    {"/a/../../b", "/b", NULL},
    {"/../../a/b/../c/./d//e", "/a/c/d/e", NULL},
    {"/%2e%2E/a", "/a", NULL},
    {"/a/%2e/b", "/a/b", NULL},
    {"/a/.%2e/b", "/b", NULL},
    {"/a/..%2Fb", "/a/..%2Fb", NULL},
    {"/%66o%6F", "/foo", NULL},
    {"/%2d%5f%7E%41%7a%30", "/-_~Az0", NULL},
    {"/a%2fb%3a", "/a%2Fb%3A", NULL},
    {"/a%c3%a9", "/a%C3%A9", NULL},
    {"/a%0ab", "/a%0Ab", NULL},
    {"/a%20b%7f", "/a%20b%7F", NULL},
    {"/a%2541", "/a%2541", NULL},
    {"/;a=1/$&+,:@!'()*[]", "/;a=1/$&+,:@!'()*[]", NULL},
    {"/a|b", "/a%7Cb", NULL},
    {"/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D", NULL},
    {"/\xc3\xa9\xff", "/%C3%A9%FF", NULL},
    /* A byte that is not legal: the reference decodes and encodes all. */
    {"/a|b%2fc", "/a%7Cb/c", "/a%7Cb%2Fc"},
    {"/a%2F..%2f|", "/%7C", "/a%2F..%2F%7C"},
    {"/a/..%2F|", "/%7C", "/a/..%2F%7C"},
    {"/|%2F", "/%7C/", "/%7C%2F"},
    {"/|%2f%2e%2e%2Fx", "/x", "/%7C%2F..%2Fx"},
    {"/|[x]!*'()", "/%7C%5Bx%5D%21%2A%27%28%29", "/%7C[x]!*'()"},
    {"/|%3a%40%24", "/%7C:@$", "/%7C%3A%40%24"},
    {"/|%25%2F", "/%7C%25/", "/%7C%25%2F"},
    {"/|%2525", "/%7C%2525", NULL},
    {"/a%|", "!", NULL},
    {"/%", "!", NULL},
    {"/%2", "!", NULL},
    {"/%zz", "!", NULL},
    {"/%2g", "!", NULL},
    {"/%g2", "!", NULL},
    {"/a#b", "!", NULL},
    {"/#", "!", NULL},
    {"/a b", "!", NULL},
    {"/a\tb", "!", NULL},
    {"/a\x7f", "!", NULL},
    {"/a\x01", "!", NULL},
    {"a", "!", NULL},
    {"a/b", "!", NULL},
    {"**", "!", NULL},
    {"%2Fa", "!", NULL},
};

START_TEST(paths_are_cleaned)
{
    for (size_t i = 0; i < sizeof(clean_rows) / sizeof(clean_rows[0]); i++) {
        svcr_text path = {clean_rows[i].path, strlen(clean_rows[i].path)};
        const char *other =
            clean_rows[i].characters != NULL ? clean_rows[i].characters : clean_rows[i].all;

        ck_assert_str_eq(cleaned(path, ALL), clean_rows[i].all);
        ck_assert_str_eq(cleaned(path, CHARACTERS), other);
    }
    ck_assert_str_eq(cleaned((svcr_text){"/a\0b", 4}, ALL), "!");
    ck_assert_str_eq(cleaned(SVCR_TEXT_ABSENT, 0), "/");
}
END_TEST

static const struct {
    const char *path, *traefik, *default_; /* NULL: the same */
} routing_rows[] = {
    {"", "", NULL},
    {"*", "*", NULL},
    {"/", "/", NULL},
    {"/foo/../bar//", "/foo/../bar//", NULL},
    {"/foo%20bar", "/foo bar", NULL},
    {"/%66oo", "/foo", NULL},
    {"/%2e%2e/", "/../", NULL},
    {"/caf%c3%a9%FF", "/caf\xc3\xa9\xff", NULL},
    {"/\xc3\xa9\xff|{", "/\xc3\xa9\xff|{", NULL},
    {"/%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25",
     "/%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25", NULL},
    {"/%22%3C%3E%5C%5E%60%7B%7C%7D%7E%2D%2E%5F", "/\"<>\\^`{|}~-._", NULL},
    /* Small letters: the reference takes these for others. */
    {"/%3a%2f%3f%5b%5d%2a%2b%2c%3b%3d", "/:/?[]*+,;=", "/%3A%2F%3F%5B%5D%2A%2B%2C%3B%3D"},
    {"/a%2541", "/a%2541", NULL},
    {"/:?#", "/:%3F%23", NULL},
    {"/foo#bar%2F", "/foo%23bar/", "/foo%23bar%2F"},
    {"/a|b%2Fc%2f%25", "/a|b/c/%25", "/a|b%2Fc%2F%25"},
    {"/|[x]!'()*", "/|%5Bx%5D%21%27%28%29%2A", "/|[x]!'()*"},
    {"/|%5B%3A%40%24%26%2B%2C%3B%3D", "/|%5B:@$&+,;=", "/|%5B%3A%40%24%26%2B%2C%3B%3D"},
    {"/%zz", "!", NULL},
    {"/|%", "!", NULL},
    {"/a%2", "!", NULL},
    {"/a b", "!", NULL},
    {"/a\n", "!", NULL},
    {"/a\x7f", "!", NULL},
};

START_TEST(rules_see_decoded_paths)
{
    for (size_t i = 0; i < sizeof(routing_rows) / sizeof(routing_rows[0]); i++) {
        svcr_text path = {routing_rows[i].path, strlen(routing_rows[i].path)};
        const char *traefik = routing_rows[i].traefik, *other = routing_rows[i].default_;

        ck_assert_str_eq(routing(path, true), traefik);
        ck_assert_str_eq(routing(path, false), other != NULL ? other : traefik);
    }
    for (int traefik = 0; traefik < 2; traefik++) {
        char out[16];
        svcr_text path = SVCR_TEXT("/a%0a%00b"), made;

        ck_assert_int_eq(svcr_path_route(path, traefik, out, sizeof(out), &made), 0);
        ck_assert(svcr_text_same(made, (svcr_text){"/a\n\0b", 5}));
        ck_assert_ptr_eq(made.data, out);
        /* What needs no work is borrowed. */
        path = SVCR_TEXT("/a/b;c=[d]");
        ck_assert_int_eq(svcr_path_route(path, traefik, NULL, 0, &made), 0);
        ck_assert_ptr_eq(made.data, path.data);
    }
}
END_TEST

START_TEST(routing_paths_need_room)
{
    svcr_text path = SVCR_TEXT("/|[["), made;
    char out[8];

    ck_assert_int_eq(svcr_path_route(path, true, out, 8, &made), 0);
    ck_assert(svcr_text_same(made, SVCR_TEXT("/|%5B%5B")));
    for (size_t room = 0; room < 8; room++) {
        memset(out, '-', sizeof(out));
        ck_assert_int_eq(svcr_path_route(path, true, out, room, &made), SVCROUTE_ERR_LIMIT);
        for (size_t i = room; i < sizeof(out); i++) {
            ck_assert_int_eq(out[i], '-');
        }
    }
}
END_TEST

static const struct {
    char byte;
    uint32_t flag;
} judged[] = {
    {'/', SVCROUTE_PATH_ALLOW_SLASH},   {'\\', SVCROUTE_PATH_ALLOW_BACKSLASH},
    {'\0', SVCROUTE_PATH_ALLOW_NUL},    {';', SVCROUTE_PATH_ALLOW_SEMICOLON},
    {'%', SVCROUTE_PATH_ALLOW_PERCENT}, {'?', SVCROUTE_PATH_ALLOW_QUESTION},
    {'#', SVCROUTE_PATH_ALLOW_HASH},
};

static bool allowed(svcr_text path, uint32_t allow)
{
    return strcmp(cleaned(path, allow), "!") != 0;
}

START_TEST(encoded_characters_need_leave)
{
    for (int byte = 0; byte < 256; byte++) {
        uint32_t flag = 0;

        for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
            flag |= byte == (uint8_t)judged[i].byte ? judged[i].flag : 0;
        }
        /* Also in a path that is decoded as a whole, whose clean form does not tell any more. */
        for (size_t form = 0; form < 4; form++) {
            static const char *const forms[] = {"/a%%%02x", "/a%%%02Xb/", "/a%%%02x|", "/|%%%02X"};
            char text[16];
            svcr_text path = {text, (size_t)snprintf(text, sizeof(text), forms[form], byte)};

            for (uint32_t decode = 0; decode <= 128; decode += 128) {
                ck_assert_int_eq(allowed(path, decode), flag == 0);
                ck_assert(allowed(path, CHARACTERS | decode));
                ck_assert(allowed(path, flag | decode));
                ck_assert_int_eq(allowed(path, (CHARACTERS & ~flag) | decode), flag == 0);
            }
        }
    }
    /* What becomes encoded is judged as if it came so. */
    ck_assert(!allowed(SVCR_TEXT("/a\\b"), CHARACTERS & ~SVCROUTE_PATH_ALLOW_BACKSLASH));
    ck_assert(allowed(SVCR_TEXT("/a\\b"), SVCROUTE_PATH_ALLOW_BACKSLASH));
    ck_assert(!allowed(SVCR_TEXT("/a?b"), 0));
    ck_assert(allowed(SVCR_TEXT("/a;b|{/"), 0));
    /* No flag lets a raw "#" pass. */
    ck_assert(!allowed(SVCR_TEXT("/a#"), ALL));
}
END_TEST

START_TEST(clean_paths_go_where_there_is_room)
{
    static const char *const paths[] = {"", "*", "/", "/a/b", "/a//%2e/b%2fc|", "/a/..", "/a|/"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        svcr_text path = {paths[i], strlen(paths[i])};
        char whole[64], out[64];
        size_t full = 0, size = 99;

        ck_assert_int_eq(svcroute_path_clean(path, ALL, whole, sizeof(whole), &full), 0);
        ck_assert_int_eq(svcroute_path_clean(path, ALL, NULL, 0, &size), SVCROUTE_ERR_SPACE);
        ck_assert_uint_eq(size, full);
        for (size_t room = 0; room <= full + 1; room++) {
            memset(out, '-', sizeof(out));
            size = 99;
            ck_assert_int_eq(svcroute_path_clean(path, ALL, out, room, &size),
                             room < full ? SVCROUTE_ERR_SPACE : 0);
            ck_assert_uint_eq(size, full);
            ck_assert_int_eq(memcmp(out, whole, room < full ? 0 : full), 0);
            for (size_t j = room < full ? 0 : full; j < sizeof(out); j++) {
                ck_assert_int_eq(out[j], '-');
            }
        }
    }
}
END_TEST

START_TEST(wrong_calls_are_told)
{
    char out[8];
    size_t size;

    ck_assert_int_eq(svcroute_path_clean(SVCR_TEXT("/"), 0, out, sizeof(out), NULL),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_path_clean(SVCR_TEXT("/"), 0, NULL, 1, &size), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_path_clean(SVCR_TEXT("/"), 256, out, sizeof(out), &size),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_path_clean((svcr_text){NULL, 1}, 0, out, sizeof(out), &size),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_path_clean((svcr_text){"/", SIZE_MAX}, 0, out, sizeof(out), &size),
                     SVCROUTE_ERR_INVALID);
}
END_TEST

Suite *suite_path(void)
{
    Suite *suite = suite_create("path");
    TCase *tests = tcase_create("path");

    tcase_add_test(tests, bytes_have_their_classes);
    tcase_add_test(tests, paths_are_cleaned);
    tcase_add_test(tests, rules_see_decoded_paths);
    tcase_add_test(tests, routing_paths_need_room);
    tcase_add_test(tests, encoded_characters_need_leave);
    tcase_add_test(tests, clean_paths_go_where_there_is_room);
    tcase_add_test(tests, wrong_calls_are_told);
    suite_add_tcase(suite, tests);
    return suite;
}
