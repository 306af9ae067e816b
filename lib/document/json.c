/* JSON: RFC 8259 to the letter, one pass from bytes to nodes.
 *
 * Texts are not copied: nodes point into the input, except for strings with escapes. Strings are
 * looked through eight bytes at a time (the test for a zero byte from "Hacker's Delight", 6-1);
 * only those that hold an escape or a byte beyond ASCII take the slow way. Nesting lives on the
 * document's own stack. */
#include "base/context.h"
#include "document/scalar.h"
#include "document/syntax.h"
#include "document/trail.h"
#include "document/tree.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct parse {
    const char *end;
    const char *line_start; /* as in struct svcr_json */
    uint32_t line;
    bool rejected; /* a rule is broken, but the text goes on */
    int status;    /* why a function gave NULL */
    const char *fault;
    struct svcr_open *top; /* the innermost open container, or NULL */
    bool in_map;
    bool offering; /* the elements of the innermost list but for what they contain are offered */
    struct svcroute_document *document;
    struct svcroute_diags *diags;
    const struct svcr_input *input;
};

static uint32_t column_of(const struct parse *s, const char *at)
{
    return (uint32_t)(at - s->line_start) + 1;
}

static struct svcr_place place_of(const struct parse *s, const char *at)
{
    return (struct svcr_place){
        .source = s->input->source, .line = s->line, .column = column_of(s, at)};
}

/* ---- failures ------------------------------------------------------------------------------ */

static const char *fail_syntax(struct parse *s, const char *at, const char *why)
{
    struct svcr_place place = place_of(s, at);
    svcr_diags_add(s->diags, SVCR_DIAG_JSON_SYNTAX, 0, &place, "%s", why);
    s->status = SVCROUTE_ERR_SYNTAX;
    s->fault = at;
    return NULL;
}

static const char *fail_expected(struct parse *s, const char *at, const char *what)
{
    struct svcr_place place = place_of(s, at);
    if (at == s->end) {
        svcr_diags_add(s->diags, SVCR_DIAG_JSON_SYNTAX, 0, &place,
                       "the text ends where %s is expected", what);
    } else if (*at > ' ' && *at < 0x7f) {
        svcr_diags_add(s->diags, SVCR_DIAG_JSON_SYNTAX, 0, &place,
                       "\"%c\" stands where %s is expected", *at, what);
    } else {
        svcr_diags_add(s->diags, SVCR_DIAG_JSON_SYNTAX, 0, &place,
                       "byte 0x%02x stands where %s is expected", (unsigned)(uint8_t)*at, what);
    }
    s->status = SVCROUTE_ERR_SYNTAX;
    s->fault = at;
    return NULL;
}

/* What svcr_tree_*() answered. */
static const char *fail_tree(struct parse *s, const char *at, int status, enum svcr_diag_id limit)
{
    if (status == SVCROUTE_ERR_LIMIT) {
        const struct svcroute_context_options *limits = &s->input->context->limits;
        struct svcr_place place = place_of(s, at);
        if (limit == SVCR_DIAG_LIMIT_DEPTH) {
            svcr_diags_add(s->diags, limit, 0, &place, "more than %u levels of lists and maps",
                           (unsigned)limits->depth);
        } else {
            svcr_diags_add(s->diags, limit, 0, &place, "more than %llu nodes in one document",
                           (unsigned long long)limits->nodes);
        }
    }
    s->status = status;
    s->fault = at;
    return NULL;
}

