/* Arena: many small allocations that end together. Chunks double up to a cap, so that the number of
 * chunks stays logarithmic and a small user stays small. */
#ifndef SVCR_ARENA_H
#define SVCR_ARENA_H

#include <svcroute/context.h>

struct svcr_arena_chunk;

struct svcr_arena {
    struct svcroute_context *context; /* borrowed */
    struct svcr_arena_chunk *chunks;  /* newest first */
    size_t used;                      /* of the newest */
    size_t next_size;
};

/* Does not allocate. */
void svcr_arena_init(struct svcr_arena *arena, struct svcroute_context *context);
/* Frees everything; the arena may be used again. */
void svcr_arena_clear(struct svcr_arena *arena);
/* Forgets everything but keeps the largest chunk for the next use. */
void svcr_arena_reset(struct svcr_arena *arena);
/* NULL when out of memory; aligned to 16 bytes; not zeroed. */
void *svcr_arena_alloc(struct svcr_arena *arena, size_t size);
void *svcr_arena_zalloc(struct svcr_arena *arena, size_t num, size_t element); /* overflow: NULL */
/* Unaligned copy of text; NULL when out of memory (a text of size 0 gives a valid pointer). */
char *svcr_arena_copy(struct svcr_arena *arena, const char *data, size_t size);

#endif
