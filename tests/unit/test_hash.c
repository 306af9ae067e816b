/* The hash of the tables: spread, seed, every byte counts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

START_TEST(every_byte_and_the_size_count)
{
    unsigned char key[300];

    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (unsigned char)(i * 37);
    }
    for (size_t size = 0; size < sizeof(key); size++) {
        uint64_t hash = svcr_hash(1, key, size);

        ck_assert_uint_eq(hash, svcr_hash(1, key, size));
        ck_assert_uint_ne(hash, svcr_hash(2, key, size));
        for (size_t at = 0; at < size; at++) {
            key[at] ^= 1;
            ck_assert_uint_ne(hash, svcr_hash(1, key, size));
            key[at] ^= 1;
        }
        if (size > 0) {
            ck_assert_uint_ne(hash, svcr_hash(1, key, size - 1));
        }
    }
}
END_TEST

START_TEST(zeros_of_any_size_differ)
{
    static const unsigned char zeros[200];
    uint64_t seen[200];

    for (size_t size = 0; size < 200; size++) {
        seen[size] = svcr_hash(0, zeros, size);
        for (size_t before = 0; before < size; before++) {
            ck_assert_uint_ne(seen[size], seen[before]);
        }
    }
    ck_assert_uint_eq(svcr_hash(5, NULL, 0), svcr_hash(5, zeros, 0));
}
END_TEST

/* Names that differ in a counter fill the buckets of a table as chance would: for n keys in n
 * buckets the fullest has about ln n / ln ln n; far more means that low bits do not depend on all
 * of the key. */
START_TEST(counted_names_spread)
{
    enum { NUM = 65536 };
    static unsigned char low[NUM], high[NUM];
    unsigned most_low = 0, most_high = 0;

    for (unsigned i = 0; i < NUM; i++) {
        char name[64];
        int size = snprintf(name, sizeof(name), "team-%u/service-%u-http", i % 100, i);
        uint64_t hash = svcr_hash(42, name, (size_t)size);
        unsigned in_low = ++low[hash % NUM], in_high = ++high[hash >> 48];

        most_low = in_low > most_low ? in_low : most_low;
        most_high = in_high > most_high ? in_high : most_high;
    }
    ck_assert_uint_le(most_low, 12);
    ck_assert_uint_le(most_high, 12);
}
END_TEST

START_TEST(one_bit_changes_half_of_the_hash)
{
    for (size_t size = 1; size <= 64; size++) {
        unsigned char key[64] = {0};
        unsigned long changed = 0;

        for (size_t bit = 0; bit < size * 8; bit++) {
            uint64_t before = svcr_hash(9, key, size), difference;

            key[bit / 8] = (unsigned char)(1u << bit % 8);
            difference = before ^ svcr_hash(9, key, size);
            key[bit / 8] = 0;
            ck_assert_int_ge(__builtin_popcountll(difference), 8);
            changed += (unsigned long)__builtin_popcountll(difference);
        }
        ck_assert_uint_gt(changed, size * 8 * 28);
        ck_assert_uint_lt(changed, size * 8 * 36);
    }
}
END_TEST

/* What the construction says for a key of 8 bytes, worked out by 64x64->128 multiplication in
 * schoolbook form: the value must be the same on every platform. */
static uint64_t schoolbook_fold(uint64_t a, uint64_t b)
{
    uint64_t low = 0, high = 0;

    for (unsigned bit = 0; bit < 64; bit++) {
        if (b >> bit & 1) {
            uint64_t addend = a << bit;

            high += (bit ? a >> (64 - bit) : 0) + (low + addend < low);
            low += addend;
        }
    }
    return low ^ high;
}

START_TEST(the_value_is_fixed)
{
    const uint64_t a = UINT64_C(0x6a09e667f3bcc909), b = UINT64_C(0xbb67ae8584caa73b),
                   c = UINT64_C(0x3c6ef372fe94f82b);
    const uint64_t seed = UINT64_C(0x0123456789abcdef), turned = UINT64_C(0x89abcdef01234567);
    const uint64_t word = UINT64_C(0x3837363534333231); /* "12345678", little endian */
    uint64_t inner = schoolbook_fold(word ^ turned ^ a, word ^ seed ^ b);

    ck_assert_uint_eq(svcr_hash(seed, "12345678", 8), schoolbook_fold(inner ^ c, turned ^ a ^ 8));
    ck_assert_uint_eq(svcr_hash_mix(3, 5), schoolbook_fold(3 ^ a, 5 ^ b));
    ck_assert_uint_ne(svcr_hash_mix(3, 5), svcr_hash_mix(5, 3));
}
END_TEST

Suite *suite_hash(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hash");

    tcase_add_test(tests, every_byte_and_the_size_count);
    tcase_add_test(tests, zeros_of_any_size_differ);
    tcase_add_test(tests, counted_names_spread);
    tcase_add_test(tests, one_bit_changes_half_of_the_hash);
    tcase_add_test(tests, the_value_is_fixed);
    suite_add_tcase(suite, tests);
    return suite;
}
