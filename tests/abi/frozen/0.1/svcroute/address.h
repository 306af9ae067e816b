/**
 * @file
 * Questions about network addresses, for hosts that resolve names themselves.
 */
#ifndef SVCROUTE_ADDRESS_H
#define SVCROUTE_ADDRESS_H

#include <svcroute/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether an address is on this host or this link: 127/8, 0/8, 169.254/16, ::, ::1, fe80::/10 and their
 * IPv4-mapped forms. A host that looks up the name of an ExternalName server asks this of every
 * answer before it connects, where its policy does not allow local addresses.
 * @param bytes the address in network order; NULL gives false
 * @param size 4 or 16; other sizes give false
 *
 * Does not allocate; any thread. Since 0.1.
 */
SVCROUTE_API bool svcroute_address_is_local(const uint8_t *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif
