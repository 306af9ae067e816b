/* Regular expressions without backtracking.
 *
 * A program of few instructions (Thompson, "Regular Expression Search Algorithm", 1968; Pike's form
 * of it as in Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009) is run on all
 * of its threads at once, one character after the other; a thread is a place in the program and
 * nothing else, so that there are never more of them than instructions. Jumps are relative: a block
 * can be moved, and copied for another turn of a counted repetition. */
#include "rule/regex_automaton.h"

#include <svcroute/error.h>

#include "base/memory.h"

/* Bytes that a match can begin with and that are few: most places of a text are passed over. */
#define FEW 8

enum op {
    OP_CHARACTER = 1, /* value */
    OP_SET,           /* number of the set: value */
    OP_ASSERT,        /* value: enum svcr_regex_op */
    OP_JUMP,          /* to */
    OP_SPLIT,         /* to, and value as a signed number */
    OP_MATCH,
};

struct instruction {
    uint16_t op;
    int16_t to;
    uint32_t value;
};

struct set {
    uint64_t ascii[2];
    uint32_t first, num; /* ranges from U+0080 on */
};

struct svcr_automaton {
    size_t bytes;      /* of the whole block */
    bool anchored;     /* a match begins at the text's begin, or nowhere */
    bool empty;        /* a match may need no character; else */
    uint64_t first[4]; /* the bytes that one can begin with */
    const struct instruction *program;
    const struct set *sets;
    const struct svcr_range *ranges;
    uint32_t num; /* instructions */
};

/* ---- making ---- */

struct maker {
    struct svcroute_context *context;
    struct instruction *program;
    struct set *sets;
    struct svcr_range *ranges;
    size_t num, num_sets, num_ranges;
    size_t capacity, sets_capacity, ranges_capacity;
    bool failed;    /* out of memory */
    bool too_large; /* or more than there may be */
};

/* Room for `more` instructions. */
static bool reserve(struct maker *maker, size_t more)
{
    if (more > SVCR_AUTOMATON_MAX - maker->num) {
        maker->too_large = true;
    } else if (svcr_array_reserve(maker->context, (void **)&maker->program, &maker->capacity,
                                  maker->num + more, sizeof(*maker->program)) != SVCROUTE_OK) {
        maker->failed = true;
    }
    return !maker->too_large && !maker->failed;
}

static void put(struct maker *maker, enum op op, size_t to, uint32_t value)
{
    if (reserve(maker, 1)) {
        maker->program[maker->num++] = (struct instruction){(uint16_t)op, (int16_t)to, value};
    }
}

/* Puts an instruction ahead of the block that begins at `at`. */
static void insert(struct maker *maker, size_t at, struct instruction instruction)
{
    if (reserve(maker, 1)) {
        memmove(maker->program + at + 1, maker->program + at,
                (maker->num - at) * sizeof(*maker->program));
        maker->program[at] = instruction;
        maker->num++;
    }
}

/* Adds copies of a block of `size` instructions, each with a SPLIT ahead of it, by which all of
 * the rest can be passed over, if it is `optional`. */
static void copy(struct maker *maker, size_t from, size_t size, size_t copies, bool optional)
{
    size_t step = size + optional;
    if (copies > SVCR_AUTOMATON_MAX / step || !reserve(maker, copies * step)) {
        maker->too_large = !maker->failed;
        return;
    }
    for (size_t left = copies; left > 0; left--) {
        if (optional) {
            put(maker, OP_SPLIT, 1, (uint32_t)(left * step));
        }
        memcpy(maker->program + maker->num, maker->program + from, size * sizeof(*maker->program));
        maker->num += size;
    }
}

static void put_repeat(struct maker *maker, const struct svcr_regex_node *node)
{
    size_t start = node->start, size = maker->num - start;
    size_t min = (size_t)node->min, max = (size_t)node->max;
    if (size == 0) {
        return;
    }
    if (min > 0) {
        copy(maker, start, size, min - 1, false);
        if (node->max < 0) {
            put(maker, OP_SPLIT, (size_t)0 - size, 1);
        } else {
            copy(maker, start, size, max - min, true);
        }
        return;
    }
    if (node->max < 0) {
        insert(maker, start, (struct instruction){OP_SPLIT, 1, (uint32_t)size + 2});
        put(maker, OP_JUMP, (size_t)0 - size - 1, 0);
        return;
    }
    insert(maker, start, (struct instruction){OP_SPLIT, 1, (uint32_t)(max * (size + 1))});
    copy(maker, start + 1, size, max - 1, true);
}

