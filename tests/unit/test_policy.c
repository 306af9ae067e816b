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
         which <= SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES; which++) {
        ck_assert(!svcr_policy_allows(policy, which));
        ck_assert_int_eq(svcroute_policy_set_switch(policy, which, true), 0);
        for (uint32_t other = SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE;
             other <= SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES; other++) {
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
    ck_assert_int_eq(svcroute_policy_set_switch(policy, 7, true), SVCROUTE_ERR_INVALID);
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
    static const char *const words[] = {"",         "traefik",         "cross",  "local",
                                        "class:x",  "class:y",         "watch:", "watch:a",
                                        "watch:b",  "watch:a watch:b", "at:",    "at:a",
                                        "at:a at:b"};
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
    struct svcroute_policy *a = policy_of(context, "watch:b watch:a class:x class:");
    struct svcroute_policy *b = policy_of(context, "watch:a watch:b watch:a");
    ck_assert(svcr_policy_same(a, b));
    svcroute_policy_free(a);
    svcroute_policy_free(b);
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
    ck_assert_int_eq(memory.bytes, 0);
}
END_TEST

START_TEST(test_out_of_memory)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "watch:a watch:b at:c class:first traefik");
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
    tcase_add_test(all, test_out_of_memory);
    suite_add_tcase(suite, all);
    return suite;
}
