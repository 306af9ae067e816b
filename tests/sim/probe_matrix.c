/* Active health checks from end to end on a virtual clock: every mixture of interval,
 * unhealthyInterval, timeout, rise, fall and start, in both profiles, with random answers (good,
 * bad, late, none), against a naive model that shares no code with the library. Each probe has to
 * be wanted at the moment that the model says, no other, and each server has to be up or down from
 * the right answer on. Then the spread of first probes over seeds.
 *
 * In profile traefik-v3 a checked service has one server; what its tickers do with several is tried
 * on the schedule itself, with the same model.
 *
 * Prints `N passed, N failed`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

#include "balance/schedule.h"

#include "probe_model.h"

enum { STEPS = 300 };

static uint64_t passed, failed, chance = 1;
static char what_runs[200];

static void check(bool good, const char *what, uint64_t now)
{
    passed += good ? 1 : 0;
    failed += good ? 0 : 1;
    if (!good && failed <= 20) {
        printf("FAIL %s: %s, at %llu\n", what_runs, what, (unsigned long long)now);
    }
}

static void need(bool good, const char *what)
{
    if (!good) {
        printf("%s: %s\n0 passed, 1 failed\n", what_runs, what);
        exit(1);
    }
}

static uint64_t roll(uint64_t below)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (chance >> 20) % below;
}

/* ---- what is tried ------------------------------------------------------------------------- */

static struct subject {
    const struct mixture *mix;
    struct svcroute_context *context;
    struct svcroute_table *tables[2]; /* the second has a service more */
    struct svcroute_balancer *balancer;
    struct svcr_schedule *schedule;
    unsigned table;
    uint64_t ids[SERVERS], probes[SERVERS];
    bool asked[SERVERS], told_up[SERVERS];
} subject;

static void write_duration(char *out, size_t size, const char *name, uint64_t value)
{
    if (value != 0) {
        snprintf(out, size, ", %s: %lluus", name, (unsigned long long)(value / 1000));
    }
}

static char documents[8192];

static void write_documents(const struct mixture *mix)
{
    char unhealthy[64] = "", *at = documents, *end = documents + sizeof documents;
    char timeout[64] = "", *tree = "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\n";
    write_duration(unhealthy, sizeof unhealthy, "unhealthyInterval", mix->unhealthy);
    write_duration(timeout, sizeof timeout, "timeout", mix->timeout);
    if (!mix->traefik) {
        at += snprintf(at, (size_t)(end - at),
                       "apiVersion: v1\nkind: Service\nmetadata: {name: s0}\n"
                       "spec: {ports: [{port: 80, name: web}]}\n---\n"
                       "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: "
                       "s0-1, labels: {kubernetes.io/service-name: s0}}\n"
                       "ports: [{port: 80, name: web}]\nendpoints:\n");
    }
    for (unsigned i = 0; i < mix->num; i++) {
        at += snprintf(at, (size_t)(end - at),
                       mix->traefik ? "apiVersion: v1\nkind: Service\nmetadata: {name: s%u}\nspec: "
                                      "{type: ExternalName, externalName: s.example}\n---\n"
                                    : "- {addresses: [10.0.0.%u]}\n",
                       mix->traefik ? i : i + 1);
    }
    at += snprintf(at, (size_t)(end - at),
                   "---\n%smetadata: {name: t}\nspec:\n  weighted:\n"
                   "    services:\n",
                   tree);
    for (unsigned i = 0; i < (mix->traefik ? mix->num : 1); i++) {
        at +=
            snprintf(at, (size_t)(end - at),
                     "    - {name: s%u, port: 80, healthCheck: {path: /, interval: %lluus%s%s}}\n",
                     i, (unsigned long long)(mix->interval / 1000), unhealthy, timeout);
    }
    need(at < end, "room for documents");
}

static struct svcroute_text text(const char *string)
{
    return (struct svcroute_text){string, strlen(string)};
}