static void put_set(struct maker *maker, const struct svcr_regex_node *node)
{
    struct set *set;
    if (node->num_ranges == 1 && node->own.first == node->own.last) {
        put(maker, OP_CHARACTER, 0, node->own.first);
        return;
    }
    if (svcr_array_reserve(maker->context, (void **)&maker->sets, &maker->sets_capacity,
                           maker->num_sets + 1, sizeof(*set)) != SVCROUTE_OK ||
        svcr_array_reserve(maker->context, (void **)&maker->ranges, &maker->ranges_capacity,
                           maker->num_ranges + node->num_ranges,
                           sizeof(*maker->ranges)) != SVCROUTE_OK) {
        maker->failed = true;
        return;
    }
    set = &maker->sets[maker->num_sets];
    *set = (struct set){.first = (uint32_t)maker->num_ranges};
    for (uint32_t i = 0; i < node->num_ranges; i++) {
        struct svcr_range range = node->ranges[i];
        for (; range.first < 0x80 && range.first <= range.last; range.first++) {
            set->ascii[range.first / 64] |= UINT64_C(1) << range.first % 64;
        }
        if (range.first <= range.last) {
            maker->ranges[maker->num_ranges++] = range;
            set->num++;
        }
    }
    put(maker, OP_SET, 0, (uint32_t)maker->num_sets++);
}

/* Behind an alternative that another one follows. */
static void end_alternative(struct maker *maker, size_t start)
{
    size_t size = maker->num - start;
    insert(maker, start, (struct instruction){OP_SPLIT, 1, (uint32_t)size + 2});
    put(maker, OP_JUMP, 0, 0); /* to the end, as soon as that is known */
}

static void end_alternatives(struct maker *maker, const struct svcr_regex_node *node)
{
    size_t at = node->start;
    for (const struct svcr_regex_node *child = node->child; child->next != NULL;
         child = child->next) {
        at += maker->program[at].value;
        maker->program[at - 1].to = (int16_t)(maker->num - (at - 1));
    }
}

static void leave(struct maker *maker, struct svcr_regex_node *node)
{
    switch (node->op) {
    case SVCR_REGEX_SET:
        put_set(maker, node);
        break;
    case SVCR_REGEX_REPEAT:
        put_repeat(maker, node);
        break;
    case SVCR_REGEX_ALTERNATE:
        end_alternatives(maker, node);
        break;
    case SVCR_REGEX_CONCAT:
    case SVCR_REGEX_EMPTY:
        break;
    default:
        put(maker, OP_ASSERT, 0, node->op);
        break;
    }
    if (node->next != NULL && node->parent->op == SVCR_REGEX_ALTERNATE) {
        end_alternative(maker, node->start);
    }
}

/* Walks the tree; a block ends where its node is left. */
static void make(struct maker *maker, struct svcr_regex_node *root)
{
    struct svcr_regex_node *node = root;
    for (;;) {
        node->start = (uint32_t)maker->num;
        if (node->child != NULL) {
            node = node->child;
            continue;
        }
        for (;; node = node->parent) {
            leave(maker, node);
            if (maker->failed || maker->too_large) {
                return;
            }
            if (node == root) {
                put(maker, OP_MATCH, 0, 0);
                return;
            }
            if (node->next != NULL) {
                node = node->next;
                break;
            }
        }
    }
}

/* Adds the bytes that an instruction can read. */
static void add_first(struct svcr_automaton *automaton, const struct instruction *instruction)
{
    uint64_t *first = automaton->first;
    if (instruction->op == OP_CHARACTER) {
        if (instruction->value < 0x80) {
            first[instruction->value / 64] |= UINT64_C(1) << instruction->value % 64;
        } else {
            first[2] = first[3] = UINT64_MAX;
        }
    } else {
        const struct set *set = &automaton->sets[instruction->value];
        first[0] |= set->ascii[0];
        first[1] |= set->ascii[1];
        if (set->num > 0) {
            first[2] = first[3] = UINT64_MAX;
        }
    }
}

/* Finds the bytes that can be read first, as if all assertions held; or without `begin`, as if \A
 * did not. False: there are none, and no end can be reached without reading. */
