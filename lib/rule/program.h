/* Rule -> program: the compiled form of one rule, and its run on a request.
 *
 * A program is a list of tests, each with two ways on, so that a run takes the short way through
 * "&&", "||" and "!" without a stack. Next to it stand the rule's anchors: hosts and beginnings of
 * paths, one of which every matching request has; the index finds the program by them. */
#ifndef SVCR_PROGRAM_H
#define SVCR_PROGRAM_H

#include "base/block.h"
#include "rule/regex.h"
#include "rule/subject.h"
#include "rule/syntax.h"

enum svcr_matcher {
    SVCR_MATCHER_HOST = 1,
    SVCR_MATCHER_HOST_REGEXP,
    SVCR_MATCHER_PATH,
    SVCR_MATCHER_PATH_PREFIX,
    SVCR_MATCHER_PATH_REGEXP,
    SVCR_MATCHER_METHOD,
    SVCR_MATCHER_HEADER,
    SVCR_MATCHER_HEADER_REGEXP,
    SVCR_MATCHER_QUERY,
    SVCR_MATCHER_QUERY_REGEXP,
    SVCR_MATCHER_CLIENT_IP,
};

/* Where a run ends. */
enum { SVCR_TEST_YES = -1, SVCR_TEST_NO = -2 };

struct svcr_test {
    uint32_t matcher;          /* enum svcr_matcher */
    int32_t on_true, on_false; /* the next test, or SVCR_TEST_YES, SVCR_TEST_NO */
    uint32_t offset, size;     /* of the call in the rule's text */
    uint8_t bits;             /* CLIENT_IP: length of the prefix, of 128; below 96 it is one of IPv6
                                 alone, and no IPv4 address is in it */
    svcr_text key;            /* HEADER*: the name, each part capitalised; QUERY*: the name */
    svcr_text value;          /* what is compared: HOST in lower case, METHOD in upper case,
                                 CLIENT_IP 16 bytes, QUERY without a value empty; else as written */
    struct svcr_regex *regex; /* of *_REGEXP, from `value`; owned. QueryRegexp with a name alone
                                 becomes QUERY */
};

/* What a matching request has at least. Both may be empty: any host, any path. */
struct svcr_anchor {
    svcr_text host; /* as in subject.h, dots at the end cut off; "*.rest": any first label */
    svcr_text path; /* beginning of the routing path; at most SVCR_ANCHOR_PATH_MAX bytes */
};
enum { SVCR_ANCHOR_PATH_MAX = 128, SVCR_ANCHORS_MAX = 1024 };

struct svcr_program {
    struct svcr_block head;
    uint32_t num_tests, num_anchors; /* 1 or more each */
    const struct svcr_test *tests;   /* the first one begins */
    const struct svcr_anchor *anchors;
};

/* Compiles a rule's text; the program owns all it needs. Profiles differ in what they see of a
 * request, not in their rules. Errors: SVCROUTE_ERR_SYNTAX with `fault` filled, SVCROUTE_ERR_NOMEM.
 */
int svcr_program_make(struct svcr_program **out, struct svcroute_context *context, svcr_text text,
                      struct svcr_rule_fault *fault);

/* Runs a program. *decided (NULL allowed) gets the test that was looked at last. A regular
 * expression that gives up makes the whole rule one that does not match. Allocates nothing; at most
 * num_tests tests. */
bool svcr_program_run(const struct svcr_program *program, struct svcr_subject *subject,
                      const struct svcr_test **decided);
/* One test alone. */
enum svcr_regex_answer svcr_test_run(const struct svcr_test *test, struct svcr_subject *subject);

/* The anchors of a tree, in the arena: no matching request is without one of them. At least one;
 * falls back to fewer and wider ones where there would be more than SVCR_ANCHORS_MAX. */
int svcr_anchors_make(struct svcr_arena *arena, const struct svcr_expr *expr,
                      struct svcr_anchor **out, uint32_t *num);
/* The matcher of a name, however its letters are cased (as written, lower, upper, Capitalised); 0:
 * none. */
enum svcr_matcher svcr_matcher_find(svcr_text name);
const char *svcr_matcher_name(enum svcr_matcher matcher);

#endif
