/* What a program measures with: a clock, a median, an allocator that counts. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <svcroute/context.h>

/* Processor time of the thread in seconds: what else runs on the machine counts as little as it
 * can. */
double measure_now(void);

#define RUNS 3
double measure_median(const double runs[RUNS]);

/* Bytes in use, as asked for and as malloc() spends them (its own 8 bytes for each block included).
 */
struct heap {
    size_t asked, spent, blocks;
};
struct svcroute_allocator measure_allocator(struct heap *heap);

#endif
