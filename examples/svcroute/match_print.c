/* What `svcroute match` tells people: the request, the route that takes it with a line under what
 * settled it, and those behind it. */
#include <inttypes.h>
#include <string.h>

#include "diag_print.h"
#include "match.h"

enum {
    LABEL_COLUMN = 13,
    NEAR_MAX = 5 /* routes that came near */
};

static void print_label(struct output *out, const char *label)
{
    output_style(out, STYLE_DIM);
    output_string(out, label);
    output_plain(out);
    output_pad(out, LABEL_COLUMN - strlen(label));
}

static void print_line(struct output *out, const char *label, struct svcroute_text text)
{
    if (text.size > 0) {
        print_label(out, label);
        output_text(out, text);
        output_string(out, "\n");
    }
}

static size_t num_letters(int64_t number)
{
    char digits[24];
    return (size_t)snprintf(digits, sizeof digits, "%" PRId64, number);
}

/* ---- the request -------------------------------------------------------------------------- */

static void print_request(struct output *out, const struct asked *asked)
{
    const struct svcroute_match_request *request = &asked->request;
    print_label(out, "request");
    output_text(out, request->method);
    output_string(out, " ");
    output_text(out, asked->received);
    output_string(out, request->query.data != NULL ? "?" : "");
    output_text(out, request->query);
    if (request->host.size > 0) {
        output_string(out, ", host ");
        output_text(out, request->host);
    }
    output_string(out, (request->flags & SVCROUTE_MATCH_TLS) != 0     ? ", over TLS"
                       : (request->flags & SVCROUTE_MATCH_PLAIN) != 0 ? ", without TLS"
                                                                      : "");
    if (request->entry_point.size > 0) {
        output_string(out, ", on ");
        output_text(out, request->entry_point);
    }
    if (request->client.size > 0) {
        output_string(out, ", from ");
        output_text(out, request->client);
    }
    output_string(out, "\n");
    if (asked->fragment.size > 0) {
        print_label(out, "");
        output_text(out, asked->fragment);
        output_string(out, " is not sent: clients keep it to themselves\n");
    }
    if (asked->path != NULL && !text_equal(asked->received, request->path)) {
        print_line(out, "clean path", request->path);
    }
}

/* ---- a rule ------------------------------------------------------------------------------- */

/* The rule from a column on, and a line under the part that settled it, with a word behind. */
static void print_rule(struct output *out, size_t column, const struct verdict *verdict,
                       const char *word)
{
    const struct svcroute_match_info *match = &verdict->match;
    struct svcroute_text rule = verdict->info.rule;
    output_text(out, rule);
    output_string(out, "\n");
    if (match->matcher.size == 0 || match->offset > rule.size) {
        return;
    }
    struct svcroute_text before = {rule.data, match->offset};
    output_pad(out, column + output_width(out, before));
    output_style(out, STYLE_CYAN);
    output_string(out, "^");
    for (size_t i = output_width(out, match->matcher); i > 1; i--) {
        output_string(out, "~");
    }
    output_string(out, word);
    output_plain(out);
    output_string(out, "\n");
}

/* ---- the way ------------------------------------------------------------------------------ */

static void
print_items(struct output *out, const char *label, const struct svcroute_route *route, uint32_t num,
            struct svcroute_text (*item)(const struct svcroute_route *route, size_t index))
{
    for (uint32_t i = 0; i < num; i++) {
        if (i == 0) {
            print_label(out, label);
        }
        output_string(out, i == 0 ? "" : ", ");
        output_text(out, item(route, i));
    }
    output_string(out, num > 0 ? "\n" : "");
}

