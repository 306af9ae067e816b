/* Scalars: setting them, and judging them against the type of a field. */
#include "document/scalar.h"

/* Digits with a sign and nothing else, as a number; false if they do not fit. */
static bool read_integer(svcr_text text, int64_t *value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    int64_t sum = 0;
    for (size_t i = negative ? 1 : 0; i < text.size; i++) {
        int64_t digit = text.data[i] - '0';
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, digit, &sum)) { /* downwards: -2^63 has no positive twin */
            return false;
        }
    }
    if (!negative && sum == INT64_MIN) {
        return false;
    }
    *value = negative ? sum : -sum;
    return true;
}

bool svcr_node_integer(const struct svcroute_node *node, int64_t *value)
{
    return node->kind == SVCROUTE_NODE_INTEGER && read_integer(svcr_node_text(node), value);
}

/* ---- judging ------------------------------------------------------------------------------- */

enum svcr_judged svcr_judge_string(const struct svcroute_node *node, svcr_text *value)
{
    *value = SVCR_TEXT_ABSENT;
    if (node->kind == SVCROUTE_NODE_STRING) {
        *value = svcr_node_text(node);
        return SVCR_JUDGED_OK;
    }
    return node->kind == SVCROUTE_NODE_NULL ? SVCR_JUDGED_NULL : SVCR_JUDGED_TYPE;
}

enum svcr_judged svcr_judge_int64(const struct svcroute_node *node, int64_t *value)
{
    *value = 0;
    if (node->kind == SVCROUTE_NODE_INTEGER) {
        return read_integer(svcr_node_text(node), value) ? SVCR_JUDGED_OK : SVCR_JUDGED_RANGE;
    }
    return node->kind == SVCROUTE_NODE_NULL ? SVCR_JUDGED_NULL : SVCR_JUDGED_TYPE;
}

enum svcr_judged svcr_judge_int32(const struct svcroute_node *node, int32_t *value)
{
    int64_t wide;
    *value = 0;
    enum svcr_judged judged = svcr_judge_int64(node, &wide);
    if (wide < INT32_MIN || wide > INT32_MAX) {
        return SVCR_JUDGED_RANGE;
    }
    *value = (int32_t)wide;
    return judged;
}

enum svcr_judged svcr_judge_bool(const struct svcroute_node *node, bool *value)
{
    *value = node->kind == SVCROUTE_NODE_BOOLEAN && (node->flags & SVCR_NODE_TRUE) != 0;
    if (node->kind == SVCROUTE_NODE_BOOLEAN) {
        return SVCR_JUDGED_OK;
    }
    return node->kind == SVCROUTE_NODE_NULL ? SVCR_JUDGED_NULL : SVCR_JUDGED_TYPE;
}

enum svcr_judged svcr_judge_int_or_text(const struct svcroute_node *node, bool *is_text,
                                        int32_t *value, svcr_text *text)
{
    *is_text = node->kind == SVCROUTE_NODE_STRING;
    *value = 0;
    *text = SVCR_TEXT_ABSENT;
    return *is_text ? svcr_judge_string(node, text) : svcr_judge_int32(node, value);
}

/* ---- setting ------------------------------------------------------------------------------- */

int svcr_scalar_set_text(struct svcroute_node *node, uint32_t kind, svcr_text text)
{
    if (text.size > UINT32_MAX) {
        return SVCROUTE_ERR_LIMIT;
    }
    node->kind = (uint8_t)kind;
    node->size = (uint32_t)text.size;
    node->as.text = text.data;
    return SVCROUTE_OK;
}

void svcr_scalar_set_null(struct svcroute_node *node)
{
    (void)svcr_scalar_set_text(node, SVCROUTE_NODE_NULL, SVCR_TEXT("null"));
}

void svcr_scalar_set_boolean(struct svcroute_node *node, bool value)
{
    if (value) {
        node->flags |= SVCR_NODE_TRUE;
    }
    (void)svcr_scalar_set_text(node, SVCROUTE_NODE_BOOLEAN,
                               value ? SVCR_TEXT("true") : SVCR_TEXT("false"));
}
