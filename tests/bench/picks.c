/* Picks: what one costs, with how many servers, under which strategy, on one thread and on two; and
 * what balancer and pickers keep. Times are pick + finish + clear from the handle of a route. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* For the sizes of structures alone. */
#include "balance/pick.h"

#define TRIES_MAX 10 /* runs of two threads */
#define KEYS 1024    /* client addresses */
#define SLICE 100    /* endpoints, as the API server cuts them */
#define STEP 10000   /* ns between picks */
#define BATCH 1000   /* picks between two looks at the clock */

enum shape { SHAPE_SERVERS, SHAPE_CHILDREN };

struct setting {
    const char *name;
    const char *strategy; /* of the load balancer; NULL: the default */
    enum shape shape;
    uint32_t profile;
    bool keys;   /* client addresses come along */
    bool cookie; /* a valid cookie comes along, that of another server each time */
    const char *figures[3];
};

/* ---- documents ---- */

static void put_head(struct writer *writer, const char *version, const char *kind)
{
    put_document(writer);
    put_text(writer, "apiVersion", "%s", version);
    put_text(writer, "kind", "%s", kind);
}

static void write_one_service(struct writer *writer, const char *name)
{
    put_head(writer, "v1", "Service");
    put_map(writer, "metadata");
    put_text(writer, "name", "%s", name);
    put_close(writer);
    put_map(writer, "spec");
    put_list(writer, "ports");
    put_map(writer, NULL);
    put_number(writer, "port", 80);
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_document_end(writer);
}

static void write_endpoints(struct writer *writer, const char *service, unsigned first,
                            unsigned num)
{
    put_head(writer, "discovery.k8s.io/v1", "EndpointSlice");
    put_map(writer, "metadata");
    put_text(writer, "name", "%s-%u", service, first);
    put_map(writer, "labels");
    put_text(writer, "kubernetes.io/service-name", "%s", service);
    put_close(writer);
    put_close(writer);
    put_text(writer, "addressType", "IPv4");
    put_list(writer, "ports");
    put_map(writer, NULL);
    put_text(writer, "name", "%s", "");
    put_number(writer, "port", 8080);
    put_close(writer);
    put_close(writer);
    put_list(writer, "endpoints");
    for (unsigned i = first; i < first + num; i++) {
        put_map(writer, NULL);
        put_list(writer, "addresses");
        put_text(writer, NULL, "10.%u.%u.%u", 1 + i / 62500, i / 250 % 250, i % 250 + 1);
        put_close(writer);
        put_close(writer);
    }
    put_close(writer);
    put_document_end(writer);
}

static void write_children(struct writer *writer, unsigned num)
{
    put_head(writer, "traefik.io/v1alpha1", "TraefikService");
    put_map(writer, "metadata");
    put_text(writer, "name", "split");
    put_close(writer);
    put_map(writer, "spec");
    put_map(writer, "weighted");
    put_list(writer, "services");
    for (unsigned i = 0; i < num; i++) {
        put_map(writer, NULL);
        put_text(writer, "name", "child-%u", i);
        put_number(writer, "port", 80);
        put_number(writer, "weight", 1 + i % 10);
        put_close(writer);
    }
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_document_end(writer);
}

static void write_one_route(struct writer *writer, const struct setting *setting)
{
    put_head(writer, "traefik.io/v1alpha1", "IngressRoute");
    put_map(writer, "metadata");
    put_text(writer, "name", "web");
    put_close(writer);
    put_map(writer, "spec");
    put_list(writer, "routes");
    put_map(writer, NULL);
    put_text(writer, "kind", "Rule");
    put_text(writer, "match", "PathPrefix(`/`)");
    put_list(writer, "services");
    put_map(writer, NULL);
    if (setting->shape == SHAPE_CHILDREN) {
        put_text(writer, "kind", "TraefikService");
        put_text(writer, "name", "split");
    } else {
        put_text(writer, "name", "web");
        put_number(writer, "port", 80);
    }
    if (setting->strategy != NULL) {
        put_text(writer, "strategy", "%s", setting->strategy);
    }
    if (setting->cookie) {
        put_map(writer, "sticky");
        put_map(writer, "cookie");
        put_text(writer, "name", "lb");
        put_close(writer);
        put_close(writer);
    }
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_document_end(writer);
}

