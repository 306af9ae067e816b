/* Allocations that fail on demand. malloc() and its like are defined here, over glibc's own, so
 * that whoever calls them in this process can fail as well; not under sanitizers, which do the
 * same. */
#include <errno.h>
#include <stddef.h>

#include "oom.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&       \
    !HAS_FEATURE(address_sanitizer) && !HAS_FEATURE(thread_sanitizer) &&                           \
    !HAS_FEATURE(memory_sanitizer)
#define INTERPOSE
#endif

#ifdef INTERPOSE
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t num, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);
#define real_malloc __libc_malloc
#define real_realloc __libc_realloc
#define real_free __libc_free
#else
#define real_malloc malloc
#define real_realloc realloc
#define real_free free
#endif

#define TAG UINT64_C(0x5ca1ab1e0ddba11d)

static struct {
    size_t calls, fail_at;
    bool armed, after;
    struct memory_state state;
} memory;

void memory_arm(size_t n, bool after)
{
    memory.calls = 0;
    memory.fail_at = n;
    memory.after = after;
    memory.armed = true;
}

size_t memory_disarm(void)
{
    memory.armed = false;
    return memory.calls;
}

struct memory_state memory_look(void)
{
    return memory.state;
}

static bool fails(void)
{
    if (!memory.armed) {
        return false;
    }
    memory.calls++;
    return memory.calls == memory.fail_at || (memory.after && memory.calls > memory.fail_at);
}

/* ---- the context's ---- */

struct head {
    uint64_t tag, size;
};

static struct head *head_of(void *block, size_t size)
{
    struct head *head = (struct head *)block - 1;
    if (head->tag != TAG || head->size != size) {
        memory.state.wrong = true;
    }
    return head;
}

static void *allocate(void *user, size_t size)
{
    (void)user;
    struct head *head = size > SIZE_MAX / 2 || fails() ? NULL : real_malloc(sizeof(*head) + size);
    if (head == NULL) {
        return NULL;
    }
    *head = (struct head){TAG, size};
    memset(head + 1, 0xa5, size);
    memory.state.blocks++;
    memory.state.bytes += size;
    return head + 1;
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    struct head *head = head_of(block, old_size);
    /* Always elsewhere, so that nobody may keep a pointer to where it was. */
    struct head *moved =
        new_size > SIZE_MAX / 2 || fails() ? NULL : real_malloc(sizeof(*moved) + new_size);
    if (moved == NULL) {
        return NULL;
    }
    *moved = (struct head){TAG, new_size};
    memset(moved + 1, 0xa5, new_size);
    memcpy(moved + 1, block, old_size < new_size ? old_size : new_size);
    memset(head, 0x5a, sizeof(*head) + old_size);
    real_free(head);
    memory.state.bytes += new_size - old_size;
    return moved + 1;
}

static void release(void *user, void *block, size_t size)
{
    (void)user;
    struct head *head = head_of(block, size);
    memset(head, 0x5a, sizeof(*head) + size);
    real_free(head);
    memory.state.blocks--;
    memory.state.bytes -= size;
}

const struct svcroute_allocator memory_allocator = {.size = sizeof(struct svcroute_allocator),
                                                    .allocate = allocate,
                                                    .resize = resize,
                                                    .release = release};

/* ---- everybody's ---- */

#ifdef INTERPOSE
void *malloc(size_t size)
{
    void *block = fails() ? NULL : __libc_malloc(size);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memory.state.foreign++;
    return block;
}

void *calloc(size_t num, size_t size)
{
    void *block = fails() ? NULL : __libc_calloc(num, size);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memory.state.foreign++;
    return block;
}

void *realloc(void *block, size_t size)
{
    void *moved = fails() ? NULL : __libc_realloc(block, size);
    if (moved == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memory.state.foreign += block == NULL;
    return moved;
}

void free(void *block)
{
    memory.state.foreign -= block != NULL;
    __libc_free(block);
}
#endif
