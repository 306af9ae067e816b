/* Health checks of Services of every type, what a driver hears without advancing, clocks that run
 * back, and servers whose end nobody heard of. */
#include "balance_support.h"

#define SECOND UINT64_C(1000000000)
#define CHECK "healthCheck: {path: /up, interval: 10s, unhealthyInterval: 4s, timeout: 2s}"

/* The TraefikService "t" over Service `name`, which is checked. */
static void say_checked(struct script *script, const char *name, const char *more)
{
    char tree[300];
    snprintf(tree, sizeof(tree), "{weighted: {services: [{name: %s, port: 80%s, " CHECK "}]}}",
             name, more);
    say_tree(script, "t", tree);
}

static struct svcroute_event next(struct scene *scene)
{
    struct svcroute_event event = {.size = sizeof(event)};
    int error = svcroute_balancer_next_event(scene->balancer, &event);
    ck_assert(error == 0 || error == SVCROUTE_ERR_END);
    event.kind = error == 0 ? event.kind : 0;
    return event;
}

static void hear_nothing(struct scene *scene)
{
    struct svcroute_event event = next(scene);
    ck_assert_msg(event.kind == 0, "event %u", event.kind);
}

static void hear(struct scene *scene, uint32_t kind, const char *url)
{
    struct svcroute_event event = next(scene);
    ck_assert_uint_eq(event.kind, kind);
    if (url != NULL) {
        ck_assert_text(event.url, url);
    }
}

enum { SEEN_MAX = 16 };

/* What was asked for: the probes, when, and of whom. */
struct seen {
    unsigned num;
    struct {
        uint64_t probe, server, at;
        char url[64];
    } items[SEEN_MAX];
};

/* Goes from deadline to deadline up to `until`; hears probes alone, and leaves them unanswered. */
static void ask(struct scene *scene, uint64_t until, struct seen *seen)
{
    uint64_t now;
    *seen = (struct seen){0};
    while ((now = svcroute_balancer_next_deadline(scene->balancer)) < until) {
        struct svcroute_event event;
        svcroute_balancer_advance(scene->balancer, now);
        while ((event = next(scene)).kind != 0) {
            ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
            ck_assert_uint_lt(seen->num, SEEN_MAX);
            seen->items[seen->num].probe = event.probe;
            seen->items[seen->num].server = event.server;
            seen->items[seen->num].at = now;
            snprintf(seen->items[seen->num].url, sizeof(seen->items[0].url), "%.*s",
                     SVCR_ARG(event.url));
            seen->num++;
        }
    }
}

static void answer(struct scene *scene, uint64_t probe, uint32_t status, uint64_t now)
{
    ck_assert_int_eq(
        svcroute_balancer_report_probe(scene->balancer, probe, SVCROUTE_PROBE_STATUS, status, now),
        0);
}

/* Asks until every server was asked once, answering each at once; `bad` is the one that is ill. */
static void ask_all(struct scene *scene, unsigned num, const char *bad, struct seen *seen)
{
    *seen = (struct seen){0};
    while (seen->num < num) {
        uint64_t now = svcroute_balancer_next_deadline(scene->balancer);
        struct svcroute_event event;
        ck_assert_uint_le(now, 10 * SECOND);
        svcroute_balancer_advance(scene->balancer, now);
        while ((event = next(scene)).kind == SVCROUTE_EVENT_PROBE) {
            snprintf(seen->items[seen->num].url, sizeof(seen->items[0].url), "%.*s",
                     SVCR_ARG(event.url));
            bool ill = strcmp(seen->items[seen->num].url, bad) == 0;
            for (unsigned i = 0; i < seen->num; i++) {
                ck_assert_str_ne(seen->items[i].url, seen->items[seen->num].url);
            }
            seen->items[seen->num].at = now;
            seen->num++;
            answer(scene, event.probe, ill ? 503 : 200, now);
            if (ill) {
                hear(scene, SVCROUTE_EVENT_SERVER_DOWN, NULL);
            }
            hear_nothing(scene);
            ck_assert_uint_lt(seen->num, SEEN_MAX);
        }
    }
}

static bool was_asked(const struct seen *seen, const char *url)
{
    bool asked = false;
    for (unsigned i = 0; i < seen->num; i++) {
        asked = asked || strcmp(seen->items[i].url, url) == 0;
    }
    return asked;
}

