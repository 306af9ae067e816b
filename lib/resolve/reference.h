/* References: one function judges all of them (design section 6, behaviour section 3). */
#ifndef SVCR_REFERENCE_H
#define SVCR_REFERENCE_H

#include "base/diag.h"
#include "resolve/policy.h"

enum svcr_reference_sort {
    SVCR_REFERENCE_SERVICE = 1,     /* kind Service */
    SVCR_REFERENCE_TRAEFIK_SERVICE, /* kind TraefikService */
    SVCR_REFERENCE_OBJECT, /* a middleware, servers transport or TLS option: known by name only */
    SVCR_REFERENCE_PARENT, /* a parentRef */
};

struct svcr_question {
    enum svcr_reference_sort sort;
    svcr_text asked;      /* namespace that must have the right */
    svcr_text home;       /* namespace of plain names without one of their own */
    svcr_text name;       /* as written */
    svcr_text namespace_; /* as written; empty = none */
};

struct svcr_answer {
    uint32_t refused;       /* enum svcr_diag_id; 0: allowed */
    bool provider;          /* the name has an "@" */
    bool local;             /* of provider kubernetescrd */
    bool namespace_ignored; /* a namespace was written beside another provider's name */
    svcr_text
        namespace_; /* where the name leads; of a local provider's name: as written, may be empty */
    svcr_text name; /* with provider: what stands before the last "@" */
    svcr_text suffix; /* "@" and the provider */
};

/* Says where a reference leads and whether it may. */
struct svcr_answer svcr_reference_judge(const struct svcroute_policy *policy,
                                        const struct svcr_question *question);

/* Adds the full name of what an answer leads to (behaviour section 3); `port`: as the reference
 * wrote it, empty = none. */
void svcr_reference_name(struct svcr_buffer *buffer, enum svcr_reference_sort sort,
                         const struct svcr_answer *answer, svcr_text port);

/* Sentence with the way out, for a refusal. */
const char *svcr_reference_remedy(uint32_t refused);

#endif
