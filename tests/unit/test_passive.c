/* The window of failures, against a list that forgets nothing; and many threads at one window. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "balance/passive.h"

#define S UINT64_C(1000000000)

static struct svcr_passive *make(uint32_t attempts)
{
    struct svcr_passive *passive = malloc(svcr_passive_size(attempts));

    ck_assert_ptr_nonnull(passive);
    memset(passive, 0xa5, svcr_passive_size(attempts));
    svcr_passive_init(passive, attempts);
    return passive;
}

START_TEST(attempts_have_bounds)
{
    ck_assert_uint_eq(svcr_passive_attempts(INT64_MIN), 1);
    ck_assert_uint_eq(svcr_passive_attempts(0), 1);
    ck_assert_uint_eq(svcr_passive_attempts(1), 1);
    ck_assert_uint_eq(svcr_passive_attempts(1023), 1023);
    ck_assert_uint_eq(svcr_passive_attempts(1024), 1024);
    ck_assert_uint_eq(svcr_passive_attempts(INT64_MAX), 1024);
}
END_TEST

START_TEST(ends_are_told_apart)
{
    ck_assert(svcr_passive_is_failure(true, 500) && svcr_passive_is_failure(true, 600));
    ck_assert(svcr_passive_is_failure(false, 200) && svcr_passive_is_failure(false, 0));
    ck_assert(!svcr_passive_is_failure(true, 499) && !svcr_passive_is_failure(true, 0));
}
END_TEST

START_TEST(failures_in_a_window)
{
    struct svcr_passive_rule rule = {.window = (int64_t)(10 * S), .attempts = 2};
    struct svcr_passive *passive = make(2);

    ck_assert(!svcr_passive_bad(passive, &rule, 1 * S));
    ck_assert(!svcr_passive_bad(passive, &rule, 11 * S)); /* the first is 10 s old: too old */
    ck_assert(svcr_passive_bad(passive, &rule, 21 * S - 1));
    svcr_passive_out(passive, &rule, 21 * S - 1);
    ck_assert_uint_eq(svcr_passive_until(passive), 31 * S - 1);
    ck_assert(!svcr_passive_bad(passive, &rule, 22 * S)); /* out already: not longer */
    ck_assert_uint_eq(svcr_passive_until(passive), 31 * S - 1);
    svcr_passive_in(passive);
    ck_assert_uint_eq(svcr_passive_until(passive), 0);
    ck_assert(svcr_passive_bad(passive, &rule, 31 * S)); /* failures were kept */
    svcr_passive_good(passive);
    ck_assert(!svcr_passive_bad(passive, &rule, 32 * S));
    ck_assert(svcr_passive_bad(passive, &rule, 32 * S));
    ck_assert(svcr_passive_bad(passive, &rule, 32 * S)); /* nobody took it out: again */
    free(passive);
}
END_TEST

START_TEST(windows_without_length)
{
    struct svcr_passive_rule rule = {.window = 0, .attempts = 3};
    struct svcr_passive *passive = make(3);

    ck_assert(!svcr_passive_bad(passive, &rule, 1) && !svcr_passive_bad(passive, &rule, 2));
    ck_assert(svcr_passive_bad(passive, &rule, UINT64_MAX - 1)); /* none ages */
    svcr_passive_out(passive, &rule, 7);
    ck_assert_uint_eq(svcr_passive_until(passive), 7);
    svcr_passive_in(passive);
    svcr_passive_out(passive, &rule, 0); /* at the beginning of time out is still out */
    ck_assert_uint_ne(svcr_passive_until(passive), 0);
    svcr_passive_in(passive);
    rule.window = -1;
    ck_assert(!svcr_passive_bad(passive, &rule, UINT64_MAX - 1));
    rule.window = INT64_MAX;
    ck_assert(svcr_passive_bad(passive, &rule, UINT64_MAX - 1));
    svcr_passive_out(passive, &rule, UINT64_MAX - 1);
    ck_assert_uint_eq(svcr_passive_until(passive), UINT64_MAX);
    free(passive);
}
END_TEST

START_TEST(with_an_active_check_it_is_told_again)
{
    struct svcr_passive_rule rule = {.window = (int64_t)S, .attempts = 1, .active = true};
    struct svcr_passive *passive = make(1);

    for (uint64_t i = 0; i < 3; i++) {
        ck_assert(svcr_passive_bad(passive, &rule, i * S));
        svcr_passive_out(passive, &rule, i * S);
        ck_assert_uint_eq(svcr_passive_until(passive), UINT64_MAX);
    }
    free(passive);
}
END_TEST

