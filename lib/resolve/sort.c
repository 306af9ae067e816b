/* Merge sort from the bottom up, on runs that are sorted by insertion first. */
#include "resolve/sort.h"

#include <string.h>

enum { RUN = 8 };

static void sort_run(const void **items, size_t num, svcr_order *order)
{
    for (size_t i = 1; i < num; i++) {
        const void *item = items[i];
        size_t at = i;
        while (at > 0 && order(items[at - 1], item) > 0) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = item;
    }
}

static void merge(const void **to, const void *const *a, size_t num_a, const void *const *b,
                  size_t num_b, svcr_order *order)
{
    while (num_a != 0 && num_b != 0) {
        if (order(*a, *b) <= 0) {
            *to++ = *a++;
            num_a--;
        } else {
            *to++ = *b++;
            num_b--;
        }
    }
    memcpy(to, num_a != 0 ? a : b, (num_a + num_b) * sizeof(*to));
}

void svcr_sort(const void **items, const void **scratch, size_t num, svcr_order *order)
{
    const void **from = items;
    const void **to = scratch;
    for (size_t at = 0; at < num; at += RUN) {
        sort_run(items + at, num - at < RUN ? num - at : RUN, order);
    }
    for (size_t width = RUN; width < num; width *= 2) {
        for (size_t at = 0; at < num; at += 2 * width) {
            size_t rest = num - at;
            size_t num_a = rest < width ? rest : width;
            size_t num_b = rest - num_a < width ? rest - num_a : width;
            merge(to + at, from + at, num_a, from + at + num_a, num_b, order);
        }
        const void **swap = from;
        from = to;
        to = swap;
    }
    if (from != items) {
        memcpy(items, from, num * sizeof(*items));
    }
}
