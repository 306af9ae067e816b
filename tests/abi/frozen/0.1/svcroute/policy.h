/**
 * @file
 * The policy: what references may do, which objects exist, and which profile speaks.
 *
 * A new policy denies: cross-namespace references, ExternalName, empty services, local addresses, health checks of
 * Services that are no ExternalName ones.
 */
#ifndef SVCROUTE_POLICY_H
#define SVCROUTE_POLICY_H

#include <svcroute/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Builder of a policy; opaque, copied by those who take it. One thread at a time. */
struct svcroute_policy;

/** Whose answers count where the page and the reference proxy differ. */
enum svcroute_profile {
    SVCROUTE_PROFILE_DEFAULT = 0,   /**< the documented behaviour, faults corrected */
    SVCROUTE_PROFILE_TRAEFIK_V3 = 1 /**< the reference's answers, faults included */
};

/** The switches of a policy; all off in a new one. */
enum svcroute_policy_switch {
    SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE = 1,  /**< references may lead to other namespaces */
    SVCROUTE_POLICY_ALLOW_EXTERNAL_NAME = 2,    /**< Services of type ExternalName may be used */
    SVCROUTE_POLICY_ALLOW_EMPTY_SERVICES = 3,   /**< a service without servers is no error */
    SVCROUTE_POLICY_NATIVE_LB_BY_DEFAULT = 4,   /**< nativeLB is true where a reference leaves it out */
    SVCROUTE_POLICY_DISABLE_CLUSTER_SCOPE = 5,  /**< Nodes are not looked up */
    SVCROUTE_POLICY_ALLOW_LOCAL_ADDRESSES = 6,  /**< servers may be on loopback and link-local addresses
                                                     (looked at in the default profile only) */
    SVCROUTE_POLICY_READ_UNKEYED_COOKIES = 7,   /**< sticky cookies in the reference's forms count although
                                                     there is a secret, while clients change over; anybody
                                                     who knows a server's address can make one */
    SVCROUTE_POLICY_ALLOW_HEALTH_CHECKS = 8,    /**< healthCheck works for Services of every type, not of type
                                                     ExternalName alone (looked at in the default profile only):
                                                     each endpoint, node or cluster IP is probed */
    SVCROUTE_POLICY_IGNORE_RULES = 9            /**< rules are neither read nor judged, which saves time and memory
                                                     where the host routes by itself; then no request matches */
};

/**
 * Makes a policy that denies, with profile default.
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Any thread. Since 0.1.
 */
SVCROUTE_API int svcroute_policy_new(struct svcroute_policy **out, struct svcroute_context *context);

/** Frees a policy; NULL is allowed. Since 0.1. */
SVCROUTE_API void svcroute_policy_free(struct svcroute_policy *policy);

/** Sets the profile. Errors: SVCROUTE_ERR_INVALID (no enum svcroute_profile). Since 0.1. */
SVCROUTE_API int svcroute_policy_set_profile(struct svcroute_policy *policy, uint32_t profile);

/** Turns an enum svcroute_policy_switch on or off. Errors: SVCROUTE_ERR_INVALID. Since 0.1. */
SVCROUTE_API int svcroute_policy_set_switch(struct svcroute_policy *policy, uint32_t which, bool on);

/**
 * Sets the ingress class that IngressRoutes must have; empty (the default): those without a class and
 * those of class "traefik". Copied. Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_policy_set_ingress_class(struct svcroute_policy *policy,
                                                   struct svcroute_text ingress_class);

/**
 * Restricts names with "@" to objects of listed namespaces. Unrestricted until the first call; an empty
 * namespace adds none, so that one call with it alone forbids such names everywhere. Copied.
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_policy_add_cross_provider_namespace(struct svcroute_policy *policy,
                                                              struct svcroute_text namespace_);

/**
 * Restricts the objects that exist to listed namespaces (Nodes always exist). Unrestricted until the
 * first call; an empty namespace adds none. Copied.
 * Errors: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID. Since 0.1.
 */
SVCROUTE_API int svcroute_policy_add_namespace(struct svcroute_policy *policy,
                                               struct svcroute_text namespace_);

/**
 * Sets the secret that values of sticky cookies are made with: HMAC-SHA-256 of the server's URL, or of the
 * child's name, its first 128 bits as 32 hex digits. Nobody without it can tell from a cookie which server
 * it means, or make one. Without a secret (the default) values are the reference's. The secret holds in both
 * profiles; all processes that serve the same clients need the same one. A table takes it over with the rest of
 * the policy; no getter, export or message shows it, and its copies are overwritten before they are freed.
 * @param policy the policy
 * @param secret bytes of any kind, at least 16, copied; empty: none
 *
 * Errors, with the secret as before: SVCROUTE_ERR_NOMEM, SVCROUTE_ERR_INVALID (1 to 15 bytes). Since 0.1.
 */
SVCROUTE_API int svcroute_policy_set_cookie_secret(struct svcroute_policy *policy,
                                                   struct svcroute_text secret);

/**
 * Sets a secret that was in use before: cookies made with it are read and sent again in the present form. To change
 * secrets, first make the new one known everywhere as the old one (it is read), then exchange the two, and drop the
 * old one when clients have come back. Works without a present secret too, to go back to the reference's values.
 * @param policy the policy
 * @param secret as in svcroute_policy_set_cookie_secret()
 *
 * Errors: as svcroute_policy_set_cookie_secret(). Since 0.1.
 */
SVCROUTE_API int svcroute_policy_set_old_cookie_secret(struct svcroute_policy *policy,
                                                       struct svcroute_text secret);

#ifdef __cplusplus
}
#endif

#endif