/* Gives the number of objects. */
static unsigned write_setting(struct writer *writer, const struct setting *setting, unsigned num)
{
    char name[32];
    write_one_route(writer, setting);
    if (setting->shape == SHAPE_CHILDREN) {
        for (unsigned i = 0; i < num; i++) {
            snprintf(name, sizeof(name), "child-%u", i);
            write_one_service(writer, name);
            write_endpoints(writer, name, i, 1);
        }
        write_children(writer, num);
        return 2 + 2 * num;
    }
    write_one_service(writer, "web");
    for (unsigned i = 0; i < num; i += SLICE) {
        write_endpoints(writer, "web", i, num - i < SLICE ? num - i : SLICE);
    }
    return 2 + (num + SLICE - 1) / SLICE;
}

/* ---- a scene: one route, and all that stands behind it ---- */

struct scene {
    struct world world;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *pickers[2];
    uint64_t handle;
    size_t for_balancer, for_picker; /* bytes of the heap */
    size_t num_texts;                /* what requests come with: keys or cookies, in no order */
    struct svcroute_text *texts;
};

static uint64_t only_route(struct svcroute_table *table, const struct svcroute_picker *picker)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    struct svcroute_listing *listing;
    uint64_t handle = 0;
    must(svcroute_listing_new(&listing, table, SVCROUTE_LISTING_ROUTES) == 0, "listing");
    must(svcroute_route_get_info(table, svcroute_listing_get_route(listing, 0), &info) == 0,
         "route");
    must(svcroute_picker_find_route(picker, info.name, &handle) == 0, "handle");
    svcroute_listing_free(listing);
    return handle;
}

static void scene_open(struct scene *scene, const struct setting *setting, unsigned num)
{
    struct writer text;
    writer_init(&text, FORM_LINES);
    *scene = (struct scene){.handle = 0};
    world_open(&scene->world, true);
    must(svcroute_policy_set_profile(scene->world.policy, setting->profile) == 0, "profile");
    world_load(&scene->world, &text, write_setting(&text, setting, num));
    writer_free(&text);
    struct svcroute_table *table;
    must(svcroute_resolve(&table, scene->world.store, scene->world.policy, NULL, NULL) == 0,
         "resolve");
    size_t before = scene->world.heap.spent;
    must(svcroute_balancer_new(&scene->balancer, table, NULL, 0) == 0, "balancer");
    scene->for_balancer = scene->world.heap.spent - before;
    for (int i = 0; i < 2; i++) {
        before = scene->world.heap.spent;
        must(svcroute_picker_new(&scene->pickers[i], scene->balancer, 0) == 0, "picker");
        scene->for_picker = scene->world.heap.spent - before;
    }
    scene->handle = only_route(table, scene->pickers[0]);
    svcroute_table_unref(table);
}

static void scene_close(struct scene *scene)
{
    for (size_t i = 0; i < scene->num_texts; i++) {
        free((char *)(uintptr_t)scene->texts[i].data);
    }
    free(scene->texts);
    svcroute_picker_free(scene->pickers[0]);
    svcroute_picker_free(scene->pickers[1]);
    svcroute_balancer_free(scene->balancer);
    world_close(&scene->world);
}

static void texts_reserve(struct scene *scene, size_t num)
{
    scene->texts = calloc(num, sizeof(*scene->texts));
    must(scene->texts != NULL, "memory");
    scene->num_texts = num;
}

static void text_copy(struct svcroute_text *out, const char *text, size_t size)
{
    char *copy = malloc(size);
    must(copy != NULL, "memory");
    memcpy(copy, text, size);
    *out = (struct svcroute_text){copy, size};
}

static void make_keys(struct scene *scene)
{
    char text[32];
    texts_reserve(scene, KEYS);
    for (unsigned i = 0; i < KEYS; i++) {
        int size = snprintf(text, sizeof(text), "203.%u.%u.%u:%u", i % 7, i / 250, i % 250 + 1,
                            40000 + i * 17 % 20000);
        text_copy(&scene->texts[i], text, (size_t)size);
    }
}

/* The cookie of each server, as a browser sends it among others. */
static void make_cookies(struct scene *scene, unsigned num)
{
    static const char other[] = "theme=dark; session=d41d8cd98f00b204e9800998ecf8427e; ";
    struct svcroute_pick *pick;
    texts_reserve(scene, num);
    must(svcroute_pick_new(&pick, scene->world.context) == 0, "pick");
    for (unsigned i = 0; i < num; i++) {
        char line[256];
        size_t size = sizeof(line) - sizeof(other);
        memcpy(line, other, sizeof(other) - 1);
        must(svcroute_picker_pick(scene->pickers[0], scene->handle, NULL, pick, 0) == 0 &&
                 svcroute_pick_copy_cookie(pick, 0, line + sizeof(other) - 1, &size) == 0,
             "cookie");
        size_t value = 0; /* without its attributes */
        while (value < size && line[sizeof(other) - 1 + value] != ';') {
            value++;
        }
        /* 7919 is prime and divides no size. */
        text_copy(&scene->texts[i * 7919ul % num], line, sizeof(other) - 1 + value);
        svcroute_pick_clear(pick);
    }
    svcroute_pick_free(pick);
}

