/* `svcroute simulate`: what becomes of requests while documents and servers change. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "command.h"
#include "diag_print.h"
#include "memory.h"
#include "number.h"
#include "progress.h"
#include "simulate.h"

static const char *const outputs[] = {"text", "json", NULL};

static const struct option own_options[] = {
    {"output", 'o', OPTION_TEXT, "FORM", outputs, "text (default) or json",
     offsetof(struct options, output)},
    {"seed", 0, OPTION_TEXT, "N", NULL,
     "another run of chance; default 0. The\nsame seed gives the same picks",
     offsetof(struct options, seed)},
};

struct simulation {
    struct script script;
    struct cluster cluster;
    struct drive drive;
    struct report report;
    bool changed; /* documents changed since the balancer got its table */
};

static bool wrong(const struct simulation *simulation, const struct action *action,
                  const char *text)
{
    script_complain(&simulation->script, action->subject_place, text, NULL);
    return false;
}

/* ---- documents ---------------------------------------------------------------------------- */

/* A path of the script is seen from the folder that the script is in. */
static bool load(struct simulation *simulation, const struct action *action)
{
    const char *script = simulation->script.path, *path = action->subject;
    const char *slash = script != NULL && path[0] != '/' ? strrchr(script, '/') : NULL;
    size_t folder = slash != NULL ? (size_t)(slash - script) + 1 : 0, size = strlen(path);
    char *whole = memory_new(folder + size + 1, 1);
    if (folder > 0) {
        memcpy(whole, script, folder);
    }
    memcpy(whole + folder, path, size);
    bool done = cluster_load(&simulation->cluster, whole);
    free(whole);
    simulation->changed = true;
    return done || wrong(simulation, action, "this could not be loaded");
}

static bool take_away(struct simulation *simulation, const struct action *action)
{
    int code = svcroute_store_remove(simulation->cluster.store, action->object_kind,
                                     action->namespace_, action->name);
    simulation->changed = true;
    return code == 0 || wrong(simulation, action,
                              code == SVCROUTE_ERR_NOT_FOUND ? "there is no such object"
                                                             : svcroute_error_text(code));
}

/* Several changes at one time are one update, unless something else stands between them. */
static bool settle(struct simulation *simulation)
{
    struct cluster *cluster = &simulation->cluster;
    struct output errors;
    if (!simulation->changed) {
        return true;
    }
    simulation->changed = false;
    bool done = cluster_resolve(cluster);
    output_init(&errors, stderr);
    diag_print_text(&errors, cluster);
    cluster_forget_diags(cluster);
    return done && drive_update(&simulation->drive, cluster->table);
}

/* ---- servers and clients ------------------------------------------------------------------ */

static bool change_server(struct simulation *simulation, const struct action *action)
{
    struct drive *drive = &simulation->drive;
    struct behaviour *behaviour = drive_behaviour(drive, text_of(action->subject));
    if (behaviour == NULL) {
        return wrong(simulation, action, "there is no server with this url now");
    }
    if (action->kind == ACTION_ADMIN) {
        behaviour->admin = action->admin;
        drive_set_admin(drive, behaviour);
    } else if (action->kind == ACTION_OUTCOME) {
        behaviour->outcome = action->outcome;
        behaviour->status = action->status;
    } else {
        behaviour->latency = action->latency;
    }
    return true;
}

static bool act(struct simulation *simulation, struct action *action)
{
    switch (action->kind) {
    case ACTION_LOAD:
        return load(simulation, action);
    case ACTION_REMOVE:
        return take_away(simulation, action);
    case ACTION_ADMIN:
    case ACTION_OUTCOME:
    case ACTION_LATENCY:
        return settle(simulation) && change_server(simulation, action);
    case ACTION_SEND:
        return settle(simulation) &&
               (drive_send(&simulation->drive, &action->stream) ||
                wrong(simulation, action, "there is no such route or service now"));
    case ACTION_NONE:
        break;
    }
    return true;
}

/* ---- steps -------------------------------------------------------------------------------- */

static void listen(void *user, const struct svcroute_event *event)
{
    struct simulation *simulation = user;
    report_event(&simulation->report, simulation->drive.now, event);
}

