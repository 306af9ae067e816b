/* The window of failures. A ring as long as the number of failures that matters is enough: older
 * ones can never count again. */
#include "balance/passive.h"

static void lock(struct svcr_passive *passive)
{
    while (atomic_flag_test_and_set_explicit(&passive->busy, memory_order_acquire)) {
    }
}

static void unlock(struct svcr_passive *passive)
{
    atomic_flag_clear_explicit(&passive->busy, memory_order_release);
}

static uint64_t later(uint64_t now, uint64_t wait)
{
    return wait > UINT64_MAX - now ? UINT64_MAX : now + wait;
}

uint32_t svcr_passive_attempts(int64_t configured)
{
    if (configured < 1) {
        return 1;
    }
    return (uint32_t)(configured < SVCR_PASSIVE_ATTEMPTS_MAX ? configured
                                                             : SVCR_PASSIVE_ATTEMPTS_MAX);
}

size_t svcr_passive_size(uint32_t attempts)
{
    return sizeof(struct svcr_passive) + attempts * sizeof(uint64_t);
}

void svcr_passive_init(struct svcr_passive *passive, uint32_t attempts)
{
    atomic_init(&passive->until, 0);
    atomic_init(&passive->failures, 0);
    atomic_flag_clear(&passive->busy);
    passive->capacity = attempts;
    passive->next = 0;
}

static void append(struct svcr_passive *passive, uint64_t time)
{
    uint32_t failures = atomic_load_explicit(&passive->failures, memory_order_relaxed);

    passive->times[passive->next] = time;
    passive->next = passive->next + 1 < passive->capacity ? passive->next + 1 : 0;
    if (failures < passive->capacity) {
        atomic_store_explicit(&passive->failures, failures + 1, memory_order_relaxed);
    }
}

void svcr_passive_carry(struct svcr_passive *passive, struct svcr_passive *from)
{
    uint32_t failures, at;

    lock(from);
    failures = atomic_load_explicit(&from->failures, memory_order_relaxed);
    at = from->next >= failures ? from->next - failures : from->next + from->capacity - failures;
    for (uint32_t i = 0; i < failures; i++) {
        append(passive, from->times[at]);
        at = at + 1 < from->capacity ? at + 1 : 0;
    }
    unlock(from);
    atomic_store_explicit(&passive->until, svcr_passive_until(from), memory_order_relaxed);
}

bool svcr_passive_bad(struct svcr_passive *passive, const struct svcr_passive_rule *rule,
                      uint64_t now)
{
    bool full, out;
    uint64_t oldest;

    lock(passive);
    append(passive, now);
    full = atomic_load_explicit(&passive->failures, memory_order_relaxed) == passive->capacity;
    oldest = passive->times[full ? passive->next : 0];
    unlock(passive);
    out = !rule->active && svcr_passive_until(passive) != 0;
    if (!full || out || rule->window < 0) {
        return false;
    }
    return rule->window == 0 || later(oldest, (uint64_t)rule->window) > now;
}

void svcr_passive_clear(struct svcr_passive *passive)
{
    lock(passive);
    atomic_store_explicit(&passive->failures, 0, memory_order_relaxed);
    unlock(passive);
}

void svcr_passive_out(struct svcr_passive *passive, const struct svcr_passive_rule *rule,
                      uint64_t now)
{
    uint64_t until = rule->active ? UINT64_MAX : later(now, (uint64_t)rule->window);

    atomic_store_explicit(&passive->until, until ? until : 1, memory_order_release);
}

void svcr_passive_in(struct svcr_passive *passive)
{
    atomic_store_explicit(&passive->until, 0, memory_order_release);
}
