/* Diagnostics: the registry of kinds, single records, and the public list of them. */
#include "base/diag.h"

#include <stdio.h>

#include <svcroute/error.h>

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"

#define MESSAGE_MAX 1024
#define PLACE_TEXT_MAX 1024

/* ---- registry ---- */

static const struct {
    uint32_t id, severity;
    svcr_text name, summary;
} registry[] = {
#define SVCR_DIAG(number, constant, name, severity, summary)                                       \
    {number, severity, {name, sizeof(name) - 1}, {summary, sizeof(summary) - 1}},
#include "base/diag_ids.h"
#undef SVCR_DIAG
};

#define NUM_IDS (sizeof(registry) / sizeof(registry[0]))

uint32_t svcr_diag_severity(enum svcr_diag_id id)
{
    switch (id) {
#define SVCR_DIAG(number, constant, name, severity, summary)                                       \
    case SVCR_DIAG_##constant:                                                                     \
        return severity;
#include "base/diag_ids.h"
#undef SVCR_DIAG
    }
    return SVCROUTE_SEVERITY_ERROR;
}

const char *svcr_diag_name(enum svcr_diag_id id)
{
    switch (id) {
#define SVCR_DIAG(number, constant, name, severity, summary)                                       \
    case SVCR_DIAG_##constant:                                                                     \
        return name;
#include "base/diag_ids.h"
#undef SVCR_DIAG
    }
    return "";
}

size_t svcroute_diag_num_ids(void)
{
    return NUM_IDS;
}

int svcroute_diag_get_id(size_t index, uint32_t *id, uint32_t *severity, struct svcroute_text *name,
                         struct svcroute_text *summary)
{
    if (index >= NUM_IDS) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    if (id) {
        *id = registry[index].id;
    }
    if (severity) {
        *severity = registry[index].severity;
    }
    if (name) {
        *name = registry[index].name;
    }
    if (summary) {
        *summary = registry[index].summary;
    }
    return SVCROUTE_OK;
}

/* ---- quoting ---- */

