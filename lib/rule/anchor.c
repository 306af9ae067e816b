/* What every request that a rule matches has at least: hosts, and beginnings of paths.
 *
 * Bottom up: a matcher gives one anchor, "||" the union, "&&" all pairs of which both sides can be
 * true, "!" changes places of the two (De Morgan) and gives nothing of a matcher itself. A set is
 * kept sorted by host and path and without what another one of its anchors covers. Where a set
 * would be too large it becomes wider: one common beginning of the paths for each host, then one
 * for all. Pairs cost work that the rule's length does not bound, so their number has a budget;
 * when it is spent one side of the "&&" does for both. */
#include "rule/matcher.h"

#include <svcroute/error.h>

#include "rule/host.h"

enum { PAIRS_MAX = 64 * SVCR_ANCHORS_MAX };

struct set {
    struct svcr_anchor *items; /* in the arena; 1 or more */
    uint32_t num;
};

struct work {
    struct svcr_arena *arena;
    uint32_t pairs; /* still to be had */
};

/* ---- one anchor ---------------------------------------------------------------------------- */

static int compare(const struct svcr_anchor *a, const struct svcr_anchor *b)
{
    int order = svcr_text_compare(a->host, b->host);
    return order != 0 ? order : svcr_text_compare(a->path, b->path);
}

/* Whether a host, its first label replaced by "*", is `wildcard`. */
static bool is_under(svcr_text host, svcr_text wildcard)
{
    return svcr_text_same(svcr_host_behind_label(host), svcr_host_behind_label(wildcard));
}

/* The narrower of two hosts, of which a request has both; false if none can. */
static bool meet_hosts(svcr_text a, svcr_text b, svcr_text *both)
{
    *both = a.size == 0 || (svcr_host_is_wildcard(a) && b.size > 0) ? b : a;
    return a.size == 0 || b.size == 0 || svcr_text_same(a, b) ||
           (svcr_host_is_wildcard(a) && !svcr_host_is_wildcard(b) && is_under(b, a)) ||
           (svcr_host_is_wildcard(b) && !svcr_host_is_wildcard(a) && is_under(a, b));
}

static bool meet(const struct svcr_anchor *a, const struct svcr_anchor *b, struct svcr_anchor *both)
{
    both->path = a->path.size > b->path.size ? a->path : b->path;
    return meet_hosts(a->host, b->host, &both->host) &&
           (svcr_text_starts(a->path, b->path) || svcr_text_starts(b->path, a->path));
}

/* ---- sets ---------------------------------------------------------------------------------- */

/* Bottom-up merge sort, stable. False when out of memory. */
static bool sort(struct svcr_arena *arena, struct set *set)
{
    struct svcr_anchor *from = set->items;
    if (set->num < 2) {
        return true;
    }
    struct svcr_anchor *to = svcr_arena_zalloc(arena, set->num, sizeof(*to));
    if (to == NULL) {
        return false;
    }
    for (size_t width = 1; width < set->num; width *= 2) {
        for (size_t start = 0; start < set->num; start += 2 * width) {
            size_t middle = start + width < set->num ? start + width : set->num;
            size_t end = middle + width < set->num ? middle + width : set->num;
            size_t left = start, right = middle;
            for (size_t i = start; i < end; i++) {
                bool first =
                    right == end || (left < middle && compare(&from[left], &from[right]) <= 0);
                to[i] = from[first ? left++ : right++];
            }
        }
        struct svcr_anchor *swap = from;
        from = to;
        to = swap;
    }
    set->items = from;
    return true;
}

/* Whether one of sorted anchors, none of which covers another, all with the same host, has a path
 * that `path` begins with: only the last one not behind it can. */
static bool covers(const struct svcr_anchor *items, uint32_t num, svcr_text path)
{
    uint32_t low = 0, high = num;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (svcr_text_compare(items[middle].path, path) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && svcr_text_starts(path, items[low - 1].path);
}

/* Takes out of a sorted set what others in it cover: the same host or any, and a path that it
 * begins with. Anchors without host come first. */
static void drop_covered(struct set *set)
{
    uint32_t kept = 0, any = 0;
    for (uint32_t i = 0; i < set->num; i++) {
        const struct svcr_anchor *anchor = &set->items[i];
        if (kept > 0 && svcr_text_same(set->items[kept - 1].host, anchor->host) &&
            svcr_text_starts(anchor->path, set->items[kept - 1].path)) {
            continue;
        }
        if (anchor->host.size > 0 && covers(set->items, any, anchor->path)) {
            continue;
        }
        set->items[kept++] = *anchor;
        if (anchor->host.size == 0) {
            any = kept;
        }
    }
    set->num = kept;
}

static svcr_text common_start(svcr_text a, svcr_text b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size]) {
        size++;
    }
    return (svcr_text){a.data, size};
}

