/* Vectors of wrr.json: steps on one balancer. */
#include <stdlib.h>
#include <string.h>

#include "runtime_strategy.h"

struct run {
    struct runner *runner;
    const char *name;
    struct children children;
    struct svcr_scheduler *scheduler; /* with room for CHILDREN_MAX */
    bool opened;
};

/* Children are added one by one, also late: each step is a new shape. */
static bool add(struct run *run, struct svcr_scheduler *spare, const struct svcroute_node *step)
{
    struct children *children = &run->children;
    struct svcr_shape older = children->shape;
    uint32_t old_index[CHILDREN_MAX];

    if (!children_add(children, step)) {
        return false;
    }
    memset(spare, 0, svcr_traefik_wrr.size(&children->shape));
    for (uint32_t i = 0; i < children->shape.num; i++) {
        old_index[i] = i < older.num ? i : SVCR_NOBODY;
    }
    if (run->opened) {
        svcr_traefik_wrr.carry(spare, &children->shape, run->scheduler, &older, old_index,
                               &children->random);
    } else {
        svcr_traefik_wrr.open(spare, &children->shape, &children->random, false);
    }
    memcpy(run->scheduler, spare, svcr_traefik_wrr.size(&children->shape));
    run->opened = true;
    return true;
}

static bool judge_picks(struct run *run, const struct svcroute_node *step)
{
    const struct svcroute_node *list = runtime_find(step, "picks"), *item;
    struct children *children = &run->children;
    unsigned number = 0;

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        svcr_text wanted = svcroute_node_get_text(item), got;
        uint32_t picked = SVCR_NOBODY;

        number++;
        if (run->opened) {
            picked = svcr_traefik_wrr.pick(run->scheduler, &children->shape, &children->choice);
        }
        got = children_name(children, picked);
        if (!svcr_text_same(got, wanted)) {
            runner_fail(run->runner, run->name, "pick %u of a step is %.*s, expected %.*s", number,
                        SVCR_ARG(got), SVCR_ARG(wanted));
            return false;
        }
    }
    return true;
}

static bool judge_end(struct run *run, const struct svcroute_node *case_)
{
    const struct svcroute_node *list = runtime_find(case_, "end_heap"), *item;
    uint32_t place = 0, num = run->opened ? svcr_traefik_wrr_num(run->scheduler) : 0;
    double current = run->opened ? svcr_traefik_wrr_current(run->scheduler) : 0;

    if (num != svcroute_node_num(list) ||
        !same_double(current, runtime_double(case_, "end_current"))) {
        runner_fail(run->runner, run->name, "%u turns, current deadline %.17g", num, current);
        return false;
    }
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        uint32_t child;
        double deadline = svcr_traefik_wrr_deadline(run->scheduler, place, &child);
        svcr_text name = children_name(&run->children, child);

        if (!svcr_text_same(name, runtime_text(item, "name")) ||
            !same_double(deadline, runtime_double(item, "deadline"))) {
            runner_fail(run->runner, run->name, "place %u of the heap: %.*s with deadline %.17g",
                        place, SVCR_ARG(name), deadline);
            return false;
        }
        place++;
    }
    return true;
}

static bool judge_steps(struct run *run, const struct svcroute_node *case_)
{
    const struct svcroute_node *steps = runtime_find(case_, "steps"), *step;
    struct svcr_scheduler *spare = calloc(2, CHILDREN_MAX * 32);
    bool good = spare != NULL;

    run->scheduler = (struct svcr_scheduler *)(void *)((char *)spare + CHILDREN_MAX * 32);
    for (step = svcroute_node_first(steps); good && step != NULL;
         step = svcroute_node_next(steps, step)) {
        if (runtime_is(step, "op", "pick")) {
            good = judge_picks(run, step);
        } else if (!(runtime_is(step, "op", "add") ? add(run, spare, step)
                                                   : children_change(&run->children, step))) {
            svcr_text op = runtime_text(step, "op");

            runner_fail(run->runner, run->name, "step \"%.*s\" makes no sense", SVCR_ARG(op));
            good = false;
        }
    }
    good = good && judge_end(run, case_);
    free(spare);
    return good;
}

void runtime_wrr(struct runner *runner, struct svcroute_context *context,
                 const struct svcroute_node *case_, const char *name)
{
    static struct run run;

    (void)context;
    memset(&run, 0, sizeof(run));
    run.runner = runner;
    run.name = name;
    children_init(&run.children);
    if (judge_steps(&run, case_)) {
        runner_pass(runner);
    }
}
