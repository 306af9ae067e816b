/* Runs the suites of suites.h in one process, says how many tests each ran and ends with
 * "N passed, N failed". A suite that runs fewer tests than its row says fails: a test that is not
 * run cannot fail. Arguments name the suites to run; without any all are run. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SUITE(name, minimum) Suite *suite_##name(void);
#include "suites.h"
#undef SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
    int minimum;
} suites[] = {
#define SUITE(name, minimum) {#name, suite_##name, minimum},
#include "suites.h"
#undef SUITE
};

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        if (!wanted(suites[i].name, argc, argv))
            continue;
        SRunner *runner = srunner_create(suites[i].make());
        srunner_run_all(runner, CK_SILENT);
        int run = srunner_ntests_run(runner), bad = srunner_ntests_failed(runner);
        srunner_print(runner, CK_NORMAL);
        srunner_free(runner);
        if (run < suites[i].minimum) {
            printf("FAIL %s: ran %d tests, at least %d are recorded\n", suites[i].name, run,
                   suites[i].minimum);
            failed++;
        }
        printf("%s: %d tests, %d failed\n", suites[i].name, run, bad);
        passed += run - bad;
        failed += bad;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