static const struct kind {
    const char *documents, *more;
    unsigned num;
    const char *hosts[3], *urls[3], *bad; /* bad: the server of the second */
} kinds[] = {
    {"---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\n"
     "spec: {ports: [{port: 80, name: web}]}\n---\n"
     "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-1, namespace: "
     "default, labels: {kubernetes.io/service-name: s}}\nports: [{name: web, port: 8080}]\n"
     "endpoints: [{addresses: [10.1.0.1]}, {addresses: ['fd00::7']}, {addresses: [10.1.0.3], "
     "conditions: {ready: false, serving: true, terminating: true}}]\n",
     "",
     3,
     {"10.1.0.1", "fd00::7", "10.1.0.3"},
     {"http://10.1.0.1:8080/up", "http://[fd00::7]:8080/up", "http://10.1.0.3:8080/up"},
     "http://[fd00::7]:8080"},
    {"---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\n"
     "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, name: web}]}\n",
     ", nativeLB: true",
     1,
     {"10.96.0.1"},
     {"http://10.96.0.1:80/up"},
     NULL},
    {"---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\n"
     "spec: {type: NodePort, ports: [{port: 80, name: web, nodePort: 30080}]}\n---\n"
     "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, "
     "address: 10.8.0.1}]}\n---\n"
     "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\nstatus: {addresses: [{type: InternalIP, "
     "address: 10.8.0.2}]}\n",
     ", nodePortLB: true",
     2,
     {"10.8.0.1", "10.8.0.2"},
     {"http://10.8.0.1:30080/up", "http://10.8.0.2:30080/up"},
     "http://10.8.0.2:30080"},
};

/* Each server is asked once within an interval; the one that answers badly gets no requests until
 * it answers well, which is after `unhealthyInterval`. */
START_TEST(every_server_of_every_kind_is_probed)
{
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct kind *kind = &kinds[k];
        const char *ill = kind->urls[kind->num > 1 ? 1 : 0];
        struct script script = {0};
        struct scene scene;
        struct seen seen;
        say(&script, "%s", kind->documents);
        say_checked(&script, "s", kind->more);
        scene_open(&scene, &script, "checks", 0);
        uint64_t handle = handle_of(&scene, "default-s-80");
        ask_all(&scene, kind->num, kind->num > 1 ? ill : "", &seen);
        for (unsigned i = 0; i < kind->num; i++) {
            ck_assert(was_asked(&seen, kind->urls[i]));
        }
        if (kind->num > 1) {
            for (unsigned i = 0; i < 20; i++) {
                const char *host = pick_once(&scene, handle, NULL, 10 * SECOND);
                ck_assert_str_ne(host, "-");
                ck_assert_str_ne(host, kind->hosts[1]);
            }
            uint64_t fell = 0;
            for (unsigned i = 0; i < seen.num; i++) {
                fell = strcmp(seen.items[i].url, ill) == 0 ? seen.items[i].at : fell;
            }
            struct svcroute_event event = {0};
            uint64_t now = 0;
            do { /* the others' next turns may come first */
                now = svcroute_balancer_next_deadline(scene.balancer);
                ck_assert_uint_le(now, fell + 4 * SECOND);
                svcroute_balancer_advance(scene.balancer, now);
                event = next(&scene);
                ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE);
                bool same = svcr_text_same(event.url, text_of(ill));
                answer(&scene, event.probe, 200, now);
                event.kind = same ? 0 : event.kind;
            } while (event.kind != 0);
            ck_assert_uint_eq(now, fell + 4 * SECOND);
            hear(&scene, SVCROUTE_EVENT_SERVER_UP, kind->bad);
            hear_nothing(&scene);
        }
        scene_close(&scene);
    }
}
END_TEST

/* A terminating endpoint that answers badly is not even a last resort. */
START_TEST(terminating_servers_are_probed_too)
{
    struct script script = {0};
    struct scene scene;
    struct seen seen;
    say_service(&script, "a", 1, 2, 3);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    uint64_t handle = handle_of(&scene, "default-a-80");
    ask(&scene, 2 * SECOND, &seen); /* none yet, or without an answer for less than 3 s */
    ask_all(&scene, 2 - seen.num, "", &(struct seen){0});
    for (unsigned i = 0; i < seen.num; i++) {
        answer(&scene, seen.items[i].probe, 200, 2 * SECOND);
    }
    ck_assert_str_ne(pick_once(&scene, handle, NULL, 10 * SECOND), "-");
    for (unsigned i = 0; i < 2;) { /* now both are ill */
        uint64_t now = svcroute_balancer_next_deadline(scene.balancer);
        svcroute_balancer_advance(scene.balancer, now);
        struct svcroute_event event;
        while ((event = next(&scene)).kind != 0) {
            if (event.kind == SVCROUTE_EVENT_PROBE) {
                answer(&scene, event.probe, 500, now);
            }
            i += event.kind == SVCROUTE_EVENT_SERVER_DOWN ? 1 : 0;
        }
    }
    ck_assert_str_eq(pick_once(&scene, handle, NULL, 30 * SECOND), "-");
    scene_close(&scene);
}
END_TEST

