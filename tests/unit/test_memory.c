/* Allocation with checked sizes, growing arrays, structs that carry their size. */
#include <check.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"

#include "failing_allocator.h"

START_TEST(sizes_are_checked)
{
    size_t result = 7;

    ck_assert(svcr_size_mul(3, 5, &result));
    ck_assert_uint_eq(result, 15);
    ck_assert(!svcr_size_mul(SIZE_MAX / 2, 3, &result));
    ck_assert(svcr_size_mul(SIZE_MAX, 1, &result));
    ck_assert(svcr_size_add(SIZE_MAX - 1, 1, &result));
    ck_assert_uint_eq(result, SIZE_MAX);
    ck_assert(!svcr_size_add(SIZE_MAX, 1, &result));
}
END_TEST

START_TEST(blocks_come_and_go)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t live = allocator.live;
    char *block, *grown;

    ck_assert_ptr_null(svcr_alloc(context, 0));
    block = svcr_zalloc(context, 10);
    for (size_t i = 0; i < 10; i++) {
        ck_assert_int_eq(block[i], 0);
    }
    memcpy(block, "0123456789", 10);
    grown = svcr_resize(context, block, 10, 20);
    ck_assert_mem_eq(grown, "0123456789", 10);
    failing_allocator_arm(&allocator, 1, false);
    ck_assert_ptr_null(svcr_resize(context, grown, 20, 40));
    ck_assert_mem_eq(grown, "0123456789", 10);
    svcr_release(context, grown, 20);
    svcr_release(context, NULL, 0);
    grown = svcr_resize(context, NULL, 0, 8);
    ck_assert_ptr_nonnull(grown);
    svcr_release(context, grown, 8);
    ck_assert_uint_eq(allocator.live, live);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
    ck_assert_uint_eq(allocator.live_bytes, 0);
}
END_TEST

START_TEST(arrays_grow_by_half_or_more)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t capacity = 0, steps = 0;
    void *items = NULL;

    for (size_t num = 1; num <= 100000; num++) {
        size_t before = capacity;

        ck_assert_int_eq(svcr_array_reserve(context, &items, &capacity, num, 4), SVCROUTE_OK);
        ck_assert_uint_ge(capacity, num);
        if (capacity != before) {
            steps++;
            ck_assert_uint_ge(capacity, before + before / 2);
        }
        ((uint32_t *)items)[num - 1] = (uint32_t)num;
    }
    ck_assert_uint_lt(steps, 40);
    for (size_t i = 0; i < 100000; i++) {
        ck_assert_uint_eq(((uint32_t *)items)[i], i + 1);
    }
    svcr_release(context, items, capacity * 4);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(an_array_that_cannot_grow_stays)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t capacity = 0, before;
    void *items = NULL, *kept;

    ck_assert_int_eq(svcr_array_reserve(context, &items, &capacity, 5, 8), SVCROUTE_OK);
    kept = items;
    before = capacity;
    failing_allocator_arm(&allocator, 1, true);
    ck_assert_int_eq(svcr_array_reserve(context, &items, &capacity, before + 1, 8),
                     SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_eq(items, kept);
    ck_assert_uint_eq(capacity, before);
    failing_allocator_arm(&allocator, 0, false);
    ck_assert_int_eq(svcr_array_reserve(context, &items, &capacity, SIZE_MAX / 4, 8),
                     SVCROUTE_ERR_NOMEM);
    ck_assert_uint_eq(allocator.calls, 0);
    ck_assert_uint_eq(capacity, before);
    svcr_release(context, items, capacity * 8);
    svcroute_context_unref(context);
}
END_TEST

/* A struct as a later release might have it: two members more. */
struct sample {
    uint32_t size, flags;
    uint64_t value;
    uint32_t more, most;
};

#define SAMPLE_FIRST SVCR_SIZE_UP_TO(struct sample, value)

