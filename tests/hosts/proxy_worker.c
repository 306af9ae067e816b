/* A worker of the proxy: from the head of a request, which is text, to the end of the answer. */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 8 }; /* routes below routes that are followed */

/* ---- clients ---- */

static const char *given(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* What a client writes. */
static void write_request(struct http_text *text, const struct request *request)
{
    text->size = 0;
    if (request->text) {
        http_say(text, "%s", request->text);
        return;
    }
    http_say(text, "%s %s HTTP/1.1\r\n", given(request->method, "GET"),
             given(request->target, "/"));
    if (!request->host || *request->host) {
        http_say(text, "Host: %s\r\n", given(request->host, "shop.example"));
    }
    if (request->cookie) {
        http_say(text, "Cookie: %s\r\n", request->cookie);
    }
    if (request->body == BODY_CHUNKED) {
        http_say(text, "Transfer-Encoding: chunked\r\n");
    } else if (request->body) {
        http_say(text, "Content-Length: %llu\r\n", (unsigned long long)request->body);
    }
    http_say(text, "%s\r\n", given(request->lines, ""));
}

/* ---- reading a request ---- */

unsigned status_of(int code)
{
    switch (code) {
    case 0:
        return 0;
    case SVCROUTE_ERR_BAD_REQUEST:
        return 400;
    case SVCROUTE_ERR_NOT_FOUND:
    case SVCROUTE_ERR_GONE:
        return 404;
    case SVCROUTE_ERR_BODY_TOO_LARGE:
        return 413;
    case SVCROUTE_ERR_LIMIT:
    case SVCROUTE_ERR_SPACE:
        return 414;
    case SVCROUTE_ERR_NO_SERVER:
        return 503;
    case SVCROUTE_ERR_ALL_TRIED:
        return 502;
    default:
        check(false, "a request ends with %s", svcroute_error_name(code));
        return 500;
    }
}

/* The host of a request: of an absolute target its own, else that of the one Host line. */
static bool read_host(struct exchange *exchange)
{
    uint32_t num;
    struct svcroute_text host = http_find(&exchange->head, "Host", &num);
    exchange->host = exchange->target.authority.size ? exchange->target.authority : host;
    http_remove(&exchange->head, "Host");
    return num == 1;
}

/* What clients that are not trusted must not say. */
static void forget_forwarded(struct http_head *head)
{
    static const char *const names[] = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                                        "X-Real-Ip", "Connection"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        http_remove(head, names[i]);
    }
}

static unsigned read_head(const struct proxy *proxy, struct exchange *exchange)
{
    struct svcroute_text text = {exchange->text.bytes, exchange->text.size};
    exchange->target.size = sizeof(exchange->target);
    if (!http_read(&exchange->head, text)) {
        return 400;
    }
    int code = svcroute_target_read(exchange->head.target, &exchange->target);
    if (code == 0 && exchange->target.form == SVCROUTE_TARGET_AUTHORITY) {
        return 501; /* CONNECT is not for a reverse proxy */
    }
    if (code == 0) {
        code = svcroute_path_clean(exchange->target.path, proxy->allow, exchange->path,
                                   sizeof(exchange->path), &exchange->question.path.size);
    }
    if (code != 0) {
        return status_of(code);
    }
    exchange->question.path.data = exchange->path;
    if (!read_host(exchange)) {
        return 400;
    }
    forget_forwarded(&exchange->head);
    return 0;
}

/* What the library wants to know of a request, to match and to pick. */
static void know(struct exchange *exchange)
{
    const struct request *way = exchange->way;
    struct svcroute_match_request *question = &exchange->question;
    struct svcroute_request *known = &exchange->known;
    question->size = sizeof(*question);
    question->method = exchange->head.method;
    question->host = exchange->host;
    question->query = exchange->target.query;
    question->client = text_of(given(way->client, "192.0.2.7"));
    question->entry_point = text_of(given(way->entry_point, ""));
    question->flags = way->tls ? SVCROUTE_MATCH_TLS : SVCROUTE_MATCH_PLAIN;
    known->size = sizeof(*known);
    known->client = question->client;
    known->cookies = exchange->cookies;
    for (uint32_t i = 0; i < exchange->head.num_lines && known->num_cookies < 4; i++) {
        if (http_same_name(exchange->head.lines[(size_t)i * 2], "Cookie")) {
            exchange->cookies[known->num_cookies++] = exchange->head.lines[(size_t)i * 2 + 1];
        }
    }
    if (!http_find(&exchange->head, "Transfer-Encoding", NULL).data) {
        struct svcroute_text length = http_find(&exchange->head, "Content-Length", NULL);
        known->flags |= SVCROUTE_REQUEST_BODY_KNOWN;
        known->body_size = length.data ? strtoull(length.data, NULL, 10) : 0;
    }
    if (way->excluded) {
        known->excluded = &way->excluded;
        known->num_excluded = 1;
    }
}

