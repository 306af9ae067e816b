/* Nodes of a regular expression's tree: made, joined where that matches the same texts, and
 * measured as Go measures its own. */
#include "rule/regex_tree.h"

struct svcr_regex_node *svcr_regex_node_new(struct svcr_arena *arena, enum svcr_regex_op op)
{
    struct svcr_regex_node *node = svcr_arena_zalloc(arena, 1, sizeof(*node));
    if (node != NULL) {
        node->op = (uint8_t)op;
        node->height = 1;
        node->size = 1;
    }
    return node;
}

struct svcr_regex_node *svcr_regex_set_new(struct svcr_arena *arena, const struct svcr_class *set)
{
    struct svcr_regex_node *node = svcr_regex_node_new(arena, SVCR_REGEX_SET);
    if (node == NULL || set->num == 0) {
        return node;
    }
    node->num_ranges = (uint32_t)set->num;
    node->own = set->ranges[0];
    node->ranges = &node->own;
    node->literal = set->num == 1 && node->own.first == node->own.last;
    if (set->num > 1) {
        size_t size = set->num * sizeof(*set->ranges);
        struct svcr_range *copy = svcr_arena_alloc(arena, size);
        if (copy == NULL) {
            return NULL;
        }
        memcpy(copy, set->ranges, size);
        node->ranges = copy;
    }
    return node;
}

/* Lifts a child's measures into its parent. Go has no list of the same kind in a list. */
static void measure_child(struct svcr_regex_node *node, const struct svcr_regex_node *child)
{
    bool melts = child->op == node->op && !child->closed && !child->literal;
    int height = child->height + (melts ? 0 : 1);
    node->height = (int16_t)(height > node->height ? height : node->height);
    node->copies = child->copies > node->copies ? child->copies : node->copies;
    node->size += child->size;
}

struct svcr_regex_node *svcr_regex_concat_new(struct svcr_arena *arena,
                                              struct svcr_regex_node *children)
{
    if (children == NULL) {
        return svcr_regex_node_new(arena, SVCR_REGEX_EMPTY);
    }
    if (children->next == NULL) {
        return children;
    }
    struct svcr_regex_node *node = svcr_regex_node_new(arena, SVCR_REGEX_CONCAT);
    if (node == NULL) {
        return NULL;
    }
    node->child = children;
    node->size = 0;
    node->literal = true;
    node->folded = children->folded;
    for (struct svcr_regex_node *child = children; child != NULL; child = child->next) {
        child->parent = node;
        measure_child(node, child);
        node->literal &= child->literal && child->folded == node->folded;
    }
    if (node->literal) {
        node->height = 1;
    }
    return node;
}

/* Joins the sets that stand side by side in a list, and the empty ones. */
static struct svcr_regex_node *join_sets(struct svcr_arena *arena, struct svcr_regex_node *children,
                                         struct svcr_class *set)
{
    struct svcr_regex_node **slot = &children;
    while (*slot != NULL) {
        struct svcr_regex_node *node = *slot, *rest = node->next;
        while (node->op == SVCR_REGEX_EMPTY && rest != NULL && rest->op == SVCR_REGEX_EMPTY) {
            node->next = rest = rest->next;
        }
        if (node->op == SVCR_REGEX_SET && rest != NULL && rest->op == SVCR_REGEX_SET &&
            !node->closed && !rest->closed) {
            svcr_class_clear(set);
            for (rest = node; rest != NULL && rest->op == SVCR_REGEX_SET && !rest->closed;
                 rest = rest->next) {
                for (uint32_t i = 0; i < rest->num_ranges; i++) {
                    svcr_class_add(set, rest->ranges[i].first, rest->ranges[i].last);
                }
            }
            svcr_class_tidy(set);
            node = set->failed ? NULL : svcr_regex_set_new(arena, set);
            if (node == NULL) {
                return NULL;
            }
            *slot = node;
            node->next = rest;
        }
        slot = &node->next;
    }
    return children;
}

struct svcr_regex_node *svcr_regex_alternate_new(struct svcr_arena *arena,
                                                 struct svcr_regex_node *children,
                                                 struct svcr_class *set)
{
    children = join_sets(arena, children, set);
    if (children == NULL || children->next == NULL) {
        return children;
    }
    struct svcr_regex_node *node = svcr_regex_node_new(arena, SVCR_REGEX_ALTERNATE);
    if (node == NULL) {
        return NULL;
    }
    node->child = children;
    node->size = 0;
    for (struct svcr_regex_node *child = children; child != NULL; child = child->next) {
        child->parent = node;
        measure_child(node, child);
        node->size += child->next != NULL;
    }
    return node;
}

/* Instructions of a repetition for Go: x{2,5} is xx(x(x(x)?)?)?. */
static uint64_t repeat_size(uint64_t inside, uint64_t min, int max, bool counted)
{
    uint64_t size;
    if (!counted) {
        return inside + (min == 0 && max < 0 ? 2 : 1);
    }
    if (max < 0) {
        size = min == 0 ? inside + 2 : min * inside + 1;
    } else {
        size = (uint64_t)max * inside + (uint64_t)max - min;
    }
    return size == 0 ? 1 : size;
}

