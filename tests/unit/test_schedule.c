/* When servers are probed: moments worked out by hand from the rules at the top of schedule.h. */
#include <check.h>
#include <string.h>

#include "balance/schedule.h"

#include "failing_allocator.h"

#define S UINT64_C(1000000000)
enum { NOBODY = UINT32_MAX };

static struct svcr_schedule *make(struct svcroute_context *context,
                                  const struct svcr_schedule_options *options, uint32_t num,
                                  uint64_t now)
{
    struct svcr_schedule *schedule = NULL;

    ck_assert_int_eq(svcr_schedule_new(&schedule, context, options, num, now), SVCROUTE_OK);
    return schedule;
}

/* The next thing is this, at exactly that moment, not before. */
static void comes(struct svcr_schedule *schedule, uint64_t now, enum svcr_schedule_what what,
                  uint32_t server)
{
    enum svcr_schedule_what found;
    uint32_t who;

    ck_assert_uint_le(svcr_schedule_deadline(schedule), now);
    if (svcr_schedule_deadline(schedule) > 0) { /* 0: at once */
        ck_assert_uint_eq(svcr_schedule_deadline(schedule), now);
        ck_assert_int_eq(svcr_schedule_next(schedule, now - 1, &who), SVCR_SCHEDULE_NOTHING);
        ck_assert_uint_eq(who, NOBODY);
    }
    found = svcr_schedule_next(schedule, now, &who);
    ck_assert_msg(found == what && who == server, "%d of %u", (int)found, who);
}

static void rests(struct svcr_schedule *schedule, uint64_t now, uint64_t until)
{
    uint32_t who;

    ck_assert_int_eq(svcr_schedule_next(schedule, now, &who), SVCR_SCHEDULE_NOTHING);
    ck_assert_uint_eq(svcr_schedule_deadline(schedule), until);
}

static const struct svcr_schedule_options ten = {
    .interval = 10 * S, .unhealthy_interval = 3 * S, .timeout = 2 * S, .seed = 42};

START_TEST(intervals_run_from_results)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule *schedule = make(context, &ten, 1, 100 * S);
    uint64_t now = svcr_schedule_deadline(schedule);

    ck_assert(now >= 100 * S && now < 110 * S);
    comes(schedule, now, SVCR_SCHEDULE_PROBE, 0);
    ck_assert(svcr_schedule_is_probing(schedule, 0));
    rests(schedule, now, now + 3 * S); /* its timeout and one second */
    ck_assert(svcr_schedule_report(schedule, 0, true, now + S));
    ck_assert(!svcr_schedule_report(schedule, 0, false, now + S)); /* only once */
    ck_assert(svcr_schedule_is_up(schedule, 0) && !svcr_schedule_is_probing(schedule, 0));
    now += 11 * S;
    comes(schedule, now, SVCR_SCHEDULE_PROBE, 0);
    ck_assert(svcr_schedule_report(schedule, 0, false, now));
    ck_assert(!svcr_schedule_is_up(schedule, 0));
    now += 3 * S;
    comes(schedule, now, SVCR_SCHEDULE_PROBE, 0);
    comes(schedule, now + 3 * S, SVCR_SCHEDULE_TIMED_OUT, 0);
    ck_assert(!svcr_schedule_report(schedule, 0, true, now + 3 * S)); /* too late */
    now += 6 * S;
    comes(schedule, now, SVCR_SCHEDULE_PROBE, 0);
    ck_assert(svcr_schedule_report(schedule, 0, true, now + 5));
    ck_assert(svcr_schedule_is_up(schedule, 0));
    ck_assert_uint_eq(svcr_schedule_deadline(schedule), now + 5 + 10 * S);
    ck_assert(!svcr_schedule_report(schedule, 1, true, now)); /* no such server */
    svcr_schedule_free(schedule, context);
    svcroute_context_unref(context);
}
END_TEST

enum { MANY = 1000 };

/* All within one interval, no tenth of it with fewer than 60 or more than 140 of 1,000 (both are
 * four standard deviations away, 9.5 each), in order; another seed gives other moments, the same
 * seed the same. */
