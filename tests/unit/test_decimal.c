/* Decimal text and doubles. The compiler's literals and the C library (in its own locale) are the
 * judges. */
#include <check.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "document/decimal.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double from_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static svcr_text text_of(const char *string)
{
    return (svcr_text){string, strlen(string)};
}

#define SAME(text)                                                                                 \
    {                                                                                              \
#text, text                                                                                \
    }

static const struct {
    const char *text;
    double value;
} readings[] = {
    SAME(0),
    SAME(-0.0),
    SAME(1),
    SAME(0.1),
    SAME(-123.456e3),
    SAME(123456789012345),
    SAME(1234567890123456789012345678901234567890.0),
    SAME(9007199254740991.0),
    SAME(9007199254740992.0),
    SAME(9007199254740993.0), /* ties to even */
    SAME(9007199254740995.0),
    SAME(9007199254740993.00000000000000000000000000000001), /* above the tie */
    SAME(9007199254740992.99999999999999999999999999999999),
    SAME(1e22),
    SAME(1e23), /* not exact any more */
    SAME(8.5e22),
    SAME(123456789012345e22),
    SAME(1e-22),
    SAME(1e-23),
    SAME(3.14159265358979323846264338327950288),
    SAME(1.7976931348623157e308),
    SAME(1.7976931348623158079372897140530341507993e308), /* just below the tie with infinity */
    SAME(2.2250738585072014e-308),
    SAME(2.2250738585072011e-308), /* between the largest subnormal and the smallest normal */
    SAME(2.2250738585072012e-308),
    SAME(4.9406564584124654e-324),
    SAME(2.4703282292062328e-324), /* just above half of the smallest */
    SAME(6.631236846766476e-316),
    SAME(3.2378839133029012895883524125015321748630094423e-319),
    SAME(0.000000000000000000000000000000000000000000000000000001234),
    SAME(100000000000000000000000000000000000000000000000000000.0),
    {"+1.5", 1.5},
    {".5", 0.5},
    {"-.5e1", -5},
    {"5.", 5},
    {"00012.500", 12.5},
    {"0.00", 0},
    {"0e999999999999999999999", 0},
    {"1e-999999999999999999999", 0},
    {"1E+02", 100},
    {"2.4703282292062327e-324", 0}, /* below half of the smallest: the literal is zero as well */
    {"1e-400", 0},
};

START_TEST(texts_become_the_nearest_double)
{
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        double value;

        ck_assert(svcr_decimal_parse(text_of(readings[i].text), &value));
        ck_assert_msg(bits_of(value) == bits_of(readings[i].value), "%s gives %.17g",
                      readings[i].text, value);
    }
}
END_TEST

START_TEST(beyond_the_largest_is_an_infinity)
{
    static const char *const texts[] = {"1e309", "1e400", "1.7976931348623159e308",
                                        "1797693134862315900e290", "1e999999999999999999"};
    double value;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_msg(!svcr_decimal_parse(text_of(texts[i]), &value), "%s", texts[i]);
        ck_assert(value > DBL_MAX);
    }
    ck_assert(!svcr_decimal_parse(SVCR_TEXT("-1e309"), &value));
    ck_assert(value < -DBL_MAX);
}
END_TEST

