/**
 * @file
 * Which release this is, at build time and at run time.
 */
#ifndef SVCROUTE_VERSION_H
#define SVCROUTE_VERSION_H

#include <svcroute/api.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SVCROUTE_VERSION_MAJOR 0 /**< goes up when programs must be built anew */
#define SVCROUTE_VERSION_MINOR 1 /**< goes up when something is added */
#define SVCROUTE_VERSION_PATCH 0 /**< goes up when something is mended */

/** The release of these headers as one number: major * 1,000,000 + minor * 1,000 + patch. */
#define SVCROUTE_VERSION_NUMBER                                                                    \
    (SVCROUTE_VERSION_MAJOR * 1000000 + SVCROUTE_VERSION_MINOR * 1000 + SVCROUTE_VERSION_PATCH)

/**
 * The release of the library that is loaded, in the form of SVCROUTE_VERSION_NUMBER. Does not
 * allocate; any thread. Since 0.1.
 */
SVCROUTE_API uint32_t svcroute_version_number(void);

/**
 * The same as text, "0.1.0": terminated by NUL, valid for ever. Does not allocate; any thread.
 * Since 0.1.
 */
SVCROUTE_API const char *svcroute_version_text(void);

#ifdef __cplusplus
}
#endif

#endif
