/* Bombs: texts that try to cost more than their size is worth. Each is read at n and at 4n, and may
 * take memory only in proportion to its own size, however it ends. */
#include "growth.h"

#define KIND_JSON                                                                                  \
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":"
#define KIND_YAML "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
#define BYTES_PER_BYTE 96
#define BYTES_AT_ALL ((uint64_t)24 << 20)

enum outcome { REFUSED = 0, TAKEN = 1, EITHER = 2 };

struct bomb {
    const char *name;
    void (*make)(struct input *input, size_t n);
    size_t n;
    uint32_t format;
    enum outcome outcome;
};

/* ---- texts ---- */

static void add(struct input *input, const char *text)
{
    input_add(input, text, strlen(text));
}

static void around(struct input *input, const char *ahead, const char *text, const char *behind,
                   size_t n)
{
    add(input, ahead);
    input_repeat(input, text, n);
    add(input, behind);
}

/* n levels of ten aliases each. */
static void laughs(struct input *input, size_t n)
{
    add(input, "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for (size_t i = 1; i <= n; i++) {
        input_print(input, "a%zu: &a%zu [", i, i);
        for (int k = 0; k < 10; k++) {
            input_print(input, "*a%zu%s", i - 1, k < 9 ? "," : "]\n");
        }
    }
}

static void laughs_in_maps(struct input *input, size_t n)
{
    add(input, "a0: &a0 {a: ha, b: ha, c: ha, d: ha}\n");
    for (size_t i = 1; i <= n; i++) {
        input_print(input, "a%zu: &a%zu {a: *a%zu, b: *a%zu, c: *a%zu, d: *a%zu}\n", i, i, i - 1,
                    i - 1, i - 1, i - 1);
    }
}

static void laughs_in_merges(struct input *input, size_t n)
{
    add(input, "a0: &a0 {k: [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]}\n");
    for (size_t i = 1; i <= n; i++) {
        input_print(input, "a%zu: &a%zu {k%zu: *a%zu, <<: [*a%zu, *a%zu]}\n", i, i, i, i - 1, i - 1,
                    i - 1);
    }
}

/* One large list, and thousands of aliases of it. */
static void wide_aliases(struct input *input, size_t n)
{
    around(input, "a: &a [", "1,", "1]\n", n);
    around(input, "b: [", "*a,", "*a]\n", 9000);
}

static void tag_directives(struct input *input, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        input_print(input, "%%TAG !e%zu! tag:example.com,2000:\n", i);
    }
    add(input, "---\na: 1\n");
}

static void anchors(struct input *input, size_t n)
{
    add(input, KIND_YAML "x:\n");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "- &a%zu 1\n", i);
    }
}

static void same_anchor(struct input *input, size_t n)
{
    around(input, KIND_YAML "x:\n", "- &a 1\n", "", n);
}

static void aliases(struct input *input, size_t n)
{
    around(input, KIND_YAML "y: &a 1\nx:\n", "- *a\n", "", n);
}

static void unknown_aliases(struct input *input, size_t n)
{
    around(input, "", "--- *a\n", "", n);
}

static void open_lists(struct input *input, size_t n)
{
    around(input, "", "[", "", n);
}

static void open_maps(struct input *input, size_t n)
{
    around(input, "", "{\"a\":", "", n);
}

static void nested_lists(struct input *input, size_t n)
{
    input_repeat(input, "[", n);
    input_repeat(input, "]", n);
}

static void nested_dashes(struct input *input, size_t n)
{
    around(input, "", "- ", "1\n", n);
}

static void nested_questions(struct input *input, size_t n)
{
    around(input, "", "? ", "1\n", n);
}

static void closing(struct input *input, size_t n)
{
    around(input, "", "]", "", n);
}

static void plain_scalar(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: ", "a", "\n", n);
}

static void words_scalar(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: ", "a\n ", "\n", n);
}

static void quoted_scalar(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: \"", "\\x41", "\"\n", n);
}

static void block_scalar(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: |\n", " a\n", "", n);
}

static void blank_lines(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: >\n", "\n", " a\n", n);
}

