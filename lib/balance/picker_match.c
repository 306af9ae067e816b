/* Matching by a picker: the table of its plan says which route, its names say which handle. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "balance/core.h"
#include "balance/pool.h"
#include "resolve/block.h"

struct svcroute_table *svcroute_picker_get_table(const struct svcroute_picker *picker)
{
    return picker != NULL ? picker->plan->table : NULL;
}

static int handle_get(const struct svcr_plan *plan, const struct svcroute_route *route,
                      uint64_t *handle)
{
    *handle = svcr_label_find(plan->context, &plan->routes, route->entry.name);
    return *handle != 0 ? 0 : SVCROUTE_ERR_NOT_FOUND;
}

int svcroute_picker_match(const struct svcroute_picker *picker,
                          const struct svcroute_match_request *request, uint64_t *handle)
{
    if (picker == NULL || request == NULL || handle == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *handle = 0;
    const struct svcr_plan *plan = picker->plan;
    const struct svcroute_route *route = NULL;
    int error = plan->table != NULL ? svcroute_table_match(plan->table, request, &route)
                                    : SVCROUTE_ERR_NOT_FOUND;
    return error == 0 ? handle_get(plan, route, handle) : error;
}

int svcroute_picker_match_child(const struct svcroute_picker *picker, uint64_t parent,
                                const struct svcroute_match_request *request, uint64_t *handle)
{
    if (picker == NULL || request == NULL || handle == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *handle = 0;
    const struct svcr_plan *plan = picker->plan;
    const struct svcr_seat *seat = svcr_seat_find(picker, parent);
    if (seat == NULL || seat->layout->type != 0 || plan->table == NULL) {
        return seat == NULL ? SVCROUTE_ERR_GONE : SVCROUTE_ERR_INVALID;
    }
    const struct svcroute_route *above = svcroute_table_find_route(plan->table, seat->layout->name);
    const struct svcroute_route *route = NULL;
    int error = above != NULL ? svcroute_table_match_child(plan->table, above, request, &route)
                              : SVCROUTE_ERR_GONE;
    return error == 0 ? handle_get(plan, route, handle) : error;
}
