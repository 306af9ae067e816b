/* A hash table from numbers to places in a list. */
#ifndef SVCROUTE_TOOL_MAP_H
#define SVCROUTE_TOOL_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map {
    uint64_t *keys; /* 0: nothing here */
    size_t *places;
    size_t num, room; /* room is 0 or a power of two, at least 4/3 of num */
};

#define MAP_NONE SIZE_MAX

/* Place of a key (not 0); MAP_NONE if it has none. */
size_t map_find(const struct map *map, uint64_t key);
/* Gives a key that has no place one. */
void map_add(struct map *map, uint64_t key, size_t place);
void map_free(struct map *map);

#endif
