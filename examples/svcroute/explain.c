/* `svcroute resolve --explain`: which objects and fields something came from, and what was refused.
 */
#include <string.h>

#include "diag_print.h"
#include "json.h"
#include "memory.h"
#include "print.h"

static void print_step(struct output *out, const struct svcroute_step_info *step)
{
    bool object = step->kind.size > 0 || step->name.size > 0;
    output_pad(out, 2 * (size_t)step->depth);
    if (step->severity != 0) {
        output_style(out, step->severity == SVCROUTE_SEVERITY_ERROR ? STYLE_RED : STYLE_YELLOW);
        output_string(out, diag_severity_name(step->severity));
        output_string(out, ": ");
        output_plain(out);
    }
    if (object) {
        output_style(out, STYLE_BOLD);
        diag_print_object(out, step->kind, step->namespace_, step->name);
        output_plain(out);
    }
    output_string(out, object && step->field.size > 0 ? ", " : "");
    output_text(out, step->field);
    output_string(out, object || step->field.size > 0 ? ": " : "");
    output_text(out, step->text);
    if (step->source.size > 0) {
        output_style(out, STYLE_DIM);
        output_string(out, "  (");
        diag_print_place(out, step->source, step->line, step->column);
        output_string(out, ")");
        output_plain(out);
    }
    output_string(out, "\n");
}

static void json_step(struct json *json, const struct svcroute_step_info *step)
{
    json_begin(json, '{');
    json_key(json, "depth");
    json_number(json, step->depth);
    json_member(json, "severity",
                text_of(step->severity != 0 ? diag_severity_name(step->severity) : ""));
    json_member(json, "source", step->source);
    json_member_number(json, "line", step->line);
    json_member_number(json, "column", step->column);
    json_member(json, "kind", step->kind);
    json_member(json, "namespace", step->namespace_);
    json_member(json, "name", step->name);
    json_member(json, "field", step->field);
    json_member(json, "text", step->text);
    json_end(json, '}');
}

bool print_explanation(struct output *out, struct svcroute_table *table, const char *name,
                       bool as_json)
{
    struct svcroute_explanation *explanation;
    int code = svcroute_table_explain(&explanation, table, text_of(name));
    if (code != 0) {
        complain(name, code == SVCROUTE_ERR_NOT_FOUND
                           ? "there is no such route, service, IngressRoute or TraefikService"
                           : svcroute_error_text(code));
        return false;
    }
    struct json json = {.out = out};
    if (as_json) {
        json_begin(&json, '[');
    }
    struct svcroute_step_info step = {.size = sizeof step};
    for (size_t i = 0; svcroute_explanation_get(explanation, i, &step) == 0 && out->error == 0;
         i++) {
        if (as_json) {
            json_step(&json, &step);
        } else {
            print_step(out, &step);
        }
    }
    if (as_json) {
        json_end(&json, ']');
    }
    svcroute_explanation_free(explanation);
    return true;
}
