/* Ports and schemes of references to Services (behaviour sections 4 and 5). */
#ifndef SVCR_PORT_H
#define SVCR_PORT_H

#include "kube/object.h"
#include "resolve/block.h"

struct svcr_port {
    uint32_t refused; /* enum svcr_diag_id; 0: found */
    bool differs;     /* the reference's own number beside other ports of the Service */
    uint32_t index;   /* of the Service port; UINT32_MAX: the reference's own number */
    int32_t number;
    svcr_text name;
    int32_t node_port;
};

/* True if the reference writes no port: absent, 0 or "". */
bool svcr_port_absent(const struct svcr_int_or_text *port);

/* The Service port that a reference means. `traefik`: a port that is left out is always refused. */
struct svcr_port svcr_port_find(const struct svcr_service *service,
                                const struct svcr_object *holder,
                                const struct svcr_int_or_text *port, bool traefik);

/* SVCR_SCHEME_BAD for an explicit text that is none. */
enum svcr_scheme svcr_scheme_find(svcr_text written, const struct svcr_port *port);

#endif
