/* Commit of staged changes: first everything that can fail, then everything that cannot. */
#include "kube/commit.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "kube/members.h"
#include "kube/store.h"

/* Preparing makes the entities that items and their edges need (nobody sees one without object and
 * referrers), the arrays of edges, not linked yet, and room in the lists of members. When anything
 * of that fails, all of it is taken back. The commit itself then goes over the items three times:
 *   1. members whose place changes leave their owners' lists, while every old object is still there
 * to be found by;
 *   2. objects and edges change places with the old ones;
 *   3. the old edges and objects go, and with them entities that nothing needs any more. New edges
 * hold theirs by then. */

/* ---- prepare ---- */

static struct svcr_entity *entity_get(struct svcr_stage *stage, const struct svcr_entity_key *key,
                                      uint64_t hash)
{
    struct svcr_entity *entity = svcr_entity_find(stage->store, key, hash);
    if (!entity) {
        entity = svcr_entity_add(stage->store, key, hash);
        if (entity) {
            entity->older = stage->created;
            stage->created = entity;
        }
    }
    return entity;
}

static int edges_make(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    uint32_t num = svcr_object_num_edges(item->object);
    size_t bytes;
    if (num == 0) {
        return 0;
    }
    if (!svcr_size_mul(num, sizeof(*item->edges), &bytes)) {
        return SVCROUTE_ERR_NOMEM;
    }
    item->edges = svcr_alloc(stage->context, bytes);
    if (!item->edges) {
        return SVCROUTE_ERR_NOMEM;
    }
    item->num_edges = num;
    for (uint32_t i = 0; i < num; i++) {
        struct svcr_edge_target target;
        struct svcr_entity *to = NULL;
        svcr_object_edge(item->object, i, &target);
        if (target.kind == SVCROUTE_KIND_NODE) {
            to = stage->store->all_nodes;
        } else if (target.kind != SVCROUTE_KIND_NONE) {
            struct svcr_entity_key key = {target.kind, false, target.namespace_, target.name};
            to = entity_get(stage, &key, svcr_entity_key_hash(stage->context, &key));
            if (!to) {
                return SVCROUTE_ERR_NOMEM;
            }
        }
        item->edges[i] = (struct svcr_edge){.from = item->entity, .to = to};
    }
    return 0;
}

static int prepare_put(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    item->entity = entity_get(stage, &item->key, item->hash);
    int error = item->entity ? edges_make(stage, item) : SVCROUTE_ERR_NOMEM;
    if (error || !svcr_member_listed(item->key.kind)) {
        return error;
    }
    const struct svcr_entity *entity = item->entity;
    struct svcr_entity *before = svcr_member_owner(stage->store, entity);
    struct svcr_entity *after = item->key.kind == SVCROUTE_KIND_NODE ? stage->store->all_nodes
                                : item->num_edges                    ? item->edges[0].to
                                                                     : NULL;
    item->moves = !entity->object || before != after ||
                  svcr_member_created(entity->object) != svcr_member_created(item->object);
    return item->moves && after ? svcr_members_expect(stage->context, &stage->owners, after) : 0;
}

static void edges_free(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    svcr_release(stage->context, item->edges, item->num_edges * sizeof(*item->edges));
    item->edges = NULL;
    item->num_edges = 0;
}

static void unprepare(struct svcr_stage *stage)
{
    for (size_t i = 0; i < stage->num; i++) {
        edges_free(stage, &stage->items[i]);
    }
    svcr_members_forget(&stage->owners);
    while (stage->created) {
        struct svcr_entity *entity = stage->created;
        stage->created = entity->older;
        svcr_entity_drop(stage->store, entity);
    }
    stage->stale = true; /* items may name entities that went */
}

static int check_limit(const struct svcr_stage *stage, struct svcroute_diags *diags)
{
    size_t removed = 0;
    for (size_t i = 0; i < stage->num; i++) {
        removed += stage->items[i].action == SVCR_STAGE_REMOVE;
    }
    size_t num = stage->store->num_objects[SVCROUTE_KIND_NONE] - removed;
    for (size_t i = 0; i < stage->num; i++) {
        const struct svcr_stage_item *item = &stage->items[i];
        bool adds = item->action == SVCR_STAGE_PUT && !item->superseded &&
                    !(item->entity && item->entity->object);
        if (adds && ++num > stage->context->limits.objects) {
            svcr_stage_report_limit(stage, item->object, diags);
            return SVCROUTE_ERR_LIMIT;
        }
    }
    return 0;
}

static int prepare(struct svcr_stage *stage, struct svcroute_diags *diags)
{
    if (stage->stale || stage->version != stage->store->version) {
        for (size_t i = 0; i < stage->num; i++) {
            svcr_stage_judge(stage, &stage->items[i]);
        }
        stage->stale = false;
        stage->version = stage->store->version;
    }
    int error = check_limit(stage, diags);
    for (size_t i = 0; i < stage->num && !error; i++) {
        struct svcr_stage_item *item = &stage->items[i];
        if (item->action == SVCR_STAGE_PUT && !item->superseded) {
            error = prepare_put(stage, item);
        }
    }
    if (error) {
        unprepare(stage);
    }
    return error;
}

/* ---- commit ---- */

