/**
 * @file
 * All public headers at once.
 */
#ifndef SVCROUTE_SVCROUTE_H
#define SVCROUTE_SVCROUTE_H

#include <svcroute/address.h>
#include <svcroute/api.h>
#include <svcroute/balancer.h>
#include <svcroute/context.h>
#include <svcroute/diag.h>
#include <svcroute/document.h>
#include <svcroute/error.h>
#include <svcroute/match.h>
#include <svcroute/picker.h>
#include <svcroute/policy.h>
#include <svcroute/store.h>
#include <svcroute/table.h>
#include <svcroute/version.h>

#endif
