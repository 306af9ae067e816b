/* Decoding of Services. */
#include "kube/decode_fields.h"

static const struct svcr_field port_fields[] = {
    SVCR_ROW("name", TEXT, offsetof(struct svcr_service_port, name)),
    SVCR_ROW("protocol", TEXT, offsetof(struct svcr_service_port, protocol)),
    SVCR_ROW("appProtocol", TEXT, offsetof(struct svcr_service_port, app_protocol)),
    SVCR_ROW("port", INT32, offsetof(struct svcr_service_port, port)),
    SVCR_ROW_IGNORED("targetPort"),
    SVCR_ROW("nodePort", INT32, offsetof(struct svcr_service_port, node_port)),
};
static const struct svcr_table port_table = {
    SVCR_TABLE_FIELDS(port_fields),
    .bytes = sizeof(struct svcr_service_port),
    .place = offsetof(struct svcr_service_port, place),
    .given = SVCR_NO_MEMBER,
};

/* What the two hosts of the spec mean as addresses. */
static void finish_spec(struct svcr_decoder *decoder, uint32_t offset)
{
    struct svcr_service *service = svcr_decode_member(decoder, offset);
    if (service->external_name.size > 0) {
        svcr_address_parse(svcr_decode_stored(decoder, service->external_name),
                           &service->external_address);
    }
    if (service->cluster_ip.size > 0) {
        svcr_address_parse(svcr_decode_stored(decoder, service->cluster_ip),
                           &service->cluster_address);
    }
}

#define AT(member) offsetof(struct svcr_service, member)
static const struct svcr_field spec_fields[] = {
    SVCR_ROW("type", TEXT, AT(type)),
    SVCR_ROW("clusterIP", TEXT, AT(cluster_ip)),
    SVCR_ROW("externalName", TEXT, AT(external_name)),
    SVCR_ROW_TABLE("ports", STRUCTS, AT(ports), &port_table),
    SVCR_ROW_IGNORED("selector"),
    SVCR_ROW_IGNORED("clusterIPs"),
    SVCR_ROW_IGNORED("externalIPs"),
    SVCR_ROW_IGNORED("sessionAffinity"),
    SVCR_ROW_IGNORED("sessionAffinityConfig"),
    SVCR_ROW_IGNORED("loadBalancerIP"),
    SVCR_ROW_IGNORED("loadBalancerSourceRanges"),
    SVCR_ROW_IGNORED("loadBalancerClass"),
    SVCR_ROW_IGNORED("externalTrafficPolicy"),
    SVCR_ROW_IGNORED("internalTrafficPolicy"),
    SVCR_ROW_IGNORED("healthCheckNodePort"),
    SVCR_ROW_IGNORED("publishNotReadyAddresses"),
    SVCR_ROW_IGNORED("ipFamilies"),
    SVCR_ROW_IGNORED("ipFamilyPolicy"),
    SVCR_ROW_IGNORED("ipFamily"),
    SVCR_ROW_IGNORED("allocateLoadBalancerNodePorts"),
    SVCR_ROW_IGNORED("topologyKeys"),
    SVCR_ROW_IGNORED("trafficDistribution"),
};
static const struct svcr_table spec_table = {
    SVCR_TABLE_FIELDS(spec_fields), .placed = SVCR_SERVICE_PORTS, .place = AT(place),
    .given = SVCR_NO_MEMBER,        .finish = finish_spec,
};

static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&svcr_meta_table),
    SVCR_ROW_ALWAYS("spec", 0, &spec_table),
    SVCR_ROW_IGNORED("status"),
};
const struct svcr_table svcr_service_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_service),
    SVCR_TABLE_PLAIN,
};
