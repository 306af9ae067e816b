/* YAML: a stream of documents by libyaml's event interface. The only file that knows libyaml.
 *
 * libyaml allocates with malloc(), not with the context's allocator: it has no other hook. A
 * document that breaks a rule of ours is read to its end without making nodes, so that the next one
 * can be read. */
#include <yaml.h>

#include "base/context.h"
#include "base/memory.h"
#include "document/anchors.h"
#include "document/extent.h"
#include "document/scalar.h"
#include "document/syntax.h"
#include "document/tree.h"

/* What aliases may repeat in one input: some nodes in any case, and more for each of its bytes. The
 * limit of nodes alone would let a few hundred bytes grow to it, document after document. */
#define REPEATABLE_NODES 524288
#define REPEATABLE_NODES_PER_BYTE 2

struct svcr_yaml {
    struct svcr_input input;
    struct svcr_offence offence;
    struct svcr_anchors anchors;
    struct svcr_extents extents;
    yaml_parser_t parser;
    uint64_t repeatable; /* nodes that aliases may still repeat */
    bool ended;
    /* The document that is being read. */
    struct svcroute_document *document;
    struct svcroute_diags *diags;
    uint32_t aliases;
    bool empty;
};

static svcr_text text_of(const yaml_char_t *text)
{
    return text == NULL ? SVCR_TEXT_ABSENT
                        : (svcr_text){(const char *)text, strlen((const char *)text)};
}

static uint32_t line_of(const struct svcr_yaml *yaml, yaml_mark_t mark)
{
    return (uint32_t)mark.line + yaml->input.first_line;
}

static uint32_t column_of(yaml_mark_t mark)
{
    return (uint32_t)mark.column + 1;
}

static struct svcr_place place_of(const struct svcr_yaml *yaml, yaml_mark_t mark)
{
    return (struct svcr_place){
        .source = yaml->input.source, .line = line_of(yaml, mark), .column = column_of(mark)};
}

static struct svcr_place place_of_node(const struct svcr_yaml *yaml,
                                       const struct svcroute_node *node)
{
    return (struct svcr_place){
        .source = yaml->input.source, .line = node->line, .column = node->column};
}

/* ---- faults of a document ------------------------------------------------------------------ */

static int reject(const struct svcr_yaml *yaml, const yaml_event_t *event, enum svcr_diag_id id,
                  const char *why)
{
    struct svcr_place place = place_of(yaml, event->start_mark);
    svcr_diags_add(yaml->diags, id, 0, &place, "%s", why);
    return SVCROUTE_ERR_REJECTED;
}

/* Says which limit was reached, if `status` is about one. */
static int check_limit(const struct svcr_yaml *yaml, const yaml_event_t *event, int status,
                       enum svcr_diag_id id, uint64_t limit, const char *what)
{
    if (status == SVCROUTE_ERR_LIMIT) {
        struct svcr_place place = place_of(yaml, event->start_mark);
        svcr_diags_add(yaml->diags, id, 0, &place, "more than %llu %s in one document",
                       (unsigned long long)limit, what);
    }
    return status;
}

static int check_nodes(const struct svcr_yaml *yaml, const yaml_event_t *event, int status)
{
    return check_limit(yaml, event, status, SVCR_DIAG_LIMIT_NODES,
                       yaml->input.context->limits.nodes, "nodes");
}

static int check_depth(const struct svcr_yaml *yaml, const yaml_event_t *event, int status)
{
    return check_limit(yaml, event, status, SVCR_DIAG_LIMIT_DEPTH,
                       yaml->input.context->limits.depth, "levels of lists and maps");
}

/* ---- nodes --------------------------------------------------------------------------------- */

static inline struct svcr_open *innermost(const struct svcr_yaml *yaml)
{
    struct svcroute_document *document = yaml->document;
    return document->num_open > 0 ? &document->open[document->num_open - 1] : NULL;
}

static inline bool expects_key(const struct svcr_yaml *yaml)
{
    const struct svcr_open *top = innermost(yaml);
    return top != NULL && !top->has_key &&
           yaml->document->nodes[top->node].kind == SVCROUTE_NODE_MAP;
}

/* Counts a value in its container. */
static inline void count_value(struct svcr_yaml *yaml)
{
    struct svcr_open *top = innermost(yaml);
    if (top != NULL) {
        top->entries++;
        top->has_key = false;
    }
}

/* Makes a node that is a string the key that its map waits for. */
static inline int set_key(struct svcr_yaml *yaml, struct svcroute_node *node)
{
    node->flags = SVCR_NODE_KEY;
    innermost(yaml)->has_key = true;
    return svcr_tree_add_key(yaml->document, node);
}

