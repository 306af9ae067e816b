/* SHA-256 and SHA-1 by OpenSSL. Nothing of what OpenSSL notes about a failure stays in the thread's
 * error queue, which belongs to the host. */
#include "base/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <svcroute/error.h>

#include "base/context.h"

/* Ends what ERR_set_mark() began. OpenSSL that could not even note its failure was out of memory.
 */
static int failure_since_mark(void)
{
    unsigned long error = ERR_peek_last_error();

    ERR_pop_to_mark();
    return error == 0 || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? SVCROUTE_ERR_NOMEM
                                                                       : SVCROUTE_ERR_CRYPTO;
}

int svcr_digest_open(struct svcroute_context *context)
{
    int status = SVCROUTE_OK;

    ERR_set_mark();
    context->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    context->sha1 = context->sha256 ? EVP_MD_fetch(NULL, "SHA1", NULL) : NULL;
    if (!context->sha1) {
        status = failure_since_mark();
        svcr_digest_close(context);
        return status;
    }
    ERR_pop_to_mark();
    return status;
}

void svcr_digest_close(struct svcroute_context *context)
{
    EVP_MD_free(context->sha256);
    EVP_MD_free(context->sha1);
    context->sha256 = NULL;
    context->sha1 = NULL;
}

static int digest(const EVP_MD *kind, const void *data, size_t size, uint8_t *out)
{
    ERR_set_mark();
    if (EVP_Digest(size ? data : "", size, out, NULL, kind, NULL) != 1) {
        return failure_since_mark();
    }
    ERR_pop_to_mark();
    return SVCROUTE_OK;
}

int svcr_sha256(struct svcroute_context *context, const void *data, size_t size, uint8_t out[32])
{
    return digest(context->sha256, data, size, out);
}

int svcr_sha1(struct svcroute_context *context, const void *data, size_t size, uint8_t out[20])
{
    return digest(context->sha1, data, size, out);
}
