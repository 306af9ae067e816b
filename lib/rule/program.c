/* Compiles a rule: its tests in the order of writing, each with the places where a run goes on, its
 * anchors, and all their texts in one block. Jumps instead of an evaluation stack: Aho, Sethi,
 * Ullman, "Compilers", section 6.6 (control flow of boolean expressions). */
#include "rule/program.h"

#include <svcroute/error.h>

#include "base/memory.h"
#include "rule/matcher.h"

struct maker {
    struct svcroute_context *context;
    struct svcr_arena arena;
    struct svcr_rule_fault *fault;
    struct svcr_expr *expr;
    /* One for each call. */
    struct svcr_test *tests;
    const struct svcr_expr **calls;
    uint32_t num;
    struct svcr_anchor *anchors;
    uint32_t num_anchors;
    /* Texts of the anchors that have a place in the block, by their own; anchors made of the same
     * matcher share it. Open addressing. */
    svcr_text *places, *placed;
    size_t mask;
};

static void program_drop(struct svcroute_context *context, void *block)
{
    struct svcr_program *program = block;
    for (uint32_t i = 0; i < program->num_tests; i++) {
        svcr_regex_free(context, program->tests[i].regex);
    }
}

static const struct svcr_block_kind program_kind = {program_drop};

/* ---- tests --------------------------------------------------------------------------------- */

static int read_calls(struct maker *maker, const struct svcr_expr *expr)
{
    int status = SVCROUTE_OK;
    if (expr->kind == SVCR_EXPR_CALL) {
        maker->calls[maker->num] = expr;
        return svcr_matcher_read(&maker->arena, expr, &maker->tests[maker->num++], maker->fault);
    }
    for (expr = expr->child; expr != NULL && status == SVCROUTE_OK; expr = expr->next) {
        status = read_calls(maker, expr);
    }
    return status;
}

/* The tests of `expr` begin at `first`; where to go when it is decided. */
static void set_jumps(struct svcr_test *tests, const struct svcr_expr *expr, int32_t first,
                      int32_t on_true, int32_t on_false)
{
    switch ((enum svcr_expr_kind)expr->kind) {
    case SVCR_EXPR_CALL:
        tests[first].on_true = on_true;
        tests[first].on_false = on_false;
        break;
    case SVCR_EXPR_NOT:
        set_jumps(tests, expr->child, first, on_false, on_true);
        break;
    case SVCR_EXPR_AND:
    case SVCR_EXPR_OR:
        for (const struct svcr_expr *child = expr->child; child != NULL; child = child->next) {
            int32_t next = first + (int32_t)child->num_calls;
            bool more = child->next != NULL;
            set_jumps(tests, child, first, more && expr->kind == SVCR_EXPR_AND ? next : on_true,
                      more && expr->kind == SVCR_EXPR_OR ? next : on_false);
            first = next;
        }
        break;
    }
}

/* ---- block --------------------------------------------------------------------------------- */

/* The slot of a text, by where it lies; texts begin at different places or are the same but for
 * their ends. */
static size_t find_place(const struct maker *maker, svcr_text text)
{
    size_t i = (size_t)((uintptr_t)text.data * UINT64_C(0x9e3779b97f4a7c15) >> 32) & maker->mask;
    while (maker->places[i].data != NULL &&
           (maker->places[i].data != text.data || maker->places[i].size != text.size)) {
        i = (i + 1) & maker->mask;
    }
    return i;
}

/* Notes that a text needs a place; how many bytes more than before. */
static size_t count_text(struct maker *maker, svcr_text text)
{
    if (text.size == 0) {
        return 0;
    }
    size_t i = find_place(maker, text);
    if (maker->places[i].data != NULL) {
        return 0;
    }
    maker->places[i] = text;
    return text.size;
}

