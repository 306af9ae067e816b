/* The servers of a drive and how they behave. */
#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "memory.h"
#include "output.h"

struct svcroute_text drive_keep(struct drive *drive, struct svcroute_text text)
{
    char *copy = memory_new(text.size + 1, 1);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    drive->texts = memory_grow(drive->texts, drive->num_texts + 1, sizeof *drive->texts);
    drive->texts[drive->num_texts++] = copy;
    return (struct svcroute_text){copy, text.size};
}

/* ---- behaviour ---------------------------------------------------------------------------- */

/* Place of the first behaviour whose url is not before this one. */
static size_t behaviour_place(const struct drive *drive, struct svcroute_text url)
{
    size_t low = 0, high = drive->num_behaviours;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare(drive->behaviours[middle]->url, url) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct behaviour *behaviour_find(const struct drive *drive, struct svcroute_text url)
{
    size_t place = behaviour_place(drive, url);
    bool found = place < drive->num_behaviours && text_equal(drive->behaviours[place]->url, url);
    return found ? drive->behaviours[place] : NULL;
}

static struct behaviour *behaviour_add(struct drive *drive, struct svcroute_text url)
{
    size_t place = behaviour_place(drive, url), behind = drive->num_behaviours - place;
    struct behaviour *behaviour = memory_new(1, sizeof *behaviour);
    *behaviour = drive->usual;
    behaviour->url = url;
    drive->behaviours =
        memory_grow(drive->behaviours, drive->num_behaviours + 1, sizeof *drive->behaviours);
    memmove(drive->behaviours + place + 1, drive->behaviours + place,
            behind * sizeof *drive->behaviours);
    drive->behaviours[place] = behaviour;
    drive->num_behaviours++;
    return behaviour;
}

struct behaviour *drive_behaviour(struct drive *drive, struct svcroute_text url)
{
    struct behaviour *behaviour = behaviour_find(drive, url);
    bool present = false;
    for (size_t i = 0; i < drive->num_servers; i++) {
        struct drive_server *server = &drive->servers[i];
        if (server->seen != drive->tables || !text_equal(server->url, url)) {
            continue;
        }
        if (behaviour == NULL) {
            behaviour = behaviour_add(drive, server->url);
        }
        server->behaviour = behaviour;
        present = true;
    }
    return present ? behaviour : NULL;
}

void drive_set_admin(struct drive *drive, const struct behaviour *behaviour)
{
    for (size_t i = 0; i < drive->num_servers; i++) {
        const struct drive_server *server = &drive->servers[i];
        if (server->behaviour == behaviour && server->seen == drive->tables) {
            svcroute_balancer_set_admin(drive->balancer, server->id, behaviour->admin, drive->now);
        }
    }
}

/* ---- servers ------------------------------------------------------------------------------ */

size_t drive_find_server(const struct drive *drive, uint64_t id)
{
    return map_find(&drive->by_id, id);
}

static size_t add_server(struct drive *drive, uint64_t id, struct svcroute_text service,
                         struct svcroute_text url)
{
    struct drive_server server = {.id = id, .service = service};
    const struct behaviour *behaviour = behaviour_find(drive, url);
    server.url = behaviour != NULL ? behaviour->url : drive_keep(drive, url);
    server.behaviour = behaviour != NULL ? behaviour : &drive->usual;
    server.seen = drive->tables;
    drive->servers = memory_grow(drive->servers, drive->num_servers + 1, sizeof *drive->servers);
    drive->servers[drive->num_servers] = server;
    map_add(&drive->by_id, id, drive->num_servers);
    if (server.behaviour->admin != SVCROUTE_ADMIN_AUTO) {
        svcroute_balancer_set_admin(drive->balancer, id, server.behaviour->admin, drive->now);
    }
    return drive->num_servers++;
}

size_t drive_know_server(struct drive *drive, uint64_t id, struct svcroute_text service,
                         struct svcroute_text url)
{
    size_t place = drive_find_server(drive, id);
    return place != MAP_NONE ? place : add_server(drive, id, drive_keep(drive, service), url);
}

static void know_service(struct drive *drive, const struct svcroute_service *service)
{
    struct svcroute_service_info info = {.size = sizeof info};
    struct svcroute_server_info server = {.size = sizeof server};
    struct svcroute_text name = {NULL, 0};
    svcroute_service_get_info(service, &info);
    for (size_t i = 0; svcroute_service_get_server(service, i, &server) == 0; i++) {
        uint64_t id;
        if (svcroute_balancer_find_server(drive->balancer, info.name, i, &id) != 0) {
            continue;
        }
        size_t place = drive_find_server(drive, id);
        if (place != MAP_NONE) {
            drive->servers[place].seen = drive->tables;
            continue;
        }
        if (name.data == NULL) {
            name = drive_keep(drive, info.name);
        }
        add_server(drive, id, name, server.url);
    }
}

void drive_know_servers(struct drive *drive)
{
    struct svcroute_listing *listing;
    if (svcroute_listing_new(&listing, drive->table, SVCROUTE_LISTING_SERVICES) != 0) {
        memory_none();
    }
    drive->tables++;
    size_t num = svcroute_listing_num(listing);
    for (size_t i = 0; i < num; i++) {
        know_service(drive, svcroute_listing_get_service(listing, i));
    }
    svcroute_listing_free(listing);
}

void drive_drop_servers(struct drive *drive)
{
    for (size_t i = 0; i < drive->num_behaviours; i++) {
        free(drive->behaviours[i]);
    }
    for (size_t i = 0; i < drive->num_texts; i++) {
        free(drive->texts[i]);
    }
    free(drive->behaviours);
    free(drive->texts);
    free(drive->servers);
    map_free(&drive->by_id);
}
