/* Failures of real requests: how many, how close together, and what follows. Any thread may finish
 * a request, so all of this may be called by any thread at the same time.
 *
 * The window of a server is a ring of its last `attempts` failures: when the oldest of a full ring
 * is younger than the window, the server is to be taken out. Setting its state is the caller's
 * part, who knows how many others are left:
 *
 *     if (svcr_passive_bad(window, rule, now)) {
 *         take the server out, unless it may not be the last; if it was taken out by this:
 *         svcr_passive_out(window, rule, now) and see to it that the driver looks at
 * svcr_passive_until()
 *     }
 *
 * The driver lets it in again when the time is over, or when an active check says so (with one,
 * only then), first in its state, then here by svcr_passive_in(). A thread that finds a failure too
 * many between two of these steps sets nothing that is not there already. Failures are kept all the
 * while. */
#ifndef SVCR_PASSIVE_H
#define SVCR_PASSIVE_H

#include <stdatomic.h>

#include "base/text.h"

enum { SVCR_PASSIVE_ATTEMPTS_MAX = 1024 };

struct svcr_passive_rule { /* of a service */
    int64_t window;        /* nanoseconds; 0: failures never age; below: they never count */
    uint32_t attempts;     /* svcr_passive_attempts() */
    bool active;           /* an active check exists */
};

/* One server's; shared by all threads. The ring is guarded by a flag that is held for a few
 * instructions, and only when there is a failure or one to clear. */
struct svcr_passive {
    _Atomic uint64_t until;    /* 0: it is in; UINT64_MAX: until the active check */
    _Atomic uint32_t failures; /* in the ring; 0: a good answer has nothing to clear */
    atomic_flag busy;
    uint32_t capacity, next;
    uint64_t times[];
};

/* Failures in the window that take a server out, 1 to 1,024, from maxFailedAttempts as configured.
 */
uint32_t svcr_passive_attempts(int64_t configured);
/* Bytes of a server's window. */
size_t svcr_passive_size(uint32_t attempts);
/* Sets up memory of that size. */
void svcr_passive_init(struct svcr_passive *passive, uint32_t attempts);
/* Takes the last failures over into a window of another size, and how long its server is out. */
void svcr_passive_carry(struct svcr_passive *passive, struct svcr_passive *from);

/* How a request ended that counts for the server: `reached` false if no connection came about,
 * `status` 0 if the server went away without one. */
static inline bool svcr_passive_is_failure(bool reached, int64_t status)
{
    return !reached || status >= 500;
}

/* A failure. True: the server is to be taken out. Without an active check only if it is not out
 * already. */
bool svcr_passive_bad(struct svcr_passive *passive, const struct svcr_passive_rule *rule,
                      uint64_t now);

void svcr_passive_clear(struct svcr_passive *passive);
/* Any other end: clears the failures. Writes nothing if there are none. */
static inline void svcr_passive_good(struct svcr_passive *passive)
{
    if (atomic_load_explicit(&passive->failures, memory_order_relaxed) != 0) {
        svcr_passive_clear(passive);
    }
}

/* The server was taken out. */
void svcr_passive_out(struct svcr_passive *passive, const struct svcr_passive_rule *rule,
                      uint64_t now);
/* It was let in again. */
void svcr_passive_in(struct svcr_passive *passive);
/* When its time is over; 0: it is not out, UINT64_MAX: never by time. */
static inline uint64_t svcr_passive_until(const struct svcr_passive *passive)
{
    return atomic_load_explicit(&passive->until, memory_order_acquire);
}

#endif
