/* The order of probes. Profile default: one binary heap over all servers, keyed by the moment of
 * the next probe or, while one is on its way, the moment at which it is given up; servers of one
 * moment come by number. Profile traefik-v3: two queues with a ticker each, of which at most one
 * server each is being probed. */
#include "balance/schedule.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"

#define SECOND UINT64_C(1000000000)
#define NOBODY UINT32_MAX

struct turn { /* of one server */
    uint64_t at;
    uint32_t link;   /* default: place in the heap; traefik-v3: the next in its queue */
    uint32_t streak; /* results in a row that speak against `up` */
    bool up, known, probing;
};

/* A ticker and those who wait for it, first to last. */
struct list {
    uint64_t interval, next;
    uint32_t first, last;
    uint32_t left; /* of this round: those at the head that are still to be probed */
    uint32_t busy; /* who is being probed; NOBODY: none */
    bool pending;  /* a tick waits for the end of the round */
};

enum { LIST_UP, LIST_DOWN, NUM_LISTS };

struct svcr_schedule {
    struct svcr_schedule_options options;
    size_t bytes;
    struct turn *turns;
    uint32_t *heap; /* NULL: traefik-v3 */
    uint32_t num;
    struct list lists[NUM_LISTS];
};

/* A wait from a moment on; what is too long lasts for ever. */
static uint64_t later(uint64_t now, uint64_t wait)
{
    return wait > SVCR_NEVER - now ? SVCR_NEVER : now + wait;
}

/* ---- heap ---- */

static bool earlier(const struct svcr_schedule *schedule, uint32_t a, uint32_t b)
{
    uint64_t at = schedule->turns[a].at, other = schedule->turns[b].at;

    return at < other || (at == other && a < b);
}

static void put(struct svcr_schedule *schedule, uint32_t place, uint32_t server)
{
    schedule->heap[place] = server;
    schedule->turns[server].link = place;
}

