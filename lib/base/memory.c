/* Memory: the context's allocator, growing arrays, and the discipline of structs that carry their
 * size. */
#include "base/memory.h"

#include <string.h>

#include <svcroute/error.h>

#include "base/context.h"

/* No public struct comes near this; a larger size is a struct that was never set up. */
#define STRUCT_SIZE_MAX 4096

void *svcr_alloc(struct svcroute_context *context, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    return context->allocator.allocate(context->allocator.user, size);
}

void *svcr_zalloc(struct svcroute_context *context, size_t size)
{
    void *memory = svcr_alloc(context, size);

    if (memory) {
        memset(memory, 0, size);
    }
    return memory;
}

void *svcr_resize(struct svcroute_context *context, void *memory, size_t old_size, size_t new_size)
{
    if (!memory) {
        return svcr_alloc(context, new_size);
    }
    if (new_size == 0) {
        return NULL;
    }
    return context->allocator.resize(context->allocator.user, memory, old_size, new_size);
}

void svcr_release(struct svcroute_context *context, void *memory, size_t size)
{
    if (memory) {
        context->allocator.release(context->allocator.user, memory, size);
    }
}

int svcr_array_reserve(struct svcroute_context *context, void **items, size_t *capacity,
                       size_t need, size_t element)
{
    size_t wanted, bytes;
    void *grown;

    if (need <= *capacity) {
        return SVCROUTE_OK;
    }
    if (!svcr_size_add(*capacity, *capacity / 2, &wanted) || wanted < need) {
        wanted = need;
    }
    if (wanted < 8) {
        wanted = 8;
    }
    if (!svcr_size_mul(wanted, element, &bytes)) {
        return SVCROUTE_ERR_NOMEM;
    }
    grown = svcr_resize(context, *items, *capacity * element, bytes);
    if (!grown) {
        return SVCROUTE_ERR_NOMEM;
    }
    *items = grown;
    *capacity = wanted;
    return SVCROUTE_OK;
}

/* The two members that every public struct begins with. */
struct struct_head {
    uint32_t size, flags;
};

static int check_size(uint32_t size, size_t first)
{
    return size < first || size > STRUCT_SIZE_MAX ? SVCROUTE_ERR_STRUCT_SIZE : SVCROUTE_OK;
}

int svcr_struct_read(void *own, size_t now, const void *given, size_t first, uint32_t known_flags)
{
    struct struct_head head;
    size_t shared;
    int status;

    memset(own, 0, now);
    if (!given) {
        return SVCROUTE_OK;
    }
    memcpy(&head.size, given, sizeof(head.size));
    status = check_size(head.size, first);
    if (status != SVCROUTE_OK) {
        return status;
    }
    memcpy(&head, given, sizeof(head));
    if (head.flags & ~known_flags) {
        return SVCROUTE_ERR_STRUCT_NEW;
    }
    shared = head.size < now ? head.size : now;
    for (size_t i = shared; i < head.size; i++) {
        if (((const unsigned char *)given)[i] != 0) {
            return SVCROUTE_ERR_STRUCT_NEW;
        }
    }
    memcpy(own, given, shared);
    return SVCROUTE_OK;
}

int svcr_struct_check(const void *given, size_t first)
{
    uint32_t size;

    if (!given) {
        return SVCROUTE_ERR_INVALID;
    }
    memcpy(&size, given, sizeof(size));
    return check_size(size, first);
}

void svcr_struct_write(void *given, const void *own, size_t now)
{
    uint32_t size;
    size_t shared;

    memcpy(&size, given, sizeof(size));
    shared = size < now ? size : now;
    memcpy(given, own, shared);
    memset((char *)given + shared, 0, size - shared);
    memcpy(given, &size, sizeof(size));
}
