/* What is said of rules without a request, held against all requests of a small world. */
#include <stdlib.h>

#include "rule/logic.h"

#include "resolve_support.h"

enum { REQUESTS = 7 * 7 * 2 * 5, ROUNDS = 4000, RULE_MAX = 400 };

static const char *const hosts[] = {"a.x", "b.x", "x", "a.b.x", "a.x.", "y", "c.y"};
static const char *const paths[] = {"/", "/a", "/a/", "/a/b", "/ab", "/b", "/c"};
static const char *const methods[] = {"GET", "PUT"};
static const char *const clients[] = {"10.0.0.1", "10.1.0.1", "192.0.2.1", "2001:db8::1", "::1"};

static const char *const matchers[] = {"Host(`a.x`)",
                                       "Host(`b.x`)",
                                       "Host(`*.x`)",
                                       "Host(`*.b.x`)",
                                       "Host(`*`)",
                                       "Host(`a.x.`)",
                                       "Host(`*.`)",
                                       "Host(`x`)",
                                       "Path(`/a`)",
                                       "Path(`/a/b`)",
                                       "PathPrefix(`/`)",
                                       "PathPrefix(`/a`)",
                                       "PathPrefix(`/a/`)",
                                       "PathPrefix(`/b`)",
                                       "Method(`GET`)",
                                       "Method(`PUT`)",
                                       "ClientIP(`10.0.0.0/8`)",
                                       "ClientIP(`10.0.0.0/16`)",
                                       "ClientIP(`::/0`)",
                                       "ClientIP(`2001:db8::/32`)",
                                       "ClientIP(`0.0.0.0/0`)"};

struct rule {
    struct svcr_program *program;
    char text[RULE_MAX];
    bool matches[REQUESTS];
    unsigned num_matches;
};

static void write_rule(struct dice *dice, unsigned depth, char *out)
{
    unsigned kind = depth == 0 ? 0 : dice_roll(dice, 4);
    char parts[2][RULE_MAX / 2] = {"", ""};
    if (kind == 0) {
        strcpy(out, matchers[dice_roll(dice, sizeof(matchers) / sizeof(matchers[0]))]);
        return;
    }
    write_rule(dice, depth - 1, parts[0]);
    if (kind == 1) {
        snprintf(out, RULE_MAX / 2, "!(%.150s)", parts[0]);
        return;
    }
    write_rule(dice, depth - 1, parts[1]);
    snprintf(out, RULE_MAX / 2, "(%.90s %s %.90s)", parts[0], kind == 2 ? "&&" : "||", parts[1]);
}

static void rule_make(struct svcroute_context *context, struct dice *dice, struct rule *rule)
{
    static struct svcr_subject subject;
    struct svcr_rule_fault fault;
    do {
        write_rule(dice, 2, rule->text);
    } while (svcr_program_make(&rule->program, context, text_of(rule->text), &fault) != 0);
    rule->num_matches = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct svcroute_match_request request = {.size = sizeof(request),
                                                 .host = text_of(hosts[i % 7]),
                                                 .path = text_of(paths[i / 7 % 7]),
                                                 .method = text_of(methods[i / 49 % 2]),
                                                 .client = text_of(clients[i / 98])};
        must_int_eq(svcr_subject_make(&subject, &request, false), 0);
        rule->matches[i] = svcr_program_run(rule->program, &subject, NULL);
        rule->num_matches += rule->matches[i] ? 1 : 0;
    }
}

static bool is_within(const struct rule *narrow, const struct rule *wide)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (narrow->matches[i] && !wide->matches[i]) {
            return false;
        }
    }
    return true;
}

/* What is proved is true. What is true of this world need not be of all; but most of it is found.
 */
START_TEST(test_proofs)
{
    struct svcroute_context *context = NULL;
    struct dice dice = {7};
    unsigned proved[3] = {0}, held[3] = {0};
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct rule a, b;
        rule_make(context, &dice, &a);
        rule_make(context, &dice, &b);
        bool never = svcr_program_never(a.program);
        bool always = svcr_program_always(a.program);
        uint32_t looks = SVCR_LOGIC_LOOKS_MAX;
        bool within = svcr_program_implies(a.program, b.program, &looks);
        ck_assert_msg(!never || a.num_matches == 0, "%s matches", a.text);
        ck_assert_msg(!always || a.num_matches == REQUESTS, "%s does not match", a.text);
        ck_assert_msg(!within || is_within(&a, &b), "%s is not within %s", a.text, b.text);
        proved[0] += never;
        proved[1] += always;
        proved[2] += within;
        held[0] += a.num_matches == 0;
        held[1] += a.num_matches == REQUESTS;
        held[2] += is_within(&a, &b);
        svcr_block_unref(context, a.program);
        svcr_block_unref(context, b.program);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(proved[i] > 20 && 2 * proved[i] > held[i], "%d: %u of %u", i, proved[i],
                      held[i]);
    }
    svcroute_context_unref(context);
}
END_TEST

/* Very many ways end in silence, and soon. */
START_TEST(test_too_much)
{
    struct svcroute_context *context = NULL;
    struct svcr_program *program = NULL;
    struct svcr_rule_fault fault;
    static char text[200000];
    size_t size = 0;
    for (int i = 0; i < 2000; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 "%s(Header(`a`, `%d`) || Header(`b`, `%d`))", i != 0 ? " && " : "",
                                 i, i);
    }
    ck_assert_int_eq(svcroute_context_new(&context, NULL, NULL, NULL), 0);
    ck_assert_int_eq(svcr_program_make(&program, context, (svcr_text){text, size}, &fault), 0);
    ck_assert(!svcr_program_never(program));
    ck_assert(!svcr_program_always(program));
    uint32_t looks = SVCR_LOGIC_LOOKS_MAX;
    ck_assert(!svcr_program_implies(program, program, &looks));
    ck_assert_uint_lt(looks, SVCR_LOGIC_LOOKS_MAX);
    svcr_block_unref(context, program);
    svcroute_context_unref(context);
}
END_TEST

Suite *suite_logic(void);

Suite *suite_logic(void)
{
    Suite *suite = suite_create("logic");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_proofs);
    tcase_add_test(all, test_too_much);
    suite_add_tcase(suite, all);
    return suite;
}
