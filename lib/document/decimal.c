/* Decimal text and binary floating point: parsing, shortest formatting.
 *
 * The hard cases use a fixed-point decimal number wide enough for every double, in limbs of nine
 * digits. It knows two operations, multiplication and division by powers of two, and both
 * directions follow from them: a text is scaled until its whole part has 53 bits; a double is
 * scaled up to its digits. That is the "simple decimal conversion" known from several run-time
 * libraries. Only so many limbs are kept that no decision can depend on the rest: no number of 64
 * bits times a power of two comes closer than 2^-128 of itself to a decimal of 19 digits without
 * being one (D. Lemire, "Number parsing at a gigabyte per second", 2021), and each further digit of
 * a text brings it closer by one digit at most. What is cut off stays visible as "a little more".
 *
 * Most numbers have at most 15 digits and take a short way: such a decimal survives the trip
 * through a double unchanged (DBL_DIG), so its shortest text is its own, and with a small exponent
 * it is one exact operation on doubles away from its value (W. D. Clinger, "How to read floating
 * point numbers accurately", 1990). */
#include "document/decimal.h"

#include <float.h>

enum {
    LIMB = 9,   /* digits of a limb */
    WHOLE = 36, /* limbs ahead of the point: 1e309 has 35 */
    LIMBS =
        WHOLE + 210, /* behind it: 1076 places of a double's neighbour, or a text's digits scaled */
    STEP = 29,       /* bits shifted at once: 1e9 << 29 stays far from 64 bits */
    KEPT = 8,        /* limbs that suffice for a text of few digits */
    POINT = WHOLE * LIMB /* index of the first decimal place */
};

static const uint32_t limb_base = 1000000000;
static const uint32_t ten_to[LIMB] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};

/* ---- fixed point --------------------------------------------------------------------------- */

struct fixed {
    int first, last; /* limbs outside [first, last) are zero */
    int kept;        /* limbs that matter */
    uint32_t limb[LIMBS];
};

static void fixed_clear(struct fixed *x)
{
    memset(x, 0, sizeof *x);
    x->first = x->last = WHOLE;
    x->kept = KEPT;
}

/* Cuts off limbs that do not matter, and zeros on both sides. */
static void fixed_trim(struct fixed *x)
{
    while (x->first < x->last && x->limb[x->first] == 0) {
        x->first++;
    }
    int end = x->first + x->kept;
    for (int i = end; i < x->last; i++) {
        x->limb[end - 1] |= x->limb[i] != 0;
        x->limb[i] = 0;
    }
    x->last = x->last < end ? x->last : end;
    while (x->last > x->first && x->limb[x->last - 1] == 0) {
        x->last--;
    }
}

/* The digit at `index`, counted from the far left; POINT is the first one behind the point. */
static uint32_t fixed_digit(const struct fixed *x, int index)
{
    return x->limb[index / LIMB] / ten_to[LIMB - 1 - index % LIMB] % 10;
}

/* Whether anything but zeros follows from `index` on. */
static bool fixed_rest(const struct fixed *x, int index)
{
    int limb = index / LIMB;
    if (x->limb[limb] % (ten_to[LIMB - 1 - index % LIMB] * UINT64_C(10)) != 0) {
        return true;
    }
    for (limb++; limb < x->last; limb++) {
        if (x->limb[limb] != 0) {
            return true;
        }
    }
    return false;
}

/* The whole part, if it is below 1e18; else a number above 2^53. */
static uint64_t fixed_whole(const struct fixed *x)
{
    if (x->first < WHOLE - 2) {
        return UINT64_MAX;
    }
    return x->limb[WHOLE - 2] * (uint64_t)limb_base + x->limb[WHOLE - 1];
}

static void fixed_set(struct fixed *x, uint64_t value)
{
    fixed_clear(x);
    x->limb[WHOLE - 2] = (uint32_t)(value / limb_base);
    x->limb[WHOLE - 1] = (uint32_t)(value % limb_base);
    x->first = WHOLE - 2;
    fixed_trim(x);
}

