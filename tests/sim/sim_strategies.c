/* What strategies claim of many picks, on a virtual clock: proportions, updates, herding, movement
 * of keys.
 *
 * Statistical claims state their confidence: a chi-square or a share is compared with a limit that
 * a right strategy passes but once in 10^6 runs; seeds are fixed, so that a run that passed passes
 * again. Prints `N passed, N failed`. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance/strategy.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static unsigned passed, failed;

__attribute__((format(printf, 2, 3))) static void check(bool good, const char *format, ...)
{
    va_list arguments;
    char text[200];

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (good) {
        passed++;
    } else {
        failed++;
    }
    printf("%s %s\n", good ? "ok  " : "FAIL", text);
}

/* ---- children ----------------------------------------------------------------------------- */

enum { CHILDREN_MAX = 1000 };

struct world {
    struct svcr_shape shape;
    struct svcr_member members[CHILDREN_MAX];
    struct svcr_live lives[CHILDREN_MAX];
    char names[CHILDREN_MAX][32];
    struct svcr_random random;
    struct svcr_choice choice;
};

static void set_child(struct world *world, uint32_t at, int64_t weight, uint64_t id)
{
    int size = snprintf(world->names[at], sizeof(world->names[at]), "http://10.2.%u.%u:8080",
                        (unsigned)(id / 256 % 256), (unsigned)(id % 256));

    world->members[at] = (struct svcr_member){
        .state = &world->lives[at].state,
        .live = &world->lives[at],
        .weight = weight,
        .name = {world->names[at], (size_t)size},
        .id = id,
    };
    world->members[at].name_hash = svcr_hrw_name_hash(world->members[at].name);
}

static void weigh(struct world *world)
{
    world->shape.equal = true;
    for (uint32_t i = 0; i < world->shape.num; i++) {
        world->shape.equal = world->shape.equal && world->members[i].weight > 0 &&
                             world->members[i].weight == world->members[0].weight;
    }
}

static struct world *world_new(uint32_t num, const int64_t *weights, uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    world->shape = (struct svcr_shape){.num = num, .members = world->members};
    for (uint32_t i = 0; i < num; i++) {
        set_child(world, i, weights != NULL ? weights[i] : 1, i);
    }
    weigh(world);
    svcr_random_seed(&world->random, seed);
    world->choice.random = &world->random;
    world->choice.unusable = ~(uint32_t)SVCR_STATE_FORCED_UP;
    return world;
}

static struct svcr_scheduler *scheduler_new(const struct svcr_strategy *strategy,
                                            const struct world *world)
{
    return calloc(1, strategy->size(&world->shape) + 1);
}

/* The limit that chi-square with `freedom` degrees passes once in 10^6 (Wilson and Hilferty). */
static double chi_limit(double freedom)
{
    double part = 2 / (9 * freedom);

    return freedom * pow(1 - part + 4.753 * sqrt(part), 3);
}

/* ---- weighted round robin ----------------------------------------------------------------- */

/* What an update changes in the story of 99 : 1. */
enum story { NOTHING, OTHER_WEIGHT, OTHER_CHILD, LIGHT_IS_NEW };

static void make_update(struct world *world, enum story story, unsigned number, uint32_t *old_index)
{
    uint64_t light = world->members[1].id;
    bool odd = number % 2 != 0;

    old_index[0] = 0;
    old_index[1] = 1;
    world->shape.num = 2;
    switch (story) {
    case OTHER_WEIGHT:
        set_child(world, 0, odd ? 98 : 99, 0);
        break;
    case OTHER_CHILD: /* one of weight 1 comes and goes */
        if (odd) {
            set_child(world, 2, 1, 1000 + number);
            old_index[2] = SVCR_NOBODY;
            world->shape.num = 3;
        }
        break;
    case LIGHT_IS_NEW:
        set_child(world, 1, 1, light + 1);
        old_index[1] = SVCR_NOBODY;
        break;
    default:
        break;
    }
    weigh(world);
}

static void light_child_over_updates(enum story story, const char *what)
{
    static const int64_t weights[] = {99, 1};
    enum { UPDATES = 4000, EACH = 50 };
    struct world *world = world_new(2, weights, 1);
    struct svcr_scheduler *scheduler = scheduler_new(&svcr_wrr, world);
    unsigned light = 0;

    svcr_wrr.open(scheduler, &world->shape, &world->random, true);
    for (unsigned i = 0; i < UPDATES; i++) {
        struct svcr_member members[3];
        struct svcr_shape older = world->shape;
        struct svcr_scheduler *fresh;
        uint32_t old_index[3];

        for (int k = 0; k < EACH; k++) {
            light += svcr_wrr.pick(scheduler, &world->shape, &world->choice) == 1;
        }
        memcpy(members, world->members, sizeof(members));
        older.members = members;
        make_update(world, story, i, old_index);
        fresh = scheduler_new(&svcr_wrr, world);
        svcr_wrr.carry(fresh, &world->shape, scheduler, &older, old_index, &world->random);
        free(scheduler);
        scheduler = fresh;
    }
    check(light >= 1960 && light <= 2040,
          "wrr: 99:1 with an update every 50 picks (%s): the light child gets %.3f %%", what,
          100.0 * light / (UPDATES * EACH));
    free(scheduler);
    free(world);
}

