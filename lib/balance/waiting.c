/* Who waits for a child that is not there: a hash table of links by the names of their children.
 *
 * A link has no name of its own: it stands in its layout at the place of the member that it leads
 * to. Links hang in lists, so taking one out is what it is for links that lead somewhere. */
#include "balance/core.h"

#include <svcroute/error.h>

#include "base/memory.h"

enum { BUCKETS_MIN = 16 };

static svcr_text name_of(const struct svcr_layout *layout, const struct svcr_link *link)
{
    return layout->shape.members[link - layout->links].name;
}

static void put(struct svcroute_context *context, struct svcr_waiting *waiting,
                struct svcr_link *link, svcr_text name)
{
    struct svcr_link **bucket =
        &waiting->buckets[svcr_name_hash(context, name) & (waiting->num_buckets - 1)];
    link->next = *bucket;
    link->back = bucket;
    if (link->next != NULL) {
        link->next->back = &link->next;
    }
    *bucket = link;
}

int svcr_waiting_reserve(struct svcroute_context *context, struct svcr_waiting *waiting, size_t num)
{
    struct svcr_waiting more = {.num_buckets = BUCKETS_MIN, .num = waiting->num};
    if (num <= waiting->num_buckets) {
        return 0;
    }
    while (more.num_buckets < num) {
        more.num_buckets *= 2;
    }
    more.buckets = svcr_zalloc(context, more.num_buckets * sizeof(*more.buckets));
    if (more.buckets == NULL) {
        return SVCROUTE_ERR_NOMEM;
    }
    for (size_t i = 0; i < waiting->num_buckets; i++) {
        struct svcr_link *link = waiting->buckets[i];
        while (link != NULL) {
            struct svcr_link *next = link->next;
            put(context, &more, link, name_of(link->parent->layout, link));
            link = next;
        }
    }
    svcr_release(context, (void *)waiting->buckets,
                 waiting->num_buckets * sizeof(*waiting->buckets));
    *waiting = more;
    return 0;
}

void svcr_waiting_add(struct svcroute_context *context, struct svcr_waiting *waiting,
                      struct svcr_layout *layout, uint32_t i)
{
    put(context, waiting, &layout->links[i], layout->shape.members[i].name);
    waiting->num++;
}

static struct svcr_link *find_from(struct svcr_link *link, svcr_text name)
{
    while (link != NULL && !svcr_text_same(name_of(link->parent->layout, link), name)) {
        link = link->next;
    }
    return link;
}

struct svcr_link *svcr_waiting_find(struct svcroute_context *context,
                                    const struct svcr_waiting *waiting, svcr_text name)
{
    return waiting->num_buckets == 0
               ? NULL
               : find_from(
                     waiting->buckets[svcr_name_hash(context, name) & (waiting->num_buckets - 1)],
                     name);
}

struct svcr_link *svcr_waiting_next(const struct svcr_link *link, svcr_text name)
{
    return find_from(link->next, name);
}
