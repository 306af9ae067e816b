/* YAML: what is looked for in the input before libyaml sees it.
 *
 * libyaml reads UTF-16, refuses bad bytes as soon as one comes into its buffer, so thousands of
 * bytes early, and spends time that grows with the square of the number of %TAG directives. So the
 * first bad byte, control character or %TAG is found here, and libyaml is given only the documents
 * that end ahead of it. A line that begins with "---" or "..." at its first column ends a document
 * wherever it stands. */
#include "document/syntax.h"
#include "document/tree.h"

enum byte { ORDINARY = 0, BREAK, PERCENT, CONTROL, WIDE };

static enum byte byte_of(uint8_t c)
{
    if (c >= 0x80) {
        return WIDE;
    }
    if (c >= 0x20 && c != 0x7f) {
        return c == '%' ? PERCENT : ORDINARY;
    }
    return c == '\n' || c == '\r' ? BREAK : c == '\t' ? ORDINARY : CONTROL;
}

/* Whether one of eight bytes may be none of the ordinary ones: the tests for bytes less than n and
 * for bytes that are zero, each exact up to the first such byte. A tab counts, being looked at
 * anyway. */
static bool is_mixed(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word = svcr_tree_load(at);
    uint64_t percent = word ^ (ones * '%');
    uint64_t delete = word ^ (ones * 0x7f);
    uint64_t marks = (word - ones * 0x20) | (percent - ones) | (delete - ones) | word;
    return (marks & (ones * 0x80)) != 0;
}

struct scan {
    const char *begin, *end;
    const char *line_start; /* so that at - line_start counts characters */
    const char *line_begin; /* the same in bytes */
    const char *wide;       /* the first byte beyond ASCII, or NULL */
    const char *cut;        /* the last line that begins with --- or ... */
    uint32_t cut_line;
    uint32_t line;
    struct svcr_offence *offence;
};

static bool starts(const struct scan *s, const char *at, const char *text, size_t size)
{
    return (size_t)(s->end - at) >= size && memcmp(at, text, size) == 0;
}

static void begin_line(struct scan *s, const char *at)
{
    s->line++;
    s->line_start = s->line_begin = at;
    if (starts(s, at, "---", 3) || starts(s, at, "...", 3)) {
        const char *behind = at + 3;
        if (behind == s->end || memchr(" \t\r\n", *behind, 4) != NULL) {
            s->cut = at;
            s->cut_line = s->line;
        }
    }
}

static void report(struct scan *s, const char *at, enum svcr_diag_id id, const char *text)
{
    *s->offence = (struct svcr_offence){.id = id,
                                        .text = text,
                                        .line = s->line,
                                        .column = (uint32_t)(at - s->line_start) + 1,
                                        .cut = (size_t)(s->cut - s->begin),
                                        .cut_line = s->cut_line};
}

static bool is_directive(const struct scan *s, const char *at)
{
    return starts(s, at, "%TAG", 4) &&
           (at == s->line_begin ||
            (at - s->line_begin == 3 && starts(s, at - 3, "\xef\xbb\xbf", 3)));
}

/* Steps over a character beyond ASCII; NULL after a report. */
static const char *step_wide(struct scan *s, const char *at)
{
    uint32_t character;
    size_t size = svcr_utf8_decode(at, (size_t)(s->end - at), &character);
    if (size == 0) {
        report(s, at, SVCR_DIAG_NOT_UTF8, "a byte sequence is not UTF-8");
        return NULL;
    }
    if ((character < 0xa0 && character != 0x85) || character == 0xfffe || character == 0xffff) {
        report(s, at, SVCR_DIAG_YAML_SYNTAX, "control characters are not allowed");
        return NULL;
    }
    s->line_start += size - 1;
    at += size;
    if (character == 0x85 || character == 0x2028 || character == 0x2029) {
        begin_line(s, at);
    }
    return at;
}

static void scan_input(struct scan *s)
{
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)byte_of((uint8_t)i);
    }
    const char *at = s->begin;
    begin_line(s, at);
    while (at != NULL && at < s->end) {
        switch ((enum byte)bytes[(uint8_t)*at]) {
        case ORDINARY:
            while (s->end - at >= 8 && !is_mixed(at)) {
                at += 8;
            }
            while (at < s->end && bytes[(uint8_t)*at] == ORDINARY) {
                at++;
            }
            break;
        case BREAK:
            at += starts(s, at, "\r\n", 2) ? 2 : 1;
            begin_line(s, at);
            break;
        case PERCENT:
            if (is_directive(s, at)) {
                report(s, at, SVCR_DIAG_TAG_DIRECTIVE,
                       "%TAG directives are refused; write tags in full");
                return;
            }
            at++;
            break;
        case CONTROL:
            report(s, at, SVCR_DIAG_YAML_SYNTAX, "control characters are not allowed");
            return;
        case WIDE:
            s->wide = s->wide != NULL ? s->wide : at;
            at = step_wide(s, at);
            break;
        }
    }
}

void svcr_yaml_find_offence(const struct svcr_input *input, struct svcr_offence *offence)
{
    struct scan s = {.begin = input->bytes,
                     .end = input->bytes + input->size,
                     .cut = input->bytes,
                     .cut_line = input->first_line,
                     .line = input->first_line - 1,
                     .offence = offence};
    *offence = (struct svcr_offence){.cut = input->size};
    scan_input(&s);
    offence->narrow = s.wide != NULL ? (size_t)(s.wide - s.begin) : input->size;
}
