/* The out-of-memory suite: a failing allocator below everything, and scenarios to run over it. */
#ifndef OOM_H
#define OOM_H

#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

/* ---- memory (memory.c) ---- */

/* Allocations are counted from memory_arm() on, those of the context's allocator and, where
 * malloc() is interposed, all others of the process: libyaml and OpenSSL have no allocator of ours.
 * The n-th fails; with `after` all behind it too. */
void memory_arm(size_t n, bool after);
/* Ends that; gives how many allocations were asked for. */
size_t memory_disarm(void);

struct memory_state {
    size_t blocks, bytes; /* that the context's allocator gave and has not got back */
    size_t foreign;       /* blocks from malloc(); 0 where it is not interposed */
    bool wrong;           /* a block came back with another size, or was none of ours */
};
struct memory_state memory_look(void);

extern const struct svcroute_allocator memory_allocator;

/* ---- scenarios ---- */

#define TEXT(literal) ((struct svcroute_text){literal, sizeof(literal) - 1})
#define NOTHING ((struct svcroute_text){NULL, 0})

/* Everything that a scenario may have; what it does not make stays NULL. */
struct world {
    struct svcroute_context *context; /* the scenario's; lives through all its runs */
    struct svcroute_context *other;
    struct svcroute_diags *diags;
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    struct svcroute_store *store;
    struct svcroute_relist *relist;
    struct svcroute_watch *watch;
    struct svcroute_policy *policy;
    struct svcroute_table *table, *next;
    struct svcroute_listing *listing;
    struct svcroute_export *text;
    struct svcroute_explanation *explanation;
    struct svcroute_changes *changes;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *pickers[2];
    struct svcroute_pick *picks[3];
    uint64_t noted; /* what an act saw */
};

enum scenario_flag {
    SCENARIO_CRYPTO = 1, /* the digest library may be what fails */
    SCENARIO_PARTS = 2,  /* what came ahead of the failure stays done */
    SCENARIO_LEAKS =
        4, /* OpenSSL loses memory of its own where a library context cannot be completed */
    SCENARIO_NONE = 8 /* the act does not allocate */
};

struct scenario {
    const char *name;
    void (*setup)(struct world *world);
    int (*act)(struct world *world);
    void (*recover)(struct world *world); /* ahead of the second try; NULL: nothing is needed */
    unsigned flags;
};

extern const struct scenario document_scenarios[], store_scenarios[], table_scenarios[],
    balance_scenarios[], rule_scenarios[];
extern const size_t num_document_scenarios, num_store_scenarios, num_table_scenarios,
    num_balance_scenarios, num_rule_scenarios;

/* Ends the program: the suite itself is broken. */
_Noreturn void give_up(const char *why);
/* Gives up unless a call of a setup succeeded. */
void must(int error, const char *what);

/* ---- texts (cluster.c) ---- */

extern const struct svcroute_text cluster_yaml, cluster_change, cluster_json, cluster_faults,
    cluster_checks;

/* A number that stands for all that the world's objects answer (answers.c). */
uint64_t world_answers(const struct world *world);
/* The same for what is matched (matching.c); these allocate nothing. */
uint64_t matching_answers(const struct svcroute_table *table);
uint64_t picker_matching_answers(const struct svcroute_picker *picker);
void world_free(struct world *world);

#endif
