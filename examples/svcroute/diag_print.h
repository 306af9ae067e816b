/* Printing diagnostics: for people, as JSON, as SARIF 2.1.0. All forms list them by source, line,
 * column. */
#ifndef SVCROUTE_TOOL_DIAG_PRINT_H
#define SVCROUTE_TOOL_DIAG_PRINT_H

#include "cluster.h"
#include "output.h"

/* Diagnostics in the order of printing. */
struct diag_list {
    struct svcroute_diag_info *items;
    size_t num;
};

void diag_list_make(struct diag_list *list, const struct svcroute_diags *diags);
void diag_list_free(struct diag_list *list);

/* "error", "warning", "info". */
const char *diag_severity_name(uint32_t severity);

/* Each diagnostic alone. */
void diag_print_text(struct output *out, const struct cluster *cluster);
/* A last line: "2 errors, 1 warning in 14 documents". */
void diag_print_summary(struct output *out, const struct cluster *cluster);
void diag_print_json(struct output *out, const struct cluster *cluster);
void diag_print_sarif(struct output *out, const struct cluster *cluster);

/* "file:12:3", with as much of it as is known. */
void diag_print_place(struct output *out, struct svcroute_text source, uint32_t line,
                      uint32_t column);
/* "IngressRoute shop/web", with as much of it as is known. */
void diag_print_object(struct output *out, struct svcroute_text kind,
                       struct svcroute_text namespace_, struct svcroute_text name);

#endif
