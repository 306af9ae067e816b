/* Scenarios: rules of every kind, good and bad, in tables, balancers and pickers; and what asks
 * them, which does not allocate. */
#include "oom.h"

#define SECOND UINT64_C(1000000000)

static const char documents[] =
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: web}\n"
    "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n"
    "---\n"
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\n"
    "addressType: IPv4\n"
    "ports: [{name: '', port: 8080}]\n"
    "endpoints: [{addresses: [10.1.0.1]}]\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: shop}\n"
    "spec:\n"
    "  entryPoints: [web, secure]\n"
    "  routes:\n"
    "  - {match: Host(`*.shop.example`), services: [{name: web, port: 80}]}\n"
    "  - match: Host(`b.shop.example.`) && PathPrefix(`/api/`) && !Method(`DELETE`)\n"
    "    services: [{name: web, port: 80}]\n"
    "  - match: >-\n"
    "      (Host(`a.shop.example`) || Host(`b.shop.example`)) &&\n"
    "      (Path(`/cart`) || PathPrefix(`/cart/`) || PathRegexp(`^/car(t|d)[0-9]*$`))\n"
    "    services: [{name: web, port: 80}]\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: matchers}\n"
    "spec:\n"
    "  routes:\n"
    "  - {match: 'HostRegexp(`^x[0-9]{1,3}[.]example$`)', services: [{name: web, port: 80}]}\n"
    "  - {match: 'Header(`x-team`, `blue`)', priority: 3, services: [{name: web, port: 80}]}\n"
    "  - {match: 'HeaderRegexp(`Accept`, `(?i)HTML|\\pL+/\xc3\xa9`)', priority: 2, services: "
    "[{name: web, "
    "port: 80}]}\n"
    "  - {match: Query(`debug`), services: [{name: web, port: 80}]}\n"
    "  - {match: 'QueryRegexp(`page`, `^[a-x]?[0-9]+$`)', services: [{name: web, port: 80}]}\n"
    "  - {match: 'ClientIP(`10.0.0.0/8`) && Path(\"/b\\u002fall\")', services: [{name: web, port: "
    "80}]}\n"
    "  - {match: ClientIP(`2001:db8::/32`), services: [{name: web, port: 80}]}\n"
    "  - {match: Method(`PUT`) /* all */, priority: 1, services: [{name: web, port: 80}]}\n"
    "  - {match: PathPrefix(`/`), priority: 1, services: [{name: web, port: 80}]}\n"
    "  - {match: PathPrefix(`/never`) && Path(`/ever`), services: [{name: web, port: 80}]}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: bad}\n"
    "spec:\n"
    "  routes:\n"
    "  - {match: Hots(`h`), services: [{name: web, port: 80}]}\n"
    "  - {match: 'PathRegexp(`a**`)', services: [{name: web, port: 80}]}\n"
    "  - {match: \"Host(`\\u00e9`)\", services: [{name: web, port: 80}]}\n"
    "  - {match: 'PathRegexp(`(a{1000}b{1000}){1000}`)', services: [{name: web, port: 80}]}\n"
    "  - {match: 'Host(`h`) && (', services: [{name: web, port: 80}]}\n"
    "  - {match: 'Path(`/{x}`)', syntax: v2, services: [{name: web, port: 80}]}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: doors}\n"
    "spec:\n"
    "  entryPoints: [d01, d02, d03, d04, d05, d06, d07, d08, d09, d10, d11, d12, d13, d14, d15, "
    "d16, d17]\n"
    "  routes: [{match: PathPrefix(`/all`), services: [{name: web, port: 80}]}]\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: up}\n"
    "spec:\n"
    "  routes:\n"
    "  - {match: Host(`up.example`)}\n"
    "  - {match: Host(`up1.example`)}\n"
    "  - {match: Host(`up2.example`)}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: low}\n"
    "spec:\n"
    "  parentRefs: [{name: up}]\n"
    "  routes:\n"
    "  - {match: PathPrefix(`/low/`), services: [{name: web, port: 80}]}\n"
    "  - {match: 'PathRegexp(`^/lo+w/`)', services: [{name: web, port: 80}]}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: List\n"
    "items:\n"
    "- {apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: up3}, spec: {routes: "
    "[{match: Host(`up3.example`)}, {match: Host(`up4.example`)}]}}\n"
    "- {apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: up5}, spec: {routes: "
    "[{match: Host(`up5.example`)}, {match: Host(`up6.example`)}]}}\n"
    "- {apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: up7}, spec: {routes: "
    "[{match: Host(`up7.example`)}, {match: Host(`up8.example`)}]}}\n"
    "- {apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: up9}, spec: {routes: "
    "[{match: Host(`up9.example`)}]}}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: many}\n"
    "spec:\n"
    "  parentRefs: [{name: up}, {name: up3}, {name: up5}, {name: up7}, {name: up9}, {name: up3}]\n"
    "  routes:\n"
    "  - {match: Path(`/many/1`), services: [{name: web, port: 80}]}\n"
    "  - {match: Path(`/many/2`), services: [{name: web, port: 80}]}\n";

