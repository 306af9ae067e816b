/* Entities: one for every name that an object has or that something refers to, with the object or without,
 * and the edges between them. The store's hash table of entities is what resolve walks; it never looks
 * names up itself. */
#ifndef SVCR_ENTITY_H
#define SVCR_ENTITY_H

#include "base/diag.h"
#include "kube/object.h"

struct svcroute_store;
struct svcr_entity;

/* From the entity whose object holds a reference to the entity that it names. */
struct svcr_edge {
    struct svcr_entity *from;
    struct svcr_entity *to; /* NULL: leads nowhere by its nature */
    struct svcr_edge *next, *previous; /* in the list of edges that lead to `to` */
};

struct svcr_entity {
    uint64_t hash;
    struct svcr_entity *chain; /* next in the hash table's bucket */
    uint8_t kind;              /* enum svcroute_kind */
    bool generated; /* an IngressRoute that has a generateName only: its name here is NUL and that */
    bool kept;      /* lives for the list of changes alone: no object, no referrer */
    uint8_t reserved;
    uint32_t namespace_size, name_size;
    uint32_t num_edges;
    struct svcr_object *object;  /* NULL: missing */
    struct svcr_edge *edges;     /* of the object's references, by edge index */
    struct svcr_edge *referrers; /* edges that lead here, in no order */

    /* Services: slices ordered by (created, name), each an entity with an object. The entity of all
     * Nodes: the Nodes ordered by name. */
    struct svcr_entity **slices;
    uint32_t num_slices, slices_capacity;
    struct svcr_entity *endpoints; /* Services: the Endpoints of the same name; NULL: there are none */

    /* List of changes, newest first; `changed` is the store's version of the last change of the object, its
     * slices or its Endpoints (for the entity of all Nodes: of any Node); 0: not in the list. */
    uint64_t changed;
    struct svcr_entity *newer, *older;

    /* Scratch of one resolve, or of one commit; 0 outside of both. */
    void *mark;
    uint32_t mark_number;
    uint32_t mark_flags;

    uint32_t index; /* in the store's array of entities */
    char text[];    /* namespace, name */
};

static inline svcr_text svcr_entity_namespace(const struct svcr_entity *entity)
{
    return (svcr_text){entity->text, entity->namespace_size};
}

static inline svcr_text svcr_entity_name(const struct svcr_entity *entity)
{
    return (svcr_text){entity->text + entity->namespace_size, entity->name_size};
}

/* Order of objects everywhere: kind, namespace, name as bytes. */
int svcr_entity_compare(const struct svcr_entity *a, const struct svcr_entity *b);

/* ---- for the room's own use: how the store changes ---- */

/* What an entity is found by. */
struct svcr_entity_key {
    uint32_t kind;
    bool generated; /* `name` is a generateName */
    svcr_text namespace_, name;
};

/* Borrowed from the object or the entity. */
struct svcr_entity_key svcr_object_key(const struct svcr_object *object);
struct svcr_entity_key svcr_entity_key(const struct svcr_entity *entity);
/* Where an object stands, for a diagnostic about all of it; borrowed likewise. */
struct svcr_place svcr_object_place(const struct svcr_object *object);
uint64_t svcr_entity_key_hash(const struct svcroute_context *context, const struct svcr_entity_key *key);
bool svcr_entity_key_same(const struct svcr_entity_key *a, const struct svcr_entity_key *b);

struct svcr_entity *svcr_entity_find(const struct svcroute_store *store, const struct svcr_entity_key *key,
                                     uint64_t hash);
/* Adds an entity that is not there yet: without object and referrers, so that nobody can see it. NULL
 * when out of memory. */
struct svcr_entity *svcr_entity_add(struct svcroute_store *store, const struct svcr_entity_key *key,
                                    uint64_t hash);
/* Takes an entity out of the table and frees it; nothing may lead to it any more. */
void svcr_entity_drop(struct svcroute_store *store, struct svcr_entity *entity);

/* Enters an edge into its target's list, or takes it out. */
void svcr_edge_link(struct svcr_edge *edge);
void svcr_edge_unlink(struct svcr_edge *edge);

/* Notes that an entity changed at the store's version. */
void svcr_entity_record(struct svcroute_store *store, struct svcr_entity *entity);
/* After something was linked to an entity or taken from it: counts it as kept for the list of changes,
 * or no more, or drops it when nothing needs it at all. */
void svcr_entity_settle(struct svcroute_store *store, struct svcr_entity *entity);
/* Shortens the list of changes from its old end until few enough entities live for it alone. Every
 * step is paid for by the svcr_entity_record() that entered the entity. */
void svcr_changes_trim(struct svcroute_store *store);

#endif
