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
#include "resolve/resolver.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"
#include "resolve/sort.h"
#include "resolve/table.h"

struct change { /* of one claim */
    struct change *next;
    struct svcr_claim claim; /* borrowed */
};

struct pending { /* one group to be made anew */
    struct pending *chain;
    uint64_t hash;
    svcr_text name;
    struct change *added, *removed;
    uint32_t num_added, num_removed;
    struct svcr_group *before; /* borrowed from the previous version */
    struct svcr_group *after;  /* borrowed from the trie; NULL: nobody writes the name */
};

struct settling {
    struct svcr_resolver *resolver;
    struct svcr_trie *trie;
    size_t *num_entries;
    bool routes; /* or services */
    struct pending **buckets;
    size_t mask;
    struct svcr_list_of pendings;
};

/* ---- gathering ---- */

static struct pending *pending_get(struct settling *settling, uint64_t hash, svcr_text name)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct pending **bucket = &settling->buckets[hash & settling->mask];
    for (struct pending *there = *bucket; there != NULL; there = there->chain) {
        if (there->hash == hash && svcr_text_same(there->name, name)) {
            return there;
        }
    }
    struct pending *pending = svcr_arena_zalloc(&resolver->arena, 1, sizeof(*pending));
    if (pending == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    *pending = (struct pending){.chain = *bucket, .hash = hash, .name = name};
    pending->before =
        (struct svcr_group *)(void *)svcr_trie_get(settling->trie, hash, svcr_group_match, &name);
    *bucket = pending;
    return svcr_list_add(resolver, &settling->pendings, pending) ? pending : NULL;
}

static svcr_text thing_name(const struct settling *settling, const struct svcr_block *thing)
{
    return settling->routes ? ((const struct svcr_route *)(const void *)thing)->base_name
                            : ((const struct svcr_tree_service *)(const void *)thing)->base_name;
}

static bool change_add(struct settling *settling, const struct svcr_unit *unit, uint32_t place,
                       bool added)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_block *thing =
        settling->routes ? &unit->routes[place]->head : &unit->services[place]->head;
    struct pending *pending = pending_get(settling, thing->hash, thing_name(settling, thing));
    struct change *change =
        pending != NULL ? svcr_arena_alloc(&resolver->arena, sizeof(*change)) : NULL;
    if (change == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    struct change **list = added ? &pending->added : &pending->removed;
    *change = (struct change){*list, {unit->owner, thing, place, 0}};
    *list = change;
    pending->num_added += added ? 1 : 0;
    pending->num_removed += added ? 0 : 1;
    return true;
}

static uint32_t num_things(const struct settling *settling, const struct svcr_unit *unit)
{
    if (unit == NULL) {
        return 0;
    }
    return settling->routes ? unit->num_routes : unit->num_services;
}

static const void *thing_at(const struct settling *settling, const struct svcr_unit *unit,
                            uint32_t i)
{
    return settling->routes ? (const void *)unit->routes[i] : (const void *)unit->services[i];
}

static bool gather(struct settling *settling)
{
    const struct svcr_list_of *works = &settling->resolver->works;
    for (size_t i = 0; i < works->num; i++) {
        const struct svcr_work *work = works->items[i];
        uint32_t before = work->made == work->previous ? 0 : num_things(settling, work->previous);
        uint32_t after = work->made == work->previous ? 0 : num_things(settling, work->made);
        for (uint32_t j = 0; j < before || j < after; j++) {
            if (j < before && j < after &&
                thing_at(settling, work->previous, j) == thing_at(settling, work->made, j)) {
                continue;
            }
            if ((j < before && !change_add(settling, work->previous, j, false)) ||
                (j < after && !change_add(settling, work->made, j, true))) {
                return false;
            }
        }
    }
    return true;
}

