/* Matchers: their names, how many values they take, and which ones. */
#include "rule/matcher.h"

#include <svcroute/error.h>

#include "base/address.h"
#include "rule/path.h"

enum { NEAR_NAME_MAX = 16 };

static const struct {
    svcr_text name;
    uint8_t fewest, most; /* arguments */
    bool regex;
    const char *example; /* for those who left something out */
} matchers[] = {
    [SVCR_MATCHER_HOST] = {SVCR_TEXT("Host"), 1, 1, false, "Host(`example.com`)"},
    [SVCR_MATCHER_HOST_REGEXP] = {SVCR_TEXT("HostRegexp"), 1, 1, true,
                                  "HostRegexp(`^[a-z]+\\.example\\.com$`)"},
    [SVCR_MATCHER_PATH] = {SVCR_TEXT("Path"), 1, 1, false, "Path(`/login`)"},
    [SVCR_MATCHER_PATH_PREFIX] = {SVCR_TEXT("PathPrefix"), 1, 1, false, "PathPrefix(`/api/`)"},
    [SVCR_MATCHER_PATH_REGEXP] = {SVCR_TEXT("PathRegexp"), 1, 1, true, "PathRegexp(`^/v[0-9]+/`)"},
    [SVCR_MATCHER_METHOD] = {SVCR_TEXT("Method"), 1, 1, false, "Method(`GET`)"},
    [SVCR_MATCHER_HEADER] = {SVCR_TEXT("Header"), 2, 2, false, "Header(`X-Team`, `blue`)"},
    [SVCR_MATCHER_HEADER_REGEXP] = {SVCR_TEXT("HeaderRegexp"), 2, 2, true,
                                    "HeaderRegexp(`X-Team`, `^(blue|red)$`)"},
    [SVCR_MATCHER_QUERY] = {SVCR_TEXT("Query"), 1, 2, false,
                            "Query(`debug`) or Query(`page`, `1`)"},
    [SVCR_MATCHER_QUERY_REGEXP] = {SVCR_TEXT("QueryRegexp"), 1, 2, true,
                                   "QueryRegexp(`page`, `^[0-9]+$`)"},
    [SVCR_MATCHER_CLIENT_IP] = {SVCR_TEXT("ClientIP"), 1, 1, false, "ClientIP(`192.0.2.0/24`)"},
};

static const int matchers_end = sizeof(matchers) / sizeof(*matchers);

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* Letters from `first` on all in one case. */
static bool all_same(svcr_text text, size_t first, char (*form)(char))
{
    for (size_t i = first; i < text.size; i++) {
        if (text.data[i] != form(text.data[i])) {
            return false;
        }
    }
    return true;
}

enum svcr_matcher svcr_matcher_find(svcr_text name)
{
    for (int i = SVCR_MATCHER_HOST; i < matchers_end; i++) {
        if (svcr_text_same_nocase(name, matchers[i].name) &&
            (svcr_text_same(name, matchers[i].name) || all_same(name, 0, upper) ||
             all_same(name, 1, svcr_lower))) {
            return (enum svcr_matcher)i;
        }
    }
    return (enum svcr_matcher)0;
}

const char *svcr_matcher_name(enum svcr_matcher matcher)
{
    return (int)matcher >= SVCR_MATCHER_HOST && (int)matcher < matchers_end
               ? matchers[matcher].name.data
               : "";
}

bool svcr_matcher_has_regex(enum svcr_matcher matcher)
{
    return matchers[matcher].regex;
}

uint32_t svcr_argument_offset(const struct svcr_argument *argument, size_t at)
{
    bool as_written = argument->value.size + 2 == argument->size;
    return argument->offset + (as_written ? 1 + (uint32_t)at : 0);
}

/* ---- unknown names ------------------------------------------------------------------------- */

