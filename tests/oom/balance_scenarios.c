/* Scenarios: balancers, pickers, picks. Those of calls that say that they do not allocate run with
 * SCENARIO_NONE. */
#include "oom.h"

#define SECOND UINT64_C(1000000000)
#define SECRET "0123456789abcdef"

static void note(struct world *world, uint64_t number)
{
    world->noted = world->noted * 31 + number;
}

static void load(struct world *world, struct svcroute_text bytes)
{
    must(svcroute_store_load(world->store, bytes.data, bytes.size, NULL, NULL, NULL), "load");
}

/* ---- worlds ---- */

static void begin(struct world *world, uint32_t profile, bool secret)
{
    struct svcroute_object_info info = {.size = sizeof(info)};
    must(svcroute_store_new(&world->store, world->context), "store");
    must(svcroute_policy_new(&world->policy, world->context), "policy");
    must(svcroute_policy_set_profile(world->policy, profile), "profile");
    must(svcroute_policy_set_switch(world->policy, SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME, true),
         "switch");
    if (secret) {
        must(svcroute_policy_set_cookie_secret(world->policy, TEXT(SECRET)), "secret");
    }
    load(world, cluster_yaml);
    load(world, cluster_checks);
    must(svcroute_store_get(world->store, SVCROUTE_KIND_TRAEFIK_SERVICE, TEXT("default"),
                            TEXT("all"), &info),
         "the documents");
    must(svcroute_resolve(&world->table, world->store, world->policy, NULL, NULL), "resolve");
}

static void begin_default(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_DEFAULT, false);
}

static void begin_secret(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_DEFAULT, true);
}

static void begin_traefik(struct world *world)
{
    begin(world, SVCROUTE_PROFILE_TRAEFIK_V3, false);
}

static int make_balancer(struct world *world)
{
    struct svcroute_balancer_options options;
    svcroute_balancer_options_init(&options, sizeof(options));
    options.seed = 7;
    int error = svcroute_balancer_new(&world->balancer, world->table, &options, SECOND);
    if ((error == SVCROUTE_OK) != (world->balancer != NULL)) {
        give_up("a balancer with an error, or none without");
    }
    return error;
}

static int make_picker(struct world *world, unsigned i)
{
    int error = svcroute_picker_new(&world->pickers[i], world->balancer, SECOND);
    if ((error == SVCROUTE_OK) != (world->pickers[i] != NULL)) {
        give_up("a picker with an error, or none without");
    }
    return error;
}

static int make_first_picker(struct world *world)
{
    return make_picker(world, 0);
}

static int make_second_picker(struct world *world)
{
    return make_picker(world, 1);
}

static int make_picks(struct world *world)
{
    int error = svcroute_pick_new(&world->picks[0], world->context);
    if ((error == SVCROUTE_OK) != (world->picks[0] != NULL)) {
        give_up("a pick with an error, or none without");
    }
    return error;
}

static void begin_balancer(struct world *world)
{
    begin_default(world);
    must(make_balancer(world), "balancer");
}

/* Two pickers and three picks, none of them open. */
static void complete(struct world *world)
{
    must(make_balancer(world), "balancer");
    must(make_picker(world, 0), "picker");
    must(make_picker(world, 1), "picker");
    for (int i = 0; i < 3; i++) {
        must(svcroute_pick_new(&world->picks[i], world->context), "pick");
    }
}

static void begin_pickers(struct world *world)
{
    begin_default(world);
    complete(world);
}

static void begin_pickers_traefik(struct world *world)
{
    begin_traefik(world);
    complete(world);
}

/* ---- picks ---- */

static int pick_one(struct world *world, struct svcroute_text name, unsigned i)
{
    struct svcroute_request request = {.size = sizeof(request), .client = TEXT("192.0.2.7:99")};
    struct svcroute_picker *picker = world->pickers[0];
    uint64_t handle;
    int error = svcroute_picker_find_service(picker, name, &handle);
    return error != SVCROUTE_OK
               ? error
               : svcroute_picker_pick(picker, handle, &request, world->picks[i], 2 * SECOND);
}

/* What picks give is noted: they go on where they were. */
static int pick_all(struct world *world)
{
    static const struct svcroute_text names[] = {{"default-all", 11},  {"default-split", 13},
                                                 {"default-copy", 12}, {"default-safe", 12},
                                                 {"default-hash", 12}, {"default-web-80", 14}};
    for (size_t i = 0; i < 24; i++) {
        int error = pick_one(world, names[i % 6], 0);
        struct svcroute_pick_info info = {.size = sizeof(info)};
        note(world, (uint64_t)error);
        if (svcroute_pick_get_info(world->picks[0], &info) == SVCROUTE_OK) {
            note(world, info.server);
        }
        svcroute_pick_clear(world->picks[0]);
    }
    return SVCROUTE_OK;
}

