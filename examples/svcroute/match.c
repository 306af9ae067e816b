/* `svcroute match`: which route a request takes, and why. */
#include "match.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "diag_print.h"
#include "drive.h"
#include "memory.h"

static const char *const outputs[] = {"text", "json", NULL};

static const struct option own_options[] = {
    {"output", 'o', OPTION_TEXT, "FORM", outputs, "text (default) or json",
     offsetof(struct options, output)},
    {"header", 'H', OPTION_LIST, "'NAME: VALUE'", NULL,
     "a header of the request; may be\nrepeated. Host replaces that of the URL",
     offsetof(struct options, headers)},
    {"client", 0, OPTION_TEXT, "ADDRESS", NULL,
     "where the request comes from; without\nit ClientIP matches nothing",
     offsetof(struct options, client)},
    {"entry-point", 0, OPTION_TEXT, "NAME", NULL,
     "only routes on this entry point\n(without the option: on any)",
     offsetof(struct options, entry_point)},
    {"allow-encoded", 0, OPTION_LIST, "A,B", NULL,
     "what a path may hold encoded: slash,\n"
     "backslash, nul, semicolon, percent,\n"
     "question, hash, all, none; else it is\n"
     "refused (profile traefik-v3: all)",
     offsetof(struct options, encoded)},
    {"all", 'a', OPTION_SWITCH, NULL, NULL, "also what became of every other route",
     offsetof(struct options, all)},
    {"pick", 0, OPTION_SWITCH, NULL, NULL, "also the server that the request gets",
     offsetof(struct options, pick)},
};

/* ---- the server --------------------------------------------------------------------------- */

/* One request by the clock of `svcroute pick`. */
struct serving {
    struct drive drive;
    struct stream stream;
    const char *client;
    struct served served;
};

static void read_tally(struct serving *serving, struct refusal *refusal)
{
    const struct tally *tally = &serving->stream.tally;
    struct served *served = &serving->served;
    if (tally->none > 0) {
        refusal->status = 503;
        snprintf(refusal->why, sizeof refusal->why, "its service has no server for it");
        return;
    }
    for (size_t i = 0; i < tally->num_counts; i++) {
        const struct count *count = &tally->counts[i];
        const struct drive_server *server = &serving->drive.servers[i];
        if (count->copies > 0) {
            served->copies =
                memory_grow(served->copies, served->num_copies + 1, sizeof *served->copies);
            served->copies[served->num_copies++] = server->url;
        }
        if (count->picks > 0) {
            served->service = server->service;
            served->url = server->url;
            served->why = count->cookie > 0        ? SVCROUTE_WHY_COOKIE
                          : count->fallback > 0    ? SVCROUTE_WHY_FALLBACK
                          : count->last_resort > 0 ? SVCROUTE_WHY_LAST_RESORT
                                                   : SVCROUTE_WHY_STRATEGY;
        }
    }
    served->set_cookies = serving->stream.set_cookies;
}

/* False, with a message, if it cannot be told. */
static bool serve(struct serving *serving, const struct cluster *cluster, struct answer *answer,
                  const struct asked *asked)
{
    const struct svcroute_route_info *info = &answer->way.items[answer->way.num - 1].info;
    if (memchr(info->service.data, '@', info->service.size) != NULL) {
        return true; /* another provider's: its servers are not known here */
    }
    serving->client = asked->request.client.data;
    serving->stream = (struct stream){
        .target = info->name,
        .clients = {&serving->client, serving->client != NULL},
        .cookie = asked->cookies,
        .num = 1,
    };
    if (!drive_open(&serving->drive, cluster->context, cluster->table, 0)) {
        return false;
    }
    if (drive_send(&serving->drive, &serving->stream)) {
        drive_run(&serving->drive, UINT64_MAX);
        read_tally(serving, &answer->refusal);
    }
    return true;
}

static void serving_close(struct serving *serving)
{
    if (serving->drive.context != NULL) {
        drive_close(&serving->drive);
    }
    free(serving->stream.tally.counts);
    free(serving->stream.set_cookies);
    free(serving->served.copies);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int match(struct output *out, const struct cluster *cluster, const struct asked *asked,
                 const struct options *options)
{
    struct answer answer;
    struct serving serving = {.client = NULL};
    bool json = options->output != NULL && strcmp(options->output, "json") == 0;
    bool done = answer_find(&answer, cluster->table, asked, options->all);
    bool taken = done && answer.refusal.status == 0;
    if (taken && options->pick) {
        done = serve(&serving, cluster, &answer, asked);
    }
    if (done) {
        (json ? match_json : match_print)(
            out, asked, &answer, taken && options->pick ? &serving.served : NULL, options->all);
    }
    int status = !done || cluster->failed     ? STATUS_FAILED
                 : answer.refusal.status == 0 ? STATUS_FINE
                                              : STATUS_ERRORS;
    serving_close(&serving);
    answer_free(&answer);
    return status;
}

static int run(const struct options *options)
{
    struct cluster cluster;
    struct asked asked;
    struct output out, errors;
    bool traefik = options->profile != NULL && strcmp(options->profile, "traefik-v3") == 0;
    int status = STATUS_FAILED;
    output_init(&out, stdout);
    output_init(&errors, stderr);
    if (!asked_read(&asked, options,
                    traefik ? SVCROUTE_PROFILE_TRAEFIK_V3 : SVCROUTE_PROFILE_DEFAULT)) {
        asked_free(&asked);
        return STATUS_FAILED;
    }
    if (cluster_open(&cluster, options)) {
        diag_print_text(&errors, &cluster);
        status = match(&out, &cluster, &asked, options);
        if (output_close(&out) != 0) {
            status = STATUS_FAILED;
        }
    }
    cluster_close(&cluster);
    asked_free(&asked);
    return status;
}

const struct command command_match = {
    .name = "match",
    .summary = "show which route a request takes, and why",
    .operands = {"METHOD", "URL"},
    .description =
        "Reads Kubernetes documents (YAML or JSON), resolves them, and tells which route\n"
        "a request takes, which part of its rule settled that, and which routes would be\n"
        "next. URLs with https:// reach routes with `tls`, those with http:// routes\n"
        "without, a bare path both. Folders are searched for .yaml, .yml and .json; `-`\n"
        "or nothing means standard input. Exit status: 0 a route takes it, 1 none does, 2\n"
        "wrong usage, or something could not be read or written.\n"
        "\n"
        "  svcroute match GET https://shop.example/api -H 'X-Test: 1' deploy/\n",
    .options = own_options,
    .num_options = sizeof own_options / sizeof own_options[0],
    .run = run,
};
