/* Vectors of rules.json: rules that are read or refused, what they say of requests, and which of
 * several routers gets a request.
 *
 * `bare` is what the matcher says of the request as it came, `match` what a client of a whole proxy
 * sees, so the host's part of the latter is done here: the path is cleaned, and headers are
 * rewritten as they are for clients that nobody trusts. */
#include <stdlib.h>

#include <svcroute/error.h>
#include <svcroute/match.h>

#include "rule/index.h"
#include "rule/program.h"
#include "rule/subject.h"

#include "runtime.h"

enum { HEADERS_MAX = 64, BYTES_MAX = 1 << 17, ROUTERS_MAX = 16, REFUSED = -1, SENSELESS = -2 };

/* ---- requests ---- */

struct request {
    struct svcr_buffer bytes; /* of fields and what is made of them; does not move */
    svcr_text method, host, client, target;
    svcr_text headers[2 * HEADERS_MAX]; /* names and values by turns */
    uint32_t num_headers;
};

static svcr_text keep(struct request *request, const char *data, size_t size)
{
    size_t start = request->bytes.size;

    svcr_buffer_add(&request->bytes, data, size);
    return (svcr_text){request->bytes.data + start, size};
}

static bool is_token(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if ((c < '0' || c > '9') && ((c | 0x20) < 'a' || (c | 0x20) > 'z') &&
            (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return text.size > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static svcr_text trim(svcr_text text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static void add_header(struct request *request, svcr_text name, svcr_text value)
{
    if (request->num_headers < HEADERS_MAX) {
        request->headers[2 * request->num_headers] = name;
        request->headers[2 * request->num_headers + 1] = value;
        request->num_headers++;
    }
}

/* Reads a header line as an HTTP parser does; false: it refuses it (RFC 9112 section 5). */
static bool read_header(struct request *request, svcr_text line)
{
    const char *colon = line.size > 0 ? memchr(line.data, ':', line.size) : NULL;
    svcr_text name, value;

    if (colon == NULL) {
        return false;
    }
    name = (svcr_text){line.data, (size_t)(colon - line.data)};
    value = trim((svcr_text){colon + 1, line.size - name.size - 1});
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = (uint8_t)value.data[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    add_header(request, keep(request, name.data, name.size), keep(request, value.data, value.size));
    return is_token(name);
}

/* 0, REFUSED or SENSELESS. */
static int read_request(struct request *request, const struct svcroute_node *row)
{
    const struct svcroute_node *lines = runtime_find(row, "headers"), *line;
    svcr_text path, query;

    request->num_headers = 0;
    request->bytes.size = 0;
    if (svcr_buffer_reserve(&request->bytes, BYTES_MAX) == NULL) {
        return SENSELESS;
    }
    request->method = runtime_bytes(row, "method", &request->bytes);
    request->host = runtime_bytes(row, "host", &request->bytes);
    request->client = runtime_bytes(row, "remote", &request->bytes);
    path = runtime_bytes(row, "path", &request->bytes);
    query = runtime_bytes(row, "query", &request->bytes);
    if (request->method.data == NULL || request->host.data == NULL ||
        request->client.data == NULL || path.data == NULL ||
        svcroute_node_get_kind(lines) != SVCROUTE_NODE_LIST ||
        svcroute_node_num(lines) > HEADERS_MAX / 2) {
        return SENSELESS;
    }
    request->target = keep(request, path.data, path.size);
    if (query.data != NULL) {
        keep(request, "?", 1);
        keep(request, query.data, query.size);
        request->target.size += 1 + query.size;
    }
    for (line = svcroute_node_first(lines); line != NULL; line = svcroute_node_next(lines, line)) {
        if (!read_header(request, svcroute_node_get_text(line))) {
            return REFUSED;
        }
    }
    add_header(request, SVCR_TEXT("Connection"), SVCR_TEXT("close"));
    /* What is larger may have moved. */
    return request->bytes.size <= BYTES_MAX / 8 ? 0 : SENSELESS;
}

/* ---- what a proxy does to headers ---- */

static bool is_forwarded(svcr_text name)
{
    static const char *const names[] = {"X-Forwarded-For",
                                        "X-Forwarded-Host",
                                        "X-Forwarded-Method",
                                        "X-Forwarded-Port",
                                        "X-Forwarded-Prefix",
                                        "X-Forwarded-Proto",
                                        "X-Forwarded-Server",
                                        "X-Forwarded-Uri",
                                        "X-Forwarded-Tls-Client-Cert",
                                        "X-Real-Ip",
                                        "X-Forwarded-Tls-Client-Cert-Info"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (svcr_text_same_nocase(name, (svcr_text){names[i], strlen(names[i])})) {
            return true;
        }
    }
    return false;
}

/* Splits "host:port" or "[host]:port"; false if it is neither. */
static bool split_port(svcr_text text, svcr_text *host, svcr_text *port)
{
    size_t colon = text.size;

    while (colon > 0 && text.data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    *port = (svcr_text){text.data + colon, text.size - colon};
    *host = (svcr_text){text.data, colon - 1};
    if (host->size >= 2 && host->data[0] == '[' && host->data[host->size - 1] == ']') {
        host->data++;
        host->size -= 2;
        return true;
    }
    return host->size == 0 || memchr(host->data, ':', host->size) == NULL;
}

static void drop_header(struct request *request, svcr_text name)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < request->num_headers; i++) {
        if (!svcr_text_same_nocase(request->headers[2 * i], name)) {
            request->headers[2 * kept] = request->headers[2 * i];
            request->headers[2 * kept + 1] = request->headers[2 * i + 1];
            kept++;
        }
    }
    request->num_headers = kept;
}

/* Connection goes, and the headers that it names, but for those that the proxy makes itself. */
static void drop_connection(struct request *request)
{
    const svcr_text connection = SVCR_TEXT("Connection");
    svcr_text values[HEADERS_MAX];
    uint32_t num = 0;

    for (uint32_t i = 0; i < request->num_headers; i++) {
        if (svcr_text_same_nocase(request->headers[2 * i], connection)) {
            values[num++] = request->headers[2 * i + 1];
        }
    }
    drop_header(request, connection);
    for (uint32_t i = 0; i < num; i++) {
        while (values[i].size > 0) {
            const char *comma = memchr(values[i].data, ',', values[i].size);
            size_t size = comma != NULL ? (size_t)(comma - values[i].data) : values[i].size;
            svcr_text name = trim((svcr_text){values[i].data, size});

            size += comma != NULL;
            values[i] = (svcr_text){values[i].data + size, values[i].size - size};
            if (!is_forwarded(name)) {
                drop_header(request, name);
            }
        }
    }
}

static void clean_headers(struct request *request)
{
    uint32_t kept = 0;
    svcr_text host, port;

    for (uint32_t i = 0; i < request->num_headers; i++) {
        if (!is_forwarded(request->headers[2 * i])) {
            request->headers[2 * kept] = request->headers[2 * i];
            request->headers[2 * kept + 1] = request->headers[2 * i + 1];
            kept++;
        }
    }
    request->num_headers = kept;
    if (split_port(request->client, &host, &port)) {
        const char *zone = host.size > 0 ? memchr(host.data, '%', host.size) : NULL;

        host.size = zone != NULL ? (size_t)(zone - host.data) : host.size;
        add_header(request, SVCR_TEXT("X-Real-Ip"), host);
    }
    add_header(request, SVCR_TEXT("X-Forwarded-Proto"), SVCR_TEXT("http"));
    if (!split_port(request->host, &host, &port) || port.size == 0) {
        port = SVCR_TEXT("80");
    }
    add_header(request, SVCR_TEXT("X-Forwarded-Port"), port);
    if (request->host.size > 0) {
        add_header(request, SVCR_TEXT("X-Forwarded-Host"), request->host);
    }
    drop_connection(request);
}

/* ---- subjects ---- */

/* What rules see of a request, of the whole proxy or bare. 0, REFUSED or SENSELESS. */
static int make_subject(struct request *request, bool whole, struct svcr_subject *subject)
{
    struct svcroute_target target = {.size = sizeof(target)};
    struct svcroute_match_request given = {.size = sizeof(given), .host = request->host};
    int error = svcroute_target_read(request->target, &target);

    if (error == 0 && target.authority.data != NULL) {
        error =
            svcr_subject_make(subject, &given, true); /* a bad Host header is one all the same */
        request->host = target.authority;
    }
    if (error == 0 && whole) {
        size_t size, room = 3 * target.path.size + 1;
        char *out = svcr_buffer_reserve(&request->bytes, room);

        error = svcroute_path_clean(target.path, SVCROUTE_PATH_ALLOW_ALL, out, room, &size);
        if (error == 0) {
            target.path = (svcr_text){out, size};
            request->bytes.size += size;
        }
    }
    if (error == 0) {
        if (whole) {
            clean_headers(request);
        }
        given.method = request->method;
        given.host = request->host;
        given.path = target.path;
        given.query = target.query;
        given.client = request->client;
        given.headers = request->headers;
        given.num_headers = request->num_headers;
        error = svcr_subject_make(subject, &given, true);
        subject->query_semicolons = whole;
    }
    return error == 0 ? 0 : error == SVCROUTE_ERR_BAD_REQUEST ? REFUSED : SENSELESS;
}

/* "OPTIONS *" asks the server, which answers ahead of any rule; the vectors count its answer as a
 * match, also of the bare matcher. */
static bool asks_server(const struct request *request)
{
    return svcr_text_same(request->method, SVCR_TEXT("OPTIONS")) &&
           svcr_text_same(request->target, SVCR_TEXT("*"));
}

/* ---- routers ---- */

struct routers {
    struct svcr_candidate items[ROUTERS_MAX];
    struct svcr_program *programs[ROUTERS_MAX]; /* the holders, too */
    size_t num;
    struct svcr_index index;
};

/* A router of priority 0 has none of its own. */
static int add_router(struct routers *routers, struct svcroute_context *context, svcr_text name,
                      svcr_text rule, int64_t priority, struct svcr_rule_fault *fault)
{
    struct svcr_candidate *router = &routers->items[routers->num];
    struct svcr_program **program = &routers->programs[routers->num];
    int error = svcr_program_make(program, context, rule, fault);

    if (error != 0) {
        return error;
    }
    routers->num++;
    *router = (struct svcr_candidate){.priority = priority ? priority : (int64_t)rule.size,
                                      .length = (uint32_t)rule.size,
                                      .name = name,
                                      .program = *program,
                                      .holder = &(*program)->head};
    return svcr_index_add(context, &routers->index, SVCR_TEXT(""), router);
}

static void free_routers(struct routers *routers, struct svcroute_context *context)
{
    svcr_index_clear(context, &routers->index);
    while (routers->num > 0) {
        svcr_block_unref(context, routers->programs[--routers->num]);
    }
}

/* Asks all programs, and the index as well: if they do not say the same, `*agree` becomes false. */
static svcr_text find_winner(const struct svcroute_context *context, const struct routers *routers,
                             struct svcr_subject *subject, bool *agree)
{
    const struct svcr_search search = {.scope = SVCR_TEXT("")};
    const struct svcr_candidate *best = NULL, *found;
    svcr_text none = SVCR_TEXT("none");

    for (size_t i = 0; i < routers->num; i++) {
        if (svcr_program_run(routers->programs[i], subject, NULL) &&
            (best == NULL || svcr_candidate_compare(&routers->items[i], best) < 0)) {
            best = &routers->items[i];
        }
    }
    found = svcr_index_find(context, &routers->index, subject, &search);
    *agree = svcr_text_same(found ? found->name : none, best ? best->name : none);
    return best != NULL ? best->name : none;
}

/* ---- rules ---- */

/* Judges a rule's requests; NULL: all is well, else what is not. */
static const char *judge_requests(const struct svcroute_context *context,
                                  const struct routers *rule, struct request *request,
                                  const struct svcroute_node *requests, unsigned *number)
{
    const struct svcroute_node *row;
    struct svcr_subject subject;

    *number = 0;
    for (row = svcroute_node_first(requests); row != NULL;
         row = svcroute_node_next(requests, row)) {
        ++*number;
        for (int whole = 0; whole < 2; whole++) {
            int64_t wanted = runtime_integer(row, whole ? "match" : "bare", SENSELESS);
            int got = read_request(request, row);
            bool agree = true;

            got = got == 0 ? make_subject(request, whole, &subject) : got;
            if (got == 0) {
                svcr_text winner = find_winner(context, rule, &subject, &agree);

                got = asks_server(request) || !svcr_text_same(winner, SVCR_TEXT("none"));
            }
            if (got == SENSELESS || wanted == SENSELESS) {
                return "the row makes no sense";
            }
            if (got != wanted) {
                return whole ? "the whole proxy answers otherwise"
                             : "the matcher answers otherwise";
            }
            if (!agree) {
                return "index and rule do not agree";
            }
        }
    }
    return NULL;
}

/* A build without PCRE2 refuses all regular expressions. */
static bool is_beyond(svcr_text rule)
{
    bool regexp = false;

    for (size_t i = 0; i + 6 <= rule.size; i++) {
        regexp =
            regexp || svcr_text_same_nocase((svcr_text){rule.data + i, 6}, SVCR_TEXT("regexp"));
    }
    return regexp && !svcr_regex_available();
}

static void judge_rule(struct runner *runner, struct svcroute_context *context,
                       const struct svcroute_node *case_, const char *name)
{
    struct routers routers = {.num = 0};
    struct svcr_rule_fault fault = {.offset = 0};
    struct request request;
    struct svcr_buffer bytes;
    unsigned number = 0;
    bool ok = runtime_flag(case_, "ok");
    const char *fails;
    svcr_text rule;
    int error;

    svcr_buffer_init(&bytes, context);
    svcr_buffer_init(&request.bytes, context);
    rule = runtime_bytes(case_, "rule", &bytes);
    error = rule.data != NULL ? add_router(&routers, context, SVCR_TEXT("rule"), rule, 0, &fault)
                              : SVCROUTE_ERR_INVALID;
    if (error == SVCROUTE_ERR_SYNTAX) {
        fails = ok && !is_beyond(rule) ? fault.text : NULL;
    } else if (error != 0) {
        fails = svcroute_error_name(error);
    } else if (!ok) {
        fails = "not refused";
    } else if (runtime_integer(case_, "priority", -1) != routers.items[0].priority) {
        fails = "the priority is another one";
    } else {
        fails =
            judge_requests(context, &routers, &request, runtime_find(case_, "requests"), &number);
    }
    if (fails == NULL) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "%.*s: request %u: %s", SVCR_ARG(rule), number, fails);
    }
    free_routers(&routers, context);
    svcr_buffer_free(&request.bytes);
    svcr_buffer_free(&bytes);
}

/* ---- routes ---- */

static const char *judge_winners(const struct svcroute_context *context,
                                 const struct routers *routers, struct request *request,
                                 const struct svcroute_node *requests, unsigned *number)
{
    const struct svcroute_node *row, *winner;
    struct svcr_subject subject;

    *number = 0;
    for (row = svcroute_node_first(requests); row != NULL;
         row = svcroute_node_next(requests, row)) {
        svcr_text got;
        bool agree;

        ++*number;
        if (read_request(request, row) != 0 || make_subject(request, true, &subject) != 0) {
            return "the request is refused";
        }
        got = find_winner(context, routers, &subject, &agree);
        if (!agree) {
            return "index and rules do not agree";
        }
        winner = svcroute_node_first(runtime_find(row, "winners"));
        while (winner != NULL && !svcr_text_same(svcroute_node_get_text(winner), got)) {
            winner = svcroute_node_next(runtime_find(row, "winners"), winner);
        }
        if (winner == NULL) {
            return "another router wins";
        }
    }
    return *number > 0 ? NULL : "no requests";
}

static const char *judge_routers(struct svcroute_context *context, struct routers *routers,
                                 struct request *request, const struct svcroute_node *case_,
                                 unsigned *number)
{
    const struct svcroute_node *list = runtime_find(case_, "routers"), *row;
    struct svcr_rule_fault fault;

    for (row = svcroute_node_first(list); row != NULL; row = svcroute_node_next(list, row)) {
        if (routers->num == ROUTERS_MAX ||
            add_router(routers, context, runtime_text(row, "name"), runtime_text(row, "rule"),
                       runtime_integer(row, "priority", 0), &fault) != 0) {
            return is_beyond(runtime_text(row, "rule")) ? NULL : "a rule is refused";
        }
    }
    return judge_winners(context, routers, request, runtime_find(case_, "requests"), number);
}

static void judge_route(struct runner *runner, struct svcroute_context *context,
                        const struct svcroute_node *case_, const char *name)
{
    struct routers routers = {.num = 0};
    struct request request;
    unsigned number = 0;
    const char *fails;

    svcr_buffer_init(&request.bytes, context);
    fails = judge_routers(context, &routers, &request, case_, &number);
    if (fails == NULL) {
        runner_pass(runner);
    } else {
        runner_fail(runner, name, "request %u: %s", number, fails);
    }
    free_routers(&routers, context);
    svcr_buffer_free(&request.bytes);
}

void runtime_rules(struct runner *runner, struct svcroute_context *context,
                   const struct svcroute_node *case_, const char *name)
{
    if (runtime_is(case_, "kind", "rule")) {
        judge_rule(runner, context, case_, name);
    } else if (runtime_is(case_, "kind", "route")) {
        judge_route(runner, context, case_, name);
    } else {
        runner_fail(runner, name, "no kind that is known");
    }
}
