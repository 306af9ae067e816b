/* Random numbers of one picker: xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64
 * (Steele, Lea and Flood, 2014), which never gives four zeros in a row. Bounded numbers by Lemire's
 * multiplication (2019) with rejection: no bias; more than one draw with a probability below bound
 * / 2^32, and the number of draws is capped, since a pick has to end (the bias that the cap leaves
 * is below 2^-32). */
#include "balance/strategy.h"

enum { DRAWS_MAX = 64 };

static inline uint64_t rotate(uint64_t word, int by)
{
    return (word << by) | (word >> (64 - by));
}

void svcr_random_seed(struct svcr_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        random->state[i] = z ^ (z >> 31);
    }
}

uint64_t svcr_random_next(struct svcr_random *random)
{
    uint64_t *s = random->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint32_t svcr_random_below(struct svcr_random *random, uint32_t bound)
{
    uint64_t product = (svcr_random_next(random) >> 32) * bound;

    if ((uint32_t)product < bound) {
        uint32_t reject = (uint32_t)-bound % bound;

        for (int i = 1; (uint32_t)product < reject && i < DRAWS_MAX; i++) {
            product = (svcr_random_next(random) >> 32) * bound;
        }
    }
    return (uint32_t)(product >> 32);
}
