/* The balancer, its pickers, their mail and what keeps memory alive for picks. */
#ifndef SVCR_CORE_H
#define SVCR_CORE_H

#include <svcroute/balancer.h>
#include <svcroute/picker.h>

#include "balance/pool.h"
#include "base/context.h"

/* ---- handles ---- */

/* A handle is generation and slot; a server's id is made the same way. Neither is ever used again:
 * a slot whose generations are used up is given up. */
static inline uint64_t svcr_handle(uint32_t slot, uint32_t generation)
{
    return (uint64_t)generation << 32 | slot;
}

/* Slots of things with generations: dense, and a free one is taken again. */
struct svcr_slots {
    struct svcr_slot {
        void *thing; /* NULL: free */
        uint32_t generation;
        uint32_t next_free;
    } * items;
    size_t num, capacity;
    uint32_t first_free; /* SVCR_NOBODY: none */
};

/* Room for `more` things; nothing else of slots can fail. 0, SVCROUTE_ERR_NOMEM or _LIMIT. */
int svcr_slots_reserve(struct svcroute_context *context, struct svcr_slots *slots, size_t more);
uint32_t svcr_slots_take(struct svcr_slots *slots, void *thing);
void svcr_slots_give(struct svcr_slots *slots, uint32_t slot);
/* The thing with a handle; NULL if there is none. */
void *svcr_slots_find(const struct svcr_slots *slots, uint64_t handle);

/* A set of slots, taken out in order. */
struct svcr_bits {
    uint64_t *words;
    size_t num;   /* words */
    size_t first; /* no word before it has a bit */
};

int svcr_bits_reserve(struct svcroute_context *context, struct svcr_bits *bits, size_t slots);
void svcr_bits_add(struct svcr_bits *bits, uint32_t slot);
void svcr_bits_remove(struct svcr_bits *bits, uint32_t slot);
/* The lowest slot, taken out; SVCR_NOBODY: the set is empty. */
uint32_t svcr_bits_take(struct svcr_bits *bits);
static inline bool svcr_bits_has(const struct svcr_bits *bits, uint32_t slot)
{
    return (bits->words[slot / 64] >> (slot % 64) & 1) != 0;
}

/* ---- who waits ---- */

/* Links whose child is not there, by its name: who is to be looked at when a name appears. So what
 * never appears, like a service of another provider, costs nothing. */
struct svcr_waiting {
    struct svcr_link **buckets;
    size_t num_buckets; /* a power of two, or 0 */
    size_t num;
};

/* Room for `num` links in all; nothing else can fail. 0 or SVCROUTE_ERR_NOMEM. */
int svcr_waiting_reserve(struct svcroute_context *context, struct svcr_waiting *waiting,
                         size_t num);
/* Member i of a layout, which is to be its pool's, waits. */
void svcr_waiting_add(struct svcroute_context *context, struct svcr_waiting *waiting,
                      struct svcr_layout *layout, uint32_t i);
/* The first link that waits for a name, or the next one; NULL: nobody does. */
struct svcr_link *svcr_waiting_find(struct svcroute_context *context,
                                    const struct svcr_waiting *waiting, svcr_text name);
struct svcr_link *svcr_waiting_next(const struct svcr_link *link, svcr_text name);

/* ---- names ---- */

/* One table, and its names as handles. A table that changes nothing for pickers makes no plan of
 * its own. */
struct svcr_plan {
    svcr_refs refs;
    struct svcroute_context *context;  /* referenced */
    struct svcroute_table *table;      /* referenced; NULL: none yet */
    struct svcr_trie routes, services; /* struct svcr_label by name */
    struct svcr_index rules;           /* of the table's routes, with handles */
};

struct svcr_label {
    struct svcr_block head;
    svcr_text name;
    uint64_t handle;
};

struct svcr_plan *svcr_plan_ref(struct svcr_plan *plan);
void svcr_plan_unref(struct svcr_plan *plan);
/* 0: no such name. */
uint64_t svcr_label_find(const struct svcroute_context *context, const struct svcr_trie *trie,
                         svcr_text name);
int svcr_label_put(struct svcroute_context *context, struct svcr_trie *trie, svcr_text name,
                   uint64_t handle);
int svcr_label_remove(struct svcroute_context *context, struct svcr_trie *trie, svcr_text name);

/* ---- mail ---- */

/* What one update tells one picker. Mail that was not taken when the next one comes hangs behind
 * it. */
struct svcr_mail {
    struct svcr_mail *older; /* owned */
    bool whole;              /* it says everything: what is older is void */
    struct svcr_plan *plan;  /* referenced */
    size_t num, capacity;
    struct svcr_mail_item {
        uint32_t slot, generation;
        struct svcr_layout *layout; /* referenced; NULL: gone */
        /* While a picker refreshes: */
        struct svcr_scheduler *scheduler;
        uint64_t *mirrors;
        size_t scheduler_bytes;
        bool fresh; /* no newer item has this slot */
    } items[];
};

struct svcr_mail *svcr_mail_new(struct svcroute_context *context, struct svcr_plan *plan,
                                size_t capacity);
void svcr_mail_add(struct svcr_mail *mail, uint32_t slot, uint32_t generation,
                   struct svcr_layout *layout);
/* Frees a whole chain. */
void svcr_mail_free(struct svcroute_context *context, struct svcr_mail *mail);
/* Puts mail (owned) into a picker's box. Driver's thread; cannot fail. */
void svcr_mail_put(struct svcroute_picker *picker, struct svcr_mail *mail);
/* True if a picker's box is too full for `num` items more. */
static inline bool svcr_mail_is_full(const struct svcr_slots *pools, size_t unread, size_t num)
{
    return unread + num > 2 * pools->num + 64;
}

