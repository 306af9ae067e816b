/* Names: who keeps a name that several write (behaviour sections 2 and 12).
 *
 * Every route and service that a unit writes is a claim to its base name. The claims to one name
 * form a group, ordered by kind, namespace and name of their objects, then by place in the object;
 * all claims to one tuple share an entry. In the default profile the first entry keeps the name and
 * the others get "-2", "-3" and so on, skipping names in use; in traefik-v3 the last claim alone
 * has an entry.
 *
 * A suffixed name can only meet a base name, never one with another base: were b1-k1 and b2-k2 the
 * same text, its last part would make k1 = k2 and so b1 = b2. So a group depends on others only
 * through the question whether some base name "<name>-<k>" is in use, and is looked at again when
 * one comes or goes. */
#include "resolve/names.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"
#include "resolve/rules.h"
#include "resolve/table.h"

struct svcr_naming {
    struct svcr_settling routes, services;
};

/* ---- gathering ---- */

/* Makes room for one more pending in the hash table; the old one is left to the arena. */
static bool buckets_grow(struct svcr_settling *settling)
{
    size_t size = settling->buckets != NULL ? 2 * (settling->mask + 1) : 16;
    if (settling->buckets != NULL && settling->num <= settling->mask) {
        return true;
    }
    struct svcr_pending **buckets =
        svcr_arena_zalloc(&settling->resolver->arena, size, sizeof(*buckets));
    if (buckets == NULL) {
        return svcr_fail(settling->resolver, SVCROUTE_ERR_NOMEM);
    }
    settling->buckets = buckets;
    settling->mask = size - 1;
    for (struct svcr_pending *pending = settling->first; pending != NULL; pending = pending->next) {
        pending->chain = buckets[pending->hash & settling->mask];
        buckets[pending->hash & settling->mask] = pending;
    }
    return true;
}

static struct svcr_pending *pending_find(const struct svcr_settling *settling, uint64_t hash,
                                         svcr_text name)
{
    struct svcr_pending *there =
        settling->num != 0 ? settling->buckets[hash & settling->mask] : NULL;
    while (there != NULL && !(there->hash == hash && svcr_text_same(there->name, name))) {
        there = there->chain;
    }
    return there;
}

static struct svcr_group *group_get(const struct svcr_settling *settling, uint64_t hash,
                                    svcr_text name)
{
    return (struct svcr_group *)(void *)svcr_trie_get(settling->trie, hash, svcr_group_match,
                                                      &name);
}

static struct svcr_pending *pending_get(struct svcr_settling *settling, uint64_t hash,
                                        svcr_text name)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_pending *pending = pending_find(settling, hash, name);
    if (pending != NULL) {
        return pending;
    }
    pending = svcr_arena_zalloc(&resolver->arena, 1, sizeof(*pending));
    if (pending == NULL || !buckets_grow(settling)) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    struct svcr_pending **bucket = &settling->buckets[hash & settling->mask];
    *pending = (struct svcr_pending){.chain = *bucket, .hash = hash, .name = name};
    pending->before = svcr_block_ref(group_get(settling, hash, name));
    *bucket = pending;
    *settling->last = pending;
    settling->last = &pending->next;
    settling->num++;
    return pending;
}

static struct svcr_block *thing_at(const struct svcr_settling *settling,
                                   const struct svcr_unit *unit, uint32_t place)
{
    return settling->routes ? &unit->routes[place]->head : &unit->services[place]->head;
}

static bool change_add(struct svcr_settling *settling, const struct svcr_unit *unit, uint32_t place,
                       bool added)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_block *thing = thing_at(settling, unit, place);
    struct svcr_pending *pending =
        pending_get(settling, thing->hash, svcr_thing_name(settling, thing));
    struct svcr_change *change =
        pending != NULL ? svcr_arena_alloc(&resolver->arena, sizeof(*change)) : NULL;
    if (change == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    struct svcr_change **list = added ? &pending->added : &pending->removed;
    *change = (struct svcr_change){*list, {unit->owner, thing, place, 0}};
    *list = change;
    pending->num_added += added ? 1 : 0;
    pending->num_removed += added ? 0 : 1;
    return true;
}

