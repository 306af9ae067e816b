/* What decoders say about a document: which object, where, what was found and what was expected.
 * Nothing here allocates but the diagnostic itself. */
#include <stdio.h>

#include "kube/decode_fields.h"

#define ERRORS_MAX 100 /* of one object; the rest goes without saying */
#define INFOS_MAX 100
#define PATH_BYTES 512
#define QUOTE_BYTES 64 /* of a text that is shown */
#define FOUND_BYTES 160

struct line { /* a text of limited size; from what does not fit on, nothing is added */
    char *data;
    size_t size, capacity;
};

static void add(struct line *line, const char *data, size_t size)
{
    if (size > line->capacity - line->size) {
        line->capacity = line->size;
        return;
    }
    memcpy(line->data + line->size, data, size);
    line->size += size;
}

static void add_string(struct line *line, const char *string)
{
    add(line, string, strlen(string));
}

/* Adds a text of the document, cut at a character's end, without anything that a terminal or log
 * could obey. */
static void add_foreign(struct line *line, const char *data, size_t size)
{
    size_t shown = 0;
    while (shown < size) {
        uint32_t character;
        size_t step = svcr_utf8_decode(data + shown, size - shown, &character);
        if (step == 0 || shown + step > QUOTE_BYTES) {
            break;
        }
        bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
        add(line, control ? "?" : data + shown, control ? 1 : step);
        shown += step;
    }
    if (shown < size) {
        add_string(line, "...");
    }
}

static svcr_text make_path(const struct svcr_decoder *decoder, char buffer[PATH_BYTES])
{
    struct line line = {buffer, 0, PATH_BYTES};
    for (uint32_t i = 0; i < decoder->depth; i++) {
        const struct svcr_path_step *step = &decoder->path[i];
        if (step->name == NULL) {
            char number[16];
            snprintf(number, sizeof(number), "[%u]", (unsigned)step->index);
            add_string(&line, number);
        } else if (step->index != 0) {
            add_string(&line, "[\"");
            add_foreign(&line, step->name, step->size);
            add_string(&line, "\"]");
        } else {
            add(&line, ".", line.size > 0);
            add_foreign(&line, step->name, step->size);
        }
    }
    return (svcr_text){buffer, line.size};
}

static struct svcr_place make_place(const struct svcr_decoder *decoder,
                                    const struct svcroute_node *node, svcr_text path)
{
    node = node ? node : decoder->root;
    struct svcr_place place = {
        .source = SVCR_TEXT_ABSENT,
        .line = node ? node->line : 0,
        .column = node ? node->column : 0,
        .kind = decoder->kind,
        .namespace_ = decoder->name.namespace_,
        .name = decoder->name.name,
        .field = path,
    };
    if (decoder->source) {
        place.source = (svcr_text){decoder->source->text, decoder->source->size};
    }
    return place;
}

static void report(struct svcr_decoder *decoder, enum svcr_diag_id id, uint32_t severity,
                   const struct svcroute_node *node, const char *format, va_list arguments)
{
    char path[PATH_BYTES], text[FOUND_BYTES + 128];
    struct svcr_place place = make_place(decoder, node, make_path(decoder, path));
    vsnprintf(text, sizeof(text), format, arguments);
    svcr_diags_add(decoder->diags, id, severity, &place, "%s", text);
}

void svcr_decode_error(struct svcr_decoder *decoder, enum svcr_diag_id id,
                       const struct svcroute_node *node, const char *format, ...)
{
    decoder->rejected = true;
    if (decoder->num_errors++ >= ERRORS_MAX) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    report(decoder, id, SVCROUTE_SEVERITY_ERROR, node, format, arguments);
    va_end(arguments);
}

void svcr_decode_warn(struct svcr_decoder *decoder, enum svcr_diag_id id,
                      const struct svcroute_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(decoder, id, 0, node, format, arguments);
    va_end(arguments);
}

void svcr_decode_unknown(struct svcr_decoder *decoder, const struct svcroute_node *key)
{
    svcr_decode_enter(decoder, key->as.text, key->size);
    if (decoder->strict) {
        svcr_decode_error(decoder, SVCR_DIAG_UNKNOWN_FIELD, key,
                          "the schema has no such field, which strict reading refuses");
    } else if (decoder->num_infos++ < INFOS_MAX) {
        svcr_decode_warn(decoder, SVCR_DIAG_UNKNOWN_FIELD, key,
                         "the schema has no such field; it is ignored");
    }
    svcr_decode_leave(decoder);
}

/* `text "80"`, `integer 123`, `a list`. */
static void describe(struct line *line, const struct svcroute_node *node)
{
    static const char *const kinds[] = {"null",    "boolean ", "integer ", "number ",
                                        "text \"", "a list",   "a map"};
    add_string(line, kinds[node->kind]);
    if (node->kind > SVCROUTE_NODE_NULL && node->kind < SVCROUTE_NODE_LIST) {
        add_foreign(line, node->as.text, node->size);
    }
    add_string(line, node->kind == SVCROUTE_NODE_STRING ? "\"" : "");
}

/* The way out, where the value needs only other quotes. */
static void advise(struct line *line, const struct svcroute_node *node, const char *expected)
{
    if (strcmp(expected, "text") == 0 && node->kind == SVCROUTE_NODE_BOOLEAN) {
        add_string(line, " (in quotes it is text)"); /* it may have been written as yes or off */
        return;
    }
    if (strcmp(expected, "text") == 0 && node->size <= QUOTE_BYTES &&
        (node->kind == SVCROUTE_NODE_INTEGER || node->kind == SVCROUTE_NODE_NUMBER)) {
        add_string(line, " (write \"");
        add_foreign(line, node->as.text, node->size);
        add_string(line, "\")");
        return;
    }
    if (node->kind != SVCROUTE_NODE_STRING || node->size == 0 || node->size > 10) {
        return;
    }
    bool digits = true;
    for (uint32_t i = 0; i < node->size; i++) {
        digits = digits && node->as.text[i] >= '0' && node->as.text[i] <= '9';
    }
    bool truth = svcr_text_same(svcr_node_text(node), SVCR_TEXT("true")) ||
                 svcr_text_same(svcr_node_text(node), SVCR_TEXT("false"));
    if ((digits && strncmp(expected, "an integer", 10) == 0) ||
        (truth && strcmp(expected, "true or false") == 0)) {
        add_string(line, " (write it without quotes)");
    }
}

void svcr_decode_misjudged(struct svcr_decoder *decoder, const struct svcroute_node *node,
                           enum svcr_judged judged, const char *expected)
{
    char buffer[FOUND_BYTES + 1];
    struct line line = {buffer, 0, FOUND_BYTES};
    describe(&line, node);
    if (judged == SVCR_JUDGED_TYPE) {
        advise(&line, node, expected);
    }
    buffer[line.size] = '\0';
    if (judged == SVCR_JUDGED_RANGE) {
        svcr_decode_error(decoder, SVCR_DIAG_OUT_OF_RANGE, node,
                          "expected %s, found %s, which does not fit", expected, buffer);
    } else {
        svcr_decode_error(decoder, SVCR_DIAG_WRONG_TYPE, node, "expected %s, found %s", expected,
                          buffer);
    }
}
