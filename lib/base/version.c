/* The version of the library that runs. */
#include <svcroute/version.h>

#define QUOTE(number) #number
#define VERSION(major, minor, patch) QUOTE(major) "." QUOTE(minor) "." QUOTE(patch)

uint32_t svcroute_version_number(void)
{
    return SVCROUTE_VERSION_NUMBER;
}

const char *svcroute_version_text(void)
{
    return VERSION(SVCROUTE_VERSION_MAJOR, SVCROUTE_VERSION_MINOR, SVCROUTE_VERSION_PATCH);
}
