/* Members of an owner, kept in order through the steps of a commit. */
#include "kube/members.h"

#include <svcroute/error.h>

#include "base/memory.h"
#include "kube/store.h"

/* A list is an array of pointers in order. Members that leave are found by bisection and marked in
 * place while their old objects still say where they stand; members that enter are appended
 * unsorted. At the end each touched list is closed up, its tail sorted (heapsort: in place and
 * without a bad case) and merged in from the back, where the place of each new member is found by
 * bisection and what lies behind it moves as one block. So a commit costs one pass over the
 * pointers of each touched list, and its tail t costs t log n comparisons, whether it brings one
 * member or all of them.
 *
 * While a commit runs, an owner's mark links it to the next owner, mark_number counts the members
 * that are expected, and mark_flags holds the bits below and, above them, the number that entered.
 */
enum { LISTED = 1, HOLES = 2, ENTERED = 4 };

/* A hole is its former member's address with the lowest bit set: still good for bisection. */
static struct svcr_entity *hole_make(struct svcr_entity *member)
{
    return (struct svcr_entity *)((uintptr_t)member | 1);
}

static bool hole_is(const struct svcr_entity *member)
{
    return (uintptr_t)member & 1;
}

static const struct svcr_entity *hole_member(const struct svcr_entity *member)
{
    return (const struct svcr_entity *)((uintptr_t)member & ~(uintptr_t)1);
}

struct svcr_entity *svcr_member_owner(const struct svcroute_store *store,
                                      const struct svcr_entity *entity)
{
    switch (entity->kind) {
    case SVCROUTE_KIND_ENDPOINT_SLICE:
    case SVCROUTE_KIND_ENDPOINTS:
        return entity->object && entity->num_edges ? entity->edges[0].to : NULL;
    case SVCROUTE_KIND_NODE:
        return entity->object ? store->all_nodes : NULL;
    default:
        return NULL;
    }
}

int64_t svcr_member_created(const struct svcr_object *object)
{
    if (object->kind != SVCROUTE_KIND_ENDPOINT_SLICE) {
        return 0;
    }
    return ((const struct svcr_endpoint_slice *)(const void *)object)->created;
}

/* Members of one owner share kind and namespace. */
static int compare(const struct svcr_entity *a, const struct svcr_entity *b)
{
    int64_t a_created = svcr_member_created(a->object);
    int64_t b_created = svcr_member_created(b->object);
    if (a_created != b_created) {
        return a_created < b_created ? -1 : 1;
    }
    return svcr_text_compare(svcr_entity_name(a), svcr_entity_name(b));
}

/* Number of members that do not come behind `member`. */
static size_t bisect(struct svcr_entity *const *members, size_t num,
                     const struct svcr_entity *member)
{
    size_t low = 0;
    size_t high = num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(hole_member(members[middle]), member) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void list(struct svcr_entity **owners, struct svcr_entity *owner)
{
    if (!(owner->mark_flags & LISTED)) {
        owner->mark_flags |= LISTED;
        owner->mark = *owners;
        *owners = owner;
    }
}

static struct svcr_entity *unlist(struct svcr_entity **owners)
{
    struct svcr_entity *owner = *owners;
    if (owner) {
        *owners = owner->mark;
        owner->mark = NULL;
        owner->mark_number = 0;
        owner->mark_flags = 0;
    }
    return owner;
}

int svcr_members_expect(struct svcroute_context *context, struct svcr_entity **owners,
                        struct svcr_entity *owner)
{
    /* Several newcomers need a second place each, where they wait while they are merged. */
    size_t expected = (size_t)owner->mark_number + 1;
    size_t need = owner->num_slices + (expected > 1 ? 2 * expected : 1);
    if (need > owner->slices_capacity) {
        size_t capacity = owner->slices_capacity + (size_t)owner->slices_capacity / 2;
        capacity = capacity > need ? capacity : need;
        if (capacity > UINT32_MAX || capacity > SIZE_MAX / sizeof(*owner->slices)) {
            return SVCROUTE_ERR_NOMEM;
        }
        void *grown =
            svcr_resize(context, owner->slices, owner->slices_capacity * sizeof(*owner->slices),
                        capacity * sizeof(*owner->slices));
        if (!grown) {
            return SVCROUTE_ERR_NOMEM;
        }
        owner->slices = grown;
        owner->slices_capacity = (uint32_t)capacity;
    }
    owner->mark_number++;
    list(owners, owner);
    return 0;
}

void svcr_members_forget(struct svcr_entity **owners)
{
    while (unlist(owners)) {
    }
}

void svcr_members_leave(struct svcr_entity **owners, struct svcr_entity *owner,
                        const struct svcr_entity *member)
{
    struct svcr_entity **place =
        &owner->slices[bisect(owner->slices, owner->num_slices, member) - 1];
    *place = hole_make(*place);
    list(owners, owner);
    owner->mark_flags |= HOLES;
}

void svcr_members_enter(struct svcr_entity *owner, struct svcr_entity *member)
{
    owner->slices[owner->num_slices + owner->mark_flags / ENTERED] = member;
    owner->mark_flags += ENTERED;
}

static size_t close_up(struct svcr_entity **members, size_t num)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if (!hole_is(members[i])) {
            members[kept++] = members[i];
        }
    }
    return kept;
}

