/* Diagnostics: registry, quoting, records, the list with its limit and its counters. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"

#include "failing_allocator.h"

static struct svcr_place place_at(uint32_t line, const char *name)
{
    return (struct svcr_place){.source = SVCR_TEXT("shop.yaml"),
                               .line = line,
                               .column = 3,
                               .kind = SVCR_TEXT("Service"),
                               .namespace_ = SVCR_TEXT("shop"),
                               .name = {name, strlen(name)},
                               .field = SVCR_TEXT("spec.ports[0].port")};
}

static void check_text(svcr_text text, const char *expected)
{
    ck_assert_uint_eq(text.size, strlen(expected));
    ck_assert_mem_eq(text.data, expected, text.size);
}

START_TEST(the_registry_is_in_order)
{
    size_t num = svcroute_diag_num_ids();
    uint32_t id, severity, last = 0;
    svcr_text name, summary, other;

    ck_assert_uint_gt(num, 60);
    for (size_t i = 0; i < num; i++) {
        ck_assert_int_eq(svcroute_diag_get_id(i, &id, &severity, &name, &summary), SVCROUTE_OK);
        ck_assert_uint_gt(id, last);
        last = id;
        ck_assert_uint_ge(severity, SVCROUTE_SEVERITY_INFO);
        ck_assert_uint_le(severity, SVCROUTE_SEVERITY_ERROR);
        ck_assert_uint_eq(svcr_diag_severity(id), severity);
        check_text(name, svcr_diag_name(id));
        ck_assert_int_eq(summary.data[summary.size - 1], '.');
        for (size_t before = 0; before < i; before++) {
            svcroute_diag_get_id(before, NULL, NULL, &other, NULL);
            ck_assert(!svcr_text_same(name, other));
        }
    }
    ck_assert_int_eq(svcroute_diag_get_id(num, &id, NULL, NULL, NULL), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(SVCR_DIAG_PORT_NOT_FOUND, 502);
    ck_assert_str_eq(svcr_diag_name(SVCR_DIAG_PORT_NOT_FOUND), "port-not-found");
    ck_assert_uint_eq(svcr_diag_severity(SVCR_DIAG_PORT_DIFFERS), SVCROUTE_SEVERITY_WARNING);
    ck_assert_uint_eq(svcr_diag_severity((enum svcr_diag_id)9999), SVCROUTE_SEVERITY_ERROR);
    ck_assert_str_eq(svcr_diag_name((enum svcr_diag_id)9999), "");
}
END_TEST

static const struct {
    const char *text, *quoted;
} quotes[] = {
    {"", "\"\""},
    {"web", "\"web\""},
    {"caf\xc3\xa9 \xe4\xb8\xad", "\"caf\xc3\xa9 \xe4\xb8\xad\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"a\nb\tc\rd\x1b[0m\x7f", "\"a\\nb\\tc\\rd\\x1b[0m\\x7f\""},
    {"a\xff"
     "b\xc3",
     "\"a\\xffb\\xc3\""},
    {"\xc2\x85", "\"\\u0085\""},             /* next line */
    {"\xe2\x80\xae", "\"\\u202e\""},         /* right to left from here on */
    {"\xef\xbb\xbf", "\"\\ufeff\""},         /* byte order mark */
    {"\xf3\xa0\x80\x81", "\"\\U000e0001\""}, /* language tag */
};

