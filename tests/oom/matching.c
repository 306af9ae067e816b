/* What tables and pickers answer to requests, as one number; nothing of it allocates. */
#include "oom.h"

static const struct svcroute_text header_lines[] = {
    {"X-Team", 6}, {"blue", 4}, {"Accept", 6}, {"text/html", 9}};

static const struct asked {
    const char *method, *host, *target, *client, *entry_point;
} list[] = {
    {"GET", "example.com", "/", "192.0.2.1", ""},
    {"GET", "a.shop.example:8443", "/cart", "192.0.2.1:77", "secure"},
    {"GET", "b.shop.example", "/api/v2/things", "2001:db8::1", ""},
    {"PUT", "b.shop.example.", "/api/v2/things?page=7", "::ffff:10.1.2.3", "web"},
    {"GET", "none", "/a", "", ""},
    {"GET", "none", "/b/%2e./all", "10.1.2.3", "d17"},
    {"GET", "none", "/exact?debug", "10.1.2.3", ""},
    {"GET", "none", "http://x42.example:80/exact?page=x1", "", ""},
    {"GET", "up.example", "/low/1", "", ""},
    {"GET", "up.example", "/many/1", "", ""},
    {"GET", "up3.example", "/many/2", "", ""},
    {"GET", "bad host", "/", "", ""},
    {"OPTIONS", "other", "*", "", ""},
    {"GET", "other", "/x?y=1", "", ""},
};

/* As a host reads it. */
static void read_request(const struct asked *asked, struct svcroute_match_request *request,
                         char clean[256])
{
    struct svcroute_target target = {.size = sizeof(target)};
    struct svcroute_text text = {asked->target, strlen(asked->target)};
    size_t size = 0;
    must(svcroute_target_read(text, &target), "target");
    must(svcroute_path_clean(target.path, SVCROUTE_PATH_ALLOW_ALL, clean, 256, &size), "path");
    *request = (struct svcroute_match_request){
        .size = sizeof(*request),
        .method = {asked->method, strlen(asked->method)},
        .host = target.authority.size > 0
                    ? target.authority
                    : (struct svcroute_text){asked->host, strlen(asked->host)},
        .path = {clean, size},
        .query = target.query,
        .client = {asked->client, strlen(asked->client)},
        .entry_point = {asked->entry_point, strlen(asked->entry_point)},
        .headers = header_lines,
        .num_headers = 2,
    };
}

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (hash ^ size) * UINT64_C(0x100000001b3);
}

static uint64_t mix_answer(uint64_t hash, int error, const struct svcroute_table *table,
                           const struct svcroute_route *route)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    hash = mix(hash, &error, sizeof(error));
    if (error == SVCROUTE_OK) {
        must(svcroute_route_get_info(table, route, &info), "route");
        hash = mix(hash, info.name.data, info.name.size);
        hash = mix(hash, &info.index, sizeof(info.index));
    }
    return hash;
}

uint64_t matching_answers(const struct svcroute_table *table)
{
    uint64_t hash = 7;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        struct svcroute_match_request request;
        const struct svcroute_route *route = NULL, *other = NULL;
        struct svcroute_match_info why = {.size = sizeof(why)};
        char clean[256];
        read_request(&list[i], &request, clean);
        int error = svcroute_table_match(table, &request, &route);
        hash = mix_answer(hash, error, table, route);
        if (error == SVCROUTE_OK) {
            must(svcroute_route_match(table, route, &request, &why), "why");
            hash = mix(hash, why.matcher.data, why.matcher.size);
            error = svcroute_table_match_child(table, route, &request, &other);
            hash = mix_answer(hash, error, table, other);
        }
        for (int k = 0; k < 4 && route != NULL; k++) {
            error = svcroute_table_match_next(table, route, &request, &route);
            hash = mix_answer(hash, error, table, route);
        }
    }
    return hash;
}

uint64_t picker_matching_answers(const struct svcroute_picker *picker)
{
    uint64_t hash = 11;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        const struct svcroute_table *table = svcroute_picker_get_table(picker);
        struct svcroute_match_request request;
        uint64_t handle = 0;
        char clean[256];
        read_request(&list[i], &request, clean);
        int error = svcroute_picker_match(picker, &request, &handle);
        hash = mix_answer(hash, error, table, svcroute_picker_get_route(picker, handle));
        if (error == SVCROUTE_OK) {
            error = svcroute_picker_match_child(picker, handle, &request, &handle);
            hash = mix_answer(hash, error, table, svcroute_picker_get_route(picker, handle));
        }
    }
    return hash;
}
