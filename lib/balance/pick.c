/* Picking: the walk from a handle's pool down to a server.
 *
 * At a load balancer, or among weighted children: first the client's cookie, then the strategy.
 * Mirroring counts its mirrors and goes on with main; failover goes to main while somebody is
 * there, else to the fallback. In the default profile a child below which nobody turns out to be is
 * passed over: up to 16 are excluded from the strategy's choice, then what is left is tried in
 * order, those that look empty as well, because a child's look may be older than its servers'
 * state. In traefik-v3 the parent's choice stands, whatever becomes of it.
 *
 * A pool in which nobody was found is not entered again by the same pick, so each is entered once
 * and each child looked at three times at most: a pick ends within 3 x (children below the handle)
 * steps and the steps of one strategy's pick for each pool and each child passed over (16 at most);
 * where the time of an ejected server is over, each server is looked at once more. In traefik-v3 a
 * pool may choose another child when it is asked again, which happens where a failover has it on
 * both sides; that counts for the first 16 mains left, so there each is entered 17 times at most.
 * Recursion goes no deeper than the context's limit of nesting. */
#include "balance/pick.h"

#include <svcroute/error.h>

#include "balance/cookie.h"
#include "balance/failover.h"
#include "balance/health.h"
#include "balance/sticky.h"
#include "balance/traefik.h"
#include "base/memory.h"

struct walk {
    struct svcroute_picker *picker;
    struct svcroute_pick *pick;
    const struct svcroute_request *request;
    struct svcr_choice choice;
    uint32_t depth;
    uint32_t num_instead; /* traefik-v3: mains that answered themselves and were left */
    bool traefik;
    bool again;     /* mirrors are not counted */
    bool too_large; /* some failover cannot keep the body */
};

/* What a client may not get that has no cookie; and what even with one. */
#define CLOSED_TO_NEW (SVCR_STATE_CLOSED | SVCR_STATE_FENCED)

static bool walk_pool(struct walk *walk, struct svcr_seat *seat);

static struct svcr_seat *seat_of(const struct walk *walk, const struct svcr_pool *pool)
{
    if (pool == NULL || pool->slot >= walk->picker->num_seats) {
        return NULL;
    }
    struct svcr_seat *seat = &walk->picker->seats[pool->slot];
    return seat->layout != NULL && seat->generation == pool->generation ? seat : NULL;
}

static bool excluded(const struct svcr_choice *choice, uint64_t id)
{
    bool found = false;
    for (uint32_t i = 0; i < choice->num_excluded && !found; i++) {
        found = choice->excluded[i] == id;
    }
    return found;
}

/* ---- cookies ---- */

static void cookie_set(struct walk *walk, const struct svcr_layout *layout, uint32_t child)
{
    struct svcroute_pick *pick = walk->pick;
    if (pick->num_cookies < SVCR_PICK_COOKIES_MAX) {
        pick->cookies[pick->num_cookies++] = (struct svcr_step){layout, child, 0};
    }
}

/* The member that the client's cookie means; SVCR_NOBODY: it has none that counts. */
static struct svcr_sticky_hit cookie_read(const struct walk *walk, const struct svcr_layout *layout)
{
    const struct svcroute_request *request = walk->request;
    struct svcr_sticky_hit hit = {SVCR_NOBODY, false};
    if (request->num_cookies != 0) {
        svcr_text value =
            svcr_cookie_find(request->cookies, request->num_cookies, layout->recipe->name);
        if (value.data != NULL) {
            hit = svcr_sticky_find(layout->sticky, value);
        }
    }
    return hit;
}

/* ---- servers ---- */

static bool server_take(struct walk *walk, const struct svcr_layout *layout, uint32_t index,
                        uint32_t why)
{
    struct svcroute_pick *pick = walk->pick;
    pick->layout = layout;
    pick->peer = layout->peers[index];
    pick->index = index;
    pick->why = pick->why == SVCROUTE_WHY_FALLBACK ? pick->why : why;
    return true;
}

