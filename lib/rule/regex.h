/* Regular expressions of rules: the syntax of RE2 as Go 1.26 has it, run by PCRE2 where that was
 * found at build time. */
#ifndef SVCR_REGEX_H
#define SVCR_REGEX_H

#include "base/text.h"
#include "rule/syntax.h"

struct svcr_regex;

/* Compiles. Errors: SVCROUTE_ERR_SYNTAX with `fault` filled (its offset counts in `pattern`): not
 * in the syntax of RE2, too large, or built without PCRE2; SVCROUTE_ERR_NOMEM. Takes up to 80 KiB of
 * stack. The machine code lies in memory that PCRE2 gets from the system, everything else comes
 * from the context. */
int svcr_regex_new(struct svcr_regex **out, struct svcroute_context *context, svcr_text pattern,
                   struct svcr_rule_fault *fault);
/* NULL is allowed. */
void svcr_regex_free(struct svcroute_context *context, struct svcr_regex *regex);

enum svcr_regex_answer {
    SVCR_REGEX_NO = 0,
    SVCR_REGEX_YES = 1,
    SVCR_REGEX_GAVE_UP = 2, /* a limit on steps was reached, or on size */
};
/* Whether a text holds a match, anywhere; a byte that is not UTF-8 is U+FFFD to it. Any number of
 * threads at once; allocates nothing; takes up to 48 KiB of stack. Ends after a number of steps that
 * grows with the text's size at most, and never beyond a few ten million: only an expression of
 * hundreds of characters, counted repetitions written out, can give up, and on a long text. */
enum svcr_regex_answer svcr_regex_match(const struct svcr_regex *regex, svcr_text text);
/* False in a build without PCRE2. */
bool svcr_regex_available(void);

#endif
