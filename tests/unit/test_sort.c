/* Sorting against insertion by hand: every size around the lengths of runs, few keys, stability. */
#include "resolve/sort.h"

#include "resolve_support.h"

struct item {
    uint32_t key, place;
};

static int by_key(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

static void check_sorted(size_t num, uint32_t keys, struct dice *dice)
{
    struct item *items = calloc(num + 1, sizeof(*items));
    const void **order = calloc(2 * num + 1, sizeof(*order));
    bool *seen = calloc(num + 1, sizeof(*seen));
    for (size_t i = 0; i < num; i++) {
        items[i] = (struct item){dice_roll(dice, keys), (uint32_t)i};
        order[i] = &items[i];
    }
    svcr_sort(order, order + num, num, by_key);
    for (size_t i = 0; i < num; i++) {
        const struct item *item = order[i];
        ck_assert(!seen[item->place]);
        seen[item->place] = true;
        if (i > 0) {
            const struct item *before = order[i - 1];
            ck_assert(before->key < item->key ||
                      (before->key == item->key && before->place < item->place));
        }
    }
    free(items);
    free(order);
    free(seen);
}

START_TEST(test_sizes)
{
    struct dice dice = {7};
    for (size_t num = 0; num < 140; num++) {
        check_sorted(num, 1, &dice);
        check_sorted(num, 4, &dice);
        check_sorted(num, UINT32_MAX, &dice);
    }
    check_sorted(5000, 50, &dice);
}
END_TEST

static size_t num_compared;

static int counting(const void *a, const void *b)
{
    num_compared++;
    return by_key(a, b);
}

/* Sorted, reversed, saw: n log n comparisons, whatever the input. */
START_TEST(test_no_bad_case)
{
    enum { NUM = 1 << 14 };
    struct item *items = calloc(NUM, sizeof(*items));
    const void **order = calloc(2 * NUM, sizeof(*order));
    for (uint32_t shape = 0; shape < 3; shape++) {
        for (uint32_t i = 0; i < NUM; i++) {
            items[i].key = shape == 0 ? i : shape == 1 ? NUM - i : i % 2 != 0 ? i : NUM - i;
            order[i] = &items[i];
        }
        num_compared = 0;
        svcr_sort(order, order + NUM, NUM, counting);
        ck_assert_uint_lt(num_compared, (size_t)NUM * 16);
        for (uint32_t i = 1; i < NUM; i++) {
            ck_assert_int_le(by_key(order[i - 1], order[i]), 0);
        }
    }
    free(items);
    free(order);
}
END_TEST

Suite *suite_sort(void)
{
    Suite *suite = suite_create("sort");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_sizes);
    tcase_add_test(all, test_no_bad_case);
    suite_add_tcase(suite, all);
    return suite;
}