static void comments(struct input *input, size_t n)
{
    around(input, KIND_YAML, "# %TAGS\n", "", n);
}

static void json_string(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"x\":\"", "a", "\"}}", n);
}

static void json_escapes(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"x\":\"", "\\ud83d\\ude00", "\"}}", n);
}

static void json_name(struct input *input, size_t n)
{
    around(input, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"", "a",
           "\"}}", n);
}

static void json_field(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"", "a", "\":1}}", n);
}

static void json_keys(struct input *input, size_t n)
{
    add(input, KIND_JSON "{");
    for (size_t i = 0; i < n; i++) {
        input_print(input, "\"k%zu\":1,", i);
    }
    add(input, "\"k\":1}}");
}

static void yaml_keys(struct input *input, size_t n)
{
    add(input, KIND_YAML "x:\n");
    for (size_t i = 0; i < n; i++) {
        input_print(input, " k%zu: 1\n", i);
    }
}

static void same_keys(struct input *input, size_t n)
{
    around(input, "{", "\"a\":1,", "\"a\":1}", n);
}

static void digits(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"ports\":[{\"port\":", "1", "}]}}", n);
}

static void fraction(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"ports\":[{\"port\":0.", "0", "1}]}}", n);
}

static void exponent(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"ports\":[{\"port\":1e", "9", "}]}}", n);
}

static void yaml_digits(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: ", "7", "\n", n);
}

static void yaml_fraction(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: 1.", "3", "\n", n);
}

static void yaml_small(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: 0.", "0", "1e9\n", n);
}

static void yaml_underscores(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: 1", "_1", "\n", n);
}

static void yaml_bits(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: 0b", "0", "1\n", n);
}

static void yaml_number_key(struct input *input, size_t n)
{
    around(input, KIND_YAML "? ", "1", "\n: 1\n", n);
}

static void many_numbers(struct input *input, size_t n)
{
    around(input, KIND_YAML "x:\n", "- 123456789.123456789e-300\n", "", n);
}

static void empty_documents(struct input *input, size_t n)
{
    around(input, "", "---\n", "", n);
}

static void small_documents(struct input *input, size_t n)
{
    around(input, "", "--- 1\n", "", n);
}

static void json_documents(struct input *input, size_t n)
{
    around(input, "", "{}\n", "", n);
}

static void broken_documents(struct input *input, size_t n)
{
    around(input, "", "{\"a\n", "", n);
}

static void deep_documents(struct input *input, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        input_repeat(input, "[", 120);
        input_repeat(input, "]", 120);
        add(input, "\n");
    }
}

static void same_document(struct input *input, size_t n)
{
    around(input, "", KIND_JSON "{}}\n", "", n);
}

static void merge_list(struct input *input, size_t n)
{
    around(input, KIND_YAML "y: &a {b: 1, c: 2}\nx:\n  <<: [", "*a,", "*a]\n", n);
}

static void merge_keys(struct input *input, size_t n)
{
    around(input, KIND_YAML "x:\n", " <<: {b: 1}\n", "", n);
}

static void merge_maps(struct input *input, size_t n)
{
    around(input, KIND_YAML "x:\n", "- {<<: {b: 1}, <<: {c: 1}}\n", "", n);
}

/* Ninety levels, each merging what is below. */
static void merge_levels(struct input *input, size_t n)
{
    add(input, KIND_YAML "x: ");
    input_repeat(input, "{<<: {z: ", 40);
    around(input, "[", "&a 1,", "1]", n);
    input_repeat(input, "}}", 40);
    add(input, "\n");
}

static void empty_maps(struct input *input, size_t n)
{
    around(input, "[", "{},", "{}]", n);
}

static void empty_items(struct input *input, size_t n)
{
    around(input, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[", "{},", "{}]}", n);
}

static void yaml_empty_maps(struct input *input, size_t n)
{
    around(input, "", "- {}\n", "", n);
}

static void wrong_fields(struct input *input, size_t n)
{
    around(input, KIND_JSON "{\"ports\":[", "{\"port\":\"x\"},", "{}]}}", n);
}

