/* What can be said of rules without a request: that one matches always or never, or only where
 * another does. For warnings: "yes" is proved, "no" may mean that it was too much to look at. */
#ifndef SVCR_LOGIC_H
#define SVCR_LOGIC_H

#include "rule/program.h"

bool svcr_program_always(const struct svcr_program *program);
bool svcr_program_never(const struct svcr_program *program);
/* Every request that `narrow` matches, `wide` matches too. */
bool svcr_program_implies(const struct svcr_program *narrow, const struct svcr_program *wide);

#endif
