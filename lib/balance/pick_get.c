/* Life of picks, and what they tell. */
#include "balance/pick.h"

#include <svcroute/error.h>

#include "balance/cookie.h"
#include "balance/sticky.h"
#include "base/memory.h"

/* ---- life ---- */

/* As the memory of pools is, and all that the header asks for. */
_Static_assert(_Alignof(struct svcroute_pick) <= 8, "a pick in a host's memory");

size_t svcroute_pick_size(void)
{
    return sizeof(struct svcroute_pick);
}

struct svcroute_pick *svcroute_pick_init(void *memory)
{
    struct svcroute_pick *pick = memory;
    if (pick != NULL) {
        pick->state = SVCR_PICK_CLEAR;
        pick->context = NULL;
    }
    return pick;
}

int svcroute_pick_new(struct svcroute_pick **out, struct svcroute_context *context)
{
    if (out == NULL || context == NULL) {
        if (out != NULL) {
            *out = NULL;
        }
        return SVCROUTE_ERR_INVALID;
    }
    *out = svcr_zalloc(context, sizeof(**out));
    if (*out == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    (*out)->context = svcroute_context_ref(context);
    return 0;
}

void svcroute_pick_free(struct svcroute_pick *pick)
{
    if (pick == NULL) {
        return;
    }
    struct svcroute_context *context = pick->context;
    svcroute_pick_clear(pick);
    if (context != NULL) { /* else it is in the host's own memory */
        svcr_release(context, pick, sizeof(*pick));
        svcroute_context_unref(context);
    }
}

/* ---- getters ---- */

static bool has_server(const struct svcroute_pick *pick)
{
    return pick->state == SVCR_PICK_OPEN || pick->state == SVCR_PICK_FINISHED;
}

static svcr_text texts_of(const struct svcr_layout *layout, const struct svcr_server *server,
                          bool zone)
{
    const struct svcr_object *object = layout->service->backend->objects[server->object];
    if (server->endpoint == NULL) {
        return SVCR_TEXT_ABSENT;
    }
    return svcr_object_text(object, zone ? server->endpoint->zone : server->endpoint->node_name);
}

/* "[host]" or "host" between "://" and the last ":". */
static svcr_text host_of(svcr_text url, svcr_text scheme)
{
    const char *start = url.data + scheme.size + 3;
    const char *end = url.data + url.size;
    do {
        end--;
    } while (*end != ':');
    bool brackets = end - start >= 2 && *start == '[' && end[-1] == ']';
    return (svcr_text){start + (brackets ? 1 : 0), (size_t)(end - start) - (brackets ? 2 : 0)};
}

/* How much of the body has to be kept: as much as the failovers on the path may need. */
static void body_of(const struct svcroute_pick *pick, struct svcroute_pick_info *info)
{
    for (uint32_t i = 0; i < pick->num_failovers; i++) {
        int64_t most = pick->failovers[i].layout->max_body;
        if (info->keeps_body == 0) {
            info->keep_body = most;
        } else if (most >= 0 && (info->keep_body < 0 || most < info->keep_body)) {
            info->keep_body = most;
        }
        info->keeps_body = 1;
    }
}

int svcroute_pick_get_info(const struct svcroute_pick *pick, struct svcroute_pick_info *info)
{
    int error =
        pick == NULL || info == NULL
            ? SVCROUTE_ERR_INVALID
            : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_pick_info, keeps_body));
    if (error == 0 && pick->state == SVCR_PICK_CLEAR) {
        error = SVCROUTE_ERR_STATE;
    }
    if (error != 0) {
        return error;
    }
    if (pick->state == SVCR_PICK_EMPTY) {
        struct svcroute_pick_info nobody = {.num_cookies = pick->num_cookies,
                                            .num_mirrors = pick->num_mirrors};
        svcr_struct_write(info, &nobody, sizeof(nobody));
        return 0;
    }
    const struct svcr_layout *layout = pick->layout;
    const struct svcr_tree_service *service = layout->service;
    const struct svcr_backend *backend = service->backend;
    const struct svcr_server *server = &backend->servers[pick->index];
    struct svcroute_pick_info own = {
        .server = pick->peer->id,
        .flush_interval = service->flush_interval,
        .service = layout->name,
        .scheme = svcr_scheme_text((enum svcr_scheme)backend->view.scheme),
        .url = layout->shape.members[pick->index].name,
        .address = {(const char *)server->address->bytes, server->address->size},
        .node = texts_of(layout, server, false),
        .zone = texts_of(layout, server, true),
        .servers_transport = service->servers_transport,
        .slot = pick->peer->slot,
        .port = (uint32_t)server->port,
        .pass_host_header = service->reference->pass_host_header != SVCR_FALSE,
        .why = pick->why,
        .num_cookies = pick->num_cookies,
        .num_mirrors = pick->num_mirrors,
        .num_middlewares = service->num_middlewares,
    };
    own.host = host_of(own.url, own.scheme);
    body_of(pick, &own);
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

int svcroute_pick_copy_cookie(const struct svcroute_pick *pick, size_t index, char *buffer,
                              size_t *size)
{
    char value[SVCR_STICKY_VALUE_MAX];
    if (pick == NULL || size == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (pick->state == SVCR_PICK_CLEAR) {
        return SVCROUTE_ERR_STATE;
    }
    if (index >= pick->num_cookies) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    const struct svcr_step *step = &pick->cookies[index];
    svcr_text text = {value, svcr_sticky_value(step->layout->sticky, step->child, value)};
    size_t room = buffer != NULL ? *size : 0;
    *size = svcr_cookie_write(buffer, room, step->layout->recipe, text);
    return buffer != NULL && *size > room ? SVCROUTE_ERR_SPACE : 0;
}

int svcroute_pick_get_mirror(const struct svcroute_pick *pick, size_t index,
                             struct svcroute_mirror_info *info)
{
    int error =
        pick == NULL || info == NULL
            ? SVCROUTE_ERR_INVALID
            : svcr_struct_check(info, SVCR_SIZE_UP_TO(struct svcroute_mirror_info, reserved));
    if (error == 0 && pick->state == SVCR_PICK_CLEAR) {
        error = SVCROUTE_ERR_STATE;
    }
    if (error == 0 && index >= pick->num_mirrors) {
        error = SVCROUTE_ERR_NOT_FOUND;
    }
    if (error != 0) {
        return error;
    }
    const struct svcr_step *step = &pick->mirrors[index];
    const struct svcr_traefik_service *object = (const void *)step->layout->service->object;
    struct svcroute_mirror_info own = {
        .max_body = step->layout->max_body,
        .service = step->layout->shape.members[step->child].name,
        .copy_body = object->mirror_body != SVCR_FALSE,
    };
    svcr_struct_write(info, &own, sizeof(own));
    return 0;
}

struct svcroute_text svcroute_pick_get_middleware(const struct svcroute_pick *pick, size_t index)
{
    bool there = pick != NULL && has_server(pick) && index < pick->layout->service->num_middlewares;
    return there ? pick->layout->service->middlewares[index] : SVCR_TEXT_ABSENT;
}

bool svcroute_pick_wants_fallback(const struct svcroute_pick *pick, uint32_t status)
{
    return pick != NULL && has_server(pick) &&
           svcr_pick_failover(pick, pick->num_failovers, status) != SVCR_NOBODY;
}
