/* Highest random weight as the reference has it (profile traefik-v3; behaviour section 8,
 * hrw.json): the score of a child is weight / -ln(h / 2^64), h being FNV-1a 64 (Fowler, Noll and
 * Vo) over the client's key and the child's name; the strictly highest score above 0 wins, the
 * first child on a tie. Hashes near 0 and 2^64 give no positive score and are never picked.
 *
 * Three things make it quick without changing an answer. FNV-1a is one long chain of
 * multiplications, so names are hashed four at a time, whose chains overlap; what all names begin
 * with is hashed once a pick (the scheduler keeps its length, four bytes a picker). And a logarithm
 * is taken only where the child could win: 1 - u <= -ln(u), so a score is at most weight / (1 - u),
 * with a margin far above the rounding of these lines.
 *
 * Steps: n hashes. */
#include <math.h>

#include "balance/traefik.h"

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

enum { LANES = 4 };

struct svcr_scheduler {
    uint32_t common; /* bytes that all names begin with */
};

static uint64_t fnv(uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)data[i]) * FNV_PRIME;
    }
    return hash;
}

/* As Go's net.SplitHostPort: whatever it refuses is taken whole. */
svcr_text svcr_traefik_hrw_key(svcr_text remote)
{
    const char *data = remote.data, *host;
    size_t colon = remote.size, host_size;

    while (colon > 0 && data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return remote;
    }
    colon--;
    if (data[0] == '[') {
        const char *end = memchr(data, ']', remote.size);

        if (end == NULL || (size_t)(end - data) + 1 != colon) {
            return remote;
        }
        host = data + 1;
        host_size = colon - 2;
        if (memchr(host, '[', remote.size - 1) != NULL ||
            memchr(end + 1, ']', remote.size - colon) != NULL) {
            return remote;
        }
        return (svcr_text){host, host_size};
    }
    if (memchr(data, ':', colon) != NULL || memchr(data, '[', remote.size) != NULL ||
        memchr(data, ']', remote.size) != NULL) {
        return remote;
    }
    return (svcr_text){data, colon};
}

uint64_t svcr_traefik_hrw_hash(svcr_text key, svcr_text name)
{
    return fnv(fnv(FNV_BASIS, key.data, key.size), name.data, name.size);
}

/* hash / 2^64. The sum is rounded once, as the conversion of the whole would be, and needs no
 * branch. */
static inline double unit_of(uint64_t hash)
{
    return ((double)(int64_t)(hash >> 32) * 0x1p32 + (double)(int64_t)(uint32_t)hash) * 0x1p-64;
}

double svcr_traefik_hrw_score(uint64_t hash, int64_t weight)
{
    return 1 / -log(unit_of(hash)) * (double)weight;
}

static size_t size(const struct svcr_shape *shape)
{
    (void)shape;
    return sizeof(struct svcr_scheduler);
}

static void open(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                 struct svcr_random *random, bool phase)
{
    const struct svcr_member *members = shape->members;
    size_t common = shape->num > 0 ? members[0].name.size : 0;

    (void)random;
    (void)phase;
    for (uint32_t i = 1; i < shape->num; i++) {
        size_t same = 0, most = members[i].name.size < common ? members[i].name.size : common;

        while (same < most && members[i].name.data[same] == members[0].name.data[same]) {
            same++;
        }
        common = same;
    }
    scheduler->common = common < UINT32_MAX ? (uint32_t)common : UINT32_MAX;
}

static void carry(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                  const struct svcr_scheduler *from, const struct svcr_shape *older,
                  const uint32_t *old_index, struct svcr_random *random)
{
    (void)from;
    (void)older;
    (void)old_index;
    open(scheduler, shape, random, false);
}

/* Hashes of LANES names from byte `common` on, their chains side by side. */
static void hash_lanes(const struct svcr_member *members, size_t common, uint64_t prefix,
                       uint64_t hashes[LANES])
{
    uint64_t a = prefix, b = prefix, c = prefix, d = prefix;
    size_t least = members[0].name.size;

    for (int i = 1; i < LANES; i++) {
        least = members[i].name.size < least ? members[i].name.size : least;
    }
    for (size_t i = common; i < least; i++) {
        a = (a ^ (unsigned char)members[0].name.data[i]) * FNV_PRIME;
        b = (b ^ (unsigned char)members[1].name.data[i]) * FNV_PRIME;
        c = (c ^ (unsigned char)members[2].name.data[i]) * FNV_PRIME;
        d = (d ^ (unsigned char)members[3].name.data[i]) * FNV_PRIME;
    }
    hashes[0] = a;
    hashes[1] = b;
    hashes[2] = c;
    hashes[3] = d;
    for (int i = 0; i < LANES; i++) {
        hashes[i] = fnv(hashes[i], members[i].name.data + least, members[i].name.size - least);
    }
}

struct best {
    uint32_t child;
    double score;
};

static inline void consider(struct best *best, const struct svcr_shape *shape,
                            const struct svcr_choice *choice, uint32_t child, uint64_t hash)
{
    const struct svcr_member *member = &shape->members[child];
    double weight = (double)member->weight, score;

    if (weight * (1 + 0x1p-30) < best->score * (1 - unit_of(hash))) {
        return;
    }
    score = svcr_traefik_hrw_score(hash, member->weight);
    if (score > best->score && svcr_member_usable(member, choice)) {
        best->score = score;
        best->child = child;
    }
}

static uint32_t pick(struct svcr_scheduler *scheduler, const struct svcr_shape *shape,
                     const struct svcr_choice *choice)
{
    struct best best = {SVCR_NOBODY, 0};
    uint64_t prefix = fnv(FNV_BASIS, choice->key.data, choice->key.size), hashes[LANES];
    uint32_t i = 0;

    if (shape->num > 0) {
        prefix = fnv(prefix, shape->members[0].name.data, scheduler->common);
    }
    for (; i + LANES <= shape->num; i += LANES) {
        hash_lanes(&shape->members[i], scheduler->common, prefix, hashes);
        for (uint32_t lane = 0; lane < LANES; lane++) {
            consider(&best, shape, choice, i + lane, hashes[lane]);
        }
    }
    for (; i < shape->num; i++) {
        svcr_text name = shape->members[i].name;

        consider(&best, shape, choice, i,
                 fnv(prefix, name.data + scheduler->common, name.size - scheduler->common));
    }
    return best.child;
}

const struct svcr_strategy svcr_traefik_hrw = {"traefik-hrw", size, open, carry, pick};
