/* The forms in which `svcroute resolve` prints a table. Each prints what is chosen. */
#ifndef SVCROUTE_TOOL_PRINT_H
#define SVCROUTE_TOOL_PRINT_H

#include "output.h"
#include "selection.h"

/* Routes as rows with aligned columns, each with the tree of its services down to servers. */
void print_table(struct output *out, const struct selection *selection);
/* A graph for Graphviz. */
void print_dot(struct output *out, const struct selection *selection);
/* The library's own export; of a part of the table: the same form with only that part. False if it
 * could not be made, which was said on standard error. */
bool print_export(struct output *out, const struct selection *selection, bool yaml);

/* Why something is as it is; false, with a message, if the name is unknown. */
bool print_explanation(struct output *out, struct svcroute_table *table, const char *name,
                       bool as_json);

#endif
