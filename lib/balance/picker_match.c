/* Matching by a picker: its plan has the routes' rules with their handles. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "balance/core.h"
#include "balance/pool.h"
#include "resolve/rules.h"

struct svcroute_table *svcroute_picker_get_table(const struct svcroute_picker *picker)
{
    return picker != NULL ? picker->plan->table : NULL;
}

const struct svcroute_route *svcroute_picker_get_route(const struct svcroute_picker *picker,
                                                       uint64_t handle)
{
    const struct svcr_seat *seat = picker != NULL ? svcr_seat_find(picker, handle) : NULL;
    return seat != NULL && seat->layout->type == 0
               ? svcroute_table_find_route(picker->plan->table, seat->layout->name)
               : NULL;
}

static int find(const struct svcr_plan *plan, const struct svcroute_route *parent,
                const struct svcroute_match_request *request, uint64_t *handle)
{
    const struct svcr_candidate *found = NULL;
    int error = svcr_rules_find(plan->table, &plan->rules, parent, NULL, request, &found);
    *handle = error == 0 ? found->handle : 0;
    return error;
}

int svcroute_picker_match(const struct svcroute_picker *picker,
                          const struct svcroute_match_request *request, uint64_t *handle)
{
    if (handle == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *handle = 0;
    if (picker == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    return find(picker->plan, NULL, request, handle);
}

int svcroute_picker_match_child(const struct svcroute_picker *picker, uint64_t parent,
                                const struct svcroute_match_request *request, uint64_t *handle)
{
    if (handle == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *handle = 0;
    if (picker == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    const struct svcroute_route *above = svcroute_picker_get_route(picker, parent);
    return above != NULL ? find(picker->plan, above, request, handle) : SVCROUTE_ERR_GONE;
}
