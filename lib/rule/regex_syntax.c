/* The reader of regular expressions: groups, flags, repetition, and everything that is not a class
 * or an escape.
 *
 * As Go's it keeps no stack of calls: what is open is a list of groups, each with its finished
 * alternatives and the items of the one being read. What a repetition applies to is the last item,
 * whatever stands between ("a(?i)*" repeats "a"), except directly behind another repetition. */
#include "rule/regex_syntax.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* Between "(" and ")". The outermost one is the whole expression. */
struct group {
    struct group *outer;
    struct svcr_regex_node *alternatives, *last_alternative;
    struct svcr_regex_node *items, *last, *before_last; /* of the alternative being read */
    unsigned flags;                                     /* to go back to behind it */
    bool captures;
};

struct parser {
    struct svcr_regex_reader reader;
    struct group *group, *spare;
    bool repeated; /* a repetition stands directly before */
    size_t repeat_start;
};

uint32_t svcr_regex_take(struct svcr_regex_reader *reader)
{
    uint32_t character = 0;
    reader->at += svcr_utf8_decode(reader->text.data + reader->at, reader->text.size - reader->at,
                                   &character);
    return character;
}

int svcr_regex_fail(struct svcr_regex_reader *reader, size_t start, const char *what)
{
    svcr_text part = {reader->text.data + start, reader->at - start};
    svcr_text shown = svcr_text_cut(part, 60);
    return svcr_rule_fail(reader->fault, (uint32_t)start, "regular expression: %s%s%.*s%s%s", what,
                          part.size > 0 ? ": `" : "", SVCR_ARG(shown),
                          shown.size < part.size ? "..." : "", part.size > 0 ? "`" : "");
}

/* ---- nodes and groups ---- */

static int too_large(struct parser *parser)
{
    return svcr_rule_fail(parser->reader.fault, 0, "regular expression: expression too large");
}

