/* A hash table with open addressing and linear probing; nothing is ever taken out. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { FIRST_ROOM = 16 };

/* Where the search for a key begins: the product's upper half depends on all of its bits. */
static size_t start(const struct map *map, uint64_t key)
{
    uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32 ^ mixed) & (map->room - 1);
}

static size_t slot_of(const struct map *map, uint64_t key)
{
    size_t slot = start(map, key);
    while (map->keys[slot] != 0 && map->keys[slot] != key) {
        slot = (slot + 1) & (map->room - 1);
    }
    return slot;
}

static void grow(struct map *map)
{
    struct map larger = {.num = map->num, .room = map->room > 0 ? 2 * map->room : FIRST_ROOM};
    larger.keys = memory_new(larger.room, sizeof *larger.keys);
    larger.places = memory_new(larger.room, sizeof *larger.places);
    for (size_t i = 0; i < map->room; i++) {
        if (map->keys[i] != 0) {
            size_t slot = slot_of(&larger, map->keys[i]);
            larger.keys[slot] = map->keys[i];
            larger.places[slot] = map->places[i];
        }
    }
    map_free(map);
    *map = larger;
}

size_t map_find(const struct map *map, uint64_t key)
{
    if (map->room == 0) {
        return MAP_NONE;
    }
    size_t slot = slot_of(map, key);
    return map->keys[slot] == key ? map->places[slot] : MAP_NONE;
}

void map_add(struct map *map, uint64_t key, size_t place)
{
    if (4 * (map->num + 1) > 3 * map->room) {
        grow(map);
    }
    size_t slot = slot_of(map, key);
    map->keys[slot] = key;
    map->places[slot] = place;
    map->num++;
}

void map_free(struct map *map)
{
    free(map->keys);
    free(map->places);
    memset(map, 0, sizeof *map);
}
