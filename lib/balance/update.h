/* Installing a table into a balancer. */
#ifndef SVCR_UPDATE_H
#define SVCR_UPDATE_H

#include "balance/core.h"

/* 0, or an error with everything as before; balancer->now is the time. */
int svcr_update(struct svcroute_balancer *balancer, struct svcroute_table *table);

#endif