/* The first that is asked is ill; the next one is left without an answer. */
static void ask_two(struct scene *scene, struct seen *seen)
{
    *seen = (struct seen){0};
    while (seen->num < 2) {
        uint64_t now = svcroute_balancer_next_deadline(scene->balancer);
        struct seen more;
        ask(scene, now + 1, &more);
        ck_assert_uint_eq(more.num, 1);
        if (seen->num == 0 || more.items[0].server != seen->items[0].server) {
            seen->items[seen->num++] = more.items[0];
        }
        if (more.items[0].server == seen->items[0].server) {
            answer(scene, more.items[0].probe, 500, now);
        }
        if (seen->num == 1) {
            struct svcroute_event event = next(scene);
            ck_assert(event.kind == 0 || event.kind == SVCROUTE_EVENT_SERVER_DOWN);
        }
    }
}

/* Two balancers of one seed; one of them gets more endpoints in between, which changes nothing for
 * those that it had. */
START_TEST(endpoints_that_come_leave_the_others_alone)
{
    struct script script = {0};
    struct scene scene;
    struct seen before, grown, alone;
    struct svcroute_balancer_options options;
    struct svcroute_balancer *twin = NULL, *own;
    say_service(&script, "a", 1, 3, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    svcroute_balancer_options_init(&options, sizeof(options));
    options.seed = 42;
    ck_assert_int_eq(svcroute_balancer_new(&twin, scene.table, &options, 0), 0);
    own = scene.balancer;
    for (unsigned k = 0; k < 2; k++) {
        scene.balancer = k == 0 ? own : twin;
        ask_two(&scene, &before);
    }
    uint64_t now = before.items[1].at + 1;
    scene.balancer = own;
    say_service(&script, "a", 1, 6, 0);
    scene_load(&scene, &script);
    scene_update(&scene, now);
    hear_nothing(&scene); /* news of nobody: those that came are up, as they begin */
    struct svcroute_server_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(svcroute_balancer_get_server_stats(own, before.items[0].server, &stats), 0);
    ck_assert_uint_eq(stats.up, 0);
    ck_assert_uint_eq(stats.reason, SVCROUTE_DOWN_ACTIVE);
    for (unsigned k = 0; k < 2; k++) { /* the probe that was under way is answered */
        scene.balancer = k == 0 ? own : twin;
        answer(&scene, before.items[1].probe, 200, now + 1);
        hear_nothing(&scene);
        ask(&scene, now + 3 * SECOND, k == 0 ? &grown : &alone);
    }
    unsigned at = 0, came = 0;
    for (unsigned i = 0; i < grown.num; i++) {
        if (at < alone.num && grown.items[i].server == alone.items[at].server) {
            ck_assert_uint_eq(grown.items[i].at, alone.items[at].at);
            ck_assert_str_eq(grown.items[i].url, alone.items[at].url);
            at++;
        } else {
            came++; /* one of the new ones */
        }
    }
    ck_assert_uint_eq(at, alone.num);
    ck_assert_uint_le(came, 3);
    svcroute_balancer_free(twin);
    scene.balancer = own;
    /* each of the new ones within one interval */
    bool asked[3] = {false};
    for (uint64_t due; (due = svcroute_balancer_next_deadline(own)) <= now + 10 * SECOND;) {
        struct svcroute_event event;
        svcroute_balancer_advance(own, due);
        while ((event = next(&scene)).kind != 0) {
            unsigned last = 0;
            if (event.kind == SVCROUTE_EVENT_PROBE &&
                sscanf(event.authority.data, "10.1.0.%u:", &last) == 1 && last > 3) {
                asked[last - 4] = true;
            }
        }
    }
    for (unsigned i = 0; i < grown.num; i++) {
        unsigned last = 0;
        if (sscanf(grown.items[i].url, "http://10.1.0.%u:", &last) == 1 && last > 3) {
            asked[last - 4] = true;
        }
    }
    ck_assert(asked[0] && asked[1] && asked[2]);
    scene_close(&scene);
}
END_TEST

START_TEST(an_endpoint_that_goes_while_it_is_probed)
{
    struct script script = {0};
    struct scene scene;
    struct seen seen = {0};
    say_service(&script, "a", 1, 1, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    uint64_t now = svcroute_balancer_next_deadline(scene.balancer);
    ask(&scene, now + 1, &seen);
    ck_assert_uint_eq(seen.num, 1);
    say_service(&script, "a", 2, 1, 0); /* another one instead */
    scene_load(&scene, &script);
    scene_update(&scene, now);
    struct svcroute_event event = next(&scene);
    ck_assert_uint_eq(event.kind, SVCROUTE_EVENT_PROBE_CANCELLED);
    ck_assert_uint_eq(event.probe, seen.items[0].probe);
    hear(&scene, SVCROUTE_EVENT_SERVER_GONE, "http://10.1.0.1:80");
    hear_nothing(&scene);
    ck_assert_int_eq(svcroute_balancer_report_probe(scene.balancer, seen.items[0].probe,
                                                    SVCROUTE_PROBE_STATUS, 500, now),
                     SVCROUTE_ERR_NOT_FOUND);
    ck_assert_str_eq(pick_once(&scene, handle_of(&scene, "default-a-80"), NULL, now), "10.2.0.1");
    /* The permission is taken away: nothing is left to be probed. */
    uint64_t due = svcroute_balancer_next_deadline(scene.balancer);
    ck_assert_uint_le(due, now + 10 * SECOND);
    ask(&scene, due + 1, &seen);
    ck_assert_uint_eq(seen.num, 1);
    scene.policy = "";
    scene_update(&scene, due);
    hear(&scene, SVCROUTE_EVENT_PROBE_CANCELLED, "http://10.2.0.1:80");
    hear(&scene, SVCROUTE_EVENT_SERVER_GONE, "http://10.2.0.1:80");
    hear_nothing(&scene);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), UINT64_MAX);
    scene_close(&scene);
}
END_TEST

