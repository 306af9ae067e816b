/* The clock of a drive and what happens at its times: clients send, servers answer, probes come
 * back. */
#include "drive.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"
#include "progress.h"

enum {
    USUAL_LATENCY_MS = 10,
    USUAL_STATUS = 200,
    FIRST_BAD_STATUS = 500,
    GRPC_SERVING = 1,
    GRPC_NOT_SERVING = 2,
    PICK_ALIGNMENT = 16,
    PROGRESS_STEP = 4096 /* requests between two looks at the real clock */
};

/* ---- what is to come ---------------------------------------------------------------------- */

/* A request on its way; its pick follows in the same memory. */
struct request {
    struct request *next_idle;
    struct stream *stream;
    struct svcroute_text client;
    struct svcroute_outcome outcome; /* what it will come to */
    size_t server;
    uint64_t retries;
    bool copy;
};

struct moment {
    uint64_t at, order;
    struct stream *stream;    /* sends its next request, or */
    struct request *request;  /* is answered, or */
    uint64_t probe;           /* is answered */
    uint32_t outcome, status; /* of the probe */
};

static bool comes_before(const struct moment *a, const struct moment *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct drive *drive, struct moment moment)
{
    size_t at = drive->num_moments++;
    drive->moments = memory_grow(drive->moments, drive->num_moments, sizeof *drive->moments);
    moment.order = drive->num_ever++;
    for (size_t up; at > 0 && comes_before(&moment, &drive->moments[up = (at - 1) / 2]); at = up) {
        drive->moments[at] = drive->moments[up];
    }
    drive->moments[at] = moment;
}

static struct moment pop(struct drive *drive)
{
    struct moment first = drive->moments[0];
    struct moment last = drive->moments[--drive->num_moments];
    size_t at = 0, num = drive->num_moments;
    for (size_t down = 1; down < num; down = 2 * at + 1) {
        if (down + 1 < num && comes_before(&drive->moments[down + 1], &drive->moments[down])) {
            down++;
        }
        if (!comes_before(&drive->moments[down], &last)) {
            break;
        }
        drive->moments[at] = drive->moments[down];
        at = down;
    }
    drive->moments[at] = last;
    return first;
}

/* ---- requests ----------------------------------------------------------------------------- */

static size_t pick_offset(void)
{
    return (sizeof(struct request) + PICK_ALIGNMENT - 1) / PICK_ALIGNMENT * PICK_ALIGNMENT;
}

static struct svcroute_pick *pick_of(struct request *request)
{
    return (struct svcroute_pick *)((char *)request + pick_offset());
}

static struct request *request_take(struct drive *drive, struct stream *stream)
{
    struct request *request = drive->idle;
    if (request != NULL) {
        drive->idle = request->next_idle;
    } else {
        request = memory_new(1, pick_offset() + svcroute_pick_size());
        svcroute_pick_init(pick_of(request));
    }
    memset(request, 0, sizeof *request);
    request->stream = stream;
    return request;
}

static void request_leave(struct drive *drive, struct request *request)
{
    svcroute_pick_clear(pick_of(request));
    request->next_idle = drive->idle;
    drive->idle = request;
}

static struct count *count_of(struct stream *stream, const struct drive *drive, size_t server)
{
    struct tally *tally = &stream->tally;
    if (server >= tally->num_counts) {
        size_t num = drive->num_servers;
        struct count *counts = memory_new(num, sizeof *counts);
        if (tally->num_counts > 0) {
            memcpy(counts, tally->counts, tally->num_counts * sizeof *counts);
        }
        free(tally->counts);
        tally->counts = counts;
        tally->num_counts = num;
    }
    return &tally->counts[server];
}

static void keep_cookies(struct stream *stream, const struct svcroute_pick *pick, uint32_t num)
{
    size_t all = 0, used = 0;
    for (uint32_t i = 0; i < num; i++) {
        size_t size = 0;
        svcroute_pick_copy_cookie(pick, i, NULL, &size);
        all += size + 1;
    }
    stream->set_cookies = memory_new(all + 1, 1);
    for (uint32_t i = 0; i < num; i++) {
        size_t size = all - used;
        if (svcroute_pick_copy_cookie(pick, i, stream->set_cookies + used, &size) == 0) {
            used += size;
            stream->set_cookies[used++] = '\n';
        }
    }
}

static void count_pick(struct count *count, const struct request *request, uint32_t why)
{
    if (request->copy) {
        count->copies++;
        return;
    }
    count->picks++;
    count->cookie += why == SVCROUTE_WHY_COOKIE;
    count->fallback += why == SVCROUTE_WHY_FALLBACK;
    count->last_resort += why == SVCROUTE_WHY_LAST_RESORT;
}

/* A server was found: it answers in its time. */
static void go(struct drive *drive, struct request *request, struct svcroute_pick_info *info)
{
    *info = (struct svcroute_pick_info){.size = sizeof *info};
    svcroute_pick_get_info(pick_of(request), info);
    request->server = drive_know_server(drive, info->server, info->service, info->url);
    count_pick(count_of(request->stream, drive, request->server), request, info->why);
    const struct behaviour *behaviour = drive->servers[request->server].behaviour;
    request->outcome = (struct svcroute_outcome){
        .size = sizeof request->outcome, .kind = behaviour->outcome, .status = behaviour->status};
    push(drive, (struct moment){.at = drive->now + behaviour->latency, .request = request});
}

