/* Decoding of EndpointSlices, and of the addresses that all kinds of endpoints have. */
#include "base/context.h"
#include "kube/decode_fields.h"

/* ---- addresses ---- */

static void read_one(struct svcr_decoder *decoder, const struct svcr_field *field,
                     const struct svcroute_node *node, uint32_t offset, uint32_t place)
{
    struct svcr_endpoint_address address;
    memset(&address, 0, sizeof(address));
    if (!svcr_decode_text(decoder, field, node, &address.text)) {
        return;
    }
    svcr_decode_set_position(decoder, place, node);
    address.place = place;
    svcr_address_parse(svcr_decode_stored(decoder, address.text), &address.parsed);
    memcpy(svcr_decode_member(decoder, offset), &address, sizeof(address));
}

/* Counts addresses against the limit, before any memory is taken for them. */
static bool allow(struct svcr_decoder *decoder, const struct svcroute_node *node, uint32_t num)
{
    uint32_t limit = decoder->context->limits.endpoints;
    if (decoder->num_addresses > limit) {
        return false; /* said already */
    }
    if (num > limit - decoder->num_addresses) {
        decoder->num_addresses = UINT32_MAX;
        svcr_decode_error(decoder, SVCR_DIAG_LIMIT_ENDPOINTS, node,
                          "more than %u endpoint addresses in one object", (unsigned)limit);
        return false;
    }
    decoder->num_addresses += num;
    return true;
}

void svcr_read_addresses(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *value, uint32_t offset)
{
    if (value->kind == SVCROUTE_NODE_LIST && !allow(decoder, value, value->size)) {
        return;
    }
    uint32_t at = svcr_decode_list(decoder, value, sizeof(struct svcr_endpoint_address), offset);
    uint32_t place = at ? svcr_decode_place(decoder, value->size) : 0;
    const struct svcroute_node *item = value + 1;
    for (uint32_t i = 0; at != 0 && i < value->size && decoder->error == 0; i++) {
        svcr_decode_enter_item(decoder, i);
        read_one(decoder, field, item, at, place + i);
        svcr_decode_leave(decoder);
        item = svcr_node_after(item);
        at += (uint32_t)sizeof(struct svcr_endpoint_address);
    }
}

void svcr_read_address(struct svcr_decoder *decoder, const struct svcr_field *field,
                       const struct svcroute_node *value, uint32_t offset)
{
    uint32_t place = allow(decoder, value, 1) ? svcr_decode_place(decoder, 1) : 0;
    if (place != 0) {
        read_one(decoder, field, value, offset, place);
    }
}

void svcr_read_address_item(struct svcr_decoder *decoder, const struct svcr_field *field,
                            const struct svcroute_node *value, uint32_t offset)
{
    struct svcr_list list = {svcr_decode_array(decoder, 1, sizeof(struct svcr_endpoint_address)),
                             1};
    if (list.offset != 0) {
        memcpy(svcr_decode_member(decoder, offset), &list, sizeof(list));
        svcr_read_address(decoder, field, value, list.offset);
    }
}

/* ---- times ---- */

