/* Clean paths and the paths that rules compare, against a model that takes the reference's steps as
 * they are described, one after the other, forwards, with all the room it wants. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <svcroute/error.h>
#include <svcroute/match.h>

#include "rule/path.h"

enum { ROUNDS = 75000, RUNS = 4, ROOM = 1024 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
static const char unreserved[] = LETTERS DIGITS "-_.~";
static const char legal[] = LETTERS DIGITS "-_.~$&+,/:;=@!'()*[]";
static const char kept[] = LETTERS DIGITS "-_.~$&+,/:;=@";
static const char reserved[] = ":/?#[]@!$&'()*+,;=%";

static bool among(int byte, const char *set)
{
    return byte > 0 && byte < 128 && strchr(set, byte) != NULL;
}

/* ---- the model ---- */

struct string {
    char data[ROOM];
    size_t size;
};

static void add(struct string *string, int byte)
{
    if (string->size == ROOM) {
        ck_abort_msg("no room");
    }
    string->data[string->size++] = (char)byte;
}

static void add_encoded(struct string *string, int byte)
{
    char text[4];

    snprintf(text, sizeof(text), "%%%02X", (unsigned)byte);
    for (int i = 0; i < 3; i++) {
        add(string, text[i]);
    }
}

static int unhex(const char *digits)
{
    char text[3] = {digits[0], digits[1], '\0'};
    unsigned value = 256;

    return strspn(text, "0123456789abcdefABCDEF") == 2 && sscanf(text, "%2x", &value) == 1
               ? (int)value
               : -1;
}

/* False: a bad "%", a blank or a control byte. */
static bool decode(const struct string *in, struct string *out)
{
    out->size = 0;
    for (size_t i = 0; i < in->size; i++) {
        int byte = (unsigned char)in->data[i];

        if (byte <= ' ' || byte == 0x7f) {
            return false;
        }
        if (byte == '%') {
            byte = in->size - i > 2 ? unhex(in->data + i + 1) : -1;
            i += 2;
        }
        if (byte < 0) {
            return false;
        }
        add(out, byte);
    }
    return true;
}

/* The form "e": as sent if it can be, else decoded and encoded again; in profile default only what
 * is not legal is encoded. False: refused. */
static bool form(const struct string *in, bool traefik, struct string *out)
{
    struct string plain;
    bool good = true;

    if (!decode(in, &plain)) {
        return false;
    }
    out->size = 0;
    for (size_t i = 0; i < in->size; i++) {
        int byte = (unsigned char)in->data[i];

        good = good && (among(byte, legal) || byte == '%');
        if (among(byte, legal) || byte == '%') {
            add(out, byte);
        } else {
            add_encoded(out, byte);
        }
    }
    if (traefik && !good) {
        out->size = 0;
        for (size_t i = 0; i < plain.size; i++) {
            if (among((unsigned char)plain.data[i], kept)) {
                add(out, plain.data[i]);
            } else {
                add_encoded(out, (unsigned char)plain.data[i]);
            }
        }
    }
    return true;
}

static bool model_route(const struct string *in, bool traefik, struct string *out)
{
    struct string e;

    if (!form(in, traefik, &e)) {
        return false;
    }
    out->size = 0;
    for (size_t i = 0; i < e.size; i++) {
        int byte;

        if (e.data[i] != '%') {
            add(out, e.data[i]);
            continue;
        }
        byte = unhex(e.data + i + 1);
        i += 2;
        if (among(byte, reserved) && !(traefik && among(e.data[i], "abcdef"))) {
            add_encoded(out, byte);
        } else {
            add(out, byte);
        }
    }
    return true;
}

/* Capital escapes, unreserved characters decoded. */
static void normalize(const struct string *in, struct string *out)
{
    out->size = 0;
    for (size_t i = 0; i < in->size; i++) {
        if (in->data[i] != '%') {
            add(out, in->data[i]);
            continue;
        }
        if (among(unhex(in->data + i + 1), unreserved)) {
            add(out, unhex(in->data + i + 1));
        } else {
            add_encoded(out, unhex(in->data + i + 1));
        }
        i += 2;
    }
}

static void remove_segments(const struct string *in, struct string *out)
{
    size_t starts[ROOM], depth = 0, at = 0;

    out->size = 0;
    while (at < in->size) {
        size_t end = at + 1;
        svcr_text segment;

        while (end < in->size && in->data[end] != '/') {
            end++;
        }
        segment = (svcr_text){in->data + at + 1, end - at - 1};
        if (svcr_text_same(segment, SVCR_TEXT(".."))) {
            out->size = depth > 0 ? starts[--depth] : 0;
        } else if (segment.size > 0 && !svcr_text_same(segment, SVCR_TEXT("."))) {
            starts[depth++] = out->size;
            while (at < end) {
                add(out, in->data[at++]);
            }
        }
        at = end;
    }
    if (out->size == 0 || (in->size > 0 && in->data[in->size - 1] == '/')) {
        add(out, '/');
    }
}

