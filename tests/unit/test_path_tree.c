/* Trees of paths against lists: random additions and removals in shared versions, over alphabets
 * from two bytes to all, with paths up to the longest. */
#include "rule/path_tree.h"

#include "candidate_support.h"

enum { PLACES = 120, VERSIONS = 4, NAMES = 3 };

/* What may be in a tree: one of a few candidates at a path. */
struct place {
    char path[SVCR_ANCHOR_PATH_MAX + 1];
    size_t size;
    uint32_t name;
};

struct version {
    struct svcr_path_tree tree;
    const void *routes[PLACES]; /* NULL: not there */
};

static svcr_text place_path(const struct place *place)
{
    return (svcr_text){place->path, place->size};
}

static bool begins(const struct place *place, svcr_text path)
{
    return place->size <= path.size && memcmp(place->path, path.data, place->size) == 0;
}

static void version_add(struct svcroute_context *context, struct version *version,
                        const struct place *places, uint32_t i, const void *route)
{
    bool added;
    struct svcr_candidate candidate = candidate_make(context, 0, 0, places[i].name, NULL, route);
    must_int_eq(
        svcr_path_tree_add(context, &version->tree, place_path(&places[i]), &candidate, &added), 0);
    must(added == (version->routes[i] == NULL));
    version->routes[i] = route;
    svcr_block_unref(context, candidate.holder);
}

static void version_remove(struct svcroute_context *context, struct version *version,
                           const struct place *places, uint32_t i)
{
    struct svcr_candidate candidate = candidate_make(context, 0, 0, places[i].name, NULL, NULL);
    bool there = svcr_path_tree_has(&version->tree, place_path(&places[i]), &candidate);
    must(there == (version->routes[i] != NULL));
    if (there) {
        must_int_eq(
            svcr_path_tree_remove(context, &version->tree, place_path(&places[i]), &candidate), 0);
        version->routes[i] = NULL;
    }
    svcr_block_unref(context, candidate.holder);
}

/* A node has exactly the candidates at a path, in their order; and those behind any of them. */
static void check_node(const struct version *version, const struct place *places, svcr_text path,
                       const struct svcr_path_node *node)
{
    const void *routes[NAMES] = {NULL};
    size_t num = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        if (version->routes[i] != NULL && places[i].size == path.size && begins(&places[i], path)) {
            routes[places[i].name] = version->routes[i];
            num++;
        }
    }
    struct svcr_run run = svcr_path_node_after(node, NULL);
    must_uint_eq(run.num, num);
    for (size_t i = 0; i < num; i++) {
        must_ptr_eq(run.first[i].route, routes[candidate_name(&run.first[i])]);
        must(i == 0 || candidate_name(&run.first[i - 1]) < candidate_name(&run.first[i]));
        must_uint_eq(svcr_path_node_after(node, &run.first[i]).num, num - 1 - i);
    }
}

static void check_find(const struct version *version, const struct place *places, svcr_text path)
{
    const struct svcr_path_node *nodes[SVCR_PATH_NODES_MAX];
    uint32_t num = svcr_path_tree_find(&version->tree, path, nodes);
    uint32_t at = 0;
    for (size_t size = 0; size <= path.size; size++) {
        bool any = false;
        for (uint32_t i = 0; i < PLACES && !any; i++) {
            any = version->routes[i] != NULL && places[i].size == size && begins(&places[i], path);
        }
        if (any) {
            must_uint_lt(at, num);
            check_node(version, places, (svcr_text){path.data, size}, nodes[at++]);
        }
    }
    must_uint_eq(at, num);
}

/* Alphabets: two letters; some that sign extension would get wrong; all bytes. */
static char letter(struct dice *dice, int kind)
{
    static const char some[] = {'/', 'a', '\x7f', '\x80', '\xff', '\0'};
    return kind == 0   ? "/a"[dice_roll(dice, 2)]
           : kind == 1 ? some[dice_roll(dice, sizeof(some))]
                       : (char)dice_roll(dice, 256);
}

