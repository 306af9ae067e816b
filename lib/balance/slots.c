/* Slots of things with generations, and sets of slots. */
#include "balance/core.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* Generations end here: one bit less than there are, so that a handle is never negative. */
#define GENERATION_MAX INT32_MAX

int svcr_slots_reserve(struct svcroute_context *context, struct svcr_slots *slots, size_t more)
{
    void *items = slots->items;
    if (more >= INT32_MAX - slots->num) {
        return SVCROUTE_ERR_LIMIT;
    }
    int error = svcr_array_reserve(context, &items, &slots->capacity, slots->num + more,
                                   sizeof(*slots->items));
    slots->items = items;
    return error;
}

uint32_t svcr_slots_take(struct svcr_slots *slots, void *thing)
{
    uint32_t slot = slots->first_free;
    if (slot == SVCR_NOBODY) {
        slot = (uint32_t)slots->num++;
        slots->items[slot] = (struct svcr_slot){NULL, 0, SVCR_NOBODY};
    } else {
        slots->first_free = slots->items[slot].next_free;
    }
    slots->items[slot].thing = thing;
    slots->items[slot].generation++;
    return slot;
}

void svcr_slots_give(struct svcr_slots *slots, uint32_t slot)
{
    struct svcr_slot *item = &slots->items[slot];
    item->thing = NULL;
    if (item->generation < GENERATION_MAX) {
        item->next_free = slots->first_free;
        slots->first_free = slot;
    }
}

void *svcr_slots_find(const struct svcr_slots *slots, uint64_t handle)
{
    uint64_t slot = handle & UINT32_MAX;
    bool there = slot < slots->num && slots->items[slot].generation == handle >> 32;
    return there ? slots->items[slot].thing : NULL;
}

int svcr_bits_reserve(struct svcroute_context *context, struct svcr_bits *bits, size_t slots)
{
    size_t need = slots / 64 + 1;
    if (need <= bits->num) {
        return 0;
    }
    need += need / 2;
    uint64_t *words =
        svcr_resize(context, bits->words, bits->num * sizeof(*words), need * sizeof(*words));
    if (words == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    memset(words + bits->num, 0, (need - bits->num) * sizeof(*words));
    bits->words = words;
    bits->num = need;
    return 0;
}

void svcr_bits_add(struct svcr_bits *bits, uint32_t slot)
{
    bits->words[slot / 64] |= UINT64_C(1) << (slot % 64);
    if (slot / 64 < bits->first) {
        bits->first = slot / 64;
    }
}

void svcr_bits_remove(struct svcr_bits *bits, uint32_t slot)
{
    bits->words[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

uint32_t svcr_bits_take(struct svcr_bits *bits)
{
    while (bits->first < bits->num && bits->words[bits->first] == 0) {
        bits->first++;
    }
    if (bits->first == bits->num) {
        return SVCR_NOBODY;
    }
    uint64_t *word = &bits->words[bits->first];
    uint32_t slot = (uint32_t)(bits->first * 64) + (uint32_t)__builtin_ctzll(*word);
    *word &= *word - 1;
    return slot;
}
