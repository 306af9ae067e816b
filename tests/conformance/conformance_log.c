/* Errors against the reference's log: `conformance_log DIR` resolves every case DIR/<case> under
 * the policy of its options.json and compares the errors that were reported with the `log` of its
 * expected.json, object by object. Where the reference logged errors there have to be as many;
 * where it logged none, only what it says later, when it builds its handlers. Warnings and texts
 * are not compared. */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>

#include "runner.h"

enum { OBJECTS_MAX = 512 };

struct counts {       /* of one object */
    char object[512]; /* "Kind namespace/name", as the log has it */
    size_t theirs, ours;
    size_t late; /* of ours: what the reference finds when it builds handlers */
};

struct log {
    struct counts objects[OBJECTS_MAX];
    size_t num;
};

/* The row of an object, made when it is new; NULL: too many. */
static struct counts *row_of(struct log *log, const char *object)
{
    for (size_t i = 0; i < log->num; i++) {
        if (strcmp(log->objects[i].object, object) == 0) {
            return &log->objects[i];
        }
    }
    if (log->num == OBJECTS_MAX) {
        return NULL;
    }
    struct counts *row = &log->objects[log->num++];
    memset(row, 0, sizeof(*row));
    snprintf(row->object, sizeof(row->object), "%s", object);
    return row;
}

static bool is(struct svcroute_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

static bool read_theirs(struct log *log, const struct svcroute_node *expected)
{
    const struct svcroute_node *list = svcroute_node_find(expected, "log", 3);
    const struct svcroute_node *entry = list != NULL ? svcroute_node_first(list) : NULL;
    for (; entry != NULL; entry = svcroute_node_next(list, entry)) {
        struct svcroute_text object = runner_find_text(entry, "object");
        char name[512];
        if (!is(runner_find_text(entry, "level"), "error")) {
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)object.size, object.data);
        struct counts *row = row_of(log, name);
        if (row == NULL) {
            return false;
        }
        row->theirs++;
    }
    return list != NULL;
}

/* What the reference says only when it builds handlers, which the log does not reach. */
static bool found_late(struct svcroute_text id)
{
    static const char *const ids[] = {"cycle",          "failover-needs-check", "bad-percent",
                                      "bad-status",     "limit-nesting",        "rule-syntax",
                                      "rule-syntax-v2", "child-route-settings"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (is(id, ids[i])) {
            return true;
        }
    }
    return false;
}

static bool read_ours(struct log *log, const struct svcroute_diags *diags)
{
    for (size_t i = 0; i < svcroute_diags_num(diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        char name[512];
        if (svcroute_diags_get(diags, i, &info) != 0) {
            return false;
        }
        if (info.severity != SVCROUTE_SEVERITY_ERROR) {
            continue;
        }
        /* The log knows an IngressRoute that has only a generateName, which ends with "-", by no
         * name. */
        bool generated = is(info.kind, "IngressRoute") && info.name.size != 0 &&
                         info.name.data[info.name.size - 1] == '-';
        snprintf(name, sizeof(name), "%.*s %.*s/%.*s", (int)info.kind.size, info.kind.data,
                 (int)info.namespace_.size, info.namespace_.data,
                 generated ? 0 : (int)info.name.size, info.name.data);
        struct counts *row = row_of(log, name);
        if (row == NULL) {
            return false;
        }
        row->ours++;
        row->late += found_late(info.id_name) ? 1 : 0;
    }
    return true;
}

/* Resolves the input; what was wrong in it goes to diags. */
static int resolve_input(struct svcroute_context *context, const char *bytes, size_t size,
                         const struct svcroute_node *options, struct svcroute_diags *diags)
{
    struct svcroute_policy *policy = NULL;
    struct svcroute_store *store = NULL;
    struct svcroute_table *table = NULL;
    int error = svcroute_policy_new(&policy, context);
    if (error == 0) {
        error = runner_set_policy(policy, options);
    }
    if (error == 0) {
        error = svcroute_store_new(&store, context);
    }
    if (error == 0) {
        error = svcroute_store_load(store, bytes, size, NULL, NULL, NULL);
    }
    if (error == 0) {
        error = svcroute_resolve(&table, store, policy, NULL, diags);
    }
    svcroute_table_unref(table);
    svcroute_store_free(store);
    svcroute_policy_free(policy);
    return error;
}

static void judge(struct runner *runner, const char *name, const struct log *log)
{
    for (size_t i = 0; i < log->num; i++) {
        const struct counts *row = &log->objects[i];
        if (row->ours < row->theirs) {
            runner_fail(runner, name, "%s: %zu errors, %zu in the log", row->object, row->ours,
                        row->theirs);
            return;
        }
        if (row->theirs == 0 && row->late < row->ours) {
            runner_fail(runner, name, "%s: %zu errors, none in the log", row->object, row->ours);
            return;
        }
    }
    runner_pass(runner);
}

/* False if the case cannot be read. */
static bool run_case(struct runner *runner, struct svcroute_context *context, const char *folder)
{
    static struct log log;
    char path[4096];
    char *bytes = NULL;
    size_t size = 0;
    struct svcroute_diags *diags = NULL;
    log.num = 0;
    snprintf(path, sizeof(path), "%s/options.json", folder);
    struct svcroute_document *options = runner_read_json(context, path);
    snprintf(path, sizeof(path), "%s/expected.json", folder);
    struct svcroute_document *expected = runner_read_json(context, path);
    snprintf(path, sizeof(path), "%s/input.yaml", folder);
    bool good =
        options != NULL && expected != NULL && runner_read_file(path, &bytes, &size) == 0 &&
        svcroute_diags_new(&diags, context) == 0 &&
        resolve_input(context, bytes, size, svcroute_document_get_root(options), diags) == 0 &&
        read_theirs(&log, svcroute_document_get_root(expected)) && read_ours(&log, diags);
    if (good) {
        judge(runner, folder, &log);
    }
    svcroute_diags_free(diags);
    svcroute_document_free(expected);
    svcroute_document_free(options);
    free(bytes);
    return good;
}

int main(int argc, char **argv)
{
    struct svcroute_context *context = NULL;
    struct runner runner;
    struct dirent **entries = NULL;
    int num = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
    if (num < 0 || svcroute_context_new(&context, NULL, NULL, NULL) != 0) {
        fprintf(stderr, "usage: conformance_log DIR\n");
        return RUNNER_USAGE;
    }
    bool good = true;
    runner_init(&runner);
    for (int i = 0; i < num; i++) {
        char folder[2048];
        snprintf(folder, sizeof(folder), "%s/%s", argv[1], entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && !run_case(&runner, context, folder)) {
            fprintf(stderr, "%s: cannot be run\n", folder);
            good = false;
        }
        free(entries[i]);
    }
    free(entries);
    svcroute_context_unref(context);
    int status = runner_finish(&runner);
    return good ? status : RUNNER_USAGE;
}
