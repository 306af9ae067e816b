/* Inputs: which files the arguments mean, and their bytes. */
#ifndef SVCROUTE_TOOL_INPUT_H
#define SVCROUTE_TOOL_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* Name of standard input in messages. */
#define INPUT_STANDARD "<stdin>"

struct inputs {
    char **paths; /* in the order of reading; NULL: standard input */
    size_t num;
    bool failed; /* something could not be found or opened; it was said on standard error */
};

/* Expands folders and leaves out what was named before. */
void inputs_gather(struct inputs *inputs, const struct values *arguments);
void inputs_free(struct inputs *inputs);

/* Reads all bytes of a path (NULL: standard input) into memory that the caller frees. 0 or an
 * errno. */
int input_read(const char *path, size_t index, char **bytes, size_t *size);

#endif
