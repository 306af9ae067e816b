/* Timers: a binary heap of what is due when. */
#include "balance/health.h"

#include "base/memory.h"

int svcr_timers_reserve(struct svcroute_context *context, struct svcr_timers *timers, size_t num)
{
    void *heap = (void *)timers->heap;
    int error =
        svcr_array_reserve(context, &heap, &timers->capacity, num, sizeof(struct svcr_timer *));
    timers->heap = heap;
    return error;
}

static void put(struct svcr_timers *timers, size_t place, struct svcr_timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = (uint32_t)place;
}

/* Moves a timer up from a place, then down: where its time belongs. */
static void settle(struct svcr_timers *timers, size_t place, struct svcr_timer *timer)
{
    while (place > 1 && timers->heap[place / 2 - 1]->at > timer->at) {
        put(timers, place, timers->heap[place / 2 - 1]);
        place /= 2;
    }
    for (size_t below = 2 * place; below <= timers->num; below = 2 * place) {
        if (below < timers->num && timers->heap[below]->at < timers->heap[below - 1]->at) {
            below++;
        }
        if (timers->heap[below - 1]->at >= timer->at) {
            break;
        }
        put(timers, place, timers->heap[below - 1]);
        place = below;
    }
    put(timers, place, timer);
}

static void take_out(struct svcr_timers *timers, struct svcr_timer *timer)
{
    size_t place = timer->place;
    struct svcr_timer *last = timers->heap[--timers->num];
    timer->place = 0;
    if (last != timer) {
        settle(timers, place, last);
    }
}

void svcr_timers_set(struct svcr_timers *timers, struct svcr_timer *timer, uint64_t at)
{
    if (at == SVCR_NEVER) {
        if (timer->place != 0) {
            take_out(timers, timer);
        }
        timer->at = at;
        return;
    }
    timer->at = at;
    settle(timers, timer->place != 0 ? timer->place : ++timers->num, timer);
}

struct svcr_timer *svcr_timers_due(struct svcr_timers *timers, uint64_t now)
{
    struct svcr_timer *timer = timers->num != 0 ? timers->heap[0] : NULL;
    if (timer == NULL || timer->at > now) {
        return NULL;
    }
    take_out(timers, timer);
    return timer;
}
