/* What the parts of the hostile suite share: counting checks, an allocator that counts, the table
 * of rejects. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

/* ---- checks (main.c) ---- */

/* Counts one check; a failed one prints `FAIL name: why`. */
__attribute__((format(printf, 3, 4))) void check(bool ok, const char *name, const char *why, ...);
/* Ends the program: the suite itself is broken. */
_Noreturn void give_up(const char *why);

/* ---- allocator (counting.c) ---- */

/* Counts what a context asks for, and checks that each block comes back with its size. */
struct counting {
    struct svcroute_allocator functions;
    uint64_t calls, bytes; /* asked for since the last counting_restart() */
    uint64_t live, live_bytes, peak;
    bool wrong; /* a block came back with another size, or was none of ours */
};

void counting_init(struct counting *counting);
void counting_restart(struct counting *counting);
struct svcroute_context *counting_context(struct counting *counting,
                                          const struct svcroute_context_options *options);

/* ---- growing text (counting.c) ---- */

struct input {
    char *data;
    size_t size, capacity;
};

void input_add(struct input *input, const char *data, size_t size);
__attribute__((format(printf, 2, 3))) void input_print(struct input *input, const char *format,
                                                       ...);
void input_repeat(struct input *input, const char *text, size_t times);
void input_free(struct input *input);

/* ---- rejects ---- */

enum reject_flag {
    REJECT_KEPT = 0,      /* the document behind this one is read */
    REJECT_LOST = 1,      /* it is not: nobody knows where it begins */
    REJECT_DIRECTIVE = 2, /* begins with a directive, so "..." has to end the document ahead */
    REJECT_STRICT = 4,
    REJECT_LIMITS = 8, /* under the small limits of rejects.c */
    REJECT_ALONE = 16  /* not as one of several documents */
};

/* A document, the only diagnostic that it earns, and what becomes of its objects. */
struct reject {
    const char *name;
    const char *text;
    size_t size;
    const char *id; /* NULL: none */
    uint32_t line, column;
    unsigned flags;
    unsigned accepted, rejected, ignored;
};

#define REJECT(title, document, diagnostic, at_line, at_column, with)                              \
    {                                                                                              \
        .name = (title), .text = (document), .size = sizeof(document) - 1, .id = (diagnostic),     \
        .line = (at_line), .column = (at_column), .flags = (with), .rejected = 1                   \
    }
/* The same for a document that is not refused as a whole. */
#define JUDGED(title, document, diagnostic, at_line, at_column, with, yes, no, neither)            \
    {                                                                                              \
        .name = (title), .text = (document), .size = sizeof(document) - 1, .id = (diagnostic),     \
        .line = (at_line), .column = (at_column), .flags = (with), .accepted = (yes),              \
        .rejected = (no), .ignored = (neither)                                                     \
    }

extern const struct reject yaml_rejects[], json_rejects[], kube_rejects[];
extern const size_t num_yaml_rejects, num_json_rejects, num_kube_rejects;

/* ---- the parts ---- */

void run_rejects(void);
void run_bombs(void);
void run_scaling(void);
void run_rules(void);

#endif