static bool server_by_cookie(struct walk *walk, const struct svcr_layout *layout)
{
    struct svcr_sticky_hit hit = cookie_read(walk, layout);
    if (hit.member == SVCR_NOBODY) {
        return false;
    }
    const struct svcr_peer *peer = layout->peers[hit.member];
    uint32_t state = atomic_load_explicit(&peer->live.state, memory_order_relaxed);
    if ((state & SVCR_STATE_DOWN) != 0 || excluded(&walk->choice, peer->id)) {
        return false;
    }
    if (hit.renew) {
        cookie_set(walk, layout, hit.member);
    }
    walk->pick->by_cookie = true;
    return server_take(walk, layout, hit.member, SVCROUTE_WHY_COOKIE);
}

static bool walk_servers(struct walk *walk, struct svcr_seat *seat)
{
    const struct svcr_layout *layout = seat->layout;
    if (svcr_eject_ends(layout, walk->choice.now)) {
        svcr_eject_end(walk->picker->core, layout, walk->choice.now);
    }
    if (layout->sticky != NULL && server_by_cookie(walk, layout)) {
        return true;
    }
    uint32_t why = layout->shape.num == 1 ? SVCROUTE_WHY_ONLY_ONE : SVCROUTE_WHY_STRATEGY;
    walk->choice.unusable = CLOSED_TO_NEW;
    uint32_t index = layout->strategy->pick(seat->scheduler, &layout->shape, &walk->choice);
    /* Better a terminating server than none, and better one that failed than none: it may have been
     * ejected while others were up that are not any more. */
    static const uint32_t resorts[] = {SVCR_STATE_CLOSED,
                                       SVCR_STATE_CLOSED & ~(uint32_t)SVCR_STATE_DOWN_PASSIVE};
    uint32_t num_resorts = walk->traefik || layout->shape.num == 0 ? 0
                           : walk->picker->core->eject_last        ? 1
                                                                   : 2;
    for (uint32_t i = 0; index == SVCR_NOBODY && i < num_resorts; i++) {
        why = SVCROUTE_WHY_LAST_RESORT;
        walk->choice.unusable = resorts[i];
        index = layout->strategy->pick(seat->scheduler, &layout->shape, &walk->choice);
    }
    if (index == SVCR_NOBODY) {
        return false;
    }
    if (layout->sticky != NULL) {
        cookie_set(walk, layout, index);
    }
    return server_take(walk, layout, index, why);
}

/* ---- weighted children ---- */

/* What a walk has noted in its pick, to be undone where nobody is found. */
struct mark {
    uint32_t num_cookies, num_failovers, num_mirrors, why;
};

static struct mark mark_set(const struct svcroute_pick *pick)
{
    return (struct mark){pick->num_cookies, pick->num_failovers, pick->num_mirrors, pick->why};
}

static void mark_return(struct svcroute_pick *pick, const struct mark *mark)
{
    pick->num_cookies = mark->num_cookies;
    pick->num_failovers = mark->num_failovers;
    pick->num_mirrors = mark->num_mirrors;
    pick->why = mark->why;
}

/* Goes down to child `i`; `cookie`: the client is to remember it. In the default profile nothing is
 * left of a child in which nobody is. */
static bool walk_child(struct walk *walk, const struct svcr_layout *layout, uint32_t i, bool cookie)
{
    struct mark mark = mark_set(walk->pick);
    if (cookie) {
        cookie_set(walk, layout, i);
    }
    bool found = walk_pool(walk, seat_of(walk, layout->children[i]));
    if (!found && !walk->traefik) {
        mark_return(walk->pick, &mark);
    }
    return found;
}

enum answer { ANSWER_NONE, ANSWER_NOBODY, ANSWER_FOUND };

static enum answer child_by_cookie(struct walk *walk, const struct svcr_layout *layout)
{
    struct svcr_sticky_hit hit = {SVCR_NOBODY, false};
    if (layout->sticky != NULL) {
        hit = cookie_read(walk, layout);
    }
    if (hit.member == SVCR_NOBODY) {
        return ANSWER_NONE;
    }
    return walk_child(walk, layout, hit.member, hit.renew) ? ANSWER_FOUND : ANSWER_NOBODY;
}

static uint32_t child_pick(struct walk *walk, struct svcr_seat *seat, const uint64_t *empty,
                           uint32_t num_empty)
{
    const struct svcr_layout *layout = seat->layout;
    struct svcr_choice *choice = &walk->choice;
    const uint64_t *servers = choice->excluded;
    uint32_t num_servers = choice->num_excluded;
    choice->excluded = empty;
    choice->num_excluded = num_empty;
    choice->unusable = layout->hears ? SVCR_STATE_EMPTY : 0;
    uint32_t child = layout->strategy->pick(seat->scheduler, &layout->shape, choice);
    choice->excluded = servers;
    choice->num_excluded = num_servers;
    return child;
}

