/* The index of rules; see index.h. Here: scopes and hosts, and what is tried in which order.
 *
 * A host with one candidate holds it without paths: running the program once says as much as
 * looking at its path. With a second candidate the host gets a tree of paths.
 *
 * A search goes through hosts from the closest to none, and at each from the longest path to
 * the shortest, because what is found early bounds the rest: rules that say more are
 * longer, so they usually have the higher priority, and a queue is left at the first candidate that
 * is no better than what was found. The order of going through decides on time alone. */
#include "rule/index.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/hash.h"
#include "rule/host.h"

/* ---- anchors ------------------------------------------------------------------------------ */

/* Where among a scope's places an anchor is. */
struct place {
    enum { PLACE_NONE, PLACE_HOST, PLACE_WILD } kind;
    svcr_text name; /* of PLACE_WILD: what follows "*" */
    svcr_text path; /* not NULL */
};

/* A path longer than it may be only narrows: less of it will do. */
static struct place place_of(const struct svcr_anchor *anchor)
{
    svcr_text name = svcr_host_without_dots(anchor->host);
    struct place place = {.kind = PLACE_HOST, .name = name, .path = anchor->path};
    if (name.size == 0) {
        place.kind = PLACE_NONE;
    } else if (svcr_host_is_wildcard(name)) {
        place.kind = PLACE_WILD;
        place.name = (svcr_text){name.data + 1, name.size - 1};
    }
    if (place.path.size == 0) {
        place.path = SVCR_TEXT("");
    } else if (place.path.size > SVCR_ANCHOR_PATH_MAX) {
        place.path.size = SVCR_ANCHOR_PATH_MAX;
    }
    return place;
}

static uint64_t hash_of(const struct svcroute_context *context, svcr_text name)
{
    return svcr_hash(context->hash_seed, name.data, name.size);
}

/* ---- one scope ---------------------------------------------------------------------------- */

static struct svcr_host_map *places_map(struct svcr_places *places, const struct place *place)
{
    return place->kind == PLACE_WILD ? &places->wild : &places->hosts;
}

/* Gives a host with one candidate a tree, in which it hangs at all its paths there. */
static int host_unfold(struct svcroute_context *context, struct svcr_host *host,
                       const struct place *place)
{
    struct svcr_candidate only = host->has.only;
    struct svcr_path_tree paths = {NULL};
    int error = 0;
    bool added;
    for (uint32_t i = 0; i < only.program->num_anchors && error == 0; i++) {
        struct place other = place_of(&only.program->anchors[i]);
        if (other.kind == place->kind && svcr_host_is(host, hash_of(context, other.name))) {
            error = svcr_path_tree_add(context, &paths, other.path, &only, &added);
        }
    }
    if (error != 0) {
        svcr_path_tree_clear(context, &paths);
        return error;
    }
    host->key |= 1U;
    host->has.paths = paths;
    svcr_block_unref(context, only.holder);
    return 0;
}

/* The reverse, once there is one candidate left. */
static void host_fold(struct svcroute_context *context, struct svcr_host *host)
{
    const struct svcr_candidate *only = svcr_path_tree_only(&host->has.paths);
    if (only != NULL) {
        struct svcr_path_tree paths = host->has.paths;
        host->key &= ~UINT64_C(1);
        host->has.only = *only;
        svcr_block_ref(only->holder);
        svcr_path_tree_clear(context, &paths);
    }
}

static int host_add(struct svcroute_context *context, struct svcr_host_map *map,
                    const struct place *place, const struct svcr_candidate *candidate)
{
    uint64_t hash = hash_of(context, place->name);
    struct svcr_host *host;
    bool added;
    if (svcr_host_map_get(map, hash) == NULL) {
        return svcr_host_map_add(context, map, hash, candidate);
    }
    int error = svcr_host_map_own(context, map, hash, &host);
    if (error != 0) {
        return error;
    }
    if (!svcr_host_has_paths(host)) {
        if (svcr_candidate_compare(&host->has.only, candidate) == 0) {
            struct svcr_block *gone = host->has.only.holder;
            svcr_block_ref(candidate->holder);
            host->has.only = *candidate;
            svcr_block_unref(context, gone);
            return 0;
        }
        error = host_unfold(context, host, place);
        if (error != 0) {
            return error;
        }
    }
    return svcr_path_tree_add(context, &host->has.paths, place->path, candidate, &added);
}

