/* Pickers: what one worker sees of the balancer, and how it catches up.
 *
 * A refresh takes the mail and goes through it from the newest to the oldest, so that each pool is
 * looked at once, whatever happened in between. Schedulers are made first, which may fail; then
 * seats change, which cannot. What they showed before goes to the epoch that ends. */
#include "balance/core.h"

#include <svcroute/error.h>

#include "balance/swap.h"
#include "base/hash.h"
#include "base/memory.h"

/* ---- refreshing ---- */

struct refresh {
    struct svcroute_picker *picker;
    struct svcroute_context *context;
    struct svcr_arena arena; /* scratch */
    struct svcr_mail *mail;
    struct svcr_epoch *epoch; /* to come */
    size_t num_replaced;
    struct svcr_random random;
};

static int seats_reserve(struct refresh *refresh)
{
    struct svcroute_picker *picker = refresh->picker;
    size_t need = picker->num_seats;
    for (const struct svcr_mail *at = refresh->mail; at != NULL; at = at->older) {
        for (size_t i = 0; i < at->num; i++) {
            need = at->items[i].slot >= need ? at->items[i].slot + (size_t)1 : need;
        }
    }
    void *seats = picker->seats;
    int error = svcr_array_reserve(refresh->context, &seats, &picker->seats_capacity, need,
                                   sizeof(*picker->seats));
    picker->seats = seats;
    if (error == 0 && need > picker->num_seats) {
        memset(picker->seats + picker->num_seats, 0,
               (need - picker->num_seats) * sizeof(*picker->seats));
        picker->num_seats = need;
    }
    return error;
}

static size_t mirrors_bytes(const struct svcr_layout *layout)
{
    return layout->num_mirrors != 0 ? (layout->num_mirrors + (size_t)1) * sizeof(uint64_t) : 0;
}

