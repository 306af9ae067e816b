/* What `svcroute match` tells programs. */
#include <string.h>

#include "match.h"

static void json_request(struct json *json, const struct asked *asked)
{
    const struct svcroute_match_request *request = &asked->request;
    json_key(json, "request");
    json_begin(json, '{');
    json_member(json, "method", request->method);
    json_member(json, "host", request->host);
    json_member(json, "received_path", asked->received);
    json_member(json, "path", request->path);
    json_member(json, "query", request->query);
    if (request->flags != 0) {
        json_key(json, "tls");
        json_boolean(json, (request->flags & SVCROUTE_MATCH_TLS) != 0);
    }
    json_member(json, "entry_point", request->entry_point);
    json_member(json, "client", request->client);
    json_end(json, '}');
}

static void json_middlewares(struct json *json, const struct verdict *verdict)
{
    if (verdict->info.num_middlewares == 0) {
        return;
    }
    json_key(json, "middlewares");
    json_begin(json, '[');
    for (uint32_t i = 0; i < verdict->info.num_middlewares; i++) {
        json_text(json, svcroute_route_get_middleware(verdict->route, i));
    }
    json_end(json, ']');
}

static void json_verdict(struct json *json, const struct verdict *verdict)
{
    static const char *const standings[NUM_STANDINGS] = {
        [STANDING_TAKES] = "takes",
        [STANDING_LEADS] = "leads-on",
        [STANDING_NEXT] = "next",
        [STANDING_NO] = "no",
        [STANDING_UNUSABLE] = "unusable",
        [STANDING_ENTRY] = "other-entry-point",
        [STANDING_ENCRYPTED] = "tls-only",
        [STANDING_PLAIN] = "plain-only",
        [STANDING_BELOW] = "only-as-a-child",
        [STANDING_NOWHERE] = "leads-nowhere",
    };
    const struct svcroute_route_info *info = &verdict->info;
    json_begin(json, '{');
    json_member(json, "route", info->name);
    json_member(json, "standing", text_of(standings[verdict->standing]));
    json_member(json, "namespace", info->namespace_);
    json_member(json, "ingress_route", info->ingress_route);
    json_key(json, "index");
    json_number(json, info->index);
    json_key(json, "priority");
    json_integer(json, info->effective_priority);
    json_member(json, "rule", info->rule);
    if (verdict->match.matcher.size > 0) {
        json_member(json, "settled_by", verdict->match.matcher);
        json_key(json, "offset");
        json_number(json, verdict->match.offset);
    }
    json_middlewares(json, verdict);
    json_member(json, "service", info->service);
    json_end(json, '}');
}

static void json_verdicts(struct json *json, const char *key, const struct verdicts *list)
{
    json_key(json, key);
    json_begin(json, '[');
    for (size_t i = 0; i < list->num && json->out->error == 0; i++) {
        json_verdict(json, &list->items[i]);
    }
    json_end(json, ']');
}

static void json_served(struct json *json, const struct served *served)
{
    static const char *const reasons[] = {
        [SVCROUTE_WHY_COOKIE] = "cookie",
        [SVCROUTE_WHY_FALLBACK] = "fallback",
        [SVCROUTE_WHY_LAST_RESORT] = "last-resort",
    };
    if (served->url.size == 0) {
        return;
    }
    json_key(json, "server");
    json_begin(json, '{');
    json_member(json, "service", served->service);
    json_member(json, "url", served->url);
    json_member(
        json, "reason",
        text_of(served->why < sizeof reasons / sizeof reasons[0] ? reasons[served->why] : NULL));
    json_key(json, "copies");
    json_begin(json, '[');
    for (size_t i = 0; i < served->num_copies; i++) {
        json_text(json, served->copies[i]);
    }
    json_end(json, ']');
    json_key(json, "set_cookies");
    json_begin(json, '[');
    const char *at = served->set_cookies;
    for (size_t size; at != NULL && *at != '\0'; at += size + 1) {
        size = strcspn(at, "\n");
        json_text(json, (struct svcroute_text){at, size});
    }
    json_end(json, ']');
    json_end(json, '}');
}

void match_json(struct output *out, const struct asked *asked, const struct answer *answer,
                const struct served *served, bool all)
{
    struct json json = {.out = out};
    json_begin(&json, '{');
    json_request(&json, asked);
    json_key(&json, "found");
    json_boolean(&json, answer->refusal.status == 0);
    json_member_number(&json, "status", answer->refusal.status);
    json_member(&json, "why", text_of(answer->refusal.why));
    json_verdicts(&json, "way", &answer->way);
    if (served != NULL) {
        json_served(&json, served);
    }
    json_verdicts(&json, "next", &answer->next);
    json_member_number(&json, "more", answer->more);
    if (all) {
        json_verdicts(&json, "all", &answer->all);
    }
    json_end(&json, '}');
}
