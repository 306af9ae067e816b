/* Mirroring: which mirrors get a copy of a request (behaviour section 8, mirror.json; both
 * profiles). */
#ifndef SVCR_MIRROR_H
#define SVCR_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SVCR_MIRRORS_MAX = 64,   /* on one path */
    SVCR_NO_BODY_LIMIT = -1, /* of a mirror's body, or one that a failover keeps */
};

/* A mirroring with another percentage is refused. */
bool svcr_mirror_percent_valid(int64_t percent);
/* Counts one request: counts[0] are the requests so far, counts[1 + i] the copies of mirror i.
 * Returns a bit for each of at most SVCR_MIRRORS_MAX mirrors that is due. The counts move whatever
 * becomes of the copies. */
uint64_t svcr_mirror_count(uint64_t *counts, const int64_t *percents, uint32_t num);
/* Largest body that may be copied; SVCR_NO_BODY_LIMIT if `max_body_size` is negative, or bodies are
 * not copied. */
int64_t svcr_mirror_limit(bool mirror_body, int64_t max_body_size);
/* Which of the due copies are sent once the size of the body is known: all or none. */
uint64_t svcr_mirror_fit(uint64_t due, int64_t limit, uint64_t body_size);

#endif
