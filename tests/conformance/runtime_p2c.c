/* Vectors of p2c.json: picks with given draws. */
#include "runtime_strategy.h"

/* Makes one pick with the draws of a row; false after failing the case. */
static bool judge_pick(struct runner *runner, const char *name, struct children *children,
                       const struct svcroute_node *row, uint32_t *picked)
{
    uint32_t num = svcr_traefik_num_usable(&children->shape, &children->choice);
    int64_t draws = runtime_integer(row, "draws", -1), bound = runtime_integer(row, "bound", num);
    svcr_text got;

    if (draws != (num < 2 ? 0 : 2) || (num >= 2 && bound != num)) {
        runner_fail(runner, name, "%u children are usable", num);
        return false;
    }
    *picked = num >= 2 ? svcr_traefik_p2c_choose(&children->shape, &children->choice,
                                                 (uint32_t)runtime_integer(row, "draw1", 0),
                                                 (uint32_t)runtime_integer(row, "draw2", 0))
                       : svcr_traefik_p2c.pick(NULL, &children->shape, &children->choice);
    got = children_name(children, *picked);
    if (!svcr_text_same(got, runtime_text(row, "picked"))) {
        runner_fail(runner, name, "picked %.*s", SVCR_ARG(got));
        return false;
    }
    return true;
}

static bool judge_step(struct runner *runner, const char *name, struct children *children,
                       const struct svcroute_node *step)
{
    uint32_t picked;
    struct svcr_live *live;

    if (runtime_is(step, "op", "start")) {
        if (!judge_pick(runner, name, children, step, &picked)) {
            return false;
        }
        if (picked != SVCR_NOBODY) {
            atomic_fetch_add(&children->members[picked].live->load, SVCR_LOAD_PICKED);
        }
        return true;
    }
    live = children_find(children, runtime_text(step, "name"));
    if (runtime_is(step, "op", "end") && live != NULL) {
        atomic_fetch_add(&live->load, SVCR_LOAD_FINISHED);
        return true;
    }
    if (!children_change(children, step)) {
        runner_fail(runner, name, "a step makes no sense");
        return false;
    }
    return true;
}

void runtime_p2c(struct runner *runner, struct svcroute_context *context,
                 const struct svcroute_node *case_, const char *name)
{
    static struct children children;
    const struct svcroute_node *list = runtime_find(case_, "children"), *row;
    bool good = true;
    uint32_t picked;

    (void)context;
    children_init(&children);
    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        if (!children_add(&children, row)) {
            runner_fail(runner, name, "a child makes no sense");
            return;
        }
    }
    if (runtime_is(case_, "kind", "pick")) {
        good = judge_pick(runner, name, &children, case_, &picked);
    } else if (runtime_is(case_, "kind", "run")) {
        list = runtime_find(case_, "steps");
        for (row = svcroute_node_first(list); good && row != NULL;
             row = svcroute_node_next(list, row)) {
            good = judge_step(runner, name, &children, row);
        }
    } else {
        runner_fail(runner, name, "unknown kind");
        return;
    }
    if (good) {
        runner_pass(runner);
    }
}