/* Makes the counts of a mirroring, those of mirrors that were there before carried over. */
static int mirrors_make(struct refresh *refresh, struct svcr_mail_item *item,
                        const struct svcr_seat *seat, const uint32_t *map)
{
    size_t bytes = mirrors_bytes(item->layout);
    if (bytes == 0) {
        return 0;
    }
    item->mirrors = svcr_zalloc(refresh->context, bytes);
    if (item->mirrors == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (seat == NULL || seat->mirrors == NULL) {
        return 0;
    }
    const int64_t *percents = item->layout->percents;
    uint64_t requests = seat->mirrors[0];
    item->mirrors[0] = requests;
    for (uint32_t i = 0; i < item->layout->num_mirrors; i++) { /* mirror i is child i + 1 */
        uint32_t from = map[i + 1] - 1;
        bool known = map[i + 1] != SVCR_NOBODY && from < seat->layout->num_mirrors &&
                     seat->layout->percents[from] == percents[i];
        /* one that is new gets its share from now on, not that of the past at once */
        item->mirrors[i + 1] =
            known ? seat->mirrors[from + 1] : (requests * (uint64_t)percents[i] + 99) / 100;
    }
    return 0;
}

/* Makes what the picker keeps for a layout, out of what it kept for the one before. */
static int item_make(struct refresh *refresh, struct svcr_mail_item *item,
                     const struct svcr_seat *seat)
{
    struct svcr_layout *layout = item->layout;
    const struct svcr_strategy *strategy = layout->strategy;
    bool carried = seat->layout != NULL && seat->generation == item->generation &&
                   seat->layout->type == layout->type && seat->layout->strategy == strategy;
    uint32_t *map = NULL;
    item->scheduler_bytes = strategy != NULL ? strategy->size(&layout->shape) : 0;
    item->scheduler_bytes += item->scheduler_bytes != 0 ? SVCR_LINE : 0;
    if (carried && (item->scheduler_bytes != 0 || layout->num_mirrors != 0)) {
        map = svcr_arena_alloc(&refresh->arena, ((size_t)layout->shape.num + 1) * sizeof(*map));
        if (map == NULL ||
            svcr_layout_map(&refresh->arena, &seat->layout->shape, &layout->shape, map) != 0) {
            return SVCROUTE_ERR_NOMEM;
        }
    }
    if (item->scheduler_bytes != 0) {
        item->scheduler = svcr_zalloc(refresh->context, item->scheduler_bytes);
        if (item->scheduler == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        if (carried && seat->scheduler != NULL) {
            strategy->carry(item->scheduler, &layout->shape, seat->scheduler, &seat->layout->shape,
                            map, &refresh->random);
        } else {
            strategy->open(item->scheduler, &layout->shape, &refresh->random,
                           refresh->picker->phase);
        }
    }
    return mirrors_make(refresh, item, carried ? seat : NULL, map);
}

static int items_make(struct refresh *refresh)
{
    struct svcroute_picker *picker = refresh->picker;
    uint64_t stamp = ++picker->stamp;
    for (struct svcr_mail *at = refresh->mail; at != NULL; at = at->older) {
        for (size_t i = 0; i < at->num; i++) {
            struct svcr_mail_item *item = &at->items[i];
            struct svcr_seat *seat = &picker->seats[item->slot];
            bool same = item->layout != NULL && item->layout == seat->layout;
            item->fresh = seat->stamp != stamp && !same;
            seat->stamp = stamp;
            if (!item->fresh) {
                continue;
            }
            refresh->num_replaced += seat->layout != NULL ? 1 : 0;
            int error = item->layout != NULL ? item_make(refresh, item, seat) : 0;
            svcr_arena_reset(&refresh->arena);
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

static void items_unmake(struct refresh *refresh)
{
    for (struct svcr_mail *at = refresh->mail; at != NULL; at = at->older) {
        for (size_t i = 0; i < at->num; i++) {
            struct svcr_mail_item *item = &at->items[i];
            svcr_release(refresh->context, item->scheduler, item->scheduler_bytes);
            if (item->mirrors != NULL) {
                svcr_release(refresh->context, item->mirrors, mirrors_bytes(item->layout));
            }
            item->scheduler = NULL;
            item->mirrors = NULL;
        }
    }
}

static void seat_clear(struct svcroute_context *context, struct svcr_seat *seat)
{
    svcr_release(context, seat->scheduler, seat->scheduler_bytes);
    if (seat->mirrors != NULL) {
        svcr_release(context, seat->mirrors, mirrors_bytes(seat->layout));
    }
}

static void items_install(struct refresh *refresh)
{
    struct svcroute_picker *picker = refresh->picker;
    struct svcr_epoch *ending = picker->epoch;
    for (struct svcr_mail *at = refresh->mail; at != NULL; at = at->older) {
        for (size_t i = 0; i < at->num; i++) {
            struct svcr_mail_item *item = &at->items[i];
            struct svcr_seat *seat = &picker->seats[item->slot];
            if (!item->fresh) {
                continue;
            }
            seat_clear(refresh->context, seat);
            if (seat->layout != NULL) {
                ending->garbage[ending->num_garbage++] = seat->layout;
            }
            *seat = (struct svcr_seat){.layout = item->layout,
                                       .scheduler = item->scheduler,
                                       .mirrors = item->mirrors,
                                       .scheduler_bytes = item->scheduler_bytes,
                                       .generation = item->generation};
            item->layout = NULL; /* its reference is the seat's now */
        }
    }
    picker->random = refresh->random;
    svcr_plan_unref(picker->plan);
    picker->plan = svcr_plan_ref(refresh->mail->plan);
    if (refresh->epoch != NULL) {
        picker->epoch = refresh->epoch;
        svcr_epoch_leave(ending, refresh->epoch);
    }
}

/* Room for what the epoch takes along that ends; nothing ends if nothing is replaced. */
static int epoch_make(struct refresh *refresh)
{
    struct svcroute_picker *picker = refresh->picker;
    if (refresh->num_replaced == 0) {
        return 0;
    }
    refresh->epoch = svcr_epoch_new(picker->core, picker->number);
    if (refresh->epoch == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    int error = svcr_epoch_reserve(picker->epoch, refresh->num_replaced);
    if (error != 0) {
        svcr_epoch_leave(refresh->epoch, NULL);
    }
    return error;
}

static int apply(struct svcroute_picker *picker, struct svcr_mail *mail)
{
    struct refresh refresh = {
        .picker = picker, .context = picker->core->context, .mail = mail, .random = picker->random};
    svcr_arena_init(&refresh.arena, refresh.context);
    int error = seats_reserve(&refresh);
    error = error != 0 ? error : items_make(&refresh);
    error = error != 0 ? error : epoch_make(&refresh);
    if (error == 0) {
        items_install(&refresh);
    } else {
        items_unmake(&refresh);
    }
    svcr_arena_clear(&refresh.arena);
    return error;
}

bool svcroute_picker_stale(const struct svcroute_picker *picker)
{
    return picker != NULL && (picker->pending != NULL ||
                              atomic_load_explicit(&picker->mail, memory_order_relaxed) != NULL);
}

int svcroute_picker_refresh(struct svcroute_picker *picker, uint64_t now)
{
    if (picker == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    svcr_clock_set(picker->core, &picker->now, now);
    struct svcr_mail *mail = atomic_exchange_explicit(&picker->mail, NULL, memory_order_acq_rel);
    if (mail == NULL) {
        mail = picker->pending;
    } else {
        struct svcr_mail *oldest = mail;
        while (oldest->older != NULL) {
            oldest = oldest->older;
        }
        oldest->older = picker->pending;
    }
    picker->pending = NULL;
    if (mail == NULL) {
        return 0;
    }
    int error = apply(picker, mail);
    if (error != 0) {
        picker->pending = mail;
        return error;
    }
    svcr_mail_free(picker->core->context, mail);
    return 0;
}

/* ---- life ---- */

/* Pickers of one balancer are not to start alike. */
static void random_seed(struct svcroute_picker *picker, uint64_t seed)
{
    svcr_random_seed(&picker->random, svcr_hash_mix(seed, picker->number + 1));
}

int svcroute_picker_seed(struct svcroute_picker *picker, uint64_t seed)
{
    if (picker == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    random_seed(picker, seed);
    for (size_t i = 0; i < picker->num_seats; i++) {
        struct svcr_seat *seat = &picker->seats[i];
        if (seat->scheduler != NULL) {
            memset(seat->scheduler, 0, seat->scheduler_bytes);
            seat->layout->strategy->open(seat->scheduler, &seat->layout->shape, &picker->random,
                                         picker->phase);
        }
    }
    return 0;
}

static struct svcroute_picker *picker_make(struct svcroute_balancer *balancer)
{
    struct svcr_core *core = balancer->core;
    struct svcroute_picker *picker = svcr_zalloc(core->context, sizeof(*picker));
    if (picker == NULL) {
        return NULL;
    }
    picker->number = balancer->next_picker;
    picker->epoch = svcr_epoch_new(core, picker->number);
    struct svcr_mail *mail = svcr_mail_new(core->context, balancer->plan, balancer->pools.num);
    if (picker->epoch == NULL || mail == NULL) {
        if (picker->epoch != NULL) {
            svcr_epoch_leave(picker->epoch, NULL);
        }
        svcr_mail_free(core->context, mail);
        svcr_release(core->context, picker, sizeof(*picker));
        return NULL;
    }
    for (size_t i = 0; i < balancer->pools.num; i++) {
        const struct svcr_pool *pool = balancer->pools.items[i].thing;
        if (pool != NULL) {
            svcr_mail_add(mail, pool->slot, pool->generation, pool->layout);
        }
    }
    picker->pending = mail;
    picker->plan = svcr_plan_ref(balancer->plan);
    svcr_refs_take(&core->refs);
    picker->core = core;
    picker->balancer = balancer;
    picker->phase = (balancer->options.flags & SVCROUTE_BALANCER_NO_PHASE) == 0;
    picker->lane = SVCR_LANES;
    picker->depth_limit = core->context->limits.nesting + 2;
    random_seed(picker, balancer->options.seed);
    return picker;
}

static void lane_take(struct svcroute_picker *picker)
{
    bool *lanes = picker->balancer->lanes;
    picker->lane = 0;
    while (picker->lane < SVCR_LANES && lanes[picker->lane]) {
        picker->lane++;
    }
    if (picker->lane < SVCR_LANES) {
        lanes[picker->lane] = true;
    }
}

int svcroute_picker_new(struct svcroute_picker **out, struct svcroute_balancer *balancer,
                        uint64_t now)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (balancer == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_picker *picker = picker_make(balancer);
    if (picker == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    int error = svcroute_picker_refresh(picker, now);
    if (error != 0) {
        picker->balancer = NULL; /* it is in no list yet */
        svcroute_picker_free(picker);
        return error;
    }
    balancer->next_picker++;
    lane_take(picker);
    picker->next = balancer->pickers;
    if (picker->next != NULL) {
        picker->next->previous = picker;
    }
    balancer->pickers = picker;
    *out = picker;
    return 0;
}

static void leave_balancer(struct svcroute_picker *picker)
{
    if (picker->balancer == NULL) {
        return;
    }
    if (picker->lane < SVCR_LANES) {
        picker->balancer->lanes[picker->lane] = false;
    }
    if (picker->previous != NULL) {
        picker->previous->next = picker->next;
    } else {
        picker->balancer->pickers = picker->next;
    }
    if (picker->next != NULL) {
        picker->next->previous = picker->previous;
    }
}

void svcroute_picker_free(struct svcroute_picker *picker)
{
    if (picker == NULL) {
        return;
    }
    struct svcr_core *core = picker->core;
    struct svcroute_context *context = core->context;
    struct svcr_epoch *epoch = picker->epoch;
    leave_balancer(picker);
    svcr_mail_free(context, atomic_exchange_explicit(&picker->mail, NULL, memory_order_acq_rel));
    svcr_mail_free(context, picker->pending);
    for (size_t i = 0; i < picker->num_seats; i++) {
        seat_clear(context, &picker->seats[i]);
    }
    epoch->seats = picker->seats; /* which picks may look at */
    epoch->num_seats = picker->num_seats;
    epoch->seats_capacity = picker->seats_capacity;
    svcr_plan_unref(picker->plan);
    svcr_release(context, picker, sizeof(*picker));
    svcr_epoch_leave(epoch, NULL);
    svcr_core_unref(core);
}

/* ---- names ---- */

static int find(const struct svcroute_picker *picker, bool routes, struct svcroute_text name,
                uint64_t *handle)
{
    if (picker == NULL || handle == NULL || (name.data == NULL && name.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    const struct svcr_plan *plan = picker->plan;
    *handle = svcr_label_find(plan->context, routes ? &plan->routes : &plan->services, name);
    return *handle != 0 ? 0 : SVCROUTE_ERR_NOT_FOUND;
}

int svcroute_picker_find_route(const struct svcroute_picker *picker, struct svcroute_text name,
                               uint64_t *handle)
{
    return find(picker, true, name, handle);
}

int svcroute_picker_find_service(const struct svcroute_picker *picker, struct svcroute_text name,
                                 uint64_t *handle)
{
    return find(picker, false, name, handle);
}