/* What is wrong with a node, and with what the sets have seen so far. */
static int check(struct parser *parser, const struct svcr_regex_node *node)
{
    struct svcr_regex_reader *reader = &parser->reader;
    if (reader->set.too_many) {
        return too_large(parser);
    }
    if (reader->set.failed || node == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (node->size > SVCR_REGEX_SIZE_MAX) {
        return too_large(parser);
    }
    if (node->height > SVCR_REGEX_HEIGHT_MAX) {
        return svcr_rule_fail(reader->fault, 0, "regular expression: expression nests too deeply");
    }
    return SVCROUTE_OK;
}

static int push(struct parser *parser, struct svcr_regex_node *node)
{
    struct group *group = parser->group;
    int status = check(parser, node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (group->last != NULL) {
        group->last->next = node;
    } else {
        group->items = node;
    }
    group->before_last = group->last;
    group->last = node;
    return SVCROUTE_OK;
}

static int push_op(struct parser *parser, enum svcr_regex_op op)
{
    return push(parser, svcr_regex_node_new(parser->reader.arena, op));
}

/* What the set has. */
static int push_set(struct parser *parser)
{
    return push(parser, svcr_regex_set_new(parser->reader.arena, &parser->reader.set));
}

static int push_literal(struct parser *parser, uint32_t character)
{
    struct svcr_regex_reader *reader = &parser->reader;
    bool fold = (reader->flags & SVCR_REGEX_FOLD) != 0;
    svcr_class_clear(&reader->set);
    if (fold) {
        svcr_class_add_folded(&reader->set, character, character);
        svcr_class_tidy(&reader->set);
    } else {
        svcr_class_add(&reader->set, character, character);
    }
    struct svcr_regex_node *node = svcr_regex_set_new(reader->arena, &reader->set);
    if (node != NULL) {
        node->literal = true;
        node->folded = fold;
    }
    return push(parser, node);
}

static int open_group(struct parser *parser, bool captures, unsigned flags_behind)
{
    struct group *group = parser->spare;
    if (group != NULL) {
        parser->spare = group->outer;
    } else {
        group = svcr_arena_alloc(parser->reader.arena, sizeof(*group));
        if (group == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
    }
    *group = (struct group){.outer = parser->group, .captures = captures, .flags = flags_behind};
    parser->group = group;
    return SVCROUTE_OK;
}

/* At "|" and at a group's end: the items become an alternative. */
static int end_alternative(struct parser *parser)
{
    struct group *group = parser->group;
    struct svcr_regex_node *node = svcr_regex_concat_new(parser->reader.arena, group->items);
    int status = check(parser, node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (group->last_alternative != NULL) {
        group->last_alternative->next = node;
    } else {
        group->alternatives = node;
    }
    group->last_alternative = node;
    group->items = group->last = group->before_last = NULL;
    return SVCROUTE_OK;
}

/* At a group's end: its one node. */
static int end_alternatives(struct parser *parser, struct svcr_regex_node **out)
{
    int status = end_alternative(parser);
    if (status != SVCROUTE_OK) {
        return status;
    }
    *out = svcr_regex_alternate_new(parser->reader.arena, parser->group->alternatives,
                                    &parser->reader.set);
    return check(parser, *out);
}

static int close_group(struct parser *parser)
{
    struct group *group = parser->group;
    struct svcr_regex_node *node;
    if (group->outer == NULL) {
        parser->reader.at++;
        return svcr_regex_fail(&parser->reader, parser->reader.at - 1, "unexpected )");
    }
    int status = end_alternatives(parser, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (group->captures) {
        svcr_regex_capture(node);
    }
    parser->reader.flags = group->flags;
    parser->reader.at++;
    parser->group = group->outer;
    group->outer = parser->spare;
    parser->spare = group;
    return push(parser, node);
}

/* ---- flags: "(?" ---- */

static bool is_name(svcr_text name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '_')) {
            return false;
        }
    }
    return name.size > 0;
}

/* (?P<name> or (?<name>; `from` is where the name begins. */
static int open_named(struct parser *parser, size_t start, size_t from)
{
    struct svcr_regex_reader *reader = &parser->reader;
    const char *end = memchr(reader->text.data + start, '>', reader->text.size - start);
    size_t to = end != NULL ? (size_t)(end - reader->text.data) : reader->text.size;
    reader->at = end != NULL ? to + 1 : to;
    if (end == NULL || !is_name((svcr_text){reader->text.data + from, to - from})) {
        return svcr_regex_fail(reader, start, "invalid named capture");
    }
    return open_group(parser, true, reader->flags);
}

/* (?flags) or (?flags:, each letter of flags once or more, some of them behind one "-". */
static int read_flags(struct parser *parser)
{
    static const char letters[] = "imsU"; /* in the order of the flags' bits */
    struct svcr_regex_reader *reader = &parser->reader;
    size_t start = reader->at;
    unsigned flags = reader->flags, on = 0, off = 0, *set = &on;
    int second = svcr_regex_peek(reader, 2);
    if (second == 'P' && svcr_regex_peek(reader, 3) == '<' && svcr_regex_peek(reader, 4) != -1) {
        return open_named(parser, start, start + 4);
    }
    if (second == '<' && svcr_regex_peek(reader, 3) != -1) {
        return open_named(parser, start, start + 3);
    }
    reader->at += 2;
    while (svcr_regex_peek(reader, 0) != -1) {
        uint32_t c = svcr_regex_take(reader);
        const char *letter = c != 0 && c < 0x80 ? strchr(letters, (int)c) : NULL;
        if (letter != NULL) {
            *set |= 1u << (letter - letters);
        } else if (c == '-' && set == &on) {
            set = &off;
        } else if ((c == ':' || c == ')') && (set == &on || off != 0)) {
            unsigned changed = (flags | on) & ~off;
            int status = c == ':' ? open_group(parser, false, flags) : SVCROUTE_OK;
            reader->flags = changed;
            return status;
        } else {
            break;
        }
    }
    return svcr_regex_fail(reader, start, "invalid or unsupported Perl syntax");
}

/* ---- repetition ---- */

/* A number without zeros ahead; -1 if there is none, a large one if it is too large. */
static int read_number(struct svcr_regex_reader *reader)
{
    int value = 0, digit = svcr_regex_peek(reader, 0), next = svcr_regex_peek(reader, 1);
    if (digit < '0' || digit > '9' || (digit == '0' && next >= '0' && next <= '9')) {
        return -1;
    }
    for (; digit >= '0' && digit <= '9'; digit = svcr_regex_peek(reader, 0)) {
        value = value < 100000 ? value * 10 + digit - '0' : value;
        reader->at++;
    }
    return value;
}

/* {min}, {min,} or {min,max}; false: it is none, and "{" is itself. *max is -1 for no end. */
static bool read_braces(struct svcr_regex_reader *reader, int *min, int *max)
{
    size_t start = reader->at++;
    bool endless = false;
    *min = *max = read_number(reader);
    if (*min >= 0 && svcr_regex_peek(reader, 0) == ',') {
        reader->at++;
        endless = svcr_regex_peek(reader, 0) == '}';
        *max = endless ? -1 : read_number(reader);
    }
    if (*min < 0 || (*max < 0 && !endless) || svcr_regex_peek(reader, 0) != '}') {
        reader->at = start;
        return false;
    }
    reader->at++;
    return true;
}

/* Behind the operator that began at `start`. max -1: no end. */
static int repeat(struct parser *parser, size_t start, int min, int max, bool counted)
{
    struct svcr_regex_reader *reader = &parser->reader;
    struct group *group = parser->group;
    struct svcr_regex_node *node = group->last;
    bool lazy = (reader->flags & SVCR_REGEX_UNGREEDY) != 0;
    if (svcr_regex_peek(reader, 0) == '?') {
        reader->at++;
        lazy = !lazy;
    }
    if (parser->repeated) {
        return svcr_regex_fail(reader, parser->repeat_start, "invalid nested repetition operator");
    }
    if (node == NULL) {
        return svcr_regex_fail(reader, start, "missing argument to repetition operator");
    }
    node = svcr_regex_repeat_new(reader->arena, node, min, max, counted);
    int status = check(parser, node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (counted && (min >= 2 || max >= 2) && node->copies > SVCR_REGEX_COPIES_MAX) {
        return svcr_regex_fail(reader, start, "invalid repeat count");
    }
    node->lazy = lazy;
    if (group->before_last != NULL) {
        group->before_last->next = node;
    } else {
        group->items = node;
    }
    group->last = node;
    return SVCROUTE_OK;
}

/* At "*", "+", "?" or "{". */
static int read_repeat(struct parser *parser, bool *repeated)
{
    struct svcr_regex_reader *reader = &parser->reader;
    size_t start = reader->at;
    char c = reader->text.data[start];
    int status, min, max;
    if (c == '{') {
        if (!read_braces(reader, &min, &max)) {
            reader->at++;
            return push_literal(parser, '{');
        }
        if (min > SVCR_REGEX_COPIES_MAX || max > SVCR_REGEX_COPIES_MAX || (max >= 0 && max < min)) {
            return svcr_regex_fail(reader, start, "invalid repeat count");
        }
        status = repeat(parser, start, min, max, true);
    } else {
        reader->at++;
        status = repeat(parser, start, c == '+', c == '?' ? 1 : -1, false);
    }
    *repeated = true;
    parser->repeat_start = start;
    return status;
}

/* ---- everything ---- */

/* \Q...\E */
static int read_quoted(struct parser *parser)
{
    struct svcr_regex_reader *reader = &parser->reader;
    int status = SVCROUTE_OK;
    reader->at += 2;
    while (status == SVCROUTE_OK && svcr_regex_peek(reader, 0) != -1) {
        if (svcr_regex_peek(reader, 0) == '\\' && svcr_regex_peek(reader, 1) == 'E') {
            reader->at += 2;
            break;
        }
        status = push_literal(parser, svcr_regex_take(reader));
    }
    return status;
}

static int read_backslash(struct parser *parser)
{
    static const struct {
        char letter;
        enum svcr_regex_op op;
    } assertions[] = {{'A', SVCR_REGEX_BEGIN_TEXT},
                      {'z', SVCR_REGEX_END_TEXT},
                      {'b', SVCR_REGEX_WORD_BOUNDARY},
                      {'B', SVCR_REGEX_NO_WORD_BOUNDARY}};
    struct svcr_regex_reader *reader = &parser->reader;
    int letter = svcr_regex_peek(reader, 1);
    uint32_t character;
    bool found;
    for (size_t i = 0; i < sizeof(assertions) / sizeof(assertions[0]); i++) {
        if (letter == assertions[i].letter) {
            reader->at += 2;
            return push_op(parser, assertions[i].op);
        }
    }
    if (letter == 'Q') {
        return read_quoted(parser);
    }
    svcr_class_clear(&reader->set);
    int status = svcr_regex_read_group(reader, &found);
    if (status == SVCROUTE_OK && found) {
        return push_set(parser);
    }
    if (status == SVCROUTE_OK) {
        status = svcr_regex_read_escape(reader, &character);
    }
    return status == SVCROUTE_OK ? push_literal(parser, character) : status;
}

static int read_dot(struct parser *parser)
{
    struct svcr_class *set = &parser->reader.set;
    svcr_class_clear(set);
    if (parser->reader.flags & SVCR_REGEX_DOT_ALL) {
        svcr_class_add(set, 0, SVCR_CHARACTER_MAX);
    } else {
        svcr_class_add(set, 0, '\n' - 1);
        svcr_class_add(set, '\n' + 1, SVCR_CHARACTER_MAX);
    }
    return push_set(parser);
}

static int read_one(struct parser *parser, bool *repeated)
{
    struct svcr_regex_reader *reader = &parser->reader;
    bool lines = (reader->flags & SVCR_REGEX_LINES) != 0;
    int status;
    switch (reader->text.data[reader->at]) {
    case '(':
        if (svcr_regex_peek(reader, 1) == '?') {
            return read_flags(parser);
        }
        reader->at++;
        return open_group(parser, true, reader->flags);
    case ')':
        return close_group(parser);
    case '|':
        reader->at++;
        return end_alternative(parser);
    case '^':
        reader->at++;
        return push_op(parser, lines ? SVCR_REGEX_BEGIN_LINE : SVCR_REGEX_BEGIN_TEXT);
    case '$':
        reader->at++;
        return push_op(parser, lines ? SVCR_REGEX_END_LINE : SVCR_REGEX_END_TEXT);
    case '.':
        reader->at++;
        return read_dot(parser);
    case '[':
        status = svcr_regex_read_class(reader);
        return status == SVCROUTE_OK ? push_set(parser) : status;
    case '*':
    case '+':
    case '?':
    case '{':
        return read_repeat(parser, repeated);
    case '\\':
        return read_backslash(parser);
    default:
        return push_literal(parser, svcr_regex_take(reader));
    }
}

static int read_all(struct parser *parser, struct svcr_regex_node **out)
{
    struct svcr_regex_reader *reader = &parser->reader;
    int status = open_group(parser, false, 0);
    while (status == SVCROUTE_OK && reader->at < reader->text.size) {
        bool repeated = false;
        status = read_one(parser, &repeated);
        parser->repeated = repeated;
    }
    if (status == SVCROUTE_OK && parser->group->outer != NULL) {
        status = svcr_regex_fail(reader, reader->at, "missing closing )");
    }
    return status == SVCROUTE_OK ? end_alternatives(parser, out) : status;
}

int svcr_regex_parse(struct svcr_arena *arena, svcr_text pattern, struct svcr_regex_node **out,
                     struct svcr_rule_fault *fault)
{
    struct parser parser = {.reader = {.arena = arena, .text = pattern, .fault = fault}};
    *out = NULL;
    if (pattern.size > SVCR_REGEX_PATTERN_MAX) {
        return svcr_rule_fail(fault, SVCR_REGEX_PATTERN_MAX,
                              "regular expression: longer than %d bytes", SVCR_REGEX_PATTERN_MAX);
    }
    if (!svcr_utf8_valid(pattern.data, pattern.size)) {
        uint32_t character;
        while (parser.reader.at < pattern.size &&
               svcr_utf8_decode(pattern.data + parser.reader.at, pattern.size - parser.reader.at,
                                &character) > 0) {
            svcr_regex_take(&parser.reader);
        }
        return svcr_rule_fail(fault, (uint32_t)parser.reader.at,
                              "regular expression: invalid UTF-8");
    }
    svcr_class_init(&parser.reader.set, arena->context, SVCR_REGEX_RANGES_MAX);
    svcr_class_init(&parser.reader.part, arena->context, SVCR_REGEX_RANGES_MAX);
    int status = read_all(&parser, out);
    svcr_class_free(&parser.reader.set);
    svcr_class_free(&parser.reader.part);
    return status;
}
