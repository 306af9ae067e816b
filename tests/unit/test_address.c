/* IP literals, their canonical form, local addresses, host names. */
#include <check.h>
#include <string.h>

#include <svcroute/address.h>

#include "base/address.h"

static struct svcr_address parse(const char *text)
{
    struct svcr_address address;

    memset(&address, 0xee, sizeof(address));
    svcr_address_parse((svcr_text){text, strlen(text)}, &address);
    return address;
}

static void from_hex(const char *hex, uint8_t *bytes)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        unsigned high = (unsigned)(strchr("0123456789abcdef", hex[2 * i]) - "0123456789abcdef");

        bytes[i] = (uint8_t)(high << 4 | (unsigned)(strchr("0123456789abcdef", hex[2 * i + 1]) -
                                                    "0123456789abcdef"));
    }
}

static const struct {
    const char *text, *hex;
    bool canonical, local;
} literals[] = {
    {"10.0.0.1", "0a000001", true, false},
    {"255.255.255.255", "ffffffff", true, false},
    {"192.168.100.9", "c0a86409", true, false},
    {"0.0.0.0", "00000000", true, true},
    {"0.1.2.3", "00010203", true, true},
    {"127.0.0.1", "7f000001", true, true},
    {"127.255.255.254", "7ffffffe", true, true},
    {"126.255.255.255", "7effffff", true, false},
    {"128.0.0.1", "80000001", true, false},
    {"169.254.169.254", "a9fea9fe", true, true},
    {"169.253.0.1", "a9fd0001", true, false},
    {"::", "00000000000000000000000000000000", true, true},
    {"::1", "00000000000000000000000000000001", true, true},
    {"::2", "00000000000000000000000000000002", true, false},
    {"1::", "00010000000000000000000000000000", true, false},
    {"fe80::1", "fe800000000000000000000000000001", true, true},
    {"febf::1", "febf0000000000000000000000000001", true, true},
    {"fec0::1", "fec00000000000000000000000000001", true, false},
    {"fe7f::1", "fe7f0000000000000000000000000001", true, false},
    {"2001:db8::1", "20010db8000000000000000000000001", true, false},
    {"2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006", true, false},
    /* RFC 5952 4.1 to 4.3: leading zeros, what "::" stands for, lower case. */
    {"2001:0db8::1", "20010db8000000000000000000000001", false, false},
    {"2001:DB8::1", "20010db8000000000000000000000001", false, false},
    {"2001:db8:0:0:0:0:2:1", "20010db8000000000000000000020001", false, false},
    {"2001:db8::2:1", "20010db8000000000000000000020001", true, false},
    {"2001:db8::1:1:1:1:1", "20010db8000000010001000100010001", false, false},
    {"2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001", true, false},
    {"2001:0:0:1::1", "20010000000000010000000000000001", true, false},
    {"2001::1:0:0:0:1", "20010000000000010000000000000001", false, false},
    {"2001:db8::1:0:0:1", "20010db8000000000001000000000001", true, false},
    {"2001:db8:0:0:1::1", "20010db8000000000001000000000001", false, false},
    {"::1:2:3:4:5:6:7", "00000001000200030004000500060007", false, false},
    {"0:1:2:3:4:5:6:7", "00000001000200030004000500060007", true, false},
    {"1:2:3:4:5:6:7::", "00010002000300040005000600070000", false, false},
    {"0:0:0:0:0:0:0:1", "00000000000000000000000000000001", false, true},
    /* Mapped: dotted is canonical, and what is local there is local here. */
    {"::ffff:10.0.0.1", "00000000000000000000ffff0a000001", true, false},
    {"::ffff:127.0.0.1", "00000000000000000000ffff7f000001", true, true},
    {"::ffff:169.254.1.1", "00000000000000000000ffffa9fe0101", true, true},
    {"::ffff:0.0.0.0", "00000000000000000000ffff00000000", true, true},
    {"::ffff:7f00:1", "00000000000000000000ffff7f000001", false, true},
    {"::FFFF:10.0.0.1", "00000000000000000000ffff0a000001", false, false},
    {"0:0:0:0:0:ffff:127.0.0.1", "00000000000000000000ffff7f000001", false, true},
    {"::1.2.3.4", "00000000000000000000000001020304", false, false},
    {"64:ff9b::1.2.3.4", "0064ff9b000000000000000001020304", false, false},
    {"64:ff9b::102:304", "0064ff9b000000000000000001020304", true, false},
};

START_TEST(literals_are_judged)
{
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        struct svcr_address got = parse(literals[i].text);
        uint8_t bytes[16];

        from_hex(literals[i].hex, bytes);
        ck_assert_msg(got.size == strlen(literals[i].hex) / 2, "%s", literals[i].text);
        ck_assert_mem_eq(got.bytes, bytes, got.size);
        ck_assert_msg(got.canonical == literals[i].canonical, "%s", literals[i].text);
        ck_assert_msg(got.local == literals[i].local, "%s", literals[i].text);
        ck_assert_uint_eq(got.valid_name, 1);
        ck_assert_int_eq(svcroute_address_is_local(bytes, got.size), literals[i].local);
    }
    ck_assert(!svcroute_address_is_local(NULL, 4));
    ck_assert(!svcroute_address_is_local((const uint8_t[16]){127}, 5));
    ck_assert(!svcroute_address_is_local((const uint8_t[16]){127}, 0));
}
END_TEST

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define NAME_253                                                                                   \
    LABEL_63 "." LABEL_63 "." LABEL_63 "."                                                         \
             "a234567890123456789012345678901234567890123456789012345678901"