START_TEST(first_probes_are_spread)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule_options other = ten;
    struct svcr_schedule *schedules[3];
    uint64_t moments[3][MANY];

    other.seed = 43;
    for (size_t k = 0; k < 3; k++) {
        uint32_t tenths[10] = {0}, seen = 0;
        uint64_t last = 0;

        schedules[k] = make(context, k == 2 ? &other : &ten, MANY, 0);
        while (svcr_schedule_deadline(schedules[k]) < 10 * S && seen < MANY) {
            uint64_t now = svcr_schedule_deadline(schedules[k]);
            uint32_t who;

            ck_assert_uint_ge(now, last);
            ck_assert_int_eq(svcr_schedule_next(schedules[k], now, &who), SVCR_SCHEDULE_PROBE);
            ck_assert(svcr_schedule_report(schedules[k], who, true, now));
            moments[k][who] = last = now;
            tenths[now / S]++;
            seen++;
        }
        ck_assert_uint_eq(seen, MANY);
        for (size_t i = 0; i < 10; i++) {
            ck_assert(tenths[i] >= 60 && tenths[i] <= 140);
        }
        svcr_schedule_free(schedules[k], context);
    }
    ck_assert_mem_eq(moments[0], moments[1], sizeof(moments[0]));
    ck_assert_mem_ne(moments[0], moments[2], sizeof(moments[0]));
    svcroute_context_unref(context);
}
END_TEST

/* Lets a server have this result as soon as it is probed. */
static bool result(struct svcr_schedule *schedule, bool good)
{
    uint64_t now = svcr_schedule_deadline(schedule);
    uint32_t who;

    ck_assert_int_eq(svcr_schedule_next(schedule, now, &who), SVCR_SCHEDULE_PROBE);
    ck_assert(svcr_schedule_report(schedule, who, good, now));
    return svcr_schedule_is_up(schedule, who);
}

START_TEST(thresholds_count_in_a_row)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule_options options = ten;
    struct svcr_schedule *schedule;

    options.rise = 2;
    options.fall = 3;
    schedule = make(context, &options, 1, 0);
    ck_assert(result(schedule, false) && result(schedule, true) && result(schedule, false));
    ck_assert(result(schedule, false) && result(schedule, true));
    ck_assert(result(schedule, false) && result(schedule, false) && !result(schedule, false));
    ck_assert(!result(schedule, true) && !result(schedule, false) && !result(schedule, true));
    ck_assert(result(schedule, true) && result(schedule, false));
    svcr_schedule_free(schedule, context);
    options.initial = SVCR_INITIAL_DOWN;
    schedule = make(context, &options, 1, 0);
    ck_assert(!svcr_schedule_is_up(schedule, 0));
    ck_assert(!result(schedule, true) && result(schedule, true));
    svcr_schedule_free(schedule, context);
    options.initial = SVCR_INITIAL_UNKNOWN; /* the first result decides, in either direction */
    schedule = make(context, &options, 1, 0);
    ck_assert(!svcr_schedule_is_up(schedule, 0));
    ck_assert(result(schedule, true) && result(schedule, false) && result(schedule, false));
    ck_assert(!result(schedule, false));
    svcr_schedule_free(schedule, context);
    schedule = make(context, &options, 1, 0);
    ck_assert(!result(schedule, false) && !result(schedule, true) && result(schedule, true));
    svcr_schedule_free(schedule, context);
    svcroute_context_unref(context);
}
END_TEST

/* Three servers up, tickers of 10 s and 4 s: one after the other at a tick, a tick during a round
 * is remembered once. */
START_TEST(tickers_probe_one_after_the_other)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule_options options = {
        .interval = 10 * S, .unhealthy_interval = 4 * S, .timeout = 8 * S, .traefik = true};
    struct svcr_schedule *schedule = make(context, &options, 3, 0);

    comes(schedule, 10 * S, SVCR_SCHEDULE_PROBE, 0);
    rests(schedule, 10 * S, 19 * S);
    ck_assert(svcr_schedule_report(schedule, 0, true, 17 * S)); /* up, for the next round */
    comes(schedule, 17 * S, SVCR_SCHEDULE_PROBE, 1);
    ck_assert(svcr_schedule_report(schedule, 1, false, 18 * S)); /* 16 passed; 20 comes */
    comes(schedule, 18 * S, SVCR_SCHEDULE_PROBE, 2);
    comes(schedule, 20 * S, SVCR_SCHEDULE_PROBE, 1); /* the other ticker's, meanwhile */
    ck_assert(svcr_schedule_report(schedule, 1, false, 21 * S));
    ck_assert(svcr_schedule_report(schedule, 2, true, 22 * S)); /* the tick of 20 waited */
    comes(schedule, 22 * S, SVCR_SCHEDULE_PROBE, 0);
    ck_assert(svcr_schedule_report(schedule, 0, true, 22 * S));
    comes(schedule, 22 * S, SVCR_SCHEDULE_PROBE, 2);
    ck_assert(svcr_schedule_report(schedule, 2, true, 23 * S));
    comes(schedule, 24 * S, SVCR_SCHEDULE_PROBE, 1);
    comes(schedule, 30 * S, SVCR_SCHEDULE_PROBE, 0);     /* the other list's round */
    comes(schedule, 33 * S, SVCR_SCHEDULE_TIMED_OUT, 1); /* given up; 28 and 32 are one tick */
    comes(schedule, 33 * S, SVCR_SCHEDULE_PROBE, 1);
    ck_assert(svcr_schedule_report(schedule, 1, true, 34 * S)); /* up: waits for 40 */
    ck_assert(svcr_schedule_report(schedule, 0, true, 35 * S));
    comes(schedule, 35 * S, SVCR_SCHEDULE_PROBE, 2);
    ck_assert(svcr_schedule_report(schedule, 2, true, 36 * S));
    comes(schedule, 40 * S, SVCR_SCHEDULE_PROBE, 1);
    ck_assert(svcr_schedule_report(schedule, 1, true, 40 * S));
    comes(schedule, 40 * S, SVCR_SCHEDULE_PROBE, 0);
    svcr_schedule_free(schedule, context);
    svcroute_context_unref(context);
}
END_TEST

