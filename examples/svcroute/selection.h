/* What of a table is to be printed: all of it, or what `--route` and `--service` name and lead to.
 */
#ifndef SVCROUTE_TOOL_SELECTION_H
#define SVCROUTE_TOOL_SELECTION_H

#include <svcroute/svcroute.h>

#include "options.h"

struct selection {
    struct svcroute_table *table;
    size_t num_routes, num_services;
    const struct svcroute_route **routes; /* sorted by name, and so are services */
    const struct svcroute_service **services;
    struct svcroute_text *route_names, *service_names;
    bool *route_chosen, *service_chosen;
    bool all; /* nothing was named */

    struct svcroute_listing *route_listing, *service_listing;
};

#define SELECTION_NONE SIZE_MAX

/* Gives false, with a message on standard error, if a name is unknown. Freed in either case. */
bool selection_make(struct selection *selection, struct svcroute_table *table,
                    const struct options *options);
void selection_free(struct selection *selection);

/* Index by name; SELECTION_NONE if there is none. */
size_t selection_find_route(const struct selection *selection, struct svcroute_text name);
size_t selection_find_service(const struct selection *selection, struct svcroute_text name);

/* Sets `marks` for a service and all that it leads to. */
void selection_mark(const struct selection *selection, size_t service, bool *marks);

struct svcroute_route_info selection_route(const struct selection *selection, size_t index);
struct svcroute_service_info selection_service(const struct selection *selection, size_t index);
/* False beyond the last child. */
bool selection_child(const struct selection *selection, size_t service, size_t index,
                     struct svcroute_child_info *child);

#endif