static int count_texts(struct maker *maker, size_t *bytes)
{
    size_t slots = 2;
    while (slots < (size_t)maker->num_anchors * 4) {
        slots *= 2;
    }
    maker->mask = slots - 1;
    maker->places = svcr_arena_zalloc(&maker->arena, slots, sizeof(*maker->places));
    maker->placed = svcr_arena_zalloc(&maker->arena, slots, sizeof(*maker->placed));
    if (maker->places == NULL || maker->placed == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    *bytes = 0;
    for (uint32_t i = 0; i < maker->num_anchors; i++) {
        *bytes += count_text(maker, maker->anchors[i].host);
        *bytes += count_text(maker, maker->anchors[i].path);
    }
    for (uint32_t i = 0; i < maker->num; i++) {
        *bytes += maker->tests[i].key.size + maker->tests[i].value.size;
    }
    return SVCROUTE_OK;
}

static svcr_text put_text(char **end, svcr_text text)
{
    svcr_text copy = {text.size > 0 ? *end : "", text.size};
    if (text.size > 0) {
        memcpy(*end, text.data, text.size);
        *end += text.size;
    }
    return copy;
}

static svcr_text put_shared(struct maker *maker, char **end, svcr_text text)
{
    if (text.size == 0) {
        return SVCR_TEXT("");
    }
    size_t i = find_place(maker, text);
    if (maker->placed[i].data == NULL) {
        maker->placed[i] = put_text(end, text);
    }
    return maker->placed[i];
}

/* Everything but the regular expressions. */
static int make_block(struct maker *maker, struct svcr_program **out)
{
    struct svcr_program *program = NULL;
    size_t size, texts;
    int status = count_texts(maker, &texts);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (svcr_size_mul(maker->num, sizeof(struct svcr_test), &size) &&
        svcr_size_add(size, sizeof(*program) + maker->num_anchors * sizeof(struct svcr_anchor),
                      &size) &&
        svcr_size_add(size, texts, &size)) {
        program = svcr_block_new(maker->context, &program_kind, size);
    }
    if (program == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct svcr_test *tests = (struct svcr_test *)(program + 1);
    struct svcr_anchor *anchors = (struct svcr_anchor *)(tests + maker->num);
    char *end = (char *)(anchors + maker->num_anchors);
    for (uint32_t i = 0; i < maker->num; i++) {
        tests[i] = maker->tests[i];
        tests[i].key = put_text(&end, tests[i].key);
        tests[i].value = put_text(&end, tests[i].value);
    }
    for (uint32_t i = 0; i < maker->num_anchors; i++) {
        anchors[i].host = put_shared(maker, &end, maker->anchors[i].host);
        anchors[i].path = put_shared(maker, &end, maker->anchors[i].path);
    }
    set_jumps(tests, maker->expr, 0, SVCR_TEST_YES, SVCR_TEST_NO);
    program->num_tests = maker->num;
    program->num_anchors = maker->num_anchors;
    program->tests = tests;
    program->anchors = anchors;
    *out = program;
    return SVCROUTE_OK;
}

static int make_regexes(struct maker *maker, struct svcr_program *program)
{
    struct svcr_test *tests = (struct svcr_test *)(program + 1);
    for (uint32_t i = 0; i < program->num_tests; i++) {
        const struct svcr_expr *call = maker->calls[i];
        if (!svcr_matcher_has_regex((enum svcr_matcher)tests[i].matcher)) {
            continue;
        }
        int status = svcr_regex_new(&tests[i].regex, maker->context, tests[i].value, maker->fault);
        if (status != SVCROUTE_OK) {
            maker->fault->offset = svcr_argument_offset(&call->arguments[call->num_arguments - 1],
                                                        maker->fault->offset);
            return status;
        }
    }
    return SVCROUTE_OK;
}

/* ---- rule ---------------------------------------------------------------------------------- */

static int compile(struct maker *maker, svcr_text text, struct svcr_program **out)
{
    int status = svcr_rule_parse(&maker->arena, text, &maker->expr, maker->fault);
    if (status != SVCROUTE_OK) {
        return status;
    }
    maker->tests = svcr_arena_zalloc(&maker->arena, maker->expr->num_calls, sizeof(*maker->tests));
    maker->calls = svcr_arena_zalloc(&maker->arena, maker->expr->num_calls, sizeof(*maker->calls));
    if (maker->tests == NULL || maker->calls == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    status = read_calls(maker, maker->expr);
    if (status == SVCROUTE_OK) {
        status =
            svcr_anchors_make(&maker->arena, maker->expr, &maker->anchors, &maker->num_anchors);
    }
    return status == SVCROUTE_OK ? make_block(maker, out) : status;
}

int svcr_program_make(struct svcr_program **out, struct svcroute_context *context, svcr_text text,
                      struct svcr_rule_fault *fault)
{
    struct maker maker = {.context = context, .fault = fault};
    struct svcr_program *program = NULL;
    *out = NULL;
    *fault = (struct svcr_rule_fault){.offset = 0};
    svcr_arena_init(&maker.arena, context);
    int status = compile(&maker, text, &program);
    if (status == SVCROUTE_OK) {
        status = make_regexes(&maker, program);
    }
    if (status == SVCROUTE_OK) {
        *out = program;
    } else {
        svcr_block_unref(context, program);
    }
    svcr_arena_clear(&maker.arena);
    return status;
}
