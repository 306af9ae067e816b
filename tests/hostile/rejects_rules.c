/* Rules that are refused, and the character that is told of: each in every way that YAML and JSON
 * have of writing it, by a writer that notes where it puts each byte. The route stays, its
 * neighbours too, and no request takes it. */
#include <stdio.h>

#include "matching.h"

#define AT "\x01" /* stands ahead of the character at fault; left out */

static const char *const rules[] = {
    /* Matchers. */
    AT "Hots(`h`)",
    "Host(`h`) && " AT "Hots(`h`)",
    "Host(`h`) && " AT "hOST(`h`)",
    "Header(`\xc3\xa9`, `\xe2\x82\xac`) && " AT "Hots(`\xf0\x9f\x98\x80`)",
    "!(Host(`h`) || " AT "Headers(`a`, `b`))",
    AT "HostSNI(`h`)",
    AT "\xc3\xa9(`h`)",
    "Host" AT,
    "Host" AT "`h`",
    "Host " AT "&& Path(`/`)",
    "(Host" AT ")(`h`)",
    AT "`h`",
    "Host(`h`) && " AT "123",
    /* Values. */
    "Host(" AT,
    "Host(" AT ")",
    "Host(" AT "h)",
    "Host(" AT "``)",
    "Host(" AT "\"\")",
    "Host(" AT "'h')",
    "Host(" AT "(`h`))",
    "Host(`h`" AT,
    "Host(`h`, " AT "`i`)",
    "Host(`h`," AT ",)",
    "Host(`h` " AT "+ `i`)",
    "Host(`h` " AT "`i`)",
    "Header(`k`" AT ")",
    "Header(" AT "``, `v`)",
    "Header(`k`, " AT "``)",
    "Header(`k`, `v`, " AT "`w`)",
    "Query(`k`, " AT "``)",
    "Query(`k`, `v`, " AT "`w`)",
    "Method(" AT "``)",
    "Path(" AT "`x`)",
    "PathPrefix(" AT "`x`)",
    "Host(`h" AT "\xc3\xa9`)",
    "HostRegexp(`" AT "\xc3\xa9`)",
    "ClientIP(`" AT "300.0.0.1`)",
    "ClientIP(`" AT "::1::`)",
    "ClientIP(`10.0.0.0/" AT "33`)",
    "ClientIP(`2001:db8::/" AT "129`)",
    "ClientIP(`fe80::1" AT "%eth0`)",
    /* Quotes and comments. */
    "Host(" AT "`h",
    "Host(`h`) && Host(" AT "\"h)",
    "Host(\"" AT "\\q\")",
    "Host(\"" AT "\\xzz\")",
    "Host(`h`) " AT "/* x",
    AT "//line a:0\nHost(`h`)",
    /* Operators. */
    "Host(`h`) " AT "Host(`i`)",
    "Host(`h`) " AT "& Host(`i`)",
    "Host(`h`) " AT "| Host(`i`)",
    "Host(`h`) " AT "and Host(`i`)",
    "Host(`h`) " AT "OR Host(`i`)",
    "Host(`h`)" AT ", Host(`i`)",
    "Host(`h`) " AT "== Host(`i`)",
    "Host(`h`) && " AT,
    "Host(`h`) ||" AT,
    AT "&& Host(`h`)",
    "Host(`h`) && " AT "|| Path(`/`)",
    "!" AT,
    "!" AT ")",
    "Host(`h`)" AT ";",
    "Host(`h`) && " AT "#",
    "Host(`h`) && " AT "\xe2\x88\xa7",
    /* Parentheses. */
    "(Host(`h`)" AT,
    "Host(`h`)" AT ")",
    "(" AT ")",
    "((Host(`h`) && " AT "))",
    /* Line breaks. */
    "Host(`h`)\n" AT "&& Path(`/`)",
    "Host(`h`)\n\n" AT "|| Path(`/`)",
    "Host(`h`) &&\n  Path(`/`) &&\n  " AT "Hots(`h`)",
    "Host(`h`) && // c\n/* \xc3\xa9\n */ " AT "Hots(`h`)",
    "Host(`h`) &&\n\n\tPath(`/`) " AT "Path(`/`)",
};

/* In a build with regular expressions. */
static const char *const expressions[] = {
    "PathRegexp(`a" AT "**`)",
    "PathRegexp(`a" AT "{1001}`)",
    "PathRegexp(`[" AT "b-a]`)",
    "PathRegexp(`x" AT "\\k`)",
    "PathRegexp(`" AT "*`)",
    "PathRegexp(`x" AT "(?=y)`)",
    "Host(`h`) || HeaderRegexp(`k`, `\xc3\xa9" AT "[a`)",
    "PathRegexp(" AT "\"a\\x2a*\")", /* not as written: the value's place */
};

