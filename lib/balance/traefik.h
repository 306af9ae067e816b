/* Seams of the traefik-v3 strategies: what their vectors ask about beside picks. */
#ifndef SVCR_TRAEFIK_H
#define SVCR_TRAEFIK_H

#include "balance/strategy.h"

/* The client's key of highest random weight: the host part of `host:port` or `[host]:port`; another
 * text whole. */
svcr_text svcr_traefik_hrw_key(svcr_text remote);
/* FNV-1a 64 of key, then name. */
uint64_t svcr_traefik_hrw_hash(svcr_text key, svcr_text name);
/* Score of a hash; not above 0: never picked. */
double svcr_traefik_hrw_score(uint64_t hash, int64_t weight);

/* Two draws below the number of usable children -> a child; that number is at least 2. */
uint32_t svcr_traefik_p2c_choose(const struct svcr_shape *shape, const struct svcr_choice *choice,
                                 uint32_t draw1, uint32_t draw2);
uint32_t svcr_traefik_num_usable(const struct svcr_shape *shape, const struct svcr_choice *choice);

double svcr_traefik_leasttime_score(const struct svcr_member *member);

/* Where turns stand. `place`: of the heap's array (wrr), or the index of a child (leasttime).
 * *child is set for wrr. */
double svcr_traefik_wrr_deadline(const struct svcr_scheduler *scheduler, uint32_t place,
                                 uint32_t *child);
double svcr_traefik_wrr_current(const struct svcr_scheduler *scheduler);
uint32_t svcr_traefik_wrr_num(const struct svcr_scheduler *scheduler);
double svcr_traefik_leasttime_deadline(const struct svcr_scheduler *scheduler, uint32_t child);
double svcr_traefik_leasttime_current(const struct svcr_scheduler *scheduler);

#endif
