/* Vectors of tree.json: trees of services while their servers go down and up.
 *
 * Which servers can be reached is found by walking the tree as the reference does it: round robin
 * and two choices reach every child that is taken for up. Highest random weight does not always
 * (its hash hardly mixes the last bytes of a name), so it is asked with many addresses. Least time
 * sends all to whoever was fastest in the reference's own run, which the vectors do not tell: some
 * server that is up has to be reached, and none that is down. */
#include <stdio.h>
#include <string.h>

#include "balance/traefik.h"
#include "balance/tree.h"

#include "runtime.h"

enum { NODES_MAX = 32, CHILDREN_MAX = 16, DEPTH_MAX = 32, ADDRESSES = 2000 };

struct service {
    svcr_text name;
    svcr_text servers[CHILDREN_MAX]; /* of kind servers */
    bool down[CHILDREN_MAX];
    uint32_t children[CHILDREN_MAX];
    int64_t weights[CHILDREN_MAX];
    uint32_t num;
    bool by_hash, by_time;
};

struct tree {
    struct svcr_tree_node nodes[NODES_MAX];
    struct service services[NODES_MAX];
    uint32_t num;
};

/* What requests can meet: servers by service and place, and answers without one. */
struct reach {
    bool servers[NODES_MAX][CHILDREN_MAX];
    bool ok, unavailable;
};

static uint32_t find_service(const struct tree *tree, svcr_text name)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        if (svcr_text_same(tree->services[i].name, name)) {
            return i;
        }
    }
    return SVCR_NOBODY;
}

