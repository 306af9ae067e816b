/* IngressRoute -> routes, with the services that they write (behaviour section 2). */
#include "resolve/resolver.h"

#include <svcroute/error.h>

#include "base/memory.h"
#include "resolve/doors.h"
#include "resolve/parents.h"
#include "resolve/rules.h"
#include "resolve/table.h"

struct making {
    struct svcr_resolver *resolver;
    const struct svcr_ingress_route *object;
    struct svcr_doors *doors;     /* of all routes; NULL: few */
    struct svcr_parents *parents; /* of all routes; NULL: none */
    bool spoken;                  /* a route with a program was made */
};

static struct svcr_position rule_position(const struct making *making, const struct svcr_rule *rule,
                                          uint32_t field)
{
    return svcr_object_position(&making->object->head, rule->place, field);
}

/* ---- class ---- */

/* The class that an IngressRoute gives: by its field, else by the old annotation. */
static svcr_text class_given(const struct svcr_ingress_route *object)
{
    return svcr_object_text(object, object->class_name.offset != 0 ? object->class_name
                                                                   : object->class_annotation);
}

bool svcr_class_matches(const struct svcroute_policy *policy,
                        const struct svcr_ingress_route *object)
{
    svcr_text wanted = {policy->ingress_class, policy->ingress_class_size};
    svcr_text given = class_given(object);
    if (wanted.size != 0) {
        return svcr_text_same(given, wanted);
    }
    return given.size == 0 || svcr_text_same(given, SVCR_TEXT("traefik"));
}

static void report_class(struct making *making)
{
    const struct svcr_ingress_route *object = making->object;
    if (object->class_name.offset == 0 && object->class_annotation.size != 0) {
        svcr_report(making->resolver, SVCR_DIAG_CLASS_ANNOTATION, 0, &object->head,
                    svcr_object_position(&object->head, object->meta.place, 0),
                    SVCR_TEXT("metadata.annotations"),
                    "the annotation kubernetes.io/ingress.class is old; write "
                    "spec.ingressClassName");
    }
}

/* ---- one route ---- */

/* A weighted service named like the route, over all its references. *kind of the child stays 0 if
 * it cannot be had. */
