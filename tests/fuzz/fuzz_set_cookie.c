/* What documents say of cookies. Lines of an input are a cookie's name, path, domain, sameSite and
 * maxAge; whatever they are, the header has one cookie and known
 * attributes in it, and its value brings the client back. */
#include "balance.h"

enum field { FIELD_NAME, FIELD_PATH, FIELD_DOMAIN, FIELD_SAME_SITE, FIELD_MAX_AGE, NUM_FIELDS };

static const char endpoints[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},"
    "\"spec\":{\"ports\":[{\"port\":80}]}}\n"
    "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":"
    "\"web-1\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv4\","
    "\"ports\":[{\"name\":\"\",\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},"
    "{\"addresses\":[\"10.0.0.2\"]}]}\n"
    "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":"
    "{\"name\":\"web\"},\"spec\":{\"routes\":[{\"match\":\"Path(`/`)\",\"services\":"
    "[{\"kind\":\"TraefikService\",\"name\":\"web\"}]}]}}\n";

static void split(struct input input, struct svcroute_text fields[NUM_FIELDS])
{
    const char *at = input.text;
    const char *end = at + input.size;
    for (int i = 0; i < NUM_FIELDS; i++) {
        const char *cut =
            i + 1 < NUM_FIELDS && at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        fields[i] = (struct svcroute_text){at, (size_t)((cut != NULL ? cut : end) - at)};
        at = cut != NULL ? cut + 1 : end;
    }
}

static void put(struct svcroute_document *document, const char *key, struct svcroute_text text)
{
    svcroute_document_key(document, key, strlen(key));
    svcroute_document_string(document, text.data, text.size);
}

static void begin(struct svcroute_document *document, const char *key)
{
    svcroute_document_key(document, key, strlen(key));
    svcroute_document_begin_map(document);
}

static void put_cookie(struct svcroute_document *document,
                       const struct svcroute_text fields[NUM_FIELDS], unsigned options)
{
    begin(document, "sticky");
    begin(document, "cookie");
    if ((options & 1) == 0) {
        put(document, "name", fields[FIELD_NAME]);
    }
    if ((options & 2) != 0) {
        put(document, "path", fields[FIELD_PATH]);
    }
    if ((options & 4) != 0) {
        put(document, "domain", fields[FIELD_DOMAIN]);
    }
    if ((options & 8) != 0) {
        put(document, "sameSite", fields[FIELD_SAME_SITE]);
    }
    if ((options & 16) != 0) {
        svcroute_document_key(document, "maxAge", 6);
        svcroute_document_number(document, fields[FIELD_MAX_AGE].data, fields[FIELD_MAX_AGE].size);
    }
    svcroute_document_key(document, "secure", 6);
    svcroute_document_boolean(document, (options & 32) != 0);
    svcroute_document_key(document, "httpOnly", 8);
    svcroute_document_boolean(document, (options & 64) != 0);
    svcroute_document_end(document);
    svcroute_document_end(document);
}

/* A TraefikService whose child is sticky, and which is itself if asked for. */
static struct svcroute_document *write_service(struct svcroute_context *context,
                                               const struct svcroute_text fields[NUM_FIELDS],
                                               unsigned options)
{
    struct svcroute_document *document;
    MUST(svcroute_document_new(&document, context, FUZZ_TEXT("built")) == 0);
    svcroute_document_begin_map(document);
    put(document, "apiVersion", FUZZ_TEXT("traefik.io/v1alpha1"));
    put(document, "kind", FUZZ_TEXT("TraefikService"));
    begin(document, "metadata");
    put(document, "name", FUZZ_TEXT("web"));
    svcroute_document_end(document);
    begin(document, "spec");
    begin(document, "weighted");
    if ((options & 128) != 0) {
        put_cookie(document, fields, options | 1); /* its own name */
    }
    svcroute_document_key(document, "services", 8);
    svcroute_document_begin_list(document);
    svcroute_document_begin_map(document);
    put(document, "name", FUZZ_TEXT("web"));
    svcroute_document_key(document, "port", 4);
    svcroute_document_integer(document, 80);
    put_cookie(document, fields, options);
    svcroute_document_end(document);
    svcroute_document_end(document);
    svcroute_document_end(document);
    svcroute_document_end(document);
    svcroute_document_end(document);
    return document;
}

static bool is_token(struct svcroute_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte >= 127 || strchr("()<>@,;:\\\"/[]?={}", byte) != NULL) {
            return false;
        }
    }
    return text.size != 0;
}

