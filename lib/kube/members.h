/* Members of an owner, kept in order: the slices of a Service, the Nodes of the entity of all Nodes. */
#ifndef SVCR_MEMBERS_H
#define SVCR_MEMBERS_H

#include "kube/entity.h"

/* Whose member the object of an entity is, by its present edges; NULL: nobody's. Endpoints belong to
 * their Service as well, though not to its list. */
struct svcr_entity *svcr_member_owner(const struct svcroute_store *store,
                                      const struct svcr_entity *entity);
/* Whether objects of this kind are members in a list. */
static inline bool svcr_member_listed(uint32_t kind)
{
    return kind == SVCROUTE_KIND_ENDPOINT_SLICE || kind == SVCROUTE_KIND_NODE;
}
/* What the order looks at first. */
int64_t svcr_member_created(const struct svcr_object *object);

/* The steps of one commit. `owners` is the list of the owners that it touches.
 * expect: makes room for one more member; SVCROUTE_ERR_NOMEM leaves it as it was.
 * leave: marks a member as gone, while all objects are still the old ones.
 * enter: adds one that was expected, its object being the new one.
 * finish: puts the lists of all owners in order.
 * forget: takes back all expectations. */
int svcr_members_expect(struct svcroute_context *context, struct svcr_entity **owners,
                        struct svcr_entity *owner);
void svcr_members_leave(struct svcr_entity **owners, struct svcr_entity *owner,
                        const struct svcr_entity *member);
void svcr_members_enter(struct svcr_entity *owner, struct svcr_entity *member);
void svcr_members_finish(struct svcroute_context *context, struct svcr_entity **owners);
void svcr_members_forget(struct svcr_entity **owners);

#endif
