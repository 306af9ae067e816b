/* Health: what probes and failed requests make of servers, and who hears of it. */
#include "balance/health.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"

_Static_assert((int)SVCR_PASSIVE_ATTEMPTS_MAX == (int)SVCR_TREE_ATTEMPTS_MAX,
               "what a table tells of failures");

/* ---- making ---- */

static void window_unref(struct svcroute_context *context, struct svcr_window *window)
{
    if (window != NULL && svcr_refs_drop(&window->refs)) {
        svcr_release(context, window, window->bytes);
    }
}

void svcr_health_free(struct svcr_health *health, struct svcroute_context *context)
{
    if (health == NULL) {
        return;
    }
    for (uint32_t i = 0; health->windows != NULL && i < health->num; i++) {
        window_unref(context, health->windows[i]);
    }
    svcr_probe_plan_free(health->plan, context);
    svcr_schedule_free(health->schedule, context);
    svcr_release(context, health, health->bytes);
}

static struct svcr_health *health_new(struct svcr_swap *swap, const struct svcr_layout *layout)
{
    const struct svcr_tree_service *service = layout->service;
    size_t num = layout->shape.num;
    size_t bytes = sizeof(struct svcr_health) +
                   (service->has_passive ? num * sizeof(struct svcr_window *) : 0) +
                   (service->has_health ? num * sizeof(uint64_t) : 0);
    struct svcr_health *health = svcr_zalloc(swap->context, bytes);
    if (health == NULL) {
        return NULL;
    }
    health->bytes = bytes;
    health->num = (uint32_t)num;
    health->pool = layout->pool;
    health->passive = service->has_passive;
    void *behind = health + 1;
    if (service->has_health) {
        health->probes = behind;
        behind = health->probes + num;
    }
    if (service->has_passive) {
        health->windows = behind;
        health->rule = (struct svcr_passive_rule){
            .window = service->failure_window,
            .attempts = svcr_passive_attempts(service->max_failed_attempts),
            .active = service->has_health,
        };
    }
    return health;
}

static bool plan_make(struct svcr_swap *swap, struct svcr_layout *layout)
{
    const struct svcr_tree_service *service = layout->service;
    const struct svcr_object *object = service->object;
    const struct svcr_health_check *check = &service->reference->health;
    const struct svcr_header *headers = svcr_object_items(object, check->headers);
    struct svcr_probe_header *copies =
        svcr_arena_alloc(&swap->arena, ((size_t)check->headers.num + 1) * sizeof(*copies));
    if (copies == NULL) {
        swap->error = SVCROUTE_ERR_NOMEM;
        return false;
    }
    for (uint32_t i = 0; i < check->headers.num; i++) {
        copies[i] = (struct svcr_probe_header){svcr_object_text(object, headers[i].name),
                                               svcr_object_text(object, headers[i].value)};
    }
    struct svcr_probe_settings settings = {
        .scheme = svcr_object_text(object, check->scheme),
        .mode = svcr_object_text(object, check->mode),
        .path = svcr_object_text(object, check->path),
        .method = svcr_object_text(object, check->method),
        .hostname = svcr_object_text(object, check->hostname),
        .port = check->port,
        .status = check->status,
        .interval = service->interval,
        .unhealthy_interval = service->unhealthy_interval,
        .timeout = service->timeout,
        .follow_redirects = check->follow_redirects != SVCR_FALSE,
        .num_headers = check->headers.num,
        .headers = copies,
    };
    swap->error = svcr_probe_plan_new(&layout->health->plan, swap->context, &settings);
    return swap->error == 0;
}

static bool schedule_make(struct svcr_swap *swap, struct svcr_layout *layout)
{
    const struct svcroute_balancer *balancer = swap->balancer;
    const struct svcr_probe_plan *plan = layout->health->plan;
    bool down = balancer->options.initial_health != SVCROUTE_INITIAL_UP;
    struct svcr_schedule_options options = {
        .interval = plan->interval,
        .unhealthy_interval = plan->unhealthy_interval,
        .timeout = plan->timeout,
        .seed = svcr_hash(balancer->options.seed, layout->name.data, layout->name.size),
        .rise = balancer->options.rise,
        .fall = balancer->options.fall,
        .initial = (uint8_t)(!down || balancer->core->traefik ? SVCR_INITIAL_UP
                             : balancer->options.initial_health == SVCROUTE_INITIAL_DOWN
                                 ? SVCR_INITIAL_DOWN
                                 : SVCR_INITIAL_UNKNOWN),
        .traefik = balancer->core->traefik,
    };
    swap->error = svcr_schedule_new(&layout->health->schedule, swap->context, &options,
                                    layout->shape.num, balancer->now);
    return swap->error == 0;
}