/* Takes what stands ahead of "; ". */
static struct svcroute_text next_part(struct svcroute_text *rest)
{
    struct svcroute_text part = *rest;
    for (size_t i = 0; i + 1 < rest->size; i++) {
        if (rest->data[i] == ';') {
            MUST(rest->data[i + 1] == ' ');
            part.size = i;
            *rest = (struct svcroute_text){rest->data + i + 2, rest->size - i - 2};
            return part;
        }
    }
    *rest = (struct svcroute_text){NULL, 0};
    return part;
}

static void check_attribute(struct svcroute_text part, unsigned *seen)
{
    static const char *const names[] = {
        "Path=",  "Domain=",       "Max-Age=",     "HttpOnly",
        "Secure", "SameSite=None", "SameSite=Lax", "SameSite=Strict"};
    unsigned which = 0;
    while (which < 8 && (part.size < strlen(names[which]) ||
                         memcmp(part.data, names[which], strlen(names[which])) != 0)) {
        which++;
    }
    MUST(which < 8 && (*seen & 1u << which) == 0);
    *seen |= which >= 5 ? 7u << 5 : 1u << which;
    size_t size = strlen(names[which]);
    MUST(which <= 2 || part.size == size);
    for (size_t i = size; which == 2 && i < part.size; i++) {
        MUST(part.data[i] >= '0' && part.data[i] <= '9');
    }
}

static void check_header(struct svcroute_text header)
{
    struct svcroute_text rest = header;
    unsigned seen = 0;
    for (size_t i = 0; i < header.size; i++) {
        MUST(header.data[i] >= ' ' && header.data[i] <= '~');
    }
    struct svcroute_text pair = next_part(&rest);
    const char *equals = memchr(pair.data, '=', pair.size);
    MUST(equals != NULL);
    struct svcroute_text name = {pair.data, (size_t)(equals - pair.data)};
    struct svcroute_text value = {equals + 1, pair.size - name.size - 1};
    MUST(is_token(name) && is_token(value));
    while (rest.data != NULL) {
        check_attribute(next_part(&rest), &seen);
    }
}

/* Picks without cookies, then with those that this gave: the same server, because of them. */
static void check_pick(const struct fuzz_scene *scene, uint64_t handle)
{
    struct svcroute_pick *pick;
    struct svcroute_text pairs[2];
    char *texts[2] = {NULL, NULL};
    MUST(svcroute_pick_new(&pick, scene->context) == 0);
    MUST(svcroute_picker_pick(scene->picker, handle, NULL, pick, 0) == 0);
    struct svcroute_pick_info info = fuzz_pick_look(pick);
    MUST(info.num_cookies >= 1 && info.num_cookies <= 2);
    for (uint32_t i = 0; i < info.num_cookies; i++) {
        size_t size;
        texts[i] = fuzz_cookie(pick, i, &size);
        check_header((struct svcroute_text){texts[i], size});
        pairs[i] = fuzz_cookie_pair(texts[i], size);
    }
    svcroute_pick_clear(pick);
    struct svcroute_request request = {
        .size = sizeof(request), .cookies = pairs, .num_cookies = info.num_cookies};
    uint64_t server = info.server;
    bool twice = info.num_cookies == 2;
    /* Two cookies of one name: the first line counts. */
    const char *equals = memchr(pairs[0].data, '=', pairs[0].size);
    size_t name = (size_t)(equals - pairs[0].data) + 1;
    bool one_name =
        twice && pairs[1].size > name && memcmp(pairs[0].data, pairs[1].data, name) == 0;
    MUST(svcroute_picker_pick(scene->picker, handle, &request, pick, 0) == 0);
    info = fuzz_pick_look(pick);
    MUST(one_name ||
         (info.why == SVCROUTE_WHY_COOKIE && info.server == server && info.num_cookies == 0));
    svcroute_pick_free(pick);
    free(texts[0]);
    free(texts[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct fuzz_scene scene = {.context = fuzz_context(false)};
    struct svcroute_load_options options = fuzz_load_options(0, false);
    struct svcroute_text fields[NUM_FIELDS];
    uint64_t handle;
    split(input, fields);
    struct svcroute_document *document = write_service(scene.context, fields, input.options);
    MUST(svcroute_store_new(&scene.store, scene.context) == 0);
    MUST(svcroute_store_load(scene.store, endpoints, sizeof(endpoints) - 1, NULL, NULL, NULL) == 0);
    /* A field may be no text, or maxAge no number. */
    if (svcroute_document_get_error(document) == 0 &&
        svcroute_store_apply(scene.store, document, &options, NULL, NULL) == 0) {
        fuzz_scene_balance(&scene, (input.options & 256) != 0, (input.options & 512) != 0);
        MUST(svcroute_picker_find_service(scene.picker, FUZZ_TEXT("default-web"), &handle) == 0);
        check_pick(&scene, handle);
    }
    svcroute_document_free(document);
    fuzz_scene_free(&scene);
    return 0;
}
