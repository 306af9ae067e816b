/* The frozen parts of highest random weight in the default profile, for whoever checks them. */
#ifndef SVCR_HRW_H
#define SVCR_HRW_H

#include "balance/strategy.h"

/* The number that a child draws: from the hash of its name and the key of the request. */
uint64_t svcr_hrw_draw(svcr_text key, uint64_t name_hash);
/* -log2((draw + 1) / 2^64) in 2^-57, rounded up. */
uint64_t svcr_hrw_cost(uint64_t draw);

#endif
