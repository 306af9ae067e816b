/* Vectors of mirror.json: which mirrors get a copy, and of what. A mirroring is written as
 * documents and picked from, request by request. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime.h"
#include "runtime_world.h"

enum { MIRRORS_MAX = 64 };

static const char name_of_mirroring[] = "default-mirroring";

/* False: the percentages make no sense. */
static bool say(struct world *world, const struct svcroute_node *case_, uint32_t *num)
{
    const struct svcroute_node *list = runtime_find(case_, "percents"), *item;
    int64_t most = runtime_integer(case_, "max_body_size", -1), percent;
    char name[32];

    world_say_external(world, SVCR_TEXT("main"), SVCR_TEXT("main.example"));
    for (uint32_t i = 0; i < svcroute_node_num(list) && i < MIRRORS_MAX; i++) {
        svcr_text text = {name, (size_t)snprintf(name, sizeof(name), "m%u", i)};

        world_say_external(world, text, SVCR_TEXT("mirror.example"));
    }
    world_say_tree(world, SVCR_TEXT("mirroring"));
    world_say(world, "{mirroring: {name: main, port: 80, maxBodySize: %lld, ", (long long)most);
    if (runtime_find(case_, "mirror_body") != NULL) {
        world_say(world, "mirrorBody: %s, ", runtime_flag(case_, "mirror_body") ? "true" : "false");
    }
    world_say(world, "mirrors: [");
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        if (*num == MIRRORS_MAX || svcroute_node_get_integer(item, &percent) != 0) {
            return false;
        }
        world_say(world, "{name: m%u, port: 80, percent: %lld}, ", (*num)++, (long long)percent);
    }
    world_say(world, "]}}\n");
    return true;
}

/* What one request came to. */
struct copies {
    uint64_t due; /* bits */
    int64_t max_body;
    bool body;
};

/* `size` below 0: nothing is known of the body. False: nobody serves. */
static bool request(struct world *world, struct svcroute_picker *picker, uint64_t handle,
                    int64_t size, struct copies *copies)
{
    struct svcroute_request asked = {.size = sizeof(asked),
                                     .flags = size >= 0 ? SVCROUTE_REQUEST_BODY_KNOWN : 0,
                                     .body_size = size >= 0 ? (uint64_t)size : 0};
    struct svcroute_mirror_info info = {.size = sizeof(info)};
    bool served = svcroute_picker_pick(picker, handle, &asked, world->pick, 0) == 0;

    *copies = (struct copies){.max_body = -1};
    for (size_t i = 0; served && svcroute_pick_get_mirror(world->pick, i, &info) == 0; i++) {
        /* default-m7-80 */
        copies->due |= UINT64_C(1) << strtoul(info.service.data + strlen("default-m"), NULL, 10);
        copies->max_body = info.max_body;
        copies->body = info.copy_body != 0;
    }
    svcroute_pick_clear(world->pick);
    return served;
}

/* Bits as a text of one character per mirror. */
static bool same_bits(uint32_t num, uint64_t bits, svcr_text wanted)
{
    bool same = wanted.size == num;

    for (uint32_t i = 0; same && i < num; i++) {
        same = wanted.data[i] == ((bits >> i) & 1 ? '1' : '0');
    }
    return same;
}

static bool judge_sequence(struct world *world, uint64_t handle, uint32_t num,
                           const struct svcroute_node *requests, unsigned *number)
{
    const struct svcroute_node *item;
    struct copies copies;

    for (item = svcroute_node_first(requests); item != NULL;
         item = svcroute_node_next(requests, item)) {
        ++*number;
        if (!request(world, world->picker, handle, -1, &copies) ||
            !same_bits(num, copies.due, svcroute_node_get_text(item))) {
            return false;
        }
    }
    return true;
}

static bool judge_copies(uint32_t num, const struct svcroute_node *asked,
                         const struct copies *copies)
{
    const struct svcroute_node *list = runtime_find(asked, "copy_bodies"), *item;
    int64_t body = runtime_integer(asked, "body", 0), wanted = -2;
    uint32_t i = 0;

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        int64_t copy = (copies->due >> i++) & 1 ? copies->body ? body : 0 : -1;

        if (svcroute_node_get_integer(item, &wanted) != 0 || wanted != copy) {
            return false;
        }
    }
    return i == num;
}

/* Asked twice, with a picker each: one is told how long the body is; to the other the host does
 * what the limit says, and so it shows which counts move. */
static bool judge_bodies(struct world *world, uint64_t handle, uint32_t num,
                         const struct svcroute_node *case_, unsigned *number)
{
    const struct svcroute_node *list = runtime_find(case_, "requests"), *item;
    struct svcroute_picker *other = NULL;
    struct copies known, counted;
    bool good = svcroute_picker_new(&other, world->balancer, 0) == 0;

    for (item = svcroute_node_first(list); good && item != NULL;
         item = svcroute_node_next(list, item)) {
        int64_t size = runtime_integer(item, "body", 0);

        ++*number;
        good = request(world, world->picker, handle, size, &known) &&
               request(world, other, handle, -1, &counted) &&
               same_bits(num, counted.due, runtime_text(item, "counted"));
        if (counted.max_body >= 0 && size > counted.max_body) {
            counted.due = 0;
        }
        good = good && known.due == counted.due &&
               same_bits(num, known.due, runtime_text(item, "copies")) &&
               judge_copies(num, item, &known);
    }
    svcroute_picker_free(other);
    return good;
}

static void judge(struct runner *runner, struct world *world, uint32_t num,
                  const struct svcroute_node *case_, const char *name)
{
    uint64_t handle = world_handle(world, name_of_mirroring);
    bool refused = svcroute_picker_pick(world->picker, handle, NULL, world->pick, 0) != 0;
    unsigned number = 0;
    bool good = false;

    svcroute_pick_clear(world->pick);
    if (refused != runtime_flag(case_, "error")) {
        runner_fail(runner, name, "the service is %s", refused ? "refused" : "accepted");
        return;
    }
    if (refused) {
        runner_pass(runner);
        return;
    }
    if (world_renew(world) == NULL) { /* that one has counted already */
        good = runtime_is(case_, "kind", "sequence")
                   ? judge_sequence(world, handle, num, runtime_find(case_, "requests"), &number)
                   : judge_bodies(world, handle, num, case_, &number);
    }
    if (good) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "request %u goes to others", number);
    }
}

void runtime_mirror(struct runner *runner, struct svcroute_context *context,
                    const struct svcroute_node *case_, const char *name)
{
    struct world world;
    const char *wrong = NULL;
    uint32_t num = 0;

    world_init(&world, context);
    if (!runtime_is(case_, "kind", "sequence") && !runtime_is(case_, "kind", "body")) {
        wrong = "unknown kind";
    } else {
        wrong = say(&world, case_, &num) ? world_open(&world) : "the percentages make no sense";
    }
    if (wrong != NULL) {
        runner_fail(runner, name, "%s", wrong);
    } else {
        judge(runner, &world, num, case_, name);
    }
    world_close(&world);
}
