/* Ports and schemes: which port of a Service a reference means, and which protocol is spoken there.
 */
#include "resolve/port.h"

bool svcr_port_absent(const struct svcr_int_or_text *port)
{
    switch (port->kind) {
    case SVCR_VALUE_INTEGER:
        return port->integer == 0;
    case SVCR_VALUE_TEXT:
        return port->text.size == 0;
    default:
        return true;
    }
}

static struct svcr_port service_port(const struct svcr_service *service, uint32_t index)
{
    const struct svcr_service_port *ports = svcr_object_items(service, service->ports);
    return (struct svcr_port){
        .index = index,
        .number = ports[index].port,
        .name = svcr_object_text(service, ports[index].name),
        .node_port = ports[index].node_port,
    };
}

/* The page: an ExternalName Service may settle the port alone, and a Service with one port needs no
 * port in the reference (section 12 of the behaviour). */
static struct svcr_port only_port(const struct svcr_service *service)
{
    if (service->ports.num == 1) {
        struct svcr_port port = service_port(service, 0);
        if (port.number != 0) {
            return port;
        }
    }
    return (struct svcr_port){.refused = SVCR_DIAG_PORT_MISSING};
}

struct svcr_port svcr_port_find(const struct svcr_service *service,
                                const struct svcr_object *holder,
                                const struct svcr_int_or_text *port, bool traefik)
{
    if (svcr_port_absent(port)) {
        return traefik ? (struct svcr_port){.refused = SVCR_DIAG_PORT_MISSING} : only_port(service);
    }
    const struct svcr_service_port *ports = svcr_object_items(service, service->ports);
    bool by_number = port->kind == SVCR_VALUE_INTEGER;
    svcr_text name = svcr_object_text(holder, port->text);
    bool defines = false;
    for (uint32_t i = 0; i < service->ports.num; i++) {
        if (by_number ? ports[i].port == port->integer
                      : svcr_text_same(svcr_object_text(service, ports[i].name), name)) {
            return service_port(service, i);
        }
        defines = defines || ports[i].port != 0;
    }
    bool external =
        svcr_text_same(svcr_object_text(service, service->type), SVCR_TEXT("ExternalName"));
    if (!external || !by_number) {
        return (struct svcr_port){.refused = SVCR_DIAG_PORT_NOT_FOUND};
    }
    if (!traefik && (port->integer < 1 || port->integer > 65535)) {
        return (struct svcr_port){.refused = SVCR_DIAG_PORT_RANGE};
    }
    return (struct svcr_port){.index = UINT32_MAX, .number = port->integer, .differs = defines};
}

enum svcr_scheme svcr_scheme_find(svcr_text written, const struct svcr_port *port)
{
    if (written.size != 0) {
        for (enum svcr_scheme scheme = SVCR_SCHEME_HTTP; scheme <= SVCR_SCHEME_H2C; scheme++) {
            if (svcr_text_same(written, svcr_scheme_text(scheme))) {
                return scheme;
            }
        }
        return SVCR_SCHEME_BAD;
    }
    bool secure = port->number == 443 || svcr_text_starts(port->name, SVCR_TEXT("https"));
    return secure ? SVCR_SCHEME_HTTPS : SVCR_SCHEME_HTTP;
}
