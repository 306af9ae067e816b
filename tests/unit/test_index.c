/* The index against a list of candidates of which every one is tried in their order: random
 * additions, replacements and removals in shared versions; searches with all their options. The
 * programs are made by hand, of what their anchors say and a method. What real rules give is in
 * test_index_rules.c. */
#include "rule/index.h"

#include "base/context.h"
#include "candidate_support.h"

enum { ENTRIES = 160, REQUESTS = 96, VERSIONS = 4, WAYS = 4, SCOPES = 3 };

static const svcr_text scopes[SCOPES] = {{"", 0}, {"up", 2}, {"upb", 3}};

/* ---- programs ---- */

/* One way to match: all of what is not empty. */
struct way {
    struct svcr_anchor anchor;
    svcr_text method;
};

struct hand_program {
    struct svcr_program program;
    struct svcr_test tests[3 * WAYS];
    struct svcr_anchor anchors[WAYS];
    char text[]; /* of the anchors */
};

static const struct svcr_block_kind hand_kind = {NULL};

static void hand_test(struct hand_program *hand, enum svcr_matcher matcher, svcr_text value)
{
    hand->tests[hand->program.num_tests++] = (struct svcr_test){.matcher = matcher, .value = value};
}

static svcr_text hand_text(char **end, svcr_text text)
{
    svcr_text copy = {text.size == 0 ? NULL : *end, text.size};
    if (text.size > 0) {
        memcpy(*end, text.data, text.size);
        *end += text.size;
    }
    return copy;
}

/* Any of the ways. */
static struct svcr_program *hand_program_make(struct svcroute_context *context,
                                              const struct way *ways, uint32_t num)
{
    size_t size = 0;
    for (uint32_t i = 0; i < num; i++) {
        size += ways[i].anchor.host.size + ways[i].anchor.path.size;
    }
    struct hand_program *hand = svcr_block_new(context, &hand_kind, sizeof(*hand) + size);
    must_ptr_nonnull(hand);
    char *end = hand->text;
    hand->program.num_anchors = num;
    hand->program.tests = hand->tests;
    hand->program.anchors = hand->anchors;
    for (uint32_t i = 0; i < num; i++) {
        struct svcr_anchor *anchor = &hand->anchors[i];
        uint32_t first = hand->program.num_tests;
        anchor->host = hand_text(&end, ways[i].anchor.host);
        anchor->path = hand_text(&end, ways[i].anchor.path);
        hand_test(hand, SVCR_MATCHER_PATH_PREFIX, anchor->path);
        if (anchor->host.size > 0) { /* a rule's "*" is any host, its "*." one without a dot */
            bool star = anchor->host.size == 1 && anchor->host.data[0] == '*';
            hand_test(hand, SVCR_MATCHER_HOST, star ? SVCR_TEXT("*.") : anchor->host);
        }
        if (ways[i].method.size > 0) {
            hand_test(hand, SVCR_MATCHER_METHOD, ways[i].method);
        }
        for (uint32_t j = first; j < hand->program.num_tests; j++) {
            bool last = j + 1 == hand->program.num_tests;
            hand->tests[j].on_true = last ? SVCR_TEST_YES : (int32_t)j + 1;
            hand->tests[j].on_false =
                i + 1 == num ? SVCR_TEST_NO : (int32_t)hand->program.num_tests;
        }
    }
    return &hand->program;
}

/* ---- what there may be ---- */

struct entry {
    int64_t priority;
    uint32_t length;
    uint32_t name, scope;
    struct way ways[WAYS];
    uint32_t num_ways;
};

struct request {
    svcr_text method, host, path;
};

struct world_of_rules {
    struct svcroute_context *context;
    struct memory memory;
    struct entry entries[ENTRIES]; /* by their order */
    struct request requests[REQUESTS];
    bool on_way[ENTRIES][REQUESTS], yes[ENTRIES][REQUESTS];
};

static char long_path[SVCR_ANCHOR_PATH_MAX + 73];