static void places_fill(struct place *places, struct dice *dice, int kind)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        struct place *place = &places[i];
        *place = (struct place){.name = dice_roll(dice, NAMES)};
        if (i > 0 && dice_once_in(dice, 2)) { /* shares a beginning with another one */
            const struct place *other = &places[dice_roll(dice, i)];
            place->size = dice_roll(dice, (uint32_t)other->size + 1);
            memcpy(place->path, other->path, place->size);
        }
        size_t more = dice_once_in(dice, 8) ? SVCR_ANCHOR_PATH_MAX : dice_roll(dice, 6);
        while (more-- > 0 && place->size < SVCR_ANCHOR_PATH_MAX) {
            place->path[place->size++] = letter(dice, kind);
        }
        for (uint32_t j = 0; j < i; j++) { /* none twice */
            if (places[j].name == place->name && places[j].size == place->size &&
                memcmp(places[j].path, place->path, place->size) == 0) {
                i--;
                break;
            }
        }
    }
}

static void version_check(const struct version *version, const struct place *places,
                          struct dice *dice, int kind)
{
    char path[SVCR_ANCHOR_PATH_MAX + 8];
    const struct place *place = &places[dice_roll(dice, PLACES)];
    size_t size = dice_once_in(dice, 3) ? dice_roll(dice, (uint32_t)place->size + 1) : place->size;
    memcpy(path, place->path, size);
    for (uint32_t more = dice_roll(dice, 8); more > 0; more--) {
        path[size++] = letter(dice, kind);
    }
    check_find(version, places, (svcr_text){path, size});
}

/* The same content added in another order takes the same memory: the shape is that of the content.
 */
static void shape_check(struct memory *memory, struct svcroute_context *context,
                        struct version *version, const struct place *places)
{
    struct version fresh = {.tree = {NULL}};
    int64_t before = memory->bytes;
    svcr_path_tree_clear(context, &version->tree);
    int64_t empty = memory->bytes;
    for (uint32_t i = PLACES; i-- > 0;) {
        if (version->routes[i] != NULL) {
            version_add(context, &fresh, places, i, version->routes[i]);
        }
    }
    must_int_eq(memory->bytes - empty, before - empty);
    *version = fresh;
}