/* Bytes between what different threads write, so that it shares no cache line. */
enum { SVCR_LINE = 64 };

/* ---- what is shared ---- */

struct svcr_core { /* shared by the balancer, pickers, epochs and picks */
    svcr_refs refs;
    struct svcroute_context *context;   /* referenced */
    _Atomic(struct svcr_peer *) marked; /* referenced: peers with work for the driver */
    _Atomic uint64_t clock_steps_back;  /* of all objects; nobody writes it while clocks are good */
    bool traefik;
    bool eject_last;
};

void svcr_core_unref(struct svcr_core *core);

/* What a picker saw between two refreshes, as long as somebody may look at it: its picks, the
 * picker while it is the present one, and the next older epoch, so that epochs end in the order of
 * their making. An epoch owns what its end takes along: the layouts that it was the last to show.
 *
 * Picks are counted without a locked instruction: `taken` is the picker's own, `given` goes down
 * from a bias with each pick that is cleared, and when the picker leaves the epoch it puts the two
 * together. */
struct svcr_epoch {
    char before[SVCR_LINE]; /* pickers of other threads write next door */
    _Atomic int64_t given;
    int64_t taken;
    char behind[SVCR_LINE];
    struct svcr_core *core;   /* referenced */
    struct svcr_epoch *newer; /* referenced; NULL: the present one */
    uint64_t picker;          /* number of its picker */
    struct svcr_layout **garbage;
    size_t num_garbage, capacity;
    struct svcr_seat *seats; /* of a picker that was freed: their layouts */
    size_t num_seats, seats_capacity;
};

struct svcr_epoch *svcr_epoch_new(struct svcr_core *core, uint64_t picker);
/* Room for what the epoch will take along. */
int svcr_epoch_reserve(struct svcr_epoch *epoch, size_t num);
/* The picker leaves an epoch for a newer one (NULL: for good). */
void svcr_epoch_leave(struct svcr_epoch *epoch, struct svcr_epoch *newer);
/* Nobody is left that could look: takes the epoch apart, and newer ones that it kept. */
void svcr_epoch_end(struct svcr_epoch *epoch);
/* A pick lets go. Any thread. */
static inline void svcr_epoch_give(struct svcr_epoch *epoch)
{
    if (atomic_fetch_sub_explicit(&epoch->given, 1, memory_order_acq_rel) == 1) {
        svcr_epoch_end(epoch);
    }
}

struct svcr_seat {              /* one pool, as one picker sees it */
    struct svcr_layout *layout; /* referenced; NULL: none */
    struct svcr_scheduler *scheduler;
    uint64_t *mirrors; /* counts of a mirroring: requests, then copies by mirror */
    size_t scheduler_bytes;
    uint64_t stamp; /* of a refresh: seen; of a pick: nobody is there */
    uint32_t generation;
};

struct svcroute_picker {
    struct svcr_core *core;           /* referenced */
    _Atomic(struct svcr_mail *) mail; /* owned */
    struct svcr_mail *pending;        /* owned: mail that a refresh could not apply */
    struct svcr_epoch *epoch;
    struct svcr_plan *plan; /* referenced */
    struct svcr_random random;
    uint64_t now;
    uint64_t number; /* among all pickers */
    bool phase;
    uint64_t stamp; /* of the latest refresh or pick */
    uint32_t depth_limit;
    uint32_t lane; /* that it counts in alone; SVCR_LANES: none */
    struct svcr_seat *seats;
    size_t num_seats, seats_capacity;
    /* The driver's: */
    struct svcroute_balancer *balancer; /* NULL: freed */
    struct svcroute_picker *next, *previous;
    char behind[SVCR_LINE];
    struct svcr_mail *prepared; /* owned: of an update under way */
    size_t mailed;              /* items that were put since the box was seen empty */
};

/* The seat of a handle; NULL: it is no more. */
static inline struct svcr_seat *svcr_seat_find(const struct svcroute_picker *picker,
                                               uint64_t handle)
{
    uint64_t slot = handle & UINT32_MAX;
    if (slot >= picker->num_seats) {
        return NULL;
    }
    struct svcr_seat *seat = &picker->seats[slot];
    return seat->layout != NULL && seat->generation == handle >> 32 ? seat : NULL;
}

struct svcroute_balancer {
    struct svcr_core *core;       /* referenced */
    struct svcr_plan *plan;       /* referenced */
    struct svcroute_table *table; /* referenced */
    struct svcroute_balancer_options options;
    struct svcr_random random;
    uint64_t now;
    uint64_t next_picker, next_probe;
    struct svcr_slots pools, peers;
    struct svcr_waiting waiting;
    struct svcr_bits probes, told_peers, told_pools; /* events to come, by slot */
    struct svcr_layout *event_layout; /* referenced: whose texts the last event lent */
    struct svcr_buffer event_text;
    struct svcr_timers *timers;
    struct svcroute_picker *pickers;
    bool lanes[SVCR_LANES]; /* taken by a picker */
};

/* Moves an object's last time on to `now`. Its time never runs back: then it stays, the step is
 * counted, and false returned. Any thread that has the object. */
static inline bool svcr_clock_set(struct svcr_core *core, uint64_t *last, uint64_t now)
{
    if (now < *last) {
        atomic_fetch_add_explicit(&core->clock_steps_back, 1, memory_order_relaxed);
        return false;
    }
    *last = now;
    return true;
}

static inline void svcr_clock(struct svcroute_balancer *balancer, uint64_t now)
{
    svcr_clock_set(balancer->core, &balancer->now, now);
}

#endif