/* Leaves one anchor of each host in a sorted set. */
static void join_paths(struct set *set)
{
    uint32_t num = 0;
    for (uint32_t i = 0; i < set->num; i++) {
        struct svcr_anchor *last = &set->items[num > 0 ? num - 1 : 0];
        if (num > 0 && svcr_text_same(last->host, set->items[i].host)) {
            last->path = common_start(last->path, set->items[i].path);
        } else {
            set->items[num++] = set->items[i];
        }
    }
    set->num = num;
}

/* Replaces the first label of each host by "*", where there is more than one. */
static int star_hosts(struct svcr_arena *arena, struct set *set)
{
    for (uint32_t i = 0; i < set->num; i++) {
        svcr_text *host = &set->items[i].host;
        svcr_text rest = svcr_host_behind_label(*host);
        if (rest.size == 0) {
            continue;
        }
        char *copy = svcr_arena_alloc(arena, rest.size + 1);
        if (copy == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        copy[0] = '*';
        memcpy(copy + 1, rest.data, rest.size);
        *host = (svcr_text){copy, rest.size + 1};
    }
    return sort(arena, set) ? SVCROUTE_OK : SVCROUTE_ERR_NOMEM;
}

/* Makes a sorted set as small as it must be. */
static int widen(struct svcr_arena *arena, struct set *set)
{
    int status = SVCROUTE_OK;
    join_paths(set);
    if (set->num > SVCR_ANCHORS_MAX) {
        status = star_hosts(arena, set);
        join_paths(set);
    }
    if (set->num > SVCR_ANCHORS_MAX) {
        for (uint32_t i = 1; i < set->num; i++) {
            set->items[0].path = common_start(set->items[0].path, set->items[i].path);
        }
        set->items[0].host = SVCR_TEXT("");
        set->num = 1;
    }
    return status;
}

/* Sorted, nothing twice, and not too large. */
static int tidy(struct work *work, struct set *set)
{
    if (!sort(work->arena, set)) {
        return SVCROUTE_ERR_NOMEM;
    }
    drop_covered(set);
    if (set->num > SVCR_ANCHORS_MAX) {
        int status = widen(work->arena, set);
        if (status != SVCROUTE_OK) {
            return status;
        }
        drop_covered(set);
    }
    return SVCROUTE_OK;
}

/* How well the widest anchor of a set narrows the search. */
static unsigned narrowness(const struct set *set)
{
    unsigned least = 4;
    for (uint32_t i = 0; i < set->num && least > 0; i++) {
        const struct svcr_anchor *anchor = &set->items[i];
        unsigned one = svcr_host_is_wildcard(anchor->host) ? 2
                       : anchor->host.size > 0             ? 3
                       : anchor->path.size > 1 ? 1 /* nearly every path begins with "/" */
                                               : 0;
        least = one < least ? one : least;
    }
    return least;
}

/* Makes `set` what both it and `other` say. */
static int intersect(struct work *work, struct set *set, const struct set *other)
{
    uint64_t pairs = (uint64_t)set->num * other->num;
    struct set both = {NULL, 0};
    if (pairs > 1 && pairs > work->pairs) {
        unsigned own = narrowness(set), others = narrowness(other);
        if (others > own || (others == own && other->num < set->num)) {
            *set = *other;
        }
        return SVCROUTE_OK;
    }
    work->pairs -= pairs > 1 ? (uint32_t)pairs : 0;
    both.items = svcr_arena_zalloc(work->arena, (size_t)pairs, sizeof(*both.items));
    if (both.items == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < set->num; i++) {
        for (uint32_t j = 0; j < other->num; j++) {
            both.num += meet(&set->items[i], &other->items[j], &both.items[both.num]);
        }
    }
    if (both.num == 0) {
        return SVCROUTE_OK; /* no request matches; anything is true of none */
    }
    *set = both;
    return tidy(work, set);
}

/* ---- expressions --------------------------------------------------------------------------- */

static const struct svcr_anchor anywhere = {{"", 0}, {"", 0}};

/* The host that matching requests have, without the dots at its end. "*.rest" stands for any first
 * label; what else begins with "*" says nothing. */
static int host_anchor(struct svcr_arena *arena, svcr_text host, svcr_text *out)
{
    host = svcr_host_without_dots(host);
    if (host.size == 0 || (host.data[0] == '*' && (host.size == 1 || host.data[1] != '.'))) {
        return SVCROUTE_OK;
    }
    char *copy = svcr_host_lower(arena, host);
    if (copy == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *out = (svcr_text){copy, host.size};
    return SVCROUTE_OK;
}

static int call_anchor(struct work *work, const struct svcr_expr *call, bool negated,
                       struct set *out)
{
    enum svcr_matcher matcher = negated ? 0 : svcr_matcher_find(call->name);
    struct svcr_anchor *anchor = svcr_arena_zalloc(work->arena, 1, sizeof(*anchor));
    if (anchor == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *anchor = anywhere;
    *out = (struct set){anchor, 1};
    if (call->num_arguments == 0) {
        return SVCROUTE_OK;
    }
    if (matcher == SVCR_MATCHER_PATH || matcher == SVCR_MATCHER_PATH_PREFIX) {
        anchor->path = call->arguments[0].value;
        if (anchor->path.size > SVCR_ANCHOR_PATH_MAX) {
            anchor->path.size = SVCR_ANCHOR_PATH_MAX;
        }
    }
    return matcher == SVCR_MATCHER_HOST
               ? host_anchor(work->arena, call->arguments[0].value, &anchor->host)
               : SVCROUTE_OK;
}

static int anchors_of(struct work *work, const struct svcr_expr *expr, bool negated,
                      struct set *out);

static int either(struct work *work, const struct svcr_expr *expr, bool negated, struct set *out)
{
    struct set all = {NULL, 0};
    uint32_t room = 0; /* not for all calls: these count on every level anew */
    for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
        room++;
    }
    all.items = svcr_arena_zalloc(work->arena, room, sizeof(*all.items));
    for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
        struct set set;
        int status =
            all.items != NULL ? anchors_of(work, child, negated, &set) : SVCROUTE_ERR_NOMEM;
        if (status != SVCROUTE_OK) {
            return status;
        }
        if (set.num > room - all.num) {
            room = 2 * (all.num + set.num);
            struct svcr_anchor *items = svcr_arena_zalloc(work->arena, room, sizeof(*items));
            if (items == NULL) {
                return SVCROUTE_ERR_NOMEM;
            }
            memcpy(items, all.items, all.num * sizeof(*items));
            all.items = items;
        }
        memcpy(all.items + all.num, set.items, set.num * sizeof(*set.items));
        all.num += set.num;
    }
    *out = all;
    return tidy(work, out);
}

static bool is_matcher(const struct svcr_expr *expr)
{
    while (expr->kind == SVCR_EXPR_NOT) {
        expr = expr->child;
    }
    return expr->kind == SVCR_EXPR_CALL;
}

/* Matchers first: they leave less to pair with what is larger. */
static int both(struct work *work, const struct svcr_expr *expr, bool negated, struct set *out)
{
    bool begun = false;
    for (int matchers = 1; matchers >= 0; matchers--) {
        for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
            struct set set;
            if (is_matcher(child) != matchers) {
                continue;
            }
            int status = anchors_of(work, child, negated, &set);
            if (status == SVCROUTE_OK && begun) {
                status = intersect(work, out, &set);
            } else {
                *out = set;
                begun = true;
            }
            if (status != SVCROUTE_OK) {
                return status;
            }
        }
    }
    return SVCROUTE_OK;
}

static int anchors_of(struct work *work, const struct svcr_expr *expr, bool negated,
                      struct set *out)
{
    *out = (struct set){NULL, 0};
    switch ((enum svcr_expr_kind)expr->kind) {
    case SVCR_EXPR_NOT:
        return anchors_of(work, expr->child, !negated, out);
    case SVCR_EXPR_AND:
        return negated ? either(work, expr, true, out) : both(work, expr, false, out);
    case SVCR_EXPR_OR:
        return negated ? both(work, expr, true, out) : either(work, expr, false, out);
    case SVCR_EXPR_CALL:
        break;
    }
    return call_anchor(work, expr, negated, out);
}

int svcr_anchors_make(struct svcr_arena *arena, const struct svcr_expr *expr,
                      struct svcr_anchor **out, uint32_t *num)
{
    struct work work = {arena, PAIRS_MAX};
    struct set set;
    int status = anchors_of(&work, expr, false, &set);
    *out = set.items;
    *num = set.num;
    return status;
}
