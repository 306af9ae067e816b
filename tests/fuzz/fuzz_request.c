/* Requests. An input is a request: method, target, Host, client and header lines, parted by line
 * feeds. It goes the way that a host takes it: target, clean path, match; what the table answers is
 * what its rules say one by one. */
#include "balance.h"

#define LINES_MAX 12

#define OBJECT(name)                                                                               \
    "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"                                   \
    "metadata: {name: " name "}\nspec:\n"
#define ROUTE(rule) "  - match: " rule "\n    services: [{name: web, port: 80, nativeLB: true}]\n"
#define PARENT(rule) "  - match: " rule "\n"

/* clang-format off */
static const char documents[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
    "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n"
    OBJECT("web") "  routes:\n"
    ROUTE("Host(`a.example`)")
    ROUTE("Host(`a.example`) && PathPrefix(`/api`)")
    ROUTE("Host(`a.example`) && Path(`/api/v1`)")
    ROUTE("Host(`*.example`) && PathPrefix(`/a`)")
    ROUTE("Host(`*`) && Method(`PUT`)")
    ROUTE("PathPrefix(`/api`) && !Host(`a.example`)")
    ROUTE("Host(`b.example.`) || Path(`/x/y`)")
    ROUTE("Header(`X-Test`, `1`) && PathPrefix(`/`)")
    ROUTE("HeaderRegexp(`X-Test`, `^[0-9]+$`)")
    ROUTE("Query(`q`, `1`) || Query(`k`)")
    ROUTE("QueryRegexp(`q`, `[0-9]`)")
    ROUTE("ClientIP(`10.0.0.0/8`) && Host(`a.example`)")
    ROUTE("ClientIP(`2001:db8::/32`)")
    ROUTE("PathRegexp(`^/(a|b)*$`) && Method(`GET`)")
    ROUTE("HostRegexp(`^[a-c]+[.]example$`)")
    OBJECT("up") "  routes:\n"
    PARENT("Host(`up.example`) && PathPrefix(`/`)")
    PARENT("Host(`*.up.example`) && PathPrefix(`/`)")
    OBJECT("other") "  routes:\n"
    PARENT("Host(`up`) && Path(`/1`)") PARENT("Host(`up`) && Path(`/2`)") PARENT("Host(`up`) && Path(`/3`)")
    PARENT("Host(`up`) && Path(`/4`)") PARENT("Host(`up`) && Path(`/5`)") PARENT("Host(`up`) && Path(`/6`)")
    PARENT("Host(`up`) && Path(`/7`)") PARENT("Host(`up`) && Path(`/8`)") PARENT("Host(`up`) && Path(`/9`)")
    OBJECT("few") "  parentRefs: [{name: up}]\n  routes:\n"
    ROUTE("PathPrefix(`/api`)")
    ROUTE("Method(`GET`) || Query(`k`)")
    OBJECT("many") "  parentRefs: [{name: up}, {name: other}]\n  routes:\n"
    ROUTE("PathRegexp(`^/[0-9]$`)")
    ROUTE("Path(`/api/v1`)");
/* clang-format on */

static struct fuzz_scene scenes[2];

/* Maps with marks in their pointers look lost to who looks for leaks. */
static void scenes_free(void)
{
    for (size_t i = 0; i < 2; i++) {
        fuzz_scene_free(&scenes[i]);
    }
}

static struct fuzz_scene *scene_get(bool traefik)
{
    struct fuzz_scene *scene = &scenes[traefik ? 1 : 0];
    if (scene->picker == NULL) {
        MUST(scenes[0].picker != NULL || scenes[1].picker != NULL || atexit(scenes_free) == 0);
        scene->context = fuzz_context(false);
        MUST(svcroute_store_new(&scene->store, scene->context) == 0);
        MUST(svcroute_store_load(scene->store, documents, sizeof(documents) - 1, NULL, NULL,
                                 NULL) == 0);
        fuzz_scene_balance(scene, traefik ? SVCROUTE_PROFILE_TRAEFIK_V3 : SVCROUTE_PROFILE_DEFAULT,
                           false);
    }
    return scene;
}

/* Cleans into a block of just the size that was asked for. */
static char *clean(struct svcroute_text path, uint32_t allow, size_t *size)
{
    int error = svcroute_path_clean(path, allow, NULL, 0, size);
    if (error == SVCROUTE_ERR_BAD_REQUEST) {
        return NULL;
    }
    MUST(error == SVCROUTE_ERR_SPACE && *size <= 3 * path.size + 1 && *size != 0);
    char *out = malloc(*size);
    size_t again;
    MUST(out != NULL && svcroute_path_clean(path, allow, out, *size, &again) == 0);
    MUST(again == *size && (out[0] == '/' || (*size == 1 && out[0] == '*')));
    for (size_t i = 0; i < *size; i++) {
        MUST(out[i] > ' ' && out[i] < 127 && out[i] != '#' && out[i] != '?');
    }
    return out;
}

/* Nothing of a clean path is left to be cleaned. */
static void check_clean(struct svcroute_text path, uint32_t allow)
{
    size_t size;
    char *again = clean(path, allow | SVCROUTE_PATH_ALLOW_CHARACTERS, &size);
    MUST(again != NULL && size == path.size && memcmp(again, path.data, size) == 0);
    free(again);
}

static int order(const struct svcroute_route_info *a, const struct svcroute_route_info *b)
{
    if (a->effective_priority != b->effective_priority) {
        return a->effective_priority > b->effective_priority ? -1 : 1;
    }
    if (a->rule.size != b->rule.size) {
        return a->rule.size > b->rule.size ? -1 : 1;
    }
    size_t least = a->name.size < b->name.size ? a->name.size : b->name.size;
    int bytes = memcmp(a->name.data, b->name.data, least);
    return bytes != 0 ? bytes : a->name.size < b->name.size ? -1 : 1;
}

static bool has_parent(const struct fuzz_scene *scene, const struct svcroute_route *route,
                       const struct svcroute_route_info *info, struct svcroute_text parent)
{
    bool found = false;
    for (uint32_t i = 0; i < info->num_parents; i++) {
        found = found || fuzz_same(svcroute_route_get_parent(scene->table, route, i), parent);
    }
    return found;
}

/* Among all routes below a parent, or without one. */
static const struct svcroute_route *find_naive(const struct fuzz_scene *scene,
                                               const struct svcroute_match_request *request,
                                               struct svcroute_text parent)
{
    const struct svcroute_route *best = NULL;
    struct svcroute_route_info of_best = {.size = sizeof(of_best)};
    struct svcroute_listing *listing;
    MUST(svcroute_listing_new(&listing, scene->table, SVCROUTE_LISTING_ROUTES) == 0);
    for (size_t i = 0; i < svcroute_listing_num(listing); i++) {
        const struct svcroute_route *route = svcroute_listing_get_route(listing, i);
        struct svcroute_match_info info = {.size = sizeof(info)};
        struct svcroute_route_info of_route = {.size = sizeof(of_route)};
        int said = svcroute_route_match(scene->table, route, request, &info);
        MUST(said == 0 || said == SVCROUTE_ERR_NOT_FOUND); /* built without PCRE2 */
        MUST(svcroute_route_get_info(scene->table, route, &of_route) == 0);
        bool below = parent.size != 0 ? has_parent(scene, route, &of_route, parent)
                                      : of_route.num_parents == 0;
        if (below && said == 0 && info.matched != 0 &&
            (best == NULL || order(&of_route, &of_best) < 0)) {
            best = route;
            of_best = of_route;
        }
    }
    svcroute_listing_free(listing);
    return best;
}

static void check_below(const struct fuzz_scene *scene,
                        const struct svcroute_match_request *request,
                        const struct svcroute_route *parent, uint64_t handle)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    const struct svcroute_route *found = NULL;
    int error = svcroute_table_match_child(scene->table, parent, request, &found);
    MUST(svcroute_route_get_info(scene->table, parent, &info) == 0);
    MUST(error == (found != NULL ? 0 : SVCROUTE_ERR_NOT_FOUND));
    MUST(found == find_naive(scene, request, info.name));
    MUST(found == NULL || info.service.size == 0);
    MUST(svcroute_picker_match_child(scene->picker, handle, request, &handle) == error);
    MUST(svcroute_picker_get_route(scene->picker, handle) == found);
}