static bool find_first(struct svcr_automaton *automaton, bool begin)
{
    bool seen[SVCR_AUTOMATON_MAX + 1] = {false}, found = false;
    uint16_t open[SVCR_AUTOMATON_MAX + 1];
    size_t num = 0;
    open[num++] = 0;
    while (num > 0) {
        size_t place = open[--num], next[2];
        const struct instruction *instruction = &automaton->program[place];
        if (instruction->op == OP_MATCH) {
            automaton->empty = true;
            return true;
        }
        if (instruction->op == OP_CHARACTER || instruction->op == OP_SET) {
            add_first(automaton, instruction);
            found = true;
            continue;
        }
        if (instruction->op == OP_ASSERT && instruction->value == SVCR_REGEX_BEGIN_TEXT && !begin) {
            continue;
        }
        next[0] = place + (instruction->op == OP_ASSERT ? 1 : (size_t)instruction->to);
        next[1] =
            instruction->op == OP_SPLIT ? place + (size_t)(int32_t)instruction->value : next[0];
        for (int i = 0; i < 2; i++) {
            if (!seen[next[i]]) {
                seen[next[i]] = true;
                open[num++] = (uint16_t)next[i];
            }
        }
    }
    return found;
}

/* ---- running ---- */

struct run {
    const struct svcr_automaton *automaton;
    svcr_text text;
    uint32_t steps;
    uint32_t seen[SVCR_AUTOMATON_MAX]; /* where in the text, plus 1, a place was reached last */
    uint16_t open[SVCR_AUTOMATON_MAX]; /* reached, not yet looked at */
    uint16_t threads[2][SVCR_AUTOMATON_MAX];
    uint32_t num[2];
};

