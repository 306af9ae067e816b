/* The context's insides: frozen after svcroute_context_new(). */
#ifndef SVCR_CONTEXT_H
#define SVCR_CONTEXT_H

#include <stdatomic.h>

#include <svcroute/context.h>

struct svcroute_context {
    _Atomic uint32_t refs;
    uint32_t log_level;
    struct svcroute_allocator allocator;
    struct svcroute_log log;
    struct svcroute_context_options limits; /* no member is 0 */
    uint64_t hash_seed;                     /* mixed, never 0 */
    void *crypto;                           /* digest.c's own, these four */
    void *sha256;
    void *sha1;
    void *hmac;
};

/* Sends one finished message to the host's hook; formatting is skipped when nobody listens. */
__attribute__((format(printf, 3, 4))) void svcr_log(struct svcroute_context *context,
                                                    uint32_t level, const char *format, ...);
bool svcr_log_wanted(const struct svcroute_context *context, uint32_t level);

#endif
