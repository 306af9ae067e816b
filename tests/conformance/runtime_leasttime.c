/* Vectors of leasttime.json: steps on one balancer. */
#include <stdlib.h>
#include <string.h>

#include "runtime_strategy.h"

enum { SCHEDULER_BYTES = CHILDREN_MAX * 16 };

struct run {
    struct runner *runner;
    const char *name;
    struct children children;
    _Alignas(16) char scheduler[SCHEDULER_BYTES], spare[SCHEDULER_BYTES];
    bool opened;
};

static struct svcr_scheduler *scheduler_of(struct run *run)
{
    return (struct svcr_scheduler *)(void *)run->scheduler;
}

static bool add(struct run *run, const struct svcroute_node *step)
{
    struct children *children = &run->children;
    struct svcr_shape older = children->shape;
    struct svcr_scheduler *spare = (struct svcr_scheduler *)(void *)run->spare;
    uint32_t old_index[CHILDREN_MAX];

    if (!children_add(children, step)) {
        return false;
    }
    memset(run->spare, 0, SCHEDULER_BYTES);
    for (uint32_t i = 0; i < children->shape.num; i++) {
        old_index[i] = i < older.num ? i : SVCR_NOBODY;
    }
    if (run->opened) {
        svcr_traefik_leasttime.carry(spare, &children->shape, scheduler_of(run), &older, old_index,
                                     &children->random);
    } else {
        svcr_traefik_leasttime.open(spare, &children->shape, &children->random, false);
    }
    memcpy(run->scheduler, run->spare, SCHEDULER_BYTES);
    run->opened = true;
    return true;
}

static bool sample(struct run *run, const struct svcroute_node *step)
{
    struct svcr_live *live = children_find(&run->children, runtime_text(step, "name"));

    if (live == NULL) {
        return false;
    }
    for (int64_t i = runtime_integer(step, "times", 1); i > 0; i--) {
        svcr_samples_add(live, runtime_integer(step, "us", 0) / 1000);
    }
    return near_double(svcr_samples_average(live), runtime_double(step, "average"));
}

static bool judge_scores(struct run *run, const struct svcroute_node *step)
{
    const struct svcroute_node *list = runtime_find(step, "scores"), *item;

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        svcr_text name = runtime_text(item, "name");
        bool found = false;

        for (uint32_t i = 0; i < run->children.shape.num && !found; i++) {
            const struct svcr_member *member = &run->children.members[i];

            found =
                svcr_text_same(member->name, name) &&
                near_double(svcr_traefik_leasttime_score(member), runtime_double(item, "score"));
        }
        if (!found) {
            runner_fail(run->runner, run->name, "%.*s has another score", SVCR_ARG(name));
            return false;
        }
    }
    return true;
}

static bool judge_picks(struct run *run, const struct svcroute_node *step)
{
    const struct svcroute_node *list = runtime_find(step, "picks"), *item;
    struct children *children = &run->children;
    unsigned number = 0;

    if (!judge_scores(run, step)) {
        return false;
    }
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        svcr_text wanted = svcroute_node_get_text(item), got;
        uint32_t picked = SVCR_NOBODY;

        number++;
        if (run->opened) {
            picked =
                svcr_traefik_leasttime.pick(scheduler_of(run), &children->shape, &children->choice);
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

static bool judge_step(struct run *run, const struct svcroute_node *step)
{
    svcr_text op = runtime_text(step, "op");
    struct svcr_live *live = children_find(&run->children, runtime_text(step, "name"));
    bool good = false;

    if (runtime_is(step, "op", "pick")) {
        return judge_picks(run, step);
    }
    if (runtime_is(step, "op", "add")) {
        good = add(run, step);
    } else if (runtime_is(step, "op", "sample")) {
        good = sample(run, step);
    } else if (runtime_is(step, "op", "inflight")) {
        good = live != NULL;
        if (good) {
            atomic_fetch_add(&live->load, (uint64_t)runtime_integer(step, "delta", 0));
        }
    } else {
        good = children_change(&run->children, step);
    }
    if (!good) {
        runner_fail(run->runner, run->name, "step \"%.*s\" went wrong", SVCR_ARG(op));
    }
    return good;
}

/* The child at a place among those with a weight above 0. */
static uint32_t child_at(const struct children *children, uint32_t place)
{
    for (uint32_t i = 0; i < children->shape.num; i++) {
        if (children->members[i].weight > 0 && place-- == 0) {
            return i;
        }
    }
    return SVCR_NOBODY;
}

static bool judge_end(struct run *run, const struct svcroute_node *case_)
{
    const struct svcroute_node *list = runtime_find(case_, "end"), *item;
    double current = run->opened ? svcr_traefik_leasttime_current(scheduler_of(run)) : 0;
    uint32_t place = 0;

    if (!same_double(current, runtime_double(case_, "end_current"))) {
        runner_fail(run->runner, run->name, "current deadline %.17g", current);
        return false;
    }
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        uint32_t child = child_at(&run->children, place++);
        const struct svcr_member *member;

        if (child == SVCR_NOBODY) {
            runner_fail(run->runner, run->name, "there are only %u children", place - 1);
            return false;
        }
        member = &run->children.members[child];
        if (!svcr_text_same(member->name, runtime_text(item, "name")) ||
            !same_double(svcr_traefik_leasttime_deadline(scheduler_of(run), child),
                         runtime_double(item, "deadline")) ||
            member->live->samples->num != runtime_integer(item, "samples", -1) ||
            !same_double((double)member->live->samples->sum, runtime_double(item, "sum"))) {
            runner_fail(run->runner, run->name, "%.*s ends with deadline %.17g, %u samples",
                        SVCR_ARG(member->name),
                        svcr_traefik_leasttime_deadline(scheduler_of(run), child),
                        member->live->samples->num);
            return false;
        }
    }
    return true;
}

void runtime_leasttime(struct runner *runner, struct svcroute_context *context,
                       const struct svcroute_node *case_, const char *name)
{
    static struct run run;
    const struct svcroute_node *steps = runtime_find(case_, "steps"), *step;
    bool good = true;

    (void)context;
    memset(&run, 0, sizeof(run));
    run.runner = runner;
    run.name = name;
    children_init(&run.children);
    for (step = svcroute_node_first(steps); good && step != NULL;
         step = svcroute_node_next(steps, step)) {
        good = judge_step(&run, step);
    }
    if (good && judge_end(&run, case_)) {
        runner_pass(runner);
    }
}
