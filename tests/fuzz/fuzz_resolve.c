/* Resolving: lines "%%" cut an input into loads. After each, the table made from the one before
 * must be the same as one made from nothing, whatever the policy. */
#include "fuzz.h"

struct world {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_table *table;
};

static struct svcroute_policy *make_policy(struct svcroute_context *context, unsigned options)
{
    struct svcroute_policy *policy;
    struct svcroute_text team = {"default", 7};
    MUST(svcroute_policy_new(&policy, context) == 0);
    MUST(svcroute_policy_set_profile(policy, options & 1) == 0);
    for (uint32_t i = 1; i <= 6; i++) {
        MUST(svcroute_policy_set_switch(policy, i, (options >> i & 1) != 0) == 0);
    }
    if (options & 0x400) {
        MUST(svcroute_policy_set_ingress_class(policy, team) == 0);
    }
    if (options & 0x800) {
        MUST(svcroute_policy_add_cross_provider_namespace(policy, team) == 0);
    }
    if (options & 0x1000) {
        MUST(svcroute_policy_add_namespace(policy, team) == 0);
    }
    return policy;
}

static void check_same(const struct svcroute_table *a, const struct svcroute_table *b,
                       uint32_t format)
{
    struct svcroute_export *left, *right;
    MUST(svcroute_table_export(&left, a, format) == 0);
    MUST(svcroute_table_export(&right, b, format) == 0);
    MUST(fuzz_same(svcroute_export_get_text(left), svcroute_export_get_text(right)));
    svcroute_export_free(left);
    svcroute_export_free(right);
    MUST(svcroute_table_num_routes(a) == svcroute_table_num_routes(b));
    MUST(svcroute_table_num_services(a) == svcroute_table_num_services(b));
}

static void check_same_diags(struct svcroute_context *context, const struct svcroute_table *a,
                             const struct svcroute_table *b)
{
    struct svcroute_diags *left, *right;
    MUST(svcroute_diags_new(&left, context) == 0 && svcroute_diags_new(&right, context) == 0);
    MUST(svcroute_table_get_diags(a, left) == 0 && svcroute_table_get_diags(b, right) == 0);
    MUST(svcroute_diags_num(left) == svcroute_diags_num(right));
    for (size_t i = 0; i < svcroute_diags_num(left); i++) {
        struct svcroute_diag_info one = {.size = sizeof(one)};
        struct svcroute_diag_info two = {.size = sizeof(two)};
        MUST(svcroute_diags_get(left, i, &one) == 0 && svcroute_diags_get(right, i, &two) == 0);
        MUST(one.id == two.id && one.line == two.line && one.column == two.column);
        MUST(fuzz_same(one.text, two.text) && fuzz_same(one.field, two.field));
    }
    fuzz_check_diags(left);
    svcroute_diags_free(left);
    svcroute_diags_free(right);
}

/* Two tables that say the same differ in nothing. */
static void check_no_changes(struct svcroute_table *a, struct svcroute_table *b)
{
    struct svcroute_changes *changes;
    MUST(svcroute_changes_new(&changes, a, b) == 0);
    MUST(svcroute_changes_num(changes) == 0);
    svcroute_changes_free(changes);
}

static void step(struct world *world, const char *text, size_t size, unsigned options)
{
    struct svcroute_load_options load = fuzz_load_options(SVCROUTE_FORMAT_AUTO, false);
    struct svcroute_table *next, *full;
    int error = svcroute_store_load(world->store, text, size, &load, NULL, NULL);
    MUST(error == 0 || error == SVCROUTE_ERR_LIMIT);
    MUST(svcroute_resolve(&next, world->store, world->policy, world->table, NULL) == 0);
    MUST(svcroute_resolve(&full, world->store, world->policy, NULL, NULL) == 0);
    check_same(next, full, options & 0x200 ? SVCROUTE_EXPORT_YAML : SVCROUTE_EXPORT_JSON);
    check_same_diags(world->context, next, full);
    check_no_changes(next, full);
    svcroute_table_unref(full);
    svcroute_table_unref(world->table);
    world->table = next;
}

/* Takes every object out again, one by one. */
static void take_out(struct world *world)
{
    struct svcroute_object_info info = {.size = sizeof(info)};
    uint64_t cursor = 0;
    while (svcroute_store_iterate(world->store, 0, &cursor, &info) == 0) {
        if (svcroute_store_remove(world->store, info.kind, info.namespace_, info.name) == 0) {
            step(world, "", 0, 0);
            cursor = 0;
        } /* else: an IngressRoute with a generateName only has no name to be removed by */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct world world = {.context = fuzz_context((input.options & 0x100) != 0)};
    const char *at = input.text;
    const char *end = at + input.size;
    MUST(svcroute_store_new(&world.store, world.context) == 0);
    world.policy = make_policy(world.context, input.options);
    for (;;) {
        const char *cut = at;
        while (end - cut >= 3 && memcmp(cut, "%%\n", 3) != 0) {
            cut++;
        }
        bool last = end - cut < 3;
        step(&world, at, (size_t)((last ? end : cut) - at), input.options);
        if (last) {
            break;
        }
        at = cut + 3;
    }
    if (svcroute_store_num(world.store, SVCROUTE_KIND_NONE) <= 30) {
        take_out(&world);
    }
    svcroute_table_unref(world.table);
    svcroute_policy_free(world.policy);
    svcroute_store_free(world.store);
    svcroute_context_unref(world.context);
    return 0;
}
