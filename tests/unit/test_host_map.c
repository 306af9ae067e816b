/* The map of hosts against a naive one: random additions, changes and removals in shared versions,
 * with hashes that meet in few bits, in all but the last, and in the one that does not count. */
#include "rule/host_map.h"

#include "candidate_support.h"

enum { KEYS = 120, VERSIONS = 4 };

/* Keys by fifths: spread; equal in the low bits; different in the last bits alone; different in one
 * of the last levels; small. The lowest bit says nothing, so it is any. */
static uint64_t hash_of(uint32_t key)
{
    struct dice dice = {key};
    uint64_t spread = dice_next(&dice);
    switch (key % 5) {
    case 0:
        return spread;
    case 1:
        return spread << 20 | 0xabcde;
    case 2:
        return (uint64_t)(key / 5 % 8) << 61 | UINT64_C(0x1123456789abcde0) | (key / 40 << 1);
    case 3:
        return (uint64_t)key << 54;
    default:
        return (uint64_t)key << 1 | (spread & 1);
    }
}

struct version {
    struct svcr_host_map map;
    const void *routes[KEYS]; /* NULL: not there */
    bool paths[KEYS];         /* there is a tree instead, with the candidate in it */
};

static void version_add(struct svcroute_context *context, struct version *version, uint32_t key,
                        const void *route)
{
    struct svcr_candidate candidate = candidate_make(context, 0, 0, key, NULL, route);
    if (version->routes[key] == NULL) {
        must_int_eq(svcr_host_map_add(context, &version->map, hash_of(key), &candidate), 0);
        version->routes[key] = route;
    }
    svcr_block_unref(context, candidate.holder);
}

/* Turns a host's candidate into a tree, or takes another route for it. */
static void version_change(struct svcroute_context *context, struct version *version, uint32_t key,
                           const void *route)
{
    struct svcr_host *host;
    bool added;
    if (version->routes[key] == NULL) {
        return;
    }
    must_int_eq(svcr_host_map_own(context, &version->map, hash_of(key), &host), 0);
    if (!version->paths[key]) {
        struct svcr_candidate only = host->has.only;
        host->key |= 1;
        host->has.paths.root = NULL;
        must_int_eq(svcr_path_tree_add(context, &host->has.paths, SVCR_TEXT("/"), &only, &added),
                    0);
        svcr_block_unref(context, only.holder);
        version->paths[key] = true;
        return;
    }
    struct svcr_candidate candidate = candidate_make(context, 0, 0, key, NULL, route);
    must_int_eq(svcr_path_tree_add(context, &host->has.paths, SVCR_TEXT("/"), &candidate, &added),
                0);
    svcr_block_unref(context, candidate.holder);
    version->routes[key] = route;
}

static void version_remove(struct svcroute_context *context, struct version *version, uint32_t key)
{
    if (version->routes[key] != NULL) {
        must_int_eq(svcr_host_map_remove(context, &version->map, hash_of(key)), 0);
        version->routes[key] = NULL;
        version->paths[key] = false;
    }
}

static void version_check(const struct version *version)
{
    for (uint32_t key = 0; key < KEYS; key++) {
        const struct svcr_host *host = svcr_host_map_get(&version->map, hash_of(key));
        must((host != NULL) == (version->routes[key] != NULL));
        if (host != NULL) {
            must(svcr_host_is(host, hash_of(key)));
            must(svcr_host_has_paths(host) == version->paths[key]);
            const struct svcr_candidate *only =
                version->paths[key] ? svcr_path_tree_only(&host->has.paths) : &host->has.only;
            must_uint_eq(candidate_name(only), key);
            must_ptr_eq(only->route, version->routes[key]);
        }
    }
}

/* The same content added in another order takes the same memory: the shape is that of the content.
 */
static void shape_check(struct memory *memory, struct svcroute_context *context,
                        struct version *version)
{
    struct version fresh = {.map = {0}};
    int64_t blocks = memory->blocks;
    int64_t bytes = memory->bytes;
    svcr_host_map_clear(context, &version->map);
    for (uint32_t key = KEYS; key-- > 0;) {
        if (version->routes[key] != NULL) {
            version_add(context, &fresh, key, version->routes[key]);
            if (version->paths[key]) {
                version_change(context, &fresh, key, version->routes[key]);
            }
        }
    }
    must_int_eq(memory->blocks, blocks);
    must_int_eq(memory->bytes, bytes);
    *version = fresh;
}

