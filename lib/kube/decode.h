/* Decoding: document tree -> typed object, one table of fields for each struct; kind by kind in
 * files of their own. No cross references are followed here, and no policy is asked. */
#ifndef SVCR_DECODE_H
#define SVCR_DECODE_H

#include "document/node.h"
#include "kube/object.h"

/* What became of one object. */
enum svcr_decoded {
    SVCR_DECODED_OBJECT = 1,   /* *out holds it, one reference */
    SVCR_DECODED_IGNORED = 2,  /* other kind, group or version */
    SVCR_DECODED_REJECTED = 3, /* a diagnostic says why */
};

struct svcr_decoder; /* scratch memory, reused from object to object */

int svcr_decoder_new(struct svcr_decoder **out, struct svcroute_context *context);
void svcr_decoder_free(struct svcr_decoder *decoder);

/* Sets what holds for the objects to come: name of the input (referenced) and strictness. */
void svcr_decoder_set(struct svcr_decoder *decoder, struct svcr_source *source, bool strict,
                      struct svcroute_diags *diags);

/* What a document's root is: a single object, or a list whose items follow (`items` NULL if absent or null, `item_kind`
 * and `item_version` given by a typed list's own name, else empty). SVCR_DECODED_REJECTED: no object at all (diagnosed). */
struct svcr_document_shape {
    bool list;
    const struct svcroute_node *items;
    svcr_text item_kind, item_version;
};
enum svcr_decoded svcr_decode_shape(struct svcr_decoder *decoder, const struct svcroute_node *root,
                                    struct svcr_document_shape *shape);

/* Judges a root by the keys ahead of its "items", while these are still being read. */
struct svcr_list_ahead {
    svcr_text item_kind, item_version; /* as in struct svcr_document_shape */
    bool named; /* only items that name their kind and version may be decoded already */
};
/* false: it takes the whole document to tell. */
bool svcr_decode_ahead(const struct svcroute_node *root, struct svcr_list_ahead *out);
/* Whether a map names its kind and version. */
bool svcr_decode_names_itself(const struct svcroute_node *map);

/* Decodes one object; `kind` and `version` serve where the map itself has none. 0, or SVCROUTE_ERR_NOMEM,
 * _LIMIT, _CRYPTO. For a rejected object *kind_out, *namespace_out and *name_out say as much as could be read (kind
 * SVCROUTE_KIND_NONE if nothing), in texts that live as long as the document. */
struct svcr_object_name {
    uint32_t kind;
    svcr_text namespace_, name;
};
int svcr_decode_object(struct svcr_decoder *decoder, const struct svcroute_node *map, svcr_text kind,
                       svcr_text version, enum svcr_decoded *what, struct svcr_object **out,
                       struct svcr_object_name *name_out);

#endif
