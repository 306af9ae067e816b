/* What a reverse proxy goes through, scene by scene. Numbers follow from the documents, by hand. */
#include "proxy.h"

#include <string.h>

static struct proxy proxy;
static struct stream stream;

/* ---- the table comes by watch, and changes under load ---- */

static atomic_bool hammering;
static atomic_uint hammered;

static void hammer(struct worker *worker)
{
    const struct request request = {.host = "cart.example"};
    unsigned good = 0;
    while (hammering || good == 0) {
        struct answer answer = worker_serve(worker, &request);
        if (answer.status == 200) {
            good++;
            hammered++;
        } else if (!ensure(good == 0 && answer.status == 404, "cart: %u after %u good ones",
                           answer.status, good)) {
            return;
        }
    }
}

static void scene_watch(void)
{
    static const char *const churn[] = {"10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.2 10.0.0.3 10.0.0.4",
                                        "10.0.0.3 10.0.0.4 10.0.0.1", "10.0.0.4 10.0.0.1 10.0.0.2"};
    hammering = true;
    proxy_start(&proxy, hammer);
    stream_service(&stream, "ADDED", "cart");
    stream_slice(&stream, "ADDED", "cart", churn[0]);
    stream_route(&stream, "ADDED", "cart", "cart.example",
                 "{\"name\":\"cart\",\"port\":80,\"sticky\":{\"cookie\":{\"name\":\"c\","
                 "\"httpOnly\":true}}}");
    proxy_feed(&proxy, &stream, 61);
    for (unsigned i = 1; i <= 200; i++) {
        unsigned before = hammered;
        stream_slice(&stream, "MODIFIED", "cart", churn[i % 4]);
        proxy_feed(&proxy, &stream, 200);
        proxy_turn(&proxy);
        while (hammered == before && proxy_busy(&proxy)) {
        }
    }
    hammering = false;
    proxy_wait(&proxy);
    check(hammered > 200, "%u requests in all", hammered);
    for (unsigned i = 1; i <= 4; i++) {
        char url[] = "http://10.0.0.0:80";
        url[14] = (char)('0' + i);
        check(world_server(url)->requests > 0, "%s was never asked", url);
    }
}

/* ---- sticky cookies ---- */

static struct answer first_of[WORKERS];

static void jar(char *cookie, size_t size, const struct answer *answer)
{
    text_copy(cookie, size, (struct svcroute_text){answer->cookie, strcspn(answer->cookie, ";")});
}

static void stick(struct worker *worker)
{
    const struct request stranger = {.host = "cart.example"};
    struct answer *first = &first_of[worker->index];
    *first = worker_serve(worker, &stranger);
    check(first->status == 200 && first->num_cookies == 1, "a stranger: %u, %u cookies",
          first->status, first->num_cookies);
    check(strncmp(first->cookie, "c=", 2) == 0 && strstr(first->cookie, "; Path=/; HttpOnly"),
          "Set-Cookie: %s", first->cookie);
}

/* Each worker serves the clients of all others. */
static void stay(struct worker *worker)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        char cookie[300] = "theme=dark; ";
        jar(cookie + strlen(cookie), 200, &first_of[i]);
        const struct request known = {.host = "cart.example", .cookie = cookie};
        for (unsigned n = 0; n < 10; n++) {
            struct answer answer = worker_serve(worker, &known);
            check(answer.status == 200 && strcmp(answer.url, first_of[i].url) == 0,
                  "client of %s: %u from %s", first_of[i].url, answer.status, answer.url);
            check(answer.why == SVCROUTE_WHY_COOKIE && answer.num_cookies == 0,
                  "why %u, %u cookies", answer.why, answer.num_cookies);
        }
    }
}

static void move(struct worker *worker)
{
    char cookie[200];
    jar(cookie, sizeof(cookie), &first_of[0]);
    const struct request known = {.host = "cart.example", .cookie = cookie};
    struct answer answer = worker_serve(worker, &known);
    check(
        answer.status == 200 && answer.num_cookies == 1 && strcmp(answer.url, first_of[0].url) != 0,
        "a client whose server is gone: %u from %s, %s", answer.status, answer.url, answer.cookie);
}

