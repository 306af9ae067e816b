/* Events: what the driver's host has to hear. Each is a bit in what is there already, so several
 * changes become one event, of the latest state; they are taken out by kind, then by slot. */
#include "balance/core.h"
#include "balance/health.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* The layout that says what a peer is, also of one that is gone. */
static const struct svcr_layout *layout_of(const struct svcr_peer *peer)
{
    return peer->gone != NULL ? peer->gone : peer->pool->layout;
}

static void about_peer(struct svcroute_event *event, const struct svcr_peer *peer)
{
    const struct svcr_layout *layout = layout_of(peer);
    event->server = peer->id;
    event->slot = peer->slot;
    event->service = layout->name;
    event->url = layout->shape.members[peer->index].name;
}

/* The texts of an event are lent until the next call. */
static void lend(struct svcroute_balancer *balancer, struct svcr_peer *peer)
{
    struct svcr_layout *older = balancer->event_layout;
    balancer->event_layout = svcr_layout_ref((struct svcr_layout *)(uintptr_t)layout_of(peer));
    svcr_layout_unref(older);
}

static bool probe_event(struct svcroute_balancer *balancer, struct svcroute_event *event)
{
    uint32_t slot = svcr_bits_take(&balancer->probes);
    if (slot == SVCR_NOBODY) {
        return false;
    }
    struct svcr_peer *peer = balancer->peers.items[slot].thing;
    const struct svcr_health *health = peer->pool->layout->health;
    const struct svcr_probe_plan *plan = health->plan;
    struct svcr_probe probe;
    about_peer(event, peer);
    lend(balancer, peer);
    /* Room was made with the plan. What no request can be made of is told without one; it is not
     * up, whatever is reported. */
    if (svcr_probe_compose(&probe, &balancer->event_text, plan, event->url) != 0) {
        probe = (struct svcr_probe){.url = event->url};
    }
    event->kind = SVCROUTE_EVENT_PROBE;
    event->probe = health->probes[peer->index];
    event->timeout = plan->timeout;
    event->url = probe.url;
    event->scheme = probe.scheme;
    event->authority = probe.connect;
    event->host = probe.host;
    event->method = plan->method;
    event->target = plan->target;
    event->grpc = plan->grpc;
    event->follow_redirects = plan->follow_redirects;
    event->num_headers = plan->num_headers;
    return true;
}

static void slot_free(struct svcroute_balancer *balancer, struct svcr_peer *peer)
{
    svcr_slots_give(&balancer->peers, peer->slot);
    svcr_peer_forget(peer);
    svcr_peer_unref(balancer->core->context, peer);
}

/* One thing that the host has to hear of a server; false: nothing. */
static bool peer_event(struct svcroute_balancer *balancer, struct svcr_peer *peer,
                       struct svcroute_event *event)
{
    about_peer(event, peer);
    if (peer->cancelled != 0) {
        event->kind = SVCROUTE_EVENT_PROBE_CANCELLED;
        event->probe = peer->cancelled;
        peer->cancelled = 0;
        svcr_bits_add(&balancer->told_peers, peer->slot); /* there may be more to say */
    } else if (svcr_peer_is_gone(peer)) {
        event->kind = SVCROUTE_EVENT_SERVER_GONE;
    } else if (peer->told != peer->reason) {
        event->kind = peer->reason != 0 ? SVCROUTE_EVENT_SERVER_DOWN : SVCROUTE_EVENT_SERVER_UP;
        event->reason = peer->reason;
        peer->told = peer->reason;
    } else {
        return false;
    }
    lend(balancer, peer);
    if (event->kind == SVCROUTE_EVENT_SERVER_GONE) {
        slot_free(balancer, peer);
    }
    return true;
}

static bool peers_event(struct svcroute_balancer *balancer, struct svcroute_event *event)
{
    uint32_t slot;
    while ((slot = svcr_bits_take(&balancer->told_peers)) != SVCR_NOBODY) {
        if (peer_event(balancer, balancer->peers.items[slot].thing, event)) {
            return true;
        }
    }
    return false;
}

static bool pools_event(struct svcroute_balancer *balancer, struct svcroute_event *event)
{
    uint32_t slot;
    while ((slot = svcr_bits_take(&balancer->told_pools)) != SVCR_NOBODY) {
        struct svcr_pool *pool = balancer->pools.items[slot].thing;
        bool down =
            (atomic_load_explicit(&pool->state, memory_order_relaxed) & SVCR_STATE_EMPTY) != 0;
        if (down != pool->told_down) {
            struct svcr_layout *older = balancer->event_layout;
            pool->told_down = down;
            event->kind = down ? SVCROUTE_EVENT_SERVICE_DOWN : SVCROUTE_EVENT_SERVICE_UP;
            event->service = pool->layout->name;
            balancer->event_layout = svcr_layout_ref(pool->layout);
            svcr_layout_unref(older);
            return true;
        }
    }
    return false;
}

int svcroute_balancer_next_event(struct svcroute_balancer *balancer, struct svcroute_event *event)
{
    int error = balancer == NULL || event == NULL
                    ? SVCROUTE_ERR_INVALID
                    : svcr_struct_check(event, SVCR_SIZE_UP_TO(struct svcroute_event, num_headers));
    if (error != 0) {
        return error;
    }
    struct svcroute_event own = {0};
    if (!probe_event(balancer, &own) && !peers_event(balancer, &own) &&
        !pools_event(balancer, &own)) {
        return SVCROUTE_ERR_END;
    }
    svcr_struct_write(event, &own, sizeof(own));
    return 0;
}

int svcroute_balancer_get_probe_header(const struct svcroute_balancer *balancer, uint64_t server,
                                       size_t index, struct svcroute_text *name,
                                       struct svcroute_text *value)
{
    if (balancer == NULL || name == NULL || value == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    const struct svcr_peer *peer = svcr_slots_find(&balancer->peers, server);
    const struct svcr_health *health =
        peer != NULL && !svcr_peer_is_gone(peer) ? peer->pool->layout->health : NULL;
    if (health == NULL || health->plan == NULL || index >= health->plan->num_headers) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    *name = health->plan->headers[index].name;
    *value = health->plan->headers[index].value;
    return 0;
}
