/* Random regular expressions on random texts, against a matcher that knows nothing of how they are
 * read, compiled or run: it takes a tree as it was thrown, and works out by the definition of each
 * node at which places of the text a match of it can end, from each where it can begin. */
#include <stdio.h>

#include "regex_support.h"

#define NODES_MAX 64
#define TEXT_MAX 10

enum kind {
    CHARACTER, /* one of `characters`, a place in alphabet[] each; as it is written: `text` */
    ASSERTION, /* `text` */
    ROW,       /* left, right */
    CHOICE,
    REPEAT, /* left, from min to max times; max -1: no end */
};

struct node {
    enum kind kind;
    unsigned characters;
    const char *text;
    int left, right, min, max;
};

struct tree {
    struct node nodes[NODES_MAX];
    int num;
};

/* What texts are made of. The last one is not UTF-8. */
static const char *const alphabet[] = {"a", "b", "A", "_", "-", "\n", "\xc3\xa9", "\xff"};
enum { LOWER_A = 1, LOWER_B = 2, UPPER_A = 4, UNDERSCORE = 8, DASH = 16, LINE = 32, E_ACUTE = 64 };
enum { BAD = 128, ALL = 255 };

static const struct {
    unsigned characters;
    const char *text;
} leaves[] = {
    {LOWER_A, "a"},
    {LOWER_A, "a"},
    {LOWER_B, "b"},
    {LOWER_A, "[a]"},
    {E_ACUTE, "\xc3\xa9"},
    {BAD, "\\x{fffd}"},
    {ALL & ~LINE, "."},
    {ALL, "(?s:.)"},
    {LOWER_A | LOWER_B, "[ab]"},
    {ALL & ~LOWER_A, "[^a]"},
    {LOWER_A | UPPER_A, "(?i:a)"},
    {ALL & ~(LOWER_A | UPPER_A), "(?i:[^A])"},
    {LOWER_A | LOWER_B | UPPER_A | UNDERSCORE, "\\w"},
    {DASH | LINE | E_ACUTE | BAD, "\\W"},
    {LOWER_A | LOWER_B | UPPER_A | E_ACUTE, "\\pL"},
    {LINE, "\\s"},
    {E_ACUTE | BAD, "[^\\x00-\\x7f]"},
    {0, "[^\\x00-\\x{10FFFF}]"},
};

static const char *const assertions[] = {"^",   "$",      "\\A",    "\\z", "\\b",
                                         "\\B", "(?m:^)", "(?m:$)", "()"};

static uint64_t state = 88172645463325252u;

static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)(state >> 33) % n;
}

static int throw_node(struct tree *tree, int depth)
{
    static const struct {
        int min, max;
    } counts[] = {{0, -1}, {1, -1}, {0, 1}, {2, 2}, {0, 2}, {1, 3}, {2, -1}, {0, 0}, {1, 1}};
    int index = tree->num++, pick = below(depth <= 0 ? 4 : 12);
    struct node node = {.kind = CHARACTER};

    if (pick == 0) {
        node.kind = ASSERTION;
        node.text = assertions[below(LENGTH(assertions))];
    } else if (pick < 5) {
        pick = below(LENGTH(leaves));
        node.characters = leaves[pick].characters;
        node.text = leaves[pick].text;
    } else if (pick < 10) {
        node.kind = pick < 8 ? ROW : CHOICE;
        node.left = throw_node(tree, depth - 1);
        node.right = throw_node(tree, depth - 1);
    } else {
        node.kind = REPEAT;
        node.left = throw_node(tree, depth - 1);
        pick = below(LENGTH(counts));
        node.min = counts[pick].min;
        node.max = counts[pick].max;
    }
    tree->nodes[index] = node;
    return index;
}

/* Writes a node as people would, in parentheses that are not always needed. */
static void write_node(const struct tree *tree, int index, char *out)
{
    const struct node *node = &tree->nodes[index];

    if (node->kind == CHARACTER || node->kind == ASSERTION) {
        strcat(out, node->text);
        return;
    }
    strcat(out, below(2) ? "(" : "(?:");
    write_node(tree, node->left, out);
    if (node->kind == REPEAT) {
        static const char *const signs[] = {"*", "+", "?"};

        strcat(out, ")");
        if (node->max < 2 && node->min < 2 && node->max != 0 && node->min != node->max) {
            strcat(out, signs[node->max == 1 ? 2 : node->min]);
        } else if (node->max == node->min) {
            sprintf(out + strlen(out), "{%d}", node->min);
        } else if (node->max < 0) {
            sprintf(out + strlen(out), "{%d,}", node->min);
        } else {
            sprintf(out + strlen(out), "{%d,%d}", node->min, node->max);
        }
        strcat(out, below(4) ? "" : "?");
        return;
    }
    strcat(out, node->kind == CHOICE ? "|" : "");
    write_node(tree, node->right, out);
    strcat(out, ")");
}

static bool is_word(const int *text, int size, int at)
{
    return at >= 0 && at < size &&
           (1 << text[at] & (LOWER_A | LOWER_B | UPPER_A | UNDERSCORE)) != 0;
}

