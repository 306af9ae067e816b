/* Mirroring: which mirrors get a copy of a request.
 *
 * For request number T, counted from 1, a mirror with percentage P is due when its copies so far
 * times 100 are less than T * P. So after T requests it has ceil(T * P / 100) copies: the counts
 * never drift. Integers: with 64 bits a product can wrap only after 10^17 requests, and before that
 * both counts are halved, which keeps their proportion to within one copy. */
#include "balance/mirror.h"

enum { PERCENT = 100 };

#define REQUESTS_MAX (UINT64_MAX / PERCENT / 2)

bool svcr_mirror_percent_valid(int64_t percent)
{
    return percent >= 0 && percent <= PERCENT;
}

uint64_t svcr_mirror_count(uint64_t *counts, const int64_t *percents, uint32_t num)
{
    uint64_t due = 0;

    if (counts[0] >= REQUESTS_MAX) {
        for (uint32_t i = 0; i <= num; i++) {
            counts[i] /= 2;
        }
    }
    counts[0]++;
    for (uint32_t i = 0; i < num && i < SVCR_MIRRORS_MAX; i++) {
        if (svcr_mirror_percent_valid(percents[i]) &&
            counts[1 + i] * PERCENT < counts[0] * (uint64_t)percents[i]) {
            counts[1 + i]++;
            due |= UINT64_C(1) << i;
        }
    }
    return due;
}

int64_t svcr_mirror_limit(bool mirror_body, int64_t max_body_size)
{
    return mirror_body && max_body_size >= 0 ? max_body_size : SVCR_NO_BODY_LIMIT;
}

uint64_t svcr_mirror_fit(uint64_t due, int64_t limit, uint64_t body_size)
{
    return limit < 0 || body_size <= (uint64_t)limit ? due : 0;
}
