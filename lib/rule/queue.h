/* Candidates for a request, and the queue in which those of one place stand, the first to try
 * ahead.
 *
 * A queue is a persistent B+-tree: leaves hold candidates, nodes above them hold copies of each
 * child's first candidate. Every node but the root is at least half full, so the depth is bounded,
 * and a node is exactly as large as what it holds: the queue of one candidate, which most are, is
 * one piece of 72 bytes. Nodes are counted; a change copies the shared ones on its way from the
 * root and works in place on the others. */
#ifndef SVCR_QUEUE_H
#define SVCR_QUEUE_H

#include "base/text.h"
#include "rule/program.h"

struct svcr_candidate {
    int64_t priority; /* the greater first */
    uint32_t length;  /* of the rule's text; the longer first */
    uint32_t marks;   /* the caller's, which a search need not go to the route for */
    svcr_text name;   /* then as bytes; unique in an index; borrowed from `holder` */
    const struct svcr_program *program; /* borrowed from `holder` */
    const void *route;                  /* the caller's; borrowed from `holder` */
    uint64_t handle;                    /* the caller's */
    struct svcr_block *holder;          /* referenced while it is in the index */
};

/* The one mark that is not the caller's: sets apart two that have everything of the order in
 * common, names included. They follow those without. */
#define SVCR_CANDIDATE_SECOND 0x80000000U

/* <0: `a` goes ahead of `b`. 0 only for the same name and SVCR_CANDIDATE_SECOND. */
int svcr_candidate_compare(const struct svcr_candidate *a, const struct svcr_candidate *b);

struct svcr_queue_node;

/* NULL: empty. Owned by whoever holds the root. */
struct svcr_queue {
    struct svcr_queue_node *root;
};

/* Adds a candidate, or puts it in the place of one with the same order (then *added is false). 0 or
 * SVCROUTE_ERR_NOMEM; after a failure the queue can be cleared and nothing else. */
int svcr_queue_add(struct svcroute_context *context, struct svcr_queue *queue,
                   const struct svcr_candidate *candidate, bool *added);
/* Removes a candidate that is there. Codes as above. */
int svcr_queue_remove(struct svcroute_context *context, struct svcr_queue *queue,
                      const struct svcr_candidate *candidate);
struct svcr_queue svcr_queue_share(const struct svcr_queue *queue);
void svcr_queue_clear(struct svcroute_context *context, struct svcr_queue *queue);

/* Some candidates in a row. */
struct svcr_run {
    const struct svcr_candidate *first;
    size_t num; /* 0: none are left */
};
/* Those at the head of the queue, or the next ones behind a candidate, which need not be there; as
 * many as lie together. */
struct svcr_run svcr_queue_after(const struct svcr_queue *queue,
                                 const struct svcr_candidate *after);
/* The one with the same order; NULL: not there. */
const struct svcr_candidate *svcr_queue_get(const struct svcr_queue *queue,
                                            const struct svcr_candidate *candidate);

#endif
