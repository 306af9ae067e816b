/* Writing JSON, two blanks for each level. Text that is not UTF-8 gets U+FFFD in the place of what
 * is none. */
#ifndef SVCROUTE_TOOL_JSON_H
#define SVCROUTE_TOOL_JSON_H

#include "output.h"

struct json {
    struct output *out;
    unsigned depth;
    bool filled;  /* the innermost map or list holds something */
    bool has_key; /* the value of a key comes next */
};

void json_begin(struct json *json, char bracket); /* '{' or '[' */
void json_end(struct json *json, char bracket);   /* '}' or ']' */
void json_key(struct json *json, const char *key);
void json_text(struct json *json, struct svcroute_text text);
void json_number(struct json *json, uint64_t number);
void json_integer(struct json *json, int64_t number);
void json_boolean(struct json *json, bool value);

/* Key and value in one; a text that is absent or empty is left out, and so is a number 0. */
void json_member(struct json *json, const char *key, struct svcroute_text text);
void json_member_number(struct json *json, const char *key, uint64_t number);

#endif
