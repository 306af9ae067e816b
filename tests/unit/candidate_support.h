/* Candidates for the suites of queues, path trees and indexes: each with a holder of its own that
 * owns its name, so that a name used too long is a read of freed memory. */
#ifndef CANDIDATE_SUPPORT_H
#define CANDIDATE_SUPPORT_H

#include "rule/queue.h"

#include "resolve_support.h"

struct holder {
    struct svcr_block head;
    struct svcr_program *program; /* NULL: none; owned */
    char name[16];
};

static inline void holder_drop(struct svcroute_context *context, void *block)
{
    struct holder *holder = block;
    svcr_block_unref(context, holder->program);
}

static const struct svcr_block_kind holder_kind = {.drop = holder_drop};

/* The caller's reference to the holder is one of them. */
static inline struct svcr_candidate candidate_make(struct svcroute_context *context,
                                                   int64_t priority, uint32_t length, uint32_t name,
                                                   struct svcr_program *program, const void *route)
{
    struct holder *holder = svcr_block_new(context, &holder_kind, sizeof(*holder));
    must_ptr_nonnull(holder);
    int size = snprintf(holder->name, sizeof(holder->name), "%u", name);
    holder->program = program;
    return (struct svcr_candidate){.priority = priority,
                                   .length = length,
                                   .name = {holder->name, (size_t)size},
                                   .program = program,
                                   .route = route,
                                   .holder = &holder->head};
}

/* The number it was made with. */
static inline uint32_t candidate_name(const struct svcr_candidate *candidate)
{
    uint32_t name = 0;
    for (size_t i = 0; i < candidate->name.size; i++) {
        name = name * 10 + (uint32_t)(candidate->name.data[i] - '0');
    }
    return name;
}

static inline void memory_check_empty(const struct memory *memory)
{
    must_int_eq(memory->blocks, 0);
    must_int_eq(memory->bytes, 0);
}

#endif
