/* Clock, median, counting allocator. */
#define _GNU_SOURCE
#include "measure.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

double measure_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int order(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

double measure_median(const double runs[RUNS])
{
    double sorted[RUNS];
    for (int i = 0; i < RUNS; i++) {
        sorted[i] = runs[i];
    }
    qsort(sorted, RUNS, sizeof(sorted[0]), order);
    return sorted[RUNS / 2];
}

static void count(struct heap *heap, void *memory, size_t size)
{
    heap->asked += size;
    heap->spent += malloc_usable_size(memory) + sizeof(size_t);
    heap->blocks++;
}

static void uncount(struct heap *heap, void *memory, size_t size)
{
    heap->asked -= size;
    heap->spent -= malloc_usable_size(memory) + sizeof(size_t);
    heap->blocks--;
}

static void *allocate(void *user, size_t size)
{
    void *memory = malloc(size);
    if (memory != NULL) {
        count(user, memory, size);
    }
    return memory;
}

static void *resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    uncount(user, memory, old_size);
    void *grown = realloc(memory, new_size);
    count(user, grown != NULL ? grown : memory, grown != NULL ? new_size : old_size);
    return grown;
}

static void release(void *user, void *memory, size_t size)
{
    uncount(user, memory, size);
    free(memory);
}

struct svcroute_allocator measure_allocator(struct heap *heap)
{
    *heap = (struct heap){0};
    return (struct svcroute_allocator){
        .size = sizeof(struct svcroute_allocator),
        .user = heap,
        .allocate = allocate,
        .resize = resize,
        .release = release,
    };
}