static void print_stop(struct output *out, const struct verdict *verdict, bool first)
{
    const struct svcroute_route_info *info = &verdict->info;
    print_label(out, first ? "route" : "then");
    output_style(out, STYLE_BOLD);
    output_text(out, info->name);
    output_plain(out);
    output_string(out, "\n");
    print_label(out, "from");
    diag_print_object(out, text_of("IngressRoute"), info->namespace_, info->ingress_route);
    output_format(out, ", spec.routes[%" PRIu32 "]\n", info->index);
    print_label(out, "priority");
    output_format(out, "%" PRId64 "%s\n", info->effective_priority,
                  info->priority == 0 ? ", the length of the rule" : "");
    print_label(out, "rule");
    print_rule(out, LABEL_COLUMN, verdict, " settled it");
    print_items(out, "middlewares", verdict->route, info->num_middlewares,
                svcroute_route_get_middleware);
    print_line(out, "service", info->service);
}

static void print_served(struct output *out, const struct served *served)
{
    static const char *const reasons[] = {
        [SVCROUTE_WHY_COOKIE] = ", as its cookie says",
        [SVCROUTE_WHY_FALLBACK] = ", as a fallback",
        [SVCROUTE_WHY_LAST_RESORT] = ", as a last resort",
    };
    bool reason = served->why < sizeof reasons / sizeof reasons[0] && reasons[served->why] != NULL;
    if (served->url.size == 0) {
        return;
    }
    print_label(out, "server");
    output_style(out, STYLE_BOLD);
    output_text(out, served->url);
    output_plain(out);
    output_string(out, reason ? reasons[served->why] : "");
    output_string(out, ", of ");
    output_text(out, served->service);
    output_string(out, "\n");
    for (size_t i = 0; i < served->num_copies; i++) {
        print_line(out, "copy to", served->copies[i]);
    }
    const char *at = served->set_cookies;
    for (size_t size; at != NULL && *at != '\0'; at += size + 1) {
        size = strcspn(at, "\n");
        print_line(out, "Set-Cookie", (struct svcroute_text){at, size});
    }
}

/* ---- others ------------------------------------------------------------------------------- */

/* Rows of priority, name and rule. */
static void print_next(struct output *out, const struct answer *answer)
{
    static const char priority[] = "PRIORITY", name[] = "ROUTE";
    size_t widest = strlen(name), digits = strlen(priority);
    for (size_t i = 0; i < answer->next.num; i++) {
        const struct svcroute_route_info *info = &answer->next.items[i].info;
        size_t width = output_width(out, info->name), num = num_letters(info->effective_priority);
        widest = width > widest ? width : widest;
        digits = num > digits ? num : digits;
    }
    output_string(out, "\nNext, if that route were not there:\n  ");
    output_style(out, STYLE_BOLD);
    output_pad(out, digits - strlen(priority));
    output_format(out, "%s  %s", priority, name);
    output_pad(out, widest - strlen(name) + 2);
    output_string(out, "RULE");
    output_plain(out);
    output_string(out, "\n");
    for (size_t i = 0; i < answer->next.num; i++) {
        const struct svcroute_route_info *info = &answer->next.items[i].info;
        output_format(out, "  %*" PRId64 "  ", (int)digits, info->effective_priority);
        output_pad(out, widest - output_text(out, info->name) + 2);
        output_text(out, info->rule);
        output_string(out, "\n");
    }
    if (answer->more > 0) {
        output_format(out, "  and %s%" PRIu64 " more\n", answer->more_yet ? "at least " : "",
                      answer->more);
    }
}

