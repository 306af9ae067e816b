/* Memory of the tool itself: a program that a person runs ends when there is none. */
#ifndef SVCROUTE_TOOL_MEMORY_H
#define SVCROUTE_TOOL_MEMORY_H

#include <stddef.h>

/* Room for `num` items of `size` bytes, zeroed. */
void *memory_new(size_t num, size_t size);

/* Room for item number `num` (from 1), with the num - 1 that `old` holds. The room doubles when
 * they fill it; `old` is what the last call gave, NULL at first. */
void *memory_grow(void *old, size_t num, size_t size);

/* The end of a program without memory. */
_Noreturn void memory_none(void);

#endif
