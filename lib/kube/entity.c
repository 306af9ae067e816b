/* Entities of a store: their hash table, the edges between them, the list of changes. */
#include "kube/entity.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/hash.h"
#include "base/memory.h"
#include "kube/store.h"

/* ---- keys ---- */

struct svcr_entity_key svcr_object_key(const struct svcr_object *object)
{
    const struct svcr_meta *meta = svcr_object_meta(object);
    struct svcr_entity_key key = {object->kind, false, svcr_object_text(object, meta->namespace_),
                                  svcr_object_text(object, meta->name)};
    if (object->kind == SVCROUTE_KIND_INGRESS_ROUTE && key.name.size == 0) {
        const struct svcr_ingress_route *route = (const void *)object;
        key.generated = true;
        key.name = svcr_object_text(object, route->generate_name);
    }
    return key;
}

struct svcr_place svcr_object_place(const struct svcr_object *object)
{
    struct svcr_entity_key key = svcr_object_key(object);
    struct svcr_position position = {0, 0};
    const char *kind = svcroute_kind_name(object->kind);
    if (object->num_positions) {
        position = svcr_object_position(object, 0, 0);
    }
    return (struct svcr_place){
        .source = object->source ? (svcr_text){object->source->text, object->source->size}
                                 : SVCR_TEXT_ABSENT,
        .line = position.line,
        .column = position.column,
        .kind = {kind, strlen(kind)},
        .namespace_ = key.namespace_,
        .name = key.name,
    };
}

uint64_t svcr_entity_key_hash(const struct svcroute_context *context,
                              const struct svcr_entity_key *key)
{
    uint64_t seed = svcr_hash_mix(context->hash_seed, key->kind + (key->generated ? 256u : 0u));
    seed = svcr_hash(seed, key->namespace_.data, key->namespace_.size);
    return svcr_hash(seed, key->name.data, key->name.size);
}

bool svcr_entity_key_same(const struct svcr_entity_key *a, const struct svcr_entity_key *b)
{
    return a->kind == b->kind && a->generated == b->generated && svcr_text_same(a->name, b->name) &&
           svcr_text_same(a->namespace_, b->namespace_);
}

struct svcr_entity_key svcr_entity_key(const struct svcr_entity *entity)
{
    struct svcr_entity_key key = {entity->kind, entity->generated, svcr_entity_namespace(entity),
                                  svcr_entity_name(entity)};
    key.name.data += key.generated;
    key.name.size -= key.generated;
    return key;
}

int svcr_entity_compare(const struct svcr_entity *a, const struct svcr_entity *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int order = svcr_text_compare(svcr_entity_namespace(a), svcr_entity_namespace(b));
    return order ? order : svcr_text_compare(svcr_entity_name(a), svcr_entity_name(b));
}

/* ---- table ---- */

static struct svcr_entity **bucket_of(const struct svcroute_store *store, uint64_t hash)
{
    return &store->buckets[hash & (store->num_buckets - 1)];
}

struct svcr_entity *svcr_entity_find(const struct svcroute_store *store,
                                     const struct svcr_entity_key *key, uint64_t hash)
{
    if (store->num_buckets == 0) {
        return NULL;
    }
    for (struct svcr_entity *entity = *bucket_of(store, hash); entity; entity = entity->chain) {
        if (entity->hash == hash) {
            struct svcr_entity_key its = svcr_entity_key(entity);
            if (svcr_entity_key_same(&its, key)) {
                return entity;
            }
        }
    }
    return NULL;
}

static void bucket_add(struct svcroute_store *store, struct svcr_entity *entity)
{
    struct svcr_entity **bucket = bucket_of(store, entity->hash);
    entity->chain = *bucket;
    *bucket = entity;
}

/* Room for one more entity in the array and in the table. */
static int table_grow(struct svcroute_store *store)
{
    void *entities = store->entities;
    int error = svcr_array_reserve(store->context, &entities, &store->entities_capacity,
                                   store->num_entities + 1, sizeof(*store->entities));
    store->entities = entities;
    if (error || store->num_entities < store->num_buckets) {
        return error;
    }
    size_t num = store->num_buckets ? 2 * store->num_buckets : 64;
    struct svcr_entity **buckets = svcr_zalloc(store->context, num * sizeof(*buckets));
    if (!buckets) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_release(store->context, store->buckets, store->num_buckets * sizeof(*buckets));
    store->buckets = buckets;
    store->num_buckets = num;
    for (size_t i = 0; i < store->num_entities; i++) {
        bucket_add(store, store->entities[i]);
    }
    return 0;
}

static size_t entity_bytes(size_t texts)
{
    size_t bytes = offsetof(struct svcr_entity, text) + texts;
    return bytes > sizeof(struct svcr_entity) ? bytes : sizeof(struct svcr_entity);
}

