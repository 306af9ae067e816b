/* Regular expressions of rules: the only user of PCRE2.
 *
 * An expression is read by the library itself (regex_syntax.h), since PCRE2's syntax is another
 * than Go's, and then has up to three forms. One that is nothing but a text is compared as such.
 * Any other is compiled by PCRE2, to machine code where that can be had; and made into an automaton
 * that does not backtrack. PCRE2 is far faster, but what it does can grow with a power of the
 * text's size, or worse; so it gets a number of steps that bounds its time, and where those do not
 * suffice, or where there is no machine code, or for a text that is not UTF-8, the automaton
 * answers. */
#include "rule/regex.h"

#include <stdalign.h>

#include <svcroute/error.h>

#include "base/memory.h"
#include "rule/regex_automaton.h"
#include "rule/regex_syntax.h"

#ifdef SVCR_WITH_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* PCRE2 counts decisions, each of which may look at the whole of the text, and counts anew for each
 * place where a match may begin. So many characters may be looked at in all. */
#define LOOKS_MAX (1u << 22)
/* A number of decisions that is not worth a try. */
#define DECISIONS_MIN 16

/* A text that is looked for at every place may have so many bytes, lest that cost a square. */
#define SOUGHT_MAX 64

struct svcr_regex {
    struct svcroute_context *context; /* borrowed */
    pcre2_code *code;
    struct svcr_automaton *automaton; /* NULL: a literal, or too large for one */
    char *sought;                     /* stands in every match; NULL: nothing does */
    size_t sought_size;
    bool literal;      /* `sought` is all of the expression, */
    bool begins, ends; /* at the text's begin, end */
    bool anchored;     /* can match at the text's begin only */
    bool stepped;      /* the machine code tries one place, those where a match can begin are few */
    bool fast;         /* there is machine code */
    bool starved;      /* an allocation failed */
};

/* ---- memory for PCRE2, which does not say how much it gives back ---- */

struct block {
    alignas(max_align_t) size_t size;
};

static void *allocate(size_t size, void *user)
{
    struct svcr_regex *regex = user;
    struct block *block = NULL;
    if (svcr_size_add(size, sizeof(*block), &size)) {
        block = svcr_alloc(regex->context, size);
    }
    if (block == NULL) {
        regex->starved = true;
        return NULL;
    }
    block->size = size;
    return block + 1;
}

static void release(void *memory, void *user)
{
    struct svcr_regex *regex = user;
    if (memory != NULL) {
        struct block *block = (struct block *)memory - 1;
        svcr_release(regex->context, block, block->size);
    }
}

/* ---- making ---- */

/* Compiles a pattern that regex_write.c has made. No code is no error, except for lack of memory:
 * PCRE2 has limits of its own. */
static int compile(struct svcr_regex *regex, svcr_text pattern)
{
    /* No optimisation of where to start: up to 10.42 one of them, for machine code, is wrong about
     * "(1|)b*1", and others were before and after. */
    const uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_MULTILINE |
                             PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C |
                             PCRE2_NO_START_OPTIMIZE;
    pcre2_general_context *memory = pcre2_general_context_create(allocate, release, regex);
    pcre2_compile_context *settings = memory != NULL ? pcre2_compile_context_create(memory) : NULL;
    int error = 0;
    PCRE2_SIZE offset;
    if (settings != NULL) {
        pcre2_set_newline(settings, PCRE2_NEWLINE_LF);
        regex->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size,
                                    options | (regex->stepped ? PCRE2_ANCHORED : 0), &error,
                                    &offset, settings);
    }
    pcre2_compile_context_free(settings);
    pcre2_general_context_free(memory);
    return regex->starved ? SVCROUTE_ERR_NOMEM : SVCROUTE_OK;
}

/* Machine code, where that can be had; it is never an error that it cannot. */
static int make_code(struct svcr_regex *regex, const struct svcr_regex_node *tree)
{
    struct svcr_buffer pattern;
    uint32_t options = 0;
    int status = SVCROUTE_OK;
    svcr_buffer_init(&pattern, regex->context);
    bool written = svcr_regex_write(tree, &pattern);
    svcr_buffer_add_char(&pattern, '\0'); /* so that there is some memory to point to */
    if (pattern.failed) {
        status = SVCROUTE_ERR_NOMEM;
    } else if (written) {
        status = compile(regex, (svcr_text){pattern.data, pattern.size - 1});
    }
    svcr_buffer_free(&pattern);
    if (status != SVCROUTE_OK || regex->code == NULL) {
        return status;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_ALLOPTIONS, &options);
    regex->anchored |= !regex->stepped && (options & PCRE2_ANCHORED) != 0;
    regex->fast = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
    if (!regex->fast) {
        pcre2_code_free(regex->code);
        regex->code = NULL;
    }
    return regex->starved ? SVCROUTE_ERR_NOMEM : SVCROUTE_OK;
}