static svcr_text random_of(struct dice *dice, const char *const *list, uint32_t num)
{
    const char *text = list[dice_roll(dice, num)];
    return (svcr_text){text[0] == '\0' ? NULL : text, strlen(text)};
}
#define RANDOM_OF(dice, list) random_of(dice, list, sizeof(list) / sizeof((list)[0]))

static svcr_text random_path(struct dice *dice, bool anchor)
{
    static const char *const paths[] = {"",    "/",          "/a",    "/a/",    "/a/b",
                                        "/ab", "/b",         "/b/cd", "/b/cde", "/bcde",
                                        "*",   "/a\xc3\xa4", "/a b"};
    if (!dice_once_in(dice, 12)) {
        return RANDOM_OF(dice, paths);
    }
    size_t max = anchor ? SVCR_ANCHOR_PATH_MAX : sizeof(long_path);
    return (svcr_text){long_path, dice_once_in(dice, 3) ? dice_roll(dice, 140) % max : max};
}

/* `narrow`: most hang at one place. */
static void entry_fill(struct entry *entry, struct dice *dice, uint32_t name, bool narrow)
{
    static const char *const methods[] = {"", "GET", "GET", "POST"};
    static const char *const hosts[] = {"",      "",  "a",       "b.a", "c.b.a", "d.c.b.a", "*.a",
                                        "*.b.a", "*", "*.c.b.a", "x",   "b.a.",  "*x"};
    *entry = (struct entry){.priority = (int64_t)dice_roll(dice, 4) - 1,
                            .length = dice_roll(dice, 3),
                            .name = name,
                            .scope = dice_once_in(dice, 3) ? dice_roll(dice, SCOPES) : 0,
                            .num_ways = dice_once_in(dice, 2) ? 1 : 1 + dice_roll(dice, WAYS)};
    for (uint32_t i = 0; i < entry->num_ways; i++) {
        struct way *way = &entry->ways[i];
        bool there = narrow && !dice_once_in(dice, 5);
        way->anchor.host = RANDOM_OF(dice, hosts);
        way->anchor.path = random_path(dice, true);
        if (there) {
            way->anchor.host = dice_once_in(dice, 3) ? SVCR_TEXT("b.a") : SVCR_TEXT_ABSENT;
            way->anchor.path = dice_once_in(dice, 5) ? way->anchor.path : SVCR_TEXT("/");
        }
        way->method = RANDOM_OF(dice, methods);
    }
}

/* The order in words: the greater priority, the longer rule, the name as bytes. */
static int entry_order(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *two = b;
    char names[2][16];
    if (one->priority != two->priority) {
        return one->priority > two->priority ? -1 : 1;
    }
    if (one->length != two->length) {
        return one->length > two->length ? -1 : 1;
    }
    snprintf(names[0], sizeof(names[0]), "%u", one->name);
    snprintf(names[1], sizeof(names[1]), "%u", two->name);
    return strcmp(names[0], names[1]);
}

/* A host, with its first label replaced by "*" if that is how the wanted one begins. */
static bool host_is(svcr_text host, svcr_text wanted)
{
    char form[64];
    const char *dot = host.size == 0 ? NULL : memchr(host.data, '.', host.size);
    if (wanted.size == 0 || wanted.data[0] != '*') {
        return svcr_text_same(host, wanted);
    }
    snprintf(form, sizeof(form), "*%.*s",
             dot == NULL ? 0 : (int)(host.size - (size_t)(dot - host.data)),
             dot == NULL ? "" : dot);
    return svcr_text_same(text_of(form), wanted);
}

static svcr_text cut_dots(svcr_text host, size_t most)
{
    for (; most > 0 && host.size > 0 && host.data[host.size - 1] == '.'; most--) {
        host.size--;
    }
    return host;
}

static bool is_on_way(const struct svcr_anchor *anchor, const struct request *request)
{
    svcr_text wanted = cut_dots(anchor->host, SIZE_MAX);
    svcr_text host = cut_dots(request->host, SIZE_MAX);
    return (wanted.size == 0 || host_is(host, wanted) || svcr_text_same(host, wanted)) &&
           svcr_text_starts(request->path, anchor->path);
}

