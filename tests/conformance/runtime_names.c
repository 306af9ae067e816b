/* Vectors of names.json: names of routers and services. */
#include "base/digest.h"
#include "base/normalize.h"
#include "resolve/reference.h"

#include "runtime.h"

enum { HASH_BYTES = 10 };

static bool add_router(struct svcr_buffer *name, struct svcr_buffer *bytes,
                       struct svcroute_context *context, const struct svcroute_node *case_)
{
    svcr_text match = runtime_bytes(case_, "match", bytes);
    char digits[2 * HASH_BYTES];
    uint8_t digest[32];

    if (match.data == NULL || svcr_sha256(context, match.data, match.size, digest) != 0) {
        return false;
    }
    for (size_t i = 0; i < HASH_BYTES; i++) {
        digits[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        digits[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    svcr_reference_name(name, SVCR_REFERENCE_SERVICE,
                        &(struct svcr_answer){.namespace_ = runtime_text(case_, "namespace"),
                                              .name = runtime_text(case_, "ingress")},
                        (svcr_text){digits, sizeof(digits)});
    return true;
}

/* A reference without a port leads to another provider if its name has an "@". */
static bool add_service(struct svcr_buffer *name, const struct svcroute_node *case_)
{
    svcr_text service = runtime_text(case_, "service"), port = runtime_text(case_, "port");
    struct svcr_answer answer = {.namespace_ = runtime_text(case_, "namespace"), .name = service};

    if (service.data == NULL || port.data == NULL) {
        return false;
    }
    if (svcr_text_same(port, SVCR_TEXT("0")) && !runtime_flag(case_, "port_is_text")) {
        port = SVCR_TEXT_ABSENT;
    }
    for (size_t i = service.size; port.size == 0 && i > 0 && !answer.provider; i--) {
        if (service.data[i - 1] == '@') {
            answer.provider = true;
            answer.name.size = i - 1;
            answer.suffix = (svcr_text){service.data + i - 1, service.size - (i - 1)};
            answer.local = svcr_text_same(answer.suffix, SVCR_TEXT("@kubernetescrd"));
        }
    }
    svcr_reference_name(name, SVCR_REFERENCE_SERVICE, &answer, port);
    return true;
}

void runtime_names(struct runner *runner, struct svcroute_context *context,
                   const struct svcroute_node *case_, const char *name)
{
    svcr_text wanted = runtime_text(case_, "name"), text;
    struct svcr_buffer made, bytes;
    bool good = wanted.data != NULL;

    svcr_buffer_init(&made, context);
    svcr_buffer_init(&bytes, context);
    if (runtime_is(case_, "kind", "router")) {
        good = good && add_router(&made, &bytes, context, case_);
    } else if (runtime_is(case_, "kind", "service")) {
        good = good && add_service(&made, case_);
    } else if (runtime_is(case_, "kind", "normalize")) {
        text = runtime_bytes(case_, "text", &bytes);
        good = good && text.data != NULL;
        svcr_normalize(&made, &text, 1);
    } else {
        good = false;
    }
    if (!good || made.failed) {
        runner_fail(runner, name, "the row makes no sense");
    } else if (!svcr_text_same(svcr_buffer_text(&made), wanted)) {
        runner_fail(runner, name, "the name is %.*s", SVCR_ARG(svcr_buffer_text(&made)));
    } else {
        runner_pass(runner);
    }
    svcr_buffer_free(&made);
    svcr_buffer_free(&bytes);
}