static void unknown_tags(struct input *input, size_t n)
{
    around(input, KIND_YAML "x:\n", "- !foo 1\n", "", n);
}

static void long_tags(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: !", "a", " 1\n", n);
}

static void binary(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: !!binary ", "YWFh", "\n", n);
}

static void carriage_returns(struct input *input, size_t n)
{
    around(input, KIND_YAML, "\r", "", n);
}

static void flow_pairs(struct input *input, size_t n)
{
    around(input, KIND_YAML "x: [", "a: 1,", "]\n", n);
}

static void bad_byte_last(struct input *input, size_t n)
{
    around(input, "", "--- a\n", "\xff", n);
}

/* ---- running ---- */

#define YAML SVCROUTE_FORMAT_YAML
#define JSON SVCROUTE_FORMAT_JSON
static const struct bomb bombs[] = {
    {"a billion laughs", laughs, 10, YAML, REFUSED},
    {"laughs in maps", laughs_in_maps, 20, YAML, REFUSED},
    {"laughs in merge keys", laughs_in_merges, 40, YAML, EITHER},
    {"aliases of a wide list", wide_aliases, 5000, YAML, REFUSED},
    {"%TAG directives", tag_directives, 20000, YAML, REFUSED},
    {"anchors", anchors, 25000, YAML, TAKEN},
    {"one anchor again and again", same_anchor, 25000, YAML, TAKEN},
    {"aliases", aliases, 20000, YAML, EITHER},
    {"aliases of nothing", unknown_aliases, 20000, YAML, REFUSED},
    {"open lists, JSON", open_lists, 250000, JSON, REFUSED},
    {"open lists, YAML", open_lists, 250000, YAML, REFUSED},
    {"open maps, JSON", open_maps, 250000, JSON, REFUSED},
    {"open maps, YAML", open_maps, 250000, YAML, REFUSED},
    {"nested lists, JSON", nested_lists, 250000, JSON, REFUSED},
    {"nested lists, YAML", nested_lists, 250000, YAML, REFUSED},
    {"nested dashes", nested_dashes, 250000, YAML, REFUSED},
    {"nested question marks", nested_questions, 250000, YAML, REFUSED},
    {"closing brackets, JSON", closing, 250000, JSON, REFUSED},
    {"closing brackets, YAML", closing, 250000, YAML, REFUSED},
    {"long plain scalar", plain_scalar, 500000, YAML, TAKEN},
    {"plain scalar of many lines", words_scalar, 250000, YAML, TAKEN},
    {"long quoted scalar", quoted_scalar, 250000, YAML, TAKEN},
    {"long block scalar", block_scalar, 250000, YAML, TAKEN},
    {"blank lines in a folded scalar", blank_lines, 250000, YAML, TAKEN},
    {"comments", comments, 100000, YAML, TAKEN},
    {"long string", json_string, 1000000, JSON, TAKEN},
    {"escapes", json_escapes, 250000, JSON, TAKEN},
    {"long name", json_name, 1000000, JSON, TAKEN},
    {"long name of a field", json_field, 1000000, JSON, TAKEN},
    {"keys of one map, JSON", json_keys, 50000, JSON, TAKEN},
    {"keys of one map, YAML", yaml_keys, 25000, YAML, TAKEN},
    {"one key again and again", same_keys, 250000, JSON, REFUSED},
    {"digits", digits, 250000, JSON, REFUSED},
    {"digits of a fraction", fraction, 250000, JSON, REFUSED},
    {"digits of an exponent", exponent, 250000, JSON, REFUSED},
    {"digits, YAML", yaml_digits, 250000, YAML, TAKEN},
    {"digits of a fraction, YAML", yaml_fraction, 250000, YAML, TAKEN},
    {"zeros of a fraction, YAML", yaml_small, 250000, YAML, TAKEN},
    {"underscores", yaml_underscores, 250000, YAML, TAKEN},
    {"bits", yaml_bits, 250000, YAML, TAKEN},
    {"digits of a key", yaml_number_key, 250000, YAML, EITHER},
    {"many numbers", many_numbers, 20000, YAML, TAKEN},
    {"empty documents", empty_documents, 50000, YAML, EITHER},
    {"small documents", small_documents, 25000, YAML, REFUSED},
    {"documents without kind", json_documents, 50000, JSON, REFUSED},
    {"broken documents", broken_documents, 50000, JSON, REFUSED},
    {"deep documents", deep_documents, 2000, JSON, REFUSED},
    {"one object again and again", same_document, 20000, JSON, TAKEN},
    {"merge key with a long list", merge_list, 2000, YAML, TAKEN},
    {"many merge keys in a map", merge_keys, 10000, YAML, TAKEN},
    {"many maps with merge keys", merge_maps, 10000, YAML, TAKEN},
    {"merge keys on many levels", merge_levels, 10000, YAML, TAKEN},
    {"list of empty maps", empty_maps, 250000, JSON, REFUSED},
    {"List of empty maps", empty_items, 100000, JSON, REFUSED},
    {"list of empty maps, YAML", yaml_empty_maps, 50000, YAML, REFUSED},
    {"wrong fields", wrong_fields, 100000, JSON, REFUSED},
    {"unknown tags", unknown_tags, 25000, YAML, TAKEN},
    {"long tag", long_tags, 250000, YAML, TAKEN},
    {"long !!binary", binary, 250000, YAML, TAKEN},
    {"carriage returns", carriage_returns, 250000, YAML, TAKEN},
    {"flow pairs", flow_pairs, 25000, YAML, TAKEN},
    {"a bad byte at the end", bad_byte_last, 25000, YAML, REFUSED},
};

