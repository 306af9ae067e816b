/* Measuring growth. */
#include "growth.h"

#include <time.h>

/* Linear is 4; n log n is a little more; a cache that overflows costs a factor of its own;
 * quadratic is 16. */
#define GROWS_MAX 6
#define GROWS_TIME_MAX 8.0
#define TRIES 15
#define LONG 1.0 /* seconds; more of the same would only take longer to fail */

struct cost {
    uint64_t calls, bytes, peak;
    double seconds;
};

size_t sized(size_t n)
{
    return getenv("SVCROUTE_TEST_SLOW") != NULL && n > 160 ? n / 16 : n;
}

/* Runs the work once; keeps the better time. */
static void run(const char *name, const struct work *work, size_t n, const void *user,
                struct cost *cost)
{
    struct counting counting;
    struct svcroute_context_options options;
    svcroute_context_options_init(&options, sizeof(options));
    struct svcroute_context *context = counting_context(&counting, &options);
    void *state = work->begin(context, n, user);
    counting_restart(&counting);
    uint64_t before = counting.live_bytes;
    clock_t start = clock();
    work->act(state);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (cost->seconds < 0 || seconds < cost->seconds) {
        cost->seconds = seconds;
    }
    cost->calls = counting.calls;
    cost->bytes = counting.bytes;
    cost->peak = counting.peak - before;
    work->end(state);
    svcroute_context_unref(context);
    check(counting.live == 0 && !counting.wrong, name, "memory does not come back as it was given");
}

/* Measures until the time at 4n is near enough; gives the factor. */
static double grow(const char *name, const struct work *work, size_t n, const void *user,
                   struct cost *small, struct cost *large)
{
    double factor = 0;
    for (int i = 0; i < (getenv("SVCROUTE_TEST_SLOW") != NULL ? 1 : TRIES); i++) {
        run(name, work, n, user, small);
        run(name, work, 4 * n, user, large);
        /* What is too quick to be measured is quick enough. */
        factor = large->seconds / (small->seconds > 0.001 ? small->seconds : 0.001);
        if (factor <= GROWS_TIME_MAX || large->seconds > LONG) {
            break;
        }
    }
    return factor;
}

void check_growth(const char *name, const struct work *work, size_t n, const void *user)
{
    struct cost small = {.seconds = -1}, large = {.seconds = -1};
    bool slow = getenv("SVCROUTE_TEST_SLOW") != NULL;
    double factor = grow(name, work, n, user, &small, &large);
    if (factor > GROWS_TIME_MAX && large.seconds <= LONG && !slow) {
        /* The larger one may be the first that a cache cannot hold; then the next step is smaller
         * again. */
        struct cost first = {.seconds = -1}, second = {.seconds = -1};
        double next = grow(name, work, 4 * n, user, &first, &second);
        factor = next < factor ? next : factor;
    }
    check(large.calls <= GROWS_MAX * small.calls + 64, name, "%llu allocations at n, %llu at 4n",
          (unsigned long long)small.calls, (unsigned long long)large.calls);
    check(large.bytes <= GROWS_MAX * small.bytes + 65536, name,
          "%llu bytes allocated at n, %llu at 4n", (unsigned long long)small.bytes,
          (unsigned long long)large.bytes);
    check(large.peak <= GROWS_MAX * small.peak + 65536, name, "%llu bytes held at n, %llu at 4n",
          (unsigned long long)small.peak, (unsigned long long)large.peak);
    check(slow || factor <= GROWS_TIME_MAX, name, "%.1f times the time (%.1f ms to %.1f ms)",
          factor, 1000 * small.seconds, 1000 * large.seconds);
    if (getenv("HOSTILE_VERBOSE") != NULL) {
        check(false, name,
              "n %zu: %.2f ms, %llu calls, %llu bytes; 4n: %.2f ms (x%.1f), %llu, %llu", n,
              1000 * small.seconds, (unsigned long long)small.calls,
              (unsigned long long)small.bytes, 1000 * large.seconds, factor,
              (unsigned long long)large.calls, (unsigned long long)large.bytes);
    }
}

void check_constant(const char *name, const struct work *work, size_t n, const void *user)
{
    struct cost small = {.seconds = -1}, large = {.seconds = -1};
    run(name, work, n, user, &small);
    run(name, work, 4 * n, user, &large);
    check(large.calls <= small.calls + small.calls / 2 + 32, name,
          "%llu allocations for one change at n, %llu at 4n", (unsigned long long)small.calls,
          (unsigned long long)large.calls);
    check(large.bytes <= 2 * small.bytes + 16384, name,
          "%llu bytes allocated for one change at n, %llu at 4n", (unsigned long long)small.bytes,
          (unsigned long long)large.bytes);
}
