/* `svcroute check`: what is wrong in the documents. */
#include <stddef.h>
#include <string.h>

#include "command.h"
#include "diag_print.h"

static const char *const outputs[] = {"text", "json", "sarif", NULL};

static const struct option own_options[] = {
    {"output", 'o', OPTION_TEXT, "FORM", outputs, "text (default), json or sarif",
     offsetof(struct options, output)},
    {"no-lint", 0, OPTION_SWITCH, NULL, NULL, "no warnings of rules that look like a\nmistake",
     offsetof(struct options, no_lint)},
    {"strict", 0, OPTION_SWITCH, NULL, NULL, "fields that no schema has are errors",
     offsetof(struct options, strict)},
};

static void print(struct output *out, const struct cluster *cluster, const char *form)
{
    if (form != NULL && strcmp(form, "json") == 0) {
        diag_print_json(out, cluster);
    } else if (form != NULL && strcmp(form, "sarif") == 0) {
        diag_print_sarif(out, cluster);
    } else {
        diag_print_text(out, cluster);
        diag_print_summary(out, cluster);
    }
}

static bool lint(const struct cluster *cluster)
{
    int code = svcroute_table_lint(cluster->table, cluster->diags);
    if (code != 0) {
        complain(NULL, svcroute_error_text(code));
    }
    return code == 0;
}

static int run(const struct options *options)
{
    struct cluster cluster;
    struct output out;
    int status = STATUS_FAILED;
    output_init(&out, stdout);
    if (cluster_open(&cluster, options) && (options->no_lint || lint(&cluster))) {
        print(&out, &cluster, options->output);
        status = output_close(&out) == 0 ? cluster_status(&cluster) : STATUS_FAILED;
    }
    cluster_close(&cluster);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "say what is wrong in Kubernetes documents",
    .description = "Reads Kubernetes documents (YAML or JSON), resolves them and prints what is\n"
                   "wrong in them. Folders are searched for .yaml, .yml and .json; `-` or nothing\n"
                   "means standard input. Exit status: 0 no errors, 1 errors, 2 wrong usage, or\n"
                   "something could not be read or written.\n",
    .options = own_options,
    .num_options = sizeof own_options / sizeof own_options[0],
    .run = run,
};