struct svcr_entity *svcr_entity_add(struct svcroute_store *store, const struct svcr_entity_key *key,
                                    uint64_t hash)
{
    size_t name_size = key->name.size + key->generated;
    if (key->namespace_.size > UINT32_MAX || name_size > UINT32_MAX ||
        store->num_entities >= UINT32_MAX || table_grow(store)) {
        return NULL;
    }
    struct svcr_entity *entity =
        svcr_zalloc(store->context, entity_bytes(key->namespace_.size + name_size));
    if (!entity) {
        return NULL;
    }
    entity->hash = hash;
    entity->kind = (uint8_t)key->kind;
    entity->generated = key->generated;
    entity->namespace_size = (uint32_t)key->namespace_.size;
    entity->name_size = (uint32_t)name_size;
    if (key->namespace_.size) {
        memcpy(entity->text, key->namespace_.data, key->namespace_.size);
    }
    if (key->name.size) {
        memcpy(entity->text + key->namespace_.size + key->generated, key->name.data,
               key->name.size);
    }
    entity->index = (uint32_t)store->num_entities;
    store->entities[store->num_entities++] = entity;
    bucket_add(store, entity);
    return entity;
}

void svcr_entity_drop(struct svcroute_store *store, struct svcr_entity *entity)
{
    struct svcr_entity **link = bucket_of(store, entity->hash);
    while (*link != entity) {
        link = &(*link)->chain;
    }
    *link = entity->chain;
    struct svcr_entity *last = store->entities[--store->num_entities];
    store->entities[entity->index] = last;
    last->index = entity->index;
    svcr_release(store->context, entity->slices, entity->slices_capacity * sizeof(*entity->slices));
    svcr_release(store->context, entity,
                 entity_bytes((size_t)entity->namespace_size + entity->name_size));
}

struct svcr_entity *svcr_store_find(const struct svcroute_store *store, uint32_t kind,
                                    svcr_text namespace_, svcr_text name)
{
    struct svcr_entity_key key = {kind, false, namespace_, name};
    return svcr_entity_find(store, &key, svcr_entity_key_hash(store->context, &key));
}

struct svcr_entity *svcr_store_next(const struct svcroute_store *store,
                                    const struct svcr_entity *entity)
{
    size_t index = entity ? (size_t)entity->index + 1 : 0;
    return index < store->num_entities ? store->entities[index] : NULL;
}

/* ---- edges ---- */

void svcr_edge_link(struct svcr_edge *edge)
{
    edge->previous = NULL;
    edge->next = edge->to->referrers;
    if (edge->next) {
        edge->next->previous = edge;
    }
    edge->to->referrers = edge;
}

void svcr_edge_unlink(struct svcr_edge *edge)
{
    if (edge->previous) {
        edge->previous->next = edge->next;
    } else {
        edge->to->referrers = edge->next;
    }
    if (edge->next) {
        edge->next->previous = edge->previous;
    }
}

/* ---- changes ---- */

static void changes_remove(struct svcroute_store *store, struct svcr_entity *entity)
{
    if (entity->newer) {
        entity->newer->older = entity->older;
    } else {
        store->newest = entity->older;
    }
    if (entity->older) {
        entity->older->newer = entity->newer;
    } else {
        store->oldest = entity->newer;
    }
    entity->newer = NULL;
    entity->older = NULL;
    entity->changed = 0;
}

void svcr_entity_record(struct svcroute_store *store, struct svcr_entity *entity)
{
    if (entity->changed == store->version) {
        return;
    }
    if (entity->changed) {
        changes_remove(store, entity);
    }
    entity->changed = store->version;
    entity->older = store->newest;
    if (store->newest) {
        store->newest->newer = entity;
    } else {
        store->oldest = entity;
    }
    store->newest = entity;
}

void svcr_entity_settle(struct svcroute_store *store, struct svcr_entity *entity)
{
    bool needed = entity->object || entity->referrers || entity == store->all_nodes;
    if (!needed && !entity->changed) {
        svcr_entity_drop(store, entity);
        return;
    }
    if (entity->kept == needed) {
        entity->kept = !needed;
        if (needed) {
            store->num_changes_kept--;
        } else {
            store->num_changes_kept++;
        }
    }
}

void svcr_changes_trim(struct svcroute_store *store)
{
    while (store->num_changes_kept > SVCR_CHANGES_KEPT_MAX) {
        struct svcr_entity *entity = store->oldest;
        store->floor = entity->changed;
        changes_remove(store, entity);
        if (entity->kept) {
            store->num_changes_kept--;
            svcr_entity_drop(store, entity);
        }
    }
}
