/* Hashing for tables: 16 bytes a step, each step one 64x64->128 multiplication whose halves are
 * folded.
 *
 * The folded multiplication is the idea of wyhash and its kin (Wang Yi, 2019). Both factors of
 * every multiplication carry part of the seed, so whoever does not know the seed cannot choose
 * words that make a factor zero and thus the other one ineffective. Words are read as little
 * endian: one value on all platforms. */
#include "base/hash.h"

#include <string.h>

/* Odd, about half of the bits set, no pattern: digits of the square roots of 2, 3 and 5. */
#define KEY_A UINT64_C(0x6a09e667f3bcc909)
#define KEY_B UINT64_C(0xbb67ae8584caa73b)
#define KEY_C UINT64_C(0x3c6ef372fe94f82b)

static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low, high = a_high * b_high;
    uint64_t cross = a_high * b_low + (low >> 32); /* at most (2^32-1)^2 + 2^32-1: fits */
    uint64_t other = a_low * b_high + (uint32_t)cross;

    return ((other << 32) | (uint32_t)low) ^ (high + (cross >> 32) + (other >> 32));
#endif
}

static inline uint64_t read_8(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t read_4(const unsigned char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* Three independent chains, so that the multiplications of long keys overlap in time. */
static uint64_t hash_long(const unsigned char **data, size_t *size, uint64_t key, uint64_t state)
{
    const unsigned char *p = *data;
    size_t left = *size;
    uint64_t second = state ^ KEY_B, third = state ^ KEY_C;

    do {
        state = fold(read_8(p) ^ key, read_8(p + 8) ^ state);
        second = fold(read_8(p + 16) ^ key, read_8(p + 24) ^ second);
        third = fold(read_8(p + 32) ^ key, read_8(p + 40) ^ third);
        p += 48;
        left -= 48;
    } while (left > 48);
    *data = p;
    *size = left;
    return state ^ second ^ third;
}

uint64_t svcr_hash(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *p = data;
    uint64_t key = ((seed << 32) | (seed >> 32)) ^ KEY_A, state = seed ^ KEY_B, a, b;
    size_t left = size;

    if (size > 16) {
        if (left > 48) {
            state = hash_long(&p, &left, key, state);
        }
        while (left > 16) {
            state = fold(read_8(p) ^ key, read_8(p + 8) ^ state);
            p += 16;
            left -= 16;
        }
        /* The last 16 bytes of the key; they may overlap what was read before. */
        a = read_8(p + left - 16);
        b = read_8(p + left - 8);
    } else if (size >= 8) {
        a = read_8(p);
        b = read_8(p + size - 8);
    } else if (size >= 4) {
        a = read_4(p);
        b = read_4(p + size - 4);
    } else if (size > 0) {
        a = ((uint64_t)p[0] << 16) | ((uint64_t)p[size >> 1] << 8) | p[size - 1];
        b = 0;
    } else {
        a = b = 0;
    }
    return fold(fold(a ^ key, b ^ state) ^ KEY_C, key ^ (uint64_t)size);
}

uint64_t svcr_hash_mix(uint64_t a, uint64_t b)
{
    return fold(a ^ KEY_A, b ^ KEY_B);
}