static void make_tables(const struct mixture *mix)
{
    static const char another[] =
        "apiVersion: v1\nkind: Service\nmetadata: {name: z}\nspec: {type: ExternalName, "
        "externalName: z.example}\n---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\n"
        "metadata: {name: z}\nspec: {weighted: {services: [{name: z, port: 80}]}}\n";
    struct svcroute_policy *policy = NULL;
    struct svcroute_store *store = NULL;
    struct svcroute_load_result result = {.size = sizeof result};
    write_documents(mix);
    need(svcroute_context_new(&subject.context, NULL, NULL, NULL) == 0, "context");
    need(svcroute_policy_new(&policy, subject.context) == 0, "policy");
    svcroute_policy_set_profile(policy, mix->traefik ? SVCROUTE_PROFILE_TRAEFIK_V3
                                                     : SVCROUTE_PROFILE_DEFAULT);
    svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true);
    svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS, true);
    need(svcroute_store_new(&store, subject.context) == 0, "store");
    need(svcroute_store_load(store, documents, strlen(documents), NULL, &result, NULL) == 0 &&
             result.rejected == 0,
         "documents");
    need(svcroute_resolve(&subject.tables[0], store, policy, NULL, NULL) == 0, "table");
    need(svcroute_store_load(store, another, sizeof another - 1, NULL, NULL, NULL) == 0, "more");
    need(svcroute_resolve(&subject.tables[1], store, policy, subject.tables[0], NULL) == 0,
         "second table");
    svcroute_store_free(store);
    svcroute_policy_free(policy);
}

static void make_balancer(const struct mixture *mix, uint64_t seed)
{
    struct svcroute_balancer_options options;
    svcroute_balancer_options_init(&options, sizeof options);
    options.seed = seed;
    options.rise = mix->rise;
    options.fall = mix->fall;
    options.initial_health = mix->initial;
    need(svcroute_balancer_new(&subject.balancer, subject.tables[0], &options, 0) == 0, "balancer");
    for (unsigned i = 0; i < mix->num; i++) {
        char name[32];
        snprintf(name, sizeof name, "default-s%u-80", mix->traefik ? i : 0);
        need(svcroute_balancer_find_server(subject.balancer, text(name), mix->traefik ? 0 : i,
                                           &subject.ids[i]) == 0,
             "server");
        subject.told_up[i] = true; /* as a host takes them to be */
    }
}

static void subject_begin(const struct mixture *mix)
{
    memset(&subject, 0, sizeof subject);
    subject.mix = mix;
    if (!mix->direct) {
        make_tables(mix);
        make_balancer(mix, roll(1000));
        return;
    }
    struct svcr_schedule_options options = {.interval = mix->interval,
                                            .unhealthy_interval = wait_of(mix, false),
                                            .timeout = mix->timeout,
                                            .rise = mix->rise,
                                            .fall = mix->fall,
                                            .traefik = true};
    need(svcroute_context_new(&subject.context, NULL, NULL, NULL) == 0, "context");
    need(svcr_schedule_new(&subject.schedule, subject.context, &options, mix->num, 0) == 0,
         "schedule");
}

static void subject_end(void)
{
    svcroute_balancer_free(subject.balancer);
    svcroute_table_unref(subject.tables[0]);
    svcroute_table_unref(subject.tables[1]);
    svcr_schedule_free(subject.schedule, subject.context);
    svcroute_context_unref(subject.context);
}

static unsigned server_with(uint64_t id)
{
    unsigned i = 0;
    while (i < subject.mix->num && subject.ids[i] != id) {
        i++;
    }
    return i < subject.mix->num ? i : NOBODY;
}

