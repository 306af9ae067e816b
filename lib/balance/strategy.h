/* The one interface behind which every strategy stands: who of several children gets the next
 * request.
 *
 * A shape is immutable and shared by all pickers: the children in order. A scheduler is one
 * picker's own memory of one shape (turns, heaps); it is plain single-threaded C. What pickers
 * share of a child is behind pointers to atomics. No strategy allocates, logs or calls out in
 * pick(); each ends within the number of steps that its file states. */
#ifndef SVCR_STRATEGY_H
#define SVCR_STRATEGY_H

#include "balance/live.h"

#define SVCR_NOBODY UINT32_MAX

struct svcr_member {               /* a server, or a child service */
    const _Atomic uint32_t *state; /* its state word */
    struct svcr_live *live;        /* of a server; NULL for a child service */
    int64_t weight;                /* 0 and less: never picked */
    svcr_text name;                /* a server's URL, a child service's name */
    uint64_t name_hash;            /* of hrw in the default profile: svcr_hrw_name_hash(name) */
    uint64_t id;                   /* never two alike; what exclusion compares */
};

struct svcr_shape {
    uint32_t num;
    bool equal; /* all weights are the same and above 0 */
    const struct svcr_member *members;
};

/* Random numbers of one picker: xoshiro256** or the like, seeded by options. */
struct svcr_random {
    uint64_t state[4];
};
void svcr_random_seed(struct svcr_random *random, uint64_t seed);
uint64_t svcr_random_next(struct svcr_random *random);
/* Uniform in 0 .. bound - 1 without bias; bound > 0. */
uint32_t svcr_random_below(struct svcr_random *random, uint32_t bound);

enum { SVCR_EXCLUDED_MAX = 16 };

struct svcr_choice { /* one question */
    struct svcr_random *random;
    svcr_text key; /* hrw: client address or the caller's key */
    uint64_t now;  /* nanoseconds */
    const uint64_t
        *excluded; /* ids that must not be picked; an excluded child's turn is not charged */
    uint32_t num_excluded;
    uint32_t unusable; /* bits of enum svcr_state that rule a child out in this round */
};

static inline bool svcr_member_usable(const struct svcr_member *member,
                                      const struct svcr_choice *choice)
{
    uint32_t state = atomic_load_explicit(member->state, memory_order_relaxed);
    if ((state & choice->unusable) != 0 || member->weight <= 0) {
        return false;
    }
    for (uint32_t i = 0; i < choice->num_excluded; i++) {
        if (choice->excluded[i] == member->id) {
            return false;
        }
    }
    return true;
}

struct svcr_scheduler; /* each strategy's own */

struct svcr_strategy {
    const char *name;
    /* Bytes of a scheduler for a shape; 0: the strategy keeps nothing. */
    size_t (*size)(const struct svcr_shape *shape);
    /* Fills zeroed memory of that size. `phase` false: start at the first child (traefik-v3
     * vectors, debugging), else at a random one. */
    void (*open)(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase);
    /* Fills zeroed memory of a scheduler for `shape` from one for `older`, so that turns go on:
     * old_index[i] is the place of child i in `older`, or SVCR_NOBODY for a new child, which joins
     * without a burst and without starvation. */
    void (*carry)(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random);
    /* Index of a child, or SVCR_NOBODY. */
    uint32_t (*pick)(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice);
};

/* The members of strategies that keep nothing. */
size_t svcr_stateless_size(const struct svcr_shape *shape);
void svcr_stateless_open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                         struct svcr_random *random, bool phase);
void svcr_stateless_carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                          const struct svcr_scheduler *from, const struct svcr_shape *older,
                          const uint32_t *old_index, struct svcr_random *random);

/* What svcr_member.name_hash has to be; frozen. */
uint64_t svcr_hrw_name_hash(svcr_text name);

/* Profile default (behaviour section 13). */
extern const struct svcr_strategy svcr_wrr, svcr_p2c, svcr_hrw, svcr_leasttime;
/* Profile traefik-v3 (behaviour section 8; conformance/runtime). */
extern const struct svcr_strategy svcr_traefik_wrr, svcr_traefik_p2c, svcr_traefik_hrw,
    svcr_traefik_leasttime;

#endif
