/* Reading scripts of `svcroute simulate`: one action in a line, words with blanks between them.
 *
 *     at TIME [ACTION]            from here on; an action without `at` belongs to the time above it
 *     load FILE                   a file or folder, as seen from the script
 *     remove KIND NAMESPACE/NAME
 *     down|drain|up URL           up: as its checks say
 *     fail URL with STATUS|connect|timeout|reset
 *     mend URL
 *     latency URL TIME
 *     send N to NAME [over TIME] [from ADDRESS,...] [cookie TEXT] [retry N]
 *
 * `#` at the start of a word begins a comment. A word in double quotes may hold blanks; in it a
 * backslash takes the next character as it is. */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "memory.h"
#include "number.h"
#include "output.h"
#include "simulate.h"

/* Beyond these a number is a slip of the pen: a run would take days, or last for centuries. */
#define MOST_TIME (UINT64_C(365) * 86400 * 1000000000)
#define MOST_REQUESTS UINT64_C(1000000000000)

struct word {
    char *text;        /* unquoted */
    size_t start, end; /* as written, from the beginning of the script */
    struct place place;
};

/* One line: its words, and how far they are understood. */
struct line {
    struct script *script;
    struct word *words;
    size_t num, next;
    struct place end; /* behind the last word */
    bool failed;
};

void script_complain(const struct script *script, struct place place, const char *text,
                     const char *hint)
{
    struct output errors;
    output_init(&errors, stderr);
    output_style(&errors, STYLE_BOLD);
    output_text(&errors, text_of(script->path != NULL ? script->path : INPUT_STANDARD));
    output_format(&errors, ":%zu:%zu: ", place.line, place.column);
    output_style(&errors, STYLE_RED);
    output_string(&errors, "error:");
    output_plain(&errors);
    output_string(&errors, " ");
    output_text(&errors, text_of(text));
    if (hint != NULL) {
        output_string(&errors, "; ");
        output_text(&errors, text_of(hint));
    }
    output_string(&errors, "\n");
}

/* False always. */
static bool wrong(struct line *line, struct place place, const char *text, const char *hint)
{
    if (!line->failed) {
        script_complain(line->script, place, text, hint);
    }
    line->failed = true;
    return false;
}

/* ---- words -------------------------------------------------------------------------------- */

struct scanner {
    struct script *script;
    const char *at, *end;
    struct place place;
};

static bool at_end_of_line(const struct scanner *scanner)
{
    return scanner->at == scanner->end || *scanner->at == '\n';
}

static bool at_blank(const struct scanner *scanner)
{
    return *scanner->at == ' ' || *scanner->at == '\t' || *scanner->at == '\r';
}

/* One character further; gives its bytes. */
static size_t step(struct scanner *scanner)
{
    const char *start = scanner->at;
    utf8_next(&scanner->at, scanner->end);
    scanner->place.column++;
    return (size_t)(scanner->at - start);
}

static void take_word(struct scanner *scanner, struct line *line)
{
    struct script *script = scanner->script;
    struct word word = {.place = scanner->place};
    size_t rest = strcspn(scanner->at, "\n"), size = 0;
    bool quoted = *scanner->at == '"', closed = false;
    word.start = (size_t)(scanner->at - script->bytes);
    word.text = memory_new(rest + 1, 1);
    script->words = memory_grow(script->words, script->num_words + 1, sizeof *script->words);
    script->words[script->num_words++] = word.text;
    if (quoted) {
        step(scanner);
    }
    while (!closed && !at_end_of_line(scanner) && (quoted || !at_blank(scanner))) {
        if (quoted && *scanner->at == '"') {
            step(scanner);
            closed = true;
            continue;
        }
        if (quoted && *scanner->at == '\\') {
            step(scanner);
            if (at_end_of_line(scanner)) {
                break;
            }
        }
        size_t bytes = step(scanner);
        memcpy(word.text + size, scanner->at - bytes, bytes);
        size += bytes;
    }
    word.end = (size_t)(scanner->at - script->bytes);
    if (quoted && (!closed || (!at_end_of_line(scanner) && !at_blank(scanner)))) {
        wrong(line, word.place,
              closed ? "a blank belongs behind the quotation mark"
                     : "the quotation mark is not closed",
              NULL);
    }
    line->words = memory_grow(line->words, line->num + 1, sizeof *line->words);
    line->words[line->num++] = word;
}