static const struct {
    double value;
    const char *json, *key;
} writings[] = {
    {0, "0", "0"},
    {-0.0, "-0", "-0"},
    {1, "1", "1"},
    {-1.5, "-1.5", "-1.5"},
    {80, "80", "80"},
    {0.1, "0.1", "0.1"},
    {0.3, "0.3", "0.3"},
    {0.1 + 0.2, "0.30000000000000004", "0.3"},
    {1.0 / 3, "0.3333333333333333", "0.33333334"},
    {2.0 / 3, "0.6666666666666666", "0.6666667"},
    {123456, "123456", "123456"},
    {1234567, "1234567", "1.234567e+06"},
    {1e20, "100000000000000000000", "1e+20"},
    {1e21, "1e+21", "1e+21"},
    {1.5e21, "1.5e+21", "1.5e+21"},
    {123456789012345680000.0, "123456789012345680000", "1.2345679e+20"},
    {9007199254740993.0, "9007199254740992", "9.007199e+15"},
    {18446744073709551616.0, "18446744073709552000", "1.8446744e+19"},
    {1e-4, "0.0001", "0.0001"},
    {1e-5, "0.00001", "1e-05"},
    {1e-6, "0.000001", "1e-06"},
    {1.25e-6, "0.00000125", "1.25e-06"},
    {1e-7, "1e-7", "1e-07"},
    {-4.1e-7, "-4.1e-7", "-4.1e-07"},
    {1e-10, "1e-10", "1e-10"},
    {3.9e-100, "3.9e-100", "0"},
    {1e100, "1e+100", ".inf"},
    {-1e100, "-1e+100", "-.inf"},
    {9.5, "9.5", "9.5"},
    {9.999999999999998, "9.999999999999998", "10"},
    {99999.99, "99999.99", "99999.99"},
    {5e-324, "5e-324", "0"},
    {-5e-324, "-5e-324", "-0"},
    {2.2250738585072014e-308, "2.2250738585072014e-308", "0"},
    {2.225073858507201e-308, "2.225073858507201e-308", "0"},
    {1.7976931348623157e308, "1.7976931348623157e+308", ".inf"},
    {0x1p-44, "5.684341886080802e-14", "5.684342e-14"}, /* a power of two: uneven neighbours */
    {0x1p-24, "5.960464477539063e-8", "5.9604645e-08"},
    {0x1p60, "1152921504606847000", "1.1529215e+18"},
    {0x1.fffffep127, "3.4028234663852886e+38", "3.4028235e+38"}, /* the largest of 32 bits */
    {0x1p-149, "1.401298464324817e-45", "1e-45"},                /* the smallest */
    {0x1p-150, "7.006492321624085e-46", "0"},
    {0x1.8p-150, "1.0509738482436128e-45", "1e-45"},
};

START_TEST(doubles_have_their_shortest_text)
{
    for (size_t i = 0; i < sizeof(writings) / sizeof(writings[0]); i++) {
        char text[SVCR_DECIMAL_MAX];
        size_t size = svcr_decimal_format(writings[i].value, SVCR_DECIMAL_JSON, text);

        ck_assert_msg(svcr_text_same((svcr_text){text, size}, text_of(writings[i].json)),
                      "%.17g as JSON: %.*s", writings[i].value, (int)size, text);
        size = svcr_decimal_format(writings[i].value, SVCR_DECIMAL_KEY, text);
        ck_assert_msg(svcr_text_same((svcr_text){text, size}, text_of(writings[i].key)),
                      "%.17g as a key: %.*s", writings[i].value, (int)size, text);
    }
}
END_TEST

static const struct {
    const char *text, *json; /* NULL: out of range */
} rewritings[] = {
    {"1e3", "1000"},
    {"+1.50", "1.5"},
    {".5", "0.5"},
    {"00.5", "0.5"},
    {"5.", "5"},
    {"0.000", "0"},
    {"-0.000", "-0"},
    {"-0e5", "-0"},
    {"100e-2", "1"},
    {"123456789012345", "123456789012345"},
    {"1234567890123456", "1234567890123456"},
    {"12345678901234567", "12345678901234568"},
    {"1e299", "1e+299"},
    {"1e308", "1e+308"},
    {"1.8e308", NULL},
    {"1e400", NULL},
    {"1e-400", "0"},
    {"-1e-400", "-0"},
    {"4e-324", "5e-324"},
    {"3.14159265358979323846", "3.141592653589793"},
    {"0.1000000000000000055511151231257827", "0.1"},
    {"0.99999999999999999999", "1"},
    {"9007199254740993.0", "9007199254740992"},
    {"1.10000000000000000000000000000000000", "1.1"},
    {"0.0000001", "1e-7"},
    {"911.224e+07", "9112240000"},
};

START_TEST(texts_are_rewritten)
{
    for (size_t i = 0; i < sizeof(rewritings) / sizeof(rewritings[0]); i++) {
        char text[SVCR_DECIMAL_MAX];
        svcr_text wanted = rewritings[i].json ? text_of(rewritings[i].json) : SVCR_TEXT("");
        size_t size = svcr_decimal_rewrite(text_of(rewritings[i].text), text);

        ck_assert_msg(svcr_text_same((svcr_text){text, size}, wanted), "%s gives %.*s",
                      rewritings[i].text, (int)size, text);
    }
}
END_TEST

