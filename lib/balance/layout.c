/* Layouts: what a pool looks like in one table.
 *
 * Servers are the same over tables if URL and occurrence are (design section 6): peers are found
 * again in the pool's present layout by a hash of the two, or just at the same place, where they
 * mostly are. */
#include "balance/swap.h"

#include <svcroute/error.h>

#include "balance/cookie.h"
#include "balance/failover.h"
#include "balance/health.h"
#include "balance/mirror.h"
#include "balance/sticky.h"
#include "base/hash.h"
#include "base/memory.h"

_Static_assert((int)SVCR_MIRRORS_MAX == (int)SVCR_TREE_MIRRORS_MAX,
               "what a table tells of mirrors");

/* The state word of a child that is not there. */
static const _Atomic uint32_t nobody_there = SVCR_STATE_EMPTY;

void svcr_layout_unref(struct svcr_layout *layout)
{
    if (layout == NULL || !svcr_refs_drop(&layout->refs)) {
        return;
    }
    struct svcroute_context *context = layout->context;
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        if (layout->peers != NULL) {
            svcr_peer_unref(context, layout->peers[i]);
        } else {
            svcr_pool_unref(context, layout->children[i]);
        }
    }
    svcr_release(context, layout->percents, layout->num_mirrors * sizeof(*layout->percents));
    svcr_sticky_free(layout->sticky, context);
    svcr_cookie_recipe_free(layout->recipe, context);
    svcr_release(context, layout->ranges, layout->num_ranges * sizeof(*layout->ranges));
    svcr_health_free(layout->health, context);
    svcr_block_unref(context, layout->service);
    svcr_pool_unref(context, layout->pool);
    svcr_release(context, layout, layout->bytes);
    svcroute_context_unref(context);
}

/* ---- memory ---- */

/* `texts`: bytes of what will be packed behind the layout's name, from *pack on. */
static struct svcr_layout *layout_new(struct svcr_swap *swap, struct svcr_pool *pool, uint32_t num,
                                      bool servers, size_t texts, struct svcr_pack *pack)
{
    svcr_text name = pool->entry->name;
    size_t each = sizeof(struct svcr_member) +
                  (servers ? sizeof(struct svcr_peer *)
                           : sizeof(struct svcr_pool *) + sizeof(struct svcr_link));
    size_t bytes = 0;
    if (!svcr_size_mul(num, each, &bytes) ||
        !svcr_size_add(bytes, sizeof(struct svcr_layout) + name.size + texts, &bytes)) {
        return NULL;
    }
    struct svcr_layout *layout = svcr_zalloc(swap->context, bytes);
    if (layout == NULL) {
        return NULL;
    }
    svcr_refs_init(&layout->refs);
    layout->bytes = bytes;
    layout->context = svcroute_context_ref(swap->context);
    svcr_refs_take(&pool->refs);
    layout->pool = pool;
    struct svcr_member *members = (struct svcr_member *)(void *)(layout + 1);
    layout->shape.members = members;
    layout->shape.num = num;
    void *behind = members + num;
    if (servers) {
        layout->peers = behind;
        behind = layout->peers + num;
    } else {
        layout->links = behind;
        layout->children = (void *)(layout->links + num);
        behind = layout->children + num;
    }
    *pack = (struct svcr_pack){behind};
    layout->name = svcr_pack_text(pack, name);
    return layout;
}

static struct svcr_member *members_of(struct svcr_layout *layout)
{
    return (struct svcr_member *)(void *)(layout + 1);
}

/* ---- servers ---- */

static svcr_text url_of(const struct svcr_backend *backend, uint32_t i)
{
    return (svcr_text){backend->texts + backend->servers[i].url, backend->servers[i].url_size};
}

static uint64_t server_hash(const struct svcr_backend *backend, uint32_t i)
{
    svcr_text url = url_of(backend, i);
    return svcr_hash(backend->servers[i].occurrence, url.data, url.size);
}

static bool server_same(const struct svcr_backend *a, uint32_t i, const struct svcr_backend *b,
                        uint32_t j)
{
    return a->servers[i].occurrence == b->servers[j].occurrence &&
           svcr_text_same(url_of(a, i), url_of(b, j));
}

