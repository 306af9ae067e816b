/* Vectors of tree.json: trees of services while their servers go down and up.
 *
 * A tree is written as documents; a balancer is made of them, its host takes the servers down and
 * up, and requests from many addresses show who is reached. Some of what the vectors have no
 * document can say, and it is put into the balancer's layouts before the first request:
 *
 * - names: highest random weight looks at their bytes;
 * - an active check of another number of servers than one (`tells`), and the healthCheck switch of
 *   a parent (`hears`, `tells`). A failover whose main reports by either of them is written with a
 *   status that never comes, for it would be refused without;
 * - who is refused for that switch; instead a failover is written that is refused too, so that what
 *   becomes of those above is the library's answer all the same.
 *
 * Who reports, and how often a failover or a mirroring repeats itself, is the reference's own
 * affair: the library has events, which tell a change once. Both are told here from what the
 * library says has changed. Least time sends all to whoever was fastest in the reference's own run,
 * which the vectors do not tell: some server that is up has to be reached, and none that is
 * down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance/core.h"

#include "runtime.h"
#include "runtime_world.h"

enum { SERVICES_MAX = 32, CHILDREN_MAX = 16, REQUESTS = 2000 };

enum kind { SERVERS, WEIGHTED, RANDOM, MIRRORING, FAILOVER };

struct service {
    enum kind kind;
    svcr_text name;
    svcr_text names[CHILDREN_MAX];   /* of servers, or of children */
    uint32_t children[CHILDREN_MAX]; /* SVCR_NOBODY: not there */
    int64_t weights[CHILDREN_MAX];
    uint64_t ids[CHILDREN_MAX]; /* of servers */
    uint32_t num;
    bool check, errors, by_time;
    svcr_text strategy;
    bool unfit;   /* refused for its switch */
    bool reports; /* unless it is refused */
    struct svcr_layout *layout;
    bool up, changed; /* by events: as told last, and in this step */
};

struct tree {
    struct world world;
    struct service services[SERVICES_MAX];
    uint32_t num;
};

/* What requests met: servers by service and place, and answers without one. */
struct reach {
    bool servers[SERVICES_MAX][CHILDREN_MAX];
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

/* NULL: it is not there. */
static const struct service *child_of(const struct tree *tree, const struct service *parent,
                                      uint32_t k)
{
    bool there = k < parent->num && parent->children[k] < tree->num;

    return there ? &tree->services[parent->children[k]] : NULL;
}

/* ---- reading ---- */

static bool read_kind(const struct svcroute_node *row, enum kind *kind)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"servers", SERVERS},
                 {"weighted", WEIGHTED},
                 {"hrw", RANDOM},
                 {"mirroring", MIRRORING},
                 {"failover", FAILOVER}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (runtime_is(row, "type", kinds[i].name)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool read_service(struct tree *tree, const struct svcroute_node *row)
{
    const struct svcroute_node *list = runtime_find(row, "children"), *item;
    struct service *service = &tree->services[tree->num];

    if (tree->num == SERVICES_MAX || svcroute_node_num(list) > CHILDREN_MAX ||
        !read_kind(row, &service->kind)) {
        return false;
    }
    service->name = runtime_text(row, "name");
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        service->names[service->num++] = svcroute_node_get_text(item);
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
    service->strategy = runtime_text(row, "strategy");
    service->by_time = runtime_is(row, "strategy", "leasttime");
    service->check = runtime_flag(row, "health_check");
    service->errors = runtime_flag(row, "errors_status");
    service->up = true;
    tree->num++;
    return true;
}

/* Finds children, and who reports by the rules of the switch: a parent that has it needs children
 * that report (mirroring: main). Children stand before their parents, but on a cycle. */
static void read_links(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        struct service *service = &tree->services[i];

        for (uint32_t k = 0; service->kind != SERVERS && k < service->num; k++) {
            uint32_t child = find_service(tree, service->names[k]);

            service->children[k] = child;
            if (service->check && (k == 0 || service->kind != MIRRORING)) {
                service->unfit |= child >= i || !tree->services[child].reports;
            }
        }
        service->reports = service->check && !service->unfit;
    }
}

/* ---- writing ---- */

/* True if documents can say that these servers are checked. */
static bool is_external(const struct service *service)
{
    return service->kind == SERVERS && service->check && service->num == 1;
}

