/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput(); the first two
 * bytes of an input choose options, the rest is what the library gets. A property that does not
 * hold ends the program. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct input {
    unsigned options; /* from the first two bytes */
    const char *text;
    size_t size;
};

static inline struct input fuzz_input(const uint8_t *data, size_t size)
{
    struct input input = {0, "", 0};
    if (size >= 2) {
        input.options = data[0] + 256u * data[1];
        input.text = (const char *)data + 2;
        input.size = size - 2;
    }
    return input;
}

static inline bool fuzz_same(struct svcroute_text a, struct svcroute_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Small limits, so that an input of a few bytes can reach them; `tight`: smaller ones yet. Made
 * once: OpenSSL takes its time. */
static inline struct svcroute_context *fuzz_context(bool tight)
{
    static struct svcroute_context *contexts[2];
    struct svcroute_context **context = &contexts[tight ? 1 : 0];
    struct svcroute_context_options options;
    if (*context != NULL) {
        return svcroute_context_ref(*context);
    }
    svcroute_context_options_init(&options, sizeof(options));
    options.nodes = tight ? 200 : 100000;
    options.depth = tight ? 8 : 0;
    options.aliases = tight ? 4 : 0;
    options.objects = tight ? 5 : 0;
    options.endpoints = tight ? 8 : 0;
    options.diags = tight ? 10 : 0;
    options.nesting = tight ? 3 : 0;
    MUST(svcroute_context_new(context, &options, NULL, NULL) == 0);
    return svcroute_context_ref(*context);
}

static inline struct svcroute_load_options fuzz_load_options(uint32_t format, bool strict)
{
    return (struct svcroute_load_options){
        .size = sizeof(struct svcroute_load_options),
        .flags = strict ? SVCROUTE_LOAD_STRICT : 0,
        .source = {"input", 5},
        .format = format,
    };
}

/* Every diagnostic has what a reader of it needs. */
static inline void fuzz_check_diags(const struct svcroute_diags *diags)
{
    for (size_t i = 0; i < svcroute_diags_num(diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        MUST(svcroute_diags_get(diags, i, &info) == 0);
        MUST(info.id != 0 && info.text.size != 0 && info.id_name.size != 0);
        MUST(memchr(info.text.data, '\n', info.text.size) == NULL);
    }
}

#endif
