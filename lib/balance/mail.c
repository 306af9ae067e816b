/* Mail: what updates tell pickers, and the names that they look up.
 *
 * A picker's box is one atomic pointer. An update exchanges its mail in; what comes back nobody has
 * seen, and it hangs behind the new mail. A picker exchanges NULL in and owns the whole chain. So a
 * box of a picker that never looks grows; when it holds twice as many items as there are pools, the
 * items that newer ones make void are dropped, which costs nothing on average and no memory. */
#include "balance/core.h"

#include <svcroute/error.h>

#include "base/hash.h"
#include "base/memory.h"

/* ---- names ---- */

struct svcr_plan *svcr_plan_ref(struct svcr_plan *plan)
{
    svcr_refs_take(&plan->refs);
    return plan;
}

void svcr_plan_unref(struct svcr_plan *plan)
{
    if (plan != NULL && svcr_refs_drop(&plan->refs)) {
        struct svcroute_context *context = plan->context;
        svcr_trie_clear(context, &plan->routes);
        svcr_trie_clear(context, &plan->services);
        svcr_release(context, plan, sizeof(*plan));
        svcroute_context_unref(context);
    }
}

static bool label_match(const struct svcr_block *block, const void *name)
{
    return svcr_text_same(((const struct svcr_label *)(const void *)block)->name,
                          *(const svcr_text *)name);
}

uint64_t svcr_label_find(const struct svcroute_context *context, const struct svcr_trie *trie,
                         svcr_text name)
{
    const struct svcr_label *label =
        (void *)svcr_trie_get(trie, svcr_name_hash(context, name), label_match, &name);
    return label != NULL ? label->handle : 0;
}

int svcr_label_put(struct svcroute_context *context, struct svcr_trie *trie, svcr_text name,
                   uint64_t handle)
{
    struct svcr_label *label =
        svcr_block_new(context, SVCR_BLOCK_LABEL, sizeof(*label) + name.size);
    if (label == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    struct svcr_pack pack = {(char *)(label + 1)};
    label->name = svcr_pack_text(&pack, name);
    label->head.hash = svcr_name_hash(context, name);
    label->handle = handle;
    int error = svcr_trie_put(context, trie, &label->head, label_match, &name);
    svcr_block_unref(context, label);
    return error;
}

int svcr_label_remove(struct svcroute_context *context, struct svcr_trie *trie, svcr_text name)
{
    return svcr_trie_remove(context, trie, svcr_name_hash(context, name), label_match, &name);
}

/* ---- mail ---- */

static size_t mail_bytes(size_t capacity)
{
    return sizeof(struct svcr_mail) + capacity * sizeof(struct svcr_mail_item);
}

struct svcr_mail *svcr_mail_new(struct svcroute_context *context, struct svcr_plan *plan,
                                size_t capacity)
{
    struct svcr_mail *mail = svcr_alloc(context, mail_bytes(capacity));
    if (mail != NULL) {
        *mail = (struct svcr_mail){.plan = svcr_plan_ref(plan), .capacity = capacity};
    }
    return mail;
}

void svcr_mail_add(struct svcr_mail *mail, const struct svcr_pool *pool, struct svcr_layout *layout)
{
    mail->items[mail->num++] = (struct svcr_mail_item){
        .slot = pool->slot, .generation = pool->generation, .layout = svcr_layout_ref(layout)};
}

void svcr_mail_free(struct svcroute_context *context, struct svcr_mail *mail)
{
    while (mail != NULL) {
        struct svcr_mail *older = mail->older;
        for (size_t i = 0; i < mail->num; i++) {
            svcr_layout_unref(mail->items[i].layout);
        }
        svcr_plan_unref(mail->plan);
        svcr_release(context, mail, mail_bytes(mail->capacity));
        mail = older;
    }
}

/* Gives back what a chain has no use for; that memory may not move is no fault. */
static void mail_shrink(struct svcroute_context *context, struct svcr_mail **link)
{
    while (*link != NULL) {
        struct svcr_mail *mail = *link;
        if (mail->num == 0) {
            *link = mail->older;
            mail->older = NULL;
            svcr_mail_free(context, mail);
            continue;
        }
        struct svcr_mail *smaller =
            svcr_resize(context, mail, mail_bytes(mail->capacity), mail_bytes(mail->num));
        if (smaller != NULL) {
            smaller->capacity = smaller->num;
            *link = smaller;
        }
        link = &(*link)->older;
    }
}

/* Drops what newer items of the chain make void; returns the number of those left. Each slot's
 * newest item is found by marks in the balancer's slots, which are free to use here. */
static size_t mail_compact(struct svcroute_balancer *balancer, struct svcr_mail *mail)
{
    struct svcr_bits *seen = &balancer->mail_seen;
    size_t left = 0;
    memset(seen->words, 0, seen->num * sizeof(*seen->words));
    for (struct svcr_mail *at = mail; at != NULL; at = at->older) {
        size_t kept = 0;
        for (size_t i = 0; i < at->num; i++) {
            uint32_t slot = at->items[i].slot;
            uint64_t bit = UINT64_C(1) << (slot % 64);
            if ((seen->words[slot / 64] & bit) != 0) {
                svcr_layout_unref(at->items[i].layout);
                continue;
            }
            seen->words[slot / 64] |= bit;
            at->items[kept++] = at->items[i];
        }
        at->num = kept;
        left += kept;
    }
    mail_shrink(balancer->core->context, &mail->older);
    return left;
}

void svcr_mail_put(struct svcroute_balancer *balancer, struct svcroute_picker *picker,
                   struct svcr_mail *mail)
{
    size_t num = mail->num + 1; /* mail without items takes room too */
    struct svcr_mail *older = atomic_exchange_explicit(&picker->mail, NULL, memory_order_acq_rel);
    picker->mailed = older == NULL ? num : picker->mailed + num;
    mail->older = older;
    if (older != NULL && picker->mailed > 2 * balancer->pools.num + 64) {
        picker->mailed = mail_compact(balancer, mail);
    }
    atomic_store_explicit(&picker->mail, mail, memory_order_release);
}
