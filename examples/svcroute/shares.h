/* Who got how many requests: as bars, and as JSON. */
#ifndef SVCROUTE_TOOL_SHARES_H
#define SVCROUTE_TOOL_SHARES_H

#include "drive.h"
#include "json.h"

/* What a stream's requests came to: the servers that its route or service leads to, service by
 * service, with bars. Every line is indented by so many columns. */
void shares_print(struct output *out, const struct drive *drive, const struct stream *stream,
                  size_t indentation);

/* The same as members of the map that is open. */
void shares_json(struct json *json, const struct drive *drive, const struct stream *stream);

#endif