START_TEST(quoted_text_shows_what_is_there)
{
    struct svcr_quoted out;
    char longish[400];

    for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        svcr_text text = {quotes[i].text, strlen(quotes[i].text)};

        ck_assert_str_eq(svcr_quote(&out, text), quotes[i].quoted);
    }
    ck_assert_str_eq(svcr_quote(&out, (svcr_text){"a\0b", 3}), "\"a\\x00b\"");
    ck_assert_str_eq(svcr_quote(&out, SVCR_TEXT_ABSENT), "\"\"");

    /* Whatever stands at the cut, the result is whole characters, a quote, three points. */
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size;

        memset(longish, 'a', shift);
        for (size_t i = 0; i < 90; i++) {
            memcpy(longish + shift + 4 * i, "\xf0\x9f\x98\x80", 4);
        }
        svcr_quote(&out, (svcr_text){longish, shift + 360});
        size = strlen(out.text);
        ck_assert_uint_gt(size, 118);
        ck_assert_uint_lt(size, sizeof(out.text));
        ck_assert(svcr_utf8_valid(out.text, size));
        ck_assert_str_eq(out.text + size - 4, "\"...");
    }
    memset(longish, 'b', sizeof(longish));
    svcr_quote(&out, (svcr_text){longish, 122});
    ck_assert_uint_eq(strlen(out.text), 124);
    svcr_quote(&out, (svcr_text){longish, 123});
    ck_assert_str_eq(out.text + strlen(out.text) - 5, "b\"...");
    ck_assert_uint_lt(strlen(out.text), sizeof(out.text));
}
END_TEST

START_TEST(records_tell_everything)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_place place = place_at(7, "cart");
    struct svcroute_diag_info info = {.size = sizeof(info)};
    struct svcroute_diags *diags;

    ck_assert_int_eq(svcroute_diags_new(NULL, context), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_diags_new(&diags, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(diags);
    ck_assert_int_eq(svcroute_diags_new(&diags, context), SVCROUTE_OK);
    svcr_diags_add(diags, SVCR_DIAG_PORT_NOT_FOUND, 0, &place, "no port %d", 80);
    svcr_diags_add(diags, SVCR_DIAG_UNKNOWN_FIELD, SVCROUTE_SEVERITY_ERROR, NULL, "strict");
    ck_assert_uint_eq(svcroute_diags_num(diags), 2);

    ck_assert_int_eq(svcroute_diags_get(diags, 0, &info), SVCROUTE_OK);
    ck_assert_uint_eq(info.size, sizeof(info));
    ck_assert_uint_eq(info.id, 502);
    ck_assert_uint_eq(info.severity, SVCROUTE_SEVERITY_ERROR);
    ck_assert_uint_eq(info.line, 7);
    ck_assert_uint_eq(info.column, 3);
    check_text(info.id_name, "port-not-found");
    check_text(info.source, "shop.yaml");
    check_text(info.kind, "Service");
    check_text(info.namespace_, "shop");
    check_text(info.name, "cart");
    check_text(info.field, "spec.ports[0].port");
    check_text(info.text, "no port 80");

    ck_assert_int_eq(svcroute_diags_get(diags, 1, &info), SVCROUTE_OK);
    ck_assert_uint_eq(info.severity, SVCROUTE_SEVERITY_ERROR);
    ck_assert_uint_eq(info.line, 0);
    ck_assert_ptr_null(info.source.data);
    ck_assert_uint_eq(info.name.size, 0);
    check_text(info.text, "strict");

    ck_assert_int_eq(svcroute_diags_get(diags, 2, &info), SVCROUTE_ERR_NOT_FOUND);
    ck_assert_int_eq(svcroute_diags_get(diags, 0, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_diags_get(NULL, 0, &info), SVCROUTE_ERR_INVALID);
    info.size = sizeof(info) - 1;
    ck_assert_int_eq(svcroute_diags_get(diags, 0, &info), SVCROUTE_ERR_STRUCT_SIZE);

    /* The list holds its context. */
    svcroute_context_unref(context);
    ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_ERROR), 2);
    svcroute_diags_free(diags);
    svcroute_diags_free(NULL);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcroute_diag_info info = {.size = sizeof(info)};
    struct svcr_place place = place_at(1, "x");
    struct svcroute_diags *diags;
    size_t size = 1 << 20;
    char *name = malloc(size + 1);

    memset(name, 'n', size);
    name[size] = '\0';
    place.name = (svcr_text){name, size};
    ck_assert_int_eq(svcroute_diags_new(&diags, context), SVCROUTE_OK);
    svcr_diags_add(diags, SVCR_DIAG_BAD_NAME, 0, &place, "a line\nand \x1b%s", name);
    ck_assert_int_eq(svcroute_diags_get(diags, 0, &info), SVCROUTE_OK);
    ck_assert_uint_eq(info.name.size, 1024);
    ck_assert_uint_le(info.text.size, 1024);
    ck_assert_mem_eq(info.text.data, "a line and  nnn", 15);
    ck_assert_mem_eq(info.text.data + info.text.size - 4, "n...", 4);
    svcroute_diags_free(diags);
    svcroute_context_unref(context);
    free(name);
}
END_TEST

