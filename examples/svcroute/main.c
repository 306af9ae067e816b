/* The tool's table of commands, and what it does without one. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <svcroute/svcroute.h>

#include "command.h"
#include "output.h"

static const struct command *const commands[] = {
    &command_check, &command_resolve, &command_match, &command_pick, &command_simulate,
};

#define NUM_COMMANDS (sizeof commands / sizeof commands[0])

static int finish(struct output *out)
{
    return output_close(out) == 0 ? STATUS_FINE : STATUS_FAILED;
}

static int print_help(void)
{
    struct output out;
    output_init(&out, stdout);
    output_string(&out, "Usage: svcroute COMMAND [OPTION]... [FILE|FOLDER|-]...\n"
                        "What Traefik's Kubernetes documents mean, without a cluster.\n\n"
                        "Commands:\n");
    for (size_t i = 0; i < NUM_COMMANDS; i++) {
        output_format(&out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    output_string(&out, "\n"
                        "  svcroute COMMAND --help   options of a command\n"
                        "  svcroute --version        version of the tool and of the library\n");
    return finish(&out);
}

static int print_version(void)
{
    struct output out;
    output_init(&out, stdout);
    output_format(&out, "svcroute %d.%d.%d (libsvcroute %s)\n", SVCROUTE_VERSION_MAJOR,
                  SVCROUTE_VERSION_MINOR, SVCROUTE_VERSION_PATCH, svcroute_version_text());
    return finish(&out);
}

static int unknown(const char *argument, const char *what)
{
    const char *names[NUM_COMMANDS];
    for (size_t i = 0; i < NUM_COMMANDS; i++) {
        names[i] = commands[i]->name;
    }
    complain(argument, what);
    const char *nearest =
        argument[0] != '-' ? options_nearest(argument, names, NUM_COMMANDS) : NULL;
    if (nearest != NULL) {
        fprintf(stderr, "Did you mean '%s'? ", nearest);
    }
    fputs("Try 'svcroute --help'.\n", stderr);
    return STATUS_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options;
    int status = STATUS_FAILED;
    if (options_parse(&options, command, argc, argv)) {
        status = options.help      ? options_print_help(command)
                 : options.version ? print_version()
                                   : command->run(&options);
    }
    options_free(&options);
    return status;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an ordinary failure to write */
    if (argc < 2) {
        complain(NULL, "a command is needed");
        fputs("Try 'svcroute --help'.\n", stderr);
        return STATUS_FAILED;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return print_help();
    }
    if (strcmp(argv[1], "--version") == 0) {
        return print_version();
    }
    for (size_t i = 0; i < NUM_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return run(commands[i], argc - 2, argv + 2);
        }
    }
    return unknown(argv[1], argv[1][0] == '-' ? "unknown option" : "unknown command");
}
