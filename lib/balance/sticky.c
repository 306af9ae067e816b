/* The index of sticky values: one hash table over all forms of all members.
 *
 * All forms but the plain name are numbers written as hex, so a record per member of one to seven
 * words holds them, and a slot of the table is a member's number with a form's: open addressing, at
 * most three quarters full. A value's own spelling says which forms it can be; for a current one
 * the first probe decides. Names are chosen by tenants, so a slot is found through the context's
 * seed, and equal numbers (FNV is easily made to collide) take one slot only. */
#include "balance/sticky.h"

#include <svcroute/error.h>

#include "base/context.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/memory.h"

enum form {
    FORM_CURRENT,
    FORM_OLDER,
    FORM_UNKEYED,
    FORM_PLAIN,
    FORM_FNV,
    FORM_FNV_FNV,
    NUM_FORMS,
};

enum { FORM_BITS = 3, MEMBERS_MAX = 1 << 28 };

#define EMPTY UINT32_MAX
#define ABSENT UINT8_MAX

struct svcr_sticky {
    size_t bytes;
    const struct svcr_member *members;
    uint64_t seed;
    uint64_t *records; /* num times `stride` words */
    uint32_t *slots;   /* a member's number and, in the low bits, a form; or EMPTY */
    uint32_t num, mask;
    uint8_t at[NUM_FORMS]; /* place in a record; ABSENT: not read */
    uint8_t stride;
    bool keyed;
};

static inline uint64_t *record_of(const struct svcr_sticky *sticky, uint32_t member)
{
    return sticky->records + (size_t)member * sticky->stride;
}

/* ---- making values ---- */

static uint64_t read_word(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (size_t i = 0; i < 8; i++) {
        word = word << 8 | bytes[i];
    }
    return word;
}

static size_t write_hex(uint64_t word, char out[16])
{
    for (size_t i = 0; i < 16; i++) {
        out[i] = "0123456789abcdef"[word >> (60 - 4 * i) & 15];
    }
    return 16;
}

static uint64_t fnv_1(svcr_text text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.size; i++) {
        hash = hash * UINT64_C(0x100000001b3) ^ (unsigned char)text.data[i];
    }
    return hash;
}

static uint64_t fnv_of_hex(uint64_t word)
{
    char hex[16];
    size_t zeros = word ? (size_t)__builtin_clzll(word) / 4 : 15;

    write_hex(word, hex);
    return fnv_1((svcr_text){hex + zeros, 16 - zeros});
}

static int put_keyed(struct svcroute_context *context, svcr_text secret, svcr_text name,
                     uint64_t words[2])
{
    uint8_t digest[32];
    int status = svcr_hmac_sha256(context, secret.data, secret.size, name.data, name.size, digest);

    if (status == SVCROUTE_OK) {
        words[0] = read_word(digest);
        words[1] = read_word(digest + 8);
    }
    return status;
}

static int put_unkeyed(struct svcroute_context *context, svcr_text name, uint64_t *word)
{
    uint8_t digest[32];
    int status = svcr_sha256(context, name.data, name.size, digest);

    if (status == SVCROUTE_OK) {
        *word = read_word(digest);
    }
    return status;
}

static int fill_record(const struct svcr_sticky *sticky, struct svcroute_context *context,
                       const struct svcr_sticky_keys *keys, svcr_text name, uint64_t *record)
{
    const uint8_t *at = sticky->at;
    int status = sticky->keyed ? put_keyed(context, keys->secret, name, record)
                               : put_unkeyed(context, name, record);

    if (status == SVCROUTE_OK && at[FORM_OLDER] != ABSENT) {
        status = put_keyed(context, keys->older, name, record + at[FORM_OLDER]);
    }
    if (status == SVCROUTE_OK && at[FORM_UNKEYED] != ABSENT) {
        status = put_unkeyed(context, name, record + at[FORM_UNKEYED]);
    }
    if (at[FORM_FNV] != ABSENT) {
        record[at[FORM_FNV]] = fnv_1(name);
        record[at[FORM_FNV_FNV]] = fnv_of_hex(record[at[FORM_FNV]]);
    }
    return status;
}

/* ---- the table ---- */

/* What is looked for: a number of one or two words, or a name and its hash. */
struct wanted {
    uint64_t word, second;
    svcr_text name;
};

static inline bool wide(const struct svcr_sticky *sticky, enum form form)
{
    return form == FORM_OLDER || (form == FORM_CURRENT && sticky->keyed);
}

static inline bool is_wanted(const struct svcr_sticky *sticky, uint32_t member, enum form form,
                             const struct wanted *wanted)
{
    const uint64_t *words;

    if (form == FORM_PLAIN) {
        return svcr_text_same(sticky->members[member].name, wanted->name);
    }
    words = record_of(sticky, member) + sticky->at[form];
    return words[0] == wanted->word && (!wide(sticky, form) || words[1] == wanted->second);
}