static int keep_sought(struct svcr_regex *regex, svcr_text text)
{
    regex->sought = svcr_alloc(regex->context, text.size + 1);
    if (regex->sought == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    regex->sought_size = text.size;
    memcpy(regex->sought, text.size > 0 ? text.data : "", text.size);
    return SVCROUTE_OK;
}

/* Finds out whether the expression is nothing but a text. */
static int make_literal(struct svcr_regex *regex, const struct svcr_regex_node *tree)
{
    struct svcr_buffer text;
    int status = SVCROUTE_OK;
    svcr_buffer_init(&text, regex->context);
    regex->literal = svcr_regex_literal(tree, &text, &regex->begins, &regex->ends) &&
                     (regex->begins || regex->ends || text.size <= SOUGHT_MAX);
    if (text.failed) {
        status = SVCROUTE_ERR_NOMEM;
    } else if (regex->literal) {
        status = keep_sought(regex, svcr_buffer_text(&text));
    }
    svcr_buffer_free(&text);
    return status;
}

/* Finds what can be looked for ahead of everything else; a slash is in every path. */
static int make_sought(struct svcr_regex *regex, const struct svcr_regex_node *tree)
{
    struct svcr_buffer text;
    int status = SVCROUTE_OK;
    if (regex->anchored) {
        return SVCROUTE_OK;
    }
    svcr_buffer_init(&text, regex->context);
    svcr_text sought = svcr_regex_required(tree, &text);
    if (text.failed) {
        status = SVCROUTE_ERR_NOMEM;
    } else if (sought.size > 0 && !svcr_text_same(sought, SVCR_TEXT("/"))) {
        sought.size = sought.size < SOUGHT_MAX ? sought.size : SOUGHT_MAX;
        status = keep_sought(regex, sought);
    }
    svcr_buffer_free(&text);
    return status;
}

static int make_matcher(struct svcr_regex *regex, struct svcr_regex_node *tree,
                        struct svcr_rule_fault *fault)
{
    int status = svcr_automaton_new(&regex->automaton, regex->context, tree);
    if (regex->automaton != NULL) {
        regex->anchored = svcr_automaton_anchored(regex->automaton);
        regex->stepped = !regex->anchored && svcr_automaton_selective(regex->automaton);
    }
    if (status == SVCROUTE_OK) {
        status = make_code(regex, tree);
    }
    if (status == SVCROUTE_OK && !regex->fast && regex->automaton == NULL) {
        status = svcr_rule_fail(fault, 0, "regular expression: expression too large");
    }
    return status == SVCROUTE_OK ? make_sought(regex, tree) : status;
}

int svcr_regex_new(struct svcr_regex **out, struct svcroute_context *context, svcr_text pattern,
                   struct svcr_rule_fault *fault)
{
    struct svcr_regex *regex = svcr_zalloc(context, sizeof(*regex));
    struct svcr_regex_node *tree;
    struct svcr_arena arena;
    *out = NULL;
    if (regex == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    regex->context = context;
    svcr_arena_init(&arena, context);
    int status = svcr_regex_parse(&arena, pattern, &tree, fault);
    if (status == SVCROUTE_OK) {
        status = make_literal(regex, tree);
        if (status == SVCROUTE_OK && !regex->literal) {
            status = make_matcher(regex, tree, fault);
        }
    }
    svcr_arena_clear(&arena);
    if (status != SVCROUTE_OK) {
        svcr_regex_free(context, regex);
        return status;
    }
    *out = regex;
    return SVCROUTE_OK;
}

void svcr_regex_free(struct svcroute_context *context, struct svcr_regex *regex)
{
    if (regex == NULL) {
        return;
    }
    if (regex->sought != NULL) {
        svcr_release(context, regex->sought, regex->sought_size + 1);
    }
    svcr_automaton_free(context, regex->automaton);
    pcre2_code_free(regex->code);
    svcr_release(context, regex, sizeof(*regex));
}

/* ---- matching ---- */

/* Whether `sought` is where it must be. */
static bool find_sought(const struct svcr_regex *regex, svcr_text text)
{
    const char *sought = regex->sought;
    size_t size = regex->sought_size;
    if (size > text.size || (regex->begins && regex->ends && size != text.size)) {
        return false;
    }
    size_t last = text.size - size;
    if (size == 0) {
        return true;
    }
    if (regex->begins || regex->ends) {
        return memcmp(text.data + (regex->begins ? 0 : last), sought, size) == 0;
    }
    for (size_t at = 0; at <= last; at++) {
        const char *next = memchr(text.data + at, sought[0], last - at + 1);
        if (next == NULL) {
            return false;
        }
        if (memcmp(next, sought, size) == 0) {
            return true;
        }
        at = (size_t)(next - text.data);
    }
    return false;
}

/* Memory on the stack for the two or three small blocks that a match of PCRE2 needs. */
struct room {
    size_t used;
    alignas(max_align_t) char bytes[1024];
};

static void *take(size_t size, void *user)
{
    struct room *room = user;
    void *memory = room->bytes + room->used;
    if (size > sizeof(room->bytes) - room->used) {
        return NULL;
    }
    size += alignof(max_align_t) - 1;
    size -= size % alignof(max_align_t);
    if (size > sizeof(room->bytes) - room->used) {
        return NULL;
    }
    room->used += size;
    return memory;
}

static void leave(void *memory, void *user)
{
    (void)memory;
    (void)user;
}

/* An answer by PCRE2's machine code from a place in the text on, or SVCR_REGEX_GAVE_UP. The code
 * itself takes 32 KiB of stack. */
static enum svcr_regex_answer match_fast(const struct svcr_regex *regex, svcr_text text, size_t at,
                                         uint32_t decisions)
{
    struct room room;
    PCRE2_SPTR bytes = (PCRE2_SPTR)(text.size > 0 ? text.data : "");
    int result;
    room.used = 0; /* and nothing else: zeros for all of it would cost as much as a match */
    pcre2_general_context *memory = pcre2_general_context_create(take, leave, &room);
    pcre2_match_context *settings = memory != NULL ? pcre2_match_context_create(memory) : NULL;
    pcre2_match_data *data = memory != NULL ? pcre2_match_data_create(1, memory) : NULL;
    if (settings == NULL || data == NULL) {
        return SVCR_REGEX_GAVE_UP;
    }
    pcre2_set_match_limit(settings, decisions);
    do {
        result = pcre2_jit_match(regex->code, bytes, text.size, at++, 0, data, settings);
    } while (result == PCRE2_ERROR_NOMATCH && regex->stepped &&
             svcr_automaton_seek(regex->automaton, text, &at));
    if (result >= 0) {
        return SVCR_REGEX_YES;
    }
    return result == PCRE2_ERROR_NOMATCH ? SVCR_REGEX_NO : SVCR_REGEX_GAVE_UP;
}

/* How many decisions PCRE2 may make at each place where a match may begin. */
static size_t decisions_allowed(const struct svcr_regex *regex, size_t size)
{
    size_t decisions = size < LOOKS_MAX ? LOOKS_MAX / (size + 1) : 0;
    return regex->anchored ? decisions : decisions / (size + 1);
}

enum svcr_regex_answer svcr_regex_match(const struct svcr_regex *regex, svcr_text text)
{
    size_t at = 0;
    if (regex->sought != NULL && !find_sought(regex, text)) {
        return SVCR_REGEX_NO;
    }
    if (regex->literal) {
        return SVCR_REGEX_YES;
    }
    if (regex->automaton != NULL && !regex->anchored &&
        !svcr_automaton_seek(regex->automaton, text, &at)) {
        return SVCR_REGEX_NO;
    }
    size_t decisions = decisions_allowed(regex, text.size);
    if (regex->fast && decisions >= DECISIONS_MIN && svcr_utf8_valid(text.data, text.size)) {
        enum svcr_regex_answer answer = match_fast(regex, text, at, (uint32_t)decisions);
        if (answer != SVCR_REGEX_GAVE_UP) {
            return answer;
        }
    }
    return regex->automaton != NULL ? svcr_automaton_match(regex->automaton, text)
                                    : SVCR_REGEX_GAVE_UP;
}

bool svcr_regex_available(void)
{
    return true;
}

#else

int svcr_regex_new(struct svcr_regex **out, struct svcroute_context *context, svcr_text pattern,
                   struct svcr_rule_fault *fault)
{
    (void)context;
    (void)pattern;
    *out = NULL;
    return svcr_rule_fail(fault, 0, "regular expressions need a build with PCRE2");
}

void svcr_regex_free(struct svcroute_context *context, struct svcr_regex *regex)
{
    (void)context;
    (void)regex;
}

enum svcr_regex_answer svcr_regex_match(const struct svcr_regex *regex, svcr_text text)
{
    (void)regex;
    (void)text;
    return SVCR_REGEX_GAVE_UP;
}

bool svcr_regex_available(void)
{
    return false;
}

#endif
