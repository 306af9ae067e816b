/* Parsing of the command line and the help that comes from the same tables. */
#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "memory.h"
#include "output.h"

static const char *const profiles[] = {"default", "traefik-v3", NULL};

#define TARGET(member) offsetof(struct options, member)

static const struct option shared_options[] = {
    {"profile", 0, OPTION_TEXT, "NAME", profiles,
     "whose answers count: `default` (the\n"
     "documentation, faults corrected) or\n"
     "`traefik-v3` (the reference proxy's)",
     TARGET(profile)},
    {"allow-cross-namespace", 0, OPTION_SWITCH, NULL, NULL,
     "references may lead to other namespaces", TARGET(allow_cross_namespace)},
    {"allow-external-name-services", 0, OPTION_SWITCH, NULL, NULL,
     "Services of type ExternalName may be\nused", TARGET(allow_external_name_services)},
    {"allow-local-addresses", 0, OPTION_SWITCH, NULL, NULL,
     "servers may be on loopback and\nlink-local addresses", TARGET(allow_local_addresses)},
    {"allow-empty-services", 0, OPTION_SWITCH, NULL, NULL, "a service without servers is no error",
     TARGET(allow_empty_services)},
    {"allow-health-checks", 0, OPTION_SWITCH, NULL, NULL,
     "healthCheck works for Services of every\ntype, not of ExternalName alone (profile\n`default` "
     "only)",
     TARGET(allow_health_checks)},
    {"native-lb-by-default", 0, OPTION_SWITCH, NULL, NULL,
     "nativeLB is true where a reference\nleaves it out", TARGET(native_lb_by_default)},
    {"disable-cluster-scope-resources", 0, OPTION_SWITCH, NULL, NULL, "Nodes are not looked up",
     TARGET(disable_cluster_scope_resources)},
    {"ingress-class", 0, OPTION_TEXT, "NAME", NULL,
     "only IngressRoutes of this class\n(without the option: those of class\n`traefik` and of "
     "none)",
     TARGET(ingress_class)},
    {"cross-provider-namespaces", 0, OPTION_LIST, "A,B", NULL,
     "namespaces whose objects may use names\n"
     "with `@`; given empty: none (without\n"
     "the option: all)",
     TARGET(cross_provider_namespaces)},
    {"namespaces", 0, OPTION_LIST, "A,B", NULL, "only objects in these namespaces exist",
     TARGET(namespaces)},
    {"help", 'h', OPTION_SWITCH, NULL, NULL, "show this help", TARGET(help)},
    {"version", 0, OPTION_SWITCH, NULL, NULL, "show the version", TARGET(version)},
};

#define NUM_SHARED (sizeof shared_options / sizeof shared_options[0])

/* The row behind all rows is NULL. */
static const struct option *option_at(const struct command *command, size_t index)
{
    if (index < command->num_options) {
        return &command->options[index];
    }
    index -= command->num_options;
    return index < NUM_SHARED ? &shared_options[index] : NULL;
}

/* ---- slips of the pen --------------------------------------------------------------------- */

enum { NAME_MAX_SIZE = 48 };

/* Levenshtein's distance by one row of his table; names here are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_SIZE + 1];
    size_t b_size = strlen(b);
    if (strlen(a) > NAME_MAX_SIZE || b_size > NAME_MAX_SIZE) {
        return NAME_MAX_SIZE;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_size; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            if (row[j] + 1 < best) {
                best = row[j] + 1;
            }
            if (row[j + 1] + 1 < best) {
                best = row[j + 1] + 1;
            }
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[b_size];
}

const char *options_nearest(const char *text, const char *const *names, size_t num)
{
    const char *nearest = NULL;
    size_t least = strlen(text) / 3 + 2;
    for (size_t i = 0; i < num; i++) {
        size_t far = distance(text, names[i]);
        bool beginning = text[0] != '\0' && strncmp(text, names[i], strlen(text)) == 0;
        if (beginning && far >= least) {
            far = least - 1;
        }
        if (far < least) {
            least = far;
            nearest = names[i];
        }
    }
    return nearest;
}

static void hint_help(const struct command *command)
{
    fprintf(stderr, "Try 'svcroute %s --help'.\n", command->name);
}

static void complain_of(const struct option *option, const char *text)
{
    char name[NAME_MAX_SIZE];
    snprintf(name, sizeof name, "--%s", option->name);
    complain(name, text);
}

static bool unknown_option(const struct command *command, const char *argument, const char *name)
{
    const char *names[NUM_SHARED + 16];
    size_t num = 0;
    for (const struct option *option;
         num < sizeof names / sizeof names[0] && (option = option_at(command, num)) != NULL;
         num++) {
        names[num] = option->name;
    }
    complain(argument, "unknown option");
    const char *nearest = name != NULL ? options_nearest(name, names, num) : NULL;
    if (nearest != NULL) {
        fprintf(stderr, "Did you mean '--%s'? ", nearest);
    }
    hint_help(command);
    return false;
}

/* ---- parsing ------------------------------------------------------------------------------ */

static void values_add(struct values *values, const char *item)
{
    values->items = memory_grow(values->items, values->num + 1, sizeof values->items[0]);
    values->items[values->num++] = item;
}

static bool is_choice(const struct option *option, const char *value)
{
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            return true;
        }
    }
    return false;
}

static bool wrong_choice(const struct command *command, const struct option *option,
                         const char *value)
{
    complain(value, "no value of this option");
    fprintf(stderr, "Values of '--%s':", option->name);
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", option->choices[i]);
    }
    fputs(". ", stderr);
    hint_help(command);
    return false;
}

