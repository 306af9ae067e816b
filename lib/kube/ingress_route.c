/* Decoding of IngressRoutes. */
#include <svcroute/error.h>

#include "base/digest.h"
#include "base/normalize.h"
#include "kube/reference.h"

#define IN_META(member)                                                                            \
    (offsetof(struct svcr_ingress_route, member) - offsetof(struct svcr_ingress_route, meta))
static const struct svcr_field meta_fields[] = {
    SVCR_META_ROWS_HEAD,
    SVCR_ROW("generateName", TEXT, IN_META(generate_name)),
    SVCR_ROW_PICK("labels", 0, NULL),
    SVCR_ROW_PICK("annotations", IN_META(class_annotation), "kubernetes.io/ingress.class"),
    SVCR_ROW_IGNORED("creationTimestamp"),
};
static const struct svcr_table meta_table = {SVCR_TABLE_FIELDS(meta_fields), SVCR_TABLE_PLAIN};

static const struct svcr_field observability_fields[] = {
    SVCR_ROW("accessLogs", TRI, offsetof(struct svcr_observability, access_logs)),
    SVCR_ROW("metrics", TRI, offsetof(struct svcr_observability, metrics)),
    SVCR_ROW("tracing", TRI, offsetof(struct svcr_observability, tracing)),
    SVCR_ROW("traceVerbosity", TEXT, offsetof(struct svcr_observability, trace_verbosity)),
};
static const struct svcr_table observability_table = {
    SVCR_TABLE_FIELDS(observability_fields),
    .place = SVCR_NO_MEMBER,
    .given = offsetof(struct svcr_observability, given),
    .given_size = 1,
    .given_value = 1,
};

/* The router's name (behaviour section 2) is made once, here: namespace, name of the object, and
 * the first bytes of the rule's digest. Also for an empty match: such a rule makes no route, but
 * its children name it as a parent. */
static void finish_rule(struct svcr_decoder *decoder, uint32_t offset)
{
    static const char hex[] = "0123456789abcdef";
    const struct svcr_rule *rule = svcr_decode_member(decoder, offset);
    const struct svcr_ingress_route *object = svcr_decode_member(decoder, 0);
    uint8_t digest[32];
    char text[20];
    decoder->error = svcr_sha256(decoder->context, decoder->content + rule->match.offset,
                                 rule->match.size, digest);
    if (decoder->error != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = hex[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15];
    }
    struct svcr_str name = object->meta.name.size != 0 ? object->meta.name : object->generate_name;
    svcr_text parts[3] = {svcr_decode_stored(decoder, object->meta.namespace_),
                          svcr_decode_stored(decoder, name),
                          {text, sizeof(text)}};
    struct svcr_buffer buffer;
    svcr_buffer_init(&buffer, decoder->context);
    svcr_normalize(&buffer, parts, 3);
    /* Names of several objects may join alike; what follows tells them apart. */
    size_t size = buffer.size;
    for (size_t i = 0; i < 2; i++) {
        svcr_buffer_add_char(&buffer, '\0');
        svcr_buffer_add(&buffer, parts[i].data, parts[i].size);
    }
    if (buffer.failed) {
        decoder->error = SVCROUTE_ERR_NOMEM;
    } else {
        struct svcr_str own = svcr_decode_store(decoder, svcr_buffer_text(&buffer), 0);
        struct svcr_rule *made = svcr_decode_member(decoder, offset);
        made->router = own;
        made->router.size = (uint32_t)size;
        made->own_size = own.size;
    }
    svcr_buffer_free(&buffer);
}

/* A fault in the rule is reported where it stands, so the text's inner positions are kept. */
static void read_match(struct svcr_decoder *decoder, const struct svcr_field *field,
                       const struct svcroute_node *value, uint32_t offset)
{
    struct svcr_str match;
    if (svcr_decode_text(decoder, field, value, &match)) {
        struct svcr_rule *rule =
            svcr_decode_member(decoder, offset - (uint32_t)offsetof(struct svcr_rule, match));
        rule->match = match;
        svcr_decode_inside(decoder, rule->place, value);
    }
}

