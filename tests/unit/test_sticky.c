/* Values of sticky cookies and the index over them. The expected values were computed by Python's
 * hashlib and hmac. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "balance/sticky.h"

#include "failing_allocator.h"

#define SECRET "0123456789abcdef"
#define OLDER "an older secret of 26 byte"

static const struct {
    const char *name, *plain, *fnv, *fnv_fnv, *keyed, *older;
} golden[] = {
    {"http://10.1.0.1:80", "d7427171547550d7", "27b41cb271eb5d80", "12391a02c57d70f0",
     "e3e2e2a79544be9643a6bdbbdb95fe7f", "d749239e02e3e35c974aaf657081ac31"},
    {"http://10.1.0.2:80", "c9409ca30fd566c5", "1ed481b26cd59905", "fe0bcbb4dd7f3479",
     "fa3fd4ab7165586b667b932c30a4dd76", "97973c6bbf115ecf8460539f46681d43"},
    {"http://[2001:db8::1]:8080", "40eb557cb5365e0e", "ffeb2837dc8f33af", "c523f366cb7328de",
     "5f92c443ff1a7dd56b074be0f3243dc7", "f51efa8c4077cd75e2327b0fbc23d20c"},
    {"ns-svc0-80", "906173d3a9d6ae11", "c65a2aea091e0fa0", "75995038275d86ab",
     "182da1d2e79f48f40b058e547a41e8e5", "fbb902eb3dbbe90dc69ced732858341a"},
    {"", "e3b0c44298fc1c14", "cbf29ce484222325", "35f8b14ba770f893",
     "496dc93fa2d26eae500ec0bc37a12270", "de29ebcfccac7afd96ecce360e3c807c"},
    {"ns-\xc3\xa9-80", "0f43926389b64e42", "89c72ad60e25129a", "fe30c15c9a0bcb26", NULL, NULL},
    /* FNV values of fewer than 16 digits, and one of SHA-256 that begins with 0. */
    {"http://10.9.0.15:80", "55462e7e4326085d", "e406eae53653d7", "3734c1ec36485544", NULL, NULL},
    {"http://10.9.0.249:80", "03510499e9fda14e", "8c43aa3bd573c22", "34a0eb1ae2190412", NULL, NULL},
};
enum { GOLDEN = sizeof(golden) / sizeof(golden[0]), KEYED = 5 };

static const struct svcr_sticky_keys unkeyed;
static const struct svcr_sticky_keys keyed = {.secret = {SECRET, 16}};
static const struct svcr_sticky_keys migrating = {
    .secret = {SECRET, 16}, .older = {OLDER, sizeof(OLDER) - 1}, .unkeyed = true};

static struct svcr_member members[GOLDEN];

static svcr_text text_of(const char *string)
{
    return (svcr_text){string, strlen(string)};
}

static struct svcr_sticky *make(struct svcroute_context *context, uint32_t num,
                                const struct svcr_sticky_keys *keys)
{
    struct svcr_sticky *sticky = NULL;

    for (uint32_t i = 0; i < GOLDEN; i++) {
        members[i] = (struct svcr_member){.name = text_of(golden[i].name), .weight = 1};
    }
    ck_assert_int_eq(svcr_sticky_new(&sticky, context, members, num, keys, NULL, NULL),
                     SVCROUTE_OK);
    return sticky;
}

static void finds(const struct svcr_sticky *sticky, const char *value, uint32_t member, bool renew)
{
    struct svcr_sticky_hit hit = svcr_sticky_find(sticky, text_of(value));

    ck_assert_msg(hit.member == member && hit.renew == renew, "%s: %u %d", value, hit.member,
                  hit.renew);
}

static void nobody_has(const struct svcr_sticky *sticky, const char *value)
{
    finds(sticky, value, SVCR_NOBODY, false);
}

static void has_value(const struct svcr_sticky *sticky, uint32_t member, const char *value)
{
    char out[SVCR_STICKY_VALUE_MAX];
    size_t size = svcr_sticky_value(sticky, member, out);

    ck_assert_uint_eq(size, strlen(value));
    ck_assert_mem_eq(out, value, size);
}

