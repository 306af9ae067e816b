/* The line of progress. */
#include "progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 300,    /* nothing is shown before */
    REFRESH_MS = 100,     /* time between two lines */
    MANY_BYTES = 16 << 20 /* a step over so many bytes is announced */
};

static struct {
    bool terminal, visible;
    size_t file, files; /* done, and all */
    uint64_t bytes;
    int64_t begun, shown; /* milliseconds */
} progress;

static int64_t milliseconds(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(size_t files)
{
    const char *terminal = getenv("TERM");
    memset(&progress, 0, sizeof progress);
    progress.terminal =
        isatty(STDERR_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
    progress.files = files;
    progress.begun = milliseconds();
}

static void shown(void)
{
    fflush(stderr);
    progress.visible = true;
    progress.shown = milliseconds();
}

static bool is_time(void)
{
    int64_t now = progress.terminal ? milliseconds() : 0;
    return progress.terminal && now - progress.begun >= PATIENCE_MS &&
           now - progress.shown >= REFRESH_MS;
}

static void show(const char *what)
{
    fprintf(stderr, "\r\033[Ksvcroute: %s", what);
    if (progress.files > 1) {
        fprintf(stderr, " %zu of %zu inputs,", progress.file, progress.files);
    }
    fprintf(stderr, " %.1f MB", (double)progress.bytes / 1e6);
    shown();
}

void progress_read(size_t file, size_t bytes)
{
    progress.bytes += bytes;
    progress.file = file;
    if (is_time()) {
        show("reading");
    }
}

void progress_count(const char *what, uint64_t done, uint64_t all)
{
    if (is_time()) {
        fprintf(stderr, "\r\033[Ksvcroute: %" PRIu64 " of %" PRIu64 " %s", done, all, what);
        shown();
    }
}

void progress_step(const char *what, uint64_t bytes)
{
    if (progress.terminal && (bytes >= MANY_BYTES || progress.visible)) {
        show(what);
    }
}

uint64_t progress_bytes(void)
{
    return progress.bytes;
}

void progress_clear(void)
{
    if (progress.visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress.visible = false;
    }
}
