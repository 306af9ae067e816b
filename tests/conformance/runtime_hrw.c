/* Vectors of hrw.json: picks, scores of names, scores of hashes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime_strategy.h"

static uint64_t hash_of(const struct svcroute_node *case_)
{
    svcr_text text = runtime_text(case_, "hash");
    char digits[17];

    snprintf(digits, sizeof(digits), "%.*s", (int)(text.size < 16 ? text.size : 16),
             text.data != NULL ? text.data : "");
    return strtoull(digits, NULL, 16);
}

static void judge_score(struct runner *runner, const struct svcroute_node *case_, const char *name,
                        uint64_t hash)
{
    double score = svcr_traefik_hrw_score(hash, runtime_integer(case_, "weight", 1));
    double wanted = runtime_double(case_, "score");

    if (!near_double(score, wanted)) {
        runner_fail(runner, name, "score %.17g, expected %.17g", score, wanted);
    } else if (runtime_integer(case_, "pickable", score > 0) != (score > 0)) {
        runner_fail(runner, name, "score %.17g decides wrongly", score);
    } else {
        runner_pass(runner);
    }
}

static void judge_named_score(struct runner *runner, struct svcroute_context *context,
                              const struct svcroute_node *case_, const char *name)
{
    struct svcr_buffer key, child;
    uint64_t hash;

    svcr_buffer_init(&key, context);
    svcr_buffer_init(&child, context);
    hash = svcr_traefik_hrw_hash(runtime_bytes(case_, "key", &key),
                                 runtime_bytes(case_, "name", &child));
    if (hash != hash_of(case_)) {
        runner_fail(runner, name, "hash %016llx", (unsigned long long)hash);
    } else {
        judge_score(runner, case_, name, hash);
    }
    svcr_buffer_free(&key);
    svcr_buffer_free(&child);
}

static void judge_pick(struct runner *runner, const struct svcroute_node *case_, const char *name)
{
    static struct children children;
    const struct svcroute_node *list = runtime_find(case_, "children"), *row;
    svcr_text key = svcr_traefik_hrw_key(runtime_text(case_, "remote")), got;
    uint64_t memory[8] = {0};
    struct svcr_scheduler *scheduler = (struct svcr_scheduler *)(void *)memory;

    children_init(&children);
    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        if (!children_add(&children, row)) {
            runner_fail(runner, name, "a child makes no sense");
            return;
        }
    }
    if (!svcr_text_same(key, runtime_text(case_, "key"))) {
        runner_fail(runner, name, "the key is %.*s", SVCR_ARG(key));
        return;
    }
    children.choice.key = key;
    if (svcr_traefik_hrw.size(&children.shape) > sizeof(memory)) {
        runner_fail(runner, name, "a scheduler has no room");
        return;
    }
    svcr_traefik_hrw.open(scheduler, &children.shape, &children.random, false);
    got = children_name(&children,
                        svcr_traefik_hrw.pick(scheduler, &children.shape, &children.choice));
    if (!svcr_text_same(got, runtime_text(case_, "picked"))) {
        runner_fail(runner, name, "picked %.*s", SVCR_ARG(got));
    } else {
        runner_pass(runner);
    }
}

void runtime_hrw(struct runner *runner, struct svcroute_context *context,
                 const struct svcroute_node *case_, const char *name)
{
    if (runtime_is(case_, "kind", "pick")) {
        judge_pick(runner, case_, name);
    } else if (runtime_is(case_, "kind", "score")) {
        judge_named_score(runner, context, case_, name);
    } else if (runtime_is(case_, "kind", "raw")) {
        judge_score(runner, case_, name, hash_of(case_));
    } else {
        runner_fail(runner, name, "unknown kind");
    }
}
