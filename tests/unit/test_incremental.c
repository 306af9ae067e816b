/* Resolving step by step against resolving anew: random events over a small world whose names meet,
 * each followed by both, which must agree in every byte. A third store that got the same objects in
 * another order, under another hash seed, must agree as well. */
#include "random_cluster.h"
#include <svcroute/match.h>

#include "resolve/block.h"

enum { TABLES = 6 }; /* older tables that are kept */

/* ---- events ---- */

struct play {
    struct world world;
    struct dice dice;
    struct model model;
    const char *words; /* of the policy */
    struct svcroute_policy *policy;
    struct svcroute_table *tables[TABLES];
};

static uint32_t random_kind(struct dice *dice)
{
    static const uint32_t kinds[] = {1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6};
    return PICK(dice, kinds);
}

/* Feeds one line to a new watch of a store, cut somewhere. */
static void feed(struct world *world, const char *line, size_t size, size_t cut)
{
    struct svcroute_load_options options = {.size = sizeof(options), .source = SVCR_TEXT("watch")};
    struct svcroute_watch *watch = NULL;
    must_int_eq(svcroute_watch_new(&watch, world->store, &options), 0);
    world->result = (struct svcroute_load_result){.size = sizeof(world->result)};
    struct svcroute_load_result second = {.size = sizeof(second)};
    must_int_eq(svcroute_watch_feed(watch, line, cut, &world->result, world->diags), 0);
    must_int_eq(svcroute_watch_feed(watch, line + cut, size - cut, &second, world->diags), 0);
    world->result.accepted += second.accepted;
    world->result.unchanged += second.unchanged;
    world->result.rejected += second.rejected;
    svcroute_watch_free(watch);
}

static void event_apply(struct play *play)
{
    struct picture json = {0}, text = {0};
    struct model_item *item =
        random_object(&play->dice, &play->model, &json, random_kind(&play->dice));
    bool bad = dice_once_in(&play->dice, 12);
    for (uint32_t lines = dice_roll(&play->dice, 3); lines != 0; lines--) {
        picture_add(&text, "\n");
    }
    picture_add_bytes(&text, json.data, json.size - 1);
    picture_add(&text, bad ? ",\"metadata\":7}" : "}");
    must_int_eq(load(&play->world, text.data), 0);
    must_uint_eq(play->world.result.rejected, bad ? 1 : 0);
    if (!bad) {
        model_put(item, &text, false);
    }
    picture_free(&text);
    picture_free(&json);
}

static void event_watch(struct play *play)
{
    struct picture json = {0}, line = {0};
    struct model_item *item =
        random_object(&play->dice, &play->model, &json, random_kind(&play->dice));
    bool removes = dice_once_in(&play->dice, 4);
    picture_add(&line, "{\"type\":\"%s\",\"object\":", removes ? "DELETED" : "MODIFIED");
    picture_add_bytes(&line, json.data, json.size);
    picture_add(&line, "}\n");
    feed(&play->world, line.data, line.size, dice_roll(&play->dice, (uint32_t)line.size));
    must_uint_eq(play->world.result.rejected, 0);
    if (removes) {
        free(item->text);
        item->text = NULL;
    } else if (play->world.result.unchanged == 0) {
        model_put(item, &line, true);
    }
    picture_free(&line);
    picture_free(&json);
}

static void event_remove(struct play *play)
{
    if (play->model.num == 0) {
        return;
    }
    struct model_item *item = &play->model.items[dice_roll(&play->dice, (uint32_t)play->model.num)];
    if (item->generated) {
        return;
    }
    int error = svcroute_store_remove(play->world.store, item->kind, text_of(item->namespace_),
                                      text_of(item->name));
    must_int_eq(error, item->text != NULL ? 0 : SVCROUTE_ERR_NOT_FOUND);
    free(item->text);
    item->text = NULL;
}

