/* Clusters with rules, and requests for them. */
#include "matching.h"

#include <stdio.h>

void add_text(struct input *input, const char *text)
{
    input_add(input, text, strlen(text));
}

void add_json(struct input *input, const char *text, size_t size)
{
    add_text(input, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ') {
            input_print(input, "\\u%04x", c);
        } else if (c == '"' || c == '\\') {
            input_add(input, (const char[]){'\\', text[i]}, 2);
        } else {
            input_add(input, text + i, 1);
        }
    }
    add_text(input, "\"");
}

void add_web(struct input *input)
{
    add_text(input, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},"
                    "\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"name\":\"p\",\"port\":80}]"
                    "}}\n"
                    "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\","
                    "\"metadata\":{\"name\":\"web\",\"labels\":{\"kubernetes.io/service-name\":"
                    "\"web\"}},\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"p\",\"port\":8080}],"
                    "\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]}\n");
}

void add_object(struct input *input, const char *name, const char *spec)
{
    input_print(input,
                "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":{"
                "\"name\":\"%s\"},\"spec\":{",
                name);
    add_text(input, spec);
    add_text(input, "\"routes\":[");
}

void add_rule(struct input *input, const char *name, const char *rule, size_t size)
{
    add_object(input, name, "");
    add_text(input, "{\"match\":");
    add_json(input, rule, size);
    add_text(input, TO_WEB "}" OBJECT_END);
}

static void must(int error, const char *what)
{
    if (error != SVCROUTE_OK) {
        printf("%s\n", svcroute_error_name(error));
        give_up(what);
    }
}

void matching_init(struct matching *matching, struct svcroute_context *context, uint32_t profile)
{
    *matching = (struct matching){.context = context};
    must(svcroute_store_new(&matching->store, context), "store");
    must(svcroute_diags_new(&matching->diags, context), "diags");
    must(svcroute_policy_new(&matching->policy, context), "policy");
    must(svcroute_policy_set_profile(matching->policy, profile), "profile");
}

void matching_load(struct matching *matching, const struct input *input)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    must(svcroute_store_load(matching->store, input->data, input->size, NULL, &result,
                             matching->diags),
         "load");
    if (result.rejected != 0 || result.ignored != 0) {
        give_up("a document of the test itself is wrong");
    }
}

void matching_resolve(struct matching *matching)
{
    struct svcroute_table *before = matching->table;
    must(svcroute_resolve(&matching->table, matching->store, matching->policy, before,
                          matching->diags),
         "resolve");
    svcroute_table_unref(before);
}

void matching_balance(struct matching *matching, uint64_t now)
{
    if (matching->balancer == NULL) {
        must(svcroute_balancer_new(&matching->balancer, matching->table, NULL, now), "balancer");
        must(svcroute_picker_new(&matching->picker, matching->balancer, now), "picker");
        return;
    }
    must(svcroute_balancer_update(matching->balancer, matching->table, now), "update");
    must(svcroute_picker_refresh(matching->picker, now), "refresh");
}

void matching_free(struct matching *matching)
{
    svcroute_picker_free(matching->picker);
    svcroute_balancer_free(matching->balancer);
    svcroute_table_unref(matching->table);
    svcroute_policy_free(matching->policy);
    svcroute_diags_free(matching->diags);
    svcroute_store_free(matching->store);
}

struct svcroute_text text_of(const char *text)
{
    return (struct svcroute_text){text, strlen(text)};
}

struct svcroute_match_request request_of(const char *host, const char *path)
{
    return (struct svcroute_match_request){.size = sizeof(struct svcroute_match_request),
                                           .host = text_of(host),
                                           .path = text_of(path)};
}

size_t matching_count(const struct matching *matching, const char *id)
{
    struct svcroute_diag_info info = {.size = sizeof(info)};
    size_t num = 0;
    for (size_t i = 0; svcroute_diags_get(matching->diags, i, &info) == SVCROUTE_OK; i++) {
        num += info.id_name.size == strlen(id) && memcmp(info.id_name.data, id, strlen(id)) == 0;
    }
    return num;
}

bool matching_has_regexps(void)
{
    struct counting counting;
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct matching matching;
    struct input input = {NULL, 0, 0};
    add_web(&input);
    add_rule(&input, "r", "PathRegexp(`a+`)", 16);
    matching_init(&matching, context, SVCROUTE_PROFILE_DEFAULT);
    matching_load(&matching, &input);
    matching_resolve(&matching);
    bool has = matching_count(&matching, "rule-syntax") == 0;
    matching_free(&matching);
    input_free(&input);
    svcroute_context_unref(context);
    return has;
}

void run_rules(void)
{
    run_rule_rejects();
    run_rule_bombs();
    run_regex_bombs();
    run_rule_shapes();
    run_requests();
}
