/* The reject table's engine: each document alone, then between two good ones of the same stream,
 * into a store that holds something already. */
#include <stdio.h>

#include "hostile.h"

#define TEXT(literal) ((struct svcroute_text){literal, sizeof(literal) - 1})

static const char yaml_ahead[] = "apiVersion: v1\nkind: Service\nmetadata: {name: ahead}\n";
static const char yaml_behind[] = "---\napiVersion: v1\nkind: Service\nmetadata: {name: behind}\n";
static const char json_ahead[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"ahead\"}}\n";
static const char json_behind[] =
    "\n{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"behind\"}}\n";
static const char stored[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"stored\"}}";

struct attempt {
    struct counting counting;
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_diags *diags;
    struct svcroute_load_result result;
    int error;
};

static void begin(struct attempt *attempt, unsigned flags)
{
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof(options));
    if (flags & REJECT_LIMITS) {
        options.depth = 8;
        options.nodes = 60;
        options.aliases = 5;
        options.endpoints = 4;
    }
    attempt->context = counting_context(&attempt->counting, &options);
    if (svcroute_store_new(&attempt->store, attempt->context) ||
        svcroute_diags_new(&attempt->diags, attempt->context) ||
        svcroute_store_load(attempt->store, stored, sizeof(stored) - 1, NULL, NULL, NULL)) {
        give_up("no store");
    }
}

static void load(struct attempt *attempt, const struct reject *row, uint32_t format,
                 const struct input *input)
{
    struct svcroute_load_options options = {
        .size = sizeof(options),
        .flags = row->flags & REJECT_STRICT ? (uint32_t)SVCROUTE_LOAD_STRICT : 0,
        .source = TEXT("input"),
        .format = format};
    attempt->result = (struct svcroute_load_result){.size = sizeof(attempt->result)};
    attempt->error = svcroute_store_load(attempt->store, input->data, input->size, &options,
                                         &attempt->result, attempt->diags);
}

static void end(struct attempt *attempt, const char *name)
{
    svcroute_diags_free(attempt->diags);
    svcroute_store_free(attempt->store);
    svcroute_context_unref(attempt->context);
    check(attempt->counting.live == 0 && attempt->counting.live_bytes == 0 &&
              !attempt->counting.wrong,
          name, "memory does not come back as it was given");
}

static bool holds(const struct attempt *attempt, const char *name)
{
    struct svcroute_object_info info = {.size = sizeof(info)};
    struct svcroute_text text = {name, strlen(name)};
    return svcroute_store_get(attempt->store, SVCROUTE_KIND_SERVICE,
                              (struct svcroute_text){NULL, 0}, text, &info) == SVCROUTE_OK;
}

static bool same(struct svcroute_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

/* The one diagnostic that the row names, `lines` further down. */
static void check_diagnostic(const struct attempt *attempt, const struct reject *row,
                             const char *name, uint32_t lines)
{
    size_t num = svcroute_diags_num(attempt->diags);
    struct svcroute_diag_info info = {.size = sizeof(info)};
    if (row->id == NULL) {
        check(num == 0, name, "%zu diagnostics, none expected", num);
        return;
    }
    if (svcroute_diags_get(attempt->diags, 0, &info) != SVCROUTE_OK) {
        check(false, name, "no diagnostic, %s expected", row->id);
        return;
    }
    check(num == 1, name, "%zu diagnostics, 1 expected", num);
    check(same(info.id_name, row->id) && info.line == row->line + lines &&
              info.column == row->column,
          name, "%u:%u %.*s (%.*s), expected %u:%u %s", info.line, info.column,
          (int)info.id_name.size, info.id_name.data, (int)info.text.size, info.text.data,
          row->line + lines, row->column, row->id);
    check(same(info.source, "input") && info.text.size > 0 &&
              (info.severity == SVCROUTE_SEVERITY_ERROR) == (row->rejected > 0),
          name, "source, text or severity of the diagnostic");
}

static void check_counts(const struct attempt *attempt, const struct reject *row, const char *name,
                         unsigned neighbours)
{
    const struct svcroute_load_result *result = &attempt->result;
    unsigned accepted = row->accepted + neighbours;
    check(attempt->error == SVCROUTE_OK, name, "the load failed: %s",
          svcroute_error_name(attempt->error));
    check(result->accepted == accepted && result->rejected == row->rejected &&
              result->ignored == row->ignored && result->unchanged == 0,
          name, "%llu accepted, %llu rejected, %llu ignored; expected %u, %u, %u",
          (unsigned long long)result->accepted, (unsigned long long)result->rejected,
          (unsigned long long)result->ignored, accepted, row->rejected, row->ignored);
    check(svcroute_store_num(attempt->store, SVCROUTE_KIND_NONE) == 1 + accepted &&
              holds(attempt, "stored"),
          name, "what the store holds");
}

static void run_alone(const struct reject *row, uint32_t format)
{
    struct attempt attempt;
    struct input input = {NULL, 0, 0};
    begin(&attempt, row->flags);
    input_add(&input, row->text, row->size);
    load(&attempt, row, format, &input);
    check_diagnostic(&attempt, row, row->name, 0);
    check_counts(&attempt, row, row->name, 0);
    end(&attempt, row->name);
    input_free(&input);
}

static void run_between(const struct reject *row, uint32_t format)
{
    struct attempt attempt;
    struct input input = {NULL, 0, 0};
    char name[128];
    bool yaml = format == SVCROUTE_FORMAT_YAML, lost = row->flags & REJECT_LOST;
    snprintf(name, sizeof(name), "%s (between others)", row->name);
    begin(&attempt, row->flags);
    input_add(&input, yaml ? yaml_ahead : json_ahead, strlen(yaml ? yaml_ahead : json_ahead));
    if (yaml) {
        input_print(&input, "%s\n", row->flags & REJECT_DIRECTIVE ? "..." : "---");
    }
    input_add(&input, row->text, row->size);
    input_add(&input, yaml ? yaml_behind : json_behind, strlen(yaml ? yaml_behind : json_behind));
    load(&attempt, row, format, &input);
    check_diagnostic(&attempt, row, name, yaml ? 4 : 1);
    check_counts(&attempt, row, name, lost ? 1 : 2);
    check(holds(&attempt, "ahead") && holds(&attempt, "behind") == !lost, name,
          "the documents beside it");
    end(&attempt, name);
    input_free(&input);
}

/* The reader sees what the store sees, as far as no object is asked for. */
static void run_reader(const struct reject *row, uint32_t format)
{
    struct attempt attempt;
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    int error;
    begin(&attempt, row->flags);
    if (svcroute_reader_new(&reader, attempt.context, row->text, row->size, TEXT("input"),
                            format)) {
        give_up("no reader");
    }
    do {
        error = svcroute_reader_next(reader, &document, attempt.diags);
        check((error == SVCROUTE_OK) == (document != NULL), row->name, "a document with an error");
        svcroute_document_free(document);
    } while (error == SVCROUTE_OK);
    if (!(row->flags & REJECT_STRICT)) {
        check_diagnostic(&attempt, row, row->name, 0);
        check(error == SVCROUTE_ERR_SYNTAX || error == SVCROUTE_ERR_REJECTED ||
                  error == SVCROUTE_ERR_LIMIT || (error == SVCROUTE_ERR_END && !row->rejected),
              row->name, "the reader says %s", svcroute_error_name(error));
    }
    svcroute_reader_free(reader);
    end(&attempt, row->name);
}

/* A line of JSON that is cut costs itself alone, as long as what is there cannot go on with the
 * next one. */
static void run_cut_lines(void)
{
    static const char *const lines[] = {"{",    "{\"a\"", "{\"a\":1", "{\"a\":1,",
                                        "{\"a", "[1",     "[{}",      "{\"a\":{"};
    static const struct reject row = {.name = "cut line", .rejected = 1};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct attempt attempt;
        struct input input = {NULL, 0, 0};
        begin(&attempt, 0);
        input_print(&input, "%s%s%s", json_ahead, lines[i], json_behind);
        load(&attempt, &row, SVCROUTE_FORMAT_JSON, &input);
        check_counts(&attempt, &row, lines[i], 2);
        check(holds(&attempt, "ahead") && holds(&attempt, "behind"), lines[i],
              "the documents beside it");
        end(&attempt, lines[i]);
        input_free(&input);
    }
}

static void run_table(const struct reject *rows, size_t num, uint32_t format, bool syntax)
{
    for (size_t i = 0; i < num; i++) {
        run_alone(&rows[i], format);
        if (!(rows[i].flags & REJECT_ALONE)) {
            run_between(&rows[i], format);
        }
        if (syntax) {
            run_reader(&rows[i], format);
        }
    }
}

void run_rejects(void)
{
    size_t num = num_yaml_rejects + num_json_rejects + num_kube_rejects;
    check(num >= 150, "rejects", "only %zu documents", num);
    run_table(yaml_rejects, num_yaml_rejects, SVCROUTE_FORMAT_YAML, true);
    run_table(json_rejects, num_json_rejects, SVCROUTE_FORMAT_JSON, true);
    run_table(kube_rejects, num_kube_rejects, SVCROUTE_FORMAT_YAML, false);
    run_cut_lines();
}