static void take_events(uint64_t now)
{
    struct svcroute_event event = {.size = sizeof event};
    while (svcroute_balancer_next_event(subject.balancer, &event) == 0) {
        unsigned i = server_with(event.server);
        if (event.kind == SVCROUTE_EVENT_PROBE && i != NOBODY) {
            check(!subject.asked[i], "asked once", now);
            check(event.timeout == subject.mix->timeout, "the timeout", now);
            subject.asked[i] = true;
            subject.probes[i] = event.probe;
        } else if (event.kind == SVCROUTE_EVENT_SERVER_UP ||
                   event.kind == SVCROUTE_EVENT_SERVER_DOWN) {
            bool up = event.kind == SVCROUTE_EVENT_SERVER_UP;
            check(i != NOBODY && subject.told_up[i] != up, "told once", now);
            check(event.reason == (up ? 0U : SVCROUTE_DOWN_ACTIVE), "the reason", now);
            subject.told_up[i] = up;
        } else {
            check(event.kind == SVCROUTE_EVENT_SERVICE_UP ||
                      event.kind == SVCROUTE_EVENT_SERVICE_DOWN ||
                      (event.kind == SVCROUTE_EVENT_SERVER_GONE && i == NOBODY),
                  "this event", now);
        }
    }
}

static uint64_t subject_deadline(void)
{
    return subject.schedule != NULL ? svcr_schedule_deadline(subject.schedule)
                                    : svcroute_balancer_next_deadline(subject.balancer);
}

static void subject_advance(uint64_t now)
{
    memset(subject.asked, 0, sizeof subject.asked);
    if (subject.schedule == NULL) {
        svcroute_balancer_advance(subject.balancer, now);
        take_events(now);
        return;
    }
    enum svcr_schedule_what what;
    uint32_t who;
    while ((what = svcr_schedule_next(subject.schedule, now, &who)) != SVCR_SCHEDULE_NOTHING) {
        if (what == SVCR_SCHEDULE_PROBE) {
            check(!subject.asked[who], "asked once", now);
            subject.asked[who] = true;
        }
    }
}

/* True if somebody waited for it. */
static bool subject_report(unsigned i, uint64_t probe, bool good, uint64_t now)
{
    static const uint32_t fine[] = {200, 204, 301, 399}, wrong[] = {100, 199, 400, 404, 500, 503};
    if (subject.schedule != NULL) {
        return svcr_schedule_report(subject.schedule, i, good, now);
    }
    uint32_t outcome = good ? SVCROUTE_PROBE_STATUS : (uint32_t)(1 + roll(3));
    uint32_t status = good ? fine[roll(4)] : wrong[roll(6)];
    int code = svcroute_balancer_report_probe(subject.balancer, probe, outcome,
                                              outcome == SVCROUTE_PROBE_STATUS ? status : 0, now);
    check(code == 0 || code == SVCROUTE_ERR_NOT_FOUND, "a report's code", now);
    memset(subject.asked, 0, sizeof subject.asked);
    take_events(now);
    for (unsigned k = 0; k < subject.mix->num; k++) {
        check(!subject.asked[k], "no probe comes of a report", now);
    }
    return code == 0;
}

static void compare_states(uint64_t now)
{
    for (unsigned i = 0; i < subject.mix->num; i++) {
        bool up = model.servers[i].up;
        if (subject.schedule != NULL) {
            check(svcr_schedule_is_up(subject.schedule, i) == up, "up or down", now);
            continue;
        }
        struct svcroute_server_stats stats = {.size = sizeof stats};
        svcroute_balancer_get_server_stats(subject.balancer, subject.ids[i], &stats);
        check(stats.up == up, "up or down", now);
        check(stats.reason == (up ? 0U : SVCROUTE_DOWN_ACTIVE), "why", now);
        check(subject.told_up[i] == up, "what events told", now);
    }
}

/* ---- the run ------------------------------------------------------------------------------- */

static struct reply { /* on its way */
    uint64_t at, probe;
    bool good, of_now; /* of_now: of the probe that is out */
} replies[SERVERS];
static unsigned moods[SERVERS]; /* percent of good answers */

