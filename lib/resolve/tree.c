/* TraefikService -> its service and the children that it writes (behaviour section 3).
 *
 * In profile traefik-v3 the first bad child ends the service, and what was written before it stays;
 * in the default profile a bad child is left out, and the service lives while it has what its type
 * needs. */
#include "resolve/resolver.h"

#include <stdio.h>

#include <svcroute/error.h>

struct tree {
    struct svcr_resolver *resolver;
    const struct svcr_traefik_service *object;
    struct svcr_child *children;
    uint32_t num;
    bool failed; /* traefik-v3: a child was bad */
    bool wrong;  /* exported all the same, refused when handlers are built */
};

static struct svcr_position spec_position(const struct tree *tree)
{
    return svcr_object_position(&tree->object->head, tree->object->spec_place, 0);
}

/* Makes one child; false: the run ends. */
static bool child_add(struct tree *tree, const struct svcr_reference *reference, uint32_t spot,
                      uint32_t index, uint32_t role)
{
    if (tree->failed) {
        return true;
    }
    struct svcr_child child = {
        .role = role,
        .weight = role != SVCROUTE_CHILD_MEMBER ? 0
                  : reference->weight.given     ? reference->weight.value
                                                : 1,
        .percent = role == SVCROUTE_CHILD_MIRROR ? reference->percent : 0,
    };
    struct svcr_spot at = {spot, 0, index};
    if (!svcr_child_make(tree->resolver, reference, at, SVCR_TEXT_ABSENT, &child)) {
        return false;
    }
    if (child.kind == 0) {
        tree->failed = tree->resolver->traefik;
        return true;
    }
    if (role == SVCROUTE_CHILD_MEMBER) {
        svcr_report_weight(tree->resolver, reference, at);
    }
    tree->children[tree->num++] = child;
    return true;
}

static bool has_role(const struct tree *tree, uint32_t role)
{
    for (uint32_t i = 0; i < tree->num; i++) {
        if (tree->children[i].role == role) {
            return true;
        }
    }
    return false;
}

/* ---- the four types ---- */

static bool make_members(struct tree *tree, struct svcr_list list, uint32_t spot)
{
    const struct svcr_reference *references = svcr_object_items(tree->object, list);
    for (uint32_t i = 0; i < list.num; i++) {
        if (!child_add(tree, &references[i], spot, i, SVCROUTE_CHILD_MEMBER)) {
            return false;
        }
    }
    return true;
}

/* Adds the service's own mirrors to those on the path through its main. */
static void count_mirrors(struct tree *tree)
{
    struct svcr_resolver *resolver = tree->resolver;
    uint32_t below = resolver->child_mirrors;
    for (uint32_t i = 0; i < tree->num; i++) {
        resolver->child_mirrors += tree->children[i].role == SVCROUTE_CHILD_MIRROR ? 1 : 0;
    }
    if (below <= SVCR_TREE_MIRRORS_MAX && resolver->child_mirrors > SVCR_TREE_MIRRORS_MAX) {
        svcr_report(resolver, SVCR_DIAG_TOO_MANY_MIRRORS, 0, &tree->object->head,
                    spec_position(tree), SVCR_TEXT("spec.mirroring.mirrors"),
                    "%u mirrors are on one path; only the outermost %u can get copies",
                    resolver->child_mirrors, (unsigned)SVCR_TREE_MIRRORS_MAX);
    }
}

static bool make_mirroring(struct tree *tree)
{
    const struct svcr_reference *mirrors = svcr_object_items(tree->object, tree->object->mirrors);
    if (!child_add(tree, &tree->object->mirroring, SVCR_SPOT_MIRRORING, 0, SVCROUTE_CHILD_MAIN)) {
        return false;
    }
    for (uint32_t i = 0; i < tree->object->mirrors.num; i++) {
        if (!child_add(tree, &mirrors[i], SVCR_SPOT_MIRROR, i, SVCROUTE_CHILD_MIRROR)) {
            return false;
        }
        if (mirrors[i].percent < 0 || mirrors[i].percent > 100) {
            svcr_report_reference(tree->resolver, SVCR_DIAG_BAD_PERCENT, &mirrors[i],
                                  (struct svcr_spot){SVCR_SPOT_MIRROR, 0, i}, SVCR_REF_PERCENT,
                                  "percent", "percent %lld is outside 0 to 100",
                                  (long long)mirrors[i].percent);
            tree->wrong = true;
        }
    }
    count_mirrors(tree);
    return tree->resolver->error == 0;
}

