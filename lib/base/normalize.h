/* Names as Traefik writes them (behaviour section 2): split at every character that is neither a
 * Unicode letter nor number, join the parts with "-". */
#ifndef SVCR_NORMALIZE_H
#define SVCR_NORMALIZE_H

#include "base/text.h"

/* Adds normalize(parts joined with "-") to the buffer; equal to normalising the joined text. */
void svcr_normalize(struct svcr_buffer *buffer, const svcr_text *parts, size_t num);
/* Unicode 15.0 categories L* and N*. */
bool svcr_is_letter_or_number(uint32_t character);

#endif