START_TEST(test_against_model)
{
    static const char routes[3];
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct dice dice = {UINT64_C(0x4057) + (uint64_t)_i};
    static struct version versions[VERSIONS];
    uint32_t keys = 1 + dice_roll(&dice, KEYS);
    memset(versions, 0, sizeof(versions));
    for (int step = 0; step < 3000; step++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        uint32_t roll = dice_roll(&dice, 100);
        uint32_t key = dice_roll(&dice, keys);
        const void *route = &routes[dice_roll(&dice, 3)];
        if (roll < (step / 500 % 2 == 0 ? 60U : 20U)) {
            version_add(context, version, key, route);
        } else if (roll < 75) {
            version_remove(context, version, key);
        } else if (roll < 85) {
            version_change(context, version, key, route);
        } else if (roll < 88 && version != other) {
            svcr_host_map_clear(context, &version->map);
            *version = *other;
            version->map = svcr_host_map_share(&other->map);
        } else if (roll < 96) {
            version_check(version);
        }
    }
    for (size_t v = 0; v < VERSIONS; v++) {
        version_check(&versions[v]);
        if (v > 0) {
            svcr_host_map_clear(context, &versions[v].map);
        }
    }
    shape_check(&memory, context, &versions[0]);
    version_check(&versions[0]);
    for (uint32_t key = 0; key < KEYS; key++) {
        version_remove(context, &versions[0], key);
    }
    must_uint_eq(versions[0].map.root, 0);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* The ninth host in a bucket of eight, with hashes that part at once and with those that part late,
 * with every allocation failing. */
static void add_failing(struct memory *memory, struct svcroute_context *context)
{
    struct svcr_candidate candidate = candidate_make(context, 0, 0, 1, NULL, NULL);
    for (unsigned shift = 1; shift <= 60; shift += 59) {
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            struct svcr_host_map map = {0};
            for (uint64_t i = 0; i < 8; i++) {
                must_int_eq(svcr_host_map_add(context, &map, i << shift, &candidate), 0);
            }
            int64_t blocks = memory->blocks;
            memory->calls = 0;
            memory->fail_at = n;
            error = svcr_host_map_add(context, &map, UINT64_C(8) << shift, &candidate);
            must((error == 0) == (memory->calls < memory->fail_at));
            must(error == 0 || memory->blocks == blocks);
            memory->fail_at = 0;
            svcr_host_map_clear(context, &map);
        }
    }
    svcr_block_unref(context, candidate.holder);
}

/* The longest way down: what is the same in all but the last bits. */
START_TEST(test_deep)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_candidate candidate = candidate_make(context, 0, 0, 1, NULL, NULL);
    struct svcr_host_map map = {0};
    uint64_t hashes[9];
    for (uint64_t i = 0; i < 9; i++) { /* eight differ above bit 60, the ninth in the bit below */
        hashes[i] = (i % 8) << 61 | (i / 8) << 60 | UINT64_C(0x0fffffffffffffff);
        must_int_eq(svcr_host_map_add(context, &map, hashes[i], &candidate), 0);
    }
    add_failing(&memory, context);
    for (uint64_t i = 0; i < 9; i++) {
        must(svcr_host_is(svcr_host_map_get(&map, hashes[i]), hashes[i]));
        must_ptr_null(svcr_host_map_get(&map, hashes[i] ^ 2));
        must_ptr_nonnull(svcr_host_map_get(&map, hashes[i] ^ 1));
    }
    for (uint64_t i = 0; i < 9; i++) {
        must_int_eq(svcr_host_map_remove(context, &map, hashes[i]), 0);
        for (uint64_t j = 0; j < 9; j++) {
            must((svcr_host_map_get(&map, hashes[j]) != NULL) == (j > i));
        }
    }
    must_uint_eq(map.root, 0);
    svcr_block_unref(context, candidate.holder);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* Whatever allocation fails, the other version stays as it was and the failed one can be cleared;
 * on shared nodes and on nodes of one owner. */
START_TEST(test_out_of_memory)
{
    static const char route;
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    static struct version base;
    memset(&base, 0, sizeof(base));
    for (uint32_t key = 0; key < KEYS; key++) {
        if (key % 3 != 0 && key % 8 < (uint32_t)_i * 3 + 2) {
            version_add(context, &base, key, &route);
        }
    }
    for (uint32_t op = 0; op < 4 * KEYS; op++) {
        uint32_t key = op / 4;
        struct svcr_candidate candidate = candidate_make(context, 0, 0, key, NULL, NULL);
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            struct version version = base;
            struct svcr_host *host;
            version.map = svcr_host_map_share(&base.map);
            if (op % 2 == 0) { /* owns its path: this comes and goes first */
                version_remove(context, &version, key);
                version_add(context, &version, key, &route);
                if (base.routes[key] == NULL) {
                    version_remove(context, &version, key);
                }
            }
            memory.calls = 0;
            memory.fail_at = (n + 1) / 2;
            memory.and_after = n % 2 != 0;
            error = base.routes[key] == NULL
                        ? svcr_host_map_add(context, &version.map, hash_of(key), &candidate)
                    : op % 4 < 2 ? svcr_host_map_remove(context, &version.map, hash_of(key))
                                 : svcr_host_map_own(context, &version.map, hash_of(key), &host);
            must(error == 0 || error == SVCROUTE_ERR_NOMEM);
            must((error == 0) == (memory.calls < memory.fail_at));
            memory.fail_at = 0;
            svcr_host_map_clear(context, &version.map);
            must_uint_lt(n, 60);
        }
        svcr_block_unref(context, candidate.holder);
        version_check(&base);
    }
    svcr_host_map_clear(context, &base.map);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

Suite *suite_host_map(void)
{
    Suite *suite = suite_create("host_map");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_against_model, 0, 20);
    tcase_add_test(all, test_deep);
    tcase_add_loop_test(all, test_out_of_memory, 0, 3);
    suite_add_tcase(suite, all);
    return suite;
}
