/* The run of a compiled rule on one request: what each matcher compares (behaviour section 11). */
#include "rule/program.h"

#include "rule/host.h"
#include "rule/path.h"

static enum svcr_regex_answer answer_of(bool yes)
{
    return yes ? SVCR_REGEX_YES : SVCR_REGEX_NO;
}

/* ---- host ---- */

/* A value that begins with "*" compares with the host whose first label became "*". */
static bool is_host(svcr_text host, svcr_text value)
{
    if (value.size > 0 && value.data[0] == '*') {
        value.data++;
        value.size--;
        host = svcr_host_behind_label(host);
    }
    return svcr_text_same(host, value);
}

static bool ends_in_dot(svcr_text text)
{
    return text.size > 0 && text.data[text.size - 1] == '.';
}

static bool match_host(svcr_text host, svcr_text value)
{
    if (value.size == 1 && value.data[0] == '*') {
        return true;
    }
    if (host.size == 0) {
        return false;
    }
    if (is_host(host, value)) {
        return true;
    }
    /* One dot at the end of one side is forgiven. */
    if (ends_in_dot(value) && is_host(host, (svcr_text){value.data, value.size - 1})) {
        return true;
    }
    return ends_in_dot(host) && is_host((svcr_text){host.data, host.size - 1}, value);
}

static enum svcr_regex_answer match_host_regexp(const struct svcr_test *test,
                                                const struct svcr_subject *subject)
{
    enum svcr_regex_answer answer = svcr_regex_match(test->regex, subject->host);
    if (answer != SVCR_REGEX_NO || !subject->traefik) {
        return answer;
    }
    /* The reference also tries the name that a resolver made of the host, and has none. */
    return svcr_regex_match(test->regex, SVCR_TEXT(""));
}

/* ---- headers ---- */

/* Names compare as Go's canonical form of them does: a name in a request is a token, and of tokens
 * that form knows no capitals. The Host header is no header to Go. */
static enum svcr_regex_answer match_header(const struct svcr_test *test,
                                           const struct svcr_subject *subject)
{
    if (svcr_text_same_nocase(test->key, SVCR_TEXT("Host"))) {
        return SVCR_REGEX_NO;
    }
    for (size_t i = 0; i < subject->num_headers; i++) {
        svcr_text name = subject->headers[2 * i], value = subject->headers[2 * i + 1];
        if (name.data == NULL || !svcr_text_same_nocase(name, test->key) ||
            (value.data == NULL && value.size > 0)) {
            continue;
        }
        enum svcr_regex_answer answer = test->matcher == SVCR_MATCHER_HEADER
                                            ? answer_of(svcr_text_same(value, test->value))
                                            : svcr_regex_match(test->regex, value);
        if (answer != SVCR_REGEX_NO) {
            return answer;
        }
    }
    return SVCR_REGEX_NO;
}

/* ---- query ---- */

/* Go's net/url reads no query with more pairs than that. */
enum { QUERY_PAIRS_MAX = 10000 };

/* What is left of a query, and whether ";" ends a pair. */
struct query {
    svcr_text rest;
    bool semicolons;
};

static bool is_separator(const struct query *query, char c)
{
    return c == '&' || (c == ';' && query->semicolons);
}

static bool has_too_many_pairs(const struct query *query)
{
    size_t pairs = 1;
    if (query->rest.size < QUERY_PAIRS_MAX) {
        return false;
    }
    for (size_t i = 0; i < query->rest.size; i++) {
        pairs += is_separator(query, query->rest.data[i]);
    }
    return pairs > QUERY_PAIRS_MAX;
}

/* Takes the next pair, still encoded; false at the end. */
static bool next_pair(struct query *query, svcr_text *key, svcr_text *value)
{
    while (query->rest.size > 0) {
        const char *data = query->rest.data;
        size_t size = 0, equals = SIZE_MAX;
        bool dropped = false;
        for (; size < query->rest.size && !is_separator(query, data[size]); size++) {
            if (data[size] == '=' && equals == SIZE_MAX) {
                equals = size;
            }
            dropped = dropped || data[size] == ';';
        }
        *key = (svcr_text){data, equals < size ? equals : size};
        *value = equals < size ? (svcr_text){data + equals + 1, size - equals - 1}
                               : (svcr_text){data + size, 0};
        if (size < query->rest.size) {
            size++;
        }
        query->rest = (svcr_text){data + size, query->rest.size - size};
        if (!dropped) {
            return true;
        }
    }
    return false;
}