static uint64_t random_state;

static uint64_t random_word(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word = random_state;
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

START_TEST(every_double_survives)
{
    random_state = 1;
    for (int i = 0; i < 20000; i++) {
        char text[SVCR_DECIMAL_MAX + 1], shorter[40];
        double value = from_bits(random_word()), back;

        if (!(value - value == 0)) {
            continue;
        }
        size_t size = svcr_decimal_format(value, SVCR_DECIMAL_JSON, text);
        text[size] = '\0';
        ck_assert(svcr_decimal_parse((svcr_text){text, size}, &back));
        ck_assert_msg(bits_of(back) == bits_of(value), "%s", text);
        ck_assert_msg(bits_of(strtod(text, NULL)) == bits_of(value), "%s", text);
        /* One digit less would be another number. */
        int digits = 0;
        for (const char *at = text; *at && *at != 'e'; at++) {
            digits += *at >= '0' && *at <= '9';
        }
        if (digits > 1 && strchr(text, 'e') != NULL) {
            snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, value);
            ck_assert_msg(bits_of(strtod(shorter, NULL)) != bits_of(value), "%s", text);
        }
    }
}
END_TEST

START_TEST(long_texts_are_read_like_the_c_library_does)
{
    random_state = 2;
    for (int i = 0; i < 5000; i++) {
        char text[2600];
        size_t num = 1 + random_word() % (i % 50 == 0 ? 2400 : 40);
        size_t at = 0;
        double value;

        for (size_t k = 0; k < num; k++) {
            if (k == (i % 4 == 0 ? 20 : num / 2)) {
                text[at++] = '.';
            }
            text[at++] = (char)('0' + random_word() % 10);
        }
        at += (size_t)sprintf(text + at, "e%d", (int)(random_word() % 700) - 350);
        svcr_decimal_parse((svcr_text){text, at}, &value);
        ck_assert_msg(bits_of(strtod(text, NULL)) == bits_of(value), "%s", text);
    }
}
END_TEST

/* Halfway between two doubles, exactly, and with one more digit far behind. */
START_TEST(ties_go_to_even)
{
    random_state = 3;
    for (int i = 0; i < 2000; i++) {
        char text[2200];
        uint64_t bits = random_word() >> 1;
        int exponent = (int)(bits >> 52);
        double value, low = from_bits(bits), high = from_bits(bits + 1);

        if (exponent == 0 || exponent > 1000) {
            continue;
        }
        int size = snprintf(text, sizeof(text), "%.1150f", low); /* exact */
        ck_assert_int_lt(size, (int)sizeof(text));
        svcr_decimal_parse((svcr_text){text, (size_t)size}, &value);
        ck_assert(bits_of(value) == bits);
        if (exponent > 53 && LDBL_MANT_DIG > DBL_MANT_DIG) {
            double middle_gap = (high - low) / 2;
            size = snprintf(text, sizeof(text), "%.1150Lf",
                            (long double)low + (long double)middle_gap);
            svcr_decimal_parse((svcr_text){text, (size_t)size}, &value);
            ck_assert(bits_of(value) == (bits % 2 == 0 ? bits : bits + 1));
            text[size] = '1';
            svcr_decimal_parse((svcr_text){text, (size_t)size + 1}, &value);
            ck_assert(bits_of(value) == bits + 1);
        }
    }
}
END_TEST

Suite *suite_decimal(void);

Suite *suite_decimal(void)
{
    Suite *suite = suite_create("decimal");
    TCase *tcase = tcase_create("decimal");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, texts_become_the_nearest_double);
    tcase_add_test(tcase, beyond_the_largest_is_an_infinity);
    tcase_add_test(tcase, doubles_have_their_shortest_text);
    tcase_add_test(tcase, texts_are_rewritten);
    tcase_add_test(tcase, every_double_survives);
    tcase_add_test(tcase, long_texts_are_read_like_the_c_library_does);
    tcase_add_test(tcase, ties_go_to_even);
    suite_add_tcase(suite, tcase);
    return suite;
}
