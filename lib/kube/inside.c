/* Positions inside of a text: those of the characters of a rule's match.
 *
 * The position of the field and the text are enough for most: the characters stand one behind
 * another, from there on or behind a quote. Which of the two is kept once for the whole object, in
 * its header. A match that is not of that form, or that deviates (trail.h), has a trail. Trails
 * stand behind the positions: their number, one struct svcr_trail for each in the order of places,
 * then their bytes. An object without any has not even the number. */
#include <svcroute/error.h>

#include "base/memory.h"
#include "document/trail.h"
#include "kube/decode_fields.h"

struct svcr_trail {
    uint32_t place; /* of the rule */
    uint32_t at;    /* offset among the bytes of all trails */
};

/* ---- decoding ---- */

void svcr_inside_begin(struct svcr_decoder *decoder)
{
    decoder->form = SVCR_FORM_SPOT;
    decoder->has_form = false;
    decoder->num_trails = 0;
    decoder->trail_bytes.size = 0;
    decoder->trail_bytes.failed = false;
}

void svcr_inside_free(struct svcr_decoder *decoder)
{
    svcr_release(decoder->context, decoder->trails,
                 decoder->trails_capacity * sizeof(*decoder->trails));
    svcr_buffer_free(&decoder->trail_bytes);
}

void svcr_decode_inside(struct svcr_decoder *decoder, uint32_t place,
                        const struct svcroute_node *node)
{
    struct svcr_buffer *bytes = &decoder->trail_bytes;
    size_t at = bytes->size;
    svcr_trail_make(node, bytes);
    if (bytes->failed) {
        decoder->error = SVCROUTE_ERR_NOMEM;
        return;
    }
    if (!decoder->has_form) {
        decoder->has_form = true;
        decoder->form = (uint8_t)bytes->data[at];
    }
    if (bytes->size == at + 1 && (uint8_t)bytes->data[at] == decoder->form) {
        bytes->size = at;
        return;
    }
    void *trails = decoder->trails;
    decoder->error = svcr_array_reserve(decoder->context, &trails, &decoder->trails_capacity,
                                        decoder->num_trails + 1, sizeof(*decoder->trails));
    decoder->trails = trails;
    if (decoder->error == 0) {
        decoder->trails[decoder->num_trails++] = (struct svcr_trail){place, (uint32_t)at};
    }
}

size_t svcr_inside_size(const struct svcr_decoder *decoder)
{
    return decoder->num_trails == 0
               ? 0
               : sizeof(uint32_t) + decoder->num_trails * sizeof(*decoder->trails) +
                     decoder->trail_bytes.size;
}

void svcr_inside_write(const struct svcr_decoder *decoder, char *out)
{
    if (decoder->num_trails > 0) {
        uint32_t num = (uint32_t)decoder->num_trails;
        size_t size = decoder->num_trails * sizeof(*decoder->trails);
        memcpy(out, &num, sizeof(num));
        memcpy(out + sizeof(num), decoder->trails, size);
        memcpy(out + sizeof(num) + size, decoder->trail_bytes.data, decoder->trail_bytes.size);
    }
}

/* ---- looking up ---- */

/* The trail of the struct with this place: the object's form if it has none of its own. */
static svcr_text find_trail(const struct svcr_object *object, uint32_t place)
{
    const char *block = (const char *)object;
    const char *at =
        block + object->positions + object->num_positions * sizeof(struct svcr_position);
    const char *end = block + object->bytes - object->resource_version.size;
    if (at == end) {
        return (svcr_text){(const char *)&object->form, 1};
    }
    const uint32_t num = *(const uint32_t *)(const void *)at;
    const struct svcr_trail *trails = (const void *)(at + sizeof(num));
    uint32_t first = 0, behind = num;
    while (first < behind) {
        uint32_t middle = first + (behind - first) / 2;
        if (trails[middle].place < place) {
            first = middle + 1;
        } else {
            behind = middle;
        }
    }
    if (first == num || trails[first].place != place) {
        return (svcr_text){(const char *)&object->form, 1};
    }
    at = (const char *)(trails + num);
    if (first + 1 < num) {
        end = at + trails[first + 1].at;
    }
    at += trails[first].at;
    return (svcr_text){at, (size_t)(end - at)};
}

struct svcr_position svcr_rule_match_position(const struct svcr_object *object,
                                              const struct svcr_rule *rule, uint32_t offset)
{
    const struct svcr_position *all = (const void *)((const char *)object + object->positions);
    struct svcr_position position = all[rule->place + SVCR_RULE_MATCH];
    if (position.line == 0) {
        return svcr_object_position(object, rule->place, SVCR_RULE_MATCH);
    }
    svcr_trail_follow(find_trail(object, rule->place), svcr_object_text(object, rule->match),
                      offset, &position.line, &position.column);
    return position;
}
