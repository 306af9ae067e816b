/* IP addresses as text: what a literal means, whether it is written canonically (RFC 5952), and
 * whether it may be reached only with permission. No resolver, no locale. */
#ifndef SVCR_ADDRESS_H
#define SVCR_ADDRESS_H

#include "base/text.h"

struct svcr_address {
    uint8_t bytes[16]; /* network order; the first `size` count */
    uint8_t size;      /* 4, 16, or 0: not an IP literal, so a name */
    uint8_t canonical; /* written as RFC 5952 (IPv6) or as four decimal parts without leading zeros;
                          a name: always 1. An IPv6 zone or an IPv4-like text that is none (such as
                          "010.0.0.1", "127.1", "0x7f000001"): 0 */
    uint8_t
        local; /* design section 6: 127/8, 0/8, 169.254/16, ::, ::1, fe80::/10, their IPv4-mapped
                  forms, "localhost" and "*.localhost" (any case, one trailing dot allowed) */
    uint8_t valid_name; /* for a name: letters, digits, "-", "_", "." in labels of 1 to 63, at most
                          253 bytes, one trailing dot allowed, and its last label is not all digits
                          or "0x..." ; an IP literal: 1 */
};

void svcr_address_parse(svcr_text text, struct svcr_address *out);

#define SVCR_ADDRESS_TEXT_MAX 40
/* Writes an IPv6 address canonically, at most 39 bytes without a NUL, and gives their number; of the
 * forms with an IPv4 part only the mapped one. */
size_t svcr_address_format_ipv6(const uint8_t bytes[16], char out[SVCR_ADDRESS_TEXT_MAX]);

#endif