/* Places of the new servers in the old backend. */
static bool servers_map(struct svcr_swap *swap, const struct svcr_backend *older,
                        const struct svcr_backend *newer, uint32_t *map)
{
    uint32_t i = 0;
    while (i < older->num_servers && i < newer->num_servers && server_same(older, i, newer, i)) {
        map[i] = i;
        i++;
    }
    if (i == newer->num_servers) {
        return true;
    }
    size_t size = 4;
    while (size < 2 * (size_t)older->num_servers) {
        size *= 2;
    }
    uint32_t *slots = svcr_arena_zalloc(&swap->arena, size, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (uint32_t j = i; j < older->num_servers; j++) {
        size_t at = server_hash(older, j) & (size - 1);
        while (slots[at] != 0) {
            at = (at + 1) & (size - 1);
        }
        slots[at] = j + 1;
    }
    for (; i < newer->num_servers; i++) {
        size_t at = server_hash(newer, i) & (size - 1);
        while (slots[at] != 0 && !server_same(older, slots[at] - 1, newer, i)) {
            at = (at + 1) & (size - 1);
        }
        map[i] = slots[at] != 0 ? slots[at] - 1 : SVCR_NOBODY;
    }
    return true;
}

/* Room for what least time in traefik-v3 keeps. A peer that is there already has it from now on,
 * whatever becomes of the update. */
static bool samples_make(struct svcr_swap *swap, const struct svcr_layout *layout,
                         struct svcr_peer *peer)
{
    if (layout->strategy != &svcr_traefik_leasttime || svcr_live_has_samples(&peer->live)) {
        return true;
    }
    struct svcr_samples *samples = svcr_zalloc(swap->context, sizeof(*samples));
    atomic_store_explicit(&peer->live.samples, samples, memory_order_release);
    return samples != NULL;
}

static struct svcr_peer *peer_make(struct svcr_swap *swap, const struct svcr_layout *layout)
{
    struct svcr_peer *peer = svcr_peer_new(swap->context, layout->pool);
    swap->num_new_peers += peer != NULL ? 1 : 0;
    return peer;
}

static bool servers_fill(struct svcr_swap *swap, struct svcr_layout *layout, const uint32_t *map)
{
    const struct svcr_backend *backend = layout->service->backend;
    const struct svcr_layout *older = layout->pool->layout;
    struct svcr_member *members = members_of(layout);
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        struct svcr_peer *peer = map[i] != SVCR_NOBODY ? older->peers[map[i]] : NULL;
        if (peer != NULL) {
            svcr_refs_take(&peer->refs);
        } else {
            peer = peer_make(swap, layout);
        }
        layout->peers[i] = peer;
        if (peer == NULL || !samples_make(swap, layout, peer)) {
            return false;
        }
        members[i] = (struct svcr_member){.state = &peer->live.state,
                                          .live = &peer->live,
                                          .weight = 1,
                                          .name = url_of(backend, i),
                                          .id = peer->id};
    }
    layout->shape.equal = layout->shape.num != 0;
    return true;
}

/* ---- stickiness ---- */

static bool recipe_make(struct svcr_swap *swap, struct svcr_layout *layout)
{
    const struct svcr_tree_service *service = layout->service;
    const struct svcr_cookie *cookie = service->cookie;
    const struct svcr_object *object = service->object;
    svcr_text suffix = SVCR_TEXT("@kubernetescrd");
    svcr_text base = service->base_name;
    char *qualified = svcr_arena_alloc(&swap->arena, base.size + suffix.size);
    if (qualified == NULL) {
        swap->error = SVCROUTE_ERR_NOMEM;
        return false;
    }
    struct svcr_pack pack = {qualified};
    svcr_pack_text(&pack, base);
    svcr_pack_text(&pack, suffix);
    struct svcr_cookie_settings settings = {
        .name = svcr_object_text(object, cookie->name),
        .service = {qualified, base.size + suffix.size},
        .path = cookie->path.offset != 0 ? svcr_object_text(object, cookie->path) : SVCR_TEXT("/"),
        .domain = svcr_object_text(object, cookie->domain),
        .same_site = svcr_object_text(object, cookie->same_site),
        .max_age = cookie->max_age,
        .secure = cookie->secure != 0,
        .http_only = cookie->http_only != 0,
        .traefik = swap->balancer->core->traefik,
    };
    swap->error = svcr_cookie_recipe_new(&layout->recipe, swap->context, &settings);
    return swap->error == 0;
}

/* `map`: of members to those of the pool's present layout; NULL: there are none. */
static bool sticky_make(struct svcr_swap *swap, struct svcr_layout *layout, const uint32_t *map)
{
    const struct svcroute_policy *policy = swap->table->policy;
    struct svcr_sticky_keys keys = {
        .secret = {policy->cookie_secret.bytes, policy->cookie_secret.size},
        .older = {policy->old_cookie_secret.bytes, policy->old_cookie_secret.size},
        .unkeyed = svcr_policy_allows(policy, SVCROUTE_POLICY_READ_UNKEYED_COOKIES),
    };
    bool hrw = layout->strategy == &svcr_hrw || layout->strategy == &svcr_traefik_hrw;
    if (layout->service->cookie == NULL || layout->strategy == NULL || hrw) {
        return true;
    }
    const struct svcr_sticky *previous =
        layout->pool->layout != NULL && map != NULL && !swap->rekeyed ? layout->pool->layout->sticky
                                                                      : NULL;
    swap->error = svcr_sticky_new(&layout->sticky, swap->context, layout->shape.members,
                                  layout->shape.num, &keys, previous, map);
    return swap->error == 0 && recipe_make(swap, layout);
}

