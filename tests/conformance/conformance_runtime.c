/* Compares what the library does at run time with what the reference did. Usage:
 * conformance_runtime DIR. Every vector file of the folder is run by its judge; a file that is
 * absent is none. Last line and exit status as for all runners. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime.h"

static const struct {
    const char *file;
    runtime_judge *judge;
} files[] = {
    {"wrr.json", runtime_wrr},       {"hrw.json", runtime_hrw},
    {"p2c.json", runtime_p2c},       {"leasttime.json", runtime_leasttime},
    {"sticky.json", runtime_sticky}, {"health.json", runtime_health},
    {"mirror.json", runtime_mirror}, {"failover.json", runtime_failover},
    {"tree.json", runtime_tree},     {"names.json", runtime_names},
    {"rules.json", runtime_rules},   {"paths.json", runtime_paths},
};

const struct svcroute_node *runtime_find(const struct svcroute_node *map, const char *key)
{
    return svcroute_node_find(map, key, strlen(key));
}

svcr_text runtime_text(const struct svcroute_node *map, const char *key)
{
    return runner_find_text(map, key);
}

int64_t runtime_integer(const struct svcroute_node *map, const char *key, int64_t otherwise)
{
    int64_t value;

    return svcroute_node_get_integer(runtime_find(map, key), &value) == 0 ? value : otherwise;
}

bool runtime_flag(const struct svcroute_node *map, const char *key)
{
    return runtime_integer(map, key, 0) != 0;
}

double runtime_double(const struct svcroute_node *map, const char *key)
{
    svcr_text text = svcroute_node_get_text(runtime_find(map, key));
    char digits[64], *end;
    double value;

    if (text.size == 0 || text.size >= sizeof(digits)) {
        return NAN;
    }
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    value = strtod(digits, &end);
    return *end == '\0' ? value : NAN;
}

static int digit_value(char c)
{
    const char *digits = "0123456789abcdef", *found = c != '\0' ? strchr(digits, c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

svcr_text runtime_bytes(const struct svcroute_node *map, const char *key,
                        struct svcr_buffer *buffer)
{
    size_t start = buffer->size;
    svcr_text text = runtime_text(map, key);
    char other[64];

    if (text.data != NULL) {
        svcr_buffer_add_text(buffer, text);
    } else {
        snprintf(other, sizeof(other), "%s_hex", key);
        text = runtime_text(map, other);
        for (size_t i = 0; i + 1 < text.size; i += 2) {
            int high = digit_value(text.data[i]), low = digit_value(text.data[i + 1]);

            if (high < 0 || low < 0) {
                return SVCR_TEXT_ABSENT;
            }
            svcr_buffer_add_char(buffer, (char)(high << 4 | low));
        }
    }
    if (text.data == NULL || buffer->failed) {
        return SVCR_TEXT_ABSENT;
    }
    return (svcr_text){buffer->size > 0 ? buffer->data + start : "", buffer->size - start};
}

bool runtime_is(const struct svcroute_node *map, const char *key, const char *text)
{
    svcr_text there = runtime_text(map, key);

    return there.data != NULL && svcr_text_same(there, (svcr_text){text, strlen(text)});
}

static void run_cases(struct runner *runner, struct svcroute_context *context,
                      const struct svcroute_node *cases, const char *stem, runtime_judge *judge)
{
    const struct svcroute_node *row;
    unsigned number = 0;

    for (row = svcroute_node_first(cases); row != NULL; row = svcroute_node_next(cases, row)) {
        svcr_text id = runtime_text(row, "id");
        size_t before = runner->passed + runner->failed;
        char name[160];

        number++;
        if (id.size > 0) {
            snprintf(name, sizeof(name), "%s/%.*s#%u", stem, SVCR_ARG(svcr_text_cut(id, 100)),
                     number);
        } else {
            snprintf(name, sizeof(name), "%s/%u", stem, number);
        }
        judge(runner, context, row, name);
        if (runner->passed + runner->failed != before + 1) {
            fprintf(stderr, "%s: judged %zu times\n", name,
                    runner->passed + runner->failed - before);
            exit(RUNNER_USAGE);
        }
    }
}

/* 0, or -1 if the file is there and cannot be read. */
static int run_file(struct runner *runner, struct svcroute_context *context, const char *folder,
                    const char *file, runtime_judge *judge)
{
    struct svcroute_document *document;
    const struct svcroute_node *cases;
    char path[4096], stem[64];
    FILE *there;

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(file) - strlen(".json")), file);
    there = fopen(path, "rb");
    if (there == NULL) {
        return 0;
    }
    fclose(there);
    document = runner_read_json(context, path);
    if (document == NULL) {
        return -1;
    }
    cases = runtime_find(svcroute_document_get_root(document), "cases");
    if (svcroute_node_get_kind(cases) != SVCROUTE_NODE_LIST) {
        fprintf(stderr, "%s: no list of cases\n", path);
        svcroute_document_free(document);
        return -1;
    }
    run_cases(runner, context, cases, stem, judge);
    svcroute_document_free(document);
    return 0;
}

int main(int argc, char **argv)
{
    struct svcroute_context *context;
    struct runner runner;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return RUNNER_USAGE;
    }
    runner_init(&runner);
    if (svcroute_context_new(&context, NULL, NULL, NULL) != 0) {
        fprintf(stderr, "%s: no context\n", argv[0]);
        return RUNNER_USAGE;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files) && status == 0; i++) {
        status = run_file(&runner, context, argv[1], files[i].file, files[i].judge);
    }
    svcroute_context_unref(context);
    if (status != 0) {
        return RUNNER_USAGE;
    }
    return runner_finish(&runner);
}
