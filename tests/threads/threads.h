/* Threads at one balancer: what they share.
 *
 *   driver    updates with random changes, advances, hears events, sets admin states, makes and
 * frees pickers, hands out tables prober    answers health checks, late or never workers   match,
 * pick, report, finish, clear and pick again, each with a picker of its own finisher  reports,
 * finishes and clears picks that the workers made askers    match by tables that they share with
 * each other and with the driver
 *
 * They talk through atomics of their own, with as little order as will do: each lock that the test
 * took would order what the library must order by itself, and so hide its faults. */
#ifndef THREADS_H
#define THREADS_H

#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <svcroute/svcroute.h>

/* ---- checks ---- */

/* One that does not hold ends the run; one that was never made has failed. */
enum check {
    CHECK_PICKED,  /* a pick finds a server, whatever is updated */
    CHECK_LIVE,    /* its server is in a table that was live during the call */
    CHECK_OWN,     /* and is one of those below what was picked from */
    CHECK_SPARE,   /* the last usable server is never ejected; traefik-v3: who is ejected returns */
    CHECK_COMING,  /* what comes and goes is found, or gone, as the tables say */
    CHECK_AGAIN,   /* picking again gives a server that was not tried */
    CHECK_MIRROR,  /* mirrors find a server too */
    CHECK_COOKIE,  /* a cookie leads to the server that set it */
    CHECK_END,     /* each pick is reported and finished once */
    CHECK_UPDATE,  /* updates succeed */
    CHECK_REFRESH, /* and so do refreshes */
    CHECK_PICKER,  /* pickers come and go */
    CHECK_PROBE,   /* answers of probes are taken, or were cancelled */
    CHECK_ADMIN,   /* servers that are there can be told about */
    CHECK_ROUTE,   /* a request takes the route that a table says which was live during the call */
    CHECK_SAME,    /* the same that its picker's own table says, and its handle leads there */
    CHECK_CHILD,   /* routes below a route are found too */
    CHECK_REGEX,   /* regular expressions, which threads share, answer as they should */
    CHECK_SHARED,  /* a table that threads share goes on to say what it said */
    CHECK_FLIGHT,  /* in the end nothing is in flight */
    CHECK_COUNTS,  /* and each server counted its picks and failures */
    CHECK_MEMORY,  /* and no memory is left */
    NUM_CHECKS
};

/* Any thread. Returns `good`. */
bool check(enum check check, bool good);
extern _Atomic bool over;
/* A time in which workers do nothing but fail at the two servers that are ejected for it. */
extern _Atomic bool storm;
/* The profile; set before there are threads. */
extern bool traefik;

/* ---- chance and time ---- */

struct random {
    uint64_t state;
};

static inline uint32_t random_below(struct random *random, uint32_t bound)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(((random->state >> 32) * bound) >> 32);
}

static inline bool random_one_in(struct random *random, uint32_t bound)
{
    return random_below(random, bound) == 0;
}

uint64_t now_ns(void);

/* ---- cluster.c: the documents, and which table had which server when ---- */

enum {
    NUM_LEAVES = 6,
    LEAF_SPARE = 4,  /* two servers, ejected after each failure for EJECTED */
    LEAF_COMING = 5, /* comes and goes */
    MAX_SERVERS = 12,
    /* Server 0 of each leaf is in every table that has the leaf; nothing is done to it but
       requests. */
    NUM_STEADY = 4,
    HISTORY = 1 << 14,
};

#define EJECTED UINT64_C(1000000) /* nanoseconds */

/* What is picked from. */
enum {
    TARGET_LEAF,                            /* and on: the leaves */
    TARGET_TREE = TARGET_LEAF + NUM_LEAVES, /* weighted */
    TARGET_FAILOVER,
    TARGET_MIRRORING,
    TARGET_RANDOM, /* highest random weight */
    TARGET_MIXED,  /* with what comes and goes */
    TARGET_PROBED, /* with servers under health checks */
    TARGET_ROUTE,
    NUM_TARGETS
};

/* ---- rules.c: routes that come, go and change, and who takes what ---- */

enum {
    NUM_ROOTS = 6, /* routes that are asked first; they lead to the steady leaves by turns */
    NUM_RULES = NUM_ROOTS + 2, /* and such below the route "p", which is always there */
    ROUTE_PARENT = NUM_RULES,  /* "p" itself */
    ROUTE_NONE,
    NUM_QUESTIONS = 7,
    QUESTION_PARENT = NUM_QUESTIONS - 1, /* the one that "p" takes */
};

/* All rules of a table are one number: a byte for each, 0 if the route is not there. */

/* False in a build without regular expressions. */
extern bool with_regexps;
/* Finds that out, before there are threads. */
bool rules_open(struct svcroute_context *context);

struct svcroute_match_request question_of(uint32_t question);
/* Another version of one route, or none. */
uint64_t rules_change(uint64_t state, struct random *random, uint32_t rule);
/* The document of one route; false if it is not there. */
bool rule_write(uint64_t state, uint32_t rule, char *text, size_t size);
struct svcroute_text rule_text(uint64_t state, uint32_t rule);
bool rule_takes(uint64_t state, uint32_t rule, uint32_t question);
/* Which route takes a question, by the model: the next one behind another, ROUTE_NONE for the
 * first; or the one below "p". */
uint32_t rules_next(uint64_t state, uint32_t question, uint32_t after);
uint32_t rules_below(uint64_t state, uint32_t question);
/* Which route this is; ROUTE_NONE for NULL. False if it is not as the state has it. */
bool route_read(const struct svcroute_table *table, const struct svcroute_route *route,
                uint64_t state, uint32_t *found);
