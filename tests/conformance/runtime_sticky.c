/* sticky.json: names, values and texts of cookies; requests with cookies on balancers of one and
 * two levels. */
#include "runtime.h"

#include <stdlib.h>

#include <svcroute/error.h>

#include "balance/cookie.h"
#include "balance/sticky.h"

enum { CHILDREN_MAX = 64, LINES_MAX = 16, COOKIES_MAX = 2, COOKIE_SIZE = 1024 };

static const struct svcr_sticky_keys unkeyed;

/* ---- one balancer ---- */

struct balancer {
    struct svcroute_context *context;
    const struct svcr_strategy *strategy;
    struct svcr_scheduler *scheduler;
    struct svcr_sticky *sticky; /* NULL: not sticky */
    struct svcr_cookie_recipe *recipe;
    struct svcr_random random;
    struct svcr_shape shape;
    struct svcr_member members[CHILDREN_MAX];
    struct svcr_live live[CHILDREN_MAX];
    struct svcr_samples samples[CHILDREN_MAX];
};

static struct balancer *balancer_new(struct svcroute_context *context, svcr_text strategy)
{
    struct balancer *balancer = calloc(1, sizeof(*balancer));

    if (!balancer) {
        abort();
    }
    balancer->context = context;
    balancer->strategy = svcr_text_same(strategy, SVCR_TEXT("p2c")) ? &svcr_traefik_p2c
                         : svcr_text_same(strategy, SVCR_TEXT("leasttime"))
                             ? &svcr_traefik_leasttime
                             : &svcr_traefik_wrr;
    balancer->shape.members = balancer->members;
    svcr_random_seed(&balancer->random, 1);
    return balancer;
}

static void balancer_free(struct balancer *balancer)
{
    if (balancer) {
        svcr_sticky_free(balancer->sticky, balancer->context);
        svcr_cookie_recipe_free(balancer->recipe, balancer->context);
        free(balancer->scheduler);
        free(balancer);
    }
}

/* p2c looks at no weight, not even when it decides who takes part. */
static void balancer_add(struct balancer *balancer, svcr_text name, int64_t weight, uint32_t state)
{
    uint32_t i = balancer->shape.num;

    if (i == CHILDREN_MAX) {
        abort();
    }
    atomic_init(&balancer->live[i].state, state);
    atomic_flag_clear(&balancer->samples[i].lock);
    balancer->live[i].samples = &balancer->samples[i];
    balancer->members[i] =
        (struct svcr_member){.state = &balancer->live[i].state,
                             .live = &balancer->live[i],
                             .weight = balancer->strategy == &svcr_traefik_p2c ? 1 : weight,
                             .name = name,
                             .id = i + 1};
    balancer->shape.num++;
}

/* All children are there; an empty cookie name: not sticky. */
static bool balancer_begin(struct balancer *balancer, svcr_text cookie)
{
    struct svcr_cookie_settings settings = {
        .name = cookie, .path = SVCR_TEXT("/"), .traefik = true};
    size_t size;

    balancer->shape.equal = true;
    for (uint32_t i = 0; i < balancer->shape.num; i++) {
        balancer->shape.equal = balancer->shape.equal && balancer->members[i].weight > 0 &&
                                balancer->members[i].weight == balancer->members[0].weight;
    }
    size = balancer->strategy->size(&balancer->shape);
    balancer->scheduler = calloc(1, size ? size : 1);
    if (!balancer->scheduler) {
        abort();
    }
    balancer->strategy->open(balancer->scheduler, &balancer->shape, &balancer->random, false);
    return cookie.size == 0 ||
           (svcr_cookie_recipe_new(&balancer->recipe, balancer->context, &settings) ==
                SVCROUTE_OK &&
            svcr_sticky_new(&balancer->sticky, balancer->context, balancer->members,
                            balancer->shape.num, &unkeyed, NULL, NULL) == SVCROUTE_OK);
}

/* False if there is no child of that name. */
static bool balancer_set(struct balancer *balancer, svcr_text name, uint32_t state)
{
    bool found = false;

    for (uint32_t i = 0; i < balancer->shape.num; i++) {
        if (svcr_text_same(balancer->members[i].name, name)) {
            atomic_store(&balancer->live[i].state, state);
            found = true;
        }
    }
    return found;
}