static void sift(struct svcr_entity **heap, size_t root, size_t num)
{
    struct svcr_entity *moving = heap[root];
    for (size_t child; (child = 2 * root + 1) < num; root = child) {
        if (child + 1 < num && compare(heap[child], heap[child + 1]) < 0) {
            child++;
        }
        if (compare(heap[child], moving) <= 0) {
            break;
        }
        heap[root] = heap[child];
    }
    heap[root] = moving;
}

static void sort(struct svcr_entity **members, size_t num)
{
    size_t sorted = 1;
    while (sorted < num && compare(members[sorted - 1], members[sorted]) < 0) {
        sorted++;
    }
    if (sorted >= num) {
        return;
    }
    for (size_t root = num / 2; root-- > 0;) {
        sift(members, root, num);
    }
    for (size_t last = num - 1; last > 0; last--) {
        struct svcr_entity *largest = members[0];
        members[0] = members[last];
        members[last] = largest;
        sift(members, 0, last);
    }
}

/* Merges `num_new` sorted members that wait at `waiting` into the `num` sorted ones. */
static void merge(struct svcr_entity **members, size_t num, struct svcr_entity *const *waiting,
                  size_t num_new)
{
    size_t end = num + num_new;
    for (size_t i = num_new; i-- > 0;) {
        struct svcr_entity *member = waiting[i];
        size_t place = bisect(members, num, member);
        size_t moved = num - place;
        end -= moved;
        memmove(&members[end], &members[place], moved * sizeof(*members));
        num = place;
        members[--end] = member;
    }
}

static void finish(struct svcroute_context *context, struct svcr_entity *owner, bool holes,
                   size_t entered)
{
    struct svcr_entity **members = owner->slices;
    size_t num = owner->num_slices;
    struct svcr_entity **fresh = &members[num];
    if (holes) {
        num = close_up(members, num);
    }
    if (entered == 1) {
        struct svcr_entity *only = fresh[0];
        merge(members, num, &only, 1);
    } else if (entered > 1) {
        sort(fresh, entered);
        /* Behind everything, where the merge does not reach. */
        memmove(&members[num + entered], fresh, entered * sizeof(*members));
        merge(members, num, &members[num + entered], entered);
    }
    owner->num_slices = (uint32_t)(num + entered);
    if (owner->num_slices == 0) {
        svcr_release(context, members, owner->slices_capacity * sizeof(*members));
        owner->slices = NULL;
        owner->slices_capacity = 0;
    }
}

void svcr_members_finish(struct svcroute_context *context, struct svcr_entity **owners)
{
    while (*owners) {
        bool holes = (*owners)->mark_flags & HOLES;
        size_t entered = (*owners)->mark_flags / ENTERED;
        finish(context, unlist(owners), holes, entered);
    }
}
