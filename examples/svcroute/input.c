/* Walking through folders and reading files. */
#include "input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "output.h"
#include "progress.h"

enum { FIRST_ROOM = 64 << 10 };

/* ---- which files -------------------------------------------------------------------------- */

static char *join(const char *folder, const char *name)
{
    size_t size = strlen(folder);
    const char *slash = size > 0 && folder[size - 1] == '/' ? "" : "/";
    char *path = memory_new(size + strlen(name) + 2, 1);
    snprintf(path, size + strlen(name) + 2, "%s%s%s", folder, slash, name);
    return path;
}

static bool has_ending(const char *name)
{
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending = strlen(endings[i]);
        if (size > ending && strcmp(name + size - ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void paths_add(char ***paths, size_t *num, char *path)
{
    *paths = memory_grow(*paths, *num + 1, sizeof **paths);
    (*paths)[(*num)++] = path;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Folders that are still to be opened, and files that were found. */
struct walk {
    struct inputs *inputs;
    char **folders;
    size_t num_folders;
};

static void complain_of(struct inputs *inputs, const char *path, int error)
{
    complain(path, strerror(error));
    inputs->failed = true;
}

static void walk_entry(struct walk *walk, const char *folder, const char *name)
{
    struct stat link, target;
    if (name[0] == '.') {
        return;
    }
    char *path = join(folder, name);
    if (lstat(path, &link) != 0 || stat(path, &target) != 0) {
        if (has_ending(name)) {
            complain_of(walk->inputs, path, errno);
        }
        free(path);
    } else if (S_ISDIR(link.st_mode)) {
        paths_add(&walk->folders, &walk->num_folders, path);
    } else if (S_ISREG(target.st_mode) && has_ending(name)) {
        paths_add(&walk->inputs->paths, &walk->inputs->num, path);
    } else {
        free(path);
    }
}

static void walk_folder(struct walk *walk, const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        complain_of(walk->inputs, folder, errno);
        return;
    }
    struct dirent *entry;
    while (errno = 0, (entry = readdir(entries)) != NULL) {
        walk_entry(walk, folder, entry->d_name);
    }
    if (errno != 0) {
        complain_of(walk->inputs, folder, errno);
    }
    closedir(entries);
}

/* Links to folders are not followed, so the walk ends; a folder named as an argument may be one. */
static void gather_folder(struct inputs *inputs, const char *folder)
{
    struct walk walk = {inputs, NULL, 0};
    size_t before = inputs->num;
    bool failed = inputs->failed;
    paths_add(&walk.folders, &walk.num_folders, join(folder, ""));
    walk.folders[0][strlen(folder)] = '\0'; /* without the slash that joining added */
    while (walk.num_folders > 0) {
        char *next = walk.folders[--walk.num_folders];
        walk_folder(&walk, next);
        free(next);
    }
    free(walk.folders);
    if (inputs->num > before) {
        qsort(inputs->paths + before, inputs->num - before, sizeof *inputs->paths, compare_paths);
    } else if (inputs->failed == failed) {
        complain(folder, "no files ending in .yaml, .yml or .json here");
    }
}

/* One input of several names: only the first is read. */
struct identity {
    dev_t device;
    ino_t number;
    size_t index;
};

static int compare_identities(const void *a, const void *b)
{
    const struct identity *left = a, *right = b;
    if (left->device != right->device) {
        return left->device < right->device ? -1 : 1;
    }
    if (left->number != right->number) {
        return left->number < right->number ? -1 : 1;
    }
    return left->index < right->index ? -1 : 1;
}

static void drop_repeated(struct inputs *inputs)
{
    struct identity *identities = memory_new(inputs->num, sizeof *identities);
    bool *repeated = memory_new(inputs->num, sizeof *repeated);
    size_t num = 0, kept = 0;
    for (size_t i = 0; i < inputs->num; i++) {
        struct stat status;
        const char *path = inputs->paths[i];
        if ((path != NULL ? stat(path, &status) : fstat(STDIN_FILENO, &status)) == 0) {
            identities[num++] = (struct identity){status.st_dev, status.st_ino, i};
        }
    }
    qsort(identities, num, sizeof *identities, compare_identities);
    for (size_t i = 1; i < num; i++) {
        repeated[identities[i].index] = identities[i].device == identities[i - 1].device &&
                                        identities[i].number == identities[i - 1].number;
    }
    for (size_t i = 0; i < inputs->num; i++) {
        if (repeated[i]) {
            free(inputs->paths[i]);
        } else {
            inputs->paths[kept++] = inputs->paths[i];
        }
    }
    inputs->num = kept;
    free(identities);
    free(repeated);
}

void inputs_gather(struct inputs *inputs, const struct values *arguments)
{
    memset(inputs, 0, sizeof *inputs);
    if (arguments->num == 0) {
        paths_add(&inputs->paths, &inputs->num, NULL);
    }
    for (size_t i = 0; i < arguments->num; i++) {
        const char *argument = arguments->items[i];
        struct stat status;
        if (strcmp(argument, "-") == 0) {
            paths_add(&inputs->paths, &inputs->num, NULL);
        } else if (stat(argument, &status) != 0) {
            complain_of(inputs, argument, errno);
        } else if (S_ISDIR(status.st_mode)) {
            gather_folder(inputs, argument);
        } else {
            char *path = memory_new(strlen(argument) + 1, 1);
            memcpy(path, argument, strlen(argument));
            paths_add(&inputs->paths, &inputs->num, path);
        }
    }
    drop_repeated(inputs);
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->num; i++) {
        free(inputs->paths[i]);
    }
    free(inputs->paths);
}

/* ---- their bytes -------------------------------------------------------------------------- */

struct bytes {
    char *data;
    size_t size, room;
};

/* 0 or an errno. */
static int read_all(int file, size_t index, struct bytes *bytes)
{
    for (;;) {
        if (bytes->size == bytes->room) {
            if (bytes->room > SIZE_MAX / 2) {
                return ENOMEM;
            }
            char *larger = realloc(bytes->data, bytes->room * 2);
            if (larger == NULL) {
                return ENOMEM;
            }
            bytes->data = larger;
            bytes->room *= 2;
        }
        size_t room = bytes->room - bytes->size;
        ssize_t got = read(file, bytes->data + bytes->size, room < 1 << 20 ? room : 1 << 20);
        if (got == 0) {
            return 0;
        }
        if (got > 0) {
            bytes->size += (size_t)got;
            progress_read(index, (size_t)got);
        } else if (errno != EINTR) {
            return errno;
        }
    }
}

int input_read(const char *path, size_t index, char **data, size_t *size)
{
    struct stat status;
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (file < 0) {
        return errno;
    }
    struct bytes bytes = {NULL, 0, FIRST_ROOM};
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        (uintmax_t)status.st_size < SIZE_MAX / 2) {
        bytes.room = (size_t)status.st_size + 1; /* one more, to meet the end without growing */
    }
    bytes.data = malloc(bytes.room);
    int error = bytes.data != NULL ? read_all(file, index, &bytes) : ENOMEM;
    if (path != NULL) {
        close(file);
    }
    if (error != 0) {
        free(bytes.data);
        return error;
    }
    *data = bytes.data;
    *size = bytes.size;
    return 0;
}