static bool settling_open(struct settling *settling)
{
    const struct svcr_list_of *works = &settling->resolver->works;
    size_t num = 0;
    for (size_t i = 0; i < works->num; i++) {
        const struct svcr_work *work = works->items[i];
        num += num_things(settling, work->previous) + num_things(settling, work->made);
    }
    size_t size = 16;
    while (size < num) {
        size *= 2;
    }
    settling->mask = size - 1;
    settling->buckets =
        svcr_arena_zalloc(&settling->resolver->arena, size, sizeof(*settling->buckets));
    return settling->buckets != NULL || svcr_fail(settling->resolver, SVCROUTE_ERR_NOMEM);
}

/* ---- claims of one group ---- */

static int claim_order(const void *a, const void *b)
{
    const struct svcr_claim *left = a;
    const struct svcr_claim *right = b;
    int order = left->owner == right->owner ? 0 : svcr_owner_compare(left->owner, right->owner);
    if (order != 0) {
        return order;
    }
    return left->place < right->place ? -1 : left->place > right->place;
}

/* A list of changes as a sorted array of claims, with an end mark. */
static const void **changes_sorted(struct svcr_resolver *resolver, const struct change *list,
                                   uint32_t num)
{
    const void **items = svcr_arena_zalloc(&resolver->arena, ((size_t)num + 1) * 2, sizeof(*items));
    if (items == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    for (uint32_t i = 0; i < num; i++, list = list->next) {
        items[i] = &list->claim;
    }
    svcr_sort(items, items + num, num, claim_order);
    items[num] = NULL;
    return items;
}

/* The claims after the changes, in order: the old ones without the removed, merged with the added.
 */
static const struct svcr_claim **claims_merge(struct svcr_resolver *resolver,
                                              const struct pending *pending, uint32_t *num)
{
    uint32_t num_before = pending->before != NULL ? pending->before->num_claims : 0;
    const void **added = changes_sorted(resolver, pending->added, pending->num_added);
    const void **removed = changes_sorted(resolver, pending->removed, pending->num_removed);
    const struct svcr_claim **claims = svcr_arena_zalloc(
        &resolver->arena, (size_t)num_before + pending->num_added + 1, sizeof(*claims));
    if (added == NULL || removed == NULL || claims == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    *num = 0;
    for (uint32_t i = 0; i < num_before; i++) {
        const struct svcr_claim *claim = &pending->before->claims[i];
        if (*removed != NULL && claim_order(claim, *removed) == 0) {
            removed++;
            continue;
        }
        while (*added != NULL && claim_order(*added, claim) < 0) {
            claims[(*num)++] = *added++;
        }
        claims[(*num)++] = claim;
    }
    while (*added != NULL) {
        claims[(*num)++] = *added++;
    }
    return claims;
}

/* ---- entries ---- */

struct shape { /* of a group to be made */
    const struct svcr_claim **claims;
    uint32_t *entry_of;  /* per claim */
    uint32_t *claim_of;  /* per entry: the claim whose thing it stands for */
    uint32_t *suffix_of; /* per entry; 0: none */
    uint32_t num_claims, num_entries;
};

static const struct svcr_tree_service *claimed(const struct svcr_claim *claim)
{
    return (const struct svcr_tree_service *)(const void *)claim->thing;
}

/* Finds for every claim the entry with the same tuple, by a hash table over the entries. */
static bool entries_by_tuple(struct svcr_resolver *resolver, struct shape *shape)
{
    size_t size = 4;
    while (size < 2 * (size_t)shape->num_claims) {
        size *= 2;
    }
    uint32_t *slots = svcr_arena_zalloc(&resolver->arena, size, sizeof(*slots));
    if (slots == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    for (uint32_t i = 0; i < shape->num_claims; i++) {
        const struct svcr_tree_service *service = claimed(shape->claims[i]);
        size_t at = svcr_tree_service_tuple_hash(resolver->context, service) & (size - 1);
        while (slots[at] != 0 &&
               !svcr_tree_service_same_tuple(claimed(shape->claims[shape->claim_of[slots[at] - 1]]),
                                             service)) {
            at = (at + 1) & (size - 1);
        }
        if (slots[at] == 0) {
            shape->claim_of[shape->num_entries] = i;
            slots[at] = ++shape->num_entries;
        }
        shape->entry_of[i] = slots[at] - 1;
    }
    return true;
}

static bool shape_make(struct settling *settling, const struct pending *pending,
                       struct shape *shape)
{
    struct svcr_resolver *resolver = settling->resolver;
    shape->claims = claims_merge(resolver, pending, &shape->num_claims);
    uint32_t *numbers =
        svcr_arena_zalloc(&resolver->arena, 3 * (size_t)shape->num_claims + 1, sizeof(*numbers));
    if (shape->claims == NULL || numbers == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    shape->entry_of = numbers;
    shape->claim_of = numbers + shape->num_claims;
    shape->suffix_of = numbers + 2 * (size_t)shape->num_claims;
    if (shape->num_claims == 1) {
        shape->num_entries = 1;
        return true;
    }
    if (resolver->traefik && shape->num_claims != 0) {
        shape->num_entries = 1;
        shape->claim_of[0] = shape->num_claims - 1;
        const struct svcr_claim *last = shape->claims[shape->num_claims - 1];
        for (uint32_t i = 0; i + 1 < shape->num_claims; i++) {
            bool same = !settling->routes &&
                        svcr_tree_service_same_tuple(claimed(shape->claims[i]), claimed(last));
            shape->entry_of[i] = same ? 0 : UINT32_MAX;
        }
        return true;
    }
    if (settling->routes) {
        for (uint32_t i = 0; i < shape->num_claims; i++) {
            shape->entry_of[i] = shape->claim_of[i] = i;
        }
        shape->num_entries = shape->num_claims;
        return true;
    }
    return entries_by_tuple(resolver, shape);
}

/* ---- diagnostics ---- */

/* Where the claim is written in its object. */
static struct svcr_object *claim_spot(const struct settling *settling,
                                      const struct svcr_claim *claim, struct svcr_spot *spot,
                                      struct svcr_position *at)
{
    if (settling->routes) {
        const struct svcr_route *route = (const void *)claim->thing;
        *spot = (struct svcr_spot){SVCR_SPOT_ROUTE, route->index, 0};
        *at = svcr_object_position(route->object, route->rule->place, SVCR_RULE_MATCH);
        return route->object;
    }
    const struct svcr_tree_service *service = claimed(claim);
    *spot = service->spot;
    *at = service->reference != NULL
              ? svcr_object_position(service->object, service->reference->place, 0)
              : svcr_object_position(service->object, svcr_object_meta(service->object)->place, 0);
    return service->object;
}

static void report_meeting(struct settling *settling, const struct pending *pending,
                           const struct svcr_claim *loser, const struct svcr_claim *keeper,
                           uint32_t suffix)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_spot spot;
    struct svcr_position at;
    char path[SVCR_SPOT_MAX];
    struct svcr_object *object = claim_spot(settling, loser, &spot, &at);
    svcr_text field = svcr_spot_text(spot, "", path);
    const char *what = settling->routes ? "route" : "service";
    const char *kind = svcroute_kind_name(keeper->owner->kind);
    if (suffix != 0) {
        svcr_report(resolver, SVCR_DIAG_NAME_MEETS, 0, object, at, field,
                    "the name %.*s is that of a %s of %s %.*s/%.*s; this one is called %.*s-%u",
                    SVCR_ARG(pending->name), what, kind, SVCR_ARG(keeper->owner->namespace_),
                    SVCR_ARG(keeper->owner->name), SVCR_ARG(pending->name), suffix);
    } else {
        svcr_report(
            resolver, SVCR_DIAG_NAME_MEETS, 0, object, at, field,
            "the name %.*s is written by %s %.*s/%.*s too, whose %s takes the place of this "
            "one",
            SVCR_ARG(pending->name), kind, SVCR_ARG(keeper->owner->namespace_),
            SVCR_ARG(keeper->owner->name), what);
    }
}

static void report_meetings(struct settling *settling, const struct pending *pending,
                            const struct shape *shape)
{
    struct svcr_resolver *resolver = settling->resolver;
    resolver->object = NULL;
    resolver->report = &resolver->unit_diags;
    const struct svcr_claim *keeper = shape->claims[shape->claim_of[0]];
    for (uint32_t i = 1; i < shape->num_entries; i++) {
        report_meeting(settling, pending, shape->claims[shape->claim_of[i]], keeper,
                       shape->suffix_of[i]);
    }
    for (uint32_t i = 0; i < shape->num_claims; i++) {
        if (shape->entry_of[i] == UINT32_MAX) {
            report_meeting(settling, pending, shape->claims[i], keeper, 0);
        }
    }
}

/* ---- packing ---- */

static size_t suffix_size(uint32_t suffix)
{
    size_t size = suffix != 0 ? 1 : 0;
    for (; suffix != 0; suffix /= 10) {
        size++;
    }
    return size;
}

static void suffix_write(char *end, uint32_t suffix)
{
    for (; suffix != 0; suffix /= 10) {
        *--end = (char)('0' + suffix % 10);
    }
    *--end = '-';
}

static void entries_pack(struct svcr_group *group, const struct shape *shape,
                         struct svcr_pack *pack)
{
    group->num_entries = shape->num_entries;
    for (uint32_t i = 0; i < shape->num_entries; i++) {
        svcr_text name = group->name;
        if (shape->suffix_of[i] != 0) {
            size_t size = suffix_size(shape->suffix_of[i]);
            name = svcr_pack_text(pack, group->name);
            pack->at += size;
            name.size += size;
            suffix_write(pack->at, shape->suffix_of[i]);
        }
        group->entries[i] = (struct svcr_entry){shape->claims[shape->claim_of[i]]->thing, name};
    }
}

/* Makes the block of a group; the diagnostics in unit_diags become its own. */
static struct svcr_group *group_pack(struct svcr_resolver *resolver, const struct pending *pending,
                                     const struct shape *shape)
{
    struct svcr_list_of *diags = &resolver->unit_diags;
    size_t claims = shape->num_claims * sizeof(struct svcr_claim);
    size_t entries = shape->num_entries * sizeof(struct svcr_entry);
    size_t records = diags->num * sizeof(void *);
    size_t texts = pending->name.size;
    for (uint32_t i = 0; i < shape->num_entries; i++) {
        size_t suffix = suffix_size(shape->suffix_of[i]);
        texts += suffix != 0 ? pending->name.size + suffix : 0;
    }
    struct svcr_group *group = svcr_block_new(resolver->context, SVCR_BLOCK_GROUP,
                                              sizeof(*group) + claims + entries + records + texts);
    if (group == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    char *at = (char *)(group + 1);
    struct svcr_pack pack = {at + claims + entries + records};
    group->head.hash = pending->hash;
    group->name = svcr_pack_text(&pack, pending->name);
    group->claims = (struct svcr_claim *)(void *)at;
    group->entries = (struct svcr_entry *)(void *)(at + claims);
    group->diags = (struct svcr_diag **)(void *)(at + claims + entries);
    for (uint32_t i = 0; i < shape->num_claims; i++) {
        group->claims[i] = *shape->claims[i];
        group->claims[i].entry = shape->entry_of[i];
        svcr_block_ref(group->claims[i].owner);
        svcr_block_ref(group->claims[i].thing);
    }
    group->num_claims = shape->num_claims;
    entries_pack(group, shape, &pack);
    for (size_t i = 0; i < diags->num; i++) {
        group->diags[i] = diags->items[i];
    }
    group->num_diags = (uint32_t)diags->num;
    diags->num = 0;
    return group;
}

static bool group_put(struct settling *settling, struct pending *pending, const struct shape *shape)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_group *group = resolver->error == 0 ? group_pack(resolver, pending, shape) : NULL;
    if (group == NULL) {
        return false;
    }
    int error = svcr_trie_put(resolver->context, settling->trie, &group->head, svcr_group_match,
                              &pending->name);
    svcr_block_unref(resolver->context, group);
    if (error != 0) {
        return svcr_fail(resolver, error);
    }
    pending->after = group;
    return true;
}

/* ---- the steps ---- */

/* Makes the group of a pending name; several entries are named later, when all names in use are
 * known. */
static bool pending_make(struct settling *settling, struct pending *pending)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct shape shape = {0};
    if (!shape_make(settling, pending, &shape)) {
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
        report_meetings(settling, pending, &shape);
    }
    return group_put(settling, pending, &shape);
}

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

/* Looks again at groups whose suffixed names a name that came or went could touch. */
static bool pending_widen(struct settling *settling)
{
    size_t num = settling->pendings.num;
    for (size_t i = 0; i < num; i++) {
        const struct pending *pending = settling->pendings.items[i];
        svcr_text base = suffix_base(pending->name);
        if ((pending->before == NULL) == (pending->after == NULL) || base.size == 0) {
            continue;
        }
        uint64_t hash = svcr_name_hash(settling->resolver->context, base);
        struct svcr_group *group = (struct svcr_group *)(void *)svcr_trie_get(
            settling->trie, hash, svcr_group_match, &base);
        if (group == NULL || group->num_entries < 2) {
            continue;
        }
        struct pending *touched = pending_get(settling, hash, group->name);
        if (touched == NULL) {
            return false;
        }
        touched->after = group;
    }
    return true;
}

static bool name_used(struct settling *settling, svcr_text base, uint32_t suffix)
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
static bool pending_name(struct settling *settling, struct pending *pending)
{
    struct shape shape = {0};
    if (!shape_make(settling, pending, &shape)) {
        return false;
    }
    uint32_t suffix = 1;
    for (uint32_t i = 1; i < shape.num_entries; i++) {
        do {
            suffix++;
        } while (name_used(settling, pending->name, suffix));
        shape.suffix_of[i] = suffix;
    }
    report_meetings(settling, pending, &shape);
    return group_put(settling, pending, &shape);
}

static void hand_over_diags(struct settling *settling)
{
    for (size_t i = 0; i < settling->pendings.num; i++) {
        const struct pending *pending = settling->pendings.items[i];
        for (uint32_t j = 0; pending->after != NULL && j < pending->after->num_diags; j++) {
            svcr_diags_put(settling->resolver->diags, pending->after->diags[j]);
        }
    }
}

static bool settle(struct settling *settling)
{
    bool good = settling_open(settling) && gather(settling);
    for (size_t i = 0; good && i < settling->pendings.num; i++) {
        good = pending_make(settling, settling->pendings.items[i]);
    }
    if (good && !settling->resolver->traefik) {
        good = pending_widen(settling);
        for (size_t i = 0; good && i < settling->pendings.num; i++) {
            struct pending *pending = settling->pendings.items[i];
            if (pending->after != NULL && pending->after->num_entries > 1) {
                good = pending_name(settling, pending);
            }
        }
    }
    if (good) {
        hand_over_diags(settling);
    }
    svcr_list_free(settling->resolver, &settling->pendings);
    return good && settling->resolver->error == 0;
}

bool svcr_names_settle(struct svcr_resolver *resolver)
{
    struct svcroute_table *table = resolver->table;
    struct settling routes = {.resolver = resolver,
                              .trie = &table->routes,
                              .num_entries = &table->num_routes,
                              .routes = true};
    struct settling services = {
        .resolver = resolver, .trie = &table->services, .num_entries = &table->num_services};
    return settle(&routes) && settle(&services);
}