static bool is_word(const struct run *run, size_t at)
{
    char c = at < run->text.size ? run->text.data[at] : ' ';
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* Only ASCII matters to any of them, so bytes do. */
static bool holds(const struct run *run, uint32_t assertion, size_t at)
{
    bool begin = at == 0, end = at == run->text.size;
    switch (assertion) {
    case SVCR_REGEX_BEGIN_TEXT:
        return begin;
    case SVCR_REGEX_END_TEXT:
        return end;
    case SVCR_REGEX_BEGIN_LINE:
        return begin || run->text.data[at - 1] == '\n';
    case SVCR_REGEX_END_LINE:
        return end || run->text.data[at] == '\n';
    default:
        return (is_word(run, at) != (!begin && is_word(run, at - 1))) ==
               (assertion == SVCR_REGEX_WORD_BOUNDARY);
    }
}

static void reach(struct run *run, size_t *num_open, size_t place, size_t at)
{
    if (run->seen[place] != (uint32_t)at + 1) {
        run->seen[place] = (uint32_t)at + 1;
        run->open[(*num_open)++] = (uint16_t)place;
    }
}

/* Adds what can be reached from `place` at byte `at` without reading; true: the end. */
static bool add_thread(struct run *run, unsigned side, size_t place, size_t at)
{
    size_t num_open = 0;
    reach(run, &num_open, place, at);
    while (num_open > 0) {
        place = run->open[--num_open];
        const struct instruction *instruction = &run->automaton->program[place];
        run->steps++;
        switch (instruction->op) {
        case OP_MATCH:
            return true;
        case OP_SPLIT:
            reach(run, &num_open, place + (size_t)(int32_t)instruction->value, at);
            reach(run, &num_open, place + (size_t)instruction->to, at);
            break;
        case OP_JUMP:
            reach(run, &num_open, place + (size_t)instruction->to, at);
            break;
        case OP_ASSERT:
            if (holds(run, instruction->value, at)) {
                reach(run, &num_open, place + 1, at);
            }
            break;
        default:
            run->threads[side][run->num[side]++] = (uint16_t)place;
            break;
        }
    }
    return false;
}

static bool takes(const struct svcr_automaton *automaton, const struct instruction *instruction,
                  uint32_t character)
{
    if (instruction->op == OP_CHARACTER) {
        return instruction->value == character;
    }
    const struct set *set = &automaton->sets[instruction->value];
    if (character < 0x80) {
        return (set->ascii[character / 64] >> character % 64 & 1) != 0;
    }
    return svcr_ranges_have(automaton->ranges + set->first, set->num, character);
}

bool svcr_automaton_anchored(const struct svcr_automaton *automaton)
{
    return automaton->anchored;
}

bool svcr_automaton_selective(const struct svcr_automaton *automaton)
{
    int num = 0;
    for (int i = 0; i < 4; i++) {
        num += __builtin_popcountll(automaton->first[i]);
    }
    return !automaton->empty && num <= FEW;
}

bool svcr_automaton_seek(const struct svcr_automaton *automaton, svcr_text text, size_t *at)
{
    for (; !automaton->empty && *at < text.size; (*at)++) {
        unsigned char byte = (unsigned char)text.data[*at];
        if (automaton->first[byte / 64] >> byte % 64 & 1) {
            break;
        }
    }
    return automaton->empty || *at < text.size;
}

static enum svcr_regex_answer run_all(struct run *run)
{
    const struct svcr_automaton *automaton = run->automaton;
    unsigned side = 0;
    for (size_t at = 0;; side = !side) {
        uint32_t character = 0xfffd;
        if (run->num[side] == 0 && !automaton->anchored &&
            !svcr_automaton_seek(automaton, run->text, &at)) {
            return SVCR_REGEX_NO;
        }
        if ((at == 0 || !automaton->anchored) && add_thread(run, side, 0, at)) {
            return SVCR_REGEX_YES;
        }
        if (at == run->text.size || (automaton->anchored && run->num[side] == 0)) {
            return SVCR_REGEX_NO;
        }
        if (run->steps > SVCR_AUTOMATON_STEPS_MAX) {
            return SVCR_REGEX_GAVE_UP;
        }
        size_t width = svcr_utf8_decode(run->text.data + at, run->text.size - at, &character);
        if (width == 0) {
            character = 0xfffd;
            width = 1;
        }
        at += width;
        run->num[!side] = 0;
        run->steps += run->num[side];
        for (uint32_t i = 0; i < run->num[side]; i++) {
            size_t place = run->threads[side][i];
            if (takes(automaton, &automaton->program[place], character) &&
                add_thread(run, !side, place + 1, at)) {
                return SVCR_REGEX_YES;
            }
        }
    }
}

enum svcr_regex_answer svcr_automaton_match(const struct svcr_automaton *automaton, svcr_text text)
{
    struct run run;
    if (text.size >= UINT32_MAX) {
        return SVCR_REGEX_GAVE_UP;
    }
    run.automaton = automaton;
    run.text = text;
    run.steps = 0;
    run.num[0] = run.num[1] = 0;
    memset(run.seen, 0, automaton->num * sizeof(run.seen[0]));
    return run_all(&run);
}

/* ---- the object ---- */

/* Everything in one block of memory. */
static struct svcr_automaton *pack(struct maker *maker)
{
    size_t program = maker->num * sizeof(*maker->program);
    size_t sets = maker->num_sets * sizeof(*maker->sets);
    size_t ranges = maker->num_ranges * sizeof(*maker->ranges);
    size_t bytes = sizeof(struct svcr_automaton) + sets + ranges + program;
    struct svcr_automaton *automaton = svcr_alloc(maker->context, bytes);
    if (automaton == NULL) {
        return NULL;
    }
    char *at = (char *)(automaton + 1);
    *automaton = (struct svcr_automaton){
        .bytes = bytes,
        .num = (uint32_t)maker->num,
        .sets = (const struct set *)at,
        .ranges = (const struct svcr_range *)(at + sets),
        .program = (const struct instruction *)(at + sets + ranges),
    };
    if (sets > 0) {
        memcpy(at, maker->sets, sets);
    }
    if (ranges > 0) {
        memcpy(at + sets, maker->ranges, ranges);
    }
    memcpy(at + sets + ranges, maker->program, program);
    return automaton;
}

int svcr_automaton_new(struct svcr_automaton **out, struct svcroute_context *context,
                       struct svcr_regex_node *root)
{
    struct maker maker = {.context = context};
    *out = NULL;
    make(&maker, root);
    if (!maker.failed && !maker.too_large) {
        *out = pack(&maker);
        maker.failed = *out == NULL;
    }
    if (*out != NULL) {
        (*out)->anchored = !find_first(*out, false);
        find_first(*out, true);
    }
    svcr_release(context, maker.program, maker.capacity * sizeof(*maker.program));
    svcr_release(context, maker.sets, maker.sets_capacity * sizeof(*maker.sets));
    svcr_release(context, maker.ranges, maker.ranges_capacity * sizeof(*maker.ranges));
    return maker.failed ? SVCROUTE_ERR_NOMEM : SVCROUTE_OK;
}

void svcr_automaton_free(struct svcroute_context *context, struct svcr_automaton *automaton)
{
    if (automaton != NULL) {
        svcr_release(context, automaton, automaton->bytes);
    }
}
