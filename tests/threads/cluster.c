/* The documents of the test, and a record of which table had which server. */
#include "threads.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- history ---- */

static _Atomic uint32_t history[HISTORY][NUM_LEAVES];
static _Atomic uint64_t history_of_rules[HISTORY];
static _Atomic uint64_t begun, done;

void history_begin(const uint32_t members[NUM_LEAVES], uint64_t rules)
{
    uint64_t number = atomic_load_explicit(&begun, memory_order_relaxed) + 1;
    for (uint32_t i = 0; i < NUM_LEAVES; i++) {
        atomic_store_explicit(&history[number % HISTORY][i], members[i], memory_order_relaxed);
    }
    atomic_store_explicit(&history_of_rules[number % HISTORY], rules, memory_order_relaxed);
    atomic_store_explicit(&begun, number, memory_order_release);
}

void history_end(void)
{
    atomic_store_explicit(&done, atomic_load_explicit(&begun, memory_order_relaxed),
                          memory_order_release);
}

uint64_t history_done(void)
{
    return atomic_load_explicit(&done, memory_order_acquire);
}

uint64_t history_begun(void)
{
    return atomic_load_explicit(&begun, memory_order_acquire);
}

/* What is no longer on record may have been anything. */
static bool on_record(uint64_t first, uint64_t last)
{
    return first != 0 && last - first < HISTORY / 2;
}

bool history_has(uint64_t first, uint64_t last, uint32_t leaf, uint32_t members)
{
    bool has = !on_record(first, last);
    for (uint64_t i = first; !has && i <= last; i++) {
        has = (atomic_load_explicit(&history[i % HISTORY][leaf], memory_order_relaxed) & members) !=
              0;
    }
    return has;
}

bool history_lacks(uint64_t first, uint64_t last, uint32_t leaf)
{
    bool lacks = !on_record(first, last);
    for (uint64_t i = first; !lacks && i <= last; i++) {
        lacks = atomic_load_explicit(&history[i % HISTORY][leaf], memory_order_relaxed) == 0;
    }
    return lacks;
}

bool history_finds(uint64_t first, uint64_t last, bool (*test)(uint64_t state, const void *user),
                   const void *user)
{
    bool found = !on_record(first, last);
    for (uint64_t i = first; !found && i <= last; i++) {
        found =
            test(atomic_load_explicit(&history_of_rules[i % HISTORY], memory_order_relaxed), user);
    }
    return found;
}

/* ---- documents ---- */

__attribute__((format(printf, 2, 3))) static void say(struct cluster *cluster, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(cluster->text + cluster->size, sizeof(cluster->text) - cluster->size,
                         format, arguments);
    va_end(arguments);
    cluster->size += (size_t)size;
    if (size < 0 || cluster->size >= sizeof(cluster->text)) {
        abort();
    }
}

static void say_tree(struct cluster *cluster, const char *name, const char *spec)
{
    say(cluster,
        "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\n"
        "metadata: {name: %s, namespace: default}\nspec: %s\n",
        name, spec);
}

static void say_servers(struct cluster *cluster, uint32_t leaf)
{
    say(cluster,
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: s%u, namespace: default}\n"
        "spec: {ports: [{port: 80, name: web}]}\n---\n"
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
        "metadata: {name: s%u-1, namespace: default, labels: {kubernetes.io/service-name: s%u}}\n"
        "ports: [{name: web, port: 80}]\nendpoints:\n",
        leaf, leaf, leaf);
    for (uint32_t i = 0; i < MAX_SERVERS; i++) {
        if ((cluster->members[leaf] >> i & 1) != 0) {
            say(cluster, "- {addresses: [10.1.%u.%u]}\n", leaf, i + 1);
        }
    }
}