static void print_standing(struct output *out, const struct answer *answer,
                           const struct verdict *verdict)
{
    static const char *const texts[NUM_STANDINGS] = {
        [STANDING_TAKES] = "takes it",
        [STANDING_LEADS] = "takes it and hands it on",
        [STANDING_NEXT] = "matches, but comes later",
        [STANDING_NO] = "does not match",
        [STANDING_UNUSABLE] = "has a rule that cannot be used",
        [STANDING_ENCRYPTED] = "matches, but is for connections with TLS",
        [STANDING_PLAIN] = "matches, but is for connections without TLS",
    };
    const struct svcroute_route_info *info = &verdict->info;
    switch (verdict->standing) {
    case STANDING_ENTRY:
        output_string(out, "matches, but is not on that entry point: ");
        for (uint32_t i = 0; i < info->num_entry_points; i++) {
            output_string(out, i == 0 ? "" : ", ");
            output_text(out, svcroute_route_get_entry_point(verdict->route, i));
        }
        break;
    case STANDING_BELOW:
        output_string(out, "matches, but is asked only behind ");
        for (uint32_t i = 0; i < info->num_parents; i++) {
            output_string(out, i == 0 ? "" : ", ");
            output_text(out, svcroute_route_get_parent(answer->table, verdict->route, i));
        }
        break;
    case STANDING_NOWHERE:
        output_string(out, info->service.size == 0
                               ? "matches, but leads nowhere: no service, no routes below it"
                               : "matches, but leads nowhere: its service cannot be used, or there "
                                 "are routes below it");
        break;
    default:
        output_string(out, texts[verdict->standing]);
        break;
    }
}

/* A route and what became of it. */
static void print_verdict(struct output *out, const struct answer *answer,
                          const struct verdict *verdict, size_t digits)
{
    const struct svcroute_route_info *info = &verdict->info;
    output_format(out, "  %*" PRId64 "  ", (int)digits, info->effective_priority);
    output_style(out, STYLE_BOLD);
    output_text(out, info->name);
    output_plain(out);
    output_string(out, "  ");
    print_standing(out, answer, verdict);
    output_string(out, "\n");
    output_pad(out, digits + 4);
    print_rule(out, digits + 4, verdict, "");
}

static void print_none_near(struct output *out, const struct asked *asked,
                            const struct answer *answer)
{
    output_string(out, answer->way.num > 0            ? "\nNone of them comes near.\n"
                       : asked->request.host.size > 0 ? "\nNo route is for this host.\n"
                                                      : "\nNo route takes requests without a host; "
                                                        "-H 'Host: NAME' gives it one.\n");
}

static void print_verdicts(struct output *out, const struct asked *asked,
                           const struct answer *answer, bool all)
{
    size_t digits = 1, num_near = 0, shown = 0;
    for (size_t i = 0; i < answer->all.num; i++) {
        const struct verdict *verdict = &answer->all.items[i];
        size_t num = num_letters(verdict->info.effective_priority);
        num_near += answer_is_near(answer, verdict);
        digits = (all || answer_is_near(answer, verdict)) && num > digits ? num : digits;
    }
    if (!all && num_near == 0) {
        print_none_near(out, asked, answer);
        return;
    }
    output_string(out, all ? "\nAll routes, in the order in which they are asked:\n"
                           : "\nThese came near:\n");
    for (size_t i = 0; i < answer->all.num && out->error == 0; i++) {
        if (!all && (shown == NEAR_MAX || !answer_is_near(answer, &answer->all.items[i]))) {
            continue;
        }
        print_verdict(out, answer, &answer->all.items[i], digits);
        shown++;
    }
    if (!all && num_near > shown) {
        output_format(out, "  and %zu more (--all shows every route)\n", num_near - shown);
    }
}

void match_print(struct output *out, const struct asked *asked, const struct answer *answer,
                 const struct served *served, bool all)
{
    print_request(out, asked);
    for (size_t i = 0; i < answer->way.num; i++) {
        print_stop(out, &answer->way.items[i], i == 0);
    }
    if (served != NULL) {
        print_served(out, served);
    }
    if (answer->refusal.status != 0) {
        print_label(out, "answer");
        output_style(out, STYLE_YELLOW);
        output_format(out, "%" PRIu32, answer->refusal.status);
        output_plain(out);
        output_format(out, ": %s\n", answer->refusal.why);
    }
    if (answer->next.num > 0) {
        print_next(out, answer);
    }
    if (all || answer->refusal.status == 404) {
        print_verdicts(out, asked, answer, all);
    }
}
