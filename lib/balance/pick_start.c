/* Calls that pick: for a request, for the same request again, for a mirror of it. */
#include "balance/pick.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* ---- requests ---- */

static const struct svcroute_request nothing_known = {.size = sizeof(nothing_known)};

/* Checks a request. The caller's own is used if it is of this size, which is the usual case, else
 * `copy`. */
static int request_read(const struct svcroute_request **request, struct svcroute_request *copy)
{
    if (*request == NULL) {
        *request = &nothing_known;
        return 0;
    }
    if ((*request)->size != sizeof(**request)) {
        int error = svcr_struct_read(copy, sizeof(*copy), *request,
                                     SVCR_SIZE_UP_TO(struct svcroute_request, num_excluded),
                                     SVCROUTE_REQUEST_BODY_KNOWN);
        *request = copy;
        if (error != 0) {
            return error;
        }
    }
    const struct svcroute_request *own = *request;
    if ((own->flags & ~(uint32_t)SVCROUTE_REQUEST_BODY_KNOWN) != 0) {
        return SVCROUTE_ERR_STRUCT_NEW;
    }
    bool good = own->num_excluded <= SVCR_EXCLUDED_MAX &&
                (own->excluded != NULL || own->num_excluded == 0) &&
                (own->cookies != NULL || own->num_cookies == 0);
    return good ? 0 : SVCROUTE_ERR_INVALID;
}

/* ---- picks ---- */

/* The walk found a server: from here on the request counts. */
static void open_request(struct svcroute_picker *picker, struct svcroute_pick *pick)
{
    const struct svcr_layout *layout = pick->layout;
    /* What a cookie decided does not count where the reference's least time chooses. */
    pick->counted = !(pick->by_cookie && layout->strategy == &svcr_traefik_leasttime);
    if (pick->counted) {
        svcr_live_pick(&pick->peer->live, picker->lane);
    }
    /* Elsewhere times are statistics only, for which one in sixteen is enough; multiples of the
     * golden ratio, so that servers in turn are met alike, however many they are. */
    pick->sampled = layout->strategy == &svcr_leasttime ||
                    picker->stamp * UINT64_C(0x9e3779b97f4a7c15) >> 60 == 0;
    pick->state = SVCR_PICK_OPEN;
    pick->reported = false;
    pick->failed = false;
    pick->status = 0;
    pick->at = pick->now = picker->now;
}

static void empty(struct svcroute_pick *pick)
{
    pick->why = 0;
    pick->by_cookie = false;
    pick->num_cookies = 0;
    pick->num_failovers = 0;
    pick->num_mirrors = 0;
    pick->num_tried = 0;
    pick->num_outer = 0;
    pick->num_outer_cookies = 0;
}

/* True if a pick without a server has something all the same: in traefik-v3 a sticky parent sets
 * its cookie whatever its child answers, and mirrors get their copies whatever main answers, also
 * where that is 503 or 413 because nobody was asked. */
static bool leaves_something(const struct svcroute_picker *picker, const struct svcroute_pick *pick,
                             int error)
{
    return (error == SVCROUTE_ERR_NO_SERVER || error == SVCROUTE_ERR_BODY_TOO_LARGE) &&
           picker->core->traefik && (pick->num_cookies != 0 || pick->num_mirrors != 0);
}

/* Picks into a clear pick. */
static int pick_first(struct svcroute_picker *picker, struct svcr_seat *seat, uint64_t handle,
                      const struct svcroute_request *request, struct svcroute_pick *pick)
{
    struct svcr_walk_start start = {
        .request = request, .excluded = request->excluded, .num_excluded = request->num_excluded};
    empty(pick);
    int error = svcr_pick_walk(picker, seat, &start, pick);
    if (error != 0 && !leaves_something(picker, pick, error)) {
        return error;
    }
    picker->epoch->taken++;
    pick->epoch = picker->epoch;
    pick->core = picker->core;
    pick->start = handle;
    if (error == 0) {
        open_request(picker, pick);
    } else {
        pick->state = SVCR_PICK_EMPTY;
    }
    return error;
}

