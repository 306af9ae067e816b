/* The decoder: from the root of a document to a typed object. Finds out what the document is, lets
 * the kind's table of fields read it, and turns the scratch buffer into a block of exactly its
 * size. */
#include "base/context.h"
#include "base/memory.h"
#include "kube/decode_fields.h"

int svcr_decoder_new(struct svcr_decoder **out, struct svcroute_context *context)
{
    *out = svcr_zalloc(context, sizeof(**out));
    if (*out == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    (*out)->context = svcroute_context_ref(context);
    svcr_buffer_init(&(*out)->trail_bytes, context);
    return 0;
}

void svcr_decoder_free(struct svcr_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    struct svcroute_context *context = decoder->context;
    svcr_source_unref(context, decoder->source);
    svcr_release(context, decoder->content, decoder->capacity);
    svcr_release(context, decoder->positions,
                 decoder->positions_capacity * sizeof(*decoder->positions));
    svcr_release(context, decoder->references,
                 decoder->references_capacity * sizeof(*decoder->references));
    svcr_release(context, decoder->keys, decoder->keys_capacity * sizeof(*decoder->keys));
    svcr_inside_free(decoder);
    svcr_release(context, decoder, sizeof(*decoder));
    svcroute_context_unref(context);
}

void svcr_decoder_set(struct svcr_decoder *decoder, struct svcr_source *source, bool strict,
                      struct svcroute_diags *diags)
{
    svcr_source_ref(source);
    svcr_source_unref(decoder->context, decoder->source);
    decoder->source = source;
    decoder->strict = strict;
    decoder->diags = diags;
}

/* ---- kinds ---- */

struct kind {
    svcr_text name, version;
    const struct svcr_table *table;
    uint32_t number;
};

#define KIND(literal, group, fields, constant)                                                     \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, {group, sizeof(group) - 1}, &(fields),                     \
            SVCROUTE_KIND_##constant                                                               \
    }
static const struct kind kinds[] = {
    KIND("EndpointSlice", "discovery.k8s.io/v1", svcr_endpoint_slice_table, ENDPOINT_SLICE),
    KIND("Service", "v1", svcr_service_table, SERVICE),
    KIND("IngressRoute", "traefik.io/v1alpha1", svcr_ingress_route_table, INGRESS_ROUTE),
    KIND("TraefikService", "traefik.io/v1alpha1", svcr_traefik_service_table, TRAEFIK_SERVICE),
    KIND("Endpoints", "v1", svcr_endpoints_table, ENDPOINTS),
    KIND("Node", "v1", svcr_node_table, NODE),
};

