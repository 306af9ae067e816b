/* What all conformance runners share. */
#include "runner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void runner_init(struct runner *runner)
{
    *runner = (struct runner){0};
}

void runner_pass(struct runner *runner)
{
    runner->passed++;
}

void runner_fail(struct runner *runner, const char *name, const char *format, ...)
{
    va_list arguments;

    runner->failed++;
    printf("FAIL %s: ", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

int runner_finish(const struct runner *runner)
{
    printf("%zu passed, %zu failed\n", runner->passed, runner->failed);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return RUNNER_USAGE;
    }
    return runner->failed == 0 && runner->passed > 0 ? RUNNER_OK : RUNNER_FAILED;
}

static int read_all(FILE *file, char **data, size_t *size)
{
    size_t capacity = 0;

    *data = NULL;
    *size = 0;
    do {
        char *grown;

        capacity = capacity ? capacity * 2 : 65536;
        grown = realloc(*data, capacity);
        if (!grown) {
            return -1;
        }
        *data = grown;
        *size += fread(*data + *size, 1, capacity - 1 - *size, file);
    } while (*size == capacity - 1);
    (*data)[*size] = '\0';
    return ferror(file) ? -1 : 0;
}

int runner_read_file(const char *path, char **data, size_t *size)
{
    FILE *file = fopen(path, "rb");
    int status = -1;

    if (file) {
        errno = 0;
        status = read_all(file, data, size);
        if (status != 0) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
            free(*data);
        }
        fclose(file);
    } else {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    if (status != 0) {
        *data = NULL;
        *size = 0;
    }
    return status;
}
