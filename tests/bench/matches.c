/* Matching: what it costs to find a request's route among 10, 1,000 and 100,000, beside trying one
 * rule after the other; and what a regular expression adds to a rule, beside PCRE2 alone. Requests
 * go to a thousand of the routes, as nearly all that come in a minute do; or to all in random
 * order, so that each waits for the machine's memory. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_WITH_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

#define HOST_MAX 40

enum form_of_rules { HOSTS, PATHS, EXPRESSION, ONE_PATH };

struct field { /* of routes */
    struct world world;
    struct svcroute_table *table;
    struct svcroute_balancer *balancer;
    struct svcroute_picker *picker;
    unsigned num, num_requests;
    enum form_of_rules form;
    char (*hosts)[HOST_MAX]; /* of request i */
    char (*paths)[HOST_MAX];
    struct svcroute_match_request *requests;
};

static const char expression[] = "^/api/v[0-9]+/users/[0-9]+$";
static const char expression_path[] = "/api/v2/users/123456";

/* ---- documents ---- */

static void write_service(struct writer *writer)
{
    put_raw(writer, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"},"
                    "\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"port\":80}]}}\n");
}

static void write_route(struct writer *writer, enum form_of_rules form, unsigned i)
{
    char rule[128];
    switch (form) {
    case HOSTS:
        snprintf(rule, sizeof(rule), "Host(`h%06u.example.com`) && PathPrefix(`/api`)", i);
        break;
    case PATHS:
        snprintf(rule, sizeof(rule), "Host(`www.example.com`) && PathPrefix(`/p%04u/`)", i);
        break;
    case EXPRESSION:
        snprintf(rule, sizeof(rule), "PathRegexp(`%s`)", expression);
        break;
    case ONE_PATH:
        snprintf(rule, sizeof(rule), "Path(`%s`)", expression_path);
        break;
    }
    char document[512];
    snprintf(
        document, sizeof(document),
        "{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":{\"name\":"
        "\"r%u\"},\"spec\":{\"routes\":[{\"match\":\"%s\",\"services\":[{\"name\":\"s\",\"port\":"
        "80,"
        "\"nativeLB\":true}]}]}}\n",
        i, rule);
    put_raw(writer, document);
}

static void requests_make(struct field *field)
{
    uint64_t state = 1;
    unsigned *order = calloc(field->num, sizeof(*order));
    field->hosts = calloc(field->num_requests, sizeof(*field->hosts));
    field->paths = calloc(field->num_requests, sizeof(*field->paths));
    field->requests = calloc(field->num_requests, sizeof(*field->requests));
    must(order != NULL && field->hosts != NULL && field->paths != NULL && field->requests != NULL,
         "memory");
    for (unsigned i = 0; i < field->num; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        unsigned at = (unsigned)((state >> 33) % (i + 1));
        order[i] = order[at];
        order[at] = i;
    }
    for (unsigned i = 0; i < field->num_requests; i++) {
        if (field->form == HOSTS) {
            snprintf(field->hosts[i], HOST_MAX, "h%06u.example.com", order[i]);
            snprintf(field->paths[i], HOST_MAX, "/api/v1/items/%u", i);
        } else {
            snprintf(field->hosts[i], HOST_MAX, "www.example.com");
            snprintf(field->paths[i], HOST_MAX, "/p%04u/items", order[i]);
        }
        if (field->form == EXPRESSION || field->form == ONE_PATH) {
            snprintf(field->paths[i], HOST_MAX, "%s", expression_path);
        }
        field->requests[i] = (struct svcroute_match_request){
            .size = sizeof(field->requests[i]),
            .method = {"GET", 3},
            .host = {field->hosts[i], strlen(field->hosts[i])},
            .path = {field->paths[i], strlen(field->paths[i])},
        };
    }
    free(order);
}

static void field_open(struct field *field, enum form_of_rules form, unsigned num,
                       unsigned num_requests)
{
    struct writer writer;
    struct svcroute_load_result result = {.size = sizeof(result)};
    *field = (struct field){.num = num, .num_requests = num_requests, .form = form};
    writer_init(&writer, FORM_LINES);
    write_service(&writer);
    for (unsigned i = 0; i < num; i++) {
        write_route(&writer, form, i);
    }
    world_open(&field->world, false);
    must(svcroute_store_load(field->world.store, writer.data, writer.size, NULL, &result, NULL) ==
                 0 &&
             result.rejected == 0,
         "load");
    writer_free(&writer);
    must(svcroute_resolve(&field->table, field->world.store, field->world.policy, NULL, NULL) ==
                 0 &&
             svcroute_table_num_routes(field->table) == num,
         "resolve");
    must(svcroute_balancer_new(&field->balancer, field->table, NULL, 0) == 0 &&
             svcroute_picker_new(&field->picker, field->balancer, 0) == 0,
         "balancer");
    requests_make(field);
}

static void field_close(struct field *field)
{
    svcroute_picker_free(field->picker);
    svcroute_balancer_free(field->balancer);
    svcroute_table_unref(field->table);
    world_close(&field->world);
    free(field->hosts);
    free(field->paths);
    free(field->requests);
}

/* ---- time ---- */

/* Seconds of one match, by the table or by the picker. */
static double time_match(const struct field *field, bool by_picker, double budget)
{
    double seconds[RUNS];
    for (int run = 0; run < RUNS; run++) {
        unsigned long matches = 0;
        unsigned at = 0;
        double begin = measure_now();
        double end = begin;
        while (end - begin < budget) {
            for (unsigned i = 0; i < 1000; i++) {
                const struct svcroute_route *route;
                uint64_t handle;
                int error =
                    by_picker ? svcroute_picker_match(field->picker, &field->requests[at], &handle)
                              : svcroute_table_match(field->table, &field->requests[at], &route);
                must(error == 0, "match");
                at = at + 1 < field->num_requests ? at + 1 : 0;
            }
            matches += 1000;
            end = measure_now();
        }
        seconds[run] = (end - begin) / (double)matches;
    }
    return measure_median(seconds);
}

/* The same by trying one rule after the other. */
static double time_naive(const struct field *field, double budget)
{
    struct svcroute_listing *listing;
    must(svcroute_listing_new(&listing, field->table, SVCROUTE_LISTING_ROUTES) == 0, "listing");
    unsigned long matches = 0;
    double begin = measure_now();
    double end = begin;
    for (unsigned at = 0; end - begin < budget; at = at + 1 < field->num_requests ? at + 1 : 0) {
        struct svcroute_match_info info = {.size = sizeof(info)};
        for (size_t i = 0; info.matched == 0; i++) {
            must(svcroute_route_match(field->table, svcroute_listing_get_route(listing, i),
                                      &field->requests[at], &info) == 0,
                 "match");
        }
        matches++;
        end = measure_now();
    }
    svcroute_listing_free(listing);
    return (end - begin) / (double)matches;
}

/* ---- rows ---- */

struct row {
    enum form_of_rules form;
    const char *what;
    unsigned num, num_requests;
};

static void row_matches(const struct row *row, double budget, double *fewest)
{
    struct field field;
    char texts[4][32];
    char line[64];
    char figure[64] = "< 300 ns";
    field_open(&field, row->form, row->num, row->num_requests);
    double table = time_match(&field, false, budget);
    double picker = time_match(&field, true, budget);
    double naive = time_naive(&field, budget);
    if (*fewest == 0) {
        *fewest = table;
    } else {
        snprintf(figure, sizeof(figure), "< 300 ns, < 2 x 10 routes (%.2f x)", table / *fewest);
    }
    snprintf(line, sizeof(line), "%s, %u", row->what, row->num);
    print_row(line, text_of(texts[0], "%.0f ns", table * 1e9),
              text_of(texts[1], "%.0f ns", picker * 1e9), text_of(texts[2], "%.0f ns", naive * 1e9),
              figure);
    field_close(&field);
}

#ifdef BENCH_WITH_PCRE2
static double time_pcre2(double budget)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, PCRE2_UTF,
                                     &error, &offset, NULL);
    must(code != NULL, "PCRE2");
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    unsigned long matches = 0;
    double begin = measure_now();
    double end = begin;
    while (end - begin < budget) {
        for (unsigned i = 0; i < 1000; i++) {
            must(pcre2_match(code, (PCRE2_SPTR)expression_path, sizeof(expression_path) - 1, 0, 0,
                             data, NULL) >= 0,
                 "PCRE2");
        }
        matches += 1000;
        end = measure_now();
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return (end - begin) / (double)matches;
}

