/* Decoding of legacy Endpoints. */
#include "kube/decode_fields.h"

static const struct svcr_field address_fields[] = {
    SVCR_ROW_READ("ip", offsetof(struct svcr_endpoint, addresses), 0, svcr_read_address_item),
    SVCR_ROW_IGNORED("hostname"),
    SVCR_ROW_WITH("nodeName", TEXT, offsetof(struct svcr_endpoint, node_name), SVCR_FIELD_SHARED),
    SVCR_ROW_IGNORED("targetRef"),
};
static const struct svcr_table address_table = {
    SVCR_TABLE_FIELDS(address_fields),
    .bytes = sizeof(struct svcr_endpoint),
    SVCR_TABLE_PLAIN,
};

/* A port without a name has the empty one, which an unnamed port of a Service equals. */
static void read_port_name(struct svcr_decoder *decoder, const struct svcr_field *field,
                           const struct svcroute_node *value, uint32_t offset)
{
    struct svcr_str name;
    if (!svcr_decode_text(decoder, field, value, &name)) {
        return;
    }
    if (name.offset == 0) {
        name = svcr_decode_store(decoder, SVCR_TEXT(""), SVCR_FIELD_EMPTY);
    }
    memcpy(svcr_decode_member(decoder, offset), &name, sizeof(name));
}

static const struct svcr_field port_fields[] = {
    SVCR_ROW_READ("name", offsetof(struct svcr_endpoint_port, name),
                  SVCR_FIELD_EMPTY | SVCR_FIELD_ALWAYS, read_port_name),
    SVCR_ROW("port", INT32, offsetof(struct svcr_endpoint_port, port)),
    SVCR_ROW("protocol", TEXT, offsetof(struct svcr_endpoint_port, protocol)),
    SVCR_ROW_IGNORED("appProtocol"),
};
static const struct svcr_table port_table = {
    SVCR_TABLE_FIELDS(port_fields),
    .bytes = sizeof(struct svcr_endpoint_port),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field subset_fields[] = {
    SVCR_ROW_TABLE("addresses", STRUCTS, offsetof(struct svcr_subset, addresses), &address_table),
    SVCR_ROW_TABLE("notReadyAddresses", STRUCTS, offsetof(struct svcr_subset, not_ready),
                   &address_table),
    SVCR_ROW_TABLE("ports", STRUCTS, offsetof(struct svcr_subset, ports), &port_table),
};
static const struct svcr_table subset_table = {
    SVCR_TABLE_FIELDS(subset_fields),
    .bytes = sizeof(struct svcr_subset),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&svcr_meta_table),
    SVCR_ROW_TABLE("subsets", STRUCTS, offsetof(struct svcr_endpoints, subsets), &subset_table),
};
const struct svcr_table svcr_endpoints_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_endpoints),
    SVCR_TABLE_PLAIN,
};
