/* A reverse proxy: one driver, which reads the watch stream and answers to the balancer's events,
 * and workers on threads of their own, which serve requests. */
#ifndef HOSTS_PROXY_H
#define HOSTS_PROXY_H

#include <pthread.h>

#include "world.h"

enum {
    WORKERS = 4,
    HOSTS = 8,     /* host names that are served */
    TRIES = 4,     /* servers that one request may be sent to */
    MAX_SEEN = 256 /* events that are remembered */
};

struct proxy;

struct worker {
    struct proxy *proxy;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick, *copy; /* used for each request again */
    uint64_t handles[HOSTS];           /* 0: not looked up yet */
    unsigned index;
    unsigned round;
    pthread_t thread;
};

struct seen {
    uint32_t kind, reason;
    uint64_t server, probe;
    char url[64], service[96];
};

struct proxy {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_watch *watch;
    struct svcroute_policy *policy;
    struct svcroute_table *table; /* NULL before the first */
    struct svcroute_balancer *balancer;
    uint64_t version; /* of the store that the table was made from */

    const char *const *hosts;
    unsigned num_hosts;
    char routes[HOSTS][96]; /* name of a host's route, which never changes once it is known */
    atomic_bool known[HOSTS];

    bool mute; /* probes are sent and nobody answers */
    struct seen seen[MAX_SEEN];
    unsigned num_seen;

    struct worker workers[WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned round, resting; /* workers that wait for a round */
    void (*job)(struct worker *worker);
    bool over;
};

/* A proxy for these host names, with its workers at rest. */
void proxy_open(struct proxy *proxy, const char *const *hosts, unsigned num_hosts);
/* Ends the workers and gives everything back but picks that somebody still holds. */
void proxy_close(struct proxy *proxy);

/* ---- driver ---- */

/* Bytes of the watch stream, as they come from a socket; makes what follows from them known. */
void proxy_read(struct proxy *proxy, const char *bytes, size_t size);
/* A whole stream, cut into pieces of at most `most` bytes; empties it. */
void proxy_feed(struct proxy *proxy, struct stream *stream, size_t most);
/* What the driver does when its time has come or a worker woke it. */
void proxy_turn(struct proxy *proxy);
/* Turns for some time, each time after a step of the clock. */
void proxy_turn_for(struct proxy *proxy, uint64_t duration);
/* Lets all workers do a job; the driver does its own until they are through, and then turns once
 * more. */
void proxy_start(struct proxy *proxy, void (*job)(struct worker *worker));
bool proxy_busy(struct proxy *proxy);
void proxy_wait(struct proxy *proxy);
void proxy_run(struct proxy *proxy, void (*job)(struct worker *worker));
/* The latest event of a kind about a server or service whose URL or name contains a text, since
 * proxy_forget(). */
const struct seen *proxy_saw(const struct proxy *proxy, uint32_t kind, const char *what);
void proxy_forget(struct proxy *proxy);

/* ---- workers ---- */

#define BODY_UNKNOWN UINT64_MAX

struct request {
    unsigned host;      /* index of the host name */
    const char *cookie; /* Cookie header; NULL: none */
    uint64_t body;      /* bytes, or BODY_UNKNOWN */
    uint64_t excluded;  /* id of a server that must not be asked; 0: none */
};

struct answer {
    unsigned status; /* for the client */
    unsigned tries;  /* servers asked */
    unsigned copies; /* sent to mirrors */
    uint32_t why;    /* of the last pick */
    uint32_t num_cookies;
    int64_t keep_body;
    uint64_t server;
    char url[64];
    char cookie[256]; /* first Set-Cookie; "": none */
};

/* Serves one request from its head to the end of the answer. */
struct answer worker_serve(struct worker *worker, const struct request *request);
/* Picks for a request; the caller finishes and clears. */
int worker_pick(struct worker *worker, const struct request *request, struct svcroute_pick *pick);

#endif
