/* Matching of whole tables against a model: random worlds of IngressRoutes, changed object by
 * object, with a table and a picker that follow. After each change requests ask both, and a model
 * that knows the documents as they were written: it evaluates every rule of every route, and works
 * out by itself which routes there are, which take part, and whose children they are. */
#include <stdlib.h>

#include <svcroute/match.h>

#include "balance_support.h"
#include "naive_rule.h"

enum { RULES = 48, OBJECTS = 10, ROUTES = 3, PARENTS = 6 };

/* ---- the world ---- */

/* The objects there may be; `joined` is what their names look like in names of routes, so that some
 * collide. In the order of (namespace, name). */
static const struct {
    const char *namespace_, *name, *joined;
} places[OBJECTS] = {
    {"d", "c", "d-c"},     {"d", "p", "d-p"},     {"d", "q", "d-q"},     {"d", "r", "d-r"},
    {"d", "r-x", "d-r-x"}, {"d", "r.x", "d-r-x"}, {"d-r", "c", "d-r-c"}, {"d-r", "p", "d-r-p"},
    {"d-r", "x", "d-r-x"}, {"e", "c", "e-c"},
};

enum leads_to { TO_NOTHING, TO_SERVICE, TO_SOMETIMES, TO_MISSING };

struct spot { /* a route: the object's place and the index in it */
    int object, route;
};
static const struct spot nowhere = {-1, -1};

struct object {
    bool there, foreign, tls;
    unsigned entry_points; /* bits: web, other */
    int num_parents, parents[PARENTS];
    int num_routes;
    struct {
        int rule, priority;
        enum leads_to to;
        /* worked out by model_settle() */
        bool live;        /* it is in the table */
        bool usable;      /* and its rule counts */
        bool all_above;   /* all its parents are there */
        bool leads_on;    /* to a service, or else to children */
        uint64_t parents; /* a bit for each spot */
        struct svcroute_text name;
    } routes[ROUTES];
};

struct model {
    struct scene scene;
    struct dice dice;
    bool traefik, sometimes; /* the Service that is not always there is */
    struct rule rules[RULES];
    struct object objects[OBJECTS];
    uint64_t compared, found, below;
};

static const struct rule *rule_of(const struct model *model, struct spot spot)
{
    return &model->rules[model->objects[spot.object].routes[spot.route].rule];
}

static bool same_spot(struct spot a, struct spot b)
{
    return a.object == b.object && a.route == b.route;
}

/* An object whose routes are asked below others does not exist if one of those does not. */
static bool object_read(const struct model *model, const struct object *object)
{
    bool read = object->there && !object->foreign;
    for (int i = 0; read && i < object->num_parents; i++) {
        read = model->objects[object->parents[i]].there;
    }
    return read;
}

static bool route_made(const struct model *model, struct spot spot)
{
    const struct object *object = &model->objects[spot.object];
    enum leads_to to = object->routes[spot.route].to;
    return object_read(model, object) && to != TO_MISSING &&
           (to != TO_SOMETIMES || model->sometimes);
}

/* Who has the name of a route: itself; in profile traefik-v3 the last of all whose names are alike,
 * and so are their rules. */
static struct spot holder_of(const struct model *model, struct spot spot)
{
    struct spot last = nowhere;
    if (!model->traefik) {
        return route_made(model, spot) ? spot : nowhere;
    }
    for (int o = 0; o < OBJECTS; o++) {
        for (int r = 0; r < model->objects[o].num_routes; r++) {
            struct spot other = {o, r};
            if (strcmp(places[o].joined, places[spot.object].joined) == 0 &&
                strcmp(rule_of(model, other)->text, rule_of(model, spot)->text) == 0 &&
                route_made(model, other)) {
                last = other;
            }
        }
    }
    return last;
}

static uint64_t bit_of(struct spot spot)
{
    return UINT64_C(1) << (spot.object * ROUTES + spot.route);
}

