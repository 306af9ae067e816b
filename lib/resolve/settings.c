/* Settings of a reference: strategy, durations, stickiness, checks, transport, middlewares, with
 * their defaults (behaviour sections 7 and 12). */
#include "resolve/resolver.h"

#include <stdio.h>

#include <svcroute/error.h>

#include "base/duration.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* One setting being read. */
struct reading {
    struct svcr_resolver *resolver;
    const struct svcr_reference *reference;
    struct svcr_spot spot;
    bool *good;
};

/* Notes that a setting is wrong; the diagnostic has been made by the caller. */
static void spoil(const struct reading *reading)
{
    *reading->good = false;
}

static void read_strategy(const struct reading *reading, struct svcr_tree_service *draft)
{
    static const struct {
        const char *name;
        uint32_t strategy;
    } names[] = {
        {"wrr", SVCROUTE_STRATEGY_WRR},
        {"p2c", SVCROUTE_STRATEGY_P2C},
        {"hrw", SVCROUTE_STRATEGY_HRW},
        {"leasttime", SVCROUTE_STRATEGY_LEASTTIME},
    };
    struct svcr_resolver *resolver = reading->resolver;
    svcr_text written = svcr_object_text(resolver->object, reading->reference->strategy);
    draft->strategy = SVCROUTE_STRATEGY_WRR;
    if (written.size == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (svcr_text_same(written, (svcr_text){names[i].name, strlen(names[i].name)})) {
            draft->strategy = names[i].strategy;
            return;
        }
    }
    if (svcr_text_same(written, SVCR_TEXT("RoundRobin"))) {
        if (resolver->traefik) {
            svcr_report_reference(resolver, SVCR_DIAG_OLD_STRATEGY, reading->reference,
                                  reading->spot, SVCR_REF_STRATEGY, "strategy",
                                  "RoundRobin is the old spelling; write wrr");
        }
        return;
    }
    struct svcr_quoted quoted;
    svcr_report_reference(resolver, SVCR_DIAG_BAD_STRATEGY, reading->reference, reading->spot,
                          SVCR_REF_STRATEGY, "strategy",
                          "strategy %s is unknown; write wrr, p2c, hrw or leasttime",
                          svcr_quote(&quoted, written));
    spoil(reading);
}

/* A duration given as integer (seconds) or text; *value keeps its default when it is absent. */
static void read_duration(const struct reading *reading, const struct svcr_int_or_text *written,
                          uint32_t place, uint32_t field, const char *path, int64_t *value)
{
    struct svcr_resolver *resolver = reading->resolver;
    enum svcr_duration_result result = SVCR_DURATION_OK;
    svcr_text text = svcr_object_text(resolver->object, written->text);
    if (written->kind == SVCR_VALUE_INTEGER) {
        result = svcr_duration_seconds(written->integer, resolver->traefik, value);
    } else if (written->kind == SVCR_VALUE_TEXT) {
        result = svcr_duration_parse(text, resolver->traefik, value);
    }
    if (result == SVCR_DURATION_OK) {
        return;
    }
    char buffer[SVCR_SPOT_MAX];
    struct svcr_quoted quoted;
    struct svcr_position at = svcr_object_position(resolver->object, place, field);
    svcr_text where = svcr_spot_text(reading->spot, path, buffer);
    if (result == SVCR_DURATION_OVERFLOW) {
        svcr_report(resolver, SVCR_DIAG_DURATION_OVERFLOW, 0, resolver->object, at, where,
                    "duration %s does not fit 64 bits of nanoseconds", svcr_quote(&quoted, text));
    } else {
        svcr_report(resolver, SVCR_DIAG_BAD_DURATION, 0, resolver->object, at, where,
                    "%s is no duration; write seconds, or text such as 500ms or 1m30s",
                    svcr_quote(&quoted, text));
    }
    spoil(reading);
}

