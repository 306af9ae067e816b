/* YAML, and what is told apart by its first bytes: to trees, and to objects in two ways. */
#include "document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = fuzz_input(data, size);
    fuzz_both_ways(input, input.options & 8 ? SVCROUTE_FORMAT_AUTO : SVCROUTE_FORMAT_YAML);
    return 0;
}