/* A probe went out: soon, in time, after its timeout (some too late), or never. */
static void send_reply(unsigned i, uint64_t now)
{
    const uint64_t timeout = subject.mix->timeout;
    uint64_t kind = roll(10);
    uint64_t delay = kind < 5   ? roll(50 * MS)
                     : kind < 8 ? roll(timeout)
                     : kind < 9 ? timeout + roll(3 * SECOND / 2)
                                : NEVER / 2;
    if (roll(8) == 0) {
        moods[i] = 10 + 40 * (unsigned)roll(3);
    }
    replies[i] = (struct reply){.at = now + delay / MS * MS + 1 + roll(MS - 2),
                                .probe = subject.probes[i],
                                .good = roll(100) < moods[i],
                                .of_now = true};
}

static unsigned next_reply(void)
{
    unsigned next = NOBODY;
    for (unsigned i = 0; i < subject.mix->num; i++) {
        if (replies[i].of_now && replies[i].at < NEVER / 2 &&
            (next == NOBODY || replies[i].at < replies[next].at)) {
            next = i;
        }
    }
    return next;
}

/* In profile default the seed decides on the first probe of a server: within one interval. */
static void learn(uint64_t now)
{
    for (unsigned i = 0; i < subject.mix->num && !subject.mix->traefik; i++) {
        struct server *server = &model.servers[i];
        if (subject.asked[i] && !server->asked && server->due == NEVER) {
            check(now <= subject.mix->interval, "the first within an interval", now);
            server->due = now;
        }
    }
}

static bool all_known(void)
{
    bool known = true;
    for (unsigned i = 0; i < subject.mix->num; i++) {
        known = known &&
                (subject.mix->traefik || model.servers[i].asked || model.servers[i].due != NEVER);
    }
    return known;
}

static void turn_of_time(uint64_t now)
{
    memset(model.wanted, 0, sizeof model.wanted);
    subject_advance(now);
    learn(now);
    model_advance(now);
    for (unsigned i = 0; i < subject.mix->num; i++) {
        check(subject.asked[i] == model.wanted[i], "who is asked", now);
        if (subject.asked[i]) {
            send_reply(i, now);
        }
    }
}

static void turn_of_reply(unsigned i)
{
    struct reply reply = replies[i];
    model_tick(reply.at);
    bool waits = model.servers[i].asked;
    replies[i].of_now = false;
    check(subject_report(i, reply.probe, reply.good, reply.at) == waits, "a report in time",
          reply.at);
    if (waits) {
        model_result(i, reply.good, reply.at);
    }
}

static void run(const struct mixture *mix)
{
    uint64_t now = 0;
    snprintf(what_runs, sizeof what_runs,
             "%s%s, interval %llu ms, unhealthy %llu ms, timeout %llu ms, rise %u, fall %u, "
             "initial %u",
             mix->traefik ? "traefik-v3" : "default", mix->direct ? " (schedule)" : "",
             (unsigned long long)(mix->interval / MS), (unsigned long long)(mix->unhealthy / MS),
             (unsigned long long)(mix->timeout / MS), mix->rise, mix->fall, mix->initial);
    memset(replies, 0, sizeof replies);
    for (unsigned i = 0; i < SERVERS; i++) {
        moods[i] = 10 + 40 * (unsigned)roll(3);
    }
    model_begin(mix);
    subject_begin(mix);
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t due = subject_deadline();
        unsigned replier = next_reply();
        uint64_t answered = replier != NOBODY ? replies[replier].at : NEVER;
        if (all_known()) {
            uint64_t expected = model_deadline(now);
            check(due == expected || (due < now && expected == now), "the deadline", now);
        }
        if (answered < due || (answered == due && roll(2) == 0)) {
            now = answered;
            turn_of_reply(replier);
        } else {
            need(due != NEVER, "nothing is ever due");
            bool late = !mix->traefik && all_known() && roll(10) == 0;
            now = due > now ? due : now;
            now += late && answered > now ? roll(answered - now < SECOND ? answered - now : SECOND)
                                          : 0;
            turn_of_time(now);
        }
        compare_states(now);
        if (!mix->direct && roll(10) == 0) { /* something else changed */
            subject.table ^= 1;
            need(svcroute_balancer_update(subject.balancer, subject.tables[subject.table], now) ==
                     0,
                 "update");
            take_events(now);
        }
    }
    subject_end();
}

