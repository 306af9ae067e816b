/* The engine of the decoders: reads the fields of a struct as its table says. */
#include "kube/decode_fields.h"

#include "base/memory.h"

#define OBJECT_BYTES_MAX ((size_t)1 << 31) /* offsets have 32 bits */

/* ---- content ---- */

/* Makes room for `bytes` more at the given start, which is at or behind the end; the gap is zeroed.
 */
static bool extend(struct svcr_decoder *decoder, size_t start, size_t bytes)
{
    if (decoder->error != 0) {
        return false;
    }
    if (start > OBJECT_BYTES_MAX || bytes > OBJECT_BYTES_MAX - start) {
        decoder->error = SVCROUTE_ERR_LIMIT;
        return false;
    }
    if (start + bytes > decoder->capacity) {
        void *content = decoder->content;
        decoder->error =
            svcr_array_reserve(decoder->context, &content, &decoder->capacity, start + bytes, 1);
        decoder->content = content;
        if (decoder->error != 0) {
            return false;
        }
    }
    memset(decoder->content + decoder->size, 0, start - decoder->size);
    decoder->size = start + bytes;
    return true;
}

uint32_t svcr_decode_array(struct svcr_decoder *decoder, size_t num, size_t element)
{
    size_t bytes;
    if (num == 0) {
        return 0;
    }
    if (!svcr_size_mul(num, element, &bytes)) {
        decoder->error = SVCROUTE_ERR_LIMIT;
        return 0;
    }
    size_t start = (decoder->size + 7) & ~(size_t)7;
    if (!extend(decoder, start, bytes)) {
        return 0;
    }
    memset(decoder->content + start, 0, bytes);
    return (uint32_t)start;
}

uint32_t svcr_decode_place(struct svcr_decoder *decoder, size_t num)
{
    size_t first = decoder->num_positions, need;
    if (decoder->error != 0 || !svcr_size_add(first, num, &need)) {
        return 0;
    }
    if (need > decoder->positions_capacity) {
        void *positions = decoder->positions;
        decoder->error =
            svcr_array_reserve(decoder->context, &positions, &decoder->positions_capacity, need,
                               sizeof(*decoder->positions));
        decoder->positions = positions;
    }
    if (decoder->error == 0 && need > OBJECT_BYTES_MAX / sizeof(*decoder->positions)) {
        decoder->error = SVCROUTE_ERR_LIMIT;
    }
    if (decoder->error != 0) {
        return 0;
    }
    memset(decoder->positions + first, 0, num * sizeof(*decoder->positions));
    decoder->num_positions = need;
    return (uint32_t)first;
}

void svcr_decode_set_position(struct svcr_decoder *decoder, uint32_t place,
                              const struct svcroute_node *node)
{
    decoder->positions[place] = (struct svcr_position){node->line, node->column};
}

struct svcr_str svcr_decode_store(struct svcr_decoder *decoder, svcr_text text, unsigned flags)
{
    struct svcr_str str = {0, 0};
    if (text.size == 0 && !(flags & SVCR_FIELD_EMPTY)) {
        return str;
    }
    if (flags & SVCR_FIELD_SHARED) {
        for (size_t i = 0; i < SVCR_SHARED_MAX; i++) {
            struct svcr_str old = decoder->shared[i];
            if (old.size == text.size && old.offset != 0 &&
                memcmp(decoder->content + old.offset, text.data, text.size) == 0) {
                return old;
            }
        }
    }
    size_t start = decoder->size;
    if (!extend(decoder, start, text.size)) {
        return str;
    }
    if (text.size > 0) {
        memcpy(decoder->content + start, text.data, text.size);
    }
    str = (struct svcr_str){(uint32_t)start, (uint32_t)text.size};
    if (flags & SVCR_FIELD_SHARED) {
        decoder->shared[decoder->next_shared++ % SVCR_SHARED_MAX] = str;
    }
    return str;
}

/* ---- scalars ---- */

static bool is_allowed(unsigned char c, unsigned flags)
{
    return (c == '\t' && (flags & (SVCR_FIELD_TABS | SVCR_FIELD_LINES))) ||
           ((c == '\n' || c == '\r') && (flags & SVCR_FIELD_LINES));
}

/* Whether some byte is a control character that the flags do not allow. Words of eight bytes are
 * tested at once (the well-known tests for "some byte is less than n" and "some byte is zero"), the
 * rest byte by byte. */
