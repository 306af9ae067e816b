/* The distribution of requests over servers. */
#include "shares.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- rows --------------------------------------------------------------------------------- */

/* A server, and why it may have got nothing. */
struct row {
    const struct drive_server *server;
    struct count count;
    bool fenced, down, gone;
};

struct shares {
    struct row *rows;
    size_t num;
    struct map servers, services; /* that were seen, by id and by address */
    uint64_t picks, most;         /* of all rows together, and of one */
};

static void add_row(struct shares *shares, const struct drive *drive, const struct stream *stream,
                    size_t server, bool fenced)
{
    struct svcroute_server_stats stats = {.size = sizeof stats};
    struct row row = {.server = &drive->servers[server], .fenced = fenced};
    if (server < stream->tally.num_counts) {
        row.count = stream->tally.counts[server];
    }
    row.gone = svcroute_balancer_get_server_stats(drive->balancer, row.server->id, &stats) != 0;
    row.down = !row.gone && stats.up == 0;
    shares->rows = memory_grow(shares->rows, shares->num + 1, sizeof *shares->rows);
    shares->rows[shares->num++] = row;
    shares->picks += row.count.picks;
    shares->most = row.count.picks > shares->most ? row.count.picks : shares->most;
}

static bool see_first(struct map *seen, uint64_t key)
{
    bool first = map_find(seen, key) == MAP_NONE;
    if (first) {
        map_add(seen, key, 0);
    }
    return first;
}

static void add_servers(struct shares *shares, const struct drive *drive,
                        const struct stream *stream, const struct svcroute_service *service)
{
    struct svcroute_service_info info = {.size = sizeof info};
    struct svcroute_server_info server = {.size = sizeof server};
    svcroute_service_get_info(service, &info);
    for (size_t i = 0; svcroute_service_get_server(service, i, &server) == 0; i++) {
        uint64_t id;
        if (svcroute_balancer_find_server(drive->balancer, info.name, i, &id) != 0 ||
            !see_first(&shares->servers, id)) {
            continue;
        }
        size_t place = drive_find_server(drive, id);
        if (place != MAP_NONE) {
            add_row(shares, drive, stream, place, server.fenced != 0);
        }
    }
}

/* Depth first, children in their order: the order in which `svcroute resolve` shows them. */
static void walk(struct shares *shares, const struct drive *drive, const struct stream *stream,
                 const struct svcroute_service *top)
{
    const struct svcroute_service **todo = memory_grow(NULL, 1, sizeof *todo);
    size_t num = 0;
    todo[num++] = top;
    while (num > 0) {
        const struct svcroute_service *service = todo[--num];
        struct svcroute_service_info info = {.size = sizeof info};
        if (!see_first(&shares->services, (uint64_t)(uintptr_t)service)) {
            continue;
        }
        add_servers(shares, drive, stream, service);
        svcroute_service_get_info(service, &info);
        for (size_t i = info.num_children; i-- > 0;) {
            struct svcroute_child_info child = {.size = sizeof child};
            if (svcroute_service_get_child(drive->table, service, i, &child) == 0 &&
                child.service != NULL) {
                todo = memory_grow(todo, num + 1, sizeof *todo);
                todo[num++] = child.service;
            }
        }
    }
    free(todo);
}

static const struct svcroute_service *target_of(const struct drive *drive,
                                                const struct stream *stream)
{
    const struct svcroute_route *route = svcroute_table_find_route(drive->table, stream->target);
    return route != NULL ? svcroute_route_get_service(drive->table, route)
                         : svcroute_table_find_service(drive->table, stream->target);
}

static void gather(struct shares *shares, const struct drive *drive, const struct stream *stream)
{
    const struct svcroute_service *top = target_of(drive, stream);
    memset(shares, 0, sizeof *shares);
    if (top != NULL) {
        walk(shares, drive, stream, top);
    }
    /* What it no longer leads to. */
    for (size_t i = 0; i < stream->tally.num_counts; i++) {
        const struct count *count = &stream->tally.counts[i];
        if (count->picks + count->copies + count->failed > 0 &&
            see_first(&shares->servers, drive->servers[i].id)) {
            add_row(shares, drive, stream, i, false);
        }
    }
}

static void drop(struct shares *shares)
{
    free(shares->rows);
    map_free(&shares->servers);
    map_free(&shares->services);
}

/* ---- for people --------------------------------------------------------------------------- */

enum { BAR_COLUMNS = 30 };

static int digits(uint64_t number)
{
    int num = 1;
    for (; number >= 10; number /= 10) {
        num++;
    }
    return num;
}

/* A bar in eighths of a column, where there are characters for them, behind two blanks; gives its
 * columns. */
