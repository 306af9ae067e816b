/* The library's export, whole or in part.
 *
 * A part is cut out of the whole text, so that every byte of it is the library's: its two maps hold
 * all routes and all services in the order of their names, as a listing does, so the n-th member is
 * the n-th name. JSON is cut at the commas of these maps, YAML at the lines that are indented like
 * the first member. */
#include <string.h>

#include "print.h"

/* ---- JSON --------------------------------------------------------------------------------- */

/* From a place inside a map to the "," or "}" that ends the member. */
static const char *json_member_end(const char *at, const char *end)
{
    size_t depth = 0;
    bool string = false;
    for (; at != end; at++) {
        if (string && *at == '\\') {
            at++; /* whatever is escaped, it ends no string */
        } else if (string) {
            string = *at != '"';
        } else if (*at == '"') {
            string = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (depth > 0) {
            depth -= *at == '}' || *at == ']';
        } else if (*at == ',' || *at == '}') {
            break;
        }
    }
    return at;
}

static const char *json_trim(const char *start, const char *end)
{
    while (end != start && (end[-1] == ' ' || end[-1] == '\n')) {
        end--;
    }
    return end;
}

/* Copies up to and with the next "{". */
static const char *json_copy_opening(struct output *out, const char *at, const char *end)
{
    const char *brace = memchr(at, '{', (size_t)(end - at));
    brace = brace != NULL ? brace + 1 : end;
    output_bytes(out, at, (size_t)(brace - at));
    return brace;
}

/* Copies the chosen members of a map from behind its "{"; gives the place of its "}". */
static const char *json_copy_members(struct output *out, const char *at, const char *end,
                                     const bool *chosen, size_t num)
{
    bool filled = false;
    const char *before_end = at;
    for (size_t i = 0; i < num && at != end; i++) {
        const char *stop = json_member_end(at, end);
        before_end = json_trim(at, stop);
        if (chosen[i]) {
            output_string(out, filled ? "," : "");
            output_bytes(out, at, (size_t)(before_end - at));
            filled = true;
        }
        at = stop != end && *stop == ',' ? stop + 1 : stop;
    }
    if (filled) {
        output_bytes(out, before_end, (size_t)(at - before_end));
    }
    return at;
}

static void json_copy_part(struct output *out, struct svcroute_text text,
                           const struct selection *selection)
{
    const char *at = text.data, *end = text.data + text.size;
    for (size_t i = 0; i < 3; i++) { /* the whole, "http", "routers" */
        at = json_copy_opening(out, at, end);
    }
    at = json_copy_members(out, at, end, selection->route_chosen, selection->num_routes);
    at = json_copy_opening(out, at, end);
    at = json_copy_members(out, at, end, selection->service_chosen, selection->num_services);
    output_bytes(out, at, (size_t)(end - at));
}

/* ---- YAML --------------------------------------------------------------------------------- */

static const char *yaml_line_end(const char *at, const char *end)
{
    const char *line = memchr(at, '\n', (size_t)(end - at));
    return line != NULL ? line + 1 : end;
}

/* SIZE_MAX for an empty line, which belongs to what stands above it. */
static size_t yaml_indentation(const char *at, const char *end)
{
    const char *start = at;
    while (at != end && *at == ' ') {
        at++;
    }
    return at == end || *at == '\n' ? SIZE_MAX : (size_t)(at - start);
}

/* Copies the line of a map's key and the chosen members below it. */
static const char *yaml_copy_map(struct output *out, const char *at, const char *end,
                                 const bool *chosen, size_t num)
{
    const char *next = yaml_line_end(at, end);
    if (num == 0) { /* an empty map stands in the key's own line */
        output_bytes(out, at, (size_t)(next - at));
        return next;
    }
    output_bytes(out, at, (size_t)(next - at) - 1);
    size_t indentation = yaml_indentation(next, end);
    bool filled = false;
    size_t member = SIZE_MAX; /* goes to 0 with the first */
    for (at = next; at != end; at = next) {
        size_t here = yaml_indentation(at, end);
        if (here < indentation) {
            break;
        }
        member += here == indentation;
        next = yaml_line_end(at, end);
        if (member < num && chosen[member]) {
            output_string(out, filled ? "" : "\n");
            output_bytes(out, at, (size_t)(next - at));
            filled = true;
        }
    }
    output_string(out, filled ? "" : " {}\n");
    return at;
}

static void yaml_copy_part(struct output *out, struct svcroute_text text,
                           const struct selection *selection)
{
    const char *end = text.data + text.size;
    const char *at = yaml_line_end(text.data, end); /* "http:" */
    output_bytes(out, text.data, (size_t)(at - text.data));
    at = yaml_copy_map(out, at, end, selection->route_chosen, selection->num_routes);
    at = yaml_copy_map(out, at, end, selection->service_chosen, selection->num_services);
    output_bytes(out, at, (size_t)(end - at));
}

bool print_export(struct output *out, const struct selection *selection, bool yaml)
{
    struct svcroute_export *whole;
    int code = svcroute_table_export(&whole, selection->table,
                                     yaml ? SVCROUTE_EXPORT_YAML : SVCROUTE_EXPORT_JSON);
    if (code != 0) {
        complain(NULL, svcroute_error_text(code));
        return false;
    }
    struct svcroute_text text = svcroute_export_get_text(whole);
    if (selection->all) {
        output_bytes(out, text.data, text.size);
    } else if (yaml) {
        yaml_copy_part(out, text, selection);
    } else {
        json_copy_part(out, text, selection);
    }
    svcroute_export_free(whole);
    return true;
}