/* A decimal number that fits 64 bits, as the reference's number parser takes it. */
static bool status_number(svcr_text text)
{
    size_t at = text.size != 0 && text.data[0] == '+' ? 1 : 0;
    uint64_t value = 0;
    bool good = at < text.size;
    for (; good && at < text.size; at++) {
        char c = text.data[at];
        good = c >= '0' && c <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(c - '0'), &value) && value <= INT64_MAX;
    }
    return good;
}

/* "500", or "500-504"; the reference looks at the first two parts only. */
static bool status_good(svcr_text text)
{
    const char *dash = text.size != 0 ? memchr(text.data, '-', text.size) : NULL;
    if (dash == NULL) {
        return status_number(text);
    }
    size_t first = (size_t)(dash - text.data);
    svcr_text second = {dash + 1, text.size - first - 1};
    const char *more = second.size != 0 ? memchr(second.data, '-', second.size) : NULL;
    if (more != NULL) {
        second.size = (size_t)(more - second.data);
    }
    return status_number((svcr_text){text.data, first}) && status_number(second);
}

static void check_error_status(struct tree *tree)
{
    const struct svcr_str *items = svcr_object_items(tree->object, tree->object->error_status);
    for (uint32_t i = 0; i < tree->object->error_status.num; i++) {
        svcr_text text = svcr_object_text(tree->object, items[i]);
        if (!status_good(text)) {
            struct svcr_quoted quoted;
            char path[SVCR_SPOT_MAX];
            int size = snprintf(path, sizeof(path), "spec.failover.errors.status[%u]", i);
            svcr_report(
                tree->resolver, SVCR_DIAG_BAD_STATUS, 0, &tree->object->head,
                svcr_object_position(&tree->object->head, tree->object->error_status_place + i, 0),
                (svcr_text){path, (size_t)size},
                "%s is no status code and no range of them, such as 500 or 500-504",
                svcr_quote(&quoted, text));
            tree->wrong = true;
        }
    }
}

/* A side of a failover that is not written is as bad as one that leads nowhere. */
static bool side_add(struct tree *tree, const struct svcr_reference *reference, uint32_t spot,
                     uint32_t role)
{
    if (reference->given) {
        return child_add(tree, reference, spot, 0, role);
    }
    char path[SVCR_SPOT_MAX];
    svcr_report(tree->resolver, SVCR_DIAG_REFERENCE_NAME, 0, &tree->object->head,
                spec_position(tree), svcr_spot_text((struct svcr_spot){spot, 0, 0}, "", path),
                "a failover needs a service and a fallback; this one is not given");
    tree->failed = tree->resolver->traefik;
    return tree->resolver->error == 0;
}

static bool make_failover(struct tree *tree)
{
    const struct svcr_traefik_service *object = tree->object;
    size_t written = tree->resolver->services.num;
    if (!side_add(tree, &object->failover_service, SVCR_SPOT_FAILOVER_SERVICE,
                  SVCROUTE_CHILD_MAIN) ||
        !side_add(tree, &object->failover_fallback, SVCR_SPOT_FAILOVER_FALLBACK,
                  SVCROUTE_CHILD_FALLBACK)) {
        return false;
    }
    if (tree->failed) {
        svcr_unit_unwrite(tree->resolver, written);
    }
    check_error_status(tree);
    bool main_checked = object->failover_service.health.given;
    if (tree->resolver->traefik && !tree->failed && object->error_status.num == 0 &&
        !main_checked) {
        svcr_report(tree->resolver, SVCR_DIAG_FAILOVER_NEEDS_CHECK, 0, &object->head,
                    spec_position(tree), SVCR_TEXT("spec.failover"),
                    "without errors.status, service must be a Service with healthCheck");
        tree->wrong = true;
    }
    return true;
}