static bool read_kind(const struct svcroute_node *row, enum svcr_tree_kind *kind)
{
    static const struct {
        const char *name;
        enum svcr_tree_kind kind;
    } kinds[] = {
        {"servers", SVCR_TREE_SERVERS},   {"weighted", SVCR_TREE_WEIGHTED},
        {"hrw", SVCR_TREE_WEIGHTED},      {"mirroring", SVCR_TREE_MIRRORING},
        {"failover", SVCR_TREE_FAILOVER},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (runtime_is(row, "type", kinds[i].name)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool add_service(struct tree *tree, const struct svcroute_node *row)
{
    const struct svcroute_node *list = runtime_find(row, "children"), *item;
    struct service *service = &tree->services[tree->num];
    struct svcr_tree_node *node = &tree->nodes[tree->num];

    if (tree->num == NODES_MAX || svcroute_node_num(list) > CHILDREN_MAX ||
        !read_kind(row, &node->kind)) {
        return false;
    }
    service->name = runtime_text(row, "name");
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        svcr_text child = svcroute_node_get_text(item);

        service->servers[service->num] = child;
        /* A later service is on a cycle: every other one stands behind its children. */
        service->children[service->num++] = find_service(tree, child);
    }
    list = runtime_find(row, "weights");
    item = svcroute_node_first(list);
    for (uint32_t i = 0; i < service->num; i++) {
        service->weights[i] = 1;
        if (item != NULL) {
            svcroute_node_get_integer(item, &service->weights[i]);
            item = svcroute_node_next(list, item);
        }
    }
    service->by_hash = runtime_is(row, "type", "hrw") || runtime_is(row, "strategy", "hrw");
    service->by_time = runtime_is(row, "strategy", "leasttime");
    node->check = runtime_flag(row, "health_check");
    node->errors = runtime_flag(row, "errors_status");
    node->children = service->children;
    node->num_children = node->num_usable = service->num;
    tree->num++;
    return true;
}

/* Which of the children that are taken for up get requests. */
static void choose(const struct service *service, const bool *up, bool *chosen)
{
    _Atomic uint32_t states[CHILDREN_MAX];
    struct svcr_member members[CHILDREN_MAX];
    struct svcr_shape shape = {.num = service->num, .members = members};
    struct svcr_choice choice = {.unusable = SVCR_STATE_DOWN_ACTIVE};
    uint64_t scheduler[8] = {0};
    struct svcr_random random;

    memcpy(chosen, up, CHILDREN_MAX * sizeof(*up));
    if (!service->by_hash) {
        return;
    }
    memset(chosen, 0, CHILDREN_MAX * sizeof(*chosen));
    for (uint32_t i = 0; i < service->num; i++) {
        atomic_init(&states[i], up[i] ? 0 : SVCR_STATE_DOWN_ACTIVE);
        members[i] = (struct svcr_member){
            .state = &states[i], .weight = service->weights[i], .name = service->servers[i]};
    }
    svcr_traefik_hrw.open((void *)scheduler, &shape, NULL, false);
    svcr_random_seed(&random, 1);
    for (int i = 0; i < ADDRESSES; i++) {
        uint64_t drawn = svcr_random_next(&random);
        char address[32];
        uint32_t picked;

        choice.key.data = address;
        choice.key.size = (size_t)snprintf(
            address, sizeof(address), "%u.%u.%u.%u", (unsigned)(drawn >> 24 & 255),
            (unsigned)(drawn >> 16 & 255), (unsigned)(drawn >> 8 & 255), (unsigned)(drawn & 255));
        picked = svcr_traefik_hrw.pick((void *)scheduler, &shape, &choice);
        if (picked != SVCR_NOBODY) {
            chosen[picked] = true;
        }
    }
}

static void walk(const struct tree *tree, uint32_t at, struct reach *reach, int depth);

static void walk_failover(const struct tree *tree, uint32_t at, struct reach *reach, int depth)
{
    const struct svcr_tree_node *node = &tree->nodes[at];
    struct reach main = *reach;
    bool main_up = svcr_tree_child_up(tree->nodes, at, 0, true);

    if (main_up) {
        main.unavailable = false;
        walk(tree, node->children[0], &main, depth + 1);
        main_up = !node->errors || !main.unavailable;
        main.unavailable = reach->unavailable || (main.unavailable && !node->errors);
        *reach = main;
    }
    if (main_up) {
        return;
    }
    if (svcr_tree_child_up(tree->nodes, at, 1, true)) {
        walk(tree, node->children[1], reach, depth + 1);
    } else {
        reach->unavailable = true;
    }
}

static void walk(const struct tree *tree, uint32_t at, struct reach *reach, int depth)
{
    const struct svcr_tree_node *node = &tree->nodes[at];
    const struct service *service = &tree->services[at];
    bool up[CHILDREN_MAX] = {false}, chosen[CHILDREN_MAX], any = false;

    if (depth == DEPTH_MAX) {
        return;
    }
    if (node->kind == SVCR_TREE_MIRRORING) {
        walk(tree, node->children[0], reach, depth + 1);
        return;
    }
    if (node->kind == SVCR_TREE_FAILOVER) {
        walk_failover(tree, at, reach, depth);
        return;
    }
    for (uint32_t i = 0; i < service->num; i++) {
        up[i] = node->kind == SVCR_TREE_SERVERS ? !service->down[i]
                                                : svcr_tree_child_up(tree->nodes, at, i, true);
    }
    choose(service, up, chosen);
    for (uint32_t i = 0; i < service->num; i++) {
        if (chosen[i] && node->kind == SVCR_TREE_SERVERS) {
            reach->servers[at][i] = true;
            reach->ok = true;
        } else if (chosen[i]) {
            walk(tree, node->children[i], reach, depth + 1);
        }
        any = any || chosen[i];
    }
    reach->unavailable = reach->unavailable || !any;
}

static bool has_text(const struct svcroute_node *list, svcr_text text)
{
    const struct svcroute_node *item;

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        if (svcr_text_same(svcroute_node_get_text(item), text)) {
            return true;
        }
    }
    return false;
}

static const char *judge_servers(const struct service *service, const bool *reached,
                                 const struct svcroute_node *servers, size_t *num)
{
    bool some = false, any = false;

    for (uint32_t k = 0; k < service->num; k++) {
        bool there = has_text(servers, service->servers[k]);

        *num += there;
        some = some || there;
        any = any || reached[k];
        if (there && !reached[k]) {
            return "a server is not reached";
        }
        if (!there && reached[k] && !service->by_time) {
            return "a server is reached";
        }
    }
    return some == any ? NULL : "no server is reached";
}

static const char *judge_reach(const struct tree *tree, uint32_t root,
                               const struct svcroute_node *step)
{
    const struct svcroute_node *servers = runtime_find(step, "reachable");
    const struct svcroute_node *statuses = runtime_find(step, "statuses");
    struct reach reach = {.ok = false};
    const char *why = NULL;
    size_t num = 0;

    if (!tree->nodes[root].refused) {
        walk(tree, root, &reach, 0);
    }
    for (uint32_t i = 0; i < tree->num && why == NULL; i++) {
        if (tree->nodes[i].kind == SVCR_TREE_SERVERS) {
            why = judge_servers(&tree->services[i], reach.servers[i], servers, &num);
        }
    }
    if (why == NULL && num != svcroute_node_num(servers)) {
        why = "there are other servers";
    }
    if (why == NULL && (has_text(statuses, SVCR_TEXT("200")) != reach.ok ||
                        has_text(statuses, SVCR_TEXT("503")) != reach.unavailable)) {
        why = "other statuses come";
    }
    return why;
}

static const char *judge_step(struct tree *tree, uint32_t root, const struct svcroute_node *step,
                              bool first)
{
    uint32_t changed = find_service(tree, runtime_text(step, "service"));
    const struct svcroute_node *words = runtime_find(step, "nodes");
    const struct svcroute_node *told = runtime_find(step, "told"), *key;
    bool was_up[NODES_MAX];
    size_t num = 0;

    if (changed != SVCR_NOBODY) {
        struct service *service = &tree->services[changed];

        tree->nodes[changed].num_usable = 0;
        for (uint32_t i = 0; i < service->num; i++) {
            if (svcr_text_same(service->servers[i], runtime_text(step, "server"))) {
                service->down[i] = !runtime_flag(step, "up");
            }
            tree->nodes[changed].num_usable += !service->down[i];
        }
    }
    if (!first) {
        svcr_tree_update(tree->nodes, tree->num, true, was_up);
        for (uint32_t i = 0; i < tree->num; i++) {
            num += tree->nodes[i].reports;
        }
    }
    if (svcroute_node_num(words) != num || svcroute_node_num(told) != num) {
        return "others report";
    }
    for (key = svcroute_node_first(words); key != NULL; key = svcroute_node_next(words, key)) {
        svcr_text name = svcroute_node_get_text(key);
        uint32_t at = find_service(tree, name);
        int64_t times = -1;

        svcroute_node_get_integer(svcroute_node_find(told, name.data, name.size), &times);
        if (at == SVCR_NOBODY || times != tree->nodes[at].told ||
            svcr_text_same(svcroute_node_get_text(svcroute_node_get_value(key)), SVCR_TEXT("up")) !=
                tree->nodes[at].up) {
            return "a service tells something else";
        }
    }
    return judge_reach(tree, root, step);
}

void runtime_tree(struct runner *runner, struct svcroute_context *context,
                  const struct svcroute_node *case_, const char *name)
{
    static struct tree tree;
    const struct svcroute_node *list = runtime_find(case_, "services"), *row;
    const char *why = NULL;
    uint32_t at = 0, root, number = 0;

    (void)context;
    memset(&tree, 0, sizeof(tree));
    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        if (!add_service(&tree, row)) {
            runner_fail(runner, name, "a service makes no sense");
            return;
        }
    }
    svcr_tree_judge(tree.nodes, tree.num, true);
    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        if (tree.nodes[at].refused != runtime_flag(row, "build_error") ||
            tree.nodes[at].reports != runtime_flag(row, "reports")) {
            runner_fail(runner, name, "%.*s is %s and %s", SVCR_ARG(tree.services[at].name),
                        tree.nodes[at].refused ? "refused" : "accepted",
                        tree.nodes[at].reports ? "reports" : "does not report");
            return;
        }
        at++;
    }
    root = find_service(&tree, runtime_text(case_, "root"));
    list = runtime_find(case_, "steps");
    for (row = svcroute_node_first(list); row != NULL && why == NULL;
         row = svcroute_node_next(list, row)) {
        why = root == SVCR_NOBODY ? "no root" : judge_step(&tree, root, row, number++ == 0);
    }
    if (why != NULL) {
        runner_fail(runner, name, "step %u: %s", number, why);
    } else {
        runner_pass(runner);
    }
}
