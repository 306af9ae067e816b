/* JSON: to trees, and to objects in two ways, of which one takes the items of a list while it is
 * read. */
#include "document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_both_ways(fuzz_input(data, size), SVCROUTE_FORMAT_JSON);
    return 0;
}
