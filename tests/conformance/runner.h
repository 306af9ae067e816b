/* What all conformance runners share: counting, the lines they print, their exit status.
 *
 * A failing case prints `FAIL <case>: <why>`, the last line is `N passed, N failed`. Exit status: 0
 * nothing failed and at least one case ran; 1 a case failed or none was found; 2 usage or input and
 * output. */
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include <stddef.h>

#include <svcroute/document.h>
#include <svcroute/policy.h>

enum runner_status {
    RUNNER_OK = 0,
    RUNNER_FAILED = 1,
    RUNNER_USAGE = 2,
};

struct runner {
    size_t passed, failed;
};

void runner_init(struct runner *runner);
void runner_pass(struct runner *runner);
/* `name` is the case; the rest says why. One failing case calls this once. */
__attribute__((format(printf, 3, 4))) void runner_fail(struct runner *runner, const char *name,
                                                       const char *format, ...);
/* Prints the last line and gives the exit status (RUNNER_USAGE if standard output failed). */
int runner_finish(const struct runner *runner);

/* Reads a whole file into memory that the caller frees; a NUL that does not count follows the
 * bytes. Returns 0, or -1 after saying on standard error what is wrong. */
int runner_read_file(const char *path, char **data, size_t *size);

/* Reads a JSON file of one value, to be freed by the caller; NULL after saying what is wrong. */
struct svcroute_document *runner_read_json(struct svcroute_context *context, const char *path);
/* The text of a map's entry; absent (data NULL) if there is none or it is no string. */
struct svcroute_text runner_find_text(const struct svcroute_node *map, const char *key);

/* Sets a new policy as an options.json says; profile traefik-v3 when it names none. */
int runner_set_policy(struct svcroute_policy *policy, const struct svcroute_node *options);

/* The main of a runner over one file: a JSON list, or a map whose `cases` are one, each element judged by `judge`, whose `name`
 * tells the row. Gives the exit status. */
int runner_main(int argc, char **argv,
                void (*judge)(struct runner *runner, struct svcroute_context *context,
                              const struct svcroute_node *row, const char *name));

#endif