static bool has_control(svcr_text text, unsigned flags)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, 8);
        uint64_t delete = word ^ (ones * 0x7f);
        if ((((word - ones * 0x20) & ~word) | ((delete - ones) & ~delete)) & (ones * 0x80)) {
            break;
        }
    }
    for (; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 || c == 0x7f) && !is_allowed(c, flags)) {
            return true;
        }
    }
    return false;
}

/* Checks and stores; false: diagnosed. */
static bool take_text(struct svcr_decoder *decoder, const struct svcr_field *field,
                      const struct svcroute_node *node, svcr_text text, struct svcr_str *out)
{
    if (!(field->flags & SVCR_FIELD_FREE) && has_control(text, field->flags)) {
        svcr_decode_error(decoder, SVCR_DIAG_CONTROL_CHARACTER, node,
                          "the text holds a control character, which is not allowed here");
        return false;
    }
    *out = svcr_decode_store(decoder, text, field->flags);
    return decoder->error == 0;
}

bool svcr_decode_text(struct svcr_decoder *decoder, const struct svcr_field *field,
                      const struct svcroute_node *node, struct svcr_str *out)
{
    *out = (struct svcr_str){0, 0};
    if (node == NULL || node->kind == SVCROUTE_NODE_NULL) {
        return true;
    }
    if (node->kind != SVCROUTE_NODE_STRING) {
        svcr_decode_misjudged(decoder, node, SVCR_JUDGED_TYPE, "text");
        return false;
    }
    return take_text(decoder, field, node, svcr_node_text(node), out);
}

static void read_text(struct svcr_decoder *decoder, const struct svcr_field *field,
                      const struct svcroute_node *node, uint32_t offset)
{
    struct svcr_str str;
    if (svcr_decode_text(decoder, field, node, &str)) {
        memcpy(svcr_decode_member(decoder, offset), &str, sizeof(str));
    }
}

static void read_boolean(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *node, uint32_t offset)
{
    bool value;
    enum svcr_judged judged = svcr_judge_bool(node, &value);
    if (judged != SVCR_JUDGED_OK) {
        svcr_decode_misjudged(decoder, node, judged, "true or false");
        return;
    }
    uint8_t *member = svcr_decode_member(decoder, offset);
    if (field->type == SVCR_FIELD_TRI) {
        *member = value ? SVCR_TRUE : SVCR_FALSE;
    } else {
        *member = value;
    }
}

static void read_integer(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *node, uint32_t offset)
{
    int32_t small = 0;
    int64_t value = 0;
    enum svcr_judged judged = field->type == SVCR_FIELD_INT32 ? svcr_judge_int32(node, &small)
                                                              : svcr_judge_int64(node, &value);
    if (judged != SVCR_JUDGED_OK) {
        svcr_decode_misjudged(decoder, node, judged,
                              field->type == SVCR_FIELD_INT32 ? "an integer of 32 bits"
                                                              : "an integer");
        return;
    }
    void *member = svcr_decode_member(decoder, offset);
    if (field->type == SVCR_FIELD_INT32) {
        memcpy(member, &small, sizeof(small));
    } else if (field->type == SVCR_FIELD_INT64) {
        memcpy(member, &value, sizeof(value));
    } else {
        struct svcr_optional optional = {value, 1, 0};
        memcpy(member, &optional, sizeof(optional));
    }
}

static void read_int_or_text(struct svcr_decoder *decoder, const struct svcr_field *field,
                             const struct svcroute_node *node, uint32_t offset)
{
    bool is_text = false;
    struct svcr_int_or_text value = {SVCR_VALUE_INTEGER, 0, {0, 0}};
    svcr_text text = SVCR_TEXT_ABSENT;
    enum svcr_judged judged = svcr_judge_int_or_text(node, &is_text, &value.integer, &text);
    if (judged != SVCR_JUDGED_OK) {
        svcr_decode_misjudged(decoder, node, judged, "an integer of 32 bits or text");
        return;
    }
    if (is_text) {
        value.kind = SVCR_VALUE_TEXT;
        value.integer = 0;
        if (!take_text(decoder, field, node, text, &value.text)) {
            return;
        }
    }
    memcpy(svcr_decode_member(decoder, offset), &value, sizeof(value));
}

/* ---- lists and maps ---- */