/* Characters that show nothing, or that turn the direction of what follows. */
static bool is_invisible(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0xad ||
           (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff ||
           (character >= 0xe0000 && character <= 0xe0fff);
}

static size_t put_escape(char *out, char letter, uint32_t value, unsigned digits)
{
    out[0] = '\\';
    out[1] = letter;
    for (unsigned i = 0; i < digits; i++) {
        out[2 + i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
    }
    return 2 + digits;
}

/* Writes the next character as it may be shown, at most 10 bytes; *step tells how much was read. */
static size_t quote_character(const char *data, size_t size, size_t *step, char out[10])
{
    uint32_t character;

    *step = svcr_utf8_decode(data, size, &character);
    if (*step == 0) {
        *step = 1;
        return put_escape(out, 'x', (unsigned char)data[0], 2);
    }
    switch (character) {
    case '"':
    case '\\':
        return put_escape(out, (char)character, 0, 0);
    case '\n':
        return put_escape(out, 'n', 0, 0);
    case '\r':
        return put_escape(out, 'r', 0, 0);
    case '\t':
        return put_escape(out, 't', 0, 0);
    default:
        break;
    }
    if (!is_invisible(character)) {
        memcpy(out, data, *step);
        return *step;
    }
    return character < 0x80      ? put_escape(out, 'x', character, 2)
           : character < 0x10000 ? put_escape(out, 'u', character, 4)
                                 : put_escape(out, 'U', character, 8);
}

const char *svcr_quote(struct svcr_quoted *out, svcr_text text)
{
    static const char more[] = "...";
    /* What the closing quote, "..." and the NUL need. */
    const size_t room = sizeof(out->text) - 1 - sizeof(more);
    size_t at = 0, size = 0;

    out->text[size++] = '"';
    while (at < text.size) {
        char shown[10];
        size_t step, length = quote_character(text.data + at, text.size - at, &step, shown);

        if (size + length > room) {
            break;
        }
        memcpy(out->text + size, shown, length);
        size += length;
        at += step;
    }
    out->text[size++] = '"';
    memcpy(out->text + size, at < text.size ? more : "", at < text.size ? sizeof(more) : 1);
    return out->text;
}

/* ---- records ---- */

#define NUM_TEXTS 6

static void collect_texts(const struct svcr_diag *diag, svcr_text texts[NUM_TEXTS])
{
    texts[0] = diag->source;
    texts[1] = diag->kind;
    texts[2] = diag->namespace_;
    texts[3] = diag->name;
    texts[4] = diag->field;
    texts[5] = diag->text;
}

static bool same_content(const struct svcr_diag *a, const struct svcr_diag *b)
{
    svcr_text first[NUM_TEXTS], second[NUM_TEXTS];

    if (a->hash != b->hash || a->id != b->id || a->severity != b->severity || a->line != b->line ||
        a->column != b->column) {
        return false;
    }
    collect_texts(a, first);
    collect_texts(b, second);
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        if (!svcr_text_same(first[i], second[i])) {
            return false;
        }
    }
    return true;
}

static uint64_t hash_content(const struct svcr_diag *diag, uint64_t seed)
{
    svcr_text texts[NUM_TEXTS];
    uint64_t hash = svcr_hash_mix(seed ^ diag->id, (uint64_t)diag->line << 32 | diag->column);

    collect_texts(diag, texts);
    for (size_t i = 0; i < NUM_TEXTS; i++) {
        hash = svcr_hash(hash, texts[i].data, texts[i].size);
    }
    return hash;
}

/* Copies a text to *end, moving it; one that is absent stays so. */
static svcr_text place_text(char **end, svcr_text text)
{
    svcr_text copy = {*end, text.size};

    if (!text.data) {
        return SVCR_TEXT_ABSENT;
    }
    memcpy(*end, text.data, text.size);
    *end += text.size;
    return copy;
}

struct svcr_diag *svcr_diag_vnew(struct svcroute_context *context, enum svcr_diag_id id,
                                 uint32_t severity, const struct svcr_place *place,
                                 const char *format, va_list arguments)
{
    static const struct svcr_place nowhere;
    char message[MESSAGE_MAX], *end;
    struct svcr_diag *diag;
    struct svcr_place from = place ? *place : nowhere;
    svcr_text text = {message, svcr_text_vformat(message, sizeof(message), format, arguments)};
    size_t bytes;

    from.source = svcr_text_cut(from.source, PLACE_TEXT_MAX);
    from.kind = svcr_text_cut(from.kind, PLACE_TEXT_MAX);
    from.namespace_ = svcr_text_cut(from.namespace_, PLACE_TEXT_MAX);
    from.name = svcr_text_cut(from.name, PLACE_TEXT_MAX);
    from.field = svcr_text_cut(from.field, PLACE_TEXT_MAX);
    bytes = sizeof(*diag) + from.source.size + from.kind.size + from.namespace_.size +
            from.name.size + from.field.size + text.size;
    diag = svcr_alloc(context, bytes);
    if (!diag) {
        return NULL;
    }
    end = (char *)(diag + 1);
    svcr_refs_init(&diag->refs);
    diag->id = id;
    diag->severity = severity ? severity : svcr_diag_severity(id);
    diag->line = from.line;
    diag->column = from.column;
    diag->bytes = (uint32_t)bytes;
    diag->source = place_text(&end, from.source);
    diag->kind = place_text(&end, from.kind);
    diag->namespace_ = place_text(&end, from.namespace_);
    diag->name = place_text(&end, from.name);
    diag->field = place_text(&end, from.field);
    diag->text = place_text(&end, text);
    diag->hash = hash_content(diag, context->hash_seed);
    return diag;
}

struct svcr_diag *svcr_diag_ref(struct svcr_diag *diag)
{
    svcr_refs_take(&diag->refs);
    return diag;
}

void svcr_diag_unref(struct svcroute_context *context, struct svcr_diag *diag)
{
    if (diag && svcr_refs_drop(&diag->refs)) {
        svcr_release(context, diag, diag->bytes);
    }
}

/* ---- list ---- */

/* Records in the order of coming, and an open-addressing set of them by content: a slot holds an
 * index plus one, 0 is free; at most half of the slots are taken. */
struct svcroute_diags {
    struct svcroute_context *context;
    struct svcr_diag **items;
    size_t size, capacity;
    uint32_t *slots;
    size_t num_slots; /* a power of two, or 0 */
    uint64_t num_severity[SVCROUTE_SEVERITY_ERROR + 1];
    uint64_t dropped;
};

int svcroute_diags_new(struct svcroute_diags **out, struct svcroute_context *context)
{
    struct svcroute_diags *diags;

    if (!out) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (!context) {
        return SVCROUTE_ERR_INVALID;
    }
    diags = svcr_zalloc(context, sizeof(*diags));
    if (!diags) {
        return SVCROUTE_ERR_NOMEM;
    }
    diags->context = svcroute_context_ref(context);
    *out = diags;
    return SVCROUTE_OK;
}

void svcroute_diags_clear(struct svcroute_diags *diags)
{
    if (!diags) {
        return;
    }
    for (size_t i = 0; i < diags->size; i++) {
        svcr_diag_unref(diags->context, diags->items[i]);
    }
    diags->size = 0;
    if (diags->slots) {
        memset(diags->slots, 0, diags->num_slots * sizeof(*diags->slots));
    }
    memset(diags->num_severity, 0, sizeof(diags->num_severity));
    diags->dropped = 0;
}

void svcroute_diags_free(struct svcroute_diags *diags)
{
    struct svcroute_context *context;

    if (!diags) {
        return;
    }
    context = diags->context;
    svcroute_diags_clear(diags);
    svcr_release(context, diags->items, diags->capacity * sizeof(struct svcr_diag *));
    svcr_release(context, diags->slots, diags->num_slots * sizeof(*diags->slots));
    svcr_release(context, diags, sizeof(*diags));
    svcroute_context_unref(context);
}

size_t svcroute_diags_num(const struct svcroute_diags *diags)
{
    return diags ? diags->size : 0;
}

uint64_t svcroute_diags_num_severity(const struct svcroute_diags *diags, uint32_t severity)
{
    return diags && severity <= SVCROUTE_SEVERITY_ERROR ? diags->num_severity[severity] : 0;
}

uint64_t svcroute_diags_num_dropped(const struct svcroute_diags *diags)
{
    return diags ? diags->dropped : 0;
}

int svcroute_diags_get(const struct svcroute_diags *diags, size_t index,
                       struct svcroute_diag_info *info)
{
    struct svcroute_diag_info own = {0};
    const struct svcr_diag *diag;
    const char *id_name;
    int status = diags ? svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_diag_info, text))
                       : SVCROUTE_ERR_INVALID;

    if (status != SVCROUTE_OK) {
        return status;
    }
    if (index >= diags->size) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    diag = diags->items[index];
    id_name = svcr_diag_name((enum svcr_diag_id)diag->id);
    own.id = diag->id;
    own.severity = diag->severity;
    own.line = diag->line;
    own.column = diag->column;
    own.id_name = (svcr_text){id_name, strlen(id_name)};
    own.source = diag->source;
    own.kind = diag->kind;
    own.namespace_ = diag->namespace_;
    own.name = diag->name;
    own.field = diag->field;
    own.text = diag->text;
    svcr_struct_write(info, &own, sizeof(own));
    return SVCROUTE_OK;
}