/* Decodes the character at *at and moves on; -1: a bad "%". */
static int decode_next(svcr_text text, size_t *at)
{
    char c = text.data[(*at)++];
    if (c != '%') {
        return c == '+' ? ' ' : (uint8_t)c;
    }
    if (text.size - *at < 2) {
        return -1;
    }
    int high = svcr_hex_digit(text.data[*at]);
    int low = svcr_hex_digit(text.data[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Whether an encoded text is this one; one with a bad "%" is none. */
static bool decodes_to(svcr_text encoded, svcr_text wanted)
{
    size_t at = 0, i = 0;
    while (at < encoded.size) {
        if (i == wanted.size || decode_next(encoded, &at) != (uint8_t)wanted.data[i++]) {
            return false;
        }
    }
    return i == wanted.size;
}

/* Decodes a value into what is left of the scratch, or borrows it; false: a bad "%". */
static bool decode_value(struct svcr_subject *subject, svcr_text value, svcr_text *out)
{
    char *data = subject->scratch + subject->scratch_used;
    size_t size = 0;
    *out = value;
    if (value.size == 0 || (memchr(value.data, '%', value.size) == NULL &&
                            memchr(value.data, '+', value.size) == NULL)) {
        return true;
    }
    for (size_t at = 0; at < value.size;) {
        int byte = decode_next(value, &at);
        if (byte < 0) {
            return false;
        }
        data[size++] = (char)byte;
    }
    *out = (svcr_text){data, size};
    return true;
}

static enum svcr_regex_answer match_query(const struct svcr_test *test,
                                          struct svcr_subject *subject)
{
    struct query query = {.rest = subject->query, .semicolons = subject->query_semicolons};
    svcr_text key, value, decoded;
    if (has_too_many_pairs(&query)) {
        return SVCR_REGEX_NO;
    }
    while (next_pair(&query, &key, &value)) {
        enum svcr_regex_answer answer = SVCR_REGEX_NO;
        if (!decodes_to(key, test->key)) {
            continue;
        }
        if (test->matcher == SVCR_MATCHER_QUERY) {
            answer = answer_of(decodes_to(value, test->value));
        } else if (decode_value(subject, value, &decoded)) {
            answer = svcr_regex_match(test->regex, decoded);
        }
        if (answer != SVCR_REGEX_NO) {
            return answer;
        }
    }
    return SVCR_REGEX_NO;
}

/* ---- client ---- */

/* Only networks of IPv4 hold IPv4 addresses, so "::/0" holds none of them. */
static bool match_client(const struct svcr_test *test, struct svcr_subject *subject)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const uint8_t *client = svcr_subject_client(subject);
    size_t whole = test->bits / 8;
    unsigned mask = 0xff00u >> test->bits % 8 & 0xff;
    if (client == NULL || test->bits > 128 ||
        (test->bits < 96 && memcmp(client, mapped, sizeof(mapped)) == 0) ||
        memcmp(client, test->value.data, whole) != 0) {
        return false;
    }
    return mask == 0 || ((client[whole] ^ (uint8_t)test->value.data[whole]) & mask) == 0;
}

/* ---- all ---- */

enum svcr_regex_answer svcr_test_run(const struct svcr_test *test, struct svcr_subject *subject)
{
    switch (test->matcher) {
    case SVCR_MATCHER_HOST:
        return answer_of(match_host(subject->host, test->value));
    case SVCR_MATCHER_HOST_REGEXP:
        return match_host_regexp(test, subject);
    case SVCR_MATCHER_PATH:
        return answer_of(svcr_text_same(subject->path, test->value));
    case SVCR_MATCHER_PATH_PREFIX:
        return answer_of(svcr_text_starts(subject->path, test->value));
    case SVCR_MATCHER_PATH_REGEXP:
        return svcr_regex_match(test->regex, subject->path);
    case SVCR_MATCHER_METHOD:
        return answer_of(svcr_text_same(subject->method, test->value));
    case SVCR_MATCHER_HEADER:
    case SVCR_MATCHER_HEADER_REGEXP:
        return match_header(test, subject);
    case SVCR_MATCHER_QUERY:
    case SVCR_MATCHER_QUERY_REGEXP:
        return match_query(test, subject);
    case SVCR_MATCHER_CLIENT_IP:
        return answer_of(match_client(test, subject));
    default:
        return SVCR_REGEX_NO;
    }
}

bool svcr_program_run(const struct svcr_program *program, struct svcr_subject *subject,
                      const struct svcr_test **decided)
{
    int32_t at = 0;
    /* Ways on lead forward only, so the bound is never met; it holds whatever the program says. */
    for (uint32_t steps = 0; steps < program->num_tests; steps++) {
        const struct svcr_test *test = &program->tests[at];
        enum svcr_regex_answer answer = svcr_test_run(test, subject);
        if (decided != NULL) {
            *decided = test;
        }
        if (answer == SVCR_REGEX_GAVE_UP) {
            return false;
        }
        at = answer == SVCR_REGEX_YES ? test->on_true : test->on_false;
        if (at < 0) {
            return at == SVCR_TEST_YES;
        }
    }
    return false;
}
