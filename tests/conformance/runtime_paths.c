/* Vectors of paths.json: request targets, and the path that rules compare. `path` is what a client
 * of the whole proxy sees (the path is cleaned first), `bare` what the matcher makes of the path as
 * it came. */
#include <svcroute/error.h>
#include <svcroute/match.h>

#include "rule/path.h"

#include "runtime.h"

enum { ROOM = 8192 };

/* What became of a target: refused, or a path. */
struct answer {
    int code;
    svcr_text path;
    char room[ROOM];
};

static void answer_bare(struct answer *answer, svcr_text path)
{
    answer->code = svcr_path_route(path, true, answer->room, ROOM, &answer->path);
}

static void answer_whole(struct answer *answer, svcr_text path)
{
    char clean[ROOM];
    size_t size;

    answer->code = svcroute_path_clean(path, SVCROUTE_PATH_ALLOW_ALL, clean, ROOM, &size);
    if (answer->code == 0) {
        answer_bare(answer, (svcr_text){clean, size});
    }
    if (answer->code == 0 && answer->path.data == clean) {
        memcpy(answer->room, clean, size);
        answer->path.data = answer->room;
    }
}

/* True if the answer is what the row says under `key` and `key`_refused. */
static bool is_wanted(const struct answer *answer, const struct svcroute_node *case_,
                      const char *key, const char *refused, struct svcr_buffer *bytes)
{
    svcr_text wanted;

    bytes->size = 0;
    wanted = runtime_bytes(case_, key, bytes);
    if (runtime_flag(case_, refused)) {
        return answer->code == SVCROUTE_ERR_BAD_REQUEST;
    }
    return wanted.data != NULL && answer->code == 0 && svcr_text_same(answer->path, wanted);
}

void runtime_paths(struct runner *runner, struct svcroute_context *context,
                   const struct svcroute_node *case_, const char *name)
{
    struct svcroute_target target = {.size = sizeof(target)};
    struct answer whole = {.code = 0}, bare = {.code = 0};
    struct svcr_buffer bytes, wanted;
    svcr_text text;

    svcr_buffer_init(&bytes, context);
    svcr_buffer_init(&wanted, context);
    text = runtime_bytes(case_, "target", &bytes);
    if (text.data == NULL || !runtime_is(case_, "kind", "path") || text.size > ROOM / 3 - 1) {
        runner_fail(runner, name, "the row makes no sense");
    } else {
        whole.code = bare.code = svcroute_target_read(text, &target);
        if (whole.code == 0) {
            answer_whole(&whole, target.path);
            answer_bare(&bare, target.path);
        }
        if (!is_wanted(&whole, case_, "path", "path_refused", &wanted)) {
            runner_fail(runner, name, "the whole proxy: code %d, %.*s", whole.code,
                        SVCR_ARG(whole.path));
        } else if (!is_wanted(&bare, case_, "bare", "bare_refused", &wanted)) {
            runner_fail(runner, name, "the matcher: code %d, %.*s", bare.code, SVCR_ARG(bare.path));
        } else {
            runner_pass(runner);
        }
    }
    svcr_buffer_free(&wanted);
    svcr_buffer_free(&bytes);
}