static double time_one(enum form_of_rules form, double budget)
{
    struct field field;
    field_open(&field, form, 1, 1);
    double seconds = time_match(&field, false, budget);
    field_close(&field);
    return seconds;
}

static void row_expression(double budget)
{
    char texts[4][32];
    char line[64];
    double path = time_one(ONE_PATH, budget);
    double added = time_one(EXPRESSION, budget) - path;
    double pcre2 = time_pcre2(budget);
    snprintf(line, sizeof(line), "PathRegexp adds to %.0f ns; PCRE2 alone", path * 1e9);
    print_row(line, text_of(texts[1], "%.0f ns", added * 1e9),
              text_of(texts[2], "%.0f ns", pcre2 * 1e9), text_of(texts[3], "%.2f x", added / pcre2),
              "<= 1.5 x");
}
#endif

void rows_match(bool quick)
{
    static const struct row rows[] = {
        {HOSTS, "Host && PathPrefix, hosts", 10, 10},
        {HOSTS, "Host && PathPrefix, hosts", 1000, 1000},
        {PATHS, "Host && PathPrefix, paths", 1000, 1000},
        {HOSTS, "Host && PathPrefix, hosts", 100000, 1000},
        {HOSTS, "requests to all of the hosts", 100000, 100000},
    };
    double budget = quick ? 0.0005 : 0.1;
    double fewest = 0;
    printf("\n");
    print_row("match", "by table", "by picker", "naive loop", "figure");
    for (unsigned i = 0; i < (quick ? 3 : sizeof(rows) / sizeof(rows[0])); i++) {
        row_matches(&rows[i], budget, &fewest);
    }
#ifdef BENCH_WITH_PCRE2
    row_expression(budget);
#endif
}
