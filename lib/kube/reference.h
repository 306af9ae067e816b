/* The reference that routes and TraefikServices share ("LoadBalancerSpec"), as rows for tables of
 * fields. */
#ifndef SVCR_REFERENCE_H
#define SVCR_REFERENCE_H

#include "kube/decode_fields.h"

extern const struct svcr_table svcr_reference_table; /* without percent */
extern const struct svcr_table svcr_mirror_table;    /* with percent */
extern const struct svcr_table svcr_name_ref_table;
extern const struct svcr_table svcr_sticky_table; /* at a struct svcr_cookie */
extern const struct svcr_table svcr_forwarding_table, svcr_health_table, svcr_passive_table;

/* Gives the reference at the member's offset its edge; behind the other rows of a reference. */
svcr_field_read svcr_step_reference;
/* Stores the offsets of all references by their edges, for the end of an object; 0 if there is none
 * or on failure. */
uint32_t svcr_decode_references(struct svcr_decoder *decoder);

/* Rows of the fields SVCR_REF_*, in their order, then the step. `at` is the reference's offset in
 * the table's struct; `percent` is that field's row. */
#define SVCR_REFERENCE_AT(at, member) ((at) + offsetof(struct svcr_reference, member))
#define SVCR_REFERENCE_ROWS(at, percent)                                                           \
    SVCR_ROW("kind", TEXT, SVCR_REFERENCE_AT(at, kind)),                                           \
        SVCR_ROW("name", TEXT, SVCR_REFERENCE_AT(at, name)),                                       \
        SVCR_ROW("namespace", TEXT, SVCR_REFERENCE_AT(at, namespace_)),                            \
        SVCR_ROW("scheme", TEXT, SVCR_REFERENCE_AT(at, scheme)),                                   \
        SVCR_ROW("strategy", TEXT, SVCR_REFERENCE_AT(at, strategy)),                               \
        SVCR_ROW("serversTransport", TEXT, SVCR_REFERENCE_AT(at, servers_transport)),              \
        SVCR_ROW_TABLE("responseForwarding", STRUCT, SVCR_REFERENCE_AT(at, flush_interval),        \
                       &svcr_forwarding_table),                                                    \
        SVCR_ROW("port", INT_OR_TEXT, SVCR_REFERENCE_AT(at, port)),                                \
        SVCR_ROW("weight", OPTIONAL, SVCR_REFERENCE_AT(at, weight)), percent,                      \
        SVCR_ROW_TABLE("sticky", STRUCT, SVCR_REFERENCE_AT(at, cookie), &svcr_sticky_table),       \
        SVCR_ROW_TABLE("healthCheck", STRUCT, SVCR_REFERENCE_AT(at, health), &svcr_health_table),  \
        SVCR_ROW_TABLE("passiveHealthCheck", STRUCT, SVCR_REFERENCE_AT(at, passive),               \
                       &svcr_passive_table),                                                       \
        SVCR_ROW_TABLE("middlewares", STRUCTS, SVCR_REFERENCE_AT(at, middlewares),                 \
                       &svcr_name_ref_table),                                                      \
        SVCR_ROW("passHostHeader", TRI, SVCR_REFERENCE_AT(at, pass_host_header)),                  \
        SVCR_ROW("nativeLB", TRI, SVCR_REFERENCE_AT(at, native_lb)),                               \
        SVCR_ROW("nodePortLB", BOOLEAN, SVCR_REFERENCE_AT(at, node_port_lb)),                      \
        SVCR_ROW_STEP(at, svcr_step_reference)

#define SVCR_REFERENCE_PLACED SVCR_REF_NODE_PORT_LB
#define SVCR_REFERENCE_NO_PERCENT                                                                  \
    {                                                                                              \
        .type = SVCR_FIELD_IGNORED                                                                 \
    } /* keeps the order of the positions */

#endif
