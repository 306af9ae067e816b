/* One run of resolve: what its steps share. Nothing of it outlives the call.
 *
 *   resolve.c    which units are to be made anew, in which order; the new table
 *   graph.c      cycles among TraefikServices, and the order children first
 *   unit.c       packing what was found about one object into a unit
 *   route.c      IngressRoute -> routes          tree.c  TraefikService -> its service and children
 *   service.c    reference -> service            servers.c  Service, port, scheme -> backend
 *   settings.c   the settings of a reference     reference.c, port.c  the rules they ask
 *   names.c      who keeps a name          rules.c  match texts -> programs, and the index of them
 */
#ifndef SVCR_RESOLVER_H
#define SVCR_RESOLVER_H

#include "base/arena.h"
#include "base/context.h"
#include "base/trie.h"
#include "kube/store.h"
#include "resolve/block.h"
#include "resolve/policy.h"
#include "resolve/reference.h"

struct svcr_list_of { /* growing array of pointers */
    void **items;
    size_t num, capacity;
};

/* Marks of an entity during a run: entity->mark is a list of these (Services), or a struct
 * svcr_work. */
struct svcr_memo {
    struct svcr_memo *next;
    struct svcr_backend *backend; /* referenced */
};

struct svcr_work { /* one unit to be made */
    struct svcr_entity *entity;
    struct svcr_unit *previous; /* borrowed from the previous table; NULL: none */
    struct svcr_unit *made; /* NULL: the object is gone or has no part in routing; the new table's,
                               or the previous one */
    bool due;               /* must be made, whatever the children say */
    bool done;
    bool on_cycle;
    /* Tarjan's algorithm */
    uint32_t index, low; /* index 0: not visited */
    uint32_t component;  /* the same for all that lead to each other */
    bool on_stack;
};

struct svcr_naming; /* names.c */

struct svcr_resolver {
    struct svcroute_context *context;
    struct svcroute_store *store;
    const struct svcroute_policy *policy;  /* the new table's */
    const struct svcroute_table *previous; /* NULL: everything is made */
    struct svcroute_table *table;          /* the new one, not yet public */
    struct svcroute_diags *diags;
    bool traefik; /* profile */
    int error;    /* first error that ends the run */

    struct svcr_arena arena;      /* lives as long as the run */
    struct svcr_arena unit_arena; /* reset for every unit */
    struct svcr_buffer text;      /* scratch */
    struct svcr_list_of memos;    /* entities with a list of memos */
    struct svcr_list_of works;    /* all struct svcr_work */
    struct svcr_list_of speaking; /* those made anew whose units have diagnostics */
    struct svcr_naming *naming;

    /* The unit being made. */
    struct svcr_entity *entity;
    struct svcr_object *object;
    const struct svcr_unit *before; /* its previous version; NULL: none */
    svcr_text namespace_,
        name; /* of the object; of an IngressRoute: generateName if it has no name */
    struct svcr_list_of routes, services;
    struct svcr_list_of unit_diags, backend_diags;
    struct svcr_list_of *report; /* where diagnostics go: one of the two lists above */
    uint32_t child_depth;        /* greatest depth of the children seen */
    uint32_t child_mirrors;      /* most mirrors on a path through one of them */
};

/* ---- shared helpers (resolver.c) ---- */

/* Notes an error that ends the run; the first stays. Gives false, for `return svcr_fail(...)`. */
bool svcr_fail(struct svcr_resolver *resolver, int error);
/* false and an error noted when out of memory. */
bool svcr_list_add(struct svcr_resolver *resolver, struct svcr_list_of *list, void *item);
void svcr_list_free(struct svcr_resolver *resolver, struct svcr_list_of *list);

/* Adds a diagnostic about `object` at a position; `field` is a path. Severity 0: the registry's. */
__attribute__((format(printf, 7, 8))) void svcr_report(struct svcr_resolver *resolver,
                                                       enum svcr_diag_id id, uint32_t severity,
                                                       const struct svcr_object *object,
                                                       struct svcr_position at, svcr_text field,
                                                       const char *format, ...);
void svcr_vreport(struct svcr_resolver *resolver, enum svcr_diag_id id, uint32_t severity,
                  const struct svcr_object *object, struct svcr_position at, svcr_text field,
                  const char *format, va_list arguments);
/* The same about a reference of the unit: its field `field` (SVCR_REF_*; 0: the reference itself),
 * whose path below the spot is `path`. */
__attribute__((format(printf, 7, 8))) void
svcr_report_reference(struct svcr_resolver *resolver, enum svcr_diag_id id,
                      const struct svcr_reference *reference, struct svcr_spot spot, uint32_t field,
                      const char *path, const char *format, ...);

/* Says so if a member of several is never picked for its weight. */
void svcr_report_weight(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                        struct svcr_spot spot);

static inline bool svcr_allows(const struct svcr_resolver *resolver,
                               enum svcroute_policy_switch which)
{
    return svcr_policy_allows(resolver->policy, which);
}