/* ---- writing ---- */

enum style { PLAIN, SINGLE, DOUBLE, ESCAPES, LITERAL, FOLDED, JSON, NUM_STYLES };
static const char *const style_names[NUM_STYLES] = {
    "plain", "single quotes", "double quotes", "escapes", "literal", "folded", "JSON"};

struct written {
    struct input input;
    uint32_t line, column;             /* where the next character goes */
    uint32_t fault_line, fault_column; /* where the one at fault went */
};

static void put(struct written *written, const char *text)
{
    for (; *text != '\0'; text++) {
        input_add(&written->input, text, 1);
        if (*text == '\n') {
            written->line++;
            written->column = 1;
        } else {
            written->column += ((unsigned char)*text & 0xc0) != 0x80;
        }
    }
}

static bool has(const char *text, const char *bytes)
{
    return strpbrk(text, bytes) != NULL;
}

/* Whether a rule can be written so that it is read as it is. */
static bool suits(enum style style, const char *rule)
{
    char first[2] = {rule[0] == AT[0] ? rule[1] : rule[0], '\0'};
    size_t size = strlen(rule), last = rule[size - 1] == AT[0] ? size - 2 : size - 1;
    switch (style) {
    case PLAIN:
        return !has(rule, "\n\t") && !has(first, "`&!|'\"#*") && rule[last] != ' ' &&
               strstr(rule, " " AT "#") == NULL;
    case SINGLE:
    case FOLDED:
        return !has(rule, "\n") && rule[last] != ' ';
    case LITERAL:
        return rule[last] != ' ';
    default:
        return true;
    }
}

/* One character of the rule. */
static void put_character(struct written *written, enum style style, const char *at, size_t size)
{
    char text[32] = "";
    bool quoted = style == DOUBLE || style == JSON || style == ESCAPES;
    memcpy(text, at, size);
    if (quoted && has(text, "\"\\\n\t")) {
        char letter = (char)(*at == '\n' ? 'n' : *at == '\t' ? 't' : *at);
        snprintf(text, sizeof(text), "\\%c", letter);
    } else if (style == ESCAPES && size == 1 && *at != ' ') {
        snprintf(text, sizeof(text), "\\x%02x", (unsigned)*at);
    } else if (style == SINGLE && *at == '\'') {
        snprintf(text, sizeof(text), "''");
    } else if (style == LITERAL && *at == '\n') {
        snprintf(text, sizeof(text), "\n      ");
    }
    put(written, text);
}

static void put_rule(struct written *written, enum style style, const char *rule)
{
    static const char *const begins[NUM_STYLES] = {"",           "'",          "\"", "\"",
                                                   "|-\n      ", ">-\n      ", "\""};
    static const char *const ends[NUM_STYLES] = {"", "'", "\"", "\"", "", "", "\""};
    put(written, begins[style]);
    for (const char *at = rule; *at != '\0';) {
        size_t size = 1;
        if (*at == AT[0]) {
            written->fault_line = written->line;
            written->fault_column = written->column;
        } else {
            while (((unsigned char)at[size] & 0xc0) == 0x80) {
                size++;
            }
            put_character(written, style, at, size);
        }
        at += size;
    }
    put(written, ends[style]);
}

/* The rule between two good ones. */
static void write_documents(struct written *written, enum style style, const char *rule)
{
    bool json = style == JSON;
    *written = (struct written){.line = 1, .column = 1};
    put(written,
        json ? "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},"
               "\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"port\":80}]}}\n"
               "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\n"
               "\"metadata\":{\"name\":\"r\"},\"spec\":{\"routes\":[\n"
               "{\"match\":\"Host(`h`)\",\"priority\":1,\"services\":[{\"name\":\"web\","
               "\"port\":80,\"nativeLB\":true}]},\n{\"match\": "
             : "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
               "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n"
               "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n"
               "metadata: {name: r}\nspec:\n  routes:\n"
               "  - match: Host(`h`)\n    priority: 1\n"
               "    services: [{name: web, port: 80, nativeLB: true}]\n"
               "  - match: ");
    put_rule(written, style, rule);
    put(written, json ? ",\"services\":[{\"name\":\"web\",\"port\":80,\"nativeLB\":true}]},\n"
                        "{\"match\":\"Host(`i`)\",\"services\":[{\"name\":\"web\",\"port\":80,"
                        "\"nativeLB\":true}]}]}}\n"
                      : "\n    services: [{name: web, port: 80, nativeLB: true}]\n"
                        "  - match: Host(`i`)\n"
                        "    services: [{name: web, port: 80, nativeLB: true}]\n");
}

