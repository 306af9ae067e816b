/* Cookies as text: what stands in a Cookie header, and what a Set-Cookie header says. Who is meant
 * by a value is sticky.h's affair. */
#ifndef SVCR_COOKIE_H
#define SVCR_COOKIE_H

#include "base/text.h"

/* A request with more cookies than this counts as having none. */
enum { SVCR_COOKIES_MAX = 3000 };

/* Value of the first cookie of this name that is well-formed, without its quotes; absent (data
 * NULL) if there is none. `lines` are the values of the Cookie headers as received (HTTP/2 may
 * split them); `name` is a cookie's recipe's. The text lies inside the line. Linear in the lines'
 * size. */
svcr_text svcr_cookie_find(const svcr_text *lines, size_t num, svcr_text name);

/* sticky.cookie as configured; nothing of it is trusted. */
struct svcr_cookie_settings {
    svcr_text name;      /* empty: derived from `service` */
    svcr_text service;   /* qualified name of the service: "<full name>@kubernetescrd" */
    svcr_text path;      /* empty: not sent (what is not written is "/") */
    svcr_text domain;    /* not sent unless it is a domain name or an IPv4 address */
    svcr_text same_site; /* none, lax or strict in any case; anything else: not sent */
    int64_t max_age;     /* seconds; 0: not sent; below: 0 is sent */
    bool secure, http_only;
    bool traefik; /* profile traefik-v3: a path of which nothing is left is sent as "Path=" */
};

/* What is the same in every Set-Cookie of a service: made once, immutable. */
struct svcr_cookie_recipe {
    svcr_text name;       /* a token of RFC 9110 */
    svcr_text attributes; /* "; Path=/; HttpOnly"; printable ASCII */
    size_t bytes;
};

/* SVCROUTE_ERR_NOMEM or SVCROUTE_ERR_CRYPTO. */
int svcr_cookie_recipe_new(struct svcr_cookie_recipe **out, struct svcroute_context *context,
                           const struct svcr_cookie_settings *settings);
void svcr_cookie_recipe_free(struct svcr_cookie_recipe *recipe, struct svcroute_context *context);

/* Composes the value of a Set-Cookie header. Returns its size and writes it, without a NUL behind
 * it, if `size` is at least that; `out` NULL asks. Does not allocate. */
size_t svcr_cookie_write(char *out, size_t size, const struct svcr_cookie_recipe *recipe,
                         svcr_text value);

#endif