/* Many pickers start at once: their first picks follow the weights. */
static void first_picks(const struct svcr_strategy *strategy, bool equal)
{
    enum { NUM = 10, PICKERS = 20000 };
    int64_t weights[NUM], sum = 0;
    double chi = 0, counts[NUM] = {0};
    struct world *world;
    struct svcr_scheduler *scheduler;

    for (int i = 0; i < NUM; i++) {
        weights[i] = equal ? 1 : i + 1;
        sum += weights[i];
    }
    world = world_new(NUM, weights, 3);
    for (int i = 0; i < PICKERS; i++) {
        scheduler = scheduler_new(strategy, world);
        strategy->open(scheduler, &world->shape, &world->random, true);
        counts[strategy->pick(scheduler, &world->shape, &world->choice)]++;
        free(scheduler);
    }
    for (int i = 0; i < NUM; i++) {
        double expected = (double)PICKERS * (double)weights[i] / (double)sum;

        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    check(chi < chi_limit(NUM - 1), "%s: first picks of %d pickers, %s weights: chi-square %.1f",
          strategy->name, PICKERS, equal ? "equal" : "other", chi);
    free(world);
}

/* A rolling deployment: every 7 picks one of 20 children is replaced. Who stays is not passed over.
 */
static void rolling_replacement(void)
{
    enum { NUM = 20, UPDATES = 3000 };
    struct world *world = world_new(NUM, NULL, 4);
    struct svcr_scheduler *scheduler = scheduler_new(&svcr_wrr, world), *fresh;
    unsigned waits[NUM] = {0}, longest = 0;
    uint32_t old_index[NUM];

    svcr_wrr.open(scheduler, &world->shape, &world->random, true);
    for (unsigned i = 0; i < UPDATES; i++) {
        uint32_t replaced = svcr_random_below(&world->random, NUM);

        for (int k = 0; k < 7; k++) {
            uint32_t picked = svcr_wrr.pick(scheduler, &world->shape, &world->choice);

            for (uint32_t c = 0; c < NUM; c++) {
                waits[c]++;
                longest = waits[c] > longest ? waits[c] : longest;
            }
            waits[picked] = 0;
        }
        for (uint32_t c = 0; c < NUM; c++) {
            old_index[c] = c == replaced ? SVCR_NOBODY : c;
        }
        set_child(world, replaced, 1, 5000 + i);
        fresh = scheduler_new(&svcr_wrr, world);
        svcr_wrr.carry(fresh, &world->shape, scheduler, &world->shape, old_index, &world->random);
        free(scheduler);
        scheduler = fresh;
    }
    check(longest <= 2 * NUM, "wrr: a child of 20 in a rolling replacement waits %u picks at most",
          longest);
    free(scheduler);
    free(world);
}

/* ---- power of two choices ----------------------------------------------------------------- */

/* As many requests as servers, none finishes: the fullest server has some log2(log2(n)) of them,
 * while single random choices give some ln(n) / ln(ln(n)), 5 or 6 here. */
static void balls_and_bins(void)
{
    enum { ROUNDS = 100 };
    struct world *world = world_new(CHILDREN_MAX, NULL, 5);
    uint32_t fullest = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < CHILDREN_MAX; i++) {
            atomic_store(&world->lives[i].load, 0);
        }
        for (int i = 0; i < CHILDREN_MAX; i++) {
            uint32_t picked = svcr_p2c.pick(NULL, &world->shape, &world->choice);
            uint64_t load = atomic_fetch_add(&world->lives[picked].load, SVCR_LOAD_PICKED) + 1;

            fullest = load > fullest ? (uint32_t)load : fullest;
        }
    }
    check(fullest <= 4, "p2c: 1000 requests on 1000 servers, 100 times: at most %u on one",
          fullest);
    free(world);
}

/* ---- highest random weight ---------------------------------------------------------------- */

enum { KEYS = 200000 };