static void fixed_multiply(struct fixed *x, int bits)
{
    uint64_t carry = 0;
    for (int i = x->last - 1; i >= x->first; i--) {
        uint64_t product = ((uint64_t)x->limb[i] << bits) + carry;
        x->limb[i] = (uint32_t)(product % limb_base);
        carry = product / limb_base;
    }
    if (carry > 0) {
        x->limb[--x->first] = (uint32_t)carry;
    }
    fixed_trim(x);
}

/* What falls off the far right stays visible in the last limb, as "a little more". */
static void fixed_divide(struct fixed *x, int bits)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t rest = 0;
    for (int i = x->first; i < x->last || (rest != 0 && i < LIMBS); i++) {
        uint64_t part = rest * limb_base + x->limb[i];
        x->limb[i] = (uint32_t)(part >> bits);
        rest = part & mask;
        if (i >= x->last) {
            x->last = i + 1;
        }
    }
    if (rest != 0) {
        x->limb[LIMBS - 1] |= 1;
    }
    fixed_trim(x);
}

/* Multiplies by 2^exponent. */
static void fixed_scale(struct fixed *x, int exponent)
{
    while (exponent > 0) {
        int bits = exponent < STEP ? exponent : STEP;
        fixed_multiply(x, bits);
        exponent -= bits;
    }
    while (exponent < 0) {
        int bits = exponent > -STEP ? -exponent : STEP;
        fixed_divide(x, bits);
        exponent += bits;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A text taken apart: 0.d1 d2 d3 ... times ten to `point`, d1 not 0. */
struct parts {
    bool negative;
    uint64_t head; /* the first 19 digits as one number */
    size_t num;    /* digits without zeros at either end; 0: the value is zero */
    int64_t point;
    const char *digits; /* d1, in the text; a point may lie between the digits */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *at, const char *end)
{
    const int64_t most = INT64_C(1000000000000); /* more than any text has digits */
    bool negative = at < end && *at == '-';
    if (at < end && !is_digit(*at)) {
        at++;
    }
    int64_t value = 0;
    for (; at < end; at++) {
        value = value < most ? value * 10 + (*at - '0') : value;
    }
    return negative ? -value : value;
}

static void take_apart(svcr_text text, struct parts *parts)
{
    const char *at = text.data;
    const char *end = at + text.size;
    *parts = (struct parts){.negative = text.size > 0 && *at == '-'};
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    size_t seen = 0; /* digits from d1 on */
    bool behind = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            behind = true;
            continue;
        }
        if (seen > 0 || *at != '0') {
            parts->digits = seen == 0 ? at : parts->digits;
            if (seen < 19) {
                parts->head = parts->head * 10 + (uint64_t)(*at - '0');
            }
            seen++;
            parts->num = *at != '0' ? seen : parts->num;
            parts->point += behind ? 0 : 1;
        } else if (behind) {
            parts->point--;
        }
    }
    for (size_t i = seen < 19 ? seen : 19; i > parts->num; i--) {
        parts->head /= 10;
    }
    if (at < end) {
        parts->point += read_exponent(at + 1, end);
    }
}

static void fixed_read(struct fixed *x, const struct parts *parts)
{
    fixed_clear(x);
    const char *at = parts->digits;
    int index = POINT - (int)parts->point;
    for (size_t i = 0; i < parts->num; at++) {
        if (*at == '.') {
            continue;
        }
        uint32_t digit = (uint32_t)(*at - '0');
        i++;
        if (index < LIMBS * LIMB) {
            x->limb[index / LIMB] += digit * ten_to[LIMB - 1 - index % LIMB];
            index++;
        } else if (digit != 0) {
            x->limb[LIMBS - 1] |= 1;
        }
    }
    x->first = 0;
    x->last = (index + LIMB - 1) / LIMB;
    x->kept = KEPT + (int)(parts->num < (size_t)LIMBS * 3 ? parts->num / 3 : LIMBS);
    fixed_trim(x);
}