static void event_relist(struct play *play)
{
    struct svcroute_relist *relist = NULL;
    uint32_t kind = random_kind(&play->dice);
    const char *scope = dice_once_in(&play->dice, 2) ? "" : PICK(&play->dice, namespaces);
    bool all = kind == SVCROUTE_KIND_NODE || scope[0] == '\0';
    struct svcroute_load_options options = {.size = sizeof(options),
                                            .source = SVCR_TEXT("test.yaml")};
    must_int_eq(svcroute_relist_begin(&relist, play->world.store, kind, text_of(scope)), 0);
    struct model_item *kept[4] = {0};
    struct picture texts[4] = {{0}};
    for (uint32_t i = 0; i < dice_roll(&play->dice, 5); i++) {
        kept[i] = random_object(&play->dice, &play->model, &texts[i], kind);
        if (!all && strcmp(kept[i]->namespace_, scope) != 0) {
            kept[i] = NULL;
            continue;
        }
        must_int_eq(
            svcroute_relist_load(relist, texts[i].data, texts[i].size, &options, NULL, NULL), 0);
    }
    must_int_eq(svcroute_relist_commit(relist, NULL), 0);
    for (size_t i = 0; i < play->model.num; i++) {
        struct model_item *item = &play->model.items[i];
        if (item->kind == kind && (all || strcmp(item->namespace_, scope) == 0)) {
            free(item->text);
            item->text = NULL;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        if (kept[i] != NULL) {
            model_put(kept[i], &texts[i], false);
        }
        picture_free(&texts[i]);
    }
}

static void event(struct play *play)
{
    uint32_t roll = dice_roll(&play->dice, 20);
    if (roll < 11) {
        event_apply(play);
    } else if (roll < 15) {
        event_watch(play);
    } else if (roll < 19) {
        event_remove(play);
    } else {
        event_relist(play);
    }
}

/* ---- comparing ---- */

static void check_same(struct play *play, struct svcroute_table *a, struct svcroute_table *b,
                       const char *what)
{
    struct picture of_a = export_picture(a, SVCROUTE_EXPORT_JSON);
    struct picture of_b = export_picture(b, SVCROUTE_EXPORT_JSON);
    check_picture(&of_a, &of_b, what);
    picture_free(&of_a);
    picture_free(&of_b);
    must_uint_eq(svcroute_table_num_routes(a), svcroute_table_num_routes(b));
    must_uint_eq(svcroute_table_num_services(a), svcroute_table_num_services(b));
    of_a = table_diags_picture(a, play->world.context);
    of_b = table_diags_picture(b, play->world.context);
    check_picture(&of_a, &of_b, what);
    picture_free(&of_a);
    picture_free(&of_b);
}

/* Getters and explanations of everything that a table has. */
/* Which routes requests take, with all runners-up and one level of routes below. */
static void matches_picture(struct picture *out, const struct svcroute_table *table)
{
    static const char *const hosts[] = {"a", "b", "a.b"};
    static const char *const paths[] = {"/", "/x/y"};
    static const char *const entry_points[] = {"", "web", "other"};
    for (unsigned i = 0; i < 18; i++) {
        struct svcroute_match_request request = {.size = sizeof(request),
                                                 .host = text_of(hosts[i % 3]),
                                                 .path = text_of(paths[i / 3 % 2]),
                                                 .entry_point = text_of(entry_points[i / 6])};
        const struct svcroute_route *route = NULL, *child = NULL;
        int error = svcroute_table_match(table, &request, &route);
        while (error == 0) {
            picture_text(out, "takes", route_info(table, route).name);
            if (svcroute_table_match_child(table, route, &request, &child) == 0) {
                picture_text(out, "then", route_info(table, child).name);
            }
            error = svcroute_table_match_next(table, route, &request, &route);
        }
        must_int_eq(error, SVCROUTE_ERR_NOT_FOUND);
        picture_add(out, "\n");
    }
}

static struct picture all_picture(struct svcroute_table *table, const struct model *model)
{
    struct picture out = {0};
    matches_picture(&out, table);
    for (uint32_t of = SVCROUTE_LISTING_ROUTES; of <= SVCROUTE_LISTING_SERVICES; of++) {
        struct svcroute_listing *listing = NULL;
        must_int_eq(svcroute_listing_new(&listing, table, of), 0);
        for (size_t i = 0; i < svcroute_listing_num(listing); i++) {
            const struct svcroute_route *route = svcroute_listing_get_route(listing, i);
            const struct svcroute_service *service = svcroute_listing_get_service(listing, i);
            struct picture line;
            if (route != NULL) {
                route_picture(&out, table, route);
                line = explain_picture(table, route_info(table, route).name);
            } else {
                service_picture(&out, table, service);
                line = explain_picture(table, service_info(service).name);
            }
            picture_add(&out, "\n");
            picture_add_bytes(&out, line.data, line.size);
            picture_free(&line);
        }
        svcroute_listing_free(listing);
    }
    for (size_t i = 0; i < model->num; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s/%s", model->items[i].namespace_, model->items[i].name);
        struct picture line = explain_picture(table, text_of(name));
        picture_add_bytes(&out, line.data, line.size);
        picture_free(&line);
    }
    return out;
}

static void check_all(struct svcroute_table *a, struct svcroute_table *b, const struct model *model)
{
    struct picture of_a = all_picture(a, model);
    struct picture of_b = all_picture(b, model);
    check_picture(&of_a, &of_b, "getters and explanations");
    picture_free(&of_a);
    picture_free(&of_b);
}

/* ---- changes ---- */

static void item_picture(struct picture *out, struct svcroute_table *table, const void *handle,
                         uint32_t of)
{
    if (of == SVCROUTE_LISTING_ROUTES) {
        route_picture(out, table, handle);
    } else {
        service_picture(out, table, handle);
    }
}

static const void *listed(const struct svcroute_listing *listing, size_t index, uint32_t of)
{
    return of == SVCROUTE_LISTING_ROUTES
               ? (const void *)svcroute_listing_get_route(listing, index)
               : (const void *)svcroute_listing_get_service(listing, index);
}

static const void *found(const struct svcroute_table *table, svcr_text name, uint32_t of)
{
    return of == SVCROUTE_LISTING_ROUTES ? (const void *)svcroute_table_find_route(table, name)
                                         : (const void *)svcroute_table_find_service(table, name);
}

static svcr_text name_of(struct svcroute_table *table, const void *handle, uint32_t of)
{
    return of == SVCROUTE_LISTING_ROUTES ? route_info(table, handle).name
                                         : service_info(handle).name;
}

/* Whether the reference would refuse a service counts too. */
static bool refused_same(const void *a, const void *b, uint32_t of)
{
    return of == SVCROUTE_LISTING_ROUTES ||
           svcr_entry_service(a)->wrong == svcr_entry_service(b)->wrong;
}

/* Takes the next difference, which must be this one if it is any. */
static void expect_change(struct svcroute_changes *changes, struct svcroute_table *older,
                          struct svcroute_table *newer, svcr_text name, uint32_t of, size_t *told)
{
    const void *before = found(older, name, of);
    const void *after = found(newer, name, of);
    struct picture of_before = {0}, of_after = {0};
    if (before != NULL && after != NULL) {
        item_picture(&of_before, older, before, of);
        item_picture(&of_after, newer, after, of);
        bool same = picture_same(&of_before, &of_after) && refused_same(before, after, of);
        picture_free(&of_before);
        picture_free(&of_after);
        if (same) {
            return;
        }
    }
    struct svcroute_change_info info = {.size = sizeof(info)};
    int error = svcroute_changes_next(changes, &info);
    ck_assert_msg(error == 0 && info.of == of && svcr_text_same(info.name, name),
                  "the change of %.*s is not told, but %.*s", SVCR_ARG(name), SVCR_ARG(info.name));
    must_uint_eq(info.change, before == NULL  ? SVCROUTE_CHANGE_ADDED
                              : after == NULL ? SVCROUTE_CHANGE_REMOVED
                                              : SVCROUTE_CHANGE_ALTERED);
    bool routes = of == SVCROUTE_LISTING_ROUTES;
    must_ptr_eq(info.old_route, routes ? before : NULL);
    must_ptr_eq(info.new_route, routes ? after : NULL);
    must_ptr_eq(info.old_service, routes ? NULL : before);
    must_ptr_eq(info.new_service, routes ? NULL : after);
    (*told)++;
}

static void check_changes_of(struct svcroute_changes *changes, struct svcroute_table *older,
                             struct svcroute_table *newer, uint32_t of, size_t *told)
{
    struct svcroute_listing *a = NULL, *b = NULL;
    size_t i = 0, j = 0;
    must_int_eq(svcroute_listing_new(&a, older, of), 0);
    must_int_eq(svcroute_listing_new(&b, newer, of), 0);
    while (i < svcroute_listing_num(a) || j < svcroute_listing_num(b)) {
        const void *left = listed(a, i, of);
        const void *right = listed(b, j, of);
        svcr_text name;
        if (left == NULL) {
            name = name_of(newer, right, of);
        } else if (right == NULL) {
            name = name_of(older, left, of);
        } else {
            svcr_text x = name_of(older, left, of);
            svcr_text y = name_of(newer, right, of);
            name = svcr_text_compare(x, y) <= 0 ? x : y;
        }
        i += left != NULL && svcr_text_same(name_of(older, left, of), name) ? 1 : 0;
        j += right != NULL && svcr_text_same(name_of(newer, right, of), name) ? 1 : 0;
        expect_change(changes, older, newer, name, of, told);
    }
    svcroute_listing_free(a);
    svcroute_listing_free(b);
}

static void check_changes_told(struct svcroute_table *older, struct svcroute_table *newer)
{
    struct svcroute_changes *changes = NULL;
    struct svcroute_change_info info = {.size = sizeof(info)};
    size_t told = 0;
    must_int_eq(svcroute_changes_new(&changes, older, newer), 0);
    check_changes_of(changes, older, newer, SVCROUTE_LISTING_ROUTES, &told);
    check_changes_of(changes, older, newer, SVCROUTE_LISTING_SERVICES, &told);
    must_int_eq(svcroute_changes_next(changes, &info), SVCROUTE_ERR_END);
    must_uint_eq(told, svcroute_changes_num(changes));
    svcroute_changes_free(changes);
}

/* ---- a third store ---- */

/* The same objects in another order and under another seed. */
static void check_other_order(struct play *play, struct svcroute_table *table)
{
    struct world other;
    struct svcroute_context_options options;
    size_t order[MODEL_MAX];
    svcroute_context_options_init(&options, sizeof(options));
    options.hash_seed = dice_next(&play->dice) | 1;
    world_open_with(&other, &options);
    for (size_t i = 0; i < play->model.num; i++) {
        size_t j = dice_roll(&play->dice, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (size_t i = 0; i < play->model.num; i++) {
        const struct model_item *item = &play->model.items[order[i]];
        if (item->text != NULL && item->watched) {
            feed(&other, item->text, strlen(item->text), 0);
        } else if (item->text != NULL) {
            must_int_eq(load(&other, item->text), 0);
        }
    }
    must_uint_eq(svcroute_store_num(other.store, 0), svcroute_store_num(play->world.store, 0));
    struct svcroute_table *fresh = resolve_with(&other, play->words, NULL);
    check_same(play, table, fresh, "another order of the same objects");
    check_changes_told(table, fresh);
    svcroute_table_unref(fresh);
    world_close(&other);
}

/* ---- the play ---- */

static struct svcroute_table *step(struct play *play, struct svcroute_table *previous)
{
    struct svcroute_table *table = NULL;
    if (dice_once_in(&play->dice, 6)) { /* out of memory somewhere on the way */
        struct memory *memory = &play->world.memory;
        memory->calls = 0;
        memory->fail_at = 1 + dice_roll(&play->dice, 80);
        memory->and_after = dice_once_in(&play->dice, 2);
        int error = svcroute_resolve(&table, play->world.store, play->policy, previous, NULL);
        memory->fail_at = 0;
        if (error != 0) {
            must_int_eq(error, SVCROUTE_ERR_NOMEM);
            must_ptr_null(table);
            check_store(play->world.store);
        }
    }
    if (table == NULL) {
        must_int_eq(
            svcroute_resolve(&table, play->world.store, play->policy, previous, play->world.diags),
            0);
    }
    return table;
}

static void play_run(uint64_t seed, const char *words, uint32_t events)
{
    struct play play = {.dice = {seed}, .words = words};
    world_open(&play.world);
    play.policy = policy_of(play.world.context, words);
    for (uint32_t i = 0; i < events; i++) {
        for (uint32_t j = dice_roll(&play.dice, 8) == 0 ? 5 : 1; j != 0; j--) {
            event(&play);
        }
        uint32_t slot = dice_roll(&play.dice, TABLES);
        struct svcroute_table *previous = play.tables[dice_roll(&play.dice, TABLES)];
        struct svcroute_table *table = step(&play, previous);
        struct svcroute_table *full = NULL;
        must_int_eq(svcroute_resolve(&full, play.world.store, play.policy, NULL, NULL), 0);
        check_same(&play, table, full, "one step and a full run");
        if (dice_once_in(&play.dice, 4)) {
            check_all(table, full, &play.model);
        }
        if (play.tables[slot] != NULL) {
            check_changes_told(play.tables[slot], table);
        }
        if (dice_once_in(&play.dice, 12)) {
            check_store(play.world.store);
            check_other_order(&play, table);
        }
        svcroute_table_unref(full);
        svcroute_table_unref(play.tables[slot]);
        play.tables[slot] = table;
        svcroute_diags_clear(play.world.diags);
    }
    svcroute_policy_free(play.policy);
    for (size_t i = 0; i < TABLES; i++) {
        size_t j = i + dice_roll(&play.dice, (uint32_t)(TABLES - i));
        struct svcroute_table *table = play.tables[j];
        play.tables[j] = play.tables[i];
        svcroute_table_unref(table);
    }
    for (size_t i = 0; i < play.model.num; i++) {
        free(play.model.items[i].text);
    }
    world_close(&play.world);
}

static const char *const policies[] = {
    "cross external empty local",
    "cross external empty local traefik",
    "",
    "traefik",
    "cross external",
    "cross external traefik",
    "cross empty native nonodes",
    "cross empty native nonodes traefik",
    "external local at:a watch:a watch:a-b",
    "external at: watch:a watch:a-b traefik",
    "cross class:traefik external at:c",
    "cross class:other external at:c traefik",
};

START_TEST(test_step_equals_full)
{
    bool slow = getenv("SVCROUTE_TEST_SLOW") != NULL;
    const char *words = policies[_i % (int)(sizeof(policies) / sizeof(policies[0]))];
    uint64_t seed = UINT64_C(0x51ab0000) + (uint64_t)_i;
    printf("incremental: seed %#llx, policy \"%s\"\n", (unsigned long long)seed, words);
    play_run(seed, words, slow ? 40 : 450);
}
END_TEST

Suite *suite_incremental(void)
{
    Suite *suite = suite_create("incremental");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_step_equals_full, 0, 24);
    suite_add_tcase(suite, all);
    return suite;
}
