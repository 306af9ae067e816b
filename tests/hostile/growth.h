/* How cost grows: the same work at n and at 4n. Allocations are counted exactly; processor time is
 * the best of several runs and has to be far off before it counts, since other programs run too.
 * Nothing is compared with a clock's absolute figure. */
#ifndef GROWTH_H
#define GROWTH_H

#include "hostile.h"

/* One piece of work. begin() makes what it needs, act() is measured (it may be called once per
 * begin()), end() takes all back. `user` is what the caller of measure_growth() gave. */
struct work {
    void *(*begin)(struct svcroute_context *context, size_t n, const void *user);
    void (*act)(void *state);
    void (*end)(void *state);
};

/* Checks that neither allocations nor bytes nor time of act() at 4n are more than a small multiple
 * of those at n. */
void check_growth(const char *name, const struct work *work, size_t n, const void *user);

/* Checks that allocations at 4n are hardly more than at n: the work does not depend on n. */
void check_constant(const char *name, const struct work *work, size_t n, const void *user);

/* `n`, or less of it where every step is slow (under sanitizers or Valgrind). */
size_t sized(size_t n);

#endif