/* A leaf's settings stand where it is referred to. */
static void say_leaf(struct cluster *cluster, uint32_t leaf)
{
    static const char *const strategies[] = {"wrr", "p2c", "hrw", "leasttime"};
    static const char *const passive =
        ", passiveHealthCheck: {failureWindow: 1ms, maxFailedAttempts: 1}";
    char name[16];
    char spec[256];
    snprintf(name, sizeof(name), "l%u", leaf);
    snprintf(spec, sizeof(spec),
             "{weighted: {services: [{name: s%u, port: 80, strategy: %s%s%s}]}}", leaf,
             strategies[random_below(&cluster->random, 4)], leaf == LEAF_SPARE ? passive : "",
             random_one_in(&cluster->random, 2) ? ", sticky: {cookie: {name: leaf}}" : "");
    say_tree(cluster, name, spec);
}

/* Inner nodes refer to a leaf's tree, so that all mean the same service. */
#define TO(leaf) "{kind: TraefikService, name: l" #leaf "}"
#define TO_WEIGHT(leaf) "{kind: TraefikService, name: l" #leaf ", weight: %u}"

static void say_inner(struct cluster *cluster, uint32_t target)
{
    char spec[512];
    uint32_t a = random_below(&cluster->random, 9) + 1;
    uint32_t b = random_below(&cluster->random, 3);
    switch (target) {
    case TARGET_TREE:
        snprintf(spec, sizeof(spec),
                 "{weighted: {services: [" TO_WEIGHT(0) ", " TO_WEIGHT(1) ", " TO_WEIGHT(2) "]%s}}",
                 a, b, 1U, b == 0 ? ", sticky: {cookie: {name: tree}}" : "");
        say_tree(cluster, "tree", spec);
        break;
    case TARGET_FAILOVER:
        snprintf(spec, sizeof(spec),
                 "{failover: {service: " TO(3) ", fallback: " TO(0) ", errors: {status: ['%s']}}}",
                 b == 0 ? "500-599" : "500");
        say_tree(cluster, "failover", spec);
        break;
    case TARGET_MIRRORING:
        snprintf(spec, sizeof(spec),
                 "{mirroring: {kind: TraefikService, name: l1, mirrors: [{kind: TraefikService, "
                 "name: l2, percent: %u}]}}",
                 a * 10);
        say_tree(cluster, "mirroring", spec);
        break;
    case TARGET_RANDOM:
        snprintf(spec, sizeof(spec),
                 "{highestRandomWeight: {services: [" TO_WEIGHT(0) ", " TO_WEIGHT(1) "]}}", a,
                 b + 1);
        say_tree(cluster, "random", spec);
        break;
    case TARGET_MIXED:
        snprintf(spec, sizeof(spec), "{weighted: {services: [" TO(0) "%s]}}",
                 cluster->members[LEAF_COMING] != 0 ? ", " TO(5) : "");
        say_tree(cluster, "mixed", spec);
        break;
    case TARGET_PROBED:
        snprintf(spec, sizeof(spec),
                 "{weighted: {services: [{name: x0, port: 80, healthCheck: {path: /, interval: "
                 "%ums, timeout: 2ms}}, {name: x1, port: 80, healthCheck: {path: /, interval: 5ms, "
                 "unhealthyInterval: 3ms, timeout: %ums}}, " TO(0) "]}}",
                 a, b + 1);
        say_tree(cluster, "probed", spec);
        break;
    default:
        break;
    }
}

static void say_rule(struct cluster *cluster, uint32_t rule)
{
    char text[512];
    char name[] = "m0";
    if (rule_write(cluster->rules, rule, text, sizeof(text))) {
        say(cluster, "%s", text);
        return;
    }
    name[1] = (char)('0' + rule);
    svcroute_store_remove(cluster->store, SVCROUTE_KIND_INGRESS_ROUTE,
                          (struct svcroute_text){NULL, 0}, (struct svcroute_text){name, 2});
}

static void rule_change(struct cluster *cluster, uint32_t rule)
{
    cluster->rules = rules_change(cluster->rules, &cluster->random, rule);
    say_rule(cluster, rule);
}

