/* The judge of references: every sort under policies and profiles (sections 3 and 12 of the
 * behaviour), and the full names that it leads to. */
#include "resolve/reference.h"

#include "resolve_support.h"

#define SERVICE SVCR_REFERENCE_SERVICE
#define TREE SVCR_REFERENCE_TRAEFIK_SERVICE
#define OBJECT SVCR_REFERENCE_OBJECT
#define PARENT SVCR_REFERENCE_PARENT

static const struct row {
    enum svcr_reference_sort sort;
    const char *namespace_, *name; /* as written */
    const char *words;             /* of the policy; run in both profiles unless one is named */
    uint32_t refused;              /* 0: allowed */
    const char *full;              /* name with port 80 for a Service */
    bool ignored;
} rows[] = {
    {SERVICE, "", "svc", "", 0, "a-svc-80", false},
    {SERVICE, "a", "svc", "", 0, "a-svc-80", false},
    {SERVICE, "a", "my.svc", "", 0, "a-my-svc-80", false},
    {SERVICE, "c", "svc", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {SERVICE, "c", "svc", "cross", 0, "c-svc-80", false},
    {SERVICE, "c", "svc", "cross watch:a", SVCR_DIAG_NOT_WATCHED, NULL, false},
    {SERVICE, "c", "svc", "cross watch:a watch:c", 0, "c-svc-80", false},
    {SERVICE, "", "svc@file", "cross", SVCR_DIAG_SERVICE_NAME_AT, NULL, false},
    {SERVICE, "", "svc@kubernetescrd", "cross", SVCR_DIAG_SERVICE_NAME_AT, NULL, false},
    {SERVICE, "", "", "default", SVCR_DIAG_REFERENCE_NAME, NULL, false},
    {SERVICE, "", "", "traefik", 0, "a-80", false},
    {TREE, "", "svc", "", 0, "a-svc", false},
    {TREE, "c", "svc", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {TREE, "c", "svc", "cross", 0, "c-svc", false},
    {TREE, "", "", "default", SVCR_DIAG_REFERENCE_NAME, NULL, false},
    {TREE, "", "my.svc@file", "", 0, "my-svc@file", false},
    {TREE, "c", "my.svc@file", "", 0, "my-svc@file", true},
    {TREE, "", "x@y@file", "", 0, "x-y@file", false},
    {TREE, "", "svc@", "", 0, "svc@", false},
    {TREE, "", "svc@file", "at:", SVCR_DIAG_CROSS_PROVIDER, NULL, false},
    {TREE, "", "svc@file", "at:b at:c", SVCR_DIAG_CROSS_PROVIDER, NULL, false},
    {TREE, "", "svc@file", "at:b at:a", 0, "svc@file", false},
    {TREE, "", "a-svc@kubernetescrd", "cross at:", SVCR_DIAG_CROSS_PROVIDER, NULL, false},
    {TREE, "", "a-svc@kubernetescrd", "cross", 0, "a-svc", false},
    {TREE, "c", "svc@kubernetescrd", "cross", 0, "c-svc", false},
    {TREE, "", "c-svc@kubernetescrd", "default", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {TREE, "c", "svc@kubernetescrd", "default", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {TREE, "a", "svc@kubernetescrd", "default", 0, "a-svc", false},
    {TREE, "", "c-svc@kubernetescrd", "traefik", 0, "c-svc", false},
    {TREE, "c", "svc@kubernetescrd", "traefik", 0, "c-svc", false},
    {TREE, "", "svc@xkubernetescrd", "default", 0, "svc@xkubernetescrd", false},
    {OBJECT, "", "m", "", 0, "a-m", false},
    {OBJECT, "", "my.m", "", 0, "a-my-m", false},
    {OBJECT, "c", "m", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {OBJECT, "c", "m", "cross", 0, "c-m", false},
    {OBJECT, "", "My.m@file", "", 0, "My.m@file", false},
    {OBJECT, "c", "m@file", "", 0, "m@file", true},
    {OBJECT, "", "m@file", "at:", SVCR_DIAG_CROSS_PROVIDER, NULL, false},
    {OBJECT, "", "m@file", "at:a", 0, "m@file", false},
    {OBJECT, "", "a-m@kubernetescrd", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {OBJECT, "a", "m@kubernetescrd", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, true},
    {OBJECT, "", "a-m@kubernetescrd", "cross", 0, "a-m@kubernetescrd", false},
    {OBJECT, "", "a-m@kubernetescrd", "cross at:b", SVCR_DIAG_CROSS_PROVIDER, NULL, false},
    {PARENT, "", "p", "", 0, "a-p", false},
    {PARENT, "a", "p", "", 0, "a-p", false},
    {PARENT, "c", "p", "", SVCR_DIAG_CROSS_NAMESPACE, NULL, false},
    {PARENT, "c", "p", "cross", 0, "c-p", false},
    {PARENT, "", "p@file", "at:", 0, "a-p-file", false},
};

static void check_row(struct svcroute_context *context, const struct row *row, bool traefik)
{
    char words[64];
    const char *given = strcmp(row->words, "default") == 0 ? "" : row->words;
    snprintf(words, sizeof(words), "%s%s", given, traefik ? " traefik" : "");
    struct svcroute_policy *policy = policy_of(context, words);
    struct svcr_question question = {row->sort, SVCR_TEXT("a"), SVCR_TEXT("a"), text_of(row->name),
                                     text_of(row->namespace_)};
    struct svcr_answer answer = svcr_reference_judge(policy, &question);
    ck_assert_msg(answer.refused == row->refused, "%s/%s under \"%s\": %u, not %u", row->namespace_,
                  row->name, words, answer.refused, row->refused);
    ck_assert(answer.namespace_ignored == row->ignored);
    if (row->refused != 0) {
        ck_assert_uint_gt(strlen(svcr_reference_remedy(answer.refused)), 10);
    } else {
        struct svcr_buffer buffer;
        svcr_buffer_init(&buffer, context);
        svcr_reference_name(&buffer, row->sort, &answer,
                            row->sort == SERVICE ? SVCR_TEXT("80") : SVCR_TEXT_ABSENT);
        ck_assert_text(svcr_buffer_text(&buffer), row->full);
        svcr_buffer_free(&buffer);
    }
    svcroute_policy_free(policy);
}

START_TEST(test_rows)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].words, "traefik") != 0) {
            check_row(context, &rows[i], false);
        }
        if (strcmp(rows[i].words, "default") != 0) {
            check_row(context, &rows[i], true);
        }
    }
    svcroute_context_unref(context);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

/* Names without a namespace are those of `home`; the right is that of `asked`. */
START_TEST(test_asked_is_not_home)
{
    struct memory memory;
    struct svcroute_context *context = make_context(&memory, NULL);
    struct svcroute_policy *policy = policy_of(context, "at:a");
    struct svcr_question question = {OBJECT, SVCR_TEXT("a"), SVCR_TEXT("c"), SVCR_TEXT("m"),
                                     SVCR_TEXT_ABSENT};
    struct svcr_answer answer = svcr_reference_judge(policy, &question);
    ck_assert_uint_eq(answer.refused, 0);
    ck_assert_text(answer.namespace_, "c");
    question.namespace_ = SVCR_TEXT("c"); /* written: another's than the one asked */
    ck_assert_uint_eq(svcr_reference_judge(policy, &question).refused, SVCR_DIAG_CROSS_NAMESPACE);
    question.namespace_ = SVCR_TEXT("a");
    ck_assert_uint_eq(svcr_reference_judge(policy, &question).refused, 0);
    question.name = SVCR_TEXT("m@file");
    ck_assert_uint_eq(svcr_reference_judge(policy, &question).refused, 0);
    question.asked = SVCR_TEXT("c");
    ck_assert_uint_eq(svcr_reference_judge(policy, &question).refused, SVCR_DIAG_CROSS_PROVIDER);
    svcroute_policy_free(policy);
    svcroute_context_unref(context);
}
END_TEST

/* Who is asked for the names beside a Service of another namespace differs between the profiles. */
START_TEST(test_settings_ask)
{
    static const char text[] =
        "kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: c}\n"
        "spec: {type: ExternalName, externalName: example.com, ports: [{port: 80}]}\n---\n"
        "kind: TraefikService\napiVersion: traefik.io/v1alpha1\nmetadata: {name: w, namespace: a}\n"
        "spec: {weighted: {services: [{name: s, namespace: c, port: 80, middlewares: [{name: m},"
        " {name: n@file}], serversTransport: t}]}}\n";
    static const struct {
        const char *words;
        bool there;
    } cases[] = {
        {"cross external at:a", true},
        {"cross external at:c", false},
        {"cross external at:c traefik", true},
        {"cross external at:a traefik", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;
        struct svcroute_table *table = table_of(&world, text, cases[i].words);
        const struct svcroute_service *service =
            svcroute_table_find_service(table, SVCR_TEXT("c-s-80"));
        ck_assert_msg((service != NULL) == cases[i].there, "%s", cases[i].words);
        if (service != NULL) {
            ck_assert_text(svcroute_service_get_middleware(service, 0), "c-m");
            ck_assert_text(svcroute_service_get_middleware(service, 1), "n@file");
            ck_assert_text(service_info(service).servers_transport, "c-t");
        }
        table_close(&world, table);
    }
}
END_TEST

Suite *suite_reference(void)
{
    Suite *suite = suite_create("reference");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_rows);
    tcase_add_test(all, test_asked_is_not_home);
    tcase_add_test(all, test_settings_ask);
    suite_add_tcase(suite, all);
    return suite;
}
