/* Requests as rules see them: hosts and clients by hand, what is refused, what is borrowed, limits.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

#include "rule/subject.h"

#define TEXT(string) ((svcr_text){(string), strlen(string)})

/* Filled with what nobody may rely on. */
static struct svcr_subject *subject_new(void)
{
    struct svcr_subject *subject = malloc(sizeof(*subject));

    ck_assert_ptr_nonnull(subject);
    memset(subject, 0xee, sizeof(*subject));
    return subject;
}

static struct svcroute_match_request request_of(const char *host, const char *path)
{
    return (struct svcroute_match_request){
        .size = sizeof(struct svcroute_match_request), .host = TEXT(host), .path = TEXT(path)};
}

static const struct {
    const char *header, *host;
} hosts[] = {
    {"", ""},
    {"example.com", "example.com"},
    {"EXAMPLE.com", "example.com"},
    {"example.com:80", "example.com"},
    {"Example.com:443", "example.com"},
    {"example.com:", "example.com"},
    {"example.com:http", "example.com"},
    {"example.com.", "example.com."},
    {"example.com.:80", "example.com."},
    {"example.com..", "example.com.."},
    {".", "."},
    {":80", ""},
    {":", ""},
    {"127.0.0.1:80", "127.0.0.1"},
    {"[::1]", "::1"},
    {"[::1]:80", "::1"},
    {"[::1]:", "::1"},
    {"[2001:DB8::A]:443", "2001:db8::a"},
    {"[FE80::1%Eth0]:80", "fe80::1%eth0"},
    {"::1", "::1"},
    {"2001:DB8::1", "2001:db8::1"},
    /* Two ports, or brackets where none belong: the text as it is, which no name equals. */
    {"example.com:80:90", "example.com:80:90"},
    {"A:b:C", "a:b:c"},
    {"[::1]:80:90", "[::1]:80:90"},
    {"[::1]x", "[::1]x"},
    {"[::1", "[::1"},
    {"::1]", "::1]"},
    {"a[b]:80", "a[b]:80"},
    {"a]:80", "a]:80"},
    {"[a:80", "[a:80"},
    {"[a]b:80", "[a]b:80"},
    {"[a]:8]0", "[a]:8]0"},
    {"[a[]:80", "[a[]:80"},
    {"[a]:[b]", "a]:[b"},
    {"[:]", ":"},
    /* Without a colon brackets stay. */
    {"[a]", "[a]"},
    {"[]", "[]"},
    {"[]:80", ""},
    {"a_b!$&'()*+,;=~%41", "a_b!$&'()*+,;=~%41"},
};

START_TEST(hosts_lose_port_brackets_and_capitals)
{
    struct svcr_subject *subject = subject_new();

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct svcroute_match_request request = request_of(hosts[i].header, "/");

        for (int traefik = 0; traefik < 2; traefik++) {
            ck_assert_msg(svcr_subject_make(subject, &request, traefik) == 0, "%s",
                          hosts[i].header);
            ck_assert_msg(svcr_text_same(subject->host, TEXT(hosts[i].host)), "%s is %.*s",
                          hosts[i].header, SVCR_ARG(subject->host));
        }
    }
    free(subject);
}
END_TEST

