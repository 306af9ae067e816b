/* Random rules of a few matchers, as text and as what they mean, and an evaluation of them that has
 * nothing of the library's. */
#ifndef NAIVE_RULE_H
#define NAIVE_RULE_H

#include "resolve_support.h"

#define NUM(list) (sizeof(list) / sizeof((list)[0]))
#define ONE_OF(dice, list) ((list)[dice_roll(dice, NUM(list))])

enum { RULE_TEXT = 512, RULE_STEPS = 64 };

/* ---- rules ---- */

enum step_kind { STEP_HOST, STEP_PREFIX, STEP_PATH, STEP_METHOD, STEP_NOT, STEP_AND, STEP_OR };

/* A rule as text, and in postfix order. */
struct rule {
    char text[RULE_TEXT];
    size_t size;
    struct {
        enum step_kind kind;
        const char *value;
    } steps[RULE_STEPS];
    unsigned num;
    bool bad; /* cannot be read */
};

static const char *const rule_hosts[] = {"a", "b.a", "*.a", "B.A", "a.", "*.a.", "*", "c.b.a"};
static const char *const rule_paths[] = {"/", "/x", "/x/", "/x/y", "/xy", "/x/y/z", "/X"};
static const char *const rule_methods[] = {"GET", "get", "PUT"};

static inline void rule_write(struct rule *rule, const char *text)
{
    ck_assert_uint_lt(rule->size + strlen(text), RULE_TEXT);
    strcpy(rule->text + rule->size, text);
    rule->size += strlen(text);
}

static inline void rule_step(struct rule *rule, enum step_kind kind, const char *value)
{
    ck_assert_uint_lt(rule->num, RULE_STEPS);
    rule->steps[rule->num].kind = kind;
    rule->steps[rule->num++].value = value;
}

static inline void write_matcher(struct rule *rule, struct dice *dice)
{
    static const char *const names[] = {"Host(`", "PathPrefix(`", "Path(`", "Method(`"};
    uint32_t which = dice_roll(dice, 8);
    enum step_kind kind = which < 3   ? STEP_HOST
                          : which < 6 ? STEP_PREFIX
                          : which < 7 ? STEP_PATH
                                      : STEP_METHOD;
    const char *value = kind == STEP_HOST     ? ONE_OF(dice, rule_hosts)
                        : kind == STEP_METHOD ? ONE_OF(dice, rule_methods)
                                              : ONE_OF(dice, rule_paths);
    rule_write(rule, names[kind]);
    rule_write(rule, value);
    rule_write(rule, "`)");
    rule_step(rule, kind, value);
}

static inline void write_either(struct rule *rule, struct dice *dice, unsigned depth);

static inline void write_operand(struct rule *rule, struct dice *dice, unsigned depth)
{
    uint32_t which = depth == 0 ? 9 : dice_roll(dice, 10);
    if (which == 0) {
        rule_write(rule, "!");
        write_operand(rule, dice, depth - 1);
        rule_step(rule, STEP_NOT, NULL);
    } else if (which < 3) {
        rule_write(rule, "(");
        write_either(rule, dice, depth - 1);
        rule_write(rule, ")");
    } else {
        write_matcher(rule, dice);
    }
}

static inline void write_both(struct rule *rule, struct dice *dice, unsigned depth)
{
    write_operand(rule, dice, depth);
    for (uint32_t more = dice_roll(dice, 3); more > 1; more--) {
        rule_write(rule, " && ");
        write_operand(rule, dice, depth);
        rule_step(rule, STEP_AND, NULL);
    }
}

static inline void write_either(struct rule *rule, struct dice *dice, unsigned depth)
{
    write_both(rule, dice, depth);
    for (uint32_t more = dice_roll(dice, 3); more > 1; more--) {
        rule_write(rule, "||");
        write_both(rule, dice, depth);
        rule_step(rule, STEP_OR, NULL);
    }
}

static inline void rule_make(struct rule *rule, struct dice *dice)
{
    static const char *const bad[] = {" && Hots(`a`)", " &&", ")", "(`b`)", " || Path(`x`)"};
    rule->size = rule->num = 0;
    write_either(rule, dice, 2);
    rule->bad = dice_once_in(dice, 12);
    if (rule->bad) {
        rule_write(rule, ONE_OF(dice, bad));
    }
}

/* ---- what rules say ---- */

struct asked {
    const char *method, *host, *path, *entry_point;
    uint32_t flags;
};

static const char *const asked_hosts[] = {"a",     "A:80",  "a.",    "b.a", "B.a.",  "c.a:1", "b.",
                                          "c.b.a", "d.c.b", "x.b.a", "",    "b.a..", "c.a."};
static const char *const asked_paths[] = {"/", "/x", "/x/", "/x/y", "/xy", "/x/y/z", "/xyz", "/X/"};

/* `wanted` is a rule's host, in lower case as is `host`. */
static inline bool same_host(const char *wanted, size_t wanted_size, const char *host,
                             size_t host_size)
{
    if (wanted[0] == '*') { /* stands for all up to the first dot */
        size_t label = 0;
        while (label < host_size && host[label] != '.') {
            label++;
        }
        return wanted_size - 1 == host_size - label &&
               memcmp(wanted + 1, host + label, wanted_size - 1) == 0;
    }
    return wanted_size == host_size && memcmp(wanted, host, host_size) == 0;
}

static inline size_t lower(char out[32], const char *text)
{
    size_t size = 0;
    for (; text[size] != '\0' && text[size] != ':'; size++) {
        out[size] = (char)(text[size] >= 'A' && text[size] <= 'Z' ? text[size] + 32 : text[size]);
    }
    return size;
}

static inline bool host_says(const char *rule, const char *asked)
{
    char wanted[32], host[32];
    size_t wanted_size = lower(wanted, rule), size = lower(host, asked);
    if (strcmp(rule, "*") == 0) {
        return true;
    }
    return size > 0 &&
           (same_host(wanted, wanted_size, host, size) ||
            (wanted[wanted_size - 1] == '.' && same_host(wanted, wanted_size - 1, host, size)) ||
            (host[size - 1] == '.' && same_host(wanted, wanted_size, host, size - 1)));
}

static inline bool step_says(enum step_kind kind, const char *value, const struct asked *asked)
{
    switch (kind) {
    case STEP_HOST:
        return host_says(value, asked->host);
    case STEP_PREFIX:
        return strncmp(asked->path, value, strlen(value)) == 0;
    case STEP_PATH:
        return strcmp(asked->path, value) == 0;
    default:
        return strcmp(asked->method, strcmp(value, "get") == 0 ? "GET" : value) == 0;
    }
}

static inline bool rule_says(const struct rule *rule, const struct asked *asked)
{
    bool stack[RULE_STEPS];
    unsigned top = 0;
    for (unsigned i = 0; i < rule->num; i++) {
        enum step_kind kind = rule->steps[i].kind;
        if (kind == STEP_NOT) {
            stack[top - 1] = !stack[top - 1];
        } else if (kind == STEP_AND || kind == STEP_OR) {
            top--;
            stack[top - 1] =
                kind == STEP_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
        } else {
            stack[top++] = step_says(kind, rule->steps[i].value, asked);
        }
    }
    ck_assert_uint_eq(top, 1);
    return stack[0];
}

#endif