/* Checks what picking and picking again share, and takes the time. */
static int call_begin(struct svcroute_picker *picker, const struct svcroute_request **request,
                      struct svcroute_request *copy, const struct svcroute_pick *pick,
                      uint32_t wanted, uint64_t now)
{
    if (picker == NULL || pick == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = request_read(request, copy);
    if (error == 0 && pick->state != wanted) {
        error = SVCROUTE_ERR_STATE;
    }
    if (error == 0) {
        svcr_clock_set(picker->core, &picker->now, now);
    }
    return error;
}

int svcroute_picker_pick(struct svcroute_picker *picker, uint64_t handle,
                         const struct svcroute_request *request, struct svcroute_pick *pick,
                         uint64_t now)
{
    struct svcroute_request copy;
    int error = call_begin(picker, &request, &copy, pick, SVCR_PICK_CLEAR, now);
    if (error != 0) {
        return error;
    }
    struct svcr_seat *seat = svcr_seat_find(picker, handle);
    return seat == NULL ? SVCROUTE_ERR_GONE : pick_first(picker, seat, handle, request, pick);
}

int svcroute_picker_pick_mirror(struct svcroute_picker *picker, const struct svcroute_pick *pick,
                                size_t index, const struct svcroute_request *request,
                                struct svcroute_pick *mirror, uint64_t now)
{
    struct svcroute_request copy;
    if (picker == NULL || pick == NULL || mirror == NULL || mirror == pick) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = request_read(&request, &copy);
    if (error != 0) {
        return error;
    }
    if (pick->state == SVCR_PICK_CLEAR || mirror->state != SVCR_PICK_CLEAR) {
        return SVCROUTE_ERR_STATE;
    }
    if (index >= pick->num_mirrors) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    svcr_clock_set(picker->core, &picker->now, now);
    const struct svcr_step *step = &pick->mirrors[index];
    const struct svcr_pool *pool = step->layout->children[step->child];
    uint64_t handle = pool != NULL ? svcr_handle(pool->slot, pool->generation) : 0;
    struct svcr_seat *seat = svcr_seat_find(picker, handle);
    return seat == NULL ? SVCROUTE_ERR_GONE : pick_first(picker, seat, handle, request, mirror);
}

/* ---- the same request again ---- */

/* What was tried, then what the caller excludes; false: that is more than can be told. */
static bool exclude(const struct svcroute_pick *pick, const struct svcroute_request *request,
                    uint64_t ids[SVCR_EXCLUDED_MAX], uint32_t *num)
{
    *num = pick->num_tried;
    memcpy(ids, pick->tried, sizeof(pick->tried));
    for (uint32_t i = 0; i < request->num_excluded; i++) {
        bool there = false;
        for (uint32_t j = 0; j < *num && !there; j++) {
            there = ids[j] == request->excluded[i];
        }
        if (!there && *num == SVCR_EXCLUDED_MAX) {
            return false;
        }
        if (!there) {
            ids[(*num)++] = request->excluded[i];
        }
    }
    return *num < SVCR_EXCLUDED_MAX || pick->num_tried < SVCR_EXCLUDED_MAX;
}

/* The pick stays in its epoch, which keeps the newer ones of this picker too; one that was made by
 * another picker moves over, and what it knows of the other's layouts goes. */
static void change_epoch(struct svcroute_picker *picker, struct svcroute_pick *pick)
{
    if (pick->epoch->picker != picker->epoch->picker || pick->core != picker->core) {
        struct svcr_epoch *before = pick->epoch;
        picker->epoch->taken++;
        pick->epoch = picker->epoch;
        pick->core = picker->core;
        svcr_epoch_give(before);
    }
}

/* Picks from a handle instead; failovers and cookies around it stay, `failover` is the one whose
 * main is left (SVCR_NOBODY: none, the pick stays where it is). `before`: the pick as it was. */
static int pick_again(struct svcroute_picker *picker, const struct svcr_walk_start *start,
                      const struct svcroute_pick *before, uint32_t failover,
                      struct svcroute_pick *pick)
{
    bool falls_back = failover != SVCR_NOBODY;
    const struct svcr_step *step = &before->failovers[falls_back ? failover : 0];
    bool same_picker =
        before->epoch->picker == picker->epoch->picker && before->core == picker->core;
    uint64_t handle = before->start;
    if (falls_back) {
        const struct svcr_pool *pool = step->layout->children[1];
        handle = pool != NULL ? svcr_handle(pool->slot, pool->generation) : 0;
    }
    struct svcr_seat *seat = svcr_seat_find(picker, handle);
    if (seat == NULL) {
        return falls_back ? SVCROUTE_ERR_NO_SERVER : SVCROUTE_ERR_GONE;
    }
    pick->num_outer = !same_picker ? 0 : falls_back ? failover : before->num_outer;
    pick->num_outer_cookies = !same_picker ? 0
                              : falls_back ? step->cookies
                                           : before->num_outer_cookies;
    pick->num_failovers = pick->num_outer;
    pick->num_cookies = pick->num_outer_cookies;
    pick->num_mirrors = same_picker ? before->num_mirrors : 0;
    pick->why = falls_back ? SVCROUTE_WHY_FALLBACK : 0;
    pick->by_cookie = false;
    int error = svcr_pick_walk(picker, seat, start, pick);
    if (error == 0) {
        pick->start = handle;
    }
    return error == SVCROUTE_ERR_NO_SERVER && !falls_back ? SVCROUTE_ERR_ALL_TRIED : error;
}

int svcroute_picker_pick_next(struct svcroute_picker *picker,
                              const struct svcroute_request *request, struct svcroute_pick *pick,
                              uint64_t now)
{
    struct svcroute_request copy;
    int error = call_begin(picker, &request, &copy, pick, SVCR_PICK_FINISHED, now);
    if (error != 0) {
        return error;
    }
    struct svcroute_pick before = *pick; /* what a failure brings back */
    uint64_t ids[SVCR_EXCLUDED_MAX];
    struct svcr_walk_start start = {.request = request, .excluded = ids, .again = true};
    if (!exclude(pick, request, ids, &start.num_excluded)) {
        return SVCROUTE_ERR_ALL_TRIED;
    }
    uint32_t failover = svcr_pick_failover(&before, before.num_failovers, before.status);
    error = pick_again(picker, &start, &before, failover, pick);
    while (error == SVCROUTE_ERR_NO_SERVER && failover != SVCR_NOBODY) {
        /* This fallback answers 503, which a failover around it may list. */
        failover = svcr_pick_failover(&before, failover, 503);
        if (failover != SVCR_NOBODY) {
            error = pick_again(picker, &start, &before, failover, pick);
        }
    }
    if (error != 0) {
        *pick = before;
        return error;
    }
    change_epoch(picker, pick);
    open_request(picker, pick);
    return 0;
}