/* After a failure the plan before it serves. This service is chosen from by hash, among services
 * of one server each, so that no turn moves. */
static void pick_meanwhile(struct world *world)
{
    must(pick_one(world, TEXT("default-steady"), 1), "pick");
    svcroute_pick_clear(world->picks[1]);
}

static void open_picks(struct world *world)
{
    must(pick_one(world, TEXT("default-split"), 0), "pick");
    must(pick_one(world, TEXT("default-copy"), 1), "pick");
}

/* ---- updates ---- */

static int update(struct world *world)
{
    return svcroute_balancer_update(world->balancer, world->next, 2 * SECOND);
}

static void resolve_next(struct world *world)
{
    struct svcroute_table *older = world->next != NULL ? world->next : world->table;
    struct svcroute_table *next;
    must(svcroute_resolve(&next, world->store, world->policy, older, NULL), "resolve");
    svcroute_table_unref(world->next);
    world->next = next;
}

static void remove_some(struct world *world)
{
    must(svcroute_store_remove(world->store, SVCROUTE_KIND_SERVICE, NOTHING, TEXT("web")),
         "remove");
    must(svcroute_store_remove(world->store, SVCROUTE_KIND_TRAEFIK_SERVICE, TEXT("default"),
                               TEXT("copy")),
         "remove");
    resolve_next(world);
}

static void changed(struct world *world)
{
    begin_pickers(world);
    load(world, cluster_change);
    resolve_next(world);
}

static void changed_secret(struct world *world)
{
    begin_secret(world);
    complete(world);
    load(world, cluster_change);
    resolve_next(world);
}

static void changed_traefik(struct world *world)
{
    begin_pickers_traefik(world);
    load(world, cluster_change);
    resolve_next(world);
}

static void removed(struct world *world)
{
    begin_pickers(world);
    remove_some(world);
}

/* Mail waits already, and picks look at what is about to go. */
static void changed_twice(struct world *world)
{
    changed(world);
    open_picks(world);
    must(update(world), "update");
    load(world, cluster_yaml);
    remove_some(world);
}

static int refresh(struct world *world)
{
    int error = svcroute_picker_refresh(world->pickers[0], 3 * SECOND);
    return error != SVCROUTE_OK ? error : pick_all(world);
}

static int refresh_only(struct world *world)
{
    return svcroute_picker_refresh(world->pickers[0], 3 * SECOND);
}

static void mailed(struct world *world)
{
    changed(world);
    must(update(world), "update");
}

static void mailed_traefik(struct world *world)
{
    changed_traefik(world);
    must(update(world), "update");
}

static void mailed_twice(struct world *world)
{
    changed_twice(world);
    must(update(world), "update");
}

/* A picker that was made meanwhile sees the newest only. */
static int refresh_both(struct world *world)
{
    int error = refresh_only(world);
    return error != SVCROUTE_OK ? error : svcroute_picker_refresh(world->pickers[1], 3 * SECOND);
}

/* ---- what does not allocate ---- */

static int drive(struct world *world)
{
    struct svcroute_event event = {.size = sizeof(event)};
    for (uint64_t now = 2; now < 20; now++) {
        svcroute_balancer_advance(world->balancer, now * SECOND);
        while (svcroute_balancer_next_event(world->balancer, &event) == SVCROUTE_OK) {
            note(world, event.kind * 1000 + event.slot);
            if (event.kind == SVCROUTE_EVENT_PROBE) {
                struct svcroute_text name, value;
                must(svcroute_balancer_get_probe_header(world->balancer, event.server, 0, &name,
                                                        &value),
                     "header");
                must(svcroute_balancer_report_probe(world->balancer, event.probe,
                                                    SVCROUTE_PROBE_STATUS, now < 9 ? 500 : 200,
                                                    now * SECOND),
                     "report");
            }
        }
        note(world, svcroute_balancer_needs_advance(world->balancer));
    }
    return SVCROUTE_OK;
}

static int set_admin(struct world *world)
{
    uint64_t server;
    int error = svcroute_balancer_find_server(world->balancer, TEXT("default-web-80"), 0, &server);
    for (uint32_t admin = 0; admin <= SVCROUTE_ADMIN_UP && error == SVCROUTE_OK; admin++) {
        error = svcroute_balancer_set_admin(world->balancer, server, admin, 3 * SECOND);
    }
    return error;
}

