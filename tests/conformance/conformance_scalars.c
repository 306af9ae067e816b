/* Compares how YAML scalars become JSON, keys and typed fields with what Kubernetes clients do.
 * Usage: conformance_scalars FILE. A row: {"yaml", "ok", "json", "fields", "key_ok", "key"}; the
 * README beside the data says what they mean. */
#include <string.h>

#include "base/diag.h"
#include "document/scalar.h"

#include "runner.h"

static const struct svcroute_node *find(const struct svcroute_node *map, const char *key)
{
    return svcroute_node_find(map, key, strlen(key));
}

/* Reads a stream of one document as YAML; NULL if it is refused, or if there is more than one. */
static struct svcroute_document *read_yaml(struct svcroute_context *context, const char *before,
                                           svcr_text text, const char *after)
{
    struct svcr_buffer buffer;
    struct svcroute_reader *reader = NULL;
    struct svcroute_document *document = NULL, *more = NULL;

    svcr_buffer_init(&buffer, context);
    svcr_buffer_add_string(&buffer, before);
    svcr_buffer_add_text(&buffer, text);
    svcr_buffer_add_string(&buffer, after);
    if (!buffer.failed &&
        svcroute_reader_new(&reader, context, buffer.data, buffer.size, SVCR_TEXT("row"),
                            SVCROUTE_FORMAT_YAML) == SVCROUTE_OK &&
        svcroute_reader_next(reader, &document, NULL) == SVCROUTE_OK &&
        svcroute_reader_next(reader, &more, NULL) != SVCROUTE_ERR_END) {
        svcroute_document_free(document);
        document = NULL;
    }
    svcroute_document_free(more);
    svcroute_reader_free(reader);
    svcr_buffer_free(&buffer);
    return document;
}

/* Whether two trees are the same JSON value; numbers compare exactly if both are integers. The
 * trees of this data are one level deep, two at most. */
static bool same_value(const struct svcroute_node *a, const struct svcroute_node *b, int levels)
{
    uint32_t kind = svcroute_node_get_kind(a);
    double x, y;
    int64_t i, j;

    if (svcroute_node_get_double(a, &x) == 0 && svcroute_node_get_double(b, &y) == 0) {
        bool exact = svcroute_node_get_integer(a, &i) == 0 && svcroute_node_get_integer(b, &j) == 0;
        return exact ? i == j : !(x < y) && !(x > y);
    }
    if (kind != svcroute_node_get_kind(b) || svcroute_node_num(a) != svcroute_node_num(b) ||
        levels == 0) {
        return false;
    }
    if (kind < SVCROUTE_NODE_LIST) {
        return svcr_text_same(svcroute_node_get_text(a), svcroute_node_get_text(b));
    }
    const struct svcroute_node *at = svcroute_node_first(a), *other = svcroute_node_first(b);
    for (; at != NULL; at = svcroute_node_next(a, at), other = svcroute_node_next(b, other)) {
        if (!same_value(at, other, levels - 1) ||
            (kind == SVCROUTE_NODE_MAP &&
             !same_value(svcroute_node_get_value(at), svcroute_node_get_value(other),
                         levels - 1))) {
            return false;
        }
    }
    return true;
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool taken(enum svcr_judged judged)
{
    return judged == SVCR_JUDGED_OK || judged == SVCR_JUDGED_NULL;
}

static bool is_integer(const struct svcroute_node *wanted, int64_t value)
{
    int64_t expected;

    return svcroute_node_get_integer(wanted, &expected) == 0 && expected == value;
}

static bool is_text(const struct svcroute_node *wanted, svcr_text value)
{
    return svcroute_node_get_kind(wanted) == SVCROUTE_NODE_STRING &&
           svcr_text_same(svcroute_node_get_text(wanted), value);
}

/* Each gives whether a type of field takes the node, and whether the value is the wanted one. */

static bool check_string(const struct svcroute_node *node, const struct svcroute_node *wanted,
                         bool *same)
{
    svcr_text value;
    bool takes = taken(svcr_judge_string(node, &value));

    *same = is_text(wanted, value);
    return takes;
}

static bool check_int32(const struct svcroute_node *node, const struct svcroute_node *wanted,
                        bool *same)
{
    int32_t value;
    bool takes = taken(svcr_judge_int32(node, &value));

    *same = is_integer(wanted, value);
    return takes;
}

static bool check_int64(const struct svcroute_node *node, const struct svcroute_node *wanted,
                        bool *same)
{
    int64_t value;
    bool takes = taken(svcr_judge_int64(node, &value));

    *same = is_integer(wanted, value);
    return takes;
}

static bool check_bool(const struct svcroute_node *node, const struct svcroute_node *wanted,
                       bool *same)
{
    bool value;
    bool takes = taken(svcr_judge_bool(node, &value));

    *same = svcroute_node_get_kind(wanted) == SVCROUTE_NODE_BOOLEAN &&
            svcroute_node_get_boolean(wanted) == value;
    return takes;
}

static bool check_int_or_text(const struct svcroute_node *node, const struct svcroute_node *wanted,
                              bool *same)
{
    bool text;
    int32_t value;
    svcr_text characters;
    bool takes = taken(svcr_judge_int_or_text(node, &text, &value, &characters));

    *same =
        text ? is_text(find(wanted, "string"), characters) : is_integer(find(wanted, "int"), value);
    return takes;
}

static const struct {
    const char *type;
    bool (*check)(const struct svcroute_node *node, const struct svcroute_node *wanted, bool *same);
} types[] = {
    {"string", check_string},
    {"int32", check_int32},
    {"int64", check_int64},
    {"bool", check_bool},
    {"int_or_string", check_int_or_text},
};

/* The first type whose answer is not the expected one, or NULL. */
static const char *check_fields(const struct svcroute_node *node,
                                const struct svcroute_node *fields)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct svcroute_node *wanted = find(fields, types[i].type);
        bool same = false;
        bool takes = types[i].check(node, wanted, &same);

        if (takes != (wanted != NULL) || (takes && !same)) {
            return types[i].type;
        }
    }
    return NULL;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* What is wrong with the text as a value, or NULL. */