/* ---- requests ---- */

struct request {
    svcr_text lines[LINES_MAX];
    size_t num_lines;
};

struct answer {
    char cookies[COOKIES_MAX][COOKIE_SIZE];
    size_t sizes[COOKIES_MAX], num;
};

/* Picks a child, and adds a cookie to the answer if one is to be sent. */
static uint32_t balancer_pick(struct balancer *balancer, const struct request *request,
                              struct answer *answer)
{
    struct svcr_choice choice = {.random = &balancer->random,
                                 .unusable = SVCR_STATE_DOWN_ACTIVE | SVCR_STATE_FENCED};
    struct svcr_sticky_hit hit = {SVCR_NOBODY, false};

    if (balancer->sticky) {
        svcr_text value =
            svcr_cookie_find(request->lines, request->num_lines, balancer->recipe->name);

        if (value.data) {
            hit = svcr_sticky_find(balancer->sticky, value);
        }
        if (hit.member != SVCR_NOBODY &&
            (atomic_load(&balancer->live[hit.member].state) & SVCR_STATE_DOWN_ACTIVE)) {
            hit.member = SVCR_NOBODY;
        }
    }
    if (hit.member == SVCR_NOBODY) {
        hit.member = balancer->strategy->pick(balancer->scheduler, &balancer->shape, &choice);
        hit.renew = true;
    }
    if (balancer->sticky && hit.member != SVCR_NOBODY && hit.renew) {
        char value[SVCR_STICKY_VALUE_MAX];
        svcr_text text = {value, svcr_sticky_value(balancer->sticky, hit.member, value)};

        answer->sizes[answer->num] =
            svcr_cookie_write(answer->cookies[answer->num], COOKIE_SIZE, balancer->recipe, text);
        answer->num++;
    }
    return hit.member;
}

/* The lines of `cookie_headers`, or of `cookie_headers_hex` decoded into `buffer`. */
static bool read_request(const struct svcroute_node *map, struct svcr_buffer *buffer,
                         struct request *request)
{
    const struct svcroute_node *list = runtime_find(map, "cookie_headers"), *item;
    bool hex = !list;
    size_t room = 1;

    request->num_lines = 0;
    list = hex ? runtime_find(map, "cookie_headers_hex") : list;
    for (item = svcroute_node_first(list); item; item = svcroute_node_next(list, item)) {
        room += svcroute_node_get_text(item).size;
    }
    buffer->size = 0;
    if (svcroute_node_num(list) > LINES_MAX || !svcr_buffer_reserve(buffer, room)) {
        return false;
    }
    for (item = svcroute_node_first(list); item; item = svcroute_node_next(list, item)) {
        svcr_text text = svcroute_node_get_text(item);
        size_t start = buffer->size;

        for (size_t i = 0; hex && i + 1 < text.size; i += 2) {
            char digits[3] = {text.data[i], text.data[i + 1], '\0'};

            svcr_buffer_add_char(buffer, (char)strtol(digits, NULL, 16));
        }
        request->lines[request->num_lines++] =
            hex ? (svcr_text){buffer->data + start, buffer->size - start} : text;
    }
    return true;
}

static bool has_text(const struct svcroute_node *list, svcr_text text)
{
    const struct svcroute_node *item;

    for (item = svcroute_node_first(list); item; item = svcroute_node_next(list, item)) {
        if (svcr_text_same(svcroute_node_get_text(item), text)) {
            return true;
        }
    }
    return false;
}

static bool same_cookies(const struct svcroute_node *list, const struct answer *answer)
{
    const struct svcroute_node *item = svcroute_node_first(list);

    for (size_t i = 0; i < answer->num; i++, item = svcroute_node_next(list, item)) {
        svcr_text cookie = {answer->cookies[i], answer->sizes[i]};

        if (!item || !svcr_text_same(svcroute_node_get_text(item), cookie)) {
            return false;
        }
    }
    return !item;
}

static svcr_text served(const struct balancer *balancer, uint32_t member)
{
    return member == SVCR_NOBODY ? SVCR_TEXT("none") : balancer->members[member].name;
}

