/* The policy builder: what references may do and which objects exist. */
#include "resolve/policy.h"

#include <svcroute/error.h>

#include "base/digest.h"
#include "base/memory.h"

/* ---- sets of namespaces ---- */

static void names_clear(struct svcroute_context *context, struct svcr_names *names)
{
    for (size_t i = 0; i < names->num; i++) {
        svcr_release(context, names->items[i], names->sizes[i] + 1);
    }
    svcr_release(context, names->items, names->capacity * sizeof(*names->items));
    svcr_release(context, names->sizes, names->sizes_capacity * sizeof(*names->sizes));
    *names = (struct svcr_names){0};
}

/* The place of a namespace in the set, or the one where it belongs. */
static size_t names_place(const struct svcr_names *names, svcr_text name, bool *found)
{
    size_t low = 0;
    size_t high = names->num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order =
            svcr_text_compare((svcr_text){names->items[middle], names->sizes[middle]}, name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = false;
    return low;
}

static int names_add(struct svcroute_context *context, struct svcr_names *names, svcr_text name)
{
    bool found = false;
    size_t place = names_place(names, name, &found);
    if (name.size == 0 || found) {
        names->given = true;
        return 0;
    }
    void *items = names->items;
    void *sizes = names->sizes;
    int error = svcr_array_reserve(context, &items, &names->capacity, names->num + 1,
                                   sizeof(*names->items));
    names->items = items;
    if (error == 0) {
        error = svcr_array_reserve(context, &sizes, &names->sizes_capacity, names->num + 1,
                                   sizeof(*names->sizes));
        names->sizes = sizes;
    }
    char *copy = error == 0 ? svcr_alloc(context, name.size + 1) : NULL;
    if (copy == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    memmove(names->items + place + 1, names->items + place,
            (names->num - place) * sizeof(*names->items));
    memmove(names->sizes + place + 1, names->sizes + place,
            (names->num - place) * sizeof(*names->sizes));
    names->items[place] = copy;
    names->sizes[place] = name.size;
    names->num++;
    names->given = true;
    return 0;
}

bool svcr_names_have(const struct svcr_names *names, svcr_text namespace_)
{
    bool found = false;
    if (!names->given) {
        return true;
    }
    names_place(names, namespace_, &found);
    return found;
}

static bool names_same(const struct svcr_names *a, const struct svcr_names *b)
{
    if (a->given != b->given || a->num != b->num) {
        return false;
    }
    for (size_t i = 0; i < a->num; i++) {
        if (!svcr_text_same((svcr_text){a->items[i], a->sizes[i]},
                            (svcr_text){b->items[i], b->sizes[i]})) {
            return false;
        }
    }
    return true;
}

static int names_copy(struct svcroute_context *context, struct svcr_names *to,
                      const struct svcr_names *from)
{
    to->given = from->given;
    for (size_t i = 0; i < from->num; i++) {
        int error = names_add(context, to, (svcr_text){from->items[i], from->sizes[i]});
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* ---- secrets ---- */

static void secret_clear(struct svcroute_context *context, struct svcr_secret *secret)
{
    if (secret->size != 0) {
        svcr_wipe(secret->bytes, secret->size);
    }
    svcr_release(context, secret->bytes, secret->size);
    *secret = (struct svcr_secret){0};
}

static svcr_text secret_text(const struct svcr_secret *secret)
{
    return (svcr_text){secret->bytes, secret->size};
}

static int secret_set(struct svcroute_context *context, struct svcr_secret *secret, svcr_text text)
{
    struct svcr_secret copy = {.size = text.size};
    if ((text.data == NULL && text.size != 0) || (text.size != 0 && text.size < SVCR_SECRET_MIN)) {
        return SVCROUTE_ERR_INVALID;
    }
    if (text.size != 0) {
        copy.bytes = svcr_alloc(context, text.size);
        if (copy.bytes == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        memcpy(copy.bytes, text.data, text.size);
    }
    secret_clear(context, secret);
    *secret = copy;
    return 0;
}

/* ---- the policy ---- */

int svcroute_policy_new(struct svcroute_policy **out, struct svcroute_context *context)
{
    if (out == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (context == NULL) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = svcr_policy_copy(context, NULL);
    return *out != NULL ? 0 : SVCROUTE_ERR_NOMEM;
}

void svcroute_policy_free(struct svcroute_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    struct svcroute_context *context = policy->context;
    names_clear(context, &policy->cross_provider);
    names_clear(context, &policy->watched);
    svcr_release(context, policy->ingress_class, policy->ingress_class_size);
    secret_clear(context, &policy->cookie_secret);
    secret_clear(context, &policy->old_cookie_secret);
    svcr_release(context, policy, sizeof(*policy));
    svcroute_context_unref(context);
}

int svcroute_policy_set_profile(struct svcroute_policy *policy, uint32_t profile)
{
    if (policy == NULL || profile > SVCROUTE_PROFILE_TRAEFIK_V3) {
        return SVCROUTE_ERR_INVALID;
    }
    policy->profile = profile;
    return 0;
}

int svcroute_policy_set_switch(struct svcroute_policy *policy, uint32_t which, bool on)
{
    if (policy == NULL || which < SVCROUTE_POLICY_ALLOW_CROSS_NAMESPACE ||
        which > SVCROUTE_POLICY_IGNORE_RULES) {
        return SVCROUTE_ERR_INVALID;
    }
    policy->switches &= ~(1U << which);
    policy->switches |= on ? 1U << which : 0;
    return 0;
}

int svcroute_policy_set_ingress_class(struct svcroute_policy *policy,
                                      struct svcroute_text ingress_class)
{
    if (policy == NULL || (ingress_class.data == NULL && ingress_class.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    char *copy = NULL;
    if (ingress_class.size != 0) {
        copy = svcr_alloc(policy->context, ingress_class.size);
        if (copy == NULL) {
            return SVCROUTE_ERR_NOMEM;
        }
        memcpy(copy, ingress_class.data, ingress_class.size);
    }
    svcr_release(policy->context, policy->ingress_class, policy->ingress_class_size);
    policy->ingress_class = copy;
    policy->ingress_class_size = ingress_class.size;
    return 0;
}

int svcroute_policy_add_cross_provider_namespace(struct svcroute_policy *policy,
                                                 struct svcroute_text namespace_)
{
    if (policy == NULL || (namespace_.data == NULL && namespace_.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    return names_add(policy->context, &policy->cross_provider, namespace_);
}

int svcroute_policy_add_namespace(struct svcroute_policy *policy, struct svcroute_text namespace_)
{
    if (policy == NULL || (namespace_.data == NULL && namespace_.size != 0)) {
        return SVCROUTE_ERR_INVALID;
    }
    return names_add(policy->context, &policy->watched, namespace_);
}

int svcroute_policy_set_cookie_secret(struct svcroute_policy *policy, struct svcroute_text secret)
{
    return policy == NULL ? SVCROUTE_ERR_INVALID
                          : secret_set(policy->context, &policy->cookie_secret, secret);
}

int svcroute_policy_set_old_cookie_secret(struct svcroute_policy *policy,
                                          struct svcroute_text secret)
{
    return policy == NULL ? SVCROUTE_ERR_INVALID
                          : secret_set(policy->context, &policy->old_cookie_secret, secret);
}

struct svcroute_policy *svcr_policy_copy(struct svcroute_context *context,
                                         const struct svcroute_policy *policy)
{
    struct svcroute_policy *copy = svcr_zalloc(context, sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    copy->context = svcroute_context_ref(context);
    if (policy == NULL) {
        return copy;
    }
    copy->profile = policy->profile;
    copy->switches = policy->switches;
    svcr_text class_ = {policy->ingress_class, policy->ingress_class_size};
    if (svcroute_policy_set_ingress_class(copy, class_) != 0 ||
        names_copy(context, &copy->cross_provider, &policy->cross_provider) != 0 ||
        names_copy(context, &copy->watched, &policy->watched) != 0 ||
        secret_set(context, &copy->cookie_secret, secret_text(&policy->cookie_secret)) != 0 ||
        secret_set(context, &copy->old_cookie_secret, secret_text(&policy->old_cookie_secret)) !=
            0) {
        svcroute_policy_free(copy);
        return NULL;
    }
    return copy;
}

bool svcr_policy_same(const struct svcroute_policy *a, const struct svcroute_policy *b)
{
    return a->profile == b->profile && a->switches == b->switches &&
           svcr_text_same((svcr_text){a->ingress_class, a->ingress_class_size},
                          (svcr_text){b->ingress_class, b->ingress_class_size}) &&
           names_same(&a->cross_provider, &b->cross_provider) &&
           names_same(&a->watched, &b->watched) && svcr_policy_same_cookies(a, b);
}

bool svcr_policy_same_cookies(const struct svcroute_policy *a, const struct svcroute_policy *b)
{
    return svcr_text_same(secret_text(&a->cookie_secret), secret_text(&b->cookie_secret)) &&
           svcr_text_same(secret_text(&a->old_cookie_secret), secret_text(&b->old_cookie_secret)) &&
           svcr_policy_allows(a, SVCROUTE_POLICY_READ_UNKEYED_COOKIES) ==
               svcr_policy_allows(b, SVCROUTE_POLICY_READ_UNKEYED_COOKIES);
}
