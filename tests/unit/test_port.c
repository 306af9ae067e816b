/* Ports and schemes: which port a reference means, and what is spoken there (sections 4, 5 and 12
 * of the behaviour). */
#include "resolve/port.h"

#include "resolve_support.h"

enum { MISSING = SVCR_DIAG_PORT_MISSING, UNKNOWN = SVCR_DIAG_PORT_NOT_FOUND, OWN = -1 };

static const struct row {
    const char *spec; /* of the Service */
    const char *port; /* of the reference; NULL: not written */
    uint32_t refused, refused_traefik;
    int index; /* OWN: the reference's number */
    int32_t number;
    const char *name;
    bool differs;
} rows[] = {
    {"ports: [{port: 80}]", "80", 0, 0, 0, 80, "", false},
    {"ports: [{port: 80}]", "81", UNKNOWN, UNKNOWN, 0, 0, "", false},
    {"ports: [{port: 80, targetPort: 8080}]", "8080", UNKNOWN, UNKNOWN, 0, 0, "", false},
    {"ports: [{name: web, port: 80}]", "web", 0, 0, 0, 80, "web", false},
    {"ports: [{name: web, port: 80}]", "WEB", UNKNOWN, UNKNOWN, 0, 0, "", false},
    {"ports: [{name: web, port: 80}]", "'80'", UNKNOWN, UNKNOWN, 0, 0, "", false},
    {"ports: [{name: '80', port: 81}]", "'80'", 0, 0, 0, 81, "80", false},
    {"ports: [{port: 80, protocol: UDP}, {name: b, port: 80}]", "80", 0, 0, 0, 80, "", false},
    {"ports: [{name: a, port: 1}, {name: b, port: 2}, {name: b, port: 3}]", "b", 0, 0, 1, 2, "b",
     false},
    {"ports: [{port: 80}]", NULL, 0, MISSING, 0, 80, "", false},
    {"ports: [{port: 80}]", "0", 0, MISSING, 0, 80, "", false},
    {"ports: [{port: 80}]", "''", 0, MISSING, 0, 80, "", false},
    {"ports: [{port: 80}, {name: b, port: 81}]", NULL, MISSING, MISSING, 0, 0, "", false},
    {"ports: [{port: 0}]", NULL, MISSING, MISSING, 0, 0, "", false},
    {"ports: []", NULL, MISSING, MISSING, 0, 0, "", false},
    {"type: ExternalName, externalName: h, ports: [{name: w, port: 90}]", NULL, 0, MISSING, 0, 90,
     "w", false},
    {"type: ExternalName, externalName: h, ports: [{name: w, port: 90}]", "90", 0, 0, 0, 90, "w",
     false},
    {"type: ExternalName, externalName: h, ports: [{port: 90}]", "91", 0, 0, OWN, 91, "", true},
    {"type: ExternalName, externalName: h, ports: [{port: 0}]", "91", 0, 0, OWN, 91, "", false},
    {"type: ExternalName, externalName: h", "91", 0, 0, OWN, 91, "", false},
    {"type: ExternalName, externalName: h", "-1", SVCR_DIAG_PORT_RANGE, 0, OWN, -1, "", false},
    {"type: ExternalName, externalName: h", "web", UNKNOWN, UNKNOWN, 0, 0, "", false},
    {"type: ExternalName, externalName: h", NULL, MISSING, MISSING, 0, 0, "", false},
    {"type: externalname, externalName: h", "91", UNKNOWN, UNKNOWN, 0, 0, "", false},
};

START_TEST(test_ports)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct world world;
        char text[512];
        snprintf(text, sizeof(text),
                 "kind: Service\napiVersion: v1\nmetadata: {name: s}\nspec: {%s}\n---\n"
                 "kind: IngressRoute\napiVersion: traefik.io/v1alpha1\nmetadata: {name: r}\n"
                 "spec: {routes: [{match: m, services: [{name: s%s%s}]}]}\n",
                 row->spec, row->port != NULL ? ", port: " : "",
                 row->port != NULL ? row->port : "");
        world_open(&world);
        ck_assert_int_eq(load(&world, text), 0);
        ck_assert_uint_eq(world.result.accepted, 2);
        const struct svcr_object *service =
            entity_of(&world, SVCROUTE_KIND_SERVICE, "default", "s")->object;
        const struct svcr_object *holder =
            entity_of(&world, SVCROUTE_KIND_INGRESS_ROUTE, "default", "r")->object;
        const struct svcr_reference *reference = svcr_object_reference(holder, 0);
        for (int traefik = 0; traefik < 2; traefik++) {
            struct svcr_port port =
                svcr_port_find((const struct svcr_service *)(const void *)service, holder,
                               &reference->port, traefik != 0);
            uint32_t refused = traefik != 0 ? row->refused_traefik : row->refused;
            ck_assert_msg(port.refused == refused, "row %zu: %u, not %u", i, port.refused, refused);
            if (refused == 0) {
                ck_assert_msg(port.index == (uint32_t)row->index, "row %zu", i);
                ck_assert_int_eq(port.number, row->number);
                ck_assert_text(port.name, row->name);
                ck_assert(port.differs == row->differs);
            }
        }
        world_close(&world);
    }
}
END_TEST

START_TEST(test_schemes)
{
    static const struct {
        const char *written;
        int32_t number;
        const char *name;
        enum svcr_scheme scheme;
    } schemes[] = {
        {"", 80, "", SVCR_SCHEME_HTTP},           {"", 443, "", SVCR_SCHEME_HTTPS},
        {"", 443, "http", SVCR_SCHEME_HTTPS},     {"", 80, "https", SVCR_SCHEME_HTTPS},
        {"", 80, "https-alt", SVCR_SCHEME_HTTPS}, {"", 80, "httpsx", SVCR_SCHEME_HTTPS},
        {"", 80, "my-https", SVCR_SCHEME_HTTP},   {"", 80, "HTTPS", SVCR_SCHEME_HTTP},
        {"", 8443, "http", SVCR_SCHEME_HTTP},     {"http", 443, "https", SVCR_SCHEME_HTTP},
        {"https", 80, "", SVCR_SCHEME_HTTPS},     {"h2c", 443, "", SVCR_SCHEME_H2C},
        {"HTTP", 80, "", SVCR_SCHEME_BAD},        {"ws", 80, "", SVCR_SCHEME_BAD},
        {"http ", 80, "", SVCR_SCHEME_BAD},
    };
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct svcr_port port = {.number = schemes[i].number, .name = text_of(schemes[i].name)};
        ck_assert_int_eq(svcr_scheme_find(text_of(schemes[i].written), &port), schemes[i].scheme);
    }
}
END_TEST

Suite *suite_port(void)
{
    Suite *suite = suite_create("port");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_ports);
    tcase_add_test(all, test_schemes);
    suite_add_tcase(suite, all);
    return suite;
}
