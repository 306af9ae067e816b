/* The hostile suite: documents that are wrong, documents, rules and requests that want to cost more
 * than they are worth, and how cost grows with honest ones. */
#include <stdio.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "hostile.h"

static unsigned long passed, failed;

void check(bool ok, const char *name, const char *why, ...)
{
    if (ok) {
        passed++;
        return;
    }
    va_list arguments;
    va_start(arguments, why);
    printf("FAIL %s: ", name);
    vprintf(why, arguments);
    printf("\n");
    va_end(arguments);
    failed++;
}

_Noreturn void give_up(const char *why)
{
    printf("the suite gives up: %s\n", why);
    exit(2);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
#ifdef __GLIBC__
    /* Memory that went back to the system costs a fault per page when it comes again; that is no
     * cost of ours. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
    if (argc > 2) {
        fprintf(stderr, "usage: hostile [rejects|bombs|scaling|rules]\n");
        return 2;
    }
    if (!*only || strcmp(only, "rejects") == 0) {
        run_rejects();
    }
    if (!*only || strcmp(only, "bombs") == 0) {
        run_bombs();
    }
    if (!*only || strcmp(only, "scaling") == 0) {
        run_scaling();
    }
    if (!*only || strcmp(only, "rules") == 0) {
        run_rules();
    }
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
