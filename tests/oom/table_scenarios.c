/* Scenarios: policies, resolving, and all that is made from a table. */
#include "oom.h"

static void nothing(struct world *world)
{
    (void)world;
}

static void load(struct world *world, struct svcroute_text bytes)
{
    must(svcroute_store_load(world->store, bytes.data, bytes.size, NULL, NULL, NULL), "load");
}

/* ---- policies ---- */

static int make_policy(struct world *world)
{
    return svcroute_policy_new(&world->policy, world->context);
}

static void begin_policy(struct world *world)
{
    must(make_policy(world), "policy");
}

static int set_class(struct world *world)
{
    int error = svcroute_policy_set_ingress_class(world->policy, TEXT("inner"));
    return error ? error : svcroute_policy_set_ingress_class(world->policy, TEXT("outer"));
}

static int add_namespaces(struct world *world)
{
    static const struct svcroute_text names[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"a", 1},
                                                 {"d", 1}, {"e", 1}, {"f", 1}, {NULL, 0}};
    int error = SVCROUTE_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && error == SVCROUTE_OK; i++) {
        error = svcroute_policy_add_namespace(world->policy, names[i]);
        error =
            error ? error : svcroute_policy_add_cross_provider_namespace(world->policy, names[i]);
    }
    return error;
}

/* ---- resolving ---- */

static void begin(struct world *world, uint32_t profile)
{
    must(svcroute_store_new(&world->store, world->context), "store");
    must(svcroute_diags_new(&world->diags, world->context), "diags");
    begin_policy(world);
    must(svcroute_policy_set_profile(world->policy, profile), "profile");
    must(svcroute_policy_set_switch(world->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true),
         "switch");
    must(svcroute_policy_add_namespace(world->policy, TEXT("default")), "namespace");
    load(world, cluster_yaml);
}

static void begin_default(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_DEFAULT);
}

static void begin_traefik(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_TRAEFIK_V3);
}

static int resolve(struct world *world)
{
    int error = svcroute_resolve(&world->table, world->store, world->policy, NULL, world->diags);
    if ((error == SVCROUTE_OK) != (world->table != NULL)) {
        give_up("a table with an error, or none without");
    }
    return error;
}

static int resolve_bare(struct world *world)
{
    return svcroute_resolve(&world->table, world->store, NULL, NULL, NULL);
}

static int resolve_again(struct world *world)
{
    return svcroute_resolve(&world->next, world->store, world->policy, world->table, world->diags);
}

static void resolved_default(struct world *world)
{
    begin_default(world);
    must(resolve(world), "resolve");
}

static void changed_default(struct world *world)
{
    resolved_default(world);
    load(world, cluster_change);
}

static void changed_traefik(struct world *world)
{
    begin_traefik(world);
    must(resolve(world), "resolve");
    load(world, cluster_change);
}

/* An object that others refer to goes, and one of those. */
static void removed_default(struct world *world)
{
    resolved_default(world);
    must(svcroute_store_remove(world->store, SVCROUTE_KIND_SERVICE, NOTHING, TEXT("web")),
         "remove");
    must(svcroute_store_remove(world->store, SVCROUTE_KIND_INGRESS_ROUTE, NOTHING, TEXT("shop")),
         "remove");
}

static void resolved_twice(struct world *world)
{
    changed_default(world);
    must(resolve_again(world), "resolve");
}

static void resolved_twice_traefik(struct world *world)
{
    changed_traefik(world);
    must(resolve_again(world), "resolve");
}

/* ---- from tables ---- */

static int list_routes(struct world *world)
{
    return svcroute_listing_new(&world->listing, world->table, SVCROUTE_LISTING_ROUTES);
}

static int list_services(struct world *world)
{
    return svcroute_listing_new(&world->listing, world->table, SVCROUTE_LISTING_SERVICES);
}

static int export_json(struct world *world)
{
    return svcroute_table_export(&world->text, world->table, SVCROUTE_EXPORT_JSON);
}

static int export_yaml(struct world *world)
{
    return svcroute_table_export(&world->text, world->table, SVCROUTE_EXPORT_YAML);
}

static int explain_object(struct world *world)
{
    return svcroute_table_explain(&world->explanation, world->table, TEXT("default/shop"));
}

static int explain_service(struct world *world)
{
    return svcroute_table_explain(&world->explanation, world->table, TEXT("default-split"));
}

static int compare(struct world *world)
{
    return svcroute_changes_new(&world->changes, world->table, world->next);
}

static int compare_nothing(struct world *world)
{
    return svcroute_changes_new(&world->changes, NULL, world->next);
}

static int find(struct world *world)
{
    const struct svcroute_service *service;
    int error = svcroute_table_find_service_of(world->table, &service, SVCROUTE_KIND_SERVICE,
                                               NOTHING, TEXT("web"), TEXT("80"), 1);
    world->noted += error == SVCROUTE_OK;
    return error;
}

/* The list may miss some after a failure, but says so; cleared, it gets all. */
static int get_diags(struct world *world)
{
    svcroute_diags_clear(world->diags);
    int error = svcroute_table_get_diags(world->table, world->diags);
    if (error == SVCROUTE_OK) {
        world->noted = svcroute_diags_num(world->diags) + svcroute_diags_num_dropped(world->diags);
    }
    return error;
}

const struct scenario table_scenarios[] = {
    {"policy_new", nothing, make_policy, NULL, 0},
    {"policy_set_ingress_class", begin_policy, set_class, NULL, 0},
    {"policy_add_namespace", begin_policy, add_namespaces, NULL, SCENARIO_PARTS},
    {"resolve, default", begin_default, resolve, NULL, SCENARIO_CRYPTO},
    {"resolve, traefik-v3", begin_traefik, resolve, NULL, SCENARIO_CRYPTO},
    {"resolve, without policy", begin_default, resolve_bare, NULL, SCENARIO_CRYPTO},
    {"resolve, unchanged", resolved_default, resolve_again, NULL, SCENARIO_CRYPTO},
    {"resolve, changed, default", changed_default, resolve_again, NULL, SCENARIO_CRYPTO},
    {"resolve, changed, traefik-v3", changed_traefik, resolve_again, NULL, SCENARIO_CRYPTO},
    {"resolve, removed", removed_default, resolve_again, NULL, SCENARIO_CRYPTO},
    {"listing, routes", resolved_default, list_routes, NULL, 0},
    {"listing, services", resolved_default, list_services, NULL, 0},
    {"export, JSON", resolved_default, export_json, NULL, 0},
    {"export, YAML", resolved_default, export_yaml, NULL, 0},
    {"explain, object", resolved_default, explain_object, NULL, 0},
    {"explain, service", resolved_default, explain_service, NULL, 0},
    {"changes", resolved_twice, compare, NULL, 0},
    {"changes, traefik-v3", resolved_twice_traefik, compare, NULL, 0},
    {"changes from nothing", resolved_twice, compare_nothing, NULL, 0},
    {"find_service_of", resolved_default, find, NULL, 0},
    {"table_get_diags", resolved_default, get_diags, NULL, 0},
};
const size_t num_table_scenarios = sizeof(table_scenarios) / sizeof(table_scenarios[0]);
