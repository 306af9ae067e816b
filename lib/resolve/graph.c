/* The graph of TraefikServices: cycles, and an order in which children come before their parents.
 *
 * Strongly connected components by Tarjan ("Depth-First Search and Linear Graph Algorithms", 1972),
 * with a stack of our own instead of recursion: each work and each edge is looked at once.
 * Components come out children first. Only works count as nodes: what is no work cannot lead to one
 * that has changed. */
#include "resolve/resolver.h"

#include <svcroute/error.h>

struct frame {
    struct svcr_work *work;
    uint32_t next; /* index of the reference to follow next */
    bool self;     /* a reference leads back to the work itself */
};

struct graph {
    struct svcr_resolver *resolver;
    struct svcr_list_of *order;
    struct frame *frames;
    size_t num_frames;
    struct svcr_work **stack;
    size_t num_stack;
    uint32_t next_index;
};

struct svcr_entity *svcr_graph_target(const struct svcr_resolver *resolver,
                                      const struct svcr_entity *entity,
                                      const struct svcr_reference *reference)
{
    struct svcr_entity *to = entity->edges[reference->edge].to;
    if (to == NULL || to->kind != SVCROUTE_KIND_TRAEFIK_SERVICE) {
        return NULL;
    }
    enum svcr_reference_sort sort;
    struct svcr_answer answer = svcr_child_judge(resolver, entity->object, reference, &sort);
    return answer.refused == 0 && !answer.provider && svcr_watched(resolver, answer.namespace_)
               ? to
               : NULL;
}

static void visit(struct graph *graph, struct svcr_work *work)
{
    struct frame *frame = &graph->frames[graph->num_frames++];
    *frame = (struct frame){.work = work};
    work->index = work->low = ++graph->next_index;
    work->on_stack = true;
    graph->stack[graph->num_stack++] = work;
}

/* Takes a finished component off the stack. */
static bool component(struct graph *graph, const struct frame *frame)
{
    bool cycle = frame->self || graph->stack[graph->num_stack - 1] != frame->work;
    struct svcr_work *member = NULL;
    do {
        member = graph->stack[--graph->num_stack];
        member->on_stack = false;
        member->on_cycle = cycle;
        member->component = frame->work->index;
        if (!svcr_list_add(graph->resolver, graph->order, member)) {
            return false;
        }
    } while (member != frame->work);
    return true;
}

static bool step(struct graph *graph)
{
    struct frame *frame = &graph->frames[graph->num_frames - 1];
    struct svcr_work *work = frame->work;
    const struct svcr_traefik_service *object = (const void *)work->entity->object;
    const struct svcr_reference *reference = NULL;
    while (object != NULL && (reference = svcr_tree_reference(object, frame->next++)) != NULL) {
        struct svcr_entity *to = svcr_graph_target(graph->resolver, work->entity, reference);
        struct svcr_work *child = to != NULL ? to->mark : NULL;
        if (child == NULL) {
            continue;
        }
        if (child->index == 0) {
            visit(graph, child);
            return true;
        }
        frame->self = frame->self || child == work;
        if (child->on_stack && child->index < work->low) {
            work->low = child->index;
        }
    }
    if (work->low == work->index && !component(graph, frame)) {
        return false;
    }
    graph->num_frames--;
    if (graph->num_frames != 0) {
        struct svcr_work *parent = graph->frames[graph->num_frames - 1].work;
        parent->low = work->low < parent->low ? work->low : parent->low;
    }
    return true;
}

bool svcr_graph_order(struct svcr_resolver *resolver, struct svcr_list_of *order)
{
    size_t num = resolver->works.num;
    struct graph graph = {
        .resolver = resolver,
        .order = order,
        .frames = svcr_arena_zalloc(&resolver->arena, num + 1, sizeof(struct frame)),
        .stack = svcr_arena_zalloc(&resolver->arena, num + 1, sizeof(struct svcr_work *)),
    };
    if (graph.frames == NULL || graph.stack == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    for (size_t i = 0; i < num; i++) {
        struct svcr_work *work = resolver->works.items[i];
        if (work->entity->kind != SVCROUTE_KIND_TRAEFIK_SERVICE || work->index != 0) {
            continue;
        }
        visit(&graph, work);
        while (graph.num_frames != 0) {
            if (!step(&graph)) {
                return false;
            }
        }
    }
    return true;
}