/* The slot with what is wanted, or the empty one where it would be. */
static inline uint32_t *probe(const struct svcr_sticky *sticky, enum form form,
                              const struct wanted *wanted)
{
    uint64_t hash = svcr_hash_mix(wanted->word, sticky->seed + (uint64_t)form);

    for (uint32_t i = (uint32_t)hash & sticky->mask;; i = (i + 1) & sticky->mask) {
        uint32_t slot = sticky->slots[i];

        if (slot == EMPTY || ((slot & ((1u << FORM_BITS) - 1)) == (uint32_t)form &&
                              is_wanted(sticky, slot >> FORM_BITS, form, wanted))) {
            return &sticky->slots[i];
        }
    }
}

static void insert(struct svcr_sticky *sticky, uint32_t member)
{
    const struct svcr_member *who = &sticky->members[member];

    for (enum form form = FORM_CURRENT; form < NUM_FORMS; form++) {
        struct wanted wanted = {.name = who->name};
        uint32_t *slot;

        if (sticky->at[form] == ABSENT) {
            continue;
        }
        if (form == FORM_PLAIN) {
            wanted.word = svcr_hash(sticky->seed, who->name.data, who->name.size);
        } else {
            const uint64_t *words = record_of(sticky, member) + sticky->at[form];

            wanted.word = words[0];
            wanted.second = wide(sticky, form) ? words[1] : 0;
        }
        slot = probe(sticky, form, &wanted);
        if (*slot == EMPTY) {
            *slot = member << FORM_BITS | (uint32_t)form;
        }
    }
}

/* ---- an index's life ---- */

/* Decides which forms are read and where in a record they stand; returns their number. */
static uint32_t lay_out(struct svcr_sticky *sticky, const struct svcr_sticky_keys *keys)
{
    uint32_t forms = 1;
    uint8_t next;

    memset(sticky->at, ABSENT, sizeof(sticky->at));
    sticky->keyed = keys->secret.size > 0;
    sticky->at[FORM_CURRENT] = 0;
    next = sticky->keyed ? 2 : 1;
    if (keys->older.size > 0) {
        sticky->at[FORM_OLDER] = next;
        next = (uint8_t)(next + 2);
        forms++;
    }
    if (sticky->keyed && keys->unkeyed) {
        sticky->at[FORM_UNKEYED] = next++;
        forms++;
    }
    if (!sticky->keyed || keys->unkeyed) {
        sticky->at[FORM_PLAIN] = 0; /* the name itself is with the member */
        sticky->at[FORM_FNV] = next++;
        sticky->at[FORM_FNV_FNV] = next++;
        forms += 3;
    }
    sticky->stride = next;
    return forms;
}

static struct svcr_sticky *allocate(struct svcroute_context *context, uint32_t num,
                                    const struct svcr_sticky_keys *keys)
{
    struct svcr_sticky layout = {.num = num, .seed = context->hash_seed}, *sticky;
    uint64_t need = (uint64_t)num * lay_out(&layout, keys), capacity = 8;
    size_t records = (size_t)num * layout.stride, bytes;

    while (capacity * 3 < need * 4) {
        capacity *= 2;
    }
    layout.mask = (uint32_t)(capacity - 1);
    if (!svcr_size_mul((size_t)capacity, sizeof(uint32_t), &bytes) ||
        !svcr_size_add(bytes, sizeof(layout), &bytes) ||
        records > (SIZE_MAX - bytes) / sizeof(uint64_t)) {
        return NULL;
    }
    layout.bytes = bytes + records * sizeof(uint64_t);
    sticky = svcr_alloc(context, layout.bytes);
    if (sticky) {
        *sticky = layout;
        sticky->records = (uint64_t *)(void *)(sticky + 1);
        sticky->slots = (uint32_t *)(void *)(sticky->records + records);
        memset(sticky->slots, 0xff, (size_t)capacity * sizeof(uint32_t));
    }
    return sticky;
}

int svcr_sticky_new(struct svcr_sticky **out, struct svcroute_context *context,
                    const struct svcr_member *members, uint32_t num,
                    const struct svcr_sticky_keys *keys, const struct svcr_sticky *previous,
                    const uint32_t *old_index)
{
    struct svcr_sticky *sticky;
    int status = SVCROUTE_OK;

    *out = NULL;
    if (num >= MEMBERS_MAX) {
        return SVCROUTE_ERR_LIMIT;
    }
    sticky = allocate(context, num, keys);
    if (!sticky) {
        return SVCROUTE_ERR_NOMEM;
    }
    sticky->members = members;
    for (uint32_t i = 0; i < num && status == SVCROUTE_OK; i++) {
        if (previous && old_index[i] != SVCR_NOBODY) {
            memcpy(record_of(sticky, i), record_of(previous, old_index[i]),
                   sticky->stride * sizeof(uint64_t));
        } else {
            status = fill_record(sticky, context, keys, members[i].name, record_of(sticky, i));
        }
        if (status == SVCROUTE_OK && members[i].weight > 0) {
            insert(sticky, i);
        }
    }
    if (status != SVCROUTE_OK) {
        svcr_sticky_free(sticky, context);
        return status;
    }
    *out = sticky;
    return SVCROUTE_OK;
}

