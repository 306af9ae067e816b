/* References: who may lead where, and what the target is called. */
#include "resolve/reference.h"

#include "base/normalize.h"

static const char LOCAL_PROVIDER[] = "@kubernetescrd";

static bool ends_local(svcr_text name)
{
    size_t size = sizeof(LOCAL_PROVIDER) - 1;
    return name.size >= size && memcmp(name.data + name.size - size, LOCAL_PROVIDER, size) == 0;
}

static bool allows_cross_namespace(const struct svcroute_policy *policy)
{
    return svcr_policy_allows(policy, SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE);
}

/* Names with "@" of this provider. The reference lets those of services pass everywhere and refuses
 * the others unless cross-namespace references are allowed; the default profile treats services
 * like the rest, except where the namespace is written and is the holder's own. */
static bool local_refused(const struct svcroute_policy *policy,
                          const struct svcr_question *question)
{
    if (allows_cross_namespace(policy)) {
        return false;
    }
    if (question->sort != SVCR_REFERENCE_TRAEFIK_SERVICE) {
        return true;
    }
    return policy->profile == SVCROUTE_PROFILE_DEFAULT &&
           (question->namespace_.size == 0 ||
            !svcr_text_same(question->namespace_, question->asked));
}

static void judge_provider(const struct svcroute_policy *policy,
                           const struct svcr_question *question, struct svcr_answer *answer)
{
    size_t at = question->name.size;
    while (question->name.data[at - 1] != '@') {
        at--;
    }
    answer->provider = true;
    answer->local = ends_local(question->name);
    answer->name = (svcr_text){question->name.data, at - 1};
    answer->suffix = (svcr_text){question->name.data + at - 1, question->name.size - at + 1};
    answer->namespace_ = answer->local ? question->namespace_ : SVCR_TEXT_ABSENT;
    answer->namespace_ignored =
        question->namespace_.size != 0 &&
        (!answer->local || question->sort != SVCR_REFERENCE_TRAEFIK_SERVICE);
    if (question->sort == SVCR_REFERENCE_SERVICE) {
        answer->refused = SVCR_DIAG_SERVICE_NAME_AT;
    } else if (!svcr_names_have(&policy->cross_provider, question->asked)) {
        answer->refused = SVCR_DIAG_CROSS_PROVIDER;
    } else if (answer->local && local_refused(policy, question)) {
        answer->refused = SVCR_DIAG_CROSS_NAMESPACE;
    }
}

struct svcr_answer svcr_reference_judge(const struct svcroute_policy *policy,
                                        const struct svcr_question *question)
{
    struct svcr_answer answer = {.name = question->name};
    bool at =
        question->name.size != 0 && memchr(question->name.data, '@', question->name.size) != NULL;
    if (at && question->sort != SVCR_REFERENCE_PARENT) {
        judge_provider(policy, question, &answer);
        return answer;
    }
    answer.namespace_ = question->namespace_.size != 0 ? question->namespace_ : question->home;
    if (question->namespace_.size != 0 && !svcr_text_same(answer.namespace_, question->asked) &&
        !allows_cross_namespace(policy)) {
        answer.refused = SVCR_DIAG_CROSS_NAMESPACE;
    } else if (question->name.size == 0 && policy->profile == SVCROUTE_PROFILE_DEFAULT) {
        answer.refused = SVCR_DIAG_REFERENCE_NAME;
    } else if (question->sort == SVCR_REFERENCE_SERVICE &&
               !svcr_names_have(&policy->watched, answer.namespace_)) {
        answer.refused = SVCR_DIAG_NOT_WATCHED;
    }
    return answer;
}

void svcr_reference_name(struct svcr_buffer *buffer, enum svcr_reference_sort sort,
                         const struct svcr_answer *answer, svcr_text port)
{
    svcr_text parts[3] = {answer->namespace_, answer->name, port};
    if (!answer->provider) {
        svcr_normalize(buffer, parts, port.size != 0 ? 3 : 2);
    } else if (sort == SVCR_REFERENCE_OBJECT) {
        svcr_buffer_add_text(buffer, answer->name);
        svcr_buffer_add_text(buffer, answer->suffix);
    } else if (answer->local) {
        bool given = answer->namespace_.size != 0;
        svcr_normalize(buffer, given ? parts : parts + 1, given ? 2 : 1);
    } else {
        svcr_normalize(buffer, parts + 1, 1);
        svcr_buffer_add_text(buffer, answer->suffix);
    }
}

const char *svcr_reference_remedy(uint32_t refused)
{
    switch (refused) {
    case SVCR_DIAG_CROSS_NAMESPACE:
        return "allow cross-namespace references to permit it";
    case SVCR_DIAG_CROSS_PROVIDER:
        return "add the namespace to the cross-provider namespaces to permit it";
    case SVCR_DIAG_NOT_WATCHED:
        return "add the namespace to the watched ones";
    case SVCR_DIAG_SERVICE_NAME_AT:
        return "write kind: TraefikService for a service of another provider";
    default:
        return "write the name of what it should lead to";
    }
}