START_TEST(structs_are_read_by_their_size)
{
    struct sample own, given = {sizeof(given), 0, 7, 8, 9};
    union {
        struct sample sample;
        uint8_t bytes[8192];
    } newer;

    ck_assert_uint_eq(SAMPLE_FIRST, 16);
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &given, SAMPLE_FIRST, 0), SVCROUTE_OK);
    ck_assert_uint_eq(own.value, 7);
    ck_assert_uint_eq(own.most, 9);

    /* An older caller: what its struct does not reach reads as zero. */
    for (uint32_t size = 16; size < sizeof(given); size++) {
        given.size = size;
        ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &given, SAMPLE_FIRST, 0), SVCROUTE_OK);
        ck_assert_uint_eq(own.value, 7);
        ck_assert_uint_eq(own.more, size > 16 ? 8 : 0);
        ck_assert_uint_eq(own.most, size > 20 ? 9 : 0);
    }
    for (uint32_t size = 0; size < 16; size++) {
        given.size = size;
        ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &given, SAMPLE_FIRST, 0),
                         SVCROUTE_ERR_STRUCT_SIZE);
    }

    /* A newer caller: zeros beyond what is known are fine, anything else is not. */
    memset(&newer, 0, sizeof(newer));
    newer.sample = (struct sample){32, 0, 7, 8, 9};
    for (size_t at = sizeof(given); at < 32; at++) {
        ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &newer, SAMPLE_FIRST, 0), SVCROUTE_OK);
        newer.bytes[at] = 1;
        ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &newer, SAMPLE_FIRST, 0),
                         SVCROUTE_ERR_STRUCT_NEW);
        newer.bytes[at] = 0;
    }
    newer.bytes[32] = 1; /* behind the struct: nobody's business */
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &newer, SAMPLE_FIRST, 0), SVCROUTE_OK);
    newer.bytes[32] = 0;
    newer.sample.size = 4096;
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &newer, SAMPLE_FIRST, 0), SVCROUTE_OK);
    newer.sample.size = 4097;
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &newer, SAMPLE_FIRST, 0),
                     SVCROUTE_ERR_STRUCT_SIZE);
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
    struct sample own, given = {sizeof(given), 5, 1, 2, 3};

    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &given, SAMPLE_FIRST, 5), SVCROUTE_OK);
    ck_assert_uint_eq(own.flags, 5);
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), &given, SAMPLE_FIRST, 4),
                     SVCROUTE_ERR_STRUCT_NEW);
    own.value = 1;
    ck_assert_int_eq(svcr_struct_read(&own, sizeof(own), NULL, SAMPLE_FIRST, 0), SVCROUTE_OK);
    ck_assert_uint_eq(own.value, 0);
}
END_TEST

START_TEST(structs_are_written_by_their_size)
{
    struct sample own = {0, 3, 7, 8, 9};
    union {
        struct sample sample;
        uint8_t bytes[64];
    } given;

    ck_assert_int_eq(svcr_struct_check(NULL, SAMPLE_FIRST), SVCROUTE_ERR_INVALID);
    memset(&given, 0xee, sizeof(given));
    given.sample.size = 15;
    ck_assert_int_eq(svcr_struct_check(&given, SAMPLE_FIRST), SVCROUTE_ERR_STRUCT_SIZE);
    given.sample.size = 4097;
    ck_assert_int_eq(svcr_struct_check(&given, SAMPLE_FIRST), SVCROUTE_ERR_STRUCT_SIZE);

    given.sample.size = 20;
    ck_assert_int_eq(svcr_struct_check(&given, SAMPLE_FIRST), SVCROUTE_OK);
    svcr_struct_write(&given, &own, sizeof(own));
    ck_assert_uint_eq(given.sample.size, 20);
    ck_assert_uint_eq(given.sample.flags, 3);
    ck_assert_uint_eq(given.sample.value, 7);
    ck_assert_uint_eq(given.sample.more, 8);
    ck_assert_uint_eq(given.sample.most, 0xeeeeeeee);

    given.sample.size = 40;
    svcr_struct_write(&given, &own, sizeof(own));
    ck_assert_uint_eq(given.sample.size, 40);
    ck_assert_uint_eq(given.sample.most, 9);
    for (size_t i = sizeof(own); i < 40; i++) {
        ck_assert_uint_eq(given.bytes[i], 0);
    }
    ck_assert_uint_eq(given.bytes[40], 0xee);
}
END_TEST

Suite *suite_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");

    tcase_add_test(tests, sizes_are_checked);
    tcase_add_test(tests, blocks_come_and_go);
    tcase_add_test(tests, arrays_grow_by_half_or_more);
    tcase_add_test(tests, an_array_that_cannot_grow_stays);
    tcase_add_test(tests, structs_are_read_by_their_size);
    tcase_add_test(tests, unknown_flags_are_refused);
    tcase_add_test(tests, structs_are_written_by_their_size);
    suite_add_tcase(suite, tests);
    return suite;
}