void svcr_sticky_free(struct svcr_sticky *sticky, struct svcroute_context *context)
{
    if (sticky) {
        svcr_release(context, sticky, sticky->bytes);
    }
}

/* ---- finding ---- */

static inline uint64_t every_byte(uint8_t byte)
{
    return byte * UINT64_C(0x0101010101010101);
}

/* Eight lower-case hex digits at once, without a branch on what they are: as many values come as
 * there are members, and no two have the same digits. A letter has bit 6; the digits that the
 * nibbles would be written with must be those that are there. Gives 0 if all is well. */
static inline uint64_t read_8_digits(const char *text, uint64_t *number)
{
    uint64_t word, letters, nibbles, written, bad;

    memcpy(&word, text, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    letters = word >> 6 & every_byte(1);
    nibbles = (word & every_byte(15)) + letters * 9;
    written = nibbles + every_byte('0') + letters * ('a' - '0' - 10);
    bad = (written ^ word) | (nibbles & every_byte(16)) |
          (((nibbles + every_byte(6)) >> 4 ^ letters) & every_byte(1));
    word = (nibbles << 4 | nibbles >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word << 8 | word >> 16) & UINT64_C(0x0000ffff0000ffff);
    *number = (word << 16 | word >> 32) & UINT32_MAX;
    return bad;
}

static inline bool read_16_digits(const char *text, uint64_t *word)
{
    uint64_t high, low;
    uint64_t bad = read_8_digits(text, &high) | read_8_digits(text + 8, &low);

    *word = high << 32 | low;
    return bad == 0;
}

/* A number as FNV values are written: 1 to 16 digits, no leading zeros. */
static bool read_number(svcr_text text, uint64_t *word)
{
    char digits[16];

    if (text.size == 0 || text.size > 16 || (text.data[0] == '0' && text.size > 1)) {
        return false;
    }
    memset(digits, '0', sizeof(digits));
    memcpy(digits + sizeof(digits) - text.size, text.data, text.size);
    return read_16_digits(digits, word);
}

static inline uint32_t look(const struct svcr_sticky *sticky, enum form form,
                            const struct wanted *wanted)
{
    uint32_t slot = sticky->at[form] == ABSENT ? EMPTY : *probe(sticky, form, wanted);

    return slot == EMPTY ? SVCR_NOBODY : slot >> FORM_BITS;
}

static uint32_t find_legacy(const struct svcr_sticky *sticky, svcr_text value)
{
    struct wanted wanted = {.name = value};
    uint32_t member;

    if (sticky->at[FORM_PLAIN] == ABSENT) {
        return SVCR_NOBODY;
    }
    wanted.word = svcr_hash(sticky->seed, value.data, value.size);
    member = look(sticky, FORM_PLAIN, &wanted);
    if (member == SVCR_NOBODY && read_number(value, &wanted.word)) {
        member = look(sticky, FORM_FNV, &wanted);
        if (member == SVCR_NOBODY) {
            member = look(sticky, FORM_FNV_FNV, &wanted);
        }
    }
    return member;
}

struct svcr_sticky_hit svcr_sticky_find(const struct svcr_sticky *sticky, svcr_text value)
{
    struct wanted wanted = {.name = SVCR_TEXT_ABSENT};
    uint32_t member = SVCR_NOBODY;

    if (value.size == (sticky->keyed ? 32 : 16) && read_16_digits(value.data, &wanted.word) &&
        (!sticky->keyed || read_16_digits(value.data + 16, &wanted.second))) {
        member = look(sticky, FORM_CURRENT, &wanted);
        if (member != SVCR_NOBODY) {
            return (struct svcr_sticky_hit){member, false};
        }
    }
    if (value.size == 32 && read_16_digits(value.data, &wanted.word) &&
        read_16_digits(value.data + 16, &wanted.second)) {
        member = look(sticky, FORM_OLDER, &wanted);
    } else if (value.size == 16 && read_16_digits(value.data, &wanted.word)) {
        member = look(sticky, FORM_UNKEYED, &wanted);
    }
    if (member == SVCR_NOBODY) {
        member = find_legacy(sticky, value);
    }
    return (struct svcr_sticky_hit){member, member != SVCR_NOBODY};
}

size_t svcr_sticky_value(const struct svcr_sticky *sticky, uint32_t member,
                         char out[SVCR_STICKY_VALUE_MAX])
{
    const uint64_t *record = record_of(sticky, member);
    size_t size = write_hex(record[0], out);

    return sticky->keyed ? size + write_hex(record[1], out + size) : size;
}