/* What the pool's present layout knows of a server, as far as the same rule keeps it. */
static struct svcr_window *window_make(struct svcr_swap *swap, const struct svcr_layout *layout,
                                       uint32_t i, const struct svcr_window *older)
{
    uint32_t attempts = layout->health->rule.attempts;
    size_t bytes = sizeof(struct svcr_window) + svcr_passive_size(attempts);
    if (older != NULL && older->bytes == bytes) {
        struct svcr_window *same = (struct svcr_window *)(uintptr_t)older;
        svcr_refs_take(&same->refs);
        return same;
    }
    struct svcr_window *window = svcr_zalloc(swap->context, bytes);
    if (window != NULL) {
        svcr_refs_init(&window->refs);
        window->bytes = bytes;
        window->timer = (struct svcr_timer){.at = SVCR_NEVER, .of_window = true};
        window->peer = layout->peers[i];
        svcr_passive_init(svcr_window_passive(window), attempts);
    }
    return window;
}

/* Room for the texts of any probe, so that telling one does not allocate. */
static bool probe_room(struct svcr_swap *swap, const struct svcr_layout *layout)
{
    const struct svcr_probe_plan *plan = layout->health->plan;
    size_t size = plan->scheme.size + plan->tail.size + plan->hostname.size + 3 * plan->port.size;
    size_t longest = 0;
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        size_t url = layout->shape.members[i].name.size;
        longest = url > longest ? url : longest;
    }
    size += 4 * longest + 16;
    if (size > swap->balancer->event_text.capacity) {
        swap->balancer->event_text.size = 0;
        if (svcr_buffer_reserve(&swap->balancer->event_text, size) == NULL) {
            swap->balancer->event_text.failed = false;
            swap->error = SVCROUTE_ERR_NOMEM;
        }
    }
    return swap->error == 0;
}

bool svcr_health_stage(struct svcr_swap *swap, struct svcr_layout *layout, const uint32_t *map)
{
    const struct svcr_tree_service *service = layout->service;
    if (!service->has_health && !service->has_passive) {
        return true;
    }
    struct svcr_health *health = health_new(swap, layout);
    const struct svcr_layout *older = layout->pool->layout;
    const struct svcr_health *before = older != NULL ? older->health : NULL;
    if (health == NULL) {
        return false;
    }
    layout->health = health;
    health->timer.at = SVCR_NEVER;
    health->map = map;
    swap->has_checks = true;
    for (uint32_t i = 0; service->has_passive && i < health->num; i++) {
        bool known = before != NULL && before->windows != NULL && map[i] != SVCR_NOBODY;
        health->windows[i] = window_make(swap, layout, i, known ? before->windows[map[i]] : NULL);
        if (health->windows[i] == NULL) {
            return false;
        }
    }
    return !service->has_health ||
           (plan_make(swap, layout) && schedule_make(swap, layout) && probe_room(swap, layout));
}

/* ---- installing ---- */

void svcr_health_cancel(struct svcroute_balancer *balancer, struct svcr_peer *peer, uint64_t probe)
{
    if (probe == 0) {
        return;
    }
    if (svcr_bits_has(&balancer->probes, peer->slot)) { /* nobody has heard of it */
        svcr_bits_remove(&balancer->probes, peer->slot);
    } else {
        peer->cancelled = probe;
        svcr_bits_add(&balancer->told_peers, peer->slot);
    }
}

static void window_commit(struct svcroute_balancer *balancer, const struct svcr_health *health,
                          struct svcr_window *window, struct svcr_window *before)
{
    struct svcr_passive *passive = svcr_window_passive(window);
    if (before != NULL && before != window) {
        svcr_passive_carry(passive, svcr_window_passive(before));
        svcr_passive_in(svcr_window_passive(before)); /* picks may still look at it */
        svcr_timers_set(balancer->timers, &before->timer, SVCR_NEVER);
    }
    uint64_t until = svcr_passive_until(passive);
    if (until != 0 && (until == SVCR_NEVER) != health->rule.active) {
        svcr_eject_for(window, &health->rule, balancer->now);
        until = svcr_passive_until(passive);
    }
    svcr_timers_set(balancer->timers, &window->timer, until != 0 ? until : SVCR_NEVER);
}

