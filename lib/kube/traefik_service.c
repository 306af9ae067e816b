/* Decoding of TraefikServices. */
#include "kube/reference.h"

#define AT(member) offsetof(struct svcr_traefik_service, member)

/* The four types share one member that tells which of them are given. */
#define TYPE(bit) .given = AT(types), .given_size = 1, .given_value = (bit)

static const struct svcr_field weighted_fields[] = {
    SVCR_ROW_TABLE("services", STRUCTS, AT(weighted), &svcr_reference_table),
    SVCR_ROW_TABLE("sticky", STRUCT, AT(sticky), &svcr_sticky_table),
};
static const struct svcr_table weighted_table = {
    SVCR_TABLE_FIELDS(weighted_fields),
    .place = SVCR_NO_MEMBER,
    TYPE(SVCR_TYPE_WEIGHTED),
};

static const struct svcr_field mirroring_fields[] = {
    SVCR_REFERENCE_ROWS(AT(mirroring), SVCR_REFERENCE_NO_PERCENT),
    SVCR_ROW("mirrorBody", TRI, AT(mirror_body)),
    SVCR_ROW("maxBodySize", OPTIONAL, AT(max_body_size)),
    SVCR_ROW_TABLE("mirrors", STRUCTS, AT(mirrors), &svcr_mirror_table),
};
static const struct svcr_table mirroring_table = {
    SVCR_TABLE_FIELDS(mirroring_fields),
    .placed = SVCR_REFERENCE_PLACED,
    .place = AT(mirroring) + offsetof(struct svcr_reference, place),
    TYPE(SVCR_TYPE_MIRRORING),
};

static const struct svcr_field highest_fields[] = {
    SVCR_ROW_TABLE("services", STRUCTS, AT(highest_random_weight), &svcr_reference_table),
};
static const struct svcr_table highest_table = {
    SVCR_TABLE_FIELDS(highest_fields),
    .place = SVCR_NO_MEMBER,
    TYPE(SVCR_TYPE_HIGHEST_RANDOM_WEIGHT),
};

static void read_status(struct svcr_decoder *decoder, const struct svcr_field *field,
                        const struct svcroute_node *value, uint32_t offset)
{
    svcr_decode_texts(decoder, field, value, offset, AT(error_status_place));
}

static const struct svcr_field error_fields[] = {
    SVCR_ROW_READ("status", AT(error_status), 0, read_status),
    SVCR_ROW("maxRequestBodyBytes", OPTIONAL, AT(max_request_body)),
};
static const struct svcr_table error_table = {
    SVCR_TABLE_FIELDS(error_fields),
    .place = AT(errors_place),
    .given = AT(errors_given),
    .given_size = 1,
    .given_value = 1,
};

static const struct svcr_field failover_fields[] = {
    SVCR_ROW_TABLE("service", STRUCT, AT(failover_service), &svcr_reference_table),
    SVCR_ROW_TABLE("fallback", STRUCT, AT(failover_fallback), &svcr_reference_table),
    SVCR_ROW_TABLE("errors", STRUCT, 0, &error_table),
};
static const struct svcr_table failover_table = {
    SVCR_TABLE_FIELDS(failover_fields),
    .place = SVCR_NO_MEMBER,
    TYPE(SVCR_TYPE_FAILOVER),
};

/* The order of the rows is that of the types, of the references' edges and of the positions behind
 * spec_place. */
static const struct svcr_field spec_fields[] = {
    SVCR_ROW_TABLE("weighted", STRUCT, 0, &weighted_table),
    SVCR_ROW_TABLE("mirroring", STRUCT, 0, &mirroring_table),
    SVCR_ROW_TABLE("highestRandomWeight", STRUCT, 0, &highest_table),
    SVCR_ROW_TABLE("failover", STRUCT, 0, &failover_table),
};
static const struct svcr_table spec_table = {
    SVCR_TABLE_FIELDS(spec_fields),
    .placed = 4,
    .place = AT(spec_place),
    .given = SVCR_NO_MEMBER,
};

static void finish(struct svcr_decoder *decoder, uint32_t offset)
{
    uint32_t references = svcr_decode_references(decoder);
    struct svcr_traefik_service *service = svcr_decode_member(decoder, offset);
    service->references = references;
    service->num_references = (uint32_t)decoder->num_references;
    service->uses_nodes = decoder->uses_nodes;
}

static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&svcr_meta_table),
    SVCR_ROW_ALWAYS("spec", 0, &spec_table),
};
const struct svcr_table svcr_traefik_service_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_traefik_service),
    SVCR_TABLE_PLAIN,
    .finish = finish,
};
