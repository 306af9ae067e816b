/* Sorting pointers: stable, at most n log n comparisons whatever the input, no allocation of its
 * own. */
#ifndef SVCR_SORT_H
#define SVCR_SORT_H

#include <stddef.h>

typedef int svcr_order(const void *a, const void *b); /* <0, 0, >0 */

/* `scratch` has room for as many pointers as `items`. */
void svcr_sort(const void **items, const void **scratch, size_t num, svcr_order *order);

#endif
