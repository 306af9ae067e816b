/* A request of the command line, and what a table says of it: which route it takes, why, and who
 * would be next. */
#ifndef SVCROUTE_TOOL_MATCH_H
#define SVCROUTE_TOOL_MATCH_H

#include <svcroute/svcroute.h>

#include "json.h"
#include "options.h"

enum { WHY_SIZE = 256 };

/* An answer that a proxy gives itself, without any route. */
struct refusal {
    uint32_t status; /* 400, 404, 414, 503; 0: none */
    char why[WHY_SIZE];
};

struct asked {
    struct svcroute_match_request request;
    struct svcroute_text received; /* the path as it was written; the request has the clean one */
    struct svcroute_text fragment; /* of the URL; clients keep it to themselves */
    struct svcroute_text cookies;  /* all Cookie headers as one */
    struct refusal refusal;        /* the request is refused before any route is looked at */
    char *target, *path, *cookie_bytes;
    struct svcroute_text *headers;
};

/* Reads the request of a command line for a table of a profile. False, with a message, if that was
 * not understood; freed in either case. */
bool asked_read(struct asked *asked, const struct options *options, uint32_t profile);
void asked_free(struct asked *asked);

/* What became of a route. */
enum standing {
    STANDING_TAKES = 1, /* it takes the request */
    STANDING_LEADS,     /* it takes the request and hands it to a route below it */
    STANDING_NEXT,      /* it would take it if those ahead were not there */
    STANDING_NO,        /* its rule does not match */
    STANDING_UNUSABLE,  /* its rule cannot be used */
    STANDING_ENTRY,     /* the rest: its rule matches, but it is not on this entry point, */
    STANDING_ENCRYPTED, /* it is for encrypted connections only, */
    STANDING_PLAIN,     /* for plain ones only, */
    STANDING_BELOW,     /* is asked only behind its parents, */
    STANDING_NOWHERE,   /* leads nowhere */
    NUM_STANDINGS
};

struct verdict {
    const struct svcroute_route *route;
    struct svcroute_route_info info;
    struct svcroute_match_info match; /* `matcher` absent: there is no rule to be run */
    enum standing standing;
};

struct verdicts {
    struct verdict *items;
    size_t num;
};

struct answer {
    const struct svcroute_table *table;
    struct refusal refusal; /* status 0: the last route of the way takes the request */
    struct verdicts way;    /* the route, then routes below it, each the parent of the next */
    struct verdicts next;   /* runners-up of the first, NEXT_MAX at most */
    uint64_t more;          /* runners-up beyond those */
    bool more_yet;          /* and there may be others: counting was given up */
    struct verdicts all; /* in the order in which they are asked; if wanted, or if none is taken */
    struct svcroute_listing *listing;
};

/* Asks the table. False, with a message, if that failed. Freed in either case. */
bool answer_find(struct answer *answer, struct svcroute_table *table, const struct asked *asked,
                 bool all);
void answer_free(struct answer *answer);

/* True for a route that was not far from taking a request that none takes. */
bool answer_is_near(const struct answer *answer, const struct verdict *verdict);

/* What a balancer makes of the request. */
struct served {
    struct svcroute_text service, url; /* who gets it; absent if the refusal says so */
    uint32_t why;                      /* enum svcroute_why */
    const char *set_cookies;           /* one in a line; may be NULL */
    struct svcroute_text *copies;      /* urls of the mirrors that get one */
    size_t num_copies;
};

/* Both forms; `served` NULL: nobody wanted to know; `all`: also what became of every route. */
void match_print(struct output *out, const struct asked *asked, const struct answer *answer,
                 const struct served *served, bool all);
void match_json(struct output *out, const struct asked *asked, const struct answer *answer,
                const struct served *served, bool all);

#endif
