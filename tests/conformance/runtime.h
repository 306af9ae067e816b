/* The run-time vectors: one judge per vector file, and what the judges share.
 *
 * A judge gets one case and calls runner_pass() or runner_fail() exactly once. `name` is
 * `<file>/<id or number>`. A kind that a judge does not know is a failure. */
#ifndef CONFORMANCE_RUNTIME_H
#define CONFORMANCE_RUNTIME_H

#include "base/text.h"

#include "runner.h"

typedef void runtime_judge(struct runner *runner, struct svcroute_context *context,
                           const struct svcroute_node *case_, const char *name);

runtime_judge runtime_wrr, runtime_hrw, runtime_p2c, runtime_leasttime;
runtime_judge runtime_sticky, runtime_health;
runtime_judge runtime_mirror, runtime_failover, runtime_tree, runtime_names;
runtime_judge runtime_rules, runtime_paths;

/* The entry of a map; NULL if there is none. */
const struct svcroute_node *runtime_find(const struct svcroute_node *map, const char *key);
/* The text of an entry; absent if there is none or it is no string. */
svcr_text runtime_text(const struct svcroute_node *map, const char *key);
/* The integer of an entry; `otherwise` if it is absent, null or no integer. */
int64_t runtime_integer(const struct svcroute_node *map, const char *key, int64_t otherwise);
/* An integer that is not 0 (the files write booleans as 0 and 1). */
bool runtime_flag(const struct svcroute_node *map, const char *key);
/* A double written as text with 17 digits (or as a number); NaN if absent. */
double runtime_double(const struct svcroute_node *map, const char *key);
/* The bytes of entry `key`, or of `key`_hex where they are not UTF-8, added to `buffer`; absent if
 * there is neither. The text is valid until the buffer changes. */
svcr_text runtime_bytes(const struct svcroute_node *map, const char *key,
                        struct svcr_buffer *buffer);
/* True if the entry is this string. */
bool runtime_is(const struct svcroute_node *map, const char *key, const char *text);

#endif
