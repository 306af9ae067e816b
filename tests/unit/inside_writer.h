/* A writer of IngressRoutes that knows where it put every byte of its rules.
 *
 * It makes up a text while it writes it, by the rules of YAML 1.1 and JSON as they stand in their
 * specifications, so that each decoded byte gets its place at the moment when it is written. What
 * is in between (tags, anchors, comments, indentation, blanks and breaks that count nothing) is
 * made up too. */
#ifndef INSIDE_WRITER_H
#define INSIDE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WRITER_RULES 5
#define WRITER_TEXT 4000

struct spot {
    uint32_t line, column;
};

struct written { /* one rule's match */
    char text[WRITER_TEXT];
    struct spot spots[WRITER_TEXT + 1];
    size_t size;
    struct spot field; /* where the scalar begins, tag and anchor included */
};

struct inside_writer {
    char bytes[60000];
    size_t size;
    struct spot here;
    struct written rules[WRITER_RULES];
    size_t num;
    struct written *rule; /* the last one */
    uint64_t random;
    const char *newline; /* of this document */
};

static inline uint32_t pick(struct inside_writer *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 16) % below);
}

static inline bool chance(struct inside_writer *w, uint32_t in)
{
    return pick(w, in) == 0;
}

/* ---- raw output ---- */

static inline void raw_bytes(struct inside_writer *w, const char *bytes, size_t size)
{
    if (w->size + size < sizeof(w->bytes)) {
        memcpy(w->bytes + w->size, bytes, size);
        w->size += size;
    }
}

/* One character. */
static inline void raw_char(struct inside_writer *w, const char *character)
{
    raw_bytes(w, character, strlen(character));
    w->here.column++;
}

static inline void raw(struct inside_writer *w, const char *ascii)
{
    raw_bytes(w, ascii, strlen(ascii));
    w->here.column += (uint32_t)strlen(ascii);
}

/* "\n" where YAML makes that of it, else the break as it is. */
static inline const char *raw_break(struct inside_writer *w, bool any)
{
    static const char *const kinds[] = {"\n",       "\r\n",         "\r",
                                        "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    const char *kind = any && chance(w, 6) ? kinds[pick(w, 6)] : w->newline;
    if (w->size > 0 && w->bytes[w->size - 1] == '\r' && kind[0] == '\n') {
        kind = "\r"; /* the two would be one break */
    }
    raw_bytes(w, kind, strlen(kind));
    w->here = (struct spot){w->here.line + 1, 1};
    return strlen(kind) == 3 ? kind : "\n";
}

static inline void raw_spaces(struct inside_writer *w, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        raw(w, " ");
    }
}

static inline void raw_blanks(struct inside_writer *w, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        raw(w, chance(w, 4) ? "\t" : " ");
    }
}

/* ---- decoded bytes ---- */

static inline void means(struct inside_writer *w, const char *decoded, struct spot at)
{
    struct written *rule = w->rule;
    for (; *decoded && rule->size < WRITER_TEXT; decoded++) {
        rule->spots[rule->size] = at;
        rule->text[rule->size++] = *decoded;
    }
}

static inline void literally(struct inside_writer *w, const char *character)
{
    means(w, character, w->here);
    raw_char(w, character);
}

/* Its first is a letter, so that it can begin anything. */
static inline const char *some_char(struct inside_writer *w, bool first)
{
    static const char *const all[] = {"a",
                                      "H",
                                      "z",
                                      "(",
                                      ")",
                                      "`",
                                      "/",
                                      ".",
                                      "&",
                                      "|",
                                      "!",
                                      "-",
                                      "1",
                                      "\xc3\xa9",
                                      "\xe2\x82\xac",
                                      "\xf0\x9f\x98\x80"};
    return all[pick(w, first ? 3 : 16)];
}

/* ---- plain and quoted ---- */

