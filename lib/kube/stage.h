/* Staging: how every change of a store is made. Objects to put and names to remove are collected first;
 * the commit then gets all memory that it needs before it changes anything, so that it cannot fail half
 * way. */
#ifndef SVCR_STAGE_H
#define SVCR_STAGE_H

#include "kube/entity.h"

struct svcr_stage_item;

struct svcr_stage {
    struct svcroute_context *context; /* borrowed */
    struct svcroute_store *store;
    bool content_only; /* an object that differs in its place alone is no change (watch streams) */
    bool stale;        /* the store changed since some item was judged */
    uint64_t version;  /* of the store when the last item was judged */

    struct svcr_stage_item *items;
    size_t num, capacity;
    size_t num_objects; /* distinct names among the items to put */
    uint32_t *index;    /* hash table of item numbers + 1: the latest item of each name; NULL while few */
    size_t index_size;  /* a power of two, or 0 */

    /* While a commit is being prepared. */
    struct svcr_entity *created; /* linked by `older` */
    struct svcr_entity *owners;  /* whose lists of members change; linked by `mark` */
};

void svcr_stage_init(struct svcr_stage *stage, struct svcroute_store *store, bool content_only);
/* Drops all items and, unless it is small, the memory that held them. Does not look at the store. */
void svcr_stage_clear(struct svcr_stage *stage);
/* Frees everything; the same as clear, but nothing is kept. */
void svcr_stage_free(struct svcr_stage *stage);

/* Stages an object; its reference is taken over, also on failure. *unchanged says whether it equals what is staged
 * or stored under its name. Of two objects with one name the later stays, with a diagnostic. 0, SVCROUTE_ERR_NOMEM,
 * SVCROUTE_ERR_LIMIT (diagnosed). */
int svcr_stage_put(struct svcr_stage *stage, struct svcr_object *object, bool *unchanged,
                   struct svcroute_diags *diags);
/* Notes a name whose object stays as it is stored, or the removal of an object that is stored. */
int svcr_stage_keep(struct svcr_stage *stage, const struct svcr_entity_key *key);
int svcr_stage_remove(struct svcr_stage *stage, struct svcr_entity *entity);
/* Whether an item of this name was put or kept. */
bool svcr_stage_names(const struct svcr_stage *stage, const struct svcr_entity *entity);
/* Takes back the items behind the first `num`. */
void svcr_stage_rewind(struct svcr_stage *stage, size_t num);

/* Makes the store hold what was staged and empties the stage. SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_LIMIT
 * (diagnosed): store and stage are as they were. */
int svcr_stage_commit(struct svcr_stage *stage, struct svcroute_diags *diags);

#endif