/* ---- the kinds ---- */

static void judge_name(struct runner *runner, struct svcroute_context *context,
                       const struct svcroute_node *case_, const char *name)
{
    struct svcr_cookie_settings settings = {.service = runtime_text(case_, "service")};
    struct svcr_cookie_recipe *recipe = NULL;
    struct svcr_buffer buffer;

    svcr_buffer_init(&buffer, context);
    settings.name = runtime_bytes(case_, "given", &buffer);
    if (svcr_cookie_recipe_new(&recipe, context, &settings) != SVCROUTE_OK) {
        runner_fail(runner, name, "no recipe");
    } else if (!svcr_text_same(recipe->name, runtime_text(case_, "cookie"))) {
        runner_fail(runner, name, "cookie %.*s", SVCR_ARG(recipe->name));
    } else {
        runner_pass(runner);
    }
    svcr_cookie_recipe_free(recipe, context);
    svcr_buffer_free(&buffer);
}

static bool finds(const struct svcr_sticky *sticky, svcr_text value, bool renew)
{
    struct svcr_sticky_hit hit = svcr_sticky_find(sticky, value);

    return hit.member == 0 && hit.renew == renew;
}

static void judge_value(struct runner *runner, struct svcroute_context *context,
                        const struct svcroute_node *case_, const char *name)
{
    struct svcr_buffer buffer;
    struct svcr_member member = {.weight = 1};
    struct svcr_sticky *sticky = NULL;
    char value[SVCR_STICKY_VALUE_MAX];
    svcr_text text = {value, 0};

    svcr_buffer_init(&buffer, context);
    member.name = runtime_bytes(case_, "name", &buffer);
    if (svcr_sticky_new(&sticky, context, &member, 1, &unkeyed, NULL, NULL) != SVCROUTE_OK) {
        runner_fail(runner, name, "no index");
        svcr_buffer_free(&buffer);
        return;
    }
    text.size = svcr_sticky_value(sticky, 0, value);
    if (!svcr_text_same(text, runtime_text(case_, "value"))) {
        runner_fail(runner, name, "value %.*s", SVCR_ARG(text));
    } else if (!finds(sticky, text, false)) {
        runner_fail(runner, name, "its value is not found");
    } else if (!finds(sticky, runtime_text(case_, "old_fnv"), true) ||
               !finds(sticky, runtime_text(case_, "old_fnv_fnv"), true)) {
        runner_fail(runner, name, "an old value is not found");
    } else if (finds(sticky, member.name, true) != runtime_flag(case_, "old_plain_accepted")) {
        runner_fail(runner, name, "the plain name");
    } else {
        runner_pass(runner);
    }
    svcr_sticky_free(sticky, context);
    svcr_buffer_free(&buffer);
}

static void judge_set_cookie(struct runner *runner, struct svcroute_context *context,
                             const struct svcroute_node *case_, const char *name)
{
    struct svcr_cookie_settings settings = {
        .name = runtime_text(case_, "cookie_name"),
        .path = runtime_flag(case_, "path_given") ? runtime_text(case_, "path") : SVCR_TEXT("/"),
        .domain = runtime_text(case_, "domain"),
        .same_site = runtime_text(case_, "samesite"),
        .max_age = runtime_integer(case_, "maxage", 0),
        .secure = runtime_flag(case_, "secure"),
        .http_only = runtime_flag(case_, "httponly"),
        .traefik = true,
    };
    struct svcr_member member = {.weight = 1, .name = runtime_text(case_, "server")};
    struct svcr_sticky *sticky = NULL;
    struct svcr_cookie_recipe *recipe = NULL;
    char value[SVCR_STICKY_VALUE_MAX], out[COOKIE_SIZE];

    if (svcr_sticky_new(&sticky, context, &member, 1, &unkeyed, NULL, NULL) != SVCROUTE_OK ||
        svcr_cookie_recipe_new(&recipe, context, &settings) != SVCROUTE_OK) {
        runner_fail(runner, name, "no index or no recipe");
    } else {
        svcr_text text = {value, svcr_sticky_value(sticky, 0, value)};
        svcr_text header = {out, svcr_cookie_write(out, sizeof(out), recipe, text)};

        if (!runtime_flag(case_, "sent")) {
            header.size = 0;
        }
        if (svcr_text_same(header, runtime_text(case_, "header"))) {
            runner_pass(runner);
        } else {
            runner_fail(runner, name, "header %.*s", SVCR_ARG(header));
        }
    }
    svcr_cookie_recipe_free(recipe, context);
    svcr_sticky_free(sticky, context);
}

