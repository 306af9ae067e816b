/* SHA-256, SHA-1 and HMAC by OpenSSL, fetched from a library context of our own: unlike OpenSSL's
 * default one it depends on no configuration and no environment, so that names and cookies are the
 * same everywhere, and running out of memory while it is made is an error (OpenSSL 3.0 crashes
 * there with the default one). Nothing of what OpenSSL notes about a failure stays in the thread's
 * error queue, which belongs to the host. */
#include "base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <svcroute/error.h>

#include "base/context.h"

static bool is_memory_error(unsigned long error)
{
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ||
           (ERR_GET_LIB(error) == ERR_LIB_EVP &&
            ERR_GET_REASON(error) == EVP_R_INITIALIZATION_ERROR);
}

/* Ends what ERR_set_mark() began after a failure. One that OpenSSL could not even note, or the
 * start of a digest that was there before, fails for want of memory. What came before the last
 * error can be read only where the queue was empty (`marked` false), since reading takes away. */
static int failure_since_mark(bool marked)
{
    unsigned long error = ERR_peek_last_error();
    bool memory = error == 0 || is_memory_error(error);

    while (!marked && (error = ERR_get_error()) != 0) {
        memory = memory || is_memory_error(error);
    }
    ERR_pop_to_mark();
    return memory ? SVCROUTE_ERR_NOMEM : SVCROUTE_ERR_CRYPTO;
}

int svcr_digest_open(struct svcroute_context *context)
{
    bool marked = ERR_set_mark() == 1;

    context->crypto = OSSL_LIB_CTX_new();
    if (context->crypto) {
        context->sha256 = EVP_MD_fetch(context->crypto, "SHA256", NULL);
    }
    if (context->sha256) {
        context->sha1 = EVP_MD_fetch(context->crypto, "SHA1", NULL);
    }
    if (context->sha1) {
        context->hmac = EVP_MAC_fetch(context->crypto, "HMAC", NULL);
    }
    if (!context->hmac) {
        int status = failure_since_mark(marked);

        svcr_digest_close(context);
        return status;
    }
    ERR_pop_to_mark();
    return SVCROUTE_OK;
}

void svcr_digest_close(struct svcroute_context *context)
{
    EVP_MD_free(context->sha256);
    EVP_MD_free(context->sha1);
    EVP_MAC_free(context->hmac);
    OSSL_LIB_CTX_free(context->crypto);
    context->sha256 = NULL;
    context->sha1 = NULL;
    context->hmac = NULL;
    context->crypto = NULL;
}

static int digest(const EVP_MD *kind, const void *data, size_t size, uint8_t *out)
{
    bool marked = ERR_set_mark() == 1;

    if (EVP_Digest(size ? data : "", size, out, NULL, kind, NULL) != 1) {
        return failure_since_mark(marked);
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

int svcr_hmac_sha256(struct svcroute_context *context, const void *key, size_t key_size,
                     const void *data, size_t size, uint8_t out[32])
{
    char name[] = "SHA256"; /* OpenSSL's parameters are not const, though it writes none */
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    bool marked = ERR_set_mark() == 1;
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(context->hmac);
    size_t written = 0;
    int status = SVCROUTE_OK;

    if (!mac || EVP_MAC_init(mac, key, key_size, parameters) != 1 ||
        EVP_MAC_update(mac, size ? data : (const void *)"", size) != 1 ||
        EVP_MAC_final(mac, out, &written, 32) != 1) {
        status = failure_since_mark(marked);
    } else {
        ERR_pop_to_mark();
    }
    EVP_MAC_CTX_free(mac);
    return status;
}

void svcr_wipe(void *bytes, size_t size)
{
    OPENSSL_cleanse(bytes, size);
}
