/* Sets of characters for regular expressions: ranges, in the making, with Unicode's properties and
 * simple case folding as Go 1.26 has them (Unicode 15.0.0). */
#ifndef SVCR_REGEX_CLASS_H
#define SVCR_REGEX_CLASS_H

#include "base/text.h"

enum { SVCR_CHARACTER_MAX = 0x10ffff };

struct svcr_range {
    uint32_t first, last;
};

/* A set in the making. After a failure additions do nothing. */
struct svcr_class {
    struct svcroute_context *context;
    struct svcr_range *ranges;
    size_t num, capacity;
    size_t room;   /* ranges that may still be added, in all sets that have been made here */
    bool failed;   /* out of memory */
    bool too_many; /* no room left */
};

/* Room for `room` additions, however often it is emptied. */
void svcr_class_init(struct svcr_class *set, struct svcroute_context *context, size_t room);
void svcr_class_free(struct svcr_class *set);
void svcr_class_clear(struct svcr_class *set); /* empty again */

/* Adds the characters from first to last (not greater: a range). */
void svcr_class_add(struct svcr_class *set, uint32_t first, uint32_t last);
/* The same, and all that are alike when case does not count. */
void svcr_class_add_folded(struct svcr_class *set, uint32_t first, uint32_t last);
/* Adds what a property has, \p{name}; false: there is none of that name. */
bool svcr_class_add_property(struct svcr_class *set, svcr_text name);

/* Adds all that are alike to those that are in it. */
void svcr_class_fold(struct svcr_class *set);
/* Puts the ranges in order and joins those that touch. */
void svcr_class_tidy(struct svcr_class *set);
/* Makes a tidy set its opposite. */
void svcr_class_negate(struct svcr_class *set);

/* Whether a tidy list of ranges has a character. */
bool svcr_ranges_have(const struct svcr_range *ranges, size_t num, uint32_t character);

#endif
