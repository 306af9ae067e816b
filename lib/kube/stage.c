/* Staging of changes: what a load, relist, watch or removal wants, collected under its names. What
 * makes it true in the store is in commit.c. */
#include "kube/stage.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/memory.h"
#include "kube/commit.h"
#include "kube/store.h"

/* Up to here a walk over the items is as quick as a table of them. */
#define FEW 8
/* Up to here a stage keeps its memory for the next use. */
#define SMALL 64

void svcr_stage_init(struct svcr_stage *stage, struct svcroute_store *store, bool content_only)
{
    *stage = (struct svcr_stage){
        .context = store->context, .store = store, .content_only = content_only};
}

static void item_end(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    svcr_object_unref(item->object);
    svcr_release(stage->context, item->texts, item->key.namespace_.size + item->key.name.size);
}

static void index_release(struct svcr_stage *stage)
{
    svcr_release(stage->context, stage->index, stage->index_size * sizeof(*stage->index));
    stage->index = NULL;
    stage->index_size = 0;
}

void svcr_stage_clear(struct svcr_stage *stage)
{
    for (size_t i = 0; i < stage->num; i++) {
        item_end(stage, &stage->items[i]);
    }
    stage->num = 0;
    stage->num_objects = 0;
    stage->stale = false;
    index_release(stage);
    if (stage->capacity > SMALL) {
        svcr_release(stage->context, stage->items, stage->capacity * sizeof(*stage->items));
        stage->items = NULL;
        stage->capacity = 0;
    }
}

void svcr_stage_free(struct svcr_stage *stage)
{
    svcr_stage_clear(stage);
    svcr_release(stage->context, stage->items, stage->capacity * sizeof(*stage->items));
    stage->items = NULL;
    stage->capacity = 0;
}

/* ---- index of names ---- */

/* Open addressing; a name's slot holds the number of its latest item + 1. Items leave in the
 * opposite order of their coming, and the table is always filled in that order, so nothing that
 * came later can have stepped over a slot that is emptied. */
static uint32_t *index_slot(const struct svcr_stage *stage, const struct svcr_entity_key *key,
                            uint64_t hash)
{
    size_t slot = hash & (stage->index_size - 1);
    for (; stage->index[slot]; slot = (slot + 1) & (stage->index_size - 1)) {
        const struct svcr_stage_item *item = &stage->items[stage->index[slot] - 1];
        if (item->hash == hash && svcr_entity_key_same(&item->key, key)) {
            break;
        }
    }
    return &stage->index[slot];
}

/* Number of the latest item of a name + 1; 0: none. */
static uint32_t item_find(const struct svcr_stage *stage, const struct svcr_entity_key *key,
                          uint64_t hash)
{
    if (stage->index) {
        return *index_slot(stage, key, hash);
    }
    for (size_t i = stage->num; i-- > 0;) {
        const struct svcr_stage_item *item = &stage->items[i];
        if (item->hash == hash && svcr_entity_key_same(&item->key, key)) {
            return (uint32_t)(i + 1);
        }
    }
    return 0;
}

/* Room for one more item, in the index as well. */
static int items_reserve(struct svcr_stage *stage)
{
    void *items = stage->items;
    if (stage->num >= UINT32_MAX - 1) {
        return SVCROUTE_ERR_LIMIT;
    }
    int error = svcr_array_reserve(stage->context, &items, &stage->capacity, stage->num + 1,
                                   sizeof(*stage->items));
    stage->items = items;
    if (error || stage->num < FEW || (stage->num + 1) * 2 <= stage->index_size) {
        return error;
    }
    size_t size = stage->index_size ? 2 * stage->index_size : 64;
    uint32_t *index = svcr_zalloc(stage->context, size * sizeof(*index));
    if (!index) {
        return SVCROUTE_ERR_NOMEM;
    }
    index_release(stage);
    stage->index = index;
    stage->index_size = size;
    for (size_t i = 0; i < stage->num; i++) {
        const struct svcr_stage_item *item = &stage->items[i];
        if (item->named) {
            *index_slot(stage, &item->key, item->hash) = (uint32_t)(i + 1);
        }
    }
    return 0;
}

void svcr_stage_rewind(struct svcr_stage *stage, size_t num)
{
    while (stage->num > num) {
        struct svcr_stage_item *item = &stage->items[stage->num - 1];
        if (stage->index && item->named) {
            *index_slot(stage, &item->key, item->hash) = item->previous;
        }
        if (item->previous) {
            stage->items[item->previous - 1].superseded = false;
        }
        stage->num_objects -= item->counted;
        item_end(stage, item);
        stage->num--;
    }
}

/* ---- items ---- */

void svcr_stage_judge(const struct svcr_stage *stage, struct svcr_stage_item *item)
{
    if (!item->object) {
        return;
    }
    item->entity = svcr_entity_find(stage->store, &item->key, item->hash);
    struct svcr_object *stored = item->entity ? item->entity->object : NULL;
    if (!stored || !svcr_object_same(stored, item->object)) {
        item->action = SVCR_STAGE_PUT;
    } else if (stage->content_only || svcr_object_identical(stored, item->object)) {
        item->action = SVCR_STAGE_NOTHING;
    } else if (svcr_object_same_place(stored, item->object)) {
        item->action = SVCR_STAGE_RENEW;
    } else {
        item->action = SVCR_STAGE_MOVE;
    }
}

