/* Diagnostics inside the library: one record is an immutable counted block, shared by the list of
 * the caller and by the table that keeps it. */
#ifndef SVCR_DIAG_H
#define SVCR_DIAG_H

#include <svcroute/diag.h>

#include "base/refs.h"
#include "base/text.h"

/* The registry of kinds: lib/base/diag_ids.h holds one row for each, SVCR_DIAG(number, NAME,
 * "name", severity, "summary"). Numbers and names are never reused. */
enum svcr_diag_id {
#define SVCR_DIAG(number, constant, name, severity, summary) SVCR_DIAG_##constant = number,
#include "base/diag_ids.h"
#undef SVCR_DIAG
};

/* Where and about what. Texts are borrowed during the call. */
struct svcr_place {
    svcr_text source;
    uint32_t line, column;
    svcr_text kind, namespace_, name; /* of the object; empty if there is none */
    svcr_text field;                  /* path */
};

struct svcr_diag {
    svcr_refs refs;
    uint32_t id;
    uint32_t severity;
    uint32_t line, column;
    uint32_t bytes; /* of the whole block, for its release */
    uint64_t hash;  /* of everything that makes two diagnostics identical */
    svcr_text source, kind, namespace_, name, field, text; /* inside this block */
};

/* Makes a record; NULL when out of memory. Severity 0: the registry's. */
__attribute__((format(printf, 5, 0))) struct svcr_diag *
svcr_diag_vnew(struct svcroute_context *context, enum svcr_diag_id id, uint32_t severity,
               const struct svcr_place *place, const char *format, va_list arguments);
struct svcr_diag *svcr_diag_ref(struct svcr_diag *diag);
void svcr_diag_unref(struct svcroute_context *context, struct svcr_diag *diag);
uint32_t svcr_diag_severity(enum svcr_diag_id id);
const char *svcr_diag_name(enum svcr_diag_id id);

/* Adds a record (taking a reference of its own) unless an identical one is there; counts it by
 * severity either way only if it is new. `diags` NULL: nothing. Also hands it to the log hook. A
 * record that memory or the limit keeps out is counted as dropped; that is no error. */
void svcr_diags_put(struct svcroute_diags *diags, struct svcr_diag *diag);
/* Makes and adds in one step; formats nothing if diags is NULL or full (then it only counts) and
 * the log hook does not want it. */
__attribute__((format(printf, 5, 6))) void svcr_diags_add(struct svcroute_diags *diags,
                                                          enum svcr_diag_id id, uint32_t severity,
                                                          const struct svcr_place *place,
                                                          const char *format, ...);

/* Text from a document as it may stand in a message: in double quotes, at most some 120 bytes (the
 * rest shown as "..." behind), control and invisible characters, quotes and bytes that are not
 * UTF-8 escaped. Returns `out->text`. */
struct svcr_quoted {
    char text[128];
};
const char *svcr_quote(struct svcr_quoted *out, svcr_text text);

#endif
