/* The path of a health check as a reference of RFC 3986: read, resolved, encoded. */
#ifndef SVCR_PROBE_PATH_H
#define SVCR_PROBE_PATH_H

#include "base/text.h"

/* Adds the request target and, behind it, the fragment with its "#"; `target` gets the size of the
 * former, `has_path` whether a path was given (otherwise the target's "/" is no part of the URL).
 * False, if it is no reference or has a scheme or a host. */
bool svcr_probe_path_add(struct svcr_buffer *buffer, svcr_text path, size_t *target,
                         bool *has_path);

#endif