/* The driver's own calls make events and another deadline without asking to be advanced. */
START_TEST(reports_make_events_at_once)
{
    struct script script = {0};
    struct scene scene;
    struct seen seen;
    say_service(&script, "a", 1, 1, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    uint64_t handle = handle_of(&scene, "default-a-80");
    uint64_t now = svcroute_balancer_next_deadline(scene.balancer);
    ask(&scene, now + 1, &seen);
    ck_assert_uint_eq(seen.num, 1);
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), now + 3 * SECOND);
    answer(&scene, seen.items[0].probe, 500, now + SECOND);
    ck_assert(!svcroute_balancer_needs_advance(scene.balancer));
    ck_assert_uint_eq(svcroute_balancer_next_deadline(scene.balancer), now + 5 * SECOND);
    ck_assert_str_eq(pick_once(&scene, handle, NULL, now + SECOND), "-");
    hear(&scene, SVCROUTE_EVENT_SERVER_DOWN, "http://10.1.0.1:80");
    hear(&scene, SVCROUTE_EVENT_SERVICE_DOWN, NULL); /* and the one above it */
    hear(&scene, SVCROUTE_EVENT_SERVICE_DOWN, NULL);
    hear_nothing(&scene);
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, seen.items[0].server,
                                                 SVCROUTE_ADMIN_UP, now + SECOND),
                     0);
    ck_assert(!svcroute_balancer_needs_advance(scene.balancer));
    ck_assert_str_eq(pick_once(&scene, handle, NULL, now + SECOND), "10.1.0.1");
    hear(&scene, SVCROUTE_EVENT_SERVER_UP, "http://10.1.0.1:80");
    hear(&scene, SVCROUTE_EVENT_SERVICE_UP, NULL);
    hear(&scene, SVCROUTE_EVENT_SERVICE_UP, NULL);
    hear_nothing(&scene);
    scene_close(&scene);
}
END_TEST

/* ---- statistics ---- */

static struct svcroute_balancer_stats stats_of(struct scene *scene)
{
    struct svcroute_balancer_stats stats = {.size = sizeof(stats), .flags = 9};
    ck_assert_int_eq(svcroute_balancer_get_stats(scene->balancer, &stats), 0);
    ck_assert_uint_eq(stats.size, sizeof(stats));
    ck_assert_uint_eq(stats.flags, 0);
    return stats;
}