static struct svcroute_request describe(const struct request *request)
{
    const struct stream *stream = request->stream;
    return (struct svcroute_request){
        .size = sizeof(struct svcroute_request),
        .client = request->client,
        .cookies = &stream->cookie,
        .num_cookies = stream->cookie.size > 0,
    };
}

static void send_copies(struct drive *drive, struct request *request, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        struct svcroute_pick_info info;
        struct request *copy = request_take(drive, request->stream);
        copy->copy = true;
        copy->client = request->client;
        struct svcroute_request asked = describe(copy);
        if (svcroute_picker_pick_mirror(drive->picker, pick_of(request), i, &asked, pick_of(copy),
                                        drive->now) == 0) {
            drive->busy++;
            go(drive, copy, &info);
        } else {
            request_leave(drive, copy);
        }
    }
}

static void send_request(struct drive *drive, struct stream *stream)
{
    struct svcroute_pick_info info;
    struct request *request = request_take(drive, stream);
    if (stream->clients.num > 0) {
        request->client = text_of(stream->clients.items[stream->begun % stream->clients.num]);
    }
    request->retries = stream->retries;
    struct svcroute_request asked = describe(request);
    stream->begun++;
    stream->tally.sent++;
    if (svcroute_picker_pick(drive->picker, stream->handle, &asked, pick_of(request), drive->now) !=
        0) {
        stream->tally.none++;
        request_leave(drive, request);
        return;
    }
    drive->busy++;
    go(drive, request, &info);
    if (stream->set_cookies == NULL) {
        keep_cookies(stream, pick_of(request), info.num_cookies);
    }
    send_copies(drive, request, info.num_mirrors);
}

/* Begins the stream's next request, and puts down when the one after it comes. Requests are
 * span / num apart; what that division leaves over is carried along. */
static void send_next(struct drive *drive, struct stream *stream)
{
    send_request(drive, stream);
    if (++drive->begun % PROGRESS_STEP == 0) {
        progress_count("requests", drive->begun, drive->expected);
    }
    if (stream->begun == stream->num) {
        drive->busy--;
        return;
    }
    stream->next += stream->span / stream->num;
    stream->fraction += stream->span % stream->num;
    if (stream->fraction >= stream->num) {
        stream->fraction -= stream->num;
        stream->next++;
    }
    push(drive, (struct moment){.at = stream->next, .stream = stream});
}

bool drive_send(struct drive *drive, struct stream *stream)
{
    if (svcroute_picker_find_route(drive->picker, stream->target, &stream->handle) != 0 &&
        svcroute_picker_find_service(drive->picker, stream->target, &stream->handle) != 0) {
        return false;
    }
    if (stream->num > 0) {
        drive->busy++;
        stream->next = drive->now;
        push(drive, (struct moment){.at = drive->now, .stream = stream});
    }
    return true;
}

/* The answer is there: the request ends, or its client, or a failover, tries once more. */
static void answer(struct drive *drive, struct request *request)
{
    struct stream *stream = request->stream;
    struct svcroute_pick *pick = pick_of(request);
    struct svcroute_outcome outcome = request->outcome;
    bool answered = outcome.kind == SVCROUTE_OUTCOME_STATUS;
    bool bad = !answered || outcome.status >= FIRST_BAD_STATUS;
    bool wanted = answered && svcroute_pick_wants_fallback(pick, outcome.status);
    svcroute_pick_finish(pick, &outcome, drive->now);
    count_of(stream, drive, request->server)->failed += bad;
    if (!request->copy && (wanted || (bad && request->retries > 0))) {
        struct svcroute_pick_info info;
        struct svcroute_request asked = describe(request);
        request->retries -= !wanted;
        if (svcroute_picker_pick_next(drive->picker, &asked, pick, drive->now) == 0) {
            go(drive, request, &info);
            return;
        }
    }
    stream->tally.lost += bad && !request->copy;
    drive->busy--;
    request_leave(drive, request);
}

/* ---- probes and other events -------------------------------------------------------------- */

/* The status with which a server that is well answers its health check. */
static uint32_t good_status(const struct drive *drive, const struct svcroute_event *event)
{
    struct svcroute_health_check_info check = {.size = sizeof check};
    const struct svcroute_service *service =
        svcroute_table_find_service(drive->table, event->service);
    if (event->grpc != 0) {
        return GRPC_SERVING;
    }
    if (service != NULL && svcroute_service_get_health_check(service, &check) == 0 &&
        check.status > 0) {
        return (uint32_t)check.status;
    }
    return USUAL_STATUS;
}

