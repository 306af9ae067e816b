/* Failover: statuses that send a request to the fallback, body limits, who serves. */
#include "balance/failover.h"

/* Decimal digits, a sign allowed; the value is cut to 32 bits, which no status reaches. false:
 * something else, or no 64-bit number. */
static bool read_number(svcr_text text, uint32_t *value)
{
    uint64_t number = 0;
    size_t i = text.size > 0 && text.data[0] == '+' ? 1 : 0;

    if (i == text.size) {
        return false;
    }
    for (; i < text.size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.data[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number) || number > INT64_MAX) {
            return false;
        }
    }
    *value = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
    return true;
}

/* Takes what stands before the next "-" off the text. */
static svcr_text cut_part(svcr_text *text)
{
    const char *dash = text->size > 0 ? memchr(text->data, '-', text->size) : NULL;
    svcr_text part = {text->data, dash != NULL ? (size_t)(dash - text->data) : text->size};

    *text = dash != NULL ? (svcr_text){dash + 1, text->size - part.size - 1} : SVCR_TEXT_ABSENT;
    return part;
}

bool svcr_failover_read_range(svcr_text text, struct svcr_range *range)
{
    svcr_text rest = text, part = cut_part(&rest);

    if (!read_number(part, &range->from)) {
        return false;
    }
    range->to = range->from;
    return rest.data == NULL || read_number(cut_part(&rest), &range->to);
}

bool svcr_failover_wants_fallback(const struct svcr_range *ranges, uint32_t num, uint32_t status)
{
    if (status < 101 || (status > 101 && status < 200)) {
        return false;
    }
    for (uint32_t i = 0; i < num; i++) {
        if (status >= ranges[i].from && status <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

enum svcr_failover_way svcr_failover_decide(bool main_up, bool fallback_up, uint32_t num_ranges,
                                            int64_t limit, uint64_t body_size)
{
    if (!main_up) {
        return fallback_up ? SVCR_FAILOVER_FALLBACK : SVCR_FAILOVER_NOBODY;
    }
    if (num_ranges == 0) {
        return SVCR_FAILOVER_MAIN;
    }
    if (limit >= 0 && body_size != UINT64_MAX && body_size > (uint64_t)limit) {
        return SVCR_FAILOVER_TOO_LARGE;
    }
    return SVCR_FAILOVER_EITHER;
}