static void check_match(const struct fuzz_scene *scene,
                        const struct svcroute_match_request *request)
{
    const struct svcroute_route *found = NULL;
    uint64_t handle;
    int error = svcroute_table_match(scene->table, request, &found);
    MUST(svcroute_picker_match(scene->picker, request, &handle) == error);
    if (error != SVCROUTE_ERR_NOT_FOUND && error != 0) {
        MUST(error == SVCROUTE_ERR_BAD_REQUEST || error == SVCROUTE_ERR_LIMIT);
        return;
    }
    MUST(found == find_naive(scene, request, (struct svcroute_text){NULL, 0}));
    MUST(svcroute_picker_get_route(scene->picker, handle) == found);
    if (found != NULL) {
        check_below(scene, request, found, handle);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct svcroute_text lines[LINES_MAX] = {{NULL, 0}};
    size_t num = 0;
    const char *at = input.text;
    const char *end = at + input.size;
    while (num < LINES_MAX && at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        line = line != NULL ? line : end;
        lines[num++] = (struct svcroute_text){at, (size_t)(line - at)};
        at = line < end ? line + 1 : end;
    }
    struct svcroute_target target = {.size = sizeof(target)};
    int error = svcroute_target_read(lines[1], &target);
    MUST(error == 0 || error == SVCROUTE_ERR_BAD_REQUEST);
    if (error != 0) {
        return 0;
    }
    struct svcroute_match_request request = {
        .size = sizeof(request),
        .method = lines[0],
        .host = target.authority.size != 0 ? target.authority : lines[2],
        .path = target.path,
        .query = target.query,
        .client = lines[3],
        .headers = num > 5 ? &lines[4] : NULL,
        .num_headers = num > 5 ? (uint32_t)(num - 4) / 2 : 0,
    };
    const struct fuzz_scene *scene = scene_get((input.options & 256) != 0);
    check_match(scene, &request);
    size_t clean_size;
    char *path = clean(target.path, input.options & 255, &clean_size);
    if (path != NULL) {
        request.path = (struct svcroute_text){path, clean_size};
        check_clean(request.path, input.options & 255);
        check_match(scene, &request);
        free(path);
    }
    return 0;
}