static void scene_sticky(void)
{
    stream_slice(&stream, "MODIFIED", "cart", "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4");
    proxy_feed(&proxy, &stream, 100);
    proxy_run(&proxy, stick);
    proxy_run(&proxy, stay);
    /* Other settings make another service of it; its clients stay where they are. */
    stream_route(&stream, "MODIFIED", "cart", "cart.example",
                 "{\"name\":\"cart\",\"port\":80,\"passHostHeader\":false,\"sticky\":{\"cookie\":{"
                 "\"name\":\"c\",\"httpOnly\":true}}}");
    proxy_feed(&proxy, &stream, 100);
    proxy_run(&proxy, stay);
    char left[64] = "";
    for (unsigned i = 1; i <= 4; i++) {
        char address[] = "10.0.0.0";
        address[7] = (char)('0' + i);
        if (!strstr(first_of[0].url, address)) {
            strcat(strcat(left, *left ? " " : ""), address);
        }
    }
    stream_slice(&stream, "MODIFIED", "cart", left);
    proxy_feed(&proxy, &stream, 100);
    proxy_run(&proxy, move);
    check(proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_GONE, first_of[0].url) != NULL, "%s is gone",
          first_of[0].url);
}

/* ---- what the host knows better ---- */

static struct svcroute_server_stats stats_of(uint64_t server)
{
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    must(svcroute_balancer_get_server_stats(proxy.balancer, server, &stats), "statistics");
    return stats;
}

static uint64_t shunned;

static void avoid(struct worker *worker)
{
    const struct request request = {.host = "cart.example"};
    for (unsigned n = 0; n < 20; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == 200 && answer.server != shunned, "%u from %s", answer.status,
              answer.url);
    }
}

static void avoid_once(struct worker *worker)
{
    const struct request request = {.host = "cart.example", .excluded = shunned};
    for (unsigned n = 0; n < 20; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == 200 && answer.server != shunned, "excluded: %u from %s",
              answer.status, answer.url);
    }
}

static void scene_admin(void)
{
    proxy_run(&proxy, stick);
    shunned = first_of[0].server;
    proxy_run(&proxy, avoid_once);
    must(svcroute_balancer_set_admin(proxy.balancer, shunned, SVCROUTE_ADMIN_DRAIN, world_now()),
         "drain");
    proxy_run(&proxy, avoid);
    proxy_run(&proxy, stay);
    must(svcroute_balancer_set_admin(proxy.balancer, shunned, SVCROUTE_ADMIN_DOWN, world_now()),
         "down");
    proxy_run(&proxy, avoid);
    proxy_run(&proxy, move);
    check(stats_of(shunned).admin == SVCROUTE_ADMIN_DOWN && !stats_of(shunned).up,
          "it is down by order");
    const struct seen *down = proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, first_of[0].url);
    check(down && down->reason == SVCROUTE_DOWN_ADMIN && down->server == shunned,
          "and the event says so");
    must(svcroute_balancer_set_admin(proxy.balancer, shunned, SVCROUTE_ADMIN_AUTO, world_now()),
         "auto");
    proxy_run(&proxy, stay);
    struct svcroute_server_stats stats = stats_of(shunned);
    check(stats.up && stats.in_flight == 0 && stats.failures == 0 && stats.picks >= WORKERS * 10,
          "up %u, in flight %u, failures %u, picks %u", stats.up, stats.in_flight,
          (unsigned)stats.failures, (unsigned)stats.picks);
    check(svcroute_balancer_set_admin(proxy.balancer, shunned + (UINT64_C(1) << 60),
                                      SVCROUTE_ADMIN_UP, world_now()) == SVCROUTE_ERR_NOT_FOUND,
          "a server that never was");
}

/* ---- retries and passive checks ---- */

static atomic_uint most_tries;

static void retry(struct worker *worker)
{
    const struct request request = {.host = "retry.example"};
    for (unsigned n = 0; n < 20; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == 200, "retry: %u after %u tries", answer.status, answer.tries);
        unsigned most = most_tries;
        while (answer.tries > most &&
               !atomic_compare_exchange_weak(&most_tries, &most, answer.tries)) {
        }
    }
}

static void all_down(struct worker *worker)
{
    const struct request request = {.host = "retry.example"};
    struct answer answer = worker_serve(worker, &request);
    check(answer.status == 502 && answer.tries >= 1, "nobody answers: %u after %u tries",
          answer.status, answer.tries);
}

