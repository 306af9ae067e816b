/* Changes: what differs between two tables. The tries skip what the tables share; groups that
 * differ are compared entry by entry, by name.
 *
 * A name with a suffix may pass from one service to another, and whoever refers to either tells
 * another name then, though its own group is shared. Where a group that differs has such names, all
 * entries of the tables are compared by name instead; so they are when the tables hash names
 * differently. */
#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "resolve/sort.h"
#include "resolve/table.h"

struct difference {
    const struct svcr_entry *older, *newer;
    uint32_t of;
};

struct svcroute_changes {
    struct svcroute_context *context; /* of one of the tables, which are referenced */
    struct svcroute_table *older, *newer;
    struct difference *items;
    size_t num, capacity, next;
};

struct comparing {
    struct svcroute_changes *changes;
    uint32_t of;
    int error;
    bool suffixes;                      /* a group that differs has names with suffixes */
    const struct svcroute_table *other; /* where by-name comparing looks names up; NULL: nothing */
    bool other_is_newer;
};

static bool add(struct comparing *comparing, const struct svcr_entry *older,
                const struct svcr_entry *newer)
{
    struct svcroute_changes *changes = comparing->changes;
    void *items = changes->items;
    comparing->error = svcr_array_reserve(changes->context, &items, &changes->capacity,
                                          changes->num + 1, sizeof(*changes->items));
    changes->items = items;
    if (comparing->error != 0) {
        return false;
    }
    changes->items[changes->num++] = (struct difference){older, newer, comparing->of};
    return true;
}

/* ---- one route or service ---- */

static bool route_equal(const struct svcroute_changes *changes, const struct svcr_route *a,
                        const struct svcr_route *b)
{
    uint32_t num_a = a->parents != NULL ? a->parents->num : 0;
    uint32_t num_b = b->parents != NULL ? b->parents->num : 0;
    bool same = num_a == num_b && svcr_route_equal(a, b) &&
                svcr_text_same(svcr_child_name(changes->older, &a->child),
                               svcr_child_name(changes->newer, &b->child));
    for (uint32_t i = 0; same && i < num_a; i++) {
        same = svcr_text_same(svcr_parent_name(changes->older, a->parents, i),
                              svcr_parent_name(changes->newer, b->parents, i));
    }
    return same;
}

static bool service_equal(const struct svcroute_changes *changes, const struct svcr_tree_service *a,
                          const struct svcr_tree_service *b)
{
    bool same = a->num_children == b->num_children && svcr_tree_service_equal(a, b);
    for (uint32_t i = 0; same && i < a->num_children; i++) {
        const struct svcr_child *left = &a->children[i];
        const struct svcr_child *right = &b->children[i];
        same = left->role == right->role && left->weight == right->weight &&
               left->percent == right->percent &&
               svcr_text_same(svcr_child_name(changes->older, left),
                              svcr_child_name(changes->newer, right));
    }
    return same;
}

static bool entry_equal(const struct comparing *comparing, const struct svcr_entry *a,
                        const struct svcr_entry *b)
{
    if (comparing->of == SVCROUTE_LISTING_ROUTES) {
        return route_equal(comparing->changes, svcr_entry_route((const void *)a),
                           svcr_entry_route((const void *)b));
    }
    return service_equal(comparing->changes, svcr_entry_service((const void *)a),
                         svcr_entry_service((const void *)b));
}

/* ---- by tries ---- */

static bool differ(void *user, struct svcr_block *older, struct svcr_block *newer)
{
    struct comparing *comparing = user;
    const struct svcr_group *a = (const struct svcr_group *)(void *)older;
    const struct svcr_group *b = (const struct svcr_group *)(void *)newer;
    if ((a != NULL && a->num_entries > 1) || (b != NULL && b->num_entries > 1)) {
        comparing->suffixes = true;
        return false;
    }
    const struct svcr_entry *left = a != NULL ? &a->entries[0] : NULL;
    const struct svcr_entry *right = b != NULL ? &b->entries[0] : NULL;
    return (left != NULL && right != NULL && entry_equal(comparing, left, right)) ||
           add(comparing, left, right);
}

static const struct svcr_trie *trie_of(const struct svcroute_table *table, uint32_t of)
{
    static const struct svcr_trie nothing;
    if (table == NULL) {
        return &nothing;
    }
    return of == SVCROUTE_LISTING_ROUTES ? &table->routes : &table->services;
}

static void compare_tries(struct comparing *comparing)
{
    const struct svcroute_changes *changes = comparing->changes;
    for (uint32_t of = SVCROUTE_LISTING_ROUTES;
         of <= SVCROUTE_LISTING_SERVICES && comparing->error == 0 && !comparing->suffixes; of++) {
        comparing->of = of;
        svcr_trie_compare(trie_of(changes->older, of), trie_of(changes->newer, of),
                          svcr_group_same_key, differ, comparing);
    }
}

/* ---- by names ---- */

/* Every entry of the older table against what the newer one has of its name; then those that only
 * the newer one has. */