START_TEST(identical_ones_come_once)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcroute_diags *diags;
    struct svcr_place place;

    ck_assert_int_eq(svcroute_diags_new(&diags, context), SVCROUTE_OK);
    for (int round = 0; round < 3; round++) {
        for (uint32_t line = 1; line <= 1000; line++) {
            place = place_at(line, "a");
            svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
        }
        ck_assert_uint_eq(svcroute_diags_num(diags), 1000);
    }
    ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_WARNING), 1000);
    ck_assert_uint_eq(svcroute_diags_num_dropped(diags), 0);

    /* Each difference alone makes another one. */
    place = place_at(1, "a");
    svcr_diags_add(diags, SVCR_DIAG_PORT_NOT_FOUND, SVCROUTE_SEVERITY_WARNING, &place, "text");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, SVCROUTE_SEVERITY_INFO, &place, "text");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "texts");
    place.column = 4;
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    place = place_at(1, "b");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    place = place_at(1, "a");
    place.source = SVCR_TEXT("other.yaml");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    place = place_at(1, "a");
    place.field = SVCR_TEXT("spec");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    ck_assert_uint_eq(svcroute_diags_num(diags), 1007);
    /* The same bytes, divided otherwise. */
    place = place_at(1, "a");
    place.namespace_ = SVCR_TEXT("sho");
    place.name = SVCR_TEXT("pa");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    ck_assert_uint_eq(svcroute_diags_num(diags), 1008);

    svcroute_diags_clear(diags);
    ck_assert_uint_eq(svcroute_diags_num(diags), 0);
    ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_WARNING), 0);
    place = place_at(1, "a");
    svcr_diags_add(diags, SVCR_DIAG_PORT_DIFFERS, 0, &place, "text");
    ck_assert_uint_eq(svcroute_diags_num(diags), 1);
    svcroute_diags_free(diags);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

struct log_count {
    size_t num;
    char last[2048];
};

static void count_message(void *user, uint32_t level, const char *text, size_t size)
{
    struct log_count *count = user;

    (void)level;
    count->num++;
    memcpy(count->last, text, size);
    count->last[size] = '\0';
}

START_TEST(a_full_list_counts)
{
    struct svcroute_context_options options = {.size = sizeof(options), .diags = 2};
    struct log_count count = {0};
    struct svcroute_log log = {.size = sizeof(log), .user = &count, .message = count_message};

    for (int listening = 0; listening < 2; listening++) {
        struct failing_allocator allocator;
        struct svcroute_context *context;
        struct svcroute_diags *diags;

        failing_allocator_init(&allocator);
        ck_assert_int_eq(
            svcroute_context_new(&context, &options, &allocator.functions, listening ? &log : NULL),
            SVCROUTE_OK);
        ck_assert_int_eq(svcroute_diags_new(&diags, context), SVCROUTE_OK);
        for (uint32_t line = 1; line <= 5; line++) {
            struct svcr_place place = place_at(line, "cart");

            if (line == 3) {
                failing_allocator_arm(&allocator, 0, false);
            }
            svcr_diags_add(diags, SVCR_DIAG_PORT_NOT_FOUND, 0, &place, "no port");
            svcr_diags_add(diags, SVCR_DIAG_UNKNOWN_FIELD, 0, &place, "no field");
        }
        ck_assert_uint_eq(svcroute_diags_num(diags), 2);
        ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_ERROR), 5);
        ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_INFO), 5);
        ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_WARNING), 0);
        ck_assert_uint_eq(svcroute_diags_num_severity(diags, 99), 0);
        ck_assert_uint_eq(svcroute_diags_num_dropped(diags), 8);
        /* Nothing is made for a full list unless the log wants it: errors yes, infos no. */
        ck_assert_uint_eq(allocator.calls, listening ? 3 : 0);
        svcroute_diags_free(diags);
        svcroute_context_unref(context);
        ck_assert_uint_eq(allocator.live, 0);
    }
    ck_assert_uint_eq(count.num, 5);
    ck_assert_str_eq(count.last, "shop.yaml:5:3: Service shop/cart: spec.ports[0].port: no port "
                                 "[port-not-found]");
}
END_TEST

