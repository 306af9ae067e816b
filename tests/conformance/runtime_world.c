/* Documents -> store -> table -> balancer -> picker, by the public calls alone. */
#include "runtime_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_init(struct world *world, struct svcroute_context *context)
{
    *world = (struct world){.context = context};
    svcr_buffer_init(&world->text, context);
}

void world_say(struct world *world, const char *format, ...)
{
    char piece[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    svcr_buffer_add_string(&world->text, piece);
}

void world_say_quoted(struct world *world, svcr_text text)
{
    svcr_buffer_add_char(&world->text, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            svcr_buffer_add_char(&world->text, '\\');
        }
        svcr_buffer_add_char(&world->text, text.data[i]);
    }
    svcr_buffer_add_char(&world->text, '"');
}

void world_say_external(struct world *world, svcr_text name, svcr_text host)
{
    world_say(world,
              "---\napiVersion: v1\nkind: Service\nmetadata: {name: %.*s, namespace: default}\n"
              "spec: {type: ExternalName, externalName: %.*s, ports: [{port: 80}]}\n",
              SVCR_ARG(name), SVCR_ARG(host));
}

void world_say_tree(struct world *world, svcr_text name)
{
    world_say(world,
              "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\n"
              "metadata: {name: %.*s, namespace: default}\nspec: ",
              SVCR_ARG(name));
}

static int resolve(struct world *world, struct svcroute_store *store,
                   struct svcroute_policy *policy)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    int error = svcroute_store_load(store, world->text.data, world->text.size, NULL, &result, NULL);

    if (error != 0 || result.rejected != 0) {
        return error != 0 ? error : SVCROUTE_ERR_REJECTED;
    }
    if (svcroute_policy_set_profile(policy, SVCROUTE_PROFILE_TRAEFIK_V3) != 0 ||
        svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true) != 0 ||
        svcroute_policy_set_switch(policy, SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES, true) != 0) {
        return SVCROUTE_ERR_INVALID;
    }
    return svcroute_resolve(&world->table, store, policy, NULL, NULL);
}

const char *world_open(struct world *world)
{
    struct svcroute_store *store = NULL;
    struct svcroute_policy *policy = NULL;
    const char *wrong = "the documents make no table";

    if (!world->text.failed && svcroute_store_new(&store, world->context) == 0 &&
        svcroute_policy_new(&policy, world->context) == 0 && resolve(world, store, policy) == 0) {
        wrong = svcroute_balancer_new(&world->balancer, world->table, NULL, 0) == 0 &&
                        svcroute_picker_new(&world->picker, world->balancer, 0) == 0 &&
                        svcroute_pick_new(&world->pick, world->context) == 0
                    ? NULL
                    : "there is no balancer";
    }
    svcroute_policy_free(policy);
    svcroute_store_free(store);
    return wrong;
}

const char *world_renew(struct world *world)
{
    svcroute_picker_free(world->picker);
    return svcroute_picker_new(&world->picker, world->balancer, 0) == 0 ? NULL
                                                                        : "there is no picker";
}

void world_close(struct world *world)
{
    svcroute_pick_free(world->pick);
    svcroute_picker_free(world->picker);
    svcroute_balancer_free(world->balancer);
    svcroute_table_unref(world->table);
    svcr_buffer_free(&world->text);
}

uint64_t world_handle(const struct world *world, const char *name)
{
    struct svcroute_text text = {name, strlen(name)};
    uint64_t handle = 0;

    return svcroute_picker_find_service(world->picker, text, &handle) == 0 ? handle : 0;
}

void world_set(struct world *world, const char *name, bool up)
{
    struct svcroute_text text = {name, strlen(name)};
    uint64_t server = 0;

    for (size_t i = 0; svcroute_balancer_find_server(world->balancer, text, i, &server) == 0; i++) {
        if (svcroute_balancer_set_admin(world->balancer, server,
                                        up ? SVCROUTE_ADMIN_AUTO : SVCROUTE_ADMIN_DOWN, 0) != 0) {
            abort();
        }
    }
}
