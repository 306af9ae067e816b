/* Epochs: what a picker showed stays as long as a pick may look at it; see core.h.
 *
 * A layout that refresh k replaces was seen by the picks of epoch k and of older ones. It goes to
 * the garbage of epoch k; an older epoch refers to the next newer one until its own end. So garbage
 * goes when the last pick that could have seen it is cleared, on whichever thread that happens. */
#include "balance/core.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* Ahead of any number of picks. */
#define BIAS (INT64_C(1) << 62)

struct svcr_epoch *svcr_epoch_new(struct svcr_core *core, uint64_t picker)
{
    struct svcr_epoch *epoch = svcr_zalloc(core->context, sizeof(*epoch));
    if (epoch != NULL) {
        atomic_init(&epoch->given, BIAS);
        svcr_refs_take(&core->refs);
        epoch->core = core;
        epoch->picker = picker;
    }
    return epoch;
}

int svcr_epoch_reserve(struct svcr_epoch *epoch, size_t num)
{
    if (num <= epoch->capacity) {
        return 0;
    }
    struct svcroute_context *context = epoch->core->context;
    struct svcr_layout **garbage =
        svcr_resize(context, (void *)epoch->garbage, epoch->capacity * sizeof(*garbage),
                    num * sizeof(*garbage));
    if (garbage == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    epoch->garbage = garbage;
    epoch->capacity = num;
    return 0;
}

void svcr_epoch_end(struct svcr_epoch *epoch)
{
    do {
        struct svcr_core *core = epoch->core;
        struct svcr_epoch *newer = epoch->newer;
        for (size_t i = 0; i < epoch->num_garbage; i++) {
            svcr_layout_unref(epoch->garbage[i]);
        }
        for (size_t i = 0; i < epoch->num_seats; i++) {
            svcr_layout_unref(epoch->seats[i].layout);
        }
        svcr_release(core->context, epoch->seats, epoch->seats_capacity * sizeof(*epoch->seats));
        svcr_release(core->context, (void *)epoch->garbage,
                     epoch->capacity * sizeof(struct svcr_layout *));
        svcr_release(core->context, epoch, sizeof(*epoch));
        svcr_core_unref(core);
        epoch = newer;
    } while (epoch != NULL &&
             atomic_fetch_sub_explicit(&epoch->given, 1, memory_order_acq_rel) == 1);
}

void svcr_epoch_leave(struct svcr_epoch *epoch, struct svcr_epoch *newer)
{
    epoch->newer = newer;
    if (newer != NULL) {
        newer->taken++;
    }
    int64_t rest = BIAS - epoch->taken;
    if (atomic_fetch_sub_explicit(&epoch->given, rest, memory_order_acq_rel) == rest) {
        svcr_epoch_end(epoch);
    }
}
