/* Memory: the context's allocator, checked sizes, growing arrays. Every allocation of the library
 * goes through here; nothing else calls malloc(). */
#ifndef SVCR_MEMORY_H
#define SVCR_MEMORY_H

#include <svcroute/context.h>

/* NULL when out of memory or when size is 0. */
void *svcr_alloc(struct svcroute_context *context, size_t size);
/* The same, filled with zeros. */
void *svcr_zalloc(struct svcroute_context *context, size_t size);
/* NULL leaves `memory` as it was; `memory` NULL with old_size 0 allocates. */
void *svcr_resize(struct svcroute_context *context, void *memory, size_t old_size, size_t new_size);
/* `memory` NULL is allowed. */
void svcr_release(struct svcroute_context *context, void *memory, size_t size);

/* false on overflow. */
static inline bool svcr_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

static inline bool svcr_size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* Makes room for `need` elements in all: grows *items (capacity *capacity, elements of `element`
 * bytes) by half or more. SVCROUTE_ERR_NOMEM leaves everything as it was. */
int svcr_array_reserve(struct svcroute_context *context, void **items, size_t *capacity,
                       size_t need, size_t element);

/* Public structs that carry their size (design section 5). `first` is the first release's size,
 * `now` the size known here. */

/* Size of a struct up to and with one member: what the first release's size is called when that
 * member was its last. */
#define SVCR_SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* Reads a caller's struct of `*(uint32_t *)given` bytes into `own` (`now` bytes, zero beyond the
 * given ones). SVCROUTE_ERR_STRUCT_SIZE below `first` or above 4096, SVCROUTE_ERR_STRUCT_NEW if a
 * byte beyond `now` is not zero or if a flag outside `known_flags` is set. NULL reads as all zeros.
 */
int svcr_struct_read(void *own, size_t now, const void *given, size_t first, uint32_t known_flags);
/* Checks a caller's output struct; to be called before work is done. */
int svcr_struct_check(const void *given, size_t first);
/* Writes `own` (`now` bytes) into a checked output struct, as far as the caller's goes, keeping its
 * `size`. */
void svcr_struct_write(void *given, const void *own, size_t now);

#endif