/* A good answer of a server without failures leaves every byte as it is. */
START_TEST(a_good_answer_writes_nothing)
{
    struct svcr_passive *passive = make(4);
    size_t size = svcr_passive_size(4);
    unsigned char before[128];

    ck_assert_uint_le(size, sizeof(before));
    memcpy(before, passive, size);
    atomic_flag_test_and_set(&passive->busy); /* nor does it wait for the flag */
    svcr_passive_good(passive);
    atomic_flag_clear(&passive->busy);
    ck_assert_mem_eq(before, passive, size);
    free(passive);
}
END_TEST

/* Against a list of all failures since the last good answer, with windows carried over into other
 * sizes. */
START_TEST(the_ring_is_enough)
{
    static uint64_t times[20000];
    uint64_t random = 3, now = 0;

    for (uint32_t round = 0; round < 40; round++) {
        uint32_t attempts = 1 + round % 7;
        struct svcr_passive_rule rule = {.window = (int64_t)(1 + round % 5) * 10,
                                         .attempts = attempts};
        struct svcr_passive *passive = make(attempts);
        size_t num = 0;

        for (int step = 0; step < 400; step++) {
            size_t young = 0;

            random = random * 6364136223846793005u + 1442695040888963407u;
            now += random >> 60;
            if ((random >> 40) % 16 == 0) {
                svcr_passive_good(passive);
                num = 0;
                continue;
            }
            if ((random >> 40) % 16 == 1) { /* the same size, or one more: nothing is lost */
                struct svcr_passive *other = make(attempts);

                svcr_passive_carry(other, passive);
                free(passive);
                passive = other;
            }
            times[num++] = now;
            for (size_t i = 0; i < num; i++) {
                young += times[i] + (uint64_t)rule.window > now;
            }
            ck_assert_int_eq(svcr_passive_bad(passive, &rule, now), young >= attempts);
        }
        free(passive);
    }
}
END_TEST

START_TEST(windows_of_another_size)
{
    struct svcr_passive_rule three = {.window = 100, .attempts = 3},
                             two = {.window = 100, .attempts = 2};
    struct svcr_passive *from = make(3), *wide = make(5), *narrow = make(2), *none = make(2);

    for (uint64_t now = 10; now <= 40; now += 10) {
        svcr_passive_bad(from, &three, now);
    }
    svcr_passive_out(from, &three, 40);
    svcr_passive_carry(wide, from);
    svcr_passive_carry(narrow, from);
    ck_assert_uint_eq(atomic_load(&wide->failures), 3);
    ck_assert_uint_eq(wide->times[0], 20);
    ck_assert_uint_eq(wide->times[2], 40);
    ck_assert_uint_eq(atomic_load(&narrow->failures), 2);
    ck_assert_uint_eq(svcr_passive_until(narrow), 140);
    svcr_passive_in(narrow);
    ck_assert(svcr_passive_bad(narrow, &two, 139));  /* 40 is the oldest of two */
    ck_assert(!svcr_passive_bad(narrow, &two, 239)); /* 139 is too old */
    svcr_passive_clear(from);
    svcr_passive_carry(none, from);
    ck_assert_uint_eq(atomic_load(&none->failures), 0);
    free(from);
    free(wide);
    free(narrow);
    free(none);
}
END_TEST

enum { THREADS = 4, FAILURES = 20000 };

static struct svcr_passive_rule shared_rule = {.window = 0, .attempts = 1000};
static struct svcr_passive *shared;

static void *fail_often(void *count)
{
    for (int i = 0; i < FAILURES; i++) {
        *(size_t *)count += svcr_passive_bad(shared, &shared_rule, 1);
    }
    return NULL;
}

/* Nothing is counted twice or lost: all failures but the first 999 are too many. */
START_TEST(threads)
{
    pthread_t ids[THREADS];
    size_t counts[THREADS] = {0}, sum = 0;

    shared = make(1000);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&ids[i], NULL, fail_often, &counts[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        sum += counts[i];
    }
    ck_assert_uint_eq(sum, THREADS * FAILURES - 999);
    free(shared);
}
END_TEST

Suite *suite_passive(void)
{
    Suite *suite = suite_create("passive");
    TCase *tests = tcase_create("passive");

    tcase_add_test(tests, attempts_have_bounds);
    tcase_add_test(tests, ends_are_told_apart);
    tcase_add_test(tests, failures_in_a_window);
    tcase_add_test(tests, windows_without_length);
    tcase_add_test(tests, with_an_active_check_it_is_told_again);
    tcase_add_test(tests, a_good_answer_writes_nothing);
    tcase_add_test(tests, the_ring_is_enough);
    tcase_add_test(tests, windows_of_another_size);
    tcase_add_test(tests, threads);
    suite_add_tcase(suite, tests);
    return suite;
}