/* What other versions and protocols know, and what to do here. */
static const struct {
    svcr_text name;
    const char *instead;
} strangers[] = {
    {SVCR_TEXT("Headers"), "write Header"},
    {SVCR_TEXT("HeadersRegexp"), "write HeaderRegexp"},
    {SVCR_TEXT("HostHeader"), "write Host"},
    {SVCR_TEXT("Methods"), "write Method, with || between several"},
    {SVCR_TEXT("Hosts"), "write Host, with || between several"},
    {SVCR_TEXT("HostSNI"), "it is for TCP; write Host"},
    {SVCR_TEXT("HostSNIRegexp"), "it is for TCP; write HostRegexp"},
    {SVCR_TEXT("ALPN"), "it is for TCP"},
    {SVCR_TEXT("PathStrip"), "write Path, and use a stripPrefix middleware"},
    {SVCR_TEXT("PathStripRegex"), "write PathRegexp, and use a stripPrefixRegex middleware"},
    {SVCR_TEXT("PathPrefixStrip"), "write PathPrefix, and use a stripPrefix middleware"},
    {SVCR_TEXT("PathPrefixStripRegex"), "write PathRegexp, and use a stripPrefixRegex middleware"},
    {SVCR_TEXT("AddPrefix"), "use an addPrefix middleware"},
    {SVCR_TEXT("ReplacePath"), "use a replacePath middleware"},
};

/* Letters to insert, remove, exchange or swap with a neighbour until one name is the other, case
 * aside (optimal string alignment); both are shorter than NEAR_NAME_MAX. */
static unsigned distance(svcr_text a, svcr_text b)
{
    unsigned rows[NEAR_NAME_MAX + 1][NEAR_NAME_MAX + 1];
    for (unsigned i = 0; i <= a.size; i++) {
        for (unsigned j = 0; j <= b.size; j++) {
            unsigned best = i + j;
            if (i > 0 && j > 0) {
                char left = svcr_lower(a.data[i - 1]), right = svcr_lower(b.data[j - 1]);
                unsigned least = rows[i - 1][j] < rows[i][j - 1] ? rows[i - 1][j] : rows[i][j - 1];
                best = rows[i - 1][j - 1] + (left != right);
                best = least + 1 < best ? least + 1 : best;
                if (i > 1 && j > 1 && left == svcr_lower(b.data[j - 2]) &&
                    right == svcr_lower(a.data[i - 2]) && rows[i - 2][j - 2] + 1 < best) {
                    best = rows[i - 2][j - 2] + 1;
                }
            }
            rows[i][j] = best;
        }
    }
    return rows[a.size][b.size];
}

static int fail_name(struct svcr_rule_fault *fault, const struct svcr_expr *call)
{
    svcr_text name = svcr_text_cut(call->name, 40);
    unsigned near = 3;
    const char *meant = NULL;
    for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
        if (svcr_text_same_nocase(call->name, strangers[i].name)) {
            return svcr_rule_fail(fault, call->offset, "there is no matcher %.*s here: %s",
                                  SVCR_ARG(name), strangers[i].instead);
        }
    }
    for (int i = SVCR_MATCHER_HOST; i < matchers_end && call->name.size < NEAR_NAME_MAX; i++) {
        unsigned steps = distance(call->name, matchers[i].name);
        if (steps < near && steps < matchers[i].name.size / 2) {
            near = steps;
            meant = matchers[i].name.data;
        }
    }
    if (meant != NULL) {
        return svcr_rule_fail(fault, call->offset, "there is no matcher %.*s; write %s",
                              SVCR_ARG(name), meant);
    }
    return svcr_rule_fail(fault, call->offset,
                          "there is no matcher %.*s; there are Host, HostRegexp, Path, PathPrefix, "
                          "PathRegexp, Method, Header, HeaderRegexp, Query, QueryRegexp, ClientIP",
                          SVCR_ARG(name));
}

/* ---- arguments ----------------------------------------------------------------------------- */

static int check_arguments(const struct svcr_expr *call, enum svcr_matcher matcher,
                           struct svcr_rule_fault *fault)
{
    const char *name = matchers[matcher].name.data;
    unsigned most = matchers[matcher].most;
    if (call->num_arguments < matchers[matcher].fewest) {
        return svcr_rule_fail(fault, call->offset + call->size - 1,
                              "%s needs %s; write for example %s", name,
                              most == 1                       ? "a value"
                              : matchers[matcher].fewest == 1 ? "a name"
                                                              : "a name and a value",
                              matchers[matcher].example);
    }
    if (call->num_arguments > most) {
        return svcr_rule_fail(fault, call->arguments[most].offset,
                              "%s takes no more than %s; write %s(...) || %s(...) for several",
                              name, most == 1 ? "one value" : "a name and one value", name, name);
    }
    for (uint32_t i = 0; i < call->num_arguments; i++) {
        if (call->arguments[i].value.size == 0) {
            return svcr_rule_fail(fault, call->arguments[i].offset, "%s with an empty %s%s", name,
                                  i + 1 < most ? "name" : "value",
                                  i > matchers[matcher].fewest - 1u ? "; leave it out" : "");
        }
    }
    return SVCROUTE_OK;
}