/* Whose children a route is. */
static void settle_parents(struct model *model, struct spot spot)
{
    struct object *object = &model->objects[spot.object];
    object->routes[spot.route].parents = 0;
    object->routes[spot.route].all_above = true;
    for (int i = 0; i < object->num_parents; i++) {
        int above = object->parents[i];
        for (int r = 0; r < model->objects[above].num_routes; r++) {
            struct spot holder = holder_of(model, (struct spot){above, r});
            object->routes[spot.route].all_above &= holder.object >= 0;
            object->routes[spot.route].parents |= holder.object >= 0 ? bit_of(holder) : 0;
        }
    }
}

/* Works out which routes there are and which take part. */
static void model_settle(struct model *model)
{
    uint64_t all_parents = 0;
    for (int o = 0; o < OBJECTS; o++) {
        struct object *object = &model->objects[o];
        for (int r = 0; r < object->num_routes; r++) {
            struct spot spot = {o, r};
            object->routes[r].live =
                route_made(model, spot) && same_spot(holder_of(model, spot), spot);
            /* A child must not have settings that are its parent's. */
            object->routes[r].usable =
                object->routes[r].live && !rule_of(model, spot)->bad &&
                (object->num_parents == 0 || (!object->tls && object->entry_points == 0));
            settle_parents(model, spot);
            all_parents |= object->routes[r].usable ? object->routes[r].parents : 0;
        }
    }
    for (int o = 0; o < OBJECTS; o++) {
        for (int r = 0; r < model->objects[o].num_routes; r++) {
            model->objects[o].routes[r].leads_on =
                (model->objects[o].routes[r].to != TO_NOTHING) !=
                ((all_parents & bit_of((struct spot){o, r})) != 0);
        }
    }
}

/* ---- who wins ---- */

static bool takes(const struct model *model, struct spot spot, struct spot parent,
                  const struct asked *asked)
{
    static const char *const entry_points[] = {"web", "other"};
    const struct object *object = &model->objects[spot.object];
    if (!object->routes[spot.route].usable || !object->routes[spot.route].leads_on ||
        (object->num_parents != 0) != (parent.object >= 0)) {
        return false;
    }
    if (object->num_parents != 0) {
        if (!object->routes[spot.route].all_above ||
            (object->routes[spot.route].parents & bit_of(parent)) == 0) {
            return false;
        }
    } else {
        bool enters = asked->entry_point[0] == '\0' || object->entry_points == 0;
        for (unsigned i = 0; i < 2; i++) {
            enters = enters || ((object->entry_points >> i & 1) != 0 &&
                                strcmp(entry_points[i], asked->entry_point) == 0);
        }
        if (!enters || (asked->flags == SVCROUTE_MATCH_TLS && !object->tls) ||
            (asked->flags == SVCROUTE_MATCH_PLAIN && object->tls)) {
            return false;
        }
    }
    return rule_says(rule_of(model, spot), asked);
}

/* Negative: `a` goes ahead of `b`. */
static int order(const struct model *model, struct spot a, struct spot b)
{
    int sizes[2], priorities[2];
    svcr_text names[2];
    for (int i = 0; i < 2; i++) {
        struct spot spot = i == 0 ? a : b;
        sizes[i] = (int)rule_of(model, spot)->size;
        priorities[i] = model->objects[spot.object].routes[spot.route].priority;
        priorities[i] = priorities[i] != 0 ? priorities[i] : sizes[i];
        names[i] = model->objects[spot.object].routes[spot.route].name;
    }
    if (priorities[0] != priorities[1]) {
        return priorities[1] - priorities[0];
    }
    if (sizes[0] != sizes[1]) {
        return sizes[1] - sizes[0];
    }
    int order = memcmp(names[0].data, names[1].data,
                       names[0].size < names[1].size ? names[0].size : names[1].size);
    return order != 0 ? order : names[0].size < names[1].size ? -1 : 1;
}

