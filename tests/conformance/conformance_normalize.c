/* Compares names with those that the reference writes. Usage: conformance_normalize FILE. A row has
 * "out" and either "text", or "hex" (bytes), or "namespace" and "name", which are joined; with
 * "match" too the row is the name of a router. */
#include "base/diag.h"
#include "base/digest.h"
#include "base/normalize.h"

#include "runner.h"

#define HASH_BYTES 10

static int digit_value(char c)
{
    const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

static bool add_hex(struct svcr_buffer *buffer, svcr_text hex)
{
    for (size_t i = 0; i + 1 < hex.size; i += 2) {
        int high = digit_value(hex.data[i]), low = digit_value(hex.data[i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        svcr_buffer_add_char(buffer, (char)(high << 4 | low));
    }
    return hex.size % 2 == 0;
}

/* Normalises what a row gives; false if the row makes no sense. */
static bool make_name(struct svcroute_context *context, const struct svcroute_node *row,
                      struct svcr_buffer *name, struct svcr_buffer *bytes)
{
    svcr_text parts[3] = {runner_find_text(row, "text")};
    svcr_text hex = runner_find_text(row, "hex"), match = runner_find_text(row, "match");
    char digits[2 * HASH_BYTES];
    uint8_t digest[32];
    size_t num = 1;

    if (hex.data) {
        if (!add_hex(bytes, hex)) {
            return false;
        }
        parts[0] = svcr_buffer_text(bytes);
    } else if (!parts[0].data) {
        parts[0] = runner_find_text(row, "namespace");
        parts[1] = runner_find_text(row, "name");
        num = 2;
        if (!parts[0].data || !parts[1].data) {
            return false;
        }
    }
    if (match.data) {
        if (svcr_sha256(context, match.data, match.size, digest) != 0) {
            return false;
        }
        for (size_t i = 0; i < HASH_BYTES; i++) {
            digits[2 * i] = "0123456789abcdef"[digest[i] >> 4];
            digits[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
        }
        parts[num++] = (svcr_text){digits, sizeof(digits)};
    }
    svcr_normalize(name, parts, num);
    return !name->failed;
}

static void judge(struct runner *runner, struct svcroute_context *context,
                  const struct svcroute_node *row, const char *name)
{
    svcr_text wanted = runner_find_text(row, "out");
    struct svcr_buffer made, bytes;
    struct svcr_quoted shown, expected;

    svcr_buffer_init(&made, context);
    svcr_buffer_init(&bytes, context);
    if (!wanted.data || !make_name(context, row, &made, &bytes)) {
        runner_fail(runner, name, "the row makes no sense");
    } else if (!svcr_text_same(svcr_buffer_text(&made), wanted)) {
        runner_fail(runner, name, "the name is %s, expected %s",
                    svcr_quote(&shown, svcr_buffer_text(&made)), svcr_quote(&expected, wanted));
    } else {
        runner_pass(runner);
    }
    svcr_buffer_free(&made);
    svcr_buffer_free(&bytes);
}

int main(int argc, char **argv)
{
    return runner_main(argc, argv, judge);
}
