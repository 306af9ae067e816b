/* Numbers in arguments and scripts. */
#ifndef SVCROUTE_TOOL_NUMBER_H
#define SVCROUTE_TOOL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <svcroute/api.h>

/* A whole number in decimal digits; false for anything else. */
bool number_read(struct svcroute_text text, uint64_t *number);

/* A number, perhaps with a fraction, times `unit`: "1.5" with the unit 1000 is 1500. What is finer
 * than 1 is cut. False for anything else, and for what does not fit. */
bool number_read_scaled(struct svcroute_text text, uint64_t unit, uint64_t *number);

/* A time with its unit, in nanoseconds: "250ms", "1.5s"; units are ns, us, ms, s, m, h. "0" needs
 * none. */
bool number_read_time(struct svcroute_text text, uint64_t *nanoseconds);

enum { NUMBER_TIME_SIZE = 32 };
/* Writes a time in seconds, "1.5s", without zeros at the end; gives `into`. */
const char *number_time(uint64_t nanoseconds, char into[NUMBER_TIME_SIZE]);

#endif