static bool holds(const char *assertion, const int *text, int size, int at)
{
    bool border = is_word(text, size, at) != is_word(text, size, at - 1);

    if (strcmp(assertion, "^") == 0 || strcmp(assertion, "\\A") == 0) {
        return at == 0;
    }
    if (strcmp(assertion, "$") == 0 || strcmp(assertion, "\\z") == 0) {
        return at == size;
    }
    if (strcmp(assertion, "(?m:^)") == 0) {
        return at == 0 || 1 << text[at - 1] == LINE;
    }
    if (strcmp(assertion, "(?m:$)") == 0) {
        return at == size || 1 << text[at] == LINE;
    }
    return strcmp(assertion, "()") == 0 || border == (strcmp(assertion, "\\b") == 0);
}

/* Where a match can end that begins at one of the places `from`; places are bits. */
static unsigned ends(const struct tree *tree, int index, const int *text, int size, unsigned from)
{
    const struct node *node = &tree->nodes[index];
    unsigned out = 0;

    switch (node->kind) {
    case CHARACTER:
        for (int at = 0; at < size; at++) {
            if (from >> at & 1 && node->characters >> text[at] & 1) {
                out |= 2u << at;
            }
        }
        return out;
    case ASSERTION:
        for (int at = 0; at <= size; at++) {
            if (from >> at & 1 && holds(node->text, text, size, at)) {
                out |= 1u << at;
            }
        }
        return out;
    case ROW:
        return ends(tree, node->right, text, size, ends(tree, node->left, text, size, from));
    case CHOICE:
        return ends(tree, node->left, text, size, from) | ends(tree, node->right, text, size, from);
    default:
        for (int turn = 0; turn < node->min; turn++) {
            from = ends(tree, node->left, text, size, from);
        }
        /* There are fewer places than this, and each turn but the last adds one. */
        for (int turn = node->min; turn < (node->max < 0 ? node->min + TEXT_MAX + 2 : node->max);
             turn++) {
            from |= ends(tree, node->left, text, size, from);
        }
        return from;
    }
}

struct compiled {
    struct svcr_automaton *automaton;
    struct svcr_regex *regex; /* NULL: not compiled */
};

static struct compiled compile(const char *pattern, bool by_pcre2)
{
    svcr_text text = {pattern, strlen(pattern)};
    struct compiled out = {NULL, NULL};
    struct svcr_regex_node *root;
    struct svcr_rule_fault fault;
    struct svcr_arena arena;

    svcr_arena_init(&arena, context);
    ck_assert_msg(svcr_regex_parse(&arena, text, &root, &fault) == SVCROUTE_OK, "%s: %s", pattern,
                  fault.text);
    ck_assert_int_eq(svcr_automaton_new(&out.automaton, context, root), SVCROUTE_OK);
    svcr_arena_clear(&arena);
    if (by_pcre2) {
        ck_assert_msg(svcr_regex_new(&out.regex, context, text, &fault) == SVCROUTE_OK, "%s: %s",
                      pattern, fault.text);
    }
    return out;
}

static void check_text(const struct tree *tree, const char *pattern,
                       const struct compiled *compiled)
{
    int text[TEXT_MAX], size = below(TEXT_MAX + 1);
    char bytes[2 * TEXT_MAX + 1] = "";
    bool expected;

    for (int i = 0; i < size; i++) {
        text[i] = below(4) ? below(2) : below(LENGTH(alphabet));
        strcat(bytes, alphabet[text[i]]);
    }
    expected = ends(tree, 0, text, size, (2u << size) - 1) != 0;
    ck_assert_msg(svcr_automaton_match(compiled->automaton, (svcr_text){bytes, strlen(bytes)}) ==
                      (expected ? SVCR_REGEX_YES : SVCR_REGEX_NO),
                  "automaton: %s on %s: not %d", pattern, bytes, expected);
    if (compiled->regex != NULL) {
        ck_assert_msg(svcr_regex_match(compiled->regex, (svcr_text){bytes, strlen(bytes)}) ==
                          (expected ? SVCR_REGEX_YES : SVCR_REGEX_NO),
                      "%s on %s: not %d", pattern, bytes, expected);
    }
}

START_TEST(random_expressions_match_as_defined)
{
    int rounds = getenv("SVCROUTE_TEST_SLOW") != NULL ? 2000 : 100000;
    bool available = svcr_regex_available();

    for (int i = 0; i < rounds; i++) {
        char pattern[4096] = "";
        struct tree tree = {.num = 0};
        struct compiled compiled;

        throw_node(&tree, 1 + below(5));
        write_node(&tree, 0, pattern);
        compiled = compile(pattern, available && i % 4 == 0);
        ck_assert_ptr_nonnull(compiled.automaton);
        for (int k = 0; k < 8; k++) {
            check_text(&tree, pattern, &compiled);
        }
        svcr_automaton_free(context, compiled.automaton);
        svcr_regex_free(context, compiled.regex);
    }
}
END_TEST

Suite *suite_regex_model(void)
{
    Suite *suite = suite_create("regex_model");
    TCase *tests = tcase_create("regex_model");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, random_expressions_match_as_defined);
    suite_add_tcase(suite, tests);
    return suite;
}