/* A dot at the end of one side is forgiven. No host is no name. */
static bool is_way(const struct way *way, const struct request *request)
{
    svcr_text wanted = way->anchor.host;
    svcr_text host = request->host;
    if (svcr_text_same(wanted, SVCR_TEXT("*"))) {
        wanted = SVCR_TEXT("*.");
    }
    return (wanted.size == 0 ||
            (host.size > 0 && (host_is(host, wanted) || host_is(host, cut_dots(wanted, 1)) ||
                               host_is(cut_dots(host, 1), wanted)))) &&
           svcr_text_starts(request->path, way->anchor.path) &&
           (way->method.size == 0 || svcr_text_same(way->method, request->method));
}

static struct world_of_rules *world_make(struct dice *dice, bool narrow)
{
    static const char *const methods[] = {"GET", "GET", "POST", "PUT"};
    static const char *const hosts[] = {"",    "a",     "b.a",   "b.a.", "c.b.a",   "d.c.b.a",
                                        "x.a", "x.b.a", "x",     ".",    "..",      ".a",
                                        "a..", "y",     "b.a.b", "a.b",  "x.c.b.a", "*x"};
    static struct world_of_rules world;
    memset(&world, 0, sizeof(world));
    memset(long_path, 'z', sizeof(long_path));
    long_path[0] = '/';
    world.context = make_context(&world.memory, NULL);
    for (uint32_t e = 0; e < ENTRIES; e++) {
        entry_fill(&world.entries[e], dice, e, narrow);
    }
    qsort(world.entries, ENTRIES, sizeof(struct entry), entry_order);
    for (uint32_t r = 0; r < REQUESTS; r++) {
        struct request *request = &world.requests[r];
        request->method = RANDOM_OF(dice, methods);
        request->host = RANDOM_OF(dice, hosts);
        request->path = random_path(dice, false);
        for (uint32_t e = 0; e < ENTRIES; e++) {
            const struct entry *entry = &world.entries[e];
            for (uint32_t i = 0; i < entry->num_ways; i++) {
                world.on_way[e][r] |= is_on_way(&entry->ways[i].anchor, request);
                world.yes[e][r] |= is_way(&entry->ways[i], request);
            }
            must(world.on_way[e][r] || !world.yes[e][r]);
        }
    }
    return &world;
}

static void world_end(struct world_of_rules *world)
{
    svcroute_context_unref(world->context);
    memory_check_empty(&world->memory);
}

/* ---- versions ---- */

struct version {
    struct svcr_index index;
    const void *routes[ENTRIES]; /* NULL: not there */
};

static struct svcr_candidate entry_candidate(const struct world_of_rules *world, uint32_t e,
                                             const void *route)
{
    const struct entry *entry = &world->entries[e];
    return candidate_make(world->context, entry->priority, entry->length, entry->name,
                          hand_program_make(world->context, entry->ways, entry->num_ways), route);
}

static void version_add(const struct world_of_rules *world, struct version *version, uint32_t e,
                        const void *route)
{
    struct svcr_candidate candidate = entry_candidate(world, e, route);
    svcr_text scope = scopes[world->entries[e].scope];
    must_int_eq(svcr_index_add(world->context, &version->index, scope, &candidate), 0);
    version->routes[e] = route;
    svcr_block_unref(world->context, candidate.holder);
}

/* Whether there or not. */
static void version_remove(const struct world_of_rules *world, struct version *version, uint32_t e)
{
    struct svcr_candidate candidate = entry_candidate(world, e, NULL);
    svcr_text scope = scopes[world->entries[e].scope];
    must_int_eq(svcr_index_remove(world->context, &version->index, scope, &candidate), 0);
    version->routes[e] = NULL;
    svcr_block_unref(world->context, candidate.holder);
}

static void version_share(const struct world_of_rules *world, struct version *version,
                          const struct version *other)
{
    svcr_index_clear(world->context, &version->index);
    *version = *other;
    version->index = svcr_index_share(&other->index);
}

/* ---- searches ---- */

