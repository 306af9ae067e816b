/* What the parts of the program share: a cluster in memory and the table that it prints. */
#ifndef BENCH_H
#define BENCH_H

#include "cluster.h"
#include "measure.h"

#include <svcroute/svcroute.h>

/* Ends the program unless something that has to work did. */
void must(bool good, const char *what);

struct world {
    struct heap heap;
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
};

/* `counted`: its heap is, which costs time; what is measured in time takes malloc() as it is. */
void world_open(struct world *world, bool counted);
/* Nothing may be left then. */
void world_close(struct world *world);
void world_load(struct world *world, const struct writer *text, unsigned objects);
/* A table with so many routes and services. */
struct svcroute_table *world_resolve(struct world *world, struct svcroute_table *previous,
                                     unsigned services);

void print_row(const char *what, const char *own, const char *peer, const char *ratio,
               const char *figure);
const char *text_of(char out[32], const char *format, double value);

/* One slice changed (change.c); gives the seconds, for the cluster of the next size. */
double row_change(const struct cluster *cluster, unsigned changes, double smaller);
/* Picks, and what they keep (picks.c). */
void rows_pick(bool quick);
/* Matching (matches.c). */
void rows_match(bool quick);

#endif
