/* Arena: bump allocation in chunks that double from 1 KiB to 1 MiB. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/memory.h"

#define ALIGNMENT 16
#define CHUNK_MIN ((size_t)1 << 10)
#define CHUNK_MAX ((size_t)1 << 20)

struct svcr_arena_chunk {
    alignas(ALIGNMENT) struct svcr_arena_chunk *next;
    size_t capacity;
};

static char *chunk_data(struct svcr_arena_chunk *chunk)
{
    return (char *)(chunk + 1);
}

static void free_chunk(struct svcr_arena *arena, struct svcr_arena_chunk *chunk)
{
    svcr_release(arena->context, chunk, sizeof(*chunk) + chunk->capacity);
}

void svcr_arena_init(struct svcr_arena *arena, struct svcroute_context *context)
{
    *arena = (struct svcr_arena){.context = context, .next_size = CHUNK_MIN};
}

void svcr_arena_clear(struct svcr_arena *arena)
{
    struct svcr_arena_chunk *chunk = arena->chunks;

    while (chunk) {
        struct svcr_arena_chunk *next = chunk->next;

        free_chunk(arena, chunk);
        chunk = next;
    }
    svcr_arena_init(arena, arena->context);
}

void svcr_arena_reset(struct svcr_arena *arena)
{
    struct svcr_arena_chunk *chunk = arena->chunks, *largest = NULL;

    while (chunk) {
        struct svcr_arena_chunk *next = chunk->next;

        if (!largest || chunk->capacity > largest->capacity) {
            if (largest) {
                free_chunk(arena, largest);
            }
            largest = chunk;
        } else {
            free_chunk(arena, chunk);
        }
        chunk = next;
    }
    if (largest) {
        largest->next = NULL;
    }
    arena->chunks = largest;
    arena->used = 0;
}

/* Something too large for the usual chunk gets one of its own, put behind the newest, whose rest
 * stays in use. */
static void *alloc_slow(struct svcr_arena *arena, size_t size)
{
    bool oversized = size > arena->next_size - sizeof(struct svcr_arena_chunk);
    struct svcr_arena_chunk *chunk;
    size_t bytes = arena->next_size;

    if (oversized && !svcr_size_add(size, sizeof(*chunk), &bytes)) {
        return NULL;
    }
    chunk = svcr_alloc(arena->context, bytes);
    if (!chunk) {
        return NULL;
    }
    chunk->capacity = bytes - sizeof(*chunk);
    if (oversized && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return chunk_data(chunk);
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used = size;
    if (arena->next_size < CHUNK_MAX) {
        arena->next_size *= 2;
    }
    return chunk_data(chunk);
}

static inline void *alloc_from(struct svcr_arena *arena, size_t start, size_t size)
{
    struct svcr_arena_chunk *chunk = arena->chunks;

    if (chunk && start <= chunk->capacity && size <= chunk->capacity - start) {
        arena->used = start + size;
        return chunk_data(chunk) + start;
    }
    return alloc_slow(arena, size);
}

void *svcr_arena_alloc(struct svcr_arena *arena, size_t size)
{
    return alloc_from(arena, (arena->used + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1), size);
}

void *svcr_arena_zalloc(struct svcr_arena *arena, size_t num, size_t element)
{
    size_t bytes;
    void *memory;

    if (!svcr_size_mul(num, element, &bytes)) {
        return NULL;
    }
    memory = svcr_arena_alloc(arena, bytes);
    if (memory) {
        memset(memory, 0, bytes);
    }
    return memory;
}

char *svcr_arena_copy(struct svcr_arena *arena, const char *data, size_t size)
{
    char *copy = alloc_from(arena, arena->used, size);

    if (copy && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}