static void read_flush_interval(const struct reading *reading, struct svcr_tree_service *draft)
{
    const struct svcr_reference *reference = reading->reference;
    struct svcr_int_or_text written = {.kind = SVCR_VALUE_TEXT, .text = reference->flush_interval};
    draft->flush_interval = 100 * MILLISECOND;
    if (reference->flush_interval.size != 0) {
        read_duration(reading, &written, reference->place, SVCR_REF_RESPONSE_FORWARDING,
                      "responseForwarding.flushInterval", &draft->flush_interval);
    }
}

static void read_health_check(const struct reading *reading, struct svcr_tree_service *draft)
{
    const struct svcr_health_check *health = &reading->reference->health;
    draft->has_health = health->given;
    if (!health->given) {
        return;
    }
    draft->interval = reading->resolver->traefik ? 30 * SECOND : 100 * MILLISECOND;
    draft->timeout = 5 * SECOND;
    read_duration(reading, &health->interval, health->place, SVCR_HEALTH_INTERVAL,
                  "healthCheck.interval", &draft->interval);
    draft->unhealthy_interval = draft->interval;
    read_duration(reading, &health->unhealthy_interval, health->place,
                  SVCR_HEALTH_UNHEALTHY_INTERVAL, "healthCheck.unhealthyInterval",
                  &draft->unhealthy_interval);
    read_duration(reading, &health->timeout, health->place, SVCR_HEALTH_TIMEOUT,
                  "healthCheck.timeout", &draft->timeout);
}

static void read_passive_check(const struct reading *reading, struct svcr_tree_service *draft)
{
    const struct svcr_passive_check *passive = &reading->reference->passive;
    draft->has_passive = passive->given != 0;
    if (!passive->given) {
        return;
    }
    draft->failure_window = 10 * SECOND;
    draft->max_failed_attempts =
        passive->max_failed_attempts.given ? passive->max_failed_attempts.value : 1;
    if (draft->max_failed_attempts > SVCR_TREE_ATTEMPTS_MAX) {
        char path[SVCR_SPOT_MAX];
        svcr_report(
            reading->resolver, SVCR_DIAG_TOO_MANY_ATTEMPTS, 0, reading->resolver->object,
            svcr_object_position(reading->resolver->object, passive->place, SVCR_PASSIVE_ATTEMPTS),
            svcr_spot_text(reading->spot, "passiveHealthCheck.maxFailedAttempts", path),
            "maxFailedAttempts %lld works as %d", (long long)draft->max_failed_attempts,
            SVCR_TREE_ATTEMPTS_MAX);
    }
    read_duration(reading, &passive->failure_window, passive->place, SVCR_PASSIVE_WINDOW,
                  "passiveHealthCheck.failureWindow", &draft->failure_window);
}

static svcr_text spelling_text(const struct svcr_spelling *spelling, char path[SVCR_SPOT_MAX])
{
    char field[64];
    if (spelling->listed) {
        snprintf(field, sizeof(field), "%s[%u].name", spelling->field, spelling->index);
    }
    return svcr_spot_text(spelling->spot, spelling->listed ? field : spelling->field, path);
}

/* Judges a name of an object that is known by name only, and writes its full name to
 * resolver->text. */
static bool read_name(struct svcr_resolver *resolver, svcr_text asked, svcr_text home,
                      svcr_text name, svcr_text namespace_, struct svcr_position at,
                      const struct svcr_spelling *spelling, bool *good)
{
    struct svcr_question question = {SVCR_REFERENCE_OBJECT, asked, home, name, namespace_};
    struct svcr_answer answer = svcr_reference_judge(resolver->policy, &question);
    struct svcr_quoted quoted;
    char path[SVCR_SPOT_MAX];
    if (answer.namespace_ignored && answer.refused == 0) {
        svcr_report(resolver, SVCR_DIAG_NAMESPACE_IGNORED, 0, resolver->object, at,
                    spelling_text(spelling, path), "the namespace beside %s has no effect",
                    svcr_quote(&quoted, name));
    }
    if (answer.refused != 0) {
        svcr_report(resolver, answer.refused, 0, resolver->object, at,
                    spelling_text(spelling, path), "the reference to %s is not allowed; %s",
                    svcr_quote(&quoted, name), svcr_reference_remedy(answer.refused));
        *good = false;
        return true;
    }
    resolver->text.size = 0;
    svcr_reference_name(&resolver->text, SVCR_REFERENCE_OBJECT, &answer, SVCR_TEXT_ABSENT);
    return !resolver->text.failed || svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
}

