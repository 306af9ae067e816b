/* The persistent map against a naive one: random puts, removals, shared versions and comparisons,
 * with hashes that meet in few bits, in all but the last, and in all of them. */
#include "base/context.h"
#include "base/trie.h"
#include "resolve/block.h"

#include "resolve_support.h"

enum { KEYS = 96, VERSIONS = 5 };

/* A block whose key is its `kind`. */
static struct svcr_owner *block_new(struct svcroute_context *context, uint32_t key, uint64_t hash)
{
    struct svcr_owner *owner = svcr_block_new(context, &svcr_owner_kind, sizeof(*owner));
    if (owner != NULL) {
        owner->kind = key;
        owner->head.hash = hash;
    }
    return owner;
}

static uint32_t key_of(const struct svcr_block *block)
{
    return ((const struct svcr_owner *)(const void *)block)->kind;
}

static bool matches(const struct svcr_block *block, const void *key)
{
    return key_of(block) == *(const uint32_t *)key;
}

static bool same_key(const struct svcr_block *a, const struct svcr_block *b)
{
    return key_of(a) == key_of(b);
}

/* Keys by sixths: spread; equal in the low bits; different in the last bits only; equal; different
 * in the bits that the last full level looks at; zero. */
static uint64_t hash_of(uint32_t key)
{
    struct dice dice = {key};
    switch (key % 6) {
    case 0:
        return dice_next(&dice);
    case 1:
        return dice_next(&dice) << 20 | 0xabcde;
    case 2:
        return (uint64_t)key << 60 | UINT64_C(0x0123456789abcdef);
    case 3:
        return UINT64_C(0x5555555555555555);
    case 4:
        return (uint64_t)key << 55;
    default:
        return 0;
    }
}

struct version {
    struct svcr_trie trie;
    struct svcr_block *blocks[KEYS]; /* NULL: not there; borrowed from the trie */
};

static size_t version_num(const struct version *version)
{
    size_t num = 0;
    for (size_t i = 0; i < KEYS; i++) {
        num += version->blocks[i] != NULL;
    }
    return num;
}

static void version_put(struct svcroute_context *context, struct version *version, uint32_t key)
{
    struct svcr_owner *block = block_new(context, key, hash_of(key));
    must_ptr_nonnull(block);
    must_int_eq(svcr_trie_put(context, &version->trie, &block->head, matches, &key), 0);
    version->blocks[key] = &block->head;
    svcr_block_unref(context, block);
}

static void version_remove(struct svcroute_context *context, struct version *version, uint32_t key)
{
    must_int_eq(svcr_trie_remove(context, &version->trie, hash_of(key), matches, &key), 0);
    version->blocks[key] = NULL;
}

struct walking {
    const struct version *version;
    bool seen[KEYS];
    size_t num, stop;
};

static bool visit(void *user, struct svcr_block *block)
{
    struct walking *walking = user;
    uint32_t key = key_of(block);
    must_ptr_eq(walking->version->blocks[key], block);
    must(!walking->seen[key]);
    walking->seen[key] = true;
    return ++walking->num != walking->stop;
}

static void version_check(const struct version *version)
{
    struct walking walking = {.version = version};
    size_t num = version_num(version);
    must_uint_eq(version->trie.num, num);
    for (uint32_t key = 0; key < KEYS; key++) {
        must_ptr_eq(svcr_trie_get(&version->trie, hash_of(key), matches, &key),
                    version->blocks[key]);
    }
    must(svcr_trie_walk(&version->trie, visit, &walking));
    must_uint_eq(walking.num, num);
    if (num > 1) { /* a visit can end the walk */
        walking = (struct walking){.version = version, .stop = num / 2};
        must(!svcr_trie_walk(&version->trie, visit, &walking));
        must_uint_eq(walking.num, num / 2);
    }
}

struct comparing {
    const struct version *older, *newer;
    bool told[KEYS];
};

static bool differ(void *user, struct svcr_block *older, struct svcr_block *newer)
{
    struct comparing *comparing = user;
    must(older != NULL || newer != NULL);
    uint32_t key = key_of(older != NULL ? older : newer);
    must(!comparing->told[key]);
    comparing->told[key] = true;
    must_ptr_eq(older, comparing->older->blocks[key]);
    must_ptr_eq(newer, comparing->newer->blocks[key]);
    return true;
}

static void versions_compare(const struct version *older, const struct version *newer)
{
    struct comparing comparing = {.older = older, .newer = newer};
    must(svcr_trie_compare(&older->trie, &newer->trie, same_key, differ, &comparing));
    for (size_t i = 0; i < KEYS; i++) {
        must(comparing.told[i] == (older->blocks[i] != newer->blocks[i]));
    }
}