/* Of each kind of change one: a rule, a bad one that is mended, entry points, parents. */
static const char changes[] =
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: shop}\n"
    "spec:\n"
    "  routes:\n"
    "  - {match: Host(`*.shop.example`) && PathPrefix(`/`), services: [{name: web, port: 80}]}\n"
    "  - match: Host(`b.shop.example.`) && PathPrefix(`/api/`) && !Method(`DELETE`)\n"
    "    middlewares: [{name: auth}]\n"
    "    services: [{name: web, port: 80}]\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: bad}\n"
    "spec:\n"
    "  routes:\n"
    "  - {match: 'PathRegexp(`^/a(b|c)?$`)', services: [{name: web, port: 80}]}\n"
    "  - {match: Host(`h`) &, services: [{name: web, port: 80}]}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: low}\n"
    "spec:\n"
    "  parentRefs: [{name: up}, {name: up3}, {name: up5}, {name: up7}]\n"
    "  routes:\n"
    "  - {match: PathPrefix(`/low/`), priority: 1, services: [{name: web, port: 80}]}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: up9}\n"
    "spec: {routes: [{match: Host(`up9.example`)}, {match: Host(`up10.example`)}]}\n"
    "---\n"
    "apiVersion: traefik.io/v1alpha1\n"
    "kind: IngressRoute\n"
    "metadata: {name: own}\n"
    "spec: {parentRefs: [{name: own}], routes: [{match: Host(`own`)}]}\n";

static void load(struct world *world, const char *text)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    must(svcroute_store_load(world->store, text, strlen(text), NULL, &result, NULL), "load");
    if (result.rejected != 0 || result.ignored != 0) {
        give_up("a document of the suite itself is wrong");
    }
}

static int resolve(struct world *world)
{
    return svcroute_resolve(&world->table, world->store, world->policy, NULL, world->diags);
}

static int resolve_again(struct world *world)
{
    return svcroute_resolve(&world->next, world->store, world->policy, world->table, world->diags);
}

static void begin(struct world *world, uint32_t profile)
{
    must(svcroute_store_new(&world->store, world->context), "store");
    must(svcroute_diags_new(&world->diags, world->context), "diags");
    must(svcroute_policy_new(&world->policy, world->context), "policy");
    must(svcroute_policy_set_profile(world->policy, profile), "profile");
    load(world, documents);
}

static void begin_default(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_DEFAULT);
}

static void begin_traefik(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_TRAEFIK_V3);
}

static void resolved(struct world *world)
{
    begin_default(world);
    must(resolve(world), "resolve");
}

static void changed(struct world *world)
{
    resolved(world);
    load(world, changes);
}

static void changed_traefik(struct world *world)
{
    begin_traefik(world);
    must(resolve(world), "resolve");
    load(world, changes);
}

/* Parents go, and the only one below another. */
static void removed(struct world *world)
{
    static const struct svcroute_text names[] = {{"up7", 3}, {"low", 3}, {"shop", 4}};
    resolved(world);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        must(svcroute_store_remove(world->store, SVCROUTE_KIND_INGRESS_ROUTE, NOTHING, names[i]),
             "remove");
    }
}

