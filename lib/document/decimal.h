/* Decimal text and binary floating point, exactly and without a locale. Texts have the form of
 * YAML's decimal numbers, of which JSON's are a part: [+-]digits[.digits][e[+-]digits], digits on
 * at least one side of the point. */
#ifndef SVCR_DECIMAL_H
#define SVCR_DECIMAL_H

#include "base/text.h"

enum {
    SVCR_DECIMAL_MAX = 32 /* bytes of the longest text that is written */
};

/* How a number is written, both with the fewest digits that lead back to it. */
enum svcr_decimal_form {
    SVCR_DECIMAL_JSON, /* a double as Go's encoding/json writes it: plain from 1e-6 to below 1e21 */
    SVCR_DECIMAL_KEY   /* as a 32-bit number and as Go's format %g has it, the form of a YAML key */
};

/* The nearest double, ties to even. false: beyond the largest one, *value is an infinity. */
bool svcr_decimal_parse(svcr_text text, double *value);

/* Writes a finite value; gives the number of bytes. An infinity (which a double may become in the
 * form of keys) is ".inf" or "-.inf". */
size_t svcr_decimal_format(double value, enum svcr_decimal_form form, char out[SVCR_DECIMAL_MAX]);

/* Brings a text into the form SVCR_DECIMAL_JSON: the same as parsing and formatting. 0: out of
 * range. */
size_t svcr_decimal_rewrite(svcr_text text, char out[SVCR_DECIMAL_MAX]);

#endif