/* ---- children ---- */

struct found { /* a child */
    const struct svcr_child *child;
    svcr_text name;
    struct svcr_pool *pool; /* NULL: not there */
};

/* Where an order of its own matters: main first, then mirrors or fallback. */
static uint32_t place_of(const struct svcr_tree_service *service, uint32_t i)
{
    uint32_t main_at = 0;
    if (service->children[i].role == SVCROUTE_CHILD_MEMBER) {
        return i;
    }
    while (main_at < service->num_children &&
           service->children[main_at].role != SVCROUTE_CHILD_MAIN) {
        main_at++;
    }
    bool has_main = main_at < service->num_children;
    if (service->type == SVCROUTE_SERVICE_FAILOVER) {
        return service->children[i].role == SVCROUTE_CHILD_MAIN ? 0 : 1;
    }
    return i == main_at ? 0 : i + (has_main && i > main_at ? 0 : 1);
}

static void child_find(struct svcr_swap *swap, struct found *found, const struct svcr_child *child)
{
    const struct svcroute_service *entry = svcr_child_service(swap->table, child);
    *found = (struct found){.child = child, .name = child->name};
    if (entry != NULL) {
        uint64_t handle = svcr_label_find(swap->context, &swap->plan->services, entry->entry.name);
        found->pool = svcr_slots_find(&swap->balancer->pools, handle);
        found->name = entry->entry.name;
    }
}

/* The children in order; a failover has two, whichever of them are there. */
static struct found *children_find(struct svcr_swap *swap, const struct svcr_entry *entry,
                                   bool route, uint32_t *num, size_t *texts)
{
    const struct svcr_tree_service *service = svcr_entry_service((const void *)entry);
    const struct svcr_child *only = route ? &svcr_entry_route((const void *)entry)->child : NULL;
    *num = route ? 1 : service->num_children;
    if (!route && service->type == SVCROUTE_SERVICE_FAILOVER) {
        *num = 2;
    } else if (!route && service->type == SVCROUTE_SERVICE_MIRRORING && *num == 0) {
        *num = 1;
    }
    struct found *found = svcr_arena_zalloc(&swap->arena, (size_t)*num + 2, sizeof(*found));
    if (found == NULL) {
        return NULL;
    }
    uint32_t written = route ? 1 : service->num_children;
    for (uint32_t i = 0; i < written; i++) {
        uint32_t place = route ? 0 : place_of(service, i);
        child_find(swap, &found[place], route ? only : &service->children[i]);
        *num = place >= *num ? place + 1 : *num;
    }
    *texts = 0;
    for (uint32_t i = 0; i < *num; i++) {
        *texts += found[i].name.size;
    }
    return found;
}

static void child_fill(struct svcr_swap *swap, struct svcr_layout *layout, uint32_t i,
                       const struct found *found, struct svcr_pack *pack)
{
    static const struct svcr_child none;
    const struct svcr_child *child = found->child != NULL ? found->child : &none;
    struct svcr_pool *pool = found->pool;
    bool member = child->role == SVCROUTE_CHILD_MEMBER && layout->type != 0;
    int64_t weight = member ? child->weight : 1;
    if (pool != NULL) {
        svcr_refs_take(&pool->refs);
    }
    swap->num_missing += pool == NULL ? 1 : 0;
    layout->children[i] = pool;
    layout->links[i] = (struct svcr_link){.parent = layout->pool,
                                          .child = pool,
                                          .counts = pool != NULL && weight > 0 &&
                                                    child->role != SVCROUTE_CHILD_MIRROR};
    members_of(layout)[i] = (struct svcr_member){
        .state = pool != NULL ? &pool->state : &nobody_there,
        .weight = weight,
        .name = svcr_pack_text(pack, found->name),
        .id = pool != NULL ? svcr_handle(pool->slot, pool->generation) : 0,
    };
}

/* ---- layouts ---- */

