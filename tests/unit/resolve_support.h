/* What the suites of resolving share: policies by a line of text, tables as text (export,
 * diagnostics, what every getter tells), and a check that nothing is left behind. */
#ifndef RESOLVE_SUPPORT_H
#define RESOLVE_SUPPORT_H

#include <svcroute/policy.h>
#include <svcroute/table.h>

#include "store_tools.h"

/* Check notes every assertion that it passes, which takes longer than most of what these suites do
 * many thousand times over; these here speak up on failure alone. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ck_abort_msg("%s", #condition);                                                        \
        }                                                                                          \
    } while (0)
#define must_int_eq(a, b)                                                                          \
    do {                                                                                           \
        long long must_a = (long long)(a), must_b = (long long)(b);                                \
        if (must_a != must_b) {                                                                    \
            ck_abort_msg("%s is %lld, not %lld", #a, must_a, must_b);                              \
        }                                                                                          \
    } while (0)
#define must_uint_eq(a, b)                                                                         \
    do {                                                                                           \
        unsigned long long must_a = (unsigned long long)(a);                                       \
        unsigned long long must_b = (unsigned long long)(b);                                       \
        if (must_a != must_b) {                                                                    \
            ck_abort_msg("%s is %llu, not %llu", #a, must_a, must_b);                              \
        }                                                                                          \
    } while (0)
#define must_int_ge(a, b) must((a) >= (b))
#define must_uint_lt(a, b) must((a) < (b))
#define must_ptr_eq(a, b) must((const void *)(a) == (const void *)(b))
#define must_ptr_nonnull(a) must((a) != NULL)
#define must_ptr_null(a) must((a) == NULL)

/* ---- growing text ---- */

struct picture {
    char *data;
    size_t size, capacity;
};