/* ---- the spread ---------------------------------------------------------------------------- */

/* When each of the servers is asked first, of a balancer with this seed. */
static void first_moments(const struct mixture *mix, uint64_t seed, uint64_t moments[SERVERS])
{
    svcroute_balancer_free(subject.balancer);
    make_balancer(mix, seed);
    for (unsigned seen = 0; seen < mix->num;) {
        uint64_t now = subject_deadline();
        subject_advance(now);
        for (unsigned i = 0; i < mix->num; i++) {
            if (subject.asked[i]) {
                moments[i] = now;
                seen++;
                subject_report(i, subject.probes[i], true, now); /* forgets who was asked */
                break;
            }
        }
        need(now < mix->interval, "first probes within an interval, one by one");
    }
}

/* Over 2,000 seeds each tenth of the interval has 1,000 of the 10,000 first probes, give or take
 * five standard deviations of 30, and no server's mean is away from the middle by more than five of
 * its own. Equal seeds give equal moments, other seeds others. */
static void spread(void)
{
    enum { SEEDS = 2000 };
    const struct mixture mix = {
        .interval = 10 * SECOND, .timeout = SECOND, .num = SERVERS, .initial = 0};
    uint64_t moments[SERVERS], same[SERVERS], before[SERVERS] = {0};
    unsigned tenths[10] = {0}, equal = 0, together = 0;
    double sums[SERVERS] = {0};
    snprintf(what_runs, sizeof what_runs, "spread");
    memset(&subject, 0, sizeof subject);
    subject.mix = &mix;
    make_tables(&mix);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        first_moments(&mix, seed, moments);
        first_moments(&mix, seed, same);
        check(memcmp(moments, same, sizeof same) == 0, "the same seed gives the same", seed);
        for (unsigned i = 0; i < SERVERS; i++) {
            tenths[moments[i] / SECOND]++;
            sums[i] += (double)moments[i] / SECOND;
            equal += moments[i] == before[i] ? 1 : 0;
            together += i > 0 && moments[i] == moments[i - 1] ? 1 : 0;
        }
        memcpy(before, moments, sizeof before);
    }
    for (unsigned i = 0; i < 10; i++) {
        check(tenths[i] > 1000 - 150 && tenths[i] < 1000 + 150, "each tenth", i);
    }
    for (unsigned i = 0; i < SERVERS; i++) { /* 10 / sqrt(12 * 2,000) = 0.0645 */
        double mean = sums[i] / SEEDS;
        check(mean > 5 - 0.323 && mean < 5 + 0.323, "each server's mean", i);
    }
    check(equal == 0, "another seed, another moment", equal);
    check(together == 0, "no two at once", together);
    subject_end();
}

/* Ticks fall on whole milliseconds; timeouts do not, and answers never take whole milliseconds, so
 * that nothing happens in the very moment of a tick, where the order would be anybody's. */
static const uint64_t intervals[] = {250 * MS, SECOND, 3 * SECOND};
static const uint64_t unhealthies[] = {0, 500 * MS, 7 * SECOND}; /* 0: left out */
static const uint64_t timeouts[] = {300 * MS + 3000, 2 * SECOND + 7000, 5 * SECOND + 3000};
static const uint32_t thresholds[] = {0, 2, 3, 5}; /* 0: the default, which is 1 */

int main(void)
{
    for (unsigned n = 0; n < 3 * 3 * 3 * 4 * 4 * 3 * 3; n++) {
        unsigned k = n / 1296;
        struct mixture mix = {
            .traefik = k != 0,
            .direct = k == 2,
            .interval = intervals[n % 3],
            .unhealthy = unhealthies[n / 3 % 3],
            .timeout = timeouts[n / 9 % 3],
            .rise = thresholds[n / 27 % 4],
            .fall = thresholds[n / 108 % 4],
            .initial = n / 432 % 3,
            .num = SERVERS,
        };
        run(&mix);
    }
    spread();
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    return failed != 0;
}