START_TEST(what_no_parser_lets_through_is_refused)
{
    static const char *const legal =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&'()*+,-.:;=[]_~";
    static const char *const token =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "!#$%&'*+-.^_`|~";
    static const char *const bad_paths[] = {"/a b", "/%", "/%2", "/%zz", "/a\x01", "/a\x7f", "/\n"};
    struct svcr_subject *subject = subject_new();

    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'a', (char)byte, 'b'};
        bool ascii = byte != 0 && byte < 128;
        struct svcroute_match_request request = request_of("a", "/");

        request.host = (svcr_text){text, 3};
        ck_assert_int_eq(svcr_subject_make(subject, &request, true),
                         ascii && strchr(legal, byte) != NULL ? 0 : SVCROUTE_ERR_BAD_REQUEST);
        request.host = TEXT("a");
        request.method = (svcr_text){text, 3};
        ck_assert_int_eq(svcr_subject_make(subject, &request, true),
                         ascii && strchr(token, byte) != NULL ? 0 : SVCROUTE_ERR_BAD_REQUEST);
        request.method = SVCR_TEXT_ABSENT;
        request.query = (svcr_text){text, 3};
        ck_assert_int_eq(svcr_subject_make(subject, &request, true),
                         byte > ' ' && byte != 0x7f ? 0 : SVCROUTE_ERR_BAD_REQUEST);
    }
    for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
        struct svcroute_match_request request = request_of("a", bad_paths[i]);

        for (int traefik = 0; traefik < 2; traefik++) {
            ck_assert_msg(svcr_subject_make(subject, &request, traefik) == SVCROUTE_ERR_BAD_REQUEST,
                          "%s", bad_paths[i]);
        }
    }
    free(subject);
}
END_TEST

START_TEST(parts_are_taken_over)
{
    static const struct svcroute_text headers[] = {{"A", 1}, {"b", 1}};
    struct svcr_subject *subject = subject_new();
    struct svcroute_match_request request = request_of("a", "/x");

    request.headers = headers;
    request.num_headers = 1;
    request.query = TEXT("k=%zz;#");
    request.method = TEXT("get");
    ck_assert_int_eq(svcr_subject_make(subject, &request, false), 0);
    ck_assert(svcr_text_same(subject->method, TEXT("get")));
    ck_assert_ptr_eq(subject->host.data, request.host.data);
    ck_assert_ptr_eq(subject->path.data, request.path.data);
    ck_assert_uint_eq(subject->scratch_used, 0);
    ck_assert(svcr_text_same(subject->query, request.query));
    ck_assert_ptr_eq(subject->headers, headers);
    ck_assert_uint_eq(subject->num_headers, 1);
    ck_assert(!subject->traefik && subject->query_semicolons);

    /* Host and path both changed: one behind the other. Profiles differ in paths. */
    request = request_of("A:1", "/%41%2f|%2F");
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    ck_assert(svcr_text_same(subject->method, TEXT("GET")));
    ck_assert(svcr_text_same(subject->host, TEXT("a")));
    ck_assert(svcr_text_same(subject->path, TEXT("/A/|/")));
    ck_assert_uint_eq(subject->scratch_used, 6);
    ck_assert(subject->traefik);
    ck_assert_int_eq(svcr_subject_make(subject, &request, false), 0);
    ck_assert(svcr_text_same(subject->path, TEXT("/A%2F|%2F")));
    ck_assert_uint_eq(subject->scratch_used, 10);
    ck_assert(svcr_text_same(subject->query, TEXT("")));

    /* Nothing at all is a request for nothing. */
    request = (struct svcroute_match_request){.size = sizeof(request)};
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    ck_assert_uint_eq(subject->host.size + subject->path.size + subject->query.size, 0);
    free(subject);
}
END_TEST

START_TEST(wrong_requests_are_told)
{
    struct svcr_subject *subject = subject_new();
    struct svcroute_match_request request;

    for (int i = 0; i < 6; i++) {
        svcr_text *texts[] = {&request.method, &request.host, &request.path, &request.query,
                              &request.client};

        request = request_of("a", "/");
        if (i < 5) {
            *texts[i] = (svcr_text){NULL, 1};
        } else {
            request.num_headers = 1;
        }
        ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_INVALID);
    }
    free(subject);
}
END_TEST