static void remove_coming(struct cluster *cluster)
{
    static const struct {
        uint32_t kind;
        const char *name;
    } gone[] = {{SVCROUTE_KIND_SERVICE, "s5"},
                {SVCROUTE_KIND_ENDPOINT_SLICE, "s5-1"},
                {SVCROUTE_KIND_TRAEFIK_SERVICE, "l5"}};
    struct svcroute_text none = {NULL, 0};
    for (uint32_t i = 0; i < 3; i++) {
        struct svcroute_text name = {gone[i].name, strlen(gone[i].name)};
        svcroute_store_remove(cluster->store, gone[i].kind, none, name);
    }
}

/* Loads what was said. */
static void load(struct cluster *cluster)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    int error =
        svcroute_store_load(cluster->store, cluster->text, cluster->size, NULL, &result, NULL);
    if (error != 0 || result.rejected != 0) {
        printf("the documents cannot be loaded (%d): %s\n", error, cluster->text);
        exit(1);
    }
    cluster->size = 0;
}

static void resolve(struct cluster *cluster)
{
    struct svcroute_table *table = NULL;
    int error = svcroute_resolve(&table, cluster->store, cluster->policy, cluster->table, NULL);
    if (error != 0) {
        printf("the documents cannot be resolved (%d)\n", error);
        exit(1);
    }
    svcroute_table_unref(cluster->other);
    cluster->other = cluster->table;
    cluster->table = table;
    memcpy(cluster->other_members, cluster->table_members, sizeof(cluster->members));
    memcpy(cluster->table_members, cluster->members, sizeof(cluster->members));
    cluster->other_rules = cluster->table_rules;
    cluster->table_rules = cluster->rules;
}

void cluster_flip(struct cluster *cluster)
{
    struct svcroute_table *table = cluster->table;
    uint32_t members[NUM_LEAVES];
    uint64_t rules = cluster->table_rules;
    if (cluster->other == NULL) {
        return;
    }
    memcpy(members, cluster->table_members, sizeof(members));
    cluster->table = cluster->other;
    cluster->table_rules = cluster->other_rules;
    cluster->other_rules = rules;
    memcpy(cluster->table_members, cluster->other_members, sizeof(members));
    cluster->other = table;
    memcpy(cluster->other_members, members, sizeof(members));
}

static void members_change(struct cluster *cluster, uint32_t leaf)
{
    if (leaf != LEAF_SPARE) {
        cluster->members[leaf] = random_below(&cluster->random, 1U << MAX_SERVERS) | 1;
    }
}

void cluster_open(struct cluster *cluster, struct svcroute_context *context, uint64_t seed)
{
    *cluster = (struct cluster){.random = {seed}};
    if (svcroute_store_new(&cluster->store, context) != 0 ||
        svcroute_policy_new(&cluster->policy, context) != 0) {
        exit(1);
    }
    svcroute_policy_set_switch(cluster->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true);
    svcroute_policy_set_profile(cluster->policy,
                                traefik ? SVCROUTE_PROFILE_TRAEFIK_V3 : SVCROUTE_PROFILE_DEFAULT);
    cluster->members[LEAF_SPARE] = 3;
    for (uint32_t i = 0; i < NUM_LEAVES; i++) {
        members_change(cluster, i);
        say_servers(cluster, i);
        say_leaf(cluster, i);
    }
    for (uint32_t target = TARGET_TREE; target < NUM_TARGETS; target++) {
        say_inner(cluster, target);
    }
    for (uint32_t i = 0; i < 2; i++) {
        say(cluster,
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: x%u, namespace: default}\n"
            "spec: {type: ExternalName, externalName: x%u.example, ports: [{port: 80}]}\n",
            i, i);
    }
    say(cluster, "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web, "
                 "namespace: default}\nspec: {routes: [{match: 'Host(`a.example`)', kind: Rule, "
                 "services: [{kind: TraefikService, name: tree}]}]}\n");
    rule_write(0, ROUTE_PARENT, cluster->text + cluster->size,
               sizeof(cluster->text) - cluster->size);
    cluster->size += strlen(cluster->text + cluster->size);
    for (uint32_t i = 0; i < NUM_RULES; i++) {
        rule_change(cluster, i);
    }
    load(cluster);
    resolve(cluster);
}

