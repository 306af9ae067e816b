/* When the servers of one service are probed. No clock: time is an argument, in nanoseconds, and
 * never goes back (the caller sees to that). The driver's thread alone.
 *
 * Profile default: a server's first probe comes within one interval, at a moment that the seed
 * decides, so that neither servers nor services are probed all at once; then the interval runs from
 * each result, `interval` behind one that left the server up, `unhealthy_interval` behind one that
 * left it down.
 *
 * Profile traefik-v3: two tickers run from the start, one for the servers that are up and one for
 * those that are down. At a tick all servers of its list are probed one after the other; each then
 * joins the list that its result says and waits for that ticker. A tick that comes while its list
 * is being probed is remembered, one at most.
 *
 * In both a probe of which nothing was heard until its timeout and one second more counts as
 * failed. */
#ifndef SVCR_SCHEDULE_H
#define SVCR_SCHEDULE_H

#include "base/text.h"

#define SVCR_NEVER UINT64_MAX

/* How servers begin. */
enum svcr_schedule_initial {
    SVCR_INITIAL_UP = 0,
    SVCR_INITIAL_DOWN,    /* until `rise` good results in a row */
    SVCR_INITIAL_UNKNOWN, /* down until the first result, which decides alone */
};

struct svcr_schedule_options {
    uint64_t interval, unhealthy_interval, timeout; /* above 0 */
    uint64_t seed;
    uint32_t rise, fall; /* results in a row that turn a server up or down; 0 works as 1 */
    uint8_t initial;     /* enum svcr_schedule_initial */
    bool traefik;
};

struct svcr_schedule;

/* Makes a schedule of `num` servers that begins at `now`. SVCROUTE_ERR_NOMEM. */
int svcr_schedule_new(struct svcr_schedule **out, struct svcroute_context *context,
                      const struct svcr_schedule_options *options, uint32_t num, uint64_t now);
void svcr_schedule_free(struct svcr_schedule *schedule, struct svcroute_context *context);

/* Takes over into a schedule that was just made what `from`, which is of no use afterwards, knows:
 * old_index[i] is server i's place there, or UINT32_MAX. Health, streaks and probes on their way go
 * on; where an interval changed, the next probe comes within the new one; all else stays to the
 * nanosecond. Probes of servers that are gone are nobody's. Cannot fail. */
void svcr_schedule_carry(struct svcr_schedule *schedule, struct svcr_schedule *from,
                         const uint32_t *old_index, uint64_t now);

/* When svcr_schedule_next() will have something; SVCR_NEVER: only after a report. */
uint64_t svcr_schedule_deadline(const struct svcr_schedule *schedule);

enum svcr_schedule_what {
    SVCR_SCHEDULE_NOTHING = 0, /* nothing is due */
    SVCR_SCHEDULE_PROBE,       /* this server is to be probed now; report what comes of it */
    SVCR_SCHEDULE_TIMED_OUT,   /* this server's probe was given up and counts as failed */
};
/* What is due at `now`, one by one, until nothing is. */
enum svcr_schedule_what svcr_schedule_next(struct svcr_schedule *schedule, uint64_t now,
                                           uint32_t *server);

/* The result of a probe. False, and nothing changes, if none is on its way (it was given up, or the
 * server is new). */
bool svcr_schedule_report(struct svcr_schedule *schedule, uint32_t server, bool good, uint64_t now);

/* What the results say of a server. */
bool svcr_schedule_is_up(const struct svcr_schedule *schedule, uint32_t server);
/* True while a probe is on its way. */
bool svcr_schedule_is_probing(const struct svcr_schedule *schedule, uint32_t server);

#endif
