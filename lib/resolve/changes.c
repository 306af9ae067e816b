/* Changes: what differs between two tables. The tries skip what the tables share; groups that
 * differ are compared entry by entry, by name. */
#include <svcroute/error.h>

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

static bool entry_equal(const struct comparing *comparing, const struct svcr_entry *a,
                        const struct svcr_entry *b)
{
    if (comparing->of == SVCROUTE_LISTING_ROUTES) {
        return svcr_route_equal(svcr_entry_route((const void *)a),
                                svcr_entry_route((const void *)b));
    }
    return svcr_tree_service_equal(svcr_entry_service((const void *)a),
                                   svcr_entry_service((const void *)b));
}

/* Entries of one group stand in the order of their suffixes, the one without first; so do their
 * names, by size and then as bytes. */
static int suffix_order(const struct svcr_entry *a, const struct svcr_entry *b)
{
    if (a->name.size != b->name.size) {
        return a->name.size < b->name.size ? -1 : 1;
    }
    return svcr_text_compare(a->name, b->name);
}

static bool differ(void *user, struct svcr_block *older, struct svcr_block *newer)
{
    struct comparing *comparing = user;
    const struct svcr_group *a = (const struct svcr_group *)(void *)older;
    const struct svcr_group *b = (const struct svcr_group *)(void *)newer;
    uint32_t num_a = a != NULL ? a->num_entries : 0;
    uint32_t num_b = b != NULL ? b->num_entries : 0;
    uint32_t i = 0;
    uint32_t j = 0;
    bool good = true;
    while (good && (i < num_a || j < num_b)) {
        int order = i == num_a ? 1 : j == num_b ? -1 : suffix_order(&a->entries[i], &b->entries[j]);
        const struct svcr_entry *left = order <= 0 ? &a->entries[i++] : NULL;
        const struct svcr_entry *right = order >= 0 ? &b->entries[j++] : NULL;
        if (left == NULL || right == NULL || !entry_equal(comparing, left, right)) {
            good = add(comparing, left, right);
        }
    }
    return good;
}

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
    static const struct svcr_trie nothing;
    const struct svcroute_table *a = changes->older;
    const struct svcroute_table *b = changes->newer;
    struct comparing comparing = {.changes = changes, .of = SVCROUTE_LISTING_ROUTES};
    svcr_trie_compare(a != NULL ? &a->routes : &nothing, b != NULL ? &b->routes : &nothing,
                      svcr_group_same_key, differ, &comparing);
    if (comparing.error == 0) {
        comparing.of = SVCROUTE_LISTING_SERVICES;
        svcr_trie_compare(a != NULL ? &a->services : &nothing, b != NULL ? &b->services : &nothing,
                          svcr_group_same_key, differ, &comparing);
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