/* The store may change between the calls of a relist; then all is judged again before the commit.
 */
static void watch_version(struct svcr_stage *stage)
{
    if (stage->num && stage->version != stage->store->version) {
        stage->stale = true;
    }
    stage->version = stage->store->version;
}

static void item_add(struct svcr_stage *stage, const struct svcr_stage_item *item,
                     uint32_t previous)
{
    struct svcr_stage_item *added = &stage->items[stage->num++];
    *added = *item;
    if (item->named) {
        added->previous = previous;
        if (previous) {
            stage->items[previous - 1].superseded = true;
        }
        if (stage->index) {
            *index_slot(stage, &added->key, added->hash) = (uint32_t)stage->num;
        }
    }
    stage->num_objects += added->counted;
}

static void report_duplicate(struct svcroute_diags *diags, const struct svcr_object *earlier,
                             const struct svcr_object *later)
{
    struct svcr_place first = svcr_object_place(earlier);
    struct svcr_place second = svcr_object_place(later);
    if (svcr_text_same(first.source, second.source)) {
        svcr_diags_add(diags, SVCR_DIAG_DUPLICATE_OBJECT, 0, &second,
                       "the object at line %u, column %u has the same kind, namespace and name; "
                       "this later one is used",
                       first.line, first.column);
    } else {
        svcr_diags_add(diags, SVCR_DIAG_DUPLICATE_OBJECT, 0, &second,
                       "the object at line %u, column %u of %.*s has the same kind, namespace and "
                       "name; this later one is used",
                       first.line, first.column, SVCR_ARG(first.source));
    }
}

void svcr_stage_report_limit(const struct svcr_stage *stage, const struct svcr_object *object,
                             struct svcroute_diags *diags)
{
    struct svcr_place place = svcr_object_place(object);
    svcr_diags_add(diags, SVCR_DIAG_LIMIT_OBJECTS, 0, &place,
                   "the store may hold %u objects (limit \"objects\" of the context); nothing of "
                   "this input is stored",
                   stage->context->limits.objects);
}

int svcr_stage_put(struct svcr_stage *stage, struct svcr_object *object, bool *unchanged,
                   struct svcroute_diags *diags)
{
    struct svcr_stage_item item = {.object = object, .key = svcr_object_key(object), .named = true};
    item.hash = svcr_entity_key_hash(stage->context, &item.key);
    uint32_t previous = item_find(stage, &item.key, item.hash);
    struct svcr_object *earlier = previous ? stage->items[previous - 1].object : NULL;
    item.counted = !earlier;
    int error = 0;
    if (item.counted && stage->num_objects >= stage->context->limits.objects) {
        svcr_stage_report_limit(stage, object, diags);
        error = SVCROUTE_ERR_LIMIT;
    } else {
        error = items_reserve(stage);
    }
    if (error) {
        svcr_object_unref(object);
        return error;
    }
    watch_version(stage);
    svcr_stage_judge(stage, &item);
    if (earlier) {
        report_duplicate(diags, earlier, object);
        *unchanged = svcr_object_same(earlier, object);
    } else {
        *unchanged = item.action != SVCR_STAGE_PUT;
    }
    item_add(stage, &item, previous);
    return 0;
}

int svcr_stage_keep(struct svcr_stage *stage, const struct svcr_entity_key *key)
{
    struct svcr_stage_item item = {.key = *key, .named = true};
    item.hash = svcr_entity_key_hash(stage->context, key);
    uint32_t previous = item_find(stage, key, item.hash);
    if (previous) {
        return 0; /* an object of that name is staged, or the name is kept already */
    }
    int error = items_reserve(stage);
    if (error) {
        return error;
    }
    size_t size = key->namespace_.size + key->name.size;
    if (size) {
        item.texts = svcr_alloc(stage->context, size);
        if (!item.texts) {
            return SVCROUTE_ERR_NOMEM;
        }
        if (key->namespace_.size) {
            memcpy(item.texts, key->namespace_.data, key->namespace_.size);
        }
        if (key->name.size) {
            memcpy(item.texts + key->namespace_.size, key->name.data, key->name.size);
        }
        item.key.namespace_.data = item.texts;
        item.key.name.data = item.texts + key->namespace_.size;
    }
    item_add(stage, &item, 0);
    return 0;
}

int svcr_stage_remove(struct svcr_stage *stage, struct svcr_entity *entity)
{
    struct svcr_stage_item item = {.entity = entity, .action = SVCR_STAGE_REMOVE};
    int error = items_reserve(stage);
    if (error) {
        return error;
    }
    item_add(stage, &item, 0);
    return 0;
}

bool svcr_stage_names(const struct svcr_stage *stage, const struct svcr_entity *entity)
{
    struct svcr_entity_key key = svcr_entity_key(entity);
    return item_find(stage, &key, entity->hash) != 0;
}
