/* One request's choice. */
#ifndef SVCR_PICK_H
#define SVCR_PICK_H

#include "balance/core.h"
#include "balance/mirror.h"

enum {
    SVCR_PICK_COOKIES_MAX = 32,   /* sticky services on one path; of more the outermost are set */
    SVCR_PICK_FAILOVERS_MAX = 16, /* whose main a pick may leave */
};

enum svcr_pick_state {
    SVCR_PICK_CLEAR = 0,
    SVCR_PICK_OPEN = 1,     /* a request is on its way */
    SVCR_PICK_FINISHED = 2, /* and over */
    SVCR_PICK_EMPTY = 3,    /* traefik-v3: no server, but cookies or mirrors */
};

/* A child of a layout that the epoch keeps. */
struct svcr_step {
    const struct svcr_layout *layout;
    uint32_t child;
    uint32_t cookies; /* of a failover: how many are set by what is around it */
};

struct svcroute_pick {
    uint32_t state; /* enum svcr_pick_state */
    uint32_t why;   /* enum svcroute_why */
    bool reported;
    bool by_cookie;
    bool counted;  /* among the server's requests in flight */
    bool sampled;  /* its time to first byte counts */
    bool measured; /* the clock did not run back since the time known before */
    bool failed;   /* counted as a failure of the server */
    struct svcr_epoch *epoch;
    struct svcr_core *core;           /* borrowed from the epoch */
    const struct svcr_layout *layout; /* the load balancer */
    struct svcr_peer *peer;
    uint32_t index;  /* of the server */
    uint32_t status; /* how it ended, as reported; 0: not with a status */
    uint64_t start;  /* handle of what is picked from */
    uint64_t at, now;
    uint32_t num_cookies, num_failovers, num_mirrors, num_tried;
    uint32_t num_outer, num_outer_cookies; /* failovers and cookies around what is picked from */
    struct svcroute_context *context;      /* referenced, of a pick that was allocated; else NULL */
    uint64_t tried[SVCR_EXCLUDED_MAX];
    struct svcr_step cookies[SVCR_PICK_COOKIES_MAX];     /* outermost first */
    struct svcr_step failovers[SVCR_PICK_FAILOVERS_MAX]; /* through main, outermost first */
    struct svcr_step mirrors[SVCR_MIRRORS_MAX];          /* due */
};

/* The innermost of the first `num` failovers that drops an answer with this status; SVCR_NOBODY:
 * none. */
uint32_t svcr_pick_failover(const struct svcroute_pick *pick, uint32_t num, uint32_t status);

/* From where and how a pick walks. */
struct svcr_walk_start {
    const struct svcroute_request *request;
    const uint64_t *excluded; /* ids of servers */
    uint32_t num_excluded;    /* SVCR_EXCLUDED_MAX at most */
    bool again;               /* for a request that was picked for: mirrors are not counted */
};

/* Fills an empty pick from a seat: server, cookies, failovers, mirrors. 0, SVCROUTE_ERR_NO_SERVER
 * or _BODY_TOO_LARGE. Does not allocate. */
int svcr_pick_walk(struct svcroute_picker *picker, struct svcr_seat *seat,
                   const struct svcr_walk_start *start, struct svcroute_pick *pick);

#endif
