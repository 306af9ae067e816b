/* What the suites of the store share: a counting and failing allocator, loading of literals, a
 * picture of a store's content, and a check of everything that must hold inside of one. */
#ifndef STORE_TOOLS_H
#define STORE_TOOLS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>
#include <svcroute/store.h>

#include "base/diag.h"
#include "kube/members.h"
#include "kube/store.h"

/* ---- memory ---- */

struct memory {
    uint64_t calls;   /* allocations and growths asked for */
    uint64_t fail_at; /* this one fails, from 1; 0: none */
    bool and_after;   /* those behind it fail too */
    int64_t blocks;   /* that live */
    int64_t bytes;
};

static inline bool memory_fails(struct memory *memory)
{
    memory->calls++;
    return memory->fail_at && (memory->calls == memory->fail_at ||
                               (memory->and_after && memory->calls > memory->fail_at));
}

static inline void *memory_allocate(void *user, size_t size)
{
    struct memory *memory = user;
    if (memory_fails(memory))
        return NULL;
    memory->blocks++;
    memory->bytes += (int64_t)size;
    return malloc(size);
}

static inline void *memory_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct memory *memory = user;
    if (memory_fails(memory))
        return NULL;
    memory->bytes += (int64_t)new_size - (int64_t)old_size;
    return realloc(block, new_size);
}

static inline void memory_release(void *user, void *block, size_t size)
{
    struct memory *memory = user;
    memory->blocks--;
    memory->bytes -= (int64_t)size;
    free(block);
}

static inline struct svcroute_context *make_context(struct memory *memory,
                                                    const struct svcroute_context_options *options)
{
    struct svcroute_allocator allocator = {.size = sizeof(allocator),
                                           .user = memory,
                                           .allocate = memory_allocate,
                                           .resize = memory_resize,
                                           .release = memory_release};
    struct svcroute_context *context;
    *memory = (struct memory){0};
    ck_assert_int_eq(svcroute_context_new(&context, options, &allocator, NULL), 0);
    return context;
}

/* ---- a store to work on ---- */

struct world {
    struct memory memory;
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_diags *diags;
    struct svcroute_load_result result; /* of the last load */
};

static inline void world_open_with(struct world *world,
                                   const struct svcroute_context_options *options)
{
    world->context = make_context(&world->memory, options);
    ck_assert_int_eq(svcroute_store_new(&world->store, world->context), 0);
    ck_assert_int_eq(svcroute_diags_new(&world->diags, world->context), 0);
}

static inline void world_open(struct world *world)
{
    world_open_with(world, NULL);
}

static inline void world_close(struct world *world)
{
    svcroute_store_free(world->store);
    svcroute_diags_free(world->diags);
    svcroute_context_unref(world->context);
    ck_assert_int_eq(world->memory.blocks, 0);
    ck_assert_int_eq(world->memory.bytes, 0);
}

static inline svcr_text text_of(const char *string)
{
    return (svcr_text){string, strlen(string)};
}

static inline int load_as(struct world *world, const char *text, const char *source)
{
    struct svcroute_load_options options = {.size = sizeof(options), .source = text_of(source)};
    world->result = (struct svcroute_load_result){.size = sizeof(world->result)};
    return svcroute_store_load(world->store, text, strlen(text), &options, &world->result,
                               world->diags);
}

static inline int load(struct world *world, const char *text)
{
    return load_as(world, text, "test.yaml");
}

#define ck_assert_result(given, accepted_, unchanged_, rejected_, ignored_)                        \
    do {                                                                                           \
        ck_assert_uint_eq((given).accepted, accepted_);                                            \
        ck_assert_uint_eq((given).unchanged, unchanged_);                                          \
        ck_assert_uint_eq((given).rejected, rejected_);                                            \
        ck_assert_uint_eq((given).ignored, ignored_);                                              \
    } while (0)

/* Number of diagnostics of a kind; *last gets the last of them. */
static inline size_t num_diags(const struct svcroute_diags *diags, uint32_t id,
                               struct svcroute_diag_info *last)
{
    size_t num = 0;
    if (last)
        *last = (struct svcroute_diag_info){0};
    for (size_t i = 0; i < svcroute_diags_num(diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        ck_assert_int_eq(svcroute_diags_get(diags, i, &info), 0);
        if (info.id == id) {
            num++;
            if (last)
                *last = info;
        }
    }
    return num;
}

static inline bool text_has(svcr_text text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, part, size) == 0)
            return true;
    return false;
}

static inline struct svcr_entity *entity_of(const struct world *world, uint32_t kind,
                                            const char *namespace_, const char *name)
{
    return svcr_store_find(world->store, kind, text_of(namespace_), text_of(name));
}

/* ---- picture ---- */

static inline int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All objects, one a line, sorted: kind, namespace, name; with `all` resourceVersion and place as
 * well. */