/* A driver that sleeps: ticks that passed are one, and the ticker keeps its beat. */
START_TEST(late_calls)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule_options options = ten;
    struct svcr_schedule *schedule;
    uint32_t who;

    options.traefik = true;
    schedule = make(context, &options, 1, 0);
    ck_assert_int_eq(svcr_schedule_next(schedule, 75 * S, &who), SVCR_SCHEDULE_PROBE);
    ck_assert(svcr_schedule_report(schedule, 0, true, 76 * S));
    rests(schedule, 76 * S, 80 * S);
    ck_assert_int_eq(svcr_schedule_next(schedule, UINT64_MAX, &who), SVCR_SCHEDULE_NOTHING);
    svcr_schedule_free(schedule, context);
    schedule = make(context, &ten, 1, 0);
    ck_assert_int_eq(svcr_schedule_next(schedule, 75 * S, &who), SVCR_SCHEDULE_PROBE);
    ck_assert_int_eq(svcr_schedule_next(schedule, 750 * S, &who), SVCR_SCHEDULE_TIMED_OUT);
    rests(schedule, 750 * S, 753 * S);
    svcr_schedule_free(schedule, context);
    /* The end of time is never. */
    options.traefik = false;
    options.interval = options.unhealthy_interval = options.timeout = UINT64_MAX;
    for (int k = 0; k < 2; k++, options.traefik = true) {
        schedule = make(context, &options, 2, UINT64_MAX - 5);
        svcr_schedule_next(schedule, UINT64_MAX - 1, &who);
        ck_assert_int_eq(svcr_schedule_next(schedule, UINT64_MAX, &who), SVCR_SCHEDULE_NOTHING);
        ck_assert_uint_eq(svcr_schedule_deadline(schedule), UINT64_MAX);
        svcr_schedule_free(schedule, context);
        schedule = make(context, &options, 0, 0);
        rests(schedule, S, UINT64_MAX);
        svcr_schedule_free(schedule, context);
    }
    svcroute_context_unref(context);
}
END_TEST

/* An equal schedule in between changes nothing, in either profile, at any moment. */
START_TEST(an_equal_schedule_goes_on)
{
    static const uint32_t same[5] = {0, 1, 2, 3, 4};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);

    for (int traefik = 0; traefik < 2; traefik++) {
        struct svcr_schedule_options options = {.interval = 5 * S,
                                                .unhealthy_interval = 2 * S,
                                                .timeout = S,
                                                .rise = 2,
                                                .fall = 2,
                                                .seed = 7,
                                                .traefik = traefik};
        struct svcr_schedule *one = make(context, &options, 5, 0),
                             *two = make(context, &options, 5, 0);
        uint64_t random = 1;

        for (uint64_t step = 0; step < 2000; step++) {
            uint64_t now = svcr_schedule_deadline(one);
            struct svcr_schedule *next;
            uint32_t who, other;
            enum svcr_schedule_what what;

            now = now < step * (S / 4) ? step * (S / 4) : now;
            if (now > step * (S / 4)) { /* somebody answers instead */
                now = step * (S / 4);
                random = random * 6364136223846793005u + 1442695040888963407u;
                who = (uint32_t)(random >> 33) % 5;
                ck_assert_int_eq(svcr_schedule_report(one, who, random >> 62 != 0, now),
                                 svcr_schedule_report(two, who, random >> 62 != 0, now));
            }
            next = make(context, &options, 5, now);
            svcr_schedule_carry(next, two, same, now);
            svcr_schedule_free(two, context);
            two = next;
            do {
                ck_assert_uint_eq(svcr_schedule_deadline(one), svcr_schedule_deadline(two));
                what = svcr_schedule_next(one, now, &who);
                ck_assert_int_eq(svcr_schedule_next(two, now, &other), what);
                ck_assert_uint_eq(who, other);
            } while (what != SVCR_SCHEDULE_NOTHING);
            for (uint32_t i = 0; i < 5; i++) {
                ck_assert_int_eq(svcr_schedule_is_up(one, i), svcr_schedule_is_up(two, i));
                ck_assert_int_eq(svcr_schedule_is_probing(one, i),
                                 svcr_schedule_is_probing(two, i));
            }
        }
        svcr_schedule_free(one, context);
        svcr_schedule_free(two, context);
    }
    svcroute_context_unref(context);
}
END_TEST

