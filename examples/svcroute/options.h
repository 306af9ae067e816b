/* The command line: options as tables of rows, shared ones and those of a command. */
#ifndef SVCROUTE_TOOL_OPTIONS_H
#define SVCROUTE_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct command;

/* Values of an option that may be given several times, or the operands. Borrowed from argv. */
struct values {
    const char **items;
    size_t num;
};

/* Arguments ahead of the inputs, at most. */
enum { OPERANDS_MAX = 2 };

/* What was asked for. Members that a command has no option for stay zero. */
struct options {
    const char *operands[OPERANDS_MAX]; /* what a command is about, where it is about one thing */
    struct values inputs;               /* files, folders, "-" */
    bool help, version;
    const char *output; /* one of the option's choices, or NULL */

    /* policy */
    const char *profile; /* or NULL */
    const char *ingress_class;
    struct values cross_provider_namespaces, namespaces; /* each with commas */
    bool allow_local_addresses, allow_cross_namespace, allow_external_name_services;
    bool allow_empty_services, allow_health_checks;
    bool native_lb_by_default, disable_cluster_scope_resources;

    bool strict, no_lint; /* check */

    struct values routes, services; /* resolve */
    const char *explain;

    const char *requests, *rate, *cookie; /* pick */
    struct values clients, downs, latencies;
    const char *seed; /* pick and simulate */

    struct values headers, encoded; /* match */
    const char *client, *entry_point;
    bool all, pick;
};

enum option_kind {
    OPTION_SWITCH = 1, /* bool, no value */
    OPTION_TEXT = 2,   /* const char *, the last one counts */
    OPTION_LIST = 3,   /* struct values */
};

struct option {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    enum option_kind kind;
    const char *value;          /* how the value is called in the help */
    const char *const *choices; /* NULL: any text; else ended by NULL */
    const char *help;
    size_t target; /* offset in struct options */
};

/* Reads the arguments behind the command's name. False, with a message on standard error, if they
 * are not understood. `out` is freed by options_free() in either case. */
bool options_parse(struct options *out, const struct command *command, int argc, char **argv);
void options_free(struct options *options);

/* A command's help, on standard output; gives an exit status. */
int options_print_help(const struct command *command);

/* Of `num` names the one that `text` is probably a slip of; NULL if none is near. */
const char *options_nearest(const char *text, const char *const *names, size_t num);

#endif