static int check_ascii(const struct svcr_argument *argument, const char *name,
                       struct svcr_rule_fault *fault)
{
    svcr_text value = argument->value;
    for (size_t i = 0; i < value.size; i++) {
        if ((uint8_t)value.data[i] >= 0x80) {
            return svcr_rule_fail(fault, svcr_argument_offset(argument, i),
                                  "%s takes ASCII only; write an international name as browsers "
                                  "send it (xn--...)",
                                  name);
        }
    }
    return SVCROUTE_OK;
}

static int check_path(const struct svcr_argument *argument, const char *name,
                      struct svcr_rule_fault *fault)
{
    svcr_text shown = svcr_text_cut(argument->value, 60);
    if (argument->value.data[0] == '/') {
        return SVCROUTE_OK;
    }
    return svcr_rule_fail(fault, argument->offset,
                          "%s takes what begins with \"/\"; write %s(`/%.*s`)", name, name,
                          SVCR_ARG(shown));
}

/* ---- values as they are compared ----------------------------------------------------------- */

char *svcr_host_lower(struct svcr_arena *arena, svcr_text host)
{
    char *out = svcr_arena_copy(arena, host.data, host.size);
    for (size_t i = 0; out != NULL && i < host.size; i++) {
        out[i] = svcr_lower(out[i]);
    }
    return out;
}

/* Upper case as Go has it. Beyond ASCII two letters matter, whose upper case is ASCII; with any
 * other the value equals no method, which is a token (RFC 9110 section 9.1). */
static char *method_upper(struct svcr_arena *arena, svcr_text *method)
{
    static const struct {
        svcr_text from;
        char to;
    } letters[] = {{SVCR_TEXT("\xc4\xb1"), 'I'}, {SVCR_TEXT("\xc5\xbf"), 'S'}};
    char *out = svcr_arena_alloc(arena, method->size);
    size_t size = 0, step;
    for (size_t i = 0; out != NULL && i < method->size; i += step) {
        svcr_text rest = {method->data + i, method->size - i};
        step = 1;
        out[size] = upper(method->data[i]);
        for (size_t j = 0; j < sizeof(letters) / sizeof(*letters); j++) {
            if (svcr_text_starts(rest, letters[j].from)) {
                out[size] = letters[j].to;
                step = letters[j].from.size;
            }
        }
        size++;
    }
    *method = (svcr_text){out, size};
    return out;
}

/* A header's name as Go writes it: each part between "-" capitalised. What is no name stays as it
 * is: nothing equals it. */
static char *header_canonical(struct svcr_arena *arena, svcr_text name)
{
    char *out = svcr_arena_copy(arena, name.data, name.size);
    bool first = true, token = (svcr_octets_shared(name) & SVCR_OCTET_TOKEN) != 0;
    for (size_t i = 0; out != NULL && token && i < name.size; i++) {
        out[i] = first ? upper(out[i]) : svcr_lower(out[i]);
        first = out[i] == '-';
    }
    return out;
}

/* ---- addresses ----------------------------------------------------------------------------- */

/* "8", "08": at most `most`; false for anything else. */
static bool read_bits(svcr_text text, uint32_t most, uint32_t *bits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t digit = (uint8_t)(text.data[i] - '0');
        value = value * 10 + digit;
        if (digit > 9 || value > most) {
            return false;
        }
    }
    *bits = value;
    return text.size > 0;
}