static void scene_retry(void)
{
    struct world_server *bad = world_server("http://10.0.1.1:80");
    stream_service(&stream, "ADDED", "retry");
    stream_slice(&stream, "ADDED", "retry", "10.0.1.1 10.0.1.2 10.0.1.3");
    stream_route(&stream, "ADDED", "retry", "retry.example",
                 "{\"name\":\"retry\",\"port\":80,\"passiveHealthCheck\":{\"failureWindow\":"
                 "\"10s\",\"maxFailedAttempts\":2}}");
    proxy_feed(&proxy, &stream, 1000);
    proxy_forget(&proxy);
    bad->behaviour = REFUSES;
    proxy_run(&proxy, retry);
    check(most_tries == 2, "%u tries, and only one server is bad", most_tries);
    const struct seen *down = proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, bad->url);
    check(down && down->reason == SVCROUTE_DOWN_PASSIVE, "two failures take it down");

    unsigned asked = bad->requests;
    most_tries = 0;
    proxy_run(&proxy, retry);
    check(bad->requests == asked && most_tries == 1, "it is left alone: %u, %u tries",
          bad->requests - asked, most_tries);

    /* The last one that can be used stays, whatever it answers. */
    world_server("http://10.0.1.2:80")->behaviour = RESETS;
    world_server("http://10.0.1.3:80")->behaviour = HANGS;
    for (unsigned i = 0; i < 3; i++) {
        proxy_run(&proxy, all_down);
    }
    check(!proxy_saw(&proxy, SVCROUTE_EVENT_SERVICE_DOWN, "retry"), "the service stays up");
    bool resetting = proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, "10.0.1.2") != NULL;
    bool hanging = proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, "10.0.1.3") != NULL;
    check(resetting != hanging, "one of the two that do not answer goes, the other stays");

    bad->behaviour = ANSWERS;
    world_server("http://10.0.1.2:80")->behaviour = ANSWERS;
    world_server("http://10.0.1.3:80")->behaviour = ANSWERS;
    uint64_t due = svcroute_balancer_next_deadline(proxy.balancer);
    check(due > world_now() && due <= world_now() + 10 * SECOND, "it comes back within the window");
    world_wait(10 * SECOND);
    proxy_turn(&proxy);
    check(proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_UP, bad->url) != NULL, "it is back");
    most_tries = 0;
    proxy_run(&proxy, retry);
    check(bad->requests > asked && most_tries == 1, "and is asked again: %u",
          bad->requests - asked);
}

/* ---- failover by status ---- */

static struct {
    uint64_t body;
    unsigned status, tries;
    const char *server; /* NULL: any */
} expected;

static void fail(struct worker *worker)
{
    const struct request request = {.host = "fail.example", .body = expected.body};
    for (unsigned n = 0; n < 5; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == expected.status && answer.tries == expected.tries,
              "failover: %u after %u tries", answer.status, answer.tries);
        check(strcmp(answer.url, expected.server) == 0, "failover: %s, not %s", answer.url,
              expected.server);
        bool spare = strcmp(expected.server, "http://10.0.2.2:80") == 0;
        check((answer.why == SVCROUTE_WHY_FALLBACK) == spare, "failover: why %u", answer.why);
        check(answer.keep_body == (spare || !answer.tries ? 0 : 1000), "failover: keeps %d",
              (int)answer.keep_body);
    }
}

static void expect(uint64_t body, unsigned status, unsigned tries, const char *server)
{
    expected.body = body;
    expected.status = status;
    expected.tries = tries;
    expected.server = server;
    proxy_run(&proxy, fail);
}

static void scene_failover(void)
{
    struct world_server *main_server = world_server("http://10.0.2.1:80"),
                        *spare = world_server("http://10.0.2.2:80");
    stream_service(&stream, "ADDED", "main");
    stream_service(&stream, "ADDED", "spare");
    stream_slice(&stream, "ADDED", "main", "10.0.2.1");
    stream_slice(&stream, "ADDED", "spare", "10.0.2.2");
    stream_event(&stream, "ADDED", "traefik.io/v1alpha1", "TraefikService", "safe", "",
                 ",\"spec\":{\"failover\":{\"service\":{\"name\":\"main\",\"port\":80},"
                 "\"fallback\":{\"name\":\"spare\",\"port\":80},"
                 "\"errors\":{\"status\":[\"500-503\"],\"maxRequestBodyBytes\":1000}}}");
    stream_route(&stream, "ADDED", "fail", "fail.example",
                 "{\"name\":\"safe\",\"kind\":\"TraefikService\"}");
    proxy_feed(&proxy, &stream, 300);
    expect(10, 200, 1, main_server->url);
    main_server->status = 503;
    expect(1000, 200, 2, spare->url);
    expect(BODY_CHUNKED, 200, 2, spare->url);
    expect(1001, 413, 0, "");
    main_server->status = 504;
    expect(0, 504, 1, main_server->url);
    main_server->status = 500;
    spare->status = 500;
    expect(0, 500, 2, spare->url);
    main_server->status = 200;
    spare->status = 200;
    /* A main without servers is left out, and no body needs to be kept. */
    stream_slice(&stream, "DELETED", "main", "10.0.2.1");
    proxy_feed(&proxy, &stream, 300);
    proxy_turn(&proxy);
    expect(1001, 200, 1, spare->url);
    stream_slice(&stream, "ADDED", "main", "10.0.2.1");
    proxy_feed(&proxy, &stream, 300);
    expect(0, 200, 1, main_server->url);
}