/* ---- checking ---- */

static bool same(struct svcroute_text text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static void check_diagnostic(const struct matching *matching, const struct written *written,
                             const char *name)
{
    struct svcroute_diag_info info = {.size = sizeof(info)};
    check(svcroute_diags_num(matching->diags) == 1, name, "%zu diagnostics",
          svcroute_diags_num(matching->diags));
    if (svcroute_diags_get(matching->diags, 0, &info) != SVCROUTE_OK) {
        return;
    }
    check(same(info.id_name, "rule-syntax") && info.severity == SVCROUTE_SEVERITY_ERROR, name,
          "%.*s", (int)info.id_name.size, info.id_name.data);
    check(info.line == written->fault_line && info.column == written->fault_column, name,
          "%u:%u, expected %u:%u: %.*s", info.line, info.column, written->fault_line,
          written->fault_column, (int)info.text.size, info.text.data);
    check(same(info.field, "spec.routes[1].match") && info.text.size > 0 &&
              memchr(info.text.data, '\n', info.text.size) == NULL,
          name, "field %.*s, text %.*s", (int)info.field.size, info.field.data, (int)info.text.size,
          info.text.data);
}

static void check_routes(const struct matching *matching, const char *name)
{
    static const char *const hosts[] = {"h", "i", "j"};
    const struct svcroute_route *route;
    check(svcroute_table_num_routes(matching->table) == 3, name, "%zu routes",
          svcroute_table_num_routes(matching->table));
    for (uint32_t i = 0; i < 3; i++) {
        struct svcroute_match_request request = request_of(hosts[i], "/");
        struct svcroute_route_info info = {.size = sizeof(info)};
        int error = svcroute_table_match(matching->table, &request, &route);
        bool good = i == 2 ? error == SVCROUTE_ERR_NOT_FOUND
                           : error == SVCROUTE_OK &&
                                 svcroute_route_get_info(matching->table, route, &info) == 0 &&
                                 info.index == 2 * i;
        check(good, name, "host %s: %s, route %u", hosts[i], svcroute_error_name(error),
              info.index);
    }
}

static void run_rule(const char *rule, enum style style, uint32_t profile)
{
    struct counting counting;
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct matching matching;
    struct written written;
    char name[400];
    snprintf(name, sizeof(name), "%s (%s)", rule, style_names[style]);
    write_documents(&written, style, rule);
    matching_init(&matching, context, profile);
    matching_load(&matching, &written.input);
    matching_resolve(&matching);
    check_diagnostic(&matching, &written, name);
    check_routes(&matching, name);
    matching_free(&matching);
    input_free(&written.input);
    svcroute_context_unref(context);
    check(counting.live == 0 && !counting.wrong, name, "memory does not come back as it was given");
}

/* One level more than there may be. */
static void run_deep(char sign)
{
    char rule[300];
    memset(rule, sign, sizeof(rule));
    rule[256] = AT[0];
    snprintf(rule + 258, sizeof(rule) - 258, "Path(`/`)");
    run_rule(rule, JSON, SVCROUTE_PROFILE_DEFAULT);
    run_rule(rule, LITERAL, SVCROUTE_PROFILE_DEFAULT);
}

static void run_list(const char *const *list, size_t num, size_t suited[NUM_STYLES])
{
    for (size_t i = 0; i < num; i++) {
        for (enum style style = PLAIN; style < NUM_STYLES; style++) {
            if (suits(style, list[i])) {
                suited[style]++;
                run_rule(list[i], style, SVCROUTE_PROFILE_DEFAULT);
                run_rule(list[i], style, SVCROUTE_PROFILE_TRAEFIK_V3);
            }
        }
    }
}

void run_rule_rejects(void)
{
    size_t suited[NUM_STYLES] = {0};
    run_deep('!');
    run_deep('(');
    run_list(rules, sizeof(rules) / sizeof(rules[0]), suited);
    if (matching_has_regexps()) {
        run_list(expressions, sizeof(expressions) / sizeof(expressions[0]), suited);
    }
    for (enum style style = PLAIN; style < NUM_STYLES; style++) {
        check(suited[style] > 45, style_names[style], "only %zu rules", suited[style]);
    }
}
