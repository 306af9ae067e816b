/* The policy as resolve reads it. */
#ifndef SVCR_POLICY_H
#define SVCR_POLICY_H

#include <svcroute/policy.h>

#include "base/text.h"

/* A set of namespaces: sorted, each once. `given` false: no restriction. */
struct svcr_names {
    char **items; /* each its text and a NUL; sizes beside */
    size_t *sizes;
    size_t num, capacity, sizes_capacity;
    bool given;
};

/* Bytes that nobody is to see; overwritten before they are freed. */
struct svcr_secret {
    char *bytes;
    size_t size; /* 0: none */
};

enum { SVCR_SECRET_MIN = 16 }; /* bytes */

struct svcroute_policy {
    struct svcroute_context *context; /* referenced */
    uint32_t profile;
    uint32_t switches; /* bit n: enum svcroute_policy_switch n */
    char *ingress_class;
    size_t ingress_class_size;
    struct svcr_names cross_provider, watched;
    struct svcr_secret cookie_secret, old_cookie_secret;
};

static inline bool svcr_policy_allows(const struct svcroute_policy *policy,
                                      enum svcroute_policy_switch which)
{
    return (policy->switches >> which & 1U) != 0;
}

/* True if the set is no restriction or has the namespace. */
bool svcr_names_have(const struct svcr_names *names, svcr_text namespace_);

/* A deep copy (of nothing: a policy that denies); NULL when out of memory. */
struct svcroute_policy *svcr_policy_copy(struct svcroute_context *context,
                                         const struct svcroute_policy *policy);
bool svcr_policy_same(const struct svcroute_policy *a, const struct svcroute_policy *b);
/* True if sticky cookies have the same values under both, and the same ones are read. */
bool svcr_policy_same_cookies(const struct svcroute_policy *a, const struct svcroute_policy *b);

#endif
