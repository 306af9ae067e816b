/* An allocator for tests: counts, fails on demand, and keeps each block's size ahead of it, so that
 * a wrong size or somebody else's block at its release is noticed. */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/context.h>
#include <svcroute/error.h>

#define BLOCK_TAG UINT64_C(0x5ca1ab1e0ddba11d)

struct failing_allocator {
    struct svcroute_allocator functions; /* for svcroute_context_new() */
    size_t calls;                        /* allocations and resizes asked for */
    size_t fail_at;                      /* this one fails, counted from 1; 0 = none */
    bool fail_after;                     /* and all behind it */
    size_t live, live_bytes;
};

struct block_head {
    uint64_t tag, size;
};

/* Absurd sizes fail as malloc() has them fail. */
static inline bool allocator_fails(struct failing_allocator *allocator, size_t size)
{
    allocator->calls++;
    return size > SIZE_MAX / 2 ||
           (allocator->fail_at &&
            (allocator->calls == allocator->fail_at ||
             (allocator->fail_after && allocator->calls > allocator->fail_at)));
}

static inline struct block_head *block_of(void *memory, size_t size)
{
    struct block_head *head = (struct block_head *)memory - 1;

    ck_assert_uint_eq(head->tag, BLOCK_TAG);
    ck_assert_uint_eq(head->size, size);
    return head;
}

static inline void *failing_allocate(void *user, size_t size)
{
    struct failing_allocator *allocator = user;
    struct block_head *head;

    ck_assert_uint_gt(size, 0);
    if (allocator_fails(allocator, size)) {
        return NULL;
    }
    head = malloc(sizeof(*head) + size);
    ck_assert_ptr_nonnull(head);
    *head = (struct block_head){BLOCK_TAG, size};
    memset(head + 1, 0xa5, size);
    allocator->live++;
    allocator->live_bytes += size;
    return head + 1;
}

static inline void *failing_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    struct failing_allocator *allocator = user;
    struct block_head *head = block_of(memory, old_size);

    ck_assert_uint_gt(new_size, 0);
    if (allocator_fails(allocator, new_size)) {
        return NULL;
    }
    head = realloc(head, sizeof(*head) + new_size);
    ck_assert_ptr_nonnull(head);
    head->size = new_size;
    allocator->live_bytes += new_size - old_size;
    return head + 1;
}

static inline void failing_release(void *user, void *memory, size_t size)
{
    struct failing_allocator *allocator = user;
    struct block_head *head = block_of(memory, size);

    head->tag = 0;
    free(head);
    allocator->live--;
    allocator->live_bytes -= size;
}

static inline void failing_allocator_init(struct failing_allocator *allocator)
{
    *allocator = (struct failing_allocator){.functions = {.size = sizeof(struct svcroute_allocator),
                                                          .user = allocator,
                                                          .allocate = failing_allocate,
                                                          .resize = failing_resize,
                                                          .release = failing_release}};
}

/* From the next call on the n-th fails (0: none), with `after` all behind it too. */
static inline void failing_allocator_arm(struct failing_allocator *allocator, size_t n, bool after)
{
    allocator->calls = 0;
    allocator->fail_at = n;
    allocator->fail_after = after;
}

static inline struct svcroute_context *failing_context(struct failing_allocator *allocator)
{
    struct svcroute_context *context = NULL;

    failing_allocator_init(allocator);
    ck_assert_int_eq(svcroute_context_new(&context, NULL, &allocator->functions, NULL),
                     SVCROUTE_OK);
    return context;
}

#endif