static bool is_full(const struct svcroute_diags *diags)
{
    return diags->size >= diags->context->limits.diags;
}

static uint32_t log_level(uint32_t severity)
{
    return severity == SVCROUTE_SEVERITY_ERROR     ? SVCROUTE_LOG_ERROR
           : severity == SVCROUTE_SEVERITY_WARNING ? SVCROUTE_LOG_WARN
                                                   : SVCROUTE_LOG_INFO;
}

static void log_record(struct svcroute_context *context, const struct svcr_diag *diag)
{
    char position[32] = "";

    if (!svcr_log_wanted(context, log_level(diag->severity))) {
        return;
    }
    if (diag->line) {
        snprintf(position, sizeof(position), ":%u:%u", diag->line, diag->column);
    }
    svcr_log(context, log_level(diag->severity), "%.*s%s%s%.*s%s%.*s%s%.*s%s%.*s%s%.*s [%s]",
             SVCR_ARG(diag->source), position, diag->source.size || diag->line ? ": " : "",
             SVCR_ARG(diag->kind), diag->kind.size ? " " : "", SVCR_ARG(diag->namespace_),
             diag->namespace_.size ? "/" : "", SVCR_ARG(diag->name), diag->name.size ? ": " : "",
             SVCR_ARG(diag->field), diag->field.size ? ": " : "", SVCR_ARG(diag->text),
             svcr_diag_name((enum svcr_diag_id)diag->id));
}

