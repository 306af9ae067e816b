/* Scenarios: contexts, diagnostics, readers, the builder. */
#include "oom.h"

static void nothing(struct world *world)
{
    (void)world;
}

static void note(struct world *world, uint64_t number)
{
    world->noted = world->noted * 31 + number;
}

/* ---- contexts and lists ---- */

static int make_context(struct world *world)
{
    int error = svcroute_context_new(&world->other, NULL, &memory_allocator, NULL);
    if ((error == SVCROUTE_OK) != (world->other != NULL)) {
        give_up("a context with an error, or none without");
    }
    return error;
}

static int make_diags(struct world *world)
{
    return svcroute_diags_new(&world->diags, world->context);
}

/* ---- readers ---- */

static int make_reader(struct world *world, struct svcroute_text bytes, uint32_t format)
{
    return svcroute_reader_new(&world->reader, world->context, bytes.data, bytes.size,
                               TEXT("input"), format);
}

static int make_yaml_reader(struct world *world)
{
    return make_reader(world, cluster_faults, SVCROUTE_FORMAT_YAML);
}

static int make_json_reader(struct world *world)
{
    return make_reader(world, cluster_json, SVCROUTE_FORMAT_AUTO);
}

static void begin_json(struct world *world)
{
    must(make_json_reader(world), "reader");
}

static void begin_yaml(struct world *world)
{
    must(make_yaml_reader(world), "reader");
}

static int read_one(struct world *world)
{
    return svcroute_reader_next(world->reader, &world->document, NULL);
}

/* A YAML stream is lost with the document that failed. */
static void begin_again(struct world *world)
{
    svcroute_reader_free(world->reader);
    begin_yaml(world);
}

/* The whole stream with all its faults. */
static int read_all(struct world *world, struct svcroute_text bytes, uint32_t format)
{
    struct svcroute_reader *reader;
    struct svcroute_document *document;
    uint64_t seen = 0;
    int error =
        svcroute_reader_new(&reader, world->context, bytes.data, bytes.size, TEXT("input"), format);
    if (error != SVCROUTE_OK) {
        return error;
    }
    do {
        error = svcroute_reader_next(reader, &document, world->diags);
        seen = seen * 31 + (uint64_t)(-error) +
               svcroute_node_num(svcroute_document_get_root(document));
        svcroute_document_free(document);
    } while (error != SVCROUTE_ERR_END && error != SVCROUTE_ERR_NOMEM);
    svcroute_reader_free(reader);
    if (error == SVCROUTE_ERR_END) {
        note(world, seen);
    }
    return error == SVCROUTE_ERR_END ? SVCROUTE_OK : error;
}

static void begin_diags(struct world *world)
{
    must(make_diags(world), "diags");
}

static int read_all_yaml(struct world *world)
{
    return read_all(world, cluster_yaml, SVCROUTE_FORMAT_YAML);
}

static int read_all_faults(struct world *world)
{
    return read_all(world, cluster_faults, SVCROUTE_FORMAT_YAML);
}

static int read_all_json(struct world *world)
{
    return read_all(world, cluster_json, SVCROUTE_FORMAT_JSON);
}

/* ---- builder ---- */

static int make_document(struct world *world)
{
    return svcroute_document_new(&world->document, world->context, TEXT("built"));
}

static void begin_document(struct world *world)
{
    must(make_document(world), "document");
}

static int build(struct world *world)
{
    struct svcroute_document *document = world->document;
    static const char key[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    svcroute_document_reset(document);
    (void)svcroute_document_begin_map(document);
    for (size_t i = 1; i < sizeof(key) - 1; i++) {
        (void)svcroute_document_set_position(document, (uint32_t)i, 1);
        (void)svcroute_document_key(document, key, i);
        (void)svcroute_document_begin_list(document);
        (void)svcroute_document_string(document, key, 26);
        (void)svcroute_document_number(document, "1.50e3", 6);
        (void)svcroute_document_double(document, 0.1);
        (void)svcroute_document_integer(document, -7);
        (void)svcroute_document_boolean(document, true);
        (void)svcroute_document_null(document);
        (void)svcroute_document_end(document);
    }
    int error = svcroute_document_end(document);
    if (error != svcroute_document_get_error(document)) {
        give_up("the error does not stick");
    }
    if (error != SVCROUTE_OK) {
        svcroute_document_reset(document);
    }
    return error;
}

const struct scenario document_scenarios[] = {
    {"context_new", nothing, make_context, NULL, SCENARIO_CRYPTO | SCENARIO_LEAKS},
    {"diags_new", nothing, make_diags, NULL, 0},
    {"reader_new, YAML", nothing, make_yaml_reader, NULL, 0},
    {"reader_new, JSON", nothing, make_json_reader, NULL, 0},
    {"reader_next, YAML", begin_yaml, read_one, begin_again, 0},
    {"reader_next, JSON", begin_json, read_one, NULL, 0},
    {"reader, YAML to its end", begin_diags, read_all_yaml, NULL, 0},
    {"reader, faults to their end", begin_diags, read_all_faults, NULL, 0},
    {"reader, JSON to its end", begin_diags, read_all_json, NULL, 0},
    {"document_new", nothing, make_document, NULL, 0},
    {"builder", begin_document, build, NULL, 0},
};
const size_t num_document_scenarios = sizeof(document_scenarios) / sizeof(document_scenarios[0]);
