/* A million picks, finishes and clears for each strategy and type, and a million requests that look
 * for their route, that allocate nothing and make no system call.
 *
 * malloc() and its like are interposed and counted, and so is the context's allocator; then the
 * same picks run in a child process to which the kernel forbids every call but exit and write
 * (seccomp, strict mode: prctl(2)): any other ends it by a signal. Prints `N passed, N failed`. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include <svcroute/svcroute.h>

#include "quiet.h"

enum { PICKS = 1000000 };

/* ---- counting allocations ------------------------------------------------------------------ */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t num, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static unsigned long allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t num, size_t size)
{
    allocations++;
    return __libc_calloc(num, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

/* ---- the documents ------------------------------------------------------------------------- */

static const char documents[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: p, port: "
    "80}]}\n---\n"
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
    "metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}\naddressType: IPv4\n"
    "ports: [{name: p, port: 8080}]\n"
    "endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3]},\n"
    "  {addresses: [10.0.0.4], conditions: {terminating: true}}]\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {ports: [{name: p, port: "
    "80}]}\n---\n"
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
    "metadata: {name: b-1, labels: {kubernetes.io/service-name: b}}\naddressType: IPv4\n"
    "ports: [{name: p, port: 8080}]\nendpoints: [{addresses: [10.0.1.1]}, {addresses: "
    "[10.0.1.2]}]\n---\n"
    "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: kinds}\nspec:\n"
    "  weighted: {services: [{name: a, port: 80, strategy: wrr}, {name: b, port: p, strategy: "
    "p2c}]}\n"
    "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: times}\nspec:\n"
    "  weighted: {services: [{name: a, port: p, strategy: leasttime, weight: 3,\n"
    "    passiveHealthCheck: {maxFailedAttempts: 3}}]}\n"
    "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: high}\nspec:\n"
    "  highestRandomWeight: {services: [{name: kinds, kind: TraefikService},\n"
    "    {name: times, kind: TraefikService, weight: 2}]}\n"
    "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: mirror}\nspec:\n"
    "  mirroring: {name: high, kind: TraefikService, mirrors: [{name: b, port: 80, percent: 30}]}\n"
    "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: fail}\nspec:\n"
    "  failover: {service: {name: mirror, kind: TraefikService}, errors: {status: ['500-599']},\n"
    "    fallback: {name: b, port: 80, sticky: {cookie: {name: c}}}}\n";

static const char *const names[] = {"default-kinds", "default-times", "default-high",
                                    "default-mirror", "default-fail"};

void must(int error, const char *what)
{
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", what, svcroute_error_text(error));
        exit(2);
    }
}

static void scene_open(struct scene *scene, uint32_t profile, const char *text, size_t size)
{
    must(svcroute_context_new(&scene->context, NULL, NULL, NULL), "context");
    must(svcroute_store_new(&scene->store, scene->context), "store");
    must(svcroute_store_load(scene->store, documents, sizeof(documents) - 1, NULL, NULL, NULL),
         "load");
    must(svcroute_store_load(scene->store, text, size, NULL, NULL, NULL), "load");
    must(svcroute_policy_new(&scene->policy, scene->context), "policy");
    must(svcroute_policy_set_profile(scene->policy, profile), "profile");
    must(svcroute_resolve(&scene->table, scene->store, scene->policy, NULL, NULL), "resolve");
    must(svcroute_balancer_new(&scene->balancer, scene->table, NULL, 0), "balancer");
    must(svcroute_picker_new(&scene->picker, scene->balancer, 0), "picker");
    must(svcroute_pick_new(&scene->pick, scene->context), "pick");
}

static void scene_close(struct scene *scene)
{
    svcroute_pick_free(scene->pick);
    svcroute_picker_free(scene->picker);
    svcroute_balancer_free(scene->balancer);
    svcroute_table_unref(scene->table);
    svcroute_policy_free(scene->policy);
    svcroute_store_free(scene->store);
    svcroute_context_unref(scene->context);
}

/* ---- picking ------------------------------------------------------------------------------- */

/* A request from first to last, with a failure now and then; false if something went wrong. */
static bool request_run(struct scene *scene, unsigned number, uint64_t now)
{
    char client[] = "192.0.2.000";
    char cookie[64];
    size_t size = sizeof(cookie);
    struct svcroute_request request = {.size = sizeof(request),
                                       .client = {client, sizeof(client) - 1}};
    struct svcroute_outcome outcome = {.size = sizeof(outcome),
                                       .kind = SVCROUTE_OUTCOME_STATUS,
                                       .status = number % 50 == 7 ? 503 : 200,
                                       .first_byte = 1000000 + number % 7 * 100000};
    client[8] = (char)('0' + number % 10);
    client[9] = (char)('0' + number / 10 % 10);
    client[10] = (char)('0' + number / 100 % 10);
    if (svcroute_picker_pick(scene->picker, scene->handle, &request, scene->pick, now) != 0) {
        return false;
    }
    struct svcroute_pick_info info = {.size = sizeof(info)};
    bool good = svcroute_pick_get_info(scene->pick, &info) == 0;
    if (info.num_cookies != 0) {
        good = svcroute_pick_copy_cookie(scene->pick, 0, cookie, &size) == 0 && good;
    }
    good = svcroute_pick_report(scene->pick, &outcome, now + 500) == 0 && good;
    good = svcroute_pick_finish(scene->pick, NULL, now + 1000) == 0 && good;
    if (svcroute_pick_wants_fallback(scene->pick, outcome.status) &&
        svcroute_picker_pick_next(scene->picker, &request, scene->pick, now + 1000) == 0) {
        good = svcroute_pick_finish(scene->pick, NULL, now + 2000) == 0 && good;
    }
    svcroute_pick_clear(scene->pick);
    if (svcroute_balancer_needs_advance(scene->balancer)) {
        svcroute_balancer_advance(scene->balancer, now + 3000);
    }
    return good;
}

static bool requests_run(struct scene *scene)
{
    bool good = true;
    for (unsigned i = 0; i < PICKS && good; i++) {
        good = request_run(scene, i, (uint64_t)i * 1000000);
    }
    return good;
}

/* The same where the kernel allows no system call: gives true if the child ended by itself. */
static bool run_sealed(struct scene *scene, bool (*run)(struct scene *scene))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
            syscall(SYS_exit, 3);
        }
        syscall(SYS_exit, run(scene) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* Three checks: it goes well, without an allocation, without a system call. */
static unsigned passed, failed;

static void run_both(struct scene *scene, const char *name, bool (*run)(struct scene *scene))
{
    bool sealed = run_sealed(scene, run);
    unsigned long before = allocations;
    bool good = run(scene);
    unsigned long made = allocations - before;
    if (good && made == 0 && sealed) {
        passed += 3;
        return;
    }
    printf("FAIL %s: %s, %lu allocations, %s\n", name, good ? "good" : "not good", made,
           sealed ? "no system call" : "a system call, or not good");
    failed++;
}

int main(void)
{
    static const uint32_t profiles[] = {SVCROUTE_PROFILE_DEFAULT, SVCROUTE_PROFILE_TRAEFIK_V3};
    for (size_t i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
        struct scene scene = {0};
        struct svcroute_text name = {names[i / 2], strlen(names[i / 2])};
        scene_open(&scene, profiles[i % 2], "", 0);
        must(svcroute_picker_find_service(scene.picker, name, &scene.handle), name.data);
        run_both(&scene, name.data, requests_run);
        scene_close(&scene);
    }
    for (size_t i = 0; i < 2; i++) {
        struct scene scene = {0};
        struct svcroute_text routes = matches_documents();
        scene_open(&scene, profiles[i], routes.data, routes.size);
        matches_open(&scene);
        run_both(&scene, "matching", matches_run);
        scene_close(&scene);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