/* Moves a server, whose moment changed, to where it belongs. */
static void settle(struct svcr_schedule *schedule, uint32_t server)
{
    uint32_t place = schedule->turns[server].link;

    while (place > 0 && earlier(schedule, server, schedule->heap[(place - 1) / 2])) {
        put(schedule, place, schedule->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        uint64_t child = 2 * (uint64_t)place + 1;

        if (child + 1 < schedule->num &&
            earlier(schedule, schedule->heap[child + 1], schedule->heap[child])) {
            child++;
        }
        if (child >= schedule->num || !earlier(schedule, schedule->heap[child], server)) {
            break;
        }
        put(schedule, place, schedule->heap[child]);
        place = (uint32_t)child;
    }
    put(schedule, place, server);
}

static void set_moment(struct svcr_schedule *schedule, uint32_t server, uint64_t at)
{
    schedule->turns[server].at = at;
    if (schedule->heap) {
        settle(schedule, server);
    }
}

/* ---- queues ---- */

static void append(struct svcr_schedule *schedule, struct list *list, uint32_t server)
{
    schedule->turns[server].link = NOBODY;
    if (list->first == NOBODY) {
        list->first = server;
    } else {
        schedule->turns[list->last].link = server;
    }
    list->last = server;
}

static uint32_t leave(struct svcr_schedule *schedule, struct list *list)
{
    uint32_t server = list->first;

    list->first = schedule->turns[server].link;
    return server;
}

/* True if there was a tick up to now. */
static bool pass_ticks(struct list *list, uint64_t now)
{
    if (now < list->next) {
        return false;
    }
    list->next = later(now, list->interval - (now - list->next) % list->interval);
    return true;
}

/* Remembers a tick; begins a round if one waits and the last is over. */
static void tick(struct svcr_schedule *schedule, struct list *list, uint64_t now)
{
    list->pending = pass_ticks(list, now) || list->pending;
    if (list->pending && list->left == 0 && list->busy == NOBODY) {
        list->pending = false;
        for (uint32_t i = list->first; i != NOBODY; i = schedule->turns[i].link) {
            list->left++;
        }
    }
}

/* Waits for a tick that is to come: those that found the list empty are gone. */
static void join(struct svcr_schedule *schedule, uint32_t server, uint64_t now)
{
    struct list *list = &schedule->lists[schedule->turns[server].up ? LIST_UP : LIST_DOWN];

    if (list->first == NOBODY && list->busy == NOBODY && !list->pending) {
        pass_ticks(list, now);
    }
    append(schedule, list, server);
}

/* ---- life ---- */

static void begin_lists(struct svcr_schedule *schedule, uint64_t now)
{
    const struct svcr_schedule_options *options = &schedule->options;

    for (int i = 0; i < NUM_LISTS; i++) {
        uint64_t interval = i == LIST_UP ? options->interval : options->unhealthy_interval;

        schedule->lists[i] = (struct list){.interval = interval,
                                           .next = later(now, interval),
                                           .first = NOBODY,
                                           .last = NOBODY,
                                           .busy = NOBODY};
    }
}

static void begin(struct svcr_schedule *schedule, uint64_t now)
{
    const struct svcr_schedule_options *options = &schedule->options;

    begin_lists(schedule, now);
    for (uint32_t i = 0; i < schedule->num; i++) {
        schedule->turns[i] = (struct turn){.at = SVCR_NEVER,
                                           .up = options->initial == SVCR_INITIAL_UP,
                                           .known = options->initial != SVCR_INITIAL_UNKNOWN};
        if (schedule->heap) {
            put(schedule, i, i); /* a heap already: all at the same moment, by number */
        } else {
            join(schedule, i, now);
        }
    }
    for (uint32_t i = 0; schedule->heap && i < schedule->num; i++) {
        set_moment(schedule, i, later(now, svcr_hash_mix(options->seed, i) % options->interval));
    }
}

int svcr_schedule_new(struct svcr_schedule **out, struct svcroute_context *context,
                      const struct svcr_schedule_options *options, uint32_t num, uint64_t now)
{
    struct svcr_schedule *schedule;
    size_t row = sizeof(struct turn) + (options->traefik ? 0 : sizeof(uint32_t)), bytes;

    *out = NULL;
    if (!svcr_size_mul(num, row, &bytes) || !svcr_size_add(bytes, sizeof(*schedule), &bytes)) {
        return SVCROUTE_ERR_NOMEM;
    }
    schedule = svcr_zalloc(context, bytes);
    if (!schedule) {
        return SVCROUTE_ERR_NOMEM;
    }
    schedule->options = *options;
    schedule->bytes = bytes;
    schedule->num = num;
    schedule->turns = (struct turn *)(schedule + 1);
    schedule->heap = options->traefik ? NULL : (uint32_t *)(void *)(schedule->turns + num);
    begin(schedule, now);
    *out = schedule;
    return SVCROUTE_OK;
}

void svcr_schedule_free(struct svcr_schedule *schedule, struct svcroute_context *context)
{
    if (schedule) {
        svcr_release(context, schedule, schedule->bytes);
    }
}

/* ---- going on ---- */

static void carry_turn(struct svcr_schedule *schedule, uint32_t server, const struct turn *old,
                       uint64_t now)
{
    const struct svcr_schedule_options *options = &schedule->options;
    struct turn *turn = &schedule->turns[server];
    uint64_t latest = later(now, old->up ? options->interval : options->unhealthy_interval);

    turn->streak = old->streak;
    turn->up = old->up;
    turn->known = old->known;
    turn->probing = old->probing;
    set_moment(schedule, server,
               !schedule->heap || old->probing || old->at < latest ? old->at : latest);
}

/* Here a server of `from` has its new number as its streak, which has been carried. */
static void carry_list(struct svcr_schedule *schedule, struct list *list,
                       const struct svcr_schedule *from, const struct list *old)
{
    uint32_t at = 0;

    list->next = old->next < list->next ? old->next : list->next;
    list->pending = old->pending;
    list->busy = old->busy == NOBODY ? NOBODY : from->turns[old->busy].streak;
    for (uint32_t i = old->first; i != NOBODY; i = from->turns[i].link, at++) {
        if (from->turns[i].streak != NOBODY) {
            append(schedule, list, from->turns[i].streak);
            list->left += at < old->left;
        }
    }
}

/* Those that are known keep their order; the others come behind them. */
static void carry_lists(struct svcr_schedule *schedule, struct svcr_schedule *from,
                        const uint32_t *old_index, uint64_t now)
{
    for (uint32_t i = 0; i < from->num; i++) {
        from->turns[i].streak = NOBODY;
    }
    for (uint32_t i = 0; i < schedule->num; i++) {
        if (old_index[i] != NOBODY) {
            from->turns[old_index[i]].streak = i;
        }
    }
    begin_lists(schedule, now);
    for (int i = 0; i < NUM_LISTS; i++) {
        carry_list(schedule, &schedule->lists[i], from, &from->lists[i]);
    }
    for (uint32_t i = 0; i < schedule->num; i++) {
        if (old_index[i] == NOBODY) {
            join(schedule, i, now);
        }
    }
}

void svcr_schedule_carry(struct svcr_schedule *schedule, struct svcr_schedule *from,
                         const uint32_t *old_index, uint64_t now)
{
    if (from->options.traefik != schedule->options.traefik) {
        return;
    }
    for (uint32_t i = 0; i < schedule->num; i++) {
        if (old_index[i] != NOBODY) {
            carry_turn(schedule, i, &from->turns[old_index[i]], now);
        }
    }
    if (!schedule->heap) {
        carry_lists(schedule, from, old_index, now);
    }
}

/* ---- running ---- */

uint64_t svcr_schedule_deadline(const struct svcr_schedule *schedule)
{
    uint64_t soonest = SVCR_NEVER;

    if (schedule->heap) {
        return schedule->num ? schedule->turns[schedule->heap[0]].at : SVCR_NEVER;
    }
    for (int i = 0; i < NUM_LISTS; i++) {
        const struct list *list = &schedule->lists[i];
        uint64_t at = list->next;

        if (list->busy != NOBODY) {
            at = schedule->turns[list->busy].at; /* a tick is only remembered */
        } else if (list->left > 0 || list->pending) {
            at = 0; /* the round goes on, or begins, at once */
        } else if (list->first == NOBODY) {
            at = SVCR_NEVER; /* ticks for nobody pass */
        }
        soonest = at < soonest ? at : soonest;
    }
    return soonest;
}

static enum svcr_schedule_what next_in_heap(struct svcr_schedule *schedule, uint64_t now,
                                            uint32_t *server)
{
    struct turn *turn;

    if (schedule->num == 0 || schedule->turns[schedule->heap[0]].at > now) {
        return SVCR_SCHEDULE_NOTHING;
    }
    *server = schedule->heap[0];
    turn = &schedule->turns[*server];
    if (turn->probing) {
        svcr_schedule_report(schedule, *server, false, now);
        return SVCR_SCHEDULE_TIMED_OUT;
    }
    turn->probing = true;
    set_moment(schedule, *server, later(now, later(schedule->options.timeout, SECOND)));
    return SVCR_SCHEDULE_PROBE;
}

static enum svcr_schedule_what next_in_list(struct svcr_schedule *schedule, struct list *list,
                                            uint64_t now, uint32_t *server)
{
    tick(schedule, list, now);
    if (list->busy != NOBODY && schedule->turns[list->busy].at <= now) {
        *server = list->busy;
        svcr_schedule_report(schedule, *server, false, now);
        return SVCR_SCHEDULE_TIMED_OUT;
    }
    if (list->busy == NOBODY && list->left > 0) {
        list->left--;
        *server = list->busy = leave(schedule, list);
        schedule->turns[*server].probing = true;
        set_moment(schedule, *server, later(now, later(schedule->options.timeout, SECOND)));
        return SVCR_SCHEDULE_PROBE;
    }
    return SVCR_SCHEDULE_NOTHING;
}

enum svcr_schedule_what svcr_schedule_next(struct svcr_schedule *schedule, uint64_t now,
                                           uint32_t *server)
{
    enum svcr_schedule_what what = SVCR_SCHEDULE_NOTHING;

    *server = NOBODY;
    if (now == SVCR_NEVER) {
        return SVCR_SCHEDULE_NOTHING;
    }
    if (schedule->heap) {
        return next_in_heap(schedule, now, server);
    }
    for (int i = 0; i < NUM_LISTS && what == SVCR_SCHEDULE_NOTHING; i++) {
        what = next_in_list(schedule, &schedule->lists[i], now, server);
    }
    return what;
}

static void count(const struct svcr_schedule_options *options, struct turn *turn, bool good)
{
    uint32_t needed = turn->up ? options->fall : options->rise;

    turn->streak = good == turn->up ? 0 : turn->streak + 1;
    if (!turn->known || (turn->streak > 0 && turn->streak >= needed)) {
        turn->up = good;
        turn->known = true;
        turn->streak = 0;
    }
}

bool svcr_schedule_report(struct svcr_schedule *schedule, uint32_t server, bool good, uint64_t now)
{
    const struct svcr_schedule_options *options = &schedule->options;
    struct turn *turn;
    struct list *list;

    if (server >= schedule->num || !schedule->turns[server].probing) {
        return false;
    }
    turn = &schedule->turns[server];
    turn->probing = false;
    count(options, turn, good);
    if (schedule->heap) {
        uint64_t wait = turn->up ? options->interval : options->unhealthy_interval;

        set_moment(schedule, server, later(now, wait));
        return true;
    }
    turn->at = SVCR_NEVER;
    list = &schedule->lists[schedule->lists[LIST_UP].busy == server ? LIST_UP : LIST_DOWN];
    tick(schedule, list, now); /* still busy: such a tick is remembered */
    list->busy = NOBODY;
    join(schedule, server, now);
    tick(schedule, list, now); /* and begins the next round */
    return true;
}

bool svcr_schedule_is_up(const struct svcr_schedule *schedule, uint32_t server)
{
    return schedule->turns[server].up;
}

bool svcr_schedule_is_probing(const struct svcr_schedule *schedule, uint32_t server)
{
    return schedule->turns[server].probing;
}
