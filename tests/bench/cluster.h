/* Clusters of any size: Services, each with one EndpointSlice and one IngressRoute, written as the
 * API server writes them. */
#ifndef BENCH_CLUSTER_H
#define BENCH_CLUSTER_H

#include "writer.h"

struct cluster {
    unsigned services;
    unsigned endpoints; /* of each Service */
};

#define PER_NAMESPACE 50 /* Services */

/* Documents of the Services [first, first + num), kind by kind. */
void write_services(struct writer *writer, const struct cluster *cluster, unsigned first,
                    unsigned num);
void write_slices(struct writer *writer, const struct cluster *cluster, unsigned first,
                  unsigned num);
void write_routes(struct writer *writer, const struct cluster *cluster, unsigned first,
                  unsigned num);
/* All of them, from put_begin() to put_end(). */
void write_cluster(struct writer *writer, const struct cluster *cluster);

/* The line of a watch that tells of a change: one address of the Service's slice is another one in
 * each generation. The writer's form is FORM_LINES. */
void write_change(struct writer *writer, const struct cluster *cluster, unsigned service,
                  unsigned generation);

#endif
