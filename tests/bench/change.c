/* Row 5: one EndpointSlice of a cluster changes, and every worker knows of it. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#define FURTHER 8 /* pickers beside the first */

/* Loads a cluster in pieces, so that its text never stands in memory as a whole. */
static void load_in_pieces(struct world *world, const struct cluster *cluster)
{
    struct writer text;
    writer_init(&text, FORM_LINES);
    for (unsigned first = 0; first < cluster->services; first += 1000) {
        unsigned rest = cluster->services - first;
        unsigned num = rest < 1000 ? rest : 1000;
        writer_clear(&text);
        write_services(&text, cluster, first, num);
        write_slices(&text, cluster, first, num);
        write_routes(&text, cluster, first, num);
        world_load(world, &text, 3 * num);
    }
    writer_free(&text);
}

struct live {
    struct world world;
    struct svcroute_watch *watch;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *pickers[1 + FURTHER];
    unsigned num_pickers;
    unsigned generation; /* never twice the same content */
    uint64_t now;
};

/* As far as each line of a watch goes. */
enum reach { REACH_TABLE, REACH_PICKERS };

static void update(struct live *live)
{
    struct svcroute_event event = {.size = sizeof(event)};
    live->now += 1000000;
    must(svcroute_balancer_update(live->balancer, live->table, live->now) == 0, "update");
    while (svcroute_balancer_next_event(live->balancer, &event) == 0) {
        /* servers that come and go */
    }
    for (unsigned i = 0; i < live->num_pickers; i++) {
        must(svcroute_picker_stale(live->pickers[i]), "mail");
        must(svcroute_picker_refresh(live->pickers[i], live->now) == 0, "refresh");
    }
}

static double time_changes(struct live *live, const struct cluster *cluster, unsigned changes,
                           enum reach reach)
{
    struct writer text;
    size_t *ends = calloc(changes + 1, sizeof(*ends));
    must(ends != NULL, "memory");
    writer_init(&text, FORM_LINES);
    live->generation++;
    for (unsigned i = 0; i < changes; i++) { /* 7919 is prime: all over the cluster */
        live->generation += i != 0 && i % cluster->services == 0;
        write_change(&text, cluster, i * 7919u % cluster->services, live->generation);
        ends[i + 1] = text.size;
    }
    double start = measure_now();
    for (unsigned i = 0; i < changes; i++) {
        must(svcroute_watch_feed(live->watch, text.data + ends[i], ends[i + 1] - ends[i], NULL,
                                 NULL) == 0,
             "feed");
        struct svcroute_table *next = world_resolve(&live->world, live->table, cluster->services);
        must(next != live->table, "noticing a change");
        svcroute_table_unref(live->table);
        live->table = next;
        if (reach == REACH_PICKERS) {
            update(live);
        }
    }
    double seconds = measure_now() - start;
    writer_free(&text);
    free(ends);
    return seconds / changes;
}

static void add_pickers(struct live *live, unsigned num)
{
    for (; live->num_pickers < num; live->num_pickers++) {
        must(svcroute_picker_new(&live->pickers[live->num_pickers], live->balancer, live->now) == 0,
             "picker");
    }
}

static void live_open(struct live *live, const struct cluster *cluster)
{
    *live = (struct live){.now = 1000000};
    world_open(&live->world, false);
    load_in_pieces(&live->world, cluster);
    must(svcroute_watch_new(&live->watch, live->world.store, NULL) == 0, "watch");
    live->table = world_resolve(&live->world, NULL, cluster->services);
    must(svcroute_balancer_new(&live->balancer, live->table, NULL, live->now) == 0, "balancer");
}

static void live_close(struct live *live)
{
    for (unsigned i = 0; i < live->num_pickers; i++) {
        svcroute_picker_free(live->pickers[i]);
    }
    svcroute_balancer_free(live->balancer);
    svcroute_table_unref(live->table);
    svcroute_watch_free(live->watch);
    world_close(&live->world);
}

static double median_of_changes(struct live *live, const struct cluster *cluster, unsigned changes,
                                enum reach reach)
{
    double seconds[RUNS];
    for (unsigned i = 0; i < RUNS; i++) {
        seconds[i] = time_changes(live, cluster, changes, reach);
    }
    return measure_median(seconds);
}

double row_change(const struct cluster *cluster, unsigned changes, double smaller)
{
    struct live live;
    char what[64];
    char texts[2][32];
    live_open(&live, cluster);
    double table = median_of_changes(&live, cluster, changes, REACH_TABLE);
    add_pickers(&live, 1);
    update(&live); /* with all that changed so far */
    double one = median_of_changes(&live, cluster, changes, REACH_PICKERS);
    add_pickers(&live, 1 + FURTHER);
    double all = median_of_changes(&live, cluster, changes, REACH_PICKERS);
    live_close(&live);
    snprintf(what, sizeof(what), "one slice changed, %u Services", cluster->services);
    print_row(what, text_of(texts[0], "%.1f us", one * 1e6), "",
              smaller > 0 ? text_of(texts[1], "%.2f x", one / smaller) : "",
              smaller > 0 ? "< 50 us, <= 1.5 x the size above" : "< 50 us");
    print_row("  of which to the table", text_of(texts[0], "%.1f us", table * 1e6), "", "", "");
    print_row("  each further picker", text_of(texts[0], "%.1f us", (all - one) / FURTHER * 1e6),
              "", "", "< 5 us");
    return one;
}