/* True if objects of a namespace exist under the policy. */
static inline bool svcr_watched(const struct svcr_resolver *resolver, svcr_text namespace_)
{
    return svcr_names_have(&resolver->policy->watched, namespace_);
}

/* ---- steps ---- */

/* graph.c: orders resolver->works of TraefikServices so that children come before parents, and
 * marks those on a cycle. */
bool svcr_graph_order(struct svcr_resolver *resolver, struct svcr_list_of *order);
/* The entity of the TraefikService that a reference leads to and may lead to, with an object or
 * without: what goes is made ahead of what led to it, too. NULL: none. */
struct svcr_entity *svcr_graph_target(const struct svcr_resolver *resolver,
                                      const struct svcr_entity *entity,
                                      const struct svcr_reference *reference);
/* tree.c: the references of the type that counts, by index; NULL beyond the last. */
const struct svcr_reference *svcr_tree_reference(const struct svcr_traefik_service *service,
                                                 uint32_t index);

/* unit.c: makes the unit of a work, whose reference is the caller's, or takes over the previous one
 * if nothing differs, without a reference. */
bool svcr_unit_make(struct svcr_resolver *resolver, struct svcr_work *work);

/* route.c and tree.c: fill routes, services, unit_diags from the object. Tree: gives the
 * availability. */
bool svcr_routes_make(struct svcr_resolver *resolver);
bool svcr_tree_make(struct svcr_resolver *resolver, const struct svcr_work *work, bool *available);

/* service.c: makes what a reference leads to. `own_name`: name of a route's only Service (size 0:
 * the reference's full name). child->kind stays 0 if it cannot be had; that has been reported then.
 * Weight and percent are the caller's. false: the run ends. */
bool svcr_child_make(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                     struct svcr_spot spot, svcr_text own_name, struct svcr_child *child);
/* How a reference of an object is judged; *sort 0: its kind is none. */
struct svcr_answer svcr_child_judge(const struct svcr_resolver *resolver,
                                    const struct svcr_object *object,
                                    const struct svcr_reference *reference,
                                    enum svcr_reference_sort *sort);
/* Packs a draft, whose texts may be scratch, into a block of its own and takes references to
 * object, backend and children. NULL: the run ends. */
struct svcr_tree_service *svcr_tree_service_pack(struct svcr_resolver *resolver,
                                                 const struct svcr_tree_service *draft);
/* Adds a service to those that the unit writes; the list takes over the reference. */
bool svcr_unit_write(struct svcr_resolver *resolver, struct svcr_tree_service *service);
/* Takes back services until `num` are left: children whose parent could not be made. */
void svcr_unit_unwrite(struct svcr_resolver *resolver, size_t num);
/* Copies resolver->text into the unit's scratch memory; data NULL: the run ends. */
svcr_text svcr_unit_text(struct svcr_resolver *resolver);

/* settings.c: what a reference says beside its target, into the draft of its service. *good is
 * false if something is wrong with it, which has been reported. false: the run ends. */
bool svcr_settings_read(struct svcr_resolver *resolver, const struct svcr_reference *reference,
                        struct svcr_spot spot, struct svcr_tree_service *draft, bool *good);
/* Full names of a list of middlewares (struct svcr_name_ref in the unit's object): asked and home
 * as in struct svcr_question. *good as above. */
bool svcr_middlewares_read(struct svcr_resolver *resolver, struct svcr_list list, svcr_text asked,
                           svcr_text home, struct svcr_spot spot, const svcr_text **names,
                           uint32_t *num, bool *good);

/* Where the name of such an object is written: `spot.field`, or `spot.field[index].name`. */
struct svcr_spelling {
    struct svcr_spot spot;
    const char *field;
    bool listed;
    uint32_t index;
};

/* The full name of one such object into *full. */
bool svcr_name_read(struct svcr_resolver *resolver, const struct svcr_name_ref *ref,
                    svcr_text asked, svcr_text home, const struct svcr_spelling *spelling,
                    svcr_text *full, bool *good);

/* servers.c: the backend of a Service seen through a port and a scheme; NULL with an error noted,
 * or with what is wrong reported. One reference is the caller's. */
struct svcr_backend *svcr_backend_get(struct svcr_resolver *resolver, struct svcr_entity *service,
                                      struct svcr_view view);
/* Seeds the memos with the backends of the previous unit that are still true. */
bool svcr_backend_seed(struct svcr_resolver *resolver, const struct svcr_unit *previous);
void svcr_backend_forget(struct svcr_resolver *resolver);

/* names.c: carries the claims of units into the table's tries. First; for each work that is done;
 * at the end. */
bool svcr_names_open(struct svcr_resolver *resolver);
bool svcr_names_gather(struct svcr_resolver *resolver, const struct svcr_work *work);
bool svcr_names_settle(struct svcr_resolver *resolver);
void svcr_names_close(struct svcr_resolver *resolver); /* whatever came of it */

#endif
