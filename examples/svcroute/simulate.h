/* `svcroute simulate`: the script and the report. */
#ifndef SVCROUTE_TOOL_SIMULATE_H
#define SVCROUTE_TOOL_SIMULATE_H

#include "drive.h"
#include "json.h"

/* ---- the script --------------------------------------------------------------------------- */

/* Where something stands: both from 1, columns in characters. */
struct place {
    size_t line, column;
};

enum action_kind {
    ACTION_NONE = 0, /* only the time passes */
    ACTION_LOAD,
    ACTION_REMOVE,
    ACTION_ADMIN,   /* up, drain, down */
    ACTION_OUTCOME, /* fail, mend */
    ACTION_LATENCY,
    ACTION_SEND,
};

struct action {
    enum action_kind kind;
    uint64_t at; /* nanoseconds */
    struct place place;
    struct svcroute_text source; /* as written, from the action's word on */
    struct place subject_place;
    const char *subject; /* file, url, object, route or service */

    uint32_t object_kind;                  /* remove: enum svcroute_kind */
    struct svcroute_text namespace_, name; /* remove */
    uint32_t admin;                        /* enum svcroute_admin */
    uint32_t outcome, status;              /* enum svcroute_outcome_kind */
    uint64_t latency;
    struct stream stream; /* send */
};

/* Actions in the order of their times. */
struct script {
    const char *path; /* NULL: standard input */
    char *bytes;
    size_t size;
    struct action *actions;
    size_t num;
    char **words; /* all words, unquoted */
    size_t num_words;
};

/* Reads and parses a script. Whatever is wrong in it is said on standard error, with its place;
 * then false. Freed in either case. */
bool script_open(struct script *script, const char *path);
void script_close(struct script *script);

/* "script:3:7: error: text" on standard error; `hint` NULL: none. */
void script_complain(const struct script *script, struct place place, const char *text,
                     const char *hint);

/* ---- the report --------------------------------------------------------------------------- */

struct report {
    struct output *out;
    struct json json;
    bool as_json;
};

void report_begin(struct report *report, struct output *out, bool as_json, uint64_t seed);
void report_end(struct report *report);

/* A step: the actions of one time; then, with the routing table as it is now, what the balancer
 * tells, and what the requests of each stream came to. */
void report_step(struct report *report, const struct action *actions, size_t num);
void report_events(struct report *report, const struct svcroute_table *table);
void report_event(struct report *report, uint64_t now, const struct svcroute_event *event);
void report_streams(struct report *report, const struct drive *drive, const struct script *script);

#endif