static const struct svcr_strategy *strategy_of(const struct svcr_swap *swap,
                                               const struct svcr_tree_service *service)
{
    bool traefik = swap->balancer->core->traefik;
    uint32_t strategy = service->type == SVCROUTE_SERVICE_LOAD_BALANCER ? service->strategy
                        : service->type == SVCROUTE_SERVICE_WEIGHTED    ? SVCROUTE_STRATEGY_WRR
                        : service->type == SVCROUTE_SERVICE_HIGHEST_RANDOM_WEIGHT
                            ? SVCROUTE_STRATEGY_HRW
                            : 0;
    switch (strategy) {
    case SVCROUTE_STRATEGY_P2C:
        return traefik ? &svcr_traefik_p2c : &svcr_p2c;
    case SVCROUTE_STRATEGY_HRW:
        return traefik ? &svcr_traefik_hrw : &svcr_hrw;
    case SVCROUTE_STRATEGY_LEASTTIME:
        return traefik ? &svcr_traefik_leasttime : &svcr_leasttime;
    case SVCROUTE_STRATEGY_WRR:
        return traefik ? &svcr_traefik_wrr : &svcr_wrr;
    default:
        return NULL;
    }
}

static void names_hash(struct svcr_layout *layout)
{
    for (uint32_t i = 0; layout->strategy == &svcr_hrw && i < layout->shape.num; i++) {
        struct svcr_member *member = &members_of(layout)[i];
        member->name_hash = svcr_hrw_name_hash(member->name);
    }
}

static void weights_compare(struct svcr_layout *layout)
{
    const struct svcr_member *members = layout->shape.members;
    bool equal = layout->shape.num != 0 && members[0].weight > 0;
    for (uint32_t i = 1; equal && i < layout->shape.num; i++) {
        equal = members[i].weight == members[0].weight;
    }
    layout->shape.equal = equal;
}

static bool balancer_fill(struct svcr_swap *swap, struct svcr_layout *layout)
{
    const struct svcr_layout *older = layout->pool->layout;
    uint32_t *map = svcr_arena_alloc(&swap->arena, ((size_t)layout->shape.num + 1) * sizeof(*map));
    if (map == NULL) {
        return false;
    }
    bool same_kind = older != NULL && older->peers != NULL;
    for (uint32_t i = 0; !same_kind && i < layout->shape.num; i++) {
        map[i] = SVCR_NOBODY;
    }
    return (!same_kind ||
            servers_map(swap, older->service->backend, layout->service->backend, map)) &&
           servers_fill(swap, layout, map) && sticky_make(swap, layout, map) &&
           svcr_health_stage(swap, layout, map);
}

static const struct svcr_traefik_service *object_of(const struct svcr_layout *layout)
{
    return (const void *)layout->service->object;
}

static bool mirroring_fill(struct svcr_swap *swap, struct svcr_layout *layout,
                           const struct found *found)
{
    const struct svcr_traefik_service *object = object_of(layout);
    uint32_t num =
        layout->shape.num - 1 < SVCR_MIRRORS_MAX ? layout->shape.num - 1 : SVCR_MIRRORS_MAX;
    layout->max_body = svcr_mirror_limit(object->mirror_body != SVCR_FALSE,
                                         object->max_body_size.given ? object->max_body_size.value
                                                                     : SVCR_NO_BODY_LIMIT);
    if (num == 0) {
        return true;
    }
    layout->percents = svcr_alloc(swap->context, num * sizeof(*layout->percents));
    if (layout->percents == NULL) {
        return false;
    }
    layout->num_mirrors = num;
    for (uint32_t i = 0; i < num; i++) {
        layout->percents[i] = found[i + 1].child != NULL ? found[i + 1].child->percent : 0;
        layout->unreadable |= !svcr_mirror_percent_valid(layout->percents[i]);
    }
    return true;
}

static bool failover_fill(struct svcr_swap *swap, struct svcr_layout *layout)
{
    const struct svcr_traefik_service *object = object_of(layout);
    const struct svcr_str *items = svcr_object_items(object, object->error_status);
    uint32_t num = object->error_status.num;
    layout->max_body =
        object->max_request_body.given ? object->max_request_body.value : SVCR_NO_BODY_LIMIT;
    if (num == 0) {
        return true;
    }
    layout->ranges = svcr_zalloc(swap->context, num * sizeof(*layout->ranges));
    if (layout->ranges == NULL) {
        return false;
    }
    layout->num_ranges = num;
    for (uint32_t i = 0; i < num; i++) {
        svcr_text text = svcr_object_text(layout->service->object, items[i]);
        layout->unreadable |= !svcr_failover_read_range(text, &layout->ranges[i]);
    }
    return true;
}