/* ---- picking ---- */

struct worker {
    const struct scene *scene;
    const struct setting *setting;
    unsigned number;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick;
    pthread_barrier_t *start; /* NULL: alone */
    atomic_int *done;         /* each goes on as long as another measures */
    double budget;            /* seconds */
    double seconds;           /* of one pick */
    bool alone;               /* no other program took a tenth of the processor away */
};

static double wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Each thread on a processor of its own, where there are two. */
static void settle(size_t processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static uint64_t pick_batch(const struct worker *worker, unsigned num, uint64_t now)
{
    const struct scene *scene = worker->scene;
    struct svcroute_pick *pick = worker->pick;
    struct svcroute_request request = {.size = sizeof(request)};
    struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                       .first_byte = 1000000,
                                       .kind = SVCROUTE_OUTCOME_STATUS,
                                       .status = 200};
    size_t at = now / STEP % (scene->num_texts != 0 ? scene->num_texts : 1);
    for (unsigned i = 0; i < num; i++, now += STEP) {
        if (worker->setting->keys) {
            request.client = scene->texts[at];
        } else if (worker->setting->cookie) {
            request.cookies = &scene->texts[at];
            request.num_cookies = 1;
        }
        at = at + 1 < scene->num_texts ? at + 1 : 0;
        if (svcroute_picker_pick(worker->picker, scene->handle, &request, pick, now) != 0) {
            must(false, "pick");
        }
        svcroute_pick_finish(pick, &outcome, now);
        svcroute_pick_clear(pick);
    }
    return now;
}

/* The time of each worker's last pick: a clock that goes back is counted, which costs time.
 * Requests of two threads are not the same ones. */
static uint64_t latest[2] = {0, KEYS / 3 * (uint64_t)STEP};

static void *work(void *given)
{
    struct worker *worker = given;
    unsigned long picks = 0;
    uint64_t now = pick_batch(worker, BATCH, latest[worker->number]);
    if (worker->start != NULL) {
        settle(worker->number);
        pthread_barrier_wait(worker->start);
    }
    double wall = wall_now();
    double begin = measure_now();
    double end = begin;
    while (end - begin < worker->budget) {
        now = pick_batch(worker, BATCH, now);
        picks += BATCH;
        end = measure_now();
    }
    worker->seconds = (end - begin) / (double)picks;
    worker->alone = end - begin > 0.9 * (wall_now() - wall);
    if (worker->start != NULL) {
        atomic_fetch_add(worker->done, 1);
        while (atomic_load(worker->done) != 2) {
            now = pick_batch(worker, BATCH, now);
        }
    }
    latest[worker->number] = now;
    return NULL;
}

static struct worker worker_make(const struct scene *scene, const struct setting *setting,
                                 unsigned i, double budget)
{
    struct worker worker = {.scene = scene,
                            .setting = setting,
                            .number = i,
                            .picker = scene->pickers[i],
                            .budget = budget};
    must(svcroute_pick_new(&worker.pick, scene->world.context) == 0, "pick");
    return worker;
}

/* Seconds of one pick, nobody else picking. */
static double time_alone(const struct scene *scene, const struct setting *setting, double budget)
{
    double seconds[RUNS];
    struct worker worker = worker_make(scene, setting, 0, budget);
    for (int i = 0; i < RUNS; i++) {
        work(&worker);
        seconds[i] = worker.seconds;
    }
    svcroute_pick_free(worker.pick);
    return measure_median(seconds);
}

/* The same while another thread picks as fast as it can: the mean of both. Runs that another
 * program disturbed say nothing of that and are made again, up to a limit. */