/* Requests with all that may follow: a cookie, a mirror, the fallback, another server. */
static int pick_path(struct world *world)
{
    struct svcroute_outcome outcome = {
        .size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_STATUS, .status = 503};
    struct svcroute_mirror_info mirror = {.size = sizeof(mirror)};
    struct svcroute_pick *pick = world->picks[0];
    char cookie[512];
    size_t size = sizeof(cookie);
    must(pick_one(world, TEXT("default-all"), 0), "pick");
    must(svcroute_pick_copy_cookie(pick, 0, cookie, &size), "cookie");
    note(world, size);
    svcroute_pick_clear(pick);
    must(pick_one(world, TEXT("default-echo"), 0), "pick");
    must(svcroute_pick_get_mirror(pick, 0, &mirror), "mirror");
    must(svcroute_picker_pick_mirror(world->pickers[0], pick, 0, NULL, world->picks[1], 2 * SECOND),
         "mirror");
    note(world, svcroute_pick_wants_fallback(pick, 503));
    note(world, svcroute_pick_get_middleware(pick, 0).size);
    must(svcroute_pick_report(pick, &outcome, 3 * SECOND), "report");
    must(svcroute_pick_finish(pick, &outcome, 4 * SECOND), "finish");
    must(svcroute_picker_pick_next(world->pickers[1], NULL, pick, 4 * SECOND), "next");
    svcroute_pick_clear(pick);
    svcroute_pick_clear(world->picks[1]);
    return pick_all(world);
}

/* Failures that eject. */
static int pick_failures(struct world *world)
{
    struct svcroute_outcome outcome = {.size = sizeof(outcome), .kind = SVCROUTE_OUTCOME_CONNECT};
    for (uint64_t i = 0; i < 40; i++) {
        must(pick_one(world, TEXT("default-all"), 0), "pick");
        must(svcroute_pick_finish(world->picks[0], &outcome, 3 * SECOND), "finish");
        svcroute_pick_clear(world->picks[0]);
    }
    svcroute_balancer_advance(world->balancer, 4 * SECOND);
    return SVCROUTE_OK;
}

/* Balancer and picker go ahead of their picks, which are ended afterwards. */
static int free_early(struct world *world)
{
    svcroute_balancer_free(world->balancer);
    svcroute_picker_free(world->pickers[0]);
    svcroute_table_unref(world->next);
    world->balancer = NULL;
    world->pickers[0] = NULL;
    world->next = NULL;
    must(svcroute_pick_finish(world->picks[0], NULL, 9 * SECOND), "finish");
    return SVCROUTE_OK;
}

const struct scenario balance_scenarios[] = {
    {"balancer_new, default", begin_default, make_balancer, NULL, SCENARIO_CRYPTO},
    {"balancer_new, secret", begin_secret, make_balancer, NULL, SCENARIO_CRYPTO},
    {"balancer_new, traefik-v3", begin_traefik, make_balancer, NULL, SCENARIO_CRYPTO},
    {"picker_new", begin_balancer, make_first_picker, NULL, 0},
    {"picker_new, the second", begin_balancer, make_second_picker, NULL, 0},
    {"pick_new", begin_balancer, make_picks, NULL, 0},
    {"balancer_update", changed, update, pick_meanwhile, SCENARIO_CRYPTO},
    {"balancer_update, secret", changed_secret, update, pick_meanwhile, SCENARIO_CRYPTO},
    {"balancer_update, traefik-v3", changed_traefik, update, pick_meanwhile, SCENARIO_CRYPTO},
    {"balancer_update, removed", removed, update, pick_meanwhile, SCENARIO_CRYPTO},
    {"balancer_update, mail waits", changed_twice, update, NULL, SCENARIO_CRYPTO},
    {"picker_refresh", mailed, refresh, pick_meanwhile, 0},
    {"picker_refresh, traefik-v3", mailed_traefik, refresh, pick_meanwhile, 0},
    {"picker_refresh, two updates", mailed_twice, refresh_only, NULL, 0},
    {"picker_refresh, two pickers", mailed, refresh_both, NULL, SCENARIO_PARTS},
    {"advance and events", begin_pickers, drive, NULL, SCENARIO_NONE},
    {"advance and events, traefik-v3", begin_pickers_traefik, drive, NULL, SCENARIO_NONE},
    {"set_admin", begin_pickers, set_admin, NULL, SCENARIO_NONE},
    {"picks", begin_pickers, pick_path, NULL, SCENARIO_NONE},
    {"picks, traefik-v3", begin_pickers_traefik, pick_path, NULL, SCENARIO_NONE},
    {"picks that fail", begin_pickers, pick_failures, NULL, SCENARIO_NONE},
    {"frees ahead of picks", mailed_twice, free_early, NULL, SCENARIO_NONE},
};
const size_t num_balance_scenarios = sizeof(balance_scenarios) / sizeof(balance_scenarios[0]);