/* ---- middlewares ---- */

/* Runs one by its name. 0, or the status that it answers. */
static unsigned run_middleware(struct exchange *exchange, struct svcroute_text name)
{
    if (text_is(name, "shop-who")) { /* tells who it is, and lets nobody else tell */
        struct svcroute_text role = http_find(&exchange->head, "Authorization", NULL);
        http_remove(&exchange->head, "X-Role");
        if (role.data) {
            http_add(&exchange->head, "X-Role", role);
        }
        return 0;
    }
    if (text_is(name, "shop-members")) {
        return http_find(&exchange->head, "X-Role", NULL).data ? 0 : 403;
    }
    if (text_is(name, "shop-strip")) { /* takes the first segment off */
        struct svcroute_text *path = &exchange->question.path;
        const char *next = memchr(path->data + 1, '/', path->size - 1);
        path->size = next ? path->size - (size_t)(next - path->data) : 1;
        path->data = next ? next : "/";
        return 0;
    }
    ensure(false, "there is no middleware %.*s", (int)name.size, name.data);
    return 500;
}

static unsigned run_middlewares(struct exchange *exchange, const struct svcroute_route *route)
{
    unsigned status = 0;
    struct svcroute_text name;
    for (size_t i = 0; status == 0 && (name = svcroute_route_get_middleware(route, i)).data; i++) {
        status = run_middleware(exchange, name);
    }
    return status;
}

/* ---- finding the route ---- */

/* Whoever asks the table is told the same route. */
static void compare(struct worker *worker, const struct exchange *exchange,
                    const struct svcroute_route *parent, const struct svcroute_route *found)
{
    const struct svcroute_table *table = svcroute_picker_get_table(worker->picker);
    const struct svcroute_route *route;
    int code = parent ? svcroute_table_match_child(table, parent, &exchange->question, &route)
                      : svcroute_table_match(table, &exchange->question, &route);
    ensure(route == found && (code == 0) == (found != NULL),
           "a table and its picker find different routes");
}

unsigned worker_match(struct worker *worker, struct exchange *exchange)
{
    struct svcroute_picker *picker = worker->picker;
    struct svcroute_match_request *question = &exchange->question;
    const struct svcroute_route *route = NULL;
    for (exchange->levels = 0; exchange->levels < LEVELS; exchange->levels++) {
        /* Middlewares change what the next question is about. */
        question->headers = exchange->head.lines;
        question->num_headers = exchange->head.num_lines;
        const struct svcroute_route *parent = route;
        int code = parent ? svcroute_picker_match_child(picker, exchange->handle, question,
                                                        &exchange->handle)
                          : svcroute_picker_match(picker, question, &exchange->handle);
        if (code != 0 && code != SVCROUTE_ERR_NOT_FOUND) {
            return status_of(code);
        }
        route = svcroute_picker_get_route(picker, exchange->handle);
        compare(worker, exchange, parent, route);
        if (!route) {
            return 404;
        }
        struct svcroute_route_info info = {.size = sizeof(info)};
        must(svcroute_route_get_info(svcroute_picker_get_table(picker), route, &info), "a route");
        text_copy(exchange->route, sizeof(exchange->route), info.ingress_route);
        unsigned status = run_middlewares(exchange, route);
        if (status != 0) {
            return status;
        }
        if (info.service.size) {
            exchange->levels++;
            return 0;
        }
    }
    return 508;
}

void worker_refresh(struct worker *worker)
{
    if (svcroute_picker_stale(worker->picker)) {
        must(svcroute_picker_refresh(worker->picker, world_now()), "refresh");
    }
}

unsigned worker_read(struct worker *worker, const struct request *request,
                     struct exchange *exchange)
{
    memset(exchange, 0, sizeof(*exchange));
    exchange->way = request;
    write_request(&exchange->text, request);
    unsigned status = read_head(worker->proxy, exchange);
    if (status == 0) {
        know(exchange);
    }
    return status;
}

unsigned worker_route(struct worker *worker, const struct request *request,
                      struct exchange *exchange)
{
    unsigned status = worker_read(worker, request, exchange);
    worker_refresh(worker);
    return status ? status : worker_match(worker, exchange);
}

/* ---- servers ---- */

/* Sends the request on: with the path that the rules saw. */
static struct svcroute_outcome forward(struct exchange *exchange,
                                       const struct svcroute_pick_info *info, struct sight *sight)
{
    struct http_text text;
    struct svcroute_text url = info->url;
    struct svcroute_text authority = {url.data + info->scheme.size + 3,
                                      url.size - info->scheme.size - 3};
    http_write(&text, exchange->head.method, exchange->question.path, exchange->question.query,
               info->pass_host_header ? exchange->host : authority, &exchange->head);
    return world_ask(url, (struct svcroute_text){text.bytes, text.size}, sight);
}