static bool weighted_make(struct making *making, const struct svcr_rule *rule, uint32_t index,
                          svcr_text base_name, struct svcr_child *child)
{
    struct svcr_resolver *resolver = making->resolver;
    const struct svcr_reference *references = svcr_object_items(making->object, rule->services);
    struct svcr_tree_service draft = {
        .base_name = base_name,
        .object = resolver->object,
        .namespace_ = resolver->namespace_,
        .name = resolver->name,
        .kind = SVCROUTE_KIND_INGRESS_ROUTE,
        .type = SVCROUTE_SERVICE_WEIGHTED,
        .spot = {SVCR_SPOT_ROUTE, index, 0},
        .own_of_route = true,
        .children =
            svcr_arena_zalloc(&resolver->unit_arena, rule->services.num, sizeof(*draft.children)),
    };
    if (draft.children == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    resolver->child_depth = 1;
    bool failed = false;
    for (uint32_t i = 0; i < rule->services.num && !failed; i++) {
        struct svcr_child member = {
            .role = SVCROUTE_CHILD_MEMBER,
            .weight = references[i].weight.given ? references[i].weight.value : 1,
        };
        struct svcr_spot spot = {SVCR_SPOT_ROUTE_SERVICE, index, i};
        if (!svcr_child_make(resolver, &references[i], spot, SVCR_TEXT_ABSENT, &member)) {
            return false;
        }
        if (member.kind != 0) {
            svcr_report_weight(resolver, &references[i], spot);
            draft.children[draft.num_children++] = member;
        } else {
            failed = resolver->traefik;
        }
    }
    draft.depth = resolver->child_depth + 1;
    if (failed || draft.num_children == 0) {
        return true; /* what was written stays (traefik-v3), or there is nothing */
    }
    if (draft.depth > resolver->context->limits.nesting) {
        char path[SVCR_SPOT_MAX];
        svcr_report(resolver, SVCR_DIAG_LIMIT_NESTING, 0, resolver->object,
                    rule_position(making, rule, SVCR_RULE_SERVICES),
                    svcr_spot_text(draft.spot, "services", path),
                    "services are nested more than %u levels deep",
                    resolver->context->limits.nesting);
        draft.wrong = true;
        if (!resolver->traefik) {
            return resolver->error == 0;
        }
    }
    child->service = svcr_tree_service_pack(resolver, &draft);
    child->kind = SVCR_CHILD_OWN;
    child->written = (uint32_t)resolver->services.num;
    child->name = base_name; /* in the object, as the service has it */
    return child->service != NULL && svcr_unit_write(resolver, child->service);
}

/* What a route leads to. *good false: nothing that can be used, so the route is left out. */
static bool route_child(struct making *making, const struct svcr_rule *rule, uint32_t index,
                        svcr_text base_name, struct svcr_child *child, bool *good)
{
    struct svcr_resolver *resolver = making->resolver;
    child->role = SVCROUTE_CHILD_MAIN;
    if (rule->services.num == 0) {
        char path[SVCR_SPOT_MAX];
        svcr_report(resolver, SVCR_DIAG_NO_ROUTE_SERVICE, 0, resolver->object,
                    rule_position(making, rule, 0),
                    svcr_spot_text((struct svcr_spot){SVCR_SPOT_ROUTE, index, 0}, "", path),
                    "the route has no service; it can only be a parent of others");
        return resolver->error == 0;
    }
    bool made = false;
    if (rule->services.num == 1) {
        const struct svcr_reference *reference = svcr_object_items(making->object, rule->services);
        made = svcr_child_make(resolver, reference,
                               (struct svcr_spot){SVCR_SPOT_ROUTE_SERVICE, index, 0}, base_name,
                               child);
    } else {
        made = weighted_make(making, rule, index, base_name, child);
    }
    *good = child->kind != 0;
    return made;
}

static bool tls_make(struct making *making, svcr_text *options, bool *good)
{
    struct svcr_resolver *resolver = making->resolver;
    const struct svcr_tls *tls = &making->object->tls;
    if (!tls->given || !tls->options.given || tls->options.name.size == 0) {
        return true;
    }
    struct svcr_spelling spelling = {.spot = {SVCR_SPOT_TLS_OPTIONS, 0, 0}, .field = "name"};
    return svcr_name_read(resolver, &tls->options, resolver->namespace_, resolver->namespace_,
                          &spelling, options, good);
}

static bool route_pack(struct making *making, const struct svcr_route *draft)
{
    struct svcr_resolver *resolver = making->resolver;
    size_t names = draft->num_middlewares * sizeof(svcr_text);
    bool own = draft->child.kind == SVCR_CHILD_OWN; /* has its name in its service */
    size_t texts = draft->tls_options.size + (own ? 0 : draft->child.name.size);
    for (uint32_t i = 0; i < draft->num_middlewares; i++) {
        texts += draft->middlewares[i].size;
    }
    struct svcr_route *route =
        svcr_block_new(resolver->context, &svcr_route_kind, sizeof(*route) + names + texts);
    if (route == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    struct svcr_block head = route->head;
    *route = *draft;
    route->head = head;
    svcr_text *middlewares = (void *)(route + 1);
    struct svcr_pack pack = {(char *)(route + 1) + names};
    route->middlewares = draft->num_middlewares != 0 ? middlewares : NULL;
    route->tls_options = svcr_pack_text(&pack, draft->tls_options);
    if (!own) {
        route->child.name = svcr_pack_text(&pack, draft->child.name);
    }
    for (uint32_t i = 0; i < draft->num_middlewares; i++) {
        middlewares[i] = svcr_pack_text(&pack, draft->middlewares[i]);
    }
    route->head.hash = svcr_name_hash(resolver->context, route->base_name);
    svcr_object_ref(route->object);
    svcr_block_ref(route->doors);
    svcr_block_ref(route->parents);
    svcr_block_ref(route->child.service);
    svcr_block_ref(route->program);
    if (!svcr_list_add(resolver, &resolver->routes, route)) {
        svcr_block_unref(resolver->context, route);
        return false;
    }
    return true;
}

/* Says why a rule cannot be a route at all; true if it can. */
static bool rule_good(struct making *making, const struct svcr_rule *rule, uint32_t index)
{
    struct svcr_resolver *resolver = making->resolver;
    svcr_text kind = svcr_object_text(making->object, rule->kind);
    char path[SVCR_SPOT_MAX];
    struct svcr_spot spot = {SVCR_SPOT_ROUTE, index, 0};
    if (kind.size != 0 && !svcr_text_same(kind, SVCR_TEXT("Rule"))) {
        struct svcr_quoted quoted;
        svcr_report(resolver, SVCR_DIAG_ROUTE_KIND, 0, resolver->object,
                    rule_position(making, rule, SVCR_RULE_KIND), svcr_spot_text(spot, "kind", path),
                    "kind %s is unknown; write Rule or leave it out", svcr_quote(&quoted, kind));
        return false;
    }
    if (rule->match.size == 0) {
        svcr_report(resolver, SVCR_DIAG_ROUTE_MATCH_EMPTY, 0, resolver->object,
                    rule_position(making, rule, SVCR_RULE_MATCH),
                    svcr_spot_text(spot, "match", path),
                    "a route needs a match, such as Host(`example.com`)");
        return false;
    }
    return true;
}

/* The route is lost for a reason that was reported where it stands. */
static bool report_loss(struct making *making, const struct svcr_rule *rule, uint32_t index,
                        const char *reason)
{
    char path[SVCR_SPOT_MAX];
    svcr_report(making->resolver, SVCR_DIAG_ROUTE_UNAVAILABLE, 0, making->resolver->object,
                rule_position(making, rule, 0),
                svcr_spot_text((struct svcr_spot){SVCR_SPOT_ROUTE, index, 0}, "", path),
                "the route is left out: %s", reason);
    return making->resolver->error == 0;
}

static bool route_make(struct making *making, const struct svcr_rule *rule, uint32_t index)
{
    struct svcr_resolver *resolver = making->resolver;
    struct svcr_route draft = {.object = resolver->object,
                               .rule = rule,
                               .index = index,
                               .doors = making->doors,
                               .parents = making->parents};
    bool good = rule_good(making, rule, index);
    if (!good || resolver->error != 0) {
        return resolver->error == 0;
    }
    if (!svcr_middlewares_read(resolver, rule->middlewares, resolver->namespace_,
                               resolver->namespace_, (struct svcr_spot){SVCR_SPOT_ROUTE, index, 0},
                               &draft.middlewares, &draft.num_middlewares, &good)) {
        return false;
    }
    if (!good) {
        return report_loss(making, rule, index, "a middleware is refused");
    }
    size_t written = resolver->services.num;
    draft.base_name = svcr_object_text(making->object, rule->router);
    if (!route_child(making, rule, index, draft.base_name, &draft.child, &good)) {
        return false;
    }
    bool tls = true;
    if (!tls_make(making, &draft.tls_options, &tls)) {
        return false;
    }
    if (good && tls) {
        bool made = svcr_rule_compile(resolver, rule, index, &draft.program);
        draft.speaks_for_all = draft.program != NULL && !making->spoken;
        making->spoken = making->spoken || draft.speaks_for_all;
        made = made && route_pack(making, &draft);
        svcr_block_unref(resolver->context, draft.program);
        return made;
    }
    if (!resolver->traefik) {
        svcr_unit_unwrite(resolver, written);
    }
    return report_loss(making, rule, index,
                       good                ? "its tls.options are refused"
                       : resolver->traefik ? "a service of it cannot be used"
                                           : "no service of it can be used");
}

bool svcr_routes_make(struct svcr_resolver *resolver)
{
    struct making making = {
        .resolver = resolver,
        .object = (const struct svcr_ingress_route *)(void *)resolver->object,
    };
    bool good = true;
    report_class(&making);
    if (!svcr_class_matches(resolver->policy, making.object)) {
        return resolver->error == 0;
    }
    bool going = svcr_parents_make(resolver, &making.parents, &good) &&
                 svcr_doors_make(resolver, &making.doors);
    const struct svcr_rule *rules = svcr_object_items(making.object, making.object->rules);
    for (uint32_t i = 0; going && good && i < making.object->rules.num; i++) {
        going = route_make(&making, &rules[i], i);
    }
    svcr_block_unref(resolver->context, making.doors);
    svcr_block_unref(resolver->context, making.parents);
    return going && resolver->error == 0;
}
