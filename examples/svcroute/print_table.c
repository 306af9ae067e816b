/* The table for people: one row for each route, and below it the tree that its requests walk. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diag_print.h"
#include "memory.h"
#include "print.h"

enum {
    LEVELS = 64,     /* deeper levels are left out */
    WIDEST_CELL = 48 /* a longer cell pushes its own row only */
};

/* ---- rows --------------------------------------------------------------------------------- */

enum {
    COLUMN_ROUTE,
    COLUMN_PRIORITY,
    COLUMN_ENTRY_POINTS,
    COLUMN_TLS,
    COLUMN_MIDDLEWARES,
    NUM_COLUMNS
};

static const char *const headings[NUM_COLUMNS] = {"ROUTE", "PRIORITY", "ENTRY POINTS", "TLS",
                                                  "MIDDLEWARES"};

/* A cell made of one text, or of several with commas between. */
struct cell {
    struct svcroute_text text;
    struct svcroute_text (*item)(const struct svcroute_route *route, size_t index); /* or NULL */
    uint32_t num;
    char number[24];
};

static void make_cell(struct cell *cell, const struct svcroute_route_info *info, size_t column)
{
    memset(cell, 0, sizeof *cell);
    switch (column) {
    case COLUMN_ROUTE:
        cell->text = info->name;
        break;
    case COLUMN_PRIORITY:
        snprintf(cell->number, sizeof cell->number, "%" PRId64, info->effective_priority);
        cell->text = text_of(cell->number);
        break;
    case COLUMN_ENTRY_POINTS:
        cell->item = svcroute_route_get_entry_point;
        cell->num = info->num_entry_points;
        break;
    case COLUMN_TLS:
        cell->text = info->cert_resolver.size > 0 ? info->cert_resolver
                                                  : text_of(info->has_tls ? "yes" : "");
        break;
    default:
        cell->item = svcroute_route_get_middleware;
        cell->num = info->num_middlewares;
        break;
    }
    if (cell->text.size == 0 && cell->num == 0) {
        cell->item = NULL;
        cell->text = text_of("-");
    }
}

/* Writes a cell if `write`; gives its width either way. */
static size_t cell_width(struct output *out, const struct cell *cell,
                         const struct svcroute_route *route, bool write)
{
    if (cell->item == NULL) {
        return write ? output_text(out, cell->text) : output_width(out, cell->text);
    }
    size_t width = 0;
    for (size_t i = 0; i < cell->num; i++) {
        struct svcroute_text item = cell->item(route, i);
        if (write) {
            output_string(out, i == 0 ? "" : ",");
            output_text(out, item);
        }
        width += output_width(out, item) + (i > 0);
    }
    return width;
}

static void measure(struct output *out, const struct selection *selection,
                    size_t widths[NUM_COLUMNS])
{
    for (size_t column = 0; column < NUM_COLUMNS; column++) {
        widths[column] = strlen(headings[column]);
    }
    for (size_t i = 0; i < selection->num_routes; i++) {
        struct svcroute_route_info info = selection_route(selection, i);
        for (size_t column = 0; selection->route_chosen[i] && column < NUM_COLUMNS; column++) {
            struct cell cell;
            make_cell(&cell, &info, column);
            size_t width = cell_width(out, &cell, selection->routes[i], false);
            if (width > widths[column]) {
                widths[column] = width < WIDEST_CELL ? width : WIDEST_CELL;
            }
        }
    }
}

static void print_headings(struct output *out, const size_t widths[NUM_COLUMNS])
{
    output_style(out, STYLE_BOLD);
    for (size_t column = 0; column < NUM_COLUMNS; column++) {
        output_string(out, headings[column]);
        output_pad(out, widths[column] - strlen(headings[column]) + 2);
    }
    output_string(out, "RULE");
    output_plain(out);
    output_string(out, "\n");
}

