/* What quiet_picks.c and quiet_matches.c share: a scene, and what runs in it a million times. */
#ifndef SIM_QUIET_H
#define SIM_QUIET_H

#include <svcroute/svcroute.h>

struct scene {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_table *table;
    struct svcroute_policy *policy;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick;
    uint64_t handle;
};

void must(int error, const char *what);

/* quiet_matches.c */
struct svcroute_text matches_documents(void);
/* Finds the routes that requests are to take. */
void matches_open(struct scene *scene);
/* False if something went wrong; says nothing, as that would be a system call. */
bool matches_run(struct scene *scene);

#endif
