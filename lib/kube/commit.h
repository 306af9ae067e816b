/* What staging and commit share. */
#ifndef SVCR_COMMIT_H
#define SVCR_COMMIT_H

#include "kube/stage.h"

enum svcr_stage_action {
    SVCR_STAGE_NOTHING = 0,
    SVCR_STAGE_PUT = 1,   /* a new object, or other content than the stored one */
    SVCR_STAGE_MOVE = 2,  /* the same content at another place in the documents: a change, but no new edges */
    SVCR_STAGE_RENEW = 3, /* another resourceVersion only: no change */
    SVCR_STAGE_REMOVE = 4,
};

struct svcr_stage_item {
    struct svcr_object *object; /* NULL: a name alone; behind its commit: what it replaced */
    struct svcr_entity_key key;        /* borrowed from the object or from `texts` */
    uint64_t hash;
    char *texts;                /* namespace and name of a name alone */
    struct svcr_entity *entity; /* set unless the action is NOTHING */
    struct svcr_edge *edges;    /* of a PUT, made but not linked; behind its commit: those replaced */
    uint32_t num_edges;
    uint32_t previous; /* number of the item of this name that it supersedes + 1; 0: none */
    uint8_t action;    /* enum svcr_stage_action */
    bool named;        /* it is in the index */
    bool superseded;
    bool counted; /* it is the first of its name that has an object */
    bool moves;   /* its place among its owner's members changes */
};

/* Finds out what an item means for the store as it is. */
void svcr_stage_judge(const struct svcr_stage *stage, struct svcr_stage_item *item);
/* Says that the limit of objects was reached at this one. */
void svcr_stage_report_limit(const struct svcr_stage *stage, const struct svcr_object *object,
                             struct svcroute_diags *diags);

#endif
