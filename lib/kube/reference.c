/* Decoding of references to services and of the settings that they carry. */
#include "kube/reference.h"

#include "base/memory.h"

static const struct svcr_field forwarding_fields[] = {
    SVCR_ROW_WITH("flushInterval", TEXT, 0, SVCR_FIELD_FREE),
};
const struct svcr_table svcr_forwarding_table = {
    SVCR_TABLE_FIELDS(forwarding_fields),
    SVCR_TABLE_PLAIN,
};

#define COOKIE(key, kind, member) SVCR_ROW(key, kind, offsetof(struct svcr_cookie, member))
static const struct svcr_field cookie_fields[] = {
    COOKIE("name", TEXT, name),
    COOKIE("sameSite", TEXT, same_site),
    SVCR_ROW_WITH("path", TEXT, offsetof(struct svcr_cookie, path), SVCR_FIELD_EMPTY),
    COOKIE("domain", TEXT, domain),
    COOKIE("maxAge", INT64, max_age),
    COOKIE("secure", BOOLEAN, secure),
    COOKIE("httpOnly", BOOLEAN, http_only),
};
static const struct svcr_table cookie_table = {
    SVCR_TABLE_FIELDS(cookie_fields),
    .placed = SVCR_COOKIE_HTTP_ONLY,
    .place = offsetof(struct svcr_cookie, place),
    .given = offsetof(struct svcr_cookie, given),
    .given_size = 1,
    .given_value = 1,
};

static const struct svcr_field sticky_fields[] = {
    SVCR_ROW_TABLE("cookie", STRUCT, 0, &cookie_table),
};
const struct svcr_table svcr_sticky_table = {
    SVCR_TABLE_FIELDS(sticky_fields),
    SVCR_TABLE_PLAIN,
};

/* Orders keys by their text as bytes: a heap, since it needs no memory and knows no bad case. */
static void sift(const struct svcroute_node **keys, size_t at, size_t num)
{
    const struct svcroute_node *key = keys[at];
    for (size_t child; (child = 2 * at + 1) < num; at = child) {
        if (child + 1 < num &&
            svcr_text_compare(svcr_node_text(keys[child]), svcr_node_text(keys[child + 1])) < 0) {
            child++;
        }
        if (svcr_text_compare(svcr_node_text(key), svcr_node_text(keys[child])) >= 0) {
            break;
        }
        keys[at] = keys[child];
    }
    keys[at] = key;
}

static void sort_keys(const struct svcroute_node **keys, size_t num)
{
    for (size_t at = num / 2; at-- > 0;) {
        sift(keys, at, num);
    }
    for (size_t end = num; end-- > 1;) {
        const struct svcroute_node *greatest = keys[0];
        keys[0] = keys[end];
        keys[end] = greatest;
        sift(keys, 0, end);
    }
}

/* One header of a health check; its name becomes part of the path while it is read. */
static void read_header(struct svcr_decoder *decoder, const struct svcroute_node *key,
                        uint32_t offset)
{
    static const struct svcr_field name_field = {.type = SVCR_FIELD_TEXT};
    static const struct svcr_field value_field = {.type = SVCR_FIELD_TEXT,
                                                  .flags = SVCR_FIELD_TABS};
    struct svcr_header header = {{0, 0}, {0, 0}};
    svcr_decode_enter_key(decoder, key);
    if (svcr_decode_text(decoder, &name_field, key, &header.name)) {
        const struct svcroute_node *value = key + 1;
        svcr_decode_text(decoder, &value_field, value->kind == SVCROUTE_NODE_NULL ? NULL : value,
                         &header.value);
    }
    svcr_decode_leave(decoder);
    if (decoder->error == 0) {
        memcpy(svcr_decode_member(decoder, offset), &header, sizeof(header));
    }
}

static void read_headers(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *value, uint32_t offset)
{
    (void)field;
    if (value->kind != SVCROUTE_NODE_MAP) {
        svcr_decode_misjudged(decoder, value, SVCR_JUDGED_TYPE, "a map of texts");
        return;
    }
    void *keys = decoder->keys;
    int error = svcr_array_reserve(decoder->context, &keys, &decoder->keys_capacity, value->size,
                                   sizeof(*decoder->keys));
    decoder->keys = keys;
    if (error != 0) {
        decoder->error = error;
        return;
    }
    const struct svcroute_node *key = value + 1;
    for (size_t i = 0; i < value->size; i++, key = svcr_node_after(key + 1)) {
        decoder->keys[i] = key;
    }
    sort_keys(decoder->keys, value->size);
    struct svcr_list list = {0, value->size};
    list.offset = svcr_decode_array(decoder, value->size, sizeof(struct svcr_header));
    if (list.offset == 0) {
        return;
    }
    memcpy(svcr_decode_member(decoder, offset), &list, sizeof(list));
    for (size_t i = 0; i < list.num && decoder->error == 0; i++) {
        read_header(decoder, decoder->keys[i],
                    list.offset + (uint32_t)(i * sizeof(struct svcr_header)));
    }
}

/* followRedirect is the spelling of the page, followRedirects that of the schema: it wins if both
 * are there. */
