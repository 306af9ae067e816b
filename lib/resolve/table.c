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
    return there == owner ||
           (there->kind == owner->kind && svcr_text_same(there->name, owner->name) &&
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

int svcr_owner_compare(const struct svcr_owner *a, const struct svcr_owner *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int order = svcr_text_compare(a->namespace_, b->namespace_);
    return order != 0 ? order : svcr_text_compare(a->name, b->name);
}

/* ---- finding ---- */

struct svcr_unit *svcr_unit_find(const struct svcroute_table *table, uint32_t kind,
                                 svcr_text namespace_, svcr_text name)
{
    if (table == NULL) {
        return NULL;
    }
    struct svcr_owner key = {.kind = kind, .namespace_ = namespace_, .name = name};
    uint64_t hash = svcr_owner_hash(table->context, kind, namespace_, name);
    return (struct svcr_unit *)(void *)svcr_trie_get(&table->units, hash, svcr_unit_match, &key);
}

struct svcr_group *svcr_group_find(const struct svcroute_table *table, const struct svcr_trie *trie,
                                   svcr_text name)
{
    return (struct svcr_group *)(void *)svcr_trie_get(trie, svcr_name_hash(table->context, name),
                                                      svcr_group_match, &name);
}

static const struct svcr_entry *entry_in(const struct svcr_group *group, svcr_text name)
{
    for (uint32_t i = 0; group != NULL && i < group->num_entries; i++) {
        if (svcr_text_same(group->entries[i].name, name)) {
            return &group->entries[i];
        }
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

/* The entry that a claim of this thing led to. */
static const struct svcr_entry *entry_of(const struct svcr_group *group,
                                         const struct svcr_block *thing)
{
    for (uint32_t i = 0; group != NULL && i < group->num_claims; i++) {
        const struct svcr_claim *claim = &group->claims[i];
        if (claim->thing == thing) {
            return claim->entry != UINT32_MAX ? &group->entries[claim->entry] : NULL;
        }
    }
    return NULL;
}

const struct svcroute_route *svcr_route_handle(const struct svcroute_table *table,
                                               const struct svcr_route *route)
{
    const struct svcr_group *group = svcr_group_find(table, &table->routes, route->base_name);
    return (const void *)entry_of(group, &route->head);
}

static const struct svcr_unit *route_unit(const struct svcroute_table *table, svcr_text namespace_,
                                          svcr_text name)
{
    const struct svcr_unit *unit =
        svcr_unit_find(table, SVCROUTE_KIND_INGRESS_ROUTE, namespace_, name);
    char key[256]; /* an object with a generateName alone is stored under "\0" and that name */
    if (unit != NULL || name.size >= sizeof(key)) {
        return unit;
    }
    key[0] = '\0';
    if (name.size != 0) {
        memcpy(key + 1, name.data, name.size);
    }
    return svcr_unit_find(table, SVCROUTE_KIND_INGRESS_ROUTE, namespace_,
                          (svcr_text){key, name.size + 1});
}

const struct svcroute_route *svcroute_table_find_route_of(const struct svcroute_table *table,
                                                          struct svcroute_text namespace_,
                                                          struct svcroute_text name,
                                                          struct svcroute_text match, size_t index)
{
    const struct svcr_unit *unit = route_unit(table, namespace_or_default(namespace_), name);
    for (uint32_t i = 0; unit != NULL && i < unit->num_routes; i++) {
        const struct svcr_route *route = unit->routes[i];
        if (!svcr_text_same(svcr_object_text(route->object, route->rule->match), match)) {
            continue;
        }
        if (index-- == 0) {
            return svcr_route_handle(table, route);
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

/* A child of another unit: the entry of that TraefikService. */
static const struct svcr_entry *tree_entry(const struct svcr_group *group,
                                           const struct svcr_child *child)
{
    for (uint32_t i = 0; group != NULL && i < group->num_entries; i++) {
        const struct svcr_tree_service *service =
            svcr_entry_service((const void *)&group->entries[i]);
        if (service->kind == SVCROUTE_KIND_TRAEFIK_SERVICE && !service->own_of_route &&
            svcr_text_same(service->namespace_, child->namespace_) &&
            svcr_text_same(service->name, child->target)) {
            return &group->entries[i];
        }
    }
    return NULL;
}

const struct svcroute_service *svcr_child_service(const struct svcroute_table *table,
                                                  const struct svcr_child *child)
{
    const struct svcr_group *group = svcr_group_find(table, &table->services, child->name);
    if (group == NULL || child->kind == 0) {
        return NULL;
    }
    if (table->policy->profile == SVCROUTE_PROFILE_TRAEFIK_V3 ||
        child->kind == SVCR_CHILD_PROVIDER) { /* by name, whoever has it */
        return (const void *)&group->entries[0];
    }
    return (const void *)(child->kind == SVCR_CHILD_OWN ? entry_of(group, &child->service->head)
                                                        : tree_entry(group, child));
}

svcr_text svcr_child_name(const struct svcroute_table *table, const struct svcr_child *child)
{
    const struct svcroute_service *service = svcr_child_service(table, child);
    return service != NULL ? service->entry.name : child->name;
}

svcr_text svcr_parent_name(const struct svcroute_table *table, const struct svcr_parent *parent)
{
    const struct svcr_group *group = svcr_group_find(table, &table->routes, parent->name);
    for (uint32_t i = 0; group != NULL && i < group->num_entries; i++) {
        const struct svcr_route *route = svcr_entry_route((const void *)&group->entries[i]);
        if (route->object == parent->object && route->index == parent->rule) {
            return group->entries[i].name;
        }
    }
    return parent->name;
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
