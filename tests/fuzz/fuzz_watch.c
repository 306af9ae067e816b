/* A watch stream: cut anywhere it must come to the same. */
#include "fuzz.h"

struct fed {
    struct svcroute_store *store;
    struct svcroute_watch *watch;
    struct svcroute_load_result result;
    int error;
};

static void feed(struct fed *fed, struct svcroute_context *context, struct input input,
                 size_t chunk)
{
    struct svcroute_load_options options = fuzz_load_options(0, (input.options & 2) != 0);
    struct svcroute_diags *diags;
    *fed = (struct fed){.error = 0};
    MUST(svcroute_store_new(&fed->store, context) == 0);
    MUST(svcroute_watch_new(&fed->watch, fed->store, &options) == 0);
    MUST(svcroute_diags_new(&diags, context) == 0);
    for (size_t at = 0; at < input.size && fed->error == 0; at += chunk) {
        struct svcroute_load_result result = {.size = sizeof(result)};
        size_t num = input.size - at < chunk ? input.size - at : chunk;
        fed->error = svcroute_watch_feed(fed->watch, input.text + at, num, &result, diags);
        fed->result.accepted += result.accepted;
        fed->result.unchanged += result.unchanged;
        fed->result.rejected += result.rejected;
        fed->result.ignored += result.ignored;
    }
    fuzz_check_diags(diags);
    svcroute_diags_free(diags);
}

static void release(struct fed *fed)
{
    svcroute_watch_free(fed->watch);
    svcroute_store_free(fed->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct svcroute_context *context = fuzz_context((input.options & 1) != 0);
    struct fed whole, cut;
    feed(&whole, context, input, input.size + 1);
    feed(&cut, context, input, 1 + (input.options >> 8) % 64);
    MUST(whole.error == cut.error);
    MUST(fuzz_same(svcroute_watch_get_resource_version(whole.watch),
                   svcroute_watch_get_resource_version(cut.watch)));
    MUST(memcmp(&whole.result, &cut.result, sizeof(whole.result)) == 0);
    for (uint32_t kind = 0; kind <= SVCROUTE_KIND_NODE; kind++) {
        MUST(svcroute_store_num(whole.store, kind) == svcroute_store_num(cut.store, kind));
    }
    if (whole.error == SVCROUTE_ERR_START_OVER) {
        MUST(svcroute_watch_feed(whole.watch, "\n", 1, NULL, NULL) == SVCROUTE_ERR_START_OVER);
        MUST(svcroute_watch_restart(whole.watch, (struct svcroute_text){NULL, 0}) == 0);
        MUST(svcroute_watch_feed(whole.watch, "\n", 1, NULL, NULL) == 0);
    }
    release(&whole);
    release(&cut);
    svcroute_context_unref(context);
    return 0;
}