static inline void escape(struct inside_writer *w, bool json)
{
    static const char *const yaml[][2] = {{"\\\"", "\""},
                                          {"\\\\", "\\"},
                                          {"\\/", "/"},
                                          {"\\t", "\t"},
                                          {"\\n", "\n"},
                                          {"\\r", "\r"},
                                          {"\\x41", "A"},
                                          {"\\xe9", "\xc3\xa9"},
                                          {"\\u20AC", "\xe2\x82\xac"},
                                          {"\\u0026", "&"},
                                          {"\\ ", " "},
                                          {"\\N", "\xc2\x85"},
                                          {"\\_", "\xc2\xa0"},
                                          {"\\L", "\xe2\x80\xa8"},
                                          {"\\P", "\xe2\x80\xa9"},
                                          {"\\U0001f600", "\xf0\x9f\x98\x80"},
                                          {"\\U00000041", "A"}};
    static const char *const other[][2] = {{"\\\"", "\""},
                                           {"\\\\", "\\"},
                                           {"\\/", "/"},
                                           {"\\t", "\t"},
                                           {"\\n", "\n"},
                                           {"\\r", "\r"},
                                           {"\\u0041", "A"},
                                           {"\\u0026", "&"},
                                           {"\\u20aC", "\xe2\x82\xac"},
                                           {"\\uD83d\\ude00", "\xf0\x9f\x98\x80"},
                                           {"\\ue000", "\xee\x80\x80"},
                                           {"\\ud7ff", "\xed\x9f\xbf"}};
    const char *const *row = json ? other[pick(w, 12)] : yaml[pick(w, 17)];
    means(w, row[1], w->here);
    raw(w, row[0]);
}

enum flow { FLOW_PLAIN, FLOW_SINGLE, FLOW_DOUBLE };

static inline void word(struct inside_writer *w, enum flow flow)
{
    bool first = true;
    do {
        if (flow == FLOW_DOUBLE && chance(w, 4)) {
            escape(w, false);
        } else if (flow == FLOW_SINGLE && chance(w, 6)) {
            means(w, "'", w->here);
            raw(w, "''");
        } else {
            literally(w, some_char(w, first && flow == FLOW_PLAIN));
        }
        first = false;
    } while (!chance(w, 6));
}

/* A line of nothing but blanks, and its break. */
static inline const char *empty_line(struct inside_writer *w, struct spot *at)
{
    raw_spaces(w, chance(w, 3) ? pick(w, 4) : 0);
    *at = w->here;
    return raw_break(w, true);
}

/* Line breaks between words: one becomes a blank; of several the first is dropped. Those of Unicode
 * stay. */
static inline void fold(struct inside_writer *w)
{
    struct spot begin = w->here, at;
    raw_blanks(w, chance(w, 40) ? 700 : chance(w, 3) ? pick(w, 4) : 0);
    struct spot first_at = w->here;
    const char *first = raw_break(w, true);
    bool wide = first[0] != '\n';
    uint32_t more = chance(w, 3) ? 1 + pick(w, 3) : 0;
    if (wide) {
        means(w, first, first_at);
    } else if (more == 0) {
        means(w, " ", begin);
    }
    for (; more > 0; more--) {
        const char *next = empty_line(w, &at);
        means(w, next, at);
    }
    raw_spaces(w, 8 + pick(w, 6));
    raw_blanks(w, chance(w, 4) ? pick(w, 3) : 0);
}

/* A backslash ahead of a break: nothing at all, but breaks that follow stay. */
static inline void escaped_break(struct inside_writer *w)
{
    struct spot at;
    raw(w, "\\");
    raw_break(w, true);
    for (uint32_t more = chance(w, 4) ? 1 + pick(w, 2) : 0; more > 0; more--) {
        const char *next = empty_line(w, &at);
        means(w, next, at);
    }
    raw_blanks(w, pick(w, 9));
}

static inline void between(struct inside_writer *w, enum flow flow)
{
    uint32_t kind = pick(w, 4);
    if (kind == 0) {
        fold(w);
        return;
    }
    if (kind != 1 || flow != FLOW_DOUBLE || chance(w, 2)) {
        for (uint32_t i = 1 + pick(w, 2); i > 0; i--) {
            literally(w, flow != FLOW_PLAIN && chance(w, 5) ? "\t" : " ");
        }
    }
    if (kind == 1 && flow == FLOW_DOUBLE) {
        escaped_break(w);
    }
}

