/* The Cookie header. An input is what its lines hold; in it the bytes 1 to 3 stand for the value of
 * one of three servers, 4 to 6 for their URLs, which are values of an older form. */
#include "balance.h"

#include "balance/cookie.h"

#define SERVERS 3
#define LINES_MAX 8

static const char documents[] =
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: web}\n"
    "spec: {ports: [{port: 80}]}\n"
    "---\n"
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\n"
    "addressType: IPv4\n"
    "ports: [{name: '', port: 80}]\n"
    "endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3]}]\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: TraefikService\n"
    "metadata: {name: web}\n"
    "spec: {weighted: {services: [{name: web, port: 80, sticky: {cookie: {name: lb}}}]}}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: web}\n"
    "spec: {routes: [{match: Path(`/`), services: [{kind: TraefikService, name: web}]}]}\n";

struct cookies {
    struct fuzz_scene scene;
    uint64_t handle;
    struct svcroute_pick *pick;
    uint64_t servers[SERVERS];
    char values[SERVERS][64], urls[SERVERS][64];
};

/* Made once for each of the two kinds of values. */
static struct cookies *cookies_get(bool secret)
{
    static struct cookies all[2];
    struct cookies *cookies = &all[secret ? 1 : 0];
    struct fuzz_scene *scene = &cookies->scene;
    if (cookies->pick != NULL) {
        return cookies;
    }
    scene->context = fuzz_context(false);
    MUST(svcroute_store_new(&scene->store, scene->context) == 0);
    MUST(svcroute_store_load(scene->store, documents, sizeof(documents) - 1, NULL, NULL, NULL) ==
         0);
    fuzz_scene_balance(scene, SVCROUTE_PROFILE_DEFAULT, secret);
    MUST(svcroute_picker_find_service(scene->picker, FUZZ_TEXT("default-web"), &cookies->handle) ==
         0);
    MUST(svcroute_pick_new(&cookies->pick, scene->context) == 0);
    for (int i = 0; i < SERVERS; i++) { /* in turn */
        size_t size;
        MUST(svcroute_picker_pick(scene->picker, cookies->handle, NULL, cookies->pick, 0) == 0);
        struct svcroute_pick_info info = fuzz_pick_look(cookies->pick);
        char *text = fuzz_cookie(cookies->pick, 0, &size);
        struct svcroute_text pair = fuzz_cookie_pair(text, size);
        snprintf(cookies->values[i], sizeof(cookies->values[i]), "%.*s", (int)pair.size - 3,
                 pair.data + 3);
        snprintf(cookies->urls[i], sizeof(cookies->urls[i]), "%.*s", (int)info.url.size,
                 info.url.data);
        cookies->servers[i] = info.server;
        free(text);
        svcroute_pick_clear(cookies->pick);
    }
    return cookies;
}

/* The input with what its small bytes stand for, in a block of just its size. */
static char *expand(const struct cookies *cookies, struct input input, size_t *size)
{
    char *out = NULL;
    for (int pass = 0; pass < 2; pass++) { /* to measure, then to write */
        *size = 0;
        for (size_t i = 0; i < input.size; i++) {
            unsigned char byte = (unsigned char)input.text[i];
            const char *text = byte >= 1 && byte <= 3   ? cookies->values[byte - 1]
                               : byte >= 4 && byte <= 6 ? cookies->urls[byte - 4]
                                                        : NULL;
            size_t part = text != NULL ? strlen(text) : 1;
            if (pass == 1) {
                memcpy(out + *size, text != NULL ? text : input.text + i, part);
            }
            *size += part;
        }
        if (pass == 0) {
            out = malloc(*size != 0 ? *size : 1);
            MUST(out != NULL);
        }
    }
    return out;
}

static uint32_t split(const char *text, size_t size, struct svcroute_text lines[LINES_MAX])
{
    uint32_t num = 0;
    const char *end = text + size;
    while (num < LINES_MAX) {
        const char *cut = num + 1 < LINES_MAX ? memchr(text, '\n', (size_t)(end - text)) : NULL;
        lines[num++] = (struct svcroute_text){text, (size_t)((cut != NULL ? cut : end) - text)};
        if (cut == NULL) {
            break;
        }
        text = cut + 1;
    }
    return num;
}

static bool is(struct svcroute_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

/* The value lies in a line, behind the name, and what it means is what the pick does. */
static void check(struct cookies *cookies, const struct svcroute_text *lines, uint32_t num,
                  bool secret)
{
    struct svcroute_request request = {
        .size = sizeof(request), .cookies = lines, .num_cookies = num};
    svcr_text value = svcr_cookie_find(lines, num, FUZZ_TEXT("lb"));
    bool inside = value.data == NULL;
    int meant = -1;
    for (uint32_t i = 0; i < num && !inside; i++) {
        inside = value.data >= lines[i].data + 2 &&
                 value.data + value.size <= lines[i].data + lines[i].size;
    }
    MUST(inside);
    for (int i = 0; i < SERVERS && value.data != NULL; i++) {
        meant =
            is(value, cookies->values[i]) || (!secret && is(value, cookies->urls[i])) ? i : meant;
    }
    MUST(svcroute_picker_pick(cookies->scene.picker, cookies->handle, &request, cookies->pick, 0) ==
         0);
    struct svcroute_pick_info info = fuzz_pick_look(cookies->pick);
    MUST(meant < 0 || (info.why == SVCROUTE_WHY_COOKIE && info.server == cookies->servers[meant]));
    MUST(value.data != NULL || info.why == SVCROUTE_WHY_STRATEGY);
    /* One that meant somebody in its present form is not sent again. */
    MUST(info.num_cookies == (meant >= 0 && is(value, cookies->values[meant]) ? 0 : 1));
    svcroute_pick_clear(cookies->pick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    bool secret = (input.options & 1) != 0;
    struct cookies *cookies = cookies_get(secret);
    struct svcroute_text lines[LINES_MAX];
    size_t expanded;
    char *text = expand(cookies, input, &expanded);
    check(cookies, lines, split(text, expanded, lines), secret);
    free(text);
    return 0;
}
