/* Judging scalars against the type of a field, as the Kubernetes API server does it after YAML
 * became JSON: an integer is no text, a text is no integer, null is the field's zero value. The
 * data behind these rules is tests/conformance/scalars.json. */
#ifndef SVCR_SCALAR_H
#define SVCR_SCALAR_H

#include "document/node.h"

enum svcr_judged {
    SVCR_JUDGED_OK = 0,
    SVCR_JUDGED_NULL = 1,  /* null: zero value, as if the field were absent */
    SVCR_JUDGED_TYPE = 2,  /* another type */
    SVCR_JUDGED_RANGE = 3, /* an integer that does not fit */
};

/* The value is set to zero unless SVCR_JUDGED_OK is given. */
enum svcr_judged svcr_judge_string(const struct svcroute_node *node, svcr_text *value);
enum svcr_judged svcr_judge_int32(const struct svcroute_node *node, int32_t *value);
enum svcr_judged svcr_judge_int64(const struct svcroute_node *node, int64_t *value);
enum svcr_judged svcr_judge_bool(const struct svcroute_node *node, bool *value);
/* Sets *is_text, and *value or *text. */
enum svcr_judged svcr_judge_int_or_text(const struct svcroute_node *node, bool *is_text,
                                        int32_t *value, svcr_text *text);

/* Sets kind, flags, size and text of a scalar: null, true or false. */
void svcr_scalar_set_null(struct svcroute_node *node);
void svcr_scalar_set_boolean(struct svcroute_node *node, bool value);
/* Sets kind, size and text; SVCROUTE_ERR_LIMIT if the text is too long for a node. */
int svcr_scalar_set_text(struct svcroute_node *node, uint32_t kind, svcr_text text);

/* ---- what a plain or tagged YAML scalar is (resolve.c; used by the YAML reader) ---- */

/* A scalar as YAML's parser gives it. */
struct svcr_yaml_scalar {
    svcr_text text; /* lives as long as the node */
    svcr_text tag;  /* empty = none; full form such as "tag:yaml.org,2002:int" */
    bool plain;     /* no tag and no quotes: what it is depends on its text */
    bool key;       /* a key of a map: it becomes a string in the form that JSON keys get */
};

/* Fills kind, flags, size and text of `node`; texts that differ from the given one go to the arena.
 * 0, SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_LIMIT, or SVCROUTE_ERR_REJECTED with *why set to a constant
 * text. *unknown_tag is set for a tag that is none of YAML's own. */
int svcr_scalar_resolve(struct svcroute_node *node, struct svcr_arena *arena,
                        const struct svcr_yaml_scalar *scalar, bool *unknown_tag, const char **why);

#endif