#define RULE(key, kind, member) SVCR_ROW(key, kind, offsetof(struct svcr_rule, member))
static const struct svcr_field rule_fields[] = {
    RULE("kind", TEXT, kind),
    SVCR_ROW_READ("match", offsetof(struct svcr_rule, match), SVCR_FIELD_LINES, read_match),
    RULE("syntax", TEXT, syntax),
    RULE("priority", INT64, priority),
    SVCR_ROW_TABLE("services", STRUCTS, offsetof(struct svcr_rule, services),
                   &svcr_reference_table),
    SVCR_ROW_TABLE("middlewares", STRUCTS, offsetof(struct svcr_rule, middlewares),
                   &svcr_name_ref_table),
    SVCR_ROW_TABLE("observability", STRUCT, offsetof(struct svcr_rule, observability),
                   &observability_table),
};
static const struct svcr_table rule_table = {
    SVCR_TABLE_FIELDS(rule_fields),    .bytes = sizeof(struct svcr_rule),
    .placed = SVCR_RULE_OBSERVABILITY, .place = offsetof(struct svcr_rule, place),
    .given = SVCR_NO_MEMBER,           .finish = finish_rule,
};

static const struct svcr_field domain_fields[] = {
    SVCR_ROW("main", TEXT, offsetof(struct svcr_tls_domain, main)),
    SVCR_ROW("sans", TEXTS, offsetof(struct svcr_tls_domain, sans)),
};
static const struct svcr_table domain_table = {
    SVCR_TABLE_FIELDS(domain_fields),
    .bytes = sizeof(struct svcr_tls_domain),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field tls_fields[] = {
    SVCR_ROW("certResolver", TEXT, offsetof(struct svcr_tls, cert_resolver)),
    SVCR_ROW("secretName", TEXT, offsetof(struct svcr_tls, secret_name)),
    SVCR_ROW_TABLE("options", STRUCT, offsetof(struct svcr_tls, options), &svcr_name_ref_table),
    SVCR_ROW_TABLE("store", STRUCT, offsetof(struct svcr_tls, store), &svcr_name_ref_table),
    SVCR_ROW_TABLE("domains", STRUCTS, offsetof(struct svcr_tls, domains), &domain_table),
};
static const struct svcr_table tls_table = {
    SVCR_TABLE_FIELDS(tls_fields),
    .placed = SVCR_TLS_DOMAINS,
    .place = offsetof(struct svcr_tls, place),
    .given = offsetof(struct svcr_tls, given),
    .given_size = 4,
};

#define SPEC(member) offsetof(struct svcr_ingress_route, member)
static const struct svcr_field spec_fields[] = {
    SVCR_ROW("entryPoints", TEXTS, SPEC(entry_points)),
    SVCR_ROW_WITH("ingressClassName", TEXT, SPEC(class_name), SVCR_FIELD_EMPTY),
    SVCR_ROW_TABLE("routes", STRUCTS, SPEC(rules), &rule_table),
    SVCR_ROW_TABLE("parentRefs", STRUCTS, SPEC(parent_refs), &svcr_name_ref_table),
    SVCR_ROW_TABLE("tls", STRUCT, SPEC(tls), &tls_table),
};
static const struct svcr_table spec_table = {SVCR_TABLE_FIELDS(spec_fields), SVCR_TABLE_PLAIN};

static void finish(struct svcr_decoder *decoder, uint32_t offset)
{
    uint32_t references = svcr_decode_references(decoder);
    struct svcr_ingress_route *route = svcr_decode_member(decoder, offset);
    route->references = references;
    route->num_references = (uint32_t)decoder->num_references;
    route->uses_nodes = decoder->uses_nodes;
}

static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&meta_table),
    SVCR_ROW_ALWAYS("spec", 0, &spec_table),
};
const struct svcr_table svcr_ingress_route_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_ingress_route),
    SVCR_TABLE_PLAIN,
    .finish = finish,
};
