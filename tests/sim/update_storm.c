/* Random updates against a naive model: services get and lose servers, trees change their children,
 * servers are taken down by the host. After each update two pickers, one of which refreshes now and
 * then only, pick from everything; the model says whom they may meet, which names exist and which
 * servers are the same as before.
 *
 * Arguments: number of updates (default 20000), profile (default or traefik-v3). Prints `N passed,
 * N failed`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

enum { SERVICES = 8, SERVERS = 6, TREES = 8, CHILDREN = 4, NAME = 32 };

static uint64_t passed, failed, seed = 1;

static void check(bool good, const char *what, unsigned update)
{
    passed += good ? 1 : 0;
    failed += good ? 0 : 1;
    if (!good && failed <= 20) {
        printf("FAIL %s (update %u)\n", what, update);
    }
}

static unsigned roll(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % below);
}

/* ---- the model ---------------------------------------------------------------------------- */

/* Profile traefik-v3: one child that is not there takes its parent down, parents do not pass over
 * empty children, and terminating servers take nobody. */
static bool traefik;

enum kind { ABSENT, WEIGHTED, MIRRORING, FAILOVER };

static struct service {
    unsigned there, fenced, down; /* a bit for each server */
    uint64_t ids[SERVERS];        /* as the balancer said when they came; 0: not there */
} services[SERVICES];

/* A child is a service (below SERVICES), a tree with a greater number (SERVICES + number), or
 * nothing that there is (-1). */
static struct tree {
    enum kind kind;
    int children[CHILDREN];
    unsigned num;
    bool listed; /* of a failover: what an empty main answers is in errors.status */
} trees[TREES];

static bool exists(int child)
{
    if (child < 0 || child < SERVICES) {
        return child >= 0;
    }
    const struct tree *tree = &trees[child - SERVICES];
    unsigned looked = tree->kind == ABSENT                  ? 0
                      : tree->kind == MIRRORING && !traefik ? 1
                                                            : tree->num;
    unsigned found = 0;
    for (unsigned i = 0; i < looked; i++) { /* traefik-v3 takes a TraefikService by its name */
        found += (traefik && tree->children[i] >= SERVICES) || exists(tree->children[i]) ? 1 : 0;
    }
    return traefik ? looked != 0 && found == looked : found != 0;
}

/* traefik-v3 refuses failovers whose main has no check and no list, and who has a child that is not
 * there or refused. */
static bool refused(int child)
{
    if (!traefik || child < SERVICES) {
        return false;
    }
    const struct tree *tree = &trees[child - SERVICES];
    bool any = !exists(child) || (tree->kind == FAILOVER && !tree->listed);
    for (unsigned i = 0; i < tree->num; i++) {
        any = any || refused(tree->children[i]);
    }
    return any;
}

/* Whom a client without a cookie may meet. */
struct outlook {
    uint64_t servers; /* a bit for each server of each service */
    bool nobody;      /* or nobody */
};

static struct outlook reach(int child);

static struct outlook reach_failover(const struct tree *tree)
{
    struct outlook main = reach(tree->children[0]);
    struct outlook fallback = reach(tree->children[1]);
    return !main.nobody ? main : (struct outlook){main.servers | fallback.servers, fallback.nobody};
}

static struct outlook reach_weighted(const struct tree *tree)
{
    struct outlook all = {0, false};
    for (unsigned i = 0; i < tree->num; i++) {
        struct outlook one = reach(tree->children[i]);
        all.servers |= one.servers;
        all.nobody = all.nobody || one.nobody;
    }
    return (struct outlook){all.servers, traefik ? all.nobody : all.servers == 0};
}

static struct outlook reach(int child)
{
    if (!exists(child) || refused(child)) {
        return (struct outlook){0, true};
    }
    if (child < SERVICES) {
        const struct service *service = &services[child];
        unsigned up = service->there & ~service->down;
        unsigned open = (up & ~service->fenced) != 0 || traefik ? up & ~service->fenced : up;
        return (struct outlook){(uint64_t)open << (child * SERVERS), open == 0};
    }
    const struct tree *tree = &trees[child - SERVICES];
    return tree->kind == WEIGHTED   ? reach_weighted(tree)
           : tree->kind == FAILOVER ? reach_failover(tree)
                                    : reach(tree->children[0]);
}

static void change_service(struct service *service)
{
    service->there = roll(1U << SERVERS);
    service->fenced = roll(4) == 0 ? roll(1U << SERVERS) : 0;
}

static void change_tree(unsigned number)
{
    struct tree *tree = &trees[number];
    tree->kind = number == 0 || (traefik && roll(2) == 0) ? WEIGHTED : (enum kind)roll(4);
    tree->num = tree->kind == FAILOVER ? 2 : 1 + roll(CHILDREN);
    tree->listed = roll(8) != 0;
    for (unsigned i = 0; i < tree->num; i++) {
        int trees_below = TREES - 1 - (int)number;
        tree->children[i] = roll(traefik ? 80 : 10) == 0 ? -1
                            : roll(2) == 0 && trees_below != 0
                                ? SERVICES + (int)number + 1 + (int)roll((unsigned)trees_below)
                                : (int)roll(SERVICES);
    }
}

