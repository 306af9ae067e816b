/* The allocator that counts, and texts that grow. */
#include <stdio.h>

#include "hostile.h"

#define TAG UINT64_C(0x5ca1ab1e0ddba11d)

struct head {
    uint64_t tag, size;
};

static struct head *head_of(struct counting *counting, void *memory, size_t size)
{
    struct head *head = (struct head *)memory - 1;
    if (head->tag != TAG || head->size != size) {
        counting->wrong = true;
    }
    return head;
}

static void count(struct counting *counting, size_t size)
{
    counting->calls++;
    counting->bytes += size;
    counting->live_bytes += size;
    if (counting->live_bytes > counting->peak) {
        counting->peak = counting->live_bytes;
    }
}

static void *allocate(void *user, size_t size)
{
    struct counting *counting = user;
    struct head *head = size <= SIZE_MAX / 2 ? malloc(sizeof(*head) + size) : NULL;
    if (head == NULL) {
        return NULL;
    }
    *head = (struct head){TAG, size};
    counting->live++;
    count(counting, size);
    return head + 1;
}

static void *resize(void *user, void *memory, size_t old_size, size_t new_size)
{
    struct counting *counting = user;
    struct head *head = head_of(counting, memory, old_size);
    head = new_size <= SIZE_MAX / 2 ? realloc(head, sizeof(*head) + new_size) : NULL;
    if (head == NULL) {
        return NULL;
    }
    head->size = new_size;
    counting->live_bytes -= old_size;
    count(counting, new_size);
    return head + 1;
}

static void release(void *user, void *memory, size_t size)
{
    struct counting *counting = user;
    struct head *head = head_of(counting, memory, size);
    head->tag = 0;
    free(head);
    counting->live--;
    counting->live_bytes -= size;
}

void counting_init(struct counting *counting)
{
    *counting = (struct counting){.functions = {.size = sizeof(struct svcroute_allocator),
                                                .user = counting,
                                                .allocate = allocate,
                                                .resize = resize,
                                                .release = release}};
}

void counting_restart(struct counting *counting)
{
    counting->calls = 0;
    counting->bytes = 0;
    counting->peak = counting->live_bytes;
}

struct svcroute_context *counting_context(struct counting *counting,
                                          const struct svcroute_context_options *options)
{
    struct svcroute_context *context;
    counting_init(counting);
    if (svcroute_context_new(&context, options, &counting->functions, NULL) != SVCROUTE_OK) {
        give_up("no context");
    }
    return context;
}

/* ---- texts ---- */

static char *room(struct input *input, size_t size)
{
    if (size > input->capacity - input->size) {
        size_t capacity = 2 * (input->size + size);
        char *data = realloc(input->data, capacity);
        if (data == NULL) {
            give_up("out of memory");
        }
        input->data = data;
        input->capacity = capacity;
    }
    return input->data + input->size;
}

void input_add(struct input *input, const char *data, size_t size)
{
    char *end = room(input, size);
    if (size > 0) {
        memcpy(end, data, size);
    }
    input->size += size;
}

void input_print(struct input *input, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(room(input, 512), 512, format, arguments);
    va_end(arguments);
    if (size < 0 || size >= 512) {
        give_up("a printed piece is too long");
    }
    input->size += (size_t)size;
}

void input_repeat(struct input *input, const char *text, size_t times)
{
    size_t size = strlen(text);
    (void)room(input, size * times + 1);
    while (times-- > 0) {
        input_add(input, text, size);
    }
}

void input_free(struct input *input)
{
    free(input->data);
    *input = (struct input){NULL, 0, 0};
}