/* The same content put in another order takes the same memory: the shape is that of the content. */
static void shape_check(struct memory *memory, struct svcroute_context *context,
                        struct version *version, struct dice *dice)
{
    struct version fresh = {.trie = {0}};
    uint32_t order[KEYS];
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t j = dice_roll(dice, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    int64_t blocks = memory->blocks;
    int64_t bytes = memory->bytes;
    svcr_trie_clear(context, &version->trie);
    int64_t freed_blocks = blocks - memory->blocks;
    int64_t freed_bytes = bytes - memory->bytes;
    for (size_t i = 0; i < KEYS; i++) {
        if (version->blocks[order[i]] != NULL) {
            version_put(context, &fresh, order[i]);
        }
    }
    if (fresh.trie.num == 0 && version_num(version) == 0) { /* an emptied trie may keep its root */
        return;
    }
    must_int_eq(memory->blocks - (blocks - freed_blocks), freed_blocks);
    must_int_eq(memory->bytes - (bytes - freed_bytes), freed_bytes);
    *version = fresh;
}

START_TEST(test_against_model)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct dice dice = {UINT64_C(0x7717e000) + (uint64_t)_i};
    struct version versions[VERSIONS] = {0};
    int64_t at_rest = memory.blocks;
    uint32_t keys = 1 + dice_roll(&dice, KEYS);
    for (int i = 0; i < 1500; i++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        uint32_t roll = dice_roll(&dice, 100);
        uint32_t key = dice_roll(&dice, keys);
        if (roll < 45) {
            version_put(context, version, key);
        } else if (roll < 80) {
            version_remove(context, version, key);
        } else if (roll < 88 && version != other) {
            svcr_trie_clear(context, &version->trie);
            *version = *other;
            version->trie = svcr_trie_share(&other->trie);
        } else if (roll < 97) {
            versions_compare(version, other);
        } else {
            version_check(version);
        }
    }
    for (size_t i = 0; i < VERSIONS; i++) {
        version_check(&versions[i]);
    }
    for (size_t i = 1; i < VERSIONS; i++) {
        svcr_trie_clear(context, &versions[i].trie);
    }
    shape_check(&memory, context, &versions[0], &dice);
    svcr_trie_clear(context, &versions[0].trie);
    must_int_eq(memory.blocks, at_rest);
    svcroute_context_unref(context);
    must_int_eq(memory.blocks, 0);
    must_int_eq(memory.bytes, 0);
}
END_TEST

/* Blocks of one hash go and come in a list of their own; the path to it folds up behind the last
 * but one. */
START_TEST(test_equal_hashes)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct version version = {.trie = {0}};
    version_put(context, &version, 3);
    int64_t one = memory.bytes;
    for (uint32_t key = 9; key < KEYS; key += 6) { /* 3, 9, 15...: the fourth sixth */
        version_put(context, &version, key);
    }
    version_check(&version);
    for (uint32_t key = 9; key < KEYS; key += 6) {
        version_remove(context, &version, key);
        version_check(&version);
    }
    must_int_eq(memory.bytes, one);
    svcr_trie_clear(context, &version.trie);
    svcroute_context_unref(context);
    must_int_eq(memory.bytes, 0);
}
END_TEST

START_TEST(test_nothing)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct version version = {.trie = {0}}, other = {.trie = {0}};
    uint32_t key = 1;
    version_check(&version);
    must_int_eq(svcr_trie_remove(context, &version.trie, 0, matches, &key), 0);
    versions_compare(&version, &other);
    svcr_trie_clear(context, &version.trie);
    other.trie = svcr_trie_share(&version.trie);
    must_ptr_null(other.trie.root);
    version_put(context, &version, 1);
    versions_compare(&version, &other);
    versions_compare(&other, &version);
    version_remove(context, &version, 1);
    versions_compare(&version, &other);
    svcr_trie_clear(context, &version.trie);
    svcroute_context_unref(context);
    must_int_eq(memory.bytes, 0);
}
END_TEST

/* Whatever allocation fails, the other version stays as it was and the failed one can be freed. */
START_TEST(test_out_of_memory)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct version base = {.trie = {0}};
    for (uint32_t key = 0; key < KEYS; key += 2) {
        version_put(context, &base, key);
    }
    for (uint32_t key = 0; key < KEYS; key++) {
        for (bool shared = false;; shared = true) { /* on a version of its own as well */
            int error = SVCROUTE_ERR_NOMEM;
            for (uint64_t n = 1; error != 0; n++) {
                struct version version = base;
                struct svcr_owner *block = block_new(context, key, hash_of(key));
                version.trie = svcr_trie_share(&base.trie);
                if (!shared) { /* owns its path: the key goes and comes first */
                    version_put(context, &version, key);
                }
                memory.calls = 0;
                memory.fail_at = (n + 1) / 2;
                memory.and_after = n % 2 != 0;
                error = key % 4 == 0
                            ? svcr_trie_remove(context, &version.trie, hash_of(key), matches, &key)
                            : svcr_trie_put(context, &version.trie, &block->head, matches, &key);
                memory.fail_at = 0;
                must(error == 0 || error == SVCROUTE_ERR_NOMEM);
                svcr_block_unref(context, block);
                svcr_trie_clear(context, &version.trie);
                must_uint_lt(n, 40);
            }
            version_check(&base);
            if (shared) {
                break;
            }
        }
    }
    svcr_trie_clear(context, &base.trie);
    svcroute_context_unref(context);
    must_int_eq(memory.blocks, 0);
    must_int_eq(memory.bytes, 0);
}
END_TEST

Suite *suite_trie(void)
{
    Suite *suite = suite_create("trie");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_against_model, 0, 20);
    tcase_add_test(all, test_equal_hashes);
    tcase_add_test(all, test_nothing);
    tcase_add_test(all, test_out_of_memory);
    suite_add_tcase(suite, all);
    return suite;
}
