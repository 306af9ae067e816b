/* The store's insides, for the rest of the room and for resolve. */
#ifndef SVCR_STORE_H
#define SVCR_STORE_H

#include "kube/decode.h"
#include "kube/entity.h"
#include "kube/stage.h"

/* Says which store a table came from, also when that store is gone: compared by address, counted. */
struct svcr_store_identity {
    svcr_refs refs;
};

/* Entities without object and referrer that the list of changes may keep alive. */
#define SVCR_CHANGES_KEPT_MAX 4096

struct svcroute_store {
    svcr_refs refs;                   /* the host's, and one of each relist and watch */
    struct svcroute_context *context; /* referenced */
    struct svcr_store_identity *identity;
    uint64_t version; /* of the last change; from 1 */
    uint64_t floor;   /* changes up to this version may be missing in the list */
    struct svcr_entity *newest, *oldest; /* list of changes */
    size_t num_changes_kept; /* entities in the list that exist for it alone (no object, no referrer) */

    struct svcr_entity **entities; /* all of them, in no order */
    size_t num_entities, entities_capacity;
    struct svcr_entity **buckets; /* hash table of the same */
    size_t num_buckets;           /* a power of two, or 0 */
    size_t num_objects[SVCROUTE_KIND_NODE + 1]; /* by kind; of all kinds at SVCROUTE_KIND_NONE */

    struct svcr_entity *all_nodes; /* kind Node, namespace and name empty: stands for all of them */
    struct svcr_entity **nodes; /* entities of Nodes with an object, ordered by name: all_nodes->slices */
    size_t num_nodes;

    /* What a load needs, kept from one to the next as long as it is small. */
    struct svcr_decoder *decoder;
    struct svcr_source *source; /* of the last load, referenced; NULL: none yet */
    struct svcroute_document document;
    struct svcr_stage stage;
};

/* The entity of a name, NULL if nothing has or names it. */
struct svcr_entity *svcr_store_find(const struct svcroute_store *store, uint32_t kind,
                                    svcr_text namespace_, svcr_text name);

/* Walks over all entities: start with NULL; NULL at the end. */
struct svcr_entity *svcr_store_next(const struct svcroute_store *store,
                                    const struct svcr_entity *entity);

/* For those that change a store and may live longer than the host's hold on it. */
struct svcroute_store *svcr_store_ref(struct svcroute_store *store);

struct svcr_store_identity *svcr_store_identity_ref(struct svcr_store_identity *identity);
void svcr_store_identity_unref(struct svcroute_context *context,
                               struct svcr_store_identity *identity);

/* An absent or empty namespace as the kind reads it: "" for a Node, else "default". */
svcr_text svcr_namespace_of(uint32_t kind, svcr_text namespace_);

#endif
