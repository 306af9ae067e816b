/* Commands of the tool: one row each in main.c's table. A new command brings a file with its run
 * function and the options that it has beyond the shared ones. */
#ifndef SVCROUTE_TOOL_COMMAND_H
#define SVCROUTE_TOOL_COMMAND_H

#include "options.h"

/* Exit statuses, the same in every command; of several the greatest counts. */
enum status {
    STATUS_FINE = 0,   /* no errors in the documents */
    STATUS_ERRORS = 1, /* errors in the documents */
    STATUS_FAILED = 2  /* wrong usage, or something could not be read or written */
};

struct command {
    const char *name;
    const char *summary;                /* for the list of commands */
    const char *operands[OPERANDS_MAX]; /* first arguments, ahead of the inputs; NULL: no more */
    const char *description;            /* for the command's own help */
    const struct option *options;       /* its own, besides the shared ones */
    size_t num_options;
    int (*run)(const struct options *options); /* gives an enum status */
};

extern const struct command command_check;
extern const struct command command_match;
extern const struct command command_pick;
extern const struct command command_resolve;
extern const struct command command_simulate;

#endif
