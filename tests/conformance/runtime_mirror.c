/* Vectors of mirror.json: which mirrors get a copy, and of what. */
#include "balance/mirror.h"

#include "runtime.h"

struct mirroring {
    uint64_t counts[1 + SVCR_MIRRORS_MAX];
    int64_t percents[SVCR_MIRRORS_MAX];
    uint32_t num;
    bool valid;
};

static bool read_percents(struct mirroring *mirroring, const struct svcroute_node *case_)
{
    const struct svcroute_node *list = runtime_find(case_, "percents"), *item;

    *mirroring = (struct mirroring){.valid = true};
    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        int64_t *percent = &mirroring->percents[mirroring->num];

        if (mirroring->num == SVCR_MIRRORS_MAX || svcroute_node_get_integer(item, percent) != 0) {
            return false;
        }
        mirroring->valid = mirroring->valid && svcr_mirror_percent_valid(*percent);
        mirroring->num++;
    }
    return true;
}

/* Bits as a text of one character per mirror. */
static bool same_bits(const struct mirroring *mirroring, uint64_t bits, svcr_text wanted)
{
    bool same = wanted.size == mirroring->num;

    for (uint32_t i = 0; same && i < mirroring->num; i++) {
        same = wanted.data[i] == ((bits >> i) & 1 ? '1' : '0');
    }
    return same;
}

static bool judge_sequence(struct mirroring *mirroring, const struct svcroute_node *requests,
                           unsigned *number)
{
    const struct svcroute_node *item;

    for (item = svcroute_node_first(requests); item != NULL;
         item = svcroute_node_next(requests, item)) {
        uint64_t due = svcr_mirror_count(mirroring->counts, mirroring->percents, mirroring->num);

        ++*number;
        if (!same_bits(mirroring, due, svcroute_node_get_text(item))) {
            return false;
        }
    }
    return true;
}

static bool judge_copies(const struct mirroring *mirroring, const struct svcroute_node *request,
                         uint64_t sent, bool with_body)
{
    const struct svcroute_node *list = runtime_find(request, "copy_bodies"), *item;
    int64_t body = runtime_integer(request, "body", 0), wanted = -2;
    uint32_t i = 0;

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        int64_t copy = (sent >> i++) & 1 ? with_body ? body : 0 : -1;

        if (svcroute_node_get_integer(item, &wanted) != 0 || wanted != copy) {
            return false;
        }
    }
    return i == mirroring->num;
}

static bool judge_bodies(struct mirroring *mirroring, const struct svcroute_node *case_,
                         unsigned *number)
{
    const struct svcroute_node *list = runtime_find(case_, "requests"), *item;
    bool with_body = runtime_flag(case_, "mirror_body");
    uint64_t limit = svcr_mirror_limit(with_body, runtime_integer(case_, "max_body_size", -1));

    for (item = svcroute_node_first(list); item != NULL; item = svcroute_node_next(list, item)) {
        uint64_t due = svcr_mirror_count(mirroring->counts, mirroring->percents, mirroring->num);
        uint64_t size = (uint64_t)runtime_integer(item, "body", 0);
        uint64_t sent = svcr_mirror_fit(due, limit, size);

        ++*number;
        if (!same_bits(mirroring, due, runtime_text(item, "counted")) ||
            !same_bits(mirroring, sent, runtime_text(item, "copies")) ||
            !judge_copies(mirroring, item, sent, with_body)) {
            return false;
        }
    }
    return true;
}

void runtime_mirror(struct runner *runner, struct svcroute_context *context,
                    const struct svcroute_node *case_, const char *name)
{
    struct mirroring mirroring;
    unsigned number = 0;
    bool good;

    (void)context;
    if (!read_percents(&mirroring, case_)) {
        runner_fail(runner, name, "the percentages make no sense");
    } else if (mirroring.valid == runtime_flag(case_, "error")) {
        runner_fail(runner, name, "the service is %s", mirroring.valid ? "accepted" : "refused");
    } else if (!mirroring.valid) {
        runner_pass(runner);
    } else if (runtime_is(case_, "kind", "sequence") || runtime_is(case_, "kind", "body")) {
        good = runtime_is(case_, "kind", "sequence")
                   ? judge_sequence(&mirroring, runtime_find(case_, "requests"), &number)
                   : judge_bodies(&mirroring, case_, &number);
        if (good) {
            runner_pass(runner);
        } else {
            runner_fail(runner, name, "request %u goes to others", number);
        }
    } else {
        runner_fail(runner, name, "unknown kind");
    }
}