START_TEST(without_a_secret_all_forms_of_the_reference_are_read)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = make(context, GOLDEN, &unkeyed);

    for (uint32_t i = 0; i < GOLDEN; i++) {
        has_value(sticky, i, golden[i].plain);
        finds(sticky, golden[i].plain, i, false);
        finds(sticky, golden[i].name, i, true);
        finds(sticky, golden[i].fnv, i, true);
        finds(sticky, golden[i].fnv_fnv, i, true);
        if (golden[i].keyed) {
            nobody_has(sticky, golden[i].keyed);
        }
    }
    svcr_sticky_free(sticky, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(values_are_exact)
{
    static const char *const strangers[] = {
        "D7427171547550D7", /* upper case */
        "d7427171547550d",  /* a digit less, a digit more */
        "d7427171547550d70",
        "0d7427171547550d7",
        "d7427171547550dg",
        "d7427171547550d:",
        "d7427171547550d@",
        "d7427171547550d`",
        "d7427171547550d/",
        "\3447427171547550d7",
        "00e406eae53653d7", /* FNV is written without zeros ahead */
        "0e406eae53653d7",
        "http://10.1.0.1:8",
        "http://10.1.0.1:800",
        "0",
        "00",
        "E3E2E2A79544BE9643A6BDBBDB95FE7F",
        "e3e2e2a79544be9643a6bdbbdb95fe7",
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = make(context, GOLDEN, &unkeyed);
    struct svcr_sticky *secret = make(context, KEYED, &migrating);

    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        nobody_has(sticky, strangers[i]);
        nobody_has(secret, strangers[i]);
    }
    svcr_sticky_free(sticky, context);
    svcr_sticky_free(secret, context);
    /* Each digit of each value counts. */
    sticky = make(context, KEYED, &unkeyed);
    secret = make(context, KEYED, &keyed);
    for (uint32_t i = 0; i < KEYED; i++) {
        for (size_t at = 0; at < 32; at++) {
            char changed[33];

            memcpy(changed, golden[i].keyed, sizeof(changed));
            changed[at] = changed[at] == '7' ? '8' : '7';
            nobody_has(secret, changed);
            memcpy(changed, golden[i].plain, 17);
            changed[at % 16] = changed[at % 16] == '7' ? '8' : '7';
            nobody_has(sticky, changed);
        }
    }
    svcr_sticky_free(sticky, context);
    svcr_sticky_free(secret, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(every_byte_is_a_digit_or_none)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = make(context, 1, &unkeyed);

    for (size_t at = 0; at < 16; at++) {
        for (int c = 0; c < 256; c++) {
            char value[17];
            struct svcr_sticky_hit hit;

            memcpy(value, golden[0].plain, sizeof(value));
            value[at] = (char)c;
            hit = svcr_sticky_find(sticky, (svcr_text){value, 16});
            ck_assert_msg((hit.member == 0) == (value[at] == golden[0].plain[at]), "%zu: %d", at,
                          c);
        }
    }
    svcr_sticky_free(sticky, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(with_a_secret_nothing_else_is_read)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = make(context, KEYED, &keyed);

    for (uint32_t i = 0; i < KEYED; i++) {
        has_value(sticky, i, golden[i].keyed);
        finds(sticky, golden[i].keyed, i, false);
        nobody_has(sticky, golden[i].older);
        nobody_has(sticky, golden[i].plain);
        nobody_has(sticky, golden[i].name);
        nobody_has(sticky, golden[i].fnv);
        nobody_has(sticky, golden[i].fnv_fnv);
    }
    svcr_sticky_free(sticky, context);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(migration_reads_older_forms_and_renews_them)
{
    struct svcr_sticky_keys back = {.older = text_of(SECRET)}; /* giving the secret up again */
    struct svcr_sticky_keys rotated = {.secret = text_of(SECRET), .older = text_of(OLDER)};
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *all = make(context, KEYED, &migrating), *plain, *pair;

    plain = make(context, KEYED, &back);
    pair = make(context, KEYED, &rotated);
    for (uint32_t i = 0; i < KEYED; i++) {
        has_value(all, i, golden[i].keyed);
        finds(all, golden[i].keyed, i, false);
        finds(all, golden[i].older, i, true);
        finds(all, golden[i].plain, i, true);
        finds(all, golden[i].name, i, true);
        finds(all, golden[i].fnv, i, true);
        finds(all, golden[i].fnv_fnv, i, true);
        has_value(plain, i, golden[i].plain);
        finds(plain, golden[i].keyed, i, true);
        finds(plain, golden[i].plain, i, false);
        finds(plain, golden[i].fnv, i, true);
        finds(pair, golden[i].keyed, i, false);
        finds(pair, golden[i].older, i, true);
        nobody_has(pair, golden[i].plain);
        nobody_has(pair, golden[i].name);
    }
    svcr_sticky_free(all, context);
    svcr_sticky_free(plain, context);
    svcr_sticky_free(pair, context);
    svcroute_context_unref(context);
}
END_TEST

/* A member named like another's value, one without weight, one twice. */
START_TEST(names_that_meet)
{
    struct svcr_member others[] = {
        {.name = text_of("c9409ca30fd566c5"), .weight = 1}, /* the value of the second */
        {.name = text_of("http://10.1.0.2:80"), .weight = 1},
        {.name = text_of("1ed481b26cd59905"), .weight = 1}, /* FNV-1 of the second */
        {.name = text_of("http://10.1.0.1:80"), .weight = 0},
        {.name = text_of("http://10.1.0.2:80"), .weight = 5},
        {.name = text_of("ns-svc0-80"), .weight = -1},
        {.name = text_of("ns-svc0-80"), .weight = 3},
    };
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = NULL;

    ck_assert_int_eq(svcr_sticky_new(&sticky, context, others, 7, &unkeyed, NULL, NULL),
                     SVCROUTE_OK);
    finds(sticky, "c9409ca30fd566c5", 1, false); /* values before names */
    finds(sticky, "1ed481b26cd59905", 2, true);  /* names before FNV */
    finds(sticky, "fe0bcbb4dd7f3479", 2, true);  /* FNV before FNV of FNV */
    finds(sticky, "http://10.1.0.2:80", 1, true);
    nobody_has(sticky, "http://10.1.0.1:80");
    nobody_has(sticky, "d7427171547550d7");
    has_value(sticky, 3, "d7427171547550d7");
    has_value(sticky, 4, "c9409ca30fd566c5");
    finds(sticky, "906173d3a9d6ae11", 6, false);
    svcr_sticky_free(sticky, context);
    ck_assert_int_eq(svcr_sticky_new(&sticky, context, NULL, 0, &unkeyed, NULL, NULL), SVCROUTE_OK);
    nobody_has(sticky, "c9409ca30fd566c5");
    nobody_has(sticky, "");
    svcr_sticky_free(sticky, context);
    svcroute_context_unref(context);
}
END_TEST

enum { MANY = 3000 };

/* Many members, then others in another order over them: nothing is lost, and what was there is not
 * computed again. */
START_TEST(an_index_after_another)
{
    static char names[MANY][32];
    static struct svcr_member before[MANY], after[MANY];
    static uint32_t old_index[MANY];
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *first = NULL, *second = NULL, *fresh = NULL;

    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "http://10.%u.%u.1:80", i / 256, i % 256);
        before[i] = (struct svcr_member){.name = text_of(names[i]), .weight = 1};
    }
    for (uint32_t i = 0; i < MANY; i++) { /* 7 and 3000 share no factor */
        uint32_t from = (i * 7 + 5) % MANY;

        old_index[i] = i % 3 == 0 ? SVCR_NOBODY : from;
        after[i] = before[from];
    }
    for (size_t k = 0; k < 2; k++) {
        const struct svcr_sticky_keys *keys = k ? &migrating : &unkeyed;

        ck_assert_int_eq(svcr_sticky_new(&first, context, before, MANY, keys, NULL, NULL), 0);
        ck_assert_int_eq(svcr_sticky_new(&second, context, after, MANY, keys, first, old_index), 0);
        ck_assert_int_eq(svcr_sticky_new(&fresh, context, after, MANY, keys, NULL, NULL), 0);
        for (uint32_t i = 0; i < MANY; i++) {
            char value[SVCR_STICKY_VALUE_MAX + 1], other[SVCR_STICKY_VALUE_MAX + 1];

            value[svcr_sticky_value(second, i, value)] = '\0';
            other[svcr_sticky_value(fresh, i, other)] = '\0';
            ck_assert_str_eq(value, other);
            finds(second, value, i, false);
            finds(first, value, (i * 7 + 5) % MANY, false);
            finds(second, names[i], (uint32_t)((i + MANY - 5) * UINT64_C(2143) % MANY), true);
        }
        svcr_sticky_free(first, context);
        svcr_sticky_free(second, context);
        svcr_sticky_free(fresh, context);
    }
    svcroute_context_unref(context);
}
END_TEST

START_TEST(out_of_memory)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_sticky *sticky = (void *)context;
    size_t live = allocator.live;

    failing_allocator_arm(&allocator, 1, false);
    ck_assert_int_eq(svcr_sticky_new(&sticky, context, members, 3, &unkeyed, NULL, NULL),
                     SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(sticky);
    ck_assert_uint_eq(allocator.live, live);
    failing_allocator_arm(&allocator, 2, true);
    sticky = make(context, 3, &migrating);
    ck_assert_uint_eq(allocator.calls, 1);
    for (int i = 0; i < 100; i++) { /* finding and writing allocate nothing */
        finds(sticky, golden[i % 3].keyed, (uint32_t)(i % 3), false);
        has_value(sticky, (uint32_t)(i % 3), golden[i % 3].keyed);
    }
    ck_assert_uint_eq(allocator.calls, 1);
    svcr_sticky_free(sticky, context);
    svcr_sticky_free(NULL, context);
    ck_assert_int_eq(
        svcr_sticky_new(&sticky, context, members, UINT32_C(1) << 28, &unkeyed, NULL, NULL),
        SVCROUTE_ERR_LIMIT);
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_sticky(void)
{
    Suite *suite = suite_create("sticky");
    TCase *tests = tcase_create("sticky");

    tcase_add_test(tests, without_a_secret_all_forms_of_the_reference_are_read);
    tcase_add_test(tests, values_are_exact);
    tcase_add_test(tests, every_byte_is_a_digit_or_none);
    tcase_add_test(tests, with_a_secret_nothing_else_is_read);
    tcase_add_test(tests, migration_reads_older_forms_and_renews_them);
    tcase_add_test(tests, names_that_meet);
    tcase_add_test(tests, an_index_after_another);
    tcase_add_test(tests, out_of_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