static int place_add(struct svcroute_context *context, struct svcr_places *places,
                     const struct place *place, const struct svcr_candidate *candidate)
{
    bool added;
    return place->kind == PLACE_NONE
               ? svcr_path_tree_add(context, &places->none, place->path, candidate, &added)
               : host_add(context, places_map(places, place), place, candidate);
}

static bool place_has(const struct svcroute_context *context, struct svcr_places *places,
                      const struct place *place, const struct svcr_candidate *candidate)
{
    if (place->kind == PLACE_NONE) {
        return svcr_path_tree_has(&places->none, place->path, candidate);
    }
    const struct svcr_host *host =
        svcr_host_map_get(places_map(places, place), hash_of(context, place->name));
    if (host == NULL) {
        return false;
    }
    return svcr_host_has_paths(host) ? svcr_path_tree_has(&host->has.paths, place->path, candidate)
                                     : svcr_candidate_compare(&host->has.only, candidate) == 0;
}

/* Where it is known to be. */
static int place_remove(struct svcroute_context *context, struct svcr_places *places,
                        const struct place *place, const struct svcr_candidate *candidate)
{
    if (place->kind == PLACE_NONE) {
        return svcr_path_tree_remove(context, &places->none, place->path, candidate);
    }
    struct svcr_host_map *map = places_map(places, place);
    uint64_t hash = hash_of(context, place->name);
    struct svcr_host *host;
    if (!svcr_host_has_paths(svcr_host_map_get(map, hash))) {
        return svcr_host_map_remove(context, map, hash);
    }
    int error = svcr_host_map_own(context, map, hash, &host);
    if (error == 0) {
        error = svcr_path_tree_remove(context, &host->has.paths, place->path, candidate);
    }
    if (error == 0) {
        host_fold(context, host);
    }
    return error;
}

static struct svcr_places places_share(const struct svcr_places *places)
{
    return (struct svcr_places){
        .hosts = svcr_host_map_share(&places->hosts),
        .wild = svcr_host_map_share(&places->wild),
        .none = svcr_path_tree_share(&places->none),
    };
}

static void places_clear(struct svcroute_context *context, struct svcr_places *places)
{
    svcr_host_map_clear(context, &places->hosts);
    svcr_host_map_clear(context, &places->wild);
    svcr_path_tree_clear(context, &places->none);
}

static bool places_are_empty(const struct svcr_places *places)
{
    return places->hosts.root == 0 && places->wild.root == 0 && places->none.root == NULL;
}

/* ---- scopes ------------------------------------------------------------------------------- */

struct scope {
    struct svcr_block head;
    struct svcr_places places;
    size_t size;
    char name[];
};

static void scope_drop(struct svcroute_context *context, void *block)
{
    places_clear(context, &((struct scope *)block)->places);
}

static const struct svcr_block_kind scope_kind = {.drop = scope_drop};

static bool scope_match(const struct svcr_block *block, const void *name)
{
    const struct scope *scope = (const void *)block;
    return svcr_text_same((svcr_text){scope->name, scope->size}, *(const svcr_text *)name);
}

static struct scope *scope_get(const struct svcroute_context *context,
                               const struct svcr_index *index, svcr_text name)
{
    struct svcr_block *block =
        svcr_trie_get(&index->scopes, hash_of(context, name), scope_match, &name);
    return (void *)block;
}

bool svcr_index_has_scope(const struct svcroute_context *context, const struct svcr_index *index,
                          svcr_text scope)
{
    return svcr_index_has_scopes(index) && scope_get(context, index, scope) != NULL;
}

/* Gives a scope to be changed in this index alone, made if it is not there: another block takes the
 * place of the old one. If that was in no other index it is gone then, and what both share is the
 * new one's alone. */