static size_t print_bar(struct output *out, uint64_t part, uint64_t most)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = most > 0 ? (double)part / (double)most : 0;
    size_t length = (size_t)(share * BAR_COLUMNS * 8 + 0.5);
    size_t full = length / 8, rest = length % 8;
    if (!out->unicode) {
        full += rest >= 4;
        rest = 0;
    }
    if (part > 0 && full == 0 && rest == 0) {
        full = !out->unicode;
        rest = out->unicode;
    }
    output_style(out, STYLE_CYAN);
    output_string(out, full + rest > 0 ? "  " : "");
    for (size_t i = 0; i < full; i++) {
        output_string(out, out->unicode ? "█" : "#");
    }
    output_string(out, eighths[rest]);
    output_plain(out);
    return full + rest > 0 ? 2 + full + (rest > 0) : 0;
}

/* What there is to say of a row, each behind two blanks, the first behind `blanks` more. */
static void print_notes(struct output *out, const struct row *row, size_t blanks)
{
    const struct {
        const char *text;
        uint64_t number;
    } numbers[] = {
        {"copies", row->count.copies},
        {"failed", row->count.failed},
        {"by cookie", row->count.cookie},
        {"as fallback", row->count.fallback},
        {"as last resort", row->count.last_resort},
    };
    output_style(out, STYLE_DIM);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].number > 0) {
            output_pad(out, blanks + 2);
            output_format(out, "%s %" PRIu64, numbers[i].text, numbers[i].number);
            blanks = 0;
        }
    }
    output_plain(out);
    output_style(out, STYLE_YELLOW);
    if (row->gone || row->down || row->fenced) {
        output_pad(out, blanks + 2);
        output_string(out, row->gone ? "gone" : row->down ? "down" : "terminating");
    }
    output_plain(out);
}

static void print_row(struct output *out, const struct shares *shares, const struct row *row,
                      size_t columns, int width)
{
    uint64_t all = shares->picks;
    double percent = all > 0 ? 100.0 * (double)row->count.picks / (double)all : 0;
    size_t used = output_text(out, row->server->url);
    output_pad(out, columns - used + 2);
    output_format(out, "%*" PRIu64 "  %5.1f %%", width, row->count.picks, percent);
    size_t bar = print_bar(out, row->count.picks, shares->most);
    print_notes(out, row, 2 + BAR_COLUMNS - bar);
    output_string(out, "\n");
}

static void print_rows(struct output *out, const struct shares *shares, size_t indentation)
{
    size_t columns = 0;
    int width = digits(shares->most);
    for (size_t i = 0; i < shares->num; i++) {
        size_t here = output_width(out, shares->rows[i].server->url);
        columns = here > columns ? here : columns;
    }
    for (size_t i = 0; i < shares->num; i++) {
        const struct row *row = &shares->rows[i];
        if (i == 0 || !text_equal(row->server->service, row[-1].server->service)) {
            output_pad(out, indentation);
            output_style(out, STYLE_BOLD);
            output_text(out, row->server->service);
            output_plain(out);
            output_string(out, "\n");
        }
        output_pad(out, indentation + 2);
        print_row(out, shares, row, columns, width);
    }
}

void shares_print(struct output *out, const struct drive *drive, const struct stream *stream,
                  size_t indentation)
{
    struct shares shares;
    const struct tally *tally = &stream->tally;
    gather(&shares, drive, stream);
    output_pad(out, indentation);
    output_format(out, "%" PRIu64 " request%s to ", tally->sent, tally->sent == 1 ? "" : "s");
    output_text(out, stream->target);
    if (tally->none > 0) {
        output_style(out, STYLE_RED);
        output_format(out, ", %" PRIu64 " without a server", tally->none);
        output_plain(out);
    }
    if (tally->lost > 0) {
        output_style(out, STYLE_RED);
        output_format(out, ", %" PRIu64 " failed in the end", tally->lost);
        output_plain(out);
    }
    output_string(out, "\n");
    print_rows(out, &shares, indentation + 2);
    drop(&shares);
}

/* ---- for programs ------------------------------------------------------------------------- */

static void json_row(struct json *json, const struct row *row)
{
    json_begin(json, '{');
    json_member(json, "service", row->server->service);
    json_member(json, "url", row->server->url);
    json_member(json, "state",
                text_of(row->gone     ? "gone"
                        : row->down   ? "down"
                        : row->fenced ? "terminating"
                                      : "up"));
    json_key(json, "picks");
    json_number(json, row->count.picks);
    json_member_number(json, "copies", row->count.copies);
    json_member_number(json, "failed", row->count.failed);
    json_member_number(json, "by_cookie", row->count.cookie);
    json_member_number(json, "as_fallback", row->count.fallback);
    json_member_number(json, "as_last_resort", row->count.last_resort);
    json_end(json, '}');
}

void shares_json(struct json *json, const struct drive *drive, const struct stream *stream)
{
    struct shares shares;
    gather(&shares, drive, stream);
    json_member(json, "to", stream->target);
    json_key(json, "requests");
    json_number(json, stream->tally.sent);
    json_key(json, "without_server");
    json_number(json, stream->tally.none);
    json_key(json, "failed");
    json_number(json, stream->tally.lost);
    json_key(json, "servers");
    json_begin(json, '[');
    for (size_t i = 0; i < shares.num && json->out->error == 0; i++) {
        json_row(json, &shares.rows[i]);
    }
    json_end(json, ']');
    drop(&shares);
}