static inline void picture_add_bytes(struct picture *out, const char *data, size_t size)
{
    must_uint_lt(size, SIZE_MAX / 4);
    if (out->size + size + 1 > out->capacity) {
        out->capacity = 2 * (out->size + size) + 256;
        out->data = realloc(out->data, out->capacity);
        must_ptr_nonnull(out->data);
    }
    if (size != 0) {
        memcpy(out->data + out->size, data, size);
    }
    out->size += size;
    out->data[out->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static inline void picture_add(struct picture *out,
                                                                     const char *format, ...)
{
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    must_int_ge(size, 0);
    picture_add_bytes(out, line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

/* Absent, empty and given are told apart. */
static inline void picture_text(struct picture *out, const char *key, svcr_text text)
{
    if (text.data == NULL) {
        picture_add(out, " %s-", key);
        must_uint_eq(text.size, 0);
        return;
    }
    picture_add(out, " %s=", key);
    picture_add_bytes(out, text.data, text.size);
}

static inline void picture_free(struct picture *out)
{
    free(out->data);
    *out = (struct picture){0};
}

static inline bool picture_same(const struct picture *a, const struct picture *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static inline void check_picture(const struct picture *a, const struct picture *b, const char *what)
{
    size_t at = 0;
    if (picture_same(a, b)) {
        return;
    }
    while (at < a->size && at < b->size && a->data[at] == b->data[at]) {
        at++;
    }
    size_t from = at > 300 ? at - 300 : 0;
    ck_abort_msg("%s differs at byte %zu:\n%.*s\n----\n%.*s", what, at,
                 (int)(a->size - from < 700 ? a->size - from : 700), a->data ? a->data + from : "",
                 (int)(b->size - from < 700 ? b->size - from : 700), b->data ? b->data + from : "");
}

/* ---- a table as text ---- */

static inline struct picture export_picture(const struct svcroute_table *table, uint32_t format)
{
    struct picture out = {0};
    struct svcroute_export *export = NULL;
    must_int_eq(svcroute_table_export(&export, table, format), 0);
    svcr_text text = svcroute_export_get_text(export);
    picture_add_bytes(&out, text.data, text.size);
    svcroute_export_free(export);
    return out;
}

static inline struct picture diags_picture(const struct svcroute_diags *diags)
{
    struct picture out = {0};
    for (size_t i = 0; i < svcroute_diags_num(diags); i++) {
        struct svcroute_diag_info info = {.size = sizeof(info)};
        must_int_eq(svcroute_diags_get(diags, i, &info), 0);
        picture_add(&out, "%u %u %.*s:%u:%u %.*s %.*s/%.*s %.*s: %.*s\n", info.id, info.severity,
                    SVCR_ARG(info.source), info.line, info.column, SVCR_ARG(info.kind),
                    SVCR_ARG(info.namespace_), SVCR_ARG(info.name), SVCR_ARG(info.field),
                    SVCR_ARG(info.text));
    }
    return out;
}

static inline struct picture table_diags_picture(const struct svcroute_table *table,
                                                 struct svcroute_context *context)
{
    struct svcroute_diags *diags = NULL;
    must_int_eq(svcroute_diags_new(&diags, context), 0);
    must_int_eq(svcroute_table_get_diags(table, diags), 0);
    must_uint_eq(svcroute_diags_num_dropped(diags), 0);
    struct picture out = diags_picture(diags);
    svcroute_diags_free(diags);
    return out;
}

/* All that the getters tell of one route, but not how its service fares. */
static inline void route_picture(struct picture *out, const struct svcroute_table *table,
                                 const struct svcroute_route *route)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    must_int_eq(svcroute_route_get_info(table, route, &info), 0);
    picture_text(out, "name", info.name);
    picture_text(out, "namespace", info.namespace_);
    picture_text(out, "of", info.ingress_route);
    picture_text(out, "rule", info.rule);
    picture_text(out, "syntax", info.rule_syntax);
    picture_text(out, "service", info.service);
    picture_text(out, "resolver", info.cert_resolver);
    picture_text(out, "options", info.tls_options);
    picture_text(out, "verbosity", info.trace_verbosity);
    picture_add(out, " %u %lld %lld %u %u %u %u %u", info.index, (long long)info.priority,
                (long long)info.effective_priority, info.has_tls, info.has_observability,
                info.access_logs, info.metrics, info.tracing);
    for (uint32_t i = 0; i <= info.num_entry_points; i++) {
        picture_text(out, "entry", svcroute_route_get_entry_point(route, i));
    }
    for (uint32_t i = 0; i <= info.num_middlewares; i++) {
        picture_text(out, "middleware", svcroute_route_get_middleware(route, i));
    }
    for (uint32_t i = 0; i <= info.num_parents; i++) {
        picture_text(out, "parent", svcroute_route_get_parent(table, route, i));
    }
    for (uint32_t i = 0; i <= info.num_tls_domains; i++) {
        size_t sans = 99;
        picture_text(out, "domain", svcroute_route_get_tls_domain(route, i, &sans));
        for (size_t j = 0; j <= sans; j++) {
            picture_text(out, "san", svcroute_route_get_tls_san(route, i, j));
        }
    }
}

static inline void server_picture(struct picture *out, const struct svcroute_service *service,
                                  size_t index)
{
    struct svcroute_server_info info = {.size = sizeof(info)};
    must_int_eq(svcroute_service_get_server(service, index, &info), 0);
    picture_text(out, "\n  server", info.url);
    picture_text(out, "scheme", info.scheme);
    picture_text(out, "host", info.host);
    picture_text(out, "node", info.node);
    picture_text(out, "zone", info.zone);
    for (size_t i = 0; i < info.address.size; i++) {
        picture_add(out, "%02x", (unsigned char)info.address.data[i]);
    }
    picture_add(out, " %lld %u %u", (long long)info.port, info.fenced, info.occurrence);
    for (size_t i = 0; i <= info.num_hints; i++) {
        picture_text(out, "hint", svcroute_server_get_hint(service, index, i));
    }
}

static inline void settings_picture(struct picture *out, const struct svcroute_service *service)
{
    struct svcroute_cookie_info cookie = {.size = sizeof(cookie)};
    struct svcroute_health_check_info health = {.size = sizeof(health)};
    struct svcroute_passive_check_info passive = {.size = sizeof(passive)};
    if (svcroute_service_get_cookie(service, &cookie) == 0) {
        picture_text(out, "\n  cookie", cookie.name);
        picture_text(out, "path", cookie.path);
        picture_text(out, "domain", cookie.domain);
        picture_text(out, "site", cookie.same_site);
        picture_add(out, " %lld %u %u", (long long)cookie.max_age, cookie.secure, cookie.http_only);
    }
    if (svcroute_service_get_health_check(service, &health) == 0) {
        svcr_text name, value;
        picture_text(out, "\n  health", health.path);
        picture_text(out, "scheme", health.scheme);
        picture_text(out, "mode", health.mode);
        picture_text(out, "method", health.method);
        picture_text(out, "host", health.hostname);
        picture_add(out, " %lld %lld %lld %lld %lld %u", (long long)health.interval,
                    (long long)health.unhealthy_interval, (long long)health.timeout,
                    (long long)health.status, (long long)health.port, health.follow_redirects);
        for (size_t i = 0; svcroute_service_get_health_header(service, i, &name, &value) == 0;
             i++) {
            picture_text(out, "header", name);
            picture_text(out, "value", value);
        }
    }
    if (svcroute_service_get_passive_check(service, &passive) == 0) {
        picture_add(out, "\n  passive %lld %lld", (long long)passive.failure_window,
                    (long long)passive.max_failed_attempts);
    }
}

/* The same of one service; of its children the names, roles, weights and percentages. */
static inline void service_picture(struct picture *out, const struct svcroute_table *table,
                                   const struct svcroute_service *service)
{
    struct svcroute_service_info info = {.size = sizeof(info)};
    must_int_eq(svcroute_service_get_info(service, &info), 0);
    picture_text(out, "name", info.name);
    picture_text(out, "base", info.base_name);
    picture_text(out, "namespace", info.namespace_);
    picture_text(out, "object", info.object);
    picture_text(out, "port", info.port);
    picture_text(out, "transport", info.servers_transport);
    picture_add(out, " %u %u %u %u %u %u %u %u %u %u %u %u %u %lld %lld %lld", info.kind, info.type,
                info.strategy, info.pass_host_header, info.has_cookie, info.has_health_check,
                info.has_passive_check, info.mirror_body, info.max_body_size_given,
                info.max_request_body_given, info.own_of_route, info.depth, info.num_error_status,
                (long long)info.flush_interval, (long long)info.max_body_size,
                (long long)info.max_request_body_bytes);
    for (uint32_t i = 0; i <= info.num_middlewares; i++) {
        picture_text(out, "middleware", svcroute_service_get_middleware(service, i));
    }
    for (uint32_t i = 0; i <= info.num_error_status; i++) {
        picture_text(out, "status", svcroute_service_get_error_status(service, i));
    }
    settings_picture(out, service);
    for (uint32_t i = 0; i < info.num_children; i++) {
        struct svcroute_child_info child = {.size = sizeof(child)};
        must_int_eq(svcroute_service_get_child(table, service, i, &child), 0);
        picture_text(out, "\n  child", child.name);
        picture_add(out, " %u %lld %lld", child.role, (long long)child.weight,
                    (long long)child.percent);
    }
    for (uint32_t i = 0; i < info.num_servers; i++) {
        server_picture(out, service, i);
    }
}

static inline struct picture explain_picture(struct svcroute_table *table, svcr_text name)
{
    struct picture out = {0};
    struct svcroute_explanation *explanation = NULL;
    int error = svcroute_table_explain(&explanation, table, name);
    if (error != 0) {
        must_int_eq(error, SVCROUTE_ERR_NOT_FOUND);
        must_ptr_null(explanation);
        picture_add(&out, "not found\n");
        return out;
    }
    for (size_t i = 0; i < svcroute_explanation_num(explanation); i++) {
        struct svcroute_step_info step = {.size = sizeof(step)};
        must_int_eq(svcroute_explanation_get(explanation, i, &step), 0);
        picture_add(&out, "%u %u %.*s:%u:%u", step.depth, step.severity, SVCR_ARG(step.source),
                    step.line, step.column);
        picture_text(&out, "kind", step.kind);
        picture_text(&out, "namespace", step.namespace_);
        picture_text(&out, "name", step.name);
        picture_text(&out, "field", step.field);
        picture_text(&out, "text", step.text);
        picture_add(&out, "\n");
    }
    svcroute_explanation_free(explanation);
    return out;
}

/* ---- policies ---- */

/* Words: "cross", "external", "empty", "native", "nonodes", "local", "unkeyed", "checks" turn
 * switches on, "traefik" sets the profile, "key:SECRET" and "oldkey:SECRET" those of cookies, "class:NAME",
 * "at:NAMESPACE" and "watch:NAMESPACE" add what their calls add ("at:" alone forbids). */
static inline void policy_word(struct svcroute_policy *policy, svcr_text word)
{
    static const struct {
        const char *word;
        uint32_t which;
    } switches[] = {
        {"cross", SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE},
        {"external", SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME},
        {"empty", SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES},
        {"native", SVCROUTE_POLICY_NATIVE_LB_BY_DEFAULT},
        {"nonodes", SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE},
        {"local", SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES},
        {"unkeyed", SVCROUTE_POLICY_READ_UNKEYED_COOKIES},
        {"checks", SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS},
        {"unruly", SVCROUTE_POLICY_IGNORE_RULES},
    };
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (svcr_text_same(word, text_of(switches[i].word))) {
            must_int_eq(svcroute_policy_set_switch(policy, switches[i].which, true), 0);
            return;
        }
    }
    if (svcr_text_same(word, SVCR_TEXT("traefik"))) {
        must_int_eq(svcroute_policy_set_profile(policy, SVCROUTE_PROFILE_TRAEFIK_V3), 0);
        return;
    }
    const char *colon = memchr(word.data, ':', word.size);
    must_ptr_nonnull(colon);
    size_t size = (size_t)(colon - word.data);
    svcr_text rest = {colon + 1, word.size - size - 1};
    if (size == 5 && memcmp(word.data, "class", 5) == 0) {
        must_int_eq(svcroute_policy_set_ingress_class(policy, rest), 0);
    } else if (size == 3) {
        must_int_eq(svcroute_policy_set_cookie_secret(policy, rest), 0);
    } else if (size == 6) {
        must_int_eq(svcroute_policy_set_old_cookie_secret(policy, rest), 0);
    } else if (size == 2) {
        must_int_eq(svcroute_policy_add_cross_provider_namespace(policy, rest), 0);
    } else {
        must_int_eq(svcroute_policy_add_namespace(policy, rest), 0);
    }
}

static inline struct svcroute_policy *policy_of(struct svcroute_context *context, const char *words)
{
    struct svcroute_policy *policy = NULL;
    must_int_eq(svcroute_policy_new(&policy, context), 0);
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (size != 0) {
            policy_word(policy, (svcr_text){words, size});
        }
        words += size + (words[size] == ' ' ? 1 : 0);
    }
    return policy;
}

/* ---- a world with a table ---- */

static inline struct svcroute_table *resolve_with(struct world *world, const char *words,
                                                  struct svcroute_table *previous)
{
    struct svcroute_table *table = NULL;
    struct svcroute_policy *policy = policy_of(world->context, words);
    svcroute_diags_clear(world->diags);
    must_int_eq(svcroute_resolve(&table, world->store, policy, previous, world->diags), 0);
    must_ptr_nonnull(table);
    svcroute_policy_free(policy);
    return table;
}

/* A table of one text. */
static inline struct svcroute_table *table_of(struct world *world, const char *text,
                                              const char *words)
{
    world_open(world);
    must_int_eq(load(world, text), 0);
    must_uint_eq(world->result.rejected, 0);
    return resolve_with(world, words, NULL);
}

static inline void table_close(struct world *world, struct svcroute_table *table)
{
    svcroute_table_unref(table);
    world_close(world);
}

static inline bool text_equals(svcr_text text, const char *expected)
{
    return svcr_text_same(text, text_of(expected));
}

#define ck_assert_text(text, expected)                                                             \
    do {                                                                                           \
        svcr_text text_ = (text);                                                                  \
        ck_assert_msg(text_equals(text_, (expected)), "\"%.*s\" is not \"%s\"", SVCR_ARG(text_),   \
                      (expected));                                                                 \
    } while (0)

static inline const struct svcroute_service *service_named(const struct svcroute_table *table,
                                                           const char *name)
{
    const struct svcroute_service *service = svcroute_table_find_service(table, text_of(name));
    ck_assert_msg(service != NULL, "there is no service %s", name);
    return service;
}

static inline const struct svcroute_route *route_named(const struct svcroute_table *table,
                                                       const char *name)
{
    const struct svcroute_route *route = svcroute_table_find_route(table, text_of(name));
    ck_assert_msg(route != NULL, "there is no route %s", name);
    return route;
}

static inline struct svcroute_service_info service_info(const struct svcroute_service *service)
{
    struct svcroute_service_info info = {.size = sizeof(info)};
    must_int_eq(svcroute_service_get_info(service, &info), 0);
    return info;
}

static inline struct svcroute_route_info route_info(const struct svcroute_table *table,
                                                    const struct svcroute_route *route)
{
    struct svcroute_route_info info = {.size = sizeof(info)};
    must_int_eq(svcroute_route_get_info(table, route, &info), 0);
    return info;
}

/* ---- random numbers (splitmix64) ---- */

struct dice {
    uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* From 0 to below. */
static inline uint32_t dice_roll(struct dice *dice, uint32_t below)
{
    return (uint32_t)((dice_next(dice) >> 32) * below >> 32);
}

static inline bool dice_once_in(struct dice *dice, uint32_t times)
{
    return dice_roll(dice, times) == 0;
}

#endif
