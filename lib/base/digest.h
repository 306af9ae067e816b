/* SHA-256, SHA-1 and HMAC by OpenSSL: the library's only user of libcrypto. */
#ifndef SVCR_DIGEST_H
#define SVCR_DIGEST_H

#include <svcroute/context.h>

/* Fetches the digests for a context that is being made. 0, SVCROUTE_ERR_CRYPTO or
 * SVCROUTE_ERR_NOMEM. */
int svcr_digest_open(struct svcroute_context *context);
void svcr_digest_close(struct svcroute_context *context);
/* 0, SVCROUTE_ERR_NOMEM or SVCROUTE_ERR_CRYPTO. */
int svcr_sha256(struct svcroute_context *context, const void *data, size_t size, uint8_t out[32]);
int svcr_sha1(struct svcroute_context *context, const void *data, size_t size, uint8_t out[20]);
/* HMAC-SHA-256 (RFC 2104) of `data` under a key of any length but 0. The same codes. */
int svcr_hmac_sha256(struct svcroute_context *context, const void *key, size_t key_size,
                     const void *data, size_t size, uint8_t out[32]);
/* Overwrites what is about to be freed, whatever the compiler thinks of that. */
void svcr_wipe(void *bytes, size_t size);

#endif
