/* Texts of rules, and one request. An input is up to eight rules and at its end the request, parted
 * by the byte 0x1e; the request's parts are parted by 0x1f: method, host, path, query, client, then
 * names and values of header lines. What the index answers is what trying all rules answers, and
 * what is said of rules without a request is true of this one. */
#include "fuzz.h"

#include "base/memory.h"
#include "rule/index.h"
#include "rule/logic.h"

#define RULES_MAX 8
#define PARTS_MAX 24

struct rules {
    struct svcroute_context *context;
    struct svcr_program *programs[RULES_MAX];
    struct svcr_candidate candidates[RULES_MAX];
    char names[RULES_MAX];
    size_t num;
    struct svcr_index index;
};

/* What is ahead of the next `mark`; *rest: what is behind it. */
static struct svcroute_text cut(struct svcroute_text *rest, char mark)
{
    struct svcroute_text part = *rest;
    const char *end = part.size != 0 ? memchr(part.data, mark, part.size) : NULL;
    if (end == NULL) {
        *rest = (struct svcroute_text){NULL, 0};
        return part;
    }
    part.size = (size_t)(end - part.data);
    *rest = (struct svcroute_text){end + 1, rest->size - part.size - 1};
    return part;
}

static void rule_add(struct rules *rules, struct svcroute_text text, unsigned options)
{
    struct svcr_rule_fault fault = {.offset = UINT32_MAX};
    struct svcr_program *program = NULL;
    int error = svcr_program_make(&program, rules->context, text, &fault);
    if (error != 0) {
        MUST(error == SVCROUTE_ERR_SYNTAX && program == NULL && fault.offset <= text.size);
        MUST(fault.text[0] != '\0' && strchr(fault.text, '\n') == NULL);
        return;
    }
    MUST(program->num_tests >= 1 && program->num_anchors >= 1 &&
         program->num_anchors <= SVCR_ANCHORS_MAX);
    for (uint32_t i = 0; i < program->num_tests; i++) {
        MUST(program->tests[i].offset + program->tests[i].size <= text.size);
    }
    size_t at = rules->num++;
    rules->programs[at] = program;
    rules->names[at] = (char)('a' + at);
    /* Some priorities are equal, which names settle. */
    rules->candidates[at] = (struct svcr_candidate){.priority = (int64_t)((options >> at) & 4U),
                                                    .length = (uint32_t)text.size,
                                                    .name = {&rules->names[at], 1},
                                                    .program = program,
                                                    .route = program,
                                                    .holder = &program->head};
    MUST(svcr_index_add(rules->context, &rules->index, SVCR_TEXT_ABSENT, &rules->candidates[at]) ==
         0);
}

static bool request_read(struct svcroute_text text, struct svcr_subject *subject,
                         struct svcroute_text headers[PARTS_MAX], bool traefik)
{
    struct svcroute_match_request request = {.size = sizeof(request), .headers = headers};
    request.method = cut(&text, 0x1f);
    request.host = cut(&text, 0x1f);
    request.path = cut(&text, 0x1f);
    request.query = cut(&text, 0x1f);
    request.client = cut(&text, 0x1f);
    while (text.size != 0 && request.num_headers < PARTS_MAX / 2) {
        headers[2 * request.num_headers] = cut(&text, 0x1f);
        headers[2 * request.num_headers + 1] = cut(&text, 0x1f);
        request.num_headers++;
    }
    int error = svcr_subject_make(subject, &request, traefik);
    MUST(error == 0 || error == SVCROUTE_ERR_BAD_REQUEST || error == SVCROUTE_ERR_LIMIT ||
         error == SVCROUTE_ERR_INVALID);
    return error == 0;
}

static const struct svcr_candidate *find_naive(const struct rules *rules,
                                               struct svcr_subject *subject)
{
    const struct svcr_candidate *best = NULL;
    for (size_t i = 0; i < rules->num; i++) {
        const struct svcr_candidate *candidate = &rules->candidates[i];
        if ((best == NULL || svcr_candidate_compare(candidate, best) < 0) &&
            svcr_program_run(candidate->program, subject, NULL)) {
            best = candidate;
        }
    }
    return best;
}

static void check(struct rules *rules, struct svcr_subject *subject)
{
    struct svcr_search search = {.scope = SVCR_TEXT_ABSENT};
    const struct svcr_candidate *found =
        svcr_index_find(rules->context, &rules->index, subject, &search);
    const struct svcr_candidate *expected = find_naive(rules, subject);
    MUST((found != NULL) == (expected != NULL));
    MUST(found == NULL || found->route == expected->route);
    bool matches[RULES_MAX];
    bool slash = subject->path.size != 0 && subject->path.data[0] == '/';
    for (size_t i = 0; i < rules->num; i++) {
        matches[i] = svcr_program_run(rules->programs[i], subject, NULL);
        MUST(!matches[i] || !svcr_program_never(rules->programs[i]));
    }
    /* An expression that gives up makes a rule one that does not match, whatever logic says. */
    for (size_t i = 0; i < rules->num; i++) {
        for (size_t j = 0; j < rules->num; j++) {
            bool simple = true;
            for (uint32_t k = 0; k < rules->programs[j]->num_tests; k++) {
                simple = simple && rules->programs[j]->tests[k].regex == NULL;
            }
            if (slash && simple && matches[i] && !matches[j]) {
                uint32_t looks = SVCR_LOGIC_LOOKS_MAX;
                MUST(!svcr_program_implies(rules->programs[i], rules->programs[j], &looks));
                MUST(!svcr_program_always(rules->programs[j]));
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    struct rules rules = {.context = fuzz_context(false)};
    struct svcroute_text rest = {input.text, input.size};
    struct svcroute_text headers[PARTS_MAX];
    static struct svcr_subject subject;
    while (rules.num < RULES_MAX && rest.size != 0 && memchr(rest.data, 0x1e, rest.size) != NULL) {
        rule_add(&rules, cut(&rest, 0x1e), input.options);
    }
    if (request_read(rest, &subject, headers, (input.options & 1) != 0)) {
        check(&rules, &subject);
    }
    for (size_t i = 0; i < rules.num; i += 2) { /* half is taken out, half goes with the index */
        MUST(svcr_index_remove(rules.context, &rules.index, SVCR_TEXT_ABSENT,
                               &rules.candidates[i]) == 0);
    }
    svcr_index_clear(rules.context, &rules.index);
    for (size_t i = 0; i < rules.num; i++) {
        svcr_block_unref(rules.context, rules.programs[i]);
    }
    svcroute_context_unref(rules.context);
    return 0;
}
