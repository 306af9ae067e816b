/* What a table says of a request: the way it takes, who would be next, and what became of all
 * others. */
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "match.h"
#include "memory.h"

enum {
    WAY_MAX = 64,    /* a route and those below it */
    NEXT_MAX = 10,   /* runners-up that are told */
    COUNT_MAX = 1000 /* runners-up that are counted */
};

static struct verdict judge(const struct svcroute_table *table, const struct svcroute_route *route,
                            const struct asked *asked, enum standing standing)
{
    struct verdict verdict = {.route = route, .standing = standing};
    verdict.info.size = sizeof verdict.info;
    verdict.match.size = sizeof verdict.match;
    svcroute_route_get_info(table, route, &verdict.info);
    if (svcroute_route_match(table, route, &asked->request, &verdict.match) != 0) {
        verdict.match = (struct svcroute_match_info){.size = sizeof verdict.match};
    }
    return verdict;
}

static void add(struct verdicts *list, struct verdict verdict)
{
    list->items = memory_grow(list->items, list->num + 1, sizeof *list->items);
    list->items[list->num++] = verdict;
}

/* ---- the way ------------------------------------------------------------------------------ */

static bool has_byte(struct svcroute_text text, bool (*is)(unsigned char byte))
{
    bool found = false;
    for (size_t i = 0; !found && i < text.size; i++) {
        found = is((unsigned char)text.data[i]);
    }
    return found;
}

static bool is_unseen(unsigned char byte)
{
    return byte <= ' ' || byte == 0x7f;
}

static bool is_foreign(unsigned char byte)
{
    return byte >= 0x80;
}

/* True if the code is an answer to the request. */
static bool take_code(struct refusal *refusal, int code, const struct asked *asked)
{
    const struct svcroute_match_request *request = &asked->request;
    const char *why;
    uint32_t status = 400;
    switch (code) {
    case SVCROUTE_ERR_NOT_FOUND:
        status = 404;
        why = "no route takes it";
        break;
    case SVCROUTE_ERR_LIMIT:
        status = 414;
        why = "the host, or path and query together, are longer than is looked at";
        break;
    case SVCROUTE_ERR_BAD_REQUEST:
        why = has_byte(request->host, is_foreign)
                  ? "the host holds characters that are not ASCII; write it as xn--..."
              : has_byte(request->host, is_unseen)   ? "the host holds a blank or control byte"
              : has_byte(request->query, is_unseen)  ? "the query holds a blank or control byte"
              : has_byte(request->method, is_unseen) ? "the method holds a blank or control byte"
                                                     : "no HTTP parser lets this request through";
        break;
    default:
        complain(NULL, svcroute_error_text(code));
        return false;
    }
    refusal->status = status;
    snprintf(refusal->why, sizeof refusal->why, "%s", why);
    return true;
}

/* A route without a service hands the request on. Its middlewares, which may change the request,
 * are not here. */
static bool find_way(struct answer *answer, const struct asked *asked)
{
    const struct svcroute_route *route;
    int code = svcroute_table_match(answer->table, &asked->request, &route);
    while (code == 0) {
        add(&answer->way, judge(answer->table, route, asked, STANDING_TAKES));
        struct verdict *last = &answer->way.items[answer->way.num - 1];
        if (last->info.service.size > 0) {
            return true;
        }
        last->standing = STANDING_LEADS;
        if (answer->way.num == WAY_MAX) {
            code = SVCROUTE_ERR_NOT_FOUND;
            break;
        }
        code = svcroute_table_match_child(answer->table, route, &asked->request, &route);
    }
    if (!take_code(&answer->refusal, code, asked)) {
        return false;
    }
    if (code == SVCROUTE_ERR_NOT_FOUND && answer->way.num > 0) {
        snprintf(answer->refusal.why, sizeof answer->refusal.why, "%s",
                 answer->way.num < WAY_MAX ? "none of the routes below takes it"
                                           : "routes are below each other without end");
    }
    return true;
}

/* Marks, if there is a list of all, who would take the request too. */
static void find_next(struct answer *answer, const struct asked *asked, const struct map *places)
{
    const struct svcroute_route *route = answer->way.num > 0 ? answer->way.items[0].route : NULL;
    for (size_t i = 0; route != NULL && i < COUNT_MAX; i++) {
        if (svcroute_table_match_next(answer->table, route, &asked->request, &route) != 0) {
            return;
        }
        if (answer->next.num < NEXT_MAX) {
            add(&answer->next, judge(answer->table, route, asked, STANDING_NEXT));
        } else {
            answer->more++;
        }
        size_t place = places != NULL ? map_find(places, (uintptr_t)route) : MAP_NONE;
        if (place != MAP_NONE) {
            answer->all.items[place].standing = STANDING_NEXT;
        }
    }
    answer->more_yet = route != NULL;
}

/* ---- all ---------------------------------------------------------------------------------- */