/* ---- the model as documents --------------------------------------------------------------- */

static char text[16384];
static size_t used;

#define SAY(...) (used += (size_t)snprintf(text + used, sizeof(text) - used, __VA_ARGS__))

static void say_service(int number)
{
    const struct service *service = &services[number];
    SAY("---\napiVersion: v1\nkind: Service\nmetadata: {name: s%d}\n"
        "spec: {ports: [{port: 80, name: web}]}\n---\n"
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
        "metadata: {name: s%d-1, labels: {kubernetes.io/service-name: s%d}}\n"
        "ports: [{name: web, port: 80}]\nendpoints:\n"
        "- {addresses: [10.99.0.1], conditions: {serving: false}}\n",
        number, number, number);
    for (unsigned i = 0, at = roll(SERVERS); i < SERVERS; i++, at = (at + 1) % SERVERS) {
        if (service->there >> at & 1) {
            SAY("- {addresses: [10.%d.0.%u], conditions: {terminating: %s}}\n", number, at + 1,
                service->fenced >> at & 1 ? "true" : "false");
        }
    }
}

static void say_child(int child)
{
    if (child < 0) {
        SAY("name: nothing, port: 80");
    } else if (child < SERVICES) {
        SAY("name: s%d, port: 80", child);
    } else {
        SAY("name: t%d, kind: TraefikService", child - SERVICES);
    }
}

static void say_tree(unsigned number)
{
    const struct tree *tree = &trees[number];
    SAY("---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: t%u}\nspec: "
        "{",
        number);
    SAY("%s", tree->kind == WEIGHTED    ? "weighted: {services: ["
              : tree->kind == MIRRORING ? "mirroring: {"
              : tree->listed            ? "failover: {errors: {status: ['500-599']}, "
                                        : "failover: {");
    for (unsigned i = 0; i < tree->num; i++) {
        if (tree->kind == WEIGHTED) {
            SAY("{weight: %u, ", 1 + roll(3));
        } else if (tree->kind == MIRRORING && i > 0) {
            SAY("%s{percent: 50, ", i == 1 ? ", mirrors: [" : "");
        } else if (tree->kind == FAILOVER) {
            SAY("%s: {", i == 0 ? "service" : "fallback");
        }
        say_child(tree->children[i]);
        SAY("%s", tree->kind == MIRRORING && i == 0 ? "" : "}, ");
    }
    SAY("%s}}\n", tree->kind == WEIGHTED || (tree->kind == MIRRORING && tree->num > 1) ? "]" : "");
}

/* All services are in use, whatever the trees do. */
static void say_all(void)
{
    SAY("---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: all}\n"
        "spec: {weighted: {services: [");
    for (int i = 0; i < SERVICES; i++) {
        SAY("{name: s%d, port: 80}, ", i);
    }
    SAY("]}}\n");
}

/* ---- the library -------------------------------------------------------------------------- */

static struct svcroute_context *context;
static struct svcroute_store *store;
static struct svcroute_policy *policy;
static struct svcroute_table *table;
static struct svcroute_balancer *balancer;
static struct svcroute_picker *pickers[2];

static struct svcroute_text name_of(int child, char out[NAME])
{
    int size = child < SERVICES ? snprintf(out, NAME, "default-s%d-80", child)
                                : snprintf(out, NAME, "default-t%d", child - SERVICES);
    return (struct svcroute_text){out, (size_t)size};
}

static void load(void)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    if (svcroute_store_load(store, text, used, NULL, &result, NULL) != 0 || result.rejected != 0) {
        printf("%s\n", text);
        abort();
    }
    used = 0;
}

static void resolve(void)
{
    struct svcroute_table *before = table;
    if (svcroute_resolve(&table, store, policy, before, NULL) != 0) {
        abort();
    }
    svcroute_table_unref(before);
}

/* One change of the documents. */
static void change(void)
{
    char name[NAME];
    unsigned number = roll(3) != 0 ? TREES : roll(TREES);
    if (number == TREES) {
        int service = (int)roll(SERVICES);
        change_service(&services[service]);
        say_service(service);
        load();
        return;
    }
    change_tree(number);
    if (trees[number].kind != ABSENT) {
        say_tree(number);
        load();
    } else {
        struct svcroute_text text_name = {name, (size_t)snprintf(name, NAME, "t%u", number)};
        svcroute_store_remove(store, SVCROUTE_KIND_TRAEFIK_SERVICE,
                              (struct svcroute_text){"default", 7}, text_name);
    }
}

