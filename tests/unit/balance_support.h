/* What the suites of the balancer share: documents written for them, a world with a balancer and
 * pickers, and picks as short texts. */
#ifndef BALANCE_SUPPORT_H
#define BALANCE_SUPPORT_H

#include "balance/pick.h"

#include "resolve_support.h"

/* ---- documents ---- */

struct script { /* documents that are written piece by piece */
    char *text;
    size_t size, capacity;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct script *script,
                                                             const char *format, ...)
{
    va_list arguments;
    if (script->size + 4096 > script->capacity) {
        script->capacity = 2 * script->capacity + 8192;
        script->text = realloc(script->text, script->capacity);
        ck_assert_ptr_nonnull(script->text);
    }
    va_start(arguments, format);
    int size = vsnprintf(script->text + script->size, 4096, format, arguments);
    va_end(arguments);
    ck_assert_int_ge(size, 0);
    ck_assert_int_lt(size, 4096);
    script->size += (size_t)size;
}

/* A Service `name` with one port 80 and a slice of `num` endpoints 10.`net`.0.1 and on; of those
 * the bits of `fenced` are terminating. */
static inline void say_service(struct script *script, const char *name, unsigned net, unsigned num,
                               unsigned fenced)
{
    say(script,
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: default}\n"
        "spec: {ports: [{port: 80, name: web}]}\n---\n"
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: %s-1, namespace: "
        "default, labels: {kubernetes.io/service-name: %s}}\naddressType: IPv4\n"
        "ports: [{name: web, port: 80}]\nendpoints:\n",
        name, name, name);
    for (unsigned i = 0; i < num; i++) {
        say(script,
            "- {addresses: [10.%u.%u.%u], conditions: {ready: %s, serving: true, "
            "terminating: %s}}\n",
            net, (i + 1) / 256, (i + 1) % 256, fenced >> i & 1 ? "false" : "true",
            fenced >> i & 1 ? "true" : "false");
    }
    if (num == 0) {
        say(script, "- {addresses: [10.0.0.1], conditions: {ready: false, serving: false}}\n");
    }
}

/* An IngressRoute `name` with one route to what `service` says in flow style. */
static inline void say_route(struct script *script, const char *name, const char *service)
{
    say(script,
        "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: %s, namespace: "
        "default}\nspec:\n  routes:\n  - match: Host(`%s.example`)\n    kind: Rule\n    services:\n"
        "    - %s\n",
        name, name, service);
}

static inline void say_tree(struct script *script, const char *name, const char *spec)
{
    say(script,
        "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: %s, "
        "namespace: default}\nspec: %s\n",
        name, spec);
}

/* ---- a world with a balancer ---- */

struct scene {
    struct world world;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    const char *policy;
};

/* Loads what the script says into the store; the script is empty afterwards. */
static inline void scene_load(struct scene *scene, struct script *script)
{
    ck_assert_int_eq(load(&scene->world, script->text), 0);
    if (scene->world.result.rejected != 0) {
        struct picture diags = diags_picture(scene->world.diags);
        ck_abort_msg("%s", diags.data);
    }
    free(script->text);
    *script = (struct script){0};
}

static inline void scene_resolve(struct scene *scene)
{
    struct svcroute_table *table = resolve_with(&scene->world, scene->policy, scene->table);
    svcroute_table_unref(scene->table);
    scene->table = table;
}

static inline void scene_open(struct scene *scene, struct script *script, const char *policy,
                              uint32_t flags)
{
    struct svcroute_balancer_options options;
    svcroute_balancer_options_init(&options, sizeof(options));
    options.flags = flags;
    options.seed = 42;
    *scene = (struct scene){.policy = policy};
    world_open(&scene->world);
    scene_load(scene, script);
    scene_resolve(scene);
    ck_assert_int_eq(svcroute_balancer_new(&scene->balancer, scene->table, &options, 0), 0);
    ck_assert_int_eq(svcroute_picker_new(&scene->picker, scene->balancer, 0), 0);
}

/* Resolves, updates and refreshes. */
static inline void scene_update(struct scene *scene, uint64_t now)
{
    scene_resolve(scene);
    ck_assert_int_eq(svcroute_balancer_update(scene->balancer, scene->table, now), 0);
    ck_assert_int_eq(svcroute_picker_refresh(scene->picker, now), 0);
}

/* Ends everything; nothing may be left. */
static inline void scene_close(struct scene *scene)
{
    svcroute_picker_free(scene->picker);
    svcroute_balancer_free(scene->balancer);
    table_close(&scene->world, scene->table);
}

static inline uint64_t handle_of(struct scene *scene, const char *service)
{
    uint64_t handle = 0;
    ck_assert_msg(svcroute_picker_find_service(scene->picker, text_of(service), &handle) == 0,
                  "there is no service %s", service);
    return handle;
}

/* Picks once, finishes well and clears: "10.1.0.2", or "-" for nobody, "gone". */
static inline const char *pick_once(struct scene *scene, uint64_t handle,
                                    const struct svcroute_request *request, uint64_t now)
{
    static char text[64];
    static struct svcroute_pick pick; /* clear from one call to the next */
    int error = svcroute_picker_pick(scene->picker, handle, request, &pick, now);
    if (error != 0) {
        ck_assert(error == SVCROUTE_ERR_NO_SERVER || error == SVCROUTE_ERR_GONE);
        svcroute_pick_clear(&pick);
        return error == SVCROUTE_ERR_GONE ? "gone" : "-";
    }
    struct svcroute_pick_info info = {.size = sizeof(info)};
    ck_assert_int_eq(svcroute_pick_get_info(&pick, &info), 0);
    snprintf(text, sizeof(text), "%.*s", SVCR_ARG(info.host));
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = 200};
    ck_assert_int_eq(svcroute_pick_finish(&pick, &outcome, now), 0);
    svcroute_pick_clear(&pick);
    return text;
}

/* How often each of 10.`net`.0.1 to 10.`net`.0.`num` comes in `times` picks; returns how many went
 * elsewhere. */
static inline unsigned pick_many(struct scene *scene, uint64_t handle, unsigned times, unsigned net,
                                 unsigned num, unsigned *counts)
{
    unsigned elsewhere = 0;
    memset(counts, 0, num * sizeof(*counts));
    for (unsigned i = 0; i < times; i++) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        const char *host = pick_once(scene, handle, NULL, i);
        bool mine = sscanf(host, "%u.%u.%u.%u", &a, &b, &c, &d) == 4 && b == net && c == 0 &&
                    d >= 1 && d <= num;
        elsewhere += mine ? 0 : 1;
        if (mine) {
            counts[d - 1]++;
        }
    }
    return elsewhere;
}

#endif