static inline int add_node(struct svcr_yaml *yaml, const yaml_event_t *event, uint32_t kind,
                           struct svcroute_node **node)
{
    int status = svcr_tree_add(yaml->document, kind, line_of(yaml, event->start_mark),
                               column_of(event->start_mark), node);
    return __builtin_expect(status == SVCROUTE_OK, 1) ? status : check_nodes(yaml, event, status);
}

static inline int add_anchor(struct svcr_yaml *yaml, const yaml_char_t *anchor)
{
    if (anchor == NULL) {
        return SVCROUTE_OK;
    }
    svcr_text name = text_of(anchor);
    name.data = svcr_arena_copy(&yaml->document->texts, name.data, name.size);
    return name.data == NULL ? SVCROUTE_ERR_NOMEM
                             : svcr_anchors_add(&yaml->anchors, name, yaml->document->num - 1);
}

/* ---- scalars ------------------------------------------------------------------------------- */

static bool is_merge(const yaml_event_t *event)
{
    if (event->data.scalar.length != 2 || memcmp(event->data.scalar.value, "<<", 2) != 0) {
        return false;
    }
    return event->data.scalar.plain_implicit ||
           svcr_text_same(text_of(event->data.scalar.tag), SVCR_TEXT("tag:yaml.org,2002:merge"));
}

static int report_tag(const struct svcr_yaml *yaml, const yaml_event_t *event, svcr_text tag)
{
    struct svcr_place place = place_of(yaml, event->start_mark);
    struct svcr_quoted quoted;
    svcr_diags_add(yaml->diags, SVCR_DIAG_UNKNOWN_TAG,
                   yaml->input.strict ? SVCROUTE_SEVERITY_ERROR : 0, &place,
                   "tag %s is unknown; the scalar is read as text", svcr_quote(&quoted, tag));
    return yaml->input.strict ? SVCROUTE_ERR_REJECTED : SVCROUTE_OK;
}

_Static_assert(SVCR_STYLE_PLAIN == (int)YAML_PLAIN_SCALAR_STYLE &&
                   SVCR_STYLE_SINGLE == (int)YAML_SINGLE_QUOTED_SCALAR_STYLE &&
                   SVCR_STYLE_DOUBLE == (int)YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
                   SVCR_STYLE_LITERAL == (int)YAML_LITERAL_SCALAR_STYLE &&
                   SVCR_STYLE_FOLDED == (int)YAML_FOLDED_SCALAR_STYLE,
               "styles have libyaml's numbers");

static inline struct svcr_extent extent_of(const yaml_event_t *event)
{
    return (struct svcr_extent){.begin = event->start_mark.index,
                                .end = event->end_mark.index,
                                .style = event->data.scalar.style,
                                .one_line = event->start_mark.line == event->end_mark.line};
}

__attribute__((noinline)) static char *copy_traced(struct svcr_yaml *yaml,
                                                   const yaml_event_t *event, svcr_text text)
{
    const struct svcr_extent extent = extent_of(event);
    return svcr_extents_copy(&yaml->extents, &yaml->document->texts, &extent, text);
}

/* Copies the text. *flag tells where it stands; nobody asks that of keys. */
static inline char *copy_text(struct svcr_yaml *yaml, const yaml_event_t *event, bool key,
                              uint8_t *flag)
{
    const svcr_text text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    *flag = 0;
    if (!key) {
        const struct svcr_extent extent = extent_of(event);
        *flag = svcr_extents_flag(&yaml->extents, &extent, text);
        if (__builtin_expect(*flag == SVCR_NODE_TRACED, 0)) {
            return copy_traced(yaml, event, text);
        }
    }
    return svcr_arena_copy(&yaml->document->texts, text.data, text.size);
}

/* The same of a node that holds that text. */
__attribute__((noinline)) static int keep_traced(struct svcr_yaml *yaml, const yaml_event_t *event,
                                                 struct svcroute_node *node)
{
    const struct svcr_extent extent = extent_of(event);
    return svcr_extents_keep(&extent, &yaml->document->texts, node);
}

