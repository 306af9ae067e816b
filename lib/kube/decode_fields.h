/* The engine of the decoders: a table of fields for each struct, read in the order of the table.
 *
 * Decoding in the table's order, whatever the order of the document, gives equal objects an equal
 * layout; so a comparison of bytes is one of meaning. While it grows, an object is content of a
 * scratch buffer that may move: everything here is named by its offset, never by a pointer. */
#ifndef SVCR_DECODE_FIELDS_H
#define SVCR_DECODE_FIELDS_H

#include <stddef.h>

#include <svcroute/error.h>

#include "base/diag.h"
#include "document/scalar.h"
#include "kube/decode.h"

enum svcr_field_type {
    SVCR_FIELD_IGNORED =
        0,              /* in the schema, but nothing here reads it; its value is not looked at */
    SVCR_FIELD_TEXT,    /* struct svcr_str */
    SVCR_FIELD_BOOLEAN, /* uint8_t, 0 or 1 */
    SVCR_FIELD_TRI,     /* uint8_t, enum svcr_tri */
    SVCR_FIELD_INT32,
    SVCR_FIELD_INT64,
    SVCR_FIELD_OPTIONAL,    /* struct svcr_optional */
    SVCR_FIELD_INT_OR_TEXT, /* struct svcr_int_or_text */
    SVCR_FIELD_STRUCT,      /* `table`, its offsets counted from this field's */
    SVCR_FIELD_STRUCTS,     /* struct svcr_list of what `table` describes */
    SVCR_FIELD_TEXTS,       /* struct svcr_list of struct svcr_str */
    SVCR_FIELD_PICK, /* a map of texts, of which the one named `pick` goes into a struct svcr_str */
    SVCR_FIELD_READ, /* `read` does it */
};

enum svcr_field_flag {
    SVCR_FIELD_EMPTY = 1,  /* "" and absent differ; else "" counts as absent */
    SVCR_FIELD_FREE = 2,   /* control characters are no business of the decoder */
    SVCR_FIELD_LINES = 4,  /* tabs and line breaks may stand in it */
    SVCR_FIELD_SHARED = 8, /* probably the text of a neighbour, to be stored once */
    SVCR_FIELD_TABS = 16,  /* tabs may */
    SVCR_FIELD_ALWAYS = 32 /* STRUCT, READ: also if the document has none */
};

struct svcr_decoder;
struct svcr_field;

/* `value` NULL: absent. `offset` is that of the member: the struct's plus the field's. */
typedef void svcr_field_read(struct svcr_decoder *decoder, const struct svcr_field *field,
                             const struct svcroute_node *value, uint32_t offset);

struct svcr_field {
    const char *name; /* NULL: matches no key; for a READ that is ALWAYS done at this point */
    uint8_t name_size, type, flags, reserved;
    uint32_t offset; /* in the struct */
    union {
        const struct svcr_table *table;
        svcr_field_read *read;
        const char *pick;
    } as;
};

#define SVCR_FIELDS_MAX 40 /* fields of one table */
#define SVCR_NO_MEMBER UINT32_MAX

struct svcr_table {
    const struct svcr_field *fields;
    uint32_t num;
    uint32_t bytes;  /* of the struct, where a list holds it */
    uint32_t placed; /* the first so many fields have positions of their own, behind the struct's */
    uint32_t place;  /* member that gets the place, or SVCR_NO_MEMBER */
    uint32_t given;  /* member that is told that the struct is there, or SVCR_NO_MEMBER */
    uint8_t given_size;  /* 1 or 4 bytes */
    uint8_t given_value; /* added to a member of 1 byte, so that several structs can share it */
    uint8_t reserved[2];
    void (*finish)(struct svcr_decoder *decoder, uint32_t offset); /* after all fields; or NULL */
};

#define SVCR_TABLE_PLAIN .place = SVCR_NO_MEMBER, .given = SVCR_NO_MEMBER
#define SVCR_TABLE_FIELDS(array) .fields = (array), .num = sizeof(array) / sizeof((array)[0])

/* Rows. A name is a literal; `at` is offsetof() in the table's struct. */
#define SVCR_ROW_WITH(key, kind, at, with)                                                         \
    {                                                                                              \
        .name = (key), .name_size = sizeof(key) - 1, .type = SVCR_FIELD_##kind, .flags = (with),   \
        .offset = (uint32_t)(at)                                                                   \
    }
#define SVCR_ROW(key, kind, at) SVCR_ROW_WITH(key, kind, at, 0)
#define SVCR_ROW_IGNORED(key) SVCR_ROW(key, IGNORED, 0)
#define SVCR_ROW_TABLE(key, kind, at, which)                                                       \
    {                                                                                              \
        .name = (key), .name_size = sizeof(key) - 1, .type = SVCR_FIELD_##kind,                    \
        .offset = (uint32_t)(at), .as.table = (which)                                              \
    }