static void read_follow_redirect(struct svcr_decoder *decoder, const struct svcr_field *field,
                                 const struct svcroute_node *value, uint32_t offset)
{
    (void)field;
    bool follow;
    enum svcr_judged judged = svcr_judge_bool(value, &follow);
    if (judged != SVCR_JUDGED_OK) {
        svcr_decode_misjudged(decoder, value, judged, "true or false");
        return;
    }
    const struct svcr_health_check *health = svcr_decode_member(
        decoder, offset - (uint32_t)offsetof(struct svcr_health_check, follow_redirects));
    uint8_t *member = svcr_decode_member(decoder, offset);
    if (*member == SVCR_ABSENT) {
        *member = follow ? SVCR_TRUE : SVCR_FALSE;
        svcr_decode_set_position(decoder, health->place + SVCR_HEALTH_FOLLOW_REDIRECTS, value);
    }
}

#define HEALTH(key, kind, member) SVCR_ROW(key, kind, offsetof(struct svcr_health_check, member))
#define HEALTH_TIME(key, member)                                                                   \
    SVCR_ROW_WITH(key, INT_OR_TEXT, offsetof(struct svcr_health_check, member), SVCR_FIELD_FREE)
static const struct svcr_field health_fields[] = {
    HEALTH("scheme", TEXT, scheme),
    HEALTH("mode", TEXT, mode),
    HEALTH("path", TEXT, path),
    HEALTH("method", TEXT, method),
    HEALTH("hostname", TEXT, hostname),
    HEALTH("status", INT64, status),
    HEALTH("port", INT64, port),
    HEALTH_TIME("interval", interval),
    HEALTH_TIME("unhealthyInterval", unhealthy_interval),
    HEALTH_TIME("timeout", timeout),
    SVCR_ROW_READ("headers", offsetof(struct svcr_health_check, headers), 0, read_headers),
    HEALTH("followRedirects", TRI, follow_redirects),
    SVCR_ROW_READ("followRedirect", offsetof(struct svcr_health_check, follow_redirects), 0,
                  read_follow_redirect),
};
const struct svcr_table svcr_health_table = {
    SVCR_TABLE_FIELDS(health_fields),
    .placed = SVCR_HEALTH_FOLLOW_REDIRECTS,
    .place = offsetof(struct svcr_health_check, place),
    .given = offsetof(struct svcr_health_check, given),
    .given_size = 1,
    .given_value = 1,
};

static const struct svcr_field passive_fields[] = {
    SVCR_ROW_WITH("failureWindow", INT_OR_TEXT, offsetof(struct svcr_passive_check, failure_window),
                  SVCR_FIELD_FREE),
    SVCR_ROW("maxFailedAttempts", OPTIONAL,
             offsetof(struct svcr_passive_check, max_failed_attempts)),
};
const struct svcr_table svcr_passive_table = {
    SVCR_TABLE_FIELDS(passive_fields),
    .placed = SVCR_PASSIVE_ATTEMPTS,
    .place = offsetof(struct svcr_passive_check, place),
    .given = offsetof(struct svcr_passive_check, given),
    .given_size = 4,
};

static const struct svcr_field name_ref_fields[] = {
    SVCR_ROW("name", TEXT, offsetof(struct svcr_name_ref, name)),
    SVCR_ROW("namespace", TEXT, offsetof(struct svcr_name_ref, namespace_)),
};
const struct svcr_table svcr_name_ref_table = {
    SVCR_TABLE_FIELDS(name_ref_fields),
    .bytes = sizeof(struct svcr_name_ref),
    .placed = SVCR_NAME_REF_NAMESPACE,
    .place = offsetof(struct svcr_name_ref, place),
    .given = offsetof(struct svcr_name_ref, given),
    .given_size = 4,
};

void svcr_step_reference(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *value, uint32_t offset)
{
    (void)field;
    (void)value;
    void *references = decoder->references;
    int error = svcr_array_reserve(decoder->context, &references, &decoder->references_capacity,
                                   decoder->num_references + 1, sizeof(*decoder->references));
    decoder->references = references;
    if (error != 0) {
        decoder->error = error;
        return;
    }
    struct svcr_reference *reference = svcr_decode_member(decoder, offset);
    reference->edge = (uint32_t)decoder->num_references;
    decoder->uses_nodes |= reference->node_port_lb;
    decoder->references[decoder->num_references++] = offset;
}

uint32_t svcr_decode_references(struct svcr_decoder *decoder)
{
    size_t num = decoder->num_references;
    uint32_t offset = svcr_decode_array(decoder, num, sizeof(*decoder->references));
    if (offset != 0) {
        memcpy(svcr_decode_member(decoder, offset), decoder->references,
               num * sizeof(*decoder->references));
    }
    return offset;
}

static const struct svcr_field reference_fields[] = {
    SVCR_REFERENCE_ROWS(0, SVCR_REFERENCE_NO_PERCENT),
};
static const struct svcr_field mirror_fields[] = {
    SVCR_REFERENCE_ROWS(0, SVCR_ROW("percent", INT64, offsetof(struct svcr_reference, percent))),
};

#define REFERENCE_TABLE(array)                                                                     \
    {                                                                                              \
        SVCR_TABLE_FIELDS(array),                                                                  \
            .bytes = sizeof(struct svcr_reference), .placed = SVCR_REFERENCE_PLACED,               \
            .place = offsetof(struct svcr_reference, place),                                       \
            .given = offsetof(struct svcr_reference, given), .given_size = 1, .given_value = 1,    \
    }
const struct svcr_table svcr_reference_table = REFERENCE_TABLE(reference_fields);
const struct svcr_table svcr_mirror_table = REFERENCE_TABLE(mirror_fields);