/* Servers go and come while one is being probed; the interval becomes shorter. */
START_TEST(other_servers_after_an_update)
{
    static const uint32_t moved[3] = {NOBODY, 2, 0}; /* 1 is gone */
    static const uint32_t without_busy[2] = {1, 2};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule_options options = ten, shorter;
    struct svcr_schedule *before = make(context, &ten, 3, 0), *after;
    uint32_t who;

    for (uint32_t i = 0; i < 3; i++) { /* 2 is down, 0 is being probed */
        ck_assert_int_eq(svcr_schedule_next(before, 10 * S, &who), SVCR_SCHEDULE_PROBE);
        ck_assert(who == 0 || svcr_schedule_report(before, who, who != 2, 10 * S));
    }
    shorter = ten;
    shorter.interval = S;
    shorter.unhealthy_interval = S;
    after = make(context, &shorter, 3, 11 * S);
    svcr_schedule_carry(after, before, moved, 11 * S);
    svcr_schedule_free(before, context);
    ck_assert(svcr_schedule_is_up(after, 0) && !svcr_schedule_is_probing(after, 0));
    ck_assert(!svcr_schedule_is_up(after, 1) && svcr_schedule_is_probing(after, 2));
    ck_assert(!svcr_schedule_report(after, 1, true, 11 * S));
    for (uint32_t i = 0; i < 2; i++) { /* within the new interval, not after 3 s */
        ck_assert_int_eq(svcr_schedule_next(after, 12 * S, &who), SVCR_SCHEDULE_PROBE);
        ck_assert_uint_ne(who, 2);
    }
    comes(after, 13 * S, SVCR_SCHEDULE_TIMED_OUT, 2); /* as if nothing had happened */
    svcr_schedule_free(after, context);
    /* traefik-v3: the one that was busy leaves in the middle of a round. */
    options.traefik = true;
    before = make(context, &options, 3, 0);
    comes(before, 10 * S, SVCR_SCHEDULE_PROBE, 0);
    after = make(context, &options, 2, 11 * S);
    svcr_schedule_carry(after, before, without_busy, 11 * S);
    svcr_schedule_free(before, context);
    comes(after, 11 * S, SVCR_SCHEDULE_PROBE, 0);
    ck_assert(svcr_schedule_report(after, 0, true, 12 * S));
    comes(after, 12 * S, SVCR_SCHEDULE_PROBE, 1);
    ck_assert(svcr_schedule_report(after, 1, true, 13 * S));
    rests(after, 13 * S, 20 * S); /* the beat of before */
    svcr_schedule_free(after, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(out_of_memory)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_schedule *schedule = (void *)context;
    size_t live = allocator.live;

    failing_allocator_arm(&allocator, 1, true);
    ck_assert_int_eq(svcr_schedule_new(&schedule, context, &ten, 5, 0), SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(schedule);
    ck_assert_uint_eq(allocator.live, live);
    svcr_schedule_free(NULL, context);
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_schedule(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = tcase_create("schedule");

    tcase_add_test(tests, intervals_run_from_results);
    tcase_add_test(tests, first_probes_are_spread);
    tcase_add_test(tests, thresholds_count_in_a_row);
    tcase_add_test(tests, tickers_probe_one_after_the_other);
    tcase_add_test(tests, late_calls);
    tcase_add_test(tests, an_equal_schedule_goes_on);
    tcase_add_test(tests, other_servers_after_an_update);
    tcase_add_test(tests, out_of_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