/* ---- blanks and strings -------------------------------------------------------------------- */

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Eight bytes, the first one lowest. */
static inline uint64_t load(const char *at)
{
    uint64_t word = svcr_tree_load(at);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Marks bytes that end the simple part of a string: quote, backslash, control, beyond ASCII. Only
 * the lowest mark is exact, as borrows run upwards. */
static inline uint64_t marks(uint64_t word)
{
    uint64_t quote = word ^ ONES * '"';
    uint64_t backslash = word ^ ONES * '\\';
    return ((quote - ONES) | (backslash - ONES) | (word - ONES * 0x20) | word) & HIGHS;
}

static inline const char *skip_blanks(struct parse *s, const char *at)
{
    while (at < s->end && (uint8_t)*at <= ' ') {
        if (*at == '\n') {
            s->line++;
            s->line_start = ++at;
            while (s->end - at >= 8 && load(at) == ONES * ' ') { /* indentation */
                at += 8;
            }
        } else if (*at == ' ' || *at == '\t' || *at == '\r') {
            at++;
        } else {
            break;
        }
    }
    return at;
}

/* A string with escapes or characters beyond ASCII, or a wrong one; `at` is its first character. */
static const char *read_hard_string(struct parse *s, const char *at, struct svcroute_node *node)
{
    size_t wide;
    bool escapes;
    const char *fault = at, *why = NULL;
    const char *close = svcr_json_string(at, s->end, &wide, &escapes, &fault, &why);
    s->line_start += wide;
    if (close == NULL && why != NULL) {
        return fail_syntax(s, fault, why);
    }
    if (close == NULL) {
        struct svcr_place place = place_of(s, fault);
        svcr_diags_add(s->diags, SVCR_DIAG_NOT_UTF8, 0, &place, "a byte sequence is not UTF-8");
        s->status = SVCROUTE_ERR_SYNTAX;
        s->fault = fault;
        return NULL;
    }
    svcr_text text = {at, (size_t)(close - at)};
    if (escapes) {
        struct svcr_origin origin = {at - 1, (uint32_t)(s->end - at + 1), SVCR_STYLE_JSON};
        char *copy = svcr_trail_alloc(&s->document->texts, &origin, text.size);
        if (copy == NULL) {
            return fail_tree(s, at, SVCROUTE_ERR_NOMEM, 0);
        }
        text = (svcr_text){copy, svcr_json_unescape(at, close, copy)};
        node->flags = (uint8_t)((node->flags & SVCR_NODE_KEY) | SVCR_NODE_TRACED);
    }
    node->as.text = text.data;
    node->size = (uint32_t)text.size;
    return close + 1;
}

static inline const char *read_string(struct parse *s, const char *at, struct svcroute_node *node)
{
    const char *scan = at;
    uint64_t found = 0;
    while (LIKELY(s->end - scan >= 8)) {
        found = marks(load(scan));
        if (found != 0) {
            scan += __builtin_ctzll(found) >> 3;
            break;
        }
        scan += 8;
    }
    while (found == 0 && scan < s->end && (uint8_t)*scan >= 0x20 && (uint8_t)*scan < 0x80 &&
           *scan != '"' && *scan != '\\') {
        scan++;
    }
    if (LIKELY(scan < s->end && *scan == '"')) {
        node->as.text = at;
        node->size = (uint32_t)(scan - at);
        return scan + 1;
    }
    return read_hard_string(s, at, node);
}

/* ---- values -------------------------------------------------------------------------------- */

/* Appends a node for what begins at `at`. */
static inline bool add_node(struct parse *s, const char *at, uint32_t kind,
                            struct svcroute_node **node)
{
    int status = svcr_tree_add(s->document, kind, s->line, column_of(s, at), node);
    if (UNLIKELY(status != SVCROUTE_OK)) {
        (void)fail_tree(s, at, status, SVCR_DIAG_LIMIT_NODES);
        return false;
    }
    return true;
}

static inline void enter(struct parse *s)
{
    struct svcroute_document *document = s->document;
    s->top = document->num_open > 0 ? &document->open[document->num_open - 1] : NULL;
    s->in_map = s->top != NULL && document->nodes[s->top->node].kind == SVCROUTE_NODE_MAP;
}

/* ---- items that may be taken --------------------------------------------------------------- */

/* Whether the list just opened is "items" of the document's own map. */
static bool is_items(const struct svcroute_document *document)
{
    const struct svcroute_node *list = &document->nodes[document->num - 1];
    return list->kind == SVCROUTE_NODE_LIST && document->nodes[0].kind == SVCROUTE_NODE_MAP &&
           svcr_text_same(svcr_node_text(list - 1), SVCR_TEXT("items"));
}

/* After a container was closed: it may have been an element, or the list itself. */
static void offer_item(struct parse *s)
{
    struct svcroute_document *document = s->document;
    if (document->num_open == 2) {
        size_t first = document->open[2].node;
        s->offering = s->input->take(s->input->user, document, &document->nodes[first]);
        if (s->offering) {
            svcr_tree_take(document, first);
        }
    } else if (document->num_open < 2) {
        s->offering = false;
    }
}

/* ---- containers ---------------------------------------------------------------------------- */

/* Opens the container at `at`. */
static inline const char *open_container(struct parse *s, const char *at, uint32_t kind)
{
    struct svcroute_node *node;
    if (UNLIKELY(!add_node(s, at, kind, &node))) {
        return NULL;
    }
    int status = svcr_tree_open(s->document);
    if (UNLIKELY(status != SVCROUTE_OK)) {
        return fail_tree(s, at, status, SVCR_DIAG_LIMIT_DEPTH);
    }
    if (UNLIKELY(s->document->num_open == 2 && s->input->take != NULL)) {
        s->offering = is_items(s->document);
    }
    enter(s);
    return skip_blanks(s, at + 1);
}

static bool check_keys(struct parse *s)
{
    size_t first, second;
    int status = svcr_tree_find_duplicate(s->document, &first, &second);
    if (LIKELY(status == SVCROUTE_OK)) {
        return true;
    }
    if (status == SVCROUTE_ERR_NOMEM) {
        s->status = status;
        return false;
    }
    svcr_tree_report_duplicate(s->document, s->diags, first, second);
    s->rejected = true;
    return true;
}

/* Closes the innermost container, whose closing bracket is at `at`. */
static inline const char *close_container(struct parse *s, const char *at)
{
    if (s->in_map && UNLIKELY(s->document->num_keys - s->top->first_key > 1) && !check_keys(s)) {
        return NULL;
    }
    svcr_tree_close(s->document);
    if (UNLIKELY(s->offering)) {
        offer_item(s);
    }
    enter(s);
    return at + 1;
}

/* Reads a key and the colon behind it; gives where its value begins. */
static inline const char *read_key(struct parse *s, const char *at)
{
    struct svcroute_node *node;
    if (UNLIKELY(at == s->end || *at != '"')) {
        return fail_expected(s, at, "a key in quotes");
    }
    if (UNLIKELY(!add_node(s, at, SVCROUTE_NODE_STRING, &node))) {
        return NULL;
    }
    node->flags = SVCR_NODE_KEY;
    at = read_string(s, at + 1, node);
    if (UNLIKELY(at == NULL)) {
        return NULL;
    }
    if (UNLIKELY(svcr_tree_add_key(s->document, node) != SVCROUTE_OK)) {
        return fail_tree(s, at, SVCROUTE_ERR_NOMEM, 0);
    }
    at = skip_blanks(s, at);
    if (UNLIKELY(at == s->end || *at != ':')) {
        return fail_expected(s, at, "a colon");
    }
    s->top->entries++;
    return skip_blanks(s, at + 1);
}

static bool is_word(const struct parse *s, const char *at, svcr_text word)
{
    return (size_t)(s->end - at) >= word.size && memcmp(at, word.data, word.size) == 0;
}

/* Reads a number or one of the three words. */
static const char *read_plain(struct parse *s, const char *at)
{
    struct svcroute_node *node;
    bool whole;
    const char *end = svcr_json_number(at, s->end, &whole);
    if (end != at) {
        uint32_t kind = whole ? SVCROUTE_NODE_INTEGER : SVCROUTE_NODE_NUMBER;
        if (!add_node(s, at, kind, &node)) {
            return NULL;
        }
        node->as.text = at;
        node->size = (uint32_t)(end - at);
        return end;
    }
    bool is_true = is_word(s, at, SVCR_TEXT("true"));
    bool is_false = is_word(s, at, SVCR_TEXT("false"));
    if (!is_true && !is_false && !is_word(s, at, SVCR_TEXT("null"))) {
        return fail_expected(s, at, "a value");
    }
    if (!add_node(s, at, SVCROUTE_NODE_NULL, &node)) {
        return NULL;
    }
    if (is_true || is_false) {
        svcr_scalar_set_boolean(node, is_true);
    } else {
        svcr_scalar_set_null(node);
    }
    return at + node->size;
}

/* Reads what begins at `at`: a scalar, an empty container, or the opening of one, and then *more
 * says that another value follows. */
static inline const char *read_value(struct parse *s, const char *at, bool *more)
{
    *more = false;
    if (UNLIKELY(at == s->end)) {
        return fail_expected(s, at, "a value");
    }
    if (*at == '"') {
        struct svcroute_node *node;
        if (UNLIKELY(!add_node(s, at, SVCROUTE_NODE_STRING, &node))) {
            return NULL;
        }
        node->flags = SVCR_NODE_QUOTED;
        return read_string(s, at + 1, node);
    }
    if (*at != '{' && *at != '[') {
        return read_plain(s, at);
    }
    bool map = *at == '{';
    at = open_container(s, at, map ? SVCROUTE_NODE_MAP : SVCROUTE_NODE_LIST);
    if (UNLIKELY(at == NULL)) {
        return NULL;
    }
    if (at < s->end && *at == (map ? '}' : ']')) {
        return close_container(s, at);
    }
    *more = true;
    if (map) {
        return read_key(s, at);
    }
    s->top->entries++;
    return at;
}

/* Goes on behind a value: closes containers; *more says that another value follows. */
static inline const char *go_on(struct parse *s, const char *at, bool *more)
{
    while (s->top != NULL) {
        at = skip_blanks(s, at);
        if (LIKELY(at < s->end && *at == ',')) {
            at = skip_blanks(s, at + 1);
            *more = true;
            if (s->in_map) {
                return read_key(s, at);
            }
            s->top->entries++;
            return at;
        }
        if (UNLIKELY(at == s->end || *at != (s->in_map ? '}' : ']'))) {
            return fail_expected(s, at, s->in_map ? "a comma or }" : "a comma or ]");
        }
        at = close_container(s, at);
        if (UNLIKELY(at == NULL)) {
            return NULL;
        }
    }
    return at;
}

/* One document; NULL if it fails, see `status`. */
static const char *read_document(struct parse *s, const char *at)
{
    bool more;
    do {
        at = read_value(s, at, &more);
        if (LIKELY(at != NULL) && !more) {
            at = go_on(s, at, &more);
        }
    } while (LIKELY(at != NULL) && more);
    if (at != NULL && at < s->end && memchr(" \t\r\n", *at, 4) == NULL) {
        return fail_expected(s, at, "a blank behind the document");
    }
    return at;
}

/* ---- going on behind a failure -------------------------------------------------------------- */

/* After an error of syntax nobody knows where the document ends. The next line that begins with a
 * bracket is the next document of newline-delimited ones, and never one of the lines of an indented
 * document. That line may be where the error was found, if the document is cut. */
static const char *find_next_document(struct parse *s, const char *document, const char *at)
{
    if (at > document && at < s->end && at[-1] == '\n' && (*at == '{' || *at == '[')) {
        return at;
    }
    for (;;) {
        at = memchr(at, '\n', (size_t)(s->end - at));
        if (at == NULL) {
            return s->end;
        }
        s->line++;
        s->line_start = ++at;
        if (at < s->end && (*at == '{' || *at == '[')) {
            return at;
        }
    }
}

/* Steps over the rest of a document that is too deep or too large, reading only strings and
 * brackets. */
static const char *skip_document(struct parse *s, const char *at)
{
    size_t depth = s->document->num_open;
    for (; at < s->end; at++) {
        if (*at == '"') {
            for (at++; at < s->end && *at != '"'; at++) {
                at += *at == '\\' && s->end - at > 1;
                s->line_start += ((uint8_t)*at & 0xc0) == 0x80;
            }
            if (at == s->end) {
                break;
            }
        } else if (*at == '\n') {
            s->line++;
            s->line_start = at + 1;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if ((*at == '}' || *at == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return s->end;
}

void svcr_json_open(struct svcr_json *json, const struct svcr_input *input)
{
    *json = (struct svcr_json){input->bytes, input->bytes, input->first_line};
}

int svcr_json_read(struct svcr_json *json, const struct svcr_input *input,
                   struct svcroute_document *document, struct svcroute_diags *diags)
{
    struct parse s = {.end = input->bytes + input->size,
                      .line_start = json->line_start,
                      .line = json->line,
                      .document = document,
                      .diags = diags,
                      .input = input};
    const char *at = skip_blanks(&s, json->at);
    if (at == s.end) {
        *json = (struct svcr_json){at, s.line_start, s.line};
        return SVCROUTE_ERR_END;
    }
    const char *begin = at;
    at = read_document(&s, begin);
    if (at == NULL) {
        if (s.status == SVCROUTE_ERR_NOMEM) {
            return s.status;
        }
        at = s.status == SVCROUTE_ERR_LIMIT ? skip_document(&s, s.fault)
                                            : find_next_document(&s, begin, s.fault);
    } else if (s.rejected) {
        s.status = SVCROUTE_ERR_REJECTED;
    }
    *json = (struct svcr_json){at, s.line_start, s.line};
    return s.status;
}