/* ---- mirrors ---- */

static atomic_uint copies;
static uint64_t mirrored_body;
static unsigned mirrored_status = 200;

static void mirror(struct worker *worker)
{
    const struct request request = {.host = "mirror.example", .body = mirrored_body};
    unsigned own = 0;
    for (unsigned n = 0; n < 20; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == mirrored_status && answer.tries == 1, "mirroring: %u after %u tries",
              answer.status, answer.tries);
        own += answer.copies;
    }
    check(own == (mirrored_body <= 100 ? 10 : 0), "%u copies by a worker", own);
    copies += own;
}

static void scene_mirror(void)
{
    struct world_server *shadow = world_server("http://10.0.3.2:80"),
                        *main_server = world_server("http://10.0.3.1:80");
    stream_service(&stream, "ADDED", "front");
    stream_service(&stream, "ADDED", "shadow");
    stream_slice(&stream, "ADDED", "front", "10.0.3.1");
    stream_slice(&stream, "ADDED", "shadow", "10.0.3.2");
    stream_event(&stream, "ADDED", "traefik.io/v1alpha1", "TraefikService", "copied", "",
                 ",\"spec\":{\"mirroring\":{\"name\":\"front\",\"port\":80,\"maxBodySize\":100,"
                 "\"mirrors\":[{\"name\":\"shadow\",\"port\":80,\"percent\":50}]}}");
    stream_route(&stream, "ADDED", "mirror", "mirror.example",
                 "{\"name\":\"copied\",\"kind\":\"TraefikService\"}");
    proxy_feed(&proxy, &stream, 300);
    mirrored_body = 100;
    proxy_run(&proxy, mirror);
    check(shadow->requests == WORKERS * 10 && main_server->requests == WORKERS * 20,
          "%u copies of %u requests", shadow->requests, main_server->requests);
    mirrored_body = 101;
    proxy_run(&proxy, mirror);
    check(shadow->requests == WORKERS * 10, "a longer body is not copied");
    mirrored_body = 0;
    shadow->behaviour = REFUSES;
    proxy_run(&proxy, mirror);
    check(shadow->requests == WORKERS * 20, "a mirror that fails is nobody's business");
    main_server->behaviour = REFUSES;
    mirrored_status = 502;
    proxy_run(&proxy, mirror);
    check(copies == WORKERS * 30, "%u copies, whatever became of their requests", copies);
}

/* ---- probes ---- */

static void probe(struct worker *worker)
{
    const struct request request = {.host = "probe.example"};
    for (unsigned n = 0; n < 10; n++) {
        struct answer answer = worker_serve(worker, &request);
        check(answer.status == expected.status &&
                  (!expected.server || strcmp(answer.url, expected.server) == 0),
              "probed servers: %u from %s", answer.status, answer.url);
    }
}

static void expect_probed(unsigned status, const char *server)
{
    expected.status = status;
    expected.server = server;
    proxy_run(&proxy, probe);
}

static void look_at_probe(const struct seen *seen)
{
    check(seen && seen->probe && seen->server, "a probe has an id and a server");
    check(seen && strcmp(seen->url, "http://near.example:80/up") == 0, "what is asked for: %s",
          seen ? seen->url : "");
}