static struct balancer *read_balancer(struct svcroute_context *context,
                                      const struct svcroute_node *case_)
{
    const struct svcroute_node *children = runtime_find(case_, "children"), *item;
    struct balancer *balancer = balancer_new(context, runtime_text(case_, "strategy"));

    for (item = svcroute_node_first(children); item; item = svcroute_node_next(children, item)) {
        balancer_add(balancer, runtime_text(item, "name"), runtime_integer(item, "weight", 1),
                     (runtime_flag(item, "up") ? 0u : SVCR_STATE_DOWN_ACTIVE) |
                         (runtime_flag(item, "fenced") ? SVCR_STATE_FENCED : 0u));
    }
    if (!balancer_begin(balancer, runtime_text(case_, "cookie_name"))) {
        balancer_free(balancer);
        return NULL;
    }
    return balancer;
}

/* NULL, or what is wrong. Where one server alone may have served, the cookie's text is known. */
static const char *check_request(const struct svcroute_node *case_, struct balancer *balancer,
                                 const struct request *request)
{
    struct answer answer = {.num = 0};
    uint32_t member = balancer_pick(balancer, request, &answer);
    const struct svcroute_node *names = runtime_find(case_, "served");
    svcr_text cookie = {answer.cookies[0], answer.num ? answer.sizes[0] : 0};

    if (!has_text(names, served(balancer, member))) {
        return "served by another";
    }
    if (runtime_integer(case_, "status", 0) != (member == SVCR_NOBODY ? 503 : 200)) {
        return "status";
    }
    if (runtime_flag(case_, "sends_cookie") != (answer.num == 1)) {
        return "cookie sent or not";
    }
    if (svcroute_node_num(names) == 1 &&
        !svcr_text_same(cookie, runtime_text(case_, "set_cookie"))) {
        return "another cookie";
    }
    return NULL;
}

static void judge_request(struct runner *runner, struct svcroute_context *context,
                          const struct svcroute_node *case_, const char *name)
{
    struct balancer *balancer = read_balancer(context, case_);
    struct svcr_buffer buffer;
    struct request request;
    const char *wrong = balancer ? NULL : "no balancer";

    svcr_buffer_init(&buffer, context);
    if (!wrong && !read_request(case_, &buffer, &request)) {
        wrong = "too many lines";
    }
    wrong = wrong ? wrong : check_request(case_, balancer, &request);
    if (wrong) {
        runner_fail(runner, name, "%s", wrong);
    } else {
        runner_pass(runner);
    }
    svcr_buffer_free(&buffer);
    balancer_free(balancer);
}

/* A parent and its services; without a parent one balancer alone. */
struct tree {
    struct balancer *parent; /* NULL: none */
    struct balancer *services[CHILDREN_MAX];
    uint32_t num;
};

static const char *run_request(const struct svcroute_node *step, struct tree *tree,
                               struct svcr_buffer *buffer)
{
    struct answer answer = {.num = 0};
    struct request request;
    struct balancer *service = tree->services[0];
    uint32_t member = SVCR_NOBODY;

    if (!read_request(step, buffer, &request)) {
        return "too many lines";
    }
    if (tree->parent) {
        uint32_t child = balancer_pick(tree->parent, &request, &answer);

        service = child == SVCR_NOBODY ? NULL : tree->services[child];
    }
    if (service) {
        member = balancer_pick(service, &request, &answer);
    }
    if (!runtime_is(step, "served", "none")
            ? member == SVCR_NOBODY ||
                  !svcr_text_same(service->members[member].name, runtime_text(step, "served"))
            : member != SVCR_NOBODY) {
        return "served by another";
    }
    if (runtime_integer(step, "status", 0) != (member == SVCR_NOBODY ? 503 : 200)) {
        return "status";
    }
    return same_cookies(runtime_find(step, "set_cookies"), &answer) ? NULL : "other cookies";
}

