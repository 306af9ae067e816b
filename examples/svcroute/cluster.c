/* Reading all inputs as one cluster, under the policy of the command line. */
#include "cluster.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "output.h"
#include "progress.h"

static bool fine(int code)
{
    if (code != 0) {
        complain(NULL, svcroute_error_text(code));
    }
    return code == 0;
}

/* ---- policy ------------------------------------------------------------------------------- */

typedef int add_namespace(struct svcroute_policy *policy, struct svcroute_text namespace_);

/* Values with commas. Empty items count for nothing; a list without any other allows nothing. */
static int add_namespaces(struct svcroute_policy *policy, const struct values *values,
                          add_namespace *add)
{
    int code = values->num > 0 ? add(policy, text_of("")) : 0;
    for (size_t i = 0; i < values->num && code == 0; i++) {
        const char *item = values->items[i];
        for (size_t size; code == 0 && *item != '\0'; item += size + (item[size] == ',')) {
            size = strcspn(item, ",");
            code = add(policy, (struct svcroute_text){item, size});
        }
    }
    return code;
}

static int fill_policy(struct svcroute_policy *policy, const struct options *options)
{
    const struct {
        uint32_t which;
        bool on;
    } switches[] = {
        {SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE, options->allow_cross_namespace},
        {SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, options->allow_external_name_services},
        {SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES, options->allow_empty_services},
        {SVCROUTE_POLICY_NATIVE_LB_BY_DEFAULT, options->native_lb_by_default},
        {SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE, options->disable_cluster_scope_resources},
        {SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES, options->allow_local_addresses},
        {SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS, options->allow_health_checks},
    };
    int code = 0;
    for (size_t i = 0; i < sizeof switches / sizeof switches[0] && code == 0; i++) {
        code = svcroute_policy_set_switch(policy, switches[i].which, switches[i].on);
    }
    if (code == 0 && options->profile != NULL && strcmp(options->profile, "traefik-v3") == 0) {
        code = svcroute_policy_set_profile(policy, SVCROUTE_PROFILE_TRAEFIK_V3);
    }
    if (code == 0 && options->ingress_class != NULL) {
        code = svcroute_policy_set_ingress_class(policy, text_of(options->ingress_class));
    }
    if (code == 0) {
        code = add_namespaces(policy, &options->cross_provider_namespaces,
                              svcroute_policy_add_cross_provider_namespace);
    }
    if (code == 0) {
        code = add_namespaces(policy, &options->namespaces, svcroute_policy_add_namespace);
    }
    return code;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void add_counts(struct svcroute_load_result *sum, const struct svcroute_load_result *part)
{
    sum->documents += part->documents;
    sum->accepted += part->accepted;
    sum->unchanged += part->unchanged;
    sum->rejected += part->rejected;
    sum->ignored += part->ignored;
}

/* Into the relist, or, without one, at once into the store. */
static void load(struct cluster *cluster, struct svcroute_relist *relist, const char *name,
                 const char *bytes, size_t size, bool strict)
{
    struct svcroute_load_result result = {.size = sizeof result};
    struct svcroute_load_options options = {
        .size = sizeof options,
        .flags = strict ? SVCROUTE_LOAD_STRICT : 0,
        .source = text_of(name),
    };
    progress_step("reading", size);
    int code =
        relist != NULL
            ? svcroute_relist_load(relist, bytes, size, &options, &result, cluster->diags)
            : svcroute_store_load(cluster->store, bytes, size, &options, &result, cluster->diags);
    add_counts(&cluster->loaded, &result);
    if (code != 0) {
        complain(name, svcroute_error_text(code));
        cluster->failed = true;
    }
}

static void read_inputs(struct cluster *cluster, struct svcroute_relist *relist,
                        const struct inputs *inputs, bool strict)
{
    progress_begin(inputs->num);
    for (size_t i = 0; i < inputs->num; i++) {
        char *bytes;
        size_t size;
        const char *path = inputs->paths[i];
        const char *name = path != NULL ? path : INPUT_STANDARD;
        int error = input_read(path, i, &bytes, &size);
        if (error != 0) {
            complain(name, strerror(error));
            cluster->failed = true;
            continue;
        }
        load(cluster, relist, name, bytes, size, strict);
        free(bytes);
    }
}

/* All inputs go through one relist, so that an object that two of them describe is noticed. */
static bool read_cluster(struct cluster *cluster, const struct inputs *inputs, bool strict)
{
    struct svcroute_relist *relist;
    if (!fine(svcroute_relist_begin(&relist, cluster->store, SVCROUTE_KIND_NONE, text_of("")))) {
        return false;
    }
    read_inputs(cluster, relist, inputs, strict);
    if (!fine(svcroute_relist_commit(relist, NULL))) {
        svcroute_relist_abort(relist);
        return false;
    }
    return true;
}

bool cluster_load(struct cluster *cluster, const char *argument)
{
    struct inputs inputs;
    bool failed = cluster->failed;
    inputs_gather(&inputs, &(struct values){&argument, 1});
    cluster->failed = inputs.failed;
    read_inputs(cluster, NULL, &inputs, false);
    inputs_free(&inputs);
    progress_clear();
    bool done = !cluster->failed;
    cluster->failed = failed || cluster->failed;
    return done;
}

/* ---- the whole ---------------------------------------------------------------------------- */

bool cluster_resolve(struct cluster *cluster)
{
    struct svcroute_table *table;
    if (!fine(svcroute_resolve(&table, cluster->store, cluster->policy, cluster->table,
                               cluster->diags))) {
        return false;
    }
    svcroute_table_unref(cluster->table);
    cluster->table = table;
    return true;
}

static bool make(struct cluster *cluster, const struct options *options)
{
    memset(cluster, 0, sizeof *cluster);
    return fine(svcroute_context_new(&cluster->context, NULL, NULL, NULL)) &&
           fine(svcroute_store_new(&cluster->store, cluster->context)) &&
           fine(svcroute_policy_new(&cluster->policy, cluster->context)) &&
           fine(svcroute_diags_new(&cluster->diags, cluster->context)) &&
           fine(fill_policy(cluster->policy, options));
}

bool cluster_open(struct cluster *cluster, const struct options *options)
{
    struct inputs inputs;
    if (!make(cluster, options)) {
        return false;
    }
    inputs_gather(&inputs, &options->inputs);
    cluster->failed = inputs.failed;
    bool done = read_cluster(cluster, &inputs, options->strict);
    inputs_free(&inputs);
    if (done) {
        progress_step("resolving", progress_bytes());
        done = cluster_resolve(cluster);
    }
    progress_clear();
    return done;
}

bool cluster_open_empty(struct cluster *cluster, const struct options *options)
{
    return make(cluster, options) && cluster_resolve(cluster);
}

void cluster_close(struct cluster *cluster)
{
    svcroute_table_unref(cluster->table);
    svcroute_diags_free(cluster->diags);
    svcroute_policy_free(cluster->policy);
    svcroute_store_free(cluster->store);
    svcroute_context_unref(cluster->context);
}

void cluster_forget_diags(struct cluster *cluster)
{
    cluster->errors = cluster_status(cluster) != STATUS_FINE;
    svcroute_diags_clear(cluster->diags);
}

int cluster_status(const struct cluster *cluster)
{
    if (cluster->failed) {
        return STATUS_FAILED;
    }
    bool errors =
        cluster->errors || svcroute_diags_num_severity(cluster->diags, SVCROUTE_SEVERITY_ERROR) > 0;
    return errors ? STATUS_ERRORS : STATUS_FINE;
}
