/* Mail: what updates tell pickers, and the names that they look up.
 *
 * A picker's box is one atomic pointer to a chain, the newest mail first. An update hangs its mail
 * before what is there (a stack after R. K. Treiber, "Systems programming: coping with
 * parallelism", IBM RJ 5118, 1986; only one thread puts, and who takes takes all, so no pointer is
 * ever mistaken for another). A picker exchanges NULL in and owns the whole chain. At no moment is
 * mail missing that was put: after an update each refresh finds it, also while the next update is
 * under way.
 *
 * So a box of a picker that never looks grows. When it would hold twice as many items as there are
 * pools, the update says everything instead of what changed, and takes out all that is older. */
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
        svcr_index_clear(context, &plan->rules);
        svcroute_table_unref(plan->table);
        svcr_release(context, plan, sizeof(*plan));
        svcroute_context_unref(context);
    }
}

static bool label_match(const struct svcr_block *block, const void *name)
{
    return svcr_text_same(((const struct svcr_label *)(const void *)block)->name,
                          *(const svcr_text *)name);
}

static const struct svcr_block_kind label_kind = {NULL};

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
    struct svcr_label *label = svcr_block_new(context, &label_kind, sizeof(*label) + name.size);
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

void svcr_mail_add(struct svcr_mail *mail, uint32_t slot, uint32_t generation,
                   struct svcr_layout *layout)
{
    mail->items[mail->num++] = (struct svcr_mail_item){
        .slot = slot, .generation = generation, .layout = svcr_layout_ref(layout)};
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

void svcr_mail_put(struct svcroute_picker *picker, struct svcr_mail *mail)
{
    size_t num = mail->num + 1; /* mail without items takes room too */
    if (mail->whole) {
        struct svcr_mail *older =
            atomic_exchange_explicit(&picker->mail, mail, memory_order_acq_rel);
        svcr_mail_free(picker->core->context, older);
        picker->mailed = num;
        return;
    }
    struct svcr_mail *older = atomic_load_explicit(&picker->mail, memory_order_relaxed);
    do {
        mail->older = older;
    } while (!atomic_compare_exchange_weak_explicit(&picker->mail, &older, mail,
                                                    memory_order_release, memory_order_relaxed));
    picker->mailed = older == NULL ? num : picker->mailed + num;
}