static void print_row(struct output *out, const struct selection *selection, size_t index,
                      const struct svcroute_route_info *info, const size_t widths[NUM_COLUMNS])
{
    const struct svcroute_route *route = selection->routes[index];
    for (size_t column = 0; column < NUM_COLUMNS; column++) {
        struct cell cell;
        make_cell(&cell, info, column);
        size_t width = cell_width(out, &cell, route, false);
        size_t blanks = width < widths[column] ? widths[column] - width : 0;
        if (column == COLUMN_PRIORITY) { /* a number: to the right */
            output_pad(out, blanks);
            blanks = 0;
        }
        output_style(out, column == COLUMN_ROUTE ? STYLE_BOLD : STYLE_DIM);
        cell_width(out, &cell, route, true);
        output_plain(out);
        output_pad(out, blanks + 2);
    }
    output_text(out, info->rule);
    output_string(out, "\n");
}

/* ---- trees -------------------------------------------------------------------------------- */

struct tree {
    struct output *out;
    const struct selection *selection;
    uint32_t *seen; /* for each service: number of the tree that showed it */
    uint32_t number;
    size_t depth;
    bool more[LEVELS]; /* a sibling follows at this level */
};

static void print_branch(struct tree *tree, bool last)
{
    struct output *out = tree->out;
    output_style(out, STYLE_DIM);
    for (size_t i = 0; i < tree->depth; i++) {
        const char *line = out->unicode ? "│  " : "|  ";
        output_string(out, tree->more[i] ? line : "   ");
    }
    if (out->unicode) {
        output_string(out, last ? "└─ " : "├─ ");
    } else {
        output_string(out, last ? "`- " : "|- ");
    }
    output_plain(out);
}