static bool allow(const void *user, const struct svcr_candidate *candidate)
{
    const uint64_t *mask = user;
    return (*mask >> candidate_name(candidate) % 64 & 1) != 0;
}

static const struct svcr_candidate *version_find(const struct world_of_rules *world,
                                                 const struct version *version, uint32_t r,
                                                 const struct svcr_search *search)
{
    static struct svcr_subject subject;
    subject.method = world->requests[r].method;
    subject.host = world->requests[r].host;
    subject.path = world->requests[r].path;
    return svcr_index_find(world->context, &version->index, &subject, search);
}

/* One random search in a version against trying all. Gives what was found. */
static const struct svcr_candidate *version_check(const struct world_of_rules *world,
                                                  const struct version *version, struct dice *dice)
{
    uint32_t r = dice_roll(dice, REQUESTS);
    uint32_t scope = dice_once_in(dice, 3) ? dice_roll(dice, SCOPES) : 0;
    uint64_t mask = dice_once_in(dice, 4) ? dice_next(dice) & dice_next(dice) : UINT64_MAX;
    struct svcr_search search = {.scope = scopes[scope], .skip_programs = dice_once_in(dice, 6)};
    struct svcr_candidate after = {.holder = NULL};
    char name[16];
    uint32_t first = 0;
    if (mask != UINT64_MAX || dice_once_in(dice, 9)) {
        search.allow = allow;
        search.user = &mask;
    }
    if (dice_once_in(dice, 3)) {
        uint32_t e = dice_roll(dice, ENTRIES);
        after.priority = world->entries[e].priority;
        after.length = world->entries[e].length;
        after.name.data = name;
        after.name.size = (size_t)snprintf(name, sizeof(name), "%u", world->entries[e].name);
        search.after = &after;
        first = e + 1;
    }
    const struct svcr_candidate *found = version_find(world, version, r, &search);
    uint32_t e = first;
    for (; e < ENTRIES; e++) {
        const struct entry *entry = &world->entries[e];
        if (version->routes[e] != NULL && entry->scope == scope &&
            (search.skip_programs ? world->on_way[e][r] : world->yes[e][r]) &&
            (mask >> entry->name % 64 & 1) != 0) {
            break;
        }
    }
    if (e == ENTRIES) {
        must_ptr_null(found);
    } else {
        must_ptr_nonnull(found);
        must_uint_eq(candidate_name(found), world->entries[e].name);
        must_ptr_eq(found->route, version->routes[e]);
    }
    return found;
}

/* Takes out what a search found, by the very candidate that lies in the index. */
static void version_remove_found(const struct world_of_rules *world, struct version *version,
                                 struct dice *dice)
{
    uint32_t r = dice_roll(dice, REQUESTS);
    struct svcr_search search = {.skip_programs = true};
    const struct svcr_candidate *found = version_find(world, version, r, &search);
    if (found != NULL) {
        uint32_t name = candidate_name(found);
        must_int_eq(svcr_index_remove(world->context, &version->index, SVCR_TEXT(""), found), 0);
        for (uint32_t e = 0; e < ENTRIES; e++) {
            if (world->entries[e].name == name) {
                version->routes[e] = NULL;
            }
        }
    }
}