void cluster_close(struct cluster *cluster)
{
    svcroute_table_unref(cluster->other);
    svcroute_table_unref(cluster->table);
    svcroute_policy_free(cluster->policy);
    svcroute_store_free(cluster->store);
}

/* The leaf that comes and goes, and who refers to it. */
static void coming_change(struct cluster *cluster)
{
    if (cluster->members[LEAF_COMING] != 0) {
        cluster->members[LEAF_COMING] = 0;
        remove_coming(cluster);
    } else {
        members_change(cluster, LEAF_COMING);
        say_servers(cluster, LEAF_COMING);
        say_leaf(cluster, LEAF_COMING);
    }
    say_inner(cluster, TARGET_MIXED);
}

static void one_change(struct cluster *cluster)
{
    struct random *random = &cluster->random;
    uint32_t leaf = random_below(random, LEAF_COMING);
    switch (random_below(random, 8)) {
    case 0:
        coming_change(cluster);
        break;
    case 3:
    case 4:
    case 5:
        rule_change(cluster, random_below(random, NUM_RULES));
        break;
    case 1:
        say_leaf(cluster, leaf);
        break;
    case 2:
        say_inner(cluster, TARGET_TREE + random_below(random, TARGET_ROUTE - TARGET_TREE));
        break;
    default:
        members_change(cluster, leaf);
        say_servers(cluster, leaf);
        break;
    }
    load(cluster);
}

void cluster_change(struct cluster *cluster)
{
    for (uint32_t changes = random_below(&cluster->random, 4); changes > 0; changes--) {
        one_change(cluster);
    }
    resolve(cluster);
}

/* ---- targets ---- */

struct svcroute_text target_name(const struct cluster *cluster, uint32_t target)
{
    static const char *const names[NUM_TARGETS] = {"default-l0",
                                                   "default-l1",
                                                   "default-l2",
                                                   "default-l3",
                                                   "default-l4",
                                                   "default-l5",
                                                   "default-tree",
                                                   "default-failover",
                                                   "default-mirroring",
                                                   "default-random",
                                                   "default-mixed",
                                                   "default-probed",
                                                   NULL};
    if (target != TARGET_ROUTE) {
        return (struct svcroute_text){names[target], strlen(names[target])};
    }
    struct svcroute_text match = {"Host(`a.example`)", 17};
    struct svcroute_route_info info = {.size = sizeof(info)};
    const struct svcroute_route *route =
        svcroute_table_find_route_of(cluster->table, (struct svcroute_text){"default", 7},
                                     (struct svcroute_text){"web", 3}, match, 0);
    if (route == NULL || svcroute_route_get_info(cluster->table, route, &info) != 0) {
        printf("there is no route\n");
        exit(1);
    }
    return info.name;
}

uint32_t target_leaves(uint32_t target)
{
    static const uint32_t leaves[NUM_TARGETS] = {
        [TARGET_TREE] = 7,   [TARGET_FAILOVER] = 9, [TARGET_MIRRORING] = 2, [TARGET_RANDOM] = 3,
        [TARGET_MIXED] = 33, [TARGET_PROBED] = 1,   [TARGET_ROUTE] = 7,
    };
    return target < TARGET_TREE ? 1U << target : leaves[target];
}

bool host_read(struct svcroute_text host, uint32_t *leaf, uint32_t *server)
{
    char text[32];
    unsigned a = 0;
    unsigned b = 0;
    if (host.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    if (sscanf(text, "10.1.%u.%u", &a, &b) != 2 || a >= NUM_LEAVES || b < 1 || b > MAX_SERVERS) {
        return false;
    }
    *leaf = a;
    *server = b - 1;
    return true;
}