#define STEPS(scene, number) ck_assert_uint_eq(stats_of(scene).clock_steps_back, number)

/* Each object's own last time counts: of the balancer, of a picker, of a pick. */
START_TEST(steps_back_are_counted)
{
    struct script script = {0};
    struct scene scene;
    struct seen seen;
    struct svcroute_pick *pick = NULL;
    struct svcroute_outcome fine = {
        .size = sizeof(fine), .kind = SVCROUTE_OUTCOME_STATUS, .status = 200};
    say_service(&script, "a", 1, 2, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    uint64_t handle = handle_of(&scene, "default-a-80");
    ck_assert_int_eq(svcroute_pick_new(&pick, scene.world.context), 0);
    uint64_t now = svcroute_balancer_next_deadline(scene.balancer);
    ask(&scene, now + 1, &seen);
    STEPS(&scene, 0);
    svcroute_balancer_advance(scene.balancer, now); /* the same time is no step */
    STEPS(&scene, 0);
    answer(&scene, seen.items[0].probe, 500, now - 1); /* works as `now` */
    STEPS(&scene, 1);
    ck_assert_uint_le(svcroute_balancer_next_deadline(scene.balancer), now + 4 * SECOND);
    ck_assert_uint_ge(svcroute_balancer_next_deadline(scene.balancer), now);
    svcroute_balancer_advance(scene.balancer, 0);
    STEPS(&scene, 2);
    hear(&scene, SVCROUTE_EVENT_SERVER_DOWN, NULL);
    hear_nothing(&scene);
    ck_assert_int_eq(svcroute_balancer_set_admin(scene.balancer, seen.items[0].server,
                                                 SVCROUTE_ADMIN_DOWN, now - 1),
                     0);
    STEPS(&scene, 3);
    struct svcroute_server_stats server = {.size = sizeof(server)};
    ck_assert_int_eq(
        svcroute_balancer_get_server_stats(scene.balancer, seen.items[0].server, &server), 0);
    ck_assert_uint_eq(server.since, now);
    /* A picker is at 0 still: what is past for the balancer is none for it. */
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 500), 0);
    STEPS(&scene, 3);
    ck_assert_int_eq(svcroute_pick_report(pick, &fine, 499), 0);
    STEPS(&scene, 4);
    ck_assert_int_eq(svcroute_pick_finish(pick, NULL, 500), 0);
    STEPS(&scene, 4);
    svcroute_pick_clear(pick);
    ck_assert_int_eq(svcroute_picker_pick(scene.picker, handle, NULL, pick, 100), 0);
    STEPS(&scene, 5);
    ck_assert_int_eq(svcroute_pick_finish(pick, &fine, 100), 0); /* it began at 500 */
    STEPS(&scene, 6);
    ck_assert_int_eq(svcroute_picker_pick_next(scene.picker, NULL, pick, 600),
                     SVCROUTE_ERR_ALL_TRIED);
    svcroute_pick_clear(pick);
    STEPS(&scene, 6);
    ck_assert_int_eq(svcroute_picker_refresh(scene.picker, 599), 0);
    STEPS(&scene, 7);
    ck_assert_int_eq(svcroute_balancer_update(scene.balancer, scene.table, now - 1), 0);
    STEPS(&scene, 8);
    svcroute_pick_free(pick);
    scene_close(&scene);
}
END_TEST

