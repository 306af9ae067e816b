/* Vectors of failover.json: who serves, and what parents are told. */
#include <string.h>

#include "balance/failover.h"
#include "balance/tree.h"

#include "runtime.h"

enum { RANGES_MAX = 16, FALLBACK_STATUS = 202 };

struct result {
    const char *served;
    int64_t status, main_called, main_body, fallback_body, main_headers, error;
};

/* What the host does with the answers of the library. */
static struct result serve(const struct svcroute_node *case_, const struct svcr_range *ranges,
                           uint32_t num)
{
    int64_t body = runtime_integer(case_, "body", 0);
    int64_t main_status = runtime_integer(case_, "main_status", 0);
    bool fallback_up = runtime_flag(case_, "fallback_up"), main_answers = false;
    enum svcr_failover_way way =
        svcr_failover_decide(runtime_flag(case_, "main_up"), fallback_up, num,
                             runtime_integer(case_, "max_body", -1), (uint64_t)body);
    struct result result = {.served = "none", .main_body = -1, .fallback_body = -1};

    if (way == SVCR_FAILOVER_TOO_LARGE) {
        result.status = 413;
        return result;
    }
    if (way == SVCR_FAILOVER_MAIN || way == SVCR_FAILOVER_EITHER) {
        result.main_called = 1;
        result.main_body = body;
        main_answers = way == SVCR_FAILOVER_MAIN ||
                       !svcr_failover_wants_fallback(ranges, num, (uint32_t)main_status);
    }
    if (main_answers) {
        result.served = "main";
        result.status = main_status == 0 ? 200 : main_status;
        /* An answer that may yet be dropped is kept back until a status is written. */
        result.main_headers = way == SVCR_FAILOVER_MAIN || main_status != 0;
    } else if (way != SVCR_FAILOVER_NOBODY && fallback_up) {
        result.served = "fallback";
        result.status = FALLBACK_STATUS;
        result.fallback_body = body;
    } else {
        result.status = 503;
    }
    return result;
}

static void judge_serve(struct runner *runner, const struct svcroute_node *case_, const char *name)
{
    const struct svcroute_node *list = runtime_find(case_, "ranges"), *item;
    struct svcr_range ranges[RANGES_MAX];
    struct result result = {.served = "none", .main_body = -1, .fallback_body = -1, .error = 1};
    uint32_t num = 0;
    bool valid = true;

    for (item = svcroute_node_first(list); item != NULL && num < RANGES_MAX;
         item = svcroute_node_next(list, item)) {
        valid = valid && svcr_failover_read_range(svcroute_node_get_text(item), &ranges[num]);
        num++;
    }
    if (valid) {
        result = serve(case_, ranges, num);
    }
    if (!runtime_is(case_, "served", result.served) ||
        runtime_integer(case_, "status", -2) != result.status ||
        runtime_integer(case_, "main_called", -2) != result.main_called ||
        runtime_integer(case_, "main_body", -2) != result.main_body ||
        runtime_integer(case_, "fallback_body", -2) != result.fallback_body ||
        runtime_integer(case_, "main_headers", -2) != result.main_headers ||
        runtime_integer(case_, "error", -2) != result.error) {
        runner_fail(runner, name,
                    "served by %s, status %d, main called %d with body %d, fallback %d, main's "
                    "headers %d, refused %d",
                    result.served, (int)result.status, (int)result.main_called,
                    (int)result.main_body, (int)result.fallback_body, (int)result.main_headers,
                    (int)result.error);
    } else {
        runner_pass(runner);
    }
}

static void judge_report(struct runner *runner, const struct svcroute_node *case_, const char *name)
{
    static const uint32_t children[] = {0, 1};
    struct svcr_tree_node nodes[] = {
        {.kind = SVCR_TREE_SERVERS, .check = true, .num_usable = 1},
        {.kind = SVCR_TREE_SERVERS, .check = true, .num_usable = 1},
        {.kind = SVCR_TREE_FAILOVER, .check = true, .num_children = 2, .children = children},
    };
    const struct svcroute_node *list = runtime_find(case_, "steps"), *step;
    unsigned number = 0;
    bool was_up[3];

    svcr_tree_judge(nodes, 3, true);
    for (step = svcroute_node_first(list); step != NULL; step = svcroute_node_next(list, step)) {
        const struct svcroute_node *told = runtime_find(step, "told_parents"), *word;

        number++;
        nodes[runtime_is(step, "child", "main") ? 0 : 1].num_usable = runtime_flag(step, "up");
        svcr_tree_update(nodes, 3, true, was_up);
        word = svcroute_node_first(told);
        if (svcroute_node_num(told) != nodes[2].told ||
            nodes[2].up != runtime_flag(step, "answers") ||
            (word != NULL && !svcr_text_same(svcroute_node_get_text(word),
                                             nodes[2].up ? SVCR_TEXT("up") : SVCR_TEXT("down")))) {
            runner_fail(runner, name, "step %u: tells %s %u times", number,
                        nodes[2].up ? "up" : "down", nodes[2].told);
            return;
        }
    }
    runner_pass(runner);
}

void runtime_failover(struct runner *runner, struct svcroute_context *context,
                      const struct svcroute_node *case_, const char *name)
{
    (void)context;
    if (runtime_is(case_, "kind", "serve")) {
        judge_serve(runner, case_, name);
    } else if (runtime_is(case_, "kind", "report")) {
        judge_report(runner, case_, name);
    } else {
        runner_fail(runner, name, "unknown kind");
    }
}
