/* The table as a graph in Graphviz's language: routes, services, servers, and what leads to what.
 */
#include <inttypes.h>
#include <string.h>

#include "print.h"

/* Text for a quoted label. "\" begins an escape there and "&" an entity; control characters become
 * escapes as on a terminal. */
static void print_label(struct output *out, struct svcroute_text text)
{
    const char *end = text.size > 0 ? text.data + text.size : text.data;
    for (const char *at = text.data; at != end;) {
        const char *start = at;
        uint32_t character = utf8_next(&at, end);
        if (character == UINT32_MAX) {
            output_string(out, "\xef\xbf\xbd");
        } else if (character == '"' || character == '\\') {
            output_format(out, "\\%c", (char)character);
        } else if (character == '&') {
            output_string(out, "&amp;");
        } else if (character == '\n') {
            output_string(out, "\\\\n");
        } else if (is_control(character)) {
            output_format(out, "\\\\u{%" PRIx32 "}", character);
        } else {
            output_bytes(out, start, (size_t)(at - start));
        }
    }
}

static void print_route(struct output *out, const struct selection *selection, size_t index)
{
    struct svcroute_route_info info = selection_route(selection, index);
    output_format(out, "  r%zu [shape=box, style=\"rounded,bold\", label=\"", index);
    print_label(out, info.name);
    output_string(out, "\\n");
    print_label(out, info.rule);
    output_format(out, "\\npriority %" PRId64 "\"];\n", info.effective_priority);
}

static void print_service(struct output *out, const struct selection *selection, size_t index)
{
    static const char *const types[] = {"",          "load balancer",         "weighted",
                                        "mirroring", "highest random weight", "failover"};
    static const char *const strategies[] = {"", " wrr", " p2c", " hrw", " leasttime"};
    struct svcroute_service_info info = selection_service(selection, index);
    output_format(out, "  s%zu [shape=box, label=\"", index);
    print_label(out, info.name);
    output_format(out, "\\n%s%s%s\"];\n",
                  info.type <= SVCROUTE_SERVICE_FAILOVER ? types[info.type] : "",
                  info.strategy <= SVCROUTE_STRATEGY_LEASTTIME ? strategies[info.strategy] : "",
                  info.has_cookie ? ", sticky" : "");
}

/* Where an edge ends: a service of the table, or a name that leads out of it, which gets a node of
 * its own (the same statement twice is one node). */
static void print_target(struct output *out, const struct selection *selection,
                         struct svcroute_text name)
{
    size_t index = selection_find_service(selection, name);
    if (index != SELECTION_NONE) {
        output_format(out, "s%zu", index);
    } else {
        output_string(out, "\"other ");
        print_label(out, name);
        output_string(out, "\"");
    }
}

static void print_outsider(struct output *out, const struct selection *selection,
                           struct svcroute_text name)
{
    if (name.size > 0 && selection_find_service(selection, name) == SELECTION_NONE) {
        output_string(out, "  ");
        print_target(out, selection, name);
        output_string(out, " [shape=box, style=dashed, label=\"");
        print_label(out, name);
        output_string(out, "\"];\n");
    }
}

static void print_children(struct output *out, const struct selection *selection, size_t index)
{
    struct svcroute_child_info child;
    for (size_t i = 0; selection_child(selection, index, i, &child); i++) {
        print_outsider(out, selection, child.name);
        output_format(out, "  s%zu -> ", index);
        print_target(out, selection, child.name);
        switch (child.role) {
        case SVCROUTE_CHILD_MAIN:
            output_string(out, " [label=\"main\"];\n");
            break;
        case SVCROUTE_CHILD_MIRROR:
            output_format(out, " [label=\"mirror %" PRId64 "%%\", style=dashed];\n", child.percent);
            break;
        case SVCROUTE_CHILD_FALLBACK:
            output_string(out, " [label=\"fallback\", style=dashed];\n");
            break;
        default:
            output_format(out, " [label=\"weight %" PRId64 "\"];\n", child.weight);
            break;
        }
    }
}

static void print_servers(struct output *out, const struct selection *selection, size_t index)
{
    struct svcroute_server_info server = {.size = sizeof server};
    for (size_t i = 0; svcroute_service_get_server(selection->services[index], i, &server) == 0 &&
                       out->error == 0;
         i++) {
        output_format(out, "  s%zu_%zu [shape=plaintext, label=\"", index, i);
        print_label(out, server.url);
        if (server.node.size > 0) {
            output_string(out, "\\n");
            print_label(out, server.node);
        }
        output_format(out, "%s\"%s];\n", server.fenced ? "\\nterminating" : "",
                      server.fenced ? ", fontcolor=gray" : "");
        output_format(out, "  s%zu -> s%zu_%zu;\n", index, index, i);
    }
}

static void print_route_edges(struct output *out, const struct selection *selection, size_t index)
{
    struct svcroute_route_info info = selection_route(selection, index);
    if (info.service.size > 0) {
        print_outsider(out, selection, info.service);
        output_format(out, "  r%zu -> ", index);
        print_target(out, selection, info.service);
        output_string(out, ";\n");
    }
    for (size_t i = 0; i < info.num_parents; i++) {
        size_t parent = selection_find_route(
            selection, svcroute_route_get_parent(selection->table, selection->routes[index], i));
        if (parent != SELECTION_NONE && selection->route_chosen[parent]) {
            output_format(out, "  r%zu -> r%zu [style=dotted];\n", parent, index);
        }
    }
}

void print_dot(struct output *out, const struct selection *selection)
{
    output_string(out, "digraph svcroute {\n  rankdir=LR;\n");
    for (size_t i = 0; i < selection->num_routes && out->error == 0; i++) {
        if (selection->route_chosen[i]) {
            print_route(out, selection, i);
        }
    }
    for (size_t i = 0; i < selection->num_services && out->error == 0; i++) {
        if (selection->service_chosen[i]) {
            print_service(out, selection, i);
        }
    }
    for (size_t i = 0; i < selection->num_routes && out->error == 0; i++) {
        if (selection->route_chosen[i]) {
            print_route_edges(out, selection, i);
        }
    }
    for (size_t i = 0; i < selection->num_services && out->error == 0; i++) {
        if (selection->service_chosen[i]) {
            print_children(out, selection, i);
            print_servers(out, selection, i);
        }
    }
    output_string(out, "}\n");
}