/* The first behind `after` of those that take a request. */
static struct spot winner(const struct model *model, struct spot parent, struct spot after,
                          const struct asked *asked)
{
    struct spot best = nowhere;
    for (int o = 0; o < OBJECTS; o++) {
        for (int r = 0; r < model->objects[o].num_routes; r++) {
            struct spot spot = {o, r};
            if (takes(model, spot, parent, asked) && !same_spot(spot, after) &&
                (after.object < 0 || order(model, after, spot) < 0) &&
                (best.object < 0 || order(model, spot, best) < 0)) {
                best = spot;
            }
        }
    }
    return best;
}

/* ---- documents ---- */

static void say_object(struct script *script, const struct model *model, int place)
{
    static const char *const services[] = {"", "{\"name\":\"s\",\"port\":80}",
                                           "{\"name\":\"t\",\"port\":80}",
                                           "{\"name\":\"none\",\"port\":80}"};
    static const char *const entry_points[] = {"", "\"web\"", "\"other\"", "\"web\",\"other\""};
    const struct object *object = &model->objects[place];
    say(script,
        "---\n{\"apiVersion\":\"traefik.io/v1alpha1\",\"kind\":\"IngressRoute\",\"metadata\":"
        "{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{%s%s\"entryPoints\":[%s],\"parentRefs\":"
        "[",
        places[place].name, places[place].namespace_,
        object->foreign ? "\"ingressClassName\":\"another\"," : "",
        object->tls ? "\"tls\":{}," : "", entry_points[object->entry_points]);
    for (int i = 0; i < object->num_parents; i++) {
        say(script, "%s{\"name\":\"%s\",\"namespace\":\"%s\"}", i != 0 ? "," : "",
            places[object->parents[i]].name, places[object->parents[i]].namespace_);
    }
    say(script, "],\"routes\":[");
    for (int i = 0; i < object->num_routes; i++) {
        say(script, "%s{\"kind\":\"Rule\",\"match\":\"%s\",\"priority\":%d,\"services\":[%s]}",
            i != 0 ? "," : "", model->rules[object->routes[i].rule].text,
            object->routes[i].priority, services[object->routes[i].to]);
    }
    say(script, "]}}\n");
}

static const char *const namespaces[] = {"d", "d-r", "e"};

static void say_services(struct script *script, const char *name)
{
    for (size_t i = 0; i < NUM(namespaces); i++) {
        say(script,
            "---\n{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
            "\"namespace\":\"%s\"},\"spec\":{\"ports\":[{\"port\":80}]}}\n",
            name, namespaces[i]);
    }
}

static void load_script(struct model *model, struct script *script)
{
    if (script->size != 0) {
        scene_load(&model->scene, script);
    }
}

/* ---- changes ---- */

static void object_roll(struct model *model, int place)
{
    struct dice *dice = &model->dice;
    struct object *object = &model->objects[place];
    static const int priorities[] = {0, 0, 0, 0, 5, 20, 20, -1, 1000};
    /* Some are parents more often, and some children. */
    bool child = place == 0 || place >= 5 ? dice_roll(dice, 3) != 0 : dice_once_in(dice, 8);
    *object = (struct object){
        .there = true,
        .foreign = dice_once_in(dice, 15),
        .tls = dice_once_in(dice, child ? 15 : 4),
        .entry_points = dice_once_in(dice, child ? 15 : 3) ? dice_roll(dice, 4) : 0,
        .num_parents = !child                  ? 0
                       : dice_once_in(dice, 6) ? 1 + (int)dice_roll(dice, PARENTS)
                                               : 1 + (int)dice_roll(dice, 4) / 3,
        .num_routes = 1 + (int)dice_roll(dice, ROUTES),
    };
    for (int i = 0; i < object->num_parents; i++) {
        object->parents[i] =
            dice_once_in(dice, 10) ? (int)dice_roll(dice, OBJECTS) : 1 + (int)dice_roll(dice, 5);
        /* Where there are many they shall be different, and there. */
        for (int j = 0; i > 1 && j < OBJECTS && !model->objects[object->parents[i]].there; j++) {
            object->parents[i] = (object->parents[i - 1] + 1 + j) % OBJECTS;
        }
    }
    for (int i = 0; i < object->num_routes; i++) {
        /* Where names are joined alike, so shall rules be. */
        object->routes[i].rule = (int)dice_roll(
            dice, strstr(places[place].joined, "r-") != NULL && dice_once_in(dice, 2) ? 4 : RULES);
        object->routes[i].priority = ONE_OF(dice, priorities);
        object->routes[i].to = dice_once_in(dice, child ? 8 : 2) ? TO_NOTHING
                               : dice_once_in(dice, 5)           ? TO_SOMETIMES
                               : dice_once_in(dice, 12)          ? TO_MISSING
                                                                 : TO_SERVICE;
    }
}

