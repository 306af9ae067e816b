/* Vectors of failover.json: who serves, and what parents are told. A failover is written as
 * documents and picked from; the judge does what the host of a pick has to do. */
#include <string.h>

#include <svcroute/error.h>

#include "runtime.h"
#include "runtime_world.h"

enum { FALLBACK_STATUS = 202 };

static const char name_of_failover[] = "default-failover", name_of_main[] = "default-main-80",
                  name_of_fallback[] = "default-fallback-80";

struct result {
    const char *served;
    int64_t status, main_called, main_body, fallback_body, main_headers, error;
};

static void say(struct world *world, const struct svcroute_node *case_)
{
    const struct svcroute_node *list = runtime_find(case_, "ranges"), *item;
    int64_t most = runtime_integer(case_, "max_body", INT64_MIN);

    world_say_external(world, SVCR_TEXT("main"), SVCR_TEXT("main.example"));
    world_say_external(world, SVCR_TEXT("fallback"), SVCR_TEXT("fallback.example"));
    world_say_tree(world, SVCR_TEXT("failover"));
    world_say(world, "{failover: {service: {name: main, port: 80, healthCheck: {path: /}}, "
                     "fallback: {name: fallback, port: 80, healthCheck: {path: /}}, errors: {");
    if (most != INT64_MIN) {
        world_say(world, "maxRequestBodyBytes: %lld, ", (long long)most);
    }
    world_say(world, "status: [");
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        world_say_quoted(world, svcroute_node_get_text(item));
        world_say(world, ", ");
    }
    world_say(world, "]}}}\n");
}

static bool serves(const struct world *world, const char *name, struct svcroute_pick_info *info)
{
    *info = (struct svcroute_pick_info){.size = sizeof(*info)};
    return svcroute_pick_get_info(world->pick, info) == 0 &&
           svcr_text_same(info->service, (svcr_text){name, strlen(name)});
}

static bool answers(struct world *world, uint64_t handle)
{
    int error = svcroute_picker_pick(world->picker, handle, NULL, world->pick, 0);

    svcroute_pick_clear(world->pick);
    return error == 0;
}

static void serve_by_fallback(const struct world *world, int64_t body, struct result *result)
{
    struct svcroute_pick_info info;

    result->status = 503;
    if (serves(world, name_of_fallback, &info)) {
        result->served = "fallback";
        result->status = FALLBACK_STATUS;
        result->fallback_body = body;
    }
}

/* Main was picked: its answer goes to the client, or is dropped. */
static void serve_by_main(struct world *world, const struct svcroute_pick_info *info,
                          int64_t status, int64_t body, struct result *result)
{
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = (uint32_t)status};

    result->main_called = 1;
    result->main_body = body;
    if (!svcroute_pick_wants_fallback(world->pick, (uint32_t)status)) {
        result->served = "main";
        result->status = status == 0 ? 200 : status;
        /* An answer that may yet be dropped is kept back until a status is written. */
        result->main_headers = info->keeps_body == 0 || status != 0;
        return;
    }
    if (svcroute_pick_finish(world->pick, &outcome, 0) == 0 &&
        svcroute_picker_pick_next(world->picker, NULL, world->pick, 0) == 0) {
        serve_by_fallback(world, body, result);
    } else {
        result->status = 503;
    }
}

static void serve(struct world *world, const struct svcroute_node *case_, struct result *result)
{
    uint64_t handle = world_handle(world, name_of_failover);
    int64_t body = runtime_integer(case_, "body", 0);
    struct svcroute_request request = {
        .size = sizeof(request), .flags = SVCROUTE_REQUEST_BODY_KNOWN, .body_size = (uint64_t)body};
    struct svcroute_pick_info info;
    int error;

    if (!answers(world, handle)) { /* with both sides up */
        result->error = 1;
        return;
    }
    world_set(world, name_of_main, runtime_flag(case_, "main_up"));
    world_set(world, name_of_fallback, runtime_flag(case_, "fallback_up"));
    error = svcroute_picker_pick(world->picker, handle, &request, world->pick, 0);
    if (error != 0) {
        result->status = error == SVCROUTE_ERR_BODY_TOO_LARGE ? 413 : 503;
    } else if (serves(world, name_of_main, &info)) {
        serve_by_main(world, &info, runtime_integer(case_, "main_status", 0), body, result);
    } else {
        serve_by_fallback(world, body, result);
    }
}

static void judge_serve(struct runner *runner, struct world *world,
                        const struct svcroute_node *case_, const char *name)
{
    struct result result = {.served = "none", .main_body = -1, .fallback_body = -1};

    serve(world, case_, &result);
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

/* How many of main and fallback turned, and whether the failover did: what the events say. */
static uint32_t turned(struct world *world, bool *itself)
{
    struct svcroute_event event = {.size = sizeof(event)};
    uint32_t num = 0;

    *itself = false;
    while (svcroute_balancer_next_event(world->balancer, &event) == 0) {
        bool turns =
            event.kind == SVCROUTE_EVENT_SERVICE_UP || event.kind == SVCROUTE_EVENT_SERVICE_DOWN;

        if (turns && svcr_text_same(event.service, SVCR_TEXT("default-failover"))) {
            *itself = true;
        } else {
            num += turns;
        }
    }
    return num;
}

/* The reference's failover tells each change of a side, whether or not that changes itself. */
static void judge_report(struct runner *runner, struct world *world,
                         const struct svcroute_node *case_, const char *name)
{
    const struct svcroute_node *list = runtime_find(case_, "steps"), *step;
    uint64_t handle = world_handle(world, name_of_failover);
    unsigned number = 0;
    bool was_up = true;

    for (step = svcroute_node_first(list); step != NULL; step = svcroute_node_next(list, step)) {
        const struct svcroute_node *told = runtime_find(step, "told_parents"), *word;
        bool up, itself;

        number++;
        world_set(world, runtime_is(step, "child", "main") ? name_of_main : name_of_fallback,
                  runtime_flag(step, "up"));
        up = answers(world, handle);
        word = svcroute_node_first(told);
        if (svcroute_node_num(told) != turned(world, &itself) || itself != (up != was_up) ||
            up != runtime_flag(step, "answers") ||
            (word != NULL && !svcr_text_same(svcroute_node_get_text(word),
                                             up ? SVCR_TEXT("up") : SVCR_TEXT("down")))) {
            runner_fail(runner, name, "step %u: it is %s", number, up ? "up" : "down");
            return;
        }
        was_up = up;
    }
    runner_pass(runner);
}

void runtime_failover(struct runner *runner, struct svcroute_context *context,
                      const struct svcroute_node *case_, const char *name)
{
    struct world world;
    const char *wrong;

    world_init(&world, context);
    say(&world, case_);
    wrong = world_open(&world);
    if (wrong != NULL) {
        runner_fail(runner, name, "%s", wrong);
    } else if (runtime_is(case_, "kind", "serve")) {
        judge_serve(runner, &world, case_, name);
    } else if (runtime_is(case_, "kind", "report")) {
        judge_report(runner, &world, case_, name);
    } else {
        runner_fail(runner, name, "unknown kind");
    }
    world_close(&world);
}