static void scene_probes(void)
{
    static const char external[] = ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"%s."
                                   "example\",\"ports\":[{\"port\":80}]}";
    struct world_server *near = world_server("http://near.example:80"),
                        *far = world_server("http://far.example:80");
    char spec[200];
    for (unsigned i = 0; i < 2; i++) {
        const char *name = i ? "far" : "near";
        size_t head = (size_t)(strstr(external, "%s") - external);
        memcpy(spec, external, head);
        spec[head] = '\0';
        strcat(strcat(spec, name), external + head + 2);
        stream_event(&stream, "ADDED", "v1", "Service", name, "", spec);
    }
    static const char both[] = "{\"name\":\"near\",\"port\":80,\"healthCheck\":{\"path\":\"/"
                               "up\",\"interval\":\"1s\",\"timeout\":\"500ms\"}},"
                               "{\"name\":\"far\",\"port\":80,\"healthCheck\":{\"path\":\"/"
                               "up\",\"interval\":\"1s\",\"timeout\":\"500ms\"}}";
    stream_route(&stream, "ADDED", "probe", "probe.example", both);
    proxy_feed(&proxy, &stream, 300);
    proxy_forget(&proxy);
    proxy_turn_for(&proxy, 4 * SECOND);
    check(near->probes >= 3 && near->probes <= 5 && far->probes >= 3 && far->probes <= 5,
          "%u and %u probes in 4 s", near->probes, far->probes);
    look_at_probe(proxy_saw(&proxy, SVCROUTE_EVENT_PROBE, "near"));
    check(!proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, ""), "all is well");
    expect_probed(200, NULL);

    near->status = 500;
    proxy_turn_for(&proxy, 1 * SECOND + 50 * MILLISECOND);
    const struct seen *down = proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, near->url);
    check(down && down->reason == SVCROUTE_DOWN_ACTIVE, "a bad answer takes it down");
    check(proxy_saw(&proxy, SVCROUTE_EVENT_SERVICE_DOWN, "near") != NULL,
          "and its service with it");
    expect_probed(200, far->url);

    /* No word of a probe by its timeout and a second more is a failure; a later word is too late.
     */
    proxy.mute = true;
    proxy_forget(&proxy);
    proxy_turn_for(&proxy, 2 * SECOND + 700 * MILLISECOND);
    const struct seen *lost = proxy_saw(&proxy, SVCROUTE_EVENT_PROBE, "far");
    check(lost != NULL && proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_DOWN, far->url),
          "no answer takes it down");
    check(proxy.seen[0].probe && svcroute_balancer_report_probe(
                                     proxy.balancer, proxy.seen[0].probe, SVCROUTE_PROBE_STATUS,
                                     200, world_now()) == SVCROUTE_ERR_NOT_FOUND,
          "a word that comes too late");
    expect_probed(503, NULL);
    proxy.mute = false;
    near->status = 200;
    proxy_turn_for(&proxy, 3 * SECOND);
    check(proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_UP, near->url) &&
              proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_UP, far->url),
          "both are back");
    expect_probed(200, NULL);
}

/* A probe is out while its server goes. */
static void scene_cancelled(void)
{
    proxy.mute = true;
    proxy_forget(&proxy);
    proxy_turn_for(&proxy, 1 * SECOND + 50 * MILLISECOND);
    const struct seen *out = proxy_saw(&proxy, SVCROUTE_EVENT_PROBE, "far");
    if (!check(out != NULL, "a probe is out")) {
        return;
    }
    uint64_t id = out->probe;
    stream_route(&stream, "MODIFIED", "probe", "probe.example", "{\"name\":\"near\",\"port\":80}");
    proxy_feed(&proxy, &stream, 300);
    proxy_turn(&proxy);
    bool cancelled = false;
    for (unsigned i = 0; i < proxy.num_seen; i++) {
        cancelled |=
            proxy.seen[i].kind == SVCROUTE_EVENT_PROBE_CANCELLED && proxy.seen[i].probe == id;
    }
    check(cancelled, "it is cancelled");
    check(svcroute_balancer_report_probe(proxy.balancer, id, SVCROUTE_PROBE_STATUS, 200,
                                         world_now()) == SVCROUTE_ERR_NOT_FOUND,
          "and not wanted any more");
    proxy_turn_for(&proxy, 3 * SECOND);
    proxy.mute = false;
    expect_probed(200, "http://near.example:80");
}

/* ---- a WebSocket ---- */

static struct svcroute_pick *socket_pick;
static struct svcroute_pick_info socket_info = {.size = sizeof(socket_info)};