static int read_scalar(struct svcr_yaml *yaml, const yaml_event_t *event, bool key,
                       struct svcroute_node *node)
{
    struct svcroute_document *document = yaml->document;
    struct svcr_yaml_scalar scalar = {.tag = text_of(event->data.scalar.tag),
                                      .plain = event->data.scalar.plain_implicit != 0,
                                      .key = key};
    bool unknown_tag;
    const char *why = NULL;
    uint8_t flag;
    scalar.text.size = event->data.scalar.length;
    scalar.text.data = copy_text(yaml, event, key, &flag);
    if (scalar.text.data == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    int status = svcr_scalar_resolve(node, &document->texts, &scalar, &unknown_tag, &why);
    if (status == SVCROUTE_ERR_REJECTED) {
        return reject(yaml, event, key ? SVCR_DIAG_BAD_KEY : SVCR_DIAG_BAD_SCALAR, why);
    }
    if (status == SVCROUTE_OK && unknown_tag) {
        status = report_tag(yaml, event, scalar.tag);
    }
    if (status == SVCROUTE_OK && node->as.text == scalar.text.data &&
        node->kind == SVCROUTE_NODE_STRING) {
        node->flags |= flag;
        if (__builtin_expect(flag == SVCR_NODE_TRACED, 0)) {
            status = keep_traced(yaml, event, node);
        }
    }
    /* The node of a key is a string already, and what the anchor stands for may not be one. */
    if (status == SVCROUTE_OK && key && event->data.scalar.anchor != NULL &&
        !svcr_text_same(svcr_node_text(node), scalar.text)) {
        return reject(yaml, event, SVCR_DIAG_BAD_KEY, "a key with an anchor must be text");
    }
    return status;
}

static int on_scalar(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    struct svcroute_node *node = NULL;
    bool key = expects_key(yaml);
    int status = add_node(yaml, event, SVCROUTE_NODE_STRING, &node);
    if (status == SVCROUTE_OK) {
        status = add_anchor(yaml, event->data.scalar.anchor);
    }
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (key && is_merge(event)) {
        struct svcr_open *top = innermost(yaml);
        node->flags = SVCR_NODE_KEY | SVCR_NODE_MERGE;
        top->has_key = true;
        top->merges = true;
        return svcr_scalar_set_text(node, SVCROUTE_NODE_STRING, SVCR_TEXT("<<"));
    }
    status = read_scalar(yaml, event, key, node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    if (key) {
        return set_key(yaml, node);
    }
    yaml->empty = yaml->document->num_open == 0 && event->data.scalar.plain_implicit &&
                  event->data.scalar.length == 0 && event->data.scalar.anchor == NULL;
    count_value(yaml);
    return SVCROUTE_OK;
}

/* ---- lists and maps ------------------------------------------------------------------------ */

static int on_start(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    bool map = event->type == YAML_MAPPING_START_EVENT;
    svcr_text tag = text_of(map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    svcr_text own = map ? SVCR_TEXT("tag:yaml.org,2002:map") : SVCR_TEXT("tag:yaml.org,2002:seq");
    if (tag.size > 0 && !svcr_text_same(tag, SVCR_TEXT("!")) && !svcr_text_same(tag, own)) {
        return reject(yaml, event, SVCR_DIAG_COLLECTION_TAG,
                      map ? "a map has a tag that is not !!map"
                          : "a list has a tag that is not !!seq");
    }
    if (expects_key(yaml)) {
        return reject(yaml, event, SVCR_DIAG_BAD_KEY, "a list or map cannot be a key");
    }
    struct svcroute_node *node = NULL;
    int status = add_node(yaml, event, map ? SVCROUTE_NODE_MAP : SVCROUTE_NODE_LIST, &node);
    if (status != SVCROUTE_OK) {
        return status;
    }
    size_t anchors = yaml->anchors.num;
    status = add_anchor(yaml,
                        map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor);
    if (status != SVCROUTE_OK) {
        return status;
    }
    count_value(yaml);
    status = check_depth(yaml, event, svcr_tree_open(yaml->document));
    if (status == SVCROUTE_OK) {
        struct svcr_open *top = innermost(yaml);
        top->anchor = yaml->anchors.num > anchors ? yaml->anchors.num : 0;
        top->inner = yaml->anchors.num;
    }
    return status;
}

static int merge(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    size_t fault;
    int status = check_nodes(
        yaml, event, svcr_anchors_save(&yaml->anchors, yaml->document, innermost(yaml)->inner));
    if (status != SVCROUTE_OK) {
        return status;
    }
    status = svcr_tree_merge(yaml->document, &fault);
    if (status == SVCROUTE_ERR_REJECTED) {
        struct svcr_place place = place_of_node(yaml, &yaml->document->nodes[fault]);
        svcr_diags_add(yaml->diags, SVCR_DIAG_MERGE_KEY, 0, &place,
                       "<< must lead to a map or a list of maps");
    }
    return status;
}

static int on_end(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    struct svcr_open *top = innermost(yaml);
    if (event->type == YAML_MAPPING_END_EVENT) {
        size_t first, second;
        int status = svcr_tree_find_duplicate(yaml->document, &first, &second);
        if (status == SVCROUTE_ERR_REJECTED) {
            svcr_tree_report_duplicate(yaml->document, yaml->diags, first, second);
        }
        if (status == SVCROUTE_OK && top->merges) {
            status = merge(yaml, event);
        }
        if (status != SVCROUTE_OK) {
            return status;
        }
    }
    if (top->anchor > 0) {
        yaml->anchors.items[top->anchor - 1].height = top->height + 1;
    }
    svcr_tree_close(yaml->document);
    return SVCROUTE_OK;
}

/* ---- aliases ------------------------------------------------------------------------------- */

/* Finds what an alias stands for, within the limits. */
static int find_anchor(struct svcr_yaml *yaml, const yaml_event_t *event,
                       const struct svcr_anchor **out)
{
    const struct svcroute_context_options *limits = &yaml->input.context->limits;
    if (yaml->aliases++ >= limits->aliases) {
        return check_limit(yaml, event, SVCROUTE_ERR_LIMIT, SVCR_DIAG_LIMIT_ALIASES,
                           limits->aliases, "aliases");
    }
    svcr_text name = text_of(event->data.alias.anchor);
    const struct svcr_anchor *anchor = svcr_anchors_find(&yaml->anchors, name);
    if (anchor == NULL) {
        struct svcr_place place = place_of(yaml, event->start_mark);
        struct svcr_quoted quoted;
        svcr_diags_add(yaml->diags, SVCR_DIAG_UNKNOWN_ALIAS, 0, &place,
                       "alias %s has no anchor ahead of it", svcr_quote(&quoted, name));
        return SVCROUTE_ERR_REJECTED;
    }
    const struct svcroute_node *root = svcr_anchors_node(&yaml->anchors, anchor, yaml->document);
    if (root->kind >= SVCROUTE_NODE_LIST && root->as.extent == 0) {
        return reject(yaml, event, SVCR_DIAG_UNKNOWN_ALIAS, "an alias is part of what it repeats");
    }
    *out = anchor;
    return yaml->document->num_open + anchor->height > limits->depth
               ? check_depth(yaml, event, SVCROUTE_ERR_LIMIT)
               : SVCROUTE_OK;
}

/* Takes nodes off what aliases may repeat. */
static int spend(struct svcr_yaml *yaml, const yaml_event_t *event, size_t nodes)
{
    if (nodes > yaml->repeatable) {
        (void)reject(yaml, event, SVCR_DIAG_LIMIT_NODES,
                     "aliases repeat far more nodes than the input has bytes");
        return SVCROUTE_ERR_LIMIT;
    }
    yaml->repeatable -= nodes;
    return SVCROUTE_OK;
}

/* Makes a copied node the key of its map, if it has a form as text. */
static int set_alias_key(struct svcr_yaml *yaml, const yaml_event_t *event,
                         struct svcroute_node *node)
{
    int64_t value;
    if (node->kind != SVCROUTE_NODE_STRING && node->kind != SVCROUTE_NODE_BOOLEAN &&
        !svcr_node_integer(node, &value)) {
        return reject(yaml, event, SVCR_DIAG_BAD_KEY, "an alias that is a key must lead to text");
    }
    node->kind = SVCROUTE_NODE_STRING;
    return set_key(yaml, node);
}

static int on_alias(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    struct svcroute_document *document = yaml->document;
    const struct svcr_anchor *anchor = NULL;
    int status = find_anchor(yaml, event, &anchor);
    if (status != SVCROUTE_OK) {
        return status;
    }
    const struct svcroute_node *root = svcr_anchors_node(&yaml->anchors, anchor, document);
    size_t extent = (size_t)(svcr_node_after(root) - root);
    status = spend(yaml, event, extent);
    if (status == SVCROUTE_OK) {
        status = check_nodes(yaml, event, svcr_tree_reserve(document, extent));
    }
    if (status != SVCROUTE_OK) {
        return status;
    }
    struct svcroute_node *copy = &document->nodes[document->num];
    memcpy(copy, svcr_anchors_node(&yaml->anchors, anchor, document), extent * sizeof *copy);
    document->num += extent;
    copy->line = line_of(yaml, event->start_mark);
    copy->column = column_of(event->start_mark);
    copy->flags &= SVCR_NODE_TRUE;
    if (expects_key(yaml)) {
        return set_alias_key(yaml, event, copy);
    }
    count_value(yaml);
    struct svcr_open *top = innermost(yaml);
    if (top != NULL && top->height < anchor->height) {
        top->height = anchor->height;
    }
    return SVCROUTE_OK;
}

/* ---- documents and the stream -------------------------------------------------------------- */

static int on_event(struct svcr_yaml *yaml, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(yaml, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_start(yaml, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(yaml, event);
    case YAML_ALIAS_EVENT:
        return on_alias(yaml, event);
    default:
        return SVCROUTE_OK;
    }
}

static int report_offence(struct svcr_yaml *yaml)
{
    struct svcr_place place = {
        .source = yaml->input.source, .line = yaml->offence.line, .column = yaml->offence.column};
    svcr_diags_add(yaml->diags, yaml->offence.id, 0, &place, "%s", yaml->offence.text);
    return SVCROUTE_ERR_SYNTAX;
}

/* libyaml gave up. */
static int fail_stream(struct svcr_yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    yaml->ended = true;
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) {
        return SVCROUTE_ERR_NOMEM; /* some of libyaml's allocations fail without a word */
    }
    struct svcr_place place = place_of(yaml, parser->problem_mark);
    if (yaml->offence.id != 0 && place.line >= yaml->offence.cut_line) {
        return report_offence(
            yaml); /* the end of what libyaml was given is not that of the input */
    }
    svcr_diags_add(yaml->diags, SVCR_DIAG_YAML_SYNTAX, 0, &place, "%s%s%s",
                   parser->problem != NULL ? parser->problem : "not YAML",
                   parser->context != NULL ? ", " : "",
                   parser->context != NULL ? parser->context : "");
    return SVCROUTE_ERR_SYNTAX;
}

static int change_of_depth(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return 1;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return -1;
    default:
        return 0;
    }
}

/* Reads events up to the end of the document. After a fault nothing is made of them any more.
 * libyaml's work for a token grows with the depth, so something nested far too deeply ends the
 * stream. */
static int read_document(struct svcr_yaml *yaml)
{
    int status = SVCROUTE_OK;
    const size_t deepest = 2 * (size_t)yaml->input.context->limits.depth;
    size_t depth = 0;
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&yaml->parser, &event)) {
            return fail_stream(yaml);
        }
        yaml_event_type_t type = event.type;
        depth += (size_t)change_of_depth(&event);
        if (status == SVCROUTE_OK) {
            status = on_event(yaml, &event);
        }
        yaml_event_delete(&event);
        if (type == YAML_DOCUMENT_END_EVENT) {
            return status;
        }
        if (status == SVCROUTE_ERR_NOMEM || depth > deepest) {
            yaml->ended = true;
            return status;
        }
    }
}

