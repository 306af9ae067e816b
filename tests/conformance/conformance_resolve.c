/* Cases of resolve: `conformance_resolve [--update] DIR` runs every folder below DIR that holds an
 * input.yaml, under the policy of its options.json (profile traefik-v3 when absent), and compares
 * all routers and services with its expected.json, name by name. With --update a failing case gets
 * what came out as its expected.json; look at the difference before you keep it. */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <svcroute/svcroute.h>

#include "runner.h"

struct suite {
    struct runner runner;
    struct svcroute_context *context;
    bool update;
    bool broken; /* input or output failed */
};

static struct svcroute_text text(const char *string)
{
    return (struct svcroute_text){string, strlen(string)};
}

static bool same_text(struct svcroute_text a, struct svcroute_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static const struct svcroute_node *member(const struct svcroute_node *map, const char *key)
{
    return svcroute_node_find(map, key, strlen(key));
}

/* ---- comparing values ---- */

static bool same_value(const struct svcroute_node *a, const struct svcroute_node *b);

static bool same_list(const struct svcroute_node *a, const struct svcroute_node *b)
{
    const struct svcroute_node *left = svcroute_node_first(a);
    const struct svcroute_node *right = svcroute_node_first(b);
    while (left != NULL && right != NULL && same_value(left, right)) {
        left = svcroute_node_next(a, left);
        right = svcroute_node_next(b, right);
    }
    return left == NULL && right == NULL;
}

static bool same_value(const struct svcroute_node *a, const struct svcroute_node *b)
{
    if (svcroute_node_get_kind(a) != svcroute_node_get_kind(b) ||
        svcroute_node_num(a) != svcroute_node_num(b)) {
        return false;
    }
    if (svcroute_node_get_kind(a) == SVCROUTE_NODE_LIST) {
        return same_list(a, b);
    }
    if (svcroute_node_get_kind(a) != SVCROUTE_NODE_MAP) {
        return same_text(svcroute_node_get_text(a), svcroute_node_get_text(b));
    }
    const struct svcroute_node *key = svcroute_node_first(a);
    for (; key != NULL; key = svcroute_node_next(a, key)) {
        struct svcroute_text name = svcroute_node_get_text(key);
        const struct svcroute_node *other = svcroute_node_find(b, name.data, name.size);
        if (other == NULL || !same_value(svcroute_node_get_value(key), other)) {
            return false;
        }
    }
    return true;
}

/* Lists as multisets: each element of one is paired with one of the other that is not taken yet. */
static bool same_multiset(const struct svcroute_node *a, const struct svcroute_node *b)
{
    size_t num = svcroute_node_num(b);
    bool same = svcroute_node_num(a) == num;
    bool *taken = calloc(num + 1, sizeof(*taken));
    const struct svcroute_node *left = svcroute_node_first(a);
    for (; same && taken != NULL && left != NULL; left = svcroute_node_next(a, left)) {
        const struct svcroute_node *right = svcroute_node_first(b);
        size_t i = 0;
        while (right != NULL && (taken[i] || !same_value(left, right))) {
            right = svcroute_node_next(b, right);
            i++;
        }
        same = right != NULL;
        taken[same ? i : num] = true;
    }
    free(taken);
    return same;
}

/* A service whose servers have no order: the same but for their order. */
static bool same_unordered(const struct svcroute_node *a, const struct svcroute_node *b)
{
    const struct svcroute_node *left = member(a, "loadBalancer");
    const struct svcroute_node *right = member(b, "loadBalancer");
    if (left == NULL || right == NULL || svcroute_node_num(a) != svcroute_node_num(b) ||
        svcroute_node_num(left) != svcroute_node_num(right)) {
        return false;
    }
    const struct svcroute_node *key = svcroute_node_first(left);
    for (; key != NULL; key = svcroute_node_next(left, key)) {
        struct svcroute_text name = svcroute_node_get_text(key);
        const struct svcroute_node *mine = svcroute_node_get_value(key);
        const struct svcroute_node *other = svcroute_node_find(right, name.data, name.size);
        bool servers = same_text(name, text("servers"));
        if (other == NULL || !(servers ? same_multiset(mine, other) : same_value(mine, other))) {
            return false;
        }
    }
    key = svcroute_node_first(a);
    for (; key != NULL; key = svcroute_node_next(a, key)) {
        struct svcroute_text name = svcroute_node_get_text(key);
        const struct svcroute_node *other = svcroute_node_find(b, name.data, name.size);
        if (!same_text(name, text("loadBalancer")) &&
            (other == NULL || !same_value(svcroute_node_get_value(key), other))) {
            return false;
        }
    }
    return true;
}

static bool listed(const struct svcroute_node *list, struct svcroute_text name)
{
    const struct svcroute_node *item = list != NULL ? svcroute_node_first(list) : NULL;
    while (item != NULL && !same_text(svcroute_node_get_text(item), name)) {
        item = svcroute_node_next(list, item);
    }
    return item != NULL;
}

/* The value that came out is the expected one, or one of the alternatives. */
static bool fits(const struct svcroute_node *expected, const char *sort, struct svcroute_text name,
                 const struct svcroute_node *wanted, const struct svcroute_node *got)
{
    bool unordered = strcmp(sort, "services") == 0 && listed(member(expected, "unordered"), name);
    if (unordered ? same_unordered(wanted, got) : same_value(wanted, got)) {
        return true;
    }
    const struct svcroute_node *all = member(expected, "alternatives");
    const struct svcroute_node *of_sort = all != NULL ? member(all, sort) : NULL;
    const struct svcroute_node *others =
        of_sort != NULL ? svcroute_node_find(of_sort, name.data, name.size) : NULL;
    const struct svcroute_node *other = others != NULL ? svcroute_node_first(others) : NULL;
    for (; other != NULL; other = svcroute_node_next(others, other)) {
        if (unordered ? same_unordered(other, got) : same_value(other, got)) {
            return true;
        }
    }
    return false;
}

/* Compares routers or services; on a difference says which in `why`. */
static bool compare(const struct svcroute_node *expected, const struct svcroute_node *got,
                    const char *sort, char why[256])
{
    const struct svcroute_node *wanted = member(expected, sort);
    const struct svcroute_node *there = member(got, sort);
    if (wanted == NULL || there == NULL) {
        snprintf(why, 256, "no %s", sort);
        return false;
    }
    const struct svcroute_node *key = svcroute_node_first(wanted);
    for (; key != NULL; key = svcroute_node_next(wanted, key)) {
        struct svcroute_text name = svcroute_node_get_text(key);
        const struct svcroute_node *value = svcroute_node_find(there, name.data, name.size);
        if (value == NULL) {
            snprintf(why, 256, "%s: %.*s is missing", sort, (int)name.size, name.data);
            return false;
        }
        if (!fits(expected, sort, name, svcroute_node_get_value(key), value)) {
            snprintf(why, 256, "%s: %.*s differs", sort, (int)name.size, name.data);
            return false;
        }
    }
    key = svcroute_node_first(there);
    for (; key != NULL; key = svcroute_node_next(there, key)) {
        struct svcroute_text name = svcroute_node_get_text(key);
        if (svcroute_node_find(wanted, name.data, name.size) == NULL) {
            snprintf(why, 256, "%s: %.*s is too many", sort, (int)name.size, name.data);
            return false;
        }
    }
    return true;
}

/* ---- one case ---- */

/* Loads and resolves the input; the table's export is the result. */
static int resolve_input(struct svcroute_context *context, const char *bytes, size_t size,
                         const struct svcroute_policy *policy, struct svcroute_export **out)
{
    struct svcroute_store *store = NULL;
    struct svcroute_table *table = NULL;
    int error = svcroute_store_new(&store, context);
    if (error == 0) {
        error = svcroute_store_load(store, bytes, size, NULL, NULL, NULL);
    }
    if (error == 0) {
        error = svcroute_resolve(&table, store, policy, NULL, NULL);
    }
    if (error == 0) {
        error = svcroute_table_export(out, table, SVCROUTE_EXPORT_JSON);
    }
    svcroute_table_unref(table);
    svcroute_store_free(store);
    return error;
}

static bool write_expected(const char *path, struct svcroute_text exported)
{
    static const char head[] = "{\"http\":";
    FILE *file = fopen(path, "wb");
    size_t skip = sizeof(head) - 1;
    /* The value of "http", without the brace and line break behind it. */
    bool good = file != NULL && exported.size > skip + 2 &&
                fwrite(exported.data + skip, 1, exported.size - skip - 2, file) != 0 &&
                fputc('\n', file) != EOF;
    if (file != NULL && fclose(file) != 0) {
        good = false;
    }
    return good;
}

static void judge(struct suite *suite, const char *name, struct svcroute_text exported,
                  const struct svcroute_node *expected, const char *expected_path)
{
    struct svcroute_reader *reader = NULL;
    struct svcroute_document *document = NULL;
    char why[256] = "the export is no JSON";
    bool good = svcroute_reader_new(&reader, suite->context, exported.data, exported.size,
                                    text("export"), SVCROUTE_FORMAT_JSON) == 0 &&
                svcroute_reader_next(reader, &document, NULL) == 0;
    const struct svcroute_node *got =
        good ? member(svcroute_document_get_root(document), "http") : NULL;
    good = got != NULL && compare(expected, got, "routers", why) &&
           compare(expected, got, "services", why);
    if (good) {
        runner_pass(&suite->runner);
    } else {
        runner_fail(&suite->runner, name, "%s", why);
        if (suite->update && !write_expected(expected_path, exported)) {
            suite->broken = true;
        }
    }
    svcroute_document_free(document);
    svcroute_reader_free(reader);
}

static void run_case(struct suite *suite, const char *folder)
{
    char path[3][4096];
    static const char *const names[] = {"input.yaml", "options.json", "expected.json"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
    }
    char *bytes = NULL;
    size_t size = 0;
    struct svcroute_policy *policy = NULL;
    struct svcroute_export *exported = NULL;
    struct svcroute_document *options = runner_read_json(suite->context, path[1]);
    struct svcroute_document *expected = runner_read_json(suite->context, path[2]);
    if (options == NULL || expected == NULL || runner_read_file(path[0], &bytes, &size) != 0) {
        suite->broken = true;
    } else {
        int error = svcroute_policy_new(&policy, suite->context);
        if (error == 0) {
            error = runner_set_policy(policy, svcroute_document_get_root(options));
        }
        if (error == 0) {
            error = resolve_input(suite->context, bytes, size, policy, &exported);
        }
        if (error != 0) {
            runner_fail(&suite->runner, folder, "%s", svcroute_error_name(error));
        } else {
            judge(suite, folder, svcroute_export_get_text(exported),
                  svcroute_document_get_root(expected), path[2]);
        }
    }
    svcroute_export_free(exported);
    svcroute_policy_free(policy);
    svcroute_document_free(expected);
    svcroute_document_free(options);
    free(bytes);
}

/* ---- folders ---- */

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void walk(struct suite *suite, const char *folder, unsigned depth)
{
    char path[4096];
    struct dirent **entries = NULL;
    struct stat status;
    snprintf(path, sizeof(path), "%s/input.yaml", folder);
    if (stat(path, &status) == 0) {
        run_case(suite, folder);
    }
    int num = scandir(folder, &entries, NULL, alphasort);
    if (num < 0) {
        fprintf(stderr, "%s: cannot be read\n", folder);
        suite->broken = true;
        return;
    }
    for (int i = 0; i < num; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && depth < 32 && is_folder(path)) {
            walk(suite, path, depth + 1);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    struct suite suite = {.update = argc == 3 && strcmp(argv[1], "--update") == 0};
    const char *folder = argc == 2 ? argv[1] : suite.update ? argv[2] : NULL;
    if (folder == NULL || !is_folder(folder)) {
        fprintf(stderr, "usage: conformance_resolve [--update] DIR\n");
        return RUNNER_USAGE;
    }
    if (svcroute_context_new(&suite.context, NULL, NULL, NULL) != 0) {
        fprintf(stderr, "no context\n");
        return RUNNER_USAGE;
    }
    runner_init(&suite.runner);
    walk(&suite, folder, 0);
    svcroute_context_unref(suite.context);
    int status = runner_finish(&suite.runner);
    return suite.broken ? RUNNER_USAGE : status;
}