static inline char *picture(const struct svcroute_store *store, bool all)
{
    size_t num = 0, size = 1;
    char **lines = calloc(svcroute_store_num(store, SVCROUTE_KIND_NONE) + 1, sizeof(*lines));
    struct svcroute_object_info info = {.size = sizeof(info)};
    uint64_t cursor = 0;
    while (svcroute_store_iterate(store, SVCROUTE_KIND_NONE, &cursor, &info) == 0) {
        char line[512];
        int used = snprintf(line, sizeof(line), "%s %.*s/%.*s", svcroute_kind_name(info.kind),
                            SVCR_ARG(info.namespace_), SVCR_ARG(info.name));
        if (all)
            used += snprintf(line + used, sizeof(line) - (size_t)used, " v%.*s %.*s:%u:%u",
                             SVCR_ARG(info.resource_version), SVCR_ARG(info.source), info.line,
                             info.column);
        lines[num] = malloc((size_t)used + 1);
        memcpy(lines[num++], line, (size_t)used + 1);
        size += (size_t)used + 1;
    }
    ck_assert_uint_eq(num, svcroute_store_num(store, SVCROUTE_KIND_NONE));
    qsort(lines, num, sizeof(*lines), compare_lines);
    char *whole = malloc(size);
    char *at = whole;
    for (size_t i = 0; i < num; i++) {
        size_t length = strlen(lines[i]);
        memcpy(at, lines[i], length);
        at[length] = '\n';
        at += length + 1;
        free(lines[i]);
    }
    *at = 0;
    free(lines);
    return whole;
}

/* ---- what must hold ---- */

static inline void check_edges(const struct svcr_entity *entity)
{
    ck_assert_uint_eq(entity->num_edges,
                      entity->object ? svcr_object_num_edges(entity->object) : 0);
    for (uint32_t i = 0; i < entity->num_edges; i++) {
        const struct svcr_edge *edge = &entity->edges[i];
        ck_assert_ptr_eq(edge->from, entity);
        if (edge->to) {
            ck_assert_ptr_eq(edge->previous ? edge->previous->next : edge->to->referrers, edge);
            ck_assert(!edge->next || edge->next->previous == edge);
        }
    }
}

static inline void check_members(const struct svcroute_store *store,
                                 const struct svcr_entity *owner)
{
    for (uint32_t i = 0; i < owner->num_slices; i++) {
        const struct svcr_entity *member = owner->slices[i];
        ck_assert_ptr_nonnull(member->object);
        ck_assert_ptr_eq(svcr_member_owner(store, member), owner);
        if (i > 0) {
            const struct svcr_entity *before = owner->slices[i - 1];
            int64_t a = svcr_member_created(before->object);
            int64_t b = svcr_member_created(member->object);
            ck_assert(a < b || (a == b && svcr_text_compare(svcr_entity_name(before),
                                                            svcr_entity_name(member)) < 0));
        }
    }
}

static inline void check_changes(const struct svcroute_store *store)
{
    size_t kept = 0;
    const struct svcr_entity *newer = NULL;
    for (const struct svcr_entity *at = store->newest; at; newer = at, at = at->older) {
        ck_assert_ptr_eq(at->newer, newer);
        ck_assert(at->changed && at->changed <= store->version);
        ck_assert(!newer || newer->changed >= at->changed);
        ck_assert_uint_ge(at->changed, store->floor);
        kept += at->kept;
    }
    ck_assert_ptr_eq(store->oldest, newer);
    ck_assert_uint_eq(kept, store->num_changes_kept);
    ck_assert_uint_le(kept, SVCR_CHANGES_KEPT_MAX);
}

static inline void check_store(const struct svcroute_store *store)
{
    size_t objects = 0, members = 0, listed = 0, i = 0, endpoints = 0, served = 0;
    for (const struct svcr_entity *at = svcr_store_next(store, NULL); at;
         at = svcr_store_next(store, at), i++) {
        struct svcr_entity_key key = svcr_entity_key(at);
        ck_assert_uint_eq(at->index, i);
        ck_assert_uint_eq(at->hash, svcr_entity_key_hash(store->context, &key));
        ck_assert_ptr_eq(svcr_entity_find(store, &key, at->hash), at);
        bool needed = at->object || at->referrers || at == store->all_nodes;
        ck_assert(needed ? !at->kept : at->kept && at->changed);
        ck_assert(!at->mark && !at->mark_number && !at->mark_flags);
        ck_assert(at->changed || (!at->newer && !at->older));
        check_edges(at);
        check_members(store, at);
        objects += at->object != NULL;
        members += svcr_member_listed(at->kind) && svcr_member_owner(store, at);
        listed += at->num_slices;
        endpoints += at->kind == SVCROUTE_KIND_ENDPOINTS && at->object;
        served +=
            at->endpoints && at->endpoints->object && svcr_member_owner(store, at->endpoints) == at;
        ck_assert(!at->endpoints || at->endpoints->object);
    }
    ck_assert_uint_eq(i, store->num_entities);
    ck_assert_uint_eq(objects, store->num_objects[SVCROUTE_KIND_NONE]);
    ck_assert_uint_eq(members, listed);
    ck_assert_uint_eq(endpoints, served);
    ck_assert_ptr_eq(store->nodes, store->all_nodes->slices);
    ck_assert_uint_eq(store->num_nodes, store->num_objects[SVCROUTE_KIND_NODE]);
    ck_assert_uint_eq(store->stage.num, 0);
    check_changes(store);
}

#endif