/* A duration in its largest whole unit. */
static void print_duration(struct output *out, int64_t nanoseconds)
{
    static const struct {
        int64_t size;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t i = 0;
    while (nanoseconds % units[i].size != 0) {
        i++;
    }
    output_format(out, "%" PRId64 "%s", nanoseconds / units[i].size, units[i].name);
}

static void print_checks(struct output *out, const struct svcroute_service *service)
{
    struct svcroute_health_check_info active = {.size = sizeof active};
    struct svcroute_passive_check_info passive = {.size = sizeof passive};
    if (svcroute_service_get_health_check(service, &active) == 0) {
        output_string(out, ", health check ");
        output_text(out, active.path.size > 0 ? active.path : text_of("/"));
        output_string(out, " every ");
        print_duration(out, active.interval);
    }
    if (svcroute_service_get_passive_check(service, &passive) == 0) {
        output_format(out, ", down after %" PRId64 " failures in ", passive.max_failed_attempts);
        print_duration(out, passive.failure_window);
    }
}

static void print_balancer(struct output *out, const struct svcroute_service_info *info)
{
    static const char *const strategies[] = {"", "wrr", "p2c", "hrw", "leasttime"};
    output_string(out,
                  info->strategy <= SVCROUTE_STRATEGY_LEASTTIME ? strategies[info->strategy] : "");
    output_string(out, ", Service ");
    diag_print_object(out, text_of(""), info->namespace_, info->object);
    if (info->port.data != NULL) {
        output_string(out, " port ");
        output_text(out, info->port);
    }
    if (info->pass_host_header == 0) {
        output_string(out, ", own Host header");
    }
    if (info->servers_transport.size > 0) {
        output_string(out, ", transport ");
        output_text(out, info->servers_transport);
    }
}

static void print_failover(struct output *out, const struct svcroute_service *service,
                           const struct svcroute_service_info *info)
{
    output_string(out, "failover");
    for (size_t i = 0; i < info->num_error_status; i++) {
        output_string(out, i == 0 ? " on " : ",");
        output_text(out, svcroute_service_get_error_status(service, i));
    }
}

static void print_service_details(struct output *out, const struct svcroute_service *service,
                                  const struct svcroute_service_info *info)
{
    switch (info->type) {
    case SVCROUTE_SERVICE_LOAD_BALANCER:
        print_balancer(out, info);
        break;
    case SVCROUTE_SERVICE_WEIGHTED:
        output_string(out, "weighted");
        break;
    case SVCROUTE_SERVICE_MIRRORING:
        output_string(out, "mirroring");
        break;
    case SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT:
        output_string(out, "highest random weight");
        break;
    default:
        print_failover(out, service, info);
        break;
    }
    struct svcroute_cookie_info cookie = {.size = sizeof cookie};
    if (svcroute_service_get_cookie(service, &cookie) == 0) {
        output_string(out, ", sticky");
        output_string(out, cookie.name.size > 0 ? " by " : "");
        output_text(out, cookie.name);
    }
    print_checks(out, service);
    for (size_t i = 0; i < info->num_middlewares; i++) {
        output_string(out, i == 0 ? ", middlewares " : ",");
        output_text(out, svcroute_service_get_middleware(service, i));
    }
    if (info->type == SVCROUTE_SERVICE_LOAD_BALANCER && info->num_servers == 0) {
        output_string(out, ", no servers");
    }
}

static bool get_server(const struct svcroute_service *service, size_t index,
                       struct svcroute_server_info *server)
{
    memset(server, 0, sizeof *server);
    server->size = sizeof *server;
    return svcroute_service_get_server(service, index, server) == 0;
}

static void print_servers(struct tree *tree, const struct svcroute_service *service, size_t num)
{
    struct output *out = tree->out;
    struct svcroute_server_info server;
    size_t widest = 0, widest_node = 0;
    for (size_t i = 0; i < num && get_server(service, i, &server); i++) {
        size_t width = output_width(out, server.url), node = output_width(out, server.node);
        widest = width > widest ? width : widest;
        widest_node = node > widest_node ? node : widest_node;
    }
    for (size_t i = 0; i < num && get_server(service, i, &server) && out->error == 0; i++) {
        print_branch(tree, i + 1 == num);
        size_t width = output_text(out, server.url);
        if (server.node.size > 0 || server.zone.size > 0 || server.fenced != 0) {
            output_pad(out, widest - width + (widest_node > 0 ? 2 : 0));
            width = output_text(out, server.node);
            output_pad(out, server.zone.size + server.fenced > 0 ? widest_node - width : 0);
        }
        if (server.zone.size > 0) {
            output_string(out, "  ");
            output_text(out, server.zone);
        }
        if (server.fenced != 0) {
            output_style(out, STYLE_YELLOW);
            output_string(out, "  terminating");
            output_plain(out);
        }
        output_string(out, "\n");
    }
}

static void print_role(struct output *out, const struct svcroute_child_info *child)
{
    switch (child->role) {
    case SVCROUTE_CHILD_MAIN:
        output_string(out, "main");
        break;
    case SVCROUTE_CHILD_MIRROR:
        output_format(out, "mirror %" PRId64 "%%", child->percent);
        break;
    case SVCROUTE_CHILD_FALLBACK:
        output_string(out, "fallback");
        break;
    default:
        output_format(out, "weight %" PRId64, child->weight);
        break;
    }
    output_string(out, "  ");
}

static void print_service(struct tree *tree, size_t index);

static void print_children(struct tree *tree, size_t parent, size_t num)
{
    struct output *out = tree->out;
    struct svcroute_child_info child;
    for (size_t i = 0; selection_child(tree->selection, parent, i, &child) && out->error == 0;
         i++) {
        bool last = i + 1 == num;
        size_t index = child.service != NULL ? selection_find_service(tree->selection, child.name)
                                             : SELECTION_NONE;
        print_branch(tree, last);
        print_role(out, &child);
        if (index != SELECTION_NONE) {
            tree->more[tree->depth++] = !last;
            print_service(tree, index);
            tree->depth--;
        } else {
            bool other = memchr(child.name.data, '@', child.name.size) != NULL;
            output_text(out, child.name);
            output_string(out, other ? "  (of another provider)\n" : "  (not there)\n");
        }
    }
}

/* The rest of a line that has its branch already, and what is below. A service is shown with its
 * children once in a tree, which bounds trees of shared services and of cycles alike. */
static void print_service(struct tree *tree, size_t index)
{
    struct output *out = tree->out;
    const struct svcroute_service *service = tree->selection->services[index];
    struct svcroute_service_info info = selection_service(tree->selection, index);
    output_text(out, info.name);
    if (tree->seen[index] == tree->number) {
        output_string(out, "  (shown above)\n");
        return;
    }
    tree->seen[index] = tree->number;
    output_string(out, "  ");
    print_service_details(out, service, &info);
    output_string(out, "\n");
    if (tree->depth < LEVELS) {
        print_children(tree, index, info.num_children);
        print_servers(tree, service, info.num_servers);
    } else if (info.num_children + info.num_servers > 0) {
        print_branch(tree, true);
        output_string(out, "deeper levels are left out\n");
    }
}

static void print_route_tree(struct tree *tree, size_t route,
                             const struct svcroute_route_info *info)
{
    struct output *out = tree->out;
    size_t index = selection_find_service(tree->selection, info->service);
    tree->number++;
    for (size_t i = 0; i < info->num_parents; i++) {
        print_branch(tree, false);
        output_string(out, "below route ");
        output_text(out, svcroute_route_get_parent(tree->selection->table,
                                                   tree->selection->routes[route], i));
        output_string(out, "\n");
    }
    print_branch(tree, true);
    if (index != SELECTION_NONE) {
        tree->more[tree->depth++] = false;
        print_service(tree, index);
        tree->depth--;
    } else if (info->service.size == 0) {
        output_string(out, "no service\n");
    } else {
        bool other = memchr(info->service.data, '@', info->service.size) != NULL;
        output_text(out, info->service);
        output_string(out, other ? "  (of another provider)\n" : "  (not there)\n");
    }
}

/* ---- services without a route ------------------------------------------------------------- */

/* Trees begin where no other of the services that are left leads; what then still was not shown
 * lies on cycles. */
static void print_unrouted(struct tree *tree, const bool *routed)
{
    const struct selection *selection = tree->selection;
    bool *below = memory_new(selection->num_services, sizeof *below);
    bool *shown = memory_new(selection->num_services, sizeof *shown);
    bool heading = false;
    for (size_t i = 0; i < selection->num_services; i++) {
        struct svcroute_child_info child;
        for (size_t j = 0; !routed[i] && selection_child(selection, i, j, &child); j++) {
            size_t index = selection_find_service(selection, child.name);
            if (index != SELECTION_NONE && index != i) {
                below[index] = true;
            }
        }
    }
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < selection->num_services && tree->out->error == 0; i++) {
            if (!selection->service_chosen[i] || routed[i] || shown[i] ||
                (round == 0 && below[i])) {
                continue;
            }
            if (!heading) {
                output_style(tree->out, STYLE_BOLD);
                output_string(tree->out,
                              selection->all ? "SERVICES WITHOUT A ROUTE\n" : "SERVICES\n");
                output_plain(tree->out);
                heading = true;
            }
            tree->number++;
            print_service(tree, i);
            selection_mark(selection, i, shown);
        }
    }
    free(below);
    free(shown);
}

void print_table(struct output *out, const struct selection *selection)
{
    size_t widths[NUM_COLUMNS];
    struct tree tree = {.out = out, .selection = selection};
    bool *routed = memory_new(selection->num_services, sizeof *routed);
    bool any = false;
    tree.seen = memory_new(selection->num_services, sizeof *tree.seen);
    measure(out, selection, widths);
    for (size_t i = 0; i < selection->num_routes && out->error == 0; i++) {
        if (!selection->route_chosen[i]) {
            continue;
        }
        struct svcroute_route_info info = selection_route(selection, i);
        if (!any) {
            print_headings(out, widths);
        }
        any = true;
        print_row(out, selection, i, &info, widths);
        print_route_tree(&tree, i, &info);
        selection_mark(selection, selection_find_service(selection, info.service), routed);
    }
    if (!any && selection->all) {
        output_string(out, "no routes\n");
    }
    print_unrouted(&tree, routed);
    free(routed);
    free(tree.seen);
}
