/* Regular expressions without backtracking: a machine that is in many states at once and reads each
 * character of the text once. It answers where PCRE2 would take too long, or cannot go. */
#ifndef SVCR_REGEX_AUTOMATON_H
#define SVCR_REGEX_AUTOMATON_H

#include "rule/regex.h"
#include "rule/regex_tree.h"

/* Instructions; counted repetitions are written out. */
enum { SVCR_AUTOMATON_MAX = 4096 };
/* Steps of one match: some instructions for each character. */
enum { SVCR_AUTOMATON_STEPS_MAX = 1 << 24 };

struct svcr_automaton;

/* *out is NULL with SVCROUTE_OK if it would be larger than SVCR_AUTOMATON_MAX. Error:
 * SVCROUTE_ERR_NOMEM. */
int svcr_automaton_new(struct svcr_automaton **out, struct svcroute_context *context,
                       struct svcr_regex_node *root);
void svcr_automaton_free(struct svcroute_context *context, struct svcr_automaton *automaton);

/* Whether a match can begin at the text's begin only. */
bool svcr_automaton_anchored(const struct svcr_automaton *automaton);
/* Whether most texts have few places where one can begin. */
bool svcr_automaton_selective(const struct svcr_automaton *automaton);
/* Where a match can begin at the earliest, from *at on; false: nowhere. */
bool svcr_automaton_seek(const struct svcr_automaton *automaton, svcr_text text, size_t *at);
/* Whether a text holds a match. A byte that is not UTF-8 is U+FFFD, as Go has it. Gives up after
 * SVCR_AUTOMATON_STEPS_MAX. Uses 40 KiB of stack, and no other memory. */
enum svcr_regex_answer svcr_automaton_match(const struct svcr_automaton *automaton, svcr_text text);

#endif
