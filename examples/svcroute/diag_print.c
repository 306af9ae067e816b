/* Diagnostics for people and as plain JSON. */
#include "diag_print.h"

#include <inttypes.h>
#include <stdlib.h>

#include "json.h"
#include "memory.h"

/* ---- order -------------------------------------------------------------------------------- */

static int compare_diags(const void *a, const void *b)
{
    const struct svcroute_diag_info *left = a, *right = b;
    int order = text_compare(left->source, right->source);
    if (order != 0) {
        return order;
    }
    if (left->line != right->line) {
        return left->line < right->line ? -1 : 1;
    }
    if (left->column != right->column) {
        return left->column < right->column ? -1 : 1;
    }
    if (left->severity != right->severity) {
        return left->severity > right->severity ? -1 : 1;
    }
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    order = text_compare(left->field, right->field);
    return order != 0 ? order : text_compare(left->text, right->text);
}

void diag_list_make(struct diag_list *list, const struct svcroute_diags *diags)
{
    size_t num = svcroute_diags_num(diags);
    list->items = memory_new(num, sizeof *list->items);
    list->num = 0;
    for (size_t i = 0; i < num; i++) {
        struct svcroute_diag_info *info = &list->items[list->num];
        info->size = sizeof *info;
        if (svcroute_diags_get(diags, i, info) == 0) {
            list->num++;
        }
    }
    qsort(list->items, list->num, sizeof *list->items, compare_diags);
}

void diag_list_free(struct diag_list *list)
{
    free(list->items);
}

const char *diag_severity_name(uint32_t severity)
{
    return severity == SVCROUTE_SEVERITY_ERROR     ? "error"
           : severity == SVCROUTE_SEVERITY_WARNING ? "warning"
                                                   : "info";
}

static enum style severity_style(uint32_t severity)
{
    return severity == SVCROUTE_SEVERITY_ERROR     ? STYLE_RED
           : severity == SVCROUTE_SEVERITY_WARNING ? STYLE_YELLOW
                                                   : STYLE_CYAN;
}

/* ---- for people --------------------------------------------------------------------------- */

void diag_print_place(struct output *out, struct svcroute_text source, uint32_t line,
                      uint32_t column)
{
    output_text(out, source.size > 0 ? source : text_of("svcroute"));
    if (line > 0) {
        output_format(out, ":%" PRIu32, line);
    }
    if (line > 0 && column > 0) {
        output_format(out, ":%" PRIu32, column);
    }
}

void diag_print_object(struct output *out, struct svcroute_text kind,
                       struct svcroute_text namespace_, struct svcroute_text name)
{
    output_text(out, kind);
    if (name.size > 0) {
        output_string(out, kind.size > 0 ? " " : "");
        output_text(out, namespace_);
        output_string(out, namespace_.size > 0 ? "/" : "");
        output_text(out, name);
    }
}

static void print_diag(struct output *out, const struct svcroute_diag_info *info)
{
    output_style(out, STYLE_BOLD);
    diag_print_place(out, info->source, info->line, info->column);
    output_string(out, ": ");
    output_style(out, severity_style(info->severity));
    output_string(out, diag_severity_name(info->severity));
    output_string(out, ":");
    output_plain(out);
    output_string(out, " ");
    output_text(out, info->text);
    output_style(out, STYLE_DIM);
    output_string(out, " [");
    output_text(out, info->id_name);
    output_string(out, "]");
    output_plain(out);
    output_string(out, "\n");
    if (info->kind.size > 0 || info->name.size > 0 || info->field.size > 0) {
        bool object = info->kind.size > 0 || info->name.size > 0;
        output_style(out, STYLE_DIM);
        output_string(out, "    in ");
        diag_print_object(out, info->kind, info->namespace_, info->name);
        output_string(out, object && info->field.size > 0 ? ", " : "");
        output_text(out, info->field);
        output_plain(out);
        output_string(out, "\n");
    }
}