bool svcr_name_read(struct svcr_resolver *resolver, const struct svcr_name_ref *ref,
                    svcr_text asked, svcr_text home, const struct svcr_spelling *spelling,
                    svcr_text *full, bool *good)
{
    const struct svcr_object *object = resolver->object;
    bool fine = true;
    if (!read_name(resolver, asked, home, svcr_object_text(object, ref->name),
                   svcr_object_text(object, ref->namespace_),
                   svcr_object_position(object, ref->place, SVCR_NAME_REF_NAME), spelling, &fine)) {
        return false;
    }
    if (!fine) {
        *good = false;
        return true;
    }
    *full = svcr_unit_text(resolver);
    return full->data != NULL;
}

bool svcr_middlewares_read(struct svcr_resolver *resolver, struct svcr_list list, svcr_text asked,
                           svcr_text home, struct svcr_spot spot, const svcr_text **names,
                           uint32_t *num, bool *good)
{
    const struct svcr_name_ref *refs = svcr_object_items(resolver->object, list);
    *num = 0;
    *names = NULL;
    if (list.num == 0) {
        return true;
    }
    svcr_text *texts = svcr_arena_zalloc(&resolver->unit_arena, list.num, sizeof(*texts));
    if (texts == NULL) {
        return svcr_fail(resolver, SVCROUTE_ERR_NOMEM);
    }
    for (uint32_t i = 0; i < list.num; i++) {
        struct svcr_spelling spelling = {spot, "middlewares", true, i};
        if (!svcr_name_read(resolver, &refs[i], asked, home, &spelling, &texts[i], good)) {
            return false;
        }
    }
    *names = texts;
    *num = list.num;
    return true;
}

static bool read_transport(const struct reading *reading, svcr_text asked,
                           struct svcr_tree_service *draft)
{
    struct svcr_resolver *resolver = reading->resolver;
    const struct svcr_reference *reference = reading->reference;
    svcr_text written = svcr_object_text(resolver->object, reference->servers_transport);
    if (written.size == 0) {
        return true;
    }
    struct svcr_spelling spelling = {.spot = reading->spot, .field = "serversTransport"};
    bool fine = true;
    if (!read_name(
            resolver, asked, draft->namespace_, written, SVCR_TEXT_ABSENT,
            svcr_object_position(resolver->object, reference->place, SVCR_REF_SERVERS_TRANSPORT),
            &spelling, &fine)) {
        return false;
    }
    if (!fine) {
        spoil(reading);
        return true;
    }
    draft->servers_transport = svcr_unit_text(resolver);
    return draft->servers_transport.data != NULL;
}

bool svcr_settings_read(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                        struct svcr_spot spot, struct svcr_tree_service *draft, bool *good)
{
    struct reading reading = {resolver, reference, spot, good};
    /* The reference asks the Service's namespace for the right to use these names, where the
     * holder's should be asked; plain names are those of the Service's namespace either way. */
    svcr_text asked = resolver->traefik ? draft->namespace_ : resolver->namespace_;
    read_strategy(&reading, draft);
    read_flush_interval(&reading, draft);
    read_health_check(&reading, draft);
    read_passive_check(&reading, draft);
    draft->cookie = reference->cookie.given ? &reference->cookie : NULL;
    return read_transport(&reading, asked, draft) &&
           svcr_middlewares_read(resolver, reference->middlewares, asked, draft->namespace_, spot,
                                 &draft->middlewares, &draft->num_middlewares, good) &&
           resolver->error == 0;
}
