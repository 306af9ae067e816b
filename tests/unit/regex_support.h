/* What tests of regular expressions share. */
#ifndef REGEX_SUPPORT_H
#define REGEX_SUPPORT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/error.h>

#include "rule/regex.h"
#include "rule/regex_automaton.h"
#include "rule/regex_syntax.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A row's texts may hold zeros. */
#define T(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static struct svcroute_context *context;

static inline void setup(void)
{
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), SVCROUTE_OK);
}

static inline void teardown(void)
{
    svcroute_context_unref(context);
}

/* By the automaton, and by all that there is where there is PCRE2: both must say the same. */
static inline enum svcr_regex_answer match(svcr_text pattern, svcr_text text)
{
    struct svcr_regex_node *tree;
    struct svcr_rule_fault fault;
    struct svcr_automaton *automaton;
    struct svcr_regex *regex;
    struct svcr_arena arena;
    enum svcr_regex_answer answer;
    char *copy = malloc(text.size + 1); /* of just this size, for the sanitizers */
    svcr_text own = {copy, text.size};

    ck_assert_ptr_nonnull(copy);
    copy = realloc(copy, text.size > 0 ? text.size : 1);
    own.data = copy;
    memcpy(copy, text.size > 0 ? text.data : "", text.size);
    svcr_arena_init(&arena, context);
    ck_assert_msg(svcr_regex_parse(&arena, pattern, &tree, &fault) == SVCROUTE_OK, "%.*s: %s",
                  SVCR_ARG(pattern), fault.text);
    ck_assert_int_eq(svcr_automaton_new(&automaton, context, tree), SVCROUTE_OK);
    svcr_arena_clear(&arena);
    answer = automaton != NULL ? svcr_automaton_match(automaton, own) : SVCR_REGEX_GAVE_UP;
    svcr_automaton_free(context, automaton);
    if (svcr_regex_available()) {
        enum svcr_regex_answer second;

        ck_assert_int_eq(svcr_regex_new(&regex, context, pattern, &fault), SVCROUTE_OK);
        second = svcr_regex_match(regex, own);
        ck_assert_msg(answer == second || answer == SVCR_REGEX_GAVE_UP, "%.*s: %d, %d",
                      SVCR_ARG(pattern), answer, second);
        svcr_regex_free(context, regex);
        answer = second;
    }
    free(copy);
    return answer;
}

/* `text` over and over, between two others. */
static inline svcr_text repeated(const char *ahead, const char *text, size_t times,
                                 const char *behind)
{
    size_t size = strlen(text), first = strlen(ahead), last = strlen(behind);
    char *out = malloc(first + times * size + last + 1);

    ck_assert_ptr_nonnull(out);
    memcpy(out, ahead, first);
    for (size_t i = 0; i < times; i++) {
        memcpy(out + first + i * size, text, size);
    }
    memcpy(out + first + times * size, behind, last + 1);
    return (svcr_text){out, first + times * size + last};
}

/* n times `open`, then n times `close`. */
static inline svcr_text nested(const char *open, const char *inside, const char *close,
                               size_t times)
{
    svcr_text ahead = repeated("", open, times, inside);
    svcr_text all = repeated(ahead.data, close, times, "");

    free((void *)ahead.data);
    return all;
}

#endif