/* One object comes, changes or goes, or a Service does. */
static void change_something(struct model *model)
{
    struct script script = {0};
    struct dice *dice = &model->dice;
    struct svcroute_store *store = model->scene.world.store;
    int place = (int)dice_roll(dice, OBJECTS);
    struct object *object = &model->objects[place];
    if (dice_once_in(dice, 10)) {
        model->sometimes = !model->sometimes;
        if (model->sometimes) {
            say_services(&script, "t");
        }
        for (size_t i = 0; !model->sometimes && i < NUM(namespaces); i++) {
            ck_assert_int_eq(svcroute_store_remove(store, SVCROUTE_KIND_SERVICE,
                                                   text_of(namespaces[i]), text_of("t")),
                             0);
        }
    } else if (object->there && dice_once_in(dice, 4)) {
        object->there = false;
        ck_assert_int_eq(svcroute_store_remove(store, SVCROUTE_KIND_INGRESS_ROUTE,
                                               text_of(places[place].namespace_),
                                               text_of(places[place].name)),
                         0);
    } else if (object->there && dice_once_in(dice, 2)) { /* a small change */
        int route = (int)dice_roll(dice, (uint32_t)object->num_routes);
        object->routes[route].priority = (int)dice_roll(dice, 30);
        object->tls ^= dice_once_in(dice, 4);
        say_object(&script, model, place);
    } else {
        object_roll(model, place);
        say_object(&script, model, place);
    }
    load_script(model, &script);
}

/* ---- comparing ---- */

/* The table has the model's routes and no others; their names are taken from it. */
static void take_names(struct model *model)
{
    struct svcroute_listing *listing = NULL;
    size_t live = 0;
    ck_assert_int_eq(svcroute_listing_new(&listing, model->scene.table, SVCROUTE_LISTING_ROUTES),
                     0);
    for (int o = 0; o < OBJECTS; o++) {
        for (int r = 0; r < model->objects[o].num_routes; r++) {
            model->objects[o].routes[r].name = SVCR_TEXT_ABSENT;
            live += model->objects[o].routes[r].live ? 1 : 0;
        }
    }
    ck_assert_uint_eq(svcroute_listing_num(listing), live);
    for (size_t i = 0; i < live; i++) {
        struct svcroute_route_info info =
            route_info(model->scene.table, svcroute_listing_get_route(listing, i));
        int o = 0;
        while (o < OBJECTS && !(text_equals(info.namespace_, places[o].namespace_) &&
                                text_equals(info.ingress_route, places[o].name))) {
            o++;
        }
        ck_assert_int_lt(o, OBJECTS);
        ck_assert_int_lt((int)info.index, model->objects[o].num_routes);
        ck_assert(model->objects[o].routes[info.index].live);
        ck_assert_ptr_null(model->objects[o].routes[info.index].name.data);
        model->objects[o].routes[info.index].name = info.name;
    }
    svcroute_listing_free(listing);
}

