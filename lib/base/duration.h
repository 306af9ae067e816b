/* Durations as the reference reads them (behaviour section 7): digits with or without a sign are
 * seconds, else Go's duration text. */
#ifndef SVCR_DURATION_H
#define SVCR_DURATION_H

#include "base/text.h"

enum svcr_duration_result {
    SVCR_DURATION_OK = 0,
    SVCR_DURATION_BAD = 1,      /* no duration */
    SVCR_DURATION_OVERFLOW = 2, /* does not fit (for seconds with `wrap` false) */
};

/* `wrap`: seconds that overflow 64 bits of nanoseconds wrap around silently, as the reference does
 * (profile traefik-v3); otherwise SVCR_DURATION_OVERFLOW. */
enum svcr_duration_result svcr_duration_parse(svcr_text text, bool wrap, int64_t *nanoseconds);
/* An integer of seconds, the same rule. */
enum svcr_duration_result svcr_duration_seconds(int64_t seconds, bool wrap, int64_t *nanoseconds);

#define SVCR_DURATION_TEXT_MAX 40
/* Go's canonical text ("1m0.5s", "100ms", "0s"); returns its size. */
size_t svcr_duration_format(int64_t nanoseconds, char out[SVCR_DURATION_TEXT_MAX]);

#endif
