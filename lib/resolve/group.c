/* Groups: the claims to one name in their order, the entries that they make, and the block that
 * holds both. When a group is due, names.c says. */
#include "resolve/names.h"

#include <svcroute/error.h>

#include "base/memory.h"
#include "resolve/sort.h"
#include "resolve/table.h"

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
static const void **changes_sorted(struct svcr_resolver *resolver, const struct svcr_change *list,
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
                                              const struct svcr_pending *pending, uint32_t *num)
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

static const struct svcr_tree_service *claimed(const struct svcr_claim *claim)
{
    return (const struct svcr_tree_service *)(const void *)claim->thing;
}

/* Finds for every claim the entry with the same tuple, by a hash table over the entries. */
static bool entries_by_tuple(struct svcr_resolver *resolver, struct svcr_shape *shape)
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

bool svcr_shape_make(struct svcr_settling *settling, const struct svcr_pending *pending,
                     struct svcr_shape *shape)
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
static struct svcr_object *claim_spot(const struct svcr_settling *settling,
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

static void report_meeting(struct svcr_settling *settling, const struct svcr_pending *pending,
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

void svcr_shape_report(struct svcr_settling *settling, const struct svcr_pending *pending,
                       const struct svcr_shape *shape)
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

static void entries_pack(struct svcr_group *group, const struct svcr_shape *shape,
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
static struct svcr_group *group_pack(const struct svcr_settling *settling,
                                     const struct svcr_pending *pending,
                                     const struct svcr_shape *shape)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_list_of *diags = &resolver->unit_diags;
    size_t claims = shape->num_claims * sizeof(struct svcr_claim);
    size_t entries = shape->num_entries * sizeof(struct svcr_entry);
    size_t records = diags->num * sizeof(void *);
    size_t texts = 0;
    for (uint32_t i = 0; i < shape->num_entries; i++) {
        size_t suffix = suffix_size(shape->suffix_of[i]);
        texts += suffix != 0 ? pending->name.size + suffix : 0;
    }
    struct svcr_group *group = svcr_block_new(resolver->context, &svcr_group_kind,
                                              sizeof(*group) + claims + entries + records + texts);
    if (group == NULL) {
        svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
        return NULL;
    }
    char *at = (char *)(group + 1);
    struct svcr_pack pack = {at + claims + entries + records};
    group->head.hash = pending->hash;
    group->name = svcr_thing_name(settling, shape->claims[0]->thing);
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

bool svcr_group_put(struct svcr_settling *settling, struct svcr_pending *pending,
                    const struct svcr_shape *shape)
{
    struct svcr_resolver *resolver = settling->resolver;
    struct svcr_group *group = resolver->error == 0 ? group_pack(settling, pending, shape) : NULL;
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