static bool model_clean(const struct string *in, bool traefik, struct string *out)
{
    struct string e, normal, cleaned_up;

    if (memchr(in->data, '#', in->size) != NULL || !form(in, traefik, &e)) {
        return false;
    }
    normalize(&e, &normal);
    remove_segments(&normal, &cleaned_up);
    return form(&cleaned_up, traefik, out);
}

/* ---- random paths ---- */

static uint64_t dice(uint64_t *state, uint64_t sides)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % sides;
}

static void random_path(uint64_t *state, struct string *path)
{
    static const char *const parts[] = {
        "/",   "/",     "/",   "/",        "/",    ".",      "..",   "...", "a",   "b",
        "%2e", "%2E",   "%2f", "%2F",      "%5C",  "\\",     "|",    "{",   "%61", "%25",
        "%41", "%2541", "%3a", "%3A",      ";",    "%3b",    "[",    "]",   "!",   "(",
        "*",   "+",     "@",   "\xc3\xa9", "%ff",  "%C3%a9", "\xff", "%5B", "%5d", "%21",
        "%2a", "%2A",   "%00", "~",        "%7E",  "%7e",    ":",    "?",   "%20", "%3F",
        "^",   "=",     "&",   "$",        "%0a%", "",       "",     "",    "",    "",
    };
    uint64_t num = dice(state, 12);

    path->size = 0;
    add(path, '/');
    for (uint64_t i = 0; i < num; i++) {
        const char *part = parts[dice(state, sizeof(parts) / sizeof(parts[0]))];

        while (*part != '\0') {
            add(path, *part++);
        }
    }
    if (dice(state, 16) == 0) {
        size_t at = 1 + (size_t)dice(state, path->size);

        path->data[at < path->size ? at : 0] = (char)dice(state, 256);
        path->data[0] = '/';
    }
}

static svcr_text text_of(const struct string *string)
{
    return (svcr_text){string->data, string->size};
}

static void same_route(const struct string *path, bool traefik)
{
    struct string wanted;
    char out[ROOM];
    svcr_text made;
    bool good = model_route(path, traefik, &wanted);
    int code = svcr_path_route(text_of(path), traefik, out, 3 * path->size, &made);

    if (code != (good ? 0 : SVCROUTE_ERR_BAD_REQUEST) ||
        (good && !svcr_text_same(made, text_of(&wanted)))) {
        ck_abort_msg("%d: route of %.*s: code %d", traefik, SVCR_ARG(text_of(path)), code);
    }
}

/* Cleans and compares with the model, and once more, which must change nothing. */
static bool same_clean(const struct string *path, bool traefik, struct string *clean)
{
    struct string wanted, again;
    uint32_t allow = traefik ? SVCROUTE_PATH_ALLOW_ALL : SVCROUTE_PATH_ALLOW_CHARACTERS;
    bool good = model_clean(path, traefik, &wanted);
    int code =
        svcroute_path_clean(text_of(path), allow, clean->data, 3 * path->size + 1, &clean->size);

    if (code != (good ? 0 : SVCROUTE_ERR_BAD_REQUEST) ||
        (good && !svcr_text_same(text_of(clean), text_of(&wanted)))) {
        ck_abort_msg("%d: clean form of %.*s: code %d", traefik, SVCR_ARG(text_of(path)), code);
    }
    if (!good) {
        return false;
    }
    code = svcroute_path_clean(text_of(clean), allow, again.data, ROOM, &again.size);
    if (code != 0 || !svcr_text_same(text_of(&again), text_of(clean))) {
        ck_abort_msg("%d: %.*s is not clean", traefik, SVCR_ARG(text_of(clean)));
    }
    return true;
}

static bool has_segments_to_remove(const struct string *path)
{
    struct string normal, cleaned_up;

    normalize(path, &normal);
    remove_segments(&normal, &cleaned_up);
    return cleaned_up.size != normal.size;
}

START_TEST(random_paths_do_as_the_model)
{
    uint64_t state = UINT64_C(88172645463325252) + (uint64_t)_i;
    size_t good = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct string path, clean;

        random_path(&state, &path);
        for (int traefik = 0; traefik < 2; traefik++) {
            same_route(&path, traefik);
            if (!same_clean(&path, traefik, &clean)) {
                continue;
            }
            good++;
            same_route(&clean, traefik);
            /* In profile default rules see the same with and without cleaning. */
            if (!traefik && !has_segments_to_remove(&path)) {
                struct string before, after;

                if (!model_route(&path, false, &before) || !model_route(&clean, false, &after) ||
                    !svcr_text_same(text_of(&before), text_of(&after))) {
                    ck_abort_msg("cleaning %.*s shows", SVCR_ARG(text_of(&path)));
                }
            }
        }
    }
    ck_assert_uint_gt(good, ROUNDS / 2);
}
END_TEST

Suite *suite_path_model(void)
{
    Suite *suite = suite_create("path_model");
    TCase *tests = tcase_create("path_model");

    tcase_add_loop_test(tests, random_paths_do_as_the_model, 0, RUNS);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return suite;
}
