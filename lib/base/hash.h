/* Hashing: one seeded 64-bit hash for all tables (rapid, well mixed, not for passwords). */
#ifndef SVCR_HASH_H
#define SVCR_HASH_H

#include <stddef.h>
#include <stdint.h>

/* wyhash-like construction by 64x64->128 multiplication; the same value on every platform. */
uint64_t svcr_hash(uint64_t seed, const void *data, size_t size);
/* Mixes two words. */
uint64_t svcr_hash_mix(uint64_t a, uint64_t b);

#endif