START_TEST(test_against_model)
{
    static const char routes[3];
    static struct version versions[VERSIONS];
    struct dice dice = {UINT64_C(0x1de8) + (uint64_t)_i};
    struct world_of_rules *world = world_make(&dice, _i % 4 == 1);
    uint32_t entries = _i % 4 == 0 ? 6 : ENTRIES;
    int steps = getenv("SVCROUTE_TEST_SLOW") != NULL ? 100 : 1500;
    memset(versions, 0, sizeof(versions));
    for (int step = 0; step < steps; step++) {
        struct version *version = &versions[dice_roll(&dice, VERSIONS)];
        const struct version *other = &versions[dice_roll(&dice, VERSIONS)];
        uint32_t roll = dice_roll(&dice, 100);
        uint32_t e = dice_roll(&dice, entries);
        if (roll < (step / 250 % 2 == 0 ? 70U : 30U)) {
            version_add(world, version, e, &routes[dice_roll(&dice, 3)]);
        } else if (roll < 90) {
            version_remove(world, version, e);
        } else if (roll < 95) {
            version_remove_found(world, version, &dice);
        } else if (version != other) {
            version_share(world, version, other);
        }
        uint64_t calls = world->memory.calls;
        for (int i = 0; i < 30; i++) {
            version_check(world, &versions[i % VERSIONS], &dice);
        }
        must_uint_eq(world->memory.calls, calls); /* a search allocates nothing */
    }
    for (uint32_t e = 0; e < ENTRIES; e++) {
        version_remove(world, &versions[0], e);
    }
    must_uint_eq(versions[0].index.places.hosts.root, 0);
    must_uint_eq(versions[0].index.places.wild.root, 0);
    must_ptr_null(versions[0].index.places.none.root);
    must_ptr_null(versions[0].index.scopes.root);
    for (size_t v = 1; v < VERSIONS; v++) {
        svcr_index_clear(world->context, &versions[v].index);
    }
    world_end(world);
}
END_TEST

/* Whatever allocation fails, the other version answers as before and the failed one can be cleared;
 * on a shared version, and on one that owns what it changes. */
START_TEST(test_out_of_memory)
{
    static const char routes[2];
    static struct version base, version;
    struct dice dice = {UINT64_C(0x1d0f3) + (uint64_t)_i};
    struct world_of_rules *world = world_make(&dice, _i % 4 == 1);
    struct memory *memory = &world->memory;
    memset(&base, 0, sizeof(base));
    memset(&version, 0, sizeof(version));
    for (uint32_t e = 0; e < ENTRIES; e++) {
        if (dice_roll(&dice, 8) <= (uint32_t)_i) {
            version_add(world, &base, e, &routes[0]);
        }
    }
    int ops = getenv("SVCROUTE_TEST_SLOW") != NULL ? 30 : 200;
    for (int op = 0; op < ops; op++) {
        uint32_t e = dice_roll(&dice, ENTRIES);
        bool remove = base.routes[e] != NULL && !dice_once_in(&dice, 4);
        bool own = dice_once_in(&dice, 2);
        struct svcr_candidate candidate = entry_candidate(world, e, &routes[1]);
        svcr_text scope = scopes[world->entries[e].scope];
        int error = SVCROUTE_ERR_NOMEM;
        for (uint64_t n = 1; error != 0; n++) {
            version_share(world, &version, &base);
            if (own) {
                version_add(world, &version, e, &routes[0]);
            }
            memory->calls = 0;
            memory->fail_at = (n + 1) / 2;
            memory->and_after = n % 2 != 0;
            error = remove ? svcr_index_remove(world->context, &version.index, scope, &candidate)
                           : svcr_index_add(world->context, &version.index, scope, &candidate);
            must(error == 0 || error == SVCROUTE_ERR_NOMEM);
            must((error == 0) == (memory->calls < memory->fail_at));
            memory->fail_at = 0;
            must_uint_lt(n, 400);
        }
        version.routes[e] = remove ? NULL : &routes[1];
        svcr_block_unref(world->context, candidate.holder);
        for (int i = 0; i < 10; i++) {
            version_check(world, &base, &dice);
            version_check(world, &version, &dice);
        }
    }
    svcr_index_clear(world->context, &base.index);
    svcr_index_clear(world->context, &version.index);
    world_end(world);
}
END_TEST

/* ---- cases by hand ---- */

static struct svcr_candidate add_at(struct svcroute_context *context, struct svcr_index *index,
                                    uint32_t name, const char *host, const char *path)
{
    struct way way = {.anchor = {text_of(host), text_of(path)}};
    struct svcr_program *program = hand_program_make(context, &way, 1);
    struct svcr_candidate candidate = candidate_make(context, 0, 0, name, program, NULL);
    must_int_eq(svcr_index_add(context, index, SVCR_TEXT(""), &candidate), 0);
    svcr_block_unref(context, candidate.holder);
    return candidate;
}