static const struct kind *find_kind(svcr_text name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (svcr_text_same(kinds[i].name, name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* The kind whose list this is; NULL: of none that is known. */
static const struct kind *find_list_kind(svcr_text name)
{
    if (name.size < 4 || memcmp(name.data + name.size - 4, "List", 4) != 0) {
        return NULL;
    }
    return find_kind((svcr_text){name.data, name.size - 4});
}

/* ---- what stands in every object ---- */

static bool is_key(const struct svcroute_node *key, const char *name, size_t size)
{
    return key->size == size && memcmp(key->as.text, name, size) == 0;
}

static svcr_text text_of(const struct svcroute_node *value)
{
    return value->kind == SVCROUTE_NODE_STRING ? svcr_node_text(value) : SVCR_TEXT_ABSENT;
}

/* Looks at names first, so that every report can say which object it is about. */
static void scan_metadata(struct svcr_decoder *decoder, const struct svcroute_node *metadata)
{
    if (metadata->kind != SVCROUTE_NODE_MAP) {
        return;
    }
    const struct svcroute_node *key = metadata + 1;
    for (uint32_t i = 0; i < metadata->size; i++, key = svcr_node_after(key + 1)) {
        svcr_text text = text_of(key + 1);
        if (is_key(key, "name", 4)) {
            decoder->name.name = text;
        } else if (is_key(key, "namespace", 9)) {
            decoder->name.namespace_ = text;
        } else if (is_key(key, "generateName", 12)) {
            decoder->generated = text.size > 0;
        }
    }
}

struct identity {
    const struct svcroute_node *kind, *version, *items;
};

static void scan_root(struct svcr_decoder *decoder, const struct svcroute_node *map,
                      struct identity *found)
{
    *found = (struct identity){NULL, NULL, NULL};
    const struct svcroute_node *key = map + 1;
    for (uint32_t i = 0; i < map->size; i++, key = svcr_node_after(key + 1)) {
        const struct svcroute_node *value = key + 1;
        if (value->kind == SVCROUTE_NODE_NULL) {
            continue;
        }
        if (is_key(key, "kind", 4)) {
            found->kind = value;
        } else if (is_key(key, "apiVersion", 10)) {
            found->version = value;
        } else if (is_key(key, "metadata", 8)) {
            scan_metadata(decoder, value);
        } else if (is_key(key, "items", 5)) {
            found->items = value;
        }
    }
}

/* Text of kind or apiVersion, `otherwise` if there is none; a value that is no text is diagnosed.
 */
static svcr_text identity_text(struct svcr_decoder *decoder, const struct svcroute_node *value,
                               svcr_text field, svcr_text otherwise)
{
    if (value && value->kind != SVCROUTE_NODE_STRING) {
        svcr_decode_enter(decoder, field.data, field.size);
        svcr_decode_misjudged(decoder, value, SVCR_JUDGED_TYPE, "text");
        svcr_decode_leave(decoder);
    }
    return value && value->size > 0 ? text_of(value) : otherwise;
}

static void begin(struct svcr_decoder *decoder, const struct svcroute_node *root)
{
    decoder->root = root;
    decoder->name = (struct svcr_object_name){SVCROUTE_KIND_NONE, {NULL, 0}, {NULL, 0}};
    decoder->kind = SVCR_TEXT_ABSENT;
    decoder->generated = false;
    decoder->rejected = false;
    decoder->error = 0;
    decoder->num_errors = decoder->num_infos = 0;
    decoder->num_addresses = 0;
    decoder->uses_nodes = 0;
    decoder->resource_version = SVCR_TEXT_ABSENT;
    decoder->depth = 0;
    memset(decoder->shared, 0, sizeof(decoder->shared));
    decoder->next_shared = 0;
    decoder->size = 0;
    decoder->num_positions = 0;
    decoder->num_references = 0;
    svcr_inside_begin(decoder);
}

/* Reads kind and apiVersion; false: there is no object to speak of, diagnosed. */
static bool identify(struct svcr_decoder *decoder, const struct svcroute_node *root,
                     struct identity *found, svcr_text *kind, svcr_text *version)
{
    begin(decoder, root);
    if (root->kind != SVCROUTE_NODE_MAP) {
        svcr_decode_error(decoder, SVCR_DIAG_NOT_AN_OBJECT, root,
                          "a Kubernetes object is a map with apiVersion, kind and metadata");
        return false;
    }
    scan_root(decoder, root, found);
    *kind = identity_text(decoder, found->kind, SVCR_TEXT("kind"), *kind);
    decoder->kind = *kind;
    *version = identity_text(decoder, found->version, SVCR_TEXT("apiVersion"), *version);
    if (!decoder->rejected && (kind->size == 0 || version->size == 0)) {
        svcr_decode_error(decoder, SVCR_DIAG_NOT_AN_OBJECT, root,
                          "the map has no %s, so it is no Kubernetes object",
                          kind->size == 0 ? "kind" : "apiVersion");
    }
    return !decoder->rejected;
}

/* ---- documents ---- */

static const struct svcr_field list_fields[] = {
    SVCR_ROW_IGNORED("apiVersion"),
    SVCR_ROW_IGNORED("kind"),
    SVCR_ROW_IGNORED("metadata"),
    SVCR_ROW_IGNORED("items"),
};
static const struct svcr_table list_table = {SVCR_TABLE_FIELDS(list_fields), SVCR_TABLE_PLAIN};

enum svcr_decoded svcr_decode_shape(struct svcr_decoder *decoder, const struct svcroute_node *root,
                                    struct svcr_document_shape *shape)
{
    struct identity found;
    svcr_text kind = SVCR_TEXT_ABSENT, version = SVCR_TEXT_ABSENT;
    *shape = (struct svcr_document_shape){false, NULL, {NULL, 0}, {NULL, 0}};
    if (!identify(decoder, root, &found, &kind, &version)) {
        return SVCR_DECODED_REJECTED;
    }
    const struct kind *item = find_list_kind(kind);
    if (item == NULL && !svcr_text_same(kind, SVCR_TEXT("List"))) {
        return SVCR_DECODED_OBJECT;
    }
    if (!svcr_text_same(version, item ? item->version : SVCR_TEXT("v1"))) {
        return SVCR_DECODED_OBJECT; /* ignored as a whole */
    }
    svcr_decode_struct(decoder, &list_table, root, root, 0);
    if (found.items && found.items->kind != SVCROUTE_NODE_LIST) {
        svcr_decode_enter(decoder, "items", 5);
        svcr_decode_misjudged(decoder, found.items, SVCR_JUDGED_TYPE, "a list");
        svcr_decode_leave(decoder);
    }
    shape->list = true;
    shape->items = found.items;
    if (item) {
        shape->item_kind = item->name;
        shape->item_version = item->version;
    }
    return decoder->rejected ? SVCR_DECODED_REJECTED : SVCR_DECODED_OBJECT;
}

/* A map with the key "items" and apiVersion v1 that has not said its kind yet, as kubectl sorts
 * keys, is taken for a List as long as its items say theirs: v1 has nothing else of that shape. */
bool svcr_decode_ahead(const struct svcroute_node *root, struct svcr_list_ahead *out)
{
    svcr_text kind = SVCR_TEXT_ABSENT, version = SVCR_TEXT_ABSENT;
    const struct svcroute_node *key = root + 1;
    for (; !is_key(key, "items", 5); key = svcr_node_after(key + 1)) {
        if (is_key(key, "kind", 4)) {
            kind = text_of(key + 1);
        } else if (is_key(key, "apiVersion", 10)) {
            version = text_of(key + 1);
        }
    }
    const struct kind *item = find_list_kind(kind);
    *out = (struct svcr_list_ahead){.named = kind.size == 0};
    if (item != NULL) {
        out->item_kind = item->name;
        out->item_version = item->version;
        return svcr_text_same(version, item->version);
    }
    return svcr_text_same(version, SVCR_TEXT("v1")) &&
           (kind.size == 0 || svcr_text_same(kind, SVCR_TEXT("List")));
}

bool svcr_decode_names_itself(const struct svcroute_node *map)
{
    bool kind = false, version = false;
    const struct svcroute_node *key = map + 1;
    for (uint32_t i = 0; map->kind == SVCROUTE_NODE_MAP && i < map->size && !(kind && version);
         i++, key = svcr_node_after(key + 1)) {
        kind = kind || (is_key(key, "kind", 4) && text_of(key + 1).size > 0);
        version = version || (is_key(key, "apiVersion", 10) && text_of(key + 1).size > 0);
    }
    return kind && version;
}

/* ---- objects ---- */

/* Copies the scratch buffer into a block: content, positions, what is inside of texts,
 * resourceVersion. */
static struct svcr_object *make_object(struct svcr_decoder *decoder, uint32_t kind)
{
    size_t content = decoder->size;
    size_t positions = (content + 7) & ~(size_t)7;
    size_t inside = positions + decoder->num_positions * sizeof(struct svcr_position);
    size_t version = inside + svcr_inside_size(decoder);
    size_t bytes = version + decoder->resource_version.size;
    if (bytes > UINT32_MAX) {
        decoder->error = SVCROUTE_ERR_LIMIT;
        return NULL;
    }
    struct svcr_object *object = svcr_alloc(decoder->context, bytes);
    if (object == NULL) {
        decoder->error = SVCROUTE_ERR_NOMEM;
        return NULL;
    }
    char *block = (char *)object;
    memcpy(block, decoder->content, content);
    memset(block + content, 0, positions - content);
    memcpy(block + positions, decoder->positions,
           decoder->num_positions * sizeof(struct svcr_position));
    svcr_inside_write(decoder, block + inside);
    svcr_refs_init(&object->refs);
    object->kind = (uint8_t)kind;
    object->form = decoder->form;
    object->context = decoder->context;
    object->source = svcr_source_ref(decoder->source);
    object->content_end = (uint32_t)content;
    object->bytes = (uint32_t)bytes;
    object->positions = (uint32_t)positions;
    object->num_positions = (uint32_t)decoder->num_positions;
    if (decoder->resource_version.size > 0) {
        memcpy(block + version, decoder->resource_version.data, decoder->resource_version.size);
        object->resource_version =
            (struct svcr_str){(uint32_t)version, (uint32_t)decoder->resource_version.size};
    }
    return object;
}

/* Judges a kind and version that no decoder fits. */
static enum svcr_decoded pass_over(struct svcr_decoder *decoder, const struct svcroute_node *map,
                                   const struct identity *found, svcr_text kind, svcr_text version)
{
    bool plain = svcr_text_same(kind, SVCR_TEXT("List"));
    const struct kind *known = find_kind(kind);
    const struct kind *list = find_list_kind(kind);
    known = known ? known : list;
    if (known == NULL && !plain) {
        return SVCR_DECODED_IGNORED;
    }
    svcr_text expected = plain ? SVCR_TEXT("v1") : known->version;
    if (svcr_text_same(version, expected)) {
        svcr_decode_error(decoder, SVCR_DIAG_NOT_AN_OBJECT, map,
                          "a list inside a list is not read; put its items into the outer one");
        return SVCR_DECODED_REJECTED;
    }
    svcr_decode_enter(decoder, "apiVersion", 10);
    svcr_decode_warn(decoder, SVCR_DIAG_IGNORED_VERSION, found->version,
                     "apiVersion \"%.*s\" is not read, only %.*s is; the object is ignored",
                     (int)(version.size < 64 ? version.size : 64), version.data,
                     SVCR_ARG(expected));
    svcr_decode_leave(decoder);
    return SVCR_DECODED_IGNORED;
}

int svcr_decode_object(struct svcr_decoder *decoder, const struct svcroute_node *map,
                       svcr_text kind, svcr_text version, enum svcr_decoded *what,
                       struct svcr_object **out, struct svcr_object_name *name_out)
{
    struct identity found;
    *out = NULL;
    *what = SVCR_DECODED_REJECTED;
    bool identified = identify(decoder, map, &found, &kind, &version);
    const struct kind *known = find_kind(kind);
    if (known && (version.size == 0 || svcr_text_same(known->version, version))) {
        decoder->name.kind = known->number;
        if (known->number == SVCROUTE_KIND_NODE) {
            decoder->name.namespace_ = SVCR_TEXT_ABSENT;
        } else if (decoder->name.namespace_.size == 0) {
            decoder->name.namespace_ = SVCR_TEXT("default");
        }
    }
    *name_out = decoder->name;
    if (!identified) {
        return 0;
    }
    if (decoder->name.kind == SVCROUTE_KIND_NONE) {
        *what = pass_over(decoder, map, &found, kind, version);
        return 0;
    }
    svcr_decode_place(decoder, 1);
    svcr_decode_array(decoder, known->table->bytes, 1);
    if (decoder->error == 0) {
        svcr_decode_set_position(decoder, 0, map);
        svcr_decode_struct(decoder, known->table, map, map, 0);
    }
    if (decoder->error != 0) {
        return decoder->error;
    }
    if (decoder->rejected) {
        return 0;
    }
    *out = make_object(decoder, known->number);
    *what = *out ? SVCR_DECODED_OBJECT : SVCR_DECODED_REJECTED;
    return decoder->error;
}

/* ---- metadata ---- */

void svcr_read_name(struct svcr_decoder *decoder, const struct svcr_field *field,
                    const struct svcroute_node *value, uint32_t offset)
{
    struct svcr_str name;
    if (!svcr_decode_text(decoder, field, value, &name)) {
        return;
    }
    bool generated = decoder->generated && decoder->name.kind == SVCROUTE_KIND_INGRESS_ROUTE;
    if (name.offset == 0 && !generated) {
        svcr_decode_error(decoder, SVCR_DIAG_BAD_NAME, value, "the object has no name");
        return;
    }
    memcpy(svcr_decode_member(decoder, offset), &name, sizeof(name));
}

void svcr_read_namespace(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *value, uint32_t offset)
{
    struct svcr_str namespace_;
    if (decoder->name.kind == SVCROUTE_KIND_NODE) {
        return; /* a Node has none, whatever the document says */
    }
    if (!svcr_decode_text(decoder, field, value, &namespace_)) {
        return;
    }
    if (namespace_.offset == 0) {
        namespace_ = svcr_decode_store(decoder, SVCR_TEXT("default"), 0);
    }
    if (decoder->error == 0) {
        memcpy(svcr_decode_member(decoder, offset), &namespace_, sizeof(namespace_));
    }
}

void svcr_read_resource_version(struct svcr_decoder *decoder, const struct svcr_field *field,
                                const struct svcroute_node *value, uint32_t offset)
{
    (void)field;
    (void)offset;
    if (value->kind != SVCROUTE_NODE_STRING) {
        svcr_decode_misjudged(decoder, value, SVCR_JUDGED_TYPE, "text");
        return;
    }
    decoder->resource_version = svcr_node_text(value);
}

static const struct svcr_field meta_fields[] = {
    SVCR_META_ROWS_HEAD,
    SVCR_ROW_PICK("labels", 0, NULL),
    SVCR_ROW_PICK("annotations", 0, NULL),
    SVCR_ROW_IGNORED("creationTimestamp"),
    SVCR_ROW_IGNORED("generateName"),
};
const struct svcr_table svcr_meta_table = {SVCR_TABLE_FIELDS(meta_fields), SVCR_TABLE_PLAIN};