static const char *spot_text(struct spot spot, char out[64])
{
    if (spot.object < 0) {
        return "404";
    }
    snprintf(out, 64, "%s/%s/%d", places[spot.object].namespace_, places[spot.object].name,
             spot.route);
    return out;
}

static const char *route_text(struct svcroute_table *table, const struct svcroute_route *route,
                              char out[64])
{
    if (route == NULL) {
        return "404";
    }
    struct svcroute_route_info info = route_info(table, route);
    snprintf(out, 64, "%.*s/%.*s/%u", SVCR_ARG(info.namespace_), SVCR_ARG(info.ingress_route),
             info.index);
    return out;
}

/* Fails unless an answer is the model's. */
static void check_answer(struct model *model, const char *who, int error,
                         struct svcroute_table *table, const struct svcroute_route *route,
                         struct spot wanted, const struct asked *asked)
{
    char got_text[64], wanted_text[64];
    const char *got = route_text(table, route, got_text);
    const char *want = spot_text(wanted, wanted_text);
    model->compared++;
    if (error != (wanted.object < 0 ? SVCROUTE_ERR_NOT_FOUND : 0) || strcmp(got, want) != 0) {
        ck_abort_msg("%s of %s: %s (%d), and not %s, for %s %s%s on \"%s\", flags %u", who,
                     model->scene.policy, got, error, want, asked->method, asked->host, asked->path,
                     asked->entry_point, asked->flags);
    }
}

static struct svcroute_match_request request_of(const struct asked *asked)
{
    return (struct svcroute_match_request){
        .size = sizeof(struct svcroute_match_request),
        .flags = asked->flags,
        .method = text_of(asked->method),
        .host = text_of(asked->host),
        .path = text_of(asked->path),
        .entry_point = text_of(asked->entry_point),
    };
}

/* A request at the door, then down to the route that ends it. */
static void ask_once(struct model *model, const struct asked *asked)
{
    struct scene *scene = &model->scene;
    struct svcroute_match_request request = request_of(asked);
    struct svcroute_table *plan = svcroute_picker_get_table(scene->picker);
    const struct svcroute_route *route = NULL;
    uint64_t handle = 0;
    struct spot spot = nowhere;
    for (int level = 0; level < 4 && (level == 0 || route != NULL); level++) {
        struct spot parent = spot;
        spot = winner(model, parent, nowhere, asked);
        int error = level == 0 ? svcroute_table_match(scene->table, &request, &route)
                               : svcroute_table_match_child(scene->table, route, &request, &route);
        check_answer(model, "the table", error, scene->table, route, spot, asked);
        error = level == 0 ? svcroute_picker_match(scene->picker, &request, &handle)
                           : svcroute_picker_match_child(scene->picker, handle, &request, &handle);
        check_answer(model, "the picker", error, plan,
                     svcroute_picker_get_route(scene->picker, handle), spot, asked);
        model->found += spot.object >= 0;
        model->below += spot.object >= 0 && level > 0;
    }
}

/* The same below any route, whether requests get there or not. */
static void ask_below(struct model *model, const struct asked *asked)
{
    struct scene *scene = &model->scene;
    struct svcroute_match_request request = request_of(asked);
    struct spot parent = {(int)dice_roll(&model->dice, OBJECTS), 0};
    struct object *object = &model->objects[parent.object];
    if (object->num_routes == 0) {
        return;
    }
    parent.route = (int)dice_roll(&model->dice, (uint32_t)object->num_routes);
    svcr_text name = object->routes[parent.route].name;
    if (!object->routes[parent.route].live) {
        return;
    }
    const struct svcroute_route *above = svcroute_table_find_route(scene->table, name);
    const struct svcroute_route *route = NULL;
    struct spot wanted = winner(model, parent, nowhere, asked);
    uint64_t handle = 0;
    int error = svcroute_table_match_child(scene->table, above, &request, &route);
    check_answer(model, "the table below", error, scene->table, route, wanted, asked);
    ck_assert_int_eq(svcroute_picker_find_route(scene->picker, name, &handle), 0);
    error = svcroute_picker_match_child(scene->picker, handle, &request, &handle);
    check_answer(model, "the picker below", error, svcroute_picker_get_table(scene->picker),
                 svcroute_picker_get_route(scene->picker, handle), wanted, asked);
    model->below += wanted.object >= 0;
}