/* ---- names with one writer ---- */

/* "<base>-<k>" with k from 2 up: the base; else size 0. */
static svcr_text suffix_base(svcr_text name)
{
    size_t at = name.size;
    while (at != 0 && name.data[at - 1] >= '0' && name.data[at - 1] <= '9') {
        at--;
    }
    size_t digits = name.size - at;
    bool number = digits != 0 && name.data[at] != '0' && (digits > 1 || name.data[at] != '1');
    if (!number || at < 2 || name.data[at - 1] != '-') {
        return SVCR_TEXT_ABSENT;
    }
    return (svcr_text){name.data, at - 1};
}

static bool arrival_add(struct svcr_settling *settling, svcr_text name)
{
    if (suffix_base(name).size == 0) {
        return true;
    }
    struct svcr_arrival *arrival = svcr_arena_alloc(&settling->resolver->arena, sizeof(*arrival));
    if (arrival == NULL) {
        return svcr_fail(settling->resolver, SVCROUTE_ERR_NOMEM);
    }
    *arrival = (struct svcr_arrival){settling->arrivals, name};
    settling->arrivals = arrival;
    return true;
}

/* The group of a single claim. */
static struct svcr_group *lone_new(struct svcr_settling *settling, const struct svcr_unit *unit,
                                   uint32_t place)
{
    struct svcr_block *thing = thing_at(settling, unit, place);
    struct svcr_group *group =
        svcr_block_new(settling->resolver->context, &svcr_group_kind,
                       sizeof(*group) + sizeof(*group->claims) + sizeof(*group->entries));
    if (group == NULL) {
        svcr_fail(settling->resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    group->head.hash = thing->hash;
    group->name = svcr_thing_name(settling, thing);
    group->num_claims = group->num_entries = 1;
    group->claims = (struct svcr_claim *)(void *)(group + 1);
    group->entries = (struct svcr_entry *)(void *)(group->claims + 1);
    group->claims[0] =
        (struct svcr_claim){svcr_block_ref(unit->owner), svcr_block_ref(thing), place, 0};
    group->entries[0] = (struct svcr_entry){thing, group->name};
    return group;
}

/* The index of rules follows groups of routes, while these are in the caches. */
static bool index_follow(struct svcr_settling *settling, struct svcr_group *older,
                         struct svcr_group *newer)
{
    return !settling->routes || svcr_rules_follow(settling->resolver, older, newer);
}

/* A writer whose name nobody else writes. */
static bool lone_arrive(struct svcr_settling *settling, struct svcr_group *group, bool *done)
{
    struct svcroute_context *context = settling->resolver->context;
    struct svcr_block *there;
    int error = svcr_trie_add(context, settling->trie, &group->head, svcr_group_match, &group->name,
                              &there);
    if (error != 0) {
        return svcr_fail(settling->resolver, error);
    }
    *done = there == NULL;
    *settling->num_entries += *done ? 1 : 0;
    return !*done || (index_follow(settling, NULL, group) && arrival_add(settling, group->name));
}

/* A writer whose only fellow is the version of itself that it replaces. */
static bool lone_replace(struct svcr_settling *settling, struct svcr_group *group,
                         const struct svcr_block *before, bool *done)
{
    struct svcroute_context *context = settling->resolver->context;
    struct svcr_group *there = group_get(settling, group->head.hash, group->name);
    *done = there != NULL && there->num_claims == 1 && there->claims[0].thing == before;
    if (!*done) {
        return true;
    }
    if (!index_follow(settling, there, group)) {
        return false;
    }
    int error =
        svcr_trie_put(context, settling->trie, &group->head, svcr_group_match, &group->name);
    return error == 0 || svcr_fail(settling->resolver, error);
}

/* Nearly all names have one writer at all times. Such a name is settled at once, when its writer
 * comes (`before` NULL) or gives way to its new version; *done is false for all others. */
static bool lone_settle(struct svcr_settling *settling, const struct svcr_block *before,
                        const struct svcr_unit *unit, uint32_t place, bool *done)
{
    const struct svcr_block *thing = thing_at(settling, unit, place);
    *done = false;
    if (pending_find(settling, thing->hash, svcr_thing_name(settling, thing)) != NULL) {
        return true;
    }
    struct svcr_group *group = lone_new(settling, unit, place);
    if (group == NULL) {
        return false;
    }
    bool good = before != NULL ? lone_replace(settling, group, before, done)
                               : lone_arrive(settling, group, done);
    svcr_block_unref(settling->resolver->context, group);
    return good;
}

static bool gather(struct svcr_settling *settling, const struct svcr_work *work,
                   uint32_t num_before, uint32_t num_after)
{
    for (uint32_t i = 0; i < num_before || i < num_after; i++) {
        bool settled = false;
        struct svcr_block *before = i < num_before ? thing_at(settling, work->previous, i) : NULL;
        if (i < num_after && before == thing_at(settling, work->made, i)) {
            continue;
        }
        if (i < num_after && !lone_settle(settling, before, work->made, i, &settled)) {
            return false;
        }
        if (!settled && ((i < num_before && !change_add(settling, work->previous, i, false)) ||
                         (i < num_after && !change_add(settling, work->made, i, true)))) {
            return false;
        }
    }
    return true;
}

bool svcr_names_gather(struct svcr_resolver *resolver, const struct svcr_work *work)
{
    const struct svcr_unit *before = work->previous;
    const struct svcr_unit *after = work->made;
    struct svcr_naming *naming = resolver->naming;
    return before == after ||
           (gather(&naming->routes, work, before != NULL ? before->num_routes : 0,
                   after != NULL ? after->num_routes : 0) &&
            gather(&naming->services, work, before != NULL ? before->num_services : 0,
                   after != NULL ? after->num_services : 0));
}

/* ---- the steps ---- */

/* Makes the group of a pending name; several entries are named later, when all names in use are
 * known. */
static bool pending_make(struct svcr_settling *settling, struct svcr_pending *pending)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_shape shape = {0};
    if (!svcr_shape_make(settling, pending, &shape)) {
        return false;
    }
    *settling->num_entries -= pending->before != NULL ? pending->before->num_entries : 0;
    *settling->num_entries += shape.num_entries;
    if (shape.num_claims == 0) {
        int error = svcr_trie_remove(resolver->context, settling->trie, pending->hash,
                                     svcr_group_match, &pending->name);
        return error == 0 || svcr_fail(resolver, error);
    }
    if (shape.num_entries == 1) {
        svcr_shape_report(settling, pending, &shape);
    }
    return svcr_group_put(settling, pending, &shape);
}

/* Looks again at the group whose suffixed names a name that came or went could touch. */
static bool widen(struct svcr_settling *settling, svcr_text name)
{
    svcr_text base = suffix_base(name);
    if (base.size == 0) {
        return true;
    }
    uint64_t hash = svcr_name_hash(settling->resolver->context, base);
    struct svcr_group *group = group_get(settling, hash, base);
    if (group == NULL || group->num_entries < 2) {
        return true;
    }
    struct svcr_pending *touched = pending_get(settling, hash, group->name);
    if (touched != NULL) {
        touched->after = group;
    }
    return touched != NULL;
}

static bool widen_all(struct svcr_settling *settling)
{
    bool good = true;
    struct svcr_pending *const *end = settling->last; /* those that widening adds come behind it */
    for (struct svcr_pending *const *at = &settling->first; good && at != end; at = &(*at)->next) {
        if (((*at)->before == NULL) != ((*at)->after == NULL)) {
            good = widen(settling, (*at)->name);
        }
    }
    for (const struct svcr_arrival *arrival = settling->arrivals; good && arrival != NULL;
         arrival = arrival->next) {
        good = widen(settling, arrival->name);
    }
    return good;
}

static bool name_used(struct svcr_settling *settling, svcr_text base, uint32_t suffix)
{
    struct svcr_buffer *text = &settling->resolver->text;
    text->size = 0;
    svcr_buffer_add_text(text, base);
    svcr_buffer_add_char(text, '-');
    svcr_buffer_add_integer(text, suffix);
    svcr_text name = svcr_buffer_text(text);
    if (text->failed) {
        return svcr_fail(settling->resolver, SVCROUTE_ERR_NOMEM);
    }
    return svcr_trie_get(settling->trie, svcr_name_hash(settling->resolver->context, name),
                         svcr_group_match, &name) != NULL;
}

/* Gives names to the entries of a group that has several. */
static bool pending_name(struct svcr_settling *settling, struct svcr_pending *pending)
{
    struct svcr_shape shape = {0};
    if (!svcr_shape_make(settling, pending, &shape)) {
        return false;
    }
    uint32_t suffix = 1;
    for (uint32_t i = 1; i < shape.num_entries; i++) {
        do {
            suffix++;
        } while (name_used(settling, pending->name, suffix));
        shape.suffix_of[i] = suffix;
    }
    svcr_shape_report(settling, pending, &shape);
    return svcr_group_put(settling, pending, &shape);
}

static void hand_over_diags(struct svcr_settling *settling)
{
    for (const struct svcr_pending *pending = settling->first; pending != NULL;
         pending = pending->next) {
        for (uint32_t j = 0; pending->after != NULL && j < pending->after->num_diags; j++) {
            svcr_diags_put(settling->resolver->diags, pending->after->diags[j]);
        }
    }
}

static bool settle(struct svcr_settling *settling)
{
    bool good = true;
    for (struct svcr_pending *pending = settling->first; good && pending != NULL;
         pending = pending->next) {
        good = pending_make(settling, pending);
    }
    if (good && !settling->resolver->traefik) {
        good = widen_all(settling);
        for (struct svcr_pending *pending = settling->first; good && pending != NULL;
             pending = pending->next) {
            if (pending->after != NULL && pending->after->num_entries > 1) {
                good = pending_name(settling, pending);
            }
        }
    }
    for (struct svcr_pending *pending = settling->first; good && pending != NULL;
         pending = pending->next) {
        good = index_follow(settling, pending->before, pending->after);
    }
    if (good) {
        hand_over_diags(settling);
    }
    return good && settling->resolver->error == 0;
}

bool svcr_names_open(struct svcr_resolver *resolver)
{
    struct svcroute_table *table = resolver->table;
    struct svcr_naming *naming = svcr_arena_zalloc(&resolver->arena, 1, sizeof(*naming));
    if (naming == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    naming->routes = (struct svcr_settling){.resolver = resolver,
                                            .trie = &table->routes,
                                            .num_entries = &table->num_routes,
                                            .routes = true,
                                            .last = &naming->routes.first};
    naming->services = (struct svcr_settling){.resolver = resolver,
                                              .trie = &table->services,
                                              .num_entries = &table->num_services,
                                              .last = &naming->services.first};
    resolver->naming = naming;
    return true;
}

bool svcr_names_settle(struct svcr_resolver *resolver)
{
    return settle(&resolver->naming->routes) && settle(&resolver->naming->services);
}

static void settling_close(const struct svcr_settling *settling)
{
    for (const struct svcr_pending *pending = settling->first; pending != NULL;
         pending = pending->next) {
        svcr_block_unref(settling->resolver->context, pending->before);
    }
}

void svcr_names_close(struct svcr_resolver *resolver)
{
    if (resolver->naming != NULL) {
        settling_close(&resolver->naming->routes);
        settling_close(&resolver->naming->services);
    }
}