static inline void flow_scalar(struct inside_writer *w, enum flow flow)
{
    static const char *const quotes[] = {"", "'", "\""};
    raw(w, quotes[flow]);
    if (flow != FLOW_PLAIN && chance(w, 6)) {
        between(w, flow);
    }
    word(w, flow);
    for (uint32_t words = chance(w, 3) ? 0 : pick(w, 8); words > 0; words--) {
        between(w, flow);
        word(w, flow);
    }
    if (flow != FLOW_PLAIN && chance(w, 6)) {
        between(w, flow);
    }
    w->rule->spots[w->rule->size] = w->here;
    raw(w, quotes[flow]);
}

static inline void json_scalar(struct inside_writer *w)
{
    raw(w, "\"");
    for (uint32_t num = pick(w, 40); num > 0; num--) {
        if (chance(w, 5)) {
            escape(w, true);
        } else {
            literally(w, chance(w, 6)    ? " "
                         : chance(w, 30) ? "\xe2\x80\xa8"
                         : chance(w, 30) ? "\xc2\x85"
                                         : some_char(w, false));
        }
    }
    w->rule->spots[w->rule->size] = w->here;
    raw(w, "\"");
}

/* ---- block scalars ---- */

#define PARENT 4 /* columns ahead of the map that a rule is */

struct block_line {
    struct spot at; /* of its break */
    const char *end;
};

/* Lines without content. */
static inline size_t empty_lines(struct inside_writer *w, struct block_line *lines, size_t most,
                                 uint32_t indent)
{
    size_t num = chance(w, 3) ? pick(w, (uint32_t)most) : 0;
    for (size_t i = 0; i < num; i++) {
        raw_spaces(w, chance(w, 3) ? pick(w, indent + 1) : 0);
        lines[i].at = w->here;
        lines[i].end = raw_break(w, true);
    }
    return num;
}

static inline void mean_lines(struct inside_writer *w, const struct block_line *lines, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        means(w, lines[i].end, lines[i].at);
    }
}

static inline void content_line(struct inside_writer *w, bool blank)
{
    literally(w, !blank ? some_char(w, false) : chance(w, 4) ? "\t" : " ");
    while (!chance(w, 10)) {
        literally(w, chance(w, 5) ? " " : some_char(w, false));
    }
}

static inline void block_head(struct inside_writer *w, bool folded, char chomp, uint32_t given)
{
    char digit[2] = {given ? (char)('0' + given) : '\0', '\0'}, sign[2] = {chomp, '\0'};
    bool sign_first = chance(w, 2);
    raw(w, folded ? ">" : "|");
    raw(w, sign_first ? sign : digit);
    raw(w, sign_first ? digit : sign);
    if (chance(w, 4)) {
        raw(w, "  # ");
        raw_char(w, "\xc3\xa9");
    }
    raw_break(w, true);
}

/* `last`: the input may end with it, without a break. */
static inline void block_scalar(struct inside_writer *w, bool folded, bool last)
{
    static const char chomps[] = {'-', '\0', '+'};
    const char chomp = chomps[pick(w, 3)];
    const uint32_t given = chance(w, 3) ? 1 + pick(w, 6) : 0;
    const uint32_t indent = given ? PARENT + given : PARENT + 1 + pick(w, 6);
    struct block_line empty[8];
    block_head(w, folded, chomp, given);
    mean_lines(w, empty, empty_lines(w, empty, 4, indent));
    bool blank_before = false, content = false;
    struct block_line before = {{0, 0}, ""};
    size_t num_empty = 0;
    for (uint32_t lines = 1 + pick(w, 5); lines > 0; lines--) {
        raw_spaces(w, indent);
        bool blank = (content || given != 0) && chance(w, 4);
        if (content) {
            if (!folded || blank_before || blank || before.end[0] != '\n') {
                means(w, before.end, before.at);
            } else if (num_empty == 0) {
                means(w, " ", before.at);
            }
            mean_lines(w, empty, num_empty);
        }
        content_line(w, blank);
        blank_before = blank;
        content = true;
        w->rule->spots[w->rule->size] = w->here;
        before.at = w->here;
        if (last && lines == 1 && chance(w, 3)) {
            return;
        }
        before.end = raw_break(w, true);
        if (lines > 1) {
            num_empty = empty_lines(w, empty, 4, indent);
        }
    }
    struct spot behind = w->here;
    num_empty = empty_lines(w, empty, 4, indent);
    if (chomp != '-') {
        means(w, before.end, before.at);
        w->rule->spots[w->rule->size] = behind;
    }
    if (chomp == '+') {
        mean_lines(w, empty, num_empty);
        w->rule->spots[w->rule->size] = w->here;
    }
}

