/* A balancer in a world that is made up: a clock that jumps from one event to the next, servers
 * that answer as they are told, and clients that send requests at a steady rate.
 *
 * Everything follows from the seed and from what is asked for, so that two runs are alike. */
#ifndef SVCROUTE_TOOL_DRIVE_H
#define SVCROUTE_TOOL_DRIVE_H

#include <svcroute/svcroute.h>

#include "map.h"
#include "options.h"

/* How all servers with one URL behave. */
struct behaviour {
    struct svcroute_text url;
    uint64_t latency; /* nanoseconds from a request to its answer, good or bad */
    uint32_t admin;   /* enum svcroute_admin */
    uint32_t outcome; /* enum svcroute_outcome_kind */
    uint32_t status;  /* of SVCROUTE_OUTCOME_STATUS */
};

/* A server of a service: of the table, or of an earlier one. */
struct drive_server {
    uint64_t id;
    struct svcroute_text service, url;
    const struct behaviour *behaviour;
    uint64_t seen; /* number of the last table that had it */
};

/* What came to a server, of one stream of requests. */
struct count {
    uint64_t picks;  /* requests that it was picked for, repetitions included */
    uint64_t copies; /* requests that it got as a mirror */
    uint64_t failed; /* of both, those that it answered from 500 up or not at all */
    uint64_t cookie, fallback, last_resort; /* picks with this reason */
};

struct tally {
    uint64_t sent;        /* requests of clients */
    uint64_t none;        /* of these, those that no server was found for */
    uint64_t lost;        /* of these, those that got a bad answer in the end */
    struct count *counts; /* by the server's place in the list of the drive */
    size_t num_counts;
};

/* Requests to one route or service, at a steady rate. */
struct stream {
    struct svcroute_text target;
    struct values clients; /* addresses, taken in turn; may be empty */
    struct svcroute_text cookie;
    uint64_t num, span; /* so many requests within so many nanoseconds */
    uint64_t retries;   /* how often a client tries again after a bad answer */
    char *set_cookies;  /* of the first pick, one in a line; NULL: none yet */

    uint64_t handle; /* the rest is the drive's */
    uint64_t begun, next, fraction;
    struct tally tally;
};

struct drive {
    struct svcroute_context *context;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    uint64_t now;

    struct drive_server *servers;
    size_t num_servers;
    struct map by_id;
    uint64_t tables; /* so many were there */

    struct behaviour usual;        /* of servers without one of their own */
    struct behaviour **behaviours; /* sorted by url */
    size_t num_behaviours;

    struct moment *moments; /* what is to come: a heap, earliest first */
    size_t num_moments;
    uint64_t num_ever; /* moments so far; of two at one time the older comes first */
    struct request *idle;
    uint64_t busy;            /* requests on their way, and streams that have more to send */
    uint64_t begun, expected; /* requests, for the line of progress */

    /* Called for what the balancer tells but probes; NULL: nobody listens. */
    void (*listener)(void *user, const struct svcroute_event *event);
    void *user;

    char **texts; /* copies that live as long as the drive */
    size_t num_texts;
};

/* Gives false, with a message on standard error, if it cannot be made; closed in either case. */
bool drive_open(struct drive *drive, struct svcroute_context *context, struct svcroute_table *table,
                uint64_t seed);
void drive_close(struct drive *drive);

/* Goes over to another table. */
bool drive_update(struct drive *drive, struct svcroute_table *table);

/* The behaviour of all servers with a URL, to be changed; NULL if the table has none with it. */
struct behaviour *drive_behaviour(struct drive *drive, struct svcroute_text url);
/* Tells the balancer of a behaviour's `admin`. */
void drive_set_admin(struct drive *drive, const struct behaviour *behaviour);

/* Place of a server in the list; MAP_NONE if it is unknown. */
size_t drive_find_server(const struct drive *drive, uint64_t id);

/* Begins to send, now. False if there is no such route or service. */
bool drive_send(struct drive *drive, struct stream *stream);
/* Lets everything happen that comes before a time; UINT64_MAX: until the last request is answered.
 */
void drive_run(struct drive *drive, uint64_t until);

/* What the drive's own files share. */
struct svcroute_text drive_keep(struct drive *drive, struct svcroute_text text);
/* Takes note of the servers of the present table; of one server, whose place it gives. */
void drive_know_servers(struct drive *drive);
size_t drive_know_server(struct drive *drive, uint64_t id, struct svcroute_text service,
                         struct svcroute_text url);
void drive_drop_servers(struct drive *drive);

#endif