uint32_t svcr_decode_list(struct svcr_decoder *decoder, const struct svcroute_node *node,
                          size_t element, uint32_t offset)
{
    if (node->kind != SVCROUTE_NODE_LIST) {
        svcr_decode_misjudged(decoder, node, SVCR_JUDGED_TYPE, "a list");
        return 0;
    }
    struct svcr_list list = {svcr_decode_array(decoder, node->size, element), node->size};
    if (list.offset != 0) {
        memcpy(svcr_decode_member(decoder, offset), &list, sizeof(list));
    }
    return list.offset;
}

void svcr_decode_texts(struct svcr_decoder *decoder, const struct svcr_field *field,
                       const struct svcroute_node *node, uint32_t offset, uint32_t place)
{
    uint32_t first = svcr_decode_list(decoder, node, sizeof(struct svcr_str), offset);
    if (first == 0) {
        return;
    }
    uint32_t position = 0;
    if (place != SVCR_NO_MEMBER) {
        position = svcr_decode_place(decoder, node->size);
        memcpy(svcr_decode_member(decoder, place), &position, sizeof(position));
    }
    const struct svcroute_node *item = node + 1;
    for (uint32_t i = 0; i < node->size && decoder->error == 0; i++) {
        svcr_decode_enter_item(decoder, i);
        read_text(decoder, field, item, first + i * (uint32_t)sizeof(struct svcr_str));
        svcr_decode_leave(decoder);
        if (place != SVCR_NO_MEMBER && decoder->error == 0) {
            svcr_decode_set_position(decoder, position + i, item);
        }
        item = svcr_node_after(item);
    }
}

static void read_structs(struct svcr_decoder *decoder, const struct svcr_field *field,
                         const struct svcroute_node *node, uint32_t offset)
{
    const struct svcr_table *table = field->as.table;
    uint32_t at = svcr_decode_list(decoder, node, table->bytes, offset);
    if (at == 0) {
        return;
    }
    const struct svcroute_node *item = node + 1;
    for (uint32_t i = 0; i < node->size && decoder->error == 0; i++, at += table->bytes) {
        svcr_decode_enter_item(decoder, i);
        svcr_decode_struct(decoder, table, item->kind == SVCROUTE_NODE_NULL ? NULL : item, item,
                           at);
        svcr_decode_leave(decoder);
        item = svcr_node_after(item);
    }
}

/* Labels and annotations: every value has to be text, one of them is wanted. */
static void read_pick(struct svcr_decoder *decoder, const struct svcr_field *field,
                      const struct svcroute_node *node, uint32_t offset)
{
    if (node->kind != SVCROUTE_NODE_MAP) {
        svcr_decode_misjudged(decoder, node, SVCR_JUDGED_TYPE, "a map of texts");
        return;
    }
    const char *pick = field->as.pick;
    size_t size = pick ? strlen(pick) : 0;
    const struct svcroute_node *key = node + 1;
    for (uint32_t i = 0; i < node->size && decoder->error == 0;
         i++, key = svcr_node_after(key + 1)) {
        const struct svcroute_node *value = key + 1;
        if (pick && key->size == size && memcmp(key->as.text, pick, size) == 0) {
            svcr_decode_enter_key(decoder, key);
            read_text(decoder, field, value, offset);
            svcr_decode_leave(decoder);
        } else if (value->kind != SVCROUTE_NODE_STRING && value->kind != SVCROUTE_NODE_NULL) {
            svcr_decode_enter_key(decoder, key);
            svcr_decode_misjudged(decoder, value, SVCR_JUDGED_TYPE, "text");
            svcr_decode_leave(decoder);
        }
    }
}

/* ---- structs ---- */

