/* Walking over a document: the public getters. */
#include "document/node.h"

#include "document/decimal.h"
#include "document/scalar.h"

const struct svcroute_node *svcroute_document_get_root(const struct svcroute_document *document)
{
    return document != NULL && svcroute_document_get_error(document) == SVCROUTE_OK
               ? document->nodes
               : NULL;
}

uint32_t svcroute_node_get_kind(const struct svcroute_node *node)
{
    return node != NULL ? node->kind : SVCROUTE_NODE_NULL;
}

static bool is_container(const struct svcroute_node *node)
{
    return node != NULL && node->kind >= SVCROUTE_NODE_LIST;
}

size_t svcroute_node_num(const struct svcroute_node *node)
{
    return is_container(node) ? node->size : 0;
}

struct svcroute_text svcroute_node_get_text(const struct svcroute_node *node)
{
    if (node == NULL) {
        return SVCR_TEXT("null");
    }
    return is_container(node) ? SVCR_TEXT("") : svcr_node_text(node);
}

bool svcroute_node_get_boolean(const struct svcroute_node *node)
{
    return node != NULL && node->kind == SVCROUTE_NODE_BOOLEAN &&
           (node->flags & SVCR_NODE_TRUE) != 0;
}

int svcroute_node_get_integer(const struct svcroute_node *node, int64_t *value)
{
    if (value == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    return node != NULL && svcr_node_integer(node, value) ? SVCROUTE_OK : SVCROUTE_ERR_NOT_FOUND;
}

int svcroute_node_get_double(const struct svcroute_node *node, double *value)
{
    if (value == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    if (node == NULL ||
        (node->kind != SVCROUTE_NODE_INTEGER && node->kind != SVCROUTE_NODE_NUMBER)) {
        return SVCROUTE_ERR_NOT_FOUND;
    }
    svcr_decimal_parse(svcr_node_text(node), value);
    return SVCROUTE_OK;
}

uint32_t svcroute_node_get_line(const struct svcroute_node *node)
{
    return node != NULL ? node->line : 0;
}

uint32_t svcroute_node_get_column(const struct svcroute_node *node)
{
    return node != NULL ? node->column : 0;
}

const struct svcroute_node *svcroute_node_first(const struct svcroute_node *container)
{
    return svcroute_node_num(container) > 0 ? container + 1 : NULL;
}

const struct svcroute_node *svcroute_node_next(const struct svcroute_node *container,
                                               const struct svcroute_node *child)
{
    if (!is_container(container) || child == NULL) {
        return NULL;
    }
    const struct svcroute_node *value = container->kind == SVCROUTE_NODE_MAP ? child + 1 : child;
    const struct svcroute_node *next = svcr_node_after(value);
    return next < container + container->as.extent ? next : NULL;
}

const struct svcroute_node *svcroute_node_get_value(const struct svcroute_node *key)
{
    return key != NULL && (key->flags & SVCR_NODE_KEY) != 0 ? key + 1 : NULL;
}

const struct svcroute_node *svcroute_node_find(const struct svcroute_node *map, const char *key,
                                               size_t size)
{
    if (map == NULL || map->kind != SVCROUTE_NODE_MAP || (key == NULL && size > 0)) {
        return NULL;
    }
    for (const struct svcroute_node *at = svcroute_node_first(map); at != NULL;
         at = svcroute_node_next(map, at)) {
        if (svcr_text_same(svcr_node_text(at), (svcr_text){key, size})) {
            return at + 1;
        }
    }
    return NULL;
}