/* What the schedule says of a server goes into its state. */
static void schedule_apply(struct svcroute_balancer *balancer, const struct svcr_layout *layout,
                           uint32_t i)
{
    struct svcr_health *health = layout->health;
    bool up = svcr_schedule_is_up(health->schedule, i);
    uint32_t clear = up ? SVCR_RAW_ACTIVE : 0;
    if (up && health->windows != NULL &&
        svcr_passive_until(svcr_window_passive(health->windows[i])) != 0) {
        clear |= SVCR_RAW_PASSIVE;
    }
    svcr_peer_change(layout->peers[i], clear, up ? 0 : SVCR_RAW_ACTIVE);
    if ((clear & SVCR_RAW_PASSIVE) != 0) {
        svcr_passive_in(svcr_window_passive(health->windows[i]));
        svcr_timers_set(balancer->timers, &health->windows[i]->timer, SVCR_NEVER);
    }
}

static void probes_commit(struct svcroute_balancer *balancer, struct svcr_layout *layout,
                          struct svcr_layout *older)
{
    struct svcr_health *health = layout->health;
    struct svcr_health *before = older != NULL ? older->health : NULL;
    bool active = health != NULL && health->schedule != NULL;
    bool was_active = before != NULL && before->schedule != NULL;
    if (active && was_active) {
        svcr_schedule_carry(health->schedule, before->schedule, health->map, balancer->now);
        for (uint32_t i = 0; i < health->num; i++) {
            if (health->map[i] != SVCR_NOBODY && svcr_schedule_is_probing(health->schedule, i)) {
                health->probes[i] = before->probes[health->map[i]];
                before->probes[health->map[i]] = 0;
            }
        }
    }
    for (uint32_t i = 0; was_active && i < before->num; i++) {
        svcr_health_cancel(balancer, older->peers[i], before->probes[i]);
        before->probes[i] = 0;
    }
    if (was_active) {
        svcr_timers_set(balancer->timers, &before->timer, SVCR_NEVER);
    }
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        if (!active) {
            svcr_peer_change(layout->peers[i], SVCR_RAW_ACTIVE, 0);
        } else if (!was_active || health->map[i] == SVCR_NOBODY) {
            schedule_apply(balancer, layout, i);
        }
    }
    if (active) {
        svcr_timers_set(balancer->timers, &health->timer, svcr_schedule_deadline(health->schedule));
    }
}

/* Where an update leaves a service with nobody but ejected servers, they are let in again: they
 * would not have been ejected if the others had not been there. */
static void last_ones_return(struct svcroute_balancer *balancer, struct svcr_layout *layout)
{
    const struct svcr_health *health = layout->health;
    if (balancer->core->eject_last || health == NULL || health->windows == NULL ||
        atomic_load_explicit(&layout->pool->usable, memory_order_acquire) != 0) {
        return;
    }
    for (uint32_t i = 0; i < health->num; i++) {
        svcr_peer_change(layout->peers[i], SVCR_RAW_PASSIVE, 0);
        svcr_passive_in(svcr_window_passive(health->windows[i]));
        svcr_timers_set(balancer->timers, &health->windows[i]->timer, SVCR_NEVER);
    }
}

void svcr_health_commit(struct svcroute_balancer *balancer, struct svcr_layout *layout,
                        struct svcr_layout *older)
{
    struct svcr_health *health = layout->health;
    struct svcr_health *before = older != NULL ? older->health : NULL;
    if (health == NULL && before == NULL) {
        return;
    }
    probes_commit(balancer, layout, older);
    for (uint32_t i = 0; before != NULL && before->windows != NULL && i < before->num; i++) {
        svcr_timers_set(balancer->timers, &before->windows[i]->timer, SVCR_NEVER);
    }
    for (uint32_t i = 0; i < layout->shape.num; i++) {
        if (health == NULL || health->windows == NULL) {
            svcr_peer_change(layout->peers[i], SVCR_RAW_PASSIVE, 0);
        } else {
            bool known = before != NULL && before->windows != NULL && health->map[i] != SVCR_NOBODY;
            window_commit(balancer, health, health->windows[i],
                          known ? before->windows[health->map[i]] : NULL);
        }
    }
    if (health != NULL) {
        health->map = NULL;
    }
    last_ones_return(balancer, layout);
}

void svcr_health_leave(struct svcroute_balancer *balancer, struct svcr_layout *layout)
{
    struct svcr_health *health = layout->health;
    if (health == NULL) {
        return;
    }
    svcr_timers_set(balancer->timers, &health->timer, SVCR_NEVER);
    for (uint32_t i = 0; i < health->num; i++) {
        if (health->windows != NULL) {
            svcr_timers_set(balancer->timers, &health->windows[i]->timer, SVCR_NEVER);
        }
        if (health->probes != NULL) {
            svcr_health_cancel(balancer, layout->peers[i], health->probes[i]);
        }
    }
}