static int64_t name_found(const struct svcroute_context *context, const struct svcr_index *index,
                          const char *host, const char *path)
{
    static struct svcr_subject subject;
    struct svcr_search search = {.after = NULL};
    subject.host = text_of(host);
    subject.path = text_of(path);
    const struct svcr_candidate *found = svcr_index_find(context, index, &subject, &search);
    return found == NULL ? -1 : (int64_t)candidate_name(found);
}

START_TEST(test_hosts)
{
    static const struct {
        const char *host;
        int found;
    } rows[] = {{"a.b.c", 1},    {"a.b.c.", 1}, {"x.b.c", 2},  {"x.b.c..", -1}, {"b.c", -1},
                {"y.x.b.c", -1}, {".b.c", 2},   {"solo", 3},   {"solo.", 3},    {"", -1},
                {"*.b.c", 2},    {"*", 3},      {"a.b.d", -1}, {"a.b.cc", -1},  {"c", 3}};
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_index index = {.places = {.none = {NULL}}};
    add_at(context, &index, 1, "a.b.c", "");
    add_at(context, &index, 2, "*.b.c", "");
    add_at(context, &index, 3, "*", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(name_found(context, &index, rows[i].host, "/"), rows[i].found);
    }
    add_at(context, &index, 4, "", "");
    ck_assert_int_eq(name_found(context, &index, "b.c", "/"), 4);
    svcr_index_clear(context, &index);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* An anchor longer than it may be is as good as what fits. */
START_TEST(test_long_anchor)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_index index = {.places = {.none = {NULL}}};
    char path[301] = {0};
    memset(path, '/', 300);
    for (int tree = 0; tree < 2; tree++) {
        add_at(context, &index, 1, "a", path);
        ck_assert_int_eq(name_found(context, &index, "a", path), 1);
        path[299] = '\0';
        ck_assert_int_eq(name_found(context, &index, "a", path), -1);
        path[299] = '/';
        add_at(context, &index, 2, "a", "/x");
    }
    struct svcr_candidate candidate = add_at(context, &index, 3, "", path);
    ck_assert_int_eq(name_found(context, &index, "b", path), 3);
    must_int_eq(svcr_index_remove(context, &index, SVCR_TEXT(""), &candidate), 0);
    ck_assert_int_eq(name_found(context, &index, "b", path), -1);
    svcr_index_clear(context, &index);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* A host's only rule has several paths there, each of which gets a place when a second one comes.
 */
START_TEST(test_second_rule)
{
    static const struct way ways[] = {{.anchor = {{"a", 1}, {"/x", 2}}},
                                      {.anchor = {{"*.a", 3}, {"/y", 2}}},
                                      {.anchor = {{"a", 1}, {"/z", 2}}},
                                      {.anchor = {{"b", 1}, {"/y", 2}}}};
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct way way = {.anchor = {SVCR_TEXT("a"), SVCR_TEXT("/q")}};
    struct svcr_candidate first =
        candidate_make(context, 1, 0, 1, hand_program_make(context, ways, 4), NULL);
    struct svcr_candidate second =
        candidate_make(context, 0, 0, 2, hand_program_make(context, &way, 1), NULL);
    int error = SVCROUTE_ERR_NOMEM;
    for (uint64_t n = 1; error != 0; n++) {
        struct svcr_index index = {.places = {.none = {NULL}}};
        must_int_eq(svcr_index_add(context, &index, SVCR_TEXT(""), &first), 0);
        struct svcr_index other = svcr_index_share(&index);
        memory.calls = 0;
        memory.fail_at = n;
        error = svcr_index_add(context, &other, SVCR_TEXT(""), &second);
        must((error == 0) == (memory.calls < memory.fail_at));
        memory.fail_at = 0;
        const struct svcr_index *good = error == 0 ? &other : &index;
        ck_assert_int_eq(name_found(context, good, "a", "/x"), 1);
        ck_assert_int_eq(name_found(context, good, "a", "/z/z"), 1);
        ck_assert_int_eq(name_found(context, good, "a", "/y"), -1);
        ck_assert_int_eq(name_found(context, good, "b", "/y"), 1);
        ck_assert_int_eq(name_found(context, good, "c.a", "/y"), 1);
        ck_assert_int_eq(name_found(context, good, "a", "/q"), error == 0 ? 2 : -1);
        svcr_index_clear(context, &index);
        svcr_index_clear(context, &other);
    }
    svcr_block_unref(context, first.holder);
    svcr_block_unref(context, second.holder);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* Taking out what is not there costs nothing, of a shared version either; an index of nothing is
 * nothing. */
START_TEST(test_nothing)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_index index = {.places = {.none = {NULL}}};
    int64_t blocks = memory.blocks;
    ck_assert_int_eq(name_found(context, &index, "a", "/"), -1);
    struct svcr_candidate candidate = add_at(context, &index, 1, "a", "/");
    svcr_block_ref(candidate.holder);
    must_int_eq(svcr_index_add(context, &index, SVCR_TEXT("up"), &candidate), 0);
    struct svcr_index other = svcr_index_share(&index);
    uint64_t calls = memory.calls;
    candidate.length++;
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT(""), &candidate), 0);
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT("up"), &candidate), 0);
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT("down"), &candidate), 0);
    must_uint_eq(memory.calls, calls);
    candidate.length--;
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT("down"), &candidate), 0);
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT("up"), &candidate), 0);
    must_ptr_null(other.scopes.root);
    ck_assert_int_eq(name_found(context, &other, "a", "/"), 1);
    svcr_index_clear(context, &index);
    must_int_eq(svcr_index_remove(context, &other, SVCR_TEXT(""), &candidate), 0);
    svcr_block_unref(context, candidate.holder);
    must_int_eq(memory.blocks, blocks);
    svcr_index_clear(context, &other);
    svcr_index_clear(context, &other);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