static const struct {
    const char *text;
    bool valid, canonical, local;
} names[] = {
    {"web", true, true, false},
    {"web.example.com", true, true, false},
    {"web.example.com.", true, true, false},
    {"a_b-c.EXAMPLE", true, true, false},
    {"1and1.com", true, true, false},
    {"0xyz", true, true, false},
    {"0x10.com", true, true, false},
    {"1.2.3.4.example", true, true, false},
    {LABEL_63, true, true, false},
    {LABEL_63 "4", false, true, false},
    {NAME_253, true, true, false},
    {NAME_253 ".", true, true, false},
    {NAME_253 "2", false, true, false},
    {"localhost", true, true, true},
    {"LocalHost.", true, true, true},
    {"a.b.LOCALHOST", true, true, true},
    {"a.localhost.", true, true, true},
    {"notlocalhost", true, true, false},
    {"localhost.example", true, true, false},
    {"localhost..", false, true, false},
    {"", false, true, false},
    {".", false, true, false},
    {"..", false, true, false},
    {".a", false, true, false},
    {"a..b", false, true, false},
    {"a b", false, true, false},
    {"a/b", false, true, false},
    {"a@b", false, true, false},
    {"[::1]", false, true, false},
    {"caf\xc3\xa9.example", false, true, false},
    {"a%41", false, true, false},
    /* Texts that some resolver takes for an IPv4 address. */
    {"010.0.0.1", false, false, false},
    {"10.0.0.01", false, false, false},
    {"00.0.0.0", false, false, false},
    {"127.1", false, false, false},
    {"2130706433", false, false, false},
    {"0x7f000001", false, false, false},
    {"0X7F.1", false, false, false},
    {"127.0.0.0x1", false, false, false},
    {"0x", false, false, false},
    {"10.0.0.1.", false, false, false},
    {"10.0.0.256", false, false, false},
    {"10.0.0.1000", false, false, false},
    {"10.0.0", false, false, false},
    {"10.0.0.0.1", false, false, false},
    {"1.2.3.", false, false, false},
    {"web.123", false, false, false},
    /* Zones: an address, but not one that stands for itself. */
    {"fe80::1%eth0", false, false, true},
    {"2001:db8::1%1", false, false, false},
    {"fe80::1%", false, false, true},
    /* Neither IPv6 nor a name. */
    {":", false, true, false},
    {":::", false, true, false},
    {"::1::", false, true, false},
    {"1::2::3", false, true, false},
    {"1:2:3:4:5:6:7", false, true, false},
    {"1:2:3:4:5:6:7:8:9", false, true, false},
    {"1:2:3:4:5:6:7:8::", false, true, false},
    {"::1:2:3:4:5:6:7:8", false, true, false},
    {"1:2:3:4:5:6:7:", false, true, false},
    {":1:2:3:4:5:6:7:8", false, true, false},
    {"12345::", false, true, false},
    {"g::", false, true, false},
    {"::1.2.3", false, true, false},
    {"::1.2.3.04", false, true, false},
    {"::1.2.3.4:5", false, true, false},
    {"1:2:3:4:5:6:7:1.2.3.4", false, true, false},
    {"1.2.3.4::", false, true, false},
    {"::.1.2.3", false, true, false},
    {"::ffff:1.2.3.4.", false, true, false},
    {"web:80", false, true, false},
};

START_TEST(names_are_judged)
{
    ck_assert_uint_eq(strlen(NAME_253), 253);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct svcr_address got = parse(names[i].text);

        ck_assert_msg(got.size == 0, "%s", names[i].text);
        ck_assert_msg(got.valid_name == names[i].valid, "%s: valid", names[i].text);
        ck_assert_msg(got.canonical == names[i].canonical, "%s: canonical", names[i].text);
        ck_assert_msg(got.local == names[i].local, "%s: local", names[i].text);
        for (size_t at = 0; at < 16; at++) {
            ck_assert_uint_eq(got.bytes[at], 0);
        }
    }
}
END_TEST

START_TEST(bytes_that_end_a_string_do_not_end_a_name)
{
    struct svcr_address got;

    svcr_address_parse((svcr_text){"10.0.0.1\0", 9}, &got);
    ck_assert_uint_eq(got.size, 0);
    ck_assert_uint_eq(got.valid_name, 0);
    svcr_address_parse((svcr_text){"web\0.example", 12}, &got);
    ck_assert_uint_eq(got.valid_name, 0);
    svcr_address_parse((svcr_text){"::1\0", 4}, &got);
    ck_assert_uint_eq(got.size, 0);
    svcr_address_parse((svcr_text){"10.0.0.1junk", 8}, &got);
    ck_assert_uint_eq(got.size, 4);
    svcr_address_parse(SVCR_TEXT_ABSENT, &got);
    ck_assert_uint_eq(got.size, 0);
    ck_assert_uint_eq(got.valid_name, 0);
}
END_TEST

Suite *suite_address(void)
{
    Suite *suite = suite_create("address");
    TCase *tests = tcase_create("address");

    tcase_add_test(tests, literals_are_judged);
    tcase_add_test(tests, names_are_judged);
    tcase_add_test(tests, bytes_that_end_a_string_do_not_end_a_name);
    suite_add_tcase(suite, tests);
    return suite;
}
