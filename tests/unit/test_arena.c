/* The arena: alignment, contents, reuse, failure. */
#include <check.h>
#include <string.h>

#include "base/arena.h"

#include "failing_allocator.h"

START_TEST(blocks_are_aligned_and_apart)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;
    unsigned char *blocks[3000];

    svcr_arena_init(&arena, context);
    for (size_t i = 0; i < 3000; i++) {
        size_t size = i * 7 % 300;

        blocks[i] = svcr_arena_alloc(&arena, size);
        ck_assert_ptr_nonnull(blocks[i]);
        /* The test's own allocator puts a head of 16 bytes ahead, so this holds where malloc()
         * does. */
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 3000; i++) {
        for (size_t at = 0; at < i * 7 % 300; at++) {
            ck_assert_uint_eq(blocks[i][at], i % 251);
        }
    }
    /* 450 KB in chunks that double: few of them. */
    ck_assert_uint_lt(allocator.calls, 20);
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

START_TEST(large_blocks_leave_the_current_chunk_in_use)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;
    char *small, *large, *next;

    svcr_arena_init(&arena, context);
    small = svcr_arena_copy(&arena, "small", 5);
    large = svcr_arena_alloc(&arena, 5000000);
    memset(large, 'x', 5000000);
    next = svcr_arena_copy(&arena, "next", 4);
    ck_assert_ptr_eq(next, small + 5);
    ck_assert_mem_eq(small, "smallnext", 9);
    ck_assert_int_eq(large[4999999], 'x');
    /* With older chunks behind the newest none of them gets lost. */
    for (size_t i = 0; i < 10; i++) {
        ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 800));
    }
    ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 3000000));
    ck_assert_ptr_null(svcr_arena_alloc(&arena, SIZE_MAX - 8));
    ck_assert_ptr_null(svcr_arena_zalloc(&arena, SIZE_MAX / 2, 3));
    svcr_arena_clear(&arena);

    /* As the very first block too. */
    large = svcr_arena_alloc(&arena, 100000);
    memset(large, 'y', 100000);
    ck_assert_ptr_nonnull(svcr_arena_copy(&arena, "z", 1));
    ck_assert_int_eq(large[99999], 'y');
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

START_TEST(empty_texts_have_a_place)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;
    char *zeros;

    svcr_arena_init(&arena, context);
    ck_assert_ptr_nonnull(svcr_arena_copy(&arena, NULL, 0));
    ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 0));
    svcr_arena_copy(&arena, "abc", 3);
    zeros = svcr_arena_zalloc(&arena, 10, 30);
    for (size_t i = 0; i < 300; i++) {
        ck_assert_int_eq(zeros[i], 0);
    }
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(a_reset_keeps_the_largest_chunk)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    size_t before = allocator.live;
    struct svcr_arena arena;

    svcr_arena_init(&arena, context);
    svcr_arena_reset(&arena);
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 500));
    }
    ck_assert_uint_gt(allocator.live, before + 1);
    svcr_arena_reset(&arena);
    ck_assert_uint_eq(allocator.live, before + 1);
    failing_allocator_arm(&allocator, 1, true);
    for (size_t i = 0; i < 400; i++) {
        ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 500));
    }
    failing_allocator_arm(&allocator, 0, false);
    /* Also when the largest one stands behind a smaller. */
    ck_assert_ptr_nonnull(svcr_arena_alloc(&arena, 9000000));
    svcr_arena_reset(&arena);
    ck_assert_uint_eq(allocator.live, before + 1);
    ck_assert_uint_gt(allocator.live_bytes, 9000000);
    svcr_arena_clear(&arena);
    ck_assert_uint_eq(allocator.live, before);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(out_of_memory_leaves_it_usable)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_arena arena;
    char *kept;

    svcr_arena_init(&arena, context);
    failing_allocator_arm(&allocator, 1, true);
    ck_assert_ptr_null(svcr_arena_alloc(&arena, 1));
    ck_assert_ptr_null(svcr_arena_copy(&arena, "a", 1));
    failing_allocator_arm(&allocator, 2, true);
    kept = svcr_arena_copy(&arena, "kept", 4);
    ck_assert_ptr_null(svcr_arena_alloc(&arena, 1024));
    ck_assert_ptr_null(svcr_arena_zalloc(&arena, 2, 100000));
    ck_assert_mem_eq(svcr_arena_copy(&arena, "more", 4), "more", 4);
    ck_assert_mem_eq(kept, "keptmore", 8);
    svcr_arena_clear(&arena);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

Suite *suite_arena(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");

    tcase_add_test(tests, blocks_are_aligned_and_apart);
    tcase_add_test(tests, large_blocks_leave_the_current_chunk_in_use);
    tcase_add_test(tests, empty_texts_have_a_place);
    tcase_add_test(tests, a_reset_keeps_the_largest_chunk);
    tcase_add_test(tests, out_of_memory_leaves_it_usable);
    suite_add_tcase(suite, tests);
    return suite;
}
