/* The figures of docs/benchmarks.md: loading, resolving, memory, one change, picks, matching.
 * Prints a table and asserts no time: `bench [--quick] [--picks] [--matches] [--services N]
 * [--endpoints N]`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <svcroute/svcroute.h>
#include <yaml.h>

#include "bench.h"

struct options {
    struct cluster cluster;
    unsigned changes;  /* measured, at each size */
    unsigned sizes[3]; /* Services in the clusters that are changed */
    bool quick;
    bool picks, matches; /* nothing but these */
};

void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

/* ---- one cluster in memory ------------------------------------------------------------------- */

void world_open(struct world *world, bool counted)
{
    struct svcroute_allocator allocator = measure_allocator(&world->heap);
    must(svcroute_context_new(&world->context, NULL, counted ? &allocator : NULL, NULL) == 0,
         "context");
    must(svcroute_store_new(&world->store, world->context) == 0, "store");
    must(svcroute_policy_new(&world->policy, world->context) == 0, "policy");
}

void world_close(struct world *world)
{
    svcroute_policy_free(world->policy);
    svcroute_store_free(world->store);
    svcroute_context_unref(world->context);
    must(world->heap.blocks == 0, "freeing everything");
}

void world_load(struct world *world, const struct writer *text, unsigned objects)
{
    struct svcroute_load_result result = {.size = sizeof(result)};
    must(svcroute_store_load(world->store, text->data, text->size, NULL, &result, NULL) == 0,
         "load");
    must(result.accepted == objects && result.rejected == 0, "load of every object");
}

struct svcroute_table *world_resolve(struct world *world, struct svcroute_table *previous,
                                     unsigned services)
{
    struct svcroute_table *table;
    must(svcroute_resolve(&table, world->store, world->policy, previous, NULL) == 0, "resolve");
    must(svcroute_table_num_routes(table) == services &&
             svcroute_table_num_services(table) == services,
         "resolving every route");
    return table;
}

/* ---- the table --------------------------------------------------------------------------------
 */

static void print_head(void)
{
    printf("%-44s %12s %12s %10s  %s\n", "", "svcroute", "peer", "ratio", "figure");
}

void print_row(const char *what, const char *own, const char *peer, const char *ratio,
               const char *figure)
{
    printf("%-44s %12s %12s %10s  %s\n", what, own, peer, ratio, figure);
    fflush(stdout);
}

const char *text_of(char out[32], const char *format, double value)
{
    snprintf(out, 32, format, value); // NOLINT(clang-diagnostic-format-nonliteral)
    return out;
}

/* ---- rows 1 and 2: loading --------------------------------------------------------------------
 */

static double time_libyaml(const struct writer *text)
{
    yaml_parser_t parser;
    bool ended = false;
    must(yaml_parser_initialize(&parser), "libyaml");
    double start = measure_now();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->size);
    while (!ended) {
        yaml_event_t event;
        must(yaml_parser_parse(&parser, &event), "libyaml");
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    double seconds = measure_now() - start;
    yaml_parser_delete(&parser);
    return seconds;
}

static double time_load(const struct writer *text, unsigned objects)
{
    struct world world;
    world_open(&world, false);
    double start = measure_now();
    world_load(&world, text, objects);
    double seconds = measure_now() - start;
    world_close(&world);
    return seconds;
}

static void row_load(const struct cluster *cluster, enum form form, const char *what,
                     const char *figure)
{
    struct writer text;
    double libyaml[RUNS];
    double load[RUNS];
    writer_init(&text, form);
    write_cluster(&text, cluster);
    for (int i = 0; i < RUNS; i++) {
        /* libyaml would read lines of JSON as one flow map behind another: one stream, no List. */
        libyaml[i] = time_libyaml(&text);
        load[i] = time_load(&text, 3 * cluster->services);
    }
    double megabytes = (double)text.size / 1e6;
    double own = measure_median(load);
    double peer = measure_median(libyaml);
    char texts[3][32];
    print_row(what, text_of(texts[0], "%.0f MB/s", megabytes / own),
              text_of(texts[1], "%.0f MB/s", megabytes / peer),
              form == FORM_YAML ? text_of(texts[2], "%.2f x", own / peer)
                                : text_of(texts[2], "1/%.2f x", peer / own),
              figure);
    writer_free(&text);
}

/* ---- rows 3 and 4: resolving, memory ----------------------------------------------------------
 */