/* ---- the driver ---- */

/* What becomes of a pool goes into its parent's counts; false: the parent knows already. */
static bool link_tell(struct svcr_link *link, uint32_t state)
{
    bool counted = link->counts && (state & SVCR_STATE_EMPTY) == 0;
    bool refuses = (state & SVCR_STATE_REFUSED) != 0;
    bool news = counted != link->counted || refuses != link->refuses;
    if (counted != link->counted) {
        atomic_fetch_add_explicit(&link->parent->usable, counted ? 1 : UINT32_MAX,
                                  memory_order_relaxed);
    }
    if (refuses != link->refuses) {
        link->parent->refusals += refuses ? 1 : UINT32_MAX;
    }
    link->counted = counted;
    link->refuses = refuses;
    return news;
}

/* traefik-v3 builds a handler for every child, so one that cannot be built takes all above it down
 * (behaviour section 10, conformance/runtime/tree.json). */
static uint32_t state_of(const struct svcroute_balancer *balancer, struct svcr_pool *pool)
{
    bool empty = atomic_load_explicit(&pool->usable, memory_order_acquire) == 0;
    bool refused = balancer->core->traefik && (pool->layout->refused || pool->refusals != 0);
    return (empty ? SVCR_STATE_EMPTY : 0U) | (refused ? SVCR_STATE_REFUSED : 0U);
}

void svcr_pool_look(struct svcroute_balancer *balancer, struct svcr_pool *pool)
{
    struct svcr_pool *list = pool; /* a stack: a pool is in it once */
    pool->next_look = NULL;
    while (list != NULL) {
        struct svcr_pool *at = list;
        list = at->next_look;
        at->looked = false;
        uint32_t state = state_of(balancer, at);
        if (atomic_exchange_explicit(&at->state, state, memory_order_acq_rel) == state) {
            continue;
        }
        if (!at->route) {
            svcr_bits_add(&balancer->told_pools, at->slot);
        }
        for (struct svcr_link *link = at->parents; link != NULL; link = link->next) {
            if (link_tell(link, state) && !link->parent->looked) {
                link->parent->looked = true;
                link->parent->next_look = list;
                list = link->parent;
            }
        }
    }
}

static void window_look(struct svcroute_balancer *balancer, struct svcr_peer *peer, uint32_t state)
{
    struct svcr_layout *layout = peer->pool->layout;
    const struct svcr_health *health = layout->health;
    if (health == NULL || health->windows == NULL) {
        if ((state & SVCR_RAW_PASSIVE) != 0) { /* by a request that began under another table */
            svcr_peer_change(peer, SVCR_RAW_PASSIVE, 0);
        }
        return;
    }
    struct svcr_window *window = health->windows[peer->index];
    struct svcr_passive *passive = svcr_window_passive(window);
    if ((state & SVCR_RAW_PASSIVE) != 0 && svcr_passive_until(passive) == 0) {
        svcr_eject_for(window, &health->rule, balancer->now);
    }
    uint64_t until = svcr_passive_until(passive);
    svcr_timers_set(balancer->timers, &window->timer, until != 0 ? until : SVCR_NEVER);
}

static uint8_t reason_of(uint32_t state)
{
    return (state & SVCR_STATE_DOWN_ADMIN) != 0     ? SVCROUTE_DOWN_ADMIN
           : (state & SVCR_STATE_DOWN_ACTIVE) != 0  ? SVCROUTE_DOWN_ACTIVE
           : (state & SVCR_STATE_DOWN_PASSIVE) != 0 ? SVCROUTE_DOWN_PASSIVE
                                                    : 0;
}

void svcr_peer_look(struct svcroute_balancer *balancer, struct svcr_peer *peer)
{
    if (svcr_peer_is_gone(peer)) {
        return;
    }
    window_look(balancer, peer, atomic_load_explicit(&peer->live.state, memory_order_acquire));
    uint8_t reason = reason_of(atomic_load_explicit(&peer->live.state, memory_order_acquire));
    if ((reason == 0) != (peer->reason == 0)) {
        peer->since = balancer->now;
    }
    peer->reason = reason;
    if (peer->reason != peer->told) {
        svcr_bits_add(&balancer->told_peers, peer->slot);
    }
    svcr_pool_look(balancer, peer->pool);
}