#define SVCR_ROW_ALWAYS(key, at, which)                                                            \
    {                                                                                              \
        .name = (key), .name_size = sizeof(key) - 1, .type = SVCR_FIELD_STRUCT,                    \
        .flags = SVCR_FIELD_ALWAYS, .offset = (uint32_t)(at), .as.table = (which)                  \
    }
#define SVCR_ROW_READ(key, at, with, function)                                                     \
    {                                                                                              \
        .name = (key), .name_size = sizeof(key) - 1, .type = SVCR_FIELD_READ, .flags = (with),     \
        .offset = (uint32_t)(at), .as.read = (function)                                            \
    }
#define SVCR_ROW_PICK(key, at, which)                                                              \
    {                                                                                              \
        .name = (key), .name_size = sizeof(key) - 1, .type = SVCR_FIELD_PICK,                      \
        .offset = (uint32_t)(at), .as.pick = (which)                                               \
    }
#define SVCR_ROW_STEP(at, function)                                                                \
    {                                                                                              \
        .type = SVCR_FIELD_READ, .flags = SVCR_FIELD_ALWAYS, .offset = (uint32_t)(at),             \
        .as.read = (function)                                                                      \
    }

#define SVCR_PATH_MAX 24 /* steps of a path; the tables nest less deeply */
#define SVCR_SHARED_MAX 4

struct svcr_path_step {
    const char *name; /* NULL: an item of a list */
    uint32_t size;
    uint32_t index; /* of the item; for a name not 0 if it is a key that the document chose */
};

struct svcr_decoder {
    struct svcroute_context *context; /* referenced */
    struct svcr_source *source;       /* referenced; may be NULL */
    struct svcroute_diags *diags;
    bool strict;

    /* Of the object at hand. */
    const struct svcroute_node *root;
    struct svcr_object_name name;
    svcr_text kind; /* as written */
    bool generated; /* metadata.generateName gives a name */
    bool rejected;
    int error; /* ends everything: out of memory and the like */
    uint32_t num_errors, num_infos;
    uint32_t num_addresses;
    uint32_t uses_nodes;
    svcr_text resource_version;
    struct svcr_path_step path[SVCR_PATH_MAX];
    uint32_t depth;
    struct svcr_str shared[SVCR_SHARED_MAX]; /* the latest SHARED texts, in turn */
    uint32_t next_shared;

    /* Scratch, kept from object to object. */
    char *content;
    size_t size, capacity;
    struct svcr_position *positions;
    size_t num_positions, positions_capacity;
    uint32_t *references; /* offsets, by edge */
    size_t num_references, references_capacity;
    const struct svcroute_node **keys; /* of a map that is being sorted */
    size_t keys_capacity;

    /* Positions inside of texts (inside.c). */
    struct svcr_trail *trails;
    size_t num_trails, trails_capacity;
    struct svcr_buffer trail_bytes;
    uint8_t form;
    bool has_form;
};

/* A member of the content; the pointer is good until the next reservation. */
static inline void *svcr_decode_member(const struct svcr_decoder *decoder, uint32_t offset)
{
    return decoder->content + offset;
}

static inline svcr_text svcr_decode_stored(const struct svcr_decoder *decoder, struct svcr_str str)
{
    return (svcr_text){decoder->content + str.offset, str.size};
}

/* Makes room for an array in the content, aligned to 8 and filled with zeros; 0 if it has no
 * element or on failure (decoder->error says why). The very first array, the object's own struct,
 * is at 0 anyway. */
uint32_t svcr_decode_array(struct svcr_decoder *decoder, size_t num, size_t element);
/* `num` positions, unset; 0 on failure. */
uint32_t svcr_decode_place(struct svcr_decoder *decoder, size_t num);
void svcr_decode_set_position(struct svcr_decoder *decoder, uint32_t place,
                              const struct svcroute_node *node);
/* Stores a text as a field with these flags has it. */
struct svcr_str svcr_decode_store(struct svcr_decoder *decoder, svcr_text text, unsigned flags);

/* Reads `map` (NULL: nothing given) into the struct at `offset`, which is there and zero. `own` has
 * the struct's position. */
void svcr_decode_struct(struct svcr_decoder *decoder, const struct svcr_table *table,
                        const struct svcroute_node *map, const struct svcroute_node *own,
                        uint32_t offset);

/* Reads a text for `field` (NULL node: absent), checked for control characters; false: diagnosed.
 */
bool svcr_decode_text(struct svcr_decoder *decoder, const struct svcr_field *field,
                      const struct svcroute_node *node, struct svcr_str *out);
/* Makes a list with as many elements as `node` has and writes it to the member at `offset`; gives
 * the offset of the first element, 0 if there is none or on failure. A node that is no list is
 * diagnosed. */
uint32_t svcr_decode_list(struct svcr_decoder *decoder, const struct svcroute_node *node,
                          size_t element, uint32_t offset);