START_TEST(statistics_of_a_balancer)
{
    struct script script = {0};
    struct scene scene;
    struct svcroute_picker *second = NULL;
    say_service(&script, "a", 1, 5, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    struct svcroute_balancer_stats stats = stats_of(&scene);
    ck_assert_uint_eq(stats.num_servers, 5);
    ck_assert_uint_eq(stats.num_gone, 0);
    ck_assert_uint_eq(stats.num_slots, 5);
    ck_assert_uint_eq(stats.num_pickers, 1);
    ck_assert_int_eq(svcroute_picker_new(&second, scene.balancer, 0), 0);
    ck_assert_uint_eq(stats_of(&scene).num_pickers, 2);
    svcroute_picker_free(second);
    ck_assert_uint_eq(stats_of(&scene).num_pickers, 1);
    say_service(&script, "a", 2, 3, 0);
    scene_load(&scene, &script);
    scene_update(&scene, 1);
    stats = stats_of(&scene);
    ck_assert_uint_eq(stats.num_servers, 3);
    ck_assert_uint_eq(stats.num_gone, 5);
    ck_assert_uint_eq(stats.num_slots, 8);
    hear(&scene, SVCROUTE_EVENT_SERVER_GONE, NULL);
    ck_assert_uint_eq(stats_of(&scene).num_gone, 4);
    stats.size = 4;
    ck_assert_int_eq(svcroute_balancer_get_stats(scene.balancer, &stats), SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_balancer_get_stats(scene.balancer, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_balancer_get_stats(NULL, &stats), SVCROUTE_ERR_INVALID);
    scene_close(&scene);
}
END_TEST

enum { TURNS = 40, WIDE = 50, KEPT = 512 };

/* The endpoints of Service "a" are WIDE from here on. */
static void say_wide(struct script *script, unsigned from)
{
    say(script, "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a-1, "
                "namespace: default, labels: {kubernetes.io/service-name: a}}\n"
                "addressType: IPv4\nports: [{name: web, port: 80}]\nendpoints:\n");
    for (unsigned i = from; i < from + WIDE; i++) {
        say(script, "- {addresses: [10.1.%u.%u]}\n", (i + 1) / 256, (i + 1) % 256);
    }
}

/* Servers of a service are replaced TURNS times, `at_once` of WIDE, and nobody takes an event: what
 * waits is one SERVER_GONE for each, with a list of WIDE servers for each turn, and no other event
 * more than once. Then they are taken, and the memory is there again. */
static void take_no_events(unsigned at_once)
{
    struct script script = {0};
    struct scene scene;
    unsigned kinds_heard[8] = {0};
    struct svcroute_event event;
    say_service(&script, "a", 1, 1, 0);
    say_wide(&script, 0);
    say_checked(&script, "a", "");
    scene_open(&scene, &script, "checks", 0);
    int64_t first = scene.world.memory.bytes;
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        say_wide(&script, turn * at_once);
        scene_load(&scene, &script);
        scene_update(&scene, turn * 20 * SECOND);
        svcroute_balancer_advance(scene.balancer, turn * 20 * SECOND + 15 * SECOND);
        ck_assert_uint_eq(stats_of(&scene).num_gone, turn * at_once);
        ck_assert_uint_eq(stats_of(&scene).num_servers, WIDE);
        ck_assert_int_le(scene.world.memory.bytes - first, (int64_t)turn * WIDE * KEPT);
    }
    while ((event = next(&scene)).kind != 0) {
        ck_assert_uint_lt(event.kind, 8);
        kinds_heard[event.kind]++;
    }
    ck_assert_uint_eq(kinds_heard[SVCROUTE_EVENT_SERVER_GONE], TURNS * at_once);
    ck_assert_uint_le(kinds_heard[SVCROUTE_EVENT_PROBE], WIDE);
    ck_assert_uint_le(kinds_heard[SVCROUTE_EVENT_SERVER_DOWN], WIDE);
    ck_assert_uint_le(kinds_heard[SVCROUTE_EVENT_PROBE_CANCELLED], TURNS * at_once);
    ck_assert_uint_eq(stats_of(&scene).num_gone, 0);
    ck_assert_uint_eq(stats_of(&scene).num_slots, TURNS * at_once + WIDE);
    /* slots stay, and the list that the last event lends; all else is given back */
    ck_assert_int_le(scene.world.memory.bytes - first, TURNS * at_once * 64 + WIDE * KEPT);
    scene_close(&scene);
}

START_TEST(a_host_that_takes_no_events)
{
    take_no_events(WIDE);
    take_no_events(1);
}
END_TEST

Suite *suite_health_checks(void);
Suite *suite_health_checks(void)
{
    Suite *suite = suite_create("health_checks");
    TCase *all = tcase_create("all");
    tcase_add_test(all, every_server_of_every_kind_is_probed);
    tcase_add_test(all, terminating_servers_are_probed_too);
    tcase_add_test(all, endpoints_that_come_leave_the_others_alone);
    tcase_add_test(all, an_endpoint_that_goes_while_it_is_probed);
    tcase_add_test(all, reports_make_events_at_once);
    tcase_add_test(all, steps_back_are_counted);
    tcase_add_test(all, statistics_of_a_balancer);
    tcase_add_test(all, a_host_that_takes_no_events);
    suite_add_tcase(suite, all);
    return suite;
}