static void say_servers(struct world *world, const struct service *service, uint32_t number)
{
    if (is_external(service)) {
        svcr_text host = service->names[0]; /* http://a-0:80 */

        host.data += strlen("http://");
        host.size -= strlen("http://") + strlen(":80");
        world_say_external(world, service->name, host);
        return;
    }
    world_say(world,
              "---\napiVersion: v1\nkind: Service\nmetadata: {name: %.*s, namespace: default}\n"
              "spec: {ports: [{port: 80, name: web}]}\n---\napiVersion: discovery.k8s.io/v1\n"
              "kind: EndpointSlice\nmetadata: {name: %.*s-1, namespace: default, labels: "
              "{kubernetes.io/service-name: %.*s}}\naddressType: IPv4\n"
              "ports: [{name: web, port: 80}]\nendpoints: [",
              SVCR_ARG(service->name), SVCR_ARG(service->name), SVCR_ARG(service->name));
    for (uint32_t k = 0; k < service->num; k++) {
        world_say(world, "{addresses: [10.1.%u.%u]}, ", number, k + 1);
    }
    world_say(world, "]\n");
}

/* A reference, without its braces. */
static void say_child(struct tree *tree, const struct service *parent, uint32_t k)
{
    const struct service *child = child_of(tree, parent, k);
    struct world *world = &tree->world;

    if (child == NULL || child->kind != SERVERS) {
        world_say(world, "kind: TraefikService, name: %.*s", SVCR_ARG(parent->names[k]));
        return;
    }
    world_say(world, "name: %.*s, port: 80, strategy: %.*s", SVCR_ARG(child->name),
              SVCR_ARG(child->strategy));
    if (is_external(child)) {
        world_say(world, ", healthCheck: {path: /}");
    }
}

static void say_failover(struct tree *tree, const struct service *service)
{
    const struct service *main = child_of(tree, service, 0);
    bool unsaid = main != NULL && main->reports && !is_external(main);
    const char *status = service->unfit    ? "'x'"
                         : service->errors ? "'500-599'"
                         : unsaid          ? "'1'" /* never comes */
                                           : "";

    world_say(&tree->world, "{failover: {errors: {status: [%s]}, service: {", status);
    say_child(tree, service, 0);
    world_say(&tree->world, "}, fallback: {");
    say_child(tree, service, service->num > 1 ? 1 : 0);
    world_say(&tree->world, "}}}\n");
}

static void say_parent(struct tree *tree, const struct service *service)
{
    struct world *world = &tree->world;
    bool mirrors = service->kind == MIRRORING;

    world_say_tree(world, service->name);
    if (service->kind == FAILOVER || (service->unfit && service->num > 0)) {
        say_failover(tree, service);
        return;
    }
    world_say(world, "{%s: {",
              mirrors                     ? "mirroring"
              : service->kind == WEIGHTED ? "weighted"
                                          : "highestRandomWeight");
    if (mirrors && service->num > 0) {
        say_child(tree, service, 0);
        world_say(world, ", ");
    }
    world_say(world, "%s: [", mirrors ? "mirrors" : "services");
    for (uint32_t k = mirrors ? 1 : 0; k < service->num; k++) {
        world_say(world, "{%s: %lld, ", mirrors ? "percent" : "weight",
                  mirrors ? 0LL : (long long)service->weights[k]);
        say_child(tree, service, k);
        world_say(world, "}, ");
    }
    world_say(world, "]}}\n");
}

/* All services with servers are in use, whatever the tree is. */
static void say_all(struct tree *tree)
{
    struct service all = {.num = 1};

    world_say_tree(&tree->world, SVCR_TEXT("x-all"));
    world_say(&tree->world, "{weighted: {services: [");
    for (uint32_t i = 0; i < tree->num; i++) {
        if (tree->services[i].kind == SERVERS) {
            all.children[0] = i;
            world_say(&tree->world, "{");
            say_child(tree, &all, 0);
            world_say(&tree->world, "}, ");
        }
    }
    world_say(&tree->world, "]}}\n");
}

static const char *write_tree(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        if (tree->services[i].kind == SERVERS) {
            say_servers(&tree->world, &tree->services[i], i);
        } else {
            say_parent(tree, &tree->services[i]);
        }
    }
    say_all(tree);
    return world_open(&tree->world);
}

/* ---- what documents cannot say ---- */

/* Which of its servers a member is: the last number of http://10.1.0.2:80. */
static uint32_t place_of(const struct service *service, svcr_text url)
{
    unsigned at = 1, a = 0;
    char text[64];

    snprintf(text, sizeof(text), "%.*s", SVCR_ARG(url));
    return !is_external(service) && sscanf(text, "http://10.1.%u.%u:80", &a, &at) != 2 ? SVCR_NOBODY
                                                                                       : at - 1;
}