/* True for a route of those that were asked last. */
static bool is_below(const struct answer *answer, const struct verdict *verdict)
{
    if (answer->way.num == 0) {
        return verdict->info.num_parents == 0;
    }
    struct svcroute_text parent = answer->way.items[answer->way.num - 1].info.name;
    bool below = false;
    for (uint32_t i = 0; !below && i < verdict->info.num_parents; i++) {
        below = text_equal(svcroute_route_get_parent(answer->table, verdict->route, i), parent);
    }
    return below;
}

/* The order in which routes are asked. */
static int compare(const void *a, const void *b)
{
    const struct verdict *left = a, *right = b;
    if (left->info.effective_priority != right->info.effective_priority) {
        return left->info.effective_priority > right->info.effective_priority ? -1 : 1;
    }
    if (left->info.rule.size != right->info.rule.size) {
        return left->info.rule.size > right->info.rule.size ? -1 : 1;
    }
    return text_compare(left->info.name, right->info.name);
}

static bool is_on(const struct verdict *verdict, struct svcroute_text entry_point)
{
    uint32_t num = verdict->info.num_entry_points;
    bool on = entry_point.size == 0 || num == 0;
    for (uint32_t i = 0; !on && i < num; i++) {
        on = text_equal(svcroute_route_get_entry_point(verdict->route, i), entry_point);
    }
    return on;
}

/* Why a route that the table did not name does not take the request. */
static enum standing standing_of(const struct answer *answer, const struct verdict *verdict,
                                 const struct asked *asked)
{
    const struct svcroute_match_request *request = &asked->request;
    if (verdict->match.matcher.data == NULL) {
        return STANDING_UNUSABLE;
    }
    if (verdict->match.matched == 0) {
        return STANDING_NO;
    }
    if (verdict->info.num_parents > 0) {
        return is_below(answer, verdict) ? STANDING_NOWHERE : STANDING_BELOW;
    }
    if (!is_on(verdict, request->entry_point)) {
        return STANDING_ENTRY;
    }
    if ((request->flags & SVCROUTE_MATCH_PLAIN) != 0 && verdict->info.has_tls != 0) {
        return STANDING_ENCRYPTED;
    }
    if ((request->flags & SVCROUTE_MATCH_TLS) != 0 && verdict->info.has_tls == 0) {
        return STANDING_PLAIN;
    }
    return STANDING_NOWHERE;
}

static void list_all(struct answer *answer, struct svcroute_table *table, const struct asked *asked,
                     struct map *places)
{
    if (svcroute_listing_new(&answer->listing, table, SVCROUTE_LISTING_ROUTES) != 0) {
        memory_none();
    }
    size_t num = svcroute_listing_num(answer->listing);
    for (size_t i = 0; i < num; i++) {
        struct verdict verdict =
            judge(table, svcroute_listing_get_route(answer->listing, i), asked, STANDING_NO);
        verdict.standing = standing_of(answer, &verdict, asked);
        add(&answer->all, verdict);
    }
    if (num > 0) {
        qsort(answer->all.items, num, sizeof *answer->all.items, compare);
    }
    for (size_t i = 0; i < num; i++) {
        map_add(places, (uintptr_t)answer->all.items[i].route, i);
    }
    for (size_t i = 0; i < answer->way.num; i++) {
        size_t place = map_find(places, (uintptr_t)answer->way.items[i].route);
        if (place != MAP_NONE) {
            answer->all.items[place].standing = answer->way.items[i].standing;
        }
    }
}

bool answer_find(struct answer *answer, struct svcroute_table *table, const struct asked *asked,
                 bool all)
{
    struct map places = {.num = 0};
    memset(answer, 0, sizeof *answer);
    answer->table = table;
    answer->refusal = asked->refusal;
    if (answer->refusal.status != 0) {
        return true;
    }
    bool done = find_way(answer, asked);
    all = all || answer->refusal.status == 404;
    if (done && (answer->refusal.status == 0 || answer->refusal.status == 404)) {
        if (all) {
            list_all(answer, table, asked, &places);
        }
        find_next(answer, asked, all ? &places : NULL);
    }
    map_free(&places);
    return done;
}

void answer_free(struct answer *answer)
{
    free(answer->way.items);
    free(answer->next.items);
    free(answer->all.items);
    svcroute_listing_free(answer->listing);
}

/* ---- near misses -------------------------------------------------------------------------- */

/* What a rule looks at last is mostly what its writer put last, and the host comes first. */
bool answer_is_near(const struct answer *answer, const struct verdict *verdict)
{
    struct svcroute_text matcher = verdict->match.matcher;
    bool host =
        matcher.size >= 4 && (matcher.data[0] == 'H' || matcher.data[0] == 'h') &&
        (memcmp(matcher.data + 1, "ost", 3) == 0 || memcmp(matcher.data + 1, "OST", 3) == 0);
    return is_below(answer, verdict) && verdict->standing != STANDING_UNUSABLE &&
           (verdict->standing != STANDING_NO || !host);
}
