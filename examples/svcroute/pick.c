/* `svcroute pick`: how a balancer spreads requests over servers. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "command.h"
#include "diag_print.h"
#include "number.h"
#include "shares.h"

static const char *const outputs[] = {"text", "json", NULL};

static const struct option own_options[] = {
    {"output", 'o', OPTION_TEXT, "FORM", outputs, "text (default) or json",
     offsetof(struct options, output)},
    {"requests", 'n', OPTION_TEXT, "N", NULL, "so many requests; default 1000",
     offsetof(struct options, requests)},
    {"rate", 0, OPTION_TEXT, "N", NULL, "requests in a second; default 1000",
     offsetof(struct options, rate)},
    {"client", 0, OPTION_LIST, "ADDRESS", NULL,
     "address of a client; of several each is\nused in turn", offsetof(struct options, clients)},
    {"cookie", 0, OPTION_TEXT, "TEXT", NULL,
     "Cookie header that every client sends,\n`name=value; name=value`",
     offsetof(struct options, cookie)},
    {"down", 0, OPTION_LIST, "SERVER", NULL, "the server with this url is down; may\nbe repeated",
     offsetof(struct options, downs)},
    {"latency", 0, OPTION_LIST, "SERVER=MS", NULL,
     "milliseconds until the server with this\n"
     "url answers, instead of 10; without\n"
     "`SERVER=`: until all others do",
     offsetof(struct options, latencies)},
    {"seed", 0, OPTION_TEXT, "N", NULL,
     "another run of chance; default 0. The\nsame seed gives the same picks",
     offsetof(struct options, seed)},
};

#define SECOND UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

/* Beyond this a number is a slip of the pen: a run would take days, or last for centuries. */
#define MOST_REQUESTS UINT64_C(1000000000000)
#define MOST_LATENCY (UINT64_C(86400) * SECOND)

/* ---- what the command line says ----------------------------------------------------------- */

/* The numbers of the command line. */
struct wishes {
    uint64_t requests, rate, seed;
};

/* False, with a message, for what is no number from `least` to `most`. */
static bool read_number(const char *option, const char *value, uint64_t least, uint64_t most,
                        uint64_t *number)
{
    if (value == NULL) {
        return true;
    }
    if (number_read(text_of(value), number) && *number >= least && *number <= most) {
        return true;
    }
    complain(option, "needs a whole number that makes sense here");
    return false;
}

static bool read_wishes(struct wishes *wishes, const struct options *options)
{
    *wishes = (struct wishes){.requests = 1000, .rate = 1000};
    return read_number("--requests", options->requests, 1, MOST_REQUESTS, &wishes->requests) &&
           read_number("--rate", options->rate, 1, SECOND, &wishes->rate) &&
           read_number("--seed", options->seed, 0, UINT64_MAX, &wishes->seed);
}

static bool no_such_server(const char *url)
{
    complain(url, "there is no server with this url");
    return false;
}

static bool set_downs(struct drive *drive, const struct options *options)
{
    for (size_t i = 0; i < options->downs.num; i++) {
        const char *url = options->downs.items[i];
        struct behaviour *behaviour = drive_behaviour(drive, text_of(url));
        if (behaviour == NULL) {
            return no_such_server(url);
        }
        behaviour->admin = SVCROUTE_ADMIN_DOWN;
        drive_set_admin(drive, behaviour);
    }
    return true;
}

/* "http://10.0.0.1:80=200", or "200" alone for all others. */
static bool read_latency(const char *value, struct svcroute_text *url, uint64_t *latency)
{
    const char *equals = strrchr(value, '=');
    *url = (struct svcroute_text){value, equals != NULL ? (size_t)(equals - value) : 0};
    if (number_read_scaled(text_of(equals != NULL ? equals + 1 : value), MILLISECOND, latency) &&
        *latency <= MOST_LATENCY) {
        return true;
    }
    complain(value, "needs milliseconds that make sense here");
    return false;
}

/* Those of single servers, or that of all others. */
static bool set_latencies(struct drive *drive, const struct values *values, bool of_all)
{
    for (size_t i = 0; i < values->num; i++) {
        uint64_t latency;
        struct svcroute_text url;
        if (!read_latency(values->items[i], &url, &latency)) {
            return false;
        }
        if (of_all && url.size == 0) {
            drive->usual.latency = latency;
        }
        if (of_all || url.size == 0) {
            continue;
        }
        struct behaviour *behaviour = drive_behaviour(drive, url);
        if (behaviour == NULL) {
            return no_such_server(values->items[i]);
        }
        behaviour->latency = latency;
    }
    return true;
}