static void record_owner(struct svcroute_store *store, const struct svcr_entity *entity)
{
    struct svcr_entity *owner = svcr_member_owner(store, entity);
    if (owner) {
        svcr_entity_record(store, owner);
    }
}

static void leave(struct svcr_stage *stage, const struct svcr_stage_item *item)
{
    struct svcr_entity *owner = svcr_member_owner(stage->store, item->entity);
    bool leaves = item->moves || item->action == SVCR_STAGE_REMOVE;
    if (owner && leaves && svcr_member_listed(item->entity->kind)) {
        svcr_members_leave(&stage->owners, owner, item->entity);
    }
}

static void swap_objects(struct svcr_stage_item *item)
{
    struct svcr_object *old = item->entity->object;
    item->entity->object = item->object;
    item->object = old;
}

static void swap_edges(struct svcr_stage_item *item)
{
    struct svcr_edge *edges = item->entity->edges;
    uint32_t num = item->entity->num_edges;
    item->entity->edges = item->edges;
    item->entity->num_edges = item->num_edges;
    item->edges = edges;
    item->num_edges = num;
}

static void put(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    struct svcroute_store *store = stage->store;
    struct svcr_entity *entity = item->entity;
    record_owner(store, entity);
    if (!entity->object) {
        store->num_objects[entity->kind]++;
        store->num_objects[SVCROUTE_KIND_NONE]++;
    }
    swap_objects(item);
    swap_edges(item);
    for (uint32_t i = 0; i < entity->num_edges; i++) {
        if (entity->edges[i].to) {
            svcr_edge_link(&entity->edges[i]);
            svcr_entity_settle(store, entity->edges[i].to);
        }
    }
    struct svcr_entity *owner = svcr_member_owner(store, entity);
    if (owner && entity->kind == SVCROUTE_KIND_ENDPOINTS) {
        owner->endpoints = entity;
    } else if (owner && item->moves) {
        svcr_members_enter(owner, entity);
    }
    svcr_entity_record(store, entity);
    record_owner(store, entity);
}

static void remove_object(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    struct svcroute_store *store = stage->store;
    struct svcr_entity *owner = svcr_member_owner(store, item->entity);
    svcr_entity_record(store, item->entity);
    record_owner(store, item->entity);
    if (owner && item->entity->kind == SVCROUTE_KIND_ENDPOINTS) {
        owner->endpoints = NULL;
    }
    store->num_objects[item->entity->kind]--;
    store->num_objects[SVCROUTE_KIND_NONE]--;
    swap_objects(item);
    swap_edges(item);
}

static void change(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    switch ((enum svcr_stage_action)item->action) {
    case SVCR_STAGE_PUT:
        put(stage, item);
        break;
    case SVCR_STAGE_MOVE:
        swap_objects(item);
        svcr_entity_record(stage->store, item->entity);
        record_owner(stage->store, item->entity);
        break;
    case SVCR_STAGE_RENEW:
        swap_objects(item);
        break;
    case SVCR_STAGE_REMOVE:
        remove_object(stage, item);
        break;
    case SVCR_STAGE_NOTHING:
        break;
    }
}

static void clean(struct svcr_stage *stage, struct svcr_stage_item *item)
{
    for (uint32_t i = 0; i < item->num_edges; i++) {
        struct svcr_entity *to = item->edges[i].to;
        if (to) {
            svcr_edge_unlink(&item->edges[i]);
            svcr_entity_settle(stage->store, to);
        }
    }
    edges_free(stage, item);
    if (item->action == SVCR_STAGE_PUT || item->action == SVCR_STAGE_REMOVE) {
        svcr_entity_settle(stage->store, item->entity);
    }
}

static bool changes(const struct svcr_stage *stage)
{
    for (size_t i = 0; i < stage->num; i++) {
        const struct svcr_stage_item *item = &stage->items[i];
        if (!item->superseded && item->action != SVCR_STAGE_NOTHING &&
            item->action != SVCR_STAGE_RENEW) {
            return true;
        }
    }
    return false;
}

/* The list of all Nodes may have moved, even by preparing alone. */
static void show_nodes(struct svcroute_store *store)
{
    store->nodes = store->all_nodes->slices;
    store->num_nodes = store->all_nodes->num_slices;
}

int svcr_stage_commit(struct svcr_stage *stage, struct svcroute_diags *diags)
{
    struct svcroute_store *store = stage->store;
    int error = prepare(stage, diags);
    if (error) {
        show_nodes(store);
        return error;
    }
    while (stage->created) {
        struct svcr_entity *entity = stage->created;
        stage->created = entity->older;
        entity->older = NULL;
    }
    store->version += changes(stage);
    for (size_t i = 0; i < stage->num; i++) {
        if (!stage->items[i].superseded && stage->items[i].action != SVCR_STAGE_NOTHING) {
            leave(stage, &stage->items[i]);
        }
    }
    for (size_t i = 0; i < stage->num; i++) {
        if (!stage->items[i].superseded) {
            change(stage, &stage->items[i]);
        }
    }
    svcr_members_finish(stage->context, &stage->owners);
    for (size_t i = 0; i < stage->num; i++) {
        if (!stage->items[i].superseded) {
            clean(stage, &stage->items[i]);
        }
    }
    show_nodes(store);
    svcr_changes_trim(store);
    svcr_stage_clear(stage);
    return 0;
}
