/* Bytes that live as long as somebody points into them: a reader's input, the name of a document's
 * source. */
#ifndef SVCR_BYTES_H
#define SVCR_BYTES_H

#include "base/refs.h"
#include "base/text.h"

struct svcr_bytes {
    svcr_refs refs;
    size_t total; /* of this block */
    svcr_text source, text;
    char data[];
};

/* Copies both texts; NULL when out of memory. */
struct svcr_bytes *svcr_bytes_new(struct svcroute_context *context, svcr_text source,
                                  svcr_text text);
struct svcr_bytes *svcr_bytes_ref(struct svcr_bytes *bytes);
/* NULL is allowed. */
void svcr_bytes_unref(struct svcroute_context *context, struct svcr_bytes *bytes);

#endif