START_TEST(limits_hold)
{
    enum { MOST = SVCR_TARGET_MAX };
    struct svcr_subject *subject = subject_new();
    char *host = malloc(SVCR_HOST_MAX + 1), *path = malloc(MOST + 1), *query = malloc(MOST);
    struct svcroute_match_request request = request_of("a", "/");

    memset(host, 'H', SVCR_HOST_MAX + 1);
    memset(path, 'x', MOST + 1);
    memset(query, 'q', MOST);
    path[0] = '/';
    request.host = (svcr_text){host, SVCR_HOST_MAX + 1};
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);
    request.host.size--;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    ck_assert_uint_eq(subject->host.size, SVCR_HOST_MAX);

    request.path = (svcr_text){path, MOST + 1};
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);
    request.path.size--;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    request.query = (svcr_text){query, 1};
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);
    request.path.size--;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    request.path.size = 1;
    request.query.size = MOST;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);
    request.query.size = SIZE_MAX;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);

    /* A path that grows: the room for the query's longest value is left alone. */
    path[1] = '|';
    memset(path + 2, '[', MOST - 2);
    request.query.size = 100;
    request.path.size = 2 + (MOST - 2 - 100) / 3;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
    ck_assert_uint_le(subject->scratch_used, sizeof(subject->scratch) - 100);
    ck_assert_uint_gt(subject->scratch_used + 3, sizeof(subject->scratch) - 100);
    request.path.size++;
    ck_assert_int_eq(svcr_subject_make(subject, &request, true), SVCROUTE_ERR_LIMIT);
    ck_assert_int_eq(svcr_subject_make(subject, &request, false), 0);
    free(query);
    free(path);
    free(host);
    free(subject);
}
END_TEST

static const struct {
    const char *client, *address; /* NULL: not known */
} clients[] = {
    {"10.0.0.1", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"10.0.0.1:4000", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"10.0.0.1:", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"[::ffff:10.0.0.1]:80", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"[::ffff:a00:1]:80", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"::FFFF:10.0.0.1", "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01"},
    {"[::10.0.0.1]:80", "\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\x01"},
    {"::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"},
    {"[::1]:80", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"},
    {"[2001:DB8:0:0::5]:443", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05"},
    {"fe80::1", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"},
    {"fe80::1%eth0", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"},
    {"[fe80::1%eth0]:80", "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"},
    {"", NULL},
    {"@", NULL},
    {"localhost", NULL},
    {"localhost:80", NULL},
    {"10.0.0.256:80", NULL},
    {"010.0.0.1:80", NULL},
    {"10.0.0.1:80:90", NULL},
    {"10.0.0.1%eth0", NULL},
    {"10.0.0.1%eth0:80", NULL},
    {"fe80::1%", NULL},
    {"[fe80::1%]:80", NULL},
    {"[::1]", NULL},
    {"[::1", NULL},
    {"[10.0.0.1]", NULL},
    {"10.0.0.1 ", NULL},
    {"/run/socket", NULL},
};

START_TEST(clients_are_addresses)
{
    struct svcr_subject *subject = subject_new();

    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        struct svcroute_match_request request = request_of("a", "/");
        const uint8_t *address;

        request.client = TEXT(clients[i].client);
        ck_assert_int_eq(svcr_subject_make(subject, &request, true), 0);
        address = svcr_subject_client(subject);
        ck_assert_msg((address == NULL) == (clients[i].address == NULL), "%s", clients[i].client);
        if (address != NULL) {
            ck_assert_msg(memcmp(address, clients[i].address, 16) == 0, "%s", clients[i].client);
        }
        /* Read once. */
        subject->client_text = SVCR_TEXT_ABSENT;
        ck_assert_ptr_eq(svcr_subject_client(subject), address);
    }
    free(subject);
}
END_TEST

Suite *suite_subject(void)
{
    Suite *suite = suite_create("subject");
    TCase *tests = tcase_create("subject");

    tcase_add_test(tests, hosts_lose_port_brackets_and_capitals);
    tcase_add_test(tests, what_no_parser_lets_through_is_refused);
    tcase_add_test(tests, parts_are_taken_over);
    tcase_add_test(tests, wrong_requests_are_told);
    tcase_add_test(tests, limits_hold);
    tcase_add_test(tests, clients_are_addresses);
    suite_add_tcase(suite, tests);
    return suite;
}