static void take_line(struct scanner *scanner, struct line *line)
{
    scanner->place.column = 1;
    line->end = scanner->place;
    while (!at_end_of_line(scanner) && !line->failed) {
        if (at_blank(scanner)) {
            step(scanner);
        } else if (*scanner->at == '#') {
            break;
        } else {
            take_word(scanner, line);
            line->end = scanner->place;
        }
    }
    scanner->at += strcspn(scanner->at, "\n");
    if (scanner->at != scanner->end) {
        scanner->at++;
    }
    scanner->place.line++;
}

/* ---- parts of an action ------------------------------------------------------------------- */

static const struct word *next_word(struct line *line, const char *missing)
{
    if (line->next == line->num) {
        wrong(line, line->end, missing, NULL);
        return NULL;
    }
    return &line->words[line->next++];
}

static bool take_keyword(struct line *line, const char *keyword, const char *missing)
{
    const struct word *word = next_word(line, missing);
    return word != NULL &&
           (strcmp(word->text, keyword) == 0 || wrong(line, word->place, missing, NULL));
}

static bool take_subject(struct line *line, struct action *action, const char *missing)
{
    const struct word *word = next_word(line, missing);
    if (word == NULL || (word->text[0] == '\0' && !wrong(line, word->place, missing, NULL))) {
        return false;
    }
    action->subject = word->text;
    action->subject_place = word->place;
    return true;
}

static bool take_time(struct line *line, uint64_t *time)
{
    static const char missing[] = "a time such as 250ms or 1.5s belongs here";
    const struct word *word = next_word(line, missing);
    return word != NULL && ((number_read_time(text_of(word->text), time) && *time <= MOST_TIME) ||
                            wrong(line, word->place, missing, NULL));
}

static bool take_number(struct line *line, uint64_t least, uint64_t *number)
{
    static const char missing[] = "a whole number that makes sense belongs here";
    const struct word *word = next_word(line, missing);
    return word != NULL && ((number_read(text_of(word->text), number) && *number >= least &&
                             *number <= MOST_REQUESTS) ||
                            wrong(line, word->place, missing, NULL));
}

/* ---- actions ------------------------------------------------------------------------------ */

#define URL_MISSING "the url of a server belongs here"

static bool read_load(struct line *line, struct action *action)
{
    action->kind = ACTION_LOAD;
    return take_subject(line, action, "a file or folder belongs here");
}

/* "shop/web", or the name alone: of a Node, or in the namespace default. */
static bool read_remove(struct line *line, struct action *action)
{
    const struct word *word = next_word(line, "a kind belongs here, such as Service");
    if (word == NULL) {
        return false;
    }
    action->kind = ACTION_REMOVE;
    action->object_kind = svcroute_kind_find(word->text, strlen(word->text));
    if (action->object_kind == SVCROUTE_KIND_NONE) {
        return wrong(line, word->place, "there is no such kind",
                     "kinds are IngressRoute, TraefikService, Service, EndpointSlice, Endpoints "
                     "and Node");
    }
    if (!take_subject(line, action, "an object belongs here: NAMESPACE/NAME")) {
        return false;
    }
    const char *slash = strchr(action->subject, '/');
    action->name = text_of(slash != NULL ? slash + 1 : action->subject);
    action->namespace_ = (struct svcroute_text){
        action->subject, slash != NULL ? (size_t)(slash - action->subject) : 0};
    return true;
}

