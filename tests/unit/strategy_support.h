/* Children to choose among, and what every strategy has to hold. */
#ifndef STRATEGY_SUPPORT_H
#define STRATEGY_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance/traefik.h"

#define DOWN_OR_FENCED                                                                             \
    (SVCR_STATE_DOWN_ACTIVE | SVCR_STATE_DOWN_PASSIVE | SVCR_STATE_DOWN_ADMIN | SVCR_STATE_DRAIN | \
     SVCR_STATE_FENCED | SVCR_STATE_EMPTY)

struct kid {
    struct svcr_live live;
    struct svcr_samples samples;
    char name[32];
};

struct kids {
    const struct svcr_strategy *strategy;
    struct svcr_shape shape;
    struct svcr_member *members;
    struct kid *kids;
    struct svcr_random random;
    struct svcr_choice choice;
    uint64_t excluded[SVCR_EXCLUDED_MAX];
    struct svcr_scheduler *scheduler;
};

/* Says anew whether all weights are alike. */
static inline void kids_weigh(struct kids *kids)
{
    kids->shape.equal = true;
    for (uint32_t i = 0; i < kids->shape.num; i++) {
        kids->shape.equal = kids->shape.equal && kids->members[i].weight > 0 &&
                            kids->members[i].weight == kids->members[0].weight;
    }
}

static inline struct svcr_scheduler *kids_memory(const struct kids *kids)
{
    return calloc(1, kids->strategy->size(&kids->shape) + 1);
}

static inline void kids_open(struct kids *kids, bool phase)
{
    free(kids->scheduler);
    kids->scheduler = kids_memory(kids);
    kids->strategy->open(kids->scheduler, &kids->shape, &kids->random, phase);
}

/* `num` children, all up; weights NULL: 1 each. Ids count from `first_id`. */
static inline void kids_init_at(struct kids *kids, const struct svcr_strategy *strategy,
                                uint32_t num, const int64_t *weights, bool phase, uint64_t first_id)
{
    memset(kids, 0, sizeof(*kids));
    kids->strategy = strategy;
    kids->members = calloc(num + 1, sizeof(*kids->members));
    kids->kids = calloc(num + 1, sizeof(*kids->kids));
    kids->shape = (struct svcr_shape){.num = num, .members = kids->members};
    for (uint32_t i = 0; i < num; i++) {
        struct kid *kid = &kids->kids[i];
        int size =
            snprintf(kid->name, sizeof(kid->name), "http://10.0.%u.%u:80",
                     (unsigned)((first_id + i) / 256 % 256), (unsigned)((first_id + i) % 256));

        atomic_flag_clear(&kid->samples.lock);
        kid->live.samples = &kid->samples;
        kids->members[i] = (struct svcr_member){
            .state = &kid->live.state,
            .live = &kid->live,
            .weight = weights != NULL ? weights[i] : 1,
            .name = {kid->name, (size_t)size},
            .id = first_id + i,
        };
        kids->members[i].name_hash = svcr_hrw_name_hash(kids->members[i].name);
    }
    kids_weigh(kids);
    svcr_random_seed(&kids->random, 42);
    kids->choice.random = &kids->random;
    kids->choice.excluded = kids->excluded;
    kids->choice.unusable = DOWN_OR_FENCED;
    kids->choice.key = SVCR_TEXT("192.0.2.7");
    kids_open(kids, phase);
}

static inline void kids_init(struct kids *kids, const struct svcr_strategy *strategy, uint32_t num,
                             const int64_t *weights, bool phase)
{
    kids_init_at(kids, strategy, num, weights, phase, 0);
}

static inline void kids_free(struct kids *kids)
{
    free(kids->scheduler);
    free(kids->members);
    free(kids->kids);
}

static inline uint32_t kids_pick(struct kids *kids)
{
    return kids->strategy->pick(kids->scheduler, &kids->shape, &kids->choice);
}

static inline void kids_down(struct kids *kids, uint32_t at, bool down)
{
    atomic_store(&kids->kids[at].live.state, down ? SVCR_STATE_DOWN_ACTIVE : 0);
}

static inline void kids_exclude(struct kids *kids, uint32_t at)
{
    kids->excluded[kids->choice.num_excluded++] = kids->members[at].id;
}

static inline void kids_load(struct kids *kids, uint32_t at, uint32_t inflight)
{
    atomic_store(&kids->kids[at].live.load, inflight);
}

/* Puts a scheduler for the same children in place of the present one: nothing may change by it. */
static inline void kids_carry_same(struct kids *kids)
{
    struct svcr_scheduler *fresh = kids_memory(kids);
    uint32_t *same = malloc((kids->shape.num + 1) * sizeof(*same));

    for (uint32_t i = 0; i < kids->shape.num; i++) {
        same[i] = i;
    }
    kids->strategy->carry(fresh, &kids->shape, kids->scheduler, &kids->shape, same, &kids->random);
    free(same);
    free(kids->scheduler);
    kids->scheduler = fresh;
}