static bool parent_fill(struct svcr_swap *swap, struct svcr_layout *layout,
                        const struct found *found)
{
    const struct svcr_layout *older = layout->pool->layout;
    uint32_t *map = NULL;
    weights_compare(layout);
    if (layout->service == NULL) {
        return true;
    }
    if (layout->type == SVCROUTE_SERVICE_FAILOVER) {
        return failover_fill(swap, layout);
    }
    if (layout->type == SVCROUTE_SERVICE_MIRRORING) {
        return mirroring_fill(swap, layout, found);
    }
    if (older != NULL && older->sticky != NULL) {
        map = svcr_arena_alloc(&swap->arena, ((size_t)layout->shape.num + 1) * sizeof(*map));
        if (map == NULL || svcr_layout_map(&swap->arena, &older->shape, &layout->shape, map) != 0) {
            return false;
        }
        for (uint32_t i = 0; i < layout->shape.num; i++) { /* a child may have another name now */
            if (map[i] != SVCR_NOBODY &&
                !svcr_text_same(older->shape.members[map[i]].name, layout->shape.members[i].name)) {
                map[i] = SVCR_NOBODY;
            }
        }
    }
    return sticky_make(swap, layout, map);
}

bool svcr_swap_node(struct svcr_swap *swap, struct svcr_pool *pool)
{
    const struct svcr_entry *entry = pool->entry;
    struct svcr_tree_service *service =
        pool->route ? NULL : (struct svcr_tree_service *)(void *)entry->thing;
    bool servers = !pool->route && service->type == SVCROUTE_SERVICE_LOAD_BALANCER;
    uint32_t num = servers ? service->backend->num_servers : 0;
    struct found *found = NULL;
    size_t texts = 0;
    struct svcr_pack pack;
    if (!servers) {
        found = children_find(swap, entry, pool->route, &num, &texts);
    }
    struct svcr_layout *layout =
        servers || found != NULL ? layout_new(swap, pool, num, servers, texts, &pack) : NULL;
    swap->error = layout == NULL ? SVCROUTE_ERR_NOMEM : 0;
    if (layout == NULL) {
        return false;
    }
    pool->staged = layout;
    layout->service = svcr_block_ref(service);
    layout->type = service != NULL ? service->type : 0;
    layout->strategy = service != NULL ? strategy_of(swap, service) : NULL;
    for (uint32_t i = 0; !servers && i < num; i++) {
        child_fill(swap, layout, i, &found[i], &pack);
    }
    bool good = servers ? balancer_fill(swap, layout) : parent_fill(swap, layout, found);
    if (!good) {
        swap->error = swap->error != 0 ? swap->error : SVCROUTE_ERR_NOMEM;
        return false;
    }
    names_hash(layout);
    layout->hears = !swap->balancer->core->traefik;
    layout->tells = layout->hears || (servers && service->has_health);
    layout->refused =
        service != NULL && (service->wrong || service->depth == 0 || layout->unreadable);
    return true;
}

/* ---- places ---- */

struct places { /* of the members with one id: a list of places + 1 */
    uint64_t id;
    uint32_t first;
    bool used;
};

/* Where an id is in the table, or would be. */
static struct places *places_of(struct places *table, size_t size, uint64_t id)
{
    size_t at = svcr_hash_mix(id, 1) & (size - 1);
    while (table[at].used && table[at].id != id) {
        at = (at + 1) & (size - 1);
    }
    return &table[at];
}

int svcr_layout_map(struct svcr_arena *scratch, const struct svcr_shape *older,
                    const struct svcr_shape *newer, uint32_t *map)
{
    uint32_t i = 0;
    while (i < older->num && i < newer->num && older->members[i].id == newer->members[i].id) {
        map[i] = i;
        i++;
    }
    if (i == newer->num) {
        return 0;
    }
    size_t size = 4;
    while (size < 2 * (size_t)older->num) {
        size *= 2;
    }
    struct places *table = svcr_arena_zalloc(scratch, size, sizeof(*table));
    uint32_t *next = svcr_arena_zalloc(scratch, (size_t)older->num + 1, sizeof(*next));
    if (table == NULL || next == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    for (uint32_t j = older->num; j > i; j--) { /* from the end, so that lists are in order */
        struct places *places = places_of(table, size, older->members[j - 1].id);
        places->id = older->members[j - 1].id;
        places->used = true;
        next[j - 1] = places->first;
        places->first = j;
    }
    for (; i < newer->num; i++) {
        struct places *places = places_of(table, size, newer->members[i].id);
        map[i] = SVCR_NOBODY;
        if (places->first != 0) {
            map[i] = places->first - 1;
            places->first = next[map[i]];
        }
    }
    return 0;
}
