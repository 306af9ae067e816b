/* Products of 64 by 64 bits. */
#ifndef SVCR_WIDE_H
#define SVCR_WIDE_H

#include <stdbool.h>
#include <stdint.h>

struct svcr_wide {
    uint64_t high, low;
};

static inline struct svcr_wide svcr_wide_multiply(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (struct svcr_wide){(uint64_t)(product >> 64), (uint64_t)product};
#else
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low, high = a_high * b_high;
    uint64_t cross = a_high * b_low + (low >> 32); /* at most (2^32-1)^2 + 2^32-1: fits */
    uint64_t other = a_low * b_high + (uint32_t)cross;

    return (struct svcr_wide){high + (cross >> 32) + (other >> 32), (other << 32) | (uint32_t)low};
#endif
}

static inline bool svcr_wide_below(struct svcr_wide a, struct svcr_wide b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 word; /* compares without a branch */

    return ((word)a.high << 64 | a.low) < ((word)b.high << 64 | b.low);
#else
    return a.high != b.high ? a.high < b.high : a.low < b.low;
#endif
}

#endif