/* True if the route was found by a regular expression. */
bool rule_is_regexp(uint64_t state, uint32_t rule);

/* ---- cluster.c: continued ---- */

struct cluster { /* the driver's */
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_table *table;
    uint32_t table_members[NUM_LEAVES];
    uint64_t table_rules;
    struct svcroute_table *other; /* the one before */
    uint32_t other_members[NUM_LEAVES];
    uint64_t other_rules;
    struct random random;
    uint32_t members[NUM_LEAVES]; /* bits of its servers; 0: the leaf is not there */
    uint64_t rules;
    char text[1 << 15];
    size_t size;
};

/* Makes the store and the first table. */
void cluster_open(struct cluster *cluster, struct svcroute_context *context, uint64_t seed);
void cluster_close(struct cluster *cluster);
/* Changes documents at random and resolves; cluster->table is the table after. */
void cluster_change(struct cluster *cluster);
/* Goes back to the table before, or forth again, which takes no time. */
void cluster_flip(struct cluster *cluster);
/* Names a target: of a route, or of a service. */
struct svcroute_text target_name(const struct cluster *cluster, uint32_t target);
/* Leaves below a target, as bits. */
uint32_t target_leaves(uint32_t target);
/* True if `host` is the address of a server of a leaf, which are then told. */
bool host_read(struct svcroute_text host, uint32_t *leaf, uint32_t *server);

/* Tables by number. An update tells beforehand which is coming, and afterwards that it is there. */
void history_begin(const uint32_t members[NUM_LEAVES], uint64_t rules);
void history_end(void);
uint64_t history_done(void);  /* the last one that is there for sure */
uint64_t history_begun(void); /* the last one that may be there */
/* True if a table from `first` to `last` has the server (of members: any of these). */
bool history_has(uint64_t first, uint64_t last, uint32_t leaf, uint32_t members);
/* True if a table from `first` to `last` lacks the leaf. */
bool history_lacks(uint64_t first, uint64_t last, uint32_t leaf);

/* Rules of a table from `first` to `last` that a test is true of; false: of none. */
bool history_finds(uint64_t first, uint64_t last, bool (*test)(uint64_t state, const void *user),
                   const void *user);

/* ---- workers.c ---- */

enum { NUM_WORKERS = 2, NUM_SLOTS = 48, MAX_TRIED = 16 };

/* One pick and whose turn it is; who finds it in its own state has it alone. */
struct slot {
    _Atomic uint32_t owner; /* enum owner */
    struct svcroute_pick *pick;
    void *memory; /* of a pick in the host's memory; NULL: svcroute_pick_new() */
    uint32_t target;
    bool passing; /* it was picked by a route that comes and goes */
    bool steady;  /* its server counts for svcroute_server_stats */
    uint32_t leaf;
    bool reported;
    uint32_t num_tried;
    uint64_t tried[MAX_TRIED];
};

enum owner {
    OWNER_NOBODY,   /* clear */
    OWNER_WORKER,   /* in use */
    OWNER_FINISHER, /* handed over */
    OWNER_ANY,      /* finished: any worker may pick again */
};

/* What was counted of the first server of a steady leaf. */
struct tally {
    _Atomic uint64_t picks, failures;
};

struct worker {
    struct slot slots[NUM_SLOTS];
    struct worker *all; /* the workers */
    struct random random;
    struct svcroute_picker *picker;
    _Atomic(struct svcroute_picker *) offered; /* by the driver: to be used from now on */
    _Atomic(struct svcroute_picker *) retired; /* to the driver: no longer used */
    uint64_t handles[NUM_TARGETS];
    struct { /* a cookie of each leaf and where it leads */
        char text[128];
        size_t size;
        uint32_t server;
    } jar[NUM_LEAVES];
    uint64_t first; /* table that the picker has at least; 0: unknown */
    bool nobody;    /* traefik-v3: both servers that are ejected for failures were, at last */
};

extern struct tally tallies[NUM_STEADY];

void *worker_run(void *worker);
/* matching.c: finds a route by a random question; 0: none. The leaf below it is told. */
uint64_t worker_match(struct worker *worker, uint32_t *leaf);
void *finisher_run(void *workers);

/* ---- matching.c ---- */

enum { NUM_ASKERS = 2 };

/* A table on its way to an asker. */
struct shared {
    struct svcroute_table *table;
    uint64_t rules;
};

struct asker {
    _Atomic(struct shared *) offered;
    struct shared *shared; /* in use; NULL: none yet */
    struct svcroute_diags *diags;
    struct random random;
};

void *asker_run(void *asker);
/* Any thread; NULL is allowed. */
void shared_free(struct shared *shared);

/* ---- driver.c ---- */

enum { NUM_PROBES = 256 };

/* Numbers from one thread to another. */
struct pipe {
    _Atomic uint64_t items[NUM_PROBES];
    _Atomic uint32_t head, tail;
};

struct driver {
    struct cluster cluster;
    struct svcroute_context *context;
    struct svcroute_balancer *balancer;
    struct worker *workers;
    struct asker *askers;
    struct random random;
    struct pipe wanted, answered;
    uint64_t updates, events, pickers;
};

void driver_run(struct driver *driver, double seconds);
void *prober_run(void *driver);
/* After all others have ended. */
void driver_count(struct driver *driver);

#endif
