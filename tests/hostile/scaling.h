/* The shapes of clusters that the scaling tests grow. */
#ifndef SCALING_H
#define SCALING_H

#include "hostile.h"

struct shape {
    const char *name;
    void (*make)(struct input *input, size_t n);
    void (*touch)(struct input *input, size_t n); /* one more document, that changes something */
    size_t n;
    const char *explained; /* name for svcroute_table_explain() */
    bool local;            /* the change touches one object of the n alone */
    unsigned stages;       /* how many of enum stage */
};

extern const struct shape shapes[];
extern const size_t num_shapes;

/* Watch streams, relists and removals (streams.c). */
void run_streams(void);

#endif
