/* What the targets of the balancer share: clusters with a balancer and a picker, and picks that are
 * checked. */
#ifndef FUZZ_BALANCE_H
#define FUZZ_BALANCE_H

#include "fuzz.h"

#define FUZZ_TEXT(literal) ((struct svcroute_text){literal, sizeof(literal) - 1})

struct fuzz_scene {
    struct svcroute_context *context;
    struct svcroute_store *store;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
};

/* A balancer over what the scene's store has. */
static inline void fuzz_scene_balance(struct fuzz_scene *scene, uint32_t profile, bool secret)
{
    struct svcroute_policy *policy;
    MUST(svcroute_policy_new(&policy, scene->context) == 0);
    MUST(svcroute_policy_set_profile(policy, profile) == 0);
    if (secret) {
        MUST(svcroute_policy_set_cookie_secret(policy, FUZZ_TEXT("0123456789abcdef")) == 0);
    }
    MUST(svcroute_resolve(&scene->table, scene->store, policy, NULL, NULL) == 0);
    svcroute_policy_free(policy);
    MUST(svcroute_balancer_new(&scene->balancer, scene->table, NULL, 0) == 0);
    MUST(svcroute_picker_new(&scene->picker, scene->balancer, 0) == 0);
}

static inline void fuzz_scene_free(struct fuzz_scene *scene)
{
    svcroute_picker_free(scene->picker);
    svcroute_balancer_free(scene->balancer);
    svcroute_table_unref(scene->table);
    svcroute_store_free(scene->store);
    svcroute_context_unref(scene->context);
}

/* Everything that a getter gives of a pick can be read to its end. */
static inline void fuzz_touch(struct svcroute_text text)
{
    volatile char sum = 0;
    for (size_t i = 0; i < text.size; i++) {
        sum = (char)(sum ^ text.data[i]);
    }
}

static inline struct svcroute_pick_info fuzz_pick_look(const struct svcroute_pick *pick)
{
    struct svcroute_pick_info info = {.size = sizeof(info)};
    MUST(svcroute_pick_get_info(pick, &info) == 0);
    MUST(info.server != 0 && info.port > 0 && info.port <= 65535 && info.url.size != 0);
    MUST(info.why >= SVCROUTE_WHY_STRATEGY && info.why <= SVCROUTE_WHY_LAST_RESORT);
    fuzz_touch(info.service);
    fuzz_touch(info.scheme);
    fuzz_touch(info.host);
    fuzz_touch(info.url);
    fuzz_touch(info.address);
    fuzz_touch(info.servers_transport);
    for (uint32_t i = 0; i < info.num_mirrors; i++) {
        struct svcroute_mirror_info mirror = {.size = sizeof(mirror)};
        MUST(svcroute_pick_get_mirror(pick, i, &mirror) == 0);
        fuzz_touch(mirror.service);
    }
    for (uint32_t i = 0; i < info.num_middlewares; i++) {
        fuzz_touch(svcroute_pick_get_middleware(pick, i));
    }
    return info;
}

/* A Set-Cookie value of a pick, in a block of just its size; to be freed. */
static inline char *fuzz_cookie(const struct svcroute_pick *pick, size_t index, size_t *size)
{
    *size = 0;
    MUST(svcroute_pick_copy_cookie(pick, index, NULL, size) == 0);
    char *text = malloc(*size);
    size_t less = *size - 1;
    MUST(*size > 2 && text != NULL);
    MUST(svcroute_pick_copy_cookie(pick, index, text, &less) == SVCROUTE_ERR_SPACE);
    MUST(less == *size);
    MUST(svcroute_pick_copy_cookie(pick, index, text, size) == 0 && less == *size);
    return text;
}

/* "name=value" of a Set-Cookie value. */
static inline struct svcroute_text fuzz_cookie_pair(const char *text, size_t size)
{
    const char *end = memchr(text, ';', size);
    return (struct svcroute_text){text, end != NULL ? (size_t)(end - text) : size};
}

#endif