/* All that would take a request, in their order. */
static void ask_all(struct model *model, const struct asked *asked)
{
    struct svcroute_match_request request = request_of(asked);
    struct svcroute_table *table = model->scene.table;
    const struct svcroute_route *route = NULL;
    struct spot spot = winner(model, nowhere, nowhere, asked);
    int error = svcroute_table_match(table, &request, &route);
    check_answer(model, "the table", error, table, route, spot, asked);
    while (route != NULL) {
        spot = winner(model, nowhere, spot, asked);
        error = svcroute_table_match_next(table, route, &request, &route);
        check_answer(model, "the next", error, table, route, spot, asked);
    }
}

static void ask_many(struct model *model, int requests)
{
    static const char *const entry_points[] = {"", "", "web", "other", "none"};
    static const uint32_t flags[] = {0, 0, SVCROUTE_MATCH_TLS, SVCROUTE_MATCH_PLAIN};
    static const char *const methods[] = {"GET", "GET", "PUT", "get"};
    struct dice *dice = &model->dice;
    model_settle(model);
    take_names(model);
    for (int i = 0; i < requests; i++) {
        struct asked asked = {ONE_OF(dice, methods), ONE_OF(dice, asked_hosts),
                              ONE_OF(dice, asked_paths), ONE_OF(dice, entry_points),
                              ONE_OF(dice, flags)};
        ask_once(model, &asked);
        ask_below(model, &asked);
        if (i % 8 == 0) {
            ask_all(model, &asked);
        }
    }
}

/* ---- tests ---- */

static uint64_t run_world(const char *policy, uint64_t seed, int steps, int requests)
{
    struct model *model = calloc(1, sizeof(*model));
    struct script script = {0};
    ck_assert_ptr_nonnull(model);
    model->dice.state = seed;
    model->traefik = strstr(policy, "traefik") != NULL;
    for (int i = 0; i < RULES; i++) {
        rule_make(&model->rules[i], &model->dice);
    }
    say_services(&script, "s");
    scene_open(&model->scene, &script, policy, 0);
    for (int step = 0; step < steps; step++) {
        for (uint32_t changes = 1 + dice_roll(&model->dice, 3) / 2; changes > 0; changes--) {
            change_something(model);
        }
        scene_update(&model->scene, (uint64_t)step + 1);
        ask_many(model, requests);
    }
    uint64_t compared = model->compared;
    /* Not just absence was compared. */
    ck_assert_uint_gt(model->found, compared / 16);
    ck_assert_uint_gt(model->below, compared / 400);
    scene_close(&model->scene);
    free(model);
    return compared;
}

START_TEST(test_worlds)
{
    static const char *const policies[] = {"cross empty", "cross empty traefik"};
    bool slow = getenv("SVCROUTE_TEST_SLOW") != NULL;
    uint64_t compared = 0;
    for (uint64_t seed = 1; seed <= (slow ? 2U : 12U); seed++) {
        compared += run_world(policies[_i], seed, slow ? 60 : 150, slow ? 10 : 60);
    }
    ck_assert_uint_gt(compared, slow ? 2000 : 200000);
}
END_TEST

Suite *suite_match_model(void)
{
    Suite *suite = suite_create("match_model");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_worlds, 0, 2);
    suite_add_tcase(suite, all);
    return suite;
}
