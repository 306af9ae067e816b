/* The whole loop of a host, in one thread: load, match, pick, finish, deadline, probe, update.
 * A real host has sockets where this one has talk(), and a clock where it counts seconds. */
#include <stdio.h>

#include <svcroute/svcroute.h>

#define SECOND UINT64_C(1000000000)
#define OBJECT(version, kind)                                                                      \
    "apiVersion: " version "\nkind: " kind "\nmetadata: {name: web, namespace: shop}\n"
#define ROUTE                                                                                      \
    OBJECT("traefik.io/v1alpha1", "IngressRoute")                                                  \
    "spec: {routes: [{kind: Rule, match: 'Host(`shop.example`) && PathPrefix(`/`)',\n"             \
    "  services: [{name: web, port: 80, healthCheck: {interval: 2s}}]}]}\n"
#define SERVICE(host)                                                                              \
    OBJECT("v1", "Service")                                                                        \
    "spec: {type: ExternalName, externalName: " host ", ports: [{port: 80}]}\n"

static const char before[] = ROUTE "---\n" SERVICE("blue.example");
static const char after[] = SERVICE("green.example"); /* what it does not name stays */

static uint32_t talk(const char *what, struct svcroute_text url)
{
    printf("%s %.*s\n", what, (int)url.size, url.data);
    return 200;
}

/* The driver's part, when its time has come or a finished request left work for it. */
static void drive(struct svcroute_balancer *balancer, uint64_t now)
{
    struct svcroute_event event = {.size = sizeof event};
    svcroute_balancer_advance(balancer, now);
    while (svcroute_balancer_next_event(balancer, &event) == 0) {
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            svcroute_balancer_report_probe(balancer, event.probe, SVCROUTE_PROBE_STATUS,
                                           talk("probe", event.url), now);
        }
    }
}

/* A worker's part: one request. Its path is clean (svcroute_path_clean()). */
static int serve(struct svcroute_picker *picker, struct svcroute_pick *pick, uint64_t now)
{
    static const struct svcroute_match_request question = {
        .size = sizeof question, .host = {"shop.example", 12}, .path = {"/cart", 5}};
    struct svcroute_pick_info info = {.size = sizeof info};
    struct svcroute_outcome outcome = {.size = sizeof outcome, .kind = SVCROUTE_OUTCOME_STATUS};
    uint64_t route = 0;
    int code = svcroute_picker_stale(picker) ? svcroute_picker_refresh(picker, now) : 0;
    code = code ? code : svcroute_picker_match(picker, &question, &route);
    code = code ? code : svcroute_picker_pick(picker, route, NULL, pick, now);
    code = code ? code : svcroute_pick_get_info(pick, &info);
    outcome.status = code == 0 ? talk("request", info.url) : 0;
    code = code ? code : svcroute_pick_finish(pick, &outcome, now);
    svcroute_pick_clear(pick);
    return code;
}

int main(void)
{
    struct svcroute_context *context = NULL;
    struct svcroute_policy *policy = NULL;
    struct svcroute_store *store = NULL;
    struct svcroute_table *old = NULL, *table = NULL;
    struct svcroute_balancer *balancer = NULL;
    struct svcroute_picker *picker = NULL;
    struct svcroute_pick *pick = NULL;
    const uint32_t external = SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME;
    int code = svcroute_context_new(&context, NULL, NULL, NULL);
    code = code ? code : svcroute_policy_new(&policy, context);
    code = code ? code : svcroute_policy_set_switch(policy, external, true);
    code = code ? code : svcroute_store_new(&store, context);
    code = code ? code : svcroute_store_load(store, before, sizeof before - 1, NULL, NULL, NULL);
    code = code ? code : svcroute_resolve(&old, store, policy, NULL, NULL);
    code = code ? code : svcroute_balancer_new(&balancer, old, NULL, 0);
    code = code ? code : svcroute_picker_new(&picker, balancer, 0);
    code = code ? code : svcroute_pick_new(&pick, context);
    for (uint64_t now = 0; code == 0 && now < 6 * SECOND; now += SECOND) {
        if (now == 3 * SECOND) { /* the cluster changed; pickers find the new table by themselves */
            code = svcroute_store_load(store, after, sizeof after - 1, NULL, NULL, NULL);
            code = code ? code : svcroute_resolve(&table, store, policy, old, NULL);
            code = code ? code : svcroute_balancer_update(balancer, table, now);
        }
        if (svcroute_balancer_next_deadline(balancer) <= now ||
            svcroute_balancer_needs_advance(balancer)) {
            drive(balancer, now);
        }
        code = code ? code : serve(picker, pick, now);
    }
    svcroute_pick_free(pick); /* any order will do, and NULL too */
    svcroute_picker_free(picker);
    svcroute_balancer_free(balancer);
    svcroute_table_unref(table);
    svcroute_table_unref(old);
    svcroute_store_free(store);
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
    puts(code == 0 ? "fine" : svcroute_error_text(code));
    return code != 0;
}
