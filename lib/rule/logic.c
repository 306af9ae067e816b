/* Logic of rules.
 *
 * A way through a program is a list of tests known to be true or false. What one test tells of
 * another is decided by pairs (`told`); a way whose tests contradict each other is none that a
 * request goes. So a rule that matches never has no way to "yes", and one rule implies another if,
 * along each of its ways to "yes", the other has none to "no". Ways can be many: after so many
 * tests as it may look at the search gives up. */
#include "rule/logic.h"

#include "rule/host.h"

enum { WAY_MAX = 32 };

enum truth { UNKNOWN, TRUE, FALSE };

struct known {
    const struct svcr_test *test;
    bool truth;
};

struct search {
    struct known known[WAY_MAX];
    size_t num;
    uint32_t looks;          /* at tests, still to be had */
    bool prefix_root_counts; /* PathPrefix(`/`) counts as true: every path but "*" begins so */
};

/* ---- pairs ---- */

/* A dot at the end is forgiven on one side, but not two: then little follows. */
static enum truth host_tells(svcr_text a, svcr_text b)
{
    svcr_text left = svcr_host_without_dots(a);
    svcr_text right = svcr_host_without_dots(b);
    bool plain = left.size == a.size && right.size == b.size;
    if (svcr_text_same(left, right)) {
        return plain ? TRUE : UNKNOWN;
    }
    if (svcr_host_is_wildcard(left) == svcr_host_is_wildcard(right) ||
        !svcr_text_same(svcr_host_behind_label(left), svcr_host_behind_label(right))) {
        return FALSE;
    }
    return svcr_host_is_wildcard(right) && plain ? TRUE : UNKNOWN;
}

static enum truth path_tells(const struct svcr_test *a, const struct svcr_test *b)
{
    bool a_whole = a->matcher == SVCR_MATCHER_PATH;
    bool b_whole = b->matcher == SVCR_MATCHER_PATH;
    if (svcr_text_starts(a->value, b->value)) {
        bool same = a->value.size == b->value.size;
        return !b_whole || (a_whole && same) ? TRUE : a_whole || !same ? FALSE : UNKNOWN;
    }
    return a_whole || !svcr_text_starts(b->value, a->value) ? FALSE : UNKNOWN;
}

/* A network of IPv4 addresses, which are in none of IPv6 (program.h). */
static bool is_ipv4(const struct svcr_test *test)
{
    static const char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (char)0xff, (char)0xff};
    return test->bits >= 96 && memcmp(test->value.data, mapped, sizeof(mapped)) == 0;
}

static enum truth network_tells(const struct svcr_test *a, const struct svcr_test *b)
{
    uint8_t shorter = a->bits < b->bits ? a->bits : b->bits;
    size_t whole = shorter / 8;
    uint8_t mask = (uint8_t)(0xff00U >> (shorter % 8));
    bool same = is_ipv4(a) == is_ipv4(b) && memcmp(a->value.data, b->value.data, whole) == 0 &&
                (mask == 0 ||
                 (((uint8_t)a->value.data[whole] ^ (uint8_t)b->value.data[whole]) & mask) == 0);
    return !same ? FALSE : a->bits >= b->bits ? TRUE : UNKNOWN;
}

static bool is_path(const struct svcr_test *test)
{
    return test->matcher == SVCR_MATCHER_PATH || test->matcher == SVCR_MATCHER_PATH_PREFIX;
}

/* What the truth of `a` says of `b`. */
static enum truth tells(const struct svcr_test *a, const struct svcr_test *b)
{
    if (is_path(a) && is_path(b)) {
        return path_tells(a, b);
    }
    if (a->matcher != b->matcher) {
        return UNKNOWN;
    }
    switch ((enum svcr_matcher)a->matcher) {
    case SVCR_MATCHER_HOST:
        return host_tells(a->value, b->value);
    case SVCR_MATCHER_METHOD:
        return svcr_text_same(a->value, b->value) ? TRUE : FALSE;
    case SVCR_MATCHER_CLIENT_IP:
        return network_tells(a, b);
    default:
        return svcr_text_same(a->key, b->key) && svcr_text_same(a->value, b->value) ? TRUE
                                                                                    : UNKNOWN;
    }
}

static enum truth told(const struct search *search, const struct svcr_test *test)
{
    if (test->matcher == SVCR_MATCHER_HOST && svcr_text_same(test->value, SVCR_TEXT("*"))) {
        return TRUE;
    }
    if (search->prefix_root_counts && test->matcher == SVCR_MATCHER_PATH_PREFIX &&
        svcr_text_same(test->value, SVCR_TEXT("/"))) {
        return TRUE;
    }
    for (size_t i = 0; i < search->num; i++) {
        const struct known *known = &search->known[i];
        enum truth truth = UNKNOWN;
        if (known->truth) {
            truth = tells(known->test, test);
        } else if (tells(test, known->test) == TRUE) {
            truth = FALSE;
        }
        if (truth != UNKNOWN) {
            return truth;
        }
    }
    return UNKNOWN;
}

/* ---- ways ---- */

/* Whether some way of a program leads to `goal`; called again for `next` at each end of a way
 * there, if that is given: then what counts is whether one of the ways of `next` leads to its own
 * goal, "no". Too much to look at counts as yes. Recursion: at most WAY_MAX levels for each
 * program. */
static bool leads(struct search *search, const struct svcr_program *program, int32_t at,
                  int32_t goal, const struct svcr_program *next)
{
    while (at >= 0) {
        const struct svcr_test *test = &program->tests[at];
        if (search->looks == 0) {
            return true;
        }
        search->looks--;
        enum truth truth = told(search, test);
        if (truth == UNKNOWN) {
            if (search->num == WAY_MAX) {
                return true;
            }
            search->known[search->num++] = (struct known){test, true};
            bool found = leads(search, program, test->on_true, goal, next);
            search->known[search->num - 1].truth = false;
            found = found || leads(search, program, test->on_false, goal, next);
            search->num--;
            return found;
        }
        at = truth == TRUE ? test->on_true : test->on_false;
    }
    return at == goal && (next == NULL || leads(search, next, 0, SVCR_TEST_NO, NULL));
}

bool svcr_program_always(const struct svcr_program *program)
{
    struct search search = {.looks = SVCR_LOGIC_LOOKS_MAX};
    return !leads(&search, program, 0, SVCR_TEST_NO, NULL);
}

bool svcr_program_never(const struct svcr_program *program)
{
    struct search search = {.looks = SVCR_LOGIC_LOOKS_MAX};
    return !leads(&search, program, 0, SVCR_TEST_YES, NULL);
}

bool svcr_program_implies(const struct svcr_program *narrow, const struct svcr_program *wide,
                          uint32_t *looks)
{
    struct search search = {.looks = *looks, .prefix_root_counts = true};
    bool implies = !leads(&search, narrow, 0, SVCR_TEST_YES, wide);
    *looks = search.looks;
    return implies;
}