static void load_cluster(struct world *world, const struct cluster *cluster)
{
    struct writer text;
    writer_init(&text, FORM_JSON);
    write_cluster(&text, cluster);
    world_load(world, &text, 3 * cluster->services);
    writer_free(&text);
}

static void row_resolve(const struct cluster *cluster, bool rules)
{
    struct world world;
    double seconds[RUNS];
    char texts[32];
    world_open(&world, false);
    must(svcroute_policy_set_switch(world.policy, SVCROUTE_POLICY_IGNORE_RULES, !rules) == 0,
         "policy");
    load_cluster(&world, cluster);
    for (int i = 0; i < RUNS; i++) {
        double start = measure_now();
        struct svcroute_table *table = world_resolve(&world, NULL, cluster->services);
        seconds[i] = measure_now() - start;
        svcroute_table_unref(table);
    }
    world_close(&world);
    print_row(rules ? "full resolve" : "  without rules",
              text_of(texts, "%.2f ms", measure_median(seconds) * 1e3), "", "", "< 10 ms");
}

static void rows_heap(const struct cluster *cluster)
{
    struct world world;
    char texts[32];
    world_open(&world, true);
    load_cluster(&world, cluster);
    struct heap store = world.heap;
    struct svcroute_table *table = world_resolve(&world, NULL, cluster->services);
    struct heap both = world.heap;
    svcroute_table_unref(table);
    world_close(&world);
    print_row("heap of the store", text_of(texts, "%.1f MB", (double)store.spent / 1e6), "", "",
              "");
    print_row("heap of the table",
              text_of(texts, "%.1f MB", (double)(both.spent - store.spent) / 1e6), "", "", "");
    print_row("heap of store and table", text_of(texts, "%.1f MB", (double)both.spent / 1e6), "",
              "", "< 40 MB");
    print_row("  of which asked for", text_of(texts, "%.1f MB", (double)both.asked / 1e6), "", "",
              "");
    print_row("  blocks", text_of(texts, "%.0f", (double)both.blocks), "", "", "");
}

/* ---- the program ------------------------------------------------------------------------------
 */

static bool read_options(struct options *options, int argc, char **argv)
{
    *options =
        (struct options){.cluster = {10000, 10}, .changes = 2000, .sizes = {1000, 10000, 100000}};
    for (int i = 1; i < argc; i++) {
        unsigned *number = strcmp(argv[i], "--services") == 0    ? &options->cluster.services
                           : strcmp(argv[i], "--endpoints") == 0 ? &options->cluster.endpoints
                                                                 : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            *options = (struct options){{200, 10},       50, {50, 100, 200}, true, options->picks,
                                        options->matches};
        } else if (strcmp(argv[i], "--picks") == 0) {
            options->picks = true;
        } else if (strcmp(argv[i], "--matches") == 0) {
            options->matches = true;
        } else if (number != NULL && i + 1 < argc) {
            *number = (unsigned)strtoul(argv[++i], NULL, 10);
        } else {
            return false;
        }
    }
    return options->cluster.services != 0 && options->cluster.endpoints != 0;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!read_options(&options, argc, argv)) {
        fputs("usage: bench [--quick] [--picks] [--matches] [--services N] [--endpoints N]\n",
              stderr);
        return 2;
    }
    if (options.picks || options.matches) {
        if (options.picks) {
            rows_pick(options.quick);
        }
        if (options.matches) {
            rows_match(options.quick);
        }
        return 0;
    }
    printf("%u Services, %u endpoints each, as many IngressRoutes; median of %d runs\n\n",
           options.cluster.services, options.cluster.endpoints, RUNS);
    print_head();
    row_load(&options.cluster, FORM_YAML, "YAML to store; libyaml's events", "<= 1.3 x");
    row_load(&options.cluster, FORM_JSON, "JSON to store; libyaml's events", ">= 5.5 x faster");
    row_resolve(&options.cluster, true);
    row_resolve(&options.cluster, false);
    rows_heap(&options.cluster);
    double smaller = 0;
    for (size_t i = 0; i < sizeof(options.sizes) / sizeof(options.sizes[0]); i++) {
        struct cluster cluster = {options.sizes[i], options.cluster.endpoints};
        smaller = row_change(&cluster, options.changes, smaller);
    }
    rows_pick(options.quick);
    rows_match(options.quick);
    return 0;
}