static bool set_option(struct options *out, const struct command *command,
                       const struct option *option, const char *value)
{
    void *target = (char *)out + option->target;
    if (option->kind == OPTION_SWITCH) {
        *(bool *)target = true;
        return true;
    }
    if (option->choices != NULL && !is_choice(option, value)) {
        return wrong_choice(command, option, value);
    }
    if (option->kind == OPTION_TEXT) {
        *(const char **)target = value;
    } else {
        values_add(target, value);
    }
    return true;
}

struct arguments {
    char **items;
    int num, next;
};

/* The value of an option: what stood in the same argument, else the next argument. */
static bool take_value(struct options *out, const struct command *command,
                       const struct option *option, const char *value, struct arguments *arguments)
{
    if (option->kind == OPTION_SWITCH) {
        if (value != NULL) {
            complain_of(option, "takes no value");
            hint_help(command);
            return false;
        }
        return set_option(out, command, option, NULL);
    }
    if (value == NULL) {
        if (arguments->next == arguments->num) {
            complain_of(option, "needs a value");
            hint_help(command);
            return false;
        }
        value = arguments->items[arguments->next++];
    }
    return set_option(out, command, option, value);
}

static bool parse_long(struct options *out, const struct command *command, const char *argument,
                       struct arguments *arguments)
{
    const char *name = argument + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    const struct option *option;
    for (size_t i = 0; (option = option_at(command, i)) != NULL; i++) {
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0) {
            return take_value(out, command, option, value, arguments);
        }
    }
    return unknown_option(command, argument, name);
}

/* "-o json", "-ojson"; switches may stand together. */
static bool parse_letters(struct options *out, const struct command *command, const char *argument,
                          struct arguments *arguments)
{
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option *option;
        size_t i = 0;
        while ((option = option_at(command, i)) != NULL && option->letter != *letter) {
            i++;
        }
        if (option == NULL) {
            return unknown_option(command, argument, NULL);
        }
        if (option->kind != OPTION_SWITCH) {
            return take_value(out, command, option, letter[1] != '\0' ? letter + 1 : NULL,
                              arguments);
        }
        set_option(out, command, option, NULL);
    }
    return true;
}

static void take_operand(struct options *out, const struct command *command, const char *argument)
{
    for (size_t i = 0; i < OPERANDS_MAX && command->operands[i] != NULL; i++) {
        if (out->operands[i] == NULL) {
            out->operands[i] = argument;
            return;
        }
    }
    values_add(&out->inputs, argument);
}

static bool is_complete(const struct options *options, const struct command *command)
{
    if (options->help || options->version) {
        return true;
    }
    for (size_t i = 0; i < OPERANDS_MAX && command->operands[i] != NULL; i++) {
        if (options->operands[i] == NULL) {
            complain(command->operands[i], "is missing");
            hint_help(command);
            return false;
        }
    }
    return true;
}

bool options_parse(struct options *out, const struct command *command, int argc, char **argv)
{
    struct arguments arguments = {argv, argc, 0};
    bool only_inputs = false;
    memset(out, 0, sizeof *out);
    while (arguments.next < arguments.num) {
        const char *argument = arguments.items[arguments.next++];
        bool understood = true;
        if (only_inputs || argument[0] != '-' || argument[1] == '\0') {
            take_operand(out, command, argument);
        } else if (strcmp(argument, "--") == 0) {
            only_inputs = true;
        } else if (argument[1] == '-') {
            understood = parse_long(out, command, argument, &arguments);
        } else {
            understood = parse_letters(out, command, argument, &arguments);
        }
        if (!understood) {
            return false;
        }
    }
    return is_complete(out, command);
}

void options_free(struct options *options)
{
    free(options->inputs.items);
    free(options->cross_provider_namespaces.items);
    free(options->namespaces.items);
    free(options->routes.items);
    free(options->services.items);
    free(options->clients.items);
    free(options->downs.items);
    free(options->latencies.items);
    free(options->headers.items);
    free(options->encoded.items);
}

/* ---- help --------------------------------------------------------------------------------- */

enum { HELP_COLUMN = 40 };

static void print_option(struct output *out, const struct option *option)
{
    char left[HELP_COLUMN + 40], letter[] = "    ";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    int size =
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                 option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    output_string(out, left);
    if (size >= HELP_COLUMN) {
        output_string(out, "\n");
        size = 0;
    }
    const char *help = option->help;
    for (size_t length; *help != '\0'; help += length + (help[length] == '\n')) {
        length = strcspn(help, "\n");
        output_pad(out, (size_t)(HELP_COLUMN - size));
        output_bytes(out, help, length);
        output_string(out, "\n");
        size = 0;
    }
}

int options_print_help(const struct command *command)
{
    struct output out;
    output_init(&out, stdout);
    output_format(&out, "Usage: svcroute %s [OPTION]...", command->name);
    for (size_t i = 0; i < OPERANDS_MAX && command->operands[i] != NULL; i++) {
        output_format(&out, " %s", command->operands[i]);
    }
    output_string(&out, " [FILE|FOLDER|-]...\n\n");
    output_string(&out, command->description);
    output_string(&out, "\nOptions:\n");
    const struct option *option;
    for (size_t i = 0; (option = option_at(command, i)) != NULL; i++) {
        print_option(&out, option);
    }
    return output_close(&out) == 0 ? STATUS_FINE : STATUS_FAILED;
}
