/* Children of a strategy under test: those of a vector, in the order of adding. */
#ifndef CONFORMANCE_RUNTIME_STRATEGY_H
#define CONFORMANCE_RUNTIME_STRATEGY_H

#include "balance/traefik.h"

#include "runtime.h"

enum { CHILDREN_MAX = 256 };

struct children {
    struct svcr_shape shape;
    struct svcr_member members[CHILDREN_MAX];
    struct svcr_live lives[CHILDREN_MAX]; /* status belongs to the name: that of its first child */
    struct svcr_samples samples[CHILDREN_MAX];
    struct svcr_random random;
    struct svcr_choice choice;
};

/* No children; a choice that rules out those down and fenced. */
void children_init(struct children *children);
/* A child as a case writes it: name, weight (absent or null: 1), fenced, up. false: too many. */
bool children_add(struct children *children, const struct svcroute_node *row);
/* The first child with a name; NULL: none. */
struct svcr_live *children_find(struct children *children, svcr_text name);
/* up, down, fence or unfence; of a name that was never added: nothing. false: another operation. */
bool children_change(struct children *children, const struct svcroute_node *step);
/* The name of a child; "none". */
svcr_text children_name(const struct children *children, uint32_t index);
/* a and b are the same double, or NaN both. */
bool same_double(double a, double b);
/* The same but for a relative error of 1e-14. */
bool near_double(double a, double b);

#endif
