/* Signs of life on standard error during long work: one line that rewrites itself, on
 * terminals only, and only when the work takes longer than people like to wait. */
#ifndef SVCROUTE_TOOL_PROGRESS_H
#define SVCROUTE_TOOL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* Before work on `files` inputs (0: not known). */
void progress_begin(size_t files);

/* `bytes` more were read; `file` inputs are done. Shows something only now and then. */
void progress_read(size_t file, size_t bytes);

/* A step that gives no sign by itself begins: it is named at once if it will take long, that is if
 * `bytes` are many. */
void progress_step(const char *what, uint64_t bytes);

/* `done` of `all` things are through; `what` names them. Shows something only now and then. */
void progress_count(const char *what, uint64_t done, uint64_t all);

/* Bytes that were read since the beginning. */
uint64_t progress_bytes(void);

/* Takes the line away; before anything else is written. */
void progress_clear(void);

#endif
