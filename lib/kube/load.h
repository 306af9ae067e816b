/* Loading: documents to staged objects, for the store's own calls, relists and watches. */
#ifndef SVCR_LOAD_H
#define SVCR_LOAD_H

#include "kube/store.h"

/* One call that loads. */
struct svcr_load {
    struct svcroute_store *store;
    struct svcr_stage *stage;
    struct svcroute_diags *diags; /* NULL: nobody wants to know */
    struct svcr_source *source;   /* referenced by the store */
    bool strict;
    bool unnamed; /* something was refused whose kind and name are not known */
    /* A relist: kind SVCROUTE_KIND_NONE stands for all kinds, an empty namespace for all. */
    uint32_t kind;
    svcr_text namespace_;
    struct svcroute_load_result result;
};

/* Reads and checks the options of a caller; `own` gets them. */
int svcr_load_options(struct svcroute_load_options *own, const struct svcroute_load_options *given);

/* Begins: makes the input's name known to the decoder. Always ended, also when it failed. */
int svcr_load_begin(struct svcr_load *load, svcr_text source);
/* Forgets what ends with the call; `size`: bytes of the input. */
void svcr_load_end(struct svcr_load *load, size_t size);

/* Stages the objects of a stream, of a document's root. 0 or what fails the whole call. */
int svcr_load_bytes(struct svcr_load *load, const char *bytes, size_t size, uint32_t format);
int svcr_load_root(struct svcr_load *load, const struct svcroute_node *root);

/* What svcroute_store_load() and svcroute_store_apply() do, up to the commit: `load` has store, stage, diags and scope
 * set. The result is written on success and on failure. */
int svcr_load_stream(struct svcr_load *load, const void *bytes, size_t size,
                     const struct svcroute_load_options *options,
                     int (*commit)(struct svcr_load *load), struct svcroute_load_result *result);
int svcr_load_document(struct svcr_load *load, const struct svcroute_document *document,
                       const struct svcroute_load_options *options,
                       int (*commit)(struct svcr_load *load), struct svcroute_load_result *result);

#endif
