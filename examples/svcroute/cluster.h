/* What every command begins with: the inputs read into a store, the store resolved into a table. */
#ifndef SVCROUTE_TOOL_CLUSTER_H
#define SVCROUTE_TOOL_CLUSTER_H

#include <svcroute/svcroute.h>

#include "options.h"

struct cluster {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_diags *diags;       /* of reading and of resolving */
    struct svcroute_table *table;       /* NULL if resolving failed */
    struct svcroute_load_result loaded; /* of all inputs together */
    bool failed; /* something could not be read; it was said on standard error */
};

/* Gives false if nothing can be done with it; closed by cluster_close() in either case. */
bool cluster_open(struct cluster *cluster, const struct options *options);
void cluster_close(struct cluster *cluster);

/* The exit status that the documents and their reading deserve. */
int cluster_status(const struct cluster *cluster);

#endif