static const char *judge_value(struct svcroute_context *context, const struct svcroute_node *row,
                               svcr_text yaml)
{
    bool ok = svcroute_node_get_boolean(find(row, "ok"));
    struct svcroute_document *document = read_yaml(context, "V: ", yaml, "\n");
    const struct svcroute_node *root = svcroute_document_get_root(document);
    const struct svcroute_node *value = find(root, "V");
    const char *why = NULL;

    if ((value != NULL && svcroute_node_num(root) == 1) != ok) {
        why = ok ? "refused" : "accepted";
    } else if (ok && !same_value(value, find(row, "json"), 4)) {
        why = "another value than json";
    } else if (ok) {
        why = check_fields(value, find(row, "fields"));
    }
    svcroute_document_free(document);
    return why;
}

/* What is wrong with the text as a key, or NULL. A key that is not the text itself may be refused.
 */
static const char *judge_key(struct svcroute_context *context, const struct svcroute_node *row,
                             svcr_text yaml)
{
    bool ok = svcroute_node_get_boolean(find(row, "key_ok"));
    struct svcroute_document *document = read_yaml(context, "", yaml, ": 1\n");
    const struct svcroute_node *root = svcroute_document_get_root(document);
    const struct svcroute_node *key =
        svcroute_node_get_kind(root) == SVCROUTE_NODE_MAP ? svcroute_node_first(root) : NULL;
    svcr_text wanted = runner_find_text(row, "key");
    const char *why = NULL;

    if (key == NULL) {
        why = ok && svcr_text_same(wanted, yaml) ? "refused as a key" : NULL;
    } else if (!ok) {
        why = "accepted as a key";
    } else if (!svcr_text_same(svcroute_node_get_text(key), wanted)) {
        why = "another key";
    }
    svcroute_document_free(document);
    return why;
}

static void judge(struct runner *runner, struct svcroute_context *context,
                  const struct svcroute_node *row, const char *name)
{
    svcr_text yaml = runner_find_text(row, "yaml");
    struct svcr_quoted quoted;
    const char *why;

    if (yaml.data == NULL || find(row, "ok") == NULL || find(row, "key_ok") == NULL) {
        runner_fail(runner, name, "yaml, ok or key_ok is missing");
        return;
    }
    why = judge_value(context, row, yaml);
    why = why != NULL ? why : judge_key(context, row, yaml);
    if (why != NULL) {
        runner_fail(runner, name, "%s: %s", svcr_quote(&quoted, yaml), why);
    } else {
        runner_pass(runner);
    }
}

int main(int argc, char **argv)
{
    return runner_main(argc, argv, judge);
}
