/* Reference counts of shared, immutable blocks. */
#ifndef SVCR_REFS_H
#define SVCR_REFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint32_t svcr_refs;

static inline void svcr_refs_init(svcr_refs *refs)
{
    atomic_init(refs, 1);
}

static inline void svcr_refs_take(svcr_refs *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* True when this was the last one. A sole owner needs no locked instruction: nobody else can take a
 * reference from a block that only it holds. */
static inline bool svcr_refs_drop(svcr_refs *refs)
{
    if (atomic_load_explicit(refs, memory_order_acquire) == 1) {
        return true;
    }
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

static inline bool svcr_refs_sole(svcr_refs *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) == 1;
}

#endif