int svcr_yaml_read(struct svcr_yaml *yaml, struct svcroute_document *document,
                   struct svcroute_diags *diags)
{
    yaml->document = document;
    yaml->diags = diags;
    while (!yaml->ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&yaml->parser, &event)) {
            return fail_stream(yaml);
        }
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) {
            yaml->ended = true;
            if (yaml->offence.id != 0) {
                return report_offence(yaml);
            }
        } else if (type == YAML_DOCUMENT_START_EVENT) {
            svcroute_document_reset(document);
            svcr_anchors_reset(&yaml->anchors);
            yaml->aliases = 0;
            yaml->empty = false;
            int status = read_document(yaml);
            if (status != SVCROUTE_OK || !yaml->empty) {
                return status;
            }
        }
    }
    return SVCROUTE_ERR_END;
}

int svcr_yaml_open(struct svcr_yaml **out, const struct svcr_input *input)
{
    struct svcr_yaml *yaml = svcr_zalloc(input->context, sizeof *yaml);
    if (yaml == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (!yaml_parser_initialize(&yaml->parser)) {
        svcr_release(input->context, yaml, sizeof *yaml);
        return SVCROUTE_ERR_NOMEM;
    }
    yaml->input = *input;
    yaml->repeatable = REPEATABLE_NODES + REPEATABLE_NODES_PER_BYTE * (uint64_t)input->size;
    svcr_anchors_init(&yaml->anchors, input->context);
    svcr_yaml_find_offence(input, &yaml->offence);
    svcr_extents_init(&yaml->extents, input->bytes, input->size, yaml->offence.narrow);
    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, (const unsigned char *)input->bytes,
                                 yaml->offence.cut);
    *out = yaml;
    return SVCROUTE_OK;
}

void svcr_yaml_close(struct svcr_yaml *yaml)
{
    if (yaml == NULL) {
        return;
    }
    yaml_parser_delete(&yaml->parser);
    svcr_anchors_free(&yaml->anchors);
    svcr_release(yaml->input.context, yaml, sizeof *yaml);
}