/* A server treats a health check as it treats requests. */
static void send_probe(struct drive *drive, const struct svcroute_event *event)
{
    size_t place = drive_find_server(drive, event->server);
    const struct behaviour *behaviour =
        place != MAP_NONE ? drive->servers[place].behaviour : &drive->usual;
    struct moment moment = {
        .at = drive->now + behaviour->latency,
        .probe = event->probe,
        .outcome = SVCROUTE_PROBE_STATUS,
    };
    if (behaviour->outcome == SVCROUTE_OUTCOME_TIMEOUT || behaviour->latency >= event->timeout) {
        moment.at = drive->now + event->timeout;
        moment.outcome = SVCROUTE_PROBE_TIMEOUT;
    } else if (behaviour->outcome != SVCROUTE_OUTCOME_STATUS ||
               behaviour->admin == SVCROUTE_ADMIN_DOWN) {
        moment.outcome = SVCROUTE_PROBE_FAILED;
    } else if (behaviour->status < FIRST_BAD_STATUS) {
        moment.status = good_status(drive, event);
    } else {
        moment.status = event->grpc != 0 ? GRPC_NOT_SERVING : behaviour->status;
    }
    push(drive, moment);
}

static void hear(struct drive *drive)
{
    struct svcroute_event event = {.size = sizeof event};
    while (svcroute_balancer_next_event(drive->balancer, &event) == 0) {
        if (event.kind == SVCROUTE_EVENT_PROBE) {
            send_probe(drive, &event);
        } else if (event.kind != SVCROUTE_EVENT_PROBE_CANCELLED && drive->listener != NULL) {
            drive->listener(drive->user, &event);
        }
    }
}

static void advance(struct drive *drive)
{
    svcroute_balancer_advance(drive->balancer, drive->now);
    hear(drive);
}

/* ---- the clock ---------------------------------------------------------------------------- */

/* True if the balancer should be asked what is new. */
static bool happen(struct drive *drive, const struct moment *moment)
{
    bool probe = false;
    if (moment->stream != NULL) {
        send_next(drive, moment->stream);
    } else if (moment->request != NULL) {
        answer(drive, moment->request);
    } else {
        svcroute_balancer_report_probe(drive->balancer, moment->probe, moment->outcome,
                                       moment->status, drive->now);
        probe = true;
    }
    return probe || svcroute_balancer_needs_advance(drive->balancer);
}

void drive_run(struct drive *drive, uint64_t until)
{
    advance(drive);
    while (until != UINT64_MAX || drive->busy > 0) {
        uint64_t deadline = svcroute_balancer_next_deadline(drive->balancer);
        uint64_t next = drive->num_moments > 0 ? drive->moments[0].at : UINT64_MAX;
        uint64_t at = deadline < next ? deadline : next;
        if (at >= until) {
            break;
        }
        drive->now = at > drive->now ? at : drive->now;
        if (deadline <= next) {
            advance(drive);
        } else {
            struct moment moment = pop(drive);
            if (happen(drive, &moment)) {
                advance(drive);
            }
        }
    }
    if (until != UINT64_MAX && until > drive->now) {
        drive->now = until;
    }
    progress_clear();
}

/* ---- beginning and end -------------------------------------------------------------------- */

static bool fine(int code)
{
    if (code == SVCROUTE_ERR_NOMEM) {
        memory_none();
    }
    if (code != 0) {
        complain(NULL, svcroute_error_text(code));
    }
    return code == 0;
}

bool drive_open(struct drive *drive, struct svcroute_context *context, struct svcroute_table *table,
                uint64_t seed)
{
    struct svcroute_balancer_options options;
    memset(drive, 0, sizeof *drive);
    drive->usual = (struct behaviour){
        .latency = USUAL_LATENCY_MS * UINT64_C(1000000),
        .outcome = SVCROUTE_OUTCOME_STATUS,
        .status = USUAL_STATUS,
    };
    svcroute_balancer_options_init(&options, sizeof options);
    options.seed = seed;
    drive->context = svcroute_context_ref(context);
    drive->table = svcroute_table_ref(table);
    if (!fine(svcroute_balancer_new(&drive->balancer, table, &options, drive->now)) ||
        !fine(svcroute_picker_new(&drive->picker, drive->balancer, drive->now))) {
        return false;
    }
    drive_know_servers(drive);
    progress_begin(0);
    return true;
}

bool drive_update(struct drive *drive, struct svcroute_table *table)
{
    if (!fine(svcroute_balancer_update(drive->balancer, table, drive->now)) ||
        !fine(svcroute_picker_refresh(drive->picker, drive->now))) {
        return false;
    }
    svcroute_table_unref(drive->table);
    drive->table = svcroute_table_ref(table);
    drive_know_servers(drive);
    return true;
}

void drive_close(struct drive *drive)
{
    for (size_t i = 0; i < drive->num_moments; i++) {
        if (drive->moments[i].request != NULL) {
            request_leave(drive, drive->moments[i].request);
        }
    }
    free(drive->moments);
    for (struct request *next; drive->idle != NULL; drive->idle = next) {
        next = drive->idle->next_idle;
        free(drive->idle);
    }
    svcroute_picker_free(drive->picker);
    svcroute_balancer_free(drive->balancer);
    svcroute_table_unref(drive->table);
    svcroute_context_unref(drive->context);
    drive_drop_servers(drive);
}