/* Address or network, as Go's net.ParseIP and net.ParseCIDR take them; IPv4 as IPv4-mapped IPv6. */
static int read_client(struct svcr_arena *arena, const struct svcr_argument *argument,
                       struct svcr_test *test, struct svcr_rule_fault *fault)
{
    svcr_text value = argument->value, address = value;
    const char *slash = memchr(value.data, '/', value.size);
    struct svcr_address parsed;
    char *out;
    if (slash != NULL) {
        address.size = (size_t)(slash - value.data);
    }
    svcr_address_parse(address, &parsed);
    uint32_t bits = parsed.size * 8u;
    if (parsed.size == 0) {
        const char *zone = memchr(address.data, '%', address.size);
        if (zone != NULL) {
            return svcr_rule_fail(fault,
                                  svcr_argument_offset(argument, (size_t)(zone - address.data)),
                                  "a rule's address has no zone; leave out what begins with %%");
        }
        return svcr_rule_fail(fault, svcr_argument_offset(argument, 0),
                              "%.*s is no IP address; write for example 192.0.2.1, 192.0.2.0/24 "
                              "or 2001:db8::/32",
                              SVCR_ARG(svcr_text_cut(address, 60)));
    }
    if (slash != NULL) {
        svcr_text length = {slash + 1, value.size - address.size - 1};
        if (!read_bits(length, bits, &bits)) {
            return svcr_rule_fail(fault, svcr_argument_offset(argument, address.size + 1),
                                  "the length of the network is a number from 0 to %u",
                                  parsed.size * 8u);
        }
    }
    out = svcr_arena_alloc(arena, 16);
    if (out == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    if (parsed.size == 4) {
        memset(out, 0, 10);
        memset(out + 10, 0xff, 2);
    }
    memcpy(out + 16 - parsed.size, parsed.bytes, parsed.size);
    test->bits = (uint8_t)(bits + 128 - parsed.size * 8u);
    test->value = (svcr_text){out, 16};
    return SVCROUTE_OK;
}

/* ---- calls --------------------------------------------------------------------------------- */

static int read_values(struct svcr_arena *arena, const struct svcr_expr *call,
                       struct svcr_test *test, struct svcr_rule_fault *fault)
{
    const struct svcr_argument *argument = &call->arguments[call->num_arguments - 1];
    const char *name = svcr_matcher_name((enum svcr_matcher)test->matcher), *copy = "";
    int status = SVCROUTE_OK;
    test->value = argument->value;
    switch ((enum svcr_matcher)test->matcher) {
    case SVCR_MATCHER_HOST:
        status = check_ascii(argument, name, fault);
        test->value.data = copy = svcr_host_lower(arena, test->value);
        break;
    case SVCR_MATCHER_HOST_REGEXP:
        status = check_ascii(argument, name, fault);
        break;
    case SVCR_MATCHER_PATH:
    case SVCR_MATCHER_PATH_PREFIX:
        status = check_path(argument, name, fault);
        break;
    case SVCR_MATCHER_METHOD:
        copy = method_upper(arena, &test->value);
        break;
    case SVCR_MATCHER_HEADER:
    case SVCR_MATCHER_HEADER_REGEXP:
        test->key = (svcr_text){header_canonical(arena, call->arguments[0].value),
                                call->arguments[0].value.size};
        copy = test->key.data;
        break;
    case SVCR_MATCHER_QUERY:
    case SVCR_MATCHER_QUERY_REGEXP:
        test->key = call->arguments[0].value;
        if (call->num_arguments == 1) {
            test->matcher = SVCR_MATCHER_QUERY; /* both: the parameter is there, without a value */
            test->value = SVCR_TEXT("");
        }
        break;
    case SVCR_MATCHER_CLIENT_IP:
        status = read_client(arena, argument, test, fault);
        break;
    case SVCR_MATCHER_PATH_REGEXP:
        break;
    }
    return status == SVCROUTE_OK && copy == NULL ? SVCROUTE_ERR_NOMEM : status;
}

int svcr_matcher_read(struct svcr_arena *arena, const struct svcr_expr *call,
                      struct svcr_test *test, struct svcr_rule_fault *fault)
{
    enum svcr_matcher matcher = svcr_matcher_find(call->name);
    if (matcher == 0) {
        return fail_name(fault, call);
    }
    int status = check_arguments(call, matcher, fault);
    if (status != SVCROUTE_OK) {
        return status;
    }
    *test = (struct svcr_test){.matcher = matcher, .offset = call->offset, .size = call->size};
    return read_values(arena, call, test, fault);
}
