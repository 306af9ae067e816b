/* Runs a target over the files of folders, as an ordinary test. The last line is "N passed, N
 * failed"; an input whose property does not hold ends the program ahead of it, its name being the
 * last one printed. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned passed;

/* 0, or 2 for a file that cannot be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0;
    size_t capacity = 0;
    size_t got = 0;
    if (file == NULL) {
        perror(path);
        return 2;
    }
    do {
        size += got;
        if (size == capacity) {
            capacity = capacity * 2 + 4096;
            data = realloc(data, capacity);
            MUST(data != NULL);
        }
        got = fread(data + size, 1, capacity - size, file);
    } while (got != 0);
    fclose(file);
    /* A block of just this size, so that reading beyond it is noticed. */
    uint8_t *exact = malloc(size != 0 ? size : 1);
    MUST(exact != NULL);
    memcpy(exact, data, size);
    free(data);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    passed++;
    return 0;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int status = 0;
    if (dir == NULL) {
        return replay_file(folder);
    }
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        int error = replay_file(path);
        status = error != 0 ? error : status;
    }
    closedir(dir);
    return status;
}

int main(int argc, char **argv)
{
    int status = argc < 2 ? 2 : 0;
    for (int i = 1; i < argc; i++) {
        int error = replay_folder(argv[i]);
        status = error != 0 ? error : status;
    }
    printf("%u passed, 0 failed\n", passed);
    return status;
}