static void resolved_twice(struct world *world)
{
    changed(world);
    must(resolve_again(world), "resolve");
}

/* The list may miss some after a failure; cleared, it gets all. */
static int lint(struct world *world)
{
    svcroute_diags_clear(world->diags);
    int error = svcroute_table_lint(world->table, world->diags);
    if (error == SVCROUTE_OK) {
        world->noted = svcroute_diags_num(world->diags);
    }
    return error;
}

/* ---- balancers ---- */

static void balanced(struct world *world)
{
    must(svcroute_balancer_new(&world->balancer, world->table, NULL, SECOND), "balancer");
    for (int i = 0; i < 2; i++) {
        must(svcroute_picker_new(&world->pickers[i], world->balancer, SECOND), "picker");
    }
    load(world, changes);
    must(resolve_again(world), "resolve");
}

static void ready(struct world *world)
{
    resolved(world);
    balanced(world);
}

static void ready_traefik(struct world *world)
{
    begin_traefik(world);
    must(resolve(world), "resolve");
    balanced(world);
}

static int update(struct world *world)
{
    return svcroute_balancer_update(world->balancer, world->next, 2 * SECOND);
}

static void updated(struct world *world)
{
    ready(world);
    must(update(world), "update");
}

static void updated_traefik(struct world *world)
{
    ready_traefik(world);
    must(update(world), "update");
}

static int refresh(struct world *world)
{
    return svcroute_picker_refresh(world->pickers[0], 3 * SECOND);
}

static int make_picker(struct world *world)
{
    int error;
    svcroute_picker_free(world->pickers[1]);
    world->pickers[1] = NULL;
    error = svcroute_picker_new(&world->pickers[1], world->balancer, 3 * SECOND);
    return error;
}

static void without_picker(struct world *world)
{
    updated(world);
    svcroute_picker_free(world->pickers[1]);
    world->pickers[1] = NULL;
}

/* ---- what does not allocate ---- */

static int ask(struct world *world)
{
    world->noted = world->noted * 31 + matching_answers(world->table);
    world->noted = world->noted * 31 + matching_answers(world->next);
    return SVCROUTE_OK;
}

static int ask_pickers(struct world *world)
{
    world->noted = world->noted * 31 + picker_matching_answers(world->pickers[0]);
    world->noted = world->noted * 31 + picker_matching_answers(world->pickers[1]);
    return SVCROUTE_OK;
}

const struct scenario rule_scenarios[] = {
    {"rules, default", begin_default, resolve, NULL, SCENARIO_CRYPTO},
    {"rules, traefik-v3", begin_traefik, resolve, NULL, SCENARIO_CRYPTO},
    {"rules, unchanged", resolved, resolve_again, NULL, SCENARIO_CRYPTO},
    {"rules, changed, default", changed, resolve_again, NULL, SCENARIO_CRYPTO},
    {"rules, changed, traefik-v3", changed_traefik, resolve_again, NULL, SCENARIO_CRYPTO},
    {"rules, removed", removed, resolve_again, NULL, SCENARIO_CRYPTO},
    {"table_lint", resolved, lint, NULL, 0},
    {"balancer_update, rules", ready, update, NULL, SCENARIO_CRYPTO},
    {"balancer_update, rules, traefik-v3", ready_traefik, update, NULL, SCENARIO_CRYPTO},
    {"picker_refresh, rules", updated, refresh, NULL, 0},
    {"picker_refresh, rules, traefik-v3", updated_traefik, refresh, NULL, 0},
    {"picker_new, rules", without_picker, make_picker, NULL, 0},
    {"matching, tables", resolved_twice, ask, NULL, SCENARIO_NONE},
    {"matching, pickers", updated, ask_pickers, NULL, SCENARIO_NONE},
    {"matching, pickers, traefik-v3", updated_traefik, ask_pickers, NULL, SCENARIO_NONE},
};
const size_t num_rule_scenarios = sizeof(rule_scenarios) / sizeof(rule_scenarios[0]);
