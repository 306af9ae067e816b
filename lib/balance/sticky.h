/* Who is meant by a cookie's value.
 *
 * Without a secret a value is what the reference sends: the first 16 hex digits of SHA-256 of the
 * server's URL or the child's name. Older forms of the reference are read too, in this order: the
 * plain name; FNV-1 of it, 64 bits as hex without leading zeros; FNV-1 of that text.
 *
 * With a secret a value is the first 128 bits of HMAC-SHA-256 under it, over the same name, as 32
 * lower-case hex digits. Hex, not base64: each value has one spelling only, and its length tells
 * the two forms apart. Then values under an older secret are read too, and all forms of the
 * reference if asked for, so that a fleet can change over.
 *
 * All forms are frozen: cookies outlive processes. */
#ifndef SVCR_STICKY_H
#define SVCR_STICKY_H

#include "balance/strategy.h"

enum { SVCR_STICKY_VALUE_MAX = 32 };

/* How values are made and which are read; borrowed. */
struct svcr_sticky_keys {
    svcr_text secret; /* empty: the reference's form */
    svcr_text older;  /* empty: none */
    bool unkeyed;     /* read the reference's forms although there is a secret */
};

/* From values to members; immutable, any thread. */
struct svcr_sticky;

struct svcr_sticky_hit {
    uint32_t member; /* SVCR_NOBODY: a value of nobody */
    bool renew;      /* in an older form: send it again */
};

/* Makes an index over members, which must stay as long as it does, with their names. A member of
 * weight 0 or less has no place in it; of several with the same name the first has it. `previous`
 * (NULL allowed) is an index under the same keys: old_index[i] is member i's place there, or
 * SVCR_NOBODY; its values are taken over instead of computed. SVCROUTE_ERR_NOMEM,
 * SVCROUTE_ERR_CRYPTO, SVCROUTE_ERR_LIMIT (2^28 members). */
int svcr_sticky_new(struct svcr_sticky **out, struct svcroute_context *context,
                    const struct svcr_member *members, uint32_t num,
                    const struct svcr_sticky_keys *keys, const struct svcr_sticky *previous,
                    const uint32_t *old_index);
void svcr_sticky_free(struct svcr_sticky *sticky, struct svcroute_context *context);

/* Whether the member is up is for the caller to see. Does not allocate. */
struct svcr_sticky_hit svcr_sticky_find(const struct svcr_sticky *sticky, svcr_text value);

/* A member's value in the current form; returns its size. Members without a place have one too. */
size_t svcr_sticky_value(const struct svcr_sticky *sticky, uint32_t member,
                         char out[SVCR_STICKY_VALUE_MAX]);

#endif