void diag_print_text(struct output *out, const struct cluster *cluster)
{
    struct diag_list list;
    diag_list_make(&list, cluster->diags);
    for (size_t i = 0; i < list.num && out->error == 0; i++) {
        print_diag(out, &list.items[i]);
    }
    diag_list_free(&list);
    uint64_t dropped = svcroute_diags_num_dropped(cluster->diags);
    if (dropped > 0) {
        output_format(out, "svcroute: %" PRIu64 " more are not shown\n", dropped);
    }
}

static bool print_count(struct output *out, uint64_t num, const char *what, bool first)
{
    if (num == 0) {
        return first;
    }
    output_format(out, "%s%" PRIu64 " %s%s", first ? "" : ", ", num, what, num == 1 ? "" : "s");
    return false;
}

static uint64_t count_of(const struct cluster *cluster, uint32_t severity)
{
    return svcroute_diags_num_severity(cluster->diags, severity);
}

void diag_print_summary(struct output *out, const struct cluster *cluster)
{
    uint64_t documents = cluster->loaded.documents;
    bool first = true;
    first = print_count(out, count_of(cluster, SVCROUTE_SEVERITY_ERROR), "error", first);
    first = print_count(out, count_of(cluster, SVCROUTE_SEVERITY_WARNING), "warning", first);
    if (first) {
        output_string(out, "no errors, no warnings");
    }
    uint64_t infos = count_of(cluster, SVCROUTE_SEVERITY_INFO);
    if (infos > 0) {
        output_format(out, ", %" PRIu64 " info", infos);
    }
    output_format(out, " in %" PRIu64 " document%s\n", documents, documents == 1 ? "" : "s");
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_diag(struct json *json, const struct svcroute_diag_info *info)
{
    json_begin(json, '{');
    json_member(json, "severity", text_of(diag_severity_name(info->severity)));
    json_member(json, "id", info->id_name);
    json_member_number(json, "number", info->id);
    json_member(json, "source", info->source);
    json_member_number(json, "line", info->line);
    json_member_number(json, "column", info->column);
    json_member(json, "kind", info->kind);
    json_member(json, "namespace", info->namespace_);
    json_member(json, "name", info->name);
    json_member(json, "field", info->field);
    json_member(json, "text", info->text);
    json_end(json, '}');
}

static void json_summary(struct json *json, const struct cluster *cluster)
{
    const struct svcroute_load_result *loaded = &cluster->loaded;
    const struct {
        const char *key;
        uint64_t number;
    } rows[] = {
        {"errors", count_of(cluster, SVCROUTE_SEVERITY_ERROR)},
        {"warnings", count_of(cluster, SVCROUTE_SEVERITY_WARNING)},
        {"infos", count_of(cluster, SVCROUTE_SEVERITY_INFO)},
        {"notShown", svcroute_diags_num_dropped(cluster->diags)},
        {"documents", loaded->documents},
        {"objects", svcroute_store_num(cluster->store, SVCROUTE_KIND_NONE)},
        {"rejected", loaded->rejected},
        {"ignored", loaded->ignored},
        {"routes", svcroute_table_num_routes(cluster->table)},
        {"services", svcroute_table_num_services(cluster->table)},
    };
    json_begin(json, '{');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_key(json, rows[i].key);
        json_number(json, rows[i].number);
    }
    json_end(json, '}');
}

void diag_print_json(struct output *out, const struct cluster *cluster)
{
    struct json json = {.out = out};
    struct diag_list list;
    diag_list_make(&list, cluster->diags);
    json_begin(&json, '{');
    json_key(&json, "diagnostics");
    json_begin(&json, '[');
    for (size_t i = 0; i < list.num && out->error == 0; i++) {
        json_diag(&json, &list.items[i]);
    }
    json_end(&json, ']');
    json_key(&json, "summary");
    json_summary(&json, cluster);
    json_end(&json, '}');
    diag_list_free(&list);
}
