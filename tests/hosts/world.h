/* What the hosts run in: servers behind sockets that are none, a clock that only the host's driver
 * moves, an allocator that counts, lines of a watch stream, and checks that any thread may make. */
#ifndef HOSTS_WORLD_H
#define HOSTS_WORLD_H

#include <stdatomic.h>

#include <svcroute/svcroute.h>

#define MILLISECOND UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* ---- checks ---- */

/* Counts a check and prints a line if it is not good. */
bool check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same where it is looked at so often that good ones are not worth counting. */
bool ensure(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For what nothing can go on without. */
void must(int code, const char *what);
/* Adds what another process counted. */
void check_add(unsigned passed, unsigned failed);
unsigned check_passed(void);
unsigned check_failed(void);
/* Prints the last line and gives the exit status. */
int check_close(void);

/* ---- clock ---- */

uint64_t world_now(void);
void world_wait(uint64_t duration);

/* ---- servers ---- */

enum behaviour {
    ANSWERS, /* with `status` */
    REFUSES, /* no connection */
    RESETS,  /* takes the request and answers nothing */
    HANGS    /* until the time is over */
};

struct world_server {
    const char *url;
    atomic_uint behaviour; /* enum behaviour */
    atomic_uint status;
    atomic_uint requests; /* that arrived or tried to, copies for mirrors included */
    atomic_uint probes;
};

/* The server at an address; made at the first call, which is before there are threads. */
struct world_server *world_server(const char *url);
/* NULL if there is none. Any thread. */
struct world_server *world_find(struct svcroute_text url);
/* Sends a request and waits for the head of the answer. Any thread. */
struct svcroute_outcome world_send(struct svcroute_text url);

/* What the application on a server makes of a request. */
struct sight {
    char method[16];
    char target[512]; /* as it came */
    char path[512];   /* decoded as often as it can be, a backslash taken for "/", ended by NUL,
                         without   dots:   of all applications the one that an attacker wants */
    char host[128];
    char role[32]; /* X-Role */
    uint32_t num_lines;
};

/* The same with the head of the request; `sight` is filled if the server was reached. */
struct svcroute_outcome world_ask(struct svcroute_text url, struct svcroute_text head,
                                  struct sight *sight);

/* ---- memory ---- */

/* An allocator over malloc() that knows how many bytes are out. */
extern const struct svcroute_allocator world_allocator;
int64_t world_bytes(void);
uint64_t world_allocations(void);

/* ---- documents ---- */

/* Lines of a watch stream. */
struct stream {
    char text[32768];
    size_t size;
    unsigned version;
};

/* One event: "ADDED" and so on, and the object from its kind on, without metadata: `rest` begins
 * with a comma or is empty. */
void stream_event(struct stream *stream, const char *type, const char *api, const char *kind,
                  const char *name, const char *metadata, const char *rest);
/* A Service with port 80 and a slice with these addresses (with spaces between); "" = no endpoint.
 */
void stream_service(struct stream *stream, const char *type, const char *name);
void stream_slice(struct stream *stream, const char *type, const char *name, const char *addresses);
/* An IngressRoute for one host, with its services as JSON. */
void stream_route(struct stream *stream, const char *type, const char *name, const char *host,
                  const char *services);

/* An IngressRoute with its spec as JSON. */
void stream_rules(struct stream *stream, const char *type, const char *name, const char *spec);

/* Whether the library was built with regular expressions; without them their rules are errors. */
bool world_has_regexps(void);

struct svcroute_text text_of(const char *text);
bool text_is(struct svcroute_text text, const char *expected);
/* Copies a text into `size` bytes, with a NUL; cut if need be. */
void text_copy(char *to, size_t size, struct svcroute_text text);

#endif
