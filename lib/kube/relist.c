/* Relist: a replacement of everything of a kind, staged until its commit. */
#include <svcroute/error.h>

#include "base/context.h"
#include "base/memory.h"
#include "kube/load.h"

struct svcroute_relist {
    struct svcroute_context *context; /* referenced */
    struct svcroute_store *store;     /* referenced */
    struct svcr_stage stage;
    uint32_t kind;
    bool unnamed; /* something was refused whose name is not known, so nothing can be missed */
    char *namespace_;
    size_t namespace_size;
};

int svcroute_relist_begin(struct svcroute_relist **out, struct svcroute_store *store, uint32_t kind,
                          struct svcroute_text namespace_)
{
    if (!out) {
        return SVCROUTE_ERR_INVALID;
    }
    *out = NULL;
    if (!store || kind > SVCROUTE_KIND_NODE || (!namespace_.data && namespace_.size)) {
        return SVCROUTE_ERR_INVALID;
    }
    struct svcroute_relist *relist = svcr_zalloc(store->context, sizeof(*relist));
    if (!relist) {
        return SVCROUTE_ERR_NOMEM;
    }
    relist->context = svcroute_context_ref(store->context);
    relist->store = svcr_store_ref(store);
    relist->kind = kind;
    svcr_stage_init(&relist->stage, store, false);
    if (namespace_.size) {
        relist->namespace_ = svcr_alloc(relist->context, namespace_.size);
        if (!relist->namespace_) {
            svcroute_relist_abort(relist);
            return SVCROUTE_ERR_NOMEM;
        }
        memcpy(relist->namespace_, namespace_.data, namespace_.size);
        relist->namespace_size = namespace_.size;
    }
    *out = relist;
    return 0;
}

void svcroute_relist_abort(struct svcroute_relist *relist)
{
    if (!relist) {
        return;
    }
    struct svcroute_context *context = relist->context;
    svcr_stage_free(&relist->stage);
    svcroute_store_free(relist->store);
    svcr_release(context, relist->namespace_, relist->namespace_size);
    svcr_release(context, relist, sizeof(*relist));
    svcroute_context_unref(context);
}

static struct svcr_load load_of(struct svcroute_relist *relist, struct svcroute_diags *diags)
{
    return (struct svcr_load){.store = relist->store,
                              .stage = &relist->stage,
                              .diags = diags,
                              .kind = relist->kind,
                              .namespace_ = {relist->namespace_, relist->namespace_size}};
}

/* What was staged stays so until the commit of the relist itself. */
static int stay(struct svcr_load *load)
{
    (void)load;
    return 0;
}

/* A call that failed as a whole leaves no trace. */
static int settle(struct svcroute_relist *relist, const struct svcr_load *load, size_t mark,
                  int error)
{
    if (error && error != SVCROUTE_ERR_REJECTED) {
        svcr_stage_rewind(&relist->stage, mark);
    } else {
        relist->unnamed |= load->unnamed;
    }
    return error;
}

int svcroute_relist_load(struct svcroute_relist *relist, const void *bytes, size_t size,
                         const struct svcroute_load_options *options,
                         struct svcroute_load_result *result, struct svcroute_diags *diags)
{
    if (!relist) {
        return SVCROUTE_ERR_INVALID;
    }
    size_t mark = relist->stage.num;
    struct svcr_load load = load_of(relist, diags);
    int error = svcr_load_stream(&load, bytes, size, options, stay, result);
    return settle(relist, &load, mark, error);
}

int svcroute_relist_apply(struct svcroute_relist *relist, const struct svcroute_document *document,
                          const struct svcroute_load_options *options,
                          struct svcroute_load_result *result, struct svcroute_diags *diags)
{
    if (!relist) {
        return SVCROUTE_ERR_INVALID;
    }
    size_t mark = relist->stage.num;
    struct svcr_load load = load_of(relist, diags);
    int error = svcr_load_document(&load, document, options, stay, result);
    return settle(relist, &load, mark, error);
}

static bool in_scope(const struct svcroute_relist *relist, const struct svcr_entity *entity)
{
    svcr_text namespace_ = {relist->namespace_, relist->namespace_size};
    return (relist->kind == SVCROUTE_KIND_NONE || relist->kind == entity->kind) &&
           (namespace_.size == 0 || entity->kind == SVCROUTE_KIND_NODE ||
            svcr_text_same(namespace_, svcr_entity_namespace(entity)));
}

/* Stages the removal of what the scope holds and nobody named. */
static int stage_removals(struct svcroute_relist *relist)
{
    int error = 0;
    struct svcr_entity *entity = NULL;
    while (!error && (entity = svcr_store_next(relist->store, entity))) {
        if (entity->object && in_scope(relist, entity) &&
            !svcr_stage_names(&relist->stage, entity)) {
            error = svcr_stage_remove(&relist->stage, entity);
        }
    }
    return error;
}

int svcroute_relist_commit(struct svcroute_relist *relist, uint64_t *removed)
{
    if (!relist) {
        return SVCROUTE_ERR_INVALID;
    }
    size_t mark = relist->stage.num;
    int error = relist->unnamed ? 0 : stage_removals(relist);
    uint64_t num_removed = relist->stage.num - mark;
    if (!error) {
        error = svcr_stage_commit(&relist->stage, NULL);
    }
    if (error) {
        svcr_stage_rewind(&relist->stage, mark);
        return error;
    }
    if (removed) {
        *removed = num_removed;
    }
    svcroute_relist_abort(relist);
    return 0;
}
