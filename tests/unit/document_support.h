/* Reading for tests: what comes out of a stream of documents, as one line of text that a table can
 * hold.
 *
 * Each call of the reader adds one part, separated by " | ": the tree as compact JSON, in which a
 * number with fraction or exponent stands behind "~", or the code's name with all diagnostics of
 * that call, such as "syntax json-syntax@1:4". An information stands behind the tree in the same
 * form. The end adds nothing. */
#ifndef DOCUMENT_SUPPORT_H
#define DOCUMENT_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "document/reader.h"

struct outcome {
    char text[20000];
    size_t size;
};

static inline void outcome_add(struct outcome *out, const char *data, size_t size)
{
    ck_assert_uint_lt(out->size + size, sizeof(out->text));
    memcpy(out->text + out->size, data, size);
    out->size += size;
    out->text[out->size] = '\0';
}

static inline void outcome_string(struct outcome *out, const char *string)
{
    outcome_add(out, string, strlen(string));
}

static inline void outcome_quoted(struct outcome *out, svcr_text text)
{
    outcome_string(out, "\"");
    for (size_t i = 0; i < text.size; i++) {
        char escape[8];
        unsigned char c = (unsigned char)text.data[i];

        if (c < 0x20 || c == 0x7f) {
            snprintf(escape, sizeof(escape), "\\x%02x", c);
        } else {
            snprintf(escape, sizeof(escape), c == '"' || c == '\\' ? "\\%c" : "%c", c);
        }
        outcome_string(out, escape);
    }
    outcome_string(out, "\"");
}

static inline void outcome_node(struct outcome *out, const struct svcroute_node *node)
{
    uint32_t kind = svcroute_node_get_kind(node);
    const struct svcroute_node *at;

    if (kind < SVCROUTE_NODE_LIST) {
        svcr_text text = svcroute_node_get_text(node);

        if (kind == SVCROUTE_NODE_STRING) {
            outcome_quoted(out, text);
            return;
        }
        outcome_string(out, kind == SVCROUTE_NODE_NUMBER ? "~" : "");
        outcome_add(out, text.data, text.size);
        return;
    }
    outcome_string(out, kind == SVCROUTE_NODE_MAP ? "{" : "[");
    for (at = svcroute_node_first(node); at; at = svcroute_node_next(node, at)) {
        outcome_string(out, at == svcroute_node_first(node) ? "" : ",");
        outcome_node(out, at);
        if (kind == SVCROUTE_NODE_MAP) {
            outcome_string(out, ":");
            outcome_node(out, svcroute_node_get_value(at));
        }
    }
    outcome_string(out, kind == SVCROUTE_NODE_MAP ? "}" : "]");
}

static inline const char *outcome_code(int code)
{
    switch (code) {
    case SVCROUTE_ERR_SYNTAX:
        return "syntax";
    case SVCROUTE_ERR_REJECTED:
        return "rejected";
    case SVCROUTE_ERR_LIMIT:
        return "limit";
    case SVCROUTE_ERR_NOMEM:
        return "nomem";
    default:
        return svcroute_error_name(code);
    }
}

/* What every node must hold, whoever made it; gives the number of nodes. */
static inline size_t check_tree(const struct svcroute_node *node, bool key)
{
    const struct svcroute_node *at;
    size_t nodes = 1, children = 0;

    ck_assert_int_eq((node->flags & SVCR_NODE_KEY) != 0, key);
    ck_assert_int_eq(node->flags & SVCR_NODE_MERGE, 0);
    if (node->kind < SVCROUTE_NODE_LIST) {
        ck_assert_ptr_nonnull(node->as.text);
        return nodes;
    }
    for (at = svcroute_node_first(node); at; at = svcroute_node_next(node, at), children++) {
        bool map = node->kind == SVCROUTE_NODE_MAP;

        nodes += check_tree(at, map);
        nodes += map ? check_tree(svcroute_node_get_value(at), false) : 0;
    }
    ck_assert_uint_eq(children, svcroute_node_num(node));
    ck_assert_uint_eq(nodes, node->as.extent);
    return nodes;
}

/* Reads all documents of a stream. */
static inline const char *outcome_read(struct outcome *out, struct svcroute_context *context,
                                       const char *bytes, size_t size, uint32_t format, bool strict)
{
    struct svcroute_document document;
    struct svcroute_diags *diags;
    struct svcr_reader *reader;
    size_t seen = 0;
    int code;

    out->size = 0;
    out->text[0] = '\0';
    ck_assert_int_eq(svcroute_diags_new(&diags, context), SVCROUTE_OK);
    code = svcr_reader_open(&reader, context, bytes, size, SVCR_TEXT("test"), format, strict, 1);
    ck_assert_int_eq(code, SVCROUTE_OK);
    svcr_document_init(&document, context);
    for (int calls = 0; calls < 200; calls++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};

        code = svcr_reader_read(reader, &document, diags);
        if (code == SVCROUTE_ERR_END) {
            break;
        }
        outcome_string(out, out->size > 0 ? " | " : "");
        if (code == SVCROUTE_OK) {
            ck_assert_uint_eq(check_tree(document.nodes, false), document.num);
            outcome_node(out, document.nodes);
        } else {
            outcome_string(out, outcome_code(code));
        }
        for (; svcroute_diags_get(diags, seen, &info) == SVCROUTE_OK; seen++) {
            char place[32];

            outcome_string(out, " ");
            outcome_add(out, info.id_name.data, info.id_name.size);
            snprintf(place, sizeof(place), "@%u:%u", info.line, info.column);
            outcome_string(out, place);
            ck_assert(svcr_text_same(info.source, SVCR_TEXT("test")));
            ck_assert_uint_gt(info.text.size, 10);
        }
    }
    ck_assert_int_eq(svcr_reader_read(reader, &document, diags), SVCROUTE_ERR_END);
    svcr_reader_close(reader);
    svcr_document_clear(&document);
    svcroute_diags_free(diags);
    return out->text;
}

#endif
