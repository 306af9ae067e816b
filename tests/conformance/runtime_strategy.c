/* Children of a strategy under test. */
#include "runtime_strategy.h"

#include <math.h>
#include <string.h>

void children_init(struct children *children)
{
    memset(children, 0, sizeof(*children));
    children->shape.members = children->members;
    svcr_random_seed(&children->random, 1);
    children->choice.random = &children->random;
    children->choice.unusable = SVCR_STATE_DOWN_ACTIVE | SVCR_STATE_FENCED;
}

bool children_add(struct children *children, const struct svcroute_node *row)
{
    uint32_t at = children->shape.num;
    svcr_text name = runtime_text(row, "name");
    struct svcr_live *live = children_find(children, name);
    uint32_t state = 0;

    if (at == CHILDREN_MAX || name.data == NULL) {
        return false;
    }
    if (live == NULL) {
        live = &children->lives[at];
        atomic_flag_clear(&children->samples[at].lock);
        live->samples = &children->samples[at];
        atomic_store(&live->load, (uint64_t)runtime_integer(row, "inflight", 0));
    }
    state |= runtime_integer(row, "up", 1) == 0 ? SVCR_STATE_DOWN_ACTIVE : 0;
    state |= runtime_flag(row, "fenced") ? SVCR_STATE_FENCED : 0;
    atomic_store(&live->state, state);
    children->members[at] = (struct svcr_member){
        .state = &live->state,
        .live = live,
        .weight = runtime_integer(row, "weight", 1),
        .name = name,
        .id = at,
    };
    children->shape.num++;
    return true;
}

struct svcr_live *children_find(struct children *children, svcr_text name)
{
    for (uint32_t i = 0; i < children->shape.num; i++) {
        if (svcr_text_same(children->members[i].name, name)) {
            return children->members[i].live;
        }
    }
    return NULL;
}

bool children_change(struct children *children, const struct svcroute_node *step)
{
    static const struct {
        const char *op;
        uint32_t bit;
        bool set;
    } changes[] = {
        {"down", SVCR_STATE_DOWN_ACTIVE, true},
        {"up", SVCR_STATE_DOWN_ACTIVE, false},
        {"fence", SVCR_STATE_FENCED, true},
        {"unfence", SVCR_STATE_FENCED, false},
    };
    struct svcr_live *live = children_find(children, runtime_text(step, "name"));

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        if (runtime_is(step, "op", changes[i].op)) {
            if (live != NULL && changes[i].set) {
                atomic_fetch_or(&live->state, changes[i].bit);
            } else if (live != NULL) {
                atomic_fetch_and(&live->state, ~changes[i].bit);
            }
            return true;
        }
    }
    return false;
}

svcr_text children_name(const struct children *children, uint32_t index)
{
    return index == SVCR_NOBODY ? SVCR_TEXT("none") : children->members[index].name;
}

bool same_double(double a, double b)
{
    return a <= b ? a >= b : isnan(a) && isnan(b);
}

bool near_double(double a, double b)
{
    return same_double(a, b) || fabs(a - b) <= 1e-14 * fabs(b);
}
