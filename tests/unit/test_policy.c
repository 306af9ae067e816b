/* The policy builder: denies when new, its sets, copies and comparisons, arguments, memory. */
#include "resolve/policy.h"

#include "resolve_support.h"

START_TEST(test_new_denies)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "");
    ck_assert_uint_eq(policy->profile, SVCROUTE_PROFILE_DEFAULT);
    for (uint32_t which = SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE;
         which <= SVCROUTE_POLICY_IGNORE_RULES; which++) {
        ck_assert(!svcr_policy_allows(policy, which));
        ck_assert_int_eq(svcroute_policy_set_switch(policy, which, true), 0);
        for (uint32_t other = SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE;
             other <= SVCROUTE_POLICY_IGNORE_RULES; other++) {
            ck_assert(svcr_policy_allows(policy, other) == (other == which));
        }
        ck_assert_int_eq(svcroute_policy_set_switch(policy, which, true), 0);
        ck_assert_int_eq(svcroute_policy_set_switch(policy, which, false), 0);
        ck_assert(!svcr_policy_allows(policy, which));
    }
    ck_assert(svcr_names_have(&policy->watched, SVCR_TEXT("anything")));
    ck_assert(svcr_names_have(&policy->cross_provider, SVCR_TEXT("anything")));
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

START_TEST(test_arguments)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "");
    struct svcroute_policy *none = policy;
    svcr_text bad = {NULL, 3};
    ck_assert_int_eq(svcroute_policy_new(NULL, context), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_new(&none, NULL), SVCROUTE_ERR_INVALID);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(svcroute_policy_set_profile(policy, 2), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_profile(NULL, 0), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_switch(policy, 0, true), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_switch(policy, 10, true), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_switch(NULL, 1, true), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_ingress_class(policy, bad), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_set_ingress_class(NULL, SVCR_TEXT("x")), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_add_namespace(policy, bad), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_add_namespace(NULL, SVCR_TEXT("x")), SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_add_cross_provider_namespace(policy, bad),
                     SVCROUTE_ERR_INVALID);
    ck_assert_int_eq(svcroute_policy_add_cross_provider_namespace(NULL, SVCR_TEXT("x")),
                     SVCROUTE_ERR_INVALID);
    ck_assert_uint_eq(policy->switches, 0);
    ck_assert(!policy->watched.given && !policy->cross_provider.given);
    svcroute_policy_free(NULL);
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

START_TEST(test_sets)
{
    static const char *const added[] = {"m", "b", "z", "a", "mm", "b", "m", "l"};
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "watch:");
    ck_assert(policy->watched.given);
    ck_assert(!svcr_names_have(&policy->watched, SVCR_TEXT("m")));
    ck_assert(svcr_names_have(&policy->cross_provider, SVCR_TEXT("m")));
    for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
        ck_assert_int_eq(svcroute_policy_add_namespace(policy, text_of(added[i])), 0);
        for (size_t j = 0; j <= i; j++) {
            ck_assert(svcr_names_have(&policy->watched, text_of(added[j])));
        }
    }
    ck_assert_uint_eq(policy->watched.num, 6);
    ck_assert(!svcr_names_have(&policy->watched, SVCR_TEXT("mmm")));
    ck_assert(!svcr_names_have(&policy->watched, SVCR_TEXT("")));
    ck_assert(!svcr_names_have(&policy->watched, SVCR_TEXT("c")));
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

/* Each differs from each in something that counts. */
START_TEST(test_same)
{
    static const char *const words[] = {"",
                                        "traefik",
                                        "cross",
                                        "local",
                                        "class:x",
                                        "class:y",
                                        "watch:",
                                        "watch:a",
                                        "watch:b",
                                        "watch:a watch:b",
                                        "at:",
                                        "at:a",
                                        "at:a at:b",
                                        "unkeyed",
                                        "key:0123456789abcdef",
                                        "key:0123456789abcdeF",
                                        "key:0123456789abcdef0",
                                        "oldkey:0123456789abcdef",
                                        "key:0123456789abcdef oldkey:0123456789abcdef"};
    enum { NUM = sizeof(words) / sizeof(words[0]) };
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    for (size_t i = 0; i < NUM; i++) {
        struct svcroute_policy *a = policy_of(context, words[i]);
        struct svcroute_policy *copy = svcr_policy_copy(context, a);
        ck_assert_ptr_nonnull(copy);
        for (size_t j = 0; j < NUM; j++) {
            struct svcroute_policy *b = policy_of(context, words[j]);
            ck_assert_msg(svcr_policy_same(copy, b) == (i == j), "\"%s\" and \"%s\"", words[i],
                          words[j]);
            svcroute_policy_free(b);
        }
        svcroute_policy_free(a);
        svcroute_policy_free(copy);
    }
    struct svcroute_policy *a = policy_of(
        context, "watch:b watch:a class:x class: key:first01234567890 key:again01234567890");
    struct svcroute_policy *b = policy_of(context, "key:again01234567890 watch:a watch:b watch:a");
    ck_assert(svcr_policy_same(a, b));
    svcroute_policy_free(a);
    svcroute_policy_free(b);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
    ck_assert_int_eq(memory.bytes, 0);
}
END_TEST