/* ---- the service itself ---- */

/* Which type counts: the first in the order of the bits. */
static uint32_t type_of(const struct svcr_traefik_service *object)
{
    return object->types & (~(uint32_t)object->types + 1);
}

const struct svcr_reference *svcr_tree_reference(const struct svcr_traefik_service *service,
                                                 uint32_t index)
{
    const struct svcr_reference *items = NULL;
    switch (type_of(service)) {
    case SVCR_TYPE_WEIGHTED:
        items = svcr_object_items(service, service->weighted);
        return index < service->weighted.num ? &items[index] : NULL;
    case SVCR_TYPE_MIRRORING:
        items = svcr_object_items(service, service->mirrors);
        if (index == 0) {
            return &service->mirroring;
        }
        return index <= service->mirrors.num ? &items[index - 1] : NULL;
    case SVCR_TYPE_HIGHEST_RANDOM_WEIGHT:
        items = svcr_object_items(service, service->highest_random_weight);
        return index < service->highest_random_weight.num ? &items[index] : NULL;
    case SVCR_TYPE_FAILOVER:
        if (index == 0 && service->failover_service.given) {
            return &service->failover_service;
        }
        return index == (service->failover_service.given ? 1U : 0U) &&
                       service->failover_fallback.given
                   ? &service->failover_fallback
                   : NULL;
    default:
        return NULL;
    }
}

static bool make_children(struct tree *tree, uint32_t *type)
{
    const struct svcr_traefik_service *object = tree->object;
    switch (type_of(object)) {
    case SVCR_TYPE_WEIGHTED:
        *type = SVCROUTE_SERVICE_WEIGHTED;
        return make_members(tree, object->weighted, SVCR_SPOT_WEIGHTED);
    case SVCR_TYPE_MIRRORING:
        *type = SVCROUTE_SERVICE_MIRRORING;
        return make_mirroring(tree);
    case SVCR_TYPE_HIGHEST_RANDOM_WEIGHT:
        *type = SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT;
        return make_members(tree, object->highest_random_weight, SVCR_SPOT_HRW);
    default:
        *type = SVCROUTE_SERVICE_FAILOVER;
        return make_failover(tree);
    }
}

/* Whether the service can live with the children that it got. */
static bool children_suffice(const struct tree *tree, uint32_t type)
{
    if (tree->resolver->traefik) {
        return !tree->failed;
    }
    if (tree->wrong) {
        return false;
    }
    bool good =
        type == SVCROUTE_SERVICE_MIRRORING ? has_role(tree, SVCROUTE_CHILD_MAIN) : tree->num != 0;
    if (!good) {
        svcr_report(tree->resolver, SVCR_DIAG_NO_CHILD, 0, &tree->object->head, spec_position(tree),
                    SVCR_TEXT("spec"),
                    type == SVCROUTE_SERVICE_MIRRORING
                        ? "the mirrored service cannot be used, so neither can this one"
                        : "no child is left that can be used");
    }
    return good;
}

static bool write_service(struct tree *tree, uint32_t type, bool on_cycle)
{
    struct svcr_resolver *resolver = tree->resolver;
    const struct svcr_traefik_service *object = tree->object;
    svcr_text parts[2] = {resolver->namespace_, resolver->name};
    struct svcr_answer self = {.namespace_ = parts[0], .name = parts[1]};
    resolver->text.size = 0;
    svcr_reference_name(&resolver->text, SVCR_REFERENCE_TRAEFIK_SERVICE, &self, SVCR_TEXT_ABSENT);
    struct svcr_tree_service draft = {
        .base_name = svcr_unit_text(resolver),
        .object = resolver->object,
        .cookie =
            type == SVCROUTE_SERVICE_WEIGHTED && object->sticky.given ? &object->sticky : NULL,
        .namespace_ = resolver->namespace_,
        .name = resolver->name,
        .children = tree->children,
        .num_children = tree->num,
        .kind = SVCROUTE_KIND_TRAEFIK_SERVICE,
        .type = type,
        .spot = {SVCR_SPOT_SPEC, 0, 0},
        .depth = on_cycle ? 0 : resolver->child_depth + 1,
        .wrong = tree->wrong,
    };
    if (draft.base_name.data == NULL) {
        return false;
    }
    struct svcr_tree_service *service = svcr_tree_service_pack(resolver, &draft);
    return service != NULL && svcr_unit_write(resolver, service);
}

