/* Names of a table, and what can be reached from some of them. */
#include "selection.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"

/* ---- names -------------------------------------------------------------------------------- */

static size_t find(const struct svcroute_text *names, size_t num, struct svcroute_text name)
{
    size_t low = 0, high = num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(names[middle], name);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SELECTION_NONE;
}

size_t selection_find_route(const struct selection *selection, struct svcroute_text name)
{
    return find(selection->route_names, selection->num_routes, name);
}

size_t selection_find_service(const struct selection *selection, struct svcroute_text name)
{
    return find(selection->service_names, selection->num_services, name);
}

struct svcroute_route_info selection_route(const struct selection *selection, size_t index)
{
    struct svcroute_route_info info = {.size = sizeof info};
    svcroute_route_get_info(selection->table, selection->routes[index], &info);
    return info;
}

struct svcroute_service_info selection_service(const struct selection *selection, size_t index)
{
    struct svcroute_service_info info = {.size = sizeof info};
    svcroute_service_get_info(selection->services[index], &info);
    return info;
}

bool selection_child(const struct selection *selection, size_t service, size_t index,
                     struct svcroute_child_info *child)
{
    memset(child, 0, sizeof *child);
    child->size = sizeof *child;
    return svcroute_service_get_child(selection->table, selection->services[service], index,
                                      child) == 0;
}

static void list_names(struct selection *selection)
{
    if (svcroute_listing_new(&selection->route_listing, selection->table,
                             SVCROUTE_LISTING_ROUTES) != 0 ||
        svcroute_listing_new(&selection->service_listing, selection->table,
                             SVCROUTE_LISTING_SERVICES) != 0) {
        memory_none();
    }
    size_t routes = svcroute_listing_num(selection->route_listing);
    size_t services = svcroute_listing_num(selection->service_listing);
    selection->num_routes = routes;
    selection->num_services = services;
    selection->routes = memory_new(routes, sizeof *selection->routes);
    selection->route_names = memory_new(routes, sizeof *selection->route_names);
    selection->route_chosen = memory_new(routes, sizeof *selection->route_chosen);
    selection->services = memory_new(services, sizeof *selection->services);
    selection->service_names = memory_new(services, sizeof *selection->service_names);
    selection->service_chosen = memory_new(services, sizeof *selection->service_chosen);
    for (size_t i = 0; i < routes; i++) {
        selection->routes[i] = svcroute_listing_get_route(selection->route_listing, i);
        selection->route_names[i] = selection_route(selection, i).name;
    }
    for (size_t i = 0; i < services; i++) {
        selection->services[i] = svcroute_listing_get_service(selection->service_listing, i);
        selection->service_names[i] = selection_service(selection, i).name;
    }
}

/* ---- what is reached ---------------------------------------------------------------------- */

void selection_mark(const struct selection *selection, size_t service, bool *marks)
{
    size_t *todo = NULL, num = 0;
    if (service == SELECTION_NONE || marks[service]) {
        return;
    }
    marks[service] = true;
    todo = memory_grow(todo, 1, sizeof *todo);
    todo[num++] = service;
    while (num > 0) {
        struct svcroute_child_info child;
        size_t parent = todo[--num];
        for (size_t i = 0; selection_child(selection, parent, i, &child); i++) {
            size_t index = child.service != NULL ? selection_find_service(selection, child.name)
                                                 : SELECTION_NONE;
            if (index != SELECTION_NONE && !marks[index]) {
                marks[index] = true;
                todo = memory_grow(todo, num + 1, sizeof *todo);
                todo[num++] = index;
            }
        }
    }
    free(todo);
}

/* From a parent route to one that names it in its parentRefs. */
struct step {
    size_t parent, child;
};

static int compare_steps(const void *a, const void *b)
{
    const struct step *left = a, *right = b;
    return (left->parent > right->parent) - (left->parent < right->parent);
}

static struct step *list_steps(const struct selection *selection, size_t *num)
{
    struct step *steps = NULL;
    *num = 0;
    for (size_t child = 0; child < selection->num_routes; child++) {
        uint32_t parents = selection_route(selection, child).num_parents;
        for (size_t i = 0; i < parents; i++) {
            size_t parent = selection_find_route(
                selection,
                svcroute_route_get_parent(selection->table, selection->routes[child], i));
            if (parent != SELECTION_NONE) {
                steps = memory_grow(steps, *num + 1, sizeof *steps);
                steps[(*num)++] = (struct step){parent, child};
            }
        }
    }
    if (*num > 0) {
        qsort(steps, *num, sizeof *steps, compare_steps);
    }
    return steps;
}

/* A request goes from a parent route on to its children, so they belong to what the parent leads
 * to. */
static void choose_children(struct selection *selection)
{
    size_t num_steps, num = 0;
    struct step *steps = list_steps(selection, &num_steps);
    size_t *todo = memory_new(selection->num_routes, sizeof *todo);
    for (size_t i = 0; i < selection->num_routes; i++) {
        if (selection->route_chosen[i]) {
            todo[num++] = i;
        }
    }
    while (num > 0) {
        size_t parent = todo[--num], low = 0, high = num_steps;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (steps[middle].parent < parent) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (; low < num_steps && steps[low].parent == parent; low++) {
            if (!selection->route_chosen[steps[low].child]) {
                selection->route_chosen[steps[low].child] = true;
                todo[num++] = steps[low].child;
            }
        }
    }
    free(todo);
    free(steps);
}

static bool choose_named(struct selection *selection, const struct options *options)
{
    bool known = true;
    for (size_t i = 0; i < options->routes.num; i++) {
        size_t index = selection_find_route(selection, text_of(options->routes.items[i]));
        if (index == SELECTION_NONE) {
            complain(options->routes.items[i], "there is no such route");
            known = false;
        } else {
            selection->route_chosen[index] = true;
        }
    }
    for (size_t i = 0; i < options->services.num; i++) {
        size_t index = selection_find_service(selection, text_of(options->services.items[i]));
        if (index == SELECTION_NONE) {
            complain(options->services.items[i], "there is no such service");
            known = false;
        } else {
            selection_mark(selection, index, selection->service_chosen);
        }
    }
    return known;
}

bool selection_make(struct selection *selection, struct svcroute_table *table,
                    const struct options *options)
{
    memset(selection, 0, sizeof *selection);
    selection->table = table;
    list_names(selection);
    selection->all = options->routes.num == 0 && options->services.num == 0;
    if (selection->all) {
        memset(selection->route_chosen, true, selection->num_routes);
        memset(selection->service_chosen, true, selection->num_services);
        return true;
    }
    if (!choose_named(selection, options)) {
        return false;
    }
    choose_children(selection);
    for (size_t i = 0; i < selection->num_routes; i++) {
        if (selection->route_chosen[i]) {
            struct svcroute_text service = selection_route(selection, i).service;
            selection_mark(selection, selection_find_service(selection, service),
                           selection->service_chosen);
        }
    }
    return true;
}

void selection_free(struct selection *selection)
{
    free(selection->routes);
    free(selection->services);
    free(selection->route_names);
    free(selection->service_names);
    free(selection->route_chosen);
    free(selection->service_chosen);
    svcroute_listing_free(selection->route_listing);
    svcroute_listing_free(selection->service_listing);
}
