/* Matchers: their names, and what a call of one must look like. */
#ifndef SVCR_MATCHER_H
#define SVCR_MATCHER_H

#include "rule/program.h"

/* Makes a test of a call: the matcher, and key and value as they are compared; they lie in the
 * arena, or borrow from the call. What is left to do: the jumps, and the regular expression, whose
 * text is `value`. Errors: SVCROUTE_ERR_SYNTAX with `fault` filled, SVCROUTE_ERR_NOMEM. */
int svcr_matcher_read(struct svcr_arena *arena, const struct svcr_expr *call,
                      struct svcr_test *test, struct svcr_rule_fault *fault);
bool svcr_matcher_has_regex(enum svcr_matcher matcher);
/* Where byte `at` of an argument's value stands in the rule's text; the argument's beginning if
 * quotes hid or changed bytes. */
uint32_t svcr_argument_offset(const struct svcr_argument *argument, size_t at);
/* A host as rules compare it: lower case. NULL when out of memory. */
char *svcr_host_lower(struct svcr_arena *arena, svcr_text host);

#endif