static int bits_of(uint64_t value)
{
    return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The double nearest to x; an infinity if it is too large. */
static double fixed_round(struct fixed *x)
{
    const uint64_t low = UINT64_C(1) << (DBL_MANT_DIG - 1);
    int exponent = 0;
    uint64_t whole;
    while ((whole = fixed_whole(x)) >= 2 * low) {
        int bits = whole == UINT64_MAX ? STEP : bits_of(whole) - DBL_MANT_DIG;
        fixed_divide(x, bits);
        exponent += bits;
    }
    const int least = DBL_MIN_EXP - DBL_MANT_DIG;
    while (whole < low && exponent > least) {
        int bits = whole == 0 ? STEP : DBL_MANT_DIG - bits_of(whole);
        bits = bits < STEP ? bits : STEP;
        bits = bits < exponent - least ? bits : exponent - least;
        fixed_multiply(x, bits);
        exponent -= bits;
        whole = fixed_whole(x);
    }
    uint32_t half = fixed_digit(x, POINT);
    if (half > 5 || (half == 5 && (fixed_rest(x, POINT + 1) || whole % 2 == 1))) {
        whole++;
    }
    if (whole == 2 * low) {
        whole = low;
        exponent++;
    }
    if (whole < low) {
        return from_bits(whole);
    }
    uint64_t biased = (uint64_t)(exponent - least + 1);
    return from_bits(biased >= 2047 ? UINT64_C(2047) << 52 : biased << 52 | (whole & (low - 1)));
}

static double to_double(const struct parts *parts)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (parts->num == 0 || parts->point < -400) {
        return 0;
    }
    if (parts->point > DBL_MAX_10_EXP + 1) {
        return from_bits(UINT64_C(2047) << 52);
    }
    int exponent = (int)parts->point - (int)(parts->num < 19 ? parts->num : 19);
    if (FLT_EVAL_METHOD == 0 && parts->num <= DBL_DIG && exponent >= -22 && exponent <= 22) {
        double head = (double)parts->head;
        return exponent < 0 ? head / exact[-exponent] : head * exact[exponent];
    }
    struct fixed x;
    fixed_read(&x, parts);
    return fixed_round(&x);
}

bool svcr_decimal_parse(svcr_text text, double *value)
{
    struct parts parts;
    take_apart(text, &parts);
    double size = to_double(&parts);
    *value = parts.negative ? -size : size;
    return size <= DBL_MAX;
}

/* ---- writing ------------------------------------------------------------------------------- */

struct decimal {
    uint64_t digits; /* without zeros at the end */
    int exponent;    /* value = digits times ten to this */
};

/* The shortest decimal between the middles towards the neighbours of mantissa * 2^exponent, of
 * several the nearest; a middle itself belongs to an even mantissa. `narrow`: the lower neighbour
 * is half as far away. The idea is Steele and White's ("How to print floating-point numbers
 * accurately", 1990). */
static struct decimal shortest(uint64_t mantissa, int exponent, bool narrow)
{
    struct fixed value, low, high;
    fixed_set(&value, mantissa * 4);
    fixed_set(&low, mantissa * 4 - (narrow ? 1 : 2));
    fixed_set(&high, mantissa * 4 + 2);
    fixed_scale(&value, exponent - 2);
    fixed_scale(&low, exponent - 2);
    fixed_scale(&high, exponent - 2);
    bool even = mantissa % 2 == 0;
    int index = (high.first < value.first ? high.first : value.first) * LIMB;
    while (fixed_digit(&high, index) == 0) {
        index++;
    }
    uint64_t digits = 0, under = 0, over = 0;
    for (;; index++) {
        digits = digits * 10 + fixed_digit(&value, index);
        under = under * 10 + fixed_digit(&low, index);
        over = over * 10 + fixed_digit(&high, index);
        bool down = digits > under || (digits == under && even && !fixed_rest(&low, index + 1));
        bool up =
            digits + 1 < over || (digits + 1 == over && (even || fixed_rest(&high, index + 1)));
        if (!down && !up) {
            continue;
        }
        uint32_t next = fixed_digit(&value, index + 1);
        bool above = next > 5 || (next == 5 && (fixed_rest(&value, index + 2) || digits % 2 == 1));
        if (!down || (up && above)) {
            digits++;
        }
        break;
    }
    return (struct decimal){digits, POINT - 1 - index};
}

