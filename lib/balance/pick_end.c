/* How a request went, and the end of a pick. Any thread; a server's state word and its service's
 * count of usable ones are all that changes for others. */
#include "balance/pick.h"

#include <svcroute/error.h>

#include "balance/failover.h"
#include "balance/health.h"
#include "base/memory.h"

/* What a failure counts as where time is what matters, at least: an error that comes fast does not
 * make a server look fast. */
#define PENALTY UINT64_C(1000000000)

static int outcome_read(const struct svcroute_outcome **outcome, struct svcroute_outcome *copy)
{
    if ((*outcome)->size != sizeof(**outcome) || (*outcome)->flags != 0) {
        int error = svcr_struct_read(copy, sizeof(*copy), *outcome,
                                     SVCR_SIZE_UP_TO(struct svcroute_outcome, status), 0);
        *outcome = copy;
        if (error != 0) {
            return error;
        }
    }
    bool known =
        (*outcome)->kind >= SVCROUTE_OUTCOME_STATUS && (*outcome)->kind <= SVCROUTE_OUTCOME_CLIENT;
    return known ? 0 : SVCROUTE_ERR_INVALID;
}

static bool is_failure(const struct svcroute_outcome *outcome)
{
    return outcome->kind == SVCROUTE_OUTCOME_STATUS ? outcome->status >= 500
                                                    : outcome->kind != SVCROUTE_OUTCOME_CLIENT;
}

static void latency_count(struct svcroute_pick *pick, const struct svcroute_outcome *outcome)
{
    struct svcr_live *live = &pick->peer->live;
    uint64_t time = outcome->first_byte != 0 ? outcome->first_byte : pick->now - pick->at;
    if (outcome->first_byte == 0 && !pick->measured && !is_failure(outcome)) {
        return; /* the clock ran back: a server is not fast for that */
    }
    if (svcr_live_has_samples(live)) {
        if (pick->counted && outcome->kind == SVCROUTE_OUTCOME_STATUS) {
            svcr_samples_add(live, (int64_t)(time / 1000000));
        }
    } else if (pick->sampled) {
        bool failure = is_failure(outcome);
        svcr_latency_add(live, failure && time < PENALTY ? PENALTY : time, pick->now);
    }
}

/* What the client is told: where no answer came, a proxy says 502, or 504 when it waited too long.
 * Passive checks look at this. */
static int64_t status_for_client(const struct svcroute_outcome *outcome)
{
    switch (outcome->kind) {
    case SVCROUTE_OUTCOME_STATUS:
        return outcome->status;
    case SVCROUTE_OUTCOME_TIMEOUT:
        return 504;
    default:
        return 502;
    }
}

/* A request fails once, whatever else is said of it. */
static void failure_count(struct svcroute_pick *pick, const struct svcroute_outcome *outcome)
{
    if (is_failure(outcome) && !pick->failed) {
        pick->failed = true;
        atomic_fetch_add_explicit(&pick->peer->failures, 1, memory_order_relaxed);
    }
}

/* What an outcome says of the server. */
static void judge(struct svcroute_pick *pick, const struct svcroute_outcome *outcome)
{
    pick->status = outcome->kind == SVCROUTE_OUTCOME_STATUS ? outcome->status : 0;
    if (outcome->kind == SVCROUTE_OUTCOME_CLIENT) {
        return;
    }
    failure_count(pick, outcome);
    latency_count(pick, outcome);
    if (pick->layout->health != NULL && pick->layout->health->passive) {
        bool reached = outcome->kind != SVCROUTE_OUTCOME_CONNECT;
        svcr_health_passive(pick->core, pick->layout, pick->index,
                            svcr_passive_is_failure(reached, status_for_client(outcome)),
                            pick->now);
    }
}

static void clock_set(struct svcroute_pick *pick, uint64_t now)
{
    pick->measured = svcr_clock_set(pick->core, &pick->now, now);
}

int svcroute_pick_report(struct svcroute_pick *pick, const struct svcroute_outcome *outcome,
                         uint64_t now)
{
    struct svcroute_outcome copy;
    int error =
        pick == NULL || outcome == NULL ? SVCROUTE_ERR_INVALID : outcome_read(&outcome, &copy);
    if (error != 0) {
        return error;
    }
    if (pick->state != SVCR_PICK_OPEN || pick->reported) {
        return SVCROUTE_ERR_STATE;
    }
    clock_set(pick, now);
    pick->reported = true;
    judge(pick, outcome);
    return 0;
}

static void finish(struct svcroute_pick *pick)
{
    atomic_fetch_add_explicit(&pick->peer->live.load,
                              pick->counted ? SVCR_LOAD_FINISHED : SVCR_LOAD_FINISHED + 1,
                              memory_order_release);
    if (pick->num_tried < SVCR_EXCLUDED_MAX) {
        pick->tried[pick->num_tried++] = pick->peer->id;
    }
    pick->state = SVCR_PICK_FINISHED;
}

int svcroute_pick_finish(struct svcroute_pick *pick, const struct svcroute_outcome *outcome,
                         uint64_t now)
{
    struct svcroute_outcome copy;
    if (pick == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    int error = outcome != NULL ? outcome_read(&outcome, &copy) : 0;
    if (error != 0) {
        return error;
    }
    if (pick->state != SVCR_PICK_OPEN) {
        return SVCROUTE_ERR_STATE;
    }
    clock_set(pick, now);
    if (outcome != NULL && !pick->reported) {
        judge(pick, outcome);
    } else if (outcome != NULL && outcome->kind != SVCROUTE_OUTCOME_STATUS) {
        failure_count(pick, outcome); /* broke off after its head */
    }
    finish(pick);
    return 0;
}

void svcroute_pick_clear(struct svcroute_pick *pick)
{
    if (pick == NULL || pick->state == SVCR_PICK_CLEAR) {
        return;
    }
    if (pick->state == SVCR_PICK_OPEN) {
        finish(pick);
    }
    pick->state = SVCR_PICK_CLEAR;
    svcr_epoch_give(pick->epoch);
}

uint32_t svcr_pick_failover(const struct svcroute_pick *pick, uint32_t num, uint32_t status)
{
    while (num > 0) {
        const struct svcr_layout *layout = pick->failovers[--num].layout;
        if (svcr_failover_wants_fallback(layout->ranges, layout->num_ranges, status)) {
            return num;
        }
    }
    return SVCR_NOBODY;
}