/* Servers that were there keep their ids and what the host said of them, others have new ones. */
static void check_servers(unsigned update)
{
    char name[NAME];
    for (int s = 0; s < SERVICES; s++) {
        struct service *service = &services[s];
        struct svcroute_text found_name = name_of(s, name);
        uint64_t ids[SERVERS] = {0};
        uint64_t id = 0;
        const struct svcroute_service *found = svcroute_table_find_service(table, found_name);
        for (size_t i = 0; svcroute_balancer_find_server(balancer, found_name, i, &id) == 0; i++) {
            struct svcroute_server_info info = {.size = sizeof(info)};
            svcroute_service_get_server(found, i, &info);
            ids[(unsigned)(info.host.data[info.host.size - 1] - '1') % SERVERS] = id;
        }
        for (unsigned i = 0; i < SERVERS; i++) {
            bool there = service->there >> i & 1;
            check((ids[i] != 0) == there, "a server is where none should be, or the reverse",
                  update);
            check(service->ids[i] == 0 || !there || service->ids[i] == ids[i],
                  "a server lost its id", update);
            if (!there || service->ids[i] == 0) {
                service->down &= ~(1U << i);
            }
            service->ids[i] = ids[i];
        }
    }
}

static void check_picks(struct svcroute_picker *picker, unsigned update, bool fresh)
{
    static struct svcroute_pick *pick;
    char name[NAME];
    if (pick == NULL && svcroute_pick_new(&pick, context) != 0) {
        abort();
    }
    for (int child = 0; child < SERVICES + TREES; child++) {
        uint64_t handle = 0;
        int error = svcroute_picker_find_service(picker, name_of(child, name), &handle);
        check(!fresh || (error == 0) == exists(child), name, update);
        if (error != 0) {
            continue;
        }
        struct outlook outlook = reach(child);
        error = svcroute_picker_pick(picker, handle, NULL, pick, update);
        if (fresh) {
            check(error == 0 ? outlook.servers != 0
                             : error == SVCROUTE_ERR_NO_SERVER && outlook.nobody,
                  name, update);
        }
        if (error == 0) {
            unsigned a = 0, b = 0;
            struct svcroute_pick_info info = {.size = sizeof(info)};
            svcroute_pick_get_info(pick, &info);
            snprintf(name, NAME, "%.*s", (int)info.host.size, info.host.data);
            bool good =
                sscanf(name, "10.%u.0.%u", &a, &b) == 2 && a < SERVICES && b >= 1 && b <= SERVERS;
            check(good && (!fresh || outlook.servers >> (a * SERVERS + b - 1) & 1), name, update);
            check(!fresh || services[a].ids[b - 1] == info.server, "another id", update);
        }
        svcroute_pick_clear(pick);
    }
    if (update == UINT32_MAX) {
        svcroute_pick_free(pick);
    }
}

static void open_all(void)
{
    if (svcroute_context_new(&context, NULL, NULL, NULL) != 0 ||
        svcroute_store_new(&store, context) != 0 || svcroute_policy_new(&policy, context) != 0) {
        abort();
    }
    svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES, true);
    svcroute_policy_set_profile(policy,
                                traefik ? SVCROUTE_PROFILE_TRAEFIK_V3 : SVCROUTE_PROFILE_DEFAULT);
    say_all();
    for (int i = 0; i < SERVICES; i++) {
        change_service(&services[i]);
        say_service(i);
        load();
    }
    resolve();
    if (svcroute_balancer_new(&balancer, table, NULL, 0) != 0 ||
        svcroute_picker_new(&pickers[0], balancer, 0) != 0 ||
        svcroute_picker_new(&pickers[1], balancer, 0) != 0) {
        abort();
    }
}

/* The host takes a server down, or lets it go. */
static void administer(unsigned update)
{
    unsigned s = roll(SERVICES);
    unsigned i = roll(SERVERS);
    if (services[s].ids[i] != 0) {
        bool down = roll(2) == 0;
        services[s].down = (services[s].down & ~(1U << i)) | (down ? 1U << i : 0);
        check(svcroute_balancer_set_admin(balancer, services[s].ids[i],
                                          down ? SVCROUTE_ADMIN_DOWN : SVCROUTE_ADMIN_AUTO,
                                          update) == 0,
              "administer", update);
    }
}

int main(int argc, char **argv)
{
    unsigned updates = argc > 1 ? (unsigned)atoi(argv[1]) : 20000;
    struct svcroute_event event = {.size = sizeof(event)};
    traefik = argc > 2 && strcmp(argv[2], "traefik-v3") == 0;
    open_all();
    for (unsigned update = 0; update < updates; update++) {
        for (unsigned i = roll(3); i < 3; i++) {
            change();
        }
        resolve();
        check(svcroute_balancer_update(balancer, table, update) == 0, "update", update);
        check(svcroute_picker_refresh(pickers[0], update) == 0, "refresh", update);
        check_servers(update);
        administer(update);
        check_picks(pickers[0], update, true);
        check_picks(pickers[1], update, false);
        if (roll(20) == 0) {
            check(svcroute_picker_refresh(pickers[1], update) == 0, "refresh", update);
            check_picks(pickers[1], update, true);
        }
        while (roll(2) == 0 && svcroute_balancer_next_event(balancer, &event) == 0) {
        }
    }
    check_picks(pickers[0], UINT32_MAX, false);
    svcroute_balancer_free(balancer);
    svcroute_picker_free(pickers[0]);
    svcroute_picker_free(pickers[1]);
    svcroute_table_unref(table);
    svcroute_policy_free(policy);
    svcroute_store_free(store);
    svcroute_context_unref(context);
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    return failed != 0;
}