/* Looks at what is released: no piece of a secret may be in it. */
struct watcher {
    const char *secrets[2];
    unsigned released, leaked;
};

static void *watcher_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *watcher_resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return realloc(memory, new_size);
}

static void watcher_release(void *user, void *memory, size_t size)
{
    struct watcher *watcher = user;
    watcher->released++;
    for (size_t at = 0; at + 8 <= size; at++) {
        for (size_t i = 0; i < 2; i++) {
            watcher->leaked += memcmp((char *)memory + at, watcher->secrets[i], 8) == 0 ? 1 : 0;
        }
    }
    free(memory);
}

START_TEST(test_secrets)
{
    static const char first[] = "the first secret of this test";
    static const char second[] = "another one of the same test";
    struct watcher watcher = {{first, second}, 0, 0};
    struct svcroute_allocator allocator = {.size = sizeof(allocator),
                                           .user = &watcher,
                                           .allocate = watcher_allocate,
                                           .resize = watcher_resize,
                                           .release = watcher_release};
    struct svcroute_context *context = NULL;
    ck_assert_int_eq(svcroute_context_new(&context, NULL, &allocator, NULL), 0);
    struct svcroute_policy *policy = policy_of(context, "");
    static int (*const set[])(struct svcroute_policy *, struct svcroute_text) = {
        svcroute_policy_set_cookie_secret, svcroute_policy_set_old_cookie_secret};
    for (size_t i = 0; i < 2; i++) {
        struct svcr_secret *secret = i == 0 ? &policy->cookie_secret : &policy->old_cookie_secret;
        ck_assert_int_eq(set[i](NULL, text_of(first)), SVCROUTE_ERR_INVALID);
        ck_assert_int_eq(set[i](policy, (svcr_text){NULL, 16}), SVCROUTE_ERR_INVALID);
        ck_assert_int_eq(set[i](policy, (svcr_text){first, 1}), SVCROUTE_ERR_INVALID);
        ck_assert_int_eq(set[i](policy, (svcr_text){first, 15}), SVCROUTE_ERR_INVALID);
        ck_assert_uint_eq(secret->size, 0);
        ck_assert_int_eq(set[i](policy, (svcr_text){first, 16}), 0);
        ck_assert_uint_eq(secret->size, 16);
        ck_assert_int_eq(set[i](policy, text_of(second)), 0);
        ck_assert_int_eq(set[i](policy, (svcr_text){first, 15}), SVCROUTE_ERR_INVALID);
        ck_assert(svcr_text_same((svcr_text){secret->bytes, secret->size}, text_of(second)));
        ck_assert_int_eq(set[i](policy, (svcr_text){NULL, 0}), 0);
        ck_assert_uint_eq(secret->size, 0);
        ck_assert_int_eq(set[i](policy, text_of(i == 0 ? first : second)), 0);
    }
    struct svcroute_policy *copy = svcr_policy_copy(context, policy);
    ck_assert_ptr_nonnull(copy);
    ck_assert(svcr_policy_same(copy, policy));
    svcroute_policy_free(policy);
    svcroute_policy_free(copy);
    svcroute_context_unref(context);
    ck_assert_uint_ge(watcher.released, 11);
    ck_assert_uint_eq(watcher.leaked, 0);
}
END_TEST

START_TEST(test_out_of_memory)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "watch:a watch:b at:c class:first traefik "
                                                        "key:0123456789abcdef "
                                                        "oldkey:fedcba9876543210");
    struct svcroute_policy *as_it_was = svcr_policy_copy(context, policy);
    struct svcroute_policy *copy = NULL;
    for (uint64_t n = 1; copy == NULL; n++) {
        memory.calls = 0;
        memory.fail_at = n;
        copy = svcr_policy_copy(context, policy);
        memory.fail_at = 0;
    }
    ck_assert(svcr_policy_same(copy, policy));
    for (uint64_t n = 1; n < 4; n++) { /* what fails leaves the policy as it was */
        memory.calls = 0;
        memory.fail_at = n;
        memory.and_after = true;
        if (svcroute_policy_add_namespace(policy, SVCR_TEXT("q")) == 0) {
            break;
        }
        ck_assert_int_eq(svcroute_policy_set_ingress_class(policy, SVCR_TEXT("second")),
                         SVCROUTE_ERR_NOMEM);
        ck_assert_int_eq(
            svcroute_policy_set_cookie_secret(policy, SVCR_TEXT("another secret of these")),
            SVCROUTE_ERR_NOMEM);
        memory.fail_at = 0;
        ck_assert(svcr_policy_same(policy, as_it_was));
    }
    memory.fail_at = 0;
    svcroute_policy_free(copy);
    svcroute_policy_free(as_it_was);
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
    ck_assert_int_eq(memory.bytes, 0);
}
END_TEST

Suite *suite_policy(void)
{
    Suite *suite = suite_create("policy");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_new_denies);
    tcase_add_test(all, test_arguments);
    tcase_add_test(all, test_sets);
    tcase_add_test(all, test_same);
    tcase_add_test(all, test_secrets);
    tcase_add_test(all, test_out_of_memory);
    suite_add_tcase(suite, all);
    return suite;
}