__attribute__((format(printf, 3, 4))) static struct svcr_diag *
diag_make(struct svcroute_context *context, const struct svcr_place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct svcr_diag *diag = svcr_diag_vnew(context, SVCR_DIAG_CYCLE, 0, place, format, arguments);
    va_end(arguments);
    ck_assert_ptr_nonnull(diag);
    return diag;
}

START_TEST(records_are_shared)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    struct svcr_place place = place_at(1, "a");
    struct svcroute_diags *first, *second;
    struct svcr_diag *diag = diag_make(context, &place, "round %s", "and");

    ck_assert_int_eq(svcroute_diags_new(&first, context), SVCROUTE_OK);
    ck_assert_int_eq(svcroute_diags_new(&second, context), SVCROUTE_OK);
    svcr_diags_put(NULL, diag);
    svcr_diags_put(first, diag);
    svcr_diags_put(first, diag);
    svcr_diags_put(second, diag);
    svcr_diags_add(second, SVCR_DIAG_CYCLE, 0, &place, "round and");
    svcr_diag_unref(context, svcr_diag_ref(diag));
    svcr_diag_unref(context, diag);
    svcr_diag_unref(context, NULL);
    ck_assert_uint_eq(svcroute_diags_num(first), 1);
    ck_assert_uint_eq(svcroute_diags_num(second), 1);
    svcroute_diags_free(first);
    ck_assert_uint_eq(svcroute_diags_num_severity(second, SVCROUTE_SEVERITY_ERROR), 1);
    svcroute_diags_free(second);
    svcr_diags_add(NULL, SVCR_DIAG_CYCLE, 0, &place, "nobody listens");
    svcroute_diags_clear(NULL);
    ck_assert_uint_eq(svcroute_diags_num(NULL), 0);
    svcroute_context_unref(context);
    ck_assert_uint_eq(allocator.live, 0);
}
END_TEST

/* With the n-th allocation failing, once or from then on, every diagnostic is kept or counted as
 * dropped. */
START_TEST(out_of_memory_drops_and_counts)
{
    bool after = _i;
    size_t dropped = 1;

    for (size_t n = 1; dropped > 0; n++) {
        struct failing_allocator allocator;
        struct svcroute_context *context = failing_context(&allocator);
        struct svcroute_diags *diags;

        failing_allocator_arm(&allocator, n, after);
        if (svcroute_diags_new(&diags, context) == SVCROUTE_OK) {
            for (uint32_t line = 1; line <= 40; line++) {
                struct svcr_place place = place_at(line, "a");

                svcr_diags_add(diags, SVCR_DIAG_CYCLE, 0, &place, "round");
            }
            dropped = svcroute_diags_num_dropped(diags);
            ck_assert_uint_eq(svcroute_diags_num(diags) + dropped, 40);
            ck_assert_uint_eq(svcroute_diags_num_severity(diags, SVCROUTE_SEVERITY_ERROR), 40);
            ck_assert_uint_le(dropped, after ? 40 : 1);
        } else {
            ck_assert_ptr_null(diags);
        }
        svcroute_diags_free(diags);
        svcroute_context_unref(context);
        ck_assert_uint_eq(allocator.live, 0);
    }
}
END_TEST

Suite *suite_diag(void)
{
    Suite *suite = suite_create("diag");
    TCase *tests = tcase_create("diag");

    tcase_add_test(tests, the_registry_is_in_order);
    tcase_add_test(tests, quoted_text_shows_what_is_there);
    tcase_add_test(tests, records_tell_everything);
    tcase_add_test(tests, long_texts_are_cut);
    tcase_add_test(tests, identical_ones_come_once);
    tcase_add_test(tests, a_full_list_counts);
    tcase_add_test(tests, records_are_shared);
    tcase_add_loop_test(tests, out_of_memory_drops_and_counts, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
