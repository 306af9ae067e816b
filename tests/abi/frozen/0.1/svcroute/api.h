/**
 * @file
 * How public symbols are declared. Included by every other header; not needed alone.
 */
#ifndef SVCROUTE_API_H
#define SVCROUTE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define SVCROUTE_API __attribute__((visibility("default")))
#else
#define SVCROUTE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Text: a pointer and a length, never terminated by a NUL that counts. `data` may be NULL when `size`
 * is 0. Text that a getter gives back with `data == NULL` was absent; with `data != NULL` and
 * `size == 0` it was given and empty. This struct is frozen. Since 0.1.
 */
struct svcroute_text {
    const char *data; /**< first byte, UTF-8 unless the call says otherwise */
    size_t size;      /**< length in bytes */
};

#ifdef __cplusplus
}
#endif

#endif