static bool visit_group(void *user, struct svcr_block *block)
{
    struct comparing *comparing = user;
    const struct svcr_group *group = (const struct svcr_group *)(void *)block;
    bool good = true;
    for (uint32_t i = 0; good && i < group->num_entries; i++) {
        const struct svcr_entry *entry = &group->entries[i];
        const struct svcr_entry *other = NULL;
        if (comparing->other != NULL) {
            other = svcr_entry_find(comparing->other, trie_of(comparing->other, comparing->of),
                                    entry->name);
        }
        if (!comparing->other_is_newer) {
            good = other != NULL || add(comparing, NULL, entry);
        } else if (other == NULL || !entry_equal(comparing, entry, other)) {
            good = add(comparing, entry, other);
        }
    }
    return good;
}

static void compare_names(struct comparing *comparing)
{
    const struct svcroute_changes *changes = comparing->changes;
    for (uint32_t of = SVCROUTE_LISTING_ROUTES;
         of <= SVCROUTE_LISTING_SERVICES && comparing->error == 0; of++) {
        comparing->of = of;
        comparing->other = changes->newer;
        comparing->other_is_newer = true;
        if (svcr_trie_walk(trie_of(changes->older, of), visit_group, comparing)) {
            comparing->other = changes->older;
            comparing->other_is_newer = false;
            svcr_trie_walk(trie_of(changes->newer, of), visit_group, comparing);
        }
    }
}

/* ---- in order ---- */

static int difference_order(const void *a, const void *b)
{
    const struct difference *left = a;
    const struct difference *right = b;
    if (left->of != right->of) {
        return left->of < right->of ? -1 : 1;
    }
    return svcr_text_compare((left->newer != NULL ? left->newer : left->older)->name,
                             (right->newer != NULL ? right->newer : right->older)->name);
}

static int sort_items(struct svcroute_changes *changes)
{
    size_t num = changes->num;
    size_t bytes = num * (2 * sizeof(void *) + sizeof(struct difference));
    if (num < 2) {
        return 0;
    }
    const void **order = svcr_alloc(changes->context, bytes);
    if (order == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct difference *copy = (struct difference *)(void *)(order + 2 * num);
    memcpy(copy, changes->items, num * sizeof(*copy));
    for (size_t i = 0; i < num; i++) {
        order[i] = &copy[i];
    }
    svcr_sort(order, order + num, num, difference_order);
    for (size_t i = 0; i < num; i++) {
        changes->items[i] = *(const struct difference *)order[i];
    }
    svcr_release(changes->context, (void *)order, bytes);
    return 0;
}

static int compare(struct svcroute_changes *changes)
{
    const struct svcroute_table *a = changes->older;
    const struct svcroute_table *b = changes->newer;
    struct comparing comparing = {.changes = changes};
    bool alike = a == NULL || b == NULL || a->context->hash_seed == b->context->hash_seed;
    if (alike) {
        compare_tries(&comparing);
    }
    if (comparing.error == 0 && (!alike || comparing.suffixes)) {
        changes->num = 0;
        compare_names(&comparing);
    }
    return comparing.error != 0 ? comparing.error : sort_items(changes);
}

int svcroute_changes_new(struct svcroute_changes **out, struct svcroute_table *older,
                         struct svcroute_table *newer)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    struct svcroute_table *some = newer != NULL ? newer : older;
    if (some == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_changes *changes = svcr_zalloc(some->context, sizeof(*changes));
    if (changes == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    changes->context = svcroute_context_ref(some->context);
    changes->older = svcroute_table_ref(older);
    changes->newer = svcroute_table_ref(newer);
    int error = compare(changes);
    if (error != 0) {
        svcroute_changes_free(changes);
        return error;
    }
    *out = changes;
    return 0;
}

void svcroute_changes_free(struct svcroute_changes *changes)
{
    if (changes == NULL) {
        return;
    }
    struct svcroute_context *context = changes->context;
    svcroute_table_unref(changes->older);
    svcroute_table_unref(changes->newer);
    svcr_release(context, changes->items, changes->capacity * sizeof(*changes->items));
    svcr_release(context, changes, sizeof(*changes));
    svcroute_context_unref(context);
}

size_t svcroute_changes_num(const struct svcroute_changes *changes)
{
    return changes != NULL ? changes->num : 0;
}

int svcroute_changes_next(struct svcroute_changes *changes, struct svcroute_change_info *info)
{
    int error = changes == NULL || info == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_change_info, of));
    if (error != 0) {
        return error;
    }
    if (changes->next == changes->num) {
        return SVCROUTE_ERR_END;
    }
    const struct difference *item = &changes->items[changes->next++];
    bool routes = item->of == SVCROUTE_LISTING_ROUTES;
    struct svcroute_change_info own = {
        .name = (item->newer != NULL ? item->newer : item->older)->name,
        .old_route = routes ? (const void *)item->older : NULL,
        .new_route = routes ? (const void *)item->newer : NULL,
        .old_service = routes ? NULL : (const void *)item->older,
        .new_service = routes ? NULL : (const void *)item->newer,
        .change = item->older == NULL   ? SVCROUTE_CHANGE_ADDED
                  : item->newer == NULL ? SVCROUTE_CHANGE_REMOVED
                                        : SVCROUTE_CHANGE_ALTERED,
        .of = item->of,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}
