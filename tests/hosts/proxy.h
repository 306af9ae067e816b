/* A reverse proxy: one driver, which reads the watch stream and answers to the balancer's events,
 * and workers on threads of their own, which serve requests. */
#ifndef HOSTS_PROXY_H
#define HOSTS_PROXY_H

#include <pthread.h>

#include "http.h"
#include "world.h"

enum {
    WORKERS = 4,
    TRIES = 4,     /* servers that one request may be sent to */
    MAX_SEEN = 256 /* events that are remembered */
};

struct proxy;

struct worker {
    struct proxy *proxy;
    struct svcroute_picker *picker;
    struct svcroute_pick *pick, *copy; /* used for each request again */
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

    uint32_t allow; /* enum svcroute_path_flag: what paths may hold */
    bool mute;      /* probes are sent and nobody answers */
    struct seen seen[MAX_SEEN];
    unsigned num_seen;

    struct worker workers[WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned round, resting; /* workers that wait for a round */
    void (*job)(struct worker *worker);
    bool over;
};

/* A proxy with its workers at rest. */
void proxy_open(struct proxy *proxy);
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

#define BODY_CHUNKED UINT64_MAX

/* What a client sends, and the way that it takes to the proxy; NULL and 0: as usual. */
struct request {
    const char *method; /* GET */
    const char *target; /* / */
    const char *host;   /* "": no Host line */
    const char *cookie;
    const char *lines; /* more of the head, each ended by CR and LF */
    const char *text;  /* instead of all of the above: the head, whatever it is */
    uint64_t body;     /* bytes, or BODY_CHUNKED */
    const char *entry_point;
    const char *client; /* its address */
    uint64_t excluded;  /* id of a server that must not be asked */
    bool tls;
};

struct answer {
    unsigned status; /* for the client */
    unsigned tries;  /* servers asked */
    unsigned copies; /* sent to mirrors */
    unsigned levels; /* routes gone through */
    uint32_t why;    /* of the last pick */
    uint32_t num_cookies;
    int64_t keep_body;
    uint64_t server;
    char route[64]; /* IngressRoute of the last route; "": none */
    char url[64];
    char cookie[256];   /* first Set-Cookie; "": none */
    struct sight sight; /* what the server saw */
};

/* One request on its way through a worker. */
struct exchange {
    const struct request *way;
    struct http_text text; /* what the client wrote; all else borrows from it */
    struct http_head head; /* its lines are what rules and servers see */
    struct svcroute_target target;
    struct svcroute_text host;
    struct svcroute_text cookies[4];
    struct svcroute_match_request question;
    struct svcroute_request known;
    char path[4096]; /* clean */
    uint64_t handle; /* of the route that was found */
    unsigned levels;
    char route[64];
};

/* Serves one request from its head to the end of the answer. */
struct answer worker_serve(struct worker *worker, const struct request *request);
/* Its parts, for who looks between them. Each gives 0, or the status that the proxy answers by
 * itself: reads the head; finds the route with the table that the worker has, running middlewares;
 * both, with an update that came taken between them. */
unsigned worker_read(struct worker *worker, const struct request *request,
                     struct exchange *exchange);
unsigned worker_match(struct worker *worker, struct exchange *exchange);
unsigned worker_route(struct worker *worker, const struct request *request,
                      struct exchange *exchange);
/* Takes an update, if there is one. */
void worker_refresh(struct worker *worker);
/* The status that a code of the library means. */
unsigned status_of(int code);

/* ---- scenes ---- */

/* proxy_rules.c: what rules, paths and children do; proxy_scenes.c has the rest. */
void scenes_of_rules(struct proxy *proxy, struct stream *stream);

#endif