static void run_steps(struct runner *runner, struct svcroute_context *context,
                      const struct svcroute_node *case_, const char *name, struct tree *tree)
{
    const struct svcroute_node *steps = runtime_find(case_, "steps"), *step;
    const char *wrong = NULL;
    struct svcr_buffer buffer;
    size_t number = 0;

    svcr_buffer_init(&buffer, context);
    for (step = svcroute_node_first(steps); step && !wrong;
         step = svcroute_node_next(steps, step), number++) {
        bool found = false, down = runtime_is(step, "op", "down");

        if (runtime_is(step, "op", "request")) {
            wrong = run_request(step, tree, &buffer);
        } else if (down || runtime_is(step, "op", "up")) {
            for (uint32_t i = 0; i < tree->num; i++) {
                found = balancer_set(tree->services[i], runtime_text(step, "name"),
                                     down ? SVCR_STATE_DOWN_ACTIVE : 0) ||
                        found;
            }
            wrong = found ? NULL : "no such server";
        } else {
            wrong = "unknown step";
        }
    }
    svcr_buffer_free(&buffer);
    if (wrong || number == 0) {
        runner_fail(runner, name, "step %zu: %s", number - (number > 0), wrong ? wrong : "none");
    } else {
        runner_pass(runner);
    }
}

static void judge_run(struct runner *runner, struct svcroute_context *context,
                      const struct svcroute_node *case_, const char *name)
{
    struct tree tree = {.services = {read_balancer(context, case_)}, .num = 1};

    if (!tree.services[0]) {
        runner_fail(runner, name, "no balancer");
        return;
    }
    run_steps(runner, context, case_, name, &tree);
    balancer_free(tree.services[0]);
}

/* Servers are listed flat, one line each, those of a service one behind the other. */
static bool read_tree(struct svcroute_context *context, const struct svcroute_node *case_,
                      struct tree *tree)
{
    const struct svcroute_node *servers = runtime_find(case_, "servers"), *item, *last = NULL;
    bool good = true;

    tree->parent = balancer_new(context, SVCR_TEXT("wrr"));
    for (item = svcroute_node_first(servers); item; item = svcroute_node_next(servers, item)) {
        svcr_text service = runtime_text(item, "service");

        if (!last || !svcr_text_same(service, runtime_text(last, "service"))) {
            if (last) {
                good = balancer_begin(tree->services[tree->num - 1],
                                      runtime_text(last, "cookie_name")) &&
                       good;
            }
            balancer_add(tree->parent, service, runtime_integer(item, "weight", 1), 0);
            tree->services[tree->num++] = balancer_new(context, SVCR_TEXT("wrr"));
        }
        balancer_add(tree->services[tree->num - 1], runtime_text(item, "server"), 1, 0);
        last = item;
    }
    return last &&
           balancer_begin(tree->services[tree->num - 1], runtime_text(last, "cookie_name")) &&
           balancer_begin(tree->parent, runtime_text(case_, "parent_cookie_name")) && good;
}

static void judge_nested(struct runner *runner, struct svcroute_context *context,
                         const struct svcroute_node *case_, const char *name)
{
    struct tree tree = {.parent = NULL};

    if (read_tree(context, case_, &tree)) {
        run_steps(runner, context, case_, name, &tree);
    } else {
        runner_fail(runner, name, "no balancers");
    }
    for (uint32_t i = 0; i < tree.num; i++) {
        balancer_free(tree.services[i]);
    }
    balancer_free(tree.parent);
}

void runtime_sticky(struct runner *runner, struct svcroute_context *context,
                    const struct svcroute_node *case_, const char *name)
{
    static const struct {
        const char *kind;
        runtime_judge *judge;
    } judges[] = {
        {"name", judge_name},       {"value", judge_value}, {"setcookie", judge_set_cookie},
        {"request", judge_request}, {"run", judge_run},     {"nested", judge_nested},
    };

    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (runtime_is(case_, "kind", judges[i].kind)) {
            judges[i].judge(runner, context, case_, name);
            return;
        }
    }
    runner_fail(runner, name, "unknown kind");
}
