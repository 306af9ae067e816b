/* The table: lifetime, looking things up, listings. */
#include "resolve/table.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/normalize.h"
#include "resolve/sort.h"

struct svcroute_table *svcroute_table_ref(struct svcroute_table *table)
{
    if (table != NULL) {
        svcr_refs_take(&table->refs);
    }
    return table;
}

void svcroute_table_unref(struct svcroute_table *table)
{
    if (table == NULL || !svcr_refs_drop(&table->refs)) {
        return;
    }
    struct svcroute_context *context = table->context;
    svcr_trie_clear(context, &table->services);
    svcr_index_clear(context, &table->rules);
    svcr_trie_clear(context, &table->routes);
    svcr_trie_clear(context, &table->units);
    svcroute_policy_free(table->policy);
    svcr_store_identity_unref(context, table->identity);
    svcr_release(context, table, sizeof(*table));
    svcroute_context_unref(context);
}

uint32_t svcroute_table_get_profile(const struct svcroute_table *table)
{
    return table != NULL ? table->policy->profile : SVCROUTE_PROFILE_DEFAULT;
}

uint64_t svcroute_table_get_store_version(const struct svcroute_table *table)
{
    return table != NULL ? table->version : 0;
}

size_t svcroute_table_num_routes(const struct svcroute_table *table)
{
    return table != NULL ? table->num_routes : 0;
}

size_t svcroute_table_num_services(const struct svcroute_table *table)
{
    return table != NULL ? table->num_services : 0;
}

/* ---- keys ---- */

bool svcr_unit_match(const struct svcr_block *unit, const void *key)
{
    const struct svcr_owner *there = ((const struct svcr_unit *)(const void *)unit)->owner;
    const struct svcr_owner *owner = key;
    return there == owner || (there->kind == owner->kind && there->generated == owner->generated &&
                              svcr_text_same(there->name, owner->name) &&
                              svcr_text_same(there->namespace_, owner->namespace_));
}

bool svcr_group_match(const struct svcr_block *group, const void *name)
{
    return svcr_text_same(((const struct svcr_group *)(const void *)group)->name,
                          *(const svcr_text *)name);
}

bool svcr_group_same_key(const struct svcr_block *a, const struct svcr_block *b)
{
    return svcr_group_match(a, &((const struct svcr_group *)(const void *)b)->name);
}

static struct svcr_owner owner_of_key(struct svcr_entity_key key)
{
    return (struct svcr_owner){.kind = key.kind,
                               .generated = key.generated,
                               .namespace_ = key.namespace_,
                               .name = key.name};
}

struct svcr_owner svcr_owner_of(const struct svcr_object *object)
{
    return owner_of_key(svcr_object_key(object));
}

struct svcr_owner svcr_owner_of_entity(const struct svcr_entity *entity)
{
    return owner_of_key(svcr_entity_key(entity));
}

/* ---- finding ---- */

struct svcr_unit *svcr_unit_find(const struct svcroute_table *table, const struct svcr_owner *owner)
{
    if (table == NULL) {
        return NULL;
    }
    return (struct svcr_unit *)(void *)svcr_trie_get(
        &table->units, svcr_owner_hash(table->context, owner), svcr_unit_match, owner);
}

struct svcr_group *svcr_group_find(const struct svcroute_table *table, const struct svcr_trie *trie,
                                   svcr_text name)
{
    return (struct svcr_group *)(void *)svcr_trie_get(trie, svcr_name_hash(table->context, name),
                                                      svcr_group_match, &name);
}

/* Order of the entries of one group, by suffixes: the one without first. */
static int suffix_order(svcr_text a, svcr_text b)
{
    return a.size != b.size ? (a.size < b.size ? -1 : 1) : svcr_text_compare(a, b);
}

bool svcr_entry_pairs_next(struct svcr_entry_pairs *pairs, const struct svcr_entry **older,
                           const struct svcr_entry **newer)
{
    const struct svcr_group *a = pairs->older;
    const struct svcr_group *b = pairs->newer;
    bool has_older = a != NULL && pairs->num_older < a->num_entries;
    bool has_newer = b != NULL && pairs->num_newer < b->num_entries;
    if (has_older && has_newer) {
        int order =
            suffix_order(a->entries[pairs->num_older].name, b->entries[pairs->num_newer].name);
        has_older = order <= 0;
        has_newer = order >= 0;
    }
    *older = has_older ? &a->entries[pairs->num_older++] : NULL;
    *newer = has_newer ? &b->entries[pairs->num_newer++] : NULL;
    return has_older || has_newer;
}

