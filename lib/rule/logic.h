/* What can be said of rules without a request: that one matches always or never, or only where
 * another does. For warnings: "yes" is proved, "no" may mean that it was too much to look at. */
#ifndef SVCR_LOGIC_H
#define SVCR_LOGIC_H

#include "rule/program.h"

/* Tests that a search may look at. */
enum { SVCR_LOGIC_LOOKS_MAX = 4096 };

bool svcr_program_always(const struct svcr_program *program);
bool svcr_program_never(const struct svcr_program *program);
/* Every request that `narrow` matches, `wide` matches too. *looks: as many as are to be had, and
 * what is left of them. */
bool svcr_program_implies(const struct svcr_program *narrow, const struct svcr_program *wide,
                          uint32_t *looks);

#endif