/* The slot of an equal record, or the free one where it belongs. */
static uint32_t *find_slot(const struct svcroute_diags *diags, const struct svcr_diag *diag)
{
    size_t mask = diags->num_slots - 1, at = (size_t)diag->hash & mask;

    while (diags->slots[at] && !same_content(diags->items[diags->slots[at] - 1], diag)) {
        at = (at + 1) & mask;
    }
    return &diags->slots[at];
}

/* Makes room for one more in the list and in its set. */
static bool make_room(struct svcroute_diags *diags)
{
    void *items = diags->items;
    size_t num_slots = diags->num_slots ? diags->num_slots * 2 : 16;
    uint32_t *slots;

    if (svcr_array_reserve(diags->context, &items, &diags->capacity, diags->size + 1,
                           sizeof(struct svcr_diag *)) != SVCROUTE_OK) {
        return false;
    }
    diags->items = items;
    if ((diags->size + 1) * 2 <= diags->num_slots) {
        return true;
    }
    slots = svcr_zalloc(diags->context, num_slots * sizeof(*slots));
    if (!slots) {
        return false;
    }
    svcr_release(diags->context, diags->slots, diags->num_slots * sizeof(*slots));
    diags->slots = slots;
    diags->num_slots = num_slots;
    for (size_t i = 0; i < diags->size; i++) {
        *find_slot(diags, diags->items[i]) = (uint32_t)i + 1;
    }
    return true;
}

static void count(struct svcroute_diags *diags, uint32_t severity)
{
    if (severity <= SVCROUTE_SEVERITY_ERROR) {
        diags->num_severity[severity]++;
    }
}

void svcr_diags_put(struct svcroute_diags *diags, struct svcr_diag *diag)
{
    if (!diags || (diags->size > 0 && *find_slot(diags, diag))) {
        return;
    }
    count(diags, diag->severity);
    log_record(diags->context, diag);
    if (is_full(diags) || !make_room(diags)) {
        diags->dropped++;
        return;
    }
    diags->items[diags->size++] = svcr_diag_ref(diag);
    *find_slot(diags, diag) = (uint32_t)diags->size;
}

void svcr_diags_add(struct svcroute_diags *diags, enum svcr_diag_id id, uint32_t severity,
                    const struct svcr_place *place, const char *format, ...)
{
    struct svcr_diag *diag = NULL;
    va_list arguments;
    bool full;

    if (!diags) {
        return;
    }
    severity = severity ? severity : svcr_diag_severity(id);
    full = is_full(diags);
    if (!full || svcr_log_wanted(diags->context, log_level(severity))) {
        va_start(arguments, format);
        diag = svcr_diag_vnew(diags->context, id, severity, place, format, arguments);
        va_end(arguments);
    }
    if (diag && !full) {
        svcr_diags_put(diags, diag);
    } else {
        count(diags, severity);
        diags->dropped++;
        if (diag) {
            log_record(diags->context, diag);
        }
    }
    svcr_diag_unref(diags->context, diag);
}