static void read_field(struct svcr_decoder *decoder, const struct svcr_field *field,
                       const struct svcroute_node *value, const struct svcroute_node *own,
                       uint32_t offset)
{
    switch ((enum svcr_field_type)field->type) {
    case SVCR_FIELD_IGNORED:
        break;
    case SVCR_FIELD_TEXT:
        read_text(decoder, field, value, offset);
        break;
    case SVCR_FIELD_BOOLEAN:
    case SVCR_FIELD_TRI:
        read_boolean(decoder, field, value, offset);
        break;
    case SVCR_FIELD_INT32:
    case SVCR_FIELD_INT64:
    case SVCR_FIELD_OPTIONAL:
        read_integer(decoder, field, value, offset);
        break;
    case SVCR_FIELD_INT_OR_TEXT:
        read_int_or_text(decoder, field, value, offset);
        break;
    case SVCR_FIELD_STRUCT:
        svcr_decode_struct(decoder, field->as.table, value, value ? value : own, offset);
        break;
    case SVCR_FIELD_STRUCTS:
        read_structs(decoder, field, value, offset);
        break;
    case SVCR_FIELD_TEXTS:
        svcr_decode_texts(decoder, field, value, offset, SVCR_NO_MEMBER);
        break;
    case SVCR_FIELD_PICK:
        read_pick(decoder, field, value, offset);
        break;
    case SVCR_FIELD_READ:
        field->as.read(decoder, field, value, offset);
        break;
    }
}

/* Finds the value of each field. Documents have their keys in the order of the schema or of the
 * alphabet, so the field behind the last match is tried first. null is as good as nothing. */
static void collect(struct svcr_decoder *decoder, const struct svcr_table *table,
                    const struct svcroute_node *map, const struct svcroute_node **values)
{
    const struct svcroute_node *key = map + 1;
    uint32_t expected = 0;
    for (uint32_t i = 0; i < map->size; i++) {
        uint32_t at = expected, tried = 0;
        for (; tried < table->num; tried++) {
            const struct svcr_field *field = &table->fields[at];
            if (field->name_size == key->size && field->name != NULL &&
                memcmp(field->name, key->as.text, key->size) == 0) {
                break;
            }
            at = at + 1 < table->num ? at + 1 : 0;
        }
        const struct svcroute_node *value = key + 1;
        if (tried == table->num) {
            svcr_decode_unknown(decoder, key);
        } else {
            values[at] = value->kind == SVCROUTE_NODE_NULL ? NULL : value;
            expected = at + 1 < table->num ? at + 1 : 0;
        }
        key = svcr_node_after(value);
    }
}

/* Tells the struct that it is there and where its positions are; gives the place. */
static uint32_t begin(struct svcr_decoder *decoder, const struct svcr_table *table,
                      const struct svcroute_node *own, uint32_t offset)
{
    uint32_t place = 0;
    if (table->place != SVCR_NO_MEMBER) {
        place = svcr_decode_place(decoder, 1 + (size_t)table->placed);
        if (decoder->error != 0) {
            return 0;
        }
        svcr_decode_set_position(decoder, place, own);
        memcpy(svcr_decode_member(decoder, offset + table->place), &place, sizeof(place));
    }
    if (table->given != SVCR_NO_MEMBER) {
        uint8_t *given = svcr_decode_member(decoder, offset + table->given);
        if (table->given_size == 1) {
            *given |= table->given_value;
        } else {
            uint32_t one = 1;
            memcpy(given, &one, sizeof(one));
        }
    }
    return place;
}

void svcr_decode_struct(struct svcr_decoder *decoder, const struct svcr_table *table,
                        const struct svcroute_node *map, const struct svcroute_node *own,
                        uint32_t offset)
{
    const struct svcroute_node *values[SVCR_FIELDS_MAX];
    memset(values, 0, table->num * sizeof(values[0]));
    if (map && map->kind != SVCROUTE_NODE_MAP) {
        svcr_decode_misjudged(decoder, map, SVCR_JUDGED_TYPE, "a map");
        return;
    }
    uint32_t place = begin(decoder, table, own, offset);
    if (map) {
        collect(decoder, table, map, values);
    }
    for (uint32_t i = 0; i < table->num && decoder->error == 0; i++) {
        const struct svcr_field *field = &table->fields[i];
        const struct svcroute_node *value = values[i];
        if (value == NULL && !(field->flags & SVCR_FIELD_ALWAYS)) {
            continue;
        }
        if (value && i < table->placed) {
            svcr_decode_set_position(decoder, place + 1 + i, value);
        }
        if (field->type == SVCR_FIELD_IGNORED) {
            continue;
        }
        if (field->name) {
            svcr_decode_enter(decoder, field->name, field->name_size);
        }
        read_field(decoder, field, value, own, offset + field->offset);
        if (field->name) {
            svcr_decode_leave(decoder);
        }
    }
    if (table->finish && decoder->error == 0) {
        table->finish(decoder, offset);
    }
}