/* False: the library made something else of it. */
static bool put_names(struct service *service)
{
    struct svcr_layout *layout = service->layout;
    struct svcr_member *members = (struct svcr_member *)(uintptr_t)layout->shape.members;

    if (service->kind == MIRRORING || service->kind == FAILOVER || service->unfit) {
        return true; /* it does not look at names */
    }
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        uint32_t k = service->kind == SERVERS ? place_of(service, members[i].name) : i;

        if (layout->shape.num != service->num || k >= service->num) {
            return false;
        }
        members[i].name = service->names[k];
        if (service->kind == SERVERS) {
            service->ids[k] = members[i].id;
        }
    }
    return true;
}

static const char *put_rest(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        struct service *service = &tree->services[i];
        char name[128];
        uint64_t handle;

        snprintf(name, sizeof(name), "default-%.*s%s", SVCR_ARG(service->name),
                 service->kind == SERVERS ? "-80" : "");
        handle = world_handle(&tree->world, name);
        if (handle == 0) {
            continue;
        }
        service->layout = tree->world.picker->seats[handle & UINT32_MAX].layout;
        if (!put_names(service)) {
            return "a service has other children";
        }
        if (service->kind != SERVERS) {
            service->layout->tells = service->layout->hears = service->check;
        } else if (service->layout->tells != is_external(service)) {
            return "a service reports otherwise";
        } else {
            service->layout->tells = service->check;
        }
    }
    return world_renew(&tree->world);
}

/* The library refuses a service: it is not there, or nobody gets in. */
static bool is_refused(const struct service *service)
{
    return service->layout == NULL ||
           (atomic_load(&service->layout->pool->state) & SVCR_STATE_REFUSED) != 0;
}

/* ---- requests ---- */

static void met(struct tree *tree, uint64_t server, struct reach *reach)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        for (uint32_t k = 0; tree->services[i].kind == SERVERS && k < tree->services[i].num; k++) {
            if (tree->services[i].ids[k] == server) {
                reach->servers[i][k] = true;
            }
        }
    }
}

/* Requests from many addresses. */
static void ask(struct tree *tree, const struct service *root, struct reach *reach)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_CLIENT};
    struct svcroute_pick_info info = {.size = sizeof(info)};
    const struct svcr_pool *pool = root->layout->pool;
    struct world *world = &tree->world;
    struct svcr_random random;

    svcr_random_seed(&random, 1);
    for (int i = 0; i < REQUESTS; i++) {
        uint64_t drawn = svcr_random_next(&random);
        char address[32];
        struct svcroute_request request = {.size = sizeof(request), .client = {.data = address}};

        request.client.size = (size_t)snprintf(
            address, sizeof(address), "%u.%u.%u.%u", (unsigned)(drawn >> 24 & 255),
            (unsigned)(drawn >> 16 & 255), (unsigned)(drawn >> 8 & 255), (unsigned)(drawn & 255));
        if (svcroute_picker_pick(world->picker, svcr_handle(pool->slot, pool->generation), &request,
                                 world->pick, 0) != 0) {
            reach->unavailable = true;
        } else if (svcroute_pick_get_info(world->pick, &info) == 0 &&
                   svcroute_pick_finish(world->pick, &outcome, 0) == 0) {
            reach->ok = true;
            met(tree, info.server, reach);
        }
        svcroute_pick_clear(world->pick);
    }
}

/* ---- judging ---- */

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
        bool there = has_text(servers, service->names[k]);

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

