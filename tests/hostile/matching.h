/* What the hostile tests of matching share: clusters whose routes have rules, and requests. */
#ifndef MATCHING_H
#define MATCHING_H

#include "growth.h"

/* Lines of JSON. A route is `{"match":...,"services":...}`; what is open has to be closed. */
void add_text(struct input *input, const char *text);
/* A text as a JSON string, quotes around it. */
void add_json(struct input *input, const char *text, size_t size);
/* The Service "web" with one endpoint. */
void add_web(struct input *input);
/* An IngressRoute up to the "[" of its routes; `spec` stands ahead of them, such as
 * `"entryPoints":["a"],`. */
void add_object(struct input *input, const char *name, const char *spec);
#define OBJECT_END "]}}\n"
/* Behind a route's `"match":"..."`, to Service "web"; begins with a comma. */
#define TO_WEB ",\"services\":[{\"name\":\"web\",\"port\":80}]"
/* A whole IngressRoute with one rule, which is no JSON yet; to Service "web". */
void add_rule(struct input *input, const char *name, const char *rule, size_t size);

/* All that is made of a cluster; what is not made stays NULL. */
struct matching {
    struct svcroute_context *context; /* borrowed */
    struct svcroute_store *store;
    struct svcroute_policy *policy;
    struct svcroute_diags *diags; /* of resolving and of lint */
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
};

void matching_init(struct matching *matching, struct svcroute_context *context, uint32_t profile);
void matching_load(struct matching *matching, const struct input *input);
/* Puts a new table in the place of the one that is there, if any. */
void matching_resolve(struct matching *matching);
/* A balancer and a picker, or an update of both. */
void matching_balance(struct matching *matching, uint64_t now);
void matching_free(struct matching *matching);

struct svcroute_text text_of(const char *text);
/* GET with host and path. */
struct svcroute_match_request request_of(const char *host, const char *path);
/* Whether the library is built with regular expressions. */
bool matching_has_regexps(void);
/* Number of diagnostics with this id. */
size_t matching_count(const struct matching *matching, const char *id);

/* The parts of run_rules(). */
void run_rule_rejects(void);
void run_rule_bombs(void);
void run_regex_bombs(void);
void run_rule_shapes(void);
void run_requests(void);

#endif