static double time_together(const struct scene *scene, const struct setting *setting, double budget)
{
    double seconds[RUNS];
    struct worker workers[2] = {worker_make(scene, setting, 0, budget),
                                worker_make(scene, setting, 1, budget)};
    pthread_barrier_t start;
    cpu_set_t before;
    must(pthread_barrier_init(&start, NULL, 2) == 0, "barrier");
    must(pthread_getaffinity_np(pthread_self(), sizeof(before), &before) == 0, "processors");
    for (int i = 0, tries = 0; i < RUNS; tries++) {
        atomic_int done = 0;
        pthread_t other;
        workers[0].start = workers[1].start = &start;
        workers[0].done = workers[1].done = &done;
        must(pthread_create(&other, NULL, work, &workers[1]) == 0, "thread");
        work(&workers[0]);
        must(pthread_join(other, NULL) == 0, "thread");
        seconds[i] = (workers[0].seconds + workers[1].seconds) / 2;
        i += (workers[0].alone && workers[1].alone) || tries >= TRIES_MAX;
    }
    pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
    pthread_barrier_destroy(&start);
    svcroute_pick_free(workers[0].pick);
    svcroute_pick_free(workers[1].pick);
    return measure_median(seconds);
}

/* ---- rows ---- */

static const unsigned sizes[] = {10, 1000, 10000};

/* Traefik's names of strategies; figures of 10, 1,000 and 10,000 servers. */
static const struct setting settings[] = {
    {.name = "wrr", .figures = {"< 25 ns", "< 25 ns", "< 40 ns"}},
    {.name = "weighted children", .shape = SHAPE_CHILDREN, .figures = {"< 40 ns", "< 80 ns", ""}},
    {.name = "p2c", .strategy = "p2c", .figures = {"< 40 ns", "< 40 ns", "< 80 ns"}},
    {.name = "hrw", .strategy = "hrw", .keys = true, .figures = {"", "< 3000 ns", ""}},
    {.name = "hrw, traefik-v3",
     .strategy = "hrw",
     .profile = SVCROUTE_PROFILE_TRAEFIK_V3,
     .keys = true,
     .figures = {"", "< 10000 ns", ""}},
    {.name = "leasttime", .strategy = "leasttime", .figures = {"", "< 3000 ns", ""}},
    {.name = "sticky cookie", .cookie = true, .figures = {"< 100 ns", "< 100 ns", "< 100 ns"}},
};

static void row_picks(const struct setting *setting, unsigned size, double budget)
{
    struct scene scene;
    char what[64];
    char texts[3][32];
    unsigned num = sizes[size];
    scene_open(&scene, setting, num);
    if (setting->keys) {
        make_keys(&scene);
    } else if (setting->cookie) {
        make_cookies(&scene, num);
    }
    double alone = time_alone(&scene, setting, budget);
    double together = time_together(&scene, setting, budget);
    snprintf(what, sizeof(what), "%s, %u", setting->name, num);
    print_row(what, text_of(texts[0], "%.1f ns", alone * 1e9),
              text_of(texts[1], "%.1f ns", together * 1e9),
              text_of(texts[2], "%.2f x", 2 * alone / together), setting->figures[size]);
    scene_close(&scene);
}

static void row_kept(const struct setting *setting, unsigned num)
{
    struct scene few;
    struct scene many;
    char what[64];
    char texts[2][32];
    scene_open(&few, setting, num / 10);
    scene_open(&many, setting, num);
    double more = num - num / 10;
    snprintf(what, sizeof(what), "%s, bytes per server and picker", setting->name);
    print_row(what,
              text_of(texts[0], "%.1f", (double)(many.for_balancer - few.for_balancer) / more),
              text_of(texts[1], "%.1f", (double)(many.for_picker - few.for_picker) / more), "", "");
    scene_close(&few);
    scene_close(&many);
}

static void row_size(const char *what, size_t size, const char *figure)
{
    char text[32];
    print_row(what, text_of(text, "%.0f", (double)size), "", "", figure);
}

void rows_pick(bool quick)
{
    double budget = quick ? 0.0005 : 0.05;
    printf("\n");
    print_row("pick + finish + clear", "one thread", "two threads", "throughput", "figure");
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        for (unsigned size = 0; size < (quick ? 2 : 3); size++) {
            row_picks(&settings[i], size, budget);
        }
    }
    printf("\n");
    print_row("heap for each server", "balancer", "a picker", "", "");
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        row_kept(&settings[i], quick ? 100 : 10000);
    }
    printf("\n");
    print_row("sizes of structures", "bytes", "", "", "");
    row_size("server, shared", sizeof(struct svcr_peer), "<= 128");
    row_size("server in its service's layout", sizeof(struct svcr_member) + sizeof(void *), "");
    row_size("service", sizeof(struct svcr_pool), "");
    row_size("layout of a service", sizeof(struct svcr_layout), "");
    row_size("picker", sizeof(struct svcroute_picker), "");
    row_size("picker, for each service", sizeof(struct svcr_seat), "");
    row_size("epoch", sizeof(struct svcr_epoch), "");
    row_size("pick", sizeof(struct svcroute_pick), "");
}
