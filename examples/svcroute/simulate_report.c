/* What a simulation tells: step by step for people, or as JSON. */
#include <inttypes.h>
#include <string.h>

#include "number.h"
#include "progress.h"
#include "shares.h"
#include "simulate.h"

void report_begin(struct report *report, struct output *out, bool as_json, uint64_t seed)
{
    *report = (struct report){.out = out, .json = {.out = out}, .as_json = as_json};
    if (as_json) {
        json_begin(&report->json, '{');
        json_key(&report->json, "seed");
        json_number(&report->json, seed);
        json_key(&report->json, "steps");
        json_begin(&report->json, '[');
    }
}

void report_end(struct report *report)
{
    if (report->as_json) {
        json_end(&report->json, ']');
        json_end(&report->json, '}');
    }
}

void report_step(struct report *report, const struct action *actions, size_t num)
{
    char time[NUMBER_TIME_SIZE];
    struct json *json = &report->json;
    if (report->as_json) {
        json_begin(json, '{');
        json_key(json, "at_ns");
        json_number(json, actions[0].at);
        json_key(json, "actions");
        json_begin(json, '[');
    } else {
        output_style(report->out, STYLE_BOLD);
        output_format(report->out, "at %s\n", number_time(actions[0].at, time));
        output_plain(report->out);
    }
    for (size_t i = 0; i < num; i++) {
        if (actions[i].kind == ACTION_NONE) {
            continue;
        }
        if (report->as_json) {
            json_text(json, actions[i].source);
        } else {
            output_string(report->out, "  ");
            output_text(report->out, actions[i].source);
            output_string(report->out, "\n");
        }
    }
    if (report->as_json) {
        json_end(json, ']');
    }
}

void report_events(struct report *report, const struct svcroute_table *table)
{
    if (report->as_json) {
        json_key(&report->json, "routes");
        json_number(&report->json, svcroute_table_num_routes(table));
        json_key(&report->json, "services");
        json_number(&report->json, svcroute_table_num_services(table));
        json_key(&report->json, "events");
        json_begin(&report->json, '[');
    }
}

static const char *state_name(uint32_t kind)
{
    return kind == SVCROUTE_EVENT_SERVER_UP || kind == SVCROUTE_EVENT_SERVICE_UP       ? "up"
           : kind == SVCROUTE_EVENT_SERVER_DOWN || kind == SVCROUTE_EVENT_SERVICE_DOWN ? "down"
                                                                                       : "gone";
}

static const char *reason_name(uint32_t reason)
{
    return reason == SVCROUTE_DOWN_ACTIVE    ? "health check"
           : reason == SVCROUTE_DOWN_PASSIVE ? "failed requests"
           : reason == SVCROUTE_DOWN_ADMIN   ? "set by the script"
                                             : "";
}

void report_event(struct report *report, uint64_t now, const struct svcroute_event *event)
{
    char time[NUMBER_TIME_SIZE];
    struct output *out = report->out;
    bool server = event->server != 0;
    const char *reason = reason_name(event->reason);
    if (report->as_json) {
        json_begin(&report->json, '{');
        json_key(&report->json, "at_ns");
        json_number(&report->json, now);
        json_member(&report->json, "service", event->service);
        if (server) {
            json_member(&report->json, "url", event->url);
        }
        json_member(&report->json, "state", text_of(state_name(event->kind)));
        json_member(&report->json, "reason", text_of(reason));
        json_end(&report->json, '}');
        return;
    }
    progress_clear();
    output_format(out, "  %s  ", number_time(now, time));
    if (server) {
        output_string(out, "server ");
        output_text(out, event->url);
        output_string(out, " of ");
    }
    output_string(out, server ? "" : "service ");
    output_text(out, event->service);
    output_string(out, " is ");
    output_style(out, strcmp(state_name(event->kind), "up") == 0 ? STYLE_CYAN : STYLE_YELLOW);
    output_string(out, state_name(event->kind));
    output_plain(out);
    output_format(out, reason[0] != '\0' ? " (%s)\n" : "%s\n", reason);
}

/* What came to a stream since it was last told. */
static bool has_news(const struct tally *tally)
{
    bool news = tally->sent + tally->lost > 0;
    for (size_t i = 0; i < tally->num_counts && !news; i++) {
        news = tally->counts[i].picks + tally->counts[i].copies + tally->counts[i].failed > 0;
    }
    return news;
}

void report_streams(struct report *report, const struct drive *drive, const struct script *script)
{
    struct json *json = &report->json;
    if (report->as_json) {
        json_end(json, ']');
        json_key(json, "streams");
        json_begin(json, '[');
    }
    for (size_t i = 0; i < script->num; i++) {
        const struct stream *stream = &script->actions[i].stream;
        if (script->actions[i].kind != ACTION_SEND || !has_news(&stream->tally)) {
            continue;
        }
        if (report->as_json) {
            json_begin(json, '{');
            json_key(json, "line");
            json_number(json, script->actions[i].place.line);
            shares_json(json, drive, stream);
            json_end(json, '}');
        } else {
            shares_print(report->out, drive, stream, 2);
        }
    }
    if (report->as_json) {
        json_end(json, ']');
        json_end(json, '}');
    }
}