/* Names the next member of the circle that the service is on. */
static void report_cycle(struct tree *tree, const struct svcr_work *work)
{
    const struct svcr_reference *reference = NULL;
    struct svcr_entity *next = NULL;
    for (uint32_t i = 0; (reference = svcr_tree_reference(tree->object, i)) != NULL; i++) {
        struct svcr_entity *to = svcr_graph_target(tree->resolver, work->entity, reference);
        const struct svcr_work *other = to != NULL ? to->mark : NULL;
        if (other != NULL && other->component == work->component) {
            next = to;
            break;
        }
    }
    struct svcr_quoted quoted;
    svcr_report(tree->resolver, SVCR_DIAG_CYCLE, 0, &tree->object->head, spec_position(tree),
                SVCR_TEXT("spec"),
                "the TraefikService leads back to itself through %s; take one reference of the "
                "circle out",
                next != NULL ? svcr_quote(&quoted, svcr_entity_name(next)) : "others");
}

/* Problems of the object as a whole; false: it cannot be used. */
static bool shape_good(struct tree *tree, const struct svcr_work *work)
{
    struct svcr_resolver *resolver = tree->resolver;
    if (tree->object->types == 0) {
        svcr_report(resolver, SVCR_DIAG_NO_TYPE, 0, &tree->object->head, spec_position(tree),
                    SVCR_TEXT("spec"),
                    "no weighted, mirroring, highestRandomWeight or failover is given");
        return false;
    }
    if (type_of(tree->object) != tree->object->types) {
        svcr_report(resolver, SVCR_DIAG_SEVERAL_TYPES, 0, &tree->object->head, spec_position(tree),
                    SVCR_TEXT("spec"),
                    "several types are given; only the first counts, in the order weighted, "
                    "mirroring, highestRandomWeight, failover");
    }
    if (work->on_cycle) {
        report_cycle(tree, work);
        tree->wrong = true;
        return resolver->traefik;
    }
    return true;
}

static bool depth_good(struct tree *tree)
{
    struct svcr_resolver *resolver = tree->resolver;
    uint32_t limit = resolver->context->limits.nesting;
    if (resolver->child_depth + 1 <= limit) {
        return true;
    }
    svcr_report(resolver, SVCR_DIAG_LIMIT_NESTING, 0, &tree->object->head, spec_position(tree),
                SVCR_TEXT("spec"), "services are nested more than %u levels deep", limit);
    tree->wrong = true;
    return resolver->traefik;
}

bool svcr_tree_make(struct svcr_resolver *resolver, const struct svcr_work *work, bool *available)
{
    struct tree tree = {
        .resolver = resolver,
        .object = (const struct svcr_traefik_service *)(void *)resolver->object,
    };
    *available = false;
    if (!shape_good(&tree, work)) {
        return resolver->error == 0;
    }
    uint32_t type = 0;
    tree.children = svcr_arena_zalloc(&resolver->unit_arena, tree.object->num_references + 1,
                                      sizeof(*tree.children));
    if (tree.children == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    if (!make_children(&tree, &type)) {
        return false;
    }
    if (tree.num != 0 && resolver->child_depth == 0) { /* leaves alone: they are a level too */
        resolver->child_depth = 1;
    }
    bool good = children_suffice(&tree, type);
    good = good && depth_good(&tree);
    if (!good && !resolver->traefik) { /* children with no parent left are left out */
        svcr_unit_unwrite(resolver, 0);
    }
    if (good && !write_service(&tree, type, work->on_cycle)) {
        return false;
    }
    *available = good;
    return resolver->error == 0;
}