static const char *judge_reach(struct tree *tree, const struct service *root,
                               const struct svcroute_node *step)
{
    const struct svcroute_node *servers = runtime_find(step, "reachable");
    const struct svcroute_node *statuses = runtime_find(step, "statuses");
    struct reach reach = {.ok = false};
    const char *why = NULL;
    size_t num = 0;

    if (!is_refused(root)) {
        ask(tree, root, &reach);
    }
    for (uint32_t i = 0; i < tree->num && why == NULL; i++) {
        if (tree->services[i].kind == SERVERS) {
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

/* Hears what changed. */
static void hear(struct tree *tree)
{
    struct svcroute_event event = {.size = sizeof(event)};

    for (uint32_t i = 0; i < tree->num; i++) {
        tree->services[i].changed = false;
    }
    while (svcroute_balancer_next_event(tree->world.balancer, &event) == 0) {
        for (uint32_t i = 0; i < tree->num; i++) {
            struct service *service = &tree->services[i];
            bool turns = event.kind == SVCROUTE_EVENT_SERVICE_UP ||
                         event.kind == SVCROUTE_EVENT_SERVICE_DOWN;

            if (turns && service->layout != NULL &&
                svcr_text_same(service->layout->name, event.service)) {
                service->changed = !service->changed;
                service->up = event.kind == SVCROUTE_EVENT_SERVICE_UP;
            }
        }
    }
}

/* How often the reference's service tells its parents: a failover each change of a side that it
 * follows, mirroring each word of its main, the others their own changes. */
static int64_t num_told(const struct tree *tree, const struct service *service)
{
    const struct service *main = child_of(tree, service, 0), *other = child_of(tree, service, 1);

    if (service->kind == MIRRORING && main != NULL) {
        return num_told(tree, main);
    }
    return service->kind == FAILOVER && main != NULL && other != NULL
               ? main->changed + other->changed
               : service->changed;
}

static const char *judge_words(const struct tree *tree, const struct svcroute_node *step,
                               size_t num_reports)
{
    const struct svcroute_node *words = runtime_find(step, "nodes");
    const struct svcroute_node *told = runtime_find(step, "told"), *key;

    if (svcroute_node_num(words) != num_reports || svcroute_node_num(told) != num_reports) {
        return "others report";
    }
    for (key = svcroute_node_first(words); key != NULL; key = svcroute_node_next(words, key)) {
        svcr_text name = svcroute_node_get_text(key);
        svcr_text word = svcroute_node_get_text(svcroute_node_get_value(key));
        uint32_t at = find_service(tree, name);
        int64_t times = -1;

        svcroute_node_get_integer(svcroute_node_find(told, name.data, name.size), &times);
        if (at == SVCR_NOBODY || times != num_told(tree, &tree->services[at]) ||
            svcr_text_same(word, SVCR_TEXT("up")) != tree->services[at].up) {
            return "a service tells something else";
        }
    }
    return NULL;
}

static const char *judge_step(struct tree *tree, const struct service *root,
                              const struct svcroute_node *step, bool first)
{
    uint32_t changed = find_service(tree, runtime_text(step, "service"));
    uint32_t admin = runtime_flag(step, "up") ? SVCROUTE_ADMIN_AUTO : SVCROUTE_ADMIN_DOWN;
    size_t num_reports = 0;
    const char *why;

    for (uint32_t k = 0; changed != SVCR_NOBODY && k < tree->services[changed].num; k++) {
        const struct service *service = &tree->services[changed];

        if (svcr_text_same(service->names[k], runtime_text(step, "server")) &&
            svcroute_balancer_set_admin(tree->world.balancer, service->ids[k], admin, 0) != 0) {
            return "a server is not there";
        }
    }
    hear(tree);
    for (uint32_t i = 0; !first && i < tree->num; i++) {
        num_reports += tree->services[i].reports && !is_refused(&tree->services[i]);
    }
    why = judge_words(tree, step, num_reports);
    return why != NULL ? why : judge_reach(tree, root, step);
}

static void judge_tree(struct runner *runner, struct tree *tree, const struct svcroute_node *case_,
                       const char *name)
{
    const struct svcroute_node *list = runtime_find(case_, "services"), *row;
    const char *why = NULL;
    uint32_t at = 0, root = find_service(tree, runtime_text(case_, "root")), number = 0;

    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        const struct service *service = &tree->services[at++];
        bool refused = is_refused(service), reports = service->reports && !refused;

        if (refused != runtime_flag(row, "build_error") ||
            reports != runtime_flag(row, "reports")) {
            runner_fail(runner, name, "%.*s is %s and %s", SVCR_ARG(service->name),
                        refused ? "refused" : "accepted", reports ? "reports" : "does not report");
            return;
        }
    }
    list = runtime_find(case_, "steps");
    for (row = svcroute_node_first(list); row != NULL && why == NULL;
         row = svcroute_node_next(list, row)) {
        why = root == SVCR_NOBODY ? "no root"
                                  : judge_step(tree, &tree->services[root], row, number++ == 0);
    }
    if (why != NULL) {
        runner_fail(runner, name, "step %u: %s", number, why);
    } else {
        runner_pass(runner);
    }
}

void runtime_tree(struct runner *runner, struct svcroute_context *context,
                  const struct svcroute_node *case_, const char *name)
{
    static struct tree tree;
    const struct svcroute_node *list = runtime_find(case_, "services"), *row;
    const char *wrong = NULL;

    memset(&tree, 0, sizeof(tree));
    world_init(&tree.world, context);
    for (row = svcroute_node_first(list); row != NULL && wrong == NULL;
         row = svcroute_node_next(list, row)) {
        wrong = read_service(&tree, row) ? NULL : "a service makes no sense";
    }
    read_links(&tree);
    wrong = wrong != NULL ? wrong : write_tree(&tree);
    wrong = wrong != NULL ? wrong : put_rest(&tree);
    if (wrong != NULL) {
        runner_fail(runner, name, "%s", wrong);
    } else {
        judge_tree(runner, &tree, case_, name);
    }
    world_close(&tree.world);
}