static void upgrade(struct worker *worker)
{
    if (worker->index != 0) {
        return;
    }
    const struct request request = {.host = "chat.example"};
    const struct svcroute_outcome head = {
        .size = sizeof(head), .kind = SVCROUTE_OUTCOME_STATUS, .status = 101};
    struct exchange exchange;
    check(worker_route(worker, &request, &exchange) == 0, "a WebSocket's route");
    must(svcroute_picker_pick(worker->picker, exchange.handle, &exchange.known, socket_pick,
                              world_now()),
         "a WebSocket");
    must(svcroute_pick_get_info(socket_pick, &socket_info), "a WebSocket's server");
    must(svcroute_pick_report(socket_pick, &head, world_now()), "101");
    check(svcroute_pick_report(socket_pick, &head, world_now()) == SVCROUTE_ERR_STATE,
          "a head comes once");
}

static void not_there(struct worker *worker)
{
    const struct request request = {.host = "chat.example"};
    struct answer answer = worker_serve(worker, &request);
    check(answer.status == 404, "a route that is gone: %u", answer.status);
}

static void there(struct worker *worker)
{
    const struct request request = {.host = "chat.example"};
    struct answer answer = worker_serve(worker, &request);
    check(answer.status == 200 && answer.server != socket_info.server,
          "a route that is there again: %u from %s", answer.status, answer.url);
}

static void scene_socket(void)
{
    world_server("http://10.0.5.1:80");
    must(svcroute_pick_new(&socket_pick, proxy.context), "pick");
    stream_service(&stream, "ADDED", "chat");
    stream_slice(&stream, "ADDED", "chat", "10.0.5.1");
    stream_route(&stream, "ADDED", "chat", "chat.example", "{\"name\":\"chat\",\"port\":80}");
    proxy_feed(&proxy, &stream, 300);
    proxy_run(&proxy, upgrade);
    check(text_is(socket_info.url, "http://10.0.5.1:80"), "its server");
    check(stats_of(socket_info.server).in_flight == 1, "it is in flight");
    stream_route(&stream, "DELETED", "chat", "chat.example", "{\"name\":\"chat\",\"port\":80}");
    stream_slice(&stream, "DELETED", "chat", "10.0.5.1");
    proxy_feed(&proxy, &stream, 300);
    proxy_run(&proxy, not_there);
    check(proxy_saw(&proxy, SVCROUTE_EVENT_SERVER_GONE, "10.0.5.1") != NULL, "its server is gone");
    check(text_is(socket_info.url, "http://10.0.5.1:80"), "what it was told lives on");
    /* The same address is another server now, with an id of its own. */
    stream_slice(&stream, "ADDED", "chat", "10.0.5.1");
    stream_route(&stream, "ADDED", "chat", "chat.example", "{\"name\":\"chat\",\"port\":80}");
    proxy_feed(&proxy, &stream, 300);
    proxy_run(&proxy, there);
}

static void *hang_up(void *user)
{
    (void)user;
    struct svcroute_pick_info info = {.size = sizeof(info)};
    must(svcroute_pick_get_info(socket_pick, &info), "a server after the end");
    check(text_is(info.url, "http://10.0.5.1:80") && info.server == socket_info.server,
          "its server, after all");
    must(svcroute_pick_finish(socket_pick, NULL, world_now()), "the end of the WebSocket");
    check(svcroute_pick_finish(socket_pick, NULL, world_now()) == SVCROUTE_ERR_STATE,
          "an end comes once");
    svcroute_pick_free(socket_pick);
    return NULL;
}

static void scene_end(void)
{
    pthread_t thread;
    proxy_close(&proxy);
    check(world_bytes() > 0, "the WebSocket holds what it needs");
    must(pthread_create(&thread, NULL, hang_up, NULL), "thread");
    pthread_join(thread, NULL);
    check(world_bytes() == 0, "%lld bytes are left", (long long)world_bytes());
}

int main(void)
{
    static const char *const urls[] = {
        "http://10.0.0.1:80",    "http://10.0.0.2:80", "http://10.0.0.3:80",
        "http://10.0.0.4:80",    "http://10.0.1.1:80", "http://10.0.1.2:80",
        "http://10.0.1.3:80",    "http://10.0.2.1:80", "http://10.0.2.2:80",
        "http://10.0.3.1:80",    "http://10.0.3.2:80", "http://near.example:80",
        "http://far.example:80", "http://10.0.5.1:80", "http://10.0.6.1:80",
        "http://10.0.6.2:80"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        world_server(urls[i]);
    }
    proxy_open(&proxy);
    scene_watch();
    scene_sticky();
    scene_admin();
    scene_retry();
    scene_failover();
    scene_mirror();
    scene_probes();
    scene_cancelled();
    scene_socket();
    scenes_of_rules(&proxy, &stream);
    scene_end();
    return check_close();
}