static int scope_own(struct svcroute_context *context, struct svcr_index *index, svcr_text name,
                     struct scope **out)
{
    const struct scope *there = scope_get(context, index, name);
    struct scope *scope = name.size > UINT32_MAX
                              ? NULL
                              : svcr_block_new(context, &scope_kind, sizeof(*scope) + name.size);
    if (scope == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    scope->head.hash = hash_of(context, name);
    scope->size = name.size;
    memcpy(scope->name, name.data, name.size);
    if (there != NULL) {
        scope->places = places_share(&there->places);
    }
    int error = svcr_trie_put(context, &index->scopes, &scope->head, scope_match, &name);
    svcr_block_unref(context, scope); /* the index has it */
    *out = scope;
    return error;
}

static int scope_remove(struct svcroute_context *context, struct svcr_index *index, svcr_text name)
{
    int error =
        svcr_trie_remove(context, &index->scopes, hash_of(context, name), scope_match, &name);
    if (error == 0 && index->scopes.num == 0) {
        svcr_trie_clear(context, &index->scopes);
    }
    return error;
}

/* ---- adding and removing ------------------------------------------------------------------ */

static int places_add(struct svcroute_context *context, struct svcr_places *places,
                      const struct svcr_candidate *candidate)
{
    int error = 0;
    for (uint32_t i = 0; i < candidate->program->num_anchors && error == 0; i++) {
        struct place place = place_of(&candidate->program->anchors[i]);
        error = place_add(context, places, &place, candidate);
    }
    return error;
}

static int places_remove(struct svcroute_context *context, struct svcr_places *places,
                         const struct svcr_candidate *candidate)
{
    int error = 0;
    for (uint32_t i = 0; i < candidate->program->num_anchors && error == 0; i++) {
        struct place place = place_of(&candidate->program->anchors[i]);
        if (place_has(context, places, &place, candidate)) {
            error = place_remove(context, places, &place, candidate);
        }
    }
    return error;
}

static bool places_have(const struct svcroute_context *context, struct svcr_places *places,
                        const struct svcr_candidate *candidate)
{
    bool found = false;
    for (uint32_t i = 0; i < candidate->program->num_anchors && !found; i++) {
        struct place place = place_of(&candidate->program->anchors[i]);
        found = place_has(context, places, &place, candidate);
    }
    return found;
}

static int add_to_scope(struct svcroute_context *context, struct svcr_index *index, svcr_text name,
                        const struct svcr_candidate *candidate)
{
    struct scope *scope;
    int error = scope_own(context, index, name, &scope);
    return error != 0 ? error : places_add(context, &scope->places, candidate);
}

static int remove_from_scope(struct svcroute_context *context, struct svcr_index *index,
                             svcr_text name, const struct svcr_candidate *candidate)
{
    struct scope *scope = scope_get(context, index, name);
    if (scope == NULL || !places_have(context, &scope->places, candidate)) {
        return 0;
    }
    int error = scope_own(context, index, name, &scope);
    if (error == 0) {
        error = places_remove(context, &scope->places, candidate);
    }
    return error == 0 && places_are_empty(&scope->places) ? scope_remove(context, index, name)
                                                          : error;
}

/* The candidate may lie in the index itself, and its program in what the index alone holds: hence
 * the copy and the reference. */
int svcr_index_add(struct svcroute_context *context, struct svcr_index *index, svcr_text scope,
                   const struct svcr_candidate *given)
{
    struct svcr_candidate candidate = *given;
    svcr_block_ref(candidate.holder);
    int error = scope.size == 0 ? places_add(context, &index->places, &candidate)
                                : add_to_scope(context, index, scope, &candidate);
    svcr_block_unref(context, candidate.holder);
    return error;
}

int svcr_index_remove(struct svcroute_context *context, struct svcr_index *index, svcr_text scope,
                      const struct svcr_candidate *given)
{
    struct svcr_candidate candidate = *given;
    svcr_block_ref(candidate.holder);
    int error = scope.size == 0 ? places_remove(context, &index->places, &candidate)
                                : remove_from_scope(context, index, scope, &candidate);
    svcr_block_unref(context, candidate.holder);
    return error;
}

struct svcr_index svcr_index_share(const struct svcr_index *index)
{
    return (struct svcr_index){
        .places = places_share(&index->places),
        .scopes = svcr_trie_share(&index->scopes),
    };
}

void svcr_index_clear(struct svcroute_context *context, struct svcr_index *index)
{
    places_clear(context, &index->places);
    svcr_trie_clear(context, &index->scopes);
}

/* ---- searching ---------------------------------------------------------------------------- */

struct finding {
    const struct svcr_search *search;
    struct svcr_subject *subject;
    svcr_text path;
    const struct svcr_candidate *best; /* so far; NULL: none */
};

/* Whether a request has what an anchor says. Where programs run there is no need to ask. */
static bool is_on_way(const struct finding *finding, const struct svcr_candidate *candidate)
{
    svcr_text host = svcr_host_without_dots(finding->subject->host);
    for (uint32_t i = 0; i < candidate->program->num_anchors; i++) {
        struct place place = place_of(&candidate->program->anchors[i]);
        if ((place.kind == PLACE_NONE ||
             svcr_text_same(place.name,
                            place.kind == PLACE_WILD ? svcr_host_behind_label(host) : host)) &&
            svcr_text_starts(finding->path, place.path)) {
            return true;
        }
    }
    return false;
}

/* Takes a candidate that is better than the best one if it matches; true if it does. */
static inline bool candidate_try(struct finding *finding, const struct svcr_candidate *candidate)
{
    const struct svcr_search *search = finding->search;
    if (search->allow != NULL && !search->allow(search->user, candidate)) {
        return false;
    }
    if (search->skip_programs ? !is_on_way(finding, candidate)
                              : !svcr_program_run(candidate->program, finding->subject, NULL)) {
        return false;
    }
    if (search->accept != NULL && !search->accept(search->user, candidate)) {
        return false;
    }
    finding->best = candidate;
    return true;
}

static inline bool candidate_is_worse(const struct finding *finding,
                                      const struct svcr_candidate *candidate)
{
    return finding->best != NULL && svcr_candidate_compare(candidate, finding->best) >= 0;
}

static void node_try(struct finding *finding, const struct svcr_path_node *node)
{
    struct svcr_run run = svcr_path_node_after(node, finding->search->after);
    while (run.num > 0) {
        for (size_t i = 0; i < run.num; i++) {
            if (candidate_is_worse(finding, &run.first[i]) ||
                candidate_try(finding, &run.first[i])) {
                return;
            }
        }
        run = svcr_path_node_after(node, &run.first[run.num - 1]);
    }
}

static void paths_try(struct finding *finding, const struct svcr_path_tree *paths)
{
    const struct svcr_path_node *nodes[SVCR_PATH_NODES_MAX];
    uint32_t num = svcr_path_tree_find(paths, finding->path, nodes);
    while (num > 0) {
        node_try(finding, nodes[--num]);
    }
}

static void host_try(struct finding *finding, const struct svcr_host *host)
{
    if (host == NULL) {
        return;
    }
    if (svcr_host_has_paths(host)) {
        paths_try(finding, &host->has.paths);
        return;
    }
    const struct svcr_candidate *only = &host->has.only;
    const struct svcr_candidate *after = finding->search->after;
    if (!candidate_is_worse(finding, only) &&
        (after == NULL || svcr_candidate_compare(only, after) > 0)) {
        (void)candidate_try(finding, only);
    }
}

const struct svcr_candidate *svcr_index_find(const struct svcroute_context *context,
                                             const struct svcr_index *index,
                                             struct svcr_subject *subject,
                                             const struct svcr_search *search)
{
    const struct svcr_places *places = &index->places;
    svcr_text host = svcr_host_without_dots(subject->host);
    struct finding finding = {.search = search, .subject = subject, .path = subject->path};
    if (finding.path.size == 0) {
        finding.path = SVCR_TEXT("");
    }
    if (search->scope.size > 0) {
        const struct scope *scope = scope_get(context, index, search->scope);
        if (scope == NULL) {
            return NULL;
        }
        places = &scope->places;
    }
    if (host.size > 0 && places->hosts.root != 0) {
        host_try(&finding, svcr_host_map_get(&places->hosts, hash_of(context, host)));
    }
    if (places->wild.root != 0) {
        svcr_text rest = svcr_host_behind_label(host);
        host_try(&finding, svcr_host_map_get(&places->wild, hash_of(context, rest)));
    }
    paths_try(&finding, &places->none);
    return finding.best;
}
