/* SHA-256 and SHA-1 against the examples of FIPS 180, HMAC against those of RFC 4231. */
#include <check.h>
#include <openssl/err.h>
#include <string.h>

#include "base/digest.h"

#include "failing_allocator.h"

static void check_hex(const uint8_t *digest, size_t size, const char *expected)
{
    char hex[65];

    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[2 * size] = '\0';
    ck_assert_str_eq(hex, expected);
}

static const struct {
    const char *text, *sha256, *sha1;
} rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
};

START_TEST(digests_are_the_published_ones)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    uint8_t digest[32];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i].text);

        ck_assert_int_eq(svcr_sha256(context, rows[i].text, size, digest), SVCROUTE_OK);
        check_hex(digest, 32, rows[i].sha256);
        ck_assert_int_eq(svcr_sha1(context, rows[i].text, size, digest), SVCROUTE_OK);
        check_hex(digest, 20, rows[i].sha1);
    }
    ck_assert_int_eq(svcr_sha256(context, NULL, 0, digest), SVCROUTE_OK);
    check_hex(digest, 32, rows[0].sha256);
    svcroute_context_unref(context);
}
END_TEST

START_TEST(hmac_is_the_published_one)
{
    struct failing_allocator allocator;
    struct svcroute_context *context = failing_context(&allocator);
    uint8_t key[131], digest[32];

    memset(key, 0x0b, 20);
    ck_assert_int_eq(svcr_hmac_sha256(context, key, 20, "Hi There", 8, digest), SVCROUTE_OK);
    check_hex(digest, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    ck_assert_int_eq(
        svcr_hmac_sha256(context, "Jefe", 4, "what do ya want for nothing?", 28, digest),
        SVCROUTE_OK);
    check_hex(digest, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    ck_assert_int_eq(svcr_hmac_sha256(context, key, sizeof(key),
                                      "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                                      digest),
                     SVCROUTE_OK);
    check_hex(digest, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    ck_assert_int_eq(svcr_hmac_sha256(context, "0123456789abcdef", 16, NULL, 0, digest),
                     SVCROUTE_OK);
    check_hex(digest, 16, "496dc93fa2d26eae500ec0bc37a12270"); /* by Python's hmac */
    svcroute_context_unref(context);
}
END_TEST

START_TEST(the_error_queue_stays_the_hosts)
{
    struct failing_allocator allocator;
    struct svcroute_context *context;
    uint8_t digest[32];

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    context = failing_context(&allocator);
    ck_assert_int_eq(svcr_sha256(context, "abc", 3, digest), SVCROUTE_OK);
    /* Nor does a mark stay behind on what the host has noted since its own. */
    ERR_set_mark();
    ERR_raise(ERR_LIB_USER, 78);
    ck_assert_int_eq(svcr_sha1(context, "abc", 3, digest), SVCROUTE_OK);
    ck_assert_int_eq(svcr_hmac_sha256(context, "key", 3, "abc", 3, digest), SVCROUTE_OK);
    ERR_pop_to_mark();
    svcroute_context_unref(context);
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 77);
    ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

Suite *suite_digest(void)
{
    Suite *suite = suite_create("digest");
    TCase *tests = tcase_create("digest");

    tcase_add_test(tests, digests_are_the_published_ones);
    tcase_add_test(tests, hmac_is_the_published_one);
    tcase_add_test(tests, the_error_queue_stays_the_hosts);
    suite_add_tcase(suite, tests);
    return suite;
}
