/* Who asks which route a request takes: workers by their pickers, and askers by tables that they
 * share. */
#include "threads.h"

#include <stdlib.h>
#include <time.h>

/* ---- workers ---- */

struct answer {
    const struct svcroute_table *table;
    const struct svcroute_route *route;
    uint32_t question;
    bool below;
};

/* True if a table with these rules would give the answer. */
static bool is_answer(uint64_t state, const void *user)
{
    const struct answer *answer = user;
    uint32_t found;
    return route_read(answer->table, answer->route, state, &found) &&
           found == (answer->below ? rules_below(state, answer->question)
                                   : rules_next(state, answer->question, ROUTE_NONE));
}

/* Asks the picker and, of the same table, what there is else to ask. */
static uint64_t ask(struct worker *worker, struct answer *answer, uint64_t parent)
{
    struct svcroute_match_request request = question_of(answer->question);
    const struct svcroute_picker *picker = worker->picker;
    const struct svcroute_route *above = svcroute_picker_get_route(picker, parent), *same = NULL;
    uint64_t handle = 0;
    int error = answer->below ? svcroute_picker_match_child(picker, parent, &request, &handle)
                              : svcroute_picker_match(picker, &request, &handle);
    answer->table = svcroute_picker_get_table(picker);
    answer->route = svcroute_picker_get_route(picker, handle);
    int again = answer->below ? svcroute_table_match_child(answer->table, above, &request, &same)
                              : svcroute_table_match(answer->table, &request, &same);
    check(CHECK_SAME, error == again && answer->route == same &&
                          error == (answer->route != NULL ? 0 : SVCROUTE_ERR_NOT_FOUND));
    if (worker->first != 0) {
        check(answer->below ? CHECK_CHILD : CHECK_ROUTE,
              history_finds(worker->first, history_begun(), is_answer, answer));
    }
    return handle;
}

uint64_t worker_match(struct worker *worker, uint32_t *leaf)
{
    struct answer answer = {.question = random_below(&worker->random, NUM_QUESTIONS)};
    uint64_t handle = ask(worker, &answer, 0);
    uint32_t found;
    route_read(answer.table, answer.route, 0, &found);
    if (found == ROUTE_PARENT) {
        answer.below = true;
        handle = ask(worker, &answer, handle);
        route_read(answer.table, answer.route, 0, &found);
    }
    if (found >= NUM_RULES) {
        return 0;
    }
    *leaf = TARGET_LEAF + found % NUM_STEADY;
    return handle;
}

/* ---- askers ---- */

void shared_free(struct shared *shared)
{
    if (shared != NULL) {
        svcroute_table_unref(shared->table);
        free(shared);
    }
}

/* All routes that would take a question, one after the other. */
static void ask_for_all(const struct shared *shared, uint32_t question)
{
    const struct svcroute_match_request request = question_of(question);
    const struct svcroute_route *route = NULL;
    uint32_t found, expected = ROUTE_NONE;
    int error = svcroute_table_match(shared->table, &request, &route);
    do {
        expected = rules_next(shared->rules, question, expected);
        bool good = route_read(shared->table, route, shared->rules, &found) && found == expected &&
                    error == (route != NULL ? 0 : SVCROUTE_ERR_NOT_FOUND);
        check(CHECK_SHARED, good);
        if (rule_is_regexp(shared->rules, found) || !with_regexps) {
            check(CHECK_REGEX, good);
        }
        if (found == ROUTE_PARENT) {
            const struct svcroute_route *child;
            svcroute_table_match_child(shared->table, route, &request, &child);
            check(CHECK_CHILD, route_read(shared->table, child, shared->rules, &found) &&
                                   found == rules_below(shared->rules, question));
        }
        if (route != NULL) {
            error = svcroute_table_match_next(shared->table, route, &request, &route);
        }
    } while (expected != ROUTE_NONE && !atomic_load_explicit(&over, memory_order_relaxed));
}

/* One rule alone, whatever goes ahead of it. */
static void ask_one(const struct shared *shared, uint32_t question, const char *name, uint32_t rule)
{
    const struct svcroute_match_request request = question_of(question);
    struct svcroute_match_info info = {.size = sizeof(info)};
    struct svcroute_text text = rule_text(shared->rules, rule);
    const struct svcroute_route *route = svcroute_table_find_route_of(
        shared->table, (struct svcroute_text){NULL, 0}, (struct svcroute_text){name, 2}, text, 0);
    check(CHECK_SHARED, (route != NULL) == (text.size != 0));
    if (route != NULL && (with_regexps || !rule_is_regexp(shared->rules, rule))) {
        check(CHECK_SHARED, svcroute_route_match(shared->table, route, &request, &info) == 0 &&
                                (info.matched != 0) == rule_takes(shared->rules, rule, question));
    }
}

static void asker_step(struct asker *asker)
{
    uint32_t question = random_below(&asker->random, NUM_QUESTIONS);
    uint32_t rule = random_below(&asker->random, NUM_RULES);
    char name[] = "m0";
    name[1] = (char)('0' + rule);
    ask_for_all(asker->shared, question);
    ask_one(asker->shared, question, name, rule);
    if (random_one_in(&asker->random, 64)) {
        svcroute_diags_clear(asker->diags);
        check(CHECK_SHARED, svcroute_table_lint(asker->shared->table, asker->diags) == 0);
    }
}

void *asker_run(void *user)
{
    struct asker *asker = user;
    struct timespec pause = {.tv_nsec = 50000};
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        if (random_one_in(&asker->random, 4) || asker->shared == NULL) {
            struct shared *next =
                atomic_exchange_explicit(&asker->offered, NULL, memory_order_acquire);
            if (next != NULL) {
                shared_free(asker->shared);
                asker->shared = next;
            }
        }
        for (uint32_t i = 0; i < 8 && asker->shared != NULL; i++) {
            asker_step(asker);
        }
        nanosleep(&pause, NULL);
        while (atomic_load_explicit(&storm, memory_order_relaxed) &&
               !atomic_load_explicit(&over, memory_order_relaxed)) {
            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}
