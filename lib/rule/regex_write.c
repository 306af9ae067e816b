/* A regular expression's tree -> the pattern of PCRE2 that matches the same texts.
 *
 * Nothing is left to PCRE2's own idea of a character class: sets are written as ranges, so that
 * they do not depend on the Unicode of its release; likewise no group captures and no option is
 * switched inside of the pattern. Walks the tree without recursion. */
#include "rule/regex_tree.h"

static void write_character(struct svcr_buffer *out, uint32_t character)
{
    char bytes[4];
    if (character >= 0x80) {
        svcr_buffer_add(out, bytes, svcr_utf8_encode(character, bytes));
        return;
    }
    if (character <= ' ' || character == 0x7f) {
        svcr_buffer_printf(out, "\\x{%x}", (unsigned)character);
        return;
    }
    if (!((character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
          (character >= 'a' && character <= 'z'))) {
        svcr_buffer_add_char(out, '\\');
    }
    svcr_buffer_add_char(out, (char)character);
}

/* PCRE2 wants no surrogates in a pattern, and no text has them. False: nothing else is left. */
static bool cut_surrogates(struct svcr_range *range)
{
    if (range->first >= 0xd800 && range->first <= 0xdfff) {
        range->first = 0xe000;
    }
    if (range->last >= 0xd800 && range->last <= 0xdfff) {
        range->last = 0xd7ff;
    }
    return range->first <= range->last;
}

static void write_range(struct svcr_buffer *out, struct svcr_range range)
{
    write_character(out, range.first);
    if (range.last > range.first) {
        if (range.last > range.first + 1) {
            svcr_buffer_add_char(out, '-');
        }
        write_character(out, range.last);
    }
}

/* A set with U+10FFFF in it is shorter, and faster, as what it has not. */
static void write_negated(struct svcr_buffer *out, const struct svcr_regex_node *node)
{
    uint32_t next = 0;
    bool any = true;
    for (uint32_t i = 0; i < node->num_ranges; i++) {
        struct svcr_range gap = {next, node->ranges[i].first - 1};
        if (next < node->ranges[i].first && cut_surrogates(&gap)) {
            if (any) {
                svcr_buffer_add_string(out, "[^");
            }
            any = false;
            write_range(out, gap);
        }
        next = node->ranges[i].last + 1;
    }
    svcr_buffer_add_char(out, any ? '.' : ']');
}

static void write_set(struct svcr_buffer *out, const struct svcr_regex_node *node)
{
    uint32_t num = 0;
    struct svcr_range only = {0, 0};
    if (node->num_ranges > 0 && node->ranges[node->num_ranges - 1].last == SVCR_CHARACTER_MAX) {
        write_negated(out, node);
        return;
    }
    for (uint32_t i = 0; i < node->num_ranges; i++) {
        struct svcr_range range = node->ranges[i];
        if (cut_surrogates(&range)) {
            only = range;
            num++;
        }
    }
    if (num == 0) {
        svcr_buffer_add_string(out, "(?:(?!))");
        return;
    }
    if (num == 1 && only.first == only.last) {
        write_character(out, only.first);
        return;
    }
    svcr_buffer_add_char(out, '[');
    for (uint32_t i = 0; i < node->num_ranges; i++) {
        struct svcr_range range = node->ranges[i];
        if (cut_surrogates(&range)) {
            write_range(out, range);
        }
    }
    svcr_buffer_add_char(out, ']');
}

static void write_quantifier(struct svcr_buffer *out, const struct svcr_regex_node *node)
{
    if (node->max == -1 && node->min <= 1) {
        svcr_buffer_add_char(out, node->min == 0 ? '*' : '+');
    } else if (node->min == 0 && node->max == 1) {
        svcr_buffer_add_char(out, '?');
    } else if (node->max == -1) {
        svcr_buffer_printf(out, "{%d,}", node->min);
    } else {
        svcr_buffer_printf(out, "{%d,%d}", node->min, node->max);
    }
    if (node->lazy) {
        svcr_buffer_add_char(out, '?');
    }
}

static bool is_grouped(const struct svcr_regex_node *node)
{
    const struct svcr_regex_node *parent = node->parent;
    return parent != NULL &&
           ((parent->op == SVCR_REGEX_REPEAT && node->op != SVCR_REGEX_SET) ||
            (parent->op == SVCR_REGEX_CONCAT && node->op == SVCR_REGEX_ALTERNATE));
}

static void enter(struct svcr_buffer *out, const struct svcr_regex_node *node)
{
    static const char *const assertions[] = {
        [SVCR_REGEX_BEGIN_TEXT] = "\\A",    [SVCR_REGEX_END_TEXT] = "\\z",
        [SVCR_REGEX_BEGIN_LINE] = "^",      [SVCR_REGEX_END_LINE] = "$",
        [SVCR_REGEX_WORD_BOUNDARY] = "\\b", [SVCR_REGEX_NO_WORD_BOUNDARY] = "\\B",
    };
    if (node->parent != NULL && node->parent->op == SVCR_REGEX_ALTERNATE &&
        node->parent->child != node) {
        svcr_buffer_add_char(out, '|');
    }
    if (is_grouped(node)) {
        svcr_buffer_add_string(out, "(?:");
    }
    if (node->op == SVCR_REGEX_SET) {
        write_set(out, node);
    } else if (node->op >= SVCR_REGEX_BEGIN_TEXT && node->op <= SVCR_REGEX_NO_WORD_BOUNDARY) {
        svcr_buffer_add_string(out, assertions[node->op]);
    }
}

static void leave(struct svcr_buffer *out, const struct svcr_regex_node *node)
{
    if (node->op == SVCR_REGEX_REPEAT) {
        write_quantifier(out, node);
    }
    if (is_grouped(node)) {
        svcr_buffer_add_char(out, ')');
    }
}

bool svcr_regex_write(const struct svcr_regex_node *root, struct svcr_buffer *out)
{
    const struct svcr_regex_node *node = root;
    unsigned groups = 0;
    for (;;) {
        groups += is_grouped(node);
        if (groups > SVCR_REGEX_GROUPS_MAX) {
            return false;
        }
        enter(out, node);
        if (node->child != NULL) {
            node = node->child;
            continue;
        }
        for (;; node = node->parent) {
            leave(out, node);
            groups -= is_grouped(node);
            if (node == root) {
                return true;
            }
            if (node->next != NULL) {
                node = node->next;
                break;
            }
        }
    }
}
