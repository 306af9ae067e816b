/* Allocation that ends the program when it fails. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "command.h"
#include "output.h"

void memory_none(void)
{
    complain(NULL, "out of memory");
    exit(STATUS_FAILED);
}

void *memory_new(size_t num, size_t size)
{
    void *memory = calloc(num > 0 ? num : 1, size);
    if (memory == NULL) {
        memory_none();
    }
    return memory;
}

void *memory_grow(void *old, size_t num, size_t size)
{
    size_t held = num - 1;
    if (old != NULL && (held & (held - 1)) != 0) {
        return old; /* the room is at least the next power of two */
    }
    size_t room = held > 0 ? 2 * held : 1;
    if (room > SIZE_MAX / size) {
        memory_none();
    }
    void *memory = realloc(old, room * size);
    if (memory == NULL) {
        memory_none();
    }
    return memory;
}