static uint32_t repeat_copies(uint32_t inside, int min, int max, bool counted)
{
    uint32_t most = (uint32_t)(max < 0 ? min : max);
    if (!counted || (max < 0 && most == 0)) {
        return inside;
    }
    return most * (inside > 1 ? inside : 1);
}

static bool is_width_zero(const struct svcr_regex_node *node)
{
    return node->op >= SVCR_REGEX_EMPTY && node->op <= SVCR_REGEX_NO_WORD_BOUNDARY;
}

/* Makes a repetition of `node` out of it where that is possible. */
static bool absorb(struct svcr_regex_node *node, int min, int max)
{
    if (max == 0 || (is_width_zero(node) && min == 0)) {
        node->op = SVCR_REGEX_EMPTY;
        node->child = NULL;
        return true;
    }
    if (is_width_zero(node) || (min == 1 && max == 1)) {
        return true;
    }
    if (node->op != SVCR_REGEX_REPEAT) {
        return false;
    }
    if (node->min == 0 && (node->max < 0 || max < 0)) { /* (x*){2,5}, (x{0,5}){2,}: x* */
        node->max = -1;
        return true;
    }
    if (node->min <= 1 && min <= 1 && (max < 0 || max == 1)) { /* (x{1,5})*, (x+)? */
        node->min = (int16_t)(node->min * min);
        node->max = (int16_t)(max < 0 ? -1 : node->max);
        return true;
    }
    return false;
}

struct svcr_regex_node *svcr_regex_repeat_new(struct svcr_arena *arena,
                                              struct svcr_regex_node *child, int min, int max,
                                              bool counted)
{
    int height = child->height + 1;
    uint32_t copies = repeat_copies(child->copies, min, max, counted);
    uint64_t size = repeat_size(child->size, (uint64_t)min, max, counted);
    struct svcr_regex_node *node = child;
    if (absorb(node, min, max)) {
        node->closed = true;
        node->literal = false;
    } else {
        node = svcr_regex_node_new(arena, SVCR_REGEX_REPEAT);
        if (node == NULL) {
            return NULL;
        }
        node->child = child;
        node->min = (int16_t)min;
        node->max = (int16_t)max;
        child->parent = node;
        child->next = NULL;
    }
    node->height = (int16_t)height;
    node->copies = copies;
    node->size = size;
    return node;
}

void svcr_regex_capture(struct svcr_regex_node *node)
{
    node->closed = true;
    node->literal = false;
    node->height++;
    node->size += 2;
}

/* ---- texts ---- */

/* Adds a set's one character, as it stands in texts; false: it has not one, or one that has other
 * bytes too. */
static bool add_character(struct svcr_buffer *text, const struct svcr_regex_node *node)
{
    char bytes[4];
    uint32_t character = node->own.first;
    /* U+FFFD also stands for bytes that are not UTF-8, and no text has surrogates. */
    if (node->num_ranges != 1 || node->own.last != character || character == 0xfffd ||
        (character >= 0xd800 && character <= 0xdfff)) {
        return false;
    }
    svcr_buffer_add(text, bytes, svcr_utf8_encode(character, bytes));
    return true;
}

bool svcr_regex_literal(const struct svcr_regex_node *root, struct svcr_buffer *text, bool *begins,
                        bool *ends)
{
    const struct svcr_regex_node *node = root;
    *begins = *ends = false;
    for (;;) {
        if (node->op == SVCR_REGEX_BEGIN_TEXT && text->size == 0 && !*ends) {
            *begins = true;
        } else if (node->op == SVCR_REGEX_END_TEXT) {
            *ends = true;
        } else if (node->op == SVCR_REGEX_SET) {
            if (*ends || !add_character(text, node)) {
                return false;
            }
        } else if (node->op != SVCR_REGEX_CONCAT && node->op != SVCR_REGEX_EMPTY) {
            return false;
        }
        if (node->child != NULL) {
            node = node->child;
            continue;
        }
        while (node != root && node->next == NULL) {
            node = node->parent;
        }
        if (node == root) {
            return true;
        }
        node = node->next;
    }
}

svcr_text svcr_regex_required(const struct svcr_regex_node *root, struct svcr_buffer *text)
{
    const struct svcr_regex_node *node = root;
    size_t begin = 0, best = 0, best_size = 0;
    for (;;) {
        bool inside =
            node->op == SVCR_REGEX_CONCAT || (node->op == SVCR_REGEX_REPEAT && node->min > 0);
        bool goes_on = node->op == SVCR_REGEX_SET
                           ? add_character(text, node)
                           : node->op != SVCR_REGEX_REPEAT && node->op != SVCR_REGEX_ALTERNATE;
        if (text->size - begin > best_size) {
            best = begin;
            best_size = text->size - begin;
        }
        /* What stands ahead of the first turn of a repetition does not stand ahead of the last. */
        begin = goes_on ? begin : text->size;
        if (inside) {
            node = node->child;
            continue;
        }
        while (node != root && node->next == NULL) {
            node = node->parent;
        }
        if (node == root || text->failed) {
            return (svcr_text){best_size > 0 ? text->data + best : NULL, best_size};
        }
        node = node->next;
    }
}
