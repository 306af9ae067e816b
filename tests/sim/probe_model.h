/* When servers are to be probed and what they are, as naively as can be: for probe_matrix.c. Shares
 * nothing with the library but what its documentation says. */
#ifndef PROBE_MODEL_H
#define PROBE_MODEL_H

#include <string.h>

#include <svcroute/svcroute.h>

enum { SERVERS = 5, NOBODY = 99 };

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define NEVER UINT64_MAX

/* ---- one mixture --------------------------------------------------------------------------- */

struct mixture {
    bool traefik, direct; /* direct: the schedule alone */
    uint64_t interval, unhealthy, timeout;
    uint32_t rise, fall, initial, num;
};

static uint64_t give_up(const struct mixture *mix)
{
    return mix->timeout + SECOND;
}

static uint64_t wait_of(const struct mixture *mix, bool up)
{
    return up || mix->unhealthy == 0 ? mix->interval : mix->unhealthy;
}

/* ---- the model ----------------------------------------------------------------------------- */

static struct model {
    const struct mixture *mix;
    struct server {
        bool up, known, asked;     /* asked: a probe is on its way */
        unsigned good, bad;        /* results in a row, at the end of all of them */
        uint64_t due, since_asked; /* due, profile default: of the next probe; NEVER: not known */
    } servers[SERVERS];
    struct ticker { /* traefik-v3: of those that are up, of those that are down */
        uint64_t period, next;
        unsigned list[SERVERS], num; /* who waits, in order */
        unsigned left;               /* how many of these the round has to ask still */
        unsigned busy;               /* who is being asked */
        bool again;                  /* it ticked during the round */
    } tickers[2 * SERVERS];          /* two for each service, which has one server or all */
    unsigned num_tickers;
    bool wanted[SERVERS]; /* to be asked now */
} model;

static void ticker_begin(unsigned which, const struct mixture *mix)
{
    struct ticker *ticker = &model.tickers[which];
    memset(ticker, 0, sizeof *ticker);
    ticker->period = ticker->next = wait_of(mix, which % 2 == 0);
    ticker->busy = NOBODY;
}

static void model_begin(const struct mixture *mix)
{
    memset(&model, 0, sizeof model);
    model.mix = mix;
    model.num_tickers = mix->direct ? 2 : mix->traefik ? 2 * mix->num : 0;
    for (unsigned k = 0; k < model.num_tickers; k++) {
        ticker_begin(k, mix);
    }
    for (unsigned i = 0; i < mix->num; i++) {
        struct server *server = &model.servers[i];
        server->up = mix->traefik || mix->initial == SVCROUTE_INITIAL_UP;
        server->known = mix->traefik || mix->initial != SVCROUTE_INITIAL_UNKNOWN;
        server->due = NEVER;
        if (mix->traefik) {
            struct ticker *ticker = &model.tickers[mix->direct ? 0 : 2 * i];
            ticker->list[ticker->num++] = i;
        }
    }
}

/* Begins a round if a tick waits for it and none is on: of those who are there now. */
static void ticker_begin_round(struct ticker *ticker)
{
    if (ticker->again && ticker->busy == NOBODY && ticker->left == 0) {
        ticker->again = false;
        ticker->left = ticker->num;
    }
}

/* Asks who is next in a round. */
static void ticker_go_on(struct ticker *ticker, uint64_t now)
{
    if (ticker->busy == NOBODY && ticker->left > 0) {
        ticker->left--;
        ticker->busy = ticker->list[0];
        memmove(ticker->list, ticker->list + 1, --ticker->num * sizeof ticker->list[0]);
        model.wanted[ticker->busy] = true;
        model.servers[ticker->busy].asked = true;
        model.servers[ticker->busy].since_asked = now;
    }
}

/* A result, which may turn the server. */
static void model_result(unsigned i, bool good, uint64_t now)
{
    const struct mixture *mix = model.mix;
    struct server *server = &model.servers[i];
    unsigned rise = mix->rise == 0 ? 1 : mix->rise, fall = mix->fall == 0 ? 1 : mix->fall;
    server->asked = false;
    server->good = good ? server->good + 1 : 0;
    server->bad = good ? 0 : server->bad + 1;
    if (!server->known) {
        server->known = true;
        server->up = good;
    } else if (server->up) {
        server->up = server->bad < fall;
    } else {
        server->up = server->good >= rise;
    }
    server->due = now + wait_of(mix, server->up);
    for (unsigned k = 0; k < model.num_tickers; k++) {
        if (model.tickers[k].busy == i) {
            struct ticker *joined = &model.tickers[k / 2 * 2 + (server->up ? 0 : 1)];
            model.tickers[k].busy = NOBODY;
            joined->list[joined->num++] = i;
            ticker_begin_round(&model.tickers[k]);
            break;
        }
    }
}

/* The tickers tick: for a round, perhaps of nobody, or, during one, for the next. */
static void model_tick(uint64_t now)
{
    for (unsigned k = 0; k < model.num_tickers; k++) {
        struct ticker *ticker = &model.tickers[k];
        for (; ticker->next <= now; ticker->next += ticker->period) {
            ticker->again = true;
            ticker_begin_round(ticker);
        }
    }
}

static void model_give_up(unsigned i, uint64_t now)
{
    if (model.servers[i].asked && model.servers[i].since_asked + give_up(model.mix) <= now) {
        model_result(i, false, now);
    }
}

/* All that time brings up to `now`, which is the moment of the earliest of it, or later. */
static void model_advance(uint64_t now)
{
    model_tick(now);
    for (unsigned k = 0; k < model.num_tickers; k++) { /* whose list it is in later goes by this */
        if (model.tickers[k].busy != NOBODY) {
            model_give_up(model.tickers[k].busy, now);
        }
    }
    for (unsigned k = 0; k < model.num_tickers; k++) {
        ticker_go_on(&model.tickers[k], now);
    }
    for (unsigned i = 0; i < model.mix->num && !model.mix->traefik; i++) {
        struct server *server = &model.servers[i];
        model_give_up(i, now);
        if (!server->asked && server->due <= now) {
            server->asked = model.wanted[i] = true;
            server->since_asked = now;
        }
    }
}

/* When something happens by itself; `now`: at once. */
static uint64_t model_deadline(uint64_t now)
{
    uint64_t at = NEVER;
    for (unsigned i = 0; i < model.mix->num; i++) {
        const struct server *server = &model.servers[i];
        uint64_t own = server->asked        ? server->since_asked + give_up(model.mix)
                       : model.mix->traefik ? NEVER
                                            : server->due;
        at = own < at ? own : at;
    }
    for (unsigned k = 0; k < model.num_tickers; k++) {
        const struct ticker *ticker = &model.tickers[k];
        bool goes_on = ticker->busy == NOBODY && ticker->left > 0;
        uint64_t own = goes_on                                     ? now
                       : ticker->num > 0 && ticker->busy == NOBODY ? ticker->next
                                                                   : NEVER;
        at = own < at ? own : at;
    }
    return at;
}

#endif