/* The decimal of a double, or of the 32-bit number nearest to it; value > 0 and finite there. */
static struct decimal decimal_of(double value, enum svcr_decimal_form form)
{
    if (form == SVCR_DECIMAL_KEY) {
        float single = (float)value;
        uint32_t bits;
        memcpy(&bits, &single, sizeof bits);
        uint32_t mantissa = bits & 0x7fffff;
        int biased = (int)(bits >> 23);
        return biased == 0
                   ? shortest(mantissa, -149, false)
                   : shortest(mantissa | 0x800000, biased - 150, mantissa == 0 && biased > 1);
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52);
    return biased == 0
               ? shortest(mantissa, -1074, false)
               : shortest(mantissa | UINT64_C(1) << 52, biased - 1075, mantissa == 0 && biased > 1);
}

static char *put_zeros(char *at, int num)
{
    for (; num > 0; num--) {
        *at++ = '0';
    }
    return at;
}

static char *put_digits(char *at, const char *digits, int num)
{
    memcpy(at, digits, (size_t)num);
    return at + num;
}

/* d.ddde+XX; `places`: digits that the exponent has at least. */
static char *put_scientific(char *at, const char *digits, int num, int exponent, int places)
{
    *at++ = digits[0];
    if (num > 1) {
        *at++ = '.';
        at = put_digits(at, digits + 1, num - 1);
    }
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    exponent = exponent < 0 ? -exponent : exponent;
    if (exponent >= 100) {
        *at++ = (char)('0' + exponent / 100);
    }
    if (exponent >= 10 || places == 2) {
        *at++ = (char)('0' + exponent / 10 % 10);
    }
    *at++ = (char)('0' + exponent % 10);
    return at;
}

static size_t write_decimal(struct decimal decimal, bool negative, enum svcr_decimal_form form,
                            char *out)
{
    char digits[20];
    int num = 0;
    for (uint64_t left = decimal.digits; left > 0; left /= 10) {
        num++;
    }
    uint64_t left = decimal.digits;
    for (int i = num; i > 0; left /= 10) {
        digits[--i] = (char)('0' + left % 10);
    }
    char *at = out;
    if (negative) {
        *at++ = '-';
    }
    bool key = form == SVCR_DECIMAL_KEY;
    int exponent = num + decimal.exponent - 1; /* of the first digit */
    if (exponent < (key ? -4 : -6) || exponent >= (key ? 6 : 21)) {
        at = put_scientific(at, digits, num, exponent, key ? 2 : 1);
    } else if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        at = put_zeros(at, -exponent - 1);
        at = put_digits(at, digits, num);
    } else if (decimal.exponent >= 0) {
        at = put_digits(at, digits, num);
        at = put_zeros(at, decimal.exponent);
    } else {
        at = put_digits(at, digits, exponent + 1);
        *at++ = '.';
        at = put_digits(at, digits + exponent + 1, num - exponent - 1);
    }
    return (size_t)(at - out);
}

static size_t write_constant(const char *text, bool negative, char *out)
{
    size_t size = strlen(text);
    if (negative) {
        *out++ = '-';
    }
    memcpy(out, text, size);
    return size + (negative ? 1 : 0);
}

size_t svcr_decimal_format(double value, enum svcr_decimal_form form, char out[SVCR_DECIMAL_MAX])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bool negative = bits >> 63 != 0;
    double size = negative ? -value : value;
    double zero = 0, infinity = DBL_MAX;
    if (form == SVCR_DECIMAL_KEY) {
        zero = 0x1p-150;                  /* half of the smallest 32-bit number: ties to zero */
        infinity = 0x1.fffffefffffffp127; /* below the middle between the largest and the next */
    }
    if (size <= zero) {
        return write_constant("0", negative, out);
    }
    if (size > infinity) {
        return write_constant(".inf", negative, out);
    }
    return write_decimal(decimal_of(size, form), negative, form, out);
}

size_t svcr_decimal_rewrite(svcr_text text, char out[SVCR_DECIMAL_MAX])
{
    struct parts parts;
    take_apart(text, &parts);
    if (parts.num == 0) {
        return write_constant("0", parts.negative, out);
    }
    if (parts.num <= DBL_DIG && parts.point > -300 && parts.point < 300) {
        struct decimal decimal = {parts.head, (int)parts.point - (int)parts.num};
        return write_decimal(decimal, parts.negative, SVCR_DECIMAL_JSON, out);
    }
    double value = to_double(&parts);
    if (value > DBL_MAX) {
        return 0;
    }
    return svcr_decimal_format(parts.negative ? -value : value, SVCR_DECIMAL_JSON, out);
}