static void set_key(struct world *world, char key[32], unsigned number)
{
    world->choice.key.data = key;
    world->choice.key.size =
        (size_t)snprintf(key, 32, "10.%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
}

static void shares_and_movement(uint32_t num, const int64_t *weights, const char *what)
{
    struct world *world = world_new(num, weights, 6);
    uint32_t *homes = calloc(KEYS, sizeof(*homes)), leaver = num / 2, strays = 0;
    double *counts = calloc(num, sizeof(*counts)), *moved = calloc(num, sizeof(*moved));
    double sum = 0, chi = 0, chi_moved = 0;
    char key[32];

    for (uint32_t i = 0; i < num; i++) {
        sum += (double)world->members[i].weight;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        set_key(world, key, i);
        homes[i] = svcr_hrw.pick(NULL, &world->shape, &world->choice);
        counts[homes[i]]++;
    }
    atomic_store(&world->lives[leaver].state, SVCR_STATE_DOWN_ACTIVE);
    for (unsigned i = 0; i < KEYS; i++) {
        uint32_t home;

        set_key(world, key, i);
        home = svcr_hrw.pick(NULL, &world->shape, &world->choice);
        strays += homes[i] != leaver && home != homes[i];
        moved[home] += homes[i] == leaver;
    }
    for (uint32_t i = 0; i < num; i++) {
        double weight = (double)world->members[i].weight, expected = KEYS * weight / sum;

        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
        if (i != leaver) {
            expected = counts[leaver] * weight / (sum - (double)world->members[leaver].weight);
            chi_moved += (moved[i] - expected) * (moved[i] - expected) / expected;
        }
    }
    check(chi < chi_limit(num - 1), "hrw: shares of %u servers, %s: chi-square %.1f", num, what,
          chi);
    check(strays == 0, "hrw: %s: keys of others that move when a server leaves: %u", what, strays);
    check(num > 100 || chi_moved < chi_limit(num - 2),
          "hrw: %s: where its own keys go: chi-square %.1f", what, chi_moved);
    free(homes);
    free(counts);
    free(moved);
    free(world);
}

/* ---- least time --------------------------------------------------------------------------- */

enum { ANSWERS_MAX = 20000 };

/* Requests under way, by the time of their answer. */
struct answers {
    struct answer {
        uint64_t at, latency;
        uint32_t child;
    } heap[ANSWERS_MAX];
    size_t num;
};

static void answers_add(struct answers *answers, struct answer answer)
{
    size_t at = answers->num++;

    while (at > 0 && answer.at < answers->heap[(at - 1) / 2].at) {
        answers->heap[at] = answers->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    answers->heap[at] = answer;
}

static struct answer answers_take(struct answers *answers)
{
    struct answer first = answers->heap[0], last = answers->heap[--answers->num];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < answers->num) {
        child += child + 1 < answers->num && answers->heap[child + 1].at < answers->heap[child].at;
        if (last.at <= answers->heap[child].at) {
            break;
        }
        answers->heap[at] = answers->heap[child];
        at = child;
    }
    answers->heap[at] = last;
    return first;
}

struct server {
    uint64_t latency;  /* of an answer, give or take a fifth */
    uint64_t reported; /* what is reported instead, 0: the latency */
};

/* `rate` requests a second for `end` ns, spread over `pickers` pickers; counts[i]: those sent to
 * server i from `from` on. */
static void run_traffic(struct world *world, const struct server *servers, uint64_t rate,
                        uint64_t from, uint64_t end, int pickers, unsigned *counts)
{
    static struct answers answers;
    struct svcr_scheduler *schedulers[8];
    int turn = 0;

    answers.num = 0;
    for (int i = 0; i < pickers; i++) {
        schedulers[i] = scheduler_new(&svcr_leasttime, world);
        svcr_leasttime.open(schedulers[i], &world->shape, &world->random, true);
    }
    for (uint64_t now = SECOND; now < SECOND + end; now += SECOND / rate) {
        uint32_t picked;
        uint64_t latency;

        while (answers.num > 0 && answers.heap[0].at <= now) {
            struct answer answer = answers_take(&answers);

            atomic_fetch_add(&world->lives[answer.child].load, SVCR_LOAD_FINISHED);
            svcr_latency_add(&world->lives[answer.child], answer.latency, answer.at);
        }
        world->choice.now = now;
        picked = svcr_leasttime.pick(schedulers[turn++ % pickers], &world->shape, &world->choice);
        atomic_fetch_add(&world->lives[picked].load, SVCR_LOAD_PICKED);
        latency = servers[picked].latency;
        latency += latency * svcr_random_below(&world->random, 400) / 1000 - latency / 5;
        answers_add(&answers,
                    (struct answer){
                        now + latency,
                        servers[picked].reported > 0 ? servers[picked].reported : latency, picked});
        counts[picked] += now - SECOND >= from;
    }
    for (int i = 0; i < pickers; i++) {
        free(schedulers[i]);
    }
}

static void slow_server(int pickers)
{
    static const struct server servers[] = {
        {10 * MS, 0}, {10 * MS, 0}, {10 * MS, 0}, {10 * MS, 0}, {2 * SECOND, 0}};
    unsigned worst_early = 0, worst_late = 0;

    for (uint64_t seed = 0; seed < 50; seed++) {
        struct world *world = world_new(5, NULL, seed);
        unsigned early[5] = {0}, late[5] = {0};

        run_traffic(world, servers, 1000, 0, 2 * SECOND, pickers, early);
        free(world);
        world = world_new(5, NULL, seed);
        run_traffic(world, servers, 1000, 3 * SECOND, 10 * SECOND, pickers, late);
        worst_early = early[4] > worst_early ? early[4] : worst_early;
        worst_late = late[4] > worst_late ? late[4] : worst_late;
        free(world);
    }
    check(worst_early <= 400,
          "leasttime: four servers of 10 ms and one of 2 s, 1000 requests/s, %d pickers: the slow "
          "one gets %u of the first 2000",
          pickers, worst_early);
    check(worst_late <= 70, "leasttime: and %u of the 7000 that come after 3 s", worst_late);
}

/* Errors come fast, but count as slow: the caller reports a penalty. */
static void failing_server(void)
{
    static const struct server servers[] = {
        {10 * MS, 0}, {10 * MS, 0}, {10 * MS, 0}, {10 * MS, 0}, {MS, 5 * SECOND}};
    struct world *world = world_new(5, NULL, 8);
    unsigned counts[5] = {0};

    run_traffic(world, servers, 1000, 0, 5 * SECOND, 2, counts);
    check(counts[4] <= 50, "leasttime: a server that answers errors in 1 ms gets %u of 5000",
          counts[4]);
    free(world);
}

/* A server that joins ten others is not flooded. */
static void new_server(void)
{
    struct server servers[11];
    struct world *world = world_new(11, NULL, 9);
    unsigned counts[11] = {0};

    for (int i = 0; i < 11; i++) {
        servers[i] = (struct server){10 * MS, 0};
        if (i < 10) {
            svcr_latency_add(&world->lives[i], 10 * MS, SECOND - 1);
        }
    }
    run_traffic(world, servers, 2000, 0, 100 * MS, 2, counts);
    check(counts[10] <= 2 * 200 / 11 && counts[10] >= 200 / 11 / 3,
          "leasttime: a new server among ten gets %u of the first 200 (its share: 18)", counts[10]);
    free(world);
}

/* Equal servers share alike, also below one millisecond. */
static void equal_servers(uint64_t latency, const char *what)
{
    struct server servers[8];
    struct world *world = world_new(8, NULL, 10);
    unsigned counts[8] = {0}, most = 0, least = UINT32_MAX;

    for (int i = 0; i < 8; i++) {
        servers[i] = (struct server){latency, 0};
    }
    run_traffic(world, servers, 4000, 0, 10 * SECOND, 4, counts);
    for (int i = 0; i < 8; i++) {
        most = counts[i] > most ? counts[i] : most;
        least = counts[i] < least ? counts[i] : least;
    }
    check(most < 5000 * 1.25 && least > 5000 * 0.75,
          "leasttime: eight equal servers of %s get %u to %u of 40000", what, least, most);
    free(world);
}

int main(void)
{
    static int64_t ten[10], thousand[CHILDREN_MAX];

    light_child_over_updates(NOTHING, "an equal table");
    light_child_over_updates(OTHER_WEIGHT, "the other weight changes");
    light_child_over_updates(OTHER_CHILD, "a third child comes and goes");
    light_child_over_updates(LIGHT_IS_NEW, "the light child is a new one each time");
    first_picks(&svcr_wrr, true);
    first_picks(&svcr_wrr, false);
    first_picks(&svcr_traefik_wrr, true);
    rolling_replacement();
    balls_and_bins();
    for (int i = 0; i < CHILDREN_MAX; i++) {
        ten[i % 10] = i % 10 + 1;
        thousand[i] = 1 + i % 3;
    }
    shares_and_movement(10, NULL, "equal weights");
    shares_and_movement(10, ten, "weights 1 to 10");
    shares_and_movement(1000, NULL, "1000 equal weights");
    shares_and_movement(1000, thousand, "1000 weights 1 to 3");
    slow_server(1);
    slow_server(4);
    failing_server();
    new_server();
    equal_servers(10 * MS, "10 ms");
    equal_servers(MS / 5, "200 us");
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