static bool read_digits(const char **at, const char *end, unsigned num, int *value)
{
    *value = 0;
    for (; num > 0; num--, (*at)++) {
        if (*at == end || **at < '0' || **at > '9') {
            return false;
        }
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool read_char(const char **at, const char *end, char c)
{
    if (*at == end || **at != c) {
        return false;
    }
    (*at)++;
    return true;
}

/* "Z", "+01:30" or "-05:00" to seconds. */
static bool read_zone(const char **at, const char *end, int *offset)
{
    int hours, minutes;
    *offset = 0;
    if (read_char(at, end, 'Z')) {
        return true;
    }
    bool west = *at != end && **at == '-';
    if (!read_char(at, end, west ? '-' : '+') || !read_digits(at, end, 2, &hours) ||
        !read_char(at, end, ':') || !read_digits(at, end, 2, &minutes) || hours > 24 ||
        minutes > 59) {
        return false;
    }
    *offset = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap
 * day is the last of its year, and in eras of 400 years with 146097 days each. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t from_march = year - (month <= 2);
    int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
    int64_t of_era = from_march - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* RFC 3339, as far as Kubernetes takes it; fractions are cut off. */
static bool parse_time(svcr_text text, int64_t *seconds)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *at = text.data, *end = at + text.size;
    int year, month, day, hour, minute, second, zone;
    if (!read_digits(&at, end, 4, &year) || !read_char(&at, end, '-') ||
        !read_digits(&at, end, 2, &month) || !read_char(&at, end, '-') ||
        !read_digits(&at, end, 2, &day) || !read_char(&at, end, 'T') ||
        !read_digits(&at, end, 2, &hour) || !read_char(&at, end, ':') ||
        !read_digits(&at, end, 2, &minute) || !read_char(&at, end, ':') ||
        !read_digits(&at, end, 2, &second)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] + (month == 2 && is_leap(year)) || hour > 23 || minute > 59 ||
        second > 59) {
        return false;
    }
    if (read_char(&at, end, '.')) {
        int digit;
        if (!read_digits(&at, end, 1, &digit)) {
            return false;
        }
        while (at != end && *at >= '0' && *at <= '9') {
            at++;
        }
    }
    if (!read_zone(&at, end, &zone) || at != end) {
        return false;
    }
    *seconds =
        days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
    return true;
}

static void read_created(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *value, uint32_t offset)
{
    (void)field;
    int64_t created = INT64_MIN;
    if (value && value->kind != SVCROUTE_NODE_STRING) {
        svcr_decode_misjudged(decoder, value, SVCR_JUDGED_TYPE, "text");
    } else if (value && !parse_time(svcr_node_text(value), &created)) {
        svcr_decode_error(decoder, SVCR_DIAG_BAD_TIME, value,
                          "a time is written like 2024-05-17T08:30:00Z (RFC 3339)");
    }
    memcpy(svcr_decode_member(decoder, offset), &created, sizeof(created));
}

/* ---- the slice ---- */

#define IN_META(member)                                                                            \
    (offsetof(struct svcr_endpoint_slice, member) - offsetof(struct svcr_endpoint_slice, meta))
static const struct svcr_field meta_fields[] = {
    SVCR_META_ROWS_HEAD,
    SVCR_ROW_IGNORED("generateName"),
    SVCR_ROW_READ("creationTimestamp", IN_META(created), SVCR_FIELD_ALWAYS, read_created),
    SVCR_ROW_PICK("labels", IN_META(service), "kubernetes.io/service-name"),
    SVCR_ROW_PICK("annotations", 0, NULL),
};
static const struct svcr_table meta_table = {SVCR_TABLE_FIELDS(meta_fields), SVCR_TABLE_PLAIN};

static const struct svcr_field conditions_fields[] = {
    SVCR_ROW("ready", TRI, offsetof(struct svcr_endpoint, ready)),
    SVCR_ROW("serving", TRI, offsetof(struct svcr_endpoint, serving)),
    SVCR_ROW("terminating", TRI, offsetof(struct svcr_endpoint, terminating)),
};
static const struct svcr_table conditions_table = {
    SVCR_TABLE_FIELDS(conditions_fields),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field zone_fields[] = {
    SVCR_ROW_WITH("name", TEXT, 0, SVCR_FIELD_SHARED),
};
static const struct svcr_table zone_table = {
    SVCR_TABLE_FIELDS(zone_fields),
    .bytes = sizeof(struct svcr_str),
    SVCR_TABLE_PLAIN,
};
static const struct svcr_field hints_fields[] = {
    SVCR_ROW_TABLE("forZones", STRUCTS, offsetof(struct svcr_endpoint, hints), &zone_table),
    SVCR_ROW_IGNORED("forNodes"),
};
static const struct svcr_table hints_table = {SVCR_TABLE_FIELDS(hints_fields), SVCR_TABLE_PLAIN};

static const struct svcr_field endpoint_fields[] = {
    SVCR_ROW_READ("addresses", offsetof(struct svcr_endpoint, addresses), 0, svcr_read_addresses),
    SVCR_ROW_TABLE("conditions", STRUCT, 0, &conditions_table),
    SVCR_ROW_IGNORED("hostname"),
    SVCR_ROW_IGNORED("targetRef"),
    SVCR_ROW_IGNORED("deprecatedTopology"),
    SVCR_ROW_WITH("nodeName", TEXT, offsetof(struct svcr_endpoint, node_name), SVCR_FIELD_SHARED),
    SVCR_ROW_WITH("zone", TEXT, offsetof(struct svcr_endpoint, zone), SVCR_FIELD_SHARED),
    SVCR_ROW_TABLE("hints", STRUCT, 0, &hints_table),
};
static const struct svcr_table endpoint_table = {
    SVCR_TABLE_FIELDS(endpoint_fields),
    .bytes = sizeof(struct svcr_endpoint),
    SVCR_TABLE_PLAIN,
};

static const struct svcr_field port_fields[] = {
    SVCR_ROW_WITH("name", TEXT, offsetof(struct svcr_endpoint_port, name), SVCR_FIELD_EMPTY),
    SVCR_ROW("protocol", TEXT, offsetof(struct svcr_endpoint_port, protocol)),
    SVCR_ROW("port", INT32, offsetof(struct svcr_endpoint_port, port)),
    SVCR_ROW_IGNORED("appProtocol"),
};
static const struct svcr_table port_table = {
    SVCR_TABLE_FIELDS(port_fields),
    .bytes = sizeof(struct svcr_endpoint_port),
    SVCR_TABLE_PLAIN,
};

#define AT(member) offsetof(struct svcr_endpoint_slice, member)
static const struct svcr_field root_fields[] = {
    SVCR_ROOT_ROWS(&meta_table),
    SVCR_ROW("addressType", TEXT, AT(address_type)),
    SVCR_ROW_TABLE("endpoints", STRUCTS, AT(endpoints), &endpoint_table),
    SVCR_ROW_TABLE("ports", STRUCTS, AT(ports), &port_table),
};
const struct svcr_table svcr_endpoint_slice_table = {
    SVCR_TABLE_FIELDS(root_fields),
    .bytes = sizeof(struct svcr_endpoint_slice),
    SVCR_TABLE_PLAIN,
};