/* ---- documents ---- */

static inline void properties(struct inside_writer *w)
{
    static const char *const all[] = {"&a", "!!str", "!", "!!str &b", "&c !!str", "! &d"};
    if (!chance(w, 4)) {
        return;
    }
    raw(w, all[pick(w, 6)]);
    raw_blanks(w, 1 + pick(w, 3));
    if (chance(w, 3)) {
        raw(w, chance(w, 2) ? "#\"" : "# ' ");
        raw_char(w, "\xe2\x82\xac");
        raw_break(w, true);
        raw_spaces(w, 6 + pick(w, 4));
    }
}

static inline void begin_rule(struct inside_writer *w)
{
    w->rule = &w->rules[w->num++];
    w->rule->size = 0;
    w->rule->field = w->here;
}

static inline void yaml_rule(struct inside_writer *w, bool last)
{
    uint32_t style = pick(w, 5);
    bool braces = style < 3 && chance(w, 4);
    raw(w, braces ? "  - {match: " : "  - match: ");
    raw_spaces(w, pick(w, 3));
    begin_rule(w);
    properties(w);
    if (style >= 3) {
        block_scalar(w, style == 4, last);
        if (!last) {
            raw(w, "    kind: Rule");
            raw_break(w, false);
        }
        return;
    }
    flow_scalar(w, (enum flow)style);
    raw(w, braces ? ", kind: Rule}" : "");
    if (chance(w, 4)) {
        raw(w, "  # ");
        raw_char(w, "\xc3\xa9");
    }
    raw_break(w, false);
}

static inline void yaml_line(struct inside_writer *w, const char *line)
{
    raw(w, line);
    raw_break(w, false);
}

static inline void write_begin(struct inside_writer *w, uint64_t seed)
{
    static const char *const newlines[] = {"\n", "\n", "\r\n", "\r"};
    w->size = w->num = 0;
    w->here = (struct spot){1, 1};
    w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    (void)pick(w, 2);
    w->newline = newlines[pick(w, 4)];
}

static inline void write_yaml(struct inside_writer *w, uint64_t seed)
{
    write_begin(w, seed);
    if (chance(w, 2)) {
        raw(w, "# ");
        raw_char(w, "\xf0\x9f\x98\x80");
        raw_break(w, true);
    }
    yaml_line(w, "apiVersion: traefik.io/v1alpha1");
    yaml_line(w, "kind: IngressRoute");
    yaml_line(w, "metadata: {name: a}");
    yaml_line(w, "spec:");
    yaml_line(w, "  routes:");
    for (uint32_t left = 1 + pick(w, WRITER_RULES); left > 0; left--) {
        yaml_rule(w, left == 1);
    }
    raw_bytes(w, "", 1);
}

static inline void json_space(struct inside_writer *w)
{
    while (chance(w, 3)) {
        if (chance(w, 2)) {
            raw_bytes(w, "\n", 1);
            w->here = (struct spot){w->here.line + 1, 1};
        } else {
            raw_blanks(w, 1);
        }
    }
}

static inline void write_json(struct inside_writer *w, uint64_t seed)
{
    write_begin(w, seed);
    raw(w, "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":{"
           "\"annotations\":{\"");
    raw_char(w, "\xc3\xa9");
    raw(w, "\":\"\\u00e9\"},\"name\":\"a\"},");
    json_space(w);
    raw(w, "\"spec\":{\"routes\":[");
    for (uint32_t left = 1 + pick(w, WRITER_RULES); left > 0; left--) {
        json_space(w);
        raw(w, chance(w, 2) ? "{\"match\":" : "{\"kind\":\"R\\u0075le\",\"match\":");
        json_space(w);
        begin_rule(w);
        json_scalar(w);
        json_space(w);
        raw(w, left == 1 ? "}" : "},");
    }
    raw(w, "]}}");
    raw_bytes(w, "", 1);
}

#endif
