/* Compares how duration texts are read and written with what the reference does (profile
 * traefik-v3). Usage: conformance_durations FILE. A row: {"text", "ok"} and if ok {"ns", "out"}. */
#include <inttypes.h>

#include "base/diag.h"
#include "base/duration.h"

#include "runner.h"

static const struct svcroute_node *find(const struct svcroute_node *map, const char *key)
{
    return svcroute_node_find(map, key, strlen(key));
}

static void judge_value(struct runner *runner, const struct svcroute_node *row, const char *name,
                        const char *shown, int64_t nanoseconds)
{
    char written[SVCR_DURATION_TEXT_MAX];
    svcr_text canonical = {written, svcr_duration_format(nanoseconds, written)};
    svcr_text wanted = runner_find_text(row, "out");
    int64_t expected;

    if (svcroute_node_get_integer(find(row, "ns"), &expected) != 0 || !wanted.data) {
        runner_fail(runner, name, "ns or out is missing");
    } else if (nanoseconds != expected) {
        runner_fail(runner, name, "%s gives %" PRId64 " ns, expected %" PRId64, shown, nanoseconds,
                    expected);
    } else if (!svcr_text_same(canonical, wanted)) {
        runner_fail(runner, name, "%s is written %.*s, expected %.*s", shown, SVCR_ARG(canonical),
                    SVCR_ARG(wanted));
    } else {
        runner_pass(runner);
    }
}

static void judge(struct runner *runner, struct svcroute_context *context,
                  const struct svcroute_node *row, const char *name)
{
    const struct svcroute_node *ok = find(row, "ok");
    svcr_text text = runner_find_text(row, "text");
    struct svcr_quoted quoted;
    const char *shown = svcr_quote(&quoted, text);
    int64_t nanoseconds;
    bool accepted;

    (void)context;
    if (!text.data || svcroute_node_get_kind(ok) != SVCROUTE_NODE_BOOLEAN) {
        runner_fail(runner, name, "text or ok is missing");
        return;
    }
    accepted = svcr_duration_parse(text, true, &nanoseconds) == SVCR_DURATION_OK;
    if (accepted != svcroute_node_get_boolean(ok)) {
        runner_fail(runner, name, "%s is %s", shown, accepted ? "accepted" : "refused");
    } else if (accepted) {
        judge_value(runner, row, name, shown, nanoseconds);
    } else {
        runner_pass(runner);
    }
}

int main(int argc, char **argv)
{
    return runner_main(argc, argv, judge);
}
