/* Decoding of Nodes: only their addresses count. */
#include "kube/decode_fields.h"

static const struct svcr_field address_fields[] = {
    SVCR_ROW_WITH("type", TEXT, offsetof(struct svcr_node_address, type), SVCR_FIELD_SHARED),
    SVCR_ROW_READ("address", offsetof(struct svcr_node_address, address), 0, svcr_read_address),
};
static const struct svcr_table address_table = {
    SVCR_TABLE_FIELDS(address_fields),
    .bytes = sizeof(struct svcr_node_address),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field status_fields[] = {
    SVCR_ROW_TABLE("addresses", STRUCTS, offsetof(struct svcr_node, addresses), &address_table),
    SVCR_ROW_IGNORED("capacity"),
    SVCR_ROW_IGNORED("allocatable"),
    SVCR_ROW_IGNORED("phase"),
    SVCR_ROW_IGNORED("conditions"),
    SVCR_ROW_IGNORED("daemonEndpoints"),
    SVCR_ROW_IGNORED("nodeInfo"),
    SVCR_ROW_IGNORED("images"),
    SVCR_ROW_IGNORED("volumesInUse"),
    SVCR_ROW_IGNORED("volumesAttached"),
    SVCR_ROW_IGNORED("config"),
    SVCR_ROW_IGNORED("runtimeHandlers"),
    SVCR_ROW_IGNORED("features"),
    SVCR_ROW_IGNORED("declaredFeatures"),
};
static const struct svcr_table status_table = {SVCR_TABLE_FIELDS(status_fields), SVCR_TABLE_PLAIN};

static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&svcr_meta_table),
    SVCR_ROW_IGNORED("spec"),
    SVCR_ROW_TABLE("status", STRUCT, 0, &status_table),
};
const struct svcr_table svcr_node_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_node),
    SVCR_TABLE_PLAIN,
};