/* Copies of a request go out when its answer is through; nobody waits for theirs. */
static void send_copies(struct worker *worker, struct exchange *exchange, uint32_t num,
                        struct answer *answer)
{
    const struct svcroute_request *known = &exchange->known;
    for (uint32_t i = 0; i < num; i++) {
        struct svcroute_mirror_info mirror = {.size = sizeof(mirror)};
        must(svcroute_pick_get_mirror(worker->pick, i, &mirror), "a mirror");
        if (mirror.max_body >= 0 && (!(known->flags & SVCROUTE_REQUEST_BODY_KNOWN) ||
                                     known->body_size > (uint64_t)mirror.max_body)) {
            continue;
        }
        if (svcroute_picker_pick_mirror(worker->picker, worker->pick, i, known, worker->copy,
                                        world_now()) != 0) {
            continue;
        }
        struct svcroute_pick_info info = {.size = sizeof(info)};
        struct sight sight;
        must(svcroute_pick_get_info(worker->copy, &info), "the pick of a mirror");
        struct svcroute_outcome outcome = forward(exchange, &info, &sight);
        must(svcroute_pick_finish(worker->copy, &outcome, world_now()), "the end of a copy");
        svcroute_pick_clear(worker->copy);
        answer->copies++;
    }
}

static void tell(struct worker *worker, const struct svcroute_pick_info *info,
                 struct answer *answer)
{
    size_t size = sizeof(answer->cookie) - 1;
    answer->why = info->why;
    answer->server = info->server;
    answer->keep_body = info->keeps_body ? info->keep_body : 0;
    answer->num_cookies = info->num_cookies;
    text_copy(answer->url, sizeof(answer->url), info->url);
    answer->cookie[0] = '\0';
    if (info->num_cookies) {
        must(svcroute_pick_copy_cookie(worker->pick, 0, answer->cookie, &size), "a cookie");
        answer->cookie[size] = '\0';
    }
}

/* Sends the request to the server of the pick. True: the answer goes to the client. */
static bool try_server(struct worker *worker, struct exchange *exchange,
                       const struct svcroute_pick_info *info, struct answer *answer)
{
    struct svcroute_outcome outcome = forward(exchange, info, &answer->sight);
    answer->tries++;
    if (outcome.kind != SVCROUTE_OUTCOME_STATUS) {
        must(svcroute_pick_finish(worker->pick, &outcome, world_now()), "the end of a failed try");
        answer->status = 502;
        return false;
    }
    answer->status = outcome.status;
    bool elsewhere = svcroute_pick_wants_fallback(worker->pick, outcome.status);
    must(svcroute_pick_report(worker->pick, &outcome, world_now()), "the head of the answer");
    must(svcroute_pick_finish(worker->pick, NULL, world_now()), "the end of the answer");
    return !elsewhere;
}

/* Asks one server after the other, until one has an answer for the client. */
static void ask_servers(struct worker *worker, struct exchange *exchange, struct answer *answer)
{
    uint64_t tried[TRIES];
    int code;
    do {
        struct svcroute_pick_info info = {.size = sizeof(info)};
        must(svcroute_pick_get_info(worker->pick, &info), "a pick");
        for (unsigned i = 0; i < answer->tries; i++) {
            ensure(tried[i] != info.server, "%s is tried again", answer->url);
        }
        tried[answer->tries] = info.server;
        tell(worker, &info, answer);
        if (try_server(worker, exchange, &info, answer) || answer->tries == TRIES) {
            break;
        }
        code =
            svcroute_picker_pick_next(worker->picker, &exchange->known, worker->pick, world_now());
    } while (code == 0);
}

struct answer worker_serve(struct worker *worker, const struct request *request)
{
    struct answer answer = {.status = 0};
    struct exchange exchange;
    answer.status = worker_route(worker, request, &exchange);
    answer.levels = exchange.levels;
    text_copy(answer.route, sizeof(answer.route), text_of(exchange.route));
    if (answer.status != 0) {
        return answer;
    }
    int code = svcroute_picker_pick(worker->picker, exchange.handle, &exchange.known, worker->pick,
                                    world_now());
    if (code != 0) {
        answer.status = status_of(code);
        return answer;
    }
    struct svcroute_pick_info info = {.size = sizeof(info)};
    must(svcroute_pick_get_info(worker->pick, &info), "a pick");
    ask_servers(worker, &exchange, &answer);
    send_copies(worker, &exchange, info.num_mirrors, &answer);
    svcroute_pick_clear(worker->pick);
    return answer;
}