/* What was told counts anew in the next step. */
static void clear_tallies(struct script *script)
{
    for (size_t i = 0; i < script->num; i++) {
        struct tally *tally = &script->actions[i].stream.tally;
        tally->sent = tally->none = tally->lost = 0;
        if (tally->num_counts > 0) {
            memset(tally->counts, 0, tally->num_counts * sizeof *tally->counts);
        }
    }
}

/* The actions of one time, and what happens until the next; gives the index of the next. */
static size_t run_step(struct simulation *simulation, size_t first, bool *done)
{
    struct script *script = &simulation->script;
    size_t next = first;
    while (next < script->num && script->actions[next].at == script->actions[first].at) {
        next++;
    }
    report_step(&simulation->report, script->actions + first, next - first);
    for (size_t i = first; i < next && *done; i++) {
        *done = act(simulation, &script->actions[i]);
    }
    *done = *done && settle(simulation);
    report_events(&simulation->report, simulation->cluster.table);
    if (*done) {
        drive_run(&simulation->drive, next < script->num ? script->actions[next].at : UINT64_MAX);
    }
    report_streams(&simulation->report, &simulation->drive, script);
    clear_tallies(script);
    return next;
}

static bool run_steps(struct simulation *simulation, struct output *out)
{
    struct script *script = &simulation->script;
    bool done = true;
    for (size_t i = 0; i < script->num; i++) {
        simulation->drive.expected += script->actions[i].stream.num;
    }
    for (size_t next = 0; next < script->num && done && out->error == 0;) {
        next = run_step(simulation, next, &done);
    }
    return done;
}

static bool simulate(struct simulation *simulation, struct output *out,
                     const struct options *options)
{
    uint64_t seed = 0;
    if (options->seed != NULL && !number_read(text_of(options->seed), &seed)) {
        complain("--seed", "needs a whole number");
        return false;
    }
    if (!script_open(&simulation->script, options->operands[0]) ||
        !(options->inputs.num > 0 ? cluster_open(&simulation->cluster, options)
                                  : cluster_open_empty(&simulation->cluster, options))) {
        return false;
    }
    struct output errors;
    output_init(&errors, stderr);
    diag_print_text(&errors, &simulation->cluster);
    cluster_forget_diags(&simulation->cluster);
    if (!drive_open(&simulation->drive, simulation->cluster.context, simulation->cluster.table,
                    seed)) {
        return false;
    }
    simulation->drive.listener = listen;
    simulation->drive.user = simulation;
    report_begin(&simulation->report, out,
                 options->output != NULL && strcmp(options->output, "json") == 0, seed);
    bool done = run_steps(simulation, out);
    report_end(&simulation->report);
    return done;
}

static int run(const struct options *options)
{
    struct simulation *simulation = memory_new(1, sizeof *simulation);
    struct output out;
    output_init(&out, stdout);
    int status = STATUS_FAILED;
    if (simulate(simulation, &out, options)) {
        status = cluster_status(&simulation->cluster);
    }
    if (output_close(&out) != 0) {
        status = STATUS_FAILED;
    }
    drive_close(&simulation->drive);
    cluster_close(&simulation->cluster);
    script_close(&simulation->script);
    free(simulation);
    return status;
}

const struct command command_simulate = {
    .name = "simulate",
    .summary = "play a script of requests, changes and failures",
    .operands = {"SCRIPT"},
    .description =
        "Plays a script: at given times documents change, servers go down or fail, and\n"
        "requests are sent to routes or services; tells for each time what went where.\n"
        "Nothing is sent: clients, servers and the clock are made up. The documents that\n"
        "are given (YAML or JSON; folders are searched for .yaml, .yml and .json) are\n"
        "there from the beginning; the script may load others. `-` is standard input.\n"
        "svcroute(1) describes the script. Exit status: 0 no errors in the documents, 1\n"
        "errors, 2 wrong usage, an error in the script, or something could not be read\n"
        "or written.\n"
        "\n"
        "  at 0s  send 1000 to shop-web over 10s\n"
        "  at 3s  fail http://10.0.0.1:8080 with 503\n"
        "  at 6s  load new-release.yaml\n",
    .options = own_options,
    .num_options = sizeof own_options / sizeof own_options[0],
    .run = run,
};
