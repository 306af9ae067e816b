/* Failover: statuses that send a request to the fallback, body limits, who serves (behaviour
 * section 8, failover.json). */
#ifndef SVCR_FAILOVER_H
#define SVCR_FAILOVER_H

#include "base/text.h"

struct svcr_range { /* of status codes; from > to: none */
    uint32_t from, to;
};

/* Reads an item of errors.status: a decimal number, or two with "-" between (further parts are
 * ignored). false: the service is refused. */
bool svcr_failover_read_range(svcr_text text, struct svcr_range *range);
/* True if main's answer is dropped in favour of the fallback. Interim answers, 100 and 102 to 199,
 * are not looked at; 0 is a main that ended without an answer. */
bool svcr_failover_wants_fallback(const struct svcr_range *ranges, uint32_t num, uint32_t status);

enum svcr_failover_way {
    SVCR_FAILOVER_NOBODY = 0,    /* 503 */
    SVCR_FAILOVER_MAIN = 1,      /* and its answer stays */
    SVCR_FAILOVER_EITHER = 2,    /* main, with the body kept, for its answer may be dropped */
    SVCR_FAILOVER_FALLBACK = 3,  /* without asking main */
    SVCR_FAILOVER_TOO_LARGE = 4, /* 413, before main is called */
};

/* Where a request goes. `limit`: largest body that is kept, negative: any; `body_size`: UINT64_MAX
 * if unknown, which is never too large yet. */
enum svcr_failover_way svcr_failover_decide(bool main_up, bool fallback_up, uint32_t num_ranges,
                                            int64_t limit, uint64_t body_size);

#endif