struct state {
    const struct bomb *bomb;
    struct input input;
    struct svcroute_store *store;
    struct svcroute_diags *diags;
    struct svcroute_load_result result;
    int error;
};

static void *begin(struct svcroute_context *context, size_t n, const void *user)
{
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL || svcroute_store_new(&state->store, context) ||
        svcroute_diags_new(&state->diags, context)) {
        give_up("no store");
    }
    state->bomb = user;
    state->bomb->make(&state->input, n);
    return state;
}

static void act(void *user)
{
    struct state *state = user;
    struct svcroute_load_options options = {.size = sizeof(options), .format = state->bomb->format};
    state->result = (struct svcroute_load_result){.size = sizeof(state->result)};
    state->error = svcroute_store_load(state->store, state->input.data, state->input.size, &options,
                                       &state->result, state->diags);
}

static void end(void *user)
{
    struct state *state = user;
    const struct bomb *bomb = state->bomb;
    check(state->error == SVCROUTE_OK, bomb->name, "the load failed: %s",
          svcroute_error_name(state->error));
    check(bomb->outcome == EITHER || (state->result.rejected > 0) == (bomb->outcome == REFUSED),
          bomb->name, "%llu rejected, %llu accepted", (unsigned long long)state->result.rejected,
          (unsigned long long)state->result.accepted);
    check(bomb->outcome != REFUSED || svcroute_diags_num(state->diags) > 0, bomb->name,
          "no diagnostic");
    svcroute_diags_free(state->diags);
    svcroute_store_free(state->store);
    input_free(&state->input);
    free(state);
}

/* What one load may hold at a time, its result and all diagnostics included. */
static void check_memory(const struct bomb *bomb, size_t n)
{
    struct counting counting;
    struct svcroute_context *context = counting_context(&counting, NULL);
    struct state *state = begin(context, n, bomb);
    uint64_t allowed = BYTES_PER_BYTE * state->input.size + BYTES_AT_ALL;
    counting_restart(&counting);
    act(state);
    check(counting.peak <= allowed, bomb->name, "%llu bytes held for a text of %zu",
          (unsigned long long)counting.peak, state->input.size);
    end(state);
    svcroute_context_unref(context);
}

void run_bombs(void)
{
    static const struct work work = {begin, act, end};
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        const struct bomb *bomb = &bombs[i];
        size_t n = sized(bomb->n);
        check_memory(bomb, n);
        if (bomb->n > 100) {
            check_growth(bomb->name, &work, n, bomb);
        }
    }
}