/* Every child in order, whatever it looks like. */
static bool children_in_order(struct walk *walk, const struct svcr_layout *layout)
{
    bool found = false;
    for (uint32_t i = 0; i < layout->shape.num && !found; i++) {
        if (layout->shape.members[i].weight > 0) {
            found = walk_child(walk, layout, i, layout->sticky != NULL);
        }
    }
    return found;
}

static bool walk_children(struct walk *walk, struct svcr_seat *seat)
{
    const struct svcr_layout *layout = seat->layout;
    uint64_t empty[SVCR_EXCLUDED_MAX];
    uint32_t num_empty = 0;
    enum answer answer = child_by_cookie(walk, layout);
    if (answer == ANSWER_FOUND || (answer == ANSWER_NOBODY && walk->traefik)) {
        return answer == ANSWER_FOUND;
    }
    while (num_empty < SVCR_EXCLUDED_MAX) {
        uint32_t i = child_pick(walk, seat, empty, num_empty);
        if (i == SVCR_NOBODY) {
            break;
        }
        if (walk_child(walk, layout, i, layout->sticky != NULL)) {
            return true;
        }
        if (walk->traefik) {
            return false;
        }
        empty[num_empty++] = layout->shape.members[i].id;
    }
    return !walk->traefik && children_in_order(walk, layout);
}

/* ---- mirroring and failover ---- */

static bool walk_mirroring(struct walk *walk, struct svcr_seat *seat)
{
    const struct svcr_layout *layout = seat->layout;
    struct svcroute_pick *pick = walk->pick;
    uint64_t due = 0;
    if (layout->num_mirrors != 0 && !walk->again) {
        due = svcr_mirror_count(seat->mirrors, layout->percents, layout->num_mirrors);
        bool known = (walk->request->flags & SVCROUTE_REQUEST_BODY_KNOWN) != 0;
        if (known) {
            due = svcr_mirror_fit(due, layout->max_body, walk->request->body_size);
        }
    }
    for (; due != 0 && pick->num_mirrors < SVCR_MIRRORS_MAX; due &= due - 1) {
        uint32_t mirror = (uint32_t)__builtin_ctzll(due) + 1;
        pick->mirrors[pick->num_mirrors++] = (struct svcr_step){layout, mirror, 0};
    }
    return walk_child(walk, layout, 0, false);
}

/* True if a child of a failover counts as up: what the failover does not know does. A main that
 * tells is always heard. */
static bool side_up(const struct walk *walk, const struct svcr_layout *layout, uint32_t side)
{
    const struct svcr_seat *seat = seat_of(walk, layout->children[side]);
    if (seat == NULL) {
        return false;
    }
    bool known = seat->layout->tells && (layout->hears || side == 0);
    return !known ||
           atomic_load_explicit(&layout->children[side]->usable, memory_order_relaxed) != 0;
}

static bool walk_fallback(struct walk *walk, const struct svcr_layout *layout)
{
    uint32_t why = walk->pick->why;
    walk->pick->why = SVCROUTE_WHY_FALLBACK;
    bool found = walk_child(walk, layout, 1, false);
    walk->pick->why = found ? walk->pick->why : why;
    return found;
}

static bool walk_main(struct walk *walk, const struct svcr_layout *layout)
{
    struct svcroute_pick *pick = walk->pick;
    struct mark mark = mark_set(pick);
    if (layout->num_ranges != 0 && pick->num_failovers < SVCR_PICK_FAILOVERS_MAX) {
        pick->failovers[pick->num_failovers++] = (struct svcr_step){layout, 1, pick->num_cookies};
    }
    bool found = walk_child(walk, layout, 0, false);
    if (!found && !walk->traefik) {
        mark_return(pick, &mark);
    }
    return found;
}

/* Main was asked and nobody is there: it answers 503, or 413 where a failover inside it cannot keep
 * the body. The fallback is asked where that is listed, in the default profile after 503 anyway.
 * What main sent is dropped then, cookies among it, but its mirrors get their copies. */