/* ---- what comes of it --------------------------------------------------------------------- */

/* Lines of Set-Cookie, one after the other. */
static bool next_line(const char **at, struct svcroute_text *line)
{
    if (*at == NULL || **at == '\0') {
        return false;
    }
    *line = (struct svcroute_text){*at, strcspn(*at, "\n")};
    *at += line->size + 1;
    return true;
}

static void print_text(struct output *out, const struct drive *drive, const struct stream *stream)
{
    const char *at = stream->set_cookies;
    struct svcroute_text line;
    shares_print(out, drive, stream, 0);
    for (size_t i = 0; next_line(&at, &line); i++) {
        output_string(out, i == 0 ? "The first answer sets these cookies:\n" : "");
        output_string(out, "  ");
        output_text(out, line);
        output_string(out, "\n");
    }
}

static void print_json(struct output *out, const struct drive *drive, const struct stream *stream,
                       uint64_t seed)
{
    struct json json = {.out = out};
    const char *at = stream->set_cookies;
    struct svcroute_text line;
    json_begin(&json, '{');
    shares_json(&json, drive, stream);
    json_key(&json, "first_cookies");
    json_begin(&json, '[');
    while (next_line(&at, &line)) {
        json_text(&json, line);
    }
    json_end(&json, ']');
    json_key(&json, "seed");
    json_number(&json, seed);
    json_end(&json, '}');
}

static bool pick(struct output *out, const struct cluster *cluster, const struct options *options)
{
    struct wishes wishes;
    struct drive drive;
    if (!read_wishes(&wishes, options)) {
        return false;
    }
    struct stream stream = {
        .target = text_of(options->operands[0]),
        .clients = options->clients,
        .cookie = text_of(options->cookie),
        .num = wishes.requests,
        .span = wishes.requests / wishes.rate * SECOND +
                wishes.requests % wishes.rate * SECOND / wishes.rate,
    };
    bool done = drive_open(&drive, cluster->context, cluster->table, wishes.seed) &&
                /* A server's own behaviour begins as the usual one, so that comes first. */
                set_latencies(&drive, &options->latencies, true) &&
                set_latencies(&drive, &options->latencies, false) && set_downs(&drive, options);
    if (done && !drive_send(&drive, &stream)) {
        complain(options->operands[0], "there is no such route or service");
        done = false;
    }
    if (done) {
        drive.expected = wishes.requests;
        drive_run(&drive, UINT64_MAX);
        if (options->output != NULL && strcmp(options->output, "json") == 0) {
            print_json(out, &drive, &stream, wishes.seed);
        } else {
            print_text(out, &drive, &stream);
        }
    }
    drive_close(&drive);
    free(stream.tally.counts);
    free(stream.set_cookies);
    return done;
}

static int run(const struct options *options)
{
    struct cluster cluster;
    struct output out, errors;
    int status = STATUS_FAILED;
    output_init(&out, stdout);
    output_init(&errors, stderr);
    if (cluster_open(&cluster, options)) {
        diag_print_text(&errors, &cluster);
        status = pick(&out, &cluster, options) ? cluster_status(&cluster) : STATUS_FAILED;
        if (output_close(&out) != 0) {
            status = STATUS_FAILED;
        }
    }
    cluster_close(&cluster);
    return status;
}

const struct command command_pick = {
    .name = "pick",
    .summary = "show how requests are spread over the servers of a route",
    .operands = {"ROUTE|SERVICE"},
    .description =
        "Reads Kubernetes documents (YAML or JSON), resolves them, and lets a balancer\n"
        "pick a server for each of many requests to one route or service. Nothing is\n"
        "sent: clients, servers and the clock are made up. Folders are searched for\n"
        ".yaml, .yml and .json; `-` or nothing means standard input. Exit status: 0 no\n"
        "errors in the documents, 1 errors, 2 wrong usage, an unknown name, or something\n"
        "could not be read or written.\n",
    .options = own_options,
    .num_options = sizeof own_options / sizeof own_options[0],
    .run = run,
};
