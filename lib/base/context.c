/* The context: made once from the host's options, allocator and log hook, then only read. */
#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

#include "base/digest.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/refs.h"
#include "base/text.h"

#define DEPTH_MAX 1000
#define NESTING_MAX 1000
#define LOG_MESSAGE_MAX 1024

static void *default_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *default_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return realloc(memory, new_size);
}

static void default_release(void *user, void *memory, size_t size)
{
    (void)user;
    (void)size;
    free(memory);
}

void svcroute_context_options_init(struct svcroute_context_options *options, size_t size)
{
    if (options && size >= sizeof(options->size)) {
        memset(options, 0, size);
        options->size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    }
}

static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

static int read_limits(struct svcroute_context_options *limits,
                       const struct svcroute_context_options *given)
{
    int status = svcr_struct_read(limits, sizeof(*limits), given,
                                  SVCR_SIZE_UP_TO(struct svcroute_context_options, nesting), 0);

    if (status != SVCROUTE_OK) {
        return status;
    }
    if (limits->depth > DEPTH_MAX || limits->nesting > NESTING_MAX) {
        return SVCROUTE_ERR_INVALID;
    }
    limits->input_bytes = limits->input_bytes ? limits->input_bytes : UINT64_C(1) << 30;
    limits->nodes = limits->nodes ? limits->nodes : UINT64_C(64) << 20;
    limits->depth = or_default(limits->depth, 100);
    limits->aliases = or_default(limits->aliases, 10000);
    limits->objects = or_default(limits->objects, 4000000);
    limits->endpoints = or_default(limits->endpoints, 1000000);
    limits->diags = or_default(limits->diags, 10000);
    limits->nesting = or_default(limits->nesting, 64);
    return SVCROUTE_OK;
}

static int read_allocator(struct svcroute_allocator *allocator,
                          const struct svcroute_allocator *given)
{
    int status = svcr_struct_read(allocator, sizeof(*allocator), given,
                                  SVCR_SIZE_UP_TO(struct svcroute_allocator, release), 0);

    if (status != SVCROUTE_OK) {
        return status;
    }
    if (!given) {
        allocator->allocate = default_allocate;
        allocator->resize = default_resize;
        allocator->release = default_release;
    }
    if (!allocator->allocate || !allocator->resize || !allocator->release) {
        return SVCROUTE_ERR_INVALID;
    }
    return SVCROUTE_OK;
}

static int read_log(struct svcroute_log *log, const struct svcroute_log *given)
{
    int status = svcr_struct_read(log, sizeof(*log), given,
                                  SVCR_SIZE_UP_TO(struct svcroute_log, reserved), 0);

    if (status != SVCROUTE_OK) {
        return status;
    }
    if (log->reserved) {
        return SVCROUTE_ERR_STRUCT_NEW;
    }
    if (log->level > SVCROUTE_LOG_DEBUG || (given && !log->message)) {
        return SVCROUTE_ERR_INVALID;
    }
    if (log->level == 0) {
        log->level = SVCROUTE_LOG_WARN;
    }
    return SVCROUTE_OK;
}

/* A seed of 0 is the documented fixed one; the mixed seed is never 0, so that 0 may mean "no hash".
 */
static uint64_t mix_seed(uint64_t seed)
{
    uint64_t mixed = svcr_hash_mix(seed, UINT64_C(0x8a3c5d2f96b17e41));

    return mixed ? mixed : 1;
}

int svcroute_context_new(struct svcroute_context **out,
                         const struct svcroute_context_options *options,
                         const struct svcroute_allocator *allocator, const struct svcroute_log *log)
{
    struct svcroute_context made, *context;
    int status;

    if (!out) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    memset(&made, 0, sizeof(made));
    status = read_limits(&made.limits, options);
    if (status == SVCROUTE_OK) {
        status = read_allocator(&made.allocator, allocator);
    }
    if (status == SVCROUTE_OK) {
        status = read_log(&made.log, log);
    }
    if (status != SVCROUTE_OK) {
        return status;
    }
    context = svcr_zalloc(&made, sizeof(*context));
    if (!context) {
        return SVCROUTE_ERR_NOMEM;
    }
    svcr_refs_init(&context->refs);
    context->allocator = made.allocator;
    context->log = made.log;
    context->log_level = made.log.message ? made.log.level : 0;
    context->limits = made.limits;
    context->hash_seed = mix_seed(made.limits.hash_seed);
    status = svcr_digest_open(context);
    if (status != SVCROUTE_OK) {
        svcr_release(context, context, sizeof(*context));
        return status;
    }
    *out = context;
    return SVCROUTE_OK;
}

struct svcroute_context *svcroute_context_ref(struct svcroute_context *context)
{
    if (context) {
        svcr_refs_take(&context->refs);
    }
    return context;
}

void svcroute_context_unref(struct svcroute_context *context)
{
    if (context && svcr_refs_drop(&context->refs)) {
        struct svcroute_allocator allocator = context->allocator;

        svcr_digest_close(context);
        allocator.release(allocator.user, context, sizeof(*context));
    }
}

bool svcr_log_wanted(const struct svcroute_context *context, uint32_t level)
{
    return level <= context->log_level;
}

void svcr_log(struct svcroute_context *context, uint32_t level, const char *format, ...)
{
    char message[LOG_MESSAGE_MAX];
    va_list arguments;
    size_t size;

    if (!svcr_log_wanted(context, level)) {
        return;
    }
    va_start(arguments, format);
    size = svcr_text_vformat(message, sizeof(message), format, arguments);
    va_end(arguments);
    context->log.message(context->log.user, level, message, size);
}
