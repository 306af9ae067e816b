/* What all conformance runners share. */
#include "runner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

void runner_init(struct runner *runner)
{
    *runner = (struct runner){0};
}

void runner_pass(struct runner *runner)
{
    runner->passed++;
}

void runner_fail(struct runner *runner, const char *name, const char *format, ...)
{
    va_list arguments;

    runner->failed++;
    printf("FAIL %s: ", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

int runner_finish(const struct runner *runner)
{
    printf("%zu passed, %zu failed\n", runner->passed, runner->failed);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return RUNNER_USAGE;
    }
    return runner->failed == 0 && runner->passed > 0 ? RUNNER_OK : RUNNER_FAILED;
}

static int read_all(FILE *file, char **data, size_t *size)
{
    size_t capacity = 0;

    *data = NULL;
    *size = 0;
    do {
        char *grown;

        capacity = capacity ? capacity * 2 : 65536;
        grown = realloc(*data, capacity);
        if (!grown) {
            return -1;
        }
        *data = grown;
        *size += fread(*data + *size, 1, capacity - 1 - *size, file);
    } while (*size == capacity - 1);
    (*data)[*size] = '\0';
    return ferror(file) ? -1 : 0;
}

int runner_read_file(const char *path, char **data, size_t *size)
{
    FILE *file = fopen(path, "rb");
    int status = -1;

    if (file) {
        errno = 0;
        status = read_all(file, data, size);
        if (status != 0) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
            free(*data);
        }
        fclose(file);
    } else {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    if (status != 0) {
        *data = NULL;
        *size = 0;
    }
    return status;
}

static void say_diags(const struct svcroute_diags *diags)
{
    struct svcroute_diag_info info = {.size = sizeof(info)};

    for (size_t i = 0; svcroute_diags_get(diags, i, &info) == SVCROUTE_OK; i++) {
        fprintf(stderr, "%.*s:%u:%u: %.*s\n", (int)info.source.size, info.source.data, info.line,
                info.column, (int)info.text.size, info.text.data);
    }
}

struct svcroute_document *runner_read_json(struct svcroute_context *context, const char *path)
{
    struct svcroute_text source = {path, strlen(path)};
    struct svcroute_document *document = NULL;
    struct svcroute_reader *reader = NULL;
    struct svcroute_diags *diags = NULL;
    char *data;
    size_t size;
    int status;

    if (runner_read_file(path, &data, &size) != 0) {
        return NULL;
    }
    status = svcroute_diags_new(&diags, context);
    if (status == SVCROUTE_OK) {
        status = svcroute_reader_new(&reader, context, data, size, source, SVCROUTE_FORMAT_JSON);
    }
    if (status == SVCROUTE_OK) {
        status = svcroute_reader_next(reader, &document, diags);
    }
    if (status != SVCROUTE_OK) {
        say_diags(diags);
        fprintf(stderr, "%s: %s\n", path, svcroute_error_text(status));
    }
    svcroute_reader_free(reader);
    svcroute_diags_free(diags);
    free(data);
    return document;
}

struct svcroute_text runner_find_text(const struct svcroute_node *map, const char *key)
{
    const struct svcroute_node *node = svcroute_node_find(map, key, strlen(key));
    struct svcroute_text text = {NULL, 0};

    if (svcroute_node_get_kind(node) == SVCROUTE_NODE_STRING) {
        text = svcroute_node_get_text(node);
        text.data = text.data ? text.data : "";
    }
    return text;
}

static bool text_is(struct svcroute_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

static int set_lists(struct svcroute_policy *policy, const struct svcroute_node *options)
{
    static const struct {
        const char *key;
        int (*add)(struct svcroute_policy *, struct svcroute_text);
    } lists[] = {
        {"crossProviderNamespaces", svcroute_policy_add_cross_provider_namespace},
        {"namespaces", svcroute_policy_add_namespace},
    };
    int error = 0;
    for (size_t i = 0; i < 2 && error == 0; i++) {
        const struct svcroute_node *list =
            svcroute_node_find(options, lists[i].key, strlen(lists[i].key));
        if (list == NULL) {
            continue;
        }
        error = lists[i].add(
            policy, (struct svcroute_text){"", 0}); /* given, perhaps without a single one */
        const struct svcroute_node *item = svcroute_node_first(list);
        for (; item != NULL && error == 0; item = svcroute_node_next(list, item)) {
            error = lists[i].add(policy, svcroute_node_get_text(item));
        }
    }
    return error;
}

int runner_set_policy(struct svcroute_policy *policy, const struct svcroute_node *options)
{
    static const struct {
        const char *key;
        uint32_t which;
    } switches[] = {
        {"allowCrossNamespace", SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE},
        {"allowExternalNameServices", SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME},
        {"allowEmptyServices", SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES},
        {"nativeLBByDefault", SVCROUTE_POLICY_NATIVE_LB_BY_DEFAULT},
        {"disableClusterScopeResources", SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE},
        {"allowLocalAddresses", SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES},
        {"allowHealthChecks", SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS},
    };
    struct svcroute_text profile = runner_find_text(options, "profile");
    bool by_default = text_is(profile, "default");
    int error = by_default || profile.size == 0 || text_is(profile, "traefik-v3")
                    ? 0
                    : SVCROUTE_ERR_INVALID;
    if (error == 0) {
        error = svcroute_policy_set_profile(policy, by_default ? SVCROUTE_PROFILE_DEFAULT
                                                               : SVCROUTE_PROFILE_TRAEFIK_V3);
    }
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]) && error == 0; i++) {
        const struct svcroute_node *value =
            svcroute_node_find(options, switches[i].key, strlen(switches[i].key));
        error = svcroute_policy_set_switch(policy, switches[i].which,
                                           value != NULL && svcroute_node_get_boolean(value));
    }
    if (error == 0) {
        error =
            svcroute_policy_set_ingress_class(policy, runner_find_text(options, "ingressClass"));
    }
    return error != 0 ? error : set_lists(policy, options);
}

int runner_main(int argc, char **argv,
                void (*judge)(struct runner *runner, struct svcroute_context *context,
                              const struct svcroute_node *row, const char *name))
{
    struct svcroute_context *context;
    struct svcroute_document *document = NULL;
    const struct svcroute_node *rows, *row;
    struct runner runner;
    int status = RUNNER_USAGE;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return RUNNER_USAGE;
    }
    runner_init(&runner);
    if (svcroute_context_new(&context, NULL, NULL, NULL) != SVCROUTE_OK) {
        fprintf(stderr, "%s: no context\n", argv[0]);
        return RUNNER_USAGE;
    }
    document = runner_read_json(context, argv[1]);
    rows = svcroute_document_get_root(document);
    if (svcroute_node_get_kind(rows) == SVCROUTE_NODE_MAP) {
        rows = svcroute_node_find(rows, "cases", 5);
    }
    if (document && svcroute_node_get_kind(rows) != SVCROUTE_NODE_LIST) {
        fprintf(stderr, "%s: not a list\n", argv[1]);
    } else if (document) {
        for (row = svcroute_node_first(rows); row; row = svcroute_node_next(rows, row)) {
            char name[64];

            snprintf(name, sizeof(name), "line %u, column %u", svcroute_node_get_line(row),
                     svcroute_node_get_column(row));
            judge(&runner, context, row, name);
        }
        status = runner_finish(&runner);
    }
    svcroute_document_free(document);
    svcroute_context_unref(context);
    return status;
}
