/* Which of many rules does a request match, without trying them all.
 *
 * Candidates hang at their programs' anchors: by scope and host in a persistent map, there by path
 * in a persistent radix tree, there in a queue ordered by priority. A request is looked up under
 * its host, its host with the first label replaced by "*", and no host; on the way down the path
 * every node's queue is tried from the front. The answer is that of trying all candidates in their
 * order.
 *
 * An index is a value like a trie: sharing costs nothing, a change copies the paths to what it
 * touches. */
#ifndef SVCR_INDEX_H
#define SVCR_INDEX_H

#include "base/trie.h"
#include "rule/host_map.h"
#include "rule/path_tree.h"
#include "rule/program.h"
#include "rule/queue.h"

/* What hangs in one scope. */
struct svcr_places {
    struct svcr_host_map hosts;
    struct svcr_host_map wild;  /* by what follows "*" */
    struct svcr_path_tree none; /* for any host */
};

/* All zero: empty. */
struct svcr_index {
    struct svcr_places places; /* of the empty scope */
    struct svcr_trie scopes;   /* the others */
};

/* Adds a candidate at all anchors of its program; one with the same order, which must have the same
 * anchors, is replaced. `scope`: whose request this is for, see svcr_index_find(). 0 or
 * SVCROUTE_ERR_NOMEM; after a failure the index can be cleared and nothing else. */
int svcr_index_add(struct svcroute_context *context, struct svcr_index *index, svcr_text scope,
                   const struct svcr_candidate *candidate);
/* Takes out what was added with these; not there: nothing. Codes as above. */
int svcr_index_remove(struct svcroute_context *context, struct svcr_index *index, svcr_text scope,
                      const struct svcr_candidate *candidate);
/* True if candidates were added with this scope, which is not the empty one; with any. */
bool svcr_index_has_scope(const struct svcroute_context *context, const struct svcr_index *index,
                          svcr_text scope);
static inline bool svcr_index_has_scopes(const struct svcr_index *index)
{
    return index->scopes.num != 0;
}
struct svcr_index svcr_index_share(const struct svcr_index *index);
void svcr_index_clear(struct svcroute_context *context, struct svcr_index *index);

/* Whether a candidate takes part. */
typedef bool svcr_index_allow(const void *user, const struct svcr_candidate *candidate);
struct svcr_search {
    svcr_text scope;                    /* empty: routes without parents */
    const struct svcr_candidate *after; /* only what comes behind it; NULL: from the first */
    svcr_index_allow *allow;            /* asked ahead of the program; NULL: all */
    svcr_index_allow *accept;           /* asked of those that match; NULL: all */
    const void *user;
    bool skip_programs; /* every candidate on the way is a match: for looking at neighbours */
};
/* The first candidate in the order that matches; NULL: none. Borrowed from the index. Allocates
 * nothing, any number of threads. */
const struct svcr_candidate *svcr_index_find(const struct svcroute_context *context,
                                             const struct svcr_index *index,
                                             struct svcr_subject *subject,
                                             const struct svcr_search *search);

#endif
