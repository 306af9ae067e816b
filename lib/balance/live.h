/* What is known at run time of one server of one service: shared by all pickers, changed by whoever
 * finishes a request and by the driver. Everything that several threads touch is atomic and stands
 * on its own. */
#ifndef SVCR_LIVE_H
#define SVCR_LIVE_H

#include <stdatomic.h>

#include "base/text.h"

/* Bits of a state word. A server or child can take a new request when none is set (a fenced server:
 * only as a last resort, in the default profile). */
enum svcr_state {
    SVCR_STATE_DOWN_ACTIVE = 1,  /* the active check says so */
    SVCR_STATE_DOWN_PASSIVE = 2, /* ejected after failures */
    SVCR_STATE_DOWN_ADMIN = 4,   /* the host says so */
    SVCR_STATE_DRAIN = 8,        /* the host lets sticky clients in only */
    SVCR_STATE_FENCED = 16,      /* its endpoint is terminating */
    SVCR_STATE_EMPTY = 32,       /* of a child service: nothing below it can be used */
    SVCR_STATE_FORCED_UP = 64,   /* the host says it is up, whatever the checks say */
    SVCR_STATE_REFUSED = 128, /* of a child service, traefik-v3: it or something below is wrong */
};

enum { SVCR_SAMPLES = 100 };

/* Latency as the reference keeps it: whole milliseconds of the last 100 answers, with a running
 * sum. Guarded by a spin of one flag, held for a few instructions. */
struct svcr_samples {
    atomic_flag lock;
    uint32_t num, next;
    int64_t sum;
    int64_t values[SVCR_SAMPLES];
};

/* Places to count in that one picker alone writes, without a locked instruction. */
enum { SVCR_LANES = 2 };

struct svcr_live {
    _Atomic uint32_t state; /* enum svcr_state */
    /* The sum of `load` and lanes is what counts (svcr_live_load()). Low 24 bits: requests that
     * were picked and are not finished; above: those that are finished. Who finishes counts in
     * `load`, a picker in its lane or, having none, in `load`. */
    _Atomic uint64_t load;
    _Atomic uint64_t lanes[SVCR_LANES];
    _Atomic uint64_t latency; /* decaying average in ns, 0: no sample yet (leasttime.c); where there
                               * are `samples`, bits of their average (traefik_leasttime.c) */
    _Atomic uint64_t latency_at;            /* time of its last sample, ns */
    _Atomic(struct svcr_samples *) samples; /* traefik-v3, once it was under leasttime; else NULL */
};

#define SVCR_LOAD_PICKED UINT64_C(1)
#define SVCR_LOAD_FINISHED                                                                         \
    ((UINT64_C(1) << 24) - 1) /* added: one less in flight, one more finished */

/* A finished request that is seen was also seen to be picked: `load` is read first. */
static inline uint64_t svcr_live_load(const struct svcr_live *live)
{
    uint64_t load = atomic_load_explicit(&live->load, memory_order_acquire);
    for (int i = 0; i < SVCR_LANES; i++) {
        load += atomic_load_explicit(&live->lanes[i], memory_order_relaxed);
    }
    return load;
}

static inline uint32_t svcr_live_inflight(const struct svcr_live *live)
{
    return (uint32_t)(svcr_live_load(live) & 0xffffff);
}

/* `lane`: of the picker whose thread this is; SVCR_LANES and more: it has none. */
static inline void svcr_live_pick(struct svcr_live *live, uint32_t lane)
{
    if (lane < SVCR_LANES) {
        uint64_t before = atomic_load_explicit(&live->lanes[lane], memory_order_relaxed);
        atomic_store_explicit(&live->lanes[lane], before + SVCR_LOAD_PICKED, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&live->load, SVCR_LOAD_PICKED, memory_order_relaxed);
    }
}

/* Default profile: counts a time to first byte, or what stands for a failure or a missing answer (a
 * penalty). Any thread. */
void svcr_latency_add(struct svcr_live *live, uint64_t latency, uint64_t now);
/* traefik-v3: counts a time to first byte in whole milliseconds; live->samples is there. Any
 * thread. */
void svcr_samples_add(struct svcr_live *live, int64_t milliseconds);
/* traefik-v3: live->samples is there; if nothing is in them yet, what `latency` said in another
 * unit goes. Any thread. */
void svcr_samples_begin(struct svcr_live *live);
static inline bool svcr_live_has_samples(const struct svcr_live *live)
{
    return atomic_load_explicit(&live->samples, memory_order_acquire) != NULL;
}
/* traefik-v3: the average of the last 100 samples, 0 without one. */
double svcr_samples_average(const struct svcr_live *live);
/* Time to first byte in nanoseconds, whichever way it is kept; 0: no sample. */
uint64_t svcr_live_latency(const struct svcr_live *live);

#endif
