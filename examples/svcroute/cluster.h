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
    bool errors; /* there were errors in documents whose diagnostics are forgotten */
};

/* Gives false if nothing can be done with it; closed by cluster_close() in either case. */
bool cluster_open(struct cluster *cluster, const struct options *options);
/* The same without any inputs. */
bool cluster_open_empty(struct cluster *cluster, const struct options *options);
void cluster_close(struct cluster *cluster);

/* Adds what one more argument names; objects that are there already get replaced. False, with a
 * message, if something of it could not be read. The table follows by cluster_resolve(). */
bool cluster_load(struct cluster *cluster, const char *argument);
bool cluster_resolve(struct cluster *cluster);

/* Empties the list of diagnostics, once they are printed. */
void cluster_forget_diags(struct cluster *cluster);

/* The exit status that the documents and their reading deserve. */
int cluster_status(const struct cluster *cluster);

#endif