/* A list of texts; the member at `place`, unless SVCR_NO_MEMBER, gets a place with one position for
 * each. */
void svcr_decode_texts(struct svcr_decoder *decoder, const struct svcr_field *field,
                       const struct svcroute_node *node, uint32_t offset, uint32_t place);

/* ---- positions inside of texts (inside.c) ---- */

/* Keeps where the characters of a text stand, for the struct with this place: of one text of each. */
void svcr_decode_inside(struct svcr_decoder *decoder, uint32_t place,
                        const struct svcroute_node *node);
void svcr_inside_begin(struct svcr_decoder *decoder);
void svcr_inside_free(struct svcr_decoder *decoder);
/* What an object has behind its positions: how much, and the bytes, to a place that is aligned to 4. */
size_t svcr_inside_size(const struct svcr_decoder *decoder);
void svcr_inside_write(const struct svcr_decoder *decoder, char *out);

/* ---- reports (decode_report.c) ---- */

/* Steps of the path to what is read: a field's name, a key of a map of texts, an item of a list. */
static inline void svcr_decode_enter(struct svcr_decoder *decoder, const char *name, size_t size)
{
    decoder->path[decoder->depth++] = (struct svcr_path_step){name, (uint32_t)size, 0};
}

static inline void svcr_decode_enter_key(struct svcr_decoder *decoder,
                                         const struct svcroute_node *key)
{
    decoder->path[decoder->depth++] = (struct svcr_path_step){key->as.text, key->size, 1};
}

static inline void svcr_decode_enter_item(struct svcr_decoder *decoder, size_t index)
{
    decoder->path[decoder->depth++] = (struct svcr_path_step){NULL, 0, (uint32_t)index};
}

static inline void svcr_decode_leave(struct svcr_decoder *decoder)
{
    decoder->depth--;
}

/* Rejects the object for what `node` (NULL: the object) has at the current path. */
__attribute__((format(printf, 4, 5))) void svcr_decode_error(struct svcr_decoder *decoder,
                                                             enum svcr_diag_id id,
                                                             const struct svcroute_node *node,
                                                             const char *format, ...);
/* The same for a value that the judge refused; `expected` such as "text" or "an integer". */
void svcr_decode_misjudged(struct svcr_decoder *decoder, const struct svcroute_node *node,
                           enum svcr_judged judged, const char *expected);
void svcr_decode_unknown(struct svcr_decoder *decoder, const struct svcroute_node *key);
/* A warning that leaves the object alone. */
__attribute__((format(printf, 4, 5))) void svcr_decode_warn(struct svcr_decoder *decoder,
                                                            enum svcr_diag_id id,
                                                            const struct svcroute_node *node,
                                                            const char *format, ...);

/* ---- tables that several kinds use ---- */

/* metadata.name and .namespace, and what else is common; for the rows of a table of metadata. */
svcr_field_read svcr_read_name, svcr_read_namespace, svcr_read_resource_version;

#define SVCR_META_ROWS_HEAD                                                                        \
    SVCR_ROW_READ("name", offsetof(struct svcr_meta, name), SVCR_FIELD_ALWAYS, svcr_read_name),    \
        SVCR_ROW_READ("namespace", offsetof(struct svcr_meta, namespace_), SVCR_FIELD_ALWAYS,      \
                      svcr_read_namespace),                                                        \
        SVCR_ROW_READ("resourceVersion", 0, 0, svcr_read_resource_version),                        \
        SVCR_ROW_IGNORED("uid"), SVCR_ROW_IGNORED("generation"),                                   \
        SVCR_ROW_IGNORED("deletionTimestamp"), SVCR_ROW_IGNORED("deletionGracePeriodSeconds"),     \
        SVCR_ROW_IGNORED("ownerReferences"), SVCR_ROW_IGNORED("finalizers"),                       \
        SVCR_ROW_IGNORED("managedFields"), SVCR_ROW_IGNORED("selfLink"),                           \
        SVCR_ROW_IGNORED("clusterName")

extern const struct svcr_table svcr_meta_table; /* of a kind that reads the name only */

#define SVCR_ROOT_ROWS(metadata)                                                                   \
    SVCR_ROW_ALWAYS("metadata", sizeof(struct svcr_object), metadata),                             \
        SVCR_ROW_IGNORED("apiVersion"), SVCR_ROW_IGNORED("kind")

/* endpoint_slice.c: addresses as text and bytes, counted against the limit of the context. A list
 * of them, and one by itself: as the only item of a list, or in a struct svcr_endpoint_address. */
svcr_field_read svcr_read_addresses, svcr_read_address_item, svcr_read_address;

/* The root table of each kind. */
extern const struct svcr_table svcr_ingress_route_table, svcr_traefik_service_table,
    svcr_service_table, svcr_endpoint_slice_table, svcr_endpoints_table, svcr_node_table;

#endif
