/* The context: options, allocator, log hook, references. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"

#include "failing_allocator.h"

START_TEST(defaults_are_the_documented_ones)
{
    struct svcroute_context *context;
    const struct svcroute_context_options *limits;

    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), SVCROUTE_OK);
    limits = &context->limits;
    ck_assert_uint_eq(limits->input_bytes, 1073741824);
    ck_assert_uint_eq(limits->nodes, 67108864);
    ck_assert_uint_eq(limits->depth, 100);
    ck_assert_uint_eq(limits->aliases, 10000);
    ck_assert_uint_eq(limits->objects, 4000000);
    ck_assert_uint_eq(limits->endpoints, 1000000);
    ck_assert_uint_eq(limits->diags, 10000);
    ck_assert_uint_eq(limits->nesting, 64);
    ck_assert_uint_ne(context->hash_seed, 0);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(options_are_taken_or_refused)
{
    struct svcroute_context *context, *other;
    struct svcroute_context_options options;

    memset(&options, 0xff, sizeof(options));
    svcroute_context_options_init(&options, sizeof(options));
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_uint_eq(options.flags, 0);
    ck_assert_uint_eq(options.nesting, 0);
    svcroute_context_options_init(NULL, sizeof(options));

    options.depth = 1000;
    options.nesting = 1000;
    options.diags = 3;
    options.hash_seed = 1;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), SVCROUTE_OK);
    ck_assert_uint_eq(context->limits.depth, 1000);
    ck_assert_uint_eq(context->limits.diags, 3);
    ck_assert_uint_eq(context->limits.aliases, 10000);
    ck_assert_int_eq(svcroute_context_new(&other, NULL, NULL, NULL), SVCROUTE_OK);
    ck_assert_uint_ne(context->hash_seed, other->hash_seed);
    svcroute_context_unref(other);
    svcroute_context_unref(context);

    options.depth = 1001;
    context = (void *)&options;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(context);
    options.depth = 0;
    options.nesting = 1001;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), SVCROUTE_ERR_INVALID);
    options.nesting = 0;
    options.flags = 1;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL), SVCROUTE_ERR_STRUCT_NEW);
    options.flags = 0;
    options.size = sizeof(options) - 1;
    ck_assert_int_eq(svcroute_context_new(&context, &options, NULL, NULL),
                     SVCROUTE_ERR_STRUCT_SIZE);
    ck_assert_int_eq(svcroute_context_new(NULL, NULL, NULL, NULL), SVCROUTE_ERR_INVALID);
}
END_TEST

START_TEST(an_allocator_must_be_whole)
{
    struct failing_allocator allocator;
    struct svcroute_context *context;

    for (int missing = 0; missing < 3; missing++) {
        failing_allocator_init(&allocator);
        if (missing == 0) {
            allocator.functions.allocate = NULL;
        } else if (missing == 1) {
            allocator.functions.resize = NULL;
        } else {
            allocator.functions.release = NULL;
        }
        ck_assert_int_eq(svcroute_context_new(&context, NULL, &allocator.functions, NULL),
                         SVCROUTE_ERR_INVALID);
        ck_assert_ptr_null(context);
    }
    failing_allocator_init(&allocator);
    allocator.functions.size = 8;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, &allocator.functions, NULL),
                     SVCROUTE_ERR_STRUCT_SIZE);
    failing_allocator_init(&allocator);
    failing_allocator_arm(&allocator, 1, true);
    ck_assert_int_eq(svcroute_context_new(&context, NULL, &allocator.functions, NULL),
                     SVCROUTE_ERR_NOMEM);
    ck_assert_ptr_null(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

START_TEST(without_an_allocator_it_is_malloc)
{
    struct svcroute_context *context;
    char *block;

    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), SVCROUTE_OK);
    block = svcr_alloc(context, 3);
    memcpy(block, "abc", 3);
    block = svcr_resize(context, block, 3, 100000);
    ck_assert_mem_eq(block, "abc", 3);
    ck_assert_ptr_null(svcr_resize(context, block, 100000, 0));
    svcr_release(context, block, 100000);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(the_last_reference_frees)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);

    ck_assert_ptr_eq(svcroute_context_ref(context), context);
    svcroute_context_unref(context);
    ck_assert_uint_gt(allocator.live, 0);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
    ck_assert_ptr_null(svcroute_context_ref(NULL));
    svcroute_context_unref(NULL);
}
END_TEST

struct last_message {
    uint32_t level;
    size_t num, size;
    char text[2048];
};

static void keep_message(void *user, uint32_t level, const char *text, size_t size)
{
    struct last_message *last = user;

    ck_assert_uint_lt(size, sizeof(last->text));
    last->num++;
    last->level = level;
    last->size = size;
    memcpy(last->text, text, size);
    last->text[size] = '\0';
}

START_TEST(messages_are_finished_lines)
{
    struct last_message last = {0};
    struct svcroute_log log = {.size = sizeof(log), .user = &last, .message = keep_message};
    struct svcroute_context *context;
    char longish[3001];

    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_OK);
    svcr_log(context, SVCROUTE_LOG_WARN, "%s is %d", "seven", 7);
    ck_assert_str_eq(last.text, "seven is 7");
    ck_assert_uint_eq(last.level, SVCROUTE_LOG_WARN);
    svcr_log(context, SVCROUTE_LOG_INFO, "not wanted");
    ck_assert_uint_eq(last.num, 1);
    svcr_log(context, SVCROUTE_LOG_ERROR, "two\nlines\x1b[0m");
    ck_assert_str_eq(last.text, "two lines [0m");

    /* Cut between characters: 1 + 2 n bytes never fill an even room. */
    for (size_t shift = 0; shift < 2; shift++) {
        for (size_t i = 0; i < 1500; i++) {
            memcpy(longish + 2 * i, "\xc3\xa9", 2);
        }
        longish[3000] = '\0';
        svcr_log(context, SVCROUTE_LOG_ERROR, "%s%s", shift ? "a" : "", longish);
        ck_assert_uint_gt(last.size, 1000);
        ck_assert_uint_le(last.size, 1024);
        ck_assert_str_eq(last.text + last.size - 5, "\xc3\xa9...");
    }
    svcroute_context_unref(context);

    log.level = SVCROUTE_LOG_DEBUG;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_OK);
    ck_assert(svcr_log_wanted(context, SVCROUTE_LOG_DEBUG));
    svcroute_context_unref(context);
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), SVCROUTE_OK);
    ck_assert(!svcr_log_wanted(context, SVCROUTE_LOG_ERROR));
    svcr_log(context, SVCROUTE_LOG_ERROR, "nobody listens");
    svcroute_context_unref(context);

    log.size--;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_ERR_STRUCT_SIZE);
    log.size++;
    log.level = SVCROUTE_LOG_DEBUG + 1;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_ERR_INVALID);
    log.level = 0;
    log.message = NULL;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_ERR_INVALID);
    log.message = keep_message;
    log.reserved = 1;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, &log), SVCROUTE_ERR_STRUCT_NEW);
}
END_TEST

Suite *suite_context(void)
{
    Suite *suite = suite_create("context");
    TCase *tests = tcase_create("context");

    tcase_add_test(tests, defaults_are_the_documented_ones);
    tcase_add_test(tests, options_are_taken_or_refused);
    tcase_add_test(tests, an_allocator_must_be_whole);
    tcase_add_test(tests, without_an_allocator_it_is_malloc);
    tcase_add_test(tests, the_last_reference_frees);
    tcase_add_test(tests, messages_are_finished_lines);
    suite_add_tcase(suite, tests);
    return suite;
}