static bool read_admin(struct line *line, struct action *action, uint32_t admin)
{
    action->kind = ACTION_ADMIN;
    action->admin = admin;
    return take_subject(line, action, URL_MISSING);
}

static bool read_up(struct line *line, struct action *action)
{
    return read_admin(line, action, SVCROUTE_ADMIN_AUTO);
}

static bool read_drain(struct line *line, struct action *action)
{
    return read_admin(line, action, SVCROUTE_ADMIN_DRAIN);
}

static bool read_down(struct line *line, struct action *action)
{
    return read_admin(line, action, SVCROUTE_ADMIN_DOWN);
}

static bool read_mend(struct line *line, struct action *action)
{
    action->kind = ACTION_OUTCOME;
    action->outcome = SVCROUTE_OUTCOME_STATUS;
    action->status = 200;
    return take_subject(line, action, URL_MISSING);
}

static bool read_fail(struct line *line, struct action *action)
{
    static const char missing[] = "a status (100 to 599), connect, timeout or reset belongs here";
    static const struct {
        const char *name;
        uint32_t outcome;
    } failures[] = {
        {"connect", SVCROUTE_OUTCOME_CONNECT},
        {"timeout", SVCROUTE_OUTCOME_TIMEOUT},
        {"reset", SVCROUTE_OUTCOME_RESET},
    };
    uint64_t status = 0;
    action->kind = ACTION_OUTCOME;
    if (!take_subject(line, action, URL_MISSING) ||
        !take_keyword(line, "with", "`with` belongs here")) {
        return false;
    }
    const struct word *word = next_word(line, missing);
    for (size_t i = 0; word != NULL && i < sizeof failures / sizeof failures[0]; i++) {
        if (strcmp(word->text, failures[i].name) == 0) {
            action->outcome = failures[i].outcome;
            return true;
        }
    }
    if (word == NULL ||
        ((!number_read(text_of(word->text), &status) || status < 100 || status > 599) &&
         !wrong(line, word->place, missing, NULL))) {
        return false;
    }
    action->outcome = SVCROUTE_OUTCOME_STATUS;
    action->status = (uint32_t)status;
    return true;
}

static bool read_latency(struct line *line, struct action *action)
{
    action->kind = ACTION_LATENCY;
    return take_subject(line, action, URL_MISSING) && take_time(line, &action->latency);
}

/* Addresses with commas between them, cut in place. */
static bool take_clients(struct line *line, struct values *clients)
{
    const struct word *word = next_word(line, "addresses of clients belong here");
    if (word == NULL) {
        return false;
    }
    char *at = word->text;
    for (bool more = true; more;) {
        size_t size = strcspn(at, ",");
        more = at[size] == ',';
        at[size] = '\0';
        clients->items = memory_grow(clients->items, clients->num + 1, sizeof *clients->items);
        clients->items[clients->num++] = at;
        at += size + more;
    }
    return true;
}

static bool take_clause(struct line *line, struct stream *stream)
{
    const struct word *word = &line->words[line->next++];
    if (strcmp(word->text, "over") == 0) {
        return take_time(line, &stream->span);
    }
    if (strcmp(word->text, "from") == 0) {
        return take_clients(line, &stream->clients);
    }
    if (strcmp(word->text, "retry") == 0) {
        return take_number(line, 0, &stream->retries);
    }
    if (strcmp(word->text, "cookie") != 0) {
        return wrong(line, word->place, "only over, from, cookie and retry may follow", NULL);
    }
    word = next_word(line, "the text of a Cookie header belongs here");
    stream->cookie = text_of(word != NULL ? word->text : NULL);
    return word != NULL;
}

static bool read_send(struct line *line, struct action *action)
{
    action->kind = ACTION_SEND;
    bool read = take_number(line, 1, &action->stream.num) &&
                take_keyword(line, "to", "`to` belongs here") &&
                take_subject(line, action, "the name of a route or service belongs here");
    while (read && line->next < line->num) {
        read = take_clause(line, &action->stream);
    }
    action->stream.target = text_of(action->subject);
    return read;
}

