/* Runs every scenario with its n-th allocation failing once, then with all from the n-th on, for
 * every n until nothing fails any more (some of them only, where there are thousands). After a
 * failure the world has to answer as before, the same act has to succeed when there is memory
 * again, and nothing may be left when all is freed. */
#include <stdio.h>

#include "oom.h"

/* So many runs of one scenario and mode at most: each n up to the first figure, then in steps. */
#define EACH 600
#define STEPS 400

#define QUEUE 20 /* more than the entries of OpenSSL's error queue */

static unsigned long passed, failed;
static const char foreign_left[] = "memory of malloc() is left";

_Noreturn void give_up(const char *why)
{
    printf("the suite gives up: %s\n", why);
    exit(2);
}

void must(int error, const char *what)
{
    if (error != SVCROUTE_OK) {
        memory_disarm();
        printf("%s: %s\n", what, svcroute_error_name(error));
        give_up("a call without a failing allocation failed");
    }
}

struct expected {
    uint64_t before, after; /* answers */
    size_t calls;
};

/* Without failures: what is to be expected. */
static void measure(const struct scenario *scenario, struct world *world, struct expected *expected)
{
    scenario->setup(world);
    expected->before = world_answers(world);
    memory_arm(0, false);
    int error = scenario->act(world);
    expected->calls = memory_disarm();
    must(error, scenario->name);
    expected->after = world_answers(world);
    world_free(world);
}

static const char *judge_failure(const struct scenario *scenario, struct world *world,
                                 const struct expected *expected, int error)
{
    if (error != SVCROUTE_ERR_NOMEM &&
        !(error == SVCROUTE_ERR_CRYPTO && scenario->flags & SCENARIO_CRYPTO)) {
        return svcroute_error_name(error);
    }
    if (!(scenario->flags & SCENARIO_PARTS) && world_answers(world) != expected->before) {
        return "the failure left a trace";
    }
    if (scenario->recover != NULL) {
        scenario->recover(world);
    }
    if (scenario->act(world) != SVCROUTE_OK) {
        return "it fails again when there is memory";
    }
    return world_answers(world) != expected->after ? "the second try gives something else" : NULL;
}

/* One run; NULL or what is wrong. */
static const char *run(const struct scenario *scenario, struct world *world,
                       const struct expected *expected, size_t n, bool after)
{
    scenario->setup(world);
    memory_arm(n, after);
    int error = scenario->act(world);
    bool tripped = memory_disarm() >= n;
    if (error != SVCROUTE_OK) {
        return tripped ? judge_failure(scenario, world, expected, error)
                       : "it fails without a failing allocation";
    }
    /* A diagnostic, a log line or a cache may do without. */
    return world_answers(world) != expected->after ? "success, but something is missing" : NULL;
}

/* One run from setup to the end, where nothing may be left of the context's memory, or with
 * `foreign` of any. */
static const char *run_clean(const struct scenario *scenario, struct world *world,
                             const struct expected *expected, size_t n, bool after, bool foreign)
{
    struct memory_state start = memory_look();
    const char *why = run(scenario, world, expected, n, after);
    world_free(world);
    struct memory_state end = memory_look();
    if (why != NULL) {
        return why;
    }
    if (end.blocks != start.blocks || end.bytes != start.bytes) {
        return "memory is left";
    }
    if (foreign && end.foreign > start.foreign) {
        return foreign_left;
    }
    return end.wrong ? "a block came back with another size" : NULL;
}

/* OpenSSL's error queue keeps the texts of some failures, so what is left once need not be lost;
 * what is left more often than the queue is long is. */
static const char *run_often(const struct scenario *scenario, struct world *world,
                             const struct expected *expected, size_t n, bool after)
{
    bool foreign = !(scenario->flags & SCENARIO_LEAKS);
    const char *why = NULL;
    for (int i = 0; i < QUEUE; i++) {
        why = run_clean(scenario, world, expected, n, after, foreign);
        if (why != foreign_left) {
            break;
        }
    }
    return why;
}

static void run_all(const struct scenario *scenario, struct world *world,
                    const struct expected *expected, bool after)
{
    size_t step = expected->calls > EACH ? (expected->calls - EACH) / STEPS + 1 : 1;
    for (size_t n = 1; n <= expected->calls + 1; n += n < EACH ? 1 : step) {
        const char *why = run_often(scenario, world, expected, n, after);
        if (why == NULL) {
            passed++;
            continue;
        }
        failed++;
        printf("FAIL %s, allocation %zu%s: %s\n", scenario->name, n, after ? " and all behind" : "",
               why);
    }
}

static void run_scenario(const struct scenario *scenario)
{
    struct world world = {.context = NULL};
    struct expected expected;
    must(svcroute_context_new(&world.context, NULL, &memory_allocator, NULL), "context");
    measure(scenario, &world, &expected); /* what libraries keep for themselves is there now */
    measure(scenario, &world, &expected);
    if ((scenario->flags & SCENARIO_NONE) != 0 && expected.calls != 0) {
        printf("FAIL %s: %zu allocations, where there should be none\n", scenario->name,
               expected.calls);
        failed++;
    }
    run_all(scenario, &world, &expected, false);
    run_all(scenario, &world, &expected, true);
    svcroute_context_unref(world.context);
    struct memory_state end = memory_look();
    if (end.blocks != 0 || end.bytes != 0) {
        printf("FAIL %s: %zu blocks are left without the context\n", scenario->name, end.blocks);
        failed++;
    }
    if (getenv("OOM_VERBOSE") != NULL) {
        printf("%s: %zu allocations\n", scenario->name, expected.calls);
    }
}

static void run_scenarios(const struct scenario *scenarios, size_t num, const char *only)
{
    for (size_t i = 0; i < num; i++) {
        if (only == NULL || strcmp(only, scenarios[i].name) == 0) {
            run_scenario(&scenarios[i]);
        }
    }
}

int main(int argc, char **argv)
{
    static char buffer[BUFSIZ];
    const char *only = argc > 1 ? argv[1] : NULL;
    setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
    if (argc > 2) {
        fprintf(stderr, "usage: oom [SCENARIO]\n");
        return 2;
    }
    run_scenarios(document_scenarios, num_document_scenarios, only);
    run_scenarios(store_scenarios, num_store_scenarios, only);
    run_scenarios(table_scenarios, num_table_scenarios, only);
    run_scenarios(balance_scenarios, num_balance_scenarios, only);
    run_scenarios(rule_scenarios, num_rule_scenarios, only);
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