/* Entries stand in the order of their suffixes, the one without first; so do their names, by size
 * and then as bytes. */
static const struct svcr_entry *entry_in(const struct svcr_group *group, svcr_text name)
{
    uint32_t low = 0;
    uint32_t high = group != NULL ? group->num_entries : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = suffix_order(group->entries[middle].name, name);
        if (order == 0) {
            return &group->entries[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

const struct svcr_entry *svcr_entry_find(const struct svcroute_table *table,
                                         const struct svcr_trie *trie, svcr_text name)
{
    const struct svcr_entry *entry = entry_in(svcr_group_find(table, trie, name), name);
    size_t dash = name.size;
    while (entry == NULL && dash != 0 && name.data[dash - 1] >= '0' && name.data[dash - 1] <= '9') {
        dash--;
    }
    if (entry == NULL && dash > 1 && name.data[dash - 1] == '-') { /* perhaps "<base>-<k>" */
        entry = entry_in(svcr_group_find(table, trie, (svcr_text){name.data, dash - 1}), name);
    }
    return entry;
}

const struct svcroute_route *svcroute_table_find_route(const struct svcroute_table *table,
                                                       struct svcroute_text name)
{
    return table != NULL ? (const void *)svcr_entry_find(table, &table->routes, name) : NULL;
}

const struct svcroute_service *svcroute_table_find_service(const struct svcroute_table *table,
                                                           struct svcroute_text name)
{
    return table != NULL ? (const void *)svcr_entry_find(table, &table->services, name) : NULL;
}

static svcr_text namespace_or_default(svcr_text namespace_)
{
    return namespace_.size != 0 ? namespace_ : SVCR_TEXT("default");
}

/* Where a claim stands among those of its object: a route by its rule, a service by its place. */
static uint32_t claim_number(const struct svcr_claim *claim)
{
    return claim->thing->kind == &svcr_route_kind
               ? ((const struct svcr_route *)(const void *)claim->thing)->index
               : claim->place;
}

/* The entry that the last claim of an object up to a number led to, NULL if there is none. Claims
 * stand in the order of objects and numbers. */
static const struct svcr_entry *entry_upto(const struct svcr_group *group,
                                           const struct svcr_owner *owner, uint32_t number)
{
    uint32_t low = 0;
    uint32_t high = group != NULL ? group->num_claims : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct svcr_claim *claim = &group->claims[middle];
        int order = svcr_owner_compare(claim->owner, owner);
        bool upto = order < 0 || (order == 0 && claim_number(claim) <= number);
        low = upto ? middle + 1 : low;
        high = upto ? high : middle;
    }
    const struct svcr_claim *claim = low != 0 ? &group->claims[low - 1] : NULL;
    bool there = claim != NULL && claim->entry != UINT32_MAX &&
                 (number == UINT32_MAX || claim_number(claim) == number) &&
                 svcr_owner_compare(claim->owner, owner) == 0;
    return there ? &group->entries[claim->entry] : NULL;
}

const struct svcroute_route *svcr_route_handle(const struct svcroute_table *table,
                                               const struct svcr_route *route)
{
    const struct svcr_group *group = svcr_group_find(table, &table->routes, route->base_name);
    struct svcr_owner owner = svcr_owner_of(route->object);
    return (const void *)entry_upto(group, &owner, route->index);
}

const struct svcroute_route *svcroute_table_find_route_of(const struct svcroute_table *table,
                                                          struct svcroute_text namespace_,
                                                          struct svcroute_text name,
                                                          struct svcroute_text match, size_t index)
{
    struct svcr_owner owner = {.kind = SVCROUTE_KIND_INGRESS_ROUTE,
                               .namespace_ = namespace_or_default(namespace_),
                               .name = name};
    for (int generated = 0; generated < 2; generated++) { /* then by its generateName */
        owner.generated = generated != 0;
        const struct svcr_unit *unit = svcr_unit_find(table, &owner);
        for (uint32_t i = 0; unit != NULL && i < unit->num_routes; i++) {
            const struct svcr_route *route = unit->routes[i];
            svcr_text there = svcr_object_text(route->object, route->rule->match);
            if (svcr_text_same(there, match) && index-- == 0) {
                return svcr_route_handle(table, route);
            }
        }
    }
    return NULL;
}

int svcroute_table_find_service_of(const struct svcroute_table *table,
                                   const struct svcroute_service **out, uint32_t kind,
                                   struct svcroute_text namespace_, struct svcroute_text name,
                                   struct svcroute_text port, size_t index)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (table == NULL || (kind != SVCROUTE_KIND_SERVICE && kind != SVCROUTE_KIND_TRAEFIK_SERVICE)) {
        return SVCROUTE_ERR_INVALID;
    }
    svcr_text parts[3] = {namespace_or_default(namespace_), name, port};
    struct svcr_buffer text;
    svcr_buffer_init(&text, table->context);
    svcr_normalize(&text, parts, port.size != 0 ? 3 : 2);
    const struct svcr_group *group =
        text.failed ? NULL : svcr_group_find(table, &table->services, svcr_buffer_text(&text));
    int error = text.failed ? SVCROUTE_ERR_NOMEM : SVCROUTE_ERR_NOT_FOUND;
    for (uint32_t i = 0; group != NULL && i < group->num_entries && *out == NULL; i++) {
        const struct svcroute_service *entry = (const void *)&group->entries[i];
        const struct svcr_tree_service *service = svcr_entry_service(entry);
        if (service->kind == kind && !service->own_of_route &&
            svcr_text_same(service->namespace_, parts[0]) && svcr_text_same(service->name, name) &&
            svcr_text_same(service->port, port) && index-- == 0) {
            *out = entry;
        }
    }
    svcr_buffer_free(&text);
    return *out != NULL ? 0 : error;
}

/* ---- following references ---- */

/* A service of the unit that refers to it. */
static const struct svcr_entry *own_entry(const struct svcr_group *group,
                                          const struct svcr_child *child)
{
    struct svcr_owner owner = svcr_owner_of(child->service->object);
    return entry_upto(group, &owner, child->written);
}

/* A child of another unit: the entry of that TraefikService, which writes its own service last. */
static const struct svcr_entry *tree_entry(const struct svcr_group *group,
                                           const struct svcr_child *child)
{
    struct svcr_owner owner = {.kind = SVCROUTE_KIND_TRAEFIK_SERVICE,
                               .namespace_ = child->namespace_,
                               .name = child->target};
    const struct svcr_entry *entry = entry_upto(group, &owner, UINT32_MAX);
    bool tree = entry != NULL &&
                svcr_entry_service((const void *)entry)->kind == SVCROUTE_KIND_TRAEFIK_SERVICE;
    return tree ? entry : NULL;
}

const struct svcroute_service *svcr_child_service(const struct svcroute_table *table,
                                                  const struct svcr_child *child)
{
    const struct svcr_group *group = svcr_group_find(table, &table->services, child->name);
    if (group == NULL || child->kind == 0) {
        return NULL;
    }
    /* By name, whoever has it; but where a namespace is written, names that join alike must not
     * lead to another one (default). */
    if (table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3 ||
        (child->kind == SVCR_CHILD_PROVIDER && child->namespace_.size == 0)) {
        return (const void *)&group->entries[0];
    }
    return (const void *)(child->kind == SVCR_CHILD_OWN ? own_entry(group, child)
                                                        : tree_entry(group, child));
}

svcr_text svcr_child_name(const struct svcroute_table *table, const struct svcr_child *child)
{
    const struct svcroute_service *service = svcr_child_service(table, child);
    return service != NULL ? service->entry.name : child->name;
}

/* The object that lends the parent of an index; *rule: which of its rules that is. */
static const struct svcr_ingress_route *parent_object(const struct svcr_parents *parents,
                                                      uint32_t index, uint32_t *rule)
{
    uint32_t low = 0;
    uint32_t high = parents->num_objects; /* the last that begins at or ahead of the index */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (parents->items[middle].first <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *rule = index - parents->items[low].first;
    return (const struct svcr_ingress_route *)(const void *)parents->items[low].object;
}

svcr_text svcr_parent_base_name(const struct svcr_parents *parents, uint32_t index)
{
    uint32_t rule;
    const struct svcr_ingress_route *object = parent_object(parents, index, &rule);
    const struct svcr_rule *rules = svcr_object_items(object, object->rules);
    return svcr_object_text(object, rules[rule].router);
}

static svcr_text rule_scope(const struct svcr_object *object, const struct svcr_rule *rule,
                            bool by_name)
{
    svcr_text scope = svcr_object_text(object, rule->router);
    scope.size = by_name ? scope.size : rule->own_size;
    return scope;
}

svcr_text svcr_parent_scope(const struct svcr_parents *parents, uint32_t index)
{
    uint32_t rule;
    const struct svcr_ingress_route *object = parent_object(parents, index, &rule);
    const struct svcr_rule *rules = svcr_object_items(object, object->rules);
    return rule_scope(&object->head, &rules[rule], parents->by_name);
}

svcr_text svcr_route_scope(const struct svcroute_table *table, const struct svcr_route *route)
{
    return rule_scope(route->object, route->rule,
                      table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3);
}

const struct svcroute_route *svcr_parent_route(const struct svcroute_table *table,
                                               const struct svcr_parents *parents, uint32_t index)
{
    uint32_t rule;
    struct svcr_owner owner = svcr_owner_of(&parent_object(parents, index, &rule)->head);
    svcr_text name = svcr_parent_base_name(parents, index);
    const struct svcr_group *group = svcr_group_find(table, &table->routes, name);
    if (parents->by_name) {
        return group != NULL && group->num_entries != 0 ? (const void *)&group->entries[0] : NULL;
    }
    return (const void *)entry_upto(group, &owner, rule);
}

svcr_text svcr_parent_name(const struct svcroute_table *table, const struct svcr_parents *parents,
                           uint32_t index)
{
    const struct svcroute_route *route = svcr_parent_route(table, parents, index);
    return route != NULL ? route->entry.name : svcr_parent_base_name(parents, index);
}

/* ---- listings ---- */

struct filling {
    const struct svcr_entry **items;
    size_t num;
};

static bool fill(void *user, struct svcr_block *block)
{
    struct filling *filling = user;
    const struct svcr_group *group = (const struct svcr_group *)(void *)block;
    for (uint32_t i = 0; i < group->num_entries; i++) {
        filling->items[filling->num++] = &group->entries[i];
    }
    return true;
}

static int name_order(const void *a, const void *b)
{
    return svcr_text_compare(((const struct svcr_entry *)a)->name,
                             ((const struct svcr_entry *)b)->name);
}

const struct svcr_entry **svcr_entries_sorted(const struct svcroute_table *table,
                                              const struct svcr_trie *trie, size_t num)
{
    size_t bytes = (num + 1) * sizeof(void *);
    struct filling filling = {svcr_alloc(table->context, bytes), 0};
    const void **scratch = svcr_alloc(table->context, bytes);
    if (filling.items == NULL || scratch == NULL) {
        svcr_release(table->context, (void *)filling.items, bytes);
        filling.items = NULL;
    } else {
        svcr_trie_walk(trie, fill, &filling);
        svcr_sort((const void **)(void *)filling.items, scratch, filling.num, name_order);
    }
    svcr_release(table->context, (void *)scratch, bytes);
    return filling.items;
}

struct svcroute_listing {
    struct svcroute_table *table;
    const struct svcr_entry **items;
    size_t num;
    uint32_t of;
};

int svcroute_listing_new(struct svcroute_listing **out, struct svcroute_table *table, uint32_t of)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (table == NULL || (of != SVCROUTE_LISTING_ROUTES && of != SVCROUTE_LISTING_SERVICES)) {
        return SVCROUTE_ERR_INVALID;
    }
    bool routes = of == SVCROUTE_LISTING_ROUTES;
    struct svcroute_listing *listing = svcr_zalloc(table->context, sizeof(*listing));
    if (listing == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    listing->num = routes ? table->num_routes : table->num_services;
    listing->items =
        svcr_entries_sorted(table, routes ? &table->routes : &table->services, listing->num);
    if (listing->items == NULL) {
        svcr_release(table->context, listing, sizeof(*listing));
        return SVCROUTE_ERR_NOMEM;
    }
    listing->table = svcroute_table_ref(table);
    listing->of = of;
    *out = listing;
    return 0;
}

void svcroute_listing_free(struct svcroute_listing *listing)
{
    if (listing == NULL) {
        return;
    }
    struct svcroute_table *table = listing->table;
    svcr_release(table->context, (void *)listing->items, (listing->num + 1) * sizeof(void *));
    svcr_release(table->context, listing, sizeof(*listing));
    svcroute_table_unref(table);
}

size_t svcroute_listing_num(const struct svcroute_listing *listing)
{
    return listing != NULL ? listing->num : 0;
}

const struct svcroute_route *svcroute_listing_get_route(const struct svcroute_listing *listing,
                                                        size_t index)
{
    bool there = listing != NULL && listing->of == SVCROUTE_LISTING_ROUTES && index < listing->num;
    return there ? (const void *)listing->items[index] : NULL;
}

const struct svcroute_service *svcroute_listing_get_service(const struct svcroute_listing *listing,
                                                            size_t index)
{
    bool there =
        listing != NULL && listing->of == SVCROUTE_LISTING_SERVICES && index < listing->num;
    return there ? (const void *)listing->items[index] : NULL;
}

/* ---- diagnostics ---- */

struct gathering {
    const struct svcroute_table *table;
    const void **items; /* NULL: only count */
    size_t num;
};

static bool gather_unit(void *user, struct svcr_block *block)
{
    struct gathering *gathering = user;
    if (svcr_unit_speaks((const struct svcr_unit *)(void *)block)) {
        if (gathering->items != NULL) {
            gathering->items[gathering->num] = block;
        }
        gathering->num++;
    }
    return true;
}

static bool gather_group(void *user, struct svcr_block *block)
{
    struct gathering *gathering = user;
    if (((const struct svcr_group *)(void *)block)->num_diags != 0) {
        if (gathering->items != NULL) {
            gathering->items[gathering->num] = block;
        }
        gathering->num++;
    }
    return true;
}

static int unit_order(const void *a, const void *b)
{
    return svcr_owner_compare(((const struct svcr_unit *)a)->owner,
                              ((const struct svcr_unit *)b)->owner);
}

static int group_order(const void *a, const void *b)
{
    return svcr_text_compare(((const struct svcr_group *)a)->name,
                             ((const struct svcr_group *)b)->name);
}

/* Sorts the blocks of a trie that have something to say, and lets `put` say it. */
static int gather_sorted(const struct svcroute_table *table, const struct svcr_trie *trie,
                         svcr_trie_visit *visit, svcr_order *order,
                         void (*put)(const void *block, struct svcroute_diags *diags),
                         struct svcroute_diags *diags)
{
    struct gathering gathering = {.table = table};
    svcr_trie_walk(trie, visit, &gathering);
    size_t bytes = 2 * gathering.num * sizeof(void *);
    if (gathering.num == 0) {
        return 0;
    }
    gathering.items = svcr_alloc(table->context, bytes);
    if (gathering.items == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    gathering.num = 0;
    svcr_trie_walk(trie, visit, &gathering);
    svcr_sort(gathering.items, gathering.items + gathering.num, gathering.num, order);
    for (size_t i = 0; i < gathering.num; i++) {
        put(gathering.items[i], diags);
    }
    svcr_release(table->context, (void *)gathering.items, bytes);
    return 0;
}

static void put_unit(const void *block, struct svcroute_diags *diags)
{
    svcr_unit_put_diags(block, diags);
}

static void put_group(const void *block, struct svcroute_diags *diags)
{
    const struct svcr_group *group = block;
    for (uint32_t i = 0; i < group->num_diags; i++) {
        svcr_diags_put(diags, group->diags[i]);
    }
}

int svcroute_table_get_diags(const struct svcroute_table *table, struct svcroute_diags *diags)
{
    if (table == NULL || diags == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = gather_sorted(table, &table->units, gather_unit, unit_order, put_unit, diags);
    if (error == 0) {
        error = gather_sorted(table, &table->routes, gather_group, group_order, put_group, diags);
    }
    if (error == 0) {
        error = gather_sorted(table, &table->services, gather_group, group_order, put_group, diags);
    }
    return error;
}
