/* Scaling: clusters of every shape that honest or hostile tenants may write, at n and at 4n
 * objects, through every stage from text to export. Where one change leaves the rest alone, the
 * incremental resolve may not cost more at 4n at all. */
#include "growth.h"

#include <stdio.h>

#include "scaling.h"

enum stage { LOAD, RESOLVE, LIST, EXPORT, EXPLAIN, DIAGS, TOUCH, CHANGES, NUM_STAGES };

static const char *const stage_names[NUM_STAGES] = {"load",    "resolve", "list",        "export",
                                                    "explain", "diags",   "incremental", "changes"};

struct run {
    const struct shape *shape;
    enum stage stage;
    uint32_t profile;
};

struct cluster {
    const struct run *run;
    struct input input, touch;
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_diags *diags;
    struct svcroute_table *table, *next;
    struct svcroute_export *text;
    struct svcroute_explanation *explanation;
    struct svcroute_changes *changes;
    struct svcroute_listing *routes, *services;
    uint64_t sum; /* so that nothing that is read can be left out */
};

static void must(int error, const char *what)
{
    if (error) {
        printf("%s\n", svcroute_error_name(error));
        give_up(what);
    }
}

static void load(struct cluster *cluster, const struct input *input)
{
    must(svcroute_store_load(cluster->store, input->data, input->size, NULL, NULL, NULL), "load");
}

static void make_policy(struct cluster *cluster, struct svcroute_context *context)
{
    must(svcroute_policy_new(&cluster->policy, context), "policy");
    must(svcroute_policy_set_profile(cluster->policy, cluster->run->profile), "profile");
    must(svcroute_policy_set_switch(cluster->policy, SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE, true),
         "switch");
    must(svcroute_policy_set_switch(cluster->policy, SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES, true),
         "switch");
}

/* Everything that the getters tell of a service. */
static void read_service(struct cluster *cluster, const struct svcroute_service *service)
{
    struct svcroute_service_info info = {.size = sizeof(info)};
    struct svcroute_server_info server = {.size = sizeof(server)};
    struct svcroute_child_info child = {.size = sizeof(child)};
    struct svcroute_text name, value;
    must(svcroute_service_get_info(service, &info), "service");
    for (uint32_t i = 0; i < info.num_servers; i++) {
        must(svcroute_service_get_server(service, i, &server), "server");
        cluster->sum += server.url.size + svcroute_server_get_hint(service, i, 0).size;
    }
    for (uint32_t i = 0; i < info.num_children; i++) {
        must(svcroute_service_get_child(cluster->table, service, i, &child), "child");
        cluster->sum += child.name.size;
    }
    for (uint32_t i = 0; i < info.num_middlewares; i++) {
        cluster->sum += svcroute_service_get_middleware(service, i).size;
    }
    for (uint32_t i = 0; i < info.num_error_status; i++) {
        cluster->sum += svcroute_service_get_error_status(service, i).size;
    }
    for (size_t i = 0; !svcroute_service_get_health_header(service, i, &name, &value); i++) {
        cluster->sum += name.size;
    }
    cluster->sum += svcroute_table_find_service(cluster->table, info.name) == service;
}

static void read_route(struct cluster *cluster, const struct svcroute_route *route)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    size_t sans;
    must(svcroute_route_get_info(cluster->table, route, &info), "route");
    for (uint32_t i = 0; i < info.num_entry_points; i++) {
        cluster->sum += svcroute_route_get_entry_point(route, i).size;
    }
    for (uint32_t i = 0; i < info.num_middlewares; i++) {
        cluster->sum += svcroute_route_get_middleware(route, i).size;
    }
    for (uint32_t i = 0; i < info.num_parents; i++) {
        cluster->sum += svcroute_route_get_parent(cluster->table, route, i).size;
    }
    for (uint32_t i = 0; i < info.num_tls_domains; i++) {
        cluster->sum += svcroute_route_get_tls_domain(route, i, &sans).size;
        for (size_t k = 0; k < sans; k++) {
            cluster->sum += svcroute_route_get_tls_san(route, i, k).size;
        }
    }
    cluster->sum += svcroute_table_find_route(cluster->table, info.name) == route;
}

static void list(struct cluster *cluster)
{
    must(svcroute_listing_new(&cluster->routes, cluster->table, SVCROUTE_LISTING_ROUTES), "list");
    must(svcroute_listing_new(&cluster->services, cluster->table, SVCROUTE_LISTING_SERVICES),
         "list");
    for (size_t i = 0; i < svcroute_listing_num(cluster->routes); i++) {
        read_route(cluster, svcroute_listing_get_route(cluster->routes, i));
    }
    for (size_t i = 0; i < svcroute_listing_num(cluster->services); i++) {
        read_service(cluster, svcroute_listing_get_service(cluster->services, i));
    }
}

