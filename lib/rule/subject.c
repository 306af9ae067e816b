/* Requests as rules see them: what HTTP forbids is refused, the host loses port, brackets and
 * capitals, the path takes its routing form. What is fine as it came is borrowed; one look at the
 * classes of all its bytes tells. */
#include "rule/subject.h"

#include <svcroute/error.h>

#include "base/address.h"
#include "rule/path.h"

static bool is_absent(svcr_text text)
{
    return text.data == NULL && text.size > 0;
}

/* host:port as Go's net.SplitHostPort takes it apart, by the last colon; false where that gives an
 * error: no colon, two without brackets, brackets elsewhere than around the host. */
static bool split_port(svcr_text text, svcr_text *host)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    colon--;
    if (text.data[0] == '[') {
        const char *close = memchr(text.data, ']', text.size);
        if (close == NULL || close + 1 != text.data + colon) {
            return false;
        }
        *host = (svcr_text){text.data + 1, colon - 2};
    } else {
        *host = (svcr_text){text.data, colon};
        if (memchr(text.data, ':', colon) != NULL) {
            return false;
        }
    }
    /* Neither bracket again: "[" behind the first byte of the host, "]" behind its end. */
    size_t rest = (size_t)(host->data - text.data);
    return memchr(text.data + rest, '[', text.size - rest) == NULL &&
           memchr(text.data + colon, ']', text.size - colon) == NULL &&
           (rest == 1 || memchr(text.data, ']', colon) == NULL);
}

/* The host of a Host header that needs a closer look. */
static svcr_text strip_host(svcr_text text)
{
    svcr_text host;
    if (memchr(text.data, ':', text.size) == NULL) {
        return text;
    }
    if (split_port(text, &host)) {
        return host;
    }
    if (text.data[0] == '[' && text.data[text.size - 1] == ']') {
        return (svcr_text){text.data + 1, text.size - 2};
    }
    return text;
}

static int make_host(struct svcr_subject *subject, svcr_text text)
{
    if (text.size > SVCR_HOST_MAX) {
        return SVCROUTE_ERR_LIMIT;
    }
    unsigned shared = svcr_octets_shared(text);
    subject->host = text;
    if ((shared & SVCR_OCTET_NAME) != 0) {
        return 0;
    }
    if ((shared & SVCR_OCTET_HOST) == 0) {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    subject->host = strip_host(text);
    if ((svcr_octets_shared(subject->host) & SVCR_OCTET_NAME) != 0) {
        return 0;
    }
    for (size_t i = 0; i < subject->host.size; i++) {
        subject->scratch[i] = svcr_lower(subject->host.data[i]);
    }
    subject->scratch_used = subject->host.size;
    subject->host.data = subject->scratch;
    return 0;
}

static int make_path(struct svcr_subject *subject, svcr_text path, svcr_text query)
{
    char *out = subject->scratch + subject->scratch_used;
    if (path.size > SVCR_TARGET_MAX || query.size > SVCR_TARGET_MAX - path.size) {
        return SVCROUTE_ERR_LIMIT;
    }
    if (query.size > 0 && (svcr_octets_shared(query) & SVCR_OCTET_VISIBLE) == 0) {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    subject->query = query;
    /* The room for a value of the query stays free. */
    int error = svcr_path_route(path, subject->traefik, out,
                                sizeof(subject->scratch) - subject->scratch_used - query.size,
                                &subject->path);
    if (error == 0 && subject->path.data == out) {
        subject->scratch_used += subject->path.size;
    }
    return error;
}

int svcr_subject_make(struct svcr_subject *subject, const struct svcroute_match_request *request,
                      bool traefik)
{
    if (is_absent(request->method) || is_absent(request->host) || is_absent(request->path) ||
        is_absent(request->query) || is_absent(request->client) ||
        (request->headers == NULL && request->num_headers > 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    if ((svcr_octets_shared(request->method) & SVCR_OCTET_TOKEN) == 0) {
        return SVCROUTE_ERR_BAD_REQUEST;
    }
    subject->method = request->method.size > 0 ? request->method : SVCR_TEXT("GET");
    subject->headers = request->headers;
    subject->num_headers = request->num_headers;
    subject->traefik = traefik;
    subject->query_semicolons = true;
    subject->client_state = SVCR_CLIENT_UNREAD;
    subject->client_text = request->client;
    subject->scratch_used = 0;
    int error = make_host(subject, request->host);
    return error != 0 ? error : make_path(subject, request->path, request->query);
}

static bool read_client(svcr_text text, uint8_t client[16])
{
    struct svcr_address address;
    svcr_text host;
    if (text.size > 0 && split_port(text, &host)) {
        text = host;
    }
    /* An interface stands behind an IPv6 address, and does not count. */
    const char *zone = text.size > 0 ? memchr(text.data, '%', text.size) : NULL;
    if (zone != NULL) {
        size_t size = (size_t)(zone - text.data);
        if (size + 1 == text.size || memchr(text.data, ':', size) == NULL) {
            return false;
        }
        text.size = size;
    }
    svcr_address_parse(text, &address);
    if (address.size == 4) {
        memset(client, 0, 10);
        memset(client + 10, 0xff, 2);
        memcpy(client + 12, address.bytes, 4);
    } else {
        memcpy(client, address.bytes, 16);
    }
    return address.size != 0;
}

const uint8_t *svcr_subject_client(struct svcr_subject *subject)
{
    if (subject->client_state == SVCR_CLIENT_UNREAD) {
        subject->client_state = read_client(subject->client_text, subject->client)
                                    ? SVCR_CLIENT_KNOWN
                                    : SVCR_CLIENT_UNKNOWN;
    }
    return subject->client_state == SVCR_CLIENT_KNOWN ? subject->client : NULL;
}
