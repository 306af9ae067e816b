/* Texts that are no JSON (RFC 8259), and JSON that Kubernetes objects may not be. A wrong document
 * ends with its line. */
#include "hostile.h"

#define KEPT REJECT_KEPT
#define LIMITS REJECT_LIMITS

const struct reject json_rejects[] = {
    /* Structure. */
    REJECT("comma at a list's end", "[1,]", "json-syntax", 1, 4, KEPT),
    REJECT("comma at a map's end", "{\"a\":1,}", "json-syntax", 1, 8, KEPT),
    REJECT("comma at a list's begin", "[,1]", "json-syntax", 1, 2, KEPT),
    REJECT("two commas", "[1,,2]", "json-syntax", 1, 4, KEPT),
    REJECT("no comma in a list", "[1 2]", "json-syntax", 1, 4, KEPT),
    REJECT("no comma in a map", "{\"a\":1 \"b\":2}", "json-syntax", 1, 8, KEPT),
    REJECT("no colon", "{\"a\" 1}", "json-syntax", 1, 6, KEPT),
    REJECT("two colons", "{\"a\"::1}", "json-syntax", 1, 6, KEPT),
    REJECT("no value", "{\"a\":}", "json-syntax", 1, 6, KEPT),
    REJECT("no key", "{:1}", "json-syntax", 1, 2, KEPT),
    REJECT("key without quotes", "{a:1}", "json-syntax", 1, 2, KEPT),
    REJECT("number as key", "{1:1}", "json-syntax", 1, 2, KEPT),
    REJECT("list closed as map", "[1}", "json-syntax", 1, 3, KEPT),
    REJECT("map closed as list", "{\"a\":1]", "json-syntax", 1, 7, KEPT),
    REJECT("bracket too many", "[1]]", "json-syntax", 1, 4, KEPT),
    REJECT("text behind the end", "{}x", "json-syntax", 1, 3, KEPT),
    REJECT("documents without a blank between", "{\"a\":1}{}", "json-syntax", 1, 8, KEPT),
    REJECT("closing bracket alone", "]", "json-syntax", 1, 1, KEPT),
    REJECT("comma alone", ",", "json-syntax", 1, 1, KEPT),
    REJECT("colon alone", ":", "json-syntax", 1, 1, KEPT),
    REJECT("cut behind a map's begin", "{", "json-syntax", 1, 2, REJECT_ALONE),
    REJECT("cut behind a key", "{\"a\"", "json-syntax", 1, 5, REJECT_ALONE),
    REJECT("cut inside a key", "{\"a", "json-syntax", 1, 4, KEPT),
    REJECT("cut behind a value", "{\"a\":1", "json-syntax", 1, 7, REJECT_ALONE),
    REJECT("cut behind a list's begin", "[", "json-syntax", 1, 2, REJECT_ALONE),
    REJECT("second line", "{\"a\":1,\n \"b\":}", "json-syntax", 2, 6, KEPT),
    REJECT("CR LF", "{\r\n\"a\":1,\r\n}", "json-syntax", 3, 1, KEPT),
    /* Comments and blanks. */
    REJECT("comment with //", "// c", "json-syntax", 1, 1, KEPT),
    REJECT("comment with /*", "[1/* c */]", "json-syntax", 1, 3, KEPT),
    REJECT("comment with #", "# c", "json-syntax", 1, 1, KEPT),
    REJECT("form feed as blank", "[\f1]", "json-syntax", 1, 2, KEPT),
    REJECT("no-break space as blank", "\xc2\xa0[1]", "json-syntax", 1, 1, KEPT),
    REJECT("BOM inside",
           "[\xef\xbb\xbf"
           "1]",
           "json-syntax", 1, 2, KEPT),
    REJECT("NUL as blank", "[1\0]", "json-syntax", 1, 3, KEPT),
    /* Words and numbers. */
    REJECT("bare word", "abc", "json-syntax", 1, 1, KEPT),
    REJECT("half a word", "[tru]", "json-syntax", 1, 2, KEPT),
    REJECT("word with a tail", "[nulls]", "json-syntax", 1, 6, KEPT),
    REJECT("word in capitals", "[TRUE]", "json-syntax", 1, 2, KEPT),
    REJECT("NaN", "[NaN]", "json-syntax", 1, 2, KEPT),
    REJECT("Infinity", "[-Infinity]", "json-syntax", 1, 2, KEPT),
    REJECT("plus sign", "[+1]", "json-syntax", 1, 2, KEPT),
    REJECT("sign alone", "[-]", "json-syntax", 1, 2, KEPT),
    REJECT("two signs", "[--1]", "json-syntax", 1, 2, KEPT),
    REJECT("leading zero", "[01]", "json-syntax", 1, 3, KEPT),
    REJECT("leading zero with sign", "[-01]", "json-syntax", 1, 4, KEPT),
    REJECT("no digit ahead of the point", "[.5]", "json-syntax", 1, 2, KEPT),
    REJECT("no digit behind the point", "[1.]", "json-syntax", 1, 2, KEPT),
    REJECT("no digit behind e", "[1e]", "json-syntax", 1, 2, KEPT),
    REJECT("no digit behind e+", "[1E+]", "json-syntax", 1, 2, KEPT),
    REJECT("two points", "[1.2.3]", "json-syntax", 1, 5, KEPT),
    REJECT("hexadecimal", "[0x10]", "json-syntax", 1, 3, KEPT),
    REJECT("digits with underscore", "[1_000]", "json-syntax", 1, 3, KEPT),
    REJECT("wide digits", "[\xef\xbc\x91]", "json-syntax", 1, 2, KEPT),
    /* Strings. */
    REJECT("single quotes", "['a']", "json-syntax", 1, 2, KEPT),
    REJECT("tab in a string", "[\"a\tb\"]", "json-syntax", 1, 4, KEPT),
    REJECT("line break in a string", "[\"a\nb\"]", "json-syntax", 1, 4, KEPT),
    REJECT("NUL in a string", "[\"a\0b\"]", "json-syntax", 1, 4, KEPT),
    REJECT("escape that is none", "[\"\\q\"]", "json-syntax", 1, 3, KEPT),
    REJECT("\\x", "[\"\\x41\"]", "json-syntax", 1, 3, KEPT),
    REJECT("\\u with two digits", "[\"\\u12\"]", "json-syntax", 1, 3, KEPT),
    REJECT("\\u with a letter too far", "[\"\\u12g4\"]", "json-syntax", 1, 3, KEPT),
    REJECT("first half alone", "[\"\\ud800\"]", "json-syntax", 1, 3, KEPT),
    REJECT("second half alone", "[\"\\udc00\"]", "json-syntax", 1, 3, KEPT),
    REJECT("first half and a letter", "[\"\\ud800\\u0041\"]", "json-syntax", 1, 3, KEPT),
    REJECT("two first halves", "[\"\\ud800\\ud800\"]", "json-syntax", 1, 3, KEPT),
    REJECT("backslash at the end", "[\"abc\\", "json-syntax", 1, 6, KEPT),
    REJECT("string without end", "[\"abc", "json-syntax", 1, 6, KEPT),
    REJECT("long string without end", "[\"abcdefghijklmnopqrstuvwxyz", "json-syntax", 1, 29, KEPT),
    REJECT("columns are characters", "[\"\xc3\xa9\xe2\x82\xac\", x]", "json-syntax", 1, 8, KEPT),
    /* Encodings. */
    REJECT("byte ff in a string", "[\"\xff\"]", "not-utf8", 1, 3, KEPT),
    REJECT("byte ff behind a long string", "[\"abcdefgh\xff\"]", "not-utf8", 1, 11, KEPT),
    REJECT("byte ff outside", "[\xff]", "json-syntax", 1, 2, KEPT),
    REJECT("overlong", "[\"\xc0\xaf\"]", "not-utf8", 1, 3, KEPT),
    REJECT("encoded surrogate", "[\"\xed\xa0\x80\"]", "not-utf8", 1, 3, KEPT),
    REJECT("beyond U+10FFFF", "[\"\xf4\x90\x80\x80\"]", "not-utf8", 1, 3, KEPT),
    REJECT("character without its last byte", "[\"\xe2\x82\"]", "not-utf8", 1, 3, KEPT),
    REJECT("bad byte in a key", "{\"a\x80\":1}", "not-utf8", 1, 4, KEPT),
    REJECT("UTF-16", "{\0\"\0a\0\"\0", "json-syntax", 1, 2, KEPT),
    /* Keys given twice. */
    REJECT("twice", "{\"a\":1,\"a\":2}", "duplicate-key", 1, 8, KEPT),
    REJECT("twice, escaped", "{\"a\":1,\"\\u0061\":2}", "duplicate-key", 1, 8, KEPT),
    REJECT("twice, empty", "{\"\":1,\"\":2}", "duplicate-key", 1, 7, KEPT),
    REJECT("twice, nested", "{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}", "duplicate-key", 1, 20, KEPT),
    REJECT("twice, with NUL", "{\"a\\u0000b\":1,\"a\\u0000b\":2}", "duplicate-key", 1, 15, KEPT),
    REJECT("twice, among many",
           "{\"k01\":1,\"k02\":1,\"k03\":1,\"k04\":1,\"k05\":1,\"k06\":1,\"k07\":1,\"k08\":1,"
           "\"k09\":1,\n"
           "\"k10\":1,\"k11\":1,\"k12\":1,\"k13\":1,\"k14\":1,\"k15\":1,\"k16\":1,\"k17\":1,"
           "\"k05\":1}",
           "duplicate-key", 2, 65, KEPT),
    /* Limits: 8 levels, 60 nodes. */
    REJECT("9 levels", "[[[[[[[[[1]]]]]]]]]", "limit-depth", 1, 9, KEPT | LIMITS),
    REJECT("9 levels of maps",
           "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":\"]}\"}}}}}}}}}",
           "limit-depth", 1, 41, KEPT | LIMITS),
    REJECT("61 nodes",
           "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,\n"
           " 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
           "limit-nodes", 2, 40, KEPT | LIMITS),
    JUDGED("60 nodes",
           "{\"kind\":\"X\",\"apiVersion\":\"v1\",\"a\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
           "0,0,0,\n"
           "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}",
           NULL, 0, 0, KEPT | LIMITS, 0, 0, 1),
};
const size_t num_json_rejects = sizeof(json_rejects) / sizeof(json_rejects[0]);