START_TEST(test_against_model)
{
    static const char routes[3];
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct dice dice = {UINT64_C(0x9a7e) + (uint64_t)_i};
    static struct version versions[VERSIONS];
    static struct place places[PLACES];
    int kind = _i % 3;
    memset(versions, 0, sizeof(versions));
    places_fill(places, &dice, kind);
    for (int step = 0; step < 4000; step++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        uint32_t roll = dice_roll(&dice, 100);
        uint32_t i = dice_roll(&dice, PLACES);
        if (roll < (step / 500 % 2 == 0 ? 60U : 20U)) {
            version_add(context, version, places, i, &routes[dice_roll(&dice, 3)]);
        } else if (roll < 80) {
            version_remove(context, version, places, i);
        } else if (roll < 82 && version != other) {
            svcr_path_tree_clear(context, &version->tree);
            *version = *other;
            version->tree = svcr_path_tree_share(&other->tree);
        } else {
            version_check(version, places, &dice, kind);
        }
    }
    for (size_t v = 0; v < VERSIONS; v++) {
        for (int i = 0; i < 100; i++) {
            version_check(&versions[v], places, &dice, kind);
        }
        if (v + 1 < VERSIONS) {
            svcr_path_tree_clear(context, &versions[v].tree);
        }
    }
    shape_check(&memory, context, &versions[VERSIONS - 1], places);
    for (uint32_t i = 0; i < PLACES; i++) {
        version_remove(context, &versions[VERSIONS - 1], places, i);
    }
    must_ptr_null(versions[VERSIONS - 1].tree.root);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* Every byte parts ways at one node; a path as deep as there can be. */
START_TEST(test_extremes)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_candidate candidate = candidate_make(context, 0, 0, 1, NULL, NULL);
    struct svcr_path_tree tree = {NULL};
    const struct svcr_path_node *nodes[SVCR_PATH_NODES_MAX];
    char path[SVCR_ANCHOR_PATH_MAX + 1];
    bool added;
    must_uint_eq(svcr_path_tree_find(&tree, SVCR_TEXT("/"), nodes), 0);
    must(!svcr_path_tree_has(&tree, SVCR_TEXT(""), &candidate));
    for (uint32_t i = 0; i < 256; i++) {
        path[0] = (char)(i * 77);
        must_int_eq(svcr_path_tree_add(context, &tree, (svcr_text){path, 1}, &candidate, &added),
                    0);
    }
    memset(path, '/', sizeof(path));
    for (size_t size = 0; size <= SVCR_ANCHOR_PATH_MAX; size++) {
        must_int_eq(svcr_path_tree_add(context, &tree, (svcr_text){path, size}, &candidate, &added),
                    0);
        must(added == (size != 1));
    }
    for (uint32_t i = 0; i < 256; i++) {
        char one = (char)i;
        must_uint_eq(svcr_path_tree_find(&tree, (svcr_text){&one, 1}, nodes), 2);
    }
    must_uint_eq(svcr_path_tree_find(&tree, (svcr_text){path, sizeof(path)}, nodes),
                 SVCR_PATH_NODES_MAX);
    for (size_t size = 0; size <= SVCR_ANCHOR_PATH_MAX; size++) {
        must_int_eq(svcr_path_tree_remove(context, &tree, (svcr_text){path, size}, &candidate), 0);
    }
    for (uint32_t i = 0; i < 256; i++) {
        char one = (char)i;
        must_uint_eq(svcr_path_tree_find(&tree, (svcr_text){&one, 1}, nodes), i != '/');
        if (i != '/') {
            must_int_eq(svcr_path_tree_remove(context, &tree, (svcr_text){&one, 1}, &candidate), 0);
        }
    }
    must_ptr_null(tree.root);
    svcr_block_unref(context, candidate.holder);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

START_TEST(test_only)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct version version = {.tree = {NULL}};
    static const char route;
    struct place places[PLACES] = {{"/api", 4, 0}, {"/", 1, 1}, {"/app", 4, 2}, {"/app", 4, 1}};
    must_ptr_null(svcr_path_tree_only(&version.tree));
    for (uint32_t i = 0; i < 4; i++) {
        version_add(context, &version, places, i, &route);
        must((svcr_path_tree_only(&version.tree) != NULL) == (i == 0));
    }
    for (uint32_t i = 0; i < 3; i++) {
        must_ptr_null(svcr_path_tree_only(&version.tree));
        version_remove(context, &version, places, i);
    }
    must_uint_eq(candidate_name(svcr_path_tree_only(&version.tree)), 1);
    svcr_path_tree_clear(context, &version.tree);
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
    struct dice dice = {UINT64_C(0x007e) + (uint64_t)_i};
    static struct version base;
    static struct place places[PLACES];
    memset(&base, 0, sizeof(base));
    places_fill(places, &dice, _i % 3);
    for (uint32_t i = 0; i < PLACES; i++) {
        if (!dice_once_in(&dice, 3)) {
            version_add(context, &base, places, i, &route);
        }
    }
    for (uint32_t op = 0; op < 2 * PLACES; op++) {
        uint32_t i = op / 2;
        svcr_text path = place_path(&places[i]);
        struct svcr_candidate candidate = candidate_make(context, 0, 0, places[i].name, NULL, NULL);
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            struct version version = base;
            bool added;
            version.tree = svcr_path_tree_share(&base.tree);
            if (op % 2 == 0) { /* owns its path: this comes and goes first */
                version_add(context, &version, places, i, &route);
                if (base.routes[i] == NULL) {
                    version_remove(context, &version, places, i);
                }
            }
            memory.calls = 0;
            memory.fail_at = (n + 1) / 2;
            memory.and_after = n % 2 != 0;
            error = base.routes[i] != NULL
                        ? svcr_path_tree_remove(context, &version.tree, path, &candidate)
                        : svcr_path_tree_add(context, &version.tree, path, &candidate, &added);
            must(error == 0 || error == SVCROUTE_ERR_NOMEM);
            must((error == 0) == (memory.calls < memory.fail_at));
            memory.fail_at = 0;
            svcr_path_tree_clear(context, &version.tree);
            must_uint_lt(n, 400);
        }
        svcr_block_unref(context, candidate.holder);
        version_check(&base, places, &dice, _i % 3);
    }
    svcr_path_tree_clear(context, &base.tree);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

Suite *suite_path_tree(void)
{
    Suite *suite = suite_create("path_tree");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_against_model, 0, 15);
    tcase_add_test(all, test_extremes);
    tcase_add_test(all, test_only);
    tcase_add_loop_test(all, test_out_of_memory, 0, 6);
    suite_add_tcase(suite, all);
    return suite;
}