/* What a route costs the index: many hosts with a route each, and many paths under one host. A
 * change among them costs no more than among few. */
START_TEST(test_many)
{
    uint32_t num = getenv("SVCROUTE_TEST_SLOW") != NULL ? 2000 : 50000;
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcr_index index = {.places = {.none = {NULL}}};
    char host[32] = "h.example.com", path[32] = "/api";
    int64_t bytes = memory.bytes;
    int64_t texts = 0;
    for (uint32_t i = 0; i < num; i++) {
        snprintf(_i == 0 ? host : path, 32, _i == 0 ? "h%u.example.com" : "/api/v%u", i);
        add_at(context, &index, i, host, path);
        texts += (int64_t)(strlen(host) + strlen(path));
    }
    must_uint_lt(memory.calls, num * 7U); /* two of them the candidate's: holder and program */
    bytes = memory.bytes - bytes -
            (int64_t)num * (int64_t)(sizeof(struct holder) + sizeof(struct hand_program)) - texts;
    must_int_ge((int64_t)num * 140, bytes);
    struct svcr_index other = svcr_index_share(&index);
    uint64_t calls = memory.calls;
    bytes = memory.bytes;
    add_at(context, &other, num, host, "/new");
    must_uint_lt(memory.calls - calls, 20);
    must_int_ge(8 * 1024, memory.bytes - bytes);
    for (uint32_t i = 0; i < num; i += 7) {
        snprintf(_i == 0 ? host : path, 32, _i == 0 ? "h%u.example.com" : "/api/v%u", i);
        int64_t found = name_found(context, &other, host, path);
        must_int_ge(found, 0);
        must(_i == 1 || found == i); /* "/api/v1" and "/api/v10": either begins the longer one */
    }
    svcr_index_clear(context, &index);
    svcr_index_clear(context, &other);
    svcroute_context_unref(context);
    memory_check_empty(&memory);
}
END_TEST

Suite *suite_index(void)
{
    Suite *suite = suite_create("index");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_against_model, 0, 24);
    tcase_add_loop_test(all, test_out_of_memory, 0, 8);
    tcase_add_test(all, test_hosts);
    tcase_add_test(all, test_long_anchor);
    tcase_add_test(all, test_second_rule);
    tcase_add_test(all, test_nothing);
    tcase_add_loop_test(all, test_many, 0, 2);
    suite_add_tcase(suite, all);
    return suite;
}