static void window_due(struct svcroute_balancer *balancer, struct svcr_window *window)
{
    struct svcr_passive *passive = svcr_window_passive(window);
    uint64_t until = svcr_passive_until(passive);
    if (until != 0 && until <= balancer->now) { /* else a pick let it in, and it may be out again */
        svcr_peer_change(window->peer, SVCR_RAW_PASSIVE, 0);
        svcr_passive_in(passive);
    }
    svcr_peer_look(balancer, window->peer);
}

static void schedule_due(struct svcroute_balancer *balancer, struct svcr_health *health)
{
    struct svcr_layout *layout = health->pool->layout;
    uint32_t i = 0;
    enum svcr_schedule_what what;
    while ((what = svcr_schedule_next(health->schedule, balancer->now, &i)) !=
           SVCR_SCHEDULE_NOTHING) {
        struct svcr_peer *peer = layout->peers[i];
        if (what == SVCR_SCHEDULE_PROBE && health->plan->broken) {
            svcr_schedule_report(health->schedule, i, false, balancer->now);
        } else if (what == SVCR_SCHEDULE_PROBE) {
            /* Never 0, also after 2^32 probes. */
            uint64_t number = balancer->next_probe++ % UINT32_MAX + 1;
            health->probes[i] = number << 32 | peer->slot;
            svcr_bits_add(&balancer->probes, peer->slot);
            continue;
        } else {
            health->probes[i] = 0;
            svcr_bits_remove(&balancer->probes, peer->slot);
        }
        schedule_apply(balancer, layout, i);
        svcr_peer_look(balancer, peer);
    }
    svcr_timers_set(balancer->timers, &health->timer, svcr_schedule_deadline(health->schedule));
}

static void marked_look(struct svcroute_balancer *balancer)
{
    struct svcr_peer *peer =
        atomic_exchange_explicit(&balancer->core->marked, NULL, memory_order_acq_rel);
    while (peer != NULL) {
        struct svcr_peer *next = peer->next_marked;
        atomic_exchange_explicit(&peer->marked, 0, memory_order_acq_rel);
        svcr_peer_look(balancer, peer);
        svcr_peer_unref(balancer->core->context, peer);
        peer = next;
    }
}

void svcroute_balancer_advance(struct svcroute_balancer *balancer, uint64_t now)
{
    if (balancer == NULL) {
        return;
    }
    svcr_clock(balancer, now);
    marked_look(balancer);
    struct svcr_timer *timer = NULL;
    while ((timer = svcr_timers_due(balancer->timers, balancer->now)) != NULL) {
        if (timer->of_window) {
            window_due(balancer, (struct svcr_window *)(void *)timer);
        } else {
            schedule_due(balancer, (struct svcr_health *)(void *)timer);
        }
    }
}

uint64_t svcroute_balancer_next_deadline(const struct svcroute_balancer *balancer)
{
    return balancer != NULL && balancer->timers->num != 0 ? balancer->timers->heap[0]->at
                                                          : SVCR_NEVER;
}

bool svcroute_balancer_needs_advance(const struct svcroute_balancer *balancer)
{
    return balancer != NULL &&
           atomic_load_explicit(&balancer->core->marked, memory_order_relaxed) != NULL;
}

int svcroute_balancer_report_probe(struct svcroute_balancer *balancer, uint64_t probe,
                                   uint32_t outcome, uint32_t status, uint64_t now)
{
    if (balancer == NULL || outcome < SVCROUTE_PROBE_STATUS || outcome > SVCROUTE_PROBE_TIMEOUT) {
        return SVCROUTE_ERR_INVALID;
    }
    svcr_clock(balancer, now);
    uint64_t slot = probe & UINT32_MAX;
    struct svcr_peer *peer =
        probe != 0 && slot < balancer->peers.num ? balancer->peers.items[slot].thing : NULL;
    struct svcr_health *health =
        peer != NULL && !svcr_peer_is_gone(peer) ? peer->pool->layout->health : NULL;
    if (health == NULL || health->probes == NULL || health->probes[peer->index] != probe) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    bool good = outcome == SVCROUTE_PROBE_STATUS && svcr_probe_judge(health->plan, status);
    health->probes[peer->index] = 0;
    svcr_bits_remove(&balancer->probes, peer->slot);
    if (!svcr_schedule_report(health->schedule, peer->index, good, balancer->now)) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    schedule_apply(balancer, peer->pool->layout, peer->index);
    svcr_peer_look(balancer, peer);
    svcr_timers_set(balancer->timers, &health->timer, svcr_schedule_deadline(health->schedule));
    return 0;
}
