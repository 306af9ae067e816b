/* `svcroute resolve`: what the documents mean. */
#include <stddef.h>
#include <string.h>

#include "cluster.h"
#include "command.h"
#include "diag_print.h"
#include "print.h"

static const char *const outputs[] = {"table", "json", "yaml", "dot", NULL};

static const struct option own_options[] = {
    {"output", 'o', OPTION_TEXT, "FORM", outputs, "table (default), json, yaml or dot",
     offsetof(struct options, output)},
    {"route", 0, OPTION_LIST, "NAME", NULL,
     "only this route and what it leads to;\nmay be repeated", offsetof(struct options, routes)},
    {"service", 0, OPTION_LIST, "NAME", NULL,
     "only this service and what it leads to;\nmay be repeated",
     offsetof(struct options, services)},
    {"explain", 0, OPTION_TEXT, "NAME", NULL,
     "instead of the table: which objects and\n"
     "fields a route, a service or an object\n"
     "(`namespace/name`) came from, and what\n"
     "was refused",
     offsetof(struct options, explain)},
};

static bool is_form(const struct options *options, const char *form)
{
    return options->output != NULL && strcmp(options->output, form) == 0;
}

static bool print_chosen(struct output *out, const struct cluster *cluster,
                         const struct options *options)
{
    struct selection selection;
    bool done = selection_make(&selection, cluster->table, options);
    if (done) {
        if (is_form(options, "json") || is_form(options, "yaml")) {
            done = print_export(out, &selection, is_form(options, "yaml"));
        } else if (is_form(options, "dot")) {
            print_dot(out, &selection);
        } else {
            print_table(out, &selection);
        }
    }
    selection_free(&selection);
    return done;
}

/* Diagnostics come first: on a terminal the result is then what stands last. */
static int print(struct output *out, const struct cluster *cluster, const struct options *options)
{
    struct output errors;
    output_init(&errors, stderr);
    diag_print_text(&errors, cluster);
    bool done = options->explain != NULL ? print_explanation(out, cluster->table, options->explain,
                                                             is_form(options, "json"))
                                         : print_chosen(out, cluster, options);
    return done ? cluster_status(cluster) : STATUS_FAILED;
}

/* An explanation has no form as a graph and is of no part of the table. */
static bool makes_sense(const struct options *options)
{
    if (options->explain == NULL) {
        return true;
    }
    if (is_form(options, "yaml") || is_form(options, "dot")) {
        complain("--explain", "an explanation is printed as a table or as json");
        return false;
    }
    if (options->routes.num + options->services.num > 0) {
        complain("--explain", "does not go together with --route and --service");
        return false;
    }
    return true;
}

static int run(const struct options *options)
{
    struct cluster cluster;
    struct output out;
    int status = STATUS_FAILED;
    if (!makes_sense(options)) {
        return STATUS_FAILED;
    }
    output_init(&out, stdout);
    if (cluster_open(&cluster, options)) {
        status = print(&out, &cluster, options);
        if (output_close(&out) != 0) {
            status = STATUS_FAILED;
        }
    }
    cluster_close(&cluster);
    return status;
}

const struct command command_resolve = {
    .name = "resolve",
    .summary = "show the routes, services and servers that they mean",
    .description =
        "Reads Kubernetes documents (YAML or JSON) and prints the routing table that they\n"
        "mean: routes, the services that they lead to, and servers. What is wrong goes\n"
        "to standard error. Folders are searched for .yaml, .yml and .json; `-` or\n"
        "nothing means standard input. Exit status: 0 no errors, 1 errors, 2 wrong\n"
        "usage, an unknown name, or something could not be read or written.\n",
    .options = own_options,
    .num_options = sizeof own_options / sizeof own_options[0],
    .run = run,
};