/* Takes another's children over: to[i] carries on the child with the same id. The other is freed.
 */
static inline void kids_carry(struct kids *to, struct kids *from)
{
    uint32_t *old_index = malloc((to->shape.num + 1) * sizeof(*old_index));

    for (uint32_t i = 0; i < to->shape.num; i++) {
        old_index[i] = SVCR_NOBODY;
        for (uint32_t k = 0; k < from->shape.num; k++) {
            old_index[i] = from->members[k].id == to->members[i].id ? k : old_index[i];
        }
    }
    free(to->scheduler);
    to->scheduler = kids_memory(to);
    to->random = from->random;
    to->strategy->carry(to->scheduler, &to->shape, from->scheduler, &from->shape, old_index,
                        &to->random);
    free(old_index);
    kids_free(from);
}

/* An equal table is a no-op: two runs of the same picks, one of them carried over now and then. */
static inline void check_carry_changes_nothing(const struct svcr_strategy *strategy, uint32_t num,
                                               const int64_t *weights)
{
    struct kids plain, carried;

    kids_init(&plain, strategy, num, weights, true);
    kids_init(&carried, strategy, num, weights, true);
    for (int i = 0; i < 3000; i++) {
        if (i % 700 == 100) {
            kids_down(&plain, (uint32_t)i % num, true);
            kids_down(&carried, (uint32_t)i % num, true);
        } else if (i % 700 == 400) {
            for (uint32_t k = 0; k < num; k++) {
                kids_down(&plain, k, false);
                kids_down(&carried, k, false);
            }
        }
        plain.choice.num_excluded = carried.choice.num_excluded = 0;
        if (i % 5 == 0) {
            kids_exclude(&plain, (uint32_t)i / 5 % num);
            kids_exclude(&carried, (uint32_t)i / 5 % num);
        }
        if (i % 3 != 1) {
            kids_carry_same(&carried);
        }
        ck_assert_uint_eq(kids_pick(&plain), kids_pick(&carried));
    }
    kids_free(&plain);
    kids_free(&carried);
}

enum { MIXTURES = 5, MIXED_MAX = 6 };

/* One mixture of children: usable, weight 0, down, fenced, excluded. */
static inline void check_mixture(const struct svcr_strategy *strategy, uint32_t num,
                                 const unsigned *mixture, bool last_resort, bool phase)
{
    int64_t weights[MIXED_MAX];
    struct kids kids;
    bool usable[MIXED_MAX], any = false;

    for (uint32_t i = 0; i < num; i++) {
        weights[i] = mixture[i] == 1 ? 0 : phase ? 1 : (int64_t)(1 + i * i * 7);
    }
    kids_init(&kids, strategy, num, weights, phase);
    kids.choice.unusable &= last_resort ? ~(uint32_t)SVCR_STATE_FENCED : ~UINT32_C(0);
    for (uint32_t i = 0; i < num; i++) {
        kids_down(&kids, i, mixture[i] == 2);
        if (mixture[i] == 3) {
            atomic_store(&kids.kids[i].live.state, SVCR_STATE_FENCED);
        }
        if (mixture[i] == 4) {
            kids_exclude(&kids, i);
        }
        usable[i] = mixture[i] == 0 || (mixture[i] == 3 && last_resort);
        any = any || usable[i];
    }
    for (int i = 0; i < 5; i++) {
        uint32_t picked = kids_pick(&kids);

        ck_assert_msg(any ? picked < num && usable[picked] : picked == SVCR_NOBODY,
                      "%s picked %u of %u", strategy->name, picked, num);
    }
    for (uint32_t i = 0; i < num; i++) { /* it recovers, whatever the mixture did to its turns */
        kids_down(&kids, i, false);
        any = any || mixture[i] != 1;
    }
    kids.choice.num_excluded = 0;
    ck_assert(any == (kids_pick(&kids) != SVCR_NOBODY));
    kids_free(&kids);
}

/* Every mixture of up to MIXED_MAX children. */
static inline void check_all_mixtures(const struct svcr_strategy *strategy)
{
    for (uint32_t num = 0; num <= MIXED_MAX; num++) {
        unsigned mixture[MIXED_MAX] = {0};
        uint32_t at;

        do {
            check_mixture(strategy, num, mixture, false, false);
            check_mixture(strategy, num, mixture, true, true);
            for (at = 0; at < num && ++mixture[at] == MIXTURES; at++) {
                mixture[at] = 0;
            }
        } while (at < num);
    }
}

static inline TCase *case_of(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 120);
    return tcase;
}

#endif
