/* Diagnostics as SARIF 2.1.0 (OASIS standard), which code hosts show beside the lines of a change.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag_print.h"
#include "json.h"
#include "memory.h"

/* Kinds of diagnostics in the order of the registry; results refer to them by index. */
struct registry {
    uint32_t *ids;
    size_t num;
};

static const char *sarif_level(uint32_t severity)
{
    return severity == SVCROUTE_SEVERITY_INFO ? "note" : diag_severity_name(severity);
}

static void write_message(struct json *json, const char *key, struct svcroute_text text)
{
    json_key(json, key);
    json_begin(json, '{');
    json_key(json, "text");
    json_text(json, text);
    json_end(json, '}');
}

static void write_rules(struct json *json, struct registry *registry)
{
    json_key(json, "rules");
    json_begin(json, '[');
    for (size_t i = 0; i < registry->num; i++) {
        struct svcroute_text name, summary;
        uint32_t severity;
        if (svcroute_diag_get_id(i, &registry->ids[i], &severity, &name, &summary) != 0) {
            continue;
        }
        json_begin(json, '{');
        json_member(json, "id", name);
        write_message(json, "shortDescription", summary);
        json_key(json, "defaultConfiguration");
        json_begin(json, '{');
        json_member(json, "level", text_of(sarif_level(severity)));
        json_end(json, '}');
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* A path as a URI reference (RFC 3986): everything but unreserved characters and "/" is encoded. */
static void write_uri(struct json *json, struct svcroute_text path)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    static const char scheme[] = "file://";
    bool absolute = path.size > 0 && path.data[0] == '/';
    char *uri = memory_new(path.size * 3 + sizeof scheme, 1);
    size_t size = 0;
    if (absolute) {
        memcpy(uri, scheme, sizeof scheme - 1);
        size = sizeof scheme - 1;
    }
    for (size_t i = 0; i < path.size; i++) {
        char byte = path.data[i];
        if (byte != '\0' && strchr(plain, byte) != NULL) {
            uri[size++] = byte;
        } else {
            uri[size++] = '%';
            uri[size++] = "0123456789ABCDEF"[(unsigned char)byte >> 4];
            uri[size++] = "0123456789ABCDEF"[(unsigned char)byte & 15];
        }
    }
    json_member(json, "uri", (struct svcroute_text){uri, size});
    free(uri);
}

static void write_physical(struct json *json, const struct svcroute_diag_info *info)
{
    if (info->source.size == 0) {
        return;
    }
    json_key(json, "physicalLocation");
    json_begin(json, '{');
    json_key(json, "artifactLocation");
    json_begin(json, '{');
    write_uri(json, info->source);
    json_end(json, '}');
    if (info->line > 0) {
        json_key(json, "region");
        json_begin(json, '{');
        json_member_number(json, "startLine", info->line);
        json_member_number(json, "startColumn", info->column);
        json_end(json, '}');
    }
    json_end(json, '}');
}

static void write_logical(struct json *json, const struct svcroute_diag_info *info)
{
    const struct svcroute_text parts[] = {info->kind, info->namespace_, info->name, info->field};
    const char *const before[] = {"", " ", "/", " "};
    size_t size = 0, num = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < num; i++) {
        size += parts[i].size + 1;
    }
    if (size == num) {
        return;
    }
    char *name = memory_new(size, 1);
    size = 0;
    for (size_t i = 0; i < num; i++) {
        if (parts[i].size == 0) {
            continue;
        }
        if (size > 0) {
            name[size++] = i == 2 && info->namespace_.size == 0 ? ' ' : before[i][0];
        }
        memcpy(name + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    json_key(json, "logicalLocations");
    json_begin(json, '[');
    json_begin(json, '{');
    json_member(json, "name", info->name);
    json_member(json, "fullyQualifiedName", (struct svcroute_text){name, size});
    json_end(json, '}');
    json_end(json, ']');
    free(name);
}

static void write_result(struct json *json, const struct svcroute_diag_info *info,
                         const struct registry *registry)
{
    json_begin(json, '{');
    json_member(json, "ruleId", info->id_name);
    for (size_t i = 0; i < registry->num; i++) {
        if (registry->ids[i] == info->id) {
            json_key(json, "ruleIndex");
            json_number(json, i);
        }
    }
    json_member(json, "level", text_of(sarif_level(info->severity)));
    write_message(json, "message", info->text);
    json_key(json, "locations");
    json_begin(json, '[');
    json_begin(json, '{');
    write_physical(json, info);
    write_logical(json, info);
    json_end(json, '}');
    json_end(json, ']');
    json_end(json, '}');
}

static void write_tool(struct json *json, struct registry *registry)
{
    json_key(json, "tool");
    json_begin(json, '{');
    json_key(json, "driver");
    json_begin(json, '{');
    json_member(json, "name", text_of("svcroute"));
    json_member(json, "version", text_of(svcroute_version_text()));
    write_rules(json, registry);
    json_end(json, '}');
    json_end(json, '}');
}

/* Whether everything could be read; what could not is said on standard error. */
static void write_invocation(struct json *json, const struct cluster *cluster)
{
    json_key(json, "invocations");
    json_begin(json, '[');
    json_begin(json, '{');
    json_key(json, "executionSuccessful");
    json_boolean(json, !cluster->failed);
    json_end(json, '}');
    json_end(json, ']');
}

void diag_print_sarif(struct output *out, const struct cluster *cluster)
{
    struct json json = {.out = out};
    struct registry registry = {NULL, svcroute_diag_num_ids()};
    struct diag_list list;
    registry.ids = memory_new(registry.num, sizeof *registry.ids);
    diag_list_make(&list, cluster->diags);
    json_begin(&json, '{');
    json_member(&json, "$schema", text_of("https://json.schemastore.org/sarif-2.1.0.json"));
    json_member(&json, "version", text_of("2.1.0"));
    json_key(&json, "runs");
    json_begin(&json, '[');
    json_begin(&json, '{');
    write_tool(&json, &registry);
    write_invocation(&json, cluster);
    json_member(&json, "columnKind", text_of("unicodeCodePoints"));
    json_key(&json, "results");
    json_begin(&json, '[');
    for (size_t i = 0; i < list.num && out->error == 0; i++) {
        write_result(&json, &list.items[i], &registry);
    }
    json_end(&json, ']');
    json_end(&json, '}');
    json_end(&json, ']');
    json_end(&json, '}');
    diag_list_free(&list);
    free(registry.ids);
}