static bool walk_instead(struct walk *walk, const struct svcr_layout *layout,
                         const struct mark *before)
{
    bool listed = svcr_failover_wants_fallback(layout->ranges, layout->num_ranges,
                                               walk->too_large ? 413 : 503);
    if (!listed && (walk->traefik || walk->too_large)) {
        return false;
    }
    struct mark mark = *before;
    mark.num_mirrors = walk->pick->num_mirrors;
    mark_return(walk->pick, &mark);
    walk->too_large = false;
    if (walk->traefik && walk->num_instead < SVCR_PICK_FAILOVERS_MAX) {
        walk->num_instead++;
        walk->picker->stamp++;
    }
    return walk_fallback(walk, layout);
}

static bool walk_failover(struct walk *walk, struct svcr_seat *seat)
{
    const struct svcr_layout *layout = seat->layout;
    bool known = (walk->request->flags & SVCROUTE_REQUEST_BODY_KNOWN) != 0;
    enum svcr_failover_way way =
        svcr_failover_decide(side_up(walk, layout, 0), side_up(walk, layout, 1), layout->num_ranges,
                             layout->max_body, known ? walk->request->body_size : UINT64_MAX);
    if (way == SVCR_FAILOVER_TOO_LARGE) {
        walk->too_large = true;
        return false;
    }
    if (way == SVCR_FAILOVER_MAIN || way == SVCR_FAILOVER_EITHER) {
        struct mark mark = mark_set(walk->pick);
        return walk_main(walk, layout) || walk_instead(walk, layout, &mark);
    }
    if (walk->traefik) {
        return way == SVCR_FAILOVER_FALLBACK && walk_fallback(walk, layout);
    }
    /* Somebody may be there all the same: a look may be older than the servers' state. */
    return walk_fallback(walk, layout) || (!walk->too_large && walk_main(walk, layout));
}

/* ---- the walk ---- */

static bool walk_kind(struct walk *walk, struct svcr_seat *seat)
{
    switch (seat->layout->type) {
    case SVCROUTE_SERVICE_LOAD_BALANCER:
        return walk_servers(walk, seat);
    case SVCROUTE_SERVICE_WEIGHTED:
    case SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT:
        return walk_children(walk, seat);
    case SVCROUTE_SERVICE_MIRRORING:
        return walk_mirroring(walk, seat);
    default:
        return walk_failover(walk, seat);
    }
}

static bool walk_pool(struct walk *walk, struct svcr_seat *seat)
{
    if (seat == NULL || seat->layout->refused || seat->stamp == walk->picker->stamp ||
        walk->depth >= walk->picker->depth_limit || walk->too_large) {
        return false;
    }
    const struct svcr_pool *pool = seat->layout->pool;
    if (walk->traefik &&
        (atomic_load_explicit(&pool->state, memory_order_relaxed) & SVCR_STATE_REFUSED) != 0) {
        return false;
    }
    walk->depth++;
    bool found = walk_kind(walk, seat);
    walk->depth--;
    if (!found) {
        seat->stamp = walk->picker->stamp;
    }
    return found;
}

int svcr_pick_walk(struct svcroute_picker *picker, struct svcr_seat *seat,
                   const struct svcr_walk_start *start, struct svcroute_pick *pick)
{
    const struct svcroute_request *request = start->request;
    struct walk walk = {.picker = picker,
                        .pick = pick,
                        .request = request,
                        .choice = {.random = &picker->random,
                                   .key = request->key,
                                   .now = picker->now,
                                   .excluded = start->excluded,
                                   .num_excluded = start->num_excluded},
                        .traefik = picker->core->traefik,
                        .again = start->again};
    if (request->key.size == 0) {
        walk.choice.key = walk.traefik ? svcr_traefik_hrw_key(request->client) : request->client;
    }
    picker->stamp++;
    if (seat->layout->type == 0) { /* a route is nothing but its service */
        seat = seat->layout->refused ? NULL : seat_of(&walk, seat->layout->children[0]);
    }
    if (walk_pool(&walk, seat)) {
        return 0;
    }
    return walk.too_large ? SVCROUTE_ERR_BODY_TOO_LARGE : SVCROUTE_ERR_NO_SERVER;
}
