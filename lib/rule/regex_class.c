/* Sets of characters for regular expressions: ranges that are collected, put in order, folded and
 * negated. */
#include "rule/regex_class.h"

#include <svcroute/error.h>

#include "base/memory.h"

#include "rule/regex_table.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

void svcr_class_init(struct svcr_class *set, struct svcroute_context *context, size_t room)
{
    *set = (struct svcr_class){.context = context, .room = room};
}

void svcr_class_free(struct svcr_class *set)
{
    svcr_release(set->context, set->ranges, set->capacity * sizeof(*set->ranges));
    set->ranges = NULL;
    set->num = set->capacity = 0;
}

void svcr_class_clear(struct svcr_class *set)
{
    set->num = 0;
}

void svcr_class_add(struct svcr_class *set, uint32_t first, uint32_t last)
{
    if (set->failed || set->too_many) {
        return;
    }
    /* Most additions go on where one of the last two ended (two: for letters with both cases). */
    for (size_t back = 1; back <= 2 && back <= set->num; back++) {
        struct svcr_range *range = &set->ranges[set->num - back];
        if (first <= range->last + 1 && range->first <= last + 1) {
            range->first = first < range->first ? first : range->first;
            range->last = last > range->last ? last : range->last;
            return;
        }
    }
    if (set->room == 0) {
        set->too_many = true;
        return;
    }
    if (svcr_array_reserve(set->context, (void **)&set->ranges, &set->capacity, set->num + 1,
                           sizeof(*set->ranges)) != SVCROUTE_OK) {
        set->failed = true;
        return;
    }
    set->room--;
    set->ranges[set->num++] = (struct svcr_range){first, last};
}

/* The run that has a character, which is in one. */
static const struct fold_run *find_run(uint32_t character)
{
    size_t low = 0, high = LENGTH(fold_runs);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(fold_runs[middle].first <= character ? &low : &high) = middle;
    }
    /* Runs of capital and of small letters lie between each other. */
    while (low > 0 &&
           ((character - fold_runs[low].first) % fold_runs[low].step != 0 ||
            (character - fold_runs[low].first) / fold_runs[low].step >= fold_runs[low].num)) {
        low--;
    }
    return &fold_runs[low];
}

/* Adds what follows on one character in its circle of alike ones. It costs room even if all of
 * it is there already, since it costs time. */
static void add_circle(struct svcr_class *set, uint32_t character, int32_t delta)
{
    uint32_t at = (uint32_t)((int32_t)character + delta);
    if (set->room == 0) {
        set->too_many = true;
        return;
    }
    set->room--;
    while (at != character) {
        svcr_class_add(set, at, at);
        at = (uint32_t)((int32_t)at + find_run(at)->delta);
    }
}

void svcr_class_add_folded(struct svcr_class *set, uint32_t first, uint32_t last)
{
    const struct fold_run *greatest = &fold_runs[LENGTH(fold_runs) - 1];
    svcr_class_add(set, first, last);
    if (first <= fold_runs[0].first && last >= greatest->first + greatest->num - 1u) {
        return; /* whole circles only */
    }
    for (size_t i = 0; i < LENGTH(fold_runs) && fold_runs[i].first <= last; i++) {
        const struct fold_run *run = &fold_runs[i];
        uint32_t n = first > run->first ? (first - run->first + run->step - 1u) / run->step : 0;
        for (; n < run->num && run->first + n * run->step <= last && !set->too_many; n++) {
            add_circle(set, run->first + n * run->step, run->delta);
        }
    }
}

bool svcr_class_add_property(struct svcr_class *set, svcr_text name)
{
    char canonical[sizeof(property_names[0].name)];
    size_t size = 0, low = 0, high = LENGTH(property_names);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '_' || c == '-' || c == ' ') {
            continue;
        }
        if (size == sizeof(canonical) - 1) {
            return false;
        }
        if (size == 0 && c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        } else if (size > 0 && c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        canonical[size++] = c;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct property_name *row = &property_names[middle];
        int order = svcr_text_compare((svcr_text){row->name, strlen(row->name)},
                                      (svcr_text){canonical, size});
        if (order == 0) {
            for (size_t i = property_starts[row->group]; i < property_starts[row->group + row->num];
                 i++) {
                uint32_t first = property_runs[i] >> 11;
                svcr_class_add(set, first, first + (property_runs[i] & 2047));
            }
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

void svcr_class_fold(struct svcr_class *set)
{
    size_t num = set->num;
    for (size_t i = 0; i < num && !set->failed && !set->too_many; i++) {
        struct svcr_range range = set->ranges[i];
        svcr_class_add_folded(set, range.first, range.last);
    }
}

static bool comes_before(struct svcr_range a, struct svcr_range b)
{
    return a.first < b.first || (a.first == b.first && a.last < b.last);
}

/* Lets the range at `root` of a heap of `num` sink to where it belongs. */
static void sink(struct svcr_range *ranges, size_t num, size_t root)
{
    struct svcr_range range = ranges[root];
    for (size_t child = 2 * root + 1; child < num; child = 2 * root + 1) {
        if (child + 1 < num && comes_before(ranges[child], ranges[child + 1])) {
            child++;
        }
        if (!comes_before(range, ranges[child])) {
            break;
        }
        ranges[root] = ranges[child];
        root = child;
    }
    ranges[root] = range;
}

/* Heap sort: in place, and never worse than n log n. */
static void sort(struct svcr_range *ranges, size_t num)
{
    size_t in_order = 1;
    while (in_order < num && comes_before(ranges[in_order - 1], ranges[in_order])) {
        in_order++;
    }
    if (in_order >= num) {
        return;
    }
    for (size_t i = num / 2; i-- > 0;) {
        sink(ranges, num, i);
    }
    for (size_t i = num - 1; i > 0; i--) {
        struct svcr_range greatest = ranges[0];
        ranges[0] = ranges[i];
        ranges[i] = greatest;
        sink(ranges, i, 0);
    }
}

void svcr_class_tidy(struct svcr_class *set)
{
    size_t kept = 0;
    if (set->num == 0) {
        return;
    }
    sort(set->ranges, set->num);
    for (size_t i = 1; i < set->num; i++) {
        struct svcr_range *range = &set->ranges[kept];
        if (set->ranges[i].first <= range->last + 1) {
            range->last = set->ranges[i].last > range->last ? set->ranges[i].last : range->last;
        } else {
            set->ranges[++kept] = set->ranges[i];
        }
    }
    set->num = kept + 1;
}

void svcr_class_negate(struct svcr_class *set)
{
    uint32_t next = 0;
    size_t kept = 0;
    for (size_t i = 0; i < set->num; i++) {
        struct svcr_range range = set->ranges[i];
        if (next < range.first) {
            set->ranges[kept++] = (struct svcr_range){next, range.first - 1};
        }
        next = range.last + 1;
    }
    set->num = kept;
    if (next <= SVCR_CHARACTER_MAX) {
        svcr_class_add(set, next, SVCR_CHARACTER_MAX);
    }
}

bool svcr_ranges_have(const struct svcr_range *ranges, size_t num, uint32_t character)
{
    size_t low = 0, high = num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (character > ranges[middle].last) {
            low = middle + 1;
        } else if (character < ranges[middle].first) {
            high = middle;
        } else {
            return true;
        }
    }
    return false;
}