static void explain(struct cluster *cluster)
{
    const char *name = cluster->run->shape->explained;
    int error = svcroute_table_explain(&cluster->explanation, cluster->table,
                                       (struct svcroute_text){name, strlen(name)});
    must(error == SVCROUTE_ERR_NOT_FOUND ? 0 : error, "explain");
}

static void compare(struct cluster *cluster)
{
    struct svcroute_change_info info = {.size = sizeof(info)};
    must(svcroute_changes_new(&cluster->changes, cluster->table, cluster->next), "changes");
    while (svcroute_changes_next(cluster->changes, &info) == SVCROUTE_OK) {
        cluster->sum += info.name.size;
    }
}

static void perform(struct cluster *cluster, enum stage stage)
{
    switch (stage) {
    case LOAD:
        load(cluster, &cluster->input);
        break;
    case RESOLVE:
        must(svcroute_resolve(&cluster->table, cluster->store, cluster->policy, NULL,
                              cluster->diags),
             "resolve");
        break;
    case LIST:
        list(cluster);
        break;
    case EXPORT:
        must(svcroute_table_export(&cluster->text, cluster->table, SVCROUTE_EXPORT_JSON), "export");
        break;
    case EXPLAIN:
        explain(cluster);
        break;
    case DIAGS:
        must(svcroute_table_get_diags(cluster->table, cluster->diags), "diags");
        break;
    case TOUCH:
        load(cluster, &cluster->touch);
        must(
            svcroute_resolve(&cluster->next, cluster->store, cluster->policy, cluster->table, NULL),
            "incremental resolve");
        break;
    case CHANGES:
        compare(cluster);
        break;
    case NUM_STAGES:
        break;
    }
}

static void *begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    if (cluster == NULL) {
        give_up("out of memory");
    }
    cluster->run = user;
    must(svcroute_store_new(&cluster->store, context), "store");
    must(svcroute_diags_new(&cluster->diags, context), "diags");
    make_policy(cluster, context);
    cluster->run->shape->make(&cluster->input, n);
    cluster->run->shape->touch(&cluster->touch, n);
    for (enum stage stage = LOAD; stage < cluster->run->stage; stage++) {
        if (stage <= RESOLVE || stage == TOUCH) {
            perform(cluster, stage);
        }
    }
    return cluster;
}

static void act(void *user)
{
    struct cluster *cluster = user;
    perform(cluster, cluster->run->stage);
}

static void end(void *user)
{
    struct cluster *cluster = user;
    svcroute_listing_free(cluster->routes);
    svcroute_listing_free(cluster->services);
    svcroute_changes_free(cluster->changes);
    svcroute_explanation_free(cluster->explanation);
    svcroute_export_free(cluster->text);
    svcroute_table_unref(cluster->table);
    svcroute_table_unref(cluster->next);
    svcroute_policy_free(cluster->policy);
    svcroute_diags_free(cluster->diags);
    svcroute_store_free(cluster->store);
    input_free(&cluster->input);
    input_free(&cluster->touch);
    free(cluster);
}

static void run_shape(const struct shape *shape, uint32_t profile)
{
    static const struct work work = {begin, act, end};
    for (enum stage stage = LOAD; stage < NUM_STAGES; stage++) {
        struct run run = {shape, stage, profile};
        char name[160];
        if (stage < RESOLVE && profile != SVCROUTE_PROFILE_DEFAULT) {
            continue; /* the store does not ask for the profile */
        }
        if (stage >= shape->stages) {
            break;
        }
        snprintf(name, sizeof(name), "%s, %s, %s", shape->name, stage_names[stage],
                 profile == SVCROUTE_PROFILE_DEFAULT ? "default" : "traefik-v3");
        check_growth(name, &work, sized(shape->n), &run);
        if (stage == TOUCH && shape->local) {
            check_constant(name, &work, sized(shape->n), &run);
        }
    }
}

void run_scaling(void)
{
    for (size_t i = 0; i < num_shapes; i++) {
        run_shape(&shapes[i], SVCROUTE_PROFILE_DEFAULT);
        run_shape(&shapes[i], SVCROUTE_PROFILE_TRAEFIK_V3);
    }
    run_streams();
}