static const struct {
    const char *name;
    bool (*read)(struct line *line, struct action *action);
} actions[] = {
    {"load", read_load},   {"remove", read_remove},   {"down", read_down},
    {"drain", read_drain}, {"up", read_up},           {"fail", read_fail},
    {"mend", read_mend},   {"latency", read_latency}, {"send", read_send},
};

#define NUM_ACTIONS (sizeof actions / sizeof actions[0])

static bool read_action(struct line *line, struct action *action)
{
    const struct word *word = &line->words[line->next++];
    const char *names[NUM_ACTIONS];
    action->place = word->place;
    for (size_t i = 0; i < NUM_ACTIONS; i++) {
        names[i] = actions[i].name;
        if (strcmp(word->text, actions[i].name) == 0) {
            return actions[i].read(line, action);
        }
    }
    char hint[64] = "";
    const char *nearest = options_nearest(word->text, names, NUM_ACTIONS);
    snprintf(hint, sizeof hint, "did you mean `%s`?", nearest != NULL ? nearest : "");
    return wrong(line, word->place, "there is no such action", nearest != NULL ? hint : NULL);
}

/* The action of a line, its time being that of the line above if it says none. */
static bool read_line(struct line *line, struct action *action, uint64_t before)
{
    action->at = before;
    action->place = line->words[0].place;
    if (strcmp(line->words[0].text, "at") == 0) {
        line->next = 1;
        if (!take_time(line, &action->at)) {
            return false;
        }
        if (action->at < before) {
            return wrong(line, line->words[1].place, "this is earlier than the line above", NULL);
        }
        if (line->num == 2) {
            return true;
        }
    }
    size_t first = line->next;
    if (!read_action(line, action)) {
        return false;
    }
    if (line->next < line->num) {
        return wrong(line, line->words[line->next].place, "nothing more belongs here", NULL);
    }
    size_t start = line->words[first].start, end = line->words[line->num - 1].end;
    action->source = (struct svcroute_text){line->script->bytes + start, end - start};
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool parse(struct script *script)
{
    struct scanner scanner = {
        script, script->bytes, script->bytes + script->size, {.line = 1, .column = 1}};
    uint64_t at = 0;
    bool good = true;
    while (scanner.at != scanner.end) {
        struct line line = {.script = script};
        struct action action = {.kind = ACTION_NONE};
        take_line(&scanner, &line);
        if (!line.failed && line.num > 0 && read_line(&line, &action, at)) {
            script->actions =
                memory_grow(script->actions, script->num + 1, sizeof *script->actions);
            script->actions[script->num++] = action;
            at = action.at;
        } else {
            free(action.stream.clients.items);
        }
        good = good && !line.failed;
        free(line.words);
    }
    return good;
}

bool script_open(struct script *script, const char *path)
{
    memset(script, 0, sizeof *script);
    script->path = strcmp(path, "-") != 0 ? path : NULL;
    int error = input_read(script->path, 0, &script->bytes, &script->size);
    if (error != 0) {
        complain(path, strerror(error));
        return false;
    }
    if (memchr(script->bytes, '\0', script->size) != NULL) {
        complain(path, "is no text: it has a NUL in it");
        return false;
    }
    char *ended = memory_new(script->size + 1, 1); /* by NUL, so that searches of lines end */
    memcpy(ended, script->bytes, script->size);
    free(script->bytes);
    script->bytes = ended;
    return parse(script);
}

void script_close(struct script *script)
{
    for (size_t i = 0; i < script->num; i++) {
        struct stream *stream = &script->actions[i].stream;
        free(stream->clients.items);
        free(stream->tally.counts);
        free(stream->set_cookies);
    }
    for (size_t i = 0; i < script->num_words; i++) {
        free(script->words[i]);
    }
    free(script->actions);
    free(script->words);
    free(script->bytes);
}
